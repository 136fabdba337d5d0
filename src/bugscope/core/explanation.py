"""Why a bug happens: one change at a time, the smallest description, spurious cues."""

from dataclasses import dataclass
from typing import Literal

from .records import Estimate, Evidence, Hypothesis, Phrase, Prompt, Rate


@dataclass(frozen=True, slots=True)
class Edit:
    """One change of a description. `phrases`: the description after it."""

    op: Literal["drop", "replace", "add"]
    phrases: tuple[Phrase, ...]
    phrase: Phrase | None = None
    """What went; None where something was added."""
    replacement: Phrase | None = None
    """What came; None where something was dropped."""

    def __str__(self) -> str:
        if self.op == "drop":
            return f"without “{self.phrase.text if self.phrase else ''}”"
        new = self.replacement.text if self.replacement else ""
        return f"“{new}” instead of “{self.phrase.text}”" if self.phrase else f"with “{new}” added"


@dataclass(frozen=True, slots=True)
class Counterfactual:
    """A description with one phrase changed, on the same seeds as the whole. Only pairs of two faithful pictures count."""

    edit: Edit
    before: Rate
    after: Rate
    only_before: int
    """Pairs that fail only before the change, ..."""
    only_after: int
    """... and only after it."""
    effect: Estimate
    """rate(after) - rate(before)."""
    p_value: float
    """Exact McNemar, one-sided: the failures fall."""
    adjusted: float
    """Holm over the bug's drops, or over its replacements and additions: which phrase does it, and what would mend it."""
    alpha: float

    @property
    def mends(self) -> bool:
        """The change makes the target fail less, beyond doubt."""
        return self.adjusted <= self.alpha and self.effect.value < 0

    @property
    def is_cue(self) -> bool:
        """Without this phrase the bug is not what it was."""
        return self.edit.op == "drop" and self.mends


@dataclass(frozen=True, slots=True)
class Minimal:
    """The phrases that suffice. `decided`: no smaller description was left undecided when the pictures ran out."""

    phrases: tuple[Phrase, ...]
    decided: bool
    trials: tuple[Evidence, ...]
    """Every smaller description tried, in order."""


@dataclass(frozen=True, slots=True)
class Cell:
    """How often the wrong label is predicted on pictures of `prompts` (replicate i is of prompt i modulo their number)."""

    prompts: tuple[Prompt, ...]
    drawn: int
    rate: Rate


@dataclass(frozen=True, slots=True)
class Spurious:
    """Is the wrong label predicted from the context, whatever stands in it?"""

    wrong: str
    alone: Cell
    """The context without any object; pictures that show the wrong label, says the judge, are left out."""
    whole: Cell
    """The object in the context: the bug."""
    plain: Cell
    """The object without the context."""
    others: Cell | None
    """Other objects in the context, ..."""
    others_plain: Cell | None
    """... and without it."""
    p_alone: float
    """Fisher, one-sided: the context alone against the plain pictures; Holm over the two tests."""
    p_others: float | None
    """Exact McNemar on the same seeds, one-sided: other objects in the context against without it; Holm over the two tests."""
    alpha: float

    @property
    def from_context_alone(self) -> bool:
        return self.p_alone <= self.alpha

    @property
    def from_other_objects(self) -> bool:
        return self.p_others is not None and self.p_others <= self.alpha


@dataclass(frozen=True, slots=True)
class Explanation:
    hypothesis: Hypothesis
    pairs: int
    """Pictures drawn of the description and of each change."""
    base: Rate
    counterfactuals: tuple[Counterfactual, ...]
    minimal: Minimal
    spurious: Spurious | None
    """None where the description says nothing of the surroundings, or no wrong label is known."""
