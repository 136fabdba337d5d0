"""Which phrases stand out in failures."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations

from ..core.records import Phrase


@dataclass(frozen=True, slots=True)
class Contrast:
    """A set of phrases more common in failures than in successes, and the indices of the failures that have them."""

    phrases: tuple[Phrase, ...]
    score: float
    support: tuple[int, ...]


def contrast(failures: Sequence[Sequence[Phrase]], successes: Sequence[Sequence[Phrase]], top: int) -> list[Contrast]:
    """Single phrases and pairs that stand out in failures, best first.

    Score: log odds ratio with 1/2 added to each count, over its standard error (Haldane-Anscombe; Monroe, Colaresi and
    Quinn 2008). A set is kept if it has at least 2 failures and a positive score; a pair must also beat both of its parts. Of
    sets with the same failures the shortest is kept.
    """
    f, s = [frozenset(x) for x in failures], [frozenset(x) for x in successes]
    single = {p: _score((p,), f, s) for x in f for p in x}
    strong = sorted((p for p, c in single.items() if len(c.support) >= 2), key=lambda p: (-single[p].score, p.text, p.before))
    found = list(single.values())
    for a, b in combinations(strong[:40], 2):
        pair = _score((a, b), f, s)
        if pair.score > max(single[a].score, single[b].score):
            found.append(pair)
    ranked = sorted(
        (c for c in found if len(c.support) >= 2 and c.score > 0),
        key=lambda c: (-c.score, len(c.phrases), [(p.text, p.before) for p in c.phrases]),
    )
    kept: list[Contrast] = []
    for c in ranked:
        if not any(set(k.phrases) <= set(c.phrases) and k.support == c.support for k in kept):
            kept.append(c)
    return kept[:top]


def _score(phrases: tuple[Phrase, ...], f: Sequence[frozenset[Phrase]], s: Sequence[frozenset[Phrase]]) -> Contrast:
    support = tuple(i for i, x in enumerate(f) if x.issuperset(phrases))
    a, c = len(support) + 0.5, sum(x.issuperset(phrases) for x in s) + 0.5
    b, d = len(f) + 1 - a, len(s) + 1 - c
    score = math.log(a / b) - math.log(c / d)
    return Contrast(phrases, score / math.sqrt(1 / a + 1 / b + 1 / c + 1 / d), support)


def typical(captions: Iterable[Sequence[Phrase]]) -> int:
    """Index of the caption that is most like the others (the medoid by shared over all phrases), the first of equals.

    A caption without phrases is chosen only if there is no other.
    """
    sets = [frozenset(c) for c in captions]
    likeness = [sum(len(a & b) / max(1, len(a | b)) for b in sets) for a in sets]
    return max(range(len(sets)), key=lambda i: (bool(sets[i]), round(likeness[i], 9), -i))
