"""A medium of somebody else in one file: short sounds, as float arrays of one second."""

import io

import numpy as np
from PIL import Image, ImageDraw

from bugscope.core.records import Phrase, Refused
from bugscope.language import Kind, Vocabulary
from bugscope.media import Preview

RATE = 1000
name, suffix = "waveform", ".npy"
words = Vocabulary(
    opening="a recording of",
    checklist=(Phrase("with noise"), Phrase("at low volume"), Phrase("cut short"), Phrase("with an echo")),
    groups=((Phrase("with noise"), Phrase("with an echo")), (Phrase("at low volume"), Phrase("at high volume"))),
    patterns=((Kind.COMPANION, r"^with "), (Kind.DISTANCE, r"volume"), (Kind.STYLE, r"^cut ")),
    surroundings=frozenset({Kind.COMPANION}),
    nowhere="silence",
)


def check(content):
    if not isinstance(content, np.ndarray):
        raise TypeError(f"a {type(content).__name__}; expected an array")
    if content.shape != (RATE,):
        raise ValueError(f"a sound of shape {content.shape}; expected ({RATE},)")
    if not np.isfinite(content).all():
        return Refused("sound with values that are not finite")
    return Refused("silence") if np.ptp(content) == 0 else content.astype(np.float32)


def encode(content):
    file = io.BytesIO()
    np.save(file, content, allow_pickle=False)
    return file.getvalue()


def decode(data):
    return np.load(io.BytesIO(data), allow_pickle=False)


def sample():
    return np.sin(np.linspace(0, 60, RATE)).astype(np.float32)


def copy(content):
    return content.copy()


def preview(content, side, marks=()):
    image = Image.new("RGB", (side, side // 2), "white")
    points = [(x, side / 4 * (1 - content[int(x * (RATE - 1) / side)] / 1.5)) for x in range(side)]
    ImageDraw.Draw(image).line(points, fill="#2457c5", width=2)
    file = io.BytesIO()
    image.save(file, "PNG")
    return Preview(file.getvalue(), "image/png")


def signature(content):
    loud = np.abs(content).reshape(50, -1).mean(axis=1)
    bits = np.packbits(np.resize(loud > np.median(loud), 64))
    return bits.tobytes() + (255 * np.clip(loud, 0, 1)).astype(np.uint8).tobytes()
