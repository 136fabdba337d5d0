"""For people who write providers, and for our own tests: a small world with planted bugs, and a conformance suite."""

import hashlib
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ..core.records import Phrase, Refused
from ..language import bare
from ..media.picture import Picture, as_rgb

PHRASES: Mapping[str, Phrase] = {
    "snow": Phrase("on snow"), "sand": Phrase("on sand"), "grass": Phrase("on grass"), "night": Phrase("at night"),
    "fog": Phrase("in fog"), "red": Phrase("red", before=True), "blue": Phrase("blue", before=True),
    "close": Phrase("in a close-up"), "above": Phrase("seen from above"), "indoors": Phrase("indoors"),
}  # fmt: skip
"""The words of the world, and the phrases for them in prompts and captions."""
NOTHING = 255
"""The number that stands for no object."""


@dataclass
class World:
    """A generator, target, captioner and judge over 16 x 16 pictures whose pixels spell words.

    `planted`: word -> failure rate of pictures that have it; others fail at `base`. `prior`: how often a word shows without
    being asked for. `spurious`: word -> how often a picture of it without any object is called a bowl. `die_after`: the call
    of the generator that raises KeyboardInterrupt.
    """

    labels: Sequence[str] = ("mug",)
    planted: Mapping[str, float] = field(default_factory=lambda: {"snow": 0.9, "red": 0.6})
    spurious: Mapping[str, float] = field(default_factory=dict)
    base: float = 0.05
    prior: float = 0.12
    calls: int = 0
    die_after: int | None = None

    def generator(self, prompts: Sequence[str], seeds: Sequence[int]) -> list[Picture | Refused]:
        self.calls += 1
        if self.die_after is not None and self.calls > self.die_after:
            raise KeyboardInterrupt
        return [self.draw(p, s) for p, s in zip(prompts, seeds, strict=True)]

    def draw(self, prompt: str, seed: int) -> Picture:
        rng = random.Random(seed)  # what the prompt leaves open depends only on the seed, like a generator's noise
        pixels = np.zeros((16, 16, 3), dtype=np.uint8)
        name = self._name(prompt)
        for i, phrase in enumerate(PHRASES.values()):
            unasked = rng.random() < self.prior
            said = phrase.text if name != NOTHING else bare(phrase.text) or phrase.text
            if unasked or f" {phrase.text} " in f"{prompt} " or f" {said} " in f"{prompt} ":
                pixels[i] = 255
        pixels[14] = name
        pixels[15] = np.frombuffer(hashlib.sha256(f"{prompt}|{seed}".encode()).digest() * 2, np.uint8)[:48].reshape(16, 3)
        return Picture(Image.fromarray(pixels), info={"visible": float(name != NOTHING)})

    def _name(self, prompt: str) -> int:
        return next((i for i, label in enumerate(self.labels) if f" {label} " in f"{prompt} "), NOTHING)

    def read(self, image: Image.Image) -> tuple[int, list[str], float]:
        """What a picture says: the number of its label (`NOTHING`: none), its words, and a chance of its own in [0, 1)."""
        a = np.asarray(image)
        chance = int.from_bytes(a[15].tobytes()[:6], "big") / 2**48
        name = int(a[14, 0, 0])  # a picture that is not of this world has no object
        return name if name < len(self.labels) else NOTHING, [w for i, w in enumerate(PHRASES) if a[i, 0, 0] > 127], chance

    def classify(self, images: Sequence[Image.Image]) -> NDArray[np.float32]:
        rows = np.zeros((len(images), len(self.labels) + 1), dtype=np.float32)
        for row, image in zip(rows, images, strict=True):
            name, words, chance = self.read(as_rgb(image))
            rates, least = (self.spurious, 0.0) if name == NOTHING else (self.planted, self.base)
            wrong = chance < max([least, *(rates.get(w, 0.0) for w in words)])
            row[-1 if wrong else 0 if name == NOTHING else name] = 0.9
        return rows

    def caption(self, images: Sequence[Image.Image]) -> list[str]:
        sentences = []
        for image in images:
            name, words, _ = self.read(as_rgb(image))
            label = "picture" if name == NOTHING else self.labels[name]
            before = " ".join(PHRASES[w].text for w in words if PHRASES[w].before)
            after = " ".join(PHRASES[w].text for w in words if not PHRASES[w].before)
            sentences.append(" ".join(f"a photo of a {before} {label} {after}".split()))
        return sentences

    def judge(self, pictures: Sequence[Picture], labels: Sequence[str]) -> NDArray[np.float32]:
        return np.array([p.info["visible"] for p in pictures], dtype=np.float32)

    def roles(self) -> dict[str, Any]:
        """Keyword arguments for `bugscope.hunt`."""
        return {
            "generator": _Generator(self.generator, "world/generator"),
            "target": _Role(self.classify, "world/target", (*self.labels, "bowl")),
            "captioner": _Role(self.caption, "world/captioner"),
            "judge": _Role(self.judge, "world/judge", exact=True),
        }


def null_world(labels: Sequence[str] = ("mug",), rate: float = 0.1) -> World:
    """A target that is wrong at one fixed rate, whatever the picture shows."""
    return World(labels=labels, planted={}, base=rate)


@dataclass
class _Role:
    call: Any
    id: str
    labels: tuple[str, ...] = ()
    exact: bool = False

    def __call__(self, *inputs: Any) -> Any:
        return self.call(*inputs)


class _Generator(_Role):
    repeats = True

    def fingerprint(self) -> str:
        """What the world's pictures depend on besides prompt and seed."""
        world = self.call.__self__
        return f"{tuple(world.labels)}, prior {world.prior}"

    def admissible(self, label: str, phrase: Phrase) -> bool:
        return phrase in PHRASES.values()


# --- conformance ------------------------------------------------------------------------------------------------------
