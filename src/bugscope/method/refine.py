"""Looks for sharper descriptions inside a bug, from what its own failures have in common.

Pure: no models, files or screen; all questions go to a `World`.
"""

from collections.abc import Callable, Sequence

from .. import language
from ..core.records import Evidence, Hypothesis, Outcome, Phrase, Sample, Status
from ..language import Wording
from .confirm import Test, confirm
from .events import Refined, Sharpened
from .world import Budgeted, Measure, World

CHILDREN = 2
"""Sharper descriptions tried per bug, at most."""


def pictures(bug: Evidence, measure: Measure, seed: int, wording: Wording) -> Sequence[Outcome]:
    """The pictures that confirmed a bug; asking for them again costs nothing."""
    prompt = wording.treated(bug.hypothesis)
    return measure([Sample(prompt, "confirm", i, seed) for i in range(bug.drawn)])


def propose(
    bug: Evidence,
    outcomes: Sequence[Outcome],
    *,
    describe: Callable[[Sequence[Outcome]], Sequence[str]],
    margin: float,
    wording: Wording,
) -> list[Hypothesis]:
    """Children of a bug: its description plus what stands out in the captions of its failures against its successes.

    Each is compared with its parent. Empty if the parent fails so often that no child can exceed it by the margin.
    """
    parent = bug.hypothesis
    if bug.treated.value + margin >= 1:
        return []
    seen = [o for o in outcomes if o.status.counts]
    captions = describe(seen)

    def read(status: Status) -> list[list[Phrase]]:
        texts = [c for o, c in zip(seen, captions, strict=True) if o.status is status]
        return [[p for p in wording.phrases(text, parent.label) if _adds(parent, p, wording)] for text in texts]

    failures = [o.sample.key for o in seen if o.status is Status.FAILURE]
    children = []
    for contrast in language.contrast(read(Status.FAILURE), read(Status.SUCCESS), top=4 * CHILDREN):
        phrases = (*parent.phrases, *contrast.phrases)
        if wording.sayable(wording.prompt(parent.label, phrases)):
            behind = tuple(failures[i] for i in contrast.support)
            children.append(
                Hypothesis(parent.label, phrases, "refinement", behind, against=wording.prompt(parent.label, parent.phrases))
            )
    return children[:CHILDREN]


def _adds(parent: Hypothesis, phrase: Phrase, wording: Wording) -> bool:
    """Whether a phrase is not yet part of the parent, and the generator can show it."""
    return phrase not in parent.phrases and wording.admissible(parent.label, phrase)


def refine(
    bugs: Sequence[Evidence],
    *,
    measure: Budgeted,
    world: World,
    wording: Wording,
    test: Test,
    tell: Callable[[Sharpened | Refined], None] = lambda event: None,
) -> list[tuple[Evidence, Evidence]]:
    """Test sharper descriptions of `bugs`; (parent, child) for every child tried. `tell` hears of them before they are drawn.

    Parent and child get fresh pictures. A confirmed child's failure rate exceeds its parent's by more than the margin; false
    discovery rate <= `test.alpha` over all children (e-BH).
    """
    family = [
        (bug, child)
        for bug in bugs
        for child in propose(
            bug, pictures(bug, measure, test.seed, wording), describe=world.describe, margin=test.margin, wording=wording
        )
    ]
    # only as many as the budget can give a few looks each, and their parents too
    affordable = family[: measure.left // (8 * test.look)]
    tell(Sharpened(affordable))
    evidence = confirm(
        [child for _, child in affordable],
        measure=measure,
        wording=wording,
        test=test,
        budget=measure.left,
        purpose="refine",
    )
    children = [(bug, e) for (bug, _), e in zip(affordable, evidence, strict=True)]
    tell(Refined(children))
    return children
