"""Which failures a data set keeps, and which part each picture belongs to. All that is random depends on a seed."""

import statistics
from collections.abc import Callable, Hashable, Iterable, Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from .items import NEAR, OVER, RunPicture

PerBug = int | Literal["balanced", "none"]


def distinct(failures: Sequence[RunPicture], groups: NDArray[np.intp]) -> None:
    """Of each group of near-duplicates the first is kept."""
    seen: set[int] = set()
    for item, group in zip(failures, groups.tolist(), strict=True):
        if group in seen:
            item.reason = NEAR
        seen.add(group)


def balance(failures: Iterable[RunPicture], seed: int, per_bug: PerBug) -> tuple[int | None, int | None]:
    """Leave out what is over the limit, at random; returns the limits for a bug and for a label, None where there is none.

    "balanced": each bug is capped at the median bug's number of pictures, then each label at the median label's (of an even
    number, the smaller of the two in the middle). A number: this limit for each bug and none for labels. "none": no limit.
    """
    kept = sorted((i for i in failures if i.kept), key=lambda i: i.draw(seed))
    if per_bug == "none":
        return None, None
    if per_bug != "balanced":
        return _limit(kept, lambda i: i.stream, per_bug), None
    a_bug = _limit(kept, lambda i: i.stream)
    # a label's bugs take turns, so that the limit falls on all of them alike
    turn: dict[tuple[str, str], int] = {}
    order = []
    for item in (i for i in kept if i.kept):
        turn[item.stream] = turn.get(item.stream, 0) + 1
        order.append((turn[item.stream], item))
    return a_bug, _limit([item for _, item in sorted(order, key=lambda x: x[0])], lambda i: i.label)


def _limit(kept: Sequence[RunPicture], of: Callable[[RunPicture], Hashable], most: int | None = None) -> int | None:
    """The first `most` of each kind stay; by default as many as the middle kind has."""
    counts: dict[Hashable, int] = {}
    for item in kept:
        counts[of(item)] = counts.get(of(item), 0) + 1
    if not counts:
        return most
    most = statistics.median_low(counts.values()) if most is None else most
    taken: dict[Hashable, int] = {}
    for item in kept:
        taken[of(item)] = taken.get(of(item), 0) + 1
        if taken[of(item)] > most:
            item.reason = OVER
    return most


def split(items: Sequence[RunPicture], groups: Sequence[int] | NDArray[np.intp], test: float, seed: int) -> None:
    """Set `part`: about `test` of the pictures of each label and bug go to "test". A group is never parted.

    A label whose pictures are of two groups or more has some in both parts.
    """
    together: dict[int, list[RunPicture]] = {}
    for item, group in zip(items, np.asarray(groups).tolist(), strict=True):
        item.part = "train"
        together.setdefault(group, []).append(item)
    if test <= 0:
        return
    drawn = [min((not i.kept, i.draw(seed), n) for n, i in enumerate(members)) for members in together.values()]
    heads = [(members[n], number, members) for (_, number, n), members in zip(drawn, together.values(), strict=True)]
    labels: dict[str, dict[Hashable, list[tuple[bytes, list[RunPicture]]]]] = {}
    for head, number, members in heads:
        labels.setdefault(head.label, {}).setdefault((head.kept, head.stream), []).append((number, members))
    for _, streams in sorted(labels.items()):
        _split_label([sorted(s, key=lambda x: x[0]) for _, s in sorted(streams.items(), key=_name)], test)


def _name(stream: tuple[Hashable, Any]) -> str:
    """What streams are sorted by. Not with what they hold: a picture's text holds the report of its run."""
    return repr(stream[0])


def _split_label(streams: Sequence[Sequence[tuple[bytes, Sequence[RunPicture]]]], test: float) -> None:
    """What rounding leaves is carried from stream to stream; each keeps a group in "train"."""
    seen = taken = 0
    for stream in streams:
        for place, (_, members) in enumerate(stream):
            seen += len(members)
            # the last of a stream stays only where nothing of it is in "train" yet
            alone = place == len(stream) - 1 and all(m[0].part == "test" for _, m in stream[:-1])
            if not alone and taken + len(members) / 2 <= test * seen:
                taken += len(members)
                for item in members:
                    item.part = "test"
    all_groups = [members for stream in streams for _, members in stream]
    if len(all_groups) > 1 and not taken:
        # of a stream that keeps another, where there is one: a label has both parts before each of its bugs is in "train"
        spare = [members for stream in streams if len(stream) > 1 for _, members in stream]
        for item in min(spare or all_groups, key=len):
            item.part = "test"
