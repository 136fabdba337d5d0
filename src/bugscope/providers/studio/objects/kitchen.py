"""Large things of a kitchen: stove, microwave."""

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from ..finishes import SHEET_STEEL
from ..geometry import Mesh, Y, Z, block, cylinder, join, quad, revolve, rounded_cylinder, spline, torus, tube
from ..materials import Material, Part
from ..textures import choice, drawing, font, vivid
from . import model
from .cooking import knob

SIDES = (-1, 1)
Array = NDArray[np.float64]
WHITE = Material((0.92, 0.92, 0.91), roughness=0.25, clearcoat=0.3)
BLACK = Material((0.03, 0.03, 0.03), roughness=0.3)
CHROME = Material((0.85, 0.85, 0.86), roughness=0.08, metallic=1.0)
PANE = Material((0.03, 0.035, 0.04), roughness=0.04, clearcoat=0.6)


def _handle(length: float, at: tuple[float, float, float], upright: bool = True) -> Mesh:
    """A bow on two feet in front of a door that faces -y."""
    h = length / 2
    path = spline([(0, 0, -h), (0, -0.12, -0.92 * h), (0, -0.14, 0), (0, -0.12, 0.92 * h), (0, 0, h)], 30)
    bow = tube(path, 0.035, 10)
    return (bow if upright else bow.moved(rotate=(Y, 90))).moved(shift=at)


# --- stove --------------------------------------------------------------------------------------------------------------

TOP = 1.82
BURNERS = [(x, y) for x in (-0.36, 0.36) for y in (-0.3, 0.28)]


@model(
    "stove",
    metres=1.1,
    coco="oven",
    synonyms=("cooker", "oven", "kitchen stove"),
    place="floor",
    grounds=("wood", "wood", "tile"),
    elevation=(24.0, 42.0),
    azimuth=(-35.0, 35.0),
    distance=(0.75, 0.92),
    max_elevation=70.0,
    views=("above", "low"),
    materials=("gold", "metal"),
)
def stove(rng: Generator) -> list[Part]:
    """A free-standing cooker: four burners, an oven door with a window, a drawer, a back panel with a clock, often a pan.

    Either knobs in front and grates for gas, or knobs at the back and coils.
    """
    body = choice(rng, WHITE, WHITE, SHEET_STEEL, BLACK)
    gas = rng.random() < 0.5
    shell = [
        block(1.5, 1.3, TOP - 0.12, (0, 0.05, TOP / 2 + 0.04)),
        block(1.46, 0.08, 0.28, (0, -0.62, 0.27)),
        block(1.46, 0.1, 1.02, (0, -0.63, 0.96), 0.04),
        block(1.5, 0.16, 0.25, (0, -0.6, 1.63), 0.04),
        block(1.5, 0.14, 0.56, (0, 0.63, TOP + 0.25), 0.04),
    ]
    black = [block(1.42, 1.2, 0.02, (0, 0, TOP - 0.01), 0.005)] if gas or body is BLACK else []
    if not gas:
        shell.append(block(1.5, 1.3, 0.05, (0, 0.02, TOP - 0.03), 0.02))
    front = [(x, -0.68, 1.63) for x in (-0.6, -0.35, 0.0, 0.35, 0.6)]
    spots = front if gas else [(x, 0.56, TOP + 0.27) for x in (-0.62, -0.4, 0.4, 0.62)]
    trim = SHEET_STEEL if body is not SHEET_STEEL else CHROME
    panel = Material(_clock_panel(rng, gas), roughness=0.1)
    parts = [
        Part(join(shell), body, main=True),
        Part(block(1.1, 0.03, 0.58, (0, -0.675, 0.94), 0.02), PANE),
        Part(join([_handle(1.25, (0, -0.67, 1.36), upright=False), *(_drip_pan(x, y) for x, y in BURNERS)]), trim),
        Part(join([knob(0.075, at) for at in spots] + [_burner(gas, x, y) for x, y in BURNERS] + black), BLACK),
        Part(quad(1.3 if gas else 0.56, 0.3).moved(shift=(0, 0.555, TOP + 0.27)), panel),
    ]
    if rng.random() < 0.6:
        pan = _pan(choice(rng, 0.16, 0.3)).moved(rotate=(Z, float(rng.uniform(20, 160))))
        at = choice(rng, *BURNERS)
        parts.append(Part(pan.moved(shift=(*at, TOP + 0.1)), choice(rng, CHROME, BLACK, Material(vivid(rng), roughness=0.2))))
    return parts


def _burner(gas: bool, x: float, y: float) -> Mesh:
    """A cap under a grate, or a coil."""
    if not gas:
        rings = [torus(r, 0.024, 32, 8) for r in (0.06, 0.12, 0.18, 0.24)]
        return join([ring.moved(scale=(1, 1, 0.7), shift=(x, y, TOP + 0.04)) for ring in rings])
    pieces = [rounded_cylinder(0.1, 0.05, 0.015, 24), torus(0.22, 0.022, 32, 8).moved(shift=(0, 0, 0.08))]
    for turn in (0.0, 90.0, 180.0, 270.0):
        bar = tube(np.array([(-0.3, 0, 0), (-0.29, 0, 0.09), (-0.05, 0, 0.09)]), 0.022, 6)
        pieces.append(bar.moved(rotate=(Z, turn)))
    return join(pieces).moved(shift=(x, y, TOP))


def _drip_pan(x: float, y: float) -> Mesh:
    lip = spline([(0.24, 0.012), (0.29, 0.03), (0.31, 0.005)], 8)
    return revolve([[(0.05, 0.005), (0.24, 0.012)], lip], 40).moved(shift=(x, y, TOP - 0.002))


def _pan(height: float) -> Mesh:
    """A pan of that height with a long handle along x."""
    wall = [[(0, 0), (0.24, 0)], [(0.24, 0), (0.27, height)], [(0.27, height), (0.25, height)], [(0.25, height), (0.23, 0.03)]]
    grip = tube([(0.26, 0, height - 0.04), (0.75, 0, height + 0.05)], 0.028, 10)
    return join([revolve([*wall, [(0.23, 0.03), (0, 0.03)]], 40), grip])


def _clock_panel(rng: Generator, wide: bool) -> Array:
    """A dark strip with the time in green, [120, 224 or 520, 3]."""
    width = 520 if wide else 224
    time = f"{int(rng.integers(1, 13))}:{int(rng.integers(60)):02d}"

    def draw(d: ImageDraw.ImageDraw, image: Image.Image) -> None:
        d.rectangle((0, 0, width, 120), fill=(18, 18, 20))
        d.text((width / 2, 60), time, font=font(60), fill=(80, 240, 140), anchor="mm")
        for x in (40, 90, 140, 360, 410, 460) if wide else ():
            d.rounded_rectangle((x, 44, x + 32, 76), 6, fill=(90, 90, 95))

    return drawing(width, 120, draw)


# --- microwave ----------------------------------------------------------------------------------------------------------


@model(
    "microwave",
    metres=0.5,
    coco="microwave",
    grounds=("white", "wood", "marble"),
    elevation=(3.0, 17.0),
    azimuth=(-26.0, 26.0),
    max_elevation=60.0,
    views=("low",),
    materials=("gold", "metal", "wood"),
)
def microwave(rng: Generator) -> list[Part]:
    """A box with a dark window in its door, a handle, and a panel of keys under a clock."""
    body = choice(rng, WHITE, WHITE, WHITE, SHEET_STEEL)
    width, height = 2.6, float(rng.uniform(1.35, 1.55))
    dark_door = rng.random() < 0.15
    door = block(1.86, 0.1, height - 0.06, (-0.35, -0.86, height / 2 + 0.1), 0.03)
    parts = [
        Part(
            join([block(width, 1.65, height, (0, 0, height / 2 + 0.1), 0.05), *([] if dark_door else [door])]), body, main=True
        ),
        Part(quad(1.5, height - 0.45).moved(shift=(-0.42, -0.915, height / 2 + 0.1)), _mesh_window(rng)),
        Part(
            quad(0.62, height - 0.16).moved(shift=(0.93, -0.835, height / 2 + 0.1)), _keypad(rng, dark=bool(body is not WHITE))
        ),
        Part(_handle(height * 0.75, (0.46, -0.9, height / 2 + 0.1)), SHEET_STEEL if body is not WHITE else WHITE),
        Part(join([cylinder(0.08, 0.12, 16).moved(shift=(x, y, 0)) for x in (-1.1, 1.1) for y in (-0.6, 0.6)]), BLACK),
    ]
    if dark_door:
        parts.append(Part(door, PANE))
    return parts


def _mesh_window(rng: Generator) -> Material:
    """Dark glass in a black edge; behind it a plate in a lit or an unlit oven."""
    y, x = np.mgrid[-1:1:96j, -1:1:160j]
    lamp = choice(rng, 0.05, 0.2, 0.35)
    glow = lamp * np.exp(-(x**2 + (y - 0.2) ** 2))
    plate = lamp * 0.6 * (np.hypot(x / 0.75, (y - 0.62) / 0.12) < 1)
    edge = np.maximum(np.abs(x) / 0.95, np.abs(y) / 0.9) > 1
    image = (0.05 + glow + plate)[..., None] * np.array((1.0, 0.87, 0.65))
    return Material(np.clip(np.where(edge[..., None], 0.02, image), 0, 1), roughness=0.08, clearcoat=0.3)


def _keypad(rng: Generator, dark: bool) -> Material:
    """A clock over rows of keys, [420, 200, 3]."""
    ground, key, ink = (
        ((20, 20, 22), (60, 60, 64), (230, 230, 230)) if dark else ((222, 222, 220), (246, 246, 246), (40, 40, 40))
    )
    time = f"{int(rng.integers(1, 13))}:{int(rng.integers(60)):02d}"

    def draw(d: ImageDraw.ImageDraw, image: Image.Image) -> None:
        d.rectangle((0, 0, 200, 420), fill=ground)
        d.rectangle((18, 16, 182, 74), fill=(8, 20, 12))
        d.text((100, 45), time, font=font(46), fill=(90, 250, 150), anchor="mm")
        for i in range(15):
            x, y = 20 + 56 * (i % 3), 94 + 50 * (i // 3)
            d.rounded_rectangle((x, y, x + 48, y + 40), 6, fill=key)
            if i < 12:
                d.text((x + 24, y + 20), "123456789*0#"[i], font=font(26), fill=ink, anchor="mm")
        d.rounded_rectangle((20, 352, 180, 402), 8, fill=key)

    return Material(drawing(200, 420, draw), roughness=0.35)
