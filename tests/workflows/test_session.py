"""The whole thing from outside: Python interface, command line, report, bad input."""

import json
import re
import subprocess
import sys
from itertools import pairwise

import numpy as np
import pytest

import bugscope
from bugscope.app.cli import OPTIONS, main
from bugscope.core import labels
from bugscope.core.errors import BugscopeError, SpecError
from bugscope.core.options import Config
from bugscope.engine.engine import Engine
from bugscope.engine.models import Models
from bugscope.report import summary
from bugscope.store.folder import Store
from bugscope.testing import World
from bugscope.workflows import session as api

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
        assert re.fullmatch(r"an? .* -> bowl: \d+ of \d+ fail \(95 % CI \d+-\d+ %\), baseline \d+ of \d+", str(bug))
    assert bugscope.load(run.path).report == run.report
    assert repr(run).endswith(f"{len(run.bugs)} bugs, {run.report['images_generated']} pictures>")


def test_report_json_keeps_its_contract_and_adds_up(run):
    report = json.loads((run.path / "report.json").read_text())
    assert report["schema"] == 1
    assert report["finished"] is True
    assert report["images_generated"] <= report["budget"] + report["explain"] == 400 + Config().explain
    assert len(report["bugs"]) + len(report["rejected"]) == report["hypotheses_tested"]
    frame = run.samples()
    assert len(frame) == report["images_generated"]
    for bug in report["bugs"]:
        mine = frame[(frame.label == bug["label"]) & (frame.description == bug["description"]) & (frame.purpose == "confirm")]
        assert (mine.status == "failure").sum() == bug["failures"]
        assert mine.status.isin(["failure", "success"]).sum() == bug["n"]
        assert all((run.path / x["image"]).is_file() for x in bug["examples"])
        assert bug["risk_difference"] == pytest.approx(bug["rate"] - bug["baseline_rate"])


def test_bugs_of_several_labels_are_seen_together(run, capsys):
    across = {row["description"]: row for row in run.report["across"]}
    assert "seen from above" in across
    for phrase, row in across.items():
        mine = {b.number: b.label for b in run.bugs if b.description == phrase}
        assert {x["bug"]: x["label"] for x in row["labels"]} == mine and row["confirmed"] == len(mine) == 2
        assert row["tried"] == 2
    shown = [b.description for b in run.bugs if not b.record["parent"]]
    assert set(across) == {d for d in shown if shown.count(d) > 1}
    main_exit(["report", str(run.path)])
    said = capsys.readouterr().out.splitlines()[1]
    assert said.startswith("  of several labels: ") and "seen from above (2 of 2 labels tried)" in said
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


def test_a_run_of_an_earlier_version_goes_on_with_defaults_for_what_it_did_not_know(tmp_path):
    options = {"budget": 120, "explain_budget": 0}
    bugscope.hunt(["mug"], tmp_path / "r", **options, **world().roles())
    with Store.create(tmp_path / "r", bugscope_identity(tmp_path / "r")) as store:
        held = store.meta("identity")
        for name in ("explain", "pairs", "editor", "editor_args"):
            del held["options"][name]
        store.set_meta("identity", held)
    again = bugscope.hunt(["mug"], tmp_path / "r", budget=120, **world().roles())
    assert again.report["finished"] and again.report["explain"] == Config().explain
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
        (["mug"], {"budget": 10}, "budget is 10, too small for 1 labels; the minimum is"),
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
        (_wrong_shape, r"gave scores of shape \(16, 2\); expected \(16, 3\)"),
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


# --- command line -------------------------------------------------------------------------------------------------------


def bugscope_command(*arguments, cwd):
    return subprocess.run([sys.executable, "-m", "bugscope.app.cli", *arguments], capture_output=True, text=True, cwd=cwd)


EXACT = {"corrected": False, "exact": True, "sensitivity": None, "specificity": None, "agreement": None}
UNSET = {"editor": "a list of siblings", "describer": "contrasts of captions alone"}


def test_the_command_line_offers_every_option_with_its_default():
    fields = {n for n in Config.model_fields if not n.endswith("_args") and n != "accept"}
    assert set(OPTIONS) == fields
    for name, (kind, text) in OPTIONS.items():
        assert kind is type(Config.model_fields[name].default)
        default = str(Config.model_fields[name].default) or UNSET.get(name, "exact")
        assert re.search(rf"\[{re.escape(default)}[\]:]", text), name


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ["hunt", "--target", "efficientnet/0"],
            "unknown target provider 'efficientnet'. Did you mean 'efficientnet-lite'",
        ),
        (["hunt", "--target", "efficientnet-lite/7"], "unknown EfficientNet-Lite model '7'"),
        (["hunt", "--target-arg", "threads"], "--target-arg 'threads' should read key=value"),
        (["hunt", "--target-arg", "thread=1"], "Did you mean 'threads'"),
        (["hunt", "--config", "none.yaml"], "cannot read the config file 'none.yaml'"),
        (["hunt", "--config", "bad.yaml"], "unknown option in 'bad.yaml' 'alfa'. Did you mean 'alpha'"),
        (["hunt", "teapott"], "unknown label 'teapott'. Did you mean 'teapot'"),
        (["hunt", "tench"], "unknown label of the generator"),
        (["hunt", "--out", "bad.yaml", "teapot"], "'bad.yaml' is a file"),
        (["hunt", "--out", "bad.yaml/x", "teapot"], "cannot write the run folder"),
        (["hunt", "--target", "python/nothere:f"], "no module named 'nothere'"),
        (["report", "nowhere"], "'nowhere' holds no run"),
        (["resume", "nowhere"], "'nowhere' holds no run"),
    ],
)
def test_user_errors_are_one_line_and_exit_code_2(tmp_path, arguments, message):
    (tmp_path / "bad.yaml").write_text("alfa: 0.1\n")
    done = bugscope_command(*arguments, cwd=tmp_path)
    assert done.returncode == 2
    assert done.stdout == ""
    assert message in done.stderr
    assert done.stderr.count("\n") == 1
    assert [p.name for p in tmp_path.iterdir()] == ["bad.yaml"]


STOPPED = """
import os, signal, sys, threading
from bugscope import api, cli
from bugscope.testing import World
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background job begins with it ignored
world = World(labels=("mug",))
real = world.generator
def draw(prompts, seeds):
    if world.calls == 2:
        os.kill(os.getpid(), signal.SIGINT)
    return real(prompts, seeds)
world.generator = draw
loaded = api.load_models
api.load_models = lambda settings, given=None: loaded(settings, world.roles())
cli.main(["hunt", "mug", "--out", sys.argv[1], "--budget", "200"])
"""


def test_ctrl_c_says_how_to_go_on_and_keeps_a_partial_report(tmp_path):
    command = [sys.executable, "-c", STOPPED, str(tmp_path / "r")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 130
    assert "goes on" in done.stderr and done.stderr.count("\n") == 1
    assert json.loads((tmp_path / "r" / "report.json").read_text())["finished"] is False


def test_json_is_all_of_stdout_and_progress_is_quiet_off_a_terminal(run, capsys):
    main_exit(["report", str(run.path), "--json"])
    out, err = capsys.readouterr()
    assert json.loads(out)["run_id"] == run.report["run_id"]
    assert err == ""
    main_exit(["report", str(run.path)])
    out, _ = capsys.readouterr()
    assert out.splitlines()[0].startswith(f"{len(run.bugs)} confirmed bugs of world/target")
    undecided = run.report["undecided"]
    explained = [b for b in run.report["bugs"] if b["explanation"]]
    assert explained and all(b["explanation"]["sentences"][0] in out for b in explained)
    assert len(out.splitlines()) == len(run.bugs) + len(explained) + 2 + (undecided > 0) + bool(run.report["across"])
    assert (f"{undecided} descriptions undecided at the budget, nearest: " in out) == (undecided > 0)


def main_exit(arguments):
    with pytest.raises(SystemExit) as done:
        main(arguments)
    assert done.value.code in (0, None)


def test_the_module_hunt_does_not_hide_the_function():
    code = "import bugscope.hunt, bugscope; assert callable(bugscope.hunt) and bugscope.hunt.__module__ == 'bugscope.workflows.session'"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_models_lists_every_role_of_every_provider(capsys):
    main_exit(["models", "--json"])
    rows = json.loads(capsys.readouterr().out)
    assert {("studio", "generator"), ("studio", "judge"), ("studio", "captioner"), ("python", "target")} <= {
        (r["provider"], r["role"]) for r in rows
    }
    assert all(r["summary"] for r in rows)


def test_help_and_import_load_nothing_heavy():
    heavy = "torch", "mitsuba", "scipy", "onnxruntime"
    code = f"import sys, bugscope, bugscope.cli; print([m for m in {heavy} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


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
    assert "corrected for, with sensitivity 98/100 and specificity 0.9" in page and "the judge's mistakes allowed for" in page


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


def test_plan_prints_pictures_for_both_modes_and_refuses_nonsense(capsys):
    main_exit(["plan", "--rate", "1", "--rate", "0.2", "--tried", "10", "--bugs", "2"])
    out = capsys.readouterr().out
    assert "80 % power" in out and "over 400" in out
    main_exit(["plan", "--rate", "0.8", "--json"])
    row = json.loads(capsys.readouterr().out)[0]
    assert 5 < row["fixed"]["enough"] <= 15 and 8 <= row["adaptive"]["enough"] <= 24
    for arguments, message in (
        (["--rate", "1.2"], "rate is 1.2"),
        (["--bugs", "99"], "bugs is 99"),
        (["--power", "1"], "power is 1"),
    ):
        with pytest.raises(SystemExit, match="2"):
            main(["plan", *arguments])
        assert message in capsys.readouterr().err


def test_every_label_that_both_know_and_labels_of_a_file(tmp_path, capsys, monkeypatch):
    world = World(labels=("mug", "pot", "vase"), planted={"snow": 0.9})
    roles = world.roles()
    roles["generator"].labels = ("pot", "vase", "mug", "lamp")  # "bowl" is only the target's, "lamp" only the generator's
    options = {"budget": 240, "explore": 8, "explain_budget": 0}
    run = bugscope.hunt(None, tmp_path / "all", all_labels=True, **options, **roles)
    assert [label["label"] for label in run.report["labels"]] == ["mug", "pot", "vase"]
    with pytest.raises(SpecError, match="labels mug and all labels were asked for"):
        bugscope.hunt("mug", tmp_path / "both", all_labels=True, **options, **roles)
    with pytest.raises(SpecError, match="budget is 20, too small for 3 labels; the minimum is 48"):
        bugscope.hunt(None, tmp_path / "small", all_labels=True, **options | {"budget": 20}, **roles)

    asked = []
    monkeypatch.setattr(
        "bugscope.workflows.session.hunt", lambda labels, out, **more: asked.append((labels, more["all_labels"])) or run
    )
    (tmp_path / "mine.txt").write_text("mug\n\nschool bus\n")
    for arguments in (["--labels-from", str(tmp_path / "mine.txt")], ["pot", "--labels-from", str(tmp_path / "mine.txt")]):
        main_ok(["hunt", *arguments, "--out", str(tmp_path / "x")])
    (tmp_path / "one.txt").write_text("mug\n")
    main_ok(["hunt", "--labels-from", str(tmp_path / "one.txt"), "--out", str(tmp_path / "x")])
    assert asked.pop() == (["mug"], False)
    main_ok(["hunt", "--all-labels", "--out", str(tmp_path / "x")])
    assert asked == [(["mug", "school bus"], False), (["pot", "mug", "school bus"], False), (None, True)]
    with pytest.raises(SystemExit) as stop:
        main(["hunt", "--labels-from", str(tmp_path / "mien.txt")])
    assert stop.value.code == 2 and "Did you mean" in capsys.readouterr().err


def main_ok(arguments):
    with pytest.raises(SystemExit) as stop:
        main(arguments)
    assert stop.value.code == 0


def test_a_slow_page_is_not_made_again_for_each_bug_but_the_numbers_are(tmp_path, monkeypatch):
    pages, numbers = [], []
    page = summary.page

    def slow(report, store):
        pages.append(len(report["bugs"]))
        return page(report, store)

    def heard(now):
        if now.bugs and (not numbers or now.bugs > numbers[-1][0]):
            file = tmp_path / "r" / "report.json"
            numbers.append((now.bugs, len(json.loads(file.read_text())["bugs"]) if numbers else 0))

    monkeypatch.setattr(summary, "page", slow)
    monkeypatch.setattr(api, "PAGES", 10**6)  # as if the first took a year
    world = World(labels=("mug", "pot", "cup"), planted={"snow": 0.95, "above": 0.9}, prior=0.05)
    run = bugscope.hunt(world.labels, tmp_path / "r", budget=700, explain_budget=0, progress=heard, **world.roles())
    found = len(run.bugs)
    assert found >= 4 and numbers[-1][0] == found
    # when a bug is told of, the numbers on disk know all those before it
    assert all(written >= before for (before, _), (_, written) in pairwise(numbers))
    # the first, and the last
    assert len(pages) == 2 and pages[-1] == found
    assert (tmp_path / "r" / "report.html").read_text().count("<article") == found


def test_a_judge_is_told_what_the_classifier_tells_apart_where_it_would_know():
    asked = []

    def classes():
        asked.append(1)
        return ["mug", "pot"]

    zero_shot = "open_clip/ViT-B-32:openai"
    assert api.judge_args(zero_shot, {"top": 2}, classes) == {"top": 2, "against": ["mug", "pot"]}
    assert asked == [1]
    assert api.judge_args(zero_shot, {"against": ["cup"]}, classes) == {"against": ["cup"]}
    assert api.judge_args("studio", {}, classes) == {} and asked == [1]
    # ImageNet's own names are not rivals: "dog" would lose to every breed
    assert api.judge_args(zero_shot, {}, lambda: labels.imagenet()[::-1]) == {}
