"""Known bugs as tests of somebody else's suite, run by pytest itself."""

import importlib.metadata
import shutil

import pytest

import bugscope
from bugscope.testing import World
from bugscope.workflows.replay import bugs_of
from support.runs import trying
from support.worlds import ABOVE, RED, SNOW

pytest_plugins = "pytester"
INSTALLED = any(e.value == "bugscope.testing.pytest_plugin" for e in importlib.metadata.entry_points(group="pytest11"))
PLUGIN = () if INSTALLED else ("-p", "bugscope.testing.pytest_plugin")
MODELS = """
from bugscope.testing import World

def _classify(**changes):
    made = World(labels=("mug", "pot"), **changes).roles()["target"]
    def predict(images):
        with open("asked.txt", "a") as file:
            file.write(f"{len(images)}\\n")
        return made(images)
    predict.labels = ["mug", "pot", "bowl"]
    return predict

same = _classify(planted={"snow": 0.95, "above": 0.9}, base=0.0)
mended = _classify(planted={}, base=0.0)
half = _classify(planted={"above": 0.9}, base=0.0)
broken = _classify(planted={}, base=0.6)
misnamed = _classify(planted={}, base=0.0)
misnamed.labels = ["pot", "mug", "bowl"]
"""
TESTS = """
import pytest

@pytest.mark.bugscope(run="run", target="python/my_models:{model}"{more})
def test_known_bug(bugscope_bug):
    bugscope_bug.check()

@pytest.mark.bugscope(run="run", target="python/my_models:{model}"{more})
def test_nothing_new(bugscope_suite):
    bugscope_suite.check()
"""


@pytest.fixture(scope="module")
def hunted(tmp_path_factory):
    world = World(labels=("mug", "pot"), planted={"snow": 0.95, "above": 0.9}, prior=0.05, base=0.0)
    with trying([SNOW], [ABOVE], [RED, SNOW]):
        return bugscope.hunt(
            ("mug", "pot"), tmp_path_factory.mktemp("runs") / "run", budget=400, explain_budget=0, **world.roles()
        ).path


@pytest.fixture
def project(pytester, hunted):
    shutil.copytree(hunted, pytester.path / "run")
    pytester.makepyfile(my_models=MODELS)
    pytester.makeini("[pytest]\naddopts = --strict-markers\nfilterwarnings = error\n")
    return pytester


def pytest_of(project, *arguments, model="", more="", text=TESTS):
    project.makepyfile(test_bugs=text.replace("{model}", model).replace("{more}", more))
    return project.runpytest_subprocess(*PLUGIN, "-p", "no:cacheprovider", *arguments)


def asked(project):
    """Pictures that the model was asked about."""
    file = project.path / "asked.txt"
    return sum(map(int, file.read_text().split())) if file.exists() else 0


def test_each_bug_is_a_test_that_fails_with_its_sentence(project, hunted):
    bugs = bugs_of(hunted)
    result = pytest_of(project, "-v", model="same")
    result.assert_outcomes(failed=len(bugs), passed=1)
    for bug in bugs:
        result.stdout.fnmatch_lines([f"*test_known_bug?{bug['id']}-{bug['sentence']}? FAILED*"])
        result.stdout.fnmatch_lines([f"{bug['sentence']} -> bowl: persists: * of * fail (95 % CI *"])
    result.stdout.no_fnmatch_line("*Traceback*")
    result.stdout.no_fnmatch_line("*def test_known_bug*")


@pytest.mark.slow
def test_a_test_is_about_one_cause_and_names_its_other_descriptions(project, hunted):
    bugs = [b for b in bugs_of(hunted) if b["also"]]
    text = """
    import pytest
    @pytest.mark.bugscope(run="run", target="python/my_models:same")
    def test_known_bug(bugscope_bug):
        if bugscope_bug.replayed.also:
            bugscope_bug.check()
    """
    result = pytest_of(project, text=text)
    result.assert_outcomes(failed=len(bugs), passed=len(bugs_of(hunted)) - len(bugs))
    assert bugs
    for bug in bugs:
        result.stdout.fnmatch_lines([f"{bug['sentence']} -> bowl: persists: *; also: * (persists: * of * fail (95 % CI *"])


@pytest.mark.slow
def test_the_model_is_asked_once_a_session(project):
    pytest_of(project, model="half")
    first = asked(project)
    (project.path / "asked.txt").unlink()
    pytest_of(project, model="half", text=TESTS.split("@")[0] + "@" + TESTS.split("@")[1])
    assert first == asked(project) > 100


@pytest.mark.slow
def test_a_mended_model_passes_where_undecided_is_allowed(project, hunted):
    result = pytest_of(project, "-rs", model="mended", more=", allow=['undecided']")
    outcomes = result.parseoutcomes()
    assert outcomes.get("failed", 0) == 0 and result.ret == 0
    assert outcomes["passed"] + outcomes.get("skipped", 0) == len(bugs_of(hunted)) + 1
    strict = pytest_of(project, model="mended").parseoutcomes()
    assert strict.get("failed", 0) == outcomes.get("skipped", 0)


def test_new_failures_fail_a_test_of_their_own(project):
    result = pytest_of(project, "-k", "new", model="broken")
    result.assert_outcomes(failed=1, deselected=len(bugs_of(project.path / "run")))
    result.stdout.fnmatch_lines(["new failures on plain “*”: * of * fail, * before; * only now (McNemar*"])
    pytest_of(project, "-k", "new", model="broken", more=", allow='new'").assert_outcomes(
        skipped=1, deselected=len(bugs_of(project.path / "run"))
    )


@pytest.mark.slow
def test_nothing_lets_plain_pictures_pass_that_fail_nearly_always(project):
    result = pytest_of(project, model="misnamed", more=", allow=['undecided', 'new']")
    result.assert_outcomes(failed=len(bugs_of(project.path / "run")) + 1)
    result.stdout.fnmatch_lines(["Plain pictures fail nearly always, over all 2 labels: *They are taken for one another*"])
    result.stdout.fnmatch_lines(["*plain *mug* fails nearly always, so no rise over the margin of 10 points is possible*"])


@pytest.mark.slow
def test_a_model_can_be_built_by_a_fixture(project):
    project.makeconftest(
        """
        import my_models
        import pytest

        @pytest.fixture(scope="session")
        def bugscope_target():
            return my_models.same
        """
    )
    text = """
    import pytest
    pytestmark = pytest.mark.bugscope(run="run")
    def test_known_bug(bugscope_bug):
        assert bugscope_bug.verdict == "persists" and bugscope_bug.replayed.n > 10
        assert str(bugscope_bug) == bugscope_bug.sentence
    def test_suite(bugscope_suite):
        assert len(bugscope_suite.replay.bugs) > 2
    """
    pytest_of(project, text=text).assert_outcomes(passed=len(bugs_of(project.path / "run")) + 1)


@pytest.mark.slow
def test_a_relative_run_is_found_wherever_pytest_is_started(project, monkeypatch):
    project.makepyfile(test_bugs=TESTS.replace("{model}", "same").replace("{more}", ""))
    deep = project.mkdir("deep")
    shutil.copy(project.path / "my_models.py", deep)
    monkeypatch.chdir(deep)
    result = project.runpytest_subprocess(*PLUGIN, "-p", "no:cacheprovider", "--rootdir", str(project.path), "..", "-k", "new")
    assert result.parseoutcomes()["passed"] == 1


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("def test_it(bugscope_bug): ...", ["*test_it needs the marker bugscope, such as @pytest.mark.bugscope(run=*"]),
        ("def test_it(bugscope_suite): ...", ["*test_it needs the marker bugscope, such as @pytest.mark.bugscope(run=*"]),
        ("@pytest.mark.bugscope('run')\ndef test_it(bugscope_bug): ...", ["*takes keyword arguments and needs run*"]),
        ("@pytest.mark.bugscope(run='runn')\ndef test_it(bugscope_bug): ...", ["*runn' holds no run*"]),
        (
            "@pytest.mark.bugscope(run='run', traget='x')\ndef test_it(bugscope_bug): ...",
            ["*unknown argument of the marker bugscope 'traget'. Did you mean 'target'*"],
        ),
        ("@pytest.mark.bugscope(run='run')\ndef test_it(bugscope_suite): ...", ["*names no target*"]),
        (
            "@pytest.mark.bugscope(run='run', target='python/my_models:same', target_args={'lables': 1})\n"
            "def test_it(bugscope_suite): ...",
            ["*'lables'*Did you mean 'labels'*"],
        ),
        (
            "@pytest.mark.bugscope(run='run', target='timn/x')\ndef test_it(bugscope_suite): ...",
            ["*unknown target provider 'timn'*"],
        ),
        (
            "@pytest.mark.bugscope(run='run', target='python/my_models:same', allow='all')\ndef test_it(bugscope_suite): ...",
            ["*unknown verdict to allow 'all'*"],
        ),
    ],
)
@pytest.mark.slow
def test_mistakes_are_answered_in_a_sentence(project, text, lines):
    result = pytest_of(project, text=f"import pytest\n{text}\n")
    assert result.parseoutcomes().get("errors", 0) == 1 and result.ret != 0
    result.stdout.fnmatch_lines(lines)
    result.stdout.no_fnmatch_line("*Traceback*")


@pytest.mark.slow
def test_workers_wait_for_each_other(project):
    pytest.importorskip("xdist")
    result = pytest_of(project, "-n", "2", model="same")
    result.assert_outcomes(failed=len(bugs_of(project.path / "run")), passed=1)


def test_other_peoples_tests_notice_nothing(pytester):
    pytester.makepyfile(
        test_theirs="""
        import sys
        def test_it():
            assert "bugscope.testing.pytest_plugin" in sys.modules
            heavy = {"numpy", "scipy", "PIL", "yaml", "pydantic", "jinja2", "bugscope.workflows.replay", "bugscope.core.errors"}
            assert not heavy & set(sys.modules)
        """
    )
    pytester.makeini("[pytest]\naddopts = --strict-markers\nfilterwarnings = error\n")
    pytester.runpytest_subprocess(*PLUGIN, "-p", "no:hypothesispytest", "-p", "no:cacheprovider").assert_outcomes(passed=1)
    markers = pytester.runpytest_subprocess(*PLUGIN, "--markers", "-p", "no:cacheprovider")
    markers.stdout.fnmatch_lines(["@pytest.mark.bugscope(run, target, target_args=None, *"])
