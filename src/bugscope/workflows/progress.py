"""What happens in a run, as `Progress` snapshots for whoever watches."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from .. import language
from ..core.records import Evidence, Hypothesis, Verdict
from ..engine.engine import Engine
from ..method import events
from ..method.events import Event

Stage = Literal["loading", "exploring", "describing", "confirming", "refining", "explaining", "done"]


@dataclass(frozen=True, slots=True)
class Progress:
    """A snapshot of a run for display.

    `images`, `failures` of at most `budget` pictures, `hypotheses`, `bugs` (descriptions that are confirmed so far) and `cost`
    (of hosted models, in the currency of their prices) are totals since the run began, earlier sessions included. `message`:
    the bug in question.
    """

    stage: Stage
    images: int = 0
    budget: int = 0
    failures: int = 0
    hypotheses: int = 0
    bugs: int = 0
    cost: float = 0.0
    message: str = ""


Listener = Callable[[Progress], None]


class Watch:
    """Tells a listener about every batch of pictures, every stage and, once, every bug; subscribes to the method's events."""

    def __init__(self, engine: Engine, budget: int, listener: Listener) -> None:
        self.engine, self.listener = engine, listener
        self.now = Progress("loading", budget=budget)
        self.told: set[Hypothesis] = set()
        engine.on_batch = lambda _: self._tell()

    def __call__(self, event: Event) -> None:
        """Takes an event of a search."""
        match event:
            case events.Explored():
                self.stage("describing")
            case events.Proposed(hypotheses):
                self.stage("confirming", hypotheses=len(hypotheses))
            case events.Measured(evidence):
                self.evidence(evidence)
            case events.Confirmed():
                self.stage("explaining")
            case events.Sharpened():
                self.stage("refining")

    def stage(self, stage: Stage, **counts: Any) -> None:
        self._tell(stage=stage, **counts)

    def evidence(self, evidence: Sequence[Evidence]) -> None:
        """Tell one snapshot, or one for each newly confirmed bug."""
        confirmed = [e.hypothesis for e in evidence if e.verdict is Verdict.CONFIRMED]
        fresh = [h for h in confirmed if h not in self.told]
        self.told.update(fresh)
        for before, h in enumerate(fresh, len(confirmed) - len(fresh)):
            self._tell(hypotheses=len(evidence), bugs=before + 1, message=h.text or language.sentence(h.label, h.phrases))
        if not fresh:
            self._tell(hypotheses=len(evidence), bugs=len(confirmed), message="")

    def _tell(self, **changes: Any) -> None:
        counts: dict[str, Any] = {
            "images": len(self.engine.asked),
            "failures": len(self.engine.failures),
            "cost": self.engine.meter.cost,
        }
        self.now = replace(self.now, **counts, **changes)
        self.listener(self.now)
