"""The words of a medium: how prompts and captions open, and which conditions there are. Only tables; `Wording` uses them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from re import Pattern

from ..core.records import Phrase


class Kind(StrEnum):
    COUNT = "count"
    COLOUR = "colour"
    MATERIAL = "material"
    ATTRIBUTE = "attribute"
    PLACE = "place"
    TIME = "time and light"
    WEATHER = "weather"
    VIEWPOINT = "viewpoint"
    POSE = "pose"
    DISTANCE = "distance"
    OCCLUSION = "occlusion"
    COMPANION = "companion"
    STYLE = "style"


@dataclass(frozen=True, slots=True, eq=False)
class Vocabulary:
    """How prompts and captions of one medium speak about it.

    `opening`: of every prompt ("a photo of"). `lead_in`: what captions begin with; its first group are the words before the
    name of the medium, its second is that name. `names`: what these names become in a phrase. `idle`: words before the name
    that say nothing. `checklist`: generic conditions. `groups`: phrases that may replace one another. `patterns`: the first
    that fits a phrase after the noun tells its kind. `colours`, `materials`: words of these kinds before the noun.
    `surroundings`: kinds that can be shown without the object. `camera`: kinds that are about the specimen rather than the
    object. `nowhere`: what a context without things is called.
    """

    opening: str
    checklist: tuple[Phrase, ...] = ()
    groups: tuple[tuple[Phrase, ...], ...] = ()
    patterns: tuple[tuple[Kind, str], ...] = ()
    colours: frozenset[str] = frozenset()
    materials: frozenset[str] = frozenset()
    lead_in: Pattern[str] | None = None
    idle: Pattern[str] | None = None
    names: Mapping[str, str] = field(default_factory=dict)
    surroundings: frozenset[Kind] = frozenset()
    camera: frozenset[Kind] = frozenset()
    nowhere: str = ""
