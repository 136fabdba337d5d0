"""The command line. Options come from Config's fields; errors become one line and exit code 2."""

import importlib
import sys
from typing import Any

import typer

from . import hunting, reuse, tools
from .options import OPTIONS, ROLES, with_options
from .screen import plain

__all__ = ["OPTIONS", "app", "main"]

app = typer.Typer(
    name="bugscope",
    help="Find the bugs of a vision model, in words, proven on fresh pictures.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
UNPROBED = ("budget", "explore", "hypotheses", "explain", "pairs", "fixed_n", "editor", "describer")
"""Options of a hunt that a probe has no use for."""

app.command("hunt")(with_options(hunting.hunt, tuple(OPTIONS)))
app.command()(hunting.resume)
app.command("probe")(with_options(hunting.probe, tuple(name for name in OPTIONS if name not in UNPROBED)))
app.command()(hunting.explain)
app.command()(hunting.report)
app.command()(reuse.replay)
app.command()(reuse.transfer)
app.command()(reuse.evaluate)
app.command()(reuse.dataset)
app.command()(tools.plan)
app.command()(tools.models)
app.command("doctor")(with_options(tools.doctor, ROLES))


def main(arguments: list[str] | None = None) -> None:
    """Entry point. Exit codes: 0 done, 1 a check failed, 2 a user error, 130 stopped by Ctrl-C."""
    errors: Any = importlib.import_module("bugscope.core.errors")
    try:
        app(arguments)
    except errors.BugscopeError as error:
        sys.stderr.write(f"bugscope: {plain(str(error))}\n")
        raise SystemExit(2) from None
    except SystemExit as stop:
        if stop.code == 130:  # typer's answer to Ctrl-C
            sys.stderr.write("bugscope: stopped; the same command with the same --out, or 'bugscope resume RUN', goes on\n")
        raise
