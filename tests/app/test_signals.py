"""Ctrl-C, SIGTERM and SIGHUP, of a real process: what is kept, what is said, how it ends."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest

from bugscope.store.folder import Store

pytestmark = pytest.mark.skipif(os.name != "posix", reason="signals as on Unix")

HUNT = """
import os, signal, subprocess, sys, threading, time
for name in ("SIGINT", "SIGTERM", "SIGHUP"):  # a shell's background job begins with some ignored
    signal.signal(getattr(signal, name), signal.default_int_handler if name == "SIGINT" else signal.SIG_DFL)
from bugscope.app import cli
from bugscope import report
from bugscope.core import children
from bugscope.testing import World
from bugscope.workflows import session

folder, moment = sys.argv[1:3]
here = lambda: open(folder + ".here", "w").close()
world = World(labels=("mug",))
roles = world.roles()

def at(role, number, what):
    real, calls = roles[role].call, []
    def call(*inputs):
        calls.append(1)
        if len(calls) == number:
            here()
            what()
        return real(*inputs)
    roles[role].call = call

def load(settings, given=None):
    if moment == "loading":
        here()
        time.sleep(1000)
    if moment == "child":
        children.started(subprocess.Popen(["sleep", "1000"]))
        print(*[c.pid for c in children._running], file=open(folder + ".child", "w"))
    return loaded(settings, roles)

loaded, session.load_models = session.load_models, load
if moment == "draw":
    at("generator", 3, lambda: time.sleep(0.7))
elif moment in ("hang", "child"):
    at("target", 3, lambda: time.sleep(1000))
elif moment == "stubborn":
    def stubborn():
        while True:
            try:
                time.sleep(1000)
            except BaseException:
                pass
    at("generator", 3, stubborn)
elif moment == "report":
    real = report.write
    def write(store, paged=True):
        if not os.path.exists(folder + ".here"):
            here()
            time.sleep(3)
        return real(store, paged)
    report.write = write
sys.argv = ["bugscope", "hunt", "mug", "--out", folder, "--budget", "80", "--explain-budget", "0", "--batch-size", "4"]
cli.main()
"""


def hunting(tmp_path, moment):
    """A hunt that has reached a moment."""
    process = subprocess.Popen(
        [sys.executable, "-c", HUNT, str(tmp_path / "r"), moment], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    give_up = time.monotonic() + 120
    while not (tmp_path / "r.here").exists():
        assert process.poll() is None and time.monotonic() < give_up, process.communicate()
        time.sleep(0.01)
    time.sleep(0.1)
    return process


def ended(process):
    out, err = process.communicate(timeout=120)
    assert out == "" and "Traceback" not in err, err
    return process.returncode, err.splitlines()[-1]


def unfinished(folder):
    return json.loads((folder / "report.json").read_text())["finished"] is False and (folder / "report.html").is_file()


def test_ctrl_c_keeps_what_is_in_the_making_and_writes_the_report(tmp_path):
    process = hunting(tmp_path, "draw")
    process.send_signal(signal.SIGINT)
    code, last = ended(process)
    assert code == 130 and "to continue, repeat the command" in last
    assert unfinished(tmp_path / "r")
    with Store.open(tmp_path / "r") as store:
        assert len(list(store.pictures("world/generator"))) == 10, "the third batch was being drawn, and is kept"


@pytest.mark.slow
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)])
@pytest.mark.parametrize("moment", ["draw", "loading", "report"])
def test_one_signal_ends_it_in_order_at_any_moment(tmp_path, number, code, moment):
    process = hunting(tmp_path, moment)
    process.send_signal(number)
    assert ended(process)[0] == code
    if moment != "loading":
        assert (tmp_path / "r" / "report.html").is_file()


@pytest.mark.slow
@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGHUP, 129)])
@pytest.mark.parametrize("moment", ["hang", "stubborn"])
def test_a_model_that_hangs_holds_up_no_sigterm(tmp_path, number, code, moment):
    process = hunting(tmp_path, moment)
    process.send_signal(number)
    assert ended(process)[0] == code and unfinished(tmp_path / "r")


@pytest.mark.slow
@pytest.mark.parametrize("moment", ["hang", "stubborn", "child", "loading", "report"])
@pytest.mark.parametrize("second", [signal.SIGINT, signal.SIGTERM])
def test_two_end_it_at_once(tmp_path, moment, second):
    process = hunting(tmp_path, moment)
    process.send_signal(signal.SIGINT)
    time.sleep(0.3)
    process.send_signal(second)
    began = time.monotonic()
    # Python itself may be on its way out
    assert ended(process)[0] in (130, -second)
    assert time.monotonic() - began < 60, "hung"
    if moment == "child":
        for pid in (tmp_path / "r.child").read_text().split():
            assert not _lives(int(pid))


IMPORTED = """
import signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)
from bugscope.app.cli import main
print("", flush=True)
sys.argv = ["bugscope", "models"]
main()
"""


@pytest.mark.slow
@pytest.mark.parametrize("wait", [0.0, 0.03, 0.06, 0.1, 0.2])
def test_a_signal_while_it_is_imported_is_one_line(wait):
    process = subprocess.Popen([sys.executable, "-c", IMPORTED], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    process.stdout.readline()
    time.sleep(0.02 + wait)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=120)
    assert process.returncode == 130 and len(err.splitlines()) == 1, err


def _lives(pid):
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().split()[2] != "Z"
    except FileNotFoundError:
        return False
