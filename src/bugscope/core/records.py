"""The records that flow through a hunt."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Generic, Literal, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

Purpose = Literal["explore", "design", "confirm", "refine", "explain"]
M = TypeVar("M")
Source = Literal["design", "refinement", "user"]


def joined(*parts: str) -> str:
    """Parts with | between them, escaped inside a part: two different lists never give the same text."""
    return "|".join(part.replace("\\", "\\\\").replace("|", "\\|") for part in parts)


@dataclass(frozen=True, slots=True)
class Prompt:
    """What a generator is asked for. `description` is empty for the neutral prompt."""

    text: str
    label: str
    description: str = ""


@dataclass(frozen=True, slots=True)
class Sample:
    """One draw, before anything is generated. Its seed depends on its own fields alone.

    Explaining a bug compares pictures of the same seed: there the seed leaves out the prompt's words, so that replicate i of
    any two descriptions of a label starts from the same noise ("same seed, one change").
    """

    prompt: Prompt
    purpose: Purpose
    replicate: int
    run_seed: int = 0
    _key: str = field(default="", init=False, repr=False, compare=False)

    @property
    def key(self) -> str:
        # asked for over and over
        if not self._key:
            object.__setattr__(self, "_key", self._digest(self.prompt.text))
        return self._key

    @property
    def seed(self) -> int:
        """A number in [0, 2**31), which every generator's random source accepts."""
        digest = self._digest("") if self.purpose == "explain" else self.key
        return int(digest[:8], 16) % 2**31

    def _digest(self, words: str) -> str:
        parts = (str(self.run_seed), self.purpose, words, self.prompt.label, str(self.replicate))
        return hashlib.sha256(joined(*parts).encode()).hexdigest()


class Box(NamedTuple):
    """Where something is, as fractions of the width and the height of the picture, from the top left corner."""

    label: str
    left: float
    top: float
    right: float
    bottom: float


class Detection(NamedTuple):
    """What a detector sees: a label of its own, how sure it is (higher is surer), and where, as in `Box`.

    `mask` [height, width]: the pixels of the instance, of any size, if the detector gives them.
    """

    label: str
    score: float
    left: float
    top: float
    right: float
    bottom: float
    mask: NDArray[np.bool_] | None = None


@dataclass(frozen=True, slots=True)
class Truth:
    """What is known about a specimen because it was made that way; what is unknown is empty.

    `label`: what it was asked to show. `others`: labels of what else it shows. `boxes`: one per instance. `regions`: an
    integer per pixel, 0 for the background. `answer`: what a right answer to a question about it says.
    """

    label: str
    others: tuple[str, ...] = ()
    boxes: tuple[Box, ...] = ()
    regions: NDArray[np.integer[Any]] | None = None
    answer: str = ""


@dataclass(frozen=True)  # no slots: an alias such as Specimen[Image] could not be called
class Specimen(Generic[M]):
    """What a generator made, in any medium, and what it says about it. A picture is a `Specimen[Image]`.

    `truth`: stated if the generator knows more than the label that it was asked for. `info`: anything else that JSON can
    hold, for a judge or a reader (revised prompt, visible fraction).
    """

    content: M
    truth: Truth | None = None
    info: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Refused:
    """A generator's refusal of one item (safety filter, blank picture). A value, not an exception."""

    reason: str


class Status(StrEnum):
    SUCCESS = "success"
    FAILURE = "failure"
    UNFAITHFUL = "unfaithful"
    EXCLUDED = "excluded"
    REFUSED = "refused"
    ERROR = "error"

    @property
    def counts(self) -> bool:
        """Whether it enters a failure rate: only faithful, answered pictures do."""
        return self in (Status.SUCCESS, Status.FAILURE)


def said(kind: str, taken_for: str) -> str:
    """What a target made of a picture: "cup", or, of a task with kinds of failure, "missed" or "mislabelled as cup"."""
    return f"{kind} as {taken_for}" if kind and taken_for else kind or taken_for


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one sample under one target.

    `wrong`: whether the answer is a failure, whatever the judge said; None without an answer. `taken_for`: what the target
    saw. `claims`: every label that the answer stands for. `score`: how sure the target was, on its own scale. `forgiven`: the
    answer is right only thanks to an accept-set. `kind`: which of the task's kinds of failure it is ("missed"), if it has any.
    """

    sample: Sample
    status: Status
    wrong: bool | None = None
    taken_for: str = ""
    claims: frozenset[str] = frozenset()
    score: float | None = None
    detail: str = ""
    forgiven: bool = False
    kind: str = ""

    @property
    def said(self) -> str:
        """What the target made of the picture, in words (`said`)."""
        return said(self.kind, self.taken_for)


class Counts(NamedTuple):
    """Numbers of pictures of one prompt, by the judge's verdict (accepted or rejected) and the target's answer."""

    wrong: int = 0
    right: int = 0
    rejected_wrong: int = 0
    rejected_right: int = 0

    def add(self, o: Outcome) -> "Counts":
        wrong, right, rejected_wrong, rejected_right = self
        rejected = o.status is Status.UNFAITHFUL
        return Counts(
            wrong + (o.status is Status.FAILURE),
            right + (o.status is Status.SUCCESS),
            rejected_wrong + (rejected and o.wrong is True),
            rejected_right + (rejected and o.wrong is False),
        )

    def __add__(self, other: tuple[int, ...]) -> "Counts":  # type: ignore[override]
        return Counts(*(a + b for a, b in zip(self, other, strict=True)))

    @property
    def n(self) -> int:
        """Faithful pictures."""
        return self.wrong + self.right

    @property
    def drawn(self) -> int:
        return sum(self)


@dataclass(frozen=True, slots=True)
class Rate:
    """k of n, with an interval. No rate is shown without one."""

    k: int
    n: int
    low: float
    high: float
    level: float

    @property
    def value(self) -> float:
        return self.k / self.n if self.n else float("nan")


@dataclass(frozen=True, slots=True)
class Estimate:
    """A number that is not a plain count (a difference, a corrected rate), with its interval."""

    value: float
    low: float
    high: float
    level: float


@dataclass(frozen=True, slots=True)
class Phrase:
    """One piece of a description: `red` goes before the label, `seen from above` after it."""

    text: str
    before: bool = False


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """A description that may make the target fail more on `label`.

    `suggested_by`: keys of the samples behind it, which never confirm it. `text`: its prompt if a person wrote one, else the
    phrases make it (`Wording.treated`). `against`: what it is compared with, by default the plain label (`Wording.control`).
    """

    label: str
    phrases: tuple[Phrase, ...]
    source: Source = "user"
    suggested_by: tuple[str, ...] = ()
    text: str = ""
    against: Prompt | None = None

    @property
    def description(self) -> str:
        return ", ".join(p.text for p in self.phrases)


class Verdict(StrEnum):
    CONFIRMED = "confirmed"
    FUTILE = "no sign of a rise"
    UNFAITHFUL = "too few pictures that show the label"
    UNDECIDED = "undecided when the picture budget ran out"


@dataclass(frozen=True, slots=True)
class Evidence:
    """What fresh pictures say about a hypothesis.

    `drawn`: pictures asked for of the description; `baseline_drawn`: of the neutral prompt. Replicates 0..drawn-1 of purpose
    "confirm" are exactly the pictures behind the two rates.
    """

    hypothesis: Hypothesis
    treated: Rate
    baseline: Rate
    e_value: float
    verdict: Verdict
    drawn: int
    baseline_drawn: int
    corrected: tuple[Estimate, Estimate] | None = None
    """The two rates on pictures that truly show the label, if the judge's error is known (`stats.judged`)."""


class Usage(NamedTuple):
    """What a hosted model has used so far. The engine meters every model that has an attribute `usage`.

    `cost` is in the currency of the prices that the user states (usually US dollars).
    """

    requests: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    images: int = 0
    cost: float = 0.0

    def __add__(self, other: tuple[float, ...]) -> "Usage":  # type: ignore[override]
        return Usage(*(a + b for a, b in zip(self, other, strict=True)))  # type: ignore[arg-type]

    def __sub__(self, other: tuple[float, ...]) -> "Usage":
        return Usage(*(a - b for a, b in zip(self, other, strict=True)))  # type: ignore[arg-type]
