"""`bugscope hunt`: find the bugs of a target and keep everything in a run folder."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from ..core import label_files
from ..core import labels as names
from ..core.errors import SpecError, unknown
from ..core.options import Config, Cost
from ..core.records import Evidence, Hypothesis
from ..engine import wording
from ..engine.engine import Engine
from ..engine.models import Models
from ..language import Wording
from ..method import events
from ..method.events import Event
from ..method.plan import Plan, settled
from ..method.search import Findings, search
from ..report.words import few
from ..store import ledger
from ..store.folder import Store
from . import session
from .progress import Listener, Planned, Progress, Watch
from .results import Run, load


def hunt(
    labels: Sequence[str] | str | None = None,
    out: Path | str | None = None,
    *,
    all_labels: bool = False,
    config: Config | Mapping[str, Any] | None = None,
    progress: Listener | None = None,
    **options: Any,
) -> Run:
    """Find the bugs of a target and keep everything in the run folder `out`; a run that is there already is continued.

    `labels`: label names of the target; by default those that the generator suggests, with `all_labels` all that generator
    and target both know. One budget serves all labels, and goes where failures are found. `out`: by default a new folder in
    `runs`. `config`, `options`: the fields of `Config`; a role (generator, target, captioner, judge, editor, describer) is
    "provider/model" or any Python callable that fits `bugscope.core.roles`. `progress`: called with a
    `bugscope.workflows.progress.Progress` after each step.

    If `max_cost` stops the run, it returns what was found so far: `report["stopped"]` says why, and the same call with a
    higher `max_cost` continues it. Raises SpecError (a name or option that means nothing), ModelError (a model failed),
    MissingDependency or StoreError (the folder is unusable, or holds another run), all of them BugscopeError.
    """
    tell = progress or (lambda now: None)
    settings = session.settings(config, options)
    tell(Progress("loading"))
    models = session.load_models(settings, options)
    wanted = _labels(labels, models, session.target_labels(models, settings), all_labels)
    auto, settings = settings.budget == "auto", settled(wanted, settings)
    # a run that cannot start leaves nothing behind
    Plan.of(wanted, settings)
    session.check_judge(models, wanted)

    def work(engine: Engine, store: Store, listen: Listener) -> None:
        conduct(wanted, engine, store, settings, listen)
        store.set_meta("finished", True)

    with session.opened(out or session.new_folder(""), wanted, models, settings) as (engine, store):
        planned = Planned(store.path, tuple(wanted), settings.budget, settings.explain_budget, auto)
        tell(Progress("loading", budget=planned.pictures, planned=planned))
        session.work(work, engine, store, tell)
    return load(store.path)


def conduct(labels: Sequence[str], engine: Engine, store: Store, config: Config, listener: Listener) -> Findings:
    """Run the search on an open run folder. Called again on the same store, it continues where it stopped."""
    plan = Plan.of(labels, config)
    words = wording.of(engine.models, engine.task, labels)
    watch = Watch(engine, plan.budget + plan.explain_budget, listener)
    keeper = Keeper(store, words)
    session.note_judge(store, engine.models.judge)

    def tell(event: Event) -> None:
        # what is kept is on disk before anyone hears of it
        keeper(event)
        watch(event)

    watch.stage("exploring")
    return search(labels, plan, engine, words, tell)


class Keeper:
    """Writes the conclusions of a search into the ledger, event by event."""

    def __init__(self, store: Store, wording: Wording) -> None:
        self.store, self.wording = store, wording
        self.tried: list[Hypothesis] = []

    def __call__(self, event: Event) -> None:
        match event:
            case events.Proposed(hypotheses):
                new = {_id(i): ledger.hypothesis(h, self.wording) for i, h in enumerate(hypotheses) if i >= len(self.tried)}
                self.tried = list(hypotheses)
                self.store.note_all("hypothesis", new)
            case events.Measured(evidence):
                self.store.note_all("evidence", {_id(i): ledger.evidence(e, self.wording) for i, e in enumerate(evidence)})
            case events.Explained(bug, explanation):
                self.store.note("explanation", self._of(bug), ledger.explanation(explanation, self.wording))
            case events.Sharpened(family):
                self._children(family, ledger.hypothesis)
            case events.Refined(children):
                self._children(children, ledger.evidence)

    def _children(self, family: Sequence[tuple[Evidence, Any]], record: Callable[[Any, Wording], Mapping[str, Any]]) -> None:
        notes = {
            _id(i): {"parent": self._of(parent), **record(child, self.wording)} for i, (parent, child) in enumerate(family)
        }
        self.store.note_all("refinement", notes)

    def _of(self, bug: Evidence) -> str:
        return _id(self.tried.index(bug.hypothesis))


def resume(path: Run | Path | str, progress: Listener | None = None, *, max_cost: Cost | None = None) -> Run:
    """Continue the run in the folder `path` under its own options, and under its own cap on costs unless `max_cost` is given
    (a number, or "none" for no cap).

    A finished run is only reported again. `progress` and errors as in `hunt`; SpecError also if the folder holds a probe.
    """
    folder = path.path if isinstance(path, Run) else Path(path)
    with Store.open(folder) as store:
        identity, stated = store.meta("identity"), store.options().to_mapping()
    if identity.get("kind") == "probe":
        raise SpecError(f"{str(folder)!r} holds a probe; to continue it, run the same probe again with --out {folder}")
    cap = {} if max_cost is None else {"max_cost": max_cost}
    return hunt(identity["labels"], folder, config=stated | cap, progress=progress)


def _id(i: int) -> str:
    return f"{i:05d}"


def _labels(labels: Sequence[str] | str | None, models: Models, known: Sequence[str], everything: bool = False) -> list[str]:
    """Label names as the target spells them, each once. A generator with a fixed vocabulary must know them too."""
    suggested: Sequence[str] = getattr(models.generator, "suggested", ())
    given = [] if labels is None else [labels] if isinstance(labels, str) else label_files.listed(labels)
    vocabulary = getattr(models.generator, "labels", None)
    if everything:
        if given:
            raise SpecError(f"labels {', '.join(given[:3])} and all labels were asked for; choose one of the two")
        drawable = set(vocabulary or known)
        wanted = [label for label in known or vocabulary or () if label in drawable]
    else:
        wanted = given or [label for label in suggested if not known or _knows(label, known)]
    if not wanted:
        raise _nothing(models, known, bool(vocabulary or suggested))
    found = list(dict.fromkeys(names.resolve(label, known) if known else label for label in wanted))
    for label in found:
        if vocabulary and label not in vocabulary:
            raise unknown(f"label of the generator {models.generator.id}", label, vocabulary)
    return found


def _knows(label: str, known: Sequence[str]) -> bool:
    try:
        return bool(names.resolve(label, known))
    except SpecError:
        return False


def _nothing(models: Models, known: Sequence[str], limited: bool) -> SpecError:
    """Why there are no labels, where none were named."""
    if limited and known:
        return SpecError(
            f"the generator {models.generator.id} draws none of the target's labels ({few(known, 3)}); "
            "choose another --generator (docs/providers.md)"
        )
    return SpecError("no labels to hunt on: name at least one")
