"""The segmenters of torchvision: a class for each pixel, or instances with masks."""

import importlib
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL.Image import Image

from ...core.errors import AnswerError
from ...core.records import Detection
from ...media.picture import as_rgb
from ..shared.boxes import detections
from ..shared.masks import LEAST, MOST, reduced
from ..shared.networks import fill, misfit
from .detection import Finder
from .network import Network

INSTANCES = "maskrcnn"
HEADS = ("classifier.4.weight", "classifier.high_classifier.weight")
"""What gives the scores of FCN and DeepLabV3, and of LR-ASPP."""
LONGEST = 4

Answer = NDArray[np.int64] | list[Detection]


class Segmenter:
    """A torchvision segmenter: FCN, DeepLabV3, LR-ASPP, or Mask R-CNN for instances: `torchvision/NAME[:WEIGHTS]`."""

    requires = ("torch", "torchvision")
    extra = "torch"
    example = "torchvision/deeplabv3_resnet50"

    def __init__(
        self, model: str, *, checkpoint: str = "", labels: Sequence[str] | str | None = None, device: str = "", dtype: str = ""
    ) -> None:
        """Without :WEIGHTS, torchvision's best are used. `checkpoint`: a file of your own weights instead (.safetensors, or a
        state dict in .pth), together with `labels`: a list, "a,b,c" or a .txt or .json file, with "background" in the place of
        a class that is none. `device`: "" for the first available of cuda, mps and cpu; `dtype`: "" for float32.
        """
        models: Any = importlib.import_module("torchvision").models
        instances = [name for name in models.list_models(module=models.detection) if name.startswith(INSTANCES)]
        kinds = [*models.list_models(module=models.segmentation), *instances]
        make = _Instances if model.startswith(INSTANCES) else _Pixels
        self.answer: Callable[[Image], Answer] = (made := make(model, kinds, "segmenter", checkpoint, labels, device, dtype))
        self.labels, self.id = made.classes.labels, made.id

    def __call__(self, images: Sequence[Image]) -> list[Answer]:
        """Raises MemoryError if the GPU's memory is too small."""
        return [self.answer(image) for image in images]


class _Instances(Finder):
    def __call__(self, image: Image) -> list[Detection]:  # type: ignore[override]
        made = super().__call__(image)
        best = np.argsort(-made["scores"], kind="stable")[:MOST]
        size = reduced(*as_rgb(image).size)
        torch = self.device.torch
        chances = torch.nn.functional.interpolate(made["masks"][best.copy()].float(), size, mode="bilinear")[:, 0]
        masks = (chances > 0.5).cpu().numpy()
        boxes, scores, found = (made[key][best] for key in ("boxes", "scores", "classes"))
        return detections(self.name, self.classes.labels, boxes, scores, found, masks, LEAST, MOST)


class _Pixels(Network):
    def built(self, builder: Any, name: str, weights: Any, state: Any) -> tuple[Any, int]:
        # the side outputs, for training, may be missing
        side = {"aux_loss": True} if any(key.startswith("aux_classifier.") for key in state) else {}
        usual = len(weights.meta["categories"])
        net = builder(weights=None, weights_backbone=None, num_classes=usual, **side)
        head = next(key for key in HEADS if key in net.state_dict())
        if head not in state:
            raise misfit(f"torchvision's {name}", state, head)
        if (outputs := state[head].shape[0]) != usual:
            net = builder(weights=None, weights_backbone=None, num_classes=outputs, **side)
        return fill(net, f"torchvision's {name}", state), outputs

    def __call__(self, image: Image) -> NDArray[np.int64]:
        """The index of a label for each pixel, in the size in which the network sees the picture; -1: none."""
        pixels = self.transform(_squeezed(as_rgb(image))).to(self.device.name, self.device.dtype)
        made = self.device.run(lambda: self.net(pixels[None])["out"][0])
        if not made.isfinite().all():
            raise AnswerError(f"{self.name} gave numbers that are not finite for pixels")
        places: NDArray[np.int64] = self.classes.places[made.argmax(0).cpu().numpy()]
        return places


def _squeezed(image: Image) -> Image:
    """The picture, with its longer side `LONGEST` times the shorter at most: the shorter is brought to a fixed length, and a
    strip would take gigabytes."""
    most = LONGEST * min(image.size)
    return image if max(image.size) <= most else image.resize((min(image.width, most), min(image.height, most)))
