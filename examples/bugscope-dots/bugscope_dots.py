"""A provider with four roles in one module: coloured shapes, and a classifier that relies on brightness."""

import random
from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw

from bugscope.core.errors import SpecError
from bugscope.core.records import Phrase
from bugscope.media.picture import Picture, as_rgb

FILLS = {"circle": 0.785, "square": 1.0, "triangle": 0.5}
"""The share of its box that each shape fills."""
COLOURS = {"white": (240, 240, 240), "yellow": (240, 210, 30), "green": (50, 200, 60), "red": (170, 25, 25)}
GROUND = (40, 40, 40)


class _Dots:
    def __init__(self, model: str = "") -> None:
        if model:
            raise SpecError(f"dots/{model} should read dots: there is one model")
        self.id = "dots/1"  # answers are stored under it: raise it whenever an answer changes


class Generator(_Dots):
    """One shape of one colour on a dark background."""

    labels = suggested = tuple(FILLS)

    def admissible(self, label: str, phrase: Phrase) -> bool:
        return phrase.text in COLOURS  # these pictures cannot show any other phrase

    def __call__(self, prompts: Sequence[str], seeds: Sequence[int]) -> list[Picture]:
        return [self.draw(set(prompt.split()), random.Random(seed)) for prompt, seed in zip(prompts, seeds, strict=True)]

    def draw(self, words: set[str], rng: random.Random) -> Picture:
        x, y, r, chosen = rng.randint(22, 42), rng.randint(22, 42), rng.randint(10, 20), rng.choice(list(COLOURS))
        shape, fill = next((s for s in FILLS if s in words), ""), COLOURS[next((c for c in COLOURS if c in words), chosen)]
        image = Image.new("RGB", (64, 64), GROUND)
        pen, box = ImageDraw.Draw(image), (x - r, y - r, x + r, y + r)
        if shape == "triangle":
            pen.polygon([(x, y - r), (x - r, y + r), (x + r, y + r)], fill)
        elif shape:
            (pen.ellipse if shape == "circle" else pen.rectangle)(box, fill)
        return Picture(image, info={"shape": shape})


class Classifier(_Dots):
    """Goes by how much of its box a bright thing fills, and takes anything that is not bright for a square."""

    labels = tuple(FILLS)

    def __call__(self, images: Sequence[Image.Image]) -> np.ndarray:
        return np.array([self.scores(as_rgb(image)) for image in images]).reshape(-1, len(FILLS))

    def scores(self, image: Image.Image) -> list[float]:
        rows, columns = np.nonzero(np.asarray(image.convert("L")) > 100)
        filled = len(rows) / ((np.ptp(rows) + 1) * (np.ptp(columns) + 1)) if len(rows) else 1.0
        return [-abs(filled - usual) for usual in FILLS.values()]


class Captioner(_Dots):
    """Names the colour that differs most from the background."""

    def __call__(self, images: Sequence[Image.Image]) -> list[str]:
        return [f"a photo of a {self.colour(np.asarray(as_rgb(image), dtype=int).reshape(-1, 3))} thing" for image in images]

    def colour(self, pixels: np.ndarray) -> str:
        seen = pixels[np.abs(pixels - GROUND).sum(axis=1).argmax()]
        return min(COLOURS, key=lambda name: np.abs(seen - COLOURS[name]).sum())


class Judge(_Dots):
    """Knows what was drawn."""

    exact = True

    def __call__(self, pictures: Sequence[Picture], labels: Sequence[str]) -> np.ndarray:
        return np.array([p.info.get("shape") == label for p, label in zip(pictures, labels, strict=True)], dtype=float)
