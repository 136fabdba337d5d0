"""Prompts -> requests -> scenes: nothing is dropped in silence, nothing unstated moves."""

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bugscope import language
from bugscope.errors import SpecError
from bugscope.labels import imagenet
from bugscope.providers.studio import SUGGESTED, objects, prompts, scene
from bugscope.providers.studio.vocabulary import FILLERS, UNUSUAL, VALUES, by_wording
from bugscope.types import Phrase

MODELS = objects.load_all()


@pytest.mark.parametrize(
    ("text", "label", "stated"),
    [
        ("a photo of a teapot", "teapot", {}),
        ("at night, a red teapot lies on the grass", "teapot", {"light": "night", "colour": "red", "ground": "grass"}),
        ("Two golden TEAPOTS on a wooden table", "teapot", {"count": "two", "material": "gold", "ground": "wood"}),
        ("lighthouse in fog, seen from below", "beacon", {"weather": "fog", "view": "below"}),
        ("a laptop in the dark", "notebook", {"light": "dark"}),
        ("three jack-o'-lanterns partly hidden by leaves", "jack-o'-lantern", {"count": "three", "occlusion": "leaves"}),
        ("a blurry picture of a taxi in the rain", "cab", {"camera": "motion", "weather": "rain"}),
        ("teapots", "teapot", {"count": "two"}),
        (
            "a school bus, upside down, far away, on snow",
            "school bus",
            {"pose": "upside down", "distance": "far", "ground": "snow"},
        ),
    ],
)
def test_plain_english_in_any_order(text, label, stated):
    request = prompts.parse(text)
    assert (request.label, dict(request.stated)) == (label, stated)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a teapott on grass", r"does not know 'teapott' \(nearest: teapot"),
        ("a teapot riding a bicycle", "does not know 'riding'.*'bicycle'"),
        ("a photo at night", "names no object"),
        ("a teapot and a banana", "several objects"),
        ("a red blue teapot", "two values of colour: 'red' and 'blue'"),
        ("", "names no object"),
    ],
)
def test_what_is_not_understood_is_said(text, message):
    with pytest.raises(SpecError, match=message):
        prompts.parse(text)


@pytest.mark.parametrize("label", sorted(MODELS))
def test_every_object_is_understood_by_each_of_its_names(label):
    model = MODELS[label]
    assert label in imagenet()
    for name in (model.name, *model.synonyms):
        assert prompts.parse(language.neutral(name).text).label == label
    assert prompts.parse(f"a photo of {model.plural}").label == label


@pytest.mark.parametrize("value", VALUES, ids=lambda v: v.phrase)
def test_every_wording_means_its_value(value):
    for wording in (value.phrase, *value.synonyms):
        assert by_wording()[wording.lower()] is value
        text = f"a photo of a {wording} teapot" if value.before else f"a photo of a teapot {wording}"
        assert prompts.parse(text).stated[value.attribute] == value.name


@given(st.text(max_size=60))
def test_any_text_is_read_or_refused_with_a_sentence(text):
    try:
        request = prompts.parse(text)
    except SpecError as error:
        assert "\n" not in str(error)
    else:
        assert request.label in MODELS


@given(st.sampled_from(sorted(MODELS)), st.sampled_from([v for v in VALUES]), st.integers(0, 2**31 - 1))
def test_stating_one_thing_leaves_the_rest_of_the_scene(label, value, seed):
    plain = scene.resolve(prompts.Request(label, {}), seed)
    stated = scene.resolve(prompts.Request(label, {value.attribute: value.name}), seed)
    changed = {f.name for f in dataclasses.fields(plain) if getattr(plain, f.name) != getattr(stated, f.name)}
    # what one attribute may bring along: a view its angles, weather and light a place that fits them
    follows = {
        "view": {"view", "elevation", "azimuth", "ground"},
        "distance": {"distance_name", "distance"},
        "weather": {"weather", "light", "ground", "background"},
        "light": {"light", "ground", "background"},
        "ground": {"ground", "light", "background"},
        "background": {"background", "light", "ground"},
    }
    assert changed <= follows.get(value.attribute, {value.attribute}) | {"nameable"}


@given(st.sampled_from(sorted(MODELS)), st.sampled_from([v for v in VALUES]), st.integers(0, 2**31 - 1))
def test_what_is_stated_is_what_is_shown(label, value, seed):
    resolved = scene.resolve(prompts.Request(label, {value.attribute: value.name}), seed)
    shown = {"count": {1: "one", 2: "two", 3: "three"}[resolved.count], "distance": resolved.distance_name}
    assert shown.get(value.attribute, getattr(resolved, value.attribute, None)) == value.name
    assert resolved.nameable == scene.allowed(MODELS[label], value.attribute, value.name)


def test_the_prior_draws_unusual_conditions_at_its_rate():
    unusual = 0
    for seed in range(4000):
        drawn = scene.resolve(prompts.Request("teapot", {}), seed)
        unusual += drawn.view != "side" or drawn.colour != "" or drawn.weather != "clear" or drawn.count > 1
    chosen = {"view", "colour", "weather", "count"}
    fair = [v for v in VALUES if v.attribute in chosen and scene.allowed(MODELS["teapot"], v.attribute, v.name)]
    expected = UNUSUAL * sum(v.weight for v in fair) / sum(v.weight for v in VALUES)
    assert abs(unusual / 4000 - expected) < 0.02


@given(st.integers(0, 2**31 - 1))
def test_unsuitable_conditions_are_never_drawn_unasked(seed):
    for label in ("crossword puzzle", "cab", "goblet"):
        assert scene.resolve(prompts.Request(label, {}), seed).nameable


def test_no_filler_hides_a_condition():
    assert not FILLERS & {w for wording in by_wording() for w in [wording]}


def test_suggested_labels_exist_and_the_checklist_is_in_the_vocabulary():
    assert set(SUGGESTED) <= set(MODELS)
    for phrase in language.CHECKLIST:
        assert by_wording()[phrase.text].before == phrase.before


def test_captions_read_back_as_the_phrases_they_were_made_of():
    for value in VALUES:
        caption = f"a photo of {language.sentence('teapot', [Phrase(value.phrase, value.before)])}"
        assert language.phrases(caption, "teapot") == [Phrase(value.phrase, value.before)]
