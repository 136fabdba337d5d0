"""Lost pictures: no command ends because of one. It is drawn again where that gives the same one, else it is left out."""

import shutil
import sqlite3

import pytest

import bugscope
from bugscope.core.errors import BugscopeError, StoreError
from bugscope.store.album import Album
from bugscope.store.folder import Store
from support.runs import copied, without_times
from support.worlds import planted

SMALL = {"budget": 240, "explain_budget": 120}


def world(**changes):
    return planted(labels=("mug",), **changes)


def forgetful():
    """Its generator makes another picture each time."""
    made = world()
    draw, times = made.draw, iter(range(10**9))
    made.draw = lambda prompt, seed: draw(prompt, seed + 1000 * next(times))
    return made


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return bugscope.hunt("mug", tmp_path_factory.mktemp("runs") / "r", **SMALL, **world().roles())


def damage(folder, step=3):
    """Every third picture is gone, empty or changed in one bit, in turn."""
    hit = sorted(folder.glob("images/*/*.png"))[::step]
    for i, file in enumerate(hit):
        data = file.read_bytes()
        file.unlink()
        if i % 3:
            file.write_bytes(b"" if i % 3 == 1 else data[:-9] + bytes([data[-9] ^ 1]) + data[-8:])
    return hit


def test_a_run_that_lost_pictures_goes_on_to_the_same_report(tmp_path, run):
    with pytest.raises(KeyboardInterrupt):
        bugscope.hunt("mug", tmp_path / "r", **SMALL, **world(die_after=9).roles())
    assert damage(tmp_path / "r")
    done = bugscope.hunt("mug", tmp_path / "r", **SMALL, **world().roles())
    assert without_times(done.report) == without_times(run.report)


@pytest.mark.slow
def test_missing_pictures_of_a_finished_run_are_drawn_again(tmp_path, run):
    folder = copied(run, tmp_path / "r")
    names = {p.relative_to(folder): p.read_bytes() for p in folder.glob("images/*/*.png")}
    for name in list(names)[::3]:
        (folder / name).unlink()
    bugscope.hunt("mug", folder, **SMALL, **world().roles())
    assert {p.relative_to(folder): p.read_bytes() for p in folder.glob("images/*/*.png")} == names


def test_what_cannot_be_drawn_again_is_left_out_and_the_run_goes_on(tmp_path):
    with pytest.raises(KeyboardInterrupt):
        made = forgetful()
        made.die_after = 9
        bugscope.hunt("mug", tmp_path / "r", **SMALL, **made.roles())
    # one that has been seen by all models, and one that the run has still to show to a target
    damage(tmp_path / "r", step=1)
    with Store.open(tmp_path / "r") as store:
        keys = [s.key for s in store.samples()]
    db = sqlite3.connect(tmp_path / "r" / "run.sqlite")
    db.execute("delete from answers where role='target' and key in (?, ?)", keys[:2])
    db.commit()
    db.close()
    bugscope.hunt("mug", tmp_path / "r", **SMALL, **forgetful().roles())
    with Store.open(tmp_path / "r") as store:
        shots = {x.key: x for x in Album(store).all()}
        reasons = store.notes("error")
    for key in keys[:2]:
        assert shots[key].status == "error" and "it was not drawn again as it was" in reasons[key]["reason"]


@pytest.mark.parametrize("step", [1, 2])
def test_no_command_ends_because_of_lost_pictures(tmp_path, run, step):
    folder = tmp_path / "r"
    shutil.copytree(run.path, folder)
    damage(folder, step)
    page = bugscope.load(folder).write_report().read_text()
    assert "picture missing" in page
    assert bugscope.load(folder).samples() is not None and bugscope.load(folder).bugs
    other = world(planted={"snow": 0.2}).roles()["target"]
    other.id = "world/other"
    replayed = bugscope.replay(folder, other)
    assert replayed.page() and replayed.report["unanswered"] > 0
    if step == 1:
        with pytest.raises(BugscopeError):
            bugscope.dataset(folder, tmp_path / "set")
    else:
        assert bugscope.dataset(folder, tmp_path / "set").counts["lost"]
    assert bugscope.transfer(folder, [other])
    bugscope.explain(folder, 1, pairs=6, budget=60, **world().roles())
    assert bugscope.hunt("mug", folder, **SMALL, **world().roles()).report["finished"]


def test_a_picture_whose_name_leads_outside_is_no_lost_one(tmp_path, run):
    with Store.open(run.path) as store, pytest.raises(StoreError, match="outside its folder"):
        store.blobs.get("../secret.png")
