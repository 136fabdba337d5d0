"""The table of what a detector finds: which box counts."""

import json
import sys

import pytest

from bugscope.core import registry
from bugscope.core.records import Box, Detection, Truth
from bugscope.providers.studio import Generator
from support.benches import load

bench = load("detector")
TRUTH = Truth("goblet", ("teapot",), (Box("goblet", 0.2, 0.2, 0.4, 0.6), Box("teapot", 0.5, 0.5, 1.0, 1.0)))


def test_the_surest_box_on_the_thing_itself_counts():
    on = (0.2, 0.2, 0.4, 0.55)
    seen = [
        Detection("wine glass", 0.9, 0.5, 0.5, 1.0, 1.0),  # on another thing
        Detection("cup", 0.8, *on),
        Detection("wine glass", 0.3, *on),
        Detection("wine glass", 0.2, 0.2, 0.2, 0.4, 0.6),
    ]
    assert bench.surest(seen, TRUTH, "wine glass", 0.5) == (0.3, pytest.approx(0.875))
    assert bench.surest(seen, TRUTH, "wine glass", 0.9) == (0.2, pytest.approx(1))
    assert bench.surest(seen[:2], TRUTH, "wine glass", 0.5) == (0, 0)
    assert bench.surest(seen, Truth("goblet"), "wine glass", 0.5) == (0, 0)


def test_classes_have_the_names_of_the_detector():
    assert bench.called("tv", ["person", "tvmonitor"]) == "tvmonitor"
    assert bench.called("tv", ["tv", "tvmonitor"]) == "tv"
    assert bench.called("bus", ["person"]) == ""


def test_the_table_of_one_object(monkeypatch, tmp_path, capsys):
    class Sure:
        """Sees a mug where the picture has its middle."""

        id, labels = "sure", ("cup", "tvmonitor")

        def __call__(self, images):
            return [[Detection("cup", 0.2, 0.25, 0.25, 0.75, 0.75)] for _ in images]

    monkeypatch.setattr(registry, "load", lambda kind, spec: Sure())
    monkeypatch.setattr(bench, "Generator", lambda: Generator(workers=1, size=64))
    file = tmp_path / "t.json"
    line = ["detector", "--labels", "coffee mug", "--n", "2", "--iou", "0.1", "--json", str(file)]
    monkeypatch.setattr(sys, "argv", line)
    bench.main()
    (row,) = json.loads(file.read_text())["rows"]
    assert row["label"] == "coffee mug" and row["class"] == "cup" and row["n"] == 2
    assert row["hits"] == {"0.1": 2, "0.25": 0} and row["iou"] > 0.1
    assert "confidence 0.1: 2 of 2 pictures (classes: 1)" in capsys.readouterr().out
