"""Bytes under the hash of their own."""

from hashlib import sha256

import pytest

from bugscope.core.errors import StoreError
from bugscope.store.blobs import Files


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


def test_a_name_never_leads_out_of_the_folder(tmp_path):
    (tmp_path / "secret").write_bytes(b"mine")
    blobs = Files(tmp_path / "run")
    for name in ("../secret", str(tmp_path / "secret"), "images/../../secret"):
        with pytest.raises(StoreError, match="outside its folder"):
            blobs.get(name)


@pytest.mark.parametrize("name", ["images/ab/none.png", "nowhere", "x" * 300, "a\0b"])
def test_what_is_not_there_is_said(tmp_path, name):
    blobs = Files(tmp_path)
    with pytest.raises(StoreError, match="lacks the (picture|file)"):
        blobs.get(name)


def test_a_name_may_get_other_bytes_whole_and_leaves_no_crumbs(tmp_path):
    blobs = Files(tmp_path)
    for data in (b"old", b"new" * 10_000, b""):
        blobs.replace("deep/er/file", data)
        assert blobs.get("deep/er/file") == data
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
