"""Records of why a bug happens: one change at a time, the smallest description, spurious cues."""

from dataclasses import dataclass
from typing import Literal

from .records import Estimate, Evidence, Hypothesis, Phrase, Prompt, Rate


@dataclass(frozen=True, slots=True)
class Edit:
    """One change of a description. `phrases`: the description after it."""

    op: Literal["drop", "replace", "add"]
    phrases: tuple[Phrase, ...]
    phrase: Phrase | None = None
    """What was taken out; None if something was added."""
    replacement: Phrase | None = None
    """What was put in; None if something was dropped."""

    def __str__(self) -> str:
        if self.op == "drop":
            return f"without “{self.phrase.text if self.phrase else ''}”"
        new = self.replacement.text if self.replacement else ""
        return f"“{new}” instead of “{self.phrase.text}”" if self.phrase else f"with “{new}” added"


@dataclass(frozen=True, slots=True)
class Counterfactual:
    """A description with one phrase changed, on the same seeds as the whole. Pairs count only if both pictures are faithful."""

    edit: Edit
    before: Rate
    after: Rate
    only_before: int
    """Pairs that fail only before the change."""
    only_after: int
    """Pairs that fail only after it."""
    effect: Estimate
    """rate(after) - rate(before)."""
    p_value: float
    """Exact McNemar, one-sided: failures become fewer."""
    adjusted: float
    """Holm over the bug's drops (which phrase is the cause?), or over its replacements and additions (what would help?)."""
    alpha: float

    @property
    def mends(self) -> bool:
        """Whether the change significantly makes the target fail less."""
        return self.adjusted <= self.alpha and self.effect.value < 0

    @property
    def is_cue(self) -> bool:
        """Whether the bug is not the same without this phrase."""
        return self.edit.op == "drop" and self.mends


@dataclass(frozen=True, slots=True)
class Minimal:
    """The phrases that suffice. `decided`: no smaller description was left undecided when the picture budget ran out."""

    phrases: tuple[Phrase, ...]
    decided: bool
    trials: tuple[Evidence, ...]
    """Every smaller description tried, in order."""


@dataclass(frozen=True, slots=True)
class ContextCell:
    """How often the wrong label is predicted on pictures of `prompts`; replicate i shows prompt i modulo their number."""

    prompts: tuple[Prompt, ...]
    drawn: int
    rate: Rate


@dataclass(frozen=True, slots=True)
class Spurious:
    """Whether the wrong label is predicted from the context, whatever stands in it."""

    wrong: str
    alone: ContextCell
    """The context without any object; pictures that the judge says show the wrong label are excluded."""
    whole: ContextCell
    """The object in the context: the bug."""
    plain: ContextCell
    """The object without the context."""
    others: ContextCell | None
    """Other objects in the context."""
    others_plain: ContextCell | None
    """The same objects without the context."""
    p_alone: float
    """Fisher, one-sided: the context alone against plain pictures; Holm over the two tests."""
    p_others: float | None
    """Exact McNemar on the same seeds, one-sided: other objects with the context against without; Holm over the two tests."""
    alpha: float

    @property
    def from_context_alone(self) -> bool:
        return self.p_alone <= self.alpha

    @property
    def from_other_objects(self) -> bool:
        return self.p_others is not None and self.p_others <= self.alpha


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why one bug happens, as far as the pictures show."""

    hypothesis: Hypothesis
    pairs: int
    """Pictures drawn of the description, and of each change."""
    base: Rate
    counterfactuals: tuple[Counterfactual, ...]
    minimal: Minimal
    spurious: Spurious | None
    """None if the description says nothing about the surroundings, or no wrong label is known."""
