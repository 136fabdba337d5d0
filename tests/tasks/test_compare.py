"""Two models on the same pictures."""

import numpy as np
import pytest

from bugscope import tasks
from bugscope.core.errors import SpecError
from bugscope.core.options import Config
from bugscope.core.records import Truth, Usage
from bugscope.engine.models import Pair
from bugscope.tasks.ask import Ask
from bugscope.tasks.classify import Classify
from bugscope.tasks.shared.compare import BETTER, BOTH, Compared
from bugscope.testing import conformance
from support.engines import Role

LABELS = ("mug", "bowl")
MUG = Truth("mug")
RIGHT, WRONG = [["mug", 0.9]], [["bowl", 0.8]]


@pytest.mark.parametrize(
    ("target", "reference", "wrong", "kind"),
    [(RIGHT, RIGHT, False, ""), (WRONG, RIGHT, True, ""), (WRONG, WRONG, None, BOTH), (RIGHT, WRONG, None, BETTER)],
)
def test_a_failure_is_wrong_in_the_target_and_right_in_the_reference(target, reference, wrong, kind):
    reading = Compared(Classify()).read([target, reference], MUG)
    assert (reading.wrong, reading.kind) == (wrong, kind)
    assert reading.taken_for == ("" if kind else target[0][0])


def test_what_one_of_them_leaves_unreadable_says_nothing():
    both = Compared(Ask())
    assert both.read([["Perhaps"], ["Yes"]], MUG).wrong is None and both.read([["No"], ["Perhaps"]], MUG).wrong is None
    assert both.read([["No"], ["Yes"]], MUG).wrong


def scores(row):
    return Role(lambda pictures: np.tile(row, (len(pictures), 1)), f"test/{row}", LABELS)


def test_both_are_asked_about_each_picture_and_it_fits_the_protocol():
    pair = Pair(scores([0.2, 0.8]), scores([0.9, 0.1]))
    made = tasks.load(Config(against="test/x"))
    assert made.labels(pair) == LABELS and made.role == "Classifier" and "though the reference gets it right" in made.failure
    (answer,) = made.ask(pair, ["x"], [MUG])
    assert answer == [[["bowl", 0.8], ["mug", 0.2]], [["mug", 0.9], ["bowl", 0.1]]]
    conformance.check_task(made, pair, ["x", "y"], [MUG, MUG])


def test_a_reference_with_other_labels_is_refused():
    other = Role(None, "test/other", ("mugs", "bowl"))
    with pytest.raises(
        SpecError, match="the reference test/other has other labels than the target .*: it has no 'mug', but 'mugs'"
    ):
        Compared(Classify()).labels(Pair(scores([0, 1]), other))
    more = Role(None, "test/more", ("mug", "bowl", "cup"))
    with pytest.raises(SpecError, match="it has 'cup' besides"):
        Compared(Classify()).labels(Pair(scores([0, 1]), more))


def test_a_pair_is_metered_where_one_of_the_two_is():
    paid = scores([0, 1])
    assert not hasattr(Pair(paid, paid), "usage")
    paid.usage = Usage(requests=2)
    assert Pair(paid, scores([1, 0])).usage.requests == 2
