"""Boxes and masks of the studio compared with brute force.

    python bench/truth.py [--n 200] [--size 224] [--json FILE]

The scenes are random: any object, any conditions, often with company. By brute force every thing, and what surrounds them, is
drawn on its own, with one plain material and through a pinhole; what is nearest in the middle of a pixel is what it shows. The
table has the intersection over union (IoU) of boxes and of masks, over all things that cover at least `LEAST` pixels.
"""

import argparse
import importlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bugscope.core.records import Box
from bugscope.providers.studio import objects, prompts
from bugscope.providers.studio.company import Company
from bugscope.providers.studio.materials import Part
from bugscope.providers.studio.render import Renderer
from bugscope.providers.studio.scene import Scene, allowed, resolve
from bugscope.providers.studio.stage import Stage, build
from bugscope.providers.studio.truth import truth
from bugscope.providers.studio.vocabulary import FILM, VALUES, Attribute

LEAST = 64
RELATIONS = ("next to", "behind", "in front of", "around", "among")


@dataclass(frozen=True)
class Compared:
    """Of one thing: its label, its pixels by brute force, and IoUs."""

    label: str
    pixels: int
    box: float
    mask: float


def scenes(n: int, seed: int = 0) -> Iterator[Scene]:
    """Two in three have company; none is changed after it was drawn."""
    rng = np.random.default_rng(seed)
    names = list(objects.load_all())
    for i in range(n):
        model = objects.load_all()[names[i % len(names)]]
        fair = [v for v in VALUES if v.attribute not in {*FILM, "company"} and allowed(model, v.attribute, v.name)]
        stated: dict[Attribute, str] = {v.attribute: v.name for v in rng.choice(np.array(fair, object), 2)}
        if rng.random() < 2 / 3:
            relation = RELATIONS[int(rng.integers(len(RELATIONS)))]
            count = {"around": 3, "among": 6}.get(relation, int(rng.integers(1, 4)))
            stated["company"] = str(Company(relation, count, names[int(rng.integers(len(names)))]))  # type: ignore[arg-type]
        yield resolve(prompts.Request(model.name, stated), int(rng.integers(2**31)))


def compared(scene: Scene, renderer: Renderer) -> list[Compared]:
    traced = renderer.trace(scene)
    stated = truth(scene.label, traced.things, traced.regions)
    wanted = brute_force(build(scene), renderer.size)
    assert stated.regions is not None
    found = []
    for number, label in enumerate(traced.things, 1):
        shown = wanted == number
        if shown.sum() < LEAST:
            continue
        # the box of the truth that is about most of these pixels
        index = int(np.bincount(stated.regions[shown]).argmax())
        own = stated.regions == index
        box = _overlap(stated.boxes[index - 1], _box(shown)) if index else 0.0
        assert not index or stated.boxes[index - 1].label == label
        found.append(Compared(label, int(shown.sum()), box, float((own & shown).sum() / (own | shown).sum()) if index else 0.0))
    return found


def brute_force(stage: Stage, size: tuple[int, int]) -> NDArray[np.int64]:
    """The number of the nearest thing [h, w] in the middle of each pixel, 0 for none or the surroundings."""
    parts = [*stage.objects, *stage.company]
    alone = [_depth(stage, [p for p in parts if p.of == number], size) for number in range(1, len(stage.things) + 1)]
    around = _depth(stage, stage.rest, size) if stage.rest else np.full((size[1], size[0]), np.inf)
    layers = np.stack([around, *alone])
    return np.where(np.isfinite(layers.min(0)), layers.argmin(0), 0)


def _depth(stage: Stage, parts: Sequence[Part], size: tuple[int, int]) -> NDArray[np.float64]:
    """Distances [h, w] of these parts alone; infinite where there are none."""
    mi: Any = importlib.import_module("mitsuba")
    shapes = {f"s{i}": _plain(mi, part) for i, part in enumerate(parts)}
    sensor = mi.load_dict(
        {
            "type": "perspective", "fov": stage.field_of_view, "fov_axis": "smaller", "near_clip": 1e-3, "far_clip": 1e3,
            "to_world": mi.ScalarTransform4f().look_at(list(stage.eye), list(stage.target), [0, 0, 1]),
            "film": {"type": "hdrfilm", "width": size[0], "height": size[1], "rfilter": {"type": "box"}},
            "sampler": {"type": "stratified", "sample_count": 1, "jitter": False},
        }
    )  # fmt: skip
    integrator = mi.load_dict({"type": "aov", "aovs": "d:depth"})
    scene = mi.load_dict({"type": "scene", **shapes})
    depth = np.array(mi.render(scene, sensor=sensor, integrator=integrator, spp=1))[..., 0].astype(float)
    return np.where(depth > 0, depth, np.inf)


def _plain(mi: Any, part: Part) -> Any:
    mesh = mi.Mesh("part", vertex_count=len(part.mesh.vertices), face_count=len(part.mesh.faces))
    parameters = mi.traverse(mesh)
    parameters["vertex_positions"] = np.ascontiguousarray(part.mesh.vertices, np.float32).ravel()
    parameters["faces"] = np.ascontiguousarray(part.mesh.faces, np.uint32).ravel()
    parameters.update()
    return mesh


def _box(shown: NDArray[np.bool_]) -> Box:
    h, w = shown.shape
    y, x = np.nonzero(shown)
    return Box("", x.min() / w, y.min() / h, (x.max() + 1) / w, (y.max() + 1) / h)


def _overlap(a: Box, b: Box) -> float:
    width = max(0.0, min(a.right, b.right) - max(a.left, b.left))
    height = max(0.0, min(a.bottom, b.bottom) - max(a.top, b.top))
    areas = ((box.right - box.left) * (box.bottom - box.top) for box in (a, b))
    return width * height / (sum(areas) - width * height)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--n", type=int, default=200, help="scenes")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--size", type=int, default=224)
    parser.add_argument("--json", type=Path)
    args = parser.parse_args()
    renderer = Renderer("scalar", size=(args.size, args.size), samples=1)
    found = [c for scene in scenes(args.n, args.seed) for c in compared(scene, renderer)]
    print(f"{len(found)} things in {args.n} scenes of {args.size} x {args.size} pixels")
    print(f"{'IoU':<6} {'mean':>7} {'least':>7} {'>= 0.98':>9}")
    summary = {}
    for kind in ("box", "mask"):
        values = np.array([getattr(c, kind) for c in found])
        summary[kind] = {"mean": values.mean(), "least": values.min(), "good": int((values >= 0.98).sum()), "n": len(values)}
        print(f"{kind:<6} {values.mean():>7.4f} {values.min():>7.4f} {(values >= 0.98).sum():>4} of {len(values)}")
    if args.json:
        args.json.write_text(json.dumps(summary, indent=1))


if __name__ == "__main__":
    main()
