"""Small metal and wood: screw, chain, matchstick."""

import numpy as np
from numpy.random import Generator

from ..geometry import X, Y, Z, join, revolve, rotation, rounded_box, sphere, spline, tube
from ..materials import Material, Part
from ..textures import choice
from . import model

PI = float(np.pi)


@model(
    "screw",
    metres=0.05,
    grounds=("wood", "white", "wood"),
    elevation=(20.0, 50.0),
    yaw=(0.0, 360.0),
    views=("above",),
    materials=("gold",),
    counts=False,
)
def screw(rng: Generator) -> list[Part]:
    """One to three wood screws with crossed slots, lying side by side."""
    length = 2.6
    metal = choice(
        rng,
        Material((0.72, 0.72, 0.73), roughness=0.25, metallic=1.0),
        Material((0.8, 0.62, 0.3), roughness=0.25, metallic=1.0),
        Material((0.1, 0.1, 0.1), roughness=0.4, metallic=0.6),
    )
    shank = [[(0, -length), (0.12, -length + 0.5)], [(0.2, -length + 0.5), (0.22, 0)], [(0.22, 0), (0.55, 0.3)]]
    core = revolve([*shank, spline([(0.55, 0.3), (0.4, 0.42), (0, 0.45)], 12)], 40)
    t = np.linspace(0, 1, 420)
    z = -length + 0.15 + t * (length - 0.5)
    radius, angle = np.clip((z + length) / 0.6, 0, 1) * 0.26 + 0.02, t * 2 * PI * 13
    thread = tube(np.stack([radius * np.cos(angle), radius * np.sin(angle), z], 1), 0.055, 8)
    slots = join([rounded_box(a, b, 0.1, 0.01, 3).moved(shift=(0, 0, 0.42)) for a, b in ((0.75, 0.09), (0.09, 0.75))])
    screws, crosses = [], []
    for i in range(choice(rng, 1, 2, 3)):
        lying = rotation(Z, float(rng.uniform(0, 60))) @ rotation(Y, 96) @ rotation(Z, float(rng.uniform(0, 90)))
        screws.append(join([core, thread]).moved(rotate=lying, shift=(0, i * 1.1, 0)))
        crosses.append(slots.moved(rotate=lying, shift=(0, i * 1.1, 0)))
    return [Part(join(screws), metal, main=True), Part(join(crosses), Material((0.02, 0.02, 0.02)))]


@model(
    "chain",
    metres=0.3,
    grounds=("wood", "concrete", "white"),
    elevation=(20.0, 50.0),
    azimuth=(-60.0, 60.0),
    distance=(0.7, 1.0),
    views=("above",),
    materials=("gold", "metal"),
    counts=False,
)
def chain(rng: Generator) -> list[Part]:
    """Welded links along a random curve on the ground."""
    a = np.linspace(0, 2 * PI, 41)
    link = tube(
        np.stack([0.3 * np.cos(a), np.where(np.sin(a) > 0, 0.3, -0.3) + 0.3 * np.sin(a), 0 * a], 1),
        0.1,
        14,
        closed=True,
    )
    path = spline(np.stack([np.linspace(-3, 3, 6), rng.normal(0, 0.7, 6)], 1), 400)
    along = np.r_[0, np.cumsum(np.linalg.norm(np.diff(path, axis=0), axis=1))]
    links = []
    for i, s in enumerate(np.arange(0, along[-1], 0.82)):
        k = min(int(np.searchsorted(along, s)), 398)
        x, y = np.interp(s, along, path[:, 0]), np.interp(s, along, path[:, 1])
        heading = np.degrees(np.arctan2(*(path[k + 1] - path[k])[::-1])) - 90
        turned = rotation(Z, float(heading)) @ rotation(Y, 45 if i % 2 else -45)
        links.append(link.moved(rotate=turned, shift=(x, y, 0.3)))
    colour = choice(rng, (0.6, 0.6, 0.61), (0.35, 0.33, 0.31), (0.85, 0.68, 0.35))
    return [Part(join(links), Material(colour, roughness=0.3, metallic=1.0), main=True)]


@model(
    "matchstick",
    metres=0.05,
    synonyms=("match",),
    plural="matchsticks",
    grounds=("wood", "white"),
    lights=("dark", "indoors"),
    elevation=(5.0, 45.0),
    distance=(0.8, 1.1),
    views=("above", "rear"),
    counts=False,
)
def matchstick(rng: Generator) -> list[Part]:
    """A wooden match: standing and burning, or lying unused."""
    head = choice(rng, (0.7, 0.08, 0.06), (0.35, 0.1, 0.06), (0.1, 0.1, 0.12))
    parts = [
        Part(rounded_box(0.16, 0.16, 4, 0.02), Material((0.82, 0.65, 0.42), roughness=0.7), main=True),
        Part(sphere(0.19, 24, 16).moved(scale=(1, 1, 1.6), shift=(0, 0, 2.05)), Material(head, roughness=0.8)),
    ]
    if rng.random() < 0.6:
        flame = revolve([spline([(0.05, -0.4), (0.4, 0.1), (0.42, 0.45), (0.18, 1.2), (0, 1.9)], 30)]).moved(shift=(0, 0, 1.95))
        parts.append(Part(flame, Material((0, 0, 0)), emission=(14.0, 7.0, 2.0)))
        turn = rotation(Y, float(rng.uniform(-20, 20)))
    else:
        turn = rotation(Z, float(rng.uniform(0, 180))) @ rotation(X, 90)
    return [Part(p.mesh.moved(rotate=turn), p.material, p.emission, p.main) for p in parts]
