"""Run folders of somebody else: rows altered, files damaged, exchanged, or links that lead out."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random
from typing import Any

import bugscope
from support import hostile
from support.runs import copied

from ..material import altered, dumped, value
from ..outcomes import tried


def damaged(folder: Path, rng: Random) -> None:
    """One file of a run is not what it was."""
    files = sorted(p for p in folder.rglob("*") if p.is_file())
    file = rng.choice((folder / "run.sqlite", rng.choice(files), rng.choice(files)))
    if not file.is_file():  # gone already
        return
    data = file.read_bytes()
    file.unlink()
    match rng.randrange(7):
        case 0:
            pass
        case 1:
            file.write_bytes(b"")
        case 2:
            file.symlink_to(folder.parent.parent / "outside" / "secret.txt")
        case 3:
            file.mkdir()
        case 4:
            file.write_bytes(dumped(value(rng), rng))
        case 5:
            os.mkfifo(file)
        case _:
            file.write_bytes(altered(data, rng))


@contextmanager
def ready(folder: Path) -> Iterator[Any]:
    run = hostile.original(folder)

    def example(rng: Random, folder: Path) -> str:
        seed = rng.randrange(2**32)
        if rng.random() < 0.6:
            _, _, came = hostile.used(run.path, folder, seed)
            return came.partition(":")[0]
        below = copied(run, folder / "in" / "run")
        for _ in range(rng.choice((1, 1, 2))):
            damaged(below, rng)
        return tried(lambda: hostile.USES[rng.choice(sorted(hostile.USES))](below))

    assert bugscope.load(run.path).bugs
    yield example
