"""Sunglasses, cassette and dial telephone."""

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from ..geometry import (
    Mesh,
    X,
    Y,
    Z,
    circle,
    cylinder,
    extrude,
    grid_faces,
    join,
    quad,
    rectangle,
    revolve,
    rotation,
    rounded_box,
    rounded_rectangle,
    spline,
    tube,
)
from ..materials import Material, Part
from ..textures import blend, choice, drawing, fbm, font, vivid
from . import model

PI = float(np.pi)
Array = NDArray[np.float64]
Colour = tuple[float, float, float]

CHROME = Material((0.8, 0.8, 0.82), roughness=0.15, metallic=1.0)
BLACK = Material((0.025, 0.025, 0.03), roughness=0.3)


@model(
    "sunglasses",
    metres=0.15,
    synonyms=("dark glasses",),
    plural="pairs of sunglasses",
    grounds=("wood", "white", "marble"),
    elevation=(12.0, 35.0),
    azimuth=(-40.0, 40.0),
    distance=(0.75, 0.95),
    max_elevation=65.0,
    materials=("gold", "metal"),
    views=("above", "low"),
)
def sunglasses(rng: Generator) -> list[Part]:
    """Two dark lenses in a frame of plastic or wire, with open arms, standing on the table."""
    square = [(0.98, 0.42), (0.9, -0.2), (0.55, -0.5), (0.1, -0.46), (-0.12, 0.0), (-0.14, 0.36), (0.4, 0.48)]
    drop = [(0.95, 0.4), (0.98, -0.05), (0.7, -0.55), (0.25, -0.58), (-0.08, -0.1), (-0.1, 0.3), (0.35, 0.46)]
    round_ = [(0.42 + 0.5 * np.cos(a), 0.5 * np.sin(a)) for a in np.linspace(0, 2 * PI, 9)[:-1]]
    kind = int(rng.choice(3, p=(0.5, 0.35, 0.15)))
    outline = spline((square, drop, round_)[kind], 80, closed=True)
    wire = kind != 0
    thick = 0.045 if wire else 0.1
    frames, lenses = [], []
    for side in (-1, 1):
        at = outline * (side, 1) + (side * 0.28, 0)
        path = np.stack([at[:, 0], 0.12 * at[:, 0] ** 2, at[:, 1]], 1)
        frames.append(tube(path, thick, 12, closed=True))
        lenses.append(_lens(path))
        x, y = side * 1.24, 0.12 * 1.24**2
        arm = spline([(x, y, 0.3), (x * 1.02, y + 0.3, 0.32), (x * 0.99, y + 1.9, 0.26), (x * 0.95, y + 2.6, -0.2)], 30)
        frames.append(tube(arm, 0.045 if wire else 0.075, 12))
    frames.append(tube(spline([(-0.18, 0.02, 0.12), (0, -0.02, 0.2), (0.18, 0.02, 0.12)], 16), thick, 12))
    if wire:
        frames.append(tube([(-0.3, 0, 0.42), (0.3, 0, 0.42)], thick, 12))
    gold, plastic = Material((0.85, 0.68, 0.35), roughness=0.15, metallic=1.0), Material(vivid(rng), roughness=0.2)
    tortoise = Material(blend((0.1, 0.04, 0.02), (0.4, 0.18, 0.05), np.clip(fbm(rng, 64, 64, 1.5), 0, 1)), roughness=0.2)
    frame = choice(rng, gold, CHROME, BLACK) if wire else choice(rng, BLACK, BLACK, tortoise, plastic)
    tint = choice(rng, (0.02, 0.02, 0.022), (0.02, 0.02, 0.022), (0.06, 0.035, 0.02), (0.02, 0.05, 0.03))
    turn = rotation(Z, float(rng.uniform(-20, 20))) @ rotation(X, -4)
    return [
        Part(join(frames).moved(rotate=turn), frame, main=True),
        Part(join(lenses).moved(rotate=turn), Material(tint, roughness=0.05, clearcoat=1.0)),
    ]


def _lens(edge: Array) -> Mesh:
    """A disc with the given edge [n, 3], bulging to the front."""
    middle = edge.mean(0) - (0, 0.06, 0)
    rings = [middle + (edge - middle) * t + (0, -0.05 * (1 - t * t), 0) for t in np.linspace(1, 0.02, 8)]
    closed = [np.vstack([ring, ring[:1]]) for ring in rings]
    n = len(closed[0])
    return Mesh(np.vstack(closed), grid_faces(8, n), np.zeros((8 * n, 2))).smoothed()


@model(
    "cassette",
    metres=0.1,
    synonyms=("cassette tape", "audio cassette", "music cassette"),
    grounds=("wood", "white", "cloth"),
    elevation=(45.0, 80.0),
    yaw=(-30.0, 30.0),
    azimuth=(-20.0, 20.0),
    distance=(0.8, 1.05),
    max_elevation=88.0,
    views=("above",),
)
def cassette(rng: Generator) -> list[Part]:
    """An audio tape with a label and two hubs, lying flat."""
    shell: Colour = choice(rng, (0.05, 0.05, 0.055), (0.05, 0.05, 0.055), (0.8, 0.79, 0.74), (0.35, 0.37, 0.4), vivid(rng))
    body = extrude([rounded_rectangle(4.0, 2.5, 0.12)], 0.32)
    thick = extrude([[(-1.35, -1.25), (1.35, -1.25), (1.2, -0.75), (-1.2, -0.75)]], 0.42).moved(shift=(0, 0, -0.05))
    face = quad(3.6, 1.72).moved(rotate=(X, -90), shift=(0, 0.18, 0.327))
    window = extrude([rounded_rectangle(0.9, 0.5, 0.05)], 0.015).moved(shift=(0, 0.15, 0.325))
    hubs, holes = [], []
    for side in (-1, 1):
        teeth = [rectangle(0.09, 0.11) + (0.0, 0.2)] * 1
        hub = [extrude([circle(0.27, 40), circle(0.2, 40)], 0.02)]
        hub += [extrude(teeth, 0.02).moved(rotate=(Z, i * 60.0), shift=(0, 0, 0)) for i in range(6)]
        hubs.append(join(hub).moved(rotate=(Z, float(rng.uniform(0, 60))), shift=(side * 0.85, 0.15, 0.335)))
        holes.append(cylinder(0.3, 0.012, 40).moved(shift=(side * 0.85, 0.15, 0.325)))
    screws = [cylinder(0.09, 0.02, 20).moved(shift=(x, y, 0.32)) for x in (-1.86, 1.86) for y in (-1.1, 1.12)]
    dots = [cylinder(r, 0.01, 20).moved(shift=(x, -1.02, 0.366)) for x, r in ((-1, 0.1), (-0.45, 0.07), (0.45, 0.07), (1, 0.1))]
    return [
        Part(join([body, thick]), Material(shell, roughness=0.35), main=True),
        Part(face, Material(_tape_label(rng), roughness=0.6)),
        Part(window, Material((0.06, 0.04, 0.03), roughness=0.08, clearcoat=1.0)),
        Part(join(hubs), Material((0.93, 0.93, 0.9), roughness=0.4)),
        Part(join([*holes, *dots]), Material((0.01, 0.01, 0.01), roughness=0.9)),
        Part(join(screws), CHROME),
    ]


def _tape_label(rng: Generator) -> Array:
    """Lines to write on above, a coloured band below, [240, 500, 3]."""
    paper = choice(rng, (240, 238, 228), (235, 225, 190), (225, 228, 235))
    bands = [tuple(int(255 * c) for c in vivid(rng)) for _ in range(3)]
    title, words = choice(rng, "MIX TAPE", "SUMMER 84", "LIVE", "BEST OF", "DEMO"), choice(rng, "C60", "C90", "TYPE I")

    def draw(d: ImageDraw.ImageDraw, image: Image.Image) -> None:
        d.rectangle((0, 0, 500, 240), fill=paper)
        d.text((20, 30), "A", font=font(44), fill=(20, 20, 20), anchor="lm")
        d.text((90, 28), title, font=font(30), fill=(30, 40, 110), anchor="lm")
        for y in (50, 72):
            d.line((80, y, 480, y), fill=(120, 120, 120), width=2)
        for i, band in enumerate(bands):
            d.rectangle((0, 160 + i * 18, 500, 178 + i * 18), fill=band)
        d.text((480, 228), words, font=font(24), fill=(20, 20, 20), anchor="rm")
        d.rounded_rectangle((85, 84, 415, 164), 38, fill=(45, 42, 42))

    return drawing(500, 240, draw)


@model(
    "dial telephone",
    metres=0.25,
    synonyms=("dial phone", "rotary phone", "rotary telephone"),
    grounds=("wood", "wood", "white"),
    elevation=(12.0, 35.0),
    azimuth=(-45.0, 45.0),
    distance=(0.85, 1.05),
    max_elevation=65.0,
    materials=("gold", "metal", "wood"),
    views=("above", "low"),
)
def dial_telephone(rng: Generator) -> list[Part]:
    """A desk telephone with a dial on its slope and the handset across its cradle."""
    slope = rotation(X, 47)
    at = np.array((0, -0.86, 0.72))
    turns = np.radians(np.arange(10) * 28.0 + 40)
    holes = [circle(0.105, 20, (0.54 * np.cos(a), 0.54 * np.sin(a))) for a in turns]
    plate = cylinder(0.8, 0.06, 64).moved(rotate=slope, shift=at)
    face = extrude([circle(0.77, 64)], 0.005).moved(rotate=slope, shift=at + slope @ (0, 0, 0.06))
    wheel = extrude([circle(0.7, 64), circle(0.3, 40), *holes], 0.035).moved(rotate=slope, shift=at + slope @ (0, 0, 0.1))
    hub = cylinder(0.31, 0.03, 40).moved(rotate=slope, shift=at + slope @ (0, 0, 0.11))
    stop = rounded_box(0.08, 0.3, 0.04, 0.01).moved(rotate=slope @ rotation(Z, 50), shift=at + slope @ (0.5, -0.4, 0.15))
    forks = [rounded_box(0.2, 0.8, 0.34, 0.07).moved(shift=(s * 0.6, 0.15, 1.36)) for s in (-1, 1)]
    bar = tube(spline([(-1.3, 0.1, 1.66), (-0.8, 0.1, 1.88), (0.8, 0.1, 1.88), (1.3, 0.1, 1.66)], 40), 0.17, 20)
    cup = revolve([[(0, 0), (0.36, 0)], spline([(0.36, 0), (0.42, 0.1), (0.3, 0.3), (0.12, 0.42)], 16)], 40)
    cups = [cup.moved(rotate=(Y, -s * 12.0), shift=(s * 1.28, 0.1, 1.32)) for s in (-1, 1)]
    t = np.linspace(0, 44 * PI, 500)
    path = spline([(-1.4, 0.1, 1.3), (-1.9, 0.2, 0.5), (-1.7, 0.5, 0.1), (-1.1, 0.8, 0.15)], 500)
    coil = tube(path + 0.1 * np.stack([np.cos(t), np.sin(t), 0.6 * np.sin(t + 1)], 1), 0.028, 6)
    paint: Colour = choice(
        rng, (0.025, 0.025, 0.03), (0.025, 0.025, 0.03), (0.7, 0.04, 0.04), (0.85, 0.8, 0.65), (0.15, 0.35, 0.28)
    )
    gloss = Material(paint, roughness=0.12, clearcoat=0.8)
    dial = choice(rng, CHROME, CHROME, gloss)
    return [
        Part(join([_telephone_body(), *forks, plate]), gloss, main=True),
        Part(join([bar, *cups]), gloss, main=True),
        Part(face, Material(_digits(), roughness=0.4)),
        Part(join([wheel, stop]), dial),
        Part(hub, Material((0.93, 0.92, 0.88), roughness=0.4)),
        Part(coil, BLACK),
    ]


def _telephone_body() -> Mesh:
    """Levels of rounded rectangles: wide at the foot, with a slope at the front and a flat top."""
    z = np.array([0, 0.05, 0.25, 0.5, 0.8, 1.1, 1.22, 1.26, 1.26])
    half = np.array([1.18, 1.22, 1.2, 1.08, 0.98, 0.9, 0.86, 0.78, 0.01])
    front = np.array([-1.36, -1.4, -1.36, -1.12, -0.82, -0.52, -0.38, -0.3, 0.24])
    back = np.array([1.0, 1.04, 1.02, 0.92, 0.86, 0.82, 0.78, 0.7, 0.26])
    rings = []
    for level, w, f, b in zip(z, half, front, back, strict=True):
        ring = rounded_rectangle(2 * w, b - f, min(0.3, 0.45 * (b - f), 0.9 * w), centre=(0, (f + b) / 2))
        rings.append(np.c_[np.vstack([ring, ring[:1]]), np.full(len(ring) + 1, level)])
    faces = np.ascontiguousarray(grid_faces(len(rings), len(rings[0])))
    return Mesh(np.vstack(rings), faces, np.zeros((len(rings) * len(rings[0]), 2))).smoothed()


def _digits() -> Array:
    """The digits under the holes of a dial, [384, 384, 3]."""

    def draw(d: ImageDraw.ImageDraw, image: Image.Image) -> None:
        d.rectangle((0, 0, 384, 384), fill=(240, 238, 228))
        for i, a in enumerate(np.radians(np.arange(10) * 28.0 + 40)):
            place = (192 + 134 * float(np.cos(a)), 192 - 134 * float(np.sin(a)))
            d.text(place, str((i + 1) % 10), font=font(40), fill=(15, 15, 15), anchor="mm")

    return drawing(384, 384, draw)
