"""Around the house: pill bottle, lipstick, toilet tissue, bookcase, chest, crate, dining table, folding chair."""

import numpy as np
from numpy.random import Generator
from PIL import Image, ImageDraw

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
    revolve,
    rotation,
    rounded_box,
    rounded_cylinder,
    sphere,
    spline,
    tube,
)
from ..materials import Material, Part
from ..textures import choice, drawing, fbm, font, vivid, wood
from . import model

PI = float(np.pi)
SIDES = (-1, 1)


def _timber(rng: Generator) -> Material:
    return Material(wood(rng, 256, 256), roughness=float(rng.uniform(0.3, 0.6)))


def _around(label: Mesh) -> Mesh:
    """A label on a bottle: its picture once across, upright."""
    label.uv[:, 0] /= label.uv[:, 0].max()
    label.uv[:, 1] = 1 - label.uv[:, 1]
    return label


@model(
    "pill bottle",
    metres=0.09,
    coco="bottle",
    synonyms=("medicine bottle",),
    elevation=(8.0, 28.0),
    max_elevation=65.0,
    views=("above", "upside down", "low"),
)
def pill_bottle(rng: Generator) -> list[Part]:
    """Amber plastic under a white cap, with a pharmacy's label; often some pills beside it."""
    body = revolve(
        [
            [(0, 0), (0.75, 0)],
            spline([(0.75, 0), (0.8, 0.05), (0.8, 0.1)], 6),
            [(0.8, 0.1), (0.8, 2.0)],
            [(0.8, 2.0), (0.7, 2.05), (0.7, 2.3)],
        ]
    )
    label = _around(revolve([[(0.81, 0.25), (0.81, 1.75)]], 40, arc=3.6)).moved(rotate=(Z, -193))
    parts = [
        Part(body, Material((0.85, 0.4, 0.05), roughness=0.08, clearcoat=1.0), main=True),
        Part(rounded_cylinder(0.85, 0.55, 0.06).moved(shift=(0, 0, 2.1)), Material((0.95, 0.95, 0.94))),
        Part(label, Material(_prescription(rng), roughness=0.6)),
    ]
    if rng.random() < 0.6:
        parts.append(Part(join(_pills(rng)), Material(choice(rng, (0.93, 0.93, 0.93), (0.9, 0.4, 0.3)), roughness=0.35)))
    return parts


def _prescription(rng: Generator) -> np.ndarray:
    ends = rng.integers(180, 360, 6)

    def draw(d: ImageDraw.ImageDraw, image: Image.Image) -> None:
        d.rectangle((0, 0, 400, 260), fill=(248, 248, 246))
        d.text((20, 10), "PHARMACY", font=font(40), fill=(20, 40, 120))
        for i, end in enumerate(ends):
            d.line((20, 80 + i * 28, 20 + int(end), 80 + i * 28), fill=(40, 40, 40), width=7)

    return drawing(400, 260, draw)


def _pills(rng: Generator) -> list[Mesh]:
    pills = []
    for _ in range(rng.integers(4, 14)):
        angle, away = rng.uniform(0, 2 * PI), rng.uniform(1.2, 2.2)
        pills.append(sphere(0.2, 20, 12).moved(scale=(1, 1, 0.45), shift=(away * np.cos(angle), away * np.sin(angle), 0.09)))
    return pills


@model("lipstick", metres=0.08, elevation=(5.0, 25.0), max_elevation=60.0, views=("above", "rear", "low"))
def lipstick(rng: Generator) -> list[Part]:
    """An open lipstick with its cap beside it."""
    case = Material(
        choice(rng, (0.04, 0.04, 0.04), (0.82, 0.65, 0.3), (0.75, 0.75, 0.77)),
        roughness=0.15,
        metallic=0.6,
        clearcoat=0.5,
    )
    stick = revolve([[(0.32, 0), (0.32, 1.0)], spline([(0.32, 1.0), (0.25, 1.35), (0.0, 1.45)], 20)])
    slant = stick.vertices[:, 2] - 0.8
    stick.vertices[:, 2] += np.where(slant > 0, 0.55 * stick.vertices[:, 0] * slant / 0.4, 0)
    cap = rounded_cylinder(0.5, 1.9, 0.04)
    if rng.random() < 0.5:
        cap = cap.moved(shift=(1.4 * choice(rng, -1, 1), 0.3, 0))
    else:
        cap = cap.moved(rotate=rotation(Z, float(rng.uniform(0, 80))) @ rotation(Y, 90), shift=(0.9, 0.6, 0.5))
    red = choice(rng, (0.7, 0.04, 0.1), (0.8, 0.1, 0.15), (0.85, 0.35, 0.4), (0.5, 0.05, 0.15))
    return [
        Part(join([rounded_cylinder(0.5, 1.2, 0.04), cap]), case),
        Part(cylinder(0.4, 0.7).moved(shift=(0, 0, 1.15)), Material((0.85, 0.68, 0.35), roughness=0.12, metallic=1.0)),
        Part(stick.smoothed().moved(shift=(0, 0, 1.7)), Material(red, roughness=0.25, clearcoat=0.3), main=True),
    ]


@model(
    "toilet tissue",
    metres=0.11,
    synonyms=("toilet paper", "toilet roll"),
    plural="toilet rolls",
    grounds=("wood", "tile", "white", "marble"),
    elevation=(10.0, 35.0),
    max_elevation=75.0,
    views=("above", "rear", "low"),
    surfaces=False,
)
def toilet_tissue(rng: Generator) -> list[Part]:
    """A roll of soft paper, upright or on its side, often with a loose end."""
    soft = Material((0.95, 0.95, 0.94), roughness=0.9, bump=np.clip(0.5 + 0.2 * fbm(rng, 256, 256, 0.6), 0, 1), bump_scale=0.05)
    outside = spline([(1, 0), (1.02, 0.05), (1.02, 1.75), (1.0, 1.8)], 12, degree=1)
    roll = revolve([[(0.35, 0), (1.0, 0)], outside, [(1.0, 1.8), (0.35, 1.8)]])
    parts = [Part(roll, soft, main=True), Part(revolve([(0.35, 1.8), (0.33, 0)]), Material((0.6, 0.5, 0.4)))]
    if rng.random() < 0.6:
        x = np.linspace(0, 1.6, 10)
        sheet = [np.stack([np.full(10, 1.02), -x, np.full(10, z)], 1) for z in (0.02, 1.78)]
        parts.append(Part(Mesh(np.vstack(sheet), grid_faces(2, 10), np.zeros((20, 2))).smoothed(), soft))
    if rng.random() < 0.4:
        lying = rotation(Z, float(rng.uniform(-40, 40))) @ rotation(X, 90)
        parts = [Part(p.mesh.moved(rotate=lying), p.material, main=p.main) for p in parts]
    return parts


@model(
    "bookcase",
    metres=1.8,
    synonyms=("bookshelf",),
    plural="bookcases",
    place="floor",
    grounds=("wood", "carpet"),
    elevation=(2.0, 14.0),
    azimuth=(-35.0, 35.0),
    max_elevation=40.0,
    views=("upside down", "low"),
)
def bookcase(rng: Generator) -> list[Part]:
    """Three to five shelves of books in seven colours."""
    shelves, width = choice(rng, 3, 4, 5), 2.6
    height = shelves * 0.85
    frame = [block(0.1, 0.7, height + 0.1, (s * width / 2, 0, height / 2)) for s in SIDES]
    frame += [block(width, 0.7, 0.08, (0, 0, i * 0.85)) for i in range(shelves + 1)]
    frame.append(block(width, 0.04, height, (0, 0.34, height / 2), 0.01))
    books: list[list[Mesh]] = [[] for _ in range(7)]
    for i in range(shelves):
        x = -width / 2 + 0.08
        while x < width / 2 - 0.2:
            if rng.random() < 0.06:
                x += rng.uniform(0.1, 0.4)
                continue
            thick, tall = rng.uniform(0.05, 0.16), rng.uniform(0.45, 0.72)
            book = rounded_box(thick * 0.94, 0.5, tall, 0.01, 1 + 1)
            books[rng.integers(7)].append(book.moved(shift=(x + thick / 2, 0, i * 0.85 + 0.04 + tall / 2)))
            x += thick
    covers = [Material(tuple(rng.uniform(0.05, 0.75, 3)), roughness=0.6) for _ in books]
    return [
        Part(join(frame), _timber(rng), main=True),
        *(Part(join(b), c) for b, c in zip(books, covers, strict=True) if b),
    ]


@model(
    "chest",
    metres=0.8,
    synonyms=("treasure chest",),
    place="floor",
    grounds=("wood", "carpet", "sand"),
    elevation=(10.0, 28.0),
    azimuth=(-45.0, 45.0),
    max_elevation=65.0,
    materials=("gold", "metal", "wood"),
    views=("above", "rear", "upside down", "low"),
)
def chest(rng: Generator) -> list[Part]:
    """A box with a rounded lid, iron bands and a lock."""
    timber, iron = _timber(rng), Material(choice(rng, (0.25, 0.22, 0.2), (0.7, 0.55, 0.25)), metallic=0.9)
    angle = np.linspace(0, PI, 24)
    arch = np.stack([np.cos(angle), np.sin(angle)], 1)
    across = rotation(Z, 90) @ rotation(X, 90)
    lid = extrude([arch * (0.9, 0.55)], 3.0).moved(rotate=across, shift=(-1.5, 0, 1.3))
    bands = []
    for x in (-1.2, 0.0, 1.2):
        bands.append(block(0.18, 1.88, 1.32, (x, 0, 0.66), 0.02))
        bands.append(extrude([arch * (0.94, 0.59)], 0.18).moved(rotate=across, shift=(x - 0.09, 0, 1.3)))
    bands.append(block(0.35, 0.1, 0.4, (0, -0.93, 1.2)))
    return [Part(join([block(3, 1.8, 1.3, (0, 0, 0.65), 0.04), lid]), timber, main=True), Part(join(bands), iron)]


@model(
    "crate",
    metres=0.5,
    place="floor",
    grounds=("wood", "concrete", "grass"),
    elevation=(10.0, 30.0),
    azimuth=(-50.0, 50.0),
    max_elevation=70.0,
    materials=("wood",),
    views=("above", "upside down", "low"),
)
def crate(rng: Generator) -> list[Part]:
    """Slats on four posts, open at the top."""
    rows = choice(rng, 3, 4, 5)
    step = 1.8 / rows
    grain = [Material(wood(rng, 128, 128, (0.6, 0.42, 0.25), (0.78, 0.6, 0.4)), roughness=0.7) for _ in range(3)]
    slats: list[Mesh] = []
    for row in range(rows):
        z = step * (row + 0.5)
        for s in SIDES:
            slats += [block(2.4, 0.08, step * 0.86, (0, s * 0.85, z)), block(0.08, 1.7, step * 0.86, (s * 1.2, 0, z))]
    slats += [block(0.16, 0.16, 1.8, (x * 1.1, y * 0.76, 0.9)) for x in SIDES for y in SIDES]
    slats += [block(2.4, 0.3, 0.08, (0, -0.68 + i * 0.34, 0.05)) for i in range(5)]
    return [Part(join(slats[i::3]), material, main=True) for i, material in enumerate(grain)]


@model(
    "dining table",
    metres=1.5,
    coco="dining table",
    synonyms=("kitchen table",),
    place="floor",
    grounds=("wood", "carpet", "tile"),
    elevation=(12.0, 28.0),
    azimuth=(-50.0, 50.0),
    max_elevation=70.0,
    views=("above", "rear", "upside down"),
)
def dining_table(rng: Generator) -> list[Part]:
    """A table with four chairs, often laid."""
    timber = _timber(rng)
    table = [block(4, 2.2, 0.12, (0, 0, 1.8)), *(block(3.6, 0.08, 0.2, (0, s * 0.9, 1.65)) for s in SIDES)]
    table += [block(0.18, 0.18, 1.8, (x * 1.8, y * 0.9, 0.9)) for x in SIDES for y in SIDES]
    chairs = [_chair(s).moved(shift=(x, s * 1.6, 0)) for x in SIDES for s in SIDES]
    parts = [Part(join([*table, *chairs]), timber, main=True)]
    if rng.random() < 0.6:
        plate = revolve([[(0, 0), (0.25, 0), (0.42, 0.06), (0.4, 0.07), (0.25, 0.03), (0, 0.03)]], 40)
        plates = [plate.moved(shift=(x, s * 0.7, 1.87)) for x in SIDES for s in SIDES]
        parts.append(Part(join(plates), Material((0.95, 0.95, 0.95), roughness=0.1)))
        vase = revolve([spline([(0.12, 0), (0.22, 0.3), (0.1, 0.5), (0.16, 0.6)], 30)]).moved(shift=(0, 0, 1.86))
        parts.append(Part(vase, Material(vivid(rng), roughness=0.1)))
    return parts


def _chair(side: int) -> Mesh:
    pieces = [block(0.9, 0.8, 0.08, (0, 0, 1.05))]
    pieces += [block(0.09, 0.09, 1.05, (x * 0.38, y * 0.33, 0.5)) for x in SIDES for y in SIDES]
    pieces += [block(0.09, 0.09, 1.3, (x * 0.38, side * 0.36, 1.6)) for x in SIDES]
    return join(pieces + [block(0.8, 0.05, 0.18, (0, side * 0.36, z)) for z in (1.6, 1.9, 2.15)])


@model(
    "folding chair",
    metres=0.85,
    coco="chair",
    place="floor",
    grounds=("wood", "grass", "concrete", "carpet"),
    elevation=(8.0, 25.0),
    azimuth=(20.0, 60.0),
    max_elevation=60.0,
    views=("above", "rear", "upside down", "low"),
    materials=("gold", "metal", "wood"),
)
def folding_chair(rng: Generator) -> list[Part]:
    """A crossed frame of tubes with a flat seat and back."""
    paint = choice(rng, (0.55, 0.55, 0.57), (0.9, 0.9, 0.9), (0.05, 0.05, 0.05), (0.35, 0.25, 0.15))
    metal = Material(paint, roughness=0.35, metallic=0.4)
    frame = []
    for x in (-0.8, 0.8):
        frame += [
            tube([(x, -0.85, 0), (x, 0.75, 2.9)], 0.06, 10),
            tube([(x * 0.9, 0.85, 0), (x * 0.9, -0.7, 1.35)], 0.06, 10),
        ]
    frame += [tube([(-w, y, z), (w, y, z)], 0.055, 8) for w, y, z in ((0.8, -0.6, 0.45), (0.72, 0.6, 0.3), (0.8, 0.75, 2.9))]
    seat = rounded_box(1.5, 1.5, 0.09, 0.04).moved(rotate=(X, -3), shift=(0, -0.05, 1.38))
    back = rounded_box(1.55, 0.07, 0.75, 0.03).moved(rotate=(X, -28), shift=(0, 0.55, 2.5))
    cover = metal if rng.random() < 0.6 else Material(vivid(rng), roughness=0.6)
    return [Part(join(frame), metal, main=True), Part(join([seat, back]), cover, main=True)]
