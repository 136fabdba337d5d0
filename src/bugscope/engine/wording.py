"""What may be said to the models of a run, as far as its generator, target and medium know."""

from collections.abc import Sequence
from functools import cache
from typing import Any

from .. import media, tasks
from ..core.errors import SpecError
from ..core.records import Phrase, Prompt
from ..language import Wording, edits
from ..language.prompts import article
from ..tasks import Task
from . import contracts
from .models import Models


def of(models: Models, task: Task[Any], labels: Sequence[str] = ()) -> Wording:
    """The wording of a run on `labels`.

    A generator may offer `labels`, `suggested`, `phrases(label)` (the conditions that it can show a label with),
    `admissible(label, phrase)`, and `check(prompts)`, which raises SpecError for what it cannot read.
    """
    generator, known = models.generator, task.labels(models.target)
    suggested = [name for name in getattr(generator, "suggested", ()) if not known or not task.accepted(name).isdisjoint(known)]
    words, absent = media.of(generator).words, tasks.absent(task)

    @cache
    def vocabulary(label: str) -> tuple[Phrase, ...]:
        offered = generator.phrases(label) if hasattr(generator, "phrases") else ()
        found = contracts.phrases(generator, offered, Wording(words).piece)
        return (*others(label), *(p for p in found if edits.independent(p, words))) if absent else found

    def others(label: str) -> tuple[Phrase, ...]:
        """What else the generator draws, to be seen where the label is not."""
        names = [name for name in getattr(generator, "labels", ()) if task.accepted(name).isdisjoint(task.accepted(label))]
        return tuple(Phrase(f"with {article(name)} {name}") for name in names)

    return Wording(
        words,
        nouns=frozenset({*known, *getattr(generator, "labels", ())}),
        others=tuple(dict.fromkeys([*labels, *suggested])),
        admissible=getattr(generator, "admissible", lambda label, phrase: True),
        sayable=lambda prompt: _understands(models, prompt),
        checked=hasattr(generator, "check"),
        vocabulary=vocabulary,
        alike=lambda a, b: not task.accepted(a).isdisjoint(task.accepted(b)),
        absent=absent,
    )


def check(models: Models, texts: Sequence[str]) -> None:
    """Raises SpecError if the generator says that it cannot read a prompt."""
    getattr(models.generator, "check", lambda prompts: None)(texts)


def _understands(models: Models, prompt: Prompt) -> bool:
    try:
        check(models, [prompt.text])
    except SpecError:
        return False
    return True
