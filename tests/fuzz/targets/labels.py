"""Label names in every form: files, arguments, mappings, arrays; accept-sets; what a user calls a label."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random
from typing import Any

import numpy as np

from bugscope.core import accept, label_files
from bugscope.core.labels import Names, resolve

from ..material import altered, dumped, some, text, value
from ..outcomes import tried

ENDINGS = (*label_files.FILES, ".TXT", ".pkl", ".npy", "")
KEYS = (*label_files.WITHIN, *label_files.NAME, *label_files.NUMBER)
CLASSES = ("cat", "dog", "coffee mug", "n01440764", "tench, Tinca tinca", "crane", "LABEL_0", "0", "background", "/a/alley")


def name(rng: Random) -> Any:
    return rng.choice((rng.choice(CLASSES), text(rng), rng.choice(CLASSES), value(rng, 1)))


def form(rng: Random) -> Any:
    """Names as a function, a server or a file may state them."""
    names = [name(rng) for _ in range(rng.randrange(6))]
    numbered = enumerate(names, rng.choice((0, 0, 0, 1, -1)))
    match rng.randrange(11):
        case 0:
            return names
        case 1:
            return {rng.choice((str(i), i)): n for i, n in numbered}
        case 2:
            return {str(n): i for i, n in numbered}
        case 3:
            return [{rng.choice(KEYS): n, rng.choice(KEYS): i} for i, n in numbered]
        case 4:
            return {rng.choice(KEYS): form(rng)}
        case 5:
            return ",".join(map(str, names))
        case 6:
            return rng.choice((set, tuple, frozenset))(map(str, names))
        case 7:
            return np.array(list(map(str, names)), dtype=rng.choice((object, np.str_)))
        case 8:
            return rng.choice(
                (np.arange(3), np.zeros((2, 2)), np.array(5), np.array(["a"], "S1"), np.array([None, 1.5], object))
            )
        case 9:
            return (str(n) for n in names)
        case _:
            return value(rng)


def lines(rng: Random) -> bytes:
    """A file with a name on each line, with numbers, columns and quotes as tools write them."""
    mark = rng.choice((" ", ":", ",", ";", "\t", "  ", ", ", " - "))
    head = rng.choice(([], [f"index{mark}name"], [f"name{mark}id"], ["#names"], [text(rng)]))
    names = [str(name(rng)) for _ in range(rng.randrange(6))]
    rows = [rng.choice((n, f"{i}{mark}{n}", f"{n}{mark}{i}", f'{i}{mark}"{n}')) for i, n in enumerate(names)]
    whole = rng.choice(("\n", "\r\n", "\r", "\n\n")).join([*head, *rows])
    return whole.encode(rng.choice(("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "latin-1", "cp932")), "replace")


@contextmanager
def ready(folder: Path) -> Iterator[Any]:
    def example(rng: Random, folder: Path) -> str:
        match rng.randrange(4):
            case 0:
                file = folder / f"labels{rng.choice(ENDINGS)}"
                data = rng.choice((lines, lambda r: dumped(_json(form(r)), r)))(rng)
                file.write_bytes(altered(data, rng) if rng.random() < 0.2 else data)
                return tried(lambda: known(label_files.read(str(file), least=1), rng))
            case 1:
                given = form(rng)
                return tried(lambda: known(label_files.of_model(given), rng))
            case 2:
                stated = rng.choice((form, value))(rng)
                own = [str(name(rng)) for _ in range(4)]
                return tried(lambda: accept.AcceptSets.of(accept.read(stated), own).right(own[0]))
            case _:
                stated = rng.choice((text(rng), *some(rng, CLASSES, 1)))
                return tried(lambda: known(label_files.read(stated), rng))

    def known(names: Any, rng: Random) -> None:
        assert all(isinstance(n, str) for n in names)
        "".join(names).encode()  # no halves of characters
        json.dumps(names)
        Names(names).places(text(rng))
        if names:
            assert resolve(names[0], names) in names
            resolve(text(rng), names)

    yield example


def _json(given: Any) -> Any:
    try:
        json.dumps(given)
    except (TypeError, ValueError):
        return [str(given)]
    return given
