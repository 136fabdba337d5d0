"""onnx/PATH: a classifier in an ONNX file, run with ONNX Runtime; no PyTorch.

How pictures are prepared and what the classes are called is taken from the first of these that says it: the arguments; the
file's metadata (`metadata_props`) under the arguments' names, as JSON, Python literals or plain text; `config.json` and
`preprocessor_config.json` beside the file or above a folder such as `onnx/`, as Hugging Face and timm write them; a file of
names beside the model, such as `labels.txt`; the usual values for ImageNet. ONNX's own metadata for images
(`Image.BitmapPixelFormat`, `Image.NominalPixelRange`) and those of Ultralytics (`names`, `imgsz`, `task`) are understood.
"""

import hashlib
import importlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ...core.errors import ModelError, SpecError, nearest, short, told, unknown
from ...core.label_files import read
from ...core.labels import imagenet, named
from ..shared.files import genuine
from . import stated
from .preparation import Preparation, preparation
from .stated import VALUES

__all__ = ["Classifier", "Preparation"]

TYPES = {"tensor(float)": np.float32, "tensor(float16)": np.float16, "tensor(double)": np.float64, "tensor(uint8)": np.uint8}
LAYOUTS = ("nchw", "nhwc")
COLOURS = re.compile(r"(num_|n_)?(c|channels?|colou?rs?|depth)", re.IGNORECASE)
"""What exporters call the side of the colours, where its length is left open."""


class Classifier:
    """A classifier in an ONNX file: `onnx/model.onnx`; its layout, size and names are read from it, or are arguments."""

    requires = ("onnxruntime",)
    extra = "onnx"
    example = "onnx/model.onnx"

    def __init__(
        self, model: str, *, labels: Sequence[str] | Mapping[Any, Any] | str | None = None,
        size: int | Sequence[int] | str = "", resize: int | Sequence[int] | str = "", mean: float | Sequence[float] | str = "",
        std: float | Sequence[float] | str = "", scale: float | str = "", interpolation: str = "", channels: str = "",
        layout: str = "", softmax: bool | None = None, output: str = "", device: str = "", threads: int = 0,
    ) -> None:  # fmt: skip
        """ "" and None are filled in as described at the top of the module; lists may be text with commas.

        `labels`: what `core.label_files.read` reads. 1,000 outputs without names are taken to be ImageNet's; of 1,001 outputs
        for 1,000 names, the first is the background and left out; one output is the probability of the second of two labels.
        `size`: height and width, or one number for both. `resize`: the shorter side before the centre crop (else size / 0.875),
        height and width, or "squash": to `size`, no crop. `mean`, `std`: of values times `scale`, one number or one per channel
        (else ImageNet's and 1/255; 0 and 1 for grey; values as they are for a uint8 input). `interpolation`: PIL's name (else
        bilinear). `channels`: "rgb" or "bgr". `layout`: "nchw" or "nhwc", if the file leaves it open and the wrong one works
        too. `softmax`: apply it to the output (to one output the logistic function); None: unless the output already holds
        probabilities, of all labels together or of each. `output`: its name, if there are several. `device`: "cpu", "cuda",
        "cuda:1"; "" for cuda if available. `threads`: CPU threads; 0 for all.
        """
        self.what, path = f"onnx/{model}", _file(model)
        self.session: Any = _session(path, device, threads)
        if layout and layout not in LAYOUTS:
            raise unknown("layout", layout, LAYOUTS)
        given = {"size": size, "resize": resize, "mean": mean, "std": std, "scale": scale, "interpolation": interpolation}
        given = {key: value for key, value in given.items() if value != ""} | ({"channels": channels} if channels else {})
        said = stated.beside(path) | stated.metadata(self.session.get_modelmeta().custom_metadata_map, self.what)
        self.output = _output(self.session, output, self.what)
        raw = self._tried(given, said, layout or str(said.get("layout", "")).lower())
        given_softmax = said.get("softmax") if softmax is None else softmax
        self.softmax = not _probabilities(raw) if given_softmax is None else bool(given_softmax)
        found, source = (read(labels, least=1), "") if labels is not None else stated.names(path, said)
        self.labels: Sequence[str] = self._labels(found, raw.shape[1], source)
        self.alone = raw.shape[1] == 1
        self.dropped = 0 if self.alone else raw.shape[1] - len(self.labels)
        options = json.dumps([asdict(self.prepared), self.softmax, self.output, self.labels, *self.guessed])
        self.id = f"{self.what}?model={_digest(path)}&options={hashlib.sha256(options.encode()).hexdigest()[:8]}"

    def __call__(self, images: Sequence[Image.Image]) -> NDArray[np.float32]:
        """Scores [n, labels], probabilities unless `softmax` is off and the network gives logits. Raises MemoryError."""
        parts = [self._run(images[i : i + self.at_once]) for i in range(0, len(images), self.at_once)]
        rows = np.concatenate(parts) if parts else np.zeros((0, len(self.labels) + self.dropped), np.float32)
        # what a network makes of infinite numbers is no score, and is refused as such by whoever asked
        with np.errstate(invalid="ignore", over="ignore"):
            if self.alone and len(rows):
                return self._both(rows)
            if self.softmax and len(rows):
                rows = np.exp(rows - rows.max(axis=1, keepdims=True))
                rows /= rows.sum(axis=1, keepdims=True)
        return rows[:, self.dropped :]

    def _both(self, rows: NDArray[np.float32]) -> NDArray[np.float32]:
        """Of the one output, the probability of the second label: those of both."""
        second = 1 / (1 + np.exp(-rows)) if self.softmax else rows
        if (second < 0).any() or (second > 1).any():
            worst = float(second[np.argmax(np.abs(second - 0.5))][0])
            raise ModelError(f"{self.what} gives {worst:.3g} for a probability; if its output is a logit, pass softmax=true")
        return np.concatenate([1 - second, second], axis=1)

    def _tried(self, given: Mapping[str, Any], said: Mapping[str, Any], layout: str) -> NDArray[np.float32]:
        """The scores of a few pictures, once it is known how they become the input; what the layout is, if the file leaves it
        open, is found by trying."""
        shape = self.session.get_inputs()[0].shape
        open_to_both = not layout and len(shape) == 4 and _colours(shape) is None
        self.guessed: tuple[str, ...] = ()
        first: ModelError | None = None
        for one in LAYOUTS if open_to_both else (layout,):
            self.prepared = self._input(given, said, one)
            try:
                raw = np.concatenate([self._run([image]) for image in _probes(self.prepared.size)])
            except ModelError as error:
                first = first or error
                continue
            self.guessed = (one,) if one == "nhwc" else ()
            return raw
        assert first is not None
        raise first

    def _input(self, given: Mapping[str, Any], said: Mapping[str, Any], layout: str) -> Preparation:
        """How a picture becomes the one input, noting its name, type, layout and batch."""
        inputs = self.session.get_inputs()
        if len(inputs) != 1:
            names = ", ".join(repr(i.name) for i in inputs)
            raise ModelError(f"{self.what} has {len(inputs)} inputs ({names}); a classifier of pictures has one")
        self.input, kind = inputs[0].name, inputs[0].type
        shape = [side if isinstance(side, int) and side > 0 else None for side in inputs[0].shape]
        if len(shape) != 4:
            wanted = "[n, 3, height, width] or [n, height, width, 3]"
            raise ModelError(f"{self.what} takes an input of shape {inputs[0].shape}; expected {wanted}")
        if kind not in TYPES:
            raise ModelError(f"{self.what} takes a {kind}; expected one of {', '.join(TYPES)}")
        self.type: Any = TYPES[kind]
        self.channels_last = layout == "nhwc" if layout else _colours(inputs[0].shape) == 3
        depth = (shape[3] if self.channels_last else shape[1]) or 3
        if depth not in (1, 3):
            raise ModelError(f"{self.what} takes an input of shape {inputs[0].shape}, where no side is 3 or 1, the colours")
        self.batch = shape[0]
        # a batch saves little on a CPU, and blocked kernels would let an answer's last bits depend on its batch
        self.at_once = self.batch or (1 if self.session.get_providers()[0] == "CPUExecutionProvider" else 10**9)
        if "size" in given and said.get("resize") != "squash":  # the stated resizing belongs to another size
            said = {key: value for key, value in said.items() if key != "resize"}
        if kind == "tensor(uint8)":
            if stated := [key for key in VALUES if key in given]:
                raise SpecError(f"{self.what} takes values from 0 to 255 as they are (uint8), so no {stated[0]!r}")
            said = {**said, "mean": 0, "std": 1, "scale": 1}
        return preparation(self.what, {**said, **given}, shape[1:3] if self.channels_last else shape[2:], depth)

    def _run(self, images: Sequence[Image.Image]) -> NDArray[np.float32]:
        """What the network says of one batch [n, outputs]; a fixed batch is filled up with zeros."""
        pixels = np.stack([self.prepared(image) for image in images])
        spare = (self.batch or len(images)) - len(images)
        pixels = np.concatenate([pixels, np.zeros((spare, *pixels.shape[1:]), np.float32)])
        pixels = pixels if self.channels_last else pixels.transpose(0, 3, 1, 2)
        try:
            made = self.session.run([self.output], {self.input: np.ascontiguousarray(pixels, self.type)})[0]
        except Exception as error:
            if re.search(r"allocate memory|out of memory|bad.?alloc", str(error), re.IGNORECASE):
                raise MemoryError(told(error)) from None
            raise ModelError(f"{self.what} failed: {told(error)}") from error
        shape = made.shape
        if shape == (len(pixels),):  # the one output of each picture, without an axis of its own
            shape, made = (len(pixels), 1), made.reshape(-1, 1)
        if len(shape) < 2 or shape[0] != len(pixels) or made.size != len(pixels) * max(shape[1:]):
            raise ModelError(f"{self.what} gives an output of shape {shape}; expected ({len(pixels)}, classes)")
        return made.reshape(len(pixels), -1)[: len(images)].astype(np.float32)

    def _labels(self, names: Sequence[str], outputs: int, source: str) -> tuple[str, ...]:
        if not names and outputs not in (1000, 1001):
            wanted = "labels=NOT,IT, two names for its one output" if outputs == 1 else "labels=a,b,c or labels=FILE.txt"
            raise SpecError(f"{self.what} has {outputs} outputs and no names for them; pass {wanted}")
        if outputs == 1:
            if len(names) != 2:
                pair = f"'not {short(names[0])},{short(names[0])}'" if len(names) == 1 else "NOT,IT"
                raise SpecError(
                    f"{self.what} has one output, the probability of the second of two labels, but the number of labels is "
                    f"{len(names)}{source}; pass labels={pair}"
                )
            return named(names)
        if names and len(names) != outputs and (len(names), outputs) != (1000, 1001):
            raise SpecError(f"{self.what} has {outputs} outputs, but there are {len(names)} labels{source}")
        return named(names) if names else imagenet()


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


def _output(session: Any, wanted: str, what: str) -> str:
    """The named output, the only one, or the only one that can hold scores [n, classes]."""
    outputs = {o.name: o for o in session.get_outputs()}
    if wanted and wanted not in outputs:
        raise unknown(f"output of {what}", wanted, outputs)
    tensors = [name for name, o in outputs.items() if o.type in TYPES]
    scores = [name for name in tensors if len(outputs[name].shape) == 2]
    found = [wanted] if wanted else tensors if len(tensors) == 1 else scores
    if len(found) != 1 or found[0] not in tensors:
        kinds = ", ".join(f"{name} ({o.type} {o.shape})" for name, o in outputs.items())
        raise SpecError(f"{what}: which output has the scores? Pass output=NAME, of: {kinds}")
    return str(found[0])


def _probes(size: tuple[int, int]) -> list[Image.Image]:
    """Pictures that tell logits from probabilities: black and noise."""
    noise = np.random.default_rng(0).integers(0, 256, (2, *size, 3), dtype=np.uint8)
    return [Image.new("RGB", size[::-1]), *map(Image.fromarray, noise)]


def _probabilities(rows: NDArray[np.float32]) -> bool:
    """Of all labels together, or, as a sigmoid gives them, of each by itself."""
    return bool(rows.min() >= 0 and rows.max() <= 1 and rows.max() > 0)


def _colours(shape: Sequence[Any]) -> int | None:
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
