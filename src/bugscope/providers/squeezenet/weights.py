"""Layers of weights from a pickle of NumPy arrays, of which nothing else is admitted and nothing runs.

The names of NumPy that such a pickle asks for get stand-ins here, which hold bytes and a shape until both are checked.
"""

import io
import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...core.errors import ModelError, short, told
from ..shared import pickles

CORES = ("numpy.core.multiarray", "numpy._core.multiarray")
"""Where NumPy 1 and 2 keep what rebuilds an array."""
KINDS = ("f4", "f8")

Layers = dict[str, tuple[NDArray[np.float32], ...]]


def read(data: bytes) -> Layers:
    """Name of a layer -> its arrays, from a pickled {name: [array, ...]}. Raises ModelError naming whatever is none."""
    try:
        found = _Unpickler(io.BytesIO(data)).load()
        if not isinstance(found, dict):
            raise ModelError(f"the checkpoint is a {type(found).__name__}; expected layers by name")
        return {str(name): _layer(short(str(name)), arrays) for name, arrays in found.items()}
    except pickles.BROKEN as error:
        raise ModelError(f"this is no checkpoint of NumPy arrays: {told(error)}") from error


def _layer(name: str, given: Any) -> tuple[NDArray[np.float32], ...]:
    arrays = given if isinstance(given, list | tuple) else [given]
    other = next((a for a in arrays if not isinstance(a, _Array)), None)
    if other is not None or not arrays:
        raise ModelError(f"layer {name} of the checkpoint holds {short(repr(other))}; expected arrays")
    return tuple(a.read(name) for a in arrays)


class _Unpickler(pickles.Unpickler):
    only = "NumPy arrays"

    def admitted(self, module: str, name: str) -> Any:
        if module in CORES and name == "_reconstruct":
            return lambda *_: _Array()
        if module == "numpy" and name == "dtype":
            return lambda kind, *_: _Kind(kind)
        # only ever an argument of what rebuilds an array
        return object() if module == "numpy" and name == "ndarray" else None


class _Kind:
    """Stands for a NumPy dtype."""

    def __init__(self, kind: Any) -> None:
        if kind not in KINDS:
            raise ModelError(f"the checkpoint has numbers of type {short(repr(kind))}; expected {' or '.join(KINDS)}")
        self.kind, self.order = kind, "="

    def __setstate__(self, state: Any) -> None:
        self.order = state[1]


class _Array:
    """Stands for a NumPy array whose state is not yet checked."""

    state: Any = None

    def __setstate__(self, state: Any) -> None:
        self.state = state

    def read(self, name: str) -> NDArray[np.float32]:
        _, shape, kind, columns, data = self.state
        if not isinstance(kind, _Kind) or not isinstance(data, bytes) or kind.order not in ("<", ">", "="):
            raise ModelError(f"layer {name} of the checkpoint has an array without numbers")
        dtype = np.dtype(kind.order + kind.kind)
        if not isinstance(shape, tuple) or min(shape, default=0) < 0 or math.prod(shape) * dtype.itemsize != len(data):
            raise ModelError(f"layer {name} of the checkpoint has {len(data):,} bytes for the shape {short(str(shape))}")
        return np.frombuffer(data, dtype).reshape(shape, order="F" if columns else "C").astype(np.float32)
