"""Pictures: the same for the same prompt and seed, and the judge knows what they show."""

import numpy as np
import pytest
from PIL import Image

from bugscope.errors import ModelError, SpecError
from bugscope.providers.studio import Captioner, Generator, Judge, variants
from bugscope.providers.studio.film import fog, tone
from bugscope.providers.studio.materials import Material
from bugscope.providers.studio.render import contrast
from bugscope.testing import check_captioner, check_generator, check_judge
from bugscope.types import Picture

PROMPTS = ["a photo of a teapot on grass", "a photo of a red banana at night", "a photo of a school bus seen from above"]


@pytest.fixture(scope="module")
def generator():
    made = Generator("scalar", workers=2)
    yield made
    made.close()


@pytest.fixture(scope="module")
def pictures(generator):
    return generator(PROMPTS, [1, 2, 3])


def test_a_picture_depends_on_its_prompt_and_seed_alone(generator, pictures):
    check_generator(generator, PROMPTS)
    other = Generator("scalar", workers=1)
    again = other(PROMPTS[::-1], [3, 2, 1])[::-1]
    other.close()
    for a, b in zip(pictures, again, strict=True):
        assert a.image.size == (224, 224)
        assert a.image.tobytes() == b.image.tobytes()
        assert a.info == b.info


def test_another_seed_is_another_picture(generator, pictures):
    assert generator([PROMPTS[0]], [4])[0].image.tobytes() != pictures[0].image.tobytes()


def test_the_judge_knows_what_is_shown(pictures):
    labels = ["teapot", "banana", "school bus"]
    check_judge(Judge(), pictures, labels)
    assert Judge()(pictures, labels).tolist() == [1, 1, 1]
    assert Judge()(pictures, ["banana", "teapot", "cab"]).tolist() == [0, 0, 0]


@pytest.mark.parametrize(("name", "value"), [("area", 0.01), ("share", 0.4), ("contrast", 0.05)])
def test_an_object_too_small_hidden_or_faint_is_not_shown(pictures, name, value):
    dimmed = {**pictures[0].info, "view": {**pictures[0].info["view"], name: value}}
    assert Judge()([Picture(pictures[0].image, dimmed)], ["teapot"])[0] == 0


def test_a_view_that_its_class_does_not_allow_is_unfaithful(generator):
    made = generator(["a photo of a crossword puzzle seen from behind"], [1])
    assert made[0].info["scene"]["nameable"] is False
    assert Judge()(made, ["crossword puzzle"])[0] == 0


def test_far_is_smaller_and_hiding_hides(generator):
    near, far, hidden = generator(["a teapot", "a teapot far away", "a teapot partly hidden by leaves"], [5, 5, 5])
    assert far.info["view"]["area"] < near.info["view"]["area"] / 3
    assert hidden.info["view"]["share"] < near.info["view"]["share"]


def test_the_judge_refuses_pictures_of_others():
    with pytest.raises(ModelError, match="only pictures of the studio"):
        Judge()([Picture(Image.new("RGB", (8, 8)))], ["teapot"])


def test_unknown_words_stop_the_generator_before_it_draws(generator):
    with pytest.raises(SpecError, match="does not know 'zeppelin'"):
        generator(["a photo of a zeppelin"], [1])


def test_bad_arguments_are_named():
    with pytest.raises(SpecError, match="samples is 0"):
        Generator("scalar", samples=0)
    with pytest.raises(SpecError, match="Did you mean 'scalar'"):
        Generator("scaler")


def test_a_renderer_that_dies_is_replaced(generator, pictures):
    for process in list(generator.pool.processes):
        process.kill()
    assert generator([PROMPTS[0]], [1])[0].image.tobytes() == pictures[0].image.tobytes()


def test_a_library_that_is_none_is_found_out(tmp_path):
    fake = tmp_path / "libLLVM.so"
    fake.write_bytes(b"not a library")
    assert not variants.works(str(fake))


def test_tints_keep_the_pattern_and_replace_the_hue():
    rng = np.random.default_rng(0)
    pattern = np.repeat(rng.uniform(0.1, 0.9, (32, 32, 1)), 3, axis=2) * (1.0, 0.7, 0.4)
    tinted = np.asarray(Material(pattern).tinted((0.75, 0.08, 0.07)).colour)
    light = [np.asarray(a) @ (0.2126, 0.7152, 0.0722) for a in (pattern, tinted)]
    assert np.corrcoef(light[0].ravel(), light[1].ravel())[0, 1] > 0.9
    assert tinted[..., 0].mean() > 3 * tinted[..., 2].mean()


def test_fog_hides_what_is_far_and_contrast_sees_it():
    rng = np.random.default_rng(0)
    scene = rng.uniform(0, 1, (64, 64, 3))
    mask = np.zeros((64, 64), dtype=bool)
    mask[20:44, 20:44] = True
    scene[mask] = (0.9, 0.1, 0.1)
    clear, foggy = ((tone(fog(scene, np.ones((64, 64)), density, dark=False)) * 255).astype(np.uint8) for density in (0.0, 4.0))
    assert contrast(foggy, mask) < contrast(clear, mask) / 3


def test_the_captioner_fits_its_role_and_sees_pixels_only(pictures):
    captioner = Captioner()
    check_captioner(captioner)
    bare = [p.image.copy() for p in pictures]
    said = captioner(bare)
    assert "teapot" in said[0]
    assert "on grass" in said[0]
    assert "school bus" in said[2]
    assert "seen from above" in said[2]
