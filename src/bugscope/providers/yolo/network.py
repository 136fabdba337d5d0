"""The architecture of YOLOv3-tiny as an ONNX graph around given weights.

Redmon and Farhadi (2018), YOLOv3; the layers are those of yolov3-tiny.cfg in their release of Darknet.
"""

from collections.abc import Mapping

import numpy as np

from ..shared.graphs import Graph
from .weights import Layer, Shape

CLASSES = 80
SLOPE = 0.1
"""Of the leaky ReLU below 0."""
ANCHORS = {
    "coarse": ((81, 82), (135, 169), (344, 319)),
    "fine": ((10, 14), (23, 27), (37, 58)),
}
"""Output -> width and height, in pixels of the input, of the boxes that each of its cells starts from."""
EACH = 3 * (5 + CLASSES)
"""Numbers of a cell: for each anchor a box, whether anything is there, and each class."""

# in the order of the file
SHAPES = {
    "c1": Shape((16, 3, 3, 3)),
    "c2": Shape((32, 16, 3, 3)),
    "c3": Shape((64, 32, 3, 3)),
    "c4": Shape((128, 64, 3, 3)),
    "c5": Shape((256, 128, 3, 3)),
    "c6": Shape((512, 256, 3, 3)),
    "c7": Shape((1024, 512, 3, 3)),
    "narrow": Shape((256, 1024, 1, 1)),
    "wide": Shape((512, 256, 3, 3)),
    "coarse": Shape((EACH, 512, 1, 1), normed=False),
    "bridge": Shape((128, 256, 1, 1)),
    "joined": Shape((256, 128 + 256, 3, 3)),
    "fine": Shape((EACH, 256, 1, 1), normed=False),
}


def build(layers: Mapping[str, Layer], size: int) -> bytes:
    """Serialized model: `image` float32 [n, 3, size, size] -> `coarse` [n, 255, size / 32, size / 32] and `fine`, of twice the
    side; `size` is a multiple of 32."""
    return _Network(layers).network(size)


class _Network(Graph):
    def __init__(self, layers: Mapping[str, Layer]) -> None:
        super().__init__()
        self.layers = layers
        self.constant("twice", np.array([1, 1, 2, 2]))

    def network(self, size: int) -> bytes:
        x = "image"
        for name in ("c1", "c2", "c3", "c4"):
            x = self.halved(self.leaky(x, name))
        early = self.leaky(x, "c5")
        x = self.leaky(self.halved(early), "c6")
        # as Darknet pads it: a column and a row at the end, so that the side stays
        x = self.node("MaxPool", [x], kernel_shape=[2, 2], strides=[1, 1], pads=[0, 0, 1, 1])
        middle = self.leaky(self.leaky(x, "c7"), "narrow")
        self.convolution(self.leaky(middle, "wide"), "coarse", output="coarse")
        up = self.node(
            "Resize", [self.leaky(middle, "bridge"), "", "twice"],
            mode="nearest", coordinate_transformation_mode="asymmetric", nearest_mode="floor",
        )  # fmt: skip
        self.convolution(self.leaky(self.node("Concat", [up, early], axis=1), "joined"), "fine", output="fine")
        sides = {"coarse": size // 32, "fine": size // 16}
        return self.model(
            "yolov3-tiny", {"image": ["n", 3, size, size]}, {name: ["n", EACH, side, side] for name, side in sides.items()}
        )

    def leaky(self, x: str, name: str) -> str:
        return self.node("LeakyRelu", [self.convolution(x, name)], alpha=SLOPE)

    def halved(self, x: str) -> str:
        return self.node("MaxPool", [x], kernel_shape=[2, 2], strides=[2, 2])

    def convolution(self, x: str, name: str, output: str = "") -> str:
        layer = self.layers[name]
        side = layer.kernel.shape[-1]
        return self.node(
            "Conv",
            [x, self.constant(f"{name}.kernel", layer.kernel), self.constant(f"{name}.bias", layer.bias)],
            output,
            kernel_shape=[side, side],
            pads=[side // 2] * 4,
        )
