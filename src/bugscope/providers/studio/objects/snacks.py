"""To eat from the hand: cheeseburger, bagel, ice lolly."""

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from ..geometry import (
    Mesh,
    Z,
    cylinder,
    extrude,
    grid_faces,
    join,
    revolve,
    rotation,
    rounded_box,
    rounded_cylinder,
    rounded_rectangle,
    sphere,
    spline,
)
from ..materials import Material, Part
from ..textures import blend, choice, fbm, fibonacci_sphere, smoothstep, vivid, wood
from . import model

PI = float(np.pi)
Array = NDArray[np.float64]
Colour = tuple[float, float, float]

KITCHEN = ("wood", "white", "cloth", "marble")


@model(
    "cheeseburger",
    metres=0.11,
    synonyms=("burger", "hamburger"),
    grounds=("wood", "white", "wood", "cloth"),
    elevation=(4.0, 22.0),
    distance=(0.85, 1.05),
    max_elevation=50.0,
    views=("low",),
)
def cheeseburger(rng: Generator) -> list[Part]:
    """A bun with sesame, one or two patties, melting cheese, tomato and lettuce."""
    crust = np.clip(0.5 + 0.5 * np.linspace(1, -1, 128)[:, None] + 0.12 * fbm(rng, 128, 256, 1.2), 0, 1)
    baked = Material(blend((0.82, 0.58, 0.3), (0.6, 0.3, 0.09), crust), roughness=0.3, clearcoat=0.3)
    z = 0.0
    heel = revolve(
        [[(0, 0), (0.9, 0)], spline([(0.9, 0), (1.05, 0.12), (1.02, 0.34), (0.96, 0.38)], 16), [(0.96, 0.38), (0, 0.38)]]
    )
    z += 0.38
    lettuce, patties, cheeses, tomatoes = [_ruffle(rng, 0.7, 1.2, 0.08, 13).moved(shift=(0, 0, z + 0.06))], [], [], []
    z += 0.1
    for _ in range(choice(rng, 1, 1, 2)):
        patties.append(_patty(rng).moved(shift=(0, 0, z)))
        z += 0.32
        cheeses.append(_slice(float(rng.uniform(0, 90))).moved(shift=(0, 0, z)))
        z += 0.05
    if rng.random() < 0.75:
        tomatoes = [
            rounded_cylinder(0.56, 0.11, 0.04, 40).moved(shift=(x, y, z)) for x, y in ((-0.45, -0.35), (0.45, -0.38), (0, 0.45))
        ]
        z += 0.1
    lettuce.append(_ruffle(rng, 0.7, 1.18, 0.08, 11).moved(shift=(0, 0, z + 0.04)))
    z += 0.07
    dome = spline([(1.02, 0), (1.1, 0.12), (0.98, 0.48), (0.6, 0.74), (0, 0.84)], 40)
    crown = revolve([[(0, 0), (1.02, 0)], dome]).moved(shift=(0, 0, z))
    crumb = Material((0.7, 0.66, 0.55), roughness=0.7)
    beef = Material(
        blend((0.2, 0.1, 0.05), (0.32, 0.17, 0.09), np.clip(0.5 + 0.4 * fbm(rng, 128, 128, 0.8), 0, 1)), roughness=0.6
    )
    red = Material((0.75, 0.1, 0.06), roughness=0.2, clearcoat=0.5)
    parts = [
        Part(join([heel, crown]), baked, main=True),
        Part(_sesame(rng).moved(shift=(0, 0, z)), Material((0.93, 0.86, 0.68), roughness=0.5)),
        Part(join(lettuce), Material((0.3, 0.58, 0.12), roughness=0.4)),
        Part(join(patties), beef),
        Part(join(cheeses), Material((0.97, 0.68, 0.1), roughness=0.3)),
        Part(cylinder(0.9, 0.02).moved(shift=(0, 0, 0.385)), crumb),
    ]
    return [*parts, Part(join(tomatoes), red)] if tomatoes else parts


def _ruffle(rng: Generator, inside: float, outside: float, height: float, lobes: int) -> Mesh:
    """A wavy ring, such as a leaf of lettuce between two slices."""
    angle, across = np.linspace(0, 2 * PI, 181), np.linspace(0, 1, 10)
    a, t = np.meshgrid(angle, across)
    phase, second = rng.uniform(0, 2 * PI, 2)
    reach = 1 + 0.06 * np.sin(5 * a + second)
    r = (inside + (outside - inside) * t) * reach
    z = height * t * np.sin(lobes * a + phase) - 0.1 * t**2
    vertices = np.stack([r * np.cos(a), r * np.sin(a), z], -1).reshape(-1, 3)
    return Mesh(vertices, grid_faces(10, 181), np.zeros((len(vertices), 2))).smoothed()


def _patty(rng: Generator) -> Mesh:
    """A thick disc with an uneven edge, on z = 0."""
    lumps = fbm(rng, 32, 64, 1.2)
    mesh = rounded_cylinder(1.08, 0.33, 0.14, 64)
    angle = np.arctan2(mesh.vertices[:, 1], mesh.vertices[:, 0])
    row = (np.clip(mesh.vertices[:, 2], 0, 0.33) / 0.33 * 31).astype(int)
    column = ((angle / (2 * PI) + 0.5) * 64).astype(int) % 64
    mesh.vertices[:, :2] *= (1 + 0.012 * lumps[row, column])[:, None]
    return Mesh(mesh.vertices, mesh.faces, mesh.uv).smoothed()


def _slice(turn: float) -> Mesh:
    """A square of cheese whose corners hang down."""
    x, y = np.meshgrid(np.linspace(-1, 1, 33), np.linspace(-1, 1, 33))
    away = np.hypot(x, y)
    z = 0.05 - 0.55 * np.maximum(away - 0.98, 0) ** 1.1
    reach = 1 - 0.25 * np.maximum(away - 1.02, 0)
    sheets = [np.stack([x * reach, y * reach, z + h], -1).reshape(-1, 3) for h in (0.0, -0.045)]
    flat = grid_faces(33, 33)
    top = Mesh(sheets[0], flat, np.zeros((33 * 33, 2))).smoothed()
    under = Mesh(sheets[1], np.ascontiguousarray(flat[:, ::-1]), np.zeros((33 * 33, 2))).smoothed()
    return join([top, under]).moved(rotate=(Z, turn))


def _sesame(rng: Generator) -> Mesh:
    """Seeds on the dome of a bun that stands on z = 0."""
    seed, seeds = sphere(0.05, 12, 8).moved(scale=(1.5, 0.9, 0.5)), []
    for direction in fibonacci_sphere(170):
        if direction[2] < 0.3 or rng.random() < 0.35:
            continue
        x, y, z = direction + rng.normal(0, 0.05, 3)
        place = (1.03 * x, 1.03 * y, 0.02 + 0.83 * min(z, 1.0))
        turn = rotation((-y, x, 1e-6), float(np.degrees(np.hypot(x, y)))) @ rotation(Z, float(rng.uniform(0, 180)))
        seeds.append(seed.moved(rotate=turn, shift=place))
    return join(seeds)


@model(
    "bagel",
    metres=0.11,
    grounds=KITCHEN,
    elevation=(25.0, 60.0),
    distance=(0.9, 1.15),
    max_elevation=85.0,
    views=("above",),
)
def bagel(rng: Generator) -> list[Part]:
    """A shiny ring of dough, mostly with sesame or poppy seeds."""
    brown = np.clip(0.5 + 0.25 * fbm(rng, 128, 256, 1.6), 0, 1)
    light, dark = choice(rng, ((0.82, 0.55, 0.25), (0.62, 0.33, 0.1)), ((0.78, 0.5, 0.22), (0.55, 0.27, 0.08)))
    crust = Material(blend(light, dark, brown), roughness=0.3, clearcoat=0.4)
    ring = _ring(rng)
    parts = [Part(ring, crust, main=True)]
    kind = choice(rng, "sesame", "sesame", "poppy", "plain")
    if kind != "plain":
        colour = (0.94, 0.87, 0.68) if kind == "sesame" else (0.06, 0.06, 0.08)
        size = (0.05, 0.03, 0.02) if kind == "sesame" else (0.024, 0.024, 0.02)
        seeds = _grains(rng, ring, size, 260 if kind == "sesame" else 420)
        parts.append(Part(seeds, Material(colour, roughness=0.5)))
    return parts


def _ring(rng: Generator) -> Mesh:
    """A fat uneven ring with a small hole, lying on the ground."""
    a, b = np.meshgrid(np.linspace(0, 2 * PI, 97), np.linspace(0, 2 * PI, 41), indexing="ij")
    phase = rng.uniform(0, 2 * PI, 4)
    major = 0.72 + 0.02 * np.sin(2 * a + phase[0])
    minor = 0.5 * (1 + 0.05 * np.sin(a + phase[1]) + 0.03 * np.sin(3 * a + phase[2]))
    r, z = major + minor * np.cos(b), 0.9 * minor * np.sin(b)
    z = np.maximum(z, -0.3)
    vertices = np.stack([r * np.cos(a), r * np.sin(a), z], -1).reshape(-1, 3)
    uv = np.stack([a / (2 * PI), b / (2 * PI)], -1).reshape(-1, 2)
    return Mesh(vertices, np.ascontiguousarray(grid_faces(97, 41)), uv).smoothed()


def _grains(rng: Generator, ring: Mesh, size: tuple[float, float, float], n: int) -> Mesh:
    """Seeds on the upper side."""
    assert ring.normals is not None
    up = np.flatnonzero(np.abs(ring.normals[:, 2]) * (ring.vertices[:, 2] > 0.1) > 0.35)
    grain, grains = sphere(1.0, 8, 5).moved(scale=size), []
    for i in rng.choice(up, n):
        place = ring.vertices[i] + rng.normal(0, 0.02, 3) * (1, 1, 0.2)
        grains.append(grain.moved(rotate=(Z, float(rng.uniform(0, 180))), shift=place))
    return join(grains)


@model(
    "ice lolly",
    metres=0.15,
    synonyms=("popsicle", "ice pop"),
    plural="ice lollies",
    grounds=("white", "marble", "wood", "cloth"),
    elevation=(35.0, 75.0),
    yaw=(-35.0, 35.0),
    distance=(0.8, 1.0),
    max_elevation=88.0,
    views=("above",),
    counts=False,
)
def ice_lolly(rng: Generator) -> list[Part]:
    """One to three of frozen juice or chocolate on flat sticks of wood, lying side by side; some are bitten."""
    number = choice(rng, 1, 2, 3)
    timber = Material(np.rot90(wood(rng, 64, 64, (0.75, 0.56, 0.34), (0.87, 0.7, 0.47))), roughness=0.6)
    parts = []
    for i in range(number):
        ice = Material(_frozen(rng), roughness=0.2, clearcoat=0.7)
        bar = _bar(bitten=rng.random() < 0.4)
        stick = extrude([rounded_rectangle(0.34, 1.5, 0.16)], 0.1).moved(shift=(0, -1.75, 0.24))
        turn, shift = (Z, float(rng.uniform(-8, 8))), (1.75 * (i - (number - 1) / 2), float(rng.uniform(-0.15, 0.15)), 0)
        parts += [
            Part(bar.moved(rotate=turn, shift=shift), ice, main=True),
            Part(stick.moved(rotate=turn, shift=shift), timber),
        ]
    return parts


def _frozen(rng: Generator) -> Array:
    """One to three layers from the top down, or chocolate, with some frost, [256, 64, 3]."""
    one, two, three = vivid(rng), vivid(rng), vivid(rng)
    rocket: tuple[Colour, ...] = ((0.85, 0.1, 0.1), (0.95, 0.93, 0.9), (0.12, 0.25, 0.75))
    layers = choice(rng, (one,), (one,), rocket, (one, two), (one, two, three), ((0.2, 0.09, 0.04),))
    image, down = np.ones((256, 64, 3)) * layers[0], np.linspace(0, 1, 256)
    for i, colour in enumerate(layers[1:], 1):
        weight = smoothstep(i / len(layers) - 0.03, i / len(layers) + 0.03, down)
        image = blend(image, colour, np.repeat(weight[:, None], 64, 1))
    return np.clip(image + np.clip(fbm(rng, 256, 64, 1.0) * 0.05, -0.1, 0.15)[..., None], 0, 1)


def _bar(bitten: bool) -> Mesh:
    """A bar with a round top and three grooves, rounded all around, from y = -1.3 to 1.5; v runs down from the top."""
    y, u = np.linspace(-1.3, 1.5, 70), np.linspace(0, 2 * PI, 97)
    top = np.clip((y - 0.75) / 0.75, 0, 1)
    half = 0.68 * np.sqrt(np.clip(1 - top**2.2, 0.0, 1)) * np.clip((y + 1.3) / 0.02 + 0.85, 0, 1)
    thick = 0.28 * np.sqrt(np.clip(1 - top**4, 0.0, 1)) * np.clip((y + 1.3) / 0.08 + 0.7, 0, 1)
    c, s = np.cos(u), np.sin(u)
    x = np.sign(c) * np.abs(c) ** 0.45
    z = np.sign(s) * np.abs(s) ** 0.45
    groove = 0.075 * (0.5 + 0.5 * np.cos(x * 3 * PI))[None] * ((y > -1.1) & (y < 0.85))[:, None]
    grid = np.stack([half[:, None] * x, np.repeat(y[:, None], 97, 1), (thick[:, None] - groove * (thick[:, None] > 0)) * z], -1)
    if bitten:
        dent = np.maximum(0.5 - np.hypot(grid[..., 0] - 0.55, grid[..., 1] - 1.35), 0)
        grid[..., :2] -= dent[..., None] * (0.75, 0.75)
    uv = np.stack(np.broadcast_arrays((u / (2 * PI))[None], np.linspace(1, 0, 70)[:, None]), -1).reshape(-1, 2)
    bar = Mesh(grid.reshape(-1, 3), np.ascontiguousarray(grid_faces(70, 97)[:, ::-1]), uv).smoothed()
    foot = rounded_box(1.3, 0.06, 0.52, 0.02, 3).moved(shift=(0, -1.28, 0))
    foot.uv[:] = (0.5, 0.97)
    return join([bar, foot]).moved(shift=(0, 0, 0.29))
