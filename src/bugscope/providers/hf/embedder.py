"""Pictures and texts in one space: CLIP, SigLIP, ALIGN and their kin."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL.Image import Image

from ...core.errors import SpecError
from ..shared.zeroshot import normalised
from .loading import Network

LONGEST = 77
"""Tokens of a text, or as many as the network takes. All are padded to that: SigLIP was trained so, and CLIP ignores it."""


class Embedder:
    """A zero-shot checkpoint as a `shared.zeroshot.Embedder`."""

    def __init__(self, network: Network) -> None:
        self.network, net = network, network.net
        if not all(hasattr(net, name) for name in ("get_image_features", "get_text_features")):
            raise SpecError(f"{network.name} is a {network.architecture}, which has no common space for pictures and texts")
        if hasattr(net, "logit_scale"):
            self.scale = float(net.logit_scale.detach().float().exp())
        elif hasattr(net, "temperature"):
            self.scale = float(1 / net.temperature.detach().float())
        else:
            raise SpecError(f"{network.name} is a {network.architecture}, which does not say how sharp its similarities are")
        text = getattr(network.config, "text_config", network.config)
        self.length = min(LONGEST, getattr(text, "max_position_embeddings", None) or LONGEST)

    def embed_images(self, images: Sequence[Image]) -> NDArray[np.float32]:
        return self._rows(images, self.network.inputs, self.network.net.get_image_features)

    def embed_texts(self, texts: Sequence[str]) -> NDArray[np.float32]:
        return self._rows(texts, self._tokens, self.network.net.get_text_features)

    def _tokens(self, text: str) -> dict[str, Any]:
        how = {"padding": "max_length", "padding_side": "right", "max_length": self.length, "truncation": True}
        made = self.network.inputs(None, text, **how)
        if "siglip" in self.network.config.model_type:  # it was trained to see the padding, whatever its tokenizer says
            made.pop("attention_mask", None)
        return made

    def _rows(self, items: Sequence[Any], prepare: Any, features: Any) -> NDArray[np.float32]:
        def ask(**inputs: Any) -> Any:
            made = features(**inputs)
            return getattr(made, "pooler_output", made).float().cpu().numpy()

        return normalised(np.array(self.network.each(items, prepare, ask), dtype=np.float32))
