"""Puts samples through the models in batches, and remembers every answer."""

import hashlib
import json
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import replace
from typing import Any, NoReturn, TypeVar

from .. import media, tasks
from ..core.accept import Called
from ..core.errors import BugscopeError, ModelError, short
from ..core.options import Config
from ..core.records import Outcome, Phrase, Purpose, Refused, Sample, Specimen, Status
from ..language import Wording
from ..store.blobs import Lost, named
from ..store.folder import Store
from . import contracts
from .costs import Meter
from .local import Local
from .models import Models, Recorded
from .patience import Failed, Patience, Unasked
from .shelf import Shelf
from .standing import Unanswered
from .workers import Workers

T = TypeVar("T")
A = TypeVar("A")
REFUSALS = 50
"""Pictures that a generator may refuse before it has made one, or questions that a role may decline before it has answered one:
looked at when all that was asked together is answered, which begins with pictures of every label."""
REPEAT = "the same picture as another of this prompt"
OPTIONAL = ("editor", "describer")
WORDS = ("captioner", *OPTIONAL)
"""Roles whose answers are words about pictures; a picture counts without them."""
SUGGESTS: Mapping[Purpose, Sequence[Purpose]] = {"confirm": ("design",), "refine": ("design", "confirm")}
"""Purpose of a picture -> those whose pictures may have suggested its description."""
Shown = tuple[Sample, Specimen[Any]]
Answers = tuple[dict[str, Any], dict[str, Any], dict[str, Any]]
"""Stored answers of generator, judge and target, by the key of a sample."""


class Engine:
    """The world that the method asks (`method.world.World`). What the store already knows is not asked again.

    Pictures of the next batch are generated while the current one is judged and shown to the target. After a provider's
    `Transient` error the batch is retried with back-off, then halved, as it is at once after other errors; in the end the one
    sample is marked as errored and the run goes on. A role that does not answer stops it (`standing`). If a generator repeats a
    picture for a prompt, the repeat is refused: n counts different pictures.
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
        self.shelf = Shelf(config, models.generator, self.medium)
        self.on_batch = on_batch or (lambda engine: None)
        self.asked: set[str] = set()
        # of those, how many were answered in an earlier session
        self.recalled = 0
        self.failures: set[str] = set()
        # what got no answer is not asked again in this session: the same question always gets the same answer
        self.errors: dict[str, str] = {}
        self._speechless: set[str] = set()
        self._noted = set(store.notes("error"))
        # what failed in an earlier session and fails again says nothing new about its model
        self._failed_before = frozenset(self._noted)
        self._refused: dict[str, str] = {}
        self._pictured = False
        self.patience = Patience(sleep, {f"{role} {id}" for role, id in models.ids().items() if store.answered(role, id)})
        self.meter = Meter(models.present(), store.meta("usage") or {}, config.cap)
        self.workers: Workers = workers or Local()
        self.workers.start(models)
        # pictures that are lost and were not drawn again as they were
        self._lost = set(store.notes("lost"))
        # whose files were looked for in this session
        self._there: set[str] = set()
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
        self._mend([s for s in unique if "image" in made.get(s.key, {})], made)
        before = len(self.asked)
        complete = [s for s in unique if s.key in made and s.key in judged and s.key in answered]
        outcomes = self._counted(complete, (made, judged, answered))
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
        outcomes |= {o.sample.key: o for o in self._outcomes([s for s in unique if s.key not in outcomes])}
        self._check_pictures(outcomes.values())
        self.patience.settle(REFUSALS)
        return [outcomes[s.key] for s in samples]

    def settle(self) -> None:
        """At the end of a run, however small it was. Raises Unanswered if a role has answered nothing. Something else stands in
        for an editor or a describer that is out of reach, and the report says so."""
        self.patience.settle(optional=[self._who(role) for role in OPTIONAL if getattr(self.models, role) is not None])
        if self._refused and not self._pictured:
            self._give_up_generator()

    def forget_failures(self) -> None:
        """At the end of a run: what got no answer in an earlier session and was not asked for in this one is not wanted."""
        over = self._noted.difference(self.errors, self._speechless)
        self.store.forget("error", over)
        self._noted -= over

    def _check_pictures(self, outcomes: Iterable[Outcome]) -> None:
        """A generator may refuse some prompts, but not every picture of every label."""
        if not self._pictured:
            refused = {o.sample.key: o.detail for o in outcomes if o.status in (Status.REFUSED, Status.ERROR)}
            made = self._known("generator", [o.sample.key for o in outcomes])
            self._pictured = any("image" in row for row in made.values())
            self._refused |= refused
            if not self._pictured and len(self._refused) >= REFUSALS:
                self._give_up_generator()

    def _give_up_generator(self) -> NoReturn:
        # a refusal is an answer: without this, nothing would be asked again when the run goes on
        self.store.withdraw("generator", self._id("generator"), self._refused)
        n, why = len(self._refused), next(reversed(self._refused.values())).removeprefix("generator: ")
        raise Unanswered(f"generator {self._id('generator')} has not made one of {n} pictures, whatever the prompt: {why}")

    def describe(self, outcomes: Sequence[Outcome]) -> list[str]:
        """Captions of the pictures behind `outcomes`, in order; "" where there is no picture or no caption."""
        keys = [o.sample.key for o in outcomes]
        made = self._known("generator", keys)
        known = self._known("captioner", keys)
        missing = [k for k in dict.fromkeys(keys) if k not in known and "image" in made.get(k, {})]
        missing = [k for k in missing if k not in self._speechless]
        samples = {o.sample.key: o.sample for o in outcomes}
        for part in self._batches("captioner", missing):
            shown = self._shown([samples[k] for k in part], made, "captioner")
            if not shown:
                continue
            batch, images = [s.key for s, _ in shown], [p.content for _, p in shown]
            captions = self._ask("captioner", lambda model, part: contracts.captions(model, model(part), part), images, batch)
            self._put("captioner", batch, captions)
            self.on_batch(self)
        self.patience.settle(REFUSALS)
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
            if key in self._speechless:
                return None
            answers = self._ask(role, lambda model, part: [ask(model)], [question], [key])
            self._put(role, [key], answers)
        return self._known(role, [key]).get(key)

    # --- the pipeline ---------------------------------------------------------------------------------------------------

    def _generate(self, missing: Sequence[Sample]) -> None:
        missing = self.shelf.recall(missing, self._keep)
        waiting: deque[tuple[Sequence[Sample], Future[list[Any]]]] = deque()
        try:
            for batch in self._batches("generator", missing):
                waiting.append((batch, self._begun("generator", self._draw, batch, [s.key for s in batch])))
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
        self._counted(batch)
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
                answers.append({"refused": REPEAT} if self._again(s, image) else self._row(image, p, s.key in self.shelf.taken))
            else:
                answers.append({"refused": p.reason} if isinstance(p, Refused) else p)
        self._put("generator", [s.key for s in batch], answers)
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
            self._view(self._shown(batch, made, "generator"))
            self._counted(batch)
            self.on_batch(self)

    def _specimen(self, s: Sample, made: Any) -> Specimen[Any]:
        truth = None
        if stated := made.get("truth"):
            truth = replace(tasks.truth(s, made), regions=self.store.regions(stated))
        return Specimen(self.store.content(made["image"], self.medium), truth, made["info"])

    # --- pictures that are lost -------------------------------------------------------------------------------------------

    def _shown(self, samples: Sequence[Sample], made: Mapping[str, Any], role: str) -> list[Shown]:
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
            self._put(role, list(lost), list(lost.values()))
        return found

    def _stored(self, s: Sample, row: Mapping[str, Any]) -> Specimen[Any]:
        try:
            return self._specimen(s, row)
        except Lost:
            if not self._again_as_it_was(s, row):
                raise
            return self._specimen(s, row)

    def _mend(self, samples: Sequence[Sample], made: Mapping[str, Any]) -> None:
        """Draw pictures again whose files are gone, though all models have seen them: reports and data sets show them."""
        for s in samples:
            if s.key not in self._there and not self.store.blobs.has(made[s.key]["image"]):
                self._again_as_it_was(s, made[s.key])
            self._there.add(s.key)

    def _again_as_it_was(self, s: Sample, row: Mapping[str, Any]) -> bool:
        """Draw a lost picture again from its prompt and seed, and keep it if it is the same. Asked once: hosted generators
        rarely repeat themselves."""
        if s.key in self._lost or isinstance(self.models.generator, Recorded):
            return False
        made = self.shelf.find(s) or self._ask("generator", self._draw, [s], [s.key])[0]
        if isinstance(made, Specimen) and named(self.medium.encode(made.content), self.medium.suffix) == row["image"]:
            self._row(self.store.keep(made.content, self.medium), made)
            return True
        self._lost.add(s.key)
        self.store.note("lost", s.key, row["image"])
        return False

    def _view(self, shown: Sequence[Shown]) -> None:
        """Ask judge and target about the pictures that they have not answered for yet."""
        keys = [s.key for s, _ in shown]
        for role, call in (("judge", self._judge), ("target", self._test)):
            known = self._known(role, keys)
            fresh = [(s, p) for s, p in shown if s.key not in known]
            for batch in self._batches(role, fresh):
                asked = [s.key for s, _ in batch]
                answers: list[Any] = self._ask(role, call, batch, asked)
                self._put(role, asked, answers)

    def _judge(self, judge: Any, shown: Sequence[Shown]) -> list[Any]:
        # models get copies: one that draws on its picture must not change what the next one sees
        specimens = [Specimen(self.medium.copy(p.content), p.truth, dict(p.info)) for _, p in shown]
        return list(contracts.probabilities(judge, judge(specimens, [s.prompt.label for s, _ in shown]), len(shown)))

    def _test(self, target: Any, shown: Sequence[Shown]) -> list[Any]:
        truths = [p.truth or tasks.truth(s, None) for s, p in shown]
        given = self.task.ask(target, [self.medium.copy(p.content) for _, p in shown], truths)
        return contracts.answers(self.task, target, given, shown)

    # --- asking ----------------------------------------------------------------------------------------------------------

    def _ask(
        self, role: str, call: Callable[[Any, Sequence[T]], list[A]], items: Sequence[T], keys: Sequence[str]
    ) -> list[A | Failed]:
        return self._begun(role, call, items, keys).result()

    def _begun(
        self, role: str, call: Callable[[Any, Sequence[T]], list[A]], items: Sequence[T], keys: Sequence[str]
    ) -> "Future[list[A | Failed]]":
        """`call(model, items)`, with patience and metered. `keys`: what the answers will be kept under."""

        def question(model: Any) -> list[A | Failed]:
            def metered(part: Sequence[tuple[str, T]]) -> list[A]:
                with self.meter.asking(role, len(part)):
                    return call(model, [item for _, item in part])

            asked = list(zip(keys, items, strict=True))
            return self.patience.ask(self._who(role), metered, asked, lambda pair: pair[0] not in self._failed_before)

        return self.workers.ask(role, question)

    def _who(self, role: str) -> str:
        return f"{role} {self._id(role)}"

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

    def _answers(self, keys: Sequence[str]) -> Answers:
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
        asked = {k: a for k, a in failed.items() if not isinstance(a, Unasked)}
        if asked:
            self.store.note_all("error", {k: {"role": role, "reason": a.reason} for k, a in asked.items()})
            self._noted.update(asked)
        if role in WORDS:
            self._speechless.update(failed)
        else:
            self.errors.update({k: f"{role}: {a.reason}" for k, a in failed.items()})
        # what was answered is kept before the run stops
        self.patience.of(self._who(role)).check()

    def _counted(self, samples: Sequence[Sample], known: Answers | None = None) -> dict[str, Outcome]:
        """Outcomes by key, which from here on count as asked for."""
        outcomes = {o.sample.key: o for o in self._outcomes(samples, known)}
        self.asked.update(outcomes)
        self.failures.update(key for key, o in outcomes.items() if o.status is Status.FAILURE)
        return outcomes

    def _outcomes(self, samples: Sequence[Sample], known: Answers | None = None) -> list[Outcome]:
        """`known`: their answers, where they were read already."""
        made, judged, answered = known or self._answers([s.key for s in samples])
        return [
            tasks.outcome(
                self.task, s, made.get(s.key), judged.get(s.key), answered.get(s.key), self.config.faithful,
                self.errors.get(s.key, ""),
            )
            for s in samples
        ]  # fmt: skip
