"""Barrel and dustbin ("ashcan")."""

from dataclasses import replace

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from ..geometry import (
    Mesh,
    X,
    Y,
    Z,
    circle,
    cylinder,
    extrude,
    grid_faces,
    join,
    revolve,
    rotation,
    rounded_box,
    rounded_cylinder,
    spline,
    torus,
    tube,
)
from ..materials import Material, Part
from ..textures import choice, fbm, planks, wood
from . import model

PI = float(np.pi)
Array = NDArray[np.float64]

BLACK = Material((0.025, 0.025, 0.03), roughness=0.3)


@model(
    "barrel",
    metres=0.9,
    synonyms=("cask", "wine cask", "wine barrel"),
    place="floor",
    grounds=("concrete", "concrete", "wood", "brick"),
    elevation=(6.0, 24.0),
    azimuth=(-15.0, 15.0),
    distance=(0.8, 1.0),
    max_elevation=65.0,
    materials=("wood", "metal", "gold"),
    views=("above", "low"),
    counts=False,
)
def barrel(rng: Generator) -> list[Part]:
    """Staves of oak held by iron hoops: two or three barrels in a pile."""
    h, belly = float(rng.uniform(2.6, 3.0)), float(rng.uniform(1.12, 1.2))
    z = np.linspace(0, h, 61)
    bulge = np.stack([0.88 + (belly - 0.88) * (1 - (2 * z / h - 1) ** 2), z], 1)
    insides = [[(0.8, h), (0.8, h - 0.15)], [(0.88, h), (0.8, h)], [(0.8, 0.0), (0.88, 0.0)]]
    heads = [extrude([circle(0.84, 64)], 0.06).moved(shift=(0, 0, s)) for s in (0.1, h - 0.16)]
    hoops = [revolve(bulge[i - 2 : i + 3] + (0.025, 0), 96) for i in (3, 12, 22, 38, 48, 57)]
    bung = cylinder(0.09, 0.06, 20).moved(rotate=(X, -90), shift=(0, belly - 0.02, h / 2))
    boards = Material(planks(rng, 7, 256), roughness=0.7)
    iron = Material(choice(rng, (0.22, 0.21, 0.2), (0.45, 0.45, 0.45), (0.3, 0.2, 0.15)), roughness=0.45, metallic=0.8)
    parts = [
        Part(revolve(bulge, 96), Material(_staves(rng), roughness=0.65), main=True),
        Part(join([*heads, revolve(insides, 64)]), boards, main=True),
        Part(join(hoops), iron),
        Part(bung, Material((0.3, 0.2, 0.12), roughness=0.8)),
    ]
    lying = [replace(p, mesh=p.mesh.moved(rotate=(X, 90))) for p in parts]
    places = [(-belly, 0.0), (belly, 0.0), (0.0, belly * 3**0.5)][: choice(rng, 3, 3, 3, 2)]
    pile = [replace(p, mesh=p.mesh.moved(shift=(x, 0, z))) for p in lying for x, z in places]
    blocks = [rounded_box(4.6, 0.4, 0.25, 0.03, 3).moved(shift=(0, -y * h, -belly + 0.05)) for y in (0.25, 0.75)]
    turn = (Z, float(rng.uniform(-35, 35)))
    return [replace(p, mesh=p.mesh.moved(rotate=turn)) for p in (*pile, Part(join(blocks), boards))]


def _staves(rng: Generator) -> Array:
    """Upright boards around a barrel, each of another shade, with dark joints, [256, 256, 3]."""
    n = int(rng.integers(18, 26))
    oak = choice(rng, ((0.4, 0.25, 0.13), (0.62, 0.42, 0.24)), ((0.3, 0.19, 0.11), (0.48, 0.33, 0.2)))
    column = np.arange(256) * n // 256
    shade = 0.82 + 0.36 * rng.random(n)[column]
    joint = np.where(np.diff(np.r_[column, n]) > 0, 0.3, 1.0)
    return np.clip(np.rot90(wood(rng, 256, 256, *oak)) * (shade * joint)[None, :, None], 0, 1)


@model(
    "ashcan",
    metres=0.9,
    synonyms=("trash can", "garbage can", "dustbin", "rubbish bin", "waste bin"),
    place="outdoors",
    grounds=("concrete", "asphalt", "brick"),
    elevation=(8.0, 28.0),
    azimuth=(-50.0, 50.0),
    max_elevation=65.0,
    materials=("gold", "metal"),
    views=("above", "low"),
)
def ashcan(rng: Generator) -> list[Part]:
    """A can of fluted zinc with a domed lid and handles; a third have a plastic bin on wheels instead."""
    if rng.random() < 0.33:
        return _wheeled_bin(rng)
    angle, z = np.linspace(0, 2 * PI, 241), np.linspace(0, 2.6, 14)
    flutes = 0.035 * np.clip(np.minimum(z - 0.25, 2.3 - z) / 0.12, 0, 1)[:, None] * np.cos(30 * angle)[None]
    r = (0.88 + 0.05 * z)[:, None] + flutes
    vertices = np.stack([r * np.cos(angle), r * np.sin(angle), np.repeat(z[:, None], 241, 1)], -1).reshape(-1, 3)
    side = Mesh(vertices, grid_faces(14, 241), np.zeros((len(vertices), 2))).smoothed()
    bands = [torus(0.89 + 0.05 * h, 0.04, 72, 8).moved(shift=(0, 0, h)) for h in (0.06, 0.3, 2.3, 2.56)]
    lid = revolve([[(1.06, 2.5), (1.1, 2.66)], spline([(1.1, 2.66), (0.9, 2.76), (0.5, 2.9), (0, 2.95)], 24)], 72)
    knob = tube(spline([(-0.28, 0, 2.86), (-0.22, 0, 3.14), (0.22, 0, 3.14), (0.28, 0, 2.86)], 24), 0.05, 10)
    grips = [
        tube(spline([(s * 0.95, -0.22, 1.9), (s * 1.22, -0.2, 1.8), (s * 1.22, 0.2, 1.8), (s * 0.95, 0.22, 1.9)], 20), 0.045, 8)
        for s in (-1, 1)
    ]
    zinc = Material((0.62, 0.64, 0.65), roughness=0.42, metallic=0.9, bump=fbm(rng, 128, 128, 1.0), bump_scale=0.02)
    lid_turn = rotation(Z, float(rng.uniform(0, 180)))
    return [Part(join([side, *bands, join([lid, knob]).moved(rotate=lid_turn), *grips]), zinc, main=True)]


def _wheeled_bin(rng: Generator) -> list[Part]:
    """A tapered box of plastic with a flat lid, a bar to push and two wheels."""
    shell = rounded_box(1.5, 1.6, 2.4, 0.1, 5)
    low = np.interp(shell.vertices[:, 2], [-1.2, 1.2], [0.78, 1.0])
    shell.vertices[:, :2] *= low[:, None]
    body = Mesh(shell.vertices, shell.faces, shell.uv, shell.normals).moved(shift=(0, 0, 1.35))
    rim = rounded_box(1.62, 1.72, 0.16, 0.05, 4).moved(shift=(0, 0, 2.5))
    lid = rounded_box(1.66, 1.8, 0.2, 0.1, 5).moved(rotate=(X, -5), shift=(0, -0.02, 2.66))
    bar = tube([(-0.6, 0.98, 2.5), (0.6, 0.98, 2.5)], 0.07, 12)
    ribs = [rounded_box(0.08, 0.06, 1.7, 0.02, 3).moved(rotate=(X, 4.3), shift=(x, -0.72, 1.4)) for x in (-0.35, 0.0, 0.35)]
    wheels = [rounded_cylinder(0.3, 0.16, 0.05, 32).moved(rotate=(Y, 90), shift=(x, 0.6, 0.3)) for x in (-0.78, 0.62)]
    plastic = Material(choice(rng, (0.06, 0.25, 0.12), (0.08, 0.09, 0.1), (0.1, 0.2, 0.45), (0.3, 0.18, 0.1)), roughness=0.45)
    return [Part(join([body, rim, lid, bar, *ribs]), plastic, main=True), Part(join(wheels), BLACK)]
