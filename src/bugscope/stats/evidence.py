"""Evidence that a description fails more often than its baseline: e-values, which allow a look at any time."""

import math
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import betaincc, betaincinv, betaln

from .likelihood import Floats, check_counts, log_beta_mixture, log_likelihood, log_profile

TREATED, BASELINE = (1.5, 1.0), (0.7, 4.0)
"""Beta priors of the mixture: of a description's failure rate if it is a bug, and of the rate that it is compared with."""
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(24)


def log_mixture(k: int, n: int) -> float:
    """Log probability of a given sequence with k failures under the Beta(1/2, 1/2) mixture (Krichevsky-Trofimov)."""
    return float(log_beta_mixture(k, n))


def log_e_values(
    k_treated: ArrayLike,
    n_treated: ArrayLike,
    k_baseline: ArrayLike,
    n_baseline: ArrayLike,
    margin: float,
) -> Floats:
    """Log evidence against rate(treated) <= rate(baseline) + margin, over arrays of counts of one shape.

    Universal inference (Wasserman, Ramdas and Balakrishnan 2020, section 8): the likelihood of all that was seen under a
    mixture of alternatives, divided by its greatest likelihood under the null. For each pair of rates in the null, mixture
    over likelihood is a martingale, whichever stream is drawn from next and for whatever reason; the ratio here lies below
    all of them. So it is an e-process: looks are free, counts may differ, and one baseline may serve many hypotheses.

    The mixture: independent rates with priors `TREATED` and `BASELINE`, restricted to the alternative. It decides what a
    claim costs, not how often it errs: a bug that fails in 60 % above a plain rate of 4 % or 15 % takes a tenth fewer
    pictures than under Jeffreys' Beta(1/2, 1/2) twice; at other rates it is about as many (simulated).
    """
    given = (k_treated, n_treated, k_baseline, n_baseline)
    counts = np.stack(np.broadcast_arrays(*(np.asarray(x, dtype=np.float64) for x in given)))
    check_counts(*counts[:2])
    check_counts(*counts[2:])
    if not 0 <= margin < 1:
        raise ValueError(f"margin={margin} must lie in [0, 1)")
    # at any look many hypotheses have the same counts
    distinct, where = np.unique(counts.reshape(4, -1), axis=1, return_inverse=True)
    return _log_e_values(distinct, margin)[where].reshape(counts.shape[1:])


def _log_e_values(counts: Floats, margin: float) -> Floats:
    kt, nt, kb, nb = counts
    at, bt, ab, bb = (np.full(1, x) for x in (*TREATED, *BASELINE))
    seen = betaln(at + kt, bt + nt - kt) - betaln(at, bt) + betaln(ab + kb, bb + nb - kb) - betaln(ab, bb)
    # restricting a prior to a set multiplies the mixture by the set's posterior over its prior probability
    with np.errstate(divide="ignore"):
        seen += np.log(_chance(at + kt, bt + nt - kt, ab + kb, bb + nb - kb, margin))
    seen -= np.log(_chance(at, bt, ab, bb, margin))
    # where nothing was seen there is no evidence, whatever the rounding
    return np.where((nt == 0) & (nb == 0), 0.0, seen - _log_null(kt, nt, kb, nb, margin))


def _log_null(kt: Floats, nt: Floats, kb: Floats, nb: Floats, margin: float) -> Floats:
    """Greatest log likelihood over p_t <= p_b + margin: the free maximum if it lies there, else the best point on the edge."""
    pt = np.divide(kt, nt, out=np.zeros_like(kt), where=nt > 0)
    pb = np.divide(kb, nb, out=np.ones_like(kb), where=nb > 0)
    free = log_likelihood(kt, nt, pt) + log_likelihood(kb, nb, pb)
    return np.where(pt <= pb + margin, free, log_profile(kt, nt, kb, nb, margin))


@lru_cache(maxsize=8192)
def log_e_value(k_treated: int, n_treated: int, k_baseline: int, n_baseline: int, margin: float) -> float:
    """`log_e_values` of one hypothesis."""
    return float(log_e_values(k_treated, n_treated, k_baseline, n_baseline, margin))


def e_value(k_treated: int, n_treated: int, k_baseline: int, n_baseline: int, margin: float) -> float:
    """The e-value itself, capped below the largest float."""
    return math.exp(min(log_e_value(k_treated, n_treated, k_baseline, n_baseline, margin), 700.0))


def chance_of_rise(
    k_treated: ArrayLike, n_treated: ArrayLike, k_baseline: ArrayLike, n_baseline: ArrayLike, margin: float
) -> Floats:
    """P(rate(treated) > rate(baseline) + margin) under independent Beta(1/2, 1/2) priors; a guide, never a verdict."""
    kt, nt, kb, nb = np.broadcast_arrays(*(np.asarray(x, float) for x in (k_treated, n_treated, k_baseline, n_baseline)))
    check_counts(kt, nt)
    check_counts(kb, nb)
    return _chance(0.5 + kt, 0.5 + nt - kt, 0.5 + kb, 0.5 + nb - kb, margin)


def _chance(at: Floats, bt: Floats, ab: Floats, bb: Floats, margin: float) -> Floats:
    """P(Beta(at, bt) > Beta(ab, bb) + margin); the integral over the second runs over its quantiles (Gauss-Legendre)."""
    quantiles = betaincinv(ab[..., None], bb[..., None], (_NODES + 1) / 2)
    above = betaincc(at[..., None], bt[..., None], np.minimum(quantiles + margin, 1.0))
    return np.asarray((_WEIGHTS / 2 * above).sum(axis=-1))
