"""Intervals for a rate and for a difference of rates; never of zero width.

`wilson`, `clopper_pearson` and `newcombe` are for a number of pictures fixed beforehand; `uniform` and `uniform_rise` hold at
every number of pictures at once, so that peeking and stopping early are allowed.
"""

import math
from collections.abc import Callable
from functools import lru_cache

import numpy as np
import scipy  # scipy.optimize takes a third of a second to import; commands that compute nothing do without
from scipy.special import betaincinv, ndtri

from ..core.records import Estimate, Rate
from .likelihood import check_counts, log_beta_mixture, log_likelihood, log_profile


def wilson(k: int, n: int, level: float = 0.95) -> Rate:
    """The interval for a fixed n by Wilson (1927): close to its level on average over rates."""
    check_counts(k, n)
    return Rate(k, n, *wilson_bounds(k / n, n, level), level) if n else Rate(0, 0, 0.0, 1.0, level)


def wilson_bounds(mean: float, n: int, level: float) -> tuple[float, float]:
    """The same for the mean of `n` >= 1 numbers in [0, 1]."""
    z = float(ndtri(0.5 + level / 2))
    middle = (mean + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z / (1 + z**2 / n) * math.sqrt(mean * (1 - mean) / n + z**2 / (4 * n**2))
    return 0.0 if mean == 0 else max(0.0, middle - half), 1.0 if mean == 1 else min(1.0, middle + half)


def clopper_pearson(k: int, n: int, level: float = 0.95) -> Rate:
    """The interval for a fixed n by Clopper and Pearson (1934): never below its level, whatever the rate."""
    check_counts(k, n)
    if n == 0:
        return Rate(0, 0, 0.0, 1.0, level)
    tail = (1 - level) / 2
    low = 0.0 if k == 0 else float(betaincinv(k, n - k + 1, tail))
    high = 1.0 if k == n else float(betaincinv(k + 1, n - k, 1 - tail))
    return Rate(k, n, low, high, level)


def _root(of: Callable[[float], float], low: float, high: float, within: float) -> float:
    return float(scipy.optimize.brentq(of, low, high, xtol=within))


@lru_cache(maxsize=8192)
def uniform(k: int, n: int, level: float = 0.95) -> Rate:
    """The rates whose likelihood ratio against the Beta(1/2, 1/2) mixture stays below 1 / (1 - level).

    Ville's inequality on the mixture martingale (Robbins 1970; Krichevsky and Trofimov 1981): with probability `level` the
    interval contains the rate at every n at once.
    """
    check_counts(k, n)
    if n == 0:
        return Rate(0, 0, 0.0, 1.0, level)
    threshold = math.log(1 / (1 - level))
    mixture, p = float(log_beta_mixture(k, n)), k / n

    def excess(q: float) -> float:
        return mixture - float(log_likelihood(k, n, q)) - threshold

    # where even the smallest float is not excluded, the end of the range is the bound
    low = 0.0 if k == 0 or excess(1e-300) <= 0 else _root(excess, 1e-300, p, 1e-12)
    high = 1.0 if k == n or excess(1 - 1e-16) <= 0 else _root(excess, p, 1 - 1e-16, 1e-12)
    return Rate(k, n, low, high, level)


@lru_cache(maxsize=8192)
def uniform_rise(k_treated: int, n_treated: int, k_baseline: int, n_baseline: int, level: float = 0.95) -> Estimate:
    """rate(treated) - rate(baseline), with an interval that holds at every pair of counts at once.

    It holds the differences whose greatest likelihood stays within a factor 1 / (1 - level) of the two streams' mixture
    (universal inference, as in `log_e_values`).
    """
    check_counts(k_treated, n_treated)
    check_counts(k_baseline, n_baseline)
    if n_treated == 0 or n_baseline == 0:
        return Estimate(math.nan, -1.0, 1.0, level)
    counts = (k_treated, n_treated, k_baseline, n_baseline)
    mixture = float(log_beta_mixture(k_treated, n_treated) + log_beta_mixture(k_baseline, n_baseline))
    threshold = math.log(1 / (1 - level))
    value = k_treated / n_treated - k_baseline / n_baseline

    def excess(rise: float) -> float:
        return mixture - float(log_profile(*counts, rise)) - threshold

    edge = 1 - 1e-12
    low = -1.0 if value <= -edge or excess(-edge) <= 0 else _root(excess, -edge, value, 1e-6)
    high = 1.0 if value >= edge or excess(edge) <= 0 else _root(excess, value, edge, 1e-6)
    return Estimate(value, low, high, level)


def newcombe(k_treated: int, n_treated: int, k_baseline: int, n_baseline: int, level: float = 0.95) -> Estimate:
    """rate(treated) - rate(baseline) for fixed numbers of pictures (Newcombe 1998, method 10: two Wilson intervals)."""
    t, b = wilson(k_treated, n_treated, level), wilson(k_baseline, n_baseline, level)
    if t.n == 0 or b.n == 0:
        return Estimate(math.nan, -1.0, 1.0, level)
    value = t.value - b.value
    low = value - math.hypot(t.value - t.low, b.high - b.value)
    high = value + math.hypot(t.high - t.value, b.value - b.low)
    return Estimate(value, float(np.clip(low, -1, 1)), float(np.clip(high, -1, 1)), level)
