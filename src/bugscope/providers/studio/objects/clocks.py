"""Wall clock, alarm clock ("analog clock") and digital clock."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from ..finishes import STEEL
from ..geometry import Mesh, X, Y, circle, extrude, join, quad, revolve, rounded_box, rounded_cylinder, spline, torus, tube
from ..materials import Material, Part
from ..textures import choice, drawing, font, linear
from . import model

Colour = tuple[float, float, float]
Array = NDArray[np.float64]

BRASS = Material((0.8, 0.7, 0.4), roughness=0.2, metallic=1.0)


# --- clocks with hands --------------------------------------------------------------------------------------------


@model(
    "wall clock",
    metres=0.3,
    coco="clock",
    synonyms=("clock", "kitchen clock"),
    grounds=("none",),
    lights=("indoors",),
    elevation=(-15.0, 12.0),
    azimuth=(-30.0, 30.0),
    max_elevation=45.0,
    views=("above", "below", "upside down", "low"),
    counts=False,
)
def wall_clock(rng: Generator) -> list[Part]:
    """A round clock as it hangs on a wall."""
    return _round_clock(rng)


@model(
    "analog clock",
    metres=0.15,
    coco="clock",
    synonyms=("alarm clock", "table clock"),
    grounds=("wood", "white", "marble"),
    elevation=(5.0, 20.0),
    azimuth=(-25.0, 25.0),
    max_elevation=50.0,
    views=("above", "upside down", "low"),
)
def alarm_clock(rng: Generator) -> list[Part]:
    """A round clock on two legs with a pair of bells on top."""
    face, rim = _round_clock(rng)
    body = rounded_cylinder(0.95, 0.35, 0.05).moved(rotate=(X, -90))
    legs = [tube(np.array([(s * 0.55, 0.15, -0.8), (s * 0.75, 0.15, -1.25)]), 0.07, 10) for s in (-1, 1)]
    return [face, rim, Part(join([body, *legs]), rim.material), *_alarm_bells()]


def _alarm_bells() -> list[Part]:
    """Two brass domes on top and the handle over them."""
    dome = revolve([spline([(0.5, 0), (0.41, 0.26), (0, 0.38)], 16)])
    bells = [dome.moved(rotate=(Y, s * 32), shift=(s * 0.64, 0.15, 1.04)) for s in (-1, 1)]
    handle = torus(0.24, 0.04, 24, 8, arc=np.pi).moved(rotate=(X, 90), shift=(0, 0.15, 1.12))
    return [Part(join(bells), BRASS), Part(handle, STEEL)]


def _round_clock(rng: Generator) -> list[Part]:
    """Dial (radius 1) and rim, facing -y."""
    dial = extrude([circle(1.0, 72)], 0.02).moved(rotate=(X, 90))
    paper = choice(rng, (245, 243, 235), (250, 250, 250), (235, 220, 190))
    printed = _dial(rng, paper, roman=rng.random() < 0.2)
    section = spline([(0.97, 0.16), (1.06, 0.24), (1.15, 0.12), (1.12, -0.05)], 20)
    rim = revolve([np.array([(0.97, -0.05), (0.97, 0.16)]), section], 96).moved(rotate=(X, 90))
    colours: tuple[Colour, ...] = (
        (0.05, 0.05, 0.05), (0.4, 0.22, 0.1), (0.75, 0.6, 0.3), (0.85, 0.85, 0.86), (0.6, 0.1, 0.1),
    )  # fmt: skip
    frame = Material(choice(rng, *colours), roughness=0.25, clearcoat=0.5)
    return [Part(dial, Material(printed, roughness=0.4)), Part(rim, frame, main=True)]


ROMAN = ("XII", "I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX", "X", "XI")
ARABIC = ("12", *(str(hour) for hour in range(1, 12)))
DIAL = 512
"""Side of the dial's picture in pixels."""


@dataclass(frozen=True)
class _Hand:
    """Angle clockwise from 12 in radians; tail, length and width in pixels."""

    angle: float
    tail: int
    length: int
    width: int
    colour: tuple[int, int, int]


def _dial(rng: Generator, paper: tuple[int, int, int], roman: bool) -> Array:
    """Minute marks, hours and hands at a random time, [512, 512, 3]."""
    minutes = rng.uniform(0, 12 * 60)
    black = (10, 10, 10)
    hands = (
        _Hand(minutes / 720 * 2 * np.pi, 20, 110, 14, black),
        _Hand(minutes / 60 * 2 * np.pi, 20, 165, 9, black),
        _Hand(rng.uniform(0, 2 * np.pi), 0, 170, 3, (190, 20, 20)),
    )

    def draw(d: ImageDraw.ImageDraw, image: Image.Image) -> None:
        d.rectangle((0, 0, DIAL, DIAL), fill=paper)
        _draw_marks(d)
        _draw_hours(d, ROMAN if roman else ARABIC, 40 if roman else 52)
        for hand in hands:
            d.line([_polar(hand.angle, -hand.tail), _polar(hand.angle, hand.length)], hand.colour, hand.width)
        d.ellipse((244, 244, 268, 268), fill=black)

    return drawing(DIAL, DIAL, draw)


def _polar(angle: float, radius: float) -> tuple[float, float]:
    """Pixel at an angle clockwise from 12 o'clock."""
    return DIAL / 2 + radius * float(np.sin(angle)), DIAL / 2 - radius * float(np.cos(angle))


def _draw_marks(d: ImageDraw.ImageDraw) -> None:
    for minute in range(60):
        angle, hour = minute * np.pi / 30, minute % 5 == 0
        d.line([_polar(angle, 200 if hour else 218), _polar(angle, 234)], (20, 20, 20), 8 if hour else 3)


def _draw_hours(d: ImageDraw.ImageDraw, numerals: Sequence[str], size: int) -> None:
    for hour, numeral in enumerate(numerals):
        d.text(_polar(hour * np.pi / 6, 168), numeral, fill=(20, 20, 20), font=font(size), anchor="mm")


# --- digital clock ------------------------------------------------------------------------------------------------

SEGMENTS = {
    "0": "abcdef", "1": "bc", "2": "abged", "3": "abgcd", "4": "fgbc",
    "5": "afgcd", "6": "afgedc", "7": "abc", "8": "abcdefg", "9": "abcdfg",
}  # fmt: skip
"""Which of the seven segments are lit for a digit; a is the top one, then clockwise, g the middle."""
DIGIT_WIDTH, DIGIT_HEIGHT, STROKE = 0.3, 0.56, 0.065
SEGMENT_PLACES = {
    "a": (0.0, 1.0), "b": (0.5, 0.5), "c": (0.5, -0.5), "d": (0.0, -1.0), "e": (-0.5, -0.5), "f": (-0.5, 0.5),
    "g": (0.0, 0.0),
}  # fmt: skip
"""Centre of each segment in digit widths (x) and half digit heights (z)."""


@model(
    "digital clock",
    metres=0.18,
    coco="clock",
    synonyms=("digital alarm clock",),
    grounds=("wood", "white"),
    lights=("dark", "indoors"),
    elevation=(5.0, 20.0),
    azimuth=(-25.0, 25.0),
    max_elevation=45.0,
    views=("above", "upside down", "low"),
)
def digital_clock(rng: Generator) -> list[Part]:
    """A bedside clock that shows the time in glowing seven-segment digits."""
    case: Colour = choice(rng, (0.05, 0.05, 0.05), (0.4, 0.25, 0.12), (0.8, 0.8, 0.8))
    glow = linear(choice(rng, (1.0, 0.12, 0.08), (0.16, 1.0, 0.35), (0.24, 0.63, 1.0)))
    radiance = (float(glow[0]) * 2.5, float(glow[1]) * 2.5, float(glow[2]) * 2.5)
    window = quad(2.1, 0.78).moved(shift=(0, -0.56, 0))
    digits = _digits(f"{rng.integers(1, 13):2d}", f"{rng.integers(0, 60):02d}")
    return [
        Part(rounded_box(2.4, 1.1, 1.1, 0.12), Material(case, roughness=0.3), main=True),
        Part(window, Material((0.02, 0.02, 0.02), roughness=0.1)),
        Part(digits, Material((0.02, 0.02, 0.02), roughness=0.5), emission=radiance),
    ]


def _digits(hours: str, minutes: str) -> Mesh:
    """The lit segments of "hh:mm", just before the window."""
    meshes = []
    for digit, x in zip(hours + minutes, (-0.75, -0.3, 0.3, 0.75), strict=True):
        for segment in SEGMENTS.get(digit, ""):
            across, up = SEGMENT_PLACES[segment]
            meshes.append(_segment(segment in "adg").moved(shift=(x + across * DIGIT_WIDTH, 0, up * DIGIT_HEIGHT / 2)))
    dot = extrude([circle(STROKE * 0.55, 12)], 0.01).moved(rotate=(X, 90))
    meshes += [dot.moved(shift=(0, 0, z)) for z in (-0.12, 0.12)]
    return join(meshes).moved(shift=(0, -0.565, 0))


def _segment(horizontal: bool) -> Mesh:
    """One bar with pointed ends, facing -y."""
    tip = (DIGIT_WIDTH if horizontal else DIGIT_HEIGHT / 2) / 2 - 0.01
    half = STROKE / 2
    end = tip - half
    corners = np.array([(-tip, 0), (-end, -half), (end, -half), (tip, 0), (end, half), (-end, half)])
    bar = extrude([corners], 0.01).moved(rotate=(X, 90))
    return bar if horizontal else bar.moved(rotate=(Y, 90))
