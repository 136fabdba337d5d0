"""The bugs of a run put to another target: the stored pictures again, fresh ones where asked for."""

import time
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from itertools import zip_longest
from pathlib import Path
from typing import Any

from .. import report, stats, tasks
from ..core import labels as names
from ..core import registry
from ..core.errors import SpecError, StoreError, unknown
from ..core.options import Config
from ..core.records import Counts, Outcome, Prompt, Sample, Status
from ..engine.engine import Engine
from ..engine.models import Models, Recorded
from ..language import Wording
from ..method.plan import Plan, judge_error
from ..method.verdicts import Case, Finding, Verdict, weigh
from ..report import replay_page as page
from ..report import replay_words as words
from ..store.folder import SCHEMA, Store
from ..store.ledger import finite
from ..store.overlay import Overlay
from .progress import Listener, Progress, Watch
from .session import judge_args

FOLDER = "replay"
"""In the run folder: what replays drew and were answered."""
EXAMPLES = 8
ORDER = ("explore", "confirm", "refine", "explain")
ALLOWED = ("undecided", "new")

Pair = tuple[Outcome, Outcome]
"""One stored picture: what became of it under the old target and under the new one."""


@dataclass(frozen=True, slots=True)
class Replayed:
    """One bug under the new target. `sentence` says it all; `record` has every number (docs/replay.md)."""

    number: str
    label: str
    description: str
    verdict: str
    sentence: str
    failures: int
    n: int
    low: float
    high: float
    record: Mapping[str, Any]

    @property
    def passed(self) -> bool:
        return self.verdict == Verdict.FIXED

    def __str__(self) -> str:
        return self.sentence


@dataclass(frozen=True, slots=True)
class Replay:
    """What became of a run's bugs. `path`: the folder that keeps the new answers; `report`: everything, as JSON has it."""

    path: Path
    report: Mapping[str, Any]

    @property
    def bugs(self) -> list[Replayed]:
        """In the order of the run's report."""
        return [
            Replayed(
                b["id"], b["label"], b["description"], b["verdict"], b["message"], b["failures"], b["n"], b["low"], b["high"], b
            )
            for b in self.report["bugs"]
        ]

    def exit_code(self, allow: Collection[str] = ()) -> int:
        """0: every bug is fixed and nothing new fails; else 1. `allow`: "undecided" lets such bugs pass, "new" new failures.

        Raises SpecError for another word.
        """
        for word in allow:
            if word not in ALLOWED:
                raise unknown("verdict to allow", word, ALLOWED)
        return int(bool(words.failing(self.report, allow)))

    def lines(self) -> list[str]:
        """For a terminal: the counts, each bug, what fails now that did not."""
        return words.lines(self.report)

    def page(self, allow: Collection[str] = ()) -> str:
        """One HTML file that opens from disk, under 5 MB: pictures inside, no script, no outside address.

        `allow`: as for `exit_code`, whose meaning it tells; raises as that does. A picture file that is gone is said to be.
        """
        self.exit_code(allow)
        return page.page(self.report, allow)

    def write(self, path: Path | str | None = None, allow: Collection[str] = ()) -> Path:
        """Write the page, by default beside the new answers, one file for each target; returns its path.

        Raises StoreError, and as `page`.
        """
        file = self.path / page.file_name(self.report["target"]) if path is None else Path(path)
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


def bugs_of(run: Any) -> list[Mapping[str, Any]]:
    """Records of the confirmed bugs of a run (a path or a `Run`), as report.json has them.

    Raises SpecError where there are none.
    """
    path = Path(getattr(run, "path", run))
    with Store.open(path) as store:
        return _bugs(path, store)


def _bugs(path: Path, store: Store) -> list[Mapping[str, Any]]:
    found: list[Mapping[str, Any]] = report.build(store)["bugs"]
    if not found:
        raise SpecError(f"{str(path)!r} has no confirmed bugs to replay")
    return found


def replay(
    run: Any,
    target: Any,
    *,
    fresh: int = 0,
    stored: bool = True,
    target_args: Mapping[str, Any] | None = None,
    out: Path | str | None = None,
    generator: Any = None,
    judge: Any = None,
    max_cost: float = 0.0,
    progress: Listener | None = None,
) -> Replay:
    """Ask another target about the bugs of a run: which are fixed, which persist, what fails now that did not?

    `run`: a path or a `Run`; it is only read. `target`: "provider/model" or a callable. `fresh`: further pictures of each
    bug's prompt and of what it is compared with, by the run's generator and judge (`generator`, `judge`: where these were
    Python objects). `stored`: False where the new target was trained on the run's pictures, so that only fresh ones may
    count for the bugs. `out`: the folder that keeps new answers and pictures, RUN/replay if no other. `max_cost`: as in `hunt`.

    Raises BugscopeError: SpecError for a run without bugs, or a target that knows no name for a bug's label; ModelError,
    StoreError, MissingDependency.
    """
    began, tell = time.monotonic(), progress or (lambda now: None)
    if fresh < 0:
        raise SpecError(f"option fresh is {fresh}; it must be at least 0")
    if not stored and not fresh:
        raise SpecError("without the stored pictures fresh ones are needed: option fresh is 0, try 40")
    path = Path(getattr(run, "path", run))
    with Store.open(path) as below:
        bugs = _bugs(path, below)
        identity = below.meta("identity")
        settings = Config.of(identity["options"] | {"max_cost": float(max_cost)})
        tell(Progress("loading"))
        task = tasks.load(settings)
        new = registry.load(task.role, target, target_args)
        spelled = _spelled(identity, bugs, task.labels(new), new, settings)
        models = _models(new, identity, settings, fresh, generator, judge, below.meta("classes"))
        kept = identity | {"kind": FOLDER, "of": below.meta("run_id")}
        with Overlay.over(below, Path(out) if out is not None else path / FOLDER, kept) as store:
            try:
                # the name of a Python function does not tell which version of it answers
                store.anew = new.id if new.id.startswith("python/") else ""
                engine = Engine(models, store, settings.model_copy(update={"accept": spelled}))
                album = _Album(store, identity["models"], settings, engine, fresh)
                found = _report(path, album, bugs, tell, stored)
            finally:
                models.close()
    found["seconds"] = round(time.monotonic() - began, 1)
    tell(Progress("done", images=found["pictures"], budget=found["pictures"], bugs=len(words.failing(found))))
    return Replay(store.path, found)


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
        return classes or task.labels(registry.load(task.role, settings.target, settings.target_args))

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
            f"fresh pictures need the run's {registry.role(kind)} {id}; what is loaded now is {made.id}, and they would not compare"
        )
    return made


def _spelled(
    identity: Mapping[str, Any], bugs: Sequence[Mapping[str, Any]], known: Sequence[str], new: Any, settings: Config
) -> dict[str, list[str]]:
    """Accept-sets with the new target's own names for the labels of the run; a label that it does not know is left out.

    Raises SpecError where a bug's label has no name there.
    """
    needed = {b["label"] for b in bugs}
    accept: dict[str, list[str]] = {}
    for label in dict.fromkeys([*identity["labels"], *(b["label"] for b in bugs)]):
        stated = settings.accept.get(label, [])
        right = [label, *sorted(names.accepted(label, stated) - {label})]
        # what the run calls a cab may be the other's taxi, and the other way round
        own = [found for name in right if (found := _resolved(name, known))] + [n for n in known if _resolved(n, right)]
        if own:
            accept[label] = list(dict.fromkeys([*stated, *own]))
        elif label in needed:
            raise unknown(f"label of the target {new.id}", label, known)
    return accept


def _resolved(name: str, known: Sequence[str]) -> str | None:
    try:
        return names.resolve(name, known)
    except SpecError:
        return None


# --- pictures -----------------------------------------------------------------------------------------------------------


class _Album:
    """The run's pictures by prompt, each picture once, and the fresh ones; what both targets make of them."""

    def __init__(self, store: Overlay, ids: Mapping[str, str], settings: Config, engine: Engine, fresh: int) -> None:
        self.store, self.settings, self.engine, self.fresh = store, settings, engine, fresh
        below, task = store.below, tasks.load(settings)
        samples = sorted(below.samples(), key=lambda s: (ORDER.index(s.purpose), s.replicate))
        keys = [s.key for s in samples]
        made, judged, answered = (below.get(role, ids[role], keys) for role in ("generator", "judge", "target"))
        self.drawn: Counter[tuple[str, str]] = Counter()
        self.stored: dict[tuple[str, str], list[Sample]] = {}
        self.before: dict[str, Outcome] = {}
        seen: set[tuple[str, str, str]] = set()
        for s in samples:
            place = (s.prompt.label, s.prompt.text)
            if s.purpose == "confirm":
                self.drawn[place] = max(self.drawn[place], s.replicate + 1)
            image = made.get(s.key, {}).get("image")
            if image is None or s.key not in judged or (*place, image) in seen:
                continue
            seen.add((*place, image))
            self.stored.setdefault(place, []).append(s)
            self.before[s.key] = tasks.outcome(task, s, made[s.key], judged[s.key], answered.get(s.key), settings.faithful)
        self.after: dict[str, Outcome] = {}

    def of(self, label: str, text: str, but: str = "") -> list[Sample]:
        """Stored pictures of a prompt, without those of the purpose `but`."""
        return [s for s in self.stored.get((label, text), []) if s.purpose != but]

    def further(self, label: str, text: str, description: str = "") -> list[Sample]:
        """Fresh ones: the replicates after those that confirmed or refuted something in the run, so always the same."""
        first = self.drawn[label, text]
        prompt = Prompt(text, label, description)
        return [Sample(prompt, "confirm", i, self.settings.seed) for i in range(first, first + self.fresh)]

    def ask(self, samples: Sequence[Sample]) -> None:
        asked = list({s.key: s for s in samples}.values())
        self.after |= {o.sample.key: o for o in self.engine.measure(asked)}

    def counts(self, samples: Sequence[Sample]) -> Counts:
        found = Counts()
        for s in samples:
            found = found.add(self.after[s.key])
        return found

    def pairs(self, samples: Sequence[Sample]) -> list[Pair]:
        """Both targets answered, and the picture shows its label."""
        both = [(self.before[s.key], self.after[s.key]) for s in samples]
        return [(old, now) for old, now in both if old.status.counts and now.status.counts]

    def example(self, o: Outcome) -> dict[str, Any]:
        """`before`: what the old target said; None for a `fresh` picture, and where it gave no answer."""
        key = o.sample.key
        old = self.before.get(key)
        name = self.store.get("generator", self.engine.models.generator.id, [key])[key]["image"]
        image = str(self.store.file(name))
        return {
            "image": image,
            "prompt": o.sample.prompt.text,
            "predicted": o.taken_for or None,
            "score": o.score,
            "seed": o.sample.seed,
            "before": {"status": old.status.value, "predicted": old.taken_for or None} if old and old.status.counts else None,
            "fresh": old is None,
        }

    def failing(self, samples: Sequence[Sample]) -> list[dict[str, Any]]:
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

    def mended(self, pairs: Sequence[Pair]) -> list[dict[str, Any]]:
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


def _suite(album: _Album, label: str, text: str, against: str, description: str = "", fresh: bool = True) -> _Suite:
    # pictures that explain share their seeds between prompts: on one side only, so that the two sides are independent
    stored = (album.of(label, text), album.of(label, against, but="explain"))
    more = (album.further(label, text, description), album.further(label, against)) if fresh else ([], [])
    return _Suite(label, *stored, *more)


def _case(album: _Album, suite: _Suite, stored: bool) -> Case:
    more, more_plain = album.counts(suite.fresh_treated), album.counts(suite.fresh_baseline)
    only_before, only_after = _only(album.pairs(suite.treated))
    mine, plain = (album.counts(s) if stored else Counts() for s in (suite.treated, suite.baseline))
    return Case(mine + more, plain + more_plain, more, more_plain, only_before, only_after)


def _only(pairs: Sequence[Pair]) -> tuple[int, int]:
    """How many pictures only the old target fails, and only the new one."""
    fails = [(old.status is Status.FAILURE, now.status is Status.FAILURE) for old, now in pairs]
    return fails.count((True, False)), fails.count((False, True))


# --- the report ---------------------------------------------------------------------------------------------------------


def _report(path: Path, album: _Album, bugs: Sequence[Mapping[str, Any]], tell: Listener, stored: bool) -> dict[str, Any]:
    below, settings, engine = album.store.below, album.settings, album.engine
    wording = Wording(engine.medium.words)
    identity = below.meta("identity")
    known = engine.config.accept
    plain = {b["id"]: wording.neutral(b["label"]).text if b["parent"] else b["compared_with"] for b in bugs}
    suites = [_suite(album, b["label"], b["prompt"], plain[b["id"]], b["description"]) for b in bugs]
    notes = below.notes("evidence").values()
    others = [e for e in notes if e["verdict"] != "confirmed" and e["label"] in known and e["treated"]["n"]]
    beside = [_suite(album, e["label"], e["prompt"], e["neutral"], fresh=False) for e in others]
    labels = [label for label in identity["labels"] or sorted({e["label"] for e in notes}) if label in known]
    neutral = {label: album.of(label, wording.neutral(label).text, but="explain") for label in labels}
    asked = [s for suite in (*suites, *beside) for s in suite.all()] + [s for group in neutral.values() for s in group]
    Watch(engine, len({s.key for s in asked}), tell).stage("confirming", hypotheses=len(bugs))
    album.ask(asked)

    hunted = identity["labels"]  # a probe names none: what it asked is all that it tried
    tried = Plan.of(hunted, settings).tried if hunted else len(notes)
    findings, new_bugs = weigh(
        [_case(album, suite, stored) for suite in suites],
        [_case(album, suite, True) for suite in beside],
        alpha=settings.alpha,
        margin=settings.margin,
        # sharper descriptions were tried besides
        tried=tried + len(below.notes("refinement")),
        judge_error=judge_error(settings),
        stored=stored,
    )
    new = [_new_bug(album, e, s, p) for e, s, p in zip(others, beside, new_bugs, strict=True) if p is not None]
    counts = {v.value: sum(f.verdict is v for f in findings) for v in Verdict}
    unanswered = sum(o.status is Status.ERROR for o in album.after.values())
    records = [_record(album, b, s, f, plain[b["id"]]) for b, s, f in zip(bugs, suites, findings, strict=True)]
    return {
        "schema": SCHEMA,
        "kind": FOLDER,
        "run": str(path),
        "run_id": below.meta("run_id"),
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "task": identity["task_id"],
        "medium": identity["medium"],
        "names": {"target": registry.name(engine.models.target), "before": (below.meta("names") or {}).get("target", "")},
        "target": engine.models.target.id,
        "before": identity["models"]["target"],
        "generator": identity["models"]["generator"],
        "judge": identity["models"]["judge"],
        "alpha": settings.alpha,
        "margin": settings.margin,
        "seed": settings.seed,
        "fresh": album.fresh,
        "stored": stored,
        "pictures": len(album.after),
        "unanswered": unanswered,
        "cost": engine.meter.cost,
        "counts": counts,
        "summary": words.summary(counts),
        "bugs": [r | {"message": words.message(r, settings.margin)} for r in records],
        "new_failures": {
            "labels": [
                row | {"message": words.new_failures(row)}
                for row in _new_failures(album, labels, neutral, beside, settings.alpha)
            ],
            "bugs": [b | {"message": words.new_bug(b)} for b in new],
            "unknown_labels": [label for label in identity["labels"] if label not in known],
        },
    }  # fmt: skip


def _record(album: _Album, bug: Mapping[str, Any], suite: _Suite, f: Finding, compared_with: str) -> dict[str, Any]:
    pairs = album.pairs(suite.treated)
    only_before, only_after = _only(pairs)
    failed = [o for s in (*suite.treated, *suite.fresh_treated) if (o := album.after[s.key]).status is Status.FAILURE]
    more, more_plain = album.counts(suite.fresh_treated), album.counts(suite.fresh_baseline)
    return {
        **{k: bug[k] for k in ("id", "key", "label", "description", "sentence", "prompt", "minimal_description", "parent")},
        "compared_with": compared_with,
        "besides": Wording(album.engine.medium.words).besides(compared_with, bug["label"]),
        "verdict": f.verdict.value,
        "improved": f.verdict is Verdict.UNDECIDED and f.better,
        **_rate(f.treated),
        "baseline": _rate(f.baseline),
        "rise": finite(asdict(f.rise)),
        "e_value": f.e_value,
        "p_fixed": f.p_fixed,
        "before": _side(pairs, 0),
        "after": _side(pairs, 1),
        "baseline_before": _side(album.pairs(suite.baseline), 0),
        "only_before": only_before,
        "only_after": only_after,
        "p_worse": f.p_worse,
        "p_better": f.p_better,
        "fresh": {"failures": more.wrong, "n": more.n, "baseline": {"failures": more_plain.wrong, "n": more_plain.n}},
        "fresh_asked": album.fresh,
        "easier": f.easier,
        "needed": f.needed,
        "predicted": [
            {"label": label, "share": n / len(failed)} for label, n in Counter(o.taken_for for o in failed).most_common(5)
        ],
        "examples": album.failing([*suite.treated, *suite.fresh_treated]),
        "mended": album.mended(pairs),
    }  # fmt: skip


def _new_bug(album: _Album, e: Mapping[str, Any], suite: _Suite, p_worse: float) -> dict[str, Any]:
    """A description that the hunt tried and that was no bug of the old target."""
    pairs = album.pairs(suite.treated)
    only_before, only_after = _only(pairs)
    treated, baseline = album.counts(suite.treated), album.counts(suite.baseline)
    failed = [now for _, now in pairs if now.status is Status.FAILURE]
    return {
        **{k: e[k] for k in ("label", "description", "sentence", "prompt")},
        "compared_with": e["neutral"],
        "besides": Wording(album.engine.medium.words).besides(e["neutral"], e["label"]),
        **_rate(stats.clopper_pearson(treated.wrong, treated.n)),
        "baseline": _rate(stats.clopper_pearson(baseline.wrong, baseline.n)),
        "before": _side(pairs, 0),
        "after": _side(pairs, 1),
        "baseline_before": _side(album.pairs(suite.baseline), 0),
        "only_before": only_before,
        "only_after": only_after,
        "p_worse": p_worse,
        "predicted": [
            {"label": label, "share": n / len(failed)} for label, n in Counter(o.taken_for for o in failed).most_common(5)
        ],
        "examples": album.failing([now.sample for _, now in pairs]),
    }  # fmt: skip


def _new_failures(
    album: _Album, labels: Sequence[str], neutral: Mapping[str, list[Sample]], beside: Sequence[_Suite], alpha: float
) -> list[dict[str, Any]]:
    """By label: pictures outside the known bugs that only one of the two targets fails.

    The test is for plain pictures, which nobody chose; those of other descriptions are counted, for a hunt gave most
    pictures to what the old target failed and dropped what it got right.
    """
    rows = []
    for label in labels:
        pairs = album.pairs(neutral[label])
        elsewhere = album.pairs(_distinct([s for suite in beside if suite.label == label for s in suite.treated]))
        only_before, only_after = _only(pairs)
        broken = [now for old, now in (*pairs, *elsewhere) if _newly(old, now)]
        rows.append(
            {
                "label": label,
                **_part(pairs),
                "p_value": stats.mcnemar(only_before, only_after, "rise"),
                "others": _part(elsewhere),
                "examples": [album.example(o) for o in broken[:EXAMPLES]],
            }
        )
    adjusted = stats.holm([row["p_value"] for row in rows]).tolist()
    return [row | {"p_adjusted": p, "significant": p <= alpha} for row, p in zip(rows, adjusted, strict=True)]


def _part(pairs: Sequence[Pair]) -> dict[str, Any]:
    only_before, only_after = _only(pairs)
    rates = {"before": _side(pairs, 0), "after": _side(pairs, 1)}
    counts = {side: r["failures"] for side, r in rates.items()}
    return {"n": len(pairs), **counts, "only_before": only_before, "only_after": only_after, "rates": rates}


def _side(pairs: Sequence[Pair], i: int) -> dict[str, Any]:
    """How often the old target (0) or the new one (1) fails on pictures that both answered."""
    return _rate(stats.clopper_pearson(sum(pair[i].status is Status.FAILURE for pair in pairs), len(pairs)))


def _newly(old: Outcome, now: Outcome) -> bool:
    return old.status is Status.SUCCESS and now.status is Status.FAILURE


def _distinct(samples: Sequence[Sample]) -> list[Sample]:
    return list({s.key: s for s in samples}.values())


def _rate(r: Any) -> dict[str, Any]:
    return {"failures": r.k, "n": r.n, "low": r.low, "high": r.high, "level": r.level, "rate": r.k / r.n if r.n else None}
