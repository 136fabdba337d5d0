"""Lights and grounds: where they come from, and where they lie."""

import numpy as np
import pytest

from bugscope.providers.studio import prompts, scene, stage
from bugscope.providers.studio.film import DIM
from bugscope.providers.studio.surroundings import DIRECTED, HEIGHT, WIDTH, environment
from bugscope.providers.studio.vocabulary import ANYWHERE, OUTDOOR_LIGHTS, VALUES

LIGHTS = [v.name for v in VALUES if v.attribute == "light"]


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
