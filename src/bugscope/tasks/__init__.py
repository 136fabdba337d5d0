"""Tasks: from a target's answer and the truth to "is it a failure, and what was it taken for". One file per task.

A task is found by the name of its file (`classify.py` has `Classify`) or through the entry-point group `bugscope.tasks`.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, Protocol, TypeVar

from ..core import registry
from ..core.accept import Called
from ..core.errors import BugscopeError, ModelError, SpecError, short, told
from ..core.options import Config
from ..core.records import Box, Outcome, Sample, Status, Truth

M_contra = TypeVar("M_contra", contravariant=True)


class Reading(NamedTuple):
    """What an answer means under the task's options.

    `taken_for`: what the target saw; failures are clustered by it. `claims`: every label that the answer stands for; spurious
    cues are tested by it. `score`: how sure the target was, on its own scale. `forgiven`: right only thanks to an accept-set.
    """

    wrong: bool
    taken_for: str = ""
    claims: frozenset[str] = frozenset()
    score: float | None = None
    forgiven: bool = False


class Mark(NamedTuple):
    """What a page draws on a picture: a box, the text beside it, and whether it is the truth or the target's answer."""

    box: Box
    text: str
    true: bool


class Task(Protocol[M_contra]):
    """What is tested. Made once per run, with those of its keyword arguments that the run's options or `task_args` state.

    `id`: part of the run's identity, including options that change an answer ("detect?iou=0.5"). `role`: the provider class
    that is put to the test ("Classifier"). `needs`: parts of a `Truth` without which a specimen is excluded. `failure`: ends
    the sentence "A failure is a picture that clearly shows its label and", for a reader.

    A task whose reading depends on the target's labels may offer `knowing(labels, called)`: the same task for a target with
    these labels, which calls labels of another target's run as `called` says (label -> `Called`). One with accept-sets has them
    in `sets` (`core.accept.AcceptSets`), so that reports can tell what they did.
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


def load(config: Config) -> Task[Any]:
    """The task that the options name. Raises SpecError if it is unknown, or is given an option that it does not take."""
    cls = registry.task(config.task)
    options = config.to_mapping()
    taken = registry.arguments(cls)
    shared = {name: options[name] for name in taken if name in options}
    registry.check_names(f"task {config.task!r}", config.task_args, [name for name in taken if name not in options])
    try:
        made: Task[Any] = cls(**shared, **config.task_args)
    except BugscopeError:
        raise
    except Exception as error:
        raise SpecError(f"task {config.task!r} cannot be made with these options: {told(error)}") from error
    if lacking := next((name for name in ("id", "needs", "failure") if not hasattr(made, name)), ""):
        raise SpecError(f"task {config.task!r} has no {lacking}; expected what bugscope.tasks.Task describes")
    return made


def knowing(config: Config, labels: Sequence[str], called: Mapping[str, Called] | None = None) -> Task[Any]:
    """The task that the options name, for a target with these labels; what counts as right may depend on them.

    Raises as `load`, and SpecError for options that do not suit the labels.
    """
    task = load(config)
    given: Task[Any] = task.knowing(labels, called or {}) if hasattr(task, "knowing") else task
    return given


def truth(sample: Sample, made: Mapping[str, Any] | None) -> Truth:
    """What is known about a sample: what its generator stated, else only the label. `made`: the generator's stored answer.

    Regions stay in the run folder: `Task.ask` gets them, `Task.read` does not.
    """
    stated = (made or {}).get("truth")
    if not stated:
        return Truth(sample.prompt.label)
    boxes = tuple(Box(*box) for box in stated["boxes"])
    return Truth(stated["label"], tuple(stated["others"]), boxes, answer=stated["answer"])


def missing(task: Task[Any], made: Mapping[str, Any]) -> str:
    """The first part of a truth that the task needs and a generator's stored answer does not state; "" if it states all."""
    stated = made.get("truth") or {}
    return next((part for part in sorted(task.needs - {"label"}) if not stated.get(part)), "")


def read(task: Task[Any], answer: Any, known: Truth) -> Reading:
    """`task.read`, checked. Raises ModelError that names the task and what it was given."""
    try:
        reading = task.read(answer, known)
    except Exception as error:
        raise ModelError(f"task {task.id} cannot read the answer {short(repr(answer))}: {told(error)}") from error
    if not isinstance(reading, Reading) or not (reading.score is None or math.isfinite(reading.score)):
        found = f"task {task.id} read {short(repr(answer))} as {short(repr(reading))}"
        raise ModelError(f"{found}; expected a Reading with a finite score, or none")
    return reading


def outcome(task: Task[Any], sample: Sample, made: Any, judged: Any, answer: Any, faithful: float, error: str = "") -> Outcome:
    """What stored answers mean.

    `made`, `judged`, `answer`: answers of generator, judge and target; None where there is none. `faithful`: specimens with a
    judge score below this are excluded. `error`: why there is no answer.
    """
    if made and "refused" in made:
        return Outcome(sample, Status.REFUSED, detail=str(made["refused"]))
    if made is None or judged is None or answer is None:
        return Outcome(sample, Status.ERROR, detail=error or "not answered")
    if lacking := missing(task, made):
        return Outcome(sample, Status.REFUSED, detail=f"the generator does not state its {lacking}")
    reading = read(task, answer, truth(sample, made))
    if judged < faithful:
        status = Status.UNFAITHFUL
    else:
        status = Status.FAILURE if reading.wrong else Status.SUCCESS
    wrong, taken_for, claims, score, forgiven = reading
    return Outcome(sample, status, wrong, taken_for, claims, score, forgiven=forgiven)


def marks(task: Task[Any], sample: Sample, made: Any, answer: Any) -> Sequence[Mark]:
    """What a page draws on a stored picture; nothing where there is no answer."""
    return () if made is None or answer is None or missing(task, made) else task.marks(answer, truth(sample, made))
