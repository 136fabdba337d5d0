"""Linear radiance -> the picture a camera would have taken: exposure, weather in the air, tone, camera faults.

Images are float64 [h, w, 3]; depth [h, w] in scene units with 0 where nothing was hit.
"""

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from .materials import LUMINANCE
from .scene import Random, Scene

Array = NDArray[np.float64]


def develop(radiance: Array, depth: Array, scene: Scene) -> NDArray[np.uint8]:
    """The finished 8-bit sRGB picture [h, w, 3]. Depth is in camera distances (the object stands at 1)."""
    rng = scene.rng("film")
    image = radiance * exposure(radiance, scene.light)
    if scene.weather == "fog":
        image = fog(image, depth, rng.uniform(0.85, 1.15), dark=scene.light in ("night", "dark"))
    image = tone(image)
    if scene.weather == "rain":
        image = rain(image, rng)
    if scene.weather == "snowfall":
        image = snowfall(image, rng)
    if scene.camera == "motion":
        image = motion_blur(image, rng)
    if scene.camera == "defocus":
        image = ndimage.gaussian_filter(image, (2.2, 2.2, 0), mode="nearest")
    image = image + rng.normal(0, 0.09 if scene.camera == "noise" else 0.008, image.shape)
    return np.asarray(np.clip(image, 0, 1) * 255 + 0.5).astype(np.uint8)


def exposure(radiance: Array, light: str) -> float:
    """Gain that puts the mean log luminance, half of it metered in the centre, at the key of the light."""
    luminance = np.maximum(radiance @ LUMINANCE, 1e-4)
    h, w = luminance.shape
    centre = luminance[h // 5 : 4 * h // 5, w // 5 : 4 * w // 5]
    metered = 0.5 * np.exp(np.log(luminance).mean()) + 0.5 * np.exp(np.log(centre).mean())
    return float({"night": 0.10, "dark": 0.12}.get(light, 0.30) / max(metered, 1e-4))


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
