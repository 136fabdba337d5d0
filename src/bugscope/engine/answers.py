"""What the models of a run have answered, as the store has it, and what got no answer."""

from collections.abc import Sequence
from typing import Any

from ..store.folder import Store
from .models import Models
from .patience import Failed, Unasked

Known = tuple[dict[str, Any], dict[str, Any], dict[str, Any]]
"""Stored answers of generator, judge and target, by the key of a sample."""
OPTIONAL = ("editor", "describer")
WORDS = ("captioner", *OPTIONAL)
"""Roles whose answers are words about pictures; a picture counts without them."""


class Answers:
    """The memory of an engine. What got no answer is not asked again in this session: the same question always gets the same
    answer."""

    def __init__(self, models: Models, store: Store) -> None:
        self.models, self.store = models, store
        self.errors: dict[str, str] = {}
        """Key of a sample that got no answer -> who did not answer, and why."""
        self.speechless: set[str] = set()
        """Keys of questions about words that got no answer."""
        self._noted = set(store.notes("error"))
        self.failed_before = frozenset(self._noted)
        """What failed in an earlier session; if it fails again, that says nothing new about its model."""

    def id(self, role: str) -> str:
        return str(getattr(self.models, role).id)

    def known(self, role: str, keys: Sequence[str]) -> dict[str, Any]:
        return self.store.get(role, self.id(role), keys)

    def of(self, keys: Sequence[str]) -> Known:
        """The answers of generator, judge and target."""
        return self.known("generator", keys), self.known("judge", keys), self.known("target", keys)

    def put(self, role: str, keys: Sequence[str], answers: Sequence[Any]) -> None:
        """Store a batch's answers, and note which items got none; notes of earlier failures that no longer hold are deleted."""
        failed = {k: a for k, a in zip(keys, answers, strict=True) if isinstance(a, Failed)}
        self.store.put((role, self.id(role), k, a) for k, a in zip(keys, answers, strict=True) if k not in failed)
        if over := self._noted.intersection(keys).difference(failed, self.errors, self.speechless):
            self._forget(over)
        asked = {k: a for k, a in failed.items() if not isinstance(a, Unasked)}
        if asked:
            self.store.note_all("error", {k: {"role": role, "reason": a.reason} for k, a in asked.items()})
            self._noted.update(asked)
        if role in WORDS:
            self.speechless.update(failed)
        else:
            self.errors.update({k: f"{role}: {a.reason}" for k, a in failed.items()})

    def forget_failures(self) -> None:
        """At the end of a run: what got no answer in an earlier session and was not asked for in this one is not wanted."""
        self._forget(self._noted.difference(self.errors, self.speechless))

    def _forget(self, over: set[str]) -> None:
        self.store.forget("error", over)
        self._noted -= over
