"""How far one cloud of points is from another: Frechet distance and kernel distance."""

import math
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..core.errors import ModelError, SpecError

Array = NDArray[np.float64]
KEPT = 4096
"""Points of a cloud that the kernel distance looks at, drawn at random where there are more."""
GROUPS = 20
"""Parts that are left out in turn for the kernel distance's standard error."""
LEAST = 4
"""Points of a cloud without which nothing is said."""


class Cloud:
    """Points of one folder, as they come: their number, mean and covariance, and a sample of them. Memory d * (d + KEPT)."""

    def __init__(self, space: str, seed: int = 0) -> None:
        self.space, self.n = space, 0
        self.mean: Array = np.zeros(0)
        self._scatter: Array = np.zeros((0, 0))
        self._sample: list[NDArray[np.float32]] = []
        self._rng = np.random.default_rng(seed)

    def add(self, points: ArrayLike) -> None:
        """More points [n, d]."""
        rows = np.asarray(points, dtype=np.float64)
        if not len(rows):
            return
        if not self.n:
            self.mean, self._scatter = np.zeros(rows.shape[1]), np.zeros((rows.shape[1],) * 2)
        if rows.shape[1] != self.d:
            raise ModelError(f"{self.space} have {self.d} numbers a picture, then {rows.shape[1]}")
        centre = rows.mean(axis=0)
        step, both = centre - self.mean, self.n + len(rows)
        self._scatter += (rows - centre).T @ (rows - centre) + np.outer(step, step) * (self.n * len(rows) / both)
        self.mean = self.mean + step * (len(rows) / both)
        for row in rows.astype(np.float32):
            # every point stays with the same chance, however many there are (Vitter 1985, algorithm R)
            if self.n < KEPT:
                self._sample.append(row)
            elif (place := int(self._rng.integers(self.n + 1))) < KEPT:
                self._sample[place] = row
            self.n += 1

    @property
    def d(self) -> int:
        return len(self.mean)

    @property
    def covariance(self) -> Array:
        """[d, d], unbiased."""
        return self._scatter / max(1, self.n - 1)

    @property
    def sample(self) -> Array:
        """[min(n, KEPT), d]"""
        return np.asarray(self._sample, dtype=np.float64).reshape(len(self._sample), self.d)


@dataclass(frozen=True, slots=True)
class Distance:
    """Between two folders of n and m pictures. `kernel` may be a little negative: it is unbiased, and zero is its least mean.
    `frechet` is biased upwards, the more the fewer the pictures: compare it at equal numbers only."""

    frechet: float
    kernel: float
    kernel_se: float
    n: int
    m: int
    d: int
    space: str

    @property
    def few(self) -> bool:
        """Fewer pictures than dimensions: then most of the Frechet distance is bias."""
        return min(self.n, self.m) <= self.d

    def to_dict(self) -> dict[str, Any]:
        error = None if math.isnan(self.kernel_se) else self.kernel_se
        return {**asdict(self), "kernel_se": error, "few": self.few}

    def __str__(self) -> str:
        warning = (
            f"; fewer pictures than the {self.d:,} dimensions: Frechet is mostly bias, use the kernel distance"
            if self.few
            else ""
        )
        return (
            f"kernel distance {self.kernel:.4g} (standard error {self.kernel_se:.2g}), Frechet {self.frechet:.4g}, "
            f"{self.n:,} and {self.m:,} pictures, {self.space}{warning}"
        )


def between(a: Cloud, b: Cloud) -> Distance:
    """Raises SpecError where the spaces differ or a folder has too few pictures."""
    if a.space != b.space or (a.n and b.n and a.d != b.d):
        raise SpecError(f"no distance between {a.space} ({a.d}) and {b.space} ({b.d}): they are not the same space")
    if min(a.n, b.n) < LEAST:
        raise SpecError(f"a distance needs at least {LEAST} readable pictures in each folder; there are {a.n} and {b.n}")
    value, error = kernel(a.sample, b.sample)
    few = max(a.n, b.n) < min(a.d, KEPT)
    far = frechet_of_few(a.sample, b.sample) if few else frechet(a.mean, a.covariance, b.mean, b.covariance)
    return Distance(far, value, error, a.n, b.n, a.d, a.space)


def frechet(mean_a: ArrayLike, covariance_a: ArrayLike, mean_b: ArrayLike, covariance_b: ArrayLike) -> float:
    """Squared Wasserstein-2 distance of two Gaussians (Dowson and Landau 1982; FID: Heusel et al. 2017)."""
    va, vb = np.atleast_2d(np.asarray(covariance_a, float)), np.atleast_2d(np.asarray(covariance_b, float))
    gap = np.asarray(mean_a, float) - np.asarray(mean_b, float)
    values, vectors = np.linalg.eigh(va)
    root = (vectors * np.sqrt(np.clip(values, 0, None))) @ vectors.T
    # the eigenvalues of va vb are those of a symmetric matrix: no complex root, no rank needed
    cross = np.sqrt(np.clip(np.linalg.eigvalsh(root @ vb @ root), 0, None)).sum()
    return max(0.0, float(gap @ gap + np.trace(va) + np.trace(vb) - 2 * cross))


def frechet_of_few(x: ArrayLike, y: ArrayLike) -> float:
    """`frechet` of the means and covariances of points [n, d] and [m, d]; quick where n and m are far below d."""
    a, b = np.asarray(x, float), np.asarray(y, float)
    gap = a.mean(axis=0) - b.mean(axis=0)
    a, b = ((p - p.mean(axis=0)) / np.sqrt(len(p) - 1) for p in (a, b))
    cross = np.linalg.svd(a @ b.T, compute_uv=False).sum()
    return max(0.0, float(gap @ gap + (a * a).sum() + (b * b).sum() - 2 * cross))


def kernel(x: ArrayLike, y: ArrayLike, seed: int = 0) -> tuple[float, float]:
    """Unbiased squared maximum mean discrepancy of points [n, d] and [m, d] under (a . b / d + 1)^3 (KID: Binkowski et al.
    2018), and its standard error: both sets are cut into the same number of parts, each is left out in turn (jackknife)."""
    a, b = np.asarray(x, float), np.asarray(y, float)
    groups = min(GROUPS, min(len(a), len(b)) // 2)
    parts = [np.eye(groups)[np.random.default_rng(seed).permutation(len(points)) % groups] for points in (a, b)]
    (ga, gb), (na, nb) = parts, (part.sum(axis=0) for part in parts)
    aa, bb, ab = _sums(a, a, ga, ga), _sums(b, b, gb, gb), _sums(a, b, ga, gb)
    for sums, points, part in ((aa, a, ga), (bb, b, gb)):
        sums -= np.diag(part.T @ ((points * points).sum(axis=1) / points.shape[1] + 1) ** 3)

    def estimate(kept: NDArray[np.bool_]) -> float:
        inside = np.ix_(kept, kept)
        n, m = na[kept].sum(), nb[kept].sum()
        return float(aa[inside].sum() / (n * (n - 1)) + bb[inside].sum() / (m * (m - 1)) - 2 * ab[inside].sum() / (n * m))

    without = np.array([estimate(np.arange(groups) != g) for g in range(groups)])
    error = np.sqrt((groups - 1) / groups * ((without - without.mean()) ** 2).sum())
    return estimate(np.ones(groups, dtype=bool)), float(error)


def _sums(a: Array, b: Array, ga: Array, gb: Array, rows: int = 512) -> Array:
    """Sums of the kernel by part of a and part of b, a few rows at a time."""
    total = np.zeros((ga.shape[1], gb.shape[1]))
    for i in range(0, len(a), rows):
        total += ga[i : i + rows].T @ ((a[i : i + rows] @ b.T / a.shape[1] + 1) ** 3 @ gb)
    return total
