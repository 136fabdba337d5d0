"""The cache of pictures: whole entries or none, whoever writes at the same time, and nothing else is touched."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bugscope.core.errors import StoreError
from bugscope.store.cache import LARGEST, Cache, Entry
from support.caches import ENTRY, GENERATOR, filled, whole

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False)
    | st.text("aß\n😀", max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("ab", max_size=2), inner, max_size=3),
    max_leaves=6,
)  # fmt: skip
TRUTH = {"label": "mug", "others": ["pot"], "boxes": [["mug", 0.0, 0.1, 0.5, 1.0]], "regions": None, "answer": ""}
PROMPT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
SEED = st.integers(0, 2**31 - 1)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    PROMPT,
    SEED,
    st.binary(max_size=200),
    st.dictionaries(st.text("ab", max_size=2), JSON, max_size=3),
    st.sampled_from([None, TRUTH]),
    st.none() | st.binary(max_size=50),
)
def test_what_is_put_comes_back_and_nothing_else_does(tmp_path, prompt, seed, content, info, truth, regions):
    drawer = Cache(tmp_path / "c").of(GENERATOR)
    entry = Entry(content, info, truth, regions)
    drawer.put(prompt, seed, entry)
    assert Cache(tmp_path / "c").of(GENERATOR).get(prompt, seed) == entry
    assert drawer.get(prompt, (seed + 1) % 2**31) is None
    assert drawer.get(prompt + "x", seed) is None
    assert Cache(tmp_path / "c").of({**GENERATOR, "id": "another"}).get(prompt, seed) is None
    drawer.discard(prompt, seed)


@settings(max_examples=40)
@given(st.data())
def test_a_damaged_entry_is_none_and_is_removed(tmp_path_factory, data):
    drawer, path = filled(tmp_path_factory.mktemp("c"))
    whole = path.read_bytes()
    place = data.draw(st.integers(0, len(whole) - 1))
    how = data.draw(st.sampled_from(["flip", "cut", "longer", "empty"]))
    damaged = {
        "flip": whole[:place] + bytes([whole[place] ^ data.draw(st.integers(1, 255))]) + whole[place + 1 :],
        "cut": whole[:place],
        "longer": whole + b"\0",
        "empty": b"",
    }[how]
    path.write_bytes(damaged)
    assert drawer.get("a mug", 1) is None
    assert not path.exists()


def test_an_entry_under_another_name_is_none(tmp_path):
    drawer, path = filled(tmp_path)
    drawer.put("a pot", 2, ENTRY)
    other = next(p for p in tmp_path.rglob("*.entry") if p != path)
    os.replace(path, other)
    assert drawer.get("a pot", 2) is None
    assert not other.exists()


@pytest.mark.parametrize("what", ["link", "pipe", "folder", "huge"])
def test_only_regular_files_of_some_size_are_read(tmp_path, what):
    drawer, path = filled(tmp_path / "c")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.write_bytes(path.read_bytes())
    path.unlink()
    if what == "link":
        path.symlink_to(elsewhere)
    elif what == "pipe":
        os.mkfifo(path)
    elif what == "folder":
        path.mkdir()
    else:
        with path.open("wb") as file:
            file.truncate(LARGEST + 1)
    assert drawer.get("a mug", 1) is None
    assert elsewhere.exists()
    assert path.exists() == (what == "folder")


def test_a_folder_in_the_cache_that_is_a_link_is_not_followed(tmp_path):
    drawer, path = filled(tmp_path / "c")
    elsewhere = tmp_path / "elsewhere"
    os.replace(path.parent, elsewhere)
    path.parent.symlink_to(elsewhere)
    for use in (lambda: drawer.get("a mug", 1), lambda: drawer.put("a mug", 1, ENTRY)):
        with pytest.raises(StoreError, match="link"):
            use()
    assert not [item for kept in Cache(tmp_path / "c").kept() for item in kept.items]
    Cache(tmp_path / "c").delete([])
    assert list(elsewhere.iterdir())


# --- whose folder it is ---------------------------------------------------------------------------------------------------


def test_a_cache_appears_with_its_first_picture(tmp_path):
    cache = Cache(tmp_path / "a" / "c")
    assert cache.of(GENERATOR).get("a mug", 1) is None
    assert cache.kept() == []
    assert not (tmp_path / "a").exists()
    cache.of(GENERATOR).put("a mug", 1, ENTRY)
    assert json.loads((tmp_path / "a" / "c" / "bugscope-cache.json").read_text()) == {"schema": 1}


@pytest.mark.parametrize("mark", [None, "", "[]", '{"schema": 2}', "{" * 9999])
def test_a_folder_of_something_else_is_refused(tmp_path, mark):
    (tmp_path / "thesis.tex").write_text("x")
    if mark is not None:
        (tmp_path / "bugscope-cache.json").write_text(mark)
    with pytest.raises(StoreError, match="is no cache of pictures" if mark is None else "has schema"):
        Cache(tmp_path)
    assert (tmp_path / "thesis.tex").exists()


def test_a_file_is_refused_and_an_empty_folder_is_not(tmp_path):
    (tmp_path / "f").write_text("x")
    with pytest.raises(StoreError, match="is a file"):
        Cache(tmp_path / "f")
    (tmp_path / "e").mkdir()
    (tmp_path / "e" / ".gitkeep").write_text("")
    filled(tmp_path / "e")


# --- listing and deleting -------------------------------------------------------------------------------------------------


def test_only_what_a_cache_made_is_listed_and_deleted(tmp_path):
    _, path = filled(tmp_path)
    foreign = [
        tmp_path / "notes.txt",
        path.parent / "holiday.png",
        path.with_suffix(".bak"),
        path.parent.parent / "zz" / "x.entry",
    ]
    for file in foreign:
        file.parent.mkdir(exist_ok=True)
        file.write_text("mine")
    fresh, stale = (path.parent / f"tmpabcdef{i}.tmp".replace("f", "ff") for i in "01")
    for crumb in (fresh, stale):
        crumb.write_text("half")
    os.utime(stale, (0, time.time() - 7200))
    (kept,) = Cache(tmp_path).kept()
    assert (kept.id, [item.path for item in kept.items]) == ("toy/1", [path])
    Cache(tmp_path).delete(kept.items)
    assert not path.exists() and not stale.exists()
    assert fresh.exists() and all(file.read_text() == "mine" for file in foreign)


def test_an_emptied_cache_is_tidy_and_takes_pictures_again(tmp_path):
    drawer, _ = filled(tmp_path)
    cache = Cache(tmp_path)
    cache.delete([item for kept in cache.kept() for item in kept.items])
    assert [p.name for p in tmp_path.iterdir()] == ["bugscope-cache.json"]
    drawer.put("a mug", 1, ENTRY)
    assert Cache(tmp_path).kept()[0].id == "toy/1"


def test_reading_counts_as_use_and_does_not_make_a_picture_younger(tmp_path):
    drawer, path = filled(tmp_path)
    os.utime(path, (1000.0, 500.0))
    (before,) = Cache(tmp_path).kept()[0].items
    assert (before.made, before.used) == (500.0, 1000.0)
    began = time.time()
    assert drawer.get("a mug", 1) == ENTRY
    (after,) = Cache(tmp_path).kept()[0].items
    assert after.made == 500.0 and after.used >= began - 1


# --- several writers, and writers that are killed ---------------------------------------------------------------------------

WRITER = """
import os, sys, pathlib
os.fsync = lambda file: None
from support.caches import write
write(pathlib.Path(sys.argv[1]), sys.argv[2].encode(), int(sys.argv[3]))
"""


def writer(folder: Path, mark: str, n: int) -> "subprocess.Popen[bytes]":
    path = os.pathsep.join([str(Path(__file__).parent.parent), *filter(None, [os.environ.get("PYTHONPATH")])])
    return subprocess.Popen(
        [sys.executable, "-c", WRITER, str(folder), mark, str(n)],
        env={**os.environ, "PYTHONPATH": path},
        stdout=subprocess.PIPE,
    )


def test_two_processes_that_write_the_same_keys_leave_whole_entries(tmp_path):
    folder = tmp_path / "c"
    writers = [writer(folder, mark, 200) for mark in "xy"]
    seen = set()
    while any(w.poll() is None for w in writers):
        seen |= whole(folder)
        time.sleep(0.02)
    assert [w.wait() for w in writers] == [0, 0]
    for w in writers:
        assert w.stdout is not None
        w.stdout.close()
    assert seen <= {b"x", b"y"}
    (kept,) = Cache(folder).kept()
    assert len(kept.items) == 50 and whole(folder) <= {b"x", b"y"}
    assert not list(folder.rglob("*.tmp"))


def test_a_writer_killed_midway_leaves_whole_entries_or_none(tmp_path):
    folder = tmp_path / "c"
    for delay in (0.0, 0.02):
        killed = writer(folder, "x", 10**6)
        assert killed.stdout is not None
        killed.stdout.read(1)  # it has begun to write
        time.sleep(delay)
        killed.send_signal(signal.SIGKILL)
        killed.wait()
        killed.stdout.close()
        before = sum(len(kept.items) for kept in Cache(folder).kept())
        assert before and whole(folder) == {b"x"}
        assert sum(len(kept.items) for kept in Cache(folder).kept()) == before, "a killed writer left a damaged entry"
