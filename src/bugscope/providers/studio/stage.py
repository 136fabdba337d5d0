"""A resolved scene -> parts in place, a camera and a sky. Pure numpy: the renderer is next door.

World units are camera distances: the camera stands 1 from the object's centre, whatever the object's size, so that lens,
fog and depth mean the same in every picture.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from .beside import companions
from .geometry import Y, Z
from .looks import COLOURS, bounds, dressed, moved
from .materials import Part
from .objects import load_all
from .scene import Scene
from .strewn import clutter
from .surfaces import covered
from .surroundings import DIRECTED, environment, ground, occluder

Array = NDArray[np.float64]
ABSENT = np.array([(-1.0, -1.0, 0.0), (1.0, 1.0, 2.0)]) / np.sqrt(3)
"""Bounds of a cube of radius 1 on the ground: the camera of an empty scene stands as if it were there."""


@dataclass(frozen=True, slots=True)
class Spot:
    """A lamp near the camera that shines at what the camera looks at. `power`: linear, rgb."""

    origin: tuple[float, float, float]
    power: tuple[float, float, float]


@dataclass(frozen=True, slots=True, eq=False)
class Stage:
    """All that the renderer needs.

    `objects`: the labelled thing, once or more (none in an empty scene); `company`: what stands beside it; `rest`: everything
    else. `things`: the labels of the things, in the order of their numbers (`Part.of`).
    """

    objects: list[Part]
    company: list[Part]
    rest: list[Part]
    things: tuple[str, ...]
    environment: NDArray[np.float32]
    turn: float
    eye: tuple[float, float, float]
    target: tuple[float, float, float]
    field_of_view: float
    spot: Spot | None


DECIDED_BY: Mapping[str, tuple[str, ...]] = {
    "objects": ("count", "colour", "material", "surface", "pose", "distance"),
    "company": ("company", "count", "pose", "distance", "ground", "azimuth"),
    "things": ("count", "company"),
    "rest": ("ground", "occlusion", "count", "pose", "distance", "elevation", "azimuth"),
    "environment": ("light", "background"),
    "turn": ("light", "azimuth"),  # the azimuth only where the light comes from a side of the camera's
    "eye": ("elevation", "azimuth", "count", "pose", "distance", "ground"),  # not under the ground
    "target": ("count", "pose", "distance"),
    "field_of_view": (),
    "spot": ("light", "elevation", "azimuth", "count", "pose", "distance", "ground"),
}
"""Part of a stage -> the fields of its scene that decide it, besides label and seed: two pictures of one seed share every part
none of whose fields differ.

Count, pose and distance move the camera, which looks at the middle of what is there and whose distance is the unit of length.
Weather and camera are not part of the stage: they come over the finished light (`film.py`), as does the exposure, which is
metered on the whole picture.
"""


def build(scene: Scene) -> Stage:
    """Place everything that `scene` says. Deterministic in `scene`."""
    things = _things(scene) if scene.label else []
    low, high = bounds(things) if things else ABSENT
    beside, labels = companions(scene, things) if things and scene.company else ([], [])
    size, centre = float(np.linalg.norm(high - low) / 2), (low + high) / 2

    camera = size * scene.distance / np.sin(np.radians(scene.field_of_view / 2))
    elevation, azimuth = np.radians(scene.elevation), np.radians(scene.azimuth)
    towards = np.array([np.cos(elevation) * np.sin(azimuth), -np.cos(elevation) * np.cos(azimuth), np.sin(elevation)])
    eye = centre + towards * camera
    if scene.ground != "none":
        eye[2] = max(eye[2], 0.04 * size)
    aim = scene.rng("aim")
    target = centre + np.array([aim.uniform(-0.1, 0.1) * size, 0.0, aim.uniform(-0.08, 0.08) * size])

    rest = ground(scene.rng("ground texture"), scene.ground, size)
    if scene.ground == "clutter":
        rest += clutter(scene.rng("clutter"), size, low, high, towards)
    if scene.occlusion:
        rest.append(occluder(scene.rng("occluder"), scene.occlusion, size, centre, towards))
    return Stage(
        objects=moved(things, scale=1 / camera),
        company=moved(beside, scale=1 / camera),
        rest=moved(rest, scale=1 / camera),
        things=(scene.label,) * (scene.count if things else 0) + tuple(labels),
        environment=environment(scene.rng("sky"), scene.light, scene.background),
        turn=scene.azimuth if scene.light in DIRECTED else float(scene.rng("turn").uniform(0, 360)),
        eye=_triple(eye / camera),
        target=_triple(target / camera),
        field_of_view=scene.field_of_view,
        spot=_spot(scene, eye / camera, target / camera),
    )


def _spot(scene: Scene, eye: Array, target: Array) -> Spot | None:
    """Headlights beside the camera and below it, or the flash of a class that shines back."""
    if scene.light == "headlights":
        beside = np.cross(target - eye, Z) * scene.rng("headlights").choice([-0.22, 0.22])
        height = min(eye[2], max(target[2] + 0.06, 0.04))
        return Spot(_triple(np.array([*(eye + beside)[:2], height])), (9.0, 8.6, 7.6))
    if scene.label and load_all()[scene.label].traits.flash:
        return Spot((float(eye[0]) + 0.05, float(eye[1]), float(eye[2]) + 0.06), (3.0, 3.0, 3.0))
    return None


def _things(scene: Scene) -> list[Part]:
    """The labelled object in place, and the others of its kind."""
    model = load_all()[scene.label]
    traits = model.traits
    one = model.build(scene.rng("object"))
    if scene.surface:
        one = covered(one, scene.surface, scene.rng("surface"), COLOURS.get(scene.colour))
    else:
        one = dressed(one, scene.colour, scene.material, scene.rng("material"))
    if traits.yaw is not None:
        one = moved(one, rotate=(Z, float(scene.rng("yaw").uniform(*traits.yaw))))
    if scene.pose == "upside down":
        one = moved(one, rotate=(Y, 180.0))
    if traits.settle:
        one = moved(one, shift=(0.0, 0.0, -bounds(one)[0][2]))
    one = [replace(p, of=1) for p in one]
    return [*one, *_others(one, scene, spin=traits.place in ("table", "floor"))]


def _others(one: list[Part], scene: Scene, spin: bool) -> list[Part]:
    """The second and third of a kind, on a circle with the first, clear of one another; the camera frames them all."""
    if scene.count == 1:
        return []
    rng = scene.rng("companions")
    low, high = bounds(one)
    apart = float(np.hypot(high[0] - low[0], high[1] - low[1])) * 1.08
    turn = float(rng.uniform(-30, 30)) + (0 if scene.count == 2 else 60)
    more: list[Part] = []
    for i in range(1, scene.count):
        angle = np.radians(turn * (1 if i == 1 else 0))
        shift = (float(apart * np.cos(angle)), float(apart * np.sin(angle)), 0.0)
        turned = moved(one, rotate=(Z, float(rng.uniform(0, 360)))) if spin else one
        more += [replace(p, of=i + 1) for p in moved(turned, shift=shift)]
    return more


def _triple(v: Array) -> tuple[float, float, float]:
    return float(v[0]), float(v[1]), float(v[2])
