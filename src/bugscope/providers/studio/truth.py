"""What is known of a picture because it was drawn: the label, the box and the mask of everything in it."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...core.records import Box, Truth

Regions = NDArray[np.integer[Any]]


def truth(label: str, things: Sequence[str], regions: Regions) -> Truth:
    """`things`: the label of each thing; `regions` [h, w]: the number of the one that a pixel shows, from 1.

    Boxes go around visible pixels. What no pixel shows has none: box i is about the pixels that are i + 1 in the truth's
    `regions`.
    """
    seen = [number for number in np.unique(regions) if number]
    table = np.zeros(len(things) + 1, dtype=np.uint8)
    table[seen] = np.arange(1, len(seen) + 1)
    own = table[regions]
    boxes = tuple(_box(things[number - 1], own == i) for i, number in enumerate(seen, 1))
    others = dict.fromkeys(box.label for box in boxes if box.label != label)
    return Truth(label, tuple(others), boxes, own)


def _box(label: str, shown: NDArray[np.bool_]) -> Box:
    (top, bottom), (left, right) = (_extent(np.asarray(shown.any(axis))) for axis in (1, 0))
    return Box(label, left, top, right, bottom)


def _extent(shown: NDArray[np.bool_]) -> tuple[float, float]:
    places = np.flatnonzero(shown)
    return int(places[0]) / len(shown), (int(places[-1]) + 1) / len(shown)
