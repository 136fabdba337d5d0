"""Hunts that share pictures, and what becomes of the folder that holds them."""

import json
import os
import sqlite3
import time
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

import bugscope
from bugscope.core.errors import SpecError, StoreError
from bugscope.core.records import Usage
from bugscope.store.cache import Cache
from bugscope.testing import World
from bugscope.workflows import cache
from bugscope.workflows.progress import Progress
from support.caches import ENTRY, GENERATOR
from support.runs import without_times

LABELS = ("mug",)
SIZE = {"budget": 60, "explain_budget": 0, "hypotheses": 2}


def world(**changes):
    return World(**{"labels": LABELS, "planted": {"snow": 0.95, "above": 0.9}, "prior": 0.05, **changes})


class Counted:
    """A world's generator that counts what it draws, at a price."""

    repeats, priced = True, True

    def __init__(self, id="counted/1", made=None):
        self.id, self.world, self.usage = id, made or world(), Usage()
        self.admissible = self.world.roles()["generator"].admissible

    def __call__(self, prompts, seeds):
        self.usage += (len(prompts), 0, 0, len(prompts), 0.04 * len(prompts))
        return self.world.generator(prompts, seeds)

    @property
    def drawn(self):
        return self.usage.images


def hunted(folder, shared, generator, heard=None, target=None, **options):
    roles = world().roles() | {"generator": generator} | ({"target": target} if target else {})
    progress = None if heard is None else heard.append
    return bugscope.hunt(LABELS, folder, cache=shared, progress=progress, **{**SIZE, **roles, **options})


def plain(report):
    """Without times and costs, and what is said of the cache."""
    return {k: v for k, v in without_times(report).items() if k not in ("cache", "usage")}


# --- hunts ------------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def twice(tmp_path_factory):
    """The same hunt without a cache, with an empty one, and with a full one; the generators, and what was heard of the last."""
    folder = tmp_path_factory.mktemp("twice")
    makers, heard = [Counted() for _ in range(3)], []
    alone = hunted(folder / "alone", False, makers[0])
    first = hunted(folder / "first", folder / "shared", makers[1])
    second = hunted(folder / "second", folder / "shared", makers[2], heard)
    return (alone, first, second), makers, heard, folder


def test_a_second_hunt_draws_and_pays_nothing_and_reports_the_same(twice):
    (alone, first, second), makers, _, _ = twice
    n = alone.report["images_generated"]
    assert [g.drawn for g in makers] == [n, n, 0]
    assert plain(second.report) == plain(first.report) == plain(alone.report)
    assert second.report["usage"]["cost"] == 0
    assert first.report["cache"] == alone.report["cache"] == {"images": 0, "sentence": "", "notice": ""}
    assert second.report["cache"] == {
        "images": n,
        "sentence": f"{n} of {n} pictures came from the cache, and were not generated or paid again",
        "notice": "",
    }
    assert f"{n} of {n} pictures came from the cache" in (second.path / "report.html").read_text()


def test_progress_counts_pictures_from_the_cache(twice):
    (_, _, second), _, heard, _ = twice
    assert heard[-1].stage == "done" and heard[-1].cached == heard[-1].images == second.report["images_generated"]
    counts = [now.cached for now in heard if isinstance(now, Progress)]
    assert counts == sorted(counts) and len(set(counts)) > 3


def test_another_target_gets_the_same_pictures(twice, tmp_path):
    _, _, _, folder = twice
    maker = Counted()
    target = world(planted={"fog": 0.9}).roles()["target"]
    target.id = "world/retrained"
    found = hunted(tmp_path / "r", folder / "shared", maker, target=target)
    assert maker.drawn + found.report["cache"]["images"] == found.report["images_generated"]
    assert found.report["cache"]["images"] >= 20, "plain pictures and the first designs do not depend on the target"
    assert plain(found.report) == plain(hunted(tmp_path / "alone", False, Counted(), target=target).report)


def test_another_version_of_the_generator_gets_none(twice, tmp_path):
    _, _, _, folder = twice
    maker = Counted("counted/2", world(prior=0.5))
    assert hunted(tmp_path / "r", folder / "shared", maker).report["cache"]["images"] == 0
    assert maker.drawn


def test_a_cap_on_costs_is_no_obstacle_to_pictures_that_are_there(twice, tmp_path):
    _, _, _, folder = twice
    found = hunted(tmp_path / "r", folder / "shared", Counted(), max_cost=0.01)
    assert found.report["finished"] and found.report["stopped"] is None


def test_no_picture_counts_twice(twice):
    (_, _, second), _, _, _ = twice
    rows = second.samples()
    drawn = rows[rows["purpose"] != "explain"]
    assert not drawn.duplicated(["prompt", "image"]).any()
    assert not rows.duplicated(["prompt", "purpose", "seed"]).any()


def test_the_folder_of_the_cache_is_not_written_into_the_run(twice):
    (_, _, second), _, _, folder = twice
    for file in second.path.rglob("*"):
        if file.is_file():
            assert str(folder / "shared").encode() not in file.read_bytes(), file


def test_a_run_that_goes_on_may_have_another_cache_or_none(tmp_path):
    dying = Counted(made=world(die_after=2))
    with pytest.raises(KeyboardInterrupt):
        hunted(tmp_path / "r", tmp_path / "c", dying)
    kept = dying.drawn - 16  # a call that is interrupted gives nothing
    assert Cache(tmp_path / "c").kept()[0].items
    assert hunted(tmp_path / "r", "none", maker := Counted()).report["finished"]
    other = Counted()
    again = hunted(tmp_path / "other", tmp_path / "c", other)
    assert again.report["cache"]["images"] >= kept - 16 and maker.drawn and plain(again.report)


@pytest.mark.slow
def test_probe_explain_and_replay_take_from_the_cache_too(tmp_path):
    shared = tmp_path / "c"
    for drawing in (True, False):
        folder, maker = tmp_path / str(drawing), Counted()
        roles = world().roles() | {"generator": maker}
        run = hunted(folder / "hunt", shared, maker, budget=120)
        bugscope.probe("a photo of a mug on sand", out=folder / "probe", n=8, cache=shared, **roles)
        bugscope.explain(run, [run.bugs[0].number], pairs=4, budget=60, cache=shared, **roles)
        better = world(planted={}).roles()["target"]
        better.id = "world/better"
        bugscope.replay(run, better, fresh=6, cache=shared, generator=maker, judge=roles["judge"])
        assert bool(maker.drawn) is drawing
    with pytest.raises(StoreError, match="no cache of pictures"):
        bugscope.resume(run, cache=folder)


def test_a_run_folder_cannot_name_a_cache(tmp_path):
    maker, theirs = Counted(), tmp_path / "theirs"
    run = hunted(tmp_path / "r", False, maker, budget=120)
    with sqlite3.connect(run.path / "run.sqlite") as db:
        (text,) = db.execute("select value from meta where name='identity'").fetchone()
        identity = json.loads(text)
        identity["options"] |= {"cache": str(theirs), "cache_all": True}
        db.execute("update meta set value=?, sum=null where name='identity'", (json.dumps(identity),))
    better = world(planted={}).roles()["target"]
    better.id = "world/better"
    drawn = maker.drawn
    bugscope.replay(run, better, fresh=4, generator=maker, judge=world().roles()["judge"])
    assert maker.drawn > drawn
    with suppress(StoreError):  # it holds another run, as far as that goes
        bugscope.explain(run, pairs=4, budget=60, **world().roles() | {"generator": maker})
    assert not theirs.exists()


def test_a_folder_that_is_no_cache_is_told_before_anything_is_made(tmp_path):
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "a.jpg").write_bytes(b"")
    with pytest.raises(StoreError, match="holds other files and is no cache of pictures"):
        hunted(tmp_path / "r", tmp_path / "photos", Counted())
    assert not (tmp_path / "r").exists() and os.listdir(tmp_path / "photos") == ["a.jpg"]


def test_why_a_cache_is_not_used_is_told_once_and_stays_in_the_report(tmp_path):
    maker, heard = Counted(), []
    maker.repeats = False
    found = hunted(tmp_path / "r", tmp_path / "c", maker, heard)
    (notice,) = {now.notice for now in heard} - {""}
    assert notice == found.report["cache"]["notice"] and "does not state" in notice
    assert json.loads((found.path / "report.json").read_text())["cache"]["notice"] == notice


# --- listing and pruning ------------------------------------------------------------------------------------------------------


@pytest.fixture
def shared(tmp_path):
    """Two generators: three pictures unused for 1, 2 and 3 days, and one unused for 10."""
    folder, now = tmp_path / "c", time.time()
    for id, days in (("toy/1", (1, 2, 3)), ("toy/2?size=9", (10,))):
        drawer = Cache(folder).of({**GENERATOR, "id": id})
        for day in days:
            drawer.put("a mug", day, ENTRY)
    for kept in Cache(folder).kept():
        for item, days in zip(kept.items, (1, 2, 3) if kept.id == "toy/1" else (10,), strict=True):
            os.utime(item.path, (now - days * 86_400, now - days * 86_400))
    return folder


def days(found):
    now = time.time()
    return {kept.id: sorted(round((now - item.used) / 86_400) for item in kept.items) for kept in found.generators}


@pytest.mark.parametrize(
    ("conditions", "left"),
    [
        ({"older_than": "36h"}, {"toy/1": [1]}),
        ({"older_than": "30d"}, {"toy/1": [1, 2, 3], "toy/2?size=9": [10]}),
        ({"older_than": "0s"}, {}),
        ({"generator": "toy/2"}, {"toy/1": [1, 2, 3]}),
        ({"generator": "toy/2?size=9"}, {"toy/1": [1, 2, 3]}),
        ({"generator": "toy/1", "older_than": "60h"}, {"toy/1": [1, 2], "toy/2?size=9": [10]}),
        ({"max_size": "0 B"}, {}),
        ({"max_size": "1 GB"}, {"toy/1": [1, 2, 3], "toy/2?size=9": [10]}),
        ({"max_size": "TWO"}, {"toy/1": [1, 2]}),
        ({"max_size": "TWO", "older_than": "36h"}, {"toy/1": [1]}),
        ({"max_size": "TWO", "generator": "toy/1"}, {"toy/1": [1, 2], "toy/2?size=9": [10]}),
    ],
)
def test_pruning_deletes_what_the_conditions_say_and_no_more(shared, conditions, left):
    size = cache.contents(shared).generators[0].items[0].size
    conditions = {k: f"{2 * size} B" if v == "TWO" else v for k, v in conditions.items()}
    before = cache.contents(shared)
    tried = cache.prune(shared, dry_run=True, **conditions)
    assert cache.contents(shared) == before
    done = cache.prune(shared, **conditions)
    assert days(cache.contents(shared)) == days(done.left) == left
    assert tried == done and done.deleted.pictures + done.left.pictures == 4
    assert done.deleted.size + done.left.size == before.size


def test_a_generator_is_also_known_by_its_key(shared):
    key = next(kept.key for kept in cache.contents(shared).generators if kept.id == "toy/1")
    with pytest.raises(SpecError, match="unknown generator of the cache 'toy/3'. Did you mean 'toy/1'"):
        cache.prune(shared, generator="toy/3")
    assert days(cache.prune(shared, generator=key[:8]).left) == {"toy/2?size=9": [10]}


def test_pruning_without_a_condition_asks_for_one(shared):
    with pytest.raises(SpecError, match="say what to delete: --older-than"):
        cache.prune(shared)
    assert cache.contents(shared).pictures == 4


@pytest.mark.parametrize("text", ["30", "d", "-3d", "30 years", "1e3d", "", " ", "٣d", "nan d"])
def test_what_is_no_age_is_refused(shared, text):
    with pytest.raises(SpecError, match=r"option older-than|say what to delete"):
        cache.prune(shared, older_than=text)
    with pytest.raises(SpecError, match="such as 30d"):
        cache.age_in_seconds(text)


@pytest.mark.parametrize("text", ["10", "GB", "-1GB", "10 bytes", "1e9B", ""])
def test_what_is_no_size_is_refused(text):
    with pytest.raises(SpecError, match="such as 10GB"):
        cache.size_in_bytes(text)


@given(st.integers(0, 10**15))
def test_a_size_is_read_as_it_is_written(n):
    assert cache.size_in_bytes(f"{n} B") == n
    assert cache.size_in_bytes(cache.shown_size(n).replace(",", "")) == pytest.approx(n, rel=0.005)
    assert cache.size_in_bytes("1.5GiB") == 3 * 2**29 and cache.size_in_bytes("2gb") == 2 * 10**9


@given(st.integers(0, 10**6), st.sampled_from("smhdw"))
def test_an_age_is_read_as_it_is_written(n, unit):
    assert cache.age_in_seconds(f"{n}{unit}") == n * {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}[unit]


def test_a_cache_that_is_not_there_holds_nothing(tmp_path):
    assert cache.contents(tmp_path / "none").pictures == 0
    assert cache.prune(tmp_path / "none", older_than="1d").deleted.pictures == 0
    assert not (tmp_path / "none").exists()
