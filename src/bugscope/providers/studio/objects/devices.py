"""Keyboard, laptop ("notebook"), monitor, remote control, loudspeaker, mouse and music player ("iPod")."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from ..finishes import STEEL
from ..geometry import (
    Mesh,
    X,
    Y,
    box,
    circle,
    extrude,
    join,
    quad,
    rectangle,
    revolve,
    rounded_box,
    rounded_cylinder,
    sphere,
    spline,
    torus,
    tube,
)
from ..materials import Material, Part
from ..textures import blend, choice, drawing, fbm, font, smoothstep, vivid, wood
from . import model

Colour = tuple[float, float, float]
Array = NDArray[np.float64]

BLACK = Material((0.035, 0.035, 0.04), roughness=0.55)
DARK_GLASS = Material((0.02, 0.02, 0.02), roughness=0.1)


# --- keys, for keyboard and laptop --------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Key:
    """Centre and width in key units (the pitch of the letters); y grows away from the user."""

    legend: str
    x: float
    y: float
    width: float = 1.0


def _row(y: float, left: float, letters: str, right: float) -> list[_Key]:
    """A row of the main block: a wide key, the letters, a wide key; 15 units in all."""
    keys = [_Key("", left / 2, y, left)] if left else []
    keys += [_Key(letter, left + i + 0.5, y) for i, letter in enumerate(letters)]
    return [*keys, _Key("", 15 - right / 2, y, right)]


def _main_block() -> list[_Key]:
    """Letters, space bar and function keys: x from 0 to 15, y from 0 to 6.25."""
    keys = _row(4.5, 0, "`1234567890-=", 2) + _row(3.5, 1.5, "QWERTYUIOP[]", 1.5)
    keys += _row(2.5, 1.75, "ASDFGHJKL;'", 2.25) + _row(1.5, 2.25, "ZXCVBNM,./", 2.75)
    keys += [_Key("", x, 0.5, 1.25) for x in (0.625, 1.875, 3.125, 10.625, 11.875, 13.125, 14.375)]
    keys.append(_Key("", 6.875, 0.5, 6.25))
    functions = [0.5, *np.arange(2.5, 6), *np.arange(7, 11), *np.arange(11.5, 15)]
    return keys + [_Key("", float(x), 5.75) for x in functions]


def _number_pad(left: float) -> list[_Key]:
    """Four columns to the right of the main block."""
    rows = ((4.5, "`/*-"), (3.5, "789+"), (2.5, "456+"), (1.5, "123="), (0.5, "0.,="))
    return [_Key(legend, left + i + 0.5, y) for y, legends in rows for i, legend in enumerate(legends)]


def _caps(keys: Sequence[_Key], height: float) -> Mesh:
    """The key caps, tops at z = height, in key units."""
    shapes = {width: rounded_box(width - 0.13, 0.87, height, 0.1, 2) for width in {key.width for key in keys}}
    return join([shapes[key.width].moved(shift=(key.x, key.y, height / 2)) for key in keys])


LEGENDS = "`1234567890-=QWERTYUIOP[]ASDFGHJKL;'ZXCVBNM,./*+"
ATLAS = 8
"""Legends a side of their common picture."""


def _legends(keys: Sequence[_Key], height: float) -> Mesh:
    """A small square on each lettered key that shows its place in the picture of `_atlas`."""
    lettered = [key for key in keys if key.legend]
    corners = np.array([(0, 0), (1, 0), (1, 1), (0, 1)], float)
    vertices, uv = [], []
    for key in lettered:
        row, column = divmod(LEGENDS.index(key.legend), ATLAS)
        vertices.append(np.c_[(corners - 0.5) * 0.62 + (key.x, key.y), np.full(4, height + 0.01)])
        uv.append(np.c_[column + corners[:, 0], row + 1 - corners[:, 1]] / ATLAS)
    first = 4 * np.arange(len(lettered))[:, None]
    faces = np.vstack([first + (0, 1, 2), first + (0, 2, 3)]).astype(np.int32)
    up = np.tile((0.0, 0.0, 1.0), (4 * len(lettered), 1))
    return Mesh(np.vstack(vertices), faces, np.vstack(uv), up)


@cache
def _atlas() -> Array:
    """All legends, 1 on 0, [384, 384]: where the ink is."""
    cell = 48

    def draw(d: ImageDraw.ImageDraw, image: Image.Image) -> None:
        for i, legend in enumerate(LEGENDS):
            centre = (i % ATLAS * cell + cell / 2, i // ATLAS * cell + cell / 2)
            d.text(centre, legend, fill=(255, 255, 255), font=font(34), anchor="mm")

    return drawing(384, 384, draw)[..., 0]


def _keys(keys: Sequence[_Key], dark: bool, height: float) -> list[Part]:
    """Caps and legends in key units, standing on z = 0."""
    colour: Colour = (0.06, 0.06, 0.065) if dark else (0.9, 0.9, 0.88)
    ink: Colour = (0.9, 0.9, 0.9) if dark else (0.12, 0.12, 0.12)
    return [
        Part(_caps(keys, height), Material(colour, roughness=0.45), main=True),
        Part(_legends(keys, height), Material(ink, roughness=0.45, opacity=_atlas())),
    ]


@model(
    "computer keyboard",
    metres=0.44,
    coco="keyboard",
    synonyms=("keyboard",),
    grounds=("wood", "white", "wood"),
    elevation=(25.0, 60.0),
    azimuth=(-40.0, 40.0),
    distance=(0.85, 1.1),
    max_elevation=85.0,
    materials=("gold", "metal", "wood"),
    views=("above", "rear"),
)
def computer_keyboard(rng: Generator) -> list[Part]:
    """A desktop keyboard, dark or light, with or without number pad."""
    dark = rng.random() < 0.55
    keys, width = _main_block(), 15.0
    if rng.random() < 0.6:
        keys, width = keys + _number_pad(15.4), 19.4
    case: Colour = (0.08, 0.08, 0.085) if dark else (0.72, 0.72, 0.7)
    tray = rounded_box(width + 0.7, 7.2, 0.7, 0.2).moved(shift=(width / 2, 3.2, -0.3))
    return [Part(tray, Material(case, roughness=0.5)), *_keys(keys, dark, height=0.55)]


# --- screens ------------------------------------------------------------------------------------------------------

SCREEN_WIDTH, SCREEN_HEIGHT = 480, 300
"""Pixels of the picture on a screen."""


def _screen(rng: Generator) -> Material:
    """What a screen shows: a desktop with a window, a web page, or a landscape wallpaper."""
    picture = choice(rng, _desktop, _desktop, _web_page, _wallpaper, _wallpaper)(rng)
    return Material(picture, roughness=0.12)


def _desktop(rng: Generator) -> Array:
    """A wallpaper with icons, a window of text and a task bar."""
    wallpaper = Image.fromarray((255 * _wallpaper(rng)).astype(np.uint8)).resize((SCREEN_WIDTH, SCREEN_HEIGHT))
    icons, lines = [_rgb(rng, 80) for _ in range(5)], rng.uniform(80, 200, 8)
    left, top = (int(v) for v in rng.integers((90, 30), (210, 80)))

    def draw(d: ImageDraw.ImageDraw, image: Image.Image) -> None:
        image.paste(wallpaper)
        for i, icon in enumerate(icons):
            d.rectangle((15, 15 + i * 45, 39, 39 + i * 45), fill=icon)
        d.rectangle((left, top, left + 240, top + 170), fill=(240, 240, 240))
        d.rectangle((left, top, left + 240, top + 18), fill=(60, 110, 190))
        _draw_lines(d, lines, left + 12, top + 34, step=17)
        d.rectangle((0, SCREEN_HEIGHT - 20, SCREEN_WIDTH, SCREEN_HEIGHT), fill=(20, 30, 60))

    return drawing(SCREEN_WIDTH, SCREEN_HEIGHT, draw)


def _web_page(rng: Generator) -> Array:
    """A dark title bar, a photograph across the page, pictures and text on white."""
    photograph = Image.fromarray((255 * _wallpaper(rng)).astype(np.uint8)).resize((SCREEN_WIDTH, 130))
    lines, pictures = rng.uniform(110, 280, 6), [_rgb(rng, 60) for _ in range(2)]

    def draw(d: ImageDraw.ImageDraw, image: Image.Image) -> None:
        d.rectangle((0, 0, SCREEN_WIDTH, SCREEN_HEIGHT), fill=(250, 250, 250))
        d.rectangle((0, 0, SCREEN_WIDTH, 24), fill=(40, 45, 60))
        image.paste(photograph, (0, 24))
        _draw_lines(d, lines, left=15, top=174, step=20)
        for i, picture in enumerate(pictures):
            d.rectangle((338, 167 + i * 62, 465, 219 + i * 62), fill=picture)

    return drawing(SCREEN_WIDTH, SCREEN_HEIGHT, draw)


def _rgb(rng: Generator, low: int) -> tuple[int, int, int]:
    """A random colour in bytes."""
    red, green, blue = (int(c) for c in rng.integers(low, 240, 3))
    return red, green, blue


def _draw_lines(d: ImageDraw.ImageDraw, widths: Array, left: int, top: int, step: int) -> None:
    """Lines of text, as grey strokes of the given widths."""
    for i, width in enumerate(widths):
        y = top + i * step
        d.line((left, y, left + float(width), y), fill=(80, 80, 80), width=4)


def _wallpaper(rng: Generator) -> Array:
    """A sky over hills."""
    height, width = SCREEN_HEIGHT // 2, SCREEN_WIDTH // 2
    down = np.linspace(0, 1, height)[:, None] * np.ones((1, width))
    sky = blend((0.25, 0.5, 0.9), (0.8, 0.9, 1.0), down * 1.4)
    clouds = smoothstep(0.4, 1.6, fbm(rng, height, width, 1.8))
    picture = blend(sky, (0.97, 0.97, 0.97), clouds)
    for depth, green in ((0.55, (0.35, 0.55, 0.3)), (0.7, (0.2, 0.45, 0.12))):
        phase, waves = rng.uniform(0, 2 * np.pi), rng.uniform(3, 8)
        ridge = depth + 0.08 * np.sin(np.linspace(0, waves, width) + phase)
        picture = blend(picture, green, smoothstep(0.0, 0.02, down - ridge))
    return np.clip(picture, 0, 1)


# --- laptop -------------------------------------------------------------------------------------------------------


@model(
    "notebook",
    metres=0.35,
    coco="laptop",
    synonyms=("laptop", "laptop computer", "notebook computer"),
    grounds=("wood", "wood", "white"),
    elevation=(12.0, 35.0),
    azimuth=(-40.0, 40.0),
    max_elevation=65.0,
    materials=("gold", "metal", "wood"),
    views=("above", "low"),
)
def laptop(rng: Generator) -> list[Part]:
    """An open laptop with the screen on."""
    width, depth, thick = 3.2, 2.1, 0.12
    colour: Colour = choice(rng, (0.05, 0.05, 0.06), (0.72, 0.73, 0.75), (0.72, 0.73, 0.75), (0.9, 0.9, 0.9))
    dark_keys = colour[0] < 0.8 or rng.random() < 0.3
    shell = Material(colour, roughness=0.35, metallic=0.3)
    pitch = 0.92 * width / 15
    keys = [
        Part(part.mesh.moved(scale=pitch, shift=(-0.46 * width, -0.28, thick / 2)), part.material)
        for part in _keys(_main_block(), dark_keys, height=0.2)
    ]
    pad = rounded_box(0.9, 0.55, 0.02, 0.01).moved(shift=(0, -0.65, thick / 2))
    red, green, blue = np.clip(np.array(colour) * 0.8, 0, 1)
    body = rounded_box(width, depth, thick, 0.05)
    lid, bezel, screen = _laptop_lid(width, depth, lean=rng.uniform(5, 25))
    hinge = (0.0, depth / 2, thick / 2)
    return [
        Part(join([body, lid.moved(shift=hinge)]), shell, main=True),
        *keys,
        Part(pad, Material((float(red), float(green), float(blue)), roughness=0.4)),
        Part(bezel.moved(shift=hinge), DARK_GLASS),
        Part(screen.moved(shift=hinge), _screen(rng)),
    ]


def _laptop_lid(width: float, depth: float, lean: float) -> tuple[Mesh, Mesh, Mesh]:
    """Lid, bezel and screen, hinged at the origin and leaning back by `lean` degrees."""
    lid = rounded_box(width, 0.08, depth, 0.04)
    bezel = quad(0.96 * width, 0.94 * depth).moved(shift=(0, -0.044, 0))
    screen = quad(0.9 * width, 0.84 * depth).moved(shift=(0, -0.05, 0.03))
    raised = [mesh.moved(shift=(0, 0, depth / 2)).moved(rotate=(X, -lean)) for mesh in (lid, bezel, screen)]
    return raised[0], raised[1], raised[2]


# --- monitor ------------------------------------------------------------------------------------------------------


@model(
    "monitor",
    metres=0.55,
    coco="tv",
    synonyms=("computer monitor", "computer screen", "display"),
    grounds=("wood", "white", "wood"),
    elevation=(3.0, 14.0),
    azimuth=(-35.0, 35.0),
    distance=(0.95, 1.2),
    max_elevation=40.0,
    views=("above", "upside down", "low"),
)
def monitor(rng: Generator) -> list[Part]:
    """A flat computer screen on its stand."""
    colour: Colour = choice(rng, (0.03, 0.03, 0.03), (0.03, 0.03, 0.03), (0.12, 0.12, 0.13))
    plastic = Material(colour, roughness=0.3)
    centre = 1.6
    case = rounded_box(3.2, 0.15, 2.0, 0.04).moved(shift=(0, 0, centre))
    neck = box(0.4, 0.15, 0.9).moved(shift=(0, 0.15, 0.5))
    foot = rounded_box(1.3, 0.8, 0.06, 0.02)
    screen = quad(3.04, 1.82).moved(shift=(0, -0.085, centre + 0.02))
    return [Part(join([case, neck, foot]), plastic, main=True), Part(screen, _screen(rng))]


# --- remote control -----------------------------------------------------------------------------------------------


@model(
    "remote control",
    metres=0.18,
    coco="remote",
    synonyms=("tv remote", "remote"),
    grounds=("wood", "carpet", "cloth"),
    elevation=(25.0, 65.0),
    yaw=(-60.0, 60.0),
    max_elevation=88.0,
    materials=("gold", "metal", "wood"),
    views=("above", "rear"),
)
def remote_control(rng: Generator) -> list[Part]:
    """A long slab with rows of buttons, a power button and a ring of arrows."""
    colour: Colour = choice(rng, (0.05, 0.05, 0.06), (0.05, 0.05, 0.06), (0.6, 0.6, 0.62), (0.9, 0.9, 0.9))
    light: Colour = choice(rng, (0.75, 0.75, 0.75), (0.3, 0.3, 0.32), (0.9, 0.9, 0.9))
    button = light if colour[0] < 0.3 else (0.15, 0.15, 0.15)
    small = rounded_box(0.2, 0.18, 0.1, 0.04, 3)
    places = [(x, 0.9 - row * 0.3, 0.19) for row in range(6) for x in (-0.29, 0.0, 0.29)]
    buttons = [small.moved(shift=place) for place in places]
    buttons.append(torus(0.24, 0.07, 32, 12).moved(shift=(0, -1.15, 0.17)))
    buttons.append(rounded_cylinder(0.1, 0.08, 0.02).moved(shift=(0, -1.15, 0.16)))
    power = rounded_cylinder(0.1, 0.08, 0.02).moved(shift=(-0.28, 1.45, 0.16))
    return [
        Part(rounded_box(1.0, 3.6, 0.35, 0.14), Material(colour, roughness=0.35), main=True),
        Part(join(buttons), Material(button, roughness=0.3)),
        Part(power, Material((0.8, 0.06, 0.05), roughness=0.3)),
        *_coloured_buttons(rng, button),
    ]


def _coloured_buttons(rng: Generator, plain: Colour) -> list[Part]:
    """Four extra buttons, some of them green, yellow or blue."""
    cap = rounded_box(0.2, 0.14, 0.08, 0.03, 3)
    parts = []
    for x, y in ((-0.3, -0.65), (0.3, -0.65), (0.28, 1.45), (0.0, 1.45)):
        colour: Colour = choice(rng, (0.1, 0.5, 0.2), (0.8, 0.7, 0.1), (0.1, 0.2, 0.7), plain)
        parts.append(Part(cap.moved(shift=(x, y, 0.18)), Material(colour, roughness=0.3)))
    return parts


# --- loudspeaker --------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Driver:
    """A loudspeaker's driver: radius of the cone and height of its centre."""

    radius: float
    z: float


@model(
    "loudspeaker",
    metres=0.4,
    synonyms=("speaker", "speaker box"),
    grounds=("wood", "carpet", "white"),
    elevation=(2.0, 18.0),
    azimuth=(-35.0, 35.0),
    max_elevation=45.0,
    materials=("gold", "metal", "wood"),
    views=("above", "upside down", "low"),
)
def loudspeaker(rng: Generator) -> list[Part]:
    """A box with a woofer and a tweeter, the taller ones with a third driver between."""
    height = rng.uniform(2.8, 3.6)
    black = Material((0.05, 0.05, 0.05), roughness=0.4)
    cabinet = choice(rng, black, black, Material(wood(rng, 256, 256), roughness=0.5))
    cone = choice(rng, BLACK, BLACK, Material((0.75, 0.72, 0.6)), Material((0.7, 0.6, 0.15)))
    woofer = _Driver(0.68, 0.95)
    others = [_Driver(0.32, height - 0.65)]
    if height > 3.2:
        others.append(_Driver(0.3, height / 2 + 0.2))
    return [
        Part(_cabinet(height, [woofer, *others]), cabinet, main=True),
        Part(_cone(woofer), cone),
        Part(join([_cone(driver) for driver in others]), BLACK),
        Part(join([_surround(driver) for driver in (woofer, *others)]), choice(rng, STEEL, BLACK)),
    ]


BAFFLE_FRONT = -0.82
"""y of the front of the loudspeaker."""


def _cabinet(height: float, drivers: Sequence[_Driver]) -> Mesh:
    """A box whose front board has round holes for the drivers."""
    body = rounded_box(1.8, 1.3, height, 0.05).moved(shift=(0, 0.18, height / 2))
    holes = [circle(driver.radius * 1.1, 48, (0.0, driver.z)) for driver in drivers]
    board = extrude([rectangle(1.8, height, (0.0, height / 2)), *holes], 0.4)
    return join([body, board.moved(rotate=(X, 90), shift=(0, BAFFLE_FRONT + 0.4, 0))])


def _cone(driver: _Driver) -> Mesh:
    """Rubber edge, cone and dust cap, sunk into the front board."""
    r = driver.radius
    edge = spline([(r, 0.02), (r * 0.92, 0.08), (r * 0.82, 0.0)], 12)
    dust_cap = spline([(r * 0.3, -0.22), (r * 0.2, -0.12), (0, -0.08)], 10)
    profile = [np.array([(r * 1.1, 0.02), (r, 0.02)]), edge, np.array([(r * 0.82, 0), (r * 0.3, -0.22)]), dust_cap]
    return revolve(profile, 64).moved(rotate=(X, 90), shift=(0, BAFFLE_FRONT, driver.z))


def _surround(driver: _Driver) -> Mesh:
    """The ring that holds the driver."""
    return torus(driver.radius * 1.12, 0.04, 48, 10).moved(rotate=(X, 90), shift=(0, BAFFLE_FRONT, driver.z))


# --- mouse --------------------------------------------------------------------------------------------------------


@model(
    "mouse",
    metres=0.11,
    coco="mouse",
    plural="computer mice",
    synonyms=("computer mouse",),
    grounds=("wood", "white", "wood"),
    elevation=(28.0, 55.0),
    azimuth=(-45.0, 45.0),
    distance=(0.95, 1.15),
    max_elevation=80.0,
    materials=("gold", "metal", "wood"),
    views=("above", "rear"),
)
def computer_mouse(rng: Generator) -> list[Part]:
    """A two-button mouse with a wheel, its cable running away from the user."""
    colour: Colour = choice(rng, (0.05, 0.05, 0.055), (0.9, 0.9, 0.89), (0.4, 0.4, 0.42))
    wheel = rounded_cylinder(0.17, 0.12, 0.03).moved(rotate=(Y, 90), shift=(-0.06, 0.72, 0.4))
    parts = [
        Part(_mouse_shell(), Material(_mouse_seams(colour), roughness=0.3, clearcoat=0.3), main=True),
        Part(wheel, Material((0.15, 0.15, 0.15), roughness=0.5)),
    ]
    if rng.random() < 0.85:
        cable = spline([(0, 1.2, 0.1), (0, 1.7, 0.05), (-0.4, 2.1, 0.05), (-0.2, 2.6, 0.05)], 40)
        parts.append(Part(tube(cable, 0.05, 8), Material(colour, roughness=0.4)))
    return parts


def _mouse_shell() -> Mesh:
    """A blunt egg with a plane underside, higher at the palm than at the buttons."""
    shell = sphere(1.0, 96, 48)
    x, y, z = shell.vertices.T
    around = np.arctan2(y, x)
    blunt = (np.abs(np.cos(around)) ** 2.6 + np.abs(np.sin(around)) ** 2.6) ** (-1 / 2.6)
    z = np.where(z < 0, 0.15 * z, z) * 0.62
    shell.vertices = np.c_[0.72 * x * blunt, 1.2 * y * blunt, z * (1 - 0.12 * y)]
    return shell.smoothed()


def _mouse_seams(colour: Colour) -> Array:
    """Seams between the two buttons and behind them, [256, 512, 3]; u runs around, v from top to bottom."""
    u = (np.arange(512) + 0.5)[None, :] / 512
    v = (np.arange(256) + 0.5)[:, None] / 256
    x, y = np.sin(np.pi * v) * np.cos(2 * np.pi * u), np.sin(np.pi * v) * np.sin(2 * np.pi * u)
    top = np.broadcast_to(v < 0.5, x.shape)
    seam = top & (((np.abs(x) < 0.022) & (y > 0)) | (np.abs(y - 0.05) < 0.014))
    image = np.ones((256, 512, 3)) * colour
    image[seam] = 0.02 if sum(colour) > 1 else 0.3
    return image


# --- music player -------------------------------------------------------------------------------------------------


@model(
    "iPod",
    metres=0.1,
    synonyms=("ipod", "music player", "mp3 player"),
    grounds=("wood", "white", "cloth"),
    elevation=(25.0, 75.0),
    yaw=(-40.0, 40.0),
    max_elevation=88.0,
    materials=("gold", "metal", "wood"),
    views=("above", "rear"),
)
def music_player(rng: Generator) -> list[Part]:
    """A slab with a small screen above a click wheel, lying on its back; some with the cable of the earphones."""
    colour: Colour = choice(rng, (0.94, 0.94, 0.94), (0.94, 0.94, 0.94), (0.05, 0.05, 0.05), vivid(rng))
    wheel: Colour = (0.75, 0.75, 0.75) if min(colour[:2]) > 0.5 else (0.93, 0.93, 0.93)
    body = rounded_box(1.7, 2.9, 0.16, 0.12).moved(shift=(0, 0, 0.08))
    screen = quad(1.35, 1.05).moved(rotate=(X, -90), shift=(0, 0.72, 0.17))
    click_wheel = extrude([circle(0.58, 64), circle(0.2, 32)], 0.02).moved(shift=(0, -0.62, 0.15))
    parts = [
        Part(body, Material(colour, roughness=0.2, clearcoat=0.5), main=True),
        Part(screen, _screen(rng)),
        Part(click_wheel, Material(_click_wheel_print(wheel), roughness=0.3)),
    ]
    if rng.random() < 0.4:
        cable = spline([(0, 1.4, 0.1), (0.3, 2.0, 0.05), (1.3, 1.6, 0.05), (1.5, -0.5, 0.05), (1.0, -1.4, 0.08)], 60)
        parts.append(Part(tube(cable, 0.025, 6), Material((0.93, 0.93, 0.93))))
    return parts


def _click_wheel_print(colour: Colour) -> Array:
    """The ring's "MENU" and its three arrows, [192, 192, 3]."""
    red, green, blue = (int(255 * channel) for channel in colour)
    ink = (110, 110, 115)

    def draw(d: ImageDraw.ImageDraw, image: Image.Image) -> None:
        d.rectangle((0, 0, 192, 192), fill=(red, green, blue))
        d.text((96, 30), "MENU", fill=ink, font=font(22), anchor="mm")
        for x, side in ((34, -1), (158, 1)):
            d.polygon([(x - 7 * side, 88), (x - 7 * side, 104), (x + 9 * side, 96)], fill=ink)
        d.polygon([(86, 154), (86, 170), (98, 162)], fill=ink)
        d.rectangle((102, 154, 105, 170), fill=ink)

    return drawing(192, 192, draw)
