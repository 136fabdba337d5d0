"""How many pictures it takes: sample sizes for a given power, with looks in between or a number fixed beforehand."""

from dataclasses import dataclass

import numpy as np
import scipy  # scipy.stats takes a second to import

from .evidence import log_e_values
from .likelihood import Floats

PATHS, LONGEST = 1000, 400
"""Simulated streams, and the number of pictures after which planning gives up."""


@dataclass(frozen=True, slots=True)
class Needed:
    """Pictures of a description; None if `LONGEST` are not enough."""

    mean: float | None
    enough: int | None
    """This many confirm it with the power asked for."""
    power: float
    """The power reached with `enough` pictures, else with `LONGEST`."""


def plan_adaptive(
    rate: float, baseline: float, *, margin: float, threshold: float, power: float = 0.8, neutral: int = 36, look: int = 4
) -> Needed:
    """What it takes with looks every `look` pictures until the e-value reaches `threshold`.

    For e-BH the threshold is tried / (alpha x confirmed).

    `neutral`: pictures of the neutral prompt, or 1.5 times those of the description if that is more. By simulation (`PATHS`
    streams, a fixed seed).
    """
    _check_rates(rate=rate, baseline=baseline)
    rng = np.random.default_rng(0)
    looks = np.arange(look, LONGEST + 1, look)
    beside = np.maximum(neutral, looks * 3 // 2)
    treated = (rng.random((PATHS, LONGEST)) < rate).cumsum(axis=1)[:, looks - 1]
    plain = (rng.random((PATHS, int(beside.max()))) < baseline).cumsum(axis=1)[:, beside - 1]
    reached = log_e_values(treated, looks, plain, beside, margin) >= np.log(threshold)
    done = np.where(reached.any(axis=1), looks[reached.argmax(axis=1)], LONGEST + 1)
    shares = (done[:, None] <= looks).mean(axis=0)
    if shares[-1] < power:
        return Needed(None, None, float(shares[-1]))
    first = int(np.argmax(shares >= power))
    return Needed(float(np.minimum(done, LONGEST).mean()), int(looks[first]), float(shares[first]))


def plan_fixed(rate: float, baseline: float, *, level: float, power: float = 0.8) -> Needed:
    """What it takes with equal numbers of pictures of description and neutral prompt, and Fisher's one-sided exact test.

    For Benjamini-Hochberg the `level` is alpha x confirmed / tried. Exact: power is summed over all outcomes.
    """
    _check_rates(rate=rate, baseline=baseline)
    low, high = 1, LONGEST
    if fisher_power(high, rate, baseline, level) < power:
        return Needed(None, None, fisher_power(high, rate, baseline, level))
    while low < high:  # power goes up and down a little as n grows; the search ends at a crossing
        middle = (low + high) // 2
        low, high = (low, middle) if fisher_power(middle, rate, baseline, level) >= power else (middle + 1, high)
    return Needed(float(low), low, fisher_power(low, rate, baseline, level))


def fisher_power(n: int, rate: float, baseline: float, level: float) -> float:
    """Chance that Fisher's one-sided exact test of n against n pictures gives p <= level."""
    k = np.arange(n + 1)
    i, j = np.meshgrid(k, k, indexing="ij")
    p: Floats = np.asarray(scipy.stats.hypergeom.sf(i - 1, 2 * n, i + j, n))
    chance = np.outer(scipy.stats.binom.pmf(k, n, rate), scipy.stats.binom.pmf(k, n, baseline))
    return float(chance[p <= level * (1 + 1e-12)].sum())


def _check_rates(**rates: float) -> None:
    for name, value in rates.items():
        if not 0 <= value <= 1:
            raise ValueError(f"{name}={value} must lie in [0, 1]")
