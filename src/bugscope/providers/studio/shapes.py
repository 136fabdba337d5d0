"""Parts -> Mitsuba's shapes, with their materials and textures."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .geometry import Mesh, join
from .materials import Material, Part
from .textures import linear

SLOTS = {"principled": 14, "bump": 3, "glass": 1, "thin glass": 1, "cut-out": 1, "light": 1}
"""Shapes of each kind in the skeleton; a scene that needs more compiles a kernel of its own."""


class Shapes:
    """`uniform`: every scene with the same number of shapes of each kind, and every colour a bitmap."""

    def __init__(self, mitsuba: Any, uniform: bool) -> None:
        self.mi, self.uniform = mitsuba, uniform

    def of(self, parts: Iterable[Part], prefix: str) -> dict[str, Any]:
        """The shapes of merged parts, by name."""
        return {f"{prefix}{i}": self._shape(part) for i, part in enumerate(parts)}

    def specks(self, parts: Iterable[Part]) -> dict[str, Any]:
        """Dummies that fill the skeleton beside the merged parts, far below and behind the camera."""
        if not self.uniform:
            return {}
        used: dict[str, int] = dict.fromkeys(SLOTS, 0)
        for part in parts:
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
    """The kind of shape in the skeleton."""
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
    """Parts of one thing and one material become one shape: the planks of a fence."""
    groups: dict[tuple[int, int, int], list[Part]] = {}
    for part in parts:
        groups.setdefault((part.of, id(part.material), id(part.emission)), []).append(part)
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
