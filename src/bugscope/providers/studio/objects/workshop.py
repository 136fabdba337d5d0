"""Tools: hammer, hatchet, plunger, broom. The first two lie flat: the handle along x, the head across it."""

from dataclasses import replace

import numpy as np
from numpy.random import Generator

from ..finishes import TOOL_STEEL
from ..geometry import (
    Mesh,
    X,
    extrude,
    join,
    revolve,
    rounded_box,
    rounded_cylinder,
    spline,
    tube,
)
from ..materials import Material, Part
from ..textures import choice, wood
from . import model

Colour = tuple[float, float, float]

IRON = Material((0.3, 0.3, 0.31), roughness=0.4, metallic=0.9)
BLACK = Material((0.03, 0.03, 0.035), roughness=0.45)


@model(
    "hammer",
    metres=0.33,
    synonyms=("claw hammer",),
    grounds=("wood", "wood", "white", "concrete"),
    elevation=(35.0, 70.0),
    yaw=(-70.0, 70.0),
    distance=(0.75, 0.95),
    max_elevation=88.0,
    materials=("gold", "metal", "wood"),
    views=("above", "rear"),
)
def hammer(rng: Generator) -> list[Part]:
    """A claw hammer lying on its side."""
    face = revolve(
        [[(0, 0), (0.3, 0)], [(0.3, 0), (0.33, 0.04), (0.33, 0.3)], spline([(0.33, 0.3), (0.22, 0.42), (0.22, 0.75)], 12)], 32
    )
    face = face.moved(rotate=(X, -90), shift=(0, -1.05, 0))
    eye = rounded_box(0.5, 0.75, 0.46, 0.1, 5)
    curve = spline([(0.24, 0.3), (0.24, 0.7), (0.08, 1.15), (-0.28, 1.55)], 30)
    lower = spline([(-0.3, 1.5), (-0.02, 1.05), (0.0, 0.65), (-0.2, 0.3)], 30)
    profile = np.vstack([curve, lower])
    prongs = [extrude([profile], 0.17).moved(rotate=(X, s * 5.0), shift=(0, 0, 0.04 if s > 0 else -0.21)) for s in (-1, 1)]
    head = join([face, eye, *prongs]).moved(shift=(0.05, 0, 0))
    return [Part(head, choice(rng, TOOL_STEEL, TOOL_STEEL, IRON)), *_handle(rng, float(rng.uniform(3.3, 3.9)), wooden=0.6)]


def _handle(rng: Generator, length: float, wooden: float) -> list[Part]:
    """From x = -length to 0: turned wood with the chance `wooden`, else a rubber grip on a shaft."""
    x = np.linspace(-length, 0, 40)
    thick = np.interp(x / length, [-1, -0.93, -0.75, -0.45, -0.15, 0], [0.13, 0.19, 0.16, 0.17, 0.11, 0.11])
    shaft = tube(np.stack([x, 0 * x, 0 * x], 1), thick, 20).moved(scale=(1, 1.15, 0.8))
    if rng.random() < wooden:
        return [Part(shaft, Material(wood(rng, 128, 256, (0.62, 0.42, 0.22), (0.82, 0.62, 0.38)), roughness=0.45), main=True)]
    paint = choice(rng, (0.03, 0.03, 0.03), (0.75, 0.08, 0.05), (0.9, 0.65, 0.05), (0.1, 0.2, 0.6))
    grip = tube(np.stack([x[:22], 0 * x[:22], 0 * x[:22]], 1), thick[:22] * 1.12, 20).moved(scale=(1, 1.15, 0.8))
    return [
        Part(shaft, Material(choice(rng, (0.85, 0.65, 0.1), (0.2, 0.2, 0.2)), roughness=0.4)),
        Part(grip, Material(paint, roughness=0.6), main=True),
    ]


@model(
    "hatchet",
    metres=0.4,
    synonyms=("ax", "axe"),
    plural="hatchets",
    grounds=("wood", "grass", "dirt", "concrete"),
    elevation=(35.0, 70.0),
    yaw=(-70.0, 70.0),
    distance=(0.75, 0.95),
    max_elevation=88.0,
    materials=("gold", "metal", "wood"),
    views=("above", "rear"),
)
def hatchet(rng: Generator) -> list[Part]:
    """A small axe lying on its side; the edge of its blade is ground bright."""
    back = [(-0.26, -0.22), (0.26, -0.22), (0.3, 0.35)]
    top, edge = spline([(0.3, 0.35), (0.33, 0.9), (0.5, 1.7)], 12), spline([(0.5, 1.7), (-0.05, 1.92), (-0.95, 1.62)], 24)
    beard = spline([(-0.95, 1.62), (-0.5, 1.05), (-0.3, 0.35)], 12)
    blade = extrude([np.vstack([back, top, edge, beard])], 1.0).moved(shift=(0, 0, -0.5))
    blade.vertices[:, 2] *= np.interp(blade.vertices[:, 1], [-0.22, 0.25, 0.6, 1.92], [0.34, 0.34, 0.18, 0.02])
    bright = extrude([np.vstack([edge, edge[::-1] * (0.94, 0.86)])], 0.3).moved(shift=(0, 0, -0.15))
    bright.vertices[:, 2] *= np.interp(bright.vertices[:, 1], [1.2, 1.92], [0.95, 0.1])
    head = Mesh(blade.vertices, blade.faces, blade.uv).flattened()
    paint = choice(rng, IRON, IRON, Material((0.55, 0.05, 0.04), roughness=0.4), BLACK)
    return [
        Part(head, paint),
        Part(Mesh(bright.vertices, bright.faces, bright.uv).flattened(), TOOL_STEEL),
        *_handle(rng, float(rng.uniform(3.2, 3.8)), wooden=0.85),
    ]


@model(
    "plunger",
    metres=0.5,
    synonyms=("plumber's helper",),
    place="floor",
    grounds=("tile", "wood", "white"),
    elevation=(5.0, 28.0),
    distance=(0.8, 1.0),
    max_elevation=65.0,
    views=("above", "low"),
)
def plunger(rng: Generator) -> list[Part]:
    """A cup of rubber on a stick."""
    cup = [
        spline([(0.88, 0), (0.95, 0.06), (0.9, 0.16), (0.84, 0.2)], 12),
        spline([(0.84, 0.2), (0.8, 0.5), (0.5, 0.78), (0.26, 0.88)], 24),
        spline([(0.26, 0.88), (0.22, 1.0), (0.2, 1.2), (0.0, 1.2)], 12, degree=1),
    ]
    rubber: Colour = choice(rng, (0.55, 0.1, 0.05), (0.6, 0.08, 0.06), (0.04, 0.04, 0.04), (0.5, 0.2, 0.1))
    length = float(rng.uniform(2.6, 3.6))
    stick = rounded_cylinder(0.12, length, 0.06, 24).moved(shift=(0, 0, 1.0))
    parts = [
        Part(revolve(cup, 72), Material(rubber, roughness=0.35), main=True),
        Part(stick, Material(np.rot90(wood(rng, 64, 256, (0.68, 0.47, 0.25), (0.85, 0.66, 0.42))), roughness=0.5)),
    ]
    leaning = (X, float(rng.uniform(-3, 3)))
    return [replace(p, mesh=p.mesh.moved(rotate=leaning)) for p in parts]


@model(
    "broom",
    metres=1.3,
    place="floor",
    grounds=("wood", "tile", "concrete"),
    elevation=(35.0, 65.0),
    yaw=(-60.0, 60.0),
    distance=(0.7, 0.9),
    max_elevation=85.0,
    views=("above",),
)
def broom(rng: Generator) -> list[Part]:
    """A household broom of straw, stitched flat, on a long stick, lying on the floor."""
    straw = []
    for _ in range(260):
        u, z = rng.uniform(-1, 1), rng.uniform(-0.12, 0.12)
        end = (u * 0.95 + rng.normal(0, 0.03), -2.0 + rng.normal(0, 0.06), z * 1.2)
        straw.append(tube(spline([(u * 0.22, 0.1, z), (u * 0.62, -0.6, z * 1.4), end], 8, degree=2), 0.028, 5))
    stitches = [tube([(-w, y, 0.2), (w, y, 0.2)], 0.03, 6) for w, y in ((0.68, -0.62), (0.73, -0.78), (0.79, -0.94))]
    collar = revolve([spline([(0.34, -0.25), (0.22, 0.15), (0.11, 0.6)], 20)], 24).moved(scale=(1, 0.7, 1), rotate=(X, -90))
    stick = tube([(0, 0.3, 0), (0, 4.6, 0)], 0.1, 16)
    thread = Material(choice(rng, (0.7, 0.08, 0.06), (0.1, 0.25, 0.5), (0.1, 0.35, 0.15)), roughness=0.7)
    timber = Material(choice(rng, (0.75, 0.55, 0.32), (0.6, 0.08, 0.06), (0.1, 0.25, 0.45)), roughness=0.4)
    return [
        Part(join(straw), Material((0.8, 0.62, 0.3), roughness=0.8), main=True),
        Part(join([*stitches, collar]), thread),
        Part(stick, timber),
    ]
