"""timm/NAME: every classifier and tagger of timm, from its registry, the Hugging Face hub or a folder, on PyTorch.

Pictures are prepared as the checkpoint's configuration says.
"""

import contextlib
import importlib
import sys
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL.Image import Image

from ..core.errors import SpecError, unknown
from ..core.label_files import read
from ..core.labels import WORDNET, imagenet, wordnet_ids
from .shared.device import Device
from .shared.networks import Scorer, fill, fingerprint, misfit, named_classes, read_weights

SOURCES = ("hf-hub:", "hf_hub:", "local-dir:")


class Classifier:
    """A timm network: `timm/resnet50.a1_in1k`, `timm/hf-hub:OWNER/NAME`, or `timm/local-dir:FOLDER` as timm saves them."""

    requires = ("torch", "timm")
    extra = "torch"
    example = "timm/resnet50.a1_in1k"

    def __init__(
        self, model: str, *, checkpoint: str = "", labels: Sequence[str] | str | None = None, device: str = "", dtype: str = ""
    ) -> None:
        """`checkpoint`: a file of your own weights (.safetensors, or a state dict in .pth) for that architecture, together with
        `labels`: a list, "a,b,c", "imagenet" or a .txt or .json file. Without `labels`, the checkpoint's names, or those of
        the ImageNet with that number of classes. `device`: "" for the first available of cuda, mps and cpu; `dtype`: "" for
        float16 on cuda, else float32.
        """
        made = _Made(model, checkpoint, () if labels is None else read(labels), device, dtype)
        self.labels: Sequence[str] = made.labels
        self.id, self.device = made.id, made.device
        self.answer = Scorer(made.device, made.net, made.transform)

    def __call__(self, images: Sequence[Image]) -> NDArray[np.float32]:
        """Softmax probabilities [n, labels]. Raises MemoryError if the GPU's memory is too small."""
        return self.answer(images, len(self.labels))


class Tagger:
    """A timm network that was trained on several labels a picture: `timm/NAME` with your own weights, the hub or a folder."""

    requires = ("torch", "timm")
    extra = "torch"
    example = "timm/hf-hub:OWNER/NAME"

    def __init__(
        self, model: str, *, checkpoint: str = "", labels: Sequence[str] | str | None = None, device: str = "", dtype: str = ""
    ) -> None:
        """As for `Classifier`; one label may be all."""
        made = _Made(model, checkpoint, () if labels is None else read(labels, least=1), device, dtype)
        self.labels: Sequence[str] = made.labels
        self.id = f"{made.id}&sigmoid"
        self.answer = Scorer(made.device, made.net, made.transform, apart=True)

    def __call__(self, images: Sequence[Image]) -> NDArray[np.float32]:
        """Probabilities [n, labels], each by itself. Raises MemoryError if the GPU's memory is too small."""
        return self.answer(images, len(self.labels))


class _Made:
    """A network with its labels, its id, and how it is shown pictures."""

    def __init__(self, model: str, checkpoint: str, names: Sequence[str], device: str, dtype: str) -> None:
        self.device = Device(device, dtype)
        timm: Any = importlib.import_module("timm")
        data: Any = importlib.import_module("timm.data")
        model = current_name(timm, model, own=bool(checkpoint))
        with contextlib.redirect_stdout(sys.stderr):  # torch.hub prints what it downloads
            net = _own(timm, model, checkpoint) if checkpoint else timm.create_model(model, pretrained=True).eval()
        if not net.num_classes:
            raise SpecError(f"timm/{model} gives features and has no classes; choose one that was trained to classify")
        classes = named_classes(f"timm/{model}", net.num_classes, names or (() if checkpoint else _names(data, net)))
        self.labels = classes
        config = data.resolve_model_data_config(net)
        if config["input_size"][0] != 3:
            raise SpecError(f"timm/{model} takes pictures of {config['input_size'][0]} channels; expected 3")
        cfg = net.pretrained_cfg
        full = model if model.startswith(SOURCES) or not cfg.get("tag") else f"{cfg['architecture']}.{cfg['tag']}"
        self.id = f"timm/{full}?dtype={self.device.dtype_name}&weights={fingerprint(net, config, classes)}"
        self.net, self.transform = net, data.create_transform(**config, is_training=False)


def current_name(timm: Any, model: str, own: bool) -> str:
    """Its present name in timm. Raises SpecError with the nearest one, and for an architecture without weights unless they are
    your `own`."""
    if model.startswith(SOURCES):
        return model
    if "/" in model or ":" in model or "\\" in model:
        raise SpecError(f"timm/{model}: write timm/hf-hub:{model} for the hub, timm/local-dir:{model} for a folder")
    registry: Any = importlib.import_module("timm.models")
    model = registry.get_deprecated_models().get(model) or model
    architecture, _, tag = model.partition(".")
    if not registry.is_model(model):
        raise unknown("timm model", model, {*timm.list_models(), *timm.list_pretrained()})
    tagged = timm.list_models(architecture, include_tags=True)
    if tag and model not in tagged:
        raise unknown(f"timm weights of {architecture}", model, tagged)
    if not own and not registry.is_model_pretrained(model):
        having = timm.list_pretrained(architecture)
        other = f" or choose {having[0]!r}" if having else ""
        raise SpecError(f"timm has no weights of {model!r}; pass your own (checkpoint=FILE){other}")
    return model


def _own(timm: Any, model: str, checkpoint: str) -> Any:
    """The architecture with the weights of a file, which fix the number of classes."""
    state = read_weights(checkpoint)
    net = timm.create_model(model, pretrained=False)
    heads = net.pretrained_cfg.get("classifier") or "head"
    head = f"{heads if isinstance(heads, str) else heads[0]}.weight"  # with two heads (DeiT), the answer is their mean
    if head not in state:
        raise misfit(f"timm's {model}", state, head)
    if (classes := state[head].shape[0]) != net.num_classes:
        net = timm.create_model(model, pretrained=False, num_classes=classes)
    return fill(net, f"timm's {model}", state)


def _names(data: Any, net: Any) -> Sequence[str]:
    """The checkpoint's names of its classes, else those of the ImageNet with that number of classes; () if unknown."""
    names, described = net.pretrained_cfg.get("label_names"), net.pretrained_cfg.get("label_descriptions") or {}
    if names:
        names = read(names)
    elif subset := data.infer_imagenet_subset(net):
        info = data.ImageNetInfo(subset)
        names, described = info.label_names(), info.label_descriptions(as_dict=True)
    if names and all(WORDNET.match(name) and name in described for name in names):
        return synset_names(names, described)
    return names or ()


def synset_names(ids: Sequence[str], described: dict[str, str]) -> list[str]:
    """WordNet ids and their lemmas -> names: ours for the 1,000 of ImageNet-1k, the first lemma that is free for the others,
    and "ball (n02778669)" where none is."""
    ours = {wordnet: name for name, wordnet in wordnet_ids().items()}
    taken = set(imagenet())
    made = []
    for key in ids:
        lemmas = [lemma.strip() for lemma in described[key].split(",")]
        made.append(ours.get(key) or next((x for x in lemmas if x and x not in taken), f"{lemmas[0]} ({key})"))
        taken.add(made[-1])
    return made
