"""Renderer processes that hang, die or err: replaced, and no picture waits for ever. A small program stands in for Mitsuba."""

import os
import signal
import sys
import threading
import time

import pytest

from bugscope.core.errors import Declined, ModelError
from bugscope.providers.studio.workers import Pool

WORKER = """
import json, os, struct, sys, time
def exactly(n):
    data = sys.stdin.buffer.read(n)
    if len(data) < n: sys.exit()
    return data
def send(data):
    sys.stdout.buffer.write(struct.pack("<I", len(data)) + data); sys.stdout.buffer.flush()
while True:
    prompt = json.loads(exactly(struct.unpack("<I", exactly(4))[0]))["prompt"]
    with open(sys.argv[1], "a") as log: log.write(prompt + "\\n")
    if prompt == "hang": time.sleep(1000)
    if prompt == "die": os._exit(3)
    if prompt == "cut": os.write(1, b"\\x09"); os._exit(0)
    if prompt == "bad": send(b'{"error": "ValueError: no mesh"}'); continue
    send(b'{"info": {}, "things": [], "shape": [1, 1, 3]}'); send(b"abc"); send(b"\\0")
"""


@pytest.fixture
def pool(tmp_path):
    made = Pool("scalar", {}, workers=2, samples=1, size=(64, 64), timeout=20)
    made.command = [sys.executable, "-S", "-c", WORKER, str(tmp_path / "log")]
    yield made
    made.close()
    assert not made.processes


def log(tmp_path):
    return (tmp_path / "log").read_text().split()


@pytest.mark.parametrize(
    ("wrong", "reason", "tries"),
    [
        ("die", r"died \(exit code 3\) 2 times", 2),
        ("cut", "died", 2),
        ("bad", "ValueError: no mesh", 1),
        ("hang", "drew for over", 2),
    ],
)
def test_a_picture_that_ends_its_renderer_is_declined_and_the_others_are_drawn_once(pool, tmp_path, wrong, reason, tries):
    assert len(pool.draw([("a", 1), ("b", 1)])) == 2
    pool.timeout = 0.5 if wrong == "hang" else 20
    for _ in range(2):
        with pytest.raises(Declined, match=f"{reason}.*'{wrong}'" if wrong != "bad" else f"'bad'.*{reason}"):
            pool.draw([("c", 1), (wrong, 1), ("d", 1)])
    pool.timeout = 20
    assert len(pool.draw([("c", 1)])) == len(pool.draw([("d", 1), ("e", 1)])) - 1 == 1
    drawn = log(tmp_path)
    assert drawn.count(wrong) == tries
    # "hang" may have been short for its neighbours as well, on a slow machine
    assert all(drawn.count(prompt) == 1 for prompt in "abe") and (wrong == "hang" or drawn.count("c") == drawn.count("d") == 1)


def test_a_renderer_that_is_killed_is_replaced_and_the_picture_drawn(pool):
    assert len(pool.draw([("a", 1), ("b", 1)])) == 2
    for process in pool.processes:
        os.kill(process.pid, signal.SIGKILL)
    assert len(pool.draw([("c", 1), ("d", 1)])) == 2


def test_renderers_that_never_draw_anything_are_no_pictures_fault(pool):
    with pytest.raises(ModelError, match="died .* has drawn nothing else"):
        pool.draw([("die", 1)])


def test_closing_ends_what_hangs_and_starts_nothing_again(pool):
    found = []

    def draw():
        try:
            pool.draw([("hang", 1), ("hang", 2)])
        except ModelError as error:
            found.append(str(error))

    waiting = threading.Thread(target=draw)
    waiting.start()
    while len(pool.processes) < 2:
        time.sleep(0.01)
    processes = list(pool.processes)
    pool.close()
    waiting.join(30)
    assert found and "closed" in found[0]
    assert all(process.poll() is not None for process in processes) and not pool.processes
