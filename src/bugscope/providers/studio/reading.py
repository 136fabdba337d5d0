"""The one reading of a text: how it is cut into wordings, and what they mean.

Many a text can be cut in several ways: "on white table lamps" are lamps on a white table, or table lamps on white. These
rules choose, the first before the second:

1. A mark (comma, colon, bracket, ...) ends a wording. So does an article, unless the wording has one there, or the word
   before it is a preposition: "on the grass" is "on grass", but "on white, a table lamp" is not on a white table.
2. As few words as possible stay without a meaning. A quality ("red", "glass", "two") that follows an article or "on" has one
   only if it leads to a noun: a teapot "on glass" is no glass teapot.
3. What is both a quality and an object ("orange") is the object if the text names no other.
4. The longest wording first, from the left; of equals a condition before an object, and both before a filler.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import NamedTuple

from .lexicon import OBJECTS, Lexicon, Meaning, Step, Word

PICTURES = frozenset({"photo", "photograph", "picture", "image", "shot", "one"})
"""Fillers that are nouns, to which a quality may lead."""


@dataclass(frozen=True, slots=True)
class Reading:
    """The meanings of a text in its order, without fillers; the words that have none; and the qualities that lead to no noun,
    with what is before them ("on glass", "a red")."""

    found: tuple[Meaning, ...]
    unknown: tuple[str, ...]
    dangling: tuple[str, ...]


class Noun(IntEnum):
    """Is a noun still to come? An article or "on" announces one; a quality after them needs it."""

    NONE = 0
    ANNOUNCED = 1
    NEEDED = 2


class State(NamedTuple):
    """Before a word. `named`: an object has been named."""

    noun: Noun
    named: bool


START = State(Noun.NONE, False)
STATES = [State(noun, named) for noun in Noun for named in (False, True)]
Choice = Callable[[int, State], Step]
"""A word's index and the state before it -> the step from there."""


def read(text: Sequence[Word], lexicon: Lexicon) -> Reading:
    """Takes time in proportion to the number of words."""
    longest = _follow(text, lambda i, state: next(lexicon.steps(text, i)))
    if not longest.unknown and not longest.dangling and any(m.kind in OBJECTS for m in longest.found):
        return longest  # rules 2 and 3 are content with rule 4
    best = _best(text, [list(lexicon.steps(text, i)) for i in range(len(text))])
    return _follow(text, lambda i, state: best[i][state])


def _follow(text: Sequence[Word], choose: Choice) -> Reading:
    found: list[Meaning] = []
    unknown: list[str] = []
    dangling: list[str] = []
    i, state = 0, START
    begun = ended = 0  # the word that announced the noun, and one past its last quality
    while i < len(text):
        step = choose(i, state)
        lost, after = _advance(state, text[i], step)
        if lost:
            dangling.append(_written(text[begun:ended]))
        if after.noun and (lost or not state.noun):
            begun = i
        if step.meaning is None:
            unknown.append(text[i].text)
        elif step.meaning.kind != "filler":
            found.append(step.meaning)
        i, state = i + step.size, after
        if after.noun is Noun.NEEDED and step.meaning and step.meaning.kind == "quality":
            ended = i
    if state.noun is Noun.NEEDED:
        dangling.append(_written(text[begun:ended]))
    return Reading(tuple(found), tuple(unknown), tuple(dangling))


def _best(text: Sequence[Word], steps: Sequence[Sequence[Step]]) -> list[dict[State, Step]]:
    """The step to take from each word in each state, by rules 2 and 3, else the first (rule 4).

    From the last word back. What a way costs: the words on it that have no meaning, and whether it names no object.
    """
    costs: list[dict[State, tuple[int, bool]]] = [{} for _ in text]
    costs.append({state: (int(state.noun is Noun.NEEDED), not state.named) for state in STATES})
    best: list[dict[State, Step]] = [{} for _ in text]
    for i in reversed(range(len(text))):
        for state in STATES:
            options = []
            for step in steps[i]:
                lost, after = _advance(state, text[i], step)
                later, nameless = costs[i + step.size][after]
                options.append((lost + (step.meaning is None) + later, nameless))
            costs[i][state] = min(options)
            best[i][state] = steps[i][options.index(min(options))]
    return best


def _advance(state: State, word: Word, step: Step) -> tuple[int, State]:
    """Whether this step leaves a needed noun behind, and the state after it."""
    lost, (noun, named) = 0, state
    kind = step.meaning.kind if step.meaning else None
    begins = (word.article and not step.article) or (kind == "filler" and word.text == "on")
    if begins:
        lost, noun = int(noun is Noun.NEEDED), Noun.ANNOUNCED
    if kind == "quality" and noun:
        noun = Noun.NEEDED
    elif kind in (None, "noun", *OBJECTS) or (kind == "filler" and word.text in PICTURES):
        noun = Noun.NONE  # here it is, even if it is unknown
    return lost, State(noun, named or kind in OBJECTS)


def _written(text: Sequence[Word]) -> str:
    return " ".join(f"{w.article} {w.text}".strip() for w in text)
