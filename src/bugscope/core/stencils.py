"""Masks made small enough to be kept with an answer: a grid of cells over the whole picture, as text."""

import base64
import zlib

import numpy as np
from numpy.typing import NDArray
from PIL import Image

SIDE = 64
"""Cells per side."""
COVERED = 0.4
"""A cell is set if this share of it is: so thin things are not lost."""


def packed(mask: NDArray[np.bool_]) -> str:
    """A mask [h, w] as some hundred characters."""
    shares = Image.fromarray(mask.astype(np.uint8) * 255).resize((SIDE, SIDE), Image.Resampling.BOX)
    bits = np.packbits(np.asarray(shares) >= 255 * COVERED)
    return base64.b64encode(zlib.compress(bits.tobytes(), 9)).decode()


def unpacked(text: str, width: int, height: int) -> NDArray[np.bool_]:
    """The mask [height, width] with smooth edges. Raises ValueError for a text that `packed` did not make."""
    try:
        bits = np.unpackbits(np.frombuffer(zlib.decompress(base64.b64decode(text, validate=True)), dtype=np.uint8))
        cells = Image.fromarray(bits.reshape(SIDE, SIDE) * np.uint8(255))
    except (ValueError, zlib.error) as error:
        raise ValueError(f"not a packed mask: {text[:40]!r}") from error
    return np.asarray(cells.resize((width, height), Image.Resampling.BICUBIC)) >= 128
