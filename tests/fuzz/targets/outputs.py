"""Reports of runs and replays with hostile text in any place that holds text, as JUnit, CSV, Markdown and lines; the page of a
run with hostile text is in `texts`."""

import copy
import csv
import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random
from typing import Any
from xml.etree import ElementTree as ET

import bugscope
from bugscope.report import accept, baseline, words
from bugscope.report.junit import junit
from bugscope.report.table import csv_table, markdown
from bugscope.testing import World
from bugscope.workflows.replay import replay

from ..material import text

FIXED = frozenset({"schema", "format", "verdict", "kind", "status", "purpose", "stopped", "word", "created", "medium"})
"""What is one of a few words of ours; the rest may be anybody's."""


def spoilt(part: Any, rng: Random, rate: float, key: str = "") -> Any:
    if isinstance(part, dict):
        return {k: spoilt(v, rng, rate, k) for k, v in part.items()}
    if isinstance(part, list | tuple):
        return [spoilt(v, rng, rate, key) for v in part]
    # names of pictures are checked where a run is read
    if isinstance(part, str) and key not in FIXED and not part.startswith("images/") and rng.random() < rate:
        return text(rng)
    return part


@contextmanager
def ready(folder: Path) -> Iterator[Any]:
    world = World(labels=("mug", "pot"), planted={"snow": 0.95}, prior=0.05)
    run = bugscope.hunt(["mug", "pot"], folder / "run", budget=160, explain_budget=60, pairs=4, **world.roles())
    other = world.roles()["target"]
    other.id = "world/other"
    replayed = replay(run, other).report
    assert run.bugs

    def example(rng: Random, folder: Path) -> str:
        report = spoilt(copy.deepcopy(rng.choice((run.report, replayed))), rng, rng.choice((0.02, 0.2, 1.0)))
        ET.fromstring(junit(report).encode())
        rows = list(csv.reader(io.StringIO(csv_table(report), newline="")))
        assert len({len(row) for row in rows}) == 1, "rows of several widths"
        shown = markdown(report)
        shown.encode()
        assert not any(c in shown for c in "\x00\x1b\u202e\x85"), "a control character in Markdown"
        assert all(line.startswith(("|", "#", "**", "-", "<", "")) for line in shown.split("\n"))
        if report.keys() == run.report.keys():
            words.interruptions(report)
            baseline.lines(report["baseline"])
            if report["accept"]:
                accept.sentence(report["accept"])
        return "done"

    yield example
