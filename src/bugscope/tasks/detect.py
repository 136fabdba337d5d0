"""Is every instance of a picture's label found, by its name, in its place, once? Or is the label seen where it is not?"""

from collections.abc import Sequence
from typing import Any, NamedTuple

from ..core import detections
from ..core.accept import UNSAID, Accept
from ..core.errors import SpecError, unknown
from ..core.records import Box, Truth
from .shared.naming import Accepts, labels
from .shared.overlap import iou, matched
from .shared.protocol import Mark, Reading

PRESENT = ("missed", "mislabelled", "misplaced", "doubled")
"""Kinds of failure on pictures that show the label, the gravest first."""
FALSE = "false alarm"
"""The kind of failure on pictures that do not show the label."""
WORDS = {
    "missed": "misses it",
    "mislabelled": "calls it something else",
    "misplaced": "puts it in another place",
    "doubled": "sees it twice",
}
LEAST = 0.01
"""Detections that are less sure are not kept."""
TOUCHING = 0.1
"""Overlap from which a detection of the right label is about an instance, but misplaced (Bolya et al. 2020, "TIDE", 2.2)."""
TALE = 5
"""Detections that a page draws at most."""


class Found(NamedTuple):
    """A detection, as the run folder keeps it."""

    label: str
    score: float
    left: float
    top: float
    right: float
    bottom: float

    @property
    def sides(self) -> tuple[float, float, float, float]:
        return self[2:]


class Detect(Accepts):
    """A picture is a failure if an instance of its label is not found: no box of an accepted label from `confidence` on that
    overlaps it by `iou`. Several instances count once. Where the generator does not state boxes, only presence counts.

    `kinds`: which failures count, of "missed", "mislabelled" (the right place, another label), "misplaced" (an accepted label,
    less overlap) and "doubled" (two boxes on one instance); by default all. "false alarm" alone asks the opposite: pictures do
    not show the label, and a box of it is the failure.
    """

    id = "detect"
    role = "Detector"
    instead = "What goes wrong:"
    needs: frozenset[str] = frozenset()

    def __init__(
        self,
        *,
        confidence: float = 0.25,
        iou: float = 0.5,
        accept: Accept = UNSAID,
        kinds: str | Sequence[str] = PRESENT,
    ) -> None:
        super().__init__(accept)
        self.confidence, self.iou = confidence, iou
        self.kinds = _kinds(kinds)
        self.absent = self.kinds == (FALSE,)

    @property
    def failure(self) -> str:
        sure = f"confidence at least {self.confidence:g}"
        if self.absent:
            return f"in which the detector sees the label all the same ({sure})"
        what = [WORDS[kind] for kind in self.kinds]
        several = f"{', '.join(what[:-1])} or {what[-1]}" if len(what) > 1 else what[0]
        return f"in which the detector {several} ({sure}, overlap (IoU) at least {self.iou:g})"

    def labels(self, target: Any) -> tuple[str, ...]:
        return labels(target)

    def ask(self, target: Any, items: Sequence[Any], truths: Sequence[Truth]) -> list[Any]:
        """[label, score, left, top, right, bottom] of what is seen in each picture, the surest first. Raises AnswerError."""
        seen = detections.asked(target, items, self.labels(target))
        return [[[d.label, *(round(x, 4) for x in d[1:6])] for d in one if d.score >= LEAST] for one in seen]

    def read(self, answer: Any, truth: Truth) -> Reading:
        found = [Found(*row) for row in answer if row[1] >= self.confidence]
        right = self.accepted(truth.label)
        own = [d for d in found if d.label in right]
        claims = frozenset(d.label for d in found)
        if self.absent:
            return Reading(bool(own), "", claims, own[0].score if own else None, kind=FALSE if own else "")
        kind, seen = self._kind(truth, found, own)
        wrong = kind in self.kinds
        named = seen.label if seen and (kind == "mislabelled" or not kind) else ""
        return Reading(wrong, named, claims, seen.score if seen else None, kind=kind if wrong else "")

    def _kind(self, truth: Truth, found: Sequence[Found], own: Sequence[Found]) -> tuple[str, Found | None]:
        """What is wrong with the picture, the gravest first, and the detection that tells; "" if nothing is."""
        true = [box[1:] for box in truth.boxes if box.label == truth.label]
        if not true:
            return ("", own[0]) if own else ("missed", None)
        hits = matched(true, [d.sides for d in own], self.iou)
        wrong: dict[str, Found | None] = {}
        free = [d for i, d in enumerate(own) if i not in hits.values()]
        for i, place in enumerate(true):
            if i in hits:
                if twice := next((d for d in free if iou(place, d.sides) >= self.iou and not _nearer(d, true, i)), None):
                    wrong.setdefault("doubled", twice)
                continue
            other = next((d for d in found if d not in own and iou(place, d.sides) >= self.iou), None)
            near = next((d for d in free if iou(place, d.sides) >= TOUCHING), None)
            wrong.setdefault("mislabelled" if other else "misplaced" if near else "missed", other or near)
        kind = next((kind for kind in PRESENT if kind in wrong and kind in self.kinds), "")
        return (kind, wrong[kind]) if kind else ("", own[min(hits.values())] if hits else None)

    def marks(self, answer: Any, truth: Truth) -> Sequence[Mark]:
        """The instances of the label, and what is seen of it, in its place, or else."""
        right = self.accepted(truth.label)
        true = [] if self.absent else [box for box in truth.boxes if box.label == truth.label]
        found = [Found(*row) for row in answer if row[1] >= self.confidence]
        told = [d for d in found if d.label in right or any(iou(box[1:], d.sides) >= self.iou for box in true)][:TALE]
        return [
            *(Mark(box, box.label, True) for box in true),
            *(Mark(Box(d.label, *d.sides), f"{d.label} {100 * d.score:.0f} %", False) for d in told),
        ]


def _nearer(found: Found, true: Sequence[Sequence[float]], own: int) -> bool:
    """Whether the detection overlaps another instance more than its own."""
    return any(iou(place, found.sides) > iou(true[own], found.sides) for i, place in enumerate(true) if i != own)


def _kinds(given: str | Sequence[str]) -> tuple[str, ...]:
    """In order. Raises SpecError."""
    stated = given.split(",") if isinstance(given, str) else list(given)
    names = [str(name).strip().lower().replace("-", " ").replace("_", " ") for name in stated]
    names = [FALSE if name == f"{FALSE}s" else name for name in names]
    known = (*PRESENT, FALSE)
    if strange := next((name for name in names if name not in known), None):
        raise unknown("kind of failure", strange, known)
    if not names:
        raise SpecError(f"argument kinds of the task is empty; it should name some of {', '.join(known)}")
    if FALSE in names and len(set(names)) > 1:
        raise SpecError(
            f"kinds {', '.join(names)} cannot be hunted on together: a {FALSE} is one on pictures that do not show the label, "
            "the others on pictures that do"
        )
    return tuple(kind for kind in known if kind in names)
