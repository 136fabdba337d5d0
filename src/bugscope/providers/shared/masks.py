"""Masks of instances: a size that can be kept, and the boxes around them."""

import numpy as np
from numpy.typing import NDArray

from .boxes import Boxes

SIDE = 512
"""The longer side of a mask, at most: a hundred of the size of a photograph would take gigabytes."""
LEAST, MOST = 0.05, 50
"""Score and number of the instances of a picture, as `boxes.LEAST` and `boxes.MOST`."""


def reduced(width: int, height: int) -> tuple[int, int]:
    """Height and width of the masks of a picture: its own, or in proportion with the longer side `SIDE`."""
    scale = min(1, SIDE / max(width, height))
    return max(1, round(height * scale)), max(1, round(width * scale))


def enclosing(masks: NDArray[np.bool_]) -> Boxes:
    """The smallest boxes around masks [n, height, width], as fractions; of an empty one a box without an area."""
    boxes = np.zeros((len(masks), 4))
    height, width = masks.shape[1:]
    for box, mask in zip(boxes, masks, strict=True):
        rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
        if len(rows):
            box[:] = columns[0] / width, rows[0] / height, (columns[-1] + 1) / width, (rows[-1] + 1) / height
    return boxes
