"""What is laid over a finished picture: marks, dates, subtitles, a sticker, a frame.

What an overlay hides is taken out of the regions (`shots.covered`), so that the judge counts only what is left to see.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from PIL import Image, ImageDraw
from scipy import ndimage

from .scene import Random
from .shots import Array, Regions, Shot, bent, covered, grid
from .textures import fbm, font, wood

FINE = 3
"""Text is drawn this many times larger, then averaged down."""
MOST_HIDDEN = 0.3
"""Share of an object that a sticker may hide."""
LINES = (
    "I told you not to come here.", "We should have left hours ago.", "Did you hear that?", "It was there all along.",
    "Nobody is going to believe us.", "Wait until the others arrive.", "That's what they said last time.",
    "You never asked me about it.", "Where did everybody go?", "Let me show you something.",
)  # fmt: skip
"""Subtitles. None names a thing that a picture could show."""
_MARKS = ("SAMPLE", "PREVIEW", "COPYRIGHT", "DO NOT COPY")
_PAPERS = (((250, 250, 246), (20, 20, 22)), ((250, 222, 60), (25, 20, 10)), ((205, 35, 40), (255, 250, 245)),
           ((245, 245, 245), (190, 20, 30)))  # fmt: skip

# Two characters as strokes in the unit square, x before y.
_JIE = (
    ((0.05, 0.27), (0.38, 0.27)), ((0.23, 0.05), (0.23, 0.9), (0.14, 0.83)), ((0.05, 0.63), (0.38, 0.5)),
    ((0.46, 0.14), (0.93, 0.14)), ((0.5, 0.27), (0.86, 0.27), (0.86, 0.5)), ((0.42, 0.385), (0.97, 0.385)),
    ((0.5, 0.5), (0.86, 0.5)), ((0.68, 0.04), (0.68, 0.85)), ((0.68, 0.66), (0.91, 0.66)),
    ((0.54, 0.6), (0.51, 0.74), (0.4, 0.93)), ((0.51, 0.72), (0.62, 0.83), (0.78, 0.89), (0.97, 0.91)),
)  # fmt: skip
_JING = (
    ((0.3, 0.05), (0.22, 0.18), (0.06, 0.32)), ((0.33, 0.28), (0.22, 0.43), (0.04, 0.58)), ((0.22, 0.42), (0.22, 0.95)),
    ((0.45, 0.12), (0.85, 0.12), (0.72, 0.3), (0.42, 0.52)), ((0.5, 0.2), (0.66, 0.35), (0.95, 0.5)),
    ((0.46, 0.6), (0.9, 0.6)), ((0.68, 0.6), (0.68, 0.91)), ((0.4, 0.91), (0.96, 0.91)),
)  # fmt: skip


def watermark(shot: Shot, rng: Random) -> Shot:
    """Six Chinese characters, thin, white and half transparent, across the middle, as in ImageNet-W (Li et al. 2023, "A
    Whac-A-Mole Dilemma"): there 36 of 224 pixels high, from 1 % of the width, at 40 % of the height."""
    h, w = shot.image.shape[:2]
    size = 36 / 224 * min(h, w)
    top = 0.4 * h + 0.27 * size  # Source Han Serif leaves this much above its characters

    def draw(pen: Any, scale: int) -> None:
        for i in range(6):
            for stroke in (_JIE, _JING)[i % 2]:
                points = [((0.01 * w + (i + x) * size) * scale, (top + y * size) * scale) for x, y in stroke]
                pen.line(points, fill=255, width=max(1, round(0.036 * size * scale)), joint="curve")

    return covered(shot, (1.0, 1.0, 1.0), 0.5 * _mask(h, w, draw) * (1 - 1e-6))


def stock_watermark(shot: Shot, rng: Random) -> Shot:
    """What picture agencies print over previews: a word in rows, slanted and half transparent."""
    h, w = shot.image.shape[:2]
    side = min(h, w)
    text = _MARKS[int(rng.integers(len(_MARKS)))]
    shift = rng.uniform(0, 1)
    canvas = Image.new("L", (round(1.5 * max(h, w)) * 2,) * 2)
    pen = ImageDraw.Draw(canvas)
    letters = font(round(0.15 * side))
    step = pen.textlength(text, font=letters) * 1.3
    for row in range(round(canvas.height / (0.4 * side)) + 1):
        for column in range(round(canvas.width / step) + 2):
            place = ((column + (row % 2) / 2 + shift - 1.5) * step, row * 0.4 * side)
            pen.text(place, text, fill=255, font=letters, stroke_width=round(0.007 * side))
    slanted = canvas.rotate(28, Image.Resampling.BILINEAR)
    middle = canvas.width // 2
    cut = slanted.crop((middle - w, middle - h, middle + w, middle + h)).resize((w, h), Image.Resampling.BOX)
    word = np.asarray(cut, dtype=np.float64) / 255
    shadow = np.roll(word, (1, 1), (0, 1)) * 0.22
    return covered(covered(shot, (0.0, 0.0, 0.0), shadow), (1.0, 1.0, 1.0), 0.42 * word)


def date_stamp(shot: Shot, rng: Random) -> Shot:
    """What cameras for film burnt into the corner: year, month and day in glowing orange."""
    h, w = shot.image.shape[:2]
    side = min(h, w)
    text = f"'{rng.integers(87, 100):02d}  {rng.integers(1, 13):2d}  {rng.integers(1, 29):2d}"

    def draw(pen: Any, scale: int) -> None:
        letters = font(round(0.075 * side * scale))
        place = ((w - 0.05 * side) * scale, (h - 0.05 * side) * scale)
        pen.text(place, text, fill=255, font=letters, anchor="rs", stroke_width=round(0.0035 * side * scale))

    digits = _mask(h, w, draw)
    glow = ndimage.gaussian_filter(digits, 0.014 * side)
    lit = covered(shot, (0.85, 0.12, 0.0), np.clip(1.1 * glow, 0, 0.48))
    return covered(lit, (1.0, 0.56, 0.08), 0.95 * digits)


def subtitles(shot: Shot, rng: Random) -> Shot:
    """A line of a film, white with a black outline, at the lower edge."""
    h, w = shot.image.shape[:2]
    side = min(h, w)
    text = LINES[int(rng.integers(len(LINES)))]

    def written(stroke: float) -> Callable[[Any, int], None]:
        def draw(pen: Any, scale: int) -> None:
            letters = _fitting(pen, (text,), 0.9 * w * scale, 0.068 * side * scale)
            place = (w / 2 * scale, (h - 0.065 * side) * scale)
            pen.text(place, text, fill=255, font=letters, anchor="ms", stroke_width=round(stroke * side * scale))

        return draw

    outlined = covered(shot, (0.0, 0.0, 0.0), 0.95 * _mask(h, w, written(0.0095)))
    return covered(outlined, (1.0, 1.0, 1.0), _mask(h, w, written(0.0025)))


def frame(shot: Shot, rng: Random) -> Shot:
    """The whole picture, smaller, behind a white mat in a frame of gold, dark wood or black."""
    h, w = shot.image.shape[:2]
    bar, mat = rng.uniform(0.06, 0.075), rng.uniform(0.045, 0.06)
    inner = 1 - 2 * (bar + mat)
    small = bent(shot, lambda y, x: ((y - 0.5) / inner + 0.5, (x - 0.5) / inner + 0.5))
    y, x = grid(h, w)
    edge = np.minimum(np.minimum(y, 1 - y), np.minimum(x, 1 - x))
    upright = np.minimum(x, 1 - x) < np.minimum(y, 1 - y)
    kind = int(rng.integers(3))
    if kind == 0:
        grain = wood(rng, h, w, (0.2, 0.1, 0.05), (0.36, 0.2, 0.1))
        colour = np.where(upright[..., None], np.rot90(grain) if h == w else grain, grain)
    else:
        base = ((0.78, 0.6, 0.24), (0.09, 0.09, 0.1))[kind - 1]
        colour = np.clip(base * (1 + 0.05 * fbm(rng, h, w, 1.5))[..., None], 0, 1)
    across = edge / bar
    moulding = 0.62 + 0.5 * np.sin(np.pi * np.clip(across, 0, 1)) ** 0.7 + 0.22 * np.cos(7 * across)
    lit = np.where(upright, np.where(x < 0.5, 1.08, 0.84), np.where(y < 0.5, 1.2, 0.74))
    bars = np.clip(colour * (moulding * lit)[..., None], 0, 1)
    shade = 1 - 0.35 * np.exp(-np.maximum(edge - bar, 0) / 0.012) - 0.25 * (np.abs(edge - bar - mat) < 0.006)
    surround = np.where((edge < bar)[..., None], bars, np.array((0.95, 0.94, 0.9)) * shade[..., None])
    return covered(small, surround, (edge < bar + mat).astype(float))


def sticker(shot: Shot, rng: Random, text: str) -> Shot:
    """A paper sticker that says `text`, stuck where it touches the object but hides at most `MOST_HIDDEN` of it."""
    h, w = shot.image.shape[:2]
    paper = _paper(text, min(h, w), *_PAPERS[int(rng.integers(len(_PAPERS)))]).rotate(
        float(rng.uniform(-14, 14)), Image.Resampling.BICUBIC, expand=True
    )
    size = (paper.width // FINE, paper.height // FINE)
    small = np.asarray(paper.resize(size, Image.Resampling.LANCZOS), dtype=np.float64) / 255
    top, left = _place(shot.regions, (size[1] / h, size[0] / w), rng)
    layer, opacity = np.zeros((h, w, 3)), np.zeros((h, w))
    row, column = min(round(top * h), h - size[1]), min(round(left * w), w - size[0])
    spot = slice(row, row + size[1]), slice(column, column + size[0])
    layer[spot], opacity[spot] = small[..., :3], small[..., 3]
    shadow = np.roll(ndimage.gaussian_filter(opacity, 0.008 * min(h, w)), (round(0.009 * h), round(0.006 * w)), (0, 1))
    return covered(covered(shot, (0.0, 0.0, 0.0), np.clip(0.45 * shadow, 0, 0.45)), layer, opacity)


# --- parts --------------------------------------------------------------------------------------------------------------


def _mask(h: int, w: int, draw: Callable[[Any, int], None]) -> Array:
    """What `draw(pen, scale)` paints with 255, as opacity [h, w]."""
    large = Image.new("L", (w * FINE, h * FINE))
    draw(ImageDraw.Draw(large), FINE)
    return np.asarray(large.resize((w, h), Image.Resampling.BOX), dtype=np.float64) / 255


def _fitting(pen: Any, lines: Sequence[str], width: float, size: float) -> Any:
    """The font at `size`, or as much smaller as the longest line needs to fit in `width`."""
    longest = max(pen.textlength(line, font=font(round(size))) for line in lines)
    return font(max(4, round(size * min(1.0, width / max(longest, 1.0)))))


def wrapped(text: str) -> tuple[str, ...]:
    """One line, or two of about equal length if the text has several words and is long."""
    words = text.split()
    if len(text) <= 9 or len(words) < 2:
        return (text,)
    cuts = [(" ".join(words[:i]), " ".join(words[i:])) for i in range(1, len(words))]
    return min(cuts, key=lambda pair: max(map(len, pair)))


def _paper(text: str, side: int, colour: tuple[int, int, int], ink: tuple[int, int, int]) -> Image.Image:
    """The sticker upright, with its text, `FINE` times its size: RGBA."""
    lines = wrapped(text)
    unit = side * FINE
    probe = ImageDraw.Draw(Image.new("L", (1, 1)))
    letters = _fitting(probe, lines, 0.4 * unit, 0.115 * unit)
    bold, pad = max(1, round(0.005 * unit)), round(0.032 * unit)
    boxes = [probe.textbbox((0, 0), line, font=letters, stroke_width=bold, anchor="ls") for line in lines]
    line_height = round(letters.size * 1.12)
    width = round(max(b[2] - b[0] for b in boxes)) + 2 * pad
    height = line_height * len(lines) + round(1.5 * pad)
    paper = Image.new("RGBA", (width, height), (*colour, 0))
    pen = ImageDraw.Draw(paper)
    pen.rounded_rectangle((0, 0, width - 1, height - 1), radius=round(0.02 * unit), fill=(*colour, 255))
    inset = round(0.008 * unit)
    box = (inset, inset, width - 1 - inset, height - 1 - inset)
    pen.rounded_rectangle(box, radius=round(0.014 * unit), outline=(*ink, 255), width=max(1, round(0.004 * unit)))
    for i, line in enumerate(lines):
        place = (width / 2, 0.75 * pad + (i + 0.78) * line_height)
        pen.text(place, line, fill=(*ink, 255), font=letters, anchor="ms", stroke_width=bold)
    return paper


def _place(regions: Regions, size: tuple[float, float], rng: Random) -> tuple[float, float]:
    """Top left corner, as fractions: of 60 places in the frame the one with most of the object behind the sticker, but no more
    than `MOST_HIDDEN` of all of it; with no object, the first."""
    shows = regions > 0
    total = shows.sum()
    h, w = shows.shape
    sums = np.pad(shows.cumsum(0).cumsum(1), ((1, 0), (1, 0)))
    room = 0.98 - np.minimum(size, 0.96)
    best, most = (0.0, 0.0), -np.inf
    for _ in range(60):
        top, left = 0.01 + room * rng.random(2)
        a, b = round(top * h), round(left * w)
        c, d = min(h, round((top + size[0]) * h)), min(w, round((left + size[1]) * w))
        hidden = (sums[c, d] - sums[a, d] - sums[c, b] + sums[a, b]) / max(total, 1)
        score = hidden if hidden <= MOST_HIDDEN else -hidden
        if score > most:
            best, most = (float(top), float(left)), score
    return best
