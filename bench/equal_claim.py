"""What a claim costs at least, and what it costs with a number of pictures that is fixed beforehand.

The claim is the one that Bugscope makes: the failure rate p of a description is over the plain rate q by more than a margin.
"""

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy.special import rel_entr
from scipy.stats import binom

from bugscope.stats.likelihood import log_likelihood, log_profile

LARGEST = 400
"""Pictures of a description, at most, before a fixed number counts as too large."""
NUISANCE = 400
"""Plain rates over which the error of a test is maximised."""
RATES, WEIGHTS = 2000, 200
"""Grids of Wald's bound: plain rates under the null, and ways to share the pictures between the two prompts."""

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


@lru_cache(maxsize=1024)
def region(n: int, margin: float, level: float) -> Bools:
    """[k, m]: does an exact test at `level` refute p <= q + margin if k of n pictures of a description fail and m of n plain?

    Unconditional (Barnard 1945; with a margin: Chan 1998). Tables are ordered by their signed likelihood ratio; the error is
    the greatest over the plain rate, which nobody knows, on the edge p = q + margin.
    """
    k, m = np.meshgrid(np.arange(n + 1.0), np.arange(n + 1.0), indexing="ij")
    free = log_likelihood(k, n, k / n) + log_likelihood(m, n, m / n)
    ratio = free - log_profile(k, n, m, n, margin)
    extreme = np.round(np.where(k / n - m / n > margin, ratio, -1.0), 9)
    plain = np.linspace(0.0, 1.0 - margin, NUISANCE)[:, None]
    counts = np.arange(n + 1)
    treated, neutral = binom.pmf(counts, n, plain + margin), binom.pmf(counts, n, plain)
    steps = np.unique(extreme[extreme >= 0])
    low, high = 0, len(steps)  # the smallest step whose tables are not too likely under the null
    while low < high:
        middle = (low + high) // 2
        error = ((treated @ (extreme >= steps[middle])) * neutral).sum(axis=1).max()
        low, high = (low, middle) if error <= level else (middle + 1, high)
    return extreme >= (steps[low] if low < len(steps) else np.inf)


def power(n: int, rate: float, plain: float, margin: float, level: float) -> float:
    """Chance that the test of n against n pictures makes the claim at these rates."""
    counts = np.arange(n + 1)
    return float(binom.pmf(counts, n, rate) @ region(n, margin, level) @ binom.pmf(counts, n, plain))


def fixed_n(pairs: Sequence[tuple[float, float]], margin: float, level: float, recall: float) -> int | None:
    """The fixed number of pictures of each prompt with which this share of the claims about `pairs` of rates (of a description,
    plain) is made; None if `LARGEST` is not enough."""

    def made(n: int) -> float:
        return float(np.mean([power(n, *pair, margin, level) for pair in pairs]))

    if made(LARGEST) < recall:
        return None
    low, high = 1, LARGEST
    while low < high:  # power goes up and down a little as n grows; the search ends at a crossing
        middle = (low + high) // 2
        low, high = (low, middle) if made(middle) >= recall else (middle + 1, high)
    return low


@lru_cache(maxsize=4096)
def wald(rate: float, plain: float, margin: float, level: float) -> float:
    """A lower bound on the mean number of pictures, of both prompts together, of any test that makes the claim in the end and
    errs with a chance of at most `level` (Wald 1945; for the best share of the two prompts: Garivier and Kaufmann 2016)."""
    if rate - plain <= margin:
        return float("inf")
    q = np.linspace(0.0, 1.0 - margin, RATES)
    apart = np.stack([_divergence(rate, q + margin), _divergence(plain, q)])
    share = np.linspace(0.0, 1.0, WEIGHTS)
    information = (np.stack([share, 1 - share], axis=1) @ np.minimum(apart, 1e9)).min(axis=1).max()
    return float(np.log(1 / level) / information)


def _divergence(p: float, q: Floats) -> Floats:
    """Kullback and Leibler's, of one picture that fails at rate p from one at rate q."""
    return np.asarray(rel_entr(p, q) + rel_entr(1 - p, 1 - q))
