"""Label names as people give them: lists, mappings, arrays, texts, files."""

import csv
import json
import os
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from numbers import Integral
from pathlib import Path
from typing import Any

from . import yamls
from .errors import SpecError, nearest, short, told
from .labels import imagenet, named
from .texts import writable

WITHIN = ("id2label", "names", "classes", "labels", "categories", "class_to_idx", "label2id")
"""Keys under which configurations keep their label names."""
NAME = ("name", "label", "class", "class_name", "label_name")
NUMBER = ("id", "index", "idx", "class_index", "number", "class_id")
"""Columns of a table, and keys of a list of objects."""
NUMBERED = (re.compile(r"(?P<n>\d+)(?P<by>\s*[:,;]\s*|\s+)(?P<name>.*\S)"), re.compile(r"(?P<name>\S.*?)\s+(?P<n>\d+)"))
"""How a line states its number: before the name ("0 cat", "0:cat") or behind it ("/a/alley 1")."""
LETTERED = re.compile(r"/(\w)/(?=\1)")
"""What Places365 puts before each name."""


def read(value: Any, least: int = 2) -> tuple[str, ...]:
    """Label names as people give them; `labels.named` tells what they mean.

    `value`: a list, an array or a Series of names; {index: name} or {name: index}, also below a key such as "id2label" or
    "names"; one text with commas between the names; "imagenet"; a file: .txt or .names with one name per line, .json or .yaml
    with any of these, .csv or .tsv with a column of names. Numbers 0, 1, 2 ... that stand before or behind all names are not
    part of them. Raises SpecError, also for a set, which has no order, and for fewer than `least` names.
    """
    if isinstance(value, str):
        return _from_text(value.strip(), least)
    return _checked(listed(value), "the list of labels", least)


def of_model(value: Any, what: str = "labels") -> tuple[str, ...]:
    """What a function or a server states as its labels, in any form that `read` knows; the classes of ImageNet get the names
    used here, as those of a checkpoint do. () for None. Raises SpecError."""
    if value is None:
        return ()
    names = _from_text(value.strip(), 1) if isinstance(value, str) else _checked(listed(value, what), what, 0)
    # a name that is missing or stands twice is a mistake of the user's, but for the two cranes of ImageNet
    whole = len(names) in (1000, 1001) or ("" not in names and len(set(names)) == len(names))
    return named(names) if whole else names


def listed(value: Any, what: str = "labels") -> list[str]:
    """The names of a list, an array, a Series or a mapping, in their order. Raises SpecError for what has no order, and for
    names that are not text."""
    if isinstance(value, Mapping):
        return _of_mapping(value, what)
    if isinstance(value, set | frozenset):
        raise SpecError(f"{what} are a {type(value).__name__}, which has no order; pass a list in the order of the outputs")
    if isinstance(value, str | bytes) or not isinstance(value, Iterable):
        raise SpecError(f"{what} are {short(repr(value))}; they should be a list of names")
    items = list(value)
    if items and all(isinstance(item, Mapping) for item in items):
        return _of_objects(items, what)
    return [_text(item, what) for item in items]


def _text(name: Any, what: str) -> str:
    """One name. A number may be one, as in MNIST; what YAML made of a word is not."""
    if isinstance(name, bytes):
        return name.decode("utf-8", "replace")
    if isinstance(name, str):
        return str.__str__(name)  # of an Enum of texts, the text
    if isinstance(name, Integral) and not isinstance(name, bool):
        return str(int(name))
    hint = "; in YAML, put it in quotes, as in 'no'" if name is None or isinstance(name, bool | float | date) else ""
    raise SpecError(f"{what}: {short(repr(name))} is not text{hint}")


# --- mappings ---------------------------------------------------------------------------------------------------------


def _of_mapping(found: Mapping[Any, Any], what: str) -> list[str]:
    """Names from {7: "cab"}, {"7": "cab"}, {"7": ["n02930766", "cab"]}, {"cab": 7}, or one of these or a list within."""
    for key in WITHIN:
        if isinstance(inner := found.get(key), Mapping | list | tuple):
            return listed(inner, what)
    turned = all(_number(place) is not None for place in found.values()) and not all(_number(n) is not None for n in found)
    pairs = [(place, name) if turned else (name, place) for name, place in found.items()]
    by_place = {}
    for place, name in pairs:
        if (number := _number(place)) is None:
            raise SpecError(f"{what} should be {{index: name}}; {place!r} is not an index")
        by_place[number] = name[0] if isinstance(name, list | tuple) and name else name
    return _in_places(by_place, len(pairs), what)


def _of_objects(rows: Sequence[Mapping[Any, Any]], what: str) -> list[str]:
    """Names from [{"id": 0, "name": "cat"}, ...], as COCO and tables have them."""
    lower = [{str(key).lower(): value for key, value in row.items()} for row in rows]
    name = next((key for key in NAME if all(key in row for row in lower)), None)
    if name is None:
        raise SpecError(f"{what} are objects with {', '.join(map(repr, rows[0])) or 'no keys'}; each needs a 'name'")
    number = next((key for key in NUMBER if all(_number(row.get(key)) is not None for row in lower)), None)
    if number is None:
        return [_text(row[name], what) for row in lower]
    placed = sorted((_number(row[number]) or 0, i) for i, row in enumerate(lower))
    # COCO's numbers begin at 1 and have gaps: their order is that of the classes
    return [_text(lower[i][name], what) for _, i in placed]


def _in_places(by_place: Mapping[int, Any], count: int, what: str) -> list[str]:
    if absent := sorted(set(range(count)).difference(by_place)):
        raise SpecError(f"{what} has {count} names, but none for class {absent[0]}; classes are counted from 0")
    return [_text(by_place[i], what) for i in range(count)]


def _number(value: Any) -> int | None:
    """An index, as a number or as text; None for anything else."""
    if isinstance(value, Integral) and not isinstance(value, bool):
        return int(value)
    return int(value) if isinstance(value, str) and value.strip().isascii() and value.strip().isdecimal() else None


# --- texts and files --------------------------------------------------------------------------------------------------


def _from_text(text: str, least: int) -> tuple[str, ...]:
    if text.lower() == "imagenet":
        return imagenet()
    path = Path(os.path.expanduser(text))
    if path.suffix.lower() in FILES and "\n" not in text:
        return _from_file(path, least)
    if "," not in text:
        near = f" Did you mean {hint!r}?" if (hint := nearest(text, ["imagenet"])) else ""
        raise SpecError(
            f"labels {short(text)!r} are neither 'imagenet', names separated by commas, nor a file ({', '.join(FILES)}).{near}"
        )
    return _checked(text.split(","), f"labels {short(text)!r}", least)


def _from_file(path: Path, least: int) -> tuple[str, ...]:
    if not os.path.isfile(path):
        beside = [p.name for p in path.parent.glob("*") if p.suffix.lower() in FILES] if os.path.isdir(path.parent) else []
        near = f" Did you mean {str(path.parent / hint)!r}?" if (hint := nearest(path.name, beside)) else ""
        raise SpecError(f"labels: there is no file {str(path)!r}.{near}")
    what = f"labels file {str(path)!r}"
    try:
        found = FILES[path.suffix.lower()](decoded(path.read_bytes()))
    except (OSError, ValueError, RecursionError, csv.Error) as error:
        raise SpecError(f"{what} cannot be read: {told(error)}") from error
    if not isinstance(found, list | dict):
        raise SpecError(f"{what} holds neither a list of names nor {{index: name}}")
    return _checked(listed(found, what), what, least)


def decoded(data: bytes) -> str:
    """UTF-8, or the UTF-16 that PowerShell writes."""
    return data.decode("utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig")


def _lines(text: str) -> list[str]:
    # at line ends only: `splitlines` would cut a name at a separator of paragraphs
    return [line.strip() for line in re.split(r"\r\n|\r|\n", text) if line.strip()]


def _table(text: str) -> list[Any]:
    """Rows of a table with a header that names a column of names; else the names themselves."""
    lines = _lines(text)
    mark = next((mark for mark in "\t;," if lines and mark in lines[0]), ",")
    rows = [[cell.strip() for cell in row] for row in csv.reader(lines, delimiter=mark, skipinitialspace=True)]
    if rows and any(cell.lower() in NAME for cell in rows[0]):
        return [dict(zip(rows[0], row, strict=False)) for row in rows[1:]]
    return [" ".join(row) if row[0].isdecimal() else row[0] for row in rows]


FILES: Mapping[str, Callable[[str], Any]] = {
    ".txt": lambda text: unnumbered(_lines(text), sort=True),
    ".names": lambda text: unnumbered(_lines(text), sort=True),
    ".json": json.loads,
    ".yaml": lambda text: yamls.read(text, names=True),  # all text: "no" is a name
    ".yml": lambda text: yamls.read(text, names=True),
    ".csv": _table,
    ".tsv": _table,
}
"""Endings of files of label names, and what reads them."""


# --- what is left -----------------------------------------------------------------------------------------------------


def _checked(names: Sequence[str], what: str, least: int) -> tuple[str, ...]:
    names = [writable(name) for name in unnumbered([name.strip() for name in names])]
    if len(names) < least:
        raise SpecError(f"{what}: {len(names)} names; at least {least} are needed")
    return tuple(names)


def unnumbered(names: Sequence[str], sort: bool = False) -> list[str]:
    """The names without the numbers that stand before or behind all of them.

    Only where the numbers are those of the classes, 0 to n - 1 in order, and what is left are names, all different. `sort`:
    numbers in another order put the names in theirs.
    """
    for form in NUMBERED:
        found = [form.fullmatch(name) for name in names]
        if not all(found) or len(names) < 2:
            continue
        by_number = {int(m["n"]): m["name"] for m in found if m}
        if not sort and list(by_number) != list(range(len(names))):
            continue
        left = [by_number.get(i, "") for i in range(len(names))]
        if all(re.search(r"[^\W\d]", name) for name in left) and len(set(left)) == len(names):
            return [LETTERED.sub("", name, count=1) for name in left] if all(map(LETTERED.match, left)) else left
    return list(names)
