"""Food: strawberry, green apple ("Granny Smith"), banana, mushroom, pineapple, pretzel, pumpkin lantern."""

from collections.abc import Callable
from functools import cache

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from scipy import ndimage

from ..geometry import Mesh, X, Z, box, grid_faces, join, revolve, rotation, sphere, spline, tube
from ..materials import Material, Part
from ..textures import blend, choice, fbm, fibonacci_sphere, smoothstep, sphere_directions
from . import model

PI = float(np.pi)
Array = NDArray[np.float64]
KITCHEN = ("wood", "wood", "cloth", "white", "marble")


def _lumpy(rng: Generator, amount: float) -> Callable[[Array], Array]:
    """A smooth random factor of the radius by direction [..., 3]."""
    waves = [(rng.normal(size=3), rng.uniform(0, 2 * PI)) for _ in range(6)]
    return lambda d: 1 + amount * np.sum([np.sin(d @ a * 1.5 + p) for a, p in waves], axis=0) / 3


def _leaf(x: Array, half_width: Array, z: Array, fold: float = 0.0) -> Mesh:
    """A strip along x with its edges `fold` above its spine."""
    n = len(x)
    rows = [np.stack([x, w, z + f], 1) for w, f in ((-half_width, fold), (0 * half_width, 0.0), (half_width, fold))]
    return Mesh(np.vstack(rows), grid_faces(3, n), np.zeros((3 * n, 2))).smoothed()


def _lowest(mesh: Mesh) -> float:
    return float(mesh.vertices[:, 2].min())


# --- strawberry ---------------------------------------------------------------------------------------------------------


@model(
    "strawberry",
    metres=0.04,
    plural="strawberries",
    grounds=KITCHEN,
    elevation=(15.0, 45.0),
    views=("above", "low"),
    materials=("gold",),
    surfaces=False,
)
def strawberry(rng: Generator) -> list[Part]:
    """One to five berries on their sides, with pips in pits and a green calyx."""
    number = choice(rng, 1, 1, 2, 3, 5)
    red = np.array(choice(rng, (0.72, 0.04, 0.05), (0.8, 0.07, 0.06), (0.65, 0.03, 0.04)))
    pips, pits = _pips()
    image = red * (0.7 + 0.3 * pits[..., None])
    image = blend(image, (0.9, 0.55, 0.4), smoothstep(0.8, 1.0, sphere_directions(512, 256)[..., 2]) * 0.6)
    image = np.where(pips[..., None], (0.9, 0.7, 0.25), image)
    berries, greens = [], []
    for i in range(number):
        lying = rotation(Z, float(rng.uniform(0, 360))) @ rotation((0, 1, 0), float(rng.uniform(60, 120)))
        turned = lying @ rotation(Z, float(rng.uniform(0, 360)))
        berry = _berry().moved(rotate=turned)
        x = 1.9 * (i % 3 - (min(number, 3) - 1) / 2) + float(rng.uniform(-0.2, 0.2))
        place = (x, 1.8 * (i // 3) + float(rng.uniform(-0.2, 0.2)), -_lowest(berry))
        berries.append(berry.moved(shift=place))
        greens.append(_calyx(rng).moved(rotate=turned, shift=place))
    skin = Material(np.clip(image, 0, 1), roughness=0.25, clearcoat=0.4, bump=pits, bump_scale=0.12)
    return [Part(join(berries), skin, main=True), Part(join(greens), Material((0.18, 0.42, 0.1), roughness=0.5))]


@cache
def _pips() -> tuple[NDArray[np.bool_], Array]:
    """Where the pips are, and 0 in their pits, [256, 512] each."""
    points = fibonacci_sphere(170)
    directions = sphere_directions(512, 256)
    angle = np.arccos(np.clip((directions @ points.T).max(-1), -1, 1))
    return angle < 0.032, smoothstep(0.02, 0.09, angle)


@cache
def _berry() -> Mesh:
    def shape(d: Array) -> Array:
        below = np.clip(-d[..., 2], 0, 1)
        return np.asarray((1 - 0.38 * below**1.3 * (1 - 0.2 * below)) * (1 + 0.05 * np.abs(d[..., 2])))

    return sphere(1, 96, 48, shape).moved(scale=(1, 1, 1.15))


def _calyx(rng: Generator) -> Mesh:
    t = np.linspace(0, 1, 9)
    leaves = []
    for k in range(9):
        length, curl = float(rng.uniform(0.6, 0.9)), float(rng.uniform(-0.3, 1))
        leaf = _leaf(t * length, 0.16 * np.sin(PI * t**0.7), 0.1 - 0.25 * t + 0.45 * t**2 * curl)
        leaves.append(leaf.moved(rotate=(Z, 40 * k + float(rng.uniform(-10, 10)))))
    stalk = tube(spline([(0, 0, 0), (0.05, 0, 0.3), (0.15, 0.05, 0.55)], 12), 0.05, 8)
    return join([*leaves, stalk]).moved(shift=(0, 0, 1.12))


# --- apple -------------------------------------------------------------------------------------------------------


@model(
    "Granny Smith",
    metres=0.08,
    coco="apple",
    synonyms=("apple",),
    plural="Granny Smiths",
    grounds=KITCHEN,
    elevation=(12.0, 40.0),
    views=("above", "upside down", "low"),
    materials=("gold", "metal"),
)
def green_apple(rng: Generator) -> list[Part]:
    """One to three glossy green apples."""
    fruit, stalks = [], []
    for i in range(choice(rng, 1, 1, 2, 3)):
        lean = rotation((float(rng.normal()), float(rng.normal()), 1e-3), float(rng.uniform(0, 25)))
        turned = lean @ rotation(Z, float(rng.uniform(0, 360)))
        place = (2.05 * (i % 2), 1.85 * (i // 2), 0.0)
        fruit.append(_apple().moved(rotate=turned, shift=place))
        stalk = tube(spline([(0, 0, 0.55), (0.03, 0, 0.85), (0.12, 0.02, 1.1)], 10), 0.035, 8)
        stalks.append(stalk.moved(rotate=turned, shift=place))
    skin = Material(_apple_skin(rng), roughness=0.2, clearcoat=0.6)
    return [Part(join(fruit), skin, main=True), Part(join(stalks), Material((0.3, 0.2, 0.1)))]


@cache
def _apple() -> Mesh:
    def shape(d: Array) -> Array:
        z, around = d[..., 2], np.arctan2(d[..., 1], d[..., 0])
        body = 0.99 - 0.10 * z**2 * (z < 0)
        dimples = 1 - 0.42 * np.exp(-(1 - z) / 0.06) - 0.25 * np.exp(-(1 + z) / 0.05)
        return np.asarray(body * dimples * (1 + 0.03 * (z > 0) * z) * (1 + 0.02 * np.cos(5 * around) * np.clip(-z, 0, 1)))

    return sphere(1, 128, 96, shape)


def _apple_skin(rng: Generator) -> Array:
    green = np.array(choice(rng, (0.5, 0.72, 0.12), (0.55, 0.75, 0.2), (0.45, 0.68, 0.1)))
    image = green * (1 + 0.05 * fbm(rng, 256, 512, 1.5)[..., None])
    image = blend(image, (0.75, 0.8, 0.4), smoothstep(0.7, 1.0, sphere_directions(512, 256)[..., 2]) * 0.5)
    image[fbm(rng, 256, 512, 0.1) > 2.4] = (0.8, 0.88, 0.5)
    blush = np.clip(rng.uniform(0, 0.35) * smoothstep(0.4, 1.5, fbm(rng, 256, 512, 2.2)), 0, 1)
    return np.clip(blend(image, (0.75, 0.5, 0.25), blush), 0, 1)


# --- banana -------------------------------------------------------------------------------------------------------------


@model(
    "banana",
    metres=0.2,
    coco="banana",
    grounds=KITCHEN,
    elevation=(20.0, 55.0),
    yaw=(0.0, 360.0),
    views=("above",),
    materials=("gold",),
)
def banana(rng: Generator) -> list[Part]:
    """One to four bananas of a hand, side by side."""
    number = choice(rng, 1, 2, 3, 4)
    peel = Material(_banana_peel(rng), roughness=0.4)
    hand = []
    for i in range(number):
        aside = i - (number - 1) / 2
        one = _banana(rng).moved(rotate=(X, 80 + float(rng.uniform(-10, 10))))
        hand.append(one.moved(rotate=(Z, aside * 16), shift=(0, aside * 0.62, 0.3 + 0.12 * abs(aside))))
    return [Part(join(hand), peel, main=True)]


def _banana(rng: Generator) -> Mesh:
    t = np.linspace(0, 1, 50)
    bend = float(rng.uniform(1.3, 1.9))
    angle, radius = (t - 0.5) * bend, 1.9 / bend * 1.6
    path = np.stack([radius * np.sin(angle), 0 * t, radius * (1 - np.cos(angle))], 1)
    width = 0.36 * np.clip(np.minimum(t / 0.12, (1 - t) / 0.1), 0, 1) ** 0.55
    width = np.where(t < 0.13, np.maximum(width * 0.6, 0.1), width)
    return tube(path, np.maximum(ndimage.gaussian_filter1d(width, 1.0), 0.06), 40)


def _banana_peel(rng: Generator) -> Array:
    """Green and brown ends, freckles, faint ridges; [512, 128, 3], v along the fruit."""
    v, u = np.mgrid[0:1:512j, 0:1:128j]
    image = np.ones((512, 128, 3)) * np.array(choice(rng, (0.95, 0.8, 0.18), (0.93, 0.82, 0.25), (0.85, 0.8, 0.25)))
    image = blend(image, (0.55, 0.65, 0.15), smoothstep(0.12, 0.0, v) * 0.8)
    image = blend(image, (0.2, 0.13, 0.05), np.clip(smoothstep(0.97, 0.985, v) + smoothstep(0.02, 0.0, v), 0, 1))
    image[fbm(rng, 512, 128, 1.0) > rng.uniform(2.0, 3.0)] = (0.4, 0.25, 0.08)
    ridge = np.abs((u * 5) % 1 - 0.5) < 0.05
    return np.clip(image * np.where(ridge, 0.88, 1.0)[..., None], 0, 1)


# --- mushroom, pineapple ------------------------------------------------------------------------------------------


@model(
    "mushroom",
    metres=0.08,
    place="outdoors",
    grounds=("dirt", "grass", "grass"),
    elevation=(8.0, 30.0),
    max_elevation=66.0,
    views=("above", "low", "upside down"),
    materials=("gold", "wood"),
)
def mushroom(rng: Generator) -> list[Part]:
    """One to three caps on pale stems."""
    lumps = _lumpy(rng, 0.04)
    colour = np.array(choice(rng, (0.62, 0.4, 0.22), (0.8, 0.68, 0.5), (0.5, 0.32, 0.18), (0.7, 0.12, 0.06)))
    image = np.clip(colour * (1 + 0.1 * fbm(rng, 256, 256, 1.5)[..., None]), 0, 1)
    caps, stems = [], []
    for i in range(choice(rng, 1, 1, 2, 3)):
        scale = float(rng.uniform(0.6, 1.2)) if i else 1.0
        h, w = float(rng.uniform(1.0, 1.6)), float(rng.uniform(0.9, 1.2))
        under = spline([(w * 0.3, h - 0.02), (w * 0.9, h - 0.05), (w, h + 0.02)], 16)
        over = spline([(w, h + 0.02), (w * 0.85, h + 0.4 * w), (w * 0.4, h + 0.62 * w), (0, h + 0.68 * w)], 30)
        cap = revolve([under, over], 72)
        cap.vertices *= lumps(cap.vertices / 2)[:, None]
        stem = revolve([spline([(0.34, 0), (0.26, 0.3), (0.22, h * 0.7), (0.24, h + 0.05)], 30)], 40)
        place = (float(rng.uniform(1.2, 1.7)) * (-1) ** i, float(rng.uniform(-0.8, 0.8)), 0.0) if i else (0.0, 0.0, 0.0)
        caps.append(cap.moved(scale=scale, shift=place))
        stems.append(stem.moved(scale=scale, shift=place))
    return [
        Part(join(caps), Material(image, roughness=0.4, clearcoat=0.2), main=True),
        Part(join(stems), Material((0.9, 0.85, 0.75), roughness=0.7)),
    ]


@model(
    "pineapple",
    metres=0.3,
    grounds=KITCHEN,
    elevation=(8.0, 25.0),
    max_elevation=74.0,
    views=("above", "upside down", "low"),
    materials=("gold",),
)
def pineapple(rng: Generator) -> list[Part]:
    """A barrel of 150 eyes in a spiral under a tuft of forty leaves."""
    rind = choice(rng, (0.72, 0.48, 0.14), (0.6, 0.5, 0.15), (0.75, 0.5, 0.2))
    return [
        Part(sphere(1, 96, 64).moved(scale=(1, 1, 1.35)), Material((0.5, 0.33, 0.1), roughness=0.6), main=True),
        Part(_pineapple_eyes(), Material(rind, roughness=0.5), main=True),
        Part(_pineapple_tuft(rng), Material((0.25, 0.42, 0.18), roughness=0.5)),
    ]


@cache
def _pineapple_eyes() -> Mesh:
    bump, spike = sphere(0.2, 10, 8).moved(scale=(1, 1, 0.6)), revolve([[(0.05, 0), (0.0, 0.16)]], 6)
    eyes = []
    for i in range(150):
        z, around = 1.3 - 2.6 * (i + 0.5) / 150, i * 2.39996
        ring = np.sqrt(max(1 - (z / 1.42) ** 2, 0.02))
        place = np.array([np.cos(around) * ring, np.sin(around) * ring, z])
        outward = np.array([place[0], place[1], z / 1.9])
        outward /= np.linalg.norm(outward)
        turn = rotation(tuple(np.cross(Z, outward)), float(np.degrees(np.arccos(outward[2]))))
        eyes += [bump.moved(rotate=turn, shift=place), spike.moved(rotate=turn, shift=place + outward * 0.1)]
    return join(eyes)


def _pineapple_tuft(rng: Generator) -> Mesh:
    t = np.linspace(0, 1, 10)
    leaves = []
    for i in range(40):
        length = float(rng.uniform(1.1, 1.7)) * (1 - 0.2 * i / 40) * 0.9
        lean = 0.9 * (1 - i / 40)
        x, z = 0.1 + lean * length * t**1.3, 1.3 + length * t * (1 - 0.3 * lean * t)
        leaves.append(_leaf(x, 0.15 * (1 - t) ** 0.7 + 0.01, z, 0.05).moved(rotate=(Z, float(np.degrees(i * 2.4)))))
    return join(leaves)


# --- baking -------------------------------------------------------------------------------------------------------------


@model(
    "pretzel", metres=0.15, grounds=KITCHEN, elevation=(35.0, 75.0), views=("above",), materials=("gold",), max_elevation=88.0
)
def pretzel(rng: Generator) -> list[Part]:
    """A knotted rope of dough with grains of salt."""
    loop = [
        (0.5, -1, 0.1),
        (0.2, -0.55, 0.12),
        (-0.35, 0.1, 0),
        (-1, 0.55, 0),
        (-0.95, 1.15, 0),
        (-0.3, 1.2, 0),
        (0, 0.85, 0),
    ]
    loop += [(0.3, 1.2, 0), (0.95, 1.15, 0), (1, 0.55, 0), (0.35, 0.1, 0.22), (-0.2, -0.55, 0.22), (-0.5, -1, 0.1)]
    path = spline(loop, 140) * (1, -1, 1)
    rope = tube(path, 0.17 + 0.05 * np.sin(np.linspace(0, PI, 140)), 20)
    crust = choice(rng, (0.45, 0.22, 0.07), (0.55, 0.3, 0.1), (0.65, 0.38, 0.14))
    grain = box(0.06, 0.06, 0.05)
    salt = []
    for _ in range(110):
        outward = np.array([rng.normal() * 0.6, rng.normal() * 0.6, 1.0])
        outward /= np.linalg.norm(outward)
        axis = (float(rng.normal()), float(rng.normal()), float(rng.normal()))
        salt.append(grain.moved(rotate=(axis, float(rng.uniform(0, 90))), shift=path[rng.integers(5, 135)] + outward * 0.2))
    return [
        Part(rope, Material(crust, roughness=0.25, clearcoat=0.4), main=True),
        Part(join(salt), Material((0.95, 0.94, 0.92))),
    ]


# --- pumpkin lantern ----------------------------------------------------------------------------------------------------


@model(
    "jack-o'-lantern",
    metres=0.3,
    synonyms=("pumpkin lantern", "halloween pumpkin", "carved pumpkin"),
    plural="jack-o'-lanterns",
    grounds=("wood", "dirt", "grass"),
    lights=("dark", "night", "indoors"),
    elevation=(3.0, 20.0),
    azimuth=(-25.0, 25.0),
    max_elevation=45.0,
    views=("upside down", "low"),
)
def pumpkin_lantern(rng: Generator) -> list[Part]:
    """A ribbed pumpkin with a carved face that glows."""
    face, ribs = _face(rng), _ribs()
    image = np.clip(np.array((0.85, 0.38, 0.05)) * (1 + 0.07 * fbm(rng, 256, 512, 1.2)[..., None]), 0, 1) * ribs[..., None]
    image[face] = (0.9, 0.6, 0.2)
    glow = np.where(face[..., None], np.array((1.0, 0.55, 0.12)) * rng.uniform(1.5, 4.0), 0.0)
    stalk = tube(spline([(0, 0, 0.7), (0.02, 0, 0.95), (0.18, 0.05, 1.25)], 12), np.linspace(0.22, 0.12, 12), 10)
    return [
        Part(_pumpkin(), Material(image, roughness=0.4, clearcoat=0.2), emission=glow, main=True),
        Part(stalk, Material((0.35, 0.35, 0.15), roughness=0.8)),
    ]


@cache
def _pumpkin() -> Mesh:
    def shape(d: Array) -> Array:
        z, around = d[..., 2], np.arctan2(d[..., 1], d[..., 0])
        furrow = 1 - 0.07 * np.abs(np.cos(6 * around)) ** 6 * np.maximum(1 - z**2, 0) ** 0.3
        return np.asarray(furrow * (1 - 0.25 * np.exp(-(1 - z) / 0.08) - 0.15 * np.exp(-(1 + z) / 0.1)))

    return sphere(1, 192, 96, shape).moved(scale=(1.1, 1.1, 0.92))


@cache
def _ribs() -> Array:
    d = sphere_directions(512, 256)
    return np.asarray(0.75 + 0.25 * (1 - np.abs(np.cos(6 * np.arctan2(d[..., 1], d[..., 0]))) ** 10))


def _face(rng: Generator) -> NDArray[np.bool_]:
    """Two triangular eyes, a nose and a toothed grin on the side that faces -y; [256, 512]."""
    d = sphere_directions(512, 256)
    u, v = np.arctan2(d[..., 0], -d[..., 1]), np.arcsin(np.clip(d[..., 2], -1, 1))
    apart, slope = rng.uniform(0.3, 0.42), rng.uniform(0.9, 1.1)
    eyes = np.zeros(u.shape, dtype=bool)
    for side in (-1, 1):
        across, up = (u - side * apart) * side, v - 0.22
        eyes |= (up > -0.14) & (up < 0.24 - 1.6 * np.abs(across) * slope)
    nose = (v > -0.08) & (v < 0.08 - 1.4 * np.abs(u))
    teeth = 0.09 * np.sign(np.sin(u * rng.uniform(11, 16)))
    grin = np.abs(v + 0.33 - rng.uniform(0.3, 0.5) * u**2 + teeth * 0.35) < 0.12 * np.cos(u * 1.9)
    return np.asarray(eyes | nose | (grin & (np.abs(u) < 0.68)))
