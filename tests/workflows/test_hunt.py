"""The whole loop on a small world with planted bugs, through the real engine and the real run folder."""

import json
import random
import subprocess
import sys
import weakref
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

import bugscope
from bugscope import tasks, testing
from bugscope.core.errors import Declined, SpecError, StoreError
from bugscope.core.labels import imagenet
from bugscope.core.options import Config
from bugscope.core.records import Evidence, Hypothesis, Phrase, Rate, Verdict
from bugscope.engine import wording
from bugscope.engine.engine import Engine
from bugscope.engine.models import Models
from bugscope.method import events
from bugscope.report.table import markdown
from bugscope.store import ledger
from bugscope.store.folder import Store
from bugscope.testing import World
from bugscope.workflows.hunt import Keeper, conduct
from bugscope.workflows.progress import Progress
from support.runs import SMALL, content, hunted
from support.words import WORDS
from support.worlds import FOG, RED, SNOW


def bugs(evidence: list[Evidence]) -> set[str]:
    return {e.hypothesis.description for e in evidence if e.verdict is Verdict.CONFIRMED}


@pytest.mark.parametrize("red", [0.9, pytest.param(0.6, marks=pytest.mark.slow)])
def test_finds_the_planted_bugs_and_no_other(tmp_path, red):
    for seed in range(2):
        world = World(planted={"snow": 0.9, "red": red})
        evidence = hunted(world, tmp_path / str(seed), seed=seed, budget=400, explain_budget=0)
        planted = {"on snow", "red"}
        # a longer description that contains a planted one is as true as the planted one, and may come before it
        confirmed = [{p.text for p in e.hypothesis.phrases} for e in evidence if e.verdict is Verdict.CONFIRMED]
        assert all(planted & phrases for phrases in confirmed)
        # the weak one needs more pictures than there are here
        assert (planted if red == 0.9 else {"on snow"}) <= set().union(*confirmed)


def test_finds_nothing_where_nothing_is(tmp_path):
    for rate in (0.1, 0.4):
        assert bugs(hunted(testing.null_world(rate=rate), tmp_path / str(rate))) == set()


def test_a_classifier_that_is_always_wrong_or_always_right_has_no_bugs(tmp_path):
    assert bugs(hunted(testing.null_world(rate=0.0), tmp_path / "right")) == set()
    assert bugs(hunted(testing.null_world(rate=1.1), tmp_path / "wrong")) == set()


@pytest.mark.parametrize("size", [1, pytest.param(7, marks=pytest.mark.slow), pytest.param(64, marks=pytest.mark.slow)])
def test_batch_size_changes_nothing(tmp_path, size):
    assert hunted(World(), tmp_path / "a", batch_size=size) == hunted(World(), tmp_path / "b", batch_size=16)
    assert content(tmp_path / "a") == content(tmp_path / "b")


@pytest.mark.slow
def test_killed_anywhere_then_run_again_gives_the_same_report(tmp_path):
    whole = World()
    hunted(whole, tmp_path / "whole")
    want = content(tmp_path / "whole")
    for seed in range(5):
        rng, pictures = random.Random(seed), 0
        while True:
            world = World(die_after=rng.randrange(1, whole.calls))
            try:
                hunted(world, tmp_path / str(seed))
            except KeyboardInterrupt:
                pictures += world.calls - 1
                continue
            pictures += world.calls
            break
        assert content(tmp_path / str(seed)) == want
        # the engine draws a batch ahead, so an interrupt may lose the one in flight and no more
        assert pictures <= whole.calls + 8


CHILD = """
import os, signal, sys, threading
from pathlib import Path
sys.path.insert(0, sys.argv[3])
from bugscope.testing import World
from support.runs import hunted
threading.Timer(float(sys.argv[2]), lambda: os.kill(os.getpid(), signal.SIGKILL)).start()
hunted(World(), Path(sys.argv[1]))
os._exit(0)
"""


@pytest.mark.slow
def test_kill_9(tmp_path):
    hunted(World(), tmp_path / "whole")
    want, kills, rng = content(tmp_path / "whole"), 0, random.Random(0)
    tests = str(Path(__file__).parent.parent)
    for seed in range(3):
        folder = tmp_path / str(seed)
        for _ in range(15):
            done = subprocess.run([sys.executable, "-c", CHILD, str(folder), str(rng.uniform(0.02, 0.6)), tests], check=False)
            if done.returncode == 0:
                break
            assert done.returncode == -9
            kills += 1
        hunted(World(), folder)
        assert content(folder) == want
    assert kills > 0


def test_pictures_that_suggested_a_hypothesis_never_confirm_it(tmp_path):
    hunted(World(), tmp_path / "run")
    with Store.open(tmp_path / "run") as store:
        samples, evidence = list(store.samples()), store.notes("evidence")
    explored = {s for s in samples if s.purpose in ("explore", "design")}
    confirmed = {s for s in samples if s.purpose == "confirm"}
    assert {s.purpose for s in explored} == {"explore", "design"} and confirmed
    for part in ("key", "seed"):
        assert not {getattr(s, part) for s in explored} & {getattr(s, part) for s in confirmed}
    suggested = {key for note in evidence.values() for key in note["suggested_by"]}
    assert suggested and suggested <= {s.key for s in explored}


def test_every_hypothesis_tried_is_in_the_ledger_before_its_first_picture(tmp_path):
    config = Config.of(SMALL)
    world = World()
    with Store.create(tmp_path / "run", {}) as store:
        engine = Engine(Models(**world.roles()), store, config)
        measure, known = engine.measure, {}

        def watched(samples):
            known.update(store.notes("hypothesis"))
            prompts = {h["prompt"] for h in (*known.values(), *store.notes("refinement").values())}
            tested = [s for s in samples if s.prompt.description and s.purpose == "confirm"]
            assert all(s.prompt.text in prompts for s in tested)
            return measure(samples)

        engine.measure = watched
        evidence = conduct(world.labels, engine, store, config, lambda now: None).evidence
        assert len(known) == len(evidence) == len(store.notes("evidence"))
        for note, e in zip(ledger.tried(store).values(), evidence, strict=True):
            prompt = WORDS.prompt(e.hypothesis.label, e.hypothesis.phrases)
            assert note["label"] == e.hypothesis.label and note["description"] == e.hypothesis.description
            assert note["prompt"] == prompt.text and note["neutral"] == "a photo of a mug"
            assert tuple(Phrase(**p) for p in note["phrases"]) == e.hypothesis.phrases
            assert note["treated"]["failures"] == e.treated.k and note["baseline"]["n"] == e.baseline.n
            assert note["e_value"] == e.e_value and note["verdict"] == e.verdict.name.lower()
            assert (note["drawn"], note["baseline_drawn"]) == (e.drawn, e.baseline_drawn)


@pytest.mark.parametrize("budget", [60, 111, pytest.param(300, marks=pytest.mark.slow)])
@pytest.mark.parametrize("explain", [0, 30, pytest.param(200, marks=pytest.mark.slow)])
def test_the_budget_counts_every_picture(tmp_path, budget, explain):
    hunted(World(), tmp_path / "run", budget=budget, explain_budget=explain)
    assert len(content(tmp_path / "run")["samples"]) <= budget + explain


def test_a_budget_that_cannot_pay_for_the_labels_says_what_would(tmp_path):
    with pytest.raises(SpecError, match="budget is 40, too small for 2 labels; the minimum is 48"):
        hunted(World(labels=("mug", "pot")), tmp_path / "run", budget=40)


@pytest.mark.slow
def test_pictures_of_many_labels_do_not_pile_up_in_memory(tmp_path):
    world = World(labels=tuple(f"thing{i}" for i in range(40)))
    seen: list[weakref.ref] = []
    most = 0

    def watched(call, pictures_of):
        def answer(*inputs):
            nonlocal most
            answers = call(*inputs)
            seen.extend(weakref.ref(image) for image in pictures_of(inputs, answers))
            most = max(most, sum(ref() is not None for ref in seen))
            return answers

        return answer

    world.generator = watched(world.generator, lambda _, made: [p.content for p in made])
    world.classify = watched(world.classify, lambda inputs, _: inputs[0])
    world.caption = watched(world.caption, lambda inputs, _: inputs[0])
    world.judge = watched(world.judge, lambda inputs, _: [p.content for p in inputs[0]])
    hunted(world, tmp_path / "run", budget=40 * 24, batch_size=8, explain_budget=0)
    with Store.open(tmp_path / "run") as store:
        drawn = Counter(s.prompt.label for s in store.samples())
    assert len(drawn) == 40 and drawn.total() > 40 * 20
    # drawn, judged, classified: three copies of each picture, and some captioned; two batches are under way at a time
    assert len(seen) > 3 * drawn.total()
    assert 8 <= most <= 8 * 8


def test_the_papers_procedure_stays_in_the_budget(tmp_path):
    evidence = hunted(World(), tmp_path / "run", fixed_n=20, budget=300, explain_budget=0)
    assert {e.drawn for e in evidence} == {20}
    assert "on snow" in bugs(evidence)
    assert len(content(tmp_path / "run")["samples"]) <= 300


def test_a_listener_hears_stages_in_order_and_every_bug_once(tmp_path):
    heard: list[Progress] = []
    evidence = hunted(World(), tmp_path / "run", heard)
    stages = list(dict.fromkeys(now.stage for now in heard))
    assert stages == ["exploring", "confirming", "explaining", "refining"]
    assert [now.images for now in heard] == sorted(now.images for now in heard)
    assert heard[-1].images == len(content(tmp_path / "run")["samples"]) <= heard[-1].budget == sum(SMALL.values())
    assert heard[-1].bugs == len(bugs(evidence)) and heard[-1].hypotheses == len(evidence)
    told = [now.message for before, now in zip(heard, heard[1:], strict=False) if now.bugs > before.bugs]
    assert len(told) == len(set(told)) >= len(bugs(evidence)) and "a mug on snow" in told


def test_a_resumed_run_draws_nothing_twice_and_hears_the_same(tmp_path):
    first, again = World(), World()
    assert hunted(first, tmp_path / "run") == hunted(again, tmp_path / "run")
    assert first.calls > 0 == again.calls


def test_prompts_that_a_generator_does_not_read_are_never_drawn(tmp_path):
    world = World()
    roles = world.roles()

    def check(texts):
        for text in texts:
            if "snow" in text:
                raise SpecError("no snow here")

    roles["generator"].check = check
    world.roles = lambda: roles
    hunted(world, tmp_path / "run")
    with Store.open(tmp_path / "run") as store:
        assert not any("snow" in s.prompt.text for s in store.samples())


# --- another day, other outcomes ------------------------------------------------------------------------------------------

CONCLUSIONS = ("bugs", "folded", "rejected", "hypotheses_tested", "undecided", "across")


def sometimes(roles, share, dies_after=None):
    """A generator that declines for this share of its seeds."""
    draw, calls = roles["generator"].call, []

    def declining(prompts, seeds):
        calls.append(1)
        if dies_after is not None and len(calls) > dies_after:
            raise KeyboardInterrupt
        if any(seed % 100 < 100 * share for seed in seeds):
            raise Declined("no")
        return draw(prompts, seeds)

    roles["generator"].call = declining
    return roles


def test_a_run_that_goes_on_with_other_outcomes_concludes_what_one_without_a_past_would(tmp_path):
    world = World(planted=dict.fromkeys(("snow", "sand", "night", "red", "above"), 0.9), prior=0.05)
    options = {"budget": 300, "explain_budget": 120, "seed": 3}
    want = bugscope.hunt(["mug"], tmp_path / "want", **options, **world.roles()).report
    before = bugscope.hunt(["mug"], tmp_path / "r", **options, **sometimes(world.roles(), 0.2)).report
    assert any(before[part] != want[part] for part in CONCLUSIONS), "the outcomes differ"
    assert any(b["explanation"] for b in want["bugs"])
    for dies_after in (2, 10):  # stopped while it goes another way
        with pytest.raises(KeyboardInterrupt):
            bugscope.hunt(["mug"], tmp_path / "r", **options, **sometimes(world.roles(), 0.0, dies_after))
        half = bugscope.load(tmp_path / "r").report
        assert not half["finished"]
        for b in (*half["bugs"], *half["folded"]):
            changed = {c["phrase"] for c in b["counterfactuals"] or () if c["phrase"]}
            assert changed <= set(b["phrases"]), "a bug is shown with another bug's explanation"
    done = bugscope.hunt(["mug"], tmp_path / "r", **options, **world.roles()).report
    assert done["finished"] and {part: done[part] for part in CONCLUSIONS} == {part: want[part] for part in CONCLUSIONS}


def test_notes_are_about_a_description_whatever_its_place_and_stale_ones_are_forgotten(tmp_path):
    red, snow, fog = (Hypothesis("mug", (phrase,)) for phrase in (RED, SNOW, FOG))
    rate = Rate(1, 2, 0.0, 1.0, 0.95)

    def measured(*hypotheses):
        return events.Measured([Evidence(h, rate, rate, 1.0, Verdict.CONFIRMED, 2, 2) for h in hypotheses])

    def tried(store):
        return [note["description"] for note in ledger.tried(store).values()]

    with Store.create(tmp_path / "r", {}) as store:
        keeper = Keeper(store, WORDS)
        keeper(events.Proposed([red, snow]))
        keeper(measured(red, snow))
        key = ledger.key(snow, WORDS)
        store.note("inquiry", key, {"asked": "by a person"})
        again = Keeper(store, WORDS)
        again(events.Proposed([red]))
        again(measured(red))
        assert tried(store) == ["red", "on snow"], "nothing says yet that the second will not come"
        again(events.Proposed([red, fog]))
        assert tried(store) == ["red"]
        again(measured(red, fog))
        again(events.Proposed([red, fog, snow]))
        again(measured(red, fog, snow))
        again.settle()
        assert tried(store) == ["red", "in fog", "on snow"] and len(store.notes("hypothesis")) == 3
        assert list(ledger.tried(store))[2] == key in store.notes("inquiry")
        last = Keeper(store, WORDS)
        last(events.Proposed([red]))
        last(measured(red))
        last.settle()
        assert tried(store) == ["red"] and len(store.notes("hypothesis")) == 1 and store.notes("inquiry")


def test_descriptions_with_one_prompt_have_a_key_each():
    keys = {
        ledger.key(Hypothesis(label, phrases, against=against), WORDS)
        for label in ("mug", "pot")
        for phrases in ((RED,), (RED, SNOW), (SNOW, RED), (Phrase("red", before=False),), (Phrase("on snow, red"),))
        for against in (None, WORDS.prompt(label, (FOG,)))
    }
    assert len(keys) == 20


def test_notes_are_json_without_surprises(tmp_path):
    hunted(World(), tmp_path / "run")
    json.dumps(content(tmp_path / "run"), allow_nan=False)


# --- what counts as right -------------------------------------------------------------------------------------------------

OFFICE = ("notebook", "stapler")


class Laptops:
    """Calls every notebook a laptop; knows `more` labels besides."""

    id = "test/laptops"

    def __init__(self, world, more=()):
        self.world, self.labels = world, tuple(dict.fromkeys([*OFFICE, "laptop", *more]))

    def __call__(self, images):
        found = np.zeros((len(images), len(self.labels)))
        for row, image in zip(found, images, strict=True):
            row[self.labels.index("laptop" if self.world.read(image)[0] == 0 else "stapler")] = 0.9
        return found


def office(folder, more=(), **options):
    world = World(labels=OFFICE, planted={}, base=0.0)
    roles = world.roles() | {"target": Laptops(world, more)}
    return bugscope.hunt(OFFICE, folder, **{"budget": 200, "explain_budget": 0, **roles, **options})


def plain(run):
    return {row["label"]: (row["baseline"]["failures"], row["baseline"]["n"]) for row in run.report["labels"]}


def test_near_synonyms_of_imagenet_are_wrong_for_a_target_with_labels_of_its_own(tmp_path):
    own = office(tmp_path / "own")
    failures, n = plain(own)["notebook"]
    assert failures == n > 0 and plain(own)["stapler"][0] == 0
    used = own.report["accept"]
    assert (used["set"], used["stated"], used["forgiven"]) == ("none", False, 0)
    assert own.report["failure"] == "whose first answer is not the label"
    assert "Accept-set: none, because the target’s labels are not ImageNet’s." in (own.path / "report.html").read_text()


def test_near_synonyms_are_right_for_a_target_with_imagenets_labels_and_reports_count_them(tmp_path):
    for run, stated in (
        (office(tmp_path / "by-labels", imagenet()), False),
        (office(tmp_path / "stated", accept="imagenet"), True),
    ):
        assert plain(run)["notebook"][0] == 0
        used, rows = run.report["accept"], {row["label"]: row for row in run.report["labels"]}
        assert (used["set"], used["stated"]) == ("imagenet", stated)
        samples = run.samples()
        forgiven = (samples.status == "success") & (samples.predicted == "laptop")
        assert used["forgiven"] == rows["notebook"]["forgiven"] == forgiven.sum() > 0 == rows["stapler"]["forgiven"]
        assert used["n"] == samples.status.isin(["success", "failure"]).sum()
        said = f"{used['forgiven']} of {used['n']} answers are right only thanks to it."
        assert said in (run.path / "report.html").read_text() and said in markdown(run.report)
    assert plain(office(tmp_path / "none", imagenet(), accept="none"))["notebook"][0] > 0


def test_what_is_accepted_is_part_of_a_run_and_a_file_is_what_is_in_it(tmp_path):
    file = tmp_path / "sets.yaml"
    file.write_text("notebook: [laptop]")
    run = office(tmp_path / "run", accept=str(file))
    assert plain(run)["notebook"][0] == 0 and run.report["accept"]["further"] == {"notebook": ["laptop"]}
    file.unlink()
    again = office(tmp_path / "run", accept={"notebook": ["laptop"]})
    assert again.report["labels"] == run.report["labels"]
    with pytest.raises(StoreError, match="holds another run: accept is .*'laptop'.* there, 'none' here"):
        office(tmp_path / "run", accept="none")


def test_labels_that_the_target_does_not_know_leave_nothing_behind(tmp_path):
    with pytest.raises(SpecError, match="unknown label of the target in accept 'laptob'. Did you mean 'laptop'"):
        office(tmp_path / "run", accept={"notebook": ["laptob"]})
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(("more", "alike"), [((), False), (imagenet(), True)])
def test_an_object_that_may_rightly_be_called_so_is_no_other_object(more, alike):
    world = World(labels=OFFICE)
    models = Models(**world.roles() | {"target": Laptops(world, more)})
    words = wording.of(models, tasks.knowing(Config(), models.target.labels))
    assert (
        words.alike("notebook", "laptop") is alike and words.alike("laptop", "laptop") and not words.alike("laptop", "stapler")
    )


def test_a_probe_follows_the_same_rule(tmp_path):
    world = World(labels=OFFICE, planted={}, base=0.0)
    for more, failures in (((), 12), (imagenet(), 0)):
        roles = world.roles() | {"target": Laptops(world, more)}
        out = tmp_path / f"{len(more)}"
        (answer,) = bugscope.probe("a photo of a notebook on snow", "notebook", out, n=12, **roles).answers
        assert answer.failures == min(failures, answer.n)
