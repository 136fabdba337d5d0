"""Procedural pictures for surfaces: sRGB arrays [h, w, 3] in 0..1, height maps [h, w]."""

import colorsys
from collections.abc import Callable
from functools import cache
from typing import Any, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray
from PIL import Image, ImageDraw, ImageFont
from scipy import fft

from .geometry import Mesh, rotation

Array = NDArray[np.float64]
Colour = tuple[float, float, float]
T = TypeVar("T")


@cache
def _spectrum(h: int, w: int, beta: float, stretch: tuple[float, float]) -> NDArray[np.float32]:
    fy, fx = np.fft.fftfreq(h)[:, None] * stretch[1] * h, np.fft.fftfreq(w)[None] * stretch[0] * w
    frequency = np.hypot(fy, fx)
    frequency[0, 0] = 1
    power = frequency**-beta
    power[0, 0] = 0
    return np.asarray(power[:, : w // 2 + 1], dtype=np.float32)


def fbm(
    rng: np.random.Generator, h: int, w: int | None = None, beta: float = 1.8, stretch: tuple[float, float] = (1.0, 1.0)
) -> Array:
    """Seamless noise [h, w] with spectrum 1/f^beta, mean 0, deviation 1; `stretch` (x, y) > 1 makes it finer that way."""
    w = w or h
    white = rng.standard_normal((h, w), dtype=np.float32)
    noise = fft.irfft2(fft.rfft2(white) * _spectrum(h, w, beta, stretch), (h, w)).astype(np.float64)
    return np.asarray((noise - noise.mean()) / (noise.std() + 1e-9))


def strokes(rng: np.random.Generator, h: int, w: int, angle: float, beta: float = 1.0, long: float = 8.0) -> Array:
    """Seamless noise [h, w] drawn out `long` times along `angle` (radians from x to y): hatching, bristles, needles."""
    fy, fx = np.fft.fftfreq(h)[:, None] * h, np.fft.rfftfreq(w)[None] * w
    along, across = np.cos(angle) * fx + np.sin(angle) * fy, np.cos(angle) * fy - np.sin(angle) * fx
    frequency = np.hypot(along * long, across)
    frequency[0, 0] = np.inf
    noise = np.fft.irfft2(np.fft.rfft2(rng.standard_normal((h, w))) * frequency**-beta, (h, w))
    return np.asarray((noise - noise.mean()) / (noise.std() + 1e-9))


def linear(srgb: ArrayLike) -> Array:
    """sRGB -> linear light (IEC 61966-2-1). Whole pictures are looked up, to one part in 4,096 of the range."""
    c = np.asarray(srgb, float)
    if c.size < len(_steps()):
        return _linear(c)
    return np.asarray(_steps()[np.rint(np.clip(c, 0, 1) * (len(_steps()) - 1)).astype(np.intp)])


def _linear(c: Array) -> Array:
    return np.where(c <= 0.04045, c / 12.92, ((np.maximum(c, 0) + 0.055) / 1.055) ** 2.4)


@cache
def _steps() -> Array:
    """Linear light at even steps of sRGB."""
    return _linear(np.linspace(0, 1, 4096))


def blend(a: ArrayLike, b: ArrayLike, t: ArrayLike) -> Array:
    """a where t is 0, b where t is 1; t [h, w] against colours [3] or [h, w, 3]."""
    weight = np.asarray(t, float)[..., None]
    return np.asarray(np.asarray(a, float) * (1 - weight) + np.asarray(b, float) * weight)


def smoothstep(a: float, b: float, x: ArrayLike) -> Array:
    t = np.clip((np.asarray(x, float) - a) / (b - a), 0, 1)
    return np.asarray(t * t * (3 - 2 * t))


_WOODS = (
    ((0.72, 0.5, 0.3), (0.45, 0.27, 0.13)),
    ((0.55, 0.36, 0.2), (0.3, 0.18, 0.1)),
    ((0.85, 0.68, 0.47), (0.65, 0.45, 0.27)),
    ((0.4, 0.22, 0.13), (0.22, 0.11, 0.06)),
)


def wood(
    rng: np.random.Generator, h: int = 512, w: int = 512, dark: Colour | None = None, light: Colour | None = None
) -> Array:
    """Grain along x; a random kind of wood unless both colours are given."""
    if dark is None or light is None:
        light, dark = _WOODS[rng.integers(len(_WOODS))]
    rings, fibres = fbm(rng, h, w, 1.7, (0.12, 1.5)), fbm(rng, h, w, 1.2, (0.03, 2.5))
    return blend(light, dark, np.clip(0.5 + 0.25 * np.sin(rings * 5) + 0.22 * fibres, 0, 1))


def planks(rng: np.random.Generator, n: int = 6, size: int = 512) -> Array:
    """`n` boards of one wood, each shifted and shaded a little, with dark joints."""
    image = wood(rng, size, size)
    height = size // n
    for i in range(n):
        board = slice(i * height, (i + 1) * height)
        image[board] = np.roll(image[board], rng.integers(size), axis=1) * rng.uniform(0.75, 1.15)
        image[i * height : i * height + 2] *= 0.35
    return np.clip(image, 0, 1)


def drawing(width: int, height: int, draw: Callable[[Any, Image.Image], None]) -> Array:
    """What `draw(d, image)` paints with a Pillow ImageDraw on black, as [height, width, 3]."""
    image = Image.new("RGB", (width, height))
    draw(ImageDraw.Draw(image), image)
    return np.asarray(image) / 255.0


@cache
def font(size: int) -> Any:
    """Pillow's own scalable font: no file is needed."""
    return ImageFont.load_default(size)


def ink(colour: Colour) -> tuple[int, int, int]:
    """A colour in 0..1 as Pillow has it."""
    r, g, b = (int(255 * c) for c in colour)
    return r, g, b


@cache
def sphere_directions(w: int = 1024, h: int = 512) -> Array:
    """Unit directions [h, w, 3] of the pixels of a latitude-longitude map."""
    around, polar = (np.arange(w) + 0.5) / w * 2 * np.pi, (np.arange(h) + 0.5) / h * np.pi
    ring = np.sin(polar)[:, None]
    height = np.broadcast_to(np.cos(polar)[:, None], (h, w))
    return np.stack([ring * np.cos(around), ring * np.sin(around), height], -1)


@cache
def fibonacci_sphere(n: int) -> Array:
    """`n` evenly spread unit vectors [n, 3]."""
    i = np.arange(n) + 0.5
    polar, around = np.arccos(1 - 2 * i / n), np.pi * (1 + 5**0.5) * i
    return np.stack([np.cos(around) * np.sin(polar), np.sin(around) * np.sin(polar), np.cos(polar)], 1)


def vivid(rng: np.random.Generator) -> Colour:
    return colorsys.hsv_to_rgb(float(rng.random()), float(rng.uniform(0.5, 1)), float(rng.uniform(0.4, 0.95)))


def muted(rng: np.random.Generator) -> Colour:
    r, g, b = rng.uniform(0.05, 0.9, 3) * 0.7 + 0.15 * rng.random()
    return float(r), float(g), float(b)


def choice(rng: np.random.Generator, *options: T) -> T:
    return options[int(rng.integers(len(options)))]


def tilted(rng: np.random.Generator, mesh: Mesh) -> Mesh:
    """In a random orientation."""
    return mesh.moved(rotate=rotation(tuple(rng.normal(size=3)), float(rng.uniform(0, 360))))
