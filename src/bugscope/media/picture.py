"""Pictures of any mode: as models and people see them, and as bytes on their way to a server and back."""

import base64
import io
import os
import re
import struct
import warnings
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
import scipy  # a hash needs scipy.fft, which takes a while to import
from PIL import Image, ImageDraw, ImageFont, ImageOps

from ..core import stencils
from ..core.errors import told
from ..core.records import Phrase, Refused, Specimen
from ..language.vocabulary import Kind, Vocabulary
from ..language.words import listed
from . import Preview

Picture = Specimen[Image.Image]
"""An image, and what its generator says about it."""
MOST_PIXELS = 64_000_000
"""Largest picture that is read or kept, in pixels: a small file can unfold to any size."""
FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF", "PPM", "AVIF")
"""The only formats that are tried, whatever a file is called: Pillow runs another program to read some of the others."""
BROKEN = (
    OSError, SyntaxError, ValueError, TypeError, LookupError, ArithmeticError, AttributeError, RuntimeError, EOFError,
    MemoryError, struct.error, zlib.error, Image.DecompressionBombError, Warning,
)  # fmt: skip
"""What a damaged or hostile file can cause in Pillow; warnings too, where somebody has them raised."""


class TooManyPixels(ValueError):
    """A picture over `MOST_PIXELS`; found out before it is decoded."""


name, suffix = "picture", ".png"
QUALITY = ((150, 82), (110, 75), (80, 65), (0, 55))
"""(pixels, JPEG quality) of previews whose side is longer than that."""


def check(content: object) -> Image.Image | Refused:
    """The picture in RGB, as a person sees it; `Refused` if it is blank, too large or not finite.

    `content`: a PIL image, or an array [height, width] or [height, width, 1, 3 or 4] (or the channels first) of whole numbers
    from 0 to 255 or of others from 0 to 1. Raises TypeError, ValueError.
    """
    if not isinstance(content, Image.Image) and hasattr(content, "__array__"):
        content = _of_array(content)
    if isinstance(content, Refused):
        return content
    if not isinstance(content, Image.Image):
        raise TypeError(f"a {type(content).__name__}; expected a Picture, a PIL image, an array or Refused")
    if 0 in content.size:
        raise ValueError(f"a picture of size {content.size}; expected at least one pixel")
    if content.width * content.height > MOST_PIXELS:
        return Refused(_too_many(content.size))
    if content.mode == "F" and not np.isfinite(np.asarray(content)).all():
        return Refused("picture with values that are not finite")
    image = as_rgb(content)
    if all(low == high for low, high in image.getextrema()):  # type: ignore[misc]
        return Refused("blank picture")
    return image


def _of_array(content: Any) -> Image.Image | Refused:
    """A picture as NumPy and PyTorch have it. Raises TypeError, ValueError."""
    try:
        values = np.asarray(content.detach().cpu() if hasattr(content, "detach") else content)
    except Exception as error:  # a tensor may raise anything
        raise TypeError(f"a {type(content).__name__} that is no array ({told(error)})") from error
    depths = (1, 3, 4)
    if values.ndim == 3 and values.shape[0] in depths and values.shape[2] not in depths:
        values = np.moveaxis(values, 0, 2)
    if not (values.ndim == 2 or (values.ndim == 3 and values.shape[2] in depths)) or values.dtype.kind not in "uifb":
        raise ValueError(f"an array of {values.dtype} {values.shape}; expected [height, width, 3] of numbers")
    if values.shape[0] * values.shape[1] > MOST_PIXELS:
        return Refused(_too_many(values.shape[1::-1]))
    if 0 in values.shape:
        raise ValueError(f"an array of shape {values.shape}; expected at least one pixel")
    if not np.isfinite(values).all():
        return Refused("picture with values that are not finite")
    top = 1 if values.dtype.kind in "fb" else 255
    if values.min() < 0 or values.max() > top:
        given = f"values from {values.min():.4g} to {values.max():.4g} of type {values.dtype}"
        raise ValueError(f"an array with {given}; expected whole numbers from 0 to 255 or others from 0 to 1")
    pixels = np.round(values.astype(float) * (255 / top)).astype(np.uint8)
    return Image.fromarray(pixels[..., 0] if pixels.ndim == 3 and pixels.shape[2] == 1 else pixels)


def encode(content: Image.Image) -> bytes:
    """The bytes of a PNG file."""
    file = io.BytesIO()
    content.save(file, "PNG")
    return file.getvalue()


def decode(data: bytes) -> Image.Image:
    """The RGB picture in a file's bytes. Raises ValueError if they are damaged."""
    with opened(data) as image:
        return image.convert("RGB")


def sample() -> Image.Image:
    """Soft spots of colour."""
    pixels = np.random.default_rng(0).integers(0, 256, (56, 56, 3), dtype=np.uint8)
    return Image.fromarray(pixels).resize((224, 224), Image.Resampling.BICUBIC)


def copy(content: Image.Image) -> Image.Image:
    return content.copy()


def preview(content: Image.Image, side: int, marks: Sequence[Any] = ()) -> Preview:
    """A JPEG thumbnail; each mark is a box or the outline of a mask, with its text."""
    small = content.copy()
    small.thumbnail((side, side), Image.Resampling.LANCZOS)
    for mark in marks:
        _draw(small, mark)
    file = io.BytesIO()
    quality = next(quality for over, quality in QUALITY if side > over)
    small.save(file, "JPEG", quality=quality, optimize=True)
    return Preview(file.getvalue(), "image/jpeg")


DASH = 14
"""Dashes along the longest side of a picture."""
DASHED = 0.55
"""How much of an outline dashes are."""


def _draw(image: Image.Image, mark: Any) -> None:
    """The truth with a solid green line and its text below, an answer with a red dashed one and its text above: they can be
    told apart without colour."""
    width, height = image.size
    colour = "#157f4c" if mark.true else "#c8372d"
    left, top, right, bottom = (
        min(size - 1.0, share * size) for share, size in zip(mark.box[1:], (width, height, width, height), strict=True)
    )
    pen, line = ImageDraw.Draw(image), max(1, round(width / 90))
    if mark.mask:
        _outline(image, mark.mask, colour, line, max(width, height) / DASH if not mark.true else 0)
    elif mark.true:
        pen.rectangle((left, top, right, bottom), outline=colour, width=line)
    else:
        for edge in (((left, top), (right, top)), ((right, top), (right, bottom)), ((left, bottom), (right, bottom)),
                     ((left, top), (left, bottom))):  # fmt: skip
            _dashed(pen, *edge, step=max(width, height) / DASH, colour=colour, width=line)
    if mark.text:
        font = ImageFont.load_default(max(9, round(width / 16)))
        _, _, across, down = pen.textbbox((0, 0), mark.text, font=font)
        x = max(0.0, min(left, width - across - 2))
        y = min(height - down - 2, bottom) if mark.true else max(0.0, top - down - 2)
        pen.rectangle((x, y, x + across + 2, y + down + 2), fill=colour)
        pen.text((x + 1, y), mark.text, fill="white", font=font)


def _outline(image: Image.Image, packed: str, colour: str, line: int, step: float) -> None:
    """The edge of a mask, `line` pixels wide inside it; dashed if there is a `step`, so many pixels a dash."""
    mask = stencils.unpacked(packed, *image.size)
    inner = mask.copy()
    for _ in range(line):
        around = np.pad(inner, 1)
        inner = inner & around[:-2, 1:-1] & around[2:, 1:-1] & around[1:-1, :-2] & around[1:-1, 2:]
    edge = mask & ~inner
    if step and edge.any():
        y, x = map(np.asarray, np.indices(mask.shape))
        turn = np.arctan2(y - y[mask].mean(), x - x[mask].mean()) / (2 * np.pi)
        edge &= turn * max(3, round(edge.sum() / line / step)) % 1 < DASHED
    image.paste(colour, mask=Image.fromarray(edge.astype(np.uint8) * 255))


def _dashed(
    pen: ImageDraw.ImageDraw,
    start: tuple[float, float],
    end: tuple[float, float],
    *,
    step: float,
    colour: str,
    width: int,
) -> None:
    (x, y), length = start, max(abs(end[0] - start[0]), abs(end[1] - start[1]))
    across, down = (end[0] > x, end[1] > y)
    at = 0.0
    while at < length:
        to = min(at + 0.6 * step, length)
        pen.line((x + at * across, y + at * down, x + to * across, y + to * down), fill=colour, width=width)
        at += step


def signature(content: Image.Image) -> bytes:
    """64-bit DCT hash of an RGB picture's lightness, then its 8 x 8 thumbnail."""
    grey = np.asarray(content.convert("L").resize((32, 32), Image.Resampling.LANCZOS), dtype=float)
    waves = scipy.fft.dctn(grey, norm="ortho")[:8, :8].ravel()
    waves[0] = 0.0  # the mean: overall lightness is left to the thumbnail
    bits = np.packbits(waves > np.median(waves))
    small = np.asarray(content.resize((8, 8), Image.Resampling.BOX), dtype=np.uint8)
    return bits.tobytes() + small.tobytes()


def as_rgb(image: Image.Image) -> Image.Image:
    """Any picture as a person sees it: rotated as its EXIF says, transparency on white, 16 bits scaled to 8."""
    image = ImageOps.exif_transpose(image)
    if image.mode.startswith("I") or image.mode == "F":
        values = np.asarray(image, dtype=float)
        highest = values.max(initial=0)
        # only "I;16" states its range; the others are taken to have the smallest that holds their values
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
    return encode(as_rgb(image))


def data_url(image: Image.Image) -> str:
    """The same PNG as a data URL, which vision-language servers take instead of an address."""
    return f"data:image/png;base64,{base64.b64encode(png(image)).decode()}"


def read(data: bytes) -> Image.Image:
    """The RGB picture in a file's bytes, as a person sees it. Raises ValueError as `opened` does."""
    with opened(data) as image:
        return as_rgb(image)


@contextmanager
def opened(data: bytes) -> Iterator[Image.Image]:
    """The picture in a file's bytes, of one of `FORMATS`, not decoded yet: every file that is read as a picture comes through
    here. Raises ValueError if they are none or are damaged, also where that shows in the body of the `with`, and
    TooManyPixels."""
    try:
        with _header(data) as image:
            if image.width * image.height > MOST_PIXELS:
                raise TooManyPixels(_too_many(image.size))
            yield image
    except TooManyPixels:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise TooManyPixels(f"a picture of too many pixels; the maximum is {MOST_PIXELS:,} in all") from error
    except BROKEN as error:
        raise ValueError(_unread(data, error)) from error


def _header(data: bytes) -> Image.Image:
    Image.init()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", Image.DecompressionBombWarning)
        return Image.open(io.BytesIO(data), formats=[name for name in FORMATS if name in Image.OPEN])


def _too_many(size: tuple[int, int]) -> str:
    return f"a picture of {size[0]} x {size[1]} pixels; the maximum is {MOST_PIXELS:,} in all"


def _unread(data: bytes, error: BaseException) -> str:
    found = _found(data)
    if found in FORMATS:
        return f"not a picture: damaged {found} ({told(error)})"
    return f"not a picture that is read: {found or 'of an unknown format'}; the formats are {', '.join(FORMATS)}"


def _found(data: bytes) -> str:
    """The format that a file's first bytes announce, by Pillow's own marks, none of which is acted on; "" if unknown."""
    if not data:
        return "an empty file"
    start = data[:16].ljust(16, b"\0")
    known = ((name, accept) for name, (_, accept) in Image.OPEN.items() if accept is not None)
    return next((name for name, accept in known if accept(start) is True), "")


def walk(root: Path) -> Iterator[str]:
    """Paths of all files below `root`, relative to it, with "/" as separator.

    Hidden files are left out, links are followed, and each folder is entered once.
    """
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


ENDINGS = (
    ".jpg", ".jpeg", ".jpe", ".jfif", ".jif", ".png", ".apng", ".webp", ".bmp", ".dib", ".gif", ".tif", ".tiff", ".ppm",
    ".pgm", ".pbm", ".pnm", ".avif",
)  # fmt: skip
"""Of files of pictures that are read."""
UNREAD = (
    ".heic", ".heif", ".hif", ".jxl", ".jp2", ".j2k", ".jpx", ".tga", ".psd", ".svg", ".ico", ".icns", ".eps", ".pcx",
    ".dds", ".exr", ".hdr", ".raw", ".cr2", ".cr3", ".nef", ".arw", ".dng", ".orf", ".rw2", ".raf",
)  # fmt: skip
"""Of files of pictures that are passed over; they are counted, so that no class vanishes without a word."""


def passed_over(names: Iterable[str]) -> dict[str, int]:
    """How many files with an ending of `UNREAD` there are, by ending."""
    found = Counter(ending for name in names if (ending := PurePosixPath(name).suffix.lower()) in UNREAD)
    return dict(sorted(found.items()))


# --- how pictures are put into words ----------------------------------------------------------------------------------


def _after(*texts: str) -> tuple[Phrase, ...]:
    return tuple(Phrase(text) for text in texts)


def _before(*texts: str) -> tuple[Phrase, ...]:
    return tuple(Phrase(text, before=True) for text in texts)


COLOURS = listed(
    "red blue green yellow orange purple violet pink black white gray grey brown beige tan turquoise teal navy maroon cyan "
    "magenta colorful colourful rosy crimson scarlet coloured colored"
)
MATERIALS = listed(
    "wooden wood metal metallic glass plastic stone golden gold silver steel chrome bronze copper iron marble paper cardboard "
    "ceramic porcelain leather rubber knitted woollen crystal transparent gilded"
)

PATTERNS: tuple[tuple[Kind, str], ...] = (
    (Kind.MATERIAL, r"^(?:made (?:out )?of|covered in) "),
    (
        Kind.DISTANCE,
        r"\b(?:far away|far off|from far|from afar|in the (?:far )?distance|distant|close[ -]?ups?|up close|in the frame)\b|"
        r"^in the (?:background|foreground)\b",
    ),
    (
        Kind.STYLE,
        r"\b(?:blur(?:red|ry)?|(?:out of|soft|shallow|deep) focus|"
        r"depth of field|in motion|moving|defocused|unfocused|bokeh|grainy|noisy|noise|pixelated|"
        r"overexposed|underexposed|exposure|white balance|contrast|aberration|vignette|resolution|compressed|"
        r"photo(?! studio)|photograph|picture|painting|drawing|sketch|illustration|cartoon|rendering|origami|"
        r"pixel art|halftone|black and white|sepia|monochrome|thermal|infrared|"
        r"frame|watermark|date stamp|subtitles|sticker that says|filter|style|lens)\b",
    ),
    (Kind.POSE, r"\b(?:upside[ -]down|on (?:its|their) (?:side|back|head)|tilted|rotated|turned|overturned)\b"),
    (
        Kind.VIEWPOINT,
        r"\bfrom (?:above|below|behind|underneath|inside|outside|ground level|(?:the|a|an) (?:\w+ )?(?:top|bottom|side|front|"
        r"back|rear|angle|ground|air))\b|\b(?:view|angle|perspective|in profile)\b",
    ),
    (Kind.OCCLUSION, r"\b(?:hidden|occluded|obscured|obstructed|cropped|cut off)\b|^(?:partly|partially|half|mostly) "),
    (Kind.PLACE, r"\b(?:rooms?|studio|house|kitchen|office|garage|indoors|outdoors|street|road)\b|^inside$|^outside$"),
    (
        Kind.WEATHER,
        r"\b(?:fog|foggy|mist|misty|haze|rain|raining|rainy|snowfall|falling snow|snowing|snowstorm|blizzard|storm|stormy|"
        r"hail|wind|windy|lightning|sandstorm|while it snows)\b",
    ),
    (
        Kind.TIME,
        r"\b(?:night|nighttime|day|daytime|sunset|sunrise|dusk|dawn|noon|midday|midnight|morning|afternoon|evening|twilight|"
        r"daylight|sun|sunlight|sunshine|moonlight|candlelight|lit|backlit|silhouetted|sky|clouds|summer|winter|autumn|spring)\b|"
        # only at the end of a phrase: "on a dark floor" is about a thing that is dark
        r"\b(?:light|lights|headlights|lighting|dark|darkness|shade|shadow|shadows)$",
    ),
    (
        Kind.COMPANION,
        r"^(?:with|without|holding|wearing|carrying|eating|using|riding|pulling|pushing|watching|next to|beside|near|close to|"
        r"between|behind|among|surrounded by|covered|filled|decorated|tied|attached|wrapped|and|being)\b",
    ),
    (
        Kind.PLACE,
        r"^(?:on|in|at|inside|outside|under|over|above|below|beneath|against|through|along|around|across|amid|by|into|onto|beyond|"
        r"sitting|standing|lying|laying|placed|parked|mounted|hanging|resting|growing|floating|flying|running|walking|leaning|"
        r"buried|reflected)\b",
    ),
)
"""The first pattern that fits a phrase after the noun tells its kind."""


GROUPS: tuple[tuple[Phrase, ...], ...] = (
    _before("two", "three"),
    _before("red", "blue", "green", "yellow", "white", "black"),
    _before("wooden", "metal", "glass", "golden"),
    _after("covered in zebra stripes", "covered in bricks", "covered in leopard spots", "covered in knitted wool",
           "covered in newspaper", "covered in moss", "covered in camouflage", "covered in rust", "covered in tiger stripes",
           "covered in snake scales", "covered in lava", "covered in tree bark", "covered in elephant skin",
           "covered in orange peel"),
    # grounds outdoors and indoors are kept apart: a swap should not move the whole scene to another place
    _after("on grass", "on sand", "on snow", "on dirt", "on water", "on asphalt", "on gravel", "on mud", "on fallen leaves",
           "on a wet street"),
    _after("on a wooden floor", "on a carpet", "on marble", "on a checked cloth", "on tiles", "on concrete",
           "on a metal grid", "on a cluttered table"),
    _after("in a forest", "in a city", "in a desert", "in a kitchen"),
    _after("in front of trees", "in front of buildings"),
    _after("in a dark room", "in a bright studio", "indoors"),
    _after("at night", "on a sunny day", "on a cloudy day", "at sunset", "in headlights"),
    _after("against the light", "in hard side light", "in coloured neon light"),
    _after("in fog", "in heavy rain", "in falling snow"),
    _after("seen from above", "seen from ground level", "seen from behind", "seen from below"),
    _after("upside down", "on its side"),
    _after("far away", "in a close-up"),
    _after("partly hidden by leaves", "partly hidden by a post"),
    _after("next to a person", "next to a dog", "next to a book"),
    _after("with motion blur", "out of focus", "in a grainy photo", "with zoom blur"),
    _after("in a pencil sketch", "in an oil painting", "in a cartoon", "in pixel art", "in a black and white photo",
           "in a sepia photo", "in a halftone print", "in a thermal photo"),
    _after("in an overexposed photo", "in an underexposed photo", "in a low contrast photo", "with a wrong white balance"),
    _after("in a low resolution photo", "in a heavily compressed photo"),
    _after("in a tilted photo", "in a sideways photo"),
    _after("through a dirty lens", "through a wet lens", "through a fisheye lens", "with lens flare", "with a vignette",
           "with chromatic aberration", "through an icy lens", "through a frosted lens", "through a wavy lens"),
    _after("with a watermark", "with a date stamp", "with subtitles", "in a picture frame", "with a stock photo watermark",
           "with a sticker that says piggy bank"),
)  # fmt: skip
"""Phrases that may replace one another. A phrase in no group takes the first group of its kind and preposition."""

CHECKLIST: tuple[Phrase, ...] = (
    Phrase("seen from above"),
    Phrase("upside down"),
    Phrase("far away"),
    Phrase("seen from behind"),
    Phrase("red", before=True),
    Phrase("in fog"),
    Phrase("in falling snow"),
    Phrase("at night"),
    Phrase("with motion blur"),
    Phrase("blue", before=True),
    Phrase("on grass"),
    Phrase("partly hidden by leaves"),
    Phrase("seen from below"),
    Phrase("three", before=True),
    Phrase("in heavy rain"),
    Phrase("golden", before=True),
    Phrase("on snow"),
    Phrase("out of focus"),
    Phrase("on water"),
    Phrase("in a dark room"),
)
"""Generic conditions (viewpoint, distance, colour, weather, light, occlusion, surroundings, material, camera), so that what
exploration never drew is tried too."""

LEAD_IN = re.compile(
    r"^\W*(?:(?:this|that|it|here|there)\s+(?:is|are)\s+)?(?:(?:an?|the|some)\s+)?"
    r"((?:[\w-]+\s+){0,4}?)"
    r"(photo|photograph|picture|image|shot|snapshot|view|drawing|painting|sketch|illustration|rendering|close[-\s]?up)s?"
    r"\s+(?:of|showing|depicting|shows|depicts)\b",
    re.IGNORECASE,
)
CLOSE_UP = re.compile(r"\bclose[-\s]?up\b|\bstock\b|\bsingle\b")

words = Vocabulary(
    opening="a photo of",
    checklist=CHECKLIST,
    groups=GROUPS,
    patterns=PATTERNS,
    colours=COLOURS,
    materials=MATERIALS,
    lead_in=LEAD_IN,
    idle=CLOSE_UP,
    names={name: "photo" for name in ("photograph", "picture", "image", "shot", "snapshot")},
    surroundings=frozenset({Kind.PLACE, Kind.TIME, Kind.WEATHER, Kind.COMPANION, Kind.OCCLUSION}),
    camera=frozenset({Kind.VIEWPOINT, Kind.STYLE}),
    nowhere="an empty place",
)
