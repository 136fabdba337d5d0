"""A resolved scene -> parts in place, a camera and a sky. Pure numpy: the renderer is next door.

World units are camera distances: the camera stands 1 from the object's centre, whatever the object's size, so that lens,
fog and depth mean the same in every picture.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from .geometry import Y, Z
from .materials import LUMINANCE, Emission, Part
from .objects import load_all
from .scene import Scene
from .strewn import clutter
from .surfaces import covered
from .surroundings import DIRECTED, environment, ground, occluder
from .textures import linear

Array = NDArray[np.float64]
ABSENT = np.array([(-1.0, -1.0, 0.0), (1.0, 1.0, 2.0)]) / np.sqrt(3)
"""Bounds of a cube of radius 1 on the ground: the camera of an empty scene stands as if it were there."""

COLOURS = {
    "red": (0.75, 0.08, 0.07), "blue": (0.08, 0.2, 0.7), "green": (0.1, 0.5, 0.15), "yellow": (0.9, 0.75, 0.1),
    "orange": (0.9, 0.45, 0.05), "purple": (0.45, 0.15, 0.6), "pink": (0.95, 0.55, 0.65), "black": (0.06, 0.06, 0.06),
    "white": (0.92, 0.92, 0.9), "gray": (0.5, 0.5, 0.5),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Spot:
    """A lamp near the camera that shines at what the camera looks at. `power`: linear, rgb."""

    origin: tuple[float, float, float]
    power: tuple[float, float, float]


@dataclass(frozen=True, slots=True, eq=False)
class Stage:
    """All that the renderer needs. `objects` are the labelled thing (none in an empty scene), `rest` everything else."""

    objects: list[Part]
    rest: list[Part]
    environment: NDArray[np.float32]
    turn: float
    eye: tuple[float, float, float]
    target: tuple[float, float, float]
    field_of_view: float
    spot: Spot | None


DECIDED_BY: Mapping[str, tuple[str, ...]] = {
    "objects": ("count", "colour", "material", "surface", "pose", "distance"),
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
    low, high = _bounds(things) if things else ABSENT
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
        objects=_moved(things, scale=1 / camera),
        rest=_moved(rest, scale=1 / camera),
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
    """The labelled object in place, and its companions."""
    model = load_all()[scene.label]
    traits = model.traits
    one = _dress(model.build(scene.rng("object")), scene)
    if traits.yaw is not None:
        one = _moved(one, rotate=(Z, float(scene.rng("yaw").uniform(*traits.yaw))))
    if scene.pose == "upside down":
        one = _moved(one, rotate=(Y, 180.0))
    if traits.settle:
        one = _moved(one, shift=(0.0, 0.0, -_bounds(one)[0][2]))
    return [*one, *_companions(one, scene, spin=traits.place in ("table", "floor"))]


def _dress(parts: list[Part], scene: Scene) -> list[Part]:
    """Colour and material words change the main parts; a colour keeps the pattern (`Material.tinted`). A surface covers all
    that can be covered (`surfaces.covered`)."""
    if scene.surface:
        return covered(parts, scene.surface, scene.rng("surface"), COLOURS.get(scene.colour))
    rng = scene.rng("material")

    def dressed(part: Part) -> Part:
        material = part.material.made_of(scene.material, rng) if scene.material else part.material
        if not scene.colour:
            return replace(part, material=material)
        colour = COLOURS[scene.colour]
        return replace(part, material=material.tinted(colour), emission=_relit(part.emission, colour))

    return [dressed(p) if p.main else p for p in parts]


def _relit(emission: Emission, colour: tuple[float, float, float]) -> Emission:
    """A lamp's light in another hue, about as bright."""
    if emission is None:
        return None
    hue = linear(colour)
    light = np.asarray(emission, float) @ LUMINANCE / max(float(hue @ LUMINANCE), 0.05)
    return _triple(light * hue) if light.ndim == 0 else light[..., None] * hue


def _companions(one: list[Part], scene: Scene, spin: bool) -> list[Part]:
    """The second and third of a kind, on a circle with the first, clear of one another; the camera frames them all."""
    if scene.count == 1:
        return []
    rng = scene.rng("companions")
    low, high = _bounds(one)
    apart = float(np.hypot(high[0] - low[0], high[1] - low[1])) * 1.08
    turn = float(rng.uniform(-30, 30)) + (0 if scene.count == 2 else 60)
    more: list[Part] = []
    for i in range(1, scene.count):
        angle = np.radians(turn * (1 if i == 1 else 0))
        shift = (float(apart * np.cos(angle)), float(apart * np.sin(angle)), 0.0)
        turned = _moved(one, rotate=(Z, float(rng.uniform(0, 360)))) if spin else one
        more += _moved(turned, shift=shift)
    return more


def _moved(parts: list[Part], **how: object) -> list[Part]:
    return [replace(p, mesh=p.mesh.moved(**how)) for p in parts]  # type: ignore[arg-type]


def _bounds(parts: list[Part]) -> tuple[Array, Array]:
    corners = np.array([(p.mesh.vertices.min(0), p.mesh.vertices.max(0)) for p in parts])
    return corners[:, 0].min(0), corners[:, 1].max(0)


def _triple(v: Array) -> tuple[float, float, float]:
    return float(v[0]), float(v[1]), float(v[2])
