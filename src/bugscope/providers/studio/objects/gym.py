"""Barbell, dumbbell and tennis racket."""

import numpy as np
from numpy.random import Generator

from ..finishes import STEEL
from ..geometry import Mesh, Y, Z, cylinder, join, revolve, rounded_cylinder, spline, tube
from ..materials import Material, Part
from ..textures import choice, vivid
from . import model

Colour = tuple[float, float, float]


# --- barbell ------------------------------------------------------------------------------------------------------


@model(
    "barbell",
    metres=1.8,
    synonyms=("weight bar",),
    place="floor",
    grounds=("wood", "concrete", "carpet"),
    elevation=(8.0, 30.0),
    azimuth=(-50.0, 50.0),
    max_elevation=80.0,
    materials=("gold", "metal", "wood"),
    views=("above", "below", "rear", "low"),
)
def barbell(rng: Generator) -> list[Part]:
    """A long steel bar with up to three plates at each end."""
    colour: Colour = choice(rng, (0.06, 0.06, 0.07), vivid(rng))
    radii = (1.3, 1.3, 0.9)[: choice(rng, 1, 2, 3)]
    bar = [cylinder(0.09, 7.0, 20).moved(rotate=(Y, 90), shift=(-3.5, 0, 0))]
    plates = []
    for side in (-1, 1):
        turn = 90.0 * side
        for i, radius in enumerate(radii):
            plates.append(_plate(radius).moved(rotate=(Y, turn), shift=(side * (2.1 + 0.3 * i), 0, 0)))
        bar.append(cylinder(0.2, 0.12, 24).moved(rotate=(Y, turn), shift=(side * 1.97, 0, 0)))
        bar.append(cylinder(0.16, 0.2, 24).moved(rotate=(Y, turn), shift=(side * (2.12 + 0.3 * len(radii)), 0, 0)))
    return [Part(join(bar), STEEL), Part(join(plates), Material(colour, roughness=0.45), main=True)]


def _plate(radius: float) -> Mesh:
    """A weight plate with hub, dish and rim around z, 0.26 thick."""
    face = [(0.1, 0.0), (0.35, 0.0)]
    dish = [
        (0.35, 0.0), (0.4, 0.04), (radius * 0.85, 0.04), (radius * 0.9, 0.0), (radius, 0.02), (radius, 0.22),
        (radius * 0.9, 0.24), (radius * 0.85, 0.2), (0.4, 0.2), (0.35, 0.26), (0.1, 0.26),
    ]  # fmt: skip
    return revolve([np.array(face), np.array(dish)], 64)


# --- dumbbell -----------------------------------------------------------------------------------------------------


@model(
    "dumbbell",
    metres=0.35,
    synonyms=("hand weight", "free weight"),
    place="floor",
    grounds=("wood", "carpet", "concrete"),
    elevation=(12.0, 35.0),
    azimuth=(-45.0, 45.0),
    max_elevation=80.0,
    materials=("gold", "metal", "wood"),
    views=("above", "below", "rear", "low"),
)
def dumbbell(rng: Generator) -> list[Part]:
    """One or two short bars with hexagonal heads or round plates."""
    black: Colour = (0.05, 0.05, 0.06)
    rubber = Material(choice(rng, black, black, black, vivid(rng)), roughness=0.4)
    handle, heads, spacing = _hexagonal_dumbbell() if rng.random() < 0.6 else _plate_dumbbell()
    parts = []
    for i in range(choice(rng, 1, 1, 2)):
        turn, shift = (Z, rng.uniform(-8, 8)), (0, i * spacing, 0)
        parts.append(Part(handle.moved(rotate=turn, shift=shift), STEEL))
        parts.append(Part(heads.moved(rotate=turn, shift=shift), rubber, main=True))
    return parts


def _hexagonal_dumbbell() -> tuple[Mesh, Mesh, float]:
    """Handle, both heads and the spacing of a pair; the heads rest on a flat side."""
    grip = spline([(0.12, -0.8), (0.17, 0), (0.12, 0.8)], 24)
    corners = np.array([(0, -0.45), (0.6, -0.45), (0.74, -0.3), (0.74, 0.3), (0.6, 0.45), (0, 0.45)])
    head = revolve([corners], 6).moved(rotate=(Z, 30)).moved(rotate=(Y, 90)).flattened()
    heads = join([head.moved(shift=(side * 1.2, 0, 0)) for side in (-1, 1)])
    return revolve([grip], 32).moved(rotate=(Y, 90)), heads, 1.8


def _plate_dumbbell() -> tuple[Mesh, Mesh, float]:
    """The same with three round plates a side on a straight bar."""
    bar = cylinder(0.12, 3.4, 24).moved(rotate=(Y, 90), shift=(-1.7, 0, 0))
    plates = []
    for side in (-1, 1):
        for i, radius in enumerate((0.8, 0.8, 0.62)):
            plate = rounded_cylinder(radius, 0.22, 0.05).moved(rotate=(Y, 90.0 * side))
            plates.append(plate.moved(shift=(side * (0.75 + 0.24 * i), 0, 0)))
    return bar, join(plates), 2.0


# --- racket -------------------------------------------------------------------------------------------------------

HEAD_WIDTH, HEAD_LENGTH = 1.05, 1.4
"""Half axes of the string bed."""


@model(
    "racket",
    metres=0.68,
    coco="tennis racket",
    synonyms=("tennis racket", "tennis racquet", "racquet"),
    place="outdoors",
    grounds=("grass", "concrete", "asphalt", "wood"),
    elevation=(30.0, 70.0),
    yaw=(0.0, 360.0),
    max_elevation=88.0,
    materials=("wood", "metal", "gold"),
    views=("above", "below", "rear"),
)
def racket(rng: Generator) -> list[Part]:
    """A strung tennis racket lying flat."""
    angles = np.linspace(0, 2 * np.pi, 81)
    hoop = tube(np.c_[HEAD_WIDTH * np.cos(angles), HEAD_LENGTH * np.sin(angles), 0 * angles], 0.09, 12, closed=True)
    arms = [spline([(side * 0.75, -1.0, 0), (side * 0.3, -1.6, 0), (side * 0.08, -2.1, 0)], 20) for side in (-1, 1)]
    throat = [tube(arm, 0.08, 10) for arm in arms]
    grip = tube(np.array([(0, -2.0, 0), (0, -3.9, 0)], float), 0.15, 8)
    return [
        Part(join([hoop, *throat]), Material(vivid(rng), roughness=0.25, clearcoat=0.6), main=True),
        Part(_strings(), Material((0.9, 0.9, 0.85), roughness=0.4)),
        Part(grip, Material((0.05, 0.05, 0.05), roughness=0.8)),
    ]


def _strings() -> Mesh:
    """The string bed in the plane z = 0."""
    strings = []
    for x in np.arange(-0.95, 0.96, 0.158):
        y = HEAD_LENGTH * np.sqrt(1 - (x / HEAD_WIDTH) ** 2)
        strings.append(tube(np.array([(x, -y, 0), (x, y, 0)]), 0.009, 5))
    for y in np.arange(-1.3, 1.31, 0.162):
        x = HEAD_WIDTH * np.sqrt(1 - (y / HEAD_LENGTH) ** 2)
        strings.append(tube(np.array([(-x, y, 0), (x, y, 0)]), 0.009, 5))
    return join(strings)
