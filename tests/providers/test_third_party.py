"""A package of somebody else adds a provider: installed by pip, found by its entry point, good for a hunt."""

import importlib.metadata
import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from bugscope import testing
from bugscope.core import errors, registry
from bugscope.core.registry import GROUP

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parent.parent.parent
DOTS = ROOT / "examples" / "bugscope-dots"
PAGE = ROOT / "docs" / "adding-a-provider.md"
BUGSCOPE = ("-c", "from bugscope.app.cli import main; main()")
BLOCK = re.compile(r"^```(?:python|toml)\n# (\S+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def run(*command, path, cwd):
    """Its stdout; what it says where it fails. `path` is where it looks for packages first."""
    environment = os.environ | {"PYTHONPATH": str(path), "PYTHONDONTWRITEBYTECODE": "1", "COLUMNS": "200"}
    done = subprocess.run([sys.executable, *command], cwd=cwd, env=environment, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def install(package, target):
    """With pip, from a copy, since a build leaves files in its folder; offline where a setuptools is there to build it."""
    copy = shutil.copytree(
        package, target.parent / f"{package.name}-source", ignore=shutil.ignore_patterns("build", "*.egg-info")
    )
    own = importlib.util.find_spec("setuptools") and int(importlib.metadata.version("setuptools").split(".")[0]) >= 77
    options = ["--quiet", "--no-deps", "--disable-pip-version-check", *(["--no-index", "--no-build-isolation"] if own else [])]
    run("-m", "pip", "install", *options, "--target", str(target), str(copy), path="", cwd=target.parent)
    return target


@pytest.fixture(scope="module")
def dots(tmp_path_factory):
    return install(DOTS, tmp_path_factory.mktemp("dots") / "site")


def test_it_is_listed_as_soon_as_it_is_installed(dots, tmp_path):
    listed = json.loads(run(*BUGSCOPE, "models", "--json", path=dots, cwd=tmp_path))
    found = {row["role"]: row for row in listed if row["provider"] == "dots"}
    assert sorted(found) == ["captioner", "generator", "judge", "target"]
    assert found["judge"]["summary"] == "Knows what was drawn." and not found["judge"]["missing"]
    assert "dots" in run(*BUGSCOPE, "models", path=dots, cwd=tmp_path)
    without = json.loads(run(*BUGSCOPE, "models", "--json", path="", cwd=tmp_path))
    assert "dots" not in {row["provider"] for row in without}


def test_a_hunt_with_it_finds_its_bug(dots, tmp_path):
    roles = [word for role in ("generator", "target", "captioner", "judge") for word in (f"--{role}", "dots")]
    command = [*BUGSCOPE, "hunt", *roles, "--budget", "200", "--explain-budget", "0", "--out", "run", "--json"]
    report = json.loads(run(*command, path=dots, cwd=tmp_path))
    assert {(bug["label"], bug["description"]) for bug in report["bugs"]} == {("circle", "red"), ("triangle", "red")}
    assert all(bug["rate"] == 1 and [p["label"] for p in bug["predicted"]] == ["square"] for bug in report["bugs"])
    assert report["target"] == report["judge"] == "dots/1"


CHECKS = """
from bugscope.core import registry
from bugscope.testing import check_captioner, check_classifier, check_generator, check_judge, check_pickle

generator, target, captioner, judge = (
    registry.load(role, "dots") for role in ("Generator", "Classifier", "Captioner", "Judge")
)
prompts = ["a photo of a red circle", "a photo of a square", "ein Foto einer Straße 雪", "a photo of a red circle"]
check_generator(generator, prompts)
shown = generator(prompts, [1, 2, 3, 2**31 - 1])
check_classifier(target)
check_classifier(target, [picture.content for picture in shown])
check_captioner(captioner)
check_judge(judge, shown, ["circle", "circle", "circle", "square"])
assert judge(shown[:2], ["circle", "circle"]).tolist() == [1, 0]
for model in (generator, target, captioner, judge):
    check_pickle(model)
try:
    registry.load("Classifier", "dots/many")
except registry.SpecError as error:
    print(error)
"""


def test_its_models_fit_their_roles(dots, tmp_path):
    assert run("-c", CHECKS, path=dots, cwd=tmp_path).strip() == "dots/many should read dots: there is one model"


def test_the_example_is_short_and_its_page_is_true():
    code = [line for line in (DOTS / "bugscope_dots.py").read_text().splitlines() if line.strip()]
    assert len(code) < 60
    command = next(line for line in (DOTS / "README.md").read_text().splitlines() if line.startswith("bugscope hunt"))
    for role in ("generator", "target", "captioner", "judge"):
        assert f"--{role} dots" in command


# --- docs/adding-a-provider.md ------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    """The blocks of the page by their file names, written into one folder."""
    text = PAGE.read_text(encoding="utf-8")
    blocks = dict(BLOCK.findall(text))
    assert len(blocks) == len(re.findall(r"^```\w+$", text, re.MULTILINE)), "a block that no test runs"
    folder = tmp_path_factory.mktemp("page") / "bugscope-tones"
    folder.mkdir()
    for name, code in blocks.items():
        (folder / name).write_text(code, encoding="utf-8")
    return folder


def test_the_package_on_the_page_can_be_installed_and_passes_its_own_tests(page):
    assert len((page / "tones.py").read_text().splitlines()) < 40
    site = install(page, page.parent / "site")
    assert (site / "tones.py").exists() and not (site / "counted.py").exists()
    said = run(
        "-m", "pytest", "-q", "-W", "error", "-p", "no:cacheprovider", "test_tones.py", "test_counted.py", path=site, cwd=page
    )
    assert "5 passed" in said


def test_the_entry_point_group_on_the_page_is_the_one_that_is_read(page):
    for file in (page / "pyproject.toml", DOTS / "pyproject.toml"):
        assert list(tomllib.loads(file.read_text())["project"]["entry-points"]) == [GROUP]


def test_every_role_error_and_check_is_on_the_page():
    text = PAGE.read_text(encoding="utf-8")
    raised = {"SpecError", "ModelError", "Transient", "Declined"}
    assert raised < set(vars(errors))
    checks = {name for name in vars(testing) if name.startswith("check_")}
    for name in {*registry.kinds(), *raised, *checks}:
        assert re.search(rf"\b{name}\b", text), name
