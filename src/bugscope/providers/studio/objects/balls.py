"""Balls: soccer, basketball, tennis, golf, ping-pong, croquet. Patterns are drawn once; each ball is turned at random."""

from functools import cache

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from ..geometry import Mesh, Z, circle, extrude, revolve, rounded_box, sphere
from ..materials import Material, Part
from ..textures import choice, fbm, fibonacci_sphere, smoothstep, sphere_directions, tilted, wood
from . import model

Array = NDArray[np.float64]
VIEWS = ("low",)
"""A ball looks the same from everywhere, but from close to the ground its surroundings do not."""


@cache
def _ball() -> Mesh:
    return sphere(1.0, 128, 64)


def _turned(rng: Generator) -> tuple[tuple[float, float, float], float]:
    x, y, z = rng.normal(size=3)
    return (float(x), float(y), float(z)), float(rng.uniform(0, 360))


def _nearest(directions: Array, points: Array) -> Array:
    """Angle [h, w] from each direction to the nearest of `points` [n, 3]."""
    flat = directions.reshape(-1, 3)
    _, index = cKDTree(points).query(flat)
    cosine = np.einsum("ij,ij->i", flat, points[index])
    return np.asarray(np.arccos(np.clip(cosine, -1, 1)).reshape(directions.shape[:2]))


@model(
    "soccer ball",
    metres=0.22,
    coco="sports ball",
    synonyms=("football", "soccer"),
    place="outdoors",
    grounds=("grass", "grass", "concrete", "wood", "asphalt"),
    elevation=(5.0, 30.0),
    views=VIEWS,
    surfaces=False,
)
def soccer_ball(rng: Generator) -> list[Part]:
    """A truncated icosahedron of black and white leather."""
    pentagon, seam = _soccer_pattern()
    dark = choice(rng, (0.04, 0.04, 0.05), (0.04, 0.04, 0.05), (0.04, 0.04, 0.05), (0.05, 0.08, 0.3))
    image = np.where(pentagon[..., None], dark, (0.93, 0.93, 0.92)) * (0.55 + 0.45 * seam[..., None])
    image = np.clip(image * (1 + 0.02 * fbm(rng, 256, 512, 1.0)[..., None]), 0, 1)
    return [Part(tilted(rng, _ball()), Material(image, roughness=0.35, bump=seam, bump_scale=0.02), main=True)]


@cache
def _soccer_pattern() -> tuple[NDArray[np.bool_], Array]:
    """Where the pentagons are, and 0 in the seams, [256, 512] each."""
    golden = (1 + 5**0.5) / 2
    corners = np.array([(0, a, b * golden) for a in (-1, 1) for b in (-1, 1)])
    vertices = np.concatenate([np.roll(corners, i, axis=1) for i in range(3)])
    vertices /= np.linalg.norm(vertices, axis=1, keepdims=True)
    near = vertices @ vertices.T > 0.4
    faces = [
        vertices[i] + vertices[j] + vertices[k]
        for i in range(12) for j in range(i) for k in range(j)
        if near[i, j] and near[i, k] and near[j, k]
    ]  # fmt: skip
    hexagons = np.array(faces) / np.linalg.norm(faces, axis=1, keepdims=True)
    directions = sphere_directions(512, 256)
    # distances of the faces of a truncated icosahedron from its centre, edge 1
    five, six = directions @ vertices.T / 2.3274, directions @ hexagons.T / 2.2673
    ranked = np.sort(np.concatenate([five, six], -1), -1)
    return five.max(-1) > six.max(-1), smoothstep(0.0, 0.012, ranked[..., -1] - ranked[..., -2])


@model(
    "basketball",
    metres=0.24,
    coco="sports ball",
    place="outdoors",
    grounds=("wood", "wood", "asphalt", "concrete"),
    elevation=(5.0, 30.0),
    views=VIEWS,
    surfaces=False,
)
def basketball(rng: Generator) -> list[Part]:
    """Orange pebbled leather with black ribs."""
    pebbles, panel = fbm(rng, 512, 1024, 0.1), _basketball_panels()
    leather = np.array(choice(rng, (0.76, 0.36, 0.13), (0.68, 0.3, 0.1), (0.82, 0.42, 0.18)))
    image = np.where(panel[..., None] > 0.5, leather * (1 + 0.05 * pebbles[..., None]), (0.06, 0.04, 0.03))
    relief = np.clip(0.5 + 0.12 * pebbles, 0, 1) * panel
    return [
        Part(
            tilted(rng, _ball()),
            Material(np.clip(image, 0, 1), roughness=0.45, bump=relief, bump_scale=0.03),
            main=True,
        )
    ]


@cache
def _basketball_panels() -> Array:
    """0 in the ribs, [512, 1024]."""
    d = sphere_directions(1024, 512)
    x, y, z = d[..., 0], d[..., 1], d[..., 2]
    curved = np.abs(y**2 - (0.33 + 0.45 * z**2)) / 1.6
    rib = np.minimum(np.minimum(np.abs(x), np.abs(z)), curved)
    return smoothstep(0.0126, 0.0216, rib)


@model(
    "tennis ball",
    metres=0.067,
    coco="sports ball",
    place="outdoors",
    grounds=("grass", "asphalt", "concrete", "wood"),
    elevation=(8.0, 40.0),
    views=VIEWS,
    surfaces=False,
)
def tennis_ball(rng: Generator) -> list[Part]:
    """Yellow-green felt with a white seam and a fuzz of short hairs."""
    felt = np.array(choice(rng, (0.78, 0.88, 0.18), (0.72, 0.85, 0.22), (0.85, 0.9, 0.3)))
    fleck, seam = fbm(rng, 512, 1024, 0.35), _tennis_seam()
    image = np.where(seam[..., None] > 0.5, felt * (1 + 0.1 * fleck[..., None]), (0.9, 0.9, 0.85))
    relief = np.clip(0.5 + 0.15 * fleck, 0, 1) * seam
    turn = _turned(rng)
    cover = Material(np.clip(image, 0, 1), roughness=0.95, specular=0.05, bump=relief, bump_scale=0.09)
    fuzz = Material(np.clip(felt * 1.05, 0, 1), kind="diffuse")
    return [Part(_ball().moved(rotate=turn), cover, main=True), Part(_fuzz(rng).moved(rotate=turn), fuzz, main=True)]


@cache
def _tennis_curve() -> Array:
    t, a = np.linspace(0, 2 * np.pi, 400), 0.44
    x, y = a * np.cos(3 * t) + (1 - a) * np.cos(t), -a * np.sin(3 * t) + (1 - a) * np.sin(t)
    curve = np.stack([x, y, 2 * np.sqrt(a * (1 - a)) * np.sin(2 * t)], 1)
    return np.asarray(curve / np.linalg.norm(curve, axis=1, keepdims=True))


@cache
def _tennis_seam() -> Array:
    return smoothstep(0.05, 0.075, _nearest(sphere_directions(1024, 512), _tennis_curve()))


@cache
def _fuzz_roots() -> Array:
    roots = fibonacci_sphere(9000)
    return roots[(roots @ _tennis_curve().T).max(1) < np.cos(0.07)]


def _fuzz(rng: Generator) -> Mesh:
    roots = _fuzz_roots() + rng.normal(0, 0.005, _fuzz_roots().shape)
    lean = rng.normal(size=roots.shape)
    side = np.cross(roots, lean)
    side *= 0.004 / np.linalg.norm(side, axis=1, keepdims=True)
    vertices = np.stack([roots - side, roots + side, roots * 1.045 + lean * 0.02], 1).reshape(-1, 3)
    faces = np.arange(len(vertices), dtype=np.int32).reshape(-1, 3)
    normals = np.repeat(roots / np.linalg.norm(roots, axis=1, keepdims=True), 3, 0)
    return Mesh(vertices, faces, np.zeros((len(vertices), 2)), normals)


@model(
    "golf ball",
    metres=0.043,
    coco="sports ball",
    place="outdoors",
    grounds=("grass", "grass", "grass", "wood"),
    elevation=(8.0, 35.0),
    views=VIEWS,
    surfaces=False,
)
def golf_ball(rng: Generator) -> list[Part]:
    """White with 330 dimples, sometimes on a tee."""
    cover = Material((0.94, 0.94, 0.93), roughness=0.25, clearcoat=0.5, bump=_dimples(), bump_scale=0.08)
    parts = [Part(tilted(rng, _ball()), cover, main=True)]
    if rng.random() < 0.4:
        tee = revolve([[(0.0, -1.6), (0.08, -1.6), (0.09, -1.25), (0.32, -0.93), (0.3, -0.9)]])
        parts.append(Part(tee, Material(choice(rng, (0.9, 0.9, 0.9), (0.8, 0.2, 0.1), (0.8, 0.65, 0.4)))))
    return parts


@cache
def _dimples() -> Array:
    return smoothstep(0.03, 0.085, _nearest(sphere_directions(1536, 768), fibonacci_sphere(330)))


@model(
    "ping-pong ball",
    metres=0.04,
    coco="sports ball",
    synonyms=("table tennis ball", "ping pong ball"),
    grounds=("wood", "cloth", "white", "concrete"),
    elevation=(10.0, 35.0),
    views=VIEWS,
    surfaces=False,
)
def ping_pong_ball(rng: Generator) -> list[Part]:
    """Plain white or orange, mostly with a bat behind it."""
    colour = choice(rng, (0.95, 0.95, 0.93), (0.95, 0.95, 0.93), (0.95, 0.6, 0.15))
    parts = [Part(sphere(1, 96, 48), Material(colour), main=True)]
    if rng.random() < 0.6:
        turn, place = (Z, float(rng.uniform(0, 360))), (float(rng.uniform(-1.2, 1.2)), 2.2, -1.0)
        handle = rounded_box(0.7, 2.0, 0.35, 0.15).moved(shift=(0, -2.7, 0.12))
        parts.append(
            Part(extrude([circle(2.0, 64)], 0.25).moved(rotate=turn, shift=place), Material((0.7, 0.1, 0.08), roughness=0.6))
        )
        parts.append(Part(handle.moved(rotate=turn, shift=place), Material(wood(rng, 256, 256))))
    return parts


@model(
    "croquet ball",
    metres=0.092,
    coco="sports ball",
    place="outdoors",
    grounds=("grass",),
    elevation=(10.0, 35.0),
    views=VIEWS,
    surfaces=False,
)
def croquet_ball(rng: Generator) -> list[Part]:
    """Glossy, in one of the five colours of the game."""
    colour = choice(rng, (0.75, 0.05, 0.05), (0.08, 0.15, 0.6), (0.9, 0.75, 0.05), (0.05, 0.05, 0.05), (0.1, 0.4, 0.15))
    return [Part(sphere(1, 96, 48), Material(colour, roughness=0.25, clearcoat=0.6), main=True)]
