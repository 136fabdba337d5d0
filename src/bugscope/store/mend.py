"""Mends a damaged run folder. Nothing is deleted: what is taken out goes to a folder `damaged` below the run."""

import json
import os
import sqlite3
import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import closing
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Any

from ..core import yamls
from ..core.errors import BugscopeError, StoreError
from . import rows
from .blobs import Unwritable, reason, regular
from .examine import COLUMNS, DAMAGED, KEYS, Row, opened, selected, sound
from .folder import CONFIG, DATABASE, NAMES, SCHEMA, SPARE, TABLES
from .place import Lock

PAGE = 4096
"""Bytes of a page of SQLite's databases, unless somebody says otherwise."""
PREFIXES = tuple(f"{i:02x}" for i in range(256)) + ("g",)
"""Hashes begin with these; what lies between two of them is asked for by itself where a database is damaged."""


class Mender:
    """Works on a run folder that no other process writes. `done`: what was done, in sentences."""

    def __init__(self, run: Path) -> None:
        """Raises StoreError if the folder is in use or cannot be written."""
        self.run, self.done = run, list[str]()
        try:
            self._lock = Lock(run)
        except OSError as error:
            raise StoreError(f"cannot mend {str(run)!r}: {reason(error)}") from error

    def __enter__(self) -> "Mender":
        return self

    def __exit__(self, *_: object) -> None:
        self._lock.release()

    def database(self) -> None:
        """Where SQLite finds something wrong, or rows are damaged: what can be read goes into a new database."""
        file, new = self.run / DATABASE, self.run / f"{DATABASE}.tmp"
        found, whole = _salvaged(file)
        looked_at = [(row, row.wrong(self.run)) for row in found]
        bad = [(row, why) for row, why in looked_at if why]
        if whole and not bad:
            return
        good = _restored(self.run, [row for row, why in looked_at if not why])
        good["meta", "finished"] = _row("meta", "finished", False)
        self._note(bad)
        try:
            _write(new, good.values())
            for name in (f"{DATABASE}-wal", f"{DATABASE}-shm"):
                self._take_out(name)
            self._keep_copy(DATABASE)
            os.replace(new, file)
        except (OSError, sqlite3.Error) as error:
            new.unlink(missing_ok=True)
            raise Unwritable(f"cannot mend {str(file)!r}: {reason(error)}") from error
        lost = "" if whole else " Pages of the old one could not be read."
        self.done.append(f"made a new {DATABASE} of {len(good):,} whole rows; {len(bad):,} damaged ones were left out.{lost}")

    def pictures(self, names: Mapping[str, bool]) -> None:
        """Take damaged blobs out, so that they are missing and can be made again. `names`: whether there is a file."""
        there = [name for name, file in names.items() if file]
        for name in there:
            self._take_out(name)
        if there:
            self.done.append(f"moved {len(there):,} damaged {'file' if len(there) == 1 else 'files'} to {DAMAGED}/")

    def conclusions(self, claims: Mapping[tuple[str, str], str]) -> None:
        """Take out notes that the answers do not bear out; a hunt that goes on concludes anew."""
        if not claims:
            return
        try:
            with closing(sqlite3.connect(self.run / DATABASE, isolation_level=None)) as db:
                db.execute("begin immediate")
                for (kind, id), why in claims.items():
                    for values in db.execute("select kind, id, value, sum from ledger where kind=? and id=?", (kind, id)):
                        self._note([(Row("ledger", values[:-1], values[-1]), why)])
                    db.execute("delete from ledger where kind=? and id=?", (kind, id))
                db.execute("insert or replace into meta values(?,?,?)", _stored(_row("meta", "finished", False)))
                db.execute("commit")
        except sqlite3.Error as error:
            raise Unwritable(f"cannot mend {str(self.run / DATABASE)!r}: {error}") from error
        self.done.append(f"took out {len(claims):,} of the ledger's conclusions, which the answers do not bear out")

    def take_out(self, name: str) -> None:
        """Move a file that is made again."""
        self._take_out(name)
        self.done.append(f"moved the damaged {name} to {DAMAGED}/")

    # --- what is taken out ----------------------------------------------------------------------------------------------

    def _note(self, bad: Sequence[tuple[Row, str]]) -> None:
        if bad:
            lines = []
            for row, why in bad:
                named = dict(zip(COLUMNS[row.table], row.values, strict=True))
                lines.append(json.dumps({"table": row.table, **named, "why": why}, default=repr))
            with self._open("rows.jsonl") as file:
                file.write("".join(f"{line}\n" for line in lines))

    def _open(self, name: str) -> Any:
        try:
            (self.run / DAMAGED).mkdir(exist_ok=True)
            return (self.run / DAMAGED / name).open("a", encoding="ascii")
        except OSError as error:
            raise Unwritable(f"cannot write {str(self.run / DAMAGED / name)!r}: {reason(error)}") from error

    def _take_out(self, name: str) -> None:
        self._move(name, os.rename)

    def _keep_copy(self, name: str) -> None:
        """A second name for a file that is about to be replaced; without such names, a copy."""

        def link(old: Path, new: Path) -> None:
            try:
                os.link(old, new)
            except OSError:
                new.write_bytes(old.read_bytes())

        self._move(name, link)

    def _move(self, name: str, move: Callable[[Path, Path], object]) -> None:
        old = self.run / name
        if not os.path.lexists(old):
            return
        try:
            (self.run / DAMAGED).mkdir(exist_ok=True)
            places = (self.run / DAMAGED / (f"{old.name}{f'-{i}' if i > 1 else ''}") for i in count(1))
            move(old, next(place for place in places if not os.path.lexists(place)))
        except OSError as error:
            raise Unwritable(f"cannot mend {str(old)!r}: {reason(error)}") from error


# --- reading what can be read -------------------------------------------------------------------------------------------


def _salvaged(file: Path) -> tuple[list[Row], bool]:
    """All rows that can be read, each once, and whether SQLite finds nothing wrong. Raises StoreError if none can be read."""
    try:
        with closing(opened(file)) as db:
            found, whole = [row for table in NAMES for row in _all(db, table)], not sound(db)
        if found:
            return found, whole
    except sqlite3.Error:
        pass  # the first page is damaged, which says where the tables are
    again = file.with_name(f"{DATABASE}.first.tmp")
    try:
        again.write_bytes(_with_first_page(file.read_bytes(), again))
        with closing(opened(again)) as db:
            if found := [row for table in NAMES for row in _all(db, table)]:
                return found, False
    except (OSError, sqlite3.Error) as error:
        raise StoreError(f"{str(file)!r} cannot be mended: {reason(error)}") from error
    finally:
        again.unlink(missing_ok=True)
    raise StoreError(f"{str(file)!r} cannot be mended: no row of it can be read")


def _with_first_page(data: bytes, beside: Path) -> bytes:
    """A database with the first page of a new run, which has the same tables in the same places."""
    new = beside.with_suffix(".new")
    try:
        _write(new, ())
        first = bytearray(new.read_bytes()[:PAGE])
    finally:
        new.unlink(missing_ok=True)
    first[18:20] = b"\1\1"  # no write-ahead log
    first[28:32] = (len(data) // PAGE).to_bytes(4, "big")
    return bytes(first) + data[PAGE : len(data) // PAGE * PAGE]


def _all(db: sqlite3.Connection, table: str) -> list[Row]:
    """Rows of a table, from both ends and, where pages between are damaged, piece by piece. Raises sqlite3.Error if there is no
    such table."""
    query, keys = selected(db, table), COLUMNS[table][: KEYS[table]]
    found: dict[tuple[Any, ...], Row] = {}

    def took(where: str = "", values: Sequence[Any] = ()) -> bool:
        ok = True
        for way in ("", " desc"):
            order = ", ".join(f"{key}{way}" for key in keys)
            try:
                for *columns, sum in db.execute(f"{query}{where} order by {order}", values):
                    row = Row(table, tuple(columns), sum)
                    found.setdefault(row.key, row)
                return ok
            except sqlite3.Error:
                ok = False
        return ok

    if not took():
        *heads, last = keys
        for head in {key[:-1] for key in found}:
            same = "".join(f"{name}=? and " for name in heads)
            for low, high in zip(PREFIXES, PREFIXES[1:], strict=False):
                took(f" where {same}{last}>=? and {last}<?", (*head, low, high))
    return list(found.values())


# --- writing it again ---------------------------------------------------------------------------------------------------


def _row(table: str, *values: Any) -> Row:
    written = (*values[:-1], json.dumps(values[-1], ensure_ascii=False, allow_nan=False))
    return Row(table, written, rows.checksum(table, *written))


def _stored(row: Row) -> tuple[Any, ...]:
    return *row.values, row.sum


def _restored(run: Path, whole: Sequence[Row]) -> dict[tuple[str, ...], Row]:
    """By table and key, with what every run must have. Raises StoreError where nothing says what run it is."""
    found = {(row.table, *row.key): row for row in whole}
    own, spare = ("meta", "identity"), ("meta", SPARE)
    for lacking, other in ((own, spare), (spare, own)):
        if lacking not in found and other in found:
            found[lacking] = _row("meta", lacking[1], json.loads(found[other].values[1]))
    if own not in found:
        raise StoreError(f"{str(run)!r} cannot be mended: both copies of what says which run it is are damaged")
    said = _report(run)
    made = {
        "run_id": said.get("run_id") or uuid.uuid4().hex[:12],
        "created": said.get("created") or datetime.now(UTC).isoformat(timespec="seconds"),
        "config": _config(run),
    }
    for name, value in made.items():
        if value is not None:
            found.setdefault(("meta", name), _row("meta", name, value))
    return found


def _report(run: Path) -> dict[str, str]:
    """What report.json says of the run, if it can be read and makes sense."""
    try:
        found = json.loads(regular(run / "report.json"))
        said = {name: found[name] for name in ("run_id", "created")}
        return {name: rows.META[name].validate_python(value, strict=True) for name, value in said.items()}
    except (OSError, ValueError, LookupError, TypeError, RecursionError):
        return {}


def _config(run: Path) -> Any:
    """What config.yaml holds, None if it cannot be read."""
    try:
        found = yamls.read(regular(run / CONFIG).decode("utf-8"))
    except (OSError, ValueError, BugscopeError):
        return None
    return found if isinstance(found, dict) else None


def _write(file: Path, whole: Iterable[Row]) -> None:
    """A new database. Raises sqlite3.Error."""
    file.unlink(missing_ok=True)
    with closing(sqlite3.connect(file, isolation_level=None)) as db:
        db.execute(f"pragma page_size={PAGE}")
        db.execute("begin")
        for table in TABLES:
            db.execute(table)
        db.execute(f"pragma user_version={SCHEMA}")
        for row in whole:
            db.execute(f"insert into {row.table} values({','.join('?' * (len(row.values) + 1))})", _stored(row))
        db.execute("commit")
        db.execute("pragma journal_mode=wal")
