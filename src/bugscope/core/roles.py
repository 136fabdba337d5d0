"""The roles that models play: what each is asked, and what it answers."""

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from PIL.Image import Image

from .records import Detection, Refused, Specimen


class Generator(Protocol):
    id: str

    def __call__(self, prompts: Sequence[str], seeds: Sequence[int]) -> Sequence[Specimen[Any] | Refused]:
        """One specimen or refusal per prompt, in order. The i-th depends on prompts[i] and seeds[i] alone."""


class Classifier(Protocol):
    id: str
    labels: Sequence[str]

    def __call__(self, images: Sequence[Image]) -> NDArray[np.floating[Any]]:
        """RGB images of any size -> scores [n, len(labels)], finite; higher is likelier."""


class Detector(Protocol):
    id: str
    labels: Sequence[str]

    def __call__(self, images: Sequence[Image]) -> Sequence[Sequence[Detection]]:
        """RGB images of any size -> for each, in order, what is seen in it: labels of its own, boxes as fractions of the
        image's width and height, one per instance (after suppression), those of low scores too."""


class Segmenter(Protocol):
    id: str
    labels: Sequence[str]

    def __call__(self, images: Sequence[Image]) -> Sequence[NDArray[np.integer[Any]] | Sequence[Detection]]:
        """RGB images of any size -> for each, in order, a label's index for every pixel [height, width], of any size (any other
        number: none of them); or its instances, each with a mask."""


class Tagger(Protocol):
    id: str
    labels: Sequence[str]

    def __call__(self, images: Sequence[Image]) -> NDArray[np.floating[Any]]:
        """RGB images of any size -> probabilities [n, len(labels)] in [0, 1], each of its own label alone."""


class Answerer(Protocol):
    id: str

    def __call__(self, images: Sequence[Image], questions: Sequence[str]) -> Sequence[str]:
        """The answer to questions[i] about images[i], in order, as the model words it."""


class Captioner(Protocol):
    id: str

    def __call__(self, images: Sequence[Image]) -> Sequence[str]:
        """One sentence per image, in order."""


class Judge(Protocol):
    """May state `exact = True` if it never errs; otherwise its error can be stated (`Config.judge_sensitivity`)."""

    id: str

    def __call__(self, pictures: Sequence[Specimen[Any]], labels: Sequence[str]) -> NDArray[np.floating[Any]]:
        """Probability [n] in [0, 1] that picture i shows labels[i]."""


class Editor(Protocol):
    """Optional: suggests what a description could say instead, for counterfactuals (a language model, a list)."""

    id: str

    def __call__(self, label: str, phrases: Sequence[str]) -> Sequence[Sequence[str]]:
        """For each phrase, in order, others of the same kind that could replace it ("on grass": "on sand")."""


class Describer(Protocol):
    """Optional: reads captions and suggests what the failures have in common (a language model)."""

    id: str

    def __call__(self, label: str, failures: Sequence[str], successes: Sequence[str]) -> Sequence[str]:
        """Descriptions, likeliest first, that go with the label in a prompt ("at night", "red, seen from above")."""
