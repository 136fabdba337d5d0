"""The Python interface: `bugscope.hunt(...) -> Run`, `bugscope.load(path) -> Run`. The command line is made of it too."""

import html
import importlib
import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any, get_args

from . import labels as names
from . import registry, report
from .config import Config
from .engine import Engine, Models, check_labels
from .errors import MissingDependency, SpecError, unknown
from .hunt import check
from .hunt import hunt as loop
from .store import Store
from .types import Listener, Progress

ROLES = ("generator", "classifier", "captioner", "judge")


def hunt(
    labels: Sequence[str] | str | None = None,
    out: Path | str | None = None,
    *,
    config: Config | Mapping[str, Any] | None = None,
    progress: Listener | None = None,
    **options: Any,
) -> "Run":
    """Find the bugs of a classifier and keep everything in the folder `out`; on the same folder, go on with that run.

    `labels`: label names of the classifier; by default the generator's suggestions. `options`: the fields of `Config`; a
    role (generator, classifier, captioner, judge) is "provider/model" or any Python callable that fits `bugscope.types`.
    `progress` is called with `bugscope.types.Progress`. Raises BugscopeError: SpecError, ModelError, MissingDependency,
    StoreError.
    """
    tell = progress or (lambda now: None)
    settings = _settings(config, options)
    tell(Progress("loading", budget=settings.budget))
    models = load_models(settings, options)
    wanted = _labels(labels, models)
    out = Path(out) if out is not None else Path("runs") / datetime.now().strftime("%Y%m%d-%H%M%S")
    identity = {
        "labels": wanted,
        "models": {role: getattr(models, role).id for role in ROLES},
        "options": settings.identity(),
    }
    resolved = {"labels": wanted, **settings.to_mapping(), "models": identity["models"], "versions": versions()}
    # a run that cannot start leaves nothing behind
    check(wanted, settings)
    with Store.create(out, identity, resolved) as store:
        try:
            _run(wanted, models, store, settings, tell)
        finally:
            for role in ROLES:
                getattr(getattr(models, role), "close", lambda: None)()
    return load(out)


def _run(labels: Sequence[str], models: Models, store: Store, settings: Config, tell: Listener) -> None:
    began, before = time.monotonic(), store.meta("seconds") or 0.0
    last = Progress("loading")

    def listen(now: Progress) -> None:
        nonlocal last
        tell(now)
        found, last = now.bugs != last.bugs, now
        if found:
            keep()

    def keep() -> None:
        store.set_meta("seconds", before + time.monotonic() - began)
        report.write(store)

    try:
        loop(labels, Engine(models, store, settings), store, settings, listen)
        store.set_meta("finished", True)
    finally:
        keep()
    tell(replace(last, stage="done"))


def load(path: Path | str) -> "Run":
    """An existing run folder."""
    return Run(Path(path))


def resume(path: Path | str, progress: Listener | None = None) -> "Run":
    """Go on with a run under its own options; a finished one is only reported again."""
    with Store.open(path) as store:
        identity = store.meta("identity")
    return hunt(identity["labels"], path, config=identity["options"], progress=progress)


def load_models(settings: Config, given: Mapping[str, Any] | None = None) -> Models:
    """The four models of a hunt; a callable in `given` takes its role as it is."""
    given = given or {}
    loaded = {}
    for role, kind in zip(ROLES, get_args(registry.Role), strict=True):
        spec = given.get(role, getattr(settings, role))
        loaded[role] = registry.load(kind, spec, getattr(settings, f"{role}_args"))
    check_labels(loaded["classifier"])
    return Models(**loaded)


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


def _labels(labels: Sequence[str] | str | None, models: Models) -> list[str]:
    """Label names as the classifier spells them, each once; known to the generator too where it has a fixed vocabulary."""
    suggested: Sequence[str] = getattr(models.generator, "suggested", ())
    wanted = [labels] if isinstance(labels, str) else list(labels or suggested)
    if not wanted:
        raise SpecError("no labels to hunt on: name at least one")
    known = check_labels(models.classifier)
    found = list(dict.fromkeys(names.resolve(label, known) for label in wanted))
    vocabulary = getattr(models.generator, "labels", None)
    for label in found:
        if vocabulary and label not in vocabulary:
            raise unknown(f"label of the generator {models.generator.id}", label, vocabulary)
    return found


def versions() -> dict[str, str]:
    """Of the packages that can change a result, as far as they are installed."""
    metadata: Any = importlib.import_module("importlib.metadata")
    found = {}
    for package in ("bugscope", "numpy", "scipy", "pillow", "mitsuba", "mitsuba-oidn", "onnxruntime", "torch"):
        try:
            found[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
    return found


@dataclass(frozen=True, slots=True)
class Bug:
    """A confirmed bug. `low`, `high`: 95 % interval of the failure rate; `record` has everything else (report.json)."""

    label: str
    description: str
    sentence: str
    failures: int
    n: int
    low: float
    high: float
    baseline_failures: int
    baseline_n: int
    predicted: str
    e_value: float
    record: Mapping[str, Any]

    @property
    def rate(self) -> float:
        return self.failures / self.n

    @property
    def baseline_rate(self) -> float:
        return self.baseline_failures / self.baseline_n

    def __str__(self) -> str:
        return (
            f"{self.sentence} -> {self.predicted}: {self.failures} of {self.n} fail "
            f"(95 % CI {100 * self.low:.0f}-{100 * self.high:.0f} %), baseline {self.baseline_failures} of {self.baseline_n}"
        )


class Run:
    """A run folder, finished or not. Shows itself in a notebook."""

    def __init__(self, path: Path) -> None:
        self.path = path
        with Store.open(path) as store:
            self.report: dict[str, Any] = report.build(store)

    @property
    def bugs(self) -> list[Bug]:
        """Confirmed bugs, the largest rise in failure rate first."""
        return [
            Bug(
                b["label"], b["description"], b["sentence"], b["failures"], b["n"], b["low"], b["high"],
                b["baseline"]["failures"], b["baseline"]["n"], b["predicted"][0]["label"], b["e_value"], b,
            )
            for b in self.report["bugs"]
        ]  # fmt: skip

    def samples(self) -> Any:
        """Every picture of the run as a pandas DataFrame: prompt, seed, status, prediction, caption, image path."""
        try:
            pandas = importlib.import_module("pandas")
        except ImportError as error:
            raise MissingDependency("run.samples() needs pandas: pip install 'bugscope[pandas]'") from error
        with Store.open(self.path) as store:
            rows = report.rows(store)
        return pandas.DataFrame(rows, columns=report.COLUMNS)

    def write_report(self) -> Path:
        """Make report.json and report.html again; returns the page's path."""
        with Store.open(self.path) as store:
            self.report = report.write(store)
        return self.path / "report.html"

    def __repr__(self) -> str:
        return f"<bugscope.Run {str(self.path)!r}: {len(self.report['bugs'])} bugs, {self.report['images_generated']} pictures>"

    def _repr_html_(self) -> str:
        with Store.open(self.path) as store:
            page = report.page(self.report, store)
        return f'<iframe srcdoc="{html.escape(page)}" style="width:100%;height:640px;border:1px solid #8888" sandbox></iframe>'


def to_json(run: Run) -> str:
    return json.dumps(run.report, ensure_ascii=False, allow_nan=False)
