"""The numbers a verdict rests on: checked by enumeration where that is possible, else by simulation."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize_scalar
from scipy.stats import beta, binom, binomtest, fisher_exact, multinomial
from statsmodels.stats.contingency_tables import mcnemar
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.proportion import confint_proportions_2indep, proportion_confint

from bugscope import stats
from bugscope.stats.likelihood import log_beta_mixture, log_likelihood, log_profile


@st.composite
def counts(draw: st.DrawFn, most: int = 400) -> tuple[int, int]:
    n = draw(st.integers(0, most))
    return draw(st.integers(0, n)), n


# --- intervals ----------------------------------------------------------------------------------------------------------


@given(counts(), st.sampled_from([0.5, 0.9, 0.95, 0.999]))
@pytest.mark.parametrize("interval", [stats.wilson, stats.clopper_pearson, stats.uniform])
def test_an_interval_contains_its_rate_and_has_width(interval, count, level):
    k, n = count
    rate = interval(k, n, level)
    assert 0 <= rate.low < rate.high <= 1
    if n:
        assert rate.low <= rate.value <= rate.high


@given(counts())
@pytest.mark.parametrize("interval", [stats.wilson, stats.clopper_pearson, stats.uniform])
def test_an_interval_of_successes_mirrors_that_of_failures(interval, count):
    k, n = count
    there, back = interval(k, n), interval(n - k, n)
    assert there.low == pytest.approx(1 - back.high, abs=1e-9)
    assert there.high == pytest.approx(1 - back.low, abs=1e-9)


@given(counts())
def test_the_time_uniform_interval_contains_wilsons(count):
    k, n = count
    uniform, wilson = stats.uniform(k, n), stats.wilson(k, n)
    assert uniform.low <= wilson.low + 1e-9 and uniform.high >= wilson.high - 1e-9


def test_intervals_at_zero_and_at_all_reach_the_end():
    for interval in (stats.wilson, stats.uniform):
        assert interval(0, 20).low == 0 and 0.1 < interval(0, 20).high < 0.3
        assert interval(20, 20).high == 1 and 0.7 < interval(20, 20).low < 0.9


def test_intervals_of_a_million_pictures_are_narrow():
    for k in (0, 1, 500_000, 999_999, 1_000_000):
        for interval in (stats.wilson, stats.uniform):
            rate = interval(k, 1_000_000, 0.999)
            assert 0 < rate.high - rate.low < 0.01
    assert stats.uniform(999_999, 1_000_000, 1 - 1e-12).high == 1


@pytest.mark.parametrize("k, n", [(-1, 3), (4, 3), (0, -1)])
def test_impossible_counts_are_refused(k, n):
    for call in (stats.wilson, stats.uniform, lambda k, n: stats.log_e_value(k, n, 0, 1, 0.1)):
        with pytest.raises(ValueError, match="must lie in"):
            call(k, n)


@pytest.mark.parametrize("p", [0.0, 0.02, 0.3, 0.5, 0.97])
@pytest.mark.slow
def test_the_time_uniform_interval_covers_at_every_look(p):
    """A stream is looked at after each of 200 pictures; it counts as missed if any look misses. Promised: at most 10 %."""
    rng = np.random.default_rng(7)
    runs = (rng.random((300, 200)) < p).cumsum(axis=1)
    looks = {(int(k), n + 1) for run in runs for n, k in enumerate(run)}
    wrong = {(k, n) for k, n in looks if not (rate := stats.uniform(k, n, 0.9)).low <= p <= rate.high}
    missed = sum(any((int(k), n + 1) in wrong for n, k in enumerate(run)) for run in runs)
    assert missed / len(runs) <= 0.1 + 0.02


@given(counts(), st.sampled_from([0.8, 0.95, 0.99]))
def test_the_ends_of_the_time_uniform_interval_are_where_the_evidence_against_a_rate_is_one_over_its_error(count, level):
    k, n = count
    rate = stats.uniform(k, n, level)

    def evidence(p):
        return stats.log_mixture(k, n) - k * math.log(p) - (n - k) * math.log1p(-p)

    for end, outward in ((rate.low, -1), (rate.high, 1)):
        if n and 0 < end < 1:
            assert evidence(end) == pytest.approx(-math.log(1 - level), abs=1e-4)
            beyond = end + outward * 0.01 * min(end, 1 - end)
            assert evidence(beyond) > -math.log(1 - level)


@given(counts(), st.sampled_from([0.5, 0.9]))
@pytest.mark.parametrize("interval", [stats.wilson, stats.uniform])
def test_a_surer_interval_is_wider(interval, count, level):
    here, surer = interval(*count, level), interval(*count, 0.99)
    assert surer.low <= here.low and here.high <= surer.high


@given(counts(60), st.sampled_from([0.8, 0.95, 0.99]))
def test_intervals_for_a_fixed_n_are_those_of_statsmodels(count, level):
    k, n = count
    if n:
        for interval, method in ((stats.wilson, "wilson"), (stats.clopper_pearson, "beta")):
            rate = interval(k, n, level)
            assert (rate.low, rate.high) == pytest.approx(proportion_confint(k, n, 1 - level, method), abs=1e-9)


@given(counts(60), counts(60))
def test_the_interval_of_a_difference_for_fixed_n_is_that_of_statsmodels(treated, baseline):
    if treated[1] and baseline[1]:
        ours = stats.newcombe(*treated, *baseline)
        theirs = confint_proportions_2indep(*treated, *baseline, method="newcomb", compare="diff", alpha=0.05)
        assert (ours.low, ours.high) == pytest.approx(theirs, abs=1e-9)


@settings(max_examples=40, deadline=None)
@given(counts(200), counts(200), st.sampled_from([0.8, 0.95, 0.99]))
@pytest.mark.slow
def test_the_time_uniform_interval_of_a_rise_contains_it_has_width_and_mirrors(treated, baseline, level):
    there, back = stats.uniform_rise(*treated, *baseline, level), stats.uniform_rise(*baseline, *treated, level)
    assert -1 <= there.low < there.high <= 1
    assert (there.low, there.high) == pytest.approx((-back.high, -back.low), abs=1e-4)
    if treated[1] and baseline[1]:
        assert there.low - 1e-9 <= there.value == pytest.approx(treated[0] / treated[1] - baseline[0] / baseline[1])
        assert there.value <= there.high + 1e-9
        assert stats.uniform_rise(*treated, *baseline, 0.999).low <= there.low + 1e-6


@settings(max_examples=40, deadline=None)
@given(counts(100), counts(100))
@pytest.mark.slow
def test_a_rise_outside_the_time_uniform_interval_is_one_that_the_likelihood_ratio_excludes(treated, baseline):
    if not (treated[1] and baseline[1]):
        return
    mixture = stats.log_mixture(*treated) + stats.log_mixture(*baseline)
    rise = stats.uniform_rise(*treated, *baseline, 0.95)
    for d in np.linspace(-0.99, 0.99, 34):
        excluded = mixture - float(log_profile(*treated, *baseline, d)) >= math.log(20)
        if min(abs(d - rise.low), abs(d - rise.high)) > 1e-3:
            assert excluded == (not rise.low <= d <= rise.high)


@pytest.mark.parametrize("treated, baseline", [(0.0, 0.0), (1.0, 0.0), (0.01, 0.5), (0.5, 0.4), (1.0, 1.0)])
def test_the_time_uniform_interval_of_a_rise_covers_at_every_look(treated, baseline):
    """The true rise is outside exactly where its likelihood ratio passes 1 / error; a look after every picture."""
    rng, runs, n = np.random.default_rng(5), 500, np.arange(1, 101)
    t = (rng.random((runs, 100)) < treated).cumsum(axis=1)
    b = (rng.random((runs, 150)) < baseline).cumsum(axis=1)[:, (3 * n + 1) // 2 - 1]
    m = (3 * n + 1) // 2
    edge = min(max(treated - baseline, -1 + 1e-12), 1 - 1e-12)
    ratio = log_beta_mixture(t, n) + log_beta_mixture(b, m) - log_profile(t, n, b, m, edge)
    assert (ratio >= math.log(10)).any(axis=1).mean() <= 0.1


def test_the_interval_of_a_paired_difference():
    same = stats.paired_difference(0, 0, 40)
    assert same.value == 0 and -0.15 < same.low < 0 < same.high < 0.15
    worse = stats.paired_difference(0, 30, 40)
    assert worse.value == 0.75 and worse.low > 0.3 and worse.high <= 1
    assert stats.paired_difference(30, 0, 40).value == -0.75
    assert (stats.paired_difference(0, 0, 0).low, stats.paired_difference(0, 0, 0).high) == (-1, 1)


@pytest.mark.parametrize("worse, better", [(0.0, 0.0), (0.3, 0.0), (0.2, 0.2), (0.9, 0.05)])
def test_the_interval_of_a_paired_difference_covers(worse, better):
    """Exact: the sum over all outcomes of 12 pairs."""
    n, covered = 12, 0.0
    for i in range(n + 1):
        for j in range(n + 1 - i):
            chance = multinomial.pmf([i, j, n - i - j], n, [better, worse, 1 - better - worse])
            found = stats.paired_difference(i, j, n)
            covered += chance * (found.low - 1e-12 <= worse - better <= found.high + 1e-12)
    assert covered >= 0.95


# --- e-values -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("margin", [0.0, 0.1, 0.3])
@pytest.mark.parametrize("n_treated, n_baseline", [(1, 1), (4, 12), (8, 3), (10, 20)])
def test_the_e_value_expects_at_most_one_everywhere_on_the_edge_of_the_null(margin, n_treated, n_baseline):
    """Exact: the sum over all outcomes of probability times e-value."""
    table = np.array(
        [[stats.e_value(i, n_treated, j, n_baseline, margin) for j in range(n_baseline + 1)] for i in range(n_treated + 1)]
    )
    for p in np.linspace(0, 1 - margin, 41):
        expected = (
            binom.pmf(np.arange(n_treated + 1), n_treated, p + margin)
            @ table
            @ binom.pmf(np.arange(n_baseline + 1), n_baseline, p)
        )
        assert expected <= 1 + 1e-9


@pytest.mark.slow
def test_the_e_value_expects_at_most_one_for_an_adaptive_choice_of_streams_and_stop():
    """Exact, by dynamic programming over 14 pictures: the greediest reader chooses each next stream and when to stop."""
    margin, most = 0.1, 14

    def best(p_baseline: float) -> float:
        p_treated = p_baseline + margin
        value: dict[tuple[int, int, int, int], float] = {}
        for total in range(most, -1, -1):
            for n_treated in range(total + 1):
                n_baseline = total - n_treated
                for i, j in itertools.product(range(n_treated + 1), range(n_baseline + 1)):
                    stop = stats.e_value(i, n_treated, j, n_baseline, margin)
                    if total == most:
                        value[i, n_treated, j, n_baseline] = stop
                        continue
                    on = p_treated * value[i + 1, n_treated + 1, j, n_baseline]
                    on += (1 - p_treated) * value[i, n_treated + 1, j, n_baseline]
                    other = p_baseline * value[i, n_treated, j + 1, n_baseline + 1]
                    other += (1 - p_baseline) * value[i, n_treated, j, n_baseline + 1]
                    value[i, n_treated, j, n_baseline] = max(stop, on, other)
        return value[0, 0, 0, 0]

    for p in (0.0, 0.05, 0.3, 0.6, 0.9):
        assert best(p) <= 1 + 1e-9


@given(counts(60), counts(60), st.sampled_from([-0.9, -0.3, 0.0, 0.05, 0.1, 0.4]))
def test_the_likelihood_of_a_given_rise_is_maximised(treated, baseline, rise):
    """Against a plain search along the line of that rise."""
    (i, n), (j, m) = treated, baseline

    def loss(p: float) -> float:
        return -float(log_likelihood(i, n, p + rise) + log_likelihood(j, m, p))

    low, high = max(0.0, -rise), min(1.0, 1 - rise)
    best = -minimize_scalar(loss, bounds=(low, high), method="bounded", options={"xatol": 1e-10}).fun
    found = float(log_profile(i, n, j, m, rise))
    assert found == pytest.approx(max(best, -loss(low), -loss(high)), abs=1e-5)


@given(counts(10**5), counts(10**5), st.floats(-0.999999, 0.999999))
def test_the_profile_is_where_the_slope_changes_its_sign(treated, baseline, rise):
    (i, n), (j, m) = treated, baseline
    low, high = max(0.0, -rise), min(1.0, 1 - rise)
    for _ in range(60):
        p = (low + high) / 2
        parts = ((i, p + rise), (i - n, 1 - p - rise), (j, p), (j - m, 1 - p))
        slope = sum(count / max(rate, 1e-300) for count, rate in parts if count)
        low, high = (p, high) if slope > 0 else (low, p)
    ends = ((low + high) / 2, max(0.0, -rise), min(1.0, 1 - rise))
    best = max(float(log_likelihood(i, n, p + rise) + log_likelihood(j, m, p)) for p in ends)
    assert float(log_profile(i, n, j, m, rise)) == pytest.approx(best, rel=1e-9, abs=1e-9)


@given(counts(60), counts(60), st.sampled_from([0.0, 0.1, 0.3]))
def test_more_failures_under_the_description_are_never_less_evidence_once_the_null_is_left(treated, baseline, margin):
    (i, n), (j, m) = treated, baseline
    assume(m >= n / 2)
    here = stats.log_e_value(i, n, j, m, margin)
    if n > i and m and i / n >= j / m + margin and i / n >= 0.5:
        assert stats.log_e_value(i + 1, n, j, m, margin) >= here - 1e-9
    if n and m and (wider := stats.log_e_value(i, n, j, m, min(margin + 0.1, 0.9))) > 0:
        assert wider <= here + 1e-9, "a wider margin asks for more"


def test_every_further_failure_under_the_description_is_further_evidence():
    """Exhaustive: wherever there is evidence at all, one failure more in place of a success raises it, if the baseline has at
    least half as many pictures, as it has in a hunt."""
    for n, m, margin in itertools.product((1, 4, 9, 16, 24), (1, 5, 12), (0.0, 0.1, 0.3)):
        if m < n / 2:
            continue
        for j in range(m + 1):
            e = stats.log_e_values(np.arange(n + 1), n, j, m, margin)
            begun = next((i for i, x in enumerate(e) if x > 0), n)
            assert all(a < b for a, b in itertools.pairwise(e[begun:]))
            assert all(x <= 0 for i, x in enumerate(e) if i / n <= j / m + margin)


def test_nothing_seen_is_no_evidence():
    assert stats.e_value(0, 0, 0, 0, 0.1) == 1
    assert stats.e_value(5, 5, 0, 0, 0.1) <= 1
    assert stats.e_value(0, 0, 0, 9, 0.1) <= 1


def test_e_values_of_a_million_pictures_neither_overflow_nor_lose_their_sign():
    million = 1_000_000
    assert stats.log_e_value(million, million, 0, million, 0.1) > 1e5
    assert math.isfinite(stats.e_value(million, million, 0, million, 0.1))
    assert stats.log_e_value(0, million, million, million, 0.1) < 0
    assert (
        stats.log_e_value(599_000, million, 500_000, million, 0.1)
        < 0
        < stats.log_e_value(610_000, million, 500_000, million, 0.1)
    )


@pytest.mark.parametrize("margin", [-0.1, 1.0])
def test_a_margin_outside_its_range_is_refused(margin):
    with pytest.raises(ValueError, match="margin"):
        stats.log_e_value(1, 2, 1, 2, margin)


def test_a_strong_bug_needs_about_eight_pictures():
    """48 hypotheses tried, 12 of them true: e-BH asks for 48 / (0.05 * 12) = 80."""
    assert stats.e_value(8, 8, 1, 24, 0.1) > 80
    assert stats.e_value(7, 8, 1, 24, 0.1) > 80
    assert stats.e_value(2, 8, 1, 24, 0.1) < 1


@pytest.mark.parametrize("p", [0.02, 0.1, 0.4, 0.85])
def test_optional_stopping_at_the_edge_of_the_null_is_rarely_convinced(p):
    """One neutral stream, twice as long; a look after every picture; stops when e >= 20. Promised: at most 5 %."""
    rng, runs = np.random.default_rng(3), 400
    treated = (rng.random((runs, 60)) < p + 0.1).cumsum(axis=1)
    baseline = (rng.random((runs, 120)) < p).cumsum(axis=1)[:, 1::2]
    n = np.arange(1, 61)
    convinced = (stats.log_e_values(treated, n, baseline, 2 * n, 0.1) >= math.log(20)).any(axis=1).sum()
    assert convinced / runs <= 0.05


@given(st.lists(st.tuples(counts(50), counts(50)), min_size=1, max_size=6))
def test_many_at_once_are_what_each_is_alone(rows):
    columns = [[t[0] for t, _ in rows], [t[1] for t, _ in rows], [b[0] for _, b in rows], [b[1] for _, b in rows]]
    together = stats.log_e_values(*columns, 0.1)
    assert together == pytest.approx([stats.log_e_value(*t, *b, 0.1) for t, b in rows], abs=1e-9)


# --- many hypotheses ----------------------------------------------------------------------------------------------------


def naive_e_bh(e: list[float], alpha: float) -> list[bool]:
    """The definition: the greatest k such that k e-values are at least m / (alpha k)."""
    m = len(e)
    best = max((k for k in range(1, m + 1) if sum(x >= m / (alpha * k) for x in e) >= k), default=0)
    return [best > 0 and x >= m / (alpha * best) for x in e]


@given(st.lists(st.floats(0, 1e6) | st.just(1e300), max_size=30), st.sampled_from([0.01, 0.05, 0.5]))
def test_e_bh_is_its_definition(e, alpha):
    assert stats.e_bh(e, alpha).tolist() == naive_e_bh(e, alpha)


@given(st.lists(st.floats(0, 1e4), min_size=1, max_size=20), st.randoms())
def test_e_bh_does_not_depend_on_order(e, random):
    order = list(range(len(e)))
    random.shuffle(order)
    found = stats.e_bh(e, 0.05)
    assert stats.e_bh([e[i] for i in order], 0.05).tolist() == [found[i] for i in order]


@given(st.lists(st.floats(0, 1e4), min_size=1, max_size=20), st.data())
def test_more_evidence_or_a_laxer_level_never_loses_a_discovery(e, data):
    found = stats.e_bh(e, 0.05)
    more = list(e)
    more[data.draw(st.integers(0, len(e) - 1))] *= data.draw(st.floats(1, 100))
    assert (stats.e_bh(more, 0.05) >= found).all()
    assert (stats.e_bh(e, 0.1) >= found).all()


@pytest.mark.slow
def test_e_bh_holds_the_false_discovery_rate_in_a_mixture():
    """20 hypotheses on one shared neutral stream, 5 of them true, stopped at the reader's favourite look."""
    rng, margin, alpha, shares = np.random.default_rng(11), 0.1, 0.05, []
    for _ in range(60):
        rates = np.array([0.8] * 5 + [0.2] * 15)
        baseline = (rng.random(80) < 0.1).cumsum()
        treated = (rng.random((20, 40)) < rates[:, None]).cumsum(axis=1)
        worst = 0.0
        for n in range(3, 40, 4):
            e = np.exp(stats.log_e_values(treated[:, n], n + 1, baseline[2 * n + 1], 2 * n + 2, margin))
            found = stats.e_bh(e, alpha)
            worst = max(worst, found[5:].sum() / max(1, found.sum()))
        shares.append(worst)
    assert np.mean(shares) <= alpha


@given(st.lists(st.floats(0, 1), max_size=30), st.sampled_from([0.01, 0.05, 0.5]))
def test_benjamini_hochberg_is_its_definition(p, alpha):
    m = len(p)
    best = max((k for k in range(1, m + 1) if sum(x <= alpha * k / m for x in p) >= k), default=0)
    assert stats.benjamini_hochberg(p, alpha).tolist() == [best > 0 and x <= alpha * best / m for x in p]


@given(st.lists(st.floats(0, 1), min_size=1, max_size=30), st.sampled_from([0.01, 0.05, 0.5]))
@pytest.mark.slow
def test_holm_and_benjamini_hochberg_are_those_of_statsmodels(p, alpha):
    assert stats.holm(p) == pytest.approx(multipletests(p, alpha, "holm")[1], abs=1e-12)
    adjusted = multipletests(p, alpha, "fdr_bh")[1]
    clear = abs(adjusted - alpha) > 1e-12
    assert (stats.benjamini_hochberg(p, alpha) == (adjusted <= alpha))[clear].all()


@given(st.integers(1, 200))
def test_harmonic_weights_fall_as_one_over_j_and_have_a_mean_of_one(n):
    weights = stats.harmonic(n)
    assert len(weights) == n and sum(weights) == pytest.approx(n)
    assert all(w * j == pytest.approx(weights[0]) for j, w in enumerate(weights, 1))
    # a longer list of slots does not change how the early ones compare
    assert stats.harmonic(2 * n)[0] / stats.harmonic(2 * n)[n - 1] == pytest.approx(weights[0] / weights[-1])


def test_harmonic_weights_of_none_and_of_one():
    assert stats.harmonic(0) == [] and stats.harmonic(1) == [1.0]


def test_e_bh_with_harmonic_weights_holds_the_level_where_a_clever_order_puts_luck_first():
    """Nulls with e-values of 20 at a chance of 5 %, the luckiest always in the first slot."""
    rng = np.random.default_rng(0)
    n, alpha, wrong = 12, 0.05, 0
    for _ in range(3000):
        e = np.sort(np.where(rng.random(n) < 0.05, 20.0, 0.0))[::-1]
        wrong += stats.e_bh(e * stats.harmonic(n), alpha).any()
    assert wrong / 3000 <= alpha


def test_nothing_tried_is_nothing_found():
    assert stats.holm([]).tolist() == stats.e_bh([], 0.05).tolist() == stats.benjamini_hochberg([], 0.05).tolist() == []


@given(st.integers(0, 60), st.integers(0, 60))
def test_mcnemars_test_is_that_of_statsmodels(before, after):
    wanted = mcnemar([[5, before], [after, 7]], exact=True).pvalue if before + after else 1.0
    assert stats.mcnemar(before, after) == pytest.approx(min(1.0, wanted))
    assert stats.mcnemar(before, after) == stats.mcnemar(after, before)


def test_numbers_of_pairs_are_not_negative():
    with pytest.raises(ValueError, match="must not be negative"):
        stats.mcnemar(-1, 3)


def test_fishers_test_by_hand():
    """3 of 3 against 0 of 3: one table of C(6, 3) = 20."""
    assert stats.fisher(3, 3, 0, 3) == pytest.approx(1 / 20)
    assert stats.fisher(0, 3, 0, 3) == 1


# --- the guide ----------------------------------------------------------------------------------------------------------


@settings(max_examples=20)
@given(counts(40), counts(40), st.sampled_from([0.0, 0.1, 0.3]))
def test_the_chance_of_a_rise_agrees_with_drawing_from_the_posteriors(treated, baseline, margin):
    (i, n), (j, m) = treated, baseline
    rng = np.random.default_rng(0)
    t = beta.rvs(i + 0.5, n - i + 0.5, size=20_000, random_state=rng)
    b = beta.rvs(j + 0.5, m - j + 0.5, size=20_000, random_state=rng)
    assert stats.chance_of_rise(i, n, j, m, margin) == pytest.approx(float((t > b + margin).mean()), abs=0.02)


def test_the_chance_of_a_rise_without_pictures_is_that_of_the_prior():
    assert stats.chance_of_rise(0, 0, 0, 0, 0.0) == pytest.approx(0.5, abs=1e-6)
    assert 0.3 < stats.chance_of_rise(0, 0, 0, 0, 0.1) < 0.5


# --- planning -----------------------------------------------------------------------------------------------------------


def test_the_power_of_fishers_test_is_its_definition():
    """Against the sum over all tables of the chance of each whose p-value is small enough."""
    n, rate, baseline, level = 7, 0.7, 0.1, 0.05
    found = sum(
        binom.pmf(i, n, rate) * binom.pmf(j, n, baseline)
        for i in range(n + 1)
        for j in range(n + 1)
        if stats.fisher(i, n, j, n) <= level
    )
    assert stats.fisher_power(n, rate, baseline, level) == pytest.approx(found)


@pytest.mark.slow
def test_a_plan_for_fixed_numbers_keeps_its_word_and_is_the_least_around():
    found = stats.plan_fixed(0.6, 0.1, level=0.01, power=0.8)
    assert found.enough is not None and found.power >= 0.8
    assert stats.fisher_power(found.enough - 1, 0.6, 0.1, 0.01) < 0.8
    hopeless = stats.plan_fixed(0.12, 0.1, level=0.001)
    assert hopeless.enough is None and 0 < hopeless.power < 0.8


@pytest.mark.slow
def test_an_adaptive_plan_needs_more_for_a_smaller_rise_and_for_more_power():
    plans = [stats.plan_adaptive(r, 0.05, margin=0.1, threshold=200) for r in (1.0, 0.8, 0.6)]
    sizes = [p.enough for p in plans]
    assert sizes == sorted(sizes) and sizes[0] < sizes[-1]
    assert all(p.mean is not None and p.mean <= p.enough for p in plans)
    surer = stats.plan_adaptive(0.6, 0.05, margin=0.1, threshold=200, power=0.95)
    assert surer.enough > plans[-1].enough
    assert stats.plan_adaptive(0.2, 0.05, margin=0.1, threshold=200).enough is None
    with pytest.raises(ValueError, match="rate=1.5"):
        stats.plan_adaptive(1.5, 0.05, margin=0.1, threshold=200)


@given(st.integers(0, 60), st.integers(0, 60))
def test_a_one_sided_mcnemar_test_asks_for_its_direction(fell, rose):
    fall, rise = stats.mcnemar(fell, rose, "fall"), stats.mcnemar(fell, rose, "rise")
    assert fall == pytest.approx(stats.mcnemar(rose, fell, "rise"))
    n = fell + rose
    assert fall == pytest.approx(float(binom.sf(fell - 1, n, 0.5)) if n else 1.0)
    assert stats.mcnemar(fell, rose) == pytest.approx(min(1.0, 2 * min(fall, rise)))


@given(st.integers(0, 60), st.integers(0, 60), st.integers(0, 60), st.integers(0, 60))
def test_what_is_worked_out_in_closed_form_is_what_scipy_finds(a, b, c, d):
    table = fisher_exact([[a, b], [c, d]], alternative="greater").pvalue
    assert stats.fisher(a, a + b, c, c + d) == pytest.approx(table, rel=1e-9)
    if a + b:
        for alternative, side in (("fall", "greater"), ("rise", "less"), ("two-sided", "two-sided")):
            assert stats.mcnemar(a, b, alternative) == pytest.approx(binomtest(a, a + b, alternative=side).pvalue, rel=1e-9)
        for interval, method in ((stats.clopper_pearson, "exact"), (stats.wilson, "wilson")):
            rate = interval(a, a + b, 0.9)
            assert (rate.low, rate.high) == pytest.approx(binomtest(a, a + b).proportion_ci(0.9, method), abs=1e-9)
