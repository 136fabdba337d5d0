"""A task of somebody else in one file: the target counts objects; every picture shows one."""

from bugscope.core.errors import ModelError
from bugscope.core.records import Box
from bugscope.tasks import Mark, Reading


class Counting:
    """A failure is a count that is not one, or off by more than `slack`. The target gives a whole number for each picture."""

    role, needs = "Counter", frozenset()
    failure = "in which the target does not count one thing"

    def __init__(self, *, slack=0):
        self.slack, self.id = slack, "counting" + (f"?slack={slack}" if slack else "")

    def labels(self, target):
        return ()  # it counts anything

    def ask(self, target, items, truths):
        counts = list(target(items))
        if len(counts) != len(items):
            raise ModelError(f"target {target.id} gave {len(counts)} counts for {len(items)} pictures")
        return [int(count) for count in counts]

    def read(self, answer, truth):
        taken_for = f"{answer} of them"
        return Reading(abs(answer - 1) > self.slack, taken_for, frozenset({taken_for}), float(answer))

    def accepted(self, label):
        return frozenset({label, "1 of them"})

    def marks(self, answer, truth):
        return [Mark(Box(truth.label, 0.1, 0.1, 0.9, 0.9), str(answer), False)] if answer != 1 else []
