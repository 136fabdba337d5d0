"""What a task is: from a target's answer and the truth to "is it a failure, and what was it taken for"."""

from collections.abc import Sequence
from typing import Any, NamedTuple, Protocol, TypeVar

from ...core.records import Box, Truth, said

M_contra = TypeVar("M_contra", contravariant=True)


class Reading(NamedTuple):
    """What an answer means under the task's options.

    `wrong`: None if the picture says nothing, such as where an answer cannot be read: it is left out. `taken_for`: what the
    target saw; failures are clustered by it. `claims`: every label that the answer stands for; spurious cues are tested by it.
    `score`: how sure the target was, on its own scale. `forgiven`: right only thanks to an accept-set. `kind`: which of the
    task's kinds of failure it is, in words ("missed"); "" where a task has one kind.
    """

    wrong: bool | None
    taken_for: str = ""
    claims: frozenset[str] = frozenset()
    score: float | None = None
    forgiven: bool = False
    kind: str = ""

    @property
    def said(self) -> str:
        """What the target made of it, in words: "cup", or, of a task with kinds of failure, "mislabelled as cup"."""
        return said(self.kind, self.taken_for)


class Mark(NamedTuple):
    """What a page draws on a picture: a box, the text beside it, and whether it is the truth or the target's answer. Where
    there is a mask (as by `core.stencils.packed`), its outline is drawn in the place of the box."""

    box: Box
    text: str
    true: bool
    mask: str = ""


class Task(Protocol[M_contra]):
    """What is tested. Made once per run, with those of its keyword arguments that the run's options or `task_args` state.

    `id`: part of the run's identity, including options that change an answer ("detect?iou=0.5"). `role`: the provider class
    that is put to the test ("Classifier"). `needs`: parts of a `Truth` without which a specimen is excluded. `failure`: ends
    the sentence "A failure is a picture that clearly shows its label and", for a reader.

    A task whose reading depends on the target's labels may offer `knowing(labels, called)`: the same task for a target with
    these labels, which calls labels of another target's run as `called` says (label -> `Called`). One with accept-sets has them
    in `sets` (`core.accept.AcceptSets`), so that reports can tell what they did. One that looks for what is not there has
    `absent` true: its pictures do not show their label. One whose readings have a `kind` has `instead`, which stands before a
    list of kinds where others have "Taken for".
    """

    id: str
    role: str
    needs: frozenset[str]

    @property
    def failure(self) -> str: ...

    def labels(self, target: Any) -> tuple[str, ...]:
        """The label names that the target knows; empty if it takes any. Called when a run begins. Raises SpecError or
        ModelError if they are unusable."""

    def ask(self, target: Any, items: Sequence[M_contra], truths: Sequence[Truth]) -> list[Any]:
        """The target's answer to each item as JSON can hold it, to be kept in the run folder. Raises ModelError."""

    def read(self, answer: Any, truth: Truth) -> Reading:
        """What an answer means. Pure; called again whenever options change."""

    def accepted(self, label: str) -> frozenset[str]:
        """The labels that count as right for `label`, including itself."""

    def marks(self, answer: Any, truth: Truth) -> Sequence[Mark]:
        """What a page draws on the picture; empty for most tasks."""


def instead(task: Task[Any]) -> str:
    """What stands before the words for what a target made of its failures."""
    return str(getattr(task, "instead", "Taken for"))


def left_out(task: Task[Any]) -> str:
    """Why pictures whose readings are neither right nor wrong are left out, in a word or two."""
    return str(getattr(task, "left_out", "answer not readable"))


def absent(task: Task[Any]) -> bool:
    """Whether the task's pictures must not show their label."""
    return bool(getattr(task, "absent", False))
