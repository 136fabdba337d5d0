"""One file per kind of input."""

import pkgutil
from importlib import import_module
from typing import Any


def names() -> list[str]:
    return sorted(module.name for module in pkgutil.iter_modules(__path__))


def load(name: str) -> Any:
    """`ready` of the target: a context manager that takes a folder of its own and gives `example(rng, folder)`."""
    return import_module(f"{__name__}.{name}").ready
