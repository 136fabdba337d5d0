"""Same-seed pairs: one phrase changed, and nothing else of the picture but what is documented to follow from it."""

import dataclasses

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from bugscope.core.explanation import Edit
from bugscope.core.records import Phrase
from bugscope.providers.studio import Generator, objects, prompts, scene, stage
from bugscope.providers.studio.vocabulary import SCENIC, VALUES, by_wording, clash
from support.words import WORDS

MODELS = sorted(objects.load_all())
SEEDS = st.integers(0, 2**31 - 1)


def phrase(value):
    return Phrase(value.phrase, value.before)


def alternatives(old):
    """Siblings that the studio knows, then every other value of the attribute."""
    attribute = by_wording()[old.text].attribute
    near = [p for p in WORDS.siblings(old) if p.text in by_wording()]
    return [*near, *(phrase(v) for v in VALUES if v.attribute == attribute)]


@dataclasses.dataclass(frozen=True)
class Pair:
    """Two requests that differ in one attribute, and one seed."""

    edit: Edit
    before: prompts.Request
    after: prompts.Request
    seed: int

    @property
    def attribute(self):
        return by_wording()[(self.edit.phrase or self.edit.replacement).text].attribute


def possible(phrases):
    return not clash({by_wording()[p.text].attribute: by_wording()[p.text].name for p in phrases})


def request(label, phrases):
    if label:
        return prompts.parse(WORDS.prompt(label, phrases).text)
    return prompts.Request("", {by_wording()[p.text].attribute: by_wording()[p.text].name for p in phrases})


@st.composite
def pairs(draw, models=MODELS):
    label = draw(st.one_of(st.sampled_from(models), st.just("")))
    known = [v for v in VALUES if label or v.attribute in SCENIC]
    values = draw(st.lists(st.sampled_from(known), unique_by=lambda v: v.attribute, max_size=5))
    new = [phrase(v) for v in known if v.attribute not in {v.attribute for v in values}]
    phrases = [phrase(v) for v in values]
    others = [alternatives(p) for p in phrases]
    edit = draw(st.sampled_from(WORDS.edits(phrases, alternatives=others, limit=30, add=new)))
    assume(possible(phrases) and possible(edit.phrases))
    return Pair(edit, request(label, phrases), request(label, edit.phrases), draw(SEEDS))


def changed(a, b):
    return {f.name for f in dataclasses.fields(a) if getattr(a, f.name) != getattr(b, f.name)}


@settings(max_examples=500)
@given(pairs())
def test_an_edit_changes_its_own_attribute_and_what_follows_from_it(pair):
    before, after = (scene.resolve(r, pair.seed) for r in (pair.before, pair.after))
    may = {*scene.FOLLOWS[pair.attribute], "nameable"}
    if scene.outdoors(pair.before, pair.seed) != scene.outdoors(pair.after, pair.seed):
        assert pair.attribute in {*scene.PLACE, "weather"}
        may |= {*scene.PLACE}
    assert changed(before, after) <= may
    # what is stated in both stays whatever follows; only a view from below has no ground
    stays = pair.before.stated.keys() & pair.after.stated.keys() - {pair.attribute, "distance", "count"}
    assert all(getattr(before, a) == getattr(after, a) for a in stays if (pair.attribute, a) != ("view", "ground"))


@settings(max_examples=200)
@given(pairs())
def test_what_follows_does_so_by_its_rule(pair):
    before, after = (scene.resolve(r, pair.seed) for r in (pair.before, pair.after))
    moved = changed(before, after)
    flips = scene.outdoors(pair.before, pair.seed) != scene.outdoors(pair.after, pair.seed)
    if pair.attribute == "view":
        turn = 180.0 * ((after.view == "rear") - (before.view == "rear"))
        assert after.azimuth - before.azimuth == pytest.approx(turn)
        assert "ground" not in moved or "none" in (before.ground, after.ground)
        assert "ground" not in moved or "below" in (before.view, after.view)
    if pair.attribute == "weather" and "light" in moved and not flips:
        assert "overcast" in (before.light, after.light)
        assert "clear" in (before.weather, after.weather)
    if pair.attribute == "distance":
        factor = {"far": 2.7, "close": 0.62, "normal": 1.0}
        assert after.distance / before.distance == pytest.approx(factor[after.distance_name] / factor[before.distance_name])
    assert "background" not in moved or flips or pair.attribute == "background"


@given(pairs())
def test_dropping_what_was_added_gives_the_scene_back(pair):
    assume(pair.edit.op == "add")
    back = next(e for e in WORDS.edits(pair.edit.phrases) if e.op == "drop" and e.phrase == pair.edit.replacement)
    again = request(pair.before.label, back.phrases)
    assert scene.resolve(again, pair.seed) == scene.resolve(pair.before, pair.seed)


@pytest.mark.parametrize("label", ["teapot", "school bus", ""])
def test_the_unusual_condition_of_a_seed_is_in_both_pictures(label):
    plain, grainy = prompts.Request(label, {}), prompts.Request(label, {"camera": "noise"})
    unusual = 0
    for seed in range(300):
        before, after = scene.resolve(plain, seed), scene.resolve(grainy, seed)
        unusual += (before.colour, before.view, before.weather, before.occlusion) != ("", "side", "clear", "")
        assert changed(before, after) <= {"camera"}
    assert unusual > 10


# --- the stage ----------------------------------------------------------------------------------------------------------


def same(a, b):
    """Are two pieces of a stage equal to the last bit? Meshes, materials, arrays and numbers in any nesting."""
    if isinstance(a, np.ndarray):
        return isinstance(b, np.ndarray) and np.array_equal(a, b)
    if dataclasses.is_dataclass(a):
        return type(a) is type(b) and all(same(getattr(a, f.name), getattr(b, f.name)) for f in dataclasses.fields(a))
    if isinstance(a, (list, tuple)):
        return len(a) == len(b) and all(map(same, a, b))
    return a == b


def corners(part):
    """Where the corners of its faces are [f, 3, 3]."""
    return part.mesh.vertices[part.mesh.faces]


CHEAP = sorted(set(MODELS) - {"golf ball", "strawberry", "tennis ball", "soccer ball"})  # these take long to build


@settings(max_examples=60, deadline=None)
@given(pairs(CHEAP))
@pytest.mark.slow
def test_pairs_share_all_parts_of_the_stage_that_the_edit_does_not_decide(pair):
    before, after = (scene.resolve(r, pair.seed) for r in (pair.before, pair.after))
    a, b = stage.build(before), stage.build(after)
    moved = changed(before, after)
    assert set(stage.DECIDED_BY) == {f.name for f in dataclasses.fields(stage.Stage)}
    for part, fields in stage.DECIDED_BY.items():
        assert moved & {*fields} or same(getattr(a, part), getattr(b, part)), part

    if "count" not in moved:  # what is not painted keeps its shape and paint, whatever moves the camera
        assert [p.main for p in a.objects] == [p.main for p in b.objects]
        for p, q in zip(a.objects, b.objects, strict=True):
            if "surface" not in moved:  # a covered part has corners and uv of its own
                assert same(p.mesh.faces, q.mesh.faces)
                assert same(p.mesh.uv, q.mesh.uv)
            if not moved & {"colour", "material", "surface"} or not (p.main or before.surface or moved & {"surface"}):
                assert same(p.material, q.material)
                assert same(p.emission, q.emission)
    if not moved & {"count", "pose"}:  # a unit of length is a camera distance
        for p, q in zip(a.objects, b.objects, strict=True):
            assert np.allclose(corners(p) * before.distance, corners(q) * after.distance, atol=1e-9)
    if not moved & {"count", "ground"}:  # one ground texture, for a picture from wherever
        lying = zip(a.rest, b.rest, strict=False) if before.ground != "none" else ()
        ground = 1 if before.ground == "clutter" else len(a.rest) - bool(before.occlusion)  # clutter makes way for the camera
        for (p, q), _ in zip(lying, range(ground), strict=False):
            assert same(p.material.colour, q.material.colour)
            assert np.allclose(p.mesh.vertices * before.distance, q.mesh.vertices * after.distance, atol=1e-6)


def test_of_two_and_three_the_first_is_the_one():
    one, two, three = (stage.build(scene.resolve(prompts.parse(t), 8)) for t in ("a teapot", "two teapots", "three teapots"))
    n = len(one.objects)
    assert [len(s.objects) for s in (two, three)] == [2 * n, 3 * n]
    for other in (two, three):
        for p, q in zip(one.objects, other.objects[:n], strict=True):
            ratio = np.ptp(q.mesh.vertices, 0) / np.ptp(p.mesh.vertices, 0)
            assert np.allclose(ratio, ratio[0])
            assert np.allclose(p.mesh.vertices * ratio[0], q.mesh.vertices, atol=1e-9)


def test_upside_down_is_the_same_object_turned():
    up, down = (stage.build(scene.resolve(prompts.parse(t), 8)) for t in ("a teapot", "a teapot upside down"))
    heights = []
    for p, q in zip(up.objects, down.objects, strict=True):
        assert np.allclose(q.mesh.vertices[:, :2], p.mesh.vertices[:, :2] * (-1, 1), atol=1e-9)
        heights.append(p.mesh.vertices[:, 2] + q.mesh.vertices[:, 2])
    assert np.ptp(np.concatenate(heights)) < 1e-9


# --- pictures -----------------------------------------------------------------------------------------------------------


def around(text, seed, size=224, margin=6):
    """Pixels [size, size] outside the box that the object fills, by projection of its vertices."""
    made = stage.build(scene.resolve(prompts.parse(text), seed))
    eye, target = np.array(made.eye), np.array(made.target)
    ahead = (target - eye) / np.linalg.norm(target - eye)
    right = np.cross(ahead, (0, 0, 1.0))
    right /= np.linalg.norm(right)
    points = np.vstack([p.mesh.vertices for p in made.objects]) - eye
    reach = np.tan(np.radians(made.field_of_view / 2)) * (points @ ahead)
    x, y = (points @ right / reach + 1) * size / 2, (1 - points @ np.cross(right, ahead) / reach) * size / 2
    mask = np.ones((size, size), dtype=bool)
    rows, columns = (slice(max(int(v.min()) - margin, 0), int(v.max()) + margin) for v in (y, x))
    mask[rows, columns] = False
    return mask


@pytest.fixture(scope="module")
def generator():
    made = Generator("scalar", workers=1)
    yield made
    made.close()


def difference(generator, texts, seed):
    """Mean difference in levels of 255 of two pictures of one seed: (around the object up to exposure, in its box).

    The studio's camera meters the whole picture, so that a brighter object darkens the rest; a cubic curve a channel undoes it.
    """
    a, b = (np.asarray(p.content).astype(float) for p in generator(texts, [seed, seed]))
    outside = around(texts[0], seed)
    assert outside.mean() > 0.3
    channels = zip(a[outside].T, b[outside].T, strict=True)
    left = [np.abs(y - np.polyval(np.polyfit(x, y, 3), x)).mean() for x, y in channels]
    return float(np.mean(left)), float(np.abs(a - b)[~outside].mean())


@pytest.mark.slow
def test_another_colour_leaves_the_rest_of_the_picture(generator):
    outside, inside = difference(generator, ["a photo of a red teapot on grass", "a photo of a blue teapot on grass"], 22)
    assert outside < 1.5 < 20 < inside


@pytest.mark.slow
@pytest.mark.parametrize("seed", [21, 22, 23])
@pytest.mark.parametrize(
    "texts",
    [
        ("a photo of a green mailbox on snow", "a photo of a yellow mailbox on snow"),
        ("a photo of a red cab at night", "a photo of a white cab at night"),
        ("a photo of a red pineapple", "a photo of a golden pineapple"),
    ],
)
def test_paint_is_seen_on_the_object(generator, texts, seed):
    outside, inside = difference(generator, texts, seed)
    assert outside < 3 < 10 < inside
