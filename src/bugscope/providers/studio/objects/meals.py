"""Food that is served or cooked: hot dog, broccoli, a bowl of soup."""

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from ..geometry import (
    Mesh,
    X,
    Z,
    circle,
    cylinder,
    extrude,
    join,
    revolve,
    rotation,
    sphere,
    spline,
    tube,
)
from ..materials import Material, Part
from ..textures import blend, choice, fbm, fibonacci_sphere, smoothstep, vivid
from . import model
from .pizza import scattered

PI = float(np.pi)
Colour = tuple[float, float, float]
Array = NDArray[np.float64]
KITCHEN = ("wood", "wood", "cloth", "white", "marble")
PORCELAIN = Material((0.93, 0.93, 0.92), roughness=0.12, clearcoat=0.6)


# --- hot dog ------------------------------------------------------------------------------------------------------------


@model(
    "hotdog",
    metres=0.17,
    coco="hot dog",
    synonyms=("hot dog",),
    grounds=KITCHEN,
    elevation=(25.0, 50.0),
    azimuth=(-30.0, 30.0),
    distance=(0.72, 0.9),
    yaw=(-35.0, 35.0),
    max_elevation=85.0,
    views=("above", "low"),
)
def hot_dog(rng: Generator) -> list[Part]:
    """A sausage in an open bun under a wave of mustard, some with ketchup or a frill of lettuce; at times on a plate."""
    roll = blend((0.88, 0.6, 0.28), (0.62, 0.33, 0.11), smoothstep(-0.6, 1.4, fbm(rng, 128, 128, 1.6)))
    sausage_skin = np.array(choice(rng, (0.55, 0.16, 0.07), (0.62, 0.22, 0.1), (0.48, 0.13, 0.06)))
    parts = [
        Part(join([_bun_half(side) for side in (-1, 1)]), Material(roll, roughness=0.5, clearcoat=0.15), main=True),
        Part(_crumb(), Material((0.96, 0.9, 0.74), roughness=0.9)),
        Part(
            _sausage(),
            Material(np.clip(sausage_skin * (1 + 0.1 * fbm(rng, 64, 64, 1.5)[..., None]), 0, 1), roughness=0.2, clearcoat=0.5),
        ),
        Part(_wave(rng, choice(rng, 7, 9, 11), 0.12), Material((0.93, 0.7, 0.04), roughness=0.2, clearcoat=0.4)),
    ]
    if rng.random() < 0.35:
        parts.append(Part(_wave(rng, 5, 0.2), Material((0.7, 0.04, 0.02), roughness=0.15, clearcoat=0.6)))
    if rng.random() < 0.4:
        parts.append(Part(_lettuce(rng), Material((0.35, 0.6, 0.15), roughness=0.4)))
    if rng.random() < 0.2:
        plate = revolve([[(0, -0.1), (1.5, -0.1)], spline([(1.5, -0.1), (2.2, 0.0), (2.5, 0.1)], 12), [(2.5, 0.1), (0, -0.06)]])
        parts.append(Part(plate, PORCELAIN))
    return parts


def _bun_half(side: int) -> Mesh:
    half = sphere(1, 64, 32)
    x, y, z = half.vertices.T
    blunt = np.sign(x) * np.abs(x) ** 0.75
    half.vertices = np.c_[1.75 * blunt, 0.42 * y, 0.46 * np.where(z < 0, 0.75 * z, z)]
    return half.smoothed().moved(rotate=(X, -12.0 * side), shift=(0, 0.44 * side, 0.4))


def _crumb() -> Mesh:
    """The pale inside of the bun between its halves."""
    return sphere(1, 48, 16).moved(scale=(1.62, 0.45, 0.35), shift=(0, 0, 0.38))


def _sausage() -> Mesh:
    t = np.linspace(-1, 1, 60)
    path = np.stack([1.98 * t, 0 * t, 0.68 + 0.1 * t**2], 1)
    return tube(path, 0.29 * np.clip(1 - np.abs(t) ** 14, 0.02, 1) ** 0.5, 28)


def _wave(rng: Generator, turns: int, wide: float) -> Mesh:
    t = np.linspace(-1, 1, 140)
    y = wide * np.sin(t * turns * PI + float(rng.uniform(0, 6)))
    z = 0.68 + 0.1 * t**2 + np.sqrt(np.maximum(0.29**2 - y**2, 0.01)) + 0.015
    return tube(np.stack([1.72 * t, y, z], 1), 0.055, 10)


def _lettuce(rng: Generator) -> Mesh:
    """A frill along one side of the sausage."""
    t = np.linspace(-1, 1, 90)
    frill = 0.08 * np.sin(t * 25 + float(rng.uniform(0, 6)))
    return tube(np.stack([1.6 * t, -0.32 + frill, 0.72 + 0.6 * frill], 1), 0.07, 8)


# --- broccoli -----------------------------------------------------------------------------------------------------------


@model(
    "broccoli",
    metres=0.2,
    coco="broccoli",
    synonyms=("broccoli head", "head of broccoli"),
    plural="broccolis",
    grounds=KITCHEN,
    elevation=(12.0, 40.0),
    views=("above", "upside down", "low"),
)
def broccoli(rng: Generator) -> list[Part]:
    """One head, leaning or lying, or two: a dome of knobbly florets on a pale branched stem."""
    green = np.array(choice(rng, (0.16, 0.36, 0.08), (0.13, 0.32, 0.1), (0.2, 0.4, 0.1)))
    buds = fbm(rng, 128, 128, 0.5)
    image = np.clip(green * (1 + 0.25 * buds[..., None]), 0, 1)
    knobs = Material(image, roughness=0.7, bump=buds, bump_scale=0.05)
    stem = Material(np.clip(np.array((0.6, 0.7, 0.36)) * (1 + 0.05 * fbm(rng, 64, 64)[..., None]), 0, 1), roughness=0.5)
    parts = []
    for i in range(choice(rng, 1, 1, 2)):
        lean = rotation(Z, float(rng.uniform(-60, 60))) @ rotation(X, choice(rng, 10.0, 25.0, 70.0, -15.0))
        crown, stalk = _head(rng)
        low = min(float((crown.vertices @ lean.T)[:, 2].min()), float((stalk.vertices @ lean.T)[:, 2].min()))
        place = (2.3 * i, 0.5 * i, -low)
        parts.append(Part(crown.moved(rotate=lean, shift=place), knobs, main=True))
        parts.append(Part(stalk.moved(rotate=lean, shift=place), stem))
    return parts


def _head(rng: Generator) -> tuple[Mesh, Mesh]:
    """The florets and the stem that carries them."""
    florets, branches = [], [tube([(0, 0, -1.3), (0, 0, -0.9), (0, 0, -0.2)], [0.3, 0.28, 0.34], 20)]
    for d in fibonacci_sphere(22):
        if d[2] < -0.15:
            continue
        size = float(rng.uniform(0.34, 0.46))
        centre = d * (0.95, 0.95, 0.62) * float(rng.uniform(0.9, 1.02)) + (0, 0, 0.1)
        florets.append(_floret(rng, size).moved(shift=centre))
        branches.append(tube([(0, 0, -0.5), centre * 0.5 + (0, 0, -0.12), centre], [0.14, 0.13, 0.12], 8))
    florets.append(_floret(rng, 0.62).moved(shift=(0, 0, 0.2)))
    return join(florets), join(branches)


def _floret(rng: Generator, size: float) -> Mesh:
    """A ball of some sixty knobs."""
    knobs = fibonacci_sphere(60) @ rotation(tuple(rng.normal(size=3)), float(rng.uniform(0, 360))).T

    def shape(d: Array) -> Array:
        return np.asarray(0.88 + 0.2 * np.exp(-((np.arccos(np.clip((d @ knobs.T).max(-1), -1, 1)) / 0.14) ** 2)))

    return sphere(size, 40, 26, shape)


# --- soup bowl ----------------------------------------------------------------------------------------------------------


@model(
    "soup bowl",
    metres=0.2,
    coco="bowl",
    synonyms=("bowl", "bowl of soup"),
    grounds=KITCHEN,
    elevation=(20.0, 42.0),
    distance=(0.76, 0.96),
    max_elevation=62.0,
    views=("above", "low"),
    materials=("metal", "wood", "gold"),
)
def soup_bowl(rng: Generator) -> list[Part]:
    """A bowl of soup with vegetables and herbs, most often on a plate and with a spoon beside it."""
    height = float(rng.uniform(0.55, 0.85))
    outside = spline([(0.42, 0.06), (0.75, 0.22), (0.95, height * 0.7), (1.02, height)], 30)
    inside = spline([(0.96, height), (0.89, height * 0.7), (0.68, 0.25), (0.35, 0.14)], 24)
    bowl = revolve(
        [
            [(0, 0), (0.42, 0)],
            [(0.42, 0), (0.42, 0.06)],
            outside,
            [(1.02, height), (0.96, height)],
            inside,
            [(0.35, 0.14), (0, 0.13)],
        ],
        96,
    )
    colour: Colour = choice(rng, (0.93, 0.93, 0.9), (0.93, 0.93, 0.9), (0.9, 0.86, 0.76), vivid(rng))
    level = height * 0.75
    broth: Colour = choice(rng, (0.78, 0.45, 0.12), (0.72, 0.25, 0.06), (0.85, 0.65, 0.3), (0.5, 0.5, 0.15))
    cloudy = fbm(rng, 128, 128, 1.8)
    soup = extrude([circle(0.92, 64)], 0.01).moved(shift=(0, 0, level))
    parts = [
        Part(bowl, Material(colour, roughness=0.12, clearcoat=0.6), main=True),
        Part(soup, Material(np.clip(np.array(broth) * (1 + 0.1 * cloudy[..., None]), 0, 1), roughness=0.08, clearcoat=0.5)),
        *_vegetables(rng, level),
    ]
    if rng.random() < 0.3:
        rim = spline([(0.7, -0.06), (1.1, 0.0), (1.25, 0.06)], 12)
        parts.append(Part(revolve([[(0, -0.06), (0.7, -0.06)], rim, [(1.25, 0.06), (0, -0.02)]]), PORCELAIN))
    if rng.random() < 0.7:
        steel = Material((0.78, 0.78, 0.78), roughness=0.15, metallic=1.0)
        parts.append(Part(_spoon(level).moved(rotate=(Z, float(rng.uniform(-70, 70)))), steel))
    return parts


def _vegetables(rng: Generator, level: float) -> list[Part]:
    """Slices of carrot, dumplings and chopped herbs that float."""
    carrots = [
        cylinder(0.11, 0.05, 20).moved(rotate=(X, float(rng.uniform(-15, 15))), shift=(x, y, level - 0.01))
        for x, y in scattered(rng, 7, 0.72, 0.25)
    ]
    dumplings = [sphere(0.12, 16, 10).moved(scale=(1, 0.8, 0.5), shift=(x, y, level)) for x, y in scattered(rng, 5, 0.7, 0.3)]
    herbs = [
        sphere(1, 8, 6).moved(scale=(0.05, 0.025, 0.008), rotate=(Z, float(rng.uniform(0, 360))), shift=(x, y, level + 0.015))
        for x, y in scattered(rng, 40, 0.82, 0.05)
    ]
    return [
        Part(join(carrots), Material((0.92, 0.42, 0.05), roughness=0.3)),
        Part(join(dumplings), Material((0.93, 0.85, 0.62), roughness=0.4)),
        Part(join(herbs), Material((0.1, 0.35, 0.06), roughness=0.5)),
    ]


def _spoon(level: float) -> Mesh:
    """In the soup, its handle over the rim and away from the viewer."""
    cup = sphere(1, 32, 16).moved(scale=(0.2, 0.3, 0.08), shift=(0, 0.2, level - 0.05))
    handle = tube(spline([(0, 0.4, level), (0, 0.7, level + 0.1), (0, 1.75, level + 0.75)], 20), 0.04, 10)
    return join([cup, handle])
