"""What in a run folder is not as it was written: the database, its rows, the pictures, and files that do not belong there."""

import os
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple

from ..core.errors import StoreError, short
from . import ledger, rows
from .blobs import NAME, Files, Lost
from .folder import CONFIG, DATABASE, NAMES, SPARE, SPARED, readable
from .rows import Damaged

DAMAGED = "damaged"
"""Folder below the run where mending puts what it takes out."""
OWN = (DATABASE, f"{DATABASE}-wal", f"{DATABASE}-shm", CONFIG, "report.json", "report.html", *SPARED)
"""Files of a run besides its pictures."""
BELOW = ("replay", "transfer", DAMAGED)
"""Folders that commands keep their own things in."""
COLUMNS: Mapping[str, Sequence[str]] = {
    "meta": ("name", "value"),
    "answers": ("role", "model", "key", "value"),
    "samples": (*rows.COLUMNS, "seed"),
    "ledger": ("kind", "id", "value"),
}
"""Of each table, without the checksum."""
KEYS: Mapping[str, int] = {"meta": 1, "answers": 3, "samples": 1, "ledger": 2}
"""How many of them, the first, are the row's key."""
SAMPLED = ("generator", "target", "judge", "captioner")
"""Roles whose answers are about samples."""


class Row(NamedTuple):
    """A row of a table; `sum`: its checksum, None where an earlier version wrote it."""

    table: str
    values: tuple[Any, ...]
    sum: Any

    @property
    def key(self) -> tuple[Any, ...]:
        return self.values[: KEYS[self.table]]

    def wrong(self, run: Path) -> str:
        """What is wrong with it; "" for nothing."""
        try:
            self._check(run)
        except Damaged as error:
            return f"{error.where}: {error.what}"
        return ""

    def _check(self, run: Path) -> None:
        rows.verify(run, self.sum, self.table, *self.values)
        match self.table, *self.values:
            case "meta", name, value:
                found = rows.meta(run, str(name), value)
                if name in ("identity", SPARE):
                    rows.identity(run, found)
            case "answers", role, _, key, value:
                rows.answer(run, str(role), str(key), value)
            case "samples", *values:
                rows.sample(run, *values[: len(rows.COLUMNS)])
            case "ledger", kind, id, value:
                ledger.check(run, str(kind), str(id), rows.plain(run, value, f"ledger, {kind} {id}"))


def opened(file: Path) -> sqlite3.Connection:
    """A database for reading whatever it holds: bytes that are no text come as halves of characters. Raises sqlite3.Error."""
    db, _ = readable(file)
    db.text_factory = lambda data: data.decode("utf-8", "surrogateescape")
    return db


def sound(db: sqlite3.Connection) -> str:
    """What SQLite finds wrong with its file; "" for nothing."""
    try:
        said = [str(text) for (text,) in db.execute("pragma integrity_check(3)")]
    except sqlite3.Error as error:
        return str(error)
    return "" if said == ["ok"] else short("; ".join(said).replace("*** in database main ***", ""))


def selected(db: sqlite3.Connection, table: str) -> str:
    """The query for all of a table, as `Row` has it. Raises sqlite3.Error."""
    known = {name for _, name, *_ in db.execute(f"pragma table_info({table})")}
    return f"select {', '.join(COLUMNS[table])}, {'sum' if 'sum' in known else 'null'} from {table}"


def every(db: sqlite3.Connection) -> Iterator[Row]:
    """All rows. Raises sqlite3.Error."""
    for table in NAMES:
        for *values, sum in db.execute(selected(db, table)):
            yield Row(table, tuple(values), sum)


class Contents(NamedTuple):
    """What the rows of a run hold. `bad`: rows that are damaged, and how; `unsummed`: how many have no checksum; `blobs`: the
    names that whole rows state, each with the keys of its samples; `orphans`: keys of answers about samples that are not
    there; `lost`: names of pictures that are known to be gone for good; `finished`: whether the run is."""

    n: int
    bad: list[tuple[Row, str]]
    unsummed: int
    blobs: dict[str, list[str]]
    orphans: set[str]
    lost: set[str]
    finished: bool


def contents(run: Path) -> Contents:
    """Of all rows. Raises StoreError if they cannot be read."""
    found = Contents(0, [], 0, {}, set(), set(), False)
    n, unsummed, finished = 0, 0, False
    samples: set[Any] = set()
    answered: set[Any] = set()
    try:
        with closing(opened(run / DATABASE)) as db:
            for row in every(db):
                n, unsummed = n + 1, unsummed + (row.sum is None)
                if why := row.wrong(run):
                    found.bad.append((row, why))
                elif row.table == "samples":
                    samples.add(row.key[0])
                elif row.table == "answers" and row.values[0] in SAMPLED:
                    answered.add(row.values[2])
                    _name(run, row, found.blobs)
                elif row.table == "ledger" and row.values[0] == "lost":
                    found.lost.add(rows.plain(run, row.values[-1], "ledger, lost"))
                elif row.key == ("finished",):
                    finished = rows.meta(run, *row.values) is True
    except sqlite3.Error as error:
        raise StoreError(f"cannot read {str(run / DATABASE)!r}: {error}") from error
    return found._replace(n=n, unsummed=unsummed, orphans=answered - samples, finished=finished)


def _name(run: Path, row: Row, blobs: dict[str, list[str]]) -> None:
    role, _, key, value = row.values
    made = rows.answer(run, role, key, value) if role == "generator" else {}
    for name in (made.get("image"), (made.get("truth") or {}).get("regions")):
        if name:
            blobs.setdefault(name, []).append(key)


def lost(run: Path, names: Iterable[str]) -> dict[str, bool]:
    """Of these blobs those that are missing or damaged, and whether there is a file. Raises StoreError if a file that is there
    cannot be read now."""
    files, found = Files(run), {}
    for name in names:
        try:
            files.get(name)
        except Lost:
            found[name] = os.path.lexists(run / name)
    return found


class Strange(NamedTuple):
    """Files that no row names: pictures (`unused`), what a killed writer left (`crumbs`), and others (`foreign`)."""

    unused: list[str]
    crumbs: list[str]
    foreign: list[str]


def strange(run: Path, named: Mapping[str, Any]) -> Strange:
    """What is in the folder and not of the run. Links are not followed."""
    found = Strange([], [], [])
    for folder, below, files in os.walk(run):
        if Path(folder) == run:
            below[:] = [name for name in below if name not in BELOW]
        for file in files:
            name = (Path(folder) / file).relative_to(run).as_posix()
            if name in OWN or name in named:
                continue
            inside = name.partition("/")[0] in ("images", "files")
            part = found.unused if NAME.fullmatch(name) else found.foreign
            (found.crumbs if inside and name.endswith(".tmp") else part).append(name)
    return Strange(*map(sorted, found))
