"""Stopwatch and magnetic compass."""

from collections.abc import Callable

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from ..geometry import (
    X,
    Y,
    Z,
    circle,
    cylinder,
    extrude,
    join,
    revolve,
    rotation,
    rounded_cylinder,
    spline,
    torus,
)
from ..materials import Material, Part
from ..textures import choice, drawing, font, vivid
from . import model

PI = float(np.pi)
Array = NDArray[np.float64]
Ink = tuple[int, int, int]

CHROME = Material((0.82, 0.82, 0.84), roughness=0.12, metallic=1.0)
BRASS = Material((0.82, 0.64, 0.3), roughness=0.18, metallic=1.0)
DIAL = 512
"""Side of a dial's picture in pixels."""


@model(
    "stopwatch",
    metres=0.07,
    coco="clock",
    synonyms=("stop watch",),
    plural="stopwatches",
    grounds=("wood", "white", "marble"),
    elevation=(40.0, 70.0),
    azimuth=(-25.0, 25.0),
    distance=(0.9, 1.1),
    views=("above",),
)
def stopwatch(rng: Generator) -> list[Part]:
    """A round steel case with a crown, a side button and a dial of sixty seconds, lying face up."""
    case = revolve(
        [
            [(0, -0.2), (0.95, -0.2)],
            spline([(0.95, -0.2), (1.1, -0.08), (1.12, 0.08), (1.0, 0.2)], 20),
            [(1.0, 0.2), (0.96, 0.14)],
        ],
        96,
    )
    crown = join([cylinder(0.12, 0.22, 24), rounded_cylinder(0.2, 0.22, 0.05, 24).moved(shift=(0, 0, 0.2))])
    crown = crown.moved(rotate=(X, -90), shift=(0, 1.08, 0))
    bow = torus(0.3, 0.045, 48, 10).moved(scale=(1, 0.8, 1), shift=(0, 1.5, 0))
    buttons = [
        rounded_cylinder(0.11, 0.26, 0.04, 20).moved(rotate=rotation(Z, a) @ rotation(X, -90), shift=_ahead(a, 1.05))
        for a in choice(rng, (-40.0,), (40.0,), (-40.0, 40.0))
    ]
    metal = choice(rng, CHROME, CHROME, BRASS, Material((0.05, 0.05, 0.055), roughness=0.3, clearcoat=0.5))
    dial = extrude([circle(0.97, 72)], 0.01).moved(shift=(0, 0, 0.14))
    return [
        Part(join([case, crown, *buttons]), metal, main=True),
        Part(bow, CHROME),
        Part(dial, Material(_seconds(rng), roughness=0.35)),
    ]


def _ahead(degrees: float, away: float) -> tuple[float, float, float]:
    """At `away` from the middle, turned from +y."""
    angle = np.radians(degrees)
    return -away * float(np.sin(angle)), away * float(np.cos(angle)), 0.0


def _seconds(rng: Generator) -> Array:
    """Sixty seconds, a small dial of minutes and a long thin hand."""
    black, long, small = (10, 10, 10), float(rng.uniform(0, 2 * PI)), float(rng.uniform(0, 2 * PI))
    hand = choice(rng, black, black, (180, 20, 20))

    def draw(d: ImageDraw.ImageDraw) -> None:
        for i in range(300):
            angle, inside = i / 300 * 2 * PI, 222 if i % 25 == 0 else 228 if i % 5 == 0 else 238
            d.line((*_polar(angle, inside), *_polar(angle, 248)), fill=black, width=5 if i % 25 == 0 else 2)
        for i in range(12):
            d.text(_polar(i / 12 * 2 * PI, 188), str(5 * i or 60), font=font(48), fill=black, anchor="mm")
        centre = (DIAL / 2, 168.0)
        d.ellipse((DIAL / 2 - 58, 110, DIAL / 2 + 58, 226), outline=black, width=3)
        for i in range(30):
            d.line((*_polar(i / 30 * 2 * PI, 48, centre), *_polar(i / 30 * 2 * PI, 57, centre)), fill=black, width=2)
        d.line((*centre, *_polar(small, 44, centre)), fill=black, width=4)
        d.line((*_polar(long + PI, 50), *_polar(long, 232)), fill=hand, width=6)
        d.ellipse((DIAL / 2 - 14, DIAL / 2 - 14, DIAL / 2 + 14, DIAL / 2 + 14), fill=hand)

    return _dial(draw, choice(rng, (250, 250, 248), (246, 242, 228)))


def _polar(angle: float, radius: float, centre: tuple[float, float] = (DIAL / 2, DIAL / 2)) -> tuple[float, float]:
    """A pixel of the dial, clockwise from the top."""
    return centre[0] + radius * float(np.sin(angle)), centre[1] - radius * float(np.cos(angle))


def _dial(draw: Callable[[ImageDraw.ImageDraw], None], paper: Ink) -> Array:
    """What `draw` paints on the paper."""

    def whole(d: ImageDraw.ImageDraw, image: Image.Image) -> None:
        d.rectangle((0, 0, DIAL, DIAL), fill=paper)
        draw(d)

    return drawing(DIAL, DIAL, whole)


@model(
    "magnetic compass",
    metres=0.08,
    synonyms=("compass", "pocket compass"),
    plural="magnetic compasses",
    grounds=("wood", "white", "cloth"),
    elevation=(35.0, 65.0),
    azimuth=(-30.0, 30.0),
    distance=(0.85, 1.05),
    views=("above",),
)
def magnetic_compass(rng: Generator) -> list[Part]:
    """A needle in two colours over a rose, in a round case with a ring and an open lid."""
    half, turn = np.array([(-0.13, 0.0), (0.13, 0.0), (0.0, 0.78)]), float(rng.uniform(-70, 70))
    north, south = (extrude([half], 0.02).moved(rotate=(Z, turn + t), shift=(0, 0, 0.06)) for t in (0, 180))
    pivot = cylinder(0.07, 0.06, 20).moved(shift=(0, 0, 0.04))
    needle = [
        Part(extrude([circle(0.97, 72)], 0.01), Material(_rose(rng), roughness=0.4)),
        Part(north, Material(choice(rng, (0.75, 0.03, 0.03), (0.75, 0.03, 0.03), (0.05, 0.15, 0.5)), roughness=0.25)),
        Part(join([south, pivot]), Material((0.85, 0.85, 0.85), roughness=0.25)),
    ]
    return [_case(rng), *needle]


def _case(rng: Generator) -> Part:
    """Around a dial of radius 0.97, with its lid up."""
    metal = choice(rng, BRASS, BRASS, CHROME, Material((0.06, 0.07, 0.06), roughness=0.4), Material(vivid(rng), roughness=0.3))
    side = spline([(1.0, -0.3), (1.12, -0.2), (1.12, 0.1), (1.02, 0.16)], 20)
    lid = revolve([[(1.12, -0.05), (1.12, 0.06)], [(1.12, 0.06), (1.0, 0.12), (0, 0.16)]], 72)
    up = float(rng.uniform(95, 125))
    behind, above = 1.12 * float(np.cos(np.radians(180 - up))), 1.12 * float(np.sin(np.radians(up)))
    pieces = [
        revolve([[(0, -0.3), (1.0, -0.3)], side, [(1.02, 0.16), (0.97, 0.12), (0.96, 0.0)]], 96),
        torus(0.26, 0.045, 40, 10).moved(scale=(1, 0.85, 1), shift=(0, -1.4, -0.1)),
        cylinder(0.12, 0.2, 20).moved(rotate=(X, 90), shift=(0, -1.05, -0.1)),
        lid.moved(rotate=(X, -up), shift=(0, 1.14 + behind, 0.1 + above)),
        cylinder(0.08, 0.5, 20).moved(rotate=(Y, 90), shift=(-0.25, 1.12, 0.1)),
    ]
    return Part(join(pieces), metal, main=True)


def _rose(rng: Generator) -> Array:
    """Degrees, a star of four or eight points, and the letters of the winds."""
    dark = rng.random() < 0.3
    ink, paper = ((235, 235, 225), (20, 22, 25)) if dark else ((15, 15, 20), choice(rng, (248, 246, 236), (228, 212, 170)))
    points, red = choice(rng, (0, 2, 4, 6), (1, 3, 5, 7, 0, 2, 4, 6)), (180, 30, 25)

    def draw(d: ImageDraw.ImageDraw) -> None:
        for i in range(72):
            inside = 226 if i % 6 == 0 else 236
            d.line((*_polar(i * PI / 36, inside), *_polar(i * PI / 36, 250)), fill=ink, width=4 if i % 6 == 0 else 2)
        for i in points:
            angle, long = i * PI / 4, 110 if i % 2 else 158
            middle = (DIAL / 2, DIAL / 2)
            d.polygon([middle, _polar(angle - PI / 8, 52), _polar(angle, long)], fill=ink)
            d.polygon([middle, _polar(angle + PI / 8, 52), _polar(angle, long)], fill=paper, outline=ink)
        for i, wind in enumerate("NESW"):
            d.text(_polar(i * PI / 2, 192), wind, font=font(70), fill=red if wind == "N" else ink, anchor="mm")

    return _dial(draw, paper)
