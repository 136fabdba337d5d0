"""ONNX files: their bytes, what they say of themselves, what lies beside them, and weights that are to come from elsewhere."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import onnx
from PIL import Image

from bugscope.core import registry
from bugscope.providers.onnx import stated
from support import onnx_files

from ..material import altered, dumped, text, value
from ..outcomes import tried

SHAPES = (("n", 3, 8, 8), (1, 3, 8, 8), ("n", 8, 8, 3), ("n", 1, 8, 8), ("n", 3, "h", "w"), (2, 3, 8, 8), ("n", "h", "w", "c"))
CONFIGS: dict[str, Any] = {
    "config.json": {
        "id2label": {"0": "a", "1": "b", "2": "c", "3": "d"}, "label2id": {"a": 0}, "label_names": ["a", "b"],
        "pretrained_cfg": {"input_size": [3, 8, 8], "crop_pct": 0.9, "mean": [0.5] * 3, "std": [0.5] * 3,
        "interpolation": "bicubic", "crop_mode": "center"},
    },
    "preprocessor_config.json": {
        "size": {"shortest_edge": 8}, "crop_size": {"height": 8, "width": 8}, "do_resize": True, "do_center_crop": True,
        "do_rescale": True,
        "rescale_factor": 0.00392, "do_normalize": True, "image_mean": [0.5] * 3, "image_std": [0.5] * 3, "resample": 3,
        "crop_pct": 0.9,
        "do_flip_channel_order": False, "rescale_offset": False, "include_top": False,
    },
}  # fmt: skip
LOCATIONS = (
    "../outside/secret.txt",
    "../../outside/secret.txt",
    "/etc/passwd",
    "/dev/zero",
    "w.bin",
    "../in/w.bin",
    "C:\\x",
    "",
    ".",
    "w.bin\0x",
    "link",
)
METADATA = {
    "names": "{0: 'a', 1: 'b', 2: 'c', 3: 'd'}", "labels": "a,b,c,d", "mean": "[0.5, 0.5, 0.5]", "imgsz": "[8, 8]",
    "task": "classify",
    "Image.BitmapPixelFormat": "Bgr8", "Image.NominalPixelRange": "NominalRange_0_255", "size": "8", "layout": "nhwc",
}  # fmt: skip


def elsewhere(file: Path, folder: Path, rng: Random) -> None:
    """The weights are in another file, or so it says."""
    model = onnx.load(file)
    tensor = model.graph.initializer[0]
    (folder / "w.bin").write_bytes(tensor.raw_data)
    (folder / "link").symlink_to(folder.parent / "outside" / "secret.txt")
    tensor.ClearField("raw_data")
    tensor.data_location = onnx.TensorProto.EXTERNAL
    for key, said in (
        ("location", rng.choice(LOCATIONS)),
        ("offset", rng.choice(("0", "-1", "x", "9" * 20))),
        ("length", rng.choice(("48", "0", "-1", "9" * 20))),
    ):
        if rng.random() < 0.8:
            tensor.external_data.add(key=key, value=said)
    file.write_bytes(model.SerializeToString())


@contextmanager
def ready(folder: Path) -> Iterator[Any]:
    def example(rng: Random, folder: Path) -> str:
        said = {
            k: rng.choice((v, text(rng).encode("utf-8", "replace").decode(), json.dumps(value(rng))))
            for k, v in METADATA.items()
            if rng.random() < 0.2
        }
        file = onnx_files.write(
            folder, shape=rng.choice(SHAPES), kind=rng.choice(("float", "float", "uint8", "float16")),
            softmax=rng.random() < 0.5,
            classes=rng.choice((4, 4, 2, 1)), more=rng.choice((None, None, None, "features", "label", "input")), **said,
        )  # fmt: skip
        match rng.randrange(5):
            case 0:
                file.write_bytes(altered(file.read_bytes(), rng))
            case 1:
                elsewhere(file, folder, rng)
            case 2:
                for name, config in CONFIGS.items():
                    if rng.random() < 0.7:
                        spoilt = {k: rng.choice((v, v, v, value(rng))) for k, v in config.items() if rng.random() < 0.6}
                        (folder / name).write_bytes(dumped(rng.choice((spoilt, spoilt, value(rng))), rng))
            case 3:
                (folder / rng.choice(stated.LABELS)).write_bytes(
                    rng.choice((b"a\nb\nc\nd\n", dumped(value(rng), rng), text(rng).encode("utf-8", "replace")))
                )
            case _:
                pass
        options = rng.choice(
            (
                {},
                {"labels": "a,b,c,d"},
                {"labels": "a,b,c,d", "size": 8},
                {"size": rng.choice((8, "8,8", 0, -1, "x", 10**9, [1, 2, 3]))},
            )
        )

        def use() -> None:
            made = registry.load("Classifier", f"onnx/{file}", options)
            rows = made([Image.new("RGB", (9, 7), "red"), Image.new("L", (3, 50))])
            assert rows.shape == (2, len(made.labels)), rows.shape
            assert all(isinstance(label, str) for label in made.labels) and np.asarray(rows).dtype.kind == "f"
            made.id.encode()

        return tried(use)

    yield example
