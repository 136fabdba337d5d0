"""The refrigerator."""

from numpy.random import Generator

from ..geometry import Mesh, X, Y, join, quad, rounded_box, rounded_cylinder, spline, tube
from ..materials import Material, Part
from ..textures import choice, vivid
from . import model

Place = tuple[float, float, float]
WHITE = Material((0.9, 0.9, 0.89), roughness=0.3, clearcoat=0.3)
CREAM = Material((0.85, 0.8, 0.7), roughness=0.3, clearcoat=0.3)
STEEL = Material((0.72, 0.72, 0.73), roughness=0.28, metallic=0.9)
BLACK = Material((0.04, 0.04, 0.04), roughness=0.3)
DEPTH, FRONT, TOP = 1.2, -0.6, 3.4


def _block(x: float, y: float, z: float, at: Place, bevel: float = 0.03) -> Mesh:
    return rounded_box(x, y, z, bevel, 3).moved(shift=at)


@model(
    "refrigerator",
    metres=1.75,
    coco="refrigerator",
    synonyms=("fridge", "icebox"),
    place="floor",
    grounds=("wood",),
    lights=("indoors",),
    elevation=(1.0, 13.0),
    azimuth=(-42.0, 42.0),
    distance=(0.7, 0.86),
    max_elevation=50.0,
    views=("low",),
    materials=("gold", "metal", "wood"),
)
def refrigerator(rng: Generator) -> list[Part]:
    """A cabinet with a door for the freezer above or below, two handles, a grille at its foot; often notes on the door."""
    width = float(rng.uniform(1.3, 1.5))
    body = choice(rng, WHITE, STEEL, STEEL, CREAM)
    above, side = rng.random() < 0.75, choice(rng, -1, -1, 1)
    split = 2.35 if above else 1.3
    shell = [
        _block(width, DEPTH, TOP - 0.1, (0, 0, TOP / 2 + 0.05), 0.03),
        _block(width, 0.16, split - 0.2, (0, FRONT - 0.1, split / 2 + 0.08), 0.05),
        _block(width, 0.16, TOP - split - 0.02, (0, FRONT - 0.1, (TOP + split) / 2 + 0.01), 0.05),
    ]
    x = side * (width / 2 - 0.12)
    handles = [_handle(0.55, (x, FRONT - 0.17, split + 0.45)), _handle(0.7, (x, FRONT - 0.17, split - 0.5))]
    grille = [
        _block(width - 0.1, 0.1, 0.1, (0, FRONT, 0.06)),
        _block(width - 0.02, 0.06, TOP - 0.3, (0, FRONT - 0.01, TOP / 2)),
    ]
    parts = [Part(join(shell), body, main=True), Part(join([*handles, *grille]), BLACK)]
    if rng.random() < 0.5:
        parts += _notes(rng, -side * 0.18, split - 0.75)
    return parts


def _notes(rng: Generator, x: float, z: float) -> list[Part]:
    """One to three papers under magnets."""
    parts = []
    for i in range(choice(rng, 1, 2, 3)):
        at = (x + float(rng.uniform(-0.2, 0.2)), FRONT - 0.186, z + 0.3 * i)
        sheet = quad(0.2, 0.26).moved(rotate=(Y, float(rng.uniform(-8, 8))), shift=at)
        magnet = rounded_cylinder(0.03, 0.02, 0.008, 16).moved(rotate=(X, 90), shift=(at[0], at[1], at[2] + 0.1))
        parts.append(Part(sheet, Material(choice(rng, (0.95, 0.93, 0.6), (0.95, 0.95, 0.95), vivid(rng)), roughness=0.8)))
        parts.append(Part(magnet, Material(vivid(rng))))
    return parts


def _handle(length: float, at: Place) -> Mesh:
    """A bow on two feet in front of a door that faces -y."""
    h = length / 2
    path = spline([(0, 0, -h), (0, -0.12, -0.92 * h), (0, -0.14, 0), (0, -0.12, 0.92 * h), (0, 0, h)], 30)
    return tube(path, 0.04, 10).moved(shift=at)
