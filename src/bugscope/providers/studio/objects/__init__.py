"""The things that the studio can show: one function per class, one file per family. A new file is found automatically."""

import importlib
import pkgutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from types import MappingProxyType
from typing import Any, Literal

import numpy as np

from ..materials import Part

Build = Callable[[np.random.Generator], list[Part]]
Range = tuple[float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Traits:
    """The everyday look of a class, and how far it may be changed while a person can still name it.

    Angles in degrees. `distance` 1: the bounding sphere fills the frame. Empty `grounds`, `lights`: the place's own.
    `views` lists the special views that are fair; `max_elevation` says how far "above" may go.
    """

    place: Literal["table", "floor", "outdoors", "sky"] = "table"
    grounds: tuple[str, ...] = ()
    lights: tuple[str, ...] = ()
    elevation: Range = (12.0, 32.0)
    azimuth: Range = (-40.0, 40.0)
    distance: Range = (1.05, 1.3)
    field_of_view: float = 35.0
    yaw: Range | None = None
    settle: bool = True
    flash: bool = False
    views: tuple[str, ...] = ("above", "below", "rear", "upside down", "low")
    max_elevation: float = 80.0
    colours: bool = True
    materials: tuple[str, ...] = ()
    surfaces: bool = True
    """False where the thing is known by what is printed on it, or is a mere ball."""
    counts: bool = True


@dataclass(frozen=True, slots=True)
class Model:
    """`name` is the ImageNet-1k label; synonyms and plural are everyday English.

    `metres`: the longest side of such a thing, for its size beside others. `coco`: the class that it is in COCO, "" if none.
    """

    name: str
    synonyms: tuple[str, ...]
    plural: str
    build: Build
    metres: float = 0.3
    coco: str = ""
    traits: Traits = field(default_factory=Traits)


OBJECTS: dict[str, Model] = {}


def model(
    name: str, *, metres: float, coco: str = "", synonyms: tuple[str, ...] = (), plural: str = "", **traits: Any
) -> Callable[[Build], Build]:
    """Register a builder: `build(rng)` returns its parts, the same for the same state of rng."""

    def register(build: Build) -> Build:
        assert name not in OBJECTS, f"two models of {name!r}"
        OBJECTS[name] = Model(name, synonyms, plural or name + "s", build, metres, coco, Traits(**traits))
        return build

    return register


@cache
def load_all() -> Mapping[str, Model]:
    """Every object, by name."""
    for module in pkgutil.iter_modules(__path__):
        importlib.import_module(f"{__name__}.{module.name}")
    return MappingProxyType(dict(sorted(OBJECTS.items())))
