"""One question of a person: does this prompt make the classifier fail more than that one? Fresh pictures, sequentially."""

from collections.abc import Sequence
from hashlib import sha256

from . import confirm, language, ledger
from .config import Config
from .engine import Engine
from .errors import SpecError
from .hunt import note_judge, sequential
from .narrator import Narrator
from .store import Store
from .types import Evidence, Hypothesis, Listener, Prompt


def hypothesis(text: str, label: str, against: str = "") -> Hypothesis:
    """A prompt in a person's own words, against another or (`against` empty) the plain label.

    Raises SpecError where the two are the same, or there is no text.
    """
    text, against = " ".join(text.split()), " ".join(against.split())
    if not text:
        raise SpecError("the prompt is empty; write one such as 'a photo of a teapot at night'")
    other = Prompt(against, label, against) if against else None
    found = Hypothesis(label, tuple(language.phrases(text, label)), text=text, against=other)
    if text.lower() == language.control(found).text.lower():
        raise SpecError(
            f"the prompt {text!r} would be compared with itself; state a condition, or another prompt to compare with"
        )
    return found


def probe(
    hypotheses: Sequence[Hypothesis], engine: Engine, store: Store, config: Config, n: int, listener: Listener
) -> list[Evidence]:
    """Evidence for each, false discovery rate <= config.alpha over all of them.

    `n`: pictures of each prompt, and of what it is compared with, at most; they go where they can still change a verdict.
    The folder keeps all pictures ever drawn, and the conclusions of the last probe.
    """
    prompts = {p.text for h in hypotheses for p in (language.treated(h), language.control(h))}
    budget = n * len(prompts)
    show = Narrator(engine, budget, listener)
    note_judge(store, engine.models.judge)
    store.forget("evidence", store.notes("evidence"))
    ids = [sha256(f"{h.label}|{h.text}|{language.control(h).text}".encode()).hexdigest()[:12] for h in hypotheses]

    def measured(evidence: Sequence[Evidence]) -> None:
        notes = [ledger.evidence(e) | {"order": i} for i, e in enumerate(evidence)]
        store.note_all("evidence", dict(zip(ids, notes, strict=True)))
        show.evidence(evidence)

    store.note_all("hypothesis", {id: ledger.hypothesis(h) for id, h in zip(ids, hypotheses, strict=True)})
    show.stage("confirming", hypotheses=len(hypotheses))
    evidence = confirm.confirm(
        hypotheses,
        measure=engine.measure,
        budget=budget,
        most=n,
        on_round=measured,
        **sequential(config),
    )
    measured(evidence)
    return evidence
