"""What is printed where: code pages, closed streams, and one object alone on stdout."""

import json
import os
import subprocess
import sys

import pytest

from bugscope.app.cli.screen import write
from bugscope.core.errors import StoreError

NOISY = """
import os, subprocess, sys
from bugscope.app.cli.screen import legible, print_json, with_json

@with_json
def command(as_json=False):
    print("1/1 [====] - 0s")
    os.write(1, b"a library in C\\n")
    subprocess.run([sys.executable, "-c", "print('a worker')"])
    print_json({"label": "\\u017c\\u00f3\\u0142w", "file": "Gl\\udcfcwein"})
    print("afterwards")

legible()
command(as_json=True)
print("at the end")
"""
SHOWN = """
from bugscope.app.cli.screen import legible, say
legible()
say("\\u201ccat\\u201d \\u2192 \\u017c\\u00f3\\u0142w, plain \\u2502 12 \\u2013 13\\u2026")
say("that is all", err=True)
"""


def ran(script, **environment):
    return subprocess.run(
        [sys.executable, "-c", script], capture_output=True, env={**os.environ, **environment}, stdin=subprocess.DEVNULL
    )


@pytest.mark.parametrize("encoding", ["utf-8:strict", "cp1252", "cp437"])
def test_json_is_alone_on_stdout_and_is_utf_8_in_every_code_page(encoding):
    done = ran(NOISY, PYTHONIOENCODING=encoding)
    assert json.loads(done.stdout.decode("utf-8")) == {"label": "żółw", "file": "Gl\ufffdwein"}, done.stderr
    for noise in (b"1/1", b"a library in C", b"a worker", b"afterwards", b"at the end"):
        assert noise in done.stderr


@pytest.mark.parametrize(
    ("encoding", "line"),
    [
        ("utf-8", "“cat” → żółw, plain │ 12 – 13…"),
        ("cp1252", "“cat” -> ?ó?w, plain | 12 – 13…"),
        ("cp437", '"cat" -> ?ó?w, plain │ 12 - 13...'),
    ],
)
def test_what_a_code_page_lacks_is_said_plainer(encoding, line):
    done = ran(SHOWN, PYTHONIOENCODING=encoding)
    assert (done.returncode, done.stdout.decode(encoding).strip()) == (0, line)


@pytest.mark.skipif(os.name == "nt", reason="closes a stream as a shell does")
@pytest.mark.parametrize("script", [NOISY, SHOWN])
def test_a_closed_stream_ends_nothing(script):
    done = subprocess.run(["sh", "-c", '"$0" -c "$1" 2>&-', sys.executable, script], stdout=subprocess.PIPE, check=False)
    assert done.returncode == 0 and done.stdout.strip()


def test_folders_of_a_file_that_a_user_names_are_made(tmp_path):
    write(tmp_path / "reports" / "today" / "bugs.xml", "<x/>")
    assert (tmp_path / "reports" / "today" / "bugs.xml").read_text() == "<x/>"
    with pytest.raises(StoreError, match="cannot write"):
        write(tmp_path / "reports" / "today" / "bugs.xml" / "more.xml", "")
