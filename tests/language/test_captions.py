"""Captions become phrases, phrases become prompts, and back."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bugscope import language
from bugscope.core import labels
from bugscope.core.records import Phrase
from bugscope.providers.studio.vocabulary import VALUES

NOUNS = {"bee", "fly", "teapot", "coffee mug", "mug", "soccer ball", "clock tower", "Granny Smith", "jack-o'-lantern", "candle"}


def read(caption: str, label: str = "teapot", nouns: set[str] = NOUNS) -> list[str]:
    """Phrases as text, those before the noun marked with a dash: "red-"."""
    return [p.text + "-" * p.before for p in WORDS.phrases(caption, label, nouns)]


# --- prompts ----------------------------------------------------------------------------------------------------------


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


# --- captions ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "caption, phrases",
    [
        ("a photo of two blue teapots on grass at night seen from above, partly hidden by leaves",
         ["two-", "blue-", "on grass", "at night", "seen from above", "partly hidden by leaves"]),
        ("A close-up photo of a red teapot with motion blur.", ["red-", "with motion blur"]),
        ("a close up of a teapot", []),
        ("a teapot upside down far away in falling snow", ["upside down", "far away", "in falling snow"]),
        ("a teapot seen from behind with motion blur", ["seen from behind", "with motion blur"]),
        ("a teapot indoors at night", ["indoors", "at night"]),
        ("a teapot out of focus on top of a table next to a cup", ["out of focus", "on top of a table", "next to a cup"]),
        ("there is a white teapot sitting on a wooden table in a dark room", ["white-", "on a wooden table", "in a dark room"]),
        ("a picture of a teapot in heavy rain and thick fog", ["in heavy rain and thick fog"]),
        ("a teapot on grass and in fog", ["on grass", "in fog"]),
        ("a small, red teapot, at sunset", ["small-", "red-", "at sunset"]),
        ("a black and white teapot", ["black and white-"]),
        ("a teapot that is blue and white", ["blue and white-"]),
        ("a light blue teapot", ["light blue-"]),
        ("a row of teapots in the dark", ["a row of-", "in the dark"]),
        ("a blurry photo of a pair of teapots", ["two-", "in a blurry photo"]),
        ("a black and white photo of a teapot", ["in a black and white photo"]),
        ("an aerial view of a teapot on sand", ["on sand", "in an aerial view"]),
        ("a teapot with trees in the background", ["with trees in the background"]),
        ("an upside down teapot", ["upside down"]),
        ("a teapot made of glass on marble", ["made of glass", "on marble"]),
        ("this is a teapot", []),
    ],
)  # fmt: skip
def test_captions_fall_into_phrases(caption, phrases):
    assert read(caption) == phrases


@pytest.mark.parametrize(
    "caption, label, phrases",
    [
        ("a bee on a flower", "fly", ["on a flower"]),
        ("a bug sitting on a leaf", "fly", ["on a leaf"]),
        ("a large clock tower lit up at night", "beacon", ["large-", "at night"]),
        ("a rusty thing in snow", "teapot", ["rusty-", "in snow"]),
        ("a man standing in front of a building", "street sign", ["in front of a building"]),
    ],
)
def test_a_caption_that_names_another_object_keeps_its_context(caption, label, phrases):
    assert read(caption, label) == phrases


def test_the_object_is_not_named_twice():
    assert read("a person holding a teapot in a dark room") == ["in a dark room"]
    assert read("a bee next to two teapots on grass") == ["on grass"]


@pytest.mark.parametrize("label", ["soccer ball", "Granny Smith", "jack-o'-lantern", "school bus", "hen-of-the-woods", "box"])
def test_labels_of_several_words_and_their_plurals_are_found(label):
    assert read(f"a photo of a {label} on snow", label) == ["on snow"]
    assert read(f"Two {language.plural(label).upper()} on snow", label) == ["two-", "on snow"]


def test_case_punctuation_and_typographic_quotes_make_no_difference():
    plain = WORDS.phrases("a photo of a red jack-o'-lantern on grass at night", "jack-o'-lantern")
    assert WORDS.phrases("A PHOTO of a Red Jack-o’-Lantern; on grass, at night!!!", "jack-o'-lantern") == plain


@pytest.mark.parametrize(
    "caption", ["", "!!!", "a", "snow", "of of of", "茶壺在雪上", "une théière rouge sur l’herbe", "a photo of", ",,,"]
)
def test_what_cannot_be_read_gives_no_phrase(caption):
    assert read(caption) == []


@given(st.text(max_size=300), st.text(min_size=1, max_size=20))
def test_no_text_breaks_the_reader(caption, label):
    for phrase in WORDS.phrases(caption, label, NOUNS):
        assert phrase.text and phrase.text == " ".join(phrase.text.split())
        assert "\x1b" not in phrase.text and "<" not in phrase.text


WORDS = st.sampled_from(
    "a the of and on in with seen from behind above two red teapot bee , . is that sitting by out far up".split()
)


@given(st.lists(WORDS, max_size=25))
def test_no_word_salad_breaks_the_reader(words):
    found = WORDS.phrases(" ".join(words), "teapot", NOUNS)
    assert len(found) == len(set(found)) <= language.MOST_PHRASES
    assert all("teapot" not in p.text for p in found)
    WORDS.prompt("teapot", found)


def test_long_captions_are_cut():
    assert len(WORDS.phrases("a teapot " + "on grass at night " * 10_000, "teapot")) == 2


SAYABLE = [Phrase(v.phrase, v.before) for v in VALUES]


@pytest.mark.parametrize("phrase", [*dict.fromkeys([*SAYABLE, *WORDS.words.checklist])], ids=lambda p: p.text)
@pytest.mark.parametrize("label", ["water tower", "iPod"])
def test_a_phrase_survives_the_way_into_a_prompt_and_back(label, phrase):
    assert WORDS.phrases(WORDS.prompt(label, [phrase]).text, label, NOUNS) == [phrase]


def test_pairs_of_phrases_survive_too():
    for pair in itertools.permutations(SAYABLE, 2):
        if pair[0].before and pair[1].before:
            continue  # "gray white", "two golden": one quality or two, nobody can tell
        made = WORDS.phrases(WORDS.prompt("water tower", pair).text, "water tower", NOUNS)
        assert set(made) == set(pair), pair


REAL = set(labels.imagenet())


@pytest.mark.parametrize(
    "label, caption, phrases",
    [
        ("fly", "a close up of a bee on a yellow flower", ["on a yellow flower"]),
        ("fly", "two bees on flowers", ["two-", "on flowers"]),
        ("mushroom", "several red and white mushrooms growing in the forest",
         ["several-", "red and white-", "growing in the forest"]),
        ("tabby", "a white cat laying on top of a bed", ["white-", "on top of a bed"]),
        ("teapot", "the image shows a teapot on a wooden table, with a blurred background",
         ["on a wooden table", "with a blurred background"]),
        ("teapot", "A 3D rendering of a teapot.", ["in a 3d rendering"]),
        ("school bus", "an old, rusty school bus parked in a field at sunset",
         ["old-", "rusty-", "parked in a field", "at sunset"]),
        ("African elephant", "a large elephant walking through a lush green forest",
         ["large-", "walking through a lush green forest"]),
        ("dining table", "a café table outside a café in Zürich", ["outside a café", "in zürich"]),
        ("sunglasses", "a pair of sunglasses on the beach", ["two-", "on the beach"]),
        ("wreck", "a man riding a wave on top of a surfboard", ["riding a wave", "on top of a surfboard"]),
        ("teapot", "5 teapots on a shelf", ["5-", "on a shelf"]),
        ("teapot", "a teapot \N{TEAPOT} on snow", ["on snow"]),
        ("balloon", "an image of the moon", []),
    ],
)  # fmt: skip
def test_captions_as_captioners_write_them(label, caption, phrases):
    assert read(caption, label, REAL) == phrases


@pytest.mark.parametrize("count", ["two", "2", "12", "several", "a row of"])
def test_what_counts_takes_the_plural_and_no_article(count):
    phrases = [Phrase("red", before=True), Phrase(count, before=True)]
    assert language.sentence("teapot", phrases) == f"{count} red teapots"


# --- contrast ---------------------------------------------------------------------------------------------------------

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
