"""The engine asks once, remembers, is patient, and believes no model blindly."""

import numpy as np
import pytest
from PIL import Image

from bugscope import language
from bugscope.config import Config
from bugscope.engine import Engine, Models, as_rgb
from bugscope.errors import ModelError, Transient
from bugscope.store import Store
from bugscope.testing import World
from bugscope.types import Picture, Refused, Sample, Status

SAMPLES = [Sample(language.neutral("mug"), "explore", i) for i in range(20)]


class Role:
    def __init__(self, call, name, labels=()):
        self.call, self.id, self.labels = call, name, labels

    def __call__(self, *inputs):
        return self.call(*inputs)


def engine_of(path, world=None, sleep=None, config=None, **changed):
    roles = (world or World()).roles()
    models = Models(**{**roles, **{r: Role(c, f"test/{r}", roles[r].labels) for r, c in changed.items()}})
    store = Store.create(path, {})
    return Engine(models, store, config or Config(batch_size=4), sleep=sleep or (lambda seconds: None))


def test_an_answer_is_asked_once_whatever_the_batch(tmp_path):
    world = World()
    engine = engine_of(tmp_path / "a", world)
    first = engine.measure(SAMPLES)
    calls = world.calls
    assert engine.measure(SAMPLES[::-1]) == first[::-1]
    assert engine.measure([*SAMPLES[:2], *SAMPLES[:2]]) == [*first[:2], *first[:2]]
    assert world.calls == calls
    assert engine_of(tmp_path / "b", config=Config(batch_size=7)).measure(SAMPLES) == first
    assert len(engine.asked) == 20


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"classifier": lambda images: np.zeros((len(images), 9))}, r"scores of shape \(4, 9\); expected \(4, 2\)"),
        ({"classifier": lambda images: np.zeros(len(images))}, r"scores of shape \(4,\); expected \(4, 2\)"),
        ({"classifier": lambda images: np.full((len(images), 2), np.inf)}, "not finite, e.g. inf"),
        ({"classifier": lambda images: [["a", "b"]] * len(images)}, "test/classifier raised ValueError"),
        ({"classifier": lambda images: 1 / 0}, "classifier test/classifier raised ZeroDivisionError"),
        ({"generator": lambda prompts, seeds: []}, "generator test/generator gave 0 pictures for 4 inputs"),
        ({"generator": lambda prompts, seeds: ["no"] * 4}, "gave a str; expected a Picture or Refused"),
        ({"judge": lambda pictures, labels: [1.5] * 4}, r"judge test/judge gave shape \(4,\).*probabilities in \[0, 1\]"),
        ({"judge": lambda pictures, labels: [0.5]}, r"judge test/judge gave shape \(1,\)"),
    ],
)
def test_a_model_that_breaks_its_contract_is_named(tmp_path, changed, message):
    with pytest.raises(ModelError, match=message):
        engine_of(tmp_path / "r", **changed).measure(SAMPLES)


def test_a_captioner_that_breaks_its_contract_is_named(tmp_path):
    for caption, message in ((lambda i: ["one"], "gave 1 sentences for 4"), (lambda i: [None] * 4, "gave a NoneType")):
        engine = engine_of(tmp_path / message[5:7], captioner=caption)
        with pytest.raises(ModelError, match=message):
            engine.describe(engine.measure(SAMPLES))


def test_refused_and_blank_pictures_count_for_nothing(tmp_path):
    def draw(prompts, seeds):
        return [Refused("unsafe"), Picture(Image.new("RGB", (8, 8))), *World().generator(prompts[2:], seeds[2:])]

    outcomes = engine_of(tmp_path / "r", generator=draw).measure(SAMPLES[:4])
    assert [o.status for o in outcomes[:2]] == [Status.REFUSED, Status.REFUSED]
    assert [o.detail for o in outcomes[:2]] == ["unsafe", "blank picture"]
    assert not outcomes[0].status.counts


def test_transient_errors_are_waited_for_then_halved_then_marked(tmp_path):
    waits, poison = [], SAMPLES[5].seed
    world = World()

    def draw(prompts, seeds):
        if poison in seeds:
            raise Transient("busy", retry_after=7.0)
        return world.generator(prompts, seeds)

    engine = engine_of(tmp_path / "r", generator=draw, sleep=waits.append)
    outcomes = engine.measure(SAMPLES)
    assert [o.status is Status.ERROR for o in outcomes].count(True) == 1
    assert outcomes[5].status is Status.ERROR
    assert "busy" in outcomes[5].detail
    assert waits and all(7.0 <= w <= 8.75 for w in waits)
    assert list(engine.store.notes("error")) == [SAMPLES[5].key]
    engine.store.close()
    assert engine_of(tmp_path / "r", generator=world.generator).measure(SAMPLES)[5].status is not Status.ERROR


def test_back_off_grows_where_the_server_names_no_time(tmp_path):
    waits, tries = [], []

    def draw(prompts, seeds):
        tries.append(1)
        if len(tries) < 4:
            raise Transient("busy")
        return World().generator(prompts, seeds)

    outcomes = engine_of(tmp_path / "r", generator=draw, sleep=waits.append).measure(SAMPLES[:4])
    assert all(o.status is not Status.ERROR for o in outcomes)
    assert [1 <= w / base <= 1.25 for w, base in zip(waits, (1, 2, 4), strict=True)] == [True] * 3


def test_out_of_memory_halves_the_batch(tmp_path):
    sizes = []

    def draw(prompts, seeds):
        sizes.append(len(prompts))
        if len(prompts) > 1:
            raise MemoryError
        return World().generator(prompts, seeds)

    outcomes = engine_of(tmp_path / "r", generator=draw).measure(SAMPLES[:4])
    assert all(o.status.counts for o in outcomes)
    assert sizes == [4, 2, 1, 1, 2, 1, 1]


def test_ctrl_c_keeps_what_was_finished(tmp_path):
    engine = engine_of(tmp_path / "r", World(die_after=3))
    with pytest.raises(KeyboardInterrupt):
        engine.measure(SAMPLES)
    kept = engine.store.get("classifier", "world/classifier", [s.key for s in SAMPLES])
    assert len(kept) in (8, 12)


def test_accepted_labels_and_top_k_decide_what_is_right(tmp_path):
    always_bowl = {"classifier": lambda images: np.tile([0.4, 0.6], (len(images), 1))}
    for options, status in (
        ({}, Status.FAILURE),
        ({"accept": {"mug": ["bowl"]}}, Status.SUCCESS),
        ({"top_k": 2}, Status.SUCCESS),
    ):
        engine = engine_of(tmp_path / str(options), config=Config(**options), **always_bowl)
        assert {o.status for o in engine.measure(SAMPLES)} == {status}


@pytest.mark.parametrize(
    ("image", "pixel"),
    [
        (Image.new("RGBA", (4, 4), (255, 0, 0, 0)), (255, 255, 255)),
        (Image.new("LA", (4, 4), (10, 255)), (10, 10, 10)),
        (Image.new("L", (4, 4), 77), (77, 77, 77)),
        (Image.new("CMYK", (4, 4), (0, 0, 0, 0)), (255, 255, 255)),
        (Image.new("1", (4, 4), 1), (255, 255, 255)),
        (Image.fromarray(np.full((4, 4), 65535, np.uint16)), (255, 255, 255)),
        (Image.fromarray(np.full((4, 4), 0.5, np.float32)), (127, 127, 127)),
        (Image.new("P", (4, 4), 0), (0, 0, 0)),
    ],
    ids=lambda x: getattr(x, "mode", ""),
)
def test_any_picture_becomes_rgb_as_a_person_sees_it(image, pixel):
    seen = as_rgb(image)
    assert seen.mode == "RGB"
    assert seen.getpixel((0, 0)) == pixel


def test_exif_rotation_is_applied():
    image = Image.new("RGB", (6, 2))
    image.getexif()[274] = 6
    assert as_rgb(image).size == (2, 6)
