"""Opens a run folder to work in: options, models, engine, and a report that is kept up to date."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import datetime
from importlib import metadata
from itertools import count
from pathlib import Path
from typing import Any

from .. import media, report, tasks
from ..core import keys, registry
from ..core import labels as names
from ..core.errors import BugscopeError, ModelError, SpecError, StoreError
from ..core.options import Config
from ..core.roles import Judge
from ..engine import shelf
from ..engine.costs import CostCap
from ..engine.engine import Engine
from ..engine.models import ROLES, Models, Pair
from ..engine.standing import Unanswered
from ..store.blobs import Unwritable, reason
from ..store.folder import Store
from .progress import Listener, Progress

PACKAGES = (
    "bugscope", "numpy", "scipy", "pillow", "mitsuba", "mitsuba-oidn", "onnxruntime", "torch", "torchvision", "timm",
    "transformers", "diffusers", "open_clip_torch", "sentence-transformers",
)  # fmt: skip
"""Packages that can change a result."""
OPTIONAL = ("editor", "describer")
"""Roles that a run can do without."""
SPARED = 20
"""A report of a hundred bugs takes seconds to write; the work goes on this many times as long before the next one, so that
partial reports take at most a twentieth of the time. The numbers and the page are counted apart: a page takes longer."""


def settings(config: Config | Mapping[str, Any] | None, options: Mapping[str, Any]) -> Config:
    """The options of a run: a whole configuration, and keywords that take precedence over it."""
    base = config.to_mapping() if isinstance(config, Config) else dict(config or {})
    # a model that is an object goes into the configuration under its name
    stated = {k: _name(v) if k in (*ROLES, "against") and not isinstance(v, str) else v for k, v in options.items()}
    found = Config.of({**base, **stated})
    return found if found.task else found.model_copy(update={"task": tasks.suited(options.get("target", found.target))})


def caching(settings: Config, cache: Any, cache_all: bool) -> Config:
    """The options of a run that is there, with a cache. That of the run is never used: the folder may be somebody else's."""
    return Config.of(settings.to_mapping() | {"cache": cache, "cache_all": cache_all})


def _name(model: Any) -> str:
    return str(
        getattr(model, "id", "")
        or f"python/{getattr(model, '__module__', '')}:{getattr(model, '__qualname__', type(model).__qualname__)}"
    )


def load_models(settings: Config, given: Mapping[str, Any] | None = None) -> Models:
    """The models of a run; a callable in `given` fills its role as it is. Editor and describer are optional."""
    given = given or {}
    shelf.opened(settings)  # a folder that is no cache is told before anything is loaded
    task = tasks.load(settings)
    loaded: dict[str, Any] = {}
    for role in roles(task):  # before any model is loaded, which may take long
        if isinstance(spec := given.get(role, getattr(settings, role)), str):
            keys.check(role, spec, getattr(settings, f"{role}_args"))
    # the judge last: it may need the target's labels
    for role, kind in sorted(roles(task).items(), key=lambda pair: pair[0] == "judge"):
        spec, said = given.get(role, getattr(settings, role)), getattr(settings, f"{role}_args")
        if isinstance(spec, str) and not spec:
            if role not in OPTIONAL:
                raise SpecError(f"option {role} is ''; name a model, such as {Config().to_mapping()[role]!r}")
            continue
        if role == "judge":
            said = judge_args(spec, said, lambda: task.labels(loaded["target"]))
        loaded[role] = registry.load(kind, spec, said)
        if role == "target":
            loaded[role] = against(settings, task, loaded[role], given.get("against"))
    # options that do not suit the target's labels are told before a folder is made
    tasks.knowing(settings, task.labels(loaded["target"]))
    return Models(**loaded)


def against(settings: Config, task: tasks.Task[Any], target: Any, reference: Any = None) -> Any:
    """The target, or with `against` the pair of it and the reference. `reference`: one that is an object."""
    if not settings.against:
        return target
    return Pair(target, registry.load(task.role, reference or settings.against, settings.against_args))


def roles(task: tasks.Task[Any]) -> dict[str, str]:
    """Role in a run -> provider class that plays it. What is tested is the target, whatever its class."""
    return {"target": task.role} | {kind.lower(): kind for kind in registry.SUPPORT}


def judge_args(spec: Any, said: Mapping[str, Any], classes: Callable[[], Sequence[str]]) -> dict[str, Any]:
    """Options of a judge: as stated, with the target's labels (`classes()`) as `against` if the judge takes that and it is not
    stated."""
    if "against" in said or "against" not in registry.options("Judge", spec):
        return dict(said)
    labels = classes()
    # by default a judge contrasts ImageNet's names, among which "dog" would lose to every breed
    return dict(said) if not labels or set(labels) == set(names.imagenet()) else {**said, "against": list(labels)}


def target_labels(models: Models, settings: Config) -> tuple[str, ...]:
    """The target's label names; empty if it takes any."""
    return tasks.load(settings).labels(models.target)


def task(models: Models, settings: Config) -> tasks.Task[Any]:
    """The task for the target's labels."""
    return tasks.knowing(settings, target_labels(models, settings))


def check_judge(models: Models, labels: Sequence[str]) -> None:
    """Raises SpecError if the judge says that it does not know a label."""
    getattr(models.judge, "check", lambda labels: None)(labels)


def note_judge(store: Store, judge: Judge) -> None:
    """Record what a judge says about itself: whether it never errs, and how many voters it consists of."""
    store.set_meta("judge_exact", bool(getattr(judge, "exact", False)))
    store.set_meta("judge_voters", int(getattr(judge, "voters", 1)))


@contextmanager
def opened(
    out: Path | str, labels: Sequence[str], models: Models, settings: Config, kind: str | None = None
) -> Iterator[tuple[Engine, Store]]:
    """Open a run folder, new or to be continued, and an engine on it; models are closed at the end."""
    task = tasks.load(settings)
    identity = {"labels": labels, "task_id": task.id, "medium": media.of(models.generator).name, "models": models.ids()}
    identity |= {"options": _options(out, settings)} | ({"kind": kind} if kind else {})
    resolved = {"labels": labels, **settings.to_mapping(), "models": identity["models"], "versions": versions()}
    del resolved["cache"]  # where it is on this machine is nobody else's business
    with Store.create(out, identity, resolved) as store:
        store.set_meta("max_cost", settings.max_cost)
        store.set_meta("timeout", settings.timeout)
        store.set_meta("classes", list(task.labels(models.target)))
        store.set_meta("names", {role: registry.name(model) for role, model in models.present().items()})
        engine = None
        try:
            engine = Engine(models, store, settings)
            yield engine, store
        finally:
            if engine is not None:
                engine.close()
            models.close()


def _options(out: Path | str, settings: Config) -> dict[str, Any]:
    """The options that change results. A run of an earlier version can be continued if options added since are at defaults."""
    options = settings.identity()
    try:
        with Store.open(out) as store:
            known = store.identity()["options"]
    except StoreError:  # nothing there yet, or nothing that can be read, which `Store.create` reports
        return options
    defaults = Config.of({}).to_mapping()
    return {k: v for k, v in options.items() if k in known or v != defaults[k]}


def new_folder(prefix: str) -> Path:
    """A new, empty folder named after the current second. Raises StoreError."""
    named = Path("runs") / datetime.now().strftime(f"{prefix}%Y%m%d-%H%M%S")
    for number in count(1):
        path = named if number == 1 else named.with_name(f"{named.name}-{number}")
        try:
            path.mkdir(parents=True)
            return path
        except FileExistsError:  # another run began in this second
            continue
        except OSError as error:
            raise StoreError(f"cannot make the run folder {str(path)!r}: {error.strerror or error}") from error
    raise AssertionError("unreachable")


def work(work: Callable[[Engine, Store, Listener], None], engine: Engine, store: Store, tell: Listener, onward: str) -> None:
    """Do the work. The report is written when a bug is found, as long as that takes a small part of the time, and at the end,
    whatever ends it. (The ledger has every bug at once.) `onward`: how a person continues it, for errors of models."""
    waited = store.meta("waited") or 0.0
    began, before = time.monotonic(), store.meta("seconds") or 0.0
    last, due, paged_due = Progress("loading"), 0.0, 0.0

    def listen(now: Progress) -> None:
        nonlocal last
        tell(now)
        found, last = now.bugs != last.bugs, now
        if found and time.monotonic() >= due:
            keep(paged=time.monotonic() >= paged_due)

    def keep(paged: bool = True) -> None:
        nonlocal due, paged_due
        start = time.monotonic()
        store.set_meta("seconds", before + start - began)
        store.set_meta("waited", waited + engine.patience.waited)
        store.set_meta("cache_notice", engine.shelf.notice)
        report.write(store, paged)
        end = time.monotonic()
        due = end + SPARED * (end - start)
        paged_due = due if paged else paged_due

    store.set_meta("stopped", None)
    store.set_meta("error", None)
    told: tuple[type[Exception], ...] = ()
    try:
        work(engine, store, listen)
    except CostCap as cap:  # as planned: what was found so far is reported
        store.set_meta("stopped", str(cap))
    except (Unwritable, OSError) as error:
        told = (BugscopeError, OSError)
        what = error if isinstance(error, StoreError) else f"the run {str(store.path)!r} cannot go on: {reason(error)}"
        raise Unwritable(f"{what}; all answers so far are kept. When that is mended: {onward}") from error
    except ModelError as error:
        store.set_meta("error", str(error))
        error.run = store.path
        if isinstance(error, Unanswered):
            error.with_way_on(onward)
        raise
    finally:
        with suppress(*told):  # where nothing can be written, why is told already
            try:
                keep()
            except KeyboardInterrupt:  # what was found is reported all the same
                keep()
                raise
    tell(replace(last, stage="done"))


def versions() -> dict[str, str]:
    """Package -> version, of those of `PACKAGES` that are installed."""
    found = {}
    for package in PACKAGES:
        try:
            found[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
    return found
