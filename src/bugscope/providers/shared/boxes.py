"""Boxes of detectors: how a picture becomes their square and back, and which of several boxes on one thing stays.

Boxes are arrays [n, 4]: left, top, right, bottom.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ...core.errors import AnswerError
from ...core.records import Detection
from ...media.picture import as_rgb

Boxes = NDArray[np.float64]
Numbers = NDArray[np.floating[Any]]
Whole = NDArray[np.integer[Any]]
Undo = Callable[[Numbers], Boxes]
"""Boxes in pixels of a canvas -> fractions of the picture's width and height."""

GREY = 114
"""What the YOLO family since v5 is shown around a picture (Darknet: 127)."""
LEAST = 0.01
"""Boxes of lower scores are not kept: a detector's threshold is rarely under 0.05, and there are thousands of them."""
MOST = 100
"""Boxes of a picture, as COCO's evaluation counts them."""


def letterbox(
    image: Image.Image, side: int | Sequence[int], fill: int = GREY, resample: Image.Resampling = Image.Resampling.BILINEAR
) -> tuple[Image.Image, Undo]:
    """A picture of any mode, as large as fits into the middle of a canvas of `side` (one number, or height and width) and grey
    around it; and what turns boxes on the canvas into fractions of the picture."""
    high, wide = (side, side) if isinstance(side, int) else side
    image = as_rgb(image)
    scale = min(wide / image.width, high / image.height)
    width, height = (max(1, round(length * scale)) for length in image.size)
    left, top = (wide - width) // 2, (high - height) // 2
    canvas = Image.new("RGB", (wide, high), (fill,) * 3)
    canvas.paste(image.resize((width, height), resample), (left, top))
    return canvas, _undo(left, top, width, height)


def stretched(
    image: Image.Image, side: int | Sequence[int], resample: Image.Resampling = Image.Resampling.BILINEAR
) -> tuple[Image.Image, Undo]:
    """As `letterbox`, with the picture stretched to the whole canvas."""
    high, wide = (side, side) if isinstance(side, int) else side
    return as_rgb(image).resize((wide, high), resample), _undo(0, 0, wide, high)


def _undo(left: int, top: int, width: int, height: int) -> Undo:
    start, size = np.array([left, top] * 2), np.array([width, height] * 2)
    return lambda boxes: (np.asarray(boxes, dtype=np.float64) - start) / size


def corners(centred: Numbers) -> Boxes:
    """Boxes from middle, width and height [n, 4]."""
    found = np.asarray(centred, dtype=np.float64)
    middle, half = found[:, :2], found[:, 2:] / 2
    with np.errstate(invalid="ignore"):  # infinite numbers are refused by `finite`
        return np.concatenate([middle - half, middle + half], axis=1)


def overlaps(box: Numbers, boxes: Numbers) -> NDArray[np.float64]:
    """Intersection over union [n] of one box [4] with others; 0 where both are empty."""
    shared = (np.minimum(box[2:], boxes[:, 2:]) - np.maximum(box[:2], boxes[:, :2])).clip(0).prod(axis=1)
    areas = (boxes[:, 2:] - boxes[:, :2]).clip(0).prod(axis=1)
    union = (box[2:] - box[:2]).clip(0).prod() + areas - shared
    return np.divide(shared, union, out=np.zeros(len(boxes)), where=union > 0)


def suppressed(
    boxes: Numbers,
    scores: Numbers,
    classes: Whole,
    iou: float,
    most: int = MOST,
) -> NDArray[np.intp]:
    """Indices of the boxes that stay, highest score first: of one class, none overlaps a better one by more than `iou`
    (non-maximum suppression). At most `most`. Equal scores go by their order."""
    left = np.argsort(-scores, kind="stable")
    kept: list[int] = []
    while len(left) and len(kept) < most:
        best, left = left[0], left[1:]
        kept.append(int(best))
        left = left[(classes[left] != classes[best]) | (overlaps(boxes[best], boxes[left]) <= iou)]
    return np.array(kept, dtype=np.intp)


def finite(who: str, boxes: Numbers, scores: Numbers) -> None:
    """Raises AnswerError for boxes [n, 4] or scores [n, ...] with numbers that are not finite."""
    rows = np.asarray(scores).reshape(len(boxes), -1) if len(boxes) else np.zeros((0, 1))
    strange = ~(np.isfinite(rows).all(axis=1) & np.isfinite(boxes).all(axis=1))
    if strange.any():
        at = int(np.argmax(strange))
        worst = next((number for number in rows[at] if not np.isfinite(number)), rows[at].max())
        raise AnswerError(f"{who} gave numbers that are not finite: a box of {boxes[at].tolist()} with a score of {worst}")


def detections(
    who: str,
    labels: Sequence[str],
    boxes: Numbers,
    scores: Numbers,
    classes: Whole,
    masks: NDArray[np.bool_] | None = None,
    least: float = LEAST,
    most: int = MOST,
) -> list[Detection]:
    """What is seen in one picture, surest first, from fractions [n, 4], scores [n] and indices of labels [n] (a negative one is
    no label: the background), with masks [n, height, width] if there are any.

    Boxes are cut at the picture's edges; what is under `least`, or outside the picture, is left out, and so are all but `most`.
    Raises AnswerError for numbers that are not finite.
    """
    boxes, scores = np.asarray(boxes, dtype=np.float64).reshape(-1, 4), np.asarray(scores, dtype=np.float64)
    finite(who, boxes, scores)
    cut = boxes.clip(0, 1)
    here = (classes >= 0) & (scores >= least) & (cut[:, 2:] > cut[:, :2]).all(axis=1)
    places = np.flatnonzero(here)
    places = places[np.argsort(-scores[places], kind="stable")][:most]
    certain = scores.clip(0, 1)  # half precision may round over it
    rows = zip(places.tolist(), classes[places].tolist(), certain[places].tolist(), cut[places].tolist(), strict=True)
    return [Detection(labels[c], score, *box)._replace(mask=None if masks is None else masks[i]) for i, c, score, box in rows]
