"""A detector in an ONNX file."""

from collections.abc import Mapping, Sequence
from typing import Any

from PIL import Image

from ...core.records import Detection
from ..shared.boxes import detections
from .finder import Finder
from .network import Network
from .scorer import options


class Detector:
    """A detector in an ONNX file: `onnx/model.onnx`; exports of YOLO, DETR, RF-DETR, RT-DETR, SSD and others are recognised."""

    requires = ("onnxruntime",)
    extra = "onnx"
    example = "onnx/yolo11n.onnx"

    def __init__(
        self, model: str, *, labels: Sequence[str] | Mapping[Any, Any] | str | None = None, family: str = "", fit: str = "",
        size: int | Sequence[int] | str = "", mean: float | Sequence[float] | str = "",
        std: float | Sequence[float] | str = "", scale: float | str = "", interpolation: str = "", channels: str = "",
        layout: str = "", iou: float = 0.0, device: str = "", threads: int = 0,
    ) -> None:  # fmt: skip
        """ "" and None are filled in by the file, as described at the top of the package, else by what is usual in the family.

        `labels`: what `core.label_files.read` reads, with "background" or "N/A" for a class that is none. `family`: how the
        outputs are laid out (`onnx.layouts.FAMILIES`), if it is not recognised. `fit`: "letterbox" or "stretch", how a picture
        gets the network's size. `iou`: of two boxes of a label that overlap by more, only the better is kept; 0 for what
        is usual in the family (nothing more, if the file itself has done so). `size`, `mean`, `std`, `scale`, `interpolation`,
        `channels`, `layout`, `device`, `threads`: as for `Classifier`.
        """
        given = options(size=size, mean=mean, std=std, scale=scale, interpolation=interpolation, channels=channels)
        self.finder = Finder(Network(model, device, threads), labels, given, layout, family, fit, iou)
        self.labels: Sequence[str] = self.finder.classes.labels
        self.id = self.finder.id

    def __call__(self, images: Sequence[Image.Image]) -> list[list[Detection]]:
        """Raises MemoryError, and AnswerError for numbers that are no boxes."""
        return [self._seen(image) for image in images]

    def _seen(self, image: Image.Image) -> list[Detection]:
        seen = self.finder(image)
        return detections(self.finder.what, self.labels, seen.undo(seen.boxes), seen.scores, seen.places)
