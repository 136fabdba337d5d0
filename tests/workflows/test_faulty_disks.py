"""The run folder becomes unusable while a hunt writes it: one sentence, nothing lost, and the run can be gone on with."""

import errno
import os
import resource
import shutil
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

import bugscope
from bugscope.app.cli import main
from bugscope.core.errors import StoreError
from bugscope.store import blobs
from bugscope.store.folder import Store
from bugscope.testing import World
from support.runs import without_times

OPTIONS: dict[str, Any] = {"budget": 60, "explain_budget": 0, "batch_size": 8}


@dataclass
class Interrupted(World):
    """Something happens when the third batch is drawn."""

    then: Any = None

    def generator(self, prompts, seeds):
        if self.calls == 2 and self.then:
            self.then()
        return super().generator(prompts, seeds)


def hunt(folder, then=None):
    return bugscope.hunt("mug", folder, **OPTIONS, **Interrupted(planted={"snow": 0.95}, then=then).roles())


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    return without_times(hunt(tmp_path_factory.mktemp("whole") / "r").report)


def answered(folder):
    with closing(sqlite3.connect(folder / "run.sqlite")) as db:
        return set(db.execute("select role, key, value from answers"))


def interrupted(folder, then, message):
    """What the folder held when it was stopped, and that the error is one sentence."""
    with pytest.raises(StoreError, match=message) as said:
        hunt(folder, then)
    assert "\n" not in str(said.value)
    return str(said.value)


@pytest.mark.parametrize(("kind", "amount"), [(resource.RLIMIT_NOFILE, 3), (resource.RLIMIT_FSIZE, 64)])
def test_a_limit_of_the_system_stops_a_run_that_goes_on_later(tmp_path, whole, kind, amount):
    folder, before = tmp_path / "r", resource.getrlimit(kind)
    # what is open stays open; a picture is longer than 64 bytes

    def then():
        resource.setrlimit(kind, (amount, before[1]))

    try:
        said = interrupted(folder, then, "cannot write|cannot read")
    finally:
        resource.setrlimit(kind, before)
    assert "all answers so far are kept. When that is mended: bugscope resume" in said
    kept = answered(folder)
    assert kept
    assert without_times(hunt(folder).report) == whole
    assert kept <= answered(folder)


def test_a_folder_that_becomes_read_only_stops_a_run_that_goes_on_later(tmp_path, whole):
    folder = tmp_path / "r"
    os.chmod(tmp_path, 0o755)
    for above in tmp_path.parents:  # another user must be able to come here
        if above.stat().st_uid == os.getuid() and above.name.startswith("pytest-"):
            os.chmod(above, above.stat().st_mode | 0o011)

    def then():
        for each in [folder, *(p for p in folder.rglob("*") if p.is_dir())]:
            os.chmod(each, 0o555)
        if os.getuid() == 0:
            os.seteuid(65534)

    try:
        said = interrupted(folder, then, "cannot (write|go on)")
    finally:
        if os.getuid() == 0:
            os.seteuid(0)
        for each in [folder, *(p for p in folder.rglob("*") if p.is_dir())]:
            os.chmod(each, 0o755)
    assert "bugscope resume" in said
    kept = answered(folder)
    assert without_times(hunt(folder).report) == whole
    assert kept <= answered(folder)


@pytest.mark.parametrize("code", [errno.ENOSPC, pytest.param(errno.EDQUOT, marks=pytest.mark.slow)])
def test_a_full_disk_or_a_quota_stops_a_run_that_goes_on_later(tmp_path, whole, monkeypatch, code):
    folder = tmp_path / "r"
    with monkeypatch.context() as patch:

        def full(*_: Any, **__: Any):
            raise OSError(code, os.strerror(code))

        said = interrupted(folder, lambda: patch.setattr(blobs.tempfile, "mkstemp", full), os.strerror(code))
    assert "bugscope resume" in said
    kept = answered(folder)
    assert without_times(hunt(folder).report) == whole
    assert kept <= answered(folder)


def test_a_file_that_cannot_be_opened_now_is_not_lost(tmp_path, monkeypatch):
    with Store.create(tmp_path / "r", {}) as store:
        name = store.blobs.put(b"abc", ".png")
        for code in (errno.EMFILE, errno.EACCES, errno.ENOMEM):
            with monkeypatch.context() as patch:

                def refuse(*_: Any, code: int = code):
                    raise OSError(code, os.strerror(code))

                patch.setattr(blobs, "regular", refuse)
                with pytest.raises(StoreError, match=os.strerror(code)) as said:
                    store.blobs.get(name)
                assert not isinstance(said.value, blobs.Lost)
        assert store.blobs.get(name) == b"abc"


# --- moved and removed --------------------------------------------------------------------------------------------------


def test_a_folder_that_is_moved_while_a_hunt_runs_is_noticed_and_goes_on_where_it_is(tmp_path, whole):
    folder, moved = tmp_path / "r", tmp_path / "elsewhere"
    interrupted(folder, lambda: folder.rename(moved), "was moved or removed while it was in use")
    assert [p.name for p in tmp_path.iterdir()] == ["elsewhere"]
    kept = answered(moved)
    assert kept and without_times(hunt(moved).report) == whole
    assert kept <= answered(moved)


@pytest.mark.parametrize("again", [False, True])
def test_nothing_is_written_where_a_removed_folder_was(tmp_path, again):
    folder = tmp_path / "r"

    def then():
        shutil.rmtree(folder)
        if again:
            folder.mkdir()
            (folder / "thesis.tex").write_text("mine")

    interrupted(folder, then, "was moved or removed while it was in use")
    assert [str(p.relative_to(tmp_path)) for p in sorted(tmp_path.rglob("*"))] == (["r", "r/thesis.tex"] if again else [])


def test_a_database_that_is_replaced_while_a_hunt_runs_is_noticed(tmp_path):
    folder = tmp_path / "r"

    def then():
        shutil.copy(folder / "run.sqlite", folder / "copy")
        (folder / "copy").replace(folder / "run.sqlite")

    interrupted(folder, then, "was moved or removed while it was in use")


def test_a_fork_does_not_keep_the_lock_of_a_killed_parent(tmp_path):
    child = os.fork()
    if child == 0:
        os._exit(forked(tmp_path / "r"))
    assert os.waitpid(child, 0)[1] == 0


def forked(folder: Path) -> int:
    """0 if the folder can be written while a fork of its dead writer lives."""
    reader, writer = os.pipe()
    parent = os.fork()
    if parent == 0:
        Store.create(folder, {})
        if os.fork() == 0:
            os.read(reader, 1)  # until the test has looked
        os._exit(0)
    os.waitpid(parent, 0)
    try:
        with Store.create(folder, {}):
            return 0
    except StoreError:
        return 1
    finally:
        os.write(writer, b"x")


# --- reading ------------------------------------------------------------------------------------------------------------


def test_a_report_on_a_folder_that_cannot_be_written_goes_elsewhere_and_is_printed(tmp_path, monkeypatch, capsys):
    run = hunt(tmp_path / "r")

    def full(*_: Any, **__: Any):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(blobs.tempfile, "mkstemp", full)
    with pytest.raises(SystemExit) as stop:
        main(["report", str(run.path), "--html", str(tmp_path / "page.html")])
    out, err = capsys.readouterr()
    assert stop.value.code in (0, None)
    assert "confirmed bug" in out and "page.html" in out and "No space left on device" in err
    assert (tmp_path / "page.html").read_text().startswith("<!")
