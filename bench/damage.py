"""What damage to a run folder does: which part of it `bugscope doctor` finds, and what every other command makes of it.

    python bench/damage.py [--blobs 400] [--database 400] [--others 40] [--out damage.json]

A small finished run of a toy world is copied and damaged in one place: a byte is flipped in a picture, the database, the
config or a report; a character of a row is changed; files are cut short, deleted, exchanged, added. Then `report` and
`doctor` are run, each on a copy of its own, and on every n-th run one of `hunt`, `dataset` and `replay` (all of them where n
is 1), which is also mended and gone on with. Prints a table and writes JSON. A difference is silent if a command's result
differs from that of the whole run, the command says nothing, and `doctor` finds nothing either.
"""

import argparse
import json
import os
import random
import shutil
import signal
import sqlite3
import tempfile
import traceback
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any

import bugscope
from bugscope.core.errors import BugscopeError
from bugscope.testing import World
from bugscope.workflows import dataset, replay  # noqa: F401 (loaded before the copies of this process are made)

OPTIONS = {"budget": 80, "explain_budget": 60, "pairs": 4, "batch_size": 8}
DEADLINE = 60
"""Seconds after which a command counts as hanging."""
KEPT_EVERY = 20
"""Runs after which the results so far are written."""
TIMES = ("run_id", "created", "seconds", "waited")
FILES = ("run.sqlite", "config.yaml", "report.json", "report.html")


def roles(id: str = "") -> dict[str, Any]:
    world = World(labels=("mug",), planted={"snow": 0.95}, spurious={"snow": 0.9}, prior=0.05)
    made = world.roles()
    made["target"].id = id or made["target"].id
    return made


def hunt(run: Path) -> bugscope.Run:
    return bugscope.hunt("mug", run, **OPTIONS, **roles())


# --- what is done with a damaged run ------------------------------------------------------------------------------------


def plain(report: Mapping[str, Any]) -> str:
    return json.dumps({k: v for k, v in report.items() if k not in TIMES}, sort_keys=True)


def reported(run: Path) -> tuple[str, bool]:
    return plain(bugscope.load(run).report), False


def hunted(run: Path) -> tuple[str, bool]:
    return plain(hunt(run).report), False


def made_data(run: Path) -> tuple[str, bool]:
    found = bugscope.dataset(run, run.parent / "set", everything=True)
    files = sorted(p for p in found.path.rglob("*.png"))
    return json.dumps([[p.name, sha256(p.read_bytes()).hexdigest()] for p in files]), bool(found.counts.get("lost"))


def replayed(run: Path) -> tuple[str, bool]:
    found = bugscope.replay(run, roles("world/other")["target"]).report
    kept = {k: v for k, v in found.items() if k != "run"}
    return plain(kept).replace(str(run), ""), bool(found["unanswered"])


USES: dict[str, Callable[[Path], tuple[str, bool]]] = {
    "report": reported, "hunt": hunted, "dataset": made_data, "replay": replayed,
}  # fmt: skip
"""Each returns what it found, and whether it said that something is missing."""


def examined(run: Path) -> list[str]:
    """What the doctor finds."""
    return [c.name for c in bugscope.doctor(run) if not c.ok or "not of the run" in c.detail]


def mended(run: Path) -> str:
    """The report of the run that was mended and gone on with."""
    bugscope.doctor(run, mend=True)
    return plain(hunt(run).report)


def apart(work: Callable[[], Any]) -> tuple[str, Any]:
    """(how it ended, its result) of work in a copy of this process."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reader)
        signal.alarm(DEADLINE)
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
        try:
            said: tuple[str, Any] = "done", work()
        except BugscopeError as error:
            said = "said", str(error)
        except BaseException:  # noqa: BLE001 (a traceback is what is counted)
            said = "traceback", traceback.format_exc()[-1500:]
        with os.fdopen(writer, "w") as out:
            json.dump(said, out)
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as answer:
        text = answer.read()
    _, status = os.waitpid(child, 0)
    return tuple(json.loads(text)) if status == 0 and text else ("hang", f"status {status}")


# --- damage -------------------------------------------------------------------------------------------------------------


def copied(source: Path, folder: Path) -> Path:
    """A copy whose pictures are links: damage replaces files, it never writes into one."""
    shutil.copytree(source, folder, copy_function=lambda a, b: (os.link if a.endswith(".png") else shutil.copy)(a, b))
    return folder


def replaced(file: Path, data: bytes) -> None:
    file.unlink()
    file.write_bytes(data)


def flipped(file: Path, rng: random.Random) -> str:
    data = bytearray(file.read_bytes())
    at, bit = rng.randrange(len(data)), 1 << rng.randrange(8)
    data[at] ^= bit
    replaced(file, bytes(data))
    return f"{file.name} at {at} of {len(data)}, bit {bit}"


def blobs(run: Path) -> list[Path]:
    return sorted(run.glob("images/*/*.png"))


def any_file(run: Path, rng: random.Random) -> Path:
    return rng.choice([rng.choice(blobs(run)), *(run / name for name in FILES)])


def flip_blob(run: Path, rng: random.Random) -> str:
    return flipped(rng.choice(blobs(run)), rng)


def flip_file(name: str) -> Callable[[Path, random.Random], str]:
    return lambda run, rng: flipped(run / name, rng)


def change_row(run: Path, rng: random.Random) -> str:
    """One letter or digit of a value becomes another one, as a fault of memory would have it."""
    with closing(sqlite3.connect(run / "run.sqlite")) as db:
        table = rng.choice(("meta", "answers", "ledger", "ledger"))
        names = {"meta": "name", "answers": "role", "ledger": "kind"}
        kinds = [kind for (kind,) in db.execute(f"select distinct {names[table]} from {table} order by 1")]
        kind = rng.choice(kinds)
        keys = {"meta": ("name",), "answers": ("role", "model", "key"), "ledger": ("kind", "id")}[table]
        query = f"select {', '.join(keys)}, value from {table} where {names[table]}=? order by 1, 2"
        *key, value = rng.choice(db.execute(query, (kind,)).fetchall())
        places = [i for i, c in enumerate(value) if c.isalnum()] or [0]
        at = rng.choice(places)
        new = rng.choice([c for c in ("0123456789" if value[at].isdigit() else "abcxyz") if c != value[at]])
        where = " and ".join(f"{name}=?" for name in keys)
        db.execute(f"update {table} set value=? where {where}", (value[:at] + new + value[at + 1 :], *key))
        db.commit()
    return f"{table} {key} at {at}: {value[max(0, at - 20) : at + 20]!r} -> {new}"


def cut(run: Path, rng: random.Random) -> str:
    file = any_file(run, rng)
    data = file.read_bytes()
    replaced(file, data[: rng.randrange(len(data))])
    return f"{file.name} cut"


def delete(run: Path, rng: random.Random) -> str:
    file = any_file(run, rng)
    file.unlink()
    return f"{file.name} deleted"


def exchange(run: Path, rng: random.Random) -> str:
    one, other = rng.sample(blobs(run), 2)
    a, b = one.read_bytes(), other.read_bytes()
    replaced(one, b)
    replaced(other, a)
    return f"{one.name} and {other.name} exchanged"


def from_another(run: Path, rng: random.Random) -> str:
    """A file of another run in place of this one's."""
    name = rng.choice([n for n in FILES if n != "run.sqlite"])
    replaced(run / name, (run.parent.parent.parent / "other" / name).read_bytes())
    return f"{name} of another run"


def add(run: Path, rng: random.Random) -> str:
    name = rng.choice(("notes.txt", "images/aa/notes.png", f"images/{'ab'}/{'ab' * 32}.png", "run.sqlite.bak"))
    (run / name).parent.mkdir(parents=True, exist_ok=True)
    (run / name).write_bytes(rng.randbytes(200))
    return f"{name} added"


KINDS: dict[str, Callable[[Path, random.Random], str]] = {
    "a bit of a picture": flip_blob,
    "a bit of run.sqlite": flip_file("run.sqlite"),
    "a letter of a row": change_row,
    "a bit of config.yaml": flip_file("config.yaml"),
    "a bit of report.json": flip_file("report.json"),
    "a bit of report.html": flip_file("report.html"),
    "a file cut short": cut,
    "a file deleted": delete,
    "two pictures exchanged": exchange,
    "a file of another run": from_another,
    "a foreign file": add,
}


def tried(kind: str, seed: int, base: Path, reference: Mapping[str, str], doctor: bool, every: int) -> dict[str, Any]:
    """One piece of damage, and what commands make of it."""
    first, *others = USES
    further = not seed % every
    chosen = [*others] if every == 1 else [others[seed // every % len(others)]] if further else []
    case: dict[str, Any] = {"kind": kind, "seed": seed, "found": False}

    def damaged(name: str) -> Path:
        shutil.rmtree(base / "work", ignore_errors=True)
        run = copied(base / "run", base / "work" / name / "run")
        case["damage"] = KINDS[kind](run, random.Random(f"{kind} {seed}"))
        return run

    for name in (first, *chosen):
        how, came = apart(partial(USES[name], damaged(name)))
        if how == "done":
            found, said = came
            how = "same" if found == reference[name] else "said" if said else "different"
        case[name] = how
        if how in ("said", "traceback", "hang") and isinstance(came, str):
            case[f"{name}: why"] = came
    if doctor:
        case["doctor"], case["doctor: why"] = how, came = apart(partial(examined, damaged("doctor")))
        case["found"] = how == "said" or how == "done" and bool(came)
    if doctor and further:
        how, came = apart(partial(mended, damaged("mend")))
        case["mend"] = how if how != "done" else "same" if came == reference["hunt"] else "different"
        if case["mend"] != "same":
            case["mend: why"] = came
    case["silent"] = "different" in results(case) and not case["found"]
    return case


def results(case: Mapping[str, Any]) -> list[str]:
    return [case[name] for name in USES if name in case]


def summed(cases: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    ways = [[case[name] for name in (*USES, "doctor", "mend") if name in case] for case in cases]
    return {
        "cases": len(cases),
        "found by doctor": sum(case["found"] for case in cases),
        "a result differs": sum("different" in results(case) for case in cases),
        "silent": sum(case["silent"] for case in cases),
        "tracebacks": sum("traceback" in way for way in ways),
        "hangs": sum("hang" in way for way in ways),
        "mended and gone on with": sum("mend" in case for case in cases),
        "to the same report": sum(case.get("mend") == "same" for case in cases),
    }


def measure(
    counts: Mapping[str, int],
    doctor: bool = True,
    every: int = 1,
    keep: Callable[[dict[str, Any]], object] = lambda so_far: None,
) -> dict[str, Any]:
    """`counts`: pieces of damage of each kind. Returns all cases and their sums, in all and by kind; `keep` is told now and
    then what there is so far."""
    planned = sorted((seed / n, kind, seed) for kind, n in counts.items() for seed in range(n))
    cases: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as name:
        base = Path(name)
        hunt(base / "run")
        bugscope.hunt("mug", base / "other", **{**OPTIONS, "budget": 90}, **roles())
        reference = {}
        for use, call in USES.items():
            # in this process, so that copies of it find every module loaded
            reference[use], _ = call(copied(base / "run", base / "whole" / use / "run"))
        if doctor and (found := examined(base / "run")):
            raise SystemExit(f"the doctor finds {', '.join(found)} damaged in a whole run")
        for _, kind, seed in planned:
            cases.append(tried(kind, seed, base, reference, doctor, every))
            if len(cases) % KEPT_EVERY == 0:
                keep(summary(cases))
    return summary(cases)


def summary(cases: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    kinds = [kind for kind in KINDS if any(case["kind"] == kind for case in cases)]
    by_kind = {kind: summed([case for case in cases if case["kind"] == kind]) for kind in kinds}
    return {"by kind": by_kind, "all": summed(cases), "cases": list(cases)}


def table(found: Mapping[str, Any]) -> str:
    rows = {**found["by kind"], "all": found["all"]}
    columns = list(found["all"])
    lines = [f"| damage | {' | '.join(columns)} |", f"|---|{'---:|' * len(columns)}"]
    return "\n".join(lines + [f"| {kind} | {' | '.join(str(row[c]) for c in columns)} |" for kind, row in rows.items()])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--blobs", type=int, default=400)
    parser.add_argument("--database", type=int, default=400)
    parser.add_argument("--others", type=int, default=40, help="of every other kind")
    parser.add_argument("--without-doctor", action="store_true", help="for versions whose doctor takes no run")
    parser.add_argument("--every", type=int, default=8, help="do the further commands, and mend, on every n-th run")
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    several = {"a bit of a picture": options.blobs, "a bit of run.sqlite": options.database}

    def keep(found: Mapping[str, Any]) -> None:
        if options.out:
            options.out.write_text(json.dumps(found, indent=1))

    found = measure(
        {kind: several.get(kind, options.others) for kind in KINDS}, not options.without_doctor, options.every, keep
    )
    keep(found)
    print(table(found))


if __name__ == "__main__":
    main()
