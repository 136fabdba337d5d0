"""Sharper descriptions inside a bug: children compared with their parent on fresh pictures."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_explain import RED, SNOW, Lab, copied, quick_disk, without_times  # noqa: F401

import bugscope
from bugscope.core.records import Evidence, Hypothesis, Phrase, Status, Verdict
from bugscope.method import confirm, refine
from bugscope.method.explain import Purse
from bugscope.stats import always_rise
from bugscope.store.folder import Store
from bugscope.testing import PHRASES, World
from support.words import WORDS


@dataclass
class Nested(World):
    """What is red fails sometimes; what is red and on snow nearly always."""

    inner: float = 0.97

    def classify(self, images: Sequence[Any]) -> Any:
        rows = super().classify(images)
        for row, image in zip(rows, images, strict=True):
            name, words, chance = self._read(image)
            if name < len(self.labels) and {"red", "snow"} <= set(words) and chance < self.inner:
                row[:] = 0
                row[-1] = 0.9
        return rows


def nested(**changes: Any) -> World:
    return Nested(**{"labels": ("mug",), "planted": {"red": 0.35}, "base": 0.02, "prior": 0.2, **changes})


def plain(**changes: Any) -> World:
    """Red fails at one rate, whatever else there is."""
    return World(**{"labels": ("mug",), "planted": {"red": 0.5}, "base": 0.02, "prior": 0.2, **changes})


def bug(lab: Lab, phrases: tuple[Phrase, ...] = (RED,), seed: int = 0, n: int = 60) -> Evidence:
    """A description as the hunt would have confirmed it; its verdict is taken for granted."""
    (found,) = confirm.confirm(
        [Hypothesis("mug", phrases)], measure=lab.measure, alpha=0.05, margin=0.1, budget=2 * n, look=4, seed=seed, enough=n
    )
    return replace(found, verdict=Verdict.CONFIRMED)


def refined(lab: Lab, bugs: Sequence[Evidence], budget: int = 400, seed: int = 0, **options: Any):
    given = {"alpha": 0.05, "margin": 0.1, "look": 4, **options}
    return refine.refine(bugs, purse=Purse(lab.measure, budget), describe=lab.describe, seed=seed, **given)


def sharper(pairs: Sequence[tuple[Evidence, Evidence]]) -> set[str]:
    return {child.hypothesis.description for _, child in pairs if child.verdict is Verdict.CONFIRMED}


@pytest.mark.parametrize("seed", range(4))
def test_a_sharper_description_is_found_and_compared_with_its_parent_on_fresh_pictures(seed):
    lab = Lab(nested())
    parent = bug(lab, seed=seed)
    before = set(lab.asked)
    pairs = refined(lab, [parent], seed=seed)
    assert "red, on snow" in sharper(pairs)
    child = next(c for _, c in pairs if c.hypothesis.description == "red, on snow")
    assert all(p is parent for p, _ in pairs)
    assert child.hypothesis.source == "refinement"
    assert child.hypothesis.against == WORDS.prompt("mug", (RED,))
    assert WORDS.control(child.hypothesis).text == "a photo of a red mug"
    assert child.treated.low > child.baseline.value + 0.1 or child.e_value > 20
    fresh = [s for key, s in lab.asked.items() if key not in before]
    assert fresh and {s.purpose for s in fresh} == {"refine"} and not set(before) & {s.key for s in fresh}
    assert {s.prompt for s in fresh} == {
        WORDS.prompt("mug", (RED,)), *(WORDS.prompt("mug", c.hypothesis.phrases) for _, c in pairs)
    }  # fmt: skip
    # the counts are those of the fresh pictures
    mine = [s for s in fresh if s.prompt == WORDS.treated(child.hypothesis)]
    assert child.drawn == len(mine)
    assert child.treated.k == sum(o.status is Status.FAILURE for o in lab.measure(mine))


def test_what_suggested_a_child_are_failures_of_its_parent_with_its_phrases():
    lab = Lab(nested())
    parent = bug(lab)
    pictures = refine.pictures(parent, lab.measure, 0)
    assert len(pictures) == parent.drawn and {o.sample.purpose for o in pictures} == {"confirm"}
    children = refine.propose(parent, pictures, describe=lab.describe, margin=0.1)
    assert 0 < len(children) <= refine.CHILDREN
    by_key = {o.sample.key: o for o in pictures}
    for child in children:
        assert child.phrases[:1] == (RED,) and len(set(child.phrases)) == len(child.phrases) >= 2
        assert len(child.suggested_by) >= 2
        for key in child.suggested_by:
            assert by_key[key].status is Status.FAILURE
            (caption,) = lab.describe([by_key[key]])
            assert all(p.text in caption for p in child.phrases)


def test_a_parent_that_always_fails_has_no_children():
    lab = Lab(plain(planted={"red": 1.1}))
    parent = bug(lab)
    assert parent.treated.value == 1.0
    assert refine.propose(parent, refine.pictures(parent, lab.measure, 0), describe=lab.describe, margin=0.1) == []
    before = dict(lab.asked)
    assert refined(lab, [parent]) == [] and lab.asked == before


@settings(max_examples=30, deadline=None)
@given(st.floats(0, 0.9), st.floats(0, 1))
def test_no_child_is_tried_where_none_can_beat_its_parent_by_the_margin(margin, rate):
    lab = Lab(nested())
    k = round(20 * rate)
    parent = replace(bug(lab, n=4), treated=confirm.stats.always(k, 20))
    children = refine.propose(parent, refine.pictures(parent, lab.measure, 0), describe=lab.describe, margin=margin)
    if k / 20 + margin >= 1:
        assert children == []


def test_phrases_that_cannot_be_shown_or_said_and_the_parents_own_add_nothing():
    lab = Lab(nested())
    parent = bug(lab)
    pictures = refine.pictures(parent, lab.measure, 0)
    propose = {"describe": lab.describe, "margin": 0.1}
    assert any(SNOW in c.phrases for c in refine.propose(parent, pictures, **propose))
    barred = refine.propose(parent, pictures, **propose, admissible=lambda label, p: p != SNOW)
    assert not any(SNOW in c.phrases for c in barred)
    unsaid = refine.propose(parent, pictures, **propose, sayable=lambda prompt: "snow" not in prompt.text)
    assert not any(SNOW in c.phrases for c in unsaid)
    assert refine.propose(parent, pictures, **propose, sayable=lambda prompt: False) == []


@pytest.mark.parametrize("rate", [0.3, 0.5, 0.8])
def test_a_bug_without_a_sharper_description_hardly_ever_gets_a_child(rate):
    """Thirty plain bugs, whose pictures differ by chance alone: what stands out in their captions does no more harm."""
    wrong = tried = 0
    for seed in range(10):
        lab = Lab(plain(planted={"red": rate}))
        pairs = refined(lab, [bug(lab, seed=seed, n=40)], budget=160, seed=seed)
        wrong += bool(sharper(pairs))
        tried += len(pairs)
    assert tried > 0 and wrong <= 2


def test_a_child_that_beats_its_parent_by_less_than_the_margin_is_not_confirmed():
    for seed in range(6):
        lab = Lab(nested(inner=0.42))
        assert sharper(refined(lab, [bug(lab, seed=seed)], seed=seed)) == set()


def test_error_control_is_over_all_children_of_all_bugs():
    """Many null bugs beside a true one: the true child stands, the false discovery rate does too."""
    lab = Lab(nested())
    words = ["night", "fog", "above", "close", "sand"]
    bugs = [bug(lab, (PHRASES[w],), n=24) for w in words] + [bug(lab)]
    pairs = refined(lab, bugs, budget=600)
    assert "red, on snow" in sharper(pairs)
    for _, child in pairs:
        if child.verdict is Verdict.CONFIRMED:
            assert RED in child.hypothesis.phrases
    ranks = [bugs.index(p) for p, _ in pairs]
    assert ranks == sorted(ranks), "in the order of the bugs"


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 260), st.integers(1, 8), st.integers(0, 50))
def test_the_budget_is_kept_and_children_are_named_before_their_first_picture(budget, look, seed):
    lab = Lab(nested())
    parent = bug(lab, seed=seed, n=40)
    before = set(lab.asked)
    named: list[Hypothesis] = []

    def told(family):
        assert set(lab.asked) == before
        named.extend(child for _, child in family)

    purse = Purse(lab.measure, budget)
    pairs = refine.refine(
        [parent], purse=purse, describe=lab.describe, alpha=0.05, margin=0.1, look=look, seed=seed, on_proposed=told
    )
    assert len(set(lab.asked) - before) == budget - purse.left <= budget
    assert [c.hypothesis for _, c in pairs] == named
    assert len(pairs) * 2 * look <= budget, "none is tried for which there is no look at it and its parent"


def test_asked_again_nothing_is_drawn():
    lab = Lab(nested())
    parent = bug(lab)
    one = refined(lab, [parent])
    before = dict(lab.asked)
    assert refined(lab, [parent]) == one and lab.asked == before
    assert refined(lab, []) == []


# --- in a hunt ----------------------------------------------------------------------------------------------------------

OPTIONS = {"budget": 500, "explain_budget": 700, "seed": 0, "hypotheses": 6}


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return bugscope.hunt(["mug"], tmp_path_factory.mktemp("runs") / "nested", **OPTIONS, **nested().roles())


def test_children_follow_their_parents_in_the_report(run):
    bugs = run.report["bugs"]
    children = [b for b in bugs if b["parent"]]
    assert children, [b["sentence"] for b in bugs]
    ids = [b["id"] for b in bugs]
    assert len(set(ids)) == len(ids)
    parent = None
    for b in bugs:
        if b["parent"] is None:
            parent = b
            assert b["id"].isdigit()
        else:
            assert parent is not None and b["parent"] == parent["id"] and b["id"].startswith(f"{parent['id']}.")
            assert b["source"] == "refinement" and b["compared_with"] == parent["prompt"]
            assert set(parent["description"].split(", ")) < set(b["description"].split(", "))
            assert b["risk_difference"] > 0 and b["rise"]["value"] == pytest.approx(b["risk_difference"])
    top = [b["risk_difference"] for b in bugs if b["parent"] is None]
    assert top == sorted(top, reverse=True)


def test_a_childs_numbers_are_those_of_its_pictures(run):
    frame = run.samples()
    for b in (b for b in run.report["bugs"] if b["parent"]):
        for prompt, counts, failures in (
            (b["prompt"], b["n"], b["failures"]),
            (b["compared_with"], b["baseline"]["n"], b["baseline"]["failures"]),
        ):
            mine = frame[(frame.prompt == prompt) & (frame.purpose == "refine")]
            assert len(mine) >= counts
            assert (mine.status == "failure").sum() >= failures
        assert all((run.path / x["image"]).is_file() for x in b["examples"])
        assert b["predicted"][0]["label"] == "bowl"
    assert len(run.report["bugs"]) + len(run.report["rejected"]) == run.report["hypotheses_tested"]
    assert run.report["images_generated"] <= OPTIONS["budget"] + OPTIONS["explain"]


def test_every_child_is_in_the_ledger_with_its_parent_and_shown_on_the_page(run):
    with Store.open(run.path) as store:
        notes, evidence = store.notes("refinement"), store.notes("evidence")
    assert notes and {n["parent"] for n in notes.values()} <= set(evidence)
    for n in notes.values():
        mother = evidence[n["parent"]]
        assert mother["verdict"] == "confirmed" and n["neutral"] == mother["prompt"] and n["label"] == mother["label"]
        assert n["source"] == "refinement" and n["e_value"] >= 0 and n["suggested_by"]
    json.dumps([notes, evidence], allow_nan=False)
    page = (run.path / "report.html").read_text()
    child = next(b for b in run.report["bugs"] if b["parent"])
    assert f'id="bug-{child["id"]}"' in page and f"than bug {child['parent']}" in page
    assert page.index(f'id="bug-{child["parent"]}"') < page.index(f'id="bug-{child["id"]}"')
    lost = [r for r in run.report["rejected"] if r["source"] == "refinement"]
    assert ("of its parent" in page) == bool(lost)


def test_a_child_is_explained_by_its_number(run, tmp_path):
    child = next(b for b in run.report["bugs"] if b["parent"])
    folder = copied(run, tmp_path / "r")
    done = bugscope.explain(folder, child["id"], pairs=12, **nested().roles())
    same = next(b for b in done.report["bugs"] if b["id"] == child["id"])
    assert same["sentence"] == child["sentence"] and same["explanation"]["pairs"] == 12
    assert [c["phrase"] for c in same["counterfactuals"] if c["change"] == "drop"] == same["description"].split(", ")
    others = {b["id"]: b["explanation"] for b in done.report["bugs"] if b["id"] != child["id"]}
    assert others == {b["id"]: b["explanation"] for b in run.report["bugs"] if b["id"] != child["id"]}
    mother = next(b for b in done.report["bugs"] if b["id"] == child["parent"])
    assert mother["failures"] == next(b for b in run.report["bugs"] if b["id"] == child["parent"])["failures"]
    assert {k: same[k] for k in ("failures", "n", "baseline")} == {k: child[k] for k in ("failures", "n", "baseline")}


def test_explaining_a_bug_looks_for_sharper_descriptions_too(tmp_path):
    folder = tmp_path / "r"
    before = bugscope.hunt(["mug"], folder, **{**OPTIONS, "explain_budget": 0}, **nested().roles())
    red = next(b for b in before.report["bugs"] if b["description"] == "red")
    done = bugscope.explain(folder, "red", **nested().roles())
    children = [b for b in done.report["bugs"] if b["parent"] == red["id"]]
    assert "red, on snow" in {b["description"] for b in children}
    for b in children:
        assert b["compared_with"] == red["prompt"] and b["low"] > b["baseline_rate"]
    assert done.report["hypotheses_tested"] > before.report["hypotheses_tested"]
    drawn = done.samples()
    assert (drawn.purpose == "refine").sum() <= 800 // 4
    idle = nested(die_after=0)
    assert bugscope.explain(folder, "red", **idle.roles()).report["bugs"] == done.report["bugs"]


def test_a_child_that_hunt_and_explain_both_find_is_shown_once(run, tmp_path):
    folder = copied(run, tmp_path / "r")
    parent = next(b for b in run.report["bugs"] if b["parent"])["parent"]
    done = bugscope.explain(folder, parent, **nested().roles())
    shown = [(b["parent"], b["prompt"]) for b in done.report["bugs"] if b["parent"]]
    assert len(set(shown)) == len(shown)
    before = {(b["parent"], b["prompt"]) for b in run.report["bugs"] if b["parent"]}
    assert before <= set(shown), "what the hunt confirmed stays"


def test_killed_while_refining_then_run_again_gives_the_same_children(run, tmp_path):
    stops: list[bool] = []
    while True:
        try:
            again = bugscope.hunt(["mug"], tmp_path / "r", **OPTIONS, **nested(die_after=9).roles())
            break
        except KeyboardInterrupt:
            with Store.open(tmp_path / "r") as store:
                stops.append("verdict" not in str(list(store.notes("refinement").values())[:1] or "verdict"))
            half = json.loads((tmp_path / "r" / "report.json").read_text())
            assert half["finished"] is False
            assert all(b["n"] > 0 for b in half["bugs"]), "a child is shown with its pictures or not at all"
    assert any(stops), "it was stopped between naming the children and their verdicts too"
    assert without_times(again.report) == without_times(run.report)


def test_a_hunt_on_plain_bugs_has_no_children(tmp_path):
    done = bugscope.hunt(["mug"], tmp_path / "r", **OPTIONS, **plain(planted={"red": 0.6}, prior=0.1).roles())
    assert done.bugs and not [b for b in done.report["bugs"] if b["parent"]]


def test_a_childs_interval_holds_at_every_look_though_its_parents_pictures_were_counted_beforehand(tmp_path):
    """A run with `fixed_n` refines sequentially all the same."""
    done = bugscope.hunt(["mug"], tmp_path / "r", **{**OPTIONS, "budget": 600, "explore": 60}, fixed_n=40, **nested().roles())
    children = [b for b in done.report["bugs"] if b["parent"]]
    assert children
    for b in children:
        want = always_rise(b["failures"], b["n"], b["baseline"]["failures"], b["baseline"]["n"])
        assert (b["rise"]["low"], b["rise"]["high"]) == pytest.approx((want.low, want.high))
