"""The label names of a target, checked, and which of them are right for a label that it does not know by that name."""

from collections.abc import Mapping, Sequence
from copy import copy
from typing import Any, Self

from ...core import wider
from ...core.accept import Accept, AcceptSets, Called
from ...core.errors import ModelError, SpecError
from ...core.label_files import listed
from ...core.texts import writable

LONGEST = 1000
"""Characters of a label."""


def labels(target: Any, least: int = 1) -> tuple[str, ...]:
    """The target's label names: at least `least`, all different. Raises SpecError if there are none, ModelError if unusable."""
    given = getattr(target, "labels", None)
    if isinstance(given, str):
        raise ModelError(f"target {target.id} has the str {given!r} for labels; expected a list of names")
    names = () if given is None else listed(given, f"labels of target {target.id}")
    found = tuple(map(writable, names))
    if not found:
        raise SpecError(
            f"target {target.id} has no label names; give it an attribute 'labels', or state --target-arg labels=a,b"
        )
    if "" in found:
        raise ModelError(f"target {target.id} has no name for label number {found.index('')}")
    if long := next((label for label in found if len(label) > LONGEST), ""):
        raise ModelError(f"target {target.id} has a label of {len(long):,} characters; the maximum is {LONGEST:,}")
    if len(found) < least:
        raise ModelError(f"target {target.id} has {len(found)} label names; at least {least} are needed")
    if len(set(found)) < len(found):
        twice = next(label for i, label in enumerate(found) if label in found[:i])
        raise ModelError(f"target {target.id} has the label {twice!r} twice")
    return found


class Accepting:
    """Which of a target's labels are right for a label: its own names, wider ones (`core.wider`), and those that the option
    `accept` adds."""

    def __init__(self, sets: AcceptSets, called: Mapping[str, Called] | None = None) -> None:
        """`called`: labels of another target's run -> what this one calls them."""
        self.sets, self.called = sets, called or {}
        self._known: dict[str, frozenset[str]] = {}

    def __call__(self, label: str) -> frozenset[str]:
        if label not in self._known:
            stated = self.called[label].right if label in self.called else self.sets.right(label)
            self._known[label] = stated | {label, *wider.covering(label, self.sets.names)}
        return self._known[label]


class Accepts:
    """What tasks share that accept wider names of a label. `accept`: the option, as `core.accept.read` gives it."""

    def __init__(self, accept: Accept) -> None:
        self.accept, self.accepting = accept, Accepting(AcceptSets.of(accept))

    def knowing(self, labels: Sequence[str], called: Mapping[str, Called]) -> Self:
        """The same task for a target with these labels. `called`: labels that are not its own -> what it calls them.

        Raises SpecError for a label in `accept` that the target does not know.
        """
        made = copy(self)
        made.accepting = Accepting(AcceptSets.of(self.accept, labels), called)
        return made

    @property
    def sets(self) -> AcceptSets:
        return self.accepting.sets

    def accepted(self, label: str) -> frozenset[str]:
        return self.accepting(label)
