"""Ties: bow tie, necktie ("Windsor tie")."""

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from ..geometry import Mesh, Y, Z, extrude, join, rounded_box, spline, tube
from ..materials import Material, Part
from ..textures import blend, choice, fbm, vivid
from . import model

SIDES = (-1, 1)
Array = NDArray[np.float64]
Colour = tuple[float, float, float]


def _silk(rng: Generator) -> Material:
    """Plain, striped, dotted or chequered silk, [256, 256, 3]."""
    base: Colour = choice(rng, (0.08, 0.1, 0.25), (0.45, 0.05, 0.08), (0.05, 0.05, 0.06), vivid(rng))
    second: Colour = choice(rng, (0.9, 0.88, 0.82), (0.8, 0.65, 0.2), vivid(rng))
    y, x = np.mgrid[0:1:256j, 0:1:256j]
    n = choice(rng, 5, 7, 9)
    dots = np.hypot((x * n + 0.5 * (np.floor(y * n * 1.3) % 2)) % 1 - 0.5, ((y * n * 1.3) % 1 - 0.5) * 0.8) < 0.2
    stripes = (x + y * 1.2) * n % 1 < choice(rng, 0.3, 0.5)
    chequers = ((x * n) % 1 < 0.5) ^ ((y * n) % 1 < 0.5)
    pattern = choice(rng, 0.0 * x, dots, dots, stripes, stripes, 0.5 * chequers)
    image = blend(base, second, pattern) * (1 + 0.04 * fbm(rng, 256, 256, 0.3)[..., None])
    return Material(np.clip(image, 0, 1), roughness=0.45, clearcoat=0.15)


@model(
    "bow tie",
    metres=0.12,
    coco="tie",
    synonyms=("bowtie", "bow-tie"),
    grounds=("white", "white", "wood"),
    elevation=(40.0, 78.0),
    azimuth=(-25.0, 25.0),
    distance=(0.8, 1.0),
    yaw=(-12.0, 12.0),
    max_elevation=88.0,
    views=("above",),
)
def bow_tie(rng: Generator) -> list[Part]:
    """Two gathered wings with a second pair behind them, and a knot; lying on its back."""
    silk = _silk(rng)
    wings = [_wing(side, 1.0) for side in SIDES] + [
        _wing(side, 0.88).moved(rotate=(Z, 7.0 * side), shift=(0, 0, -0.1)) for side in SIDES
    ]
    knot = rounded_box(0.34, 0.46, 0.36, 0.12, 6).moved(shift=(0, 0, 0.28))
    return [Part(join([*wings, knot]), silk, main=True)]


def _wing(side: int, size: float) -> Mesh:
    """One wing along x: gathered at the knot, full and folded at its end."""
    wing = rounded_box(2.0, 2.0, 0.5, 0.2, 10)
    x, y, z = wing.vertices.T
    t = (x + 1) / 2
    width = 0.2 + 0.62 * t**0.8
    fold = 0.07 * np.cos(y * 5.0) * (1 - t) ** 0.6 + 0.1 * np.exp(-((y / 0.3) ** 2)) * (1 - t)
    wing.vertices = np.c_[side * (0.1 + 1.15 * t + 0.06 * np.abs(y) * t), width * y, 0.22 + z * (0.35 + 0.45 * t) + fold] * size
    if side < 0:
        wing.faces = np.ascontiguousarray(wing.faces[:, ::-1])
    wing.uv = np.c_[0.5 + side * t / 2, (y + 1) / 2]
    return wing.smoothed()


@model(
    "Windsor tie",
    metres=0.5,
    coco="tie",
    synonyms=("necktie", "tie"),
    grounds=("white", "white", "wood"),
    elevation=(55.0, 82.0),
    azimuth=(-20.0, 20.0),
    distance=(0.55, 0.7),
    yaw=(-15.0, 15.0),
    max_elevation=88.0,
    views=("above",),
)
def necktie(rng: Generator) -> list[Part]:
    """A knotted tie on the front of a shirt, under its collar."""
    silk = _silk(rng)
    shirt: Colour = choice(rng, (0.93, 0.93, 0.93), (0.93, 0.93, 0.93), (0.65, 0.75, 0.9), (0.9, 0.75, 0.78))
    cloth = Material(
        np.clip(np.array(shirt) * (1 + 0.03 * fbm(rng, 128, 128, 0.6)[..., None]), 0, 1), roughness=0.85, specular=0.2
    )
    blade = _bulged(np.array([(-0.2, -0.35), (0.2, -0.35), (0.62, -3.5), (0.0, -4.2), (-0.62, -3.5)]), 0.16)
    knot = _bulged(np.array([(-0.42, 0.2), (0.42, 0.2), (0.22, -0.52), (-0.2, -0.48)]), 0.3)
    front = extrude([np.array([(-1.5, 0.2), (-0.6, 0.5), (0.6, 0.5), (1.5, 0.2), (1.5, -4.4), (-1.5, -4.4)])], 0.1)
    flaps = []
    for s in SIDES:
        flap = np.array([(0.12 * s, 0.3), (0.95 * s, 0.75), (1.0 * s, -0.1), (0.62 * s, -0.85)])
        flaps.append(extrude([flap], 0.07).moved(rotate=(Y, 6.0 * s), shift=(0, 0, 0.24)))
    band = tube(spline([(-0.85, 0.6, 0.2), (0, 1.0, 0.15), (0.85, 0.6, 0.2)], 20), 0.2, 12)
    return [
        Part(join([blade.moved(shift=(0, 0, 0.12)), knot.moved(shift=(0, 0, 0.18))]), silk, main=True),
        Part(join([front, *flaps, band]), cloth),
    ]


def _bulged(outline: Array, height: float) -> Mesh:
    """An outline as a padded slab: two steps high."""
    low, high = extrude([outline], height * 0.5), extrude([outline * (0.9, 0.985)], height)
    return join([low, high])
