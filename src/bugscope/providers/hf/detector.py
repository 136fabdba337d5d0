"""What a picture shows and where: the classes that a checkpoint was trained on, or any labels."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from PIL.Image import Image

from ...core.errors import SpecError
from ...core.label_files import read
from ...core.records import Detection
from ...media.picture import as_rgb
from ..shared.boxes import LEAST, detections
from ..shared.classes import classes
from ..shared.zeroshot import digest
from .grounding import Phrases, Texts
from .loading import DETECT, GROUNDED, Network, class_names

Found = tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.int64]]
"""Boxes as fractions of a picture's sides, scores, and indices of labels (-1: none)."""


class Asker(Protocol):
    """How a family is asked about a picture, in one or several `parts`."""

    @property
    def labels(self) -> Sequence[str]: ...

    @property
    def parts(self) -> int: ...

    def inputs(self, image: Image, part: int) -> Mapping[str, Any]:
        """What the network is given about one picture."""

    def boxes(self, made: Any, sizes: Any, part: int) -> Sequence[Mapping[str, Any]]:
        """For each picture boxes in its pixels, scores and indices of labels. `sizes`: heights and widths [n, 2]."""


class Detector:
    """DETR, RT-DETR, YOLOS and their kin, or OWLv2 and Grounding DINO over any labels: `hf/OWNER/NAME`, `hf/FOLDER`."""

    requires = ("torch", "transformers")
    extra = "torch"
    example = "hf/PekingU/rtdetr_r50vd"

    def __init__(
        self, model: str, *, labels: Any = None, template: str = "", device: str = "", dtype: str = "", revision: str = ""
    ) -> None:
        """`labels`: a list, "a,b,c", or a .txt or .json file; None for the checkpoint's own names; what to look for if it takes
        any labels. `template`: what OWLv2 and OWL-ViT are told, with {label}; "" for "a photo of a {label}". `device`: "" for
        the first available of cuda, mps and cpu; `dtype`: "" for float32; `revision`: the hub's.
        """
        # half precision moves boxes
        self.network = network = Network(model, DETECT, device, dtype or "float32", revision)
        if template and not (network.kind is GROUNDED and "owl" in network.config.model_type):
            raise SpecError(f"{network.name} is a {network.architecture}, which takes no argument template")
        self.asker: Asker = _grounded(network, labels, template) if network.kind is GROUNDED else _Trained(network, labels)
        self.labels = self.asker.labels
        told = getattr(self.asker, "told", ())
        self.id = f"{network.id}&labels={digest(self.labels, *told)}"

    def __call__(self, images: Sequence[Image]) -> list[list[Detection]]:
        """Raises MemoryError if the GPU's memory is too small."""
        parts = range(self.asker.parts)
        found = [self.network.each(images, partial(self._inputs, part), partial(self._ask, part)) for part in parts]
        return list(map(self._seen, zip(*found, strict=True)))

    def _inputs(self, part: int, image: Image) -> Mapping[str, Any]:
        image = as_rgb(image)
        size = self.network.device.torch.tensor([[image.height, image.width]])
        return {**self.asker.inputs(image, part), "picture_sizes": size}

    def _ask(self, part: int, picture_sizes: Any, **inputs: Any) -> list[Found]:
        made = self.asker.boxes(self.network.net(**inputs), picture_sizes, part)
        sides = picture_sizes.flip(1).repeat(1, 2).double().cpu().numpy()
        return [
            (
                one["boxes"].double().cpu().numpy() / side,
                one["scores"].double().cpu().numpy(),
                np.asarray(one["labels"].cpu().numpy(), dtype=np.int64),
            )
            for one, side in zip(made, sides, strict=True)
        ]

    def _seen(self, found: Sequence[Found]) -> list[Detection]:
        boxes, scores, places = (np.concatenate(parts) for parts in zip(*found, strict=True))
        return detections(self.network.name, self.labels, boxes, scores, places)


class _Trained:
    """The classes of a checkpoint."""

    parts = 1

    def __init__(self, network: Network, labels: Any) -> None:
        if not hasattr(network.pictures, "post_process_object_detection"):
            raise SpecError(f"{network.name} is a {network.architecture}, whose boxes transformers does not tell")
        self.network = network
        names = class_names(network.config) if labels is None else read(labels, least=1)
        self.classes = classes(network.name, network.config.num_labels, names)
        self.labels = self.classes.labels

    def inputs(self, image: Image, part: int) -> Mapping[str, Any]:
        return self.network.inputs(image)

    def boxes(self, made: Any, sizes: Any, part: int) -> Sequence[Mapping[str, Any]]:
        found = self.network.pictures.post_process_object_detection(made, threshold=LEAST, target_sizes=sizes)
        places = self.network.device.torch.tensor(self.classes.places)
        return [{**one, "labels": places[one["labels"].cpu()]} for one in found]


def _grounded(network: Network, labels: Any, template: str) -> Asker:
    if labels is None:
        raise SpecError(f"{network.name} finds whatever it is told to; say what, as in labels=bus,chair or labels=FILE.txt")
    if "owl" in network.config.model_type:
        return Texts(network, labels, template)
    if "grounding-dino" in network.config.model_type:
        return Phrases(network, labels)
    raise SpecError(
        f"{network.name} is a {network.architecture}; of zero-shot detectors, OWL-ViT, OWLv2 and Grounding DINO fit"
    )
