"""Where companions stand, how large they are, and which way they look. Lengths are those of the object's own parts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from .company import Relation
from .geometry import Z
from .looks import bounds, dressed, moved
from .materials import Part
from .objects import load_all
from .prompts import companions as named
from .scene import Random, Scene

Array = NDArray[np.float64]

SIZES: Mapping[Relation, tuple[float, float]] = {
    "next to": (0.4, 0.95),
    "behind": (0.45, 0.8),
    "in front of": (0.8, 1.7),
    "around": (0.3, 0.6),
    "among": (0.3, 0.7),
}
"""The longest side of a companion, in longest sides of the object: as in life, but never smaller or larger than this."""
GAP = 0.06
"""Between the object and a companion, in longest sides of the object."""
OPENING: Mapping[Relation, float] = {"around": 65.0, "among": 45.0}
"""Degrees to each side of the camera's direction that are kept free."""


@dataclass(frozen=True, slots=True)
class Footprint:
    """Where one thing stands on the ground: its middle and its half sizes, to the right of and away from the camera."""

    middle: Array
    half: Array


def companions(scene: Scene, things: Sequence[Part]) -> tuple[list[Part], list[str]]:
    """What stands beside the object, in place, and the label of each."""
    company, rng = named(scene.company), scene.rng("company")
    labels = company.labels(rng)
    first = [p for p in things if p.of == 1]
    longest = float(np.ptp(bounds(first), axis=0).max())
    here = _footprint(things, scene.azimuth)
    floor = None if scene.ground == "none" else 0.0
    middle = float(bounds(things)[:, 2].mean())
    made: list[Part] = []
    side = float(rng.choice([-1, 1]))
    for i, label in enumerate(labels):
        model, own = load_all()[label], scene.rng(f"companion {i}")
        one = dressed(model.build(scene.rng(f"companion {i} itself")), company.colour, company.material, own)
        low, high = SIZES[company.relation]
        size = longest * float(np.clip(model.metres / load_all()[scene.label].metres, low, high)) * float(own.uniform(0.9, 1.1))
        turn = scene.azimuth + float(own.uniform(*(model.traits.yaw or model.traits.azimuth)))
        one = moved(one, scale=size / float(np.ptp(bounds(one), axis=0).max()), rotate=(Z, turn))
        at = _place(company.relation, i, len(labels), side, here, _footprint(one, scene.azimuth), GAP * longest, own)
        now = _footprint(one, scene.azimuth).middle
        across, away = _axes(scene.azimuth)
        shift = (at[0] - now[0]) * across + (at[1] - now[1]) * away
        base, top = bounds(one)[:, 2]
        shift[2] = middle - (base + top) / 2 if floor is None else floor - base
        made += [replace(p, of=scene.count + 1 + i) for p in moved(one, shift=shift)]
    return made, labels


def _place(
    relation: Relation, i: int, n: int, side: float, object_: Footprint, one: Footprint, gap: float, rng: Random
) -> tuple[float, float]:
    """The middle of companion `i` of `n`: to the right, away."""
    reach, size = object_.half, one.half
    right, away = object_.middle
    clear = reach + size + gap
    step = 2.2 * float(size.max())
    if relation == "next to":
        out = clear[0] + i // 2 * step
        return right + side * (-1) ** i * out, away + float(rng.uniform(0.1, 0.5) * reach[1] + 0.3 * size[1])
    if relation in ("behind", "in front of"):
        nearer = -1.0 if relation == "behind" else 1.0
        shift = side * float(rng.uniform(0.55, 0.8)) * reach[0] if relation == "behind" else side * 0.4 * reach[0]
        return right + shift - side * i * step, away + nearer * float(clear[1])
    opening = OPENING[relation]
    share = (i + 0.5 + float(rng.uniform(-0.2, 0.2))) / n
    angle = np.radians(-90 + opening + share * (360 - 2 * opening))  # from the camera's direction, all around
    out = float(reach.max() + size.max() + gap) * float(rng.uniform(1.0, 1.15 if relation == "around" else 1.5))
    return right + out * float(np.cos(angle)), away + out * float(np.sin(angle))


def _axes(azimuth: float) -> tuple[Array, Array]:
    """To the right of the picture and away from the camera, along the ground."""
    a = np.radians(azimuth)
    return np.array([np.cos(a), np.sin(a), 0.0]), np.array([-np.sin(a), np.cos(a), 0.0])


def _footprint(parts: Sequence[Part], azimuth: float) -> Footprint:
    axes = np.array(_axes(azimuth))
    corners = np.array([(v.min(0), v.max(0)) for v in (p.mesh.vertices @ axes.T for p in parts)])
    low, high = corners[:, 0].min(0), corners[:, 1].max(0)
    return Footprint((low + high) / 2, (high - low) / 2)
