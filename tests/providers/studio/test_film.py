"""Renditions, lenses, settings, overlays and files: what is done to a finished picture, and what is left to see in it."""

import dataclasses
import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from bugscope.core.errors import SpecError
from bugscope.core.labels import imagenet
from bugscope.core.records import Phrase
from bugscope.media.picture import Picture
from bugscope.providers.studio import (
    Generator,
    Judge,
    faults,
    film,
    overlays,
    prompts,
    renditions,
    scene,
    shots,
    stickers,
    textures,
    vocabulary,
    warps,
)  # fmt: skip
from bugscope.providers.studio.shots import Shot
from bugscope.providers.studio.vocabulary import CLASHES, FILM, SCENIC, STICKER, VALUES, by_name

SHOWN = [v for v in VALUES if v.attribute in FILM]
NEW = [v for v in SHOWN if v.attribute != "camera"]
SEEDS = st.integers(0, 2**31 - 1)


def made(seed, h=64, w=64, cells=48):
    """A smooth scene in linear light with a red ball in it: radiance, depth, regions."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:h, :w] / min(h, w)
    ball = np.hypot(y - h / min(h, w) / 2, x - w / min(h, w) / 2) < 0.22
    light = 0.25 + 0.15 * np.sin(9 * x + rng.uniform(0, 6))[..., None] * (1.0, 0.8, 0.6) + 0.02 * rng.random((h, w, 3))
    light[ball] = (0.7, 0.03, 0.03)
    rows, columns = np.mgrid[:cells, :cells] / cells
    regions = (np.hypot((rows - 0.5) * h / min(h, w), (columns - 0.5) * w / min(h, w)) < 0.22).astype(np.int32)
    return light, np.ones((h, w)), regions


def drawn(seed, light=None, **stated):
    """The picture of the scene of one seed as `stated` says, and its shot."""
    radiance, depth, regions = light or made(seed)
    return film.develop(radiance, depth, scene.resolve(prompts.Request("teapot", stated), seed), regions)


def usual(seed):
    """The next seed whose picture has no unusual condition."""
    while scene.resolve(prompts.Request("teapot", {}), seed).weather != "clear" or (
        scene.resolve(prompts.Request("teapot", {}), seed).camera
    ):
        seed += 1
    return seed


# --- the stages ---------------------------------------------------------------------------------------------------------


def test_every_value_has_a_stage_and_every_stage_a_value():
    tables = {
        "rendition": {**film.DRAWN, **film.PRINTED}, "lens": film.LENS, "framing": film.FRAMING, "setting": film.SETTING,
        "overlay": film.OVERLAY, "quality": film.QUALITY,
    }  # fmt: skip
    for attribute, stages in tables.items():
        assert {v.name for v in NEW if v.attribute == attribute and not v.name.startswith(STICKER)} == set(stages)
    assert {v.attribute for v in NEW} == set(tables) == FILM - {"camera"}


@pytest.mark.parametrize("value", SHOWN, ids=lambda v: v.phrase)
def test_a_value_changes_the_picture_and_does_it_the_same_way_again(value):
    seed = usual(3)
    plain, _ = drawn(seed)
    picture, shot = drawn(seed, **{value.attribute: value.name})
    again, _ = drawn(seed, **{value.attribute: value.name})
    assert picture.dtype == np.uint8 and picture.shape == plain.shape
    assert picture.tobytes() == again.tobytes()
    changed = np.abs(picture.astype(int) - plain).max(-1)
    assert changed.max() > 25 and (changed > 2).mean() > 0.02
    assert np.isfinite(shot.image).all() and picture.std() > 5


@pytest.mark.parametrize("value", [v for v in SHOWN if v.name not in ("sideways", "grey")], ids=lambda v: v.phrase)
def test_another_seed_does_it_in_another_way(value):
    light = made(0)
    first = usual(3)
    second = usual(first + 1)
    a, b = (drawn(s, light, **{value.attribute: value.name})[0].astype(int) for s in (first, second))
    assert (a != b).any()


@pytest.mark.parametrize("value", NEW, ids=lambda v: v.phrase)
@pytest.mark.parametrize(("h", "w"), [(32, 32), (48, 80), (80, 48)])
def test_pictures_of_any_shape_can_be_had(value, h, w):
    radiance, depth, _ = made(1, h, w)
    regions = np.zeros((h, w), dtype=np.int32)
    regions[h // 3 : h // 2, w // 3 : w // 2] = 7
    picture, shot = drawn(usual(1), (radiance, depth, regions), **{value.attribute: value.name})
    turned = value.name == "sideways"
    assert picture.shape == ((w, h, 3) if turned else (h, w, 3))
    assert shot.regions.shape == shot.area.shape == picture.shape[:2]
    assert set(np.unique(shot.regions)) == {0, 7}


@given(st.sampled_from([v for v in NEW if not v.name.startswith(STICKER)]), st.sampled_from(NEW), SEEDS)
def test_each_stage_has_a_stream_of_its_own(a, b, seed):
    """What is drawn at random for one attribute does not depend on the others."""
    if a.attribute == b.attribute:
        return
    taken = []

    def spy(shot, rng):
        taken.append(rng.random())
        return shot

    light = made(seed, 16, 16)
    for stated in ({a.attribute: a.name}, {a.attribute: a.name, b.attribute: b.name}):
        resolved = scene.resolve(prompts.Request("teapot", stated), seed)
        film.applied(Shot.of(light[0], light[2]), resolved, a.attribute, {a.name: spy})
    assert len(taken) == 2 and taken[0] == taken[1]


@given(st.sampled_from(["watermark", "stock watermark", "date", "subtitles", f"{STICKER}mug"]), SEEDS)
def test_an_overlay_leaves_the_picture_beside_it_to_the_last_bit(name, seed):
    light = made(seed)
    plain, _ = drawn(seed, light)
    over, _ = drawn(seed, light, overlay=name)
    same = (plain == over).all(-1)
    assert 0.2 < same.mean() < 1


# --- what is where ------------------------------------------------------------------------------------------------------

BENDING = [warps.tilted, warps.sideways, warps.fisheye, warps.wavy, overlays.frame]


@pytest.mark.parametrize("stage", BENDING)
@given(seed=SEEDS, y=st.floats(0.35, 0.65), x=st.floats(0.35, 0.65))
def test_regions_go_where_the_pixels_go(stage, seed, y, x):
    rows, columns = shots.grid(96, 96)
    ball = np.hypot(rows - y, columns - x) < 0.2
    image = np.where(ball[..., None], (1.0, 0.0, 0.0), (0.0, 0.0, 1.0))
    shot = stage(Shot.of(image, ball.astype(np.int32)), np.random.default_rng(seed))
    red = (shot.image[..., 0] > 0.62) & (shot.image[..., 1:] < 0.4).all(-1)  # no frame is as red
    shown = shot.regions > 0
    assert (red & shown).sum() / (red | shown).sum() > 0.9


@pytest.mark.parametrize("stage", BENDING)
@given(seed=SEEDS)
def test_what_stays_in_the_frame_is_all_of_the_object(stage, seed):
    rows, columns = shots.grid(96, 96)
    ball = np.hypot(rows - 0.5, columns - 0.5) < 0.2
    shot = stage(Shot.of(np.zeros((96, 96, 3)), ball.astype(np.int32)), np.random.default_rng(seed))
    assert shot.area[shot.regions > 0].sum() == pytest.approx(ball.sum(), rel=0.06)


@given(SEEDS)
def test_an_object_that_a_lens_moves_out_of_the_frame_is_not_all_there(seed):
    corner = np.zeros((96, 96), dtype=np.int32)
    corner[:24, :24] = 1
    shot = warps.tilted(Shot.of(np.zeros((96, 96, 3)), corner), np.random.default_rng(seed))
    assert shot.area[shot.regions > 0].sum() < 0.9 * corner.sum()


def test_a_quarter_turn_moves_pixels_and_changes_none():
    light = np.random.default_rng(0).random((9, 12, 3))
    shot = Shot.of(light, np.arange(108).reshape(9, 12))
    for seed in range(6):
        turned = warps.sideways(shot, np.random.default_rng(seed))
        times = 1 if (turned.image == np.rot90(light, 1)).all() else 3
        assert (turned.image == np.rot90(light, times)).all() and (turned.regions == np.rot90(shot.regions, times)).all()


def test_what_is_laid_over_an_object_hides_it():
    shot = Shot.of(np.full((8, 8, 3), 0.5), np.ones((4, 4), dtype=np.int32))
    opacity = np.zeros((8, 8))
    opacity[:4], opacity[4:6] = 0.8, 0.4
    over = shots.covered(shot, (1.0, 1.0, 1.0), opacity)
    assert over.regions.tolist() == [[0] * 4] * 2 + [[1] * 4] * 2
    assert over.image[0, 0] == pytest.approx(0.9) and over.image[5, 0] == pytest.approx(0.7)


TEXTS = st.one_of(st.sampled_from(["iPod", "piggy bank", "W", "a much longer sentence"]), st.sampled_from(sorted(imagenet())))


@given(SEEDS, TEXTS, st.tuples(*[st.floats(0.1, 0.9)] * 2), st.floats(0.05, 0.5))
def test_a_sticker_is_in_the_frame_and_leaves_most_of_the_object(seed, text, at, radius):
    rows, columns = shots.grid(96, 96)
    ball = np.hypot(rows - at[0], columns - at[1]) < radius
    before = Shot.of(np.full((96, 96, 3), 0.5), ball.astype(np.int32))
    after = overlays.sticker(before, np.random.default_rng(seed), text[:24])
    changed = np.abs(after.image - before.image).max(-1) > 0.05
    assert 0.004 < changed.mean() < 0.4
    left = (after.regions > 0).sum() / ball.sum()
    assert left > 1 - overlays.MOST_HIDDEN - 0.06  # turned, its corners reach a little further than its box is counted


@pytest.mark.parametrize("name", [v.name for v in NEW if v.attribute in ("overlay", "lens")])
def test_an_object_in_the_middle_is_never_hidden_wholly(name):
    attribute = next(v.attribute for v in NEW if v.name == name)
    for seed in range(12):
        _, _, regions = light = made(seed)
        _, shot = drawn(seed, light, **{attribute: name})
        assert shot.area[shot.regions > 0].sum() > 0.4 * regions.sum()


def test_a_sticker_without_an_object_is_somewhere():
    empty = Shot.of(np.zeros((96, 96, 3)), np.zeros((96, 96), dtype=np.int32))
    assert overlays.sticker(empty, np.random.default_rng(0), "iPod").image.max() > 0.5


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("iPod", ("iPod",)),
        ("piggy bank", ("piggy", "bank")),
        ("hot dog", ("hot dog",)),
        ("black-and-tan coonhound", ("black-and-tan", "coonhound")),
    ],
)
def test_long_words_are_on_two_lines(text, lines):
    assert overlays.wrapped(text) == lines


# --- what they are ------------------------------------------------------------------------------------------------------


def photo(seed=0):
    rng = np.random.default_rng(seed)
    light, _, _ = made(seed)
    return np.clip(light, 0, 1), rng


def test_prints_without_colours_have_none():
    image, rng = photo()
    assert np.ptp(renditions.grey(image, rng), axis=-1).max() == 0
    sepia = renditions.sepia(image, rng)
    assert (sepia[..., 0] >= sepia[..., 1]).all() and (sepia[..., 1] >= sepia[..., 2]).all()


def test_pixel_art_has_large_cells_and_few_colours():
    rng = np.random.default_rng(0)
    image = rng.random((256, 256, 3))
    art = renditions.pixel_art(image, rng)
    assert len(np.unique(art.reshape(-1, 3), axis=0)) <= renditions.COLOURS
    cell = 256 // renditions.CELLS
    assert (art[::cell, ::cell].repeat(cell, 0).repeat(cell, 1) == art).all()


@pytest.mark.parametrize("level", [0.15, 0.5, 0.85])
def test_a_halftone_is_as_light_as_what_it_prints(level):
    grey = np.full((96, 96, 3), level)
    printed = renditions.halftone(grey, np.random.default_rng(0)).mean()
    assert printed == pytest.approx(0.1 + level * 0.82, abs=0.05)  # black is dark grey, paper is not quite white


def test_exposures_are_wrong_in_their_directions():
    image, rng = photo()
    over, under = faults.overexposed(image, rng), faults.underexposed(image, rng)
    assert over.mean() > image.mean() + 0.1 and (over > 0.99).mean() > 0.05
    assert under.mean() < image.mean() - 0.1
    flat = faults.low_contrast(image, rng)
    assert np.ptp(flat) < 0.5 * np.ptp(image)


def test_a_wrong_white_balance_casts_a_colour():
    grey = np.full((8, 8, 3), 0.5)
    for seed in range(6):
        assert np.ptp(faults.unbalanced(grey, np.random.default_rng(seed))[0, 0]) > 0.15


def test_fringes_part_the_colours_at_the_edges_but_not_in_the_middle():
    image = np.zeros((97, 97, 3))
    image[:, ::8] = 1.0
    parted = np.ptp(faults.fringes(image, np.random.default_rng(0)), axis=-1)
    assert parted[48, 48] < 0.1 < 0.3 < parted[48, :12].max()


def test_a_low_resolution_photo_has_lost_its_detail():
    checks = np.indices((224, 224)).sum(0) % 2 * np.ones((3, 1, 1))
    assert np.ptp(faults.low_resolution(np.moveaxis(checks.astype(float), 0, -1), np.random.default_rng(0))) < 0.05


def test_strokes_run_along_their_angle():
    noise = textures.strokes(np.random.default_rng(0), 64, 64, 0.0)
    across, along = np.abs(np.diff(noise, axis=0)).mean(), np.abs(np.diff(noise, axis=1)).mean()
    assert along < across / 2


# --- words --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a teapot with a sticker that says iPod on grass", "iPod"),
        ("a teapot with a sticker that says ipod", "iPod"),
        ("a teapot with a sticker saying piggy bank at night", "piggy bank"),
        ("a teapot with a sticker which reads “Hello,  World!”", "Hello, World!"),
        ("a teapot with a sticker that says 'on grass' at night", "on grass"),
        ("a teapot with a sticker that says teapot", "teapot"),
        ("with a sticker that says jack-o'-lantern, a teapot", "jack-o'-lantern"),
        ("a teapot with a sticker that says 42.", "42"),
        ("a teapot with a sticker that says busy", "busy"),
    ],
)
def test_a_sticker_says_what_the_prompt_says(text, said):
    request = prompts.parse(text)
    assert request.label == "teapot" and request.stated["overlay"] == f"{STICKER}{said}"
    assert set(request.stated) <= {"overlay", "ground", "light"}
    assert ("ground" in request.stated) == ("iPod on" in text)


@given(st.sampled_from(sorted(imagenet())))
def test_any_label_can_be_on_a_sticker(label):
    text = f"a photo of a teapot with a sticker that says {label} in fog"
    if len(label) > stickers.LONGEST:
        with pytest.raises(SpecError, match="characters"):
            prompts.parse(text)
    else:
        request = prompts.parse(text)
        assert request.stated == {"overlay": f"{STICKER}{label}", "weather": "fog"} or label.lower() in {
            other.lower() for other in imagenet() if other != label
        }


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a teapot with a sticker", "what does the sticker say.*'with a sticker that says iPod'"),
        ("a teapot with a white sticker that says iPod", "what does the sticker say"),
        ('a teapot with a sticker that says ""', "says nothing"),
        ("a teapot with a sticker that says 捷径", "font has no '捷径'"),
        ("a teapot with a sticker that says abcdefghijklmnopqrstuvwxyz", "26 characters, and 24 fit"),
        ("a teapot with a sticker that says a with a sticker that says b", "two values of overlay"),
        ("a teapot with a watermark with subtitles", "two values of overlay: 'with a watermark' and 'with subtitles'"),
        (
            "a pencil sketch of a teapot in an oil painting",
            "two values of rendition: 'in a pencil sketch' and 'in an oil painting'",
        ),
        ("a teapot with a watermarc", r"does not know 'watermarc' \(nearest: watermark"),
        ("a tilted teapot", r"does not know 'tilted' \(nearest: tilted photo, in a tilted photo\)"),
        ("a teapot in sepia with chromatic aberration", "'in a sepia photo' and 'with chromatic aberration', which cannot be"),
    ],
)
def test_what_cannot_be_done_to_a_picture_is_one_error(text, message):
    with pytest.raises(SpecError, match=message) as caught:
        prompts.parse(text)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("clash", CLASHES, ids=lambda c: f"{c[0][1]}+{c[1][1]}")
@pytest.mark.parametrize("thing", ["a teapot", "grass"])
def test_clashing_conditions_name_each_other_and_why(clash, thing):
    (a, x), (b, y), why = clash
    if thing == "grass" and not {a, b} <= SCENIC:
        return  # surroundings have no material
    first, second = by_name(a, x).phrase, by_name(b, y).phrase
    for order in (f"{first} {second}", f"{second} {first}"):
        with pytest.raises(SpecError, match=f"'{first}' and '{second}', which cannot be together: {why}"):
            prompts.parse(f"{thing} {order}")
    prompts.parse(f"{thing} {first}")
    prompts.parse(f"{thing} {second}")


def test_a_sticker_alone_is_a_picture_of_an_empty_place():
    assert prompts.parse("a photo of a sticker that says iPod") == prompts.Request("", {"overlay": f"{STICKER}iPod"})


def test_a_phrase_of_any_sticker_is_admissible():
    studio = Generator("scalar", workers=1)
    try:
        for text, fair in [
            ("with a sticker that says ipod", True),
            ("with a sticker that says piggy bank", True),
            ("with a sticker", False),
            ("with a sticker that says iPod on grass", False),
            ("in a pencil sketch", True),
        ]:
            assert studio.admissible("teapot", Phrase(text)) is fair
        assert {Phrase(v.phrase) for v in NEW} <= set(studio.phrases("teapot"))
    finally:
        studio.close()


def test_the_prior_shows_none_of_it_unasked():
    for seed in range(400):
        drawn_ = scene.resolve(prompts.Request("teapot", {}), seed)
        assert not any(getattr(drawn_, a) for a in FILM - {"camera"}) and drawn_.camera != "zoom"


CORRUPTIONS = (
    "Gaussian noise", "shot noise", "impulse noise", "defocus blur", "glass blur", "motion blur", "zoom blur", "snow", "frost",
    "fog", "brightness", "contrast", "elastic transform", "pixelate", "JPEG compression",
)  # fmt: skip


def test_all_corruptions_of_imagenet_c_have_words_that_the_studio_knows():
    page = (Path(__file__).parents[3] / "docs" / "studio.md").read_text()
    table = dict(re.findall(r"^\| ([\w ]+) \| “([^”]+)” \|", page, re.MULTILINE))
    assert tuple(name for name in table if name in CORRUPTIONS) == CORRUPTIONS
    for name in CORRUPTIONS:
        assert vocabulary.by_wording()[table[name]].phrase == table[name]


# --- the judge and the renderer -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("attribute", "name"), Judge.COARSE)
def test_a_coarse_picture_must_show_more_of_the_object(attribute, name):
    shown = dataclasses.asdict(scene.resolve(prompts.Request("teapot", {attribute: name}), 1))
    fine = {**shown, attribute: ""}
    small = {"area": 0.03, "share": 1.0, "contrast": 0.2}
    pictures = [Picture(Image.new("RGB", (4, 4)), info={"scene": s, "view": small}) for s in (shown, fine)]
    large = Picture(pictures[0].content, info={"scene": shown, "view": {**small, "area": 0.07}})
    assert Judge()([*pictures, large], ["teapot"] * 3).tolist() == [0, 1, 1]


def test_the_judge_knows_pictures_from_before_there_were_renditions():
    old = {k: v for k, v in dataclasses.asdict(scene.resolve(prompts.Request("teapot", {}), 1)).items() if k not in FILM}
    picture = Picture(Image.new("RGB", (4, 4)), info={"scene": old, "view": {"area": 0.2, "share": 1.0, "contrast": 0.2}})
    assert Judge()([picture], ["teapot"]).tolist() == [1]


def test_one_seed_one_scene_whatever_is_done_to_its_picture():
    studio = Generator("scalar", workers=1)
    try:
        texts = [
            "a photo of a teapot on grass",
            "a photo of a teapot on grass in a sideways photo",
            "a photo of a teapot on grass in a picture frame",
            "a photo of a teapot on grass with a sticker that says iPod",
        ]
        plain, turned, framed, stuck = studio(texts, [1] * 4)
    finally:
        studio.close()
    a, b = (np.asarray(p.content).astype(int) for p in (plain, turned))
    assert min(np.abs(np.rot90(a, k) - b).mean() for k in (1, 3)) < 3.5  # but for the grain
    assert turned.info["view"]["area"] == plain.info["view"]["area"]
    assert turned.info["view"]["share"] == plain.info["view"]["share"]
    assert framed.info["view"]["area"] < plain.info["view"]["area"]
    assert framed.info["view"]["share"] == pytest.approx(plain.info["view"]["share"], rel=0.05)
    assert 0.6 < stuck.info["view"]["share"] / plain.info["view"]["share"] < 1
    assert stuck.info["scene"]["overlay"] == f"{STICKER}iPod"
    assert Judge()([plain, turned, framed, stuck], ["teapot"] * 4).tolist() == [1] * 4
