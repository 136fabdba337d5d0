"""Which rates are "nearly always", and how seldom one is that should not be."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom

from bugscope.stats import HALF, NEARLY, clopper_pearson, nearly_always, too_few, uniform

INTERVALS = (uniform, clopper_pearson)


@pytest.mark.parametrize(("k", "n"), [(7, 7), (11, 12), (18, 20), (22, 24), (24, 24)])
def test_what_fails_nearly_always(k, n):
    assert nearly_always(uniform(k, n)) and not too_few(uniform(k, n))


@pytest.mark.parametrize(("k", "n"), [(0, 0), (6, 6), (9, 10), (21, 24), (17, 20), (0, 24), (2, 5)])
def test_what_does_not(k, n):
    assert not nearly_always(uniform(k, n))


@pytest.mark.parametrize(("k", "n"), [(0, 0), (1, 1), (6, 6), (9, 10)])
def test_too_few_pictures_are_told_from_pictures_that_are_right(k, n):
    assert too_few(uniform(k, n)) and not too_few(uniform(4, 6))


@given(st.sampled_from(INTERVALS), st.integers(0, 80), st.data())
def test_it_is_a_rate_of_nine_tenths_that_is_shown_to_be_over_a_half(interval, n, data):
    rate = interval(data.draw(st.integers(0, n)), n)
    assert nearly_always(rate) == (n > 0 and rate.value >= NEARLY and rate.low > HALF)
    assert not (nearly_always(rate) and too_few(rate))


@given(st.sampled_from(INTERVALS), st.integers(1, 80), st.data())
def test_one_more_failure_never_makes_it_fine(interval, n, data):
    k = data.draw(st.integers(0, n - 1))
    assert not nearly_always(interval(k, n)) or nearly_always(interval(k + 1, n))


@pytest.mark.parametrize(("truth", "chance"), [(0.5, 1.8e-5), (0.7, 0.012), (0.8, 0.115), (0.95, 0.884)])
def test_how_often_an_exploration_of_24_pictures_says_so(truth, chance):
    """The figures of docs/statistics.md."""
    said = sum(binom.pmf(k, 24, truth) for k in range(25) if nearly_always(uniform(k, 24)))
    assert said == pytest.approx(chance, rel=0.03)


def test_a_guess_among_many_labels_is_nearly_always_wrong_and_so_is_what_is_no_better():
    assert not nearly_always(clopper_pearson(880, 1000)), "12 % are right"
    assert not nearly_always(clopper_pearson(880, 1000), guess=0.1), "which is more than a guess among ten"
    assert nearly_always(clopper_pearson(890, 1000), guess=0.1), "11 % are not"
    # among few labels a guess is often right, and among a thousand hardly ever
    assert not nearly_always(clopper_pearson(67, 100), guess=1 / 3)
    assert not nearly_always(clopper_pearson(88, 100), guess=0.001)
    # few pictures show nothing, though their interval holds everything
    assert not nearly_always(clopper_pearson(15, 20), guess=0.1)
