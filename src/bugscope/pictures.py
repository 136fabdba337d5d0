"""Pictures of any mode, as models and people see them, and as bytes on their way to a server and back."""

import base64
import io
import os
import warnings
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

MOST_PIXELS = 64_000_000
"""Of a picture that a server sends: a small file can unfold to any size."""


def as_rgb(image: Image.Image) -> Image.Image:
    """Any picture as a person sees it: turned as its EXIF says, transparency on white, 16 bits scaled to 8."""
    image = ImageOps.exif_transpose(image)
    if image.mode.startswith("I") or image.mode == "F":
        values = np.asarray(image, dtype=float)
        highest = values.max(initial=0)
        # only "I;16" says how far its values go; the others are read as what they can be at least
        if image.mode.startswith("I;16") or highest > 255:
            top = 65535.0
        else:
            top = 1.0 if image.mode == "F" and highest <= 1 else 255.0
        return Image.fromarray(np.clip(values / top * 255, 0, 255).astype(np.uint8)).convert("RGB")
    if image.mode in ("RGBA", "RGBa", "LA", "La", "PA") or "transparency" in image.info:
        layer = image.convert("LA").convert("RGBA") if image.mode == "La" else image.convert("RGBA")
        return Image.alpha_composite(Image.new("RGBA", layer.size, "white"), layer).convert("RGB")
    return image.convert("RGB")


def png(image: Image.Image) -> bytes:
    """The picture as a person sees it, as a PNG file."""
    file = io.BytesIO()
    as_rgb(image).save(file, "PNG")
    return file.getvalue()


def data_url(image: Image.Image) -> str:
    """The same as text, which vision-language servers take in the place of an address."""
    return f"data:image/png;base64,{base64.b64encode(png(image)).decode()}"


def read(data: bytes) -> Image.Image:
    """An RGB picture from the bytes of a file. Raises ValueError for what is no picture, or one of too many pixels."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            image = Image.open(io.BytesIO(data))
        with image:
            if image.width * image.height > MOST_PIXELS:
                raise ValueError(f"a picture of {image.width} x {image.height} pixels; the most is {MOST_PIXELS} in all")
            return as_rgb(image)
    except (OSError, SyntaxError, Image.DecompressionBombError) as error:
        raise ValueError(f"no picture: {error}") from error


def walk(root: Path) -> Iterator[str]:
    """Paths of all files from `root`, "/" between; hidden ones are left out, links followed, each folder entered once."""
    seen: set[tuple[int, int]] = set()
    for folder, below, files in os.walk(root, followlinks=True):
        with suppress(OSError):
            place = os.stat(folder)
            if (place.st_dev, place.st_ino) in seen:
                below.clear()
                continue
            seen.add((place.st_dev, place.st_ino))
        below[:] = sorted(name for name in below if not name.startswith("."))
        start = "" if Path(folder) == root else Path(folder).relative_to(root).as_posix() + "/"
        yield from (start + name for name in files if not name.startswith("."))
