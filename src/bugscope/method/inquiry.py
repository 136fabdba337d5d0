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
MOST, INFORMATIVE = 12, 0.5
"""Conditions that a picture states, at most, and not more than let this share of pictures fail, or not show the label, whatever
they state: a picture tells most where it fails about as often as not, and nothing where all do."""
HARMS = np.array([0.0, 0.01, 0.02, 0.03, 0.045, 0.06, 0.08, 0.1, 0.125, 0.15, 0.18, 0.22, 0.27, 0.33, 0.4, 0.5])
"""How often a condition alone spoils a picture: values that are considered ..."""
USUAL, DOUBTED = 0.08, 3
"""... and before anything was seen, as if so many pictures of four conditions had been spoilt at this rate each."""
RIPE = (0.5, 0.6, 0.75, 0.85)
"""The chance that pictures of a description of one, two, three or four conditions show a cause, from which on it is tested. The
longer, the surer: until then it is rather cut down."""


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
        self.pictures: list[Shown] = []
        self.tested: set[Cause] = set()
        self._apart: Bools = np.zeros((0, 0), dtype=bool)
        self._drawn: Counter[str] = Counter()
        self._went: list[tuple[int, bool]] = []
        """Of each picture: conditions stated, and whether it failed or did not show the label."""
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

    def learn(self, outcome: Outcome, phrases: Iterable[Phrase], stated: int, text: str) -> None:
        """What became of a picture that shows `phrases`, so many of them stated; `text`: its caption, or what was asked for."""
        self._went.append((stated, outcome.status is not Status.SUCCESS))
        if outcome.status.counts:
            failed = outcome.status is Status.FAILURE
            self.pictures.append(Shown(frozenset(phrases), outcome.sample.key, text, failed))
            self.suspects.add(phrases, failed, stated)

    @property
    def most(self) -> int:
        """Conditions that a picture may state, as things went so far."""
        plain, each = harm(self._went)
        room = np.log1p(-INFORMATIVE) - np.log1p(-plain)
        return int(np.clip(room / np.log1p(-max(each, 1e-3)), 1, MOST))

    def ask(self, propose: Callable[[str, Sequence[str], Sequence[str]], Sequence[str]]) -> list[Phrase]:
        """The conditions of a describer's descriptions, which are suspects from here on.

        It is asked again whenever failures have doubled.
        """
        failures = [p.text for p in self.pictures if p.failed]
        if len(failures) < max(1, 2 * self._asked_at):
            return []
        self._asked_at = len(failures)
        said = propose(self.label, failures, [p.text for p in self.pictures if not p.failed])
        read = [self.wording.described(text, self.label) for text in said]
        for phrases in read:
            self.grow(phrases)
            if phrases and self.wording.fair(self.label, phrases):
                self.suspects.hint(frozenset(phrases))
        return [p for phrases in read for p in phrases]

    def ripe(self, shared: Shared) -> list[Hypothesis]:
        """Descriptions that are likely causes and were not tested yet."""
        found: list[Hypothesis] = []
        while len(self.tested) < self.slots and (phrases := self._ripe(shared)):
            cause = frozenset(phrases)
            self.tested.add(cause)
            self.suspects.know(cause)
            behind = tuple(p.key for p in self.pictures if p.failed and cause <= p.phrases)
            found.append(Hypothesis(self.label, phrases, "design", behind))
        return found

    def _ripe(self, shared: Shared) -> tuple[Phrase, ...]:
        """The shortest description that is surely enough a cause and was not tested; empty if there is none."""
        for sure, (chance, mask) in zip(RIPE, self.suspects.beliefs(shared).descriptions(len(RIPE)), strict=False):
            phrases = self.suspects.phrases(mask)
            if chance >= sure and frozenset(phrases) not in self.tested and self.wording.fair(self.label, phrases):
                return phrases
        return ()


def harm(pictures: Sequence[tuple[int, bool]]) -> tuple[float, float]:
    """(share of plain pictures that are spoilt, share that each condition spoils) of pictures (conditions stated, spoilt).

    Each picture is spoilt by itself or by one of its conditions, independently (a noisy "or" with a leak; Pearl 1988, section
    4.3). Posterior mean over `HARMS`.
    """
    plain = [spoilt for stated, spoilt in pictures if not stated]
    at_rest = (sum(plain) + 0.5) / (len(plain) + 6)
    counts = np.array([*(n for n, _ in pictures if n), *[4] * DOUBTED], dtype=np.float64)
    usual = 1 - (1 - at_rest) * (1 - USUAL) ** 4
    spoilt = np.array([*(x for n, x in pictures if n), *[usual] * DOUBTED], dtype=np.float64)
    sound = (1 - at_rest) * (1 - HARMS[:, None]) ** counts
    logs = (spoilt * np.log1p(-sound) + (1 - spoilt) * np.log(sound)).sum(axis=1)
    chances = np.exp(logs - logs.max())
    return at_rest, float(HARMS @ chances / chances.sum())
