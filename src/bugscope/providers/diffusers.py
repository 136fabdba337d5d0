"""diffusers/MODEL: any text-to-image checkpoint that diffusers knows, from the Hugging Face hub or a folder, on PyTorch.

Weights are read from safetensors files only, since a pickle can run code; code that comes with a checkpoint is not run.
"""

import functools
import hashlib
import importlib
import inspect
import json
from collections.abc import Sequence
from typing import Any

from ..core.errors import ModelError, SpecError, told, unknown
from ..core.records import Refused
from ..media.picture import Picture
from .shared.device import Device
from .shared.networks import fingerprint


class Generator:
    """A text-to-image checkpoint: `diffusers/OWNER/NAME` of the Hugging Face hub, or `diffusers/FOLDER`."""

    requires = ("torch", "diffusers", "transformers")
    extra = "torch"
    example = "diffusers/stabilityai/sd-turbo"
    repeats = True
    without_effect = ("device", "compile", "offload")

    def __init__(
        self, model: str, *, device: str = "", dtype: str = "", steps: int = 0, guidance: float | None = None,
        height: int = 0, width: int = 0, negative_prompt: str = "", scheduler: str = "", lora: str = "",
        compile: bool = False, offload: bool = False, revision: str = "", variant: str = "",
    ) -> None:  # fmt: skip
        """0, "" and None leave the checkpoint's defaults; `device` "" is the first available of cuda, mps and cpu.

        `dtype`: "" for float16 on cuda, else float32; `height`, `width`: pixels; `scheduler`: its class in diffusers; `lora`:
        hub id, folder or file; `compile`: faster after a slow start; `offload`: keep one network at a time on the GPU;
        `revision`: the hub's; `variant`: of the checkpoint's files, such as "fp16", half the download.
        """
        for name, value in (("steps", steps), ("height", height), ("width", width)):
            if value < 0:
                raise SpecError(f"diffusers argument {name} is {value}; it must be at least 0 (0: the checkpoint's default)")
        self.device = Device(device, dtype)
        self.pipe = _load(model, revision, variant, self.device.dtype, scheduler)
        if lora:
            self.pipe.load_lora_weights(lora, use_safetensors=True)
        asked = {"num_inference_steps": steps, "height": height, "width": width, "negative_prompt": negative_prompt}
        self.options: dict[str, Any] = {name: value for name, value in asked.items() if value}
        self.options |= {} if guidance is None else {"guidance_scale": float(guidance)}
        if strange := [name for name in self.options if name not in inspect.signature(self.pipe.__call__).parameters]:
            raise SpecError(f"diffusers/{model} is a {type(self.pipe).__name__}, which takes no {strange[0]}")
        # all that changes a picture; the device and `compile` change only rounding
        stated = {
            "revision": revision,
            "variant": variant,
            "dtype": self.device.dtype_name,
            "scheduler": scheduler,
            "lora": lora,
        }
        stated |= self.options
        stated |= {"negative_prompt": negative_prompt and hashlib.sha256(negative_prompt.encode()).hexdigest()[:12]}
        self.id = f"diffusers/{model}?" + "&".join(f"{name}={value}" for name, value in stated.items() if value != "")
        self.pipe.set_progress_bar_config(disable=True)
        name = self.device.name
        self.pipe.enable_model_cpu_offload(device=name) if offload and name != "cpu" else self.pipe.to(name)
        if compile:
            (getattr(self.pipe, "unet", None) or self.pipe.transformer).compile()
        self.step = self.pipe.scheduler.step

    def __call__(self, prompts: Sequence[str], seeds: Sequence[int]) -> list[Picture | Refused]:
        """A picture's noise follows from its seed alone. Raises MemoryError if the GPU's memory is too small."""
        return self.device.each(list(zip(prompts, seeds, strict=True)), self._draw)

    def fingerprint(self) -> str:
        """A hash of all weights and of how the noise is scheduled: a hub's branch moves, and a folder may be written again."""
        parts = {name: part for name, part in self.pipe.components.items() if hasattr(part, "state_dict")}
        weights = [fingerprint(part, name) for name, part in sorted(parts.items())]
        stated = json.dumps([weights, dict(self.pipe.scheduler.config)], sort_keys=True, default=str)
        return hashlib.sha256(stated.encode()).hexdigest()[:12]

    def _draw(self, pairs: Sequence[tuple[str, int]]) -> list[Picture | Refused]:
        options = {name: [value] * len(pairs) if name == "negative_prompt" else value for name, value in self.options.items()}
        # on the CPU, so that a seed's noise is the same on every device
        noise = [self.device.torch.Generator("cpu").manual_seed(int(seed)) for _, seed in pairs]
        if "generator" in inspect.signature(self.step).parameters:  # Flux and others do not pass it to their scheduler
            self.pipe.scheduler.step = functools.partial(self.step, generator=noise)
        made = self.pipe(prompt=[prompt for prompt, _ in pairs], generator=noise, **options)
        flags = getattr(made, "nsfw_content_detected", None) or getattr(made, "nsfw_detected", None) or [False] * len(pairs)
        return [Refused("safety filter") if bad else Picture(image) for image, bad in zip(made.images, flags, strict=True)]


def _load(model: str, revision: str, variant: str, dtype: Any, scheduler: str) -> Any:
    library: Any = importlib.import_module("diffusers")
    known = [name for name in dir(library) if name.endswith("Scheduler")]
    if scheduler and scheduler not in known:
        raise unknown("diffusers scheduler", scheduler, known)
    load = library.AutoPipelineForText2Image.from_pretrained
    files = {"revision": revision or None, "variant": variant or None}
    try:
        pipe = load(model, dtype=dtype, use_safetensors=True, trust_remote_code=False, **files)
    except OSError as error:
        raise ModelError(f"cannot read {model!r} (folder or hub id; safetensors, never a pickle): {told(error)}") from error
    if (scheduler or type(pipe.scheduler).__name__) == "DPMSolverSDEScheduler":
        raise SpecError("the noise of DPMSolverSDEScheduler does not follow from a picture's seed; choose another scheduler")
    if scheduler:
        pipe.scheduler = getattr(library, scheduler).from_config(pipe.scheduler.config)
    return pipe
