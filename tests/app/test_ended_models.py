"""Models that end the process, close its streams or print: in processes of their own."""

import json
import subprocess
import sys

import pytest

import bugscope

HUNT = """
import os, sys
from bugscope.app import cli
from bugscope.testing import World
from bugscope.workflows import session

folder, fault, role, *options = sys.argv[1:]
roles = World(labels=("mug",)).roles()
real = roles[role].call

def call(*inputs):
    if fault == "os._exit":
        os._exit(0)
    if fault == "forks" and os.fork() == 0:
        os._exit(0)
    if fault == "prints":
        print("1/1 [====]", flush=True)
        os.write(1, b"a library in C\\n")
    if fault == "closes":
        sys.stdout.close()
    if fault == "closes both":
        for stream, number in ((sys.stdout, 1), (sys.stderr, 2)):
            stream.close()
    return real(*inputs)

roles[role].call = call
loaded = session.load_models
session.load_models = lambda settings, given=None: loaded(settings, roles)
sys.argv = ["bugscope", "hunt", "mug", "--out", folder, "--budget", "40", "--explain-budget", "0", *options]
cli.main()
"""


def ran(folder, fault, role="target", *options):
    command = [sys.executable, "-W", "ignore", "-c", HUNT, str(folder), fault, role, *options]
    return subprocess.run(command, capture_output=True, text=True, timeout=300)


def test_os_exit_in_a_model_is_an_error_of_the_model(tmp_path):
    done = ran(tmp_path / "r", "os._exit", "target", "--quiet")
    assert done.returncode == 2, done.stderr
    (line,) = done.stderr.splitlines()
    assert line.startswith("bugscope: target world/target raised sys.exit(0)") and "bugscope resume" in line
    assert not bugscope.load(tmp_path / "r").report["finished"]


@pytest.mark.slow
@pytest.mark.parametrize("role", ["generator", "target", "captioner", "judge"])
@pytest.mark.parametrize("fault", ["forks", "prints", "closes", "closes both"])
def test_what_a_model_does_to_the_process_spoils_no_result(tmp_path, role, fault):
    done = ran(tmp_path / "json", fault, role, "--json", "--quiet")
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert report["finished"]
    done = ran(tmp_path / "text", fault, role, "--quiet")
    assert done.returncode == 0 and "Traceback" not in done.stderr, done.stderr
    assert "confirmed bug" in done.stdout and f"Report: {tmp_path / 'text' / 'report.html'}" in done.stdout
