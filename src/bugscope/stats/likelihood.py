"""Likelihoods of two binomial streams, over arrays of counts: what intervals and e-values are made of."""

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import betaln, xlogy

Floats = NDArray[np.float64]
STEPS = 3
"""Newton's steps from the closed form to the precision of a float; two are enough."""


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

    The likelihood is concave along that line. Its slope is 0 at a root of a cubic (Miettinen and Nurminen 1985, appendix),
    which Newton's method makes exact.
    """
    kt, nt, kb, nb, rise = np.broadcast_arrays(*(np.asarray(x, float) for x in (kt, nt, kb, nb, rise)))
    low, high = np.maximum(0.0, -rise), np.minimum(1.0, 1.0 - rise)
    ends = (low, high)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        p = _cubic(kt, nt, kb, nb, rise)
        for _ in range(STEPS):
            p = np.where((p > low) & (p < high), p, (low + high) / 2)
            q = p + rise
            parts = _ratio(kt, q), -_ratio(nt - kt, 1 - q), _ratio(kb, p), -_ratio(nb - kb, 1 - p)
            slope = sum(parts)
            bend = parts[0] / q - parts[1] / (1 - q) + parts[2] / p - parts[3] / (1 - p)
            up = slope > 0
            low, high = np.where(up, p, low), np.where(up, high, p)
            p = p + slope / bend
    p = np.where((p > low) & (p < high), p, (low + high) / 2)
    best = [log_likelihood(kt, nt, at + rise) + log_likelihood(kb, nb, at) for at in (p, low, high, *ends)]
    return np.asarray(np.maximum.reduce(best))


def _cubic(kt: Floats, nt: Floats, kb: Floats, nb: Floats, rise: Floats) -> Floats:
    """The rate of the baseline at which the slope is 0; anything where nothing was counted."""
    n, k = nt + nb, kt + kb
    square = ((nt + 2 * nb) * rise - n - k) / (3 * n)
    linear = ((nb * rise - n - 2 * kb) * rise + k) / (3 * n)
    q = square**3 - 1.5 * linear * square + kb * rise * (1 - rise) / (2 * n)
    width = np.copysign(np.sqrt(np.maximum(square**2 - linear, 0.0)), q)
    angle = (np.pi + np.arccos(np.clip(q / width**3, -1.0, 1.0))) / 3
    return np.asarray(2 * width * np.cos(angle) - square)


def _ratio(count: Floats, rate: Floats) -> Floats:
    """count / rate; 0 where nothing was counted, even at rate 0."""
    return np.where(count > 0, count / np.maximum(rate, 0.0), 0.0)


def check_counts(k: ArrayLike, n: ArrayLike) -> None:
    k, n = np.broadcast_arrays(np.asarray(k), np.asarray(n))
    wrong = (k < 0) | (k > n)
    if wrong.any():
        raise ValueError(f"k={k[wrong].flat[0]} must lie in 0..n={n[wrong].flat[0]}")
