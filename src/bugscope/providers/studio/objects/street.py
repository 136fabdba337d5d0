"""Things of streets and gardens: signs, benches, mailboxes, fences, manhole covers, obelisks and water towers."""

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from ..finishes import STEEL
from ..geometry import Mesh, X, Z, box, circle, cylinder, extrude, join, quad, revolve, rounded_box, spline, torus, tube
from ..materials import Material, Part
from ..textures import choice, drawing, fbm, font, wood
from . import model

Colour = tuple[float, float, float]
Array = NDArray[np.float64]

GALVANISED = Material((0.5, 0.5, 0.5), roughness=0.4, metallic=0.7)


def _timber(rng: Generator) -> Material:
    return Material(wood(rng, 256, 256), roughness=0.5)


# --- street sign --------------------------------------------------------------------------------------------------

STREETS = ("MAIN ST", "PARK AVE", "OAK ST", "HIGH RD", "ELM ST", "1ST AVE", "BROADWAY", "LAKE DR")
BLADE_WIDTH, BLADE_HEIGHT = 3.2, 0.75


@model(
    "street sign",
    metres=2.2,
    synonyms=("road sign", "street name sign"),
    place="outdoors",
    grounds=("grass", "concrete", "asphalt"),
    lights=("sunny", "overcast"),
    elevation=(-15.0, 2.0),
    azimuth=(-35.0, 35.0),
    distance=(0.85, 1.0),
    max_elevation=35.0,
    views=("above", "below", "rear", "upside down", "low"),
)
def street_sign(rng: Generator) -> list[Part]:
    """One or two crossed name blades on a post, legible from both sides."""
    background = choice(rng, (10, 95, 50), (10, 95, 50), (20, 50, 140))
    names = rng.permutation(STREETS)
    height = rng.uniform(2.2, 2.8)
    parts = _blade(str(names[0]), background, height + BLADE_HEIGHT / 2, turn=0.0)
    top = height + BLADE_HEIGHT
    if rng.random() < 0.7:
        parts += _blade(str(names[1]), background, top + 0.1 + BLADE_HEIGHT / 2, turn=90.0)
        top += BLADE_HEIGHT + 0.1
    return [*parts, Part(cylinder(0.09, top, 16), GALVANISED)]


def _blade(name: str, background: tuple[int, int, int], z: float, turn: float) -> list[Part]:
    """A sign plate at height z with the name on both sides."""
    front = quad(BLADE_WIDTH, BLADE_HEIGHT).moved(shift=(0, -0.095, 0))
    text = join([front, front.moved(rotate=(Z, 180))]).moved(rotate=(Z, turn), shift=(0, 0, z))
    plate = rounded_box(BLADE_WIDTH, 0.18, BLADE_HEIGHT, 0.01).moved(rotate=(Z, turn), shift=(0, 0, z))
    return [Part(text, Material(_sign_face(name, background), roughness=0.4), main=True), Part(plate, GALVANISED)]


def _sign_face(name: str, background: tuple[int, int, int]) -> Array:
    """White capitals and border on the background, [120, 512, 3]."""
    white = (245, 245, 245)

    def draw(d: ImageDraw.ImageDraw, image: Image.Image) -> None:
        d.rectangle((0, 0, 512, 120), fill=white)
        d.rectangle((5, 5, 506, 114), fill=background)
        d.text((256, 60), name, fill=white, font=font(86), anchor="mm")

    return drawing(512, 120, draw)


# --- park bench ---------------------------------------------------------------------------------------------------


@model(
    "park bench",
    metres=1.6,
    coco="bench",
    plural="park benches",
    synonyms=("bench", "garden bench"),
    place="outdoors",
    grounds=("grass", "concrete", "dirt", "asphalt"),
    elevation=(5.0, 20.0),
    azimuth=(-45.0, 45.0),
    max_elevation=65.0,
    materials=("wood", "metal", "gold"),
    views=("above", "rear", "upside down", "low"),
)
def park_bench(rng: Generator) -> list[Part]:
    """Wooden slats on a cast-iron frame with armrests."""
    painted: Colour = choice(rng, (0.1, 0.3, 0.15), (0.4, 0.15, 0.1))
    planks = _timber(rng) if rng.random() < 0.7 else Material(painted, roughness=0.5)
    seat = [box(4.6, 0.24, 0.09).moved(shift=(0, -0.55 + i * 0.3, 1.0)) for i in range(5)]
    plank = rounded_box(4.6, 0.08, 0.24, 0.02).moved(rotate=(X, -12))
    back = [plank.moved(shift=(0, 0.95 + 0.06 * i, 1.35 + i * 0.32)) for i in range(3)]
    iron = Material((0.05, 0.05, 0.05), roughness=0.4)
    return [Part(join(seat + back), planks, main=True), Part(join([_bench_frame(x) for x in (-1.9, 1.9)]), iron)]


def _bench_frame(x: float) -> Mesh:
    """Legs, seat bearer and armrest of one end."""
    return join([
        box(0.12, 0.12, 1.0).moved(shift=(x, -0.55, 0.5)),
        tube(np.array([(x, 0.7, 0), (x, 0.8, 1.0), (x, 1.15, 2.2)]), 0.07, 8),
        box(0.12, 1.4, 0.1).moved(shift=(x, 0.05, 0.92)),
        tube(spline([(x, -0.55, 1.0), (x, -0.6, 1.55), (x, 0.0, 1.62), (x, 0.95, 1.55)], 20), 0.06, 8),
    ])  # fmt: skip


# --- mailbox ------------------------------------------------------------------------------------------------------

POST_TOP = 1.7
"""Where the box of the mailbox begins."""
MAILBOX_COLOURS: tuple[Colour, ...] = (
    (0.05, 0.05, 0.06), (0.8, 0.82, 0.83), (0.75, 0.1, 0.08), (0.2, 0.3, 0.55), (0.9, 0.9, 0.88),
)  # fmt: skip


@model(
    "mailbox",
    metres=1.1,
    plural="mailboxes",
    synonyms=("letterbox", "letter box", "mail box"),
    place="outdoors",
    grounds=("grass", "grass", "dirt"),
    elevation=(2.0, 18.0),
    azimuth=(20.0, 65.0),
    distance=(0.9, 1.1),
    max_elevation=60.0,
    materials=("metal", "gold", "wood"),
    views=("above", "rear", "upside down", "low"),
)
def mailbox(rng: Generator) -> list[Part]:
    """An arched rural mailbox on a post: door, house number and red flag."""
    colour: Colour = choice(rng, *MAILBOX_COLOURS)
    paint = Material(colour, roughness=0.35, metallic=0.3)
    length = 2.2
    body = extrude([_arch(1.0)], length).moved(rotate=(X, 90), shift=(0, length / 2, POST_TOP))
    door = extrude([_arch(1.05)], 0.08).moved(rotate=(X, 90), shift=(0, -length / 2, POST_TOP - 0.02))
    knob = box(0.06, 0.1, 0.24).moved(shift=(0, -length / 2 - 0.1, POST_TOP + 0.95))
    post = join([
        box(0.26, 0.26, POST_TOP).moved(shift=(0, 0.1, POST_TOP / 2)),
        box(0.6, 1.7, 0.1).moved(shift=(0, 0, POST_TOP - 0.05)),
    ])  # fmt: skip
    numbers = [quad(0.9, 0.36).moved(rotate=(Z, s * 90), shift=(s * 0.506, -0.35, POST_TOP + 0.35)) for s in (-1, 1)]
    return [
        Part(join([body, door]), paint, main=True),
        Part(knob, STEEL),
        Part(post, _timber(rng)),
        Part(_mailbox_flag(raised=rng.random() < 0.5), Material((0.8, 0.06, 0.05), roughness=0.3)),
        Part(join(numbers), Material(_house_number(rng), roughness=0.35)),
    ]


def _arch(scale: float) -> Array:
    """Outline of the box seen from the front: a square with a half circle on top, base at y = 0."""
    angles = np.linspace(0, np.pi, 24)
    top = np.c_[0.5 * np.cos(angles), 0.6 + 0.5 * np.sin(angles)]
    return np.vstack([[(-0.5, 0.0), (0.5, 0.0)], top]) * scale


def _mailbox_flag(raised: bool) -> Mesh:
    """Arm and flag on the right side."""
    x, pivot = 0.55, POST_TOP + 0.5
    if raised:
        arm, flag = box(0.03, 0.08, 0.8), box(0.03, 0.36, 0.28)
        return join([arm.moved(shift=(x, 0.4, pivot + 0.35)), flag.moved(shift=(x, 0.58, pivot + 0.65))])
    arm, flag = box(0.03, 0.8, 0.08), box(0.03, 0.28, 0.36)
    return join([arm.moved(shift=(x, 0.45, pivot)), flag.moved(shift=(x, 0.75, pivot + 0.15))])


def _house_number(rng: Generator) -> Array:
    """A number plate, black on white, [102, 256, 3]."""
    number = str(rng.integers(10, 2000))

    def draw(d: ImageDraw.ImageDraw, image: Image.Image) -> None:
        d.rectangle((0, 0, 256, 102), fill=(240, 240, 236))
        d.text((128, 51), number, fill=(20, 20, 20), font=font(90), anchor="mm")

    return drawing(256, 102, draw)


# --- picket fence -------------------------------------------------------------------------------------------------


@model(
    "picket fence",
    metres=3,
    synonyms=("garden fence", "fence", "paling fence"),
    place="outdoors",
    grounds=("grass",),
    elevation=(3.0, 18.0),
    azimuth=(-35.0, 35.0),
    max_elevation=55.0,
    materials=("wood",),
    views=("above", "rear", "low"),
    counts=False,
)
def picket_fence(rng: Generator) -> list[Part]:
    """Eight to twelve pointed pickets on two rails, most often white."""
    white: Colour = (0.94, 0.94, 0.92)
    colour: Colour = choice(rng, white, white, white, (0.6, 0.45, 0.3))
    count = choice(rng, 8, 10, 12)
    width, height, spacing = 0.42, 2.6, 0.62
    shoulder = height - 0.35
    outline = np.array([(-width / 2, 0), (width / 2, 0), (width / 2, shoulder), (0, height), (-width / 2, shoulder)])
    picket = extrude([outline], 0.09).moved(rotate=(X, 90))
    pickets = [picket.moved(shift=((i - (count - 1) / 2) * spacing, 0, 0)) for i in range(count)]
    rails = [box(count * spacing + 0.2, 0.1, 0.2).moved(shift=(0, 0.05, z)) for z in (0.6, 1.8)]
    return [Part(join(pickets + rails), Material(colour, roughness=0.6), main=True)]


# --- manhole cover ------------------------------------------------------------------------------------------------


@model(
    "manhole cover",
    metres=0.6,
    synonyms=("manhole",),
    place="outdoors",
    grounds=("asphalt", "asphalt", "brick"),
    elevation=(40.0, 80.0),
    max_elevation=88.0,
    views=("above", "rear"),
    materials=("metal", "gold"),
    surfaces=False,
)
def manhole_cover(rng: Generator) -> list[Part]:
    """A cast-iron disc with a raised grid or rings of studs."""
    pattern = int(rng.integers(3))
    studs = _stud_grid() if pattern == 0 else _stud_rings(pattern)
    cover = join([extrude([circle(1.2, 72)], 0.06), torus(1.17, 0.05, 72, 8).moved(shift=(0, 0, 0.06)), *studs])
    iron: Colour = choice(rng, (0.2, 0.19, 0.18), (0.3, 0.25, 0.21))
    return [Part(cover, Material(iron, roughness=0.5, metallic=0.7), main=True)]


def _stud_grid() -> list[Mesh]:
    """Square studs on a square grid."""
    stud = rounded_box(0.09, 0.09, 0.06, 0.005, 2)
    ticks = np.arange(-8, 9) * 0.14
    return [stud.moved(shift=(x, y, 0.07)) for x in ticks for y in ticks if np.hypot(x, y) < 1.05]


def _stud_rings(pattern: int) -> list[Mesh]:
    """Studs on concentric circles, longer and fewer for pattern 2."""
    stud = rounded_box(0.1, 0.12 * (1 + pattern), 0.06, 0.01, 2)
    studs = []
    for radius in np.arange(0.2, 1.1, 0.18):
        count = int(radius * 18 / (1 + pattern * 0.5)) + 4
        for angle in np.arange(count) * 2 * np.pi / count:
            place = (radius * np.cos(angle), radius * np.sin(angle), 0.07)
            studs.append(stud.moved(rotate=(Z, float(np.degrees(angle))), shift=place))
    return studs


# --- obelisk ------------------------------------------------------------------------------------------------------


@model(
    "obelisk",
    metres=20,
    place="outdoors",
    grounds=("grass", "grass", "concrete"),
    elevation=(-2.0, 6.0),
    azimuth=(-40.0, 40.0),
    distance=(0.95, 1.15),
    max_elevation=55.0,
    materials=("gold", "metal", "wood", "glass"),
)
def obelisk(rng: Generator) -> list[Part]:
    """A four-sided tapering pillar of stone courses with a pyramid tip, on a low plinth."""
    colour: Colour = choice(rng, (0.75, 0.7, 0.62), (0.85, 0.83, 0.8), (0.6, 0.42, 0.35))
    grain = 1 + 0.06 * fbm(rng, 256, 256, 1.0)[..., None]
    grain[np.arange(256) % 18 == 0] *= 0.85
    stone = Material(np.clip(np.array(colour) * grain, 0, 1), roughness=0.8)
    plinth = box(1.7, 1.7, 0.35).moved(shift=(0, 0, 0.175))
    return [Part(join([_needle().moved(shift=(0, 0, 0.35)), plinth]), stone, main=True)]


def _needle(foot: float = 0.62, shoulder: float = 0.39, height: float = 6.2, tip: float = 0.75) -> Mesh:
    """The pillar: half widths at foot and shoulder, height up to the pyramid and height of the pyramid."""
    corners = np.array([(-1, -1), (1, -1), (1, 1), (-1, 1)], float)
    low, high = np.c_[corners * foot, np.zeros(4)], np.c_[corners * shoulder, np.full(4, height)]
    vertices = np.vstack([low, high, [(0, 0, height + tip)]])
    faces = []
    for i in range(4):
        j = (i + 1) % 4
        faces += [(i, j, 4 + j), (i, 4 + j, 4 + i), (4 + i, 4 + j, 8)]
    uv = np.array([(0.2 * i, v) for v in (1.0, 0.0) for i in range(4)] + [(0.3, 0.0)])
    return Mesh(vertices, np.array(faces, np.int32), uv, None).flattened()


# --- water tower --------------------------------------------------------------------------------------------------

TANK_FLOOR = 5.0
TOWNS = ("RIVERTON", "OAKDALE", "FAIRVIEW", "HILLSBORO", "LAKEWOOD")


@model(
    "water tower",
    metres=30,
    synonyms=("water tank",),
    place="outdoors",
    grounds=("grass", "dirt", "concrete"),
    elevation=(-3.0, 4.0),
    azimuth=(-40.0, 40.0),
    max_elevation=55.0,
    materials=("wood", "metal", "gold"),
    counts=False,
)
def water_tower(rng: Generator) -> list[Part]:
    """A tank on six braced legs: rounded with the town's name, or a barrel with a conical roof."""
    colour: Colour = choice(rng, (0.75, 0.8, 0.83), (0.9, 0.9, 0.9), (0.55, 0.65, 0.7))
    paint = Material(colour, roughness=0.4)
    if rng.random() < 0.6:
        section = spline([(0.15, 0), (1.3, 0.35), (1.75, 1.0), (1.6, 1.6), (0.9, 2.1), (0, 2.25)], 60)
        tank, coat = revolve([section], 96), Material(_town_name(rng, colour), roughness=0.4)
        riser = cylinder(0.28, TANK_FLOOR + 0.2, 24)
    else:
        floor = spline([(0.1, -0.4), (0.8, -0.25), (1.4, 0.1)], 20)
        walls = [np.array([(1.4, 0.1), (1.4, 1.8)]), np.array([(1.5, 1.8), (0.0, 2.7)])]
        tank, coat = revolve([floor, *walls]), _timber(rng) if rng.random() < 0.4 else paint
        riser = cylinder(0.14, TANK_FLOOR, 16)
    tank = tank.moved(shift=(0, 0, TANK_FLOOR))
    return [Part(tank, coat, main=True), Part(join([riser, *_legs()]), paint)]


def _town_name(rng: Generator, colour: Colour) -> Array:
    """Black capitals on the paint for the front of the tank, [256, 512, 3]; first row at the bottom."""
    name = TOWNS[rng.integers(len(TOWNS))]
    paint = tuple(int(255 * channel) for channel in colour)

    def draw(d: ImageDraw.ImageDraw, image: Image.Image) -> None:
        d.rectangle((0, 0, 512, 256), fill=paint)
        for front in (0.75, 0.25):
            d.text((512 * front, 128), name, fill=(20, 25, 50), font=font(27), anchor="mm")

    return drawing(512, 256, draw)[::-1]


def _legs() -> list[Mesh]:
    """Six splayed legs with two rings of girders and diagonal rods."""
    levels = (0.0, 1.6, 3.4, TANK_FLOOR + 0.3)

    def joint(leg: int, z: float) -> tuple[float, float, float]:
        radius = 1.9 - 0.6 * z / levels[-1]
        return radius * np.cos(leg * np.pi / 3), radius * np.sin(leg * np.pi / 3), z

    pieces = []
    for leg in range(6):
        pieces.append(tube(np.array([joint(leg, 0.0), joint(leg, levels[-1])]), 0.09, 8))
        for z in levels[1:3]:
            pieces.append(tube(np.array([joint(leg, z), joint(leg + 1, z)]), 0.045, 6))
        for low, high in zip(levels[:-1], levels[1:], strict=True):
            pieces.append(tube(np.array([joint(leg, low), joint(leg + 1, high)]), 0.025, 5))
    return pieces
