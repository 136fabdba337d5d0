"""The stored pictures of a run, with what became of them."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from .. import media, tasks
from ..core.records import Outcome, Purpose, Sample, Status
from ..language import Wording
from ..tasks import Mark
from .folder import Store

PURPOSES: tuple[Purpose, ...] = ("explore", "design", "confirm", "refine", "explain")
"""In the order in which a run draws for them."""


class Stream(NamedTuple):
    """What a sample belongs to: pictures of one prompt, drawn for one purpose."""

    purpose: Purpose
    label: str
    text: str


@dataclass(frozen=True, slots=True)
class Shot:
    """One sample and what became of it. `image`: its picture's name in the run folder, None where there is none. `judged`: the
    judge's score, None where it was not asked."""

    outcome: Outcome
    image: str | None
    judged: float | None = None
    marks: Sequence[Mark] = ()
    """What the task draws on the picture."""
    cached: bool = False
    """The picture came from a cache."""

    @property
    def sample(self) -> Sample:
        return self.outcome.sample

    @property
    def key(self) -> str:
        return self.outcome.sample.key

    @property
    def status(self) -> Status:
        return self.outcome.status

    @property
    def wrong(self) -> bool:
        """The picture shows its label, and the target fails on it."""
        return self.outcome.status is Status.FAILURE


class Album:
    """The pictures of a run under its own models and options. What is read of a stream is kept: the run should not go on
    meanwhile."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.identity = store.identity()
        self.models = self.identity["models"]
        self.config = store.options()
        self.task = tasks.knowing(self.config, store.meta("classes") or ())
        self.wording = Wording(media.load(self.identity["medium"]).words, absent=tasks.absent(self.task))
        self._samples: dict[Stream, list[Sample]] = {}
        for s in store.samples():
            self._samples.setdefault(Stream(s.purpose, s.prompt.label, s.prompt.text), []).append(s)
        self._shots: dict[Stream, list[Shot]] = {}

    @property
    def streams(self) -> tuple[Stream, ...]:
        """All that was ever asked for."""
        return tuple(self._samples)

    def asked(self, *purposes: str) -> int:
        """How many pictures were asked for, for these purposes or all."""
        return sum(len(samples) for stream, samples in self._samples.items() if not purposes or stream.purpose in purposes)

    def drawn(self, label: str, text: str) -> int:
        """How many pictures of a prompt confirmed or refuted something: the first replicate that is free."""
        return max((s.replicate + 1 for s in self._samples.get(Stream("confirm", label, text), ())), default=0)

    def of(self, purpose: Purpose, label: str, text: str, drawn: int | None = None) -> list[Shot]:
        """A stream in order of replicate: the first `drawn`, or all."""
        stream = Stream(purpose, label, text)
        if stream not in self._shots:
            self._shots[stream] = self._read(sorted(self._samples.get(stream, ()), key=lambda s: s.replicate))
        return [shot for shot in self._shots[stream] if drawn is None or shot.sample.replicate < drawn]

    def every(self, label: str, text: str, purposes: Iterable[Purpose] = PURPOSES) -> list[Shot]:
        """A prompt's pictures, whatever they were drawn for."""
        return [shot for purpose in purposes for shot in self.of(purpose, label, text)]

    def all(self) -> Iterator[Shot]:
        """Stream by stream."""
        for stream in self.streams:
            yield from self.of(*stream)

    def plain(self, label: str) -> str:
        """The prompt of a plain picture."""
        return self.wording.neutral(label).text

    def _read(self, samples: list[Sample]) -> list[Shot]:
        keys = [s.key for s in samples]
        made, judged, answered = (self.store.get(role, self.models[role], keys) for role in ("generator", "judge", "target"))
        return [
            Shot(
                tasks.outcome(self.task, s, made.get(s.key), judged.get(s.key), answered.get(s.key), self.config.faithful),
                (made.get(s.key) or {}).get("image"),
                judged.get(s.key),
                tasks.marks(self.task, s, made.get(s.key), answered.get(s.key)),
                bool((made.get(s.key) or {}).get("cached")),
            )
            for s in samples
        ]


def distinct(shots: Iterable[Shot]) -> list[Shot]:
    """The first of each label and picture: a collection of photographs may give the same one again."""
    found: dict[tuple[str, str | None], Shot] = {}
    for shot in shots:
        found.setdefault((shot.sample.prompt.label, shot.image), shot)
    return list(found.values())
