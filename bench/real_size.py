"""Do models of real size keep the contract on this device, how fast are they, and how far are their answers from a CPU's?

    python bench/real_size.py [--device cuda] [--seconds 3] [--only NAME ...] [--json FILE]

The networks have random weights: they are built from configurations, saved, and loaded as a user's are, so nothing is
downloaded. Answers of random weights say nothing about a real checkpoint's quality, but loading, number formats, batches,
memory and speed are the same. The contract is `bugscope.testing`'s. "Off a CPU by" is the largest difference between a score in
the device's default number format and the same score in float32 on the CPU; for pictures, between one drawn alone and in a
batch, in levels of 255.
"""

import argparse
import json
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import open_clip
import timm
import torch
import torchvision
import transformers
from PIL.Image import Image
from safetensors.torch import save_file

import throughput
from bugscope import testing
from bugscope.core import registry
from bugscope.media.picture import Picture

BATCH = 32
LABELS = ["mug", "bus", "snow", "night"]
PROMPTS = ["a photo of a mug", "a photo of a bus at night", "a photo of a red mug in snow"]


@dataclass(frozen=True)
class Row:
    name: str
    dtype: str
    contract: str
    per_second: float
    off: float
    peak_gb: float


@dataclass(frozen=True)
class Candidate:
    """A model to try. `build` saves it below a folder and says how a user would name it: a spec and options."""

    name: str
    role: str
    build: Callable[[Path], tuple[str, dict[str, Any]]]


def weights(folder: Path, net: Any) -> str:
    file = folder / "weights.safetensors"
    save_file({name: value.contiguous() for name, value in net.state_dict().items()}, file)
    return str(file)


def of_timm(name: str) -> Candidate:
    def build(folder: Path) -> tuple[str, dict[str, Any]]:
        return f"timm/{name}", {"checkpoint": weights(folder, timm.create_model(name)), "labels": "imagenet"}

    return Candidate(f"timm {name}", "Classifier", build)


def of_torchvision(name: str) -> Candidate:
    def build(folder: Path) -> tuple[str, dict[str, Any]]:
        net = torchvision.models.get_model(name, weights=None)
        return f"torchvision/{name}", {"checkpoint": weights(folder, net), "labels": "imagenet"}

    return Candidate(f"torchvision {name}", "Classifier", build)


def of_open_clip(name: str, role: str) -> Candidate:
    def build(folder: Path) -> tuple[str, dict[str, Any]]:
        file = folder / "weights.pt"
        torch.save(open_clip.create_model(name).state_dict(), file)
        return f"open_clip/{name}:{file}", {"labels": LABELS} if role == "Classifier" else {}

    return Candidate(f"open_clip {name}, {role.lower()}", role, build)


def of_transformers(folder: Path) -> tuple[str, dict[str, Any]]:
    names = {f"thing {i}": i for i in range(1000)}
    config = transformers.ViTConfig(id2label={i: name for name, i in names.items()}, label2id=names)
    transformers.ViTForImageClassification(config).save_pretrained(folder)
    transformers.ViTImageProcessor().save_pretrained(folder)
    return f"hf/{folder}", {}


def captioner(folder: Path) -> tuple[str, dict[str, Any]]:
    return f"hf/{throughput.captioner(throughput.SIZES['turbo'], folder)}", {"max_new_tokens": 20}


def generator(folder: Path) -> tuple[str, dict[str, Any]]:
    options = {"steps": 1, "guidance": 0.0, "height": 512, "width": 512}
    return f"diffusers/{throughput.pipeline(throughput.SIZES['turbo'], folder / 'text-to-image')}", options


CANDIDATES = [
    of_timm("resnet50"),
    of_timm("vit_base_patch16_224"),
    of_timm("convnext_base"),
    of_torchvision("efficientnet_v2_s"),
    of_torchvision("swin_t"),
    of_open_clip("ViT-L-14", "Classifier"),
    of_open_clip("ViT-L-14", "Judge"),
    Candidate("hf ViT-B/16", "Classifier", of_transformers),
    Candidate("hf BLIP-base", "Captioner", captioner),
    Candidate("diffusers, size of SD-Turbo", "Generator", generator),
]


def ask(role: str, model: Any, pictures: Sequence[Image]) -> Any:
    match role:
        case "Judge":
            return list(model([Picture(p) for p in pictures], ["mug"] * len(pictures)))
        case "Generator":
            return model([PROMPTS[i % len(PROMPTS)] for i in range(len(pictures))], list(range(len(pictures))))
        case _:
            return model(pictures)


def contract(role: str, model: Any) -> str:
    """ "kept", or what breaks it."""
    try:
        match role:
            case "Classifier":
                testing.check_classifier(model)
            case "Captioner":
                testing.check_captioner(model)
            case "Generator":
                testing.check_generator(model, PROMPTS)
            case "Judge":
                testing.check_judge(model, [Picture(p) for p in testing.images()], LABELS[:3])
    except AssertionError as error:
        return str(error).splitlines()[0]
    return "kept"


def off(role: str, model: Any, spec: str, options: dict[str, Any], pictures: Sequence[Image]) -> float:
    """How far its answers are from what they should be; nan for words."""
    if role == "Captioner":
        return float("nan")
    if role == "Generator":
        together, alone = model(PROMPTS[:2], [1, 2])[0], model(PROMPTS[:1], [1])[0]
        pixels = [np.asarray(made.content, dtype=int) for made in (together, alone)]
        return float(np.abs(pixels[0] - pixels[1]).max())
    exact = registry.load(role, spec, options | {"device": "cpu", "dtype": "float32"})
    scores = [np.asarray(ask(role, m, pictures), dtype=float) for m in (model, exact)]
    return float(np.abs(scores[0] - scores[1]).max())


def tried(candidate: Candidate, device: str, seconds: float) -> Row:
    pictures = [image.resize((512, 512)) for image in testing.images()]
    many = [pictures[i % len(pictures)] for i in range(BATCH)]
    cuda = device.startswith("cuda")
    with tempfile.TemporaryDirectory() as name:
        torch.manual_seed(0)
        spec, options = candidate.build(Path(name))
        if cuda:
            torch.cuda.empty_cache()
            torch.cuda.reset_peak_memory_stats()
        model = registry.load(candidate.role, spec, options | {"device": device})
        ask(candidate.role, model, many)
        n, began = 0, time.perf_counter()
        while time.perf_counter() - began < seconds:
            ask(candidate.role, model, many)
            n += len(many)
        speed = n / (time.perf_counter() - began)
        peak = torch.cuda.max_memory_allocated() / 1e9 if cuda else float("nan")
        dtype = str(model.id).partition("dtype=")[2].partition("&")[0]
        return Row(
            candidate.name, dtype, contract(candidate.role, model), speed,
            off(candidate.role, model, spec, options, pictures), peak,
        )  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--seconds", type=float, default=3.0, help="how long to measure each model's speed")
    parser.add_argument("--only", nargs="*", default=[""], help="models whose name contains one of these")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    name = torch.cuda.get_device_name() if options.device.startswith("cuda") else options.device
    print(f"random weights on {name}, pictures of 512 x 512, batches of {BATCH}\n")
    print(f"{'model':<34}{'dtype':<10}{'pictures/s':>11}{'off a CPU by':>14}{'peak GB':>9}   contract")
    rows = []
    for candidate in CANDIDATES:
        if any(part in candidate.name for part in options.only):
            row = tried(candidate, options.device, options.seconds)
            rows.append(row)
            line = f"{row.name:<34}{row.dtype:<10}{row.per_second:11.1f}{row.off:14.2g}{row.peak_gb:9.2f}   {row.contract}"
            print(line, flush=True)
    if options.json:
        options.json.write_text(json.dumps({"device": name, "rows": [asdict(row) for row in rows]}, indent=1))


if __name__ == "__main__":
    main()
