"""Folders of labelled pictures: what is in them, and what it is labelled."""

import csv
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..core import label_files, labels, yamls
from ..core.errors import SpecError, told
from ..core.label_files import decoded
from .distance import listed

CONTAINER = re.compile(
    r"(?:train|training|val|valid|validation|test|images?|imgs?|pictures?|photos?|data|dataset)\d*", re.IGNORECASE
)
"""Folders that name no label, where all beside them are such too."""
WATERBIRDS = {"y": ("landbird", "waterbird"), "place": ("land", "water"), "split": ("train", "val", "test")}
"""What the numbers in its metadata.csv mean."""

TABLES = ("metadata.jsonl", "metadata.csv", "metadata.tsv")
FILE = ("file_name", "filename", "file", "image", "path", "image_path", "filepath", "file_path", "image_name")
LABEL = ("label_name", "label", "labels", "class_name", "class", "category")
"""Columns, the best first: what `bugscope dataset` writes has numbers as `label`."""
NUMBER = re.compile(r"[0-9]{1,9}")
WHOLE = re.compile(r"^(\d{1,9})\.0+$")
"""A class number as a table with gaps has it: NumPy's whole numbers cannot be missing."""
CARD = 2**20
"""Bytes of a data set's card that are read."""


@dataclass(frozen=True, slots=True)
class Labelled:
    """A picture: its path below the folder, what it is labelled, and the part of the data set that it belongs to."""

    file: str
    label: str
    group: str = ""
    split: str = ""


def items(folder: Path, known: Iterable[str] = ()) -> list[Labelled]:
    """Labelled pictures: from metadata.csv or metadata.jsonl (`file_name`, `label`), else from folder names.

    `known`: folders that are labels, whatever stands above them. A picture without a label has "".
    """
    return read(folder, known)[0]


def read(folder: Path, known: Iterable[str] = ()) -> tuple[list[Labelled], str]:
    """`items`, and why the tables in the folder label none of the pictures; "" if they do, or if there are none."""
    names = listed(folder)
    if (table := folder / "metadata.csv").is_file() and (found := _waterbirds(table, set(names))):
        return found, ""
    said, why = _said(folder, names)
    parts = {name: name.split("/")[:-1] for name in names}
    places = _label_places(list(parts.values()), frozenset(known))
    found = []
    for name, above in parts.items():
        at = places[tuple(above)]
        own = above[at] if at < len(above) else ""
        label = said.get(name) or own
        if label.isdecimal() and own:  # a class number says less than the folder's name
            label = own
        split = next((p for p in above[:at] if CONTAINER.fullmatch(p)), "")
        found.append(Labelled(name, label, "/".join(above[:at]), split))
    return found, why


def _label_places(paths: Sequence[Sequence[str]], known: frozenset[str]) -> dict[tuple[str, ...], int]:
    """Which part of each path is the label: one of `known`, else a WordNet id, else the first level that is not made of
    containers ("train", "val") alone."""
    level = 0
    while (at := {p[level] for p in paths if len(p) > level}) and all(CONTAINER.fullmatch(name) for name in at):
        level += 1
    found = {}
    for path in {tuple(p) for p in paths}:
        named = [i for i, p in enumerate(path) if p in known] or [i for i, p in enumerate(path) if labels.WORDNET.match(p)]
        found[path] = named[0] if named else level
    return found


# --- tables -----------------------------------------------------------------------------------------------------------


def _said(folder: Path, names: Sequence[str]) -> tuple[dict[str, str], str]:
    """Labels that tables state, by picture, only of pictures that are listed; and why there are none."""
    present, why = set(names), ""
    said: dict[str, str] = {}
    starts = {
        "".join(f"{p}/" for p in above[:i])
        for above in {tuple(n.split("/")[:-1]) for n in names}
        for i in range(len(above) + 1)
    }
    found = [(start, path) for start in sorted(starts) for name in TABLES if (path := folder / start / name).is_file()]
    classes = _class_names(folder) if found else ()
    for start, path in found:
        rows = list(_rows(path))
        stated = {_place(row, start, present): _label(row, classes) for row in rows}
        if not said and not why:
            why = _unused(path, rows, stated)
        said |= {name: label for name, label in stated.items() if name and label}
    return said, "" if said else why


def _place(row: Mapping[str, Any], start: str, present: set[str]) -> str:
    """The listed picture that a row is about, whatever separates its folders; "" for none."""
    file = next((row[name] for name in FILE if isinstance(row.get(name), str)), "")
    plain = re.sub(r"^(\./)+", "", file.strip().replace("\\", "/"))
    return next((name for name in (start + plain, plain) if name in present), "")


def _label(row: Mapping[str, Any], classes: Sequence[str]) -> str:
    """Its name; of a number, the name by the data set's card, else the number as text."""
    label = next((row[name] for name in LABEL if row.get(name) not in (None, "")), "")
    if isinstance(label, float) and label.is_integer():
        label = int(label)
    text = str(label).strip() if isinstance(label, str | int) and not isinstance(label, bool) else ""
    text = WHOLE.sub(r"\1", text)
    return classes[int(text)] if NUMBER.fullmatch(text) and int(text) < len(classes) else text


def _unused(path: Path, rows: Sequence[Mapping[str, Any]], stated: Mapping[str, str]) -> str:
    what = repr(path.name)
    if not rows or not any(name in rows[0] for name in FILE):
        return f"{what} has no column file_name"
    if not any(name in rows[0] for name in LABEL):
        return f"{what} has no column label"
    if not any(stated):
        first = next(str(rows[0][name]) for name in FILE if name in rows[0])
        return f"{what} names no picture of the folder; its first is {first!r}"
    return f"{what} has labels that are neither names nor numbers"


def _rows(path: Path) -> Iterator[Mapping[str, Any]]:
    """With column names in lower case. Raises SpecError."""
    try:
        text = decoded(path.read_bytes())
        if path.suffix == ".jsonl":
            rows: list[Any] = [json.loads(line) for line in text.split("\n") if line.strip()]
        else:
            mark = next((mark for mark in "\t;," if mark in text.partition("\n")[0]), ",")
            rows = list(csv.DictReader(text.splitlines(), delimiter=mark, skipinitialspace=True))
    except (OSError, ValueError, RecursionError, csv.Error) as error:
        raise SpecError(f"{str(path)!r} cannot be read: {told(error)}") from error
    for row in rows:
        if isinstance(row, dict):
            yield {str(name).strip().lower(): value for name, value in row.items()}


def _class_names(folder: Path) -> Sequence[str]:
    """What the numbers of a data set's labels mean, by its card in README.md; () if it does not say."""
    try:
        text = decoded((folder / "README.md").read_bytes()[:CARD])
        head = yamls.read(text.split("---")[1], names=True) if text.startswith("---") else {}
        features = head["dataset_info"]["features"]
        names = next(
            f["dtype"]["class_label"]["names"] for f in features if f["name"] in LABEL and isinstance(f["dtype"], dict)
        )
        return label_files.listed(names)
    except (OSError, ValueError, LookupError, TypeError, RecursionError, StopIteration, SpecError):
        return ()  # a card is for people, and need not say it


def _waterbirds(table: Path, present: set[str]) -> list[Labelled]:
    """[] where it is another kind of table."""
    try:
        with table.open(encoding="utf-8-sig", newline="") as file:
            rows = list(csv.DictReader(file))
    except (OSError, ValueError, csv.Error) as error:
        raise SpecError(f"{str(table)!r} cannot be read: {told(error)}") from error
    if not rows or not {"img_filename", *WATERBIRDS} <= rows[0].keys():
        return []

    def says(row: Mapping[str, str], column: str) -> str:
        value, names = str(row[column]).strip(), WATERBIRDS[column]
        return names[int(value)] if value in map(str, range(len(names))) else value

    return [
        Labelled(row["img_filename"], says(row, "y"), f"{says(row, 'y')} on {says(row, 'place')}", says(row, "split"))
        for row in rows
        if row["img_filename"] in present
    ]
