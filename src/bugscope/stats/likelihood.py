"""Likelihoods of two binomial streams, over arrays of counts: what intervals and e-values are made of."""

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import betaln, xlogy

Floats = NDArray[np.float64]
HALVINGS = 44
"""Bisections of a bracket of width at most 1: a rate to 13 digits, its likelihood to the precision of a float."""


def log_likelihood(k: ArrayLike, n: ArrayLike, p: ArrayLike) -> Floats:
    """Log probability of a given sequence with k failures of n at failure rate p; 0 log 0 is 0."""
    failed: Floats = np.asarray(k, dtype=np.float64)
    passed: Floats = np.asarray(n, dtype=np.float64) - failed
    rate: Floats = np.asarray(p, dtype=np.float64).clip(0.0, 1.0)
    return np.asarray(xlogy(failed, rate) + xlogy(passed, 1 - rate))


def log_beta_mixture(k: ArrayLike, n: ArrayLike, a: ArrayLike = 0.5, b: ArrayLike = 0.5) -> Floats:
    """Log probability of a given sequence with k failures of n if the rate is drawn from Beta(a, b)."""
    failed: Floats = np.asarray(k, dtype=np.float64)
    passed: Floats = np.asarray(n, dtype=np.float64) - failed
    first: Floats = np.asarray(a, dtype=np.float64)
    second: Floats = np.asarray(b, dtype=np.float64)
    return np.asarray(betaln(failed + first, passed + second) - betaln(first, second))


def log_profile(kt: ArrayLike, nt: ArrayLike, kb: ArrayLike, nb: ArrayLike, rise: ArrayLike) -> Floats:
    """Greatest log likelihood over all pairs of rates with rate(treated) - rate(baseline) = rise, -1 < rise < 1.

    The likelihood is concave along that line, so its slope is bisected.
    """
    kt, nt, kb, nb, rise = np.broadcast_arrays(*(np.asarray(x, float) for x in (kt, nt, kb, nb, rise)))
    low, high = np.maximum(0.0, -rise), np.minimum(1.0, 1.0 - rise)
    ends = (low, high)
    for _ in range(HALVINGS):
        p = (low + high) / 2
        q = p + rise
        with np.errstate(divide="ignore", invalid="ignore"):
            slope = _ratio(kt, q) - _ratio(nt - kt, 1 - q) + _ratio(kb, p) - _ratio(nb - kb, 1 - p)
        up = slope > 0
        low, high = np.where(up, p, low), np.where(up, high, p)
    best = [log_likelihood(kt, nt, p + rise) + log_likelihood(kb, nb, p) for p in ((low + high) / 2, *ends)]
    return np.asarray(np.maximum.reduce(best))


def _ratio(count: Floats, rate: Floats) -> Floats:
    """count / rate; 0 where nothing was counted, even at rate 0."""
    return np.where(count > 0, count / np.maximum(rate, 0.0), 0.0)


def check_counts(k: ArrayLike, n: ArrayLike) -> None:
    k, n = np.broadcast_arrays(np.asarray(k), np.asarray(n))
    wrong = (k < 0) | (k > n)
    if wrong.any():
        raise ValueError(f"k={k[wrong].flat[0]} must lie in 0..n={n[wrong].flat[0]}")
