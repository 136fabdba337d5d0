"""A class for each pixel, or instances with masks."""

import inspect
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL.Image import Image

from ...core.errors import SpecError
from ...core.label_files import read
from ...core.records import Detection
from ...media.picture import as_rgb
from ..shared.boxes import detections
from ..shared.classes import classes
from ..shared.masks import LEAST, MOST, enclosing, reduced
from ..shared.zeroshot import digest
from .loading import REGIONS, SEGMENT, TOLD, Network, class_names

Answer = NDArray[np.int64] | list[Detection]


class Segmenter:
    """SegFormer, DPT, BEiT; Mask2Former, MaskFormer, OneFormer, also for instances: `hf/OWNER/NAME`, `hf/FOLDER`."""

    requires = ("torch", "transformers")
    extra = "torch"
    example = "hf/nvidia/segformer-b0-finetuned-ade-512-512"

    def __init__(
        self, model: str, *, labels: Any = None, instances: bool | None = None,
        device: str = "", dtype: str = "", revision: str = "",
    ) -> None:  # fmt: skip
        """`labels`: a list, "a,b,c", or a .txt or .json file; None for the checkpoint's own names. `instances`: whether things
        of one label are told apart, which only checkpoints that give masks can; None: if its name says "instance". `device`: ""
        for the first available of cuda, mps and cpu; `dtype`: "" for float32; `revision`: the hub's.
        """
        self.network = network = Network(model, SEGMENT, device, dtype or "float32", revision)
        self.instances = "instance" in model.lower() if instances is None else instances
        if network.kind is REGIONS:
            if instances:
                raise SpecError(f"{network.name} is a {network.architecture}, which tells no instances apart")
            self.instances = False
        kind = "instance" if self.instances else "semantic"
        self.read = getattr(network.pictures, f"post_process_{kind}_segmentation", None)
        if self.read is None:
            raise SpecError(f"{network.name} is a {network.architecture}, whose {kind} masks transformers does not tell")
        self.told: dict[str, Any] = {"task_inputs": [kind]} if network.config.model_type in TOLD else {}
        names = class_names(network.config) if labels is None else read(labels, least=1)
        self.classes = classes(network.name, network.config.num_labels, names)
        self.labels = self.classes.labels
        self.id = f"{network.id}&{kind}&labels={digest(self.labels)}"

    def __call__(self, images: Sequence[Image]) -> list[Answer]:
        """For each picture the index of a label for each of its pixels (-1: none), or its instances; pictures are shown with
        the longer side 512 at most. Raises MemoryError if the GPU's memory is too small."""
        return self.network.each(images, self._inputs, self._ask)

    def _inputs(self, image: Image) -> dict[str, Any]:
        image = as_rgb(image)
        made = self.network.inputs(image, **self.told)
        size = self.network.device.torch.tensor([reduced(*image.size)])
        return {name: value for name, value in made.items() if hasattr(value, "shape")} | {"picture_sizes": size}

    def _ask(self, picture_sizes: Any, **inputs: Any) -> list[Answer]:
        made = self.network.net(**inputs)
        sizes = [tuple(size) for size in picture_sizes.tolist()]
        assert self.read is not None
        if not self.instances:
            return [self.classes.places[one.cpu().numpy()] for one in self.read(made, target_sizes=sizes)]
        apart = {"return_binary_maps": True} if "return_binary_maps" in inspect.signature(self.read).parameters else {}
        return [self._seen(one) for one in self.read(made, threshold=LEAST, target_sizes=sizes, **apart)]

    def _seen(self, made: Any) -> list[Detection]:
        segments = made["segments_info"]
        if not segments:
            return []
        given: NDArray[np.float64] = made["segmentation"].cpu().numpy()
        masks = given > 0.5 if given.ndim == 3 else np.stack([given == segment["id"] for segment in segments])
        scores = np.array([segment["score"] for segment in segments], dtype=np.float64)
        places = self.classes.places[[segment["label_id"] for segment in segments]]
        found = detections(self.network.name, self.labels, enclosing(masks), scores, places, masks, LEAST, MOST)
        return found
