"""What an evaluation found: a target on folders of labelled pictures, as numbers, text and tables."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from rich.table import Table
from rich.text import Text

from ..core.records import Rate
from ..stats import clopper_pearson
from ..stats.distance import Distance
from ..store.ledger import finite
from .accept import sentence
from .baseline import Plain, assess, lines
from .frames import pandas
from .plain import for_terminal as plain
from .records import AcceptRecord, BaselineRecord
from .words import cells, few, number, rate, shown

WORST = 12
"""Classes and groups that a table shows."""


@dataclass(frozen=True, slots=True)
class ClassRow:
    """A label of the folder: which of the target's labels are right, how often it errs, what it says instead, how many answers
    are right only thanks to the accept-set."""

    label: str
    right: tuple[str, ...]
    error: Rate
    taken_for: tuple[tuple[str, int], ...]
    forgiven: int = 0


@dataclass(frozen=True, slots=True)
class Confidence:
    """Means of the greatest probability, over right and wrong answers (nan where there is none), and how far it is from the
    share of right answers (expected calibration error, 15 equal bins)."""

    right: float
    wrong: float
    calibration_error: float

    def to_dict(self) -> dict[str, float | None]:
        numbers = {"right": self.right, "wrong": self.wrong, "calibration_error": self.calibration_error}
        return {name: finite(value) for name, value in numbers.items()}

    @property
    def means(self) -> tuple[str, str]:
        """Where right, where wrong; "-" where there is none."""
        right, wrong = ("-" if finite(mean) is None else f"{mean:.2f}" for mean in (self.right, self.wrong))
        return right, wrong

    def __str__(self) -> str:
        parts = [f"{mean} where {what}" for mean, what in zip(self.means, ("right", "wrong"), strict=True) if mean != "-"]
        return f"confidence {', '.join(parts)}, calibration error {self.calibration_error:.3f}"


@dataclass(frozen=True, slots=True)
class Evaluation:
    """A target on one folder. `error`: Clopper-Pearson; it speaks of pictures like these, drawn independently."""

    target: str
    images: str
    error: Rate
    classes: tuple[ClassRow, ...]
    groups: Mapping[str, Rate]
    confidence: Confidence | None
    distance: Distance | None
    found: int
    """Pictures in the folder, before `limit` and what follows."""
    unlabelled: int
    unknown: Mapping[str, int]
    """Pictures by label that the target does not know."""
    unreadable: Mapping[str, str]
    """The first few by file, and why; `unread` is their number."""
    unread: int
    unanswered: int
    accept: AcceptRecord
    """What counts as right besides the label."""
    options: Mapping[str, Any] = field(default_factory=dict)
    name: str = ""
    """What people call the target."""
    passed_over: Mapping[str, int] = field(default_factory=dict)
    """Files of pictures of a kind that is not read, by ending; `found` does not count them."""
    guess: float = 0.0
    """How often a guess among the target's labels is right."""

    @property
    def baseline(self) -> BaselineRecord:
        """Whether the pictures fail nearly always, which is a mistake of the set-up more often than of the target."""
        found = [Plain(c.label, c.error, dict(c.taken_for)) for c in self.classes]
        return assess(found, clopper_pearson, self.guess, what="pictures")

    def alarms(self) -> list[str]:
        """The finding of `baseline`, if there is one. A few hard labels of many are for the table."""
        base = self.baseline
        if base["verdict"] != "all" and not base["pattern"]:
            return []
        said = plain(" ".join(lines(base)))
        return [f"{said} Pictures that were chosen because they fool the target fail nearly always, too."]

    @property
    def strict(self) -> Rate:
        """The error where only the label itself is right."""
        return clopper_pearson(self.error.k + self.accept["forgiven"], self.error.n)

    def to_dict(self) -> dict[str, Any]:
        """Plain values, as JSON holds them."""
        return {
            "target": self.target,
            "name": self.name,
            "images": self.images,
            **_rate(self.error),
            "accept": dict(self.accept),
            "strict": _rate(self.strict),
            "classes": [_class(c) for c in self.classes],
            "groups": [{"group": name, **_rate(r)} for name, r in self.groups.items()],
            "confidence": self.confidence.to_dict() if self.confidence else None,
            "distance": None if self.distance is None else self.distance.to_dict(),
            "found": self.found,
            "unlabelled": self.unlabelled,
            "unknown": dict(self.unknown),
            "passed_over": dict(self.passed_over),
            "unread": self.unread,
            "unreadable": dict(self.unreadable),
            "unanswered": self.unanswered,
            "options": dict(self.options),
            "baseline": {key: value for key, value in self.baseline.items() if key != "labels"},
        }

    def to_frame(self) -> Any:
        """One row per class as a pandas DataFrame."""
        rows = [{**row, "taken_for": row["taken_for"][0][0] if row["taken_for"] else None} for row in self.to_dict()["classes"]]
        return pandas("evaluation.to_frame()").DataFrame(rows)

    def sentences(self) -> list[str]:
        """What was excluded, and what the numbers are about."""
        lines = [sentence(self.accept)]
        if self.accept["forgiven"]:
            lines[0] += f" Without it: {rate(self.strict, 'wrong')}."
        if self.unknown:
            first = few([plain(name) for name in self.unknown], 4)
            lines.append(
                f"{number(len(self.unknown), 'label')} ({number(sum(self.unknown.values()), 'picture')}) left out, because the "
                f"target does not know them: {first}."
            )
        if self.unlabelled:
            lines.append(f"{number(self.unlabelled, 'picture')} without a label left out.")
        if self.passed_over:
            kinds = ", ".join(f"{ending} ({n})" for ending, n in self.passed_over.items())
            lines.append(f"{number(sum(self.passed_over.values()), 'file')} with other endings passed over: {kinds}.")
        if self.unread:
            file, reason = next(iter(self.unreadable.items()))
            lines.append(f"{number(self.unread, 'picture')} could not be read, such as {plain(file)} ({plain(reason)}).")
        if self.unanswered:
            lines.append(f"{number(self.unanswered, 'picture')} without an answer left out.")
        if self.options.get("subset"):
            lines.append("The target chose among the folder's classes only.")
        if self.confidence is None:
            lines.append("The scores are not probabilities, so confidence and calibration are not reported.")
        if self.distance:
            lines.append(f"Distance to {plain(str(self.options.get('reference')))}: {self.distance}.")
        return lines

    def table(self) -> Table:
        """The classes with the most errors, and the groups where there are several."""
        made = Table("label", "wrong", "error", "95 % CI", "taken for", title_justify="left")
        for name, r in self._worst_groups():
            made.add_row(Text(f"[{plain(name)}]"), *cells(r), "")
        for c in sorted(self.classes, key=lambda c: (-c.error.value if c.error.n else 1.0, c.label))[:WORST]:
            instead = ", ".join(f"{plain(name)} ({k})" for name, k in c.taken_for[:2])
            made.add_row(Text(plain(c.label)), *cells(c.error), Text(instead))
        return made

    def _worst_groups(self) -> list[tuple[str, Rate]]:
        worst = sorted(self.groups.items(), key=lambda x: (-x[1].value if x[1].n else 1.0, x[0]))
        return worst[:WORST] if len(worst) > 1 else []

    def __str__(self) -> str:
        what = f"{plain(self.name or self.target)} on {plain(self.images)}"
        confidence = f"; {self.confidence}" if self.confidence else ""
        said = [*self.alarms(), f"{what}: {rate(self.error, 'wrong')}{confidence}.", *self.sentences()]
        return "\n".join([*said, shown(self.table())])


@dataclass(frozen=True, slots=True)
class Comparison:
    """How hard several folders are, and how far from the reference."""

    rows: tuple[Evaluation, ...]

    def to_dict(self) -> dict[str, Any]:
        return {"evaluations": [row.to_dict() for row in self.rows]}

    def to_frame(self) -> Any:
        """One row per evaluation as a pandas DataFrame."""
        rows = []
        for e in self.rows:
            made = {k: v for k, v in e.to_dict().items() if k in ("target", "images", "wrong", "n", "error", "low", "high")}
            c, d = e.confidence, e.distance
            made |= {f"confidence_{k}": getattr(c, k, None) for k in ("right", "wrong")}
            made |= {"calibration_error": c.calibration_error if c else None}
            made |= {k: getattr(d, k, None) for k in ("kernel", "kernel_se", "frechet")} | {"reference_n": d.m if d else None}
            rows.append(made)
        return pandas("comparison.to_frame()").DataFrame(rows)

    def sentences(self) -> list[str]:
        lines = []
        if len({tuple(c.label for c in e.classes) for e in self.rows}) > 1:
            lines.append("The folders have different labels, which may explain part of a difference in error.")
        distances = [e.distance for e in self.rows if e.distance]
        if len({d.space for d in distances}) > 1:
            lines.append("The distances are in different spaces and cannot be compared.")
        if len({d.n for d in distances}) > 1:
            lines.append(
                "The Frechet distance is biased upwards, more so with fewer pictures: compare the kernel distances here."
            )
        if len({(e.options.get("subset"), str(_set(e.accept)), e.options.get("top_k")) for e in self.rows}) > 1:
            lines.append("What counts as right differs between the rows (subset, accept, top_k).")
        return lines

    def table(self) -> Table:
        far = any(e.distance for e in self.rows)
        made = Table("pictures", "target", "wrong", "error", "95 % CI", "confidence right / wrong", "calibration")
        for name in ("kernel distance (se)", "Frechet", "n, reference") if far else ():
            made.add_column(name)
        for e in self.rows:
            c, d = e.confidence, e.distance
            more = [" / ".join(c.means), f"{c.calibration_error:.3f}"] if c else ["-", "-"]
            if far:
                more += [f"{d.kernel:.4g} ({d.kernel_se:.2g})", f"{d.frechet:.4g}", f"{d.n:,}, {d.m:,}"] if d else ["-"] * 3
            made.add_row(Text(plain(e.images)), Text(plain(e.name or e.target)), *cells(e.error), *more)
        return made

    def __str__(self) -> str:
        return "\n".join([shown(self.table()), *self.sentences()])


def _class(c: ClassRow) -> dict[str, Any]:
    found = {"label": c.label, "right": list(c.right), **_rate(c.error), "taken_for": [list(x) for x in c.taken_for]}
    return found | {"forgiven": c.forgiven}


def _set(a: AcceptRecord) -> tuple[str, dict[str, list[str]]]:
    return a["set"], a["further"]


def _rate(r: Rate) -> dict[str, Any]:
    return {"wrong": r.k, "n": r.n, "error": r.value if r.n else None, "low": r.low, "high": r.high}
