"""Answers to questions about pictures, in a checkpoint's own words."""

from collections.abc import Sequence
from typing import Any

from PIL.Image import Image

from ...core.errors import SpecError
from ..shared.zeroshot import digest
from .captioner import tidy
from .loading import Network
from .speaker import Speaker
from .wording import ASK


class Answerer:
    """A vision-language checkpoint that answers questions (SmolVLM, Qwen-VL, LLaVA, PaliGemma, BLIP-VQA): `hf/OWNER/NAME`."""

    requires = ("torch", "transformers")
    extra = "torch"
    example = "hf/HuggingFaceTB/SmolVLM-Instruct"

    def __init__(self, model: str, *, max_new_tokens: int = 40, device: str = "", dtype: str = "", revision: str = "") -> None:
        """`max_new_tokens`: the longest answer. `device`: "" for the first available of cuda, mps and cpu; `dtype`: "" for
        bfloat16 or float16 on cuda, as the checkpoint is stored, else float32; `revision`: the hub's.

        Raises SpecError for a checkpoint that was trained to describe, not to answer.
        """
        if max_new_tokens < 1:
            raise SpecError(f"hf argument max_new_tokens is {max_new_tokens}; it must be at least 1")
        network = Network(model, "captioner", device, dtype, revision)
        self.speaker, self.longest = Speaker(network), max_new_tokens
        asked = self.speaker.wording.question
        if not asked:
            raise SpecError(
                f"{network.name} is a {network.architecture}, which was trained to describe, not to answer; it is a captioner"
            )
        # how the family is asked anything: "Question: ... Answer:"
        self.frame = asked.replace(ASK, "{}") if ASK in asked else "{}"
        self.speaker.check(self.frame.format("Is there a mug in this picture?"))
        self.id = f"{network.id}&question={digest(self.frame, self.speaker.wording.layout)}&max_new_tokens={max_new_tokens}"

    def __call__(self, images: Sequence[Image], questions: Sequence[str]) -> list[str]:
        """Raises MemoryError if the GPU's memory is too small."""
        asked = [(image, self.frame.format(question)) for image, question in zip(images, questions, strict=True)]
        written = self.speaker.network.each(asked, lambda item: self.speaker.inputs(*item), self._ask)
        return [tidy(self.speaker.tokenizer.decode(tokens, skip_special_tokens=True), cut=False) for tokens in written]

    def _ask(self, **inputs: Any) -> list[list[int]]:
        return self.speaker.write(self.longest, **inputs)
