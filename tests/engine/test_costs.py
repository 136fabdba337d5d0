"""What hosted models cost is added up over all sessions, and no run spends more than it may."""

import threading

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import bugscope
from bugscope.core.errors import Declined, SpecError, Transient
from bugscope.core.options import Config
from bugscope.core.records import Sample, Status, Usage
from bugscope.engine.costs import CostCap, Meter
from bugscope.engine.engine import Engine
from bugscope.engine.models import Models
from bugscope.store.folder import Store
from bugscope.testing import World
from support.words import WORDS

SAMPLES = [Sample(WORDS.neutral("mug"), "explore", i) for i in range(40)]


class Hosted:
    """A role of the world behind a counter: each answer costs `price`."""

    def __init__(self, call, name, price=0.0, labels=(), priced=True):
        self.call, self.id, self.price, self.labels, self.priced = call, name, price, labels, priced
        self.usage, self.asked, self._lock = Usage(), [], threading.Lock()

    def __call__(self, first, *rest):
        with self._lock:
            self.usage += Usage(1, 10 * len(first), len(first), 0, self.price * len(first))
            self.asked.append(len(first))
        return self.call(first, *rest)


def hosted(generator=0.0, judge=0.0, **more):
    world, roles = World(), World().roles()
    roles["generator"] = Hosted(world.generator, "hosted/generator", generator, **more)
    roles["judge"] = Hosted(world.judge, "hosted/judge", judge, **more)
    return roles


def engine_of(path, roles, cap="none", **options):
    return Engine(Models(**roles), Store.create(path, {}), Config(batch_size=4, max_cost=cap, **options), sleep=lambda s: None)


def test_everything_used_is_added_up_by_role_and_kept(tmp_path):
    roles = hosted(generator=0.04, judge=0.01)
    engine = engine_of(tmp_path / "r", roles)
    engine.measure(SAMPLES[:8])
    engine.store.close()
    again = hosted(generator=0.04, judge=0.01)
    engine = engine_of(tmp_path / "r", again)
    engine.measure(SAMPLES[:12])
    used = engine.store.meta("usage")
    assert used["generator"]["answers"] == used["judge"]["answers"] == 12
    assert used["generator"]["input_tokens"] == 120 and used["generator"]["requests"] == 3
    assert used["generator"]["cost"] == pytest.approx(0.48) and used["judge"]["cost"] == pytest.approx(0.12)
    assert engine.meter.cost == pytest.approx(0.6)
    assert "target" not in used


def test_a_run_of_models_at_home_keeps_no_bill(tmp_path):
    engine = engine_of(tmp_path / "r", World().roles())
    engine.measure(SAMPLES[:4])
    assert engine.store.meta("usage") is None and engine.meter.cost == 0


@settings(max_examples=60, deadline=None)
@given(
    cap=st.floats(0.005, 2.0),
    price=st.floats(0.001, 0.3),
    judging=st.floats(0.0, 0.3),
    size=st.integers(1, 16),
)
def test_the_cap_is_passed_by_the_first_answers_at_most(tmp_path_factory, cap, price, judging, size):
    roles = hosted(generator=price, judge=judging)
    engine = Engine(
        Models(**roles), Store.create(tmp_path_factory.mktemp("r") / "r", {}), Config(batch_size=size, max_cost=cap)
    )
    try:
        engine.measure(SAMPLES)
        stopped = False
    except CostCap as error:
        stopped = True
        assert f"of at most {cap:g}" in str(error)
    # what the first answer of a model costs, nobody knows beforehand
    assert engine.meter.cost <= max(cap, 1e-9) + price + judging + 1e-9
    assert stopped or len(engine.asked) == len(SAMPLES)
    if 40 * (price + judging) > cap + price + judging:
        assert stopped
    kept = engine.store.get("generator", "hosted/generator", [s.key for s in SAMPLES])
    assert len(kept) == sum(roles["generator"].asked), "a picture that was paid for is lost"
    engine.store.close()


def test_what_is_under_way_counts_as_spent():
    models = {"generator": Hosted(None, "g", 1.0), "judge": Hosted(None, "j", 1.0)}
    meter = Meter(models, {}, 10.0)
    for role, model in models.items():
        with meter.asking(role, 1):
            model.usage += Usage(cost=1.0)
    with meter.asking("generator", 5):
        with pytest.raises(CostCap, match="have cost 2 of at most 10, and the next 4 of the judge would cost about 4"):
            with meter.asking("judge", 4):
                raise AssertionError("asked")
        with meter.asking("judge", 3):
            pass


def test_a_price_that_nobody_said_is_asked_for(tmp_path):
    with pytest.raises(SpecError, match=r"max_cost is 5, but the price of the generator hosted/.* is unknown.*price_image"):
        engine_of(tmp_path / "r", hosted(priced=False), cap=5.0)
    engine_of(tmp_path / "s", hosted(priced=False))


OPTIONS = {"budget": 120, "explore": 16, "explain_budget": 0, "batch_size": 8}


def test_a_hunt_stops_at_its_cap_reports_and_goes_on_with_a_higher_one(tmp_path, capsys):
    want = bugscope.hunt("mug", tmp_path / "want", **OPTIONS, **hosted(generator=0.01))
    assert not want.report["stopped"] and want.report["usage"]["cost"] == pytest.approx(1.2)
    run = bugscope.hunt("mug", tmp_path / "r", max_cost=0.7, **OPTIONS, **hosted(generator=0.01))
    assert "of at most 0.7" in run.report["stopped"] and not run.report["finished"]
    assert 0.55 < run.report["usage"]["cost"] <= 0.7
    assert run.report["images_generated"] >= 60
    assert "cost 0." in (run.path / "report.html").read_text() and "Stopped" in (run.path / "report.html").read_text()
    again = bugscope.hunt("mug", tmp_path / "r", max_cost=0.7, **OPTIONS, **hosted(generator=0.01))
    assert again.report["usage"]["cost"] == run.report["usage"]["cost"]
    done = bugscope.hunt("mug", tmp_path / "r", max_cost=5, **OPTIONS, **hosted(generator=0.01))
    assert done.report["finished"] and done.report["stopped"] is None
    assert done.report["usage"]["cost"] == pytest.approx(1.2)
    assert done.report["bugs"] == want.report["bugs"] and done.report["rejected"] == want.report["rejected"]


def refuse(call, wanted, error):
    """`call`, which never answers for the items at these places of its first batch."""
    bad = []

    def answer(items, *rest):
        if not bad:
            bad.extend(key(item) for i, item in enumerate(items) if i in wanted)
        if any(key(item) in bad for item in items):
            raise error
        return call(items, *rest)

    return answer


def key(item):
    return item.tobytes() if hasattr(item, "tobytes") else item.content.tobytes() if hasattr(item, "content") else item


@pytest.mark.parametrize("role", ["judge", "target"])
def test_what_a_model_declines_is_errored_and_all_else_is_answered(tmp_path, role):
    roles, waits = World().roles(), []
    roles[role].call = refuse(roles[role].call, {1, 2}, Declined("content filter"))
    engine = Engine(Models(**roles), Store.create(tmp_path / "r", {}), Config(batch_size=8), sleep=waits.append)
    outcomes = engine.measure(SAMPLES[:16])
    errored = [i for i, o in enumerate(outcomes) if o.status is Status.ERROR]
    assert errored == [1, 2] and not waits, "a refusal is no reason to wait"
    assert outcomes[1].detail == f"{role}: Declined: content filter"
    assert set(engine.store.notes("error")) == {SAMPLES[1].key, SAMPLES[2].key}


def test_a_caption_that_is_declined_is_empty(tmp_path):
    roles = World().roles()
    roles["captioner"].call = refuse(roles["captioner"].call, {0}, Declined("no"))
    engine = engine_of(tmp_path / "r", roles)
    captions = engine.describe(engine.measure(SAMPLES[:6]))
    assert captions[0] == "" and all(captions[1:])


def test_patience_is_not_shown_where_none_was_asked_for(tmp_path):
    roles, waits = World().roles(), []
    roles["judge"].call = refuse(roles["judge"].call, {3}, Transient("busy", 7.0))
    engine = Engine(Models(**roles), Store.create(tmp_path / "r", {}), Config(batch_size=8), sleep=waits.append)
    assert [o.status is Status.ERROR for o in engine.measure(SAMPLES[:8])] == [i == 3 for i in range(8)]
    assert waits and all(7.0 <= w <= 7.0 * 1.25 for w in waits)


def test_the_same_picture_counts_once_for_a_prompt(tmp_path):
    world = World()

    def seven(prompts, seeds):
        return world.generator(prompts, [s % 7 for s in seeds])

    for size in (1, 16):
        roles = world.roles() | {"generator": Hosted(seven, "few/generator")}
        engine = Engine(Models(**roles), Store.create(tmp_path / f"r{size}", {}), Config(batch_size=size))
        red = [Sample(WORDS.prompt("mug", [WORDS.piece("red")]), "confirm", i) for i in range(40)]
        outcomes = engine.measure([*SAMPLES, *red])
        for part, samples in ((outcomes[:40], SAMPLES), (outcomes[40:], red)):
            assert sum(o.status.counts for o in part) == len({s.seed % 7 for s in samples})
            refused = [o for o in part if o.status is Status.REFUSED]
            assert {o.detail for o in refused} == {"the same picture as another of this prompt"}
        again = Engine(Models(**roles), engine.store, Config(batch_size=16))
        assert again.measure([*SAMPLES, *red]) == outcomes
        more, seen = [Sample(WORDS.neutral("mug"), "confirm", i) for i in range(20)], {s.seed % 7 for s in SAMPLES}
        assert all(o.status is Status.REFUSED for o in again.measure(more) if o.sample.seed % 7 in seen)
        engine.store.close()


def test_a_description_is_not_shown_by_a_designed_picture(tmp_path):
    """It may have suggested the description. A server that ignores seeds, or a small folder, gives it again."""

    def three(prompts, seeds):
        return World().generator(["a photo of a mug"] * len(prompts), [s % 3 for s in seeds])

    roles = World().roles() | {"generator": Hosted(three, "few/generator")}
    red, snow = WORDS.piece("red"), WORDS.piece("on snow")
    designed = [Sample(WORDS.prompt("mug", [red, snow]), "design", i) for i in range(2)]
    shown = {s.seed % 3 for s in designed}
    assert 0 < len(shown) < 3
    tested = [Sample(WORDS.prompt("mug", [snow]), "confirm", i) for i in range(12)]
    sharper = [Sample(WORDS.prompt("mug", [snow, red]), "refine", i) for i in range(12)]
    plain = [Sample(WORDS.neutral("mug"), "confirm", i) for i in range(12)]
    elsewhere = [Sample(WORDS.prompt("pot", [snow]), "confirm", i) for i in range(12)]
    for folder in ("r", "s"):
        engine = engine_of(tmp_path / folder, roles)
        assert sum(o.status.counts for o in engine.measure(designed)) == len(shown)
        if folder == "s":  # what was designed in an earlier session counts as well
            engine.close()
            engine = Engine(Models(**roles), engine.store, Config(batch_size=4))
        for samples, most in ((tested, 3 - len(shown)), (plain, 3 - len(shown)), (elsewhere, 3)):
            outcomes = engine.measure(samples)
            assert sum(o.status.counts for o in outcomes) == most
            assert all(
                o.status is Status.REFUSED for o in outcomes if o.sample.seed % 3 in shown and o.sample.prompt.label == "mug"
            )
        # nor is a sharper description shown by what was designed or confirmed, which is all there is
        assert not any(o.status.counts for o in engine.measure(sharper))


def test_a_sharper_description_is_not_shown_by_the_pictures_that_suggested_it(tmp_path):
    def three(prompts, seeds):
        return World().generator(["a photo of a mug"] * len(prompts), [s % 3 for s in seeds])

    roles = World().roles() | {"generator": Hosted(three, "few/generator")}
    engine = engine_of(tmp_path / "r", roles)
    red, snow = WORDS.piece("red"), WORDS.piece("on snow")
    parent = [Sample(WORDS.prompt("mug", [red]), "confirm", i) for i in range(4)]
    other = [Sample(WORDS.prompt("mug", [snow]), "confirm", i) for i in range(12)]
    child = [Sample(WORDS.prompt("mug", [red, snow]), "refine", i) for i in range(24)]
    shown = {s.seed % 3 for s in parent}
    engine.measure(parent)
    assert sum(o.status.counts for o in engine.measure(other)) == 3, "two descriptions may share pictures"
    outcomes = engine.measure(child)
    assert shown and not any(o.status.counts for o in outcomes)
    again = Engine(Models(**roles), Store.create(tmp_path / "s", {}), Config(batch_size=4))
    again.measure(parent)
    assert sum(o.status.counts for o in again.measure(child)) == 3 - len(shown)
