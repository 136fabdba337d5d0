"""A task and a medium of somebody else, each one file found by its entry point: hunts, reports and replays as with ours."""

import base64
import io
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import bugscope
from bugscope.core import registry
from bugscope.core.errors import BugscopeError, ModelError, SpecError
from bugscope.core.records import Box, Specimen, Truth
from bugscope.testing import World, check_medium, check_task

SEAMS = Path(__file__).parent / "seams"


@pytest.fixture
def installed(tmp_path, monkeypatch):
    """Installs files of `seams` as packages with an entry point each."""

    def install(**entries):
        site = tmp_path / "site"
        for file in SEAMS.glob("*.py"):
            site.mkdir(exist_ok=True)
            shutil.copy(file, site)
        info = site / "seams-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text("Metadata-Version: 2.1\nName: seams\nVersion: 1.0\n")
        (info / "entry_points.txt").write_text("".join(f"[bugscope.{group}]\n{line}\n" for group, line in entries.items()))
        monkeypatch.syspath_prepend(str(site))
        return site

    yield install
    for name in ("counting", "framing", "waveform", "tones"):
        sys.modules.pop(name, None)


class Counter:
    """Sees two objects in most pictures on snow."""

    id = "world/counter"

    def __init__(self, world):
        self.world = world

    def __call__(self, images):
        scores = self.world.classify(images)
        return [2 if row.argmax() == len(self.world.labels) else 1 for row in scores]


def test_a_task_in_one_file(installed, tmp_path):
    installed(tasks="counting = counting:Counting")
    world = World(labels=("mug", "pot"), planted={"snow": 0.95})
    roles = world.roles() | {"target": Counter(world)}
    options = {"task": "counting", "budget": 300, "explain_budget": 200, "seed": 1}
    run = bugscope.hunt(["mug", "pot"], tmp_path / "run", **options, **roles)
    assert run.report["task"] == "counting" and {"on snow"} <= {b.description for b in run.bugs}
    assert {b.predicted for b in run.bugs} == {"2 of them"}
    assert any("on snow" in line for b in run.bugs for line in b.why)
    page = (run.path / "report.html").read_text()
    assert "2 of them 2<" in page  # a count is no share
    assert "clearly shows its label and in which the target does not count one thing." in page and "first answer" not in page
    # what the task draws is on the picture of a failure, and on none that was counted rightly
    bug = run.report["bugs"][0]
    assert all(x["marks"][0]["text"] == "2" for x in bug["examples"]) and not any("marks" in x for x in bug["successes"])
    wrong, right = shown(page, "predicted 2 of them"), shown(page, "recognised")
    assert reddish(wrong) > reddish(right) + 10
    # the same questions cost nothing, another task is another run
    calls = world.calls
    assert bugscope.hunt(["mug", "pot"], tmp_path / "run", **options, **roles).report["bugs"] == run.report["bugs"]
    assert world.calls == calls
    with pytest.raises(BugscopeError, match="holds another run"):
        bugscope.hunt(["mug", "pot"], tmp_path / "run", **options, task_args={"slack": 1}, **roles)
    fixed = Counter(World(labels=("mug", "pot"), planted={}, base=0.0))
    fixed.id = "world/fixed"
    assert {b.verdict for b in bugscope.replay(run, fixed).bugs} <= {"fixed", "undecided"}


def reddish(pixels):
    """How many pixels have the colour of a target's mark, or nearly."""
    red, green, blue = pixels[..., 0], pixels[..., 1], pixels[..., 2]
    return int(((red > green + 40) & (red > blue + 40)).sum())


def shown(page, caption):
    """The first thumbnail of a page whose text alternative ends so, as numbers."""
    url = next(url for url, alt in re.findall(r'<img src="data:[^,]+,([^"]+)" alt="([^"]+)"', page) if alt.endswith(caption))
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(url))).convert("RGB")).astype(int)


class Stating:
    """Draws what the world draws, and says where it is."""

    id, labels, exact = "world/stating", (), True

    def __init__(self, world, parts=("boxes", "regions")):
        self.world, self.parts = world, parts

    def __call__(self, prompts, seeds):
        regions = np.zeros((8, 8), np.uint8)
        regions[:4] = 1
        stated = {"boxes": (Box("mug", 0, 0, 1, np.float32(0.5)),), "regions": regions}
        truth = Truth("mug", **{part: stated[part] for part in self.parts})
        return [Specimen(made.content, truth, made.info) for made in self.world.generator(prompts, seeds)]


class Measurer:
    """Measures half a picture, and next to nothing on snow."""

    def __init__(self, id, world):
        self.id, self.world = id, world

    def __call__(self, images):
        return [0.5 if row.argmax() < len(self.world.labels) else 0.01 for row in self.world.classify(images)]


def test_what_a_generator_states_reaches_the_task_in_hunt_replay_and_transfer(installed, tmp_path):
    installed(tasks="framing = framing:Framing")
    world, mended = World(labels=("mug",), planted={"snow": 0.95}), World(labels=("mug",), planted={}, base=0.0)
    roles = world.roles() | {"generator": Stating(world), "target": Measurer("world/measurer", world)}
    run = bugscope.hunt(["mug"], tmp_path / "run", task="framing", budget=300, explain_budget=0, seed=1, **roles)
    assert "on snow" in {b.description for b in run.bugs}
    assert {b.predicted for b in run.bugs} == {"too small"}
    again = bugscope.replay(run, Measurer("world/twin", world), fresh=24, generator=Stating(world), judge=roles["judge"])
    assert {b.verdict for b in again.bugs} == {"persists"}
    better = bugscope.replay(run, Measurer("world/mended", mended), fresh=24, generator=Stating(world), judge=roles["judge"])
    assert {b.verdict for b in better.bugs} == {"fixed"}
    table = bugscope.transfer(run, [Measurer("world/twin", world), Measurer("world/mended", mended)])
    bugs = [str(b["id"]) for b in run.report["bugs"]]
    assert all(table.cell("world/twin", b).rate.k > table.cell("world/mended", b).rate.k for b in bugs)


@pytest.mark.parametrize("part", ["boxes", "regions"])
def test_a_generator_that_never_states_what_the_task_needs_is_named_at_once(installed, tmp_path, part):
    installed(tasks="framing = framing:Framing")
    world = World(labels=("mug",))
    others = [p for p in ("boxes", "regions") if p != part]
    roles = world.roles() | {"generator": Stating(world, others), "target": Measurer("world/measurer", world)}
    with pytest.raises(ModelError, match=f"task framing needs the {part} .* generator world/stating stated none for"):
        bugscope.hunt(["mug"], tmp_path / "run", task="framing", budget=120, explain_budget=0, **roles)
    assert world.calls < 120  # at the first batch, not when the budget is gone


@pytest.mark.parametrize(
    ("truth", "message"),
    [
        ({"boxes": (("mug", 0, 0, 1, "wide"),)}, "gave a truth that cannot be kept: .*wide"),
        ({"boxes": (Box("mug", 0, 0, 1, float("nan")),)}, "gave a box that is not finite"),
        ({"regions": np.ones((8, 8))}, "gave regions of type float64; expected an array of integers"),
    ],
)
def test_a_truth_that_cannot_be_is_an_error(installed, tmp_path, truth, message):
    world = World(labels=("mug",))
    generator = Stating(world, ())
    generator.__class__ = type("Wrong", (Stating,), {"__call__": lambda self, prompts, seeds: [
        Specimen(made.content, Truth("mug", **truth), made.info) for made in world.generator(prompts, seeds)
    ]})  # fmt: skip
    with pytest.raises(ModelError, match=message):
        bugscope.hunt(["mug"], tmp_path / "run", budget=120, explain_budget=0, **world.roles() | {"generator": generator})


BROKEN = """
from counting import Counting

class Short(Counting):
    def ask(self, target, items, truths):
        return super().ask(target, items, truths)[1:]

class Heavy(Counting):
    def ask(self, target, items, truths):
        return [object() for _ in items]

class Bare(Counting):
    def read(self, answer, truth):
        return answer > 1

class Lost(Counting):
    def read(self, answer, truth):
        return answer["count"]

class Mute:
    id, role, needs = "mute", "Counter", frozenset()

nothing = None
"""


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("Short", r"task counting made \d+ answers of the target world/counter for \d+ inputs"),
        ("Heavy", "task counting made an answer of the target world/counter that JSON cannot hold"),
        ("Bare", r"task counting read \d as (True|False); expected a Reading"),
        ("Lost", r"task counting cannot read the answer \d: TypeError"),
        ("nothing", "task 'broken' is None; expected a class that fits bugscope.tasks.Task"),
        ("Mute", "task 'broken' has no failure"),
        ("absent", "task 'broken'.*absent"),
    ],
)
def test_a_task_that_breaks_its_contract_is_named_and_stops_no_other(installed, tmp_path, name, message):
    site = installed(tasks=f"broken = broken:{name}\ncounting = counting:Counting")
    (site / "broken.py").write_text(BROKEN)
    world = World(labels=("mug", "pot"))
    roles = world.roles() | {"target": Counter(world)}
    try:
        with pytest.raises(BugscopeError, match=message):
            bugscope.hunt(["mug"], tmp_path / "run", task="broken", budget=60, explain_budget=0, **roles)
        done = bugscope.hunt(["mug"], tmp_path / "other", task="counting", budget=60, explain_budget=0, **roles)
        assert done.report["finished"]
        assert any(not check.ok for check in bugscope.doctor({"task": "broken", **roles, "target": "python/x:y"}))
    finally:
        sys.modules.pop("broken", None)


def test_options_of_a_task(installed, tmp_path):
    installed(tasks="counting = counting:Counting")
    world = World()
    roles = world.roles() | {"target": Counter(world)}
    with pytest.raises(SpecError, match="argument of task 'counting' 'slak'.*Did you mean 'slack'"):
        bugscope.hunt(["mug"], tmp_path / "run", task="counting", task_args={"slak": 1}, **roles)
    with pytest.raises(SpecError, match="unknown task 'countin'. Did you mean 'counting'"):
        bugscope.hunt(["mug"], tmp_path / "run", task="countin", **roles)
    slack = bugscope.hunt(
        ["mug"], tmp_path / "run", task="counting", task_args={"slack": 1}, budget=120, explain_budget=0, **roles
    )
    assert slack.bugs == [] and slack.report["task"] == "counting?slack=1"


def test_a_function_by_its_name_plays_the_role_of_any_task(installed, tmp_path, monkeypatch):
    site = installed(tasks="counting = counting:Counting")
    (site / "my_counter.py").write_text("def count(images):\n    return [1] * len(images)\n")
    roles = {role: model for role, model in World().roles().items() if role != "target"}
    run = bugscope.hunt(
        ["mug"], tmp_path / "run", task="counting", target="python/my_counter:count", budget=120, explain_budget=0, **roles
    )
    assert run.report["target"] == "python/my_counter:count" and run.bugs == []
    with pytest.raises(SpecError, match="provider 'studio' has no target"):
        bugscope.hunt(["mug"], tmp_path / "other", task="counting", target="studio", **roles)


def test_the_command_line_takes_a_task(installed, tmp_path):
    site = installed(tasks="counting = counting:Counting")
    command = [sys.executable, "-m", "bugscope.app.cli", "hunt", "mug", "--task", "countin"]
    done = subprocess.run(command, cwd=tmp_path, env={"PYTHONPATH": f"{site}"}, capture_output=True, text=True)
    assert done.returncode == 2 and "Did you mean 'counting'" in done.stderr


@pytest.fixture
def tones(installed):
    installed(media="waveform = waveform")
    import tones  # noqa: PLC0415 - installed just now

    return tones


def sounds(tones, **changes):
    roles = {"generator": tones.Generator(), "target": tones.Target(), "captioner": tones.Captioner(), "judge": tones.Judge()}
    return roles | changes


def test_a_medium_in_one_file(tones, tmp_path):
    run = bugscope.hunt(["sine", "square"], tmp_path / "run", budget=300, explain_budget=260, seed=2, **sounds(tones))
    found = {b.sentence for b in run.bugs}
    assert {"a sine with noise", "a square with noise"} & found and run.report["medium"] == "waveform"
    assert all("with noise" in sentence for sentence in found)
    assert run.report["bugs"][0]["prompt"].startswith("a recording of a s")
    assert {b.predicted for b in run.bugs} == {"bell"}
    # swaps come from the medium's own table, the context is said in its words
    changes = {c["sentence"] for b in run.report["bugs"] for c in b["counterfactuals"]}
    assert changes & {"a sine with an echo", "a square with an echo"}
    files = run.samples().image.dropna()
    assert files.str.match(r"files/../[0-9a-f]{64}\.npy").all()
    assert np.load(run.path / files.iloc[0]).shape == (1000,)
    page = (run.path / "report.html").read_text()
    shown = re.findall(r"data:image/png;base64,([^\"]+)", page)
    assert shown and Image.open(io.BytesIO(base64.b64decode(shown[0]))).format == "PNG"


def test_sounds_are_resumed_replayed_transferred_and_exported(tones, tmp_path):
    options = {"budget": 260, "explain_budget": 0, "seed": 2}
    run = bugscope.hunt(["sine"], tmp_path / "run", **options, **sounds(tones))
    assert run.bugs
    again = bugscope.hunt(["sine"], tmp_path / "run", **options, **sounds(tones))
    assert again.report["bugs"] == run.report["bugs"]
    fixed = tones.Target("tones/fixed", planted=())
    replay = bugscope.replay(run, fixed, fresh=24, generator=tones.Generator(), judge=tones.Judge())
    assert {b.verdict for b in replay.bugs} == {"fixed"} and replay.exit_code() == 0
    assert "data:image/png" in replay.page()
    assert bugscope.transfer(run, [tones.Target("tones/twin")]).cell("tones/twin", "1").rate.k > 0
    with pytest.raises(SpecError, match="a data set of waveforms cannot be written"):
        bugscope.dataset(run, tmp_path / "data")


def test_the_seams_conform(tones, installed):
    import counting  # noqa: PLC0415 - installed just now
    import waveform  # noqa: PLC0415

    check_medium(waveform, [waveform.sample() / 2])
    world = World(labels=("mug", "pot"))
    shown = [p.content for p in world.generator(["a photo of a mug", "a photo of a mug on snow"], [1, 2])]
    check_task(counting.Counting(), Counter(world), shown, [Truth("mug")] * 2)


def test_what_is_no_sound_is_named(tones, tmp_path):
    def pictures(prompts, seeds):
        return [Image.new("RGB", (8, 8)) for _ in prompts]

    pictures.id, pictures.medium = "mine/generator", "waveform"
    with pytest.raises(BugscopeError, match="generator mine/generator gave a Image; expected an array"):
        bugscope.hunt(["sine"], tmp_path / "run", budget=120, explain_budget=0, **sounds(tones, generator=pictures))
    pictures.medium = "waveforms"
    with pytest.raises(SpecError, match="unknown medium 'waveforms'. Did you mean 'waveform'"):
        bugscope.hunt(["sine"], tmp_path / "other", budget=120, explain_budget=0, **sounds(tones, generator=pictures))


def test_doctor_tries_the_models_of_another_medium(tones, installed):
    checks = bugscope.doctor({"generator": "tones", "target": "tones", "captioner": "tones", "judge": "tones"})
    # these models are no provider; what is said of each is one line
    assert all(not c.ok and "unknown" in c.detail for c in checks if c.name.startswith("load"))


def test_ours_are_found_the_same_way():
    assert "Classifier" in registry.kinds() and registry.role(registry.kinds()[0]) == "target"
    assert registry.medium("picture").suffix == ".png"
    assert json.dumps(registry.role("Classifier")) == '"target"'
