"""Samples are told apart by all that they are, whatever characters a prompt or a label has."""

from hypothesis import given
from hypothesis import strategies as st

from bugscope.core.records import Prompt, Sample, joined

PARTS = st.lists(st.text(st.sampled_from("a|\\ "), max_size=4), min_size=1, max_size=4)


@given(PARTS, PARTS)
def test_two_lists_are_never_the_same_text(a, b):
    assert (joined(*a) == joined(*b)) == (a == b)


def test_a_bar_in_a_prompt_is_no_border():
    one = Sample(Prompt("a|b", "c"), "confirm", 0)
    two = Sample(Prompt("a", "b|c"), "confirm", 0)
    assert one.key != two.key and one.seed != two.seed


def test_keys_of_old_runs_are_what_they_were():
    assert joined("7", "explore", "a photo of a mug", "mug", "3") == "7|explore|a photo of a mug|mug|3"
