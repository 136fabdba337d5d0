"""Meshes and the few primitives that all objects are made of. Pure numpy; z is up, the front faces -y, any unit of length."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import manifold3d
import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import interpolate

Array = NDArray[np.float64]
Faces = NDArray[np.int32]
X, Y, Z = (1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0)
PI = float(np.pi)


@dataclass(slots=True, eq=False)
class Mesh:
    """Triangles. vertices [v, 3], faces [f, 3] counter-clockwise seen from outside, uv [v, 2], unit normals [v, 3] or None."""

    vertices: Array
    faces: Faces
    uv: Array
    normals: Array | None = None

    def copy(self) -> "Mesh":
        normals = None if self.normals is None else self.normals.copy()
        return Mesh(self.vertices.copy(), self.faces.copy(), self.uv.copy(), normals)

    def moved(
        self,
        scale: float | Sequence[float] | Array = 1.0,
        rotate: tuple[Sequence[float], float] | Array | None = None,
        shift: Sequence[float] | Array = (0.0, 0.0, 0.0),
    ) -> "Mesh":
        """Scaled, then rotated ((axis, degrees) or a 3x3 matrix), then shifted. A mirroring scale keeps the outside out."""
        factor = np.broadcast_to(np.asarray(scale, float), (3,))
        if np.any(factor == 0):
            raise ValueError(f"scale {scale!r} must not be zero")
        vertices, normals, faces = self.vertices * factor, self.normals, self.faces
        if normals is not None:
            normals = _unit(normals / factor)
        if np.prod(factor) < 0:
            faces = np.ascontiguousarray(faces[:, ::-1])
        if rotate is not None:
            matrix = rotation(*rotate) if isinstance(rotate, tuple) else np.asarray(rotate, float)
            vertices = vertices @ matrix.T
            normals = None if normals is None else normals @ matrix.T
        return Mesh(vertices + np.asarray(shift, float), faces, self.uv, normals)

    def smoothed(self) -> "Mesh":
        """With normals averaged over the faces that meet at a position (weighted by area)."""
        _, index = np.unique(np.round(self.vertices * 1e5).astype(np.int64), axis=0, return_inverse=True)
        index = index.ravel()
        a, b, c = (self.vertices[self.faces[:, i]] for i in range(3))
        face_normals = np.cross(b - a, c - a)
        total = np.zeros((int(index.max()) + 1, 3))
        for i in range(3):
            np.add.at(total, index[self.faces[:, i]], face_normals)
        return Mesh(self.vertices, self.faces, self.uv, _unit(total[index]))

    def flattened(self) -> "Mesh":
        """With one normal per face, so that edges look sharp."""
        vertices = self.vertices[self.faces].reshape(-1, 3)
        a, b, c = (self.vertices[self.faces[:, i]] for i in range(3))
        normals = _unit(np.cross(b - a, c - a))
        faces = np.arange(len(vertices), dtype=np.int32).reshape(-1, 3)
        return Mesh(vertices, faces, self.uv[self.faces].reshape(-1, 2), np.repeat(normals, 3, axis=0))


def join(meshes: Iterable[Mesh]) -> Mesh:
    """One mesh of many; those without normals are smoothed first."""
    done = [m if m.normals is not None else m.smoothed() for m in meshes]
    offsets = np.cumsum([0, *(len(m.vertices) for m in done[:-1])])
    return Mesh(
        np.vstack([m.vertices for m in done]),
        np.vstack([m.faces + o for m, o in zip(done, offsets, strict=True)]).astype(np.int32),
        np.vstack([m.uv for m in done]),
        np.vstack([m.normals for m in done if m.normals is not None]),
    )


def rotation(axis: Sequence[float], degrees: float) -> Array:
    """Rotation matrix [3, 3] about `axis` (Rodrigues)."""
    k = np.asarray(axis, float)
    k = k / np.linalg.norm(k)
    angle = np.radians(degrees)
    cross = np.array([[0, -k[2], k[1]], [k[2], 0, -k[0]], [-k[1], k[0], 0]])
    return np.asarray(np.eye(3) + np.sin(angle) * cross + (1 - np.cos(angle)) * cross @ cross)


def _unit(vectors: Array) -> Array:
    length = np.linalg.norm(vectors, axis=-1, keepdims=True)
    upright = np.broadcast_to(np.array(Z), vectors.shape)
    return np.where(length > 1e-12, vectors / np.maximum(length, 1e-12), upright)


def grid_faces(rows: int, columns: int) -> Faces:
    """Triangles [2 (rows - 1)(columns - 1), 3] of a grid of vertices, row by row."""
    corner = (np.arange(rows - 1)[:, None] * columns + np.arange(columns - 1)[None]).ravel()
    a, b, c, d = corner, corner + 1, corner + columns, corner + columns + 1
    return np.vstack([np.stack([a, b, d], 1), np.stack([a, d, c], 1)]).astype(np.int32)


# --- curves -------------------------------------------------------------------------------------------------------------


def spline(points: ArrayLike, n: int = 60, degree: int = 3, closed: bool = False) -> Array:
    """`n` points [n, d] on an interpolating spline through `points` [k, d]."""
    knots = np.asarray(points, float)
    if closed:
        knots = np.vstack([knots, knots[:1]])
    curve: Any
    curve, _ = interpolate.splprep(knots.T, s=0, k=min(degree, len(knots) - 1), per=closed)
    return np.array(interpolate.splev(np.linspace(0, 1, n), curve)).T


def circle(radius: float, n: int = 48, centre: Sequence[float] = (0.0, 0.0), phase: float = 0.0) -> Array:
    """Points [n, 2], counter-clockwise; phase in radians."""
    t = np.linspace(0, 2 * PI, n, endpoint=False) + phase
    return np.stack([centre[0] + radius * np.cos(t), centre[1] + radius * np.sin(t)], 1)


def rectangle(width: float, height: float, centre: Sequence[float] = (0.0, 0.0)) -> Array:
    w, h = width / 2, height / 2
    return np.array([[-w, -h], [w, -h], [w, h], [-w, h]]) + np.asarray(centre, float)


def rounded_rectangle(width: float, height: float, radius: float, n: int = 8, centre: Sequence[float] = (0.0, 0.0)) -> Array:
    """Outline [4 n, 2] with circular corners of `n` points."""
    w, h = width / 2 - radius, height / 2 - radius
    quarter = np.radians(np.linspace(0, 90, n))
    corners = [
        np.stack([x + radius * np.cos(quarter + turn), y + radius * np.sin(quarter + turn)], 1)
        for x, y, turn in ((w, h, 0.0), (-w, h, PI / 2), (-w, -h, PI), (w, -h, 1.5 * PI))
    ]
    return np.vstack(corners) + np.asarray(centre, float)


# --- solids -------------------------------------------------------------------------------------------------------------


def revolve(profile: Any, n: int = 72, arc: float = 2 * PI) -> Mesh:
    """A surface of revolution about z from (radius, z) points, or from a list of such segments (sharp between them).

    Profiles run upwards on the outside. uv: u once around a full turn, v along the profile's length.
    """
    nested = isinstance(profile, (list, tuple)) and np.ndim(profile[0]) == 2
    segments = [np.asarray(s, float) for s in (profile if nested else [profile])]
    lengths = [np.r_[0, np.cumsum(np.linalg.norm(np.diff(s, axis=0), axis=1))] for s in segments]
    total, done = sum(float(v[-1]) for v in lengths), 0.0
    angle = np.linspace(0, arc, n + 1)
    around = np.stack([np.cos(angle), np.sin(angle)], -1)
    pieces = []
    for segment, length in zip(segments, lengths, strict=True):
        tangent = np.gradient(segment, axis=0)
        normal = _unit(np.stack([tangent[:, 1], -tangent[:, 0], np.zeros(len(segment))], 1))[:, :2]
        pieces.append(
            Mesh(
                _swept(segment, around),
                grid_faces(len(segment), n + 1),
                np.stack(np.broadcast_arrays((angle / (2 * PI))[None], ((length + done) / total)[:, None]), -1).reshape(-1, 2),
                _unit(_swept(normal, around)),
            )
        )
        done += float(length[-1])
    return join(pieces)


def _swept(profile: Array, around: Array) -> Array:
    """(radius, z) [k, 2] x (cos, sin) [n, 2] -> points [k n, 3]."""
    flat = profile[:, None, :1] * around[None]
    height = np.broadcast_to(profile[:, 1][:, None, None], (*flat.shape[:2], 1))
    return np.concatenate([flat, height], -1).reshape(-1, 3)


def cylinder(radius: float, height: float, n: int = 48, top_radius: float | None = None, caps: bool = True) -> Mesh:
    """On z = 0..height."""
    top = radius if top_radius is None else top_radius
    segments = [[(radius, 0), (top, height)]]
    if caps:
        segments = [[(0.0, 0), (radius, 0)], *segments, [(top, height), (0.0, height)]]
    return revolve(segments, n)


def rounded_cylinder(radius: float, height: float, bevel: float, n: int = 48) -> Mesh:
    low, high = np.linspace(-PI / 2, 0, 6), np.linspace(0, PI / 2, 6)
    inner = radius - bevel
    side = [(inner + bevel * np.cos(t), bevel + bevel * np.sin(t)) for t in low]
    side += [(inner + bevel * np.cos(t), height - bevel + bevel * np.sin(t)) for t in high]
    return revolve([[(0, 0), side[0]], side, [side[-1], (0, height)]], n)


def sphere(radius: float = 1.0, n: int = 96, rings: int = 48, displace: Any = None) -> Mesh:
    """`displace`: directions [r, n, 3] -> factor of the radius [r, n]. uv: u around, v from the north pole."""
    polar, around = np.linspace(0, PI, rings + 1), np.linspace(0, 2 * PI, n + 1)
    ring = np.sin(polar)[:, None]
    height = np.broadcast_to(np.cos(polar)[:, None], (rings + 1, n + 1))
    directions = np.stack([ring * np.cos(around), ring * np.sin(around), height], -1)
    factor = 1.0 if displace is None else np.asarray(displace(directions))[..., None]
    uv = np.stack(np.meshgrid(around / (2 * PI), polar / PI), -1).reshape(-1, 2)
    faces = np.ascontiguousarray(grid_faces(rings + 1, n + 1)[:, ::-1])
    return Mesh((directions * factor * radius).reshape(-1, 3), faces, uv).smoothed()


def torus(major: float, minor: float, n: int = 64, sides: int = 24, arc: float = 2 * PI, start: float = 0.0) -> Mesh:
    """In the xy plane; angles in radians."""
    angle = start + np.linspace(0, arc, n + 1)
    path = np.stack([major * np.cos(angle), major * np.sin(angle), 0 * angle], -1)
    return tube(path, minor, sides, closed=abs(arc - 2 * PI) < 1e-6)


def tube(path: ArrayLike, radius: ArrayLike, sides: int = 16, closed: bool = False, caps: bool = True) -> Mesh:
    """A round tube along `path` [k, 3]; one radius or one per point. uv: u around, v along."""
    points = np.asarray(path, float)
    k = len(points)
    tangents = np.gradient(points, axis=0)
    if closed:
        tangents[0] = tangents[-1] = points[1] - points[-2]
    tangents = _unit(tangents)
    across = _parallel(tangents)
    third = np.cross(tangents, across)
    angle = np.linspace(0, 2 * PI, sides + 1)
    directions = across[:, None] * np.cos(angle)[None, :, None] + third[:, None] * np.sin(angle)[None, :, None]
    ring = points[:, None] + np.broadcast_to(np.asarray(radius, float), (k,))[:, None, None] * directions
    uv = np.stack(np.broadcast_arrays((angle / (2 * PI))[None], np.linspace(0, 1, k)[:, None]), -1).reshape(-1, 2)
    pieces = [Mesh(ring.reshape(-1, 3), grid_faces(k, sides + 1), uv, directions.reshape(-1, 3).copy())]
    if caps and not closed:
        fan = np.array([[0, 1 + i, 2 + i] for i in range(sides)], dtype=np.int32)
        for end, sign in ((0, -1.0), (-1, 1.0)):
            vertices = np.vstack([points[end][None], ring[end]])
            normals = np.repeat(sign * tangents[end][None], len(vertices), 0)
            pieces.append(
                Mesh(
                    vertices,
                    fan if sign > 0 else np.ascontiguousarray(fan[:, ::-1]),
                    np.zeros((len(vertices), 2)),
                    normals,
                )
            )
    return join(pieces)


def _parallel(tangents: Array) -> Array:
    """A frame that twists as little as possible along a path: unit vectors across the tangents [k, 3]."""
    first = np.cross(tangents[0], Z)
    if np.linalg.norm(first) < 1e-3:
        first = np.cross(tangents[0], Y)
    across = np.empty_like(tangents)
    for i, tangent in enumerate(tangents):
        first = first - tangent * (tangent @ first)
        first = first / max(float(np.linalg.norm(first)), 1e-12)
        across[i] = first
    return across


def rounded_box(x: float, y: float, z: float, bevel: float = 0.02, steps: int = 6) -> Mesh:
    """Centred, with edges rounded by `bevel`. uv: each face from 0 to 1."""
    half = np.array([x, y, z]) / 2.0
    bevel = min(bevel, float(half.min()) * 0.99)

    def ticks(h: float) -> Array:
        edge = np.linspace(-PI / 4, 0, steps)
        return np.r_[-(h - bevel) + bevel * np.tan(edge), (h - bevel) - bevel * np.tan(edge[::-1])]

    pieces = []
    for axis in range(3):
        u, v = (axis + 1) % 3, (axis + 2) % 3
        across, along = ticks(half[u]), ticks(half[v])
        a, b = np.meshgrid(across, along)
        for sign in (-1, 1):
            surface = np.zeros((*a.shape, 3))
            surface[..., u], surface[..., v], surface[..., axis] = a, b, sign * half[axis]
            core = np.clip(surface, -(half - bevel), half - bevel)
            normals = _unit(surface - core)
            uv = np.stack([(a / half[u] + 1) / 2, (b / half[v] + 1) / 2], -1).reshape(-1, 2)
            faces = grid_faces(len(along), len(across))
            if sign < 0:
                faces = np.ascontiguousarray(faces[:, ::-1])
            pieces.append(Mesh((core + bevel * normals).reshape(-1, 3), faces, uv, normals.reshape(-1, 3)))
    return join(pieces)


def block(x: float, y: float, z: float, at: tuple[float, float, float], bevel: float = 0.03, steps: int = 3) -> Mesh:
    """A rounded box with its middle at `at`."""
    return rounded_box(x, y, z, bevel, steps).moved(shift=at)


def box(x: float, y: float, z: float) -> Mesh:
    """Centred, with hardly rounded edges."""
    return rounded_box(x, y, z, min(x, y, z) * 0.06, 3)


def quad(width: float, height: float, repeat: float = 1.0) -> Mesh:
    """In the xz plane, centred, facing -y; v = 0 at the top."""
    w, h = width / 2, height / 2
    vertices = np.array([[-w, 0, -h], [w, 0, -h], [w, 0, h], [-w, 0, h]])
    uv = np.array([[0, 1], [1, 1], [1, 0], [0, 0]]) * float(repeat)
    return Mesh(vertices, np.array([[0, 1, 2], [0, 2, 3]], dtype=np.int32), uv, np.tile([0.0, -1.0, 0.0], (4, 1)))


def plane(half: float, repeat: float = 1.0) -> Mesh:
    """The square of half-width `half` at z = 0, facing up; the texture repeats `repeat` times."""
    vertices = np.array([[-half, -half, 0], [half, -half, 0], [half, half, 0], [-half, half, 0]], dtype=float)
    uv = np.array([[0, 0], [1, 0], [1, 1], [0, 1]]) * float(repeat)
    return Mesh(vertices, np.array([[0, 1, 2], [0, 2, 3]], dtype=np.int32), uv, np.tile([0.0, 0.0, 1.0], (4, 1)))


def extrude(polygons: Sequence[ArrayLike], height: float) -> Mesh:
    """Outlines [k, 2] (even-odd: an outline inside another is a hole), raised to z = 0..height, sharp edges."""
    outlines = [np.asarray(p, float) for p in polygons]
    solid = manifold3d.CrossSection(outlines, manifold3d.FillRule.EvenOdd).extrude(height).to_mesh()
    vertices = np.array(solid.vert_properties, dtype=float)[:, :3]
    low, high = vertices[:, :2].min(0), vertices[:, :2].max(0)
    uv = (vertices[:, :2] - low) / np.maximum(high - low, 1e-12)
    uv[:, 1] = 1 - uv[:, 1]
    return Mesh(vertices, np.array(solid.tri_verts, dtype=np.int32), uv).flattened()
