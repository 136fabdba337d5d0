"""A run, which is only read, and on top of it the folder of its replays, which is written."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from ..core.records import Sample
from .blobs import Layered
from .folder import Store


class Overlay(Store):
    """A store that writes to its own folder, and knows what is there and what the run `below` knows."""

    below: Store
    anew: str = ""
    """Id of a target whose earlier answers are not used; it answers each picture once per session."""

    _answered: set[str]

    @classmethod
    def over(cls, below: Store, path: Path, identity: Mapping[str, Any]) -> "Overlay":
        """An overlay at `path` over the run `below`. Raises StoreError as `Store.create` does."""
        made = cls.create(path, identity)
        assert isinstance(made, Overlay)
        made.below, made._answered = below, set()
        made.blobs = Layered(made.files, below.blobs)
        return made

    def __enter__(self) -> "Overlay":
        return self

    def get(self, role: str, model: str, keys: Sequence[str]) -> dict[str, Any]:
        if role == "target" and model == self.anew:
            return super().get(role, model, [k for k in keys if k in self._answered])
        return self.below.get(role, model, keys) | super().get(role, model, keys)

    def answered(self, role: str, model: str) -> bool:
        if role == "target" and model == self.anew:
            return bool(self._answered)
        return super().answered(role, model) or self.below.answered(role, model)

    def put(self, rows: Iterable[tuple[str, str, str, Any]]) -> None:
        rows = list(rows)
        super().put(rows)
        self._answered.update(key for role, model, key, _ in rows if role == "target" and model == self.anew)

    def pictures(self, generator: str) -> Iterator[tuple[Sample, str]]:
        yield from self.below.pictures(generator)
        yield from super().pictures(generator)

    def file(self, name: str) -> Path:
        return super().file(name) if self.files.has(name) else self.below.file(name)
