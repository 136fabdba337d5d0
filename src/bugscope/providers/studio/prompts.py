"""Free English -> what is asked of the studio: an object and conditions, longest match first.

Nothing is dropped in silence: a word that is neither an object, a condition nor a filler is an error that names it and
the nearest known ones.
"""

import difflib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from ... import language
from ...errors import SpecError
from . import objects
from .vocabulary import FILLERS, Attribute, by_wording


@dataclass(frozen=True, slots=True)
class Request:
    """A parsed prompt: the object's class and the conditions that the prompt states."""

    label: str
    stated: Mapping[Attribute, str]


def tokens(text: str) -> list[str]:
    """Lower-case words; hyphens and apostrophes stay inside words ("jack-o'-lantern")."""
    return re.findall(r"[a-z0-9]+(?:['’-]+[a-z0-9]+)*", text.lower().replace("’", "'").replace("o'-", "o-"))


@cache
def _phrases() -> tuple[Mapping[tuple[str, ...], tuple[str, str, str]], int]:
    """Wording as words -> (kind, attribute or "", value); and the longest wording in words."""
    table: dict[tuple[str, ...], tuple[str, str, str]] = {}
    for wording, value in by_wording().items():
        table[tuple(tokens(wording))] = ("condition", value.attribute, value.name)
        # a condition is understood without its article or with "the" for "a": "on the wooden floor"
        short = tuple(t for t in tokens(wording) if t not in ("a", "an", "the"))
        if len(short) > 1:
            table.setdefault(short, ("condition", value.attribute, value.name))
    for model in objects.load_all().values():
        for name in (model.name, *model.synonyms):
            table[tuple(tokens(name))] = ("object", "", model.name)
        table.setdefault(tuple(tokens(model.plural)), ("objects", "", model.name))
        for name in (model.name, *model.synonyms):
            table.setdefault(tuple(tokens(language.plural(name))), ("objects", "", model.name))
    return table, max(map(len, table))


def parse(text: str) -> Request:
    """Read a prompt. Raises SpecError for unknown words, no object, two objects, or contradicting conditions."""
    words = tokens(text)
    labels: list[str] = []
    stated: dict[Attribute, str] = {}
    strange: list[str] = []
    plural = False
    i = 0
    while i < len(words):
        size, entry = _longest(words, i)
        if entry is None:
            if words[i] not in FILLERS:
                strange.append(words[i])
            i += 1
            continue
        kind, attribute, name = entry
        if kind == "condition":
            _state(stated, attribute, name, text)  # type: ignore[arg-type]
        else:
            labels.append(name)
            plural |= kind == "objects"
        i += size
    if strange:
        raise _unknown_words(strange, text)
    if not labels:
        raise SpecError(f"the prompt {text!r} names no object that the studio knows, such as {_some_objects()}")
    if len(set(labels)) > 1:
        raise SpecError(
            f"the prompt {text!r} names several objects ({', '.join(sorted(set(labels)))}); the studio shows one kind"
        )
    if plural:
        stated.setdefault("count", "two")
    return Request(labels[0], stated)


def _longest(words: Sequence[str], start: int) -> tuple[int, tuple[str, str, str] | None]:
    """The longest known wording at `start`, articles inside it allowed to be absent or others."""
    table, longest = _phrases()
    for stop in range(min(len(words), start + longest + 2), start, -1):
        part = tuple(words[start:stop])
        entry = table.get(part) or (table.get(tuple(w for w in part if w not in ("a", "an", "the"))) if len(part) > 2 else None)
        if entry and part[-1] not in ("a", "an", "the") and part[0] not in ("a", "an", "the") or part in table:
            return stop - start, entry or table[part]
    return 1, None


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
        near = difflib.get_close_matches(word, _known_words(), n=2, cutoff=0.6)
        parts.append(f"{word!r}" + (f" (nearest: {', '.join(near)})" if near else ""))
    return SpecError(f"the studio does not know {', '.join(parts)} in the prompt {text!r}")


def _some_objects() -> str:
    return ", ".join(sorted(objects.load_all())[:8])
