"""The pictures of runs, each with what became of it: what a data set is chosen from."""

import hashlib
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ... import media, report
from ...core.errors import SpecError
from ...core.records import Status
from ...media import Medium
from ...store.folder import Store

NEAR = "near-duplicate"
OVER = "over the limit"
UNCONFIRMED = "unconfirmed"
EXPLORED = "explore"


@dataclass(slots=True)
class Item:
    """A picture. `bug`: the number of the confirmed bug whose prompt it is of, "" if none.

    `reason`: "failure", "success", "unfaithful", "error"; of a failure that is left out: "near-duplicate", "over the
    limit", "unconfirmed" (its prompt is no confirmed bug's). `part`: "train", "test", or "" where it is not written.
    """

    source: "Source"
    image: str
    label: str
    description: str
    prompt: str
    purpose: str
    replicate: int
    seed: int
    reason: str
    predicted: str | None
    score: float | None
    caption: str | None
    bug: str
    part: str = ""

    @property
    def kept(self) -> bool:
        return self.reason == Status.FAILURE

    @property
    def stream(self) -> tuple[str, str]:
        """What is balanced: a bug is one wherever it was found."""
        return self.label, self.prompt

    def draw(self, seed: int) -> bytes:
        """A lot: the same for the same picture and seed, whatever else there is."""
        name = f"{seed}|{self.source.run}|{self.purpose}|{self.label}|{self.prompt}|{self.replicate}"
        return hashlib.sha256(name.encode("utf-8", "surrogatepass")).digest()


@dataclass(slots=True, eq=False)
class Source:
    """A run: its report, and where its pictures lie. `missing`: pictures that were asked for and never made, by reason."""

    store: Store
    report: Mapping[str, Any]
    missing: Mapping[str, int]

    @property
    def run(self) -> str:
        return str(self.report["run_id"])

    @property
    def generator(self) -> str:
        return str(self.report["generator"])

    @property
    def target(self) -> str:
        return str(self.report["target"])

    @property
    def classes(self) -> Sequence[str] | None:
        """The target's label names, in the order of its outputs; None in runs of versions that did not note them."""
        found: Sequence[str] | None = self.store.meta("classes")
        return found

    @property
    def bugs(self) -> Sequence[Mapping[str, Any]]:
        found: Sequence[Mapping[str, Any]] = self.report["bugs"]
        return found

    @property
    def medium(self) -> Medium[Any]:
        return media.load(self.report["medium"])

    def signature(self, item: Item) -> bytes:
        """For finding near-duplicates. Raises StoreError where the picture is missing or damaged."""
        return self.medium.signature(self.store.content(item.image, self.medium))

    def file(self, item: Item) -> bytes:
        """The file as the run holds it. Raises StoreError where it is missing."""
        return self.store.blobs.get(item.image)


def sources(runs: Sequence[Any], stack: ExitStack) -> list[Source]:
    """Runs (or their folders) as sources, open until `stack` ends. Raises SpecError for none, or one twice; StoreError."""
    found: list[Source] = []
    for run in runs:
        store = stack.enter_context(Store.open(Path(getattr(run, "path", run))))
        source = Source(store, report.build(store), {})
        if twice := next((s for s in found if s.run == source.run), None):
            raise SpecError(f"{str(store.path)!r} and {str(twice.store.path)!r} are the same run; name it once")
        found.append(source)
    if not found:
        raise SpecError("no run to make a data set of: name at least one run folder")
    return found


def items(source: Source, explored: bool) -> list[Item]:
    """Every picture of a run, the bugs' failures first, in the order of the report; sets `source.missing`."""
    numbers: dict[tuple[str, str], str] = {}
    for bug in source.bugs:
        numbers.setdefault((bug["label"], bug["prompt"]), str(bug["id"]))
    rank = {number: i for i, number in enumerate(numbers.values())}
    found: list[Item] = []
    missing: dict[str, int] = {}
    for row in report.rows(source.store):
        if row["image"] is None:
            missing[row["status"]] = missing.get(row["status"], 0) + 1
            continue
        number = numbers.get((row["label"], row["prompt"]), "")
        wanted = number or (explored and row["purpose"] == EXPLORED)
        reason = UNCONFIRMED if row["status"] == Status.FAILURE and not wanted else row["status"]
        fields = {k: row[k] for k in ("image", "label", "description", "prompt", "purpose", "replicate", "seed")}
        answer = {k: row[k] for k in ("predicted", "score", "caption")}
        found.append(Item(source, reason=reason, bug=number, **fields, **answer))
    source.missing = missing
    return sorted(found, key=lambda i: (not i.kept, rank.get(i.bug, len(rank)), i.label, i.prompt, i.purpose, i.replicate))
