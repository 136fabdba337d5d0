"""The run folder as a place: who may write there, and whether it is still where it was."""

import importlib
import os
from pathlib import Path
from typing import Any

from ..core.errors import StoreError

try:
    import fcntl
except ImportError:  # on Windows, msvcrt does the locking
    fcntl = None  # type: ignore[assignment]

LOCK = ".lock"


class Lock:
    """Held by the one process that writes a run folder, until it is released or the process ends."""

    def __init__(self, path: Path) -> None:
        """Raises StoreError if another process holds it, OSError if there can be none."""
        self._file: int | None = os.open(path / LOCK, os.O_RDWR | os.O_CREAT, 0o644)
        try:
            _lock(self._file)
        except (BlockingIOError, PermissionError) as error:
            self.release()
            raise StoreError(f"the run folder {str(path)!r} is in use by another process") from error
        except OSError:
            self.release()
            raise
        _held.add(self)

    def release(self) -> None:
        _held.discard(self)
        if self._file is not None:
            os.close(self._file)
            self._file = None


def _lock(file: int) -> None:
    if fcntl is not None:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    else:
        msvcrt: Any = importlib.import_module("msvcrt")
        msvcrt.locking(file, msvcrt.LK_NBLCK, 1)


_held: set[Lock] = set()


def _let_go() -> None:
    """A fork has a copy of the descriptor, and would keep the folder locked after the process that writes it is gone."""
    for lock in list(_held):
        lock.release()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_let_go)


class Place:
    """A folder and the files in it that must stay where they are."""

    def __init__(self, path: Path, *files: str) -> None:
        self.path, self._names = path, ("", *files)
        self._nodes = self._now()

    def check(self) -> None:
        """Raises StoreError if the folder or one of the files is gone, or another one is in its place: what is written there
        would be lost, or land in somebody else's folder."""
        if self._now() != self._nodes:
            raise StoreError(
                f"the run folder {str(self.path)!r} was moved or removed while it was in use; nothing more is written there. "
                "To go on, put it back, or resume it where it is now"
            )

    def _now(self) -> list[tuple[int, int] | None]:
        return [_node(self.path / name) for name in self._names]


def _node(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except (OSError, ValueError):
        return None
    return found.st_dev, found.st_ino
