"""Skins: seamless pictures that lie evenly on every object, and cover what they should."""

import numpy as np
import pytest

from bugscope.core.errors import SpecError
from bugscope.providers.studio import Generator, Judge, geometry, objects, prompts, scene, stage
from bugscope.providers.studio.shapes import SLOTS, merged, slot
from bugscope.providers.studio.skins import SKINS
from bugscope.providers.studio.surfaces import wrapped
from bugscope.providers.studio.vocabulary import SURFACES

MODELS = objects.load_all()
FEW = ("teapot", "school bus", "goblet", "folding chair", "jack-o'-lantern")


def build(text, seed=3):
    return stage.build(scene.resolve(prompts.parse(text), seed))


def test_every_surface_has_a_skin():
    assert {v.name for v in SURFACES} == {*SKINS}
    assert not any(v.weight for v in SURFACES)


@pytest.mark.parametrize("name", SKINS)
def test_a_skin_is_seamless_and_the_same_again(name):
    skin = SKINS[name]
    colour, height = skin.paint(np.random.default_rng(1))
    again, _ = skin.paint(np.random.default_rng(1))
    assert colour.tobytes() == again.tobytes()
    assert (skin.relief > 0) == (height is not None)
    assert height is None or (height.min() >= 0 and height.max() <= 1)
    grey = np.clip(colour, 0, 1).mean(2)
    if name != "newspaper":  # pages end
        for picture in (grey, grey.T):
            assert np.abs(picture[0] - picture[-1]).mean() < 4 * np.abs(np.diff(picture, axis=0)).mean() + 0.01


SHAPES = {
    "sphere": geometry.sphere(),
    "box": geometry.box(1, 2, 3).flattened(),
    "cylinder": geometry.cylinder(1, 2).moved(rotate=((0.0, 1.0, 0.0), 90.0)),
    "octagon": geometry.extrude([geometry.circle(1, 8)], 1),
}


@pytest.mark.parametrize("name", SHAPES)
def test_a_picture_lies_on_a_mesh_without_much_stretching(name):
    mesh = SHAPES[name]
    made = wrapped(mesh, side=0.5)
    assert np.array_equal(made.vertices[made.faces], mesh.vertices[mesh.faces])
    a, b, c = (made.vertices[made.faces[:, i]] for i in range(3))
    area = np.linalg.norm(np.cross(b - a, c - a), axis=1)
    (ax, ay), (bx, by) = ((made.uv[made.faces[:, i]] - made.uv[made.faces[:, 0]]).T for i in (1, 2))
    share = np.abs(ax * by - ay * bx) * 0.5**2
    large = area > 1e-3 * area.max()
    assert 0.45 < (share / np.maximum(area, 1e-12))[large].min() and (share / np.maximum(area, 1e-12))[large].max() < 2.2
    if name in ("box", "sphere"):  # and is nowhere seen in a mirror
        assert ((ax * by - ay * bx)[large] < 0).all()  # v runs down


def test_round_things_are_wrapped_by_a_whole_number_of_pictures():
    made = wrapped(geometry.cylinder(1, 2), side=0.7)
    x, y = (made.vertices[made.faces][..., i] for i in (0, 1))
    side = np.abs(np.hypot(x, y) - 1).max(1) < 1e-6
    u = made.uv[made.faces][side][..., 0]
    assert np.ptp(u, axis=1).max() < 0.5  # no face runs back round the whole
    assert np.ptp(u) == pytest.approx(round(2 * np.pi / 0.7), rel=0.1)


def covered(plain, skinned):
    """The parts that a surface changes."""
    pairs = zip(plain.objects, skinned.objects, strict=True)
    return [q for p, q in pairs if not np.array_equal(p.mesh.uv, q.mesh.uv)]


@pytest.mark.slow
@pytest.mark.parametrize("label", MODELS)
def test_a_skin_is_one_shape_and_fits_the_skeleton(label):
    plain, skinned = (
        stage.build(scene.resolve(prompts.Request(label, stated), 5)) for stated in ({}, {"surface": "bricks", "colour": "red"})
    )
    new = covered(plain, skinned)
    assert new and len({id(p.material) for p in new}) == 1
    assert all(p.emission is None and p.material.kind == "principled" and np.isfinite(p.mesh.uv).all() for p in new)
    kinds = [slot(p) for p in merged(skinned.objects)]
    assert all(kinds.count(kind) <= n for kind, n in SLOTS.items())


def test_windows_lamps_and_prints_stay():
    for label, kept in (("school bus", 3), ("traffic light", 1), ("digital clock", 1), ("hourglass", 1), ("wine bottle", 1)):
        plain, skinned = (build(t) for t in (label, f"{label} covered in moss"))
        assert len(skinned.objects) - len(covered(plain, skinned)) >= kept, label
    assert any(p.emission is not None for p in build("a traffic light covered in moss").objects)
    assert not any("glass" in p.material.kind for p in build("a goblet covered in moss").objects)


def test_a_colour_tints_the_pattern():
    plain, red = (build(t) for t in ("a teapot covered in bricks", "a red teapot covered in bricks"))
    a, b = (np.asarray(s.objects[0].material.colour) @ (0.2126, 0.7152, 0.0722) for s in (plain, red))
    assert np.corrcoef(a.ravel(), b.ravel())[0, 1] > 0.9
    assert np.asarray(red.objects[0].material.colour)[..., 1:].max() < 0.2


def test_a_thing_has_one_material():
    with pytest.raises(SpecError, match="'golden' and 'covered in bricks', which cannot be together: it is one or the other"):
        prompts.parse("a golden teapot made of bricks")
    golden = next(s for s in range(500) if scene.resolve(prompts.parse("a teapot"), s).material)
    assert scene.resolve(prompts.parse("a teapot covered in moss"), golden).material == ""


def test_what_is_known_by_its_print_or_is_a_ball_cannot_be_named():
    for label in ("crossword puzzle", "soccer ball", "golf ball"):
        made = scene.resolve(prompts.Request(label, {"surface": "rust"}), 1)
        assert not made.nameable
    assert scene.resolve(prompts.Request("teapot", {"surface": "rust"}), 1).nameable


@pytest.mark.slow
@pytest.mark.parametrize("label", FEW)
def test_every_surface_is_drawn_on_different_objects(label):
    generator = Generator("scalar", workers=1, samples=1, size=64)
    texts = [f"a photo of a {label}", *(f"a photo of a {label} {v.phrase}" for v in SURFACES)]
    seed = next(s for s in range(99) if scene.resolve(prompts.parse(texts[0]), s).view == "side")
    pictures = generator(texts, [seed] * len(texts))
    generator.close()
    assert Judge()(pictures, [label] * len(texts)).all()
    plain, *others = (np.asarray(p.content).astype(float) for p in pictures)
    for i, picture in enumerate(others):
        assert np.abs(picture - plain).mean() > 1
        assert all(np.abs(picture - other).mean() > 0.5 for other in others[:i])
