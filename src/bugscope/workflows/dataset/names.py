"""Labels as folders and as class numbers. Label names are any text: none becomes a path as it stands."""

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from ...core import labels as known

LONGEST = 48
"""Characters of a folder's name: 4 bytes each, and a number behind it, fit everywhere."""
RESERVED = re.compile(r"(?i)(con|prn|aux|nul|com\d|lpt\d)")
"""What Windows makes no folder of."""
# `load_dataset("imagefolder")` takes a folder "test tube" for a part of the data
PARTS = re.compile(r"(?i)(?<![^\W\d_])(train|training|validation|valid|dev|val|test|testing|eval|evaluation)(?![^\W\d_])")


@dataclass(frozen=True, slots=True)
class Class:
    """A label of the data set. `index`: its place among the folders in order, as torchvision counts them."""

    name: str
    folder: str
    index: int
    wordnet_id: str | None
    imagenet_index: int | None
    class_index: int | None


def classes(names: Iterable[str], target: Sequence[str] | None = None) -> Mapping[str, Class]:
    """By label name. `target`: its label names in order, which give `class_index`."""
    folders = _folders(sorted(set(names)))
    ids = known.wordnet_ids()
    imagenet = {name: i for i, name in enumerate(known.imagenet())}
    place = {name: i for i, name in enumerate(target or ())}
    # by code point, as Python sorts: torchvision does so too
    ordered = sorted(folders.items(), key=lambda x: x[1])
    return {
        name: Class(name, folder, i, ids.get(name), imagenet.get(name), place.get(name))
        for i, (name, folder) in enumerate(ordered)
    }


def _folders(names: Sequence[str]) -> dict[str, str]:
    """A folder for each name, all different, whatever the case: disks may not tell "Jay" from "jay"."""
    found: dict[str, str] = {}
    taken: set[str] = set()
    for name in names:
        folder = base = slug(name)
        count = 2
        while folder.casefold() in taken:
            folder, count = f"{base}-{count}", count + 1
        taken.add(folder.casefold())
        found[name] = folder
    return found


def slug(text: str) -> str:
    """A name that any disk takes, and no path: letters, digits, "_", "-" and "~"."""
    words = re.sub(r"[^\w-]+", "_", unicodedata.normalize("NFC", text)).strip("_-")[:LONGEST].rstrip("_-") or "label"
    marked = PARTS.sub(r"\1~", words)
    return f"{marked}~" if RESERVED.fullmatch(marked) else marked
