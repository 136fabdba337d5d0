"""Which pictures to draw next: those that state the conditions whose guilt is least certain, many at once.

Where nothing is suspected yet, this makes a covering design: each picture states as many conditions as may be, and what
passed before comes last. After a failure it halves the suspects. Pure.
"""

import hashlib
from collections.abc import Sequence

import numpy as np

from ..core.records import joined
from .suspects import Beliefs, Bools, Floats

EVEN = 0.4
"""A picture that shows a cause with about an even chance tells most; some fail without any."""
ENOUGH = 0.2
"""From this chance on a picture is about its suspects alone, and nothing else is stated."""
FINE = 2
"""Pictures at once where suspects are told apart: each answer changes what to ask next."""


def lots(n: int, *key: str) -> Floats:
    """[n] numbers in [0, 1) that depend on the key alone."""
    digests = b"".join(hashlib.sha256(joined(*key, str(i)).encode()).digest()[:4] for i in range(n))
    return np.frombuffer(digests, dtype="<u4").astype(float) / 2**32


def design(beliefs: Beliefs, n: int, most: int, apart: Bools, known: Sequence[Bools], lot: Sequence[Floats]) -> list[Bools]:
    """Up to `n` pictures, each a mask [P] of at most `most` conditions.

    `apart` [P, P]: conditions that cannot be stated together. `known`: causes [P] that no picture may show. `lot[i]` [P]
    breaks ties of the i-th picture.
    """
    made: list[Bools] = []
    while len(made) < n:
        chosen, chance = picture(beliefs, most, apart, known, lot[len(made)])
        if not chosen.any():
            break
        made.append(chosen)
        beliefs = beliefs.acquitted(chosen)
        if chance >= ENOUGH:
            n = min(n, FINE)
    return made


def picture(beliefs: Beliefs, most: int, apart: Bools, known: Sequence[Bools], lot: Floats) -> tuple[Bools, float]:
    """The conditions [P] of one picture, and the chance that it shows a cause."""
    chosen = np.zeros(len(lot), dtype=bool)
    barred = np.zeros_like(chosen)
    chance = 0.0
    while chosen.sum() < most and chance < ENOUGH:
        for cause in known:
            missing = cause & ~chosen
            if missing.sum() == 1:
                barred |= missing
        gains = beliefs.gains(chosen)
        fits = (gains > 0) & ~chosen & ~barred & ((chance + gains <= EVEN) | (not chosen.any()))
        if not fits.any():
            break
        # gains that agree to six digits are equal: the last ones differ from machine to machine
        best = max(np.flatnonzero(fits), key=lambda j: (float(f"{gains[j]:.6g}"), lot[j]))
        chosen[best] = True
        barred |= apart[best]
        chance += float(gains[best])
    return chosen, chance
