"""How a search spends its pictures: the options, worked out for the labels at hand."""

from collections.abc import Sequence
from dataclasses import dataclass

from .. import tasks
from ..core.errors import SpecError
from ..core.options import Config, Settled
from ..stats import JudgeError
from .confirm import LEAST_COST, Test
from .inquiry import BATCH

LEAST, FEW, CONFIRMING, FURTHER = 600, 6, 540, 50
"""Default budget: exploration, `CONFIRMING` pictures and `FURTHER` for each label beyond `FEW`; at least `LEAST` in all."""
EACH = 16
"""Pictures of a label for each description of it that may be tried."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What a search may spend, in pictures unless stated otherwise.

    `labels`: number of labels. `explore`: neutral pictures per label. `hypotheses`: descriptions tried per label, at most.
    `budget`: for finding bugs, in all. `explain_budget`: further pictures for explaining them. `pairs`: same-seed pictures of
    each change. `fixed_n`: per description in the paper's procedure; 0: adaptive.
    """

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
        """The plan for `labels`. Raises SpecError if the budget cannot pay for exploring and one description per label."""
        config = settled(labels, config)
        if config.budget < (least := _least(labels, config)):
            named = f"{len(labels)} label{'' if len(labels) == 1 else 's'}"
            raise SpecError(f"option budget is {config.budget}, too small for {named}; the minimum is {least}")
        return cls(
            len(labels),
            config.explore,
            config.hypotheses,
            config.budget,
            config.explain_budget,
            config.pairs,
            config.fixed_n,
            stated_test(config),
        )

    @property
    def confirming(self) -> int:
        """Pictures left after the plain ones."""
        return self.budget - self.explore * self.labels

    @property
    def affordable(self) -> int:
        """Descriptions tried per label, at most: one for every `EACH` pictures of the label's budget. The fewer may be
        tried, the less evidence each of them needs.
        """
        left = self.confirming // self.labels
        tried = (left - self.designed) // self.fixed_n - 1 if self.fixed_n else self.budget // self.labels // EACH
        return max(1, min(self.hypotheses, tried))

    @property
    def designed(self) -> int:
        """Designed pictures of a label in the paper's procedure, which fixes all numbers beforehand: half of what is left."""
        return self.confirming // self.labels // 2

    @property
    def tried(self) -> int:
        """The number of descriptions that e-BH divides by, fixed before the first picture."""
        return self.affordable * self.labels


def settled(labels: Sequence[str], config: Config) -> Settled:
    """`config` with a number for its budget: "auto" is enough to explore every label and to confirm bugs."""
    if isinstance(config, Settled):
        return config
    confirming = CONFIRMING + FURTHER * max(0, len(labels) - FEW)
    enough = max(LEAST, config.explore * len(labels) + confirming, _least(labels, config))
    budget = enough if config.budget == "auto" else config.budget
    return Settled(**config.to_mapping() | {"budget": budget})


def _least(labels: Sequence[str], config: Config) -> int:
    """Pictures needed to explore, to draw a few designed pictures and to try one description of each label."""
    each = 4 * config.fixed_n if config.fixed_n else BATCH + 2 * config.look
    # exploration leaves enough to confirm one bug
    return config.explore * len(labels) + max(each * len(labels), LEAST_COST + BATCH)


def stated_test(config: Config) -> Test:
    """The sequential test that the options state. Raises SpecError if the judge's error is unusable."""
    return Test(config.alpha, config.margin, config.look, config.seed, judge_error(config))


def judge_error(config: Config) -> JudgeError | None:
    """The judge's error that the options state, or None. Raises SpecError if it is unusable."""
    stated = (config.judge_sensitivity, config.judge_specificity)
    if stated == ("", ""):
        return None
    if "" in stated:
        raise SpecError("options judge_sensitivity and judge_specificity go together: state both or neither")
    # a picture that must not show its label is accepted where the judge does not see it
    stated = stated[::-1] if tasks.absent(tasks.load(config)) else stated
    try:
        return JudgeError.parse(*stated)
    except ValueError as error:
        raise SpecError(str(error)) from error
