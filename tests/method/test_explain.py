"""Why does a bug happen? The method on a small world, without files."""

import math
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bugscope import language, stats
from bugscope.core.explanation import Explanation, Minimal
from bugscope.core.options import Config
from bugscope.core.records import Hypothesis, Outcome, Phrase, Prompt, Sample, Status, Verdict
from bugscope.method.confirm import Test
from bugscope.method.explain import ddmin, explain
from bugscope.method.explain import tests as most_tests
from bugscope.method.world import Budgeted
from bugscope.stats import holm, mcnemar
from bugscope.testing import World
from support.lab import Lab
from support.words import WORDS
from support.worlds import ABOVE, CLOSE, FOG, GRASS, NIGHT, RED, SAND, SNOW, Hidden, Together, quiet


def why(
    lab: Lab, phrases: Sequence[Phrase], wrong: str = "bowl", budget: int = 2000, seed: int = 0, **options: Any
) -> Explanation | None:
    """`others`, `admissible`, `alike` are known to the wording; the rest are options of `explain`."""
    known = {"others": lab.world.labels}
    known |= {name: options.pop(name) for name in ("others", "admissible", "alike") if name in options}
    said = {"pairs": 16, "wording": replace(WORDS, **known), "test": Test(seed=seed), **options}
    return explain(Hypothesis("mug", tuple(phrases)), wrong, measure=Budgeted(lab.measure, budget), **said)


def found(world: World, phrases: Sequence[Phrase], **options: Any) -> Explanation:
    explanation = why(Lab(world), phrases, **options)
    assert explanation is not None
    return explanation


def cues(x: Explanation) -> set[str]:
    return {c.edit.phrase.text for c in x.counterfactuals if c.is_cue and c.edit.phrase}


def minimal(x: Explanation) -> set[str]:
    return {p.text for p in x.minimal.phrases}


# --- delta debugging ----------------------------------------------------------------------------------------------------

ITEMS = [Phrase(c) for c in "abcdefg"]


def watched(test: Callable[[frozenset[Phrase]], bool]) -> tuple[Callable[[Sequence[Phrase]], bool], list[Sequence[Phrase]]]:
    calls: list[Sequence[Phrase]] = []

    def holds(items: Sequence[Phrase]) -> bool:
        calls.append(list(items))
        return test(frozenset(items))

    return holds, calls


@given(st.integers(1, 7), st.randoms(use_true_random=False), st.floats(0, 1))
def test_whatever_the_test_says_the_result_holds_and_no_single_item_can_go(n, random, share):
    items = ITEMS[:n]
    answers: dict[frozenset[Phrase], bool] = {}
    holds, calls = watched(lambda s: answers.setdefault(s, random.random() < share))
    result = list(ddmin(items, holds))

    assert result and [i for i in items if i in result] == result, "a part, in order"
    assert result == items or answers[frozenset(result)]
    smaller = [[i for i in result if i != gone] for gone in result]
    # all of these were asked, since only so can one know
    assert all(len(s) == 0 or answers.get(frozenset(s)) is False for s in smaller)
    assert all(0 < len(c) < n and [i for i in items if i in c] == c for c in calls), "never nothing, never all, in order"
    assert len(answers) <= most_tests(n) and len(calls) <= n * n + 3 * n


@given(st.integers(1, 7), st.lists(st.sets(st.sampled_from(ITEMS), min_size=1), min_size=1, max_size=3))
def test_of_a_monotone_test_one_minimal_cause_is_found(n, causes):
    items = ITEMS[:n]
    reachable = [c for c in map(frozenset, causes) if c <= set(items)]
    holds, _ = watched(lambda s: any(c <= s for c in reachable))
    result = frozenset(ddmin(items, holds))
    if reachable:
        assert result in reachable and not any(c < result for c in reachable)
    else:
        assert result == set(items)


def test_one_phrase_needs_no_test():
    holds, calls = watched(lambda s: True)
    assert list(ddmin(ITEMS[:1], holds)) == ITEMS[:1] and calls == []
    assert list(ddmin([], holds)) == [] and calls == []


@pytest.mark.parametrize("n, most", [(0, 1), (1, 1), (2, 2), (3, 6), (4, 14), (5, 30), (6, 54), (12, 180)])
def test_the_number_of_tests_that_there_can_be(n, most):
    assert most_tests(n) == most


# --- the minimal description and its cues -------------------------------------------------------------------------------


@pytest.mark.parametrize("phrases", [(SNOW, SAND, NIGHT), (RED, FOG, SNOW), (NIGHT, SNOW, RED, ABOVE), (RED, SNOW)])
@pytest.mark.parametrize("seed", range(3))
def test_a_single_trigger_is_found_and_nothing_else(phrases, seed):
    x = found(quiet(), phrases, seed=seed)
    assert minimal(x) == cues(x) == {"on snow"}
    assert x.minimal.decided
    (trial,) = [t for t in x.minimal.trials if set(t.hypothesis.phrases) == set(x.minimal.phrases)]
    assert trial.verdict is Verdict.CONFIRMED and trial.treated.low > trial.baseline.value
    mended = [c for c in x.counterfactuals if c.mends]
    assert all(SNOW not in c.edit.phrases for c in mended)
    assert any(c.edit.op == "replace" and c.edit.replacement == GRASS for c in mended)


def both(*words: str) -> World:
    """Fails only where all of the words come together."""
    return Together(labels=("mug", "pot"), planted={}, prior=0.0, base=0.03, words=words, rate=0.97)


@pytest.mark.parametrize("phrases", [(SNOW, RED, NIGHT), (RED, SNOW), (FOG, SNOW, ABOVE, RED)])
def test_a_conjunction_takes_both_of_its_parts(phrases):
    x = found(both("snow", "red"), phrases)
    assert minimal(x) == cues(x) == {"on snow", "red"}


@pytest.mark.parametrize("seed", range(3))
def test_a_minimal_description_has_every_cue(seed):
    """Red alone is a bug too, a lesser one: what is left must be about as bad as what it stands for."""
    worse = Together(labels=("mug", "pot"), planted={"red": 0.4}, base=0.02, prior=0.0, words=("red", "snow"), rate=0.98)
    x = found(worse, (RED, SNOW, NIGHT), seed=seed, pairs=24)
    assert cues(x) == {"red", "on snow"}
    assert minimal(x) == {"red", "on snow"}


def test_of_redundant_triggers_one_suffices_and_none_is_a_cue():
    for seed in range(3):
        x = found(quiet(planted={"snow": 0.97, "fog": 0.97}), (SNOW, FOG, RED), seed=seed)
        assert len(x.minimal.phrases) == 1 and minimal(x) < {"on snow", "in fog"}
        assert cues(x) == set()


@pytest.mark.slow
def test_where_nothing_triggers_there_is_hardly_ever_a_cue():
    """Twenty-four bugs that are none, at alpha 5 % each."""
    worlds = [quiet(planted={}, base=rate) for rate in (0.1, 0.5)]
    explanations = [found(w, (SNOW, RED), seed=seed, swaps=2) for w in worlds for seed in range(12)]
    assert sum(any(c.mends for c in x.counterfactuals) for x in explanations) <= 4
    assert sum(bool(cues(x)) for x in explanations) <= 4
    assert sum(len(x.minimal.phrases) < 2 for x in explanations) <= 4


def test_the_drop_that_mends_most_decides_what_is_tried_first():
    x = found(quiet(), (SAND, RED, NIGHT, SNOW))
    first = x.minimal.trials[0].hypothesis.phrases
    assert SNOW in first
    # a description is said in its own order, whatever order was tried
    assert [p for p in (SAND, RED, NIGHT, SNOW) if p in first] == list(first)


def test_a_bug_of_one_phrase_is_its_own_minimal_description():
    lab = Lab(quiet())
    x = why(lab, (SNOW,))
    assert x is not None and x.minimal == Minimal((SNOW,), True, ())
    assert not [s for s in lab.further() if s.purpose == "refine"], "there is nothing to try"
    assert cues(x) == {"on snow"}


def test_too_few_pictures_leave_the_minimal_description_undecided():
    lab = Lab(quiet())
    x = why(lab, (SNOW, RED), others=(), budget=3 * 16 + 10, swaps=0)
    assert x is not None and minimal(x) == {"on snow", "red"} and not x.minimal.decided


# --- pairs on the same seeds --------------------------------------------------------------------------------------------


def by_hand(lab: Lab, h: Sequence[Phrase], changed: Sequence[Phrase], pairs: int, seed: int) -> tuple[int, int, int, int]:
    """(failures before, failures after, only before, only after) over pairs that both count."""
    before, after = (
        lab.measure([Sample(WORDS.prompt("mug", p), "explain", i, seed) for i in range(pairs)]) for p in (h, changed)
    )
    kept = [(b, a) for b, a in zip(before, after, strict=True) if b.status.counts and a.status.counts]
    bad = [(b.status is Status.FAILURE, a.status is Status.FAILURE) for b, a in kept]
    return (
        sum(b for b, _ in bad), sum(a for _, a in bad), sum(b and not a for b, a in bad), sum(a and not b for b, a in bad),
    )  # fmt: skip


def test_every_number_agrees_with_counting_by_hand():
    lab = Lab(quiet(planted={"snow": 0.7, "red": 0.5, "night": 0.2}, base=0.1, prior=0.1))
    phrases = (SNOW, RED, NIGHT)
    x = why(lab, phrases, pairs=20, swaps=2, seed=5, add=[FOG])
    assert x is not None
    assert [c.edit for c in x.counterfactuals] == WORDS.edits(phrases, limit=2, add=[FOG])
    for c in x.counterfactuals:
        k_before, k_after, only_before, only_after = by_hand(lab, phrases, c.edit.phrases, 20, 5)
        assert (c.before.k, c.after.k, c.only_before, c.only_after) == (k_before, k_after, only_before, only_after)
        assert c.before.n == c.after.n == 20
        assert c.effect.value == pytest.approx(c.after.value - c.before.value)
        assert c.effect.low <= c.effect.value <= c.effect.high and c.effect.low < c.effect.high
        assert c.before == stats.clopper_pearson(c.before.k, 20)
        assert c.p_value == mcnemar(only_before, only_after, "fall")
        assert c.adjusted >= c.p_value
    drops = [c.edit.op == "drop" for c in x.counterfactuals]
    assert 0 < sum(drops) < len(drops)
    for family in (True, False):
        mine = [c for c, d in zip(x.counterfactuals, drops, strict=True) if d is family]
        assert [c.adjusted for c in mine] == list(holm([c.p_value for c in mine]))
    assert x.base.k == x.counterfactuals[0].before.k and x.base.n == x.pairs == 20


def test_pairs_start_from_the_same_noise_and_are_drawn_for_nothing_else():
    lab = Lab(quiet())
    why(lab, (SNOW, RED), pairs=9)
    mine = [s for s in lab.further() if s.purpose == "explain" and s.prompt.label == "mug"]
    assert {s.replicate for s in mine} == set(range(9))
    assert len({s.seed for s in mine}) == 9
    assert Counter(s.seed for s in mine).most_common()[-1][1] == len({s.prompt.text for s in mine})
    assert {s.purpose for s in lab.asked.values()} == {"explain", "refine"}


def test_pictures_that_do_not_show_the_label_leave_their_pairs():
    world = Hidden(labels=("mug",), planted={"snow": 0.95}, prior=0.0, base=0.03, hides="red")
    lab = Lab(world)
    x = why(lab, (SNOW, RED), pairs=30, others=())
    assert x is not None
    shown = {p: [o.status.counts for o in lab.measure([Sample(WORDS.prompt("mug", p), "explain", i) for i in range(30)])]
             for p in {(SNOW, RED), *(c.edit.phrases for c in x.counterfactuals)}}  # fmt: skip
    assert 5 < shown[SNOW, RED].count(True) < 28
    assert x.base.n == sum(shown[SNOW, RED])
    for c in x.counterfactuals:
        both_shown = sum(a and b for a, b in zip(shown[SNOW, RED], shown[c.edit.phrases], strict=True))
        assert c.before.n == c.after.n == both_shown <= x.base.n
    assert cues(x) == {"on snow"}


def test_where_no_pair_counts_nothing_is_known_and_nothing_is_claimed():
    def measure(samples: Sequence[Sample]) -> list[Outcome]:
        return [Outcome(s, Status.UNFAITHFUL, False, "mug", frozenset({"mug"})) for s in samples]

    x = explain(Hypothesis("mug", (SNOW, RED)), "bowl", measure=Budgeted(measure, 999), wording=WORDS, test=Test(), pairs=8)
    assert x is not None and x.base.n == 0
    for c in x.counterfactuals:
        assert c.after.n == 0 and math.isnan(c.effect.value) and not c.mends and c.adjusted == 1
    assert x.minimal.phrases == (SNOW, RED)
    assert x.spurious is not None and not x.spurious.from_context_alone and not x.spurious.from_other_objects


# --- what is fair -------------------------------------------------------------------------------------------------------


def test_a_change_that_the_generator_cannot_show_is_left_out_but_every_drop_is_tried():
    x = found(quiet(), (SNOW, RED), swaps=2, add=[FOG], admissible=lambda label, phrase: phrase not in (GRASS, FOG))
    prompts = [language.sentence("mug", c.edit.phrases) for c in x.counterfactuals]
    assert not any("grass" in p or "fog" in p for p in prompts)
    assert [c.edit.op for c in x.counterfactuals][:2] == ["drop", "drop"]


def test_the_first_alternatives_that_can_be_shown_are_tried():
    """ "on grass" is no fair picture of a mug; then "on sand" is what snow is replaced by."""
    x = found(quiet(), (SNOW,), swaps=1, admissible=lambda label, phrase: phrase != GRASS)
    assert [c.edit.replacement for c in x.counterfactuals if c.edit.op == "replace"] == [SAND]


def test_other_objects_that_cannot_be_shown_there_are_left_out():
    x = found(quiet(), (SNOW,), admissible=lambda label, phrase: label != "pot")
    assert x.spurious is not None and x.spurious.others is not None
    assert {p.label for p in x.spurious.others.prompts} == {"fly", "cat"}


# --- the budget ---------------------------------------------------------------------------------------------------------


@settings(max_examples=30, deadline=None)
@given(
    st.integers(0, 700), st.integers(1, 20), st.lists(st.sampled_from([SNOW, RED, NIGHT, FOG]), min_size=1, unique=True),
    st.integers(0, 2), st.integers(0, 99),
)  # fmt: skip
def test_no_more_pictures_than_the_budget_pays_for(budget, pairs, phrases, swaps, seed):
    lab = Lab(quiet(labels=("mug", "pot"), spurious={"snow": 0.9}))
    x = why(lab, phrases, budget=budget, pairs=pairs, swaps=swaps, seed=seed)
    assert len(lab.further()) == len(lab.asked) <= budget
    least = pairs * (len(phrases) + 1)
    assert (x is None) == (budget < least)
    if x is None:
        assert not lab.asked, "what cannot be paid in full is not begun"
    else:
        ops = Counter(c.edit.op for c in x.counterfactuals)
        assert ops["drop"] == len(phrases)
        whole = len(WORDS.edits(phrases, limit=swaps))
        assert len(x.counterfactuals) == (whole if budget >= pairs * (whole + 1) else len(phrases))


def test_the_same_question_has_the_same_answer_and_costs_no_new_picture():
    lab = Lab(quiet(spurious={"snow": 0.9}))
    one = why(lab, (SNOW, RED, NIGHT), swaps=2)
    before = dict(lab.asked)
    assert why(lab, (SNOW, RED, NIGHT), swaps=2) == one
    assert lab.asked == before
    measure, words = Budgeted(lab.measure, 2000), replace(WORDS, others=lab.world.labels)
    for _ in range(2):
        explain(Hypothesis("mug", (SNOW, RED, NIGHT)), "bowl", measure=measure, wording=words, test=Test(), pairs=16, swaps=2)
    assert 2000 - measure.left == len(before)


# --- spurious cues ------------------------------------------------------------------------------------------------------


def test_a_planted_spurious_word_is_seen_without_any_object_and_counted_right():
    lab = Lab(quiet(spurious={"snow": 0.9}))
    x = why(lab, (SNOW, RED), pairs=20)
    assert x is not None and x.spurious is not None
    s = x.spurious
    assert s.from_context_alone and s.wrong == "bowl"
    assert s.alone.prompts == (Prompt("a photo of snow", "bowl", "on snow"),)

    def called(prompts: Sequence[Prompt]) -> list[bool]:
        samples = [Sample(prompts[i % len(prompts)], "explain", i, 0) for i in range(20)]
        return [o.taken_for == "bowl" for o in lab.measure(samples)]

    assert s.others is not None and s.others_plain is not None
    for cell in (s.alone, s.whole, s.plain, s.others, s.others_plain):
        assert cell.drawn == cell.rate.n == 20
        assert cell.rate.k == sum(called(cell.prompts))
    assert s.whole.prompts == (WORDS.prompt("mug", (SNOW, RED)),) and s.plain.prompts == (WORDS.neutral("mug"),)
    # the colour goes with the mug; three others take its place
    assert [p.text for p in s.others.prompts] == [
        "a photo of a pot on snow",
        "a photo of a fly on snow",
        "a photo of a cat on snow",
    ]
    assert [p.text for p in s.others_plain.prompts] == ["a photo of a pot", "a photo of a fly", "a photo of a cat"]
    without = (s.plain.rate.k + s.others_plain.rate.k, s.plain.rate.n + s.others_plain.rate.n)
    raw_alone = stats.fisher(s.alone.rate.k, 20, *without)
    there, elsewhere = called(s.others.prompts), called(s.others_plain.prompts)
    raw_others = mcnemar(
        sum(b and not a for a, b in zip(there, elsewhere, strict=True)),
        sum(a and not b for a, b in zip(there, elsewhere, strict=True)),
        "rise",
    )
    assert [s.p_alone, s.p_others] == list(holm([raw_alone, raw_others]))


def test_without_a_planted_word_the_context_alone_is_no_cue_though_other_objects_share_the_bug():
    x = found(quiet(), (SNOW,))
    assert x.spurious is not None
    assert not x.spurious.from_context_alone and x.spurious.alone.rate.k == 0
    assert x.spurious.from_other_objects


def test_a_bug_of_one_object_is_not_the_contexts():
    @dataclass
    class OnlyMugs(World):
        def classify(self, images: Sequence[Any]) -> Any:
            rows = super().classify(images)
            for row, image in zip(rows, images, strict=True):
                name = self.read(image)[0]
                if 0 < name < len(self.labels):
                    row[:] = 0
                    row[name] = 0.9
            return rows

    x = found(OnlyMugs(labels=("mug", "pot", "fly"), planted={"snow": 0.95}, prior=0.0, base=0.0), (SNOW,))
    assert x.spurious is not None and not x.spurious.from_other_objects and not x.spurious.from_context_alone
    assert x.spurious.others is not None and x.spurious.others.rate.k == 0


@pytest.mark.slow
def test_chance_is_seldom_called_a_spurious_cue():
    claims = 0
    for seed in range(30):
        s = found(quiet(planted={}, base=0.3), (SNOW,), seed=seed, swaps=0).spurious
        assert s is not None
        claims += s.from_context_alone or s.from_other_objects
    assert claims <= 4


def test_pictures_in_which_the_judge_sees_the_wrong_label_are_no_mistakes():
    """Every other picture of bare snow has a bowl in it: to call that a bowl is right."""

    @dataclass
    class WithBowls(World):
        def judge(self, pictures: Sequence[Any], labels: Sequence[str]) -> Any:
            seen = super().judge(pictures, labels)
            chances = [self.read(p.content)[2] for p in pictures]
            return np.array([1.0 if label == "bowl" and c * 1000 % 1 < 0.5 else v
                             for v, label, c in zip(seen, labels, chances, strict=True)])  # fmt: skip

    world = WithBowls(labels=("mug", "pot"), planted={"snow": 0.95}, spurious={"snow": 1.0}, prior=0.0)
    lab = Lab(world)
    x = why(lab, (SNOW,), pairs=24)
    assert x is not None and x.spurious is not None
    alone = x.spurious.alone
    shown = lab.measure([Sample(alone.prompts[0], "explain", i, 0) for i in range(24)])
    assert alone.drawn == 24 and 4 < alone.rate.n < 20
    assert alone.rate.n == sum(o.status is Status.UNFAITHFUL for o in shown)
    assert alone.rate.k == alone.rate.n and x.spurious.from_context_alone


def test_a_context_counts_by_what_it_is_called_not_by_what_comes_second():
    """Where an answer may be among the first five (top_k), "mug" with "bowl" second is still called "mug"."""

    def measure(samples: Sequence[Sample]) -> list[Outcome]:
        found = []
        for s in samples:
            if s.prompt.label == "bowl":
                found.append(Outcome(s, Status.UNFAITHFUL, False, "mug", frozenset({"mug"}), 0.5))
            else:
                bad = "snow" in s.prompt.text
                name = "bowl" if bad else "mug"
                found.append(Outcome(s, Status.FAILURE if bad else Status.SUCCESS, bad, name, frozenset({name})))
        return found

    x = explain(Hypothesis("mug", (SNOW,)), "bowl", measure=Budgeted(measure, 999), wording=WORDS, test=Test(), pairs=12)
    assert x is not None and x.spurious is not None
    assert (x.spurious.alone.rate.k, x.spurious.alone.rate.n) == (0, 12)


@pytest.mark.parametrize("phrases", [(RED,), (ABOVE,), (RED, CLOSE)])
def test_what_says_nothing_of_the_surroundings_has_no_spurious_cue(phrases):
    assert found(quiet(), phrases).spurious is None


def test_without_a_wrong_label_there_is_no_spurious_cue():
    assert found(quiet(), (SNOW,), wrong="").spurious is None


def test_without_other_objects_only_the_context_is_tried():
    for others in ((), ("mug",)):
        s = found(quiet(), (SNOW,), others=others).spurious
        assert s is not None and s.others is s.others_plain is s.p_others is None and not s.from_other_objects


def test_an_object_that_may_be_called_the_wrong_label_is_no_other_object():
    lab = Lab(quiet(labels=("mug", "cup", "pot", "espresso")), Config(accept="imagenet"))
    x = why(lab, (SNOW,), wrong="cup", alike=lambda a, b: not lab.task.accepted(a).isdisjoint(lab.task.accepted(b)))
    assert x is not None and x.spurious is not None and x.spurious.others is not None
    assert {p.label for p in x.spurious.others.prompts} == {"pot"}
