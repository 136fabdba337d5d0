"""Every object of the studio, and the primitives they are made of."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bugscope.providers.studio import geometry, objects, textures
from bugscope.providers.studio.geometry import Mesh, X, Y, Z

MODELS = objects.load_all()
PRIMITIVES = {
    "sphere": geometry.sphere(),
    "box": geometry.box(1, 2, 3),
    "rounded box": geometry.rounded_box(1, 2, 3, 0.2),
    "cylinder": geometry.cylinder(1, 2),
    "rounded cylinder": geometry.rounded_cylinder(1, 2, 0.1),
    "tube": geometry.tube([(0, 0, 0), (0, 0, 1), (1, 0, 2)], 0.1),
    "torus": geometry.torus(2, 0.5),
    "extrusion": geometry.extrude([geometry.circle(1), geometry.circle(0.5)], 1),
}


ALL = [pytest.param(name, marks=() if i % 3 == 0 else pytest.mark.slow) for i, name in enumerate(sorted(MODELS))]


@pytest.mark.parametrize("name", ALL)
def test_an_object_is_whole_small_and_the_same_again(name):
    for seed in range(3):
        parts, again = (MODELS[name].build(np.random.default_rng(seed)) for _ in range(2))
        assert any(p.main for p in parts)
        assert sum(len(p.mesh.faces) for p in parts) < 80_000
        for a, b in zip(parts, again, strict=True):
            assert a.mesh.vertices.tobytes() == b.mesh.vertices.tobytes()
            assert np.asarray(a.material.colour).tobytes() == np.asarray(b.material.colour).tobytes()
            assert np.isfinite(a.mesh.vertices).all()
            assert a.mesh.faces.min() >= 0 and a.mesh.faces.max() < len(a.mesh.vertices)
            colour = np.asarray(a.material.colour, float)
            assert colour.min() >= -1e-6 and colour.max() <= 1 + 1e-6
        points = np.vstack([p.mesh.vertices for p in parts])
        assert (np.ptp(points, axis=0) > 0).all()


@pytest.mark.parametrize("name", sorted(MODELS))
def test_the_traits_are_words_of_the_vocabulary(name):
    traits = MODELS[name].traits
    assert set(traits.views) <= {"above", "below", "rear", "upside down", "low"}
    assert set(traits.materials) <= {"gold", "metal", "wood", "glass"}
    assert set(traits.lights) <= {"indoors", "studio", "dark", "sunny", "overcast", "sunset", "night"}
    assert traits.elevation[0] <= traits.elevation[1] <= traits.max_elevation <= 90


def test_different_seeds_give_different_objects():
    a, b = (MODELS["teapot"].build(np.random.default_rng(s)) for s in (0, 1))
    assert a[1].mesh.vertices.tobytes() != b[1].mesh.vertices.tobytes()


@pytest.mark.parametrize("name", PRIMITIVES)
def test_primitives_face_outwards_with_unit_normals(name):
    mesh = PRIMITIVES[name]
    assert np.allclose(np.linalg.norm(mesh.normals, axis=1), 1, atol=1e-6)
    a, b, c = (mesh.vertices[mesh.faces[:, i]] for i in range(3))
    volume = np.einsum("ij,ij->i", a, np.cross(b, c)).sum() / 6
    assert volume > 0
    face = np.cross(b - a, c - a)
    shading = sum(mesh.normals[mesh.faces[:, i]] for i in range(3))
    area = np.linalg.norm(face, axis=1)
    assert (np.einsum("ij,ij->i", face, shading)[area > 1e-9] >= -1e-9).mean() > 0.99


NUMBER = st.floats(-5, 5)


def _edges(mesh):
    return np.linalg.norm(mesh.vertices[mesh.faces[:, 0]] - mesh.vertices[mesh.faces[:, 1]], axis=1)


@given(st.sampled_from([X, Y, Z]), st.floats(-360, 360), st.tuples(NUMBER, NUMBER, NUMBER), st.floats(0.1, 5))
def test_moves_keep_shape_and_normals(axis, degrees, shift, scale):
    mesh = PRIMITIVES["rounded box"]
    moved = mesh.moved(scale=scale, rotate=(axis, degrees), shift=shift)
    assert np.allclose(_edges(moved), scale * _edges(mesh), atol=1e-7)
    assert np.allclose(np.linalg.norm(moved.normals, axis=1), 1, atol=1e-6)
    back = moved.moved(shift=tuple(-s for s in shift)).moved(rotate=(axis, -degrees)).moved(scale=1 / scale)
    assert np.allclose(back.vertices, mesh.vertices, atol=1e-6)


def test_a_mirror_keeps_the_outside_out():
    mirrored = PRIMITIVES["sphere"].moved(scale=(-1, 1, 1))
    a, b, c = (mirrored.vertices[mirrored.faces[:, i]] for i in range(3))
    assert np.einsum("ij,ij->i", a, np.cross(b, c)).sum() > 0


def test_a_mesh_without_normals_is_smoothed_when_joined():
    bare = Mesh(np.eye(3), np.array([[0, 1, 2]], dtype=np.int32), np.zeros((3, 2)))
    joined = geometry.join([bare, PRIMITIVES["box"]])
    assert joined.normals.shape == joined.vertices.shape
    assert joined.faces.max() == len(joined.vertices) - 1


@given(st.integers(0, 2**32 - 1), st.floats(0.1, 2.5))
def test_noise_is_standardised_and_seamless(seed, beta):
    noise = textures.fbm(np.random.default_rng(seed), 32, 48, round(beta, 1))
    assert noise.shape == (32, 48)
    assert abs(noise.mean()) < 1e-9
    assert abs(noise.std() - 1) < 1e-6
    inside = np.abs(np.diff(noise, axis=1)).mean()
    assert np.abs(noise[:, 0] - noise[:, -1]).mean() < 3 * inside
