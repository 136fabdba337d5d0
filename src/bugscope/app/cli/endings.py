"""How a command ends before its time: the first signal ends it in order, the second at once.

In order: what models were asked is answered and kept, the report of what was found so far is written, and workers are gone.
Imported before anything large, so that it holds while the rest is imported.
"""

import os
import signal
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from types import FrameType
from typing import NoReturn

from ...core import children
from ...core.errors import Interrupted

SIGNALS = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))
GRACE = 5.0
"""Seconds that a model may still take after SIGTERM or SIGHUP, which are often followed by SIGKILL."""
STOPPED = "bugscope: stopped; to continue, repeat the command with the same --out, or run: bugscope resume RUN"
AT_ONCE = "bugscope: stopped at once; what was stored is kept, and the same command continues"
_exit_at_once = os._exit


class Endings:
    """While it is installed, signals raise `Interrupted` in the main thread, once. `signal`: the first that came."""

    def __init__(self) -> None:
        self.signal: int | None = None
        self._over = False
        self._before: dict[int, Callable[[int, FrameType | None], object] | int | None] = {}
        self._read = self._write = -1
        self._ending = threading.Lock()

    def install(self) -> None:
        """No effect outside the main thread, where signals are somebody else's. What is ignored, as by nohup, stays so."""
        if threading.current_thread() is not threading.main_thread():
            return
        for number in SIGNALS:
            before = signal.getsignal(number)
            if before in (signal.SIG_DFL, signal.default_int_handler):
                self._before[number] = before
                signal.signal(number, self._first)
        if hasattr(os, "set_blocking") and os.name == "posix":
            self._read, self._write = os.pipe()
            os.set_blocking(self._write, False)
            signal.set_wakeup_fd(self._write, warn_on_full_buffer=False)
            threading.Thread(target=self._watch, name="bugscope-signals", daemon=True).start()

    def remove(self) -> None:
        for number, before in self._before.items():
            signal.signal(number, before)
        self._before.clear()
        if self._write >= 0:
            signal.set_wakeup_fd(-1)
            os.close(self._write)
            self._write = -1

    def over(self) -> None:
        """The command has ended but for what Python does at its exit: every signal is now the last."""
        self._over = True

    @property
    def code(self) -> int:
        return 128 + (self.signal or signal.SIGINT)

    def _first(self, number: int, frame: FrameType | None) -> None:
        if self._over or self.signal is not None:
            self.end_at_once(number)
        self.signal = number
        raise Interrupted(None if number == signal.SIGINT else GRACE)

    def _watch(self) -> None:
        """The second signal, also where the main thread is in a library that hears none."""
        came = 0
        while data := os.read(self._read, 1):
            came += data[0] in self._before
            if came > 1:
                self.end_at_once(data[0])
        os.close(self._read)

    def end_at_once(self, number: int) -> NoReturn:
        # never released: handler and watcher may both get here
        self._ending.acquire()
        children.kill_all()
        with suppress(OSError, ValueError):
            # a live display hides the cursor
            show = b"\x1b[?25h\r\x1b[K" if os.isatty(2) else b""
            os.write(2, show + AT_ONCE.encode() + b"\n")
        _exit_at_once(128 + (self.signal or number))


def leave(code: int) -> NoReturn:
    """End the process without waiting for threads that hang."""
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError, AttributeError):
            stream.flush()
    children.kill_all()
    _exit_at_once(code)


def no_way_out() -> None:
    """Have `os._exit` in a model's answer be an error of the model: nothing would say that the run is unfinished. Elsewhere,
    and in processes that a model has forked, it is what it was."""
    own = os.getpid()

    def refused(status: int) -> NoReturn:
        if os.getpid() == own and threading.current_thread().name.startswith("bugscope-asks-"):
            raise SystemExit(status)
        _exit_at_once(status)

    os._exit = refused
