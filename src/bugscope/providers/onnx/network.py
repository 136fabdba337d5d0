"""An ONNX file on ONNX Runtime: what it takes, how it is asked, and what tells it from another."""

import hashlib
import importlib
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ...core.errors import ModelError, SpecError, nearest, told, unknown
from ..shared.files import genuine

TYPES = {"tensor(float)": np.float32, "tensor(float16)": np.float16, "tensor(double)": np.float64, "tensor(uint8)": np.uint8}
LAYOUTS = ("nchw", "nhwc")
COLOURS = re.compile(r"(num_|n_)?(c|channels?|colou?rs?|depth)", re.IGNORECASE)
"""What exporters call the side of the colours, where its length is left open."""


class Network:
    """The file `onnx/MODEL`: its `session`, and `what` messages call it. Raises SpecError, ModelError."""

    def __init__(self, model: str, device: str, threads: int) -> None:
        self.what, self.path = f"onnx/{model}", _file(model)
        self.session: Any = _session(self.path, device, threads)

    @property
    def metadata(self) -> Mapping[str, str]:
        found: Mapping[str, str] = self.session.get_modelmeta().custom_metadata_map
        return found

    def run(self, outputs: Sequence[str], given: Mapping[str, NDArray[Any]]) -> list[NDArray[Any]]:
        """Raises MemoryError if there is not enough, ModelError for any other failure."""
        try:
            made: list[NDArray[Any]] = self.session.run(list(outputs), dict(given))
            return made
        except Exception as error:
            if re.search(r"allocate memory|out of memory|bad.?alloc", str(error), re.IGNORECASE):
                raise MemoryError(told(error)) from None
            raise ModelError(f"{self.what} failed: {told(error)}") from error

    def digest(self) -> str:
        """A hash of the file and of the files that hold its weights, if they are outside."""
        return _digest(self.path)


class Entry:
    """The input that takes pictures: its name, type, order of axes, sides and batch.

    `layout`: "nchw" or "nhwc"; "" to tell by its shape. Raises SpecError for another, ModelError if it takes no pictures.
    """

    def __init__(self, network: Network, given: Any, layout: str) -> None:
        what, kind, stated = network.what, given.type, given.shape
        if layout and layout not in LAYOUTS:
            raise unknown("layout", layout, LAYOUTS)
        self.name = str(given.name)
        shape = [side if isinstance(side, int) and side > 0 else None for side in stated]
        if len(shape) != 4:
            wanted = "[n, 3, height, width] or [n, height, width, 3]"
            raise ModelError(f"{what} takes an input of shape {stated}; expected {wanted}")
        if kind not in TYPES:
            raise ModelError(f"{what} takes a {kind}; expected one of {', '.join(TYPES)}")
        self.type: Any = TYPES[kind]
        self.channels_last = layout == "nhwc" if layout else colours(stated) == 3
        self.depth = (shape[3] if self.channels_last else shape[1]) or 3
        if self.depth not in (1, 3):
            raise ModelError(f"{what} takes an input of shape {stated}, where no side is 3 or 1, the colours")
        self.sides = shape[1:3] if self.channels_last else shape[2:]
        self.batch = shape[0]
        # a batch saves little on a CPU, and blocked kernels would let an answer's last bits depend on its batch
        self.at_once = self.batch or (1 if network.session.get_providers()[0] == "CPUExecutionProvider" else 10**9)

    def packed(self, pictures: Sequence[NDArray[np.float32]]) -> NDArray[Any]:
        """Pictures [height, width, channels] in one batch; a fixed batch is filled up with zeros."""
        pixels = np.stack(pictures)
        spare = (self.batch or len(pixels)) - len(pixels)
        pixels = np.concatenate([pixels, np.zeros((spare, *pixels.shape[1:]), np.float32)])
        return np.ascontiguousarray(pixels if self.channels_last else pixels.transpose(0, 3, 1, 2), self.type)


def _file(model: str) -> Path:
    path = Path(model).expanduser()
    if path.is_file():
        return path
    near = nearest(path.name, [p.name for p in path.parent.glob("*.onnx")] if path.parent.is_dir() else [])
    raise SpecError(f"onnx/{model}: there is no such file." + (f" Did you mean 'onnx/{path.parent / near}'?" if near else ""))


def _session(path: Path, device: str, threads: int) -> Any:
    runtime: Any = importlib.import_module("onnxruntime")
    if not re.fullmatch(r"cpu|(cuda(:\d+)?)?", device):
        raise unknown("device of ONNX Runtime", device, ["cpu", "cuda", "cuda:1"])
    cuda = "CUDAExecutionProvider"
    there = cuda in runtime.get_available_providers()
    if device.startswith("cuda") and not there:
        raise SpecError(f"device {device!r}: this ONNX Runtime has no CUDA; pip install onnxruntime-gpu, or choose 'cpu'")
    options = runtime.SessionOptions()
    options.log_severity_level = 4  # what goes wrong is said in the error
    options.intra_op_num_threads = threads
    gpu = [(cuda, {"device_id": int(device.partition(":")[2] or 0)})] if there and device != "cpu" else []
    genuine(path)
    try:
        session = runtime.InferenceSession(str(path), options, providers=[*gpu, "CPUExecutionProvider"])
    except Exception as error:
        newer = "; update onnxruntime" if re.search(r"IR version|opset", str(error)) else ""
        raise ModelError(f"ONNX Runtime cannot load {str(path)!r}: {told(error)}{newer}") from error
    if device.startswith("cuda") and session.get_providers()[0] != cuda:
        raise ModelError(f"device {device!r}: ONNX Runtime could not start CUDA; are its CUDA and cuDNN installed?")
    return session


def probes(size: tuple[int, int]) -> list[Image.Image]:
    """Pictures that tell logits from probabilities: black and noise."""
    noise = np.random.default_rng(0).integers(0, 256, (2, *size, 3), dtype=np.uint8)
    return [Image.new("RGB", size[::-1]), *map(Image.fromarray, noise)]


def colours(shape: Sequence[Any]) -> int | None:
    """The axis of the colours, 1 or 3: by its length, else its name, else because the other has a length; None if unknown."""
    sides = {axis: shape[axis] for axis in (1, 3)}
    by_length = [axis for axis, side in sides.items() if side in (1, 3)]
    by_name = [axis for axis, side in sides.items() if isinstance(side, str) and COLOURS.fullmatch(side)]
    if found := by_length or by_name:
        return found[0]
    unsaid = [axis for axis, side in sides.items() if not isinstance(side, int) or side <= 0]
    return None if len(unsaid) == 2 else unsaid[0] if unsaid else 1


def _digest(path: Path) -> str:
    """A hash of the file and of the files that hold its weights, if they are outside."""
    data = path.read_bytes()
    digest = hashlib.sha256(data)
    places = {data[m.end() : m.end() + m[1][0]] for m in re.finditer(rb"\x0a\x08location\x12([\x01-\x7f])", data)}
    for name in sorted(place.decode("utf-8", "replace") for place in places):
        if (path.parent / name).is_file():
            with (path.parent / name).open("rb") as file:
                digest.update(hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()[:12]
