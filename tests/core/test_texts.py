"""Text from outside: what files can hold, and not without end."""

import json

from hypothesis import given
from hypothesis import strategies as st

from bugscope.core.errors import short
from bugscope.core.texts import all_writable, writable

ANY = st.text(st.characters(), max_size=40)


@given(ANY, st.integers(5, 60))
def test_any_text_can_be_written_and_what_could_be_is_as_it_was(text, longest):
    kept = writable(text, longest)
    kept.encode()
    assert len(kept) <= longest
    halves = any("\ud800" <= c <= "\udfff" for c in text)
    assert kept == text or halves or len(text) > longest


def test_two_halves_are_the_character_that_they_mean():
    assert writable("\ud83d\ude00 \ud83d") == "\U0001f600 \ufffd"


@given(
    st.recursive(st.none() | st.booleans() | st.integers() | ANY, lambda x: st.lists(x) | st.dictionaries(ANY, x), max_leaves=8)
)
def test_every_text_of_a_value_can_be_written(value):
    json.dumps(all_writable(value), ensure_ascii=False).encode()


@given(ANY)
def test_an_error_can_be_written_whatever_it_says(text):
    assert "\n" not in short(text)
    short(text).encode()
