"""Parts of things as wholes: painted, made of something else, moved, measured."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from .materials import LUMINANCE, Emission, Part
from .textures import linear

Array = NDArray[np.float64]

COLOURS = {
    "red": (0.75, 0.08, 0.07), "blue": (0.08, 0.2, 0.7), "green": (0.1, 0.5, 0.15), "yellow": (0.9, 0.75, 0.1),
    "orange": (0.9, 0.45, 0.05), "purple": (0.45, 0.15, 0.6), "pink": (0.95, 0.55, 0.65), "black": (0.06, 0.06, 0.06),
    "white": (0.92, 0.92, 0.9), "gray": (0.5, 0.5, 0.5),
}  # fmt: skip


def dressed(parts: Sequence[Part], colour: str, material: str, rng: np.random.Generator) -> list[Part]:
    """Colour and material words change the main parts; a colour keeps the pattern (`Material.tinted`)."""

    def one(part: Part) -> Part:
        made = part.material.made_of(material, rng) if material else part.material
        if not colour:
            return replace(part, material=made)
        return replace(part, material=made.tinted(COLOURS[colour]), emission=_relit(part.emission, COLOURS[colour]))

    return [one(p) if p.main else p for p in parts]


def _relit(emission: Emission, colour: tuple[float, float, float]) -> Emission:
    """A lamp's light in another hue, about as bright."""
    if emission is None:
        return None
    hue = linear(colour)
    light = np.asarray(emission, float) @ LUMINANCE / max(float(hue @ LUMINANCE), 0.05)
    if light.ndim:
        return light[..., None] * hue
    r, g, b = (float(c) for c in light * hue)
    return r, g, b


def moved(parts: Sequence[Part], **how: object) -> list[Part]:
    """As `Mesh.moved`."""
    return [replace(p, mesh=p.mesh.moved(**how)) for p in parts]  # type: ignore[arg-type]


def bounds(parts: Sequence[Part]) -> Array:
    """The lowest and the highest corner [2, 3] of the box around all of them."""
    corners = np.array([(p.mesh.vertices.min(0), p.mesh.vertices.max(0)) for p in parts])
    return np.array([corners[:, 0].min(0), corners[:, 1].max(0)])
