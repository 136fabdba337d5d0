"""python/MODULE:FUNCTION: any function of yours as a model; modules of the current directory are found too."""

import importlib
import pkgutil
import re
import sys
import sysconfig
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

from ..core import label_files
from ..core.errors import SpecError, nearest
from ..core.registry import Wrapped, kinds, meant

Labels = Sequence[str] | Mapping[Any, Any] | str


def find(spec: str) -> Any:
    """The object that `module:name` names. Raises SpecError with the nearest name."""
    module_name, colon, name = spec.partition(":")
    if re.search(r"\.py$|[/\\]", module_name):
        instead = meant(f"{module_name.removesuffix('.py')}.py:{name}")
        raise SpecError(f"python/{spec} names a file; it should name a module. Did you mean {instead!r}?")
    if not (module_name and colon and name) or module_name.startswith("."):
        raise SpecError(f"python/{spec} should read python/module:function")
    try:
        module = _imported(module_name)
    except ModuleNotFoundError as error:
        raise _no_module(spec, module_name, str(error.name)) from error
    except SystemExit as stop:
        raise _ended(spec, f"importing {module_name}", stop) from stop
    value = module
    for part in name.split("."):
        if not hasattr(value, part):
            near = nearest(part, [n for n in vars(value) if not n.startswith("_")])
            raise SpecError(f"python/{spec}: {module_name} has no {part!r}." + (f" Did you mean {near!r}?" if near else ""))
        value = getattr(value, part)
    if not callable(value):
        raise SpecError(f"python/{spec} is a {type(value).__name__}, not a function")
    try:
        return value() if isinstance(value, type) else value
    except SystemExit as stop:
        raise _ended(spec, f"making a {name}", stop) from stop


def _imported(name: str) -> ModuleType:
    """A module, of the current directory too: what is there goes before what is installed, but not before Python's own
    modules, which a random.py or types.py would otherwise replace for everybody. Only `name` itself may be called like one."""
    here, top = Path.cwd(), name.partition(".")[0]
    if str(here) not in sys.path:
        own = {sysconfig.get_path("stdlib"), sysconfig.get_path("platstdlib"), getattr(sys, "_stdlib_dir", "")}
        last = max((i for i, path in enumerate(sys.path) if path in own or path.endswith("lib-dynload")), default=-1)
        sys.path.insert(last + 1, str(here))
    shadowed = top in sys.stdlib_module_names and top not in sys.modules
    if not (shadowed and ((here / f"{top}.py").is_file() or (here / top).is_dir())):
        return importlib.import_module(name)
    sys.path.insert(0, str(here))
    try:
        return importlib.import_module(name)
    finally:
        sys.path.remove(str(here))


def _ended(spec: str, doing: str, stop: SystemExit) -> SpecError:
    """Of a script: argparse and sys.exit are for its own command line."""
    said = "" if stop.code is None else repr(stop.code)
    hint = "put what is for its own command line below if __name__ == '__main__'"
    return SpecError(f"python/{spec}: {doing} called sys.exit({said}); {hint}")


def _no_module(spec: str, wanted: str, absent: str) -> SpecError:
    if wanted != absent and not wanted.startswith(f"{absent}."):
        return SpecError(f"python/{spec}: {wanted} needs the module {absent!r}, which is absent")
    parent, _, last = absent.rpartition(".")
    path = getattr(sys.modules.get(parent), "__path__", ()) if parent else sys.path
    near = nearest(last, [m.name for m in pkgutil.iter_modules(path)])
    hint = f". Did you mean {f'{parent}.{near}'.lstrip('.')!r}?" if near else ""
    return SpecError(f"python/{spec}: no module named {absent!r} (looked in the current directory too){hint}")


class _Python(Wrapped):
    def __init__(self, model: str) -> None:
        call = find(model)
        # a function that says which version it is gets another id with each
        super().__init__(call, id=str(getattr(call, "id", "")) or f"python/{model}")


class Classifier(_Python):
    """Your function: list of PIL images -> scores [n, labels]; names from its attribute or the argument `labels`."""

    example = "python/my_models:classify"

    def __init__(self, model: str, *, labels: Labels | None = None) -> None:
        """`labels`: what `core.label_files.read` reads."""
        super().__init__(model)
        stated = getattr(self.call, "labels", None) if labels is None else labels
        self.labels = label_files.of_model(stated, f"labels of {self.id}")
        if not self.labels:
            raise SpecError(f"{self.id} has no label names; set its attribute 'labels' or pass --target-arg labels=a,b,c")


class Detector(Classifier):
    """Your function: list of PIL images -> for each what it detects, in the forms of `core.detections`; labels as above."""

    example = "python/my_models:detect"


class Segmenter(Classifier):
    """Your function: list of PIL images -> for each the label number of every pixel, or instances with masks."""

    example = "python/my_models:segment"


class Tagger(Classifier):
    """Your function: list of PIL images -> probabilities [n, labels], each of its own label alone."""

    example = "python/my_models:tag"


class Answerer(_Python):
    """Your function: (list of PIL images, questions) -> the answer to each question about its image, as text."""

    example = "python/my_models:answer"


class Generator(_Python):
    """Your function: (prompts, seeds) -> list of Picture or Refused."""

    example = "python/my_models:draw"


class Captioner(_Python):
    """Your function: list of PIL images -> list of sentences."""

    example = "python/my_models:caption"


class Judge(_Python):
    """Your function: (pictures, labels) -> probability [n] that picture i shows labels[i]."""

    example = "python/my_models:judge"


class Editor(_Python):
    """Your function: (label, phrases) -> for each phrase, others that could stand in its place."""

    example = "python/my_models:vary"


class Describer(_Python):
    """Your function: (label, captions of failures, captions of successes) -> descriptions."""

    example = "python/my_models:describe"


def __getattr__(name: str) -> Any:
    """The class of any other task's target: a function is a function, the task says what it is asked."""
    if name in kinds():
        return _Python
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
