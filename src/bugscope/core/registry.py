"""Turns 'provider/model' into an object. File name = provider, class name = role: there is no list to edit."""

import copyreg
import importlib
import importlib.metadata
import importlib.util
import inspect
import os
import pkgutil
import re
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cache, lru_cache
from os import PathLike, fspath
from pathlib import Path
from types import ModuleType
from typing import Any

from . import keys, label_files
from .errors import BugscopeError, MissingDependency, ModelError, SpecError, short, told, unknown

SUPPORT = ("Generator", "Captioner", "Judge", "Editor", "Describer")
"""Provider classes that make, describe and judge what a target is shown. Every other class is a target's, and is named by
its task ("Classifier")."""
GROUP = "bugscope.providers"
TASKS = "bugscope.tasks"
MEDIA = "bugscope.media"
SHARED = "shared"
"""The sub-package of a group that holds what its members share; it is not a member itself."""


def role(kind: str) -> str:
    """The role of a provider class in a run: a "Judge" is the judge, a "Classifier" the target."""
    return kind.lower() if kind in SUPPORT else "target"


def kinds() -> tuple[str, ...]:
    """All provider classes that can play a role: first those of targets, by task, then `SUPPORT`."""
    found = []
    for name in _listed(TASKS):
        # one that is broken says so where it is asked for; it must not keep the others from being used
        with suppress(SpecError):
            found.append(str(task(name).role))
    return (*dict.fromkeys(found), *SUPPORT)


def offered(spec: Any) -> tuple[str, ...]:
    """The provider classes of targets that the provider of `spec` has; none for an object, or for a provider that is not known
    or cannot be imported, which is told where it is asked for."""
    if not isinstance(spec, str):
        return ()
    with suppress(BugscopeError):
        name = _provider(spec.partition("/")[0])
        module = _module(name, providers()[name])
        return tuple(kind for kind in kinds() if kind not in SUPPORT and hasattr(module, kind))
    return ()


def tasks(roles: Sequence[str]) -> tuple[str, ...]:
    """Names of the tasks for the one role in `roles`; none if there are several."""
    if len(roles) != 1:
        return ()
    found = []
    for name in _listed(TASKS):
        with suppress(SpecError):
            found += [name] if task(name).role == roles[0] else []
    return tuple(found)


def task(name: str) -> Any:
    """The class of a task: from `tasks/NAME.py`, under the same name (`Classify`), or from an entry point."""
    found = _member("task", TASKS, name, lambda module: getattr(module, name.replace("-", " ").title().replace(" ", "")))
    if not (isinstance(found, type) and isinstance(getattr(found, "role", None), str)):
        raise SpecError(f"task {name!r} is {found!r}; expected a class that fits bugscope.tasks.Task, with a role")
    return found


def medium(name: str) -> Any:
    """A medium: the module `media/NAME.py` itself, or what an entry point names."""
    return _member("medium", MEDIA, name, lambda module: module)


def _listed(group: str) -> dict[str, Any]:
    """Name -> module path of ours, or entry point of a third party. No third party can replace ours."""
    return _entry_points(group, _searched()) | _own(group)


@cache
def _own(group: str) -> dict[str, Any]:
    """Listed once: later the system may have no handle left to look, and pkgutil would see an empty folder."""
    package = importlib.util.find_spec(group)
    assert package and package.submodule_search_locations
    names = [m.name for m in pkgutil.iter_modules(package.submodule_search_locations) if m.name != SHARED]
    return {name.replace("_", "-"): f"{group}.{name}" for name in names}


@lru_cache(maxsize=16)
def _entry_points(group: str, installed: object) -> dict[str, Any]:
    """Reading them takes as long as some ten pictures of a small world."""
    return {e.name: e for e in importlib.metadata.entry_points(group=group)}


def _searched() -> tuple[tuple[str, int], ...]:
    """Changes when a package is installed, or when another folder is searched."""
    found = []
    for folder in sys.path:
        with suppress(OSError):
            found.append((folder, os.stat(folder or ".").st_mtime_ns))
    return tuple(found)


def _member(what: str, group: str, name: str, own: Callable[[ModuleType], Any]) -> Any:
    known = _listed(group)
    if name not in known:
        raise unknown(what, name, known)
    found = known[name]
    try:
        return own(importlib.import_module(found)) if isinstance(found, str) else found.load()
    except (Exception, SystemExit) as error:
        raise SpecError(f"{what} {name!r} cannot be imported: {told(error)}") from error


def providers() -> dict[str, str]:
    """Provider name -> module path, ours and third parties'; imports none of them. No third party can replace ours."""
    return {name: found if isinstance(found, str) else found.module for name, found in _listed(GROUP).items()}


def load(kind: str, spec: Any, options: Mapping[str, Any] | None = None) -> Any:
    """Build the model that `spec` names; a spec that is not a string is the model itself.

    Raises SpecError for an unknown provider, role, model or option, MissingDependency with the install command, and
    ModelError if the model cannot be built.
    """
    options = dict(options or {})
    if isinstance(spec, PathLike):
        spec = fspath(spec)
    if not isinstance(spec, str):
        return _given(kind, spec, options)
    provider, _, model = spec.partition("/")
    if not spec.strip():
        raise SpecError(f"option {role(kind)} is {spec!r}; name a model as provider/model")
    if provider not in providers() and (instead := meant(spec)):
        raise SpecError(f"{role(kind)} {spec!r} should read provider/model. Did you mean {instead!r}?")
    keys.check(role(kind), spec, options)
    cls = _class(kind, provider)
    called = "" if "name" in arguments(cls) else str(options.pop("name", ""))
    _check_options(f"{role(kind)} {spec!r}", cls, options)
    check(provider, cls)
    try:
        # a model that is made of others needs the means to load them
        made = cls(model, **({"load": load} if getattr(cls, "needs_loader", False) else {}), **options)
    except BugscopeError:
        raise
    except (Exception, SystemExit) as error:
        raise ModelError(f"cannot load the {role(kind)} {spec!r}: {told(error)}") from error
    if not getattr(made, "id", ""):
        made.id = spec
    if called:
        made.name = called
    if hasattr(made, "__dict__"):
        made.loaded_as = (kind, spec, options | ({"name": called} if called else {}))
        copyreg.pickle(type(made), _as_its_name)
    return made


FILES: Mapping[str, str] = {".onnx": "onnx/{}", ".py": "python/MODULE:FUNCTION"}
"""Ending of a file -> spec of the model in it."""


def meant(spec: str) -> str:
    """The spec of a model that is given as a mere file, such as "net.onnx" or "mine.py:predict", as an address, or with a colon
    in the place of the slash; "" for anything else."""
    drive = spec[:2] if re.match(r"[A-Za-z]:[\\/]", spec) else ""
    path, _, function = spec[len(drive) :].partition(":")
    if form := FILES.get(Path(path).suffix.lower(), ""):
        module = path[: -len(".py")].replace("\\", "/").removeprefix("./").replace("/", ".")
        return f"python/{module}:{function or 'FUNCTION'}" if form.startswith("python/") else form.format(spec)
    scheme, slashes, host = spec.partition("://")
    if slashes and scheme.lower() in ("http", "https"):
        return f"http/{host}" if scheme.lower() == "http" else f"http/{spec}"
    if "/" in spec or not function:
        return ""
    if path in providers():  # "timm:resnet50"
        return f"{path}/{function}"
    return f"python/{spec}" if path.isidentifier() and function.isidentifier() else ""


def _as_its_name(made: Any) -> Any:
    """For pickle: a worker gets a model's name and options, not its weights; a model built by hand goes as it is."""
    known = vars(made).get("loaded_as")
    return (load, known) if known else made.__reduce_ex__(2)


def name(model: Any) -> str:
    """What people call a model: its own `name`, else the last part of its path if it has one, else its id without options."""
    if own := getattr(model, "name", ""):
        return str(own)
    plain = str(model.id).partition("?")[0]
    path = plain.partition("/")[2]
    return Path(path).name if path.startswith(("/", "~", ".")) or _exists(path) else plain


def _exists(path: str) -> bool:
    try:
        return "/" in path and Path(path).exists()
    except (OSError, ValueError):
        return False


def options(kind: str, spec: Any) -> tuple[str, ...]:
    """Names of the options that the provider of `spec` takes in this role; none for a model that is an object."""
    if not isinstance(spec, str):
        return ()
    return arguments(_class(kind, spec.partition("/")[0]))


def arguments(cls: Any) -> tuple[str, ...]:
    """Names of the keyword-only arguments of a class."""
    return tuple(p.name for p in inspect.signature(cls).parameters.values() if p.kind is p.KEYWORD_ONLY)


def _class(kind: str, name: str) -> Any:
    name = _provider(name, role(kind))
    module = _module(name, providers()[name])
    if not hasattr(module, kind):
        having = [role(k) for k in kinds() if hasattr(module, k)]
        raise SpecError(f"provider {name!r} has no {role(kind)}; it has: {', '.join(having) or 'nothing'}")
    return getattr(module, kind)


def _provider(name: str, role: str = "target") -> str:
    known = providers()
    # open_clip's own people spell it with an underscore
    name = name if name in known else name.replace("_", "-")
    if name not in known:
        raise unknown(f"{role} provider", name, known)
    return name


def _module(name: str, path: str) -> ModuleType:
    try:
        return importlib.import_module(path)
    except ImportError as error:
        raise MissingDependency(f"provider {name!r} cannot be imported: {error}") from error
    except (Exception, SystemExit) as error:
        raise SpecError(f"provider {name!r} cannot be imported: {told(error)}") from error


def _given(kind: str, model: Any, options: Mapping[str, Any]) -> Any:
    """A Python object in a role. It must be callable and, as a target, know its labels."""
    if isinstance(model, type) or not callable(model):
        raise SpecError(f"{role(kind)} {short(repr(model))} is neither 'provider/model' nor a callable")
    what = f"{role(kind)} {short(repr(model))}"
    check_names(what, options, ("labels", "name") if role(kind) == "target" else ("name",))
    stated = options.get("labels")
    own = getattr(model, "labels", None) if role(kind) == "target" else None
    labels = label_files.of_model(own if stated is None else stated, f"labels of {what}")
    as_it_is = own is None or (not isinstance(own, str | Mapping) and tuple(own) == labels)
    if getattr(model, "id", "") and stated is None and as_it_is and not options.get("name"):
        return model
    return Wrapped(model, labels, str(options.get("name", "")))


class Wrapped:
    """Any callable in a role, with the id, name and labels that it lacks; its other attributes stay available."""

    def __init__(self, call: Any, labels: Sequence[str] = (), name: str = "", id: str = "") -> None:
        self.call = call
        if labels or not hasattr(call, "labels"):
            self.labels: Sequence[str] = tuple(labels)
        if name:
            self.name = name
        where = getattr(call, "__module__", type(call).__module__)
        own = getattr(call, "id", "") or f"python/{where}:{getattr(call, '__qualname__', type(call).__qualname__)}"
        self.id: str = id or own

    def __call__(self, *inputs: Any) -> Any:
        return self.call(*inputs)

    def __getattr__(self, name: str) -> Any:
        # `call` is absent only before __init__
        if name == "call":
            raise AttributeError(name)
        return getattr(self.call, name)


def _check_options(what: str, cls: Any, options: Mapping[str, Any]) -> None:
    parameters = list(inspect.signature(cls).parameters.values())
    if any(p.kind is p.VAR_KEYWORD for p in parameters):
        return
    # the first positional argument is the model's name
    by_name = [p for p in parameters if p.kind is not p.VAR_POSITIONAL]
    names = [p.name for i, p in enumerate(by_name) if p.kind is p.KEYWORD_ONLY or i > 0]
    check_names(what, options, [n for n in names if not (n == "load" and getattr(cls, "needs_loader", False))])


def check_names(what: str, options: Mapping[str, Any], known: Sequence[str]) -> None:
    """Raises SpecError for an option that is not known; the message names it and the nearest one."""
    for key in options:
        if key not in known:
            raise (
                unknown(f"argument of {what}", key, known) if known else SpecError(f"{what} takes no arguments, got {key!r}")
            )


def check(name: str, cls: Any) -> None:
    """Raises MissingDependency with the exact install command if a package that the class needs is missing."""
    absent = [r for r in getattr(cls, "requires", ()) if not _installed(r)]
    if absent:
        apart: Mapping[str, str] = getattr(cls, "apart", {})
        commands = [f"pip install 'bugscope[{getattr(cls, 'extra', name)}]'"] if set(absent) - set(apart) else []
        commands += dict.fromkeys(apart[r] for r in absent if r in apart)
        raise MissingDependency(f"{name} needs {', '.join(absent)}: {' && '.join(commands)}")


def _installed(package: str) -> bool:
    try:
        return importlib.util.find_spec(package) is not None
    except (ImportError, ValueError):  # the parent of a dotted name is missing, or a module has no spec
        return False


def _stated(kind: str, provider: str) -> str:
    """The option --task where it does not follow from the provider."""
    if kind in SUPPORT or len(offered(provider)) < 2:
        return ""
    found = tasks([kind])
    return f" --task {found[0]}" if found and kind != "Classifier" else ""


@dataclass(frozen=True, slots=True)
class Entry:
    """One provider in one role, as `bugscope models` shows it."""

    spec: str
    kind: str
    summary: str
    models: tuple[str, ...]
    example: str
    missing: str


def catalogue() -> list[Entry]:
    """Every provider and role, with what is missing to use it."""
    entries = []
    for name, path in sorted(providers().items()):
        try:
            module = _module(name, path)
        except BugscopeError as error:
            entries.append(Entry(name, kinds()[0], f"{error}.", (), "", str(error)))
            continue
        for kind in kinds():
            cls = getattr(module, kind, None)
            if cls is None:
                continue
            try:
                check(name, cls)
                missing = ""
            except MissingDependency as error:
                missing = str(error)
            summary = (inspect.getdoc(cls) or "").strip().split("\n")[0]
            models = tuple(getattr(cls, "models", ()))
            example = getattr(cls, "example", f"{name}/{models[0]}" if models else name)
            entries.append(Entry(name, kind, summary, models, f"--{role(kind)} {example}{_stated(kind, name)}", missing))
    return entries
