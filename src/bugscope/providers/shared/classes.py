"""Which outputs of a network stand for labels: not its background, nor the gaps in COCO's numbers."""

import re
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...core.errors import AnswerError, SpecError
from ...core.labels import named

NOTHING = re.compile(r"_*(background|bg|n/?a|none|void|unlabell?ed|no[-_ ](object|person|class))?_*", re.IGNORECASE)
"""What checkpoints call a class that is none: torchvision "__background__" and "N/A", DETR "no-object"."""


class Classes:
    """`labels`: of the outputs that stand for one, in their order. `places` [outputs]: the index of each output's label, or -1.

    `names`: of all outputs; which of them are none is told by `NOTHING`. Raises SpecError if no label is left.
    """

    def __init__(self, what: str, names: Sequence[str]) -> None:
        there = np.array([not NOTHING.fullmatch(name.strip()) for name in names], dtype=bool)
        if not there.any():
            raise SpecError(f"{what} has no labels: its classes are called {', '.join(map(repr, names[:5]))}")
        self.places: NDArray[np.int64] = np.where(there, np.cumsum(there) - 1, -1)
        self.labels = named([name for name, real in zip(names, there, strict=True) if real])

    def of(self, what: str, found: NDArray[Any]) -> NDArray[np.int64]:
        """Indices of labels [n] for numbers of classes [n], or -1. Raises AnswerError for a number that no class has."""
        if len(found) and not (np.isfinite(found).all() and found.min() >= 0 and found.max() < len(self.places)):
            strange = found[~((found >= 0) & (found < len(self.places)))][0]
            raise AnswerError(
                f"{what} gave a box of class {strange:g}, but there are {len(self.places)} classes, counted from 0, the last of"
                f" them {self.labels[-1]!r}; state the labels of all, with 'background' for a class that is none"
            )
        places: NDArray[np.int64] = self.places[found.astype(np.int64)]
        return places


def classes(what: str, outputs: int, names: Sequence[str], background: str = "", source: str = "") -> Classes:
    """The classes of a network with this number of outputs; `source`: where the names are from, for messages.

    `background`: "first" or "last" if that output is always the background, whose name may be missing from `names`; "": there
    is one only if it has a name. Raises SpecError for names that are missing, too few or too many, or shifted by one.
    """
    if not names:
        raise SpecError(f"{what} has {outputs} outputs and no names for them; pass the argument labels=a,b,c or a file")
    if background and len(names) == outputs - 1:
        names = ("background", *names) if background == "first" else (*names, "background")
    if len(names) != outputs:
        counted = f"{outputs} classes" + (f", the {background} of them the background" if background else "")
        near = "; a background without a name is 'background'" if abs(len(names) - outputs) == 1 and not background else ""
        raise SpecError(f"{what} has {counted}, but there are {len(names)} labels{source}{near}")
    at = 0 if background == "first" else -1
    if background and not NOTHING.fullmatch(names[at].strip()):
        raise SpecError(
            f"{what} has {outputs} classes, the {background} of them the background, but the {background} label is"
            f" {names[at]!r}: all labels would be shifted by one; leave one out, or say 'background' there"
        )
    return Classes(what, names)
