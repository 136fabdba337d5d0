"""What a phrase is about, and a description with one phrase dropped, replaced or added.

Kinds come from the words alone, so that captions of any captioner can be edited: nothing is looked up, no model is asked.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from ..types import Phrase, Prompt
from .words import ADVERBS, NUMBERS, PARTICIPLES, PREPOSITIONS, SHADES, TRANSITIVE, words


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


SURROUNDINGS = frozenset({Kind.PLACE, Kind.TIME, Kind.WEATHER, Kind.COMPANION, Kind.OCCLUSION})
"""What can be shown without the object."""
CAMERA = frozenset({Kind.VIEWPOINT, Kind.STYLE})
"""What is said of the picture rather than of the object: it stays when the object goes."""

COLOURS = words(
    "red blue green yellow orange purple violet pink black white gray grey brown beige tan turquoise teal navy maroon cyan "
    "magenta colorful colourful rosy crimson scarlet coloured colored"
)
MATERIALS = words(
    "wooden wood metal metallic glass plastic stone golden gold silver steel chrome bronze copper iron marble paper cardboard "
    "ceramic porcelain leather rubber knitted woollen crystal transparent gilded"
)

_PATTERNS: tuple[tuple[Kind, str], ...] = (
    (Kind.MATERIAL, r"^made (?:out )?of "),
    (
        Kind.DISTANCE,
        r"\b(?:far away|far off|from far|from afar|in the (?:far )?distance|distant|close[ -]?ups?|up close|in the frame)\b|"
        r"^in the (?:background|foreground)\b",
    ),
    (
        Kind.STYLE,
        r"\b(?:blur(?:red|ry)?|(?:out of|soft|shallow|deep) focus|"
        r"depth of field|in motion|moving|defocused|unfocused|bokeh|grainy|noisy|noise|pixelated|"
        r"overexposed|underexposed|"
        r"photo(?! studio)|photograph|picture|painting|drawing|sketch|illustration|cartoon|rendering|origami|"
        r"black and white|sepia|monochrome|frame|watermark|filter|style|lens)\b",
    ),
    (Kind.POSE, r"\b(?:upside[ -]down|on (?:its|their) (?:side|back|head)|tilted|rotated|turned|overturned)\b"),
    (
        Kind.VIEWPOINT,
        r"\bfrom (?:above|below|behind|underneath|inside|outside|ground level|(?:the|a|an) (?:\w+ )?(?:top|bottom|side|front|"
        r"back|rear|angle|ground|air))\b|\b(?:view|angle|perspective|in profile)\b",
    ),
    (Kind.OCCLUSION, r"\b(?:hidden|occluded|obscured|obstructed|cropped|cut off)\b|^(?:partly|partially|half|mostly) "),
    (Kind.PLACE, r"\b(?:rooms?|studio|house|kitchen|office|garage|indoors|outdoors|street|road)\b|^inside$|^outside$"),
    (
        Kind.WEATHER,
        r"\b(?:fog|foggy|mist|misty|haze|rain|raining|rainy|snowfall|falling snow|snowing|snowstorm|blizzard|storm|stormy|"
        r"hail|wind|windy|lightning|sandstorm|while it snows)\b",
    ),
    (
        Kind.TIME,
        r"\b(?:night|nighttime|day|daytime|sunset|sunrise|dusk|dawn|noon|midday|midnight|morning|afternoon|evening|twilight|"
        r"daylight|sun|sunlight|sunshine|moonlight|candlelight|lit|backlit|silhouetted|sky|clouds|summer|winter|autumn|spring)\b|"
        # of a thing that is light or dark the phrase goes on
        r"\b(?:light|lights|lighting|dark|darkness|shade|shadow|shadows)$",
    ),
    (
        Kind.COMPANION,
        r"^(?:with|without|holding|wearing|carrying|eating|using|riding|pulling|pushing|watching|next to|beside|near|close to|"
        r"between|behind|among|surrounded by|covered|filled|decorated|tied|attached|wrapped|and|being)\b",
    ),
    (
        Kind.PLACE,
        r"^(?:on|in|at|inside|outside|under|over|above|below|beneath|against|through|along|around|across|amid|by|into|onto|beyond|"
        r"sitting|standing|lying|laying|placed|parked|mounted|hanging|resting|growing|floating|flying|running|walking|leaning|"
        r"buried|reflected)\b",
    ),
)
"""The first that fits a phrase after the noun says its kind."""


def kind(phrase: Phrase) -> Kind:
    """What the phrase is about; `ATTRIBUTE` where its words do not say."""
    text = phrase.text.lower()
    if phrase.before:
        parts = set(text.split()) - {"and"}
        if parts & NUMBERS or text[:1].isdigit() or text.endswith(" of"):
            return Kind.COUNT
        if parts <= COLOURS | SHADES and parts & COLOURS:
            return Kind.COLOUR
        return Kind.MATERIAL if parts & MATERIALS else Kind.ATTRIBUTE
    return next((k for k, pattern in _PATTERNS if re.search(pattern, text)), Kind.ATTRIBUTE)


def _after(*texts: str) -> tuple[Phrase, ...]:
    return tuple(Phrase(text) for text in texts)


def _before(*texts: str) -> tuple[Phrase, ...]:
    return tuple(Phrase(text, before=True) for text in texts)


GROUPS: tuple[tuple[Phrase, ...], ...] = (
    _before("two", "three"),
    _before("red", "blue", "green", "yellow", "white", "black"),
    _before("wooden", "metal", "glass", "golden"),
    # grounds, outdoors and indoors apart: a swap should not carry the whole scene to another place
    _after("on grass", "on sand", "on snow", "on dirt", "on water", "on asphalt"),
    _after("on a wooden floor", "on a carpet", "on marble", "on a checked cloth", "on tiles", "on concrete"),
    _after("in a forest", "in a city", "in a desert", "in a kitchen"),
    _after("in front of trees", "in front of buildings"),
    _after("in a dark room", "in a bright studio", "indoors"),
    _after("at night", "on a sunny day", "on a cloudy day", "at sunset"),
    _after("in fog", "in heavy rain", "in falling snow"),
    _after("seen from above", "seen from ground level", "seen from behind", "seen from below"),
    _after("upside down", "on its side"),
    _after("far away", "in a close-up"),
    _after("partly hidden by leaves", "partly hidden by a post"),
    _after("next to a person", "next to a dog", "next to a book"),
    _after("with motion blur", "out of focus", "in a grainy photo"),
)
"""Phrases that may stand for one another; a phrase that is in none takes the first group of its kind and preposition."""


def siblings(phrase: Phrase) -> tuple[Phrase, ...]:
    """Other phrases of the same kind, the likeliest first."""
    phrase = Phrase(phrase.text.lower(), phrase.before)
    group = next((g for g in GROUPS if phrase in g), None)
    if group is None:
        wanted = kind(phrase)
        if wanted is Kind.ATTRIBUTE:
            return ()
        same = [g for g in GROUPS if kind(g[0]) is wanted]
        opening = phrase.text.split()[:1]
        group = next((g for g in same if g[0].text.split()[:1] == opening), next(iter(same), ()))
    return tuple(p for p in group if p != phrase)


@dataclass(frozen=True, slots=True)
class Edit:
    """One change of a description. `phrases`: the description after it."""

    op: Literal["drop", "replace", "add"]
    phrases: tuple[Phrase, ...]
    phrase: Phrase | None = None
    """What went; None where something was added."""
    replacement: Phrase | None = None
    """What came; None where something was dropped."""

    def __str__(self) -> str:
        if self.op == "drop":
            return f"without “{self.phrase.text if self.phrase else ''}”"
        new = self.replacement.text if self.replacement else ""
        return f"“{new}” instead of “{self.phrase.text}”" if self.phrase else f"with “{new}” added"


def edits(
    phrases: Sequence[Phrase],
    *,
    alternatives: Sequence[Iterable[Phrase]] | None = None,
    limit: int = 2,
    add: Iterable[Phrase] = (),
) -> list[Edit]:
    """Every change of one phrase: each dropped, each replaced by at most `limit` others, each of `add` added.

    `alternatives`: for each phrase what may stand in its place; its `siblings` where nothing is given. Drops come first, then
    the first alternative of each phrase, then what was asked to be added, then the second.
    """
    drops = [Edit("drop", _without(phrases, p), p) for p in phrases]
    swaps: list[list[Edit]] = [[] for _ in range(max(1, limit))]
    others = [siblings(p) for p in phrases] if alternatives is None else alternatives
    for i, (p, mine) in enumerate(zip(phrases, others, strict=True)):
        new = [a for a in dict.fromkeys(mine) if a not in phrases]
        for rank, a in enumerate(new[:limit]):
            swaps[rank].append(Edit("replace", (*phrases[:i], a, *phrases[i + 1 :]), p, a))
    added = [Edit("add", (*phrases, a), None, a) for a in dict.fromkeys(add) if a not in phrases]
    return [*drops, *swaps[0], *added, *(e for rank in swaps[1:] for e in rank)]


def _without(phrases: Sequence[Phrase], gone: Phrase) -> tuple[Phrase, ...]:
    return tuple(p for p in phrases if p != gone)


# --- the context without the object -------------------------------------------------------------------------------------

_LEADING = ADVERBS | PARTICIPLES | PREPOSITIONS | TRANSITIVE | words("of to and top front side middle edge being")
NOWHERE = "an empty place"


def bare(text: str) -> str:
    """The thing that a phrase brings along: "on grass" -> "grass", "in front of trees" -> "trees"; "" where it has none."""
    parts = text.split()
    while parts and (parts[0].lower() in _LEADING or [p.lower() for p in parts[:2]] in (["the", "middle"], ["the", "side"])):
        parts.pop(0)
    return " ".join(parts)


def surroundings(phrases: Sequence[Phrase]) -> tuple[Phrase, ...]:
    """The phrases that still mean something where the object is gone; none where nothing can be shown without it."""
    kept = tuple(p for p in phrases if not p.before and kind(p) in SURROUNDINGS | CAMERA)
    return kept if any(kind(p) in SURROUNDINGS for p in kept) else ()


def context(phrases: Sequence[Phrase], label: str) -> Prompt | None:
    """The prompt of the context alone (Wiles et al. 2022, spurious correlations): `a photo of grass at night`.

    `label`: what it might be taken for, which is what a judge should look for. None where the description says nothing of
    the surroundings.
    """
    kept = list(surroundings(phrases))
    if not kept:
        return None
    things = [p for p in kept if kind(p) in SURROUNDINGS - {Kind.TIME, Kind.WEATHER} and bare(p.text)]
    head = bare(things[0].text) if things else NOWHERE
    rest = [p.text for p in kept if p not in things[:1]]
    return Prompt(" ".join(["a photo of", head, *rest]), label, ", ".join(p.text for p in kept))
