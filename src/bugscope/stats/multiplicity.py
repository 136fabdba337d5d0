"""Which of many findings stand: false discovery rate (e-BH, Benjamini-Hochberg) and family-wise error (Holm)."""

import numpy as np
import scipy  # scipy.stats takes a second to import
from numpy.typing import ArrayLike, NDArray


def e_bh(e_values: ArrayLike, alpha: float, tried: int = 0) -> NDArray[np.bool_]:
    """Discoveries at false discovery rate alpha, however the e-values depend on each other (Wang and Ramdas 2022).

    The k largest e-values, for the greatest k such that k of them reach m / (alpha k); m is their number, or `tried` if that
    is more.
    """
    e = np.asarray(e_values, float)
    m = max(len(e), tried)
    order = np.argsort(-e, kind="stable")
    good = np.flatnonzero(e[order] * alpha * np.arange(1, len(e) + 1) >= m)
    found = np.zeros(len(e), dtype=bool)
    if good.size:
        found[order[: good[-1] + 1]] = True
    return found


def benjamini_hochberg(p_values: ArrayLike, alpha: float) -> NDArray[np.bool_]:
    """Discoveries [m] at false discovery rate alpha for independent p-values (Benjamini and Hochberg 1995)."""
    p = np.asarray(p_values, float)
    if not len(p):
        return np.zeros(0, dtype=bool)
    return np.asarray(scipy.stats.false_discovery_control(p, method="bh") <= alpha)


def holm(p_values: ArrayLike) -> NDArray[np.float64]:
    """Adjusted p-values [m] (Holm 1979): rejecting those <= alpha keeps the chance of any false rejection <= alpha."""
    p = np.asarray(p_values, float)
    order = np.argsort(p, kind="stable")
    stepped = np.maximum.accumulate((len(p) - np.arange(len(p))) * p[order])
    adjusted = np.empty_like(p)
    adjusted[order] = np.minimum(stepped, 1.0)
    return adjusted


def harmonic(n: int) -> list[float]:
    """Weights of n hypotheses that come one after another: 1, 1/2, ..., 1/n, scaled so that their mean is 1.

    For e-BH with weights that were fixed beforehand (Wang and Ramdas 2022, section 4.4)."""
    scale = n / sum(1 / j for j in range(1, n + 1)) if n else 0.0
    return [scale / j for j in range(1, n + 1)]
