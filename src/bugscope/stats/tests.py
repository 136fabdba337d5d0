"""Tests for numbers of pictures that are fixed beforehand."""

import math
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.special import bdtr, gammaln

from ..core.records import Estimate
from .intervals import clopper_pearson
from .likelihood import check_counts


def fisher(k_treated: int, n_treated: int, k_baseline: int, n_baseline: int) -> float:
    """One-sided p-value of Fisher's exact test for more failures under the description; no margin."""
    check_counts(k_treated, n_treated)
    check_counts(k_baseline, n_baseline)
    # of all ways to place the failures, those with at least as many under the description
    failures = k_treated + k_baseline
    k = np.arange(max(0, failures - n_baseline), min(failures, n_treated) + 1)
    log_ways = _log_choose(n_treated, k) + _log_choose(n_baseline, failures - k)
    ways = np.exp(log_ways - log_ways.max())
    return float(min(1.0, ways[k >= k_treated].sum() / ways.sum()))


def _log_choose(n: int, k: NDArray[np.int64]) -> NDArray[np.float64]:
    return np.asarray(gammaln(n + 1) - gammaln(k + 1) - gammaln(n - k + 1))


def mcnemar(only_before: int, only_after: int, alternative: Literal["two-sided", "fall", "rise"] = "two-sided") -> float:
    """Exact p-value for pairs (McNemar 1947): do as many fail only before the change as only after it?

    `only_before`, `only_after`: the pairs in which exactly one of the two pictures fails. `alternative`: failures fall with the
    change, rise with it, or either.
    """
    if min(only_before, only_after) < 0:
        raise ValueError(f"numbers of pairs ({only_before}, {only_after}) must not be negative")
    pairs = only_before + only_after
    falls, rises = (float(bdtr(few, pairs, 0.5)) for few in (only_after, only_before))
    return {"fall": falls, "rise": rises, "two-sided": min(1.0, 2 * min(falls, rises))}[alternative]


def paired_difference(only_before: int, only_after: int, pairs: int, level: float = 0.95) -> Estimate:
    """rate(after) - rate(before) over `pairs` pairs, with an interval that keeps its width even if all pairs agree.

    Given how many pairs change, the direction is binomial: the Clopper-Pearson interval of the direction times that of the
    share of pairs that change, each at half the error (Bonferroni). Wide rather than bold.
    """
    changed = only_before + only_after
    check_counts(changed, pairs)
    if pairs == 0:
        return Estimate(math.nan, -1.0, 1.0, level)
    each = 1 - (1 - level) / 2
    share, worse = clopper_pearson(changed, pairs, each), clopper_pearson(only_after, changed, each)
    corners = [s * (2 * w - 1) for s in (share.low, share.high) for w in (worse.low, worse.high)]
    return Estimate((only_after - only_before) / pairs, min(corners), max(corners), level)
