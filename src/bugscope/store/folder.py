"""The run folder: what models answered, what was asked, and what was concluded. One writer, any number of readers."""

import json
import os
import sqlite3
import time
import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml

from ..core.accept import WORDS
from ..core.errors import SpecError, StoreError, short
from ..core.options import Config
from ..core.records import Sample, Truth
from ..core.texts import writable
from ..media import Medium
from . import rows
from .blobs import Blobs, Files, Lost, Unwritable, reason
from .place import LOCK, Lock, Place
from .regions import SUFFIX, packed, unpacked

SCHEMA = 2
DATABASE, CONFIG = "run.sqlite", "config.yaml"
NAMES = ("meta", "answers", "samples", "ledger")
SPARE = "identity, again"
"""A second copy of the identity, without which nothing else can be used."""
WORTH_A_THREAD = 0.005
"""Seconds for one specimen from which on those of a batch are kept beside each other."""
SPARED = (LOCK, ".gitkeep", ".gitignore", ".keep", ".DS_Store", "Thumbs.db", "desktop.ini")
"""Files that make a folder neither a run nor one of somebody else's."""
MODEL = "the model behind "
"""Put before a role in messages that refuse another run."""
TABLES = (
    "create table if not exists meta(name text primary key, value text, sum int) without rowid",
    "create table if not exists answers(role text, model text, key text, value text, sum int, primary key(role, model, key)) "
    "without rowid",
    "create table if not exists samples(key text primary key, prompt text, label text, description text, purpose text, "
    "replicate int, run_seed int, seed int, sum int) without rowid",
    "create table if not exists ledger(kind text, id text, value text, sum int, primary key(kind, id)) without rowid",
)
"""`sum`: the checksum of the row's other columns (`rows.checksum`); runs of earlier versions have none."""
SUM = ", sum int"
COLUMNS = ", ".join(rows.COLUMNS)


class Store:
    """A run folder. `Store.create` opens it for writing, new or to be continued; `Store.open` only for reading.

    Every put is one transaction; an image is on disk before the row that names it.
    """

    def __init__(self, path: Path, db: sqlite3.Connection, lock: Lock | None) -> None:
        self.path, self.db, self._lock = path, db, lock
        self.place = Place(path, DATABASE)
        self.files = Files(path, self.place)
        self.blobs: Blobs = self.files
        # what to select as a row's checksum
        self._sum = "sum" if _has_sums(db, path / DATABASE) else "null"

    # --- opening --------------------------------------------------------------------------------------------------------

    @classmethod
    def create(cls, path: Path | str, identity: Mapping[str, Any], config: Mapping[str, Any] | None = None) -> "Store":
        """A new run, or the run that the folder holds, to be continued.

        `identity`: what must be the same for that (labels, models, options that change results). Raises StoreError for a
        folder that cannot be written, is not a run, holds another run, or is being written by another process.
        """
        path, identity, config = Path(path), _plain(identity), _plain(config or {})
        try:
            _check_folder(path)
            path.mkdir(parents=True, exist_ok=True)
            lock = Lock(path)
        except (OSError, ValueError) as error:  # ValueError: a name that no file can have
            raise StoreError(f"cannot write the run folder {str(path)!r}: {reason(error)}") from error
        try:
            store = cls(path, _connected(path, write=True), lock)
        except BaseException:
            lock.release()
            raise
        try:
            store._claim(identity, config)
        except BaseException:
            store.close()
            raise
        return store

    @classmethod
    def open(cls, path: Path | str) -> "Store":
        """An existing run, for reading; works while a hunt writes it. Raises StoreError if there is none."""
        path = Path(path)
        try:
            found = (path / DATABASE).is_file()
        except OSError as error:
            raise StoreError(f"cannot read the run folder {str(path)!r}: {reason(error)}") from error
        if not found:
            raise StoreError(f"{str(path)!r} holds no run (no run.sqlite in it)")
        return cls(path, _connected(path, write=False), None)

    def close(self) -> None:
        self.db.close()
        if self._lock is not None:
            self._lock.release()

    def __enter__(self) -> "Store":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _claim(self, identity: Mapping[str, Any], config: Mapping[str, Any]) -> None:
        # tables and identity in one transaction: whatever kills us, no database is left without a run
        with self._transaction():
            present = {name for (name,) in self._query("select name from sqlite_master where type='table'")}
            if present and "meta" not in present:
                raise StoreError(f"the folder {str(self.path)!r} holds no run; choose another --out")
            for table in TABLES:
                self.db.execute(table)
            if self._sum != "sum" and present:
                for name in NAMES:
                    self.db.execute(f"alter table {name} add column sum int")
            self._sum = "sum"
            self.db.execute(f"pragma user_version={SCHEMA}")
            held = self.meta("identity")
            if held is None:
                self._set_meta("identity", identity)
                self._set_meta("run_id", uuid.uuid4().hex[:12])
                self._set_meta("created", datetime.now(UTC).isoformat(timespec="seconds"))
                self._set_meta(SPARE, identity)
                self._set_meta("config", config)
        if not isinstance(held, Mapping | None):
            raise StoreError(f"{str(self.path / DATABASE)!r} is not a readable run: its identity is a {type(held).__name__}")
        there, here = _flat(identity if held is None else held), _flat(identity)
        # options first: if another model was asked for, its spec says more than its id
        for name in sorted({**there, **here}, key=lambda name: name.startswith(MODEL)):
            if there.get(name) != here.get(name):
                raise StoreError(
                    f"the folder {str(self.path)!r} holds another run: {name} is {there.get(name)!r} there, "
                    f"{here.get(name)!r} here; choose another --out"
                )
        try:
            (self.path / "images").mkdir(exist_ok=True)
            if not (self.path / CONFIG).exists():
                self.write_config(config)
            self.files.crumbs()
        except OSError as error:
            raise Unwritable(f"cannot write the run folder {str(self.path)!r}: {reason(error)}") from error

    def write_config(self, config: Mapping[str, Any]) -> None:
        """Write config.yaml."""
        self.write_text(CONFIG, yaml.safe_dump(dict(config), sort_keys=False, allow_unicode=True))

    def options(self) -> Config:
        """The options of the run. Raises StoreError if they mean nothing today."""
        stated = {**self.identity()["options"], "max_cost": self.meta("max_cost") or "none"}
        if timeout := self.meta("timeout"):
            stated["timeout"] = timeout
        try:
            # `Config` would read a file of accept-sets; a run holds the sets themselves
            if words := [part for part in _parts(stated.get("accept")) if isinstance(part, str) and part not in WORDS]:
                raise SpecError(f"option accept is {short(repr(words[0]))}")
            return Config.of(stated)
        except SpecError as error:
            raise StoreError(
                f"{str(self.path)!r} was written by another version of Bugscope: {error}; hunt again in a new folder"
            ) from error

    # --- answers of models ----------------------------------------------------------------------------------------------

    def get(self, role: str, model: str, keys: Sequence[str]) -> dict[str, Any]:
        """Sample key -> answer, as far as known."""
        found: dict[str, Any] = {}
        for part in _chunks(keys):
            marks = ",".join("?" * len(part))
            query = f"select key, value, {self._sum} from answers where role=? and model=? and key in ({marks})"
            for key, value, sum in self._query(query, (role, model, *part)):
                found[key] = rows.answer(self.path, role, key, value)
                rows.verify(self.path, sum, "answers", role, model, key, value)
        return found

    def put(self, answers: Iterable[tuple[str, str, str, Any]]) -> None:
        """Store rows of (role, model, sample key, JSON value), all or none."""
        values = [_summed("answers", role, model, key, _json(value)) for role, model, key, value in answers]
        with self._transaction():
            self.db.executemany("insert or replace into answers values(?,?,?,?,?)", values)

    def answered(self, role: str, model: str) -> bool:
        """Whether the model has ever answered in this role."""
        return any(True for _ in self._query("select 1 from answers where role=? and model=? limit 1", (role, model)))

    def withdraw(self, role: str, model: str, keys: Iterable[str]) -> None:
        """Delete answers, so that they are asked for again."""
        with self._transaction():
            self.db.executemany("delete from answers where role=? and model=? and key=?", [(role, model, k) for k in keys])

    def put_samples(self, samples: Iterable[Sample]) -> None:
        prompts = [(s.key, s.prompt.text, s.prompt.label, s.prompt.description, s.purpose, s) for s in samples]
        values = [_summed("samples", *texts, s.replicate, s.run_seed, s.seed) for *texts, s in prompts]
        with self._transaction():
            self.db.executemany("insert or ignore into samples values(?,?,?,?,?,?,?,?,?)", values)

    def samples(self) -> Iterator[Sample]:
        """Every sample ever asked for; the order has no meaning."""
        query = f"select {COLUMNS}, seed, {self._sum} from samples order by label, purpose, prompt, replicate"
        for *row, seed, sum in self._query(query):
            yield rows.sample(self.path, *row)
            rows.verify(self.path, sum, "samples", *row, seed)

    def pictures(self, generator: str) -> Iterator[tuple[Sample, str]]:
        """Every sample with a picture by `generator`, and the picture's path."""
        for *row, value in self._query(
            f"select {COLUMNS}, value from answers join samples using (key) where role='generator' and model=?", (generator,)
        ):
            # their checksums are left to `samples` and `get`
            if "image" in (answer := rows.answer(self.path, "generator", row[0], value)):
                yield rows.sample(self.path, *row), answer["image"]

    # --- the ledger -----------------------------------------------------------------------------------------------------

    def note(self, kind: str, id: str, value: Any) -> None:
        self.note_all(kind, {id: value})

    def note_all(self, kind: str, values: Mapping[str, Any]) -> None:
        """Store all notes or none; a note of the same kind and id is replaced."""
        notes = [_summed("ledger", kind, id, _json(value)) for id, value in values.items()]
        with self._transaction():
            self.db.executemany("insert or replace into ledger values(?,?,?,?)", notes)

    def notes(self, kind: str) -> dict[str, Any]:
        """Id -> value, sorted by id."""
        found = {}
        for id, value, sum in self._query(f"select id, value, {self._sum} from ledger where kind=? order by id", (kind,)):
            found[str(id)] = rows.plain(self.path, value, f"ledger, {kind} {id}")
            rows.verify(self.path, sum, "ledger", kind, id, value)
        return found

    def forget(self, kind: str, ids: Iterable[str]) -> None:
        """Delete notes that no longer hold."""
        with self._transaction():
            self.db.executemany("delete from ledger where kind=? and id=?", [(kind, id) for id in ids])

    def meta(self, name: str) -> Any:
        for value, sum in list(self._query(f"select value, {self._sum} from meta where name=?", (name,))):
            found = rows.meta(self.path, name, value)
            rows.verify(self.path, sum, "meta", name, value)
            return found
        return None

    def identity(self) -> rows.Identity:
        """What must be the same for a hunt or a probe to be continued. Raises StoreError if it is damaged."""
        return rows.identity(self.path, self.meta("identity"))

    def set_meta(self, name: str, value: Any) -> None:
        with self._transaction():
            self._set_meta(name, value)

    def _set_meta(self, name: str, value: Any) -> None:
        self.db.execute("insert or replace into meta values(?,?,?)", _summed("meta", name, _json(value)))

    # --- files ----------------------------------------------------------------------------------------------------------

    def keep(self, content: Any, medium: Medium[Any]) -> str:
        """Store a specimen's content; returns its name, relative to the run folder."""
        return self.blobs.put(medium.encode(content), medium.suffix)

    def keep_all(self, contents: Sequence[Any], medium: Medium[Any]) -> list[str]:
        """`keep` of each, in order. A large picture takes longer to encode than a GPU to draw it; such are kept in threads."""
        began = time.perf_counter()
        names = [self.keep(content, medium) for content in contents[:1]]
        if time.perf_counter() - began < WORTH_A_THREAD:
            return names + [self.keep(content, medium) for content in contents[1:]]
        with ThreadPoolExecutor(max(1, min(len(contents), os.cpu_count() or 1))) as threads:
            return [*names, *threads.map(lambda content: self.keep(content, medium), contents[1:])]

    def content(self, name: str, medium: Medium[Any]) -> Any:
        """A stored specimen's content. Raises Lost if it is missing or damaged."""
        try:
            return medium.decode(self.blobs.get(name))
        except ValueError as error:
            raise Lost(f"the run {str(self.path)!r} lacks the picture {name}: {error}") from error

    def keep_truth(self, truth: Truth) -> dict[str, Any]:
        """Store a truth; returns it as an answer holds it, with the regions in a file of their own."""
        regions = None
        if truth.regions is not None:
            regions = self.blobs.put(packed(truth.regions), SUFFIX)
        return {
            "label": truth.label,
            "others": list(truth.others),
            "boxes": [list(box) for box in truth.boxes],
            "regions": regions,
            "answer": truth.answer,
        }

    def regions(self, stated: Mapping[str, Any]) -> Any:
        """The regions of a truth as `keep_truth` gave it, or None. Raises Lost if their file is missing or damaged."""
        if (name := stated["regions"]) is None:
            return None
        try:
            return unpacked(self.blobs.get(name))
        except ValueError as error:
            raise Lost(f"the run {str(self.path)!r} lacks the regions {name}: {error}") from error

    def file(self, name: str) -> Path:
        """Where a specimen's file is, if it exists. Raises StoreError for what is not the name of one."""
        return self.files.path(name)

    def write_text(self, name: str, text: str) -> None:
        """Write a file atomically: a reader sees the old file or the new one."""
        self.blobs.replace(name, text.encode("utf-8"))

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self.place.check()
        try:
            self.db.execute("begin immediate")
        except sqlite3.Error as error:
            raise Unwritable(f"cannot write {str(self.path / DATABASE)!r}: {error}") from error
        try:
            yield
            self.db.execute("commit")
        except sqlite3.Error as error:
            self._roll_back()
            raise Unwritable(f"cannot write {str(self.path / DATABASE)!r}: {error}") from error
        except BaseException:
            self._roll_back()
            raise

    def _roll_back(self) -> None:
        # after some errors, such as a full disk, SQLite has rolled back by itself
        with suppress(sqlite3.Error):  # what made us roll back says more
            if self.db.in_transaction:
                self.db.execute("rollback")

    def _query(self, query: str, values: Sequence[Any] = ()) -> Iterator[tuple[Any, ...]]:
        try:
            # not "yield from": that would close the cursor of a reader who stops early, maybe after the database
            for row in self.db.execute(query, values):  # noqa: UP028
                yield row
        except sqlite3.Error as error:
            raise StoreError(f"cannot read {str(self.path / DATABASE)!r}: {error}") from error


def _check_folder(path: Path) -> None:
    if path.exists() and not path.is_dir():
        raise StoreError(f"{str(path)!r} is a file; choose a folder for --out")
    # a run killed in its first instant leaves only the lock file; the database is looked for last, since another process may
    # be creating it right now, before everything else
    if path.is_dir() and any(f.name not in SPARED for f in path.iterdir()) and not (path / DATABASE).exists():
        raise StoreError(f"the folder {str(path)!r} is not empty and holds no run; choose another --out")


def _connected(path: Path, write: bool) -> sqlite3.Connection:
    file = path / DATABASE
    try:
        if write:
            db, version = _checked_in(f"{file.resolve().as_uri()}?mode=rwc")
            db.execute("pragma journal_mode=wal")
            db.execute("pragma synchronous=normal")
        else:
            db, version = readable(file)
    except sqlite3.Error as error:
        raise StoreError(f"{str(file)!r} is not a readable run: {error}") from error
    if version not in (0, SCHEMA):
        db.close()
        raise StoreError(f"{str(path)!r} was written with schema {version}; this version of Bugscope reads {SCHEMA}")
    try:
        _check_tables(db, file)
    except BaseException:
        db.close()
        raise
    return db


def _check_tables(db: sqlite3.Connection, file: Path) -> None:
    """Views, triggers and computed columns are programs, which a run has no use for."""
    own = {_bare(sql) for created in TABLES for sql in (created, created.replace(SUM, ""))}
    try:
        for kind, name, sql in db.execute("select type, name, sql from sqlite_master where type <> 'index'"):
            if kind != "table" or name in NAMES and _bare(sql) not in own:
                raise StoreError(f"{str(file)!r} is not a readable run: its {short(f'{kind} {name}')} is not one of Bugscope's")
    except sqlite3.Error as error:
        raise StoreError(f"{str(file)!r} is not a readable run: {error}") from error


def _bare(sql: Any) -> str:
    return "".join(str(sql).lower().removeprefix("create table ").removeprefix("if not exists ").split())


def _has_sums(db: sqlite3.Connection, file: Path) -> bool:
    try:
        return any(name == "sum" for _, name, *_ in db.execute("pragma table_info(answers)"))
    except sqlite3.Error as error:
        db.close()
        raise StoreError(f"{str(file)!r} is not a readable run: {error}") from error


def readable(file: Path) -> tuple[sqlite3.Connection, int]:
    """A connection for reading, and the schema version. Raises sqlite3.Error."""
    if not file.is_file():  # a pipe would be waited for
        raise sqlite3.OperationalError("unable to open database file")
    uri = file.resolve().as_uri()
    try:
        return _checked_in(f"{uri}?mode=ro")
    except sqlite3.OperationalError:
        # reading in WAL mode creates a file beside the database, which a read-only folder refuses; there is no writer there
        if os.access(file.parent, os.W_OK) or file.with_name("run.sqlite-wal").exists():
            raise
        return _checked_in(f"{uri}?immutable=1")


def _checked_in(uri: str) -> tuple[sqlite3.Connection, int]:
    """A connection that has read the file's header, and the schema version found there."""
    db = sqlite3.connect(uri, uri=True, isolation_level=None, timeout=30)
    try:
        return db, int(db.execute("pragma user_version").fetchone()[0])
    except BaseException:
        db.close()
        raise


def _plain(values: Mapping[str, Any]) -> dict[str, Any]:
    """Values as JSON gives them back (a tuple is a list). Raises StoreError that names an option that JSON cannot hold."""
    for name, value in _flat(values).items():
        try:
            _json(value)
        except (TypeError, ValueError) as error:
            raise StoreError(f"option {name} is {short(repr(value))}, which a run folder cannot keep: {error}") from error
    plain: dict[str, Any] = json.loads(_json(dict(values)))
    return plain


def _summed(table: str, *values: Any) -> tuple[Any, ...]:
    return *values, rows.checksum(table, *values)


def _json(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False, allow_nan=False)
    return text if text.isascii() else writable(text, len(text))


def _flat(identity: Mapping[str, Any]) -> dict[str, Any]:
    """Options by their own names, models by their roles; nested values stay whole.

    A role is both an option (the spec) and a model (the id of what was loaded): the same spec may load another model, such
    as a file that was exported again.
    """
    flat: dict[str, Any] = {}
    for name, value in identity.items():
        if name == "options" and isinstance(value, Mapping):
            flat |= value
        elif name == "models" and isinstance(value, Mapping):
            flat |= {f"{MODEL}{role}": id for role, id in value.items()}
        else:
            flat[name] = value
    return flat


def _parts(accept: Any) -> Sequence[Any]:
    return accept if isinstance(accept, list) else [accept]


def _chunks(keys: Sequence[str], size: int = 500) -> Iterator[Sequence[str]]:
    for i in range(0, len(keys), size):
        yield keys[i : i + size]
