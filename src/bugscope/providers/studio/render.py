"""A stage -> pixels, with Mitsuba 3 and Open Image Denoise.

Two variants give equally good pictures that differ only in noise: `scalar` runs everywhere; `llvm` is several times faster
where a working LLVM library is found (a wrong one aborts the process, so `variants.py` probes in a child). In the
llvm variant every kernel is compiled once and kept on disk, so the scene always has one skeleton: the same number of shapes of
each kind, filled up with specks outside the view, every colour a bitmap, one lens.
"""

import importlib
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .film import develop
from .geometry import Mesh, join
from .materials import Material, Part
from .scene import Scene
from .stage import Spot, Stage, build
from .textures import linear

SIZE = 224
SAMPLES = 4
DEPTH = 6
APERTURE = 0.012
FOCUS = 0.93
MASK_SIZE = 96
MASK_FIELD = 1.5
"""The factor of a wider frame in which the object is drawn too, to know what share of it is out of frame."""

SLOTS = {"principled": 14, "bump": 3, "glass": 1, "thin glass": 1, "cut-out": 1, "light": 1}
"""Shapes of each kind in the llvm skeleton; a scene that needs more compiles a kernel of its own."""


@dataclass(frozen=True, slots=True)
class View:
    """How much of the object the picture shows: 0 in an empty scene. Shares are of the frame (`area`) and of the silhouette
    (`share`)."""

    area: float
    share: float
    contrast: float


@dataclass(frozen=True, slots=True, eq=False)
class Traced:
    """`radiance` [h, w, 3], linear; `depth` [h, w] in camera distances; `shows` [m, m]: where the object is seen; `whole`: how
    many such pixels its whole silhouette has, in frame or not."""

    radiance: NDArray[np.float64]
    depth: NDArray[np.float64]
    shows: NDArray[np.bool_]
    whole: int


class Renderer:
    """`Renderer("scalar")(scene) -> (uint8 [224, 224, 3], View)`. One per process: Mitsuba's variant is global."""

    def __init__(self, variant: str, *, size: int = SIZE, samples: int = SAMPLES, threads: int = 1) -> None:
        self.mi: Any = importlib.import_module("mitsuba")
        self.mi.set_variant({"scalar": "scalar_rgb", "llvm": "llvm_ad_rgb"}[variant])
        # Mitsuba prints warnings on stdout, which belongs to the caller's --json
        self.mi.set_log_level(self.mi.LogLevel.Error)
        self.dr: Any = importlib.import_module("drjit")
        self.dr.set_thread_count(threads)
        self.mi.Thread.thread()
        self.oidn: Any = importlib.import_module("mitsuba_oidn")
        self.uniform = variant == "llvm"
        self.size, self.samples = size, samples

    def __call__(self, scene: Scene) -> tuple[NDArray[np.uint8], View]:
        return finished(self.trace(scene), scene)

    def trace(self, scene: Scene) -> Traced:
        """The light of the scene, before it becomes a picture."""
        stage = build(scene)
        objects = self._shapes(stage.objects)
        everything = self.mi.load_dict(
            {"type": "scene", **self._light(stage), **objects, **self._shapes(stage.rest, "r"), **self._specks(stage)}
        )
        seed = int(scene.rng("paths").integers(1 << 30))
        raw = self._render(everything, stage, self.size, self.samples, seed, guides=True)
        radiance = np.clip(np.nan_to_num(raw[..., :3], nan=0.0, posinf=80.0), 0, 80).astype(np.float32)
        albedo = np.clip(np.nan_to_num(raw[..., 3:6]), 0, 1).astype(np.float32)
        normal = np.clip(np.nan_to_num(raw[..., 6:9]), -1, 1).astype(np.float32)
        clean = self.oidn.denoise(*map(np.ascontiguousarray, (radiance, albedo, normal)), hdr=True)
        depth = np.nan_to_num(raw[..., 9]).astype(np.float64)
        return Traced(np.asarray(clean, dtype=np.float64), depth, *self._object(stage, objects, everything))

    # --- what the judge needs -------------------------------------------------------------------------------------------

    def _object(self, stage: Stage, objects: dict[str, Any], everything: Any) -> tuple[NDArray[np.bool_], int]:
        """`Traced.shows` and `Traced.whole`, by first hits of the object alone, in a wider frame, and of the whole scene."""
        if not objects:
            return np.zeros((MASK_SIZE, MASK_SIZE), dtype=np.bool_), 0
        alone = self.mi.load_dict({"type": "scene", **objects})
        wide = round(MASK_SIZE * MASK_FIELD)
        silhouette = self._depth(alone, stage, wide, MASK_FIELD)
        edge = (wide - MASK_SIZE) // 2
        inside = silhouette[edge : edge + MASK_SIZE, edge : edge + MASK_SIZE]
        seen = self._depth(everything, stage, MASK_SIZE, 1.0)
        visible = (inside > 0) & (np.abs(seen - inside) < 0.02 * np.maximum(inside, 1e-6))
        return visible, int((silhouette > 0).sum())

    def _depth(self, scene: Any, stage: Stage, size: int, widen: float) -> NDArray[np.float64]:
        depth = self._render(scene, stage, size, 1, 0, guides=False, widen=widen)[..., 0]
        return np.nan_to_num(depth).astype(np.float64)

    # --- Mitsuba --------------------------------------------------------------------------------------------------------

    def _render(
        self, scene: Any, stage: Stage, size: int, samples: int, seed: int, *, guides: bool, widen: float = 1.0
    ) -> NDArray[np.float32]:
        """Channels [h, w, c]: rgb, albedo, normal, depth with guides, else depth alone through a pinhole."""
        mi = self.mi
        lens = {"type": "thinlens", "aperture_radius": APERTURE, "focus_distance": FOCUS} if guides else {"type": "perspective"}
        field = 2 * np.degrees(np.arctan(widen * np.tan(np.radians(stage.field_of_view / 2))))
        up = [0, 0, 1] if abs(stage.eye[0]) + abs(stage.eye[1]) > 1e-3 else [0, 1, 0]
        sensor = mi.load_dict(
            {
                **lens,
                "fov": float(field),
                "near_clip": 1e-3,
                "far_clip": 1e3,
                "to_world": mi.ScalarTransform4f().look_at(list(stage.eye), list(stage.target), up),
                "film": {
                    "type": "hdrfilm", "width": size, "height": size, "pixel_format": "rgb",
                    "component_format": "float32", "rfilter": {"type": "box"},
                },
                "sampler": {"type": "stratified" if samples in (4, 9, 16) else "independent", "sample_count": samples},
            }
        )  # fmt: skip
        return np.array(mi.render(scene, sensor=sensor, integrator=self._integrator(guides), spp=samples, seed=seed))

    @cache  # noqa: B019  (a renderer lives as long as its process)
    def _integrator(self, guides: bool) -> Any:
        aovs = "al:albedo,nn:sh_normal,dd:depth" if guides else "dd:depth"
        path = {"img": {"type": "path", "max_depth": DEPTH, "rr_depth": 4}} if guides else {}
        return self.mi.load_dict({"type": "aov", "aovs": aovs, **path})

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

    def _shapes(self, parts: list[Part], prefix: str = "o") -> dict[str, Any]:
        return {f"{prefix}{i}": self._shape(part) for i, part in enumerate(merged(parts))}

    def _specks(self, stage: Stage) -> dict[str, Any]:
        """Dummies that fill the llvm skeleton, far below and behind the camera."""
        if not self.uniform:
            return {}
        used: dict[str, int] = dict.fromkeys(SLOTS, 0)
        for part in [*merged(stage.objects), *merged(stage.rest)]:
            used[slot(part)] = used.get(slot(part), 0) + 1
        specks = [_speck(kind) for kind, n in SLOTS.items() for _ in range(max(0, n - used[kind]))]
        return {f"z{i}": self._shape(part) for i, part in enumerate(specks)}

    def _shape(self, part: Part) -> Any:
        mi, mesh = self.mi, part.mesh if part.mesh.normals is not None else part.mesh.smoothed()
        properties = mi.Properties()
        properties["bsdf"] = self._bsdf(part.material)
        if part.emission is not None:
            radiance = self._texture(np.asarray(part.emission, float), 1.0, clip=False)
            properties["emitter"] = mi.load_dict({"type": "area", "radiance": radiance})
        shape = mi.Mesh(
            "part", vertex_count=len(mesh.vertices), face_count=len(mesh.faces),
            has_vertex_normals=True, has_vertex_texcoords=True, props=properties,
        )  # fmt: skip
        parameters = mi.traverse(shape)
        parameters["vertex_positions"] = np.ascontiguousarray(mesh.vertices, np.float32).ravel()
        parameters["vertex_normals"] = np.ascontiguousarray(mesh.normals, np.float32).ravel()
        parameters["vertex_texcoords"] = np.ascontiguousarray(mesh.uv, np.float32).ravel()
        parameters["faces"] = np.ascontiguousarray(mesh.faces, np.uint32).ravel()
        parameters.update()
        return shape

    def _bsdf(self, material: Material) -> Any:
        colour = self._texture(linear(np.asarray(material.colour, float)), material.repeat)
        if material.kind in ("glass", "water"):
            index = 1.5 if material.kind == "glass" else 1.33
            return self.mi.load_dict({"type": "dielectric", "int_ior": index, "specular_transmittance": colour})
        if material.kind == "thin glass":
            return self.mi.load_dict({"type": "thindielectric", "specular_transmittance": colour})
        bsdf: dict[str, Any]
        if material.kind == "diffuse" and not self.uniform:
            bsdf = {"type": "diffuse", "reflectance": colour}
        else:
            bsdf = {"type": "principled", "base_color": colour, **self._gloss(material)}
        if material.bump is not None:
            relief = self._texture(np.asarray(material.bump, float) * material.bump_scale, material.repeat, clip=False)
            bsdf = {"type": "bumpmap", "arbitrary": relief, "scale": 1.0, "nested": bsdf}
        bsdf = {"type": "twosided", "nested": bsdf}
        if material.opacity is not None:
            bsdf = {"type": "mask", "opacity": self._texture(np.asarray(material.opacity, float), 1.0), "nested": bsdf}
        return self.mi.load_dict(bsdf)

    def _gloss(self, material: Material) -> dict[str, float]:
        if material.kind == "diffuse":
            return {"roughness": 1.0, "metallic": 1e-4, "specular": 0.0, "clearcoat": 1e-4, "clearcoat_gloss": 0.95}
        gloss = {"roughness": float(material.roughness), "specular": float(material.specular)}
        if material.metallic or self.uniform:
            gloss["metallic"] = max(float(material.metallic), 1e-4)
        if material.clearcoat or self.uniform:
            gloss |= {"clearcoat": max(float(material.clearcoat), 1e-4), "clearcoat_gloss": 0.95}
        return gloss

    def _texture(self, value: NDArray[np.float64], repeat: float, clip: bool = True) -> dict[str, Any]:
        if value.ndim == 1:
            if not self.uniform:
                return {"type": "rgb", "value": [float(c) for c in value]}
            value = np.broadcast_to(value, (2, 2, 3))
        if value.ndim == 2:
            value = value[..., None]
        pixels = np.ascontiguousarray(np.clip(value, 0, 1) if clip else value, dtype=np.float32)
        texture: dict[str, Any] = {"type": "bitmap", "bitmap": self.mi.Bitmap(pixels), "raw": True}
        if repeat != 1.0:
            texture["to_uv"] = self.mi.ScalarTransform3f().scale([repeat, repeat])
        return texture


def slot(part: Part) -> str:
    """The kind of shape in the llvm skeleton."""
    if part.emission is not None:
        return "light"
    if part.material.opacity is not None:
        return "cut-out"
    if part.material.kind in ("glass", "water"):
        return "glass"
    if part.material.kind == "thin glass":
        return "thin glass"
    return "bump" if part.material.bump is not None else "principled"


def merged(parts: Iterable[Part]) -> list[Part]:
    """Parts of one and the same material become one shape: companions, the planks of a fence."""
    groups: dict[tuple[int, int], list[Part]] = {}
    for part in parts:
        groups.setdefault((id(part.material), id(part.emission)), []).append(part)
    return [replace(g[0], mesh=join([p.mesh for p in g])) if len(g) > 1 else g[0] for g in groups.values()]


def _speck(kind: str) -> Part:
    corner = np.array([[0.0, 0.0, 0.0], [1e-3, 0.0, 0.0], [0.0, 1e-3, 0.0]]) + np.array([0.0, 0.0, -90.0])
    up = np.tile([0.0, 0.0, 1.0], (3, 1))
    mesh = Mesh(corner, np.array([[0, 1, 2]], dtype=np.int32), np.zeros((3, 2)), up)
    material = {
        "bump": Material((0.5, 0.5, 0.5), bump=np.zeros((2, 2))),
        "glass": Material((1.0, 1.0, 1.0), kind="glass"),
        "thin glass": Material((1.0, 1.0, 1.0), kind="thin glass"),
        "cut-out": Material((0.5, 0.5, 0.5), opacity=np.ones((2, 2))),
    }.get(kind, Material((0.5, 0.5, 0.5)))
    return Part(mesh, material, emission=(0.0, 0.0, 0.0) if kind == "light" else None)


def finished(traced: Traced, scene: Scene) -> tuple[NDArray[np.uint8], View]:
    """The picture, and how much of the object it shows once everything is done to it."""
    picture, shot = develop(traced.radiance, traced.depth, scene, traced.shows.astype(np.int32))
    visible = shot.regions > 0
    if not traced.whole:
        return picture, View(0.0, 0.0, 0.0)
    share = float(shot.area[visible].sum()) / traced.whole
    return picture, View(float(visible.mean()), share, contrast(picture, visible))


def contrast(picture: NDArray[np.uint8], visible: NDArray[np.bool_]) -> float:
    """How far the object stands out: RMS distance in sRGB [0, 1] of its pixels from the mean of the ring around it.

    A pattern on the object counts as well as a difference from the background; fog and darkness lower both.
    """
    step = picture.shape[0] / visible.shape[0]
    index = ((np.arange(visible.shape[0]) + 0.5) * step).astype(int)
    small = picture[index][:, index].astype(float) / 255
    around = dilated(visible, 6) & ~dilated(visible, 1)
    if not visible.any() or not around.any():
        return 0.0
    difference = small[visible] - small[around].mean(0)
    return float(np.sqrt((difference**2).sum(1).mean() / 3))


def dilated(mask: NDArray[np.bool_], steps: int) -> NDArray[np.bool_]:
    ndimage = importlib.import_module("scipy.ndimage")
    return np.asarray(ndimage.binary_dilation(mask, iterations=steps), dtype=bool)
