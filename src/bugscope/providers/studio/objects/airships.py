"""Airship."""

from dataclasses import replace

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from ..geometry import (
    X,
    Y,
    Z,
    extrude,
    join,
    revolve,
    rotation,
    rounded_box,
    spline,
)
from ..materials import Material, Part
from ..textures import blend, choice, drawing, font, vivid
from . import model

Array = NDArray[np.float64]
Colour = tuple[float, float, float]

BLACK = Material((0.025, 0.025, 0.03), roughness=0.3)


@model(
    "airship",
    metres=60,
    synonyms=("blimp", "dirigible", "zeppelin"),
    place="sky",
    grounds=("none",),
    elevation=(-25.0, -4.0),
    azimuth=(-50.0, 50.0),
    distance=(0.85, 1.2),
    max_elevation=40.0,
    settle=False,
    materials=("gold", "metal"),
    views=("below", "rear", "low"),
)
def airship(rng: Generator) -> list[Part]:
    """A long hull with seams and a name on both sides, four fins and a gondola."""
    fat = float(rng.uniform(0.9, 1.1))
    profile = spline([(0, -3.2), (0.5, -2.95), (fat, -1.4), (fat, 0.4), (0.55 * fat, 2.3), (0.0, 3.2)], 60)
    hull = revolve(np.maximum(profile, (0, -9)), 96).moved(rotate=(Y, -90))
    fin = extrude([[(-0.5, 0.2), (0.45, 0.05), (0.2, 0.85), (-0.5, 0.95)]], 0.05)
    fins = [fin.moved(rotate=(X, a), shift=(-2.3, 0, 0)) for a in (0.0, 90.0, 180.0, 270.0)]
    cabin = rounded_box(1.2, 0.4, 0.3, 0.1, 5).moved(shift=(0.5, 0, -fat - 0.06))
    panes = [rounded_box(0.12, 0.36, 0.1, 0.02, 3).moved(shift=(0.15 + 0.17 * i, 0, -fat - 0.04)) for i in range(5)]
    engines = [rounded_box(0.3, 0.12, 0.14, 0.05, 4).moved(shift=(0.2, s * 0.34, -fat - 0.02)) for s in (-1, 1)]
    mark = vivid(rng)
    turn = rotation(Z, choice(rng, 0.0, 180.0) + float(rng.uniform(-30, 30))) @ rotation(Y, float(rng.uniform(-8, 4)))
    parts = [
        Part(hull, Material(_envelope(rng, mark), roughness=0.35), main=True),
        Part(join(fins), Material(choice(rng, mark, (0.7, 0.7, 0.72)), roughness=0.4)),
        Part(join([cabin, *engines]), Material((0.85, 0.85, 0.86), roughness=0.4)),
        Part(join(panes), BLACK),
    ]
    return [replace(p, mesh=p.mesh.moved(rotate=turn)) for p in parts]


def _envelope(rng: Generator, mark: Colour) -> Array:
    """The cloth of the hull, nose first: seams, mostly a stripe at both ends, and a name that reads from both sides."""
    paint = np.array(choice(rng, (0.75, 0.77, 0.8), (0.93, 0.93, 0.92), (0.6, 0.62, 0.65), (0.88, 0.78, 0.25)))
    image = np.ones((512, 512, 3)) * paint
    image[:, ::32] *= 0.9
    image[::48] *= 0.94
    if rng.random() < 0.5:
        image[110:130] = image[390:410] = mark
    name, size = choice(rng, "SKYWAYS", "VOYAGER", "AEROLINE", "CLOUDS", "HORIZON"), (240, 84)
    ink = drawing(*size, lambda d, _: d.text((120, 42), name, font=font(48), fill=(255, 255, 255), anchor="mm"))[..., 0]
    for print_, column in ((ink[::-1, ::-1].T, 384), (ink.T, 128)):
        block = image[130:370, column - 42 : column + 42]
        block[:] = blend(block, mark, print_)
    return image
