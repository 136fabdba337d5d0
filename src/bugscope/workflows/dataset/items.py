"""The pictures of runs, each with what became of it: what a data set is chosen from."""

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ... import media, report, tasks
from ...core.errors import SpecError
from ...core.records import Prompt, Purpose, Sample, Status, Truth
from ...media import Medium
from ...report.records import BugRecord, PictureRow, Report
from ...report.words import name
from ...store.blobs import Lost
from ...store.folder import Store

NEAR = "near-duplicate"
OVER = "over the limit"
UNCONFIRMED = "unconfirmed"
LOST = "lost"
EXPLORED = "explore"


@dataclass(slots=True)
class RunPicture:
    """A picture. `bug`: the number of the confirmed bug whose prompt it is of, "" if none; `cause`: the prompt of the bug that
    stands for its cause, or its own.

    `reason`: "failure", "success", "unfaithful", "error"; of a failure that is left out: "near-duplicate", "over the
    limit", "unconfirmed" (its prompt is not that of a confirmed bug); "lost": the file is missing or damaged. `part`: "train",
    "test", or "" where it is not written.
    """

    source: "Source"
    image: str
    label: str
    description: str
    prompt: str
    purpose: Purpose
    replicate: int
    seed: int
    reason: str
    predicted: str | None
    score: float | None
    caption: str | None
    bug: str
    cause: str
    part: str = ""

    @property
    def kept(self) -> bool:
        return self.reason == Status.FAILURE

    @property
    def stream(self) -> tuple[str, str]:
        """What is balanced: a bug is one wherever it was found, and in however many descriptions of one cause."""
        return self.label, self.cause

    def draw(self, seed: int) -> bytes:
        """A random number: the same for the same picture and seed, whatever else there is."""
        place = f"{seed}|{self.source.run}|{self.purpose}|{self.label}|{self.prompt}|{self.replicate}"
        return hashlib.sha256(place.encode("utf-8", "surrogatepass")).digest()


@dataclass(slots=True, eq=False)
class Source:
    """A run: its report, and where its pictures are. `missing`: pictures that were asked for and never made, by reason."""

    store: Store
    report: Report
    missing: Mapping[str, int]
    medium: Medium[Any]

    @property
    def run(self) -> str:
        return self.report["run_id"]

    @property
    def generator(self) -> str:
        return self.report["generator"]

    @property
    def target(self) -> str:
        return self.report["target"]

    def name(self, role: str) -> str:
        """What people call a model of the run."""
        return name(self.report, role)

    @property
    def classes(self) -> Sequence[str] | None:
        """The target's label names, in the order of its outputs; None where the run does not tell."""
        found: Sequence[str] | None = self.store.meta("classes")
        return found

    @property
    def bugs(self) -> Sequence[BugRecord]:
        """With those that are folded into others."""
        return [*self.report["bugs"], *self.report["folded"]]

    def signature(self, item: RunPicture) -> bytes:
        """For finding near-duplicates. Raises Lost where the picture is missing or damaged."""
        return self.medium.signature(self.store.content(item.image, self.medium))

    def truth(self, item: RunPicture) -> Truth:
        """What the generator states of a picture, with its regions where they are there."""
        sample = Sample(Prompt(item.prompt, item.label, item.description), item.purpose, item.replicate, self.report["seed"])
        made = self.store.get("generator", self.generator, [sample.key]).get(sample.key)
        known, stated = tasks.truth(sample, made), (made or {}).get("truth")
        with suppress(Lost):  # the boxes are worth having without them
            return replace(known, regions=self.store.regions(stated)) if stated else known
        return known

    def size(self, item: RunPicture) -> tuple[int, int]:
        """Width and height in pixels. Raises Lost where the picture is missing or damaged."""
        width, height = self.store.content(item.image, self.medium).size
        return width, height

    def file(self, item: RunPicture) -> bytes:
        """The file as the run holds it. Raises Lost where it is missing or damaged."""
        return self.store.blobs.get(item.image)


def sources(runs: Sequence[Any], stack: ExitStack) -> list[Source]:
    """Runs (or their folders) as sources, open until `stack` ends. Raises SpecError for none, or one twice; StoreError."""
    found: list[Source] = []
    for run in runs:
        store = stack.enter_context(Store.open(Path(getattr(run, "path", run))))
        built = report.build(store)
        source = Source(store, built, {}, media.load(built["medium"]))
        if twice := next((s for s in found if s.run == source.run), None):
            raise SpecError(f"{str(store.path)!r} and {str(twice.store.path)!r} are the same run; name it once")
        found.append(source)
    if not found:
        raise SpecError("no run to make a data set of: name at least one run folder")
    return found


def items(source: Source, explored: bool) -> list[RunPicture]:
    """Every picture of a run, the bugs' failures first, in the order of the report; sets `source.missing`."""
    bugs: dict[tuple[str, str], BugRecord] = {}
    for bug in source.bugs:
        bugs.setdefault((bug["label"], bug["prompt"]), bug)
    rank = {bug["id"]: i for i, bug in enumerate(bugs.values())}
    causes = {bug["id"]: bug["prompt"] for bug in source.bugs}
    rows = report.rows(source.store)
    source.missing = Counter(row["status"] for row in rows if row["image"] is None)
    found = [
        _item(source, row, row["image"], bugs.get((row["label"], row["prompt"])), causes, explored)
        for row in rows
        if row["image"] is not None
    ]
    return sorted(found, key=lambda i: (not i.kept, rank.get(i.bug, len(rank)), i.label, i.prompt, i.purpose, i.replicate))


def _item(
    source: Source, row: PictureRow, image: str, bug: BugRecord | None, causes: Mapping[str, str], explored: bool
) -> RunPicture:
    wanted = bug is not None or (explored and row["purpose"] == EXPLORED)
    return RunPicture(
        source=source,
        image=image,
        label=row["label"],
        description=row["description"],
        prompt=row["prompt"],
        purpose=row["purpose"],
        replicate=row["replicate"],
        seed=row["seed"],
        reason=UNCONFIRMED if row["status"] == Status.FAILURE and not wanted else row["status"],
        predicted=row["predicted"],
        score=row["score"],
        caption=row["caption"],
        bug=bug["id"] if bug else "",
        cause=causes[bug["same_as"] or bug["id"]] if bug else row["prompt"],
    )
