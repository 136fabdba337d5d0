"""The models of a run, by role."""

from dataclasses import dataclass, fields
from typing import Any

from ..core import registry
from ..core.errors import StoreError
from ..core.records import Usage
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


class Pair:
    """A target and the reference that it is compared with, in the place of a target."""

    def __init__(self, target: Any, reference: Any) -> None:
        self.target, self.reference = target, reference
        self.id = f"{target.id} against {reference.id}"
        self.name = f"{registry.name(target)} against {registry.name(reference)}"
        if hasattr(target, "labels"):
            self.labels = target.labels

    def __call__(self, *_: Any) -> Any:
        raise StoreError(f"{self.id} is asked by the task, each model on its own")

    def __getattr__(self, name: str) -> Any:
        # metered where one of the two is
        if name != "usage":
            raise AttributeError(name)
        used = [model.usage for model in (self.target, self.reference) if hasattr(model, "usage")]
        if not used:
            raise AttributeError(name)
        return sum(used, Usage())

    def close(self) -> None:
        for model in (self.target, self.reference):
            getattr(model, "close", lambda: None)()


class Recorded:
    """Stands in for a model whose answers the run folder holds, when another target is shown its pictures; never asked."""

    def __init__(self, id: str, medium: str = "picture") -> None:
        self.id, self.medium = id, medium

    def __call__(self, *_: Any) -> Any:
        raise StoreError(f"the run has no answer from {self.id}")
