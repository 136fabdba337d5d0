"""Ground floor: the records that flow through a hunt, and the roles that models play."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Literal, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray
from PIL.Image import Image

Purpose = Literal["explore", "confirm", "refine", "explain"]
Source = Literal["caption", "contrast", "checklist", "describer", "refinement", "user"]


@dataclass(frozen=True, slots=True)
class Prompt:
    """What is asked of a generator. `description` is empty for the neutral prompt."""

    text: str
    label: str
    description: str = ""


@dataclass(frozen=True, slots=True)
class Sample:
    """One draw, before anything is generated. Its seed depends on nothing but its own fields.

    To explain a bug, what is compared are pictures of the same seed: there the seed leaves out the prompt's words, so that
    replicate i of any two descriptions of a label starts from the same noise ("same seed, one change").
    """

    prompt: Prompt
    purpose: Purpose
    replicate: int
    run_seed: int = 0

    @property
    def key(self) -> str:
        return self._digest(self.prompt.text)

    @property
    def seed(self) -> int:
        """In [0, 2**31): what every generator's random source accepts."""
        digest = self._digest("") if self.purpose == "explain" else self.key
        return int(digest[:8], 16) % 2**31

    def _digest(self, words: str) -> str:
        text = f"{self.run_seed}|{self.purpose}|{words}|{self.prompt.label}|{self.replicate}"
        return hashlib.sha256(text.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Picture:
    """A generated image and what its generator says of it (revised prompt, visible fraction)."""

    image: Image
    info: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Refused:
    """A generator's refusal of one item (safety filter, blank picture). A value, not an exception."""

    reason: str


class Status(StrEnum):
    SUCCESS = "success"
    FAILURE = "failure"
    UNFAITHFUL = "unfaithful"
    REFUSED = "refused"
    ERROR = "error"

    @property
    def counts(self) -> bool:
        """Only faithful, answered pictures enter a failure rate."""
        return self in (Status.SUCCESS, Status.FAILURE)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one sample under one classifier. `wrong`: the answer was not accepted, whatever the judge said."""

    sample: Sample
    status: Status
    predicted: str | None = None
    score: float | None = None
    detail: str = ""
    wrong: bool | None = None


class Counts(NamedTuple):
    """Pictures of one prompt by the judge's verdict (accepted, or rejected) and the classifier's answer."""

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
    """A number that is no plain count (a difference, a corrected rate), with its interval."""

    value: float
    low: float
    high: float
    level: float


@dataclass(frozen=True, slots=True)
class Phrase:
    """One piece of a description: `red` stands before the label, `seen from above` after it."""

    text: str
    before: bool = False


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """A description that may make the classifier fail more on `label`.

    `suggested_by`: keys of the samples behind it; they never confirm it. `text`: its prompt where a person wrote one, else the
    phrases make it (`language.treated`). `against`: what it is compared with, else the plain label (`language.control`).
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
    UNDECIDED = "undecided at the image budget"


@dataclass(frozen=True, slots=True)
class Evidence:
    """What fresh pictures say of a hypothesis.

    `drawn` counts the pictures asked for the description, `baseline_drawn` those of the neutral prompt:
    replicates 0..drawn-1 of purpose "confirm" are exactly the pictures behind the two rates.
    """

    hypothesis: Hypothesis
    treated: Rate
    baseline: Rate
    e_value: float
    verdict: Verdict
    drawn: int
    baseline_drawn: int
    corrected: tuple[Estimate, Estimate] | None = None
    """The two rates on pictures that truly show the label, where the judge's error is known (`stats.judged`)."""


class Generator(Protocol):
    id: str

    def __call__(self, prompts: Sequence[str], seeds: Sequence[int]) -> Sequence[Picture | Refused]:
        """One picture per prompt, in order. Picture i depends on prompts[i] and seeds[i] alone."""


class Classifier(Protocol):
    id: str
    labels: Sequence[str]

    def __call__(self, images: Sequence[Image]) -> NDArray[np.floating[Any]]:
        """RGB images of any size -> scores [n, len(labels)], finite; higher is likelier."""


class Captioner(Protocol):
    id: str

    def __call__(self, images: Sequence[Image]) -> Sequence[str]:
        """One sentence per image, in order."""


class Judge(Protocol):
    """May say `exact = True` where it never errs; else its error can be stated (`Config.judge_sensitivity`)."""

    id: str

    def __call__(self, pictures: Sequence[Picture], labels: Sequence[str]) -> NDArray[np.floating[Any]]:
        """Probability [n] in [0, 1] that picture i shows labels[i]."""


class Editor(Protocol):
    """Optional: proposes what a description could say instead, for counterfactuals (a language model, a list)."""

    id: str

    def __call__(self, label: str, phrases: Sequence[str]) -> Sequence[Sequence[str]]:
        """For each phrase, in order, others of the same kind that could stand in its place ("on grass": "on sand")."""


class Describer(Protocol):
    """Optional: reads captions and proposes what the failures have in common (a language model)."""

    id: str

    def __call__(self, label: str, failures: Sequence[str], successes: Sequence[str]) -> Sequence[str]:
        """Descriptions, likeliest first, that go with the label in a prompt ("at night", "red, seen from above")."""


class Usage(NamedTuple):
    """What a hosted model has used so far. A model that has an attribute `usage` is metered by the engine.

    `cost` is in the currency of the prices that the user states (US dollars, as a rule).
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


class Measure(Protocol):
    """The one question the method asks of the world."""

    def __call__(self, samples: Sequence[Sample]) -> Sequence[Outcome]:
        """Outcomes in the order of `samples`; the same question has the same answer for ever."""


class Describe(Protocol):
    def __call__(self, outcomes: Sequence[Outcome]) -> Sequence[str]:
        """Captions of the pictures behind `outcomes`, in order."""


@dataclass(frozen=True, slots=True)
class Progress:
    """A snapshot of a hunt for whoever shows it; totals since the run began, resumed parts included."""

    stage: Literal["loading", "exploring", "describing", "confirming", "refining", "explaining", "done"]
    images: int = 0
    budget: int = 0
    failures: int = 0
    hypotheses: int = 0
    bugs: int = 0
    cost: float = 0.0
    message: str = ""


Listener = Callable[[Progress], None]
