"""The whole thing from outside: Python interface, report, bad input."""

import importlib
import json
import re
import sys
from types import ModuleType

import numpy as np
import pytest

import bugscope
from bugscope.core import labels, registry
from bugscope.core.errors import BugscopeError, SpecError
from bugscope.core.options import Config
from bugscope.engine.engine import Engine
from bugscope.engine.models import Models
from bugscope.report import summary
from bugscope.store.folder import Store
from bugscope.testing import World
from bugscope.workflows import hunt as hunting
from bugscope.workflows import session
from support import onnx_files

LABELS = ("mug", "pot")


def world(**changes):
    return World(**{"labels": LABELS, "planted": {"snow": 0.95, "above": 0.9}, "prior": 0.05, **changes})


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return bugscope.hunt(LABELS, tmp_path_factory.mktemp("runs") / "whole", budget=400, **world().roles())


def test_planted_bugs_are_found_said_and_kept(run):
    assert len(run.bugs) >= 3
    for bug in run.bugs:
        assert "on snow" in bug.sentence or "seen from above" in bug.sentence
        assert bug.low <= bug.rate <= bug.high
        assert bug.low > bug.baseline_rate
        said = re.fullmatch(r"an? .* -> bowl: \d+ of \d+ fail \(95 % CI \d+-\d+ %\), (.*) (\d+) of (\d+)", str(bug))
        assert said and said.groups() == (bug.record["besides"], str(bug.baseline_failures), str(bug.baseline_n))
        assert bug.record["parent"] or said[1] == f"plain “{bug.label}”"
    assert bugscope.load(run.path).report == run.report
    assert repr(run).endswith(f"{len(run.bugs)} bugs, {run.report['images_generated']} pictures>")


def test_report_json_keeps_its_contract_and_adds_up(run):
    report = json.loads((run.path / "report.json").read_text())
    assert report["schema"] == 2
    assert report["finished"] is True
    assert report["images_generated"] <= report["budget"] + report["explain_budget"] == 400 + Config().explain_budget
    confirmed = [*report["bugs"], *report["folded"]]
    assert len(confirmed) + len(report["rejected"]) == report["hypotheses_tested"]
    frame = run.samples()
    assert len(frame) == report["images_generated"]
    for bug in confirmed:
        mine = frame[(frame.label == bug["label"]) & (frame.description == bug["description"]) & (frame.purpose == "confirm")]
        assert (mine.status == "failure").sum() == bug["failures"]
        assert mine.status.isin(["failure", "success"]).sum() == bug["n"]
        assert all((run.path / x["image"]).is_file() for x in bug["examples"])
        assert bug["risk_difference"] == pytest.approx(bug["rate"] - bug["baseline_rate"])


def test_bugs_of_several_labels_are_seen_together(run):
    across = {row["description"]: row for row in run.report["across"]}
    assert "seen from above" in across
    for phrase, row in across.items():
        mine = {b.number: b.label for b in run.bugs if b.description == phrase}
        assert {x["bug"]: x["label"] for x in row["labels"]} == mine and row["confirmed"] == len(mine) == 2
        assert row["tried"] == 2
    shown = [b.description for b in run.bugs if not b.record["parent"]]
    assert set(across) == {d for d in shown if shown.count(d) > 1}
    page = (run.path / "report.html").read_text()
    first = across["seen from above"]["labels"][0]
    assert f'<a href="#bug-{first["bug"]}">{first["label"]}</a>' in page and f'id="bug-{first["bug"]}"' in page


def test_the_page_is_one_safe_offline_file(run):
    page = (run.path / "report.html").read_text()
    assert len(page.encode()) < 5_000_000
    assert "a mug on snow" in page
    assert not re.search(r"<script|https?://|src=\"(?!data:)", page)
    assert "sandbox" in run._repr_html_()


def test_labels_are_escaped_in_the_page(tmp_path):
    evil = '<img src=x onerror="alert(1)">'
    found = bugscope.hunt([evil], tmp_path / "evil", budget=200, **world(labels=(evil,), prior=0.02).roles())
    page = (tmp_path / "evil" / "report.html").read_text()
    assert found.report["labels"][0]["label"] == evil
    assert "<img src=x" not in page
    assert "&lt;img src=x" in page


def test_a_stopped_hunt_leaves_a_partial_report_and_goes_on_to_the_same_one(tmp_path, run):
    with pytest.raises(KeyboardInterrupt):
        bugscope.hunt(LABELS, tmp_path / "r", budget=400, **world(die_after=12).roles())
    assert json.loads((tmp_path / "r" / "report.json").read_text())["finished"] is False
    again = bugscope.hunt(LABELS, tmp_path / "r", budget=400, **world().roles())
    differs = {k for k in run.report if run.report[k] != again.report[k]}
    assert differs <= {"run_id", "created", "seconds"}


def test_a_finished_run_is_not_drawn_again(run):
    idle = world(die_after=0)
    assert bugscope.hunt(LABELS, run.path, budget=400, **idle.roles()).bugs == run.bugs
    assert idle.calls == 0


def test_a_finished_run_is_only_searched_again_where_that_could_change_something(tmp_path, monkeypatch):
    searched, heard = [], []
    conduct = hunting.conduct

    def counting(*given):
        searched.append(1)
        return conduct(*given)

    def hunt(**options):
        heard.clear()
        asked = {"budget": 200, "explain_budget": 60} | options
        return bugscope.hunt(LABELS, tmp_path / "r", progress=heard.append, **asked, **world().roles())

    monkeypatch.setattr(hunting, "conduct", counting)
    first = hunt()
    counts = [heard[-1].images, heard[-1].failures, heard[-1].hypotheses, heard[-1].bugs]
    (tmp_path / "r" / "report.html").unlink()
    again = hunt(batch_size=3)
    assert len(searched) == 1 and again.report == first.report | {"seconds": again.report["seconds"]}
    assert (tmp_path / "r" / "report.html").exists(), "it is reported again"
    last = heard[-1]
    assert [last.images, last.failures, last.hypotheses, last.bugs] == counts and last.recalled == last.images > 0
    # a picture is gone
    next((tmp_path / "r").glob("images/*/*")).unlink()
    assert hunt().bugs == first.bugs and len(searched) == 2
    # a question was not answered
    with Store.create(tmp_path / "r", bugscope_identity(tmp_path / "r")) as store:
        store.note("error", "0" * 64, {"role": "target", "reason": "busy"})
    assert hunt().bugs == first.bugs and len(searched) == 3
    # another version may search in another way
    monkeypatch.setattr(session, "versions", lambda: {"bugscope": "0"})
    assert hunt().bugs == first.bugs and len(searched) == 4
    hunt()
    assert len(searched) == 4


def test_a_run_of_an_earlier_version_goes_on_with_defaults_for_what_it_did_not_know(tmp_path):
    options = {"budget": 120, "explain_budget": 0}
    bugscope.hunt(["mug"], tmp_path / "r", **options, **world().roles())
    with Store.create(tmp_path / "r", bugscope_identity(tmp_path / "r")) as store:
        held = store.meta("identity")
        for name in ("explain_budget", "pairs", "editor", "editor_args"):
            del held["options"][name]
        store.set_meta("identity", held)
    again = bugscope.hunt(["mug"], tmp_path / "r", budget=120, **world().roles())
    assert again.report["finished"] and again.report["explain_budget"] == Config().explain_budget
    with pytest.raises(BugscopeError, match="holds another run: pairs is None there, 5 here"):
        bugscope.hunt(["mug"], tmp_path / "r", budget=120, pairs=5, **world().roles())


def bugscope_identity(folder):
    with Store.open(folder) as store:
        return store.meta("identity")


@pytest.mark.parametrize(
    ("labels", "options", "message"),
    [
        (["mugg"], {}, "unknown label 'mugg'. Did you mean 'mug'"),
        (["mug"], {"budget": -3}, "budget is -3"),
        (["mug"], {"budget": 10}, "budget is 10, too small for 1 label; the minimum is"),
        (["mug"], {"budjet": 100}, "unknown option 'budjet'. Did you mean 'budget'"),
        (["mug"], {"judge": "studo"}, "unknown judge provider 'studo'. Did you mean 'studio'"),
        ([], {}, "no labels"),
    ],
)
def test_bad_input_is_one_sentence_and_leaves_nothing(tmp_path, labels, options, message):
    with pytest.raises(BugscopeError, match=re.escape(message)) as caught:
        bugscope.hunt(labels, tmp_path / "r", **{**world().roles(), **options})
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "r").exists()


def _wrong_shape(images):
    return np.zeros((len(images), 2))


def _not_finite(images):
    return np.full((len(images), 3), np.nan)


def _raising(images):
    raise RuntimeError("no such layer")


@pytest.mark.parametrize(
    ("classify", "message"),
    [
        (_wrong_shape, r"gave scores of shape \(10, 2\); expected \(10, 3\)"),
        (_not_finite, "scores that are not finite"),
        (_raising, "raised RuntimeError: no such layer"),
    ],
)
def test_a_broken_classifier_stops_the_run_with_one_line(tmp_path, classify, message):
    roles = world().roles()
    classify.labels = ["mug", "pot", "bowl"]
    with pytest.raises(BugscopeError, match=message):
        bugscope.hunt(["mug"], tmp_path / "r", **{**roles, "target": classify})


def test_swapping_the_classifier_asks_no_generator(run, tmp_path):
    quiet = world(die_after=0, planted={}, base=0.0)
    identity = {"copy": True}
    with Store.open(run.path) as source, Store.create(tmp_path / "copy", identity) as copy:
        for role in ("generator", "judge"):
            model = source.meta("identity")["models"][role]
            keys = [s.key for s in source.samples()]
            copy.put((role, model, k, v) for k, v in source.get(role, model, keys).items())
        (tmp_path / "copy" / "images").rmdir()
        (tmp_path / "copy" / "images").symlink_to(run.path / "images")
        samples = [s for s in source.samples() if s.purpose in ("explore", "confirm")]
        engine = Engine(Models(**quiet.roles()), copy, Config())
        assert {o.status.value for o in engine.measure(samples)} == {"success"}
        assert quiet.calls == 0


EXACT = {"corrected": False, "exact": True, "sensitivity": None, "specificity": None, "agreement": None}


# --- what the report says of its statistics -------------------------------------------------------------------------------


def test_a_rise_has_an_interval_and_what_stayed_undecided_comes_first(run):
    for bug in run.report["bugs"]:
        assert bug["rise"]["low"] < bug["rise"]["value"] <= bug["rise"]["high"] <= 1
        assert bug["rise"]["value"] == pytest.approx(bug["risk_difference"])
        assert bug["corrected"] is None
    reasons = [r["reason"].startswith("undecided") for r in run.report["rejected"]]
    assert reasons == sorted(reasons, reverse=True) and sum(reasons) == run.report["undecided"]
    page = (run.path / "report.html").read_text()
    assert "knows what was drawn: no rate needs a correction" in page
    assert run.report["judge_error"] == EXACT


def test_rates_are_corrected_for_a_judge_whose_error_is_stated(tmp_path):
    options = {**World(labels=("mug",)).roles(), "budget": 300}
    stated = {"judge_sensitivity": "98/100", "judge_specificity": "0.9"}
    corrected = bugscope.hunt(["mug"], tmp_path / "a", **options, **stated)
    stated = {"corrected": True, "exact": False, "sensitivity": "98/100", "specificity": "0.9"}
    assert corrected.report["judge_error"] == EXACT | stated
    assert corrected.bugs
    for bug in corrected.report["bugs"]:
        rates = bug["corrected"]
        assert rates["rate"]["low"] <= rates["rate"]["value"] <= rates["rate"]["high"]
        assert rates["rate"]["low"] > rates["baseline"]["value"]
    page = (tmp_path / "a" / "report.html").read_text()
    assert "rates are corrected for its mistakes, with sensitivity 98/100 and specificity 0.9" in page
    assert "corrected for the judge’s mistakes" in page


def test_a_judge_whose_error_nobody_stated_is_named_as_such(tmp_path):
    roles = World(labels=("mug",)).roles()
    roles["judge"].exact = False
    bugscope.hunt(["mug"], tmp_path / "a", **roles, budget=150)
    assert "How often it errs is not known and no rate is corrected" in (tmp_path / "a" / "report.html").read_text()


@pytest.mark.parametrize(
    ("stated", "message"),
    [
        ({"judge_sensitivity": "0.9"}, "go together"),
        ({"judge_sensitivity": "0.5", "judge_specificity": "0.4"}, "no better than chance"),
        ({"judge_sensitivity": "95", "judge_specificity": "0.4"}, "'95' should be a share"),
    ],
)
def test_an_error_that_no_judge_can_have_is_refused_before_anything_is_made(tmp_path, stated, message):
    with pytest.raises(SpecError, match=message):
        bugscope.hunt(["mug"], tmp_path / "a", **World().roles(), **stated)
    assert not (tmp_path / "a").exists()


def test_every_label_that_both_know(tmp_path):
    world = World(labels=("mug", "pot", "vase"), planted={"snow": 0.9})
    roles = world.roles()
    roles["generator"].labels = ("pot", "vase", "mug", "lamp")  # "bowl" is only the target's, "lamp" only the generator's
    options = {"budget": 240, "explore": 8, "explain_budget": 0}
    run = bugscope.hunt(None, tmp_path / "all", all_labels=True, **options, **roles)
    assert [label["label"] for label in run.report["labels"]] == ["mug", "pot", "vase"]
    with pytest.raises(SpecError, match="labels mug and all labels were asked for"):
        bugscope.hunt("mug", tmp_path / "both", all_labels=True, **options, **roles)
    with pytest.raises(SpecError, match="budget is 20, too small for 3 labels; the minimum is 60"):
        bugscope.hunt(None, tmp_path / "small", all_labels=True, **options | {"budget": 20}, **roles)


@pytest.mark.parametrize("often", [False, True])
def test_partial_reports_take_a_small_part_of_the_time_and_the_ledger_knows_every_bug_at_once(tmp_path, monkeypatch, often):
    written, known = [], []
    write = session.report.write

    def counting(store, paged):
        written.append(paged)
        return write(store, paged)

    def heard(now):
        if now.bugs and (not known or now.bugs > known[-1][0]):
            with Store.open(tmp_path / "r") as store:
                found = summary.build(store)
            known.append((now.bugs, len(found["bugs"]) + len(found["folded"])))

    monkeypatch.setattr(session.report, "write", counting)
    # as if a report took no time, or the first one a year
    monkeypatch.setattr(session, "SPARED", 0 if often else 10**6)
    # bugs that no later picture casts doubt on
    world = World(labels=("mug", "pot", "cup"), planted={"snow": 1.0, "above": 1.0}, base=0.0, prior=0.0)
    run = bugscope.hunt(world.labels, tmp_path / "r", budget=300, explain_budget=0, progress=heard, **world.roles())
    found = len(run.bugs)
    assert found >= 4 and known[-1][0] == found + len(run.report["folded"])
    # a bug is told of when the folder has it
    assert all(there >= told for told, there in known)
    # the first and the last, or every one and the last; the last is whole
    assert written[-1] is True and len(written) == (len(known) + 1 if often else 2)
    assert (tmp_path / "r" / "report.html").read_text().count("<article") == found
    assert len(json.loads((tmp_path / "r" / "report.json").read_text())["bugs"]) == found


def test_a_judge_is_told_what_the_classifier_tells_apart_where_it_would_know():
    asked = []

    def classes():
        asked.append(1)
        return ["mug", "pot"]

    zero_shot = "open_clip/ViT-B-32:openai"
    assert session.judge_args(zero_shot, {"top": 2}, classes) == {"top": 2, "against": ["mug", "pot"]}
    assert asked == [1]
    assert session.judge_args(zero_shot, {"against": ["cup"]}, classes) == {"against": ["cup"]}
    assert session.judge_args("studio", {}, classes) == {} and asked == [1]
    # ImageNet's own names are not rivals: "dog" would lose to every breed
    assert session.judge_args(zero_shot, {}, lambda: labels.imagenet()[::-1]) == {}


def test_a_target_that_names_no_labels_is_refused_before_anything_is_made(tmp_path):
    roles = World().roles() | {"target": lambda images: np.zeros((len(images), 2))}
    with pytest.raises(SpecError, match="has no label names; give it an attribute 'labels'"):
        bugscope.hunt(["mug"], tmp_path / "r", **roles)
    assert not (tmp_path / "r").exists()


def test_a_role_that_a_run_needs_cannot_be_left_out(tmp_path):
    roles = World().roles()
    for role in ("target", "generator", "captioner", "judge"):
        with pytest.raises(SpecError, match=f"option {role} is ''; name a model, such as '"):
            bugscope.hunt(["mug"], tmp_path / "run", budget=120, **roles | {role: ""})
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (3, "labels are 3; they should be a list of names"),
        ([3], "unknown label '3'"),
        (["mug", None], "None is not text"),
        ([False], "False is not text; in YAML, put it in quotes"),
        ({"mug"}, "labels are a set, which has no order"),
        (np.array(["mugg"]), "Did you mean 'mug'"),
    ],
)
def test_labels_that_are_no_names_are_named(tmp_path, labels, message):
    with pytest.raises(SpecError, match=re.escape(message)):
        bugscope.hunt(labels, tmp_path / "run", **World().roles())


def test_labels_of_a_function_are_read_in_any_usual_form(tmp_path):
    world = World(labels=("mug", "pot"))
    names = list(world.labels)

    def predict(images):
        return world.classify(images)

    for stated in (dict(enumerate(names)), {n: i for i, n in reversed(list(enumerate(names)))}, np.array(names)):
        predict.labels = stated
        models = session.load_models(session.settings(None, {}), world.roles() | {"target": predict})
        assert models.target.labels == tuple(names)
    predict.labels = set(names)
    with pytest.raises(SpecError, match="are a set, which has no order; pass a list in the order of the outputs"):
        session.load_models(session.settings(None, {}), world.roles() | {"target": predict})


VERSIONED = """
import numpy as np

def classify(images):
    return np.tile([0.9, 0.1], (len(images), 1))

classify.labels = ("mug", "pot")
{id}
"""


def test_a_function_that_states_its_version_is_another_model_when_it_changes(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(str(tmp_path))
    roles = {role: model for role, model in World(labels=("mug", "pot")).roles().items() if role != "target"}

    def hunt(folder, id):
        module = "versioned_" + folder
        (tmp_path / f"{module}.py").write_text(VERSIONED.format(id=id))
        return bugscope.hunt(["mug"], tmp_path / folder, target=f"python/{module}:classify", budget=120, **roles)

    assert hunt("unnamed", "").report["target"] == "python/versioned_unnamed:classify"
    assert hunt("named", "classify.id = 'mine/v1'").report["target"] == "mine/v1"
    sys.modules.pop("versioned_named")
    importlib.invalidate_caches()
    with pytest.raises(BugscopeError, match="holds another run: .*'mine/v1' there, 'mine/v22' here"):
        hunt("named", "classify.id = 'mine/v22'")


def test_a_run_goes_on_under_the_name_that_its_model_was_given(tmp_path):
    target = onnx_files.write(tmp_path, shape=("n", 3, 32, 32))
    roles = {role: model for role, model in World(labels=("mug", "pot")).roles().items() if role != "target"}
    options = {"target": f"onnx/{target}", "target_args": {"labels": ["mug", "pot", "fly", "cat"], "name": "ours"}}
    run = bugscope.hunt(["mug"], tmp_path / "run", budget=120, explain_budget=0, **options, **roles)
    assert run.report["names"]["target"] == "ours"
    kept = Config.of(Store.open(run.path).meta("identity")["options"])
    assert kept.target_args["name"] == "ours"


@pytest.mark.slow
def test_a_run_may_be_given_where_its_folder_is_expected(tmp_path):
    roles = World().roles()
    run = bugscope.hunt(["mug"], tmp_path / "run", budget=120, explain_budget=0, **roles)
    assert bugscope.load(run).report == run.report
    assert {"hunt", "plan", "load"} <= set(dir(bugscope))
    assert len(bugscope.plan()) == 6


def test_runs_that_begin_in_the_same_second_get_folders_of_their_own(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    class Stopped(session.datetime):
        @classmethod
        def now(cls, tz=None):
            return cls(2030, 1, 2, 3, 4, 5)

    monkeypatch.setattr(session, "datetime", Stopped)
    made = [session.new_folder("").name for _ in range(3)]
    assert made == ["20300102-030405", "20300102-030405-2", "20300102-030405-3"]
    (tmp_path / "runs" / "probe-20300102-030405").touch()
    assert session.new_folder("probe-").name == "probe-20300102-030405-2"


def test_a_generator_that_draws_none_of_the_targets_labels_is_named(tmp_path):
    class Drawer:
        id, suggested, labels = "drawer", ("mug", "pot"), ("mug", "pot", "fly")

        def __call__(self, prompts, seeds):
            raise AssertionError("never asked")

    strange = registry.Wrapped(lambda images: np.zeros((len(images), 2)), ("cat", "dog"))
    roles = World().roles() | {"generator": Drawer(), "target": strange}
    for more in ({}, {"all_labels": True}):
        with pytest.raises(
            SpecError, match=r"the generator drawer draws none of the target's labels \(cat, dog\); choose another"
        ):
            bugscope.hunt(None, tmp_path / "r", **roles, **more)
    assert not (tmp_path / "r").exists()


def test_of_what_the_generator_suggests_the_target_must_know_some(tmp_path):
    class Drawer:
        id, suggested = "drawer", ("mug", "pot", "cat")

        def __call__(self, prompts, seeds):
            raise AssertionError("never asked")

    class Begun(Exception):
        """Nothing is drawn here."""

    def listen(now):
        if now.planned:
            raise Begun(now.planned.labels)

    target = registry.Wrapped(lambda images: np.zeros((len(images), 3)), ("cat", "dog", "pot"))
    with pytest.raises(Begun, match=re.escape("('pot', 'cat')")):
        bugscope.hunt(None, tmp_path / "r", progress=listen, **World().roles() | {"generator": Drawer(), "target": target})


def test_a_doctor_takes_what_a_hunt_takes():
    world = World(labels=("mug", "pot"))
    roles = world.roles()
    module = ModuleType("toys")
    module.draw = lambda prompts, seeds: [p.content for p in roles["generator"](prompts, seeds)]
    module.say, module.judge = (
        (lambda images: ["a mug on snow" for _ in images]),
        (lambda pictures, labels: [1.0] * len(labels)),
    )
    module.predict = lambda images: np.eye(2)[[0] * len(images)]
    module.predict.labels = ["mug", "pot"]
    sys.modules["toys"] = module
    try:
        options = {"generator": "python/toys:draw", "captioner": "python/toys:say", "judge": "python/toys:judge"}
        checks = bugscope.doctor(options | {"target": "python/toys:predict"})
        assert all(check.ok for check in checks), checks
        failed = [check for check in bugscope.doctor(options | {"target": ""}) if not check.ok]
        assert [check.name for check in failed] == ["load target"] and "option target is ''" in failed[0].detail
    finally:
        del sys.modules["toys"]
