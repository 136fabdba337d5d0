"""Film stages that move pixels: how the camera was held, and lenses that bend."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from .scene import Random
from .shots import Array, Shot, bent, covered, spot
from .textures import fbm

TILT = (9.0, 17.0)
"""Degrees. More would crop much of the object: the picture is enlarged until its corners are full."""
BULGE = 0.6
"""A fisheye lens shows the middle enlarged by 1 / BULGE, and the corners where they were."""


def tilted(shot: Shot, rng: Random) -> Shot:
    """The camera rolled to one side."""
    angle = np.radians(rng.uniform(*TILT)) * rng.choice((-1, 1))
    h, w = shot.image.shape[:2]
    cos, sin = np.cos(angle), np.sin(angle)
    scale = 1 / (cos + abs(sin) * max(h, w) / min(h, w))

    def bend(y: Array, x: Array) -> tuple[Array, Array]:
        down, across = (y - 0.5) * h * scale, (x - 0.5) * w * scale
        return (cos * down - sin * across) / h + 0.5, (sin * down + cos * across) / w + 0.5

    return bent(shot, bend)


def sideways(shot: Shot, rng: Random) -> Shot:
    """Turned by 90 degrees, either way; no pixel is sampled anew."""
    times = int(rng.choice((1, 3)))
    return Shot(np.rot90(shot.image, times), np.rot90(shot.regions, times), np.rot90(shot.area, times))


def fisheye(shot: Shot, rng: Random) -> Shot:
    """A diagonal fisheye lens: the middle bulges, straight lines bow outwards, the corners stay."""
    bulge = BULGE * rng.uniform(0.9, 1.1)

    def bend(y: Array, x: Array) -> tuple[Array, Array]:
        down, across = 2 * y - 1, 2 * x - 1
        factor = bulge + (1 - bulge) * (down**2 + across**2) / 2
        return (down * factor + 1) / 2, (across * factor + 1) / 2

    return bent(shot, bend)


def wavy(shot: Shot, rng: Random) -> Shot:
    """Old window glass: everything is shifted smoothly by up to a few per cent of the width."""
    waves = [ndimage.gaussian_filter(rng.standard_normal((64, 64)), 5, mode="wrap") for _ in range(2)]
    waves = [0.016 * wave / wave.std() for wave in waves]

    def bend(y: Array, x: Array) -> tuple[Array, Array]:
        down, across = (ndimage.map_coordinates(wave, [y * 64 - 0.5, x * 64 - 0.5], order=3, mode="wrap") for wave in waves)
        return y + down, x + across

    return bent(shot, bend)


def frosted(shot: Shot, rng: Random) -> Shot:
    """A frosted filter in front of the lens: every pixel comes from somewhere near."""
    scatter = [0.0085 * rng.standard_normal(shot.image.shape[:2]) for _ in range(2)]
    h, w = shot.image.shape[:2]
    rows, columns = np.mgrid[:h, :w]
    from_row, from_column = (
        np.clip(np.round(at + move * side), 0, side - 1).astype(int)
        for at, move, side in ((rows, scatter[0], h), (columns, scatter[1], w))
    )
    image = ndimage.gaussian_filter(shot.image[from_row, from_column], (0.0031 * h, 0.0031 * w, 0))
    return replace(shot, image=image)


def drops(shot: Shot, rng: Random) -> Shot:
    """Drops of water on the lens: each shows the scene small, upside down and smeared, and hides what is behind it."""
    h, w = shot.image.shape[:2]
    side = min(h, w)
    rows, columns = np.mgrid[:h, :w]
    shade, shine, inside = np.ones((h, w)), np.zeros((h, w)), np.zeros((h, w))
    uneven = 1 + 0.12 * fbm(rng, h, w, 2.2)
    for radius in (*rng.uniform(0.06, 0.11, 6), *rng.uniform(0.015, 0.05, 14)):
        at = rng.uniform(0, h / side), rng.uniform(0, w / side)
        here, down, across = spot(h, w, at, 1.7 * radius)
        down, across = down / radius / rng.uniform(1.0, 1.25), across / radius
        r = np.hypot(down, across) * uneven[here]
        drop = r < 1
        lift = np.sqrt(np.clip(1 - r**2, 0, 1))
        rows[here] = np.where(drop, (at[0] - 2.6 * down * radius) * side, rows[here])
        columns[here] = np.where(drop, (at[1] - 2.6 * across * radius) * side, columns[here])
        shade[here] = np.where(drop, 0.62 + 0.5 * lift * (0.85 + 0.35 * down), shade[here])
        shine[here] = np.where(drop, np.exp(-((down + 0.45) ** 2 + (across + 0.35) ** 2) / 0.035), shine[here])
        inside[here] = np.maximum(inside[here], np.clip((1 - r) * radius * side, 0, 1))
    smeared = ndimage.gaussian_filter(shot.image, (0.006 * h, 0.006 * w, 0))
    wet = smeared[_mirrored(rows, h), _mirrored(columns, w)] * shade[..., None] + 0.8 * shine[..., None]
    dry = ndimage.gaussian_filter(shot.image, (0.0025 * h, 0.0025 * w, 0))
    return covered(replace(shot, image=dry), np.clip(wet, 0, 1), inside)


def _mirrored(index: NDArray[np.intp], side: int) -> NDArray[np.intp]:
    """Indices beyond an edge go back in as in a mirror."""
    folded = index % (2 * side)
    return np.minimum(folded, 2 * side - 1 - folded)
