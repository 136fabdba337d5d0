"""What lies about on a ground in large numbers: stones, fallen leaves, the clutter of a table. Each kind is one or two shapes,
whose colours are picked from a palette by uv."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .geometry import Mesh, Z, box, cylinder, join, rounded_box, sphere
from .materials import Material, Part
from .scene import Random
from .textures import fbm, vivid

Array = NDArray[np.float64]
GOLDEN = (1 + 5**0.5) / 2


def palette(colours: ArrayLike) -> Array:
    """A picture [1, n, 3] of colours, side by side."""
    return np.clip(np.asarray(colours, float), 0, 1)[None]


def copies(template: Array, faces: ArrayLike, places: Array, turns: Array, shades: Array, normals: Array | None = None) -> Mesh:
    """One mesh of n things: template vertices [n, k, 3] turned by matrices [n, 3, 3] and put at places [n, 3]; `shades` [n] is
    where on a palette each takes its colour."""
    n, k = template.shape[:2]
    vertices = np.einsum("nij,nkj->nki", turns, template) + places[:, None]
    all_faces = (np.asarray(faces)[None] + k * np.arange(n)[:, None, None]).reshape(-1, 3)
    uv = np.repeat(np.stack([shades, np.full(n, 0.5)], 1), k, 0)
    mesh = Mesh(vertices.reshape(-1, 3), all_faces.astype(np.int32), uv)
    if normals is None:
        return mesh.smoothed()
    mesh.normals = np.einsum("nij,nkj->nki", turns, normals).reshape(-1, 3)
    return mesh


def turned(tilt: Array, spin: Array) -> Array:
    """Rotations [n, 3, 3]: by `spin` about z, then tilted by the angles `tilt` [n, 2] about x and y."""
    (cx, cy), (sx, sy) = np.cos(tilt).T, np.sin(tilt).T
    c, s, one, zero = np.cos(spin), np.sin(spin), np.ones(len(spin)), np.zeros(len(spin))
    about_z = np.array([[c, -s, zero], [s, c, zero], [zero, zero, one]])
    about_x = np.array([[one, zero, zero], [zero, cx, -sx], [zero, sx, cx]])
    about_y = np.array([[cy, zero, sy], [zero, one, zero], [-sy, zero, cy]])
    return np.asarray(np.einsum("ijn,jkn,kln->nil", about_y, about_x, about_z))


def _spread(rng: Random, n: int, reach: float) -> Array:
    """Places [n, 2] up to `reach` from the middle, denser there."""
    radius, angle = reach * rng.random(n) ** 0.62, rng.uniform(0, 2 * np.pi, n)
    return np.stack([radius * np.cos(angle), radius * np.sin(angle)], 1)


# --- stones and leaves --------------------------------------------------------------------------------------------------

_CORNERS = np.array(
    [[0, s, t * GOLDEN] for s in (-1, 1) for t in (-1, 1)]
    + [[s, t * GOLDEN, 0] for s in (-1, 1) for t in (-1, 1)]
    + [[t * GOLDEN, 0, s] for s in (-1, 1) for t in (-1, 1)]
) / np.hypot(1, GOLDEN)  # fmt: skip


def _icosahedron() -> NDArray[np.int32]:
    near = np.linalg.norm(_CORNERS[:, None] - _CORNERS[None], axis=2) < 1.06
    faces = [
        (i, j, k)
        for i in range(12)
        for j in range(i + 1, 12)
        for k in range(j + 1, 12)
        if near[i, j] and near[j, k] and near[i, k]
    ]
    outward = [np.linalg.det(_CORNERS[list(f)]) > 0 for f in faces]
    return np.array([f if out else f[::-1] for f, out in zip(faces, outward, strict=True)], dtype=np.int32)


def stones(rng: Random, size: float) -> Part:
    """Gravel of rounded pebbles."""
    n = 4200
    places = _spread(rng, n, 5.0 * size)
    away = np.linalg.norm(places, axis=1) / size
    radius = size * rng.uniform(0.03, 0.06, n) * (1 + away / 4)
    lumps = rng.uniform(0.8, 1.2, (n, 12, 1)) * _CORNERS
    shape = lumps * (radius[:, None] * rng.uniform((0.8, 0.6, 0.45), (1.3, 1.0, 0.7), (n, 3)))[:, None]
    heights = -0.35 * radius + rng.uniform(-0.2, 0.2, n) * radius
    turns = turned(rng.normal(0, 0.3, (n, 2)), rng.uniform(0, 2 * np.pi, n))
    normals = shape / np.linalg.norm(shape, axis=2, keepdims=True)
    mesh = copies(shape, _icosahedron(), np.column_stack([places, heights]), turns, rng.random(n), normals)
    tones = rng.uniform(0.28, 0.72, (64, 1)) * (1 + rng.normal(0, 0.05, (64, 3)) + (0.04, 0.0, -0.05))
    return Part(mesh, Material(palette(tones), kind="diffuse"))


_OUTLINE = np.array([(0, 0), (0.2, 0.12), (0.34, 0.36), (0.26, 0.66), (0, 1), (-0.26, 0.66), (-0.34, 0.36), (-0.2, 0.12)])


def leaves(rng: Random, size: float) -> Part:
    """Autumn leaves, curled, one on another."""
    n = 5200
    places = _spread(rng, n, 5.5 * size)
    away = np.linalg.norm(places, axis=1) / size
    flat = np.vstack([(0.0, 0.5), _OUTLINE]) - (0.0, 0.5)
    curl = rng.normal(0.15, 0.5, (n, 2))
    lift = curl[:, :1] * flat[:, 0] ** 2 * 2 + curl[:, 1:] * flat[:, 1] ** 2
    length = size * rng.uniform(0.14, 0.26, n) * (1 + away / 8)
    wide = rng.uniform(0.8, 1.5, (n, 1)) * flat[:, 0]
    shape = np.stack([wide, np.broadcast_to(flat[:, 1], wide.shape), lift], -1) * length[:, None, None]
    heights = rng.uniform(0.0, 0.03, n) * size
    turns = turned(rng.normal(0, 0.14, (n, 2)), rng.uniform(0, 2 * np.pi, n))
    faces = [(0, 1 + i, 1 + (i + 1) % 8) for i in range(8)]
    mesh = copies(shape, faces, np.column_stack([places, heights]), turns, rng.random(n))
    kinds = np.array([(0.62, 0.3, 0.06), (0.72, 0.5, 0.1), (0.5, 0.14, 0.06), (0.38, 0.22, 0.1), (0.5, 0.46, 0.14)])
    colours = kinds[rng.integers(0, 5, 64)] * rng.uniform(0.65, 1.15, (64, 1))
    return Part(mesh, Material(palette(colours), roughness=0.7, specular=0.25))


GRATING = 9.0
"""Half the side of a grating, in sizes of the object."""

# --- clutter ------------------------------------------------------------------------------------------------------------

THINGS = 64


def clutter(rng: Random, size: float, low: Array, high: Array, towards: Array) -> list[Part]:
    """Small things of no name around what stands within `low`..`high`: blocks, tubes, pencils, crumpled paper.

    All around it but for what would stand between it and the camera, which is where `towards` points; that is left out, so that
    a picture from another side shows the same things.
    """
    middle, reach = (low + high)[:2] / 2, float(np.linalg.norm((high - low)[:2]) / 2)
    plan = towards[:2] / max(float(np.linalg.norm(towards[:2])), 1e-9)
    taken: list[tuple[Array, float]] = [(middle, reach)]
    painted: list[Mesh] = []
    papers: list[Mesh] = []
    for i in range(THINGS):
        mesh = _thing(rng, i % 4, size)
        room = float(np.linalg.norm(mesh.vertices[:, :2], axis=1).max())
        spin, shade = float(rng.uniform(0, 360)), float(rng.random())
        far, bearing = (reach + room) * 1.03 + size * 1.7 * rng.random(12) ** 1.4, rng.uniform(0, 2 * np.pi, 12)
        spots = middle + np.stack([far * np.cos(bearing), far * np.sin(bearing)], 1)
        free = [s for s in spots if all(np.linalg.norm(s - t) > r + room for t, r in taken)]
        if not free:
            continue
        taken.append((free[0], room))
        if _between(free[0] - middle, room + reach, plan):
            continue
        placed = mesh.moved(rotate=(Z, spin), shift=(*free[0], -mesh.vertices[:, 2].min()))
        if i % 4 == 3:
            papers.append(placed)
        else:
            placed.uv = np.column_stack([np.full(len(placed.vertices), shade), np.full(len(placed.vertices), 0.5)])
            painted.append(placed)
    colours = [np.array(vivid(rng)) if rng.random() < 0.6 else np.ones(3) * rng.uniform(0.2, 0.9) for _ in range(24)]
    parts = [
        (painted, Material(palette(np.array(colours)), roughness=0.45)),
        (papers, Material((0.88, 0.87, 0.83), kind="diffuse")),
    ]
    return [Part(join(meshes), material) for meshes, material in parts if meshes]


def _between(place: Array, clear: float, plan: Array) -> bool:
    """Whether what is at `place` from the object comes within `clear` of the line to the camera."""
    ahead = float(place @ plan)
    return ahead > 0 and abs(float(place[0] * plan[1] - place[1] * plan[0])) < clear


def _thing(rng: Random, kind: int, size: float) -> Mesh:
    """A block, a tube, a pencil or a ball of paper, its middle above the origin."""
    scale = size * float(rng.uniform(0.22, 0.46))
    if kind == 0:
        sides = rng.uniform((0.7, 0.5, 0.3), (1.4, 1.0, 1.0)) * scale
        x, y, z = map(float, sides)
        return rounded_box(x, y, z, 0.04 * scale)
    if kind == 1:
        radius, height = scale * rng.uniform(0.2, 0.45), scale * rng.uniform(0.5, 1.4)
        return cylinder(float(radius), float(height))
    if kind == 2:
        return _pencil(size * float(rng.uniform(0.6, 0.9)), 0.03 * size)
    return _paper(rng, scale * 0.5)


def _pencil(length: float, radius: float) -> Mesh:
    """A six-sided stick with a point, lying."""
    rings: Sequence[tuple[float, float]] = ((0.0, 1.0), (0.86, 1.0), (1.0, 0.05))
    turn = np.linspace(0, 2 * np.pi, 6, endpoint=False)
    points = [[(x - 0.5) * length, r * radius * np.cos(t), r * radius * np.sin(t)] for x, r in rings for t in turn]
    sides = [(6 * k + i, 6 * k + (i + 1) % 6) for k in (0, 1) for i in range(6)]
    faces = [f for a, b in sides for f in ((a, b, b + 6), (a, b + 6, a + 6))] + [(0, i + 1, i) for i in range(1, 5)]
    mesh = Mesh(np.array(points), np.array(faces, dtype=np.int32)[:, ::-1], np.zeros((18, 2)))
    return mesh.flattened()


def _paper(rng: Random, radius: float) -> Mesh:
    """A crumpled sheet: a ball with creases."""
    ball = sphere(radius, 28, 20)
    folds = np.abs(fbm(rng, 32, 32, 1.1))
    row, column = ((c % 1 * 31.9).astype(int) for c in (ball.uv[:, 1], ball.uv[:, 0]))
    ball.vertices = ball.vertices * (0.78 + 0.2 * np.clip(folds[row, column], 0, 2))[:, None]
    return Mesh(ball.vertices, ball.faces, ball.uv).flattened()


def bars(size: float) -> Mesh:
    """A grating of flat bars and rods, its upper side at 0."""
    reach, step = GRATING * size, 0.17 * size
    places = np.arange(-reach, reach + step, step)
    flat = box(0.03 * size, 2 * reach, 0.1 * size)
    rod = box(2 * reach, 0.022 * size, 0.03 * size)
    top = [-m.vertices[:, 2].max() for m in (flat, rod)]
    made = [flat.moved(shift=(x, 0.0, top[0])) for x in places]
    return join([*made, *(rod.moved(shift=(0.0, y, top[1] - 0.004 * size)) for y in places[::3])])


def around(inner: float, outer: float) -> Mesh:
    """A square at z = 0 with a square hole: the ground beyond what is drawn in detail."""
    corners = np.array([(-1.0, -1.0, 0.0), (1.0, -1.0, 0.0), (1.0, 1.0, 0.0), (-1.0, 1.0, 0.0)])
    faces = [f for i in range(4) for f in ((4 + i, 4 + (i + 1) % 4, (i + 1) % 4), (4 + i, (i + 1) % 4, i))]
    vertices = np.vstack([corners * inner, corners * outer])
    return Mesh(vertices, np.array(faces, dtype=np.int32), vertices[:, :2] / outer, np.tile([0.0, 0.0, 1.0], (8, 1)))
