"""The models of a run, by role."""

from dataclasses import dataclass, fields
from typing import Any

from ..core.errors import StoreError
from ..core.roles import Captioner, Describer, Editor, Generator, Judge

ROLES = ("generator", "target", "captioner", "judge", "editor", "describer")
"""What a model can be in a run. The task names the target's provider class."""


@dataclass(frozen=True, slots=True)
class Models:
    """One model per role; `target` is the model under test."""

    generator: Generator
    target: Any
    captioner: Captioner
    judge: Judge
    editor: Editor | None = None
    describer: Describer | None = None

    def ids(self) -> dict[str, str]:
        """Role -> id, of the models that there are."""
        return {role: str(model.id) for role, model in self.present().items()}

    def present(self) -> dict[str, Any]:
        given = {f.name: getattr(self, f.name) for f in fields(self)}
        return {role: model for role, model in given.items() if model is not None}

    def close(self) -> None:
        for model in self.present().values():
            getattr(model, "close", lambda: None)()


class Recorded:
    """Stands in for a model whose answers the run folder holds, when another target is shown its pictures; never asked."""

    def __init__(self, id: str, medium: str = "picture") -> None:
        self.id, self.medium = id, medium

    def __call__(self, *_: Any) -> Any:
        raise StoreError(f"the run has no answer from {self.id}")
