"""For the desk: filing cabinet ("file"), piggy bank, envelope."""

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from ..finishes import POLISHED_STEEL
from ..geometry import (
    X,
    Y,
    cylinder,
    extrude,
    join,
    quad,
    revolve,
    rotation,
    rounded_box,
    rounded_cylinder,
    sphere,
    spline,
    tube,
)
from ..materials import Material, Part
from ..textures import choice, drawing, fbm, font, vivid
from . import model

PI = float(np.pi)
Array = NDArray[np.float64]
Colour = tuple[float, float, float]

BRASS = Material((0.83, 0.66, 0.32), roughness=0.25, metallic=1.0)
BLACK = Material((0.03, 0.03, 0.035), roughness=0.4)


@model(
    "file",
    metres=1.3,
    synonyms=("filing cabinet", "file cabinet"),
    place="floor",
    grounds=("carpet", "wood", "tile"),
    elevation=(5.0, 22.0),
    azimuth=(-40.0, 40.0),
    max_elevation=50.0,
    materials=("wood", "metal", "gold"),
    views=("above", "low"),
)
def filing_cabinet(rng: Generator) -> list[Part]:
    """Two to four drawers one above the other, each with a handle and a label; sometimes one is open."""
    drawers, wide, deep = choice(rng, 2, 3, 4, 4), 1.5, 2.0
    paint: Colour = choice(
        rng, (0.55, 0.56, 0.56), (0.75, 0.72, 0.64), (0.08, 0.08, 0.08), (0.35, 0.38, 0.36), (0.82, 0.82, 0.8)
    )
    high = drawers * 1.0 + 0.14
    shell = rounded_box(wide, deep, high, 0.03, 3).moved(shift=(0, 0, high / 2))
    opened = int(rng.integers(drawers)) if rng.random() < 0.35 else -1
    fronts, fittings, labels, papers = [], [], [], []
    for i in range(drawers):
        out = float(rng.uniform(0.4, 1.0)) if i == opened else 0.0
        y, z = -deep / 2 - 0.04 - out, 0.07 + i + 0.5
        fronts.append(rounded_box(wide - 0.14, 0.1, 0.92, 0.02, 3).moved(shift=(0, y, z)))
        if out:
            fronts += [rounded_box(0.04, out, 0.6, 0.01, 2).moved(shift=(s * 0.62, y + out / 2, z - 0.1)) for s in (-1, 1)]
            papers += [
                rounded_box(1.15, 0.03, 0.75, 0.01, 2).moved(shift=(0, y + 0.1 + k * 0.09, z)) for k in range(int(out / 0.09))
            ]
        fittings.append(
            tube(spline([(-0.3, y - 0.04, z), (-0.28, y - 0.16, z), (0.28, y - 0.16, z), (0.3, y - 0.04, z)], 24), 0.04, 8)
        )
        fittings.append(rounded_box(0.5, 0.03, 0.24, 0.01, 2).moved(shift=(0, y - 0.05, z + 0.26)))
        labels.append(rounded_box(0.42, 0.02, 0.17, 0.005, 2).moved(shift=(0, y - 0.07, z + 0.26)))
    fittings.append(cylinder(0.06, 0.06, 16).moved(rotate=(X, 90), shift=(wide / 2 - 0.2, -deep / 2 - 0.08, high - 0.16)))
    parts = [
        Part(shell, Material(tuple(0.8 * c for c in paint), roughness=0.4), main=True),
        Part(join(fronts), Material(paint, roughness=0.35), main=True),
        Part(join(fittings), POLISHED_STEEL),
        Part(join(labels), Material((0.94, 0.93, 0.88), roughness=0.8)),
    ]
    return [*parts, Part(join(papers), Material((0.85, 0.74, 0.5), roughness=0.8))] if papers else parts


@model(
    "piggy bank",
    metres=0.2,
    synonyms=("penny bank",),
    grounds=("wood", "wood", "white"),
    elevation=(8.0, 28.0),
    azimuth=(30.0, 75.0),
    distance=(0.8, 1.0),
    max_elevation=65.0,
    materials=("gold", "metal", "glass"),
    views=("above", "low"),
)
def piggy_bank(rng: Generator) -> list[Part]:
    """A glazed round pig with a slot in its back; often coins beside it."""
    body = sphere(1.0, 72, 48).moved(scale=(0.92, 1.15, 0.9), shift=(0, 0, 1.15))
    snout = revolve([spline([(0.44, 0), (0.36, 0.25), (0.36, 0.42), (0.3, 0.46), (0, 0.46)], 24, degree=2)], 40)
    snout = snout.moved(rotate=(X, 90), shift=(0, -0.98, 1.12))
    leg = revolve([[(0, 0), (0.24, 0)], spline([(0.24, 0), (0.27, 0.06), (0.22, 0.35), (0.34, 0.75)], 16)], 28)
    legs = [leg.moved(shift=(x * 0.45, y * 0.6, 0)) for x, y in ((-1, -1), (1, -1), (-1, 1), (1, 1))]
    ear = sphere(0.3, 24, 16).moved(scale=(0.8, 0.28, 1.15))
    ears = [ear.moved(rotate=rotation(Y, s * 28) @ rotation(X, -25), shift=(s * 0.45, -0.72, 1.9)) for s in (-1, 1)]
    t = np.linspace(0, 2.6 * PI, 50)
    tail = tube(np.stack([0.13 * np.cos(t), 1.1 + t * 0.035, 1.4 + 0.13 * np.sin(t)], 1), 0.05, 10)
    skin: Colour = choice(rng, (0.92, 0.5, 0.55), (0.92, 0.5, 0.55), (0.95, 0.62, 0.66), (0.92, 0.9, 0.86), vivid(rng))
    dark = [sphere(0.075, 16, 10).moved(shift=(s * 0.38, -0.98, 1.5)) for s in (-1, 1)]
    dark += [sphere(0.06, 14, 10).moved(scale=(0.8, 0.4, 1.3), shift=(s * 0.12, -1.44, 1.14)) for s in (-1, 1)]
    dark.append(rounded_box(0.1, 0.62, 0.06, 0.02).moved(shift=(0, 0.05, 2.04)))
    parts = [
        Part(join([body, snout, *legs, *ears, tail]), Material(skin, roughness=0.12, clearcoat=0.8), main=True),
        Part(join(dark), BLACK),
    ]
    if rng.random() < 0.7:
        coin = rounded_cylinder(0.28, 0.05, 0.015, 40)
        coins = [coin.moved(rotate=rotation(Y, 90), shift=(-0.03, 0.05, 2.25))]
        for i in range(4):
            place = (float(rng.uniform(0.8, 1.4)), float(rng.uniform(-1.3, 0.6)), 0.03 + 0.002 * i)
            coins.append(coin.moved(shift=place))
        parts.append(Part(join(coins), BRASS))
    return parts


@model(
    "envelope",
    metres=0.22,
    synonyms=("letter envelope",),
    grounds=("wood", "cloth", "wood"),
    elevation=(45.0, 80.0),
    yaw=(-30.0, 30.0),
    azimuth=(-20.0, 20.0),
    distance=(0.85, 1.1),
    max_elevation=88.0,
    views=("above",),
)
def envelope(rng: Generator) -> list[Part]:
    """A closed envelope: its back with the flap, sometimes a seal, or its front with address and stamp."""
    wide, high = float(rng.uniform(2.6, 3.4)), float(rng.uniform(1.5, 1.9))
    paper = np.array(choice(rng, (0.92, 0.91, 0.88), (0.92, 0.91, 0.88), (0.72, 0.55, 0.36), (0.9, 0.84, 0.7), vivid(rng)))
    grain = 1 + 0.015 * fbm(rng, 256, 256, 0.5)[..., None]
    sheet = rounded_box(wide, high, 0.04, 0.015, 3).moved(shift=(0, 0, 0.02))
    material = Material(np.clip(paper * grain, 0, 1), roughness=0.85)
    if rng.random() < 0.3:
        front = quad(wide * 0.98, high * 0.97).moved(rotate=(X, -90), shift=(0, 0, 0.045))
        return [Part(sheet, material), Part(front, Material(_address(rng, paper), roughness=0.85), main=True)]
    w, h, deep = wide / 2, high / 2, float(rng.uniform(0.05, 0.35))
    top = extrude([[(-w, h), (-0.12 * w, -deep * 0.7), (0, -deep), (0.12 * w, -deep * 0.7), (w, h)][::-1]], 0.015)
    left = extrude([[(-w, h), (-w, -h), (-0.08 * w, -0.1)]], 0.008)
    right = left.moved(scale=(-1, 1, 1))
    bottom = extrude([[(-w, -h), (w, -h), (0.1 * w, -0.02), (-0.1 * w, -0.02)]], 0.008)
    parts = [
        Part(join([sheet, left.moved(shift=(0, 0, 0.042)), right.moved(shift=(0, 0, 0.042))]), material, main=True),
        Part(bottom.moved(shift=(0, 0, 0.058)), Material(np.clip(paper * 0.94, 0, 1), roughness=0.85), main=True),
        Part(top.moved(rotate=(X, 1.2), shift=(0, 0, 0.08)), material, main=True),
    ]
    if rng.random() < 0.35:
        wax = rounded_cylinder(0.24, 0.06, 0.03, 32).moved(shift=(0, -deep + 0.1, 0.09))
        parts.append(Part(wax, Material((0.55, 0.04, 0.04), roughness=0.3)))
    return parts


def _address(rng: Generator, paper: Array) -> Array:
    """A front with a stamp and some lines, [256, 448, 3]."""
    ground = tuple(int(255 * c) for c in np.clip(paper, 0, 1))
    ends, stamp = rng.integers(300, 380, 4), tuple(int(c) for c in rng.integers(60, 200, 3))

    def draw(d: ImageDraw.ImageDraw, image: Image.Image) -> None:
        d.rectangle((0, 0, 448, 256), fill=ground)
        d.rectangle((372, 14, 434, 88), fill=(245, 245, 240))
        d.rectangle((378, 20, 428, 82), fill=stamp)
        d.text((403, 52), "48", font=font(26), fill=(250, 250, 250), anchor="mm")
        for k in range(4):
            d.arc((270 + k * 8, 20, 350 + k * 8, 90), 0, 360, fill=(60, 60, 70), width=2)
        for i, end in enumerate(ends):
            d.line((170, 130 + i * 26, int(end), 130 + i * 26), fill=(40, 45, 80), width=5)

    return drawing(448, 256, draw)
