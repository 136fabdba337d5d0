"""`bugscope cache`: what the cache of pictures holds, and how to make it smaller."""

import re
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ..core.errors import SpecError, unknown
from ..store import cache
from ..store.cache import Cache, Item, Kept

AGES = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 7 * 86_400}
"""Letters after a number of time, in seconds."""
UNITS = ("B", "kB", "MB", "GB", "TB")
SIZES = {unit.lower(): 1000**i for i, unit in enumerate(UNITS)} | {f"{p}ib": 1024**i for i, p in enumerate("kmgt", 1)}


@dataclass(frozen=True, slots=True)
class Contents:
    """What a cache holds, by generator: those with the most bytes first."""

    folder: Path
    generators: Sequence[Kept]

    @property
    def pictures(self) -> int:
        return sum(len(kept.items) for kept in self.generators)

    @property
    def size(self) -> int:
        return sum(kept.size for kept in self.generators)


@dataclass(frozen=True, slots=True)
class Pruned:
    """What was deleted, or would have been, and what is left."""

    deleted: Contents
    left: Contents


def contents(folder: Path | str | None = None) -> Contents:
    """What the cache in `folder` holds, by default the user's own. Nothing, if it is not there. Raises StoreError for a folder
    that is no cache."""
    where = cache.home() if folder is None else Path(folder).expanduser()
    return Contents(where, Cache(where).kept())


def prune(
    folder: Path | str | None = None,
    *,
    older_than: str = "",
    max_size: str = "",
    generator: str = "",
    dry_run: bool = False,
) -> Pruned:
    """Delete pictures: those of `generator`, of these those not used for `older_than` ("30d"), and then those not used for the
    longest time, until the rest takes at most `max_size` ("10GB"). With `dry_run` only say which.

    `generator`: its id, with or without its options, or the beginning of its key. Raises SpecError without any condition, and
    StoreError for a folder that is no cache or that cannot be written.
    """
    if not (older_than or max_size or generator):
        raise SpecError("say what to delete: --older-than 30d, --max-size 10GB or --generator NAME (see bugscope cache ls)")
    age, most = age_in_seconds(older_than) if older_than else None, size_in_bytes(max_size) if max_size else None
    held = contents(folder)
    chosen = _named(held.generators, generator) if generator else held.generators
    items = [item for kept in chosen for item in kept.items]
    if age is not None:
        doomed = [item for item in items if time.time() - item.used > age]
    else:
        doomed = items if most is None else []
    if most is not None:
        doomed += _surplus(items, doomed, most)
    gone = {item.path for item in doomed}
    if not dry_run:
        Cache(held.folder).delete(doomed)
    return Pruned(_part(held, gone, True), _part(held, gone, False))


def _surplus(items: Sequence[Item], doomed: Sequence[Item], most: int) -> list[Item]:
    """What has to go besides `doomed`, for the rest to fit into `most` bytes."""
    gone = {item.path for item in doomed}
    rest = sorted((item for item in items if item.path not in gone), key=lambda item: (item.used, item.path))
    size, found = sum(item.size for item in rest), []
    for item in rest:
        if size <= most:
            break
        found.append(item)
        size -= item.size
    return found


def _part(held: Contents, gone: set[Path], inside: bool) -> Contents:
    parts = [replace(kept, items=[item for item in kept.items if (item.path in gone) is inside]) for kept in held.generators]
    return Contents(held.folder, [kept for kept in parts if kept.items])


def _named(generators: Sequence[Kept], name: str) -> list[Kept]:
    found = [kept for kept in generators if name in (kept.id, kept.id.partition("?")[0])]
    if not found and len(name) >= 4:
        found = [kept for kept in generators if kept.key.startswith(name)]
    if not found:
        raise unknown("generator of the cache", name, [kept.id or kept.key for kept in generators])
    return found


def age_in_seconds(text: str) -> float:
    """Of "30d", "12h". Raises SpecError."""
    found = re.fullmatch(r"(\d+(?:\.\d+)?) ?([smhdw])", text.strip().lower(), re.ASCII)
    if not found:
        raise SpecError(f"option older-than is {text!r}; it must be a number with s, m, h, d or w, such as 30d")
    return float(found[1]) * AGES[found[2]]


def size_in_bytes(text: str) -> int:
    """Of "10GB", "500 MB", "1.5GiB". Raises SpecError."""
    found = re.fullmatch(r"(\d+(?:\.\d+)?) ?(\w+)", text.strip().lower(), re.ASCII)
    if not found or found[2] not in SIZES:
        raise SpecError(f"option max-size is {text!r}; it must be a number with {', '.join(UNITS)} or GiB, such as 10GB")
    return int(float(found[1]) * SIZES[found[2]])


def shown_size(n: int) -> str:
    """ "731 B", "14.2 MB" """
    size, unit = float(n), 0
    while size >= 999.5 and unit < len(UNITS) - 1:
        size, unit = size / 1000, unit + 1
    return f"{n:,} B" if unit == 0 else f"{size:.3g} {UNITS[unit]}"


def shown_age(seconds: float) -> str:
    """ "now", "5 min", "3 h", "12 d" """
    for length, unit in ((86_400, "d"), (3600, "h"), (60, "min")):
        if seconds >= length:
            return f"{int(seconds // length):,} {unit}"
    return "now"
