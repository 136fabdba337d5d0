"""What a network says of pictures in one number for each output; the classifier and the tagger are made of it."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ...core.errors import ModelError, SpecError, unknown
from . import stated
from .network import LAYOUTS, TYPES, Entry, Network, colours, probes
from .preparation import Preparation, preparation
from .stated import VALUES


class Scorer:
    """`network` asked for the rows of one output: `prepared` says how a picture becomes its input, `said` what the file and its
    neighbours state, `raw` [n, outputs] what it says of a few pictures.

    `given`: the user's options for the preparation. Raises SpecError, ModelError.
    """

    def __init__(self, network: Network, given: Mapping[str, Any], layout: str, output: str) -> None:
        self.network = network
        self.said = stated.beside(network.path) | stated.metadata(network.metadata, network.what)
        self.output = _output(network.session, output, network.what)
        self.raw = self._tried(given, layout or str(self.said.get("layout", "")).lower())
        self.outputs = self.raw.shape[1]

    def __call__(self, images: Sequence[Image.Image]) -> NDArray[np.float32]:
        """Rows [n, outputs] as the network gives them. Raises MemoryError."""
        step = self.entry.at_once
        parts = [self._run(images[i : i + step]) for i in range(0, len(images), step)]
        return np.concatenate(parts) if parts else np.zeros((0, self.outputs), np.float32)

    def id(self, *more: Any) -> str:
        """The network and how it is asked."""
        return f"{self.network.what}?model={self.network.digest()}&options={mark(self.prepared, *more, *self.guessed)}"

    def _tried(self, given: Mapping[str, Any], layout: str) -> NDArray[np.float32]:
        """The scores of a few pictures, once it is known how they become the input; what the layout is, if the file leaves it
        open, is found by trying."""
        inputs = self.network.session.get_inputs()
        if len(inputs) != 1:
            names = ", ".join(repr(i.name) for i in inputs)
            raise ModelError(f"{self.network.what} has {len(inputs)} inputs ({names}); a classifier of pictures has one")
        shape = inputs[0].shape
        open_to_both = not layout and len(shape) == 4 and colours(shape) is None
        self.guessed: tuple[str, ...] = ()
        first: ModelError | None = None
        for one in LAYOUTS if open_to_both else (layout,):
            self.entry = Entry(self.network, inputs[0], one)
            self.prepared = prepared(self.network.what, self.entry, given, self.said)
            try:
                raw = np.concatenate([self._run([image]) for image in probes(self.prepared.size)])
            except ModelError as error:
                first = first or error
                continue
            self.guessed = (one,) if one == "nhwc" else ()
            return raw
        assert first is not None
        raise first

    def _run(self, images: Sequence[Image.Image]) -> NDArray[np.float32]:
        """What the network says of one batch [n, outputs]."""
        pixels = self.entry.packed([self.prepared(image) for image in images])
        (made,) = self.network.run([self.output], {self.entry.name: pixels})
        shape = made.shape
        if shape == (len(pixels),):  # the one output of each picture, without an axis of its own
            shape, made = (len(pixels), 1), made.reshape(-1, 1)
        if len(shape) < 2 or shape[0] != len(pixels) or made.size != len(pixels) * max(shape[1:]):
            raise ModelError(f"{self.network.what} gives an output of shape {shape}; expected ({len(pixels)}, classes)")
        return made.reshape(len(pixels), -1)[: len(images)].astype(np.float32)


def prepared(what: str, entry: Entry, given: Mapping[str, Any], said: Mapping[str, Any]) -> Preparation:
    """How a picture becomes this input, by the user's options and by what the file says."""
    if "size" in given and said.get("resize") != "squash":  # the stated resizing belongs to another size
        said = {key: value for key, value in said.items() if key != "resize"}
    if entry.type is np.uint8:
        if stated := [key for key in VALUES if key in given]:
            raise SpecError(f"{what} takes values from 0 to 255 as they are (uint8), so no {stated[0]!r}")
        said = {**said, "mean": 0, "std": 1, "scale": 1}
    return preparation(what, {**said, **given}, entry.sides, entry.depth)


def mark(prepared: Preparation, *more: Any) -> str:
    """What tells two ways to ask the same network apart."""
    return hashlib.sha256(json.dumps([asdict(prepared), *more]).encode()).hexdigest()[:8]


def options(**given: Any) -> dict[str, Any]:
    """Those that the user states."""
    return {key: value for key, value in given.items() if value != ""}


def _output(session: Any, wanted: str, what: str) -> str:
    """The named output, the only one, or the only one that can hold scores [n, classes]."""
    outputs = {o.name: o for o in session.get_outputs()}
    if wanted and wanted not in outputs:
        raise unknown(f"output of {what}", wanted, outputs)
    tensors = [name for name, o in outputs.items() if o.type in TYPES]
    scores = [name for name in tensors if len(outputs[name].shape) == 2]
    found = [wanted] if wanted else tensors if len(tensors) == 1 else scores
    if len(found) != 1 or found[0] not in tensors:
        kinds = ", ".join(f"{name} ({o.type} {o.shape})" for name, o in outputs.items())
        raise SpecError(f"{what}: which output has the scores? Pass output=NAME, of: {kinds}")
    return str(found[0])


def probabilities(rows: NDArray[np.float32]) -> bool:
    """Of all labels together, or, as a sigmoid gives them, of each by itself."""
    return bool(rows.min() >= 0 and rows.max() <= 1 and rows.max() > 0)
