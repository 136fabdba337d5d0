"""What goes far: airliner, trailer truck."""

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from ..finishes import RUBBER, STEEL, WINDOW
from ..geometry import (
    Mesh,
    X,
    Y,
    Z,
    block,
    cylinder,
    extrude,
    join,
    quad,
    revolve,
    rotation,
    rounded_cylinder,
    spline,
    tube,
)
from ..materials import Material, Part
from ..textures import choice, drawing, font, vivid
from . import model
from .vehicles import tyre

PI = float(np.pi)
SIDES = (-1, 1)
Colour = tuple[float, float, float]
Array = NDArray[np.float64]


# --- airliner -----------------------------------------------------------------------------------------------------------


@model(
    "airliner",
    metres=40,
    coco="airplane",
    synonyms=("airplane", "aeroplane", "plane", "jetliner"),
    place="sky",
    lights=("sunny", "sunny", "overcast"),
    elevation=(-36.0, -12.0),
    azimuth=(-50.0, 50.0),
    distance=(0.72, 0.9),
    settle=False,
    yaw=(-15.0, 15.0),
    views=("above", "below"),
    max_elevation=45.0,
)
def airliner(rng: Generator) -> list[Part]:
    """A twin-jet with swept wings, a fin in the airline's colour, cabin windows and, most often, its nose a little up."""
    colour: Colour = vivid(rng)
    white = Material((0.92, 0.92, 0.92), roughness=0.25, clearcoat=0.5)
    wing = extrude([np.array([(-0.55, 0.2), (0.5, 0.2), (1.35, 3.1), (1.05, 3.1)])], 0.07)
    wing.vertices[:, 2] += 0.09 * wing.vertices[:, 1] - 0.26
    tail = extrude([np.array([(2.25, 0.1), (2.8, 0.1), (3.15, 1.15), (2.9, 1.15)])], 0.04)
    tail.vertices[:, 2] += 0.12
    planes = [w.moved(scale=(1, s, 1)) for w in (wing, tail) for s in SIDES]
    fin = extrude([np.array([(1.9, 0.25), (2.85, 0.25), (3.25, 1.35), (2.9, 1.35)])], 0.06).moved(
        rotate=(X, 90), shift=(0, 0.03, 0)
    )
    nacelle = revolve([spline([(0.16, 0), (0.19, 0.1), (0.18, 0.45), (0.11, 0.85)], 24), [(0.11, 0.85), (0.0, 0.86)]], 32)
    engines = [nacelle.moved(rotate=(Y, 90), shift=(-0.55, s * 1.15, -0.42)) for s in SIDES]
    mouths = [cylinder(0.15, 0.02, 24).moved(rotate=(Y, 90), shift=(-0.53, s * 1.15, -0.42)) for s in SIDES]
    pylons = [block(0.5, 0.04, 0.2, (-0.1, s * 1.15, -0.25), 0.015) for s in SIDES]
    parts = [
        Part(_fuselage(), Material(_livery(rng, colour), roughness=0.25, clearcoat=0.5), main=True),
        Part(join(planes), Material((0.72, 0.73, 0.75), roughness=0.35, metallic=0.2)),
        Part(fin, Material(colour, roughness=0.3)),
        Part(join([*engines, *pylons]), choice(rng, white, Material(colour, roughness=0.3))),
        Part(join(mouths), RUBBER),
    ]
    pitch = rotation(Y, float(rng.uniform(0, 14))) @ rotation(X, float(rng.uniform(-10, 10)))
    return [Part(p.mesh.moved(rotate=pitch), p.material, main=p.main) for p in parts]


def _fuselage() -> Mesh:
    """A tube along x, nose at -x; v runs from nose to tail."""
    x = np.array([-3.2, -3.17, -3.05, -2.8, -2.4, -1.8, 0, 1.5, 2.2, 2.8, 3.2, 3.3])
    radius = np.array([0.02, 0.09, 0.18, 0.27, 0.33, 0.35, 0.35, 0.35, 0.29, 0.17, 0.07, 0.03])
    z = np.array([-0.08, -0.08, -0.07, -0.04, -0.01, 0, 0, 0, 0.05, 0.14, 0.2, 0.22])
    t = np.linspace(-3.2, 3.3, 120)
    path = np.stack([t, 0 * t, np.interp(t, x, z)], 1)
    hull = tube(path, np.interp(t, x, radius), 48)
    around = np.arctan2(hull.vertices[:, 1], hull.vertices[:, 2])
    hull.uv[:, 0] = np.abs(around) / PI
    return hull


def _livery(rng: Generator, colour: Colour) -> Array:
    """White over grey, windows, doors, a stripe; [650, 256, 3]: rows from nose to tail, columns from roof to belly."""
    image = np.ones((650, 256, 3)) * 0.93
    image[:, 175:] = choice(rng, (0.6, 0.62, 0.65), colour, (0.93, 0.93, 0.93))
    if rng.random() < 0.6:
        image[:, 138:152] = colour
    for row in range(85, 480, 9):
        image[row : row + 4, 112:124] = (0.08, 0.09, 0.12)
    for row in (70, 250, 500):
        image[row : row + 2, 100:150] = 0.45
        image[row + 12 : row + 14, 100:150] = 0.45
    image[18:30, 62:100] = (0.04, 0.05, 0.07)
    return image


# --- trailer truck ------------------------------------------------------------------------------------------------------


@model(
    "trailer truck",
    metres=16,
    coco="truck",
    synonyms=("truck", "lorry", "semi-trailer", "articulated lorry"),
    place="outdoors",
    grounds=("asphalt", "asphalt", "concrete"),
    elevation=(2.0, 14.0),
    azimuth=(36.0, 70.0),
    distance=(0.74, 0.92),
    max_elevation=65.0,
    views=("above", "rear", "low"),
)
def trailer_truck(rng: Generator) -> list[Part]:
    """A tractor with a bonnet, a sleeper cab and chrome stacks in front of a long box on two axles."""
    paint: Colour = choice(rng, (0.75, 0.08, 0.06), (0.08, 0.18, 0.55), (0.1, 0.4, 0.2), (0.9, 0.45, 0.05))
    coat = Material(paint, roughness=0.15, clearcoat=0.9)
    cab = [
        block(2.0, 2.3, 2.2, (-3.9, 0, 2.1), 0.15),
        block(1.5, 1.7, 1.25, (-5.5, 0, 1.5), 0.2, 5),
        *[block(1.3, 0.5, 0.5, (-5.4, s * 0.95, 0.98), 0.15) for s in SIDES],
        extrude([np.array([(-4.9, 3.1), (-2.95, 3.1), (-2.95, 4.05)])], 2.0).moved(rotate=(X, 90), shift=(0, 1.0, 0)),
    ]
    trailer = block(LONG, 2.5, 2.75, (MIDDLE, 0, 2.75), 0.04)
    glass = [
        block(0.05, 2.0, 0.75, (-4.9, 0, 2.6), 0.02),
        *[block(0.75, 0.05, 0.65, (-4.35, s * 1.14, 2.6), 0.02) for s in SIDES],
    ]
    wheels = [(-5.4, 0.36), (-2.9, 0.7), (-1.8, 0.7), (6.9, 0.7), (8.0, 0.7)]
    tyres = [tyre(0.53, wide).moved(shift=(x, s * (1.2 - wide / 2), 0.53)) for x, wide in wheels for s in SIDES]
    hubs = [
        rounded_cylinder(0.3, 0.1, 0.03).moved(rotate=(X, 90), shift=(x, s * 1.18 + 0.05, 0.53))
        for x, _ in wheels
        for s in SIDES
    ]
    chrome = [
        *hubs,
        *[cylinder(0.1, 2.9, 20).moved(shift=(-2.8, s * 1.1, 1.1)) for s in SIDES],
        *[rounded_cylinder(0.33, 1.2, 0.05).moved(rotate=(Y, 90), shift=(-4.4, s * 0.95, 0.85)) for s in SIDES],
        block(0.2, 2.3, 0.4, (-6.35, 0, 0.65), 0.06),
        block(0.06, 1.15, 1.0, (-6.25, 0, 1.5), 0.03),
    ]
    frame = [
        block(4.3, 0.9, 0.25, (-3.0, 0, 0.85), bevel=0.04),
        block(LONG - 0.2, 1.0, 0.25, (MIDDLE, 0, 1.2), bevel=0.04),
        block(0.12, 2.2, 0.12, (9.2, 0, 0.7), bevel=0.04),
    ]
    bars = [block(0.03, 1.0, 0.05, (-6.29, 0, 1.1 + 0.13 * k), 0.01) for k in range(7)]
    edges = [(x, s * 1.27, z) for x in np.linspace(-1.8, 9.2, 8) for s in SIDES for z in (1.42, 4.08)]
    amber = [block(0.12, 0.06, 0.08, at, 0.02) for at in edges]
    lamps = [block(0.08, 0.3, 0.22, (-6.15, s * 0.98, 1.05), 0.04) for s in SIDES]
    side = Material(_box_side(rng, paint), roughness=0.4)
    name = join(
        [quad(LONG - 0.2, 2.55).moved(shift=(0, -1.256, 0)), quad(LONG - 0.2, 2.55).moved(rotate=(Z, 180), shift=(0, 1.256, 0))]
    )
    return [
        Part(join(cab), coat, main=True),
        Part(trailer, Material((0.8, 0.8, 0.8), roughness=0.4), main=True),
        Part(name.moved(shift=(MIDDLE, 0, 2.75)), side, main=True),
        Part(join(glass), WINDOW),
        Part(join([*tyres, *frame, *bars]), RUBBER),
        Part(join(chrome), STEEL),
        Part(join(amber), Material((0.9, 0.4, 0.03), roughness=0.3)),
        Part(join(lamps), Material((0.9, 0.9, 0.9), roughness=0.05)),
    ]


LONG, MIDDLE = 11.4, 3.75
"""Length of the trailer, and where along x its middle is."""
FREIGHT = ("ROADLINE", "NORTHWAY", "ALLIED FREIGHT", "TRANSCO", "SUNRISE FOODS")


def _box_side(rng: Generator, paint: Colour) -> Array:
    """Ribbed metal with the haulier's name, [160, 640, 3]."""
    ink: tuple[int, ...] = tuple(int(255 * c * 0.8) for c in paint)
    name = str(rng.choice(FREIGHT))
    ground, ink = choice(rng, ((214, 214, 212), ink), ((214, 214, 212), ink), (ink, (235, 235, 235)))
    band = bool(rng.random() < 0.7)

    def draw(d: ImageDraw.ImageDraw, image: Image.Image) -> None:
        d.rectangle((0, 0, 640, 160), fill=ground)
        if band:
            d.rectangle((0, 118, 640, 140), fill=ink)
        for x in range(0, 640, 20):
            d.line((x, 0, x, 160), fill=tuple(int(0.88 * c) for c in ground), width=2)
        d.text((320, 62), name, font=font(76), fill=ink, anchor="mm")

    return drawing(640, 160, draw)
