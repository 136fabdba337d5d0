"""How much boxes overlap, and which detection belongs to which instance."""

from collections.abc import Sequence
from typing import Any

Sides = Sequence[Any]
"""left, top, right, bottom."""


def iou(a: Sides, b: Sides) -> float:
    """Area of the intersection of two boxes over that of their union (Everingham et al. 2010, "The PASCAL VOC", 4.2)."""
    width = min(a[2], b[2]) - max(a[0], b[0])
    height = min(a[3], b[3]) - max(a[1], b[1])
    if width <= 0 or height <= 0:
        return 0.0
    shared = width * height
    return float(shared / ((a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - shared))


def matched(truths: Sequence[Sides], found: Sequence[Sides], least: float) -> dict[int, int]:
    """Truth -> detection: each detection, the surest first, takes the free truth that it overlaps most, if by at least `least`
    (as in COCO's evaluation)."""
    taken: dict[int, int] = {}
    for i, box in enumerate(found):
        shares = [(iou(true, box), -j) for j, true in enumerate(truths) if j not in taken]
        if shares and max(shares)[0] >= least:
            taken[-max(shares)[1]] = i
    return taken
