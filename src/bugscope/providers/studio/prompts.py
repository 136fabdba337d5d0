"""Free English -> what is asked of the studio: an object and conditions, longest match first.

Nothing is dropped silently: a word that is neither an object, a condition nor a filler is an error that names it and
the nearest known ones. A prompt without an object is read as an empty scene where it names one ("a photo of grass at
night"): there, and only there, the noun of a condition is understood without its preposition (`vocabulary.nouns`).
"""

import difflib
import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from typing import get_args

from ... import language
from ...core.errors import SpecError
from . import objects, stickers
from .vocabulary import FILLERS, NOTHING, SCENIC, STICKER, Attribute, Value, by_name, by_wording, clash, nouns, sticker


@dataclass(frozen=True, slots=True)
class Request:
    """A parsed prompt: the object's class, "" for an empty scene, and the conditions that the prompt states."""

    label: str
    stated: Mapping[Attribute, str]


ARTICLES = frozenset({"a", "an", "the"})
Entry = tuple[str, str, str]
"""("condition", attribute, value), ("object", "", label), ("objects", "", label) for a plural, ("noun", attribute, value)
for surroundings, or ("noun", "", "") for none in particular."""
Table = tuple[Mapping[tuple[str, ...], Entry], int]
"""Wording as words -> its meaning; and the longest wording in words."""


def tokens(text: str) -> list[str]:
    """Lower-case words without articles; hyphens and apostrophes stay inside words ("jack-o'-lantern")."""
    words = re.findall(r"[a-z0-9]+(?:['-]+[a-z0-9]+)*", text.lower().replace("’", "'"))
    return [w for w in words if w not in ARTICLES]


@cache
def _phrases() -> Table:
    """The wordings for prompts with an object."""
    table: dict[tuple[str, ...], Entry] = {}
    for wording, value in by_wording().items():
        table[tuple(tokens(wording))] = ("condition", value.attribute, value.name)
    for model in objects.load_all().values():
        for name in (model.name, *model.synonyms):
            table[tuple(tokens(name))] = ("object", "", model.name)
        for name in (model.plural, *(language.plural(n) for n in (model.name, *model.synonyms))):
            table.setdefault(tuple(tokens(name)), ("objects", "", model.name))
    return table, max(map(len, table))


@cache
def _scenery() -> Table:
    """The wordings for prompts without an object: nouns of surroundings too. A word keeps the meaning that it has with an
    object: "white" stays a colour."""
    table = dict(_phrases()[0])
    for noun, value in nouns().items():
        for wording in (noun, f"empty {noun}"):
            table.setdefault(tuple(tokens(wording)), ("noun", value.attribute, value.name))
    for noun in NOTHING:
        table.setdefault(tuple(tokens(noun)), ("noun", "", ""))
    return table, max(map(len, table))


def parse(text: str) -> Request:
    """Read a prompt. Raises SpecError for unknown words, no object and no surroundings, two objects, contradicting
    conditions, or, where there is no object, a condition that only objects have."""
    rest, said, alone = stickers.taken_out(text)
    words = tokens(rest)
    found, strange = _read(words, _phrases())
    laid: list[Entry] = [("noun" if alone else "condition", "overlay", STICKER + word) for word in said]
    labels = [name for kind, _, name in found if kind in ("object", "objects")]
    if not labels:
        return _empty_scene(text, words, laid)
    stated = _conditions([*found, *laid], text)
    if strange:
        raise _unknown_words(strange, text)
    if len(set(labels)) > 1:
        raise SpecError(
            f"the prompt {text!r} names several objects ({', '.join(sorted(set(labels)))}); the studio shows one kind"
        )
    if any(kind == "objects" for kind, _, _ in found):
        stated.setdefault("count", "two")
    return Request(labels[0], stated)


def value_of(phrase: str) -> Value | None:
    """The value that a phrase means, as a caption or a checklist has it; None if the studio does not know it."""
    value = by_wording().get(phrase.lower())
    if value is None and STICKER.rstrip(": ") in phrase.lower():
        with suppress(SpecError):
            rest, said, _ = stickers.taken_out(phrase)
            return sticker(said[0]) if len(said) == 1 and not tokens(rest) else None
    return value


def _empty_scene(text: str, words: Sequence[str], laid: Sequence[Entry]) -> Request:
    """Surroundings alone. At least one noun must say what the picture is of."""
    found, strange = _read(words, _scenery())
    found = [*found, *laid]
    stated = _conditions(found, text)
    if strange:
        raise _unknown_words(strange, text)
    if not any(kind == "noun" for kind, _, _ in found):
        raise SpecError(
            f"the prompt {text!r} names no object that the studio knows, such as {_some_objects()}; surroundings alone are "
            "fine too: 'a photo of grass at night', 'a photo of an empty place in fog'"
        )
    for attribute, name in stated.items():
        if attribute not in SCENIC:
            value = by_name(attribute, name)
            raise SpecError(
                f"the prompt {text!r} names no object that could have the {attribute} {value.phrase if value else name!r}; "
                f"surroundings alone have {', '.join(a for a in get_args(Attribute) if a in SCENIC)} only"
            )
    return Request("", stated)


def _read(words: Sequence[str], table: Table) -> tuple[list[Entry], list[str]]:
    """The meanings of the words, and the words without one."""
    found: list[Entry] = []
    strange: list[str] = []
    i = 0
    while i < len(words):
        size, entry = _longest(words, i, table)
        if entry is not None:
            found.append(entry)
        elif words[i] not in FILLERS:
            strange.append(words[i])
        i += size
    return found, strange


def _longest(words: Sequence[str], start: int, table: Table) -> tuple[int, Entry | None]:
    """The longest known wording at `start`: how many words, and what it means."""
    meanings, longest = table
    for size in range(min(longest, len(words) - start), 0, -1):
        entry = meanings.get(tuple(words[start : start + size]))
        if entry is not None:
            return size, entry
    return 1, None


def _conditions(found: Sequence[Entry], text: str) -> dict[Attribute, str]:
    stated: dict[Attribute, str] = {}
    for kind, attribute, name in found:
        if attribute and kind in ("condition", "noun"):
            _state(stated, attribute, name, text)  # type: ignore[arg-type]
    if why := clash(stated):
        raise SpecError(f"the prompt {text!r} asks for {why}")
    return stated


def _state(stated: dict[Attribute, str], attribute: Attribute, name: str, text: str) -> None:
    if stated.get(attribute, name) != name:
        raise SpecError(f"the prompt {text!r} asks for two values of {attribute}: {stated[attribute]!r} and {name!r}")
    stated[attribute] = name


@cache
def _known_words() -> tuple[str, ...]:
    return tuple(sorted({w for wording in _phrases()[0] for w in wording} | {" ".join(w) for w in _phrases()[0]}))


def _unknown_words(strange: Sequence[str], text: str) -> SpecError:
    parts = []
    for word in strange:
        within = [wording for wording in by_wording() if word in tokens(wording)]  # known, but not on its own
        near = within[:2] or difflib.get_close_matches(word, _known_words(), n=2, cutoff=0.6)
        parts.append(f"{word!r}" + (f" (nearest: {', '.join(near)})" if near else ""))
    return SpecError(f"the studio does not know {', '.join(parts)} in the prompt {text!r}")


def _some_objects() -> str:
    return ", ".join(sorted(objects.load_all())[:8])
