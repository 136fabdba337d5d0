"""A book in its jacket."""

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from ..geometry import X, Z, join, quad, rounded_box
from ..materials import Material, Part
from ..textures import choice, drawing, font, ink, vivid
from . import model

Array = NDArray[np.float64]
Ink = tuple[int, int, int]
PAPER = Material((0.93, 0.91, 0.85), roughness=0.9)
BLACK, WHITE = (15, 15, 15), (250, 250, 246)


TITLES = (("THE LAST", "HARBOUR"), ("NIGHT", "TRAIN"), ("A SHORT", "SUMMER"), ("THE GLASS", "GARDEN"), ("RIVER", "OF STONES"))
AUTHORS = ("ANNA MERTON", "J. R. HALE", "PETER LINDQVIST", "MARY OSWIN", "TOM CASTELL")


@model(
    "book jacket",
    metres=0.24,
    coco="book",
    synonyms=("book", "book cover", "dust jacket", "dust cover"),
    grounds=("wood", "wood", "white", "cloth"),
    elevation=(4.0, 24.0),
    azimuth=(-35.0, 35.0),
    distance=(0.8, 1.0),
    max_elevation=60.0,
    views=("low",),
)
def book(rng: Generator) -> list[Part]:
    """A hardcover that stands, in a printed jacket: title, picture, author, and the title again on its spine."""
    width, height, thick = 2.0, float(rng.uniform(2.8, 3.1)), float(rng.uniform(0.3, 0.55))
    ground = ink(vivid(rng))
    cover = [rounded_box(width, 0.04, height, 0.015, 3).moved(shift=(0, s * thick / 2, height / 2)) for s in (-1, 1)]
    spine = rounded_box(0.05, thick + 0.04, height, 0.02, 3).moved(shift=(-width / 2, 0, height / 2))
    pages = rounded_box(width - 0.12, thick - 0.02, height - 0.14, 0.01, 2).moved(shift=(-0.02, 0, height / 2))
    front = quad(width, height).moved(shift=(0, -thick / 2 - 0.022, height / 2))
    back = quad(thick, height).moved(rotate=(Z, -90), shift=(-width / 2 - 0.027, 0, height / 2))
    title, author = TITLES[rng.integers(len(TITLES))], AUTHORS[rng.integers(len(AUTHORS))]
    r, g, b = (c / 255 for c in ground)
    parts = [
        Part(join([*cover, spine]), Material((r, g, b), roughness=0.3, clearcoat=0.4), main=True),
        Part(front, Material(_jacket(rng, ground, title, author), roughness=0.25, clearcoat=0.5), main=True),
        Part(back, Material(_spine(ground, title), roughness=0.25, clearcoat=0.5), main=True),
        Part(pages, PAPER),
    ]
    return [Part(p.mesh.moved(rotate=(X, -8.0)), p.material, main=p.main) for p in parts]


def _jacket(rng: Generator, ground: Ink, title: tuple[str, str], author: str) -> Array:
    """The front of the jacket, [600, 400, 3]."""
    kind = choice(rng, "hills", "trees", "moon", "stripes")
    inks = [ink(vivid(rng)) for _ in range(3)]
    light = sum(ground) > 380
    letters: Ink = BLACK if light else choice(rng, WHITE, (250, 220, 60))
    xs = [int(x) for x in rng.integers(20, 380, 14)]

    def draw(d: ImageDraw.ImageDraw, image: Image.Image) -> None:
        d.rectangle((0, 0, 400, 600), fill=ground)
        if kind == "hills":
            d.ellipse((230, 230, 340, 340), fill=(250, 225, 120))
            for i, tone in enumerate(inks):
                d.ellipse((-220 + 130 * i, 360 + 45 * i, 320 + 130 * i, 900), fill=tone)
        elif kind == "trees":
            d.rectangle((0, 250, 400, 520), fill=inks[0])
            for x in xs:
                d.polygon([(x, 270), (x - 34, 520), (x + 34, 520)], fill=(20, 40 + x % 60, 30))
        elif kind == "moon":
            d.rectangle((0, 240, 400, 520), fill=(20, 25, 60))
            d.ellipse((130, 270, 270, 410), fill=(240, 235, 200))
            d.polygon([(150, 520), (165, 400), (200, 340), (235, 400), (250, 520)], fill=BLACK)
            d.ellipse((178, 300, 222, 346), fill=BLACK)
        else:
            for i in range(9):
                d.rectangle((0, 250 + 30 * i, 400, 264 + 30 * i), fill=inks[i % 3])
        d.text((200, 80), title[0], font=font(62), fill=letters, anchor="mm")
        d.text((200, 165), title[1], font=font(78 if len(title[1]) < 8 else 60), fill=letters, anchor="mm")
        d.rectangle((0, 520, 400, 600), fill=ground)
        d.text((200, 560), author, font=font(40), fill=letters, anchor="mm")

    return drawing(400, 600, draw)


def _spine(ground: Ink, title: tuple[str, str]) -> Array:
    letters = BLACK if sum(ground) > 380 else WHITE

    def draw(d: ImageDraw.ImageDraw, image: Image.Image) -> None:
        d.rectangle((0, 0, 600, 90), fill=ground)
        d.text((300, 45), " ".join(title), font=font(48), fill=letters, anchor="mm")

    return np.ascontiguousarray(np.rot90(drawing(600, 90, draw), -1))
