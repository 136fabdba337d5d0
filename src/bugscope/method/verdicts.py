"""Is a bug of one target a bug of the next one too? Counts in, verdicts out.

docs/replay.md says what each verdict claims, and why that holds on pictures that another target selected.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

import numpy as np
from scipy.special import gammaln
from scipy.stats import norm

from .. import stats
from ..core.records import Counts, Estimate, Rate
from ..stats import JudgeError, judged
from ..stats.likelihood import Floats, log_likelihood

POWER = 0.8
"""The chance that the number of pictures said to be needed reaches a verdict."""
MOST = 400
"""Further pictures of a prompt that are suggested at most."""
NOTHING = Counts()


class Verdict(StrEnum):
    FIXED = "fixed"
    PERSISTS = "persists"
    WORSE = "worse"
    UNDECIDED = "undecided"


@dataclass(frozen=True, slots=True)
class Case:
    """The new target's answers for one bug: on pictures of its prompt and of what it is compared with, stored and fresh; and
    the pairs (stored pictures of the prompt) on which exactly one of the two targets fails."""

    treated: Counts
    baseline: Counts
    fresh_treated: Counts = NOTHING
    fresh_baseline: Counts = NOTHING
    only_before: int = 0
    only_after: int = 0


@dataclass(frozen=True, slots=True)
class Finding:
    """`rise`: rate(treated) - rate(baseline), each end exact at one-sided level alpha, so that a bug is fixed where `high` is
    below the margin. `p_worse`, `p_better`: McNemar against the old target, Holm's correction over the bugs. `easier`: the new
    target fails less on stored pictures than on fresh ones; then only the fresh ones count for "fixed". `needed`: further
    pictures of each prompt that reach a verdict with 80 % chance; None where there is one or `MOST` are not enough."""

    verdict: Verdict
    treated: Rate
    baseline: Rate
    rise: Estimate
    e_value: float
    p_fixed: float
    p_worse: float
    p_better: float
    easier: bool
    needed: int | None

    @property
    def better(self) -> bool:
        """Fails less than the old target on the same pictures, at the level of the rise's interval."""
        return self.p_better <= (1 - self.rise.level) / 2


def weigh(
    cases: Sequence[Case],
    others: Sequence[Case] = (),
    *,
    alpha: float,
    margin: float,
    tried: int = 0,
    judge_error: JudgeError | None = None,
    stored: bool = True,
) -> tuple[list[Finding], list[float | None]]:
    """A finding for each bug. For each of `others` (descriptions that were not bugs of the old target): None or, where it is a
    bug now, a p-value: it is confirmed, and fails more than before on the same pictures (McNemar, Holm over `others`).

    `tried`: descriptions that the hunt tried. "Persists" and new bugs: false discovery rate <= alpha over all (e-BH). The old
    target's answers influenced which descriptions are bugs and how many pictures each has, so e-values of stored pictures are
    divided by all that was tried; e-values of fresh pictures, which no answer influenced, by the number of bugs. Where both are
    used, each gets half of alpha. "Fixed": the chance that a bug which is not fixed is called fixed is <= alpha; so is the
    chance that all are called fixed where any is not.
    `stored`: False where stored pictures must not count for the bugs.
    """
    fresh = any(c.fresh_treated.n for c in cases)
    box_error = 0.0 if judge_error is None or judge_error.known else judged.BOX * alpha
    m = max(1, len(cases))
    total = max(tried, len(cases) + len(others))

    def e_value(treated: Counts, baseline: Counts) -> float:
        if not treated.n:
            return 1.0
        if judge_error is None:
            return stats.e_value(treated.wrong, treated.n, baseline.wrong, baseline.n, margin)
        return math.exp(min(judged.log_e_value(treated, baseline, margin, judge_error, box_error), 700.0))

    def weighed(c: Case) -> float:
        first = e_value(c.treated, c.baseline)
        if not fresh:
            return first if stored else 1.0
        second = e_value(c.fresh_treated, c.fresh_baseline) * total / m
        return (first + second) / 2 if stored else second

    def other(c: Case) -> float:
        return e_value(c.treated, c.baseline) / (2 if fresh else 1)

    plain = [e_value(c.treated, c.baseline) for c in cases]
    e_values = [*map(weighed, cases), *map(other, others)]
    found = stats.e_bh(e_values, alpha - box_error, total).tolist()
    more = stats.holm([stats.mcnemar(c.only_before, c.only_after, "rise") for c in others])
    worse = stats.holm([stats.mcnemar(c.only_before, c.only_after, "rise") for c in cases])
    better = stats.holm([stats.mcnemar(c.only_before, c.only_after, "fall") for c in cases])
    needs = 2 * m / (alpha * (sum(found[: len(cases)]) + 1))
    findings = [
        _finding(c, e, bool(f), float(w), float(b), alpha, margin, needs)
        for c, e, f, w, b in zip(cases, plain, found, worse, better, strict=False)
    ]
    return findings, [p if f and p <= alpha else None for f, p in zip(found[len(cases) :], more.tolist(), strict=True)]


def _finding(
    c: Case, e: float, persists: bool, worse: float, better: float, alpha: float, margin: float, needs: float
) -> Finding:
    easier = _easier(c, alpha)
    # stored pictures prove nothing about a target that was trained on them
    treated, baseline = (c.fresh_treated, c.fresh_baseline) if easier else (c.treated, c.baseline)
    counts = (treated.wrong, treated.n, baseline.wrong, baseline.n)
    p = p_fixed(*counts, margin)
    if persists:
        verdict = Verdict.WORSE if worse <= alpha else Verdict.PERSISTS
    else:
        verdict = Verdict.FIXED if p <= alpha else Verdict.UNDECIDED
    return Finding(
        verdict,
        stats.clopper_pearson(*counts[:2]),
        stats.clopper_pearson(*counts[2:]),
        rise(*counts, alpha, margin),
        e,
        p,
        worse,
        better,
        easier,
        needed(*counts, alpha, margin, needs) if verdict is Verdict.UNDECIDED else None,
    )


def _easier(c: Case, alpha: float) -> bool:
    """Does it fail less on stored pictures, which were selected because the old target fails on them, than on fresh ones?"""
    k, n = c.fresh_treated.wrong, c.fresh_treated.n
    stored_k, stored_n = c.treated.wrong - k, c.treated.n - n
    return n > 0 and stored_n > 0 and stats.fisher(k, n, stored_k, stored_n) <= alpha


@lru_cache(maxsize=4096)
def p_fixed(k_treated: int, n_treated: int, k_baseline: int, n_baseline: int, margin: float) -> float:
    """Exact p-value against rate(treated) - rate(baseline) >= margin, for any margin in (-1, 1).

    Unconditional (Barnard 1945; with a margin, Chan 1998): the chance of a table at most as large as the one seen, at the worst
    baseline. Tables are ordered by the difference in standard errors (Agresti and Caffo 2000), made monotone, so that the
    worst case lies on the null's edge.
    """
    if n_treated == 0 or n_baseline == 0:
        return 1.0
    order = _order(n_treated, n_baseline, margin)
    small = (order <= order[k_treated, k_baseline] + 1e-9).astype(float)
    low, high = max(0.0, -margin), min(1.0, 1.0 - margin)
    # denser towards the ends, where a rate matters most
    base = low + (high - low) * (1 - np.cos(np.linspace(0, np.pi, 257))) / 2
    chances = (_binomial(n_treated, np.clip(base + margin, 0, 1)) @ small) * _binomial(n_baseline, base)
    return float(min(1.0, chances.sum(axis=1).max()))


def _binomial(n: int, rates: Floats) -> Floats:
    """Chances [rates, n + 1] of 0..n failures."""
    k = np.arange(n + 1.0)
    ways = gammaln(n + 1) - gammaln(k + 1) - gammaln(n - k + 1)
    return np.exp(ways + log_likelihood(k, n, rates[:, None]))


def _order(n_treated: int, n_baseline: int, margin: float) -> Floats:
    pt = (np.arange(n_treated + 1) + 1)[:, None] / (n_treated + 2)
    pb = (np.arange(n_baseline + 1) + 1)[None, :] / (n_baseline + 2)
    z = (pt - pb - margin) / np.sqrt(pt * (1 - pt) / (n_treated + 2) + pb * (1 - pb) / (n_baseline + 2))
    grown = np.maximum.accumulate(z, axis=0)
    return np.asarray(np.maximum.accumulate(grown[:, ::-1], axis=1)[:, ::-1])


def rise(k_treated: int, n_treated: int, k_baseline: int, n_baseline: int, alpha: float, margin: float) -> Estimate:
    """rate(treated) - rate(baseline); each end is exact at one-sided level alpha (`p_fixed` inverted)."""
    level = max(0.0, 1 - 2 * alpha)
    if n_treated == 0 or n_baseline == 0:
        return Estimate(math.nan, -1.0, 1.0, level)
    counts = (k_treated, n_treated, k_baseline, n_baseline)
    swapped = (k_baseline, n_baseline, k_treated, n_treated)
    value = k_treated / n_treated - k_baseline / n_baseline
    return Estimate(value, -_highest(swapped, -value, alpha, -margin), _highest(counts, value, alpha, margin), level)


def _highest(counts: tuple[int, int, int, int], value: float, alpha: float, margin: float) -> float:
    """The largest rise that is not refuted; the margin's own test says on which side of the margin it is."""
    low, high = value, 1.0
    if margin > value:
        low, high = (low, margin) if p_fixed(*counts, margin) <= alpha else (margin, high)
    for _ in range(14):
        middle = (low + high) / 2
        low, high = (low, middle) if p_fixed(*counts, middle) <= alpha else (middle, high)
    return low if high == margin else high


def needed(
    k_treated: int, n_treated: int, k_baseline: int, n_baseline: int, alpha: float, margin: float, threshold: float
) -> int | None:
    """Further pictures of each of the two prompts that reach a verdict with about 80 % chance if the rates are as seen so far;
    None where it takes more than `MOST`. `threshold`: the e-value of fresh pictures that means "persists"."""
    pt, pb = (k_treated + 0.5) / (n_treated + 1), (k_baseline + 0.5) / (n_baseline + 1)
    more = np.arange(4, MOST + 1, 4)
    if pt - pb > margin:
        # as few failures under the description as one time in five
        unlucky = np.maximum(0, np.floor(more * pt - norm.ppf(POWER) * np.sqrt(more * pt * (1 - pt))))
        enough = stats.log_e_values(unlucky, more, np.round(more * pb), more, margin) >= np.log(threshold)
    else:
        plain = pb * (1 - pb) / (n_baseline + more)
        edge = min(pb + margin, 1.0)  # the least rate under the description that would not count as fixed
        bar = margin - norm.ppf(1 - alpha) * np.sqrt(edge * (1 - edge) / (n_treated + more) + plain)
        enough = norm.cdf((bar - (pt - pb)) / np.sqrt(pt * (1 - pt) / (n_treated + more) + plain)) >= POWER
    return int(more[enough.argmax()]) if enough.any() else None
