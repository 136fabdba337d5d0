"""What a detector answers, in the forms in which frameworks give it, as `Detection`s."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .errors import AnswerError, BugscopeError, short, told, unknown
from .records import Detection
from .scores import plain

MOST = 1000
"""Boxes of a picture: a detector that gives more has not suppressed the overlapping ones."""
KEPT = 100
"""The surest boxes of a picture that are kept, as in COCO's evaluation."""
BEYOND = 0.5
"""How far boxes may stick out of a picture, as a share of it: networks are not exact at its border. They are cut there."""
PIXELS = 2.0
"""Numbers above this are pixels, not fractions."""
BOXES = ("boxes", "xyxy", "bbox", "bboxes")
SCORES = ("scores", "confidence", "conf")
LABELS = ("labels", "text_labels", "class_id", "classes", "cls")
SIDES = (("xmin", "ymin", "xmax", "ymax"), ("left", "top", "right", "bottom"), ("x1", "y1", "x2", "y2"))
FORMS = (
    "for each picture a list of bugscope.Detection, {'boxes': ..., 'scores': ..., 'labels': ...} as torchvision gives it, a "
    "list of {'label': ..., 'score': ..., 'box': ...}, or rows of left, top, right, bottom, score, class"
)

Rows = tuple[NDArray[np.float64], NDArray[np.float64], list[Any], Sequence[Any] | None]
"""Boxes [n, 4] with their scores [n], labels (names or numbers) and masks."""


def asked(target: Any, items: Sequence[Any], labels: Sequence[str], who: str = "") -> list[list[Detection]]:
    """What a detector sees in each picture, the surest first. Raises AnswerError that says what it gave instead, and what was
    wanted; what the target itself raises is left as it is."""
    who = who or f"target {target.id}"
    given = target(list(items))  # its own list, which it may change
    return detections(given, [item.size for item in items], labels, who)


def detections(given: Any, sizes: Sequence[tuple[int, int]], labels: Sequence[str], who: str) -> list[list[Detection]]:
    """`given`: an answer about pictures of these sizes (width, height). Raises AnswerError."""
    n = len(sizes)
    given = list(islice(given, n + 1)) if isinstance(given, Iterator) else given
    if n == 1 and (_is_picture(given) or (isinstance(given, list | tuple) and given and _is_thing(given[0]))):
        given = [given]  # a pipeline that is asked for one picture
    if isinstance(given, Mapping | str | bytes) or not _is_sequence(given):
        raise AnswerError(f"{who} returned {_kind(given)}; expected {FORMS}", whole=True)
    found = list(given)
    if len(found) != n:
        raise AnswerError(f"{who} gave {len(found)} lists of boxes for {n} pictures; expected one for each", whole=True)
    return [_picture(one, size, labels, who) for one, size in zip(found, sizes, strict=True)]


def _picture(given: Any, size: tuple[int, int], labels: Sequence[str], who: str) -> list[Detection]:
    try:
        boxes, scores, names, masks = _rows(given)
    except BugscopeError:
        raise
    except Exception as error:  # a tensor may raise anything
        raise AnswerError(f"{who} gave {_kind(given)} for a picture; expected {FORMS} ({told(error)})") from error
    if len(boxes) > MOST:
        raise AnswerError(
            f"{who} gave {len(boxes):,} boxes for one picture; expected one for each thing, after suppression (NMS) of "
            f"overlapping ones, {MOST:,} at most"
        )
    if not len(boxes) == len(scores) == len(names):
        raise AnswerError(f"{who} gave {len(boxes)} boxes, {len(scores)} scores and {len(names)} labels for one picture")
    _check(boxes, scores, who)
    shares = _shares(boxes, size, _promised(given), who)
    found = []
    for i in np.argsort(-scores, kind="stable")[:KEPT]:
        left, top, right, bottom = (float(x) for x in shares[i])
        label = _label(names[i], labels, who)
        if right > left and bottom > top:  # something of it is in the picture
            mask = None if masks is None or masks[i] is None else _mask(masks[i])
            found.append(Detection(label, float(scores[i]), left, top, right, bottom, mask))
    return found


# --- the forms --------------------------------------------------------------------------------------------------------


def _rows(given: Any) -> Rows:
    if hasattr(given, "boxes") and hasattr(given.boxes, "xyxyn"):  # ultralytics' Results
        inner, masks = given.boxes, getattr(getattr(given, "masks", None), "data", None)
        return _boxes(inner.xyxyn), _flat(inner.conf), _names(inner.cls, getattr(given, "names", None)), masks
    if not isinstance(given, Mapping) and hasattr(given, "xyxy"):  # supervision's Detections
        return _boxes(given.xyxy), _flat(given.confidence), _names(given.class_id), getattr(given, "mask", None)
    if isinstance(given, Mapping):
        labels = _part(given, LABELS)
        scores, masks = _part(given, SCORES), given.get("masks")
        return _boxes(_part(given, BOXES)), _flat(scores), _names(labels), masks
    things = list(given) if isinstance(given, list | tuple) else None
    if things is not None and all(_is_thing(t) for t in things):
        made = [_thing(t) for t in things]
        masks = [m for *_, m in made]
        rows = _boxes([b for _, _, b, _ in made]), _flat([s for _, s, _, _ in made]), [name for name, *_ in made]
        return *rows, (masks if any(m is not None for m in masks) else None)
    table = plain(given).reshape(-1, 6) if np.size(plain(given)) == 0 else plain(given)
    if table.ndim != 2 or table.shape[1] != 6:
        raise ValueError(f"rows of shape {table.shape}")
    return table[:, :4], table[:, 4], _names(table[:, 5]), None


def _is_thing(given: Any) -> bool:
    """Whether it is one detection."""
    return isinstance(given, Detection) or (isinstance(given, Mapping) and "label" in given and "score" in given)


def _thing(given: Any) -> tuple[Any, Any, Any, Any]:
    if isinstance(given, Detection):
        return given.label, given.score, given[2:6], given.mask
    box = next((given[name] for name in ("box", *BOXES) if name in given), given)
    if isinstance(box, Mapping):
        sides = next((s for s in SIDES if all(name in box for name in s)), None)
        if sides is None:
            raise ValueError(f"a box with {', '.join(map(str, box))}; expected {', '.join(SIDES[0])}")
        box = [box[name] for name in sides]
    return given["label"], given["score"], box, given.get("mask")


def _is_picture(given: Any) -> bool:
    """Whether it holds all detections of one picture."""
    if isinstance(given, Mapping):
        return any(name in given for name in BOXES)
    return hasattr(given, "boxes") or hasattr(given, "xyxy")


def is_detections(given: Any) -> bool:
    """Whether an answer about one picture lists things in it."""
    return _is_picture(given) or (isinstance(given, list | tuple) and all(_is_thing(thing) for thing in given))


def _part(given: Mapping[str, Any], names: Sequence[str]) -> Any:
    found = next((given[name] for name in names if given.get(name) is not None), None)
    if found is None:
        raise ValueError(f"a mapping with {', '.join(map(str, given))}; expected {names[0]}")
    return found


def _boxes(given: Any) -> NDArray[np.float64]:
    found = plain(given)
    found = found.reshape(0, 4) if not found.size else found
    if found.ndim != 2 or found.shape[1] != 4:
        raise ValueError(f"boxes of shape {found.shape}; expected a row of left, top, right, bottom for each")
    return found


def _flat(given: Any) -> NDArray[np.float64]:
    return plain(given).reshape(-1)


def _names(given: Any, called: Any = None) -> list[Any]:
    """Names, or whole numbers. `called`: number -> name."""
    listed = given.tolist() if hasattr(given, "tolist") else list(given)
    found = [int(x) if isinstance(x, float) and x.is_integer() else x for x in listed]
    return [called[x] for x in found] if called else found


# --- checks -----------------------------------------------------------------------------------------------------------


def _check(boxes: NDArray[np.float64], scores: NDArray[np.float64], who: str) -> None:
    if not np.isfinite(boxes).all():
        raise AnswerError(f"{who} gave a box that is not finite: {_box(boxes[~np.isfinite(boxes).all(axis=1)][0])}")
    if not np.isfinite(scores).all():
        raise AnswerError(f"{who} gave a score that is not finite: {scores[~np.isfinite(scores)][0]}")
    if len(scores) and not (scores.min() >= 0 and scores.max() <= 1):
        worst = scores[np.argmax(np.abs(scores - 0.5))]
        raise AnswerError(f"{who} gave a score of {worst:.4g}; expected probabilities from 0 to 1: these look like logits")
    turned = (boxes[:, 2] < boxes[:, 0]) | (boxes[:, 3] < boxes[:, 1])
    if turned.any():
        raise AnswerError(
            f"{who} gave the box {_box(boxes[turned][0])}, whose right or bottom edge lies before its left or top one; "
            "expected left, top, right, bottom: these look like x, y, width, height"
        )


def _promised(given: Any) -> bool:
    """Whether the form promises fractions: of the others, most are in pixels, and numbers tell which."""
    if isinstance(given, list | tuple):
        return bool(given) and isinstance(given[0], Detection)
    return hasattr(getattr(given, "boxes", None), "xyxyn")


def _shares(boxes: NDArray[np.float64], size: tuple[int, int], promised: bool, who: str) -> NDArray[np.float64]:
    """Boxes as fractions of the picture's sides, cut at its border."""
    width, height = size
    scale = np.array([width, height, width, height], dtype=float)
    pixels = bool(len(boxes)) and float(np.abs(boxes).max()) > PIXELS
    if pixels and promised:
        first = boxes[np.abs(boxes).max(axis=1) > PIXELS][0]
        raise AnswerError(
            f"{who} gave the box {_box(first)} for a picture of {width} x {height} pixels; expected fractions of its sides, "
            "from 0 to 1: these look like pixels"
        )
    shares = boxes / scale if pixels else boxes
    far = ((shares < -BEYOND) | (shares > 1 + BEYOND)).any(axis=1)
    if far.any():
        raise AnswerError(
            f"{who} gave the box {_box(boxes[far][0])}, which is not in its picture of {width} x {height} pixels; expected "
            "left, top, right, bottom in its pixels or as fractions of its sides: these may be pixels of the network's input"
        )
    return np.clip(shares, 0.0, 1.0)


def _box(box: NDArray[np.float64]) -> str:
    return "(" + ", ".join(f"{x:.4g}" for x in box) + ")"


def _label(given: Any, labels: Sequence[str], who: str) -> str:
    """The label of a name, or of a number in `labels`."""
    if isinstance(given, str):
        name = given.strip()
        if not labels or name in labels:
            return name
        near = {label.lower(): label for label in labels}
        if name.lower() in near:
            return near[name.lower()]
        raise AnswerError(f"{who} gave a box of a label that is not its own: {unknown('label', name, labels)}")
    if not isinstance(given, int) or isinstance(given, bool):
        raise AnswerError(f"{who} gave a box with the label {short(repr(given))}; expected a name, or the number of one")
    if not labels:
        raise AnswerError(f"{who} gave a box with the label number {given}, and has no label names")
    if not 0 <= given < len(labels):
        raise AnswerError(
            f"{who} gave a box with the label number {given}; it has {len(labels)} labels, from 0 to {len(labels) - 1}. If "
            "its 0 is the background, name that first"
        )
    return labels[given]


def _mask(given: Any) -> NDArray[np.bool_]:
    """[height, width], from one with an axis of length 1 before it, or of probabilities."""
    found = plain(given)
    found = found[0] if found.ndim == 3 and len(found) == 1 else found
    if found.ndim != 2:
        raise AnswerError(f"a mask of shape {found.shape}; expected height, width")
    return np.asarray(found > 0.5)


def _is_sequence(given: Any) -> bool:
    return hasattr(type(given), "__iter__") or hasattr(type(given), "__getitem__")


def _kind(given: Any) -> str:
    return "None" if given is None else f"a {type(given).__name__}"
