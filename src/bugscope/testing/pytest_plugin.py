"""Known bugs as tests of your own pytest suite, one test per bug (docs/replay.md).

@pytest.mark.bugscope(run="runs/v1", target="onnx/model.onnx")
def test_known_bug(bugscope_bug):
    bugscope_bug.check()

Every pytest on the machine loads this file, so it imports nothing but pytest until a test asks for a bug.
"""

import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import pytest

if TYPE_CHECKING:
    from ..workflows.replay import Replay, Replayed

NAMES = ("run", "target", "target_args", "fresh", "stored", "out", "generator", "judge", "max_cost", "allow")
"""What the marker takes: the arguments of `bugscope.replay`, and `allow` of `Replay.exit_code`."""
PATIENCE = 600.0
"""Seconds to wait for another worker (pytest-xdist) that replays the same run."""
SUITES = pytest.StashKey[dict[str, Any]]()


class Suite:
    """A replay as tests see it. `replay`: the `bugscope.workflows.replay.Replay`, made once per session."""

    def __init__(self, replay: "Replay", allow: tuple[str, ...]) -> None:
        self.replay, self.allow = replay, allow

    def check(self) -> None:
        """Fails if there are new failures outside the known bugs; skips instead with `allow=["new"]`, unless plain pictures
        fail nearly always now."""
        __tracebackhide__ = True
        from ..report.replay_words import broken, new_sentences

        bad = broken(self.replay.report)
        if said := [*bad, *new_sentences(self.replay.report)]:
            (pytest.skip if "new" in self.allow and not bad else _fail)("\n".join(said))

    def bug(self, key: str) -> "Bug":
        found = next((b for b in self.replay.bugs if b.record["key"] == key), None)
        if found is None:
            _fail("bugscope: the run has changed since its bugs were collected")
        return Bug(found, self.allow)


class Bug:
    """One known bug under the new target. `replayed`: the `bugscope.workflows.replay.Replayed`, with every number."""

    def __init__(self, replayed: "Replayed", allow: tuple[str, ...]) -> None:
        self.replayed, self.allow = replayed, allow
        self.verdict = replayed.verdict
        self.sentence = replayed.sentence

    def check(self) -> None:
        """Fails with the sentence unless the bug is fixed; skips if it is undecided and `allow=["undecided"]`, unless that is
        because plain pictures fail nearly always."""
        __tracebackhide__ = True
        from ..report.replay_words import let_pass

        if let_pass(self.replayed.record, self.allow):
            pytest.skip(str(self.replayed))
        if not self.replayed.passed:
            _fail(self.sentence)

    def __str__(self) -> str:
        return self.sentence


def _fail(message: str) -> NoReturn:
    from ..report.plain import for_terminal

    __tracebackhide__ = True
    pytest.fail(for_terminal(message), pytrace=False)


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line(
        "markers",
        "bugscope(run, target, target_args=None, fresh=0, allow=()): the bugs of a Bugscope run, for the fixtures "
        "bugscope_bug (one test per bug) and bugscope_suite",
    )


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "bugscope_bug" not in metafunc.fixturenames:
        return
    from ..core.errors import BugscopeError
    from ..report.plain import for_terminal
    from ..workflows.replay import bugs_of

    try:
        stated = _stated(metafunc.definition)
        bugs = bugs_of(_path(metafunc.config, stated["run"]))
    except BugscopeError as error:
        raise pytest.Collector.CollectError(for_terminal(f"bugscope: {error}")) from error
    names = [for_terminal(f"{b['id']}-{b['sentence']}") for b in bugs]
    metafunc.parametrize("bugscope_bug", [b["key"] for b in bugs], indirect=True, ids=names)


@pytest.fixture(scope="session")
def bugscope_target() -> Any:
    """The model under test if the marker names none. Override it to build your own: a callable with `labels`."""
    return None


@pytest.fixture
def bugscope_suite(request: pytest.FixtureRequest) -> Suite:
    """The replay that the marker `bugscope` describes, made once per session however many tests use it."""
    from ..core.errors import BugscopeError

    try:
        stated = _stated(request.node)
    except BugscopeError as error:
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
    # a model is told apart by which object it is, everything else by what it says
    key = repr(tuple((k, v if isinstance(v, str) or not callable(v) else id(v)) for k, v in sorted(stated.items())))
    if key not in known:
        known[key] = (_replay(stated, allow), stated)
    return Suite(known[key][0], allow)


@pytest.fixture
def bugscope_bug(request: pytest.FixtureRequest, bugscope_suite: Suite) -> Bug:
    """One bug of the run; a test that takes it runs once per bug."""
    return bugscope_suite.bug(request.param)


def _replay(stated: Mapping[str, Any], allow: tuple[str, ...]) -> "Replay":
    from ..core.errors import BugscopeError, StoreError
    from ..workflows.replay import replay

    give_up = time.monotonic() + PATIENCE
    while True:
        try:
            found = replay(stated["run"], **{k: v for k, v in stated.items() if k != "run"})
            found.exit_code(allow)  # an unknown word is reported at once
        except StoreError as error:
            if "in use by another process" not in str(error) or time.monotonic() > give_up:
                _fail(f"bugscope: {error}")
            time.sleep(0.2)
        except BugscopeError as error:
            _fail(f"bugscope: {error}")
        else:
            return found


def _stated(node: Any) -> dict[str, Any]:
    """What the nearest marker says. Raises SpecError."""
    from ..core.errors import SpecError, unknown

    marker = node.get_closest_marker("bugscope")
    example = 'such as @pytest.mark.bugscope(run="runs/v1", target="onnx/model.onnx")'
    if marker is None:
        raise SpecError(f"{node.name} needs the marker bugscope, {example}")
    if marker.args or "run" not in marker.kwargs:
        raise SpecError(f"the marker of {node.name} takes keyword arguments and needs run, {example}")
    for name in marker.kwargs:
        if name not in NAMES:
            raise unknown("argument of the marker bugscope", name, NAMES)
    return dict(marker.kwargs)


def _path(config: pytest.Config, path: Any) -> Any:
    """A relative path starts at pytest's root folder, wherever pytest was started; a `Run` is taken as it is."""
    return config.rootpath / path if isinstance(path, str | Path) else path
