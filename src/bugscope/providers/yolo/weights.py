"""Layers from Darknet's .weights: a header, then float32 numbers, layer after layer, without names or sizes.

Of each layer first what follows the convolution, a bias per channel or a normalisation (shift, scale, mean, variance), which is
folded into the kernel here, then the kernel [to, from, height, width].
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...core.errors import ModelError

EPSILON = 1e-6
"""What Darknet adds to a standard deviation."""
Array = NDArray[np.float32]


@dataclass(frozen=True)
class Shape:
    """Of a convolution: kernel [to, from, side, side]; whether it is followed by a normalisation."""

    kernel: tuple[int, int, int, int]
    normed: bool = True

    @property
    def numbers(self) -> int:
        return math.prod(self.kernel) + self.kernel[0] * (4 if self.normed else 1)


@dataclass(frozen=True)
class Layer:
    """A convolution: kernel [to, from, side, side] and bias [to]."""

    kernel: Array
    bias: Array


def read(data: bytes, shapes: Mapping[str, Shape]) -> dict[str, Layer]:
    """`shapes`: the layers, in the order of the file. Raises ModelError if it has more or fewer numbers, or strange ones."""
    major, minor = (int(n) for n in np.frombuffer(data[:8].ljust(8, b"\0"), "<i4"))
    # three numbers of a version, then of pictures that were shown in training: 8 bytes since version 0.2
    header = 20 if major * 10 + minor >= 2 else 16
    wanted = header + 4 * sum(shape.numbers for shape in shapes.values())
    if len(data) != wanted:
        raise ModelError(f"the weights are not those of this network: {len(data):,} bytes, expected {wanted:,}")
    numbers = np.frombuffer(data, "<f4", offset=header)
    layers, start = {}, 0
    for name, shape in shapes.items():
        layers[name] = _layer(shape, numbers[start : start + shape.numbers])
        if not all(np.isfinite(part).all() for part in (layers[name].kernel, layers[name].bias)):
            raise ModelError(f"layer {name!r} of the weights has numbers that are not finite")
        start += shape.numbers
    return layers


def _layer(shape: Shape, numbers: Array) -> Layer:
    channels = shape.kernel[0]
    kernel = numbers[-math.prod(shape.kernel) :].reshape(shape.kernel)
    if not shape.normed:
        return Layer(kernel, numbers[:channels])
    shift, scale, mean, variance = numbers[: 4 * channels].reshape(4, channels).astype(np.float64)
    with np.errstate(all="ignore"):  # the result is checked
        factor = scale / (np.sqrt(variance) + EPSILON)
        folded = kernel * factor[:, None, None, None]
        return Layer(folded.astype(np.float32), (shift - mean * factor).astype(np.float32))
