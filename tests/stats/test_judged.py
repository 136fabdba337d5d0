"""A judge that errs: corrected rates and evidence, checked by enumeration, by search and by simulation."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize
from scipy.special import expit
from scipy.stats import binom

from bugscope import stats
from bugscope.core.records import Counts
from bugscope.stats import judged
from bugscope.stats.judged import JudgeError

EXACT = JudgeError(1.0, 1.0)
KNOWN = JudgeError(0.9, 0.8)


def cells(s: float, f: float, u: float, se: float, sp: float) -> np.ndarray:
    """Probabilities of the four cells: shows its label with chance s, fails with f if so, else with u."""
    c = 1 - sp
    shown, other = s * np.array([f, 1 - f]), (1 - s) * np.array([u, 1 - u])
    return np.concatenate([se * shown + c * other, (1 - se) * shown + sp * other])


def draw(rng: np.random.Generator, n: int, p: np.ndarray) -> Counts:
    return Counts(*map(int, rng.multinomial(n, p / p.sum())))


counts = st.builds(Counts, *[st.integers(0, 12)] * 4)
share = st.floats(0, 1)


@settings(max_examples=60, deadline=None)
@given(counts, share, share, share, st.floats(0.8, 1), st.floats(0.7, 1))
def test_no_rates_whatever_are_likelier_than_the_bound(n, s, f, u, se, sp):
    box = ((0.8, 1.0), (0.7, 1.0))
    p = cells(s, f, u, se, sp)
    likelihood = sum(k * math.log(x) if x > 0 else -math.inf for k, x in zip(n, p, strict=True) if k)
    i = min(int(f * 256), 255)
    assert likelihood <= judged.profile(n, box)[i] + 1e-9


@settings(max_examples=10, deadline=None)
@given(counts)
@pytest.mark.slow
def test_the_bound_is_near_what_is_reached(n):
    """Against a search for the likeliest rates from several starts."""

    def loss(x: np.ndarray) -> float:
        p = cells(*expit(x), 0.9, 0.8)
        return -sum(k * math.log(max(q, 1e-300)) for k, q in zip(n, p, strict=True) if k)

    starts = itertools.product((-2.0, 2.0), repeat=3)
    reached = max(-minimize(loss, np.array(x), method="Nelder-Mead", options={"maxiter": 600}).fun for x in starts)
    bound = judged.profile(n, ((0.9, 0.9), (0.8, 0.8)))
    assert reached - 1e-6 <= bound.max()
    # beside the peak nothing is added but the little that EM had not reached
    assert np.sort(bound)[-3 if n.drawn else 0] <= reached + 0.1


@pytest.mark.parametrize("error", [EXACT, KNOWN, JudgeError(0.7, 0.95)])
@pytest.mark.parametrize("sizes", [(2, 3), (3, 2)])
def test_the_e_value_expects_at_most_one_under_the_null(error, sizes):
    """Exact: all outcomes of the four cells of both streams, for rates in the null and on its edge."""
    n, m = sizes
    outcomes = [[c for c in itertools.product(range(k + 1), repeat=4) if sum(c) == k] for k in sizes]
    table = np.array(
        [[math.exp(judged.log_e_value(Counts(*a), Counts(*b), 0.1, error, 0.0)) for b in outcomes[1]] for a in outcomes[0]]
    )
    se, sp = error.point
    for f, s, u, s2, u2 in (
        (0.0, 0.9, 1.0, 0.9, 1.0),
        (0.3, 0.5, 1.0, 1.0, 0.0),
        (0.3, 0.2, 1.0, 1.0, 1.0),
        (0.9, 1, 0, 0.4, 1),
    ):
        there, here = cells(s, min(1.0, f + 0.1), u, se, sp), cells(s2, f, u2, se, sp)
        chance = [np.array([_multinomial(c, p) for c in found]) for found, p in zip(outcomes, (there, here), strict=True)]
        assert chance[0].sum() == pytest.approx(1)
        assert chance[0] @ table @ chance[1] <= 1 + 1e-9
    assert n + m == 5


def _multinomial(c: tuple[int, ...], p: np.ndarray) -> float:
    ways = math.factorial(sum(c)) / math.prod(map(math.factorial, c))
    return ways * math.prod(float(x) ** k for x, k in zip(p, c, strict=True))


@pytest.mark.slow
def test_whoever_stops_when_it_suits_him_is_rarely_convinced():
    """At the edge of the null, a judge at the corner of its box, a look every 5 pictures: at most 5 % reach 20."""
    rng, error, convinced, runs = np.random.default_rng(1), JudgeError((90, 100), (45, 50)), 0, 30
    (low_se, _), (low_sp, _) = error.box(0.005)
    there, here = cells(0.6, 0.3, 1.0, low_se, low_sp), cells(0.95, 0.2, 1.0, low_se, low_sp)
    for _ in range(runs):
        a, b = Counts(), Counts()
        for _ in range(8):
            a, b = a + draw(rng, 5, there), b + draw(rng, 8, here)
            if judged.log_e_value(a, b, 0.1, error, 0.005) >= math.log(20):
                convinced += 1
                break
    assert convinced <= 0.05 * runs


def test_a_generator_that_draws_something_else_is_no_bug_of_the_classifier():
    """Under the description 60 % of the pictures do not show the label, and the judge misses half of those; the
    target is as good as ever. Taken at its word the judge makes a bug of it; corrected it is none."""
    rng, error, runs = np.random.default_rng(2), JudgeError((98, 100), (50, 100)), 20
    naive = honest = 0
    for _ in range(runs):
        a, b = draw(rng, 120, cells(0.4, 0.05, 1.0, 0.98, 0.5)), draw(rng, 120, cells(1.0, 0.05, 1.0, 0.98, 0.5))
        naive += stats.log_e_value(a.wrong, a.n, b.wrong, b.n, 0.1) >= math.log(20)
        honest += judged.log_e_value(a, b, 0.1, error, 0.005) >= math.log(20)
    assert naive >= 0.6 * runs
    assert honest == 0


def test_a_real_bug_is_still_found_with_a_judge_that_errs():
    error = JudgeError((95, 100), (95, 100))
    assert judged.log_e_value(Counts(19, 1, 0, 0), Counts(2, 38, 1, 1), 0.1, error, 0.005) > math.log(100)


@pytest.mark.parametrize("f", [0.0, 0.01, 0.5, 1.0])
def test_the_corrected_interval_covers(f):
    rng, held, runs = np.random.default_rng(3), 0, 40
    for _ in range(runs):
        n = draw(rng, 60, cells(0.8, f, 0.9, 0.9, 0.8))
        found = judged.corrected(n, KNOWN)
        held += found.low <= f <= found.high
    assert held >= 0.95 * runs


@settings(max_examples=40, deadline=None)
@given(counts, st.sampled_from([EXACT, KNOWN, JudgeError((9, 10), (7, 9))]), st.sampled_from([0.8, 0.95]))
def test_a_corrected_rate_lies_in_its_interval_which_has_width(n, error, level):
    found = judged.corrected(n, error, level)
    assert 0 <= found.low < found.high <= 1
    assert math.isnan(found.value) or found.low <= found.value <= found.high


def test_rogan_and_gladen_by_hand():
    """60 % show the label, 20 % of those fail, all others do: 1000 pictures as expected of sensitivity .9, specificity .8."""
    n = Counts(*(round(1000 * x) for x in cells(0.6, 0.2, 1.0, 0.9, 0.8)))
    assert n == (188, 432, 332, 48)
    assert judged.corrected(n, KNOWN).value == pytest.approx(0.2)
    assert n.wrong / n.n > 0.3, "uncorrected it is half as much again"


def test_an_exact_judge_corrects_nothing():
    found = judged.corrected(Counts(15, 5, 3, 0), EXACT)
    assert found.value == 0.75
    plain = stats.uniform(15, 20)
    assert found.low <= plain.low + 0.01 and found.high >= plain.high - 0.01
    assert judged.log_e_value(Counts(15, 0), Counts(1, 30), 0.1, EXACT, 0.0) <= stats.log_e_value(15, 15, 1, 31, 0.1)


def test_a_million_pictures_neither_overflow_nor_lose_their_sign():
    million = 10**6
    assert judged.log_e_value(Counts(million, 9, 0, 0), Counts(9, million, 7, 8), 0.1, KNOWN, 0.0) > 1e4
    assert judged.log_e_value(Counts(9, million), Counts(million, 9), 0.1, KNOWN, 0.0) < 0
    assert 0 < (r := judged.corrected(Counts(million // 2, million // 2, 9, 9), KNOWN)).high - r.low < 0.02
    assert judged.log_e_value(Counts(), Counts(), 0.1, KNOWN, 0.0) == 0


def test_what_people_say_becomes_an_error_with_its_uncertainty():
    verdicts = [(True, True)] * 38 + [(False, True)] * 2 + [(True, False)] * 1 + [(False, False)] * 9
    error = judged.estimate(verdicts)
    assert error == JudgeError((38, 40), (9, 10)) and error.point == (0.95, 0.9) and not error.known
    (a, b), (c, d) = error.box(0.05)
    assert a < 0.95 < b and c < 0.9 < d
    inside = sum(binom.pmf(k, 40, 0.95) for k in range(41) if _holds(JudgeError((k, 40), (9, 10)).box(0.05)[0], 0.95))
    assert inside >= 0.975
    assert str(error) == "sensitivity 38 of 40, specificity 9 of 10"
    for some, what in (([(True, True)], "do not show"), ([(True, False)], "that show")):
        with pytest.raises(ValueError, match=what):
            judged.estimate(some)


def _holds(between: tuple[float, float], x: float) -> bool:
    return between[0] <= x <= between[1]


def test_parsing():
    assert JudgeError.parse("0.95", "19/20") == JudgeError(0.95, (19, 20))
    assert JudgeError.parse("1", "1").known
    for bad in ("95", "-0.1", "3/2", "x", "1/0", "", "nan", "1/2/3"):
        with pytest.raises(ValueError, match="sensitivity"):
            JudgeError.parse(bad, "0.9")
    with pytest.raises(ValueError, match="no better than chance"):
        JudgeError.parse("0.5", "0.5")
