"""Any task, against a reference: a failure is what the target gets wrong and the reference gets right, on the same picture.

Pictures that the reference gets wrong are left out: a build cannot be worse than the old one there, and as successes they would
hide what makes it worse. So a rate is of the pictures that the reference gets right.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from ...core.accept import Called
from ...core.errors import SpecError, nearest
from ...core.records import Truth
from .protocol import Mark, Reading, Task, absent, instead

BETTER = "only the reference fails"
"""The kind of a picture that is left out, where only the reference is wrong; so both directions can be counted."""
BOTH = "both fail"


class Compared:
    """`task`: what both are put to; the target is an `engine.models.Pair`."""

    def __init__(self, task: Task[Any]) -> None:
        self.task = task
        self.id, self.role, self.needs = f"{task.id}&against", task.role, task.needs
        self.instead, self.absent, self.left_out = instead(task), absent(task), "wrong in the reference"
        if hasattr(task, "sets"):
            self.sets = task.sets

    def knowing(self, labels: Sequence[str], called: Mapping[str, Called]) -> "Compared":
        """The same comparison for a target with these labels."""
        return Compared(self.task.knowing(labels, called) if hasattr(self.task, "knowing") else self.task)

    @property
    def failure(self) -> str:
        return f"{self.task.failure}, though the reference gets it right"

    def labels(self, target: Any) -> tuple[str, ...]:
        """Those of the target. Raises SpecError if the reference has others: what is right for one might not be for it."""
        own, other = self.task.labels(target.target), self.task.labels(target.reference)
        if set(own) != set(other):
            raise SpecError(_differing(target, own, other))
        return own

    def ask(self, target: Any, items: Sequence[Any], truths: Sequence[Truth]) -> list[Any]:
        """[the target's answer, the reference's answer] to each item."""
        own, other = (self.task.ask(model, items, truths) for model in (target.target, target.reference))
        return [list(pair) for pair in zip(own, other, strict=True)]

    def read(self, answer: Any, truth: Truth) -> Reading:
        own, other = (self.task.read(one, truth) for one in answer)
        if own.wrong is None or other.wrong is None:
            return own._replace(wrong=None)
        if other.wrong:
            return own._replace(wrong=None, taken_for="", kind=BOTH if own.wrong else BETTER)
        return own

    def accepted(self, label: str) -> frozenset[str]:
        return self.task.accepted(label)

    def marks(self, answer: Any, truth: Truth) -> Sequence[Mark]:
        return self.task.marks(answer[0], truth)


def _differing(target: Any, own: Sequence[str], other: Sequence[str]) -> str:
    lacking = next((label for label in own if label not in set(other)), "")
    said = f"the reference {target.reference.id} has other labels than the target {target.target.id}"
    if not lacking:
        extra = next(label for label in other if label not in set(own))
        return f"{said}: it has {extra!r} besides"
    near = nearest(lacking, other)
    return f"{said}: it has no {lacking!r}" + (f", but {near!r}" if near else "") + f" ({len(other)} and {len(own)} labels)"
