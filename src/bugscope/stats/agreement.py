"""How far votes on the same pictures agree: the chance that two voters say the same, and Fleiss' kappa (1971)."""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from ..core.records import Estimate
from .intervals import wilson_bounds


class Agreement(NamedTuple):
    """How far voters agree on `n` pictures.

    `chance`: that two voters picked at random agree on a picture. `kappa`: how far that exceeds what the share of yes alone
    would give, at most 1; NaN if all votes are the same.
    """

    chance: Estimate
    kappa: float
    n: int


def agreement(shares: Sequence[float], voters: int, level: float = 0.95) -> Agreement:
    """Agreement from each picture's share of yes among `voters` votes.

    The interval is Wilson's, with the mean agreement as the rate: too wide rather than too narrow, since no number in [0, 1]
    with that mean varies more than yes and no do. Raises ValueError for one voter, or shares that are not counts of votes.
    """
    if voters < 2:
        raise ValueError(f"agreement needs at least 2 voters, got {voters}")
    exact = np.asarray(shares, dtype=float) * voters
    yes = np.round(exact)
    if not (np.isfinite(exact).all() and (np.abs(exact - yes) < 1e-3 * voters).all() and ((yes >= 0) & (yes <= voters)).all()):
        raise ValueError(f"shares of {voters} votes should be whole numbers of votes over {voters}")
    n = len(yes)
    if n == 0:
        return Agreement(Estimate(math.nan, 0.0, 1.0, level), math.nan, 0)
    no = voters - yes
    chance = float(((yes * (yes - 1) + no * (no - 1)) / (voters * (voters - 1))).mean())
    by_luck = float(yes.mean() / voters) ** 2 + float(no.mean() / voters) ** 2
    kappa = (chance - by_luck) / (1 - by_luck) if 0 < yes.sum() < n * voters else math.nan
    return Agreement(Estimate(chance, *wilson_bounds(chance, n, level), level), kappa, n)
