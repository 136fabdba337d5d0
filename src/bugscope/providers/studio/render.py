"""A stage -> pixels, with Mitsuba 3 and Open Image Denoise.

The variants give equally good pictures that differ only in noise: `scalar` runs everywhere; `llvm` and `cuda` compile their
kernels (a library of the wrong version aborts the process, so `variants.py` probes in a child). There every kernel is compiled
once and kept on disk, so the scene always has one skeleton: the same number of shapes of each kind, filled up with specks
outside the view, every colour a bitmap, one lens.
"""

import importlib
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .film import develop
from .scene import Scene
from .shapes import Shapes, merged
from .shots import Regions
from .stage import Spot, Stage, build

What = Literal["light", "facts", "shapes"]
"""What is traced: rgb; or of what is hit first the albedo, the normal, the depth and the number of the shape from 1; or that
number alone."""

SIZE = 224
SAMPLES = 3
DEPTH = 6
APERTURE = 0.012
FOCUS = 0.93
MASK_SIZE = 96
"""Pixels of the shorter side at which contrast is measured."""
FLAT = frozenset({"none", "wood", "marble", "cloth", "carpet", "tile", "white", "concrete", "asphalt", "brick", "water"})
"""The grounds that hide nothing of what stands on them."""
SILHOUETTE = 64
"""Pixels of the shorter side at which the whole of the object is drawn, for its area alone."""
MASK_FIELD = 1.5
"""The factor of a wider frame in which the object is drawn too, to know what share of it is out of frame."""
MARGIN = 3
"""Pixels around the object that are drawn as carefully as it is."""


@dataclass(frozen=True, slots=True)
class View:
    """How much of the object the picture shows: 0 in an empty scene. Shares are of the frame (`area`) and of the silhouette
    (`share`)."""

    area: float
    share: float
    contrast: float


@dataclass(frozen=True, slots=True, eq=False)
class Traced:
    """`radiance` [h, w, 3], linear; `depth` [h, w] in camera distances; `regions` [h, w]: the number of the thing that is seen,
    0 for none; `whole`: the area of the object's silhouette, in frame or not, in frames; `things`: the label of each thing."""

    radiance: NDArray[np.float64]
    depth: NDArray[np.float64]
    regions: Regions
    whole: float
    things: tuple[str, ...]


class Finished(NamedTuple):
    """`pixels` [h, w, 3]; `regions` [h, w]: which thing each pixel shows, by its number in `things` from 1, 0 for none."""

    pixels: NDArray[np.uint8]
    view: View
    regions: Regions
    things: tuple[str, ...]


class Renderer:
    """`Renderer("scalar")(scene) -> Finished`. One per process: Mitsuba's variant is global.

    `size`: (width, height). `samples`: paths per pixel where the object is; a third of them elsewhere.
    """

    def __init__(self, variant: str, *, size: tuple[int, int] = (SIZE, SIZE), samples: int = SAMPLES, threads: int = 1) -> None:
        self.mi: Any = importlib.import_module("mitsuba")
        self.mi.set_variant({"scalar": "scalar_rgb", "llvm": "llvm_ad_rgb", "cuda": "cuda_ad_rgb"}[variant])
        # Mitsuba prints warnings on stdout, which belongs to the caller's --json
        self.mi.set_log_level(self.mi.LogLevel.Error)
        self.dr: Any = importlib.import_module("drjit")
        self.dr.set_thread_count(threads)
        self.mi.Thread.thread()
        self.oidn: Any = importlib.import_module("mitsuba_oidn")
        self.uniform = variant != "scalar"
        self.shapes = Shapes(self.mi, self.uniform)
        self.size, self.samples = size, samples

    def __call__(self, scene: Scene) -> Finished:
        return finished(self.trace(scene), scene)

    def trace(self, scene: Scene) -> Traced:
        """The light of the scene, before it becomes a picture."""
        stage = build(scene)
        own, others, rest = merged(stage.objects), merged(stage.company), merged(stage.rest)
        objects = self.shapes.of(own, "o")
        parts = {**objects, **self.shapes.of(others, "p"), **self.shapes.of(rest, "r")}
        everyone = [*own, *others, *rest]
        specks = self.shapes.specks(everyone)
        everything = self.mi.load_dict({"type": "scene", **self._light(stage), **parts, **specks})
        facts = np.nan_to_num(self._render(everything, stage, self.size, 1, 0, "facts"))
        regions = _regions(facts[..., 7], everything, dict(zip(parts, (p.of for p in everyone), strict=True)))
        seen = np.isin(regions, [p.of for p in own])
        light = self._exposed(everything, stage, seen, int(scene.rng("paths").integers(1 << 30)))
        radiance = np.clip(np.nan_to_num(light, nan=0.0, posinf=80.0), 0, 80).astype(np.float32)
        albedo, normal = np.clip(facts[..., :3], 0, 1), np.clip(facts[..., 3:6], -1, 1)
        # on 390 plain pictures the networks know 350, 345 and 337; after the slower quality 352, 349 and 337
        fast = self.oidn.Quality.Fast
        clean = self.oidn.denoise(*map(np.ascontiguousarray, (radiance, albedo, normal)), hdr=True, quality=fast)
        depth = facts[..., 6].astype(np.float64)
        whole = float(seen.mean()) if _free(scene, seen) else self._silhouette(stage, objects)
        return Traced(np.asarray(clean, dtype=np.float64), depth, regions, whole, stage.things)

    def _exposed(self, scene: Any, stage: Stage, seen: NDArray[np.bool_], seed: int) -> NDArray[np.float32]:
        """Light [h, w, 3]. A third of the paths are everywhere, the others in the box around the object."""
        first = self.samples if self.uniform or not seen.any() else -(-self.samples // 3)
        raw = self._render(scene, stage, self.size, first, seed, "light")[..., :3]
        more = self.samples - first
        if more:
            rows, columns = (np.flatnonzero(seen.any(axis)) for axis in (1, 0))
            y, x = (slice(max(int(i[0]) - MARGIN, 0), int(i[-1]) + 1 + MARGIN) for i in (rows, columns))
            again = self._render(scene, stage, self.size, more, seed ^ 1, "light", crop=(x, y))
            raw[y, x] = (raw[y, x] * first + again[..., :3] * more) / self.samples
        return raw

    # --- what is known of the picture -----------------------------------------------------------------------------------

    def _silhouette(self, stage: Stage, objects: dict[str, Any]) -> float:
        """The area of the object alone, in frames, as far as a wider frame shows it."""
        if not objects:
            return 0.0
        alone = self.mi.load_dict({"type": "scene", **objects})
        scale = SILHOUETTE * MASK_FIELD / min(self.size)
        width, height = (round(scale * side) for side in self.size)
        hits = self._render(alone, stage, (width, height), 1, 0, "shapes", widen=MASK_FIELD)[..., 0]
        return float((hits > 0).mean()) * MASK_FIELD**2

    # --- Mitsuba --------------------------------------------------------------------------------------------------------

    def _render(
        self,
        scene: Any,
        stage: Stage,
        size: tuple[int, int],
        samples: int,
        seed: int,
        what: What,
        *,
        widen: float = 1.0,
        crop: tuple[slice, slice] | None = None,
    ) -> NDArray[np.float32]:
        """Channels [h, w, c] of `what`; all but light is seen through a pinhole, in the middle of each pixel."""
        mi = self.mi
        exact = what != "light"
        lens = {"type": "perspective"} if exact else {"type": "thinlens", "aperture_radius": APERTURE, "focus_distance": FOCUS}
        field = 2 * np.degrees(np.arctan(widen * np.tan(np.radians(stage.field_of_view / 2))))
        up = [0, 0, 1] if abs(stage.eye[0]) + abs(stage.eye[1]) > 1e-3 else [0, 1, 0]
        part = {}
        if crop:
            (left, right), (top, bottom) = ((s.start, min(s.stop, n)) for s, n in zip(crop, size, strict=True))
            part = {"crop_offset_x": left, "crop_offset_y": top, "crop_width": right - left, "crop_height": bottom - top}
        even = exact or samples in (4, 9, 16)
        sampler = {
            "type": "stratified" if even else "independent",
            "sample_count": samples,
            **({"jitter": False} if exact else {}),
        }
        sensor = mi.load_dict(
            {
                **lens,
                "fov": float(field),
                "fov_axis": "smaller",
                "near_clip": 1e-3,
                "far_clip": 1e3,
                "to_world": mi.ScalarTransform4f().look_at(list(stage.eye), list(stage.target), up),
                "film": {
                    "type": "hdrfilm", "width": size[0], "height": size[1], "pixel_format": "rgb",
                    "component_format": "float32", "rfilter": {"type": "box"}, **part,
                },
                "sampler": sampler,
            }
        )  # fmt: skip
        return np.array(mi.render(scene, sensor=sensor, integrator=self._integrator(what), spp=samples, seed=seed))

    @cache  # noqa: B019  (a renderer lives as long as its process)
    def _integrator(self, what: What) -> Any:
        path = {"type": "path", "max_depth": DEPTH, "rr_depth": 4}
        return self.mi.load_dict(
            {
                "light": path,
                "facts": {"type": "aov", "aovs": "al:albedo,nn:sh_normal,dd:depth,si:shape_index"},
                "shapes": {"type": "aov", "aovs": "si:shape_index"},
            }[what]
        )

    def _light(self, stage: Stage) -> dict[str, Any]:
        mi = self.mi
        up = mi.ScalarTransform4f().rotate([1, 0, 0], 90).rotate([0, 1, 0], stage.turn)
        lights: dict[str, Any] = {"sky": {"type": "envmap", "bitmap": mi.Bitmap(stage.environment), "to_world": up}}
        if stage.spot or self.uniform:
            spot = stage.spot or Spot((stage.eye[0], stage.eye[1], stage.eye[2] + 0.06), (0.0, 0.0, 0.0))
            lights["flash"] = {
                "type": "spot",
                "to_world": mi.ScalarTransform4f().look_at(list(spot.origin), list(stage.target), [0, 0, 1]),
                "intensity": {"type": "rgb", "value": list(spot.power)},
                "cutoff_angle": 40.0,
            }
        return lights


def _free(scene: Scene, seen: NDArray[np.bool_]) -> bool:
    """Whether nothing but the frame could hide a part of the object, and the frame does not."""
    edge = np.concatenate([seen[0], seen[-1], seen[:, 0], seen[:, -1]])
    return scene.ground in FLAT and not (scene.occlusion or scene.company or edge.any())


def _regions(shapes: NDArray[np.float32], scene: Any, numbers: dict[str, int]) -> Regions:
    """The thing in the middle of each pixel, by the shape that is hit there first."""
    table = np.array([0, *(numbers.get(shape.id(), 0) for shape in scene.shapes())], dtype=np.uint8)
    return table[np.rint(shapes).astype(int)]


def finished(traced: Traced, scene: Scene) -> Finished:
    """The picture, and how much of the object it shows once everything is done to it."""
    picture, shot = develop(traced.radiance, traced.depth, scene, traced.regions)
    visible = (shot.regions > 0) & (shot.regions <= scene.count)
    view = View(0.0, 0.0, 0.0)
    if traced.whole:
        share = min(float(shot.area[visible].sum()) / visible.size / traced.whole, 1.0)
        view = View(float(visible.mean()), share, contrast(picture, visible))
    return Finished(picture, view, shot.regions, traced.things)


def contrast(picture: NDArray[np.uint8], visible: NDArray[np.bool_]) -> float:
    """How far the object stands out: RMS distance in sRGB [0, 1] of its pixels from the mean of the ring around it.

    A pattern on the object counts as well as a difference from the background; fog and darkness lower both.
    """
    scale = min(MASK_SIZE / min(visible.shape), 1.0)
    grid = np.ix_(*(((np.arange(round(n * scale)) + 0.5) / scale).astype(int) for n in visible.shape))
    step = picture.shape[0] / visible.shape[0]
    small = picture[tuple((i * step).astype(int) for i in grid)].astype(float) / 255
    shown = visible[grid]
    around = dilated(shown, 6) & ~dilated(shown, 1)
    if not shown.any() or not around.any():
        return 0.0
    difference = small[shown] - small[around].mean(0)
    return float(np.sqrt((difference**2).sum(1).mean() / 3))


def dilated(mask: NDArray[np.bool_], steps: int) -> NDArray[np.bool_]:
    ndimage = importlib.import_module("scipy.ndimage")
    return np.asarray(ndimage.binary_dilation(mask, iterations=steps), dtype=bool)
