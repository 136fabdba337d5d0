"""Patience with models: ask again after a wait, and in halves where a batch is too much."""

import random
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from ..core.errors import BugscopeError, Declined, ModelError, Transient, told
from .costs import CostCap

T = TypeVar("T")
A = TypeVar("A")
TRIES = 5
LONGEST_WAIT = 3600.0
"""Longest wait between two tries, in seconds, whatever a server asks for."""


@dataclass(frozen=True, slots=True)
class Failed:
    """No answer: what one item gets when the model gave none, however often it was asked."""

    reason: str


class Stopped(Exception):
    """The run is ending while a model is waited for; never reaches the user."""


class Patience:
    """Asks until there is an answer, or none to be had. `stop` ends every wait."""

    def __init__(self, sleep: Callable[[float], object] | None = None) -> None:
        self._stop = threading.Event()
        self.sleep = sleep or self._stop.wait

    def stop(self) -> None:
        self._stop.set()

    def resume(self) -> None:
        self._stop.clear()

    def ask(self, who: str, call: Callable[[Sequence[T]], Sequence[A]], items: Sequence[T]) -> list[A | Failed]:
        """`call(items)`. If the model asks for patience: again after a wait, then in halves, then `Failed` for what is left.

        `who`: the model's name in errors. Raises ModelError for any other exception of the model.
        """
        try:
            return list(self._retried(call, items))
        except (Transient, MemoryError, Declined) as error:
            if len(items) > 1:
                half = len(items) // 2
                first = self.ask(who, call, items[:half])
                try:
                    return first + self.ask(who, call, items[half:])
                except CostCap as cap:  # the next batch will say so; what was paid for is kept
                    return first + [Failed(told(cap))] * (len(items) - half)
            return [Failed(told(error))]
        except (BugscopeError, Stopped):
            raise
        except Exception as error:
            raise ModelError(f"{who} raised {told(error)}") from error

    def _retried(self, call: Callable[[Sequence[T]], Sequence[A]], items: Sequence[T]) -> Sequence[A]:
        for attempt in range(TRIES):
            try:
                return call(items)
            except Transient as error:
                if attempt == TRIES - 1:
                    raise
                wait = error.retry_after if error.retry_after is not None else min(60.0, 2.0**attempt)
                self.sleep(min(max(0.0, wait), LONGEST_WAIT) * random.uniform(1.0, 1.25))
                if self._stop.is_set():
                    raise Stopped from error
        raise AssertionError("unreachable")
