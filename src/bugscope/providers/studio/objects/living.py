"""In the living room: couch, potted plant."""

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from ..geometry import Mesh, X, Y, Z, block, cylinder, grid_faces, join, revolve, rotation, rounded_box, sphere, spline, tube
from ..materials import Material, Part
from ..textures import choice, fbm, muted, vivid
from . import model

PI = float(np.pi)
SIDES = (-1, 1)
Colour = tuple[float, float, float]
Array = NDArray[np.float64]


# --- couch --------------------------------------------------------------------------------------------------------------


@model(
    "studio couch",
    metres=2.1,
    coco="couch",
    synonyms=("couch", "sofa", "settee", "day bed"),
    plural="studio couches",
    place="floor",
    grounds=("wood", "carpet", "carpet"),
    elevation=(6.0, 22.0),
    azimuth=(-35.0, 35.0),
    distance=(0.85, 1.05),
    max_elevation=68.0,
    views=("above", "low"),
)
def couch(rng: Generator) -> list[Part]:
    """Two or three seat cushions between arms, a padded back, feet, and most often throw pillows."""
    seats = choice(rng, 2, 3, 3)
    width = 1.35 * seats
    colour: Colour = choice(rng, muted(rng), (0.75, 0.68, 0.56), (0.35, 0.36, 0.4), (0.5, 0.12, 0.1), (0.28, 0.17, 0.11))
    weave = fbm(rng, 128, 128, 0.3)
    cloth = Material(np.clip(np.array(colour) * (1 + 0.07 * weave[..., None]), 0, 1), roughness=0.85, specular=0.2)
    base = block(width + 0.2, 1.7, 0.5, (0, 0, 0.5), 0.06, steps=4)
    back = block(width + 0.2, 0.4, 1.3, (0, 0.72, 1.1), 0.15, steps=4)
    arms = [block(0.42, 1.8, 1.1, (s * (width / 2 + 0.16), -0.03, 0.8), 0.17, steps=4) for s in SIDES]
    cushions, backs = [], []
    for i in range(seats):
        x = (i - (seats - 1) / 2) * 1.33
        cushions.append(_cushion(1.33, 1.35, 0.4).moved(shift=(x, -0.2, 0.9)))
        backs.append(_cushion(1.33, 0.95, 0.42).moved(rotate=(X, 78), shift=(x, 0.42, 1.45)))
    feet = [cylinder(0.08, 0.27, 12, 0.1).moved(shift=(x * (width / 2), y, 0)) for x in SIDES for y in (-0.7, 0.7)]
    parts = [
        Part(join([base, back, *arms, *cushions, *backs]), cloth, main=True),
        Part(join(feet), Material((0.18, 0.1, 0.06), roughness=0.4)),
    ]
    if rng.random() < 0.8:
        for s in SIDES if rng.random() < 0.7 else (1,):
            lean = rotation(Z, -18.0 * s) @ rotation(X, 65)
            pillow = _cushion(0.85, 0.85, 0.36).moved(rotate=lean, shift=(s * (width / 2 - 0.45), 0.02, 1.42))
            parts.append(Part(pillow, Material(vivid(rng), roughness=0.9, specular=0.2)))
    return parts


def _cushion(x: float, y: float, z: float) -> Mesh:
    """A pillow: thick in the middle, thin at its seams."""
    pad = rounded_box(x, y, z, min(x, y, z) * 0.45, 8)
    a, b = pad.vertices[:, 0] / x * 2, pad.vertices[:, 1] / y * 2
    pad.vertices[:, 2] *= 1 + 0.25 * (1 - a**2) * (1 - b**2)
    return pad.smoothed()


# --- potted plant -------------------------------------------------------------------------------------------------------


@model(
    "pot",
    metres=0.45,
    coco="potted plant",
    synonyms=("potted plant", "flowerpot", "flower pot", "houseplant", "house plant"),
    grounds=("wood", "white", "concrete"),
    elevation=(8.0, 28.0),
    distance=(0.85, 1.05),
    max_elevation=72.0,
    views=("above", "low"),
    materials=("metal", "gold", "wood"),
)
def pot(rng: Generator) -> list[Part]:
    """A terracotta or glazed pot with a rim, on a saucer, with a leafy, a grassy or a flowering plant in soil."""
    clay: Colour = choice(rng, (0.72, 0.36, 0.2), (0.72, 0.36, 0.2), (0.66, 0.4, 0.26), (0.9, 0.9, 0.88), vivid(rng))
    image = np.clip(np.array(clay) * (1 + 0.07 * fbm(rng, 128, 256, 1.4)[..., None]), 0, 1)
    outside = [[(0, 0), (0.62, 0)], [(0.62, 0), (0.9, 1.2)], [(0.9, 1.2), (1.02, 1.2)], [(1.02, 1.2), (1.06, 1.55)]]
    vessel = revolve([*outside, [(1.06, 1.55), (0.94, 1.55)], [(0.94, 1.55), (0.88, 1.2)]], 72)
    saucer = revolve(
        [[(0, -0.12), (0.85, -0.12)], [(0.85, -0.12), (0.98, 0.08)], [(0.98, 0.08), (0.9, 0.08)], [(0.9, 0.08), (0, 0.0)]]
    )
    kind = choice(rng, "leafy", "grassy", "flowering")
    green: Colour = choice(rng, (0.14, 0.36, 0.08), (0.2, 0.42, 0.12), (0.1, 0.28, 0.08))
    parts = [
        Part(join([vessel, saucer]), Material(image, roughness=0.6), main=True),
        Part(cylinder(0.92, 0.05, 40).moved(shift=(0, 0, 1.38)), Material((0.12, 0.08, 0.05), roughness=0.95, specular=0.1)),
        Part(_foliage(rng, kind), Material(green, roughness=0.45)),
    ]
    if kind == "flowering":
        parts += _flowers(rng)
    return parts


def _blade(length: float, half: float, lean: float, droop: float) -> Mesh:
    """A leaf along x that rises and droops."""
    t = np.linspace(0, 1, 10)
    x, z = length * t * np.sin(lean), length * (t * np.cos(lean) - droop * t**2)
    width = half * np.sin(PI * np.clip(t, 0.03, 0.98) ** 0.8)
    rows = [np.stack([x, s * width, z + 0.25 * abs(s) * width], 1) for s in (-1, 0, 1)]
    return Mesh(np.vstack(rows), grid_faces(3, 10), np.zeros((30, 2))).smoothed()


def _foliage(rng: Generator, kind: str) -> Mesh:
    leaves = []
    for i in range(46 if kind == "grassy" else 60):
        turn, lean = i * 137.5, float(np.radians(rng.uniform(8, 70)))
        if kind == "grassy":
            blade = _blade(float(rng.uniform(1.6, 2.6)), 0.08, lean, float(rng.uniform(0.1, 0.45)))
            leaves.append(blade.moved(rotate=(Z, turn), shift=(0, 0, 1.4)))
            continue
        height = float(rng.uniform(0.2, 1.5)) * float(np.cos(lean)) + 0.2
        out = float(np.sin(lean)) * float(rng.uniform(0.3, 0.9))
        blade = _blade(float(rng.uniform(0.5, 0.9)), float(rng.uniform(0.17, 0.26)), lean + 0.4, 0.25)
        leaves.append(blade.moved(shift=(out, 0, 1.4 + height)).moved(rotate=(Z, turn)))
        if i % 3 == 0:
            stem = tube(spline([(0.1, 0, 1.35), (out * 0.5, 0, 1.4 + height * 0.6), (out, 0, 1.4 + height)], 8), 0.025, 5)
            leaves.append(stem.moved(rotate=(Z, turn)))
    return join(leaves)


def _flowers(rng: Generator) -> list[Part]:
    """Blossoms of five petals on top."""
    petals, hearts = [], []
    for i in range(choice(rng, 9, 14, 18)):
        lean = float(rng.uniform(0, 60))
        up = rotation(Z, i * 137.5) @ rotation(Y, lean)
        place = up @ np.array([0, 0, float(rng.uniform(1.0, 1.6))]) + (0, 0, 1.6)
        for k in range(5):
            petal = sphere(1, 12, 8).moved(scale=(0.16, 0.11, 0.03), shift=(0.15, 0, 0.02)).moved(rotate=(Z, 72.0 * k))
            petals.append(petal.moved(rotate=up, shift=place))
        hearts.append(sphere(0.06, 12, 8).moved(shift=place))
    return [
        Part(join(petals), Material(vivid(rng), roughness=0.6)),
        Part(join(hearts), Material((0.9, 0.75, 0.1), roughness=0.7)),
    ]
