"""What does a hunt lose when it is ended at any instant? Toy hunts are ended by signals at random moments, and continued.

    python bench/kill.py [--kills 200] [--signals 15] [--seed 0] [--json FILE]

`--kills`: by SIGKILL; `--signals`: by each of SIGINT, SIGTERM and SIGHUP, which a command ends in order. One hunt is ended
again and again, at a moment drawn between nothing and the time that a whole hunt takes, until it is finished; then the next
begins.

Checked after each ending: every stored answer is still there and still the same, and no picture of it was made again. Checked
of each finished hunt: its report is that of a hunt that nobody ended, but for times. Pictures that were made and not yet stored
are made again; how many is shown for each ending (mean, largest). The processes are forks of this one, which has imported
everything, so the moments fall into the work of a hunt and not into its start.
"""

import argparse
import json
import os
import random
import signal
import sqlite3
import statistics
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

import bugscope
from bugscope.app.cli import main as command
from bugscope.testing import World
from bugscope.workflows import session

ARGUMENTS = ["--budget", "80", "--explain-budget", "40", "--pairs", "4", "--batch-size", "8", "--quiet"]
CODES = {"SIGINT": 130, "SIGTERM": 143, "SIGHUP": 129}
TIMES = ("run_id", "created", "seconds", "waited")


def hunt(folder: Path, made: Path) -> None:
    """The command, in this process; `made` gets a line for each picture that the generator makes."""
    world = World(labels=("mug", "pot"), planted={"snow": 0.95}, prior=0.1)
    roles, draw = world.roles(), world.draw

    def drawn(prompt: str, seed: int) -> Any:
        with made.open("a") as log:
            log.write(json.dumps([prompt, seed]) + "\n")
        return draw(prompt, seed)

    world.draw = drawn  # type: ignore[method-assign]
    loaded = session.load_models
    session.load_models = lambda settings, given=None: loaded(settings, roles)
    command(["hunt", "mug", "pot", "--out", str(folder), *ARGUMENTS])


def forked(folder: Path, made: Path) -> int:
    """The process of a hunt."""
    if pid := os.fork():
        return pid
    code: Any = 1
    try:
        with open(os.devnull, "w") as nowhere:
            os.dup2(nowhere.fileno(), 1)
            os.dup2(nowhere.fileno(), 2)
        for name in CODES:
            number = getattr(signal, name)
            signal.signal(number, signal.default_int_handler if name == "SIGINT" else signal.SIG_DFL)
        hunt(folder, made)
    except SystemExit as end:
        code = end.code or 0
    finally:
        os._exit(code)


def stored(folder: Path) -> dict[tuple[str, str, str], str]:
    """Every answer in the database."""
    if not (folder / "run.sqlite").exists():
        return {}
    db = sqlite3.connect(folder / "run.sqlite")
    try:
        return {
            (role, model, key): value for role, model, key, value in db.execute("select role, model, key, value from answers")
        }
    except sqlite3.OperationalError:  # killed before there was a table
        return {}
    finally:
        db.close()


def seeds(folder: Path) -> set[tuple[str, int]]:
    """Prompt and seed of every picture that is stored."""
    if not stored(folder):
        return set()
    db = sqlite3.connect(folder / "run.sqlite")
    try:
        query = "select prompt, seed from samples join answers using (key) where role = 'generator'"
        return {(prompt, int(seed)) for prompt, seed in db.execute(query)}
    finally:
        db.close()


def lines(made: Path) -> list[tuple[str, int]]:
    return [(p, int(s)) for p, s in map(json.loads, made.read_text().splitlines())] if made.exists() else []


def plain(report: Any) -> str:
    return json.dumps({k: v for k, v in dict(report).items() if k not in TIMES}, sort_keys=True)


def ended(folder: Path, made: Path, name: str, after: float) -> dict[str, Any] | None:
    """One ending; None if the hunt was finished before the signal came."""
    before, drawn, kept = stored(folder), len(lines(made)), seeds(folder)
    pid = forked(folder, made)
    time.sleep(after)
    os.kill(pid, getattr(signal, name))
    _, status = os.waitpid(pid, 0)
    code = os.waitstatus_to_exitcode(status)
    if code == 0:
        return None
    now, new = stored(folder), lines(made)[drawn:]
    return {
        "signal": name,
        "after": after,
        "code": code,
        "right_code": code == (-signal.SIGKILL if name == "SIGKILL" else CODES[name]),
        "stored": len(now),
        "lost": sum(now.get(key) != value for key, value in before.items()),
        "made_again": sum(one in kept for one in new),
        "unstored": len(new) - len(seeds(folder) & set(new)),
    }


def measure(kills: int, each: int, seed: int) -> dict[str, Any]:
    """The endings, and what the hunts that were ended came to."""
    rng = random.Random(seed)
    plan = ["SIGKILL"] * kills + [name for name in CODES for _ in range(each)]
    rng.shuffle(plan)
    endings: list[dict[str, Any]] = []
    hunts = unequal = twice = 0
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        bugscope.hunt("mug", root / "warm", budget=40, explain_budget=0, **World().roles())
        began = time.monotonic()
        os.waitpid(forked(root / "whole", root / "whole.made"), 0)
        takes = time.monotonic() - began
        want = plain(bugscope.load(root / "whole").report)
        while plan:
            hunts += 1
            folder, made = root / f"{hunts}", root / f"{hunts}.made"
            while plan:
                found = ended(folder, made, plan[-1], rng.uniform(0, takes))
                if found is None:
                    break
                endings.append(found)
                plan.pop()
            os.waitpid(forked(folder, made), 0)
            unequal += plain(bugscope.load(folder).report) != want
            twice += sum(n > 1 for n in Counter(lines(made)).values())
    return {
        "kills": sum(e["signal"] == "SIGKILL" for e in endings),
        "signals": sum(e["signal"] != "SIGKILL" for e in endings),
        "hunts": hunts,
        "seconds_of_a_hunt": takes,
        "answers_lost": sum(e["lost"] for e in endings),
        "stored_pictures_made_again": sum(e["made_again"] for e in endings),
        "reports_unequal": unequal,
        "wrong_exit_codes": sum(not e["right_code"] for e in endings),
        "unstored": {kind: _spread([e["unstored"] for e in endings if e["signal"] == kind]) for kind in ("SIGKILL", *CODES)},
        "made_twice": twice,
        "endings": endings,
    }


def _spread(numbers: list[int]) -> dict[str, float]:
    return {"n": len(numbers), "mean": statistics.fmean(numbers), "largest": max(numbers)} if numbers else {"n": 0}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--signals", type=int, default=15, help="of each kind")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    found = measure(options.kills, options.signals, options.seed)
    print(f"{found['kills']} kills and {found['signals']} other signals in {found['hunts']} hunts")
    print(f"{'stored answers lost or changed':<40}{found['answers_lost']:>6}")
    print(f"{'stored pictures made again':<40}{found['stored_pictures_made_again']:>6}")
    print(f"{'reports that differ':<40}{found['reports_unequal']:>6}")
    print(f"{'wrong exit codes':<40}{found['wrong_exit_codes']:>6}")
    print("\nmade but not stored, so made again        n    mean  largest")
    for kind, row in found["unstored"].items():
        if row["n"]:
            print(f"  {kind:<38}{row['n']:>4}{row['mean']:>8.1f}{row['largest']:>9}")
    if options.json:
        options.json.write_text(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
