"""Puts questions to the models of a run: in batches, with patience, metered, each where its model lives."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from typing import Any, TypeVar

from ..core.options import Config
from ..store.folder import Store
from .answers import Answers
from .calls import Calls
from .costs import Meter
from .patience import Failed, Patience
from .workers import Workers

T = TypeVar("T")
A = TypeVar("A")


class Asking:
    """What is asked is kept by whoever asked, with `keep`."""

    def __init__(
        self, answers: Answers, store: Store, config: Config, patience: Patience, meter: Meter, workers: Workers, calls: Calls
    ) -> None:
        self.answers, self.store, self.config = answers, store, config
        self.patience, self.meter, self.workers, self.calls = patience, meter, workers, calls

    def who(self, role: str) -> str:
        return f"{role} {self.answers.id(role)}"

    def batches(self, role: str, items: Sequence[T]) -> Iterator[Sequence[T]]:
        """Batches of `items`. Under a cap the first item goes alone: its answer tells what the others will cost."""
        first = 1 if self.meter.blind(role) else self.config.batch_size
        if items:
            yield items[:first]
        for i in range(first, len(items), self.config.batch_size):
            yield items[i : i + self.config.batch_size]

    def ask(
        self, role: str, call: Callable[[Any, Sequence[T]], list[A]], items: Sequence[T], keys: Sequence[str]
    ) -> list[A | Failed]:
        return self.begun(role, call, items, keys).result()

    def begun(
        self, role: str, call: Callable[[Any, Sequence[T]], list[A]], items: Sequence[T], keys: Sequence[str]
    ) -> "Future[list[A | Failed]]":
        """`call(model, items)`, with patience and metered. `keys`: what the answers will be kept under."""

        def question(model: Any) -> list[A | Failed]:
            def metered(part: Sequence[tuple[str, T]]) -> list[A]:
                with self.meter.asking(role, len(part)):
                    return self.calls(role, self.who(role), lambda: call(model, [item for _, item in part]))

            asked = list(zip(keys, items, strict=True))
            return self.patience.ask(self.who(role), metered, asked, lambda pair: pair[0] not in self.answers.failed_before)

        return self.workers.ask(role, question)

    def keep(self, role: str, keys: Sequence[str], answers: Sequence[Any]) -> None:
        """Store answers. Raises Unanswered if their role was given up meanwhile, or KeyboardInterrupt if the run was asked to
        stop: what was answered is kept before."""
        if used := self.meter.totals():
            self.store.set_meta("usage", used)
        self.answers.put(role, keys, answers)
        self.calls.check()
        self.patience.of(self.who(role)).check()
