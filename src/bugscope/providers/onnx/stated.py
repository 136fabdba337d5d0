"""What an ONNX file and the files beside it say of how pictures are prepared and what the classes are called."""

import ast
import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ...core import label_files
from ...core.errors import ModelError, short, told, unknown
from .preparation import INTERPOLATIONS, MEAN, STD

VALUES = ("mean", "std", "scale")
KEYS = ("size", "resize", *VALUES, "interpolation", "channels", "layout", "softmax", "sigmoid", "family", "fit", "labels",
        "names", "imgsz", "task")  # fmt: skip
RANGES: Mapping[str, Mapping[str, Any]] = {
    "NominalRange_0_255": {"scale": 1, "mean": 0, "std": 1},
    "Normalized_0_1": {"scale": 1 / 255, "mean": 0, "std": 1},
    "Normalized_1_1": {"scale": 1 / 255, "mean": 0.5, "std": 0.5},
    "NominalRange_16_235": {"scale": 219 / 255, "mean": -16, "std": 1},
}
"""`Image.NominalPixelRange` of ONNX's metadata for images."""
FORMATS: Mapping[str, str] = {"Rgb8": "rgb", "Bgr8": "bgr", "Gray8": "rgb"}
"""`Image.BitmapPixelFormat` of the same; grey follows from the one channel."""
VARIANT = re.compile(r"onnx.*|openvino|fp\d+|float\d+|u?int\d+|q\d.*|quantized|optimized|cpu|cuda|gpu", re.IGNORECASE)
"""Folders of a repository that hold one form of its model; its configuration is in a folder above them."""
LABELS = ("labels.txt", "labels.json", "classes.txt", "classes.json", "class_names.txt", "class_names.json", "id2label.json",
          "label_map.json", "labels.csv", "classes.names")  # fmt: skip
"""Files of label names that exporters put beside a model; those named after it come first."""


def names(path: Path, said: Mapping[str, Any]) -> tuple[tuple[str, ...], str]:
    """Label names as the file or its neighbours state them, and where they are from; () if none do."""
    for key in ("labels", "names"):
        if said.get(key):
            return _read(said[key]), ", by its metadata or config.json"
    own = [f"{path.stem}{end}" for end in (".txt", ".names", "_labels.txt", ".labels.txt", ".labels.json", "_labels.json")]
    for name in (*own, *LABELS):
        if (beside := path.parent / name).is_file():
            return label_files.read(str(beside), least=1), f", by {name} beside it"
    return (), ""


def _read(value: Any) -> tuple[str, ...]:
    """Never a path, which only the user may give."""
    if isinstance(value, str):
        value = value.split("\n" if "\n" in value else ",")
    return label_files.read(value, least=1)


def metadata(stated: Mapping[str, str], what: str, tasks: Sequence[str] = ("classify",)) -> dict[str, Any]:
    """What the file says of itself. Raises ModelError if it says that it was made for another task."""
    found: dict[str, Any] = {key: _value(text) for key, text in stated.items() if key in KEYS}
    if (task := found.get("task", tasks[0])) not in tasks:
        wanted = " or ".join(map(repr, tasks))
        raise ModelError(f"{what} is a network for the task {short(repr(task))}; expected {wanted}")
    if "task" in found:  # Ultralytics: values from 0 to 1, and a crop as large as the shorter side
        found = {"mean": 0, "std": 1, "margin": 1.0, **found}
    found = {**_image(stated, what), **found}
    return {"size": found["imgsz"], **found} if "imgsz" in found else found


def _image(stated: Mapping[str, str], what: str) -> dict[str, Any]:
    """ONNX's own metadata for images, as Azure Custom Vision and Windows ML write them."""
    if (order := stated.get("Image.BitmapPixelFormat", "")) and order not in FORMATS:
        raise unknown(f"Image.BitmapPixelFormat of {what}", order, FORMATS)
    if (values := stated.get("Image.NominalPixelRange", "")) and values not in RANGES:
        raise unknown(f"Image.NominalPixelRange of {what}", values, RANGES)
    return ({"channels": FORMATS[order]} if order else {}) | dict(RANGES.get(values, {}))


def _value(text: str) -> Any:
    for parse in (json.loads, ast.literal_eval):
        try:
            return parse(text)
        except (ValueError, SyntaxError, RecursionError, MemoryError):
            continue
    return text


def beside(path: Path) -> dict[str, Any]:
    """The configuration files of an export by Hugging Face or timm, in our words: each from the nearest folder that has it."""
    folders = [path.parent]
    while len(folders) < 3 and VARIANT.fullmatch(folders[-1].resolve().name):
        folders.append(folders[-1].resolve().parent)
    nearest = {
        name: next((said for folder in folders if (said := _json(folder / name))), {})
        for name in ("config.json", "preprocessor_config.json")
    }
    config = nearest["config.json"]
    found: dict[str, Any] = {}
    if key := next((key for key in ("id2label", "label2id", "label_names") if config.get(key)), ""):
        found["labels"] = config[key]
    return found | _timm(config.get("pretrained_cfg")) | _processor(nearest["preprocessor_config.json"])


def _timm(config: Any) -> dict[str, Any]:
    """What timm calls `pretrained_cfg`."""
    if not isinstance(config, Mapping) or "input_size" not in config:
        return {}
    sides = [int(side) for side in config["input_size"][-2:]]
    part, mode = float(config.get("crop_pct") or 1), config.get("crop_mode", "center")
    resize: Any = "squash" if mode == "squash" else [int(min(sides) / part)]
    found = {"size": sides, "resize": resize, "mean": config.get("mean", MEAN), "std": config.get("std", STD)}
    return found | ({"interpolation": config["interpolation"]} if config.get("interpolation") in INTERPOLATIONS else {})


def _processor(config: Mapping[str, Any]) -> dict[str, Any]:
    """What Hugging Face calls `preprocessor_config.json`."""
    if not config:
        return {}
    found: dict[str, Any] = {}
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
