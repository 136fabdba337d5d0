"""Puts samples through the models in batches, and remembers every answer."""

import hashlib
import json
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import replace
from typing import Any, TypeVar

from .. import media, tasks
from ..core.accept import Called
from ..core.errors import BugscopeError, ModelError
from ..core.options import Config
from ..core.records import Outcome, Phrase, Purpose, Refused, Sample, Specimen, Status
from ..language import Wording
from ..store.folder import Store
from . import contracts
from .costs import Meter
from .local import Local
from .models import Models
from .patience import Failed, Patience
from .workers import Workers

T = TypeVar("T")
A = TypeVar("A")
REPEAT = "the same picture as another of this prompt"
SUGGESTS: Mapping[Purpose, Sequence[Purpose]] = {"confirm": ("design",), "refine": ("design", "confirm")}
"""Purpose of a picture -> those whose pictures may have suggested its description."""
Shown = tuple[Sample, Specimen[Any]]


class Engine:
    """The world that the method asks (`method.world.World`). What the store already knows is not asked again.

    Pictures of the next batch are generated while the current one is judged and shown to the target. After a provider's
    `Transient` error the batch is retried with back-off, then halved; in the end the one sample is marked as errored and the
    run goes on. If a generator repeats a picture for a prompt, the repeat is refused: n counts different pictures.
    """

    def __init__(
        self,
        models: Models,
        store: Store,
        config: Config,
        on_batch: Callable[["Engine"], None] | None = None,
        sleep: Callable[[float], object] | None = None,
        workers: Workers | None = None,
        called: Mapping[str, Called] | None = None,
    ) -> None:
        """`called`: what the target calls the labels of another target's run."""
        self.models, self.store, self.config = models, store, config
        # raises for unusable labels before anything is asked
        self.task = tasks.knowing(config, tasks.load(config).labels(models.target), called)
        self.medium = media.of(models.generator)
        self.on_batch = on_batch or (lambda engine: None)
        self.asked: set[str] = set()
        # of those, how many were answered in an earlier session
        self.recalled = 0
        self.failures: set[str] = set()
        # what got no answer is not asked again in this session: the same question always gets the same answer
        self.errors: dict[str, str] = {}
        self._speechless: set[str] = set()
        self._noted = set(store.notes("error"))
        self.patience = Patience(sleep)
        self.meter = Meter(models.present(), store.meta("usage") or {}, config.cap)
        self.workers: Workers = workers or Local()
        self.workers.start(models)
        self._drawn: dict[tuple[str, str, bool, str], str] | None = None
        self._described: set[tuple[Purpose, str, str]] = set()

    def close(self) -> None:
        """Called after the last question. Models are closed by whoever loaded them."""
        self.workers.close()

    # --- the four questions ---------------------------------------------------------------------------------------------

    def measure(self, samples: Sequence[Sample]) -> list[Outcome]:
        """Outcomes in the order of `samples`; the same question always gets the same answer."""
        unique = list({s.key: s for s in samples}.values())
        self.store.put_samples(unique)
        keys = [s.key for s in unique]
        made, judged, answered = self._answers(keys)
        before = len(self.asked)
        self._count(s for s in unique if s.key in made and s.key in judged and s.key in answered)
        self.recalled += len(self.asked) - before
        self._generate([s for s in unique if s.key not in made and s.key not in self.errors])
        # pictures that this judge or this target has not seen: another one did, or the run ended before they were asked
        self._look(
            [
                s
                for s in unique
                if "image" in made.get(s.key, {})
                and (s.key not in judged or s.key not in answered)
                and s.key not in self.errors
            ]
        )
        outcomes = {o.sample.key: o for o in self._outcomes(unique)}
        return [outcomes[s.key] for s in samples]

    def describe(self, outcomes: Sequence[Outcome]) -> list[str]:
        """Captions of the pictures behind `outcomes`, in order; "" where there is no picture or no caption."""
        keys = [o.sample.key for o in outcomes]
        made = self._known("generator", keys)
        known = self._known("captioner", keys)
        missing = [k for k in dict.fromkeys(keys) if k not in known and "image" in made.get(k, {})]
        missing = [k for k in missing if k not in self._speechless]
        for batch in self._batches("captioner", missing):
            images = [self.store.content(made[k]["image"], self.medium) for k in batch]
            captions = self._ask("captioner", lambda model, part: contracts.captions(model, model(part), part), images)
            self._put("captioner", batch, captions)
            self.on_batch(self)
        known = self._known("captioner", keys)
        return [known.get(k, "") for k in keys]

    def propose(self, label: str, failures: Sequence[str], successes: Sequence[str]) -> list[str]:
        """What the failures have in common, says the describer; empty without a describer, or without an answer from it."""
        if self.models.describer is None:
            return []
        question = [label, list(failures), list(successes)]
        said = self._advice(
            "describer", question, lambda model: contracts.descriptions(model, model(label, failures, successes))
        )
        return said or []

    def vary(self, label: str, phrases: Sequence[Phrase]) -> list[list[Phrase]]:
        """What may replace each phrase, says the editor; its siblings without an editor, or without an answer from it."""
        texts = [p.text for p in phrases]
        found = None
        if self.models.editor is not None:
            question = [label, *([p.text, p.before] for p in phrases)]
            found = self._advice("editor", question, lambda model: contracts.alternatives(model, model(label, texts), texts))
        if found is None:
            return [list(Wording(self.medium.words).siblings(p)) for p in phrases]
        return [[Phrase(text, p.before) for text in new] for p, new in zip(phrases, found, strict=True)]

    def _advice(self, role: str, question: Any, ask: Callable[[Any], Any]) -> Any:
        """The answer to a question about words, which is asked only once; None if there is none."""
        key = hashlib.sha256(json.dumps(question).encode()).hexdigest()
        if key not in self._known(role, [key]):
            (answer,) = self._ask(role, lambda model, part: [ask(model)], [question])
            if isinstance(answer, Failed):
                return None
            self._put(role, [key], [answer])
        return self._known(role, [key])[key]

    # --- the pipeline ---------------------------------------------------------------------------------------------------

    def _generate(self, missing: Sequence[Sample]) -> None:
        waiting: deque[tuple[Sequence[Sample], Future[list[Any]]]] = deque()
        try:
            for batch in self._batches("generator", missing):
                waiting.append((batch, self._begun("generator", self._draw, batch)))
                if len(waiting) == self.workers.width("generator"):
                    self._keep(*waiting[0])
                    waiting.popleft()
            while waiting:
                self._keep(*waiting[0])
                waiting.popleft()
        except BaseException:
            self.patience.stop()
            self._save(waiting)
            raise
        finally:
            self.patience.resume()

    def _save(self, waiting: Iterable[tuple[Sequence[Sample], "Future[list[Any]]"]]) -> None:
        """Keep pictures that are made or in the making, whatever ends the run, so that they need not be paid for again."""
        # first cancel what has not begun: it would begin while the rest is waited for
        begun = [(batch, made) for batch, made in reversed(list(waiting)) if not made.cancel()]
        for batch, made in reversed(begun):
            if made.exception() is None:
                # the user should hear of what ended the run, not of this
                with suppress(BugscopeError):
                    self._store(batch, made.result())

    def _draw(self, generator: Any, batch: Sequence[Sample]) -> list[Any]:
        made = generator([s.prompt.text for s in batch], [s.seed for s in batch])
        return list(contracts.specimens(generator, made, batch, self.medium))

    def _keep(self, batch: Sequence[Sample], made: "Future[list[Any]]") -> None:
        """Store what was generated, then judge it and show it to the target."""
        specimens = made.result()
        self._check_needs(self._store(batch, specimens))
        self._view([(s, p) for s, p in zip(batch, specimens, strict=True) if isinstance(p, Specimen)])
        self._count(batch)
        self.on_batch(self)

    def _check_needs(self, rows: Sequence[Any]) -> None:
        """A generator that never states what the task needs would have every picture left out. `rows`: as they are stored."""
        lacking = [tasks.missing(self.task, row) for row in rows if isinstance(row, dict) and "image" in row]
        if lacking and all(lacking):
            raise ModelError(
                f"task {self.task.id} needs the {lacking[0]} of what a picture shows, and the generator "
                f"{self.models.generator.id} stated none for {len(lacking)}"
            )

    def _store(self, batch: Sequence[Sample], made: Sequence[Any]) -> list[Any]:
        """Store what was generated; returns it as it is stored."""
        answers: list[Any] = []
        for s, p in zip(batch, made, strict=True):
            if isinstance(p, Specimen):
                image = self.store.keep(p.content, self.medium)
                answers.append({"refused": REPEAT} if self._again(s, image) else self._row(image, p))
            else:
                answers.append({"refused": p.reason} if isinstance(p, Refused) else p)
        self._put("generator", [s.key for s in batch], answers)
        return answers

    def _row(self, image: str, p: Specimen[Any]) -> dict[str, Any]:
        row = {"image": image, "info": dict(p.info)}
        return row if p.truth is None else row | {"truth": self.store.keep_truth(p.truth)}

    def _again(self, s: Sample, image: str) -> bool:
        """Whether this picture is not fresh. (A folder may run out of pictures; a server may ignore seeds.) It answered another
        sample of the same prompt, or one that may have suggested the description: a designed picture or, for a sharper
        description, one that confirmed a bug."""
        if self._drawn is None:
            self._drawn = {}
            for sample, known in self.store.pictures(self._id("generator")):
                self._see(sample, known)
        suggested = any((purpose, s.prompt.label, image) in self._described for purpose in SUGGESTS.get(s.purpose, ()))
        return self._see(s, image) != s.key or suggested

    def _see(self, s: Sample, image: str) -> str:
        """The key of the first sample of this prompt with this picture; samples that explain a bug are counted separately."""
        assert self._drawn is not None
        if s.prompt.description:
            self._described.add((s.purpose, s.prompt.label, image))
        return self._drawn.setdefault((s.prompt.label, s.prompt.text, s.purpose == "explain", image), s.key)

    def _look(self, samples: Sequence[Sample]) -> None:
        for batch in self._batches("judge", samples):
            made = self._known("generator", [s.key for s in batch])
            self._view([(s, self._specimen(s, made[s.key])) for s in batch])
            self._count(batch)
            self.on_batch(self)

    def _specimen(self, s: Sample, made: Any) -> Specimen[Any]:
        truth = None
        if stated := made.get("truth"):
            truth = replace(tasks.truth(s, made), regions=self.store.regions(stated))
        return Specimen(self.store.content(made["image"], self.medium), truth, made["info"])

    def _view(self, shown: Sequence[Shown]) -> None:
        """Ask judge and target about the pictures that they have not answered for yet."""
        keys = [s.key for s, _ in shown]
        for role, call in (("judge", self._judge), ("target", self._test)):
            known = self._known(role, keys)
            fresh = [(s, p) for s, p in shown if s.key not in known]
            for batch in self._batches(role, fresh):
                answers: list[Any] = self._ask(role, call, batch)
                self._put(role, [s.key for s, _ in batch], answers)

    def _judge(self, judge: Any, shown: Sequence[Shown]) -> list[Any]:
        # models get copies: one that draws on its picture must not change what the next one sees
        specimens = [Specimen(self.medium.copy(p.content), p.truth, dict(p.info)) for _, p in shown]
        return list(contracts.probabilities(judge, judge(specimens, [s.prompt.label for s, _ in shown]), len(shown)))

    def _test(self, target: Any, shown: Sequence[Shown]) -> list[Any]:
        truths = [p.truth or tasks.truth(s, None) for s, p in shown]
        given = self.task.ask(target, [self.medium.copy(p.content) for _, p in shown], truths)
        return contracts.answers(self.task, target, given, shown)

    # --- asking ----------------------------------------------------------------------------------------------------------

    def _ask(self, role: str, call: Callable[[Any, Sequence[T]], list[A]], items: Sequence[T]) -> list[A | Failed]:
        return self._begun(role, call, items).result()

    def _begun(self, role: str, call: Callable[[Any, Sequence[T]], list[A]], items: Sequence[T]) -> "Future[list[A | Failed]]":
        """`call(model, items)`, with patience and metered."""

        def question(model: Any) -> list[A | Failed]:
            def metered(part: Sequence[T]) -> list[A]:
                with self.meter.asking(role, len(part)):
                    return call(model, part)

            return self.patience.ask(f"{role} {model.id}", metered, items)

        return self.workers.ask(role, question)

    def _batches(self, role: str, items: Sequence[T]) -> Iterator[Sequence[T]]:
        """Batches of `items`. Under a cap the first item goes alone: its answer tells what the others will cost."""
        first = 1 if self.meter.blind(role) else self.config.batch_size
        if items:
            yield items[:first]
        for i in range(first, len(items), self.config.batch_size):
            yield items[i : i + self.config.batch_size]

    # --- memory ----------------------------------------------------------------------------------------------------------

    def _id(self, role: str) -> str:
        return str(getattr(self.models, role).id)

    def _known(self, role: str, keys: Sequence[str]) -> dict[str, Any]:
        return self.store.get(role, self._id(role), keys)

    def _answers(self, keys: Sequence[str]) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
        """The stored answers of generator, judge and target."""
        return self._known("generator", keys), self._known("judge", keys), self._known("target", keys)

    def _put(self, role: str, keys: Sequence[str], answers: Sequence[Any]) -> None:
        """Store a batch's answers, and note which items got none; notes of earlier failures that no longer hold are deleted."""
        failed = {k: a for k, a in zip(keys, answers, strict=True) if isinstance(a, Failed)}
        if used := self.meter.totals():
            self.store.set_meta("usage", used)
        self.store.put((role, self._id(role), k, a) for k, a in zip(keys, answers, strict=True) if k not in failed)
        if over := self._noted.intersection(keys).difference(failed, self.errors, self._speechless):
            self.store.forget("error", over)
            self._noted -= over
        if failed:
            self.store.note_all("error", {k: {"role": role, "reason": a.reason} for k, a in failed.items()})
            self._noted.update(failed)
        if role == "captioner":
            self._speechless.update(failed)
        else:
            self.errors.update({k: f"{role}: {a.reason}" for k, a in failed.items()})

    def _count(self, samples: Iterable[Sample]) -> None:
        samples = list(samples)
        self.asked.update(s.key for s in samples)
        self.failures.update(o.sample.key for o in self._outcomes(samples) if o.status is Status.FAILURE)

    def _outcomes(self, samples: Sequence[Sample]) -> list[Outcome]:
        made, judged, answered = self._answers([s.key for s in samples])
        return [
            tasks.outcome(
                self.task, s, made.get(s.key), judged.get(s.key), answered.get(s.key), self.config.faithful,
                self.errors.get(s.key, ""),
            )
            for s in samples
        ]  # fmt: skip
