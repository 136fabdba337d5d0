"""Pickles and checkpoints: none of them runs anything."""

import collections
import importlib.util
import io
import pickle
import struct
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random
from typing import Any

import numpy as np

from bugscope.providers.efficientnet_lite import checkpoint
from bugscope.providers.squeezenet import weights as arrays
from bugscope.providers.yolo import weights as darknet

from ..material import altered, dumped, text, value
from ..outcomes import tried

CALLS = (
    ("os", "system"), ("posix", "system"), ("builtins", "exec"), ("builtins", "eval"), ("subprocess", "Popen"), ("builtins",
    "open"), ("builtins", "getattr"),
    ("importlib", "import_module"), ("pickle", "loads"), ("numpy", "load"), ("numpy.core.multiarray", "_reconstruct"),
    ("numpy", "dtype"), ("numpy", "ndarray"),
    ("torch", "load"),
    ("collections", "OrderedDict"), ("collections", "OrderedDict.fromkeys"), ("torch._utils", "_rebuild_tensor_v2"),
    ("torch", "FloatStorage"),
    ("torch", "FloatStorage.__class__"), ("bugscope.providers.efficientnet_lite.checkpoint", "open"), ("shutil", "rmtree"),
)  # fmt: skip
ARGUMENTS = ("touch owned", "open('owned', 'w')", "../outside/secret.txt", "x")


class Tensor:
    """Stands for torch's, in its old format."""

    def __init__(self, array: Any, key: str) -> None:
        self.array, self.key = array, key


def legacy(rng: Random) -> bytes:
    """A checkpoint of before PyTorch 1.6, of a few tensors, some of whose numbers lie."""

    class Pickler(pickle._Pickler):  # type: ignore[name-defined,misc]
        def persistent_id(self, thing: Any) -> Any:
            return thing if isinstance(thing, tuple) and thing[:1] == ("storage",) else None

        def save_global(self, thing: Any, name: Any = None) -> None:
            module, name = thing if isinstance(thing, tuple) else (thing.__module__, thing.__qualname__)
            self.write(pickle.GLOBAL + f"{module}\n{name}\n".encode())

    file, state, storages = io.BytesIO(), collections.OrderedDict(), {}
    for i in range(rng.randrange(1, 4)):
        array = np.arange(rng.choice((1, 6)), dtype="<f4")
        storages[str(i)] = array
        numbers = [0, (len(array),), (1,)]
        if rng.random() < 0.3:
            numbers[rng.randrange(3)] = rng.choice(
                (-1, 2**62, (2**40,), (0,), (-1,), (2, 3), (2**31, 2**31), "x", None, (0, 0), 10**30)
            )
        state[rng.choice((f"layer.{i}", text(rng)))] = (i, numbers)
    for part in (checkpoint.MAGIC, checkpoint.PROTOCOL, {"little_endian": True}):
        file.write(pickle.dumps(part, protocol=2))
    file.write(_tensors(state, storages))
    file.write(pickle.dumps(list(storages), protocol=2))
    for array in storages.values():
        file.write(struct.pack("<q", rng.choice((len(array), len(array), len(array), -1, 2**60))) + array.tobytes())
    return file.getvalue()


def _tensors(state: Any, storages: Any) -> bytes:
    """The pickle of an OrderedDict of tensors, by hand: the classes that it names are PyTorch's."""
    p = pickle
    out = io.BytesIO()
    out.write(p.PROTO + b"\2" + b"ccollections\nOrderedDict\n" + p.EMPTY_TUPLE + p.REDUCE)
    for name, (i, (offset, shape, strides)) in state.items():
        storage = (
            p.MARK
            + _bare("storage")
            + b"ctorch\nFloatStorage\n"
            + _bare(str(i))
            + _bare("cpu")
            + _bare(len(storages[str(i)]))
            + p.NONE
            + p.TUPLE
            + p.BINPERSID
        )
        arguments = p.MARK + storage + _bare(offset) + _bare(shape) + _bare(strides) + p.NEWFALSE + _bare({}) + p.TUPLE
        out.write(_bare(name) + b"ctorch._utils\n_rebuild_tensor_v2\n" + arguments + p.REDUCE + p.SETITEM)
    return out.getvalue() + p.STOP


def _bare(thing: Any) -> bytes:
    return pickle.dumps(thing, protocol=2)[2:-1]  # without PROTO and STOP; nothing so small is memoised twice


def hostile(rng: Random) -> bytes:
    """A pickle that calls something, in any of the ways in which a pickle can."""
    module, name = rng.choice(CALLS)
    said = _bare(rng.choice((*ARGUMENTS, [], {}, 9)))
    match rng.randrange(5):
        case 0:
            call = f"c{module}\n{name}\n".encode() + said + pickle.TUPLE1 + pickle.REDUCE
        case 1:
            call = pickle.MARK + said + f"i{module}\n{name}\n".encode()
        case 2:
            call = pickle.MARK + f"c{module}\n{name}\n".encode() + said + pickle.OBJ
        case 3:
            call = (
                pickle.PROTO + b"\4" + _bare(module) + _bare(name) + pickle.STACK_GLOBAL + said + pickle.TUPLE1 + pickle.REDUCE
            )
        case _:
            call = (
                f"c{module}\n{name}\n".encode() + pickle.EMPTY_TUPLE + pickle.NEWOBJ + _bare({"__setstate__": 1}) + pickle.BUILD
            )
    return call + pickle.STOP


def plain(rng: Random) -> bytes:
    """A pickle of NumPy arrays by layer, some of whose shapes and types lie."""
    array = np.arange(rng.choice((0, 1, 6)), dtype=rng.choice(("<f4", ">f4", "<f8", "<i8", "O")))
    layers: Any = {
        rng.choice(("conv1", text(rng))): rng.choice(([array, array], [array], (array,), array, [[array]], value(rng)))
    }
    data = pickle.dumps(rng.choice((layers, [layers])), protocol=rng.choice((3, 4)))
    return altered(data, rng) if rng.random() < 0.5 else data


def numbers(rng: Random) -> bytes:
    """A file of Darknet, of any length."""
    return struct.pack("<5i", *(rng.choice((0, 1, 2, -1, 2**31 - 1)) for _ in range(5))) + bytes(rng.randrange(0, 80))


def made(rng: Random) -> bytes:
    match rng.randrange(8):
        case 6:
            return plain(rng)
        case 7:
            return numbers(rng)
        case 0:
            return legacy(rng)
        case 1:
            parts = [pickle.dumps(p, protocol=2) for p in (checkpoint.MAGIC, checkpoint.PROTOCOL, {}, {}, [])]
            parts[rng.randrange(5)] = hostile(rng)
            return b"".join(parts)
        case 2:
            return hostile(rng)
        case 3:
            file = io.BytesIO()
            with zipfile.ZipFile(file, "w") as archive:
                archive.writestr(rng.choice(("archive/data.pkl", "../../outside/x", "data.pkl")), hostile(rng))
            return file.getvalue()
        case 4:
            header = dumped(rng.choice((value(rng), {"w": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}})), rng)
            return struct.pack("<Q", rng.choice((len(header), 2**63, 0))) + header + b"\0" * 4
        case _:
            return altered(rng.choice((legacy, hostile))(rng), rng)


@contextmanager
def ready(folder: Path) -> Iterator[Any]:
    both = importlib.util.find_spec("torch") is not None

    def example(rng: Random, folder: Path) -> str:
        file = folder / rng.choice(("w.pth", "w.bin", "w.pt", "w.safetensors"))
        file.write_bytes(made(rng))
        if both and rng.random() < 0.5:
            from bugscope.providers.shared import networks  # noqa: PLC0415 (needs PyTorch)

            return tried(lambda: networks.read_weights(str(file)))

        def use() -> None:
            for array in checkpoint.read(file).values():
                assert array.nbytes < 10**6

        def use_arrays() -> None:
            for layer in arrays.read(file.read_bytes()).values():
                assert sum(array.nbytes for array in layer) < 10**6

        def use_darknet() -> None:
            assert darknet.read(file.read_bytes(), {"only": darknet.Shape((2, 1, 1, 1))})

        return tried(rng.choice((use, use_arrays, use_darknet)))

    yield example
