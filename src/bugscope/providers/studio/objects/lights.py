"""Table lamp, traffic light, lighthouse ("beacon") and hourglass."""

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from ..geometry import Mesh, X, Z, box, cylinder, join, revolve, rounded_box, rounded_cylinder, sphere, spline, torus
from ..materials import Material, Part
from ..textures import choice, linear, vivid, wood
from . import model

Colour = tuple[float, float, float]
Array = NDArray[np.float64]

WARM_BULB = np.array((1.0, 0.82, 0.55))
"""Linear colour of an incandescent bulb, relative to white."""


# --- table lamp ---------------------------------------------------------------------------------------------------


@model(
    "table lamp",
    metres=0.5,
    synonyms=("lamp", "bedside lamp"),
    grounds=("wood", "wood", "white"),
    lights=("dark", "indoors"),
    elevation=(3.0, 20.0),
    max_elevation=60.0,
    views=("above", "below", "rear", "upside down", "low"),
)
def table_lamp(rng: Generator) -> list[Part]:
    """A turned base and a fabric shade, mostly switched on."""
    height = rng.uniform(1.7, 2.3)
    shade_top, shade_bottom, shade_height = rng.uniform(0.55, 0.9), rng.uniform(1.0, 1.25), rng.uniform(1.1, 1.4)
    shade = revolve([(shade_bottom, 0.0), (shade_top, shade_height)], 72).moved(shift=(0, 0, height))
    fabric: Colour = choice(rng, (0.95, 0.9, 0.78), (0.93, 0.85, 0.7), (0.9, 0.75, 0.55), vivid(rng))
    return [
        Part(shade, Material(fabric, kind="diffuse"), emission=_lamplight(rng, fabric), main=True),
        Part(_lamp_base(rng, height), _lamp_base_material(rng)),
    ]


def _lamplight(rng: Generator, fabric: Colour) -> Colour | None:
    """Radiance of the lit fabric; `None` for one lamp in six, which is off."""
    if rng.random() < 1 / 6:
        return None
    red, green, blue = linear(fabric) * WARM_BULB * rng.uniform(0.6, 1.1)
    return float(red), float(green), float(blue)


def _lamp_base(rng: Generator, height: float) -> Mesh:
    """A vase-like turned base, or a disc with a thin stem."""
    if rng.random() < 0.6:
        belly = 0.3 * height + 0.3
        turned = [(0.6, 0), (0.55, 0.1), (0.15, 0.3), (0.45, belly), (0.35, 0.7 * height), (0.08, 0.9 * height)]
        return revolve([spline([*turned, (0.07, height)], 60)])
    return revolve([[(0.0, 0.12), (0.65, 0.1), (0.65, 0.0)][::-1], [(0.08, 0.12), (0.08, height)]])


def _lamp_base_material(rng: Generator) -> Material:
    """Glazed ceramic, brass or wood."""
    ceramic = Material(vivid(rng), roughness=0.15, clearcoat=0.6)
    brass = Material((0.75, 0.6, 0.3), roughness=0.2, metallic=1.0)
    return choice(rng, ceramic, brass, Material(wood(rng, 256, 256)))


# --- traffic light ------------------------------------------------------------------------------------------------

LAMP_COLOURS: tuple[Colour, ...] = ((1.0, 0.08, 0.04), (1.0, 0.65, 0.05), (0.1, 1.0, 0.4))
"""Linear colours of the lamps from top to bottom."""
LAMP_SPACING = 0.92
POST_HEIGHT = 1.5


@model(
    "traffic light",
    metres=1,
    coco="traffic light",
    synonyms=("traffic signal", "stoplight"),
    place="outdoors",
    grounds=("asphalt", "concrete"),
    lights=("sunny", "overcast", "sunset"),
    elevation=(-12.0, 4.0),
    azimuth=(-30.0, 30.0),
    distance=(0.9, 1.1),
    max_elevation=35.0,
    views=("above", "below", "upside down", "low"),
)
def traffic_light(rng: Generator) -> list[Part]:
    """Three hooded lamps, one of them lit, in a housing on a short post."""
    colour: Colour = choice(rng, (0.9, 0.68, 0.05), (0.05, 0.05, 0.05), (0.1, 0.15, 0.1))
    centre = POST_HEIGHT + 1.45
    lit = int(rng.integers(3))
    shell = [rounded_box(1.0, 0.6, 2.9, 0.1).moved(shift=(0, 0, centre))]
    lamps = []
    for row in range(3):
        z = centre + (1 - row) * LAMP_SPACING
        shell.append(_lamp_hood().moved(shift=(0, -0.28, z)))
        lamps.append(_signal_lamp(row, lit=row == lit, z=z))
    grey = Material((0.3, 0.3, 0.3), roughness=0.4, metallic=0.5)
    post = join([cylinder(0.1, POST_HEIGHT, 16), rounded_cylinder(0.3, 0.12, 0.03, 24)])
    parts = [Part(join(shell), Material(colour, roughness=0.4), main=True), *lamps, Part(post, grey)]
    if rng.random() < 0.4:
        plate = rounded_box(1.5, 0.05, 3.4, 0.02).moved(shift=(0, 0.2, centre))
        parts.append(Part(plate, Material((0.04, 0.04, 0.04), roughness=0.5)))
    return parts


def _lamp_hood() -> Mesh:
    """The visor over one lamp: an open tube with a gap below, pointing to the front."""
    visor = revolve([(0.42, 0.0), (0.42, 0.55)], 40, arc=1.25 * np.pi)
    return visor.moved(rotate=(Z, -22.5)).moved(rotate=(X, 90))


def _signal_lamp(row: int, lit: bool, z: float) -> Part:
    """One lens; the unlit ones are dark and of their colour."""
    lens = revolve([(0.38, 0.0), (0.3, 0.1), (0.0, 0.16)]).moved(rotate=(X, 90), shift=(0, -0.3, z))
    colour = np.array(LAMP_COLOURS[row])
    red, green, blue = colour if lit else colour * 0.25
    glass = Material((float(red), float(green), float(blue)), roughness=0.3)
    radiance = 4.0 * colour**1.5
    return Part(lens, glass, emission=(float(radiance[0]), float(radiance[1]), float(radiance[2])) if lit else None)


# --- lighthouse ---------------------------------------------------------------------------------------------------

TOWER_HEIGHT, TOWER_FOOT, TOWER_TOP = 7.0, 1.1, 0.7
WHITEWASH: Colour = (0.94, 0.94, 0.92)


@model(
    "beacon",
    metres=20,
    synonyms=("lighthouse",),
    place="outdoors",
    grounds=("grass", "water", "sand", "dirt"),
    lights=("sunny", "sunset", "overcast"),
    elevation=(-2.0, 6.0),
    azimuth=(-30.0, 30.0),
    max_elevation=60.0,
    counts=False,
)
def lighthouse(rng: Generator) -> list[Part]:
    """A tapering tower, striped or white, with gallery and lantern room, often with a keeper's house."""
    colour: Colour = choice(rng, (0.8, 0.08, 0.07), (0.8, 0.08, 0.07), (0.05, 0.05, 0.06), (0.1, 0.2, 0.5))
    trim = Material(colour, roughness=0.4)
    tower = revolve([(TOWER_FOOT, 0.0), (TOWER_TOP, TOWER_HEIGHT)], 72)
    parts = [
        Part(tower, Material(_tower_stripes(rng, colour), roughness=0.6), main=True),
        Part(_gallery(), trim),
        _lantern(),
        Part(_tower_windows(), Material((0.05, 0.06, 0.08))),
    ]
    if rng.random() < 0.6:
        walls = box(2.2, 1.8, 1.3).moved(shift=(2.0, 0.3, 0.65))
        parts.append(Part(walls, Material((0.93, 0.93, 0.9), roughness=0.7)))
        parts.append(Part(_gable_roof(2.4, 2.0, 0.9).moved(shift=(2.0, 0.3, 1.3)), trim))
    return parts


def _tower_stripes(rng: Generator, colour: Colour) -> Array:
    """Bands of the colour on white, [256, 8, 3]; plain white one time in four."""
    image = np.ones((256, 8, 3)) * WHITEWASH
    bands = choice(rng, 1, 5, 7, 7)
    if bands > 1:
        band = np.arange(256) * bands // 256
        image[band % 2 == 0] = colour
    return image


def _gallery() -> Mesh:
    """Platform, railing, lantern bars and roof at the top of the tower."""
    deck = TOWER_HEIGHT + 0.2
    railing = TOWER_TOP * 1.3
    pieces = [
        rounded_cylinder(TOWER_TOP * 1.35, 0.2, 0.05).moved(shift=(0, 0, TOWER_HEIGHT)),
        revolve([(TOWER_TOP * 0.8, 0.0), (0.0, 0.8)]).moved(shift=(0, 0, deck + 1.0)),
        sphere(0.1, 16, 8).moved(shift=(0, 0, deck + 1.85)),
        torus(railing, 0.03, 48, 6).moved(shift=(0, 0, deck + 0.4)),
    ]
    for angle in np.linspace(0, 2 * np.pi, 13)[:-1]:
        foot = (railing * np.cos(angle), railing * np.sin(angle), deck)
        pieces.append(cylinder(0.025, 0.4, 6).moved(shift=foot))
    for angle in np.linspace(0, 2 * np.pi, 9)[:-1]:
        foot = (TOWER_TOP * 0.63 * np.cos(angle), TOWER_TOP * 0.63 * np.sin(angle), deck)
        pieces.append(cylinder(0.03, 1.0, 6).moved(shift=foot))
    return join(pieces)


def _lantern() -> Part:
    """The glazed lantern room, faintly lit."""
    room = cylinder(TOWER_TOP * 0.62, 1.0, 24).moved(shift=(0, 0, TOWER_HEIGHT + 0.2))
    return Part(room, Material((0.6, 0.75, 0.8), roughness=0.05, metallic=0.5), emission=(0.6, 0.5, 0.25))


def _tower_windows() -> Mesh:
    """Three small windows above each other, on the front and on the back."""
    windows = []
    for z in (1.0, 3.0, 5.0):
        radius = TOWER_FOOT + (TOWER_TOP - TOWER_FOOT) * z / TOWER_HEIGHT
        windows += [box(0.28, 0.1, 0.45).moved(shift=(0, side * radius, z)) for side in (-1, 1)]
    return join(windows)


def _gable_roof(width: float, depth: float, height: float) -> Mesh:
    """A ridge roof along x, its eaves at z = 0."""
    x, y = width / 2, depth / 2
    vertices = np.array([(-x, -y, 0), (x, -y, 0), (x, y, 0), (-x, y, 0), (-x, 0, height), (x, 0, height)], float)
    faces = np.array([(0, 1, 5), (0, 5, 4), (2, 3, 4), (2, 4, 5), (1, 2, 5), (3, 0, 4)], np.int32)
    return Mesh(vertices, faces, np.zeros((6, 2)), None).flattened()


# --- hourglass ----------------------------------------------------------------------------------------------------

HALF_HEIGHT = 1.5
"""From the neck of the hourglass to the inner face of each end plate."""


@model(
    "hourglass",
    metres=0.2,
    synonyms=("sandglass", "sand timer"),
    plural="hourglasses",
    elevation=(5.0, 20.0),
    max_elevation=50.0,
    materials=("gold", "metal", "wood"),
)
def hourglass(rng: Generator) -> list[Part]:
    """A blown glass with coloured sand between two plates and three turned pillars."""
    outline = _glass_outline()
    sand: Colour = choice(rng, (0.85, 0.7, 0.45), (0.8, 0.2, 0.15), (0.2, 0.4, 0.75), (0.93, 0.93, 0.9))
    if rng.random() < 0.7:
        frame = Material(wood(rng, 256, 256), roughness=0.3, clearcoat=0.3)
    else:
        frame = Material((0.8, 0.65, 0.3), roughness=0.2, metallic=1.0)
    return [
        Part(revolve([outline], 64), Material((0.97, 0.99, 0.99), kind="thin glass")),
        Part(_hourglass_frame(rng), frame, main=True),
        Part(_sand(outline), Material(sand, roughness=0.9)),
    ]


def _glass_outline() -> Array:
    """(radius, z) of the glass from the bottom up."""
    h = HALF_HEIGHT
    upper = [(0.07, 0), (0.55, h * 0.3), (0.85, h * 0.75), (0.75, h - 0.02)]
    lower = [(r, -z) for r, z in upper[:0:-1]]
    return spline([*lower, *upper], 80)


def _hourglass_frame(rng: Generator) -> Mesh:
    """End plates and pillars."""
    h = HALF_HEIGHT
    plate = rounded_cylinder(1.1, 0.18, 0.06)
    pieces = [plate.moved(shift=(0, 0, h)), plate.moved(shift=(0, 0, -h - 0.18))]
    turned = spline([(0.1, -h), (0.06, -h * 0.6), (0.11, 0), (0.06, h * 0.6), (0.1, h)], 40)
    start = rng.uniform(0, 2 * np.pi / 3)
    for angle in start + np.arange(3) * 2 * np.pi / 3:
        pieces.append(revolve([turned], 20).moved(shift=(0.95 * np.cos(angle), 0.95 * np.sin(angle), 0)))
    return join(pieces)


def _sand(outline: Array) -> Mesh:
    """A cone of sand below, the rest above the neck."""
    h = HALF_HEIGHT
    below = outline[outline[:, 1] < -h * 0.45] * (0.96, 1.0)
    above = outline[(outline[:, 1] > 0.02) & (outline[:, 1] < h * 0.4)] * (0.95, 1.0)
    heap = np.vstack([[(0.0, -h + 0.03)], below, [(0.0, -h * 0.2)]])
    rest = np.vstack([above, [(0.0, h * 0.33)]])
    return join([revolve([heap]), revolve([rest])])
