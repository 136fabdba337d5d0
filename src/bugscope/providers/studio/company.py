"""What stands beside the object: "next to a teapot", "behind a red bucket", "surrounded by three candles", "among balls".

A companion is a noun phrase of its own, so it is taken out of a prompt before the rest of it is read.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np

from ... import language
from . import objects
from .lexicon import Lexicon, Meaning, Word, words

Relation = Literal["next to", "behind", "in front of", "around", "among"]
"""Seen from the object: an object "behind" a bucket is partly hidden by it."""

BEFORE: tuple[tuple[str, Relation], ...] = (
    ("next to", "next to"),
    ("beside", "next to"),
    ("alongside", "next to"),
    ("close to", "next to"),
    ("near", "next to"),
    ("behind", "behind"),
    ("in front of", "in front of"),
    ("among", "among"),
    ("amid", "among"),
    ("in the middle of", "among"),
    ("surrounded by", "around"),
)
AFTER: tuple[tuple[str, Relation], ...] = (
    ("next to it", "next to"),
    ("beside it", "next to"),
    ("near it", "next to"),
    ("around it", "around"),
    ("in front of it", "behind"),
    ("behind it", "in front of"),
    ("in the background", "in front of"),
    ("", "next to"),
)
"""What may follow "with a teapot", the longest first."""

COUNTS = {"a": 1, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6}
USUAL: dict[Relation, int] = {"next to": 2, "behind": 2, "in front of": 2, "around": 3, "among": 6}
"""How many a plural without a number is."""
KINDS: dict[str, tuple[str, ...]] = {
    "ball": ("soccer ball", "basketball", "tennis ball", "croquet ball"),
    "fruit": ("banana", "Granny Smith", "pineapple", "strawberry"),
}
"""Words for things of several classes; each companion is one of them."""


@dataclass(frozen=True, slots=True)
class Company:
    """`count` things of the class or kind `label` beside the object; `colour`, `material`: "" as they are."""

    relation: Relation
    count: int
    label: str
    colour: str = ""
    material: str = ""

    def __str__(self) -> str:
        noun = self.label if self.count == 1 else _plural(self.label)
        looks = " ".join(filter(None, [self.colour, _WORDS.get(self.material, self.material), noun]))
        number = next(word for word, n in COUNTS.items() if n == self.count)
        thing = f"{language.article(looks)} {looks}" if self.count == 1 else f"{number} {looks}"
        if self.relation == "around":
            return f"surrounded by {thing}"
        return f"among {looks}" if self.relation == "among" and self.count == USUAL["among"] else f"{self.relation} {thing}"

    def labels(self, rng: np.random.Generator) -> list[str]:
        """The class of each of them."""
        kinds = KINDS.get(self.label, (self.label,))
        return [kinds[int(rng.integers(len(kinds)))] for _ in range(self.count)]


_WORDS = {"gold": "golden", "wood": "wooden"}


class Taken(NamedTuple):
    """The words of a prompt without its companions, and these."""

    rest: tuple[Word, ...]
    found: tuple[Company, ...]


def taken_out(text: Sequence[Word], lexicon: Lexicon) -> Taken:
    """Companions are what a relation and a noun phrase name together; "in front of trees" and "behind a post" are not."""
    rest: list[Word] = []
    found: list[Company] = []
    i, cut = 0, False
    while i < len(text):
        size = _other(text, i, lexicon)  # "covered with orange peel", "seen from behind"
        if not size and (match := _match(text, i, lexicon)):
            company, size = match
            found.append(company)
            cut = True
        else:
            size = max(size, 1)
            # what was apart stays apart
            rest += [text[i]._replace(marked=True) if cut else text[i], *text[i + 1 : i + size]]
            cut = False
        i += size
    return Taken(tuple(rest), tuple(found))


def _other(text: Sequence[Word], start: int, lexicon: Lexicon) -> int:
    """Over how many words the wording of another condition goes from a word on, if over several; else 0."""
    step = next(lexicon.steps(text, start))
    another = step.meaning and step.meaning.kind == "condition" and step.meaning.attribute != "company"
    return step.size if another and step.size > 1 else 0


def _match(text: Sequence[Word], start: int, lexicon: Lexicon) -> tuple[Company, int] | None:
    """The companions named from a word on, and over how many words."""
    for wording, relation in BEFORE:
        before = _says(text, start, wording)
        if before and (things := _things(text, start + before, relation, lexicon)):
            company, size = things
            return company, before + size
    if text[start].text == "with":
        for wording, relation in AFTER:
            if things := _things(text, start + 1, relation, lexicon):
                company, size = things
                after = _says(text, start + 1 + size, wording)
                if after or not wording:
                    return company, 1 + size + after
    return None


def _says(text: Sequence[Word], start: int, wording: str) -> int:
    """Over how many words the text has the wording there, else 0; articles are not words."""
    wanted = words(wording)
    piece = text[start : start + len(wanted)]
    same = [w.text for w in piece] == [w.text for w in wanted] and not any(w.marked for w in piece[1:])
    return len(wanted) if same else 0


def _things(text: Sequence[Word], start: int, relation: Relation, lexicon: Lexicon) -> tuple[Company, int] | None:
    """The noun phrase from there on, as companions, and over how many words."""
    looks: dict[str, str] = {}
    count, i = 0, start
    while i < len(text) and (i == start or _goes_on(text, i)):
        if not count and text[i].text in COUNTS and not text[i].article:
            count, i = COUNTS[text[i].text], i + 1
            continue
        named = _name(text, i, lexicon)
        meaning, width = _quality(text, i, lexicon)
        if named and not (meaning and _leads(text, i + width, lexicon)):  # "an orange", but "an orange balloon"
            label, several, size = named
            number = count or (USUAL[relation] if several else 1)
            if relation in ("around", "among") and number == 1:
                relation = "next to"
            return Company(relation, number, label, looks.get("colour", ""), looks.get("material", "")), i + size - start
        if meaning is None or meaning.attribute in looks:
            return None
        if meaning.attribute == "count":
            count = COUNTS[meaning.name]
        looks[meaning.attribute] = meaning.name
        i += width
    return None


def _goes_on(text: Sequence[Word], i: int) -> bool:
    return not (text[i].marked or text[i].article)


def _leads(text: Sequence[Word], i: int, lexicon: Lexicon) -> bool:
    """Whether a name follows, after qualities or at once."""
    if i >= len(text) or not _goes_on(text, i):
        return False
    meaning, width = _quality(text, i, lexicon)
    return _name(text, i, lexicon) is not None or (meaning is not None and _leads(text, i + width, lexicon))


def _name(text: Sequence[Word], start: int, lexicon: Lexicon) -> tuple[str, bool, int] | None:
    """The object or kind that a word begins, whether it is several, and over how many words."""
    for step in lexicon.steps(text, start):
        if step.meaning and step.meaning.kind in ("object", "objects"):
            return step.meaning.name, step.meaning.kind == "objects", step.size
    for kind in KINDS:
        if text[start].text in (kind, _plural(kind)):
            return kind, text[start].text != kind, 1
    return None


def _quality(text: Sequence[Word], start: int, lexicon: Lexicon) -> tuple[Meaning | None, int]:
    for step in lexicon.steps(text, start):
        if step.meaning and step.meaning.kind == "quality" and step.meaning.attribute in ("count", "colour", "material"):
            return step.meaning, step.size
    return None, 1


def _plural(label: str) -> str:
    model = objects.load_all().get(label)
    return model.plural if model else language.plural(label)
