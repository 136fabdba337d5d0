"""Runs targets one after another, each in a process of its own that is watched, and prints a table."""

import argparse
import json
import struct
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from . import run, targets


@dataclass
class Tally:
    """What came of one target."""

    outcomes: Counter[str] = field(default_factory=Counter)
    found: dict[str, dict[str, Any]] = field(default_factory=dict)
    peak_mib: int = 0
    cpu_seconds: float = 0.0
    seconds: float = 0.0

    def add(self, said: dict[str, Any]) -> None:
        self.outcomes.update(said["outcomes"])
        for place, finding in said["found"].items():
            known = self.found.setdefault(place, {**finding, "count": 0})
            known["count"] += finding["count"]
        self.peak_mib = max(self.peak_mib, said["peak_mib"])
        self.cpu_seconds += said["cpu_seconds"]
        self.seconds += said["seconds"]

    def lost(self, kind: str, seed: int, text: str) -> None:
        """A process that hung or died, and with which example."""
        self.outcomes[kind] += 1
        known = self.found.setdefault(kind, {"seed": seed, "count": 0, "text": text})
        known["count"] += 1


def fuzzed(name: str, seconds: float, first: int, patience: float, folder: Path) -> Tally:
    """Examples of one target from the seed `first` on. A process that is silent for `patience` seconds is ended, and another
    goes on behind the example at fault."""
    tally, seed = Tally(), first
    beat, out, err = folder / "beat", folder / "out.json", folder / "err"
    while (left := seconds - tally.seconds) > 0:
        beat.write_bytes(struct.pack("<q", -1))
        out.unlink(missing_ok=True)
        command = [
            sys.executable, "-m", "fuzz.run", name, "--first", str(seed), "--seconds", str(left), "--beat", str(beat),
            "--out", str(out),
        ]  # fmt: skip
        with err.open("w") as log:
            process = subprocess.Popen(command, stdout=log, stderr=log, stdin=subprocess.DEVNULL)
            hung = not _ended(process, beat, patience)
        at = struct.unpack("<q", beat.read_bytes())[0]
        if out.exists():
            tally.add(json.loads(out.read_text()))
        if not hung and process.returncode == 0:
            break
        tally.seconds += patience if hung else 0.0
        said = err.read_text(errors="replace")[-6000:]
        tally.lost("hang" if hung else f"crash (exit code {process.returncode})", at, said)
        seed = at + 1
        if at < 0:  # it did not even begin
            break
    return tally


def _ended(process: "subprocess.Popen[bytes]", beat: Path, patience: float) -> bool:
    """False if it had to be killed."""
    last, since = None, time.monotonic()
    while True:
        try:
            process.wait(0.5)
            return True
        except subprocess.TimeoutExpired:
            now = beat.read_bytes()
        if now != last:
            last, since = now, time.monotonic()
        elif time.monotonic() - since > patience + (60 if struct.unpack("<q", now)[0] < 0 else 0):
            process.kill()
            process.wait()
            return False


def replayed(name: str, seed: int) -> None:
    """One example in this process."""
    folder = Path(tempfile.mkdtemp(prefix="fuzz-"))
    with run.prepared(name, folder) as one:
        print(f"{name} {seed}: {one(run.rng(name, seed))}")


def main() -> None:
    parser = argparse.ArgumentParser(prog="fuzz", description=__doc__)
    parser.add_argument("--target", action="append", choices=targets.names(), help="may be repeated [default: all]")
    parser.add_argument("--minutes", type=float, default=30, help="in all")
    parser.add_argument("--first", type=int, default=0, help="the first seed; a later one goes on with others")
    parser.add_argument("--patience", type=float, default=20, help="seconds after which an example counts as hanging")
    parser.add_argument("--replay", type=int, metavar="SEED", help="one example again, of the one target named")
    parser.add_argument("--json", type=Path, help="write the results to this file")
    a = parser.parse_args()
    chosen = a.target or targets.names()
    if a.replay is not None:
        replayed(chosen[0], a.replay)
        return
    results = {}
    print(f"{'target':14}{'examples':>10}{'done':>9}{'refused':>9}{'found':>7}{'hangs':>7}{'crashes':>9}{'MiB':>7}{'CPU s':>8}")
    for name in chosen:
        with tempfile.TemporaryDirectory() as folder:
            tally = fuzzed(name, a.minutes * 60 / len(chosen), a.first, a.patience, Path(folder))
        o = tally.outcomes
        done, found, hangs = (sum(n for k, n in o.items() if k.startswith(p)) for p in (("done", "exit 0"), "FOUND", "hang"))
        crashes = sum(n for k, n in o.items() if k.startswith("crash"))
        refused = o.total() - done - found - hangs - crashes
        print(
            f"{name:14}{o.total():>10,}{done:>9,}{refused:>9,}{found:>7}{hangs:>7}{crashes:>9}{tally.peak_mib:>7}"
            f"{tally.cpu_seconds:>8.0f}", flush=True,
        )  # fmt: skip
        for place, finding in tally.found.items():
            print(f"  {finding['count']} x {place}, first with --target {name} --replay {finding['seed']}", flush=True)
        results[name] = {
            "outcomes": dict(o), "found": tally.found, "peak_mib": tally.peak_mib, "cpu_seconds": tally.cpu_seconds,
            "seconds": tally.seconds,
        }  # fmt: skip
        if a.json:
            a.json.parent.mkdir(parents=True, exist_ok=True)
            a.json.write_text(json.dumps(results, indent=1))
    sys.exit(any(result["found"] for result in results.values()))


if __name__ == "__main__":
    main()
