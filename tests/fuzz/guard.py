"""Notes what this process does besides computing: files written or read where they should not be, programs, connections.

An audit hook sees what Python code does, not what a library below it does; for that, what is outside is compared as well.
"""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
CHANGES = {
    "os.mkdir": 1, "os.rmdir": 1, "os.remove": 1, "os.rename": 2, "os.truncate": 1, "os.chmod": 1, "os.chown": 1, "os.utime": 1,
    "shutil.rmtree": 1, "sqlite3.connect": 1,
}  # fmt: skip
"""Events about files, and how many of their first arguments are paths; of links, only the second is written."""
LINKS = ("os.link", "os.symlink")
PROGRAMS = (
    "subprocess.Popen", "os.system", "os.exec", "os.spawn", "os.posix_spawn", "os.fork", "os.forkpty", "pty.spawn",
    "pickle.find_class",
    "code.__new__", "marshal.loads",
)  # fmt: skip
"""Programs, and code that is no module's."""
ADDRESSES = ("socket.connect", "socket.getaddrinfo", "socket.gethostbyname")
HERE = ("127.0.0.1", "localhost", "::1")


class Guard:
    """While it watches, whatever is done outside `allowed` is noted in `seen`."""

    def __init__(self, allowed: Path, forbidden: Path) -> None:
        """`forbidden`: a folder that nothing may even read."""
        # devices, but not what is kept in memory there
        self.allowed = [
            os.path.realpath(allowed),
            *(f"/dev/{name}" for name in ("null", "zero", "full", "random", "urandom", "tty")),
        ]
        self.forbidden = os.path.realpath(forbidden)
        self.seen: list[str] = []
        self.watching = False
        sys.addaudithook(self._hook)

    @contextmanager
    def watch(self) -> Iterator[list[str]]:
        self.seen.clear()
        self.watching = True
        try:
            yield self.seen
        finally:
            self.watching = False

    def _hook(self, event: str, args: tuple[Any, ...]) -> None:
        if not self.watching:
            return
        self.watching = False  # what is asked here is no finding
        try:
            if note := self._note(event, args):
                self.seen.append(note)
        finally:
            self.watching = True

    def _note(self, event: str, args: tuple[Any, ...]) -> str:
        if event == "open":
            path, _, flags = args
            return self._outside(event, path, bool(flags & WRITES) if isinstance(flags, int) else False)
        if event in CHANGES:
            dir_fd = args[-1] if event in ("os.remove", "os.rmdir", "os.mkdir") and isinstance(args[-1], int) else -1
            notes = (self._outside(event, path, True, dir_fd) for path in args[: CHANGES[event]])
            return next((note for note in notes if note), "")
        if event in LINKS:
            return self._outside(event, args[1], True)
        if event in PROGRAMS and not self._importing():
            return f"{event} {str(args)[:200]}"
        if event in ADDRESSES and not self._local(args):
            return f"{event} {str(args[1:])[:200]}"
        return ""

    def _outside(self, event: str, path: Any, written: bool, dir_fd: int = -1) -> str:
        if not isinstance(path, str | bytes | os.PathLike):
            return ""
        name = os.fsdecode(path)
        if name in ("", ":memory:"):
            return ""
        try:
            if dir_fd >= 0:
                name = os.path.join(os.readlink(f"/proc/self/fd/{dir_fd}"), name)
            place = os.path.realpath(name)
        except (OSError, ValueError):
            return ""
        if place.startswith(self.forbidden):
            return f"{event} of {name}, which is none of its business"
        if written and "__pycache__" in place and self._importing():
            return ""  # Python keeps what it compiled
        if written and not any(place == root or place.startswith(root + os.sep) for root in self.allowed):
            return f"{event} writes {name}"
        return ""

    @staticmethod
    def _importing() -> bool:
        frame: Any = sys._getframe()
        while frame is not None:
            if frame.f_code.co_filename.startswith("<frozen importlib"):
                return True
            frame = frame.f_back
        return False

    @staticmethod
    def _local(args: tuple[Any, ...]) -> bool:
        where = args[1] if len(args) > 1 and isinstance(args[1], tuple) else args
        host = where[0] if where and isinstance(where[0], str | bytes) else ""
        return (host.decode() if isinstance(host, bytes) else host) in (*HERE, "")
