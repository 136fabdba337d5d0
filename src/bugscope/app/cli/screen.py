"""What a person sees on a terminal when it is done, and what a script reads."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from ...core.errors import StoreError

if TYPE_CHECKING:
    from rich.console import Console

    from ...workflows.results import Run

ACROSS = 5
"""Descriptions shared by several labels are shown up to this many."""


def show(run: "Run", as_json: bool, page: Path | None = None) -> None:
    """A run or a probe, and where its page is. What plain pictures say comes first where they fail nearly always."""
    from ...report import accept, baseline, words
    from ...workflows.results import Probe

    if as_json:
        print_json(run.report)
        return
    for indent, line in zip(("", "  "), baseline.lines(run.report["baseline"]), strict=False):
        say(f"{indent}{line}")
    for line in words.interruptions(run.report):
        say(line)
    if isinstance(run, Probe):
        for answer in run.answers:
            say(str(answer))
    else:
        show_bugs(run)
    for note in run.report["baseline"]["notes"]:
        say(f"{words.capital(note)}.")
    if sets := run.report["accept"]:
        labels = accept.by_label((x["label"], x["forgiven"]) for x in run.report["labels"])
        say(accept.sentence(sets) + (f" By label: {labels}." if labels else ""))
    if used := run.report["usage"]:
        say(f"Hosted models: {used['sentence']}")
    say(f"Report: {page or run.path / 'report.html'}")


def show_bugs(run: "Run") -> None:
    from ...report import words
    from ...report.folding import under

    r, folded = run.report, run.report["folded"]
    every = f"{len(run.bugs) + len(folded)} confirmed, " if folded else ""
    say(
        f"{words.number(len(run.bugs), 'confirmed bug')} of {words.name(r)}"
        f"{'' if r['finished'] else ' (run not finished)'}: {words.number(r['hypotheses_tested'], 'description')} tried, "
        f"{every}{r['images_generated']} pictures, {r['seconds'] / 60:.1f} minutes"
    )
    if shared := r["across"]:
        rows = [f"{x['description']} ({words.of(x['confirmed'], x['tried'])} labels tried)" for x in shared[:ACROSS]]
        say(f"  shared by several labels: {', '.join(rows)}" + (", ..." if len(shared) > ACROSS else ""))
    for bug in run.bugs:
        say(f"  {bug.number:>2}. {bug}")
        for line in bug.why[:1]:
            say(f"      {line}")
        if same := under(bug.record, folded):
            say(f"      {words.also(same, numbered=True)}")
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


def say_lines(text: str) -> None:
    """Several lines on the terminal."""
    for line in text.split("\n"):
        say(line)


def print_json(value: Any) -> None:
    """On one line. What a terminal would obey is escaped, as JSON allows."""
    from ...report.plain import for_json

    typer.echo(for_json(json.dumps(value, ensure_ascii=False, allow_nan=False)))


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
