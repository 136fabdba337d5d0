"""How a search spends its pictures: what the options say, worked out for the labels in question."""

from collections.abc import Sequence
from dataclasses import dataclass

from ..core.errors import SpecError
from ..core.options import Config
from ..stats import JudgeError
from .confirm import SCREEN, Test

LEAST, FEW, CONFIRMING, FURTHER = 600, 6, 456, 36
"""A budget that nobody states: `LEAST` pictures, or exploration and `CONFIRMING`, and `FURTHER` for each label beyond `FEW`."""


@dataclass(frozen=True, slots=True)
class Plan:
    """`labels`: how many. `explore`: neutral pictures of each. `hypotheses`: descriptions tried of each, at most. `budget`: pictures
    for finding bugs in all; `explain_budget`: further ones for explaining them. `pairs`: same-seed pictures of each change.
    `fixed_n`: the paper's procedure with so many pictures of a description; 0: adaptive."""

    labels: int
    explore: int
    hypotheses: int
    budget: int
    explain_budget: int
    pairs: int
    fixed_n: int
    test: Test

    @classmethod
    def of(cls, labels: Sequence[str], config: Config) -> "Plan":
        """Raises SpecError where the budget does not even pay for exploring and trying one description of each label."""
        config = settled(labels, config)
        if config.budget < (least := _least(labels, config)):
            raise SpecError(f"option budget is {config.budget}, too small for {len(labels)} labels; the least is {least}")
        return cls(
            len(labels),
            config.explore,
            config.hypotheses,
            config.budget,
            config.explain_budget,
            config.pairs,
            config.fixed_n,
            test_of(config),
        )

    @property
    def confirming(self) -> int:
        """Pictures that exploration leaves."""
        return self.budget - self.explore * self.labels

    @property
    def affordable(self) -> int:
        """Descriptions tried of each label, at most: only as many as have their first pictures from a small share of the budget.

        More would spread the pictures until nothing can be confirmed.
        """
        left = self.budget // self.labels - self.explore
        first = max(1, self.test.look // 2)
        tried = left // self.fixed_n - 1 if self.fixed_n else int(SCREEN * left) // first
        return max(1, min(self.hypotheses, tried))

    @property
    def tried(self) -> int:
        """What e-BH divides by: fixed before the first picture."""
        return self.affordable * self.labels


def settled(labels: Sequence[str], config: Config) -> Config:
    """With a budget where none is stated: pictures to explore every label, and to confirm by."""
    if config.budget:
        return config
    confirming = CONFIRMING + FURTHER * max(0, len(labels) - FEW)
    enough = max(LEAST, config.explore * len(labels) + confirming, _least(labels, config))
    return config.model_copy(update={"budget": enough})


def _least(labels: Sequence[str], config: Config) -> int:
    """What exploring and trying one description of each label take."""
    return (config.explore + 2 * (config.fixed_n or config.look)) * len(labels)


def test_of(config: Config) -> Test:
    """The sequential test that the options state. Raises SpecError where the judge's error is none."""
    return Test(config.alpha, config.margin, config.look, config.seed, judge_error(config))


def judge_error(config: Config) -> JudgeError | None:
    """As the options state it; None where they state none. Raises SpecError."""
    stated = (config.judge_sensitivity, config.judge_specificity)
    if stated == ("", ""):
        return None
    if "" in stated:
        raise SpecError("options judge_sensitivity and judge_specificity go together: state both or neither")
    try:
        return JudgeError.parse(*stated)
    except ValueError as error:
        raise SpecError(str(error)) from error
