"""Detectors that find what a text says: OWL-ViT and OWLv2, one text a label; Grounding DINO, all labels in one text."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from PIL.Image import Image

from ...core.errors import ModelError, SpecError, told
from ..shared.boxes import LEAST
from ..shared.zeroshot import read_labels, read_templates, said
from .loading import Network, quiet

TEMPLATE = "a photo of a {label}"
"""What OWL's authors show it used with."""
Tensors = Mapping[str, Any]


class Texts:
    """OWL-ViT and OWLv2: the label whose text is nearest to a box."""

    parts = 1

    def __init__(self, network: Network, labels: Any, template: str) -> None:
        self.network = network
        self.labels, spoken = read_labels(labels, least=1)
        (chosen,) = read_templates([template or TEMPLATE])
        self.told = [said(label, chosen) for label in spoken]
        with quiet(network.lib):
            self.texts = {
                name: value
                for name, value in network.tokenizer(
                    self.told, padding="max_length", max_length=_longest(network), truncation=True, return_tensors="pt"
                ).items()
                if name in ("input_ids", "attention_mask")
            }

    def inputs(self, image: Image, part: int) -> Tensors:
        return dict(self.network.pictures(images=[image], return_tensors="pt")) | self.texts

    def boxes(self, made: Any, sizes: Any, part: int) -> Sequence[Tensors]:
        found: Sequence[Tensors] = self.network.processor.post_process_grounded_object_detection(
            made, threshold=LEAST, target_sizes=sizes
        )
        return found


def _longest(network: Network) -> int:
    """Tokens of a text."""
    return int(getattr(network.config.text_config, "max_position_embeddings", 16))


class Phrases:
    """Grounding DINO: a text "a bus. a chair." and, for each box, how well it fits each of its tokens.

    The score of a label is the mean over its tokens, as in its authors' evaluation on COCO. Labels that do not fit into one
    text are asked for in several.
    """

    def __init__(self, network: Network, labels: Any) -> None:
        self.network, self.torch = network, network.device.torch
        self.labels, spoken = read_labels(labels, least=1)
        # a point ends a phrase, and so does a question mark
        self.told = [" ".join(label.lower().replace(".", " ").replace("?", " ").split()) for label in spoken]
        most = min(int(network.config.max_text_len), int(network.config.text_config.max_position_embeddings))
        self.texts = [self._text(places) for places in self._shared(most)]
        self.parts = len(self.texts)

    def _tokens(self, text: str, **options: Any) -> Any:
        try:
            with quiet(self.network.lib):
                return self.network.tokenizer(text, **options)
        except Exception as error:
            raise ModelError(f"{self.network.name} cannot be told {text!r}: {told(error)}") from error

    def _shared(self, most: int) -> list[list[int]]:
        """Indices of labels by the text that names them, each of at most so many tokens."""
        shared: list[list[int]] = [[]]
        room = most - 2
        left = room
        for i, label in enumerate(self.told):
            need = len(self._tokens(f"{label}.", add_special_tokens=False)["input_ids"])
            if need > room or not label:
                raise SpecError(
                    f"{self.network.name} cannot be told the label {self.labels[i]!r}: it has {need} tokens of {room}"
                )
            if need > left:
                shared.append([])
                left = room
            shared[-1].append(i)
            left -= need
        return shared

    def _text(self, places: Sequence[int]) -> tuple[Tensors, Any, Sequence[int]]:
        """A text's tensors, the share of each token in each label [tokens, labels], and the labels' indices."""
        text, spans = "", []
        for i in places:
            spans.append((len(text), len(text) + len(self.told[i])))
            text += f"{self.told[i]}. "
        made = self._tokens(text.strip(), return_offsets_mapping=True, return_tensors="pt")
        offsets = made.pop("offset_mapping")[0].tolist()
        shares = self.torch.zeros(len(offsets), len(places))
        for column, (start, end) in enumerate(spans):
            mine = [t for t, (first, last) in enumerate(offsets) if start <= first < last <= end]
            shares[mine, column] = 1 / max(1, len(mine))
        return dict(made), shares, places

    def inputs(self, image: Image, part: int) -> Tensors:
        tensors, _, _ = self.texts[part]
        return {**self.network.pictures(images=[image], return_tensors="pt"), **tensors}

    def boxes(self, made: Any, sizes: Any, part: int) -> Sequence[Tensors]:
        _, shares, places = self.texts[part]
        chances = made.logits.float().sigmoid()[..., : len(shares)] @ shares.to(made.logits.device)
        middle, half = made.pred_boxes.float().split(2, dim=-1)
        fractions = self.torch.cat([middle - half / 2, middle + half / 2], dim=-1)
        pixels = fractions * sizes.flip(1).repeat(1, 2)[:, None]
        return list(map(partial(self._best, places), chances, pixels))

    def _best(self, places: Sequence[int], chances: Any, boxes: Any) -> Tensors:
        scores, best = chances.max(dim=-1)
        return {"scores": scores, "labels": self.torch.tensor(places)[best.cpu()], "boxes": boxes}
