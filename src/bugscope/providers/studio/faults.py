"""What spoils a photograph: wrong settings, stained and glaring lenses, poor files. Colours in sRGB 0..1."""

import io

import numpy as np
from PIL import Image
from scipy import ndimage

from ...media.picture import decode
from .materials import LUMINANCE
from .scene import Random
from .shots import Array, Shot, covered, grid, sampled, spot
from .textures import fbm, linear, smoothstep, strokes

LOW_RESOLUTION = 56
"""Pixels along the smaller side of a low resolution photo, enlarged again."""
JPEG_QUALITY = 7
"""On Pillow's scale of 1 to 95."""
BURNT = (35.0, 55.0)
"""Per cent of an overexposed photo that is burnt out."""


def encoded(light: Array) -> Array:
    """Linear light -> sRGB, clipped to what an 8-bit picture holds."""
    c = np.clip(light, 0, 1)
    return np.where(c <= 0.0031308, 12.92 * c, 1.055 * np.maximum(c, 1e-8) ** (1 / 2.4) - 0.055)


# --- settings -----------------------------------------------------------------------------------------------------------


def overexposed(image: Array, rng: Random) -> Array:
    """Too much light: what is bright is burnt out, and glows into what is beside it."""
    light = linear(image)
    light = light * np.clip(1 / np.percentile(light @ LUMINANCE, 100 - rng.uniform(*BURNT)), 1.6, 5.0)
    burnt = np.clip(light - 1, 0, 2)
    side = min(image.shape[:2])
    return encoded(light + 0.25 * ndimage.gaussian_filter(burnt, (0.02 * side, 0.02 * side, 0)))


def underexposed(image: Array, rng: Random) -> Array:
    """Too little light: dark, and noisy in the shadows."""
    light = linear(image) * rng.uniform(0.14, 0.2)
    return np.clip(encoded(light) + 0.018 * rng.standard_normal(image.shape), 0, 1)


def low_contrast(image: Array, rng: Random) -> Array:
    """Washed out: no black, no white."""
    return np.asarray(rng.uniform(0.5, 0.62) + 0.4 * (image - 0.5))


def unbalanced(image: Array, rng: Random) -> Array:
    """White balance set for another lamp: all of the light is blue, or orange, or green."""
    casts = ((0.5, 0.85, 1.9), (1.75, 0.95, 0.32), (0.75, 1.3, 0.6))
    return encoded(linear(image) * casts[int(rng.integers(3))])


# --- lenses -------------------------------------------------------------------------------------------------------------


def vignette(image: Array, rng: Random) -> Array:
    """A lens too small for the sensor: dark corners."""
    y, x = grid(*image.shape[:2])
    away = np.hypot(y - 0.5, x - 0.5)
    return encoded(linear(image) * (1 - 0.97 * smoothstep(rng.uniform(0.2, 0.26), 0.66, away))[..., None])


def fringes(image: Array, rng: Random) -> Array:
    """Lateral chromatic aberration: red is enlarged more than green, and blue less."""
    spread = rng.uniform(0.02, 0.028)
    y, x = grid(*image.shape[:2])
    planes = [
        sampled(image[..., c : c + 1], 0.5 + (y - 0.5) * scale, 0.5 + (x - 0.5) * scale, order=1)
        for c, scale in enumerate((1 - spread, 1.0, 1 + spread))
    ]
    return np.concatenate(planes, -1)


def flare(image: Array, rng: Random) -> Array:
    """A lamp or the sun at the edge shines into the lens: a glare with rays, a veil, and ghosts on the far side."""
    h, w = image.shape[:2]
    y, x = (v / min(h, w) for v in np.mgrid[:h, :w])
    middle = np.array((h, w)) / min(h, w) / 2
    angle = rng.uniform(1.1, 2.05) * np.pi
    sun = middle + 0.46 * np.array((np.sin(angle) if np.sin(angle) < 0 else -0.7, np.cos(angle)))
    away = np.hypot(y - sun[0], x - sun[1])
    turn = np.arctan2(y - sun[0], x - sun[1])
    rays = 0.5 + 0.5 * np.cos(turn * 7 + rng.uniform(0, 6))
    light = np.exp(-away / 0.05)[..., None] * (1.0, 0.97, 0.9) * 1.6
    light = light + (0.55 * np.exp(-away / 0.3) + 0.28 * rays**6 * np.exp(-away / 0.22))[..., None] * (1.0, 0.88, 0.66)
    tints = ((0.35, 0.85, 0.5), (0.9, 0.5, 0.85), (0.95, 0.75, 0.3), (0.35, 0.6, 1.0))
    for i, (along, radius) in enumerate(((0.45, 0.035), (0.8, 0.065), (1.25, 0.03), (1.5, 0.095), (1.85, 0.05))):
        ghost = sun + (middle - sun) * along * rng.uniform(0.95, 1.05)
        r = np.hypot(y - ghost[0], x - ghost[1]) / radius
        disc = (0.35 + 0.65 * smoothstep(0.5, 1.0, r)) * (1 - smoothstep(0.92, 1.08, r))
        light = light + 0.3 * disc[..., None] * tints[i % 4]
    return 1 - (1 - np.clip(image, 0, 1)) * (1 - np.clip(light, 0, 1))


def dirty(image: Array, rng: Random) -> Array:
    """Fingermarks that smear and veil, and dust out of focus."""
    h, w = image.shape[:2]
    side = min(h, w)
    wiped = strokes(rng, h, w, rng.uniform(0, np.pi), 0.8, 12.0)
    smear = 0.75 * smoothstep(-0.2, 1.4, fbm(rng, h, w, 2.4)) * (0.8 + 0.2 * np.clip(wiped, -1, 1))
    for long in rng.uniform(0.13, 0.2, 4):
        here, down, across = spot(h, w, (rng.uniform(0.05, 0.95) * h / side, rng.uniform(0.05, 0.95) * w / side), long)
        turn = rng.uniform(0, np.pi)
        u = (across * np.cos(turn) + down * np.sin(turn)) / long
        v = (down * np.cos(turn) - across * np.sin(turn)) / (0.72 * long)
        ridges = 0.5 + 0.5 * np.sin(58 * np.hypot(u * 0.8, v - 0.5))
        mark = (1 - smoothstep(0.7, 1.0, np.hypot(u, v))) * (0.35 + 0.65 * ridges)
        smear[here] = np.maximum(smear[here], mark)
    haze = ndimage.gaussian_filter(image, (0.022 * side, 0.022 * side, 0))
    veil = 0.7 * haze + 0.3 * np.array((0.86, 0.84, 0.8))
    seen = image + (veil - image) * smear[..., None]
    dust = np.zeros((h, w))
    for radius in rng.uniform(0.012, 0.035, 22):
        here, down, across = spot(h, w, (rng.uniform(0, h / side), rng.uniform(0, w / side)), radius)
        speck = rng.uniform(0.25, 0.55) * (1 - smoothstep(0.2, 1.0, np.hypot(down, across) / radius))
        dust[here] = np.maximum(dust[here], speck)
    return np.asarray(seen * (1 - dust[..., None] * (0.8, 0.85, 0.9)))


def icy(shot: Shot, rng: Random) -> Shot:
    """Needles of frost that grow inwards from the edges of the lens, and a thin film of it in the middle."""
    h, w = shot.image.shape[:2]
    y, x = grid(h, w)
    needles = np.zeros((h, w))
    for _ in range(4):
        field = strokes(rng, h, w, rng.uniform(0, np.pi), 1.5, 7.0)
        needles = np.maximum(needles, (1 - np.abs(np.tanh(1.2 * field))) ** 3)
    edge = np.clip(2 * np.maximum(np.abs(y - 0.5), np.abs(x - 0.5)), 0, 1)
    grown = np.clip(edge + 0.12 * fbm(rng, h, w, 1.8), 0, 1)
    opacity = np.clip(0.16 * needles + smoothstep(0.35, 1.0, grown) * (0.2 + 0.95 * needles), 0, 0.95)
    cold = np.asarray(shot.image * (0.93, 0.97, 1.02) + 0.03)
    return covered(Shot(np.clip(cold, 0, 1), shot.regions, shot.area), (0.9, 0.95, 1.0), opacity)


# --- focus and movement -------------------------------------------------------------------------------------------------


def zoom_blur(image: Array, rng: Random) -> Array:
    """The lens was zoomed while the shutter was open: everything is smeared away from the middle."""
    h, w = image.shape[:2]
    scales = 1 + np.linspace(0, rng.uniform(0.2, 0.28), 14)
    picture = Image.fromarray(_bytes(image))
    blurred = np.zeros(image.shape)
    for scale in scales:
        middle = (1 / scale, 0.0, (1 - 1 / scale) * w / 2, 0.0, 1 / scale, (1 - 1 / scale) * h / 2)
        blurred += np.asarray(picture.transform((w, h), Image.Transform.AFFINE, middle, Image.Resampling.BILINEAR))
    return blurred / 255 / len(scales)


# --- files --------------------------------------------------------------------------------------------------------------


def low_resolution(image: Array, rng: Random) -> Array:
    """Few pixels, enlarged smoothly."""
    h, w = image.shape[:2]
    small = (round(LOW_RESOLUTION * w / min(h, w)), round(LOW_RESOLUTION * h / min(h, w)))
    picture = Image.fromarray(_bytes(image)).resize(small, Image.Resampling.BOX)
    return np.asarray(picture.resize((w, h), Image.Resampling.BILINEAR), dtype=np.float64) / 255


def compressed(image: Array, rng: Random) -> Array:
    """Saved as a very small JPEG file: blocks and false colours."""
    file = io.BytesIO()
    Image.fromarray(_bytes(image)).save(file, "JPEG", quality=JPEG_QUALITY, subsampling="4:2:0")
    return np.asarray(decode(file.getvalue()), dtype=np.float64) / 255


def _bytes(image: Array) -> np.ndarray:
    return np.asarray(np.clip(image, 0, 1) * 255 + 0.5).astype(np.uint8)
