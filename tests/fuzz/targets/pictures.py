"""Files that say they are pictures: of every format that is read and some that are not, altered, spliced, called otherwise."""

import io
import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
from PIL import Image

from bugscope.core.records import Refused
from bugscope.media import picture
from bugscope.workflows import distance

from ..material import altered, text

MODES = ("RGB", "L", "1", "P", "RGBA", "LA", "CMYK", "I", "I;16", "F", "YCbCr", "HSV", "LAB")
SAVED = (
    "PNG",
    "JPEG",
    "WEBP",
    "GIF",
    "BMP",
    "TIFF",
    "PPM",
    "AVIF",
    "ICO",
    "TGA",
    "EPS",
    "PDF",
    "JPEG2000",
    "DDS",
    "ICNS",
    "PCX",
    "MPO",
    "SGI",
)
EPS = b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n(owned) (w) file dup (x) writestring closefile showpage\n%%EOF"
STARTS = (
    EPS, b"<svg xmlns='http://www.w3.org/2000/svg'/>", b"P6 99999 99999 255\n", b"P6\n4 4\n65535\n", b"P5 1 1 255\n\0",
    b"Pf\n1 1\n-1\n\0\0\0\0", b"GIF89a",
    b"BM", b"II*\0", b"MM\0*", b"RIFF\0\0\0\0WEBPVP8 ", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"\0\0\0 ftypavif",
    b"%PDF-1.4", b"PK\3\4", b"\0\0\0\x0cjP  ", b"",
)  # fmt: skip


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def huge(rng: Random) -> bytes:
    """A PNG that says it is larger than it is, or unfolds."""
    wide, high = rng.choice(
        ((2**31 - 1, 1), (100_000, 100_000), (8001, 8000), (1, 2**24), (30_000, 2_000), (0, 5), (2**31, 2**31))
    )
    body = zlib.compress(b"\0" * rng.choice((10, 10**6)))
    text_chunk = chunk(b"zTXt", b"x\0\0" + zlib.compress(b"a" * rng.choice((10, 5 * 10**6))))
    head = chunk(
        b"IHDR", struct.pack(">IIBBBBB", wide, high, rng.choice((8, 16, 1)), rng.choice((0, 2, 3, 6)), 0, 0, rng.choice((0, 1)))
    )
    return b"\x89PNG\r\n\x1a\n" + head + rng.choice((b"", text_chunk)) + chunk(b"IDAT", body) + chunk(b"IEND", b"")


def saved(rng: Random) -> bytes:
    """A small picture of any mode and format, with what goes along with one: EXIF, palettes, several frames."""
    image = Image.fromarray(
        np.random.default_rng(rng.randrange(99)).integers(0, 256, (rng.choice((1, 2, 9)), rng.choice((1, 7, 8)), 3), np.uint8)
    )
    file = io.BytesIO()
    mode, format = rng.choice(MODES), rng.choice((*SAVED[:8], *SAVED))
    exif = Image.Exif()
    exif[0x0112] = rng.choice((0, 1, 3, 5, 6, 8, 9, 255))
    exif[0x010E] = text(rng).encode("utf-8", "replace").decode()[:200]
    extra: dict[str, Any] = rng.choice(
        (
            {},
            {},
            {"exif": exif},
            {"save_all": True, "append_images": [image.rotate(90)]},
            {"icc_profile": b"x" * 200},
            {"comment": b"x"},
            {"dpi": (0, 0)},
        )
    )
    try:
        (
            image.convert(mode) if mode != "I;16" else Image.fromarray(np.asarray(image.convert("L")).astype(np.uint16) * 257)
        ).save(file, format, **extra)
    except (OSError, ValueError, KeyError, TypeError, RuntimeError, struct.error, SystemError, AttributeError, ArithmeticError):
        file = io.BytesIO()
        image.save(file, "PNG")
    return file.getvalue()


def made(rng: Random) -> bytes:
    match rng.randrange(8):
        case 0:
            return huge(rng)
        case 1:
            return rng.choice(STARTS) + saved(rng)
        case 2:
            return saved(rng) + rng.choice(STARTS) + saved(rng)
        case 3:
            return altered(rng.choice(STARTS) + bytes(60), rng)
        case 4:
            return saved(rng)
        case _:
            return altered(saved(rng), rng)


@contextmanager
def ready(folder: Path) -> Iterator[Any]:
    def example(rng: Random, folder: Path) -> str:
        file = folder / f"p{rng.choice(picture.ENDINGS)}"
        file.write_bytes(made(rng))
        read = distance.opened(file)
        if isinstance(read, str):
            assert read.isprintable() and len(read) < 700, f"no sentence: {read!r}"
            return "refused"
        assert read.mode == "RGB" and 0 < read.width * read.height <= picture.MOST_PIXELS
        checked = picture.check(read)
        if isinstance(checked, Refused):
            return "blank"
        again = picture.decode(picture.encode(checked))
        assert again.tobytes() == checked.tobytes()
        picture.preview(checked, 64)
        picture.signature(checked)
        return "done"

    yield example
