"""What may be said to the models of a run, and how: a medium's words with what its generator can show."""

import operator
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from ..core.explanation import Edit
from ..core.records import Hypothesis, Phrase, Prompt
from . import captions, edits, prompts
from .vocabulary import Kind, Vocabulary


@dataclass(frozen=True, slots=True)
class Wording:
    """A medium's `words`, and what else a run knows.

    `nouns`: names of things, for reading captions. `others`: labels to put into the context of another label's bug.
    `admissible(label, phrase)`: can the generator show the label with this phrase? `sayable(prompt)`: does it understand the
    prompt? `alike(a, b)`: can one picture rightly be called either? `checked`: does `sayable` know which conditions contradict
    each other? `vocabulary(label)`: the conditions that the generator offers for it; empty where it has no vocabulary.
    `absent`: the pictures must not show their label, so that prompts name only the rest ("a photo of a vase on grass").
    """

    words: Vocabulary
    nouns: frozenset[str] = frozenset()
    others: tuple[str, ...] = ()
    admissible: Callable[[str, Phrase], bool] = lambda label, phrase: True
    sayable: Callable[[Prompt], bool] = lambda prompt: True
    alike: Callable[[str, str], bool] = operator.eq
    checked: bool = False
    vocabulary: Callable[[str], Sequence[Phrase]] = lambda label: ()
    absent: bool = False

    # --- prompts ------------------------------------------------------------------------------------------------------

    def prompt(self, label: str, phrases: Sequence[Phrase]) -> Prompt:
        """`a photo of a red teapot on grass` for the label "teapot" and the phrases "red" (before) and "on grass"; without the
        label where it must be absent."""
        if self.absent:
            # "a photo of a vase on grass", not of grass with a vase
            first = sorted(phrases, key=lambda p: self.kind(p) is not Kind.COMPANION)
            return edits.elsewhere(first, label, self.words)
        return prompts.prompt(label, phrases, self.words)

    def neutral(self, label: str) -> Prompt:
        """`a photo of a teapot`; `a photo of an empty place` where it must be absent."""
        return self.prompt(label, ())

    def treated(self, h: Hypothesis) -> Prompt:
        """The prompt of a hypothesis: its own text, or what its phrases make."""
        return Prompt(h.text, h.label, h.description or h.text) if h.text else self.prompt(h.label, h.phrases)

    def control(self, h: Hypothesis) -> Prompt:
        """The prompt that a hypothesis is compared with."""
        return h.against or self.neutral(h.label)

    def bare(self, prompt: str) -> str:
        """The prompt without its opening: "a teapot at night"."""
        return prompt.removeprefix(f"{self.words.opening} ")

    def besides(self, prompt: str, label: str) -> str:
        """What a description is compared with, in words: the plain label, or another prompt."""
        return f"plain “{label}”" if not self.absent and prompt == self.neutral(label).text else f"“{self.bare(prompt)}”"

    def fair(self, label: str, phrases: Sequence[Phrase]) -> bool:
        """Whether a label can be shown with these phrases and still be named by a person; where it must be absent, whether
        they mean something without it."""
        if self.absent and not all(edits.independent(p, self.words) for p in phrases):
            return False
        return all(self.admissible(label, p) for p in phrases) and self.sayable(self.prompt(label, phrases))

    def together(self, label: str, a: Phrase, b: Phrase) -> bool:
        """Whether one picture can show both conditions."""
        if not self.fair(label, (a, b)):
            return False
        return self.checked or edits.compatible(a, b, self.words)

    # --- captions -----------------------------------------------------------------------------------------------------

    def phrases(self, caption: str, label: str) -> list[Phrase]:
        """The conditions that a caption states, without the object that it names."""
        return captions.phrases(caption, label, self.words, self.nouns)

    def described(self, text: str, label: str) -> list[Phrase]:
        """The phrases of a description, with the label in it or without ("a red mug at night"; "red, at night")."""
        return captions.described(text, label, self.words, self.nouns)

    def piece(self, text: str) -> Phrase | None:
        """One phrase as a person writes it; None if the text is empty."""
        return captions.piece(text, self.words)

    # --- edits --------------------------------------------------------------------------------------------------------

    def kind(self, phrase: Phrase) -> Kind:
        """What the phrase is about; `ATTRIBUTE` if its words do not say."""
        return edits.kind(phrase, self.words)

    def siblings(self, phrase: Phrase) -> tuple[Phrase, ...]:
        """Other phrases of the same kind, likeliest first."""
        return edits.siblings(phrase, self.words)

    def edits(
        self,
        phrases: Sequence[Phrase],
        *,
        alternatives: Sequence[Iterable[Phrase]] | None = None,
        limit: int = 2,
        add: Iterable[Phrase] = (),
    ) -> list[Edit]:
        """Every change of one phrase (see `edits.edits`); `alternatives`: by default each phrase's siblings."""
        others = [self.siblings(p) for p in phrases] if alternatives is None else alternatives
        return edits.edits(phrases, alternatives=others, limit=limit, add=add)

    def surroundings(self, phrases: Sequence[Phrase]) -> tuple[Phrase, ...]:
        """The phrases that still mean something without the object."""
        return edits.surroundings(phrases, self.words)

    def context(self, phrases: Sequence[Phrase], label: str) -> Prompt | None:
        """The prompt of the context alone; None if the description says nothing about the surroundings."""
        return edits.context(phrases, label, self.words)
