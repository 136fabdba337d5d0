"""What report.json, and the report of a replay, hold. Rates are in [0, 1]; counts are pictures.

They are plain dictionaries, so that JSON and pages take them as they are; mypy knows every key.
"""

from collections.abc import Mapping
from typing import Any, Literal, NotRequired

from typing_extensions import TypedDict

from ..core.records import Purpose
from ..store.ledger import ChangeNote, Counted, EstimateNote, EvidenceNote, PhraseNote, RateNote, SpuriousNote

__all__ = ["Counted", "EstimateNote", "EvidenceNote", "RateNote"]

Kind = Literal["hunt", "probe"]
Role = str


class Share(TypedDict):
    """A label and the share of the failures that are taken for it."""

    label: str
    share: float


class Called(TypedDict):
    """A description and what the target says instead of the label, the most frequent first."""

    sentence: str
    predicted: list[Share]


# --- a run --------------------------------------------------------------------------------------------------------------


class MarkNote(TypedDict):
    """A box to draw on a picture, as fractions of its width and height: (label, left, top, right, bottom), and where it was
    stated the mask in it (`core.stencils`)."""

    box: tuple[str, float, float, float, float]
    text: str
    true: bool
    mask: NotRequired[str]


class Marked(TypedDict):
    """A record of a picture. `marks`: what the task draws on it, if anything."""

    marks: NotRequired[list[MarkNote]]


class Example(Marked):
    """A picture of a bug. `score`: the target's, on its own scale."""

    image: str | None
    predicted: str | None
    score: float | None
    seed: int


class StripPicture(Example):
    status: str


class StripRow(TypedDict):
    """Pictures of one change; a column of a strip has one seed."""

    title: str
    pictures: list[StripPicture]


class ChangeRecord(ChangeNote):
    rate: float | None


class TrialRecord(RateNote):
    """A shorter description that was tried on fresh pictures."""

    description: str
    verdict: str
    baseline: RateNote


class MinimalRecord(TypedDict):
    phrases: list[PhraseNote]
    sentence: str
    decided: bool
    trials: list[TrialRecord]


class SpuriousRecord(SpuriousNote):
    """`rate`, `n`: how often the context alone is taken for the label `predicted`."""

    prompt: str
    predicted: str
    rate: float | None
    n: int
    examples: list[StripPicture]


class ExplanationRecord(TypedDict):
    """In sentences and pictures. The rate is that of the whole description on the pictures drawn to explain it."""

    pairs: int
    sentences: list[str]
    failures: int
    n: int
    low: float
    high: float
    strip: list[StripRow]


class Reasons(TypedDict):
    """Why a bug happens; all empty for a bug that is not explained."""

    minimal_description: str | None
    minimal: MinimalRecord | None
    cues: list[ChangeRecord]
    counterfactuals: list[ChangeRecord]
    spurious: SpuriousRecord | None
    explanation: ExplanationRecord | None


class Corrected(TypedDict):
    """The two rates on pictures that truly show the label."""

    rate: EstimateNote
    baseline: EstimateNote


class Folding(TypedDict):
    """A confirmed description among those with its cause. `id`: as people see it ("3.1"); `also`: the ids of those that are
    folded into it; `same_as`: the id of the bug into which it is folded, None for a bug of its own."""

    id: str
    phrases: list[str]
    also: list[str]
    same_as: str | None


class BugRecord(RateNote, Reasons, Called, Folding):
    """A description with its evidence: a confirmed bug, or a prompt of a probe. `key`: in the ledger; `besides`: what it is
    compared with, in words; `cause`: the phrases that cause it, as far as that is known, else all of them."""

    key: str
    label: str
    description: str
    prompt: str
    cause: list[str]
    compared_with: str
    besides: str
    source: str
    verdict: str
    reason: str
    rate: float | None
    unfaithful: int
    excluded: int
    baseline: RateNote
    baseline_rate: float | None
    risk_difference: float | None
    rise: EstimateNote
    corrected: Corrected | None
    risk_ratio: float | None
    e_value: float
    examples: list[Example]
    successes: list[Example]
    successes_from_neutral: bool
    parent: str | None


class Rejected(RateNote):
    """A description that was tried and not confirmed."""

    label: str
    description: str
    sentence: str
    reason: str
    source: str
    compared_with: str
    baseline: RateNote
    corrected: Corrected | None
    e_value: float


class LabelRecord(TypedDict):
    """`forgiven`: answers that are right only thanks to the accept-set."""

    label: str
    baseline: RateNote | None
    images: int
    forgiven: int
    flagged: int
    unfaithful: int
    excluded: int
    errored: int


Baseline = Literal["all", "some", "fine", "unknown"]
Pattern = Literal["one another", "own", "few", ""]


class BaselineLabel(RateNote):
    """A label's plain pictures, what their failures are taken for, and whether they fail nearly always; "few": too few pictures
    to say it."""

    label: str
    verdict: Literal["failing", "few", "fine"]
    predicted: list[Share]
    message: str


class BaselineRecord(TypedDict):
    """Whether plain pictures fail nearly always: those of all labels together, of some, or of none. `pooled`: all together.

    `pattern`: labels that fail nearly always are taken for "one another", each for an "own" label, or all for the same "few".
    `sentence`, `advice`: the finding and its likely reason; empty where there is none. `notes`: labels with too few pictures.
    """

    verdict: Baseline
    pooled: RateNote
    pattern: Pattern
    labels: list[BaselineLabel]
    sentence: str
    advice: str
    notes: list[str]


class LabelOfBug(TypedDict):
    label: str
    bug: str


class Across(TypedDict):
    """A description that is a bug of several labels."""

    description: str
    confirmed: int
    tried: int
    labels: list[LabelOfBug]


class Agreement(TypedDict):
    """How far the voters of a judge agree."""

    voters: int
    n: int
    chance: float | None
    kappa: float | None
    low: float
    high: float


class JudgeRecord(TypedDict):
    """Whether rates are corrected for the judge's mistakes, and with what."""

    corrected: bool
    exact: bool
    sensitivity: str | None
    specificity: str | None
    agreement: Agreement | None


class UsageRecord(TypedDict):
    """What hosted models used, by role and in words."""

    roles: dict[str, dict[str, Any]]
    cost: float
    sentence: str


class CacheRecord(TypedDict):
    """Pictures from the cache, in words where there are any; `notice`: why it was not used to the end."""

    images: int
    sentence: str
    notice: str


class Named(TypedDict):
    """A report's models: `names` as people call them, by role; their ids are under the roles themselves."""

    names: Mapping[str, str]


class AcceptRecord(TypedDict):
    """What counts as right besides a picture's label. `set`: "imagenet" or "none"; `stated`: a user said so, else the target's
    labels decided; `further`: label -> further labels, as stated. `forgiven`: answers that are right only thanks to it, of `n`
    answers that count."""

    set: str
    stated: bool
    further: dict[str, list[str]]
    forgiven: int
    n: int


class NoAnswer(TypedDict):
    """Questions to a role that got no answer, and what it said to one of them. They are asked again when the run goes on."""

    role: str
    n: int
    reason: str


class Directions(TypedDict):
    """A target and its reference on the same `n` plain pictures. `worse`: only the target is wrong; `better`: only the
    reference is. `p`: McNemar's exact test, two-sided."""

    n: int
    worse: int
    better: int
    p: float
    sentence: str


class Report(Named):
    """Of a hunt or a probe. `bugs`: of descriptions with one cause, the one that stands for it; `folded`: the others.

    `stopped`: why it ended as planned before it was finished; `error`: which model ended it, and why. `waited`: seconds.
    """

    schema: int
    kind: Kind
    run_id: str
    created: str
    finished: bool
    task: str
    failure: str
    absent: bool
    left_out: str
    instead: str
    against: Directions | None
    accept: AcceptRecord | None
    medium: str
    target: str
    generator: str
    captioner: str
    judge: str
    models: dict[str, str]
    judge_error: JudgeRecord
    alpha: float
    margin: float
    seed: int
    budget: int
    explain_budget: int
    explaining_images: int
    fixed_n: int
    images_generated: int
    hypotheses_tested: int
    undecided: int
    stopped: str | None
    error: str | None
    no_answer: list[NoAnswer]
    waited: float
    usage: UsageRecord | None
    cache: CacheRecord
    seconds: float
    baseline: BaselineRecord
    labels: list[LabelRecord]
    bugs: list[BugRecord]
    folded: list[BugRecord]
    across: list[Across]
    probed: list[BugRecord]
    rejected: list[Rejected]


class PictureRow(TypedDict):
    """A picture that was asked for, and what became of it."""

    label: str
    description: str
    prompt: str
    purpose: Purpose
    replicate: int
    seed: int
    status: str
    predicted: str | None
    score: float | None
    caption: str | None
    image: str | None


# --- a replay -----------------------------------------------------------------------------------------------------------


class RateRecord(RateNote):
    rate: float | None


class Before(TypedDict):
    """What the run's own target said of a picture."""

    status: str
    predicted: str | None


class ReplayedExample(Marked):
    """`image`: a path; `before`: None for a `fresh` picture, and where the run's own target gave no answer."""

    image: str
    prompt: str
    predicted: str | None
    score: float | None
    seed: int
    before: Before | None
    fresh: bool


class FreshCounts(Counted):
    baseline: Counted


class Compared(RateRecord, Called):
    """A description under both targets: `before` and `after` are on the same stored pictures; the record's own rate is on all
    that count for the verdict."""

    label: str
    description: str
    prompt: str
    compared_with: str
    besides: str
    baseline: RateRecord
    before: RateRecord
    after: RateRecord
    baseline_before: RateRecord
    only_before: int
    only_after: int
    p_worse: float
    examples: list[ReplayedExample]
    message: str


class ReplayedBug(Compared, Folding):
    """`own`: the verdict on this description; `verdict`: the worst of it and of those folded into it. `plain_fails`: what it is
    compared with fails nearly always, so that neither a rise nor a cure can be shown."""

    key: str
    minimal_description: str | None
    parent: str | None
    verdict: str
    own: str
    improved: bool
    rise: EstimateNote
    e_value: float
    p_fixed: float
    p_better: float
    fresh: FreshCounts
    fresh_asked: int
    easier: bool
    needed: int | None
    plain_fails: bool
    mended: list[ReplayedExample]


class NewBug(Compared):
    """A description that was not a bug of the run's own target and is one now."""


class Rates(TypedDict):
    before: RateRecord
    after: RateRecord


class Pairs(TypedDict):
    """Pictures that both targets answered: failures `before` and `after`, and those that only one of them fails."""

    n: int
    before: int
    after: int
    only_before: int
    only_after: int
    rates: Rates


class NewFailure(Pairs):
    """Plain pictures of a label; `others`: those of descriptions that were not bugs."""

    label: str
    p_value: float
    p_adjusted: float
    significant: bool
    others: Pairs
    examples: list[ReplayedExample]
    message: str


class NewFailures(TypedDict):
    labels: list[NewFailure]
    bugs: list[NewBug]
    unknown_labels: list[str]


class ReplayReport(Named):
    """`target`: the new one; `before`: the run's own; `bugs`, `folded`: as in the run's report. `baseline`, `baseline_before`:
    their plain pictures."""

    schema: int
    kind: Literal["replay"]
    failure: str
    absent: bool
    run: str
    run_id: str
    created: str
    task: str
    accept: AcceptRecord | None
    medium: str
    target: str
    before: str
    generator: str
    judge: str
    alpha: float
    margin: float
    seed: int
    fresh: int
    stored: bool
    pictures: int
    unanswered: int
    cost: float
    counts: dict[str, int]
    summary: str
    baseline: BaselineRecord
    baseline_before: BaselineRecord
    bugs: list[ReplayedBug]
    folded: list[ReplayedBug]
    new_failures: NewFailures
    seconds: NotRequired[float]


AnyReport = Report | ReplayReport
