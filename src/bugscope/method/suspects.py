"""Which conditions make a label fail? Beliefs over single conditions, pairs and larger sets, from pictures that state several.

One failing picture accuses everything that it states, one passing picture acquits it: group testing (Dorfman 1943) with
tests that err. The beliefs rank what to try next; they never decide. Pure: numbers in, numbers out.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray
from scipy.special import betaln

from ..core.records import Phrase

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
Cause = frozenset[Phrase]
"""Conditions that make a label fail when they come together."""
Shared = Mapping[Cause, tuple[int, int]]
"""Cause -> in how many other labels it is one, and in how many it was tried."""

GUILTY, INNOCENT = (3.0, 1.0), (1.0, 6.0)
"""Beta priors of the failure rate: of pictures that show a cause, and of those that show none."""
FEW = 4
"""Pictures that state more conditions than this are compared with their like alone, and so are those that state fewer: the more
a picture states, the oftener it fails, whatever the cause."""
SINGLE, PAIR, TRIPLE, NOTHING = 0.6, 0.3, 0.1, 1.0
"""Prior weights of causes of one, two and three conditions, each shared by all sets of that size; and of no cause at all."""
WHOLE = 0.1
"""A failing picture's whole description as a cause, as a share of one set of three: only where no part of it will do."""
DOUBT = 2.0
"""Labels' worth of doubt before what fails other labels is taken to fail this one too, and at most `ALIKE` likely."""
ALIKE, HINT = 0.3, 0.1
"""... and how likely a cause is that somebody suggests."""
KEPT = 4000
"""Larger sets that are followed at once: the likeliest."""


@dataclass(frozen=True)
class Beliefs:
    """How likely each set of conditions is a label's cause of failure; with "none" they sum to 1.

    `pairs` [P, P]: symmetric, its diagonal holds the single conditions. `larger` [s, P]: larger sets, of chance `weights` [s].
    """

    pairs: Floats
    larger: Bools
    weights: Floats

    def gains(self, chosen: Bools) -> Floats:
        """[P] by how much each condition raises the chance that a picture stating `chosen` [P] shows a cause."""
        gains: Floats = np.diag(self.pairs) + self.pairs[:, chosen].sum(axis=1)
        if len(self.weights):
            missing = self._sizes - self.larger[:, chosen].sum(axis=1)
            last = missing == 1
            gains = gains + self.weights[last] @ self.larger[last]
        return np.where(chosen, 0.0, gains)

    def acquitted(self, chosen: Bools) -> "Beliefs":
        """As if a picture stating `chosen` [P] had passed."""
        passing = GUILTY[1] / sum(GUILTY)
        pairs = np.where(np.outer(chosen, chosen), passing * self.pairs, self.pairs)
        inside = self.larger[:, chosen].sum(axis=1) == self._sizes
        return Beliefs(pairs, self.larger, np.where(inside, passing * self.weights, self.weights))

    def descriptions(self, longest: int) -> Iterator[tuple[float, Bools]]:
        """(chance that pictures of it show a cause, description [P]) of one condition, two, ... up to `longest`: the likeliest
        one, and from two on each extended by what adds most."""
        n = len(self.pairs)
        alone = np.diag(self.pairs)
        # chances that agree to nine digits are equal: the last ones differ from machine to machine
        if n:
            yield float(alone.max()), np.arange(n) == np.round(alone, 9).argmax()
        if n < 2:
            return
        both = self.pairs + alone[:, None] + alone[None, :]
        np.fill_diagonal(both, 0.0)
        i, j = np.unravel_index(int(np.round(both, 9).argmax()), both.shape)
        chance, chosen = float(both[i, j]), np.isin(np.arange(n), (i, j))
        yield chance, chosen
        for _ in range(3, longest + 1):
            gains = self.gains(chosen)
            chosen = chosen | (np.arange(n) == np.round(gains, 9).argmax())
            chance += float(gains.max())
            yield chance, chosen

    @cached_property
    def _sizes(self) -> Ints:
        sizes: Ints = self.larger.sum(axis=1)
        return sizes


class Suspects:
    """What the pictures of one label say about the conditions of its pool, which may grow.

    Pictures that show a cause which is known are explained by it, and say nothing about other conditions.
    """

    def __init__(self) -> None:
        self.pool: list[Phrase] = []
        self.known: list[Cause] = []
        self.cleared: set[Cause] = set()
        """Sets that are no causes by themselves, whatever is still thought of sets that contain them."""
        self.hints: set[Cause] = set()
        self._at: dict[Phrase, int] = {}
        self._rows: list[tuple[Cause, bool, int]] = []
        self._larger: Bools
        """[s, P] larger sets that a failing picture showed."""
        self._counts: Floats
        """[2, 2, s] of each of them, how many pictures with it failed, of how many."""
        self._forget()

    def grow(self, phrases: Iterable[Phrase]) -> None:
        """Add conditions to the pool."""
        for p in phrases:
            if p not in self._at:
                self._at[p] = len(self.pool)
                self.pool.append(p)
                self._forget()

    def add(self, phrases: Iterable[Phrase], failed: bool, stated: int) -> None:
        """One more picture, which shows `phrases`; so many of them were `stated` in its prompt."""
        self._rows.append((frozenset(phrases), failed, int(stated > FEW)))

    def know(self, cause: Cause) -> None:
        """From here on, `cause` explains the failures of the pictures that show it."""
        if cause not in self.known:
            self.known.append(cause)
            self._forget()

    def clear(self, cause: Cause) -> None:
        """`cause` explains nothing, at least not by itself."""
        self.cleared.add(cause)
        if cause in self.known:
            self.known.remove(cause)
            self._forget()

    def mask(self, phrases: Iterable[Phrase]) -> Bools:
        """[P] the conditions of the pool that are among `phrases`."""
        chosen = np.zeros(len(self.pool), dtype=bool)
        chosen[[self._at[p] for p in phrases if p in self._at]] = True
        return chosen

    def _has(self, cause: Cause) -> bool:
        return all(p in self._at for p in cause)

    def phrases(self, chosen: Bools) -> tuple[Phrase, ...]:
        return tuple(self.pool[i] for i in np.flatnonzero(chosen))

    def hint(self, cause: Cause) -> None:
        """Somebody suspects `cause`: it is tried early."""
        self.hints.add(cause)

    def beliefs(self, shared: Shared = MappingProxyType({})) -> Beliefs:
        """What the pictures so far, and those of other labels, make of every set."""
        self._catch_up()
        pairs = self._prior(shared) * np.exp(_log_factor(self._pairs, self._all[:, :, None, None]))
        weights = self._weights()
        if len(weights) > KEPT:
            keep = np.sort(np.argsort(-np.round(weights, 12), kind="stable")[:KEPT])
            self._larger, self._counts = self._larger[keep], self._counts[..., keep]
            weights = weights[keep]
        for one in [self.mask(c) for c in self.cleared if self._has(c)]:
            at = np.flatnonzero(one)
            if len(at) <= 2:
                pairs[at[0], at[-1]] = pairs[at[-1], at[0]] = 0.0
            elif len(weights):
                weights = np.where((self._larger == one).all(axis=1), 0.0, weights)
        total = NOTHING + (pairs.sum() + np.trace(pairs)) / 2 + weights.sum()
        return Beliefs(pairs / total, self._larger, weights / total)

    # --- counting -----------------------------------------------------------------------------------------------------

    def _forget(self) -> None:
        """Count again from the first picture."""
        n = len(self.pool)
        self._read = 0
        self._all = np.zeros((2, 2))
        """How many pictures failed, of how many."""
        self._pairs = np.zeros((2, 2, n, n))
        """Of every pair, how many pictures with it failed, of how many."""
        self._rows_read: list[tuple[Bools, bool, int]] = []
        self._larger, self._counts = np.zeros((0, n), dtype=bool), np.zeros((2, 2, 0))
        self._followed: set[tuple[int, ...]] = set()

    def _catch_up(self) -> None:
        for shown, failed, many in self._rows[self._read :]:
            if not any(cause <= shown for cause in self.known):
                self._count(self.mask(shown), failed, many)
        self._read = len(self._rows)

    def _count(self, x: Bools, failed: bool, many: int) -> None:
        inside = self._larger[:, x].sum(axis=1) == self._larger.sum(axis=1)
        for counted in (0, 1) if failed else (1,):
            self._all[counted, many] += 1
            self._pairs[counted, many] += np.outer(x, x)
            self._counts[counted, many] += inside
        self._rows_read.append((x, failed, many))
        if failed:
            self._follow(x)

    def _follow(self, x: Bools) -> None:
        """Begin to follow the larger sets of a failing picture."""
        at = np.flatnonzero(x).tolist()
        sets = [s for s in (*combinations(at, 3), *([tuple(at)] if len(at) > 3 else [])) if s not in self._followed]
        if not sets:
            return
        self._followed.update(sets)
        new = np.zeros((len(sets), len(x)), dtype=bool)
        for i, s in enumerate(sets):
            new[i, list(s)] = True
        rows = np.array([x for x, _, _ in self._rows_read], dtype=float)
        inside = (new.astype(float) @ rows.T == new.sum(axis=1)[:, None]).astype(float)
        failed = np.array([f for _, f, _ in self._rows_read])
        kinds = np.eye(2)[[many for _, _, many in self._rows_read]]
        counts = np.stack([(inside @ (kinds * failed[:, None])).T, (inside @ kinds).T])
        self._larger, self._counts = np.concatenate([self._larger, new]), np.concatenate([self._counts, counts], axis=-1)

    # --- priors -------------------------------------------------------------------------------------------------------

    def _prior(self, shared: Shared) -> Floats:
        """[P, P] of pairs and, on the diagonal, of single conditions."""
        n = len(self.pool)
        prior = np.full((n, n), PAIR / max(1, n * (n - 1) / 2))
        np.fill_diagonal(prior, SINGLE / max(1, n))
        for cause in {*shared, *self.hints}:
            if self._has(cause) and len(cause) <= 2:
                at = [self._at[p] for p in cause]
                causes, tried = shared.get(cause, (0, 0))
                chance = (DOUBT * prior[at[0], at[-1]] + causes) / (DOUBT + tried)
                chance = min(ALIKE, max(chance, HINT if cause in self.hints else 0.0))
                prior[at[0], at[-1]] = prior[at[-1], at[0]] = chance
        return prior

    def _weights(self) -> Floats:
        n = len(self.pool)
        each = TRIPLE / max(1.0, n * (n - 1) * (n - 2) / 6)
        prior = np.where(self._larger.sum(axis=1) == 3, each, WHOLE * each)
        for cause in self.hints:
            if self._has(cause):
                prior[(self._larger == self.mask(cause)).all(axis=1)] = HINT
        return prior * np.exp(_log_factor(self._counts, self._all[:, :, None]))


def _log_factor(counts: Floats, all_: Floats) -> Floats:
    """Log Bayes factor: pictures with the set (k of n fail) have a failure rate of their own, against one rate for all.

    `counts`, `all_`: (k, n) on the first axis; those of few conditions and of many on the second, which add up.
    """
    (a, b), (c, d) = GUILTY, INNOCENT
    (k, n), (k_all, n_all) = counts, all_
    apart = betaln(a + k, b + n - k) - betaln(a, b) + betaln(c + k_all - k, d + n_all - n - k_all + k)
    found: Floats = (apart - betaln(c + k_all, d + n_all - k_all)).sum(axis=0)
    return found
