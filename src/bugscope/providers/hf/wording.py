"""What each family of checkpoints is asked, and in what layout."""

from collections.abc import Mapping
from dataclasses import dataclass

DESCRIBE = "Describe this photo in one plain sentence: name the main object, its surroundings, the light and the viewpoint."
ASK = "Does this photo show a {label}? Answer yes or no."


@dataclass(frozen=True, slots=True)
class Wording:
    """`caption`: asked of a captioner, "" if the picture alone is the question. `question`: asked of a judge, "" if the family
    was not trained to answer any. `layout`: used without a chat template; {image} is the mark that stands for the picture,
    {start} the token that begins a text. `specials`: whether the tokenizer adds its own tokens to that.
    """

    caption: str = DESCRIBE
    question: str = ASK
    layout: str = "{image}{text}"
    specials: bool = True


WORDINGS: Mapping[str, Wording] = {
    "BlipForQuestionAnswering": Wording(question="Is there a {label} in the picture?", layout="{text}"),
    "blip": Wording(caption="", question="", layout="{text}"),
    "blip-2": Wording(caption="", question=f"Question: {ASK} Answer:", layout="{text}"),
    "florence2": Wording(caption="<DETAILED_CAPTION>", question="", layout="{text}"),
    "fuyu": Wording(caption="Generate a coco-style caption.\n", layout="{text}"),
    "git": Wording(caption="", question="", layout="{start}{text}", specials=False),
    "instructblip": Wording(layout="{text}"),
    "kosmos-2": Wording(caption="An image of", question=f"Question: {ASK} Answer:", layout="{text}"),
    "llava": Wording(layout="USER: {image}\n{text} ASSISTANT:"),
    "paligemma": Wording(caption="caption en", question="answer en does this photo show a {label}?"),
    "pix2struct": Wording(caption="", question="", layout="{text}"),
    "vision-encoder-decoder": Wording(caption="", question="", layout="{text}"),
}
"""By architecture, else by the configuration's `model_type`; any other family is asked `Wording()`."""


def wording(architecture: str, model_type: str) -> Wording:
    return WORDINGS.get(architecture) or WORDINGS.get(model_type) or Wording()
