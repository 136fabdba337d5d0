"""What an equal claim costs with a fixed number of pictures, and at least."""

import math

import numpy as np
import pytest
from scipy.optimize import minimize_scalar

from bugscope import stats
from support.benches import load

equal_claim = load("equal_claim")
MARGIN = 0.1


@pytest.mark.parametrize("n", [6, 20, 41])
@pytest.mark.parametrize("level", [0.05, 0.005])
def test_the_exact_test_holds_its_level_at_every_plain_rate(n, level):
    edge = [equal_claim.power(n, q + MARGIN, q, MARGIN, level) for q in np.linspace(0, 0.9, 777)]
    assert max(edge) <= level + 1e-4, "on rates between those of its grid too"
    assert max(edge) > level / 10, "and it is not idle"
    inside = [equal_claim.power(n, q + MARGIN / 2, q, MARGIN, level) for q in np.linspace(0, 0.9, 91)]
    assert max(inside) <= level


def test_the_exact_test_holds_its_level_in_simulation():
    rng = np.random.default_rng(0)
    refuted = equal_claim.region(30, MARGIN, 0.05)
    for q in (0.0, 0.04, 0.3, 0.85):
        k, m = rng.binomial(30, q + MARGIN, 20_000), rng.binomial(30, q, 20_000)
        assert refuted[k, m].mean() < 0.05 + 4 * (0.05 / 20_000) ** 0.5


def test_more_failures_under_the_description_never_refute_less():
    refuted = equal_claim.region(25, MARGIN, 0.02)
    assert refuted[25, 0] and not refuted[3, 3]
    assert (np.diff(refuted.astype(int), axis=0) >= 0).all() and (np.diff(refuted.astype(int), axis=1) <= 0).all()


@pytest.mark.slow
def test_a_margin_makes_a_claim_dearer_than_fishers():
    n = equal_claim.fixed_n([(0.6, 0.05)], MARGIN, 0.005, 0.9)
    assert equal_claim.power(n, 0.6, 0.05, MARGIN, 0.005) >= 0.9
    assert n > stats.plan_fixed(0.6, 0.05, level=0.005, power=0.9).enough
    assert equal_claim.fixed_n([(0.15, 0.05)], MARGIN, 0.05, 0.9) is None
    mixed = equal_claim.fixed_n([(0.6, 0.05), (0.9, 0.05)], MARGIN, 0.005, 0.9)
    assert mixed <= n


def test_no_number_of_pictures_goes_below_the_bound():
    for rate, plain in ((0.9, 0.05), (0.6, 0.05), (0.9, 0.3)):
        bound = equal_claim.wald(rate, plain, MARGIN, 0.01)
        assert 4 < bound < 2 * equal_claim.fixed_n([(rate, plain)], MARGIN, 0.01, 0.99)
    assert equal_claim.wald(0.9, 0.05, MARGIN, 0.01) < equal_claim.wald(0.6, 0.05, MARGIN, 0.01)
    assert math.isinf(equal_claim.wald(0.14, 0.05, MARGIN, 0.01))


def test_the_bound_lies_between_a_known_plain_rate_and_equally_many_pictures():
    def information(share):
        """What a picture tells against the worst null, if this share of them are of the description."""

        def told(q):
            apart = [a * math.log(a / b) + (1 - a) * math.log((1 - a) / (1 - b)) for a, b in ((0.6, q + MARGIN), (0.05, q))]
            return share * apart[0] + (1 - share) * apart[1]

        return minimize_scalar(told, bounds=(0.01, 0.89), method="bounded").fun

    known = 0.6 * math.log(0.6 / 0.15) + 0.4 * math.log(0.4 / 0.85)
    bound = equal_claim.wald(0.6, 0.05, MARGIN, 0.01)
    assert math.log(100) / known < bound <= math.log(100) / information(0.5)
    assert bound == pytest.approx(math.log(100) / max(information(share) for share in np.linspace(0.01, 0.99, 99)), rel=1e-3)
