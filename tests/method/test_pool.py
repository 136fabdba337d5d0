"""Where conditions come from."""

from dataclasses import replace

from bugscope.core.records import Phrase
from bugscope.method.pool import harvest, seeds
from support.words import WORDS

RED, SNOW = Phrase("red", before=True), Phrase("on snow")


def test_a_generators_own_vocabulary_is_all_that_a_label_begins_with():
    offered = {"mug": (SNOW, RED, SNOW), "pot": (RED,)}
    own = replace(WORDS, vocabulary=lambda label: offered.get(label, ()))
    assert seeds("mug", own) == [SNOW, RED] and seeds("pot", own) == [RED]
    assert seeds("cat", own) == seeds("cat", WORDS), "one that offers nothing for a label has none"


def test_without_a_vocabulary_the_mediums_words_suggest():
    found = seeds("mug", WORDS)
    assert found[: len(WORDS.words.checklist)] == list(dict.fromkeys(WORDS.words.checklist))
    assert set(found) == {*WORDS.words.checklist, *(p for group in WORDS.words.groups for p in group)}
    assert len(set(found)) == len(found)


def test_what_was_heard_brings_what_may_replace_it():
    odd = Phrase("old", before=True)
    assert WORDS.siblings(SNOW) and not WORDS.siblings(odd)
    assert list(harvest([SNOW, odd, RED], WORDS)) == [SNOW, *WORDS.siblings(SNOW), odd, RED, *WORDS.siblings(RED)]
    assert list(harvest([], WORDS)) == []
