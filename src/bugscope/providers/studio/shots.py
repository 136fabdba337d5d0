"""A picture on its way through the film stages, with what is seen of the object in it.

A stage takes a shot and a random stream and gives the next shot. Bending and covering are done here once, so that the regions
that a judge or a detector is scored by always go where the pixels go.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import ndimage

from .scene import Random

Array = NDArray[np.float64]
Regions = NDArray[np.integer[Any]]
Paint = Callable[[Array, Random], Array]
"""A stage that changes colours only: image [h, w, 3] -> image."""
Bend = Callable[[Array, Array], tuple[Array, Array]]
"""(y, x) of pixels of the new picture -> (y, x) in the old one, as fractions of height and width."""
HIDES = 0.5
"""What is laid over a picture hides what is under it from this opacity on."""


@dataclass(frozen=True, slots=True, eq=False)
class Shot:
    """`image` [h, w, 3]: sRGB in 0..1. `regions` [m, n]: which object each pixel shows, 0 for none, in a size of its own.

    `area` [m, n]: how many pixels of the regions as they were before any bending fall on each pixel, so that the share of an
    object that is left can be told after a zoom.
    """

    image: Array
    regions: Regions
    area: Array

    @classmethod
    def of(cls, image: Array, regions: Regions) -> "Shot":
        return cls(image, regions, np.ones(regions.shape))


Stage = Callable[[Shot, Random], Shot]


def painted(paint: Paint) -> Stage:
    """A stage that leaves everything where it is."""
    return lambda shot, rng: replace(shot, image=paint(shot.image, rng))


def bent(shot: Shot, bend: Bend) -> Shot:
    """Image, regions and areas, each at its own size, moved as `bend` says; nothing of an object comes from beyond the edge."""
    y, x = bend(*grid(*shot.regions.shape))
    rows, columns = shot.regions.shape
    inside = (y >= 0) & (y < 1) & (x >= 0) & (x < 1)
    at = (np.clip(y * rows, 0, rows - 1).astype(int), np.clip(x * columns, 0, columns - 1).astype(int))
    (down_y, across_y), (down_x, across_x) = np.gradient(y * rows), np.gradient(x * columns)
    stretch = np.abs(down_y * across_x - across_y * down_x)
    return Shot(
        image=sampled(shot.image, *bend(*grid(*shot.image.shape[:2]))),
        regions=np.where(inside, shot.regions[at], 0),
        area=np.where(inside, shot.area[at] * stretch, 0.0),
    )


def covered(shot: Shot, layer: ArrayLike, opacity: ArrayLike) -> Shot:
    """`layer` (a colour or a picture) over the image; where `opacity` [h, w] reaches `HIDES` no object is seen."""
    alpha = np.asarray(opacity, float)
    image = shot.image + (np.asarray(layer, float) - shot.image) * alpha[..., None]
    y, x = grid(*shot.regions.shape)
    over = alpha[(y * alpha.shape[0]).astype(int), (x * alpha.shape[1]).astype(int)]
    return replace(shot, image=image, regions=np.where(over >= HIDES, 0, shot.regions))


@cache
def grid(h: int, w: int) -> tuple[Array, Array]:
    """(y, x) [h, w] of the middles of pixels, as fractions of height and width."""
    y, x = np.meshgrid((np.arange(h) + 0.5) / h, (np.arange(w) + 0.5) / w, indexing="ij")
    for values in (y, x):
        values.flags.writeable = False  # shared by all pictures of this size
    return y, x


def sampled(image: Array, y: Array, x: Array, order: Literal[1, 3] = 3) -> Array:
    """The image at (y, x), fractions of height and width; beyond its edges its mirror image."""
    h, w = image.shape[:2]
    at = np.stack([y * h - 0.5, x * w - 0.5])
    channels = [ndimage.map_coordinates(image[..., c], at, order=order, mode="reflect") for c in range(image.shape[2])]
    return np.clip(np.stack(channels, -1), 0, 1)


def spot(h: int, w: int, at: tuple[float, float], reach: float) -> tuple[tuple[slice, slice], Array, Array]:
    """The part of a picture up to `reach` from `at` (down, across), both in smaller sides: its slices, and how far down and
    across from `at` each of its pixels is, again in smaller sides."""
    side = min(h, w)
    low, high = (np.clip(np.round((np.asarray(at) + sign * reach) * side), 0, (h, w)).astype(int) for sign in (-1, 1))
    rows, columns = np.arange(low[0], high[0])[:, None], np.arange(low[1], high[1])[None]
    down, across = np.broadcast_arrays((rows + 0.5) / side - at[0], (columns + 0.5) / side - at[1])
    return (slice(low[0], high[0]), slice(low[1], high[1])), down, across
