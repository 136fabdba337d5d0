"""The engine asks once, remembers, is patient, and believes no model blindly."""

import threading

import numpy as np
import pytest
from PIL import Image

from bugscope.core.errors import ModelError, SpecError, Transient
from bugscope.core.options import Config
from bugscope.core.records import Box, Refused, Specimen, Status, Truth
from bugscope.engine.engine import Engine
from bugscope.engine.models import Models
from bugscope.media import picture
from bugscope.media.picture import Picture
from bugscope.store.folder import Store
from bugscope.testing import World
from support.engines import SAMPLES, Role, engine_of


def test_an_answer_is_asked_once_whatever_the_batch(tmp_path):
    world = World()
    engine = engine_of(tmp_path / "a", world)
    first = engine.measure(SAMPLES)
    calls = world.calls
    assert engine.measure(SAMPLES[::-1]) == first[::-1]
    assert engine.measure([*SAMPLES[:2], *SAMPLES[:2]]) == [*first[:2], *first[:2]]
    assert world.calls == calls
    assert engine_of(tmp_path / "b", config=Config(batch_size=7)).measure(SAMPLES) == first
    assert len(engine.asked) == 20


def test_a_model_that_draws_on_its_picture_changes_no_other_answer(tmp_path):
    def scrawl(images):
        for image in images:
            image.paste((9, 9, 9), (0, 0, 16, 16))

    world = World()
    outcomes = engine_of(tmp_path / "a").measure(SAMPLES)
    vandals = engine_of(
        tmp_path / "b",
        world,
        judge=lambda pictures, labels: scrawl([p.content for p in pictures]) or np.ones(len(pictures)),
        captioner=lambda images: scrawl(images) or ["a mug"] * len(images),
    )
    assert [o.taken_for for o in vandals.measure(SAMPLES)] == [o.taken_for for o in outcomes]
    stored = vandals.store.get("generator", "world/generator", [s.key for s in SAMPLES])
    drawn = world.generator([s.prompt.text for s in SAMPLES], [s.seed for s in SAMPLES])
    for s, p in zip(SAMPLES, drawn, strict=True):
        assert vandals.store.content(stored[s.key]["image"], picture).tobytes() == p.content.tobytes()


# --- asked again --------------------------------------------------------------------------------------------------------


def test_another_classifier_is_answered_from_stored_pictures_and_asks_no_one_else(tmp_path):
    world = World()
    first = engine_of(tmp_path / "r", world)
    before = first.measure(SAMPLES)
    first.store.close()

    def never(*_):
        raise AssertionError("asked again")

    models = {"generator": never, "judge": never, "target": lambda images: np.tile([0.1, 0.9], (len(images), 1))}
    second = engine_of(tmp_path / "r", **models)
    second.models.generator.id, second.models.judge.id = "world/generator", "world/judge"
    assert {o.status for o in second.measure(SAMPLES)} == {Status.FAILURE}
    second.store.close()
    first = engine_of(tmp_path / "r", world)
    calls = world.calls
    assert first.measure(SAMPLES) == before
    assert world.calls == calls


@pytest.mark.parametrize("role", ["judge", "target"])
def test_what_got_no_answer_is_asked_again_in_the_next_run_only(tmp_path, role):
    calls = []

    def busy(*inputs):
        calls.append(1)
        raise Transient("busy")

    engine = engine_of(tmp_path / "r", **{role: busy})
    first = engine.measure(SAMPLES[:4])
    asked = len(calls)
    assert engine.measure(SAMPLES[:4]) == first
    assert len(calls) == asked
    assert {o.status for o in first} == {Status.ERROR}
    assert all(o.detail == f"{role}: Transient: busy" for o in first)
    assert len(engine.store.notes("error")) == 4
    engine.store.close()
    world = World()
    engine = engine_of(tmp_path / "r", world)
    assert all(o.status.counts for o in engine.measure(SAMPLES[:4]))
    assert world.calls == 0
    assert engine.store.notes("error") == {}


def test_a_caption_that_never_came_is_asked_for_in_the_next_run_only(tmp_path):
    calls = []

    def busy(images):
        calls.append(1)
        raise Transient("busy")

    engine = engine_of(tmp_path / "r", captioner=busy)
    outcomes = engine.measure(SAMPLES[:2])
    assert engine.describe(outcomes) == engine.describe(outcomes) == ["", ""]
    assert len(calls) == 15  # five times both, five times each
    assert engine.measure(SAMPLES[:2]) == outcomes
    engine.store.close()
    assert all(engine_of(tmp_path / "r").describe(outcomes))


def test_pictures_outlive_the_classifier_that_failed_on_them(tmp_path):
    engine = engine_of(tmp_path / "r", target=lambda images: 1 / 0)
    with pytest.raises(ModelError, match="ZeroDivisionError"):
        engine.measure(SAMPLES[:8])
    kept = engine.store.get("generator", "world/generator", [s.key for s in SAMPLES])
    assert len(kept) >= 4
    engine.store.close()
    drawn = []

    def draw(prompts, seeds):
        drawn.extend(seeds)
        return World().generator(prompts, seeds)

    engine = engine_of(tmp_path / "r", generator=draw)
    engine.models.generator.id = "world/generator"
    assert all(o.status.counts for o in engine.measure(SAMPLES[:8]))
    assert sorted(drawn) == sorted(s.seed for s in SAMPLES[:8] if s.key not in kept)


def test_refused_and_blank_pictures_count_for_nothing(tmp_path):
    def draw(prompts, seeds):
        return [Refused("unsafe"), Picture(Image.new("RGB", (8, 8))), *World().generator(prompts[2:], seeds[2:])]

    outcomes = engine_of(tmp_path / "r", generator=draw).measure(SAMPLES[:4])
    assert [o.status for o in outcomes[:2]] == [Status.REFUSED, Status.REFUSED]
    assert [o.detail for o in outcomes[:2]] == ["unsafe", "blank picture"]
    holed = Image.fromarray(np.array([[0.5, np.nan]], np.float32))
    (outcome,) = engine_of(tmp_path / "s", generator=lambda prompts, seeds: [Picture(holed)]).measure(SAMPLES[:1])
    assert (outcome.status, outcome.detail) == (Status.REFUSED, "picture with values that are not finite")
    assert not outcomes[0].status.counts


def test_ctrl_c_keeps_what_was_finished(tmp_path):
    engine = engine_of(tmp_path / "r", World(die_after=3))
    with pytest.raises(KeyboardInterrupt):
        engine.measure(SAMPLES)
    kept = engine.store.get("target", "world/target", [s.key for s in SAMPLES])
    assert len(kept) in (8, 12)


def test_two_batches_are_worked_on_at_once(tmp_path):
    drawing, seeing = threading.Event(), threading.Event()
    world, late = World(), {s.seed for s in SAMPLES[4:8]}

    def draw(prompts, seeds):
        if late & set(seeds):
            drawing.set()
            assert seeing.wait(30), "nothing was classified while the second batch was drawn"
        return world.generator(prompts, seeds)

    def classify(images):
        seeing.set()
        assert drawing.wait(30), "nothing was drawn while the first batch was classified"
        return world.classify(images)

    assert len(engine_of(tmp_path / "r", generator=draw, target=classify).measure(SAMPLES[:8])) == 8


def test_accepted_labels_and_top_k_decide_what_is_right(tmp_path):
    always_bowl = {"target": lambda images: np.tile([0.4, 0.6], (len(images), 1))}
    for options, status in (
        ({}, Status.FAILURE),
        ({"accept": {"mug": ["bowl"]}}, Status.SUCCESS),
        ({"top_k": 2}, Status.SUCCESS),
    ):
        engine = engine_of(tmp_path / str(options), config=Config(**options), **always_bowl)
        assert {o.status for o in engine.measure(SAMPLES)} == {status}


# --- another model, another day ------------------------------------------------------------------------------------------


def test_another_classifier_or_judge_is_shown_the_stored_pictures_and_nothing_is_drawn_again(tmp_path):
    first = engine_of(tmp_path / "r")
    seen = first.measure(SAMPLES)
    first.store.close()
    shown, world = [], World()

    def classify(images):
        shown.extend(i.tobytes() for i in images)
        return np.tile([0.2, 0.8], (len(images), 1))

    second = engine_of(tmp_path / "r", world, target=classify)
    assert {o.status for o in second.measure(SAMPLES)} == {Status.FAILURE}
    second.store.close()
    third = engine_of(tmp_path / "r", world, judge=lambda pictures, labels: [0.1] * len(pictures))
    assert {o.status for o in third.measure(SAMPLES)} == {Status.UNFAITHFUL}
    third.store.close()
    assert engine_of(tmp_path / "r", world).measure(SAMPLES) == seen
    assert world.calls == 0
    drawn = World().generator([s.prompt.text for s in SAMPLES], [s.seed for s in SAMPLES])
    assert shown == [p.content.tobytes() for p in drawn]


@pytest.mark.parametrize("size", [1, 3, 64])
def test_the_batch_changes_no_answer_and_no_byte_of_the_store(tmp_path, size):
    def rows(engine):
        outcomes = engine.measure(SAMPLES)
        captions = engine.describe(outcomes)
        return outcomes, captions, engine.store.db.execute("select * from answers order by role, model, key").fetchall()

    assert rows(engine_of(tmp_path / "a", config=Config(batch_size=size))) == rows(engine_of(tmp_path / "b"))


@pytest.mark.parametrize("role", ["judge", "target"])
def test_a_picture_that_only_one_model_could_not_see_is_kept_and_seen_on_the_next_run(tmp_path, role):
    def busy(*inputs):
        raise Transient("busy")

    first = engine_of(tmp_path / "r", **{role: busy})
    outcomes = first.measure(SAMPLES[:3])
    assert [(o.status, o.detail) for o in outcomes] == [(Status.ERROR, f"{role}: Transient: busy")] * 3
    assert first.measure(SAMPLES[:3]) == outcomes, "the same question has the same answer for as long as the run lasts"
    first.store.close()
    world = World()
    fine = World().roles()[role]
    second = engine_of(tmp_path / "r", world, **{role: fine})
    assert all(o.status.counts for o in second.measure(SAMPLES[:3]))
    assert world.calls == 0


def test_a_caption_that_is_not_given_is_empty_and_asked_again_on_the_next_run(tmp_path):
    poison = World().generator([SAMPLES[1].prompt.text], [SAMPLES[1].seed])[0].content.tobytes()

    def caption(images):
        if poison in [i.tobytes() for i in images]:
            raise Transient("busy")
        return World().caption(images)

    engine = engine_of(tmp_path / "r", captioner=caption)
    captions = engine.describe(engine.measure(SAMPLES[:4]))
    assert [bool(c) for c in captions] == [True, False, True, True]
    engine.store.close()
    again = engine_of(tmp_path / "r", captioner=World().caption)
    assert again.describe(again.measure(SAMPLES[:4]))[1].startswith("a photo of a ")


def test_what_was_refused_has_no_caption_and_stays_refused(tmp_path):
    calls = []

    def draw(prompts, seeds):
        calls.extend(seeds)
        return [Refused("unsafe")] * len(prompts)

    engine = engine_of(tmp_path / "r", generator=draw)
    outcomes = engine.measure(SAMPLES[:4])
    assert engine.describe(outcomes) == [""] * 4
    assert engine.measure(SAMPLES[:4]) == outcomes
    assert len(calls) == 4


@pytest.mark.parametrize("error", [ModelError, SpecError])
def test_an_error_of_ours_while_drawing_ahead_stops_the_run_and_keeps_what_was_finished(tmp_path, error):
    last = SAMPLES[17].seed

    def draw(prompts, seeds):
        if last in seeds:
            raise error("boom")
        return World().generator(prompts, seeds)

    engine = engine_of(tmp_path / "r", generator=draw)
    with pytest.raises(error, match="boom"):
        engine.measure(SAMPLES)
    kept = engine.store.get("target", "world/target", [s.key for s in SAMPLES])
    assert set(kept) == {s.key for s in SAMPLES[:16]}
    engine.store.close()
    world = World()
    assert all(o.status.counts for o in engine_of(tmp_path / "r", generator=world.generator).measure(SAMPLES))
    assert world.calls == 1


def test_ctrl_c_in_any_model_is_no_models_fault_and_the_run_goes_on_to_the_same_end(tmp_path):
    want = engine_of(tmp_path / "want").measure(SAMPLES)
    for role in ("generator", "target", "judge"):
        calls = []

        def stop(*inputs, role=role, calls=calls):
            calls.append(1)
            if len(calls) == 3:
                raise KeyboardInterrupt
            return World().roles()[role](*inputs)

        engine = engine_of(tmp_path / role, **{role: stop})
        with pytest.raises(KeyboardInterrupt):
            engine.measure(SAMPLES)
        assert len(engine.store.get("generator", engine.models.generator.id, [s.key for s in SAMPLES])) >= 8
        engine.store.close()
        assert engine_of(tmp_path / role, **{role: stop}).measure(SAMPLES) == want


@pytest.mark.parametrize("labels", [(), ("mug",), ("mug", "bowl", "mug")])
def test_label_names_that_cannot_be_are_said_before_anything_is_drawn(tmp_path, labels):
    roles = World().roles()
    models = Models(**{**roles, "target": Role(lambda images: None, "test/target", labels)})
    with Store.create(tmp_path / "r", {}) as store, pytest.raises(ModelError if labels else SpecError, match="test/target has"):
        Engine(models, store, Config())


# --- pictures of every kind ---------------------------------------------------------------------------------------------


def test_what_a_generator_draws_reaches_every_model_and_the_store_as_rgb(tmp_path):
    modes = []

    def draw(prompts, seeds):
        return [Picture(p.content.convert("RGBA")) if i else p.content for i, p in enumerate(World().generator(prompts, seeds))]

    def judge(pictures, labels):
        modes.extend(p.content.mode for p in pictures)
        return [1.0] * len(pictures)

    want = engine_of(tmp_path / "want", judge=judge).measure(SAMPLES[:4])
    assert engine_of(tmp_path / "r", generator=draw, judge=judge).measure(SAMPLES[:4]) == want
    assert modes == ["RGB"] * 8


# --- what a generator states of its pictures ------------------------------------------------------------------------------


def test_boxes_and_regions_go_to_the_judge_and_come_back_from_the_store(tmp_path):
    """Also to a judge who is asked another day, of stored pictures."""
    seen = []

    def draw(prompts, seeds):
        made = World().generator(prompts, seeds)
        return [
            Specimen(p.content, Truth("mug", ("pot",), (Box("mug", 0.1, 0.2, 0.5, 0.75),), np.full((4, 4), s % 7)), p.info)
            for p, s in zip(made, seeds, strict=True)
        ]

    def judge(pictures, labels):
        seen.extend(p.truth for p in pictures)
        return np.ones(len(pictures))

    for name in ("test/first", "test/second"):
        engine = engine_of(tmp_path / "r", generator=draw, judge=judge)
        engine.models.judge.id = name
        assert all(o.status.counts for o in engine.measure(SAMPLES[:4]))
        rows = engine.store.get("generator", "test/generator", [s.key for s in SAMPLES[:4]])
        engine.store.close()
    first, again = seen[:4], seen[4:]
    assert len(first) == len(again) == 4
    for s, a, b in zip(SAMPLES, first, again, strict=False):
        assert np.array_equal(a.regions, np.full((4, 4), s.seed % 7)) and np.array_equal(a.regions, b.regions)
        assert (a.label, a.others, a.boxes, a.answer) == (b.label, b.others, b.boxes, b.answer)
        assert b.boxes == (Box("mug", 0.1, 0.2, 0.5, 0.75),) and b.others == ("pot",)
        assert rows[s.key]["truth"]["regions"].endswith(".npz")
