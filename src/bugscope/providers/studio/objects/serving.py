"""To cook and serve in: beer glass and frying pan."""

import numpy as np
from numpy.random import Generator

from ..geometry import (
    Z,
    cylinder,
    extrude,
    join,
    revolve,
    sphere,
    spline,
    torus,
    tube,
)
from ..materials import Material, Part
from ..textures import choice, wood
from . import model

PI = float(np.pi)
Colour = tuple[float, float, float]


_PINT = [(0.72, 0), (0.78, 0.3), (0.95, 1.9), (1.02, 3.0)]
_SLIM = [(0.6, 0), (0.66, 0.3), (0.84, 1.8), (0.94, 3.0)]
"""Glasses as (radius, z)."""


@model(
    "beer glass",
    metres=0.18,
    coco="cup",
    synonyms=("glass of beer", "pint of beer"),
    plural="beer glasses",
    grounds=("wood", "wood", "marble"),
    elevation=(3.0, 18.0),
    max_elevation=50.0,
    colours=False,
    views=("above", "low"),
)
def beer_glass(rng: Generator) -> list[Part]:
    """A pint glass or a slimmer one, with beer and a head of foam."""
    side = spline(choice(rng, _PINT, _PINT, _SLIM), 60)
    inner, top, rise = side * (0.94, 1.0), float(rng.uniform(2.35, 2.6)), float(rng.uniform(0.1, 0.35))
    beer = inner[(inner[:, 1] > 0.18) & (inner[:, 1] < top)]
    foam = inner[inner[:, 1] >= top - 0.02]
    rim = float(foam[-1, 0])
    dome = spline([(rim, 3.0), (rim * 0.8, 3.0 + rise), (0, 3.0 + rise * 1.1)], 20)
    filled = revolve([[(0, 0.18), tuple(beer[0])], beer, [tuple(beer[-1]), (0, top)]], 72)
    glass = [revolve([[(0, 0), side[0]], side], 96), torus(float(side[-1, 0]), 0.02, 72, 8).moved(shift=(0, 0, 3.0))]
    colour: Colour = choice(rng, (0.95, 0.66, 0.1), (0.95, 0.66, 0.1), (0.9, 0.5, 0.05))
    red, green, blue = (0.35 * c**1.6 for c in colour)
    return [
        Part(join(glass).moved(rotate=(Z, float(rng.uniform(-60, 60)))), Material((0.97, 0.99, 0.99), kind="thin glass")),
        Part(filled, Material(colour, roughness=0.06, clearcoat=1.0), emission=(red, green, blue), main=True),
        Part(revolve([foam, dome], 72), Material((0.97, 0.95, 0.88), roughness=0.9), emission=(0.1, 0.095, 0.08)),
    ]


@model(
    "frying pan",
    metres=0.45,
    synonyms=("skillet", "frypan"),
    grounds=("wood", "white", "marble"),
    elevation=(22.0, 45.0),
    yaw=(-70.0, 70.0),
    distance=(0.8, 1.0),
    max_elevation=85.0,
    materials=("gold", "metal"),
    views=("above",),
)
def frying_pan(rng: Generator) -> list[Part]:
    """A shallow black pan with a long handle; often an egg in it."""
    side = spline([(1.15, 0), (1.25, 0.05), (1.48, 0.4), (1.53, 0.46)], 20)
    inside = spline([(1.48, 0.46), (1.4, 0.36), (1.2, 0.07), (1.12, 0.05)], 20)
    pan = revolve([[(0, 0), (1.15, 0)], side, [(1.53, 0.46), (1.48, 0.46)], inside, [(1.12, 0.05), (0, 0.05)]], 96)
    black = Material((0.035, 0.035, 0.038), roughness=0.3, clearcoat=0.2)
    steel = Material((0.7, 0.7, 0.72), roughness=0.25, metallic=1.0)
    body = choice(rng, black, black, black, black, Material(choice(rng, (0.6, 0.06, 0.04), (0.25, 0.25, 0.27)), roughness=0.25))
    path = spline([(0, -1.42, 0.36), (0, -1.8, 0.5), (0, -2.6, 0.68), (0, -3.35, 0.76)], 40)
    grip = tube(path[10:], np.interp(np.linspace(0, 1, 30), [0, 0.2, 0.8, 1], [0.1, 0.15, 0.16, 0.12]), 16)
    neck = tube(path[:14], 0.09, 12)
    loop = torus(0.1, 0.035, 24, 8).moved(shift=(0, -3.46, 0.76))
    rivets = [sphere(0.07, 16, 8).moved(scale=(1, 1, 0.5), shift=(s * 0.14, -1.34, 0.36)) for s in (-1, 1)]
    handle = choice(rng, black, black, Material(wood(rng, 128, 128), roughness=0.45))
    parts = [
        Part(pan, body, main=True),
        Part(cylinder(1.14, 0.012, 72).moved(shift=(0, 0, 0.052)), Material((0.03, 0.03, 0.032), roughness=0.25)),
        Part(join([neck, loop, *rivets]), steel),
        Part(grip.moved(scale=(1, 1, 0.8), shift=(0, 0, 0.09)), handle),
    ]
    return [*parts, *_egg(rng)] if rng.random() < 0.45 else parts


def _egg(rng: Generator) -> list[Part]:
    """Fried, sunny side up, on z = 0.06."""
    angle = np.linspace(0, 2 * PI, 14)[:-1]
    edge = spline(np.stack([np.cos(angle), np.sin(angle)], 1) * (0.5 + 0.07 * rng.normal(size=13))[:, None], 90, closed=True)
    x, y = rng.uniform(-0.25, 0.25, 2)
    white = join([extrude([edge * s], h) for s, h in ((1.0, 0.04), (0.93, 0.06))]).moved(shift=(x, y, 0.06))
    yolk = sphere(0.2, 32, 16).moved(scale=(1, 1, 0.6), shift=(x + 0.03, y, 0.13))
    return [
        Part(white, Material((0.95, 0.94, 0.9), roughness=0.25)),
        Part(yolk, Material((0.96, 0.62, 0.05), roughness=0.12, clearcoat=0.8)),
    ]
