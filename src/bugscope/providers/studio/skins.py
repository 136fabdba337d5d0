"""Pictures for skins that are not a thing's own: zebra stripes, bricks, knitted wool. Each with its relief.

They make the texture-shape conflict of Geirhos et al. 2018 (arXiv:1811.12231): the shape is still that of the object, and the
texture speaks for another thing. All are seamless.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.spatial import cKDTree

from .textures import blend, drawing, fbm, font, smoothstep, strokes

Array = NDArray[np.float64]
Random = np.random.Generator
SIDE = 384
"""Pixels along a picture's side."""
SQUARE = (1.0, 1.0)


@dataclass(frozen=True, slots=True)
class Skin:
    """`paint(rng)` gives colours [h, w, 3] and a height map [h, w] in 0..1 or None.

    `tiles`: how many such pictures lie across an object. `relief`: the height of 1 as a share of the picture's side.
    """

    paint: Callable[[Random], tuple[Array, Array | None]]
    tiles: float
    relief: float = 0.0
    roughness: float = 0.6
    specular: float = 0.3


def _bands(rng: Random, periods: float, spread: float, wander: float = np.inf) -> Array:
    """Seamless noise [SIDE, SIDE] of about `periods` waves along x: mean 0, deviation 1. `wander`: how far, in radians, they
    may run another way; without it they run all ways."""
    fy, fx = np.fft.fftfreq(SIDE)[:, None] * SIDE, np.fft.rfftfreq(SIDE)[None] * SIDE
    weight = np.exp(-(((np.hypot(fy, fx) - periods) / spread) ** 2) / 2 - (np.arctan2(fy, fx) / wander) ** 2 / 2)
    weight[0, 0] = 0
    noise = np.fft.irfft2(np.fft.rfft2(rng.standard_normal((SIDE, SIDE))) * weight, (SIDE, SIDE))
    return np.asarray(noise / noise.std())


def _points(rng: Random, rows: int, jitter: float) -> Array:
    """About evenly spread points in the unit square, (x, y) [rows * columns, 2], staggered."""
    columns = rows
    y, x = np.mgrid[:rows, :columns].astype(float)
    x = x + 0.5 * (np.arange(rows)[:, None] % 2)
    spots = np.stack([x / columns, y / rows], -1).reshape(-1, 2)
    return np.asarray((spots + rng.uniform(-jitter, jitter, spots.shape) / rows) % 1.0)


def _nearest(points: Array, k: int, shift: ArrayLike = 0.0, box: tuple[float, float] = SQUARE) -> Array:
    """Distances [SIDE, SIDE, k] of the nearest points on a torus of size `box`. `shift` [SIDE, SIDE, 2] moves the places."""
    at = (np.arange(SIDE) + 0.5) / SIDE
    places = (np.stack(np.meshgrid(at, at), -1) + np.asarray(shift)) % 1.0
    tree: Any = cKDTree(points * np.array(box), boxsize=np.array(box))
    return np.asarray(tree.query((places * box).reshape(-1, 2), k=k)[0]).reshape(SIDE, SIDE, k)


def _cracks(rng: Random, rows: int, bend: float, jitter: float = 0.4, box: tuple[float, float] = SQUARE) -> Array:
    """How far every place is from the nearest border of its cell, in cells of which there are about rows * rows."""
    shift = np.stack([fbm(rng, SIDE, SIDE, 2.0), fbm(rng, SIDE, SIDE, 2.0)], -1) * bend / rows
    away = _nearest(_points(rng, rows, jitter), 2, shift, box)
    return np.asarray((away[..., 1] - away[..., 0]) * rows)


def _zebra(rng: Random) -> tuple[Array, None]:
    wave = _bands(rng, 6.0, 0.9, 0.3)
    coat = blend((0.05, 0.045, 0.04), (0.93, 0.91, 0.86), smoothstep(-0.12, 0.12, wave))
    return coat * (1 + 0.05 * fbm(rng, SIDE, SIDE, 0.5)[..., None]), None


def _tiger(rng: Random) -> tuple[Array, None]:
    wave, patches = _bands(rng, 6.0, 1.2, 0.4), _bands(rng, 2.0, 1.0)
    coat = blend((0.9, 0.5, 0.13), (0.95, 0.72, 0.42), smoothstep(0.2, 1.8, patches))
    coat = blend(coat, (0.06, 0.04, 0.03), smoothstep(0.35, 0.55, wave + 0.25 * patches))
    return coat * (1 + 0.06 * fbm(rng, SIDE, SIDE, 0.5)[..., None]), None


def _leopard(rng: Random) -> tuple[Array, None]:
    rows = 7
    warp = np.stack([fbm(rng, SIDE, SIDE, 1.8), fbm(rng, SIDE, SIDE, 1.8)], -1) * 0.07 / rows
    away = _nearest(_points(rng, rows, 0.22), 1, warp)[..., 0] * rows
    ring = smoothstep(0.2, 0.25, away) * (1 - smoothstep(0.38, 0.43, away))
    broken = smoothstep(-0.75, -0.45, _bands(rng, 2.0 * rows, 3.0))
    coat = blend((0.85, 0.63, 0.34), (0.62, 0.38, 0.15), 1 - smoothstep(0.24, 0.32, away))
    coat = blend(coat, (0.07, 0.045, 0.03), ring * broken)
    return coat * (1 + 0.06 * fbm(rng, SIDE, SIDE, 0.5)[..., None]), None


def _elephant(rng: Random) -> tuple[Array, Array]:
    large = _cracks(rng, 6, 0.35)
    small = _cracks(rng, 18, 0.35)
    height = np.clip(0.65 * smoothstep(0.0, 0.3, large) + 0.35 * smoothstep(0.0, 0.35, small), 0, 1)
    skin = blend((0.2, 0.18, 0.17), (0.52, 0.49, 0.46), height)
    return skin * (1 + 0.1 * fbm(rng, SIDE, SIDE, 1.4)[..., None]), height


def _snake(rng: Random) -> tuple[Array, Array]:
    n = 12
    at = (np.arange(SIDE) + 0.5) / SIDE
    x, y = np.meshgrid(at * n, at * n)
    a, b = x + y, x - y
    i, j = np.floor(a), np.floor(b)
    u, v = np.abs(a - i - 0.5) * 2, np.abs(b - j - 0.5) * 2
    height = np.clip(1 - np.maximum(u, v) ** 3, 0, 1) ** 0.6
    middle_x, middle_y = (i + j + 1) / 2, (i - j) / 2
    along, across = (np.abs((m / n * 2) % 1 - 0.5) * 2 for m in (middle_x, middle_y))
    diamond = along + across
    dark, light = ((0.2, 0.13, 0.07), (0.75, 0.62, 0.38)) if rng.random() < 0.5 else ((0.08, 0.16, 0.05), (0.6, 0.66, 0.3))
    skin = blend(light, np.array(light) * 0.55, smoothstep(0.55, 0.6, diamond) * (1 - smoothstep(1.3, 1.35, diamond)))
    skin = blend(skin, dark, 1 - smoothstep(0.6, 0.65, diamond))
    return skin * (0.35 + 0.65 * height)[..., None], height


def _bricks(rng: Random) -> tuple[Array, Array]:
    rows, columns = 8, 4
    at = (np.arange(SIDE) + 0.5) / SIDE
    x, y = np.meshgrid(at, at)
    row = np.floor(y * rows)
    across = x * columns + 0.5 * (row % 2)
    shade = rng.uniform(0.72, 1.2, (rows, columns))[row.astype(int), np.floor(across).astype(int) % columns]
    edge = np.minimum(0.5 - np.abs(across % 1 - 0.5), (0.5 - np.abs(y * rows % 1 - 0.5)) * columns / rows)
    height = smoothstep(0.025, 0.055, edge + 0.006 * fbm(rng, SIDE, SIDE, 1.2))
    grain = 1 + 0.12 * fbm(rng, SIDE, SIDE, 0.8)
    brick = np.array((0.6, 0.24, 0.16)) * (shade * grain)[..., None]
    return blend(np.array((0.74, 0.71, 0.66)) * grain[..., None], brick, height), height


def _knit(rng: Random) -> tuple[Array, Array]:
    columns, rows = 9, 10
    at = (np.arange(SIDE) + 0.5) / SIDE
    x, y = np.meshgrid(at * columns, at * rows)
    half = np.abs(x % 1 - 0.5) * 2
    strand = (y + 0.75 * half) % 1
    height = np.sqrt(np.sin(np.pi * strand) * np.sin(np.pi * np.clip(half, 0.02, 0.98)))
    yarns = ((0.82, 0.76, 0.62), (0.62, 0.1, 0.12), (0.15, 0.25, 0.5), (0.2, 0.42, 0.3), (0.8, 0.5, 0.12))
    yarn = np.array(yarns[rng.integers(len(yarns))])
    fibres = 1 + 0.12 * strokes(rng, SIDE, SIDE, 1.2, 0.6, 4.0)
    return yarn * ((0.4 + 0.75 * height) * fibres)[..., None], height


def _camouflage(rng: Random) -> tuple[Array, None]:
    sets = (
        ((0.62, 0.57, 0.42), (0.3, 0.36, 0.2), (0.32, 0.22, 0.13), (0.09, 0.09, 0.08)),
        ((0.8, 0.7, 0.52), (0.62, 0.5, 0.34), (0.42, 0.32, 0.2), (0.86, 0.8, 0.66)),
    )
    colours = sets[int(rng.random() < 0.3)]
    cloth = np.ones((SIDE, SIDE, 1)) * colours[0]
    for colour, least in zip(colours[1:], (0.0, 0.45, 0.85), strict=True):
        blob = _bands(rng, 3.0, 1.8) + 0.18 * fbm(rng, SIDE, SIDE, 1.4)
        cloth = blend(cloth, colour, smoothstep(least - 0.03, least + 0.03, blob))
    return cloth * (1 + 0.04 * fbm(rng, SIDE, SIDE, 0.2)[..., None]), None


def _rust(rng: Random) -> tuple[Array, Array]:
    broad, fine = _bands(rng, 4.0, 2.5), fbm(rng, SIDE, SIDE, 1.0)
    mixed = broad + 0.7 * fine
    metal = blend((0.24, 0.1, 0.05), (0.62, 0.27, 0.08), smoothstep(-1.4, 0.6, mixed))
    metal = blend(metal, (0.82, 0.46, 0.18), smoothstep(0.6, 2.0, mixed))
    pits = smoothstep(1.3, 1.7, fbm(rng, SIDE, SIDE, 1.2))
    return metal * (1 - 0.6 * pits)[..., None], np.clip(0.5 + 0.16 * mixed - 0.4 * pits, 0, 1)


def _moss(rng: Random) -> tuple[Array, Array]:
    cushion = smoothstep(0.0, 0.8, _cracks(rng, 7, 0.3))
    fine = fbm(rng, SIDE, SIDE, 0.5)
    height = np.clip(0.55 * cushion + 0.22 + 0.14 * fine, 0, 1)
    green = blend((0.09, 0.17, 0.03), (0.5, 0.64, 0.16), height)
    green = blend(green, (0.7, 0.76, 0.3), 0.5 * smoothstep(1.2, 2.4, fine))
    return green, height


_WORDS = "council votes on new bridge as rain stops play again mayor says plan will cost town more than first thought".split()


def _newspaper(rng: Random) -> tuple[Array, None]:
    columns, side, ink = 4, 512, (20, 20, 22)
    width = side // columns

    def some(n: int) -> str:
        return " ".join(_WORDS[i] for i in rng.integers(0, len(_WORDS), n))

    def column(d: Any, left: int) -> None:
        y = int(rng.integers(2, 12))
        while y < side - 60:
            kind = rng.random()
            if kind < 0.4:
                for _ in range(2):
                    d.text((left, y), _fitting(some(4).upper(), width - 10), font=font(26), fill=ink)
                    y += 26
                y += 8
            elif kind < 0.55:
                grey = int(rng.integers(50, 110))
                d.rectangle((left, y, left + width - 12, y + 56), fill=(grey,) * 3)
                d.chord((left + 25, y + 14, left + width - 37, y + 98), 180, 360, fill=(grey + 80,) * 3)
                y += 66
            for _ in range(int(rng.integers(3, 7))):
                d.text((left, y), _fitting(some(8), width - 10, 12), font=font(12), fill=(30, 30, 33))
                y += 13
            y += 7

    def page(d: Any, _: object) -> None:
        d.rectangle((0, 0, side, side), fill=(226, 220, 204))
        for i in range(columns):
            column(d, i * width + 6)
            d.line((i * width, 0, i * width, side), fill=(120, 118, 112), width=2)

    return drawing(side, side, page), None


def _fitting(text: str, width: int, size: int = 26) -> str:
    while font(size).getlength(text) > width:
        text = text[:-1]
    return text


def _peel(rng: Random) -> tuple[Array, Array]:
    pores = _nearest(_points(rng, 22, 0.3), 1)[..., 0] * 22
    height = smoothstep(0.0, 0.5, pores)
    shade = np.clip(0.6 + 0.4 * height + 0.03 * fbm(rng, SIDE, SIDE, 1.6), 0, 1)
    return np.array((0.97, 0.52, 0.06)) * shade[..., None], height


def _lava(rng: Random) -> tuple[Array, Array]:
    crack = _cracks(rng, 7, 0.35)
    width = 0.1 + 0.06 * np.clip(_bands(rng, 3.0, 2.0), -1.2, 2)
    crust = np.array((0.075, 0.065, 0.06)) * (1 + 0.3 * fbm(rng, SIDE, SIDE, 1.1)[..., None])
    glow = np.clip(1 - crack / (2.2 * width), 0, 1)
    hot = blend((0.75, 0.1, 0.01), (1.0, 0.8, 0.25), smoothstep(0.45, 0.95, glow))
    return blend(crust, hot, smoothstep(0.08, 0.45, glow)), np.clip(crack * 1.5, 0, 1)


def _bark(rng: Random) -> tuple[Array, Array]:
    plate = 1.5 * _cracks(rng, 8, 0.2, box=(1.0, 0.4))  # plates higher than wide
    fibres = strokes(rng, SIDE, SIDE, np.pi / 2, 1.1, 7.0)
    height = np.clip(0.7 * smoothstep(0.02, 0.55, plate) + 0.15 + 0.1 * fibres, 0, 1)
    wood = blend((0.09, 0.06, 0.045), (0.46, 0.36, 0.27), height)
    return wood * (1 + 0.08 * fibres[..., None]), height


SKINS: Mapping[str, Skin] = {
    "zebra": Skin(_zebra, 1.3),
    "tiger": Skin(_tiger, 1.3),
    "leopard": Skin(_leopard, 1.3),
    "elephant": Skin(_elephant, 1.2, relief=0.02, roughness=0.8),
    "snake": Skin(_snake, 1.3, relief=0.012, roughness=0.35, specular=0.5),
    "bricks": Skin(_bricks, 1.2, relief=0.012, roughness=0.9),
    "knit": Skin(_knit, 1.1, relief=0.03, roughness=1.0, specular=0.1),
    "camouflage": Skin(_camouflage, 1.8, roughness=0.9),
    "rust": Skin(_rust, 1.8, relief=0.012, roughness=0.9),
    "moss": Skin(_moss, 1.2, relief=0.04, roughness=1.0, specular=0.1),
    "newspaper": Skin(_newspaper, 0.95, roughness=0.9),
    "orange peel": Skin(_peel, 1.2, relief=0.01, roughness=0.35, specular=0.5),
    "lava": Skin(_lava, 1.2, relief=0.02, roughness=0.8),
    "bark": Skin(_bark, 1.2, relief=0.03, roughness=1.0, specular=0.1),
}
"""By the names of the vocabulary."""
