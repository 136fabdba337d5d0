"""An object in another skin, and where the skin's picture lies on a mesh."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from .geometry import Mesh
from .looks import bounds
from .materials import Material, Part
from .skins import SKINS

Array = NDArray[np.float64]
Random = np.random.Generator
ROUND = 0.93
"""A part is round about an axis if its sides face away from it, by this mean cosine."""
MAIN = 0.45
"""The share of an object's area from which on its main parts are enough to cover."""
CAP = 0.8
"""What faces along the axis of a round part by more than this cosine is its end."""
EVERYDAY = 0.4
"""About how large an object is in the units of the renderer, in which reliefs are measured."""


def covered(parts: Sequence[Part], name: str, rng: Random, tint: tuple[float, float, float] | None = None) -> list[Part]:
    """The object in another skin: its main parts, and everything that can take it where those are a lesser part of it.

    So windows and wheels stay, by which a person knows a bus. Lamps, screens and other prints, glass, and what has holes
    cut into it take no skin unless they are the main thing.
    """
    skin = SKINS[name]
    colour, height = skin.paint(rng)
    material = Material(
        np.clip(colour, 0, 1),
        roughness=skin.roughness,
        specular=skin.specular,
        bump=height,
        bump_scale=skin.relief * EVERYDAY / skin.tiles,
    )
    if tint is not None:
        material = material.tinted(tint)
    side = float(np.sqrt(np.prod(np.sort(np.ptp(bounds(parts), axis=0))[1:]))) / skin.tiles
    areas = [_area(p.mesh) for p in parts]
    enough = sum(a for a, p in zip(areas, parts, strict=True) if p.main) > MAIN * sum(areas)

    def dressed(part: Part) -> Part:
        if part.material.opacity is not None or not (part.main or (not enough and _plain(part))):
            return part
        return replace(part, mesh=wrapped(part.mesh, side), material=material, emission=None)

    return [dressed(p) for p in parts]


def _plain(part: Part) -> bool:
    printed = np.ndim(part.material.colour) == 3
    return part.emission is None and "glass" not in part.material.kind and not printed


def _area(mesh: Mesh) -> float:
    a, b, c = (mesh.vertices[mesh.faces[:, i]] for i in range(3))
    return float(np.linalg.norm(np.cross(b - a, c - a), axis=1).sum()) / 2


# --- where a picture lies on a mesh -------------------------------------------------------------------------------------


def wrapped(mesh: Mesh, side: float) -> Mesh:
    """The mesh with new uv: a picture of this side length lies on it without much stretching.

    Round parts are wrapped about their axis, so that the picture meets itself; all others get it from six sides. Each face has
    corners of its own, since neighbours may get the picture from different sides.
    """
    whole = mesh if mesh.normals is not None else mesh.smoothed()
    assert whole.normals is not None
    corners, shading = whole.vertices[whole.faces], whole.normals[whole.faces]
    facing = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    area = np.linalg.norm(facing, axis=1)
    facing = facing / np.maximum(area, 1e-12)[:, None] + _unit(shading.mean(1))
    facing = _unit(facing)
    middle = (whole.vertices.min(0) + whole.vertices.max(0)) / 2
    axis = _axis(corners.mean(1) - middle, facing, area)
    uv = _boxed(corners, facing) / side
    if axis is not None:
        about = np.abs(facing[:, axis]) < CAP
        uv[about] = _rolled(corners[about] - middle, area[about], axis, side)
    faces = np.arange(3 * len(corners), dtype=np.int32).reshape(-1, 3)
    return Mesh(corners.reshape(-1, 3), faces, uv.reshape(-1, 2), shading.reshape(-1, 3))


def _axis(places: Array, facing: Array, area: Array) -> int | None:
    """The axis about which a part is round: 2 (upright) before 0 and 1; None if there is none."""
    for axis in (2, 0, 1):
        others = [a for a in range(3) if a != axis]
        sides = area * (np.abs(facing[:, axis]) < CAP)
        if sides.sum() < 0.3 * area.sum():
            continue
        out = np.abs((_unit(places[:, others]) * _unit(facing[:, others])).sum(1))
        if (out * sides).sum() / sides.sum() > ROUND:
            return axis
    return None


_VIEWS = np.array(  # what is to the right and down on each side of a box: +x, -x, +y, -y, +z, -z
    [
        [[0, 1, 0], [0, 0, -1]], [[0, -1, 0], [0, 0, -1]], [[-1, 0, 0], [0, 0, -1]],
        [[1, 0, 0], [0, 0, -1]], [[1, 0, 0], [0, -1, 0]], [[1, 0, 0], [0, 1, 0]],
    ],
    dtype=float,
)  # fmt: skip


def _boxed(corners: Array, facing: Array) -> Array:
    """Positions [n, 3, 2] on whichever side of a box each face is nearest to; of two equally near ones always the same."""
    which = (np.abs(facing) * (1.0, 1.06, 1.03)).argmax(1)
    view = 2 * which + (facing[np.arange(len(facing)), which] < 0)
    return np.asarray(np.einsum("nkc,nuc->nku", corners, _VIEWS[view]))


def _rolled(corners: Array, area: Array, axis: int, side: float) -> Array:
    """uv [n, 3, 2] about an axis: a whole number of pictures goes round."""
    right, up = ((1, 2), (2, 0), (0, 1))[axis]
    radius = np.hypot(corners[..., right], corners[..., up])
    around = 2 * np.pi * float((radius.mean(1) * area).sum() / max(area.sum(), 1e-12))
    times = max(1, round(around / side))
    angle = np.arctan2(corners[..., up], corners[..., right])
    first = angle[:, :1]
    angle = first + (angle - first + np.pi) % (2 * np.pi) - np.pi
    return np.stack([angle / (2 * np.pi) * times, -corners[..., axis] / side], -1)


def _unit(vectors: Array) -> Array:
    return np.asarray(vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), 1e-12))
