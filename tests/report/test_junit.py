"""What other programs read: JUnit XML, CSV, GitHub's Markdown; from hunts, probes and replays, with names that mean harm."""

import copy
import csv
import io
import re
from xml.etree import ElementTree as ET

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

import bugscope
from bugscope.report.junit import junit
from bugscope.report.table import FOUND, REPLAYED, csv_table, markdown
from bugscope.workflows.replay import replay
from support import reports as small
from support.reports import LABELS
from support.runs import trying
from support.worlds import ABOVE, FOG, RED, SNOW


def world(**changes):
    return small.world(**{"base": 0.0, **changes})


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    with trying([SNOW], [ABOVE], [RED, SNOW], [FOG]):
        return bugscope.hunt(LABELS, tmp_path_factory.mktemp("runs") / "run", budget=300, **world().roles())


@pytest.fixture(scope="module")
def mixed(run):
    """Some bugs are fixed, some persist, and plain pots fail now."""
    made = world(planted={"above": 0.95, "fog": 0.95}, base=0.0).roles()["target"]
    made.id = "world/new"
    return replay(run, made).report


@pytest.fixture(scope="module")
def probed(tmp_path_factory):
    prompts = ["a photo of a mug on snow", "a photo of a mug on sand"]
    return bugscope.probe(prompts, out=tmp_path_factory.mktemp("runs") / "p", n=20, **world().roles()).report


def checked(text):
    """The suite, after the rules on which the usual schemas (Jenkins, Windy Road's for Ant) agree."""
    assert text.startswith('<?xml version="1.0" encoding="UTF-8"?>\n')
    root = ET.fromstring(text.encode())
    assert root.tag == "testsuites" and not root.attrib
    (suite,) = root
    assert set(suite.attrib) == {
        "name", "id", "package", "hostname", "timestamp", "tests", "failures", "errors", "skipped", "time"
    }  # fmt: skip
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d", suite.get("timestamp")) and float(suite.get("time")) >= 0
    tags = [child.tag for child in suite]
    cases = suite.findall("testcase")
    assert tags == ["properties", *["testcase"] * len(cases), "system-out", "system-err"]
    for case in cases:
        assert set(case.attrib) == {"name", "classname", "time"} and case.get("name") and case.get("classname").count(".") == 1
        assert [child.tag for child in case] in ([], ["failure"], ["error"], ["skipped"])
        for failure in case.findall("failure"):
            assert set(failure.attrib) == {"message", "type"} and failure.text.startswith(failure.get("message"))
    for name, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
        assert int(suite.get(name)) == len(suite.findall(f"testcase/{tag}"))
    assert int(suite.get("tests")) == len(cases) > 0
    for p in suite.findall("properties/property"):
        assert set(p.attrib) == {"name", "value"}
    return suite


def state(case):
    return case[0].get("type") if len(case) and case[0].tag == "failure" else case[0].tag if len(case) else "passed"


def test_a_replay_is_a_suite_of_which_what_is_not_fixed_fails(mixed):
    cases = {case.get("name"): case for case in checked(junit(mixed)).findall("testcase")}
    for bug in mixed["bugs"]:
        case = cases[bug["sentence"]]
        assert state(case) == ("passed" if bug["verdict"] == "fixed" else bug["verdict"])
        assert case.get("classname") == f"bugscope.{bug['label']}"
        if len(case):
            assert case[0].get("message") == bug["message"] and bug["prompt"] in case[0].text
            assert f"{bug['failures']} of {bug['n']} fail" in case[0].get("message")
    new = [case for name, case in cases.items() if name.startswith("new bug: ")]
    assert len(new) == len(mixed["new_failures"]["bugs"]) > 0 and all(state(case) == "new" for case in new)
    assert [state(cases[f"new failures: {label}"]) for label in LABELS] == ["passed", "passed"]
    plain = ["plain pictures", *(f"plain pictures: {label}" for label in LABELS)]
    assert [state(cases[name]) for name in plain] == ["passed"] * 3
    assert len(cases) == len(mixed["bugs"]) + len(new) + 2 + len(plain)
    properties = {p.get("name"): p.get("value") for p in checked(junit(mixed)).findall("properties/property")}
    assert properties["target"] == "world/new" and properties["before"] == "world/target"
    assert properties["margin"] == "0.1" and properties["run"] == mixed["run"]


def test_what_is_allowed_is_skipped(mixed):
    some = copy.deepcopy(mixed)
    some["bugs"][0]["verdict"] = "undecided"
    states = [state(case) for case in checked(junit(some, allow=["undecided", "new"])).findall("testcase")][1 + len(LABELS) :]
    assert states[0] == "skipped" and "persists" in states and "undecided" not in states and "new" not in states
    assert states.count("skipped") == 1 + len(some["new_failures"]["bugs"]) + sum(
        b["verdict"] == "undecided" for b in some["bugs"][1:]
    )


def test_a_hunts_bugs_fail_and_none_pass(run, tmp_path):
    suite = checked(junit(run.report))
    cases = suite.findall("testcase")
    plain, cases = cases[: 1 + len(LABELS)], cases[1 + len(LABELS) :]
    assert [case.get("name") for case in plain] == ["plain pictures", *(f"plain pictures: {label}" for label in LABELS)]
    assert [case.get("name") for case in cases] == [b["sentence"] for b in run.report["bugs"]]
    assert all(state(case) == "passed" for case in plain) and all(state(case) == "bug" for case in cases)
    explained = next(b for b in run.report["bugs"] if b["explanation"])
    assert explained["explanation"]["sentences"][0] in cases[int(explained["id"]) - 1][0].text
    fine = bugscope.hunt("mug", tmp_path / "fine", budget=120, explain_budget=0, **world(planted={}).roles())
    *_, case = checked(junit(fine.report)).findall("testcase")
    assert {state(case) for case in checked(junit(fine.report)).findall("testcase")} == {"passed"}
    assert state(case) == "passed" and case.get("name") == "no bug is confirmed"


def test_a_bug_names_the_other_descriptions_of_its_cause(run, mixed):
    homes = {x["id"]: x for x in run.report["bugs"] if x["also"]}
    assert [x["same_as"] for x in run.report["folded"]] == sorted(homes) and len(homes) == len(LABELS)
    first, second = (checked(junit(report)).findall("testcase") for report in (run.report, mixed))
    again = {x["id"]: x for x in mixed["folded"]}
    for folded in run.report["folded"]:
        home = homes[folded["same_as"]]
        also = f"; also: {folded['description'].replace(', ', ' ')}"
        case = next(c for c in first if c.get("name") == home["sentence"])
        assert case[0].get("message").endswith(also)
        assert f"also: {folded['sentence']} -> bowl: {folded['failures']} of {folded['n']} fail" in case[0].text
        replayed = next(c for c in second if c.get("name") == home["sentence"])
        x = again[folded["id"]]
        if len(replayed):
            assert f"{also} ({x['own']}: {x['failures']} of {x['n']} fail" in replayed[0].get("message")
    sentences = {x["same_as"]: x["sentence"] for x in run.report["folded"]}
    for report in (run.report, mixed):
        rows = {row["id"]: row["also"] for row in csv.DictReader(io.StringIO(csv_table(report), newline=""))}
        assert rows == {b["id"]: sentences.get(b["id"], "") for b in report["bugs"]}
        lines = markdown(report).splitlines()
        for folded in run.report["folded"]:
            (line,) = [line for line in lines if line.startswith(f"| {folded['same_as']} |")]
            assert "; also\\: " + folded["description"].replace(", ", " ") in line
            assert not any(line.startswith(f"| {folded['id']} |") for line in lines)


def test_each_prompt_of_a_probe_is_a_case(probed):
    states = {case.get("name"): state(case) for case in checked(junit(probed)).findall("testcase")}
    assert [states[f"a photo of a mug {where}"] for where in ("on snow", "on sand")] == ["bug", "passed"]
    assert [states[name] for name in ("plain pictures", "plain pictures: mug")] == ["passed"] * 2 and len(states) == 4


EVIL = (
    "=cmd|' /C calc'!A0\x1b[31m\x00 ]]> <b>&\"'`|*_~ \ud800\ufffe\n| x | http://evil.example www.evil.example @all $x$ 木\u2028"
)


def spoilt(report, text=EVIL):
    """The report with a harmful text wherever a model or a user may have put one."""
    names = ("label", "description", "sentence", "prompt", "compared_with", "message", "predicted", "minimal_description",
             "target", "before", "generator", "reason", "summary", "phrases")  # fmt: skip

    def spoil(value, name=""):
        if isinstance(value, dict):
            return {k: spoil(v, k) for k, v in value.items()}
        if isinstance(value, list):
            return [spoil(v, name) for v in value]
        return text if isinstance(value, str) and name in names else value

    return spoil(report)


class Reports(list):
    """What Hypothesis can show on one line."""

    def __repr__(self):
        return "reports"


@pytest.fixture(scope="module")
def reports(run, mixed, probed):
    return Reports([run.report, mixed, probed])


@settings(deadline=None, max_examples=40)
@given(text=st.one_of(st.text(), st.just(EVIL)))
@example(text="0\r")
def test_no_text_breaks_a_file(reports, text):
    for report in reports:
        evil = spoilt(report, text or "x")
        if any(c.isprintable() and not c.isspace() for c in text):
            for_xml = spoilt(report, f"a{text}")  # a name that is nothing but forbidden characters is no name
            suite = checked(junit(for_xml))
            assert not re.search("[\x00-\x08\x0b\x0c\x0e-\x1f]", "".join(suite.itertext()))
        rows = list(csv.reader(io.StringIO(csv_table(evil), newline=""), strict=True))
        assert len({len(row) for row in rows}) == 1
        for row in rows[1:]:
            for name, cell in zip(rows[0], row, strict=True):
                number = re.fullmatch(r"-?[\d.]+(e[+-]?\d+)?", cell)
                assert number or not cell.strip().startswith(tuple("=+-@\t\r\n")), (name, cell)
        page = markdown(evil)
        assert page.encode() and csv_table(evil).encode()
        width = None
        for line in page.splitlines():
            if line.startswith("|"):
                cells = len(re.findall(r"(?<!\\)(?:\\\\)*\|", line))
                width = cells if width is None else width
                assert cells == width, line
            else:
                width = None
        assert not re.search(r"(?<!\\)[<`@]", page)


def test_markup_links_and_mentions_are_shown_as_they_are(mixed):
    page = markdown(spoilt(mixed))
    assert r"\<b\>\&" in page and r"http\://evil" in page and r"www\.evil" in page and r"\@all" in page and r"\$x\$" in page
    assert "\x1b" not in page and "木" in page


def test_the_summary_shows_every_bug(run, mixed, probed):
    page = markdown(mixed)
    assert page.startswith("### Bugscope\\: ") and mixed["summary"] in page
    for bug in mixed["bugs"]:
        (line,) = [line for line in page.splitlines() if line.startswith(f"| {bug['id']} |")]
        assert bug["sentence"] in line and bug["verdict"] in line and f"{bug['failures']} of {bug['n']}" in line
    assert all(b["sentence"] in page for b in mixed["new_failures"]["bugs"]) and "No new failures" not in page
    assert all(f"| {b['id']} | {b['sentence']}" in markdown(run.report) for b in run.report["bugs"])
    assert "confirmed" in markdown(probed) and "a photo of a mug on sand" in markdown(probed)
    none = {**run.report, "bugs": []}
    assert "No bug is confirmed." in markdown(none) and "|" not in markdown(none)


def test_the_table_has_the_reports_numbers(run, mixed, probed):
    for report, columns in ((run.report, FOUND), (mixed, REPLAYED)):
        rows = list(csv.DictReader(io.StringIO(csv_table(report), newline="")))
        assert list(rows[0]) == list(columns) and len(rows) == len(report["bugs"])
        for row, bug in zip(rows, report["bugs"], strict=True):
            assert row["id"] == bug["id"] and row["prompt"] == bug["prompt"] and row["description"] == bug["description"]
            assert int(row["failures"]) == bug["failures"] and int(row["n"]) == bug["n"]
            assert float(row["low"]) == bug["low"] and float(row["baseline_high"]) == bug["baseline"]["high"]
            assert float(row["rise"]) == bug["rise"]["value"]
            assert float(row["baseline_rate"]) == bug["baseline"]["failures"] / bug["baseline"]["n"]
            assert row["minimal_description"] == (bug["minimal_description"] or "")
    rows = list(csv.DictReader(io.StringIO(csv_table(mixed), newline="")))
    assert [row["verdict"] for row in rows] == [b["verdict"] for b in mixed["bugs"]]
    assert [int(row["before_failures"]) for row in rows] == [b["before"]["failures"] for b in mixed["bugs"]]
    assert len(list(csv.DictReader(io.StringIO(csv_table(probed), newline="")))) == 2
    # even without a bug the columns are there
    assert csv_table({**run.report, "bugs": []}).strip() == ",".join(FOUND)


def test_a_run_that_a_model_has_ended_is_an_error_and_passes_for_nothing(run):
    report = copy.deepcopy(run.report) | {"finished": False, "error": "judge j stopped answering: busy <3>", "bugs": []}
    report["no_answer"] = [{"role": "judge", "n": 3, "reason": "busy"}]
    suite = checked(junit(report))
    (error,) = suite.findall("testcase/error")
    assert suite.get("errors") == "1" and error.get("message") == "judge j stopped answering: busy <3>"
    assert "The judge gave no answer to 3 questions: busy." in error.text
    (nothing,) = [case for case in suite.iter("testcase") if case.get("name") == "no bug is confirmed"]
    assert nothing.find("skipped") is not None


@pytest.mark.parametrize("silent", [{"finished": False}, {"baseline": "unknown"}, {}])
def test_that_there_are_no_bugs_passes_only_where_it_was_looked_for(run, silent):
    report = copy.deepcopy(run.report) | {"bugs": [], "folded": [], "finished": silent.get("finished", True)}
    report["baseline"]["verdict"] = silent.get("baseline", report["baseline"]["verdict"])
    suite = checked(junit(report))
    (nothing,) = [case for case in suite.iter("testcase") if case.get("name") == "no bug is confirmed"]
    assert (nothing.find("skipped") is not None) == bool(silent) and suite.get("errors") == "0"
