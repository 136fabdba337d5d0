"""Tasks: from a target's answer and the truth to "is it a failure, and what was it taken for". One file per task.

A task is found by the name of its file (`classify.py` has `Classify`) or through the entry-point group `bugscope.tasks`.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from ..core import registry
from ..core.accept import Called
from ..core.errors import BugscopeError, ModelError, SpecError, short, told
from ..core.options import Config
from ..core.records import Box, Outcome, Sample, Status, Truth
from .shared.compare import BETTER, Compared
from .shared.protocol import Mark, Reading, Task, absent, instead, left_out

__all__ = [
    "BETTER", "Mark", "Reading", "Task", "about", "absent", "instead", "knowing", "left_out", "load", "marks", "missing",
    "outcome", "read", "suited", "truth",
]  # fmt: skip

CLASSIFY = "classify"
"""The task of a target that could be put to several."""


def load(config: Config) -> Task[Any]:
    """The task that the options name. Raises SpecError if it is unknown, or is given an option that it does not take."""
    name = config.task or CLASSIFY
    cls = registry.task(name)
    options = config.to_mapping()
    taken = registry.arguments(cls)
    shared = {name: options[name] for name in taken if name in options}
    registry.check_names(f"task {name!r}", config.task_args, [name for name in taken if name not in options])
    try:
        made: Task[Any] = cls(**shared, **config.task_args)
    except BugscopeError:
        raise
    except Exception as error:
        raise SpecError(f"task {name!r} cannot be made with these options: {told(error)}") from error
    if lacking := next((name for name in ("id", "needs", "failure") if not hasattr(made, name)), ""):
        raise SpecError(f"task {name!r} has no {lacking}; expected what bugscope.tasks.Task describes")
    return Compared(made) if config.against else made


def suited(target: Any) -> str:
    """The name of the task for a target: of the one role that its provider offers, else `CLASSIFY`."""
    return next((name for name in registry.tasks(registry.offered(target))), CLASSIFY)


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


def about(task: Task[Any], sample: Sample, known: Truth) -> Truth:
    """The truth as a task needs it: of a picture that must not show its label, the generator states what it shows instead."""
    return replace(known, label=sample.prompt.label) if absent(task) else known


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
    reading = read(task, answer, about(task, sample, truth(sample, made)))
    if (1 - judged if absent(task) else judged) < faithful:
        status = Status.UNFAITHFUL
    elif reading.wrong is None:
        status = Status.EXCLUDED
    else:
        status = Status.FAILURE if reading.wrong else Status.SUCCESS
    wrong, taken_for, claims, score, forgiven, kind = reading
    return Outcome(sample, status, wrong, taken_for, claims, score, forgiven=forgiven, kind=kind)


def marks(task: Task[Any], sample: Sample, made: Any, answer: Any) -> Sequence[Mark]:
    """What a page draws on a stored picture; nothing where there is no answer."""
    return (
        ()
        if made is None or answer is None or missing(task, made)
        else task.marks(answer, about(task, sample, truth(sample, made)))
    )
