"""Which pictures are drawn next."""

from collections.abc import Sequence
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bugscope.core.records import Phrase
from bugscope.method.design import ENOUGH, EVEN, FINE, design, lots, picture
from bugscope.method.suspects import Beliefs, Suspects
from support.suspicion import likeliest

SIZE = 14


def pool(size: int = SIZE) -> Suspects:
    made = Suspects()
    made.grow(Phrase(f"with {i}") for i in range(size))
    return made


def tickets(n: int, size: int = SIZE, seed: int = 0) -> list[np.ndarray]:
    return [lots(size, str(seed), str(i)) for i in range(n)]


def apart_of(pairs: Sequence[tuple[int, int]], size: int = SIZE) -> np.ndarray:
    apart = np.zeros((size, size), dtype=bool)
    for i, j in pairs:
        apart[i, j] = apart[j, i] = i != j
    return apart


@st.composite
def beliefs(draw) -> Beliefs:
    """After some pictures of a label, some of its causes known and some cleared."""
    of = pool()
    for shown, failed in draw(
        st.lists(st.tuples(st.frozensets(st.sampled_from(of.pool), max_size=6), st.booleans()), max_size=12)
    ):
        of.add(shown, failed, len(shown))
    for cause in draw(st.lists(st.frozensets(st.sampled_from(of.pool), min_size=1, max_size=3), max_size=3)):
        of.clear(cause)
    return of.beliefs()


indices = st.integers(0, SIZE - 1)
causes = st.lists(st.frozensets(indices, min_size=1, max_size=3), max_size=4)


@given(
    beliefs(),
    st.integers(0, 6),
    st.integers(1, SIZE),
    st.lists(st.tuples(indices, indices), max_size=40),
    causes,
    st.integers(),
)
def test_a_picture_states_what_goes_together_no_more_than_allowed_and_no_known_cause(found, n, most, pairs, known, seed):
    apart = apart_of(pairs)
    masks = [np.isin(np.arange(SIZE), list(cause)) for cause in known]
    made = design(found, n, most, apart, masks, tickets(n, seed=seed))
    assert len(made) <= n
    for chosen in made:
        stated = np.flatnonzero(chosen)
        assert 1 <= len(stated) <= most
        assert not apart[np.ix_(stated, stated)].any()
        assert not any(set(cause) <= set(stated.tolist()) for cause in known)
    again = design(found, n, most, apart, masks, tickets(n, seed=seed))
    assert len(again) == len(made) and all((a == b).all() for a, b in zip(again, made, strict=True))


@given(beliefs(), st.integers(1, SIZE), st.integers())
def test_a_picture_states_no_more_than_tells_something(found, most, seed):
    chosen, chance = picture(found, most, apart_of([]), [], lots(SIZE, str(seed)))
    total, single = 0.0, chosen.sum() == 1
    n = len(chosen)
    total += sum(found.pairs[i, j] for i in range(n) for j in range(i, n) if chosen[i] and chosen[j])
    total += found.weights[(found.larger <= chosen).all(axis=1)].sum()
    assert chance == pytest.approx(total, abs=1e-9)
    assert chance <= EVEN + 1e-9 or single


def test_lots_depend_on_their_key_alone_and_are_spread_evenly():
    assert (lots(500, "a", "b") == lots(500, "a", "b")).all()
    assert (lots(9, "a", "b") == lots(500, "a", "b")[:9]).all(), "a pool that grows keeps its lots"
    assert (lots(50, "a", "b") != lots(50, "ab", "")).any() and (lots(50, "a", "b") != lots(50, "a", "c")).any()
    drawn = lots(4000, "x")
    assert 0 <= drawn.min() and drawn.max() < 1 and abs(drawn.mean() - 0.5) < 0.02
    assert lots(0, "a").size == 0


def covered(made: Sequence[np.ndarray]) -> float:
    """Share of all pairs that some picture states."""
    pairs = {pair for chosen in made for pair in combinations(np.flatnonzero(chosen).tolist(), 2)}
    return len(pairs) / (SIZE * (SIZE - 1) / 2)


def calm(of: Suspects, rounds: int, most: int, apart: np.ndarray) -> list[np.ndarray]:
    """Pictures designed in rounds of four while all of them pass."""
    drawn: list[np.ndarray] = []
    for i in range(rounds):
        made = design(of.beliefs(), 4, most, apart, [], tickets(4, seed=i))
        for chosen in made:
            of.add(of.phrases(chosen), False, int(chosen.sum()))
        drawn += made
    return drawn


def test_while_nothing_fails_pairs_are_covered_far_sooner_than_by_chance():
    apart = apart_of([])
    made = calm(pool(), 3, 5, apart)
    rng = np.random.default_rng(0)
    chance = [
        covered([np.isin(np.arange(SIZE), rng.choice(SIZE, 5, replace=False)) for _ in range(len(made))]) for _ in range(20)
    ]
    assert len(made) == 12 and all(chosen.sum() == 5 for chosen in made)
    # 91 pairs; twelve pictures of ten pairs each cannot state more than all of them
    assert covered(made) > 0.85 and covered(made) > np.mean(chance) + 0.12
    first = np.sum([chosen for chosen in made[:3]], axis=0)
    assert first.max() == 2 and (first > 0).all(), "every condition once before any comes a third time"
    assert covered(calm(pool(), 6, 5, apart)) > 0.97


def test_conditions_that_are_apart_do_not_keep_the_others_from_being_covered():
    apart = apart_of([(i, j) for group in (range(5), range(5, 9)) for i in group for j in group])
    made = calm(pool(), 10, 6, apart)
    pairs = {pair for chosen in made for pair in combinations(np.flatnonzero(chosen).tolist(), 2)}
    possible = {(i, j) for i, j in combinations(range(SIZE), 2) if not apart[i, j]}
    assert pairs <= possible and len(pairs) > 0.95 * len(possible)


def test_after_a_failure_the_suspects_are_halved():
    of = pool()
    for _ in range(6):
        of.add(of.pool[6:], False, 6)
    accused = of.pool[:6]
    for _ in range(2):
        of.add(accused, True, len(accused))
    made = design(of.beliefs(), 4, 12, apart_of([]), [], tickets(4))
    for chosen in made:
        stated = of.phrases(chosen)
        assert set(stated) < set(accused), "some of the suspects, not all again, and nothing else"
    assert 1 < len(made[0].nonzero()[0]) < len(accused)
    assert {of.phrases(chosen) for chosen in made[1:]} != {of.phrases(made[0])}


@pytest.mark.parametrize("cause", [{3}, {3, 7}], ids=["one", "pair"])
def test_a_cause_is_cornered_within_a_few_rounds(cause):
    """A target that fails on every picture with the cause and on no other: until it is certain."""
    drawn = []
    for seed in range(6):
        of, n = pool(), 0
        while likeliest(of.beliefs())[0] < 0.5 and n < 80:
            for chosen in design(of.beliefs(), 4, 6, apart_of([]), [], tickets(4, seed=100 * seed + n)):
                stated = set(np.flatnonzero(chosen).tolist())
                of.add(of.phrases(chosen), cause <= stated, len(stated))
                n += 1
        assert set(np.flatnonzero(likeliest(of.beliefs())[1]).tolist()) == cause
        drawn.append(n)
    # 14 conditions, 91 pairs: one by one it would take half of them on average
    assert np.mean(drawn) < (14 if len(cause) == 1 else 36)


def test_where_one_suspect_stands_out_few_pictures_are_drawn_at_once():
    of = pool()
    one = of.pool[2]
    for p in (*of.pool, one):
        of.add([p], p == one, 1)
    made = design(of.beliefs(), 4, 8, apart_of([]), [], tickets(4))
    chance = of.beliefs().gains(np.zeros(SIZE, dtype=bool))[2]
    assert chance >= ENOUGH and len(made) == FINE
    assert of.phrases(made[0]) == (one,), "it is tried alone"


def test_where_nothing_may_be_stated_nothing_is_drawn():
    of = pool()
    everything = [np.arange(SIZE) == i for i in range(SIZE)]
    assert design(of.beliefs(), 4, 5, apart_of([]), everything, tickets(4)) == []
    for p in of.pool:
        of.clear(frozenset({p}))
        for other in of.pool:
            of.clear(frozenset({p, other}))
    assert design(of.beliefs(), 4, 5, apart_of([]), [], tickets(4)) == []
    assert design(pool(0).beliefs(), 4, 5, apart_of([], 0), [], tickets(4, 0)) == []
    assert design(pool().beliefs(), 0, 5, apart_of([]), [], []) == []
