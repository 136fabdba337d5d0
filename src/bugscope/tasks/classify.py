"""Is a picture's label among the target's first answers? The one place that decides what counts as right."""

from collections.abc import Collection, Mapping, Sequence
from types import MappingProxyType
from typing import Any, TypeVar

import numpy as np

from ..core.errors import ModelError, SpecError
from ..core.labels import Names, accepted, meaning
from ..core.records import Truth
from . import Mark, Reading

A = TypeVar("A")
TOP = 5
"""Answers kept per picture, so that what is accepted can be decided later."""


class Classify:
    """A picture is a failure if none of the target's first `top_k` answers is its label or accepted for it.

    `accept`: label -> further labels that count as right, besides near-synonyms (`core.labels.SAME_THING`).
    """

    id = "classify"
    role = "Classifier"
    needs: frozenset[str] = frozenset()

    def __init__(self, *, top_k: int = 1, accept: Mapping[str, Sequence[str]] = MappingProxyType({})) -> None:
        self.top_k, self.accept = top_k, accept

    @property
    def failure(self) -> str:
        if self.top_k == 1:
            return "whose first answer is neither the label nor an accepted near-synonym"
        return f"none of whose first {self.top_k} answers is the label or an accepted near-synonym"

    def labels(self, target: Any) -> tuple[str, ...]:
        """The target's label names: at least two, all different. Raises SpecError if there are none, ModelError if unusable."""
        given = getattr(target, "labels", None)
        if isinstance(given, str):
            raise ModelError(f"target {target.id} has the str {given!r} for labels; expected a list of names")
        labels = tuple(str(label) for label in (() if given is None else given))
        if not labels:
            raise SpecError(
                f"target {target.id} has no label names; give it an attribute 'labels', or state --target-arg labels=a,b"
            )
        if "" in labels:
            raise ModelError(f"target {target.id} has no name for label number {labels.index('')}")
        if len(labels) < 2:
            raise ModelError(f"target {target.id} has {len(labels)} label names; at least 2 are needed")
        if len(set(labels)) < len(labels):
            twice = next(label for i, label in enumerate(labels) if label in labels[:i])
            raise ModelError(f"target {target.id} has the label {twice!r} twice")
        return labels

    def ask(self, target: Any, items: Sequence[Any], truths: Sequence[Truth]) -> list[list[list[Any]]]:
        """The best `TOP` [label, score] of each picture. Raises ModelError if scores have another shape or are not finite."""
        labels = self.labels(target)
        scores = np.asarray(target(items), dtype=float)
        want = (len(items), len(labels))
        if scores.shape != want:
            raise ModelError(f"target {target.id} gave scores of shape {scores.shape}; expected {want}: pictures, labels")
        if not np.isfinite(scores).all():
            raise ModelError(f"target {target.id} gave scores that are not finite, e.g. {scores[~np.isfinite(scores)][0]}")
        best = np.argsort(-scores, axis=1, kind="stable")[:, :TOP]
        return [[[labels[j], float(row[j])] for j in order] for row, order in zip(scores, best, strict=True)]

    def read(self, answer: Any, truth: Truth) -> Reading:
        first, score = str(answer[0][0]), float(answer[0][1])
        names = [str(label) for label, _ in answer]
        return Reading(wrong(names, self.accepted(truth.label), self.top_k), first, accepted(first), score)

    def accepted(self, label: str) -> frozenset[str]:
        return accepted(label, self.accept.get(label, ()))

    def marks(self, answer: Any, truth: Truth) -> Sequence[Mark]:
        return ()


def wrong(answers: Sequence[A], right: Collection[A], top_k: int = 1) -> bool:
    """Whether none of the first `top_k` answers, likeliest first, is right."""
    return not any(answer in right for answer in answers[:top_k])


def rights(label: str, names: Names, also: Collection[str] = ()) -> frozenset[str] | None:
    """What another target calls a label: its names for all that is accepted for it or in `also`. None if it knows neither."""
    if not (names.places(label) or any(names.places(name) for name in also)):
        return None
    every = [label, *also, *accepted(label, also)]
    return frozenset(names.names[i] for name in every for i in names.places(name))


def places(
    labels: Sequence[str], names: Names, stated: Mapping[str, tuple[int, ...]], synonyms: bool
) -> dict[str, tuple[int, ...]]:
    """Label of a folder of pictures -> positions of the target's labels that are right for it; () if it knows none.

    `stated`: positions that a label map gives. `synonyms`: near-synonyms count as right too.
    """
    found = {label: stated.get(label) or names.places(label) for label in labels}
    if not synonyms:
        return found
    meant = {names.names[i]: meaning(names.names[i]) for known in found.values() for i in known}
    also = {name: [p for a in sorted(accepted(means)) for p in names.places(a)] for name, means in meant.items()}
    return {k: tuple(sorted({*v, *(p for i in v for p in also[names.names[i]])})) for k, v in found.items()}
