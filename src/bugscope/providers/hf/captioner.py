"""One sentence per picture."""

import re
from collections.abc import Sequence
from typing import Any

from PIL.Image import Image

from ...core.errors import Declined, SpecError
from ..shared.zeroshot import digest
from .loading import Network
from .speaker import Speaker

ENDS = re.compile(r"[.!?]['\")]*(?=\s|$)|[。！？]")


class Captioner:
    """An image-to-text checkpoint (BLIP, GIT, Florence-2, SmolVLM, Qwen-VL, LLaVA, PaliGemma): `hf/OWNER/NAME`, `hf/FOLDER`."""

    requires = ("torch", "transformers")
    extra = "torch"
    example = "hf/Salesforce/blip-image-captioning-large"

    def __init__(
        self, model: str, *, prompt: str = "", max_new_tokens: int = 80, device: str = "", dtype: str = "", revision: str = ""
    ) -> None:
        """`prompt`: what is asked, "" for what suits the family (`hf.wording`); BLIP and GIT continue it like a sentence.
        `max_new_tokens`: the longest caption. `device`: "" for the first available of cuda, mps and cpu; `dtype`: "" for
        bfloat16 or float16 on cuda, as the checkpoint is stored, else float32; `revision`: the hub's.
        """
        if max_new_tokens < 1:
            raise SpecError(f"hf argument max_new_tokens is {max_new_tokens}; it must be at least 1")
        network = Network(model, "captioner", device, dtype, revision)
        self.speaker, self.longest = Speaker(network), max_new_tokens
        self.prompt = prompt or self.speaker.wording.caption
        self.speaker.check(self.prompt)
        self.id = f"{network.id}&prompt={digest(self.prompt, self.speaker.wording.layout)}&max_new_tokens={max_new_tokens}"

    def __call__(self, images: Sequence[Image]) -> list[str]:
        """Raises Declined if a caption is empty, MemoryError if the GPU's memory is too small."""
        written = self.speaker.network.each(images, lambda image: self.speaker.inputs(image, self.prompt), self._ask)
        captions = [self._sentence(tokens) for tokens in written]
        if not all(captions):
            raise Declined(f"{self.id} has nothing to say about a picture")
        return captions

    def _ask(self, **inputs: Any) -> list[list[int]]:
        return self.speaker.write(self.longest, **inputs)

    def _sentence(self, tokens: Sequence[int]) -> str:
        tokenizer = self.speaker.tokenizer
        cut = len(tokens) >= self.longest and tokens[-1] not in tokenizer.all_special_ids
        return tidy(tokenizer.decode(tokens, skip_special_tokens=True), cut)


def tidy(text: str, cut: bool) -> str:
    """The text on one line, without thoughts and quotation marks. `cut`: drop what follows the last whole sentence, if any."""
    line = " ".join(text.rpartition("</think>")[2].split())
    if cut and (ends := [m.end() for m in ENDS.finditer(line)]):
        line = line[: ends[-1]]
    inner = line[1:-1]
    return inner.strip() if len(line) > 1 and line[0] == line[-1] == '"' and '"' not in inner else line
