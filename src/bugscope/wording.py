"""What may be said to the models of a run: known nouns, phrases that the generator can show, prompts that it understands."""

from collections.abc import Callable, Sequence
from typing import Any

from . import language
from .discover import Admissible, Sayable
from .engine import Models
from .errors import SpecError
from .types import Phrase, Prompt


def of(models: Models) -> dict[str, Any]:
    """Keyword arguments of `propose` and `refine`. A generator with a limited vocabulary may offer `labels`,
    `admissible(label, phrase)`, and `check(prompts)`, which raises SpecError for what it cannot read."""
    generator = models.generator
    return {
        "nouns": {*models.classifier.labels, *getattr(generator, "labels", ())},
        "admissible": getattr(generator, "admissible", lambda label, phrase: True),
        "sayable": lambda prompt: _understands(models, prompt),
    }


def fair(
    admissible: Admissible = lambda label, phrase: True, sayable: Sayable = lambda prompt: True, **_: Any
) -> Callable[[str, Sequence[Phrase]], bool]:
    """Can a label be shown under these phrases, so that a person could still name it?"""
    return lambda label, phrases: all(admissible(label, p) for p in phrases) and sayable(language.prompt(label, phrases))


def others(labels: Sequence[str], models: Models) -> list[str]:
    """Labels to put into the context of another's bug: those of the run, then those that the generator suggests."""
    suggested = [name for name in getattr(models.generator, "suggested", ()) if name in models.classifier.labels]
    return list(dict.fromkeys([*labels, *suggested]))


def check(models: Models, texts: Sequence[str]) -> None:
    """Raises SpecError where the generator says that it cannot read a prompt."""
    getattr(models.generator, "check", lambda prompts: None)(texts)


def _understands(models: Models, prompt: Prompt) -> bool:
    try:
        check(models, [prompt.text])
    except SpecError:
        return False
    return True
