"""The world as the method sees it: all that it may ask."""

from collections.abc import Callable, Iterable, Sequence
from typing import Protocol

from ..core.records import Outcome, Phrase, Sample

Measure = Callable[[Sequence[Sample]], Sequence[Outcome]]
"""`World.measure`, or that within a budget."""


class World(Protocol):
    """Generator, target and their helpers, as the method sees them. The same question always gets the same answer."""

    def measure(self, samples: Sequence[Sample]) -> Sequence[Outcome]:
        """What becomes of each sample, in order."""

    def describe(self, outcomes: Sequence[Outcome]) -> Sequence[str]:
        """Captions of the specimens behind `outcomes`, in order; "" where there is none."""

    def propose(self, label: str, failures: Sequence[str], successes: Sequence[str]) -> Sequence[str]:
        """Descriptions of what the captions of failures have in common and those of successes do not; may be empty."""

    def vary(self, label: str, phrases: Sequence[Phrase]) -> Sequence[Sequence[Phrase]]:
        """For each phrase of a description of `label`, in order, the phrases that may replace it."""


class Budgeted:
    """`measure` within a budget of pictures. What was asked for before is free, and so is what the hunt itself drew."""

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
