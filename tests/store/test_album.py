"""The stored pictures of a run, with what became of them."""

import pytest

import bugscope
from bugscope.core.records import Status
from bugscope.store.album import PURPOSES, Album, distinct
from bugscope.store.folder import Store
from bugscope.testing import World


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    world = World(labels=("mug", "pot"), planted={"snow": 0.95}, prior=0.05, spurious={"snow": 0.9})
    return bugscope.hunt(("mug", "pot"), tmp_path_factory.mktemp("runs") / "run", budget=240, explain_budget=0, **world.roles())


@pytest.fixture
def album(run):
    with Store.open(run.path) as store:
        yield Album(store)


def test_every_sample_is_in_one_stream_in_order_of_replicate(run, album):
    seen = list(album.all())
    assert len(seen) == len({x.key for x in seen}) == album.asked() == run.report["images_generated"]
    for stream in album.streams:
        shots = album.of(*stream)
        assert [x.sample.replicate for x in shots] == sorted(x.sample.replicate for x in shots)
        assert {(x.sample.purpose, x.sample.prompt.label, x.sample.prompt.text) for x in shots} == {tuple(stream)}
        assert [x.key for x in album.of(*stream, drawn=3)] == [x.key for x in shots if x.sample.replicate < 3]
    assert album.asked("explain", "refine") == sum(x.sample.purpose in ("explain", "refine") for x in seen)


def test_what_became_of_a_picture_is_what_the_samples_say(run, album):
    frame = run.samples().set_index("image")
    for x in album.all():
        assert x.image is not None and x.judged is not None
        assert x.status.value in set(frame.loc[[x.image]].status)
        assert x.wrong == (x.status is Status.FAILURE)


def test_the_pictures_behind_a_verdict_are_the_first_of_its_stream(run, album):
    for bug in run.report["bugs"]:
        if not bug["parent"]:
            drawn = album.drawn(bug["label"], bug["prompt"])
            shots = album.of("confirm", bug["label"], bug["prompt"], drawn)
            assert sum(x.wrong for x in shots) == bug["failures"] and sum(x.status.counts for x in shots) == bug["n"]


def test_a_prompts_pictures_come_in_the_order_of_purposes_and_each_once(album):
    text = album.plain("mug")
    shots = album.every("mug", text)
    purposes = [PURPOSES.index(x.sample.purpose) for x in shots]
    assert purposes == sorted(purposes) and len(set(purposes)) > 1
    assert distinct([*shots, *shots]) == distinct(shots) == shots
    assert album.of("confirm", "mug", "a prompt that nobody asked") == []
