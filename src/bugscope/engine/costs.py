"""What hosted models use and cost over all sessions of a run, and the cap on it."""

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from ..core.errors import BugscopeError, SpecError
from ..core.records import Usage


class CostCap(BugscopeError):
    """The next question would cost more than is left. The run stops here, and can be continued with a higher cap."""


class Meter:
    """Adds up the `usage` of models that have one, and stops every question that would exceed `cap` (None: no cap).

    `before`: what `totals` gave when the run last stopped. Raises SpecError if there is a cap and a model's price is unknown.
    """

    def __init__(self, models: Mapping[str, Any], before: Mapping[str, Mapping[str, Any]], cap: float | None) -> None:
        self.cap = cap
        self._models = {role: model for role, model in models.items() if isinstance(getattr(model, "usage", None), Usage)}
        self._before = {role: Usage(**{k: used[k] for k in Usage._fields}) for role, used in before.items()}
        self._began = {role: model.usage for role, model in self._models.items()}
        self._answers = {role: int(used["answers"]) for role, used in before.items()}
        self._reserved: list[float] = []
        self._lock = threading.Lock()
        for role, model in self._models.items():
            if cap and not getattr(model, "priced", False):
                raise SpecError(
                    f"option max_cost is {cap:g}, but the price of the {role} {model.id} is unknown: state it, "
                    f"e.g. --{role}-arg {'price_image=0.04' if role == 'generator' else 'price_input=1'}"
                )

    def used(self, role: str) -> Usage:
        """What the model of a role used, over all sessions of the run."""
        before = self._before.get(role, Usage())
        return before + (self._models[role].usage - self._began[role]) if role in self._models else before

    @property
    def cost(self) -> float:
        return sum(self.used(role).cost for role in {*self._before, *self._models})

    def totals(self) -> dict[str, dict[str, Any]]:
        """Role -> what it used and how many answers it gave, in plain values for the run folder; only hosted models."""
        roles = sorted({*self._before, *self._models})
        return {role: self.used(role)._asdict() | {"answers": self._answers.get(role, 0)} for role in roles}

    def blind(self, role: str) -> bool:
        """Whether there is a cap, but no answer yet that tells what one costs."""
        return bool(self.cap) and role in self._models and not self._answers.get(role)

    @contextmanager
    def asking(self, role: str, n: int) -> Iterator[None]:
        """Wraps a question with `n` items. Raises CostCap if they would cost more than is left."""
        if role not in self._models:
            yield
            return
        each = self.used(role).cost / self._answers[role] if self._answers.get(role) else 0.0
        with self._lock:  # pictures are drawn while others are judged: what is under way counts as spent
            cost = self.cost
            if self.cap and (cost >= self.cap or cost + sum(self._reserved) + each * n > self.cap):
                raise CostCap(
                    f"hosted models have cost {cost:.4g} of at most {self.cap:g}, and the next {n} of the {role} would "
                    f"cost about {each * n:.2g}; all answers so far are kept, and a higher max-cost continues the run"
                )
            self._reserved.append(each * n)
        try:
            yield
            self._answers[role] = self._answers.get(role, 0) + n
        finally:
            with self._lock:
                self._reserved.remove(each * n)
