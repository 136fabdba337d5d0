"""Whether a picture shows its label, asked of a network that answers questions or of one that tells labels apart."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...core.errors import ModelError, SpecError
from ...media.picture import Picture
from ..shared.zeroshot import ZeroShotJudge, digest, said
from .embedder import Embedder
from .loading import ZERO_SHOT, Network
from .speaker import Speaker

ANSWERS = ("yes", "no")


class Judge:
    """A yes-no question to an image-to-text checkpoint, or labels contrasted by CLIP, SigLIP: `hf/OWNER/NAME`, `hf/FOLDER`."""

    requires = ("torch", "transformers")
    extra = "torch"
    example = "hf/Qwen/Qwen2.5-VL-3B-Instruct"

    def __init__(
        self, model: str, *, question: str = "", against: Any = None, templates: Any = None, top: int = 0,
        device: str = "", dtype: str = "", revision: str = "",
    ) -> None:  # fmt: skip
        """`question`: with {label}, to be answered with yes or no; "" for what suits the family (`hf.wording`). CLIP
        and its kin take `against`, `templates` and `top` instead (see `shared.zeroshot.ZeroShotJudge`). `device`: "" for the
        first available of cuda, mps and cpu; `dtype`: "" for bfloat16 or float16 on cuda, as the checkpoint is stored, else
        float32; `revision`: the hub's.
        """
        if question and "{label}" not in question:
            raise SpecError(f"question {question!r} does not say where the label goes, e.g. 'Is there a {{label}}?'")
        network = Network(model, "judge", device, dtype, revision)
        contrasts = network.kind is ZERO_SHOT
        strange = {"question": question} if contrasts else {"against": against, "templates": templates, "top": top}
        if wrong := [name for name, value in strange.items() if value]:
            raise SpecError(f"{network.name} is a {network.architecture}, which takes no argument {wrong[0]}")
        self.answer: Callable[[Sequence[Picture], Sequence[str]], NDArray[np.float32]]
        if contrasts:
            judge = ZeroShotJudge(Embedder(network), against or "imagenet", templates, top or 1)
            self.answer, self.id = judge, f"{network.id}&texts={judge.digest}"
        else:
            asker = _Asker(network, question)
            self.answer, self.id = asker, f"{network.id}&question={digest(asker.question, asker.speaker.wording.layout)}"

    def __call__(self, pictures: Sequence[Picture], labels: Sequence[str]) -> NDArray[np.float32]:
        """Chances [n]. Raises MemoryError if the GPU's memory is too small."""
        return self.answer(pictures, labels)


class _Asker:
    """P(yes) / (P(yes) + P(no)) at the first token of the answer, in upper or lower case, with or without a space before it."""

    def __init__(self, network: Network, question: str) -> None:
        self.speaker = Speaker(network)
        self.question = question or self.speaker.wording.question
        if not self.question:
            raise SpecError(
                f"{network.name} is a {network.architecture}, which was trained to describe, not to answer; it is a captioner"
                " (if yours was, pass the argument question)"
            )
        self.tokens = [answer_tokens(network, word) for word in ANSWERS]
        self.speaker.check(said("mug", self.question))

    def __call__(self, pictures: Sequence[Picture], labels: Sequence[str]) -> NDArray[np.float32]:
        asked = [(p.content, said(label, self.question)) for p, label in zip(pictures, labels, strict=True)]
        found = np.array(self.speaker.network.each(asked, lambda item: self.speaker.inputs(*item), self._ask), dtype=np.float32)
        if np.isnan(found).any():
            name = self.speaker.network.device.dtype_name
            raise ModelError(f"{self.speaker.network.name} gives no number in {name}; try another dtype, bfloat16 or float32")
        return found

    def _ask(self, **inputs: Any) -> Any:
        logits = self.speaker.first(**inputs)
        yes, no = (logits[:, tokens].logsumexp(dim=1) for tokens in self.tokens)
        return (yes - no).sigmoid().cpu().numpy()


def answer_tokens(network: Network, word: str) -> list[int]:
    """The tokens that are that whole word at the start of an answer."""
    forms = [space + form for form in (word, word.capitalize(), word.upper()) for space in ("", " ", "\n")]
    begun = {tuple(network.tokenizer(form, add_special_tokens=False)["input_ids"]) for form in forms}
    spaces = {ids[0] for ids in begun if ids and not network.tokenizer.decode(ids[:1]).strip()}
    firsts = {next((i for i in ids if i not in spaces), -1) for ids in begun}
    found = sorted(i for i in firsts if i >= 0 and network.tokenizer.decode([i]).strip().lower() == word)
    if not found:
        raise ModelError(f"{network.name} cannot answer with one word: its tokenizer has no token for {word!r}")
    return found
