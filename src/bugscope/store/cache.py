"""Pictures that runs share: by what identifies their generator, their prompt and their seed.

CACHE/
  bugscope-cache.json      the mark of a cache: nothing is kept or deleted in a folder of other files without it
  HASH/                    the pictures of one generator; the hash of what identifies it
    generator.json         that, in words
    ab/HASH.entry          one picture, and all that its generator said about it

An entry is one file, written beside its place and renamed, so that any number of processes and hosts may share a cache: a
reader sees a whole entry or none. Its first line is the hash of the rest. What is damaged, or is not what its name says, is no
entry, and is deleted. No link inside a cache is followed.
"""

import json
import os
import re
import stat
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import platformdirs
from pydantic import Field, TypeAdapter
from typing_extensions import TypedDict

from ..core.errors import StoreError, short
from . import rows
from .blobs import Files, reason
from .folder import SPARED

MARK = "bugscope-cache.json"
SCHEMA = 1
LARGEST = 256 * 2**20
"""Bytes of an entry; a larger one is neither kept nor read."""
GENERATOR, SHARD, ENTRY = r"[0-9a-f]{32}", r"[0-9a-f]{2}", r"[0-9a-f]{64}\.entry"
CRUMB, STALE = r"tmp\w{8}\.tmp", 3600.0
"""What a writer leaves behind if it is killed, and seconds after which nobody is writing it any more."""
DAMAGED = "damaged"


def home() -> Path:
    """Where the cache is if no folder is named."""
    return platformdirs.user_cache_path("bugscope") / "pictures"


class Entry(NamedTuple):
    """A picture's file, and what its generator said about it. `truth`: without its regions, whose file is `regions`."""

    content: bytes
    info: Mapping[str, Any]
    truth: Mapping[str, Any] | None = None
    regions: bytes | None = None


class _Header(TypedDict):
    prompt: str
    seed: int
    info: dict[str, Any]
    truth: rows.TruthNote | None
    content: rows.Count
    regions: rows.Count | None


class _About(TypedDict):
    id: Annotated[str, Field(max_length=10_000)]


_HEADER, _ABOUT, _MARKED = TypeAdapter(_Header), TypeAdapter(_About), TypeAdapter(dict[str, Any])


class Cache:
    """A cache, which may not be there yet: the first picture makes it. Raises StoreError for a folder of something else."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.files = Files(root)
        self.there = self._marked()

    def _marked(self) -> bool:
        """Whether the folder is there, as a cache."""
        where = str(self.root)
        try:
            names = [f.name for f in os.scandir(self.root)]
            # the mark is looked for last: another process may be making the cache right now
            found = _read(self.root / MARK)
        except FileNotFoundError:
            return False
        except NotADirectoryError as error:
            raise StoreError(f"{where!r} is a file; choose a folder for the cache") from error
        except (OSError, ValueError) as error:
            raise StoreError(f"cannot read the cache {where!r}: {reason(error)}") from error
        if found is None:
            if any(name not in (*SPARED, MARK) and not re.fullmatch(CRUMB, name) for name in names):
                raise StoreError(f"the folder {where!r} holds other files and is no cache of pictures; choose another --cache")
            return False
        schema = (_parsed(_MARKED, self.root, found, MARK) or {}).get("schema")
        if schema != SCHEMA:
            raise StoreError(f"the cache {where!r} has schema {short(repr(schema))}; this version of Bugscope reads {SCHEMA}")
        return True

    def begin(self) -> None:
        """Make it, unless it is there. Raises StoreError if it cannot be made."""
        if not self.there:
            self.there = self._marked()
        if not self.there:
            self.files.replace(MARK, json.dumps({"schema": SCHEMA}).encode())
            self.there = True

    def of(self, identity: Mapping[str, Any]) -> "Drawer":
        """The pictures of the generator with this identity, whose `id` is its name."""
        return Drawer(self, identity)

    def kept(self) -> list["Kept"]:
        """What it holds, by generator: those with the most bytes first."""
        found = [self._kept(folder) for folder in _folders(self.root, GENERATOR)] if self.there else []
        return sorted(found, key=lambda kept: (-kept.size, kept.key))

    def _kept(self, folder: Path) -> "Kept":
        about = _parsed(_ABOUT, self.root, _read(folder / "generator.json"), "generator.json") or {"id": ""}
        items = [item for shard in _folders(folder, SHARD) for item in _items(shard, ENTRY)]
        return Kept(folder.name, about["id"], sorted(items, key=lambda item: (item.used, item.path)))

    def delete(self, items: Iterable["Item"]) -> None:
        """Delete entries, what killed writers left behind, and folders that are empty then. Raises StoreError."""
        try:
            for item in items:
                item.path.unlink(missing_ok=True)
            self._sweep(self.root)
            for folder in _folders(self.root, GENERATOR):
                self._tidy(folder)
        except OSError as error:
            raise StoreError(f"cannot delete in the cache {str(self.root)!r}: {reason(error)}") from error

    def _tidy(self, folder: Path) -> None:
        self._sweep(folder)
        for shard in _folders(folder, SHARD):
            self._sweep(shard)
            with suppress(OSError):  # not empty, or another process has just begun to write there
                shard.rmdir()
        if {f.name for f in os.scandir(folder)} <= {"generator.json"}:
            (folder / "generator.json").unlink(missing_ok=True)
            with suppress(OSError):
                folder.rmdir()

    def _sweep(self, place: Path) -> None:
        for crumb in _items(place, CRUMB):
            if time.time() - crumb.made > STALE:
                crumb.path.unlink(missing_ok=True)


class Drawer:
    """The pictures of one generator."""

    def __init__(self, cache: Cache, identity: Mapping[str, Any]) -> None:
        text = json.dumps(identity, sort_keys=True)
        self.cache, self.about = cache, text.encode()
        self.name = sha256(self.about).hexdigest()[:32]

    def get(self, prompt: str, seed: int) -> Entry | None:
        """The entry for this prompt and seed; None if there is none that is whole. Raises StoreError if it cannot be read."""
        path = self._path(prompt, seed)
        try:
            data = _read(path)
        except OSError as error:
            raise StoreError(f"cannot read {str(path)!r}: {reason(error)}") from error
        if data is None:
            return None
        entry = _unpacked(self.cache.root, data, prompt, seed)
        if entry is None:
            self.discard(prompt, seed)
        else:
            with suppress(OSError):  # a cache that can only be read does not know when it was used
                os.utime(path, (time.time(), path.stat().st_mtime))
        return entry

    def put(self, prompt: str, seed: int, entry: Entry) -> None:
        """Keep an entry; it replaces another. Raises StoreError if it cannot be written."""
        path, data = self._path(prompt, seed), _packed(prompt, seed, entry)
        if len(data) > LARGEST:
            return
        self.cache.begin()
        try:
            self._put(path, data)
        except StoreError as error:
            if not isinstance(error.__cause__, FileNotFoundError):
                raise
            # somebody tidied the folder away between its making and the writing
            self._put(path, data)

    def _put(self, path: Path, data: bytes) -> None:
        if not (self.cache.root / self.name / "generator.json").exists():
            self.cache.files.replace(f"{self.name}/generator.json", self.about)
        self.cache.files.replace(path.relative_to(self.cache.root).as_posix(), data)

    def discard(self, prompt: str, seed: int) -> None:
        """Delete an entry that is of no use."""
        with suppress(OSError):  # one that cannot be deleted is found to be useless again next time
            self._path(prompt, seed).unlink(missing_ok=True)

    def _path(self, prompt: str, seed: int) -> Path:
        key = sha256(json.dumps([prompt, seed]).encode()).hexdigest()
        path = self.cache.root / self.name / key[:2] / f"{key}.entry"
        for folder in (path.parent.parent, path.parent):
            if folder.is_symlink():
                raise StoreError(f"the cache {str(self.cache.root)!r} has a link in it, {str(folder)!r}, which is not followed")
        return path


@dataclass(frozen=True, slots=True)
class Item:
    """The file of an entry. `made`, `used`: seconds since 1970; reading it counts as use."""

    path: Path
    size: int
    made: float
    used: float


@dataclass(frozen=True, slots=True)
class Kept:
    """The pictures of one generator. `key`: the name of their folder; `id`: the generator's, "" if that is not known any more.
    `items`: those not used for the longest time come first."""

    key: str
    id: str
    items: list[Item]

    @property
    def size(self) -> int:
        return sum(item.size for item in self.items)


# --- files --------------------------------------------------------------------------------------------------------------


def _read(path: Path) -> bytes | None:
    """The bytes of a regular file that is no link and not too large; b"" for anything else that has this name, None if nothing
    has. Raises OSError."""
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    try:
        found = path.lstat()
        if not stat.S_ISREG(found.st_mode) or found.st_size > LARGEST:
            return b""
        handle = os.open(path, flags)
    except (FileNotFoundError, NotADirectoryError):
        return None
    with os.fdopen(handle, "rb") as file:
        return file.read(LARGEST + 1)


def _folders(place: Path, name: str) -> Iterator[Path]:
    """Folders of this name in `place`; links are none."""
    with suppress(FileNotFoundError):
        for found in sorted(os.scandir(place), key=lambda f: f.name):
            if re.fullmatch(name, found.name) and found.is_dir(follow_symlinks=False):
                yield Path(found.path)


def _items(place: Path, name: str) -> Iterator[Item]:
    """Regular files of this name in `place`."""
    with suppress(FileNotFoundError):
        for found in os.scandir(place):
            if re.fullmatch(name, found.name) and found.is_file(follow_symlinks=False):
                about = found.stat(follow_symlinks=False)
                yield Item(Path(found.path), about.st_size, about.st_mtime, max(about.st_atime, about.st_mtime))


# --- entries as bytes ---------------------------------------------------------------------------------------------------


def _packed(prompt: str, seed: int, entry: Entry) -> bytes:
    header = {
        "prompt": prompt,
        "seed": seed,
        "info": dict(entry.info),
        "truth": None if entry.truth is None else {**entry.truth, "regions": None},
        "content": len(entry.content),
        "regions": None if entry.regions is None else len(entry.regions),
    }
    rest = json.dumps(header, allow_nan=False).encode() + b"\n" + entry.content + (entry.regions or b"")
    return sha256(rest).hexdigest().encode() + b"\n" + rest


def _unpacked(root: Path, data: bytes, prompt: str, seed: int) -> Entry | None:
    """The entry in a file's bytes, if they are whole and those of this prompt and seed."""
    digest, _, rest = data.partition(b"\n")
    if digest != sha256(rest).hexdigest().encode():
        return None
    text, _, body = rest.partition(b"\n")
    header = _parsed(_HEADER, root, text, DAMAGED)
    if header is None or (header["prompt"], header["seed"]) != (prompt, seed):
        return None
    end = header["content"]
    if len(body) != end + (header["regions"] or 0):
        return None
    return Entry(body[:end], header["info"], header["truth"], None if header["regions"] is None else body[end:])


def _parsed(kind: TypeAdapter[Any], root: Path, data: bytes | None, what: str) -> Any:
    """The JSON value in these bytes; None if it is not one of this kind."""
    try:
        return None if data is None else rows.checked(kind, root, rows.plain(root, data.decode(), what), what)
    except (StoreError, UnicodeDecodeError):
        return None
