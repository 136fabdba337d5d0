"""The classes that a checkpoint was trained on, or any labels by comparing pictures with texts."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL.Image import Image

from ...core.errors import SpecError
from ...core.label_files import read
from ..shared.networks import named_classes
from ..shared.zeroshot import ZeroShotClassifier, digest
from .embedder import Embedder
from .loading import CLASSES, CLASSIFY, Network, class_names


class Classifier:
    """An image classifier, or CLIP, SigLIP and ALIGN over any labels: `hf/OWNER/NAME` of the Hugging Face hub, `hf/FOLDER`."""

    requires = ("torch", "transformers")
    extra = "torch"
    example = "hf/google/vit-base-patch16-224"

    def __init__(
        self, model: str, *, labels: Any = None, templates: Any = None, device: str = "", dtype: str = "", revision: str = ""
    ) -> None:
        """`labels`: a list, "a,b,c", "imagenet" or a .txt or .json file; None for the checkpoint's own names, or ImageNet's
        if it takes any labels. `templates`: sentences with {label}, a list or one string with | between them. `device`: "" for
        the first available of cuda, mps and cpu; `dtype`: "" for bfloat16 or float16 on cuda, as the checkpoint is stored, else
        float32; `revision`: the hub's.
        """
        self.network = network = Network(model, CLASSIFY, device, dtype, revision)
        self.answer: Callable[[Sequence[Image]], NDArray[np.float32]]
        if network.kind is CLASSES:
            if templates:
                raise SpecError(
                    f"{network.name} is a {network.architecture}, which takes no argument templates: its classes are fixed"
                )
            names = class_names(network.config) if labels is None else read(labels)
            self.labels: Sequence[str] = named_classes(network.name, network.config.num_labels, names)
            self.id, self.answer = f"{network.id}&labels={digest(self.labels)}", self._scores
        else:
            zero_shot = ZeroShotClassifier(Embedder(network), "imagenet" if labels is None else labels, templates)
            self.labels, self.answer = zero_shot.labels, zero_shot
            self.id = f"{network.id}&texts={zero_shot.digest}"

    def __call__(self, images: Sequence[Image]) -> NDArray[np.float32]:
        """Softmax probabilities [n, labels]. Raises MemoryError if the GPU's memory is too small."""
        return self.answer(images)

    def _scores(self, images: Sequence[Image]) -> NDArray[np.float32]:
        rows = self.network.each(images, self.network.inputs, self._ask)
        return np.array(rows, dtype=np.float32).reshape(len(images), len(self.labels))

    def _ask(self, **inputs: Any) -> Any:
        return self.network.net(**inputs).logits.float().softmax(dim=1).cpu().numpy()
