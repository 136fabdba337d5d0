"""What a phrase is about, and a description with one phrase dropped, replaced or added.

Kinds come from the words alone, so captions of any captioner can be edited: nothing is looked up, and no model is asked.
"""

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache

from ..core.explanation import Edit
from ..core.records import Phrase, Prompt
from .vocabulary import Kind, Vocabulary
from .words import ADVERBS, NUMBERS, PARTICIPLES, PREPOSITIONS, SHADES, TRANSITIVE, listed


@lru_cache(maxsize=65536)
def kind(phrase: Phrase, words: Vocabulary) -> Kind:
    """What the phrase is about; `ATTRIBUTE` if its words do not say."""
    text = phrase.text.lower()
    if phrase.before:
        parts = set(text.split()) - {"and"}
        if parts & NUMBERS or text[:1].isdigit() or text.endswith(" of"):
            return Kind.COUNT
        if parts <= words.colours | SHADES and parts & words.colours:
            return Kind.COLOUR
        return Kind.MATERIAL if parts & words.materials else Kind.ATTRIBUTE
    return next((k for k, pattern in words.patterns if re.search(pattern, text)), Kind.ATTRIBUTE)


def compatible(a: Phrase, b: Phrase, words: Vocabulary) -> bool:
    """Whether two phrases can be said of one specimen, as far as their words tell: two colours or two times of day cannot, two
    companions can, and two places if one is "on" and the other "in front of" something."""
    ours, theirs = kind(a, words), kind(b, words)
    if ours is not theirs or ours in (Kind.ATTRIBUTE, Kind.COMPANION):
        return a != b
    return ours is Kind.PLACE and a.text.split()[0] != b.text.split()[0]


def siblings(phrase: Phrase, words: Vocabulary) -> tuple[Phrase, ...]:
    """Other phrases of the same kind, likeliest first."""
    phrase = Phrase(phrase.text.lower(), phrase.before)
    group = next((g for g in words.groups if phrase in g), None)
    if group is None:
        wanted = kind(phrase, words)
        if wanted is Kind.ATTRIBUTE:
            return ()
        same = [g for g in words.groups if kind(g[0], words) is wanted]
        opening = phrase.text.split()[:1]
        group = next((g for g in same if g[0].text.split()[:1] == opening), next(iter(same), ()))
    return tuple(p for p in group if p != phrase)


def edits(
    phrases: Sequence[Phrase],
    *,
    alternatives: Sequence[Iterable[Phrase]],
    limit: int = 2,
    add: Iterable[Phrase] = (),
) -> list[Edit]:
    """Every change of one phrase: each dropped, each replaced by at most `limit` others, each of `add` added.

    `alternatives`: for each phrase, what may replace it. Drops come first, then the first alternative of each phrase, then
    the additions, then the second alternatives.
    """
    drops = [Edit("drop", _without(phrases, p), p) for p in phrases]
    swaps: list[list[Edit]] = [[] for _ in range(max(1, limit))]
    for i, (p, mine) in enumerate(zip(phrases, alternatives, strict=True)):
        new = [a for a in dict.fromkeys(mine) if a not in phrases]
        for rank, a in enumerate(new[:limit]):
            swaps[rank].append(Edit("replace", (*phrases[:i], a, *phrases[i + 1 :]), p, a))
    added = [Edit("add", (*phrases, a), None, a) for a in dict.fromkeys(add) if a not in phrases]
    return [*drops, *swaps[0], *added, *(e for rank in swaps[1:] for e in rank)]


def _without(phrases: Sequence[Phrase], gone: Phrase) -> tuple[Phrase, ...]:
    return tuple(p for p in phrases if p != gone)


# --- the context without the object -------------------------------------------------------------------------------------

_LEADING = ADVERBS | PARTICIPLES | PREPOSITIONS | TRANSITIVE | listed("of to and top front side middle edge being")


def bare(text: str) -> str:
    """The thing that a phrase brings along: "on grass" -> "grass", "in front of trees" -> "trees"; "" if there is none."""
    parts = text.split()
    while parts and (parts[0].lower() in _LEADING or [p.lower() for p in parts[:2]] in (["the", "middle"], ["the", "side"])):
        parts.pop(0)
    return " ".join(parts)


def surroundings(phrases: Sequence[Phrase], words: Vocabulary) -> tuple[Phrase, ...]:
    """The phrases that still mean something without the object; empty if nothing can be shown without it."""
    kept = tuple(p for p in phrases if independent(p, words))
    return kept if any(kind(p, words) in words.surroundings for p in kept) else ()


def independent(phrase: Phrase, words: Vocabulary) -> bool:
    """Whether a phrase means something in a picture without the object."""
    return not phrase.before and kind(phrase, words) in words.surroundings | words.camera


def context(phrases: Sequence[Phrase], label: str, words: Vocabulary) -> Prompt | None:
    """The prompt of the context alone (Wiles et al. 2022, spurious correlations): `a photo of grass at night`.

    `label`: what it might be taken for, which is what a judge should look for. None if the description says nothing about the
    surroundings.
    """
    kept = surroundings(phrases, words)
    return elsewhere(kept, label, words) if kept else None


def elsewhere(phrases: Sequence[Phrase], label: str, words: Vocabulary) -> Prompt:
    """The prompt of a picture without the label, of what the phrases bring along: `a photo of grass at night`, `a photo of an
    empty place at night`."""
    things = [p for p in phrases if kind(p, words) in words.surroundings - {Kind.TIME, Kind.WEATHER} and bare(p.text)]
    head = bare(things[0].text) if things else words.nowhere
    rest = [p.text for p in phrases if p not in things[:1]]
    return Prompt(" ".join([words.opening, head, *rest]), label, ", ".join(p.text for p in phrases))
