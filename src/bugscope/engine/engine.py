"""Puts samples through the models in batches, and remembers every answer."""

from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Future
from contextlib import suppress
from copy import deepcopy
from typing import Any, NoReturn

from .. import media, tasks
from ..core.accept import Called
from ..core.errors import BugscopeError, ModelError
from ..core.options import Config
from ..core.records import Outcome, Phrase, Sample, Specimen, Status
from ..store.folder import Store
from . import contracts
from .advice import Advice
from .answers import OPTIONAL, Answers, Known
from .asking import Asking
from .calls import Calls
from .costs import Meter
from .local import Local
from .models import Models
from .patience import Patience
from .pictures import Pictures, Shown
from .shelf import Shelf
from .standing import Unanswered
from .workers import Workers

REFUSALS = 50
"""Pictures that a generator may refuse before it has made one, or questions that a role may decline before it has answered one:
looked at when all that was asked together is answered, which begins with pictures of every label."""


class Engine:
    """The world that the method asks (`method.world.World`). What the store already knows is not asked again.

    Pictures of the next batch are generated while the current one is judged and shown to the target. After a provider's
    `Transient` error the batch is retried with back-off, then halved, as it is at once after other errors; in the end the one
    sample is marked as errored and the run goes on. A role that does not answer stops it (`standing`).
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
        self._refused: dict[str, str] = {}
        self._pictured = False
        self.patience = Patience(sleep, {f"{role} {id}" for role, id in models.ids().items() if store.answered(role, id)})
        self.meter = Meter(models.present(), store.meta("usage") or {}, config.cap)
        self.workers: Workers = workers or Local()
        self.workers.start(models)
        self.answers = Answers(models, store)
        self.calls = Calls(config.longest)
        self.calls.tell = lambda message: self.patience.tell(message)
        self.asking = Asking(self.answers, store, config, self.patience, self.meter, self.workers, self.calls)
        self.pictures = Pictures(self.asking, store, self.medium, self.shelf)
        self.advice = Advice(self.asking, self.medium.words)

    def close(self) -> None:
        """Called after the last question, whatever ends the run. Models are closed by whoever loaded them."""
        self.calls.abandon()
        self.workers.close()

    # --- the four questions ---------------------------------------------------------------------------------------------

    def measure(self, samples: Sequence[Sample]) -> list[Outcome]:
        """Outcomes in the order of `samples`; the same question always gets the same answer."""
        unique = list({s.key: s for s in samples}.values())
        self.store.put_samples(unique)
        made, judged, answered = self.answers.of([s.key for s in unique])
        self.pictures.mend([s for s in unique if "image" in made.get(s.key, {})], made)
        before = len(self.asked)
        complete = [s for s in unique if s.key in made and s.key in judged and s.key in answered]
        outcomes = self._counted(complete, (made, judged, answered))
        self.recalled += len(self.asked) - before
        errors = self.answers.errors
        self._generate([s for s in unique if s.key not in made and s.key not in errors])
        # pictures that this judge or this target has not seen: another one did, or the run ended before they were asked
        self._look(
            [
                s
                for s in unique
                if "image" in made.get(s.key, {}) and (s.key not in judged or s.key not in answered) and s.key not in errors
            ]
        )
        outcomes |= {o.sample.key: o for o in self._outcomes([s for s in unique if s.key not in outcomes])}
        self._check_pictures(outcomes.values())
        self.patience.settle(REFUSALS)
        return [outcomes[s.key] for s in samples]

    def describe(self, outcomes: Sequence[Outcome]) -> list[str]:
        """Captions of the pictures behind `outcomes`, in order; "" where there is no picture or no caption."""
        keys = [o.sample.key for o in outcomes]
        made = self.answers.known("generator", keys)
        known = self.answers.known("captioner", keys)
        missing = [k for k in dict.fromkeys(keys) if k not in known and "image" in made.get(k, {})]
        missing = [k for k in missing if k not in self.answers.speechless]
        samples = {o.sample.key: o.sample for o in outcomes}
        for part in self.asking.batches("captioner", missing):
            shown = self.pictures.shown([samples[k] for k in part], made, "captioner")
            if not shown:
                continue
            batch = [s.key for s, _ in shown]
            captions = self.asking.ask("captioner", self._caption, [p for _, p in shown], batch)
            self.asking.keep("captioner", batch, captions)
            self.on_batch(self)
        self.patience.settle(REFUSALS)
        known = self.answers.known("captioner", keys)
        return [known.get(k, "") for k in keys]

    def propose(self, label: str, failures: Sequence[str], successes: Sequence[str]) -> list[str]:
        return self.advice.propose(label, failures, successes)

    def vary(self, label: str, phrases: Sequence[Phrase]) -> list[list[Phrase]]:
        return self.advice.vary(label, phrases)

    # --- at the end -------------------------------------------------------------------------------------------------------

    def settle(self) -> None:
        """At the end of a run, however small it was. Raises Unanswered if a role has answered nothing. Something else stands in
        for an editor or a describer that is out of reach, and the report says so."""
        self.patience.settle(optional=[self.asking.who(role) for role in OPTIONAL if getattr(self.models, role) is not None])
        if self._refused and not self._pictured:
            self._give_up_generator()

    def forget_failures(self) -> None:
        """At the end of a run: what got no answer in an earlier session and was not asked for in this one is not wanted."""
        self.answers.forget_failures()

    def _check_pictures(self, outcomes: Iterable[Outcome]) -> None:
        """A generator may refuse some prompts, but not every picture of every label."""
        if not self._pictured:
            refused = {o.sample.key: o.detail for o in outcomes if o.status in (Status.REFUSED, Status.ERROR)}
            made = self.answers.known("generator", [o.sample.key for o in outcomes])
            self._pictured = any("image" in row for row in made.values())
            self._refused |= refused
            if not self._pictured and len(self._refused) >= REFUSALS:
                self._give_up_generator()

    def _give_up_generator(self) -> NoReturn:
        # a refusal is an answer: without this, nothing would be asked again when the run goes on
        self.store.withdraw("generator", self.answers.id("generator"), self._refused)
        n, why = len(self._refused), next(reversed(self._refused.values())).removeprefix("generator: ")
        raise Unanswered(f"{self.asking.who('generator')} has not made one of {n} pictures, whatever the prompt: {why}")

    # --- the pipeline ---------------------------------------------------------------------------------------------------

    def _generate(self, missing: Sequence[Sample]) -> None:
        missing = self.shelf.recall(missing, self._keep)
        waiting: deque[tuple[Sequence[Sample], Future[list[Any]]]] = deque()
        try:
            for batch in self.asking.batches("generator", missing):
                waiting.append((batch, self.asking.begun("generator", self.pictures.draw, batch, [s.key for s in batch])))
                if len(waiting) == self.workers.width("generator"):
                    self._keep(*waiting[0])
                    waiting.popleft()
            while waiting:
                self._keep(*waiting[0])
                waiting.popleft()
        except BaseException as error:
            self.patience.stop()
            self._save(waiting, error)
            raise
        finally:
            self.patience.resume()

    def _save(self, waiting: Iterable[tuple[Sequence[Sample], "Future[list[Any]]"]], end: BaseException) -> None:
        """Keep pictures that are made or in the making, whatever ends the run, so that they need not be paid for again."""
        # first cancel what has not begun: it would begin while the rest is waited for
        begun = [(batch, made) for batch, made in reversed(list(waiting)) if not made.cancel()]
        for batch, made in reversed(begun):
            if self.calls.last(made, self.asking.who("generator"), end) and made.exception() is None:
                # the user should hear of what ended the run, not of this
                with suppress(BugscopeError, KeyboardInterrupt):
                    self.pictures.keep(batch, made.result())

    def _keep(self, batch: Sequence[Sample], made: "Future[list[Any]]") -> None:
        """Store what was generated, then judge it and show it to the target."""
        specimens = made.result()
        self._check_needs(self.pictures.keep(batch, specimens))
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

    def _look(self, samples: Sequence[Sample]) -> None:
        for batch in self.asking.batches("judge", samples):
            made = self.answers.known("generator", [s.key for s in batch])
            self._view(self.pictures.shown(batch, made, "generator"))
            self._counted(batch)
            self.on_batch(self)

    def _view(self, shown: Sequence[Shown]) -> None:
        """Ask judge and target about the pictures that they have not answered for yet."""
        keys = [s.key for s, _ in shown]
        for role, call in (("judge", self._judge), ("target", self._test)):
            known = self.answers.known(role, keys)
            fresh = [(s, p) for s, p in shown if s.key not in known]
            for batch in self.asking.batches(role, fresh):
                asked = [s.key for s, _ in batch]
                answers: list[Any] = self.asking.ask(role, call, batch, asked)
                self.asking.keep(role, asked, answers)

    # models get copies: one that draws on its picture must not change what the next one sees, nor itself when asked again

    def _judge(self, judge: Any, shown: Sequence[Shown]) -> list[Any]:
        specimens = [Specimen(self.medium.copy(p.content), deepcopy(p.truth), deepcopy(dict(p.info))) for _, p in shown]
        return list(contracts.probabilities(judge, judge(specimens, [s.prompt.label for s, _ in shown]), len(shown)))

    def _test(self, target: Any, shown: Sequence[Shown]) -> list[Any]:
        truths = [tasks.about(self.task, s, p.truth or tasks.truth(s, None)) for s, p in shown]
        given = self.task.ask(target, [self.medium.copy(p.content) for _, p in shown], truths)
        return contracts.answers(self.task, target, given, shown)

    def _caption(self, captioner: Any, shown: Sequence[Specimen[Any]]) -> list[Any]:
        return list(contracts.captions(captioner, captioner([self.medium.copy(p.content) for p in shown]), shown))

    # --- what became of it ----------------------------------------------------------------------------------------------

    def _counted(self, samples: Sequence[Sample], known: Known | None = None) -> dict[str, Outcome]:
        """Outcomes by key, which from here on count as asked for."""
        outcomes = {o.sample.key: o for o in self._outcomes(samples, known)}
        self.asked.update(outcomes)
        self.failures.update(key for key, o in outcomes.items() if o.status is Status.FAILURE)
        return outcomes

    def _outcomes(self, samples: Sequence[Sample], known: Known | None = None) -> list[Outcome]:
        """`known`: their answers, where they were read already."""
        made, judged, answered = known or self.answers.of([s.key for s in samples])
        errors = self.answers.errors
        return [
            tasks.outcome(
                self.task, s, made.get(s.key), judged.get(s.key), answered.get(s.key), self.config.faithful,
                errors.get(s.key, ""),
            )
            for s in samples
        ]  # fmt: skip
