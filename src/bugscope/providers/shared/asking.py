"""Many questions at once: as many as the server bears, none of them asked, and so paid for, twice."""

import threading
from collections import deque
from collections.abc import Callable, Hashable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from typing import Any, TypeVar

from ...core.errors import Declined, Transient

K = TypeVar("K", bound=Hashable)
A = TypeVar("A")


class Questions:
    """What is asked of one server. Threads may share it. `concurrency`: the most questions that `each` has under way."""

    def __init__(self, concurrency: int) -> None:
        self.concurrency = concurrency
        self.window = min(2, concurrency)
        """How many questions `each` has under way: one more after that many answers, half after a `Transient`."""
        self._clean = 0
        self._asking = threading.Lock()
        # of the last batch: answers that are there or under way, what was declined, and what should be asked last
        self._batch: set[Hashable] = set()
        self._asked: dict[Hashable, Future[Any]] = {}
        self._declined: dict[Hashable, Declined] = {}
        self._late: set[Hashable] = set()

    def each(self, items: Sequence[K], ask: Callable[[K], A]) -> list[A]:
        """`ask` of every item, in order, several at a time. An item says everything about its question.

        After a Transient no more are begun; once those under way have ended, the one with the longest `retry_after` is raised.
        After a Declined the others are still asked, then it is raised. Answers are kept meanwhile: when the same batch, or a
        part of it, is asked again, none is paid for twice. Any other error is raised at once.
        """
        keys = list(dict.fromkeys(items))
        found: dict[K, Future[A]]
        found, todo = self._begin(keys)
        running = {future: key for key, future in found.items()}
        later: list[Transient] = []
        while True:
            while todo and not later and len(running) < self.window:
                key = todo.popleft()
                found[key] = self._start(key, ask)
                running[found[key]] = key
            if not running:
                break
            # with a time limit, so that Ctrl-C ends the wait on every platform
            for future in wait(running, timeout=1.0, return_when=FIRST_COMPLETED).done:
                self._settle(running.pop(future), future.exception(), later)
        if later:
            raise max(later, key=lambda error: error.retry_after or 0.0)
        with self._asking:
            declined = [self._declined[key] for key in keys if key in self._declined]
            for key in keys if not declined else keys if len(items) == 1 else ():
                self._asked.pop(key, None)
                self._declined.pop(key, None)
        if declined:
            raise declined[0]
        return [found[item].result() for item in items]

    def _begin(self, keys: Sequence[K]) -> tuple[dict[K, "Future[A]"], deque[K]]:
        """Answers there or under way since an interrupted batch, and the items still to be asked."""
        with self._asking:
            if not self._batch.issuperset(keys):  # another batch: what is left of the last one will not be asked for
                self._batch = set(keys)
                self._late.clear()
                for kept in (self._asked, self._declined):
                    for old in [old for old in kept if old not in self._batch]:
                        del kept[old]
            for key in keys:  # failed after its batch had ended
                known = self._asked.get(key)
                if known is not None and known.done() and known.exception() is not None:
                    del self._asked[key]
            todo = sorted((k for k in keys if k not in self._asked and k not in self._declined), key=self._late.__contains__)
            return {k: self._asked[k] for k in keys if k in self._asked}, deque(todo)

    def _start(self, key: K, ask: Callable[[K], A]) -> "Future[A]":
        future: Future[A] = Future()
        with self._asking:
            self._asked[key] = future

        def answer() -> None:
            try:
                future.set_result(ask(key))
            except BaseException as error:  # noqa: BLE001 - raised where it is waited for
                future.set_exception(error)

        # a daemon: the process may end while a server is slow
        threading.Thread(target=answer, daemon=True).start()
        return future

    def _settle(self, key: Hashable, error: BaseException | None, later: list[Transient]) -> None:
        """Keep the answer or the refusal, and widen or narrow the window. Raises any other error."""
        with self._asking:
            if isinstance(error, Transient):
                if not later:
                    self._clean, self.window = 0, max(1, self.window // 2)
                self._late.add(key)
                later.append(error)
            elif not later:
                self._clean += 1
                if self._clean >= self.window:
                    self._clean, self.window = 0, min(self.window + 1, self.concurrency)
            if error is not None:
                self._asked.pop(key, None)
            if isinstance(error, Declined):
                self._declined[key] = error
            elif error is not None and not isinstance(error, Transient):
                raise error
