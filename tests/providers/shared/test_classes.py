"""Which outputs of a network stand for labels."""

import numpy as np
import pytest

from bugscope.core.errors import AnswerError, SpecError
from bugscope.providers.shared.classes import classes

COCO = ["__background__", "person", "N/A", "bus", "N/A"]


def test_the_background_and_gaps_are_no_labels_and_shift_none():
    made = classes("the net", 5, COCO, "first")
    assert made.labels == ("person", "bus") and made.places.tolist() == [-1, 0, -1, 1, -1]
    assert made.of("the net", np.array([3, 0, 1])).tolist() == [1, -1, 0]
    assert made.of("the net", np.zeros(0)).tolist() == []


def test_a_background_may_be_left_out_of_the_names():
    assert classes("the net", 3, ["a", "b"], "first").places.tolist() == [-1, 0, 1]
    assert classes("the net", 3, ["a", "b"], "last").places.tolist() == [0, 1, -1]
    assert classes("the net", 3, ["a", "b", "no-object"], "last").labels == ("a", "b")
    assert classes("the net", 2, ["a", "b"]).places.tolist() == [0, 1]


@pytest.mark.parametrize(
    ("outputs", "names", "background", "says"),
    [
        (
            3,
            ["a", "b", "c"],
            "first",
            "the net has 3 classes, the first of them the background, but the first label is 'a': all",
        ),
        (3, ["a", "b", "c"], "last", "the last of them the background, but the last label is 'c': all labels would be shifted"),
        (5, ["a", "b", "c"], "first", "the net has 5 classes, the first of them the background, but there are 3 labels$"),
        (4, ["a", "b", "c"], "", "the net has 4 classes, but there are 3 labels; a background without a name is 'background'$"),
        (2, [], "", "has 2 outputs and no names for them"),
        (2, ["background", "N/A"], "", "has no labels: its classes are called 'background', 'N/A'"),
    ],
)
def test_names_that_do_not_fit_are_a_sentence(outputs, names, background, says):
    with pytest.raises(SpecError, match=says):
        classes("the net", outputs, names, background)


@pytest.mark.parametrize("number", [5, -1, np.nan, np.inf, 90])
def test_a_number_that_no_class_has_is_a_sentence(number):
    with pytest.raises(
        AnswerError, match="gave a box of class .*, but there are 5 classes, counted from 0, the last of them 'bus'"
    ):
        classes("the net", 5, COCO).of("the net", np.array([1.0, number]))
