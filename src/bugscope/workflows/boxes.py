"""A detector on a folder of pictures with annotated boxes: how often it is wrong about which label, and how."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from .. import stats, tasks
from ..core import registry
from ..core.accept import read as read_accept
from ..core.errors import ModelError, SpecError
from ..core.options import Config
from ..core.records import Truth
from ..engine.patience import Failed, Patience
from ..report.accept import record
from ..report.evaluation import ClassRow, Evaluation
from . import annotated
from .annotated import Annotated
from .distance import drawn, loaded, passed_over, stream

Tell = Callable[[int, int, str], object]


def evaluate(
    target: Any,
    images: Path | str,
    annotations: Path | str,
    *,
    target_args: Mapping[str, Any] | None = None,
    accept: Any = None,
    confidence: float = 0.25,
    iou: float = 0.5,
    kinds: str | Sequence[str] = (),
    limit: int | None = None,
    seed: int = 0,
    batch_size: int = 32,
    progress: Tell | None = None,
) -> Evaluation:
    """How often a detector is wrong about a label in a picture that shows it (`tasks.detect`); a picture counts once for each
    of its labels. Only labels that the detector knows count, and not those of which a picture has a crowd.

    `annotations`: a file as COCO's instances_*.json. `kinds`: which failures count, by default all. For the rest see
    `evaluate.evaluate`. Raises SpecError, ModelError, MissingDependency.
    """
    root, stated = Path(images), read_accept({} if accept is None else accept)
    found = annotated.read(Path(annotations), root)
    options = {"accept": stated, "confidence": confidence, "iou": iou}
    config = Config.of({"task": "detect", **options, "task_args": {"kinds": kinds} if kinds else {}})
    plain = tasks.load(config)
    with loaded(target, target_args, plain.role) as model:
        task = tasks.knowing(config, plain.labels(model))
        known = set(task.labels(model))
        labels = sorted({box.label for item in found for box in item.boxes})
        used = [label for label in labels if not task.accepted(label).isdisjoint(known)]
        if not used:
            raise SpecError(
                f"the target {model.id} knows none of the {len(labels)} labels of {str(annotations)!r}: {labels[:6]}"
            )
        chosen = drawn([item for item in found if any(box.label in used for box in item.boxes)], limit, seed)
        tally = _Tally(task, used)
        unread, unanswered = _ask(model, root, chosen, tally, batch_size, progress)
    sets = getattr(task, "sets")  # noqa: B009 - of the task detect
    return Evaluation(
        target=str(model.id),
        name=registry.name(model),
        images=str(images),
        error=stats.clopper_pearson(tally.wrong.total(), tally.seen.total()),
        classes=tally.rows(),
        groups={},
        confidence=None,
        distance=None,
        found=len(found),
        unlabelled=sum(not item.boxes for item in found),
        unknown=dict(Counter(b for item in found for b in {box.label for box in item.boxes} if b not in used)),
        unreadable=dict(list(unread.items())[:8]),
        unread=len(unread),
        unanswered=unanswered,
        accept=record(sets, 0, tally.seen.total()),
        passed_over=passed_over(root),
        options={**options, "annotations": str(annotations), "limit": limit, "seed": seed},
    )


class _Tally:
    """Counts readings by label."""

    def __init__(self, task: tasks.Task[Any], labels: Sequence[str]) -> None:
        self.task, self.labels = task, frozenset(labels)
        self.seen: Counter[str] = Counter()
        self.wrong: Counter[str] = Counter()
        self.said: dict[str, Counter[str]] = {}

    def add(self, item: Annotated, answer: Any) -> None:
        others = tuple({box.label for box in item.boxes})
        for label in sorted({box.label for box in item.boxes} & self.labels - item.crowds):
            reading = tasks.read(self.task, answer, Truth(label, others, item.boxes))
            self.seen[label] += 1
            if reading.wrong:
                self.wrong[label] += 1
                self.said.setdefault(label, Counter())[reading.said] += 1

    def rows(self) -> tuple[ClassRow, ...]:
        return tuple(
            ClassRow(
                label,
                tuple(sorted(self.task.accepted(label))),
                stats.clopper_pearson(self.wrong[label], n),
                tuple(self.said.get(label, Counter()).most_common(5)),
            )
            for label, n in sorted(self.seen.items())
        )


def _ask(
    model: Any, root: Path, chosen: Sequence[Annotated], tally: _Tally, size: int, tell: Tell | None
) -> tuple[dict[str, str], int]:
    """Files that cannot be read, with why, and the number of pictures without an answer."""
    patience, unread, unanswered, done = Patience(), dict[str, str](), 0, 0
    what = f"target {model.id}"
    for at, shown, broken in stream([root / item.file for item in chosen], size):
        truths = [Truth("", (), chosen[i].boxes) for i in at]
        asked = list(zip(shown, truths, strict=True))
        given: Iterator[Any] = iter(
            patience.ask(what, lambda part: tally.task.ask(model, *_apart(part)), asked) if asked else []
        )
        patience.of(what).check()
        for i, answer in zip(at, given, strict=True):
            if isinstance(answer, Failed):
                unanswered += 1
            else:
                tally.add(chosen[i], answer)
        unread |= {chosen[i].file: reason for i, reason in broken.items()}
        done += len(at) + len(broken)
        if tell:
            tell(done, len(chosen), str(root))
    patience.settle()
    if not tally.seen:
        raise ModelError(f"{what} answered for none of {len(chosen)} pictures")
    return unread, unanswered


def _apart(pairs: Sequence[tuple[Any, Truth]]) -> tuple[list[Any], list[Truth]]:
    return [picture for picture, _ in pairs], [truth for _, truth in pairs]
