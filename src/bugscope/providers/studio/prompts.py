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


ARTICLES = frozenset({"a", "an", "the"})
Entry = tuple[str, str, str]
"""("condition", attribute, value), ("object", "", label) or ("objects", "", label) for a plural."""


def tokens(text: str) -> list[str]:
    """Lower-case words without articles; hyphens and apostrophes stay inside words ("jack-o'-lantern")."""
    words = re.findall(r"[a-z0-9]+(?:['-]+[a-z0-9]+)*", text.lower().replace("’", "'"))
    return [w for w in words if w not in ARTICLES]


@cache
def _phrases() -> tuple[Mapping[tuple[str, ...], Entry], int]:
    """Wording as words -> its meaning; and the longest wording in words."""
    table: dict[tuple[str, ...], Entry] = {}
    for wording, value in by_wording().items():
        table[tuple(tokens(wording))] = ("condition", value.attribute, value.name)
    for model in objects.load_all().values():
        for name in (model.name, *model.synonyms):
            table[tuple(tokens(name))] = ("object", "", model.name)
        for name in (model.plural, *(language.plural(n) for n in (model.name, *model.synonyms))):
            table.setdefault(tuple(tokens(name)), ("objects", "", model.name))
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


def _longest(words: Sequence[str], start: int) -> tuple[int, Entry | None]:
    """The longest known wording at `start`: how many words, and what it means."""
    table, longest = _phrases()
    for size in range(min(longest, len(words) - start), 0, -1):
        entry = table.get(tuple(words[start : start + size]))
        if entry is not None:
            return size, entry
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
