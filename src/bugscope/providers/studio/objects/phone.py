"""The cell phone, with keys."""

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from ..geometry import Mesh, X, Y, cylinder, join, quad, rotation, rounded_box, torus
from ..materials import Material, Part
from ..textures import choice, drawing, font, ink, vivid
from . import model

Array = NDArray[np.float64]
Colour = tuple[float, float, float]
THICK = 0.24
LIGHT: Colour = (0.84, 0.84, 0.86)
DARK: Colour = (0.13, 0.13, 0.14)


@model(
    "cellular telephone",
    metres=0.11,
    coco="cell phone",
    synonyms=("cell phone", "mobile phone", "cellphone"),
    grounds=("wood", "white", "wood"),
    elevation=(28.0, 65.0),
    yaw=(-35.0, 35.0),
    distance=(0.8, 1.0),
    max_elevation=88.0,
    views=("above",),
    materials=("gold", "metal", "wood"),
)
def cell_phone(rng: Generator) -> list[Part]:
    """A phone with keys under a lit screen, lying on its back: in one piece, or folded open with the screen raised."""
    shell: Colour = choice(rng, (0.06, 0.06, 0.07), (0.65, 0.66, 0.68), (0.2, 0.22, 0.28), vivid(rng))
    keys = choice(rng, LIGHT, LIGHT, DARK) if sum(shell) < 1.5 else choice(rng, DARK, LIGHT)
    folded = rng.random() < 0.8
    lid = rotation(X, float(rng.uniform(25, 60)) if folded else 0.0)
    hinge = (0.0, 0.0, THICK / 2)

    def raised(mesh: Mesh) -> Mesh:
        return mesh.moved(rotate=lid, shift=hinge)

    screen = quad(0.82, 0.95).moved(rotate=(X, -90), shift=(0, 0.66, 0.02 + THICK / 2))
    frame = rounded_box(0.94, 1.12, 0.03, 0.014, 3).moved(shift=(0, 0.66, THICK / 2))
    earpiece = rounded_box(0.26, 0.04, 0.03, 0.012, 3).moved(shift=(0, 1.27, THICK / 2))
    bodies = [_slab(1.42).moved(shift=(0, -0.7, THICK / 2)), raised(_slab(1.42).moved(shift=(0, 0.7, 0)))]
    if folded:
        bodies.append(cylinder(0.15, 1.0, 24).moved(rotate=(Y, 90), shift=(-0.5, 0, THICK / 2 + 0.03)))
    else:
        bodies.append(rounded_box(1.12, 0.5, THICK, 0.1, 5).moved(shift=(0, 0, THICK / 2)))
    aerial = cylinder(0.09, 0.4, 16, 0.07).moved(rotate=(X, -90), shift=(0.38, 1.3, 0))
    black = Material((0.02, 0.02, 0.02), roughness=0.1)
    parts = [
        Part(join(bodies), Material(shell, roughness=0.25, clearcoat=0.5), main=True),
        Part(join([raised(frame), *([raised(aerial)] if rng.random() < 0.5 else [])]), black),
        Part(raised(screen), Material(_screen(rng), roughness=0.1, clearcoat=0.5)),
        Part(_keys(), Material(keys, roughness=0.35)),
        Part(join([_digit(i) for i in range(12)]), Material(_digits(keys), roughness=0.5)),
        Part(raised(earpiece), Material((0.35, 0.35, 0.35), metallic=0.8)),
    ]
    return parts


def _slab(length: float) -> Mesh:
    return rounded_box(1.15, length, THICK, 0.12, 6)


def _keys() -> Mesh:
    """A round pad between two soft keys over four rows of three."""
    rows = (-0.52, -0.74, -0.96, -1.18)
    keys = [rounded_box(0.29, 0.16, 0.06, 0.03, 3).moved(shift=(x, y, THICK)) for y in rows for x in (-0.34, 0, 0.34)]
    soft = [rounded_box(0.26, 0.12, 0.06, 0.03, 3).moved(shift=(x, -0.22, THICK)) for x in (-0.36, 0.36)]
    return join([*keys, *soft, torus(0.13, 0.045, 28, 8).moved(shift=(0, -0.24, THICK))])


def _digit(i: int) -> Mesh:
    """The print of a key, cut from the sheet of `_digits`."""
    print_ = quad(0.24, 0.13).moved(rotate=(X, -90), shift=(0.34 * (i % 3 - 1), -0.52 - 0.22 * (i // 3), THICK + 0.032))
    print_.uv = (print_.uv + (i % 3, i // 3)) / (3, 4)
    return print_


def _digits(key: Colour) -> Array:
    """The twelve signs of a telephone, [240, 330, 3]."""
    letters = (20, 20, 20) if key == LIGHT else (240, 240, 240)

    def draw(d: ImageDraw.ImageDraw, image: Image.Image) -> None:
        d.rectangle((0, 0, 330, 240), fill=ink(key))
        for i, sign in enumerate("123456789*0#"):
            d.text((110 * (i % 3) + 55, 60 * (i // 3) + 30), sign, font=font(52), fill=letters, anchor="mm")

    return drawing(330, 240, draw)


def _screen(rng: Generator) -> Array:
    """A wallpaper under bars, the time and two soft keys, [226, 200, 3]."""
    time = f"{int(rng.integers(1, 24))}:{int(rng.integers(60)):02d}"
    sky = ink(choice(rng, (0.35, 0.6, 0.95), (0.75, 0.85, 0.95), (0.2, 0.3, 0.6)))
    land = ink(choice(rng, (0.25, 0.55, 0.2), vivid(rng)))

    def draw(d: ImageDraw.ImageDraw, image: Image.Image) -> None:
        d.rectangle((0, 0, 200, 226), fill=sky)
        d.ellipse((-60, 130, 190, 330), fill=land)
        for k in range(4):
            d.rectangle((8 + 8 * k, 24 - 5 * k, 13 + 8 * k, 28), fill=(255, 255, 255))
        d.rectangle((168, 10, 192, 26), fill=(255, 255, 255))
        d.text((100, 78), time, font=font(60), fill=(255, 255, 255), anchor="mm")
        d.rectangle((0, 198, 200, 226), fill=(20, 30, 60))
        d.text((34, 212), "Menu", font=font(24), fill=(255, 255, 255), anchor="mm")
        d.text((162, 212), "Names", font=font(24), fill=(255, 255, 255), anchor="mm")

    return drawing(200, 226, draw)
