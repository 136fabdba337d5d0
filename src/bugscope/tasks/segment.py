"""Are the pixels of a picture's label found, by its name?"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..core import segmentations, stencils
from ..core.accept import UNSAID, Accept
from ..core.records import Box, Truth
from ..core.segmentations import Region
from .shared.naming import Accepts, labels
from .shared.protocol import Mark, Reading

SEEN = 0.01
"""A region that covers less of a label's pixels says nothing about them."""

LEAST = 0.01
"""Instances that are less sure are not kept."""

NOTHING = ("background", "__background__", "unlabeled", "unlabelled", "void", "none", "ignore")
"""What segmenters call pixels of no label."""

Mask = NDArray[np.bool_]


class Segment(Accepts):
    """A picture is a failure if what the segmenter gives to the accepted labels overlaps the label's pixels by less than `iou`:
    all of them together for a semantic segmenter, each instance by one for an instance segmenter, whose instances count from
    `confidence` on. The generator must state the pixels of what it draws.
    """

    id = "segment"
    role = "Segmenter"
    instead = "What goes wrong:"
    needs = frozenset({"boxes", "regions"})

    def __init__(self, *, confidence: float = 0.25, iou: float = 0.5, accept: Accept = UNSAID) -> None:
        super().__init__(accept)
        self.confidence, self.iou = confidence, iou

    @property
    def failure(self) -> str:
        return f"whose pixels of it the segmenter does not find with an overlap (IoU) of {self.iou:g}"

    def labels(self, target: Any) -> tuple[str, ...]:
        return labels(target)

    def ask(self, target: Any, items: Sequence[Any], truths: Sequence[Truth]) -> list[Any]:
        """What is told about each picture: of each instance of its label, of each region [label, score, IoU with it, share of
        it that the region covers]; the box of each region of its label; and, small, the masks of the instances and of these
        regions, for pages. Raises AnswerError."""
        seen = segmentations.asked(target, items, self.labels(target))
        return [self._compared(regions, truth) for regions, truth in zip(seen, truths, strict=True)]

    def _compared(self, regions: Sequence[Region], truth: Truth) -> dict[str, Any]:
        right = self.accepted(truth.label)
        if truth.regions is None:
            return {"things": [], "boxes": [], "masks": {"true": [], "found": []}}
        shown = [i for i, box in enumerate(truth.boxes, 1) if box.label == truth.label]
        semantic = all(r.whole for r in regions)
        things = [np.isin(truth.regions, shown)] if semantic and shown else [truth.regions == i for i in shown]
        kept = [r._replace(mask=_fitted(r.mask, truth.regions.shape)) for r in regions if r.score >= LEAST]
        if semantic:
            kept = _merged(kept, right)
        rows = [[row for r in kept if (row := _row(r, thing))] for thing in things]
        own = [r for r in kept if r.label in right and r.mask.any()]
        return {
            "things": rows,
            "boxes": [[r.label, r.score, *_box(r.mask)] for r in own],
            "masks": {
                "true": [stencils.packed(truth.regions == i) for i in shown],
                "found": [stencils.packed(r.mask) for r in own],
            },
        }

    def read(self, answer: Any, truth: Truth) -> Reading:
        right = self.accepted(truth.label)
        kinds: list[tuple[str, str]] = []
        best: list[float] = []
        for rows in answer["things"] or [[]]:
            sure = [row for row in rows if row[1] >= self.confidence]
            own = max((row[2] for row in sure if row[0] in right), default=0.0)
            other = max(
                (row for row in sure if row[0] not in right and row[0].lower() not in NOTHING),
                key=lambda row: row[3],
                default=None,
            )
            best.append(own)
            if own < self.iou:
                named = other is not None and other[3] >= self.iou
                kinds.append(("mislabelled", other[0]) if named and other else ("in part" if own >= SEEN else "missed", ""))
        claims = frozenset(row[0] for rows in answer["things"] for row in rows if row[1] >= self.confidence)
        if not kinds:
            return Reading(False, truth.label, claims, min(best))
        kind, named_as = next((k for k in kinds if k[0] == "missed"), kinds[0])
        return Reading(True, named_as, claims, min(best), kind=kind)

    def marks(self, answer: Any, truth: Truth) -> Sequence[Mark]:
        own = [box for box in truth.boxes if box.label == truth.label]
        found = answer["boxes"]
        masks = answer.get("masks") or {"true": [""] * len(own), "found": [""] * len(found)}  # those of earlier releases
        true = [Mark(box, box.label, True, mask) for box, mask in zip(own, masks["true"], strict=False)]
        pairs = zip(found, masks["found"], strict=False)
        return [*true, *(Mark(Box(row[0], *row[2:]), str(row[0]), False, m) for row, m in pairs if row[1] >= self.confidence)]


def _merged(regions: Sequence[Region], right: frozenset[str]) -> list[Region]:
    """The regions of a picture's accepted labels as one: a semantic segmenter may share an object out among them."""
    own = [r for r in regions if r.label in right]
    if len(own) < 2:
        return list(regions)
    whole = np.logical_or.reduce([r.mask for r in own])
    return [own[0]._replace(mask=whole), *(r for r in regions if r.label not in right)]


def _row(region: Region, thing: Mask) -> list[Any]:
    """[label, score, IoU, share of the thing that the region covers]; empty where they do not touch."""
    shared = int((region.mask & thing).sum())
    if not shared:
        return []
    union = int((region.mask | thing).sum())
    return [region.label, round(region.score, 4), round(shared / union, 4), round(shared / int(thing.sum()), 4)]


def _fitted(mask: Mask, shape: Sequence[int]) -> Mask:
    """A mask at another size, by the nearest pixel."""
    height, width = shape
    rows = ((np.arange(height) + 0.5) * mask.shape[0] / height).astype(int)
    columns = ((np.arange(width) + 0.5) * mask.shape[1] / width).astype(int)
    return mask[rows[:, None], columns]


def _box(mask: Mask) -> list[float]:
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    height, width = mask.shape
    sides = (columns[0] / width, rows[0] / height, (columns[-1] + 1) / width, (rows[-1] + 1) / height)
    return [round(float(x), 4) for x in sides]
