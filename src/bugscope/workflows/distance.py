"""How far one folder of pictures is from another, as a target sees them: Frechet distance and kernel distance.

Pictures are read as they are needed; what is kept of them does not grow with their number.
"""

from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from PIL import Image

from ..core import registry
from ..core.errors import AnswerError, SpecError, unknown
from ..core.options import counted
from ..core.scores import asked
from ..engine.patience import Failed, Patience
from ..media import picture as pictures
from ..stats.distance import Array, Cloud, Distance, between

Tell = Callable[[int, int, str], object]
"""Called with (pictures done, pictures in all, what is looked at)."""
MOST_BYTES = 256 * 2**20
READERS = 4
"""Threads that read pictures."""
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
            SpecError(f"{str(folder)!r} is a file; expected a folder")
            if root.exists()
            else unknown("folder", str(folder), beside)
        )
    everything = list(pictures.walk(root))
    names = [name for name in everything if name.lower().endswith(pictures.ENDINGS)]
    if not names:
        raise SpecError(f"no pictures in {str(folder)!r} ({', '.join(pictures.ENDINGS)}){_instead(everything)}")
    return sorted(names)


def passed_over(folder: Path | str) -> dict[str, int]:
    """How many files below `folder` are pictures of a kind that is not read, by ending."""
    return pictures.passed_over(pictures.walk(Path(folder)))


def _instead(everything: Sequence[str]) -> str:
    """What a folder without pictures holds."""
    if any(name.endswith((".parquet", ".tar")) for name in everything):
        return "; of a data set in Parquet or tar files, export the pictures: bugscope dataset --format imagefolder"
    others = pictures.passed_over(everything)
    return f", but {', '.join(f'{n} {ending}' for ending, n in others.items())}, which are not read" if others else ""


def drawn(names: Sequence[Any], limit: int | None, seed: int) -> list[Any]:
    """`limit` of them at random, in their order; all where there are no more. Raises SpecError for a limit under 1."""
    if limit is None or counted("limit", limit, "pictures") >= len(names):
        return list(names)
    return [names[i] for i in sorted(Random(seed).sample(range(len(names)), limit))]


def opened(path: Path) -> Image.Image | str:
    """An RGB picture, or why there is none."""
    if path.exists() and not path.is_file():  # a pipe would be waited for
        return "not a file"
    try:
        with path.open("rb") as file:
            data = file.read(MOST_BYTES + 1)
        if len(data) > MOST_BYTES:
            return "too large"
        return pictures.read(data)
    except OSError as error:
        # the system's own words: the whole error would show the path
        return error.strerror or str(error) or type(error).__name__
    except ValueError as error:
        return str(error)


def stream(paths: Sequence[Path], size: int) -> Iterator[tuple[list[int], list[Image.Image], dict[int, str]]]:
    """Batches: places in `paths` with their pictures, and what cannot be read. The next batch is read meanwhile."""
    counted("batch_size", size, "pictures")
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
    patience: Patience,
    what: str,
    call: Callable[[Sequence[Image.Image]], Any],
    images: Sequence[Image.Image],
    width: int = 0,
) -> list[Array | None]:
    """One row of finite numbers per picture (`width` of them, where it is known); None where the model has no answer.

    Asked again where the model wants patience, in halves where a batch is too much, as in a hunt. Raises ModelError, also if
    the model does not answer; `patience` remembers that from one batch to the next.
    """

    def rows(images: Sequence[Image.Image]) -> list[Array]:
        found = np.asarray(call(list(images)), dtype=np.float64)
        if found.ndim != 2 or len(found) != len(images) or not found.shape[1] or (width and found.shape[1] != width):
            want = f"({len(images)}, {width or 'd'})"
            raise AnswerError(f"{what} gave an array of shape {found.shape}; expected {want}", whole=True)
        if not np.isfinite(found).all():
            raise AnswerError(f"{what} gave numbers that are not finite, e.g. {found[~np.isfinite(found)][0]}")
        return list(found)

    asked = patience.ask(what, rows, images) if images else []
    patience.of(what).check()
    return [None if isinstance(row, Failed) else row for row in asked]


@contextmanager
def loaded(target: Any, options: Mapping[str, Any] | None, kind: str = "Classifier") -> Iterator[Any]:
    """The target that a name or an object stands for, of a provider class; what was loaded by its name is closed at the end."""
    model = registry.load(kind, target, options)
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
    scores = asked(target, images, target.labels)
    shifted = scores - scores.max(axis=1, keepdims=True)
    from_scores = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    from_probabilities = np.log(np.clip(scores, FLOOR, None))
    return np.where(probabilities(scores)[:, None], from_probabilities, from_scores)


def probabilities(scores: ArrayLike) -> NDArray[np.bool_]:
    """Which rows [n] are probabilities: nothing negative, and a sum of one."""
    rows = np.asarray(scores, dtype=np.float64)
    return (rows >= 0).all(axis=1) & (np.abs(rows.sum(axis=1) - 1) < 1e-3)


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
        found, patience = Cloud(name, seed), Patience()
        for _, shown, broken in stream(files, batch_size):
            found.add([row for row in answers(patience, name, call, shown) if row is not None])
            done += len(shown) + len(broken)
            if progress:
                progress(done, len(files), str(images))
        patience.settle()
    return found


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
