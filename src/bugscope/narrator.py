"""What happens in a run, as `Progress` for whoever watches."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from . import language
from .engine import Engine
from .types import Evidence, Hypothesis, Listener, Progress, Verdict


class Narrator:
    """Tells the listener of every batch of pictures, every stage, and every bug once."""

    def __init__(self, engine: Engine, budget: int, listener: Listener) -> None:
        self.engine, self.listener = engine, listener
        self.now = Progress("loading", budget=budget)
        self.told: set[Hypothesis] = set()
        engine.on_batch = lambda _: self._tell()

    def stage(self, stage: Any, **counts: int) -> None:
        self._tell(stage=stage, **counts)

    def evidence(self, evidence: Sequence[Evidence]) -> None:
        """One snapshot, or one for each bug that was not there before."""
        confirmed = [e.hypothesis for e in evidence if e.verdict is Verdict.CONFIRMED]
        fresh = [h for h in confirmed if h not in self.told]
        self.told.update(fresh)
        for before, h in enumerate(fresh, len(confirmed) - len(fresh)):
            self._tell(hypotheses=len(evidence), bugs=before + 1, message=h.text or language.sentence(h.label, h.phrases))
        if not fresh:
            self._tell(hypotheses=len(evidence), bugs=len(confirmed), message="")

    def _tell(self, **changes: Any) -> None:
        counts = {"images": len(self.engine.asked), "failures": len(self.engine.failures), "cost": self.engine.meter.cost}
        self.now = Progress(**{**asdict(self.now), **counts, **changes})
        self.listener(self.now)
