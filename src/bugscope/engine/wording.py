"""What may be said to the models of a run, as far as its generator, target and medium know."""

from collections.abc import Sequence
from functools import cache
from typing import Any

from .. import media
from ..core.errors import SpecError
from ..core.records import Phrase, Prompt
from ..language import Wording
from ..tasks import Task
from . import contracts
from .models import Models


def of(models: Models, task: Task[Any], labels: Sequence[str] = ()) -> Wording:
    """The wording of a run on `labels`.

    A generator may offer `labels`, `suggested`, `phrases(label)` (the conditions that it can show a label with),
    `admissible(label, phrase)`, and `check(prompts)`, which raises SpecError for what it cannot read.
    """
    generator, known = models.generator, task.labels(models.target)
    suggested = [name for name in getattr(generator, "suggested", ()) if not known or name in known]
    words = media.of(generator).words

    @cache
    def vocabulary(label: str) -> tuple[Phrase, ...]:
        offered = generator.phrases(label) if hasattr(generator, "phrases") else ()
        return contracts.phrases(generator, offered, Wording(words).piece)

    return Wording(
        words,
        nouns=frozenset({*known, *getattr(generator, "labels", ())}),
        others=tuple(dict.fromkeys([*labels, *suggested])),
        admissible=getattr(generator, "admissible", lambda label, phrase: True),
        sayable=lambda prompt: _understands(models, prompt),
        checked=hasattr(generator, "check"),
        vocabulary=vocabulary,
        alike=lambda a, b: not task.accepted(a).isdisjoint(task.accepted(b)),
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
