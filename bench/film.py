"""What is done to a picture of the studio, measured and drawn: one row per condition.

    python bench/film.py [--n 5] [--labels teapot "school bus" ...] [--models 0 1 2] [--markdown FILE] [--sheet FILE]

The scenes of `--n` plain pictures of each label are traced once and developed under every film condition (`vocabulary.FILM`).
The table has the milliseconds of one core that a condition adds to a picture, the number of faithful pictures, how many of
these each EfficientNet-Lite recognises (near-synonyms accepted), and how many it calls "carton", as ImageNet-W's watermark
makes many networks do. `--sheet` draws one picture of each condition, the first of them plain.
"""

import argparse
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from bugscope import stats
from bugscope.core.labels import accepted
from bugscope.media.picture import Picture
from bugscope.providers import efficientnet_lite
from bugscope.providers.studio import Judge, prompts
from bugscope.providers.studio.render import Renderer, Traced, finished
from bugscope.providers.studio.scene import Scene, resolve
from bugscope.providers.studio.textures import font
from bugscope.providers.studio.vocabulary import FILM, VALUES, Value

LABELS = ("teapot", "school bus", "pineapple", "mailbox", "goblet", "traffic light")
SHOWN: tuple[Value | None, ...] = (None, *(v for v in VALUES if v.attribute in FILM))
USUAL = {
    "colour": "", "material": "", "weather": "clear", "view": "side", "pose": "upright", "distance_name": "normal",
    "occlusion": "", "company": "", "camera": "", "count": 1,
}  # fmt: skip
TAKEN_FOR = "carton"
COLUMNS, SIDE, CAPTION, REPEATS = 6, 168, 20, 3


@dataclass(frozen=True)
class Light:
    """A traced scene without any unusual condition."""

    label: str
    seed: int
    traced: Traced

    def under(self, value: Value | None) -> Scene:
        return scene(self.label, value, self.seed)


@dataclass(frozen=True)
class Row:
    """`right`, `carton`: per network, of the `n` faithful pictures."""

    phrase: str
    added: float
    n: int
    right: tuple[int, ...]
    carton: tuple[int, ...]


def scene(label: str, value: Value | None, seed: int) -> Scene:
    return resolve(prompts.Request(label, {value.attribute: value.name} if value else {}), seed)


def usual_seeds(label: str, n: int, seed: int) -> Iterator[int]:
    """The first `n` seeds from `seed` on whose plain pictures have no unusual condition."""
    while n:
        drawn = scene(label, None, seed)
        if all(getattr(drawn, name) == value for name, value in USUAL.items()):
            yield seed
            n -= 1
        seed += 1


def traced(labels: Sequence[str], n: int, seed: int, renderer: Renderer) -> list[Light]:
    return [Light(label, s, renderer.trace(scene(label, None, s))) for label in labels for s in usual_seeds(label, n, seed)]


def measured(light: Sequence[Light], nets: Sequence[efficientnet_lite.Classifier]) -> Iterator[Row]:
    for value in SHOWN:
        pictures = [_picture(one, value) for one in light]
        fair = np.flatnonzero(Judge()(pictures, [one.label for one in light]) > 0.5)
        answers = [
            [net.labels[k] for k in net([pictures[i].content for i in fair]).argmax(1)] if len(fair) else [] for net in nets
        ]
        right = (sum(a in accepted(light[i].label) for i, a in zip(fair, said, strict=True)) for said in answers)
        added = np.median([_added(one, value) for one in light]) if value else 0.0
        phrase = value.phrase if value else "plain"
        yield Row(phrase, float(added), len(fair), tuple(right), tuple(said.count(TAKEN_FOR) for said in answers))


def _picture(one: Light, value: Value | None) -> Picture:
    pixels, view, _, _ = finished(one.traced, one.under(value))
    return Picture(Image.fromarray(pixels), info={"scene": one.under(value).to_mapping(), "view": asdict(view)})


def _added(one: Light, value: Value) -> float:
    """Milliseconds of one core that the value adds from linear light to bytes: the quickest of some runs, in turn with plain
    ones."""
    times: dict[bool, list[float]] = {False: [], True: []}
    for _ in range(REPEATS):
        for stated, shown in ((False, one.under(None)), (True, one.under(value))):
            began = time.process_time()
            finished(one.traced, shown)
            times[stated].append(1000 * (time.process_time() - began))
    return min(times[True]) - min(times[False])


def table(rows: Sequence[Row], models: Sequence[str]) -> list[str]:
    """Markdown: of the first network with its 95 % interval (Wilson)."""
    heads = [f"Lite{m}" for m in models]
    lines = [
        f"| condition | ms | n | {heads[0]} | 95 % interval | {''.join(f'{h} | ' for h in heads[1:])}“{TAKEN_FOR}” |",
        "|" + "---|" * (5 + len(heads)),
    ]
    for row in rows:
        shares = [f"{k / row.n:.2f}" if row.n else "–" for k in row.right]
        rate = stats.wilson(row.right[0], row.n) if row.n else None
        interval = f"{rate.low:.2f}–{rate.high:.2f}" if rate else "–"
        added = max(row.added, 0)
        cells = [row.phrase, f"{added:.0f}", str(row.n), shares[0], interval, *shares[1:], ", ".join(map(str, row.carton))]
        lines.append(f"| {' | '.join(cells)} |")
    return lines


def sheet(light: Sequence[Light]) -> Image.Image:
    """One picture of each condition with its phrase below, of each scene in turn."""
    rows = -(-len(SHOWN) // COLUMNS)
    made = Image.new("RGB", (COLUMNS * SIDE, rows * (SIDE + CAPTION)), "white")
    pen = ImageDraw.Draw(made)
    for i, value in enumerate(SHOWN):
        x, y = i % COLUMNS * SIDE, i // COLUMNS * (SIDE + CAPTION)
        picture = _picture(light[i % len(light)], value).content
        made.paste(picture.resize((SIDE, SIDE), Image.Resampling.LANCZOS), (x, y))
        caption = value.phrase if value else "plain"
        size = min(11, int(11 * (SIDE - 6) / font(11).getlength(caption)))
        pen.text((x + SIDE / 2, y + SIDE + CAPTION / 2), caption, fill="black", font=font(size), anchor="mm")
    return made


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--n", type=int, default=5, help="scenes per label")
    parser.add_argument("--labels", nargs="+", default=LABELS)
    parser.add_argument("--models", nargs="+", default=list(efficientnet_lite.SIZES))
    parser.add_argument("--seed", type=int, default=101)
    parser.add_argument("--markdown", type=Path, help="write the table here")
    parser.add_argument("--sheet", type=Path, help="draw the sheet here and measure nothing")
    args = parser.parse_args()
    light = traced(args.labels, 1 if args.sheet else args.n, 5 if args.sheet else args.seed, Renderer("scalar"))
    if args.sheet:
        sheet(light).save(args.sheet, quality=85)
        return
    rows = []
    for row in measured(light, [efficientnet_lite.Classifier(m) for m in args.models]):
        rows.append(row)
        print(f"{row.phrase:<40} {row.added:>5.0f} ms   {row.n:>3}   {row.right}   {TAKEN_FOR} {row.carton}", flush=True)
    if args.markdown:
        args.markdown.write_text("\n".join(table(rows, args.models)) + "\n")


if __name__ == "__main__":
    main()
