"""Free English -> what is asked of the studio: an object and conditions.

Nothing is dropped silently: a word that is neither an object, a condition nor a filler is an error that names it and
the nearest known ones. A prompt without an object is read as an empty scene where it names one ("a photo of grass at
night"): there, and only there, the noun of a condition is understood without its preposition (`vocabulary.nouns`).
How a text that could be read in several ways is read: `reading`.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from typing import cast, get_args

from ... import language
from ...core.errors import SpecError
from ...language.words import PARTICIPLES
from . import company, objects, stickers
from .company import Company
from .lexicon import OBJECTS, Lexicon, Meaning, Word, words
from .reading import read
from .vocabulary import FILLERS, NOTHING, SCENIC, STICKER, Attribute, Value, by_name, by_wording, clash, nouns, sticker


@dataclass(frozen=True, slots=True)
class Request:
    """A parsed prompt: the object's class, "" for an empty scene, and the conditions that the prompt states."""

    label: str
    stated: Mapping[Attribute, str]


@cache
def lexicon() -> Lexicon:
    """The wordings for prompts with an object."""
    return Lexicon([*conditions(), *names()], FILLERS)


@cache
def scenery() -> Lexicon:
    """The wordings for prompts without an object: nouns of surroundings too. A word keeps the meaning that it has with an
    object: "white" stays a colour."""
    new = [(text, meaning) for text, meaning in things() if not lexicon().meanings(text)]
    return Lexicon([*conditions(), *names(), *new], FILLERS)


def conditions() -> Iterator[tuple[str, Meaning]]:
    """Every wording of a condition, and what it means."""
    for wording, value in by_wording().items():
        first = wording.split()[0]
        quality = value.before and first not in PARTICIPLES  # "made of glass" stands after the noun
        yield wording, Meaning("quality" if quality else "condition", value.attribute, value.name)


def names() -> Iterator[tuple[str, Meaning]]:
    """Every name of an object, in the singular and the plural, and what it means."""
    for model in objects.load_all().values():
        one = dict.fromkeys([model.name.lower(), *map(str.lower, model.synonyms)])
        yield from ((name, Meaning("object", "", model.name)) for name in one)
        several = dict.fromkeys([model.plural.lower(), *map(language.plural, one)])
        yield from ((name, Meaning("objects", "", model.name)) for name in several if name not in one)


def things() -> Iterator[tuple[str, Meaning]]:
    """What a picture without an object can be of."""
    for noun, value in nouns().items():
        yield from ((text, Meaning("noun", value.attribute, value.name)) for text in (noun, f"empty {noun}"))
    yield from ((text, Meaning("noun")) for text in NOTHING)


def parse(text: str) -> Request:
    """Read a prompt. Raises SpecError for unknown words, no object and no surroundings, two objects, contradicting
    conditions, or, where there is no object, a condition that only objects have."""
    rest, said, alone = stickers.taken_out(text)
    laid = [Meaning("noun" if alone else "condition", "overlay", STICKER + what) for what in said]
    own, beside = company.taken_out(words(rest), lexicon())
    laid += [Meaning("condition", "company", str(companion)) for companion in beside]
    reading = read(own, lexicon())
    labels = dict.fromkeys(m.name for m in reading.found if m.kind in OBJECTS)
    if not labels:
        return _empty_scene(text, own, laid)
    stated = _stated([*reading.found, *laid], text)
    if reading.unknown or reading.dangling:
        raise _unknown_words([*reading.unknown, *reading.dangling], lexicon(), text)
    if len(labels) > 1:
        first, second, *_ = labels
        raise SpecError(
            f"the prompt {text!r} names several objects ({', '.join(sorted(labels))}); write what stands beside the one "
            f"that it is of as in 'a {first} next to {language.article(second)} {second}'"
        )
    if any(m.kind == "objects" for m in reading.found):
        stated.setdefault("count", "two")
    return Request(next(iter(labels)), stated)


@cache
def companions(name: str) -> Company:
    """What a value of the attribute `company` names."""
    (found,) = company.taken_out(words(name), lexicon()).found
    return found


def value_of(phrase: str) -> Value | None:
    """The value that a phrase means, as a caption or a checklist has it; None if the studio does not know it."""
    if value := by_wording().get(phrase.lower()):
        return value
    if STICKER.rstrip(": ") in phrase.lower():
        with suppress(SpecError):
            rest, said, _ = stickers.taken_out(phrase)
            return sticker(said[0]) if len(said) == 1 and not words(rest) else None
    left, found = company.taken_out(words(phrase), lexicon())
    return Value("company", str(found[0]), str(found[0])) if len(found) == 1 and not left else None


def _empty_scene(text: str, rest: Sequence[Word], laid: Sequence[Meaning]) -> Request:
    """Surroundings alone. At least one noun must say what the picture is of."""
    reading = read(rest, scenery())
    found = [*reading.found, *laid]
    stated = _stated(found, text)
    if reading.unknown:
        raise _unknown_words(reading.unknown, scenery(), text)
    if not any(m.kind == "noun" for m in found):
        raise SpecError(
            f"the prompt {text!r} names no object that the studio knows, such as {_some_objects()}; surroundings alone are "
            "fine too: 'a photo of grass at night', 'a photo of an empty place in fog'"
        )
    for attribute, name in stated.items():
        if attribute not in SCENIC:
            raise SpecError(
                f"the prompt {text!r} names no object that could have the {attribute} {_phrase(attribute, name)!r}; "
                f"surroundings alone have {', '.join(a for a in get_args(Attribute) if a in SCENIC)} only"
            )
    return Request("", stated)


def _stated(found: Sequence[Meaning], text: str) -> dict[Attribute, str]:
    stated: dict[Attribute, str] = {}
    for meaning in found:
        if not meaning.attribute:
            continue
        attribute = cast(Attribute, meaning.attribute)
        name = stated.setdefault(attribute, meaning.name)
        if name != meaning.name:
            raise SpecError(
                f"the prompt {text!r} asks for two values of {attribute}: {_phrase(attribute, name)!r} and "
                f"{_phrase(attribute, meaning.name)!r}; a picture shows one"
            )
    if why := clash(stated):
        raise SpecError(f"the prompt {text!r} asks for {why}")
    return stated


def _phrase(attribute: Attribute, name: str) -> str:
    value: Value | None = by_name(attribute, name)
    return value.phrase if value else name


def _unknown_words(strange: Sequence[str], known: Lexicon, text: str) -> SpecError:
    near = {word: known.nearest(word) for word in strange}
    parts = (f"{word!r}" + (f" (nearest: {', '.join(n)})" if n else "") for word, n in near.items())
    return SpecError(f"the studio does not know {', '.join(parts)} in the prompt {text!r}")


def _some_objects() -> str:
    return ", ".join(sorted(objects.load_all())[:8])
