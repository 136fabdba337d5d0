"""Airship."""

from dataclasses import replace

import numpy as np
from numpy.random import Generator

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
from ..textures import choice, vivid
from . import model

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
    """A long hull with seams and mostly two stripes, four fins and a gondola."""
    fat = float(rng.uniform(0.72, 0.95))
    profile = spline([(0, -3.2), (0.5, -2.95), (fat, -1.4), (fat, 0.4), (0.55 * fat, 2.3), (0.0, 3.2)], 60)
    hull = revolve(np.maximum(profile, (0, -9)), 96).moved(rotate=(Y, -90))
    fin = extrude([[(-0.55, 0.2), (0.5, 0.05), (0.35, 0.75), (-0.5, 0.85)]], 0.05)
    fins = [fin.moved(rotate=(X, a), shift=(-2.3, 0, 0)) for a in (0.0, 90.0, 180.0, 270.0)]
    cabin = rounded_box(1.0, 0.34, 0.26, 0.1, 5).moved(shift=(0.5, 0, -fat - 0.06))
    panes = [rounded_box(0.12, 0.36, 0.1, 0.02, 3).moved(shift=(0.15 + 0.17 * i, 0, -fat - 0.04)) for i in range(5)]
    engines = [rounded_box(0.3, 0.12, 0.14, 0.05, 4).moved(shift=(0.2, s * 0.34, -fat - 0.02)) for s in (-1, 1)]
    paint = np.array(choice(rng, (0.75, 0.77, 0.8), (0.93, 0.93, 0.92), (0.55, 0.57, 0.6), (0.85, 0.75, 0.2)))
    mark = vivid(rng)
    image = np.ones((256, 512, 3)) * paint
    image[:, ::32] *= 0.9
    image[::24] *= 0.94
    if rng.random() < 0.6:
        image[60:76] = mark
        image[180:196] = mark
    turn = rotation(Z, choice(rng, 0.0, 180.0) + float(rng.uniform(-30, 30))) @ rotation(Y, float(rng.uniform(-8, 4)))
    parts = [
        Part(hull, Material(image, roughness=0.35), main=True),
        Part(join(fins), Material(choice(rng, mark, (0.7, 0.7, 0.72)), roughness=0.4)),
        Part(join([cabin, *engines]), Material((0.85, 0.85, 0.86), roughness=0.4)),
        Part(join(panes), BLACK),
    ]
    return [replace(p, mesh=p.mesh.moved(rotate=turn)) for p in parts]
