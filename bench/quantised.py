"""What does quantising break? Makes int8 builds of EfficientNet-Lite0 and compares them with the original.

    python bench/quantised.py FOLDER [--n 20] [--json FILE]

Writes FOLDER/lite0.onnx and three builds by ONNX Runtime's quantiser, each with another setting, calibrated on plain pictures
of the studio; prints how often each names plain pictures of the suggested labels rightly, and how often it agrees with the
original. Then, for example:

    bugscope hunt --target onnx/FOLDER/per-tensor.onnx --against onnx/FOLDER/lite0.onnx ARGS
    python bench/verify_bugs.py RUN

where ARGS, printed at the end, say how the network sees a picture.
"""

import argparse
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from onnxruntime import quantization as q
from onnxruntime.quantization.shape_inference import quant_pre_process
from PIL.Image import Image

from bugscope import stats
from bugscope.core import registry
from bugscope.core.labels import imagenet
from bugscope.language import Wording
from bugscope.media import picture
from bugscope.providers import efficientnet_lite as lite
from bugscope.providers.efficientnet_lite import checkpoint, network
from bugscope.providers.studio import SUGGESTED, Generator, Judge

WORDS = Wording(picture.words)
SIZE = lite.SIZES["0"]
OPTIONS = {"size": SIZE, "resize": SIZE + lite.MARGIN, "interpolation": "bicubic", "mean": 127, "std": 128, "scale": 1}
CALIBRATION = 10
"""Plain pictures of each label that a quantiser sees."""


def plain(n: int, seed: int) -> list[tuple[str, Image]]:
    """Faithful plain pictures of the suggested labels."""
    generator = Generator()
    labels = [label for label in SUGGESTED for _ in range(n)]
    made = generator([WORDS.neutral(label).text for label in labels], [seed + i for i in range(len(labels))])
    generator.close()
    return [(label, p.content) for label, p, q in zip(labels, made, Judge()(made, labels), strict=True) if q > 0.5]


class Reader(q.CalibrationDataReader):  # type: ignore[misc]
    """Pictures, one by one, as the network sees them."""

    def __init__(self, pictures: list[Image]) -> None:
        self.rows: Iterator[dict[str, Any]] = ({"image": lite.prepare(p, SIZE)[None]} for p in pictures)

    def get_next(self) -> dict[str, Any] | None:
        return next(self.rows, None)


def builds(folder: Path, pictures: list[Image]) -> list[str]:
    """Writes the networks; their names, the original first."""
    original, ready = folder / "lite0.onnx", folder / "ready.onnx"
    original.write_bytes(network.build(checkpoint.read(lite.weights("0")), SIZE))
    quant_pre_process(str(original), str(ready), skip_symbolic_shape=True)
    settings: dict[str, dict[str, Any]] = {
        "per-tensor": {"per_channel": False, "activation_type": q.QuantType.QUInt8, "weight_type": q.QuantType.QInt8},
        "per-channel": {"per_channel": True, "activation_type": q.QuantType.QUInt8, "weight_type": q.QuantType.QInt8},
    }
    for name, setting in settings.items():
        q.quantize_static(str(ready), str(folder / f"{name}.onnx"), Reader(pictures), quant_format=q.QuantFormat.QDQ, **setting)
    q.quantize_dynamic(str(ready), str(folder / "dynamic.onnx"), weight_type=q.QuantType.QUInt8)
    ready.unlink()
    return ["lite0", *settings, "dynamic"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--n", type=int, default=20, help="plain pictures of each label to compare on")
    parser.add_argument("--json", type=Path)
    args = parser.parse_args()
    args.folder.mkdir(parents=True, exist_ok=True)
    names = builds(args.folder, [p for _, p in plain(CALIBRATION, 61_000_000)])
    pairs = plain(args.n, 62_000_000)
    rows, first = [], np.zeros(0)
    print(f"{'build':<12} {'MB':>6} {'right':>11} {'95 % interval':>14} {'as original':>12}")
    for name in names:
        file = args.folder / f"{name}.onnx"
        scores = registry.load("Classifier", f"onnx/{file}", OPTIONS)([p for _, p in pairs])
        best = scores.argmax(1)
        first = first if len(first) else best
        right = stats.wilson(sum(imagenet()[i] == label for i, (label, _) in zip(best, pairs, strict=True)), len(pairs))
        same = int((best == first).sum())
        rows.append({"build": name, "bytes": file.stat().st_size, "right": right.k, "n": right.n, "same": same})
        interval = f"{100 * right.low:.0f}-{100 * right.high:.0f} %"
        of = f"{right.k} of {right.n}"
        print(f"{name:<12} {file.stat().st_size / 1e6:>6.1f} {of:>11} {interval:>14} {same:>12}")
    print("ARGS:", " ".join(f"--{role}-arg {key}={value}" for role in ("target", "against") for key, value in OPTIONS.items()))
    if args.json:
        args.json.write_text(json.dumps(rows, indent=1))


if __name__ == "__main__":
    main()
