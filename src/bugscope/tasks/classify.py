"""Is a picture's label among the target's first answers? The one place that decides what counts as right."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any, TypeVar

import numpy as np

from ..core.accept import UNSAID, Accept, AcceptSets, Called
from ..core.labels import Names
from ..core.records import Truth
from ..core.scores import asked
from .shared import naming
from .shared.protocol import Mark, Reading

A = TypeVar("A")
TOP = 5
"""Answers kept per picture, so that what is accepted can be decided later."""


class Classify:
    """A picture is a failure if none of the target's first `top_k` answers is its label or accepted for it.

    `accept`: as `core.accept.read` gives it; which labels it accepts depends on those of the target, which `knowing` tells.
    """

    id = "classify"
    role = "Classifier"
    needs: frozenset[str] = frozenset()

    def __init__(self, *, top_k: int = 1, accept: Accept = UNSAID) -> None:
        self.top_k, self.accept = top_k, accept
        self.sets = AcceptSets.of(accept)
        self.called: Mapping[str, Called] = {}
        self._checked: tuple[object, tuple[str, ...]] = (object(), ())

    def knowing(self, labels: Sequence[str], called: Mapping[str, Called]) -> "Classify":
        """The same task for a target with these labels. `called`: labels that are not its own -> what it calls them.

        Raises SpecError for a label in `accept` that the target does not know.
        """
        made = Classify(top_k=self.top_k, accept=self.accept)
        made.sets, made.called = AcceptSets.of(self.accept, labels), called
        return made

    @property
    def failure(self) -> str:
        also = self.sets.also
        if self.top_k == 1:
            return f"whose first answer is neither the label nor {also}" if also else "whose first answer is not the label"
        return f"none of whose first {self.top_k} answers is the label" + (f" or {also}" if also else "")

    def labels(self, target: Any) -> tuple[str, ...]:
        """The target's label names: at least two, all different. Raises SpecError if there are none, ModelError if unusable."""
        given = getattr(target, "labels", None)
        if given is self._checked[0]:
            return self._checked[1]
        labels = naming.labels(target, least=2)
        if isinstance(given, tuple):  # which stays as it is
            self._checked = (given, labels)
        return labels

    def ask(self, target: Any, items: Sequence[Any], truths: Sequence[Truth]) -> list[list[list[Any]]]:
        """The best `TOP` [label, score] of each picture. Raises AnswerError if scores have another shape or are not finite."""
        labels = self.labels(target)
        scores = asked(target, items, labels)
        best = np.argsort(-scores, axis=1, kind="stable")[:, :TOP]
        return [[[labels[j], float(row[j])] for j in order] for row, order in zip(scores, best, strict=True)]

    def read(self, answer: Any, truth: Truth) -> Reading:
        first, score = str(answer[0][0]), float(answer[0][1])
        names = [str(label) for label, _ in answer]
        failed = wrong(names, self.accepted(truth.label), self.top_k)
        forgiven = not failed and wrong(names, self._own(truth.label), self.top_k)
        return Reading(failed, first, self.sets.claims(first), score, forgiven)

    def accepted(self, label: str) -> frozenset[str]:
        return self.called[label].right | {label} if label in self.called else self.sets.right(label)

    def _own(self, label: str) -> frozenset[str]:
        """The names of the label itself."""
        return self.called[label].own | {label} if label in self.called else frozenset({label})

    def marks(self, answer: Any, truth: Truth) -> Sequence[Mark]:
        return ()


def wrong(answers: Sequence[A], right: Collection[A], top_k: int = 1) -> bool:
    """Whether none of the first `top_k` answers, likeliest first, is right."""
    return not any(answer in right for answer in answers[:top_k])


def places(labels: Sequence[str], names: Names, stated: Mapping[str, tuple[int, ...]]) -> dict[str, tuple[int, ...]]:
    """Label of a folder of pictures -> positions of the target's labels of that name; () if it knows none.

    `stated`: positions that a label map gives.
    """
    return {label: stated.get(label) or names.places(label) for label in labels}


def widened(found: Mapping[str, tuple[int, ...]], sets: AcceptSets) -> dict[str, tuple[int, ...]]:
    """`places` with what else counts as right for the target."""
    names = sets.names.names
    at = {name: i for i, name in enumerate(names)}
    also = {i: [at[name] for name in sets.right(names[i])] for known in found.values() for i in known}
    return {label: tuple(sorted({p for i in known for p in also[i]})) for label, known in found.items()}
