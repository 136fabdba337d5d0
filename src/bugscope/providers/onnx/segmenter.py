"""A segmenter in an ONNX file: a class for each pixel, or the instances of YOLO with their masks."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ...core.errors import AnswerError, ModelError, SpecError
from ...core.label_files import read
from ...core.records import Detection
from ...media.picture import as_rgb
from ..shared.boxes import detections
from ..shared.classes import Classes, classes
from ..shared.masks import LEAST, MOST, reduced
from . import stated
from .finder import Finder
from .layouts import prototypes
from .network import Entry, Network, probes
from .scorer import mark, options, prepared

Answer = NDArray[np.int64] | list[Detection]


class Segmenter:
    """A segmenter in an ONNX file: `onnx/model.onnx`; logits or classes for each pixel, or YOLO's masks of instances."""

    requires = ("onnxruntime",)
    extra = "onnx"
    example = "onnx/segformer.onnx"

    def __init__(
        self, model: str, *, labels: Sequence[str] | Mapping[Any, Any] | str | None = None,
        size: int | Sequence[int] | str = "", mean: float | Sequence[float] | str = "",
        std: float | Sequence[float] | str = "", scale: float | str = "", interpolation: str = "", channels: str = "",
        layout: str = "", output: str = "", device: str = "", threads: int = 0,
    ) -> None:  # fmt: skip
        """As for `Classifier`; pictures are stretched to `size` (for YOLO, letterboxed). `labels`: with "background" for a
        class that is none; one label for a network with one channel, the chance of that label. `output`: the name of the one
        that has the classes, if there are several.
        """
        network = Network(model, device, threads)
        given = options(size=size, mean=mean, std=std, scale=scale, interpolation=interpolation, channels=channels)
        apart = not output and sorted(len(one.shape) for one in network.session.get_outputs()) == [3, 4]
        made = _Instances(network, labels, given, layout) if apart else _Pixels(network, labels, given, layout, output)
        self.answer: Callable[[Image.Image], Answer] = made
        self.labels, self.id = made.classes.labels, made.id

    def __call__(self, images: Sequence[Image.Image]) -> list[Answer]:
        """For each picture the index of a label for each of its pixels (-1: none), or its instances. Raises MemoryError."""
        return [self.answer(image) for image in images]


class _Instances:
    """YOLO for segments: each mask is a mixture of the same prototypes, cut at its box."""

    def __init__(self, network: Network, labels: Any, given: Mapping[str, Any], layout: str) -> None:
        self.finder = Finder(network, labels, given, layout, "", "", 0)
        self.classes, self.id = self.finder.classes, self.finder.id

    def __call__(self, image: Image.Image) -> list[Detection]:
        seen = self.finder(image)
        best = np.argsort(-seen.scores, kind="stable")[:MOST]
        parts = prototypes(seen.outputs)
        assert parts is not None and seen.coefficients is not None
        mixed = np.tensordot(seen.coefficients[best], parts.astype(np.float64), 1)
        boxes = seen.undo(seen.boxes)[best]
        masks = self._placed(mixed, seen.undo, boxes, reduced(*as_rgb(image).size))
        return detections(
            self.finder.what, self.classes.labels, boxes, seen.scores[best], seen.places[best], masks, LEAST, MOST
        )

    def _placed(self, mixed: NDArray[Any], undo: Any, boxes: NDArray[Any], size: tuple[int, int]) -> NDArray[np.bool_]:
        """Masks of the canvas as masks of the picture [n, height, width], each within its box."""
        high, wide = self.finder.prepared.size
        (left, top, right, bottom), *_ = undo(np.array([[0, 0, wide, high]]))
        x, y = (np.arange(size[1]) + 0.5) / size[1], (np.arange(size[0]) + 0.5) / size[0]
        columns = ((x - left) / (right - left) * mixed.shape[2]).astype(int).clip(0, mixed.shape[2] - 1)
        rows = ((y - top) / (bottom - top) * mixed.shape[1]).astype(int).clip(0, mixed.shape[1] - 1)
        masks: NDArray[np.bool_] = mixed[:, rows][:, :, columns] > 0  # the logistic function is over a half
        across = (x >= boxes[:, :1]) & (x <= boxes[:, 2:3])
        down = (y >= boxes[:, 1:2]) & (y <= boxes[:, 3:4])
        return masks & down[:, :, None] & across[:, None, :]


class _Pixels:
    """A class for each pixel, from logits or classes [n, classes, height, width] or [n, height, width]."""

    def __init__(self, network: Network, labels: Any, given: Mapping[str, Any], layout: str, output: str) -> None:
        self.network, self.what = network, network.what
        said = stated.beside(network.path) | stated.metadata(network.metadata, self.what, ("segment",))
        inputs = network.session.get_inputs()
        if len(inputs) != 1:
            raise ModelError(
                f"{self.what} has the inputs {', '.join(repr(i.name) for i in inputs)}; expected one, for pictures"
            )
        self.entry = Entry(network, inputs[0], layout or str(said.get("layout", "")).lower())
        self.output = self._chosen(output)
        said = {key: value for key, value in said.items() if key not in ("resize", "margin")} | {"resize": "squash"}
        if None not in self.entry.sides:
            said.pop("size", None)
        self.prepared = prepared(self.what, self.entry, given, said)
        names, source = (read(labels, least=1), "") if labels is not None else stated.names(network.path, said)
        made = self._ask(probes(self.prepared.size)[1])
        self.last = made.ndim == 3 and self._last(made, len(names))
        outputs = 0 if made.ndim == 2 else made.shape[2 if self.last else 0]
        self.alone = outputs == 1 and made.dtype.kind == "f"
        if self.alone:
            self.classes = classes(self.what, 2, names, "first", source)
        elif outputs > 1:
            self.classes = classes(self.what, outputs, names, "", source)
        elif not names:
            raise SpecError(f"{self.what} has no names for its classes; pass the argument labels=a,b,c or a file")
        else:
            self.classes = Classes(self.what, names)
        self.squashed = self.alone and bool(0 <= made.min() and made.max() <= 1)
        self.id = f"{self.what}?model={network.digest()}&options={mark(self.prepared, self.output, names, self.last)}"

    def _chosen(self, wanted: str) -> str:
        outputs = {str(o.name): o for o in self.network.session.get_outputs()}
        maps = [name for name, o in outputs.items() if len(o.shape) in (3, 4)]
        found = [name for name in outputs if name == wanted] if wanted else maps
        if len(found) != 1:
            kinds = ", ".join(f"{name} ({o.type} {o.shape})" for name, o in outputs.items())
            raise SpecError(f"{self.what}: which output has a class for each pixel? Pass output=NAME, of: {kinds}")
        return found[0]

    def _ask(self, canvas: Image.Image) -> NDArray[Any]:
        pixels = self.entry.packed([self.prepared.values(canvas)])
        (made,) = self.network.run([self.output], {self.entry.name: pixels})
        if made.ndim not in (3, 4) or len(made) != len(pixels):
            raise ModelError(
                f"{self.what} gives an output of shape {made.shape}; expected ({len(pixels)}, classes, height, width) or"
                f" ({len(pixels)}, height, width)"
            )
        return made[0]

    def _last(self, made: NDArray[Any], names: int) -> bool:
        """Whether the classes are the last axis: as many as names, else the shortest."""
        return made.shape[2] == names != made.shape[0] or (names not in made.shape and made.shape[2] < made.shape[0])

    def __call__(self, image: Image.Image) -> NDArray[np.int64]:
        resample = Image.Resampling[self.prepared.interpolation.upper()]
        made = self._ask(as_rgb(image).resize(self.prepared.size[::-1], resample))
        made = np.moveaxis(made, 2, 0) if self.last else made
        if not np.isfinite(made).all():
            raise AnswerError(f"{self.what} gave numbers that are not finite for pixels")
        if self.alone:
            found = (made[0] > (0.5 if self.squashed else 0)).astype(np.int64)
        elif made.ndim == 3 and len(made) > 1:
            found = made.argmax(axis=0)
        else:
            found = made.reshape(made.shape[-2:]).astype(np.int64)
        known = (found >= 0) & (found < len(self.classes.places))
        places: NDArray[np.int64] = np.where(known, self.classes.places[np.where(known, found, 0)], -1)
        return places
