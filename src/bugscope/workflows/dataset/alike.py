"""Near-duplicates among many pictures: a perceptual hash finds candidates, a small colour thumbnail confirms them.

The hash alone calls a red mug and a blue one the same, and is noise on flat pictures; the thumbnail alone knows no shapes.
"""

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

BITS = 4
"""Bits of the 64 in which the hashes of near-duplicates may differ."""
LEVELS = 6.0
"""Mean difference of their 8 x 8 thumbnails at most, in levels of 255."""
BANDS = ((0, 13), (13, 13), (26, 13), (39, 13), (52, 12))
"""(shift, bits): hashes that differ in BITS bits agree on one of BITS + 1 bands."""
CELLS = 1 << 21
"""Pairs compared at once: bounds the memory."""
CHUNK = 256

_ONES = np.array([i.bit_count() for i in range(1 << 16)], dtype=np.uint8)


def signatures(
    count: int, signature: Callable[[int], bytes | None], step: Callable[[int], None] = lambda n: None
) -> tuple[NDArray[np.uint64], NDArray[np.uint8]]:
    """Hashes [n] and thumbnails [n, d] from `Medium.signature`s, of those that have one; `step(n)`: n more are done.

    `signature(i)` is called once each, from several threads; as many pictures as threads are in memory.
    """
    found: list[bytes | None] = []
    with ThreadPoolExecutor(min(8, os.cpu_count() or 1)) as threads:
        for start in range(0, count, CHUNK):
            part = range(start, min(start + CHUNK, count))
            found += threads.map(signature, part)
            step(len(part))
    there = [one for one in found if one is not None]
    rows = np.frombuffer(b"".join(there), dtype=np.uint8).reshape(len(there), -1) if there else np.zeros((0, 8), np.uint8)
    return np.ascontiguousarray(rows[:, :8]).view(np.uint64).ravel(), rows[:, 8:]


def groups(hashes: NDArray[np.uint64], thumbs: NDArray[np.uint8]) -> NDArray[np.intp]:
    """Connected groups of near-duplicates. Compares only what agrees on a band and is about as bright."""
    if not len(hashes):
        return np.zeros(0, dtype=np.intp)
    both = np.hstack([hashes[:, None].view(np.uint8), thumbs])
    _, first, place = np.unique(both, axis=0, return_index=True, return_inverse=True)
    one, small = hashes[first], thumbs[first].astype(np.int16)
    group = np.arange(len(one), dtype=np.intp)
    # thumbnails whose means differ by more cannot be near
    bright = small.mean(1)
    for shift, bits in BANDS:
        band = (one >> np.uint64(shift)) & np.uint64((1 << bits) - 1)
        group = _compared(band.astype(float) * 1000 + bright, one, small, group)
    return group[place.ravel()]


def _compared(
    line: NDArray[np.floating[Any]], one: NDArray[np.uint64], small: NDArray[np.int16], group: NDArray[np.intp]
) -> NDArray[np.intp]:
    """Join near-duplicates that lie within LEVELS of each other on a line, in blocks of about CELLS pairs."""
    order = np.argsort(line, kind="stable")
    count = len(order)
    ends = np.searchsorted(line[order], line[order] + LEVELS + 1e-6, side="right")
    at = 0
    while at < count:
        mine = group[order[at:]]
        # where all that follow are joined already nothing is left to compare
        changes = np.append(np.flatnonzero(np.diff(mine)) + 1, len(mine)) + at
        places = np.arange(at, count)
        other = changes[np.searchsorted(changes, places, side="right")]
        many = np.where(other < ends[at:], ends[at:] - places - 1, 0)
        to = max(1, int(np.searchsorted(np.cumsum(many), CELLS, side="right")))
        many, places = many[:to], places[:to]
        left = np.repeat(places, many)
        right = left + 1 + np.arange(len(left)) - np.repeat(np.cumsum(many) - many, many)
        group = _near(order[left], order[right], one, small, group)
        at += to
    return group


def _near(
    a: NDArray[np.intp], b: NDArray[np.intp], one: NDArray[np.uint64], small: NDArray[np.int16], group: NDArray[np.intp]
) -> NDArray[np.intp]:
    """`group` after joining those of the pairs (a, b) that are near-duplicates."""
    apart = group[a] != group[b]
    a, b = a[apart], b[apart]
    alike = _ones(one[a] ^ one[b]) <= BITS
    a, b = a[alike], b[alike]
    for i in range(0, len(a), CHUNK * CHUNK):
        x, y = a[i : i + CHUNK * CHUNK], b[i : i + CHUNK * CHUNK]
        same = np.abs(small[x] - small[y]).mean(1) <= LEVELS
        if same.any():
            group = _components(len(group), group[x[same]], group[y[same]])[group]
    return group


def united(*labelings: Sequence[int] | NDArray[np.intp]) -> NDArray[np.intp]:
    """Groups joined wherever any of the labelings puts two things together."""
    count = len(labelings[0])
    things, nodes, total = [], [], count
    for labeling in labelings:
        _, label = np.unique(np.asarray(labeling), return_inverse=True)
        things.append(np.arange(count))
        nodes.append(label.ravel() + total)
        total += int(label.max(initial=-1)) + 1
    return _components(total, np.concatenate(things), np.concatenate(nodes))[:count]


def _ones(values: NDArray[np.uint64]) -> NDArray[np.uint8]:
    return _ONES[np.ascontiguousarray(values).view(np.uint16)].reshape(-1, 4).sum(1, dtype=np.uint8)


def _components(count: int, a: NDArray[np.intp], b: NDArray[np.intp]) -> NDArray[np.intp]:
    edges = coo_matrix((np.ones(len(a), dtype=np.int8), (a, b)), shape=(count, count))
    return connected_components(edges, directed=False)[1].astype(np.intp)
