"""Bytes under the hash of their own."""

import os
from hashlib import sha256

import pytest

from bugscope.core.errors import StoreError
from bugscope.store.blobs import Files, Layered, Lost


def test_bytes_come_back_under_the_name_of_their_content(tmp_path):
    blobs = Files(tmp_path)
    for suffix, folder in ((".png", "images"), (".webp", "images"), (".npy", "files"), (".wav", "files")):
        name = blobs.put(b"some bytes", suffix)
        digest = sha256(b"some bytes").hexdigest()
        assert name == f"{folder}/{digest[:2]}/{digest}{suffix}"
        assert blobs.has(name) and blobs.get(name) == b"some bytes"
    assert blobs.put(b"other bytes", ".png") != blobs.put(b"some bytes", ".png")


def test_what_is_there_is_not_written_again(tmp_path):
    blobs = Files(tmp_path)
    file = tmp_path / blobs.put(b"x", ".png")
    before = file.stat().st_mtime_ns, file.stat().st_ino
    assert tmp_path / blobs.put(b"x", ".png") == file
    assert (file.stat().st_mtime_ns, file.stat().st_ino) == before


GONE = f"images/ab/{'ab' * 32}.png"


@pytest.mark.parametrize(
    "name",
    ["../secret", "/etc/passwd", "images/../../secret", "run.sqlite", ".lock", "nowhere", "x" * 300, "a\0b", "",
     "images/ab/none.png", GONE + "\n", GONE.upper(), f"images/ab/{'ab' * 32}.png/../../../secret",
     f"images\\ab\\{'ab' * 32}.png", f"images/ab/{'ab' * 32}"],
)  # fmt: skip
def test_only_what_looks_like_a_name_is_ever_looked_up(tmp_path, name):
    (tmp_path / "secret").write_bytes(b"mine")
    blobs = Files(tmp_path / "run")
    for ask in (blobs.get, blobs.has, blobs.path, Layered(blobs, blobs).get):
        with pytest.raises(StoreError, match="names a picture outside its folder"):
            ask(name)


def test_what_is_not_there_is_said(tmp_path):
    blobs = Files(tmp_path)
    for name, what in ((GONE, "picture"), (GONE.replace("images", "files").replace("png", "npy"), "file")):
        assert not blobs.has(name)
        with pytest.raises(Lost, match=f"lacks the {what} {name}: No such file"):
            blobs.get(name)


@pytest.mark.parametrize(("left", "what"), [(b"", "empty"), (b"some byte", "damaged"), (b"sOme bytes", "damaged")])
def test_a_blob_that_is_not_what_it_was_is_found_and_can_be_put_back(tmp_path, left, what):
    blobs = Files(tmp_path)
    name = blobs.put(b"some bytes", ".png")
    blobs.path(name).write_bytes(left)
    assert blobs.has(name) == bool(left)
    with pytest.raises(Lost, match=f"lacks the picture {name}: the file is {what}"):
        blobs.get(name)
    assert blobs.put(b"some bytes", ".png") == name and blobs.get(name) == b"some bytes"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="pipes as on Unix")
@pytest.mark.parametrize("make", ["mkfifo", "mkdir"])
def test_what_is_no_file_is_missing_and_never_waited_for(tmp_path, make):
    files = Files(tmp_path)
    name = files.put(b"whole", ".png")
    (tmp_path / name).unlink()
    getattr(os, make)(tmp_path / name)
    assert not files.has(name)
    with pytest.raises(Lost, match="lacks the picture"):
        files.get(name)


def test_a_name_may_get_other_bytes_whole_and_leaves_no_crumbs(tmp_path):
    blobs = Files(tmp_path)
    for data in (b"old", b"new" * 10_000, b""):
        blobs.replace("deep/er/file", data)
        assert (tmp_path / "deep/er/file").read_bytes() == data
    assert [p.name for p in (tmp_path / "deep/er").iterdir()] == ["file"]
    with pytest.raises(StoreError, match="cannot write '.*deep'"):
        blobs.replace("deep", b"a folder is there")
    assert sorted(p.name for p in tmp_path.rglob("*")) == ["deep", "er", "file"]


def test_crumbs_of_a_killed_writer_are_taken_away_and_nothing_else(tmp_path):
    blobs = Files(tmp_path)
    kept = [blobs.put(b"x", ".png"), blobs.put(b"x", ".npy")]
    for name in kept:
        (tmp_path / name).with_name("half.tmp").write_bytes(b"half")
    (tmp_path / "mine.tmp").write_bytes(b"not ours")
    blobs.crumbs()
    assert sorted(p.name for p in tmp_path.rglob("*.tmp")) == ["mine.tmp"] and all(map(blobs.has, kept))
