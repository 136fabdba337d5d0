"""What surfaces are made of, as plain data; the renderer turns it into its own terms."""

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .geometry import Mesh
from .textures import linear, wood

Array = NDArray[np.float64]
Emission = tuple[float, float, float] | Array | None
LUMINANCE = np.array([0.2126, 0.7152, 0.0722])
Kind = Literal["principled", "diffuse", "glass", "thin glass", "water"]


@dataclass(frozen=True, slots=True, eq=False)
class Material:
    """Colours are sRGB: one rgb or a picture [h, w, 3]. `bump` is a height map [h, w] times `bump_scale`.

    `repeat`: times the pictures repeat over uv 0..1. `opacity` [h, w]: 0 cuts a hole.
    """

    colour: ArrayLike
    roughness: float = 0.4
    metallic: float = 0.0
    specular: float = 0.5
    clearcoat: float = 0.0
    bump: Array | None = None
    bump_scale: float = 1.0
    kind: Kind = "principled"
    repeat: float = 1.0
    opacity: Array | None = None

    def tinted(self, rgb: tuple[float, float, float]) -> "Material":
        """In another hue, with its pattern of light and dark, its relief and its gloss kept.

        A plain new colour would delete what makes a soccer ball a soccer ball, and no classifier could be blamed.
        """
        base = linear(self.colour)
        light = base @ LUMINANCE
        if base.ndim == 1:
            return replace(
                self,
                colour=self._through(rgb) if "glass" in self.kind else rgb,
                metallic=0.0 if self.metallic > 0.5 else self.metallic,
            )
        pattern = light / max(float(np.percentile(light, 90)), 1e-3)
        colour = np.clip(pattern[..., None] * linear(rgb), 0, 1)
        return replace(self, colour=_srgb(colour), metallic=0.0 if self.metallic > 0.5 else self.metallic)

    @staticmethod
    def _through(rgb: tuple[float, float, float]) -> tuple[float, float, float]:
        """Coloured glass lets most light through."""
        r, g, b = (0.45 + 0.55 * c for c in rgb)
        return r, g, b

    def made_of(self, name: str, rng: np.random.Generator) -> "Material":
        """The same part in gold, metal, wood or glass."""
        if name == "gold":
            return Material((0.95, 0.72, 0.3), roughness=0.2, metallic=1.0, bump=self.bump, bump_scale=self.bump_scale)
        if name == "metal":
            return Material((0.78, 0.78, 0.8), roughness=0.18, metallic=1.0, bump=self.bump, bump_scale=self.bump_scale)
        if name == "wood":
            return Material(wood(rng, 256, 256), roughness=0.5, bump=self.bump, bump_scale=self.bump_scale)
        if name == "glass":
            return Material((0.97, 0.99, 0.98), kind="glass")
        raise ValueError(f"no such material: {name!r}")


def _srgb(value: Array) -> Array:
    return np.where(value <= 0.0031308, 12.92 * value, 1.055 * np.maximum(value, 1e-9) ** (1 / 2.4) - 0.055)


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """A mesh of one material. `emission`: linear radiance, rgb or a picture [h, w, 3]. `main`: what a colour word changes.

    `of`: the number of the thing that it belongs to, from 1; 0 for the surroundings.
    """

    mesh: Mesh
    material: Material
    emission: Emission = None
    main: bool = False
    of: int = 0
