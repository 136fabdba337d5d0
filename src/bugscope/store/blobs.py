"""Where the contents of a run are kept: bytes, under their own hash."""

import errno
import os
import re
import stat
import tempfile
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import Protocol

from ..core.errors import StoreError, short
from .place import Place

FOLDERS = {".png": "images", ".webp": "images"}
"""Suffix -> folder; files with other suffixes are in `files`."""
NAME = re.compile(r"(?:images|files)/[0-9a-f]{2}/[0-9a-f]{64}\.[a-z0-9]{1,8}")
"""What a name looks like; nothing else is ever looked up."""


class Lost(StoreError):
    """A blob that is missing, empty or damaged."""


class Unwritable(StoreError):
    """Nothing can be written now: the disk is full, or read-only. What was written before is kept."""


GONE = (errno.ENOENT, errno.ENOTDIR, errno.EISDIR, errno.ELOOP, errno.EIO)
"""Errors that say that a file is not there or cannot be read from its disk. Others, such as too many open files, pass."""


def regular(path: Path) -> bytes:
    """The bytes of a file. A pipe or a device, which would be waited for, counts as missing. Raises OSError."""
    with open(path, "rb", opener=lambda name, flags: os.open(name, flags | getattr(os, "O_NONBLOCK", 0))) as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise OSError(errno.ENOENT, "it is no file", str(path))
        return file.read()


class Blobs(Protocol):
    """A place for bytes. `put` is called before the row that names the bytes is written; a name never changes its meaning."""

    def put(self, data: bytes, suffix: str) -> str:
        """Keep bytes; returns their name. The same bytes get the same name, and are kept once. Raises StoreError."""

    def get(self, name: str) -> bytes:
        """The bytes of this name. Raises Lost if they are missing or damaged, StoreError if it is not the name of a blob."""

    def has(self, name: str) -> bool:
        """Whether something is there; `get` tells whether it is whole."""

    def replace(self, name: str, data: bytes) -> None:
        """Replace bytes atomically: a reader sees the old ones or the new ones. Raises StoreError."""


class Files:
    """Blobs as files below a folder."""

    def __init__(self, root: Path, place: Place | None = None) -> None:
        """`place`: of the folder, where it must still be there when something is written."""
        self.root, self.place = root, place

    def put(self, data: bytes, suffix: str) -> str:
        name = named(data, suffix)
        if not (self.has(name) and whole(self, name)):
            self.replace(name, data)
        return name

    def get(self, name: str) -> bytes:
        what = "picture" if Path(self._checked(name)).suffix in FOLDERS else "file"
        try:
            # a link that the user made (images on another disk) is followed, but a name never leads outside
            data = regular(self.root / name)
        except OSError as error:
            if error.errno not in GONE:
                raise StoreError(f"cannot read the {what} {str(self.root / name)!r}: {reason(error)}") from error
            raise Lost(f"the run {str(self.root)!r} lacks the {what} {name}: {reason(error)}") from error
        if sha256(data).hexdigest() != _digest(name):
            raise Lost(f"the run {str(self.root)!r} lacks the {what} {name}: the file is {'damaged' if data else 'empty'}")
        return data

    def has(self, name: str) -> bool:
        file = self.root / self._checked(name)
        return file.is_file() and file.stat().st_size > 0

    def path(self, name: str) -> Path:
        """Where the file of this name is, if it exists. Raises StoreError if it is not the name of a blob."""
        return self.root / self._checked(name)

    def _checked(self, name: str) -> str:
        if not NAME.fullmatch(name):
            raise StoreError(f"the run {str(self.root)!r} names a picture outside its folder: {short(repr(name))}")
        return name

    def replace(self, name: str, data: bytes) -> None:
        target = self.root / name
        temporary = None
        if self.place is not None:
            self.place.check()
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            handle, temporary = tempfile.mkstemp(dir=target.parent, suffix=".tmp")
            with os.fdopen(handle, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            os.chmod(temporary, 0o644)
            os.replace(temporary, target)
        except BaseException as error:
            if temporary is not None:
                with suppress(OSError):  # what went wrong first says more
                    Path(temporary).unlink(missing_ok=True)
            if isinstance(error, OSError):
                raise Unwritable(f"cannot write {str(target)!r}: {reason(error)}") from error
            raise

    def crumbs(self) -> None:
        """Delete what a writer leaves behind if it is killed between writing a file and naming it."""
        for folder in {*FOLDERS.values(), "files"}:
            for crumb in self.root.glob(f"{folder}/*/*.tmp"):
                crumb.unlink(missing_ok=True)


class Layered:
    """Blobs that are written to one place, and read from there or from another below it."""

    def __init__(self, above: Blobs, below: Blobs) -> None:
        self.above, self.below = above, below

    def put(self, data: bytes, suffix: str) -> str:
        return self.above.put(data, suffix)

    def get(self, name: str) -> bytes:
        return self.above.get(name) if self.above.has(name) else self.below.get(name)

    def has(self, name: str) -> bool:
        return self.above.has(name) or self.below.has(name)

    def replace(self, name: str, data: bytes) -> None:
        self.above.replace(name, data)


def whole(blobs: Blobs, name: str) -> bool:
    """Whether the bytes of this name are there and undamaged; they are read for that."""
    try:
        blobs.get(name)
    except Lost:
        return False
    return True


def named(data: bytes, suffix: str) -> str:
    """The name of these bytes."""
    digest = sha256(data).hexdigest()
    return f"{FOLDERS.get(suffix, 'files')}/{digest[:2]}/{digest}{suffix}"


def _digest(name: str) -> str:
    return Path(name).name.partition(".")[0]


def reason(error: Exception) -> str:
    """The system's reason, without the path, which the message names already."""
    return getattr(error, "strerror", None) or str(error)
