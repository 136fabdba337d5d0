"""Explore, cluster, describe: from neutral pictures to hypotheses. Pure: no models, files or screen."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from itertools import zip_longest

from .. import language
from ..core.records import Counts, Hypothesis, Outcome, Phrase, Sample, Status
from ..language import Wording
from .world import Measure, World

Read = tuple[Outcome, list[Phrase]]
"""What became of a picture, and the phrases of its caption."""
LEAST_SUCCESSES = 8
"""Even a few failures are compared with at least this many successes."""


def explore(labels: Sequence[str], n: int, *, seed: int, measure: Measure, wording: Wording) -> Sequence[Outcome]:
    """Draw `n` pictures of each label's neutral prompt (Wiles et al. 2022, step 1)."""
    return measure([Sample(wording.neutral(label), "explore", i, seed) for label in labels for i in range(n)])


def counts(outcomes: Iterable[Outcome]) -> dict[str, Counts]:
    """Label -> what became of its pictures."""
    found: dict[str, Counts] = defaultdict(Counts)
    for o in outcomes:
        found[o.sample.prompt.label] = found[o.sample.prompt.label].add(o)
    return dict(found)


def shares(outcomes: Sequence[Outcome], limit: int) -> dict[str, int]:
    """Label -> how many descriptions of it may be tried: `limit` where exploration saw failures and successes, else half of it.

    A label that never fails leaves nothing to describe, and one that always fails has no room to fail more; even so, the
    checklist tries there what exploration never drew. No label gets more than `limit`, whatever exploration saw: the level
    of the tests depends on that (docs/statistics.md).
    """
    return {label: limit if 0 < c.wrong < c.n else max(1, limit // 2) for label, c in counts(outcomes).items()}


def cluster(outcomes: Iterable[Outcome]) -> dict[tuple[str, str], list[Outcome]]:
    """Failures by (label, what it was taken for), each label's largest group first, as in the paper (step 3)."""
    groups: dict[tuple[str, str], list[Outcome]] = defaultdict(list)
    for o in outcomes:
        if o.status is Status.FAILURE:
            groups[o.sample.prompt.label, o.taken_for].append(o)
    return dict(sorted(groups.items(), key=lambda item: (item[0][0], -len(item[1]), item[0][1])))


def propose(
    outcomes: Sequence[Outcome],
    *,
    world: World,
    wording: Wording,
    limits: Mapping[str, int],
    checklist: Sequence[Phrase] | None = None,
) -> list[Hypothesis]:
    """Form hypotheses from captions of failures and successes and from a checklist (step 4), at most `limits[label]` per label.

    Three sources take turns: phrases that stand out in failures against successes, whole captions of typical failures, and
    what a describer proposes, if there is one. Then comes the checklist (by default the medium's), for which at least a
    quarter is reserved, so that conditions that exploration never drew are tried too. Phrases that the generator cannot show
    and prompts that it does not understand are left out (`wording`).
    """
    conditions = wording.words.checklist if checklist is None else checklist
    failures, successes = _paired(outcomes)
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
        said = world.propose(label, *([captions[o.sample.key] for o, _ in group] for group in (wrong, right))) if wrong else ()
        read_out = [[p for p in wording.described(text, label) if wording.admissible(label, p)] for text in said]
        behind = tuple(o.sample.key for o, _ in wrong)
        described = [Hypothesis(label, tuple(phrases), "describer", behind) for phrases in read_out if phrases]
        suggested = possible(_interleaved(_contrasts(label, wrong, right), _captions(label, wrong), described))
        listed = [
            Hypothesis(label, (p,), "checklist") for p in _ordered(conditions, wrong, right) if wording.admissible(label, p)
        ]
        listed = possible([*suggested, *listed])[len(suggested) :]
        from_list = min(len(listed), max(limit // 4, limit - len(suggested)))
        found += [*suggested[: limit - from_list], *listed[:from_list]]
    return found


def _paired(outcomes: Sequence[Outcome]) -> tuple[list[Outcome], list[Outcome]]:
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
    return [Hypothesis(label, c.phrases, "contrast", tuple(wrong[i][0].sample.key for i in c.support)) for c in contrasts]


def _captions(label: str, wrong: Sequence[Read]) -> list[Hypothesis]:
    """The most typical caption of each cluster as a description of the label, the largest cluster first."""
    texts = {o.sample.key: phrases for o, phrases in wrong}
    made = []
    for members in cluster(o for o, _ in wrong).values():
        keys = [o.sample.key for o in members]
        best = keys[language.typical([texts[k] for k in keys])]
        if texts[best]:
            made.append(Hypothesis(label, tuple(texts[best]), "caption", (best,)))
    return made


def _ordered(checklist: Sequence[Phrase], wrong: Sequence[Read], right: Sequence[Read]) -> list[Phrase]:
    """The checklist: first what failures show more than successes, then what was never drawn, then what did no harm."""

    def harmless(phrase: Phrase) -> int:
        failed, passed = (sum(phrase in phrases for _, phrases in group) / max(1, len(group)) for group in (wrong, right))
        return (passed > failed) - (failed > passed)

    return sorted(checklist, key=harmless)


def _interleaved(*lists: Sequence[Hypothesis]) -> list[Hypothesis]:
    return [h for group in zip_longest(*lists) for h in group if h is not None]


def _distinct(hypotheses: Iterable[Hypothesis]) -> list[Hypothesis]:
    """Each set of phrases once, in the form that came first."""
    first: dict[frozenset[Phrase], Hypothesis] = {}
    for h in hypotheses:
        first.setdefault(frozenset(h.phrases), h)
    return list(first.values())
