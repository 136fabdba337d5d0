"""The classifiers of torchvision."""

import importlib
import re
from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL.Image import Image

from ...core.label_files import read
from ..shared.device import Device
from ..shared.networks import Scorer, fill, fingerprint, misfit, named_classes, read_weights
from .weights import chosen, fetched


class Classifier:
    """A torchvision network: `torchvision/resnet50`, or `torchvision/resnet50:IMAGENET1K_V1` for particular weights."""

    requires = ("torch", "torchvision")
    extra = "torch"
    example = "torchvision/resnet50"

    def __init__(
        self, model: str, *, checkpoint: str = "", labels: Sequence[str] | str | None = None, device: str = "", dtype: str = ""
    ) -> None:
        """Without :WEIGHTS, torchvision's best are used. `checkpoint`: a file of your own weights instead (.safetensors, or a
        state dict in .pth), together with `labels`: a list, "a,b,c", "imagenet" or a .txt or .json file; pictures are prepared
        as for :WEIGHTS. `device`: "" for the first available of cuda, mps and cpu; `dtype`: "" for float16 on cuda, else
        float32.
        """
        self.device = Device(device, dtype)
        models: Any = importlib.import_module("torchvision").models
        name, weights = chosen(models, "classifier", models.list_models(module=models), model)
        names = read(labels) if labels is not None else () if checkpoint else weights.meta["categories"]
        state = read_weights(checkpoint) if checkpoint else fetched(weights)
        net, outputs = _build(models.get_model_builder(name), name, weights, state)
        self.labels: Sequence[str] = (classes := named_classes(f"torchvision/{model}", outputs, names))
        mark = fingerprint(net, str(weights.transforms()), classes)
        self.id = f"torchvision/{name}:{weights.name}?dtype={self.device.dtype_name}&weights={mark}"
        self.answer = Scorer(self.device, net, weights.transforms())

    def __call__(self, images: Sequence[Image]) -> NDArray[np.float32]:
        """Softmax probabilities [n, labels]. Raises MemoryError if the GPU's memory is too small."""
        return self.answer(images, len(self.labels))


def _build(builder: Callable[..., Any], name: str, weights: Any, state: Any) -> tuple[Any, int]:
    """The network for these weights, built for pictures of their size, and its number of classes."""
    torch: Any = importlib.import_module("torch")
    options: dict[str, Any] = {}
    if name.startswith("vit_"):
        options["image_size"] = weights.meta["min_size"][0]
    elif name.startswith("maxvit_"):
        options["input_size"] = weights.meta["min_size"]
    elif name in ("googlenet", "inception_v3"):
        # as torchvision loads weights itself; the side outputs, for training, may be missing
        options |= {
            "transform_input": True,
            "init_weights": False,
            "aux_logits": any(k.lower().startswith("aux") for k in state),
        }
    elif name.startswith("densenet"):  # the oldest weights say "norm.1"
        state = OrderedDict((re.sub(r"\.(norm|relu|conv)\.([12])\.", r".\1\2.", k), v) for k, v in state.items())
    net = builder(weights=None, **options)
    # in each of torchvision's networks, the last layer with weights gives the classes
    head, last = [(k, m) for k, m in net.named_modules() if isinstance(m, torch.nn.Linear | torch.nn.Conv2d)][-1]
    if f"{head}.weight" not in state:
        raise misfit(f"torchvision's {name}", state, f"{head}.weight")
    if (outputs := state[f"{head}.weight"].shape[0]) != last.weight.shape[0]:
        net = builder(weights=None, num_classes=outputs, **options)
    if name.startswith("mnasnet") and not hasattr(state, "_metadata"):  # it asks for its version, which safetensors lacks
        state = OrderedDict(state)
        state._metadata = net.state_dict()._metadata
    return fill(net, f"torchvision's {name}", state), outputs
