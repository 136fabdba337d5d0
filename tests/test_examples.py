"""The experiment in examples/, small, on the real studio and the real networks."""

import importlib.util
import json
import sys
from pathlib import Path

import pytest

EXAMPLE = Path(__file__).parent.parent / "examples" / "imagenet_adversarial.py"


@pytest.fixture
def example():
    spec = importlib.util.spec_from_file_location("imagenet_adversarial", EXAMPLE)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.slow
def test_the_papers_experiment(example, tmp_path, monkeypatch, capsys):
    pytest.importorskip("mitsuba")
    line = [str(EXAMPLE), "--out", str(tmp_path / "x"), "--labels", "goblet", "--budget", "80", "--fresh", "2"]
    monkeypatch.setattr(sys, "argv", [*line, "--others", "efficientnet-lite/1"])
    example.main()
    said = capsys.readouterr().out
    table = json.loads((tmp_path / "x" / "table.json").read_text())
    rows = {row["pictures"]: row for row in table}
    own, other = "efficientnet-lite/0", "efficientnet-lite/1"
    members = example.members(tmp_path / "x" / "set")
    made = rows["the adversarial set"]
    assert len(members) == made[own]["n"] == made[own]["k"] == made[other]["n"] > 0
    assert rows["as many of the set"][own]["n"] == rows["failures on plain pictures"][own]["k"]
    # the bugs' pictures that nobody has seen before fail more than plain ones
    assert rows["the bugs, fresh"][own]["k"] > rows["plain, fresh"][own]["k"]
    assert rows["plain, fresh"][own]["n"] <= 2 < rows["the bugs, fresh"][own]["n"]
    assert f"replay on {own}" in said and "exit code 1" in said
    # again: nothing is drawn, asked or written twice
    before = {p: p.stat().st_mtime_ns for p in (tmp_path / "x" / "set").rglob("*")}
    example.main()
    assert json.loads((tmp_path / "x" / "table.json").read_text()) == table
    assert {p: p.stat().st_mtime_ns for p in (tmp_path / "x" / "set").rglob("*")} == before
