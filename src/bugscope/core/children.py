"""Processes that this one has started and that must not outlive it, whatever ends it."""

import subprocess
from contextlib import suppress
from typing import IO, Any

_running: set["subprocess.Popen[Any]"] = set()


def started(process: "subprocess.Popen[Any]") -> "subprocess.Popen[Any]":
    _running.add(process)
    return process


def end(process: "subprocess.Popen[Any]", seconds: float = 2.0) -> None:
    """Ask the process to end, and kill it if it has not after `seconds`."""
    process.terminate()
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    pipes: tuple[IO[Any] | None, ...] = (process.stdin, process.stdout, process.stderr)
    for pipe in pipes:
        if pipe is not None:
            with suppress(OSError, ValueError):
                pipe.close()
    _running.discard(process)


def kill_all() -> None:
    """At once, without waiting."""
    for process in list(_running):
        with suppress(OSError):
            process.kill()
