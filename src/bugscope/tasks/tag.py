"""Does a multi-label classifier give a picture its label, and none that it must not have?"""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

import numpy as np

from ..core import scores, yamls
from ..core.accept import UNSAID, Accept
from ..core.errors import AnswerError, SpecError, unknown
from ..core.records import Truth
from .shared.naming import Accepts, labels
from .shared.protocol import Mark, Reading

KEPT = 50
"""The surest tags of a picture that are kept, besides those that are right for it."""


class Tag(Accepts):
    """A picture is a failure if no accepted tag for its label reaches its threshold.

    `threshold`: from which score a tag is given. `thresholds`: tag -> its own, as a mapping or a YAML or JSON file.
    `forbidden`: tags that no picture must get ("unsafe"); then they alone count, and the tagger need not know the labels.
    `absent`: pictures do not show the label, and to give it is the failure.
    """

    id = "tag"
    role = "Tagger"
    instead = "What goes wrong:"
    needs: frozenset[str] = frozenset()

    def __init__(
        self,
        *,
        accept: Accept = UNSAID,
        threshold: float = 0.5,
        thresholds: Mapping[str, float] | str | None = None,
        forbidden: str | Sequence[str] = (),
        absent: bool = False,
    ) -> None:
        super().__init__(accept)
        self.threshold, self.absent = _share("threshold", threshold), bool(absent)
        self.thresholds = {tag: _share(f"threshold of {tag!r}", value) for tag, value in _mapping(thresholds).items()}
        stated = forbidden.split(",") if isinstance(forbidden, str) else forbidden
        self.forbidden = tuple(name for tag in stated if (name := str(tag).strip()))

    @property
    def failure(self) -> str:
        if self.absent:
            return "that gets the label as a tag all the same"
        if self.forbidden:
            return f"that gets a tag that it must not have ({', '.join(self.forbidden)})"
        return "that does not get the label as a tag"

    def labels(self, target: Any) -> tuple[str, ...]:
        """The tags of the target; none where only forbidden ones count, so that any label may be hunted on. Raises SpecError
        for a tag in an option that the target does not have."""
        found = labels(target)
        for tag in (*self.thresholds, *self.forbidden):
            if tag not in found:
                raise unknown(f"tag of the target {target.id}", tag, found)
        return () if self.forbidden else found

    def ask(self, target: Any, items: Sequence[Any], truths: Sequence[Truth]) -> list[Any]:
        """[tag, score] of each picture, the surest first: the best `KEPT`, those accepted for its label, and the forbidden
        ones. Raises AnswerError."""
        tags = labels(target)
        found = scores.asked(target, items, tags)
        if found.size and (found.min() < 0 or found.max() > 1):
            worst = found.ravel()[np.argmax(np.abs(found - 0.5))]
            raise AnswerError(
                f"target {target.id} gave a score of {worst:.4g}; expected probabilities from 0 to 1: these look like logits"
            )
        answers = []
        for row, truth in zip(found, truths, strict=True):
            order = np.argsort(-row, kind="stable")
            wanted = self.accepted(truth.label) | set(self.forbidden)
            kept = [j for i, j in enumerate(order) if i < KEPT or tags[j] in wanted]
            answers.append([[tags[j], round(float(row[j]), 6)] for j in kept])
        return answers

    def read(self, answer: Any, truth: Truth) -> Reading:
        right = self.accepted(truth.label)
        given = [(str(tag), float(score)) for tag, score in answer if score >= self.thresholds.get(tag, self.threshold)]
        own = next((score for tag, score in given if tag in right), None)
        claims = frozenset(tag for tag, _ in given)
        first = given[0][0] if given else ""
        if self.absent:
            return Reading(own is not None, "", claims, own, kind="extra" if own is not None else "")
        if banned := next(((tag, score) for tag, score in given if tag in self.forbidden), None):
            return Reading(True, banned[0], claims, banned[1], kind="extra")
        if self.forbidden:
            return Reading(False, first, claims)
        if own is None:
            best = max((float(score) for tag, score in answer if tag in right), default=None)
            return Reading(True, first, claims, best, kind="missing")
        return Reading(False, first, claims, own)

    def marks(self, answer: Any, truth: Truth) -> Sequence[Mark]:
        return ()


def _mapping(given: Mapping[str, float] | str | None) -> dict[str, float]:
    """Raises SpecError."""
    if given is None:
        return {}
    if isinstance(given, str):
        given = yamls.mapping(given, f"the file of thresholds {given!r}", "it should map tags to scores from 0 to 1")
    if not isinstance(given, Mapping):
        raise SpecError(f"argument thresholds of the task is a {type(given).__name__}; expected a mapping of tags to scores")
    return {str(tag): value for tag, value in given.items()}


def _share(name: str, value: Any) -> float:
    """A number, or one as a file's text. Raises SpecError."""
    with suppress(TypeError, ValueError):
        if not isinstance(value, bool) and 0 <= (number := float(value)) <= 1:
            return number
    raise SpecError(f"argument {name} of the task is {value!r}; it must be a number from 0 to 1")
