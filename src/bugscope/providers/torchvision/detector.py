"""The detectors of torchvision."""

import importlib
from collections.abc import Sequence
from typing import Any

from PIL.Image import Image

from ...core.records import Detection
from ..shared.boxes import detections
from .detection import Finder


class Detector:
    """A torchvision detector: Faster R-CNN, Mask R-CNN, FCOS, RetinaNet, SSD, SSDlite: `torchvision/NAME[:WEIGHTS]`."""

    requires = ("torch", "torchvision")
    extra = "torch"
    example = "torchvision/fasterrcnn_resnet50_fpn_v2"

    def __init__(
        self, model: str, *, checkpoint: str = "", labels: Sequence[str] | str | None = None, device: str = "", dtype: str = ""
    ) -> None:
        """Without :WEIGHTS, torchvision's best are used. `checkpoint`: a file of your own weights instead (.safetensors, or a
        state dict in .pth), together with `labels`: a list, "a,b,c" or a .txt or .json file; the background, class 0, may be
        left out or be called "background". `device`: "" for the first available of cuda, mps and cpu; `dtype`: "" for float32.
        """
        models: Any = importlib.import_module("torchvision").models
        kinds = models.list_models(module=models.detection)
        self.network = Finder(model, kinds, "detector", checkpoint, labels, device, dtype)
        self.labels, self.id = self.network.classes.labels, self.network.id

    def __call__(self, images: Sequence[Image]) -> list[list[Detection]]:
        """Raises MemoryError if the GPU's memory is too small."""
        return [self._seen(image) for image in images]

    def _seen(self, image: Image) -> list[Detection]:
        made = self.network(image)
        return detections(self.network.name, self.labels, made["boxes"], made["scores"], made["classes"])
