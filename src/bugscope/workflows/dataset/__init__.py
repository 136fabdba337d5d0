"""Adversarial data sets: the failures that runs confirmed, as a folder that training code and the Hugging Face Hub read."""

import os
import shutil
import uuid
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...core.errors import SpecError, StoreError, unknown
from ...core.options import counted
from ...report.words import few, listed, number
from ...store.blobs import Lost
from . import alike, choose, names
from .card import REASONS, Facts, card
from .choose import PerBug
from .coco import Coco
from .formats import COLUMNS, PARTS, ImageFolder, Parquet, WebDataset, Writer, arrow, ordered
from .hub import push
from .items import LOST, NEAR, OVER, RunPicture, Source, items, sources

__all__ = ["COLUMNS", "FORMATS", "Export", "dataset", "push"]

Step = Callable[[int, int], None]
FORMATS: Mapping[str, type[Writer]] = {
    "imagefolder": ImageFolder, "coco": Coco, "parquet": Parquet, "webdataset": WebDataset,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Export:
    """A data set as it was written. `counts`: all pictures of the runs by reason; `labels`: those written, by label."""

    path: Path
    format: str
    train: int
    test: int
    kept: int
    bugs: int
    runs: int
    labels: Mapping[str, int]
    counts: Mapping[str, int]
    limit: int | None
    """At most this many pictures per bug; None: no limit."""
    notes: tuple[str, ...]
    """What the user should know, in sentences."""

    @property
    def pictures(self) -> int:
        return self.train + self.test

    @property
    def sentence(self) -> str:
        parts = f" ({self.train:,} train, {self.test:,} test)" if self.test else ""
        among = f", {self.kept:,} of them kept failures," if self.kept != self.pictures else ""
        out = [f"{self.counts[reason]:,} {name}" for reason, name in _LEFT if self.counts.get(reason)]
        left = f"; left out: {listed(out)}" if out else ""
        named = f"{number(self.bugs, 'bug')} and {number(len(self.labels), 'label')}"
        return f"{number(self.pictures, 'picture')}{parts}{among} of {named}{left}"


_LEFT = ((NEAR, "near-duplicates"), (OVER, "over the limit of their bug or label"))


def dataset(
    runs: Sequence[Any] | Any,
    out: Path | str,
    *,
    format: str = "imagefolder",
    everything: bool = False,
    explored: bool = False,
    test: float = 0.2,
    seed: int = 0,
    per_bug: PerBug = "balanced",
    classes: Sequence[str] | None = None,
    license: str = "",
    title: str = "",
    progress: Step | None = None,
) -> Export:
    """Write the failures of confirmed bugs into the new folder `out`, with a data-set card.

    `runs`: run folders or `bugscope.Run`s, of any targets. `format`: imagefolder, coco, parquet, webdataset. `everything`: all
    pictures, with columns `kept` and `reason`. `explored`: failures of exploration, on the plain label, are kept too.
    `test`: share of the test part, in [0, 1). `per_bug`: at most this many pictures per bug; "balanced": as many as the median
    bug and the median label have (`choose.balance`); "none": no limit. `classes`: label names in the order of a target's
    outputs, for the column `class_index`; by default those of the runs' targets, where they agree.
    `progress(done, total)` is called with pictures compared and written. The same runs and options give the same data set.
    A picture whose file is missing or damaged is left out. Raises SpecError, StoreError (an `out` that cannot be written),
    MissingDependency.
    """
    _check(format, test, per_bug, seed)
    target = _vacant(Path(out))
    listed_runs = [runs] if isinstance(runs, str | Path) or hasattr(runs, "path") else list(runs)
    with ExitStack() as stack:
        found = sources(listed_runs, stack)
        _check_media(found)
        every = [item for source in found for item in items(source, explored)]
        candidates = every if everything else [item for item in every if item.kept]
        steps = _Steps(progress, 2 * len(candidates))
        chosen, hashes, thumbs = _read(candidates, steps)
        if not chosen:
            raise SpecError(_nothing(found))
        written, a_bug, a_label = _chosen(chosen, hashes, thumbs, everything, test, seed, per_bug)
        steps.total = len(candidates) + len(written)
        named = names.classes((item.label for item in written), classes or _classes(found))
        result = Export(
            path=Path(out),
            format=format,
            train=sum(item.part == "train" for item in written),
            test=sum(item.part == "test" for item in written),
            kept=sum(item.kept for item in written),
            bugs=len({item.stream for item in written if item.kept and item.bug}),
            runs=len(found),
            labels=dict(sorted(Counter(item.label for item in written).items())),
            counts=_counts(every, found),
            limit=a_bug,
            notes=tuple([*_lost(every), *_notes(written, found, test)]),
        )
        said = title or _title(found)
        facts = Facts(format, said, license, everything, explored, test, seed, a_bug, a_label, result.counts, result.notes)
        _write(target, written, named, facts, card(written, found, named, facts), steps)
    return result


def _read(candidates: Sequence[RunPicture], steps: "_Steps") -> tuple[list[RunPicture], NDArray[np.uint64], NDArray[np.uint8]]:
    """Those whose files are there and whole, with their signatures; the others are marked."""

    def signature(i: int) -> bytes | None:
        try:
            return candidates[i].source.signature(candidates[i])
        except Lost:
            candidates[i].reason = LOST
            return None

    hashes, thumbs = alike.signatures(len(candidates), signature, steps)
    return [item for item in candidates if item.reason != LOST], hashes, thumbs


def _chosen(
    chosen: Sequence[RunPicture],
    hashes: NDArray[np.uint64],
    thumbs: NDArray[np.uint8],
    everything: bool,
    test: float,
    seed: int,
    per_bug: PerBug,
) -> tuple[list[RunPicture], int | None, int | None]:
    """What is written, with its part of the data set; the limits for a bug and for a label."""
    failures = [i for i, item in enumerate(chosen) if item.kept]
    # by themselves: what else is written must not decide which failures are kept
    choose.distinct([chosen[i] for i in failures], alike.groups(hashes[failures], thumbs[failures]))
    a_bug, a_label = choose.balance(chosen, seed, per_bug)
    places = [i for i, item in enumerate(chosen) if everything or item.kept]
    written = [chosen[i] for i in places]
    near = alike.groups(hashes[places], thumbs[places])
    choose.split(written, alike.united(near, [item.seed for item in written]), test, seed)
    return written, a_bug, a_label


class _Steps:
    def __init__(self, tell: Step | None, total: int) -> None:
        self.tell, self.done, self.total = tell, 0, total

    def __call__(self, more: int) -> None:
        self.done += more
        if self.tell:
            self.tell(self.done, self.total)


def _check(format: str, test: float, per_bug: PerBug, seed: int) -> None:
    if format not in FORMATS:
        raise unknown("format", format, FORMATS)
    if not 0 <= test < 1:
        raise SpecError(f"option test (--split) is {test!r}; it must be at least 0 and less than 1 (share of the test part)")
    counted("seed", seed, least=0)
    if per_bug not in ("balanced", "none"):
        counted("per_bug (--limit-per-bug)", per_bug, "pictures", words="balanced or none")
    if format == "parquet":
        arrow()  # before an hour of work


def _check_media(found: Sequence[Source]) -> None:
    for source in found:
        if source.medium.suffix != ".png":
            raise SpecError(f"a data set of {source.medium.name}s cannot be written: {', '.join(FORMATS)} hold pictures here")


def _classes(found: Sequence[Source]) -> Sequence[str] | None:
    """What all the runs' targets answer with; None where they differ, or a run does not tell."""
    first = found[0].classes
    return first if all(source.classes == first for source in found) else None


def _vacant(out: Path) -> Path:
    """The folder to make, absolute. Raises SpecError where something is."""
    target = Path(os.path.abspath(out))
    try:
        taken = target.is_symlink() or (target.exists() and not (target.is_dir() and not any(target.iterdir())))
    except OSError as error:
        raise StoreError(f"cannot write the data set {str(out)!r}: {error.strerror}") from error
    if taken:
        raise SpecError(f"{str(out)!r} exists and is not an empty folder; choose another for the data set")
    return target


def _nothing(found: Sequence[Source]) -> str:
    where = ", ".join(repr(str(s.store.path)) for s in found)
    if any(s.bugs for s in found):
        return f"the bugs of {where} have no failures with a picture"
    none = "has no confirmed bugs" if len(found) == 1 else "have no confirmed bugs"
    return f"{where} {none}, so there are no failures to keep; everything=True (--all) writes every picture"


def _counts(every: Sequence[RunPicture], found: Sequence[Source]) -> dict[str, int]:
    counts = Counter(item.reason for item in every)
    for source in found:
        counts.update(source.missing)
    return {reason: counts[reason] for reason in REASONS if counts[reason]}


def _lost(every: Sequence[RunPicture]) -> list[str]:
    lost = sum(item.reason == LOST for item in every)
    if not lost:
        return []
    again = "`bugscope resume` draws pictures again where the generator repeats itself"
    return [f"{number(lost, 'picture')} left out: the files are missing or damaged; {again}."]


def _notes(written: Sequence[RunPicture], found: Sequence[Source], test: float) -> list[str]:
    notes = []
    without = [s.run for s in found if not s.bugs]
    if without:
        notes.append(f"{number(len(without), 'run')} without a confirmed bug: {few(without)}.")
    several = {s.target for s in found}
    if len(several) > 1:
        notes.append(f"The pictures come from hunts on {len(several)} targets; the column `target` says which one fails.")
    parts: dict[str, set[str]] = {}
    for item in written:
        parts.setdefault(item.label, set()).add(item.part)
    lacking = sorted(label for label, seen in parts.items() if len(seen) == 1)
    if test and lacking:
        notes.append(f"{number(len(lacking), 'label')} with too few pictures for both parts: {few(lacking)}.")
    return notes


def _title(found: Sequence[Source]) -> str:
    targets = list(dict.fromkeys(s.name("target") for s in found))
    return f"Pictures that {targets[0]} gets wrong" if len(targets) == 1 else "Pictures that targets get wrong"


def _write(
    target: Path,
    written: Sequence[RunPicture],
    named: Mapping[str, names.Class],
    facts: Facts,
    readme: str,
    step: Callable[[int], None],
) -> None:
    """All of it or nothing: in a folder beside the target, which takes its name at the end."""
    temporary = target.with_name(f".{target.name[:100]}.{uuid.uuid4().hex[:8]}.tmp")
    try:
        try:
            temporary.mkdir(parents=True)
            writer = FORMATS[facts.format](temporary, named, [p for p in PARTS if any(i.part == p for i in written)])
            try:
                for number, item in ordered(written, facts.format, facts.seed):
                    writer(number, item)
                    step(1)
            finally:
                writer.close()
            (temporary / "README.md").write_text(readme, encoding="utf-8", newline="\n")
            if target.is_dir():
                target.rmdir()  # empty; Windows renames onto nothing only
            temporary.rename(target)
        except OSError as error:
            raise StoreError(f"cannot write the data set {str(target)!r}: {error.strerror or error}") from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
