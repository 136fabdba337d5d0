"""Whole runs on folders: to make, to copy, to compare."""

import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

import bugscope
from bugscope.core.options import Config
from bugscope.core.records import Evidence, Hypothesis, Phrase
from bugscope.engine.engine import Engine
from bugscope.engine.models import Models
from bugscope.method.discover import Discovery
from bugscope.store.folder import Store
from bugscope.testing import World
from bugscope.workflows.hunt import conduct
from bugscope.workflows.progress import Progress

SMALL = {"budget": 300, "explain_budget": 60}


def hunted(world: World, folder: Path, heard: list[Progress] | None = None, **options: Any) -> list[Evidence]:
    """A small hunt through the real engine on the real run folder, without a report."""
    config = Config.of({**SMALL, **options})
    with Store.create(folder, {"options": config.identity()}) as store:
        engine = Engine(Models(**world.roles()), store, config)
        tell = heard.append if heard is not None else lambda now: None
        return conduct(world.labels, engine, store, config, tell).evidence


@contextmanager
def trying(*descriptions: Sequence[Phrase], rounds: int = 3) -> Iterator[None]:
    """Hunts in here explore for so many rounds, and test these descriptions of each label after the first, whatever that
    suggests: for tests of what is made of bugs, which should not depend on how bugs are found."""
    explore = Discovery.draw

    def draw(self: Discovery, budget: int) -> int:
        return explore(self, budget) if self.turn < rounds else 0

    def ripe(self: Discovery) -> list[Hypothesis]:
        labels = self.inquiries if self.turn == 1 else ()
        return [Hypothesis(label, tuple(phrases), "design") for label in labels for phrases in descriptions]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Discovery, "draw", draw)
        patch.setattr(Discovery, "ripe", ripe)
        yield


def content(folder: Path) -> dict[str, Any]:
    """All that a run concluded and every picture it asked for."""
    with Store.open(folder) as store:
        notes = {kind: store.notes(kind) for kind in ("hypothesis", "evidence", "refinement", "explanation", "error")}
        return {**notes, "samples": sorted(s.key for s in store.samples())}


def copied(run: bugscope.Run, folder: Path) -> Path:
    """The same run elsewhere; pictures are never written again, so that a link will do."""
    shutil.copytree(run.path, folder, copy_function=lambda a, b: (os.link if a.endswith(".png") else shutil.copy)(a, b))
    return folder


def without_times(report: dict[str, Any]) -> dict[str, Any]:
    return {k: v for k, v in report.items() if k not in ("run_id", "created", "seconds")}


def explained(run: bugscope.Run) -> dict[str, Any]:
    """The bugs of a run's report that have an explanation, by sentence."""
    return {b["sentence"]: b for b in run.report["bugs"] if b["explanation"]}
