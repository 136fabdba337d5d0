"""Caches of pictures with something in them."""

import sys
from pathlib import Path

from bugscope.store.cache import Cache, Drawer, Entry

GENERATOR = {"id": "toy/1", "packages": {}}
ENTRY = Entry(b"a picture", {"visible": 1.0})


def filled(folder: Path) -> tuple[Drawer, Path]:
    """A cache with one picture, of "a mug" and seed 1, and where it is."""
    drawer = Cache(folder).of(GENERATOR)
    drawer.put("a mug", 1, ENTRY)
    (path,) = folder.rglob("*.entry")
    return drawer, path


def write(folder: Path, mark: bytes, n: int) -> None:
    """Put n entries of 50 kB that consist of one mark; a byte on stdout says that the first is there."""
    drawer = Cache(folder).of(GENERATOR)
    for seed in range(n):
        drawer.put("a mug", seed % 50, Entry(mark * 50_000, {}))
        if not seed:
            sys.stdout.write(".")
            sys.stdout.flush()


def whole(folder: Path) -> set[bytes]:
    """The marks of all entries that are there; each entry must be of one mark, or it counts as both."""
    drawer = Cache(folder).of(GENERATOR)
    found = (drawer.get("a mug", seed) for seed in range(50))
    return {bytes(sorted(set(entry.content))) for entry in found if entry is not None}
