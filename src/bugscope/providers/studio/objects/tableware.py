"""On the table: coffee mug, teapot, pitcher, vase, goblet, wine bottle, candle, bucket."""

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from ..geometry import Mesh, X, Z, cylinder, join, revolve, spline, torus, tube
from ..materials import Material, Part
from ..textures import choice, drawing, fbm, font, linear, smoothstep, vivid
from . import model

PI = float(np.pi)
Colour = tuple[float, float, float]
Array = NDArray[np.float64]


def _glaze(colour: Colour | Array) -> Material:
    return Material(colour, roughness=0.12, clearcoat=0.6)


def _decorated(rng: Generator, colour: Colour, above: float) -> Colour | Array:
    """Splashes of a second glaze on a pot, [256, 512, 3]."""
    noise = fbm(rng, 256, 512, 1.5)
    return np.where((noise > above)[..., None], np.array(vivid(rng)), np.ones((256, 512, 3)) * np.array(colour))


@model(
    "coffee mug",
    metres=0.11,
    coco="cup",
    synonyms=("mug",),
    elevation=(10.0, 35.0),
    azimuth=(-60.0, 60.0),
    yaw=(0.0, 0.0),
    max_elevation=72.0,
    materials=("metal", "wood", "gold"),
    views=("above", "upside down", "low"),
)
def coffee_mug(rng: Generator) -> list[Part]:
    """A straight mug with a handle to the side, some with a pattern, half of them full."""
    foot, height, wall = choice(rng, 1.0, 1.0, 0.85), float(rng.uniform(1.8, 2.4)), 0.07
    middle = (foot + 1.0) / 2
    outside = spline([(foot - 0.1, 0), (foot - 0.02, 0.03), (foot, 0.12), (middle, height * 0.5), (1.0, height)], 30)
    rim = spline([(1.0, height), (1.0 - wall / 2, height + 0.03), (1.0 - wall, height)], 8)
    inside = spline([(1.0 - wall, height), (middle - wall, height * 0.5), (foot - wall, 0.2)], 20)
    cup = revolve([[(0, 0), (foot - 0.1, 0)], outside, rim, inside, [(foot - wall, 0.2), (0, 0.15)]], 96)
    colour: Colour = choice(rng, (0.93, 0.93, 0.91), vivid(rng), vivid(rng), (0.1, 0.1, 0.12))
    glaze = Material(_mug_print(rng, colour) if rng.random() < 0.4 else colour, roughness=0.15, clearcoat=0.5)
    handle = _handle(0.95, height * 0.22, height * 0.8, float(rng.uniform(0.5, 0.75)), 0.1)
    parts = [Part(join([cup, handle.moved(rotate=(Z, float(rng.uniform(-40, 40))))]), glaze, main=True)]
    if rng.random() < 0.5:
        coffee = cylinder(0.92, 0.01).moved(shift=(0, 0, height * 0.85))
        parts.append(Part(coffee, Material((0.13, 0.06, 0.03), roughness=0.05)))
    return parts


def _handle(start: float, low: float, high: float, out: float, thickness: float) -> Mesh:
    path = [(start, 0, high), (1 + out * 0.7, 0, high + 0.03), (1 + out, 0, low * 0.4 + high * 0.6)]
    return tube(spline([*path, (1 + out * 0.7, 0, low + 0.1), (start, 0, low)], 40), thickness, 16).moved(scale=(1, 1.6, 1))


def _mug_print(rng: Generator, colour: Colour) -> Array:
    """A band around the mug or a blot on its front, [256, 512, 3]."""
    image = np.ones((256, 512, 3)) * np.array(colour)
    second = np.array(vivid(rng))
    if rng.random() < 0.5:
        image[90:170] = second
    else:
        image[:, 180:330] = np.where((fbm(rng, 256, 150, 1.5) > 0.3)[..., None], second, image[:, 180:330])
    return image


@model(
    "teapot",
    metres=0.22,
    elevation=(8.0, 30.0),
    azimuth=(-50.0, 50.0),
    max_elevation=76.0,
    materials=("gold", "metal", "glass"),
    views=("above", "upside down", "low"),
)
def teapot(rng: Generator) -> list[Part]:
    """A round pot with lid, spout and handle."""
    w, h = float(rng.uniform(0.95, 1.2)), float(rng.uniform(1.3, 1.7))
    side = [(0.55 * w, 0), (w * 0.95, 0.35 * h), (w, 0.55 * h), (w * 0.75, 0.88 * h), (0.42 * w, h)]
    body = revolve([[(0, 0), (0.55 * w, 0)], spline(side, 50)])
    lid_edge = spline([(0.46 * w, h), (0.4 * w, h + 0.1), (0.2 * w, h + 0.2), (0.07, h + 0.24)], 20)
    knob = spline([(0.07, h + 0.24), (0.08, h + 0.3), (0.14, h + 0.36), (0.12, h + 0.46), (0, h + 0.5)], 20)
    spout_path = spline([(w * 0.8, 0, 0.35 * h), (w * 1.3, 0, 0.5 * h), (w * 1.5, 0, 0.85 * h), (w * 1.85, 0, 1.02 * h)], 40)
    spout = tube(spout_path, np.linspace(0.28, 0.1, 40), 20, caps=False)
    grip = [
        (-w * 0.75, 0, 0.85 * h),
        (-w * 1.35, 0, 0.95 * h),
        (-w * 1.65, 0, 0.6 * h),
        (-w * 1.3, 0, 0.25 * h),
        (-w * 0.9, 0, 0.25 * h),
    ]
    colour: Colour = choice(rng, (0.93, 0.92, 0.9), vivid(rng), (0.15, 0.2, 0.35), (0.55, 0.25, 0.12))
    glaze = _decorated(rng, colour, 0.8) if rng.random() < 0.4 else colour
    return [
        Part(join([revolve([lid_edge, knob]), spout, tube(spline(grip, 40), 0.09, 14)]), _glaze(colour), main=True),
        Part(body, _glaze(glaze), main=True),
    ]


@model(
    "pitcher",
    metres=0.25,
    synonyms=("jug",),
    plural="pitchers",
    elevation=(8.0, 28.0),
    azimuth=(-50.0, 50.0),
    max_elevation=66.0,
    materials=("gold", "metal", "glass"),
    views=("above", "upside down", "low"),
)
def pitcher(rng: Generator) -> list[Part]:
    """A bellied jug with a lip and a handle."""
    h = float(rng.uniform(2.0, 2.8))
    side = spline([(0.6, 0), (0.95, 0.3 * h), (0.8, 0.65 * h), (0.5, 0.85 * h), (0.65, h)], 50)
    jug = revolve([[(0, 0), (0.6, 0)], side, (side[::-1] - [0.05, 0])[:40]], 96)
    angle = np.arctan2(jug.vertices[:, 1], jug.vertices[:, 0])
    lip = np.exp(-((angle / 0.35) ** 2)) * smoothstep(0.82 * h, h, jug.vertices[:, 2])
    jug.vertices[:, 0] += lip * 0.35
    jug.vertices[:, 2] += lip * 0.1
    grip = tube(spline([(-0.55, 0, 0.93 * h), (-1.15, 0, 0.95 * h), (-1.3, 0, 0.65 * h), (-0.85, 0, 0.35 * h)], 40), 0.09, 14)
    glaze = Material(choice(rng, (0.93, 0.92, 0.9), vivid(rng)), roughness=0.15, clearcoat=0.5)
    return [Part(join([jug.smoothed(), grip]), glaze, main=True)]


@model(
    "vase",
    metres=0.3,
    coco="vase",
    elevation=(5.0, 25.0),
    max_elevation=55.0,
    materials=("gold", "metal", "glass"),
    views=("above", "upside down", "low"),
)
def vase(rng: Generator) -> list[Part]:
    """A tall pot in one of three outlines, mostly painted."""
    h = float(rng.uniform(2.4, 3.4))
    outlines = (
        [(0.5, 0), (1.0, 0.3 * h), (0.95, 0.55 * h), (0.4, 0.82 * h), (0.55, h)],
        [(0.45, 0), (0.6, 0.2 * h), (1.0, 0.65 * h), (0.6, 0.9 * h), (0.62, h)],
        [(0.55, 0), (0.75, 0.35 * h), (0.5, 0.7 * h), (0.85, h)],
    )
    outline = choice(rng, *outlines)
    side = spline(outline, 60)
    pot = revolve([[(0, 0), (outline[0][0], 0)], side, (side[::-1] - [0.06, 0])[:40]], 96)
    colour: Colour = choice(rng, (0.9, 0.9, 0.88), vivid(rng), (0.1, 0.2, 0.5), (0.5, 0.2, 0.1))
    return [Part(pot, Material(_vase_painting(rng, colour), roughness=0.12, clearcoat=0.7), main=True)]


def _vase_painting(rng: Generator, colour: Colour) -> Colour | Array:
    if rng.random() >= 0.6:
        return colour
    second = np.array(choice(rng, (0.08, 0.15, 0.5), vivid(rng), (0.85, 0.7, 0.3)))
    image = np.where((fbm(rng, 256, 256, 1.4) > 0.7)[..., None], second, np.ones((256, 256, 3)) * np.array(colour))
    for row in (30, 40, 200, 215):
        image[row : row + 4] = second
    return image


@model(
    "goblet",
    metres=0.2,
    coco="wine glass",
    synonyms=("wine glass", "chalice"),
    grounds=("wood", "cloth", "white", "marble"),
    elevation=(5.0, 22.0),
    max_elevation=70.0,
    colours=False,
    materials=("gold", "metal", "wood"),
    views=("above", "upside down", "low"),
)
def goblet(rng: Generator) -> list[Part]:
    """A stemmed cup of glass, in a third of the cases of metal."""
    h = float(rng.uniform(3.0, 3.6))
    stem = h * 0.45
    outside = spline([(0.09, stem), (0.6, stem + 0.3), (0.95, stem + 0.9), (0.8, h)], 40)
    inside = spline([(0.77, h), (0.91, stem + 0.9), (0.56, stem + 0.36), (0, stem + 0.12)], 40)
    foot = spline([(0.85, 0), (0.86, 0.05), (0.3, 0.12), (0.1, 0.3), (0.08, stem * 0.6), (0.09, stem)], 40)
    metal: Colour = choice(rng, (0.85, 0.75, 0.5), (0.8, 0.8, 0.82))
    material = Material((0.98, 0.99, 0.99), kind="glass")
    if rng.random() < 0.35:
        material = Material(metal, roughness=0.15, metallic=1.0)
    return [Part(revolve([[(0, 0), (0.85, 0)], foot, outside, inside], 72), material, main=True)]


@model(
    "wine bottle",
    metres=0.3,
    coco="bottle",
    synonyms=("bottle of wine",),
    elevation=(3.0, 18.0),
    distance=(1.0, 1.15),
    max_elevation=55.0,
    views=("above", "upside down", "rear", "low"),
)
def wine_bottle(rng: Generator) -> list[Part]:
    """Dark glass, a foil cap and a paper label; sloping or square shoulders."""
    sloping = [(1, 3.2), (0.95, 3.7), (0.5, 4.3), (0.34, 4.7), (0.33, 5.9)]
    square = [(1, 3.2), (0.8, 3.9), (0.45, 4.6), (0.35, 5.2), (0.34, 5.9)]
    shoulder = spline(sloping if rng.random() < 0.5 else square, 40)
    base = [[(0, 0), (0.9, 0)], spline([(0.9, 0), (0.97, 0.05), (1, 0.15)], 8), [(1, 0.15), (1, 3.2)]]
    bottle = revolve([*base, shoulder, [(0.33, 5.9), (0.38, 5.9), (0.38, 6.05), (0, 6.05)]], 72)
    label = revolve([[(1.012, 0.7), (1.012, 2.6)]], 40, arc=2.4)
    label.uv[:, 0] /= label.uv[:, 0].max()
    label.uv[:, 1] = 1 - label.uv[:, 1]
    dark: Colour = choice(rng, (0.02, 0.05, 0.02), (0.03, 0.06, 0.02), (0.05, 0.02, 0.02))
    return [
        Part(bottle, Material(dark, roughness=0.06, clearcoat=1.0), main=True),
        Part(revolve([[(0.36, 5.0), (0.37, 6.07), (0, 6.08)]]), Material(vivid(rng), roughness=0.3, metallic=0.6)),
        Part(label.moved(rotate=(Z, -158 + float(rng.uniform(-25, 25)))), Material(_wine_label(rng), roughness=0.7)),
    ]


def _wine_label(rng: Generator) -> Array:
    """[256, 512, 3]."""
    house, year = choice(rng, "CHATEAU", "DOMAINE", "RESERVA"), choice(rng, "1998", "2004", "2011")

    def draw(d: ImageDraw.ImageDraw, image: Image.Image) -> None:
        d.rectangle((0, 0, 512, 256), fill=(238, 232, 216))
        d.rectangle((8, 8, 504, 248), outline=(120, 90, 30), width=4)
        d.text((256, 62), house, font=font(44), fill=(40, 20, 20), anchor="mm")
        d.text((256, 132), year, font=font(40), fill=(110, 20, 20), anchor="mm")
        d.rectangle((120, 180, 400, 186), fill=(140, 20, 30))
        d.text((256, 216), "Grand Vin", font=font(28), fill=(30, 30, 30), anchor="mm")

    return drawing(512, 256, draw)


@model(
    "candle",
    metres=0.2,
    synonyms=("lit candle",),
    grounds=("wood", "marble", "cloth"),
    lights=("dark", "dark", "indoors"),
    elevation=(5.0, 25.0),
    max_elevation=65.0,
    views=("above", "low"),
)
def candle(rng: Generator) -> list[Part]:
    """One to three burning pillar candles; their wax glows a little."""
    colour: Colour = choice(rng, (0.95, 0.9, 0.78), (0.93, 0.88, 0.8), (0.7, 0.1, 0.1))
    bodies, wicks, flames = [], [], []
    number = choice(rng, 1, 1, 2, 3)
    for i in range(number):
        h, r = float(rng.uniform(1.0, 2.8)), float(rng.uniform(0.4, 0.6))
        place = ((i - (number - 1) / 2) * 1.5, float(rng.uniform(-0.3, 0.3)))
        melt = spline([(r, h * 0.95), (r * 0.97, h), (r * 0.8, h * 0.98), (r * 0.3, h * 0.94), (0, h * 0.93)], 20)
        bodies.append(revolve([[(0, 0), (r, 0)], [(r, 0), (r, h * 0.95)], melt]).moved(shift=(*place, 0)))
        wicks.append(cylinder(0.03, 0.3).moved(shift=(*place, h * 0.92)))
        flame = revolve([spline([(0, 0), (0.1, 0.12), (0.11, 0.28), (0.04, 0.55), (0, 0.75)], 30)])
        flames.append(flame.moved(shift=(*place, h * 0.95 + 0.1)))
    red, green, blue = (float(c) * 0.10 for c in linear(colour))
    return [
        Part(join(bodies), Material(colour), emission=(red, green, blue), main=True),
        Part(join(wicks), Material((0.05, 0.04, 0.03))),
        Part(join(flames), Material((0, 0, 0), kind="diffuse"), emission=(16.0, 9.5, 3.2)),
    ]


@model(
    "bucket",
    metres=0.3,
    synonyms=("pail",),
    place="outdoors",
    grounds=("grass", "concrete", "dirt", "sand"),
    elevation=(10.0, 30.0),
    max_elevation=72.0,
    materials=("gold", "metal", "wood"),
    views=("above", "upside down", "low"),
)
def bucket(rng: Generator) -> list[Part]:
    """Zinc or plastic, with a bail."""
    h, foot = float(rng.uniform(1.7, 2.2)), float(rng.uniform(0.7, 0.8))
    rim = spline([(1, h), (1.05, h + 0.03), (1.05, h - 0.06), (0.98, h - 0.06)], 10)
    pail = revolve(
        [
            [(0, 0.05), (foot, 0.05)],
            [(foot, 0), (1, h)],
            rim,
            [(0.97, h), (foot - 0.02, 0.1)],
            [(foot - 0.02, 0.1), (0, 0.1)],
        ]
    )
    bail = torus(1.0, 0.025, 40, 8, arc=PI).moved(rotate=(X, choice(rng, 90.0, 40.0, 140.0, 15.0)), shift=(0, 0, h - 0.1))
    zinc = Material((0.72, 0.74, 0.75), roughness=0.35, metallic=1.0)
    body = zinc if rng.random() < 0.5 else Material(vivid(rng), roughness=0.3)
    return [Part(pail, body, main=True), Part(bail, Material((0.5, 0.5, 0.5), roughness=0.3, metallic=1.0))]
