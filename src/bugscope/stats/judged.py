"""Failure rates when the judge errs: what a judge's sensitivity and specificity do to rates, intervals and evidence.

A picture shows its label with probability s. If it does, the target fails with probability f, the rate in question, else with
u. The judge accepts what shows the label with its sensitivity and rejects what does not with its specificity, whatever the
target says. Counts come in four cells (`core.records.Counts`). At a fixed f their probabilities are a mixture of three known
distributions, over a range of sensitivities and specificities of six: likelihoods are concave, and suprema can be bounded.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from scipy.special import xlogy

from ..core.records import Counts, Estimate
from .intervals import clopper_pearson
from .likelihood import Floats, log_beta_mixture

Share = float | tuple[int, int]
"""Known exactly, or k of n verdicts of people."""
Range = tuple[float, float]
GRID: Floats = np.linspace(0.0, 1.0, 257)
STEPS = 200
BOX = 0.1
"""Share of an error probability that is spent on not knowing the judge exactly."""


@dataclass(frozen=True, slots=True)
class JudgeError:
    """How often a judge is right: `sensitivity` on pictures that show the label, `specificity` on those that do not."""

    sensitivity: Share
    specificity: Share

    @classmethod
    def parse(cls, sensitivity: str, specificity: str) -> "JudgeError":
        """From "0.95" (known) or "95/100" (this many verdicts of people agree). Raises ValueError with a sentence."""
        error = cls(_share("sensitivity", sensitivity), _share("specificity", specificity))
        if sum(error.point) <= 1:
            raise ValueError(
                f"a judge with sensitivity {sensitivity} and specificity {specificity} is no better than chance; "
                "their sum must be over 1"
            )
        return error

    @property
    def point(self) -> tuple[float, float]:
        se, sp = (x if isinstance(x, float) else x[0] / x[1] for x in (self.sensitivity, self.specificity))
        return se, sp

    @property
    def known(self) -> bool:
        return isinstance(self.sensitivity, float) and isinstance(self.specificity, float)

    def box(self, error: float) -> tuple[Range, Range]:
        """Ranges that contain both sensitivity and specificity with probability 1 - error (Clopper-Pearson, Bonferroni)."""
        ranges = []
        for share in (self.sensitivity, self.specificity):
            rate = clopper_pearson(*share, 1 - error / 2) if isinstance(share, tuple) else None
            ranges.append((share, share) if isinstance(share, float) else (rate.low, rate.high))  # type: ignore[union-attr]
        return ranges[0], ranges[1]

    def __str__(self) -> str:
        return ", ".join(
            f"{name} {share[0]} of {share[1]}" if isinstance(share, tuple) else f"{name} {share:g}"
            for name, share in (("sensitivity", self.sensitivity), ("specificity", self.specificity))
        )


def estimate(verdicts: list[tuple[bool, bool]]) -> JudgeError:
    """A judge's error, from pairs (the judge accepted it, a person says it shows the label) of pictures chosen at random."""
    shown = [accepted for accepted, shows in verdicts if shows]
    other = [accepted for accepted, shows in verdicts if not shows]
    for name, found in (("show", shown), ("do not show", other)):
        if not found:
            raise ValueError(f"no verdict is about pictures that {name} their label; the judge's error cannot be estimated")
    return JudgeError((sum(shown), len(shown)), (sum(not a for a in other), len(other)))


def corrected(counts: Counts, error: JudgeError, level: float = 0.95) -> Estimate:
    """The failure rate on pictures that truly show the label, with an interval that holds at every number of pictures.

    The value: Rogan and Gladen (1978), for failures and for successes. The interval: the rates whose greatest likelihood,
    over all judges in the box, stays within a factor of the mixture (universal inference; see `log_e_value`).
    """
    se, sp = error.point
    wrong = max(0.0, sp * counts.wrong - (1 - sp) * counts.rejected_wrong)
    right = max(0.0, sp * counts.right - (1 - sp) * counts.rejected_right)
    value = wrong / (wrong + right) if wrong + right else float("nan")
    if counts.drawn == 0:
        return Estimate(value, 0.0, 1.0, level)
    miss = 1 - level
    box = error.box(BOX * miss)
    threshold = -np.log(miss if error.known else (1 - BOX) * miss)
    kept = np.flatnonzero(_log_mixture(counts) - profile(counts, box) < threshold)
    low, high = (float(GRID[kept[0]]), float(GRID[kept[-1] + 1])) if kept.size else (0.0, 1.0)
    if not np.isnan(value):
        low, high = min(low, value), max(high, value)
    return Estimate(value, low, high, level)


def log_e_value(treated: Counts, baseline: Counts, margin: float, error: JudgeError, box_error: float) -> float:
    """Log evidence against f(treated) <= f(baseline) + margin, whichever judge in the box it was.

    Universal inference (Wasserman, Ramdas and Balakrishnan 2020, section 8): a mixture over each stream's four cells, divided
    by an upper bound of the likelihood's supremum under the null. The box misses the judge with probability at most
    `box_error` (0 if the judge is known), which the caller subtracts from alpha.
    """
    if treated.drawn == 0 and baseline.drawn == 0:
        return 0.0
    box = error.box(box_error)
    above, below = profile(treated, box), profile(baseline, box)
    # interval i of the treated rate goes with interval j of the baseline's if their nearest ends allow it
    reach = np.searchsorted(GRID[:-1], GRID[1:] + margin + 1e-12, side="right") - 1
    null = (np.maximum.accumulate(above)[reach] + below).max()
    return float(_log_mixture(treated) + _log_mixture(baseline) - null)


@lru_cache(maxsize=4096)
def profile(counts: Counts, box: tuple[Range, Range]) -> Floats:
    """Upper bounds [256] of the log likelihood over each interval of `GRID`, maximised over everything else.

    At each f on the grid, EM raises the likelihood of the mixture weights; N log(max_j D_j / N) bounds what is missing to its
    supremum (Lindsay 1983). The profile has one peak, since f is a ratio of linear functions of the cells' masses; so an
    interval's supremum is at its ends, except around the peak, where intervals get the unrestricted maximum.
    """
    n = np.array([counts.wrong, counts.right, counts.rejected_wrong, counts.rejected_right], dtype=float)
    total = n.sum()
    if total == 0:
        return np.zeros(len(GRID) - 1)
    parts = _components(box)
    weights = np.full(parts.shape[:2], 1 / parts.shape[1])
    for _ in range(STEPS):
        weights *= _gradient(parts, weights, n) / total
    cells = np.maximum((weights[:, :, None] * parts).sum(axis=1), 1e-300)
    missing = total * np.log(np.maximum(_gradient(parts, weights, n).max(axis=1) / total, 1.0))
    on_grid = xlogy(n, cells).sum(axis=1) + missing
    free = float(xlogy(n, n / total).sum())
    on_grid = np.minimum(on_grid, free)
    bounds = np.maximum(on_grid[:-1], on_grid[1:])
    peak = int(on_grid.argmax())
    bounds[max(0, peak - 1) : peak + 1] = free
    return bounds


def _components(box: tuple[Range, Range]) -> Floats:
    """[257, parts, 4]: what the cells would be if all pictures showed the label, or none did and all failed, or none failed."""
    f = GRID
    zero, one = np.zeros_like(f), np.ones_like(f)
    parts = []
    for a in dict.fromkeys(box[0]):
        parts.append(np.stack([a * f, a * (1 - f), (1 - a) * f, (1 - a) * (1 - f)], axis=1))
    for c in dict.fromkeys(1 - sp for sp in box[1]):
        parts += [
            np.stack([c * one, zero, (1 - c) * one, zero], axis=1),
            np.stack([zero, c * one, zero, (1 - c) * one], axis=1),
        ]
    return np.stack(parts, axis=1)


def _gradient(parts: Floats, weights: Floats, n: Floats) -> Floats:
    cells = np.maximum((weights[:, :, None] * parts).sum(axis=1), 1e-300)
    found: Floats = (parts * (n / cells)[:, None, :]).sum(axis=2)
    return found


def _log_mixture(counts: Counts) -> float:
    """Log probability of the sequence if acceptance ~ Beta(9/2, 1/2), since most pictures show their label, and failure,
    among the accepted and among the rejected, ~ Beta(1/2, 1/2)."""
    rejected = counts.rejected_wrong + counts.rejected_right
    return float(
        log_beta_mixture(counts.n, counts.n + rejected, 4.5, 0.5)
        + log_beta_mixture(counts.wrong, counts.n)
        + log_beta_mixture(counts.rejected_wrong, rejected)
    )


def _share(name: str, text: str) -> Share:
    k, slash, n = str(text).partition("/")
    try:
        if slash:
            share: Share = (int(k), int(n))
            good = 0 <= int(k) <= int(n) and int(n) > 0
        else:
            share = float(k)
            good = 0 <= share <= 1
    except ValueError:
        good = False
    if not good:
        raise ValueError(f"judge {name} {text!r} should be a share in [0, 1] such as 0.95, or verdicts such as 95/100")
    return share
