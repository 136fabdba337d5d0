"""What a segmenter answers, in the forms in which frameworks give it: the label of every pixel, or instances with masks."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .detections import detections, is_detections
from .errors import AnswerError, told
from .records import Detection
from .scores import plain

FORMS = (
    "for each picture the label numbers of its pixels [height, width], scores of labels [labels, height, width], or instances "
    "with masks as detectors give them"
)
MAPS = ("segmentation", "segmentation_map", "sem_seg", "out", "map")
"""Where outputs keep the label of every pixel."""


class Region(NamedTuple):
    """The pixels [height, width] that a segmenter calls `label`. `score`: how sure it is, 1 where it gives no score; `whole`:
    all pixels of the label in a picture, not one instance."""

    label: str
    score: float
    mask: NDArray[np.bool_]
    whole: bool


def asked(target: Any, items: Sequence[Any], labels: Sequence[str], who: str = "") -> list[list[Region]]:
    """The regions that a segmenter sees in each picture. Raises AnswerError that says what it gave instead, and what was
    wanted; what the target itself raises is left as it is."""
    who = who or f"target {target.id}"
    given = target(list(items))  # its own list, which it may change
    given = list(islice(given, len(items) + 1)) if isinstance(given, Iterator) else given
    given = _inside(given)
    if isinstance(given, Mapping | str | bytes) or not hasattr(type(given), "__getitem__"):
        raise AnswerError(f"{who} returned a {type(given).__name__}; expected {FORMS}", whole=True)
    if len(given) != len(items):
        raise AnswerError(f"{who} gave {len(given)} segmentations for {len(items)} pictures; expected one for each", whole=True)
    return [_picture(one, item.size, labels, who) for one, item in zip(given, items, strict=True)]


def _picture(given: Any, size: tuple[int, int], labels: Sequence[str], who: str) -> list[Region]:
    given = _inside(given)
    if is_detections(given):
        return [_instance(d, who) for d in detections([given], [size], labels, who)[0]]
    try:
        table = plain(given)
    except Exception as error:  # a tensor may raise anything
        raise AnswerError(f"{who} gave a {type(given).__name__} for a picture; expected {FORMS} ({told(error)})") from error
    if not np.isfinite(table).all():
        raise AnswerError(f"{who} gave a segmentation that is not finite")
    if table.ndim == 3 and table.shape[0] == len(labels):
        table = table.argmax(axis=0)
    if table.ndim != 2 or not table.size:
        raise AnswerError(f"{who} gave a segmentation of shape {table.shape} for {len(labels)} labels; expected {FORMS}")
    numbers = table.astype(np.int64)
    if (numbers != table).any():
        raise AnswerError(
            f"{who} gave label numbers that are not whole, e.g. {table[numbers != table][0]:.4g}; expected {FORMS}"
        )
    present = [int(number) for number in np.unique(numbers) if 0 <= number < len(labels)]
    return [Region(labels[number], 1.0, numbers == number, True) for number in present]


def _inside(given: Any) -> Any:
    """The map of labels in an output that keeps it under a name; anything else as it is."""
    if not isinstance(given, Mapping):
        return given
    found = next((given[name] for name in MAPS if name in given), None)
    return given if found is None else found


def _instance(found: Detection, who: str) -> Region:
    if found.mask is None:
        raise AnswerError(f"{who} gave an instance of {found.label!r} without a mask; to judge boxes, use --task detect")
    return Region(found.label, found.score, found.mask, False)
