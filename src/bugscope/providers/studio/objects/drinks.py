"""Drinks: a bottle of pop."""

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from ..geometry import Z, cylinder, join, revolve, spline, tube
from ..materials import Material, Part
from ..textures import blend, choice, drawing, font, ink
from . import model

PI = float(np.pi)
Array = NDArray[np.float64]
Colour = tuple[float, float, float]


DRINKS: tuple[tuple[str, Colour, Colour], ...] = (
    ("COLA", (0.09, 0.03, 0.015), (0.75, 0.04, 0.05)),
    ("COLA", (0.09, 0.03, 0.015), (0.75, 0.04, 0.05)),
    ("LIME", (0.2, 0.5, 0.12), (0.05, 0.35, 0.1)),
    ("ORANGE", (0.93, 0.45, 0.03), (0.1, 0.2, 0.6)),
    ("ROOT", (0.16, 0.06, 0.02), (0.35, 0.2, 0.08)),
)


@model(
    "pop bottle",
    metres=0.3,
    coco="bottle",
    synonyms=("soda bottle", "plastic bottle", "cola bottle", "bottle of pop", "bottle of soda", "bottle of cola"),
    grounds=("wood", "white", "marble"),
    elevation=(3.0, 20.0),
    distance=(0.85, 1.05),
    max_elevation=62.0,
    views=("above", "upside down", "low"),
    materials=("metal", "gold", "wood"),
)
def pop_bottle(rng: Generator) -> list[Part]:
    """A plastic bottle full of something fizzy: five feet, a waist, a printed sleeve, a screw cap on a clear neck."""
    name, drink, brand = choice(rng, *DRINKS)
    body = revolve(
        [
            [(0, 0.1), (0.3, 0.04)],
            spline([(0.3, 0.04), (0.62, 0.12), (0.72, 0.4), (0.7, 1.0), (0.64, 1.25), (0.7, 1.5)], 40),
            [(0.7, 1.5), (0.7, 2.5)],
            spline([(0.7, 2.5), (0.69, 2.75), (0.52, 3.3), (0.28, 3.75)], 30),
        ],
        80,
    )
    x, y, z = body.vertices.T
    foot = 1 - 0.13 * np.clip(1 - z / 0.45, 0, 1) * (1 + np.cos(5 * np.arctan2(y, x))) / 2
    body.vertices = np.c_[x * foot, y * foot, z]
    sleeve = cylinder(0.712, 0.95, 64, caps=False).moved(shift=(0, 0, 1.52))
    sleeve.uv[:, 1] = 1 - sleeve.uv[:, 1]
    neck = revolve(
        [
            [(0.28, 3.75), (0.24, 3.85)],
            [(0.24, 3.85), (0.24, 4.0)],
            [(0.24, 4.0), (0.33, 4.0)],
            [(0.33, 4.0), (0.33, 4.04)],
            [(0.33, 4.04), (0.2, 4.04)],
        ],
        40,
    )
    cap = cylinder(0.29, 0.28, 40).moved(shift=(0, 0, 4.05))
    ridges = [tube([(0, 0.29, 4.07), (0, 0.29, 4.31)], 0.018, 5).moved(rotate=(Z, 15.0 * k)) for k in range(24)]
    pale = blend(drink, (0.85, 0.85, 0.85), 0.55) if name != "COLA" else np.array((0.45, 0.38, 0.33))
    return [
        Part(body.smoothed(), Material(drink, roughness=0.06, clearcoat=1.0, specular=0.7), main=True),
        Part(sleeve, Material(_sleeve(name, brand), roughness=0.25, clearcoat=0.4), main=True),
        Part(neck, Material(pale, roughness=0.08, clearcoat=0.8)),
        Part(join([cap, *ridges]), Material(brand, roughness=0.35)),
    ]


def _sleeve(name: str, brand: Colour) -> Array:
    """The name three times around over a wave, [160, 720, 3]."""

    def draw(d: ImageDraw.ImageDraw, image: Image.Image) -> None:
        d.rectangle((0, 0, 720, 160), fill=ink(brand))
        wave = [(t, 128 + 14 * np.sin(t / 720 * 6 * PI)) for t in range(0, 721, 6)]
        d.line(wave, fill=(245, 245, 245), width=9)
        for third in range(3):
            d.text((120 + 240 * third, 66), name, font=font(78 if len(name) < 5 else 56), fill=(250, 250, 250), anchor="mm")

    return drawing(720, 160, draw)
