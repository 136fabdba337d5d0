"""Accept-sets: which answers count as right besides a picture's own label.

ImageNet's near-synonyms (`core.labels.SAME_THING`) belong to ImageNet's labels: for another target's "notebook", which may be
of paper, "laptop" is wrong.
"""

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from os import PathLike
from pathlib import Path
from typing import Any, NamedTuple

from . import wider, yamls
from .errors import SpecError, nearest, short, unknown
from .labels import Names, accepted

Labels = dict[str, list[str]]
Accept = str | Labels | list[str | Labels]
"""The option `accept` as `read` leaves it: a word, a mapping label -> further labels, or a list of both."""

UNSAID: Accept = {}
NONE, IMAGENET = "none", "imagenet"
WORDS = (NONE, IMAGENET)
EXPECTED = "none, imagenet, a YAML or JSON file, or a mapping of labels to lists of further labels"

# --- what a user states -------------------------------------------------------------------------------------------------


def read(given: Any) -> Accept:
    """What a user states, in its shortest form, so that equal options are equal: a file becomes the mapping in it, and several
    mappings become one. Raises SpecError."""
    parts = list(given) if isinstance(given, list | tuple) else [given]
    found = [_part(part, given) for part in parts]
    words = list(dict.fromkeys(part for part in found if isinstance(part, str)))
    if len(words) > 1:
        raise SpecError(f"option accept is both {words[0]!r} and {words[1]!r}; choose one of them")
    further = _merged(part for part in found if not isinstance(part, str))
    if not words:
        return further
    return [words[0], further] if further else words[0]


def stated(accept: Accept) -> tuple[str, Labels]:
    """The word, "" if none is stated, and the further labels of what `read` gave."""
    parts = accept if isinstance(accept, list) else [accept]
    word = next((part for part in parts if isinstance(part, str)), "")
    return word, _merged(part for part in parts if not isinstance(part, str))


def elsewhere(own: Accept, given: Any, run_labels: Sequence[str]) -> tuple[Accept, Labels]:
    """What counts as right for another target on the pictures of a run: whose sets, and label of the run -> further names.

    `own`: the run's option. `given`: what a user states now, None if nothing; a word replaces the run's, names are added.
    Raises SpecError for a label that the run does not have; the names may be those of any target.
    """
    (word, further), (other, more) = stated(own), stated(UNSAID if given is None else read(given))
    names = Names(run_labels)
    if strange := next((label for label in more if not names.places(label)), None):
        raise unknown("label of the run in accept", strange, run_labels)
    spelled = [{run_labels[i]: more} for key, more in [*further.items(), *more.items()] for i in names.places(key)]
    return other or word or UNSAID, _merged(spelled)


def _part(part: Any, given: Any) -> str | Labels:
    if isinstance(part, PathLike):
        return _file(Path(part))
    if isinstance(part, str):
        word = part.strip().lower()
        if word in WORDS:
            return word
        if Path(part).suffix.lower() in yamls.FILES or os.path.isfile(part):
            return _file(Path(part))
        raise _no_word(part)
    if isinstance(part, Mapping) and not _wrong(part):
        return {label: list(names) for label, names in part.items()}
    raise SpecError(f"option accept is {short(repr(given))}; it should be {EXPECTED}")


def _no_word(part: str) -> SpecError:
    near = nearest(part, WORDS)
    hint = f" Did you mean {near!r}?" if near else ""
    return SpecError(f"unknown accept-set {short(repr(part))}; it should be {EXPECTED}.{hint}")


def _file(path: Path) -> Labels:
    what = f"the file of accept-sets {str(path)!r}"
    found = yamls.mapping(path, what, "it should map each label to a list of further labels")
    if wrong := _wrong(found):
        raise SpecError(f"{what} has {wrong}; it should map each label to a list of further labels, as texts")
    return found


def _wrong(found: Mapping[Any, Any]) -> str:
    """The first entry that is not a text with a list of texts; "" if there is none."""
    for label, names in found.items():
        texts = isinstance(names, list | tuple) and all(isinstance(name, str) for name in names)
        if not (isinstance(label, str) and texts):
            return short(f"{label!r}: {names!r}")
    return ""


def _merged(mappings: Iterable[Any]) -> Labels:
    found: Labels = {}
    for mapping in mappings:
        for label, names in mapping.items():
            found[label] = list(dict.fromkeys([*found.get(label, ()), *names]))
    return found


# --- what counts as right for a target ----------------------------------------------------------------------------------


@lru_cache(maxsize=64)
def _names(labels: tuple[str, ...]) -> Names:
    return Names(labels)


class Called(NamedTuple):
    """What a target calls a label that is not its own: `own`, its names for it; `right`, all answers that are right for it."""

    own: frozenset[str]
    right: frozenset[str]


@dataclass(frozen=True, slots=True)
class AcceptSets:
    """What counts as right for a target's labels. `word`: "imagenet" or "none"; `stated`: a user said so, else the labels
    decided; `further`: label -> further labels."""

    word: str
    stated: bool
    further: Mapping[str, Sequence[str]]
    names: Names

    @classmethod
    def of(cls, accept: Accept, labels: Sequence[str] = ()) -> "AcceptSets":
        """`accept`: as `read` gives it. `labels`: what the target knows; none if it takes any. Raises SpecError for a label in
        `accept` that the target does not know."""
        word, further = stated(accept)
        names = _names(tuple(labels))
        if labels:
            further = _spelled(further, names)
        by_labels = IMAGENET if names.are_imagenets else NONE
        return cls(word or by_labels, bool(word), further, names)

    @property
    def also(self) -> str:
        """What is right besides the label, in words; "" if nothing is."""
        near = "an accepted near-synonym" if self.word == IMAGENET else ""
        return near or ("another label that was stated for it" if self.further else "")

    def near(self, label: str) -> frozenset[str]:
        """The target's names for the near-synonyms of a label; none unless ImageNet's sets apply."""
        if self.word == NONE:
            return frozenset()
        if not self.names.names:
            return accepted(label)
        same = accepted(self.names.meaning(label))
        return frozenset(self.names.names[i] for name in same for i in self.names.places(name))

    def right(self, label: str) -> frozenset[str]:
        """The labels that count as right for `label`, itself included."""
        return frozenset({label, *self.near(label), *self.further.get(label, ())})

    def claims(self, answer: str) -> frozenset[str]:
        """The labels for which `answer` counts as right."""
        return frozenset({answer, *self.near(answer), *(label for label, more in self.further.items() if answer in more)})

    def called(self, labels: Iterable[str], further: Mapping[str, Iterable[str]]) -> dict[str, Called]:
        """What this target calls the labels of another target's run; without those that it does not know.

        `further`: label of the run -> names that are right too, and stand for a label that it does not know by its own name.
        """
        found = {label: self._called(label, list(further.get(label, ()))) for label in labels}
        return {label: names for label, names in found.items() if names}

    def _called(self, label: str, further: Sequence[str]) -> Called | None:
        names = self.names
        if not names.names:  # a target that takes any label
            return Called(frozenset({label}), frozenset({label, *further}))
        also = frozenset(names.names[i] for name in further for i in names.places(name))
        named = frozenset(names.names[i] for i in names.places(label))
        own = named or also or frozenset(wider.covering(label, names))
        return Called(own, own | also | self.near(label)) if own else None


def _spelled(further: Labels, names: Names) -> Labels:
    """In the target's own spelling."""

    def own(name: str) -> list[str]:
        places = names.places(name)
        if not places:
            raise unknown("label of the target in accept", name, names.names)
        return [names.names[i] for i in places]

    return _merged({label: [n for name in more for n in own(name)]} for key, more in further.items() for label in own(key))
