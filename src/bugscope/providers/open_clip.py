"""open_clip/ARCH:WEIGHTS: any CLIP or SigLIP that open_clip knows, as a zero-shot classifier or judge, on PyTorch.

`ViT-B-32:laion2b_s34b_b79k` (a tag of open_clip), `ViT-B-32:/path/weights.safetensors`, `hf-hub:OWNER/NAME`, or
`local-dir:FOLDER` (with open_clip_config.json). Weights are read from safetensors if there are any, else as tensors only;
no code of a checkpoint is run.
"""

import importlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL.Image import Image

from ..core.errors import ModelError, SpecError, told, unknown
from ..media.picture import as_rgb
from .shared.device import Device
from .shared.zeroshot import ZeroShotClassifier, ZeroShotJudge

PLACES = ("hf-hub", "local-dir")


class Network:
    """A checkpoint of open_clip with its preprocessing and tokenizer: a `shared.zeroshot.Embedder`."""

    def __init__(self, model: str, device: str, dtype: str) -> None:
        self.device = Device(device, dtype)
        self.clip: Any = importlib.import_module("open_clip")
        self.id = f"open_clip/{model}?dtype={self.device.dtype_name}"
        name, options = self._find(model)
        made = self.clip.create_model_from_pretrained(
            name, device=self.device.name, weights_only=True, pretrained_text=False, **options
        )
        self.network, self.preprocess = made[0].eval(), made[1]
        self.tokenize: Any = self.clip.get_tokenizer(name)
        self.scale = float(self.network.logit_scale.detach().exp())

    def embed_images(self, images: Sequence[Image]) -> NDArray[np.float32]:
        torch = self.device.torch
        rows = self.device.each(
            images, lambda batch: self._rows("encode_image", torch.stack([self.preprocess(as_rgb(image)) for image in batch]))
        )
        return np.array(rows, dtype=np.float32)

    def embed_texts(self, texts: Sequence[str]) -> NDArray[np.float32]:
        return np.array(self.device.run(lambda: self._rows("encode_text", self.tokenize(list(texts)))), dtype=np.float32)

    def _rows(self, how: str, inputs: Any) -> Any:
        kind, dtype = self.device.name.partition(":")[0], self.device.dtype
        # weights stay float32: not every tower of open_clip can be cast
        with self.device.torch.autocast(kind, dtype=dtype, enabled=self.device.dtype_name != "float32"):
            made = getattr(self.network, how)(inputs.to(self.device.name))
        return self.device.torch.nn.functional.normalize(made.float(), dim=-1).cpu().numpy()

    def _find(self, model: str) -> tuple[str, dict[str, Any]]:
        """Its name in open_clip, and how it is loaded. Raises SpecError with the nearest name or tag."""
        name, _, weights = model.partition(":")
        place, name = name, name if name in PLACES else name.replace("/", "-")
        if name not in PLACES and name not in self.clip.list_models():
            raise unknown("open_clip model", place, [*self.clip.list_models(), *(f"{place}:" for place in PLACES)])
        if not weights:
            raise SpecError(f"open_clip/{model} names no weights; it should read open_clip/ARCH:WEIGHTS{self._known(name)}")
        name = model if name in PLACES else name
        self._check(name)
        if name == model:
            return name, {}
        tag = self.clip.get_pretrained_cfg(name, weights)
        if not tag and not Path(weights).is_file():
            if Path(weights).name != weights or Path(weights).suffix:
                raise SpecError(f"no file {weights!r} with weights of {name}")
            raise unknown(f"weights of {name}", weights, self.clip.list_pretrained_tags_by_model(name))
        # open_clip only warns about it: with the other activation the weights recognise much less
        return name, {"pretrained": weights, "force_quick_gelu": bool(tag.get("quick_gelu"))}

    def _known(self, name: str) -> str:
        tags = [] if name in PLACES else self.clip.list_pretrained_tags_by_model(name)
        return f", e.g. open_clip/{name}:{tags[0]}" if tags else ""

    def _check(self, name: str) -> None:
        """Raises ModelError for a config that cannot be read or asks to run code."""
        try:
            config = self.clip.get_model_config(name)
        except OSError as error:
            raise ModelError(f"cannot read {name!r}: {told(error)}") from error
        if "trust_remote_code" in json.dumps(config):
            raise ModelError(f"{name!r} asks to run code that comes with it, which is not allowed")


class Classifier(ZeroShotClassifier):
    """CLIP or SigLIP over any label list: `open_clip/ARCH:WEIGHTS`, `open_clip/hf-hub:OWNER/NAME`."""

    requires = ("torch", "open_clip")
    extra = "torch"
    example = "open_clip/ViT-B-32:laion2b_s34b_b79k"

    def __init__(
        self, model: str, *, labels: Any = "imagenet", templates: Any = None, device: str = "", dtype: str = ""
    ) -> None:
        """`labels`: a list, "a,b,c", "imagenet" or a file; `templates`: sentences with {label}, a list or one string with |
        between them; `device`: "" for the first available of cuda, mps and cpu; `dtype`: "" for float16 on cuda, else float32.
        """
        network = Network(model, device, dtype)
        super().__init__(network, labels, templates)
        self.id = f"{network.id}&texts={self.digest}"


class Judge(ZeroShotJudge):
    """CLIP or SigLIP: does the label fit the picture better than every other name? `open_clip/ARCH:WEIGHTS`."""

    requires = ("torch", "open_clip")
    extra = "torch"
    example = "open_clip/ViT-L-14:laion2b_s32b_b82k"

    def __init__(
        self, model: str, *, against: Any = "imagenet", templates: Any = None, top: int = 1, device: str = "", dtype: str = ""
    ) -> None:
        """`against`: what a label is contrasted with, given as `labels` are; `top`: see `shared.zeroshot.ZeroShotJudge`."""
        network = Network(model, device, dtype)
        super().__init__(network, against, templates, top)
        self.id = f"{network.id}&texts={self.digest}"
