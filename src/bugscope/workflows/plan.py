"""`bugscope plan`: the pictures that a hunt needs, for several failure rates."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from .. import stats
from ..core.options import Config, counted, refused
from ..report.words import percent
from ..stats.planning import LONGEST

DEFAULTS = Config()
RATES = (0.2, 0.3, 0.4, 0.6, 0.8, 1.0)


def plan(
    rates: Sequence[float] = RATES,
    *,
    baseline: float = 0.05,
    margin: float = DEFAULTS.margin,
    alpha: float = DEFAULTS.alpha,
    power: float = 0.8,
    tried: int = 78,
    bugs: int = 8,
) -> list[dict[str, Any]]:
    """For each failure rate of `rates`, how many pictures it takes to confirm a description that fails this often.

    `baseline`: failure rate of the plain label. `power`: the chance of confirming it. `tried` descriptions in all, of which
    `bugs` are confirmed, including this one. Each record has the fields of `stats.Needed` twice: under "adaptive" (e-value,
    margin in the null, e-BH) and under "fixed" (Fisher, Benjamini-Hochberg, no margin). Rates, `margin`, `alpha` and `power`
    are shares in [0, 1]. Raises SpecError that names the value and its range.
    """
    for name, value in (("baseline", baseline), *(("rate", rate) for rate in rates)):
        _within(name, value, 0 <= value <= 1, "in [0, 1]")
    _within("margin", margin, 0 <= margin < 1, "in [0, 1)")
    for name, value in (("alpha", alpha), ("power", power)):
        _within(name, value, 0 < value < 1, "between 0 and 1")
    counted("tried", tried, "descriptions")
    _within("bugs", counted("bugs", bugs, "descriptions"), bugs <= tried, f"at most tried, {tried}")
    return [
        {
            "rate": rate,
            "baseline": baseline,
            "adaptive": asdict(
                stats.plan_adaptive(rate, baseline, margin=margin, threshold=tried / (alpha * bugs), power=power)
            ),
            "fixed": asdict(stats.plan_fixed(rate, baseline, level=alpha * bugs / tried, power=power)),
        }
        for rate in rates
    ]


def too_many(found: Mapping[str, Any]) -> str:
    return f"over {LONGEST} ({percent(found['power'])} power there)"


def _within(name: str, value: float, good: bool, allowed: str) -> None:
    if not good:
        raise refused(name, value, allowed)
