"""Padlock and combination lock."""

from dataclasses import replace

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from ..finishes import POLISHED_STEEL
from ..geometry import (
    X,
    Z,
    circle,
    cylinder,
    extrude,
    join,
    revolve,
    rounded_box,
    spline,
    torus,
    tube,
)
from ..materials import Material, Part
from ..textures import choice, drawing, font, vivid
from . import model

PI = float(np.pi)
Array = NDArray[np.float64]
Colour = tuple[float, float, float]

BRASS = Material((0.83, 0.66, 0.32), roughness=0.25, metallic=1.0)
BLACK = Material((0.03, 0.03, 0.035), roughness=0.4)


@model(
    "padlock",
    metres=0.08,
    synonyms=("pad lock",),
    grounds=("wood", "white", "concrete"),
    elevation=(8.0, 35.0),
    azimuth=(-35.0, 35.0),
    max_elevation=65.0,
    materials=("gold", "metal"),
    views=("above", "low"),
)
def padlock(rng: Generator) -> list[Part]:
    """A body of brass, steel plates or enamel with a keyhole, under a bow of steel."""
    wide, high = float(rng.uniform(1.7, 2.0)), float(rng.uniform(1.3, 1.7))
    layers = rng.random() < 0.3
    if layers:
        thick = high / 9
        body = join([rounded_box(wide, 0.85, thick * 0.96, 0.05, 4).moved(shift=(0, 0, (i + 0.5) * thick)) for i in range(9)])
        metal = POLISHED_STEEL
    else:
        body = rounded_box(wide, 0.8, high, 0.14, 8).moved(shift=(0, 0, high / 2))
        metal = choice(rng, BRASS, BRASS, BRASS, Material(vivid(rng), roughness=0.2, clearcoat=0.6))
    radius = wide * 0.34
    bow = tube(_shackle(radius, float(rng.uniform(0.3, 0.8))), 0.14, 20).moved(shift=(0, 0, high))
    collars = [torus(0.15, 0.04, 32, 8).moved(shift=(s * radius, 0, high)) for s in (-1, 1)]
    plate = cylinder(0.3, 0.03, 40).moved(rotate=(X, 90), shift=(0, -0.41, high * 0.42))
    hole = [cylinder(0.09, 0.02, 24).moved(rotate=(X, 90), shift=(0, -0.435, high * 0.47))]
    hole.append(rounded_box(0.07, 0.02, 0.26, 0.01).moved(shift=(0, -0.445, high * 0.38)))
    parts = [
        Part(body, metal, main=True),
        Part(join([bow, *collars]), POLISHED_STEEL),
        Part(plate, Material((0.7, 0.6, 0.35), roughness=0.3, metallic=1.0)),
        Part(join(hole), BLACK),
    ]
    turn = (Z, float(rng.uniform(-20, 20)))
    return [replace(p, mesh=p.mesh.moved(rotate=turn)) for p in parts]


def _shackle(width: float, leg: float) -> Array:
    """The path of a bow: up, half around, down."""
    angle = np.linspace(PI, 0, 24)
    arch = np.stack([width * np.cos(angle), 0 * angle, leg + width * np.sin(angle)], 1)
    return np.vstack([[(-width, 0, -0.2)], arch, [(width, 0, -0.2)]])


@model(
    "combination lock",
    metres=0.08,
    synonyms=("combination padlock",),
    grounds=("wood", "white", "concrete"),
    elevation=(5.0, 30.0),
    azimuth=(-25.0, 25.0),
    distance=(0.85, 1.05),
    max_elevation=60.0,
    views=("above", "low"),
)
def combination_lock(rng: Generator) -> list[Part]:
    """A round steel lock with a dial of forty numbers."""
    rim = [(1.2, -0.3), (1.22, 0.2), (1.12, 0.34), (1.0, 0.36)]
    case = revolve([[(0, -0.3), (1.2, -0.3)], spline(rim, 24), [(1.0, 0.36), (0, 0.36)]], 96).moved(rotate=(X, 90))
    bow = tube(_shackle(0.72, 0.75), 0.15, 20).moved(shift=(0, 0, 0.85))
    dial = revolve([[(1.0, 0.36), (0.96, 0.44)], [(0.96, 0.44), (0.5, 0.5)]], 96)
    face = extrude([circle(0.96, 72)], 0.01).moved(rotate=(X, 90), shift=(0, -0.44, 0))
    knob = revolve([[(0.42, 0.44), (0.4, 0.72)], spline([(0.4, 0.72), (0.36, 0.8), (0, 0.82)], 10)], 40).moved(rotate=(X, 90))
    paint: Colour = choice(rng, (0.02, 0.02, 0.02), (0.02, 0.02, 0.02), (0.05, 0.12, 0.4), (0.45, 0.04, 0.05))
    numbers = _forty(rng, paint)
    mark = extrude([[(-0.06, 1.14), (0.06, 1.14), (0, 1.02)]], 0.01).moved(rotate=(X, 90), shift=(0, -0.37, 0))
    return [
        Part(join([case, bow]), POLISHED_STEEL, main=True),
        Part(dial.moved(rotate=(X, 90), shift=(0, 0.06, 0)), Material(paint, roughness=0.3)),
        Part(face, Material(numbers, roughness=0.3)),
        Part(knob, choice(rng, Material(paint, roughness=0.25), POLISHED_STEEL)),
        Part(mark, Material((0.75, 0.05, 0.05))),
    ]


def _forty(rng: Generator, paint: Colour) -> Array:
    """White marks for 0 to 39, each fifth one numbered, [512, 512, 3]."""
    turn = float(rng.uniform(0, 2 * PI))
    paper = tuple(int(255 * c) for c in paint)

    def draw(d: ImageDraw.ImageDraw, image: Image.Image) -> None:
        d.rectangle((0, 0, 512, 512), fill=paper)
        for i in range(40):
            angle = i / 40 * 2 * PI + turn
            across, along = float(np.sin(angle)), float(-np.cos(angle))
            inside = 205 if i % 5 == 0 else 222
            d.line(
                (256 + inside * across, 256 + inside * along, 256 + 250 * across, 256 + 250 * along),
                fill=(245, 245, 245),
                width=6,
            )
            if i % 5 == 0:
                d.text((256 + 168 * across, 256 + 168 * along), str(i), font=font(50), fill=(245, 245, 245), anchor="mm")

    return drawing(512, 512, draw)
