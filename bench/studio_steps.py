"""Where the time of a studio picture goes, step by step, beside what tracing its rays alone must take.

    python bench/studio_steps.py [--n 60] [--samples 2] [--size 224] [--variant scalar] [--json FILE]

Seconds of CPU on one core, mean over plain pictures of different labels. The physical limit is the number of rays that the
picture's paths need at least (a hit, a shadow ray and a bounce for each path, a hit for each guide and for each pixel of the
masks) at the rate at which the tracer finds first hits in the same scenes.
"""

import argparse
import cProfile
import json
import pstats
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from bugscope.language import Wording
from bugscope.media import picture
from bugscope.providers.studio import objects, prompts
from bugscope.providers.studio.render import MASK_FIELD, SAMPLES, SILHOUETTE, SIZE, Renderer, Traced, finished
from bugscope.providers.studio.scene import Scene, resolve

WORDS = Wording(picture.words)
STEPS = {
    "scene and meshes": ("stage.py", "build"),
    "shapes and textures": ("shapes.py", "of"),
    "paths and guides": ("render.py", "_exposed"),
    "masks": ("render.py", "_facts"),
    "silhouette": ("render.py", "_silhouette"),
    "denoiser": ("_denoise.py", "denoise"),
    "film": ("render.py", "finished"),
    "encoder": ("picture.py", "encode"),
}
"""What a person calls a step, and the function that is timed for it (file, name)."""


@dataclass(frozen=True)
class Measured:
    """Seconds of CPU for one picture: `steps` by name, in all, and at least."""

    steps: dict[str, float]
    total: float
    limit: float


def scenes(n: int) -> list[Scene]:
    labels = list(objects.load_all())
    return [resolve(prompts.parse(WORDS.neutral(labels[i * 7 % len(labels)]).text), 8_000_000 + i) for i in range(n)]


def measured(renderer: Renderer, shown: Sequence[Scene]) -> Measured:
    for scene in shown[:3]:
        renderer(scene)  # loads what is loaded once
    profile, began = cProfile.Profile(time.process_time), time.process_time()
    traced: list[Traced] = []
    for scene in shown:
        profile.enable()
        light = renderer.trace(scene)
        picture.encode(picture.Image.fromarray(finished(light, scene).pixels))
        profile.disable()
        traced.append(light)
    total = (time.process_time() - began) / len(shown)
    stats: Any = pstats.Stats(profile)
    spent = {(Path(file).name, name): row[3] for (file, _, name), row in stats.stats.items()}
    steps = {step: spent.get(key, 0.0) / len(shown) for step, key in STEPS.items()}
    steps["the rest"] = total - sum(steps.values())
    return Measured(
        steps, total, np.mean([_rays(t, renderer, s) for t, s in zip(traced, shown, strict=True)]) / rate(shown, renderer)
    )


def _rays(traced: Traced, renderer: Renderer, scene: Scene) -> float:
    """The fewest rays that draw this picture: three for a path, one for its guides, one for a pixel of a mask."""
    pixels = renderer.size[0] * renderer.size[1]
    own = (traced.regions > 0) & (traced.regions <= scene.count)
    box = np.ptp(np.nonzero(own.any(1))[0]) * np.ptp(np.nonzero(own.any(0))[0]) if own.any() else pixels
    first = -(-renderer.samples // 3)
    wide = (SILHOUETTE * MASK_FIELD) ** 2 * pixels / min(renderer.size) ** 2
    return float(4 * pixels * first + 3 * box * (renderer.samples - first) + pixels + wide)


def rate(shown: Sequence[Scene], renderer: Renderer) -> float:
    """First hits per second and core in these scenes."""
    hits = 0
    spent = 0.0
    for scene in shown[:12]:
        profile = cProfile.Profile(time.process_time)
        profile.enable()
        renderer.trace(scene)
        profile.disable()
        stats: Any = pstats.Stats(profile)
        spent += sum(row[3] for (file, _, name), row in stats.stats.items() if (Path(file).name, name) == STEPS["masks"])
        hits += renderer.size[0] * renderer.size[1]
    return hits / spent


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--n", type=int, default=60)
    parser.add_argument("--samples", type=int, default=SAMPLES)
    parser.add_argument("--size", type=int, default=SIZE)
    parser.add_argument("--variant", default="scalar")
    parser.add_argument("--json", type=Path)
    args = parser.parse_args()
    renderer = Renderer(args.variant, size=(args.size, args.size), samples=args.samples)
    found = measured(renderer, scenes(args.n))
    print(f"{'step':<20} {'ms':>6} {'share':>6}   ({args.n} pictures, {args.size} px, {args.samples} samples, {args.variant})")
    for step, seconds in found.steps.items():
        print(f"{step:<20} {1000 * seconds:>6.0f} {seconds / found.total:>6.0%}")
    print(f"{'all':<20} {1000 * found.total:>6.0f}          {1 / found.total:.2f} pictures per second and core")
    print(f"{'tracing alone':<20} {1000 * found.limit:>6.0f}          {found.total / found.limit:.1f} times less")
    if args.json:
        args.json.write_text(json.dumps({"steps": found.steps, "total": found.total, "limit": found.limit}, indent=1))


if __name__ == "__main__":
    main()
