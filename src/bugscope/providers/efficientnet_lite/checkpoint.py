"""Tensors from PyTorch's old checkpoint format (before 1.6: several pickles, then raw storages), without PyTorch.

A pickle can run any code, so the unpickler admits tensors, their storages and ordered dictionaries; whatever else the file
asks for is an error. Sizes are checked against the file before memory is taken.
"""

import collections
import io
import math
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from ...core.errors import ModelError, short, told
from ..shared import pickles

MAGIC = 0x1950A86A20F9469CFC6C
PROTOCOL = 1001
STORAGES = {
    "FloatStorage": np.dtype("<f4"), "DoubleStorage": np.dtype("<f8"), "HalfStorage": np.dtype("<f2"),
    "LongStorage": np.dtype("<i8"), "IntStorage": np.dtype("<i4"), "ShortStorage": np.dtype("<i2"),
    "CharStorage": np.dtype("i1"), "ByteStorage": np.dtype("u1"), "BoolStorage": np.dtype("?"),
}  # fmt: skip


@dataclass(frozen=True)
class _Storage:
    key: str
    dtype: np.dtype[Any]
    size: int


@dataclass(frozen=True)
class _Tensor:
    storage: _Storage
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]


def read(path: Path) -> dict[str, NDArray[Any]]:
    """Name -> array. Raises ModelError naming whatever in the file is not a tensor."""
    try:
        with path.open("rb") as file:
            return load(file, str(path))
    except OSError as error:
        raise ModelError(f"cannot read the checkpoint {path}: {error.strerror}") from error


def load(file: BinaryIO, name: str) -> dict[str, NDArray[Any]]:
    """As `read`, from an open file."""
    try:
        return _load(file, name)
    except pickles.BROKEN as error:
        raise ModelError(f"{name} is not a PyTorch checkpoint of tensors: {told(error)}") from error


def _load(file: BinaryIO, name: str) -> dict[str, NDArray[Any]]:
    if _Unpickler(file).load() != MAGIC:
        raise ModelError(f"{name} does not begin as a PyTorch checkpoint")
    protocol = _Unpickler(file).load()
    if protocol != PROTOCOL:
        raise ModelError(f"{name} has checkpoint protocol {short(repr(protocol))}, expected {PROTOCOL}")
    machine = _Unpickler(file).load()
    if not isinstance(machine, Mapping) or machine.get("little_endian", True) is not True:
        raise ModelError(f"{name} was not written in little-endian byte order")
    state = _Unpickler(file).load()
    keys = _Unpickler(file).load()
    if not isinstance(state, Mapping) or not all(isinstance(t, _Tensor) for t in state.values()):
        odd = (
            next((k for k, t in state.items() if not isinstance(t, _Tensor)), "")
            if isinstance(state, Mapping)
            else type(state).__name__
        )
        raise ModelError(f"{name} holds {short(repr(odd))}, which is not a tensor")
    storages = _storages(file, keys, {t.storage.key: t.storage for t in state.values()}, name)
    return {str(k): _view(t, storages[t.storage.key], f"{name}: {short(str(k))}") for k, t in state.items()}


class _Unpickler(pickles.Unpickler):
    only = "tensors"

    def admitted(self, module: str, name: str) -> Any:
        if (module, name) == ("collections", "OrderedDict"):
            return collections.OrderedDict
        if (module, name) == ("torch._utils", "_rebuild_tensor_v2"):
            return lambda *arguments: rebuild(*arguments)
        return STORAGES.get(name) if module == "torch" else None

    def persistent_load(self, pid: Any) -> Any:
        kind, dtype, key, _location, size, view = pid
        if kind != "storage" or not isinstance(dtype, np.dtype) or view is not None or not isinstance(size, int) or size < 0:
            raise ModelError(f"the checkpoint refers to {short(repr(kind))}, which is not a tensor storage")
        return _Storage(str(key), dtype, size)


def rebuild(storage: Any, offset: int, shape: Sequence[int], strides: Sequence[int], *_: Any) -> _Tensor:
    if not isinstance(storage, _Storage):
        raise ModelError("the checkpoint builds a tensor from something that is not a storage")
    return _Tensor(storage, int(offset), tuple(map(int, shape)), tuple(map(int, strides)))


def _storages(file: BinaryIO, keys: Any, known: Mapping[str, _Storage], name: str) -> dict[str, NDArray[Any]]:
    start = file.tell()
    left = file.seek(0, io.SEEK_END) - start
    file.seek(start)
    found: dict[str, NDArray[Any]] = {}
    for key in keys:
        storage = known.get(str(key))
        if storage is None:
            raise ModelError(f"{name} holds storage {short(repr(key))} that no tensor uses")
        size = struct.unpack("<q", file.read(8))[0]
        length = size * storage.dtype.itemsize
        left -= 8 + length
        if size != storage.size or left < 0:
            raise ModelError(f"{name} is cut short or its storage {short(repr(key))} has a wrong size")
        found[storage.key] = np.frombuffer(file.read(length), dtype=storage.dtype)
    missing = known.keys() - found.keys()
    if missing:
        raise ModelError(f"{name} lacks storage {short(repr(sorted(missing)[0]))}")
    return found


def _view(tensor: _Tensor, storage: NDArray[Any], where: str) -> NDArray[Any]:
    if len(tensor.shape) != len(tensor.strides) or min((*tensor.shape, *tensor.strides, tensor.offset), default=0) < 0:
        raise ModelError(f"{where} has shape {short(str(tensor.shape))} with strides {short(str(tensor.strides))}")
    last = tensor.offset + sum((n - 1) * s for n, s in zip(tensor.shape, tensor.strides, strict=True))
    numbers = math.prod(tensor.shape)
    # strides of 0 would let a few numbers grow without bound
    if numbers and max(last + 1, numbers) > len(storage):
        raise ModelError(f"{where} reaches beyond its storage of {len(storage)} numbers")
    itemsize = storage.dtype.itemsize
    view = np.lib.stride_tricks.as_strided(
        storage[tensor.offset :], tensor.shape, [s * itemsize for s in tensor.strides], writeable=False
    )
    return np.ascontiguousarray(view).reshape(tensor.shape)  # without reshape, a scalar would become a row of one
