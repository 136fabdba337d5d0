"""Is there a sharper description inside a bug? More specific descriptions from the bug's own failures (design, step 6).

Knows no model, file or screen: it asks `measure` and `describe`, and nothing else.
"""

from collections.abc import Callable, Collection, Sequence
from typing import Any

from . import language
from .confirm import confirm
from .discover import Admissible, Sayable
from .explain import Purse
from .stats import JudgeError
from .types import Describe, Evidence, Hypothesis, Measure, Outcome, Phrase, Sample, Status

CHILDREN = 2
"""Descriptions tried a bug, at most."""


def pictures(bug: Evidence, measure: Measure, seed: int) -> Sequence[Outcome]:
    """The pictures that confirmed a bug: the same question again, which costs nothing."""
    prompt = language.treated(bug.hypothesis)
    return measure([Sample(prompt, "confirm", i, seed) for i in range(bug.drawn)])


def propose(
    bug: Evidence,
    outcomes: Sequence[Outcome],
    *,
    describe: Describe,
    margin: float,
    nouns: Collection[str] = (),
    admissible: Admissible = lambda label, phrase: True,
    sayable: Sayable = lambda prompt: True,
) -> list[Hypothesis]:
    """Children: the bug's description with what stands out in the captions of its failures against its successes.

    Each is compared with its parent. None where the parent fails so often that no child can beat it by the margin.
    """
    parent = bug.hypothesis
    if bug.treated.value + margin >= 1:
        return []
    seen = [o for o in outcomes if o.status.counts]
    captions = describe(seen)

    def read(status: Status) -> list[list[Phrase]]:
        texts = [c for o, c in zip(seen, captions, strict=True) if o.status is status]
        return [[p for p in language.phrases(text, parent.label, nouns) if _adds(parent, p, admissible)] for text in texts]

    failures = [o.sample.key for o in seen if o.status is Status.FAILURE]
    children = []
    for contrast in language.contrast(read(Status.FAILURE), read(Status.SUCCESS), top=4 * CHILDREN):
        phrases = (*parent.phrases, *contrast.phrases)
        if sayable(language.prompt(parent.label, phrases)):
            behind = tuple(failures[i] for i in contrast.support)
            children.append(
                Hypothesis(parent.label, phrases, "refinement", behind, against=language.prompt(parent.label, parent.phrases))
            )
    return children[:CHILDREN]


def _adds(parent: Hypothesis, phrase: Phrase, admissible: Admissible) -> bool:
    """A caption's phrase that the parent does not say yet, and that its generator can show."""
    return phrase not in parent.phrases and admissible(parent.label, phrase)


def refine(
    bugs: Sequence[Evidence],
    *,
    purse: Purse,
    describe: Describe,
    alpha: float,
    margin: float,
    look: int,
    seed: int,
    judge_error: JudgeError | None = None,
    on_proposed: Callable[[Sequence[tuple[Evidence, Hypothesis]]], None] = lambda family: None,
    **wording: Any,
) -> list[tuple[Evidence, Evidence]]:
    """(parent, child) for every child tried, which `on_proposed` hears of before its first picture.

    Parent and child get fresh pictures; a confirmed child fails over a margin more often than its parent, false discovery
    rate <= alpha over all children (e-BH).
    """
    family = [
        (bug, child)
        for bug in bugs
        for child in propose(bug, pictures(bug, purse, seed), describe=describe, margin=margin, **wording)
    ]
    # so many that the purse pays for a few looks at each and at its parent
    affordable = family[: purse.left // (8 * look)]
    on_proposed(affordable)
    evidence = confirm(
        [child for _, child in affordable],
        measure=purse,
        alpha=alpha,
        margin=margin,
        budget=purse.left,
        look=look,
        seed=seed,
        purpose="refine",
        judge_error=judge_error,
    )
    return [(bug, e) for (bug, _), e in zip(affordable, evidence, strict=True)]
