"""A run folder from somebody else: whatever its rows hold, a command does its work or says in a sentence why not."""

import shutil
from pathlib import Path
from tempfile import mkdtemp

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import bugscope
from support.hostile import original, used


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs")
    original(folder)
    return folder


@settings(max_examples=30)
@given(st.integers(0, 2**32), st.sampled_from(["run", "run", "probe"]))
def test_altered_rows_end_in_a_result_or_in_a_sentence(runs, seed, which):
    folder = Path(mkdtemp(dir=runs))
    try:
        used(runs / which, folder, seed)
    finally:
        shutil.rmtree(folder)


def test_a_bug_that_is_printed_steers_nothing(runs):
    run = bugscope.load(runs / "run")
    for bug in run.report["bugs"]:
        bug["sentence"] = "a mug \x1b]0;owned\x07 \u202eback\nx"
    shown = [str(run.bugs[0]), repr(run), repr(bugscope.load(runs / "probe"))]
    assert "a mug \ufffd]0;owned" in shown[0]
    assert all(line.isprintable() for text in shown for line in text.split("\n"))
