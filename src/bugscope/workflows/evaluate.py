"""`bugscope evaluate`: a target on a folder of labelled pictures, such as ImageNet-A or an exported data set."""

import csv
import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.table import Table
from rich.text import Text

from .. import stats
from ..core import labels
from ..core.errors import SpecError, told, unknown
from ..core.labels import Names
from ..core.records import Rate
from ..report.frames import pandas
from ..report.words import plain, said, shown
from ..store import ledger
from ..tasks.classify import Classify, places, wrong
from .distance import (
    LEAST,
    Array,
    Cloud,
    Distance,
    Tell,
    answers,
    between,
    cloud,
    drawn,
    listed,
    loaded,
    probabilities,
    space,
    stream,
)

CONTAINER = re.compile(
    r"(?:train|training|val|valid|validation|test|images?|imgs?|pictures?|photos?|data|dataset)\d*", re.IGNORECASE
)
"""Folders that name no label, where all beside them are such too."""
WATERBIRDS = {"y": ("landbird", "waterbird"), "place": ("land", "water"), "split": ("train", "val", "test")}
"""What the numbers in its metadata.csv mean."""
BINS = 15
"""Of the expected calibration error, equally wide."""
WORST = 12
"""Classes and groups that a table shows."""

LabelMap = Mapping[str, Any] | Path | str


# --- names ------------------------------------------------------------------------------------------------------------


# --- what is in the folder --------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Item:
    """A picture: its path below the folder, what it is labelled, and the part of the data set that it belongs to."""

    file: str
    label: str
    group: str = ""
    split: str = ""


def items(folder: Path, known: Iterable[str] = ()) -> list[Item]:
    """Labelled pictures: from metadata.csv (Waterbirds), metadata.jsonl (`file_name`, `label`), else from folder names.

    `known`: folders that are labels, whatever stands above them. A picture without a label has "".
    """
    names = listed(folder)
    if (table := folder / "metadata.csv").is_file() and (found := _waterbirds(table, set(names))):
        return found
    said = _said(folder, names)
    parts = {name: name.split("/")[:-1] for name in names}
    places = _label_places(list(parts.values()), frozenset(known))
    found = []
    for name, above in parts.items():
        at = places[tuple(above)]
        label = said.get(name) or (above[at] if at < len(above) else "")
        split = next((p for p in above[:at] if CONTAINER.fullmatch(p)), "")
        found.append(Item(name, label, "/".join(above[:at]), split))
    return found


def _label_places(paths: Sequence[Sequence[str]], known: frozenset[str]) -> dict[tuple[str, ...], int]:
    """Which part of each path is the label: one of `known`, else a WordNet id, else the first level that is not made of
    containers ("train", "val") alone."""
    level = 0
    while (at := {p[level] for p in paths if len(p) > level}) and all(CONTAINER.fullmatch(name) for name in at):
        level += 1
    found = {}
    for path in {tuple(p) for p in paths}:
        named = [i for i, p in enumerate(path) if p in known] or [i for i, p in enumerate(path) if labels.WORDNET.match(p)]
        found[path] = named[0] if named else level
    return found


def _said(folder: Path, names: Sequence[str]) -> dict[str, str]:
    """Labels that metadata.jsonl files state, by picture; only pictures that are listed."""
    present, said = set(names), {}
    starts = {
        "".join(f"{p}/" for p in above[:i])
        for above in {tuple(n.split("/")[:-1]) for n in names}
        for i in range(len(above) + 1)
    }
    for start in sorted(starts):
        path = folder / start / "metadata.jsonl"
        if not path.is_file():
            continue
        try:
            with path.open(encoding="utf-8-sig") as lines:
                rows = [json.loads(line) for line in lines if line.strip()]
        except (OSError, ValueError, RecursionError) as error:
            raise SpecError(f"{str(path)!r} cannot be read: {told(error)}") from error
        for row in rows:
            if isinstance(row, dict) and isinstance(row.get("label"), str) and f"{start}{row.get('file_name')}" in present:
                said[f"{start}{row['file_name']}"] = row["label"]
    return said


def _waterbirds(table: Path, present: set[str]) -> list[Item]:
    """[] where it is another kind of table."""
    try:
        with table.open(encoding="utf-8-sig", newline="") as file:
            rows = list(csv.DictReader(file))
    except (OSError, ValueError, csv.Error) as error:
        raise SpecError(f"{str(table)!r} cannot be read: {told(error)}") from error
    if not rows or not {"img_filename", *WATERBIRDS} <= rows[0].keys():
        return []

    def says(row: Mapping[str, str], column: str) -> str:
        value, names = str(row[column]).strip(), WATERBIRDS[column]
        return names[int(value)] if value in map(str, range(len(names))) else value

    return [
        Item(row["img_filename"], says(row, "y"), f"{says(row, 'y')} on {says(row, 'place')}", says(row, "split"))
        for row in rows
        if row["img_filename"] in present
    ]


def _rights(found: Sequence[Item], vocabulary: Names, stated: LabelMap | None, synonyms: bool) -> dict[str, tuple[int, ...]]:
    """Label of the folder -> places of the target's labels that are right; () where it knows none."""
    given = sorted({item.label for item in found} - {""})
    return places(given, vocabulary, _label_map(stated, given, vocabulary), synonyms)


def _label_map(stated: LabelMap | None, given: Sequence[str], vocabulary: Names) -> dict[str, tuple[int, ...]]:
    """A mapping, or a JSON file of one: label of the folder -> name, place or a list of these; or {class number: number of the
    folder in their order}, as ImageNet-9 has it. Raises SpecError that names what is not known."""
    if stated is None:
        return {}
    found = _read_map(stated)
    if all(str(k).isdecimal() and type(v) is int for k, v in found.items()) and not set(found) & set(given):
        numbered: dict[str, list[Any]] = {}
        for place, number in found.items():
            if 0 <= number < len(given):
                numbered.setdefault(given[number], []).append(int(place))
        found = numbered
    for label in found:
        if label not in given:
            raise unknown("label in the label map", str(label), given)
    return {
        label: tuple(
            sorted({p for one in (value if isinstance(value, list | tuple) else [value]) for p in _place(one, vocabulary)})
        )
        for label, value in found.items()
    }


def _read_map(stated: LabelMap) -> dict[str, Any]:
    if isinstance(stated, Mapping):
        return dict(stated)
    try:
        found = json.loads(Path(stated).read_text(encoding="utf-8-sig"))
    except (OSError, ValueError, RecursionError) as error:
        raise SpecError(f"the label map {str(stated)!r} cannot be read: {told(error)}") from error
    if not isinstance(found, dict):
        raise SpecError(f"the label map {str(stated)!r} should be {{label of the folder: label of the target}}")
    return found


def _place(one: Any, vocabulary: Names) -> tuple[int, ...]:
    if type(one) is int and 0 <= one < len(vocabulary.names):
        return (one,)
    places = vocabulary.places(str(one))
    if not places:
        raise unknown("label of the target in the label map", str(one), vocabulary.names)
    return places


# --- evaluation -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ClassRow:
    """A label of the folder: which of the target's labels are right, how often it errs, what it says instead."""

    label: str
    right: tuple[str, ...]
    error: Rate
    taken_for: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class Confidence:
    """Means of the greatest probability, over right and wrong answers (nan where there is none), and how far it is from the
    share of right answers (expected calibration error, 15 equal bins)."""

    right: float
    wrong: float
    calibration_error: float


@dataclass(frozen=True, slots=True)
class Evaluation:
    """A target on one folder. `error`: Clopper-Pearson; it speaks of pictures like these, drawn independently."""

    target: str
    images: str
    error: Rate
    classes: tuple[ClassRow, ...]
    groups: Mapping[str, Rate]
    confidence: Confidence | None
    distance: Distance | None
    found: int
    """Pictures in the folder, before `limit` and what follows."""
    unlabelled: int
    unknown: Mapping[str, int]
    """Pictures by label that the target does not know."""
    unreadable: Mapping[str, str]
    """The first few by file, and why; `unread` is their number."""
    unread: int
    unanswered: int
    options: Mapping[str, Any] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """Plain values, as JSON holds them."""
        confidence = None if self.confidence is None else ledger.finite(asdict(self.confidence))
        return {
            "target": self.target,
            "images": self.images,
            **_rate(self.error),
            "classes": [
                {"label": c.label, "right": list(c.right), **_rate(c.error), "taken_for": [list(x) for x in c.taken_for]}
                for c in self.classes
            ],
            "groups": [{"group": name, **_rate(rate)} for name, rate in self.groups.items()],
            "confidence": confidence,
            "distance": None if self.distance is None else self.distance.to_dict(),
            "found": self.found,
            "unlabelled": self.unlabelled,
            "unknown": dict(self.unknown),
            "unread": self.unread,
            "unreadable": dict(self.unreadable),
            "unanswered": self.unanswered,
            "options": dict(self.options),
        }

    def to_frame(self) -> Any:
        """One row a class as a pandas DataFrame."""
        rows = [{**row, "taken_for": row["taken_for"][0][0] if row["taken_for"] else None} for row in self.to_dict()["classes"]]
        return pandas("evaluation.to_frame()").DataFrame(rows)

    def sentences(self) -> list[str]:
        """What was not counted, and what the numbers are about."""
        lines = []
        if self.unknown:
            first = ", ".join(plain(name) for name in list(self.unknown)[:4])
            lines.append(
                f"{len(self.unknown)} labels ({sum(self.unknown.values()):,} pictures) are not the target's, left out: "
                f"{first}{', ...' if len(self.unknown) > 4 else ''}."
            )
        if self.unlabelled:
            lines.append(f"{self.unlabelled:,} pictures have no label and were left out.")
        if self.unread:
            file, reason = next(iter(self.unreadable.items()))
            lines.append(f"{self.unread:,} pictures cannot be read and do not count, such as {plain(file)} ({plain(reason)}).")
        if self.unanswered:
            lines.append(f"{self.unanswered:,} pictures got no answer and do not count.")
        if self.options.get("subset"):
            lines.append("The target chose among the folder's classes only.")
        if self.confidence is None:
            lines.append("The scores are no probabilities: nothing is lines of confidence.")
        if self.distance:
            lines.append(f"To {plain(str(self.options.get('reference')))}: {self.distance}.")
        return lines

    def table(self) -> Table:
        """The classes with the most errors, and the groups where there are several."""
        made = Table("label", "wrong", "error", "95 % CI", "taken for", title_justify="left")
        for name, rate in self._worst_groups():
            made.add_row(Text(f"[{plain(name)}]"), *_cells(rate), "")
        for c in sorted(self.classes, key=lambda c: (-c.error.value if c.error.n else 1.0, c.label))[:WORST]:
            instead = ", ".join(f"{plain(name)} ({k})" for name, k in c.taken_for[:2])
            made.add_row(Text(plain(c.label)), *_cells(c.error), Text(instead))
        return made

    def _worst_groups(self) -> list[tuple[str, Rate]]:
        worst = sorted(self.groups.items(), key=lambda x: (-x[1].value if x[1].n else 1.0, x[0]))
        return worst[:WORST] if len(worst) > 1 else []

    def __str__(self) -> str:
        what = f"{plain(self.target)} on {plain(self.images)}"
        confidence = ""
        if self.confidence:
            right, wrong = self.confidence.right, self.confidence.wrong
            confidence = f"; confidence {right:.2f} where right, {wrong:.2f} where wrong, calibration error "
            confidence += f"{self.confidence.calibration_error:.3f}"
        return "\n".join([f"{what}: {said(self.error, 'wrong')}{confidence}.", *self.sentences(), shown(self.table())])


def evaluate(
    target: Any,
    images: Path | str,
    *,
    target_args: Mapping[str, Any] | None = None,
    label_map: LabelMap | None = None,
    subset: bool = False,
    synonyms: bool = False,
    top_k: int = 1,
    split: str = "",
    reference: Path | str | Cloud | None = None,
    limit: int | None = None,
    seed: int = 0,
    batch_size: int = 32,
    progress: Tell | None = None,
) -> Evaluation:
    """How often a target errs on a folder of labelled pictures; only labels that it knows count.

    `target`: "provider/model" or a callable. `label_map`: label of the folder -> the target's name, class number, or a
    list of those that are right; or a JSON file of that (docs/transfer.md). `subset`: the target chooses among the labels
    of this folder alone, as the protocol of ImageNet-A and -R has it; else among all that it knows. `synonyms`: near-synonyms
    count as right, as in a hunt. `top_k`: right if a right label is among the first k. `split`: one part of the data set
    ("test"). `reference`: pictures of the training distribution, to say how far the folder is from them
    (`bugscope.distance`). `limit`: so many pictures, drawn at random with `seed`. `progress` gets
    (done, all, folder). Raises SpecError, ModelError, MissingDependency.
    """
    if top_k < 1:
        raise SpecError(f"option top_k is {top_k}; it must be at least 1")
    root = Path(images)
    found = items(root, [k for k in _read_map(label_map) if not str(k).isdecimal()] if label_map is not None else ())
    if split:
        splits = sorted({item.split for item in found} - {""})
        found = [item for item in found if item.split == split]
        if not found:
            raise unknown(f"split of {str(images)!r}", split, splits)
    with loaded(target, target_args) as model:
        vocabulary = Names(Classify().labels(model))
        rights = _rights(found, vocabulary, label_map, synonyms)
        usable = [item for item in found if rights.get(item.label)]
        if not usable:
            raise _none_known(found, vocabulary, model)
        chosen = drawn(usable, limit, seed)
        # all labels of the folder, whatever `limit` draws
        columns = sorted({p for right in rights.values() for p in right}) if subset else list(range(len(vocabulary.names)))
        if len(columns) < 2:
            raise SpecError("subset leaves the target one label to choose; at least 2 are needed")
        tally = _Tally(vocabulary, rights, np.array(columns), top_k)
        spread = _Spread(model, reference, seed, batch_size, limit, progress)
        done = 0
        for at, shown, broken in stream([root / item.file for item in chosen], batch_size):
            rows = answers(f"target {model.id}", model, shown, len(vocabulary.names))
            for place, row in zip(at, rows, strict=True):
                tally.add(chosen[place], row)
            tally.lose({chosen[i].file: reason for i, reason in broken.items()})
            spread.add(shown)
            done += len(at) + len(broken)
            if progress:
                progress(done, len(chosen), str(images))
        skipped = Counter(item.label for item in found if item.label and not rights[item.label])
        return tally.result(
            target=str(model.id),
            images=str(images),
            distance=spread.distance(),
            found=len(found),
            unlabelled=sum(not item.label for item in found),
            unknown=dict(sorted(skipped.items())),
            options={
                "subset": subset, "synonyms": synonyms, "top_k": top_k, "split": split, "limit": limit, "seed": seed,
                "reference": None if reference is None else spread.name,
            },
        )  # fmt: skip


def _none_known(found: Sequence[Item], vocabulary: Names, model: Any) -> SpecError:
    given = sorted({item.label for item in found} - {""})
    if not given:
        return SpecError("no picture has a label: a folder for each label is wanted, folder/LABEL/1.jpg")
    error = unknown("label", given[0], vocabulary.names)
    return SpecError(f"the target {model.id} knows none of the {len(given)} labels of the folder; state a label map. {error}")


class _Tally:
    """Counts answers as they come."""

    def __init__(self, vocabulary: Names, rights: Mapping[str, tuple[int, ...]], columns: NDArray[Any], top_k: int) -> None:
        self.names, self.rights, self.columns, self.top_k = vocabulary.names, rights, columns, top_k
        self.seen: Counter[str] = Counter()
        self.wrong: Counter[str] = Counter()
        self.groups: Counter[str] = Counter()
        self.wrong_groups: Counter[str] = Counter()
        self.taken: dict[str, Counter[str]] = {}
        self.unreadable: dict[str, str] = {}
        self.unread = self.unanswered = 0
        self.sure = True
        # pictures, their confidence, right answers; by bin
        self.bins = np.zeros((3, BINS))
        self.confident = {True: 0.0, False: 0.0}

    def lose(self, broken: Mapping[str, str]) -> None:
        self.unread += len(broken)
        self.unreadable |= dict(list(broken.items())[: max(0, 8 - len(self.unreadable))])

    def add(self, item: Item, row: Array | None) -> None:
        if row is None:
            self.unanswered += 1
            return
        order = self.columns[np.argsort(-row[self.columns], kind="stable")[: self.top_k]]
        right = not wrong(order.tolist(), self.rights[item.label], self.top_k)
        self.seen[item.label] += 1
        self.groups[item.group] += 1
        if not right:
            self.wrong[item.label] += 1
            self.wrong_groups[item.group] += 1
            self.taken.setdefault(item.label, Counter())[self.names[order[0]]] += 1
        self.sure &= bool(probabilities(row[None])[0])
        if self.sure:
            self.calibrate(float(row[order[0]] / max(row[self.columns].sum(), 1e-30)), order[0] in self.rights[item.label])

    def calibrate(self, confidence: float, right: bool) -> None:
        """Of the first answer, whatever top_k."""
        place = min(BINS - 1, int(confidence * BINS))
        self.bins[:, place] += (1, confidence, right)
        self.confident[bool(right)] += confidence

    def confidence(self) -> Confidence | None:
        n, total, right = self.bins
        if not self.sure or not n.sum():
            return None
        k = right.sum()
        means = {
            True: self.confident[True] / k if k else np.nan,
            False: self.confident[False] / (n.sum() - k) if n.sum() > k else np.nan,
        }
        return Confidence(float(means[True]), float(means[False]), float(np.abs(right - total).sum() / n.sum()))

    def result(self, **known: Any) -> Evaluation:
        classes = tuple(
            ClassRow(
                label,
                tuple(self.names[i] for i in self.rights[label]),
                stats.clopper_pearson(self.wrong[label], n),
                tuple(self.taken.get(label, Counter()).most_common(5)),
            )
            for label, n in sorted(self.seen.items())
        )
        groups = {g: stats.clopper_pearson(self.wrong_groups[g], n) for g, n in sorted(self.groups.items())}
        return Evaluation(
            error=stats.clopper_pearson(self.wrong.total(), self.seen.total()),
            classes=classes,
            groups=groups,
            confidence=self.confidence(),
            unreadable=self.unreadable,
            unread=self.unread,
            unanswered=self.unanswered,
            **known,
        )


class _Spread:
    """The evaluated pictures as a cloud, where there is one to compare it with."""

    def __init__(
        self, model: Any, reference: Path | str | Cloud | None, seed: int, size: int, limit: int | None, tell: Tell | None
    ) -> None:
        self.call, self.space = space(model)
        self.cloud, self.there = Cloud(self.space, seed), None
        self.name = "the reference" if isinstance(reference, Cloud) else str(reference)
        if isinstance(reference, Cloud):
            self.there = reference
        elif reference is not None:
            self.there = cloud(reference, model, seed=seed, batch_size=size, limit=limit, progress=tell)
        # before hours are spent on what it cannot be compared with
        if self.there is not None and (self.there.n < LEAST or self.there.space != self.space):
            raise SpecError(
                f"{self.name} has {self.there.n} pictures in {self.there.space}; {LEAST} in {self.space} are needed"
            )

    def add(self, shown: Sequence[Any]) -> None:
        if self.there is not None:
            self.cloud.add([row for row in answers(self.space, self.call, shown) if row is not None])

    def distance(self) -> Distance | None:
        return None if self.there is None else between(self.cloud, self.there)


# --- several side by side -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Comparison:
    """How hard several folders are, and how far from the reference."""

    rows: tuple[Evaluation, ...]

    def to_dict(self) -> dict[str, Any]:
        return {"evaluations": [row.to_dict() for row in self.rows]}

    def to_frame(self) -> Any:
        """One row an evaluation as a pandas DataFrame."""
        rows = []
        for e in self.rows:
            made = {k: v for k, v in e.to_dict().items() if k in ("target", "images", "wrong", "n", "error", "low", "high")}
            c, d = e.confidence, e.distance
            made |= {f"confidence_{k}": getattr(c, k, None) for k in ("right", "wrong")}
            made |= {"calibration_error": c.calibration_error if c else None}
            made |= {k: getattr(d, k, None) for k in ("kernel", "kernel_se", "frechet")} | {"reference_n": d.m if d else None}
            rows.append(made)
        return pandas("comparison.to_frame()").DataFrame(rows)

    def sentences(self) -> list[str]:
        lines = []
        if len({tuple(c.label for c in e.classes) for e in self.rows}) > 1:
            lines.append("The folders have different labels: part of a difference in error may be theirs.")
        distances = [e.distance for e in self.rows if e.distance]
        if len({d.space for d in distances}) > 1:
            lines.append("The distances are in different spaces and cannot be compared.")
        if len({d.n for d in distances}) > 1:
            lines.append(
                "The Frechet distance is biased upwards, the more the fewer the pictures: compare the kernel distance here."
            )
        if len({(e.options.get("subset"), e.options.get("synonyms"), e.options.get("top_k")) for e in self.rows}) > 1:
            lines.append("What counts as right differs between the rows (subset, synonyms, top_k).")
        return lines

    def table(self) -> Table:
        far = any(e.distance for e in self.rows)
        made = Table("pictures", "target", "wrong", "error", "95 % CI", "confidence right / wrong", "calibration")
        for name in ("kernel distance (se)", "Frechet", "n, reference") if far else ():
            made.add_column(name)
        for e in self.rows:
            c, d = e.confidence, e.distance
            cells = [f"{c.right:.2f} / {c.wrong:.2f}", f"{c.calibration_error:.3f}"] if c else ["-", "-"]
            if far:
                cells += [f"{d.kernel:.4g} ({d.kernel_se:.2g})", f"{d.frechet:.4g}", f"{d.n:,}, {d.m:,}"] if d else ["-"] * 3
            made.add_row(Text(plain(e.images)), Text(plain(e.target)), *_cells(e.error), *cells)
        return made

    def __str__(self) -> str:
        return "\n".join([shown(self.table()), *self.sentences()])


def compare(evaluations: Sequence[Evaluation]) -> Comparison:
    """Several evaluations in one table. Raises SpecError for none."""
    if not evaluations:
        raise SpecError("nothing to compare: at least one evaluation is needed")
    return Comparison(tuple(evaluations))


# --- for people ---------------------------------------------------------------------------------------------------------


def _cells(rate: Rate) -> tuple[str, str, str]:
    if not rate.n:
        return "0 of 0", "-", "-"
    return f"{rate.k:,} of {rate.n:,}", f"{100 * rate.value:.1f} %", f"{100 * rate.low:.0f}-{100 * rate.high:.0f} %"


def _rate(rate: Rate) -> dict[str, Any]:
    return {"wrong": rate.k, "n": rate.n, "error": rate.value if rate.n else None, "low": rate.low, "high": rate.high}
