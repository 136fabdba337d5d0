"""`bugscope explain`: bugs of a run that a person wants explained, more thoroughly than the hunt had pictures for."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from . import language, ledger, wording
from .config import Config
from .engine import Engine
from .errors import SpecError
from .explain import MOST, Fair, Purse, explain
from .hunt import sequential
from .narrator import Narrator
from .refine import refine
from .store import Store
from .types import Evidence, Hypothesis, Listener, Phrase, Rate, Verdict

FIELDS = ("failures", "n", "low", "high", "level")
"""Of a rate, as the ledger has it (`ledger.rate`)."""
SWAPS = 2
"""Replacements of a phrase."""
REFINING = 4
"""1/REFINING of a bug's pictures go to sharper descriptions, at most."""


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
    words = wording.of(engine.models)
    fair = wording.fair(**words)
    for h in hypotheses:
        _check(h, more, engine, fair)
    show = Narrator(engine, sum(min(budget, _expected(h, pairs)) for h in hypotheses), listener)
    for bug, h in zip(bugs, hypotheses, strict=True):
        swapped, added = _places(h, more)
        show.stage("explaining", message=bug["sentence"])
        purse = Purse(engine.measure, budget)
        explanation = explain(
            h,
            bug["predicted"][0]["label"] if bug["predicted"] else "",
            purse=purse,
            pairs=pairs,
            swaps=SWAPS + len(more) - len(added),
            sayable=words["sayable"],
            add=added,
            alternatives=partial(_alternatives, engine, swapped),
            others=wording.others([row["label"] for row in store.notes("evidence").values()], engine.models),
            fair=fair,
            **sequential(config),
        )
        if explanation is None:
            least = pairs * (len(h.phrases) + 1)
            raise SpecError(f"option budget is {budget}, too small to explain {bug['sentence']!r}; the least is {least}")
        store.note("inquiry", bug["key"], ledger.explanation(explanation))
        if bug["parent"] is None:
            show.stage("refining")
            _sharper(bug["key"], h, Purse(engine.measure, min(purse.left, budget // REFINING)), engine, store, config, words)


def _sharper(
    key: str, h: Hypothesis, purse: Purse, engine: Engine, store: Store, config: Config, words: Mapping[str, Any]
) -> None:
    """Look for sharper descriptions inside one bug, and keep what was tried in the ledger."""
    note = store.notes("evidence")[key]
    treated, baseline = (Rate(*(note[name][field] for field in FIELDS)) for name in ("treated", "baseline"))
    bug = Evidence(h, treated, baseline, note["e_value"], Verdict.CONFIRMED, note["drawn"], note["baseline_drawn"])

    def keep(records: Sequence[Mapping[str, Any]]) -> None:
        store.note_all("refinement", {f"{key}-{i}": {"parent": key, **record} for i, record in enumerate(records)})

    children = refine(
        [bug],
        purse=purse,
        describe=engine.describe,
        **sequential(config),
        on_proposed=lambda family: keep([ledger.hypothesis(child) for _, child in family]),
        **words,
    )
    keep([ledger.evidence(child) for _, child in children])


def _expected(h: Hypothesis, pairs: int) -> int:
    """Pictures that explaining takes, about: for whoever watches."""
    changes = (1 + SWAPS) * len(h.phrases)
    cells = 4 if language.context(h.phrases, h.label) else 0
    return pairs * (1 + changes + cells) + (MOST if len(h.phrases) > 1 else 0)


def _hypothesis(store: Store, bug: Mapping[str, Any]) -> Hypothesis:
    """The bug's phrases, as the ledger has them."""
    notes = {**store.notes("evidence"), **{f"child-{id}": note for id, note in store.notes("refinement").items()}}
    phrases = tuple(Phrase(**p) for p in notes[bug["key"]]["phrases"])
    made = language.prompt(bug["label"], phrases).text
    if not phrases or bug["prompt"].lower() != made.lower():
        # a person's own words: what would be changed is not what was asked
        raise SpecError(
            f"{bug['prompt']!r} cannot be changed phrase by phrase"
            + (f", for its phrases make {made!r}; probe and explain that" if phrases else ", for it has no phrase")
        )
    return Hypothesis(bug["label"], phrases)


def _places(h: Hypothesis, more: Sequence[Phrase]) -> tuple[dict[Phrase, list[Phrase]], list[Phrase]]:
    """A person's phrase takes the place of the one of its kind that opens with the same word, or of the first of its kind;
    where there is none, it is added. Returns what stands first in each place, and what is added."""
    swapped: dict[Phrase, list[Phrase]] = {}
    added = []
    for phrase in more:
        same = [p for p in h.phrases if language.kind(p) is language.kind(phrase) and p != phrase]
        alike = [p for p in same if p.text.split()[:1] == phrase.text.split()[:1]]
        if same:
            swapped.setdefault((alike or same)[0], []).append(phrase)
        else:
            added.append(phrase)
    return swapped, added


def _alternatives(
    engine: Engine, first: Mapping[Phrase, Sequence[Phrase]], label: str, phrases: Sequence[Phrase]
) -> list[list[Phrase]]:
    listed = engine.alternatives(label, phrases) or [list(language.siblings(p)) for p in phrases]
    return [[*first.get(p, ()), *mine] for p, mine in zip(phrases, listed, strict=True)]


def _check(h: Hypothesis, more: Sequence[Phrase], engine: Engine, fair: Fair) -> None:
    """Raises SpecError that names the phrase which the generator cannot show, or not so that the label stays recognisable."""
    for phrase in more:
        wording.check(engine.models, [language.prompt(h.label, (phrase,)).text])
        if not fair(h.label, (phrase,)):
            raise SpecError(
                f"{engine.models.generator.id} cannot show {phrase.text!r} of {h.label!r} so that it stays recognisable"
            )


def _phrase(text: str) -> Phrase:
    phrase = language.piece(text)
    if phrase is None:
        raise SpecError("a phrase to add is empty")
    return phrase
