"""Which accept-set a target was judged by, and what that did: for reports and in words."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ..core.accept import IMAGENET, AcceptSets
from ..core.records import Outcome, Status
from ..tasks import Task
from .records import AcceptRecord
from .words import few, of, quoted


def noted(
    task: Task[Any], outcomes: Iterable[Outcome], further: Mapping[str, Sequence[str]] | None = None
) -> AcceptRecord | None:
    """`outcomes`: of the pictures that were shown to the target. `further`: label -> further labels, where these are not among
    the task's sets. None for a task that has none."""
    sets: AcceptSets | None = getattr(task, "sets", None)
    if sets is None:
        return None
    counted = [o for o in outcomes if o.status.counts]
    return record(sets, sum(map(forgiven, counted)), len(counted), further)


def record(sets: AcceptSets, forgiven: int, n: int, further: Mapping[str, Sequence[str]] | None = None) -> AcceptRecord:
    stated = {label: list(names) for label, names in (sets.further if further is None else further).items()}
    return {"set": sets.word, "stated": sets.stated, "further": stated, "forgiven": forgiven, "n": n}


def forgiven(o: Outcome) -> bool:
    """The picture shows its label, and the answer is right only thanks to the accept-set."""
    return o.forgiven and o.status is Status.SUCCESS


def sentence(a: AcceptRecord) -> str:
    """Which set was used, why, and how many answers are right only thanks to it."""
    near = a["set"] == IMAGENET
    if a["stated"]:
        why = "as stated"
    else:
        why = f"because the target’s labels are {'' if near else 'not '}ImageNet’s"
    if not (near or a["further"]):
        return f"Accept-set: none, {why}. Only the label itself is right."
    used = f"{'ImageNet’s' if near else 'no'} near-synonyms, {why}"
    if a["further"]:
        used += f"; further labels stated for {few([quoted(label) for label in a['further']])}"
    return f"Accept-set: {used}. {of(a['forgiven'], a['n'])} answers are right only thanks to it."


def by_label(counts: Iterable[tuple[str, int]]) -> str:
    """ "cup 3, ear 1": the labels with such answers, those with the most first; "" if there are none."""
    some = sorted(((label, n) for label, n in counts if n), key=lambda x: (-x[1], x[0]))
    return few([f"{label} {n}" for label, n in some])
