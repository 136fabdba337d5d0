"""The method that Bugscope had before it designed its pictures, kept for comparison (`bench/discovery.py`).

It draws 24 plain pictures of each label, forms up to 24 descriptions from captions of their failures and from a checklist of
conditions, and confirms all of them. The confirmation is today's, which takes slightly fewer pictures for the baseline.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from itertools import zip_longest

from bugscope import language
from bugscope.core.records import Counts, Evidence, Hypothesis, Outcome, Phrase, Status
from bugscope.language import Wording
from bugscope.method.confirm import SCREEN, Found, Test, confirm
from bugscope.method.discover import counts, explore
from bugscope.method.world import World

EXPLORE, DESCRIPTIONS = 24, 24
"""Plain pictures of each label, and descriptions of it, at most."""
LEAST_SUCCESSES = 8
"""Even a few failures are compared with at least this many successes."""
Read = tuple[Outcome, list[Phrase]]
"""What became of a picture, and the phrases of its caption."""


def search(labels: Sequence[str], budget: int, test: Test, world: World, wording: Wording, on_round: Found) -> list[Evidence]:
    """A hunt with this many pictures in all."""
    outcomes = explore(labels, EXPLORE, seed=test.seed, measure=world.measure, wording=wording)
    limit = affordable(labels, budget, test)
    return confirm(
        propose(outcomes, world=world, wording=wording, limits=shares(outcomes, limit)),
        measure=world.measure,
        wording=wording,
        test=test,
        budget=budget - EXPLORE * len(labels),
        explored=counts(outcomes),
        tried=limit * len(labels),
        on_round=on_round,
    )


def affordable(labels: Sequence[str], budget: int, test: Test) -> int:
    """Descriptions of each label: as many as can get their first pictures from a small share of the budget."""
    left = budget // len(labels) - EXPLORE
    return max(1, min(DESCRIPTIONS, int(SCREEN * left) // max(1, test.look // 2)))


def shares(outcomes: Sequence[Outcome], limit: int) -> dict[str, int]:
    """Label -> how many descriptions of it are tried: half of them where exploration saw no failure, or no success."""
    seen: Mapping[str, Counts] = counts(outcomes)
    return {label: limit if 0 < c.wrong < c.n else max(1, limit // 2) for label, c in seen.items()}


def propose(outcomes: Sequence[Outcome], *, world: World, wording: Wording, limits: Mapping[str, int]) -> list[Hypothesis]:
    """Phrases that stand out in failures and whole captions of typical failures, in turns; then the checklist, for which at
    least a quarter is reserved."""
    failures, successes = paired(outcomes)
    captions = dict(zip([o.sample.key for o in (*failures, *successes)], world.describe([*failures, *successes]), strict=True))

    def read(o: Outcome) -> list[Phrase]:
        label = o.sample.prompt.label
        return [p for p in wording.phrases(captions[o.sample.key], label) if wording.admissible(label, p)]

    def possible(hypotheses: Iterable[Hypothesis]) -> list[Hypothesis]:
        return [h for h in _distinct(hypotheses) if wording.sayable(wording.prompt(h.label, h.phrases))]

    found: list[Hypothesis] = []
    for label, limit in limits.items():
        wrong = [(o, read(o)) for o in failures if o.sample.prompt.label == label]
        right = [(o, read(o)) for o in successes if o.sample.prompt.label == label]
        turns = zip_longest(_contrasts(label, wrong, right), _captions(label, wrong))
        suggested = possible(h for group in turns for h in group if h is not None)
        conditions = [p for p in _ordered(wording.words.checklist, wrong, right) if wording.admissible(label, p)]
        listed = possible([*suggested, *(Hypothesis(label, (p,)) for p in conditions)])[len(suggested) :]
        from_list = min(len(listed), max(limit // 4, limit - len(suggested)))
        found += [*suggested[: limit - from_list], *listed[:from_list]]
    return found


def paired(outcomes: Sequence[Outcome]) -> tuple[list[Outcome], list[Outcome]]:
    """All failures, and for each label with failures as many successes (at least `LEAST_SUCCESSES`), the first drawn."""
    failures = [o for o in outcomes if o.status is Status.FAILURE]
    successes: list[Outcome] = []
    for label in dict.fromkeys(o.sample.prompt.label for o in failures):
        wanted = sum(o.sample.prompt.label == label for o in failures)
        right = [o for o in outcomes if o.status is Status.SUCCESS and o.sample.prompt.label == label]
        successes += right[: max(wanted, LEAST_SUCCESSES)]
    return failures, successes


def _contrasts(label: str, wrong: Sequence[Read], right: Sequence[Read]) -> list[Hypothesis]:
    contrasts = language.contrast([p for _, p in wrong], [p for _, p in right], top=8)
    return [Hypothesis(label, c.phrases) for c in contrasts]


def _captions(label: str, wrong: Sequence[Read]) -> list[Hypothesis]:
    """The most typical caption of each cluster (what failures are taken for) as a description, the largest cluster first."""
    clusters: dict[str, list[list[Phrase]]] = defaultdict(list)
    for o, phrases in wrong:
        clusters[o.taken_for].append(phrases)
    ordered = sorted(clusters.items(), key=lambda item: (-len(item[1]), item[0]))
    best = [members[language.typical(members)] for _, members in ordered]
    return [Hypothesis(label, tuple(phrases)) for phrases in best if phrases]


def _ordered(checklist: Sequence[Phrase], wrong: Sequence[Read], right: Sequence[Read]) -> list[Phrase]:
    """The checklist: first what failures show more than successes, then what was never drawn, then what did no harm."""

    def harmless(phrase: Phrase) -> int:
        failed, passed = (sum(phrase in phrases for _, phrases in group) / max(1, len(group)) for group in (wrong, right))
        return (passed > failed) - (failed > passed)

    return sorted(checklist, key=harmless)


def _distinct(hypotheses: Iterable[Hypothesis]) -> list[Hypothesis]:
    """Each set of phrases once, in the form that came first."""
    first: dict[frozenset[Phrase], Hypothesis] = {}
    for h in hypotheses:
        first.setdefault(frozenset(h.phrases), h)
    return list(first.values())
