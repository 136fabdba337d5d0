"""Models in this process: pictures are generated in the background while others are judged and shown to the target."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, TypeVar

from .models import Models

A = TypeVar("A")
BACKGROUND = "generator"
"""The role that works ahead; all others answer at once, in the calling thread."""


class Local:
    """`Workers` in this process."""

    def __init__(self) -> None:
        self._models: Models | None = None
        self._thread: ThreadPoolExecutor | None = None

    def start(self, models: Models) -> None:
        self._models = models

    def ask(self, role: str, question: Callable[[Any], list[A]]) -> "Future[list[A]]":
        model = getattr(self._models, role)
        if role == BACKGROUND:
            self._thread = self._thread or ThreadPoolExecutor(1)
            return self._thread.submit(question, model)
        answered: Future[list[A]] = Future()
        answered.set_result(question(model))
        return answered

    def width(self, role: str) -> int:
        return 2 if role == BACKGROUND else 1

    def close(self) -> None:
        if self._thread is not None:
            self._thread.shutdown()
            self._thread = None
