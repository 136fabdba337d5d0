"""The pictures of a run: drawn, kept if they are fresh, shown again, and drawn again where they are lost."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from .. import tasks
from ..core.errors import short
from ..core.records import Purpose, Refused, Sample, Specimen
from ..media import Medium
from ..store.blobs import Lost, named
from ..store.folder import Store
from . import contracts
from .asking import Asking
from .models import Recorded
from .patience import Failed
from .shelf import Shelf

REPEAT = "the same picture as another of this prompt"
SUGGESTS: Mapping[Purpose, Sequence[Purpose]] = {"confirm": ("design",), "refine": ("design", "confirm")}
"""Purpose of a picture -> those whose pictures may have suggested its description."""
Shown = tuple[Sample, Specimen[Any]]


class Pictures:
    """If a generator repeats a picture for a prompt, the repeat is refused: n counts different pictures."""

    def __init__(self, asking: Asking, store: Store, medium: Medium[Any], shelf: Shelf) -> None:
        self.asking, self.store, self.medium, self.shelf = asking, store, medium, shelf
        # pictures that are lost and were not drawn again as they were
        self._lost = set(store.notes("lost"))
        # whose files were looked for in this session
        self._there: set[str] = set()
        self._drawn: dict[tuple[str, str, bool, str], str] | None = None
        self._described: set[tuple[Purpose, str, str]] = set()

    def draw(self, generator: Any, batch: Sequence[Sample]) -> list[Any]:
        made = generator([s.prompt.text for s in batch], [s.seed for s in batch])
        return list(contracts.specimens(generator, made, batch, self.medium))

    def keep(self, batch: Sequence[Sample], made: Sequence[Any]) -> list[Any]:
        """Store what was generated; returns it as it is stored."""
        answers: list[Any] = []
        images = iter(self.store.keep_all([p.content for p in made if isinstance(p, Specimen)], self.medium))
        for s, p in zip(batch, made, strict=True):
            if isinstance(p, Specimen):
                image = next(images)
                answers.append({"refused": REPEAT} if self._again(s, image) else self._row(image, p, s.key in self.shelf.taken))
            else:
                answers.append({"refused": p.reason} if isinstance(p, Refused) else p)
        self.asking.keep("generator", [s.key for s in batch], answers)
        for s, row in zip(batch, answers, strict=True):
            if isinstance(row, dict) and "image" in row:
                self.shelf.add(s, row, self.store.blobs)
        return answers

    def _row(self, image: str, p: Specimen[Any], cached: bool = False) -> dict[str, Any]:
        row = {"image": image, "info": dict(p.info)} | ({"cached": True} if cached else {})
        return row if p.truth is None else row | {"truth": self.store.keep_truth(p.truth)}

    def _again(self, s: Sample, image: str) -> bool:
        """Whether this picture is not fresh. (A folder may run out of pictures; a server may ignore seeds.) It answered another
        sample of the same prompt, or one that may have suggested the description: a designed picture or, for a sharper
        description, one that confirmed a bug."""
        if self._drawn is None:
            self._drawn = {}
            for sample, known in self.store.pictures(self.asking.answers.id("generator")):
                self._see(sample, known)
        suggested = any((purpose, s.prompt.label, image) in self._described for purpose in SUGGESTS.get(s.purpose, ()))
        return self._see(s, image) != s.key or suggested

    def _see(self, s: Sample, image: str) -> str:
        """The key of the first sample of this prompt with this picture; samples that explain a bug are counted separately."""
        assert self._drawn is not None
        if s.prompt.description:
            self._described.add((s.purpose, s.prompt.label, image))
        return self._drawn.setdefault((s.prompt.label, s.prompt.text, s.purpose == "explain", image), s.key)

    # --- shown again ------------------------------------------------------------------------------------------------------

    def shown(self, samples: Sequence[Sample], made: Mapping[str, Any], role: str) -> list[Shown]:
        """The stored pictures of samples. A lost one is drawn again; where that gives another one, the sample gets no answer of
        this role."""
        found: list[Shown] = []
        lost: dict[str, Failed] = {}
        for s in samples:
            try:
                found.append((s, self._stored(s, made[s.key])))
            except Lost as error:
                lost[s.key] = Failed(f"{short(str(error))}; it was not drawn again as it was")
        if lost:
            self.asking.keep(role, list(lost), list(lost.values()))
        return found

    def _stored(self, s: Sample, row: Mapping[str, Any]) -> Specimen[Any]:
        try:
            return self._specimen(s, row)
        except Lost:
            if not self._again_as_it_was(s, row):
                raise
            return self._specimen(s, row)

    def _specimen(self, s: Sample, made: Any) -> Specimen[Any]:
        truth = None
        if stated := made.get("truth"):
            truth = replace(tasks.truth(s, made), regions=self.store.regions(stated))
        return Specimen(self.store.content(made["image"], self.medium), truth, made["info"])

    def mend(self, samples: Sequence[Sample], made: Mapping[str, Any]) -> None:
        """Draw pictures again whose files are gone, though all models have seen them: reports and data sets show them."""
        for s in samples:
            if s.key not in self._there and not self.store.blobs.has(made[s.key]["image"]):
                self._again_as_it_was(s, made[s.key])
            self._there.add(s.key)

    def _again_as_it_was(self, s: Sample, row: Mapping[str, Any]) -> bool:
        """Draw a lost picture again from its prompt and seed, and keep it if it is the same. Asked once: hosted generators
        rarely repeat themselves."""
        if s.key in self._lost or isinstance(self.asking.answers.models.generator, Recorded):
            return False
        made = self.shelf.find(s) or self.asking.ask("generator", self.draw, [s], [s.key])[0]
        if isinstance(made, Specimen) and named(self.medium.encode(made.content), self.medium.suffix) == row["image"]:
            self._row(self.store.keep(made.content, self.medium), made)
            return True
        self._lost.add(s.key)
        self.store.note("lost", s.key, row["image"])
        return False
