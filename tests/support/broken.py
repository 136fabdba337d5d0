"""Targets that are wired up wrongly: their plain pictures fail nearly always."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from bugscope.testing import World

LABELS = ("mug", "pot", "cab")


def world(**changes: Any) -> World:
    return World(**{"labels": LABELS, "planted": {"snow": 0.95, "above": 0.9}, "prior": 0.05, "base": 0.0, **changes})


def target(id: str = "world/right", **changes: Any) -> Any:
    made = world(**changes).roles()["target"]
    made.id = id
    return made


def misnamed(names: Sequence[str] = ("pot", "cab", "mug", "bowl"), id: str = "world/misnamed") -> Any:
    """Its label names are in another order than its outputs."""
    made = target(id)
    made.labels = tuple(names)
    return made


def unprepared(answer: str = "mug", id: str = "world/unprepared") -> Any:
    """It gives one answer, whatever it is shown."""
    made = target(id)
    made.call = lambda images: np.eye(len(LABELS) + 1)[[made.labels.index(answer)] * len(images)]
    return made
