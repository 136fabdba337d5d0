"""Does the engine keep the generator busy? Pictures per second through generator, judge, target and store, compared with the
bare diffusers loop at the same batch size, in one run.

    python bench/throughput.py [--size small|turbo] [--pictures 64] [--batch 8] [--device cuda] [--json FILE]

The networks have random weights; they are built from configurations, saved, and loaded as a user's are. Speed does not depend
on the weights. `turbo` is a text-to-image pipeline of the size of SD-Turbo (512 x 512, one step), a ResNet-50, and a captioner
of the size of BLIP; it needs a GPU. `small` is the same kinds of networks, small enough for two CPU cores. The judge costs
nothing here.

The output shows the bare loop, the engine measuring (what confirming a bug takes), and the engine measuring and then captioning
a third of the pictures (what exploring takes). The goal is a ratio of 0.95 for measuring. The bare loop runs before and after,
and the ratio is to the mean of the two, so that a machine that warms up or slows down is noticed.

On a GPU it also shows what happens when memory runs out: the networks get what they occupy at rest and a third of what a batch
takes beyond that. All pictures must be answered all the same.
"""

import argparse
import json
import tempfile
import time
from pathlib import Path
from typing import Any

import diffusers
import timm
import torch
import transformers
from safetensors.torch import save_file

from bugscope.core import registry
from bugscope.core.options import Config
from bugscope.core.records import Prompt, Sample
from bugscope.engine.engine import Engine
from bugscope.engine.models import Models
from bugscope.store.folder import Store

TARGET = 0.95
SIZES: dict[str, dict[str, Any]] = {
    "turbo": {
        "unet": {
            "sample_size": 64, "cross_attention_dim": 1024, "attention_head_dim": [5, 10, 20, 20],
            "block_out_channels": (320, 640, 1280, 1280), "use_linear_projection": True,
        },
        "vae": {"block_out_channels": (128, 256, 512, 512), "latent_channels": 4, "layers_per_block": 2, "sample_size": 512},
        "text": {"hidden_size": 1024, "intermediate_size": 4096, "num_hidden_layers": 23, "num_attention_heads": 16},
        "pixels": 512,
        "target": "resnet50",
        "captioner": {"vision_config": {"image_size": 384}},
    },
    "small": {
        "unet": {
            "sample_size": 32, "cross_attention_dim": 128, "attention_head_dim": 8, "block_out_channels": (64, 128, 128),
            "down_block_types": ("CrossAttnDownBlock2D", "CrossAttnDownBlock2D", "DownBlock2D"),
            "up_block_types": ("UpBlock2D", "CrossAttnUpBlock2D", "CrossAttnUpBlock2D"),
        },
        "vae": {"block_out_channels": (32, 64, 64, 64), "latent_channels": 4, "layers_per_block": 1, "sample_size": 256},
        "text": {"hidden_size": 128, "intermediate_size": 512, "num_hidden_layers": 4, "num_attention_heads": 4},
        "pixels": 256,
        "target": "resnet10t",
        "captioner": {
            "vision_config": {"image_size": 96, "hidden_size": 96, "intermediate_size": 192, "num_hidden_layers": 2,
                              "num_attention_heads": 4},
            "text_config": {"hidden_size": 96, "intermediate_size": 192, "num_hidden_layers": 2, "num_attention_heads": 4,
                            "encoder_hidden_size": 96},
        },
    },
}  # fmt: skip


def pipeline(size: dict[str, Any], folder: Path) -> Path:
    """Save a text-to-image pipeline with random weights. Letters are tokens."""
    words = ["<|startoftext|>", "<|endoftext|>", *(c + end for c in "abcdefghijklmnopqrstuvwxyz" for end in ("", "</w>"))]
    folder.mkdir()
    (folder / "vocab.json").write_text(json.dumps({word: i for i, word in enumerate(words)}))
    (folder / "merges.txt").write_text("#version: 0.2\n")
    tokenizer = transformers.CLIPTokenizer.from_pretrained(folder, model_max_length=77)
    text = transformers.CLIPTextConfig(
        vocab_size=len(words), bos_token_id=0, eos_token_id=1, pad_token_id=1, max_position_embeddings=77, **size["text"]
    )
    stages = len(size["vae"]["block_out_channels"])
    vae = diffusers.AutoencoderKL(
        down_block_types=("DownEncoderBlock2D",) * stages, up_block_types=("UpDecoderBlock2D",) * stages, **size["vae"]
    )
    diffusers.StableDiffusionPipeline(
        vae=vae,
        unet=diffusers.UNet2DConditionModel(**size["unet"]),
        text_encoder=transformers.CLIPTextModel(text),
        tokenizer=tokenizer,
        scheduler=diffusers.EulerDiscreteScheduler(timestep_spacing="trailing", steps_offset=1),
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    ).save_pretrained(folder / "pipeline")
    return folder / "pipeline"


def target(size: dict[str, Any], folder: Path) -> Path:
    file = folder / "target.safetensors"
    save_file(timm.create_model(size["target"], pretrained=False).state_dict(), file)
    return file


def captioner(size: dict[str, Any], folder: Path) -> Path:
    folder = folder / "captioner"
    folder.mkdir()
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *(f"word{i}" for i in range(1000))]
    (folder / "vocab.txt").write_text("\n".join(words))
    tokenizer = transformers.BertTokenizer(str(folder / "vocab.txt"))
    settings = {**size["captioner"]}
    settings["text_config"] = {"vocab_size": len(words), "bos_token_id": 2, "sep_token_id": 3, "eos_token_id": 3,
                               "pad_token_id": 0} | settings.get("text_config", {})  # fmt: skip
    config = transformers.BlipConfig(**settings)
    side = config.vision_config.image_size
    transformers.BlipForConditionalGeneration(config).save_pretrained(folder)
    images = transformers.BlipImageProcessor(size={"height": side, "width": side})
    transformers.BlipProcessor(images, tokenizer).save_pretrained(folder)
    return folder


def synchronise() -> None:
    if torch.cuda.is_available():
        torch.cuda.synchronize()


def bare(pipe: Any, samples: list[Sample], batch: int, pixels: int) -> float:
    """Seconds for the loop that anybody would write: pictures as PIL images, nothing kept."""
    synchronise()
    began = time.perf_counter()
    with torch.inference_mode():
        for i in range(0, len(samples), batch):
            part = samples[i : i + batch]
            noise = [torch.Generator("cpu").manual_seed(s.seed) for s in part]
            pipe([s.prompt.text for s in part], generator=noise, num_inference_steps=1, guidance_scale=0.0, height=pixels,
                 width=pixels)  # fmt: skip
    synchronise()
    return time.perf_counter() - began


def cramped(models: Models, samples: list[Sample], batch: int, folder: Path) -> dict[str, float]:
    """The engine measures on a GPU whose memory is too small for a batch."""
    torch.cuda.empty_cache()
    torch.cuda.reset_peak_memory_stats()
    rest = torch.cuda.memory_allocated()
    with Store.create(folder / "roomy", {}) as store:
        Engine(models, store, Config(batch_size=batch)).measure(samples[:batch])
    peak, whole = torch.cuda.max_memory_allocated(), torch.cuda.get_device_properties(0).total_memory
    torch.cuda.empty_cache()
    room = rest + (peak - rest) / 3
    torch.cuda.set_per_process_memory_fraction(room / whole)
    try:
        with Store.create(folder / "cramped", {}) as store:
            engine = Engine(models, store, Config(batch_size=batch))
            began = time.perf_counter()
            outcomes = engine.measure(samples)
            synchronise()
            took = time.perf_counter() - began
    finally:
        torch.cuda.set_per_process_memory_fraction(1.0)
    return {
        "room_gb": room / 1e9, "peak_gb": peak / 1e9, "cramped_per_second": len(samples) / took,
        "cramped_answered": sum(o.status.counts for o in outcomes),
    }  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", choices=SIZES, default="turbo" if torch.cuda.is_available() else "small")
    parser.add_argument("--pictures", type=int, default=64)
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--device", default="")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    size, pixels = SIZES[options.size], SIZES[options.size]["pixels"]
    with tempfile.TemporaryDirectory() as name:
        folder, device = Path(name), {"device": options.device}
        drawing = {"steps": 1, "guidance": 0.0, "height": pixels, "width": pixels} | device
        weights = {"checkpoint": str(target(size, folder)), "labels": "imagenet"}
        models = Models(
            registry.load("Generator", f"diffusers/{pipeline(size, folder / 'text-to-image')}", drawing),
            registry.load("Classifier", f"timm/{size['target']}", weights | device),
            registry.load("Captioner", f"hf/{captioner(size, folder)}", {"max_new_tokens": 20} | device),
            registry.load("Judge", lambda pictures, labels: [1.0] * len(pictures)),
        )
        pipe: Any = models.generator.pipe  # type: ignore[attr-defined]
        # on a CPU the provider draws one by one, so that no picture depends on its batch; the bare loop does the same
        batch = min(options.batch, models.generator.device.at_once)  # type: ignore[attr-defined]
        samples = [Sample(Prompt("a photo of a mug", "mug"), "confirm", i) for i in range(options.pictures)]
        warm = [Sample(Prompt("a photo of a mug", "mug"), "explore", i) for i in range(options.batch)]
        with Store.create(folder / "warm", {}) as store:
            engine = Engine(models, store, Config(batch_size=options.batch))
            engine.describe(engine.measure(warm))
        before = bare(pipe, samples, batch, pixels)
        with Store.create(folder / "run", {}) as store:
            engine = Engine(models, store, Config(batch_size=options.batch))
            synchronise()
            began = time.perf_counter()
            outcomes = engine.measure(samples)
            synchronise()
            measuring = time.perf_counter() - began
            drawn = sum(o.status.counts for o in outcomes)
            engine.describe(outcomes[::3])
            synchronise()
            exploring = time.perf_counter() - began
        after = bare(pipe, samples, batch, pixels)
        tight = cramped(models, samples, options.batch, folder) if models.generator.device.name.startswith("cuda") else {}  # type: ignore[attr-defined]
    assert drawn == len(samples), f"{drawn} of {len(samples)} pictures were answered"
    loop = (before + after) / 2
    found = {
        "size": options.size, "device": models.generator.device.name, "pictures": len(samples), "batch": options.batch,  # type: ignore[attr-defined]
        "bare_per_second": len(samples) / loop, "bare_before": before, "bare_after": after,
        "measure_per_second": len(samples) / measuring, "measure_ratio": loop / measuring,
        "explore_per_second": len(samples) / exploring, "explore_ratio": loop / exploring, "target": TARGET, **tight,
    }  # fmt: skip
    print(f"{options.size} networks on {found['device']}, {len(samples)} pictures, batches of {options.batch}\n")
    print(f"{'':<34}pictures/s   of bare")
    print(f"{'bare diffusers loop':<34}{found['bare_per_second']:10.2f}   ({len(samples) / before:.2f} before, "
          f"{len(samples) / after:.2f} after)")  # fmt: skip
    print(f"{'engine, measuring':<34}{found['measure_per_second']:10.2f}   {found['measure_ratio']:.3f}   (target {TARGET})")
    print(f"{'engine, and captions of a third':<34}{found['explore_per_second']:10.2f}   {found['explore_ratio']:.3f}")
    if tight:
        label, speed = "engine, measuring, in little memory", tight["cramped_per_second"]
        print(f"{label:<34}{speed:9.2f}   {speed * loop / len(samples):.3f}   ({tight['room_gb']:.1f} GB of "
              f"{tight['peak_gb']:.1f}; {tight['cramped_answered']} of {len(samples)} answered)")  # fmt: skip
        assert tight["cramped_answered"] == len(samples)
    if options.json:
        options.json.write_text(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
