"""What is drawn of one label, learnt of it, and ripe for a test."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bugscope.core.records import Outcome, Phrase, Sample, Status
from bugscope.method import inquiry, pool
from bugscope.method.inquiry import Inquiry
from support.words import WORDS

POOL = tuple(Phrase(f"with {chr(97 + i)}") for i in range(12))
A, B, C, *_ = POOL
OWN = replace(WORDS, vocabulary=lambda label: POOL, checked=True)
Target = Callable[[frozenset[Phrase], int], Status]


def about(slots: int = 24, seed: int = 0, wording=OWN) -> Inquiry:
    return Inquiry("mug", wording, seed, slots)


def fails_on(*cause: Phrase) -> Target:
    return lambda stated, i: Status.FAILURE if set(cause) <= stated else Status.SUCCESS


def drawn(of: Inquiry, rounds: int, target: Target, n: int = 4) -> list[tuple[Sample, tuple[Phrase, ...]]]:
    """Some rounds, each answered before the next."""
    asked = []
    for _ in range(rounds):
        for sample, stated in of.next(n, {}):
            asked.append((sample, stated))
            of.learn(Outcome(sample, target(frozenset(stated), len(asked))), stated, len(stated), sample.prompt.text)
    return asked


# --- what is drawn --------------------------------------------------------------------------------------------------------


def test_a_picture_states_conditions_and_has_a_seed_of_its_own():
    asked = drawn(about(seed=7), 12, fails_on(A))
    assert {s.purpose for s, _ in asked} == {"design"} and {s.run_seed for s, _ in asked} == {7}
    assert all(s.prompt == WORDS.prompt("mug", stated) and stated for s, stated in asked)
    assert len({s.key for s, _ in asked}) == len({s.seed for s, _ in asked}) == len(asked)
    # a prompt that comes again is drawn anew: its replicates are counted from 0
    times = Counter(s.prompt.text for s, _ in asked)
    assert max(times.values()) > 1
    for text, n in times.items():
        assert [s.replicate for s, _ in asked if s.prompt.text == text] == list(range(n))


@given(st.integers(0, 9), st.integers(0, 99))
def test_no_more_is_drawn_than_is_paid_for(n, seed):
    of = about(seed=seed)
    assert len(of.next(n, {})) == min(n, inquiry.BATCH)


def test_the_same_answers_lead_to_the_same_questions_and_another_seed_to_others():
    one, same, other = (drawn(about(seed=seed), 10, fails_on(A, B)) for seed in (1, 1, 2))
    assert one == same
    assert [stated for _, stated in one] != [stated for _, stated in other]


def states(of: Inquiry, target: Target, rounds: int = 40) -> int:
    """Conditions of a picture in the end."""
    drawn(of, rounds, target)
    return of.most


def test_pictures_state_more_while_they_pass_and_fewer_where_most_fail():
    first = about().most
    calm, rough = states(about(), lambda *_: Status.SUCCESS), states(about(), lambda *_: Status.FAILURE)
    assert calm == inquiry.MOST > first > rough == 1
    assert max(len(stated) for _, stated in drawn(about(), 40, lambda *_: Status.SUCCESS)) > first
    # what does not show the label, or cannot be drawn, is as bad as a failure
    assert states(about(), lambda *_: Status.UNFAITHFUL) == states(about(), lambda *_: Status.REFUSED) == 1


def test_pictures_state_as_many_conditions_as_spoil_half_of_them():
    """Every condition spoils a picture with a chance of 15 %, so four spoil 48 %."""

    def target(stated, i):
        return Status.FAILURE if i * 0.618034 % 1 > 0.85 ** len(stated) else Status.SUCCESS

    assert states(about(), target) in (3, 4, 5)


@given(st.lists(st.tuples(st.integers(0, 12), st.booleans()), max_size=60))
def test_harm_is_a_share_and_grows_with_what_goes_wrong(pictures):
    plain, each = inquiry.harm(pictures)
    assert 0 < plain < 1 and 0 <= each <= inquiry.HARMS[-1]
    assert inquiry.harm([*pictures, (6, True)])[1] >= each >= inquiry.harm([*pictures, (6, False)])[1]


def test_what_went_wrong_at_first_is_made_good_later():
    of = about()
    for i in range(6):
        of.learn(Outcome(Sample(WORDS.prompt("mug", (A, B, C)), "design", i), Status.FAILURE), (A, B, C), 3, "")
    low = of.most
    drawn(of, 30, lambda *_: Status.SUCCESS)
    assert of.most > low


def test_a_picture_that_the_generator_cannot_say_is_shortened():
    """Every two conditions go together; more than two of them the generator refuses."""
    choosy = replace(OWN, sayable=lambda prompt: prompt.text.count("with") <= 2)
    asked = drawn(about(wording=choosy), 20, lambda *_: Status.SUCCESS)
    assert {len(stated) for _, stated in asked} <= {1, 2}
    assert all(s.prompt == WORDS.prompt("mug", stated) for s, stated in asked)
    assert {p for _, stated in asked for p in stated} == set(POOL), "what was left out comes later"


def test_what_cannot_be_shown_together_never_is():
    apart = {frozenset({A, B}), frozenset({A, C}), *(frozenset({POOL[7], p}) for p in POOL[8:])}

    def sayable(prompt):
        return not any(all(p.text in prompt.text for p in two) for two in apart)

    asked = drawn(about(wording=replace(OWN, sayable=sayable)), 12, lambda *_: Status.SUCCESS)
    assert not any(two <= set(stated) for _, stated in asked for two in apart)
    assert set(POOL) == {p for _, stated in asked for p in stated}


def test_conditions_that_cannot_be_shown_are_never_tried_and_the_pool_has_an_end(monkeypatch):
    choosy = replace(OWN, admissible=lambda label, p: p != A)
    of = about(wording=choosy)
    assert A not in of.suspects.pool and set(of.suspects.pool) == {*POOL} - {A}
    of.grow([A, B, Phrase("red", before=True)])
    assert of.suspects.pool.count(B) == 1 and Phrase("red", before=True) in of.suspects.pool
    monkeypatch.setattr(pool, "LARGEST", 15)
    of.grow(Phrase(f"near {i}") for i in range(30))
    assert len(of.suspects.pool) == 15
    of.grow([Phrase("near nothing")])
    assert len(of.suspects.pool) == 15
    assert all(len(stated) <= of.most for _, stated in drawn(of, 5, lambda *_: Status.SUCCESS))


# --- what is learnt -------------------------------------------------------------------------------------------------------


def test_pictures_that_do_not_count_accuse_nobody():
    of = about()
    for status in (Status.UNFAITHFUL, Status.REFUSED, Status.ERROR):
        for sample, stated in of.next(4, {}):
            of.learn(Outcome(sample, status), stated, len(stated), "")
    before = of.suspects.beliefs().pairs
    assert of.pictures == [] and (before == about().suspects.beliefs().pairs).all()


def test_what_captions_of_plain_pictures_saw_is_learnt():
    of = about()
    plain = [Outcome(Sample(WORDS.neutral("mug"), "explore", i), Status.FAILURE) for i in range(40)]
    for o in plain:
        of.learn(o, (A,), 0, "a mug with a")
    assert [h.phrases for h in of.ripe({})] == [(A,)]


# --- what is ripe ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("cause", [(A,), (A, B)], ids=["one", "pair"])
def test_what_its_failures_have_in_common_is_proposed_once(cause):
    of = about()
    found = []
    asked = []
    for _ in range(30):
        asked += drawn(of, 1, fails_on(*cause))
        found += of.ripe({})
    assert [h.phrases for h in found] == [cause]
    (h,) = found
    assert (h.label, h.source) == ("mug", "design")
    stated = {s.key: set(phrases) for s, phrases in asked}
    assert h.suggested_by and all(set(cause) <= stated[key] for key in h.suggested_by)
    # and while it is tested, no picture shows it
    after = asked[[s.key for s, _ in asked].index(h.suggested_by[-1]) + inquiry.BATCH :]
    assert not any(set(cause) <= set(phrases) for _, phrases in after)


def test_nothing_is_ripe_where_nothing_fails():
    of = about()
    drawn(of, 20, lambda *_: Status.SUCCESS)
    assert of.ripe({}) == []


def test_one_cause_after_the_other_is_found():
    def target(stated, i):
        return Status.FAILURE if A in stated or {B, C} <= stated else Status.SUCCESS

    of, found = about(), []
    for _ in range(40):
        drawn(of, 1, target)
        found += of.ripe({})
    assert [set(h.phrases) for h in found] == [{A}, {B, C}]


@settings(max_examples=30)
@given(st.integers(0, 5), st.floats(0, 1), st.integers(0, 50))
def test_no_more_is_tested_than_there_are_slots_and_nothing_twice(slots, rate, seed):
    of, found = about(slots, seed), []
    for _ in range(12):
        drawn(of, 1, lambda stated, i: Status.FAILURE if i * 0.618 % 1 < rate or A in stated else Status.SUCCESS)
        fresh = of.ripe({})
        found += fresh
        for h in fresh:
            of.suspects.clear(frozenset(h.phrases))  # each turns out to be no cause
    assert len(found) <= slots
    assert len({frozenset(h.phrases) for h in found}) == len(found)


# --- a describer ----------------------------------------------------------------------------------------------------------


class Describer:
    def __init__(self, *said: str) -> None:
        self.said, self.asked = said, []

    def __call__(self, label: str, failures: Sequence[str], successes: Sequence[str]) -> Sequence[str]:
        self.asked.append((label, list(failures), list(successes)))
        return self.said


def learn(of: Inquiry, n: int, failed: bool, first: int = 0) -> None:
    for i in range(first, first + n):
        status = Status.FAILURE if failed else Status.SUCCESS
        of.learn(Outcome(Sample(WORDS.neutral("mug"), "explore", i), status), (), 0, f"{status} {i}")


def test_a_describer_reads_the_captions_and_is_asked_again_whenever_failures_have_doubled():
    of, describer = about(), Describer()
    learn(of, 3, failed=False)
    assert of.ask(describer) == [] and describer.asked == [], "nothing failed"
    counts = []
    for i in range(9):
        learn(of, 1, failed=True, first=10 + i)
        of.ask(describer)
        counts.append(len(describer.asked))
    assert counts == [1, 2, 2, 3, 3, 3, 3, 4, 4]
    label, failures, successes = describer.asked[1]
    assert label == "mug" and failures == ["failure 10", "failure 11"] and successes == [f"success {i}" for i in range(3)]


def test_what_a_describer_says_is_tried_early():
    red = Phrase("red", before=True)
    of = about(wording=replace(OWN, sayable=lambda prompt: "never" not in prompt.text))
    learn(of, 1, failed=True)
    said = ("a red mug with b", "mug", "", "a mug that never ends")
    assert of.ask(Describer(*said))[:2] == [red, B]
    assert red in of.suspects.pool
    pictures = drawn(of, 1, lambda *_: Status.SUCCESS)
    assert any({red, B} <= set(stated) for _, stated in pictures)
    assert not any("never" in p.text for p in of.suspects.pool)
    # without it, such a pair is one of many
    assert not any({A, B} <= set(stated) for _, stated in drawn(about(), 1, lambda *_: Status.SUCCESS)[:1])
