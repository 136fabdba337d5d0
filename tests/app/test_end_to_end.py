"""A whole hunt from the command line on real libraries: tiny networks of random weights, saved and named as real ones are."""

import json
import os
import subprocess
import sys
from collections import Counter

import pytest

import bugscope

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore:`torch.jit.*` is deprecated:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept a copy keyword:DeprecationWarning"),
]

LABELS = "mug,bus"


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    """Options of a hunt whose every model is a checkpoint on disk."""
    torch, timm = pytest.importorskip("torch"), pytest.importorskip("timm")
    from support import tiny  # noqa: PLC0415 - these need torch
    from support.tiny_diffusion import tiny_diffusion  # noqa: PLC0415

    folder = tmp_path_factory.mktemp("models")
    torch.manual_seed(0)
    state = timm.create_model("test_vit", num_classes=2).state_dict()
    pytest.importorskip("safetensors.torch").save_file(state, folder / "target.safetensors")
    return {
        "generator": f"diffusers/{tiny_diffusion(folder / 'diffusion')}",
        "generator_args": {"device": "cpu", "steps": 2, "height": 32, "width": 32},
        "target": "timm/test_vit",
        "target_args": {"device": "cpu", "checkpoint": str(folder / "target.safetensors"), "labels": LABELS},
        "captioner": f"hf/{tiny.tiny_blip(folder / 'blip')}",
        "captioner_args": {"device": "cpu", "max_new_tokens": 8},
        "judge": f"hf/{tiny.tiny_clip(folder / 'clip')}",
        "judge_args": {"device": "cpu", "top": 2},
        "faithful": 1e-9,
        "budget": 96,
        "explore": 8,
        "explain_budget": 24,
        "pairs": 4,
        "batch_size": 8,
    }


def command(models):
    """The options as a command line says them."""
    said = []
    for name, value in models.items():
        if isinstance(value, dict):
            said += [part for k, v in value.items() for part in (f"--{name.replace('_args', '-arg')}", f"{k}={v}")]
        else:
            said += [f"--{name.replace('_', '-')}", str(value)]
    return said


def bug_free(arguments, folder):
    environment = os.environ | {"OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1"}
    return subprocess.run(
        [sys.executable, "-m", "bugscope.app.cli", *arguments],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=500,
    )


def test_a_hunt_with_tiny_diffusers_blip_clip_and_timm_networks(models, tmp_path):
    done = bug_free(["hunt", "mug", "bus", "--out", "run", "--json", *command(models)], tmp_path)
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    # one label always fails, so that it is not searched, the other never does: there is nothing to describe
    assert report["finished"] and report["hypotheses_tested"] == 0
    assert sorted(row["baseline"]["failures"] for row in report["labels"]) == [0, 8]
    assert 2 * models["explore"] + 40 <= report["images_generated"] <= models["budget"]
    for role in ("generator", "target", "captioner", "judge"):
        assert report[role].startswith(models[role].partition("/")[0] + "/"), report[role]
    run = bugscope.load(tmp_path / "run")
    frame = run.samples()
    assert Counter(frame.status).keys() <= {"success", "failure", "unfaithful"}, "a picture without an answer"
    assert set(frame.predicted) <= {"mug", "bus"} and frame.image.nunique() == len(frame)
    # the label that is searched has captions of all its pictures, and every one is a sentence
    searched = frame[frame.status == "success"]
    assert len(searched) and searched.caption.str.len().gt(0).all()
    assert (tmp_path / "run" / "report.html").stat().st_size > 10_000
    # the network is random: it knows no label, so one of the two always fails
    assert {label["baseline"]["failures"] for label in report["labels"]} != {0}

    before = (tmp_path / "run" / "report.json").read_text()
    again = bug_free(["resume", "run", "--json"], tmp_path)
    assert again.returncode == 0, again.stderr
    after = json.loads(again.stdout)
    assert after["images_generated"] == report["images_generated"]
    assert {k: v for k, v in after.items() if k != "seconds"} == {k: v for k, v in json.loads(before).items() if k != "seconds"}


def test_the_doctor_loads_each_and_says_how_long_it_took(models, tmp_path):
    options = {k: v for k, v in models.items() if k.split("_")[0] in ("generator", "target", "captioner", "judge")}
    done = bug_free(["doctor", "--json", *command(options)], tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    checks = {check["check"]: check for check in json.loads(done.stdout)}
    for role in ("generator", "target", "captioner", "judge"):
        assert checks[f"load {role}"]["ok"] and checks[f"load {role}"]["seconds"] > 0
        assert checks[role]["ok"] and checks[role]["detail"]
    broken = options | {"target_args": {"checkpoint": "none.safetensors"}}
    done = bug_free(["doctor", *command(broken)], tmp_path)
    assert done.returncode == 1
    lines = {line.split()[1] + " " + line.split()[2]: line for line in done.stdout.splitlines()}
    assert lines["load target"].startswith("FAIL") and "none.safetensors" in lines["load target"]
    assert lines["load captioner"].startswith("ok"), "one that fails keeps the others from being tried"
