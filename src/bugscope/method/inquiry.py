"""The inquiry into one label: what to draw next, what its failures have in common, and what is ripe for a test."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

import numpy as np

from ..core.records import Hypothesis, Outcome, Phrase, Sample, Status
from ..language import Wording
from . import pool
from .design import design, lots
from .suspects import Bools, Cause, Floats, Shared, Suspects

BATCH = 4
"""Pictures of a label in one round."""
START, LEAST, MOST = 4, 1, 12
"""Conditions that a picture states: at first, at least and at most."""
CALM, ROUGH, WINDOW = 0.25, 0.5, 8
"""Of the last `WINDOW` pictures, the share that failed or did not show the label: below `CALM`, pictures state more conditions,
above `ROUGH` fewer. A picture tells most where it fails about as often as not, and nothing where all fail."""
RIPE = 0.5
"""A description is tested once it is the likeliest cause, with at least this chance."""


class Shown(NamedTuple):
    """One picture: the conditions that it states or that its caption saw, and whether it failed."""

    phrases: Cause
    key: str
    text: str
    failed: bool


class Inquiry:
    """What is known and suspected of one label. `slots`: descriptions of it that may be tested."""

    def __init__(self, label: str, wording: Wording, seed: int, slots: int) -> None:
        self.label, self.wording, self.seed, self.slots = label, wording, seed, slots
        self.suspects = Suspects()
        self.most = START
        self.pictures: list[Shown] = []
        self.tested: set[Cause] = set()
        self._apart: Bools = np.zeros((0, 0), dtype=bool)
        self._drawn: Counter[str] = Counter()
        self._rough: list[bool] = []
        self._asked_at = 0
        self.grow(pool.seeds(label, wording))

    def grow(self, phrases: Iterable[Phrase]) -> None:
        """Try these conditions too, as far as the label can be shown with them."""
        had = len(self.suspects.pool)
        new = [p for p in dict.fromkeys(phrases) if p not in self.suspects.pool and self.wording.fair(self.label, (p,))]
        self.suspects.grow(new[: pool.LARGEST - had])
        conditions = self.suspects.pool
        apart = np.zeros((len(conditions),) * 2, dtype=bool)
        apart[:had, :had] = self._apart
        for j in range(had, len(conditions)):
            for i in range(j):
                apart[i, j] = apart[j, i] = not self.wording.together(self.label, conditions[i], conditions[j])
        self._apart = apart

    def next(self, n: int, shared: Shared) -> list[tuple[Sample, tuple[Phrase, ...]]]:
        """Up to `n` pictures to draw now, each with the conditions that it states. `shared`: see `Suspects.beliefs`."""
        size, drawn = len(self.suspects.pool), self._drawn.total()
        known = [self.suspects.mask(cause) for cause in self.suspects.known]
        lot = [lots(size, str(self.seed), self.label, str(drawn + i)) for i in range(BATCH)]
        chosen = design(self.suspects.beliefs(shared), min(n, BATCH), self.most, self._apart, known, lot)
        return [self._sample(mask, numbers) for mask, numbers in zip(chosen, lot, strict=False)]

    def _sample(self, chosen: Bools, lot: Floats) -> tuple[Sample, tuple[Phrase, ...]]:
        phrases = self.suspects.phrases(chosen)
        # some generators refuse a sentence although every two of its conditions go together; the lot says which to leave out
        while len(phrases) > 1 and not self.wording.fair(self.label, phrases):
            chosen = chosen & (lot > lot[chosen].min())
            phrases = self.suspects.phrases(chosen)
        prompt = self.wording.prompt(self.label, phrases)
        self._drawn[prompt.text] += 1
        return Sample(prompt, "design", self._drawn[prompt.text] - 1, self.seed), phrases

    def learn(self, outcome: Outcome, phrases: Iterable[Phrase], text: str) -> None:
        """What became of a picture that shows `phrases`; `text`: its caption, or what it was asked to show."""
        if outcome.sample.purpose == "design":
            self._adapt(outcome.status is not Status.SUCCESS)
        if outcome.status.counts:
            failed = outcome.status is Status.FAILURE
            self.pictures.append(Shown(frozenset(phrases), outcome.sample.key, text, failed))
            self.suspects.add(phrases, failed)

    def _adapt(self, rough: bool) -> None:
        """State more conditions while little goes wrong, and fewer where most does."""
        self._rough.append(rough)
        if len(self._rough) >= WINDOW:
            share = sum(self._rough) / len(self._rough)
            self.most = min(MOST, max(self.most + 1, self.most * 3 // 2)) if share < CALM else self.most
            self.most = max(LEAST, self.most * 2 // 3) if share > ROUGH else self.most
            self._rough = [] if share > ROUGH else self._rough[-WINDOW // 2 :]

    def ask(self, propose: Callable[[str, Sequence[str], Sequence[str]], Sequence[str]]) -> list[str]:
        """Descriptions from a describer, which is asked again whenever failures have doubled."""
        failures = [p.text for p in self.pictures if p.failed]
        if len(failures) < max(1, 2 * self._asked_at):
            return []
        self._asked_at = len(failures)
        said = propose(self.label, failures, [p.text for p in self.pictures if not p.failed])
        for text in said:
            phrases = self.wording.described(text, self.label)
            self.grow(phrases)
            if phrases and self.wording.fair(self.label, phrases):
                self.suspects.hint(frozenset(phrases))
        return list(said)

    def ripe(self, shared: Shared) -> list[Hypothesis]:
        """Descriptions that are likely causes and were not tested yet."""
        found = []
        while len(self.tested) < self.slots:
            chance, mask = self.suspects.beliefs(shared).likeliest()
            phrases = self.suspects.phrases(mask)
            cause = frozenset(phrases)
            if chance < RIPE or cause in self.tested:
                break
            self.tested.add(cause)
            self.suspects.know(cause)
            behind = tuple(p.key for p in self.pictures if p.failed and cause <= p.phrases)
            found.append(Hypothesis(self.label, phrases, "design", behind))
        return found
