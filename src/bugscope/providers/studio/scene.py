"""A request and a seed -> a fully resolved scene: everything a picture shows, as plain data.

Each attribute draws from a random stream of its own, named (seed, attribute): stating one attribute in the prompt leaves
all others as they were, so two prompts with one seed differ only in what their words say (counterfactual pairs).

The prior for what is left open: the class's own grounds, lights, views and distances (`objects`), with a chance of
`ELSEWHERE` another ground, and with a chance of `UNUSUAL` (vocabulary) one unusual condition, in proportion to its weight.
An empty scene (label "") draws from the same streams, with the look of an everyday object's surroundings.

What an edit of one attribute may bring along is `FOLLOWS` and, where it carries the scene indoors or outdoors, `PLACE`.
"""

import zlib
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from .company import USUAL, Company
from .objects import Model, Traits, load_all
from .prompts import Request
from .textures import choice
from .vocabulary import (
    ANYWHERE,
    COMPANY_WEIGHT,
    GROUNDS,
    OUTDOOR_GROUNDS,
    OUTDOOR_LIGHTS,
    SCENIC,
    TOTAL_WEIGHT,
    UNUSUAL,
    VALUES,
    Attribute,
    Value,
)

ELSEWHERE = 0.12
"""Chance that an object stands on a ground that its class does not name."""

FOLLOWS: Mapping[Attribute, tuple[str, ...]] = {
    "count": ("count",),
    "colour": ("colour",),
    "material": ("material",),
    "surface": ("surface", "material"),  # a surface hides an unstated material
    "ground": ("ground",),
    "background": ("background",),
    "light": ("light",),
    "weather": ("weather", "light"),  # no sun in fog, rain and falling snow, unless stated
    "view": ("view", "elevation", "azimuth", "ground"),  # from behind: azimuth + 180; from below: no ground
    "pose": ("pose",),
    "distance": ("distance_name", "distance"),
    "occlusion": ("occlusion",),
    "company": ("company", "distance"),  # the camera stands back to show it
    "camera": ("camera",),
    "rendition": ("rendition",),
    "lens": ("lens",),
    "framing": ("framing",),
    "setting": ("setting",),
    "overlay": ("overlay",),
    "quality": ("quality",),
}
"""Attribute -> the fields of `Scene` that may change with it at one seed; `nameable` may change with any."""
PLACE = ("ground", "background", "light")
"""What else may change, if unstated, when the scene goes indoors or outdoors (`outdoors`): an edit of one of these or of the
weather may do that."""
STANDS_BACK = 1.25
"""How much further away the camera stands if there is company."""
OPEN = 0.5
"""Chance that an empty scene is outdoors if nothing stated decides it."""

Random = np.random.Generator
Draw = Callable[[str], Random]


@dataclass(frozen=True, slots=True)
class Scene:
    """What one picture shows. Angles in degrees; `distance` 1 lets the object's bounding sphere fill the frame.

    `label` is "" for an empty scene.
    """

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
    """False where the class does not allow a stated view, colour, material, surface or count (a person could not name it), and
    where there is no object."""
    rendition: str = ""
    lens: str = ""
    framing: str = ""
    setting: str = ""
    company: str = ""
    """As a phrase: "next to a teapot"."""
    overlay: str = ""
    """Of a sticker also what it says: "sticker: iPod"."""
    quality: str = ""
    surface: str = ""

    def to_mapping(self) -> dict[str, Any]:
        return asdict(self)

    def rng(self, purpose: str) -> Random:
        """The random stream of one part of the picture."""
        return stream(self.seed, purpose)


def stream(seed: int, purpose: str) -> Random:
    return np.random.default_rng([seed, zlib.crc32(purpose.encode())])


def resolve(request: Request, seed: int) -> Scene:
    """Fill in what the request leaves open. Deterministic in (request, seed)."""
    stated = _stated(request, seed)
    outside = outdoors(request, seed)
    model = _model(request.label, outside)
    traits = model.traits
    view = stated.get("view", "side")
    ground = "none" if view == "below" else stated.get("ground") or _ground(model, outside, stream(seed, "ground"))
    light = stated.get("light") or _light(model, outside, stated, stream(seed, "light"))
    distance_name = stated.get("distance", "normal")
    away = {"far": 2.7, "close": 0.62}.get(distance_name, 1.0) * (STANDS_BACK if "company" in stated else 1.0)
    return Scene(
        label=model.name,
        seed=seed,
        count={"two": 2, "three": 3}.get(stated.get("count", ""), 1),
        colour=stated.get("colour", ""),
        material="" if "surface" in stated else stated.get("material", ""),
        ground=ground,
        background=stated.get("background") or _background(outside, stream(seed, "background")),
        light=light,
        weather=stated.get("weather", "clear"),
        view=view,
        pose=stated.get("pose", "upright"),
        distance_name=distance_name,
        occlusion=stated.get("occlusion", ""),
        camera=stated.get("camera", ""),
        elevation=_elevation(view, model, stream(seed, "elevation")),
        azimuth=_between(stream(seed, "azimuth"), traits.azimuth) + (180.0 if view == "rear" else 0.0),
        distance=_between(stream(seed, "distance"), traits.distance) * away,
        field_of_view=traits.field_of_view,
        nameable=bool(model.name) and all(allowed(model, a, v) for a, v in stated.items()),
        rendition=stated.get("rendition", ""),
        lens=stated.get("lens", ""),
        framing=stated.get("framing", ""),
        company=stated.get("company", ""),
        setting=stated.get("setting", ""),
        overlay=stated.get("overlay", ""),
        quality=stated.get("quality", ""),
        surface=stated.get("surface", ""),
    )


def outdoors(request: Request, seed: int) -> bool:
    """Whether the scene is outdoors. Light, weather, background and ground decide, in this order; at night, against the light
    and if none of them is stated, the usual place of such an object decides."""
    return _outdoors(_stated(request, seed), _model(request.label), stream(seed, "setting"))


def allowed(model: Model, attribute: Attribute, name: str) -> bool:
    """Whether a person can still name the object under this condition. Each class states its own range (`objects.Traits`).

    For an empty scene: whether it still shows what it is of. From below there is no ground.
    """
    if not model.name:
        return attribute in SCENIC and name != "below"
    traits = model.traits
    if attribute == "view":
        return name in traits.views
    if attribute == "pose":
        return name in traits.views
    if attribute == "colour":
        return traits.colours
    if attribute == "material":
        return name in traits.materials
    if attribute == "surface":
        return traits.surfaces
    if attribute == "count":
        return traits.counts
    if attribute == "ground":
        return "none" not in (traits.grounds or GROUNDS[traits.place])
    return True


def _nothing(**traits: Any) -> Model:
    """Seen a little flatter than an object on a table, so that trees and walls above the ground are in frame."""
    return Model("", (), "", lambda rng: [], traits=Traits(elevation=(4.0, 14.0), **traits))


_EMPTY = {True: _nothing(place="outdoors"), False: _nothing(grounds=(*GROUNDS["table"], *GROUNDS["floor"]))}
"""Stands in for a class if there is no object, by whether the scene is outdoors."""


def _model(label: str, outside: bool = False) -> Model:
    return load_all()[label] if label else _EMPTY[outside]


def _stated(request: Request, seed: int) -> dict[Attribute, str]:
    """What the request states, and the unusual condition of this seed unless the request decides its attribute."""
    stated = dict(request.stated)
    extra = _unusual(_model(request.label), stream(seed, "unusual"))
    if extra and extra.attribute not in stated:
        stated[extra.attribute] = extra.name
    return stated


def _unusual(model: Model, rng: Random) -> Value | None:
    """At most one condition beyond the class's everyday look, each value in proportion to its weight."""
    u = rng.random() * TOTAL_WEIGHT / UNUSUAL
    total = 0.0
    for value in VALUES:
        total += value.weight
        if u < total:
            return value if allowed(model, value.attribute, value.name) else None
    if u < total + COMPANY_WEIGHT and model.name:
        return _some_company(rng)
    return None


def _some_company(rng: Random) -> Value:
    relation = choice(rng, "next to", "next to", "behind", "in front of", "around")
    label = choice(rng, *load_all())
    phrase = str(Company(relation, USUAL["around"] if relation == "around" else 1, label))  # type: ignore[arg-type]
    return Value("company", phrase, phrase)


def _outdoors(stated: dict[Attribute, str], model: Model, rng: Random) -> bool:
    if "light" in stated and stated["light"] not in ANYWHERE:
        return stated["light"] in OUTDOOR_LIGHTS
    if "weather" in stated or "background" in stated:
        return True
    if "ground" in stated:
        home = model.traits.grounds or GROUNDS[model.traits.place]
        return stated["ground"] in OUTDOOR_GROUNDS or (model.traits.place in ("outdoors", "sky") and stated["ground"] in home)
    if model.traits.place in ("outdoors", "sky"):
        return True
    if not model.name:
        return stated.get("light") == "night" or bool(rng.random() < OPEN)
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
        return choice(rng, *away)
    if outdoors and not any(g in OUTDOOR_GROUNDS for g in home):
        return choice(rng, "grass", "concrete", "wood", "brick")
    if not outdoors and any(g in OUTDOOR_GROUNDS for g in home):
        return choice(rng, *([g for g in home if g not in OUTDOOR_GROUNDS] or GROUNDS["floor"]))
    return choice(rng, *home)


def _light(model: Model, outdoors: bool, stated: dict[Attribute, str], rng: Random) -> str:
    if stated.get("weather") in ("rain", "snowfall", "fog"):
        return "overcast"
    lights = [light for light in model.traits.lights if light == "night" or (light in OUTDOOR_LIGHTS) == outdoors]
    return choice(rng, *(lights or (("sunny", "sunny", "overcast") if outdoors else ("indoors", "indoors", "studio"))))


def _background(outdoors: bool, rng: Random) -> str:
    return choice(rng, "trees", "trees", "buildings") if outdoors else "room"


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
