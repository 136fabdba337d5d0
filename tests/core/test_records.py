"""Samples: their keys, and the seeds that make changes comparable."""

from hypothesis import given
from hypothesis import strategies as st

from bugscope.core.records import Prompt, Sample

SAFE = st.text(st.characters(exclude_characters="|", exclude_categories=("Cs",)), max_size=20)
PURPOSES = ("explore", "confirm", "refine", "explain")


@given(SAFE, SAFE, SAFE, st.integers(0, 999), st.integers(0, 9))
def test_to_explain_is_to_start_from_the_same_noise(one, other, label, replicate, run_seed):
    a, b = (Sample(Prompt(text, label), "explain", replicate, run_seed) for text in (one, other))
    assert a.seed == b.seed
    assert (a.key == b.key) == (one == other)
    assert Sample(Prompt(one, label, "said otherwise"), "explain", replicate, run_seed).key == a.key
    for purpose in set(PURPOSES) - {"explain"}:
        c, d = (Sample(Prompt(text, label), purpose, replicate, run_seed) for text in (one, other))
        assert (c.seed == d.seed) == (one == other)


@given(st.lists(st.tuples(SAFE, SAFE, st.sampled_from(PURPOSES), st.integers(0, 99), st.integers(0, 3)), unique=True))
def test_no_two_samples_share_a_key_and_seeds_fit_every_generator(fields):
    samples = [Sample(Prompt(text, label), purpose, i, seed) for text, label, purpose, i, seed in fields]
    assert len({s.key for s in samples}) == len(samples)
    assert all(0 <= s.seed < 2**31 for s in samples)


def test_same_seed_pairs_differ_by_label_replicate_and_run():
    base = Sample(Prompt("a mug on snow", "mug"), "explain", 3, 7)
    others = [
        Sample(Prompt("a mug on snow", "pot"), "explain", 3, 7),
        Sample(Prompt("a mug on snow", "mug"), "explain", 4, 7),
        Sample(Prompt("a mug on snow", "mug"), "explain", 3, 8),
        Sample(Prompt("a mug on snow", "mug"), "refine", 3, 7),
    ]
    assert len({s.seed for s in (base, *others)}) == 5
    assert len({Sample(Prompt("x", "mug"), "explain", i).seed for i in range(500)}) == 500
