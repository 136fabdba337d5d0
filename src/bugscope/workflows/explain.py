"""`bugscope explain`: explain bugs of a run more thoroughly than the hunt's budget allowed."""

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from .. import report
from ..core.errors import SpecError, unknown
from ..core.options import Config, counted
from ..core.records import Hypothesis, Phrase
from ..engine import wording
from ..engine.engine import Engine
from ..engine.models import ROLES
from ..language import Wording
from ..method import events
from ..method.explain import MOST
from ..method.explain import explain as method_explain
from ..method.plan import stated_test
from ..method.refine import refine
from ..method.world import Budgeted
from ..report.records import BugRecord
from ..store import ledger
from ..store.folder import Store
from . import session
from .progress import Listener, Progress, Watch

SWAPS = 2
"""Replacements tried per phrase."""
REFINING = 4
"""At most 1/REFINING of a bug's pictures go to sharper descriptions."""


def explain(
    path: Path | str,
    bugs: Sequence[str | float] | str | float = (),
    *,
    pairs: int = 24,
    budget: int = 800,
    add: Sequence[str] | str = (),
    progress: Listener | None = None,
    cache: Path | str | bool = False,
    cache_all: bool = False,
    **models: Any,
) -> None:
    """Explain bugs of a run more thoroughly than the hunt did: more pairs, two replacements per phrase, your own phrases.

    The explanations are kept in the run folder `path` and in its report. `bugs`: numbers in the report (3, "3.1") or
    descriptions; by default every bug without an explanation, but none that is folded into another. `pairs`: same-seed pictures
    of each change. `budget`: pictures per bug, at most. `add`: phrases to add, or to put in place of one of the same kind.
    `cache`, `cache_all`: as in `hunt`. `models`: roles that are Python callables, as given to `hunt`.
    Raises SpecError, ModelError, MissingDependency, StoreError.
    """
    for name in models:
        if name not in ROLES:
            raise unknown("option", name, ("pairs", "budget", "add", "progress", "cache", "cache_all", *ROLES))
    pairs, budget = counted("pairs", pairs, "pictures"), counted("budget", budget, "pictures")
    more = [add] if isinstance(add, str) else list(add)
    tell = progress or (lambda now: None)
    with Store.open(path) as store:
        found = report.build(store)
        wanted = choose([*found["bugs"], *found["folded"]], bugs, path)
        identity, settings = store.identity(), session.caching(store.options(), cache, cache_all)
    tell(Progress("loading"))
    loaded = session.load_models(settings, models)

    def work(engine: Engine, store: Store, listen: Listener) -> None:
        conduct(wanted, engine, store, settings, pairs=pairs, budget=budget, add=more, listener=listen)
        engine.settle()

    with session.opened(path, identity["labels"], loaded, settings, kind=identity.get("kind")) as (engine, store):
        session.work(work, engine, store, tell, f"run bugscope explain {store.path} again")


def choose(records: Sequence[BugRecord], bugs: Sequence[str | float] | str | float, path: Path | str) -> list[BugRecord]:
    """Records of bugs, chosen by number in the report, description or sentence; by default those not explained yet. Of what is
    folded into another bug, only what is asked for.

    Raises SpecError that names the nearest one.
    """
    if not records:
        raise SpecError(f"{str(path)!r} has no confirmed bugs to explain")
    asked = [bugs] if isinstance(bugs, str | float | int) else list(bugs)
    if not asked and not (fresh := [b for b in records if b["explanation"] is None and b["same_as"] is None]):
        raise SpecError("every bug is explained already; name one to explain it again")
    return [_chosen(str(bug), records) for bug in asked] if asked else fresh


def _chosen(bug: str, records: Sequence[BugRecord]) -> BugRecord:
    wanted = bug.strip().lower()
    for names in ([b["id"] for b in records], [b["sentence"] for b in records], [b["description"] for b in records]):
        same = [b for b, name in zip(records, names, strict=True) if name.lower() == wanted]
        if len(same) == 1:
            return same[0]
    raise unknown("bug", bug, [b["id"] if bug.strip()[:1].isdigit() else b["sentence"] for b in records])


def conduct(
    bugs: Sequence[BugRecord],
    engine: Engine,
    store: Store,
    config: Config,
    *,
    pairs: int,
    budget: int,
    add: Sequence[str],
    listener: Listener,
) -> None:
    """Explain each of `bugs` (records of report.json) with at most `budget` pictures, and keep the explanation in the ledger.

    Raises SpecError if the generator does not understand a phrase of `add`, or the budget is too small.
    """
    words = wording.of(engine.models, engine.task, [row["label"] for row in ledger.tried(store).values()])
    hypotheses = [_hypothesis(store, bug, words) for bug in bugs]
    more = [_phrase(text, words) for text in add]
    for h in hypotheses:
        _check(h, more, engine, words)
    show = Watch(engine, sum(min(budget, _expected(h, pairs, words)) for h in hypotheses), listener)
    for bug, h in zip(bugs, hypotheses, strict=True):
        swapped, added = _places(h, more, words)
        show.stage("explaining", message=bug["sentence"])
        measure = Budgeted(engine.measure, budget)
        explanation = method_explain(
            h,
            bug["predicted"][0]["label"] if bug["predicted"] else "",
            measure=measure,
            wording=words,
            test=stated_test(config),
            pairs=pairs,
            swaps=SWAPS + len(more) - len(added),
            add=added,
            vary=partial(_alternatives, engine, swapped),
        )
        if explanation is None:
            least = pairs * (len(h.phrases) + 1)
            raise SpecError(f"option budget is {budget}, too small to explain {bug['sentence']!r}; the minimum is {least}")
        store.note("inquiry", bug["key"], ledger.explanation(explanation, words))
        if bug["parent"] is None:
            show.stage("refining")
            _sharper(bug["key"], Budgeted(engine.measure, min(measure.left, budget // REFINING)), engine, store, config, words)


def _sharper(key: str, measure: Budgeted, engine: Engine, store: Store, config: Config, words: Wording) -> None:
    """Look for sharper descriptions inside one bug, and keep what was tried in the ledger."""
    bug = ledger.read_evidence(ledger.tried(store)[key])

    def keep(event: events.Sharpened | events.Refined) -> None:
        match event:
            case events.Sharpened(family):
                records = {ledger.key(h, words): ledger.hypothesis(h, words) for _, h in family}
            case events.Refined(children):
                records = {ledger.key(e.hypothesis, words): ledger.evidence(e, words) for _, e in children}
        notes = [{"parent": key, "order": i, **record} for i, record in enumerate(records.values())]
        store.note_all("refinement", dict(zip([f"{ledger.ASKED}{key}-{id}" for id in records], notes, strict=True)))

    refine([bug], measure=measure, world=engine, wording=words, test=stated_test(config), tell=keep)


def _expected(h: Hypothesis, pairs: int, words: Wording) -> int:
    """Roughly how many pictures explaining takes, for progress displays."""
    changes = (1 + SWAPS) * len(h.phrases)
    cells = 4 if words.context(h.phrases, h.label) else 0
    return pairs * (1 + changes + cells) + (MOST if len(h.phrases) > 1 else 0)


def _hypothesis(store: Store, bug: BugRecord, words: Wording) -> Hypothesis:
    """The bug as the ledger has it. Raises SpecError if its prompt is not made of its phrases."""
    found = ledger.read_hypothesis(ledger.of_bugs(store)[bug["key"]])
    phrases, made = found.phrases, words.prompt(found.label, found.phrases).text
    if not phrases or bug["prompt"].lower() != made.lower():
        # a person's own words: what would be changed is not the prompt that was tested
        raise SpecError(
            f"{bug['prompt']!r} cannot be changed phrase by phrase"
            + (f": its phrases make {made!r}; probe and explain that instead" if phrases else ": it has no phrases")
        )
    return found


def _places(h: Hypothesis, more: Sequence[Phrase], words: Wording) -> tuple[dict[Phrase, list[Phrase]], list[Phrase]]:
    """Where a person's phrases go: each replaces the phrase of its kind that opens with the same word, else the first of its
    kind; if there is none, it is added. Returns the replacements to try first for each phrase, and the phrases to add."""
    swapped: dict[Phrase, list[Phrase]] = {}
    added = []
    for phrase in more:
        same = [p for p in h.phrases if words.kind(p) is words.kind(phrase) and p != phrase]
        alike = [p for p in same if p.text.split()[:1] == phrase.text.split()[:1]]
        if same:
            swapped.setdefault((alike or same)[0], []).append(phrase)
        else:
            added.append(phrase)
    return swapped, added


def _alternatives(
    engine: Engine, first: Mapping[Phrase, Sequence[Phrase]], label: str, phrases: Sequence[Phrase]
) -> list[list[Phrase]]:
    listed = engine.vary(label, phrases)
    return [[*first.get(p, ()), *mine] for p, mine in zip(phrases, listed, strict=True)]


def _check(h: Hypothesis, more: Sequence[Phrase], engine: Engine, words: Wording) -> None:
    """Raises SpecError that names a phrase that the generator cannot show, or not so that the label stays recognisable."""
    for phrase in more:
        wording.check(engine.models, [words.prompt(h.label, (phrase,)).text])
        if not words.fair(h.label, (phrase,)):
            raise SpecError(
                f"{engine.models.generator.id} cannot show {phrase.text!r} with {h.label!r} so that it stays recognisable"
            )


def _phrase(text: str, words: Wording) -> Phrase:
    phrase = words.piece(text)
    if phrase is None:
        raise SpecError("a phrase to add is empty")
    return phrase
