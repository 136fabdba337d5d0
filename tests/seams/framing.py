"""A task of somebody else that reads what the generator states: which share of a picture a thing fills."""

from bugscope.tasks import Reading


class Framing:
    """The target gives the share of each picture that shows a thing; a failure is off by more than a tenth of its box."""

    id, role, needs = "framing", "Measurer", frozenset({"boxes", "regions"})
    failure = "whose measured share is off by more than a tenth"

    def labels(self, target):
        return ()

    def ask(self, target, items, truths):
        assert all(t.regions.shape == (8, 8) and t.regions.max() == 1 for t in truths)
        return list(target(items))

    def read(self, answer, truth):
        _, left, top, right, bottom = truth.boxes[0]
        wrong = abs(answer - (right - left) * (bottom - top)) > 0.1
        taken_for = "too small" if wrong else "well measured"
        return Reading(wrong, taken_for, frozenset({taken_for}))

    def accepted(self, label):
        return frozenset({label, "well measured"})

    def marks(self, answer, truth):
        return []
