"""Acoustic guitar and electric guitar. Both are built lying: y runs along the strings, z out of the belly."""

from dataclasses import replace

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from ..geometry import (
    X,
    Y,
    box,
    cylinder,
    extrude,
    join,
    rotation,
    rounded_box,
    rounded_cylinder,
    spline,
    torus,
    tube,
)
from ..materials import Material, Part
from ..textures import blend, choice, vivid, wood
from . import model

Array = NDArray[np.float64]
Colour = tuple[float, float, float]

CHROME = Material((0.8, 0.8, 0.82), roughness=0.15, metallic=1.0)
BLACK = Material((0.03, 0.03, 0.035), roughness=0.45)
IVORY = Material((0.9, 0.88, 0.8), roughness=0.3)
ROSEWOOD = Material((0.12, 0.06, 0.04), roughness=0.4)

NECK_FOOT, NUT, HEAD = 0.45, 2.55, 3.25
"""Where a neck leaves the body, where its strings end, and where the head does."""

_HORNED = [
    (0.05, -1.0), (0.5, -0.93), (0.7, -0.6), (0.6, -0.15), (0.5, 0.15), (0.56, 0.45), (0.62, 0.72), (0.5, 0.8), (0.33, 0.6),
    (0.15, 0.42), (-0.15, 0.45), (-0.34, 0.68), (-0.5, 1.0), (-0.63, 0.93), (-0.6, 0.5), (-0.5, 0.15), (-0.62, -0.2),
    (-0.75, -0.6), (-0.5, -0.95),
]  # fmt: skip


@model(
    "acoustic guitar",
    metres=1.0,
    synonyms=("guitar", "folk guitar"),
    place="floor",
    grounds=("wood", "carpet", "wood"),
    elevation=(4.0, 24.0),
    azimuth=(-30.0, 30.0),
    distance=(0.72, 0.9),
    max_elevation=60.0,
    views=("above", "low"),
)
def acoustic_guitar(rng: Generator) -> list[Part]:
    """A waisted body of wood with a round hole, rosette and bridge."""
    outline = _mirrored(
        [(0, -1.0), (0.55, -0.93), (0.8, -0.5), (0.68, -0.08), (0.54, 0.2), (0.6, 0.62), (0.42, 0.92), (0, 0.98)]
    )
    pale, dark = choice(
        rng,
        ((0.87, 0.66, 0.38), (0.74, 0.5, 0.25)),
        ((0.8, 0.5, 0.22), (0.66, 0.36, 0.14)),
        ((0.55, 0.2, 0.08), (0.4, 0.12, 0.05)),
    )
    top = Material(np.rot90(wood(rng, 256, 256, dark, pale)), roughness=0.25, clearcoat=0.6)
    sides = Material(wood(rng, 256, 256, (0.22, 0.1, 0.05), (0.4, 0.2, 0.1)), roughness=0.3, clearcoat=0.4)
    belly = extrude([outline * 0.99], 0.02).moved(shift=(0, 0, 0.21))
    rosette = join([torus(r, 0.012, 48, 6).moved(shift=(0, 0.22, 0.233)) for r in (0.3, 0.34)])
    binding = tube(np.c_[outline, np.full(len(outline), 0.22)], 0.018, 6, closed=True)
    bridge = rounded_box(0.6, 0.14, 0.06, 0.02).moved(shift=(0, -0.48, 0.25))
    pegs = [
        cylinder(0.05, 0.12, 12).moved(rotate=(Y, 90 * s), shift=(s * 0.2, y, 0.16))
        for s in (-1, 1)
        for y in (2.75, 2.92, 3.09)
    ]
    head = extrude([[(-0.13, 2.5), (0.13, 2.5), (0.2, 2.66), (0.2, 3.2), (-0.2, 3.2), (-0.2, 2.66)]], 0.1).moved(
        shift=(0, 0, 0.1)
    )
    guard = extrude([spline([(0.12, 0.0), (0.4, -0.15), (0.5, -0.3), (0.3, -0.38), (0.16, -0.12)], 40, closed=True)], 0.012)
    return _stood(
        [
            Part(extrude([outline], 0.42).moved(shift=(0, 0, -0.21)), sides),
            Part(belly, top, main=True),
            Part(cylinder(0.27, 0.006, 48).moved(shift=(0, 0.22, 0.231)), Material((0.01, 0.008, 0.006), roughness=0.9)),
            Part(join([bridge, head, rosette, guard.moved(shift=(0, 0, 0.226))]), ROSEWOOD),
            Part(binding, IVORY),
            Part(join(pegs), CHROME),
            *_neck(0.22, sides, -0.48),
        ]
    )


def _mirrored(half: list[tuple[float, float]]) -> Array:
    """A closed outline from its right half, bottom to top; the first and last point lie on the axis."""
    return spline([*half, *((-x, y) for x, y in half[-2:0:-1])], 120, closed=True)


def _stood(parts: list[Part]) -> list[Part]:
    """Leaning back on a stand."""
    leaning = rotation(X, 76)
    stood = [replace(p, mesh=p.mesh.moved(rotate=leaning)) for p in parts]
    low = min(float(p.mesh.vertices[:, 2].min()) for p in stood)
    legs = [[(s * 0.28, -0.5, low), (s * 0.3, 0.05, low), (s * 0.45, 0.5, low - 0.25)] for s in (-1, 1)]
    bars = [tube(spline(leg, 20), 0.035, 8) for leg in legs]
    bars += [tube(bar, 0.035, 8) for bar in ([(0, 0.4, low), (0, 0.85, low - 0.25)], [(-0.3, 0.1, low), (0.3, 0.1, low)])]
    return [*stood, Part(join(bars), BLACK)]


def _neck(top: float, timber: Material, bridge: float) -> list[Part]:
    """Fretboard, frets, head, pegs and strings over a belly at z = `top`."""
    board = box(0.26, NUT - NECK_FOOT, 0.06).moved(shift=(0, (NUT + NECK_FOOT) / 2, top + 0.03))
    back = box(0.22, NUT - NECK_FOOT, 0.14).moved(shift=(0, (NUT + NECK_FOOT) / 2, top - 0.07))
    frets = [NUT - (NUT - bridge) * (1 - 2 ** (-i / 12)) for i in range(1, 19)]
    wires = [box(0.26, 0.015, 0.02).moved(shift=(0, y, top + 0.065)) for y in frets if y > NECK_FOOT + 0.05]
    strings = [
        tube([(x * 1.25, bridge, top + 0.08), (x, NUT, top + 0.09), (x * 1.1, HEAD - 0.2, top + 0.02)], 0.006, 5)
        for x in np.linspace(-0.1, 0.1, 6)
    ]
    dots = [cylinder(0.03, 0.01, 16).moved(shift=(0, (frets[i - 1] + frets[i]) / 2, top + 0.06)) for i in (2, 4, 6, 8, 11)]
    return [
        Part(back, timber),
        Part(board, ROSEWOOD),
        Part(join([*wires, *strings]), CHROME),
        Part(join(dots), IVORY),
    ]


@model(
    "electric guitar",
    metres=1.0,
    place="floor",
    grounds=("wood", "carpet", "wood"),
    elevation=(4.0, 24.0),
    azimuth=(-30.0, 30.0),
    distance=(0.72, 0.9),
    max_elevation=60.0,
    views=("above", "low"),
)
def electric_guitar(rng: Generator) -> list[Part]:
    """A flat lacquered body with two horns, pick-ups, knobs and a guard."""
    outline = spline(_HORNED, 160, closed=True)
    paint: Colour = choice(rng, (0.75, 0.05, 0.05), (0.04, 0.04, 0.045), (0.9, 0.88, 0.8), (0.1, 0.3, 0.6), vivid(rng))
    lacquer: Colour | Array = paint
    if rng.random() < 0.3:
        lacquer = _sunburst(outline)
    body = [extrude([outline * s], h).moved(shift=(0, 0, z)) for s, h, z in ((0.97, 0.3, -0.15), (1.0, 0.24, -0.12))]
    guard = [
        (0.3, -0.75),
        (0.5, -0.55),
        (0.4, -0.1),
        (0.38, 0.2),
        (0.42, 0.5),
        (0.2, 0.42),
        (-0.2, 0.45),
        (-0.4, 0.6),
        (-0.38, 0.1),
        (-0.2, -0.25),
    ]
    plate = extrude([spline(guard, 80, closed=True)], 0.015).moved(shift=(0, 0, 0.15))
    pickups = [rounded_box(0.34, 0.1, 0.06, 0.03).moved(shift=(0, y, 0.18)) for y in (0.3, 0.02, -0.26)]
    knobs = [rounded_cylinder(0.06, 0.08, 0.02, 20).moved(shift=(0.36, y, 0.165)) for y in (-0.25, -0.42)]
    knobs += [rounded_cylinder(0.06, 0.08, 0.02, 20).moved(shift=(0.3, -0.6, 0.165))]
    bridge = box(0.36, 0.16, 0.05).moved(shift=(0, -0.5, 0.18))
    pegs = [cylinder(0.04, 0.1, 12).moved(shift=(-0.13, y, 0.12)) for y in np.linspace(2.68, 3.15, 6)]
    pegs += [rounded_box(0.12, 0.07, 0.05, 0.02).moved(shift=(-0.25, y, 0.12)) for y in np.linspace(2.66, 3.13, 6)]
    maple = Material(wood(rng, 256, 256, (0.75, 0.52, 0.27), (0.86, 0.66, 0.4)), roughness=0.3, clearcoat=0.5)
    head = spline(
        [(-0.12, 2.5), (0.12, 2.5), (0.13, 2.7), (0.12, 2.95), (0.16, 3.2), (-0.05, 3.3), (-0.22, 3.15), (-0.2, 2.66)],
        60,
        closed=True,
    )
    white = choice(rng, (0.92, 0.92, 0.9), (0.92, 0.92, 0.9), (0.05, 0.05, 0.05))
    return _stood(
        [
            Part(join(body), Material(lacquer, roughness=0.12, clearcoat=1.0), main=True),
            Part(plate, Material(white, roughness=0.3)),
            Part(join([*pickups, *knobs]), Material((0.04, 0.04, 0.04) if white[0] > 0.5 else (0.9, 0.9, 0.85), roughness=0.3)),
            Part(join([bridge, *pegs]), CHROME),
            Part(extrude([head], 0.08).moved(shift=(0, 0, 0.06)), maple),
            *_neck(0.16, maple, -0.5),
        ]
    )


def _sunburst(outline: Array) -> Array:
    """From amber in the middle to black at the edge, over the outline's bounding box."""
    low, high = outline.min(0), outline.max(0)
    x, y = np.meshgrid(np.linspace(low[0], high[0], 96), np.linspace(high[1], low[1], 96))
    away = np.sqrt(((x[..., None] - outline[:, 0]) ** 2 + (y[..., None] - outline[:, 1]) ** 2).min(-1))
    amber = blend((0.45, 0.12, 0.02), (0.85, 0.5, 0.12), np.clip(away / 0.45 - 0.3, 0, 1))
    return blend((0.03, 0.015, 0.01), amber, np.clip(away / 0.22, 0, 1))
