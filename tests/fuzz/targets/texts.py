"""Hunts in a world whose models say anything: captions, descriptions, phrases, refusals, infos, label names, prompts."""

import csv
import io
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random
from typing import Any
from xml.etree import ElementTree as ET

import bugscope
from bugscope.core.records import Refused, Specimen
from bugscope.report.junit import junit
from bugscope.report.plain import for_terminal
from bugscope.report.table import csv_table, markdown
from bugscope.testing import World

from ..material import text
from ..outcomes import tried

CELL = re.compile(r"^[\s']*[=+\-@|%]")


class Talker(World):
    """A world that says something hostile now and then."""

    rng: Random
    rate = 0.15

    def said(self, plain: str) -> str:
        match self.rng.random():
            case x if x > self.rate:
                return plain
            case x if x > self.rate / 2:
                return f"{plain} {text(self.rng)}"
            case _:
                return text(self.rng)

    def caption(self, images: Any) -> list[str]:
        return [self.said(sentence) or "x" for sentence in super().caption(images)]

    def generator(self, prompts: Any, seeds: Any) -> list[Any]:
        made = super().generator(prompts, seeds)
        return [self.drawn(m) for m in made]

    def drawn(self, made: Any) -> Any:
        if self.rng.random() < self.rate / 4:
            return Refused(text(self.rng))
        return Specimen(made.content, info={**made.info, text(self.rng): text(self.rng)})

    def describe(self, label: str, failures: Any, successes: Any) -> list[str]:
        return [self.said(f"a photo of a {label} on snow") for _ in range(3)]

    def vary(self, label: str, phrases: Any) -> list[list[str]]:
        return [[self.said("on sand"), text(self.rng)] for _ in phrases]


def checked(run: Any) -> None:
    """What leaves a run is well formed, whatever was said in it."""
    report = run.report
    ET.fromstring(junit(report).encode())
    rows = list(csv.reader(io.StringIO(csv_table(report))))
    assert len({len(row) for row in rows}) <= 1, "a row of another width"
    assert not any(cell.startswith(("=", "+", "@", "-")) and not _number(cell) for row in rows for cell in row), "a formula"
    markdown(report).encode()
    page = run.page()
    page.encode()
    assert "<script" not in page.lower() and "\x1b" not in page
    shown = "\n".join([repr(run), *map(str, run.bugs), *(line for b in run.bugs for line in b.why)])
    assert all(line == for_terminal(line) for line in shown.split("\n")), "a terminal would obey"
    json.dumps(report, allow_nan=False, ensure_ascii=False).encode()


def _number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


@contextmanager
def ready(folder: Path) -> Iterator[Any]:
    def example(rng: Random, folder: Path) -> str:
        names = rng.choice((["mug"], ["mug", "pot"], [text(rng) or "mug", "mug"], [text(rng), text(rng)]))
        world = Talker(labels=names, planted={"snow": 0.9}, prior=0.1)
        world.rng = rng
        models = world.roles()
        models |= rng.choice(({}, {"describer": world.describe}, {"editor": world.vary}))
        options = {"budget": 50, "explore": 6, "explain_budget": rng.choice((0, 40)), "pairs": 4, "hypotheses": 4}

        def use() -> None:
            run = bugscope.hunt(rng.choice((names, names[:1])), folder / "run", **options, **models)
            checked(run)
            if rng.random() < 0.3:
                bugscope.dataset(run, folder / "set", everything=True)
                for file in folder.glob("set/*/metadata.jsonl"):
                    for line in file.read_text(encoding="utf-8").split("\n")[:-1]:
                        assert isinstance(json.loads(line), dict)
            if rng.random() < 0.3:
                bugscope.probe(text(rng), names[0], folder / "probe", n=4, **{k: models[k] for k in World().roles()})

        return tried(use)

    yield example
