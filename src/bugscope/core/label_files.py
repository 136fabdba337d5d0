"""Label names as people give them: lists, mappings, arrays, texts, files."""

import csv
import json
import os
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from itertools import zip_longest
from numbers import Integral
from pathlib import Path
from typing import Any

from . import yamls
from .errors import SpecError, nearest, short, told
from .labels import imagenet, named
from .texts import writable

WITHIN = ("id2label", "names", "classes", "labels", "categories", "class_to_idx", "label2id")
"""Keys under which configurations keep their label names."""
NAME = ("name", "label", "class", "class_name", "label_name", "classname", "display_name", "species", "category", "labels",
"names",
        "classes", "categories")  # fmt: skip
NUMBER = ("id", "index", "idx", "class_index", "number", "class_id")
"""Columns of a table, and keys of a list of objects."""
NUMBERED = (
    re.compile(r"[(\[]?(?P<n>[0-9]+)(?:\s*[:,;=]\s*|[.)\]]\s+|\s+-\s+|\s+)(?P<name>.*\S)"),
    re.compile(r"(?P<name>\S.*?)(?:\s*[:,;=]\s*|\s+)(?P<n>[0-9]+)"),
)
"""How a line states its number: before the name ("0 cat", "0:cat", "0. cat") or behind it ("/a/alley 1", "cat,1")."""
DIGITS = 18
"""Of the number of a class, at most."""
LETTERED = re.compile(r"/(\w)/(?=\1)")
"""What Places365 puts before each name."""


def read(value: Any, least: int = 2) -> tuple[str, ...]:
    """Label names as people give them; `labels.named` tells what they mean.

    `value`: a list, an array or a Series of names; {index: name} or {name: index}, also below a key such as "id2label" or
    "names"; one text with commas between the names; "imagenet"; a file: .txt or .names with one name per line, .json or .yaml
    with any of these, .csv or .tsv with a column of names. Numbers 0, 1, 2 ... that stand before or behind all names are not
    part of them. Raises SpecError, also for a set, which has no order, and for fewer than `least` names.
    """
    if isinstance(value, str | os.PathLike):
        return _from_text(os.fspath(value).strip(), least)
    return _checked(listed(value), "the list of labels", least)


def of_model(value: Any, what: str = "labels") -> tuple[str, ...]:
    """What a function or a server states as its labels, in any form that `read` knows; the classes of ImageNet get the names
    used here, as those of a checkpoint do. () for None. Raises SpecError."""
    if value is None:
        return ()
    text = isinstance(value, str | os.PathLike)
    names = _from_text(os.fspath(value).strip(), 1) if text else _checked(listed(value, what), what, 0)
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
    if hasattr(value, "to_dict"):
        return _of_pandas(value, what)
    try:
        items = list(value)
    except TypeError as error:  # an array without axes
        raise SpecError(f"{what} are {short(repr(value))}; they should be a list of names") from error
    if items and all(isinstance(item, Mapping) for item in items):
        return _of_objects(items, what)
    if items and all(map(_is_pair, items)):
        return _of_pairs(items, what)
    return [_text(item, what) for item in items]


def _is_pair(item: Any) -> bool:
    return isinstance(item, list | tuple) and len(item) == 2 and any(_number(part) is not None for part in item)


def _of_pairs(pairs: Sequence[Any], what: str) -> list[str]:
    """[(0, "cat"), ...] or [("cat", 0), ...]."""
    try:
        return _of_mapping(_once(pairs), what)
    except (ValueError, TypeError) as error:  # a key that is there twice, or is none
        raise SpecError(f"{what}: {error}") from error


def _of_pandas(value: Any, what: str) -> list[str]:
    """Rows of a DataFrame; names of a Series, by its index if that has the numbers of the classes: sorting it changed none."""
    if hasattr(value, "columns"):
        return _of_objects(value.to_dict("records"), what)
    found = list(zip(value.index, value, strict=True))
    if found and all(isinstance(at, str) and _number(name) is not None for at, name in found):
        return _of_pairs(found, what)
    if {_number(at) for at, _ in found} == set(range(len(found))):
        found.sort(key=lambda pair: int(pair[0]))
    return [_text(name, what) for _, name in found]


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
        by_place[number] = name[0] if isinstance(name, list | tuple) and name else _named(name)
    return _in_places(by_place, len(pairs), what)


def _once(pairs: Iterable[tuple[Any, Any]]) -> dict[Any, Any]:
    """A mapping whose keys stand there once. Raises ValueError."""
    found = {}
    for key, value in pairs:
        if key in found:
            raise ValueError(f"the key {key!r} is there twice")
        found[key] = value
    return found


def _named(value: Any) -> Any:
    """Of {"name": "cat", "color": ...} the name; anything else as it is."""
    return next((value[key] for key in NAME if key in value), value) if isinstance(value, Mapping) else value


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
    text = value.strip() if isinstance(value, str) else ""
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= DIGITS else None


# --- texts and files --------------------------------------------------------------------------------------------------


def _from_text(text: str, least: int) -> tuple[str, ...]:
    if text.lower() == "imagenet":
        return imagenet()
    if Path(text).suffix.lower() in FILES and "\n" not in text:
        return _from_file(text, least)
    if (found := _in_brackets(text)) is not None:
        return _checked(listed(found, f"labels {short(text)!r}"), f"labels {short(text)!r}", least)
    if text[:1] in ("[", "{"):
        raise SpecError(f"labels {short(text)!r} begin as a list or a mapping does, but cannot be read as one")
    if "," not in text:
        near = f" Did you mean {hint!r}?" if (hint := nearest(text, ["imagenet"])) else ""
        raise SpecError(
            f"labels {short(text)!r} are neither 'imagenet', names separated by commas, nor a file ({', '.join(FILES)}).{near}"
        )
    names = [name.strip() for name in text.removesuffix(",").split(",")]
    return _checked(_unquoted(names), f"labels {short(text)!r}", least)


def _in_brackets(text: str) -> list[Any] | dict[Any, Any] | None:
    """The list or mapping that a text spells, as JSON, YAML and Python write them; None if it is another text."""
    if text[:1] + text[-1:] not in ("[]", "{}"):
        return None
    try:
        found = yamls.read(text, names=True)
    except ValueError:
        return None
    return found if isinstance(found, list | dict) else None


def _unquoted(names: Sequence[str]) -> list[str]:
    """Without the quotes, and the commas after them, that all names have as a program's text."""
    found = [re.fullmatch(r"(['\"])(.*)\1,?", name) for name in names]
    return [m[2] for m in found if m] if all(found) else list(names)


def _from_file(text: str, least: int) -> tuple[str, ...]:
    what = f"labels file {short(text)!r}"
    try:
        path = Path(os.path.expanduser(text))
    except ValueError as error:  # half a character in the name of a home
        raise SpecError(f"{what}: {told(error)}") from error
    if not os.path.isfile(path):
        beside = [p.name for p in path.parent.glob("*") if p.suffix.lower() in FILES] if os.path.isdir(path.parent) else []
        near = f" Did you mean {str(path.parent / hint)!r}?" if (hint := nearest(path.name, beside)) else ""
        raise SpecError(f"labels: there is no file {short(str(path))!r}.{near}")
    try:
        found = FILES[path.suffix.lower()](decoded(path.read_bytes()))
        names = listed(found, what) if isinstance(found, list | dict) else None
    except (OSError, ValueError, RecursionError, csv.Error) as error:
        raise SpecError(f"{what} cannot be read: {told(error)}") from error
    if names is None:
        raise SpecError(f"{what} holds neither a list of names nor {{index: name}}")
    return _checked(names, what, least)


def decoded(data: bytes) -> str:
    """UTF-8, or the UTF-16 that PowerShell writes. Raises ValueError."""
    try:
        text = data.decode("utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig")
    except UnicodeDecodeError as error:
        raise ValueError(f"byte {error.start} is not UTF-8; save the file as UTF-8") from error
    if "\0" in text:  # UTF-16 or 32 without its mark, or no text at all
        raise ValueError("it has zero bytes; save the file as UTF-8")
    return text


def _lines(text: str) -> list[str]:
    # at line ends only: `splitlines` would cut a name at a separator of paragraphs
    lines = (line.strip() for line in re.split(r"\r\n|\r|\n", text))
    return [line for line in lines if line and not line.startswith("# ")]


def _list(text: str) -> Any:
    """A name on each line; or a list or mapping, as a program writes it."""
    found = _in_brackets(text.strip())
    return unnumbered(_unquoted(_lines(text)), sort=True) if found is None else found


def _table(text: str) -> list[Any]:
    """Rows of a table with a header that names a column of names, or with a column of numbers beside the names; else the names
    themselves."""
    lines = _lines(text)
    mark = next((mark for mark in "\t;," if lines and mark in lines[0]), ",")
    rows = [[cell.strip() for cell in row] for row in csv.reader(lines, delimiter=mark, skipinitialspace=True)]
    rows = [row for row in rows if any(row)]
    if rows and any(cell.lower() in NAME for cell in rows[0]):
        return [dict(zip(rows[0], row, strict=False)) for row in rows[1:]]
    columns = list(zip_longest(*rows, fillvalue=""))
    number = next((i for i, cells in enumerate(columns) if cells[1:] and all(_number(c) is not None for c in cells[1:])), None)
    name = next((i for i in range(len(columns)) if i != number and any(columns[i])), None)
    if number is None or name is None:
        return unnumbered([row[0] for row in rows], sort=True)
    start = 0 if _number(columns[number][0]) is not None else 1  # a header
    return [{"id": n, "name": c} for n, c in zip(columns[number][start:], columns[name][start:], strict=True)]


FILES: Mapping[str, Callable[[str], Any]] = {
    ".txt": _list,
    ".names": _list,
    ".json": lambda text: json.loads(text, object_pairs_hook=_once),
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
    as in a file, where numbers in another order put the names in theirs, and may begin at 1.
    """
    for form in NUMBERED:
        found = [form.fullmatch(name) for name in names]
        if not all(found) or len(names) < 2 or any(len(m["n"]) > DIGITS for m in found if m):
            continue
        by_number = {int(m["n"]): m["name"] for m in found if m}
        first = min(1, *by_number) if sort else 0
        if not sort and list(by_number) != list(range(first, first + len(names))):
            continue
        left = [by_number.get(i, "") for i in range(first, first + len(names))]
        if all(re.search(r"[^\W\d]", name) for name in left) and len(set(left)) == len(names):
            return [LETTERED.sub("", name, count=1) for name in left] if all(map(LETTERED.match, left)) else left
    return list(names)
