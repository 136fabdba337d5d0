"""The words of a medium: how prompts and captions open, and which conditions there are. Tables; `Wording` puts them to use."""

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


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """All that prompts and captions of one medium say of it.

    `opening`: of every prompt ("a photo of"). `lead_in`: what captions begin with, its first group the words before the name of
    the medium, its second that name; `names`: what these names are called in a phrase; `idle`: words before it that say nothing.
    `checklist`: generic conditions. `groups`: phrases that may stand for one another. `patterns`: the first that fits a phrase
    after the noun says its kind; `colours`, `materials`: words before the noun of these kinds. `surroundings`: kinds that can be
    shown without the object; `camera`: kinds that are said of the specimen rather than of the object; `nowhere`: what a context
    without things is called.
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
