"""`bugscope evaluate`: a target on a folder of labelled pictures, such as ImageNet-A or an exported data set."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .. import stats
from ..core import registry
from ..core.accept import UNSAID, AcceptSets, read
from ..core.errors import SpecError, told, unknown
from ..core.labels import Names
from ..core.options import counted
from ..core.scores import asked
from ..engine.patience import Patience
from ..report.accept import record
from ..report.baseline import guessing
from ..report.evaluation import ClassRow, Comparison, Confidence, Evaluation
from ..stats.distance import LEAST, Array, Cloud, Distance, between
from ..tasks.classify import Classify, places, widened, wrong
from . import boxes, labelled
from .distance import Tell, answers, cloud, drawn, loaded, passed_over, probabilities, space, stream
from .labelled import Labelled, items

__all__ = ["ClassRow", "Comparison", "Confidence", "Evaluation", "compare", "evaluate", "items"]

BINS = 15
"""Of the expected calibration error, equally wide."""

LabelMap = Mapping[str, Any] | Path | str


# --- labels -----------------------------------------------------------------------------------------------------------


def _places(found: Sequence[Labelled], vocabulary: Names, stated: LabelMap | None) -> dict[str, tuple[int, ...]]:
    """Label of the folder -> places of the target's labels that it is; () where it knows none."""
    given = sorted({item.label for item in found} - {""})
    return places(given, vocabulary, _label_map(stated, given, vocabulary))


def _label_map(stated: LabelMap | None, given: Sequence[str], vocabulary: Names) -> dict[str, tuple[int, ...]]:
    """A mapping, or a JSON file of one: label of the folder -> name, place or a list of these; or {class number: number of the
    folder in their order}, as ImageNet-9 has it. Raises SpecError that names what is not known."""
    if stated is None:
        return {}
    found = _read_map(stated)
    if all(labelled.NUMBER.fullmatch(str(k)) and type(v) is int for k, v in found.items()) and not set(found) & set(given):
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


def evaluate(
    target: Any,
    images: Path | str,
    *,
    target_args: Mapping[str, Any] | None = None,
    label_map: LabelMap | None = None,
    subset: bool = False,
    accept: Any = UNSAID,
    top_k: int = 1,
    split: str = "",
    reference: Path | str | Cloud | None = None,
    limit: int | None = None,
    seed: int = 0,
    batch_size: int = 32,
    progress: Tell | None = None,
    annotations: Path | str | None = None,
    confidence: float = 0.25,
    iou: float = 0.5,
) -> Evaluation:
    """How often a target errs on a folder of labelled pictures; only labels that it knows count.

    `target`: "provider/model" or a callable. `label_map`: label of the folder -> the target's name, class number, or a
    list of those that are right; or a JSON file of that (docs/transfer.md). `subset`: the target chooses only among the labels
    of this folder, as the protocol of ImageNet-A and -R has it; else among all that it knows. `accept`: what counts as right
    besides the label, as in a hunt; "none" for figures to be compared with published ones. `top_k`: right if a right label is
    among the first k. `split`: one part of the data set ("test"). `reference`: pictures of the training distribution, to say
    how far the folder is from them (`workflows.distance`). `limit`: this many pictures, drawn at random with `seed`. `progress`
    is called with (done, all, folder). `annotations`: a file of boxes in the form of COCO's, for a detector (`boxes.evaluate`,
    with `confidence` and `iou`). Raises SpecError, ModelError, MissingDependency.
    """
    if annotations is not None:
        sure: dict[str, Any] = {"confidence": confidence, "iou": iou, "limit": limit, "seed": seed, "batch_size": batch_size}
        return boxes.evaluate(target, images, annotations, target_args=target_args, accept=accept, progress=progress, **sure)
    top_k, seed = counted("top_k", top_k, "answers"), counted("seed", seed, least=0)
    root, stated = Path(images), read(accept)
    found, why = _part(root, label_map, split)
    with loaded(target, target_args) as model:
        sets = AcceptSets.of(stated, Classify().labels(model))
        vocabulary = sets.names
        own = _places(found, vocabulary, label_map)
        chosen = drawn(_usable(found, own, vocabulary, model, why), limit, seed)
        tally = _Tally(sets, own, subset, top_k)
        spread = _Spread(model, reference, seed, batch_size, limit, progress)
        _ask(model, root, chosen, tally, spread, batch_size, progress)
        skipped = Counter(item.label for item in found if item.label and not own[item.label])
        return tally.result(
            target=str(model.id),
            name=registry.name(model),
            images=str(images),
            distance=spread.distance(),
            found=len(found),
            passed_over=passed_over(root),
            guess=guessing(tally.columns, top_k),
            unlabelled=sum(not item.label for item in found),
            unknown=dict(sorted(skipped.items())),
            options={
                "subset": subset, "accept": stated, "top_k": top_k, "split": split, "limit": limit, "seed": seed,
                "reference": None if reference is None else spread.name,
            },
        )  # fmt: skip


def _usable(found: Sequence[Labelled], own: Mapping[str, Any], vocabulary: Names, model: Any, why: str) -> list[Labelled]:
    """Those whose label the target knows."""
    usable = [item for item in found if own.get(item.label)]
    if not usable:
        raise _none_known(found, vocabulary, model, why)
    return usable


def _part(root: Path, label_map: LabelMap | None, split: str) -> tuple[list[Labelled], str]:
    """The pictures of a folder, or of one part of the data set in it, and why its tables label none."""
    mapped = [k for k in _read_map(label_map) if not str(k).isdecimal()] if label_map is not None else ()
    found, why = labelled.read(root, mapped)
    if not split:
        return found, why
    part = [item for item in found if item.split == split]
    if not part:
        raise unknown(f"split of {str(root)!r}", split, sorted({item.split for item in found} - {""}))
    return part, why


def _columns(rights: Mapping[str, Sequence[int]], vocabulary: Names, subset: bool) -> NDArray[Any]:
    """The target's labels among which it chooses: all, or those of the folder, whatever `limit` draws of it."""
    found = sorted({p for right in rights.values() for p in right}) if subset else list(range(len(vocabulary.names)))
    if len(found) < 2:
        raise SpecError("subset leaves the target one label to choose; at least 2 are needed")
    return np.array(found)


def _ask(
    model: Any, root: Path, chosen: Sequence[Labelled], tally: "_Tally", spread: "_Spread", size: int, tell: Tell | None
) -> None:
    done, patience = 0, Patience()
    for at, shown, broken in stream([root / item.file for item in chosen], size):
        called = partial(asked, model, labels=tally.names)
        rows = answers(patience, f"target {model.id}", called, shown, len(tally.names))
        for place, row in zip(at, rows, strict=True):
            tally.add(chosen[place], row)
        tally.lose({chosen[i].file: reason for i, reason in broken.items()})
        spread.add(shown)
        done += len(at) + len(broken)
        if tell:
            tell(done, len(chosen), str(root))
    patience.settle()


def _none_known(found: Sequence[Labelled], vocabulary: Names, model: Any, why: str) -> SpecError:
    given = sorted({item.label for item in found} - {""})
    if not given:
        return SpecError(
            "no picture has a label: put the pictures of each label into a folder of its own, as in folder/LABEL/1.jpg"
            + (f"; {why}" if why else "")
        )
    error = unknown("label", given[0], vocabulary.names)
    if all(label.isdecimal() for label in given):
        example = f'{{"{given[0]}": "{vocabulary.names[0]}"}}'
        return SpecError(
            f"the labels of the folder are numbers, such as label {given[0]}; state a label map, such as {example}. {error}"
        )
    return SpecError(f"the target {model.id} knows none of the {len(given)} labels of the folder; state a label map. {error}")


class _Tally:
    """Counts answers as they come."""

    def __init__(self, sets: AcceptSets, own: Mapping[str, tuple[int, ...]], subset: bool, top_k: int) -> None:
        """`own`: label of the folder -> places of the target's labels that it is, before accept-sets."""
        self.sets, self.own, self.names, self.top_k = sets, own, sets.names.names, top_k
        self.rights = widened(own, sets)
        self.columns = _columns(self.rights, sets.names, subset)
        self.forgiven: Counter[str] = Counter()
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

    def add(self, item: Labelled, row: Array | None) -> None:
        if row is None:
            self.unanswered += 1
            return
        order = self.columns[np.argsort(-row[self.columns], kind="stable")[: self.top_k]]
        right = not wrong(order.tolist(), self.rights[item.label], self.top_k)
        self.seen[item.label] += 1
        self.groups[item.group] += 1
        if right and wrong(order.tolist(), self.own[item.label], self.top_k):
            self.forgiven[item.label] += 1
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
                self.forgiven[label],
            )
            for label, n in sorted(self.seen.items())
        )
        groups = {g: stats.clopper_pearson(self.wrong_groups[g], n) for g, n in sorted(self.groups.items())}
        return Evaluation(
            error=stats.clopper_pearson(self.wrong.total(), self.seen.total()),
            classes=classes,
            accept=record(self.sets, self.forgiven.total(), self.seen.total()),
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
        self.patience = Patience()
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
            self.cloud.add([row for row in answers(self.patience, self.space, self.call, shown) if row is not None])

    def distance(self) -> Distance | None:
        return None if self.there is None else between(self.cloud, self.there)


def compare(evaluations: Sequence[Evaluation]) -> Comparison:
    """Several evaluations in one table. Raises SpecError for none."""
    if not evaluations:
        raise SpecError("nothing to compare: at least one evaluation is needed")
    return Comparison(tuple(evaluations))
