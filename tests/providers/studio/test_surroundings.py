"""Lights and grounds: where they come from, and where they lie."""

import numpy as np
import pytest

from bugscope.providers.studio import Generator, prompts, scene, stage
from bugscope.providers.studio.film import DIM
from bugscope.providers.studio.shapes import merged, slot
from bugscope.providers.studio.surroundings import DIRECTED, HEIGHT, WIDTH, environment, ground
from bugscope.providers.studio.vocabulary import ANYWHERE, OUTDOOR_GROUNDS, OUTDOOR_LIGHTS, VALUES

LIGHTS = [v.name for v in VALUES if v.attribute == "light"]


GROUNDS = [v.name for v in VALUES if v.attribute == "ground"]


def built(text, seed=3):
    return stage.build(scene.resolve(prompts.parse(text), seed))


@pytest.mark.parametrize("light", LIGHTS)
@pytest.mark.parametrize("background", ["room", "trees", "buildings"])
def test_every_light_is_a_sky(light, background):
    one, again = (environment(np.random.default_rng(1), light, background) for _ in range(2))
    assert one.shape == (HEIGHT, WIDTH, 3)
    assert one.tobytes() == again.tobytes()
    assert np.isfinite(one).all() and one.min() >= 0 and one.max() > 0


def brightest(made):
    """The unit vector to the mean of the light, on the ground plan. At azimuth 0 of a map that is not turned is +y."""
    sky = made.environment.sum(2) * np.cos((np.arange(HEIGHT) + 0.5) / HEIGHT * np.pi - np.pi / 2)[:, None]
    bearing = (np.arange(WIDTH) + 0.5) / WIDTH * 2 * np.pi - np.radians(made.turn)
    sky = np.where(sky > np.quantile(sky, 0.99), sky, 0)
    total = np.array([(sky * np.sin(bearing)).sum(), (sky * np.cos(bearing)).sum()])
    return total / np.linalg.norm(total)


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("place", ["in front of trees", "in front of buildings", "indoors"])
def test_backlight_comes_from_behind_the_object_wherever_the_camera_is(seed, place):
    text = "a park bench backlit" + ("" if place == "indoors" else f" {place}")
    for view in ("", " seen from behind"):
        made = built(text + view, seed)
        away = np.array(made.target[:2]) - made.eye[:2]
        assert brightest(made) @ away / np.linalg.norm(away) > 0.8


@pytest.mark.parametrize("seed", range(4))
def test_hard_light_comes_from_a_side(seed):
    made = built("a teapot in hard side light", seed)
    away = np.array(made.target[:2]) - made.eye[:2]
    assert abs(brightest(made) @ away / np.linalg.norm(away)) < 0.35


def test_headlights_shine_from_beside_the_camera_and_above_the_ground():
    made = built("a mailbox in headlights", 4)
    assert made.spot is not None and made.spot.origin[2] > 0.01
    assert 0.05 < np.hypot(*(np.array(made.spot.origin) - made.eye)[:2]) < 0.4
    assert made.environment.max() < 0.1 and built("a mailbox at night", 4).spot is None
    assert built("a street sign", 4).spot is not None or built("a mailbox", 4).spot is None


@pytest.mark.parametrize(
    ("text", "outside"),
    [
        ("a teapot in headlights", True), ("a school bus in coloured neon light", False), ("a cab in hard side light", False),
        ("a teapot backlit", False), ("a mailbox backlit", True), ("a teapot backlit in front of trees", True),
    ],
)  # fmt: skip
def test_lights_are_where_such_light_is(text, outside):
    drawn = [scene.resolve(prompts.parse(text), seed) for seed in range(40)]
    share = np.mean([d.background != "room" for d in drawn])
    assert share == outside or (0.7 < (share if outside else 1 - share) and "backlit" in text)


def test_the_turn_of_the_sky_follows_the_camera_only_where_its_light_comes_from_a_side():
    for light in LIGHTS:
        request = prompts.Request("teapot", {"light": light})
        before = scene.resolve(request, 2)
        after = scene.resolve(prompts.Request("teapot", {"light": light, "view": "rear"}), 2)
        turned = stage.build(after).turn - stage.build(before).turn
        assert turned == (pytest.approx(180) if light in DIRECTED else 0), light
    assert {*DIM} | OUTDOOR_LIGHTS | ANYWHERE | DIRECTED <= {*LIGHTS}


# --- grounds ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", GROUNDS)
def test_a_ground_lies_under_the_object_and_takes_few_shapes(kind):
    parts, again = (ground(np.random.default_rng(2), kind, 1.5) for _ in range(2))
    for p, q in zip(parts, again, strict=True):
        assert p.mesh.vertices.tobytes() == q.mesh.vertices.tobytes()
        assert np.isfinite(p.mesh.vertices).all() and np.allclose(np.linalg.norm(p.mesh.normals, axis=1), 1, atol=1e-6)
    assert len(merged(parts)) <= 3 and [slot(p) for p in parts].count("principled") >= len(parts) - 1
    points = np.vstack([p.mesh.vertices for p in parts])
    near = np.hypot(points[:, 0], points[:, 1]) < 1.0
    assert points[near, 2].max(initial=0) < (0.4 if kind == "grass" else 0.15) * 1.5
    assert np.abs(points[:, :2]).max() >= 40 * 1.5


@pytest.mark.parametrize("text", ["a coffee mug", "three bananas", "a notebook", "an empty place"])
@pytest.mark.parametrize("seed", range(5))
def test_clutter_never_stands_between_the_object_and_the_camera(text, seed):
    made = built(f"{text} on a cluttered table", seed)
    things = made.rest[1:3]
    assert sum(len(p.mesh.vertices) for p in things) > 500
    corners = np.array([(p.mesh.vertices.min(0), p.mesh.vertices.max(0)) for p in made.objects]) if made.objects else None
    if corners is None:
        return
    low, high = corners[:, 0].min(0)[:2], corners[:, 1].max(0)[:2]
    middle, reach = (low + high) / 2, np.linalg.norm(high - low) / 2
    plan = np.array(made.eye[:2]) - middle
    plan /= np.linalg.norm(plan)
    for part in things:
        places = part.mesh.vertices[:, :2] - middle
        assert np.linalg.norm(places, axis=1).min() > 0.99 * reach
        before = places[places @ plan > reach]
        assert np.abs(before @ (plan[1], -plan[0])).min(initial=9) > 0.99 * reach


def test_clutter_is_the_same_from_another_side():
    front, rear = (built(f"a teapot on a cluttered table{view}", 3) for view in ("", " seen from behind"))
    spots = [{tuple(v) for p in s.rest[1:3] for v in np.round(p.mesh.vertices, 6)} for s in (front, rear)]
    assert len(spots[0] & spots[1]) > 0.4 * len(spots[0])
    assert spots[0] - spots[1]


def test_mud_and_a_wet_street_are_grounds_of_their_own():
    said = [prompts.parse(f"a teapot {t}").stated["ground"] for t in ("on dirt", "on mud", "on the street", "among puddles")]
    assert said == ["dirt", "mud", "asphalt", "puddles"]
    assert {"gravel", "leaves", "mud", "puddles"} <= OUTDOOR_GROUNDS
    assert not {"grid", "clutter"} & OUTDOOR_GROUNDS


@pytest.mark.slow
def test_every_new_light_and_ground_is_drawn():
    generator = Generator("scalar", workers=1, samples=1, size=64)
    texts = [
        f"a photo of a bucket {v.phrase}"
        for v in VALUES
        if v.attribute in ("ground", "light")
        and v.name in {*DIRECTED, "headlights", "gravel", "leaves", "mud", "puddles", "grid", "clutter"}
    ]
    pictures = [np.asarray(p.content).astype(float) for p in generator(texts, [3] * len(texts))]
    generator.close()
    assert len(texts) == 10
    for i, picture in enumerate(pictures):
        assert picture.std() > 10
        assert all(np.abs(picture - other).mean() > 2 for other in pictures[:i])
