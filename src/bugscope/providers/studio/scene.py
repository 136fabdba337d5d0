"""A request and a seed -> a fully resolved scene: everything a picture shows, as plain data.

Each attribute draws from a random stream of its own, named (seed, attribute): stating one attribute in the prompt leaves
all others as they were, so two prompts with one seed differ only in what their words say (counterfactual pairs).

The prior of what is left open: the class's own grounds, lights, views and distances (`objects`), with a chance of
`ELSEWHERE` another ground, and with a chance of `UNUSUAL` (vocabulary) one unusual condition, in proportion to its weight.
"""

import zlib
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from .objects import Model, load_all
from .prompts import Request
from .vocabulary import GROUNDS, OUTDOOR_GROUNDS, OUTDOOR_LIGHTS, TOTAL_WEIGHT, UNUSUAL, VALUES, Attribute, Value

ELSEWHERE = 0.12
"""Chance that an object stands on a ground that its class does not name."""

Random = np.random.Generator
Draw = Callable[[str], Random]


@dataclass(frozen=True, slots=True)
class Scene:
    """What one picture shows. Angles in degrees; `distance` 1 lets the object's bounding sphere fill the frame."""

    label: str
    seed: int
    count: int
    colour: str
    material: str
    ground: str
    background: str
    light: str
    weather: str
    view: str
    pose: str
    distance_name: str
    occlusion: str
    camera: str
    elevation: float
    azimuth: float
    distance: float
    field_of_view: float
    nameable: bool
    """False where the class does not allow a stated view, colour, material or count (a person could not name it)."""

    def to_mapping(self) -> dict[str, Any]:
        return asdict(self)

    def rng(self, purpose: str) -> Random:
        """The random stream of one part of the picture."""
        return stream(self.seed, purpose)


def stream(seed: int, purpose: str) -> Random:
    return np.random.default_rng([seed, zlib.crc32(purpose.encode())])


def resolve(request: Request, seed: int) -> Scene:
    """Fill in what the request leaves open. Deterministic in (request, seed)."""
    model = load_all()[request.label]
    traits = model.traits
    stated = dict(request.stated)
    extra = _unusual(model, stream(seed, "unusual"))
    if extra and extra.attribute not in stated:
        stated[extra.attribute] = extra.name

    outdoors = _outdoors(stated, model, stream(seed, "setting"))
    view = stated.get("view", "side")
    ground = "none" if view == "below" else stated.get("ground") or _ground(model, outdoors, stream(seed, "ground"))
    light = stated.get("light") or _light(model, outdoors, stated, stream(seed, "light"))
    distance_name = stated.get("distance", "normal")
    return Scene(
        label=model.name,
        seed=seed,
        count={"two": 2, "three": 3}.get(stated.get("count", ""), 1),
        colour=stated.get("colour", ""),
        material=stated.get("material", ""),
        ground=ground,
        background=stated.get("background") or _background(outdoors, stream(seed, "background")),
        light=light,
        weather=stated.get("weather", "clear"),
        view=view,
        pose=stated.get("pose", "upright"),
        distance_name=distance_name,
        occlusion=stated.get("occlusion", ""),
        camera=stated.get("camera", ""),
        elevation=_elevation(view, model, stream(seed, "elevation")),
        azimuth=_between(stream(seed, "azimuth"), traits.azimuth) + (180.0 if view == "rear" else 0.0),
        distance=_between(stream(seed, "distance"), traits.distance) * {"far": 2.7, "close": 0.62}.get(distance_name, 1.0),
        field_of_view=traits.field_of_view,
        nameable=all(allowed(model, a, v) for a, v in stated.items()),
    )


def allowed(model: Model, attribute: Attribute, name: str) -> bool:
    """Can a person still name the object under this condition? Each class states its own range (`objects.Traits`)."""
    traits = model.traits
    if attribute == "view":
        return name in traits.views
    if attribute == "pose":
        return name in traits.views
    if attribute == "colour":
        return traits.colours
    if attribute == "material":
        return name in traits.materials
    if attribute == "count":
        return traits.counts
    if attribute == "ground":
        return "none" not in (traits.grounds or GROUNDS[traits.place])
    return True


def _unusual(model: Model, rng: Random) -> Value | None:
    """At most one condition beyond the class's everyday look, each value in proportion to its weight."""
    u = rng.random() * TOTAL_WEIGHT / UNUSUAL
    total = 0.0
    for value in VALUES:
        total += value.weight
        if u < total:
            return value if allowed(model, value.attribute, value.name) else None
    return None


def _outdoors(stated: dict[Attribute, str], model: Model, rng: Random) -> bool:
    if "light" in stated and stated["light"] != "night":
        return stated["light"] in OUTDOOR_LIGHTS
    if "weather" in stated or "background" in stated:
        return True
    if "ground" in stated:
        home = model.traits.grounds or GROUNDS[model.traits.place]
        return stated["ground"] in OUTDOOR_GROUNDS or (model.traits.place in ("outdoors", "sky") and stated["ground"] in home)
    if model.traits.place in ("outdoors", "sky"):
        return True
    return bool(rng.random() < 0.1)


def _ground(model: Model, outdoors: bool, rng: Random) -> str:
    home = model.traits.grounds or GROUNDS[model.traits.place]
    if home == ("none",):
        return "none"
    if rng.random() < ELSEWHERE:
        away = (
            ("grass", "sand", "snow", "dirt", "brick", "asphalt", "concrete", "water")
            if outdoors
            else ("wood", "carpet", "tile", "cloth", "marble", "white")
        )
        return _pick(rng, away)
    if outdoors and not any(g in OUTDOOR_GROUNDS for g in home):
        return _pick(rng, ("grass", "concrete", "wood", "brick"))
    if not outdoors and any(g in OUTDOOR_GROUNDS for g in home):
        return _pick(rng, [g for g in home if g not in OUTDOOR_GROUNDS] or GROUNDS["floor"])
    return _pick(rng, home)


def _light(model: Model, outdoors: bool, stated: dict[Attribute, str], rng: Random) -> str:
    if stated.get("weather") in ("rain", "snowfall", "fog"):
        return "overcast"
    lights = [light for light in model.traits.lights if light == "night" or (light in OUTDOOR_LIGHTS) == outdoors]
    return _pick(rng, lights or (("sunny", "sunny", "overcast") if outdoors else ("indoors", "indoors", "studio")))


def _background(outdoors: bool, rng: Random) -> str:
    return _pick(rng, ("trees", "trees", "buildings")) if outdoors else "room"


def _elevation(view: str, model: Model, rng: Random) -> float:
    u = float(rng.random())
    low, high = {
        "above": (min(64.0, model.traits.max_elevation - 8.0), model.traits.max_elevation),
        "below": (-50.0, -32.0),
        "low": (0.5, 2.5),
    }.get(view, model.traits.elevation)
    return low + u * (high - low)


def _between(rng: Random, bounds: tuple[float, float]) -> float:
    return float(bounds[0] + rng.random() * (bounds[1] - bounds[0]))


def _pick(rng: Random, options: Sequence[str]) -> str:
    return options[int(rng.integers(len(options)))]
