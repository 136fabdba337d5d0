"""Phrases become prompts and sentences."""

import pytest

from bugscope import language
from bugscope.core import labels
from bugscope.core.records import Phrase
from support.words import WORDS


@pytest.mark.parametrize(
    "label, described",
    [
        ("pineapple", "a red pineapple seen from above"),
        ("umbrella", "a red umbrella seen from above"),
    ],
)
def test_adjectives_stand_before_the_label_and_the_rest_after_it(label, described):
    phrases = (Phrase("seen from above"), Phrase("red", before=True))
    assert language.sentence(label, phrases) == described
    prompt = WORDS.prompt(label, phrases)
    assert prompt.text == f"a photo of {described}"
    assert prompt.label == label
    assert prompt.description == "seen from above, red"


@pytest.mark.parametrize(
    "noun, article",
    [
        ("apple", "an"), ("teapot", "a"), ("umbrella", "an"), ("unicycle", "a"), ("hourglass", "an"), ("honeycomb", "a"),
        ("iPod", "an"), ("European gallinule", "a"), ("upright", "an"), ("Old English sheepdog", "an"), ("U-boat", "a"),
    ],
)  # fmt: skip
def test_the_article_follows_the_sound(noun, article):
    assert WORDS.neutral(noun).text == f"a photo of {article} {noun}"


def test_the_article_agrees_with_the_adjective():
    assert language.sentence("teapot", [Phrase("orange", before=True)]) == "an orange teapot"
    assert language.sentence("umbrella", [Phrase("blue", before=True)]) == "a blue umbrella"


@pytest.mark.parametrize(
    "noun, plural",
    [
        ("teapot", "teapots"), ("school bus", "school buses"), ("box", "boxes"), ("strawberry", "strawberries"),
        ("tray", "trays"), ("timber wolf", "timber wolves"), ("mouse", "mice"), ("binoculars", "binoculars"),
        ("brush", "brushes"), ("knife", "knives"),
        ("bottle of wine", "bottles of wine"), ("box of school buses", "boxes of school buses"),
    ],
)  # fmt: skip
def test_counts_take_the_plural(noun, plural):
    phrases = [Phrase("blue", before=True), Phrase("two", before=True), Phrase("on grass")]
    assert language.sentence(noun, phrases) == f"two blue {plural} on grass"


def test_a_label_that_is_a_plural_has_no_article():
    assert WORDS.neutral("binoculars").text == "a photo of binoculars"


def test_every_imagenet_label_gives_a_prompt_that_names_it():
    for label in labels.imagenet():
        assert WORDS.neutral(label).text.endswith(f" {label}")
        assert WORDS.neutral(label).description == ""


@pytest.mark.parametrize("count", ["two", "2", "12", "several", "a row of"])
def test_what_counts_takes_the_plural_and_no_article(count):
    phrases = [Phrase("red", before=True), Phrase(count, before=True)]
    assert language.sentence("teapot", phrases) == f"{count} red teapots"
