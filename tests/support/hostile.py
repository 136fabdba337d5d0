"""Run folders from somebody else: rows of run.sqlite altered at random, and what is done with such a folder."""

import json
import os
import random
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import bugscope
from bugscope.core.errors import BugscopeError

from .worlds import planted

OPTIONS = {"budget": 80, "explain_budget": 60, "pairs": 4, "batch_size": 8}
VALUES: tuple[Any, ...] = (
    None, True, False, 0, 1, -1, 3, 2**31, 10**30, 0.5, -0.0, 1e308, "", "x", "confirmed", "mug", "none", [], {}, [[]], [None],
    {"": 0},
    "../../outside.png", "/etc/passwd", "images/../../outside.png", "python/os:system", "folder/../..", "\x1b]0;title\x07",
    "\u202eabc", "<script>alert(1)</script>", "a" * 5000, "%s%n{0}{{", "NaN", ["../x"], {"text": 3}, [["mug", 0.5]], [[0, 0]],
    "1e999", " ", "\n",
)  # fmt: skip
RAW = (
    None, 7, -1.5, b"\xff\x00", "", "null", "{", "NaN", "Infinity", "1e999", "[" * 3000, '"\\ud83d"', "9" * 5000, "[1]",
    '"x"', "{}",
)  # fmt: skip
"""Values of a column, JSON or not."""
TABLES = {
    "meta": ("name", "value"),
    "answers": ("role", "model", "key", "value"),
    "samples": ("key", "prompt", "label", "description", "purpose", "replicate", "run_seed", "seed"),
    "ledger": ("kind", "id", "value"),
}


def roles() -> dict[str, Any]:
    return planted(labels=("mug",)).roles()


def original(folder: Path) -> bugscope.Run:
    """A small run with an explained bug, and a probe beside it."""
    probed = bugscope.probe("a photo of a mug on snow", out=folder / "probe", n=12, **roles())
    assert probed.answers
    run = bugscope.hunt("mug", folder / "run", **OPTIONS, **roles())
    assert run.bugs and run.report["bugs"][0]["explanation"]
    return run


def altered(source: Path, folder: Path, rng: random.Random) -> str:
    """A copy of a run with a row or two altered; says what was done."""
    shutil.copytree(source, folder, copy_function=lambda a, b: (os.link if a.endswith(".png") else shutil.copy)(a, b))
    db = sqlite3.connect(folder / "run.sqlite")
    try:
        return "; ".join(_alter(db, rng) for _ in range(rng.choice((1, 1, 1, 2, 4))))
    finally:
        db.commit()
        db.close()


def _alter(db: sqlite3.Connection, rng: random.Random) -> str:
    table = rng.choice(("meta", "answers", "samples", "ledger", "ledger"))
    columns = TABLES[table]
    rows = db.execute(f"select {', '.join(columns)} from {table} order by 1, 2").fetchall()
    if table in ("ledger", "answers"):  # few kinds, many rows: each kind as often
        kind = rng.choice(sorted({str(row[0]) for row in rows}))
        rows = [row for row in rows if str(row[0]) == kind]
    row = rng.choice(rows)
    if columns[-1] == "value" and rng.random() < 0.8:
        column, value = "value", _changed(row[-1], rng)
    else:
        column = rng.choice(columns)
        value = rng.choice((*RAW, rng.choice(rows)[columns.index(column)]))
    where = " and ".join(f"{name} is ?" for name in columns)
    if rng.random() < 0.05:
        db.execute(f"delete from {table} where {where}", row)
        return f"deleted {table} {row[:3]}"
    try:
        db.execute(f"update {table} set {column}=?, sum=null where {where}", (value, *row))
    except (sqlite3.IntegrityError, UnicodeEncodeError, OverflowError):
        return "nothing"
    return f"{table} {str(row[:3])[:160]} {column} -> {str(value)[:300]!r}"


def _changed(text: Any, rng: random.Random) -> Any:
    """A JSON text with a value somewhere in it changed, taken out or put in."""
    try:
        value = json.loads(text)
    except (TypeError, ValueError, RecursionError):
        return rng.choice(RAW)
    places: list[tuple[Any, Any]] = []

    def walk(part: Any) -> None:
        for key in part if isinstance(part, dict) else range(len(part)) if isinstance(part, list) else ():
            places.append((part, key))
            walk(part[key])

    walk(value)
    if not places or rng.random() < 0.1:
        return json.dumps(rng.choice(VALUES))
    part, key = rng.choice(places)
    match rng.randrange(6):
        case 0:
            del part[key]
        case 1 if isinstance(part[key], list):
            part[key] = part[key] * 2
        case 2 if isinstance(part[key], int | float):
            part[key] = rng.choice((-part[key], part[key] + 1, part[key] * 1000, str(part[key])))
        case _:
            part[key] = rng.choice(VALUES)
    return json.dumps(value)


def target() -> Any:
    made = roles()["target"]
    made.id = "world/other"
    return made


USES: dict[str, Callable[[Path], Any]] = {
    "load": lambda run: [(str(b), b.rate, b.baseline_rate, b.why, b.counterfactuals()) for b in bugscope.load(run).bugs],
    "report": lambda run: bugscope.load(run).write_report(),
    "samples": lambda run: bugscope.load(run).samples(),
    "dataset": lambda run: bugscope.dataset(run, run.parent / "set", everything=True),
    "shards": lambda run: bugscope.dataset(run, run.parent / "set", format="webdataset", per_bug="none"),
    "replay": lambda run: bugscope.replay(run, target()).write(),
    "fresh": lambda run: bugscope.replay(
        run, target(), fresh=2, generator=roles()["generator"], judge=roles()["judge"]
    ).lines(),
    "transfer": lambda run: bugscope.transfer(run, [target()]),
    "hunt": lambda run: bugscope.hunt("mug", run, **OPTIONS, **roles()),
    "resume": lambda run: bugscope.resume(run),
    "explain": lambda run: bugscope.explain(run, 1, pairs=4, budget=30, **roles()),
    "probe": lambda run: bugscope.probe("a photo of a mug on snow", out=run, n=12, **roles()),
}


def used(source: Path, folder: Path, seed: int) -> tuple[str, str, str]:
    """Do one thing with one altered run below the empty `folder`; (what, how the row was altered, what came of it)."""
    rng = random.Random(seed)
    what = rng.choice(list(USES))
    below = folder / "in" / "run"
    done = altered(source, below, rng)
    try:
        USES[what](below)
        came = "done"
    except BugscopeError as error:
        came = f"{type(error).__name__}: {error}"
        assert "\n" not in came and len(came) < 2500, came
    # nothing beside the run but the data set that was asked for
    assert [p.name for p in folder.iterdir()] == ["in"], "written outside"
    assert {p.name for p in below.parent.iterdir()} <= {"run", "set"}, "written outside"
    return what, done, came
