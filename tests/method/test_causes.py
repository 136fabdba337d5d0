"""Bugs with one cause are one bug: whatever is confirmed, in whatever order."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bugscope.core.records import Rate
from bugscope.method.causes import Caused, fold

WORDS = ("snow", "night", "red", "above")


def bug(key, phrases, cause=None, low=0.5, high=1.0, parent="", label="mug", k=8, n=10):
    return Caused(key, label, frozenset(phrases), frozenset(cause or phrases), Rate(k, n, low, high, 0.95), parent)


@st.composite
def several(draw):
    """Confirmed bugs of two labels; some are sharper descriptions of others."""
    found = []
    for i in range(draw(st.integers(0, 9))):
        phrases = draw(st.sets(st.sampled_from(WORDS), min_size=1))
        cause = draw(st.sets(st.sampled_from(sorted(phrases)), min_size=1)) if draw(st.booleans()) else phrases
        label, parent = draw(st.sampled_from(("mug", "pot"))), ""
        tops = [b for b in found if not b.parent and b.label == label and len(b.phrases) < len(WORDS)]
        if tops and draw(st.booleans()):
            parent = draw(st.sampled_from(tops)).key
            above = next(b for b in tops if b.key == parent)
            phrases = above.phrases | {draw(st.sampled_from(sorted(set(WORDS) - above.phrases)))}
            cause = draw(st.sets(st.sampled_from(sorted(phrases)), min_size=1)) if draw(st.booleans()) else phrases
        n = draw(st.integers(8, 20))
        k = draw(st.integers(4, n))
        low, high = draw(st.sampled_from(((0.0, 1.0), (k / n, k / n), (max(0.0, k / n - 0.2), min(1.0, k / n + 0.2)))))
        found.append(bug(f"{i}", phrases, cause, low, high, parent, label, k, n))
    return found


def related(a, b):
    return a.key == b.parent or b.key == a.parent


@given(several())
def test_every_bug_belongs_to_exactly_one_bug_of_its_label_that_stands_for_itself(bugs):
    found, known = fold(bugs), {b.key: b for b in bugs}
    assert found.keys() == known.keys()
    for key, into in found.items():
        assert found[into] == into and known[into].label == known[key].label
        if key != into:
            a, b = known[key], known[into]
            assert not related(a, b)
            # what stands for it has its cause, or a part of that
            assert b.cause <= a.cause


@given(several(), st.randoms(use_true_random=False))
@pytest.mark.slow
def test_the_order_in_which_bugs_come_does_not_matter(bugs, chance):
    shuffled = list(bugs)
    chance.shuffle(shuffled)
    assert fold(shuffled) == fold(bugs)


@given(several())
@pytest.mark.slow
def test_what_is_folded_is_not_folded_again(bugs):
    found = fold(bugs)
    own = [b for b in bugs if found[b.key] == b.key]
    assert fold(own) == {b.key: b.key for b in own}


@given(several())
def test_labels_do_not_meet(bugs):
    apart = {}
    for label in ("mug", "pot"):
        apart |= fold([b for b in bugs if b.label == label])
    assert fold(bugs) == apart


@given(several())
def test_bugs_of_their_own_differ_in_cause_or_one_is_shown_to_be_sharper(bugs):
    """Unless one describes the other more sharply: that was tested."""
    found = fold(bugs)
    own = [b for b in bugs if found[b.key] == b.key]
    families = {b.key for b in bugs if b.parent} | {b.parent for b in bugs if b.parent}
    for a in own:
        for b in own:
            if a is not b and a.label == b.label and not {a.key, b.key} & families:
                assert a.cause != b.cause
                assert not b.cause < a.cause or a.rate.low > b.rate.high


@given(several())
def test_equal_causes_are_one_bug_whatever_their_rates(bugs):
    alone = [b for b in bugs if not b.parent]
    found = fold(alone)
    for a in alone:
        for b in alone:
            if (a.label, a.cause) == (b.label, b.cause):
                assert found[a.key] == found[b.key]


def test_the_cause_of_one_is_the_other():
    found = fold([bug("long", ("marble", "studio"), ("studio",)), bug("short", ("studio",))])
    assert found == {"long": "short", "short": "short"}


def test_the_shortest_stands_for_a_cause_then_the_one_that_fails_most():
    three = [
        bug("a", ("red", "night", "snow"), ("snow",), k=10),
        bug("b", ("night", "snow"), ("snow",), k=8),
        bug("c", ("red", "snow"), ("snow",), k=9),
    ]
    assert set(fold(three).values()) == {"c"}
    assert set(fold([*three, bug("d", ("snow",), k=5)]).values()) == {"d"}


def test_more_words_are_a_bug_of_their_own_only_where_they_are_shown_to_fail_more():
    short = bug("short", ("snow",), low=0.2, high=0.6, k=4)
    assert fold([short, bug("long", ("snow", "night"), low=0.55, high=1.0)])["long"] == "short"
    assert fold([short, bug("long", ("snow", "night"), low=0.65, high=1.0)])["long"] == "long"
    # equal causes are equal, whatever their rates
    assert fold([short, bug("long", ("snow", "night"), ("snow",), low=0.65, high=1.0)])["long"] == "short"


def test_what_is_folded_does_not_hide_a_sharper_bug():
    """The middle one is folded into the weakest; the longest overlaps with it and is still shown to exceed the weakest."""
    chain = [
        bug("1", ("snow",), low=0.1, high=0.4, k=2),
        bug("2", ("snow", "night"), low=0.3, high=0.7, k=5),
        bug("3", ("snow", "night", "red"), low=0.6, high=1.0, k=9),
    ]
    assert fold(chain) == {"1": "1", "2": "1", "3": "3"}


def test_a_sharper_description_is_never_its_parent_but_may_be_another_bug():
    parent, child = bug("p", ("marble",)), bug("c", ("marble", "studio"), parent="p")
    assert fold([parent, child]) == {"p": "p", "c": "c"}
    assert fold([parent, bug("c", ("marble", "studio"), ("marble",), parent="p")]) == {"p": "p", "c": "c"}
    assert fold([parent, child, bug("s", ("studio",))]) == {"p": "p", "c": "s", "s": "s"}
