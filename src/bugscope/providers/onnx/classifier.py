"""A classifier in an ONNX file."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ...core.errors import ModelError, SpecError, short
from ...core.label_files import read
from ...core.labels import imagenet, named
from . import stated
from .network import Network
from .scorer import Scorer, options, probabilities


class Classifier:
    """A classifier in an ONNX file: `onnx/model.onnx`; its layout, size and names are read from it, or are arguments."""

    requires = ("onnxruntime",)
    extra = "onnx"
    example = "onnx/model.onnx"

    def __init__(
        self, model: str, *, labels: Sequence[str] | Mapping[Any, Any] | str | None = None,
        size: int | Sequence[int] | str = "", resize: int | Sequence[int] | str = "", mean: float | Sequence[float] | str = "",
        std: float | Sequence[float] | str = "", scale: float | str = "", interpolation: str = "", channels: str = "",
        layout: str = "", softmax: bool | None = None, output: str = "", device: str = "", threads: int = 0,
    ) -> None:  # fmt: skip
        """ "" and None are filled in as described at the top of the module; lists may be text with commas.

        `labels`: what `core.label_files.read` reads. 1,000 outputs without names are taken to be ImageNet's; of 1,001 outputs
        for 1,000 names, the first is the background and left out; one output is the probability of the second of two labels.
        `size`: height and width, or one number for both. `resize`: the shorter side before the centre crop (else size / 0.875),
        height and width, or "squash": to `size`, no crop. `mean`, `std`: of values times `scale`, one number or one per channel
        (else ImageNet's and 1/255; 0 and 1 for grey; values as they are for a uint8 input). `interpolation`: PIL's name (else
        bilinear). `channels`: "rgb" or "bgr". `layout`: "nchw" or "nhwc", if the file leaves it open and the wrong one works
        too. `softmax`: apply it to the output (to one output the logistic function); None: unless the output already holds
        probabilities, of all labels together or of each. `output`: its name, if there are several. `device`: "cpu", "cuda",
        "cuda:1"; "" for cuda if available. `threads`: CPU threads; 0 for all.
        """
        network = Network(model, device, threads)
        given = options(
            size=size, resize=resize, mean=mean, std=std, scale=scale, interpolation=interpolation, channels=channels
        )  # fmt: skip
        self.what, self.scorer = network.what, (scorer := Scorer(network, given, layout, output))
        given_softmax = scorer.said.get("softmax") if softmax is None else softmax
        self.softmax = not probabilities(scorer.raw) if given_softmax is None else bool(given_softmax)
        found, source = (read(labels, least=1), "") if labels is not None else stated.names(network.path, scorer.said)
        self.labels: Sequence[str] = self._labels(found, scorer.outputs, source)
        self.alone = scorer.outputs == 1
        self.dropped = 0 if self.alone else scorer.outputs - len(self.labels)
        self.id = scorer.id(self.softmax, scorer.output, self.labels)

    def __call__(self, images: Sequence[Image.Image]) -> NDArray[np.float32]:
        """Scores [n, labels], probabilities unless `softmax` is off and the network gives logits. Raises MemoryError."""
        rows = self.scorer(images)
        if not len(rows):
            return np.zeros((0, len(self.labels)), np.float32)
        # what a network makes of infinite numbers is no score, and is refused as such by whoever asked
        with np.errstate(invalid="ignore", over="ignore"):
            if self.alone:
                return self._both(rows)
            if self.softmax:
                rows = np.exp(rows - rows.max(axis=1, keepdims=True))
                rows /= rows.sum(axis=1, keepdims=True)
        return rows[:, self.dropped :]

    def _both(self, rows: NDArray[np.float32]) -> NDArray[np.float32]:
        """Of the one output, the probability of the second label: those of both."""
        second = 1 / (1 + np.exp(-rows)) if self.softmax else rows
        if (second < 0).any() or (second > 1).any():
            worst = float(second[np.argmax(np.abs(second - 0.5))][0])
            raise ModelError(f"{self.what} gives {worst:.3g} for a probability; if its output is a logit, pass softmax=true")
        return np.concatenate([1 - second, second], axis=1)

    def _labels(self, names: Sequence[str], outputs: int, source: str) -> tuple[str, ...]:
        if not names and outputs not in (1000, 1001):
            wanted = "labels=NOT,IT, two names for its one output" if outputs == 1 else "labels=a,b,c or labels=FILE.txt"
            raise SpecError(f"{self.what} has {outputs} outputs and no names for them; pass {wanted}")
        if outputs == 1:
            if len(names) != 2:
                pair = f"'not {short(names[0])},{short(names[0])}'" if len(names) == 1 else "NOT,IT"
                raise SpecError(
                    f"{self.what} has one output, the probability of the second of two labels, but the number of labels is "
                    f"{len(names)}{source}; pass labels={pair}"
                )
            return named(names)
        if names and len(names) != outputs and (len(names), outputs) != (1000, 1001):
            raise SpecError(f"{self.what} has {outputs} outputs, but there are {len(names)} labels{source}")
        return named(names) if names else imagenet()
