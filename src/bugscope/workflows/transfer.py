"""`bugscope transfer`: which other models have the bugs of a run too? The pictures are there; only targets run."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .. import media, stats, tasks
from ..core.errors import SpecError, unknown
from ..core.labels import Names
from ..core.options import Config
from ..core.records import Outcome, Rate, Sample, Status, Truth
from ..engine.engine import Engine
from ..engine.models import Models, Recorded
from ..language import Wording
from ..report.transfer import SETS, BugRow, Cell, Column, Transfer
from ..store.folder import Store
from ..tasks.classify import rights
from .distance import Tell, loaded
from .results import Run

__all__ = ["SETS", "BugRow", "Cell", "Column", "Transfer", "transfer"]


@dataclass(frozen=True, slots=True)
class Shown:
    """A picture that shows its label, in the judge's opinion, and whether the run's own target is wrong on it."""

    sample: Sample
    image: str
    wrong: bool

    @property
    def key(self) -> str:
        return self.sample.key


def transfer(
    run: Run | Path | str,
    targets: Sequence[Any] | Any,
    *,
    target_args: Mapping[str, Any] | None = None,
    accept: Mapping[str, Sequence[str]] | None = None,
    out: Path | str | None = None,
    progress: Tell | None = None,
) -> Transfer:
    """Failure rates of other targets on the pictures of a run: by bug, by label, and on what fooled the run's own.

    `targets`: "provider/model" or callables, or pairs of one and its options; `target_args` are options of all
    that have none of their own. `accept`: label of the run -> further names that count as right, in whatever model has
    them. `out`: a folder for transfer.json and transfer.html. `progress` is called with (pictures done, all, model).

    Answers are kept in the run folder by the model's id, so that asking again costs nothing. Generator, judge and captioner
    are not loaded. Raises SpecError, ModelError, MissingDependency, StoreError.
    """
    found = run if isinstance(run, Run) else Run(Path(run))
    wanted = _wanted(targets, target_args or {})
    with Store.open(found.path) as store:
        identity, cap = store.meta("identity"), store.meta("max_cost") or 0.0
    config = Config.of(identity["options"] | {"max_cost": cap})
    if found.report["kind"] == "probe":
        records = found.report["probed"]
    else:
        records = found.report["bugs"]
    with Store.create(found.path, identity) as store:
        album = Album(store, identity["models"], config)
        if not album.shown:
            raise SpecError(f"the run {str(found.path)!r} has no picture that shows its label: nothing to show to other models")
        rows = [_row(record, album, store) for record in records]
        own = str(identity["models"]["target"])
        sets = album.sets(rows)
        columns, notes = [_own(own, album, rows, sets)], []
        for spec, options in wanted:
            with loaded(spec, options) as model:
                id = str(model.id)
                if id == own:
                    notes.append(f"{id} is the run's own target: its answers are the run's. A changed model needs another id.")
                elif id in [c.model for c in columns]:
                    raise SpecError(f"two targets are called {id!r}; give each an attribute 'id' of its own")
                else:
                    column, said = _column(model, album, rows, sets, identity, config, accept or {}, progress)
                    columns.append(column)
                    notes += said
    shown = tuple(album.shown.values())
    made = Transfer(found.path, tuple(columns), tuple(rows), config.alpha, tuple(notes), shown).tested()
    if out is not None:
        made.write(out)
    return made


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


class Album:
    """The pictures of a run that show their label, with what its own target made of them."""

    def __init__(self, store: Store, models: Mapping[str, str], config: Config) -> None:
        task, samples = tasks.load(config), list(store.samples())
        self.wording = Wording(media.load(store.meta("identity")["medium"]).words)
        keys = [s.key for s in samples]
        made, judged, answered = (store.get(role, models[role], keys) for role in ("generator", "judge", "target"))
        self.models, self.store = models, store
        self.shown: dict[str, Shown] = {}
        self.streams: dict[tuple[str, str, str], list[Shown]] = {}
        for s in sorted(samples, key=lambda s: s.replicate):
            o: Outcome = tasks.outcome(task, s, made.get(s.key), judged.get(s.key), answered.get(s.key), config.faithful)
            if o.status.counts:
                shown = self.shown[s.key] = Shown(s, made[s.key]["image"], o.status is Status.FAILURE)
                self.streams.setdefault((s.purpose, s.prompt.label, s.prompt.text), []).append(shown)

    def of(self, purpose: str, label: str, text: str, drawn: int | None = None) -> list[Shown]:
        """Pictures of a prompt, in order; the first `drawn` replicates."""
        found = self.streams.get((purpose, label, text), [])
        return [x for x in found if drawn is None or x.sample.replicate < drawn]

    def plain(self, label: str, text: str) -> list[Shown]:
        """Neutral pictures, each once: of exploration and of confirmation."""
        return _once([*self.of("explore", label, text), *self.of("confirm", label, text)])

    def sets(self, rows: Sequence[BugRow]) -> dict[str, list[Shown]]:
        """`SETS`; each picture once, whatever it was drawn for."""
        labels = dict.fromkeys(x.sample.prompt.label for x in self.shown.values())
        neutral = [x for label in labels for x in self.plain(label, self.wording.neutral(label).text)]
        found = {
            "plain": neutral,
            "chance": [x for x in neutral if x.wrong],
            "bugs": [x for row in rows for x in (*row.verdict, *row.later) if x.wrong],
            "all": [x for x in self.shown.values() if x.wrong],
        }
        return {name: _once(found[name]) for name in SETS}


def _once(shown: Iterable[Shown]) -> list[Shown]:
    return list({(x.sample.prompt.label, x.image): x for x in shown}.values())


def _row(record: Mapping[str, Any], album: Album, store: Store) -> BugRow:
    """Which pictures are shown for a bug."""
    key, label = record["key"], record["label"]
    child = key.startswith("child-")
    note = store.notes("refinement")[key.removeprefix("child-")] if child else store.notes("evidence")[key]
    verdict = album.of("refine" if child else "confirm", label, record["prompt"], note["drawn"])
    images = {x.image for x in verdict}
    # drawn to explain the bug, after it was confirmed
    later = [x for x in album.of("explain", label, record["prompt"]) if x.image not in images]
    neutral = album.wording.neutral(label).text
    compared = neutral if album.plain(label, neutral) else record["compared_with"]
    report_rate = Rate(record["failures"], record["n"], record["low"], record["high"], record["level"])
    return BugRow(
        id=record["id"],
        label=label,
        sentence=record["sentence"],
        prompt=record["prompt"],
        compared_with=compared,
        verdict=tuple(verdict),
        later=tuple(later),
        plain=tuple(album.plain(label, compared)),
        own=report_rate,
    )


# --- the models -------------------------------------------------------------------------------------------------------


def _own(id: str, album: Album, rows: Sequence[BugRow], sets: Mapping[str, Sequence[Shown]]) -> Column:
    """The run's own target: all its answers are known."""
    wrong = {key: x.wrong for key, x in album.shown.items()}
    cells = {row.id: Cell.of(row, wrong) for row in rows}
    return Column(id, True, cells, _baselines(album, wrong), _rates(sets, wrong), wrong, 0)


def _column(
    model: Any,
    album: Album,
    rows: Sequence[BugRow],
    sets: Mapping[str, Sequence[Shown]],
    identity: Mapping[str, Any],
    config: Config,
    accept: Mapping[str, Sequence[str]],
    progress: Tell | None,
) -> tuple[Column, list[str]]:
    """Ask one model for what it has not answered yet; what it knows of the run's labels decides what is asked."""
    run_labels = sorted({x.sample.prompt.label for x in album.shown.values()})
    task = tasks.load(config)
    known, missing = _rights(run_labels, Names(task.labels(model)), config, accept)
    for label in accept:
        if label not in run_labels:
            raise unknown("label of the run in accept", label, run_labels)
    if not known:
        raise SpecError(
            f"the target {model.id} knows none of the run's labels ({', '.join(run_labels[:6])}); say with accept what it "
            f"calls them. It knows: {', '.join(list(model.labels)[:6])}, ..."
        )
    asked = [x for x in album.shown.values() if x.sample.prompt.label in known]
    silent: dict[str, Any] = {
        role: Recorded(identity["models"][role], identity["medium"]) for role in ("generator", "captioner", "judge")
    }

    def tell(engine: Engine) -> None:
        if progress:
            progress(len(engine.asked), len(asked), str(model.id))

    engine = Engine(Models(target=model, **silent), album.store, config, on_batch=tell)
    engine.measure([x.sample for x in asked])
    # the engine compares with the run's names; what this model calls them is known here
    answers = album.store.get("target", str(model.id), [x.key for x in asked])
    own = tasks.load(config.model_copy(update={"accept": {label: sorted(right) for label, right in known.items()}}))
    wrong = {x.key: own.read(answers[x.key], Truth(x.sample.prompt.label)).wrong for x in asked if x.key in answers}
    notes = []
    if missing:
        notes.append(
            f"{model.id} does not know {', '.join(repr(label) for label in missing)}: a dash, and no part of its totals. "
            f"If it calls {'it' if len(missing) == 1 else 'them'} otherwise, say so with accept."
        )
    lost = len(asked) - len(wrong)
    if lost:
        notes.append(f"{model.id} gave no answer for {lost} of {len(asked)} pictures; they do not count for it.")
    cells = {row.id: Cell.of(row, wrong) if row.label in known else None for row in rows}
    return Column(str(model.id), False, cells, _baselines(album, wrong), _rates(sets, wrong), wrong, lost), notes


def _rates(sets: Mapping[str, Sequence[Shown]], wrong: Mapping[str, bool]) -> dict[str, Rate]:
    """The failure rate on each set, as far as this model answered."""
    answers = {name: [wrong[x.key] for x in shown if x.key in wrong] for name, shown in sets.items()}
    return {name: stats.clopper_pearson(sum(found), len(found)) for name, found in answers.items()}


def _rights(
    run_labels: Sequence[str], names: Names, config: Config, accept: Mapping[str, Sequence[str]]
) -> tuple[dict[str, frozenset[str]], list[str]]:
    """Label of the run -> the names in this model that are right, and the labels that it does not know."""
    found = {label: rights(label, names, [*config.accept.get(label, ()), *accept.get(label, ())]) for label in run_labels}
    return {label: right for label, right in found.items() if right}, [label for label, right in found.items() if not right]


def _baselines(album: Album, wrong: Mapping[str, bool]) -> dict[str, Rate]:
    """The plain label's failure rate, by label, as far as this model knows it."""
    labels = sorted({x.sample.prompt.label for x in album.shown.values()})
    rates = _rates({label: album.plain(label, album.wording.neutral(label).text) for label in labels}, wrong)
    return {label: r for label, r in rates.items() if r.n}
