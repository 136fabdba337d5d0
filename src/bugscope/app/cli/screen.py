"""What a person sees on a terminal when it is done, and what a script reads."""

import codecs
import json
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

import typer

from ...core.errors import StoreError
from ...core.texts import writable

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
    for line in words.cached(run.report):
        say(line)
    say(f"Report: {page or run.path / 'report.html'}")


def show_bugs(run: "Run") -> None:
    from ...report import words
    from ...report.folding import by_home, under

    r, folded = run.report, run.report["folded"]
    homes = by_home(folded)
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
        if same := under(bug.record, homes):
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

    revive()
    typer.echo(for_terminal(text), err=err)


PLAINER = str.maketrans(
    {**dict.fromkeys("“”„", '"'), **dict.fromkeys("‘’", "'"), **dict.fromkeys("–—━─═", "-"), **dict.fromkeys("│┃║", "|"),
     **dict.fromkeys("┏┓┗┛┡┩├┤┼┬┴╇┳┻╋┠┨┌┐└┘╞╡", "+"), "…": "...", "→": "->", "×": "x", "█": "#"}
)  # fmt: skip
"""What is written on a stream whose code page lacks the character; "?" for any other."""


_spare: dict[str, int] = {}
"""Descriptors of the standard streams that no model knows of."""


def legible() -> None:
    """Make standard streams say what they can: a code page that lacks a character, or a stream that is closed, ends no
    command after its work."""
    codecs.register_error(legible.__name__, _plainer)
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:  # closed by whoever started us
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115 (for the rest of the process)
        elif hasattr(stream, "reconfigure"):
            stream.reconfigure(errors=legible.__name__)
            with suppress(OSError, ValueError):  # a test's stream, or a notebook's, is nobody's to close
                if name not in _spare and stream.fileno() in (1, 2):
                    _spare[name] = os.dup(stream.fileno())


def revive() -> None:
    """Put back a standard stream that a model has closed."""
    for name, number in _spare.items():
        if getattr(sys, name) is None or getattr(sys, name).closed:
            setattr(sys, name, open(os.dup(number), "w", encoding="utf-8", errors=legible.__name__))  # noqa: SIM115


def _plainer(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    lost = error.object[error.start : error.end].translate(PLAINER)
    return "".join(c if c.isascii() else "?" for c in lost), error.end


_answer: TextIO | None = None
"""Where the one JSON object goes while everything else that is printed goes to stderr."""


@contextmanager
def apart() -> Iterator[None]:
    """What is printed, by a user's function or by a library below Python, goes to stderr; `print_json` alone writes to stdout.

    Where stdout is that of the process, this holds until the process ends: what a library has not yet written comes then.
    """
    global _answer
    before, mine = sys.stdout, None
    before.flush()
    if _is_the_process_own(before):
        mine = open(os.dup(1), "w", encoding="utf-8")  # noqa: SIM115 (open until the process ends)
        os.dup2(_open_descriptor(2), 1)
    _answer, sys.stdout = mine or before, sys.stderr
    try:
        yield
    finally:
        _answer = None
        if mine is None:
            sys.stdout = before
        else:
            mine.close()


def _is_the_process_own(stream: TextIO) -> bool:
    try:
        return stream.fileno() == 1
    except (OSError, ValueError):  # a test's stream, or a notebook's
        return False


def _open_descriptor(number: int) -> int:
    """`number`, or one that leads nowhere if it is closed."""
    try:
        os.fstat(number)
    except OSError:
        return os.open(os.devnull, os.O_WRONLY)
    return number


def with_json(command: Callable[..., None]) -> Callable[..., None]:
    """A command whose option `as_json` keeps stdout for the object."""

    @wraps(command)
    def run(*args: Any, **options: Any) -> None:
        if not options.get("as_json"):
            return command(*args, **options)
        with apart():
            command(*args, **options)

    return run


def print_json(value: Any) -> None:
    """One object on a line of UTF-8, whatever the stream's code page is; halves of characters are replaced, since no UTF-8 has
    them, and what a terminal would obey is escaped, as JSON allows."""
    from ...report.plain import for_json

    text = json.dumps(value, ensure_ascii=False, allow_nan=False)
    stream = _answer or sys.stdout
    if hasattr(stream, "reconfigure"):
        stream.reconfigure(encoding="utf-8")
    stream.write(f"{for_json(writable(text, len(text)))}\n")
    stream.flush()


def say_lines(text: str) -> None:
    """Several lines on the terminal."""
    for line in text.split("\n"):
        say(line)


def console(stderr: bool) -> "Console":
    from rich.console import Console

    return Console(stderr=stderr, highlight=False, markup=False)


def write(file: Path, text: str, append: bool = False) -> None:
    """A file that the user named; folders that are missing are made. Raises StoreError."""
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with file.open("a" if append else "w", encoding="utf-8", newline="") as out:
            out.write(text)
    except OSError as error:
        raise StoreError(f"cannot write {str(file)!r}: {error.strerror}") from error
