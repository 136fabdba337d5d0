"""Live progress of a hunt on a terminal: one listener among others."""

import time
from types import TracebackType
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn

from ...workflows.progress import Progress as Now

STAGES = {
    "loading": "Loading models",
    "exploring": "Exploring",
    "describing": "Describing failures",
    "confirming": "Confirming",
    "refining": "Refining",
    "explaining": "Explaining",
    "done": "Done",
}


class Quiet:
    """Shows nothing."""

    def __enter__(self) -> Any:
        return lambda now: None

    def __exit__(self, *_: object) -> None:
        return None


class Live:
    """A bar with pictures, failures, hypotheses, bugs, rate and time left; each new bug on a line of its own."""

    def __init__(self) -> None:
        self.bar = Progress(
            TextColumn("{task.description:<19}"),
            BarColumn(bar_width=28),
            TextColumn("{task.fields[counts]}"),
            console=Console(stderr=True, highlight=False),
            transient=True,
        )
        self.task = self.bar.add_task("Loading models", total=None, counts="")
        self.began: tuple[float, int] | None = None
        self.bugs = 0

    def __enter__(self) -> Any:
        self.bar.start()
        return self.tell

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.bar.stop()

    def tell(self, now: Now) -> None:
        """Show a snapshot. The rate counts what was drawn in this session, not what a resumed run already had."""
        if self.began is None and now.stage != "loading":
            self.began = (time.monotonic(), now.images)
        rate = self._rate(now)
        left = f", {_clock((now.budget - now.images) / rate)} left" if rate and now.budget > now.images else ""
        counts = f"{now.images}/{now.budget} pictures, {now.failures} failures, {now.hypotheses} descriptions, {now.bugs} bugs"
        counts += f", cost {now.cost:.2f}" if now.cost else ""
        counts += f", {rate:.1f}/s{left}" if rate else ""
        total = now.budget if now.stage != "loading" else None
        self.bar.update(self.task, description=STAGES[now.stage], completed=now.images, total=total, counts=counts)
        if now.bugs > self.bugs and now.message:
            self.bar.console.print(f"  bug {now.bugs}: {now.message}", markup=False)
        self.bugs = now.bugs

    def _rate(self, now: Now) -> float:
        if self.began is None:
            return 0.0
        seconds, pictures = time.monotonic() - self.began[0], now.images - self.began[1]
        return pictures / seconds if seconds > 1 and pictures > 0 else 0.0


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes}:{rest:02d}"
