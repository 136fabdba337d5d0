"""The paper's loop on one page (Wiles, Albuquerque and Gowal 2022), with statistics for what the paper leaves open."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from ..core.explanation import Explanation
from ..core.records import Counts, Evidence, Hypothesis, Status, Verdict
from ..language import Wording
from . import events
from .confirm import Confirmation, fixed_n
from .discover import Discovery, counts, explore
from .events import Event
from .explain import explain
from .plan import Plan
from .refine import pictures, refine
from .world import Budgeted, Measure, World


@dataclass(frozen=True, slots=True)
class Findings:
    """All conclusions of a hunt.

    `evidence`: of every description tried. `children`: (bug, sharper description) pairs tried. `explanations`: (bug, why)
    pairs, as far as the pictures for explaining went.
    """

    evidence: list[Evidence]
    children: list[tuple[Evidence, Evidence]] = field(default_factory=list)
    explanations: list[tuple[Evidence, Explanation]] = field(default_factory=list)


def search(
    labels: Sequence[str],
    plan: Plan,
    world: World,
    wording: Wording,
    tell: Callable[[Event], None] = events.silent,
) -> Findings:
    """Run the method. Pure: no models, files or screen. `tell` hears of each step before the next question is asked."""
    test = plan.test
    # 1. Draw plain pictures of each label: what its failure rate is compared with.
    plain = explore(labels, plan.explore, seed=test.seed, measure=world.measure, wording=wording)
    tell(events.Explored(plain))

    # 2-5. Find descriptions that make the target fail, and measure on fresh pictures whether they really do.
    discovery = Discovery(labels, plain, plan, world, wording)
    evidence = (fixed if plan.fixed_n else in_rounds)(discovery, counts(plain), plan, world, wording, tell)
    tell(events.Measured(evidence))
    if not plan.explain_budget:
        return Findings(evidence)

    # 6. Why? Change one phrase at a time on the same seeds, look for the smallest description, show the context alone.
    bugs = sorted((e for e in evidence if e.verdict is Verdict.CONFIRMED), key=lambda e: e.baseline.value - e.treated.value)
    tell(events.Confirmed(bugs))
    measure = Budgeted(world.measure, plan.explain_budget)
    explanations = []
    for bug in bugs:
        wrong = taken_for(bug, measure, test.seed, wording)
        why = explain(
            bug.hypothesis, wrong, measure=measure, wording=wording, test=test, pairs=plan.pairs, swaps=1, vary=world.vary
        )
        if why:
            explanations.append((bug, why))
            tell(events.Explained(bug, why))

    # 7. Describe each bug's own failures in turn: does a sharper description fail even more often than the bug?
    children = refine(bugs, measure=measure, world=world, wording=wording, test=test, tell=tell)
    return Findings(evidence, children, explanations)


def in_rounds(
    discovery: Discovery,
    explored: Mapping[str, Counts],
    plan: Plan,
    world: World,
    wording: Wording,
    tell: Callable[[Event], None],
) -> list[Evidence]:
    """Explore, suspect, confirm, and explore again, until the budget is spent."""
    tests = Confirmation(
        measure=world.measure, wording=wording, test=plan.test, budget=plan.confirming, explored=explored, tried=plan.tried,
        slots=plan.affordable,
    )  # fmt: skip
    hypotheses: list[Hypothesis] = []
    drawn = 1
    while drawn:
        # 2. Draw pictures that state several conditions at once: those that tell most about what makes a label fail.
        drawn = discovery.draw(tests.free)
        tests.spend(drawn)
        # 3-4. What failing pictures have in common, and passing ones have not, is put into words.
        if ripe := discovery.ripe():
            hypotheses = [*hypotheses, *ripe]
            tell(events.Proposed(hypotheses))
            tests.add(ripe)
            tell(events.Measured(tests.evidence))
        # 5. Measure on fresh pictures whether a description really makes the target fail more often.
        while tests.round(promising=True):
            tell(events.Measured(tests.evidence))
        discovery.heed(tests.evidence)
    tell(events.Settling())
    while tests.round() or tests.widen():
        tell(events.Measured(tests.evidence))
    return tests.evidence


def fixed(
    discovery: Discovery,
    explored: Mapping[str, Counts],
    plan: Plan,
    world: World,
    wording: Wording,
    tell: Callable[[Event], None],
) -> list[Evidence]:
    """The paper's procedure, for comparison: all descriptions first, then equally many pictures of each."""
    left, drawn = plan.designed * plan.labels, 1
    hypotheses: list[Hypothesis] = []
    while drawn:
        drawn = discovery.draw(left)
        left -= drawn
        hypotheses += discovery.ripe()
    tell(events.Proposed(hypotheses))
    tell(events.Settling())
    return fixed_n(hypotheses, measure=world.measure, wording=wording, test=plan.test, n=plan.fixed_n)


def taken_for(bug: Evidence, measure: Measure, seed: int, wording: Wording) -> str:
    """What a bug's failures are taken for most often; "" if it has none."""
    failures = [o.taken_for for o in pictures(bug, measure, seed, wording) if o.status is Status.FAILURE and o.taken_for]
    return next((label for label, _ in Counter(failures).most_common(1)), "")
