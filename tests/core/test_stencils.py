"""Masks as text."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bugscope.core.stencils import SIDE, packed, unpacked


@given(st.integers(0, 2**32), st.floats(0, 1))
def test_a_mask_of_the_grid_comes_back_as_it_was(seed, share):
    mask = np.random.default_rng(seed).random((SIDE, SIDE)) < share
    assert (unpacked(packed(mask), SIDE, SIDE) == mask).all()


@pytest.mark.parametrize("shape", [(224, 224), (300, 400), (40, 60)])
def test_a_mask_of_another_size_keeps_its_shape(shape):
    y, x = np.indices(shape)
    disc = ((y / shape[0] - 0.5) ** 2 + (x / shape[1] - 0.4) ** 2) < 0.09
    text = packed(disc)
    again = unpacked(text, shape[1], shape[0])
    assert (again & disc).sum() / (again | disc).sum() > 0.93
    assert len(text) < 300


def test_a_thin_thing_is_not_lost():
    mask = np.zeros((224, 224), dtype=bool)
    mask[:, 100:102] = True
    assert unpacked(packed(mask), 224, 224).any()


@pytest.mark.parametrize("text", ["", "###", "AAAA", "eJwDAAAAAAE="])
def test_what_is_no_mask_is_refused(text):
    with pytest.raises(ValueError, match="not a packed mask"):
        unpacked(text, 8, 8)
