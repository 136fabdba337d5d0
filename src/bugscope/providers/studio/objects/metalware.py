"""Of sheet metal and wire: safety pin, bottlecap, disk brake, electric fan."""

from dataclasses import replace

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from ..finishes import TOOL_STEEL
from ..geometry import (
    Mesh,
    X,
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
from ..textures import choice, vivid
from . import model

PI = float(np.pi)
Array = NDArray[np.float64]
Colour = tuple[float, float, float]

IRON = Material((0.3, 0.3, 0.31), roughness=0.4, metallic=0.9)


@model(
    "safety pin",
    metres=0.04,
    grounds=("white", "cloth", "wood"),
    elevation=(45.0, 80.0),
    yaw=(0.0, 360.0),
    distance=(0.8, 1.05),
    max_elevation=88.0,
    materials=("gold",),
    views=("above",),
)
def safety_pin(rng: Generator) -> list[Part]:
    """Wire with a coil at one end and a sheet-metal head at the other, closed or open."""
    metal = choice(rng, TOOL_STEEL, TOOL_STEEL, Material((0.85, 0.66, 0.3), roughness=0.2, metallic=1.0))
    opened = float(rng.uniform(12, 32)) if rng.random() < 0.5 else 0.0
    t = np.linspace(0.5 * PI, 0.5 * PI + 3 * PI, 60)
    coil = np.stack([0.26 * np.cos(t), 0.26 * np.sin(t), np.linspace(0.07, -0.07, 60)], 1)
    upper = tube(np.vstack([[(3.6, 0.26, 0.0)], [(0.3, 0.26, 0.06)], coil[:1]]), 0.05, 12)
    spun = np.array([(0.0, -0.26, -0.06), (1.8, -0.3, -0.04), (3.55, -0.24, 0.0)]) @ rotation(Z, -opened).T
    spun[:, :2] += (0.0, -0.26) - spun[0, :2]
    lower = tube(spline(spun, 30, degree=2), np.r_[np.full(24, 0.05), np.linspace(0.05, 0.012, 6)], 12)
    edge = [(3.35, 0.36), (3.75, 0.42), (4.15, 0.2), (4.15, -0.2), (3.75, -0.42), (3.35, -0.34), (3.42, 0.0)]
    cap = spline(edge, 60, closed=True)
    head = extrude([cap], 0.22).moved(shift=(0, 0, -0.11))
    rim = tube(np.c_[cap, np.full(len(cap), 0.11)], 0.03, 8, closed=True)
    return [Part(join([upper, tube(coil, 0.05, 12), lower, head, rim]), metal, main=True)]


@model(
    "bottlecap",
    metres=0.03,
    synonyms=("bottle cap", "crown cap"),
    grounds=("wood", "white", "wood"),
    elevation=(35.0, 75.0),
    distance=(0.85, 1.1),
    max_elevation=88.0,
    materials=("gold", "metal"),
    views=("above",),
    counts=False,
)
def bottlecap(rng: Generator) -> list[Part]:
    """One to seven crown caps with crimped edges."""
    places = [(0, 0), (2.3, 0.3), (-1.1, 2.0), (1.2, 2.2), (-2.3, 0.1), (-1.2, -2.0), (1.2, -1.9)][: choice(rng, 1, 2, 3, 5, 7)]
    parts = []
    for x, y in places:
        cap = _crown().moved(rotate=(Z, float(rng.uniform(0, 360))), shift=(x, y, 0))
        paint = Material(vivid(rng), roughness=0.2, metallic=0.3, clearcoat=0.8)
        mark = extrude([circle(0.55, 5, phase=float(rng.uniform(0, 6)))], 0.015).moved(shift=(x, y, 0.46))
        parts += [Part(cap, choice(rng, paint, paint, TOOL_STEEL), main=True), Part(mark, Material(vivid(rng), roughness=0.3))]
    return parts


def _crown() -> Mesh:
    """A cap with 21 teeth."""
    angle = np.linspace(0, 2 * PI, 169)
    profile = spline([(1.06, 0), (0.98, 0.2), (0.88, 0.4), (0.7, 0.46)], 16)
    r, a = np.meshgrid(profile[:, 0], angle, indexing="ij")
    z = np.repeat(profile[:, 1][:, None], len(angle), 1)
    r = r * (1 + 0.06 * np.clip(1 - z / 0.36, 0, 1) * np.cos(21 * a))
    grid = np.stack([r * np.cos(a), r * np.sin(a), z], -1).reshape(-1, 3)
    side = Mesh(grid, np.ascontiguousarray(grid_faces(16, 169)), np.zeros((len(grid), 2))).smoothed()
    return join([side, revolve([[(0.7, 0.46), (0, 0.47)]], 72)])


@model(
    "disk brake",
    metres=0.35,
    synonyms=("disc brake", "brake disc", "brake disk"),
    place="floor",
    grounds=("concrete", "white", "wood"),
    elevation=(5.0, 25.0),
    azimuth=(-45.0, 45.0),
    distance=(0.8, 1.0),
    max_elevation=60.0,
    materials=("gold", "metal"),
    views=("above", "low"),
)
def disk_brake(rng: Generator) -> list[Part]:
    """A drilled steel disc around a hub with bolts, with a caliper over its edge."""
    n = choice(rng, 12, 16, 20)
    holes = [circle(0.045, 14, (r * np.cos(a), r * np.sin(a))) for i in range(n) for r, a in _drilled(i, n)]
    plates = [extrude([circle(1.5, 96), circle(0.66, 48), *holes], 0.09).moved(shift=(0, 0, z)) for z in (-0.14, 0.05)]
    vane = rounded_box(0.7, 0.04, 0.12, 0.01, 2).moved(shift=(1.05, 0, 0))
    vanes = [vane.moved(rotate=(Z, i * 10.0)) for i in range(36)]
    hat = revolve(
        [
            [(0.7, 0.05), (0.66, 0.1)],
            [(0.66, 0.1), (0.62, 0.42)],
            [(0.62, 0.42), (0.3, 0.44)],
            [(0.3, 0.44), (0.27, 0.5)],
            [(0.27, 0.5), (0.2, 0.4), (0, 0.38)],
        ],
        72,
    )
    five = [(0.45 * np.cos(a), 0.45 * np.sin(a)) for a in np.arange(5) * 2 * PI / 5]
    bolts = [cylinder(0.06, 0.3, 12).moved(shift=(x, y, 0.43)) for x, y in five]
    jaws = [extrude([_sector(1.0, 1.72)], 0.26).moved(shift=(0, 0, z)) for z in (0.18, -0.44)]
    bridge = extrude([_sector(1.53, 1.72)], 0.7).moved(shift=(0, 0, -0.3))
    caliper = join([*jaws, bridge]).moved(rotate=(Z, float(rng.uniform(20, 160))))
    paint = choice(rng, (0.75, 0.05, 0.04), (0.75, 0.05, 0.04), (0.9, 0.7, 0.05), (0.3, 0.3, 0.32), (0.1, 0.2, 0.6))
    parts = [
        Part(join(plates), Material((0.66, 0.66, 0.68), roughness=0.28, metallic=1.0), main=True),
        Part(join([hat, *vanes]), IRON),
        Part(join(bolts), TOOL_STEEL),
        Part(caliper, Material(paint, roughness=0.3, clearcoat=0.5)),
    ]
    return [replace(p, mesh=p.mesh.moved(rotate=(X, 90))) for p in parts]


def _drilled(i: int, n: int) -> list[tuple[float, float]]:
    """Radius and angle of the holes of one of `n` spiral rows."""
    return [(r, i / n * 2 * PI + k * 0.13) for k, r in enumerate((0.85, 1.08, 1.31))]


def _sector(inside: float, outside: float) -> Array:
    """The outline of a piece of a ring, 64 degrees long."""
    arc = np.radians(np.linspace(-32, 32, 24))
    rim = np.stack([np.cos(arc), np.sin(arc)], 1)
    return np.vstack([outside * rim, inside * rim[::-1]])


@model(
    "electric fan",
    metres=0.5,
    synonyms=("fan", "desk fan"),
    grounds=("wood", "white", "marble"),
    elevation=(3.0, 20.0),
    azimuth=(-40.0, 40.0),
    distance=(0.85, 1.05),
    max_elevation=50.0,
    views=("rear", "low"),
)
def electric_fan(rng: Generator) -> list[Part]:
    """Blades in a cage of wire, a motor and a round foot."""
    n, bars = choice(rng, 3, 3, 4, 5), choice(rng, 36, 48, 60)
    blades = [_blade(2 * PI / n).moved(rotate=(Z, i * 360.0 / n)) for i in range(n)]
    wires = []
    for i in range(bars):
        a = i / bars * 2 * PI
        spoke = spline([(0.25, 0.3), (0.8, 0.3), (1.12, 0.2), (1.2, 0.0), (1.12, -0.22), (0.4, -0.34)], 18)
        wires.append(tube(np.stack([spoke[:, 0] * np.cos(a), spoke[:, 0] * np.sin(a), spoke[:, 1]], 1), 0.011, 5))
    rings = [torus(1.2, 0.035, 72, 8), *(torus(r, 0.014, 64, 6).moved(shift=(0, 0, 0.3)) for r in (0.45, 0.7, 0.9))]
    badge = rounded_cylinder(0.26, 0.06, 0.02, 40).moved(shift=(0, 0, 0.29))
    motor = revolve([spline([(0, -0.95), (0.28, -0.9), (0.36, -0.6), (0.33, -0.3)], 24)], 40)
    hub = rounded_cylinder(0.2, 0.3, 0.06, 32).moved(shift=(0, 0, -0.1))
    facing = rotation(X, 90 - float(rng.uniform(0, 12)))
    stem = tube([(0, 0.5, -0.3), (0, 0.5, -1.75)], 0.11, 16)
    skirt = spline([(0.85, 0), (0.85, 0.08), (0.5, 0.2), (0.14, 0.3)], 16)
    foot = revolve([[(0, 0), (0.85, 0)], skirt, [(0.14, 0.3), (0, 0.3)]], 56).moved(shift=(0, 0.5, -1.85))
    body: Colour = choice(rng, (0.9, 0.9, 0.9), (0.05, 0.05, 0.05), (0.75, 0.8, 0.85), (0.5, 0.65, 0.6))
    wing: Colour = choice(rng, (0.5, 0.7, 0.85), (0.15, 0.4, 0.75), (0.9, 0.9, 0.9), (0.08, 0.08, 0.08))
    shell = Material(body, roughness=0.3)
    return [
        Part(join([*blades, hub]).moved(rotate=facing), Material(wing, roughness=0.25), main=True),
        Part(join([*wires, *rings]).moved(rotate=facing), choice(rng, TOOL_STEEL, shell)),
        Part(join([badge, motor]).moved(rotate=facing), shell),
        Part(join([stem, foot]), shell),
    ]


def _blade(width: float) -> Mesh:
    """A pitched blade of a propeller around z, as wide as the angle says (less a gap)."""
    t, s = np.meshgrid(np.linspace(0, 1, 16), np.linspace(-0.5, 0.5, 14), indexing="ij")
    angle = s * width * (0.35 + 0.5 * np.sqrt(t)) + 0.25 * t
    r = 0.15 + 0.9 * t * (1 - 0.25 * np.abs(2 * s) ** 3)
    grid = np.stack([r * np.cos(angle), r * np.sin(angle), 0.05 - 0.32 * s * (0.5 + t)], -1).reshape(-1, 3)
    return Mesh(grid, np.ascontiguousarray(grid_faces(16, 14)), np.zeros((len(grid), 2))).smoothed()
