"""What is shown while it works: a live display on a terminal, plain lines elsewhere, nothing if quiet."""

import io
import re
import threading
import time

import pytest

import bugscope
from bugscope.app.cli import progress
from bugscope.app.cli.progress import Lines, Live, Quiet, counting, display
from bugscope.testing import World
from bugscope.workflows import progress as snapshots
from bugscope.workflows.progress import Progress

LINE = re.compile(r"\[\d\d:\d\d:\d\d\] [^\r\x1b]+")


class Clock:
    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now


@pytest.fixture
def log():
    """Lines whose clock stands still until it is set, and what they wrote."""
    out, clock = io.StringIO(), Clock()
    return Lines(out, every=1000, clock=clock), out, clock


@pytest.fixture
def terminal(monkeypatch):
    def state(whether):
        monkeypatch.setattr("sys.stderr.isatty", lambda: whether, raising=False)

    return state


# --- lines ----------------------------------------------------------------------------------------------------------------


def test_a_wait_is_a_line_when_it_begins_and_part_of_every_beat(log):
    lines, out, clock = log
    with lines as tell:
        tell(Progress("exploring", images=16, budget=100))
        tell(Progress("exploring", images=16, budget=100, waiting="waiting 20 s for the judge j: busy"))
        tell(Progress("exploring", images=16, budget=100, waiting="waiting 20 s for the judge j, 40 s without an answer: busy"))
        lines.beat()
        tell(Progress("exploring", images=24, budget=100))
        lines.beat()
        tell(Progress("exploring", images=24, budget=100, waiting="waiting 15 s for the judge j: \x1b[31mbusy"))
    said = [line[11:] for line in out.getvalue().splitlines()]
    assert said[0].startswith("exploring: 16 of 100 pictures")
    assert said[1:3] == [
        "waiting 20 s for the judge j: busy",
        "exploring: 16 of 100 pictures, waiting 20 s for the judge j, 40 s without an answer: busy",
    ]
    assert said[3].startswith("exploring: 24 of 100 pictures") and "waiting" not in said[3]
    assert said[4].startswith("waiting 15 s for the judge j: ") and "\x1b" not in said[4] and len(said) == 5


def test_a_stage_a_bug_and_a_beat_are_a_line_each(log):
    lines, out, clock = log
    with lines as tell:
        tell(Progress("loading"))
        clock.now = 4
        tell(Progress("exploring", budget=1080))
        clock.now = 70
        tell(Progress("exploring", images=16, budget=1080))
        clock.now = 94
        tell(Progress("exploring", images=148, budget=1080))
        lines.beat()
        tell(Progress("confirming", images=148, budget=1080, hypotheses=12))
        clock.now = 3700
        tell(Progress("confirming", images=900, budget=1080, hypotheses=12, bugs=1, message="a mug on snow"))
        tell(Progress("confirming", images=900, budget=1080, hypotheses=12, bugs=1))
        lines.beat()
        tell(Progress("done", images=900, budget=1080, hypotheses=12, bugs=1, cost=0.5))
    assert out.getvalue().splitlines() == [
        "[00:00:00] loading models",
        "[00:00:04] exploring: 0 of 1,080 pictures",
        "[00:01:34] exploring: 148 of 1,080 pictures, about 9 min left",
        "[00:01:34] confirming: 148 of 1,080 pictures, 0 bugs, about 9 min left",
        "[01:01:40] bug 1: a mug on snow",
        "[01:01:40] confirming: 900 of 1,080 pictures, 1 bug, about 12 min left",
        "[01:01:40] done: 900 of 1,080 pictures, 1 bug, cost 0.50",
    ]


def test_a_hunt_says_at_its_start_what_it_will_do(log, tmp_path):
    lines, out, _ = log
    labels = tuple(f"label {i}" for i in range(20))
    with lines as tell:
        tell(Progress("loading"))
        tell(Progress("loading", planned=snapshots.Planned(tmp_path, labels, 1440, 0, True)))
    _, folder, plan = out.getvalue().splitlines()
    assert folder.endswith(f"run folder: {tmp_path} (Ctrl-C is safe; to continue: bugscope resume {tmp_path})")
    assert plan == (
        "[00:00:00] 20 labels (label 0, label 1, label 2, label 3, label 4, label 5 and 14 more); "
        "budget 1,440 pictures (auto), explain budget 0; about 1,440 pictures in all"
    )


def test_other_work_is_named_and_its_pace_is_its_own(log):
    lines, out, clock = log
    with lines as tell:
        tell(Progress("evaluating", images=10, budget=100, message="first"))
        clock.now = 100
        tell(Progress("evaluating", images=100, budget=100, message="first"))
        tell(Progress("evaluating", images=10, budget=50, message="second"))
        clock.now = 110
        tell(Progress("evaluating", images=20, budget=50, message="second"))
        lines.beat()
        tell(Progress("writing", images=1, budget=2, message="set"))
    assert [line[11:] for line in out.getvalue().splitlines()] == [
        "evaluating first: 10 of 100 pictures",
        "evaluating second: 10 of 50 pictures",
        "evaluating second: 20 of 50 pictures, about 30 s left",
        "writing set: 1 of 2 steps",
    ]


def test_what_an_earlier_session_answered_makes_nothing_faster(log):
    lines, out, clock = log
    with lines as tell:
        tell(Progress("exploring", budget=1000))
        clock.now = 2
        tell(Progress("confirming", images=900, recalled=900, budget=1000, hypotheses=3))
        clock.now = 60
        tell(Progress("confirming", images=930, recalled=900, budget=1000, hypotheses=3))
        lines.beat()
    assert [line[11:] for line in out.getvalue().splitlines()[1:]] == [
        "confirming: 900 of 1,000 pictures, 0 bugs",
        "confirming: 930 of 1,000 pictures, 0 bugs, about 2 min left",
    ]


def test_a_run_that_goes_on_tells_what_was_there(tmp_path):
    options = {"budget": 120, "explain_budget": 0}
    bugscope.hunt(["mug"], tmp_path / "r", **options, **World().roles())
    heard = []
    bugscope.hunt(["mug"], tmp_path / "r", progress=heard.append, **options, **World().roles())
    assert heard[-1].recalled == heard[-1].images > 100
    heard.clear()
    bugscope.hunt(["mug"], tmp_path / "other", progress=heard.append, **options, **World().roles())
    assert heard[-1].recalled == 0 < heard[-1].images


def test_the_clock_brings_lines_while_one_answer_takes_its_time_and_none_after_the_end():
    out = io.StringIO()
    threads = threading.active_count()
    with Lines(out, every=0.02) as tell:
        tell(Progress("exploring", budget=80))
        for _ in range(500):
            if out.getvalue().count("\n") >= 4:
                break
            time.sleep(0.01)
    written = out.getvalue()
    assert written.count("[00:00:0") == written.count("exploring: 0 of 80 pictures\n") >= 4
    assert threading.active_count() == threads
    time.sleep(0.06)
    assert out.getvalue() == written


@pytest.mark.parametrize("error", [KeyboardInterrupt, ValueError])
def test_whatever_ends_the_work_ends_the_lines(error):
    out, threads = io.StringIO(), threading.active_count()
    with pytest.raises(error), Lines(out, every=0.01) as tell:
        tell(Progress("exploring", budget=80))
        raise error
    assert threading.active_count() == threads


@pytest.mark.parametrize(("encoding", "shown"), [("cp1252", b"\\u017c\xf3\\u0142w"), ("utf-8", "żółw".encode())])
def test_what_the_stream_cannot_say_is_escaped_and_nothing_steers_it(encoding, shown):
    raw = io.BytesIO()
    with Lines(io.TextIOWrapper(raw, encoding=encoding, newline="\n"), every=1000) as tell:
        tell(Progress("confirming", images=1, budget=80, hypotheses=1, bugs=1, message="a żółw\x1b[31m\r\nat night"))
        data = raw.getvalue()
    assert shown in data and b"\x1b" not in data and b"\r" not in data and data.count(b"\n") == 2


def test_a_reader_that_has_gone_does_not_end_the_work():
    class Gone(io.StringIO):
        def write(self, text):
            raise BrokenPipeError

    with Lines(Gone(), every=1000) as tell:
        tell(Progress("loading"))
        tell(Progress("exploring", budget=80))


# --- the choice -----------------------------------------------------------------------------------------------------------


def test_a_terminal_gets_a_display_a_log_gets_lines_and_quiet_gets_nothing(terminal, capsys):
    terminal(True)
    assert isinstance(display(quiet=False), Live) and isinstance(display(quiet=True), Quiet)
    terminal(False)
    assert isinstance(display(quiet=False), Lines) and isinstance(display(quiet=True), Quiet)
    with display(quiet=True) as tell:
        tell(Progress("exploring", images=3, budget=80))
    assert capsys.readouterr() == ("", "")


def test_work_that_is_counted_ends_with_done_unless_it_fails(terminal, capsys):
    terminal(False)
    with counting(False, "writing", "set") as count:
        count(40, 80, "set")
    assert [line[11:] for line in capsys.readouterr().err.splitlines()] == ["writing set", "done"]
    with pytest.raises(ValueError, match="no"), counting(False, "evaluating") as count:
        raise ValueError("no")
    assert [line[11:] for line in capsys.readouterr().err.splitlines()] == ["loading models"]


@pytest.mark.parametrize("more", [[], ["--json"], ["--quiet"]])
def test_a_log_of_a_hunt_is_lines_on_stderr(tmp_path, said, on_world, more):
    code, out, err = said("hunt", "mug", "--budget", "200", "--explain-budget", "0", "--out", tmp_path / "r", *more)
    assert code == 0 and out and "[00:00:" not in out
    if "--quiet" in more:
        assert err == ""
        return
    lines = err.splitlines()
    assert all(LINE.fullmatch(line) for line in lines)
    stages = [line[11:].partition(":")[0] for line in lines]
    assert stages[:2] == ["loading models", "run folder"] and stages[-1] == "done"
    order = [stage for stage in stages if stage in progress.STAGES.values()]
    assert list(dict.fromkeys(order)) == ["loading models", "exploring", "confirming", "done"]
    assert any(re.fullmatch(r"\[00:00:\d\d\] bug 1: .*mug.*", line) for line in lines)
    # after them, an error is a line of its own
    code, _, err = said("hunt", "pot", "--budget", "200", "--out", tmp_path / "r", *more)
    assert code == 2 and err.splitlines()[0] == "[00:00:00] loading models" and err.splitlines()[-1].startswith("bugscope: ")
    assert "run folder:" not in err


def test_the_doctor_says_what_it_waits_for(said, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "eye.py").write_text("def see(images): return [[1.0, 0.0]] * len(images)\nsee.labels = ['mug', 'pot']\n")
    spec = "python/eye:see"
    _, _, err = said("doctor", "--target", spec, "--generator", spec, "--captioner", spec, "--judge", spec)
    lines = [line[11:] for line in err.splitlines()]
    assert lines[0] == "checking that the target loads: 0 of 8 steps" and lines[-1] == "done"
    assert "checking that the target answers: 6 of 8 steps" in lines
    assert said("doctor", "--target", spec, "--generator", spec, "--captioner", spec, "--judge", spec, "--quiet")[2] == ""


# --- a terminal -----------------------------------------------------------------------------------------------------------


def test_progress_has_a_rate_and_a_time_left():
    clock = Clock()
    live = Live(clock)
    live.tell(Progress("loading"))
    live.tell(Progress("confirming", images=0, budget=80, hypotheses=1))
    clock.now = 10
    live.tell(Progress("confirming", images=40, budget=80, hypotheses=1))
    assert live.bar.tasks[0].description == "Confirming"
    assert live.bar.tasks[0].fields["counts"] == "40/80 pictures, 0 failures, 1 tried, 0 bugs, 4.0/s, 0:10 left"
    live.tell(Progress("evaluating", images=4, budget=80, message="photos\x1b[31m"))
    assert live.bar.tasks[0].fields["counts"] == "4/80 pictures"
    assert live.bar.tasks[0].description.startswith("Evaluating photos") and "\x1b" not in live.bar.tasks[0].description


def test_a_new_bug_is_a_line_of_its_own_that_obeys_nothing(capsys):
    with Live() as tell:
        tell(Progress("confirming", images=40, budget=80, hypotheses=1, bugs=1, message="a mug [red]on snow\x1b[31m"))
    said = capsys.readouterr().err
    assert "bug 1: a mug [red]on snow" in said and "\x1b[31m" not in said


def test_a_warning_is_shown_once_by_either(capsys):
    warnings = ["", "Plain pictures fail.", "Plain pictures fail."]
    out = io.StringIO()
    for shown in (Live(), Lines(out)):
        with shown as tell:
            for warning in warnings:
                tell(Progress("exploring", images=3, budget=9, warning=warning))
    assert capsys.readouterr().err.count("Plain pictures fail.") == 1 == out.getvalue().count("Plain pictures fail.")


@pytest.mark.parametrize(
    "text", ["a \x1b]0;owned\x07title", "half \ud83d", "[/b] [red]x", "{task.total}", "\u202eback", "x\r\ny"]
)
def test_nothing_in_a_snapshot_steers_the_live_line(text, capsys):
    for stage in ("asking", "exploring"):
        with Live() as tell:
            tell(Progress(stage, images=1, budget=9, hypotheses=1, bugs=1, message=text, warning=text))
    shown = "".join(capsys.readouterr())
    assert not re.search("[\x07\u202e\ud83d]|\x1b]", shown)
    assert "[/b] [red]x" in shown or "red" not in text
