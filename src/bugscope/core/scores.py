"""What a classifier answers, in the forms in which frameworks give it, as an array of scores."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .errors import AnswerError, BugscopeError, ModelError, told, unknown

WITHIN = ("logits", "logits_per_image", "scores", "probabilities", "probs", "predictions")
"""Where outputs of models keep the scores."""
MASKED = -1e30
"""Stands for minus infinity, the score of a class that is ruled out: no file of answers can hold that."""


def asked(target: Any, items: Sequence[Any], labels: Sequence[str], who: str = "") -> NDArray[np.float64]:
    """The scores [items, labels] that a target gives. Raises ModelError that says what it gave instead, and what was wanted;
    what the target itself raises is left as it is."""
    who = who or f"target {target.id}"
    try:
        given = target(list(items))  # its own list, which it may change
        given = list(islice(given, len(items) + 1)) if isinstance(given, Iterator) else given
    except (AttributeError, TypeError, ValueError) as error:
        if "'list'" in str(error) or "of type <class 'list'>" in str(error):
            raise ModelError(f"{who} raised {told(error)}; it is called with a list of pictures, not with one") from error
        raise
    return scores(given, len(items), labels, who)


def scores(given: Any, n: int, labels: Sequence[str], who: str) -> NDArray[np.float64]:
    """Rows of `labels` for `n` pictures, from an array, a tensor (also with gradients, on a GPU, or in bfloat16), a model's
    output with logits, or for each picture {label: score} or [{"label": ..., "score": ...}], or columns with the labels' names.
    Raises AnswerError."""
    want = f"scores of shape ({n}, {len(labels)}): a row for each picture, a column for each label"
    try:
        found = _array(_within(given, n, len(labels)), n, labels, who)
    except BugscopeError:
        raise
    except Exception as error:  # a tensor may raise anything
        raise AnswerError(f"{who} returned {_kind(given)}; expected {want}, as an array ({told(error)})", whole=True) from error
    if found is None:
        raise AnswerError(f"{who} returned {_kind(given)}; expected {want}", whole=True)
    if found.shape != (n, len(labels)) and _without_ones(found.shape) == _without_ones((n, len(labels))):
        found = found.reshape(n, len(labels))  # squeezed, or with axes of length 1, as a convolution leaves them
    if found.shape != (n, len(labels)):
        raise AnswerError(
            f"{who} gave scores of shape {found.shape}; expected {(n, len(labels))}: pictures, labels", whole=True
        )
    masked = np.isneginf(found) & ~np.isneginf(found).all(axis=1, keepdims=True)
    found = np.where(masked, MASKED, found)
    if not np.isfinite(found).all():
        raise AnswerError(f"{who} gave scores that are not finite, e.g. {found[~np.isfinite(found)][0]}")
    return found


def _within(given: Any, n: int, width: int) -> Any:
    """The scores in a model's output: an object or a mapping with logits, or several outputs of which one has their shape."""
    for name in WITHIN:
        if isinstance(given, Mapping) and name in given:
            return given[name]
        if not hasattr(given, "__array__") and getattr(given, name, None) is not None:
            return getattr(given, name)
    if isinstance(given, Mapping | list | tuple):
        outputs = list(given.values()) if isinstance(given, Mapping) else given
        return next((out for out in outputs if tuple(getattr(out, "shape", ())) == (n, width)), given)
    return given


def _without_ones(shape: Sequence[int]) -> tuple[int, ...]:
    return tuple(side for side in shape if side != 1)


def _array(given: Any, n: int, labels: Sequence[str], who: str) -> NDArray[np.float64] | None:
    """None for what holds no numbers."""
    if hasattr(given, "detach"):
        return plain(given)
    names = list(given) if isinstance(given, Mapping) else list(getattr(given, "columns", ()))
    if names and len(set(names)) == len(names) and set(names) <= set(labels):
        return _by_column(given, names, n, labels)
    if isinstance(given, Mapping | str) or given is None:
        return None
    if n == 1 and isinstance(given, list | tuple) and len(given) != 1 and _is_listing(given):
        given = [given]  # a pipeline that is asked for one picture
    if isinstance(given, list | tuple) and given:
        if all(hasattr(row, "detach") for row in given):
            return np.stack([plain(row) for row in given])
        if any(isinstance(row, str) for row in given):
            return None
        if any(isinstance(row, Mapping) or _is_listing(row) for row in given):
            return np.stack([_by_label(row, labels, who) for row in given])
    return plain(given)


def plain(given: Any) -> NDArray[np.float64]:
    """An array of numbers; of a tensor of PyTorch too, whatever its type, its device and its gradients."""
    if hasattr(given, "detach"):
        given = given.detach().cpu().double().numpy()
    return np.asarray(given).astype(np.float64)


def _by_column(given: Any, names: Sequence[str], n: int, labels: Sequence[str]) -> NDArray[np.float64]:
    """From {label: scores of the pictures}, or a DataFrame whose columns are labels, in any order."""
    places = {label: i for i, label in enumerate(labels)}
    made = np.zeros((n, len(labels)))
    for name in names:
        made[:, places[name]] = plain(given[name]).reshape(n)
    return made


def _is_listing(row: Any) -> bool:
    return isinstance(row, list | tuple) and bool(row) and all(isinstance(item, Mapping) for item in row)


def _by_label(row: Any, labels: Sequence[str], who: str) -> NDArray[np.float64]:
    """A row from {label: score}, {"label": ..., "score": ...} or a list of these; a label that it does not name has 0."""
    places = {label: i for i, label in enumerate(labels)}
    made = np.zeros(len(labels))
    for item in row if _is_listing(row) else [row]:
        pairs = {item["label"]: item["score"]} if {"label", "score"} <= item.keys() else item
        for label, score in pairs.items():
            if label not in places:
                raise AnswerError(f"{who} gave a score for a label that is not its own: {unknown('label', str(label), labels)}")
            made[places[label]] = float(score)
    return made


def _kind(given: Any) -> str:
    """Such as "a list of dict"."""
    inner = f" of {type(given[0]).__name__}" if isinstance(given, list | tuple) and given else ""
    return f"{'None' if given is None else f'a {type(given).__name__}'}{inner}"
