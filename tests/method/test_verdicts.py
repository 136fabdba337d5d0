"""The verdicts' rule and its error rates, on counts and on coins."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom

from bugscope.core.records import Counts, Hypothesis, Outcome, Phrase, Sample, Status
from bugscope.core.records import Verdict as Confirmed
from bugscope.method import confirm, verdicts
from bugscope.method.confirm import Test
from bugscope.method.verdicts import ReplayCase, ReplayVerdict, needed, p_fixed, rise, weigh
from bugscope.stats import JudgeError
from support.words import WORDS

ALPHA, MARGIN = 0.05, 0.1


def counts(k: int, n: int) -> Counts:
    return Counts(wrong=k, right=n - k)


def verdict(k: int, n: int, k_plain: int, n_plain: int, **more: Any) -> verdicts.Finding:
    case = ReplayCase(counts(k, n), counts(k_plain, n_plain), **more)
    (found,), _ = weigh([case], alpha=ALPHA, margin=MARGIN, tried=20)
    return found


@pytest.mark.parametrize(
    ("seen", "wanted"),
    [
        ((20, 20, 1, 24), "persists"),
        ((36, 40, 2, 60), "persists"),
        ((0, 40, 1, 40), "fixed"),
        ((30, 60, 30, 60), "undecided"),
        ((50, 400, 50, 400), "fixed"),
        ((2, 20, 1, 24), "undecided"),
        ((0, 3, 0, 60), "undecided"),
        ((0, 0, 0, 60), "undecided"),
        ((9, 9, 0, 0), "undecided"),
    ],
)
def test_what_counts_say(seen, wanted):
    assert verdict(*seen).verdict == wanted


def test_worse_takes_more_failures_on_the_same_pictures():
    assert verdict(20, 20, 1, 24, only_before=0, only_after=6).verdict is ReplayVerdict.WORSE
    assert verdict(20, 20, 1, 24, only_before=0, only_after=4).verdict is ReplayVerdict.PERSISTS
    # a rise within the margin is no bug, whatever it was before
    assert verdict(4, 100, 2, 100, only_before=0, only_after=4).verdict is ReplayVerdict.FIXED


def test_an_improvement_that_is_no_proof_is_said():
    found = verdict(5, 20, 1, 24, only_before=12, only_after=0)
    assert found.verdict is ReplayVerdict.UNDECIDED and found.better
    assert not verdict(5, 20, 1, 24, only_before=2, only_after=1).better


@given(
    st.integers(1, 30).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))),
    st.integers(1, 30).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))),
    st.sampled_from([0.0, 0.05, 0.1, 0.3]),
)
@settings(deadline=None, max_examples=60)
def test_fixed_is_that_the_intervals_end_is_under_the_margin(treated, plain, margin):
    found = rise(*treated, *plain, ALPHA, margin)
    assert -1 <= found.low <= found.value <= found.high <= 1
    assert (p_fixed(*treated, *plain, margin) <= ALPHA) == (found.high < margin)
    # more failures under the description are never better news
    k, n = treated
    if k < n:
        assert p_fixed(k + 1, n, *plain, margin) >= p_fixed(k, n, *plain, margin) - 1e-12


@pytest.mark.parametrize(("n", "n_plain"), [(12, 24), (25, 40), (40, 25), (60, 60)])
def test_a_bug_that_is_at_the_margin_is_called_fixed_at_most_alpha_of_the_time(n, n_plain):
    """Exact: summed over every outcome; baselines beside the grid on which the p-value was maximised, too."""
    most_failures, k = [], -1  # the largest number of failures that is called fixed grows with those of the plain label
    for j in range(n_plain + 1):
        while k < n and p_fixed(k + 1, n, j, n_plain, MARGIN) <= ALPHA:
            k += 1
        most_failures.append(k)
    assert most_failures[0] < most_failures[-1]
    for plain in (0.0, 0.0037, 0.01, 0.05, 0.1, 0.2, 0.33, 0.45, 0.7, 0.85, 0.88, 0.8963, 0.9):
        fixed = binom.cdf(most_failures, n, plain + MARGIN)
        assert (fixed * binom.pmf(np.arange(n_plain + 1), n_plain, plain)).sum() <= ALPHA * 1.002


@dataclass
class Coins:
    """Pictures as numbers: the old target fails where u is under its rate; the new one on the same u, or on another."""

    old: dict[str, float]
    new: dict[str, float]
    alike: bool
    seed: int

    def measure(self, samples: Sequence[Sample]) -> list[Outcome]:
        return [Outcome(s, self._status(s, self.old, "u")) for s in samples]

    def again(self, samples: Sequence[Sample]) -> Counts:
        found = Counts()
        for s in samples:
            found = found.add(Outcome(s, self._status(s, self.new, "u" if self.alike else "v")))
        return found

    def _status(self, s: Sample, rates: dict[str, float], letter: str) -> Status:
        digest = hashlib.sha256(f"{letter}|{self.seed}|{s.key}".encode()).digest()
        u = int.from_bytes(digest[:6], "big") / 2**48
        return Status.FAILURE if u < rates[s.prompt.description] else Status.SUCCESS


def replayed(coins: Coins, seed: int, fresh: int = 0) -> tuple[list[str], list[verdicts.Finding]]:
    """A hunt's confirmation with the old target, then the verdicts on the new one: descriptions and findings."""
    hypotheses = [Hypothesis("mug", (Phrase(name),)) for name in coins.old if name]
    found = confirm.confirm(
        hypotheses,
        measure=coins.measure,
        wording=WORDS,
        test=Test(ALPHA, MARGIN, look=4, seed=seed),
        budget=200,
        tried=len(hypotheses),
    )
    bugs = [e for e in found if e.verdict is Confirmed.CONFIRMED]
    cases = []
    for e in bugs:
        prompts = (WORDS.treated(e.hypothesis), WORDS.control(e.hypothesis))
        drawn = (e.drawn, e.baseline_drawn)
        stored = [coins.again([Sample(p, "confirm", i, seed) for i in range(n)]) for p, n in zip(prompts, drawn, strict=True)]
        more = [
            coins.again([Sample(p, "confirm", i, seed) for i in range(n, n + fresh)])
            for p, n in zip(prompts, drawn, strict=True)
        ]
        both = [a + b for a, b in zip(stored, more, strict=True)]
        cases.append(ReplayCase(*both, *(more if fresh else ())))
    if not cases:
        return [], []
    findings, _ = weigh(cases, alpha=ALPHA, margin=MARGIN, tried=len(hypotheses))
    return [e.hypothesis.description for e in bugs], findings


def most(times: int, level: float) -> float:
    """So many of `times` are still likely (1 in 10,000) at a chance of `level`."""
    return float(binom.isf(1e-4, times, level))


@pytest.mark.parametrize(("alike", "fresh"), [(True, 0), (False, 0), (True, 30)])
@pytest.mark.slow
def test_a_mended_bug_is_said_to_persist_at_most_alpha_of_the_time(alike, fresh):
    """At the edge: the rise is just the margin. The pictures were selected by a target that fails on the same ones."""
    old = {"": 0.05} | {f"d{i}": 0.6 for i in range(6)}
    new = {"": 0.05} | {f"d{i}": 0.15 for i in range(6)}
    runs = [replayed(Coins(old, new, alike, seed), seed, fresh)[1] for seed in range(24)]
    asked = [findings for findings in runs if findings]
    assert len(asked) > 20
    wrong = sum(any(f.verdict in (ReplayVerdict.PERSISTS, ReplayVerdict.WORSE) for f in findings) for findings in asked)
    assert wrong <= most(len(asked), ALPHA)


@pytest.mark.parametrize(
    ("alike", "fresh"),
    [(True, 0), pytest.param(False, 0, marks=pytest.mark.slow), pytest.param(True, 40, marks=pytest.mark.slow)],
)
def test_a_persisting_bug_is_called_fixed_at_most_alpha_of_the_time(alike, fresh):
    old = {"": 0.05} | {f"d{i}": 0.7 for i in range(4)}
    new = {"": 0.05} | {f"d{i}": 0.15 for i in range(4)}
    findings = [f for seed in range(50) for f in replayed(Coins(old, new, alike, seed), seed, fresh)[1]]
    assert len(findings) > 100
    fixed = sum(f.verdict is ReplayVerdict.FIXED for f in findings)
    assert fixed <= most(len(findings), ALPHA)


@pytest.mark.slow
def test_verdicts_are_reached_where_they_are_true():
    old = {"": 0.03} | {f"d{i}": 0.9 for i in range(4)}
    mended = [
        f
        for seed in range(12)
        for f in replayed(Coins(old, {"": 0.03} | dict.fromkeys(list(old)[1:], 0.03), True, seed), seed, 60)[1]
    ]
    assert sum(f.verdict is ReplayVerdict.FIXED for f in mended) > 0.8 * len(mended) > 20
    same = [f for seed in range(12) for f in replayed(Coins(old, old, True, seed), seed)[1]]
    assert same and all(f.verdict is ReplayVerdict.PERSISTS for f in same)


def test_luck_of_the_old_classifier_is_no_bug_of_the_new_one():
    """Of 40 harmless descriptions the one on which the old target failed by luck is put to one that fails on the same
    pictures: divided by all that was tried, that is no evidence. Fresh pictures need no such division."""
    case = ReplayCase(counts(7, 8), counts(3, 36))
    (found,), _ = weigh([case], alpha=ALPHA, margin=MARGIN, tried=40)
    assert 1 / ALPHA < found.e_value < 40 / ALPHA and found.verdict is ReplayVerdict.UNDECIDED
    alone = ReplayCase(counts(7, 8), counts(3, 36), counts(7, 8), counts(3, 36))
    (found,), _ = weigh([alone], alpha=ALPHA, margin=MARGIN, tried=40, stored=False)
    assert found.verdict is ReplayVerdict.PERSISTS


def test_what_is_right_on_stored_pictures_only_is_not_fixed():
    trained = ReplayCase(counts(20, 100), counts(2, 100), counts(20, 40), counts(1, 40))
    (found,), _ = weigh([trained], alpha=ALPHA, margin=0.4, tried=1)
    assert found.easier and found.verdict is ReplayVerdict.UNDECIDED and found.treated.n == 40
    honest = ReplayCase(counts(20, 100), counts(2, 100), counts(8, 40), counts(1, 40))
    (found,), _ = weigh([honest], alpha=ALPHA, margin=0.4, tried=1)
    assert not found.easier and found.verdict is ReplayVerdict.FIXED and found.treated.n == 100


def test_the_pictures_said_to_be_needed_are_enough_four_times_in_five():
    rng = np.random.default_rng(0)
    n = needed(1, 20, 1, 40, ALPHA, MARGIN, 40)
    assert n and n % 4 == 0
    # if the rates are what they seem
    pt, pb = 1.5 / 21, 1.5 / 41
    k, j = rng.binomial(n, pt, 300), rng.binomial(n, pb, 300)
    power = np.mean([p_fixed(int(a) + 1, n + 20, int(b) + 1, n + 40, MARGIN) <= ALPHA for a, b in zip(k, j, strict=True)])
    assert 0.7 < power < 0.95
    more = needed(12, 20, 1, 24, ALPHA, MARGIN, 40)
    assert more and more < 60
    assert needed(15, 100, 5, 100, ALPHA, MARGIN, 40) is None, "at the margin itself"


def test_a_stated_error_of_the_judge_is_reckoned_with():
    error = JudgeError.parse("0.95", "0.5")
    # half of what shows no label is let through, and all rejected ones are called wrong: the failures may be just those
    treated, plain = Counts(14, 6, 14, 0), Counts(1, 40, 0, 0)
    (plainly,), _ = weigh([ReplayCase(treated, plain)], alpha=ALPHA, margin=MARGIN)
    (reckoned,), _ = weigh([ReplayCase(treated, plain)], alpha=ALPHA, margin=MARGIN, judge_error=error)
    assert plainly.verdict is ReplayVerdict.PERSISTS
    assert reckoned.e_value < plainly.e_value and reckoned.verdict is not ReplayVerdict.PERSISTS
