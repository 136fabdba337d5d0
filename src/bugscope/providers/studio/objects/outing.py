"""Out and about: umbrella, backpack, parking meter."""

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from ..finishes import RUBBER, STEEL
from ..geometry import (
    Mesh,
    X,
    Z,
    block,
    cylinder,
    extrude,
    join,
    quad,
    revolve,
    rotation,
    rounded_box,
    rounded_cylinder,
    spline,
    tube,
)
from ..materials import Material, Part
from ..textures import choice, drawing, fbm, font, vivid
from . import model

PI = float(np.pi)
SIDES = (-1, 1)
Colour = tuple[float, float, float]
Array = NDArray[np.float64]


# --- umbrella -----------------------------------------------------------------------------------------------------------

PANELS = 8


@model(
    "umbrella",
    metres=1.0,
    coco="umbrella",
    synonyms=("parasol", "brolly"),
    place="outdoors",
    grounds=("grass", "concrete", "asphalt", "sand"),
    elevation=(-4.0, 18.0),
    azimuth=(-30.0, 30.0),
    distance=(0.85, 1.05),
    max_elevation=60.0,
    views=("above", "low"),
)
def umbrella(rng: Generator) -> list[Part]:
    """Open: eight panels of one to three colours over ribs, a shaft with a hook; upright, or lying on rim and handle."""
    canopy = _canopy()
    ribs = []
    for k in range(PANELS):
        arm = [(0.03, 0, 0.5), (0.55, 0, 0.37), (0.995, 0, -0.02)]
        ribs.append(tube(spline(arm, 12, degree=2), 0.008, 5).moved(rotate=(Z, 360 / PANELS * k)))
        ribs.append(tube([(0.02, 0, 0.05), (0.5, 0, 0.37)], 0.008, 5).moved(rotate=(Z, 360 / PANELS * k)))
    shaft = join(
        [cylinder(0.016, 1.55, 10).moved(shift=(0, 0, -0.95)), cylinder(0.02, 0.16, 10, 0.008).moved(shift=(0, 0, 0.53))]
    )
    hook = tube(spline([(0, 0, -0.8), (0, 0, -1.05), (0.1, 0, -1.17), (0.2, 0, -1.05), (0.2, 0, -0.98)], 30), 0.032, 12)
    tilt = rotation(Z, float(rng.uniform(-40, 40))) @ rotation(X, float(rng.uniform(-12, 22)))
    if rng.random() < 0.4:
        tilt = rotation(Z, float(rng.uniform(-130, 130))) @ rotation(X, 49.0)
    parts = [
        Part(canopy, Material(_panels(rng), roughness=0.55), main=True),
        Part(join([*ribs, shaft]), STEEL),
        Part(hook, Material(choice(rng, (0.05, 0.05, 0.05), (0.4, 0.22, 0.1)), roughness=0.3)),
    ]
    return [Part(p.mesh.moved(rotate=tilt), p.material, main=p.main) for p in parts]


def _canopy() -> Mesh:
    """A dome whose panels are flat between the ribs and cut back at the rim."""
    profile = spline([(1.0, -0.02), (0.86, 0.17), (0.55, 0.38), (0.25, 0.5), (0.001, 0.54)], 40)
    dome = revolve([profile], 128)
    x, y, z = dome.vertices.T
    sag = np.abs(np.sin(np.arctan2(y, x) * PANELS / 2))
    out = np.hypot(x, y)
    dome.vertices = np.c_[x * (1 - 0.07 * sag * out), y * (1 - 0.07 * sag * out), z + 0.05 * sag * out**6]
    return dome.smoothed()


def _panels(rng: Generator) -> Array:
    """Panels side by side or rings, [64, 512, 3]; u runs around."""
    colours = np.array([vivid(rng), vivid(rng), (0.93, 0.93, 0.92)])
    v, u = np.mgrid[0:1:64j, 0:1:512j]
    panel = np.floor(u * PANELS * 0.9999).astype(int)
    index = choice(rng, 0 * panel, 0 * panel, panel % 2, 2 * (panel % 2), np.where(v < 0.2, 2, 0))
    seam = np.abs((u * PANELS + 0.5) % 1 - 0.5) < 0.015
    return np.asarray(np.where(seam[..., None], 0.8, 1.0) * colours[index])


# --- backpack -----------------------------------------------------------------------------------------------------------


@model(
    "backpack",
    metres=0.5,
    coco="backpack",
    synonyms=("rucksack", "back pack", "knapsack", "school bag"),
    place="floor",
    grounds=("wood", "carpet"),
    elevation=(6.0, 22.0),
    azimuth=(-45.0, 45.0),
    distance=(0.78, 0.94),
    max_elevation=65.0,
    views=("above", "rear", "low"),
)
def backpack(rng: Generator) -> list[Part]:
    """A rounded sack with a front pocket, side pockets, zips, shoulder straps, buckles and a loop on top."""
    colour: Colour = choice(rng, (0.08, 0.08, 0.1), (0.1, 0.15, 0.3), (0.5, 0.08, 0.08), (0.25, 0.3, 0.2), vivid(rng))
    second: Colour = choice(rng, (0.05, 0.05, 0.06), (0.35, 0.35, 0.36), colour)
    cloth, trim = _fabric(rng, colour), _fabric(rng, second)
    body = _sack(1.5, 0.85, 2.2).moved(shift=(0, 0, 1.1))
    pocket = _sack(1.25, 0.5, 1.0).moved(shift=(0, -0.42, 0.62))
    upper = _sack(1.15, 0.34, 0.55).moved(shift=(0, -0.42, 1.5))
    sides = [_sack(0.36, 0.6, 0.9).moved(shift=(s * 0.76, 0, 0.5)) for s in SIDES]
    arch = [(-0.58, -0.69, 0.75), (-0.5, -0.7, 1.02), (0, -0.69, 1.1), (0.5, -0.7, 1.02), (0.58, -0.69, 0.75)]
    main_zip = [(-0.74, -0.2, 1.1), (-0.72, -0.2, 1.8), (-0.45, -0.2, 2.16), (0, -0.2, 2.23)]
    main_zip += [(0.45, -0.2, 2.16), (0.72, -0.2, 1.8), (0.74, -0.2, 1.1)]
    zips = [tube(spline(arch, 40), 0.028, 8), tube(spline(main_zip, 60), 0.03, 8)]
    straps = []
    for s in SIDES:
        path = [(s * 0.3, 0.38, 2.05), (s * 0.5, 0.75, 2.0), (s * 0.72, 0.85, 1.4), (s * 0.74, 0.7, 0.7), (s * 0.62, 0.4, 0.25)]
        straps.append(tube(spline(path, 40), 0.09, 10))
        straps.append(block(0.1, 0.03, 1.05, (s * 0.42, -0.6, 1.62), 0.012))
    loop = tube(spline([(-0.2, 0.3, 2.14), (-0.16, 0.34, 2.4), (0.16, 0.34, 2.4), (0.2, 0.3, 2.14)], 24), 0.05, 10)
    pulls = [block(0.05, 0.03, 0.2, (x, -0.73, 0.95), 0.012) for x in (-0.45, 0.45)]
    buckles = [block(0.17, 0.06, 0.2, (s * 0.42, -0.63, 1.22), 0.02) for s in SIDES]
    return [
        Part(join([body, pocket, upper]), cloth, main=True),
        Part(join([*sides, *straps, loop]), trim, main=True),
        Part(join([*zips, *buckles]), Material((0.02, 0.02, 0.02), roughness=0.4)),
        Part(join(pulls), STEEL),
    ]


def _fabric(rng: Generator, colour: Colour) -> Material:
    weave = fbm(rng, 128, 128, 0.2)
    return Material(np.clip(np.array(colour) * (1 + 0.1 * weave[..., None]), 0, 1), roughness=0.8, bump=weave, bump_scale=0.004)


def _sack(x: float, y: float, z: float) -> Mesh:
    """A filled bag: a rounded box, narrower on top."""
    bag = rounded_box(x, y, z, min(x, y, z) * 0.42, 8)
    bag.vertices[:, :2] *= (1 - 0.12 * (bag.vertices[:, 2] / z + 0.5) ** 2)[:, None]
    return bag.smoothed()


# --- parking meter ------------------------------------------------------------------------------------------------------


@model(
    "parking meter",
    metres=1.4,
    coco="parking meter",
    place="outdoors",
    grounds=("concrete", "asphalt"),
    elevation=(-2.0, 12.0),
    azimuth=(-40.0, 40.0),
    distance=(0.8, 0.98),
    max_elevation=55.0,
    views=("rear", "upside down", "low"),
    materials=("gold", "metal"),
)
def parking_meter(rng: Generator) -> list[Part]:
    """One head or two on a pole: a domed window with a dial and a needle, a coin slot, a handle and a plate."""
    grey = Material(choice(rng, (0.42, 0.44, 0.46), (0.25, 0.27, 0.3), (0.6, 0.6, 0.58)), roughness=0.35, metallic=0.5)
    twin = rng.random() < 0.3
    heads = [_meter_head(rng, grey) for _ in range(2 if twin else 1)]
    parts = [Part(join([cylinder(0.12, 2.6, 24), cylinder(0.2, 0.18, 24).moved(shift=(0, 0, 2.5))]), STEEL)]
    if twin:
        parts.append(Part(block(1.4, 0.2, 0.16, (0, 0, 2.62), bevel=0.04), grey))
    for i, head in enumerate(heads):
        shift = (0.55 * (2 * i - 1) if twin else 0.0, 0.0, 2.66)
        parts += [Part(p.mesh.moved(shift=shift), p.material, main=p.main) for p in head]
    return parts


def _meter_head(rng: Generator, grey: Material) -> list[Part]:
    low = [(-0.32, 0.0), (0.32, 0.0), (0.36, 0.1), (0.4, 0.75), (0.46, 0.85), (0.46, 1.1)]
    angle = np.linspace(0, PI, 24)
    dome = np.stack([0.46 * np.cos(angle), 1.1 + 0.46 * np.sin(angle)], 1)
    outline = np.vstack([low, dome, [(-x, z) for x, z in low[::-1]][:-1]])
    case = extrude([outline], 0.46).moved(rotate=(X, 90), shift=(0, 0.23, 0))
    glass = np.vstack([[(-0.36, 1.0), (0.36, 1.0)], np.stack([0.36 * np.cos(angle), 1.1 + 0.36 * np.sin(angle)], 1)])
    window = extrude([glass], 0.03).moved(rotate=(X, 90), shift=(0, -0.22, 0))
    rim = tube(np.c_[glass[:, 0], np.full(len(glass), -0.25), glass[:, 1]], 0.03, 8)
    slot = [
        block(0.26, 0.04, 0.2, (0.1, -0.24, 0.75), 0.02),
        rounded_cylinder(0.13, 0.06, 0.02, 28).moved(rotate=(X, 90), shift=(-0.12, -0.23, 0.42)),
    ]
    handle = block(0.06, 0.1, 0.3, (-0.12, -0.33, 0.42), 0.02)
    return [
        Part(case, grey, main=True),
        Part(window, Material(_dial(rng), roughness=0.05, clearcoat=0.8)),
        Part(join([rim, *slot, handle]), STEEL),
        Part(block(0.03, 0.02, 0.12, (0.1, -0.265, 0.75), 0.005), RUBBER),
        Part(quad(0.3, 0.22).moved(shift=(0.14, -0.235, 0.4)), Material(_tariff(rng), roughness=0.4)),
    ]


def _dial(rng: Generator) -> Array:
    """A half-circle scale with a needle, or a red flag, [256, 320, 3]."""
    angle = PI * float(rng.uniform(0.15, 0.85))
    expired = rng.random() < 0.4

    def draw(d: ImageDraw.ImageDraw, image: Image.Image) -> None:
        d.rectangle((0, 0, 320, 256), fill=(236, 236, 226))
        if expired:
            d.rectangle((30, 110, 290, 200), fill=(200, 25, 20))
            d.text((160, 155), "EXPIRED", font=font(50), fill=(250, 250, 250), anchor="mm")
        else:
            for k in range(13):
                a = PI * k / 12
                x, y = np.cos(a), -np.sin(a)
                d.line((160 + 100 * x, 200 + 120 * y, 160 + 128 * x, 200 + 150 * y), fill=(20, 20, 20), width=5)
            d.line((160, 205, 160 + 105 * np.cos(angle), 205 - 125 * np.sin(angle)), fill=(200, 20, 15), width=9)
        d.rectangle((0, 214, 320, 256), fill=(30, 60, 120))
        d.text((160, 234), "1 HOUR PARKING", font=font(32), fill=(250, 250, 250), anchor="mm")

    return drawing(320, 256, draw)


def _tariff(rng: Generator) -> Array:
    """A small plate that says what it costs, [110, 150, 3]."""
    cents = choice(rng, "25c", "50c", "$1")

    def draw(d: ImageDraw.ImageDraw, image: Image.Image) -> None:
        d.rectangle((0, 0, 150, 110), fill=choice(rng, (240, 210, 40), (240, 240, 240)))
        d.text((75, 34), cents, font=font(44), fill=(20, 20, 20), anchor="mm")
        d.text((75, 80), "30 MIN", font=font(34), fill=(20, 20, 20), anchor="mm")

    return drawing(150, 110, draw)
