"""Questions about words, to describer and editor: each is asked once, and something else stands in for a missing answer."""

import hashlib
import json
from collections.abc import Callable, Sequence
from typing import Any

from ..core.records import Phrase
from ..language import Wording
from ..language.vocabulary import Vocabulary
from . import contracts
from .asking import Asking


class Advice:
    def __init__(self, asking: Asking, words: Vocabulary) -> None:
        self.asking, self.words = asking, words
        self.answers = asking.answers

    def propose(self, label: str, failures: Sequence[str], successes: Sequence[str]) -> list[str]:
        """What the failures have in common, says the describer; empty without a describer, or without an answer from it."""
        if self.answers.models.describer is None:
            return []
        question = [label, list(failures), list(successes)]
        said = self._asked(
            "describer", question, lambda model: contracts.descriptions(model, model(label, list(failures), list(successes)))
        )
        return said or []

    def vary(self, label: str, phrases: Sequence[Phrase]) -> list[list[Phrase]]:
        """What may replace each phrase, says the editor; its siblings without an editor, or without an answer from it."""
        texts = [p.text for p in phrases]
        found = None
        if self.answers.models.editor is not None:
            question = [label, *([p.text, p.before] for p in phrases)]
            found = self._asked(
                "editor", question, lambda model: contracts.alternatives(model, model(label, list(texts)), texts)
            )
        if found is None:
            return [list(Wording(self.words).siblings(p)) for p in phrases]
        return [[Phrase(text, p.before) for text in new] for p, new in zip(phrases, found, strict=True)]

    def _asked(self, role: str, question: Any, ask: Callable[[Any], Any]) -> Any:
        """The answer; None if there is none."""
        key = hashlib.sha256(json.dumps(question).encode()).hexdigest()
        if key not in self.answers.known(role, [key]):
            if key in self.answers.speechless:
                return None
            answers = self.asking.ask(role, lambda model, part: [ask(model)], [question], [key])
            self.asking.keep(role, [key], answers)
        return self.answers.known(role, [key]).get(key)
