"""Shapes against their formulas, materials against what a colour word may and may not change."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bugscope.providers.studio import geometry, objects
from bugscope.providers.studio.materials import LUMINANCE, Material
from bugscope.providers.studio.textures import fibonacci_sphere, linear, sphere_directions

MODELS = objects.load_all()
BALLS = ("basketball", "croquet ball", "golf ball", "ping-pong ball", "soccer ball", "tennis ball")
FACTOR = st.floats(0.2, 5) | st.floats(-5, -0.2)
SOCCER = MODELS["soccer ball"].build(np.random.default_rng(0))[0]
COLOUR = st.tuples(*[st.floats(0.05, 0.95)] * 3)


@pytest.mark.parametrize("name", sorted(MODELS))
def test_an_object_can_be_shaded_and_textured(name):
    for part in MODELS[name].build(np.random.default_rng(7)):
        mesh = part.mesh if part.mesh.normals is not None else part.mesh.smoothed()
        assert np.allclose(np.linalg.norm(mesh.normals, axis=1), 1, atol=1e-4)
        assert len(mesh.uv) == len(mesh.vertices)
        assert mesh.uv.min() >= -1e-6 and mesh.uv.max() <= 1 + 1e-6


@pytest.mark.parametrize("name", BALLS)
def test_a_ball_does_not_depend_on_those_built_before_it(name):
    def fingerprint(seed):
        parts = MODELS[name].build(np.random.default_rng(seed))
        arrays = [a for p in parts for a in (p.mesh.vertices, p.mesh.uv, p.material.colour, p.material.bump) if a is not None]
        return [np.asarray(a).tobytes() for a in arrays]

    first = fingerprint(3)
    for seed in range(3):
        fingerprint(seed)
    assert fingerprint(3) == first


@given(st.tuples(FACTOR, FACTOR, FACTOR), st.floats(-360, 360))
def test_normals_of_a_stretched_ball_are_those_of_an_ellipsoid(scale, degrees):
    matrix = geometry.rotation((1, 2, 3), degrees)
    mesh = geometry.sphere(1, 24, 12).moved(scale=scale, rotate=matrix)
    ball = mesh.vertices @ matrix
    expected = ball / np.square(scale)
    expected /= np.linalg.norm(expected, axis=1, keepdims=True)
    cosine = np.einsum("ij,ij->i", mesh.normals @ matrix, expected)
    # a coarse ball's averaged normals are a little off, and stretching magnifies that
    assert np.median(cosine) > 0.99
    a, b, c = (mesh.vertices[mesh.faces[:, i]] for i in range(3))
    assert np.einsum("ij,ij->i", a, np.cross(b, c)).sum() > 0


@given(st.tuples(*[st.floats(-1, 1)] * 3).filter(lambda v: np.linalg.norm(v) > 0.1), st.floats(-720, 720))
def test_rotations_are_rotations_about_their_axis(axis, degrees):
    matrix = geometry.rotation(axis, degrees)
    assert np.allclose(matrix @ matrix.T, np.eye(3), atol=1e-9)
    assert np.linalg.det(matrix) == pytest.approx(1)
    assert np.allclose(matrix @ axis, axis, atol=1e-9)
    assert np.trace(matrix) == pytest.approx(1 + 2 * np.cos(np.radians(degrees)), abs=1e-9)


def test_a_scale_of_zero_is_refused():
    with pytest.raises(ValueError, match="must not be zero"):
        geometry.box(1, 1, 1).moved(scale=(1, 0, 1))


def test_moving_leaves_the_original_alone():
    mesh = geometry.box(1, 1, 1)
    before = mesh.vertices.tobytes()
    mesh.moved(scale=2, shift=(1, 2, 3)).smoothed()
    assert mesh.vertices.tobytes() == before


@given(st.floats(0.2, 3), st.floats(0.2, 3), st.floats(0.2, 3))
def test_a_truncated_cone_has_the_volume_of_one(bottom, top, height):
    mesh = geometry.cylinder(bottom, height, n=128, top_radius=top)
    a, b, c = (mesh.vertices[mesh.faces[:, i]] for i in range(3))
    volume = np.einsum("ij,ij->i", a, np.cross(b, c)).sum() / 6
    assert volume == pytest.approx(np.pi * height * (bottom**2 + bottom * top + top**2) / 3, rel=0.01)


def test_an_extrusion_has_a_hole_where_an_outline_lies_inside_another():
    mesh = geometry.extrude([geometry.rectangle(4, 4), geometry.rectangle(2, 2)], 0.5)
    a, b, c = (mesh.vertices[mesh.faces[:, i]] for i in range(3))
    assert np.einsum("ij,ij->i", a, np.cross(b, c)).sum() / 6 == pytest.approx((16 - 4) * 0.5)


def test_a_spline_meets_its_ends_and_a_closed_one_itself():
    points = [(0, 0), (1, 2), (3, 1), (4, 4)]
    line, loop = geometry.spline(points), geometry.spline(points, closed=True)
    assert np.allclose(line[[0, -1]], [points[0], points[-1]], atol=1e-9)
    assert np.allclose(loop[0], loop[-1], atol=1e-9)


def test_directions_are_unit_spread_evenly_and_match_the_texture_of_a_sphere():
    assert np.allclose(np.linalg.norm(fibonacci_sphere(300), axis=1), 1)
    assert np.linalg.norm(fibonacci_sphere(300).mean(axis=0)) < 0.01
    h, w = 32, 64
    mesh = geometry.sphere(1, w, h)
    # a vertex lies on the corner of four pixels: half a pixel from the middle of the next
    inside = (mesh.uv < 1 - 1e-9).all(axis=1)
    column, row = (mesh.uv[inside] * (w, h)).astype(int).T
    cosine = np.einsum("ij,ij->i", mesh.vertices[inside], sphere_directions(w, h)[row, column])
    assert cosine.min() > np.cos(2 * np.pi / w)


@given(COLOUR)
@pytest.mark.slow
def test_a_tint_keeps_a_balls_pattern_of_light_and_dark(rgb):
    cover = SOCCER.material
    tinted = cover.tinted(rgb)
    light = [(linear(m.colour) @ LUMINANCE).ravel()[::97] for m in (cover, tinted)]
    assert np.corrcoef(light[0], light[1])[0, 1] > 0.98
    brightest = linear(tinted.colour).reshape(-1, 3)[int(np.argmax((linear(cover.colour) @ LUMINANCE).ravel()))]
    assert np.allclose(brightest / brightest.sum(), linear(rgb) / linear(rgb).sum(), atol=0.03)
    assert tinted.bump is cover.bump
    assert (tinted.roughness, tinted.bump_scale) == (cover.roughness, cover.bump_scale)


def test_a_tint_paints_metal_and_leaves_glass_clear():
    paint = Material((0.8, 0.8, 0.8), metallic=1.0).tinted((0.75, 0.08, 0.07))
    assert (paint.metallic, paint.colour) == (0.0, (0.75, 0.08, 0.07))
    glass = Material((1, 1, 1), kind="thin glass").tinted((0.75, 0.08, 0.07))
    assert glass.kind == "thin glass"
    red, green, blue = glass.colour
    assert red > green > 0.4 and blue > 0.4


@pytest.mark.parametrize(("name", "metallic", "kind"), [("gold", 1, "principled"), ("metal", 1, "principled"),
                                                        ("wood", 0, "principled"), ("glass", 0, "glass")])  # fmt: skip
def test_a_material_word_replaces_the_surface(name, metallic, kind):
    made = SOCCER.material.made_of(name, np.random.default_rng(0))
    assert (made.metallic, made.kind) == (metallic, kind)
    # relief survives where there is a surface to carry it
    assert made.bump is (None if name == "glass" else SOCCER.material.bump)


def test_an_unknown_material_is_refused():
    with pytest.raises(ValueError, match="cheese"):
        SOCCER.material.made_of("cheese", np.random.default_rng(0))
