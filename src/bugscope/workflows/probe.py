"""`bugscope probe`: does one prompt make the target fail more than another? Tested sequentially, on fresh pictures."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from .. import language
from ..core.errors import SpecError
from ..core.options import Config, counted
from ..core.records import Evidence, Hypothesis, Prompt
from ..core.texts import writable
from ..core.wider import meant
from ..engine import wording
from ..engine.engine import Engine
from ..engine.models import Models
from ..language import Wording
from ..method import events
from ..method.confirm import confirm
from ..method.plan import stated_test
from ..store import ledger
from ..store.folder import Store
from ..tasks import Task
from . import session
from .progress import Listener, Progress, Watch
from .results import Probe


def probe(
    prompts: Sequence[str] | str,
    label: str | None = None,
    out: Path | str | None = None,
    *,
    vs: str | None = None,
    n: int = 40,
    config: Config | Mapping[str, Any] | None = None,
    progress: Listener | None = None,
    **options: Any,
) -> Probe:
    """Test on fresh pictures whether a prompt makes the target fail more than the plain label, or than the prompt `vs`.

    The evidence is checked after every few pictures, and several prompts share the false discovery rate alpha. `label`: what
    the pictures show; by default the label that each prompt names. `n`: pictures per prompt, and as many of what it is
    compared with, at most. `out`: a folder that keeps every picture, so that asking again there is free; by default a new
    folder in `runs`. `config`, `options`, `progress` and errors as in `hunt`.
    """
    tell = progress or (lambda now: None)
    settings = session.settings(config, options)
    asked = [prompts] if isinstance(prompts, str) else list(prompts)
    if counted("n", n, "pictures") < settings.look:
        raise SpecError(f"option n is {n}; it must be at least {settings.look}, the pictures between two looks")
    stated_test(settings)
    tell(Progress("loading"))
    models = session.load_models(settings, options)
    task = session.task(models, settings)
    words = wording.of(models, task)
    hypotheses = list(dict.fromkeys(question(text, _label_of(text, label, models, task), words, vs or "") for text in asked))
    if not hypotheses:
        raise SpecError("no prompt to probe: write at least one, such as 'a photo of a teapot at night'")
    session.check_judge(models, [h.label for h in hypotheses])
    for h in hypotheses:
        wording.check(models, [h.text, words.control(h).text])

    def work(engine: Engine, store: Store, listen: Listener) -> None:
        store.set_meta("finished", False)
        conduct(hypotheses, engine, store, settings, n, listen)
        engine.settle()
        engine.forget_failures()
        store.set_meta("finished", True)

    with session.opened(out or session.new_folder("probe-"), [], models, settings, kind="probe") as (engine, store):
        session.work(work, engine, store, tell, f"run the same probe again with --out {store.path}")
    return Probe(store.path)


def question(text: str, label: str, wording: Wording, against: str = "") -> Hypothesis:
    """A prompt in a person's own words, compared with another one or, if `against` is empty, with the plain label.

    Raises SpecError if the two are the same, or the text is empty.
    """
    text, against = (writable(" ".join(prompt.split())) for prompt in (text, against))
    if not text:
        raise SpecError("the prompt is empty; write one such as 'a photo of a teapot at night'")
    other = Prompt(against, label, against) if against else None
    found = Hypothesis(label, tuple(replace(wording, nouns=frozenset()).phrases(text, label)), text=text, against=other)
    if text.lower() == wording.control(found).text.lower():
        raise SpecError(
            f"the prompt {text!r} would be compared with itself; add a condition, or another prompt to compare it with"
        )
    return found


def _label_of(text: str, label: str | None, models: Models, task: Task[Any]) -> str:
    """The label that a prompt is about: the one given, else the longest label name in it."""
    known, drawn = task.labels(models.target), getattr(models.generator, "labels", ())
    if label is not None:
        return meant(label, known, drawn, task.accepted)[0] if known else label
    named = language.named(text, [*known, *drawn])
    if named is None:
        raise SpecError(f"the prompt {text!r} names no label of {models.target.id}; say with --label what it shows")
    return meant(named, known, drawn, task.accepted)[0] if known else named


def conduct(
    hypotheses: Sequence[Hypothesis], engine: Engine, store: Store, config: Config, n: int, listener: Listener
) -> list[Evidence]:
    """Test all hypotheses and return the evidence in order; false discovery rate <= config.alpha over all of them.

    `n`: pictures of each prompt, and of what it is compared with, at most; they go where they can still change a verdict.
    The folder keeps all pictures ever drawn, but only the conclusions of the last probe.
    """
    words = wording.of(engine.models, engine.task)
    prompts = {p.text for h in hypotheses for p in (words.treated(h), words.control(h))}
    budget = n * len(prompts)
    show = Watch(engine, budget, listener)
    session.note_judge(store, engine.models.judge)
    store.forget("evidence", store.notes("evidence"))
    ids = [ledger.key(h, words) for h in hypotheses]

    seen: Sequence[Evidence] = ()

    def measured(evidence: Sequence[Evidence]) -> None:
        nonlocal seen
        changed, seen = events.changed(seen, evidence), evidence
        store.note_all("evidence", {ids[i]: ledger.evidence(evidence[i], words) | {"order": i} for i in changed})
        show.evidence(evidence)

    store.note_all("hypothesis", {id: ledger.hypothesis(h, words) for id, h in zip(ids, hypotheses, strict=True)})
    show.stage("confirming", hypotheses=len(hypotheses))
    evidence = confirm(
        hypotheses,
        measure=engine.measure,
        wording=words,
        test=stated_test(config),
        budget=budget,
        most=n,
        on_round=measured,
    )
    measured(evidence)
    return evidence
