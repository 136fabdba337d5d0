"""Tests hypotheses on fresh pictures. Looks happen between rounds, so no result depends on the order in which answers arrive.

Pure: no models, files or screen; its only question is `measure`.
"""

import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Required, TypedDict, Unpack

import numpy as np

from .. import stats
from ..core.records import Counts, Evidence, Hypothesis, Outcome, Prompt, Purpose, Sample, Verdict
from ..language import Wording
from ..stats import JudgeError, judged
from ..stats.likelihood import Floats
from .world import Measure

SCREEN = 0.35
"""Share of the budget for the first round: every description gets up to one look of pictures from it, and at least half one."""
ROUND = 48
"""Each round goes to the best 1/ROUND of the undecided descriptions, and to at least two: strong bugs are settled first,
doubtful ones wait. The greedier, the more bugs a budget confirms (simulated); two keep several workers busy."""
BASELINE_LEAST, BASELINE_RATIO, BASELINE_CAP = 10, 1.0, 60
"""Neutral pictures of a label, exploration included: `BASELINE_RATIO` times the longest stream compared with them, at least
`BASELINE_LEAST` and at most `BASELINE_CAP`, but never less than half of that stream."""
HOPELESS = 0.05
"""A hypothesis is dropped when the chance that its rise exceeds the margin falls below this (`stats.chance_of_rise`)."""
UNFAITHFUL_AFTER, UNFAITHFUL_SHARE = 8, 0.6
"""A prompt is given up once it has this many pictures and more than this share of them is excluded."""
PROMISING, STRONG, LEAST_COST = 0.25, 0.4, 24
"""Rises in failure rate from which an undecided description is worth its pictures at once: up to `LEAST_COST` pictures, which
is also what a bug costs at least, and beyond. A middling rise takes hundreds: that waits until exploration is over."""
ENOUGH, SET_ASIDE = 20, 20
"""Each confirmed bug ends up with this many pictures if the budget allows, for an interval worth reading; 1/SET_ASIDE of
the budget is reserved for that."""

NOTHING = Counts()


class Settings(TypedDict, total=False):
    """What else a `Confirmation` takes."""

    measure: Required[Measure]
    wording: Required[Wording]
    explored: Mapping[str, Counts]
    tried: int
    slots: int
    purpose: Purpose
    most: int
    enough: int


Found = Callable[[list[Evidence]], None]


@dataclass(frozen=True, slots=True)
class Test:
    """Settings of a sequential test.

    `alpha`: false discovery rate. `margin`: smallest rise in failure rate worth reporting. `look`: pictures between two looks.
    `seed`: of the samples. `judge`: the judge's stated error; None takes the judge at its word.
    """

    __test__ = False  # for pytest: not a class of tests

    alpha: float = 0.05
    margin: float = 0.10
    look: int = 4
    seed: int = 0
    judge: JudgeError | None = None

    @property
    def box_error(self) -> float:
        """The part of alpha spent on not knowing the judge's error exactly."""
        return 0.0 if self.judge is None or self.judge.known else judged.BOX * self.alpha


@dataclass(slots=True)
class Stream:
    """Fresh pictures of one prompt, in replicate order: how many were `drawn`, and what became of them."""

    prompt: Prompt
    drawn: int = 0
    counts: Counts = NOTHING

    def add(self, outcome: Outcome) -> None:
        self.drawn += 1
        self.counts = self.counts.add(outcome)

    @property
    def n(self) -> int:
        return self.counts.n

    @property
    def unfaithful(self) -> bool:
        """Whether most pictures were refused, got no answer or do not show the label."""
        return self.drawn >= UNFAITHFUL_AFTER and self.drawn - self.n > UNFAITHFUL_SHARE * self.drawn


class Streams:
    """All streams of a run. `draw` asks for the next pictures of many streams at once, within the budget."""

    def __init__(self, measure: Measure, seed: int, budget: int, purpose: Purpose = "confirm", most: int = 0) -> None:
        self.measure, self.seed, self.left, self.purpose = measure, seed, budget, purpose
        self.most = most or budget
        """Pictures of one prompt, at most."""
        self.by_prompt: dict[tuple[str, str], Stream] = {}

    def of(self, prompt: Prompt) -> Stream:
        return self.by_prompt.setdefault((prompt.label, prompt.text), Stream(prompt))

    def draw(self, wanted: Sequence[tuple[Stream, int]], keep: int = 0) -> bool:
        """Draw the next n pictures of each stream in one question, in the order given, until only `keep` pictures of the
        budget are left. Returns False if nothing could be drawn."""
        samples: list[Sample] = []
        owners: list[Stream] = []
        # two descriptions may lead to the same prompt, and then share a stream
        for stream, n in {id(stream): (stream, n) for stream, n in wanted}.values():
            take = max(0, min(n, self.left - keep, self.most - stream.drawn))
            self.left -= take
            samples += [Sample(stream.prompt, self.purpose, i, self.seed) for i in range(stream.drawn, stream.drawn + take)]
            owners += [stream] * take
        if not samples:
            return False
        for stream, outcome in zip(owners, self.measure(samples), strict=True):
            stream.add(outcome)
        return True


class Confirmation:
    """A growing family of hypotheses under test on fresh pictures: false discovery rate <= `test.alpha` over all (e-BH).

    Each round weighs all evidence, drops what shows no sign of a rise, and gives `test.look` fresh pictures to the undecided
    hypotheses that fail most above their baseline. Dropping, choosing and adding may depend on everything seen so far: an
    e-process allows it. Where the judge errs, evidence and rates are about pictures that truly show the label
    (`stats.judged`).

    `budget`: pictures in all, baselines included. `explored`: what became of each label's plain pictures before. They count
    towards the baseline although they suggested the hypotheses: every e-value contains them through one factor per label,
    whose expectation is at most 1 whatever is tried, provided that e-BH divides by a number of hypotheses per label that they
    did not influence: `tried` in all. `slots`: that number for each label, if its hypotheses come one after another; then the
    j-th needs j times the evidence of the first (weights 1/j, scaled to a mean of 1). docs/statistics.md says why both are
    sound. `purpose`: of the samples drawn. `most`: pictures of one prompt, at most; 0: limited by the budget alone. `enough`:
    pictures that a confirmed bug should end up with.
    """

    def __init__(
        self,
        *,
        measure: Measure,
        wording: Wording,
        test: Test,
        budget: int,
        explored: Mapping[str, Counts] = MappingProxyType({}),
        tried: int = 0,
        slots: int = 0,
        purpose: Purpose = "confirm",
        most: int = 0,
        enough: int = ENOUGH,
    ) -> None:
        self.wording, self.test, self.explored, self.tried, self.enough = wording, test, explored, tried, enough
        self.streams = Streams(measure, test.seed, budget, purpose, most)
        self.trials: list[Trial] = []
        self.evidence: list[Evidence] = []
        """Of every hypothesis so far, in the order in which they were added."""
        self._weights = stats.harmonic(slots)
        self._reserve = budget // SET_ASIDE

    def add(self, hypotheses: Sequence[Hypothesis], first: int = 0) -> None:
        """Test these too, beginning with `first` pictures each (by default, one look)."""
        first = first or self.test.look
        places = Counter(t.hypothesis.label for t in self.trials)
        new = []
        for h in hypotheses:
            weight = self._weights[places[h.label]] if self._weights else 1.0
            places[h.label] += 1
            new.append(Trial(h, self.streams, self.wording, self.explored.get(h.label, NOTHING), weight))
        self.trials += new
        self.streams.draw([*_baselines(new, first), *((t.treated, first) for t in new)])
        self._weigh()

    def round(self, promising: bool = False) -> bool:
        """One look at the best of the undecided hypotheses, or of the promising ones. False if nothing was drawn."""
        undecided = self._undecided(promising)
        chosen = sorted(undecided, key=lambda t: -t.rise())[: max(2, math.ceil(len(undecided) / ROUND))]
        # part of the budget is reserved for bugs that are already confirmed
        return self._draw(chosen, min(self._reserve, self.test.look * len(self._short())))

    def widen(self) -> bool:
        """One look at the confirmed bugs that have the fewest pictures, while any has too few. False if nothing was drawn."""
        short = self._short()
        return self._draw(sorted(short, key=lambda t: t.treated.drawn)[: max(2, math.ceil(len(short) / 2))])

    # --- sharing a budget with exploration ----------------------------------------------------------------------------

    @property
    def free(self) -> int:
        """Pictures that exploration may use: what the bugs in sight, and one more, are likely to need is kept."""
        pending = self._undecided(promising=True)
        decided = [t for t, e in zip(self.trials, self.evidence, strict=True) if e.verdict is Verdict.CONFIRMED]
        costs = [t.treated.drawn + t.baseline.drawn for t in (*decided, *pending)]
        cost = max(LEAST_COST, sum(costs) / len(costs) if costs else 0)
        left = self.streams.left - self._reserve
        # where nothing is pending, what is left is better tried than saved
        return int(max(left - cost * (1 + len(pending)), 0 if pending else left - LEAST_COST))

    def spend(self, pictures: int) -> None:
        """Take pictures that were drawn elsewhere off the budget."""
        self.streams.left -= pictures

    # ------------------------------------------------------------------------------------------------------------------

    def _draw(self, chosen: Sequence["Trial"], keep: int = 0) -> bool:
        look = self.test.look
        drawn = self.streams.draw([*_baselines(chosen, look), *((t.treated, look) for t in chosen)], keep)
        if drawn:
            self._weigh()
        return drawn

    def _weigh(self) -> None:
        self.evidence = _judged(self.trials, self.test, self.tried)

    def _undecided(self, promising: bool) -> list["Trial"]:
        """Trials that more pictures could decide."""
        pairs = zip(self.trials, self.evidence, strict=True)
        open_ = [(t, e) for t, e in pairs if e.verdict is Verdict.UNDECIDED and t.treated.drawn < self.streams.most]
        return [t for t, e in open_ if not promising or explains(e, self.test)]

    def _short(self) -> list["Trial"]:
        """Confirmed trials whose interval is still wide because they have too few pictures."""
        confirmed = [t for t, e in zip(self.trials, self.evidence, strict=True) if e.verdict is Verdict.CONFIRMED]
        return [t for t in confirmed if t.treated.n < self.enough and t.treated.drawn < 2 * self.enough]


def explains(e: Evidence, test: Test) -> bool:
    """Whether a description may be taken for a cause while it is tested: it is confirmed, new, or fails often so far.

    Guides what is drawn next, never decides.
    """
    if e.verdict is Verdict.UNDECIDED:
        rise = (e.treated.k + 0.5) / (e.treated.n + 1) - (e.baseline.k + 0.5) / (e.baseline.n + 1)
        return e.drawn < 2 * test.look or rise > (STRONG if e.drawn >= LEAST_COST else PROMISING)
    return e.verdict is Verdict.CONFIRMED


def confirm(
    hypotheses: Sequence[Hypothesis],
    *,
    budget: int,
    test: Test,
    on_round: Found = lambda evidence: None,
    **settings: Unpack[Settings],
) -> list[Evidence]:
    """Test every hypothesis at once (see `Confirmation`) and return the evidence in order.

    `on_round`: called with the evidence after each round.
    """
    tests = Confirmation(budget=budget, test=test, **settings)
    first = max(1, test.look // 2, min(test.look, int(SCREEN * budget) // max(1, len(hypotheses))))
    tests.add(hypotheses, first)
    on_round(tests.evidence)
    # evidence may weaken as a bug gets more pictures; then it is undecided again
    while tests.round() or tests.widen():
        on_round(tests.evidence)
    return tests.evidence


class Trial:
    """One hypothesis with its own stream, the stream it is compared with (by default the plain label's), and what exploration
    saw of the plain label."""

    def __init__(
        self, hypothesis: Hypothesis, streams: Streams, wording: Wording, explored: Counts = NOTHING, weight: float = 1.0
    ) -> None:
        self.weight, self.settled = weight, math.nan
        """`settled`: the e-value of the look that confirmed it, which stands whatever is drawn for its interval afterwards."""
        self.hypothesis, self.explored = hypothesis, NOTHING if hypothesis.against else explored
        self.treated = streams.of(wording.treated(hypothesis))
        self.baseline = streams.of(wording.control(hypothesis))

    @property
    def neutral(self) -> Counts:
        return self.baseline.counts + self.explored

    def counts(self) -> tuple[int, int, int, int]:
        return self.treated.counts.wrong, self.treated.n, self.neutral.wrong, self.neutral.n

    def rise(self) -> float:
        """Failure rate minus the baseline's, each pulled towards 1/2 while pictures are few. Guides, never decides."""
        k, n, k_neutral, n_neutral = self.counts()
        return (k + 0.5) / (n + 1) - (k_neutral + 0.5) / (n_neutral + 1)

    def evidence(self, e_value: float, verdict: Verdict, judge: JudgeError | None = None) -> Evidence:
        k, n, k_neutral, n_neutral = self.counts()
        rates = stats.uniform(k, n), stats.uniform(k_neutral, n_neutral)
        corrected = (judged.corrected(self.treated.counts, judge), judged.corrected(self.neutral, judge)) if judge else None
        return Evidence(self.hypothesis, *rates, e_value, verdict, self.treated.drawn, self.baseline.drawn, corrected)


def _log_e_values(trials: Sequence[Trial], test: Test) -> Floats:
    judge = test.judge
    if judge is None:
        kt, nt, kb, nb = np.array([t.counts() for t in trials]).T
        logs = stats.log_e_values(kt, nt, kb, nb, test.margin)
    else:
        pairs = [(t.treated.counts, t.neutral) for t in trials]
        logs = np.array([judged.log_e_value(t, b, test.margin, judge, test.box_error) for t, b in pairs])
    # a description without pictures of its own has no evidence, whatever its baseline has done since
    return np.where([t.treated.n > 0 for t in trials], logs, 0.0)


def _judged(trials: Sequence[Trial], test: Test, tried: int) -> list[Evidence]:
    """The evidence of all trials, weighed together: what is confirmed depends on everything that was tried."""
    if not trials:
        return []
    kt, nt, kb, nb = np.array([t.counts() for t in trials]).T
    hopeless = (stats.chance_of_rise(kt, nt, kb, nb, test.margin) < HOPELESS) & (nt > 0) & (nb > 0)
    settled = [t.settled for t in trials]
    e_values = np.where(np.isnan(settled), np.exp(np.minimum(_log_e_values(trials, test), 700.0)), settled)
    found = stats.e_bh(e_values * [t.weight for t in trials], test.alpha - test.box_error, tried)
    for t, e, f in zip(trials, e_values, found, strict=True):
        if f:
            t.settled = float(e)
    verdicts = [
        Verdict.CONFIRMED if f
        else Verdict.UNFAITHFUL if t.treated.unfaithful or t.baseline.unfaithful
        else Verdict.FUTILE if h
        else Verdict.UNDECIDED
        for t, f, h in zip(trials, found, hopeless, strict=True)
    ]  # fmt: skip
    return [t.evidence(float(e), v, test.judge) for t, e, v in zip(trials, e_values, verdicts, strict=True)]


def _one_a_baseline(trials: Sequence[Trial]) -> list[Trial]:
    return list({id(t.baseline): t for t in trials}.values())


def _baselines(chosen: Sequence[Trial], look: int) -> list[tuple[Stream, int]]:
    """Baselines that need more pictures, and how many: each grows with the longest stream compared with it."""
    wanted = []
    for trial in _one_a_baseline(chosen):
        longest = max(t.treated.drawn for t in chosen if t.baseline is trial.baseline) + look
        length = max(BASELINE_LEAST, min(int(BASELINE_RATIO * longest), BASELINE_CAP), longest // 2)
        missing = length - trial.explored.drawn - trial.baseline.drawn
        if missing > 0:
            wanted.append((trial.baseline, missing))
    return wanted


def fixed_n(hypotheses: Sequence[Hypothesis], *, measure: Measure, wording: Wording, test: Test, n: int) -> list[Evidence]:
    """Test by the paper's procedure, for comparison: n pictures of each description and of each neutral prompt, Fisher's exact
    test, Benjamini-Hochberg over all. Intervals are Clopper-Pearson, since n is fixed; `e_value` is reported but not used."""
    streams = Streams(measure, test.seed, budget=2 * n * len(hypotheses))
    trials = [Trial(h, streams, wording) for h in hypotheses]
    streams.draw([(t.baseline, n) for t in _one_a_baseline(trials)] + [(t.treated, n) for t in trials])
    found = stats.benjamini_hochberg([stats.fisher(*t.counts()) for t in trials], test.alpha)
    return [
        replace(
            t.evidence(stats.e_value(*t.counts(), test.margin), Verdict.CONFIRMED if f else Verdict.FUTILE),
            treated=stats.clopper_pearson(*t.counts()[:2]),
            baseline=stats.clopper_pearson(*t.counts()[2:]),
        )
        for t, f in zip(trials, found, strict=True)
    ]
