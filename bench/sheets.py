"""Contact sheets of the studio: one picture of every object, and one of every condition of a scene.

    python bench/sheets.py objects FILE.jpg
    python bench/sheets.py conditions FILE.jpg

What is done to finished pictures has a sheet of its own (`bench/film.py --sheet`).
"""

import argparse
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from PIL import Image, ImageDraw

from bugscope.core.records import Phrase
from bugscope.language import Wording
from bugscope.media import picture
from bugscope.providers.studio import Generator, Judge, objects, prompts
from bugscope.providers.studio.scene import allowed, resolve
from bugscope.providers.studio.textures import font
from bugscope.providers.studio.vocabulary import FILM, VALUES, Attribute

WORDS = Wording(picture.words)
SHOWN_ON = ("teapot", "mailbox", "pineapple", "cab", "goblet", "folding chair", "bucket", "soccer ball")
COLUMNS, SIDE, CAPTION, TRIES = 10, 128, 18, 12


class Wanted(NamedTuple):
    """`stated`: what the picture must show beside what is usual."""

    caption: str
    label: str
    prompt: str
    stated: dict[Attribute, str]


def every_object() -> Iterator[Wanted]:
    for label in objects.load_all():
        yield Wanted(label, label, WORDS.neutral(label).text, {})


def every_condition() -> Iterator[Wanted]:
    values = [v for v in VALUES if v.attribute not in FILM]
    for i, value in enumerate(values):
        turned = (*SHOWN_ON[i % len(SHOWN_ON) :], *SHOWN_ON, *objects.load_all())
        label = next(name for name in turned if allowed(objects.load_all()[name], value.attribute, value.name))
        text = WORDS.prompt(label, [Phrase(value.phrase, value.before)]).text
        yield Wanted(value.phrase, label, text, {value.attribute: value.name})


def seeds(wanted: Wanted) -> list[int]:
    """The first few whose scenes have no condition that was not asked for."""
    usual = prompts.Request(wanted.label, wanted.stated)
    found: list[int] = []
    seed = 0
    while len(found) < TRIES:
        scene = resolve(usual, seed)
        unasked = {
            "count": scene.count > 1, "colour": scene.colour, "material": scene.material, "weather": scene.weather != "clear",
            "view": scene.view != "side", "pose": scene.pose != "upright", "distance": scene.distance_name != "normal",
            "occlusion": scene.occlusion, "company": scene.company, "camera": scene.camera,
        }  # fmt: skip
        if not any(shown and attribute not in wanted.stated for attribute, shown in unasked.items()):
            found.append(seed)
        seed += 1
    return found


def sheet(wanted: Sequence[Wanted], generator: Generator) -> Image.Image:
    """The first faithful picture of each, with its caption."""
    rows = -(-len(wanted) // COLUMNS)
    made = Image.new("RGB", (COLUMNS * SIDE, rows * (SIDE + CAPTION)), "white")
    pen = ImageDraw.Draw(made)
    first = generator([w.prompt for w in wanted], [seeds(w)[0] for w in wanted])
    for i, (w, drawn) in enumerate(zip(wanted, first, strict=True)):
        for seed in seeds(w)[1:]:
            if Judge()([drawn], [w.label])[0] > 0.5:
                break
            (drawn,) = generator([w.prompt], [seed])
        x, y = i % COLUMNS * SIDE, i // COLUMNS * (SIDE + CAPTION)
        made.paste(drawn.content.resize((SIDE - 2, SIDE - 2), Image.Resampling.LANCZOS), (x, y))
        size = min(11, int(11 * (SIDE - 6) / font(11).getlength(w.caption)))
        pen.text((x + SIDE / 2, y + SIDE - 2 + CAPTION / 2), w.caption, fill="black", font=font(size), anchor="mm")
    return made


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["objects", "conditions"])
    parser.add_argument("file", type=Path)
    args = parser.parse_args()
    generator = Generator()
    made = sheet(list(every_object() if args.what == "objects" else every_condition()), generator)
    generator.close()
    made.save(args.file, quality=85)
    print(f"{args.file}: {made.width} x {made.height} pixels")


if __name__ == "__main__":
    main()
