"""The command line: help, hunts and probes, user errors, what a script reads."""

import json
import re
import sqlite3
import subprocess
import sys

import pytest
import yaml

import bugscope
from bugscope.app.cli import app
from bugscope.core.errors import Declined
from bugscope.core.options import OPTIONS
from bugscope.testing import World
from bugscope.workflows import session
from support.runs import copied, trying
from support.worlds import ABOVE, RED, SNOW

LABELS = ("mug", "pot")


def command(*arguments, cwd):
    return subprocess.run([sys.executable, "-m", "bugscope.app.cli", *arguments], capture_output=True, text=True, cwd=cwd)


@pytest.fixture(scope="module")
def run(tmp_path_factory, roles):
    with trying([SNOW], [ABOVE], [RED, SNOW]):
        return bugscope.hunt(LABELS, tmp_path_factory.mktemp("runs") / "whole", budget=400, explain_budget=120, **roles)


@pytest.fixture(scope="module")
def probed(tmp_path_factory, roles):
    prompts = ["a photo of a mug on snow", "a photo of a pot on sand"]
    return bugscope.probe(prompts, None, tmp_path_factory.mktemp("runs") / "probe", n=30, **roles)


# --- help ---------------------------------------------------------------------------------------------------------------


def test_help_and_import_load_nothing_heavy():
    heavy = (
        "torch",
        "mitsuba",
        "numpy",
        "scipy",
        "onnxruntime",
        "PIL",
        "bugscope.workflows",
        "bugscope.report",
    )
    code = f"import sys, bugscope, bugscope.app.cli; print([m for m in {heavy} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("name", ["hunt", "probe", "doctor"])
def test_a_command_offers_its_options_of_the_table_with_their_defaults(said, name):
    code, out, _ = said(name, "--help")
    out = " ".join(out.split())
    assert code == 0
    for option in OPTIONS.values():
        flag = "--" + (option.name[:-1] if option.name.endswith("_args") else option.name).replace("_", "-") + " "
        assert (flag in out) == (name in option.commands), flag
        if name in option.commands and not option.name.endswith("_args"):
            more = "; may be repeated" if option.name == "accept" else ""
            assert f"{option.help}{more} [default: {option.shown_default}]" in out


def test_every_command_and_option_has_help_that_is_whole(said):
    _, out, _ = said("--help")
    assert "..." not in out.partition("Commands:")[2], "a first sentence is too long for the list of commands"
    for name in [c.name for c in app.registered_commands]:
        code, out, _ = said(name, "--help")
        assert code == 0
        # an option's first line has two columns
        assert not [line for line in out.splitlines() if re.fullmatch(r"  --[\w-]+( \S+)?\s*", line)], name


# --- hunt, resume, report -------------------------------------------------------------------------------------------------


def test_hunt_writes_a_run_and_says_what_it_found(tmp_path, said, on_world):
    folder = tmp_path / "r"
    stated = ("--budget", "200", "--explain-budget", "0", "--alpha", "0.1")
    code, out, err = said("hunt", "mug", *stated, "--quiet", "--out", folder)
    assert (code, err) == (0, "")
    first = out.splitlines()[0]
    assert re.fullmatch(
        r"\d+ confirmed bugs? of world/target: \d+ descriptions tried, (\d+ confirmed, )?\d+ pictures, \d\.\d minutes", first
    )
    assert out.splitlines()[-1] == f"Report: {folder / 'report.html'}"
    found = bugscope.load(folder)
    assert (found.report["alpha"], found.report["budget"], found.report["explain_budget"]) == (0.1, 200, 0)
    code, again, _ = said("resume", folder)
    assert code == 0 and again.splitlines()[1:] == out.splitlines()[1:]


def test_a_budget_that_nobody_states_is_worked_out_and_told(tmp_path, said, on_world):
    file = tmp_path / "c.yaml"
    file.write_text("budget: 90\nexplain_budget: 0\nexplore: 30\n")
    code, _, err = said("hunt", "mug", "pot", "--config", file, "--budget", "auto", "--out", tmp_path / "r")
    assert code == 0
    assert "2 labels (mug, pot); budget 600 pictures (auto), explain budget 0; about 600 pictures in all\n" in err
    assert bugscope.load(tmp_path / "r").report["budget"] == 600
    kept = yaml.safe_load((tmp_path / "r" / "config.yaml").read_text())
    assert (kept["budget"], kept["max_cost"]) == (600, "none")
    code, _, err = said("resume", tmp_path / "r", "--max-cost", "none")
    assert code == 0 and "; budget 600 pictures, explain budget 0; " in err


def test_a_run_of_an_earlier_version_goes_on_or_says_why_not(tmp_path, said, on_world, roles):
    run = bugscope.hunt(["mug"], tmp_path / "r", budget=120, explain_budget=0, **roles)
    # such versions kept a cap of 0 where there was none
    earlier(run.path, max_cost=0.0)
    assert said("resume", run.path)[0] == 0
    earlier(run.path, options={"budget": 0})
    for command in ("resume", "report", "explain"):
        code, _, err = said(command, run.path)
        assert code == 2 and "was written by another version of Bugscope: option budget is 0; it must be a number of" in err


def earlier(folder, options=None, **meta):
    """The folder as it would be with these options, and meta."""
    with sqlite3.connect(folder / "run.sqlite") as db:
        (text,) = db.execute("select value from meta where name='identity'").fetchone()
        identity = json.loads(text)
        identity["options"] |= options or {}
        for name, value in {"identity": identity, **meta}.items():
            db.execute("update meta set value=?, sum=null where name=?", (json.dumps(value), name))
    db.close()


def test_a_file_states_options_and_the_command_line_overrides_it(tmp_path, said, on_world):
    file = tmp_path / "c.yaml"
    file.write_text("labels: [mug]\nbudget: 120\nexplain_budget: 0\nalpha: 0.2\n")
    code, _, _ = said("hunt", "--config", file, "--alpha", "0.1", "--out", tmp_path / "r")
    report = bugscope.load(tmp_path / "r").report
    assert code == 0 and (report["budget"], report["alpha"]) == (120, 0.1)
    assert [label["label"] for label in report["labels"]] == ["mug"]


def test_what_counts_as_right_is_stated_and_said(tmp_path, said, on_world):
    (tmp_path / "sets.yaml").write_text("mug: [bowl]")
    small = ("mug", "pot", "--budget", "120", "--explain-budget", "0")
    code, out, _ = said("hunt", *small, "--accept", tmp_path / "sets.yaml", "--accept", "none", "--out", tmp_path / "r")
    report = bugscope.load(tmp_path / "r").report
    used, (mug, pot) = report["accept"], report["labels"]
    assert code == 0 and mug["baseline"]["failures"] == 0 < pot["baseline"]["failures"]
    assert (used["set"], used["stated"], used["further"]) == ("none", True, {"mug": ["bowl"]})
    assert used["forgiven"] == mug["forgiven"] > 0 == pot["forgiven"]
    line = f"{used['forgiven']} of {used['n']} answers are right only thanks to it. By label: mug {used['forgiven']}."
    assert f"Accept-set: no near-synonyms, as stated; further labels stated for “mug”. {line}" in out.splitlines()
    code, _, err = said("hunt", *small, "--accept", "imagenet", "--out", tmp_path / "r")
    assert code == 2 and "holds another run: accept is ['none', {'mug': ['bowl']}] there, 'imagenet' here" in err
    (tmp_path / "sets.yaml").write_text("mug: [bowel]")
    code, _, err = said("hunt", *small, "--accept", tmp_path / "sets.yaml", "--out", tmp_path / "new")
    assert code == 2 and "unknown label of the target in accept 'bowel'. Did you mean 'bowl'" in err


def test_a_model_is_called_by_its_name(tmp_path, said, roles):
    named = type(roles["target"])(roles["target"].call, "onnx//home/nets/v3.onnx?model=319e", roles["target"].labels)
    named.name = "v3.onnx"
    bugscope.hunt(["mug"], tmp_path / "r", budget=120, explain_budget=0, **roles | {"target": named})
    _, out, _ = said("report", tmp_path / "r")
    assert " of v3.onnx: " in out and "319e" not in out


def test_bugs_of_several_labels_are_shown_together(run, said):
    _, out, _ = said("report", run.path)
    line = out.splitlines()[1]
    assert line.startswith("  shared by several labels: ") and "seen from above (2 of 2 labels tried)" in line


def test_json_is_all_of_stdout(run, said):
    code, out, err = said("report", run.path, "--json")
    assert (code, err) == (0, "")
    assert json.loads(out)["run_id"] == run.report["run_id"]
    _, out, _ = said("report", run.path)
    assert out.startswith(f"{len(run.bugs)} confirmed bugs of world/target")
    assert "\nAccept-set: none, because the target’s labels are not ImageNet’s. Only the label itself is right.\n" in out
    undecided = run.report["undecided"]
    explained = [b for b in run.report["bugs"] if b["explanation"]]
    assert explained and all(b["explanation"]["sentences"][0] in out for b in explained)
    same = [b for b in run.report["bugs"] if b["also"]]
    expected = len(run.bugs) + len(explained) + len(same) + 3 + (undecided > 0) + bool(run.report["across"])
    assert len(out.splitlines()) == expected
    assert (" undecided when the budget ran out; the closest: " in out) == (undecided > 0)


def test_a_cause_is_listed_once_and_what_else_has_it_can_be_asked_for(tmp_path, run, said, on_world):
    _, out, _ = said("report", run.path)
    homes = [b for b in run.bugs if b.also]
    lines = out.splitlines()
    everything = len(run.bugs) + len(run.report["folded"])
    assert homes and f", {everything} confirmed, " in lines[0] and lines[0].startswith(f"{len(run.bugs)} confirmed bugs of ")
    for home in homes:
        (other,) = home.also
        assert f"      also: {other.description.replace(', ', ' ')} (bug {other.number})" in lines
        assert not any(line.startswith(f"   {other.number}. ") for line in lines)
    folder = copied(run, tmp_path / "r")
    code, out, err = said("explain", folder, other.number, "--pairs", "8", "--quiet")
    again = next(x for b in bugscope.load(folder).bugs for x in (b, *b.also) if x.number == other.number)
    assert (code, err) == (0, "") and again.sentence == other.sentence
    assert out.splitlines()[0] == f"{other.number}. {again}"
    assert again.record["same_as"] is None or f"   The same cause as bug {home.number}." in out.splitlines()


def test_labels_come_from_a_file_or_are_all_that_both_know(tmp_path, said, run, monkeypatch):
    asked = []
    monkeypatch.setattr(
        "bugscope.workflows.hunt.hunt", lambda labels, out, **more: asked.append((labels, more["all_labels"])) or run
    )
    file = tmp_path / "mine.txt"
    file.write_text("mug\n\nschool bus\n")
    for arguments in (["--labels-from", file], ["pot", "--labels-from", file], ["--all-labels"]):
        assert said("hunt", *arguments, "--out", tmp_path / "x")[0] == 0
    file.write_text("mug\n")
    assert said("hunt", "--labels-from", file, "--out", tmp_path / "x")[0] == 0
    assert asked == [(["mug", "school bus"], False), (["pot", "mug", "school bus"], False), (None, True), (["mug"], False)]
    code, _, err = said("hunt", "--labels-from", tmp_path / "mien.txt")
    assert code == 2 and "Did you mean" in err


STOPPED = """
import os, signal, sys
from bugscope.app import cli
from bugscope.testing import World
from bugscope.workflows import session
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background job begins with it ignored
world = World(labels=("mug",))
real = world.generator
def draw(prompts, seeds):
    if world.calls == 2:
        os.kill(os.getpid(), signal.SIGINT)
    return real(prompts, seeds)
world.generator = draw
loaded = session.load_models
session.load_models = lambda settings, given=None: loaded(settings, world.roles())
cli.main(["hunt", "mug", "--out", sys.argv[1], "--budget", "200"])
"""


def test_ctrl_c_says_how_to_continue_and_keeps_a_partial_report(tmp_path):
    done = subprocess.run([sys.executable, "-c", STOPPED, str(tmp_path / "r")], capture_output=True, text=True, check=False)
    assert done.returncode == 130
    *lines, last = done.stderr.splitlines()
    assert "to continue, repeat the command" in last and all(line.startswith("[00:00:") for line in lines)
    assert json.loads((tmp_path / "r" / "report.json").read_text())["finished"] is False


# --- probe and explain ----------------------------------------------------------------------------------------------------


def test_probe_answers_in_a_line_for_each_prompt(tmp_path, said, on_world):
    folder = tmp_path / "p"
    code, out, err = said("probe", "a photo of a mug on snow", "a photo of a pot on sand", "--quiet", "--out", folder)
    assert (code, err) == (0, "")
    first, second, used, last = out.splitlines()
    assert first.startswith("a photo of a mug on snow -> bowl: ") and first.endswith(": confirmed")
    assert second.startswith("a photo of a pot on sand") and used.startswith("Accept-set: none, because")
    assert last == f"Report: {folder / 'report.html'}"
    code, out, _ = said("probe", "a photo of a mug on snow", "--out", folder, "--json")
    assert code == 0 and out.count("\n") == 1
    report = json.loads(out)
    assert report["kind"] == "probe" and [p["verdict"] for p in report["probed"]] == ["confirmed"]
    code, out, _ = said(
        "probe", "a thing on snow", "--label", "mug", "--vs", "a thing on sand", "--n", "30", "--alpha", "0.01", "--seed", "3",
        "--out", tmp_path / "q", "--json",
    )  # fmt: skip
    report = json.loads(out)
    assert code == 0 and (report["alpha"], report["seed"]) == (0.01, 3)
    assert report["probed"][0]["compared_with"] == "a thing on sand" and report["probed"][0]["label"] == "mug"


def test_a_probe_folder_is_reported(probed, said):
    code, out, err = said("report", probed.path)
    assert (code, err) == (0, "") and out.startswith("a photo of a mug on snow -> bowl: ")
    assert json.loads(said("report", probed.path, "--json")[1])["kind"] == "probe"


def test_what_a_prompt_says_never_steers_the_terminal(tmp_path, said, on_world):
    code, out, _ = said("probe", "a mug on snow \x1b[31m&amp;", "--n", "8", "--out", tmp_path / "q")
    assert code == 0 and "\x1b" not in out and "[31m&amp;" in out


def test_explain_says_why_and_takes_phrases_of_ones_own(tmp_path, said, on_world, roles):
    with trying([SNOW]):
        run = bugscope.hunt(["mug"], tmp_path / "r", budget=100, explain_budget=0, **roles)
    assert run.bugs
    code, out, err = said("explain", run.path, "1", "--pairs", "8", "--add", "at night", "--add", "on sand", "--quiet")
    assert (code, err) == (0, "")
    done = bugscope.load(run.path)
    first = done.report["bugs"][0]
    lines = out.splitlines()
    assert lines[0] == f"1. {done.bugs[0]}"
    assert lines[1:-1] == [f"   {s}" for s in first["explanation"]["sentences"]]
    assert lines[-1] == f"Report: {run.path / 'report.html'}"
    assert any("at night" in line for line in lines) and any("on sand" in line for line in lines)
    code, out, _ = said("explain", run.path, "1", "--pairs", "8", "--json")
    assert code == 0 and json.loads(out)["bugs"][0]["explanation"]["pairs"] == 8
    assert first["explanation"]["sentences"][0] in said("report", run.path)[1]
    # what is left to explain, then nothing
    if any(b["explanation"] is None for b in done.report["bugs"]):
        assert said("explain", run.path, "--pairs", "8")[0] == 0
    code, out, err = said("explain", run.path)
    assert (code, out) == (2, "") and "every bug is explained" in err


# --- user errors ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["hunt", "--target", "efficientnet/0"], "unknown target provider 'efficientnet'. Did you mean 'efficientnet-lite'"),
        (["hunt", "--target", "efficientnet-lite/7"], "unknown EfficientNet-Lite model '7'"),
        (["hunt", "--target-arg", "threads"], "--target-arg 'threads' should read KEY=VALUE"),
        (["hunt", "--target-arg", "thread=1"], "Did you mean 'threads'"),
        (["hunt", "--task", "clasify"], "unknown task 'clasify'. Did you mean 'classify'"),
        (["hunt", "--config", "none.yaml"], "cannot read the config file 'none.yaml'"),
        (["hunt", "--config", "bad.yaml"], "unknown option in 'bad.yaml' 'alfa'. Did you mean 'alpha'"),
        (["hunt", "--budget", "0"], "option budget is 0; it must be a number of pictures, at least 1, or auto"),
        (["hunt", "--budget", "-5"], "option budget is -5; it must be a number of pictures, at least 1, or auto"),
        (["hunt", "--budget", "all"], "option budget is 'all'; it must be a number of pictures, at least 1, or auto"),
        (["hunt", "--max-cost", "0"], "option max_cost is 0; it must be a number, more than 0, or none"),
        (["hunt", "--explore", "0"], "option explore is 0; it must be a number of pictures, at least 1"),
        (["evaluate", "--images", ".", "--limit", "-1", "--top-k", "0"], "option top_k is 0"),
        (["hunt", "--alpha", "2"], "option alpha is 2.0; it should be less than 1 (false discovery rate"),
        (["hunt", "--accept", "imagnet"], "unknown accept-set 'imagnet'; it should be none, imagenet, a YAML or JSON file"),
        (["hunt", "--accept", "bod.yaml"], "'bod.yaml' does not exist. Did you mean 'bad.yaml'"),
        (["probe", "a photo of a teapot", "--accept", "bad.yaml"], "'bad.yaml' has 'alfa': '0.1'; it should map each label"),
        (["evaluate", "--images", ".", "--accept", "non"], "unknown accept-set 'non'"),
        (["hunt", "teapott"], "unknown label 'teapott'. Did you mean 'teapot'"),
        (["hunt", "tench"], "unknown label of the generator"),
        (["hunt", "--out", "bad.yaml", "teapot"], "'bad.yaml' is a file"),
        (["hunt", "--out", "bad.yaml/x", "teapot"], "cannot write the run folder"),
        (["hunt", "--target", "python/nothere:f"], "no module named 'nothere'"),
        (["report", "nowhere"], "'nowhere' holds no run"),
        (["resume", "nowhere"], "'nowhere' holds no run"),
        (["explain", "nowhere"], "'nowhere' holds no run"),
    ],
)
def test_a_user_error_is_one_line_and_exit_code_2(tmp_path, monkeypatch, said, arguments, message):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "bad.yaml").write_text("alfa: 0.1\n")
    code, out, err = said(*arguments, *(["--quiet"] if arguments[0] != "report" else []))
    assert (code, out) == (2, "")
    assert err.startswith("bugscope: ") and message in err and err.count("\n") == 1
    assert [p.name for p in tmp_path.iterdir()] == ["bad.yaml"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["probe", "a photo of snow"], "names no label of world/target"),
        (["probe", "a photo of a mug"], "would be compared with itself"),
        (["probe", "a photo of a mug on snow", "--n", "1"], "option n is 1"),
        (["probe", "a photo of a mug on snow", "--label", "mugg"], "unknown label 'mugg'. Did you mean 'mug'"),
        (["explain", "PROBE", "7"], "unknown bug '7'"),
        (["explain", "PROBE", "1", "--add", "on mars"], "cannot show 'on mars'"),
        (["explain", "PROBE", "--pairs", "0"], "option pairs is 0"),
        (["explain", "PROBE", "--budget", "2"], "option budget is 2, too small"),
        (["resume", "PROBE"], "holds a probe"),
    ],
)
def test_a_question_that_makes_no_sense_is_answered_in_one_line(
    probed, tmp_path, monkeypatch, said, on_world, arguments, message
):
    monkeypatch.chdir(tmp_path)
    code, out, err = said(*(probed.path if a == "PROBE" else a for a in arguments), "--quiet")
    assert (code, out) == (2, "")
    assert err.startswith("bugscope: ") and message in err and err.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_the_command_itself_ends_with_a_line_and_a_code(tmp_path):
    done = command("hunt", "--target", "efficientnet/0", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    first, last = done.stderr.splitlines()
    assert first == "[00:00:00] loading models" and last.startswith("bugscope: unknown target provider 'efficientnet'")


# --- plan and models ------------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_plan_prints_pictures_for_both_modes_and_refuses_nonsense(said):
    _, out, _ = said("plan", "--rate", "1", "--rate", "0.2", "--tried", "10", "--bugs", "2")
    assert "80 % power" in out and "over 400" in out
    row = json.loads(said("plan", "--rate", "0.8", "--json")[1])[0]
    assert 5 < row["fixed"]["enough"] <= 15 and 8 <= row["adaptive"]["enough"] <= 24
    for arguments, message in (
        (["--rate", "1.2"], "rate is 1.2"),
        (["--bugs", "99"], "bugs is 99; it must be at most tried, 78"),
        (["--bugs", "0"], "bugs is 0; it must be a number of descriptions, at least 1"),
        (["--tried", "0"], "tried is 0; it must be a number of descriptions, at least 1"),
        (["--power", "1"], "power is 1"),
    ):
        code, _, err = said("plan", *arguments)
        assert code == 2 and message in err


def test_models_lists_every_role_of_every_provider(said):
    rows = json.loads(said("models", "--json")[1])
    assert {("studio", "generator"), ("studio", "judge"), ("studio", "captioner"), ("python", "target")} <= {
        (r["provider"], r["role"]) for r in rows
    }
    assert all(r["summary"] for r in rows)
    _, out, _ = said("models")
    heads = [line for line in out.splitlines() if line and not line.startswith(" ")]
    assert heads == ["targets", "generators", "captioners", "judges", "editors", "describers"]
    assert "  --target efficientnet-lite/0" in out.splitlines()


# --- plain pictures that fail nearly always -------------------------------------------------------------------------------


@pytest.fixture
def on_misnamed(monkeypatch, roles):
    """As `on_world`; the label names of the target are in another order than its outputs."""
    swapped = type(roles["target"])(roles["target"].call, "world/misnamed", ("pot", "mug", "bowl"))
    loaded = session.load_models
    monkeypatch.setattr(session, "load_models", lambda settings, given=None: loaded(settings, roles | {"target": swapped}))


SMALL = ("--budget", "200", "--explain-budget", "0", "--hypotheses", "4")


def test_a_hunt_says_first_that_plain_pictures_fail_and_other_programs_get_exit_code_1(tmp_path, said, on_misnamed):
    first = "Plain pictures fail nearly always, over all 2 labels: 20 of 20 fail (95 % CI 78-100 %)."
    code, out, err = said("hunt", *LABELS, *SMALL, "--out", tmp_path / "r")
    assert code == 0, "as for bugs, where nobody asks for a check"
    lines = out.splitlines()
    assert lines[0] == first and "the label names are probably not in the order" in lines[1]
    assert lines[2].startswith("0 confirmed bugs of world/misnamed")
    told = f"{first} They are taken for one another (mug -> pot, pot -> mug)"
    assert err.count(told) == 1 and err.index(told) < err.index("confirming"), "while it works, once, as soon as it is known"
    _, quiet, err = said("hunt", *LABELS, *SMALL, "--quiet", "--out", tmp_path / "quiet")
    assert quiet.splitlines()[0] == first and err == ""
    for name in ("hunt", "resume", "report"):
        target = (*LABELS, *SMALL, "--out", tmp_path / "r") if name == "hunt" else (tmp_path / "r",)
        for option in ("--junit", "--csv"):
            code, again, _ = said(name, *target, option, tmp_path / f"{name}{option}")
            assert code == 1 and again.splitlines()[0] == first, (name, option)
        assert 'failures="3"' in (tmp_path / f"{name}--junit").read_text()
        assert said(name, *target)[0] == 0
    code, out, _ = said("report", tmp_path / "r", "--json", "--junit", tmp_path / "j.xml")
    assert code == 1 and json.loads(out)["baseline"]["verdict"] == "all"
    _, out, err = said("replay", tmp_path / "r", "--target", "efficientnet-lite/0")
    assert out == "" and f"has no confirmed bugs to replay: {first}" in err


def test_a_sound_hunt_passes_for_other_programs(tmp_path, said, on_world):
    code, out, err = said("hunt", *LABELS, *SMALL, "--quiet", "--out", tmp_path / "r", "--junit", tmp_path / "j.xml")
    assert (code, err) == (0, "") and "nearly always" not in out + (tmp_path / "j.xml").read_text()
    assert len(re.findall(r'testcase name="plain pictures', (tmp_path / "j.xml").read_text())) == 3


# --- models that do not answer ----------------------------------------------------------------------------------------------


def test_a_run_that_a_model_ends_is_one_line_exit_code_2_and_an_error_for_other_programs(said, monkeypatch, tmp_path):
    silent = World(labels=LABELS).roles()
    loaded, good = session.load_models, silent["judge"].call
    monkeypatch.setattr(session, "load_models", lambda settings, given=None: loaded(settings, silent))

    def declining(pictures, labels):
        raise Declined("content filter\n\x1b[31m")

    silent["judge"].call = declining
    out, junit = tmp_path / "run", tmp_path / "bugs.xml"
    options = ("mug", "--budget", "60", "--explain-budget", "0", "--out", out, "--junit", junit, "--quiet")
    for command in (("hunt", *options), ("resume", out, "--junit", junit, "--quiet")):
        junit.unlink(missing_ok=True)
        code, printed, err = said(*command)
        assert (code, printed) == (2, "")
        (line,) = err.splitlines()
        assert line.startswith("bugscope: judge world/judge answered none of ") and "\x1b" not in line
        assert "content filter" in line and line.endswith(f"To go on: bugscope resume {out}")
        assert ' errors="1"' in junit.read_text() and "<error " in junit.read_text()
    code, printed, _ = said("report", out, "--junit", junit)
    assert code == 1 and printed.startswith("Stopped: judge world/judge answered none of ")
    silent["judge"].call = good
    code, printed, _ = said("resume", out, "--junit", junit, "--quiet")
    assert code == 0 and "Stopped" not in printed and ' errors="0"' in junit.read_text()
