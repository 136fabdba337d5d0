"""What was read from files and computed by networks, kept for the next start. Losing it costs time, never an answer."""

import sqlite3
from collections.abc import Callable, Iterable, Sequence
from contextlib import closing, suppress
from hashlib import sha256
from pathlib import Path

import platformdirs

AT_ONCE = 500
"""Keys in one query: SQLite takes a limited number of variables."""


def home() -> Path:
    return platformdirs.user_cache_path("bugscope") / "folder"


class Cache:
    """Bytes by text, in one SQLite file per name. A file that cannot be used counts as empty; a damaged one is deleted."""

    def __init__(self, name: str) -> None:
        self.path = home() / f"{sha256(name.encode('utf-8', 'surrogateescape')).hexdigest()[:24]}.sqlite"

    def get(self, keys: Sequence[str]) -> dict[str, bytes]:
        """The values of the keys that are known."""
        found: dict[str, bytes] = {}

        def ask(db: sqlite3.Connection) -> None:
            for i in range(0, len(keys), AT_ONCE):
                part = keys[i : i + AT_ONCE]
                marks = ",".join("?" * len(part))
                found.update(db.execute(f"select key, value from known where key in ({marks})", part))

        if self.path.exists():
            self._open(ask)
        return {key: value for key, value in found.items() if isinstance(value, bytes)}

    def put(self, rows: Iterable[tuple[str, bytes]]) -> None:
        """All or none; a key's value is replaced."""
        new = list(rows)

        def write(db: sqlite3.Connection) -> None:
            with db:
                db.executemany("insert or replace into known values (?, ?)", new)

        with suppress(OSError):
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._open(write)

    def _open(self, work: Callable[[sqlite3.Connection], None]) -> None:
        # a connection for each query: models are asked from several threads and processes
        try:
            with closing(sqlite3.connect(self.path, timeout=10)) as db:
                db.execute("create table if not exists known (key text primary key, value blob) without rowid")
                work(db)
        except sqlite3.OperationalError:  # locked, full, or not to be written
            return
        except sqlite3.DatabaseError:
            with suppress(OSError):
                self.path.unlink()
