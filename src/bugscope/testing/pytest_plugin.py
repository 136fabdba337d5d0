"""Known bugs as tests of one's own pytest suite, one a bug (docs/replay.md).

@pytest.mark.bugscope(run="runs/v1", target="onnx/model.onnx")
def test_known_bug(bugscope_bug):
    bugscope_bug.check()

Loaded by every pytest on the machine, so it imports nothing but pytest until a test asks for a bug.
"""

import importlib
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NoReturn

import pytest

NAMES = ("run", "target", "target_args", "fresh", "stored", "out", "generator", "judge", "max_cost", "allow")
"""What the marker takes: the arguments of `bugscope.replay.replay`, and `allow` of `Replay.exit_code`."""
PATIENCE = 600.0
"""Seconds to wait for another worker (pytest-xdist) that replays the same run."""
SUITES = pytest.StashKey[dict[Any, Any]]()


class Suite:
    """A replay as tests see it. `replay`: the `bugscope.replay.Replay`, asked once a session."""

    def __init__(self, replay: Any, allow: tuple[str, ...]) -> None:
        self.replay, self.allow = replay, allow

    def check(self) -> None:
        """Fails where something fails now that did not, outside the known bugs (`allow=["new"]`: skips)."""
        __tracebackhide__ = True
        words: Any = importlib.import_module("bugscope.report.replay_words")
        if said := words.new_sentences(self.replay.report):
            (pytest.skip if "new" in self.allow else _fail)("\n".join(said))

    def bug(self, key: str) -> "Bug":
        found = next((b for b in self.replay.bugs if b.record["key"] == key), None)
        if found is None:
            _fail("bugscope: the run has changed since its bugs were collected")
        return Bug(found, self.allow)


class Bug:
    """One known bug under the new target. `replayed`: the `bugscope.replay.Replayed`, with every number."""

    def __init__(self, replayed: Any, allow: tuple[str, ...]) -> None:
        self.replayed, self.allow = replayed, allow
        self.verdict: str = replayed.verdict
        self.sentence: str = replayed.sentence

    def check(self) -> None:
        """Fails with the sentence unless the bug is fixed; skips where it is undecided and `allow=["undecided"]`."""
        __tracebackhide__ = True
        if self.verdict == "undecided" and "undecided" in self.allow:
            pytest.skip(self.sentence)
        if not self.replayed.passed:
            _fail(self.sentence)

    def __str__(self) -> str:
        return self.sentence


def _fail(message: str) -> NoReturn:
    __tracebackhide__ = True
    pytest.fail(message, pytrace=False)


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line(
        "markers",
        "bugscope(run, target, fresh=0, allow=()): the bugs of a Bugscope run, for the fixtures bugscope_bug "
        "(one test a bug) and bugscope_suite",
    )


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "bugscope_bug" not in metafunc.fixturenames:
        return
    errors: Any = importlib.import_module("bugscope.core.errors")
    suite: Any = importlib.import_module("bugscope.workflows.replay")
    try:
        stated = _stated(metafunc.definition)
        bugs = suite.bugs_of(_path(metafunc.config, stated["run"]))
    except errors.BugscopeError as error:
        raise pytest.Collector.CollectError(f"bugscope: {error}") from error
    names = [f"{b['id']}-{b['sentence']}" for b in bugs]
    metafunc.parametrize("bugscope_bug", [b["key"] for b in bugs], indirect=True, ids=names)


@pytest.fixture(scope="session")
def bugscope_target() -> Any:
    """The model under test, where the marker names none: override it to build your own (a callable with `labels`)."""
    return None


@pytest.fixture
def bugscope_suite(request: pytest.FixtureRequest) -> Suite:
    """The replay that the marker `bugscope` describes; asked once a session, whatever number of tests uses it."""
    errors: Any = importlib.import_module("bugscope.core.errors")
    try:
        stated = _stated(request.node)
    except errors.BugscopeError as error:
        _fail(f"bugscope: {error}")
    allow = stated.pop("allow", ())
    allow = (allow,) if isinstance(allow, str) else tuple(allow)
    stated["run"] = _path(request.config, stated["run"])
    if stated.get("out") is not None:
        stated["out"] = _path(request.config, stated["out"])
    if stated.get("target") is None:
        stated["target"] = request.getfixturevalue("bugscope_target")
    if stated["target"] is None:
        _fail("bugscope: the marker names no target; state one, or override the fixture bugscope_target")
    known = request.config.stash.setdefault(SUITES, {})
    # a model is told apart by what it is, everything else by what it says
    key = tuple((k, v if isinstance(v, str) or not callable(v) else id(v)) for k, v in sorted(stated.items()))
    if repr(key) not in known:
        known[repr(key)] = (_replay(stated, allow), stated)
    return Suite(known[repr(key)][0], allow)


@pytest.fixture
def bugscope_bug(request: pytest.FixtureRequest, bugscope_suite: Suite) -> Bug:
    """One bug of the run; a test that takes it runs once a bug."""
    return bugscope_suite.bug(request.param)


def _replay(stated: Mapping[str, Any], allow: tuple[str, ...]) -> Any:
    errors: Any = importlib.import_module("bugscope.core.errors")
    module: Any = importlib.import_module("bugscope.workflows.replay")
    give_up = time.monotonic() + PATIENCE
    while True:
        try:
            found = module.replay(stated["run"], **{k: v for k, v in stated.items() if k != "run"})
            found.exit_code(allow)  # a word that means nothing is said at once
        except errors.StoreError as error:
            if "in use by another process" not in str(error) or time.monotonic() > give_up:
                _fail(f"bugscope: {error}")
            time.sleep(0.2)
        except errors.BugscopeError as error:
            _fail(f"bugscope: {error}")
        else:
            return found


def _stated(node: Any) -> dict[str, Any]:
    """What the nearest marker says. Raises SpecError."""
    errors: Any = importlib.import_module("bugscope.core.errors")
    marker = node.get_closest_marker("bugscope")
    example = 'such as @pytest.mark.bugscope(run="runs/v1", target="onnx/model.onnx")'
    if marker is None:
        raise errors.SpecError(f"{node.name} needs the marker bugscope, {example}")
    if marker.args or "run" not in marker.kwargs:
        raise errors.SpecError(f"the marker of {node.name} takes names and needs run, {example}")
    for name in marker.kwargs:
        if name not in NAMES:
            raise errors.unknown("argument of the marker bugscope", name, NAMES)
    return dict(marker.kwargs)


def _path(config: pytest.Config, path: Any) -> Any:
    """A relative path is meant from pytest's root folder, wherever pytest was started; a `Run` is taken as it is."""
    return config.rootpath / path if isinstance(path, str | Path) else path
