"""The refrigerator, open and full."""

import numpy as np
from numpy.random import Generator

from ..geometry import Mesh, Z, join, revolve, rounded_box, rounded_cylinder, sphere, spline, tube
from ..materials import Material, Part
from ..textures import choice
from . import model

Place = tuple[float, float, float]
SIDES = (-1, 1)
WHITE = Material((0.92, 0.92, 0.91), roughness=0.25, clearcoat=0.3)
BLACK = Material((0.04, 0.04, 0.04), roughness=0.3)
STEEL = Material((0.72, 0.72, 0.73), roughness=0.28, metallic=0.9)
LINER = Material((0.95, 0.95, 0.95), roughness=0.4)
SHELF = Material((0.78, 0.86, 0.86), roughness=0.1, clearcoat=0.5)
DEPTH, FRONT = 1.2, -0.6
FOODS = (
    (0.93, 0.92, 0.88), (0.9, 0.82, 0.6), (0.42, 0.56, 0.26), (0.66, 0.22, 0.17),
    (0.85, 0.55, 0.25), (0.42, 0.27, 0.16), (0.6, 0.7, 0.8),
)  # fmt: skip


def _block(x: float, y: float, z: float, at: Place, bevel: float = 0.03) -> Mesh:
    return rounded_box(x, y, z, bevel, 3).moved(shift=at)


@model(
    "refrigerator",
    metres=1.75,
    coco="refrigerator",
    synonyms=("fridge", "icebox"),
    place="floor",
    grounds=("tile", "tile", "wood"),
    lights=("dark", "indoors"),
    elevation=(2.0, 16.0),
    azimuth=(-30.0, 12.0),
    distance=(0.65, 0.85),
    max_elevation=50.0,
    views=("low",),
    materials=("gold", "metal", "wood"),
)
def refrigerator(rng: Generator) -> list[Part]:
    """A cabinet whose door stands open on lit shelves of food; the freezer is closed above or below, or there is none."""
    body = choice(rng, WHITE, WHITE, STEEL, BLACK)
    freezer = choice(rng, "above")
    width, top = float(rng.uniform(1.3, 1.5)), 3.5
    low, high = {"above": (0.15, 2.5), "below": (1.05, top), "none": (0.15, top)}[freezer]
    shell, liner = _cabinet(width, top, low, high)
    levels = np.linspace(low + 0.1, high - 0.1, 5)[:-1]
    shelves = [_block(width - 0.16, DEPTH - 0.25, 0.018, (0, 0.06, z), 0.008) for z in levels[1:]]
    foods = [Material(FOODS[i], roughness=0.35, clearcoat=0.3) for i in rng.permutation(len(FOODS))[:5]]
    room = 0.85 * float(levels[1] - levels[0])
    laid = [_row(rng, width - 0.3, z + 0.02, room, depth) for z in levels for depth in (-0.2, 0.2)]
    opening = float(rng.uniform(95, 125))
    door, bins, bottles = _door(rng, width, low, high)

    def swung(mesh: Mesh) -> Mesh:
        return mesh.moved(rotate=(Z, opening), shift=(width / 2, FRONT, 0))

    outside, handles = [*shell, swung(door)], [swung(_handle(0.8, (-width + 0.14, -0.14, (low + high) / 2)))]
    if freezer != "none":
        bottom, ceiling = (high + 0.04, top) if freezer == "above" else (0.15, low - 0.04)
        outside.append(_block(width, 0.14, ceiling - bottom, (0, FRONT - 0.07, (bottom + ceiling) / 2), 0.04))
        handles.append(_handle(0.5, (-width / 2 + 0.14, FRONT - 0.14, (bottom + ceiling) / 2)))
    for s in SIDES:
        drawer = _block(width / 2 - 0.12, 0.03, 0.3, (s * (width / 4 - 0.03), FRONT + 0.12, low + 0.24), 0.012)
        shelves.append(drawer)
    parts = [
        Part(join(outside), body, main=True),
        Part(join(liner), LINER, emission=(0.22, 0.22, 0.215)),
        Part(join([swung(b) for b in bins]), LINER),
        Part(join(shelves), SHELF),
        Part(join(handles), BLACK if body is not BLACK else STEEL),
    ]
    things = [*[thing for row in laid for thing in row], *[swung(b) for b in bottles]]
    parts += [Part(join(things[i::5]), food) for i, food in enumerate(foods)]
    return parts


def _cabinet(width: float, top: float, low: float, high: float) -> tuple[list[Mesh], list[Mesh]]:
    """The shell, hollow between the heights `low` and `high`, and the white walls inside."""
    x, z = width / 2 - 0.035, (low + high) / 2
    shell = [_block(0.07, DEPTH, top - 0.1, (s * x, 0, top / 2 + 0.05)) for s in SIDES]
    shell += [_block(width, 0.07, top - 0.1, (0, DEPTH / 2, top / 2 + 0.05)), _block(width, DEPTH, 0.08, (0, 0, top))]
    shell += [_block(width, DEPTH, max(low - 0.05, 0.1), (0, 0, low / 2)), _block(width, DEPTH - 0.05, 0.06, (0, 0.02, high))]
    if high < top - 0.2:
        shell.append(_block(width, DEPTH - 0.05, top - high, (0, 0.02, (top + high) / 2)))
    liner = [_block(0.02, DEPTH - 0.04, high - low, (s * (x - 0.05), 0, z), 0.005) for s in SIDES]
    liner.append(_block(width - 0.1, 0.02, high - low, (0, DEPTH / 2 - 0.06, z), 0.005))
    liner += [_block(width - 0.1, DEPTH - 0.04, 0.02, (0, 0, h), 0.005) for h in (low + 0.04, high - 0.04)]
    return shell, liner


def _door(rng: Generator, width: float, low: float, high: float) -> tuple[Mesh, list[Mesh], list[Mesh]]:
    """The door, its lining with racks, and what is in them; hinged at the origin, closed along -x."""
    z = (low + high) / 2
    leaf = _block(width, 0.12, high - low, (-width / 2, -0.07, z), 0.04)
    bins, things = [_block(width - 0.14, 0.03, high - low - 0.12, (-width / 2, 0.0, z), 0.01)], []
    for level in np.linspace(low + 0.15, high - 0.7, 3):
        bins.append(_block(width - 0.2, 0.02, 0.2, (-width / 2, 0.26, level + 0.1), 0.008))
        bins.append(_block(width - 0.2, 0.26, 0.03, (-width / 2, 0.13, level), 0.01))
        for x in np.arange(-width + 0.26, -0.2, 0.2):
            if rng.random() < 0.85:
                things.append(_bottle(0.085, float(rng.uniform(0.32, 0.5))).moved(shift=(float(x), 0.13, level + 0.02)))
    return leaf, bins, things


def _row(rng: Generator, width: float, z: float, room: float, depth: float) -> list[Mesh]:
    """Bottles, jars, boxes and fruit side by side on a shelf, none higher than `room`."""
    things: list[Mesh] = []
    x = -width / 2
    while x < width / 2 - 0.12:
        half = float(rng.uniform(0.09, 0.17))
        at = (x + half, depth + float(rng.uniform(-0.06, 0.06)), z)
        tall = float(rng.uniform(0.6, 1.0)) * room
        kind = choice(rng, "bottle", "jar", "fruit", "fruit", "bowl")
        if kind == "bottle":
            things.append(_bottle(min(half, 0.08), room * 0.95).moved(shift=at))
        elif kind == "jar":
            things.append(rounded_cylinder(half, 0.8 * tall, 0.02, 24).moved(shift=at))
        elif kind == "box":
            things.append(_block(1.9 * half, 0.35, tall, (at[0], at[1], z + tall / 2), 0.015))
        elif kind == "fruit":
            things += [
                sphere(0.1, 16, 10).moved(shift=(at[0] + 0.1 * dx, at[1] - 0.2 * dy, z + 0.09))
                for dx, dy in ((0, 0), (1, 1), (-1, 1))
            ]
        else:
            bowl = revolve(
                [
                    [(0, 0), (half * 0.6, 0)],
                    spline([(half * 0.6, 0), (half, 0.08), (half * 1.1, 0.16)], 8),
                    [(half * 1.1, 0.16), (0, 0.13)],
                ],
                24,
            )
            things.append(bowl.moved(shift=at))
        x += 2 * half + 0.01
    return things


def _bottle(radius: float, height: float) -> Mesh:
    side = np.array([(radius, 0.02), (radius, 0.68 * height), (0.42 * radius, 0.82 * height), (0.42 * radius, height)])
    return revolve([[(0, 0), (radius, 0.02)], side, [(0.4 * radius, height), (0, height)]], 20)


def _handle(length: float, at: Place) -> Mesh:
    """A bow on two feet in front of a door that faces -y."""
    h = length / 2
    path = spline([(0, 0, -h), (0, -0.12, -0.92 * h), (0, -0.14, 0), (0, -0.12, 0.92 * h), (0, 0, h)], 30)
    return tube(path, 0.035, 10).moved(shift=at)
