"""Sharper descriptions inside a bug: children compared with their parent on fresh pictures."""

from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bugscope import stats
from bugscope.core.records import Evidence, Hypothesis, Phrase, Status, Verdict
from bugscope.method import confirm, refine
from bugscope.method.confirm import Test
from bugscope.method.events import Refined, Sharpened
from bugscope.method.world import Budgeted
from bugscope.testing import PHRASES
from support.lab import Lab
from support.words import WORDS
from support.worlds import RED, SNOW, nested, plain


def bug(lab: Lab, phrases: tuple[Phrase, ...] = (RED,), seed: int = 0, n: int = 60) -> Evidence:
    """A description as the hunt would have confirmed it; its verdict is taken for granted."""
    (found,) = confirm.confirm(
        [Hypothesis("mug", phrases)],
        measure=lab.measure,
        wording=WORDS,
        test=Test(seed=seed),
        budget=2 * n,
        enough=n,
    )
    return replace(found, verdict=Verdict.CONFIRMED)


def refined(lab: Lab, bugs: Sequence[Evidence], budget: int = 400, seed: int = 0):
    return refine.refine(bugs, measure=Budgeted(lab.measure, budget), world=lab, wording=WORDS, test=Test(seed=seed))


def suggested(lab: Lab, parent: Evidence, margin: float = 0.1, **known) -> list[Hypothesis]:
    """The children that a bug's own pictures suggest; `known` to the wording."""
    pictures = refine.pictures(parent, lab.measure, 0, WORDS)
    return refine.propose(parent, pictures, describe=lab.describe, margin=margin, wording=replace(WORDS, **known))


def sharper(pairs: Sequence[tuple[Evidence, Evidence]]) -> set[str]:
    return {child.hypothesis.description for _, child in pairs if child.verdict is Verdict.CONFIRMED}


@pytest.mark.parametrize("seed", range(4))
def test_a_sharper_description_is_found_and_compared_with_its_parent_on_fresh_pictures(seed):
    lab = Lab(nested())
    parent = bug(lab, seed=seed)
    before = set(lab.asked)
    pairs = refined(lab, [parent], seed=seed)
    assert "red, on snow" in sharper(pairs)
    child = next(c for _, c in pairs if c.hypothesis.description == "red, on snow")
    assert all(p is parent for p, _ in pairs)
    assert child.hypothesis.source == "refinement"
    assert child.hypothesis.against == WORDS.prompt("mug", (RED,))
    assert WORDS.control(child.hypothesis).text == "a photo of a red mug"
    assert child.treated.low > child.baseline.value + 0.1 or child.e_value > 20
    fresh = [s for key, s in lab.asked.items() if key not in before]
    assert fresh and {s.purpose for s in fresh} == {"refine"} and not set(before) & {s.key for s in fresh}
    assert {s.prompt for s in fresh} == {
        WORDS.prompt("mug", (RED,)), *(WORDS.prompt("mug", c.hypothesis.phrases) for _, c in pairs)
    }  # fmt: skip
    # the counts are those of the fresh pictures
    mine = [s for s in fresh if s.prompt == WORDS.treated(child.hypothesis)]
    assert child.drawn == len(mine)
    assert child.treated.k == sum(o.status is Status.FAILURE for o in lab.measure(mine))


def test_what_suggested_a_child_are_failures_of_its_parent_with_its_phrases():
    lab = Lab(nested())
    parent = bug(lab)
    pictures = refine.pictures(parent, lab.measure, 0, WORDS)
    assert len(pictures) == parent.drawn and {o.sample.purpose for o in pictures} == {"confirm"}
    children = suggested(lab, parent)
    assert 0 < len(children) <= refine.CHILDREN
    by_key = {o.sample.key: o for o in pictures}
    for child in children:
        assert child.phrases[:1] == (RED,) and len(set(child.phrases)) == len(child.phrases) >= 2
        assert len(child.suggested_by) >= 2
        for key in child.suggested_by:
            assert by_key[key].status is Status.FAILURE
            (caption,) = lab.describe([by_key[key]])
            assert all(p.text in caption for p in child.phrases)


def test_a_parent_that_always_fails_has_no_children():
    lab = Lab(plain(planted={"red": 1.1}))
    parent = bug(lab)
    assert parent.treated.value == 1.0
    assert suggested(lab, parent) == []
    before = dict(lab.asked)
    assert refined(lab, [parent]) == [] and lab.asked == before


@settings(max_examples=30, deadline=None)
@given(st.floats(0, 0.9), st.floats(0, 1))
def test_no_child_is_tried_where_none_can_beat_its_parent_by_the_margin(margin, rate):
    lab = Lab(nested())
    k = round(20 * rate)
    parent = replace(bug(lab, n=4), treated=stats.uniform(k, 20))
    children = suggested(lab, parent, margin)
    if k / 20 + margin >= 1:
        assert children == []


def test_phrases_that_cannot_be_shown_or_said_and_the_parents_own_add_nothing():
    lab = Lab(nested())
    parent = bug(lab)
    assert any(SNOW in c.phrases for c in suggested(lab, parent))
    assert not any(SNOW in c.phrases for c in suggested(lab, parent, admissible=lambda label, p: p != SNOW))
    assert not any(SNOW in c.phrases for c in suggested(lab, parent, sayable=lambda prompt: "snow" not in prompt.text))
    assert suggested(lab, parent, sayable=lambda prompt: False) == []


@pytest.mark.parametrize("rate", [0.3, 0.5, 0.8])
@pytest.mark.slow
def test_a_bug_without_a_sharper_description_hardly_ever_gets_a_child(rate):
    """Thirty plain bugs, whose pictures differ by chance alone: what stands out in their captions does no more harm."""
    wrong = tried = 0
    for seed in range(10):
        lab = Lab(plain(planted={"red": rate}))
        pairs = refined(lab, [bug(lab, seed=seed, n=40)], budget=160, seed=seed)
        wrong += bool(sharper(pairs))
        tried += len(pairs)
    assert tried > 0 and wrong <= 2


@pytest.mark.slow
def test_a_child_that_beats_its_parent_by_less_than_the_margin_is_not_confirmed():
    for seed in range(6):
        lab = Lab(nested(inner=0.42))
        assert sharper(refined(lab, [bug(lab, seed=seed)], seed=seed)) == set()


def test_error_control_is_over_all_children_of_all_bugs():
    """Many null bugs beside a true one: the true child stands, the false discovery rate does too."""
    lab = Lab(nested())
    words = ["night", "fog", "above", "close", "sand"]
    bugs = [bug(lab, (PHRASES[w],), n=24) for w in words] + [bug(lab)]
    pairs = refined(lab, bugs, budget=600)
    assert "red, on snow" in sharper(pairs)
    for _, child in pairs:
        if child.verdict is Verdict.CONFIRMED:
            assert RED in child.hypothesis.phrases
    ranks = [bugs.index(p) for p, _ in pairs]
    assert ranks == sorted(ranks), "in the order of the bugs"


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 260), st.integers(1, 8), st.integers(0, 50))
def test_the_budget_is_kept_and_children_are_named_before_their_first_picture(budget, look, seed):
    lab = Lab(nested())
    parent = bug(lab, seed=seed, n=40)
    before = set(lab.asked)
    named: list[Hypothesis] = []
    told: list[Sharpened | Refined] = []

    def tell(event):
        if not told:
            assert set(lab.asked) == before
            named.extend(child for _, child in event.family)
        told.append(event)

    measure, test = Budgeted(lab.measure, budget), Test(look=look, seed=seed)
    pairs = refine.refine([parent], measure=measure, world=lab, wording=WORDS, test=test, tell=tell)
    assert [type(event) for event in told] == [Sharpened, Refined] and told[1].children == pairs
    assert len(set(lab.asked) - before) == budget - measure.left <= budget
    assert [c.hypothesis for _, c in pairs] == named
    assert len(pairs) * 2 * look <= budget, "none is tried for which there is no look at it and its parent"


def test_asked_again_nothing_is_drawn():
    lab = Lab(nested())
    parent = bug(lab)
    one = refined(lab, [parent])
    before = dict(lab.asked)
    assert refined(lab, [parent]) == one and lab.asked == before
    assert refined(lab, []) == []
