"""Models of sounds: a generator of sines and squares, a target that noise confuses, and those who describe and judge."""

import hashlib

import numpy as np
import waveform

from bugscope.core.records import Phrase, Specimen

LABELS = ("sine", "square")
CONDITIONS = ("with noise", "at low volume", "cut short", "with an echo")
TAIL = 8
"""The last values of a sound spell what it is; a chance of its own decides whether the target errs."""


class Generator:
    """Draws a tone; what a prompt leaves open is drawn from the seed."""

    id, medium, labels = "tones/generator", "waveform", LABELS

    def __call__(self, prompts, seeds):
        return [self.draw(prompt, seed) for prompt, seed in zip(prompts, seeds, strict=True)]

    def draw(self, prompt, seed):
        rng = np.random.default_rng(seed)
        label = next((i for i, name in enumerate(LABELS) if f" {name}" in prompt), None)
        there = [text in prompt or rng.random() < 0.06 for text in CONDITIONS]
        wave = np.sin(np.linspace(0, rng.uniform(60, 90), waveform.RATE))
        wave = np.sign(wave) if label == 1 else wave
        wave = wave + rng.normal(0, 0.3, waveform.RATE) * there[0]
        wave = wave * (0.2 if there[1] else 1.0)
        wave[waveform.RATE // 2 :] *= not there[2]
        chance = int.from_bytes(hashlib.sha256(f"{prompt}|{seed}".encode()).digest()[:4], "big") / 2**32
        wave[-TAIL:] = [-1.0 if label is None else label, *map(float, there), chance, 0, 0]
        return Specimen(wave, info={"label": None if label is None else LABELS[label]})

    def admissible(self, label, phrase):
        return phrase in [Phrase(text) for text in CONDITIONS]


def said(wave):
    label, *there = wave[-TAIL : -TAIL + 5]
    return int(label), [text for text, on in zip(CONDITIONS, there, strict=True) if on], float(wave[-TAIL + 5])


class Target:
    """Calls a sound with a planted condition a bell, nearly always."""

    labels = (*LABELS, "bell")

    def __init__(self, id="tones/target", planted=("with noise",)):
        self.id, self.planted = id, planted

    def __call__(self, sounds):
        scores = np.zeros((len(sounds), len(self.labels)))
        for row, sound in zip(scores, sounds, strict=True):
            label, there, chance = said(sound)
            wrong = label < 0 or chance < (0.95 if set(there) & set(self.planted) else 0.04)
            row[-1 if wrong else label] = 1.0
        return scores


class Captioner:
    id = "tones/captioner"

    def __call__(self, sounds):
        found = [said(sound) for sound in sounds]
        return [" ".join(["a", "silence" if label < 0 else LABELS[label], *there]) for label, there, _ in found]


class Judge:
    id, exact = "tones/judge", True

    def __call__(self, specimens, labels):
        return [float(s.info["label"] == label) for s, label in zip(specimens, labels, strict=True)]
