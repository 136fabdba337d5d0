"""What the numbers of a YOLOv3 output mean: boxes, and a score for each class."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

LARGEST = 10.0
"""Natural logarithm of how much larger a box may be than its anchor: without it, absurd numbers would be infinite."""


def boxes(
    maps: NDArray[np.floating[Any]], anchors: Sequence[tuple[int, int]], size: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """maps [anchors x (5 + classes), h, w] -> boxes [n, 4] as left, top, right, bottom in pixels of the input, whose side is
    `size`, and scores [n, classes].

    Of an anchor in a cell there are the middle within the cell, the logarithm of how much larger the box is, whether anything
    is there, and each class for itself; a score is the product of the last two.
    """
    high, wide = maps.shape[1:]
    x, y, width, height, there, *classes = maps.astype(np.float64).reshape(len(anchors), -1, high, wide).swapaxes(0, 1)
    rows, columns = np.mgrid[:high, :wide]
    sides = np.array(anchors, dtype=np.float64)[..., None, None]
    middle = np.stack([(columns + sigmoid(x)) * size / wide, (rows + sigmoid(y)) * size / high])
    half = np.stack([np.exp(np.minimum(width, LARGEST)) * sides[:, 0], np.exp(np.minimum(height, LARGEST)) * sides[:, 1]]) / 2
    scores = sigmoid(np.stack(classes)) * sigmoid(there)
    return np.concatenate([middle - half, middle + half]).reshape(4, -1).T, scores.reshape(len(scores), -1).T


def sigmoid(x: NDArray[np.float64]) -> NDArray[np.float64]:
    return 1 / (1 + np.exp(-np.clip(x, -500, 500)))
