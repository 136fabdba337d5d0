"""Where conditions come from: the generator's own vocabulary, or whatever captions bring in. Nothing is listed beforehand."""

from collections.abc import Iterable, Iterator

from ..core.records import Phrase
from ..language import Wording

LARGEST = 160
"""Conditions of one label, at most: every pair of them is weighed."""


def seeds(label: str, wording: Wording) -> list[Phrase]:
    """The conditions that a label begins with: its generator's vocabulary; else what the medium's words suggest."""
    words = wording.words
    own = wording.vocabulary(label)
    return list(dict.fromkeys(own or (*words.checklist, *(p for group in words.groups for p in group))))


def harvest(phrases: Iterable[Phrase], wording: Wording) -> Iterator[Phrase]:
    """Conditions that captions or descriptions state, each followed by those that may replace it."""
    for phrase in phrases:
        yield phrase
        yield from wording.siblings(phrase)
