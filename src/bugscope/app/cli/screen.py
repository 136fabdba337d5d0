"""What a person sees on a terminal, and what a script reads."""

import importlib
import json
import re
import sys
from pathlib import Path
from typing import Any

import typer

ACROSS = 5
"""Descriptions shared by several labels are shown up to so many."""


def console(stderr: bool) -> Any:
    return importlib.import_module("rich.console").Console(stderr=stderr, highlight=False, markup=False)


def display(as_json: bool) -> Any:
    """Live progress on a terminal's stderr; elsewhere nothing."""
    progress: Any = importlib.import_module("bugscope.app.cli.progress")
    return progress.Live() if sys.stderr.isatty() else progress.Quiet()


def show(run: Any, as_json: bool, page: Path | None = None) -> None:
    if as_json:
        print_json(run)
        return
    if run.report["kind"] == "probe":
        for answer in run.answers:
            typer.echo(plain(str(answer)))
    else:
        show_bugs(run)
    if r := run.report["usage"]:
        typer.echo(f"Hosted models: {plain(r['sentence'])}")
    typer.echo(f"Report: {page or run.path / 'report.html'}")


def show_bugs(run: Any) -> None:
    r = run.report
    count = f"{len(run.bugs)} confirmed bug{'' if len(run.bugs) == 1 else 's'}"
    state = "" if r["finished"] else " (run not finished)"
    if r["stopped"]:
        typer.echo(f"Stopped: {plain(r['stopped'])}.")
    typer.echo(
        f"{count} of {r['target']}{state}: {r['hypotheses_tested']} descriptions tried, "
        f"{r['images_generated']} pictures, {r['seconds'] / 60:.1f} minutes"
    )
    if shared := r["across"]:
        rows = [f"{plain(x['description'])} ({x['confirmed']} of {x['tried']} labels tried)" for x in shared[:ACROSS]]
        typer.echo(f"  of several labels: {', '.join(rows)}" + (", ..." if len(shared) > ACROSS else ""))
    for bug in run.bugs:
        typer.echo(f"  {bug.number:>2}. {plain(str(bug))}")
        for line in bug.why[:1]:
            typer.echo(f"      {plain(line)}" + (f" See {bug.record['same_as']}." if bug.record["same_as"] else ""))
    if r["undecided"]:
        near = r["rejected"][0]
        typer.echo(
            f"{r['undecided']} descriptions undecided at the budget, nearest: {plain(near['sentence'])} "
            f"({near['failures']} of {near['n']} fail, plain {near['baseline']['failures']} of {near['baseline']['n']})"
        )


def write(file: Path, text: str, append: bool = False) -> None:
    """A file that the user named. Raises StoreError in a sentence."""
    try:
        with file.open("a" if append else "w", encoding="utf-8", newline="") as out:
            out.write(text)
    except OSError as error:
        errors: Any = importlib.import_module("bugscope.core.errors")
        raise errors.StoreError(f"cannot write {str(file)!r}: {error.strerror}") from error


def print_json(run: Any) -> None:
    typer.echo(json.dumps(run.report, ensure_ascii=False, allow_nan=False))


def plain(text: str) -> str:
    """Without control characters: captions and labels are untrusted and must not steer the terminal."""
    return re.sub(r"[\x00-\x1f\x7f-\x9f]", "", text)
