"""What people have about them: bow tie, necktie, cell phone, book, comic book, bottle of pop."""

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from ..geometry import Mesh, X, Y, Z, cylinder, extrude, join, quad, revolve, rounded_box, spline, torus, tube
from ..materials import Material, Part
from ..textures import blend, choice, drawing, fbm, font, vivid
from . import model

PI = float(np.pi)
SIDES = (-1, 1)
Array = NDArray[np.float64]
Colour = tuple[float, float, float]


def _ink(colour: Colour) -> tuple[int, int, int]:
    r, g, b = (int(255 * c) for c in colour)
    return r, g, b


# --- ties ---------------------------------------------------------------------------------------------------------------


def _silk(rng: Generator, slant: float = 1.0) -> Material:
    """Plain, striped, dotted or chequered silk, [256, 256, 3]."""
    base: Colour = choice(rng, (0.08, 0.1, 0.25), (0.45, 0.05, 0.08), (0.05, 0.05, 0.06), vivid(rng))
    second: Colour = choice(rng, (0.9, 0.88, 0.82), (0.8, 0.65, 0.2), vivid(rng))
    y, x = np.mgrid[0:1:256j, 0:1:256j]
    n = choice(rng, 5, 7, 9)
    dots = np.hypot((x * n + 0.5 * (np.floor(y * n * 1.3) % 2)) % 1 - 0.5, ((y * n * 1.3) % 1 - 0.5) * 0.8) < 0.2
    stripes = (x * slant + y * 1.2) * n % 1 < choice(rng, 0.3, 0.5)
    chequers = ((x * n) % 1 < 0.5) ^ ((y * n) % 1 < 0.5)
    pattern = choice(rng, 0.0 * x, dots, dots, stripes, stripes, 0.5 * chequers)
    image = blend(base, second, pattern) * (1 + 0.04 * fbm(rng, 256, 256, 0.3)[..., None])
    return Material(np.clip(image, 0, 1), roughness=0.45, clearcoat=0.15)


@model(
    "bow tie",
    metres=0.12,
    coco="tie",
    synonyms=("bowtie", "bow-tie"),
    grounds=("white", "white", "wood"),
    elevation=(40.0, 78.0),
    azimuth=(-25.0, 25.0),
    distance=(0.8, 1.0),
    yaw=(-12.0, 12.0),
    max_elevation=88.0,
    views=("above",),
)
def bow_tie(rng: Generator) -> list[Part]:
    """Two gathered wings, a second pair behind them, and a knot; lying on its back with the ends of its band."""
    silk = _silk(rng)
    wings = [_wing(side, 1.0) for side in SIDES] + [
        _wing(side, 0.88).moved(rotate=(Z, 7.0 * side), shift=(0, 0, -0.1)) for side in SIDES
    ]
    knot = rounded_box(0.34, 0.46, 0.36, 0.12, 6).moved(shift=(0, 0, 0.28))
    return [Part(join([*wings, knot]), silk, main=True)]


def _wing(side: int, size: float) -> Mesh:
    """One wing along x: gathered at the knot, full and folded at its end."""
    wing = rounded_box(2.0, 2.0, 0.5, 0.2, 10)
    x, y, z = wing.vertices.T
    t = (x + 1) / 2
    width = 0.2 + 0.62 * t**0.8
    fold = 0.07 * np.cos(y * 5.0) * (1 - t) ** 0.6 + 0.1 * np.exp(-((y / 0.3) ** 2)) * (1 - t)
    wing.vertices = np.c_[side * (0.1 + 1.15 * t + 0.06 * np.abs(y) * t), width * y, 0.22 + z * (0.35 + 0.45 * t) + fold] * size
    if side < 0:
        wing.faces = np.ascontiguousarray(wing.faces[:, ::-1])
    wing.uv = np.c_[0.5 + side * t / 2, (y + 1) / 2]
    return wing.smoothed()


@model(
    "Windsor tie",
    metres=0.5,
    coco="tie",
    synonyms=("necktie", "tie"),
    grounds=("white", "white", "wood"),
    elevation=(55.0, 82.0),
    azimuth=(-20.0, 20.0),
    distance=(0.7, 0.9),
    yaw=(-15.0, 15.0),
    max_elevation=88.0,
    views=("above",),
)
def necktie(rng: Generator) -> list[Part]:
    """A knotted tie that lies on a shirt: knot, blade with its point, collar, placket and buttons."""
    silk = _silk(rng)
    shirt: Colour = choice(rng, (0.93, 0.93, 0.93), (0.93, 0.93, 0.93), (0.65, 0.75, 0.9), (0.9, 0.75, 0.78))
    cloth = Material(
        np.clip(np.array(shirt) * (1 + 0.03 * fbm(rng, 128, 128, 0.6)[..., None]), 0, 1), roughness=0.85, specular=0.2
    )
    blade = _bulged(np.array([(-0.2, -0.35), (0.2, -0.35), (0.52, -3.6), (0.0, -4.2), (-0.52, -3.6)]), 0.16)
    knot = _bulged(np.array([(-0.36, 0.2), (0.36, 0.2), (0.2, -0.48), (-0.2, -0.48)]), 0.3)
    front = extrude([np.array([(-1.9, 0.1), (-0.6, 0.5), (0.6, 0.5), (1.9, 0.1), (1.9, -4.5), (-1.9, -4.5)])], 0.1)
    flaps = []
    for s in SIDES:
        flap = np.array([(0.12 * s, 0.3), (0.95 * s, 0.75), (1.0 * s, -0.1), (0.62 * s, -0.85)])
        flaps.append(extrude([flap], 0.07).moved(rotate=(Y, 6.0 * s), shift=(0, 0, 0.24)))
    band = tube(spline([(-0.85, 0.6, 0.2), (0, 1.0, 0.15), (0.85, 0.6, 0.2)], 20), 0.2, 12)
    return [
        Part(join([blade.moved(shift=(0, 0, 0.12)), knot.moved(shift=(0, 0, 0.18))]), silk, main=True),
        Part(join([front, *flaps, band]), cloth),
    ]


def _bulged(outline: Array, height: float) -> Mesh:
    """An outline as a padded slab: its edges slope down."""
    low, high = extrude([outline], height * 0.5), extrude([outline * (0.9, 0.985)], height)
    return join([low, high])


# --- cell phone ---------------------------------------------------------------------------------------------------------


@model(
    "cellular telephone",
    metres=0.11,
    coco="cell phone",
    synonyms=("cell phone", "mobile phone", "cellphone", "mobile"),
    grounds=("wood", "white", "wood"),
    elevation=(30.0, 72.0),
    yaw=(-35.0, 35.0),
    distance=(0.85, 1.05),
    max_elevation=88.0,
    views=("above",),
    materials=("gold", "metal", "wood"),
)
def cell_phone(rng: Generator) -> list[Part]:
    """A phone with keys under a lit screen, lying on its back; some with a stub of an aerial."""
    colour: Colour = choice(rng, (0.06, 0.06, 0.07), (0.65, 0.66, 0.68), (0.2, 0.22, 0.28), vivid(rng))
    dark = sum(colour) < 1.5
    body = rounded_box(1.1, 2.5, 0.34, 0.16, 8)
    body.vertices[:, 0] *= 1 - 0.06 * np.cos(body.vertices[:, 1] * 1.2)
    top = 0.345
    keys = [
        rounded_box(0.25, 0.13, 0.06, 0.03, 3).moved(shift=(x, y, top))
        for y in (-0.35, -0.55, -0.75, -0.95)
        for x in (-0.3, 0, 0.3)
    ]
    soft = [rounded_box(0.24, 0.1, 0.06, 0.03, 3).moved(shift=(x, -0.13, top)) for x in (-0.3, 0.3)]
    pad = torus(0.11, 0.04, 24, 8).moved(shift=(0, -0.13, top))
    key: Colour = (
        choice(rng, (0.8, 0.8, 0.82), (0.25, 0.25, 0.27)) if dark else choice(rng, (0.85, 0.85, 0.87), (0.12, 0.12, 0.13))
    )
    parts = [
        Part(body.smoothed().moved(shift=(0, 0, 0.17)), Material(colour, roughness=0.25, clearcoat=0.5), main=True),
        Part(
            rounded_box(0.9, 1.08, 0.03, 0.014, 3).moved(shift=(0, 0.58, top - 0.005)),
            Material((0.02, 0.02, 0.02), roughness=0.1),
        ),
        Part(
            quad(0.76, 0.86).moved(rotate=(X, -90), shift=(0, 0.55, top + 0.015)),
            Material(_phone_screen(rng), roughness=0.1, clearcoat=0.5),
        ),
        Part(join([*keys, *soft, pad]), Material(key, roughness=0.35)),
        Part(join([_digit(i) for i in range(12)]), Material(_digits(key), roughness=0.5)),
        Part(
            rounded_box(0.3, 0.05, 0.03, 0.012, 3).moved(shift=(0, 1.17, top - 0.01)), Material((0.3, 0.3, 0.3), metallic=0.8)
        ),
    ]
    if rng.random() < 0.35:
        aerial = cylinder(0.09, 0.55, 16, 0.07).moved(rotate=(X, -90), shift=(0.38, 1.2, 0.17))
        parts.append(Part(aerial, Material((0.05, 0.05, 0.05), roughness=0.4)))
    return parts


def _digit(i: int) -> Mesh:
    """The print of a key, cut from the sheet of `_digits`."""
    print_ = quad(0.21, 0.11).moved(rotate=(X, -90), shift=(0.3 * (i % 3) - 0.3, -0.35 - 0.2 * (i // 3), 0.377))
    print_.uv = (print_.uv + (i % 3, i // 3)) / (3, 4)
    return print_


def _digits(key: Colour) -> Array:
    """Twelve keys of a telephone, [240, 330, 3]."""
    ink = (20, 20, 20) if sum(key) > 1.5 else (240, 240, 240)

    def draw(d: ImageDraw.ImageDraw, image: Image.Image) -> None:
        d.rectangle((0, 0, 330, 240), fill=_ink(key))
        for i, sign in enumerate("123456789*0#"):
            d.text((110 * (i % 3) + 55, 60 * (i // 3) + 30), sign, font=font(46), fill=ink, anchor="mm")

    return drawing(330, 240, draw)


def _phone_screen(rng: Generator) -> Array:
    """A wallpaper under bars, the time and two soft keys, [226, 200, 3]."""
    time = f"{int(rng.integers(1, 24))}:{int(rng.integers(60)):02d}"
    sky, land = (
        _ink(choice(rng, (0.35, 0.6, 0.95), (0.75, 0.85, 0.95), (0.2, 0.3, 0.6))),
        _ink(choice(rng, (0.25, 0.55, 0.2), vivid(rng))),
    )

    def draw(d: ImageDraw.ImageDraw, image: Image.Image) -> None:
        d.rectangle((0, 0, 200, 226), fill=sky)
        d.ellipse((-60, 130, 190, 330), fill=land)
        for k in range(4):
            d.rectangle((8 + 8 * k, 24 - 5 * k, 13 + 8 * k, 28), fill=(255, 255, 255))
        d.rectangle((168, 10, 192, 26), fill=(255, 255, 255))
        d.text((100, 78), time, font=font(60), fill=(255, 255, 255), anchor="mm")
        d.rectangle((0, 198, 200, 226), fill=(20, 30, 60))
        d.text((34, 212), "Menu", font=font(24), fill=(255, 255, 255), anchor="mm")
        d.text((162, 212), "Names", font=font(24), fill=(255, 255, 255), anchor="mm")

    return drawing(200, 226, draw)


# --- bottle of pop ------------------------------------------------------------------------------------------------------

DRINKS: tuple[tuple[str, Colour, Colour], ...] = (
    ("COLA", (0.09, 0.03, 0.015), (0.75, 0.04, 0.05)),
    ("COLA", (0.09, 0.03, 0.015), (0.75, 0.04, 0.05)),
    ("LIME", (0.2, 0.5, 0.12), (0.05, 0.35, 0.1)),
    ("ORANGE", (0.93, 0.45, 0.03), (0.1, 0.2, 0.6)),
    ("ROOT", (0.16, 0.06, 0.02), (0.35, 0.2, 0.08)),
)


@model(
    "pop bottle",
    metres=0.3,
    coco="bottle",
    synonyms=("soda bottle", "plastic bottle", "cola bottle", "bottle of pop", "bottle of soda", "bottle of cola"),
    grounds=("wood", "white", "marble"),
    elevation=(3.0, 20.0),
    distance=(0.85, 1.05),
    max_elevation=62.0,
    views=("above", "upside down", "low"),
    materials=("metal", "gold", "wood"),
)
def pop_bottle(rng: Generator) -> list[Part]:
    """A plastic bottle full of something fizzy: five feet, a waist, a printed sleeve, a screw cap on a clear neck."""
    name, drink, brand = choice(rng, *DRINKS)
    body = revolve(
        [
            [(0, 0.1), (0.3, 0.04)],
            spline([(0.3, 0.04), (0.62, 0.12), (0.72, 0.4), (0.7, 1.0), (0.64, 1.25), (0.7, 1.5)], 40),
            [(0.7, 1.5), (0.7, 2.5)],
            spline([(0.7, 2.5), (0.69, 2.75), (0.52, 3.3), (0.28, 3.75)], 30),
        ],
        80,
    )
    x, y, z = body.vertices.T
    foot = 1 - 0.13 * np.clip(1 - z / 0.45, 0, 1) * (1 + np.cos(5 * np.arctan2(y, x))) / 2
    body.vertices = np.c_[x * foot, y * foot, z]
    sleeve = cylinder(0.712, 0.95, 64, caps=False).moved(shift=(0, 0, 1.52))
    sleeve.uv[:, 1] = 1 - sleeve.uv[:, 1]
    neck = revolve(
        [
            [(0.28, 3.75), (0.24, 3.85)],
            [(0.24, 3.85), (0.24, 4.0)],
            [(0.24, 4.0), (0.33, 4.0)],
            [(0.33, 4.0), (0.33, 4.04)],
            [(0.33, 4.04), (0.2, 4.04)],
        ],
        40,
    )
    cap = cylinder(0.29, 0.28, 40).moved(shift=(0, 0, 4.05))
    ridges = [tube([(0, 0.29, 4.07), (0, 0.29, 4.31)], 0.018, 5).moved(rotate=(Z, 15.0 * k)) for k in range(24)]
    pale = blend(drink, (0.85, 0.85, 0.85), 0.55) if name != "COLA" else np.array((0.45, 0.38, 0.33))
    return [
        Part(body.smoothed(), Material(drink, roughness=0.06, clearcoat=1.0, specular=0.7), main=True),
        Part(sleeve, Material(_sleeve(name, brand), roughness=0.25, clearcoat=0.4), main=True),
        Part(neck, Material(pale, roughness=0.08, clearcoat=0.8)),
        Part(join([cap, *ridges]), Material(brand, roughness=0.35)),
    ]


def _sleeve(name: str, brand: Colour) -> Array:
    """The name three times around over a wave, [160, 720, 3]."""

    def draw(d: ImageDraw.ImageDraw, image: Image.Image) -> None:
        d.rectangle((0, 0, 720, 160), fill=_ink(brand))
        wave = [(t, 128 + 14 * np.sin(t / 720 * 6 * PI)) for t in range(0, 721, 6)]
        d.line(wave, fill=(245, 245, 245), width=9)
        for third in range(3):
            d.text((120 + 240 * third, 66), name, font=font(78 if len(name) < 5 else 56), fill=(250, 250, 250), anchor="mm")

    return drawing(720, 160, draw)
