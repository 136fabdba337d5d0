"""Things that move people: school bus, taxi ("cab"), car wheel, hot-air balloon, parachute."""

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
    grid_faces,
    join,
    quad,
    revolve,
    rotation,
    rounded_box,
    rounded_cylinder,
    sphere,
    spline,
    tube,
)
from ..materials import Material, Part
from ..textures import choice, drawing, font, vivid
from . import model

PI = float(np.pi)
HEADLIGHT = Material((0.9, 0.9, 0.9), roughness=0.05)
SIDES = (-1, 1)


def tyre(radius: float, width: float) -> Mesh:
    """A tyre without its rim, axle along y."""
    tread = [(radius * 0.66, -width / 2), (radius * 0.95, -width / 2), (radius, -width * 0.3)]
    tread += [(radius, width * 0.3), (radius * 0.95, width / 2), (radius * 0.66, width / 2)]
    bead = radius * 0.62
    sides = [[(bead, -width / 2), tread[0]], spline(tread, 30), [tread[-1], (bead, width / 2)]]
    return revolve(sides, 48).moved(rotate=(X, 90))


def _disc(radius: float, width: float, bevel: float, axis: tuple[float, float, float] = X) -> Mesh:
    return rounded_cylinder(radius, width, bevel).moved(rotate=(axis, 90))


def _sign(text: str, width: int, height: int, background: tuple[int, int, int], at: tuple[int, int]) -> Material:
    def draw(d: ImageDraw.ImageDraw, image: Image.Image) -> None:
        d.rectangle((0, 0, width, height), fill=background)
        d.text(at, text, font=font(round(height * 0.85)), fill=(10, 10, 10))

    return Material(drawing(width, height, draw))


@model(
    "school bus",
    metres=10,
    coco="bus",
    plural="school buses",
    place="outdoors",
    grounds=("asphalt", "asphalt", "concrete"),
    elevation=(4.0, 18.0),
    azimuth=(25.0, 65.0),
    max_elevation=74.0,
    views=("above", "rear", "upside down", "low"),
    materials=("gold",),
)
def school_bus(rng: Generator) -> list[Part]:
    """A yellow box with a bonnet, black rails, eight windows a side and lettering."""
    yellow = Material((0.93, 0.62, 0.03), roughness=0.3, clearcoat=0.5)
    body = join([block(7, 2.2, 2.3, (0, 0, 1.95), 0.15), block(1.4, 1.9, 1.15, (-4.1, 0, 1.3), 0.15)])
    rails = [block(7, 0.04, 0.06, (0, s * 1.11, z), 0.01) for s in SIDES for z in (1.2, 1.65, 1.95)]
    windows = [block(0.62, 0.04, 0.62, (-2.75 + i * 0.8, s * 1.11, 2.45), 0.02) for s in SIDES for i in range(8)]
    axles = [(x, s) for x in (-3.9, 2.2) for s in SIDES]
    tyres = [tyre(0.55, 0.35).moved(shift=(x, s * 0.95, 0.55)) for x, s in axles]
    hubs = [_disc(0.32, 0.1, 0.03).moved(shift=(x, s * 1.1 + 0.05, 0.55)) for x, s in axles]
    lamps = [_disc(0.15, 0.06, 0.02, Y).moved(shift=(-4.86, s * 0.78, 1.4)) for s in SIDES]
    lettering = _sign("SCHOOL BUS", 512, 64, (237, 158, 8), (70, 4))
    return [
        Part(body, yellow, main=True),
        Part(block(7, 2.0, 0.15, (0, 0, 3.1), bevel=0.05), Material((0.95, 0.93, 0.85))),
        Part(
            join([*windows, block(0.04, 1.8, 0.9, (-3.52, 0, 2.45), 0.02), block(0.04, 1.7, 0.8, (3.5, 0, 2.45), 0.02)]),
            WINDOW,
        ),
        Part(
            join(
                [
                    *rails,
                    *tyres,
                    block(0.2, 2.1, 0.25, (-4.9, 0, 0.75), bevel=0.05),
                    block(0.2, 2.1, 0.25, (3.55, 0, 0.75), bevel=0.05),
                ]
            ),
            RUBBER,
        ),
        Part(join(hubs), Material((0.8, 0.75, 0.6))),
        Part(block(0.04, 1.3, 0.6, (-4.82, 0, 1.3), 0.02), Material((0.15, 0.15, 0.15), roughness=0.35)),
        Part(join(lamps), HEADLIGHT),
        Part(_warning_lights(0.8), Material((0.8, 0.05, 0.05), roughness=0.35)),
        Part(_warning_lights(0.5), Material((0.9, 0.6, 0.05), roughness=0.35)),
        Part(quad(1.5, 0.22).moved(rotate=(Z, -90), shift=(-3.53, 0, 3.03)), lettering),
        Part(quad(3, 0.3).moved(shift=(0, -1.125, 1.8)), lettering),
    ]


def _warning_lights(apart: float) -> Mesh:
    return join([_disc(0.11, 0.06, 0.02, Y).moved(shift=(-3.55, s * apart, 3.08)) for s in SIDES])


@model(
    "cab",
    metres=4.8,
    coco="car",
    synonyms=("taxi", "taxicab"),
    place="outdoors",
    grounds=("asphalt",),
    elevation=(5.0, 18.0),
    azimuth=(25.0, 65.0),
    max_elevation=70.0,
    views=("above", "rear", "upside down", "low"),
    colours=False,
)
def cab(rng: Generator) -> list[Part]:
    """A yellow saloon with a chequered band and a TAXI sign on the roof."""
    yellow = Material((0.95, 0.68, 0.03), roughness=0.15, clearcoat=1.0)
    outline = [
        (-2.3, 0.35),
        (-2.35, 0.75),
        (-1.5, 0.98),
        (-0.75, 1.5),
        (0.6, 1.52),
        (1.35, 1.05),
        (2.2, 0.95),
        (2.3, 0.4),
    ]
    profile = np.vstack([spline(outline, 60), [(2.2, 0.3)], [(-2.2, 0.3)]])[::-1]
    window = spline([(-1.25, 1.02), (-0.72, 1.42), (0.55, 1.44), (1.12, 1.05)], 30)[::-1]
    panes = [extrude([window], 0.02).moved(rotate=(X, 90), shift=(0, s * 0.86 + 0.01, 0)) for s in SIDES]
    panes.append(quad(1.35, 0.85).moved(rotate=rotation(Z, -90) @ rotation(X, -52), shift=(-1.15, 0, 1.26)))
    axles = [(x, s) for x in (-1.4, 1.4) for s in SIDES]
    bands = [quad(3.4, 0.12).moved(rotate=(Z, 0 if s < 0 else 180), shift=(0, s * 0.862, 0.78)) for s in SIDES]
    pillars = [block(0.06, 0.03, 0.45, (-0.1, s * 0.87, 1.23), 0.01) for s in SIDES]
    grille = quad(1.0, 0.25).moved(rotate=(Z, -90), shift=(-2.36, 0, 0.5))
    return [
        Part(join([extrude([profile], 1.7).moved(rotate=(X, 90), shift=(0, 0.85, 0)), *pillars]), yellow, main=True),
        Part(join(panes), WINDOW),
        Part(join([tyre(0.4, 0.3).moved(shift=(x, s * 0.75, 0.4)) for x, s in axles] + [grille]), RUBBER),
        Part(join([_disc(0.25, 0.08, 0.03).moved(shift=(x, s * 0.88 + 0.04, 0.4)) for x, s in axles]), STEEL),
        Part(join([block(0.06, 0.35, 0.16, (-2.3, s * 0.58, 0.68), 0.03) for s in SIDES]), HEADLIGHT),
        Part(join(bands), Material(_chequers())),
        Part(block(0.25, 0.7, 0.25, (-0.1, 0, 1.63), bevel=0.05), Material((0.95, 0.9, 0.6))),
        Part(
            quad(0.65, 0.22).moved(rotate=(Z, -90), shift=(-0.235, 0, 1.63)),
            _sign("TAXI", 256, 96, (250, 245, 210), (40, 4)),
        ),
    ]


def _chequers() -> NDArray[np.float64]:
    squares = np.add.outer(np.arange(32) // 16, np.arange(256) // 16) % 2
    return np.repeat(np.where(squares == 0, 0.05, 0.95)[..., None], 3, axis=2)


@model(
    "car wheel",
    metres=0.65,
    synonyms=("wheel",),
    place="outdoors",
    grounds=("asphalt", "concrete"),
    elevation=(0.0, 15.0),
    max_elevation=55.0,
    views=("above", "low"),
    materials=("gold",),
)
def car_wheel(rng: Generator) -> list[Part]:
    """A tyre on an alloy rim with five to ten spokes."""
    spokes = choice(rng, 5, 5, 6, 8, 10)
    alloy = Material(choice(rng, (0.75, 0.75, 0.77), (0.75, 0.75, 0.77), (0.1, 0.1, 0.11)), roughness=0.2, metallic=0.9)
    rim = revolve([[(0.67, -0.3), (0.62, -0.28), (0.58, 0.2)], [(0.67, 0.3), (0.64, 0.31), (0.6, 0.24), (0.58, -0.2)]], 64)
    return [
        Part(tyre(1.0, 0.6), Material((0.03, 0.03, 0.032), roughness=0.7)),
        Part(join([rim, _spokes(rng, spokes)]).moved(rotate=(X, 90)), alloy, main=True),
        Part(cylinder(0.5, 0.04).moved(rotate=(X, 90), shift=(0, 0.15, 0)), Material((0.35, 0.35, 0.36), metallic=0.8)),
    ]


def _spokes(rng: Generator, n: int) -> Mesh:
    pieces = [rounded_cylinder(0.17, 0.2, 0.04).moved(shift=(0, 0, 0.08))]
    for i in range(n):
        inner, outer = choice(rng, 0.16, 0.16, 0.12) * 5 / n + 0.04, 0.12
        blade = np.array([(-inner, 0.1), (inner, 0.1), (outer, 0.6), (-outer, 0.6)])
        pieces.append(extrude([blade], 0.1).moved(rotate=(Z, 360 * i / n), shift=(0, 0, 0.12)))
    return join(pieces)


@model(
    "balloon",
    metres=16,
    synonyms=("hot-air balloon", "hot air balloon"),
    place="sky",
    elevation=(-35.0, -5.0),
    lights=("sunny", "sunny", "sunset"),
    settle=False,
    views=("above", "below"),
    max_elevation=35.0,
)
def hot_air_balloon(rng: Generator) -> list[Part]:
    """An envelope of 24 gores in four colours over a wicker basket."""
    gores = 24
    profile = spline([(0.14, -1.35), (0.45, -0.95), (0.85, -0.4), (1.0, 0.15), (0.8, 0.68), (0.4, 0.95), (0, 1.02)], 80)
    envelope = revolve([profile], 144)
    angle = np.arctan2(envelope.vertices[:, 1], envelope.vertices[:, 0])
    envelope.vertices[:, :2] *= (1 + 0.025 * np.abs(np.cos(angle * gores / 2)))[:, None]
    ropes = [tube([(0.12 * a, 0.12 * b, -1.35), (0.12 * a, 0.12 * b, -1.75)], 0.008, 5) for a in SIDES for b in SIDES]
    return [
        Part(envelope.smoothed(), Material(_gores(rng, gores), roughness=0.6), main=True),
        Part(rounded_box(0.26, 0.26, 0.2, 0.02).moved(shift=(0, 0, -1.85)), Material((0.4, 0.25, 0.12), roughness=0.8)),
        Part(join(ropes), Material((0.2, 0.2, 0.2))),
    ]


def _gores(rng: Generator, gores: int) -> NDArray[np.float64]:
    """Stripes, chequers, rings or a spiral, [256, 512, 3]."""
    v, u = np.mgrid[0:1:256j, 0:1:512j]
    across, along = u * gores, v
    pattern = choice(rng, across, np.floor(across) + np.floor(along * 12), along * 9, across + along * 10)
    colours = np.array([vivid(rng) for _ in range(4)])
    return np.asarray(colours[np.floor(pattern).astype(int) % choice(rng, 3, 4)])


@model(
    "parachute",
    metres=8,
    synonyms=("chute",),
    place="sky",
    elevation=(-35.0, -8.0),
    lights=("sunny", "sunny", "overcast"),
    settle=False,
    views=("above", "below", "rear"),
    max_elevation=35.0,
)
def parachute(rng: Generator) -> list[Part]:
    """A round canopy or a square one, lines, and a jumper."""
    colours = np.array([vivid(rng), vivid(rng), (0.93, 0.93, 0.92)])
    round_one = bool(rng.random() < 0.5)
    canopy, rim, panels = _round_canopy() if round_one else _square_canopy()
    stripes = np.floor(np.linspace(0, panels * 0.999, 512)).astype(int) % choice(rng, 2, 3)
    cloth = np.broadcast_to(colours[stripes][None], (64, 512, 3))
    lines = [tube([q, (0.05 * float(np.sign(q[0])), 0, -1.5)], 0.006, 4) for q in rim]
    return [
        Part(canopy, Material(np.ascontiguousarray(cloth), roughness=0.7), main=True),
        Part(join(lines), Material((0.1, 0.1, 0.1))),
        Part(_jumper(), Material(choice(rng, (0.1, 0.1, 0.15), (0.5, 0.1, 0.1)))),
    ]


def _round_canopy() -> tuple[Mesh, list[tuple[float, float, float]], int]:
    panels = 16
    dome = revolve([spline([(1.2, 0), (1.15, 0.3), (0.8, 0.75), (0.35, 0.92), (0.03, 0.95)], 40)], 128)
    angle = np.arctan2(dome.vertices[:, 1], dome.vertices[:, 0])
    dome.vertices[:, :2] *= (1 - 0.04 * np.abs(np.sin(angle * panels / 2)))[:, None]
    rim = [(1.2 * float(np.cos(a)), 1.2 * float(np.sin(a)), 0.0) for a in np.arange(panels) * 2 * PI / panels]
    return dome.smoothed(), rim, panels


def _square_canopy() -> tuple[Mesh, list[tuple[float, float, float]], int]:
    cells = 9
    x, y = np.linspace(-1.6, 1.6, cells * 8 + 1), np.linspace(-0.5, 0.5, 9)
    a, b = np.meshgrid(x, y)
    z = 0.75 * np.cos(a / 1.6 * 1.15) + 0.12 * np.cos(b * 2) + 0.05 * np.abs(np.sin((a + 1.6) / 3.2 * cells * PI))
    uv = np.stack([(a + 1.6) / 3.2, b + 0.5], -1).reshape(-1, 2)
    top = Mesh(np.stack([a * 0.95, b, z], -1).reshape(-1, 3), grid_faces(len(y), len(x)), uv).smoothed()
    rim = [(q * 0.95, s, 0.75 * float(np.cos(q / 1.6 * 1.15))) for q in np.linspace(-1.6, 1.6, 9) for s in (-0.45, 0.4)]
    return join([top, top.moved(shift=(0, 0, -0.12))]), rim, cells


def _jumper() -> Mesh:
    legs = [tube([(s * 0.06, 0, -1.85), (s * 0.1, -0.1, -2.1), (s * 0.1, 0.0, -2.3)], 0.05, 8) for s in SIDES]
    arms = [tube([(s * 0.1, 0, -1.62), (s * 0.22, 0, -1.4)], 0.035, 8) for s in SIDES]
    head = sphere(0.09, 20, 12).moved(shift=(0, 0, -1.5))
    return join([head, rounded_box(0.2, 0.14, 0.32, 0.06).moved(shift=(0, 0, -1.72)), *legs, *arms])
