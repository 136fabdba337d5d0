"""The pizza."""

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from scipy import ndimage

from ..geometry import (
    Mesh,
    X,
    Z,
    cylinder,
    extrude,
    grid_faces,
    join,
    rotation,
    rounded_cylinder,
    sphere,
    torus,
)
from ..materials import Material, Part
from ..textures import blend, choice, fbm, smoothstep
from . import model

PI = float(np.pi)
Array = NDArray[np.float64]
KITCHEN = ("wood", "wood", "cloth", "white", "marble")


TOPPINGS = {
    "salami": Material((0.58, 0.13, 0.07), roughness=0.45),
    "fat": Material((0.86, 0.45, 0.3), roughness=0.3),
    "olive": Material((0.05, 0.04, 0.05), roughness=0.25),
    "green": Material((0.12, 0.36, 0.06), roughness=0.4),
}


def scattered(rng: Generator, n: int, radius: float, apart: float) -> list[tuple[float, float]]:
    """Up to `n` places in a disc, no two nearer than `apart`."""
    places: list[tuple[float, float]] = []
    for _ in range(40 * n):
        r, a = radius * float(np.sqrt(rng.random())), 2 * PI * float(rng.random())
        x, y = r * float(np.cos(a)), r * float(np.sin(a))
        if all(np.hypot(x - p, y - q) > apart for p, q in places):
            places.append((x, y))
        if len(places) == n:
            break
    return places


@model(
    "pizza",
    metres=0.32,
    coco="pizza",
    grounds=KITCHEN,
    elevation=(28.0, 60.0),
    distance=(0.62, 0.85),
    yaw=(0.0, 360.0),
    max_elevation=88.0,
    views=("above",),
)
def pizza(rng: Generator) -> list[Part]:
    """A browned crust around cheese and sauce with salami, olives, peppers or basil; often with one slice pulled out."""
    relief = fbm(rng, 64, 64, 1.8)
    dough = blend((0.85, 0.6, 0.3), (0.45, 0.22, 0.08), smoothstep(0.0, 2.0, fbm(rng, 128, 512, 1.6, (1.0, 0.25))))
    waves = [(k, float(rng.uniform(0, 2 * PI))) for k in (3, 5, 8, 13, 21)]
    pulled = float(rng.uniform(0.1, 0.4)) if rng.random() < 0.85 else 0.0
    slices = [(0.0, 7 / 4 * PI, 0.0), (7 / 4 * PI, PI / 4, pulled)] if pulled else [(0.0, 2 * PI, 0.0)]
    toppings = _toppings(rng)
    crust, cheese, bits = [], [], []
    for start, arc, out in slices:
        aside = (out * np.cos(start + arc / 2), out * np.sin(start + arc / 2), 0.0)
        crust.append(_crust(start, arc, waves).moved(shift=aside))
        cheese.append(_sector(relief, start, arc).moved(shift=aside))
        bits += [(kind, bit.moved(shift=aside)) for kind, angle, bit in toppings if start <= angle < start + arc]
    parts = [
        Part(join(crust), Material(dough, roughness=0.7), main=True),
        Part(join(cheese), _cheese(rng), main=True),
    ]
    for kind, material in TOPPINGS.items():
        found = [bit for name, bit in bits if name == kind]
        parts += [Part(join(found), material)] if found else []
    return parts


def _crust(start: float, arc: float, waves: list[tuple[int, float]]) -> Mesh:
    """The raised rim of a sector, uneven, on a thin slab of dough."""
    rim = torus(0.97, 0.058, 96, 14, arc=arc, start=start)
    x, y, z = rim.vertices.T
    around = np.arctan2(y, x)
    lumps = 1 + 0.09 * np.sum([np.sin(around * k + p) for k, p in waves], axis=0)
    rim.vertices = np.c_[x * (0.97 + 0.03 * lumps), y * (0.97 + 0.03 * lumps), z * lumps + 0.06]
    t = start + np.linspace(0, arc, 64)
    edge = np.stack([np.cos(t), np.sin(t)], 1)
    slab = extrude([edge[:-1] if arc > 6.2 else np.vstack([edge, [(0.0, 0.0)]])], 0.05)
    return join([rim.smoothed(), slab])


def _sector(relief: Array, start: float, arc: float) -> Mesh:
    """The uneven top of a sector; uv as of a square around the whole pizza."""
    r, t = np.meshgrid(np.linspace(0.001, 0.97, 30), start + np.linspace(0, arc, 73), indexing="ij")
    x, y = r * np.cos(t), r * np.sin(t)
    u, v = (x + 1) / 2, (y + 1) / 2
    height = ndimage.map_coordinates(relief, [v * 63, u * 63], order=1)
    points = np.stack([x, y, 0.085 + 0.012 * height], -1).reshape(-1, 3)
    faces = np.ascontiguousarray(grid_faces(30, 73)[:, ::-1])
    return Mesh(points, faces, np.stack([u, v], -1).reshape(-1, 2)).smoothed()


def _toppings(rng: Generator) -> list[tuple[str, float, Mesh]]:
    """(kind, angle on the pizza, mesh) of everything that lies on it."""
    laid: list[tuple[str, float, Mesh]] = []

    def lay(kind: str, mesh: Mesh, x: float, y: float, z: float) -> None:
        turned = rotation(Z, float(rng.uniform(0, 360))) @ rotation(X, float(rng.normal(0, 5)))
        laid.append((kind, float(np.arctan2(y, x) % (2 * PI)), mesh.moved(rotate=turned, shift=(x, y, z))))

    for x, y in scattered(rng, choice(rng, 10, 13, 16), 0.8, 0.32):
        lay("salami", rounded_cylinder(0.155, 0.03, 0.012, 28), x, y, 0.085)
        for a, b in scattered(rng, 6, 0.1, 0.04):
            lay("fat", cylinder(0.014, 0.006, 8).moved(shift=(a, b, 0.03)), x, y, 0.0865)
    if rng.random() < 0.6:
        for x, y in scattered(rng, choice(rng, 8, 14), 0.82, 0.12):
            lay("olive", torus(0.042, 0.02, 16, 8), x, y, 0.115)
    for x, y in scattered(rng, choice(rng, 10, 16), 0.84, 0.14):
        strip = torus(0.09, 0.018, 12, 6, arc=float(rng.uniform(2.0, 4.0)))
        leaf = sphere(1, 16, 8).moved(scale=(0.12, 0.06, 0.015))
        lay("green", choice(rng, strip, leaf), x, y, 0.115)
    return laid


def _cheese(rng: Generator) -> Material:
    """Molten cheese over sauce, [512, 512, 3], browned here and there."""
    noise = fbm(rng, 512, 512, 1.5)
    image = blend((0.98, 0.7, 0.24), (1.0, 0.9, 0.62), smoothstep(-0.3, 0.9, noise))
    image = blend(image, (0.74, 0.2, 0.04), smoothstep(0.7, 1.4, -noise) * 0.85)
    image = blend(image, (0.5, 0.22, 0.06), smoothstep(1.1, 2.0, fbm(rng, 512, 512, 1.2)) * 0.8)
    y, x = np.mgrid[-1:1:512j, -1:1:512j]
    image = blend(image, (0.66, 0.16, 0.04), smoothstep(0.82, 0.9, np.hypot(x, y) + 0.03 * noise) * 0.85)
    return Material(np.clip(image, 0, 1), roughness=0.4, bump=noise, bump_scale=0.02)
