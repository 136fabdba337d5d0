"""A network that reads a picture and a text, and writes; captioner and judge use it."""

from collections.abc import Mapping, Sequence
from typing import Any

from PIL import Image

from ...core.errors import ModelError, told
from .loading import Network, quiet
from .wording import wording


class Speaker:
    """Writes the likeliest token, then the next one; nothing is random."""

    def __init__(self, network: Network) -> None:
        self.network, self.tokenizer = network, network.tokenizer
        self.wording = wording(network.architecture, network.config.model_type)

    def check(self, text: str) -> None:
        """Raises ModelError, before any picture is made, if the checkpoint does not take pictures as others do."""
        try:
            with quiet(self.network.lib):
                self.inputs(Image.new("RGB", (64, 48)), text)
        except Exception as error:
            raise ModelError(f"{self.network.name} cannot be given a picture and a text: {told(error)}") from error

    def inputs(self, image: Image.Image, text: str) -> Mapping[str, Any]:
        processor, wording = self.network.processor, self.wording
        if getattr(processor, "chat_template", None):
            content = [{"type": "image"}, {"type": "text", "text": text}]
            plainly = {"enable_thinking": False} if "enable_thinking" in str(processor.chat_template) else {}
            said = processor.apply_chat_template([{"role": "user", "content": content}], add_generation_prompt=True, **plainly)
            start = getattr(self.tokenizer, "bos_token", None)
            options = {"add_special_tokens": False} if start and said.startswith(start) else {}
            return self._tensors(self.network.inputs(image, said, **options))
        if not text:
            return self._tensors(self.network.inputs(image))
        image_token = str(getattr(processor, "image_token", "") or "")
        start = getattr(self.tokenizer, "cls_token", None) or getattr(self.tokenizer, "bos_token", None) or ""
        said = wording.layout.format(image=image_token, text=text, start=start)
        options = {} if wording.specials else {"add_special_tokens": False}
        return self._tensors(self.network.inputs(image, said, **options))

    def _tensors(self, made: Mapping[str, Any]) -> dict[str, Any]:
        return {name: value for name, value in made.items() if hasattr(value, "shape") and name != "labels"}

    def write(self, longest: int, **inputs: Any) -> list[list[int]]:
        """New tokens [n][at most longest], without the question."""
        made = self.network.net.generate(**inputs, do_sample=False, num_beams=1, max_new_tokens=longest)
        asked = inputs.get("input_ids")
        return [self._new(row, None if asked is None else asked[i].tolist()) for i, row in enumerate(made.tolist())]

    def _new(self, row: Sequence[int], asked: Sequence[int] | None) -> list[int]:
        """The tokens without the question, which some repeat, BLIP all but its last token."""
        most = max((k for k in (len(asked or ()), len(asked or ()) - 1) if k > 0 and row[:k] == (asked or [])[:k]), default=0)
        return list(row[most:])

    def first(self, **inputs: Any) -> Any:
        """Logits [n, vocabulary] of the first token of its answer."""
        made = self.network.net.generate(
            **inputs, do_sample=False, num_beams=1, max_new_tokens=1, output_logits=True, return_dict_in_generate=True
        )
        return made.logits[0].float()
