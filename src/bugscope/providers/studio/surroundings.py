"""Where the object stands and what shines on it: environment maps, grounds, things in front.

Environment maps are [h, w, 3] linear radiance, latitude-longitude, z up, first row at the zenith. Lengths are in units of
the object's bounding radius `size`, so that a marble and a lighthouse get the same picture of a lawn.
"""

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from .geometry import Mesh, Z, join, plane, rotation, rounded_box, spline
from .materials import Material, Part
from .scene import Random
from .strewn import GRATING, around, bars, leaves, stones
from .textures import blend, fbm, planks, smoothstep, vivid, wood

Array = NDArray[np.float64]
WIDTH, HEIGHT = 512, 256
PI = np.pi


class Sky:
    """Directions of an environment map, and the brushes that paint on it."""

    def __init__(self, rng: Random) -> None:
        self.rng = rng
        self.azimuth = np.broadcast_to((np.arange(WIDTH) + 0.5) / WIDTH * 2 * PI, (HEIGHT, WIDTH))
        self.elevation = np.broadcast_to((PI / 2 - (np.arange(HEIGHT) + 0.5) / HEIGHT * PI)[:, None], (HEIGHT, WIDTH))
        self.up = np.sin(self.elevation)
        self.clouds, self.fine = fbm(rng, HEIGHT, WIDTH, 1.6), fbm(rng, HEIGHT, WIDTH, 1.2)

    def disk(self, image: Array, azimuth: float, elevation: float, radius: float, radiance: object) -> None:
        """A round light added to the image [h, w, 3], in place; `radius` in radians."""
        near = np.abs(self.elevation[:, 0] - elevation) < 2 * radius  # beyond, less than one part in a million of it
        rows = self.elevation[near, :1]
        cosine = np.sin(rows) * np.sin(elevation) + np.cos(rows) * np.cos(elevation) * np.cos(self.azimuth[:1] - azimuth)
        angle = np.arccos(np.clip(cosine, -1, 1))
        image[near] += np.exp(-((angle / radius) ** 4))[..., None] * np.asarray(radiance, float)

    def box(
        self, image: Array, azimuth: float, elevation: float, width: float, height: float, colour: object, light: bool = False
    ) -> None:
        """A soft rectangle on the image [h, w, 3], in place; half-widths in radians. `light`: added, not laid over."""
        across = smoothstep(width * 1.15, width * 0.85, np.abs((self.azimuth[0] - azimuth + PI) % (2 * PI) - PI))
        along = smoothstep(height * 1.15, height * 0.85, np.abs(self.elevation[:, 0] - elevation))
        place = np.ix_(np.flatnonzero(along), np.flatnonzero(across))
        inside = (along[:, None] * across)[place][..., None]
        under = image[place]
        image[place] = under + inside * (np.asarray(colour, float) - (0 if light else under))

    def trees(self, image: Array, colour: tuple[float, float, float], top: float) -> Array:
        bumps = ndimage.gaussian_filter1d(self.rng.standard_normal(WIDTH), 3, mode="wrap")
        twigs = ndimage.gaussian_filter1d(self.rng.standard_normal(WIDTH), 0.7, mode="wrap")
        line = np.maximum(top * (0.5 + 0.5 * np.clip(bumps * 1.5, -1, 1) + 0.25 * twigs), 0.01)
        mask = (smoothstep(0.02, -0.01, self.elevation - line[None]) * (self.elevation > -0.05))[..., None]
        leaves = blend(np.array(colour) * 0.5, np.array(colour) * 1.3, np.clip(0.5 + 0.35 * self.fine, 0, 1))
        return np.asarray(image * (1 - mask) + leaves * mask)

    def buildings(self, image: Array) -> Array:
        rng, image = self.rng, image.copy()
        windows = (np.arange(HEIGHT)[:, None] % 4 < 2) & (np.arange(WIDTH)[None] % 4 < 2)
        x = 0
        while x < WIDTH:
            part = slice(x, x + int(rng.integers(8, 40)))
            colour = rng.uniform(0.15, 0.55) * np.array([1, rng.uniform(0.85, 1), rng.uniform(0.75, 1)])
            wall = (self.elevation < rng.uniform(0.05, 0.4)) & (self.elevation > -0.03)
            face = np.where(windows[:, part, None], colour * 0.5, colour)
            image[:, part] = np.where(wall[:, part, None], face, image[:, part])
            x = part.stop
        return image


DIRECTED = frozenset({"backlit", "side", "neon"})
"""The lights that come from a side of the camera's: in their maps azimuth 0 is straight behind the object, and a quarter turn
is on its right."""


def environment(rng: Random, light: str, background: str) -> NDArray[np.float32]:
    """The environment map [256, 512, 3] of a light ("sunny", "night", ...) and background."""
    sky = Sky(rng)
    paint = {
        "sunny": _daylight, "overcast": _daylight, "sunset": _daylight,
        "night": _night, "dark": _dark, "studio": _studio, "indoors": _room,
        "backlit": _backlit, "side": _side, "neon": _neon, "headlights": _beyond_headlights,
    }[light]  # fmt: skip
    return np.maximum(paint(sky, light, background), 0).astype(np.float32)


def _daylight(sky: Sky, light: str, background: str) -> Array:
    rng, up = sky.rng, sky.up
    if light == "sunset":
        dome = blend((1.2, 0.55, 0.25), (0.25, 0.3, 0.6), np.clip(up * 2.2, 0, 1))
        height, sun, glare = rng.uniform(0.06, 0.16), np.array((320.0, 150.0, 50.0)), 0.6
    elif light == "sunny":
        dome = blend((0.75, 0.85, 1.0), (0.2, 0.4, 0.9), np.clip(up * 1.6, 0, 1) ** 0.7)
        height, sun, glare = rng.uniform(0.5, 1.15), np.array((1000.0, 920.0, 780.0)) * rng.uniform(0.5, 1.2), 0.95
    else:
        dome = blend((0.9, 0.92, 0.95), (0.75, 0.8, 0.85), np.clip(up, 0, 1))
        height, sun, glare = 0.9, np.zeros(3), 0.0
    cover = smoothstep(rng.uniform(-0.2, 0.8), 1.6, sky.clouds) * (up > 0)
    dome = blend(dome, np.ones(3) * glare, cover * 0.9) if glare else dome * (1 + 0.08 * sky.clouds[..., None])
    image = np.where(up[..., None] > 0, dome, np.array((0.25, 0.24, 0.2)))
    if background == "buildings":
        image = sky.buildings(image)
    else:
        greens = ((0.05, 0.10, 0.03), (0.08, 0.09, 0.04), (0.12, 0.09, 0.05))
        image = sky.trees(image, greens[rng.integers(3)], rng.uniform(0.06, 0.35))
    sky.disk(image, rng.uniform(0, 2 * PI), height, 0.035, sun)
    return image


def _night(sky: Sky, light: str, background: str) -> Array:
    rng = sky.rng
    image = blend((0.012, 0.014, 0.03), (0.004, 0.006, 0.02), np.clip(sky.up * 2, 0, 1))
    image = sky.trees(image, (0.003, 0.004, 0.003), 0.2)
    lamps = np.array([[1, 0.75, 0.4], [1, 0.9, 0.75], [0.7, 0.85, 1], [1, 0.3, 0.2]])
    for _ in range(rng.integers(6, 18)):
        radiance = lamps[rng.integers(4)] * rng.uniform(1, 5)
        sky.disk(image, rng.uniform(0, 2 * PI), rng.uniform(0, 0.2), rng.uniform(0.008, 0.02), radiance)
    sky.disk(image, rng.uniform(0, 2 * PI), rng.uniform(0.6, 1.2), 0.12, np.array((1.0, 0.72, 0.4)) * 5)
    return image


def _dark(sky: Sky, light: str, background: str) -> Array:
    image = np.ones((HEIGHT, WIDTH, 3)) * np.array((0.012, 0.009, 0.006))
    sky.box(image, sky.rng.uniform(0, 2 * PI), 0.5, 0.2, 0.2, (0.25, 0.17, 0.1), light=True)
    return image


def _studio(sky: Sky, light: str, background: str) -> Array:
    rng = sky.rng
    image = np.ones((HEIGHT, WIDTH, 3)) * rng.uniform(0.5, 0.8)
    sky.box(image, rng.uniform(0, 2 * PI), rng.uniform(0.5, 1.0), 0.5, 0.35, 7.0, light=True)
    sky.box(image, rng.uniform(0, 2 * PI), rng.uniform(0.3, 0.9), 0.4, 0.4, 3.0, light=True)
    return image


def _room(sky: Sky, light: str, background: str) -> Array:
    rng = sky.rng
    walls = (
        (0.62, 0.56, 0.47),
        (0.5, 0.5, 0.52),
        (0.55, 0.42, 0.32),
        (0.35, 0.42, 0.45),
        (0.6, 0.6, 0.55),
        (0.42, 0.3, 0.22),
    )
    wall = np.array(walls[rng.integers(6)]) * rng.uniform(0.5, 1.0)
    image = wall * (1 + 0.06 * sky.clouds[..., None])
    image = np.where(sky.up[..., None] > 0.7, wall * 1.3, image)
    for _ in range(rng.integers(4, 10)):  # furniture and pictures
        colour = rng.uniform(0.03, 0.6, 3)
        where = (rng.uniform(0, 2 * PI), rng.uniform(-0.1, 0.45), rng.uniform(0.05, 0.3), rng.uniform(0.05, 0.3))
        sky.box(image, *where, colour * 0.6 + colour.mean() * 0.4)
    azimuth = rng.uniform(0, 2 * PI)
    window = (azimuth, rng.uniform(0.25, 0.5), rng.uniform(0.25, 0.5), 0.35)
    sky.box(image, *window, np.array((1.0, 0.98, 0.93)) * rng.uniform(5, 10), light=True)
    if rng.random() < 0.7:
        lamp = (azimuth + rng.uniform(1.5, 4), rng.uniform(0.9, 1.2), 0.5, 0.2)
        sky.box(image, *lamp, np.array((1.0, 0.85, 0.65)) * rng.uniform(3, 7), light=True)
    return image


def _backlit(sky: Sky, light: str, background: str) -> Array:
    """A low sun behind the object, or a large window."""
    rng = sky.rng
    behind = rng.uniform(-0.35, 0.35)
    if background == "room":
        wall = np.array((0.5, 0.46, 0.42)) * rng.uniform(0.25, 0.4)
        image = wall * (1 + 0.06 * sky.clouds[..., None])
        window = (behind, rng.uniform(0.3, 0.42), rng.uniform(0.45, 0.7), 0.42)
        sky.box(image, *window, np.array((1.0, 0.98, 0.95)) * rng.uniform(14, 20), light=True)
        sky.box(image, behind, 0.36, 0.02, 0.5, wall)  # a bar of the window
        return image
    dome = blend((1.15, 0.98, 0.75), (0.35, 0.5, 0.8), np.clip(sky.up * 2, 0, 1))
    dome = dome * (0.6 + 0.4 * np.cos(sky.azimuth))[..., None]
    sky.disk(dome, behind, 0.3, 0.55, (1.6, 1.25, 0.8))
    image = np.where(sky.up[..., None] > 0, dome, np.array((0.25, 0.24, 0.2)))
    if background == "buildings":
        image = sky.buildings(image)
    else:
        image = sky.trees(image, (0.05, 0.08, 0.03), rng.uniform(0.06, 0.2))
    sky.disk(image, behind, rng.uniform(0.28, 0.42), 0.04, (1150.0, 960.0, 690.0))
    return image


def _side(sky: Sky, light: str, background: str) -> Array:
    """One small bright lamp on a side, in front of a dark wall."""
    rng = sky.rng
    wall = np.array((0.5, 0.5, 0.52)) * rng.uniform(0.02, 0.05) * (1 + 0.08 * sky.clouds[..., None])
    place = rng.choice([-1, 1]) * rng.uniform(1.45, 1.85)
    sky.disk(wall, place, rng.uniform(0.25, 0.5), 0.06, np.array((1.0, 0.95, 0.88)) * 260)
    return wall


def _neon(sky: Sky, light: str, background: str) -> Array:
    """Two coloured tubes left and right, and their shine on the walls."""
    rng = sky.rng
    pairs = (((1.0, 0.05, 0.5), (0.05, 0.55, 1.0)), ((1.0, 0.08, 0.06), (0.1, 0.25, 1.0)), ((0.7, 0.1, 1.0), (0.05, 1.0, 0.7)))
    left, right = (np.array(c) for c in pairs[rng.integers(3)])
    image = np.ones((HEIGHT, WIDTH, 3)) * 0.012
    for sign, colour in ((-1, left), (1, right)):
        sky.disk(image, sign * 0.9, 0.3, 1.0, colour * 0.22)
        for i in range(2):
            tube = (sign * rng.uniform(1.0 + 0.5 * i, 1.4 + 0.5 * i), rng.uniform(0.3, 0.5), 0.07, 0.4)
            sky.box(image, *tube, colour * rng.uniform(14, 22), light=True)
    return image


def _beyond_headlights(sky: Sky, light: str, background: str) -> Array:
    """The night around what headlights light up."""
    image = blend((0.008, 0.009, 0.016), (0.003, 0.004, 0.012), np.clip(sky.up * 2, 0, 1))
    if background == "buildings":
        image = np.minimum(sky.buildings(image), 0.02)
    return sky.trees(image, (0.004, 0.006, 0.003), 0.15)


# --- grounds ------------------------------------------------------------------------------------------------------------


def ground(rng: Random, kind: str, size: float) -> list[Part]:
    """The parts of a ground around the origin, at height 0. `kind` is a value of the vocabulary or "none"."""
    if kind == "none":
        return []
    if kind == "grass":
        return _grass(rng, size)
    if kind in _HILLS:
        return _hills(rng, kind, size)
    if kind == "gravel":
        bed = Material(_speckled(rng, (0.36, 0.34, 0.32), 0.3, 0.5), kind="diffuse")
        return [Part(plane(40 * size, 30.0).moved(shift=(0, 0, -0.03 * size)), bed), stones(rng, size)]
    if kind == "leaves":
        bed = Material(_speckled(rng, (0.36, 0.22, 0.11), 0.45, 0.5), kind="diffuse")
        return [Part(plane(40 * size, 30.0).moved(shift=(0, 0, -0.01 * size)), bed), leaves(rng, size)]
    if kind == "grid":
        pit = Material(_speckled(rng, (0.1, 0.1, 0.105), 0.3, 1.2), kind="diffuse")
        steel = Material((0.5, 0.51, 0.53), roughness=rng.uniform(0.4, 0.55), metallic=0.9)
        floor = plane(GRATING * size, 3.0).moved(shift=(0, 0, -0.6 * size))
        beyond = around(GRATING * size, 40 * size).moved(shift=(0, 0, -0.02 * size))
        return [Part(bars(size), steel), Part(floor, pit), Part(beyond, Material((0.3, 0.3, 0.31), kind="diffuse"))]
    if kind == "clutter":
        return [Part(plane(40 * size, 10.0), _pavement(rng, str(rng.choice(["wood", "white"])), size))]
    return [Part(plane(40 * size, _REPEATS.get(kind, 10.0)), _pavement(rng, kind, size))]


_REPEATS = {"asphalt": 24.0, "brick": 14.0, "tile": 9.0, "carpet": 30.0, "marble": 8.0, "white": 1.0, "water": 10.0}
_HILLS = {  # colour, height of the bumps, contrast of the colour
    "snow": ((0.93, 0.94, 0.97), 0.06, 0.015),
    "sand": ((0.8, 0.68, 0.48), 0.03, 0.07),
    "dirt": ((0.36, 0.26, 0.17), 0.03, 0.2),
    "mud": ((0.3, 0.2, 0.125), 0.05, 0.2),
    "puddles": ((0.2, 0.2, 0.21), 0.03, 0.16),
}
_WET = {
    "mud": Material((0.13, 0.095, 0.06), roughness=0.06),
    "puddles": Material((0.035, 0.04, 0.045), roughness=0.03, specular=0.8),
}
"""What stands in the hollows."""
_GLOSS = {"mud": (0.4, 0.5), "puddles": (0.6, 0.4)}
"""Roughness and specular of what is wet."""


def _speckled(rng: Random, colour: object, contrast: float, beta: float) -> Array:
    return np.clip(np.asarray(colour, float) * (1 + contrast * fbm(rng, 512, 512, beta)[..., None]), 0, 1)


def _pavement(rng: Random, kind: str, size: float) -> Material:
    if kind == "asphalt":
        return Material(_speckled(rng, (0.3, 0.3, 0.31), 0.16, 0.6), kind="diffuse")
    if kind == "concrete":
        return Material(_speckled(rng, (0.6, 0.58, 0.55), 0.09, 1.1), kind="diffuse")
    if kind == "carpet":
        colours = ((0.45, 0.1, 0.1), (0.3, 0.32, 0.4), (0.6, 0.52, 0.4), (0.2, 0.25, 0.2))
        return Material(_speckled(rng, colours[rng.integers(4)], 0.22, 0.4), kind="diffuse")
    if kind == "white":
        return Material((0.9, 0.9, 0.9), kind="diffuse")
    if kind == "wood":
        repeat = 40.0 / 2.6 * rng.uniform(0.6, 1.2) / _REPEATS.get("wood", 10.0)
        return Material(planks(rng, int(rng.integers(3, 7))), roughness=rng.uniform(0.2, 0.5), repeat=repeat)
    if kind == "marble":
        veins = np.abs(np.sin(3 * fbm(rng, 512, 512, 1.8) + 1.5 * fbm(rng, 512, 512, 1.3))) ** 0.4
        return Material(blend((0.55, 0.55, 0.57), (0.92, 0.91, 0.9), veins), roughness=0.1)
    if kind == "water":
        waves = ndimage.gaussian_filter(fbm(rng, 512, 512, 1.3), 1.5)
        return Material(
            (0.03, 0.09, 0.11),
            roughness=0.05,
            specular=0.8,
            bump=waves / waves.std() * 0.5 + 0.5,
            bump_scale=0.6 * size,
        )
    pattern = {"brick": _bricks, "tile": _tiles, "cloth": _checks}[kind](rng)
    return Material(pattern, roughness=0.15) if kind == "tile" else Material(pattern, kind="diffuse")


def _bricks(rng: Random) -> Array:
    image = np.ones((512, 512, 3)) * 0.6
    for row in range(16):
        for column in range(-1, 8):
            left = column * 64 + (row % 2) * 32
            colour = np.array((0.5, 0.22, 0.15)) * rng.uniform(0.7, 1.2)
            image[row * 32 + 2 : row * 32 + 30, max(left + 2, 0) : max(left + 62, 0)] = colour
    return np.clip(image * (1 + 0.1 * fbm(rng, 512, 512, 0.8)[..., None]), 0, 1)


def _tiles(rng: Random) -> Array:
    pairs = (
        ((0.85, 0.85, 0.82), (0.75, 0.75, 0.72)),
        ((0.9, 0.9, 0.9), (0.15, 0.15, 0.15)),
        ((0.7, 0.5, 0.35), (0.65, 0.45, 0.32)),
    )
    first, second = pairs[rng.integers(3)]
    y, x = np.mgrid[:512, :512]
    image = np.where(((y // 128 + x // 128) % 2 == 0)[..., None], first, second)
    joint = (y % 128 >= 126) | (x % 128 >= 126)
    return np.asarray(np.where(joint[..., None], image * 0.4, image))


def _checks(rng: Random) -> Array:
    y, x = np.mgrid[:256, :256]
    stripes = (np.sin(x / 256 * 8 * PI) > 0).astype(float) + (np.sin(y / 256 * 8 * PI) > 0)
    return blend(np.array(vivid(rng)) * 0.8 + 0.1, (0.93, 0.92, 0.9), stripes / 2)


def _hills(rng: Random, kind: str, size: float) -> list[Part]:
    colour, height, contrast = _HILLS[kind]
    n = 200
    axis = np.linspace(-1, 1, n)
    x, y = np.meshgrid(np.sign(axis) * axis**2 * 8 * size, np.sign(axis) * axis**2 * 8 * size)
    i, j = (((v / (8 * size) * 0.5 + 0.5) * 511).astype(int) for v in (y, x))
    broad, fine = fbm(rng, 512, 512, 1.9), fbm(rng, 512, 512, 1.2)
    z = size * height * (broad[i, j] + 0.25 * fine[i * 7 % 512, j * 7 % 512] * np.exp(-(x**2 + y**2) / (4 * size) ** 2))
    if kind == "sand":
        z = z + size * 0.015 * np.sin((x * np.cos(0.4) + y * np.sin(0.4)) / size * 22 + 3 * broad[i, j])
    if kind in _WET:
        z = z + 0.5 * size * height * fine[i, j] * (kind == "mud")
        z = z + 0.4 * size * height * np.exp(-((x**2 + y**2) / (0.9 * size) ** 2))  # the object stands in the dry
    z = z - z[n // 2 - 8 : n // 2 + 8, n // 2 - 8 : n // 2 + 8].mean()
    corner = (np.arange(n - 1)[:, None] * n + np.arange(n - 1)[None]).ravel()
    faces = np.concatenate(
        [np.stack([corner, corner + 1, corner + n + 1], 1), np.stack([corner, corner + n + 1, corner + n], 1)]
    )
    mesh = Mesh(
        np.stack([x, y, z], -1).reshape(-1, 3), faces.astype(np.int32), np.stack([x, y], -1).reshape(-1, 2) / (2 * size)
    )
    beyond = plane(40 * size).moved(shift=(0, 0, -0.06 * size))
    roughness, specular = _GLOSS.get(kind, (0.8, 0.2))
    parts = [
        Part(mesh.smoothed(), Material(_speckled(rng, colour, contrast, 0.9), roughness=roughness, specular=specular)),
        Part(
            beyond,
            Material(colour, roughness=roughness, specular=specular) if kind in _WET else Material(colour, kind="diffuse"),
        ),
    ]
    if kind in _WET:
        level = float(np.quantile(z[n // 4 : -n // 4, n // 4 : -n // 4], 0.28))
        parts.append(Part(plane(8 * size).moved(shift=(0, 0, level)), _WET[kind]))
    return parts


def _grass(rng: Random, size: float) -> list[Part]:
    greens = ((0.2, 0.38, 0.07), (0.27, 0.4, 0.1), (0.33, 0.4, 0.14))
    green = np.array(greens[rng.integers(3)])
    turf = blend(green * 0.45, green, np.clip(0.5 + 0.3 * fbm(rng, 512), 0, 1))
    blades = _blades(rng, size, 20_000)
    shades = np.clip(green * rng.uniform(0.7, 1.5, (1, 64, 1)) + rng.normal(0, 0.03, (1, 64, 3)), 0, 1)
    gradient = np.linspace(1.15, 0.35, 16)[:, None, None]
    return [
        Part(plane(40 * size, 8.0), Material(turf, kind="diffuse")),
        Part(blades, Material(np.clip(shades * gradient, 0, 1), kind="diffuse")),
    ]


def _blades(rng: Random, size: float, n: int) -> Mesh:
    """`n` bent blades of five vertices, denser near the object."""
    length = rng.uniform(0.05, 0.11) * min(size, 1.6) * 1.2
    radius, angle = np.sqrt(rng.random(n)) * 5.5 * size, rng.uniform(0, 2 * PI, n)
    foot = np.stack([radius * np.cos(angle), radius * np.sin(angle), np.zeros(n)], 1)
    turn = rng.uniform(0, 2 * PI, n)
    side = np.stack([np.cos(turn), np.sin(turn), np.zeros(n)], 1)
    height = (length * rng.uniform(0.5, 1.3, n))[:, None]
    width = (length * 0.07 * (1 + radius / (4 * size)))[:, None]
    tip = np.concatenate([rng.normal(0, 0.55, (n, 2)), np.ones((n, 1))], 1) * height
    knee = tip * np.array([0.35, 0.35, 0.6])
    vertices = np.stack(
        [
            foot - side * width,
            foot + side * width,
            foot + knee - side * width * 0.7,
            foot + knee + side * width * 0.7,
            foot + tip,
        ],
        1,
    )
    faces = (np.array([[0, 1, 3], [0, 3, 2], [2, 3, 4]])[None] + 5 * np.arange(n)[:, None, None]).reshape(-1, 3)
    uv = np.stack([np.repeat(rng.random(n), 5), np.tile([1.0, 1.0, 0.45, 0.45, 0.0], n)], 1)
    normals = np.repeat(np.array([[0.0, 0.0, 1.0]]) + side[:, [1, 0, 2]] * 0.5, 5, 0)
    normals /= np.linalg.norm(normals, axis=1, keepdims=True)
    return Mesh(vertices.reshape(-1, 3), faces.astype(np.int32), uv, normals)


# --- things in front ----------------------------------------------------------------------------------------------------


def occluder(rng: Random, kind: str, size: float, centre: Array, towards: Array) -> Part:
    """Leaves or a post between object and camera. `towards`: unit vector from the object to the camera."""
    right = np.cross(towards, [0, 0, 1.0])
    right /= np.linalg.norm(right) + 1e-9
    place = centre + towards * size * 1.25
    if kind == "post":
        width = size * 0.35
        post = rounded_box(width, width * 0.5, size * 8, 0.02 * size)
        shift = place + right * rng.choice([-1, 1]) * size * 0.2
        return Part(post.moved(shift=(shift[0], shift[1], centre[2])), Material(wood(rng, 256, 256), roughness=0.6))
    leaves = []
    for _ in range(60):
        spot = place + right * rng.uniform(-1.3, 1.3) * size + np.array(Z) * rng.uniform(-1.1, 1.2) * size
        leaf = _leaf(size * rng.uniform(0.12, 0.26))
        spin = rotation(tuple(rng.normal(size=3)), float(rng.uniform(0, 360)))
        leaves.append(leaf.moved(rotate=spin, shift=tuple(spot + towards * rng.uniform(-0.1, 0.2) * size)))
    return Part(join(leaves), Material((0.15, 0.35, 0.08), roughness=0.5))


def _leaf(length: float) -> Mesh:
    outline = spline([(0, 0, 0), (0.25, 0.5, 0.1), (0, 1, 0), (-0.25, 0.5, 0.1)], 20, closed=True) * length
    vertices = np.vstack([[[0, 0.5 * length, 0.02 * length]], outline])
    faces = np.array([[0, i + 1, i + 2] for i in range(19)], dtype=np.int32)
    return Mesh(vertices, faces, np.zeros((len(vertices), 2))).smoothed()
