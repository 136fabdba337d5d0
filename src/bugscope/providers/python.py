"""python/MODULE:FUNCTION: any function of yours as a model. Modules of the current directory can be named."""

import importlib
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ..errors import SpecError, nearest


def find(spec: str) -> Any:
    """The object that `module:name` names. Raises SpecError with the nearest name."""
    module_name, colon, name = spec.partition(":")
    if not (module_name and colon and name):
        raise SpecError(f"python/{spec} should read python/module:function")
    here = str(Path.cwd())
    if here not in sys.path:
        sys.path.insert(0, here)
    try:
        module = importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        raise SpecError(f"python/{spec}: no module named {error.name!r} (looked in the current directory too)") from error
    value = module
    for part in name.split("."):
        if not hasattr(value, part):
            near = nearest(part, [n for n in vars(value) if not n.startswith("_")])
            raise SpecError(f"python/{spec}: {module_name} has no {part!r}." + (f" Did you mean {near!r}?" if near else ""))
        value = getattr(value, part)
    if not callable(value):
        raise SpecError(f"python/{spec} is a {type(value).__name__}, not a function")
    return value() if isinstance(value, type) else value


class _Python:
    def __init__(self, model: str) -> None:
        self.call = find(model)
        self.id = f"python/{model}"

    def __call__(self, *inputs: Any) -> Any:
        return self.call(*inputs)


class Classifier(_Python):
    """Your function: list of PIL images -> scores [n, labels]; names from its attribute or the argument `labels`."""

    def __init__(self, model: str, *, labels: Sequence[str] | str | None = None) -> None:
        super().__init__(model)
        names = labels.split(",") if isinstance(labels, str) else labels
        self.labels: tuple[str, ...] = tuple(names if names is not None else getattr(self.call, "labels", ()))
        if not self.labels:
            raise SpecError(f"{self.id} has no label names; set its attribute 'labels' or pass --classifier-arg labels=a,b,c")


class Generator(_Python):
    """Your function: (prompts, seeds) -> list of Picture or Refused."""


class Captioner(_Python):
    """Your function: list of PIL images -> list of sentences."""


class Judge(_Python):
    """Your function: (pictures, labels) -> probability [n] that picture i shows labels[i]."""
