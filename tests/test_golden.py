"""What a small seeded world's hunt, probe, explanation, replay and transfer report, number for number, as files hold it.

The files change only where a change of results or of words is meant: `BUGSCOPE_GOLDEN=write pytest tests/test_golden.py`.
"""

import json
import os
from pathlib import Path
from typing import Any

import pytest

import bugscope
from bugscope.testing import World

HERE = Path(__file__).parent / "golden"
LABELS = ("mug", "pot", "cab")
SEPARATE = {"run_id", "created", "seconds", "run", "usage"}
"""Times, and names that are drawn at random."""


def world(**changes: Any) -> World:
    planted = {"snow": 0.95, "above": 0.8, "red": 0.6}
    return World(**{"labels": LABELS, "planted": planted, "spurious": {"snow": 0.9}, "prior": 0.08, **changes})


def settled(value: Any, folder: Path) -> Any:
    """As JSON holds it, without times and with paths below the test's folder."""
    text = json.dumps(value, ensure_ascii=False, allow_nan=False).replace(str(folder), "FOLDER")
    return {k: v for k, v in json.loads(text).items() if k not in SEPARATE}


def near(value: Any) -> Any:
    """Equal but for the last digits of numbers with a fraction, in which versions of SciPy and processors differ."""
    if isinstance(value, dict):
        return {k: near(v) for k, v in value.items()}
    if isinstance(value, list):
        return [near(v) for v in value]
    return pytest.approx(value, rel=1e-9, abs=1e-12) if isinstance(value, float) else value


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("golden")


@pytest.fixture(scope="module")
def reports(folder):
    """Everything that a run can be asked, in order, each report as it was then."""
    roles = world().roles()
    run = bugscope.hunt(LABELS, folder / "hunt", budget=420, explain_budget=300, seed=7, **roles)
    found = {
        "hunt": run.report,
        "samples": {"rows": run.samples().astype(object).where(lambda x: x.notna(), None).values.tolist()},
    }
    prompts = ["a photo of a mug on snow", "a red pot", "a photo of a cab at night"]
    found["probe"] = bugscope.probe(prompts, out=folder / "probe", n=40, seed=3, **roles).report
    found["explained"] = bugscope.explain(run, ["1"], pairs=20, budget=500, add=["on sand", "blue"], **roles).report
    better = world(planted={"above": 0.8, "fog": 0.9}).roles()["target"]
    better.id = "world/better"
    replay = bugscope.replay(run, better, fresh=12, generator=roles["generator"], judge=roles["judge"])
    found["replay"] = {**replay.report, "exit_code": replay.exit_code(), "lines": replay.lines()}
    found["transfer"] = bugscope.transfer(run, [better]).to_dict()
    return {name: settled(report, folder) for name, report in found.items()}


@pytest.mark.parametrize("name", ["hunt", "samples", "probe", "explained", "replay", "transfer"])
def test_the_report_is_what_it_was(reports, name):
    file = HERE / f"{name}.json"
    if os.environ.get("BUGSCOPE_GOLDEN") == "write":
        file.write_text(json.dumps(reports[name], ensure_ascii=False, indent=1) + "\n", encoding="utf-8", newline="\n")
    assert reports[name] == near(json.loads(file.read_text(encoding="utf-8")))


def test_the_reports_say_something(reports):
    assert len(reports["hunt"]["bugs"]) >= 3 and any(b["spurious"] for b in reports["hunt"]["bugs"])
    assert {"fixed", "persists"} <= {b["verdict"] for b in reports["replay"]["bugs"]}
    assert reports["replay"]["new_failures"]["labels"]
