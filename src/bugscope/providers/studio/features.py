"""What the captioner looks at: maps of a picture, or of a frame in it, from a frozen ImageNet network, and its plain pixels.

The network is the first half of EfficientNet-Lite2, not the default classifier under test; the captioner's own network goes on
from there and is trained on what studio pictures truly show (tools/train_captioner.py).
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL.Image import Image, Resampling

from ...media.picture import as_rgb
from ..efficientnet_lite import checkpoint, network, weights
from ..shared import graphs

Array = NDArray[np.float32]
Frame = tuple[float, float, float, float]
"""Left, top, right, bottom, in 0..1 of the picture."""
WHOLE: Frame = (0.0, 0.0, 1.0, 1.0)
BACKBONE = "2"
SIDE = 224
"""Pixels of a look, whatever the size and shape of its frame."""
BLOCK, CHANNELS, CELLS = 14, 120, 14
"""The last frozen block, at stride 16, and the shape of its maps."""
GRID, FINE = 3, 8
"""Cells per side for texture and for plain colours."""
PLAIN = 3 * FINE**2 + 8 * GRID**2


class Look(NamedTuple):
    """`maps` [120, 14, 14]; `plain` [264]: colours and roughness over the frame."""

    maps: Array
    plain: Array


class Eyes:
    """Looks at one picture at a time, so that what is seen of it does not depend on the others."""

    def __init__(self, threads: int = 0) -> None:
        """`threads`: CPU threads; 0 lets ONNX Runtime use all."""
        self.session: Any = graphs.session(network.trunk(checkpoint.read(weights(BACKBONE)), SIDE, BLOCK), threads)

    def __call__(self, image: Image, frame: Frame = WHOLE) -> Look:
        whole = as_rgb(image)  # it may turn it
        w, h = whole.size
        left, top, right, bottom = frame
        box = (left * w, top * h, min(right * w, w), min(bottom * h, h))  # rounding may lead beyond the edge
        seen = whole.resize((SIDE, SIDE), Resampling.BICUBIC, box=box)
        pixels = ((np.asarray(seen, dtype=np.float32) - 127.0) / 128.0).transpose(2, 0, 1)
        maps = self.session.run(None, {"image": pixels[None]})[0][0]
        return Look(maps, np.concatenate([pooled(pixels, FINE).ravel(), texture(pixels).ravel()]).astype(np.float32))


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
