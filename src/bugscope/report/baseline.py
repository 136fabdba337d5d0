"""Plain pictures that fail nearly always: which labels do, what the likely reason is, and how that is said.

It is the first thing that every form says, since nothing can be confirmed above such a baseline: no description fails more.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence, Sized
from typing import NamedTuple

from ..core.records import Outcome, Rate, Status
from ..stats import HALF, NEARLY, nearly_always, too_few
from ..store import ledger
from .records import Baseline, BaselineLabel, BaselineRecord, Pattern
from .words import failing, few, number, quoted

PREPARATION = "channel order, range of values, normalisation or input size"
PREDICTED, SHOWN = 5, 4
"""Answers kept of each label, and labels named in a sentence."""

Interval = Callable[[int, int], Rate]
"""k of n as a rate: time-uniform where a run may go on, Clopper-Pearson where n is fixed."""


class Plain(NamedTuple):
    """A label's plain pictures: how often they fail, and how often a failure is taken for what. `named`: these are labels, not
    kinds of failure."""

    label: str
    rate: Rate
    taken_for: Mapping[str, int]
    named: bool = True

    @property
    def wrong(self) -> int:
        """Failures. `taken_for` may hold the most frequent answers alone, or, with a fixed n, those of exploration too."""
        return max(self.rate.k, sum(self.taken_for.values()))


def plain(label: str, outcomes: Iterable[Outcome], interval: Interval) -> Plain:
    """What became of a label's plain pictures. Only those that show the label and got an answer count."""
    counted = [o for o in outcomes if o.status.counts]
    wrong = [o for o in counted if o.status is Status.FAILURE]
    said = Counter(o.said for o in wrong if o.said)
    return Plain(label, interval(len(wrong), len(counted)), said, named=not any(o.kind for o in wrong))


def guessing(choices: Sized, top_k: int) -> float:
    """How often a guess among the target's labels is right; 0 where it names none."""
    return min(1.0, top_k / len(choices)) if len(choices) else 0.0


def assess(
    labels: Sequence[Plain], interval: Interval, guess: float = 0.0, named: bool = True, what: str = "plain pictures"
) -> BaselineRecord:
    """The record of a target's plain pictures, of all labels that were drawn. `guess`: as in `stats.nearly_always`; `named`:
    answers are label names; `what`: the pictures in words."""
    measured = [p for p in labels if p.rate.n]
    pooled = interval(sum(p.rate.k for p in measured), sum(p.rate.n for p in measured))
    bad = [p for p in measured if nearly_always(p.rate)]
    verdict: Baseline = "fine"
    if nearly_always(pooled, guess):
        verdict = "all"
    elif bad:
        verdict = "some"
    elif too_few(pooled):
        verdict = "unknown"
    found: BaselineRecord = {
        "verdict": verdict,
        "pooled": ledger.rate(pooled),
        "pattern": "",
        "labels": [_label(p) for p in labels],
        "sentence": "",
        "advice": "",
        "notes": [_message(p) for p in labels if too_few(p.rate)],
    }
    if fails(found):
        # where all labels together fail, each may have too few pictures to say it of
        group = bad if verdict == "some" else (bad or measured)
        most = verdict == "all" or 2 * len(bad) >= len(measured)
        tops = _tops(group)
        found["pattern"] = _pattern(group, tops, most, interval) if named and all(p.named for p in group) else ""
        found["sentence"] = _sentence(verdict, pooled, bad, measured, what)
        found["advice"] = _advice(found["pattern"], tops, group)
        if verdict == "some" and found["pattern"] in ("", "one another"):
            found["advice"] += " The results of the other labels stand."
    return found


def fails(base: BaselineRecord) -> bool:
    """Whether the plain pictures of a label, or of all together, fail nearly always."""
    return base["verdict"] in ("all", "some")


def lines(base: BaselineRecord) -> list[str]:
    """The finding on one line and its likely reason on the next; none where plain pictures do not fail nearly always."""
    return [f"{base['sentence']}.", base["advice"]] if fails(base) else []


# --- labels -------------------------------------------------------------------------------------------------------------


def _label(p: Plain) -> BaselineLabel:
    shares = Counter(p.taken_for).most_common(PREDICTED)
    return {
        "label": p.label,
        **ledger.rate(p.rate),
        "verdict": "failing" if nearly_always(p.rate) else "few" if too_few(p.rate) else "fine",
        "predicted": [{"label": name, "share": k / p.wrong} for name, k in shares],
        "message": _message(p),
    }


def _message(p: Plain) -> str:
    name = quoted(p.label)
    if not p.rate.n:
        return f"no plain picture clearly shows {name}, so nothing is known of it"
    if too_few(p.rate):
        return f"too few plain pictures clearly show {name} for a verdict: {failing(p.rate)}"
    if not nearly_always(p.rate):
        return f"plain {name}: {failing(p.rate)}"
    tops = _tops([p])
    said = f", most often {_said(tops[p.label], p.named)}" if tops else ""
    return f"plain {name} fails nearly always: {failing(p.rate)}{said}"


def _said(answer: str, named: bool) -> str:
    return f"taken for {quoted(answer)}" if named else answer


def _tops(group: Sequence[Plain]) -> dict[str, str]:
    """Label -> what its failures are taken for most often."""
    return {p.label: max(p.taken_for, key=lambda name: p.taken_for[name]) for p in group if p.taken_for}


def _pattern(group: Sequence[Plain], tops: Mapping[str, str], most: bool, interval: Interval) -> Pattern:
    """What the wrong answers have in common, if more than half of them are shown to be their label's most frequent one.

    `most`: at least half of all labels fail. A few labels of many that are hard have wrong answers of their own, too; but if
    they change places, they do so at any number.
    """
    mine = sum(p.taken_for[tops[p.label]] for p in group if p.label in tops)
    if len(tops) < 2 or interval(mine, sum(p.wrong for p in group)).low <= HALF:
        return ""
    answers = set(tops.values())
    if answers == set(tops):
        return "one another"
    if not most:
        return ""
    # an accurate target with its names in another order gives each label an answer of its own; near-synonyms may coincide
    if len(answers) >= NEARLY * len(tops):
        return "own"
    return "few" if 2 * len(answers) <= len(tops) else ""


# --- words --------------------------------------------------------------------------------------------------------------


def _sentence(verdict: Baseline, pooled: Rate, bad: Sequence[Plain], measured: Sequence[Plain], what: str) -> str:
    what = what.capitalize()
    if len(measured) == 1:
        return f"{what} of {quoted(measured[0].label)} fail nearly always: {failing(pooled)}"
    if verdict == "all":
        return f"{what} fail nearly always, over all {len(measured):,} labels: {failing(pooled)}"
    named = few([f"{quoted(p.label)} {failing(p.rate)}" for p in bad], SHOWN)
    return f"{what} of {len(bad):,} of {number(len(measured), 'label')} fail nearly always: {named}"


def _advice(pattern: Pattern, tops: Mapping[str, str], group: Sequence[Plain]) -> str:
    """The likely reason, as far as the answers tell. `group`: the labels that fail."""
    taken = few([f"{label} -> {answer}" for label, answer in tops.items()], SHOWN)
    order = "so the label names are probably not in the order of the target’s outputs"
    if pattern == "one another":
        return f"They are taken for one another ({taken}), {order}."
    if pattern == "own":
        return f"Each is mostly taken for another label of its own ({taken}), {order}."
    if pattern == "few":
        answers = [quoted(name) for name, _ in Counter(tops.values()).most_common()]
        same = f"for {answers[0]}" if len(answers) == 1 else f"for the same few labels ({few(answers, SHOWN)})"
        return (
            f"Whatever they show, they are mostly taken {same}, so the pictures are probably not prepared as the target "
            f"expects: {PREPARATION}."
        )
    alone = len(group) == 1 and tops
    said = f"It is most often {_said(next(iter(tops.values())), group[0].named)}. " if alone else ""
    return (
        f"{said}Usual reasons are label names in another order than the target’s outputs, and pictures that are not prepared "
        f"as it expects ({PREPARATION})."
    )
