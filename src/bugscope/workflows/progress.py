"""What happens in a run, as `Progress` snapshots for whoever watches."""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from .. import language, stats
from ..core.records import Evidence, Hypothesis, Outcome, Verdict
from ..engine.engine import Engine
from ..method import events
from ..method.events import Event
from ..report import baseline

Stage = Literal[
    "loading", "exploring", "confirming", "refining", "explaining", "replaying", "asking", "evaluating",
    "writing", "uploading", "checking", "done",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Planned:
    """What a hunt is about to do: where, on which labels, with how many pictures. `auto`: nobody stated the budget."""

    folder: Path
    labels: tuple[str, ...]
    budget: int
    explain_budget: int
    auto: bool

    @property
    def pictures(self) -> int:
        """About how many in all."""
        return self.budget + self.explain_budget


@dataclass(frozen=True, slots=True)
class Progress:
    """A snapshot of a run for display.

    `images`, `failures` of at most `budget` pictures, `hypotheses`, `bugs` (descriptions that are confirmed so far) and `cost`
    (of hosted models, in the currency of their prices) are totals since the run began, earlier sessions included; `recalled`
    of the `images` were there already, and `cached` came from a cache in this session. Other commands than hunts and probes
    count steps in the same way. `message`: what it is about, such as the bug, the model, the folder. `planned`: of a hunt,
    once, before its first picture. `warning`: that plain pictures fail nearly always, from the moment when they have been
    drawn. `waiting`: whom the run is waiting for, how long and why, if it is long; such a snapshot may come from another
    thread. `notice`: why the cache that was asked for is not used.
    """

    stage: Stage
    images: int = 0
    recalled: int = 0
    cached: int = 0
    budget: int = 0
    failures: int = 0
    hypotheses: int = 0
    bugs: int = 0
    cost: float = 0.0
    message: str = ""
    warning: str = ""
    waiting: str = ""
    notice: str = ""
    planned: Planned | None = None


Listener = Callable[[Progress], None]


class Watch:
    """Tells a listener about every batch of pictures, every stage and, once, every bug; subscribes to the method's events."""

    def __init__(self, engine: Engine, budget: int, listener: Listener) -> None:
        self.engine, self.listener = engine, listener
        self.now = Progress("loading", budget=budget)
        self.told: set[Hypothesis] = set()
        self._seen: Sequence[Evidence] = ()
        self._confirmed: set[int] = set()
        """Places of the confirmed in `_seen`."""
        self.lock = threading.RLock()
        engine.on_batch = lambda _: self._tell()
        engine.patience.tell = lambda message: self._tell(waiting=message)

    def __call__(self, event: Event) -> None:
        """Takes an event of a search."""
        match event:
            case events.Explored(outcomes):
                self._tell(warning=self.warning(outcomes))
            case events.Proposed(hypotheses):
                self._tell(hypotheses=len(hypotheses))
            case events.Settling():
                self.stage("confirming")
            case events.Measured(evidence):
                self.evidence(evidence)
            case events.Confirmed():
                self.stage("explaining")
            case events.Sharpened():
                self.stage("refining")

    def warning(self, outcomes: Sequence[Outcome]) -> str:
        """What plain pictures say where they fail nearly always; "" elsewhere."""
        engine = self.engine
        classes = engine.task.labels(engine.models.target)
        groups: dict[str, list[Outcome]] = {}
        for o in outcomes:
            groups.setdefault(o.sample.prompt.label, []).append(o)
        plain = [baseline.plain(label, mine, stats.uniform) for label, mine in groups.items()]
        guess = baseline.guessing(classes, engine.config.top_k)
        return " ".join(baseline.lines(baseline.assess(plain, stats.uniform, guess, named=bool(classes))))

    def stage(self, stage: Stage, **counts: Any) -> None:
        self._tell(stage=stage, **counts)

    def evidence(self, evidence: Sequence[Evidence]) -> None:
        """Tell one snapshot, or one for each newly confirmed bug."""
        changed = events.changed(self._seen, evidence)
        self._confirmed.difference_update(changed, range(len(evidence), len(self._seen)))
        self._confirmed.update(i for i in changed if evidence[i].verdict is Verdict.CONFIRMED)
        self._seen, bugs = evidence, len(self._confirmed)
        new = [evidence[i].hypothesis for i in changed if i in self._confirmed]
        fresh = [h for h in new if h not in self.told]
        self.told.update(fresh)
        for before, h in enumerate(fresh, bugs - len(fresh)):
            self._tell(hypotheses=len(evidence), bugs=before + 1, message=h.text or language.sentence(h.label, h.phrases))
        if not fresh:
            self._tell(hypotheses=len(evidence), bugs=bugs, message="")

    def _tell(self, **changes: Any) -> None:
        counts: dict[str, Any] = {
            "images": len(self.engine.asked),
            "recalled": self.engine.recalled,
            "cached": len(self.engine.shelf.taken),
            "notice": self.engine.shelf.notice,
            "failures": len(self.engine.failures),
            "cost": self.engine.meter.cost,
            "waiting": "",
        }
        with self.lock:  # whoever waits for a model may do so in another thread
            self.now = replace(self.now, **{**counts, **changes})
            self.listener(self.now)
