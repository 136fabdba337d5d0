"""How exporters lay out the boxes of detectors in the outputs of an ONNX file.

A family is recognised by the names and shapes of the outputs, as the exporters' own code writes them: Ultralytics' `export`,
YOLOv5's `export.py`, Hugging Face's Optimum, Roboflow's rfdetr, RT-DETR's and D-FINE's `export_onnx.py`, torchvision through
`torch.onnx`, tf2onnx for TensorFlow's detection API, and the SSD of the ONNX model zoo.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...core.errors import ModelError, SpecError, short, unknown
from ..shared.boxes import Boxes, corners

Array = NDArray[Any]
Outputs = Mapping[str, Array]
"""By name, those of one picture, without the axis of the batch."""
STRIDES = (8, 16, 32)
"""Pixels between the places that the YOLO family looks at, in its three grids."""
SCORED = re.compile(r"scores?|conf|prob|logits", re.IGNORECASE)
CLASSED = re.compile(r"labels?|class|cls", re.IGNORECASE)
BOXED = re.compile(r"box|dets?\b", re.IGNORECASE)
FRACTION = 2.0
"""Coordinates under this are fractions: no box has all its corners in two pixels."""


class Raw(NamedTuple):
    """Boxes in pixels of the canvas, and for each a score for each class [n, classes], or its score [n] and class [n]; of YOLO
    for segments the coefficients of its mask [n, masks] too."""

    boxes: Boxes
    scores: NDArray[np.float64]
    classes: NDArray[np.float64] | None = None
    coefficients: NDArray[np.float64] | None = None


class Family(NamedTuple):
    """`read(outputs, size, classes)`: what the outputs say of one picture on a canvas of `size` (height, width); `classes`: how
    many names there are, 0 if unknown. `fit`: how pictures are put on the canvas. `iou`: of suppression, 0 if it is in the
    file. `background`: which class is none: "", "first", "last", or "spare", the last if there is one more than names.
    `values`: how pixels are prepared unless the file says it.
    """

    read: Callable[[Outputs, tuple[int, int], int], Raw]
    fit: str
    iou: float = 0.0
    background: str = ""
    values: Mapping[str, Any] = {}


def grid(size: tuple[int, int]) -> int:
    """Places that the YOLO family looks at."""
    return sum((size[0] // stride) * (size[1] // stride) for stride in STRIDES)


# --- reading ----------------------------------------------------------------------------------------------------------


def prototypes(outputs: Outputs) -> Array | None:
    """The masks [masks, height, width] of YOLO for segments, from which those of the instances are mixed."""
    return next((array for array in outputs.values() if array.ndim == 3), None)


def _table(outputs: Outputs) -> tuple[Array, int]:
    """The one table of the YOLO family, and how many of its columns are coefficients of masks."""
    masks = prototypes(outputs)
    return next(array for array in outputs.values() if array.ndim == 2), 0 if masks is None else len(masks)


def _places(
    outputs: Outputs, size: tuple[int, int], classes: int, before: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The table as [places, numbers], whichever way it is turned, without the coefficients of masks; and these. `before`:
    numbers before the scores."""
    table, masks = _table(outputs)
    wide = classes + before + masks
    if classes and wide in table.shape:
        turned = table.shape[0] == wide
    else:
        places = (grid(size), 3 * grid(size))
        turned = table.shape[1] in places or (table.shape[0] not in places and table.shape[0] < table.shape[1])
    table = (table.T if turned else table).astype(np.float64)
    return table[:, : table.shape[1] - masks], table[:, table.shape[1] - masks :]


def _with_objectness(outputs: Outputs, size: tuple[int, int], classes: int) -> Raw:
    table, masks = _places(outputs, size, classes, 5)
    return Raw(_pixels(corners(table[:, :4]), size), table[:, 4:5] * table[:, 5:], coefficients=masks)


def _without_objectness(outputs: Outputs, size: tuple[int, int], classes: int) -> Raw:
    table, masks = _places(outputs, size, classes, 4)
    return Raw(_pixels(corners(table[:, :4]), size), table[:, 4:], coefficients=masks)


def _six(outputs: Outputs, size: tuple[int, int], classes: int) -> Raw:
    """left, top, right, bottom, score, class; YOLOv7: the picture's number, left, top, right, bottom, class, score."""
    found, masks = _table(outputs)
    table = found.astype(np.float64)
    if table.shape[1] == 7:
        return Raw(_pixels(table[:, 1:5], size), table[:, 6], table[:, 5])
    return Raw(_pixels(table[:, :4], size), table[:, 4], table[:, 5], table[:, table.shape[1] - masks :])


def _queries(outputs: Outputs, size: tuple[int, int]) -> tuple[Boxes, NDArray[np.float64]]:
    boxes, others = _boxes(outputs)
    (logits,) = [array for array in others.values() if array.ndim == 2]
    high, wide = size
    return corners(boxes) * [wide, high, wide, high], logits.astype(np.float64)


def _detr(outputs: Outputs, size: tuple[int, int], classes: int) -> Raw:
    """With one class more than names, the last is the background, and a box's scores sum to one; else each is by itself."""
    boxes, logits = _queries(outputs, size)
    if not classes or logits.shape[1] != classes + 1:
        return Raw(boxes, _sigmoid(logits))
    with np.errstate(invalid="ignore"):
        chances = np.exp(logits - logits.max(axis=1, keepdims=True))
        return Raw(boxes, chances / chances.sum(axis=1, keepdims=True))


def _rf_detr(outputs: Outputs, size: tuple[int, int], classes: int) -> Raw:
    boxes, logits = _queries(outputs, size)
    return Raw(boxes, _sigmoid(logits))


def _sigmoid(logits: NDArray[np.float64]) -> NDArray[np.float64]:
    with np.errstate(over="ignore"):
        return np.asarray(1 / (1 + np.exp(-logits)))


def _finished(outputs: Outputs, size: tuple[int, int], classes: int) -> Raw:
    """Boxes, scores and classes in outputs of their own; how many of them count, if that is told too."""
    boxes, others = _boxes(outputs)
    named = {kind: next((n for n, a in others.items() if a.ndim == 1 and kind.search(n)), "") for kind in (SCORED, CLASSED)}
    flat = {name: array for name, array in others.items() if array.ndim == 1 and len(array) == len(boxes)}
    whole = [name for name, array in flat.items() if array.dtype.kind in "iu"]
    found = named[CLASSED] or (whole[0] if len(whole) == 1 else "")
    scores = named[SCORED] or next((name for name in flat if name != found), "")
    if found == scores or not (found and scores):
        raise ModelError(f"which output has the scores, and which the classes, is not told by their names: {', '.join(others)}")
    count = next((int(a.reshape(-1)[0]) for n, a in others.items() if "num" in n.lower() and a.size == 1), len(boxes))
    boxes, kept = boxes[:count], slice(None, count)
    return Raw(_pixels(boxes, size), others[scores].astype(np.float64)[kept], others[found].astype(np.float64)[kept])


def _tensorflow(outputs: Outputs, size: tuple[int, int], classes: int) -> Raw:
    """top, left, bottom, right."""
    raw = _finished({name.partition(":")[0]: array for name, array in outputs.items()}, size, classes)
    high, wide = size
    fractions = raw.boxes / [wide, high, wide, high]
    return raw._replace(boxes=fractions[:, [1, 0, 3, 2]] * [wide, high, wide, high])


def _all_scores(outputs: Outputs, size: tuple[int, int], classes: int) -> Raw:
    boxes, others = _boxes(outputs)
    (scores,) = [array for array in others.values() if array.ndim == 2]
    return Raw(_pixels(boxes, size), scores.astype(np.float64))


def _boxes(outputs: Outputs) -> tuple[NDArray[np.float64], dict[str, Array]]:
    """The output that has the boxes [n, 4], by its name if another has four columns too; and the others."""
    four = [name for name, array in outputs.items() if array.ndim == 2 and array.shape[1] == 4]
    name = next((name for name in four if BOXED.search(name)), four[0])
    return outputs[name].astype(np.float64), {key: array for key, array in outputs.items() if key != name}


def _pixels(boxes: NDArray[np.float64], size: tuple[int, int]) -> Boxes:
    """Boxes in pixels of the canvas, from these or from fractions of it."""
    high, wide = size
    within = bool(len(boxes)) and bool(np.abs(boxes).max() < FRACTION)
    return boxes * [wide, high, wide, high] if within else boxes


YOLO: Mapping[str, Any] = {"mean": 0, "std": 1}
FAMILIES: Mapping[str, Family] = {
    # anchors with an objectness: YOLOv5, YOLOv7
    "yolov5": Family(_with_objectness, "letterbox", 0.45, values=YOLO),
    # without: YOLOv8, v9, YOLO11, YOLO12
    "yolov8": Family(_without_objectness, "letterbox", 0.7, values=YOLO),
    # suppressed in the file, or never several on one thing: exports with nms=True, YOLOv10, YOLO26, YOLOv7 with end2end
    "yolo-nms": Family(_six, "letterbox", values=YOLO),
    # the same, for TensorRT
    "yolo-trt": Family(_finished, "letterbox", values=YOLO),
    # a set of queries: DETR, Conditional and Deformable DETR, RT-DETR, D-FINE, YOLOS
    "detr": Family(_detr, "stretch", background="spare"),
    "rf-detr": Family(_rf_detr, "stretch", background="first"),
    # RT-DETR, D-FINE with the authors' exporter, which also takes the size of the picture
    "rt-detr": Family(_finished, "stretch", values=YOLO),
    # torchvision's detectors, which normalise pictures themselves
    "torchvision": Family(_finished, "stretch", background="first", values=YOLO),
    # SSD, Faster R-CNN, RetinaNet and their kin, suppressed in the file
    "ssd": Family(_finished, "stretch", background="first"),
    # a score for each class and box
    "ssd-raw": Family(_all_scores, "stretch", 0.45, background="first"),
    # TensorFlow's detection API
    "tensorflow": Family(_tensorflow, "stretch", background="first"),
}


# --- recognising ------------------------------------------------------------------------------------------------------


def recognised(what: str, outputs: Outputs, size: tuple[int, int], classes: int, inputs: Sequence[str]) -> str:
    """The family of these outputs. Raises SpecError that shows them and says what to state."""
    found = _recognised(outputs, size, classes, inputs)
    if not found:
        shown = short(", ".join(f"{name} {list(array.shape)}" for name, array in outputs.items()))
        known = ", ".join(FAMILIES)
        raise SpecError(
            f"{what}: no layout of boxes is known for its outputs, {shown}; state one of {known}, as in family=yolov8"
        )
    return found


def _recognised(outputs: Outputs, size: tuple[int, int], classes: int, inputs: Sequence[str]) -> str:
    tables = {name: array for name, array in outputs.items() if array.ndim == 2}
    four = [name for name, array in tables.items() if array.shape[1] == 4]
    flat = [name for name, array in outputs.items() if array.ndim == 1 and array.size]
    if any(name.startswith("detection_boxes") for name in outputs):
        return "tensorflow"
    if "det_boxes" in outputs:
        return "yolo-trt"
    if four and len([name for name, array in outputs.items() if array.ndim == 1]) >= 2:
        if "orig_target_sizes" in inputs:
            return "rt-detr"
        return "torchvision" if {"boxes", "labels", "scores"} <= set(outputs) else "ssd"
    if len(tables) == 2 and four and not flat:
        if {"dets", "labels"} <= set(tables):
            return "rf-detr"
        _, others = _boxes(outputs)
        (scores,) = others.values()
        shares = scores.min() >= 0 and np.allclose(scores.sum(axis=1), 1, atol=0.01)
        return "ssd-raw" if shares else "detr"
    if len(tables) == 1 and len(outputs) <= 2:
        return _yolo(next(iter(tables.values())), outputs, size, classes)
    return ""


def _yolo(table: Array, outputs: Outputs, size: tuple[int, int], classes: int) -> str:
    """By the number of places, in one grid or with three anchors each; else by the number of names."""
    _, masks = _table(outputs)
    places = grid(size)
    if table.shape[1] - masks in (6, 7) and table.shape[0] not in (places, 3 * places):
        return "yolo-nms"
    if places * 3 in table.shape:
        return "yolov5"
    if places == table.shape[1]:
        return "yolov8"
    numbers = table.shape[1] - masks if table.shape[0] == places else min(table.shape) - masks
    if classes and numbers in (classes + 4, classes + 5):
        return "yolov8" if numbers == classes + 4 else "yolov5"
    return "yolov8" if places == table.shape[0] and numbers > 4 else ""


def chosen(name: str) -> str:
    """Raises SpecError for a family that is not known."""
    if name not in FAMILIES:
        raise unknown("family of detectors", name, FAMILIES)
    return name
