"""Draw a sheet of everything that the studio can do to a picture, and time it.

    python tools/film_sheet.py FILE [--labels teapot "school bus" ...] [--seed 5] [--columns 8] [--side 224]

Each label's scene is traced once and developed under every value of the film attributes (`vocabulary.FILM`), with its phrase
below; the first picture is the plain one. A table is printed too: the milliseconds that each value
adds to a picture, and how many of the labels' pictures are faithful.
"""

import argparse
import statistics
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path

from PIL import Image, ImageDraw

from bugscope.media.picture import Picture
from bugscope.providers.studio import Judge, prompts
from bugscope.providers.studio.render import SIZE, Renderer, Traced, finished
from bugscope.providers.studio.scene import Scene, resolve
from bugscope.providers.studio.textures import font
from bugscope.providers.studio.vocabulary import FILM, VALUES, Value

LABELS = ("teapot", "school bus", "pineapple", "mailbox", "goblet", "traffic light")
SHOWN = tuple(v for v in VALUES if v.attribute in FILM)
CAPTION = 20
REPEATS = 7


def scene(label: str, value: Value | None, seed: int) -> Scene:
    return resolve(prompts.Request(label, {value.attribute: value.name} if value else {}), seed)


def plain_seed(label: str, seed: int) -> int:
    """The first seed from `seed` on whose plain picture has no unusual condition."""
    usual = ("", "", "clear", "side", "upright", "normal", "", "", 1)
    while True:
        s = scene(label, None, seed)
        if (s.colour, s.material, s.weather, s.view, s.pose, s.distance_name, s.occlusion, s.camera, s.count) == usual:
            return seed
        seed += 1


def traced(labels: Sequence[str], seed: int) -> Iterator[tuple[str, int, Traced]]:
    renderer = Renderer("scalar", size=SIZE)
    for label in labels:
        found = plain_seed(label, seed)
        yield label, found, renderer.trace(scene(label, None, found))


def milliseconds(value: Value, light: Sequence[tuple[str, int, Traced]]) -> float:
    """What the value adds to the development of a picture: the median over scenes of the difference of the quickest runs."""
    return statistics.median(
        quickest(rays, scene(label, value, seed)) - quickest(rays, scene(label, None, seed)) for label, seed, rays in light
    )


def quickest(rays: Traced, shown: Scene) -> float:
    times = []
    for _ in range(REPEATS):
        began = time.perf_counter()
        finished(rays, shown)
        times.append(1000 * (time.perf_counter() - began))
    return min(times)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=Path)
    parser.add_argument("--labels", nargs="+", default=LABELS)
    parser.add_argument("--seed", type=int, default=5)
    parser.add_argument("--columns", type=int, default=6)
    parser.add_argument("--side", type=int, default=SIZE, help="pixels per picture on the sheet")
    args = parser.parse_args()
    light = list(traced(args.labels, args.seed))
    values: list[Value | None] = [None, *SHOWN]
    rows = -(-len(values) // args.columns)
    sheet = Image.new("RGB", (args.columns * args.side, rows * (args.side + CAPTION)), "white")
    pen = ImageDraw.Draw(sheet)
    for i, value in enumerate(values):
        label, seed, rays = light[i % len(light)]
        pixels, _ = finished(rays, scene(label, value, seed))
        x, y = i % args.columns * args.side, i // args.columns * (args.side + CAPTION)
        sheet.paste(Image.fromarray(pixels).resize((args.side, args.side), Image.Resampling.LANCZOS), (x, y))
        caption = value.phrase if value else f"plain: {label}"
        pen.text((x + args.side / 2, y + args.side + CAPTION / 2), caption, fill="black", font=font(11), anchor="mm")
    sheet.save(args.file, quality=85)

    base = statistics.median(quickest(rays, scene(label, None, seed)) for label, seed, rays in light)
    print(
        f"{'phrase':<40} {'ms':>6}   (added to {base:.0f} ms for a plain picture of {SIZE} x {SIZE})   faithful of {len(light)}"
    )
    for value in SHOWN:
        kept = 0.0
        for label, seed, rays in light:
            shown = scene(label, value, seed)
            pixels, view = finished(rays, shown)
            info = {"scene": shown.to_mapping(), "view": asdict(view)}
            kept += float(Judge()([Picture(Image.fromarray(pixels), info=info)], [label])[0])
        print(f"{value.phrase:<40} {milliseconds(value, light):>6.0f}   {kept:.0f}")


if __name__ == "__main__":
    main()
