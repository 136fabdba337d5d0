"""models/A,B,C: a vote of reference classifiers on whether a picture shows its label.

Choose classifiers that are better than the target and unlike it, never the target itself: where the judge errs like
the tested model, the picture is called unfaithful and the bug is hidden.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..core.accept import UNSAID, AcceptSets
from ..core.errors import Declined, SpecError, nearest
from ..core.records import Usage
from ..core.scores import asked
from ..media.picture import Picture, as_rgb


class Judge:
    """A vote of classifiers, each named as a target is: `models/efficientnet-lite/1,efficientnet-lite/2`."""

    needs_loader = True
    example = "models/efficientnet-lite/1,efficientnet-lite/2"

    def __init__(self, model: str, *, load: Callable[[str, str], Any], top: int = 1) -> None:
        """`top`: a classifier votes for a picture if an accepted label is among its `top` first answers. Each has one vote and
        its own defaults; a comma always ends a name. The probability is the share of votes, so of two, one is enough at 0.5.
        """
        if top < 1:
            raise SpecError(f"judge argument top is {top}; it must be at least 1 (a classifier's first answer)")
        specs = [spec.strip() for spec in model.split(",")]
        if "" in specs:
            raise SpecError(f"models/{model} should name classifiers with commas between them, e.g. {self.example}")
        if twice := [spec for i, spec in enumerate(specs) if spec in specs[:i]]:
            raise SpecError(f"models/{model} names {twice[0]} twice; each classifier has one vote")
        self.top = top
        self.classifiers = [load("Classifier", spec) for spec in specs]
        self.voters = len(specs)
        self.id = f"models/{','.join(str(c.id) for c in self.classifiers)}?top={top}"
        self._labels = [tuple(str(label) for label in c.labels) for c in self.classifiers]
        self._right: dict[str, list[NDArray[np.bool_]]] = {}

    def __call__(self, pictures: Sequence[Picture], labels: Sequence[str]) -> NDArray[np.float32]:
        """The share of votes [n]. Raises Declined for a label that one of the classifiers does not know."""
        try:
            right = [self._accepted(label) for label in labels]
        except SpecError as error:  # `check` reports the run's own labels; this one is what a picture was taken for
            raise Declined(str(error)) from error
        votes = np.zeros((self.voters, len(pictures)), dtype=bool)
        if len(pictures):
            for i, classifier in enumerate(self.classifiers):
                # a copy for each: one that draws on its picture must not change what the next one sees
                shown = [as_rgb(p.content) for p in pictures]
                scores = asked(classifier, shown, self._labels[i], f"{classifier.id}, asked for its vote,")
                first = np.argsort(-scores, axis=1, kind="stable")[:, : self.top]
                votes[i] = [known[i][best].any() for known, best in zip(right, first, strict=True)]
        return votes.mean(axis=0, dtype=np.float32)

    def check(self, labels: Sequence[str]) -> None:
        """Raises SpecError naming the first label that a classifier does not know, and the nearest that it knows."""
        for label in labels:
            self._accepted(label)

    def _accepted(self, label: str) -> list[NDArray[np.bool_]]:
        """For each classifier, which of its labels are right for `label`."""
        if label not in self._right:
            self._right[label] = [
                np.isin(known, sorted(_right(label, known, str(classifier.id))))
                for classifier, known in zip(self.classifiers, self._labels, strict=True)
            ]
        return self._right[label]

    @property
    def usage(self) -> Usage | None:
        """The usage of all hosted classifiers together; None if there are none."""
        used = [c.usage for c in self.classifiers if isinstance(getattr(c, "usage", None), Usage)]
        return sum(used, Usage()) if used else None

    @property
    def priced(self) -> bool:
        hosted = [c for c in self.classifiers if isinstance(getattr(c, "usage", None), Usage)]
        return all(getattr(c, "priced", False) for c in hosted)

    def close(self) -> None:
        for classifier in self.classifiers:
            getattr(classifier, "close", lambda: None)()


def _right(label: str, known: Sequence[str], classifier: str) -> frozenset[str]:
    """The labels of `known` that are right for `label`, with near-synonyms if they are ImageNet's.

    Raises SpecError if there are none.
    """
    sets = AcceptSets.of(UNSAID, known)
    found = sets.near(label) | {known[i] for i in sets.names.places(label)}
    if not found:
        near = nearest(label, known)
        hint = f"; did you mean {near!r}?" if near else ""
        raise SpecError(f"{classifier} has no vote on {label!r}, which is not among its {len(known)} labels{hint}")
    return found
