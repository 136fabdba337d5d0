"""Names, synonyms, and what counts as the same thing."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bugscope import labels
from bugscope.errors import SpecError

NAMES = labels.imagenet()


def test_there_are_a_thousand_different_names_in_the_usual_order():
    assert len(set(NAMES)) == 1000
    landmarks = {0: "tench", 281: "tabby", 504: "coffee mug", 681: "notebook", 779: "school bus", 876: "tub", 953: "pineapple"}
    assert {i: NAMES[i] for i in landmarks} == landmarks
    assert set(labels.wordnet_ids()) == set(NAMES)
    assert labels.wordnet_ids()["tench"] == "n01440764"


@given(st.sampled_from(NAMES), st.sampled_from(NAMES))
def test_accepting_is_reflexive_and_symmetric(a, b):
    assert a in labels.accepted(a)
    assert (a in labels.accepted(b)) == (b in labels.accepted(a))


def test_the_groups_name_real_labels_and_stay_small():
    for group in labels.SAME_THING:
        assert group <= set(NAMES), group - set(NAMES)
        assert len(group) <= 3


@pytest.mark.parametrize(
    ("a", "b"),
    [("coffee mug", "cup"), ("notebook", "laptop"), ("tub", "bathtub"), ("ear", "corn"), ("table lamp", "lampshade")],
)
def test_near_synonyms_are_accepted(a, b):
    assert b in labels.accepted(a)


def test_look_alikes_are_not_accepted():
    for a, b in (("bagel", "pretzel"), ("soccer ball", "volleyball"), ("coffee mug", "bucket"), ("balloon", "parachute")):
        assert b not in labels.accepted(a)


def test_more_can_be_accepted():
    assert labels.accepted("mug", ["beaker"]) == {"mug", "beaker"}


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("teapot", "teapot"),
        ("TEAPOT", "teapot"),
        (" granny smith ", "Granny Smith"),
        (" Cardigan ", "Cardigan"),
        ("taxi", "cab"),
        ("lighthouse", "beacon"),
    ],
)
def test_a_label_is_found_by_case_and_synonym(text, label):
    assert labels.resolve(text, NAMES) == label


def test_a_synonym_of_an_absent_label_is_unknown():
    with pytest.raises(SpecError, match="unknown label 'taxi'"):
        labels.resolve("taxi", ["bus", "bike"])


@given(st.sampled_from(NAMES))
def test_every_name_is_itself(name):
    assert labels.resolve(name, NAMES) == name


def test_the_nearest_label_is_offered():
    with pytest.raises(SpecError, match="unknown label 'pinapple'. Did you mean 'pineapple'"):
        labels.resolve("pinapple", NAMES)


@given(st.text(max_size=15) | st.sampled_from(NAMES).map(str.upper) | st.sampled_from(NAMES).map(lambda n: n[:-1]))
def test_any_text_is_a_label_or_an_error_that_repeats_it(text):
    try:
        assert labels.resolve(text, NAMES) in NAMES
    except SpecError as error:
        assert str(error).startswith(f"unknown label {text!r}.") and "\n" not in str(error)


def test_case_hides_no_label_but_a_dog_under_a_garment():
    """Cardigan the corgi and cardigan the jacket: each is found as it is written."""
    found = {n: labels.resolve(f" {n.upper()} ", NAMES) for n in NAMES}
    assert {n: label for n, label in found.items() if label != n} == {"Cardigan": "cardigan"}
