"""No key of a server is in a run's folder, on the screen or in an error, whatever a user mistakes and a server echoes."""

import json
import subprocess
import sys

import pytest
import yaml

import bugscope
from bugscope.core.errors import BugscopeError, SpecError
from bugscope.testing import World
from support.fake_server import KEY, VARIABLE, running
from support.picture_servers import Own

OPTIONS = {"budget": 40, "explore": 6, "explain_budget": 0, "seed": 1}
MISTAKEN = "sk-live-0a1B2c3D4e5F6g7H8i9J"


@pytest.fixture(scope="module")
def up():
    with running() as server:
        yield server


@pytest.fixture
def own(up):
    return Own(up)


def roles():
    return World(labels=("mug", "pot"), planted={"snow": 0.95}, prior=0.05).roles()


def files(folder):
    return [path for path in folder.rglob("*") if path.is_file()]


@pytest.fixture(scope="module")
def earlier(tmp_path_factory):
    return bugscope.hunt("mug", tmp_path_factory.mktemp("runs") / "run", **OPTIONS, **roles()).path


@pytest.mark.parametrize(
    ("spec", "options"),
    [
        ("http/{}", {"key_variable": MISTAKEN}),
        ("http/{}", {"key_as": MISTAKEN}),
        ("http/me:" + MISTAKEN + "@{}", {}),
        ("http/https://me:" + MISTAKEN + "@{}", {}),
        ("http/{}?key=" + MISTAKEN, {}),
        ("openai/small", {"base_url": "http://{}/v1", "key_variable": MISTAKEN}),
        ("openai/small", {"base_url": "http://{}/v1?api_key=" + MISTAKEN}),
        ("openai/small", {"base_url": "http://" + MISTAKEN + "@{}/v1"}),
    ],
)
def test_a_key_by_mistake_is_refused_before_anything_is_written(tmp_path, own, earlier, spec, options):
    spec, options = spec.format(own.address), {k: v.format(own.address) for k, v in options.items()}
    given = {**OPTIONS, **roles(), "captioner": spec, "captioner_args": options}
    with pytest.raises(SpecError) as error:
        bugscope.hunt("mug", tmp_path / "run", **given)
    assert MISTAKEN not in str(error.value) and "\n" not in str(error.value)
    assert not files(tmp_path) and not (tmp_path / "run").exists() and not own.server.seen
    # a folder that holds a run already keeps nothing of it either
    with pytest.raises(BugscopeError):
        bugscope.hunt("mug", earlier, **given)
    assert not any(MISTAKEN.encode() in path.read_bytes() for path in files(earlier))


def test_the_command_line_says_so_in_one_line_and_does_not_repeat_it(tmp_path, own):
    (tmp_path / "options.yaml").write_text(
        yaml.safe_dump({"captioner": f"http/{own.address}", "captioner_args": {"key_variable": MISTAKEN}})
    )
    arguments = ["hunt", "mug", "--config", "options.yaml", "--judge-arg", f"key_variable={MISTAKEN}", "--out", "run"]
    done = subprocess.run(
        [sys.executable, "-m", "bugscope.app.cli", *arguments], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 2 and "Traceback" not in done.stderr
    assert "key_variable should be the name of the environment variable" in " ".join(done.stderr.split())
    assert MISTAKEN not in done.stdout + done.stderr
    assert [path.name for path in files(tmp_path)] == ["options.yaml"]


@pytest.mark.parametrize("echo", [KEY, f"Bearer {KEY}", KEY[:8] + "***" + KEY[-6:]])
def test_a_key_that_a_server_echoes_is_in_no_file_and_no_message(tmp_path, own, echo, capsys):
    """In captions, in errors that are waited for, and in the one that ends the run."""
    shown, asked = [], []

    def answer(method, path, query, body):
        if path != "/caption":
            return 200, {"id": "net-1"}
        asked.append(path)
        if len(asked) > 4:
            return 403, {"error": {"message": f"the key {echo} is no longer valid"}}
        return 200, {"captions": [f"a mug on snow, {KEY} in the air" for _ in body["images"]], echo: echo}

    own.right = answer
    given = {**OPTIONS, **roles(), "captioner": f"http/{own.address}", "captioner_args": {"key_variable": VARIABLE}}
    with pytest.raises(BugscopeError, match="refused the key in BUGSCOPE_TEST_KEY") as error:
        bugscope.hunt("mug", tmp_path / "run", progress=lambda now: shown.append(repr(now)), batch_size=2, **given)
    run = bugscope.load(tmp_path / "run")
    out = capsys.readouterr()
    texts = [str(error.value), json.dumps(run.report), out.out, out.err, *shown]
    kept = [path.read_bytes() for path in files(tmp_path)]
    for part in (KEY, KEY[-6:]):
        assert not any(part in text for text in texts) and not any(part.encode() in data for data in kept)
    assert any(b"*** in the air" in data for data in kept) and VARIABLE in (tmp_path / "run" / "config.yaml").read_text()
