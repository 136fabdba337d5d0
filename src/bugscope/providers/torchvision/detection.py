"""torchvision's networks for detection."""

import importlib
from collections.abc import Mapping
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from PIL.Image import Image

from ...media.picture import as_rgb
from ..shared.boxes import LEAST
from ..shared.networks import fill, misfit
from .network import Network

HEADS = (
    "roi_heads.box_predictor.cls_score.weight", "head.classification_head.cls_logits.weight",
    "head.classification_head.module_list.0.weight", "head.classification_head.module_list.0.1.weight",
)  # fmt: skip
"""What gives the scores: R-CNN; RetinaNet and FCOS; SSD; SSDlite. Its rows are a multiple of the classes."""
USUAL = 91
"""Classes of torchvision's networks unless stated, the background among them."""
WITHOUT_BACKGROUND = ("retinanet", "fcos")
"""Families whose classes need not begin with the background: they score each class by itself."""
FROZEN = ("fasterrcnn_resnet50_fpn", "maskrcnn_resnet50_fpn", "keypointrcnn_resnet50_fpn", "retinanet_resnet50_fpn")
"""Their oldest weights, COCO_V1, were trained with batch norms that divide by the bare deviation."""


class Finder(Network):
    """A network for detection: for each picture what torchvision makes of it."""

    def built(self, builder: Any, name: str, weights: Any, state: Any) -> tuple[Any, int]:
        """The network for these weights, which gives boxes of low scores too, and its number of classes."""
        torch: Any = importlib.import_module("torch")
        net = builder(weights=None, weights_backbone=None, num_classes=USUAL)
        empty = net.state_dict()
        head = next(key for key in HEADS if key in empty)
        if head not in state:
            raise misfit(f"torchvision's {name}", state, head)
        if (outputs := state[head].shape[0] * USUAL // empty[head].shape[0]) != USUAL:
            net = builder(weights=None, weights_backbone=None, num_classes=outputs)
        # a frozen batch norm, as torchvision trains with, is one that has counted no batches
        counts = {key: value for key, value in net.state_dict().items() if key.endswith(".num_batches_tracked")}
        net = fill(net, f"torchvision's {name}", counts | state)
        if name in FROZEN and weights.name == "COCO_V1":
            for part in net.backbone.modules():
                if isinstance(part, torch.nn.BatchNorm2d):
                    part.eps = 0.0
        getattr(net, "roi_heads", net).score_thresh = LEAST
        return net, outputs

    def background(self, name: str) -> Literal["", "first"]:
        return "" if name.startswith(WITHOUT_BACKGROUND) else "first"

    def __call__(self, image: Image) -> Mapping[str, Any]:
        """Boxes as fractions of a picture's sides, scores, indices of labels (-1: none) and, if the network gives them, masks
        (a tensor of chances). One picture at a time, since several would be padded to one size. Raises MemoryError."""
        image = as_rgb(image)
        pixels = self.transform(image).to(self.device.name, self.device.dtype)
        made = self.device.run(lambda: self.net([pixels])[0])
        boxes, scores, found = (made[key].double().cpu().numpy() for key in ("boxes", "scores", "labels"))
        places: NDArray[np.int64] = self.classes.places[found.astype(np.int64)]
        return {"boxes": boxes / (image.size * 2), "scores": scores, "classes": places, "masks": made.get("masks")}
