"""The Python interface: `bugscope.hunt(...) -> Run`, `bugscope.load(path) -> Run`. The command line is made of it too."""

import importlib
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any, get_args

from . import labels as names
from . import language, registry, report, wording
from .config import Config
from .engine import Engine, Models, check_labels
from .errors import SpecError, StoreError, unknown
from .hunt import check, judge_error, settled
from .hunt import hunt as loop
from .inquiry import inquire
from .meter import CostCap
from .probe import hypothesis as question
from .probe import probe as ask
from .results import Bug, Probe, Run
from .store import Store
from .types import Listener, Progress

__all__ = ["Bug", "Probe", "Run", "explain", "hunt", "load", "load_models", "probe", "resume", "versions"]

PACKAGES = (
    "bugscope", "numpy", "scipy", "pillow", "mitsuba", "mitsuba-oidn", "onnxruntime", "torch", "torchvision", "timm",
    "transformers", "diffusers", "open_clip_torch", "sentence-transformers",
)  # fmt: skip
"""What can change a result."""
PAGES = 20
"""A page of a hundred bugs takes seconds; before the next one the work goes on so many times as long."""
ROLES = tuple(role.lower() for role in get_args(registry.Role))


def hunt(
    labels: Sequence[str] | str | None = None,
    out: Path | str | None = None,
    *,
    all_labels: bool = False,
    config: Config | Mapping[str, Any] | None = None,
    progress: Listener | None = None,
    **options: Any,
) -> Run:
    """Find the bugs of a classifier and keep everything in the folder `out`; on the same folder, go on with that run.

    `labels`: label names of the classifier; by default the generator's suggestions, with `all_labels` every one that
    generator and classifier both know. One budget serves them all, where failures are found. `options`: the fields of `Config`;
    a role (generator, classifier, captioner, judge, editor, describer) is "provider/model" or any Python callable that fits
    `bugscope.types`. `progress` is called with `bugscope.types.Progress`. Where `max_cost` stops the run, what was found so far
    is returned: `report["stopped"]` says why, and the same call with a higher `max_cost` goes on. Raises BugscopeError:
    SpecError, ModelError, MissingDependency, StoreError.
    """
    tell = progress or (lambda now: None)
    settings = _settings(config, options)
    tell(Progress("loading", budget=settings.budget + settings.explain))
    models = load_models(settings, options)
    wanted = _labels(labels, models, all_labels)
    settings = settled(wanted, settings)
    # a run that cannot start leaves nothing behind
    check(wanted, settings)
    _check_judge(models, wanted)

    def work(engine: Engine, store: Store, listen: Listener) -> None:
        loop(wanted, engine, store, settings, listen)
        store.set_meta("finished", True)

    with _opened(out or _new_folder(""), wanted, models, settings) as (engine, store):
        _work(work, engine, store, tell)
    return load(store.path)


def probe(
    prompts: Sequence[str] | str,
    label: str | None = None,
    out: Path | str | None = None,
    *,
    vs: str | None = None,
    n: int = 40,
    config: Config | Mapping[str, Any] | None = None,
    progress: Listener | None = None,
    **options: Any,
) -> Probe:
    """Does a prompt make the classifier fail more than the plain label, or than the prompt `vs`? On fresh pictures, looking
    all the time; several prompts at once share the false discovery rate alpha.

    `label`: what the pictures show; by default the label that each prompt names. `n`: pictures a prompt, and as many of what
    it is compared with, at most. `out`: a folder that keeps every picture, so that asking again there costs nothing. The
    rest as in `hunt`.
    """
    tell = progress or (lambda now: None)
    settings = _settings(config, options)
    asked = [prompts] if isinstance(prompts, str) else list(prompts)
    if n < settings.look:
        raise SpecError(f"option n is {n}; at least one look of {settings.look} pictures is needed")
    judge_error(settings)
    tell(Progress("loading"))
    models = load_models(settings, options)
    hypotheses = list(dict.fromkeys(question(text, _label_of(text, label, models), vs or "") for text in asked))
    if not hypotheses:
        raise SpecError("no prompt to probe: write at least one, such as 'a photo of a teapot at night'")
    _check_judge(models, [h.label for h in hypotheses])
    for h in hypotheses:
        wording.check(models, [h.text, language.control(h).text])

    def work(engine: Engine, store: Store, listen: Listener) -> None:
        store.set_meta("finished", False)
        ask(hypotheses, engine, store, settings, n, listen)
        store.set_meta("finished", True)

    with _opened(out or _new_folder("probe-"), [], models, settings, kind="probe") as (engine, store):
        _work(work, engine, store, tell)
    return Probe(store.path)


def explain(
    run: Run | Path | str,
    bugs: Sequence[str | float] | str | float = (),
    *,
    pairs: int = 24,
    budget: int = 800,
    add: Sequence[str] | str = (),
    progress: Listener | None = None,
    **models: Any,
) -> Run:
    """Explain bugs of a run more thoroughly than the hunt did: more pairs, two replacements a phrase, and phrases of yours.

    `bugs`: numbers in the report (3, "3.1") or descriptions; by default every bug without an explanation. `pairs`: same-seed
    pictures of each change. `budget`: pictures a bug, at most. `add`: phrases to add or to put in the place of one of
    their kind. `models`: roles that are Python callables, as given to `hunt`.
    """
    for name in models:
        if name not in ROLES:
            raise unknown("option", name, ("pairs", "budget", "add", "progress", *ROLES))
    for name, value in (("pairs", pairs), ("budget", budget)):
        if value < 1:
            raise SpecError(f"option {name} is {value}; it must be at least 1")
    more = [add] if isinstance(add, str) else list(add)
    found = load(run.path if isinstance(run, Run) else run)
    wanted = found.choose(bugs)
    tell = progress or (lambda now: None)
    with Store.open(found.path) as store:
        identity, cap = store.meta("identity"), store.meta("max_cost") or 0.0
    settings = Config.of(identity["options"] | {"max_cost": cap})
    tell(Progress("loading"))
    loaded = load_models(settings, models)

    def work(engine: Engine, store: Store, listen: Listener) -> None:
        inquire(wanted, engine, store, settings, pairs=pairs, budget=budget, add=more, listener=listen)

    with _opened(found.path, identity["labels"], loaded, settings, kind=identity.get("kind")) as (engine, store):
        _work(work, engine, store, tell)
    return load(found.path)


@contextmanager
def _opened(
    out: Path | str, labels: Sequence[str], models: Models, settings: Config, kind: str | None = None
) -> Iterator[tuple[Engine, Store]]:
    """The run folder, new or to go on with, and an engine on it; models are closed at the end."""
    identity = {"labels": labels, "models": models.ids(), "options": _options(out, settings)}
    identity |= {"kind": kind} if kind else {}
    resolved = {"labels": labels, **settings.to_mapping(), "models": identity["models"], "versions": versions()}
    with Store.create(out, identity, resolved) as store:
        store.set_meta("max_cost", settings.max_cost)
        store.set_meta("classes", list(check_labels(models.classifier)))
        try:
            yield Engine(models, store, settings), store
        finally:
            models.close()


def _options(out: Path | str, settings: Config) -> dict[str, Any]:
    """The options that change results. A run of an earlier version can go on: what it did not know yet has its default."""
    options = settings.identity()
    try:
        with Store.open(out) as store:
            known = (store.meta("identity") or {}).get("options", options)
    except StoreError:  # nothing there yet, or nothing that can be read: `Store.create` says so
        return options
    defaults = Config.of({}).to_mapping()
    return {k: v for k, v in options.items() if k in known or v != defaults[k]}


def _new_folder(prefix: str) -> Path:
    return Path("runs") / datetime.now().strftime(f"{prefix}%Y%m%d-%H%M%S")


def _work(work: Callable[[Engine, Store, Listener], None], engine: Engine, store: Store, tell: Listener) -> None:
    """Do it; the report is written after each bug, its page while that is a small part of the work, and both at the end
    whatever ends it."""
    began, before = time.monotonic(), store.meta("seconds") or 0.0
    last, due = Progress("loading"), 0.0

    def listen(now: Progress) -> None:
        nonlocal last
        tell(now)
        found, last = now.bugs != last.bugs, now
        if found:
            keep(paged=time.monotonic() >= due)

    def keep(paged: bool = True) -> None:
        nonlocal due
        start = time.monotonic()
        store.set_meta("seconds", before + start - began)
        report.write(store, paged)
        if paged:
            due = time.monotonic() + PAGES * (time.monotonic() - start)

    store.set_meta("stopped", None)
    try:
        work(engine, store, listen)
    except CostCap as cap:  # as planned: what was found so far is reported
        store.set_meta("stopped", str(cap))
    finally:
        keep()
    tell(replace(last, stage="done"))


def load(path: Path | str) -> Run:
    """An existing run folder; that of a probe is a `Probe`."""
    with Store.open(path) as store:
        kind = store.meta("identity").get("kind")
    return Probe(Path(path)) if kind == "probe" else Run(Path(path))


def resume(path: Path | str, progress: Listener | None = None, *, max_cost: float | None = None) -> Run:
    """Go on with a run under its own options, and under its own cap on costs unless another is given; a finished one is only
    reported again."""
    with Store.open(path) as store:
        identity = store.meta("identity")
        cap = (store.meta("max_cost") or 0.0) if max_cost is None else float(max_cost)
    if identity.get("kind") == "probe":
        raise SpecError(f"{str(path)!r} holds a probe; to go on with it, run the same probe again with --out {path}")
    return hunt(identity["labels"], path, config=identity["options"] | {"max_cost": cap}, progress=progress)


def load_models(settings: Config, given: Mapping[str, Any] | None = None) -> Models:
    """The models of a hunt; a callable in `given` takes its role as it is. Editor and describer are optional."""
    given = given or {}
    loaded: dict[str, Any] = {}
    # the judge last: it may have to know what the classifier tells apart
    for kind in sorted(get_args(registry.Role), key=lambda kind: kind == "Judge"):
        role = kind.lower()
        spec, said = given.get(role, getattr(settings, role)), getattr(settings, f"{role}_args")
        if kind == "Judge":
            said = judge_args(spec, said, lambda: check_labels(loaded["classifier"]))
        if spec != "":
            loaded[role] = registry.load(kind, spec, said)
    check_labels(loaded["classifier"])
    return Models(**loaded)


def judge_args(spec: Any, said: Mapping[str, Any], classes: Callable[[], Sequence[str]]) -> dict[str, Any]:
    """Options of a judge: as stated, and what the classifier tells apart (`classes()`) where the judge would know and nobody
    says."""
    if "against" in said or "against" not in registry.options("Judge", spec):
        return dict(said)
    labels = classes()
    # a judge contrasts ImageNet's names, among which "dog" would lose to every breed
    return dict(said) if set(labels) == set(names.imagenet()) else {**said, "against": list(labels)}


def _settings(config: Config | Mapping[str, Any] | None, options: Mapping[str, Any]) -> Config:
    base = config.to_mapping() if isinstance(config, Config) else dict(config or {})
    # a model that is an object goes into the configuration under its name
    stated = {k: _name(v) if k in ROLES and not isinstance(v, str) else v for k, v in options.items()}
    return Config.of({**base, **stated})


def _name(model: Any) -> str:
    return str(
        getattr(model, "id", "")
        or f"python/{getattr(model, '__module__', '')}:{getattr(model, '__qualname__', type(model).__qualname__)}"
    )


def _labels(labels: Sequence[str] | str | None, models: Models, everything: bool = False) -> list[str]:
    """Label names as the classifier spells them, each once; known to the generator too where it has a fixed vocabulary."""
    suggested: Sequence[str] = getattr(models.generator, "suggested", ())
    known = check_labels(models.classifier)
    wanted = [labels] if isinstance(labels, str) else list(labels or suggested)
    if everything:
        if labels:
            raise SpecError(f"labels {', '.join(wanted[:3])} and all labels were asked for; one of the two")
        drawn = set(getattr(models.generator, "labels", None) or known)
        wanted = [label for label in known if label in drawn]
    if not wanted:
        raise SpecError("no labels to hunt on: name at least one")
    found = list(dict.fromkeys(names.resolve(label, known) for label in wanted))
    vocabulary = getattr(models.generator, "labels", None)
    for label in found:
        if vocabulary and label not in vocabulary:
            raise unknown(f"label of the generator {models.generator.id}", label, vocabulary)
    return found


def _check_judge(models: Models, labels: Sequence[str]) -> None:
    """Raises SpecError where the judge says that it knows nothing of a label."""
    getattr(models.judge, "check", lambda labels: None)(labels)


def _label_of(text: str, label: str | None, models: Models) -> str:
    """The label that a prompt is about: the one given, else the longest label name in it."""
    known = check_labels(models.classifier)
    if label is not None:
        return names.resolve(label, known)
    named = language.named(text, known)
    if named is None:
        raise SpecError(f"the prompt {text!r} names no label of {models.classifier.id}; say with --label what it shows")
    return named


def versions() -> dict[str, str]:
    """Of `PACKAGES`, as far as they are installed."""
    metadata: Any = importlib.import_module("importlib.metadata")
    found = {}
    for package in PACKAGES:
        try:
            found[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
    return found
