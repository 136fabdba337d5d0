"""`bugscope explain`: bugs of a run that a person wants explained, more thoroughly than the hunt had pictures for."""

from collections.abc import Mapping, Sequence
from typing import Any

from . import language, ledger, wording
from .config import Config
from .engine import Engine
from .errors import SpecError
from .explain import Fair, Purse, explain
from .hunt import judge_error
from .narrator import Narrator
from .store import Store
from .types import Hypothesis, Listener, Phrase

SWAPS = 2
"""Replacements of a phrase."""


def inquire(
    bugs: Sequence[Mapping[str, Any]],
    engine: Engine,
    store: Store,
    config: Config,
    *,
    pairs: int,
    budget: int,
    add: Sequence[str],
    listener: Listener,
) -> None:
    """Explain each of `bugs` (records of report.json) with at most `budget` pictures, and keep that in the ledger.

    Raises SpecError where the generator does not understand a phrase of `add`, or the budget is too small.
    """
    hypotheses = [_hypothesis(store, bug) for bug in bugs]
    more = [_phrase(text) for text in add]
    fair = wording.fair(**wording.of(engine.models))
    changes = [_changes(h, more, engine) for h in hypotheses]
    for h in hypotheses:
        _check(h, more, engine, fair)
    show = Narrator(engine, budget * len(bugs), listener)
    for bug, h, (alternatives, added) in zip(bugs, hypotheses, changes, strict=True):
        show.stage("explaining", message=bug["sentence"])
        purse = Purse(engine.measure, budget)
        explanation = explain(
            h,
            bug["predicted"][0]["label"] if bug["predicted"] else "",
            purse=purse,
            pairs=pairs,
            swaps=SWAPS + len(more) - len(added),
            add=added,
            alternatives=alternatives,
            others=wording.others([row["label"] for row in store.notes("evidence").values()], engine.models),
            fair=fair,
            alpha=config.alpha,
            margin=config.margin,
            look=config.look,
            seed=config.seed,
            judge_error=judge_error(config),
        )
        if explanation is None:
            least = pairs * (len(h.phrases) + 1)
            raise SpecError(f"option budget is {budget}, too small to explain {bug['sentence']!r}; the least is {least}")
        store.note("inquiry", bug["key"], ledger.explanation(explanation))


def _hypothesis(store: Store, bug: Mapping[str, Any]) -> Hypothesis:
    """The bug's phrases, as the ledger has them."""
    notes = {**store.notes("evidence"), **{f"child-{id}": note for id, note in store.notes("refinement").items()}}
    phrases = tuple(Phrase(**p) for p in notes[bug["key"]]["phrases"])
    if not phrases:
        raise SpecError(f"{bug['sentence']!r} has no phrase that could be changed")
    return Hypothesis(bug["label"], phrases)


def _changes(h: Hypothesis, more: Sequence[Phrase], engine: Engine) -> tuple[list[list[Phrase]], list[Phrase]]:
    """What may stand in the place of each phrase, and what is added: a person's phrase takes the place of one of its kind."""
    listed = engine.alternatives(h.label, h.phrases) or [list(language.siblings(p)) for p in h.phrases]
    kinds = [language.kind(p) for p in h.phrases]
    added: list[Phrase] = []
    for phrase in reversed(more):
        if language.kind(phrase) in kinds:
            listed[kinds.index(language.kind(phrase))].insert(0, phrase)
        else:
            added.insert(0, phrase)
    return listed, added


def _check(h: Hypothesis, more: Sequence[Phrase], engine: Engine, fair: Fair) -> None:
    """Raises SpecError that names the phrase which the generator cannot show, or not so that the label stays recognisable."""
    for phrase in more:
        getattr(engine.models.generator, "check", lambda prompts: None)([language.prompt(h.label, (phrase,)).text])
        if not fair(h.label, (phrase,)):
            raise SpecError(
                f"{engine.models.generator.id} cannot show {phrase.text!r} of {h.label!r} so that it stays recognisable"
            )


def _phrase(text: str) -> Phrase:
    """`red` stands before the noun, `on sand` after it: as a caption would be read."""
    text = " ".join(text.split())
    if not text:
        raise SpecError("a phrase to add is empty")
    read = language.phrases(f"a photo of a {text} thing", "thing")
    return next((p for p in read if p.text == text.lower() and p.before), Phrase(text))
