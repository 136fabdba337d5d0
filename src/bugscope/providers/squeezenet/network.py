"""The architecture of SqueezeNet 1.1 as an ONNX graph around given weights.

Iandola et al. (2016), SqueezeNet, with the changes of version 1.1 of the authors' release: a first layer of 3 x 3, and pooling
earlier. The weights were given to Keras, so kernels are [height, width, from, to], and pools leave out what does not fill them.
"""

from ...core.errors import ModelError
from ..shared.graphs import Graph
from .weights import Layers

POOLED = (1, 3, 5)
"""Layers (1: the first, 2 to 9: fire modules) after which the maps are halved."""


def build(layers: Layers, size: int) -> bytes:
    """Serialized model: `image` float32 [n, 3, size, size] -> `probabilities` [n, classes]."""
    try:
        return _Network(layers).network(size)
    except KeyError as error:
        raise ModelError(f"the checkpoint is not a SqueezeNet 1.1: it lacks {error.args[0]!r}") from error


class _Network(Graph):
    def __init__(self, layers: Layers) -> None:
        super().__init__()
        self.layers = layers

    def network(self, size: int) -> bytes:
        x = self.convolution("image", "conv1", stride=2)
        for number in range(1, 10):
            x = self.fire(x, f"fire{number}") if number > 1 else x
            if number in POOLED:
                x = self.node("MaxPool", [x], kernel_shape=[3, 3], strides=[2, 2])
        x = self.node("GlobalAveragePool", [self.convolution(x, "conv10")])
        self.node("Softmax", [self.node("Flatten", [x], axis=1)], output="probabilities", axis=1)
        classes = len(self.layers["conv10"][1])
        return self.model("squeezenet", {"image": ["n", 3, size, size]}, {"probabilities": ["n", classes]})

    def fire(self, x: str, name: str) -> str:
        """Few channels, then many, half of which see their neighbours."""
        squeezed = self.convolution(x, f"{name}/squeeze1x1")
        near = self.convolution(squeezed, f"{name}/expand3x3", padding=1)
        return self.node("Concat", [self.convolution(squeezed, f"{name}/expand1x1"), near], axis=1)

    def convolution(self, x: str, name: str, stride: int = 1, padding: int = 0) -> str:
        layer = self.layers[name]
        if len(layer) != 2 or layer[0].ndim != 4 or layer[1].shape != layer[0].shape[3:]:
            raise ModelError(f"layer {name!r} of the checkpoint is not a convolution: {[a.shape for a in layer]}")
        kernel = self.constant(f"{name}.kernel", layer[0].transpose(3, 2, 0, 1))
        y = self.node(
            "Conv", [x, kernel, self.constant(f"{name}.bias", layer[1])],
            kernel_shape=list(layer[0].shape[:2]), strides=[stride] * 2, pads=[padding] * 4,
        )  # fmt: skip
        return self.node("Relu", [y])
