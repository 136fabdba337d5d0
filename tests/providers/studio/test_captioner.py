"""What the captioner makes of its networks' answers."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from bugscope.providers.studio import prompts
from bugscope.providers.studio.captioner import (
    ALONE,
    LEAST,
    ORDER,
    Captioner,
    Looks,
    company,
    frame,
    square,
)
from bugscope.providers.studio.company import USUAL
from bugscope.providers.studio.features import CELLS, CHANNELS, PLAIN, WHOLE, Eyes
from bugscope.providers.studio.vocabulary import by_name


@pytest.fixture(scope="module")
def captioner():
    return Captioner(threads=1)


def sides(low, high):
    return st.tuples(st.floats(low, high), st.floats(low, high)).map(sorted).filter(lambda s: s[1] - s[0] > 1e-3)


@given(sides(0, 1), sides(0, 1), st.floats(1, 2), st.tuples(st.floats(-0.2, 0.2), st.floats(-0.2, 0.2)))
def test_a_close_look_is_a_square_in_the_picture(across, down, room, shift):
    left, top, right, bottom = square((across[0], down[0], across[1], down[1]), room, shift)
    assert min(left, top) >= 0
    assert max(right, bottom) <= 1 + 1e-9
    assert right - left == pytest.approx(bottom - top)
    assert right - left >= LEAST - 1e-9


@given(sides(0, 1), sides(0, 1))
def test_a_close_look_holds_what_it_is_at(across, down):
    left, top, right, bottom = square((across[0], down[0], across[1], down[1]))
    assert left <= across[0] + 1e-9
    assert across[1] <= right + 1e-9
    assert top <= down[0] + 1e-9
    assert down[1] <= bottom + 1e-9


def test_it_looks_where_something_is_likely_and_not_at_what_is_apart_from_it():
    where = np.full((CELLS, CELLS), -6.0, dtype=np.float32)
    where[2:4, 2:4] = 3.0
    where[10:12, 10:12] = 2.0
    left, top, right, bottom = frame(where)
    assert left <= 2 / CELLS
    assert right >= 4 / CELLS
    assert max(right, bottom) < 10 / CELLS
    assert frame(np.full((CELLS, CELLS), 3.0, dtype=np.float32)) == WHOLE


def test_a_look_at_a_frame_is_a_look_at_the_cut_out_picture():
    image = Image.effect_noise((96, 96), 80).convert("RGB").resize((384, 384))
    eyes = Eyes(1)
    part, cut = eyes(image, (0.25, 0.25, 0.75, 0.75)), eyes(image.crop((96, 96, 288, 288)))
    assert part.maps.shape == (CHANNELS, CELLS, CELLS)
    assert part.plain.shape == (PLAIN,)
    assert np.abs(part.plain - cut.plain).mean() < 0.02


def test_what_is_stated_is_sure_and_can_be_drawn(captioner):
    rng = np.random.default_rng(0)
    size = sum(map(len, captioner.values.values()))
    for _ in range(50):
        read = captioner.decided(Looks(*rng.normal(0, 4, (3, size)).astype(np.float32)))
        for value in captioner.stated(read):
            assert value.attribute == "company" or read[value.attribute][1] >= captioner.sure[value.attribute]
            assert prompts.value_of(value.phrase) is not None, value.phrase
        assert captioner.say(read).startswith("a photo of ")


def test_it_states_nothing_that_it_is_not_sure_of(captioner, monkeypatch):
    monkeypatch.setattr(captioner, "sure", dict.fromkeys(captioner.sure, 0.9))
    size = sum(map(len, captioner.values.values()))
    read = captioner.decided(Looks(*np.zeros((3, size), dtype=np.float32)))
    assert captioner.stated(read) == []


@pytest.mark.parametrize("relation", USUAL)
def test_company_is_said_as_the_studio_reads_it(relation):
    (value,) = company({"relation": (relation, 0.9), "companion": ("candle", 0.8)})
    assert prompts.companions(value.name).relation == relation
    assert prompts.companions(value.name).label == "candle"
    assert company({"relation": (ALONE, 0.9), "companion": ("candle", 0.8)}) == []


def test_it_knows_every_value_of_the_vocabulary_that_it_can_be_asked_about(captioner):
    for question, values in captioner.values.items():
        if question in ORDER:
            assert sum(by_name(question, v) is None for v in values) <= 1  # what is ordinary
    assert set(ORDER) - {"company"} <= set(captioner.values)
