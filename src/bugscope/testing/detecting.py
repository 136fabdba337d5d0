"""A small world with detectors: the same pictures, with a box for each object and failures of every kind."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from PIL import Image

from ..core.records import Box, Detection, Truth
from ..media.picture import Picture, as_rgb
from .world import NOTHING, World, _Role

FAR = 0.3
"""How far a misplaced box is off, as a share of the picture."""


@dataclass
class DetectorWorld(World):
    """`planted` as in `World`: the rate of failures of pictures with a word. `kinds`: word -> kind of its failures ("missed",
    "mislabelled", "misplaced", "doubled"); others are missed. `alarms`: word -> how often the first label is seen in a picture
    with that word that does not show it.
    """

    kinds: Mapping[str, str] = field(default_factory=dict)
    alarms: Mapping[str, float] = field(default_factory=dict)

    def draw(self, prompt: str, seed: int) -> Picture:
        made = super().draw(prompt, seed)
        name, _, chance = self.read(made.content)
        if name == NOTHING:
            return Picture(made.content, Truth(""), made.info)
        return Picture(made.content, Truth(self.labels[name], (), (Box(self.labels[name], *_place(chance)),)), made.info)

    def detect(self, images: Sequence[Image.Image]) -> list[list[Detection]]:
        return [self._detect(*self.read(as_rgb(image))) for image in images]

    def _detect(self, name: int, words: Sequence[str], chance: float) -> list[Detection]:
        if name == NOTHING:
            alarmed = chance < max([self.base, *(self.alarms.get(w, 0.0) for w in words)])
            return [Detection(self.labels[0], 0.9, 0.2, 0.2, 0.8, 0.8)] if alarmed else []
        left, top, right, bottom = _place(chance)
        found = Detection(self.labels[name], 0.9, left, top, right, bottom)
        worst = max(words, key=lambda w: self.planted.get(w, 0.0), default="")
        if chance >= max(self.base, self.planted.get(worst, 0.0)):
            return [found]
        match self.kinds.get(worst, "missed"):
            case "mislabelled":
                return [found._replace(label="bowl")]
            case "misplaced":
                return [found._replace(left=left + FAR, right=right + FAR)]
            case "doubled":
                return [found, found._replace(score=0.8)]
        return []

    def roles(self) -> dict[str, Any]:
        """Keyword arguments for `bugscope.hunt`, with task="detect"."""
        target = _Role(self.detect, "world/detector", (*self.labels, "bowl"))
        return {**super().roles(), "target": target}


def _place(chance: float) -> tuple[float, float, float, float]:
    """Somewhere in the left part of the picture."""
    shift = round(0.2 * (chance * 7 % 1), 3)
    return (shift, 0.1 + shift, 0.5 + shift, 0.7 + shift)
