"""The command line. An error becomes one line and exit code 2; a signal, at any time, one line and its own exit code."""

import errno
from typing import TYPE_CHECKING, Any, NoReturn

from . import endings

if TYPE_CHECKING:
    from .commands import app

__all__ = ["app", "main"]


def __getattr__(name: str) -> Any:
    """What is large is imported once signals are heard."""
    if name == "app":
        from .commands import app

        return app
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


SYSTEM = (errno.EMFILE, errno.ENFILE, errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO, errno.ENOMEM)
"""Errors of the machine, wherever they come up: no files left, no room, no memory."""


def main(arguments: list[str] | None = None) -> NoReturn:
    """Entry point. Exit codes: 0 done, 1 a check failed, 2 an error, 130, 143 and 129 stopped by Ctrl-C, SIGTERM, SIGHUP."""
    ends = endings.Endings()
    try:
        ends.install()
        code = _ran(arguments, ends)
    except BaseException:
        # whatever a library makes of a signal that reaches it in the middle of something
        if ends.signal is None:
            raise
        code = _stopped(ends)
    if arguments is None:
        ends.over()
        _leave_if_something_hangs(code)
    else:
        ends.remove()
    raise SystemExit(code)


def _ran(arguments: list[str] | None, ends: endings.Endings) -> Any:
    from ...core.errors import BugscopeError
    from .commands import app
    from .screen import legible, revive, say

    legible()
    if arguments is None:
        endings.no_way_out()
    try:
        app(arguments)
    except BugscopeError as error:
        if ends.signal is None:
            say(f"bugscope: {error}", err=True)
            return 2
    except OSError as error:
        if error.errno not in SYSTEM:
            raise
        say(f"bugscope: {error.strerror}" + (f": {error.filename!r}" if error.filename else ""), err=True)
        return 2
    except SystemExit as stop:
        if ends.signal is None and stop.code != 130:  # typer's answer to a KeyboardInterrupt
            return stop.code
    finally:
        revive()
    return _stopped(ends)


def _stopped(ends: endings.Endings) -> int:
    import sys
    from contextlib import suppress

    with suppress(OSError, ValueError, AttributeError):  # whoever read it may be gone
        sys.stderr.write(f"{endings.STOPPED}\n")
        sys.stderr.flush()
    return ends.code


def _leave_if_something_hangs(code: Any) -> None:
    from ...engine.calls import Calls

    if Calls.left_behind:
        endings.leave(code if isinstance(code, int) else int(code is not None))
