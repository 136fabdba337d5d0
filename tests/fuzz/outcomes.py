"""What may come of an example: a result, or an error meant for the user, as one sentence."""

import contextlib
import io
from collections.abc import Callable
from typing import Any

from bugscope.app.cli import main
from bugscope.core.errors import BugscopeError
from bugscope.report.plain import for_terminal

LONGEST = 2500
"""Characters of an error."""
EXITS = (0, 1, 2)


def tried(call: Callable[[], Any], *also: type[BaseException]) -> str:
    """ "done", or the class of a clean error. `also`: what a provider may raise for the engine."""
    try:
        call()
    except (BugscopeError, *also) as error:
        sentence(str(error))
        return type(error).__name__
    return "done"


def sentence(text: str) -> None:
    assert "\n" not in text and len(text) < LONGEST, f"no sentence: {len(text)} characters, {text[:200]!r}"


def commanded(*arguments: str) -> tuple[str, str, str]:
    """("exit 2", stdout, stderr) of a command in this process."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            main(list(arguments))
            code: Any = 0
        except SystemExit as stop:
            code = stop.code or 0
    assert code in EXITS, f"exit code {code!r}"
    for stream in (out, err):
        for line in stream.getvalue().split("\n"):
            if line.startswith(("Usage: ", "Error: ")):  # typer repeats what the user typed
                continue
            assert line == for_terminal(line), f"a terminal would obey {line!r}"
    assert "Traceback" not in err.getvalue(), err.getvalue()
    return f"exit {code}", out.getvalue(), err.getvalue()
