"""Which phrases stand out in failures, and which caption is the typical one."""

from hypothesis import given
from hypothesis import strategies as st

from bugscope import language
from bugscope.core.records import Phrase

RED, SNOW, NIGHT, GRASS = Phrase("red", before=True), Phrase("on snow"), Phrase("at night"), Phrase("on grass")


def test_what_only_failures_have_stands_out():
    failures = [[SNOW, NIGHT], [SNOW], [SNOW, GRASS], [GRASS]]
    successes = [[NIGHT], [GRASS], [], [GRASS]]
    best = language.contrast(failures, successes, 5)
    assert best[0].phrases == (SNOW,)
    assert best[0].support == (0, 1, 2)
    assert all(c.score > 0 for c in best)


def test_a_single_failure_is_no_pattern():
    assert language.contrast([[SNOW], [GRASS]], [[], []], 5) == []
    assert language.contrast([], [[SNOW]], 5) == []


def test_a_pair_must_beat_both_of_its_parts():
    failures = [[RED, SNOW]] * 4
    both_harmless_alone = [[RED], [SNOW]] * 3
    assert set(language.contrast(failures, both_harmless_alone, 5)[0].phrases) == {RED, SNOW}
    assert all(len(c.phrases) == 1 for c in language.contrast(failures, [[], []] * 3, 5))


PHRASES = st.lists(st.sampled_from([RED, SNOW, NIGHT, GRASS, Phrase("in fog")]), max_size=4)


@given(st.lists(PHRASES, max_size=8), st.lists(PHRASES, max_size=8), st.integers(0, 6))
def test_contrasts_are_sound(failures, successes, top):
    found = language.contrast(failures, successes, top)
    assert len(found) <= top
    assert [c.score for c in found] == sorted((c.score for c in found), reverse=True)
    for c in found:
        assert list(c.support) == [i for i, f in enumerate(failures) if set(c.phrases) <= set(f)]
        assert len(c.support) >= 2


def test_the_typical_caption_shares_most_with_the_others():
    assert language.typical([[RED], [SNOW, NIGHT], [SNOW], [SNOW, GRASS]]) == 2
    assert language.typical([[]]) == 0


@given(st.permutations([RED, SNOW, NIGHT]), st.integers(2, 6), st.integers(0, 8))
def test_a_planted_pair_is_found_first_and_what_says_the_same_is_left_out(order, times, passed):
    """RED with SNOW fails; NIGHT comes with either, and adds nothing."""
    failures = [list(order)] * times
    successes = [[RED], [SNOW], [RED, NIGHT], [SNOW, NIGHT]] * 2 + [[]] * passed
    best = language.contrast(failures, successes, 5)
    assert set(best[0].phrases) == {RED, SNOW}
    assert not any({RED, SNOW} < set(c.phrases) for c in best)


@given(st.lists(PHRASES, max_size=8), st.lists(PHRASES, max_size=8))
def test_contrasts_do_not_depend_on_order_and_repeat_nothing(failures, successes):
    found = language.contrast(failures, successes, 99)
    turned = language.contrast([f[::-1] for f in failures], successes[::-1], 99)
    assert [(c.phrases, c.support) for c in found] == [(c.phrases, c.support) for c in turned]
    for i, c in enumerate(found):
        assert not any(set(k.phrases) <= set(c.phrases) and k.support == c.support for k in found[:i])
