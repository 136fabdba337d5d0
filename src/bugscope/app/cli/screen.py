"""What a person sees on a terminal, and what a script reads."""

import json
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from ...core.errors import StoreError

if TYPE_CHECKING:
    from rich.console import Console

    from ...workflows.progress import Listener, Progress, Stage
    from ...workflows.results import Run

WIDE = 112
"""Columns of a terminal that has room for a bar beside the counts."""
ACROSS = 5
"""Descriptions shared by several labels are shown up to this many."""
STAGES: Mapping["Stage", str] = {
    "loading": "Loading models",
    "exploring": "Exploring",
    "describing": "Describing",
    "confirming": "Confirming",
    "refining": "Refining",
    "explaining": "Explaining",
    "done": "Done",
}


# --- while it works -----------------------------------------------------------------------------------------------------


class Quiet:
    """Shows nothing."""

    def __enter__(self) -> "Listener":
        return lambda now: None

    def __exit__(self, *_: object) -> None:
        return None


class Live:
    """Pictures, failures, descriptions tried, bugs, rate and time left; each new bug on a line of its own."""

    def __init__(self) -> None:
        from rich import progress

        screen = console(stderr=True)
        bar = [progress.BarColumn(bar_width=None)] if screen.width >= WIDE else []
        label, counts = progress.TextColumn("{task.description}"), progress.TextColumn("{task.fields[counts]}")
        self.bar = progress.Progress(label, *bar, counts, console=screen, transient=True, expand=True)
        self.task = self.bar.add_task(STAGES["loading"], total=None, counts="")
        self.began: tuple[float, int] | None = None
        self.bugs = 0

    def __enter__(self) -> "Listener":
        self.bar.start()
        return self.tell

    def __exit__(self, *_: object) -> None:
        self.bar.stop()

    def tell(self, now: "Progress") -> None:
        """Show a snapshot. The rate counts what was drawn in this session, not what a resumed run already had."""
        from ...report.plain import for_terminal
        from ...report.words import number

        if self.began is None and now.stage != "loading":
            self.began = (time.monotonic(), now.images)
        rate = self._rate(now)
        left = f", {_clock((now.budget - now.images) / rate)} left" if rate and now.budget > now.images else ""
        counts = (
            f"{now.images}/{now.budget} pictures, {now.failures} failures, {now.hypotheses} tried, {number(now.bugs, 'bug')}"
        )
        counts += f", cost {now.cost:.2f}" if now.cost else ""
        counts += f", {rate:.1f}/s{left}" if rate else ""
        total = now.budget if now.stage != "loading" else None
        self.bar.update(self.task, description=STAGES[now.stage], completed=now.images, total=total, counts=counts)
        if now.bugs > self.bugs and now.message:
            self.bar.console.print(f"  bug {now.bugs}: {for_terminal(now.message)}", markup=False)
        self.bugs = now.bugs

    def _rate(self, now: "Progress") -> float:
        if self.began is None:
            return 0.0
        seconds, pictures = time.monotonic() - self.began[0], now.images - self.began[1]
        return pictures / seconds if seconds > 1 and pictures > 0 else 0.0


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes}:{rest:02d}"


def display(as_json: bool) -> Live | Quiet:
    """Live progress on a terminal's stderr; elsewhere nothing."""
    return Live() if sys.stderr.isatty() and not as_json else Quiet()


# --- when it is done ----------------------------------------------------------------------------------------------------


def show(run: "Run", as_json: bool, page: Path | None = None) -> None:
    """A run or a probe, and where its page is."""
    from ...report import accept
    from ...workflows.results import Probe

    if as_json:
        print_json(run.report)
        return
    if isinstance(run, Probe):
        for answer in run.answers:
            say(str(answer))
    else:
        show_bugs(run)
    if sets := run.report["accept"]:
        labels = accept.by_label((x["label"], x["forgiven"]) for x in run.report["labels"])
        say(accept.sentence(sets) + (f" By label: {labels}." if labels else ""))
    if used := run.report["usage"]:
        say(f"Hosted models: {used['sentence']}")
    say(f"Report: {page or run.path / 'report.html'}")


def show_bugs(run: "Run") -> None:
    from ...report import words

    r = run.report
    if r["stopped"]:
        say(f"Stopped: {r['stopped']}.")
    say(
        f"{words.number(len(run.bugs), 'confirmed bug')} of {words.name(r)}"
        f"{'' if r['finished'] else ' (run not finished)'}: {words.number(r['hypotheses_tested'], 'description')} tried, "
        f"{r['images_generated']} pictures, {r['seconds'] / 60:.1f} minutes"
    )
    if shared := r["across"]:
        rows = [f"{x['description']} ({words.of(x['confirmed'], x['tried'])} labels tried)" for x in shared[:ACROSS]]
        say(f"  shared by several labels: {', '.join(rows)}" + (", ..." if len(shared) > ACROSS else ""))
    for bug in run.bugs:
        say(f"  {bug.number:>2}. {bug}")
        for line in bug.why[:1]:
            say(f"      {line}" + (f" See bug {bug.record['same_as']}." if bug.record["same_as"] else ""))
    if r["undecided"]:
        near = r["rejected"][0]
        say(
            f"{words.number(r['undecided'], 'description')} undecided when the budget ran out; the closest: "
            f"{near['sentence']} ({words.count(near)} fail, "
            f"plain pictures {words.count(near['baseline'])})"
        )


def say(text: str, err: bool = False) -> None:
    """A line on the terminal. Captions and labels are untrusted, so nothing is printed that a terminal would obey."""
    from ...report.plain import for_terminal

    typer.echo(for_terminal(text), err=err)


def print_json(value: Any) -> None:
    typer.echo(json.dumps(value, ensure_ascii=False, allow_nan=False))


def console(stderr: bool) -> "Console":
    from rich.console import Console

    return Console(stderr=stderr, highlight=False, markup=False)


def write(file: Path, text: str, append: bool = False) -> None:
    """A file that the user named. Raises StoreError."""
    try:
        with file.open("a" if append else "w", encoding="utf-8", newline="") as out:
            out.write(text)
    except OSError as error:
        raise StoreError(f"cannot write {str(file)!r}: {error.strerror}") from error
