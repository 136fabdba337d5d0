"""Where models live, and how they are asked there."""

from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, Protocol, TypeVar

from .models import Models

A = TypeVar("A")


class Workers(Protocol):
    """Puts questions to models, each where it lives. The engine alone decides what is asked, retried, halved and stored."""

    def start(self, models: Models) -> None:
        """Called before the first question of a run."""

    def ask(self, role: str, question: Callable[[Any], list[A]]) -> "Future[list[A]]":
        """`question(model)`, perhaps answered later. Exceptions of the question are raised by the future's `result()`."""

    def width(self, role: str) -> int:
        """How many questions to a role are worth asking at a time."""

    def close(self) -> None:
        """Called after the last question, whatever ends the run. Waits for questions under way."""
