"""Small things of a kitchen: toaster, wooden spoon."""

import numpy as np
from numpy.random import Generator

from ..finishes import SHEET_STEEL
from ..geometry import Mesh, X, Z, block, cylinder, join, rounded_box, rounded_cylinder, sphere, spline, tube
from ..materials import Material, Part
from ..textures import choice, fbm, vivid, wood
from . import model

SIDES = (-1, 1)
WHITE = Material((0.92, 0.92, 0.91), roughness=0.25, clearcoat=0.3)
BLACK = Material((0.03, 0.03, 0.03), roughness=0.3)
CHROME = Material((0.85, 0.85, 0.86), roughness=0.08, metallic=1.0)


def knob(radius: float, at: tuple[float, float, float]) -> Mesh:
    """A turning knob with its grip, facing -y."""
    grip = rounded_box(0.3 * radius, 0.12, 1.7 * radius, 0.02, 3).moved(shift=(0, -0.12, 0))
    return join([rounded_cylinder(radius, 0.1, 0.02, 32).moved(rotate=(X, 90)), grip]).moved(shift=at)


# --- toaster ------------------------------------------------------------------------------------------------------------


@model(
    "toaster",
    metres=0.3,
    coco="toaster",
    grounds=("wood", "wood", "marble"),
    elevation=(14.0, 34.0),
    azimuth=(-50.0, 50.0),
    distance=(0.85, 1.05),
    max_elevation=75.0,
    views=("above", "low"),
    materials=("gold", "metal"),
)
def toaster(rng: Generator) -> list[Part]:
    """A rounded case with two slots, a lever and a knob at its end, and two slices of bread."""
    shell = choice(rng, CHROME, CHROME, SHEET_STEEL, WHITE, Material(vivid(rng), roughness=0.2, clearcoat=0.5))
    slots = [block(1.5, 0.2, 0.04, (0, s * 0.27, 1.44), 0.01) for s in SIDES]
    ends = [block(0.22, 1.2, 1.36, (s * 1.04, 0, 0.76), 0.1) for s in SIDES]
    feet = [cylinder(0.08, 0.1, 12).moved(shift=(x, y, 0)) for x in (-0.85, 0.85) for y in (-0.4, 0.4)]
    lever = [block(0.04, 0.08, 0.7, (1.155, 0, 0.9), 0.01), block(0.2, 0.34, 0.12, (1.25, 0, float(rng.uniform(0.95, 1.15))))]
    parts = [
        Part(rounded_box(2.05, 1.24, 1.34, 0.22, 8).moved(shift=(0, 0, 0.78)), shell, main=True),
        Part(join([*slots, *ends, *feet, *lever, knob(0.1, (0, 0, 0)).moved(rotate=(Z, 90), shift=(1.15, 0, 0.42))]), BLACK),
    ]
    crumb = Material(np.clip(np.array((0.86, 0.62, 0.32)) * (1 + 0.14 * fbm(rng, 96, 96, 1.2)[..., None]), 0, 1), roughness=0.9)
    crust = Material((0.5, 0.28, 0.11), roughness=0.8)
    up = float(rng.uniform(1.55, 1.8))
    for s in SIDES:
        parts.append(Part(block(1.26, 0.15, 1.1, (0, s * 0.27, up - 0.2), 0.07), crust))
        parts.append(Part(block(1.14, 0.17, 1.0, (0, s * 0.27, up - 0.21), 0.04), crumb))
    return parts


# --- wooden spoon -------------------------------------------------------------------------------------------------------


@model(
    "wooden spoon",
    metres=0.3,
    coco="spoon",
    synonyms=("cooking spoon",),
    grounds=("white",),
    elevation=(35.0, 75.0),
    distance=(0.66, 0.84),
    yaw=(-110.0, -60.0),
    max_elevation=88.0,
    views=("above",),
    materials=("metal", "gold"),
)
def wooden_spoon(rng: Generator) -> list[Part]:
    """A turned handle and a shallow oval bowl; one of them, or two."""
    dark, light = choice(rng, ((0.48, 0.3, 0.14), (0.68, 0.45, 0.23)), ((0.4, 0.23, 0.11), (0.58, 0.36, 0.18)))
    timber = Material(wood(rng, 256, 256, dark, light), roughness=0.55)
    spoons = []
    for i in range(choice(rng, 1, 1, 2)):
        length = float(rng.uniform(2.9, 3.6))
        path = spline([(0, 0.55, 0.17), (0, 0.9, 0.24), (0, length, 0.16)], 30)
        one = join([_spoon_bowl(), tube(path, np.linspace(0.1, 0.13, 30), 16)])
        spoons.append(one.moved(rotate=(Z, -24.0 * i), shift=(1.0 * i, -0.2 * i, 0)))
    return [Part(join(spoons), timber, main=True)]


def _spoon_bowl() -> Mesh:
    """Hollow on top: the upper half of an ellipsoid is pushed in."""
    bowl = sphere(1, 48, 32)
    x, y, z = bowl.vertices.T
    rim = np.hypot(x, y)
    bowl.vertices = np.c_[0.5 * x, 0.76 * y, 0.24 + np.where(z > 0, -0.17 * (1 - rim**2) ** 1.5, 0.24 * z)]
    bowl.uv = np.c_[y, x] * 0.25 + 0.5
    return bowl.smoothed()
