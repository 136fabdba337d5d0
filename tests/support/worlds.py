"""Small worlds with planted bugs, and what their phrases are called."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from bugscope.core.errors import SpecError
from bugscope.testing import PHRASES, World

SNOW, SAND, GRASS, NIGHT, RED, FOG, BLUE, ABOVE, CLOSE, INDOORS = (
    PHRASES[w] for w in ("snow", "sand", "grass", "night", "red", "fog", "blue", "above", "close", "indoors")
)
LABELS = ("mug", "pot")


def quiet(**changes: Any) -> World:
    """A world that shows what the prompt says and little else."""
    return World(**{"labels": ("mug", "pot", "fly", "cat"), "planted": {"snow": 0.95}, "prior": 0.0, "base": 0.03, **changes})


def planted(**changes: Any) -> World:
    """Things on snow fail, and snow alone is called a bowl."""
    return World(**{"labels": LABELS, "planted": {"snow": 0.95}, "spurious": {"snow": 0.9}, "prior": 0.05, **changes})


@dataclass
class Together(World):
    """What has all of `words` at once fails at `rate`, besides what is planted."""

    words: tuple[str, ...] = ()
    rate: float = 1.0

    def classify(self, images: Sequence[Any]) -> Any:
        rows = super().classify(images)
        for row, image in zip(rows, images, strict=True):
            name, words, chance = self.read(image)
            if name < len(self.labels) and set(self.words) <= set(words) and chance < self.rate:
                row[:] = 0
                row[-1] = 0.9
        return rows


def nested(inner: float = 0.97, **changes: Any) -> World:
    """What is red fails sometimes; what is red and on snow nearly always."""
    stated = {"labels": ("mug",), "planted": {"red": 0.35}, "base": 0.02, "prior": 0.2, "words": ("red", "snow"), "rate": inner}
    return Together(**{**stated, **changes})


def plain(**changes: Any) -> World:
    """Red fails at one rate, whatever else there is."""
    return World(**{"labels": ("mug",), "planted": {"red": 0.5}, "base": 0.02, "prior": 0.2, **changes})


@dataclass
class Hidden(World):
    """Every third picture with a word in `hides` does not show its object, says the judge."""

    hides: str = " snow"

    def judge(self, pictures: Sequence[Any], labels: Sequence[str]) -> Any:
        seen = super().judge(pictures, labels)
        for i, p in enumerate(pictures):
            name, words, chance = self.read(p.content)
            if name < len(self.labels) and self.hides in words and (chance * 1000) % 1 < 1 / 3:
                seen[i] = 0.0
        return seen


class NoScenery(World):
    """Draws nothing without an object, and says so, as a generator with a limited vocabulary does."""

    def roles(self) -> dict[str, Any]:
        roles = super().roles()
        draw = roles["generator"].call

        def check(texts: Sequence[str]) -> None:
            for text in texts:
                if not any(f" {label} " in f"{text} " for label in self.labels):
                    raise SpecError(f"no object in {text!r}")

        def generator(prompts: Sequence[str], seeds: Sequence[int]) -> Any:
            check(prompts)
            return draw(prompts, seeds)

        roles["generator"].call, roles["generator"].check = generator, check
        return roles
