"""Why does a bug happen? One change at a time on the same seeds, the minimal description, spurious cues (design, step 7).

Knows no model, file or screen: it asks `measure`, and nothing else. After Wiles et al. 2022 (counterfactual analysis and
spurious correlations), with tests.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from . import language, stats
from .confirm import BASELINE_CAP, BASELINE_LEAST, confirm
from .discover import Sayable
from .labels import accepted
from .language import Edit
from .types import Estimate, Evidence, Hypothesis, Measure, Outcome, Phrase, Prompt, Rate, Sample, Status, Verdict

MOST = 128
"""Pictures that one smaller description gets at most; what is undecided then counts as no bug."""
OTHERS = 3
"""Other objects put into the context."""


@dataclass(frozen=True, slots=True)
class Counterfactual:
    """A description with one phrase changed, on the same seeds as the whole. Only pairs of two faithful pictures count."""

    edit: Edit
    before: Rate
    after: Rate
    only_before: int
    """Pairs that fail only before the change, ..."""
    only_after: int
    """... and only after it."""
    effect: Estimate
    """rate(after) - rate(before)."""
    p_value: float
    """Exact McNemar, one-sided: the failures fall."""
    adjusted: float
    """Holm over the bug's drops, or over its replacements and additions: which phrase does it, and what would mend it."""
    alpha: float

    @property
    def mends(self) -> bool:
        """The change makes the classifier fail less, beyond doubt."""
        return self.adjusted <= self.alpha and self.effect.value < 0

    @property
    def is_cue(self) -> bool:
        """Without this phrase the bug is not what it was."""
        return self.edit.op == "drop" and self.mends


@dataclass(frozen=True, slots=True)
class Minimal:
    """The phrases that suffice. `decided`: no smaller description was left undecided when the pictures ran out."""

    phrases: tuple[Phrase, ...]
    decided: bool
    trials: tuple[Evidence, ...]
    """Every smaller description tried, in order."""


@dataclass(frozen=True, slots=True)
class Cell:
    """How often the wrong label is predicted on pictures of `prompts` (replicate i is of prompt i modulo their number)."""

    prompts: tuple[Prompt, ...]
    drawn: int
    rate: Rate


@dataclass(frozen=True, slots=True)
class Spurious:
    """Is the wrong label predicted from the context, whatever stands in it?"""

    wrong: str
    alone: Cell
    """The context without any object; pictures that show the wrong label, says the judge, are left out."""
    whole: Cell
    """The object in the context: the bug."""
    plain: Cell
    """The object without the context."""
    others: Cell | None
    """Other objects in the context, ..."""
    others_plain: Cell | None
    """... and without it."""
    p_alone: float
    """Fisher, one-sided: the context alone against the plain pictures; Holm over the two tests."""
    p_others: float | None
    """Exact McNemar on the same seeds, one-sided: other objects in the context against without it; Holm over the two tests."""
    alpha: float

    @property
    def from_context_alone(self) -> bool:
        return self.p_alone <= self.alpha

    @property
    def from_other_objects(self) -> bool:
        return self.p_others is not None and self.p_others <= self.alpha


@dataclass(frozen=True, slots=True)
class Explanation:
    hypothesis: Hypothesis
    pairs: int
    """Pictures drawn of the description and of each change."""
    base: Rate
    counterfactuals: tuple[Counterfactual, ...]
    minimal: Minimal
    spurious: Spurious | None
    """None where the description says nothing of the surroundings, or no wrong label is known."""


class Purse:
    """`measure` within a budget of pictures; what was asked for before costs nothing, nor does what the hunt itself drew."""

    def __init__(self, measure: Measure, budget: int) -> None:
        self.measure, self.left = measure, budget
        self._paid: set[str] = set()

    def affords(self, samples: Iterable[Sample]) -> bool:
        return len(self._new(samples)) <= self.left

    def __call__(self, samples: Sequence[Sample]) -> Sequence[Outcome]:
        new = self._new(samples)
        self.left -= len(new)
        self._paid |= new
        return self.measure(samples)

    def _new(self, samples: Iterable[Sample]) -> set[str]:
        return {s.key for s in samples if s.purpose in ("refine", "explain")} - self._paid


Alternatives = Callable[[str, Sequence[Phrase]], Sequence[Iterable[Phrase]] | None]
"""What may stand in the place of each phrase of a label's description; None: the siblings that `language` knows."""
Fair = Callable[[str, Sequence[Phrase]], bool]
"""Can the label be shown under these phrases, so that a person could still name it?"""


def explain(
    h: Hypothesis,
    wrong: str,
    *,
    purse: Purse,
    pairs: int,
    alpha: float,
    seed: int,
    swaps: int = 2,
    add: Iterable[Phrase] = (),
    alternatives: Alternatives = lambda label, phrases: None,
    others: Sequence[str] = (),
    fair: Fair = lambda label, phrases: True,
    sayable: Sayable = lambda prompt: True,
    **test: Any,
) -> Explanation | None:
    """What in the description `h` makes the classifier fail; None where the purse does not pay for it.

    `wrong`: the label it is taken for ("" if unknown). `pairs`: same-seed pictures of each change. `swaps`, `add`,
    `alternatives`: see `language.edits`; a change that is not `fair` is left out. Where the purse is short, only drops are
    tried. `others`: other labels, to be put into the same context. `sayable`: can the generator draw the context alone?
    `test`: what else `confirm` takes (margin, look, judge_error).
    """

    def samples(prompts: Sequence[Prompt]) -> list[Sample]:
        return [Sample(prompts[i % len(prompts)], "explain", i, seed) for i in range(pairs)]

    def asked(edits: Sequence[Edit]) -> list[list[Sample]]:
        return [samples([language.prompt(h.label, phrases)]) for phrases in (h.phrases, *(e.phrases for e in edits))]

    def affordable(edits: Sequence[Edit]) -> bool:
        return purse.affords(s for group in asked(edits) for s in group)

    chosen = language.edits(h.phrases, limit=0)
    if not affordable(chosen):
        return None
    changes = _changes(h, swaps, add, alternatives(h.label, h.phrases), fair)
    if affordable(changes):
        chosen = changes
    base, *edited = _in_groups(purse, asked(chosen))
    found = _counterfactuals(chosen, base, edited, alpha)
    smallest = _minimal(h, found, purse=purse, alpha=alpha, seed=seed, **test)
    spurious = None
    cells = _cells(h, wrong, [o for o in others if o != h.label], fair, sayable)
    groups = [samples(prompts) for prompts in cells]
    if groups and purse.affords(s for group in groups for s in group):
        spurious = _spurious(wrong, cells, _in_groups(purse, groups), alpha)
    counted = [o.status is Status.FAILURE for o in base if o.status.counts]
    rate = stats.clopper_pearson(sum(counted), len(counted))
    return Explanation(h, pairs, rate, tuple(found), smallest, spurious)


def _in_groups(measure: Measure, groups: Sequence[Sequence[Sample]]) -> list[Sequence[Outcome]]:
    """One question for all."""
    outcomes = iter(measure([s for group in groups for s in group]))
    return [[next(outcomes) for _ in group] for group in groups]


# --- one change at a time -----------------------------------------------------------------------------------------------


def _changes(
    h: Hypothesis, swaps: int, add: Iterable[Phrase], alternatives: Sequence[Iterable[Phrase]] | None, fair: Fair
) -> list[Edit]:
    """Every change of one phrase that leaves the label recognisable."""
    listed = [language.siblings(p) for p in h.phrases] if alternatives is None else alternatives
    possible = [
        [other for other in mine if fair(h.label, (*h.phrases[:i], other, *h.phrases[i + 1 :]))]
        for i, mine in enumerate(listed)
    ]
    added = [p for p in add if fair(h.label, (*h.phrases, p))]
    return language.edits(h.phrases, limit=swaps, add=added, alternatives=possible)


def _counterfactuals(
    edits: Sequence[Edit], base: Sequence[Outcome], edited: Sequence[Sequence[Outcome]], alpha: float
) -> list[Counterfactual]:
    tables = [_paired(base, after) for after in edited]
    p_values = np.array([stats.mcnemar(fell, rose, "fall") for _, fell, rose, _ in tables])
    dropped = np.array([e.op == "drop" for e in edits])
    adjusted = np.ones(len(edits))
    for family in (dropped, ~dropped):
        adjusted[family] = stats.holm(p_values[family])
    found = []
    for edit, (both, fell, rose, n), p, holm in zip(edits, tables, p_values, adjusted, strict=True):
        before, after = stats.clopper_pearson(both + fell, n), stats.clopper_pearson(both + rose, n)
        effect = stats.paired_difference(fell, rose, n)
        found.append(Counterfactual(edit, before, after, fell, rose, effect, float(p), float(holm), alpha))
    return found


def _paired(before: Sequence[Outcome], after: Sequence[Outcome]) -> tuple[int, int, int, int]:
    """(fail twice, only before, only after, all) of the pairs in which both pictures show the label."""
    pairs = [
        (b.status is Status.FAILURE, a.status is Status.FAILURE)
        for b, a in zip(before, after, strict=True)
        if b.status.counts and a.status.counts
    ]
    return pairs.count((True, True)), pairs.count((True, False)), pairs.count((False, True)), len(pairs)


# --- the minimal description --------------------------------------------------------------------------------------------


def _minimal(h: Hypothesis, found: Sequence[Counterfactual], *, purse: Purse, alpha: float, seed: int, **test: Any) -> Minimal:
    """Delta debugging over phrases; a smaller description holds where fresh pictures confirm it against the plain label.

    Cues stay: without one of them the bug is not what it was, even where the rest still fails. The cues alone, or where there
    are none the phrase whose loss mends most, are tried first and get half of alpha, which other pictures decided; the
    other half is shared by all further tests that there can be. Half of the purse, at most, is spent here.
    """
    cues = [c.edit.phrase for c in found if c.is_cue and c.edit.phrase]
    effects = {c.edit.phrase: c.effect.value for c in found if c.edit.op == "drop"}
    ordered = sorted(h.phrases, key=lambda p: effects.get(p, 0.0))
    others = [p for p in ordered if p not in cues]
    likeliest = frozenset(cues or ordered[:1])
    level = alpha / 2 / tests(len(others))
    least = purse.left // 2
    tried: dict[frozenset[Phrase], Evidence] = {}
    unasked: set[frozenset[Phrase]] = set()

    def holds(phrases: Sequence[Phrase]) -> bool:
        chosen = frozenset([*cues, *phrases])
        budget = min(MOST + BASELINE_CAP, purse.left - least)
        if chosen not in tried and budget < BASELINE_LEAST + test["look"]:
            unasked.add(chosen)
            return False
        if chosen not in tried:
            smaller = Hypothesis(h.label, tuple(p for p in h.phrases if p in chosen), h.source)
            (tried[chosen],) = confirm(
                [smaller],
                measure=purse,
                alpha=alpha / 2 if chosen == likeliest else level,
                budget=budget,
                seed=seed,
                purpose="refine",
                enough=0,
                **test,
            )
        return tried[chosen].verdict is Verdict.CONFIRMED

    if not others or len(ordered) == 1:
        kept = set(ordered)
    elif holds([] if cues else ordered[:1]):
        kept = set(likeliest)
    else:
        kept = {*cues, *ddmin(others, holds)}
    decided = not unasked and all(e.verdict is not Verdict.UNDECIDED for e in tried.values())
    return Minimal(tuple(p for p in h.phrases if p in kept), decided, tuple(tried.values()))


def tests(n: int) -> int:
    """How many smaller descriptions `ddmin` can ask about, at most: all of them, or n^2 + 3n (Zeller and Hildebrandt)."""
    return max(1, min(2**n - 2, n * n + 3 * n))


def ddmin(items: Sequence[Phrase], holds: Callable[[Sequence[Phrase]], bool]) -> Sequence[Phrase]:
    """A part of `items` that holds and of which no single item can go (Zeller and Hildebrandt 2002, ddmin).

    The whole is taken to hold, nothing at all is not asked about.
    """
    parts = 2
    while len(items) > 1:
        cuts = [len(items) * i // parts for i in range(parts + 1)]
        chunks = [items[a:b] for a, b in zip(cuts, cuts[1:], strict=False)]
        rests = [[*items[:a], *items[b:]] for a, b in zip(cuts, cuts[1:], strict=False)] if parts > 2 else []
        smaller = next((c for c in (*chunks, *rests) if holds(c)), None)
        if smaller is not None:
            parts = 2 if smaller in chunks else max(parts - 1, 2)
            items = smaller
        elif parts == len(items):
            break
        else:
            parts = min(len(items), 2 * parts)
    return items


# --- spurious cues ------------------------------------------------------------------------------------------------------


def _cells(h: Hypothesis, wrong: str, others: Sequence[str], fair: Fair, sayable: Sayable) -> list[list[Prompt]]:
    """Prompts of the cells: context alone, whole, plain, and, where there are other objects, they in the context and plain.

    None where there is no wrong label, or no context that can be shown without the object.
    """
    context = language.context(h.phrases, wrong)
    if not wrong or context is None or not sayable(context):
        return []
    kept = language.surroundings(h.phrases)
    # another object that is the wrong label would be no mistake
    possible = [o for o in others if not accepted(o) & accepted(wrong) and fair(o, kept) and fair(o, ())][:OTHERS]
    cells = [[context], [language.prompt(h.label, h.phrases)], [language.neutral(h.label)]]
    if possible:
        cells += [[language.prompt(o, kept) for o in possible], [language.neutral(o) for o in possible]]
    return cells


def _spurious(wrong: str, prompts: Sequence[Sequence[Prompt]], outcomes: Sequence[Sequence[Outcome]], alpha: float) -> Spurious:
    taken = accepted(wrong)
    hits: list[list[bool | None]] = [
        # the judge looked for the wrong label in the context alone: what shows it is no mistake
        [o.predicted in taken if o.status is Status.UNFAITHFUL else None for o in outcomes[0]],
        *([o.predicted in taken if o.status.counts else None for o in group] for group in outcomes[1:]),
    ]
    cells = [
        Cell(tuple(p), len(group), stats.clopper_pearson(sum(x is True for x in group), sum(x is not None for x in group)))
        for p, group in zip(prompts, hits, strict=True)
    ]
    alone, whole, plain, *rest = cells
    without = [plain, *rest[1:]]
    p_values = [stats.fisher(alone.rate.k, alone.rate.n, sum(c.rate.k for c in without), sum(c.rate.n for c in without))]
    if rest:
        pairs = [(a, b) for a, b in zip(hits[3], hits[4], strict=True) if a is not None and b is not None]
        p_values.append(stats.mcnemar(pairs.count((False, True)), pairs.count((True, False)), "rise"))
    p_alone, *p_others = (float(p) for p in stats.holm(p_values))
    others, others_plain = rest or (None, None)
    return Spurious(wrong, alone, whole, plain, others, others_plain, p_alone, next(iter(p_others), None), alpha)
