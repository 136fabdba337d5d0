"""The cache on the command line: --cache with and without a folder, cache ls, cache prune."""

import json
import re

import pytest

import bugscope
from bugscope.app.cli import app
from bugscope.store.cache import Cache
from support.caches import ENTRY, GENERATOR, filled

SMALL = ("--budget", "40", "--explain-budget", "0", "--hypotheses", "1", "--quiet")


@pytest.fixture
def home(tmp_path, monkeypatch):
    """The user's own cache, and an empty working directory."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    return tmp_path / "cache" / "bugscope" / "pictures"


def pictures(folder):
    return sum(len(kept.items) for kept in Cache(folder).kept())


def test_alone_it_is_the_users_own_and_takes_no_label_away(home, said, on_world):
    code, out, err = said("hunt", "--cache", "mug", *SMALL, "--out", "r")
    assert (code, err) == (0, "") and "from the cache" not in out
    n = bugscope.load("r").report["images_generated"]
    assert pictures(home) == n
    code, out, _ = said("hunt", "mug", *SMALL, "--out", "r2", "--cache")
    assert code == 0 and f"{n} of {n} pictures came from the cache, and were not generated or paid again." in out
    assert bugscope.load("r2").report["cache"]["images"] == n


@pytest.mark.parametrize("word", ["9" * 5000, "a\0b"])
def test_a_word_that_no_file_can_have_for_a_name_is_a_label(home, said, on_world, word):
    code, _, err = said("hunt", "--cache", word, *SMALL, "--out", "r")
    assert code == 2 and "unknown label" in err and "Traceback" not in err and len(err) < 1500


@pytest.mark.parametrize("spelled", [("--cache", "./c"), ("--cache=c",), ("--cache", "c/"), ("--cache", "c")])
def test_a_folder_may_follow(home, said, on_world, tmp_path, spelled):
    if spelled == ("--cache", "c"):  # a bare word is a folder only if it is a cache already
        filled(tmp_path / "work" / "c")
    assert said("hunt", *spelled, "mug", *SMALL, "--out", "r")[0] == 0
    assert pictures(tmp_path / "work" / "c") >= 40 and not home.exists()


def test_a_config_file_may_state_it(home, said, on_world, tmp_path):
    for line, where in (("cache: true", home), ("cache: auto", home), ("cache: shared", tmp_path / "work" / "shared")):
        (tmp_path / "work" / "c.yaml").write_text(line)
        assert said("hunt", "mug", *SMALL, "--config", "c.yaml", "--out", f"r-{line[7:]}")[0] == 0
        assert pictures(where) >= 40
    assert "cache:" not in (tmp_path / "work" / "r-auto" / "config.yaml").read_text()


@pytest.mark.parametrize(
    ("option", "message"),
    [
        ("--cache=", "option cache is ''; it must be a folder, auto or none"),
        ("--cache=photos", "'photos' holds other files and is no cache of pictures; choose another --cache"),
        ("--cache=photos/a.jpg", "is a file; choose a folder for the cache"),
    ],
)
def test_what_is_no_cache_is_a_sentence_and_nothing_is_made(home, said, on_world, tmp_path, option, message):
    (tmp_path / "work" / "photos").mkdir()
    (tmp_path / "work" / "photos" / "a.jpg").write_bytes(b"x")
    code, out, err = said("hunt", "mug", *SMALL, "--out", "r", option)
    assert (code, out) == (2, "") and message in err and len(err.splitlines()) == 1
    assert not (tmp_path / "work" / "r").exists()


def test_progress_says_how_many_and_why_not(home, said, on_world, roles):
    said("hunt", "mug", *SMALL[:-1], "--out", "a", "--cache")
    _, _, err = said("hunt", "mug", *SMALL[:-1], "--out", "b", "--cache")
    assert re.search(r"done: \d+ of \d+ pictures, (\d+) from the cache", err)
    folder = home / Cache(home).kept()[0].key
    folder.rename(home / "elsewhere")
    folder.symlink_to(home / "elsewhere")
    _, out, err = said("hunt", "mug", *SMALL[:-1], "--out", "c", "--cache")
    assert err.count("the cache is not used any more, and the run goes on without it: ") == 1
    assert out.count("The cache is not used any more, and the run goes on without it: ") == 1


# --- ls and prune -----------------------------------------------------------------------------------------------------------


def test_an_empty_cache_is_said_to_be_empty(home, said):
    code, out, _ = said("cache", "ls")
    assert code == 0 and out.startswith("no pictures are cached in ")
    code, out, _ = said("cache", "ls", "--json")
    assert json.loads(out) == {"folder": str(home), "pictures": 0, "bytes": 0, "generators": []}


def test_ls_lists_generators(home, said, tmp_path):
    _, path = filled(home)
    Cache(home).of({**GENERATOR, "id": "evil\x1b]0;x\x07[bold]/2"}).put("a mug", 2, ENTRY)
    code, out, _ = said("cache", "ls")
    assert code == 0 and "\x1b" not in out and "[bold]" in out
    assert re.search(rf"toy/1 +{path.parent.parent.name[:8]} +1 +\d+ B +now +now", out)
    assert "2 pictures, " in out.splitlines()[-1] or "2 pictures, " in out
    found = json.loads(said("cache", "ls", home, "--json")[1])
    assert (found["pictures"], sorted(g["pictures"] for g in found["generators"])) == (2, [1, 1])
    assert {"generator", "key", "pictures", "bytes", "oldest", "last_used"} == set(found["generators"][0])


def test_prune_needs_a_condition_and_may_only_say_what_it_would_do(home, said):
    filled(home)
    code, _, err = said("cache", "prune")
    assert code == 2 and "say what to delete: --older-than 30d" in err
    code, out, _ = said("cache", "prune", "--generator", "toy/1", "--dry-run")
    assert code == 0 and "1 picture (" in out and ") would be deleted in " in out and pictures(home) == 1
    code, out, _ = said("cache", "prune", "--older-than", "30d", "--json")
    assert json.loads(out)["deleted"]["pictures"] == 0 and pictures(home) == 1
    code, out, _ = said("cache", "prune", "--max-size", "0GB")
    assert code == 0 and ") were deleted in " in out and out.rstrip().endswith("; 0 (0 B) stay") and pictures(home) == 0


def test_prune_refuses_a_folder_that_is_no_cache(said, tmp_path):
    (tmp_path / "thesis.tex").write_text("x")
    code, _, err = said("cache", "prune", tmp_path, "--older-than", "0s")
    assert code == 2 and "is no cache of pictures" in err and (tmp_path / "thesis.tex").exists()


@pytest.mark.parametrize("name", ["ls", "prune"])
def test_its_help_is_whole(said, name):
    _, out, _ = said("--help")
    assert re.search(r"cache +List or prune the pictures that runs share", out)
    code, out, _ = said("cache", name, "--help")
    assert code == 0 and out.count("FOLDER") >= 1
    (group,) = app.registered_groups
    assert group.name == "cache"
