"""Sharper descriptions in a hunt, and in a finished run that is explained."""

import json

import pytest

import bugscope
from bugscope.stats import uniform_rise
from bugscope.store.folder import Store
from support import worlds
from support.runs import copied, trying, without_times
from support.worlds import RED, plain

OPTIONS = {"budget": 240, "explain_budget": 700, "seed": 0, "hypotheses": 6}


def nested(**changes):
    """What is red fails half of the time, and on snow always."""
    return worlds.nested(1.0, planted={"red": 0.5}, base=0.0, **changes)


def hunt(folder, world, **options):
    """Finds the parent, whatever else it might have found first."""
    with trying([RED]):
        return bugscope.hunt(["mug"], folder, **{**OPTIONS, **options}, **world.roles())


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return hunt(tmp_path_factory.mktemp("runs") / "nested", nested())


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
    confirmed = len(run.report["bugs"]) + len(run.report["folded"])
    assert confirmed + len(run.report["rejected"]) == run.report["hypotheses_tested"]
    assert run.report["images_generated"] <= OPTIONS["budget"] + OPTIONS["explain_budget"]


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
    assert f'id="bug-{child["id"]}"' in page and f"often than bug {child['parent']} " in page
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


@pytest.mark.slow
def test_explaining_a_bug_looks_for_sharper_descriptions_too(tmp_path):
    folder = tmp_path / "r"
    before = hunt(folder, nested(), explain_budget=0)
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


@pytest.mark.slow
def test_killed_while_refining_then_run_again_gives_the_same_children(run, tmp_path):
    stops: list[bool] = []
    while True:
        try:
            again = hunt(tmp_path / "r", nested(die_after=9))
            break
        except KeyboardInterrupt:
            with Store.open(tmp_path / "r") as store:
                stops.append("verdict" not in str(list(store.notes("refinement").values())[:1] or "verdict"))
            half = json.loads((tmp_path / "r" / "report.json").read_text())
            assert half["finished"] is False
            assert all(b["n"] > 0 for b in half["bugs"]), "a child is shown with its pictures or not at all"
    assert any(stops), "it was stopped between naming the children and their verdicts too"
    assert without_times(again.report) == without_times(run.report)


@pytest.mark.slow
def test_a_hunt_on_plain_bugs_has_no_children(tmp_path):
    done = hunt(tmp_path / "r", plain(planted={"red": 0.6}, prior=0.1))
    assert done.bugs and not [b for b in done.report["bugs"] if b["parent"]]


def test_a_childs_interval_holds_at_every_look_though_its_parents_pictures_were_counted_beforehand(tmp_path):
    """A run with `fixed_n` refines sequentially all the same."""
    done = hunt(tmp_path / "r", nested(), budget=400, fixed_n=40)
    children = [b for b in done.report["bugs"] if b["parent"]]
    assert children
    for b in children:
        want = uniform_rise(b["failures"], b["n"], b["baseline"]["failures"], b["baseline"]["n"])
        assert (b["rise"]["low"], b["rise"]["high"]) == pytest.approx((want.low, want.high))
