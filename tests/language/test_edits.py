"""What a phrase is about, one change at a time, and the context without the object."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bugscope import language
from bugscope.core.records import Phrase
from bugscope.language import Kind, edits
from bugscope.providers.studio.vocabulary import FILM, VALUES
from support.words import WORDS

BY_ATTRIBUTE = {
    "count": Kind.COUNT, "colour": Kind.COLOUR, "material": Kind.MATERIAL, "surface": Kind.MATERIAL, "ground": Kind.PLACE,
    "background": Kind.PLACE, "weather": Kind.WEATHER, "view": Kind.VIEWPOINT, "pose": Kind.POSE, "distance": Kind.DISTANCE,
    "occlusion": Kind.OCCLUSION, "company": Kind.COMPANION, **dict.fromkeys(FILM, Kind.STYLE),
}  # fmt: skip
INDOORS = {"indoors", "in a bright studio", "in a dark room"}
GROUPS, SURROUNDINGS, CAMERA = WORDS.words.groups, WORDS.words.surroundings, WORDS.words.camera
GROUPED = [p for group in GROUPS for p in group]
SAYABLE = list(dict.fromkeys([*(Phrase(v.phrase, v.before) for v in VALUES), *GROUPED, *WORDS.words.checklist]))
RED, SNOW, NIGHT, GRASS = Phrase("red", before=True), Phrase("on snow"), Phrase("at night"), Phrase("on grass")


def after(text: str) -> Phrase:
    return Phrase(text)


def before(text: str) -> Phrase:
    return Phrase(text, before=True)


def read(caption: str, label: str = "teapot") -> list[Phrase]:
    return WORDS.phrases(caption, label)


# --- what goes together -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("a", "b", "both"),
    [
        (RED, SNOW, True), (SNOW, NIGHT, True), (RED, before("blue"), False), (NIGHT, after("at sunset"), False),
        (before("two"), before("three"), False), (before("wooden"), before("glass"), False), (RED, before("wooden"), True),
        (after("seen from above"), after("seen from below"), False), (after("in fog"), after("in heavy rain"), False),
        (SNOW, GRASS, False), (SNOW, after("in front of trees"), True),
        (after("in front of trees"), after("in front of a wall"), False),
        (after("next to a dog"), after("next to a cup"), True), (before("old"), before("broken"), True),
    ],
)  # fmt: skip
def test_two_of_a_kind_contradict_each_other_but_for_companions_and_attributes(a, b, both):
    assert edits.compatible(a, b, WORDS.words) is edits.compatible(b, a, WORDS.words) is both


@given(st.sampled_from(SAYABLE), st.sampled_from(SAYABLE))
def test_what_goes_together_is_symmetric_and_nothing_goes_with_itself(a, b):
    assert edits.compatible(a, b, WORDS.words) == edits.compatible(b, a, WORDS.words)
    assert not edits.compatible(a, a, WORDS.words)
    # what may replace a phrase is not said beside it, unless it is one of those that may be said twice
    if b in WORDS.siblings(a) and WORDS.kind(a) not in (Kind.ATTRIBUTE, Kind.COMPANION, Kind.PLACE):
        assert not edits.compatible(a, b, WORDS.words)


# --- kinds ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("value", VALUES, ids=lambda v: v.phrase)
def test_the_studios_phrases_have_the_kind_of_their_attribute(value):
    by_light = Kind.PLACE if value.phrase in INDOORS else Kind.TIME
    wanted = BY_ATTRIBUTE.get(value.attribute, by_light)
    if value.phrase.startswith("in front of"):  # trees or a bookcase
        wanted = Kind.PLACE
    assert WORDS.kind(Phrase(value.phrase, value.before)) is wanted


@pytest.mark.parametrize(
    "kind, texts",
    [
        (Kind.COUNT, ["two", "5", "12", "several", "a row of", "many", "three red"]),
        (Kind.COLOUR, ["red", "light blue", "black and white", "dark red", "gray", "grey", "very dark green"]),
        (Kind.MATERIAL, ["wooden", "golden", "glass", "silver", "dark wooden", "red plastic", "stone"]),
        (Kind.ATTRIBUTE, ["old", "rusty", "large", "striped", "broken", "bright", "very old"]),
    ],
)
def test_kinds_of_what_stands_before_the_noun(kind, texts):
    assert {t: WORDS.kind(before(t)) for t in texts} == dict.fromkeys(texts, kind)


@pytest.mark.parametrize(
    "kind, texts",
    [
        (Kind.PLACE, [
            "on a yellow flower", "sitting on a leaf", "growing in the forest", "parked in a field", "on top of a table",
            "in front of a building", "in the middle of a field", "on the side of a road",
            "walking through a lush green forest",
            "at the beach", "in the water", "floating on water", "on a city street", "on a winter road", "in a sunny garden",
            "in a light blue room", "on a plate", "on a wooden table", "hanging from a tree", "in a man's hand", "in a kitchen",
            "in a box", "under a tree", "against a white background", "outdoors", "indoors", "inside", "outside a café",
            "on a windowsill", "in an office", "by a river", "on a train station platform", "on a dirt road", "in the snow",
            "in a photo studio", "in a street at night",
        ]),
        (Kind.TIME, [
            "at sunset", "at dawn", "taken at night", "during the day", "in the dark", "in low light", "lit by candlelight",
            "under bright lights", "under a blue sky", "with a long shadow", "in shade", "on a bright day",
            "with dark clouds", "with sunlight streaming through", "on a snowy day", "in spring",
        ]),
        (Kind.WEATHER, [
            "in the rain", "on a rainy day", "on a foggy morning", "in thick fog", "during a storm", "in strong wind",
            "while it snows", "in a snowstorm", "seen through fog", "in mist", "in heavy rain and thick fog",
        ]),
        (Kind.VIEWPOINT, [
            "from above", "seen from behind", "from the side", "from a low angle", "in profile", "in an aerial view",
            "taken from the front", "from inside", "seen from the back", "from the air",
        ]),
        (Kind.POSE, ["upside-down", "turned upside down", "tilted", "on its back", "on their side", "lying on its side"]),
        (Kind.DISTANCE, [
            "far away", "in the distance", "in the background", "up close", "from far away", "small in the frame",
        ]),
        (Kind.OCCLUSION, ["half hidden behind a tree", "partially covered by snow", "cropped", "obscured by leaves"]),
        (Kind.COMPANION, [
            "next to a cup", "with trees in the background", "surrounded by flowers", "with a person standing next to it",
            "holding a spoon", "wearing a hat", "covered with moss", "filled with water", "behind a fence", "and a dog",
            "close to a wall", "riding a wave", "without a lid",
        ]),
        (Kind.STYLE, [
            "in a black and white photo", "in an old photo", "in a 3d rendering", "with lens flare",
            "with a blurred background",
            "blurry", "in soft focus", "in a picture frame", "with bokeh", "overexposed", "in a grainy photo",
        ]),
        (Kind.MATERIAL, ["made of glass", "made out of wood"]),
        (Kind.ATTRIBUTE, ["cut in half", "full of coffee"]),
    ],
)  # fmt: skip
def test_kinds_of_phrases_as_captioners_write_them(kind, texts):
    assert {t: WORDS.kind(after(t)) for t in texts} == dict.fromkeys(texts, kind)


@pytest.mark.parametrize(
    "kind, text",
    [
        # what gives a thing its shade or its season says nothing of the time of day
        (Kind.PLACE, "on a light wooden floor"),
        (Kind.PLACE, "on a dark surface"),
        (Kind.PLACE, "on a dark brown table"),
        # how the picture was taken
        (Kind.STYLE, "in motion"),
        (Kind.STYLE, "with a shallow depth of field"),
    ],
)
def test_kinds_that_a_single_word_misleads(kind, text):
    assert WORDS.kind(after(text)) is kind


@given(st.text(max_size=60), st.booleans())
def test_every_text_has_a_kind(text, stands_before):
    phrase = Phrase(text, stands_before)
    assert WORDS.kind(phrase) in Kind
    assert phrase not in WORDS.siblings(phrase)


def test_case_does_not_change_a_kind():
    for p in SAYABLE:
        assert WORDS.kind(Phrase(p.text.upper(), p.before)) is WORDS.kind(p)


# --- siblings -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("phrase", SAYABLE, ids=lambda p: p.text)
def test_siblings_are_others_of_the_same_kind_and_place_in_the_sentence(phrase):
    found = WORDS.siblings(phrase)
    assert found and phrase not in found and len(set(found)) == len(found)
    assert {WORDS.kind(p) for p in found} == {WORDS.kind(phrase)}
    assert {p.before for p in found} == {phrase.before}


def test_each_phrase_is_in_one_group_and_groups_are_symmetric():
    assert len(GROUPED) == len(set(GROUPED))
    for group in GROUPS:
        assert len({WORDS.kind(p) for p in group}) == 1, group
        for a, b in itertools.permutations(group, 2):
            assert b in WORDS.siblings(a) and a in WORDS.siblings(b)


def test_a_caption_outside_the_groups_gets_the_group_of_its_preposition():
    assert WORDS.siblings(after("on a lawn"))[0] == GRASS
    assert after("in a forest") in WORDS.siblings(after("in a meadow"))
    assert after("in a kitchen") in WORDS.siblings(after("in an office"))
    assert WORDS.siblings(after("under a blue sky"))[0] == NIGHT
    assert WORDS.siblings(before("old")) == WORDS.siblings(after("cut in half")) == ()


def test_a_swap_stays_indoors_or_outdoors():
    floors = {
        "on a wooden floor", "on a carpet", "on marble", "on a checked cloth", "on tiles", "on concrete", "on a metal grid",
        "on a cluttered table",
    }  # fmt: skip
    for text in floors:
        assert {p.text for p in WORDS.siblings(after(text))} == floors - {text}


def test_a_phrase_in_another_case_is_no_sibling_of_itself():
    for p in GROUPED:
        assert p.text not in {s.text.lower() for s in WORDS.siblings(Phrase(p.text.title(), p.before))}


@pytest.mark.parametrize("phrase", GROUPED, ids=lambda p: p.text)
def test_every_sibling_survives_the_way_into_a_prompt_and_back(phrase):
    assert read(WORDS.prompt("water tower", [phrase]).text, "water tower") == [phrase]


# --- edits --------------------------------------------------------------------------------------------------------------


def test_one_phrase_changes_at_a_time_the_likeliest_first():
    found = WORDS.edits([RED, SNOW], limit=2, add=[after("in fog")])
    assert [str(e) for e in found] == [
        "without “red”",
        "without “on snow”",
        "“blue” instead of “red”",
        "“on grass” instead of “on snow”",
        "with “in fog” added",
        "“green” instead of “red”",
        "“on sand” instead of “on snow”",
    ]
    assert [language.sentence("mug", e.phrases) for e in found] == [
        "a mug on snow", "a red mug", "a blue mug on snow", "a red mug on grass", "a red mug on snow in fog",
        "a green mug on snow", "a red mug on sand",
    ]  # fmt: skip


def test_alternatives_that_are_given_take_the_place_of_siblings():
    found = WORDS.edits([RED, SNOW], alternatives=[[], [RED, SNOW, GRASS, GRASS, after("on ice")]], limit=3)
    assert [(e.phrase, e.replacement) for e in found if e.op == "replace"] == [(SNOW, GRASS), (SNOW, after("on ice"))]


def test_a_description_without_phrases_has_nothing_to_change():
    assert WORDS.edits([]) == []
    assert [e.op for e in WORDS.edits([], add=[NIGHT])] == ["add"]


PHRASES = st.lists(st.sampled_from(SAYABLE), unique=True, max_size=6)
OTHERS = st.lists(st.sampled_from(SAYABLE), max_size=5)


@given(st.data(), PHRASES, st.integers(0, 4), st.lists(st.sampled_from(SAYABLE), max_size=4), st.booleans())
def test_an_edit_changes_what_it_says_and_nothing_else(data, phrases, limit, add, given_others):
    alternatives = [data.draw(OTHERS) for _ in phrases] if given_others else None
    found = WORDS.edits(phrases, alternatives=alternatives, limit=limit, add=add)
    others = alternatives if given_others else [WORDS.siblings(p) for p in phrases]

    assert [e.phrase for e in found if e.op == "drop"] == phrases == [e.phrase for e in found[: len(phrases)]]
    for e in found:
        assert e.phrases != tuple(phrases)
        i = phrases.index(e.phrase) if e.phrase else len(phrases)
        new = (e.replacement,) if e.replacement else ()
        assert e.phrases == (*phrases[:i], *new, *phrases[i + 1 :])
        assert {"drop": (True, False), "replace": (True, True), "add": (False, True)}[e.op] == (
            e.phrase is not None,
            e.replacement is not None,
        )
        if e.op == "replace":
            assert e.replacement in others[i]
        assert e.replacement not in phrases
        assert str(e)
    for p, mine in zip(phrases, others, strict=True):
        swaps = [e.replacement for e in found if e.op == "replace" and e.phrase == p]
        assert swaps == [a for a in dict.fromkeys(mine) if a not in phrases][:limit]
    assert [e.replacement for e in found if e.op == "add"] == [a for a in dict.fromkeys(add) if a not in phrases]
    assert len(set(found)) == len(found)


@given(PHRASES, st.integers(1, 3))
def test_drops_come_first_and_second_choices_last(phrases, limit):
    found = WORDS.edits(phrases, limit=limit, add=[after("made of ice")])
    ops = [e.op for e in found]
    assert ops[: len(phrases)] == ["drop"] * len(phrases)
    firsts, seconds = ops[len(phrases) : ops.index("add")], ops[ops.index("add") + 1 :]
    assert set(firsts) | set(seconds) <= {"replace"}
    swapped = [e.phrase for e in found[len(phrases) : ops.index("add")]]
    assert len(set(swapped)) == len(swapped), "each phrase once before any has a second chance"


# --- the context without the object -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text, thing",
    [
        ("on grass", "grass"), ("in front of trees", "trees"), ("sitting on top of a table", "a table"), ("at night", "night"),
        ("partly hidden by leaves", "leaves"), ("next to a person", "a person"), ("in the middle of a field", "a field"),
        ("on the side of a road", "a road"), ("surrounded by flowers", "flowers"), ("walking through a forest", "a forest"),
        ("seen from above", ""), ("indoors", ""), ("close up", ""), ("", ""), ("   ", ""), ("ON Grass", "Grass"),
        ("with trees in the background", "trees in the background"), ("half hidden behind a tree", "a tree"),
        ("in a man's hand", "a man's hand"), ("from the side", ""),
    ],
)  # fmt: skip
def test_the_thing_that_a_phrase_brings_along(text, thing):
    assert language.bare(text) == thing


@given(st.text(max_size=80))
def test_bare_never_raises_and_has_no_more_words_than_the_phrase(text):
    thing = language.bare(text)
    assert text.split()[len(text.split()) - len(thing.split()) :] == thing.split()
    assert language.bare(thing) == thing


@pytest.mark.parametrize(
    "caption, prompt",
    [
        ("a red teapot on grass at night", "a photo of grass at night"),
        ("a teapot at night on grass", "a photo of grass at night"),
        ("a teapot on a wooden table in front of trees", "a photo of a wooden table in front of trees"),
        ("a teapot indoors on marble", "a photo of marble indoors"),
        ("a teapot at sunset", "a photo of an empty place at sunset"),
        ("a teapot in heavy rain at night", "a photo of an empty place in heavy rain at night"),
        ("a teapot indoors", "a photo of an empty place indoors"),
        ("a teapot on snow seen from above", "a photo of snow seen from above"),
        ("a teapot seen from above on snow, out of focus", "a photo of snow seen from above out of focus"),
        ("two teapots next to a person", "a photo of a person"),
        ("a teapot partly hidden by leaves on water", "a photo of leaves on water"),
        ("a teapot upside down on snow", "a photo of snow"),
        ("a teapot far away on snow", "a photo of snow"),
        ("a teapot made of glass on snow", "a photo of snow"),
        ("a teapot surrounded by flowers", "a photo of flowers"),
        ("a teapot with trees in the background", "a photo of trees in the background"),
        ("a teapot in the middle of a field", "a photo of a field"),
        ("a teapot sitting on top of a wooden table", "a photo of a wooden table"),
        ("a teapot in a dark room", "a photo of a dark room"),
    ],
)
def test_the_context_alone_is_a_sentence(caption, prompt):
    found = WORDS.context(read(caption), "bowl")
    assert found is not None and (found.text, found.label) == (prompt, "bowl")
    assert found.description == ", ".join(p.text for p in WORDS.surroundings(read(caption)))


@pytest.mark.parametrize(
    "caption",
    [
        "a teapot", "two red teapots", "a teapot upside down", "a teapot seen from above", "a teapot far away",
        "a glass teapot",
        "a teapot with motion blur", "a blurry photo of a teapot seen from behind", "a close-up photo of a teapot",
    ],
)  # fmt: skip
def test_what_says_nothing_of_the_surroundings_has_no_context(caption):
    assert WORDS.context(read(caption), "bowl") is None
    assert WORDS.surroundings(read(caption)) == ()


@pytest.mark.parametrize("caption", ["a teapot being held by a person", "a teapot being used by a man"])
def test_the_context_of_what_happens_to_the_object_is_the_one_who_does_it_or_none(caption):
    found = WORDS.context(read(caption), "bowl")
    assert found is None or found.text in ("a photo of a person", "a photo of a man")


@given(
    st.lists(st.sampled_from([*SAYABLE, *map(after, ["on a leaf", "with a cup", "with trees in the background"])]), max_size=6)
)
def test_a_context_keeps_surroundings_and_camera_in_order_and_nothing_of_the_object(phrases):
    kept = WORDS.surroundings(phrases)
    wanted = [p for p in phrases if not p.before and WORDS.kind(p) in SURROUNDINGS | CAMERA]
    has = any(WORDS.kind(p) in SURROUNDINGS for p in wanted)
    assert list(kept) == (wanted if has else [])
    found = WORDS.context(phrases, "bowl")
    assert (found is None) == (not has)
    if found:
        assert found.text.startswith("a photo of ") and "  " not in found.text
        assert all(language.bare(p.text) in found.text for p in kept)
        gone = [p for p in phrases if p not in kept and not any(p.text in k.text for k in kept)]
        assert not any(f" {p.text} " in f"{found.text} " for p in gone)
