"""Wordings and what they mean. Which there are is the caller's business."""

import difflib
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

from ...language.words import PREPOSITIONS

ARTICLES = frozenset({"a", "an", "the"})
BEFORE_ARTICLES = PREPOSITIONS | {"of"}
"""After these words an article may come or go: "on the grass", "in front of the trees"."""

Kind = Literal["quality", "condition", "noun", "object", "objects", "filler"]
"""`quality`: a condition in front of the noun. `noun`: what a picture without an object is of. `objects`: in the plural."""
RANK: dict[Kind, int] = {"quality": 0, "condition": 1, "noun": 2, "object": 3, "objects": 4, "filler": 5}
OBJECTS = frozenset({"object", "objects"})


@dataclass(frozen=True, slots=True)
class Meaning:
    """`attribute` and `name`: the value of a condition or noun ("" if it states none), or "" and the label of an object."""

    kind: Kind
    attribute: str = ""
    name: str = ""


class Word(NamedTuple):
    """A word of a text in lower case, the article before it ("" if none), and whether a mark is before both."""

    text: str
    article: str = ""
    marked: bool = False


class Step(NamedTuple):
    """One way on from a word: over so many words, of that meaning (None: unknown). `article`: the wording begins with one."""

    size: int
    meaning: Meaning | None
    article: bool = False


Key = tuple[str, ...]
"""The words of a wording without its articles."""
Entry = tuple[tuple[Word, ...], Meaning]


def words(text: str) -> tuple[Word, ...]:
    """Hyphens and apostrophes stay inside words ("jack-o'-lantern"); signs that are neither marks nor letters are not seen."""
    made: list[Word] = []
    article, marked = "", False
    for word, mark in re.findall(r"([a-z0-9]+(?:['-]+[a-z0-9]+)*)|([,;:.!?()\[\]{}/|–—])", text.lower().replace("’", "'")):
        if mark:
            article, marked = "", True
        elif word in ARTICLES:
            article = word
        else:
            made.append(Word(word, article, marked))
            article, marked = "", False
    return tuple(made)


class Lexicon:
    """What each wording means. Raises AssertionError where nobody could tell.

    That is where one wording has two meanings, but for a quality that is an object too ("orange"), and where a synonym is
    made of a quality and a name: "wooden chest" must be a chest that is wooden.
    """

    def __init__(self, wordings: Iterable[tuple[str, Meaning]], fillers: Iterable[str] = ()) -> None:
        self._entries: dict[Key, list[Entry]] = defaultdict(list)
        self._written: dict[Key, str] = {}
        for text, meaning in wordings:
            self._add(text, meaning)
            self._written.setdefault(_key(words(text)), text)
        for text in fillers:
            assert not self.meanings(text), f"the filler {text!r} is a wording too"
            self._add(text, Meaning("filler"))
        for key in self._entries:
            self._check(key)
        for entries in self._entries.values():
            entries.sort(key=lambda entry: RANK[entry[1].kind])
        sizes: dict[str, set[int]] = defaultdict(set)
        for key in self._entries:
            sizes[key[0]].add(len(key))
        self._sizes = {first: sorted(found, reverse=True) for first, found in sizes.items()}

    def _add(self, text: str, meaning: Meaning) -> None:
        kinds = {m.kind for m in self.meanings(text) if m != meaning}
        assert not kinds or {meaning.kind, *kinds} == {"quality", "object"}, f"two meanings for {text!r}"
        wording = words(text)
        self._entries[_key(wording)].append((wording, meaning))

    def _check(self, key: Key) -> None:
        text = " ".join(key)
        if not any(m.kind == "object" and m.name.lower() != text for m in self.meanings(text)):
            return
        for i in range(1, len(key)):
            quality, name = " ".join(key[:i]), " ".join(key[i:])
            made = "quality" in self._kinds(quality) and "object" in self._kinds(name)
            assert not made, f"the synonym {text!r} is no name of its own: it is {name!r} that is {quality!r}"

    def _kinds(self, text: str) -> set[Kind]:
        return {m.kind for m in self.meanings(text)}

    def meanings(self, text: str) -> tuple[Meaning, ...]:
        """What the text means as one wording, whatever its articles; empty if it is none."""
        return tuple(dict.fromkeys(meaning for _, meaning in self._entries.get(_key(words(text)), ())))

    def nearest(self, text: str) -> list[str]:
        """Up to two wordings that have this word, else that are spelled like it, or words of wordings that are."""
        having = sorted((written for key, written in self._written.items() if text in key), key=len)
        if having:
            return having[:2]
        known = {spelled for key in self._written for spelled in (*key, " ".join(key))}
        return difflib.get_close_matches(text, sorted(known), n=2, cutoff=0.6)

    def steps(self, text: Sequence[Word], start: int) -> Iterator[Step]:
        """Every way on from a word: the longest wording first; of equals a condition, an object, a filler."""
        unknown = True
        for size in self._sizes.get(text[start].text, ()):
            piece = text[start : start + size]
            for wording, meaning in self._entries.get(_key(piece), ()) if len(piece) == size else ():
                if _whole(piece, wording):
                    unknown = False
                    yield Step(size, meaning, bool(wording[0].article))
        if unknown:
            yield Step(1, None)


def _key(wording: Sequence[Word]) -> Key:
    return tuple([w.text for w in wording])


def _whole(piece: Sequence[Word], wording: Sequence[Word]) -> bool:
    """Whether a piece of text is a wording rather than parts of two: a mark inside it ends a wording, and an article begins
    one, unless the wording has it there or the word before it is a preposition."""
    return all(
        w.marked <= own.marked and (not w.article or bool(own.article) or before.text in BEFORE_ARTICLES)
        for before, w, own in zip(wording[:-1], piece[1:], wording[1:], strict=True)
    )
