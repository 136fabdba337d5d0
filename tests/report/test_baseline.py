"""Plain pictures that fail nearly always are the first thing that every form says."""

import html
from collections import Counter
from xml.etree import ElementTree as ET

import pytest

import bugscope
from bugscope.report import baseline
from bugscope.report.baseline import Plain, assess
from bugscope.report.junit import junit
from bugscope.report.table import markdown
from bugscope.stats import clopper_pearson, uniform
from support.broken import LABELS, misnamed, unprepared, world

OPTIONS = {"budget": 300, "explain_budget": 0, "hypotheses": 4}


def plain(label, n=24, wrong=24, **taken_for):
    return Plain(label, uniform(wrong, n), Counter(taken_for or ({"x": wrong} if wrong else {})))


def said(base):
    return " ".join(baseline.lines(base))


def hunted(folder, target, **options):
    return bugscope.hunt(LABELS, folder, **{**OPTIONS, **options}, **world().roles() | {"target": target})


@pytest.fixture(scope="module")
def renamed(tmp_path_factory):
    """A hunt on a target whose label names are in another order than its outputs: no plain picture is right."""
    return hunted(tmp_path_factory.mktemp("runs") / "run", misnamed())


@pytest.fixture(scope="module")
def stuck(tmp_path_factory):
    """A hunt on a target that calls everything a mug: mugs are right."""
    return hunted(tmp_path_factory.mktemp("runs") / "run", unprepared())


@pytest.fixture(scope="module")
def sound(tmp_path_factory):
    return bugscope.hunt(LABELS, tmp_path_factory.mktemp("runs") / "run", **OPTIONS, **world().roles())


# --- the finding and its likely reason ----------------------------------------------------------------------------------


def test_labels_that_change_places_point_to_their_order():
    found = assess([plain("cat", dog=24), plain("dog", cup=23, cat=1), plain("cup", cat=24)], uniform)
    assert (found["verdict"], found["pattern"]) == ("all", "one another")
    assert found["sentence"] == "Plain pictures fail nearly always, over all 3 labels: 72 of 72 fail (95 % CI 92-100 %)"
    assert "one another (cat -> dog, dog -> cup, cup -> cat), so the label names are probably not in the order" in said(found)


def test_a_wrong_answer_of_its_own_for_each_label_does_too():
    found = assess([plain("cat", cow=20, dog=4), plain("dog", doe=24), plain("cup", cub=24)], uniform)
    assert found["pattern"] == "own" and "the label names are probably" in said(found)


def test_one_answer_for_everything_points_to_the_preparation():
    found = assess([plain("cat", web=24), plain("dog", web=20, net=4), plain("cup", web=22, cat=2)], uniform)
    assert found["pattern"] == "few" and "“web”, so the pictures are probably not prepared as the target expects" in said(found)
    # what is right only because everything is called so does not stand
    found = assess([plain("cat", dog=24), plain("dog", wrong=0), plain("cup", dog=24)], uniform)
    assert (found["verdict"], found["pattern"]) == ("some", "few") and "stand" not in said(found)
    found = assess([*(plain(f"a{i}", web=24) for i in range(4)), *(plain(f"b{i}", net=24) for i in range(4))], uniform)
    assert found["pattern"] == "few" and "the same few labels (“web”, “net”)" in said(found)


def test_answers_without_a_pattern_name_both_reasons():
    mixed = {"cat": {"a": 9, "b": 8, "c": 7}, "dog": {"d": 8, "e": 8, "f": 8}}
    found = assess([plain(label, **answers) for label, answers in mixed.items()], uniform)
    assert (found["verdict"], found["pattern"]) == ("all", "")
    assert "label names in another order" in said(found) and "channel order" in said(found)
    # two of two wrong answers are a coin's tosses
    coins = assess([plain("cat", dog=13, cup=11), plain("dog", cup=13, cat=11), plain("cup", cat=13, dog=11)], uniform)
    assert coins["pattern"] == ""
    assert assess([plain("cat", dog=24), plain("dog", cat=24)], uniform, named=False)["pattern"] == ""


def test_one_label_of_many_is_a_finding_of_that_label():
    found = assess([plain("cat", dog=24), *(plain(f"a{i}", wrong=1) for i in range(5))], uniform)
    assert found["verdict"] == "some"
    assert found["sentence"] == "Plain pictures of 1 of 6 labels fail nearly always: “cat” 24 of 24 fail (95 % CI 81-100 %)"
    assert "It is most often taken for “dog”." in said(found) and said(found).endswith("The results of the other labels stand.")
    assert [row["verdict"] for row in found["labels"]] == ["failing", *["fine"] * 5]
    # a few hard labels of many have answers of their own as well; two that change places are still seen
    others = [plain(f"a{i}", wrong=1) for i in range(5)]
    assert assess([plain("cat", lynx=24), plain("dog", wolf=24), *others], uniform)["pattern"] == ""
    assert assess([plain("cat", dog=24), plain("dog", cat=24), *others], uniform)["pattern"] == "one another"


def test_labels_that_have_too_few_pictures_together_have_enough():
    found = assess([plain(label, 4, 4, x=4) for label in LABELS], uniform)
    assert found["verdict"] == "all" and {row["verdict"] for row in found["labels"]} == {"few"}
    assert "12 of 12 fail" in said(found)


def test_too_few_pictures_are_no_verdict_and_are_said():
    found = assess([plain("cat", 4, 4, dog=4), Plain("dog", uniform(0, 0), {})], uniform)
    assert found["verdict"] == "unknown" and not baseline.fails(found) and not baseline.lines(found)
    assert found["notes"] == [
        "too few plain pictures clearly show “cat” for a verdict: 4 of 4 fail (95 % CI 34-100 %)",
        "no plain picture clearly shows “dog”, so nothing is known of it",
    ]
    assert assess([], clopper_pearson)["verdict"] == "unknown" and not assess([], uniform)["notes"]


def test_what_fails_less_is_fine():
    found = assess([plain("cat", wrong=20, dog=20), plain("dog", wrong=0)], uniform)
    assert found["verdict"] == "fine" and found["sentence"] == found["advice"] == "" and not found["notes"]
    assert found["labels"][0]["message"].startswith("plain “cat”: 20 of 24 fail (95 % CI ")


# --- a hunt in every form -----------------------------------------------------------------------------------------------


def cases(report):
    """Name -> (state, message)."""
    found = {}
    for case in ET.fromstring(junit(report)).iter("testcase"):
        state = case[0].tag if len(case) else "passed"
        found[case.get("name")] = state, case[0].get("message") if len(case) else ""
    return found


def test_a_hunt_on_names_in_another_order_says_so_first(renamed):
    assert not renamed.bugs and [row["baseline"]["failures"] for row in renamed.report["labels"]] == [10, 10, 10]
    base = renamed.report["baseline"]
    assert (base["verdict"], base["pattern"]) == ("all", "one another") and "30 of 30 fail" in base["sentence"]
    page = (renamed.path / "report.html").read_text()
    assert (
        page.index('class="alarm"') < page.index("<h1>") and base["sentence"] in page and base["advice"] in html.unescape(page)
    )
    assert page.count("fails nearly always") >= 3 and "there is no room for a rise" in page
    assert "<title>Plain pictures fail: " in page
    assert markdown(renamed.report).startswith("**Plain pictures fail nearly always")
    assert base["sentence"] in repr(renamed)
    assert not renamed.report["rejected"] and renamed.report["images_generated"] == 30, "nothing else is tried"


def test_junit_has_a_case_for_all_and_one_for_each_label(renamed, stuck, sound):
    found = cases(renamed.report)
    for name in ("plain pictures", *(f"plain pictures: {label}" for label in LABELS)):
        assert found[name][0] == "failure" and ("10 of 10" in found[name][1] or "30 of 30" in found[name][1])
    assert found["no bug is confirmed"][0] == "skipped"
    found = cases(stuck.report)
    assert [found[f"plain pictures: {label}"][0] for label in LABELS] == ["passed", "failure", "failure"]
    assert found["plain pictures"][0] == "passed"
    # the same names where nothing is wrong, so that a reader can follow them from run to run
    assert set(cases(renamed.report)) - set(cases(sound.report)) <= {"no bug is confirmed"}
    plain_cases = {name: state for name, (state, _) in cases(sound.report).items() if name.startswith("plain")}
    assert len(plain_cases) == 4 and set(plain_cases.values()) == {"passed"}


def test_a_hunt_on_pictures_that_are_not_prepared_says_so(stuck):
    base = stuck.report["baseline"]
    assert (base["verdict"], base["pattern"]) == ("some", "few") and "mostly taken for “mug”" in base["advice"]
    page = (stuck.path / "report.html").read_text()
    assert page.index('class="alarm"') < page.index("<h1>")


def test_a_sound_target_raises_no_alarm(sound):
    assert sound.report["baseline"]["verdict"] == "fine" and sound.bugs
    page = (sound.path / "report.html").read_text()
    assert 'class="alarm"' not in page and "nearly always" not in page
    assert "nearly always" not in junit(sound.report) + markdown(sound.report) + repr(sound)


def test_it_is_said_as_soon_as_the_plain_pictures_are_in(tmp_path):
    heard = []
    hunted(tmp_path / "run", misnamed(), progress=heard.append)
    warned = [now.stage for now in heard if now.warning]
    assert warned[0] == "exploring" and set(warned) == {"exploring", "confirming", "done"}, "the hunt goes on"
    assert {now.warning for now in heard if now.warning} == {said(bugscope.load(tmp_path / "run").report["baseline"])}
    heard.clear()
    bugscope.hunt(LABELS, tmp_path / "sound", progress=heard.append, **OPTIONS, **world().roles())
    assert heard and not any(now.warning for now in heard)


def test_a_run_that_stops_after_exploring_knows_it(tmp_path):
    class Stop(Exception):
        pass

    def stop(now):
        if now.warning:
            raise Stop

    with pytest.raises(Stop):
        hunted(tmp_path / "run", misnamed(), progress=stop)
    report = bugscope.load(tmp_path / "run").report
    assert not report["hypotheses_tested"] and report["baseline"]["verdict"] == "all"
    assert [row["baseline"]["n"] for row in report["labels"]] == [10, 10, 10]


def test_a_judge_that_accepts_little_leaves_no_verdict(tmp_path):
    roles = world().roles() | {"target": misnamed(), "judge": lambda pictures, labels: [0.0] * len(pictures)}
    run = bugscope.hunt(LABELS, tmp_path / "run", **OPTIONS, **roles)
    base = run.report["baseline"]
    assert base["verdict"] == "unknown" and len(base["notes"]) == 3
    assert "No plain picture clearly shows “mug”" in (run.path / "report.html").read_text()
    found = cases(run.report)
    assert found["plain pictures"][0] == found["plain pictures: mug"][0] == "skipped"


def test_the_papers_procedure_says_it_too(tmp_path):
    run = hunted(tmp_path / "run", misnamed(), fixed_n=10, budget=400, hypotheses=2)
    base = run.report["baseline"]
    assert base["verdict"] == "all" and base["pooled"]["n"] == 30, "its own pictures count, not those of exploration"
    assert base["labels"][0]["predicted"][0]["label"] == "pot"


# --- a probe ------------------------------------------------------------------------------------------------------------


def test_a_prompt_cannot_rise_above_a_baseline_that_always_fails(tmp_path):
    roles = world().roles() | {"target": misnamed()}
    found = bugscope.probe("a photo of a mug on snow", out=tmp_path / "plain", n=20, **roles)
    assert found.report["baseline"]["verdict"] == "all" and "what it is compared with fails nearly always" in repr(found)
    assert repr(found).startswith("Plain pictures of “mug” fail nearly always")
    assert cases(found.report)["a photo of a mug on snow"][0] == "skipped"
    assert cases(found.report)["plain pictures: mug"][0] == "failure"
    # compared with another prompt, plain pictures are not drawn, and nothing is said of them
    beside = bugscope.probe("a photo of a mug on snow", vs="a photo of a mug at night", out=tmp_path / "vs", n=20, **roles)
    assert beside.report["baseline"]["labels"] == [] and not repr(beside).startswith("Plain")
    assert "what it is compared with fails nearly always" in repr(beside)
    ((state, message),) = cases(beside.report).values()
    assert state == "skipped" and "what it is compared with fails nearly always" in message
