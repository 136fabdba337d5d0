"""Captions and labels from the usual files beside pictures. Texts are data, and file names lead nowhere else."""

import csv
import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple

from ...core.errors import SpecError, told

TABLES = ("metadata.jsonl", "captions.jsonl", "metadata.csv", "captions.csv")
FILE = ("file_name", "filename", "file", "image", "path")
TEXT = ("caption", "captions", "text", "description", "comment")
LABEL = ("label_name", "label", "labels", "class")
LONGEST = 1000
"""The most characters of a caption that are read."""


class Note(NamedTuple):
    """What one line says about a picture. `file`: as written, relative to the folder that holds the table."""

    file: str
    captions: tuple[str, ...]
    label: str


def is_table(path: PurePosixPath) -> bool:
    """Whether it is read without being named. COCO calls its file captions_val2017.json."""
    name = path.name.lower()
    return name in TABLES or name.startswith("captions") and name.endswith(".json")


def read(path: Path) -> list[Note]:
    """The notes of a .jsonl, .csv or COCO .json file. Raises SpecError with the line that cannot be read."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            if path.suffix.lower() == ".json":
                return list(_coco(json.load(file), path))
            return list(_jsonl(file, path) if path.suffix.lower() == ".jsonl" else _csv(file, path))
    except (OSError, ValueError, csv.Error, RecursionError) as error:
        raise SpecError(f"cannot read the captions in {str(path)!r}: {told(error)}") from error


def clean(text: str) -> str:
    """The text on one line, at most `LONGEST` characters; lone surrogates, which cannot be written, are replaced."""
    return " ".join(text[: 4 * LONGEST].split())[:LONGEST].encode("utf-8", "replace").decode("utf-8")


def _jsonl(lines: Iterable[str], path: Path) -> Iterator[Note]:
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise SpecError(f"line {number} of {str(path)!r} is not JSON: {told(error)}") from error
        if not isinstance(row, dict):
            raise SpecError(f"line {number} of {str(path)!r} is not an object with a file_name")
        yield _note(row, path, number)


def _csv(file: Iterable[str], path: Path) -> Iterator[Note]:
    lines = iter(file)
    header = next(lines, "")
    mark = next((mark for mark in ",;|\t" if mark in header), ",")
    names = [name.strip() for name in next(csv.reader([header], delimiter=mark), [])]
    for number, row in enumerate(csv.reader(lines, delimiter=mark, skipinitialspace=True), 2):
        if any(cell.strip() for cell in row):
            yield _note(dict(zip(names, row, strict=False)), path, number)


def _note(row: Mapping[Any, Any], path: Path, number: int) -> Note:
    by_name = {str(name).lower(): value for name, value in row.items()}
    file = next((by_name[name] for name in FILE if name in by_name), None)
    if not isinstance(file, str) or not file:
        raise SpecError(f"line {number} of {str(path)!r} names no picture; it needs a column file_name")
    texts = next((by_name[name] for name in TEXT if by_name.get(name)), ())
    label = next((by_name[name] for name in LABEL if by_name.get(name) is not None), "")
    if not isinstance(label, str) or label.strip().lstrip("-").isdigit():
        raise SpecError(f"line {number} of {str(path)!r} has the label {label!r}; expected a name")
    return Note(file, _texts(texts), clean(label))


def _texts(value: Any) -> tuple[str, ...]:
    given = [value] if isinstance(value, str) else value if isinstance(value, list | tuple) else []
    cleaned = (clean(text) for text in given if isinstance(text, str))
    return tuple(dict.fromkeys(text for text in cleaned if text))


def _coco(found: Any, path: Path) -> Iterator[Note]:
    try:
        files = {image["id"]: str(image["file_name"]) for image in found["images"]}
        texts: dict[Any, list[Any]] = {}
        for annotation in found["annotations"]:
            texts.setdefault(annotation["image_id"], []).append(annotation["caption"])
    except (KeyError, TypeError) as error:
        raise SpecError(
            f"{str(path)!r} is not a COCO caption file (images, annotations with captions): {told(error)}"
        ) from error
    for image, file in files.items():
        yield Note(file, _texts(texts.get(image, [])), "")
