"""Why does a bug happen? The method on a small world without files; then explanations in a run, and of a finished run."""

import json
import math
import os
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import bugscope
from bugscope import language, stats
from bugscope.core.errors import BugscopeError, ModelError, SpecError
from bugscope.core.explanation import Explanation, Minimal
from bugscope.core.options import Config
from bugscope.core.records import Hypothesis, Outcome, Phrase, Prompt, Sample, Status, Verdict
from bugscope.method.explain import Purse, ddmin, explain
from bugscope.method.explain import tests as most_tests
from bugscope.stats import holm, mcnemar
from bugscope.store.folder import Store
from bugscope.tasks.classify import outcome
from bugscope.testing import PHRASES, World
from support.words import WORDS

SNOW, SAND, GRASS, NIGHT, RED, FOG, BLUE, ABOVE, CLOSE, INDOORS = (
    PHRASES[w] for w in ("snow", "sand", "grass", "night", "red", "fog", "blue", "above", "close", "indoors")
)


@pytest.fixture(scope="module", autouse=True)
def quick_disk():
    """Pictures need not survive a power cut here."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", lambda file: None)
        yield


@dataclass
class Lab:
    """A world's answers without a run folder: `measure` and `describe`, and what they were asked."""

    world: World
    config: Config = field(default_factory=Config)
    asked: dict[str, Sample] = field(default_factory=dict)
    questions: int = 0

    def __post_init__(self) -> None:
        self._seen: dict[str, tuple[Any, Outcome]] = {}

    def measure(self, samples: Sequence[Sample]) -> list[Outcome]:
        self.questions += 1
        self.asked |= {s.key: s for s in samples}
        for s in (s for s in samples if s.key not in self._seen):
            (picture,) = self.world.generator([s.prompt.text], [s.seed])
            (row,) = self.world.classify([picture.content])
            (judged,) = self.world.judge([picture], [s.prompt.label])
            names = (*self.world.labels, "bowl")
            best = [[names[i], float(row[i])] for i in np.argsort(-row, kind="stable")]
            self._seen[s.key] = picture, outcome(s, {}, float(judged), best, self.config)
        return [self._seen[s.key][1] for s in samples]

    def describe(self, outcomes: Sequence[Outcome]) -> list[str]:
        return self.world.caption([self._seen[o.sample.key][0].image for o in outcomes])

    def further(self) -> list[Sample]:
        """What an explanation has to pay for."""
        return [s for s in self.asked.values() if s.purpose in ("refine", "explain")]


def quiet(**changes: Any) -> World:
    """A world that shows what the prompt says and little else."""
    return World(**{"labels": ("mug", "pot", "fly", "cat"), "planted": {"snow": 0.95}, "prior": 0.0, "base": 0.03, **changes})


def why(lab: Lab, phrases: Sequence[Phrase], wrong: str = "bowl", budget: int = 2000, **options: Any) -> Explanation | None:
    given = {"pairs": 16, "alpha": 0.05, "seed": 0, "margin": 0.1, "look": 4, "others": lab.world.labels, **options}
    return explain(Hypothesis("mug", tuple(phrases)), wrong, purse=Purse(lab.measure, budget), **given)


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


def both(*words: str, rate: float = 0.97) -> World:
    """Fails only where all of the words come together."""
    return Together(labels=("mug", "pot"), planted={}, prior=0.0, base=0.03, words=words, rate=rate)


@dataclass
class Together(World):
    words: tuple[str, ...] = ()
    rate: float = 1.0

    def classify(self, images: Sequence[Any]) -> Any:
        rows = super().classify(images)
        for row, image in zip(rows, images, strict=True):
            name, words, chance = self._read(image)
            if name < len(self.labels) and set(self.words) <= set(words) and chance < self.rate:
                row[:] = 0
                row[-1] = 0.9
        return rows


@pytest.mark.parametrize("phrases", [(SNOW, RED, NIGHT), (RED, SNOW), (FOG, SNOW, ABOVE, RED)])
def test_a_conjunction_takes_both_of_its_parts(phrases):
    x = found(both("snow", "red"), phrases)
    assert minimal(x) == cues(x) == {"on snow", "red"}


@dataclass
class Worse(World):
    """Red fails at times; red on snow nearly always."""

    def classify(self, images: Sequence[Any]) -> Any:
        rows = super().classify(images)
        for row, image in zip(rows, images, strict=True):
            name, words, chance = self._read(image)
            if name < len(self.labels) and {"red", "snow"} <= set(words) and chance < 0.98:
                row[:] = 0
                row[-1] = 0.9
        return rows


@pytest.mark.parametrize("seed", range(3))
def test_a_minimal_description_has_every_cue(seed):
    """Red alone is a bug too, a lesser one: what is left must be about as bad as what it stands for."""
    x = found(Worse(labels=("mug", "pot"), planted={"red": 0.4}, base=0.02, prior=0.0), (RED, SNOW, NIGHT), seed=seed, pairs=24)
    assert cues(x) == {"red", "on snow"}
    assert minimal(x) == {"red", "on snow"}


def test_of_redundant_triggers_one_suffices_and_none_is_a_cue():
    for seed in range(3):
        x = found(quiet(planted={"snow": 0.97, "fog": 0.97}), (SNOW, FOG, RED), seed=seed)
        assert len(x.minimal.phrases) == 1 and minimal(x) < {"on snow", "in fog"}
        assert cues(x) == set()


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


@dataclass
class Hidden(World):
    """Every third picture with a word in `hides` does not show its object, says the judge."""

    hides: str = " snow"

    def judge(self, pictures: Sequence[Any], labels: Sequence[str]) -> Any:
        seen = super().judge(pictures, labels)
        for i, p in enumerate(pictures):
            name, words, chance = self._read(p.content)
            if name < len(self.labels) and self.hides in words and (chance * 1000) % 1 < 1 / 3:
                seen[i] = 0.0
        return seen


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
        return [Outcome(s, Status.UNFAITHFUL, "mug", wrong=False) for s in samples]

    x = explain(
        Hypothesis("mug", (SNOW, RED)), "bowl", purse=Purse(measure, 999), pairs=8, alpha=0.05, seed=0, margin=0.1, look=4
    )
    assert x is not None and x.base.n == 0
    for c in x.counterfactuals:
        assert c.after.n == 0 and math.isnan(c.effect.value) and not c.mends and c.adjusted == 1
    assert x.minimal.phrases == (SNOW, RED)
    assert x.spurious is not None and not x.spurious.from_context_alone and not x.spurious.from_other_objects


# --- what is fair -------------------------------------------------------------------------------------------------------


def test_a_change_that_the_generator_cannot_show_is_left_out_but_every_drop_is_tried():
    x = found(quiet(), (SNOW, RED), swaps=2, add=[FOG], fair=lambda label, phrases: not {GRASS, FOG} & set(phrases))
    prompts = [language.sentence("mug", c.edit.phrases) for c in x.counterfactuals]
    assert not any("grass" in p or "fog" in p for p in prompts)
    assert [c.edit.op for c in x.counterfactuals][:2] == ["drop", "drop"]


def test_the_first_alternatives_that_can_be_shown_are_tried():
    """ "on grass" is no fair picture of a mug; then "on sand" is what snow is replaced by."""
    x = found(quiet(), (SNOW,), swaps=1, fair=lambda label, phrases: GRASS not in phrases)
    assert [c.edit.replacement for c in x.counterfactuals if c.edit.op == "replace"] == [SAND]


def test_other_objects_that_cannot_be_shown_there_are_left_out():
    x = found(quiet(), (SNOW,), fair=lambda label, phrases: label != "pot")
    assert x.spurious is not None and x.spurious.others is not None
    assert {p.label for p in x.spurious.others.prompts} == {"fly", "cat"}


# --- the purse ----------------------------------------------------------------------------------------------------------


@settings(max_examples=30, deadline=None)
@given(
    st.integers(0, 700), st.integers(1, 20), st.lists(st.sampled_from([SNOW, RED, NIGHT, FOG]), min_size=1, unique=True),
    st.integers(0, 2), st.integers(0, 99),
)  # fmt: skip
def test_no_more_pictures_than_the_purse_pays_for(budget, pairs, phrases, swaps, seed):
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


def test_what_was_asked_before_costs_nothing():
    lab = Lab(quiet())
    purse = Purse(lab.measure, 60)
    refined = [Sample(WORDS.neutral("mug"), "refine", i) for i in range(10)]
    confirmed = [Sample(WORDS.neutral("mug"), "confirm", i) for i in range(50)]
    assert purse.affords(confirmed * 9) and purse.affords(refined)
    assert [o.sample for o in purse(confirmed)] == confirmed and purse.left == 60
    assert [o.sample for o in purse([*refined, *refined])] == refined * 2 and purse.left == 50
    purse(refined[:4])
    assert purse.left == 50
    explained = [Sample(WORDS.neutral("mug"), "explain", i) for i in range(51)]
    assert purse.affords(explained[:50]) and not purse.affords(explained)


def test_the_same_question_has_the_same_answer_and_costs_no_new_picture():
    lab = Lab(quiet(spurious={"snow": 0.9}))
    one = why(lab, (SNOW, RED, NIGHT), swaps=2)
    before = dict(lab.asked)
    assert why(lab, (SNOW, RED, NIGHT), swaps=2) == one
    assert lab.asked == before
    purse = Purse(lab.measure, 2000)
    options = {"pairs": 16, "alpha": 0.05, "seed": 0, "margin": 0.1, "look": 4, "others": lab.world.labels, "swaps": 2}
    for _ in range(2):
        explain(Hypothesis("mug", (SNOW, RED, NIGHT)), "bowl", purse=purse, **options)
    assert 2000 - purse.left == len(before)


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
        return [o.predicted == "bowl" for o in lab.measure(samples)]

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
                name = self._read(image)[0]
                if 0 < name < len(self.labels):
                    row[:] = 0
                    row[name] = 0.9
            return rows

    x = found(OnlyMugs(labels=("mug", "pot", "fly"), planted={"snow": 0.95}, prior=0.0, base=0.0), (SNOW,))
    assert x.spurious is not None and not x.spurious.from_other_objects and not x.spurious.from_context_alone
    assert x.spurious.others is not None and x.spurious.others.rate.k == 0


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
            chances = [self._read(p.content)[2] for p in pictures]
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
                found.append(Outcome(s, Status.UNFAITHFUL, "mug", 0.5, wrong=False))
            else:
                bad = "snow" in s.prompt.text
                found.append(Outcome(s, Status.FAILURE if bad else Status.SUCCESS, "bowl" if bad else "mug", wrong=bad))
        return found

    x = explain(Hypothesis("mug", (SNOW,)), "bowl", purse=Purse(measure, 999), pairs=12, alpha=0.05, seed=0, margin=0.1, look=4)
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
    lab = Lab(quiet(labels=("mug", "cup", "pot", "espresso")))
    x = why(lab, (SNOW,), wrong="cup")
    assert x is not None and x.spurious is not None and x.spurious.others is not None
    assert {p.label for p in x.spurious.others.prompts} == {"pot"}


# --- in a hunt ----------------------------------------------------------------------------------------------------------

LABELS = ("mug", "pot")
OPTIONS = {"budget": 300, "explain_budget": 260, "seed": 1}


def planted(**changes: Any) -> World:
    return World(**{"labels": LABELS, "planted": {"snow": 0.95}, "spurious": {"snow": 0.9}, "prior": 0.05, **changes})


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return bugscope.hunt(LABELS, tmp_path_factory.mktemp("runs") / "whole", **OPTIONS, **planted().roles())


@pytest.fixture(scope="module")
def unexplained(tmp_path_factory):
    return bugscope.hunt(
        LABELS, tmp_path_factory.mktemp("runs") / "bare", **{**OPTIONS, "explain_budget": 0}, **planted().roles()
    )


@pytest.fixture
def bare_run(unexplained, tmp_path):
    """A hunt that explained nothing, to do with as one likes."""
    return bugscope.load(copied(unexplained, tmp_path / "bare"))


def copied(run: bugscope.Run, folder: Path) -> Path:
    """The same run elsewhere; pictures are never written again, so that a link will do."""
    shutil.copytree(run.path, folder, copy_function=lambda a, b: (os.link if a.endswith(".png") else shutil.copy)(a, b))
    return folder


def without_times(report: dict[str, Any]) -> dict[str, Any]:
    return {k: v for k, v in report.items() if k not in ("run_id", "created", "seconds")}


def explained(run: bugscope.Run) -> dict[str, Any]:
    return {b["sentence"]: b for b in run.report["bugs"] if b["explanation"]}


def test_a_hunt_explains_its_bugs_in_its_report_and_on_its_page(run):
    bugs = explained(run)
    assert "a mug on snow" in bugs or "a pot on snow" in bugs
    page = (run.path / "report.html").read_text()
    on_disk = json.loads((run.path / "report.json").read_text())
    assert on_disk == json.loads(json.dumps(run.report))
    for bug in bugs.values():
        assert "on snow" in bug["minimal_description"]
        assert [c["phrase"] for c in bug["cues"]] == ["on snow"]
        assert all(line.split(":")[0] in page.replace("&#34;", '"') for line in bug["explanation"]["sentences"])
        for cue in bug["cues"]:
            assert {"phrase", "replacement", "rate", "low", "high", "p_value"} <= set(cue)
            assert cue["low"] <= cue["rate"] <= cue["high"]
        spurious = bug["spurious"]
        assert spurious["predicted"] == "bowl" and spurious["prompt"].startswith("a photo of snow")
        assert spurious["rate"] == spurious["alone"]["times"] / spurious["n"] and spurious["from_context_alone"]
        assert all((run.path / x["image"]).is_file() for x in spurious["examples"])
        strip = bug["explanation"]["strip"]
        assert [row["title"] for row in strip][0] == "as described"
        assert len(strip) == len(bug["counterfactuals"]) + 1
        columns = [[x["seed"] for x in row["pictures"]] for row in strip]
        assert 0 < len(columns[0]) <= 6 and all(c == columns[0] for c in columns), "a column has one seed"


def test_pictures_that_explain_are_counted_paid_for_and_kept_apart(run):
    frame = run.samples()
    further = frame[frame.purpose.isin(["explain", "refine"])]
    assert 0 < len(further) <= OPTIONS["explain"]
    assert len(frame) - len(further) <= OPTIONS["budget"]
    for bug in explained(run).values():
        mine = frame[(frame.purpose == "explain") & (frame.label == bug["label"]) & (frame.prompt == bug["prompt"])]
        assert len(mine) == bug["explanation"]["pairs"]
        assert (mine.status == "failure").sum() == bug["explanation"]["failures"]
    # a label's own pictures are those of exploring, confirming and refining
    for label in run.report["labels"]:
        assert label["images"] == len(frame[(frame.label == label["label"]) & (frame.purpose != "explain")])
    assert {x["label"] for x in run.report["labels"]} == set(LABELS), "the wrong label that a context was judged for is none"


def test_killed_while_explaining_then_run_again_gives_the_same_explanations(run, tmp_path):
    stops = Counter()
    while True:
        try:
            again = bugscope.hunt(LABELS, tmp_path / "r", **OPTIONS, **planted(die_after=6).roles())
            break
        except KeyboardInterrupt:
            with Store.open(tmp_path / "r") as store:
                stops.update({s.purpose for s in store.samples()})
            assert json.loads((tmp_path / "r" / "report.json").read_text())["finished"] is False
    assert stops["explain"] > 0, "it was stopped while explaining too"
    assert without_times(again.report) == without_times(run.report)


class NoScenery(World):
    """Draws nothing without an object, and says so, as a generator with a limited vocabulary does."""

    def roles(self):
        roles = super().roles()
        draw = roles["generator"].call

        def check(texts):
            for text in texts:
                if not any(f" {label} " in f"{text} " for label in self.labels):
                    raise SpecError(f"no object in {text!r}")

        def generator(prompts, seeds):
            check(prompts)
            return draw(prompts, seeds)

        roles["generator"].call, roles["generator"].check = generator, check
        return roles


def test_a_generator_that_draws_no_scenery_without_an_object_ends_no_run(tmp_path):
    world = NoScenery(labels=LABELS, planted={"snow": 0.95}, prior=0.05)
    done = bugscope.hunt(LABELS, tmp_path / "r", **OPTIONS, **world.roles())
    assert done.report["finished"] and explained(done)
    assert all(b["spurious"] is None for b in done.report["bugs"])


def test_what_the_generator_suggests_serves_as_other_objects(unexplained, tmp_path):
    roles = planted().roles()
    roles["generator"].suggested = ("nothing that is known", "pot")
    done = bugscope.hunt(["mug"], tmp_path / "r", budget=160, explain_budget=160, **roles)
    cells = [b["spurious"]["others"] for b in explained(done).values() if b["spurious"]]
    assert cells and all({p["label"] for p in c["prompts"]} == {"pot"} for c in cells)


def test_an_editor_is_not_asked_where_no_picture_is_left(tmp_path):
    editor = Editor()
    done = bugscope.hunt(LABELS, tmp_path / "r", **{**OPTIONS, "explain_budget": 20}, **planted().roles(), editor=editor)
    assert done.bugs and not explained(done)
    assert editor.asked == []


def test_explain_nothing_costs_nothing(bare_run):
    assert bare_run.bugs
    assert all(b["explanation"] is None and b["minimal_description"] is None for b in bare_run.report["bugs"])
    assert all(b["cues"] == [] == b["counterfactuals"] and b["spurious"] is None for b in bare_run.report["bugs"])
    assert set(bare_run.samples().purpose) == {"explore", "confirm"}
    page = (bare_run.path / "report.html").read_text()
    assert "bugscope explain RUN 1" in page


# --- bugscope explain ---------------------------------------------------------------------------------------------------


def test_a_finished_run_is_explained_by_number_sentence_and_description(bare_run):
    roles = planted().roles()
    assert len(bare_run.bugs) >= 2
    one = bugscope.explain(bare_run, 1, pairs=8, budget=150, **roles)
    assert [bool(b["explanation"]) for b in one.report["bugs"]] == [True, *[False] * (len(one.bugs) - 1)]
    last = one.report["bugs"][-1]
    both = bugscope.explain(bare_run.path, [last["sentence"].upper()], pairs=8, budget=150, **roles)
    assert both.report["bugs"][-1]["explanation"]["pairs"] == 8
    assert both.report["finished"] is True
    if not all(b["explanation"] for b in both.report["bugs"]):
        rest = bugscope.load(bare_run.path).explain(pairs=8, budget=150, **roles)
        assert all(b["explanation"] for b in rest.report["bugs"])
    with pytest.raises(SpecError, match="every bug is explained; name one"):
        bugscope.explain(bare_run, pairs=8, **roles)
    page = (bare_run.path / "report.html").read_text()
    assert "Not explained" not in page


def test_more_pairs_and_alternatives_than_the_hunt_had(run, tmp_path):
    before = run.report["bugs"][0]
    after_ = bugscope.explain(copied(run, tmp_path / "r"), 1, **planted().roles()).report["bugs"][0]
    assert (before["explanation"]["pairs"], after_["explanation"]["pairs"]) == (16, 24)
    assert len(after_["counterfactuals"]) > len(before["counterfactuals"])
    assert {c["prompt"] for c in before["counterfactuals"]} <= {c["prompt"] for c in after_["counterfactuals"]}


def test_the_strip_shows_the_pairs_that_were_counted(bare_run):
    bugscope.explain(bare_run, 1, pairs=24, **planted().roles())
    bug = bugscope.explain(bare_run, 1, pairs=5, **planted().roles()).report["bugs"][0]
    seeds = {Sample(Prompt(bug["prompt"], bug["label"]), "explain", i, OPTIONS["seed"]).seed for i in range(5)}
    assert bug["explanation"]["pairs"] == bug["explanation"]["n"] == 5
    for row in bug["explanation"]["strip"]:
        assert {x["seed"] for x in row["pictures"]} <= seeds
    assert len(bug["spurious"]["examples"]) <= 5


@pytest.mark.parametrize("options", [{"paris": 3}, {"clasifier": lambda images: []}, {"alpha": 0.01}])
def test_an_option_that_explain_does_not_have_is_refused(bare_run, options):
    with pytest.raises(SpecError, match=next(iter(options))):
        bugscope.explain(bare_run, 1, pairs=4, **options, **planted().roles())


def test_one_phrase_to_add_may_be_given_as_it_is(bare_run):
    one = bugscope.explain(bare_run, 1, pairs=4, add="at night", **planted().roles())
    assert "at night" in {c["replacement"] for c in one.report["bugs"][0]["counterfactuals"]}


def test_asked_again_an_explanation_draws_nothing(bare_run):
    first = bugscope.explain(bare_run, 1, pairs=8, **planted().roles())
    idle = planted(die_after=0)
    assert without_times(bugscope.explain(bare_run, 1, pairs=8, **idle.roles()).report) == without_times(first.report)
    assert idle.calls == 0


def test_going_on_with_a_run_keeps_what_a_person_asked(bare_run, monkeypatch):
    asked = bugscope.explain(bare_run, 1, pairs=10, add=["in fog"], **planted().roles())
    idle = planted(die_after=0)
    again = bugscope.hunt(LABELS, bare_run.path, **{**OPTIONS, "explain_budget": 0}, **idle.roles())
    assert without_times(again.report) == without_times(asked.report) and idle.calls == 0
    loaded = bugscope.api.load_models
    monkeypatch.setattr(bugscope.api, "load_models", lambda s, given=None: loaded(s, idle.roles()))
    assert without_times(bugscope.resume(bare_run.path).report) == without_times(asked.report)


@pytest.mark.parametrize(
    "phrase, change, sentence",
    [
        ("on sand", "replace", "on sand"),
        ("  On  Sand ", "replace", "sand"),
        ("at night", "add", "on snow at night"),
        ("red", "add", "a red "),
        ("in fog", "add", "on snow in fog"),
    ],
)
def test_a_persons_phrase_takes_the_place_of_one_of_its_kind_or_is_added(bare_run, phrase, change, sentence):
    number = next(b["id"] for b in bare_run.report["bugs"] if b["description"] == "on snow")
    done = bugscope.explain(bare_run, number, pairs=6, budget=200, add=[phrase], **planted().roles())
    changes = next(b for b in done.report["bugs"] if b["id"] == number)["counterfactuals"]
    mine = [c for c in changes if c["replacement"] and c["replacement"].lower() == " ".join(phrase.lower().split())]
    assert [c["change"] for c in mine] == [change] and sentence in mine[0]["sentence"].lower()
    if change == "replace":
        assert mine[0]["phrase"] == "on snow"


@pytest.mark.parametrize(
    ("bugs", "options", "message"),
    [
        ("99", {}, "unknown bug '99'"),
        ("a mug on snwo", {}, "unknown bug 'a mug on snwo'. Did you mean 'a mug on snow'"),
        (1, {"add": ["on mars"]}, "world/generator cannot show 'on mars' of"),
        (1, {"add": [" "]}, "a phrase to add is empty"),
        (1, {"pairs": 0}, "option pairs is 0; it must be at least 1"),
        (1, {"budget": -1}, "option budget is -1; it must be at least 1"),
        (1, {"budget": 3}, "option budget is 3, too small to explain"),
    ],
)
def test_what_cannot_be_explained_is_one_sentence(bare_run, bugs, options, message):
    before = without_times(bare_run.report)
    with pytest.raises(BugscopeError) as caught:
        bugscope.explain(bare_run, bugs, **options, **planted().roles())
    assert str(caught.value).startswith(message) or message in str(caught.value)
    assert "\n" not in str(caught.value)
    after_ = without_times(bugscope.load(bare_run.path).report)
    assert after_ == before


def test_the_least_budget_that_is_named_is_enough(bare_run):
    with pytest.raises(SpecError) as caught:
        bugscope.explain(bare_run, 1, budget=3, pairs=5, **planted().roles())
    least = int(str(caught.value).rsplit(" ", 1)[1])
    assert bugscope.explain(bare_run, 1, budget=least, pairs=5, **planted().roles()).report["bugs"][0]["explanation"]
    with pytest.raises(SpecError, match="too small"):
        bugscope.explain(bare_run, 2, budget=least - 1, pairs=5, **planted().roles())


def test_a_run_without_bugs_has_nothing_to_explain(tmp_path):
    roles = planted(planted={}, base=0.0).roles()
    empty = bugscope.hunt(["mug"], tmp_path / "none", budget=100, explain_budget=50, **roles)
    assert not empty.bugs
    with pytest.raises(SpecError, match="has no confirmed bugs to explain"):
        bugscope.explain(empty, **roles)
    with pytest.raises(BugscopeError, match="holds no run"):
        bugscope.explain(tmp_path / "nowhere", **roles)


def test_the_page_does_not_say_that_fewer_pictures_were_drawn_than_were(bare_run):
    done = bugscope.explain(bare_run, 1, pairs=8, **planted().roles())
    assert (done.samples().purpose == "explain").sum() > 0
    assert "(0 at most)" not in (bare_run.path / "report.html").read_text()


def test_an_explanation_stopped_half_way_leaves_a_finished_run_that_goes_on(bare_run):
    with pytest.raises(KeyboardInterrupt):
        bugscope.explain(bare_run, 1, **planted(die_after=2).roles())
    halted = bugscope.load(bare_run.path).report
    assert halted["finished"] is True and halted["bugs"][0]["explanation"] is None
    assert bugscope.explain(bare_run, 1, **planted().roles()).report["bugs"][0]["explanation"]


def test_an_unfinished_run_is_explained_and_still_goes_on_to_the_same_end(unexplained, tmp_path):
    options = {**OPTIONS, "explain_budget": 0}
    die_after = 15
    with pytest.raises(KeyboardInterrupt):
        bugscope.hunt(LABELS, tmp_path / "r", **options, **planted(die_after=die_after).roles())
    half = bugscope.load(tmp_path / "r")
    assert half.bugs and not half.report["finished"]
    asked = bugscope.explain(half, 1, pairs=8, **planted().roles())
    assert asked.report["finished"] is False and asked.report["bugs"][0]["explanation"]
    done = bugscope.hunt(LABELS, tmp_path / "r", **options, **planted().roles())
    assert done.report["finished"]
    assert [str(b) for b in done.bugs] == [str(b) for b in unexplained.bugs]
    assert any(b["explanation"] for b in done.report["bugs"])


def test_the_modules_do_not_hide_the_functions():
    code = """
import bugscope.explain, bugscope.probe, bugscope.refine, bugscope
for f in (bugscope.explain, bugscope.probe):
    assert callable(f) and f.__module__ == "bugscope.workflows.session", f
"""
    subprocess.run([sys.executable, "-c", code], check=True)


# --- an editor ----------------------------------------------------------------------------------------------------------


class Editor:
    """Says what could stand in a phrase's place, and remembers what it was asked."""

    id = "test/editor"

    def __init__(self, answer: Any = None) -> None:
        self.asked: list[tuple[str, list[str]]] = []
        self.answer = answer

    def __call__(self, label, phrases):
        self.asked.append((label, list(phrases)))
        if self.answer is not None:
            return self.answer(phrases) if callable(self.answer) else self.answer
        return [["at night", "in fog"] if p == "on snow" else [] for p in phrases]


def test_an_editor_is_asked_once_a_bug_and_its_answers_survive(tmp_path):
    editor = Editor()
    done = bugscope.hunt(LABELS, tmp_path / "r", **OPTIONS, **planted().roles(), editor=editor)
    bugs = explained(done)
    assert bugs and len(editor.asked) == len({(label, *p) for label, p in editor.asked}) >= len(bugs)
    for label, phrases in editor.asked:
        assert label in LABELS and all(isinstance(p, str) for p in phrases)
    for bug in bugs.values():
        swaps = {(c["phrase"], c["replacement"]) for c in bug["counterfactuals"] if c["change"] == "replace"}
        assert swaps <= {("on snow", "at night"), ("on snow", "in fog")}
    assert any(c["change"] == "replace" for b in bugs.values() for c in b["counterfactuals"])
    config = (tmp_path / "r" / "config.yaml").read_text()
    assert "test/editor" in config
    silent, idle = Editor(), planted(die_after=0)
    again = bugscope.hunt(LABELS, tmp_path / "r", **OPTIONS, **idle.roles(), editor=silent)
    assert without_times(again.report) == without_times(done.report) and silent.asked == [] and idle.calls == 0


def test_a_run_with_an_editor_is_not_the_run_without(tmp_path):
    small = {"budget": 60, "explore": 12, "explain_budget": 0}
    bugscope.hunt(["mug"], tmp_path / "r", **small, **planted().roles(), editor=Editor())
    with pytest.raises(BugscopeError, match="another run"):
        bugscope.hunt(["mug"], tmp_path / "r", **small, **planted().roles())


@pytest.fixture(scope="module")
def edited_run(tmp_path_factory):
    """With an editor that was not asked yet."""
    options = {"budget": 160, "explain_budget": 0}
    folder = tmp_path_factory.mktemp("runs") / "edited"
    return bugscope.hunt(["mug"], folder, **options, **planted(labels=("mug",)).roles(), editor=Editor())


def _broken(phrases):
    raise RuntimeError("no\nsuch word")


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        ([], "gave 0 lists of phrases for 1 inputs"),
        (lambda phrases: [["x"]] * (len(phrases) + 1), "lists of phrases for"),
        (lambda phrases: [[""] for _ in phrases], "gave ['']; expected a list of phrases"),
        (lambda phrases: [[3] for _ in phrases], "gave [3]; expected a list of phrases"),
        (lambda phrases: ["night" for _ in phrases], "expected"),
        (lambda phrases: "x" * len(phrases), "expected"),
        (lambda phrases: [None for _ in phrases], "test/editor"),
        (lambda phrases: 7, "test/editor"),
        (_broken, "raised RuntimeError: no such word"),
    ],
)  # fmt: skip
def test_an_editor_that_breaks_its_contract_gives_one_sentence(edited_run, answer, message, tmp_path):
    folder = copied(edited_run, tmp_path / "r")
    with pytest.raises(ModelError) as caught:
        bugscope.explain(folder, 1, **planted(labels=("mug",)).roles(), editor=Editor(answer))
    assert "test/editor" in str(caught.value) and message in str(caught.value) and "\n" not in str(caught.value)
    assert bugscope.load(folder).report["finished"] is True


def test_half_a_character_from_an_editor_breaks_nothing(edited_run, tmp_path):
    editor = Editor(lambda phrases: [["in fog", "on \ud83d"] for _ in phrases])
    done = bugscope.explain(copied(edited_run, tmp_path / "r"), 1, **planted(labels=("mug",)).roles(), editor=editor)
    assert editor.asked and done.report["bugs"][0]["explanation"]


def test_an_editor_out_of_reach_does_not_end_the_run(edited_run, tmp_path):
    """After the last try the siblings that the language knows are tried instead."""

    def busy(phrases):
        raise bugscope.errors.Transient("try later", 0.0)

    folder = copied(edited_run, tmp_path / "r")
    done = bugscope.explain(folder, 1, **planted(labels=("mug",)).roles(), editor=Editor(busy))
    assert {c["change"] for c in done.report["bugs"][0]["counterfactuals"]} == {"drop", "replace"}
