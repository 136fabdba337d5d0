"""Patience with models: ask again after a wait, and in halves where a batch is too much or one item of it breaks the model."""

import random
import threading
import time
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Generic, TypeVar

from ..core.errors import AnswerError, BugscopeError, Declined, Transient, told
from .calls import Overdue, Stopped
from .costs import CostCap
from .standing import Standing, Unanswered, roughly, said

T = TypeVar("T")
A = TypeVar("A")
TRIES = 5
LONGEST_WAIT = 3600.0
"""Longest wait between two tries, in seconds, whatever a server asks for."""
MOST_WAITING = 12 * 3600.0
"""Seconds that a session waits in all, for all roles together: a night."""
LONG = 10.0
"""A wait of so many seconds, or one after so long without an answer, is told."""


@dataclass(frozen=True, slots=True)
class Failed:
    """No answer: what one item gets when the model gave none, however often it was asked."""

    reason: str


class Unasked(Failed):
    """What an item gets that was not asked, because the run stops."""


Call = Callable[[Sequence[T]], Sequence[A | AnswerError]]
"""A question to a model; an AnswerError in the place of an answer breaks the contract by itself."""


class Patience:
    """Asks until there is an answer, or none to be had. `stop` ends every wait.

    A role that does not answer is given up (`standing.Standing`). `tell` hears of long waits, in the thread that waits.
    """

    def __init__(self, sleep: Callable[[float], object] | None = None, before: Collection[str] = ()) -> None:
        """`before`: who answered in an earlier session."""
        self._stop = threading.Event()
        self.sleep = sleep or self._stop.wait
        self.before = before
        self.waited = 0.0
        """Seconds of waiting in this session."""
        self.tell: Callable[[str], object] = lambda message: None
        self._standings: dict[str, Standing] = {}
        self._lock = threading.Lock()

    def stop(self) -> None:
        self._stop.set()

    def resume(self) -> None:
        self._stop.clear()

    def of(self, who: str) -> Standing:
        """The record of a role."""
        with self._lock:
            if who not in self._standings:
                self._standings[who] = Standing(who, who in self.before)
            return self._standings[who]

    def settle(self, least: int = 1, optional: Collection[str] = ()) -> None:
        """`Standing.settle` of every role that was asked. `optional`: those without which a run is complete."""
        for who, standing in list(self._standings.items()):
            standing.settle(least, who in optional)

    def ask(
        self, who: str, call: "Call[T, A]", items: Sequence[T], counts: Callable[[T], bool] = lambda item: True
    ) -> list[A | Failed]:
        """`call(items)`, with `Failed` in the place of an AnswerError. If the model asks for patience: again after a wait, then
        in halves, then `Failed` for what is left. If it raises another exception or the whole answer breaks its contract: in
        halves, then `Failed` for the item that it cannot answer.

        `who`: the model's name in errors. `counts`: False for an item whose failure says nothing new about the model. Raises
        Unanswered where the model is not worth asking again, and errors of our own that a model raises, which stop the run.
        """
        question = _Question(self.of(who), call, counts)
        found = self._asked(question, items)
        if all(isinstance(answer, Failed) for answer in found):
            question.standing.check()
        return found

    def _asked(self, question: "_Question[T, A]", items: Sequence[T]) -> list[A | Failed]:
        question.standing.check()
        if len(items) > question.standing.fits:
            return self._halves(question, items)
        try:
            answers = self._retried(question, items)
            return question.sorted_out(items, answers)
        except BaseException as error:
            if not _perhaps_of_one_item(error):
                raise
            return self._parted(question, items, error)

    def _parted(self, question: "_Question[T, A]", items: Sequence[T], error: BaseException) -> list[A | Failed]:
        """The halves, each asked by itself; a single item has failed."""
        if not isinstance(error, Transient | Declined | MemoryError):
            question.standing.broke(error)
        if len(items) < 2:
            question.standing.failed(error, all(map(question.counts, items)))
            return [Failed(told(error)) for _ in items]
        found = self._halves(question, items)
        if isinstance(error, MemoryError) and not any(isinstance(answer, Failed) for answer in found):
            # one item too large for any batch would have failed; so it was their number
            question.standing.fits = min(question.standing.fits, (len(items) + 1) // 2)
        return found

    def _halves(self, question: "_Question[T, A]", items: Sequence[T]) -> list[A | Failed]:
        half = len(items) // 2
        first = self._asked(question, items[:half])
        try:
            return first + self._asked(question, items[half:])
        except (CostCap, Unanswered) as end:  # the next question will say so; what was paid for is kept
            return first + [Unasked(told(end))] * (len(items) - half)

    def _retried(self, question: "_Question[T, A]", items: Sequence[T]) -> Sequence[A | AnswerError]:
        for attempt in range(TRIES):
            began = time.monotonic()
            try:
                return question.call(items)
            except Overdue as error:
                question.standing.hangs(len(items), time.monotonic() - began, error)
            except Transient as error:
                question.standing.spend(time.monotonic() - began, error)
                if attempt == TRIES - 1:
                    raise
                wait = error.retry_after if error.retry_after is not None else min(60.0, 2.0**attempt)
                self._wait(question.standing, min(max(0.0, wait), LONGEST_WAIT) * random.uniform(1.0, 1.25), error)
        raise AssertionError("unreachable")

    def _wait(self, standing: Standing, seconds: float, error: Transient) -> None:
        standing.spend(seconds, error)
        with self._lock:
            self.waited += seconds
            if self.waited > MOST_WAITING:
                standing.give_up(f"keeps the run waiting, for {roughly(MOST_WAITING)} in all", error)
        if seconds >= LONG or standing.lost >= LONG:
            since = f", {roughly(standing.lost)} without an answer" if standing.lost > seconds + 1 else ""
            self.tell(f"waiting {roughly(seconds)} for the {standing.who}{since}: {said(error)}")
        self.sleep(seconds)
        if self._stop.is_set():
            raise Stopped from error


@dataclass(frozen=True, slots=True)
class _Question(Generic[T, A]):
    """What is asked, and whom."""

    standing: Standing
    call: Call[T, A]
    counts: Callable[[T], bool]

    def sorted_out(self, items: Sequence[T], answers: Sequence[A | AnswerError]) -> list[A | Failed]:
        """`Failed` for items whose answer breaks the contract."""
        broken = [(item, a) for item, a in zip(items, answers, strict=False) if isinstance(a, AnswerError)]
        self.standing.answered(len(answers) - len(broken))
        for item, error in broken:
            self.standing.broke(error)
            with suppress(Unanswered):  # what else the batch holds is kept, and the next question says so
                self.standing.failed(error, self.counts(item))
        return [Failed(told(a)) if isinstance(a, AnswerError) else a for a in answers]


def _perhaps_of_one_item(error: BaseException) -> bool:
    """Whether another item may be answered all the same. Errors of our own are meant to stop the run; that a model calls
    `sys.exit` is not."""
    ours = isinstance(error, BugscopeError | Stopped) and not isinstance(error, AnswerError)
    return isinstance(error, Exception | SystemExit) and not ours
