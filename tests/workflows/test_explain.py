"""Explanations in a hunt, and of a finished run."""

import json
import subprocess
import sys
from collections import Counter
from typing import Any

import pytest

import bugscope
from bugscope.core.errors import BugscopeError, ModelError, SpecError, Transient
from bugscope.core.records import Prompt, Sample
from bugscope.store.folder import Store
from bugscope.workflows import session
from support.runs import copied, explained, trying, without_times
from support.worlds import ABOVE, LABELS, RED, SNOW, NoScenery, planted

OPTIONS = {"budget": 300, "explain_budget": 260, "seed": 1}


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return bugscope.hunt(LABELS, tmp_path_factory.mktemp("runs") / "whole", **OPTIONS, **planted().roles())


@pytest.fixture(scope="module")
def unexplained(tmp_path_factory):
    return bugscope.hunt(
        LABELS, tmp_path_factory.mktemp("runs") / "bare", **{**OPTIONS, "explain_budget": 0}, **planted().roles()
    )


@pytest.fixture
def bare_run(unexplained, tmp_path):
    """A hunt that explained nothing, to do with as one likes."""
    return bugscope.load(copied(unexplained, tmp_path / "bare"))


def test_a_hunt_explains_its_bugs_in_its_report_and_on_its_page(run):
    bugs = explained(run)
    assert "a mug on snow" in bugs or "a pot on snow" in bugs
    page = (run.path / "report.html").read_text()
    on_disk = json.loads((run.path / "report.json").read_text())
    assert on_disk == json.loads(json.dumps(run.report))
    for bug in bugs.values():
        assert "on snow" in bug["minimal_description"]
        assert [c["phrase"] for c in bug["cues"]] == ["on snow"]
        assert all(line.split(":")[0] in page.replace("&#34;", '"') for line in bug["explanation"]["sentences"])
        for cue in bug["cues"]:
            assert {"phrase", "replacement", "rate", "low", "high", "p_value"} <= set(cue)
            assert cue["low"] <= cue["rate"] <= cue["high"]
        spurious = bug["spurious"]
        assert spurious["predicted"] == "bowl" and spurious["prompt"].startswith("a photo of snow")
        assert spurious["rate"] == spurious["alone"]["times"] / spurious["n"] and spurious["from_context_alone"]
        assert all((run.path / x["image"]).is_file() for x in spurious["examples"])
        strip = bug["explanation"]["strip"]
        assert [row["title"] for row in strip][0] == "as described"
        assert len(strip) == len(bug["counterfactuals"]) + 1
        columns = [[x["seed"] for x in row["pictures"]] for row in strip]
        assert 0 < len(columns[0]) <= 6 and all(c == columns[0] for c in columns), "a column has one seed"


def test_pictures_that_explain_are_counted_paid_for_and_kept_apart(run):
    frame = run.samples()
    further = frame[frame.purpose.isin(["explain", "refine"])]
    assert 0 < len(further) <= OPTIONS["explain_budget"]
    assert len(frame) - len(further) <= OPTIONS["budget"]
    for bug in explained(run).values():
        mine = frame[(frame.purpose == "explain") & (frame.label == bug["label"]) & (frame.prompt == bug["prompt"])]
        assert len(mine) == bug["explanation"]["pairs"]
        assert (mine.status == "failure").sum() == bug["explanation"]["failures"]
    # a label's own pictures are those of exploring, confirming and refining
    for label in run.report["labels"]:
        assert label["images"] == len(frame[(frame.label == label["label"]) & (frame.purpose != "explain")])
    assert {x["label"] for x in run.report["labels"]} == set(LABELS), "the wrong label that a context was judged for is none"


@pytest.mark.slow
def test_killed_while_explaining_then_run_again_gives_the_same_explanations(run, tmp_path):
    stops = Counter()
    while True:
        try:
            again = bugscope.hunt(LABELS, tmp_path / "r", **OPTIONS, **planted(die_after=6).roles())
            break
        except KeyboardInterrupt:
            with Store.open(tmp_path / "r") as store:
                stops.update({s.purpose for s in store.samples()})
            assert json.loads((tmp_path / "r" / "report.json").read_text())["finished"] is False
    assert stops["explain"] > 0, "it was stopped while explaining too"
    assert without_times(again.report) == without_times(run.report)


@pytest.mark.slow
def test_a_generator_that_draws_no_scenery_without_an_object_ends_no_run(tmp_path):
    world = NoScenery(labels=LABELS, planted={"snow": 0.95}, prior=0.05)
    done = bugscope.hunt(LABELS, tmp_path / "r", **OPTIONS, **world.roles())
    assert done.report["finished"] and explained(done)
    assert all(b["spurious"] is None for b in done.report["bugs"])


def test_what_the_generator_suggests_serves_as_other_objects(unexplained, tmp_path):
    roles = planted().roles()
    roles["generator"].suggested = ("nothing that is known", "pot")
    done = bugscope.hunt(["mug"], tmp_path / "r", budget=160, explain_budget=160, **roles)
    cells = [b["spurious"]["others"] for b in explained(done).values() if b["spurious"]]
    assert cells and all({p["label"] for p in c["prompts"]} == {"pot"} for c in cells)


def test_an_editor_is_not_asked_where_no_picture_is_left(tmp_path):
    editor = Editor()
    done = bugscope.hunt(LABELS, tmp_path / "r", **{**OPTIONS, "explain_budget": 20}, **planted().roles(), editor=editor)
    assert done.bugs and not explained(done)
    assert editor.asked == []


def test_explain_nothing_costs_nothing(bare_run):
    assert bare_run.bugs
    assert all(b["explanation"] is None and b["minimal_description"] is None for b in bare_run.report["bugs"])
    assert all(b["cues"] == [] == b["counterfactuals"] and b["spurious"] is None for b in bare_run.report["bugs"])
    assert set(bare_run.samples().purpose) == {"explore", "design", "confirm"}
    page = (bare_run.path / "report.html").read_text()
    assert "bugscope explain RUN 1" in page


# --- bugscope explain ---------------------------------------------------------------------------------------------------


def test_a_finished_run_is_explained_by_number_sentence_and_description(bare_run):
    roles = planted().roles()
    assert len(bare_run.bugs) >= 2
    one = bugscope.explain(bare_run, 1, pairs=8, budget=150, **roles)
    assert [bool(b["explanation"]) for b in one.report["bugs"]] == [True, *[False] * (len(one.bugs) - 1)]
    last = one.report["bugs"][-1]
    both = bugscope.explain(bare_run.path, [last["sentence"].upper()], pairs=8, budget=150, **roles)
    assert both.report["bugs"][-1]["explanation"]["pairs"] == 8
    assert both.report["finished"] is True
    if not all(b["explanation"] for b in both.report["bugs"]):
        rest = bugscope.load(bare_run.path).explain(pairs=8, budget=150, **roles)
        assert all(b["explanation"] for b in rest.report["bugs"])
    with pytest.raises(SpecError, match="every bug is explained already; name one"):
        bugscope.explain(bare_run, pairs=8, **roles)
    page = (bare_run.path / "report.html").read_text()
    # without a number, what is folded into another bug is left alone
    folded = bugscope.load(bare_run.path).report["folded"]
    assert page.count("Not explained") == sum(not b["explanation"] for b in folded)


def test_what_is_explained_later_changes_no_number(tmp_path):
    def roles():
        return planted(planted={"snow": 0.95, "above": 0.9}).roles()

    def numbers(run):
        return {b["key"]: b["id"] for b in (*run.report["bugs"], *run.report["folded"])}

    with trying([SNOW], [ABOVE], [RED, SNOW]):
        run = bugscope.hunt("mug", tmp_path / "r", budget=200, explain_budget=0, **roles())
    (folded,) = run.report["folded"]
    home = next(b for b in run.report["bugs"] if b["id"] == folded["same_as"])
    # not explained, it contains what fails and does not fail more
    assert set(home["cause"]) < set(folded["cause"]) == set(folded["phrases"]) and not folded["explanation"]
    page = (run.path / "report.html").read_text()
    assert f"It contains the cause of bug {home['id']}, “on snow”, and is not shown to fail more often." in page
    # what is folded is explained only where it is asked for
    every = bugscope.explain(run, pairs=12, budget=300, **roles())
    assert all(b["explanation"] for b in every.report["bugs"]) and not every.report["folded"][0]["explanation"]
    with pytest.raises(SpecError, match="every bug is explained already; name one"):
        bugscope.explain(run, pairs=12, **roles())
    done = bugscope.explain(run, folded["id"], pairs=16, budget=600, **roles())
    (again,) = done.report["folded"]
    assert again["key"] == folded["key"] and again["cause"] == ["on snow"] and again["explanation"]["pairs"] == 16
    assert numbers(run) == numbers(every) == numbers(done)
    assert "The same cause as bug " + home["id"] in (run.path / "report.html").read_text()
    (bug,) = [b for b in done.bugs if b.also]
    assert [x.number for x in bug.also] == bug.record["also"] == [folded["id"]] and bug.also[0].why


def test_more_pairs_and_alternatives_than_the_hunt_had(run, tmp_path):
    before = run.report["bugs"][0]
    after_ = bugscope.explain(copied(run, tmp_path / "r"), 1, **planted().roles()).report["bugs"][0]
    assert (before["explanation"]["pairs"], after_["explanation"]["pairs"]) == (16, 24)
    assert len(after_["counterfactuals"]) > len(before["counterfactuals"])
    assert {c["prompt"] for c in before["counterfactuals"]} <= {c["prompt"] for c in after_["counterfactuals"]}


def test_the_strip_shows_the_pairs_that_were_counted(bare_run):
    bugscope.explain(bare_run, 1, pairs=24, **planted().roles())
    bug = bugscope.explain(bare_run, 1, pairs=5, **planted().roles()).report["bugs"][0]
    seeds = {Sample(Prompt(bug["prompt"], bug["label"]), "explain", i, OPTIONS["seed"]).seed for i in range(5)}
    assert bug["explanation"]["pairs"] == bug["explanation"]["n"] == 5
    for row in bug["explanation"]["strip"]:
        assert {x["seed"] for x in row["pictures"]} <= seeds
    assert len(bug["spurious"]["examples"]) <= 5


@pytest.mark.parametrize("options", [{"paris": 3}, {"clasifier": lambda images: []}, {"alpha": 0.01}])
def test_an_option_that_explain_does_not_have_is_refused(bare_run, options):
    with pytest.raises(SpecError, match=next(iter(options))):
        bugscope.explain(bare_run, 1, pairs=4, **options, **planted().roles())


def test_one_phrase_to_add_may_be_given_as_it_is(bare_run):
    one = bugscope.explain(bare_run, 1, pairs=4, add="at night", **planted().roles())
    assert "at night" in {c["replacement"] for c in one.report["bugs"][0]["counterfactuals"]}


def test_asked_again_an_explanation_draws_nothing(bare_run):
    first = bugscope.explain(bare_run, 1, pairs=8, **planted().roles())
    idle = planted(die_after=0)
    assert without_times(bugscope.explain(bare_run, 1, pairs=8, **idle.roles()).report) == without_times(first.report)
    assert idle.calls == 0


def test_going_on_with_a_run_keeps_what_a_person_asked(bare_run, monkeypatch):
    asked = bugscope.explain(bare_run, 1, pairs=10, add=["in fog"], **planted().roles())
    idle = planted(die_after=0)
    again = bugscope.hunt(LABELS, bare_run.path, **{**OPTIONS, "explain_budget": 0}, **idle.roles())
    assert without_times(again.report) == without_times(asked.report) and idle.calls == 0
    loaded = session.load_models
    monkeypatch.setattr(session, "load_models", lambda s, given=None: loaded(s, idle.roles()))
    assert without_times(bugscope.resume(bare_run.path).report) == without_times(asked.report)


@pytest.mark.parametrize(
    "phrase, change, sentence",
    [
        ("on sand", "replace", "on sand"),
        ("  On  Sand ", "replace", "sand"),
        ("at night", "add", "on snow at night"),
        ("red", "add", "a red "),
        ("in fog", "add", "on snow in fog"),
    ],
)
def test_a_persons_phrase_takes_the_place_of_one_of_its_kind_or_is_added(bare_run, phrase, change, sentence):
    number = next(b["id"] for b in bare_run.report["bugs"] if b["description"] == "on snow")
    done = bugscope.explain(bare_run, number, pairs=6, budget=200, add=[phrase], **planted().roles())
    changes = next(b for b in done.report["bugs"] if b["id"] == number)["counterfactuals"]
    mine = [c for c in changes if c["replacement"] and c["replacement"].lower() == " ".join(phrase.lower().split())]
    assert [c["change"] for c in mine] == [change] and sentence in mine[0]["sentence"].lower()
    if change == "replace":
        assert mine[0]["phrase"] == "on snow"


@pytest.mark.parametrize(
    ("bugs", "options", "message"),
    [
        ("99", {}, "unknown bug '99'"),
        ("a mug on snwo", {}, "unknown bug 'a mug on snwo'. Did you mean 'a mug on snow'"),
        (1, {"add": ["on mars"]}, "world/generator cannot show 'on mars' with"),
        (1, {"add": [" "]}, "a phrase to add is empty"),
        (1, {"pairs": 0}, "option pairs is 0; it must be a number of pictures, at least 1"),
        (1, {"budget": -1}, "option budget is -1; it must be a number of pictures, at least 1"),
        (1, {"budget": 3}, "option budget is 3, too small to explain"),
    ],
)
def test_what_cannot_be_explained_is_one_sentence(bare_run, bugs, options, message):
    before = without_times(bare_run.report)
    with pytest.raises(BugscopeError) as caught:
        bugscope.explain(bare_run, bugs, **options, **planted().roles())
    assert str(caught.value).startswith(message) or message in str(caught.value)
    assert "\n" not in str(caught.value)
    after_ = without_times(bugscope.load(bare_run.path).report)
    assert after_ == before


def test_the_least_budget_that_is_named_is_enough(bare_run):
    with pytest.raises(SpecError) as caught:
        bugscope.explain(bare_run, 1, budget=3, pairs=5, **planted().roles())
    least = int(str(caught.value).rsplit(" ", 1)[1])
    assert bugscope.explain(bare_run, 1, budget=least, pairs=5, **planted().roles()).report["bugs"][0]["explanation"]
    with pytest.raises(SpecError, match="too small"):
        bugscope.explain(bare_run, 2, budget=least - 1, pairs=5, **planted().roles())


def test_a_run_without_bugs_has_nothing_to_explain(tmp_path):
    roles = planted(planted={}, base=0.0).roles()
    empty = bugscope.hunt(["mug"], tmp_path / "none", budget=100, explain_budget=50, **roles)
    assert not empty.bugs
    with pytest.raises(SpecError, match="has no confirmed bugs to explain"):
        bugscope.explain(empty, **roles)
    with pytest.raises(BugscopeError, match="holds no run"):
        bugscope.explain(tmp_path / "nowhere", **roles)


def test_the_page_does_not_say_that_fewer_pictures_were_drawn_than_were(bare_run):
    done = bugscope.explain(bare_run, 1, pairs=8, **planted().roles())
    assert (done.samples().purpose == "explain").sum() > 0
    assert "(0 at most)" not in (bare_run.path / "report.html").read_text()


def test_an_explanation_stopped_half_way_leaves_a_finished_run_that_goes_on(bare_run):
    with pytest.raises(KeyboardInterrupt):
        bugscope.explain(bare_run, 1, **planted(die_after=2).roles())
    halted = bugscope.load(bare_run.path).report
    assert halted["finished"] is True and halted["bugs"][0]["explanation"] is None
    assert bugscope.explain(bare_run, 1, **planted().roles()).report["bugs"][0]["explanation"]


@pytest.mark.slow
def test_an_unfinished_run_is_explained_and_still_goes_on_to_the_same_end(unexplained, tmp_path):
    options = {**OPTIONS, "explain_budget": 0}
    die_after = 15
    with pytest.raises(KeyboardInterrupt):
        bugscope.hunt(LABELS, tmp_path / "r", **options, **planted(die_after=die_after).roles())
    half = bugscope.load(tmp_path / "r")
    assert half.bugs and not half.report["finished"]
    asked = bugscope.explain(half, 1, pairs=8, **planted().roles())
    assert asked.report["finished"] is False and asked.report["bugs"][0]["explanation"]
    done = bugscope.hunt(LABELS, tmp_path / "r", **options, **planted().roles())
    assert done.report["finished"]
    assert [str(b) for b in done.bugs] == [str(b) for b in unexplained.bugs]
    assert any(b["explanation"] for b in done.report["bugs"])


def test_the_modules_do_not_hide_the_functions():
    code = """
import bugscope.workflows.explain, bugscope.workflows.probe, bugscope.workflows.hunt, bugscope.method.explain, bugscope
for name, home in (("explain", "results"), ("probe", "probe"), ("hunt", "hunt")):
    f = getattr(bugscope, name)
    assert callable(f) and f.__module__ == f"bugscope.workflows.{home}", f
"""
    subprocess.run([sys.executable, "-c", code], check=True)


# --- an editor ----------------------------------------------------------------------------------------------------------


class Editor:
    """Says what could stand in a phrase's place, and remembers what it was asked."""

    id = "test/editor"

    def __init__(self, answer: Any = None) -> None:
        self.asked: list[tuple[str, list[str]]] = []
        self.answer = answer

    def __call__(self, label, phrases):
        self.asked.append((label, list(phrases)))
        if self.answer is not None:
            return self.answer(phrases) if callable(self.answer) else self.answer
        return [["at night", "in fog"] if p == "on snow" else [] for p in phrases]


def test_an_editor_is_asked_once_a_bug_and_its_answers_survive(tmp_path):
    editor = Editor()
    done = bugscope.hunt(LABELS, tmp_path / "r", **OPTIONS, **planted().roles(), editor=editor)
    bugs = explained(done)
    assert bugs and len(editor.asked) == len({(label, *p) for label, p in editor.asked}) >= len(bugs)
    for label, phrases in editor.asked:
        assert label in LABELS and all(isinstance(p, str) for p in phrases)
    for bug in bugs.values():
        swaps = {(c["phrase"], c["replacement"]) for c in bug["counterfactuals"] if c["change"] == "replace"}
        assert swaps <= {("on snow", "at night"), ("on snow", "in fog")}
    assert any(c["change"] == "replace" for b in bugs.values() for c in b["counterfactuals"])
    config = (tmp_path / "r" / "config.yaml").read_text()
    assert "test/editor" in config
    silent, idle = Editor(), planted(die_after=0)
    again = bugscope.hunt(LABELS, tmp_path / "r", **OPTIONS, **idle.roles(), editor=silent)
    assert without_times(again.report) == without_times(done.report) and silent.asked == [] and idle.calls == 0


def test_a_run_with_an_editor_is_not_the_run_without(tmp_path):
    small = {"budget": 60, "explore": 12, "explain_budget": 0}
    bugscope.hunt(["mug"], tmp_path / "r", **small, **planted().roles(), editor=Editor())
    with pytest.raises(BugscopeError, match="another run"):
        bugscope.hunt(["mug"], tmp_path / "r", **small, **planted().roles())


@pytest.fixture(scope="module")
def edited_run(tmp_path_factory):
    """With an editor that was not asked yet."""
    options = {"budget": 160, "explain_budget": 0}
    folder = tmp_path_factory.mktemp("runs") / "edited"
    return bugscope.hunt(["mug"], folder, **options, **planted(labels=("mug",)).roles(), editor=Editor())


def _broken(phrases):
    raise RuntimeError("no\nsuch word")


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        ([], "gave 0 lists of phrases for 1 inputs"),
        (lambda phrases: [["x"]] * (len(phrases) + 1), "lists of phrases for"),
        (lambda phrases: [[""] for _ in phrases], "gave ['']; expected a list of phrases"),
        (lambda phrases: [[3] for _ in phrases], "gave [3]; expected a list of phrases"),
        (lambda phrases: ["night" for _ in phrases], "expected"),
        (lambda phrases: "x" * len(phrases), "expected"),
        (lambda phrases: [None for _ in phrases], "test/editor"),
        (lambda phrases: 7, "test/editor"),
        (_broken, "raised RuntimeError: no such word"),
    ],
)  # fmt: skip
def test_an_editor_that_breaks_its_contract_gives_one_sentence(edited_run, answer, message, tmp_path):
    folder = copied(edited_run, tmp_path / "r")
    with pytest.raises(ModelError) as caught:
        bugscope.explain(folder, 1, **planted(labels=("mug",)).roles(), editor=Editor(answer))
    assert "test/editor" in str(caught.value) and message in str(caught.value) and "\n" not in str(caught.value)
    assert bugscope.load(folder).report["finished"] is True


def test_half_a_character_from_an_editor_breaks_nothing(edited_run, tmp_path):
    editor = Editor(lambda phrases: [["in fog", "on \ud83d"] for _ in phrases])
    done = bugscope.explain(copied(edited_run, tmp_path / "r"), 1, **planted(labels=("mug",)).roles(), editor=editor)
    assert editor.asked and done.report["bugs"][0]["explanation"]


def test_an_editor_out_of_reach_does_not_end_the_run(edited_run, tmp_path):
    """After the last try the siblings that the language knows are tried instead."""

    def busy(phrases):
        raise Transient("try later", 0.0)

    folder = copied(edited_run, tmp_path / "r")
    done = bugscope.explain(folder, 1, **planted(labels=("mug",)).roles(), editor=Editor(busy))
    assert {c["change"] for c in done.report["bugs"][0]["counterfactuals"]} == {"drop", "replace"}
    (missing,) = done.report["no_answer"]
    assert missing == {"role": "editor", "n": 1, "reason": "Transient: try later"}
