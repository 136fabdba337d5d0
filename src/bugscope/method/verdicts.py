"""Decides whether a bug of one target is a bug of the next one too: counts in, verdicts out. Pure: no models, files or screen.

docs/replay.md says what each verdict claims, and why it may be claimed on pictures that another target selected.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

import numpy as np
from scipy.special import gammaln, ndtr, ndtri

from .. import stats
from ..core.records import Counts, Estimate, Rate
from ..stats import JudgeError, judged
from ..stats.likelihood import Floats, log_likelihood

POWER = 0.8
"""Chance that the `needed` pictures lead to a verdict."""
MOST = 400
"""Further pictures of each prompt beyond which `needed` gives up."""
NOTHING = Counts()


class ReplayVerdict(StrEnum):
    FIXED = "fixed"
    PERSISTS = "persists"
    WORSE = "worse"
    UNDECIDED = "undecided"


@dataclass(frozen=True, slots=True)
class ReplayCase:
    """What the new target answers for one bug.

    `treated`, `baseline`: all pictures of its prompt and of what that is compared with; `fresh_treated`, `fresh_baseline`: the
    fresh ones among them. `only_before`, `only_after`: stored pictures of the prompt on which only the old, or only the new
    target fails.
    """

    treated: Counts
    baseline: Counts
    fresh_treated: Counts = NOTHING
    fresh_baseline: Counts = NOTHING
    only_before: int = 0
    only_after: int = 0


@dataclass(frozen=True, slots=True)
class Finding:
    """The verdict on one bug, and its numbers.

    `rise`: rate(treated) - rate(baseline), each end exact at one-sided level alpha, so that a bug is fixed if `high` is below
    the margin. `p_worse`, `p_better`: McNemar against the old target, Holm over the bugs. `easier`: the new target fails less
    on stored pictures than on fresh ones; then only the fresh ones count for "fixed". `needed`: further pictures of each
    prompt that lead to a verdict with a chance of 80 %; None if there is a verdict or `MOST` are not enough.
    """

    verdict: ReplayVerdict
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
        """Whether it fails less than the old target on the same pictures, at the level of the rise's interval."""
        return self.p_better <= (1 - self.rise.level) / 2


def weigh(
    cases: Sequence[ReplayCase],
    others: Sequence[ReplayCase] = (),
    *,
    alpha: float,
    margin: float,
    tried: int = 0,
    judge_error: JudgeError | None = None,
    stored: bool = True,
) -> tuple[list[Finding], list[float | None]]:
    """Weigh all bugs together: a finding for each of `cases`, and a p-value or None for each of `others`.

    `others`: descriptions that were not bugs of the old target. One that is a bug now gets a p-value: it is confirmed, and
    fails more than before on the same pictures (McNemar, Holm over `others`). `tried`: number of descriptions that the hunt
    tried. `stored`: False if stored pictures must not count for the bugs.

    "Persists" and new bugs: false discovery rate <= alpha over all (e-BH). The old target's answers influenced which
    descriptions are bugs and how many pictures each has, so e-values of stored pictures are divided by all that was tried;
    they did not influence fresh pictures, whose e-values are divided by the number of bugs. Where there are both, each gets
    half of alpha. "Fixed": a bug that is not fixed is called fixed with chance <= alpha; so are all bugs together if any of
    them is not.
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

    def weighed(c: ReplayCase) -> float:
        first = e_value(c.treated, c.baseline)
        if not fresh:
            return first if stored else 1.0
        second = e_value(c.fresh_treated, c.fresh_baseline) * total / m
        return (first + second) / 2 if stored else second

    def other(c: ReplayCase) -> float:
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
    c: ReplayCase, e: float, persists: bool, worse: float, better: float, alpha: float, margin: float, needs: float
) -> Finding:
    easier = _easier(c, alpha)
    # a target that was trained on the stored pictures proves nothing by getting them right
    treated, baseline = (c.fresh_treated, c.fresh_baseline) if easier else (c.treated, c.baseline)
    counts = (treated.wrong, treated.n, baseline.wrong, baseline.n)
    p = p_fixed(*counts, margin)
    if persists:
        verdict = ReplayVerdict.WORSE if worse <= alpha else ReplayVerdict.PERSISTS
    else:
        verdict = ReplayVerdict.FIXED if p <= alpha else ReplayVerdict.UNDECIDED
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
        needed(*counts, alpha, margin, needs) if verdict is ReplayVerdict.UNDECIDED else None,
    )


def _easier(c: ReplayCase, alpha: float) -> bool:
    """Whether it fails less on stored pictures, chosen because the old target fails, than on fresh ones."""
    k, n = c.fresh_treated.wrong, c.fresh_treated.n
    stored_k, stored_n = c.treated.wrong - k, c.treated.n - n
    return n > 0 and stored_n > 0 and stats.fisher(k, n, stored_k, stored_n) <= alpha


@lru_cache(maxsize=4096)
def p_fixed(k_treated: int, n_treated: int, k_baseline: int, n_baseline: int, margin: float) -> float:
    """Exact p-value against rate(treated) - rate(baseline) >= margin, for any margin in (-1, 1).

    Unconditional (Barnard 1945; with a margin, Chan 1998): the chance of a table at most as large as the one seen, at the worst
    baseline. Tables are ordered by the difference in standard errors (Agresti and Caffo 2000), made monotone so that the
    worst case lies on the edge of the null.
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
    """Chances of 0..n failures, shape [rates, n + 1]."""
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
    """The largest rise that is not refuted. It lies above or below the margin as the test at the margin itself says."""
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
    """Further pictures of each of the two prompts that lead to a verdict with a chance of about 80 % if the rates are what they
    seem; None if that takes more than `MOST`. `threshold`: the e-value of fresh pictures from which a bug "persists"."""
    pt, pb = (k_treated + 0.5) / (n_treated + 1), (k_baseline + 0.5) / (n_baseline + 1)
    more = np.arange(4, MOST + 1, 4)
    if pt - pb > margin:
        # with bad luck (one time in five), failures under the description are this few
        unlucky = np.maximum(0, np.floor(more * pt - ndtri(POWER) * np.sqrt(more * pt * (1 - pt))))
        enough = stats.log_e_values(unlucky, more, np.round(more * pb), more, margin) >= np.log(threshold)
    else:
        plain = pb * (1 - pb) / (n_baseline + more)
        edge = min(pb + margin, 1.0)  # the lowest rate under the description that would not count as fixed
        bar = margin - ndtri(1 - alpha) * np.sqrt(edge * (1 - edge) / (n_treated + more) + plain)
        enough = ndtr((bar - (pt - pb)) / np.sqrt(pt * (1 - pt) / (n_treated + more) + plain)) >= POWER
    return int(more[enough.argmax()]) if enough.any() else None
