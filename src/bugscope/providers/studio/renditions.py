"""The picture in another medium: drawn, painted, printed, toned. Colours [h, w, 3] in sRGB 0..1 -> the same.

Lengths are fractions of the picture's smaller side, so that a rendition looks alike at every size.
"""

from functools import cache

import numpy as np
from numpy.typing import ArrayLike, NDArray
from PIL import Image
from scipy import ndimage

from .materials import LUMINANCE
from .scene import Random
from .shots import Array, grid
from .textures import blend, fbm, smoothstep, strokes

CELLS = 64
"""Cells of pixel art along the smaller side."""
COLOURS = 24
"""Colours of its palette."""
SCREEN = 80
"""Halftone dots along the smaller side."""
_INKS = (((0.0, 0.62, 0.87), 15.0), ((0.88, 0.1, 0.5), 75.0), ((0.99, 0.87, 0.05), 0.0), ((0.1, 0.1, 0.11), 45.0))
"""Cyan, magenta, yellow and black, with the usual angles of their screens in degrees."""
_HEAT = ((0.03, 0.02, 0.16), (0.28, 0.05, 0.5), (0.66, 0.08, 0.47), (0.92, 0.34, 0.15), (1.0, 0.72, 0.1), (1.0, 0.98, 0.8))
"""Cold to warm: the palette that thermal cameras call iron."""


def sketch(image: Array, rng: Random) -> Array:
    """Graphite on paper: lines where the light changes, hatching where it is dark."""
    h, w = image.shape[:2]
    unit = min(h, w) / 224
    light = _spread(_flattened(image, 2 * unit) @ LUMINANCE)
    dodged = np.clip(light / (ndimage.gaussian_filter(light, 5 * unit) + 0.02), 0, 1) ** 1.8
    angle = rng.uniform(0.6, 0.9)
    hatching = np.clip(strokes(rng, h, w, -angle, 0.5, 20.0), -1, 1)
    crossed = np.clip(strokes(rng, h, w, angle, 0.5, 20.0), -1, 1)
    dark = 1 - ndimage.gaussian_filter(light, 1.2 * unit)
    shade = 0.62 * smoothstep(0.3, 0.95, dark) * (0.6 + 0.4 * hatching) + 0.3 * smoothstep(0.65, 1.0, dark) * crossed
    grain = 0.02 * fbm(rng, h, w, 0.4)
    tone = np.minimum(dodged, 1 - 0.9 * _outlines(light, 0.9 * unit)) * (1 - np.clip(shade, 0, 1)) + grain
    return blend((0.16, 0.16, 0.18), (0.97, 0.96, 0.93), np.clip(tone, 0, 1))


def painting(image: Array, rng: Random) -> Array:
    """Oil on canvas: flat dabs that follow the edges, strong colours, light caught by the ridges of the brush."""
    h, w = image.shape[:2]
    unit = min(h, w) / 224
    dabs = _flattened(image, 3.2 * unit)
    ridges = _combed(rng.standard_normal((h, w)), dabs @ LUMINANCE, round(7 * unit))
    relief = np.gradient(ndimage.gaussian_filter(ridges / ridges.std(), 0.5 * unit))
    canvas = 0.012 * (np.sin(np.arange(h) * 2.1 / unit)[:, None] + np.sin(np.arange(w) * 2.1 / unit))
    lit = 1 + 0.1 * np.clip(relief[0] + 0.6 * relief[1], -2, 2) + canvas
    return np.clip(_saturated(dabs + 0.03 * (ridges / ridges.std())[..., None], 1.4) * lit[..., None], 0, 1)


def cartoon(image: Array, rng: Random) -> Array:
    """Flat areas of few, strong colours with dark outlines."""
    h, w = image.shape[:2]
    unit = min(h, w) / 224
    flat = _flattened(_flattened(image, 2.5 * unit), 2.5 * unit)
    light = np.clip(flat @ LUMINANCE, 0.02, 1)
    levels = 6
    step = (np.floor(light * levels) + 0.5) / levels
    stepped = step + smoothstep(0.75, 1.0, light * levels % 1) / levels  # steps with soft edges
    coloured = np.clip(_saturated(flat * (stepped / light)[..., None], 1.6), 0, 1)
    ink = _outlines(_spread(light), 1.15 * unit)
    wobble = 1 + 0.15 * fbm(rng, h, w, 2.0)  # no two lines are equally thick
    return np.asarray(coloured * (1 - np.clip(1.25 * ink * wobble, 0, 1))[..., None])


def pixel_art(image: Array, rng: Random) -> Array:
    """Large square cells in the colours of a small palette."""
    h, w = image.shape[:2]
    rows, columns = round(CELLS * h / min(h, w)), round(CELLS * w / min(h, w))
    small = _picture(_saturated(image, 1.3)).resize((columns, rows), Image.Resampling.BOX)
    few = small.quantize(COLOURS, Image.Quantize.MAXCOVERAGE, kmeans=2, dither=Image.Dither.NONE).convert("RGB")
    y, x = grid(h, w)
    return np.asarray(few, dtype=np.float64)[(y * rows).astype(int), (x * columns).astype(int)] / 255


def halftone(image: Array, rng: Random) -> Array:
    """Four-colour print on cheap paper: dots of cyan, magenta, yellow and black, larger where more ink is needed."""
    h, w = image.shape[:2]
    twice = np.asarray(_picture(image).resize((2 * w, 2 * h), Image.Resampling.BICUBIC), dtype=np.float32) / 255
    lightest = np.maximum(twice.max(-1, keepdims=True), np.float32(1 / 255))
    needs = [*np.moveaxis(1 - twice / lightest, -1, 0), 1 - lightest[..., 0]]
    step = 2 * np.pi * SCREEN / min(2 * h, 2 * w)
    paper = np.full((2 * h, 2 * w, 3), (0.95, 0.93, 0.88), dtype=np.float32)
    for need, (ink, angle) in zip(needs, _INKS, strict=True):
        cos, sin = step * np.cos(np.radians(angle)), step * np.sin(np.radians(angle))
        shift = rng.uniform(0, 6, 2)  # the four prints never lie exactly on each other
        wave = (_ripples(2 * h, 2 * w, sin, cos, shift[0]) + _ripples(2 * h, 2 * w, cos, -sin, shift[1])) / 2
        dot = np.clip((wave - _cuts()[(need * 255 + 0.5).astype(np.uint8)]) * 2.5 + 0.5, 0, 1)
        paper *= 1 - dot[..., None] * (1 - np.asarray(ink, dtype=np.float32))
    printed = paper.reshape(h, 2, w, 2, 3).mean((1, 3), dtype=np.float64)
    return np.clip(printed + 0.012 * fbm(rng, h, w, 0.6)[..., None], 0, 1)


def grey(image: Array, rng: Random) -> Array:
    """Black and white film: the light alone, with contrast and grain."""
    light = image @ LUMINANCE
    curve = light + 0.22 * np.sin(2 * np.pi * (light - 0.5)) / 2
    return _three(curve + 0.022 * rng.standard_normal(light.shape))


def sepia(image: Array, rng: Random) -> Array:
    """A faded brown print that is darker towards its edges."""
    h, w = image.shape[:2]
    light = np.clip(image @ LUMINANCE, 0, 1)
    light = 0.5 * light + 0.5 * _spread(light)
    y, x = grid(h, w)
    fade = 1 - 0.3 * smoothstep(0.35, 0.8, np.hypot(y - 0.5, x - 0.5))
    tone = blend((0.18, 0.1, 0.05), (0.98, 0.9, 0.72), 0.06 + 0.88 * light + 0.02 * fbm(rng, h, w, 0.5))
    return np.asarray(tone * fade[..., None])


def thermal(image: Array, rng: Random) -> Array:
    """A thermal camera of few pixels: brighter is taken for warmer, in false colours."""
    h, w = image.shape[:2]
    unit = min(h, w) / 224
    heat = ndimage.gaussian_filter(_spread(image @ LUMINANCE), 1.6 * unit)
    heat = heat + 0.018 * ndimage.gaussian_filter(rng.standard_normal((h, w)), 0.8 * unit) / 0.35
    at = np.clip(heat, 0, 1) * (len(_HEAT) - 1)
    return np.stack([np.interp(at, np.arange(len(_HEAT)), [c[i] for c in _HEAT]) for i in range(3)], -1)


# --- what they share ----------------------------------------------------------------------------------------------------


def _spread(light: Array) -> Array:
    """From the darkest to the brightest hundredth, 0 to 1: a picture at night is drawn as plainly as one by day. What is nearly
    even stays so."""
    low, high = np.percentile(light, (1, 99))
    return np.clip((light - low) / max(high - low, 0.4), 0, 1)


def _outlines(light: Array, width: float) -> Array:
    """1 on edges, by differences of Gaussians (Winnemoeller et al. 2012, XDoG), 0 elsewhere."""
    fine, coarse = (ndimage.gaussian_filter(light, s) for s in (width, 1.6 * width))
    return smoothstep(0.006, 0.035, coarse - fine)


def _flattened(image: Array, radius: float) -> Array:
    """Kuwahara's filter: each pixel takes the mean of the evenest of four squares that touch it, so edges stay sharp."""
    h, w = image.shape[:2]
    reach = max(1, round(radius / 2))
    side = 2 * reach + 1
    light = image @ LUMINANCE
    mean, power = (ndimage.uniform_filter(v, side, mode="nearest") for v in (light, light**2))
    edge = ((reach, reach), (reach, reach))
    spread = np.pad(np.maximum(power - mean**2, 0), edge, mode="edge")
    means = np.pad(ndimage.uniform_filter(image, (side, side, 1), mode="nearest"), (*edge, (0, 0)), mode="edge")
    total, weights = np.zeros_like(image), np.zeros((h, w))
    for y in (0, 2 * reach):
        for x in (0, 2 * reach):
            weight = 1 / (1e-4 + spread[y : y + h, x : x + w]) ** 2
            total += weight[..., None] * means[y : y + h, x : x + w]
            weights += weight
    return total / weights[..., None]


def _combed(noise: Array, light: Array, steps: int) -> Array:
    """Noise smeared along the edges of the light (line integral convolution), as a brush would go."""
    dy, dx = (ndimage.sobel(ndimage.gaussian_filter(light, 1.5), axis=a) for a in (0, 1))
    # where nothing stands out, the brush goes from the upper left to the lower right
    xx, yy, xy = (ndimage.gaussian_filter(v, 5.0) + still for v, still in ((dx * dx, 0.0), (dy * dy, 0.0), (dx * dy, -4e-4)))
    along = 0.5 * np.arctan2(2 * xy, xx - yy) + np.pi / 2
    step_y, step_x = np.sin(along), np.cos(along)
    h, w = noise.shape
    total = noise.copy()
    for sign in (-1, 1):
        y, x = (a.astype(float) for a in np.mgrid[:h, :w])
        for _ in range(steps):
            at = np.clip(y, 0, h - 1).astype(int), np.clip(x, 0, w - 1).astype(int)
            y, x = y + sign * step_y[at], x + sign * step_x[at]
            total += noise[np.clip(y, 0, h - 1).astype(int), np.clip(x, 0, w - 1).astype(int)]
    return total / (2 * steps + 1)


def _ripples(h: int, w: int, down: float, across: float, shift: float) -> NDArray[np.float32]:
    """cos(down * y + across * x + shift) of all pixels [h, w], by the cosine of a sum."""
    y, x = down * np.arange(h)[:, None] + shift, across * np.arange(w)
    parts = ((np.cos(y), np.cos(x)), (np.sin(y), -np.sin(x)))
    return np.asarray(sum(a.astype(np.float32) * b.astype(np.float32) for a, b in parts))


@cache
def _cuts() -> NDArray[np.float32]:
    """Where to cut a screen's wave [256] to ink a share i / 255 of each cell: its quantiles; nothing is inked at 0."""
    wave = np.cos(np.linspace(0, 2 * np.pi, 64, endpoint=False))
    cuts = np.quantile((wave[:, None] + wave) / 2, 1 - np.arange(256) / 255)
    cuts[0], cuts[-1] = 1.3, -1.3
    return cuts.astype(np.float32)


def _saturated(image: Array, factor: float) -> Array:
    light = (image @ LUMINANCE)[..., None]
    return np.clip(light + (image - light) * factor, 0, 1)


def _picture(image: Array) -> Image.Image:
    pixels: NDArray[np.uint8] = (np.clip(image, 0, 1) * 255 + 0.5).astype(np.uint8)
    return Image.fromarray(pixels)


def _three(light: ArrayLike) -> Array:
    return np.repeat(np.clip(np.asarray(light, float), 0, 1)[..., None], 3, axis=2)
