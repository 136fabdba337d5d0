"""The roles that models play: what each is asked, and what it answers."""

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from PIL.Image import Image

from .records import Refused, Specimen


class Generator(Protocol):
    id: str

    def __call__(self, prompts: Sequence[str], seeds: Sequence[int]) -> Sequence[Specimen[Any] | Refused]:
        """One specimen or refusal per prompt, in order. The i-th depends on prompts[i] and seeds[i] alone."""


class Classifier(Protocol):
    id: str
    labels: Sequence[str]

    def __call__(self, images: Sequence[Image]) -> NDArray[np.floating[Any]]:
        """RGB images of any size -> scores [n, len(labels)], finite; higher is likelier."""


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
