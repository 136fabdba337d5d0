"""The page stays small whatever a run has, and shows what matters first."""

import re

import numpy as np
import pytest

import bugscope
from bugscope.report import html
from bugscope.store.folder import Store
from bugscope.testing import World
from support.runs import trying
from support.worlds import ABOVE, RED, SNOW


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    world = World(labels=("mug", "pot"), planted={"snow": 0.95, "above": 0.9}, prior=0.05, spurious={"snow": 0.9})
    with trying([SNOW], [ABOVE], [RED, SNOW]):
        return bugscope.hunt(("mug", "pot"), tmp_path_factory.mktemp("runs") / "run", budget=300, **world.roles())


def pictures(page):
    return len(re.findall(r'src="data:image', page))


def test_every_picture_of_an_explanation_is_on_the_page(run):
    page = run.write_report().read_text()
    expected = 0
    assert run.report["folded"], "what is red and on snow is what is on snow"
    for bug in (*run.report["bugs"], *run.report["folded"]):
        expected += len(bug["examples"]) + len(bug["successes"])
        expected += sum(len(row["pictures"]) for row in bug["explanation"]["strip"]) if bug["explanation"] else 0
        expected += len(bug["spurious"]["examples"]) if bug["spurious"] else 0
    assert pictures(page) == expected > 100


def test_a_column_of_a_strip_has_one_seed_and_its_pictures_are_of_the_prompts_named(run):
    frame = run.samples().set_index("image")
    bug = next(b for b in run.report["bugs"] if b["explanation"])
    strip = bug["explanation"]["strip"]
    assert len(strip) == 1 + len(bug["counterfactuals"])
    prompts = [bug["prompt"], *(c["prompt"] for c in bug["counterfactuals"])]
    for row, prompt in zip(strip, prompts, strict=True):
        assert [x["seed"] for x in row["pictures"]] == [x["seed"] for x in strip[0]["pictures"]]
        for x in row["pictures"]:
            found = frame.loc[[x["image"]]]
            assert prompt in set(found.prompt) and x["seed"] in set(found.seed)


def test_a_bug_with_the_cause_of_another_is_folded_up_under_it(run):
    bugs = {b["id"]: b for b in run.report["bugs"]}
    page = run.write_report().read_text()
    assert f"<h1>{len(bugs)} confirmed bugs of" in page and page.count("<article") == len(bugs)
    for b in run.report["folded"]:
        home = bugs[b["same_as"]]
        assert home["label"] == b["label"] and home["description"] == b["minimal_description"] != b["description"]
        article = re.search(rf'<article id="bug-{home["id"]}">.*?</article>', page, re.S)[0]
        summary, inside = re.search(r'<details class="also"><summary>(.*?)</summary>(.*)', article, re.S).groups()
        assert summary == f"Also: {b['description'].replace(', ', ' ')}"
        # with all that is known of it
        assert f'id="bug-{b["id"]}"' in inside and f"The same cause as bug {home['id']}." in inside
        assert f"{b['failures']} of {b['n']} fail · {100 * b['low']:.0f}–{100 * b['high']:.0f} %" in inside
        assert b["prompt"] in inside and b["explanation"]["sentences"][0] in inside
        assert pictures(inside) >= len(b["examples"]) + len(b["successes"]) > 0


@pytest.mark.parametrize("share", [0.7, 0.3, 0.15])
def test_a_page_that_would_be_too_large_loses_strips_before_examples(run, monkeypatch, share):
    whole = run.write_report().read_text()
    size = sum(len(found) for found in re.findall(r'src="(data:[^"]*)', whole))
    monkeypatch.setattr(html, "SIZES", html.SIZES[:1])
    monkeypatch.setattr(html, "LIMIT", int(share * size))
    page = run.write_report().read_text()
    kept = sum(len(found) for found in re.findall(r'src="(data:[^"]*)', page))
    assert 0 < kept and pictures(page) < pictures(whole)
    assert kept <= html.LIMIT
    # what was measured is told in any case
    for bug in (*run.report["bugs"], *run.report["folded"]):
        assert bug["sentence"] in page
    if share == 0.7:
        assert page.count('class="shots"') == whole.count('class="shots"')
        assert page.count('class="strip"') < whole.count('class="strip"')


class Panel:
    """Three voters, of whom the third says no to every fourth picture."""

    id, voters = "test/panel", 3

    def __call__(self, pictures, labels):
        return [2 / 3 if int(np.asarray(p.content)[15].sum()) % 4 == 0 else 1.0 for p in pictures]


def test_how_far_the_voters_of_a_judge_agree_is_measured_and_said(tmp_path):
    roles = World(planted={"snow": 0.9}).roles() | {"judge": Panel()}
    run = bugscope.hunt("mug", tmp_path / "run", budget=120, explain_budget=0, **roles)
    found = run.report["judge_error"]["agreement"]
    with Store.open(run.path) as store:
        values = [v for (v,) in store.db.execute("select value from answers where role='judge'")]
    split = sum(float(v) < 0.9 for v in values)
    assert 0 < split < len(values) == found["n"] and found["voters"] == 3
    # of a picture with votes 2 to 1, one of three pairs agrees
    assert found["chance"] == pytest.approx(1 - split / len(values) * 2 / 3)
    assert found["low"] < found["chance"] < found["high"]
    page = run.write_report().read_text()
    assert f"Two of its 3 voters, drawn at random, agree on {found['chance'] * 100:.0f} % of {found['n']} pictures" in page
    assert (
        "voters"
        not in bugscope.hunt("mug", tmp_path / "one", budget=120, explain_budget=0, **World().roles())
        .write_report()
        .read_text()
    )


class Words:
    """A describer that knows."""

    id = "test/words"

    def __call__(self, label, failures, successes):
        return [f"a {label} seen from above"]


def test_a_describers_words_are_tried_and_it_is_named(tmp_path):
    world = World(planted={"above": 0.9}, prior=0.0, base=0.1)
    options = {"budget": 160, "hypotheses": 2, "explain_budget": 0}
    run = bugscope.hunt("mug", tmp_path / "run", describer=Words(), **options, **world.roles())
    found = [*run.report["bugs"], *run.report["folded"]]
    assert found and all("seen from above" in b["phrases"] for b in found)
    assert "what captions and <code>test/words</code> said of them" in (run.path / "report.html").read_text()
    assert bugscope.hunt("mug", tmp_path / "run", describer=Words(), **options, **world.roles()).report["bugs"]


def many(report, bugs, labels, rejected, name):
    """The report with its first bug and its labels over and over, under other names."""
    own = [b for b in report["bugs"] if b["parent"] is None]
    more = [own[i % len(own)] | {"id": str(i), "also": [], "sentence": f"bug {i} {name}"} for i in range(1, bugs + 1)]
    rows = [report["labels"][0] | {"label": f"label {i} {name}"} for i in range(labels)]
    said = report["rejected"][0] | {"sentence": f"harmless {name}"}
    across = {"description": name, "confirmed": bugs, "tried": bugs, "labels": [{"label": name, "bug": "1"}] * bugs}
    notes = [f"too few pictures of label {i} {name}" for i in range(labels)]
    return report | {
        "bugs": more, "folded": [], "labels": rows, "rejected": [said] * rejected, "across": [across],
        "baseline": report["baseline"] | {"notes": notes},
    }  # fmt: skip


@pytest.mark.parametrize(("n", "name"), [(3000, "short"), pytest.param(400, "x" * 3000, marks=pytest.mark.slow)])
def test_a_page_of_very_many_bugs_stays_small_and_says_what_it_leaves_out(run, n, name):
    report = many(run.report, n, n, n, name)
    with Store.open(run.path) as store:
        page = html.page(report, store)
    assert len(page.encode()) < 5_000_000
    told = page.count("<article")
    assert 10 < told < n and pictures(page) > told
    assert f"{n - told:,} more bugs with a smaller rise are not shown here, to keep this page under 5 MB;" in page
    assert f"<h1>{n:,} confirmed bugs of" in page and f"The first {told} bugs, with pictures" in page
    for what in ("label", "description"):
        (left,) = re.findall(rf"([\d,]+) more {what}s are not shown here", page)
        assert 0 < int(left.replace(",", "")) < n
    # nothing leads nowhere
    assert set(re.findall(r'href="#([^"]*)"', page)) <= set(re.findall(r'id="([^"]*)"', page))


def test_a_page_of_few_bugs_leaves_out_nothing(run):
    assert "not shown here" not in run.write_report().read_text()
