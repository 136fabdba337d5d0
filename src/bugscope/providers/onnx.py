"""onnx/PATH: a classifier in an ONNX file, run with ONNX Runtime; no PyTorch.

How pictures are prepared and what the classes are called is taken from the first of these that says it: the arguments; the
file's metadata (`metadata_props`) under the arguments' names, as JSON, Python literals or plain text;
`preprocessor_config.json` and `config.json` (`id2label`) beside the file, as Hugging Face exports them; the usual values for
ImageNet. The metadata of
Ultralytics (`names`, `imgsz`, `task`) is understood.
"""

import ast
import hashlib
import importlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ..core.errors import ModelError, SpecError, nearest, told, unknown
from ..core.label_files import read
from ..core.labels import imagenet, named
from ..media.picture import as_rgb

MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
MARGIN = 0.875
"""The part of the shorter side that the centre crop shows, unless stated."""
TYPES = {"tensor(float)": np.float32, "tensor(float16)": np.float16, "tensor(double)": np.float64, "tensor(uint8)": np.uint8}
INTERPOLATIONS = ("nearest", "lanczos", "bilinear", "bicubic", "box", "hamming")  # the index is PIL's number
VALUES = ("mean", "std", "scale")
KEYS = ("size", "resize", *VALUES, "interpolation", "channels", "softmax", "labels", "names", "imgsz", "task")
LABELS = ("labels", "names")


@dataclass(frozen=True, slots=True)
class Preparation:
    """A picture -> [height, width, channels]: resized, cropped to `size` from the centre, then (value * scale - mean) / std.

    `resize`: the shorter side, or height and width; `mean`, `std`: one number per channel; one channel is grey.
    """

    size: tuple[int, int]
    resize: tuple[int, ...]
    interpolation: str = "bilinear"
    scale: float = 1 / 255
    mean: tuple[float, ...] = MEAN
    std: tuple[float, ...] = STD
    bgr: bool = False

    def __call__(self, image: Image.Image) -> NDArray[np.float32]:
        image = as_rgb(image).convert("L" if len(self.mean) == 1 else "RGB")
        wide, high = (self.resize[0] * side // min(image.size) for side in image.size)
        if len(self.resize) == 2:
            high, wide = self.resize
        image = image.resize((wide, high), Image.Resampling[self.interpolation.upper()])
        height, width = self.size
        left, top = round((image.width - width) / 2), round((image.height - height) / 2)
        # black where the picture is smaller than the crop
        pixels = np.asarray(image.crop((left, top, left + width, top + height)), np.float32).reshape(height, width, -1)
        pixels = pixels[..., ::-1] if self.bgr else pixels
        return np.asarray((pixels * self.scale - np.array(self.mean)) / np.array(self.std), np.float32)


class Classifier:
    """A classifier in an ONNX file: `onnx/model.onnx`; its layout, size and names are read from it, or are arguments."""

    requires = ("onnxruntime",)
    extra = "onnx"
    example = "onnx/model.onnx"

    def __init__(
        self, model: str, *, labels: Sequence[str] | str | None = None, size: int | Sequence[int] | str = "",
        resize: int | Sequence[int] | str = "", mean: float | Sequence[float] | str = "",
        std: float | Sequence[float] | str = "", scale: float | str = "", interpolation: str = "", channels: str = "",
        softmax: bool | None = None, output: str = "", device: str = "", threads: int = 0,
    ) -> None:  # fmt: skip
        """ "" and None are filled in as described at the top of the module; lists may be text with commas.

        `labels`: a list, "a,b,c", "imagenet", or a .txt or .json file. 1,000 outputs without names are
        taken to be ImageNet's; of 1,001 outputs for 1,000 names, the first is the background and left out.
        `size`: height and width, or one number for both. `resize`: the shorter side before the centre crop (else size / 0.875),
        height and width, or "squash": to `size`, no crop. `mean`, `std`: of values times `scale`, one number or one per channel
        (else ImageNet's and 1/255; 0 and 1 for grey; values as they are for a uint8 input). `interpolation`: PIL's name (else
        bilinear). `channels`: "rgb" or "bgr". `softmax`: apply it to the output; None: unless the output already holds
        probabilities. `output`: its name, if there are several. `device`: "cpu", "cuda", "cuda:1"; "" for cuda if available.
        `threads`: CPU threads; 0 for all.
        """
        self.what, path = f"onnx/{model}", _file(model)
        self.session: Any = _session(path, device, threads)
        given = {"size": size, "resize": resize, "mean": mean, "std": std, "scale": scale, "interpolation": interpolation}
        given = {key: value for key, value in given.items() if value != ""} | ({"channels": channels} if channels else {})
        said = _beside(path.parent) | _metadata(self.session, self.what)
        self.prepared = self._input(given, said)
        self.output = _output(self.session, output, self.what)
        raw = np.concatenate([self._run([image]) for image in _probes(self.prepared.size)])
        given_softmax = said.get("softmax") if softmax is None else softmax
        self.softmax = not _probabilities(raw) if given_softmax is None else bool(given_softmax)
        found = next((_names(said[key]) for key in LABELS if said.get(key)), ()) if labels is None else read(labels)
        self.labels: Sequence[str] = self._labels(found, raw.shape[1], "" if labels else ", by its metadata or config.json")
        self.dropped = raw.shape[1] - len(self.labels)
        options = json.dumps([asdict(self.prepared), self.softmax, self.output, self.labels])
        self.id = f"{self.what}?model={_digest(path)}&options={hashlib.sha256(options.encode()).hexdigest()[:8]}"

    def __call__(self, images: Sequence[Image.Image]) -> NDArray[np.float32]:
        """Scores [n, labels], probabilities unless `softmax` is off and the network gives logits. Raises MemoryError."""
        parts = [self._run(images[i : i + self.at_once]) for i in range(0, len(images), self.at_once)]
        rows = np.concatenate(parts) if parts else np.zeros((0, len(self.labels) + self.dropped), np.float32)
        if self.softmax and len(rows):
            rows = np.exp(rows - rows.max(axis=1, keepdims=True))
            rows /= rows.sum(axis=1, keepdims=True)
        return rows[:, self.dropped :]

    def _input(self, given: Mapping[str, Any], said: Mapping[str, Any]) -> Preparation:
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
        self.channels_last = shape[1] not in (1, 3) and shape[3] in (1, 3)
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
        return _preparation(self.what, {**said, **given}, shape[1:3] if self.channels_last else shape[2:], depth)

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
        if len(shape) < 2 or shape[0] != len(pixels) or made.size != len(pixels) * max(shape[1:]):
            raise ModelError(f"{self.what} gives an output of shape {shape}; expected ({len(pixels)}, classes)")
        return made.reshape(len(pixels), -1)[: len(images)].astype(np.float32)

    def _labels(self, names: Sequence[str], outputs: int, source: str) -> tuple[str, ...]:
        if not names and outputs not in (1000, 1001):
            raise SpecError(f"{self.what} has {outputs} outputs and no names for them; pass labels=a,b,c or labels=FILE.txt")
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
    options.log_severity_level = 3
    options.intra_op_num_threads = threads
    gpu = [(cuda, {"device_id": int(device.partition(":")[2] or 0)})] if there and device != "cpu" else []
    try:
        session = runtime.InferenceSession(str(path), options, providers=[*gpu, "CPUExecutionProvider"])
    except Exception as error:
        raise ModelError(f"ONNX Runtime cannot load {str(path)!r}: {told(error)}") from error
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
    return bool((rows >= 0).all() and np.allclose(rows.sum(axis=1), 1, atol=0.01))


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


# --- preparation and names as they are stated ---------------------------------------------------------------------------


def _preparation(what: str, said: Mapping[str, Any], fixed: Sequence[int | None], depth: int) -> Preparation:
    """`fixed`: height and width as the input states them; None if it leaves them open."""
    sides = [round(n) for n in _numbers(what, "size", said["size"], (1, 2))] if "size" in said else []
    size = [sides[0], sides[-1]] if sides else [side for side in fixed if side is not None]
    if len(size) < 2:
        raise SpecError(f"{what} takes pictures of any size; state the one it was trained at, as in size=224")
    if any(side not in (None, asked) for side, asked in zip(fixed, size, strict=True)):
        raise SpecError(f"{what} takes pictures of {fixed[0]} x {fixed[1]}, but size says {size[0]} x {size[1]}")
    resize = said.get("resize", "squash" if size[0] != size[1] else round(size[0] / said.get("margin", MARGIN)))
    resize = size if resize == "squash" else [round(n) for n in _numbers(what, "resize", resize, (1, 2))]
    usual = {"mean": MEAN, "std": STD} if depth == 3 else {"mean": 0, "std": 1}
    mean, std = (_numbers(what, key, said.get(key, usual[key]), (1, depth)) for key in ("mean", "std"))
    (scale,) = _numbers(what, "scale", said.get("scale", 1 / 255), (1,))
    for key, numbers in (("size", size), ("resize", resize), ("std", std), ("scale", [scale])):
        if min(numbers) <= 0:
            raise SpecError(f"{what}: {key} is {said.get(key)!r}; it should be above 0")
    interpolation, channels = (str(said.get(k, usual)) for k, usual in (("interpolation", "bilinear"), ("channels", "rgb")))
    if interpolation not in INTERPOLATIONS:
        raise unknown("interpolation", interpolation, INTERPOLATIONS)
    if channels not in ("rgb", "bgr"):
        raise unknown("order of channels", channels, ("rgb", "bgr"))
    mean, std = (numbers * (depth if len(numbers) == 1 else 1) for numbers in (mean, std))
    return Preparation(
        (size[0], size[1]), tuple(resize), interpolation, scale, tuple(mean), tuple(std), bgr=channels == "bgr"
    )  # fmt: skip


def _numbers(what: str, key: str, value: Any, lengths: Sequence[int]) -> list[float]:
    """A number, several, or text with commas between them."""
    parts = value.split(",") if isinstance(value, str) else value if isinstance(value, list | tuple) else [value]
    try:
        numbers = [float(part) for part in parts]
    except (TypeError, ValueError):
        numbers = []
    if len(numbers) not in lengths or not np.isfinite(numbers).all():
        count = " or ".join(str(n) for n in sorted(set(lengths)))
        raise SpecError(f"{what}: {key} is {value!r}; expected {count} {'number' if count == '1' else 'numbers'}")
    return numbers


def _names(value: Any) -> tuple[str, ...]:
    """Names that a file states: never a path, which only the user may give."""
    if isinstance(value, str):
        value = value.split("\n" if "\n" in value else ",")
    return read(value)


def _metadata(session: Any, what: str) -> dict[str, Any]:
    found = {key: _value(text) for key, text in session.get_modelmeta().custom_metadata_map.items() if key in KEYS}
    if (task := found.get("task", "classify")) != "classify":
        raise ModelError(f"{what} is a network for the task {task!r}; expected 'classify'")
    if "task" in found:  # Ultralytics: values from 0 to 1, and a crop as large as the shorter side
        found = {"mean": 0, "std": 1, "margin": 1.0, **found}
    return {"size": found["imgsz"], **found} if "imgsz" in found else found


def _value(text: str) -> Any:
    for parse in (json.loads, ast.literal_eval):
        try:
            return parse(text)
        except (ValueError, SyntaxError, RecursionError, MemoryError):
            continue
    return text


def _beside(folder: Path) -> dict[str, Any]:
    """The configuration files of a Hugging Face export, in our words."""
    found: dict[str, Any] = {}
    if names := _json(folder / "config.json").get("id2label"):
        found["labels"] = names
    if not (config := _json(folder / "preprocessor_config.json")):
        return found
    sides, crop = _sides(config.get("size")), _sides(config.get("crop_size"))
    if not config.get("do_center_crop", True):
        crop = []
    if config.get("do_resize", True) and sides:
        part = config.get("crop_pct")  # ConvNeXT, ResNet, PoolFormer
        if str(config.get("image_processor_type") or config.get("feature_extractor_type")).startswith("Levit"):
            part = 224 / 256
        if part and len(sides) == 1 and sides[0] < 384:
            found |= {"size": crop or sides, "resize": int(sides[0] / part)}
        else:
            square = len(sides) == 2 or part or isinstance(config["size"], int)
            found |= {"size": crop, "resize": sides} if crop else {"size": sides, "resize": "squash" if square else sides}
    if isinstance(method := config.get("resample"), int) and 0 <= method < len(INTERPOLATIONS):
        found["interpolation"] = INTERPOLATIONS[method]
    scale = (config.get("rescale_factor") or 1 / 255) if config.get("do_rescale", True) else 1.0
    normal = config.get("do_normalize")
    mean = np.atleast_1d(config.get("image_mean", MEAN)).tolist() if normal else [0.0]
    std = np.atleast_1d(config.get("image_std", STD)).tolist() if normal else [1.0]
    if config.get("rescale_offset"):  # EfficientNet's: from -1 to 1
        mean = [m + 1 for m in mean]
    if config.get("include_top"):  # EfficientNet's: divided twice
        std = [s * s for s in std]
    found |= {"channels": "bgr"} if config.get("do_flip_channel_order") else {}
    return found | {"scale": scale, "mean": mean, "std": std}


def _sides(size: Any) -> list[int]:
    """224, {"shortest_edge": 224} -> [224]; {"height": 224, "width": 240} -> [224, 240]."""
    if isinstance(size, Mapping):
        return [size[key] for key in ("shortest_edge", "height", "width") if size.get(key)]
    return [size] if isinstance(size, int) else list(size or [])


def _json(path: Path) -> dict[str, Any]:
    if not path.is_file():
        return {}
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise ModelError(f"cannot read {str(path)!r}: {told(error)}") from error
    return found if isinstance(found, dict) else {}
