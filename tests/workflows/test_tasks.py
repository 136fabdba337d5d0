"""Hunts on targets that are not classifiers, and on two models at once."""

import json
from typing import Any

import numpy as np
import pytest

import bugscope
from bugscope.core.errors import SpecError
from bugscope.report import summary
from bugscope.store.folder import Store
from bugscope.testing import DetectorWorld, World, conformance

LABELS = ("mug", "pot")


def world(**changes: Any) -> DetectorWorld:
    planted = {"snow": 0.95, "above": 0.9, "red": 0.9}
    kinds = {"snow": "missed", "above": "mislabelled", "red": "misplaced"}
    return DetectorWorld(**{"labels": LABELS, "planted": planted, "kinds": kinds, "base": 0.03, "prior": 0.05, **changes})


def hunted(path, roles, **options):
    return bugscope.hunt(LABELS, path / "run", explain_budget=0, seed=1, **roles, **options)


def rows(run):
    with Store.open(run.path) as store:
        return summary.rows(store)


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return hunted(tmp_path_factory.mktemp("detector"), world().roles(), task="detect", budget=700)


def test_a_detector_fits_the_contract():
    conformance.check_detector(world().roles()["target"])


def test_a_hunt_finds_what_a_detector_gets_wrong_and_says_of_which_kind(run):
    said = {b["description"]: b["predicted"][0]["label"] for b in run.report["bugs"]}
    assert said["on snow"] == "missed" and said["seen from above"] == "mislabelled as bowl" and said["red"] == "misplaced"
    assert run.report["task"] == "detect" and run.report["instead"] == "What goes wrong:"
    page = run.path.joinpath("report.html").read_text()
    assert "What goes wrong: <strong>missed</strong>" in page and "Taken for" not in page


def test_pictures_are_kept_with_their_boxes(run):
    (bug,) = [b for b in run.report["bugs"] if b["description"] == "red" and b["label"] == "mug"]
    marks = bug["examples"][0]["marks"]
    assert [m["true"] for m in marks] == [True, False] and marks[1]["text"] == "mug 90 %"


def test_a_run_is_replayed_on_the_next_build_of_a_detector(run, tmp_path):
    better = world(planted={"snow": 0.95, "above": 0.03, "red": 0.03}).roles()["target"]
    better.id = "world/next"
    replayed = bugscope.replay(run, better, fresh=0, out=tmp_path / "replay")
    verdicts = {b["description"]: b["verdict"] for b in replayed.report["bugs"]}
    assert verdicts["on snow"] == "persists" and verdicts["red"] != "persists"
    assert "in which the detector misses it" in replayed.page()


def test_another_detector_is_shown_what_fooled_the_first_and_may_use_other_names(run):
    other = world(planted={}).roles()["target"]
    seen = other.call
    other.id, other.labels = "world/other", ("Coffee cup", "pot", "bowl")
    other.call = lambda pictures: [
        [d._replace(label="Coffee cup") if d.label == "mug" else d for d in one] for one in seen(pictures)
    ]
    made = bugscope.transfer(run, other)
    assert [c.model for c in made.columns] == ["world/detector", "world/other"]
    own, other = (column.adversarial for column in made.columns)
    assert own.k == own.n == other.n and other.k < 0.1 * other.n and not made.notes


def test_bugs_of_a_detector_are_explained(tmp_path):
    found = bugscope.hunt("mug", tmp_path / "run", seed=1, budget=400, explain_budget=200, task="detect", **world().roles())
    (bug,) = [b for b in found.report["bugs"] if b["description"] == "on snow"]
    assert bug["explanation"]


def test_kinds_that_do_not_count_are_no_failures(tmp_path):
    found = hunted(tmp_path, world().roles(), task="detect", task_args={"kinds": "missed"}, budget=700)
    assert {b["description"] for b in found.report["bugs"]} == {"on snow"}


def test_a_hunt_on_false_alarms_shows_pictures_without_the_label(tmp_path):
    alarmed = world(alarms={"snow": 0.9}, base=0.02)
    roles = alarmed.roles()
    found = bugscope.hunt(
        "mug",
        tmp_path / "run",
        explain_budget=0,
        seed=1,
        budget=600,
        **roles,
        task="detect",
        task_args={"kinds": "false alarm"},
    )
    assert "on snow" in {b["description"] for b in found.report["bugs"]}
    bug = next(b for b in found.report["bugs"] if b["description"] == "on snow")
    assert bug["prompt"] == "a photo of snow" and bug["compared_with"] == "a photo of an empty place"
    assert bug["predicted"][0]["label"] == "false alarm" and bug["besides"] == "“an empty place”"
    assert not any("mug" in row["prompt"] for row in rows(found))


def test_a_null_detector_has_no_bugs(tmp_path):
    found = hunted(tmp_path, world(planted={}, base=0.2).roles(), task="detect", budget=600)
    assert found.report["bugs"] == []


def test_the_task_follows_from_what_is_stated_and_its_options_are_checked(tmp_path):
    with pytest.raises(SpecError, match="unknown argument of task 'detect' 'kind'. Did you mean 'kinds'"):
        hunted(tmp_path, world().roles(), task="detect", task_args={"kind": "missed"})
    with pytest.raises(SpecError, match="option iou is 1.5"):
        bugscope.hunt("mug", tmp_path / "x", iou=1.5, **world().roles())


# --- two models ---------------------------------------------------------------------------------------------------------


def compared(path, target: World, reference: World, **options):
    return hunted(path, target.roles(), against=reference.roles()["target"], **options)


def test_only_what_the_reference_gets_right_is_a_failure(tmp_path):
    old = World(labels=LABELS, planted={"snow": 0.95}, base=0.02, prior=0.05)
    new = World(labels=LABELS, planted={"snow": 0.95, "fog": 0.9}, base=0.02, prior=0.05)
    found = compared(tmp_path, new, old, budget=700)
    said = {b["description"] for b in found.report["bugs"]}
    assert "in fog" in said and "on snow" not in said
    assert found.report["target"] == "world/target against world/target"
    assert "though the reference gets it right" in found.report["failure"]
    against = found.report["against"]
    assert against["worse"] == sum(row["status"] == "failure" and not row["description"] for row in rows(found))
    assert against["better"] == 0 < against["n"] and against["sentence"] in found.path.joinpath("report.html").read_text()


def test_pictures_that_only_the_reference_fails_on_are_counted_too(tmp_path):
    old = World(labels=LABELS, planted={}, base=0.4)
    found = compared(tmp_path, World(labels=LABELS, planted={}, base=0.05), old, budget=300)
    against = found.report["against"]
    assert against["worse"] == 0 and against["better"] > 0.2 * against["n"] and against["p"] < 0.05
    left = {row["predicted"] for row in rows(found) if row["status"] == "excluded"}
    assert left == {"both fail", "only the reference fails"}
    assert "wrong in the reference" in found.path.joinpath("report.html").read_text()


def test_a_model_against_itself_has_no_bugs(tmp_path):
    same = World(labels=LABELS, planted={"snow": 0.95}, base=0.1)
    found = compared(tmp_path, same, same, budget=600)
    assert found.report["against"]["p"] == 1
    assert found.report["bugs"] == [] and not any(row["status"] == "failure" for row in rows(found))


# --- questions ----------------------------------------------------------------------------------------------------------


def test_a_model_that_answers_questions_is_hunted_on(tmp_path):
    blind = World(labels=LABELS, planted={"night": 0.95}, base=0.03, prior=0.05)

    def answer(pictures, questions):
        assert all(q.endswith("Answer yes or no.") for q in questions)
        right = blind.classify(pictures).argmax(axis=1) < len(LABELS)
        rng = np.random.default_rng(len(pictures))
        return ["Hmm." if rng.random() < 0.05 else "Yes, there is." if ok else "No, there is not." for ok in right]

    roles = {**blind.roles(), "target": answer}
    found = hunted(tmp_path, roles, task="ask", budget=600)
    (bug,) = [b for b in found.report["bugs"] if b["label"] == "mug"]
    assert bug["description"] == "at night" and bug["predicted"][0]["label"] == "answered as no"
    unread = [row for row in rows(found) if row["status"] == "excluded"]
    assert unread and all(row["predicted"].startswith("not readable") for row in unread)
    assert sum(row["excluded"] for row in found.report["labels"]) == len(unread)
    assert "answer not readable" in found.path.joinpath("report.html").read_text()
    assert json.loads(found.path.joinpath("report.json").read_text())["task"] == "ask"
