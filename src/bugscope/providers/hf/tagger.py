"""Any number of labels at once, each with a probability of its own."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL.Image import Image

from ...core.errors import SpecError
from ...core.label_files import read
from ..shared.networks import named_classes
from ..shared.zeroshot import digest
from .loading import TAG, Network, class_names

STATED = "multi_label_classification"


class Tagger:
    """An image classifier that was trained on several labels a picture: `hf/OWNER/NAME`, `hf/FOLDER`."""

    requires = ("torch", "transformers")
    extra = "torch"
    example = "hf/OWNER/NAME"

    def __init__(
        self,
        model: str,
        *,
        labels: Any = None,
        multi_label: bool = False,
        device: str = "",
        dtype: str = "",
        revision: str = "",
    ) -> None:
        """`labels`: a list, "a,b,c", or a .txt or .json file; None for the checkpoint's own names. `multi_label`: it was
        trained on several labels a picture though its configuration (`problem_type`) does not say so. `device`: "" for the
        first available of cuda, mps and cpu; `dtype`: "" for bfloat16 or float16 on cuda, as the checkpoint is stored, else
        float32; `revision`: the hub's.
        """
        self.network = network = Network(model, TAG, device, dtype, revision)
        stated = network.config.problem_type
        if stated != STATED and not multi_label:
            raise SpecError(
                f"{network.name} does not say that it was trained on several labels a picture: its problem_type"
                f" is {stated!r}, not {STATED!r}; if it was, pass the argument multi_label=true"
            )
        names = class_names(network.config) if labels is None else read(labels)
        self.labels: Sequence[str] = named_classes(network.name, network.config.num_labels, names)
        self.id = f"{network.id}&labels={digest(self.labels)}"

    def __call__(self, images: Sequence[Image]) -> NDArray[np.float32]:
        """Probabilities [n, labels], each by itself. Raises MemoryError if the GPU's memory is too small."""
        rows = self.network.each(images, self.network.inputs, self._ask)
        return np.array(rows, dtype=np.float32).reshape(len(images), len(self.labels))

    def _ask(self, **inputs: Any) -> Any:
        return self.network.net(**inputs).logits.float().sigmoid().cpu().numpy()
