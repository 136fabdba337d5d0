"""Calls a model in a thread of its own, so that one that hangs can be left behind and Ctrl-C is heard meanwhile.

Nothing can end a Python function from outside: a call that is left behind goes on until the process ends. One that keeps
Python's lock for ever, in a loop of C code, stops everything here too, and only a signal that cannot be caught ends it.
"""

import contextvars
import math
import queue
import threading
import time
from collections.abc import Callable
from concurrent.futures import CancelledError, Future, InvalidStateError, wait
from contextlib import suppress
from typing import Any, TypeVar

from ..core.errors import Interrupted

A = TypeVar("A")
GLANCE = 1.0
"""Seconds for which a lock is waited for at a time. A signal that comes just before such a wait is heard only after it."""
SOON = 2.0
"""Seconds for which an answer is waited for without a word, after the run was asked to stop."""
STOPPING = "stopping as soon as the {} has answered what it was asked; Ctrl-C once more stops at once"


class Overdue(Exception):
    """A call that has taken longer than it may; never reaches the user."""


class Stopped(Exception):
    """The run is ending while a model is waited for; never reaches the user."""


class Calls:
    """`calls(role, who, call)` is `call()`, in the role's own thread. A `KeyboardInterrupt` that arrives meanwhile is kept in
    `stopped` until the answer is there, so that it can be stored first; a second one is raised at once.

    `most`: seconds that a call may take; None: any time, and models are called by whoever asks, in its own thread.
    """

    left_behind = 0
    """Calls in this process that may still go on, though nobody waits for them."""

    def __init__(self, most: float | None) -> None:
        self.most = most
        self.stopped: KeyboardInterrupt | None = None
        self.tell: Callable[[str], object] = lambda message: None
        self._threads: dict[str, queue.SimpleQueue[tuple[Callable[[], Any], Future[Any]] | None]] = {}
        self._waited_for: set[Future[Any]] = set()
        self._over = False

    def __call__(self, role: str, who: str, call: Callable[[], A]) -> A:
        """Raises Overdue, and what the call raises; Stopped once `abandon` was called."""
        self.check()
        if self._over:
            raise Stopped
        if self.most is None:
            return call()
        job: Future[A] = Future()
        self._thread(role).put((_in_this_context(call), job))
        self._waited_for.add(job)
        try:
            return self._answer(job, who)
        except Overdue:
            self._leave(job)
            raise
        finally:
            self._waited_for.discard(job)

    def check(self) -> None:
        """Raises the KeyboardInterrupt that has been kept."""
        if self.stopped is not None:
            raise self.stopped

    def abandon(self) -> None:
        """Leave behind what is under way, and end idle threads."""
        self._over = True
        for job in list(self._waited_for):
            self._leave(job)
        for jobs in self._threads.values():
            jobs.put(None)
        self._threads.clear()

    def _answer(self, job: "Future[A]", who: str) -> A:
        try:
            return self._within(job, self.most)
        except KeyboardInterrupt as stop:
            if job.done() and not job.cancelled() and job.exception() is stop:  # the model raised it
                raise
            self.stopped = stop
            if not self.last(job, who, stop):
                self._leave(job)
                raise
            return job.result()

    def last(self, job: "Future[Any]", who: str, stop: BaseException) -> bool:
        """Whether what is under way is answered before it is left behind; `stop` says how long that may take."""
        grace = stop.grace if isinstance(stop, Interrupted) else None
        if not wait([job], SOON).done:
            self.tell(STOPPING.format(who))
            _awaited(job, self.most if grace is None else max(0.0, grace - SOON))
        return job.done()

    def _within(self, job: "Future[A]", seconds: float | None) -> A:
        if not _awaited(job, seconds):
            raise Overdue
        try:
            return job.result()
        except CancelledError as error:
            if not job.cancelled():
                raise
            raise Stopped from error

    def _leave(self, job: "Future[Any]") -> None:
        if job.cancel():
            Calls.left_behind += 1

    def _thread(self, role: str) -> "queue.SimpleQueue[tuple[Callable[[], Any], Future[Any]] | None]":
        if role not in self._threads:
            jobs: queue.SimpleQueue[tuple[Callable[[], Any], Future[Any]] | None] = queue.SimpleQueue()
            threading.Thread(target=_work, args=(jobs,), name=f"bugscope-asks-{role}", daemon=True).start()
            self._threads[role] = jobs
        return self._threads[role]


def _awaited(job: "Future[Any]", seconds: float | None) -> bool:
    """Whether it was answered, or cancelled, within this time (None: whenever it is)."""
    end = math.inf if seconds is None else time.monotonic() + seconds
    while not job.done() and (left := end - time.monotonic()) > 0:
        wait([job], min(left, GLANCE))
    return job.done()


def _in_this_context(call: Callable[[], A]) -> Callable[[], A]:
    """Settings such as NumPy's error handling hold in the thread too."""
    context = contextvars.copy_context()
    return lambda: context.run(call)


def _work(jobs: "queue.SimpleQueue[tuple[Callable[[], Any], Future[Any]] | None]") -> None:
    while (job := jobs.get()) is not None:
        call, answer = job
        try:
            made = call()
        except BaseException as error:  # noqa: BLE001 (raised again by whoever waits)
            with suppress(InvalidStateError):  # nobody does
                answer.set_exception(error)
        else:
            with suppress(InvalidStateError):
                answer.set_result(made)
        del call, answer, job  # an idle thread keeps no pictures
