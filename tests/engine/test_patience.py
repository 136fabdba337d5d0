"""Models that want patience get it: again after a wait, then in halves, then not at all."""

import threading
import time

import pytest

from bugscope.core.errors import Declined, ModelError, Transient
from bugscope.core.options import Config
from bugscope.core.records import Status
from bugscope.engine.costs import CostCap
from bugscope.engine.engine import Engine
from bugscope.engine.models import Models
from bugscope.engine.patience import TRIES, Failed, Patience, Stopped
from bugscope.store.folder import Store
from bugscope.testing import World
from support.engines import SAMPLES, Role, engine_of


def test_what_a_model_says_is_told_on_one_line_of_readable_length(tmp_path):
    def lengthy(images):
        raise RuntimeError("first\n  second\n" * 500)

    with pytest.raises(ModelError, match="target test/target raised RuntimeError: first second first") as error:
        engine_of(tmp_path / "r", target=lengthy).measure(SAMPLES)
    assert "\n" not in str(error.value) and len(str(error.value)) < 400
    assert isinstance(error.value.__cause__, RuntimeError)


def test_transient_errors_are_waited_for_then_halved_then_marked(tmp_path):
    waits, poison = [], SAMPLES[5].seed
    world = World()

    def draw(prompts, seeds):
        if poison in seeds:
            raise Transient("busy", retry_after=7.0)
        return world.generator(prompts, seeds)

    engine = engine_of(tmp_path / "r", generator=draw, sleep=waits.append)
    outcomes = engine.measure(SAMPLES)
    assert [o.status is Status.ERROR for o in outcomes].count(True) == 1
    assert outcomes[5].status is Status.ERROR
    assert "busy" in outcomes[5].detail
    assert waits and all(7.0 <= w <= 8.75 for w in waits)
    assert list(engine.store.notes("error")) == [SAMPLES[5].key]
    engine.store.close()
    assert engine_of(tmp_path / "r", generator=world.generator).measure(SAMPLES)[5].status is not Status.ERROR


@pytest.mark.parametrize(("asked", "waited"), [(-5.0, 0.0), (float("nan"), 0.0), (float("inf"), 3600.0)])
def test_no_server_can_ask_for_a_wait_that_makes_no_sense(tmp_path, asked, waited):
    waits = []

    def draw(prompts, seeds):
        if SAMPLES[1].seed in seeds and not waits:
            raise Transient("busy", retry_after=asked)
        return World().generator(prompts, seeds)

    engine = engine_of(tmp_path / "r", generator=draw, sleep=waits.append)
    engine.measure(SAMPLES[:1])
    engine.measure(SAMPLES[:2])
    assert len(waits) == 1 and waited <= waits[0] <= 1.25 * waited


def test_back_off_grows_where_the_server_names_no_time(tmp_path):
    waits, tries = [], []

    def draw(prompts, seeds):
        tries.append(1)
        if len(tries) < 4:
            raise Transient("busy")
        return World().generator(prompts, seeds)

    outcomes = engine_of(tmp_path / "r", generator=draw, sleep=waits.append).measure(SAMPLES[:4])
    assert all(o.status is not Status.ERROR for o in outcomes)
    assert [1 <= w / base <= 1.25 for w, base in zip(waits, (1, 2, 4), strict=True)] == [True] * 3


def test_out_of_memory_halves_the_batch(tmp_path):
    sizes = []

    def draw(prompts, seeds):
        sizes.append(len(prompts))
        if len(prompts) > 1:
            raise MemoryError
        return World().generator(prompts, seeds)

    outcomes = engine_of(tmp_path / "r", generator=draw).measure(SAMPLES[:4])
    assert all(o.status.counts for o in outcomes)
    assert sizes == [4, 2, 1, 1, 1, 1]


def test_what_does_not_fit_into_memory_is_not_tried_again():
    sizes = []

    def small(items):
        sizes.append(len(items))
        if len(items) > 2:
            raise MemoryError
        return items

    patience = Patience(pytest.fail)
    assert patience.ask("judge j", small, range(8)) == list(range(8))
    assert sizes == [8, 4, 2, 2, 2, 2]
    sizes.clear()
    assert patience.ask("judge j", small, range(8)) == list(range(8))
    assert sizes == [2, 2, 2, 2]
    assert patience.ask("target t", lambda items: items, range(8)) == list(range(8)), "each role has its own memory"


def test_one_item_that_is_too_large_says_nothing_about_the_others():
    sizes = []

    def draw(items):
        sizes.append(len(items))
        if 3 in items:
            raise MemoryError("a huge one")
        return items

    patience = Patience(pytest.fail)
    assert patience.ask("judge j", draw, range(8)) == [0, 1, 2, Failed("MemoryError: a huge one"), 4, 5, 6, 7]
    assert patience.ask("judge j", draw, range(4, 12)) == list(range(4, 12))
    assert sizes[-1] == 8


def test_a_run_that_ends_waits_for_no_server(tmp_path):
    waiting = threading.Event()
    world = World()

    def draw(prompts, seeds):
        if SAMPLES[4].seed in seeds:
            waiting.set()
            raise Transient("busy", retry_after=600.0)
        return world.generator(prompts, seeds)

    def stopped(images):
        assert waiting.wait(30)
        raise KeyboardInterrupt

    roles = World().roles()
    models = Models(**{**roles, "generator": Role(draw, "g"), "target": Role(stopped, "c", roles["target"].labels)})
    began = time.monotonic()
    with Store.create(tmp_path / "r", {}) as store:
        with pytest.raises(KeyboardInterrupt):
            Engine(models, store, Config(batch_size=4)).measure(SAMPLES)
        assert len(store.get("generator", "g", [s.key for s in SAMPLES])) == 4
    assert time.monotonic() - began < 30


# --- by itself ------------------------------------------------------------------------------------------------------------


def test_who_never_answers_is_asked_so_many_times_and_has_failed():
    calls, waits = [], []

    def busy(items):
        calls.append(list(items))
        raise Transient("busy")

    assert Patience(waits.append).ask("judge j", busy, ["a"]) == [Failed("Transient: busy")]
    assert calls == [["a"]] * TRIES and len(waits) == TRIES - 1


def test_one_item_that_is_declined_leaves_the_others_answered():
    calls = []

    def picky(items):
        calls.append("".join(items))
        if "c" in items:
            raise Declined("no")
        return [i.upper() for i in items]

    assert Patience(pytest.fail).ask("judge j", picky, list("abcd")) == ["A", "B", Failed("Declined: no"), "D"]
    assert calls == ["abcd", "ab", "cd", "c", "d"]


def test_what_was_paid_for_is_kept_where_the_other_half_may_not_be_asked():
    def costly(items):
        if len(items) > 1:
            raise MemoryError
        if items == ["b"]:
            raise CostCap("enough")
        return items

    first, second = Patience().ask("judge j", costly, ["a", "b"])
    assert first == "a" and isinstance(second, Failed) and "enough" in second.reason


def test_a_stop_ends_every_wait():
    patience = Patience()

    def busy(items):
        patience.stop()
        raise Transient("busy", retry_after=300.0)

    with pytest.raises(Stopped):
        patience.ask("judge j", busy, ["a"])
    patience.resume()
    assert patience.ask("judge j", list, ["a"]) == ["a"]
