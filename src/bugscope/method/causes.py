"""Which confirmed bugs have one cause. Pure: no models, files or screen."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ..core.records import Rate


@dataclass(frozen=True, slots=True)
class Caused:
    """A confirmed bug: its `phrases`, those of them that are its `cause`, and how often the target fails on its pictures.

    `key`: its own among all bugs. `parent`: the key of the bug that it describes more sharply, "" if none.
    """

    key: str
    label: str
    phrases: frozenset[str]
    cause: frozenset[str]
    rate: Rate
    parent: str = ""

    @property
    def order(self) -> tuple[int, float, str]:
        """Of two bugs with one cause the first one represents it: the shorter description, then the higher rate."""
        return len(self.phrases), -self.rate.value, self.key


def fold(bugs: Iterable[Caused]) -> dict[str, str]:
    """The key of each bug -> the key of the bug that represents its cause: its own where it is a bug of its own.

    Bugs of a label have one cause if their causes are equal. A bug also belongs to another whose cause is a proper part of its
    own, unless the bug that represents it is shown to fail more often (the intervals do not overlap): that is a sharper bug. A
    sharper description and its parent are never folded into each other: the test that confirmed it has told them apart.
    """
    classes: dict[tuple[str, frozenset[str]], list[Caused]] = {}
    for bug in sorted(bugs, key=lambda b: b.order):
        classes.setdefault((bug.label, bug.cause), []).append(bug)
    found: dict[str, Caused] = {}
    settled: dict[str, list[Caused]] = {}
    # smaller causes first: what is left of them is what a larger one may belong to
    for (_, cause), alike in sorted(classes.items(), key=lambda c: (len(c[0][1]), c[1][0].order)):
        mine = settled.setdefault(alike[0].label, [])
        own = [b for b in mine if found[b.key] is b and b.cause < cause]
        _settle(alike, own, found)
        mine += alike
    return {key: bug.key for key, bug in found.items()}


def _settle(alike: Sequence[Caused], smaller: Sequence[Caused], found: dict[str, Caused]) -> None:
    """Put bugs of one cause where they belong. `smaller`: bugs of their own whose cause is a part of it."""
    first = alike[0]
    parts = [b for b in smaller if not _related(first, b) and first.rate.low <= b.rate.high]
    target = min(parts, key=lambda b: b.order, default=first)
    apart = [b for b in alike if _related(b, target)]
    found.update({b.key: target for b in alike if not _related(b, target)})
    if apart:
        _settle(apart, () if target is first else smaller, found)


def _related(a: Caused, b: Caused) -> bool:
    return a.key == b.parent or b.key == a.parent
