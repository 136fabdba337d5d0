"""What the method may ask, within a budget."""

from bugscope.core.records import Sample
from bugscope.method.world import Budgeted
from support.lab import Lab
from support.words import WORDS
from support.worlds import quiet


def test_what_was_asked_before_costs_nothing():
    lab = Lab(quiet())
    measure = Budgeted(lab.measure, 60)
    refined = [Sample(WORDS.neutral("mug"), "refine", i) for i in range(10)]
    confirmed = [Sample(WORDS.neutral("mug"), "confirm", i) for i in range(50)]
    assert measure.affords(confirmed * 9) and measure.affords(refined)
    assert [o.sample for o in measure(confirmed)] == confirmed and measure.left == 60
    assert [o.sample for o in measure([*refined, *refined])] == refined * 2 and measure.left == 50
    measure(refined[:4])
    assert measure.left == 50
    explained = [Sample(WORDS.neutral("mug"), "explain", i) for i in range(51)]
    assert measure.affords(explained[:50]) and not measure.affords(explained)
