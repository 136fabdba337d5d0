"""`bugscope replay`: the bugs of a run tested on another target, with the stored pictures and fresh ones where asked for."""

import time
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import zip_longest
from pathlib import Path
from typing import Any

from .. import report, stats, tasks
from ..core import accept as accepting
from ..core import registry
from ..core.errors import SpecError, StoreError, unknown
from ..core.options import Config, Cost, counted
from ..core.records import Counts, Outcome, Prompt, Rate, Sample, Status
from ..engine.engine import Engine
from ..engine.models import Models, Recorded
from ..engine.standing import Unanswered
from ..method.plan import Plan, judge_error
from ..method.verdicts import Finding, ReplayCase, ReplayVerdict, weigh
from ..report import baseline
from ..report import replay_page as page
from ..report import replay_words as words
from ..report.accept import noted as noted_accept
from ..report.folding import by_home, under
from ..report.marks import noted
from ..report.plain import for_terminal
from ..report.records import (
    BaselineRecord,
    BugRecord,
    NewBug,
    NewFailure,
    NewFailures,
    Pairs,
    RateRecord,
    ReplayedBug,
    ReplayedExample,
    ReplayReport,
    Share,
)
from ..store import ledger
from ..store.album import PURPOSES, Album, Shot, distinct
from ..store.folder import SCHEMA, Store
from ..store.ledger import TriedNote, estimate
from ..store.overlay import Overlay
from .progress import Listener, Progress, Watch
from .session import against, caching, judge_args

FOLDER = "replay"
"""In the run folder: the pictures and answers of replays."""
EXAMPLES = 8
PREDICTED = 5
ALLOWED = ("undecided", "new")
PART = 2000
"""Pictures that are asked about at once: bounds the memory."""

Pair = tuple[Outcome, Outcome]
"""One stored picture: what became of it under the old target and under the new one."""


@dataclass(frozen=True, slots=True)
class Replayed:
    """One bug under the new target. `sentence` sums it up; `record` has every number (docs/replay.md).

    `also`: the other descriptions with its cause. The verdict on the bug is the worst of theirs and its own (`record["own"]`).
    """

    number: str
    label: str
    description: str
    verdict: str
    sentence: str
    failures: int
    n: int
    low: float
    high: float
    record: ReplayedBug
    also: tuple["Replayed", ...] = ()

    @property
    def passed(self) -> bool:
        return self.verdict == ReplayVerdict.FIXED

    def __str__(self) -> str:
        return for_terminal(self.sentence)


@dataclass(frozen=True, slots=True)
class Replay:
    """What became of a run's bugs. `path`: the folder that keeps the new answers; `report`: everything, as JSON has it."""

    path: Path
    report: ReplayReport

    @property
    def bugs(self) -> list[Replayed]:
        """In the order of the run's report."""
        homes = by_home(self.report["folded"])
        return [_replayed(b, [_replayed(other) for other in under(b, homes)]) for b in self.report["bugs"]]

    def exit_code(self, allow: Collection[str] | str = ()) -> int:
        """0: every bug is fixed and nothing new fails; else 1. `allow`: "undecided" lets such bugs pass, "new" new failures.

        Raises SpecError for another word.
        """
        allowed = [allow] if isinstance(allow, str) else list(allow)
        for word in allowed:
            if word not in ALLOWED:
                raise unknown("verdict to allow", word, ALLOWED)
        return int(bool(words.not_passed(self.report, allowed)))

    def lines(self) -> list[str]:
        """For a terminal: the counts, each bug, new failures."""
        return [for_terminal(line) for line in words.lines(self.report)]

    def page(self, allow: Collection[str] = ()) -> str:
        """One HTML file that opens from disk, under 5 MB: pictures inside, no script, no outside address.

        `allow`: as for `exit_code`, whose meaning it explains; raises as that does. It says where a picture file is gone.
        """
        self.exit_code(allow)
        return page.page(self.report, allow)

    def write(self, path: Path | str | None = None, allow: Collection[str] = ()) -> Path:
        """Write the page, by default beside the new answers, one file for each target; returns its path.

        Raises StoreError, and as `page`.
        """
        own = self.path / page.file_name(self.report["target"], self.report["names"].get("target", ""))
        file = own if path is None else Path(path)
        text = self.page(allow)
        try:
            file.write_text(text, encoding="utf-8", newline="")
        except (OSError, ValueError) as error:  # ValueError: a name that no file can have
            raise StoreError(f"cannot write {str(file)!r}: {getattr(error, 'strerror', None) or error}") from error
        return file

    def _repr_html_(self) -> str:
        return report.frame(self.page())

    def __str__(self) -> str:
        return "\n".join(self.lines())


def _replayed(b: ReplayedBug, also: Sequence[Replayed] = ()) -> Replayed:
    rate = b["failures"], b["n"], b["low"], b["high"]
    return Replayed(b["id"], b["label"], b["description"], b["verdict"], b["message"], *rate, b, tuple(also))


def bugs_of(run: Any) -> list[BugRecord]:
    """Records of the confirmed bugs of a run (a path or a `Run`), as report.json has them.

    Raises SpecError where there are none.
    """
    path = Path(getattr(run, "path", run))
    with Store.open(path) as store:
        return [b for b in _bugs(path, store) if not b["same_as"]]


def _bugs(path: Path, store: Store) -> list[BugRecord]:
    """With those that are folded into others: each is checked."""
    found = report.build(store)
    if not found["bugs"]:
        why = " ".join(baseline.lines(found["baseline"]))
        raise SpecError(f"{str(path)!r} has no confirmed bugs to replay" + (f": {why}" if why else ""))
    return [*found["bugs"], *found["folded"]]


def replay(
    run: Any,
    target: Any,
    *,
    fresh: int = 0,
    stored: bool = True,
    target_args: Mapping[str, Any] | None = None,
    accept: Any = None,
    out: Path | str | None = None,
    generator: Any = None,
    judge: Any = None,
    max_cost: Cost = "none",
    cache: Path | str | bool = False,
    cache_all: bool = False,
    progress: Listener | None = None,
) -> Replay:
    """Ask another target about the bugs of a run: which are fixed, which persist, what newly fails?

    `run`: a path or a `Run`; it is only read. `target`: "provider/model" or a callable. `fresh`: further pictures of each
    bug's prompt and of what it is compared with, by the run's generator and judge (`generator`, `judge`: where these were
    Python objects). `stored`: False where the new target was trained on the run's pictures, so that only fresh ones may
    count for the bugs. `accept`: what counts as right for the new target, as in `hunt`; what is not stated is as in the run,
    and ImageNet's sets apply by the new target's own labels. A mapping adds to the run's: label of the run -> further names.
    `out`: the folder that keeps new answers and pictures, RUN/replay if no other. `max_cost`, `cache`, `cache_all`:
    as in `hunt`.

    Raises BugscopeError: SpecError for a run without bugs, or a target that knows no name for a bug's label; ModelError,
    StoreError, MissingDependency.
    """
    began, tell = time.monotonic(), progress or (lambda now: None)
    fresh = counted("fresh", fresh, "pictures", least=0)
    if not stored and not fresh:
        raise SpecError("without the stored pictures fresh ones are needed: option fresh is 0, try 40")
    path = Path(getattr(run, "path", run))
    with Store.open(path) as below:
        bugs = _bugs(path, below)
        identity = below.identity()
        settings = Config.of(caching(below.options(), cache, cache_all).to_mapping() | {"max_cost": max_cost})
        tell(Progress("loading"))
        task = tasks.load(settings)
        new = against(settings, task, registry.load(task.role, target, target_args))
        rule = _rule(identity, bugs, task.labels(new), new, settings, accept)
        models = _models(new, identity, settings, fresh, generator, judge, below.meta("classes"))
        kept = identity | {"kind": FOLDER, "of": below.meta("run_id")}
        with Overlay.over(below, Path(out) if out is not None else path / FOLDER, kept) as store:
            try:
                # the name of a Python function does not tell which version of it answers
                store.anew = new.id if new.id.startswith("python/") else ""
                engine = Engine(models, store, settings.model_copy(update={"accept": rule.word}), called=rule.called)
                sides = _Sides(store, settings, engine, fresh)
                with _to_the_end(engine, out):
                    found = _Replaying(path, sides, bugs, stored, rule).report(tell)
            finally:
                models.close()
    found["seconds"] = round(time.monotonic() - began, 1)
    tell(Progress("done", images=found["pictures"], budget=found["pictures"], bugs=len(words.not_passed(found))))
    return Replay(store.path, found)


@contextmanager
def _to_the_end(engine: Engine, out: Path | str | None) -> Iterator[None]:
    """Whatever is asked, and what to say where a model does not answer."""
    try:
        yield
        engine.settle()
    except Unanswered as error:
        error.with_way_on(f"replay again with {f'--out {out}' if out is not None else 'the same options'}")
        raise
    finally:
        engine.close()


# --- models -------------------------------------------------------------------------------------------------------------


def _models(
    new: Any,
    identity: Mapping[str, Any],
    settings: Config,
    fresh: int,
    generator: Any,
    judge: Any,
    classes: Sequence[str] | None,
) -> Models:
    ids = identity["models"]
    recorded: dict[str, Any] = {role: Recorded(ids[role], identity["medium"]) for role in ("generator", "captioner", "judge")}
    if not fresh:
        return Models(target=new, **recorded)
    draws = settings.generator if generator is None else generator
    made = _same("Generator", draws, settings.generator_args, ids["generator"])
    spec = settings.judge if judge is None else judge

    def old() -> Sequence[str]:
        """As the hunt told it: what the old target tells apart. Runs of earlier versions did not note that."""
        task = tasks.load(settings)
        return classes or task.labels(against(settings, task, registry.load(task.role, settings.target, settings.target_args)))

    stated = judge_args(spec, settings.judge_args, old)
    return Models(made, new, recorded["captioner"], _same("Judge", spec, stated, ids["judge"]))


def _same(kind: str, spec: Any, options: Mapping[str, Any], id: str) -> Any:
    """The run's own model. Raises SpecError where it cannot be had: another would not draw, or judge, the same."""
    try:
        made = registry.load(kind, spec, options if isinstance(spec, str) else None)
    except SpecError as error:
        raise SpecError(
            f"fresh pictures need the run's {registry.role(kind)} {id}, which cannot be loaded by its name ({error}); "
            "give it as a Python object, or replay without fresh pictures"
        ) from error
    if made.id != id:
        raise SpecError(
            f"fresh pictures need the run's {registry.role(kind)} {id}; what is loaded now is {made.id}, and its pictures or "
            "scores would not be comparable"
        )
    return made


@dataclass(frozen=True, slots=True)
class _Rule:
    """What counts as right for the new target: `word` says whose sets apply, `further` are names for the run's labels, `called`
    is what comes of both; labels that the target does not know are not in it."""

    word: accepting.Accept
    further: accepting.Labels
    called: Mapping[str, accepting.Called]


def _rule(
    identity: Mapping[str, Any], bugs: Sequence[BugRecord], known: Sequence[str], new: Any, settings: Config, accept: Any
) -> _Rule:
    """Raises SpecError where the new target has no name for a bug's label."""
    labels = list(dict.fromkeys([*identity["labels"], *(b["label"] for b in bugs)]))
    word, further = accepting.elsewhere(settings.accept, accept, labels)
    called = accepting.AcceptSets.of(word, known).called(labels, further)
    if strange := next((b["label"] for b in bugs if b["label"] not in called), None):
        error = unknown(f"label of the target {new.id}", strange, known)
        raise SpecError(f"{error} If it has another name for it, state that with accept.")
    return _Rule(word, further, called)


# --- pictures -----------------------------------------------------------------------------------------------------------


class _Sides:
    """The run's pictures by prompt, each picture once, and the fresh ones; what both targets make of them."""

    def __init__(self, store: Overlay, settings: Config, engine: Engine, fresh: int) -> None:
        self.store, self.settings, self.engine, self.fresh = store, settings, engine, fresh
        self.album = Album(store.below)
        self.before: dict[str, Outcome] = {}
        self.after: dict[str, Outcome] = {}

    def stored(self, label: str, text: str, explaining: bool = True) -> list[Sample]:
        """The run's pictures of a prompt; `explaining`: those that explain a bug too."""
        # what was designed may have suggested the description
        purposes = [p for p in PURPOSES if p != "design" and (explaining or p != "explain")]
        shots = [x for x in self.album.every(label, text, purposes) if x.image is not None and x.judged is not None]
        found: list[Shot] = distinct(shots)
        self.before |= {x.key: x.outcome for x in found}
        return [x.sample for x in found]

    def further(self, label: str, text: str, description: str = "") -> list[Sample]:
        """Fresh ones: the replicates after those that confirmed or refuted something in the run, so always the same."""
        first = self.album.drawn(label, text)
        prompt = Prompt(text, label, description)
        return [Sample(prompt, "confirm", i, self.settings.seed) for i in range(first, first + self.fresh)]

    def ask(self, samples: Sequence[Sample]) -> None:
        asked = list({s.key: s for s in samples}.values())
        # what the models said of a part is forgotten before the next one
        for i in range(0, len(asked), PART):
            self.after |= {o.sample.key: o for o in self.engine.measure(asked[i : i + PART])}

    def counts(self, samples: Sequence[Sample]) -> Counts:
        found = Counts()
        for s in samples:
            found = found.add(self.after[s.key])
        return found

    def pairs(self, samples: Sequence[Sample]) -> list[Pair]:
        """Both targets answered, and the picture shows its label."""
        both = [(self.before[s.key], self.after[s.key]) for s in samples]
        return [(old, now) for old, now in both if old.status.counts and now.status.counts]

    def example(self, o: Outcome) -> ReplayedExample:
        key = o.sample.key
        old = self.before.get(key)
        models = self.engine.models
        made = self.store.get("generator", models.generator.id, [key])[key]
        answer = self.store.get("target", models.target.id, [key]).get(key)
        return {
            "image": str(self.store.file(made["image"])),
            "prompt": o.sample.prompt.text,
            "predicted": o.said or None,
            "score": o.score,
            "seed": o.sample.seed,
            "before": {"status": old.status.value, "predicted": old.said or None} if old and old.status.counts else None,
            "fresh": old is None,
            **noted(tasks.marks(self.engine.task, o.sample, made, answer)),
        }

    def failing(self, samples: Sequence[Sample]) -> list[ReplayedExample]:
        """Examples of what fails now: of those that failed before, of those that did not, and of fresh ones alike."""
        failed = [now for s in samples if (now := self.after[s.key]).status is Status.FAILURE]
        kinds: dict[Status | None, list[Outcome]] = {}
        for now in failed:
            old = self.before.get(now.sample.key)
            kinds.setdefault(old.status if old else None, []).append(now)
        # in turns, so that one kind does not crowd out another
        turns = [now for turn in zip_longest(*kinds.values()) for now in turn if now]
        kept = {now.sample.key for now in turns[:EXAMPLES]}
        return [self.example(now) for now in failed if now.sample.key in kept]

    def mended(self, pairs: Sequence[Pair]) -> list[ReplayedExample]:
        """Examples of what failed before and is called rightly now."""
        right = [now for old, now in pairs if old.status is Status.FAILURE and now.status is Status.SUCCESS]
        return [self.example(now) for now in right[:EXAMPLES]]


@dataclass(frozen=True, slots=True)
class _Suite:
    """The samples behind one description: its own, and those of what it is compared with."""

    label: str
    treated: list[Sample]
    baseline: list[Sample]
    fresh_treated: list[Sample]
    fresh_baseline: list[Sample]

    def all(self) -> list[Sample]:
        return [*self.treated, *self.baseline, *self.fresh_treated, *self.fresh_baseline]


def _suite(sides: _Sides, label: str, text: str, against: str, description: str = "", fresh: bool = True) -> _Suite:
    # pictures that explain share their seeds between prompts: on one side only, so that the two sides are independent
    stored = (sides.stored(label, text), sides.stored(label, against, explaining=False))
    more = (sides.further(label, text, description), sides.further(label, against)) if fresh else ([], [])
    return _Suite(label, *stored, *more)


def _case(sides: _Sides, suite: _Suite, stored: bool) -> ReplayCase:
    more, more_plain = sides.counts(suite.fresh_treated), sides.counts(suite.fresh_baseline)
    only_before, only_after = _only(sides.pairs(suite.treated))
    mine, plain = (sides.counts(s) if stored else Counts() for s in (suite.treated, suite.baseline))
    return ReplayCase(mine + more, plain + more_plain, more, more_plain, only_before, only_after)


def _only(pairs: Sequence[Pair]) -> tuple[int, int]:
    """How many pictures only the old target fails, and only the new one."""
    fails = [(old.status is Status.FAILURE, now.status is Status.FAILURE) for old, now in pairs]
    return fails.count((True, False)), fails.count((False, True))


# --- the report ---------------------------------------------------------------------------------------------------------


class _Replaying:
    """What is asked of the new target, and the report of its answers."""

    def __init__(self, path: Path, sides: _Sides, bugs: Sequence[BugRecord], stored: bool, rule: _Rule) -> None:
        self.path, self.sides, self.bugs, self.use_stored, self.rule = path, sides, bugs, stored, rule
        self.known = rule.called
        self.album, self.settings, self.below = sides.album, sides.settings, sides.store.below
        self.hunted: list[str] = self.album.identity["labels"]  # a probe names none
        plain = self.album.plain
        self.against = [plain(b["label"]) if b["parent"] else b["compared_with"] for b in bugs]
        self.suites = [
            _suite(sides, b["label"], b["prompt"], against, b["description"])
            for b, against in zip(bugs, self.against, strict=True)
        ]
        self.notes = list(ledger.tried(self.below).values())
        tried = [e for e in self.notes if e["verdict"] != "confirmed" and e["treated"]["n"]]
        self.others = [e for e in tried if e["label"] in self.known]
        self.beside = [_suite(sides, e["label"], e["prompt"], e["neutral"], fresh=False) for e in self.others]
        labels = self.hunted or sorted({e["label"] for e in self.notes})
        self.neutral = {x: sides.stored(x, plain(x), explaining=False) for x in labels if x in self.known}

    def ask(self, tell: Listener) -> None:
        asked = [s for suite in (*self.suites, *self.beside) for s in suite.all()]
        asked += [s for group in self.neutral.values() for s in group]
        watch = Watch(self.sides.engine, len({s.key for s in asked}), tell)
        watch.stage("replaying")
        self.sides.ask(asked)

    def weighed(self) -> tuple[list[Finding], list[float | None]]:
        settings = self.settings
        # what a probe asked is all that it tried
        tried = Plan.of(self.hunted, settings).tried if self.hunted else len(self.notes)
        findings, others = weigh(
            [_case(self.sides, suite, self.use_stored) for suite in self.suites],
            [_case(self.sides, suite, True) for suite in self.beside],
            alpha=settings.alpha,
            margin=settings.margin,
            # sharper descriptions were tried besides
            tried=tried + len(self.below.notes("refinement")),
            judge_error=judge_error(settings),
            stored=self.use_stored,
        )
        return [_with_room(f) for f in findings], others

    def baseline(self) -> tuple[BaselineRecord, BaselineRecord]:
        """Plain pictures under the new target, fresh ones among them, and under the run's own."""
        sides, top_k = self.sides, self.settings.top_k
        pictures = {label: {s.key: s for s in stored} for label, stored in self.neutral.items()}
        for suite, control in zip(self.suites, self.against, strict=True):
            if control == self.album.plain(suite.label):
                pictures.setdefault(suite.label, {}).update({s.key: s for s in suite.fresh_baseline})
        classes = (sides.engine.task.labels(sides.engine.models.target), self.below.meta("classes") or ())
        made = []
        for outcomes, known in zip((sides.after, sides.before), classes, strict=True):
            plain = [
                baseline.plain(label, [outcomes[key] for key in keys if key in outcomes], stats.clopper_pearson)
                for label, keys in pictures.items()
            ]
            guess = baseline.guessing(known, top_k)
            made.append(baseline.assess(plain, stats.clopper_pearson, guess, named=bool(known)))
        return made[0], made[1]

    def report(self, tell: Listener) -> ReplayReport:
        self.ask(tell)
        findings, new_bugs = self.weighed()
        sides, settings, identity = self.sides, self.settings, self.album.identity
        models, target = self.album.models, sides.engine.models.target
        now, before = self.baseline()
        records = [self.bug(*each) for each in zip(self.bugs, self.suites, findings, self.against, strict=True)]
        bugs, folded = self.folded(records)
        counts = {v.value: sum(b["verdict"] == v for b in bugs) for v in ReplayVerdict}
        return {
            "schema": SCHEMA,
            "kind": "replay",
            "run": str(self.path),
            "run_id": self.below.meta("run_id"),
            "created": datetime.now(UTC).isoformat(timespec="seconds"),
            "task": identity["task_id"],
            "failure": sides.engine.task.failure,
            "absent": tasks.absent(sides.engine.task),
            "accept": noted_accept(sides.engine.task, sides.after.values(), self.rule.further),
            "medium": identity["medium"],
            "names": {**(self.below.meta("names") or {}), **self._names(target)},
            "target": target.id,
            "before": models["target"],
            "generator": models["generator"],
            "judge": models["judge"],
            "alpha": settings.alpha,
            "margin": settings.margin,
            "seed": settings.seed,
            "fresh": sides.fresh,
            "stored": self.use_stored,
            "pictures": len(sides.after),
            "unanswered": sum(o.status is Status.ERROR for o in sides.after.values()),
            "cost": sides.engine.meter.cost,
            "counts": counts,
            "summary": words.summary(counts),
            "baseline": now,
            "baseline_before": before,
            "bugs": bugs,
            "folded": folded,
            "new_failures": self.new_failures(new_bugs),
        }

    def folded(self, records: Sequence[ReplayedBug]) -> tuple[list[ReplayedBug], list[ReplayedBug]]:
        """Bugs of their own, each with the worst verdict of those folded into it, and these."""
        bugs, folded = [b for b in records if not b["same_as"]], [b for b in records if b["same_as"]]
        homes = by_home(folded)
        for b in records:
            mine = under(b, homes)
            b["verdict"] = min((b["own"], *(other["own"] for other in mine)), key=words.ORDER.index)
            b["message"] = words.message(b, self.settings.margin, mine)
        return bugs, folded

    def _names(self, target: Any) -> dict[str, str]:
        return {"target": registry.name(target), "before": (self.below.meta("names") or {}).get("target", "")}

    def bug(self, b: BugRecord, suite: _Suite, f: Finding, compared_with: str) -> ReplayedBug:
        sides = self.sides
        pairs = sides.pairs(suite.treated)
        only_before, only_after = _only(pairs)
        asked = [*suite.treated, *suite.fresh_treated]
        failed = [o for s in asked if (o := sides.after[s.key]).status is Status.FAILURE]
        more, more_plain = sides.counts(suite.fresh_treated), sides.counts(suite.fresh_baseline)
        return {
            "id": b["id"],
            "also": b["also"],
            "same_as": b["same_as"],
            "key": b["key"],
            "label": b["label"],
            "description": b["description"],
            "sentence": b["sentence"],
            "prompt": b["prompt"],
            "phrases": b["phrases"],
            "minimal_description": b["minimal_description"],
            "parent": b["parent"],
            "compared_with": compared_with,
            "besides": self.album.wording.besides(compared_with, b["label"]),
            "verdict": f.verdict.value,
            "own": f.verdict.value,
            "improved": f.verdict is ReplayVerdict.UNDECIDED and f.better,
            **_rate(f.treated),
            "baseline": _rate(f.baseline),
            "rise": estimate(f.rise),
            "e_value": f.e_value,
            "p_fixed": f.p_fixed,
            "before": _side(pairs, 0),
            "after": _side(pairs, 1),
            "baseline_before": _side(sides.pairs(suite.baseline), 0),
            "only_before": only_before,
            "only_after": only_after,
            "p_worse": f.p_worse,
            "p_better": f.p_better,
            "fresh": {"failures": more.wrong, "n": more.n, "baseline": {"failures": more_plain.wrong, "n": more_plain.n}},
            "fresh_asked": sides.fresh,
            "easier": f.easier,
            "needed": f.needed,
            "plain_fails": stats.nearly_always(f.baseline),
            "predicted": _taken_for(failed),
            "examples": sides.failing(asked),
            "mended": sides.mended(pairs),
            "message": "",
        }

    def new_bug(self, e: TriedNote, suite: _Suite, p_worse: float) -> NewBug:
        """A description that the hunt tried and that was not a bug of the old target."""
        sides = self.sides
        pairs = sides.pairs(suite.treated)
        only_before, only_after = _only(pairs)
        treated, baseline = sides.counts(suite.treated), sides.counts(suite.baseline)
        record: NewBug = {
            "label": e["label"],
            "description": e["description"],
            "sentence": e["sentence"],
            "prompt": e["prompt"],
            "compared_with": e["neutral"],
            "besides": self.album.wording.besides(e["neutral"], e["label"]),
            **_rate(stats.clopper_pearson(treated.wrong, treated.n)),
            "baseline": _rate(stats.clopper_pearson(baseline.wrong, baseline.n)),
            "before": _side(pairs, 0),
            "after": _side(pairs, 1),
            "baseline_before": _side(sides.pairs(suite.baseline), 0),
            "only_before": only_before,
            "only_after": only_after,
            "p_worse": p_worse,
            "predicted": _taken_for([now for _, now in pairs if now.status is Status.FAILURE]),
            "examples": sides.failing([now.sample for _, now in pairs]),
            "message": "",
        }
        record["message"] = words.new_bug(record)
        return record

    def new_failures(self, new_bugs: Sequence[float | None]) -> NewFailures:
        """What newly fails outside the known bugs. `new_bugs`: of each other description, its p-value where it is one now."""
        found = zip(self.others, self.beside, new_bugs, strict=True)
        return {
            "labels": self.by_label(),
            "bugs": [self.new_bug(e, suite, p) for e, suite, p in found if p is not None],
            "unknown_labels": [label for label in self.hunted if label not in self.known],
        }

    def by_label(self) -> list[NewFailure]:
        """Pictures outside the known bugs that only one of the two targets fails.

        The test is for plain pictures, which no target selected; those of other descriptions are counted, because a hunt gave
        most pictures to what the old target failed and dropped what it got right.
        """
        beside: dict[str, list[Sample]] = {}
        for suite in self.beside:
            beside.setdefault(suite.label, []).extend(suite.treated)
        rows = [self.label(label, beside.get(label, ())) for label in self.neutral]
        adjusted = stats.holm([row["p_value"] for row in rows]).tolist()
        for row, p in zip(rows, adjusted, strict=True):
            row["p_adjusted"], row["significant"] = p, p <= self.settings.alpha
            row["message"] = words.new_failures(row)
        return rows

    def label(self, label: str, mine: Sequence[Sample]) -> NewFailure:
        """`mine`: pictures of the label's other descriptions."""
        sides = self.sides
        pairs = sides.pairs(self.neutral[label])
        elsewhere = sides.pairs(list({s.key: s for s in mine}.values()))
        plain = _part(pairs)
        broken = [now for old, now in (*pairs, *elsewhere) if _newly(old, now)]
        return {
            "label": label,
            **plain,
            "p_value": stats.mcnemar(plain["only_before"], plain["only_after"], "rise"),
            "others": _part(elsewhere),
            "examples": [sides.example(o) for o in broken[:EXAMPLES]],
            "p_adjusted": 1.0,
            "significant": False,
            "message": "",
        }


def _with_room(f: Finding) -> Finding:
    """Above a baseline that fails nearly always nothing can rise, so that a small rise is no sign of a cure."""
    hollow = f.verdict is ReplayVerdict.FIXED and stats.nearly_always(f.baseline)
    return replace(f, verdict=ReplayVerdict.UNDECIDED) if hollow else f


def _taken_for(failed: Sequence[Outcome]) -> list[Share]:
    shares = Counter(o.said for o in failed).most_common(PREDICTED)
    return [{"label": label, "share": n / len(failed)} for label, n in shares]


def _part(pairs: Sequence[Pair]) -> Pairs:
    only_before, only_after = _only(pairs)
    before, after = _side(pairs, 0), _side(pairs, 1)
    return {
        "n": len(pairs),
        "before": before["failures"],
        "after": after["failures"],
        "only_before": only_before,
        "only_after": only_after,
        "rates": {"before": before, "after": after},
    }


def _side(pairs: Sequence[Pair], i: int) -> RateRecord:
    """How often the old target (0) or the new one (1) fails on pictures that both answered."""
    return _rate(stats.clopper_pearson(sum(pair[i].status is Status.FAILURE for pair in pairs), len(pairs)))


def _newly(old: Outcome, now: Outcome) -> bool:
    return old.status is Status.SUCCESS and now.status is Status.FAILURE


def _rate(r: Rate) -> RateRecord:
    return {**ledger.rate(r), "rate": r.value if r.n else None}
