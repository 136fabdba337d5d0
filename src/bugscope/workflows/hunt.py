"""`bugscope hunt`: find the bugs of a target and keep everything in a run folder."""

import json
from collections.abc import Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

from ..core import label_files
from ..core.errors import SpecError, unknown
from ..core.options import Config, Cost, Seconds
from ..core.records import Evidence, Hypothesis
from ..core.texts import writable
from ..core.wider import meant
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
from ..tasks import Task
from . import session
from .progress import Listener, Planned, Progress, Watch
from .results import Run, load

COUNTED = ("images", "budget", "failures", "hypotheses", "bugs")
"""What a finished run says of itself when it is asked again."""


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
    higher `max_cost` continues it. Raises SpecError (a name or option that means nothing), ModelError (a model failed or does
    not answer: what was answered is kept, `report["error"]` of the folder says why, and the same call continues it),
    MissingDependency or StoreError (the folder is unusable, or holds another run), all of them BugscopeError.
    """
    tell = progress or (lambda now: None)
    settings = session.settings(config, options)
    tell(Progress("loading"))
    models = session.load_models(settings, options)
    wanted = _labels(labels, models, session.task(models, settings), all_labels)
    auto, settings = settings.budget == "auto", settled(wanted, settings)
    # a run that cannot start leaves nothing behind
    Plan.of(wanted, settings)
    session.check_judge(models, wanted)

    def work(engine: Engine, store: Store, listen: Listener) -> None:
        if known := _concluded(engine, store, settings):
            listen(known)
            return
        last = Progress("loading")

        def heard(now: Progress) -> None:
            nonlocal last
            last = now
            listen(now)

        store.set_meta("finished", False)
        store.set_meta("concluded", None)
        conduct(wanted, engine, store, settings, heard)
        engine.settle()
        engine.forget_failures()
        store.set_meta("concluded", {"by": _by(settings), **{name: getattr(last, name) for name in COUNTED}})
        store.set_meta("finished", True)

    with session.opened(out or session.new_folder(""), wanted, models, settings) as (engine, store):
        planned = Planned(store.path, tuple(wanted), settings.budget, settings.explain_budget, auto)
        tell(Progress("loading", budget=planned.pictures, planned=planned))
        session.work(work, engine, store, tell, f"bugscope resume {store.path}")
    return load(store.path)


def _concluded(engine: Engine, store: Store, settings: Config) -> Progress | None:
    """What a finished run found, if asking again could not change it: the same version and options found it, every question
    was answered, and all pictures are there."""
    known = store.meta("concluded") if store.meta("finished") else None
    if known is None or known["by"] != _by(settings) or store.notes("error") or store.notes("lost"):
        return None
    if not all(store.blobs.has(image) for _, image in store.pictures(engine.models.generator.id)):
        return None
    counts = {name: known[name] for name in COUNTED}
    return Progress("confirming", recalled=known["images"], cost=engine.meter.cost, **counts)


def _by(settings: Config) -> str:
    """The version and the options that a conclusion depends on, in short."""
    said = {"version": session.versions().get("bugscope"), **settings.identity()}
    return sha256(json.dumps(said, sort_keys=True, default=str).encode()).hexdigest()


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
    found = search(labels, plan, engine, words, tell)
    keeper.settle()
    return found


class Keeper:
    """Writes the conclusions of a search into the ledger, event by event, each under the key of the description that it is
    about. What an earlier session concluded is forgotten where this one goes another way."""

    def __init__(self, store: Store, wording: Wording) -> None:
        self.store, self.wording = store, wording
        self.before = {id: note.get("order", 0) for id, note in ledger.tried(store).items()}
        """What an earlier session tried, and when."""
        self.told: dict[str, set[str]] = {kind: set() for kind in ("hypothesis", "evidence", "explanation", "refinement")}
        self._ids: list[str] = []
        """Of the descriptions so far, in order."""
        self._seen: Sequence[Evidence] = ()

    def __call__(self, event: Event) -> None:
        match event:
            case events.Proposed(hypotheses):
                new = hypotheses[len(self._ids) :]
                self._ids += map(self._id, new)
                self._part(self._ids)
                self._note("hypothesis", {self._id(h): ledger.hypothesis(h, self.wording) for h in new})
            case events.Measured(evidence):
                changed = [(i, evidence[i]) for i in events.changed(self._seen, evidence)]
                self._seen = evidence
                notes = {self._id(e.hypothesis): ledger.evidence(e, self.wording) | {"order": i} for i, e in changed}
                self._note("evidence", notes)
            case events.Explained(bug, explanation):
                self._note("explanation", {self._id(bug.hypothesis): ledger.explanation(explanation, self.wording)})
            case events.Sharpened(family):
                self._children([(bug, child, ledger.hypothesis(child, self.wording)) for bug, child in family])
            case events.Refined(children):
                self._children([(bug, e.hypothesis, ledger.evidence(e, self.wording)) for bug, e in children])

    def settle(self) -> None:
        """The search is over: what it did not conclude again no longer holds. What a person asked for stays."""
        for kind, told in self.told.items():
            self._forget(kind, {id for id in self.store.notes(kind) if not id.startswith(ledger.ASKED)} - told)

    def _part(self, ids: Sequence[str]) -> None:
        """Where an earlier session, which had other outcomes, went on with other descriptions, forget its conclusions."""
        told = set(ids)
        if any(order < len(ids) for id, order in self.before.items() if id not in told):
            self.before = {}
            for kind in ("hypothesis", "evidence", "explanation"):
                self._forget(kind, set(self.store.notes(kind)) - told)

    def _children(self, family: Sequence[tuple[Evidence, Hypothesis, Mapping[str, Any]]]) -> None:
        notes = {}
        for i, (bug, child, note) in enumerate(family):
            parent = self._id(bug.hypothesis)
            notes[f"{parent}-{self._id(child)}"] = {"parent": parent, "order": i, **note}
        self._note("refinement", notes)

    def _note(self, kind: str, notes: Mapping[str, Any]) -> None:
        new = notes if kind != "hypothesis" else {id: note for id, note in notes.items() if id not in self.told[kind]}
        self.told[kind] |= set(notes)
        if new:
            self.store.note_all(kind, new)

    def _forget(self, kind: str, ids: set[str]) -> None:
        if ids:
            self.store.forget(kind, ids)

    def _id(self, h: Hypothesis) -> str:
        return ledger.key(h, self.wording)


def resume(
    path: Run | Path | str,
    progress: Listener | None = None,
    *,
    max_cost: Cost | None = None,
    timeout: Seconds | None = None,
    cache: Path | str | bool = False,
    cache_all: bool = False,
) -> Run:
    """Continue the run in the folder `path` under its own options, and under its own cap on costs unless `max_cost` is given
    (a number, or "none" for no cap); likewise `timeout`.

    A finished run is only reported again. `cache`, `cache_all`, `progress` and errors as in `hunt`; SpecError also if the
    folder holds a probe.
    """
    folder = path.path if isinstance(path, Run) else Path(path)
    with Store.open(folder) as store:
        identity, stated = store.identity(), session.caching(store.options(), cache, cache_all).to_mapping()
    if identity.get("kind") == "probe":
        raise SpecError(f"{str(folder)!r} holds a probe; to continue it, run the same probe again with --out {folder}")
    limits = {name: value for name, value in (("max_cost", max_cost), ("timeout", timeout)) if value is not None}
    return hunt(identity["labels"], folder, config=stated | limits, progress=progress)


def _labels(labels: Sequence[str] | str | None, models: Models, task: Task[Any], everything: bool = False) -> list[str]:
    """Label names as the target spells them, each once. A generator with a fixed vocabulary must know them too; what the target
    calls by another name is called as the generator does."""
    known = task.labels(models.target)
    suggested: Sequence[str] = getattr(models.generator, "suggested", ())
    given = [] if labels is None else [labels] if isinstance(labels, str) else label_files.listed(labels)
    vocabulary = getattr(models.generator, "labels", None)

    def knows(label: str) -> bool:
        return not known or not set(task.accepted(label)).isdisjoint(known)

    if everything:
        if given:
            raise SpecError(f"labels {', '.join(given[:3])} and all labels were asked for; choose one of the two")
        drawn = vocabulary or known
        # in the target's order, then what it calls by another name
        wanted = [label for label in dict.fromkeys((*known, *drawn)) if label in drawn and knows(label)]
    else:
        wanted = given or [label for label in suggested if knows(label)]
    if not wanted:
        raise _nothing(models, known, bool(vocabulary or suggested))
    if known:
        return list(dict.fromkeys(own for label in wanted for own in meant(label, known, vocabulary or (), task.accepted)))
    found = list(dict.fromkeys(map(writable, wanted)))
    if vocabulary and (strange := next((label for label in found if label not in vocabulary), None)):
        raise unknown(f"label of the generator {models.generator.id}", strange, vocabulary)
    return found


def _nothing(models: Models, known: Sequence[str], limited: bool) -> SpecError:
    """Why there are no labels, where none were named."""
    if limited and known:
        return SpecError(
            f"the generator {models.generator.id} draws none of the target's labels ({few(known, 3)}); "
            "choose another --generator (docs/providers.md)"
        )
    return SpecError("no labels to hunt on: name at least one")
