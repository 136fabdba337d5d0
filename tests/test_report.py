"""The page stays small whatever a run has, and shows what matters first."""

import re

import pytest

import bugscope
from bugscope.report import html
from bugscope.testing import World


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    world = World(labels=("mug", "pot"), planted={"snow": 0.95, "above": 0.9}, prior=0.05, spurious={"snow": 0.9})
    return bugscope.hunt(("mug", "pot"), tmp_path_factory.mktemp("runs") / "run", budget=400, **world.roles())


def pictures(page):
    return len(re.findall(r'src="data:image', page))


def test_every_picture_of_an_explanation_is_on_the_page(run):
    page = run.write_report().read_text()
    expected = 0
    for bug in run.report["bugs"]:
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


def test_a_bug_whose_minimal_description_is_another_bug_says_so(run):
    bugs = {b["id"]: b for b in run.report["bugs"]}
    same = [b for b in bugs.values() if b["same_as"]]
    assert same, "the world's red pot on snow at night is the pot on snow"
    for b in same:
        other = bugs[b["same_as"]]
        assert other["label"] == b["label"] and other["description"] == b["minimal_description"] != b["description"]
    page = run.write_report().read_text()
    assert page.count("The same cause as") == len(same)
    for b in bugs.values():
        assert f'id="bug-{b["id"]}"' in page


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
    for bug in run.report["bugs"]:
        assert bug["sentence"] in page
    if share == 0.7:
        assert page.count('class="shots"') == whole.count('class="shots"')
        assert page.count('class="strip"') < whole.count('class="strip"')
