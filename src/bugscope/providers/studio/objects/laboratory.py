"""For the laboratory: Petri dish, beaker, syringe."""

from dataclasses import replace

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from ..geometry import (
    Y,
    Z,
    cylinder,
    join,
    revolve,
    rotation,
    rounded_box,
    rounded_cylinder,
    sphere,
    spline,
    torus,
    tube,
)
from ..materials import Material, Part
from ..textures import choice, drawing, font
from . import model

PI = float(np.pi)
Array = NDArray[np.float64]

CHROME = Material((0.82, 0.82, 0.84), roughness=0.12, metallic=1.0)
GLASS = Material((0.97, 0.99, 0.99), kind="thin glass")


@model(
    "Petri dish",
    metres=0.09,
    synonyms=("culture dish",),
    plural="Petri dishes",
    grounds=("white", "wood", "marble"),
    elevation=(40.0, 75.0),
    distance=(0.9, 1.15),
    max_elevation=88.0,
    views=("above",),
)
def petri_dish(rng: Generator) -> list[Part]:
    """A flat clear dish of agar with colonies of bacteria."""
    wall = revolve([[(0, 0), (1.0, 0)], [(1.0, 0), (1.0, 0.3)], [(1.0, 0.3), (0.96, 0.3)], [(0.96, 0.3), (0.96, 0.04)]], 96)
    agar = choice(rng, (0.85, 0.76, 0.5), (0.6, 0.06, 0.05), (0.9, 0.86, 0.7), (0.5, 0.62, 0.3))
    colony = choice(rng, (0.95, 0.93, 0.82), (0.9, 0.8, 0.35), (0.85, 0.85, 0.85))
    spots = []
    for _ in range(int(rng.integers(15, 70))):
        angle, away, r = rng.uniform(0, 2 * PI), 0.88 * np.sqrt(rng.random()), float(rng.uniform(0.02, 0.065))
        spots.append(sphere(r, 14, 8).moved(scale=(1, 1, 0.4), shift=(away * np.cos(angle), away * np.sin(angle), 0.14)))
    return [
        Part(wall, GLASS),
        Part(torus(0.985, 0.018, 96, 8).moved(shift=(0, 0, 0.3)), Material((0.9, 0.94, 0.95), roughness=0.1)),
        Part(cylinder(0.955, 0.14, 96).moved(shift=(0, 0, 0.005)), Material(agar, roughness=0.15, clearcoat=0.8), main=True),
        Part(join(spots), Material(colony, roughness=0.25)),
    ]


@model(
    "beaker",
    metres=0.12,
    synonyms=("laboratory beaker", "chemistry beaker"),
    grounds=("white", "marble", "wood"),
    lights=("studio", "indoors"),
    elevation=(5.0, 22.0),
    azimuth=(-25.0, 25.0),
    max_elevation=55.0,
    views=("above", "low"),
)
def beaker(rng: Generator) -> list[Part]:
    """A straight glass with a rim, a scale and a coloured liquid."""
    h, level = 2.4, float(rng.uniform(0.8, 1.7))
    wall = revolve(
        [
            [(0, 0), (0.9, 0)],
            spline([(0.9, 0), (0.98, 0.04), (1, 0.14)], 8),
            [(1, 0.14), (1, h)],
            spline([(1, h), (1.08, h + 0.06), (1.06, h + 0.1)], 8),
        ],
        96,
    )
    rim = torus(1.07, 0.025, 96, 8).moved(shift=(0, 0, h + 0.1))
    liquid = choice(rng, (0.1, 0.35, 0.85), (0.85, 0.1, 0.1), (0.1, 0.65, 0.25), (0.9, 0.6, 0.05), (0.6, 0.15, 0.65))
    scale = revolve([[(1.006, 0.25), (1.006, h - 0.25)]], 30, arc=0.9).moved(rotate=(Z, -116))
    scale.uv[:, 0] /= scale.uv[:, 0].max()
    scale.uv[:, 1] = 1 - scale.uv[:, 1]
    marks = _scale()
    red, green, blue = (0.12 * c for c in liquid)
    return [
        Part(wall, GLASS),
        Part(rim, Material((0.88, 0.92, 0.94), roughness=0.05, clearcoat=1.0)),
        Part(
            cylinder(0.975, level, 72).moved(shift=(0, 0, 0.03)),
            Material(liquid, roughness=0.05, clearcoat=1.0),
            emission=(red, green, blue),
            main=True,
        ),
        Part(scale, Material((0.95, 0.95, 0.95), roughness=0.5, opacity=marks)),
    ]


def _scale() -> Array:
    """Lines and numbers from 50 to 250 ml: where the print is, [384, 192]."""

    def draw(d: ImageDraw.ImageDraw, image: Image.Image) -> None:
        for i in range(11):
            y, long = 370 - i * 34, i % 2 == 0
            d.line((10, y, 90 if long else 55, y), fill=(255, 255, 255), width=7)
            if long and i:
                d.text((140, y), str(25 * i), font=font(40), fill=(255, 255, 255), anchor="mm")

    return drawing(192, 384, draw)[..., 0]


@model(
    "syringe",
    metres=0.13,
    synonyms=("hypodermic syringe", "hypodermic needle"),
    grounds=("white", "cloth", "wood"),
    elevation=(20.0, 60.0),
    yaw=(-60.0, 60.0),
    distance=(0.75, 0.95),
    views=("above", "rear"),
)
def syringe(rng: Generator) -> list[Part]:
    """A clear barrel with a scale, a plunger half pulled out and a thin needle, lying down."""
    out = float(rng.uniform(0.6, 1.8))
    barrel = revolve(
        [[(0.08, 0.0), (0.1, 0.25)], spline([(0.1, 0.25), (0.3, 0.32), (0.34, 0.42)], 8), [(0.34, 0.42), (0.34, 3.0)]], 48
    )
    flange = rounded_box(1.1, 0.5, 0.07, 0.03).moved(shift=(0, 0, 3.0))
    rod = [rounded_box(a, b, 2.4, 0.02).moved(shift=(0, 0, 1.9 + out)) for a, b in ((0.5, 0.07), (0.07, 0.5))]
    rod.append(rounded_cylinder(0.36, 0.09, 0.03, 32).moved(shift=(0, 0, 3.1 + out)))
    stopper = cylinder(0.32, 0.3, 32).moved(shift=(0, 0, 0.42 + out))
    needle = tube([(0, 0, -0.1), (0, 0, -1.6)], 0.028, 10)
    hub = revolve([[(0.05, -0.3), (0.09, -0.3)], [(0.09, -0.3), (0.13, 0.05)]], 24)
    marks = [
        torus(0.345, 0.011, 24, 6, arc=2.2 if i % 5 == 0 else 1.2, start=2.2).moved(shift=(0, 0, 0.55 + i * 0.11))
        for i in range(21)
    ]
    fluid = choice(rng, (0.75, 0.1, 0.1), (0.85, 0.88, 0.9), (0.9, 0.7, 0.2), (0.2, 0.45, 0.8))
    tip = choice(rng, (0.1, 0.5, 0.3), (0.9, 0.5, 0.1), (0.2, 0.4, 0.8), (0.85, 0.3, 0.45))
    lying = rotation(Y, 90)
    parts = [
        Part(barrel, GLASS),
        Part(join([flange, *rod]), Material((0.93, 0.94, 0.95), roughness=0.25), main=True),
        Part(stopper, Material((0.04, 0.04, 0.04), roughness=0.5)),
        Part(cylinder(0.31, out, 32).moved(shift=(0, 0, 0.42)), Material(fluid, roughness=0.1)),
        Part(needle, CHROME),
        Part(hub, Material(tip, roughness=0.3)),
        Part(join(marks), Material((0.05, 0.05, 0.06))),
    ]
    return [replace(p, mesh=p.mesh.moved(rotate=lying)) for p in parts]
