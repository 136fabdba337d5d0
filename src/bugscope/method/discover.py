"""Explore in rounds: plain pictures, then pictures that state several conditions at once, designed to tell most.

After the combinatorial testing of operational design domains (Metzen et al. 2023) and adaptive group testing. What it finds
are suspicions; `confirm` tests them on pictures of their own. Pure: no models, files or screen.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence

from ..core.records import Counts, Evidence, Hypothesis, Outcome, Phrase, Sample, Status, Verdict
from ..language import Wording
from . import pool
from .confirm import explains
from .inquiry import Inquiry
from .plan import Plan
from .suspects import Cause
from .world import Measure, World


def explore(labels: Sequence[str], n: int, *, seed: int, measure: Measure, wording: Wording) -> Sequence[Outcome]:
    """Draw `n` pictures of each label's neutral prompt (Wiles et al. 2022, step 1)."""
    return measure([Sample(wording.neutral(label), "explore", i, seed) for label in labels for i in range(n)])


def counts(outcomes: Iterable[Outcome]) -> dict[str, Counts]:
    """Label -> what became of its pictures."""
    found: dict[str, Counts] = defaultdict(Counts)
    for o in outcomes:
        found[o.sample.prompt.label] = found[o.sample.prompt.label].add(o)
    return dict(found)


def _rate(seen: Counts) -> float:
    """Failure rate, pulled towards 1/2 while pictures are few."""
    return (seen.wrong + 0.5) / (seen.n + 1)


class Discovery:
    """The inquiries into all labels. What is learnt of one label makes the same cause likelier for the others."""

    def __init__(self, labels: Sequence[str], plain: Sequence[Outcome], plan: Plan, world: World, wording: Wording) -> None:
        self.world, self.wording, self.test = world, wording, plan.test
        seen = counts(plain)
        # where plain pictures nearly always fail, no description can fail more by the margin
        open_ = [label for label in labels if plan.test.margin < 1 - _rate(seen.get(label, Counts()))]
        self.inquiries = {label: Inquiry(label, wording, plan.test.seed, plan.affordable) for label in open_}
        self.heard: dict[int, tuple[int, int]] = {}
        self.bugs: Counter[str] = Counter()
        self.shared: dict[Cause, tuple[int, int]] = {}
        self.turn = 0
        mine = [o for o in plain if o.sample.prompt.label in self.inquiries]
        self._learn(mine, [()] * len(mine))

    def draw(self, budget: int) -> int:
        """One round of at most `budget` pictures; returns how many there were. Labels with few bugs get more."""
        self.turn += 1
        asked: list[tuple[Sample, tuple[Phrase, ...]]] = []
        due = [label for label in self.inquiries if self.turn % (1 + self.bugs[label]) == 0]
        for label in sorted(due or self.inquiries, key=lambda label: self.bugs[label]):
            if budget > len(asked):
                asked += self.inquiries[label].next(budget - len(asked), self.shared)
        if asked:
            self._learn(self.world.measure([sample for sample, _ in asked]), [phrases for _, phrases in asked])
        return len(asked)

    def ripe(self) -> list[Hypothesis]:
        """Descriptions to test now."""
        return [h for inquiry in self.inquiries.values() for h in inquiry.ripe(self.shared)]

    def heed(self, evidence: Sequence[Evidence]) -> None:
        """Learn from the tests so far: their pictures, and which descriptions explain failures."""
        for i, e in enumerate(evidence):
            suspects, cause = self.inquiries[e.hypothesis.label].suspects, frozenset(e.hypothesis.phrases)
            k, n = self.heard.get(i, (0, 0))
            wrong = e.treated.k - k
            for failed, times in ((True, wrong), (False, e.treated.n - n - wrong)):
                for _ in range(times):
                    suspects.add(cause, failed, len(cause))
            self.heard[i] = e.treated.k, e.treated.n
            if explains(e, self.test):
                suspects.know(cause)
            else:
                suspects.clear(cause)
        confirmed = [e.hypothesis for e in evidence if e.verdict is Verdict.CONFIRMED]
        self.bugs = Counter(h.label for h in confirmed)
        self.shared = self._shared(confirmed)

    def _shared(self, confirmed: Sequence[Hypothesis]) -> dict[Cause, tuple[int, int]]:
        causes = Counter(frozenset(h.phrases) for h in confirmed)
        tried = Counter(c for inquiry in self.inquiries.values() for c in inquiry.tested if c in causes)
        return {cause: (n, tried[cause]) for cause, n in causes.items()}

    # --- learning -----------------------------------------------------------------------------------------------------

    def _learn(self, outcomes: Sequence[Outcome], stated: Sequence[tuple[Phrase, ...]]) -> None:
        """What the pictures say, and the conditions that their captions bring in, which every label tries from here on."""
        captions = self._captions(outcomes)
        heard: list[Phrase] = []
        for o, phrases in zip(outcomes, stated, strict=True):
            label, text = o.sample.prompt.label, captions.get(o.sample.key, "")
            said = self.wording.phrases(text, label)
            heard += pool.harvest(said, self.wording)
            seen = said if self._all(o) else []
            self.inquiries[label].learn(o, (*phrases, *seen), len(phrases), text or self.wording.bare(o.sample.prompt.text))
        for inquiry in self.inquiries.values():
            heard += pool.harvest(inquiry.ask(self.world.propose), self.wording)
        each = list(dict.fromkeys(heard))
        for inquiry in self.inquiries.values():
            inquiry.grow(each)

    def _captions(self, outcomes: Sequence[Outcome]) -> dict[str, str]:
        wanted = [o for o in outcomes if o.status.counts and (self._all(o) or o.status is Status.FAILURE)]
        return {o.sample.key: text for o, text in zip(wanted, self.world.describe(wanted), strict=True)}

    def _all(self, o: Outcome) -> bool:
        """Whether successes are captioned too: plain pictures, and all where the conditions must be found in captions."""
        return o.sample.purpose == "explore" or not self.wording.vocabulary(o.sample.prompt.label)
