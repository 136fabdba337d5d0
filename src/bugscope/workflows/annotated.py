"""Folders of pictures with boxes: annotations in the form of COCO's files."""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..core.errors import SpecError, nearest, short, told
from ..core.label_files import decoded
from ..core.records import Box

MOST = 2 << 30
"""Bytes of a file that is read: COCO's training part has 0.5 GB."""


@dataclass(frozen=True, slots=True)
class Annotated:
    """A picture: its path below the folder, its boxes as fractions of its sides, and the labels of crowds in it, of which
    nobody marked the single ones."""

    file: str
    boxes: tuple[Box, ...]
    crowds: frozenset[str]


def read(file: Path, folder: Path) -> list[Annotated]:
    """The pictures of an annotations file (Lin et al. 2014, "Microsoft COCO": `images`, `annotations` with `bbox` as x, y,
    width, height in pixels, `categories`) that lie below `folder`. Raises SpecError that names what is wrong."""
    found = _loaded(file)
    names = {_number(c, "id", file): str(c.get("name", "")) for c in found["categories"]}
    pictures = {_number(image, "id", file): image for image in found["images"]}
    boxes: dict[int, list[Box]] = {number: [] for number in pictures}
    crowds: dict[int, set[str]] = {number: set() for number in pictures}
    for row in found["annotations"]:
        number, category = _number(row, "image_id", file), _number(row, "category_id", file)
        if number not in pictures:
            raise SpecError(f"{str(file)!r} has an annotation of image {number}, which is not among its images")
        if category not in names:
            raise SpecError(f"{str(file)!r} has an annotation of category {category}, which is not among its categories")
        if row.get("iscrowd"):
            crowds[number].add(names[category])
        else:
            boxes[number].append(_box(row, names[category], pictures[number], file))
    here = [n for n, image in pictures.items() if (folder / str(image.get("file_name", ""))).is_file()]
    if not here:
        first = next((str(image.get("file_name")) for image in pictures.values()), "")
        raise SpecError(f"{str(file)!r} names no picture below {str(folder)!r}; its first is {first!r}")
    return [Annotated(str(pictures[n]["file_name"]), tuple(boxes[n]), frozenset(crowds[n])) for n in here]


def _loaded(file: Path) -> dict[str, list[dict[str, Any]]]:
    try:
        if file.stat().st_size > MOST:
            raise SpecError(f"{str(file)!r} has {file.stat().st_size:,} bytes; the maximum is {MOST:,}")
        found = json.loads(decoded(file.read_bytes()))
    except FileNotFoundError as error:
        near = nearest(file.name, [p.name for p in file.parent.glob("*.json")])
        hint = f" Did you mean {str(file.parent / near)!r}?" if near else ""
        raise SpecError(f"the annotations file {str(file)!r} does not exist.{hint}") from error
    except (OSError, ValueError, RecursionError) as error:
        raise SpecError(f"the annotations file {str(file)!r} cannot be read: {told(error)}") from error
    for part in ("images", "annotations", "categories"):
        rows = found.get(part) if isinstance(found, dict) else None
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            raise SpecError(f"{str(file)!r} has no list of {part}; expected the form of COCO's instances_*.json")
    return dict(found)


def _number(row: Mapping[str, Any], key: str, file: Path) -> int:
    value = row.get(key)
    if isinstance(value, bool) or not isinstance(value, int):
        raise SpecError(f"{str(file)!r} has {short(json.dumps(row))}, without a whole number as {key}")
    return value


def _box(row: Mapping[str, Any], label: str, image: Mapping[str, Any], file: Path) -> Box:
    box, number = row.get("bbox"), image.get("id")
    if not (isinstance(box, list) and len(box) == 4 and all(_finite(x) for x in box) and box[2] >= 0 and box[3] >= 0):
        raise SpecError(f"{str(file)!r} has the bbox {short(json.dumps(box))}; expected x, y, width, height in pixels")
    across, down = (image.get(name) for name in ("width", "height"))
    if not (_finite(across) and _finite(down) and across and down and across > 0 and down > 0):
        raise SpecError(f"{str(file)!r} does not state the width and height of image {number}")
    x, y, width, height = box
    if x > across or y > down or x + width < 0 or y + height < 0:
        raise SpecError(
            f"{str(file)!r} has the bbox {box} in image {number} of {across:g} x {down:g} pixels, which lies outside it"
        )
    left, top = max(0.0, x / across), max(0.0, y / down)
    return Box(label, left, top, min(1.0, (x + width) / across), min(1.0, (y + height) / down))


def _finite(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
