"""What a search reports while it works; `tell` gets each event before the next question is asked."""

from collections.abc import Sequence
from dataclasses import dataclass

from ..core.explanation import Explanation
from ..core.records import Evidence, Hypothesis, Outcome


@dataclass(frozen=True, slots=True)
class Explored:
    """The plain pictures have been drawn; designed ones come next."""

    outcomes: Sequence[Outcome]


@dataclass(frozen=True, slots=True)
class Proposed:
    """All descriptions tried so far. The list only grows."""

    hypotheses: Sequence[Hypothesis]


@dataclass(frozen=True, slots=True)
class Measured:
    """Evidence for every description, after each round. What a round did not change is the same object as before."""

    evidence: Sequence[Evidence]


@dataclass(frozen=True, slots=True)
class Settling:
    """Exploration is over; what is left of the budget goes to the descriptions."""


@dataclass(frozen=True, slots=True)
class Confirmed:
    """The verdicts are final; explaining comes next."""

    bugs: Sequence[Evidence]


@dataclass(frozen=True, slots=True)
class Explained:
    """Why one bug happens."""

    bug: Evidence
    explanation: Explanation


@dataclass(frozen=True, slots=True)
class Sharpened:
    """(bug, sharper description) pairs that will be tried, before the first picture of any of them."""

    family: Sequence[tuple[Evidence, Hypothesis]]


@dataclass(frozen=True, slots=True)
class Refined:
    """(bug, evidence for a sharper description) pairs."""

    children: Sequence[tuple[Evidence, Evidence]]


Event = Explored | Proposed | Measured | Settling | Confirmed | Explained | Sharpened | Refined


def silent(event: Event) -> None:
    """Ignore the event."""


def changed(before: Sequence[Evidence], now: Sequence[Evidence]) -> list[int]:
    """The places at which `now` holds other evidence than `before` did."""
    same = [a is b for a, b in zip(before, now, strict=False)]
    return [i for i, known in enumerate(same) if not known] + list(range(len(same), len(now)))
