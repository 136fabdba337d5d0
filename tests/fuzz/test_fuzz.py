"""A short form of the fuzzers: each target a few times, the same at every run; in the slow suite for a minute, always others.

`make fuzz` is the long form, and shows an example again by its number.
"""

import os
import pickle
import signal
import time
from contextlib import contextmanager
from random import SystemRandom

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from fuzz import run, targets
from fuzz.guard import Guard

pytestmark = pytest.mark.skipif(os.name == "nt", reason="makes links and pipes, which Windows has in other ways")
QUICK = {
    "labels": 60,
    "configs": 40,
    "specs": 15,
    "pictures": 40,
    "trees": 12,
    "networks": 10,
    "checkpoints": 60,
    "outputs": 5,
    "servers": 10,
}
"""Examples in the fast suite; targets that hunt are left to the slow one, and altered rows to `test_hostile_runs.py`."""
SECONDS = 60
"""Of the slow form, over all targets."""
PATIENCE = 120
"""Seconds after which an example counts as hanging."""


@contextmanager
def patience():
    def over(number, frame):
        raise TimeoutError(f"it hangs: no end after {PATIENCE} s")

    before = signal.signal(signal.SIGALRM, over)
    signal.alarm(PATIENCE)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


@pytest.fixture(scope="module", params=sorted(QUICK))
def quick(request, tmp_path_factory):
    with run.prepared(request.param, tmp_path_factory.mktemp("fuzz")) as one:
        yield request.param, one


def test_what_comes_from_outside_ends_in_a_result_or_in_a_sentence(quick):
    name, one = quick

    @settings(max_examples=QUICK[name], phases=[Phase.generate])
    @given(st.integers(0, 10**9))
    def examples(seed):
        one(run.rng(name, seed))

    examples()


@pytest.mark.slow
@pytest.mark.parametrize("name", targets.names())
def test_a_random_search_finds_nothing(name, tmp_path):
    first, count = SystemRandom().randrange(10**9), 0
    with run.prepared(name, tmp_path) as one:
        end = time.monotonic() + SECONDS / len(targets.names())
        while time.monotonic() < end or not count:
            try:
                with patience():
                    one(run.rng(name, first + count))
            except BaseException as error:
                error.add_note(f"again: PYTHONPATH=tests python -m fuzz --target {name} --replay {first + count}")
                raise
            count += 1


@pytest.mark.parametrize("how", ["write", "read", "program", "pickle", "connect"])
def test_the_guard_notes_what_an_example_must_not_do(how, tmp_path):
    inside, outside = tmp_path / "in", tmp_path / "outside"
    inside.mkdir()
    outside.mkdir()
    (outside / "secret.txt").write_text("x")
    guard = Guard(inside, outside)
    with guard.watch() as seen:
        (inside / "mine.txt").write_text("x")
        (inside / "mine.txt").read_text()
    assert not seen
    with guard.watch() as seen:
        try:
            MISDEEDS[how](tmp_path)
        except OSError:
            pass
    assert len(seen) >= 1, how
    with guard.watch() as seen:
        pass
    assert not seen


def _connect(folder):
    import socket  # noqa: PLC0415

    with socket.socket() as s:
        s.settimeout(0.01)
        s.connect(("192.0.2.1", 9))


def _program(folder):
    import subprocess  # noqa: PLC0415

    subprocess.run(["/bin/true"], check=False)


MISDEEDS = {
    "write": lambda folder: (folder / "in" / ".." / "elsewhere.txt").write_text("x"),
    "read": lambda folder: (folder / "outside" / "secret.txt").read_text(),
    "program": _program,
    "pickle": lambda folder: pickle.loads(b"cos\ngetcwd\n."),
    "connect": _connect,
}
