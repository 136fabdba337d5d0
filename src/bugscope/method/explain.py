"""Explains a bug: one change at a time on the same seeds, the minimal description, spurious cues.

After Wiles et al. 2022 (counterfactual analysis and spurious correlations), with significance tests. Pure: no models, files
or screen; all questions go to a `World`.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

import numpy as np

from .. import stats
from ..core.explanation import ContextCell, Counterfactual, Edit, Explanation, Minimal, Spurious
from ..core.records import Evidence, Hypothesis, Outcome, Phrase, Prompt, Sample, Status, Verdict
from ..language import Wording
from .confirm import BASELINE_CAP, BASELINE_LEAST, Test, confirm
from .world import Budgeted, Measure

Vary = Callable[[str, Sequence[Phrase]], Sequence[Iterable[Phrase]]]
"""`World.vary`."""
MOST = 128
"""Pictures of one smaller description, at most; if it is still undecided then, it does not count as a bug."""
OTHERS = 3
"""Other objects put into the context, at most."""


def explain(
    h: Hypothesis,
    wrong: str,
    *,
    measure: Budgeted,
    wording: Wording,
    test: Test,
    pairs: int,
    swaps: int = 2,
    add: Iterable[Phrase] = (),
    vary: Vary | None = None,
) -> Explanation | None:
    """Find what in the description `h` makes the target fail; None if the budget cannot pay for it.

    `wrong`: what the label is taken for ("" if unknown). `pairs`: same-seed pictures of each change. `swaps`: replacements of
    each phrase, at most; `add`: phrases to add. `vary`: what may replace each phrase, by default its siblings. Changes that
    are not fair (`Wording.fair`) are left out. If the budget is short, only drops are tried. `wording.others`: other labels
    to put into the same context.
    """

    def samples(prompts: Sequence[Prompt]) -> list[Sample]:
        return [Sample(prompts[i % len(prompts)], "explain", i, test.seed) for i in range(pairs)]

    def asked(edits: Sequence[Edit]) -> list[list[Sample]]:
        return [samples([wording.prompt(h.label, phrases)]) for phrases in (h.phrases, *(e.phrases for e in edits))]

    def affordable(edits: Sequence[Edit]) -> bool:
        return measure.affords(s for group in asked(edits) for s in group)

    chosen = wording.edits(h.phrases, limit=0)
    if not affordable(chosen):
        return None
    changes = _changes(h, swaps, add, vary(h.label, h.phrases) if vary else None, wording)
    if affordable(changes):
        chosen = changes
    base, *edited = _in_groups(measure, asked(chosen))
    found = _counterfactuals(chosen, base, edited, test.alpha)
    smallest = _minimal(h, found, measure, wording, test)
    spurious = None
    cells = _cells(h, wrong, wording)
    groups = [samples(prompts) for prompts in cells]
    if groups and measure.affords(s for group in groups for s in group):
        spurious = _spurious(wrong, cells, _in_groups(measure, groups), test.alpha)
    counted = [o.status is Status.FAILURE for o in base if o.status.counts]
    rate = stats.clopper_pearson(sum(counted), len(counted))
    return Explanation(h, pairs, rate, tuple(found), smallest, spurious)


def _in_groups(measure: Measure, groups: Sequence[Sequence[Sample]]) -> list[Sequence[Outcome]]:
    """The outcomes of each group; all are asked for in one question."""
    outcomes = iter(measure([s for group in groups for s in group]))
    return [[next(outcomes) for _ in group] for group in groups]


# --- one change at a time -----------------------------------------------------------------------------------------------


def _changes(
    h: Hypothesis, swaps: int, add: Iterable[Phrase], alternatives: Sequence[Iterable[Phrase]] | None, wording: Wording
) -> list[Edit]:
    """Every change of one phrase that leaves the label recognisable."""
    listed = [wording.siblings(p) for p in h.phrases] if alternatives is None else alternatives
    possible = [
        [other for other in mine if wording.fair(h.label, (*h.phrases[:i], other, *h.phrases[i + 1 :]))]
        for i, mine in enumerate(listed)
    ]
    added = [p for p in add if wording.fair(h.label, (*h.phrases, p))]
    return wording.edits(h.phrases, limit=swaps, add=added, alternatives=possible)


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
    """Numbers of pairs (both fail, only before, only after, all), where both pictures of a pair show the label."""
    pairs = [
        (b.status is Status.FAILURE, a.status is Status.FAILURE)
        for b, a in zip(before, after, strict=True)
        if b.status.counts and a.status.counts
    ]
    return pairs.count((True, True)), pairs.count((True, False)), pairs.count((False, True)), len(pairs)


# --- the minimal description --------------------------------------------------------------------------------------------


def _minimal(h: Hypothesis, found: Sequence[Counterfactual], measure: Budgeted, wording: Wording, test: Test) -> Minimal:
    """Delta debugging over phrases: a smaller description holds if fresh pictures confirm it against the plain label.

    Cues stay: without one of them it is not the same bug, even if the rest still fails. The cues alone (or, if there are
    none, the phrase whose removal helps most) are tried first and get half of alpha, since other pictures singled them out;
    all further tests that are possible share the other half. At most half of the budget is spent here.
    """
    cues = [c.edit.phrase for c in found if c.is_cue and c.edit.phrase]
    effects = {c.edit.phrase: c.effect.value for c in found if c.edit.op == "drop"}
    ordered = sorted(h.phrases, key=lambda p: effects.get(p, 0.0))
    others = [p for p in ordered if p not in cues]
    likeliest = frozenset(cues or ordered[:1])
    level = test.alpha / 2 / tests(len(others))
    least = measure.left // 2
    tried: dict[frozenset[Phrase], Evidence] = {}
    unasked: set[frozenset[Phrase]] = set()

    def holds(phrases: Sequence[Phrase]) -> bool:
        chosen = frozenset([*cues, *phrases])
        budget = min(MOST + BASELINE_CAP, measure.left - least)
        if chosen not in tried and budget < BASELINE_LEAST + test.look:
            unasked.add(chosen)
            return False
        if chosen not in tried:
            smaller = Hypothesis(h.label, tuple(p for p in h.phrases if p in chosen), h.source)
            (tried[chosen],) = confirm(
                [smaller],
                measure=measure,
                wording=wording,
                test=replace(test, alpha=test.alpha / 2 if chosen == likeliest else level),
                budget=budget,
                purpose="refine",
                enough=0,
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
    """The most smaller descriptions that `ddmin` can ask about: all there are, or n^2 + 3n if less (Zeller and Hildebrandt)."""
    return max(1, min(2**n - 2, n * n + 3 * n))


def ddmin(items: Sequence[Phrase], holds: Callable[[Sequence[Phrase]], bool]) -> Sequence[Phrase]:
    """A part of `items` that holds, and from which no single item can be removed (Zeller and Hildebrandt 2002, ddmin).

    The whole is assumed to hold; the empty part is never asked about.
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


def _cells(h: Hypothesis, wrong: str, wording: Wording) -> list[list[Prompt]]:
    """Prompts of the cells: the context alone, the whole, the plain label and, if there are other objects, these in the context
    and plain.

    Empty if there is no wrong label, or no context that can be shown without the object.
    """
    context = wording.context(h.phrases, wrong)
    if not wrong or context is None or not wording.sayable(context):
        return []
    kept = wording.surroundings(h.phrases)
    # calling another object by the wrong label is no mistake if that is what it is
    others = [o for o in wording.others if o != h.label and not wording.alike(o, wrong)]
    possible = [o for o in others if wording.fair(o, kept) and wording.fair(o, ())][:OTHERS]
    cells = [[context], [wording.prompt(h.label, h.phrases)], [wording.neutral(h.label)]]
    if possible:
        cells += [[wording.prompt(o, kept) for o in possible], [wording.neutral(o) for o in possible]]
    return cells


def _spurious(wrong: str, prompts: Sequence[Sequence[Prompt]], outcomes: Sequence[Sequence[Outcome]], alpha: float) -> Spurious:
    hits: list[list[bool | None]] = [
        # in the context alone the judge looked for the wrong label: predicting it is no mistake if the picture shows it
        [wrong in o.claims if o.status is Status.UNFAITHFUL else None for o in outcomes[0]],
        *([wrong in o.claims if o.status.counts else None for o in group] for group in outcomes[1:]),
    ]
    cells = [
        ContextCell(
            tuple(p), len(group), stats.clopper_pearson(sum(x is True for x in group), sum(x is not None for x in group))
        )
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
