"""Flat and patterned things: abacus, crossword puzzle, ruler ("rule"), honeycomb."""

import numpy as np
from numpy.random import Generator
from PIL import Image, ImageDraw

from ..geometry import Mesh, X, Y, Z, circle, cylinder, extrude, join, quad, revolve, rotation, rounded_box, spline
from ..materials import Material, Part
from ..textures import choice, drawing, font, wood
from . import model

PI = float(np.pi)
SIDES = (-1, 1)


@model(
    "abacus",
    metres=0.3,
    plural="abacuses",
    grounds=("wood", "white", "cloth"),
    elevation=(5.0, 30.0),
    azimuth=(-35.0, 35.0),
    views=("rear", "upside down", "low"),
    max_elevation=60.0,
)
def abacus(rng: Generator) -> list[Part]:
    """Rows of ten beads on rods in a wooden frame; half of them lie flat."""
    frame = [rounded_box(3.8, 0.3, 0.2, 0.03, 3).moved(shift=(0, 0, z)) for z in (0.0, 3.0)]
    frame += [rounded_box(0.2, 0.3, 3.2, 0.03, 3).moved(shift=(s * 1.8, 0, 1.5)) for s in SIDES]
    rows = choice(rng, 7, 9, 10)
    many = bool(rng.random() < 0.6)
    colours = ((0.8, 0.1, 0.08), (0.95, 0.75, 0.1), (0.1, 0.4, 0.7), (0.15, 0.55, 0.2), (0.85, 0.4, 0.1))
    paints = [Material(c, roughness=0.2, clearcoat=0.5) for c in (colours if many else ((0.35, 0.12, 0.05),))]
    bead = revolve([spline([(0.04, -0.11), (0.16, -0.05), (0.16, 0.05), (0.04, 0.11)], 14)], 20).moved(rotate=(Y, 90))
    beads: list[list[Mesh]] = [[] for _ in paints]
    rods = []
    for i in range(rows):
        z = 0.25 + i * 2.5 / (rows - 1)
        rods.append(cylinder(0.025, 3.6, 8).moved(rotate=(Y, 90), shift=(-1.8, 0, z)))
        moved = rng.integers(0, 11)
        for j in range(10):
            x = -1.6 + j * 0.21 if j < moved else 1.6 - (9 - j) * 0.21
            beads[i % len(paints)].append(bead.moved(shift=(x, 0, z)))
    parts = [
        Part(join(frame), Material(wood(rng, 256, 256), roughness=0.5), main=True),
        Part(join(rods), Material((0.75, 0.75, 0.76), roughness=0.25, metallic=1.0)),
        *(Part(join(row), paint) for row, paint in zip(beads, paints, strict=True)),
    ]
    if rng.random() < 0.5:
        parts = [Part(p.mesh.moved(rotate=(X, -78)), p.material, main=p.main) for p in parts]
    return parts


@model(
    "crossword puzzle",
    metres=0.25,
    synonyms=("crossword",),
    grounds=("wood", "white"),
    elevation=(50.0, 88.0),
    distance=(0.6, 0.85),
    yaw=(-20.0, 20.0),
    max_elevation=89.0,
    views=(),
    colours=False,
    counts=False,
    surfaces=False,
)
def crossword_puzzle(rng: Generator) -> list[Part]:
    """A printed page with a symmetric grid, numbers, some letters, and clues; often a pencil on it."""
    page = quad(3, 3).moved(rotate=(X, -90), shift=(0, 0, 0.03))
    parts = [
        Part(page, Material(_crossword(rng), roughness=0.8), main=True),
        Part(rounded_box(3, 3, 0.04, 0.01), Material((0.95, 0.95, 0.9))),
    ]
    if rng.random() < 0.6:
        pencil = revolve(
            [[(0, 0), (0.02, 0.05), (0.09, 0.35)], [(0.09, 0.35), (0.09, 3.2)], [(0.09, 3.2), (0, 3.2)]], 6
        ).flattened()
        lying = rotation(Z, float(rng.uniform(0, 360))) @ rotation(X, 90)
        place = (float(rng.uniform(-0.5, 0.8)), float(rng.uniform(-0.5, 0.5)), 0.12)
        parts.append(Part(pencil.moved(rotate=lying, shift=place), Material((0.9, 0.7, 0.1))))
    return parts


def _crossword(rng: Generator) -> np.ndarray:
    """[600, 600, 3]."""
    n, side, edge = 15, 27, 20
    black = rng.random((n, n)) < 0.17
    black |= black[::-1, ::-1]
    letters = rng.random((n, n)) < 0.3
    alphabet = rng.integers(18, size=(n, n))
    right, below = rng.integers(34, 74, (2, 30)), rng.integers(40, 90, (4, 11))

    def draw(d: ImageDraw.ImageDraw, image: Image.Image) -> None:
        d.rectangle((0, 0, 600, 600), fill=(246, 244, 236))
        number = 1
        for i in range(n):
            for j in range(n):
                x, y = edge + j * side, edge + i * side
                fill = (15, 15, 15) if black[i, j] else (252, 252, 250)
                d.rectangle((x, y, x + side, y + side), fill=fill, outline=(20, 20, 20), width=2)
                if black[i, j]:
                    continue
                if i == 0 or j == 0 or black[i - 1, j] or black[i, j - 1]:
                    d.text((x + 2, y), str(number), font=font(9), fill=(20, 20, 20))
                    number += 1
                if letters[i, j]:
                    d.text((x + 8, y + 5), "ABCDEFGHILMNOPRSTU"[alphabet[i, j]], font=font(18), fill=(30, 30, 90))
        for c, column in enumerate(right):
            for i, length in enumerate(column):
                d.line((436 + c * 83, 27 + i * 13, 436 + c * 83 + int(length), 27 + i * 13), fill=(50, 50, 50), width=3)
        for c, column in enumerate(below):
            for i, length in enumerate(column):
                d.line((27 + c * 100, 440 + i * 13, 27 + c * 100 + int(length), 440 + i * 13), fill=(50, 50, 50), width=3)

    return drawing(600, 600, draw)


@model(
    "rule",
    metres=0.3,
    synonyms=("ruler",),
    plural="rulers",
    grounds=("wood", "white"),
    elevation=(35.0, 75.0),
    distance=(0.65, 0.9),
    yaw=(-60.0, 60.0),
    max_elevation=88.0,
    views=("above",),
    materials=("wood",),
    surfaces=False,
)
def ruler(rng: Generator) -> list[Part]:
    """Centimetres along one edge, sixteenths along the other."""
    colour = choice(rng, (0.9, 0.75, 0.5), (0.93, 0.8, 0.3), (0.9, 0.9, 0.9), (0.85, 0.8, 0.7))
    red, green, blue = (int(255 * c) for c in colour)
    ink = (15, 15, 15)

    def draw(d: ImageDraw.ImageDraw, image: Image.Image) -> None:
        d.rectangle((0, 0, 1600, 200), fill=(red, green, blue))
        for i in range(161):
            x = 40 + i * 9.5
            d.line((x, 0, x, 70 if i % 10 == 0 else 50 if i % 5 == 0 else 32), fill=ink, width=3)
            if i % 10 == 0:
                d.text((x - 12, 75), str(i // 10), font=font(44), fill=ink)
        for i in range(61):
            x = 40 + i * 25
            d.line((x, 200, x, 150 if i % 4 == 0 else 175), fill=ink, width=3)

    print_ = Material(drawing(1600, 200, draw), roughness=0.35)
    return [
        Part(quad(6, 0.75).moved(rotate=(X, -90), shift=(0, 0, 0.06)), print_, main=True),
        Part(rounded_box(6, 0.75, 0.1, 0.02), Material(colour), main=True),
    ]


@model(
    "honeycomb",
    metres=0.2,
    grounds=("wood",),
    lights=("indoors",),
    elevation=(40.0, 80.0),
    distance=(0.55, 0.75),
    max_elevation=85.0,
    views=("above",),
    counts=False,
)
def honeycomb(rng: Generator) -> list[Part]:
    """Hexagonal wax cells, most full of honey, a quarter capped."""
    side = 0.2
    cells: list[Mesh] = []
    capped: list[Mesh] = []
    honey: list[Mesh] = []
    outer, inner, fill = (circle(side * f, 6, phase=PI / 6) for f in (1.0, 0.87, 0.9))
    for i in range(-9, 10):
        for j in range(-9, 10):
            x, y = side * 1.732 * (i + 0.5 * (j % 2)), side * 1.5 * j
            if np.hypot(x, y) > 2.3:
                continue
            cells.append(extrude([outer, inner], 0.3 + float(rng.uniform(-0.02, 0.02))).moved(shift=(x, y, 0)))
            if rng.random() < 0.25:
                capped.append(extrude([fill], 0.26).moved(shift=(x, y, 0)))
            else:
                honey.append(extrude([fill], float(rng.uniform(0.08, 0.2))).moved(shift=(x, y, 0)))
    parts = [
        Part(join(cells), Material((0.9, 0.62, 0.15)), main=True),
        Part(join(honey), Material((0.75, 0.4, 0.04), roughness=0.08, clearcoat=1.0)),
    ]
    if capped:
        parts.append(Part(join(capped), Material((0.93, 0.78, 0.45), roughness=0.6)))
    return parts
