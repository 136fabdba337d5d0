"""Boxes that a network in an ONNX file finds in a picture, with what it needs to know of its inputs and outputs."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ...core.errors import AnswerError, ModelError, SpecError, told, unknown
from ...core.label_files import read
from ..shared.boxes import LEAST, Boxes, Undo, finite, letterbox, stretched, suppressed
from ..shared.classes import NOTHING, Classes, classes
from . import stated
from .layouts import FAMILIES, Outputs, Raw, chosen, recognised
from .network import Entry, Network, probes
from .scorer import mark, prepared

FITS: Mapping[str, Callable[..., tuple[Image.Image, Undo]]] = {"letterbox": letterbox, "stretch": stretched}
TASKS = ("detect", "segment")
"""What Ultralytics calls the tasks whose networks find boxes."""
SIZES = ("orig_target_sizes", "pixel_mask")
"""Inputs besides the picture that are known: the width and height that RT-DETR's boxes are to have, and DETR's mask of what is
picture."""
UNIT = 1.02
"""Scores over this are no probabilities."""


class Seen(NamedTuple):
    """Of one picture: boxes on the canvas in its pixels, `undo` of the canvas, scores, indices of labels, and, of YOLO for
    segments, the coefficients of the masks. `outputs`: all that the network said."""

    boxes: Boxes
    undo: Undo
    scores: NDArray[np.float64]
    places: NDArray[np.int64]
    coefficients: NDArray[np.float64] | None
    outputs: Outputs


class Finder:
    """`network` asked for boxes. `given`: the user's options for the preparation. Raises SpecError, ModelError."""

    def __init__(
        self, network: Network, labels: Any, given: Mapping[str, Any], layout: str, family: str, fit: str, iou: float
    ) -> None:
        self.network, self.what = network, network.what
        if not 0 <= iou <= 1:
            raise SpecError(f"{self.what}: iou is {iou}; it should be between 0 and 1")
        said = stated.beside(network.path) | stated.metadata(network.metadata, self.what, TASKS)
        self.entry, self.others = self._entries(layout or str(said.get("layout", "")).lower())
        names, source = (read(labels, least=1), "") if labels is not None else stated.names(network.path, said)
        self.names = len(names)
        self.outputs = [str(output.name) for output in network.session.get_outputs()]
        # what is stated of a crop, or of another size, says nothing here
        said = {key: value for key, value in said.items() if key not in ("resize", "margin")} | {"resize": "squash"}
        if None not in self.entry.sides:
            said.pop("size", None)
        self.family = family or str(said.get("family", ""))
        usual = FAMILIES[chosen(self.family)].values if self.family else {}
        self.prepared = prepared(self.what, self.entry, given, {**usual, **said})
        tried = self._ask(probes(self.prepared.size)[1])
        if not self.family:
            inputs = [str(one.name) for one in self.others]
            self.family = recognised(self.what, tried, self.prepared.size, self.names, inputs)
            self.prepared = prepared(self.what, self.entry, given, {**FAMILIES[self.family].values, **said})
        self.fit = fit or str(said.get("fit", "")) or FAMILIES[self.family].fit
        if self.fit not in FITS:
            raise unknown("fit", self.fit, FITS)
        self.iou = iou or FAMILIES[self.family].iou
        self.classes = self._named(names, source, self._raw(tried))
        told = mark(self.prepared, self.family, self.fit, self.iou, names, self.entry.channels_last)
        self.id = f"{self.what}?model={network.digest()}&options={told}"

    def __call__(self, image: Image.Image) -> Seen:
        """Raises MemoryError, and AnswerError for numbers that are no boxes."""
        resample = Image.Resampling[self.prepared.interpolation.upper()]
        canvas, undo = FITS[self.fit](image, self.prepared.size, resample=resample)
        outputs = self._ask(canvas)
        raw = self._raw(outputs)
        found: NDArray[Any]
        if raw.classes is None:
            real = np.where(self.classes.places >= 0, raw.scores, -1.0)
            scores, found = real.max(axis=1), real.argmax(axis=1)
        else:
            scores, found = raw.scores, raw.classes
        kept = np.flatnonzero(scores >= LEAST)
        places = self.classes.of(self.what, found[kept])
        if self.iou:
            best = suppressed(raw.boxes[kept], scores[kept], places, self.iou)
            kept, places = kept[best], places[best]
        coefficients = None if raw.coefficients is None else raw.coefficients[kept]
        return Seen(raw.boxes[kept], undo, scores[kept], places, coefficients, outputs)

    # --- what goes in -----------------------------------------------------------------------------------------------------

    def _entries(self, layout: str) -> tuple[Entry, list[Any]]:
        """The input of pictures, and the others."""
        inputs = self.network.session.get_inputs()
        pictures = [one for one in inputs if one.name not in SIZES]
        if len(pictures) != 1:
            names = ", ".join(repr(one.name) for one in inputs)
            raise ModelError(
                f"{self.what} has the inputs {names}; expected one for pictures, and no others but {', '.join(SIZES)}"
            )
        return Entry(self.network, pictures[0], layout), [one for one in inputs if one.name in SIZES]

    def _ask(self, canvas: Image.Image) -> Outputs:
        """The outputs for one picture in the network's size, without the axis of the batch."""
        high, wide = self.prepared.size
        given = {self.entry.name: self.entry.packed([self.prepared.values(canvas)])}
        count = len(given[self.entry.name])
        for one in self.others:
            kind = np.float32 if "float" in one.type else np.int64
            sides = [
                side if isinstance(side, int) else own for side, own in zip(one.shape[1:], self.prepared.size, strict=False)
            ]
            more = [[wide, high]] * count if one.name == "orig_target_sizes" else np.ones((count, *sides))
            given[one.name] = np.asarray(more, kind)
        made = self.network.run(self.outputs, given)
        # the lists of torchvision have no axis for the batch, but then none of their outputs has three
        batched = any(array.ndim == 3 and len(array) == count for array in made)
        made = [array[0] if batched and array.ndim > 1 and len(array) == count else array for array in made]
        return dict(zip(self.outputs, made, strict=True))

    # --- what comes out ---------------------------------------------------------------------------------------------------

    def _raw(self, outputs: Outputs) -> Raw:
        try:
            raw = FAMILIES[self.family].read(outputs, self.prepared.size, self.names)
        except (ModelError, StopIteration, ValueError, IndexError) as error:
            shown = ", ".join(f"{name} {list(array.shape)}" for name, array in outputs.items())
            raise ModelError(
                f"{self.what}: its outputs, {shown}, are not those of the family {self.family}: {told(error)}"
            ) from error
        finite(self.what, raw.boxes, raw.scores)
        if len(raw.scores) and (raw.scores.max() > UNIT or raw.scores.min() < -UNIT + 1):
            worst = float(raw.scores.flat[np.abs(raw.scores - 0.5).argmax()])
            raise AnswerError(
                f"{self.what} gives a score of {worst:.3g}, where those of the family {self.family} are between 0 and 1; state"
                f" another with family=NAME, of: {', '.join(FAMILIES)}",
                whole=True,
            )
        return raw

    def _named(self, names: Sequence[str], source: str, raw: Raw) -> Classes:
        """The classes by the user's or the file's names."""
        background = FAMILIES[self.family].background
        if raw.classes is None:
            outputs = raw.scores.shape[1]
            if background == "spare":
                background = "last" if outputs == len(names) + 1 else ""
            return classes(self.what, outputs, names, background, source)
        if not names:
            raise SpecError(f"{self.what} has no names for its classes; pass the argument labels=a,b,c or a file")
        if background == "first" and not NOTHING.fullmatch(names[0].strip()):
            names = ("background", *names)
        return Classes(self.what, names)
