"""One target, example after example, in this process; `python -m fuzz.run` is what `__main__` starts and watches."""

import argparse
import json
import os
import shutil
import struct
import sys
import tempfile
import time
import traceback
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random
from typing import Any
from unittest.mock import patch

from . import targets
from .guard import Guard

Example = Callable[[Random, Path], str]
SECRET = "secret-of-the-house"
MEMORY = 8 * 2**30
"""Bytes of address space: what asks for more gets a MemoryError, not the machine's last."""


@contextmanager
def prepared(name: str, work: Path) -> Iterator[Callable[[Random], str]]:
    """A function that makes one example in a fresh folder and raises AssertionError for whatever is a finding."""
    outside, inside, shared = (work / part for part in ("outside", "in", "shared"))
    for folder in (outside, inside, shared):
        folder.mkdir()
    (outside / "secret.txt").write_text(SECRET)
    before = _listing(outside)
    guard, home = Guard(work, outside), os.getcwd()
    surroundings = {"XDG_CACHE_HOME": str(shared / "cache"), "NO_PROXY": "127.0.0.1", "COLUMNS": "200"}
    with patch.dict(os.environ, surroundings), targets.load(name)(shared) as example:

        def one(rng: Random) -> str:
            shutil.rmtree(inside)
            inside.mkdir()
            os.chdir(inside)
            try:
                with guard.watch() as seen:
                    came = str(example(rng, inside))
            finally:
                os.chdir(home)
            assert not seen, f"outside: {'; '.join(seen[:5])}"
            assert _listing(outside) == before and set(os.listdir(work)) == {"outside", "in", "shared"}, "written outside"
            return came

        yield one


def _listing(folder: Path) -> list[tuple[str, int]]:
    return sorted((str(p.relative_to(folder)), p.lstat().st_size) for p in folder.rglob("*"))


def rng(name: str, seed: int) -> Random:
    return Random(f"{name} {seed}")


def place(error: BaseException) -> str:
    """The class of an error and the last line of ours that it came through, by which findings count as one."""
    frames = traceback.extract_tb(error.__traceback__)
    ours = [f for f in frames if f"{os.sep}bugscope{os.sep}" in f.filename] or frames
    return f"{type(error).__name__} at {Path(ours[-1].filename).name}:{ours[-1].lineno}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("target", choices=targets.names())
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--beat", type=Path, required=True, help="file in which the number of the example stands")
    parser.add_argument(
        "--out", type=Path, required=True, help="file for the results, written after each finding and at the end"
    )
    a = parser.parse_args()
    import resource  # noqa: PLC0415 (of POSIX only)

    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    warnings.simplefilter("error")
    work = Path(tempfile.mkdtemp(prefix="fuzz-"))
    outcomes: Counter[str] = Counter()
    found: dict[str, dict[str, Any]] = {}
    seed, begun = a.first, 0.0

    def save() -> None:
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
        said = {
            "next": seed,
            "outcomes": outcomes,
            "found": found,
            "peak_mib": peak,
            "cpu_seconds": time.process_time(),
            "seconds": time.monotonic() - begun,
        }
        a.out.write_text(json.dumps(said))

    with prepared(a.target, work) as one, a.beat.open("r+b", buffering=0) as beat:
        begun = time.monotonic()  # getting ready counts for nothing
        while time.monotonic() < begun + a.seconds:
            beat.seek(0)
            beat.write(struct.pack("<q", seed))
            try:
                outcomes[one(rng(a.target, seed))] += 1
            except KeyboardInterrupt:
                break
            except BaseException as error:  # noqa: BLE001 (all of them are findings)
                outcomes["FOUND"] += 1
                first = found.setdefault(place(error), {"seed": seed, "count": 0, "text": traceback.format_exc()[-6000:]})
                first["count"] += 1
                save()
            seed += 1
            if seed % 64 == 0:
                save()
    save()
    shutil.rmtree(work, ignore_errors=True)
    sys.stdout.flush()
    os._exit(0)  # what an example left behind, a thread or a process, must not keep us


if __name__ == "__main__":
    main()
