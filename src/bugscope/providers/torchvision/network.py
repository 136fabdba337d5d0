"""A network of torchvision that says where things are, with its weights or your own, ready to be asked."""

import importlib
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, Literal

from ...core.label_files import read
from ..shared.classes import classes
from ..shared.device import Device
from ..shared.networks import fingerprint, read_weights
from .weights import chosen, fetched


class Network(ABC):
    """`name`, `classes`, `transform`, `net` on its `device`, and the `id` that all of these are in."""

    def __init__(
        self, model: str, kinds: Sequence[str], what: str, checkpoint: str, labels: Any, device: str, dtype: str
    ) -> None:
        """`kinds`: the names of networks that there are; `what` they are, in an error."""
        # half precision moves boxes by pixels
        self.device = Device(device, dtype or "float32")
        models: Any = importlib.import_module("torchvision").models
        name, weights = chosen(models, what, kinds, model)
        self.name = f"torchvision/{model}"
        state = read_weights(checkpoint) if checkpoint else fetched(weights)
        net, outputs = self.built(models.get_model_builder(name), name, weights, state)
        names = read(labels, least=1) if labels is not None else () if checkpoint else weights.meta["categories"]
        self.classes = classes(self.name, outputs, names, self.background(name))
        self.transform = weights.transforms()
        mark = fingerprint(net, str(self.transform), names)
        self.id = f"torchvision/{name}:{weights.name}?dtype={self.device.dtype_name}&weights={mark}"
        self.net = net.to(self.device.name, self.device.dtype)

    @abstractmethod
    def built(self, builder: Any, name: str, weights: Any, state: Any) -> tuple[Any, int]:
        """The network for these weights, and its number of classes."""

    def background(self, name: str) -> Literal["", "first"]:
        """Which class is none, if names leave it out."""
        return ""
