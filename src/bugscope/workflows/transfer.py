"""`bugscope transfer`: which other models share the bugs of a run? The pictures are there; only targets run."""

import os
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from .. import stats, tasks
from ..core import accept as accepting
from ..core import registry
from ..core.errors import SpecError
from ..core.options import Config
from ..core.records import Purpose, Rate
from ..engine.engine import Engine
from ..engine.models import Models, Recorded
from ..engine.standing import Unanswered
from ..report import baseline
from ..report.accept import noted
from ..report.records import BugRecord
from ..report.transfer import SETS, BugRow, Cell, Column, Transfer
from ..report.words import listed, number
from ..store import ledger
from ..store.album import Album, Shot, distinct
from ..store.folder import Store
from ..store.overlay import Overlay
from . import session
from .distance import Tell, loaded
from .results import Run

__all__ = ["SETS", "BugRow", "Cell", "Column", "Transfer", "transfer"]


def transfer(
    run: Run | Path | str,
    targets: Sequence[Any] | Any,
    *,
    target_args: Mapping[str, Any] | None = None,
    accept: Any = None,
    out: Path | str | None = None,
    progress: Tell | None = None,
) -> Transfer:
    """Failure rates of other targets on the pictures of a run: by bug, by label, and on what fooled the run's own.

    `targets`: "provider/model" or callables, or pairs of one and its options; `target_args` are the options of those that
    have none of their own. `accept`: what counts as right for other models, as in `hunt`; what is not stated is as in the
    run, and ImageNet's sets apply by each model's own labels. A mapping adds to the run's: label of the run -> further names
    that count as right, in whatever model has them. `out`: a folder for transfer.json and transfer.html. `progress` is called
    with (pictures done, all, model).

    Answers are kept in the run folder, or in `out` where that can only be read, by the model's id, so that asking again costs
    nothing. Generator, judge and captioner
    are not loaded. Raises SpecError, ModelError, MissingDependency, StoreError.
    """
    found = run if isinstance(run, Run) else Run(Path(run))
    wanted = _wanted(targets, target_args or {})
    bugs = [*found.report["bugs"], *found.report["folded"]]
    records = found.report["probed"] if found.report["kind"] == "probe" else bugs
    with Store.open(found.path) as store:
        identity, config = store.identity(), store.options()
    with _kept(found.path, identity, out) as (store, answers):
        pictures = _Pictures(Album(store), records, answers)
        if not pictures.shown:
            raise SpecError(f"the run {str(found.path)!r} has no picture that shows its label, so there is nothing to show")
        own = _own(found.report["target"], found.report["names"].get("target", ""), pictures)
        columns, notes, task = [own], [], tasks.load(config)
        for spec, options in wanted:
            with loaded(spec, options, task.role) as alone:
                model = session.against(config, task, alone)
                id = str(model.id)
                if id == own.model:
                    notes.append(f"{id} is the run's own target: its answers are the run's. A changed model needs another id.")
                elif id in [c.model for c in columns]:
                    raise SpecError(f"two targets are called {id!r}; give each an attribute 'id' of its own")
                else:
                    column, said = _column(model, pictures, config, accept, progress)
                    columns.append(column)
                    notes += said
    made = Transfer(found.path, tuple(columns), pictures.rows, config.alpha, tuple(notes), pictures.shown).tested()
    if out is not None:
        made.write(out)
    return made


@contextmanager
def _kept(path: Path, identity: Mapping[str, Any], out: Path | str | None) -> Iterator[tuple[Store, Store]]:
    """Where the pictures are, and where answers are kept: in the run folder too, or in `out` if that can only be read."""
    if out is None or os.access(path, os.W_OK):
        with Store.create(path, identity) as store:
            yield store, store
    else:
        with Store.open(path) as below, Overlay.over(below, Path(out) / "answers", identity) as above:
            yield below, above


def _wanted(targets: Sequence[Any] | Any, shared: Mapping[str, Any]) -> list[tuple[Any, Mapping[str, Any]]]:
    """(spec, options) of each."""
    several = isinstance(targets, list | tuple) and not _pair(targets)
    wanted = [(c[0], c[1]) if _pair(c) else (c, shared) for c in (targets if several else [targets])]
    if not wanted:
        raise SpecError("no target to transfer to: name at least one")
    return wanted


def _pair(target: Any) -> bool:
    return isinstance(target, list | tuple) and len(target) == 2 and isinstance(target[1], Mapping)


# --- the pictures -----------------------------------------------------------------------------------------------------


class _Pictures:
    """The pictures of a run that show their label, and which of them are shown for what. `rows`: bugs; `sets`: `SETS`, each
    picture once, whatever it was drawn for; `plain`: by label."""

    def __init__(self, album: Album, records: Sequence[BugRecord], answers: Store) -> None:
        """`answers`: where those of other models are kept."""
        self.album, self.answers = album, answers
        self.shown = tuple(_counted(list(album.all())))
        self.labels = sorted({x.sample.prompt.label for x in self.shown})
        self.plain = {label: self.neutral(label, album.plain(label)) for label in self.labels}
        notes = ledger.of_bugs(album.store)
        self.rows = tuple(self.row(record, notes[record["key"]]["drawn"]) for record in records)
        self.sets = self._sets()

    def of(self, purpose: Purpose, label: str, text: str, drawn: int | None = None) -> list[Shot]:
        return _counted(self.album.of(purpose, label, text, drawn))

    def neutral(self, label: str, text: str) -> list[Shot]:
        """Pictures of a prompt to compare with, each once: of exploration and of confirmation."""
        return distinct(_counted(self.album.every(label, text, ("explore", "confirm"))))

    def row(self, record: BugRecord, drawn: int) -> BugRow:
        """Which pictures are shown for a bug. `drawn`: how many its verdict rests on."""
        label, prompt = record["label"], record["prompt"]
        verdict = self.of("refine" if record["key"].startswith(ledger.CHILD) else "confirm", label, prompt, drawn)
        images = {x.image for x in verdict}
        # generated to explain the bug, after it was confirmed
        later = [x for x in self.of("explain", label, prompt) if x.image not in images]
        compared = self.album.plain(label) if self.plain.get(label) else record["compared_with"]
        return BugRow(
            id=record["id"],
            label=label,
            sentence=record["sentence"],
            prompt=prompt,
            compared_with=compared,
            verdict=tuple(verdict),
            later=tuple(later),
            plain=tuple(self.neutral(label, compared)),
            own=ledger.read_rate(record),
            same_as=record["same_as"],
        )

    def _sets(self) -> dict[str, list[Shot]]:
        neutral = [x for shots in self.plain.values() for x in shots]
        found = {
            "plain": neutral,
            "chance": [x for x in neutral if x.wrong],
            "bugs": [x for row in self.rows for x in (*row.verdict, *row.later) if x.wrong],
            "all": [x for x in self.shown if x.wrong],
        }
        return {name: distinct(found[name]) for name in SETS}

    def column(
        self, id: str, name: str, own: bool, said: "_Answers", known: Sequence[str], choices: Sequence[str], lost: int = 0
    ) -> Column:
        """`known`: labels of the run for which the model has a name; `choices`: its own labels."""
        wrong = {key: taken_for is not None for key, taken_for in said.items()}
        baselines = {label: r for label, r in _rates(self.plain, wrong).items() if r.n}
        cells = {row.id: Cell.of(row, wrong) if row.label in known else None for row in self.rows}
        found = [baseline.Plain(label, r, self.confused(label, said)) for label, r in baselines.items()]
        guess = baseline.guessing(choices, self.album.config.top_k)
        plain = baseline.assess(found, stats.clopper_pearson, guess, named=bool(choices)) if found else None
        return Column(id, own, cells, baselines, _rates(self.sets, wrong), wrong, lost, name, plain)

    def confused(self, label: str, said: "_Answers") -> Counter[str]:
        """What failures on plain pictures of a label are taken for."""
        return Counter(taken_for for x in self.plain[label] if (taken_for := said.get(x.key)))


def _counted(shots: Sequence[Shot]) -> list[Shot]:
    return [x for x in shots if x.status.counts]


_Answers = Mapping[str, str | None]
"""By the key of a picture, as far as a model answered: what it takes a failure for; None where it is right."""


# --- the models -------------------------------------------------------------------------------------------------------


def _own(id: str, name: str, pictures: _Pictures) -> Column:
    """The run's own target: all its answers are known."""
    said = {x.key: x.outcome.said if x.wrong else None for x in pictures.shown}
    choices = pictures.album.store.meta("classes") or ()
    return pictures.column(id, name, True, said, [row.label for row in pictures.rows], choices)


def _column(model: Any, pictures: _Pictures, config: Config, accept: Any, progress: Tell | None) -> tuple[Column, list[str]]:
    """Ask one model for what it has not answered yet; what it knows of the run's labels decides what is asked."""
    run_labels = pictures.labels
    choices = tasks.load(config).labels(model)
    word, further = accepting.elsewhere(config.accept, accept, run_labels)
    known = accepting.AcceptSets.of(word, choices).called(run_labels, further)
    missing = [label for label in run_labels if label not in known]
    if not known:
        raise SpecError(
            f"the target {model.id} knows none of the run's labels ({', '.join(run_labels[:6])}); state with accept what "
            f"it calls them. It knows: {', '.join(list(model.labels)[:6])}, ..."
        )
    asked = [x.sample for x in pictures.shown if x.sample.prompt.label in known]

    def tell(engine: Engine) -> None:
        if progress:
            progress(len(engine.asked), len(asked), str(model.id))

    settings = config.model_copy(update={"accept": word})
    engine = Engine(_silent(model, pictures.album), pictures.answers, settings, on_batch=tell, called=known)
    try:
        outcomes = engine.measure(asked)
        engine.settle()
    except Unanswered as error:
        error.with_way_on("transfer again with the same options")
        raise
    finally:
        engine.close()
    said = {o.sample.key: o.said if o.wrong else None for o in outcomes if o.wrong is not None}
    name, lost, notes = registry.name(model), len(asked) - len(said), []
    if missing:
        notes.append(
            f"{name} does not know {listed(map(repr, missing))}: shown as a dash and left out of its totals. "
            f"If it has another name for {'it' if len(missing) == 1 else 'them'}, state it with accept."
        )
    if lost:
        notes.append(f"{name} gave no answer for {lost} of {number(len(asked), 'picture')}, which are left out.")
    column = pictures.column(str(model.id), name, False, said, list(known), choices, lost)
    return replace(column, accept=noted(engine.task, outcomes, further)), notes


def _silent(model: Any, album: Album) -> Models:
    """The model as the target; the other roles are never asked."""
    medium = album.identity["medium"]
    others: dict[str, Any] = {r: Recorded(album.models[r], medium) for r in ("generator", "captioner", "judge")}
    return Models(target=model, **others)


def _rates(sets: Mapping[str, Sequence[Shot]], wrong: Mapping[str, bool]) -> dict[str, Rate]:
    """The failure rate on each set, as far as this model answered."""
    answers = {name: [wrong[x.key] for x in shown if x.key in wrong] for name, shown in sets.items()}
    return {name: stats.clopper_pearson(sum(found), len(found)) for name, found in answers.items()}
