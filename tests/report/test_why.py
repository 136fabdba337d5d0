"""Explanations in plain words, in numbers and on the page: what a reader gets to see."""

import json
import math
import re
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import bugscope
from bugscope import stats
from bugscope.core.explanation import ContextCell, Counterfactual, Edit, Explanation, Minimal, Spurious
from bugscope.core.records import Estimate, Evidence, Hypothesis, Outcome, Phrase, Prompt, Rate, Sample, Status, Verdict
from bugscope.report import why
from bugscope.store import ledger
from bugscope.store.album import Shot
from bugscope.testing import World
from support.reports import Hidden, quick_disk  # noqa: F401
from support.words import WORDS

SNOW, RED, NIGHT, SAND, BLUE, FOG = (
    Phrase("on snow"), Phrase("red", before=True), Phrase("at night"), Phrase("on sand"), Phrase("blue", before=True),
    Phrase("in fog"),
)  # fmt: skip
ALPHA = 0.05


def rate(k: int, n: int) -> Rate:
    return stats.clopper_pearson(k, n)


def change(edit: Edit, k_before: int, k_after: int, n: int = 16, mends: bool | None = None) -> Counterfactual:
    """As many pairs change as must; `mends`: what Holm's correction makes of it, else what McNemar's test says."""
    only_before, only_after = max(0, k_before - k_after), max(0, k_after - k_before)
    p = stats.mcnemar(only_before, only_after)
    adjusted = p if mends is None else 0.001 if mends else 1.0
    effect = stats.paired_difference(only_before, only_after, n)
    return Counterfactual(edit, rate(k_before, n), rate(k_after, n), only_before, only_after, effect, p, adjusted, ALPHA)


def drop(phrases: Sequence[Phrase], gone: Phrase, *counts: Any) -> Counterfactual:
    return change(Edit("drop", tuple(p for p in phrases if p != gone), gone), *counts)


def swap(phrases: Sequence[Phrase], gone: Phrase, new: Phrase, *counts: Any) -> Counterfactual:
    return change(Edit("replace", tuple(new if p == gone else p for p in phrases), gone, new), *counts)


def added(phrases: Sequence[Phrase], new: Phrase, *counts: Any) -> Counterfactual:
    return change(Edit("add", (*phrases, new), None, new), *counts)


def trial(phrases: Sequence[Phrase], k: int, n: int, verdict: Verdict = Verdict.CONFIRMED) -> Evidence:
    return Evidence(Hypothesis("mug", tuple(phrases)), stats.uniform(k, n), stats.uniform(1, 12), 99.0, verdict, n, 12)


def spurious(
    alone: tuple[int, int], p_alone: float = 1.0, others: tuple[int, int] | None = None, plain: tuple[int, int] = (0, 16),
    p_others: float | None = None, wrong: str = "bowl", context: str = "a photo of snow",
) -> Spurious:  # fmt: skip
    def cell(text: str, label: str, counts: tuple[int, int]) -> ContextCell:
        return ContextCell((Prompt(text, label),), 16, rate(*counts))

    return Spurious(
        wrong, cell(context, wrong, alone), cell("a photo of a mug on snow", "mug", (15, 16)),
        cell("a photo of a mug", "mug", (1, 16)), cell("a photo of a pot on snow", "pot", others) if others else None,
        cell("a photo of a pot", "pot", plain) if others else None, p_alone, p_others, ALPHA,
    )  # fmt: skip


def explanation(
    phrases: Sequence[Phrase], changes: Sequence[Counterfactual], minimal: Sequence[Phrase] | None = None,
    trials: Sequence[Evidence] = (), decided: bool = True, cue: Spurious | None = None, base: tuple[int, int] = (15, 16),
) -> Explanation:  # fmt: skip
    kept = tuple(phrases if minimal is None else minimal)
    return Explanation(
        Hypothesis("mug", tuple(phrases)), 16, rate(*base), tuple(changes), Minimal(kept, decided, tuple(trials)), cue
    )


def said(x: Explanation) -> list[str]:
    note = ledger.explanation(x, WORDS)
    json.dumps(note, allow_nan=False)
    lines = why.sentences(note, WORDS)
    for line in lines:
        assert (line[0].isupper() or line[0] == "“") and line.endswith(".") and ".." not in line and "  " not in line, line
        assert not re.search(r"\b(nan|None|inf)\b", line), line
    return lines


# --- sentences ----------------------------------------------------------------------------------------------------------


def test_one_phrase_that_is_the_whole_description():
    assert said(explanation([SNOW], [drop([SNOW], SNOW, 15, 1)])) == [
        "Without “on snow”, failures fall from 15 of 16 to 1 of 16 on the same seeds."
    ]


def test_one_phrase_of_several_does_it():
    both = [RED, SNOW]
    x = explanation(
        both,
        [drop(both, RED, 15, 14), drop(both, SNOW, 15, 1), swap(both, RED, BLUE, 15, 15), swap(both, SNOW, SAND, 15, 2)],
        minimal=[SNOW],
        trials=[trial([SNOW], 18, 20)],
        cue=spurious((14, 16), p_alone=0.0001),
    )
    assert said(x) == [
        "The cause is “on snow”: on its own, 18 of 20 fail.",
        "Without “on snow”, failures fall from 15 of 16 to 1 of 16 on the same seeds.",
        "With “on sand” instead of “on snow”, failures fall from 15 of 16 to 2 of 16 on the same seeds.",
        "No effect shown: without “red” 14 of 16 still fail (15 before) and with “blue” instead of “red” 15 of 16 still fail "
        "(15 before).",
        "Spurious cue: “snow” alone, without the object, is called “bowl” in 14 of 16.",
    ]


def test_several_phrases_together():
    both = [RED, SNOW]
    x = explanation(
        both,
        [drop(both, RED, 15, 2), drop(both, SNOW, 15, 1)],
        trials=[trial([SNOW], 1, 12, Verdict.FUTILE), trial([RED], 1, 12, Verdict.FUTILE)],
        cue=spurious((0, 16)),
    )
    assert said(x) == [
        "It takes “red” and “on snow” together.",
        "Without “on snow”, failures fall from 15 of 16 to 1 of 16 on the same seeds.",
        "Without “red”, failures fall from 15 of 16 to 2 of 16 on the same seeds.",
        "No spurious cue shown: “snow” alone is called “bowl” in 0 of 16.",
    ]


def test_two_of_three_phrases():
    three = [RED, SNOW, NIGHT]
    x = explanation(
        three,
        [drop(three, RED, 15, 2), drop(three, SNOW, 15, 1), drop(three, NIGHT, 15, 15)],
        minimal=[RED, SNOW],
        trials=[trial([SNOW], 1, 12, Verdict.UNDECIDED), trial([RED, SNOW], 11, 12)],
        decided=False,
    )
    first, *_, last = said(x)
    assert first == (
        "It takes “red” and “on snow” together: with these alone, 11 of 12 fail. Some shorter descriptions stayed undecided."
    )
    assert last == "No effect shown: without “at night” 15 of 16 still fail (15 before)."


def test_no_phrase_is_shown_to_be_needed_and_nothing_shorter_was_confirmed():
    both = [RED, SNOW]
    x = explanation(
        both,
        [drop(both, RED, 6, 4), drop(both, SNOW, 6, 7)],
        trials=[trial([SNOW], 4, 12, Verdict.UNDECIDED)],
        decided=False,
        base=(6, 16),
    )
    assert said(x) == [
        "No shorter description was confirmed. Some shorter descriptions stayed undecided.",
        "No effect shown: without “red” 4 of 16 still fail (6 before) and without “on snow” 7 of 16 still fail (6 before).",
    ]


def test_what_a_person_added():
    x = explanation(
        [SNOW], [drop([SNOW], SNOW, 15, 15), added([SNOW], RED, 15, 3), added([SNOW], FOG, 15, 16)], cue=spurious((3, 16))
    )
    assert said(x) == [
        "With “red” added, failures fall from 15 of 16 to 3 of 16 on the same seeds.",
        "No effect shown: without “on snow” 15 of 16 still fail (15 before) and with “in fog” added 16 of 16 still fail "
        "(15 before).",
        "No spurious cue shown: “snow” alone is called “bowl” in 3 of 16.",
    ]


def test_other_objects_share_the_mistake():
    x = explanation([SNOW], [drop([SNOW], SNOW, 15, 1)], cue=spurious((0, 16), others=(14, 16), plain=(1, 16), p_others=1e-4))
    assert said(x)[-1] == ("Spurious cue: other objects there are also called “bowl” (14 of 16; without the context 1 of 16).")


def test_of_redundant_triggers_none_is_called_the_cause():
    """Either snow or fog suffices, and to drop one changes nothing: then "on snow" is not the cause."""
    both = [SNOW, FOG]
    x = explanation(both, [drop(both, SNOW, 15, 15), drop(both, FOG, 15, 15)], minimal=[SNOW], trials=[trial([SNOW], 19, 20)])
    first = said(x)[0]
    assert "on snow" in first and "19 of 20" in first
    assert not first.startswith(("The cause is", "It takes"))


def test_a_part_that_does_less_harm_than_the_whole_is_not_what_does_it():
    """Red alone is a bug, at 7 of 20; on snow it is one at 16 of 16, and without snow the failures fall."""
    both = [RED, SNOW]
    x = explanation(
        both, [drop(both, RED, 16, 1), drop(both, SNOW, 16, 6)], minimal=[RED], trials=[trial([RED], 7, 20)], base=(16, 16)
    )
    lines = said(x)
    assert any("7 of 20" in line for line in lines)
    assert "Without “on snow”, failures fall from 16 of 16 to 6 of 16 on the same seeds." in lines
    assert not any(line.startswith("The cause is “red”") for line in lines)


def test_nothing_is_claimed_where_no_picture_counts():
    both = [RED, SNOW]
    x = explanation(
        both,
        [drop(both, RED, 0, 0, 0), drop(both, SNOW, 0, 0, 0), swap(both, SNOW, SAND, 0, 0, 0), added(both, FOG, 0, 0, 0)],
        trials=[trial([SNOW], 0, 0, Verdict.UNFAITHFUL)],
        cue=spurious((0, 0)),
        base=(0, 0),
    )
    lines = said(x)
    assert not any("fall from" in line or line.startswith(("It ", "The cause ")) for line in lines)
    assert not any(line.startswith(("Spurious cue", "No spurious cue")) for line in lines), "nobody could see one, or none"


def test_a_rise_is_no_fall():
    x = explanation([SNOW], [drop([SNOW], SNOW, 3, 15)], base=(3, 16))
    assert said(x) == ["More failures: without “on snow” 15 of 16 fail (3 before)."]


def test_a_significant_difference_before_correction_is_not_enough():
    x = explanation([SNOW], [drop([SNOW], SNOW, 10, 3, 16, False)])
    assert said(x) == ["No effect shown: without “on snow” 3 of 16 still fail (10 before)."]


KINDS = st.sampled_from(["drop", "replace", "add"])
COUNTS = st.integers(0, 16).flatmap(lambda n: st.tuples(st.integers(0, n), st.integers(0, n), st.just(n)))


@settings(max_examples=50, deadline=None)
@given(
    st.lists(st.sampled_from([RED, SNOW, NIGHT, FOG]), min_size=1, max_size=4, unique=True), st.data(), st.booleans(),
    st.one_of(st.none(), st.tuples(COUNTS, st.floats(0, 1), st.one_of(st.none(), COUNTS), st.floats(0, 1))),
)  # fmt: skip
def test_every_explanation_can_be_said(phrases, data, decided, cue):
    changes = [drop(phrases, p, *data.draw(COUNTS)) for p in phrases]
    changes += [swap(phrases, p, SAND, *data.draw(COUNTS)) for p in data.draw(st.lists(st.sampled_from(phrases)))]
    changes += [added(phrases, BLUE, *data.draw(COUNTS))]
    kept = [p for p in phrases if data.draw(st.booleans())] or phrases
    trials = [trial(kept, 9, 10)] if kept != phrases else []
    shown = None
    if cue:
        (k, _, n), p_alone, others, p_others = cue
        shown = spurious((k, n), p_alone, others[::2] if others else None, p_others=p_others if others else None)
    x = explanation(phrases, changes, kept, trials, decided, shown, base=data.draw(COUNTS)[1:])
    lines = said(x)
    mended = [c for c in changes if c.mends]
    assert sum("failures fall from" in line for line in lines) == len(mended)
    section = why.section(ledger.explanation(x, WORDS), lambda label, prompt, n: [], WORDS)
    json.dumps(section, allow_nan=False)
    assert [c["phrase"] for c in section["cues"]] == [c.edit.phrase.text for c in changes if c.is_cue and c.edit.phrase]
    assert section["minimal_description"] == ", ".join(p.text for p in kept)
    assert section["explanation"]["sentences"] == lines
    assert (section["spurious"] is None) == (cue is None)
    for c, made in zip(section["counterfactuals"], changes, strict=True):
        assert c["rate"] == (None if made.after.n == 0 else made.after.k / made.after.n)
        assert c["effect"]["value"] is None or not math.isnan(c["effect"]["value"])


# --- pictures -----------------------------------------------------------------------------------------------------------


def shown(text: str, statuses: Sequence[Status], label: str = "mug", wrong: Sequence[bool] = ()) -> list[Any]:
    found = []
    for i, status in enumerate(statuses):
        is_wrong = wrong[i] if wrong else status is Status.FAILURE
        s = Sample(Prompt(text, label), "explain", i)
        other = "mug" if label == "bowl" else "bowl"
        taken_for = other if is_wrong else label
        outcome = Outcome(s, status, is_wrong, taken_for, frozenset({taken_for}), 0.5)
        found.append(Shot(outcome, f"{text}/{i}.png"))
    return found


FAIL, PASS, LOST, GONE = Status.FAILURE, Status.SUCCESS, Status.UNFAITHFUL, Status.REFUSED


def test_a_column_of_the_strip_has_one_seed_and_shows_failures_first():
    note = ledger.explanation(explanation([SNOW], [drop([SNOW], SNOW, 15, 1)]), WORDS)
    pictures = {
        "a photo of a mug on snow": shown("snow", [PASS, PASS, FAIL, FAIL, PASS, FAIL, FAIL, FAIL, PASS, FAIL, FAIL]),
        "a photo of a mug": shown("plain", [PASS, PASS, PASS, LOST, PASS, PASS, PASS, PASS, PASS, PASS, PASS]),
    }
    rows = why.strip(note, lambda label, prompt, n: pictures[prompt])
    assert [r["title"] for r in rows] == ["as described", "without “on snow”"]
    assert [x["image"] for x in rows[0]["pictures"]] == [f"snow/{i}.png" for i in (2, 5, 6, 7, 9, 10)]
    assert [x["image"] for x in rows[1]["pictures"]] == [f"plain/{i}.png" for i in (2, 5, 6, 7, 9, 10)]
    assert [[x["seed"] for x in r["pictures"]] for r in rows][0] == [x["seed"] for x in rows[1]["pictures"]]
    assert {x["status"] for x in rows[0]["pictures"]} == {"failure"}


def test_a_strip_of_few_or_no_pictures():
    note = ledger.explanation(explanation([SNOW], [drop([SNOW], SNOW, 15, 1)]), WORDS)
    rows = why.strip(note, lambda label, prompt, n: shown(prompt, [PASS, FAIL, GONE][: 3 if "snow" in prompt else 2]))
    assert [len(r["pictures"]) for r in rows] == [2, 2]
    assert [r["pictures"] for r in why.strip(note, lambda label, prompt, n: [])] == [[], []]


def test_pictures_of_the_context_alone_begin_with_those_taken_for_the_wrong_label_and_leave_out_those_that_show_it():
    note = ledger.explanation(explanation([SNOW], [drop([SNOW], SNOW, 15, 1)], cue=spurious((2, 4), p_alone=0.01)), WORDS)
    alone = shown(
        "ctx", [LOST, LOST, PASS, LOST, FAIL, LOST, GONE], "bowl", wrong=[True, False, False, True, True, False, True]
    )

    def look(label: str, prompt: str, n: int) -> list[Any]:
        return alone if label == "bowl" else shown(prompt, [PASS])

    examples = why.section(note, look, WORDS)["spurious"]["examples"]
    assert [x["image"] for x in examples] == [f"ctx/{i}.png" for i in (1, 5, 0, 3)]


# --- numbers ------------------------------------------------------------------------------------------------------------


def test_the_section_keeps_the_contract_of_report_json():
    both = [RED, SNOW]
    x = explanation(
        both, [drop(both, RED, 15, 14), drop(both, SNOW, 15, 1), swap(both, SNOW, SAND, 15, 2)], minimal=[SNOW],
        trials=[trial([SNOW], 18, 20)], cue=spurious((14, 16), p_alone=0.0001),
    )  # fmt: skip
    found = why.section(ledger.explanation(x, WORDS), lambda label, prompt, n: [], WORDS)
    assert found["minimal_description"] == "on snow"
    (cue,) = found["cues"]
    assert (cue["phrase"], cue["replacement"], cue["rate"]) == ("on snow", None, 1 / 16)
    assert cue["low"] <= cue["rate"] <= cue["high"] and 0 <= cue["p_value"] <= cue["p_adjusted"]
    assert {k: found["spurious"][k] for k in ("prompt", "predicted", "rate", "n")} == {
        "prompt": "a photo of snow", "predicted": "bowl", "rate": 14 / 16, "n": 16,
    }  # fmt: skip
    (t,) = found["minimal"]["trials"]
    assert (t["description"], t["verdict"], t["failures"], t["n"]) == ("on snow", "confirmed", 18, 20)
    swapped = found["counterfactuals"][2]
    assert swapped["sentence"] == "a red mug on sand" and swapped["prompt"] == "a photo of a red mug on sand"
    assert set(why.NOTHING) == set(found)


def test_nothing_that_is_not_a_number_reaches_the_ledger():
    x = explanation([SNOW], [drop([SNOW], SNOW, 0, 0, 0)], base=(0, 0))
    note = ledger.explanation(x, WORDS)
    assert note["counterfactuals"][0]["effect"]["value"] is None
    assert (ledger.finite(math.nan), ledger.finite(1.0)) == (None, 1.0)
    e = Evidence(
        Hypothesis("mug", (SNOW,)), stats.uniform(0, 0), stats.uniform(0, 0), 1.0, Verdict.UNFAITHFUL, 8, 8,
        (Estimate(math.nan, 0.0, 1.0, 0.95), Estimate(0.5, 0.1, 0.9, 0.95)),
    )  # fmt: skip
    assert ledger.evidence(e, WORDS)["corrected"][0]["value"] is None
    json.dumps(ledger.evidence(e, WORDS), allow_nan=False)


def test_the_ledger_says_a_hypothesis_in_a_persons_words_and_what_it_is_compared_with():
    own = Hypothesis("mug", (SNOW,), text="Mug lost on snow", against=WORDS.prompt("mug", (SAND,)))
    note = ledger.hypothesis(own, WORDS)
    assert (note["sentence"], note["prompt"]) == ("Mug lost on snow", "Mug lost on snow")
    assert (note["neutral"], note["description"]) == ("a photo of a mug on sand", "on snow")
    plain = ledger.hypothesis(Hypothesis("mug", (SNOW,), "checklist", ("k",)), WORDS)
    assert (plain["sentence"], plain["prompt"]) == ("a mug on snow", "a photo of a mug on snow")
    assert (plain["source"], plain["suggested_by"]) == ("checklist", ["k"])
    assert plain["phrases"] == [{"text": "on snow", "before": False}]


# --- the page -----------------------------------------------------------------------------------------------------------

EVIL = '<img src=x onerror="alert(1)">'


class Evil:
    """An editor that proposes what no page should run."""

    id = 'evil/<b onclick="x">editor</b>'

    def __call__(self, label, phrases):
        return [['on <script>alert("p")</script> & {{ 7 * 7 }}'] for _ in phrases]


@pytest.fixture(scope="module")
def evil_page(tmp_path_factory):
    roles = World(labels=(EVIL, "pot <i>"), planted={"snow": 0.95}, spurious={"snow": 0.9}, prior=0.0).roles()
    roles["generator"].admissible = lambda label, phrase: True
    folder = tmp_path_factory.mktemp("runs") / "evil"
    run = bugscope.hunt([EVIL], folder, budget=160, explain_budget=300, **roles, editor=Evil())
    assert any(b["explanation"] and b["spurious"] for b in run.report["bugs"])
    return run, (run.path / "report.html").read_text()


def test_hostile_labels_and_phrases_are_escaped_in_all_that_explains(evil_page):
    run, page = evil_page
    assert any("<script>" in line for b in run.report["bugs"] if b["explanation"] for line in b["explanation"]["sentences"])
    for raw in ("<img src=x", "<script", "<b onclick", "<i>", 'onerror="alert'):
        assert raw not in page, raw
    for escaped in ("&lt;img src=x", "on &lt;script&gt;alert(", "&amp; {{ 7 * 7 }}"):
        assert escaped in page, escaped


def test_the_page_is_well_formed_and_says_no_nan_or_none(evil_page):
    _, page = evil_page
    text = re.sub(r"<style>.*?</style>|data:image/\S+", "", page, flags=re.DOTALL)
    assert not re.search(r"\b(nan|None|undefined)\b", text)
    for tag in ("details", "article", "table", "div", "figure", "ul", "p", "span"):
        assert len(re.findall(rf"<{tag}[ >]", page)) == page.count(f"</{tag}>"), tag
    assert len(page.encode()) < 5_000_000 and not re.search(r"src=\"(?!data:)", page)


def test_an_explanation_without_a_single_picture_that_counts_is_shown_all_the_same(tmp_path):
    """The judge changes its mind: what confirmed a bug was seen, what explains it is not."""

    class Moody(World):
        def judge(self, pictures, labels):
            seen = super().judge(pictures, labels)
            return seen * 0 if self.moody else seen

    world = Moody(labels=("mug", "pot"), planted={"snow": 0.95}, prior=0.0, base=0.03)
    world.moody = False
    run = bugscope.hunt(["mug"], tmp_path / "r", budget=160, explain_budget=0, **world.roles())
    world.moody = True
    done = bugscope.explain(run, 1, pairs=6, **world.roles())
    bug = done.report["bugs"][0]
    assert bug["explanation"]["n"] == 0 and bug["cues"] == []
    page = (done.path / "report.html").read_text()
    text = re.sub(r"<style>.*?</style>|data:image/\S+", "", page, flags=re.DOTALL)
    assert not re.search(r"\b(nan|None)\b", text) and "0 of 0" in text
    assert not any("fall from" in s or s.startswith(("It ", "The cause ")) for s in bug["explanation"]["sentences"])


def test_pictures_that_do_not_show_the_label_are_marked_on_the_strip(tmp_path):
    world = Hidden(labels=("mug", "pot"), planted={"snow": 0.95}, prior=0.0, base=0.03)
    run = bugscope.hunt(["mug"], tmp_path / "r", budget=200, explain_budget=200, **world.roles())
    strips = [x for b in run.report["bugs"] if b["explanation"] for row in b["explanation"]["strip"] for x in row["pictures"]]
    if any(x["status"] == "unfaithful" for x in strips):
        assert "(unclear)" in (run.path / "report.html").read_text()
    assert {x["status"] for x in strips} <= {"failure", "success", "unfaithful"}


def test_what_the_page_says_of_a_change_agrees_with_its_numbers(evil_page):
    run, page = evil_page
    bugs = [*run.report["bugs"], *run.report["folded"]]
    bug = next(b for b in bugs if b["explanation"])
    assert page.count("<span>as described</span>") == sum(bool(b["explanation"]) for b in bugs)
    for c in bug["counterfactuals"]:
        assert f"{c['failures']} of {c['n']}" in page and f"{c['before']['failures']} of {c['before']['n']}" in page
    fine = sum(c["mends"] for b in bugs for c in b["counterfactuals"])
    assert page.count('class="fine"') == fine
