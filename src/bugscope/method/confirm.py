"""Tests hypotheses on fresh pictures. Looks happen between rounds, so no result depends on the order in which answers arrive.

Pure: no models, files or screen; its only question is `measure`.
"""

import math
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Required, TypedDict, Unpack

import numpy as np
from numpy.typing import NDArray

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
VERDICTS = (Verdict.CONFIRMED, Verdict.UNFAITHFUL, Verdict.FUTILE, Verdict.UNDECIDED)
"""The first that holds."""
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]


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
        self._grown: dict[int, Stream] = {}

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
        self._grown |= {id(stream): stream for stream in owners}
        return True

    def grown(self) -> list[Stream]:
        """Those that have grown since this was last asked."""
        found = list(self._grown.values())
        self._grown.clear()
        return found


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
        self._scales = Scales(test, tried)
        self._weights = stats.harmonic(slots)
        self._reserve = budget // SET_ASIDE

    @property
    def trials(self) -> Sequence["Trial"]:
        """Of every hypothesis so far, in the order in which they were added."""
        return self._scales.trials

    @property
    def evidence(self) -> list[Evidence]:
        """Of every trial, in their order. What did not change since the last look is the same object."""
        return list(self._scales.evidence)

    def add(self, hypotheses: Sequence[Hypothesis], first: int = 0) -> None:
        """Test these too, beginning with `first` pictures each (by default, one look)."""
        first = first or self.test.look
        places = Counter(t.hypothesis.label for t in self.trials)
        new = []
        for h in hypotheses:
            weight = self._weights[places[h.label]] if self._weights else 1.0
            places[h.label] += 1
            new.append(Trial(h, self.streams, self.wording, self.explored.get(h.label, NOTHING), weight))
        self.streams.draw([*_baselines(new, first), *((t.treated, first) for t in new)])
        self._scales.add(new, self.streams.grown())

    def round(self, promising: bool = False) -> bool:
        """One look at the best of the undecided hypotheses, or of the promising ones. False if nothing was drawn."""
        undecided, rises = self._undecided(promising), self._scales.rises
        best = undecided[np.argsort(-rises[undecided], kind="stable")][: max(2, math.ceil(len(undecided) / ROUND))]
        # part of the budget is reserved for bugs that are already confirmed
        return self._draw(best, min(self._reserve, self.test.look * len(self._short())))

    def widen(self) -> bool:
        """One look at the confirmed bugs that have the fewest pictures, while any has too few. False if nothing was drawn."""
        short = self._short()
        fewest = short[np.argsort(self._scales.drawn[short], kind="stable")]
        return self._draw(fewest[: max(2, math.ceil(len(short) / 2))])

    # --- sharing a budget with exploration ----------------------------------------------------------------------------

    @property
    def free(self) -> int:
        """Pictures that exploration may use: what the bugs in sight, and one more, are likely to need is kept."""
        pending = self._undecided(promising=True)
        decided = np.flatnonzero(self._scales.found)
        costs = self._scales.costs[np.concatenate([decided, pending])]
        cost = max(LEAST_COST, int(costs.sum()) / len(costs) if len(costs) else 0)
        left = self.streams.left - self._reserve
        # where nothing is pending, what is left is better tried than saved
        return int(max(left - cost * (1 + len(pending)), 0 if len(pending) else left - LEAST_COST))

    def spend(self, pictures: int) -> None:
        """Take pictures that were drawn elsewhere off the budget."""
        self.streams.left -= pictures

    # ------------------------------------------------------------------------------------------------------------------

    def _draw(self, chosen: Ints, keep: int = 0) -> bool:
        """One look at the trials at these places."""
        look, trials = self.test.look, [self.trials[i] for i in chosen]
        drawn = self.streams.draw([*_baselines(trials, look), *((t.treated, look) for t in trials)], keep)
        if drawn:
            self._scales.weigh(self.streams.grown())
        return drawn

    def _undecided(self, promising: bool) -> Ints:
        """The places of trials that more pictures could decide."""
        scales = self._scales
        open_ = scales.undecided & (scales.drawn < self.streams.most)
        return np.flatnonzero(open_ & scales.promising if promising else open_)

    def _short(self) -> Ints:
        """The places of confirmed trials whose interval is still wide because they have too few pictures."""
        scales = self._scales
        return np.flatnonzero(scales.found & (scales.counted < self.enough) & (scales.drawn < 2 * self.enough))


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
        self.weight = weight
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


class Scales:
    """The evidence of a growing family of trials, weighed together: what is confirmed depends on everything that was tried.

    A look weighs again the trials whose streams have grown, and e-BH goes over the e-values of all; so its cost is that of
    what was drawn, however many trials there are. The attributes are arrays over the trials.
    """

    def __init__(self, test: Test, tried: int) -> None:
        self.test, self.tried = test, tried
        self.trials: list[Trial] = []
        self.evidence: list[Evidence] = []
        self.rises: Floats = np.zeros(0)
        self.drawn: Ints = np.zeros(0, dtype=np.int64)
        self.counted: Ints = np.zeros(0, dtype=np.int64)
        """Pictures of each description that enter its rate."""
        self.costs: Ints = np.zeros(0, dtype=np.int64)
        """Pictures drawn of it and of what it is compared with."""
        self.found: Bools = np.zeros(0, dtype=bool)
        self.undecided: Bools = np.zeros(0, dtype=bool)
        self.promising: Bools = np.zeros(0, dtype=bool)
        self._weights: Floats = np.zeros(0)
        self._e_values: Floats = np.zeros(0)
        self._settled: Bools = np.zeros(0, dtype=bool)
        """Confirmed at some look: that look's e-value stands, whatever is drawn for the interval afterwards."""
        self._hopeless: Bools = np.zeros(0, dtype=bool)
        self._unfaithful: Bools = np.zeros(0, dtype=bool)
        self._at: dict[int, list[int]] = {}
        """Id of a stream -> places of the trials that it belongs to."""

    def add(self, trials: Sequence[Trial], grown: Iterable[Stream]) -> None:
        """Weigh these too. `grown`: streams with more pictures than at the last look."""
        old, n = len(self.trials), len(trials)
        self.trials += trials
        for i, t in enumerate(trials, old):
            for stream in {id(t.treated), id(t.baseline)}:
                self._at.setdefault(stream, []).append(i)
        for name in ("rises", "drawn", "counted", "costs", "found", "undecided", "promising"):
            self._extend(name, np.zeros(n))
        for name in ("_e_values", "_settled", "_hopeless", "_unfaithful"):
            self._extend(name, np.zeros(n))
        self._extend("_weights", np.array([t.weight for t in trials]))
        self.weigh(grown, range(old, old + n))

    def _extend(self, name: str, more: Floats) -> None:
        had = getattr(self, name)
        setattr(self, name, np.concatenate([had, more.astype(had.dtype)]))

    def weigh(self, grown: Iterable[Stream], new: Iterable[int] = ()) -> None:
        """A look. `grown`: streams with more pictures than at the last one. `new`: places of trials that were never weighed."""
        due = sorted({i for stream in grown for i in self._at.get(id(stream), ())}.union(new))
        self._count(due)
        before = self._verdicts()
        self.found = stats.e_bh(self._e_values * self._weights, self.test.alpha - self.test.box_error, self.tried)
        self._settled |= self.found
        now = self._verdicts()
        self.undecided = now == VERDICTS.index(Verdict.UNDECIDED)
        # those that were never weighed come last, in order
        for i in sorted({*due, *np.flatnonzero(now != before).tolist()}):
            e = self.trials[i].evidence(float(self._e_values[i]), VERDICTS[now[i]], self.test.judge)
            self.evidence[i : i + 1] = [e]
            self.promising[i] = explains(e, self.test)

    def _count(self, due: Sequence[int]) -> None:
        """Bring what depends on a trial's own streams up to date."""
        if not due:
            return
        trials = [self.trials[i] for i in due]
        kt, nt, kb, nb = np.array([t.counts() for t in trials]).T
        chance = stats.chance_of_rise(kt, nt, kb, nb, self.test.margin)
        self._hopeless[due] = (chance < HOPELESS) & (nt > 0) & (nb > 0)
        self._unfaithful[due] = [t.treated.unfaithful or t.baseline.unfaithful for t in trials]
        fresh = np.exp(np.minimum(_log_e_values(trials, self.test), 700.0))
        self._e_values[due] = np.where(self._settled[due], self._e_values[due], fresh)
        self.rises[due] = [t.rise() for t in trials]
        self.drawn[due] = [t.treated.drawn for t in trials]
        self.counted[due] = nt
        self.costs[due] = [t.treated.drawn + t.baseline.drawn for t in trials]

    def _verdicts(self) -> Ints:
        """Places in `VERDICTS`."""
        return np.select([self.found, self._unfaithful, self._hopeless], [0, 1, 2], 3)


def _one_a_baseline(trials: Sequence[Trial]) -> list[Trial]:
    return list({id(t.baseline): t for t in trials}.values())


def _baselines(chosen: Sequence[Trial], look: int) -> list[tuple[Stream, int]]:
    """Baselines that need more pictures, and how many: each grows with the longest stream compared with it."""
    wanted = []
    longest_of: dict[int, int] = {}
    for t in chosen:
        longest_of[id(t.baseline)] = max(t.treated.drawn, longest_of.get(id(t.baseline), 0))
    for trial in _one_a_baseline(chosen):
        longest = longest_of[id(trial.baseline)] + look
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
