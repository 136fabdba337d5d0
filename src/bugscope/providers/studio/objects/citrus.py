"""Citrus fruit, whole and cut: orange, lemon."""

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from ..geometry import Mesh, X, Z, cylinder, join, revolve, rotation, sphere, spline
from ..materials import Material, Part
from ..textures import blend, choice, fbm, smoothstep
from . import model

PI = float(np.pi)
Colour = tuple[float, float, float]
Array = NDArray[np.float64]
KITCHEN = ("wood", "wood", "cloth", "white", "marble")
LEAF = Material((0.12, 0.3, 0.06), roughness=0.35, clearcoat=0.3)


def _peel(rng: Generator, colour: Colour) -> Material:
    """A glossy skin full of pores."""
    pores = smoothstep(0.4, 1.6, fbm(rng, 256, 512, 0.2))
    image = np.array(colour) * (1 + 0.02 * fbm(rng, 256, 512, 1.8)[..., None]) * (1 - 0.1 * pores[..., None])
    return Material(np.clip(image, 0, 1), roughness=0.3, clearcoat=0.4, bump=-pores, bump_scale=0.008)


def _half(peel: Material, flesh: Material, turned: Array, place: Array) -> list[Part]:
    """A half of radius 1 with its cut face along z before it is turned."""
    dome = revolve([[(np.sin(a), -np.cos(a)) for a in np.linspace(0.001, PI / 2, 24)]], 64)
    face = revolve([np.c_[np.linspace(1, 0, 12), np.zeros(12)]], 64)
    return [
        Part(dome.moved(rotate=turned, shift=place), peel, main=True),
        Part(face.moved(rotate=turned, shift=place), flesh),
    ]


def _flesh(rng: Generator, peel: Colour, pulp: Colour, segments: int = 10) -> Material:
    """The cut face in polar coordinates [192, 768, 3]: row 0 is the rim. Peel, pith, and segments between pale walls."""
    depth, u = np.mgrid[0:1:192j, 0:1:768j]
    radius = 1 - depth
    aside = np.abs((u * segments) % 1 - 0.5)
    wall = radius * 2 * PI / segments * (0.5 - aside)
    inside = smoothstep(0.015, 0.05, wall) * smoothstep(0.85, 0.82, radius) * smoothstep(0.1, 0.16, radius)
    inside *= smoothstep(0.0, 0.06, 0.86 - radius - 0.5 * np.maximum(aside - 0.36, 0))
    juicy = np.array(pulp) * (1 + 0.14 * fbm(rng, 192, 768, 1.1, (0.15, 1.0))[..., None])
    image = blend((0.97, 0.9, 0.72), juicy, inside)
    return Material(np.clip(blend(image, peel, smoothstep(0.93, 0.95, radius)), 0, 1), roughness=0.15, clearcoat=0.4)


def _lowest(mesh: Mesh) -> float:
    return float(mesh.vertices[:, 2].min())


def _upturned(rng: Generator) -> Array:
    """A cut face that looks at the viewer and somewhat up."""
    return rotation(Z, float(rng.uniform(-25, 25))) @ rotation(X, float(rng.uniform(45, 75)))


# --- orange -------------------------------------------------------------------------------------------------------------


@model(
    "orange",
    metres=0.08,
    coco="orange",
    grounds=KITCHEN,
    elevation=(15.0, 40.0),
    azimuth=(-25.0, 25.0),
    distance=(0.78, 1.0),
    views=("above", "low"),
    materials=("gold", "metal"),
)
def orange(rng: Generator) -> list[Part]:
    """One to three oranges with the rest of the stalk, and a half in front."""
    colour: Colour = choice(rng, (0.95, 0.47, 0.03), (0.97, 0.53, 0.05), (0.93, 0.42, 0.02))
    peel = _peel(rng, colour)
    number = choice(rng, 1, 2, 3)
    fruit, buttons = [], []
    for i in range(number):
        turned = rotation(Z, float(rng.uniform(0, 360))) @ rotation(X, float(rng.uniform(-50, 70)))
        place = np.array([2.0 * (i % 2) + (i // 2), 1.75 * (i // 2), 0.95])
        fruit.append(_orange().moved(rotate=turned, shift=place))
        buttons.append(cylinder(0.09, 0.05, 10).moved(shift=(0, 0, 0.9)).moved(rotate=turned, shift=place))
    parts = [Part(join(fruit), peel, main=True), Part(join(buttons), Material((0.25, 0.3, 0.08), roughness=0.8))]
    flesh = _flesh(rng, colour, (0.97, 0.55, 0.08))
    return [*parts, *_half(peel, flesh, _upturned(rng), np.array([float(rng.uniform(-0.3, 1.3)), -1.75, 0.97]))]


def _orange() -> Mesh:
    return sphere(1, 72, 48, lambda d: 1 - 0.05 * d[..., 2] ** 2 - 0.05 * np.exp(-(1 - d[..., 2]) / 0.02))


# --- lemon --------------------------------------------------------------------------------------------------------------


@model(
    "lemon",
    metres=0.09,
    grounds=KITCHEN,
    elevation=(18.0, 45.0),
    azimuth=(-25.0, 25.0),
    distance=(0.78, 1.0),
    views=("above", "low"),
    materials=("gold", "metal"),
)
def lemon(rng: Generator) -> list[Part]:
    """One to three lemons with pointed ends, a half in front, and some leaves."""
    colour: Colour = choice(rng, (1.0, 0.79, 0.02), (1.0, 0.82, 0.05), (0.99, 0.76, 0.02))
    peel = _peel(rng, colour)
    fruit = []
    for i in range(choice(rng, 1, 2, 3)):
        turned = rotation(Z, float(rng.uniform(0, 180))) @ rotation(X, float(rng.uniform(75, 105)))
        one = _lemon().moved(rotate=turned)
        fruit.append(one.moved(shift=(2.3 * (i % 2) + 1.1 * (i // 2), 2.1 * (i // 2), -_lowest(one))))
    parts = [Part(join(fruit), peel, main=True)]
    flesh = _flesh(rng, colour, (1.0, 0.88, 0.3), choice(rng, 9, 10))
    parts += _half(peel, flesh, _upturned(rng), np.array([float(rng.uniform(-0.2, 1.4)), -2.0, 0.96]))
    if rng.random() < 0.5:
        parts.append(Part(join([_leaf(rng).moved(shift=(-1.5, -0.9 + 0.5 * i, 0.12)) for i in range(2)]), LEAF))
    return parts


def _lemon() -> Mesh:
    profile = [(0.001, -1.55), (0.14, -1.5), (0.25, -1.3), (0.62, -0.92), (0.93, -0.3), (0.95, 0.25), (0.66, 0.85)]
    return revolve([spline([*profile, (0.32, 1.2), (0.2, 1.36), (0.001, 1.42)], 60)], 72)


def _leaf(rng: Generator) -> Mesh:
    """A blade that lies on the ground."""
    blade = sphere(1, 32, 12).moved(scale=(1.0, 0.42, 0.04))
    x, y = blade.vertices[:, 0], blade.vertices[:, 1]
    blade.vertices[:, 1] = y * (1 - 0.5 * np.abs(x))
    blade.vertices[:, 2] += 0.25 * np.abs(y) + 0.12 * x**2
    return blade.smoothed().moved(rotate=(Z, float(rng.uniform(90, 270))))
