"""One prompt of a person's own, put to the target: Python interface, folder, report."""

import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import bugscope
from bugscope.core.errors import BugscopeError, SpecError, StoreError
from bugscope.stats import uniform_rise
from bugscope.store.folder import Store
from bugscope.testing import World
from bugscope.workflows.probe import probe as ask
from bugscope.workflows.probe import question
from bugscope.workflows.progress import Progress
from support.runs import copied, without_times
from support.words import WORDS

LABELS = ("mug", "pot", "coffee mug")


def world(**changes: Any) -> World:
    return World(**{"labels": LABELS, "planted": {"snow": 0.95}, "prior": 0.0, "base": 0.03, **changes})


def asked(tmp_path, prompts, *arguments, **options):
    return ask(prompts, *arguments, out=tmp_path / "p", **{**world().roles(), **options})


# --- the question -------------------------------------------------------------------------------------------------------


def test_a_prompt_is_compared_with_the_plain_label_or_with_another():
    h = question("  a  photo of a mug\non snow ", "mug", WORDS)
    assert h.text == "a photo of a mug on snow" and WORDS.control(h) == WORDS.neutral("mug")
    assert h.description == "on snow" and h.source == "user"
    against = question("a photo of a mug on snow", "mug", WORDS, " a photo of a mug  on sand ")
    assert WORDS.control(against).text == "a photo of a mug on sand" and WORDS.control(against).label == "mug"
    assert WORDS.treated(against).text == "a photo of a mug on snow"


@pytest.mark.parametrize(
    ("text", "against"),
    [
        ("a photo of a mug", ""), ("A Photo of a  MUG ", ""), ("a mug on snow", "a mug on snow"), ("A mug", "a  MUG"),
        ("", ""), ("   ", ""),
    ],
)  # fmt: skip
def test_nothing_is_compared_with_itself(text, against):
    with pytest.raises(SpecError) as caught:
        question(text, "mug", WORDS, against)
    assert "\n" not in str(caught.value)


@given(st.text(max_size=60), st.text(min_size=1, max_size=12), st.text(max_size=20))
def test_any_text_is_a_question_or_a_sentence_about_it(text, label, against):
    try:
        h = question(text, label, WORDS, against)
    except SpecError:
        return
    assert h.text == " ".join(text.split()) and WORDS.treated(h).text.lower() != WORDS.control(h).text.lower()
    assert WORDS.treated(h).label == WORDS.control(h).label == label


# --- answers ------------------------------------------------------------------------------------------------------------


def test_a_prompt_that_does_harm_is_confirmed_on_fresh_pictures(tmp_path):
    found = asked(tmp_path, "a photo of a mug on snow")
    (answer,) = found.answers
    assert answer.confirmed and answer.verdict == "confirmed" and answer.label == "mug" and answer.predicted == "bowl"
    assert answer.prompt == "a photo of a mug on snow" and answer.compared_with == "a photo of a mug"
    assert answer.low <= answer.failures / answer.n <= answer.high and answer.e_value >= 20
    assert answer.rise["low"] < answer.rise["value"] <= answer.rise["high"] and answer.rise["low"] > 0
    frame = found.samples()
    for prompt, n, failures in (
        (answer.prompt, answer.n, answer.failures),
        (answer.compared_with, answer.baseline_n, answer.baseline_failures),
    ):
        mine = frame[frame.prompt == prompt]
        assert set(mine.purpose) == {"confirm"} and len(mine) == n and (mine.status == "failure").sum() == failures
    assert re.fullmatch(
        r"a photo of a mug on snow -> bowl: \d+ of \d+ fail \(95 % CI \d+-\d+ %\), plain “mug” \d+ of \d+; "
        r"rise \+\d+ to \+\d+ points: confirmed",
        str(answer),
    )
    assert repr(found) == str(answer)


def test_a_harmless_prompt_shows_no_rise_and_a_doubtful_one_stays_undecided(tmp_path):
    (answer,) = asked(tmp_path / "a", "a photo of a mug on sand").answers
    assert not answer.confirmed and answer.verdict == "no sign of a rise"
    doubtful = world(planted={"sand": 0.22}, base=0.05)
    (answer,) = asked(tmp_path / "b", "a photo of a mug on sand", n=30, **doubtful.roles()).answers
    assert not answer.confirmed and answer.verdict.startswith("undecided")
    assert "undecided when the picture budget ran out" in str(answer)


def test_two_prompts_are_compared_with_each_other(tmp_path):
    found = asked(tmp_path, "a photo of a mug on snow", vs="a photo of a mug on sand")
    (answer,) = found.answers
    assert answer.confirmed and answer.compared_with == "a photo of a mug on sand"
    assert set(found.samples().prompt) == {"a photo of a mug on snow", "a photo of a mug on sand"}
    (same,) = asked(tmp_path / "b", "a photo of a red mug on snow", vs="a photo of a mug on snow").answers
    assert not same.confirmed, "both fail alike"


def test_several_prompts_share_their_baseline_and_their_error_rate(tmp_path):
    prompts = ["a photo of a mug on snow", *(f"a photo of a mug {x}" for x in ("on sand", "on grass", "at night", "in fog"))]
    found = asked(tmp_path, prompts)
    assert [a.prompt for a in found.answers] == prompts, "in the order in which they were asked"
    assert [a.confirmed for a in found.answers] == [True, False, False, False, False]
    assert len({(a.baseline_failures, a.baseline_n) for a in found.answers}) == 1
    assert repr(found).count("\n") == len(prompts) - 1


def test_what_one_prompt_needs_is_more_where_many_are_asked(tmp_path):
    """e-BH over all: at 12 prompts of which one is a bug it takes an e-value of 240."""
    prompts = ["a photo of a mug on snow", *(f"a photo of a mug on sand {i}" for i in range(11))]
    found = asked(tmp_path, prompts)
    assert [a.confirmed for a in found.answers] == [True, *[False] * 11]
    assert found.answers[0].e_value >= 12 / 0.05


@pytest.mark.slow
def test_false_alarms_are_rare(tmp_path):
    wrong = 0
    for seed in range(5):
        dull = world(planted={}, base=0.3)
        prompts = [f"a photo of a mug {x}" for x in ("on snow", "on sand", "at night")]
        found = ask(prompts, out=tmp_path / str(seed), seed=seed, n=24, **dull.roles())
        wrong += any(a.confirmed for a in found.answers)
    assert wrong <= 1


def test_a_prompt_written_twice_is_asked_once(tmp_path):
    found = asked(tmp_path, ["a photo of a mug on snow", " a photo  of a mug on snow"], n=8)
    assert len(found.answers) == 1 and found.report["hypotheses_tested"] == 1


@pytest.mark.parametrize(
    ("prompt", "label"),
    [
        ("a photo of a coffee mug on snow", "coffee mug"),
        ("two MUGS on snow", "mug"),
        ("a pot next to a mug on snow", "pot"),
        ("on snow, a mug", "mug"),
    ],
)
def test_the_label_is_the_longest_that_the_prompt_names(tmp_path, prompt, label):
    (answer,) = asked(tmp_path, prompt, n=4).answers
    assert answer.label == label and answer.compared_with == WORDS.neutral(label).text


def test_the_label_may_be_said_and_need_not_be_named(tmp_path):
    (answer,) = asked(tmp_path / "a", "a photo of a thing on snow", "pot", n=4).answers
    assert answer.label == "pot" and answer.compared_with == "a photo of a pot"
    (answer,) = asked(tmp_path / "b", "a photo of a mug on snow", "POT", n=4).answers
    assert answer.label == "pot", "what is said stands before what is named"


@pytest.mark.parametrize(
    ("arguments", "options", "message"),
    [
        (["a photo of snow"], {}, "the prompt 'a photo of snow' names no label of world/target; say with --label"),
        (["a photo of a mug on snow", "mugg"], {}, "unknown label 'mugg'. Did you mean 'mug'"),
        (["a photo of a mug"], {}, "the prompt 'a photo of a mug' would be compared with itself"),
        (["a mug on snow"], {"vs": "A mug on SNOW"}, "the prompt 'a mug on snow' would be compared with itself"),
        (["a photo of a mug on snow"], {"n": 3}, "option n is 3; it must be at least 4, the pictures between two looks"),
        (["a photo of a mug on snow"], {"n": 0}, "option n is 0"),
        ([[]], {}, "no prompt to probe"),
        (["", "mug"], {}, "prompt"),
        (["a photo of a mug on snow"], {"budjet": 3}, "unknown option 'budjet'. Did you mean 'budget'"),
        (["a photo of a mug on snow"], {"judge_sensitivity": "0.9"}, "go together"),
    ],
)
def test_a_question_that_cannot_be_asked_is_one_sentence_and_leaves_nothing(tmp_path, arguments, options, message):
    with pytest.raises(BugscopeError) as caught:
        asked(tmp_path, *arguments, **options)
    assert message in str(caught.value) and "\n" not in str(caught.value)
    assert not (tmp_path / "p").exists()


def test_what_the_generator_does_not_read_is_refused_before_anything_is_made(tmp_path):
    roles = world().roles()

    def check(texts):
        for text in texts:
            if "snwo" in text:
                raise SpecError(f"unknown word 'snwo' in {text!r}. Did you mean 'snow'?")

    roles["generator"].check = check
    for options in ({}, {"vs": "a photo of a mug on snwo"}):
        prompt = "a photo of a mug on sand" if options else "a photo of a mug on snwo"
        with pytest.raises(SpecError, match="Did you mean 'snow'"):
            asked(tmp_path, prompt, **roles, **options)
        assert not (tmp_path / "p").exists()


@pytest.mark.parametrize("n", [9, 40, 150])
@pytest.mark.parametrize("rate", [0.95, 0.2])
def test_no_prompt_gets_more_pictures_than_n(tmp_path, n, rate):
    """Not even one that stays undecided to the end."""
    found = asked(tmp_path, "a photo of a mug on snow", n=n, **world(planted={"snow": rate}, base=0.1).roles())
    drawn = found.samples().groupby("prompt").size()
    assert drawn["a photo of a mug on snow"] <= n
    assert len(found.samples()) <= 2 * n


@pytest.mark.parametrize("n", [4, 5, 6, 8])
def test_the_smallest_n_that_is_taken_has_pictures_of_the_prompt(tmp_path, n):
    (answer,) = asked(tmp_path, "a photo of a mug on snow", n=n).answers
    assert answer.n > 0 and answer.baseline_n > 0


def test_pictures_that_do_not_show_the_label_count_for_nothing(tmp_path):
    blind = world()
    blind.judge = lambda pictures, labels: [0.0] * len(pictures)
    (answer,) = asked(tmp_path, "a photo of a mug on snow", **blind.roles()).answers
    assert not answer.confirmed and answer.n == 0 and answer.verdict == "too few pictures that show the label"
    assert "nan" not in str(answer).lower() and "None" not in str(answer)
    assert "0 of 0 fail" in str(answer)


def test_intervals_hold_at_every_look_whatever_the_options_say(tmp_path):
    """A probe looks all the time, also under the options of a run with a number of pictures fixed beforehand."""
    try:
        (answer,) = asked(tmp_path, "a photo of a mug on snow", fixed_n=20).answers
    except SpecError as error:
        assert "fixed_n" in str(error)
        return
    want = uniform_rise(answer.failures, answer.n, answer.baseline_failures, answer.baseline_n)
    assert (answer.rise["low"], answer.rise["high"]) == pytest.approx((want.low, want.high))
    page = (tmp_path / "p" / "report.html").read_text()
    assert "95 % interval that holds at every moment" in page
    assert ", budget " not in page  # a hunt's


def test_what_a_prompt_is_compared_with_is_not_called_the_plain_label(tmp_path):
    found = asked(tmp_path, "a photo of a red mug on sand", vs="a photo of a mug on snow", n=20)
    (row,) = found.report["labels"]
    assert found.answers[0].baseline_failures > 0
    assert row["baseline"] is None, "no plain picture was drawn"


# --- the folder ---------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def probed(tmp_path_factory):
    prompts = ["a photo of a mug on snow", "a photo of a pot on sand"]
    return ask(prompts, out=tmp_path_factory.mktemp("runs") / "probe", **world().roles())


def test_the_same_folder_asked_again_draws_nothing_new(probed):
    idle = world(die_after=0)
    again = ask(["a photo of a mug on snow", "a photo of a pot on sand"], out=probed.path, **idle.roles())
    assert idle.calls == 0
    assert without_times(again.report) == without_times(probed.report)


def test_another_question_in_the_same_folder_uses_the_pictures_that_are_there(probed, tmp_path):
    folder, more = copied(probed, tmp_path / "p"), world()
    before = len(probed.samples())
    again = ask("a photo of a mug at night", out=folder, **more.roles())
    assert [a.prompt for a in again.answers] == ["a photo of a mug at night"], "the conclusions of the last probe"
    frame = again.samples()
    assert len(frame) > before and frame[frame.prompt == "a photo of a mug on snow"].shape[0] > 0, "no picture is lost"
    alone = ask("a photo of a mug at night", out=tmp_path / "alone", **world().roles())
    assert str(again.answers[0]) == str(alone.answers[0])


def test_a_probe_that_was_stopped_goes_on(probed, tmp_path):
    prompts = ["a photo of a mug on snow", "a photo of a pot on sand"]
    with pytest.raises(KeyboardInterrupt):
        ask(prompts, out=tmp_path / "p", **world(die_after=2).roles())
    assert json.loads((tmp_path / "p" / "report.json").read_text())["finished"] is False
    again = ask(prompts, out=tmp_path / "p", **world().roles())
    assert without_times(again.report) == without_times(probed.report)


def test_the_report_of_a_probe(probed):
    report = json.loads((probed.path / "report.json").read_text())
    assert (report["kind"], report["finished"], report["hypotheses_tested"]) == ("probe", True, 2)
    assert [p["prompt"] for p in report["probed"]] == ["a photo of a mug on snow", "a photo of a pot on sand"]
    assert [p["verdict"] for p in report["probed"]] == ["confirmed", "futile"]
    assert [p["id"] for p in report["probed"]] == ["1", "2"]
    assert [b["prompt"] for b in report["bugs"]] == ["a photo of a mug on snow"]
    assert {x["label"] for x in report["labels"]} == {"mug", "pot"}
    page = (probed.path / "report.html").read_text()
    assert "2 prompts tested on <code>world/target</code>: 1 confirmed" in page
    assert page.index("a photo of a mug on snow") < page.index("a photo of a pot on sand")
    assert "No sign of a rise" in page and "None" not in page and "nan" not in page.lower().replace("nanum", "")
    assert not re.search(r"<script|https?://", page)


def test_the_page_of_a_probe_does_not_say_that_captions_suggested_it(probed):
    page = (probed.path / "report.html").read_text()
    assert "captions of failures and from a checklist" not in page and "exploration included" not in page


def test_a_probe_folder_is_loaded_and_reported_again_but_not_resumed(probed):
    loaded = bugscope.load(probed.path)
    assert without_times(loaded.report) == without_times(probed.report) and len(loaded.bugs) == 1
    loaded.write_report()
    with pytest.raises(SpecError) as caught:
        bugscope.resume(probed.path)
    assert "holds a probe" in str(caught.value) and "--out" in str(caught.value) and "\n" not in str(caught.value)


def test_a_probe_and_a_hunt_do_not_share_a_folder(probed, tmp_path):
    with pytest.raises(StoreError, match="another run"):
        bugscope.hunt(["mug"], copied(probed, tmp_path / "p"), **world().roles())
    hunted = bugscope.hunt(["mug"], tmp_path / "h", budget=60, explore=12, explain_budget=0, **world().roles())
    with pytest.raises(StoreError, match="another run"):
        ask("a photo of a mug on snow", out=hunted.path, **world().roles())
    assert bugscope.load(hunted.path).report["kind"] == "hunt"


def test_a_probes_bug_is_explained(probed, tmp_path):
    done = bugscope.explain(copied(probed, tmp_path / "p"), "a photo of a mug on snow", pairs=12, **world().roles())
    (bug,) = done.report["bugs"]
    assert [c["phrase"] for c in bug["cues"]] == ["on snow"]
    assert done.report["probed"][0]["explanation"] == bug["explanation"]
    assert done.report["kind"] == "probe"
    assert "Same seed, one change" in (tmp_path / "p" / "report.html").read_text()


def test_a_prompt_in_words_of_ones_own_is_what_gets_explained(tmp_path):
    """Not another one, made of the phrases that were read in it; or a sentence says why not."""
    prompt = "macro shot, my granny 's mug lost on snow"
    found = asked(tmp_path, prompt)
    assert found.answers[0].confirmed
    try:
        done = bugscope.explain(found.path, 1, pairs=8, **world().roles())
    except SpecError as error:
        assert "\n" not in str(error)
        return
    drawn = done.samples()
    assert prompt in set(drawn[drawn.purpose == "explain"].prompt)


def test_a_phrase_of_ones_own_takes_the_place_of_the_most_alike_of_its_kind(tmp_path):
    """Two places: "on sand" stands for "on snow", not for "indoors"."""
    found = asked(tmp_path, "a photo of a mug indoors on snow")
    assert found.answers[0].confirmed
    done = bugscope.explain(found.path, 1, pairs=6, add=["on sand"], **world().roles())
    changes = done.report["bugs"][0]["counterfactuals"]
    assert {c["phrase"] for c in changes if c["replacement"] == "on sand"} == {"on snow"}


def test_a_listener_hears_the_prompt_that_was_asked(tmp_path):
    heard: list[Progress] = []
    found = asked(tmp_path, "my mug lost on snow", progress=heard.append)
    assert found.answers[0].confirmed
    assert [now.stage for now in heard][-1] == "done" and heard[-1].bugs == 1
    assert heard[-1].images == len(found.samples()) <= heard[-1].budget
    told = [now.message for now in heard if now.message]
    assert told and set(told) == {"my mug lost on snow"}


def test_hostile_prompts_are_escaped_on_the_page(tmp_path):
    evil = 'a mug on snow <img src=x onerror="alert(1)"> \x1b[31m&amp;'
    found = asked(tmp_path, evil, vs="a mug <script>alert(2)</script>", n=8)
    page = (found.path / "report.html").read_text()
    assert "<img src=x" not in page and "<script>" not in page
    assert "&lt;img src=x" in page and "&lt;script&gt;" in page


def test_the_ledger_of_a_probe_is_json(probed):
    with Store.open(probed.path) as store:
        notes = store.notes("evidence")
    json.dumps(notes, allow_nan=False)
    assert sorted(n["order"] for n in notes.values()) == [0, 1]
    assert {n["sentence"] for n in notes.values()} == {"a photo of a mug on snow", "a photo of a pot on sand"}
