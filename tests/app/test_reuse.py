"""replay on the command line: exit codes, and files for other programs."""

import json
import re
import sys
from pathlib import Path
from types import ModuleType
from xml.etree import ElementTree

import pytest

import bugscope
from bugscope.core.errors import StoreError
from bugscope.store.folder import Store
from bugscope.testing import World


@pytest.fixture
def run(tmp_path, monkeypatch):
    """A run with the bug "on snow", and three targets of the user's: the same, a cured one, one that knows other labels."""
    world = World(planted={"snow": 0.95}, prior=0.05, base=0.02)
    cured = World(planted={}, prior=0.05, base=0.0)
    module = ModuleType("my_models")
    labels = (*world.labels, "bowl")
    module.old, module.new = lambda images: world.classify(images), lambda images: cured.classify(images)
    module.strange = lambda images: cured.classify(images)
    module.old.labels = module.new.labels = labels
    module.strange.labels = ("cat", "dog")
    monkeypatch.setitem(sys.modules, "my_models", module)
    roles = world.roles()
    module.draw = lambda prompts, seeds: roles["generator"](prompts, seeds)
    return bugscope.hunt("mug", tmp_path / "run", budget=260, explain_budget=60, **roles)


def test_exit_codes_say_what_became_of_the_bugs(run, said):
    assert run.bugs
    code, out, _ = said("replay", run.path, "--target", "python/my_models:old")
    assert code == 1 and "persists" in out
    # a few stored pictures may be too few to show a cure beyond doubt
    code, out, _ = said("replay", run.path, "--target", "python/my_models:new", "--allow", "undecided")
    assert code == 0 and not re.search(r"[1-9]\d* (persist|worse)", out)
    code, _, err = said("replay", run.path, "--target", "python/my_models:strange")
    assert code == 2 and "mug" in err
    code, _, err = said("replay", run.path, "--target", "python/my_models:old", "--allow", "undecidid")
    assert code == 2 and "Did you mean 'undecided'" in err
    code, _, err = said("replay", run.path.parent / "none", "--target", "python/my_models:old")
    assert code == 2 and "holds no run" in err


def test_another_target_may_have_other_names_for_the_runs_labels(run, said, tmp_path):
    (tmp_path / "names.json").write_text('{"mug": ["cat"]}')
    names = ("--target", "python/my_models:strange", "--accept", tmp_path / "names.json")
    code, out, _ = said("replay", run.path, *names, "--allow", "undecided")
    assert code == 0 and "Accept-set: no near-synonyms, because the target’s labels are not ImageNet’s; further labels" in out
    code, out, _ = said("transfer", run.path, *names)
    assert code == 0 and "it shares 0 of" in " ".join(out.split())
    for command in ("replay", "transfer"):
        code, _, err = said(command, run.path, *names[:3], "imagnet")
        assert code == 2 and "Did you mean 'imagenet'" in err


def test_other_programs_read_what_it_found(run, said, tmp_path):
    files = {name: tmp_path / name for name in ("junit.xml", "bugs.csv", "summary.md")}
    files["summary.md"].write_text("# before\n")
    code, out, _ = said(
        "replay", run.path, "--target", "python/my_models:old", "--json", "--junit", files["junit.xml"], "--csv",
        files["bugs.csv"], "--summary", files["summary.md"],
    )  # fmt: skip
    report = json.loads(out)
    assert code == 1 and len(report["bugs"]) == len(run.bugs)
    assert len(ElementTree.parse(files["junit.xml"]).getroot().findall(".//failure")) >= len(run.bugs)
    assert len(files["bugs.csv"].read_text().splitlines()) == 1 + len(run.bugs)
    assert files["summary.md"].read_text().startswith("# before\n") and "|" in files["summary.md"].read_text()
    code, _, err = said("replay", run.path, "--target", "python/my_models:old", "--csv", files["junit.xml"] / "bugs.csv")
    assert code == 2 and "cannot write" in err


def test_a_replay_leaves_a_page(run, said, tmp_path):
    pages = {}
    for name in ("old", "new"):
        _, out, _ = said("replay", run.path, "--target", f"python/my_models:{name}")
        last = out.splitlines()[-1]
        assert last.startswith("Page: ") and out.count("Page: ") == 1
        pages[name] = Path(last.removeprefix("Page: "))
        assert pages[name].parent == run.path / "replay" and f"my_models:{name}" in pages[name].read_text()
    assert pages["old"] != pages["new"] and "Exit code 1: " in pages["old"].read_text()
    copy = tmp_path / "a.html"
    more = ("--allow", "undecided", "--html", copy, "--out", tmp_path / "b")
    code, out, _ = said("replay", run.path, "--target", "python/my_models:new", *more)
    assert code == 0 and out.splitlines()[-1] == f"Page: {copy}" and "Exit code 0: " in copy.read_text()
    assert [file.read_text() for file in (tmp_path / "b").glob("*.html")] == [copy.read_text()]
    _, out, _ = said("replay", run.path, "--target", "python/my_models:old", "--json")
    assert json.loads(out)["bugs"] and "Page: " not in out


def test_a_page_that_cannot_be_written_costs_no_results(run, said, tmp_path):
    _, out, _ = said("replay", run.path, "--target", "python/my_models:old")
    page = Path(out.splitlines()[-1].removeprefix("Page: "))
    page.unlink()
    page.mkdir()  # nobody can write a file there, not even root
    code, again, err = said("replay", run.path, "--target", "python/my_models:old")
    assert code == 1 and again.splitlines() == out.splitlines()[:-1] and f"bugscope: no page: cannot write '{page}'" in err
    code, again, _ = said("replay", run.path, "--target", "python/my_models:old", "--html", tmp_path / "a.html")
    assert code == 1 and again.splitlines()[-1] == f"Page: {tmp_path / 'a.html'}" and (tmp_path / "a.html").is_file()
    code, _, err = said("replay", run.path, "--target", "python/my_models:old", "--html", tmp_path / "a.html" / "b.html")
    assert code == 2 and "cannot write" in err


def test_verdicts_come_before_files_and_an_empty_name_is_no_file(run, said, tmp_path):
    old = ("replay", run.path, "--target", "python/my_models:old")
    (tmp_path / "a file").touch()
    code, out, err = said(*old, "--junit", tmp_path / "a file" / "bugs.xml")
    assert code == 2 and "persists" in out and "cannot write" in err
    code, out, _ = said(*old, "--summary", "", "--junit", "", "--csv", tmp_path / "new" / "bugs.csv")
    assert code == 1 and "persists" in out and (tmp_path / "new" / "bugs.csv").is_file()


def test_a_run_that_can_only_be_read_is_reported(run, said, tmp_path, monkeypatch):
    def refused(store, name, text):
        raise StoreError(f"cannot write {str(store.path / name)!r}: Permission denied")

    monkeypatch.setattr(Store, "write_text", refused)
    code, out, err = said("report", run.path, "--html", tmp_path / "page.html", "--junit", tmp_path / "bugs.xml")
    assert code == 0 and "on snow" in out and "Permission denied" in err
    assert "on snow" in (tmp_path / "page.html").read_text() and (tmp_path / "bugs.xml").is_file()


def test_a_hunts_own_bugs_as_junit_and_csv(run, said, tmp_path):
    code, _, _ = said(
        "report", run.path, "--junit", tmp_path / "a.xml", "--csv", tmp_path / "a.csv", "--html", tmp_path / "a.html"
    )
    assert code == 0
    assert len(ElementTree.parse(tmp_path / "a.xml").getroot().findall(".//testcase")) >= len(run.bugs)
    assert (tmp_path / "a.csv").read_text().count("\n") == 1 + len(run.bugs)
    assert (tmp_path / "a.html").read_text() == (run.path / "report.html").read_text()


def test_a_data_set_of_what_failed(run, said, tmp_path):
    code, out, _ = said("dataset", run.path, "--out", tmp_path / "set", "--split", "0.25", "--license", "mit")
    files = sorted(p.relative_to(tmp_path / "set").as_posix() for p in (tmp_path / "set").rglob("*.png"))
    assert code == 0 and out.startswith(f"{len(files)} pictures") and files
    assert all(name.startswith(("train/mug/", "test/mug/")) for name in files)
    assert "license: mit" in (tmp_path / "set" / "README.md").read_text()
    code, _, err = said("dataset", run.path, "--out", tmp_path / "set")
    assert code == 2 and "set" in err, "what is there is not written over"
    code, out, _ = said("dataset", run.path, "--out", tmp_path / "all", "--all", "--json")
    assert code == 0 and json.loads(out)["counts"]["success"] > 0
    code, _, err = said("dataset", run.path, "--out", tmp_path / "x", "--format", "parkett")
    assert code == 2 and "Did you mean 'parquet'" in err
