"""All that the method may ask, and all that it tells."""

from collections.abc import Callable, Iterable, Sequence
from typing import Protocol

from ..core.records import Outcome, Phrase, Sample

Measure = Callable[[Sequence[Sample]], Sequence[Outcome]]
"""`World.measure`, or the same within a budget."""


class World(Protocol):
    """Generator, target and their helpers, as the method sees them. The same question has the same answer for ever."""

    def measure(self, samples: Sequence[Sample]) -> Sequence[Outcome]:
        """What becomes of each sample, in order."""

    def describe(self, outcomes: Sequence[Outcome]) -> Sequence[str]:
        """Captions of what is behind `outcomes`, in order; "" where there is none."""

    def propose(self, label: str, failures: Sequence[str], successes: Sequence[str]) -> Sequence[str]:
        """Descriptions of what the captions of failures have in common and those of successes have not; may be none."""

    def vary(self, label: str, phrases: Sequence[Phrase]) -> Sequence[Sequence[Phrase]]:
        """For each phrase of a description of `label`, in order, what may stand in its place."""


class Budgeted:
    """`measure` within a budget of pictures; what was asked for before costs nothing, nor does what the hunt itself drew."""

    def __init__(self, measure: Measure, budget: int) -> None:
        self.measure, self.left = measure, budget
        self._paid: set[str] = set()

    def affords(self, samples: Iterable[Sample]) -> bool:
        return len(self._new(samples)) <= self.left

    def __call__(self, samples: Sequence[Sample]) -> Sequence[Outcome]:
        new = self._new(samples)
        self.left -= len(new)
        self._paid |= new
        return self.measure(samples)

    def _new(self, samples: Iterable[Sample]) -> set[str]:
        return {s.key for s in samples if s.purpose in ("refine", "explain")} - self._paid
