"""A tagger in an ONNX file: any number of labels at once."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ...core.label_files import read
from ..shared.networks import named_classes
from . import stated
from .network import Network
from .scorer import Scorer, options, probabilities


class Tagger:
    """A classifier that was trained on several labels a picture, in an ONNX file: `onnx/model.onnx`."""

    requires = ("onnxruntime",)
    extra = "onnx"
    example = "onnx/model.onnx"

    def __init__(
        self, model: str, *, labels: Sequence[str] | Mapping[Any, Any] | str | None = None,
        size: int | Sequence[int] | str = "", resize: int | Sequence[int] | str = "", mean: float | Sequence[float] | str = "",
        std: float | Sequence[float] | str = "", scale: float | str = "", interpolation: str = "", channels: str = "",
        layout: str = "", sigmoid: bool | None = None, output: str = "", device: str = "", threads: int = 0,
    ) -> None:  # fmt: skip
        """As for `Classifier`, with one label for each output. `sigmoid`: apply it to the outputs; None: unless they are
        probabilities already.
        """
        network = Network(model, device, threads)
        given = options(
            size=size, resize=resize, mean=mean, std=std, scale=scale, interpolation=interpolation, channels=channels
        )  # fmt: skip
        self.scorer = scorer = Scorer(network, given, layout, output)
        said = scorer.said.get("sigmoid") if sigmoid is None else sigmoid
        self.sigmoid = not probabilities(scorer.raw) if said is None else bool(said)
        names = read(labels, least=1) if labels is not None else stated.names(network.path, scorer.said)[0]
        self.labels: Sequence[str] = named_classes(network.what, scorer.outputs, names)
        self.id = scorer.id("sigmoid" if self.sigmoid else "", scorer.output, self.labels)

    def __call__(self, images: Sequence[Image.Image]) -> NDArray[np.float32]:
        """Probabilities [n, labels], each by itself. Raises MemoryError."""
        rows = self.scorer(images)
        # what a network makes of infinite numbers is no score, and is refused as such by whoever asked
        with np.errstate(invalid="ignore", over="ignore"):
            return np.asarray(1 / (1 + np.exp(-rows)), np.float32) if self.sigmoid else rows
