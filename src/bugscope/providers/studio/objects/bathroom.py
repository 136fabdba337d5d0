"""In the bathroom: toilet, washbasin."""

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from ..geometry import (
    Mesh,
    X,
    Z,
    block,
    cylinder,
    extrude,
    grid_faces,
    join,
    revolve,
    rounded_cylinder,
    spline,
    tube,
)
from ..materials import Material, Part
from ..textures import choice, fbm, wood
from . import model

PI = float(np.pi)
SIDES = (-1, 1)
Colour = tuple[float, float, float]
Array = NDArray[np.float64]
CHROME = Material((0.85, 0.85, 0.86), roughness=0.06, metallic=1.0)
CERAMIC = Material((0.93, 0.93, 0.92), roughness=0.08, clearcoat=0.8)
DRAIN = Material((0.05, 0.05, 0.05), roughness=0.4)


def _oval(z: float, half_width: float, front: float, back: float) -> Array:
    """A ring of points [72, 3] at height z: an egg with its small end in front."""
    t = np.linspace(0, 2 * PI, 72)
    y = np.sin(t)
    return np.stack([half_width * np.cos(t) * (1 - 0.06 * (y < 0) * y**2), np.where(y < 0, front, back) * y, z + 0 * t], 1)


def _loft(rings: list[Array]) -> Mesh:
    """A skin over rings that run upwards on the outside."""
    rows, columns = len(rings), len(rings[0])
    u, v = np.meshgrid(np.linspace(0, 1, columns), np.linspace(0, 1, rows))
    return Mesh(np.vstack(rings), grid_faces(rows, columns), np.stack([u, v], -1).reshape(-1, 2)).smoothed()


# --- toilet -------------------------------------------------------------------------------------------------------------


@model(
    "toilet seat",
    metres=0.75,
    coco="toilet",
    synonyms=("toilet", "lavatory seat"),
    place="floor",
    grounds=("wood",),
    elevation=(22.0, 45.0),
    azimuth=(-35.0, 35.0),
    distance=(0.75, 0.92),
    max_elevation=72.0,
    views=("above", "low"),
    materials=("gold", "metal", "wood"),
)
def toilet(rng: Generator) -> list[Part]:
    """A pedestal with an open bowl, a seat that is down under a lid that is up, and a cistern with a lever."""
    wooden = Material(wood(rng, 256, 256), roughness=0.3, clearcoat=0.4)
    lid = choice(rng, CERAMIC, CERAMIC, wooden)
    centre = -0.35
    outer = [
        (0.0, 0.36, 0.42, 0.75),
        (0.35, 0.34, 0.42, 0.7),
        (0.7, 0.44, 0.58, 0.72),
        (1.0, 0.62, 0.82, 0.7),
        (1.16, 0.66, 0.86, 0.7),
    ]
    inner = [(1.16, 0.5, 0.68, 0.5), (1.0, 0.46, 0.62, 0.46), (0.8, 0.3, 0.4, 0.34), (0.62, 0.14, 0.18, 0.16)]
    smooth = [spline(np.array(rings), 16) for rings in (outer, inner)]
    skin = [_loft([_oval(*ring) for ring in rings]) for rings in smooth]
    rim = _loft([_oval(1.16, 0.66, 0.86, 0.7), _oval(1.17, 0.5, 0.68, 0.5)])
    seat = _ring_plate(1.17, 0.09)
    body = join([*skin, rim]).moved(shift=(0, centre, 0))
    tank = [block(1.35, 0.5, 1.0, (0, 0.52, 1.75), 0.1, steps=4), block(1.45, 0.58, 0.14, (0, 0.52, 2.29), 0.06, steps=4)]
    shelf = block(0.8, 0.6, 0.4, (0, 0.4, 1.05), 0.1, steps=4)
    lever = join(
        [
            block(0.28, 0.06, 0.06, (-0.42, 0.22, 2.02), 0.02, steps=4),
            cylinder(0.05, 0.08, 12).moved(rotate=(X, 90), shift=(-0.52, 0.28, 2.02)),
        ]
    )
    outline = _oval(0, 0.62, 0.8, 0.3)[:-1, :2] * (1, -1) + (0, 0.3)
    cover = extrude([outline], 0.06).moved(rotate=(X, 87.0), shift=(0, 0.2, 1.22))
    water = extrude([_oval(0, 0.3, 0.4, 0.34)[:-1, :2]], 0.01).moved(shift=(0, centre, 0.78))
    return [
        Part(join([body, *tank, shelf]), CERAMIC, main=True),
        Part(join([seat.moved(shift=(0, centre, 0)), cover]), lid, main=True),
        Part(lever, CHROME),
        Part(water, Material((0.55, 0.68, 0.74), roughness=0.03, specular=0.8)),
    ]


def _ring_plate(z: float, height: float) -> Mesh:
    """The seat: a rounded ring around the opening."""
    middle = _oval(z + height / 2, 0.58, 0.77, 0.6)
    return tube(middle, 0.1, 16, closed=True).moved(scale=(1, 1, 0.55), shift=(0, 0, (z + height / 2) * 0.45))


# --- washbasin ----------------------------------------------------------------------------------------------------------


@model(
    "washbasin",
    metres=0.6,
    coco="sink",
    synonyms=("sink", "basin", "washbowl", "bathroom sink"),
    place="floor",
    grounds=("tile", "tile", "wood"),
    elevation=(28.0, 50.0),
    azimuth=(-30.0, 30.0),
    distance=(0.85, 1.05),
    max_elevation=75.0,
    views=("above",),
    materials=("gold", "metal"),
)
def washbasin(rng: Generator) -> list[Part]:
    """A bowl with an overflow and a drain under a tap, on a pedestal or let into a worktop with a splashback."""
    pedestal = rng.random() < 0.5
    rim = 1.0
    outer = [(0.35, 0.3, 0.3, 0.35), (0.6, 0.6, 0.5, 0.5), (0.85, 0.95, 0.72, 0.66), (rim, 1.0, 0.78, 0.7)]
    inner = [(rim, 0.88, 0.66, 0.45), (0.85, 0.8, 0.58, 0.4), (0.62, 0.5, 0.38, 0.3), (0.55, 0.1, 0.1, 0.1)]
    skins = [_loft([_oval(*ring) for ring in spline(np.array(rings), 16)]) for rings in (outer, inner)]
    top = _loft([_oval(rim, 1.0, 0.78, 0.7), _oval(rim + 0.03, 0.95, 0.73, 0.6), _oval(rim, 0.88, 0.66, 0.45)])
    drain = [rounded_cylinder(0.09, 0.02, 0.005, 24).moved(shift=(0, 0, 0.56))]
    parts = [
        Part(join([*skins, top]), CERAMIC, main=True),
        Part(join([*drain, *_tap(choice(rng, "mixer", "two"), rim)]), CHROME),
        Part(join([cylinder(0.045, 0.01, 16).moved(shift=(0, 0, 0.582)), _overflow()]), DRAIN),
    ]
    if pedestal:
        foot = revolve([spline([(0.36, -1.4), (0.27, -1.1), (0.22, -0.3), (0.32, 0.4)], 24)], 48)
        parts.append(Part(join([foot, block(1.5, 0.28, 0.1, (0, 0.66, rim - 0.02), 0.04, steps=4)]), CERAMIC, main=True))
    else:
        grain = choice(rng, (0.75, 0.72, 0.68), (0.3, 0.28, 0.27), (0.86, 0.84, 0.8))
        stone = np.clip(np.array(grain) * (1 + 0.12 * fbm(rng, 128, 128, 0.8)[..., None]), 0, 1)
        counter = extrude(
            [np.array([(-1.7, -0.95), (1.7, -0.95), (1.7, 0.95), (-1.7, 0.95)]), _oval(0, 0.97, 0.75, 0.67)[:-1, :2]], 0.1
        )
        parts.append(
            Part(
                join([counter.moved(shift=(0, 0, rim - 0.12)), block(3.4, 0.06, 0.5, (0, 0.95, rim + 0.2), steps=4)]),
                Material(stone, roughness=0.15),
            )
        )
        front: Colour = choice(rng, (0.9, 0.9, 0.88), (0.4, 0.25, 0.14))
        parts.append(Part(_cabinet(rim), Material(front, roughness=0.4)))
    return parts


def _cabinet(rim: float) -> Mesh:
    """Four walls under the worktop, clear of the bowl."""
    z = rim - 0.75
    return join(
        [block(3.2, 0.06, 1.2, (0, s * 0.85, z), steps=4) for s in SIDES]
        + [block(0.06, 1.7, 1.2, (s * 1.57, 0, z), steps=4) for s in SIDES]
    )


def _overflow() -> Mesh:
    return rounded_cylinder(0.05, 0.02, 0.005, 16).moved(rotate=(X, 60), shift=(0, 0.4, 0.86))


def _tap(kind: str, rim: float) -> list[Mesh]:
    """A curved spout with one lever or two handles."""
    spout = tube(
        spline([(0, 0.58, rim), (0, 0.57, rim + 0.35), (0, 0.4, rim + 0.52), (0, 0.18, rim + 0.46), (0, 0.14, rim + 0.34)], 30),
        0.055,
        14,
    )
    base = rounded_cylinder(0.1, 0.06, 0.02, 24).moved(shift=(0, 0.58, rim))
    if kind == "mixer":
        return [spout, base, block(0.06, 0.26, 0.04, (0, 0.68, rim + 0.5), 0.015, steps=4)]
    handles = []
    for s in SIDES:
        post = rounded_cylinder(0.06, 0.16, 0.02, 20).moved(shift=(s * 0.38, 0.58, rim))
        cross = [
            block(0.26, 0.06, 0.05, (0, 0, 0), 0.02, steps=4).moved(rotate=(Z, turn), shift=(s * 0.38, 0.58, rim + 0.19))
            for turn in (20, 110)
        ]
        handles += [post, *cross]
    return [spout, base, *handles]
