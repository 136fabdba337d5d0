"""How far one folder of pictures is from another, as a target sees them: Frechet distance and kernel distance.

Pictures are read as they are needed; what is kept of them does not grow with their number.
"""

import struct
import time
import zlib
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from PIL import Image

from ..core import registry
from ..core.errors import BugscopeError, Declined, ModelError, SpecError, Transient, told, unknown
from ..media import picture as pictures
from ..store.ledger import finite

Array = NDArray[np.float64]
Tell = Callable[[int, int, str], object]
"""Called with (pictures done, pictures in all, what is looked at)."""
ENDINGS = (".jpg", ".jpeg", ".png", ".webp", ".bmp", ".gif", ".tif", ".tiff", ".ppm")
MOST_BYTES = 256 * 2**20
BROKEN = (ValueError, OSError, SyntaxError, TypeError, LookupError, ArithmeticError, AttributeError, RuntimeError, EOFError,
          struct.error, zlib.error)  # fmt: skip
"""What a damaged file can raise on its way through Pillow."""
READERS, TRIES = 4, 5
KEPT = 4096
"""Pictures of a folder that the kernel distance looks at, drawn at random where there are more."""
GROUPS = 20
"""Parts that are left out in turn for the kernel distance's standard error."""
LEAST = 4
"""Pictures of a folder without which nothing is said."""
FLOOR = 1e-6
"""Least probability whose logarithm is taken: below it, differences are noise."""


# --- pictures ---------------------------------------------------------------------------------------------------------


def listed(folder: Path | str) -> list[str]:
    """Paths of the pictures below `folder`, "/" between, sorted; hidden ones left out, links followed, each folder once.

    Raises SpecError where there is no such folder or no picture in it.
    """
    root = Path(folder)
    if not root.is_dir():
        beside = [p.name for p in root.parent.iterdir() if p.is_dir()] if root.parent.is_dir() else []
        raise (
            SpecError(f"{str(folder)!r} is a file; a folder is wanted")
            if root.exists()
            else unknown("folder", str(folder), beside)
        )
    names = [name for name in pictures.walk(root) if name.lower().endswith(ENDINGS)]
    if not names:
        raise SpecError(f"no pictures in {str(folder)!r} ({', '.join(ENDINGS)})")
    return sorted(names)


def drawn(names: Sequence[Any], limit: int | None, seed: int) -> list[Any]:
    """`limit` of them at random, in their order; all where there are no more. Raises SpecError for a limit under 1."""
    if limit is not None and limit < 1:
        raise SpecError(f"option limit is {limit}; it must be at least 1")
    if limit is None or limit >= len(names):
        return list(names)
    return [names[i] for i in sorted(Random(seed).sample(range(len(names)), limit))]


def opened(path: Path) -> Image.Image | str:
    """An RGB picture, or why there is none."""
    try:
        with path.open("rb") as file:
            data = file.read(MOST_BYTES + 1)
        if len(data) > MOST_BYTES:
            return "too large"
        return pictures.read(data)
    except BROKEN as error:
        return getattr(error, "strerror", None) or str(error) or type(error).__name__


def stream(paths: Sequence[Path], size: int) -> Iterator[tuple[list[int], list[Image.Image], dict[int, str]]]:
    """Batches: places in `paths` with their pictures, and what cannot be read. The next batch is read meanwhile."""
    if size < 1:
        raise SpecError(f"option batch_size is {size}; it must be at least 1")
    with ThreadPoolExecutor(READERS) as pool:
        waiting: deque[list[tuple[int, Future[Image.Image | str]]]] = deque()
        starts = iter(range(0, len(paths), size))

        def begin() -> None:
            if (start := next(starts, None)) is not None:
                part = range(start, min(start + size, len(paths)))
                waiting.append([(i, pool.submit(opened, paths[i])) for i in part])

        begin()
        while waiting:
            begin()
            found = [(i, read.result()) for i, read in waiting.popleft()]
            good = [(i, image) for i, image in found if not isinstance(image, str)]
            yield [i for i, _ in good], [image for _, image in good], {i: x for i, x in found if isinstance(x, str)}


def answers(
    what: str, call: Callable[[Sequence[Image.Image]], Any], images: Sequence[Image.Image], width: int = 0
) -> list[Array | None]:
    """One row of finite numbers a picture (`width` of them, where it is known); None where the model has no answer.

    Asked again where it wants patience, in halves where a batch is too much, as in a hunt. Raises ModelError.
    """
    if not images:
        return []
    try:
        rows = _tried(call, images)
    except (Transient, MemoryError, Declined):
        if len(images) == 1:
            return [None]
        half = len(images) // 2
        return answers(what, call, images[:half], width) + answers(what, call, images[half:], width)
    except BugscopeError:
        raise
    except Exception as error:
        raise ModelError(f"{what} raised {told(error)}") from error
    if rows.ndim != 2 or len(rows) != len(images) or not rows.shape[1] or (width and rows.shape[1] != width):
        wanted = (len(images), width or "d")
        raise ModelError(f"{what} gave an array of shape {rows.shape}; expected ({wanted[0]}, {wanted[1]})")
    if not np.isfinite(rows).all():
        raise ModelError(f"{what} gave numbers that are not finite, e.g. {rows[~np.isfinite(rows)][0]}")
    return list(rows)


def _tried(call: Callable[[Sequence[Image.Image]], Any], images: Sequence[Image.Image]) -> Array:
    for attempt in range(TRIES):
        try:
            return np.asarray(call(list(images)), dtype=np.float64)
        except Transient as error:
            if attempt == TRIES - 1:
                raise
            time.sleep(min(60.0, 2.0**attempt) if error.retry_after is None else max(0.0, error.retry_after))
    raise AssertionError("unreachable")


@contextmanager
def loaded(target: Any, options: Mapping[str, Any] | None) -> Iterator[Any]:
    """The target that a name or an object stands for; what was loaded by its name is closed at the end."""
    model = registry.load("Classifier", target, options)
    try:
        yield model
    finally:
        if isinstance(target, str):
            getattr(model, "close", lambda: None)()


# --- the space --------------------------------------------------------------------------------------------------------


def space(target: Any) -> tuple[Callable[[Sequence[Image.Image]], Any], str]:
    """What makes points [n, d] of pictures, and what to call it: the target's `features` where it offers any, else the
    logarithms of its probabilities."""
    own = getattr(target, "features", None)
    if callable(own):
        return own, f"features of {target.id}"
    return partial(_log_probabilities, target), f"log-probabilities of {target.id}"


def _log_probabilities(target: Any, images: Sequence[Image.Image]) -> Array:
    scores = np.asarray(target(images), dtype=np.float64)
    shifted = scores - scores.max(axis=1, keepdims=True)
    from_scores = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    from_probabilities = np.log(np.clip(scores, FLOOR, None))
    return np.where(probabilities(scores)[:, None], from_probabilities, from_scores)


def probabilities(scores: ArrayLike) -> NDArray[np.bool_]:
    """Which rows [n] are probabilities: nothing negative, and a sum of one."""
    rows = np.asarray(scores, dtype=np.float64)
    return (rows >= 0).all(axis=1) & (np.abs(rows.sum(axis=1) - 1) < 1e-3)


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


def cloud(
    images: Path | str,
    target: Any,
    *,
    target_args: Mapping[str, Any] | None = None,
    limit: int | None = None,
    seed: int = 0,
    batch_size: int = 32,
    progress: Tell | None = None,
) -> Cloud:
    """The pictures below a folder, whatever their labels, as `target` sees them. What cannot be read is left out."""
    files = [Path(images) / file for file in drawn(listed(images), limit, seed)]
    done = 0
    with loaded(target, target_args) as model:
        call, name = space(model)
        found = Cloud(name, seed)
        for _, shown, broken in stream(files, batch_size):
            found.add([row for row in answers(name, call, shown) if row is not None])
            done += len(shown) + len(broken)
            if progress:
                progress(done, len(files), str(images))
    return found


# --- distances --------------------------------------------------------------------------------------------------------


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
        return {**asdict(self), **finite({"kernel_se": self.kernel_se}), "few": self.few}

    def __str__(self) -> str:
        warning = (
            f"; fewer pictures than the {self.d:,} dimensions: Frechet is mostly bias, read the kernel" if self.few else ""
        )
        return (
            f"kernel distance {self.kernel:.4g} (standard error {self.kernel_se:.2g}), Frechet {self.frechet:.4g}, "
            f"{self.n:,} and {self.m:,} pictures, {self.space}{warning}"
        )


def distance(
    images: Path | str,
    reference: Path | str | Cloud,
    target: Any,
    *,
    target_args: Mapping[str, Any] | None = None,
    limit: int | None = None,
    seed: int = 0,
    batch_size: int = 32,
    progress: Tell | None = None,
) -> Distance:
    """From the pictures of one folder to those of another, in the space of `target` (see `space`).

    `limit`: pictures of each folder, at random. Raises SpecError, ModelError.
    """
    options: dict[str, Any] = {"limit": limit, "seed": seed, "batch_size": batch_size, "progress": progress}
    with loaded(target, target_args) as model:
        there = reference if isinstance(reference, Cloud) else cloud(reference, model, **options)
        return between(cloud(images, model, **options), there)


def between(a: Cloud, b: Cloud) -> Distance:
    """Raises SpecError where the spaces differ or a folder has too few pictures."""
    if a.space != b.space or (a.n and b.n and a.d != b.d):
        raise SpecError(f"no distance between {a.space} ({a.d}) and {b.space} ({b.d}): they are not the same space")
    if min(a.n, b.n) < LEAST:
        raise SpecError(f"a distance takes {LEAST} pictures that can be read in each folder; there are {a.n} and {b.n}")
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
