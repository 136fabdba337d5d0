"""What the pictures of one label say about its conditions: numbers in, numbers out."""

from collections.abc import Iterable, Sequence
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bugscope.core.records import Phrase
from bugscope.method import suspects
from bugscope.method.suspects import Beliefs, Cause, Suspects
from support.suspicion import likeliest as likeliest_of

POOL = [Phrase(f"with {chr(97 + i)}") for i in range(12)]
A, B, C, D, *_ = POOL
Rows = Sequence[tuple[Iterable[Phrase], bool]]


def told(rows: Rows, pool: Sequence[Phrase] = POOL) -> Suspects:
    made = Suspects()
    made.grow(pool)
    for shown, failed in rows:
        made.add(shown, failed, len(shown))
    return made


def chances(of: Suspects, shared: suspects.Shared | None = None) -> dict[Cause, float]:
    """Every set that is followed, and how likely it is the cause."""
    b = of.beliefs(shared or {})
    n = len(of.pool)
    found = {frozenset({of.pool[i], of.pool[j]}): float(b.pairs[i, j]) for i in range(n) for j in range(i, n)}
    assert (b.pairs == b.pairs.T).all()
    larger = {frozenset(of.phrases(mask)): float(w) for mask, w in zip(b.larger, b.weights, strict=True)}
    assert len(larger) == len(b.weights) and not set(larger) & set(found)
    return found | larger


def likeliest(of: Suspects, shared: suspects.Shared | None = None) -> Cause:
    return frozenset(of.phrases(likeliest_of(of.beliefs(shared or {}))[1]))


def thrown(seed: int, n: int, cause: Iterable[Phrase], guilty: float, innocent: float, states: int = 4) -> Rows:
    """`n` pictures that show `states` conditions each; those with the whole cause fail at the rate `guilty`."""
    rng = np.random.default_rng(seed)
    rows = []
    for _ in range(n):
        shown = {POOL[i] for i in rng.choice(len(POOL), states, replace=False)}
        rows.append((shown, bool(rng.random() < (guilty if set(cause) <= shown else innocent))))
    return rows


pictures = st.lists(st.tuples(st.frozensets(st.sampled_from(POOL[:6]), max_size=5), st.booleans()), max_size=14)
sets = st.frozensets(st.sampled_from(POOL[:6]), min_size=1, max_size=3)


# --- what beliefs are -----------------------------------------------------------------------------------------------------


def test_before_the_first_picture_there_is_only_the_prior():
    found = chances(told([]))
    singles = [found[frozenset({p})] for p in POOL]
    pairs = [found[frozenset(two)] for two in combinations(POOL, 2)]
    total = suspects.NOTHING + suspects.SINGLE + suspects.PAIR
    assert sum(singles) == pytest.approx(suspects.SINGLE / total) and len(set(singles)) == 1
    assert sum(pairs) == pytest.approx(suspects.PAIR / total) and len(set(pairs)) == 1


@given(pictures, st.lists(sets, max_size=2), st.lists(sets, max_size=2))
def test_beliefs_are_chances_that_with_no_cause_at_all_sum_to_one(rows, known, cleared):
    of = told(rows)
    nothing = 1 - sum(chances(of).values())
    for cause in known:
        of.know(cause)
    for cause in cleared:
        of.clear(cause)
    found = chances(of)
    assert all(0 <= c <= 1 for c in found.values())
    assert 0 < 1 - sum(found.values()) <= 1 and 0 < nothing <= 1
    # what is left when nothing is a cause is its prior weight, in the same units as everything else
    pair = frozenset({POOL[10], POOL[11]})  # shown by no picture: its Bayes factor is one
    each = suspects.PAIR / (len(POOL) * (len(POOL) - 1) / 2)
    assert found[pair] / (1 - sum(found.values())) == pytest.approx(each / suspects.NOTHING, rel=1e-6)


@given(st.integers(0, 30), st.integers(0, 30))
def test_a_condition_is_as_guilty_as_its_pictures(failed, passed):
    """More failures with a condition never make it less likely, more successes never make it likelier."""
    rest = [((B,), False)] * 12 + [((B,), True)]
    here = chances(told([*rest, *[((A,), True)] * failed, *[((A,), False)] * passed]))[frozenset({A})]
    worse = chances(told([*rest, *[((A,), True)] * (failed + 1), *[((A,), False)] * passed]))[frozenset({A})]
    better = chances(told([*rest, *[((A,), True)] * failed, *[((A,), False)] * (passed + 1)]))[frozenset({A})]
    assert better <= here + 1e-12 and (worse >= here - 1e-12 or failed < passed)


@pytest.mark.parametrize("cause", [{A}, {A, B}, {A, B, C}], ids=["one", "pair", "triple"])
@settings(max_examples=20)
@given(seed=st.integers(0, 10**6))
def test_what_every_failure_shows_and_no_success_is_the_likeliest(cause, seed):
    of = told(thrown(seed, 400, cause, 1.0, 0.0))
    chance, mask = likeliest_of(of.beliefs())
    assert set(of.phrases(mask)) == cause and chance > 0.9


@pytest.mark.parametrize(("cause", "n"), [({A}, 60), ({A, B}, 120), ({A, B, C}, 300)], ids=["one", "pair", "triple"])
def test_a_cause_among_chance_failures_is_nearly_always_identified(cause, n):
    found = [likeliest(told(thrown(seed, n, cause, 0.9, 0.08, states=5))) for seed in range(20)]
    assert found.count(frozenset(cause)) >= 18


@pytest.mark.parametrize("rate", [0.02, 0.1, 0.2])
def test_where_nothing_is_the_cause_hardly_anything_looks_like_one(rate):
    found = [likeliest_of(told(thrown(seed, 150, {A}, rate, rate)).beliefs())[0] for seed in range(40)]
    assert sum(chance > 0.5 for chance in found) <= 4


def test_a_failure_with_many_conditions_as_a_whole_is_a_cause_only_where_no_part_will_do():
    whole = POOL[:5]
    parts = [(set(whole) - {p}, False) for p in whole] * 6
    plain = [(POOL[6:8], False)] * 10
    of = told([*plain, *parts, *[(whole, True)] * 12])
    assert likeliest(of) == frozenset(whole)
    assert likeliest(told([*plain, *[(whole, True)] * 8])) != frozenset(whole)


# --- counting -------------------------------------------------------------------------------------------------------------


@given(pictures, st.randoms(use_true_random=False))
def test_the_order_of_pictures_does_not_matter(rows, rng):
    shuffled = list(rows)
    rng.shuffle(shuffled)
    one, other = chances(told(rows)), chances(told(shuffled))
    assert one == pytest.approx(other, abs=1e-12)


steps = st.lists(
    st.one_of(
        st.tuples(st.just("add"), st.frozensets(st.sampled_from(POOL[:6]), max_size=5), st.booleans()),
        st.tuples(st.sampled_from(["know", "clear"]), sets),
        st.tuples(st.just("grow"), st.sampled_from(POOL)),
        st.just(("look",)),
    ),
    max_size=25,
)


@given(steps)
def test_counting_as_pictures_come_is_counting_from_the_first_one(steps):
    """Whatever was learnt, known, cleared and looked at in between."""
    of = told([], POOL[:4])
    rows = []
    for what, *how in steps:
        if what == "look":
            of.beliefs()
        elif what == "grow":
            of.grow(how)
        elif what == "add":
            of.add(*how, len(how[0]))
            rows.append(tuple(how))
        else:
            getattr(of, what)(*how)
    fresh = told(rows, of.pool)
    for cause in of.known:
        fresh.know(cause)
    for cause in of.cleared - set(of.known):
        fresh.clear(cause)
    fresh.cleared |= of.cleared
    assert chances(of) == pytest.approx(chances(fresh), abs=1e-12)


def test_a_condition_that_joins_later_is_counted_on_the_pictures_that_showed_it_before():
    rows = thrown(1, 80, {A}, 0.9, 0.05)
    late = told(rows, POOL[1:])
    assert likeliest(late) != frozenset({A})
    late.grow([A, A])
    assert late.pool.count(A) == 1 and likeliest(late) == frozenset({A})
    assert chances(late) == pytest.approx(chances(told(rows, [*POOL[1:], A])))


def test_only_the_likeliest_larger_sets_are_followed(monkeypatch):
    monkeypatch.setattr(suspects, "KEPT", 30)
    rows = thrown(2, 300, {A, B, C}, 1.0, 0.05, states=6)
    of = Suspects()
    of.grow(POOL)
    for shown, failed in rows:
        of.add(shown, failed, len(shown))
        assert len(of.beliefs().weights) <= 30
    assert likeliest(of) == frozenset({A, B, C})


# --- what is known, cleared, hinted at, shared ------------------------------------------------------------------------------


def test_a_cause_that_is_known_explains_its_pictures():
    first, second = thrown(3, 120, {A}, 0.95, 0.03), thrown(4, 120, {B}, 0.95, 0.03)
    of = told([*first, *second])
    of.know(frozenset({A}))
    without = told([row for row in (*first, *second) if A not in row[0]])
    assert chances(of) == pytest.approx(chances(without))
    assert likeliest(of) == frozenset({B})
    of.clear(frozenset({A}))
    everything = chances(told([*first, *second]))
    cleared = chances(of)
    assert cleared[frozenset({A})] == 0
    # what is said of the others in proportion is what it was before
    scale = everything[frozenset({B})] / cleared[frozenset({B})]
    assert cleared[frozenset({B, C})] * scale == pytest.approx(everything[frozenset({B, C})])


@given(pictures, sets)
def test_what_is_cleared_has_no_weight_and_what_contains_it_keeps_its_own(rows, cause):
    of = told([*rows, (set(cause) | {D}, True)])
    before = chances(of)
    of.clear(cause)
    after = chances(of)
    assert after.get(cause, 0.0) == 0.0
    others = [s for s in before if s != cause and before[s] > 1e-12]
    scale = (1 - before.get(cause, 0.0)) ** -1
    for s in others:
        assert after[s] == pytest.approx(before[s] * scale, rel=1e-6)


def test_what_somebody_suspects_is_tried_early():
    pair = frozenset({A, B})
    plain, hinted = told([]), told([])
    hinted.hint(pair)
    assert chances(hinted)[pair] > 5 * chances(plain)[pair]
    assert likeliest(hinted) == pair
    assert chances(hinted)[frozenset({A, C})] < chances(plain)[frozenset({A, C})]
    # a larger set counts from the first failure that shows it all; one that is not all in the pool hints at nothing
    triple = frozenset({A, B, C})
    rows = [((A, B, C, D), True), ((B,), False)]
    plain, hinted = told(rows), told(rows)
    hinted.hint(triple)
    assert chances(hinted)[triple] > 5 * chances(plain)[triple]
    plain.hint(triple | {Phrase("unheard of")})
    assert chances(plain) == pytest.approx(chances(told(rows)))


def test_a_hint_does_not_outlive_the_pictures_that_contradict_it():
    pair = frozenset({A, B})
    of = told([*[(pair, False)] * 8, *thrown(5, 60, {C}, 0.9, 0.05)])
    of.hint(pair)
    assert likeliest(of) == frozenset({C})


def test_a_cause_of_other_labels_is_likelier_here_the_more_of_them_share_it():
    one = frozenset({A})
    plain = chances(told([]))[one]
    found = [chances(told([]), {one: (n, 8)})[one] for n in (1, 2, 8)]
    assert plain < found[0] < found[1] <= found[2]
    # where it was tried in vain, less so; and it never goes without saying
    assert chances(told([]), {one: (1, 20)})[one] < found[0]
    assert chances(told([]), {one: (1000, 1000)})[one] <= suspects.ALIKE
    # a set that this label cannot show says nothing about it
    assert chances(told([]), {frozenset({Phrase("unheard of")}): (3, 3)}) == pytest.approx(chances(told([])))


# --- beliefs as design and inquiry use them ---------------------------------------------------------------------------------


def shows_a_cause(b: Beliefs, chosen: np.ndarray) -> float:
    """The chance that a picture which states `chosen` shows a cause, summed set by set."""
    n = len(chosen)
    inside = [b.pairs[i, j] for i in range(n) for j in range(i, n) if chosen[i] and chosen[j]]
    return float(sum(inside) + b.weights[(b.larger <= chosen).all(axis=1)].sum())


@given(pictures, st.frozensets(st.sampled_from(POOL[:6]), max_size=4))
def test_a_gain_is_what_one_more_condition_adds_to_the_chance_of_showing_a_cause(rows, stated):
    of = told([*rows, (POOL[:5], True)])
    b, chosen = of.beliefs(), of.mask(stated)
    gains = b.gains(chosen)
    for j in range(len(POOL)):
        more = chosen.copy()
        more[j] = True
        assert gains[j] == pytest.approx(shows_a_cause(b, more) - shows_a_cause(b, chosen), abs=1e-12)


@given(pictures, st.integers(1, 6))
def test_descriptions_grow_by_what_makes_them_surer_to_show_a_cause(rows, longest):
    of = told([*rows, (POOL[:5], True)])
    b = of.beliefs()
    found = list(b.descriptions(longest))
    assert [mask.sum() for _, mask in found] == list(range(1, max(longest, 2) + 1))
    for chance, mask in found:
        assert chance == pytest.approx(shows_a_cause(b, mask), abs=1e-9)
    assert all(less <= more for (less, _), (more, _) in zip(found, found[1:], strict=False))
    # no single condition and no pair is surer than those that are chosen
    everything = [shows_a_cause(b, of.mask(s)) for n in (1, 2) for s in combinations(POOL, n)]
    assert found[0][0] >= max(everything[: len(POOL)]) - 1e-9 and found[1][0] >= max(everything) - 1e-9
    # from two on, one condition joins
    assert all((shorter <= longer).all() for (_, shorter), (_, longer) in zip(found[1:], found[2:], strict=False))


@pytest.mark.parametrize("size", [0, 1, 2])
def test_descriptions_of_a_small_pool(size):
    found = list(told([((A,), True)] * 3, POOL[:size]).beliefs().descriptions(4))
    assert {int(mask.sum()) for _, mask in found} == set(range(1, size + 1))
    assert all(0 < chance < 1 for chance, _ in found)


@given(pictures, st.frozensets(st.sampled_from(POOL[:6]), min_size=1, max_size=4))
def test_what_would_be_acquitted_is_less_suspected_and_nothing_else_is(rows, stated):
    of = told([*rows, (POOL[:5], True)])
    b, chosen = of.beliefs(), of.mask(stated)
    after = b.acquitted(chosen)
    inside = np.outer(chosen, chosen)
    assert (after.pairs[inside] < b.pairs[inside]).all() and (after.pairs[~inside] == b.pairs[~inside]).all()
    within = (b.larger <= chosen).all(axis=1)
    assert (after.weights[within] <= b.weights[within]).all() and (after.weights[~within] == b.weights[~within]).all()
    assert shows_a_cause(after, chosen) < shows_a_cause(b, chosen)


def test_without_conditions_there_is_no_cause():
    chance, mask = likeliest_of(told([((A,), True)] * 5, []).beliefs())
    assert chance == 0 and not mask.any()
