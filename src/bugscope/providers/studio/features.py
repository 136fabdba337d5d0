"""What the captioner looks at: features of a picture from a frozen ImageNet network and from its pixels.

The network is EfficientNet-Lite2, not the default classifier under test; the captioner's own small network on top is
trained on what studio pictures truly show (tools/train_captioner.py).
"""

import importlib
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL.Image import Image

from ..efficientnet_lite import SIZES, checkpoint, network, prepare, weights

Array = NDArray[np.float32]
BACKBONE = "2"
MIDDLE, EARLY = 14, 6
"""Last blocks of the stages at stride 16 (120 channels) and stride 8 (48 channels)."""
GRID = 3
FINE = 8
"""Cells per side for features and for plain colours: a small object still fills a fine cell."""


class Features:
    """Pictures -> [n, d] float32, one at a time, so that a picture's features do not depend on the others."""

    def __init__(self, threads: int = 0) -> None:
        runtime: Any = importlib.import_module("onnxruntime")
        options = runtime.SessionOptions()
        options.log_severity_level = 3
        options.intra_op_num_threads = threads
        graph = network.build(checkpoint.read(weights(BACKBONE)), SIZES[BACKBONE], taps=(EARLY, MIDDLE, -1))
        self.session: Any = runtime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])

    def __call__(self, images: Sequence[Image]) -> Array:
        return np.array([self._one(prepare(image, SIZES[BACKBONE])) for image in images], dtype=np.float32)

    def _one(self, pixels: Array) -> Array:
        early, middle, head = self.session.run([f"block{EARLY}", f"block{MIDDLE}", "head"], {"image": pixels[None]})
        return np.concatenate(
            [
                head[0].mean((1, 2)),
                head[0].max((1, 2)),
                pooled(middle[0]).ravel(),
                early[0].mean((1, 2)),
                early[0].std((1, 2)),
                texture(pixels).ravel(),
                pooled(pixels, FINE).ravel(),
            ]
        ).astype(np.float32)


def pooled(maps: Array, cells: int = GRID) -> Array:
    """Means over a grid of cells: [c, h, w] -> [c, cells, cells]."""
    rows, columns = (np.linspace(0, side, cells, endpoint=False).astype(int) for side in maps.shape[1:])
    sums = np.add.reduceat(np.add.reduceat(maps, rows, axis=1), columns, axis=2)
    heights, widths = (np.diff([*starts, side]) for starts, side in zip((rows, columns), maps.shape[1:], strict=True))
    return np.asarray(sums / (heights[:, None] * widths[None]), dtype=np.float32)


def texture(pixels: Array) -> Array:
    """Per cell: mean and deviation of each colour, and how rough the picture is at one and at two pixels' distance."""
    grey = pixels.mean(0)
    rough = [np.zeros_like(grey), np.zeros_like(grey)]
    for i, step in enumerate((1, 2)):
        rough[i][:-step, :-step] = np.abs(grey[step:, :-step] - grey[:-step, :-step]) + np.abs(
            grey[:-step, step:] - grey[:-step, :-step]
        )
    mean = pooled(pixels)
    deviation = np.sqrt(np.maximum(pooled(pixels**2) - mean**2, 0))
    return np.concatenate([mean, deviation, np.log1p(10 * pooled(np.stack(rough)))])
