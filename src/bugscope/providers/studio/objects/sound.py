"""Drum, gong, maraca and microphone."""

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from ..geometry import (
    Mesh,
    X,
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
from ..textures import blend, choice, vivid, wood
from . import model

PI = float(np.pi)
Array = NDArray[np.float64]
Colour = tuple[float, float, float]

CHROME = Material((0.8, 0.8, 0.82), roughness=0.15, metallic=1.0)
BLACK = Material((0.03, 0.03, 0.035), roughness=0.45)


@model(
    "drum",
    metres=1.6,
    synonyms=("drum kit", "drum set"),
    place="floor",
    grounds=("wood", "carpet", "wood"),
    elevation=(4.0, 16.0),
    azimuth=(-30.0, 30.0),
    distance=(0.68, 0.85),
    max_elevation=60.0,
    views=("above", "low"),
    counts=False,
)
def drum(rng: Generator) -> list[Part]:
    """A drummer's kit: a bass drum on its side, two toms on it, a floor tom and a snare, and cymbals on stands."""
    paint: Colour = choice(rng, (0.6, 0.04, 0.04), (0.04, 0.12, 0.4), (0.03, 0.03, 0.03), (0.85, 0.83, 0.78), vivid(rng))
    tom = rotation(Y, float(rng.uniform(-6, 6))) @ rotation(X, 22)
    drums = [  # radius, height, turn, place of the foot
        (1.0, 0.9, rotation(X, 90), (0.0, 0.45, 1.02)),
        (0.42, 0.42, tom, (-0.46, -0.05, 2.12)),
        (0.46, 0.46, tom, (0.5, -0.05, 2.12)),
        (0.58, 0.75, rotation(X, 0), (1.45, 0.25, 0.4)),
        (0.5, 0.32, rotation(X, 8), (-1.35, 0.3, 1.0)),
    ]
    shells, heads, metal = [], [], []
    for r, h, turn, foot in drums:
        shells.append(cylinder(r, h, 64).moved(rotate=turn, shift=foot))
        heads.append(cylinder(r * 0.98, h + 0.02, 64).moved(rotate=turn, shift=foot))
        hoops = join([torus(r * 1.02, 0.035, 64, 8).moved(shift=(0, 0, z)) for z in (0.0, h)])
        metal += [hoops.moved(rotate=turn, shift=foot), _rods(h, 8).moved(scale=(r, r, 1), rotate=turn, shift=foot)]
    cymbal = revolve([spline([(0.7, 0), (0.2, 0.08), (0.14, 0.1), (0.1, 0.16), (0, 0.18)], 24, degree=2)], 56)
    cymbals = []
    for x, y, z, tilt in ((-1.5, 0.5, 2.75, 14.0), (1.6, 0.5, 2.85, -14.0), (-2.1, 0.1, 1.75, 0.0)):
        cymbals.append(cymbal.moved(rotate=rotation(Y, tilt) @ rotation(X, 10), shift=(x, y, z)))
        metal += [tube([(x, y, z + 0.2), (x, y, 0.5)], 0.035, 8), _tripod((x, y, 0.55), 0.4)]
    metal += [_tripod((-1.35, 0.3, 1.0), 0.45), *(_leg((1.45, 0.25), a) for a in (0.9, 3.0, 5.1))]
    metal += [tube([(s * 0.3, 0.1, 1.9), (s * 0.42, 0.0, 2.3)], 0.04, 8) for s in (-1, 1)]
    return [
        Part(join(shells), Material(paint, roughness=0.12, clearcoat=0.8), main=True),
        Part(join(heads), Material(choice(rng, (0.93, 0.92, 0.88), (0.93, 0.92, 0.88), (0.05, 0.05, 0.05)), roughness=0.5)),
        Part(join(metal), CHROME),
        Part(join(cymbals), Material((0.85, 0.65, 0.28), roughness=0.25, metallic=1.0)),
    ]


def _tripod(top: tuple[float, float, float], spread: float) -> Mesh:
    """Three legs from `top` to the floor."""
    x, y, _ = top
    feet = [(x + spread * float(np.cos(a)), y + spread * float(np.sin(a)), 0.0) for a in (0.5, 2.6, 4.7)]
    return join([tube([top, foot], 0.03, 8) for foot in feet])


def _leg(centre: tuple[float, float], angle: float) -> Mesh:
    """An upright rod on the wall of the floor tom."""
    x, y = centre[0] + 0.61 * float(np.cos(angle)), centre[1] + 0.61 * float(np.sin(angle))
    return tube([(x, y, 0), (x, y, 0.9)], 0.03, 8)


def _rods(h: float, n: int) -> Mesh:
    """`n` tension rods with their lugs."""
    rods = []
    for angle in np.arange(n) * 2 * PI / n:
        place = (1.06 * np.cos(angle), 1.06 * np.sin(angle))
        rods += [
            cylinder(0.025, h - 0.1, 8).moved(shift=(*place, 0.05)),
            rounded_box(0.12, 0.12, 0.3, 0.04, 2).moved(shift=(*place, h / 2)),
        ]
    return join(rods)


@model(
    "gong",
    metres=1.2,
    place="floor",
    grounds=("wood", "carpet"),
    elevation=(2.0, 18.0),
    azimuth=(-35.0, 35.0),
    max_elevation=45.0,
    views=("rear", "low"),
)
def gong(rng: Generator) -> list[Part]:
    """A hammered bronze disc that hangs in a frame."""
    across = np.linspace(0, 1, 256)[:, None] * np.ones((1, 256))
    rings = 0.5 + 0.5 * np.sin(across * 150)
    bronze = blend((0.5, 0.32, 0.12), (0.78, 0.58, 0.28), np.clip(rings * 0.4 + 0.6 * (across % 0.45 > 0.12), 0, 1))
    disc = revolve([[(0, 0.16), (0.2, 0.14), (0.26, 0.04), (0.9, 0.02), (1.0, 0.0)][::-1], [(1.0, -0.2), (1.0, 0.0)][::1]], 96)
    face = disc.moved(rotate=(X, 90), shift=(0, 0, 1.5))
    beam: list[Mesh] = [rounded_box(0.14, 0.16, 2.9, 0.03).moved(shift=(s * 1.3, 0, 1.45)) for s in (-1, 1)]
    beam += [
        rounded_box(3.0, 0.18, 0.16, 0.03).moved(shift=(0, 0, 2.85)),
        rounded_box(2.6, 0.12, 0.1, 0.03).moved(shift=(0, 0, 0.2)),
    ]
    beam += [rounded_box(0.16, 1.1, 0.12, 0.03).moved(shift=(s * 1.3, 0, 0.06)) for s in (-1, 1)]
    cords = [tube([(s * 0.5, 0, 2.36), (s * 0.5, 0, 2.85)], 0.025, 8) for s in (-1, 1)]
    timber = choice(rng, Material(wood(rng, 128, 128), roughness=0.4), Material((0.5, 0.05, 0.04), roughness=0.3), BLACK)
    return [
        Part(face, Material(bronze, roughness=0.3, metallic=0.9), main=True),
        Part(join(beam), timber),
        Part(join(cords), Material((0.6, 0.1, 0.08), roughness=0.8)),
    ]


@model(
    "maraca",
    metres=0.25,
    grounds=("wood", "white", "cloth"),
    elevation=(35.0, 65.0),
    yaw=(-60.0, 60.0),
    distance=(0.75, 0.95),
    views=("above",),
    counts=False,
)
def maraca(rng: Generator) -> list[Part]:
    """A pair of painted rattles on wooden handles, lying crossed."""
    paint = np.array(choice(rng, (0.75, 0.08, 0.05), (0.85, 0.6, 0.1), (0.1, 0.35, 0.2), vivid(rng)))
    image = np.ones((128, 256, 3)) * paint
    around = np.arange(256) / 256 * 2 * PI
    for row, colour in ((44, (0.9, 0.8, 0.2)), (62, (0.92, 0.92, 0.88)), (82, (0.1, 0.1, 0.1))):
        wave = (row + 5 * np.sin(around * 12)).astype(int)
        for k in range(5):
            image[wave + k, np.arange(256)] = colour
    head = sphere(0.62, 48, 32).moved(scale=(1, 1, 1.25), shift=(0, 0, 2.6))
    grip = revolve([[(0, 0), (0.12, 0)], spline([(0.12, 0), (0.17, 0.2), (0.11, 1.0), (0.13, 2.0)], 30)], 24)
    heads, grips = [], []
    for side in (-1, 1):
        turn = rotation(Z, side * float(rng.uniform(18, 26))) @ rotation(X, -83)
        shift = (side * 0.35, 0, 0.3 + 0.12 * side)
        heads.append(head.moved(rotate=turn @ rotation(Z, float(rng.uniform(0, 360))), shift=shift))
        grips.append(grip.moved(rotate=turn, shift=shift))
    return [
        Part(join(heads), Material(image, roughness=0.2, clearcoat=0.6), main=True),
        Part(join(grips), Material(wood(rng, 128, 128), roughness=0.5)),
    ]


@model(
    "microphone",
    metres=0.2,
    synonyms=("mic",),
    grounds=("wood", "white", "cloth"),
    lights=("dark", "indoors"),
    elevation=(2.0, 25.0),
    azimuth=(-60.0, 60.0),
    distance=(0.75, 1.0),
    max_elevation=65.0,
    materials=("gold", "metal"),
    views=("above", "low"),
)
def microphone(rng: Generator) -> list[Part]:
    """A singer's microphone in the clip of a stand: a ball of wire mesh on a tapered handle."""
    grille = np.zeros((128, 256))
    grille[::4], grille[:, ::4] = 1.0, 1.0
    steel = np.where(grille[..., None] > 0, (0.62, 0.62, 0.64), (0.08, 0.08, 0.08))
    head = sphere(0.5, 64, 40).moved(scale=(1, 1, 1.12), shift=(0, 0, 2.65))
    ring = revolve([spline([(0.5, -0.07), (0.55, 0.0), (0.5, 0.07)], 10)], 64).moved(shift=(0, 0, 2.62))
    body = revolve(
        [[(0, 0), (0.24, 0)], [(0.24, 0), (0.25, 0.1), (0.36, 1.9)], spline([(0.36, 1.9), (0.4, 2.1), (0.46, 2.3)], 12)], 48
    )
    switch = rounded_box(0.14, 0.06, 0.32, 0.03).moved(shift=(0, -0.33, 1.6))
    turn = rotation(Z, float(rng.uniform(-70, 70))) @ rotation(X, float(rng.uniform(25, 60)))
    clip = turn @ np.array((0, 0, 0.9))
    stand = tube([clip + (0, 0, -0.25), clip + (0, 0, -2.8)], 0.09, 14)
    holder = tube([turn @ np.array((0, 0, 0.7)), turn @ np.array((0, 0, 1.2))], 0.36, 24)
    foot = rounded_cylinder(0.9, 0.12, 0.05).moved(shift=clip + (0, 0, -2.85))
    paint = choice(rng, (0.05, 0.05, 0.06), (0.05, 0.05, 0.06), (0.6, 0.6, 0.62))
    return [
        Part(head.moved(rotate=turn), Material(steel, roughness=0.35, metallic=0.8, bump=grille, bump_scale=0.03)),
        Part(join([ring, switch]).moved(rotate=turn), CHROME),
        Part(body.moved(rotate=turn), Material(paint, roughness=0.4), main=True),
        Part(join([stand, holder, foot]), BLACK),
    ]
