"""Linear radiance -> the picture a camera would have taken: exposure, weather in the air, tone, then what was stated of the
picture itself.

A drawing or a painting is made of the scene and then photographed, with the faults of the camera; prints and toned photographs
come after the camera; then what is laid over the picture; then the file. Every stage draws from a random stream of its own, so
another stage, or none, leaves the others as they were.

Images are float64 [h, w, 3]; depth [h, w] in scene units with 0 where nothing was hit.
"""

from collections.abc import Mapping
from functools import partial

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from . import faults, overlays, renditions, warps
from .materials import LUMINANCE
from .scene import Random, Scene
from .shots import Array, Regions, Shot, Stage, painted

DIM: Mapping[str, float] = {"backlit": 0.24, "night": 0.10, "dark": 0.12, "headlights": 0.10, "side": 0.13, "neon": 0.16}
"""The lights under which a picture is darker than by day, and how dark; fog in them is grey."""

DRAWN: Mapping[str, Stage] = {
    "sketch": painted(renditions.sketch),
    "painting": painted(renditions.painting),
    "cartoon": painted(renditions.cartoon),
    "pixel art": painted(renditions.pixel_art),
}
"""Renditions made before there is a camera: what it photographs."""
PRINTED: Mapping[str, Stage] = {
    "halftone": painted(renditions.halftone),
    "grey": painted(renditions.grey),
    "sepia": painted(renditions.sepia),
    "thermal": painted(renditions.thermal),
}
"""Renditions of what the camera took."""
LENS: Mapping[str, Stage] = {
    "fisheye": warps.fisheye,
    "wavy": warps.wavy,
    "frosted": warps.frosted,
    "wet": warps.drops,
    "icy": faults.icy,
    "dirty": painted(faults.dirty),
    "flare": painted(faults.flare),
    "vignette": painted(faults.vignette),
    "fringes": painted(faults.fringes),
}
FRAMING: Mapping[str, Stage] = {"tilted": warps.tilted, "sideways": warps.sideways}
SETTING: Mapping[str, Stage] = {
    "over": painted(faults.overexposed),
    "under": painted(faults.underexposed),
    "contrast": painted(faults.low_contrast),
    "balance": painted(faults.unbalanced),
}
OVERLAY: Mapping[str, Stage] = {
    "watermark": overlays.watermark,
    "stock watermark": overlays.stock_watermark,
    "date": overlays.date_stamp,
    "subtitles": overlays.subtitles,
    "frame": overlays.frame,
}
QUALITY: Mapping[str, Stage] = {
    "low resolution": painted(faults.low_resolution),
    "compressed": painted(faults.compressed),
}


def develop(radiance: Array, depth: Array, scene: Scene, regions: Regions) -> tuple[NDArray[np.uint8], Shot]:
    """The finished 8-bit sRGB picture [h, w, 3], and the shot that it is of, with what is still seen of the object.

    `depth` is in camera distances (the object stands at 1). `regions` [m, n]: which object each pixel shows, 0 for none; at any
    size, of the same frame.
    """
    rng = scene.rng("film")
    shot = Shot.of(_in_the_air(radiance, depth, scene, rng), regions)
    shot = applied(shot, scene, "rendition", DRAWN)
    shot = applied(shot, scene, "lens", LENS)
    shot = applied(shot, scene, "framing", FRAMING)
    shot = painted(partial(_focus, scene))(shot, rng)
    shot = applied(shot, scene, "setting", SETTING)
    shot = painted(partial(_grain, scene))(shot, rng)
    shot = applied(shot, scene, "rendition", PRINTED)
    shot = applied(shot, scene, "overlay", OVERLAY)
    shot = applied(shot, scene, "quality", QUALITY)
    return np.asarray(np.clip(shot.image, 0, 1) * 255 + 0.5).astype(np.uint8), shot


def applied(shot: Shot, scene: Scene, attribute: str, stages: Mapping[str, Stage]) -> Shot:
    """What the scene says of the attribute, done with the attribute's own random stream; nothing if it is not in `stages`."""
    kind, _, text = getattr(scene, attribute).partition(": ")
    stage = partial(overlays.sticker, text=text) if text else stages.get(kind)
    return stage(shot, scene.rng(attribute)) if stage else shot


def _in_the_air(radiance: Array, depth: Array, scene: Scene, rng: Random) -> Array:
    """Exposed, with the weather, in sRGB."""
    image = radiance * exposure(radiance, scene.light)
    if scene.weather == "fog":
        image = fog(image, depth, rng.uniform(0.85, 1.15), dark=scene.light in DIM)
    image = tone(image)
    if scene.weather == "rain":
        image = rain(image, rng)
    if scene.weather == "snowfall":
        image = snowfall(image, rng)
    return image


def _focus(scene: Scene, image: Array, rng: Random) -> Array:
    if scene.camera == "motion":
        return motion_blur(image, rng)
    if scene.camera == "zoom":
        return faults.zoom_blur(image, rng)
    if scene.camera == "defocus":
        return np.asarray(ndimage.gaussian_filter(image, (2.2, 2.2, 0), mode="nearest"))
    return image


def _grain(scene: Scene, image: Array, rng: Random) -> Array:
    return image + rng.normal(0, 0.09 if scene.camera == "noise" else 0.008, image.shape)


def exposure(radiance: Array, light: str) -> float:
    """Gain that puts the mean log luminance, half of it metered in the centre, at the key of the light."""
    luminance = np.maximum(radiance @ LUMINANCE, 1e-4)
    h, w = luminance.shape
    centre = luminance[h // 5 : 4 * h // 5, w // 5 : 4 * w // 5]
    metered = 0.5 * np.exp(np.log(luminance).mean()) + 0.5 * np.exp(np.log(centre).mean())
    return float(DIM.get(light, 0.30) / max(metered, 1e-4))


def fog(image: Array, depth: Array, density: float, dark: bool) -> Array:
    """Beer-Lambert extinction with distance; what was not hit is infinitely far."""
    lost = 1 - np.exp(-density * np.where(depth <= 0, 50.0, depth))
    air = np.array((0.72, 0.74, 0.76)) * (0.25 if dark else 0.95)
    return np.asarray(image * (1 - lost[..., None]) + air * lost[..., None])


def tone(image: Array) -> Array:
    """A mild shoulder and contrast curve, then the sRGB transfer function."""
    x = 1.25 * np.maximum(image, 0) ** 1.12
    x = x * (1 + x / 9) / (1 + x * 0.6)
    y = np.where(x <= 0.0031308, 12.92 * x, 1.055 * np.maximum(x, 1e-8) ** (1 / 2.4) - 0.055)
    return np.asarray(np.clip(y, 0, 1))


def rain(image: Array, rng: Random) -> Array:
    h, w, _ = image.shape
    streaks = np.zeros((h, w))
    for _ in range(h * w // 190):
        length = int(rng.integers(8, 26) * h / 224) + 1
        step = np.arange(length)
        y, x = rng.integers(h) + step, (rng.integers(w) + step * 0.18).astype(int)
        inside = (y < h) & (x < w)
        streaks[y[inside], x[inside]] = 0.5
    return np.asarray(image + ndimage.gaussian_filter(streaks, 0.5)[..., None] * 0.55)


def snowfall(image: Array, rng: Random) -> Array:
    h, w, _ = image.shape
    flakes = np.zeros((h, w))
    for _ in range(h * w // 230):
        y, x, r = rng.integers(h), rng.integers(w), (1, 1, 1, 2, 3)[rng.integers(5)]
        flakes[max(y - r, 0) : y + r, max(x - r, 0) : x + r] = 1
    cover = np.clip(ndimage.gaussian_filter(flakes, 0.9), 0, 1)[..., None] * 0.9
    return np.asarray(image * (1 - cover) + cover)


def motion_blur(image: Array, rng: Random) -> Array:
    reach = round(rng.uniform(6, 9) * image.shape[0] / 224)
    angle = rng.uniform(0, np.pi)
    kernel = np.zeros((2 * reach + 1, 2 * reach + 1))
    for t in np.linspace(-reach, reach, 4 * reach):
        kernel[round(reach + t * np.sin(angle)), round(reach + t * np.cos(angle))] = 1
    kernel /= kernel.sum()
    return np.stack([ndimage.convolve(image[..., c], kernel, mode="nearest") for c in range(3)], -1)
