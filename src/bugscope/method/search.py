"""The paper's loop on one page (Wiles, Albuquerque and Gowal 2022), with statistics for what the paper leaves open."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from ..core.explanation import Explanation
from ..core.records import Evidence, Status, Verdict
from ..language import Wording
from . import events
from .confirm import confirm, fixed_n
from .discover import counts, explore, propose, shares
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
    # 1-2. Draw pictures of each label from its neutral prompt, and keep the faithful ones that the target gets wrong.
    outcomes = explore(labels, plan.explore, seed=test.seed, measure=world.measure, wording=wording)
    tell(events.Explored(outcomes))

    # 3-4. Cluster the failures, caption them, and turn what they have in common into descriptions.
    limits = shares(outcomes, plan.affordable)
    hypotheses = propose(outcomes, world=world, wording=wording, limits=limits)
    tell(events.Proposed(hypotheses))

    # 5. Measure on fresh pictures whether a description really makes the target fail more often.
    if plan.fixed_n:
        evidence = fixed_n(hypotheses, measure=world.measure, wording=wording, test=test, n=plan.fixed_n)
    else:
        evidence = confirm(
            hypotheses,
            measure=world.measure,
            wording=wording,
            test=test,
            budget=plan.confirming,
            explored=counts(outcomes),
            tried=plan.tried,
            on_round=lambda evidence: tell(events.Measured(evidence)),
        )
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


def taken_for(bug: Evidence, measure: Measure, seed: int, wording: Wording) -> str:
    """What a bug's failures are taken for most often; "" if it has none."""
    failures = [o.taken_for for o in pictures(bug, measure, seed, wording) if o.status is Status.FAILURE and o.taken_for]
    return next((label for label, _ in Counter(failures).most_common(1)), "")
