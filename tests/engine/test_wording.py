"""What a run's generator says it can show and read."""

import pytest

from bugscope import tasks
from bugscope.core.errors import ModelError, SpecError
from bugscope.core.options import Config
from bugscope.core.records import Phrase
from bugscope.engine import wording
from bugscope.engine.models import Models
from bugscope.testing import World
from support.words import WORDS

RED, SNOW, NIGHT = Phrase("red", before=True), Phrase("on snow"), Phrase("at night")


def words_of(labels=("mug",), **offered):
    """The wording of a run whose generator offers these besides drawing."""
    models = Models(**World(labels=("mug", "pot")).roles())
    for name, value in offered.items():
        setattr(models.generator, name, value)
    return wording.of(models, tasks.load(Config()), labels)


def test_a_generator_without_a_vocabulary_offers_no_conditions():
    words = words_of()
    assert words.vocabulary("mug") == () and not words.checked
    assert words.nouns >= {"mug", "pot"} and words.others == ("mug",)


def test_a_generators_phrases_are_read_once_a_label():
    asked = []

    def phrases(label):
        asked.append(label)
        return ["red", SNOW] if label == "mug" else []

    words = words_of(phrases=phrases)
    assert words.vocabulary("mug") == words.vocabulary("mug") == (RED, SNOW) and words.vocabulary("pot") == ()
    assert asked == ["mug", "pot"]


@pytest.mark.parametrize("given", ["red", [3], None])
def test_what_is_no_vocabulary_is_an_error_that_names_the_generator(given):
    with pytest.raises(ModelError, match="generator world/generator gave .* as its phrases"):
        words_of(phrases=lambda label: given).vocabulary("mug")


def test_a_generator_that_checks_what_it_reads_knows_what_goes_together():
    def check(texts):
        for text in texts:
            if "snow" in text and "night" in text:
                raise SpecError("no snow at night")

    words = words_of(check=check)
    assert words.checked and words.fair("mug", [SNOW]) and not words.fair("mug", [SNOW, NIGHT])
    assert words.together("mug", RED, SNOW) and not words.together("mug", SNOW, NIGHT)
    with pytest.raises(SpecError, match="no snow at night"):
        wording.check(
            Models(**World().roles() | {"generator": type("G", (), {"check": staticmethod(check)})()}), ["snow night"]
        )


def test_without_a_check_words_alone_tell_what_goes_together():
    words = words_of(admissible=lambda label, phrase: phrase != NIGHT)
    assert words.together("mug", RED, SNOW) == WORDS.together("mug", RED, SNOW) is True
    assert not words.together("mug", SNOW, Phrase("on sand")) and not words.together("mug", RED, NIGHT)
