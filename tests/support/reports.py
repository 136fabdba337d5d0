"""Small worlds whose runs are reported, replayed and transferred."""

import os
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pytest

from bugscope.testing import World

LABELS = ("mug", "pot")


@pytest.fixture(scope="module", autouse=True)
def quick_disk() -> Iterator[None]:
    """Pictures need not survive a power cut here."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", lambda file: None)
        yield


def world(**changes: Any) -> World:
    return World(**{"labels": LABELS, "planted": {"snow": 0.95, "above": 0.9}, "prior": 0.05, "base": 0.03, **changes})


def target(id: str = "world/new", **changes: Any) -> Any:
    """Another target of the world, under another id."""
    made = world(**changes).roles()["target"]
    made.id = id
    return made


def drawing(**changes: Any) -> dict[str, Any]:
    """What draws and judges fresh pictures."""
    roles = world(**changes).roles()
    return {role: roles[role] for role in ("generator", "judge")}


def chance(image: Any) -> float:
    """A picture's own random number in [0, 1): the last row of its pixels spells it."""
    return int.from_bytes(np.asarray(image)[15].tobytes()[:6], "big") / 2**48


class Hidden(World):
    """About every third picture on snow does not show its object, says the judge."""

    def judge(self, pictures: Sequence[Any], labels: Sequence[str]) -> Any:
        seen = super().judge(pictures, labels)
        for i, (p, text) in enumerate(zip(pictures, self.caption([p.content for p in pictures]), strict=True)):
            if "snow" in text and chance(p.content) * 1000 % 1 < 1 / 3:
                seen[i] = 0.0
        return seen
