"""A world that the method asks directly: no engine, no run folder."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from bugscope import tasks
from bugscope.core.options import Config
from bugscope.core.records import Outcome, Phrase, Sample
from bugscope.testing import World

from .words import WORDS


@dataclass
class Lab:
    """`method.world.World` over a testing world; remembers what it was asked."""

    world: World
    config: Config = field(default_factory=Config)
    asked: dict[str, Sample] = field(default_factory=dict)
    questions: int = 0

    def __post_init__(self) -> None:
        self.task = tasks.load(self.config)
        self.seen: dict[str, tuple[Any, Outcome]] = {}

    def measure(self, samples: Sequence[Sample]) -> list[Outcome]:
        self.questions += 1
        self.asked |= {s.key: s for s in samples}
        for s in (s for s in samples if s.key not in self.seen):
            (picture,) = self.world.generator([s.prompt.text], [s.seed])
            (row,) = self.world.classify([picture.content])
            (judged,) = self.world.judge([picture], [s.prompt.label])
            names = (*self.world.labels, "bowl")
            best = [[names[i], float(row[i])] for i in np.argsort(-row, kind="stable")]
            self.seen[s.key] = picture, tasks.outcome(self.task, s, {}, float(judged), best, self.config.faithful)
        return [self.seen[s.key][1] for s in samples]

    def describe(self, outcomes: Sequence[Outcome]) -> list[str]:
        return self.world.caption([self.seen[o.sample.key][0].content for o in outcomes])

    def propose(self, label: str, failures: Sequence[str], successes: Sequence[str]) -> list[str]:
        return []

    def vary(self, label: str, phrases: Sequence[Phrase]) -> list[tuple[Phrase, ...]]:
        return [WORDS.siblings(p) for p in phrases]

    def further(self) -> list[Sample]:
        """What an explanation has to pay for."""
        return [s for s in self.asked.values() if s.purpose in ("refine", "explain")]
