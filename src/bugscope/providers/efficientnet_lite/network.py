"""The EfficientNet-Lite architecture as an ONNX graph around given weights.

Tan and Le (2019), EfficientNet, table 1, in the Lite variant: no squeeze-and-excite, ReLU6, first and last stage unscaled.
Widths, depths and kernel sizes are read off the weights.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...core.errors import ModelError
from ..shared.graphs import Graph, Shape

STAGE_STRIDES = (1, 2, 2, 2, 1, 2, 1)
EPSILON = 1e-3
Weights = Mapping[str, NDArray[Any]]


def build(weights: Weights, size: int, taps: Sequence[int] = ()) -> bytes:
    """Serialized model: `image` float32 [n, 3, size, size] -> `logits` [n, 1000].

    `taps`: blocks (-1: the head) whose feature maps [n, channels, h, w] come out too, as `block3`, `head`.
    """
    try:
        return _Graph(weights).network(size, taps)
    except KeyError as error:
        raise ModelError(f"the checkpoint is not an EfficientNet-Lite: it lacks {error.args[0]!r}") from error


def trunk(weights: Weights, size: int, last: int) -> bytes:
    """Serialized model: `image` float32 [n, 3, size, size] -> `maps` [n, channels, h, w] of the block `last`."""
    graph = _Graph(weights)
    graph.node("Identity", [graph.blocks("image", last + 1)], output="maps")
    return graph.model("efficientnet-lite-trunk", {"image": ["n", 3, size, size]}, {"maps": ["n", None, None, None]})


class _Graph(Graph):
    def __init__(self, weights: Weights) -> None:
        super().__init__()
        self.weights = weights
        self.constant("zero", np.array(0))
        self.constant("six", np.array(6))

    def network(self, size: int, taps: Sequence[int]) -> bytes:
        x = self.blocks("image", taps=taps)
        x = self.relu6(self.normed(x, "_conv_head", "_bn1"))
        if -1 in taps:
            self.node("Identity", [x], output="head")
        x = self.node("Flatten", [self.node("GlobalAveragePool", [x])], axis=1)
        self.node("Gemm", [x, self.weight("_fc.weight"), self.weight("_fc.bias")], output="logits", transB=1)
        outputs: dict[str, Shape] = {"logits": ["n", len(self.constants["_fc.bias"])]}
        outputs |= {"head" if t == -1 else f"block{t}": ["n", None, None, None] for t in taps}
        return self.model("efficientnet-lite", {"image": ["n", 3, size, size]}, outputs)

    def blocks(self, image: str, count: int | None = None, taps: Sequence[int] = ()) -> str:
        """The stem and the first blocks; all of them by default."""
        x = self.relu6(self.normed(image, "_conv_stem", "_bn0", stride=2))
        for block, stride in enumerate(self.strides()[:count]):
            x = self.block(x, f"_blocks.{block}.", stride)
            if block in taps:
                self.node("Identity", [x], output=f"block{block}")
        return x

    def strides(self) -> list[int]:
        """A stage begins where the number of output channels changes."""
        widths: list[int] = []
        while f"_blocks.{len(widths)}._project_conv.weight" in self.weights:
            widths.append(self.weights[f"_blocks.{len(widths)}._project_conv.weight"].shape[0])
        begins = [i == 0 or widths[i] != widths[i - 1] for i in range(len(widths))]
        if sum(begins) != len(STAGE_STRIDES):
            raise ModelError(f"the checkpoint is not an EfficientNet-Lite: {sum(begins)} stages, expected {len(STAGE_STRIDES)}")
        stages = np.cumsum(begins) - 1
        return [STAGE_STRIDES[s] if b else 1 for s, b in zip(stages, begins, strict=True)]

    def block(self, x: str, name: str, stride: int) -> str:
        """Inverted residual: expand, depthwise, project; added to its input where the shape allows."""
        y = x
        if f"{name}_expand_conv.weight" in self.weights:
            y = self.relu6(self.normed(y, f"{name}_expand_conv", f"{name}_bn0"))
        depthwise = self.weights[f"{name}_depthwise_conv.weight"]
        y = self.relu6(self.normed(y, f"{name}_depthwise_conv", f"{name}_bn1", stride, groups=depthwise.shape[0]))
        y = self.normed(y, f"{name}_project_conv", f"{name}_bn2")
        first = self.weights.get(f"{name}_expand_conv.weight", depthwise)
        width_in = first.shape[1] if first is not depthwise else depthwise.shape[0]
        same = stride == 1 and width_in == self.weights[f"{name}_project_conv.weight"].shape[0]
        return self.node("Add", [y, x]) if same else y

    def normed(self, x: str, convolution: str, norm: str, stride: int = 1, groups: int = 1) -> str:
        kernel = self.weights[f"{convolution}.weight"].shape[2]
        # SAME_UPPER is TensorFlow's "same": the odd pixel of padding goes to the end
        y = self.node(
            "Conv", [x, self.weight(f"{convolution}.weight")], kernel_shape=[kernel, kernel],
            strides=[stride, stride], group=groups, auto_pad="SAME_UPPER",
        )  # fmt: skip
        parts = [self.weight(f"{norm}.{p}") for p in ("weight", "bias", "running_mean", "running_var")]
        return self.node("BatchNormalization", [y, *parts], epsilon=EPSILON)

    def relu6(self, x: str) -> str:
        return self.node("Clip", [x, "zero", "six"])

    def weight(self, name: str) -> str:
        return self.constant(name, self.weights[name])
