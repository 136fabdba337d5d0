"""What a run found, as Python objects; they show themselves in a notebook."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .. import report
from ..report import baseline
from ..report.folding import by_home, under
from ..report.frames import pandas
from ..report.plain import for_terminal
from ..report.records import BugRecord, Report
from ..report.words import called, count, failing, points
from ..store.folder import Store
from ..store.ledger import EstimateNote
from .explain import choose
from .explain import explain as explain_folder


@dataclass(frozen=True, slots=True)
class Bug:
    """A confirmed bug. `low`, `high`: 95 % interval of the failure rate; `record` has everything else (report.json).

    `also`: the other confirmed descriptions with its cause; they count as one bug.
    """

    label: str
    description: str
    sentence: str
    failures: int
    n: int
    low: float
    high: float
    baseline_failures: int
    baseline_n: int
    predicted: str
    e_value: float
    record: BugRecord
    also: tuple["Bug", ...] = ()

    @property
    def rate(self) -> float:
        return self.failures / self.n if self.n else float("nan")

    @property
    def baseline_rate(self) -> float:
        return self.baseline_failures / self.baseline_n if self.baseline_n else float("nan")

    @property
    def number(self) -> str:
        """In the report: "3"; "3.1" is a sharper description inside bug 3."""
        return self.record["id"]

    @property
    def why(self) -> list[str]:
        """The explanation in sentences; empty where it is not explained yet."""
        return list(self.record["explanation"]["sentences"]) if self.record["explanation"] else []

    @property
    def minimal_description(self) -> str | None:
        """The phrases that are enough, where that is known."""
        return self.record["minimal_description"]

    def counterfactuals(self) -> Any:
        """Each change on the same seeds as a pandas DataFrame: failures of n, before and after, effect, p-values."""
        rows = [
            {
                "change": c["change"],
                "phrase": c["phrase"],
                "replacement": c["replacement"],
                "sentence": c["sentence"],
                "failures": c["failures"],
                "n": c["n"],
                "rate": c["rate"],
                "low": c["low"],
                "high": c["high"],
                "failures_before": c["before"]["failures"],
                "n_before": c["before"]["n"],
                "effect": c["effect"]["value"],
                "effect_low": c["effect"]["low"],
                "effect_high": c["effect"]["high"],
                "p_value": c["p_value"],
                "p_adjusted": c["p_adjusted"],
                "mends": c["mends"],
            }
            for c in self.record["counterfactuals"]
        ]
        return pandas("bug.counterfactuals()").DataFrame(rows)

    def __str__(self) -> str:
        base = f"{self.record['besides']} {count(self.record['baseline'])}"
        return for_terminal(f"{called(self.record)}: {failing(self.record)}, {base}")


def _bug(b: BugRecord, also: Sequence[Bug] = ()) -> Bug:
    base = b["baseline"]
    return Bug(
        b["label"], b["description"], b["sentence"], b["failures"], b["n"], b["low"], b["high"],
        base["failures"], base["n"], b["predicted"][0]["label"] if b["predicted"] else "", b["e_value"], b, tuple(also),
    )  # fmt: skip


class Run:
    """A run folder, finished or not. Shows itself in a notebook."""

    def __init__(self, path: Path) -> None:
        self.path = path
        with Store.open(path) as store:
            self.report: Report = report.build(store)

    @property
    def bugs(self) -> list[Bug]:
        """Confirmed bugs, the largest rise in failure rate first; each cause once, with the descriptions that have it."""
        homes = by_home(self.report["folded"])
        return [_bug(b, [_bug(other) for other in under(b, homes)]) for b in self.report["bugs"]]

    def choose(self, bugs: Sequence[str | float] | str | float = ()) -> list[BugRecord]:
        """Records of bugs by number in the report, description or sentence; by default those that are not explained yet.

        Raises SpecError that names the nearest.
        """
        return choose([*self.report["bugs"], *self.report["folded"]], bugs, self.path)

    def explain(self, bugs: Sequence[str | float] | str | float = (), **options: Any) -> "Run":
        """`workflows.explain.explain` of this run, and the run with what was found."""
        explain_folder(self.path, bugs, **options)
        return load(self.path)

    def samples(self) -> Any:
        """Every picture of the run as a pandas DataFrame: prompt, seed, status, prediction, caption, image path."""
        frames = pandas("run.samples()")
        with Store.open(self.path) as store:
            rows = report.rows(store)
        return frames.DataFrame(rows, columns=report.COLUMNS)

    def write_report(self) -> Path:
        """Make report.json and report.html again; returns the page's path."""
        with Store.open(self.path) as store:
            self.report = report.write(store)
        return self.path / "report.html"

    def page(self) -> str:
        """The page of the report, written nowhere."""
        with Store.open(self.path) as store:
            return report.page(self.report, store)

    def __repr__(self) -> str:
        found = f"{len(self.report['bugs'])} bugs, {self.report['images_generated']} pictures"
        warned = " ".join([*baseline.lines(self.report["baseline"]), found])
        return for_terminal(f"<bugscope.Run {str(self.path)!r}: {warned}>")

    def _repr_html_(self) -> str:
        with Store.open(self.path) as store:
            return report.frame(report.page(self.report, store))


@dataclass(frozen=True, slots=True)
class Answer:
    """What fresh pictures say of one probed prompt. Intervals: 95 %, at every look at once."""

    prompt: str
    compared_with: str
    label: str
    confirmed: bool
    verdict: str
    failures: int
    n: int
    low: float
    high: float
    baseline_failures: int
    baseline_n: int
    rise: EstimateNote
    predicted: str
    e_value: float
    record: BugRecord

    def __str__(self) -> str:
        wrong = f" -> {self.predicted}" if self.predicted else ""
        rise = f"rise {points(self.rise['low'])} to {points(self.rise['high'])} points"
        base = f"{self.record['besides']} {count(self.record['baseline'])}"
        return for_terminal(f"{self.prompt}{wrong}: {failing(self.record)}, {base}; {rise}: {self.verdict}")


class Probe(Run):
    """The answers to `bugscope.probe`, and the folder with their pictures."""

    @property
    def answers(self) -> list[Answer]:
        """One for each prompt, in the order in which they were asked."""
        return [
            Answer(
                p["prompt"], p["compared_with"], p["label"], p["verdict"] == "confirmed", p["reason"], p["failures"], p["n"],
                p["low"], p["high"], p["baseline"]["failures"], p["baseline"]["n"], p["rise"],
                p["predicted"][0]["label"] if p["predicted"] else "", p["e_value"], p,
            )
            for p in self.report["probed"]
        ]  # fmt: skip

    def __repr__(self) -> str:
        return "\n".join(map(for_terminal, [*baseline.lines(self.report["baseline"]), *map(str, self.answers)]))


def load(path: Run | Path | str) -> Run:
    """Open an existing run folder, finished or not; that of a probe is a `Probe`. Raises StoreError if it holds no run."""
    folder = path.path if isinstance(path, Run) else Path(path)
    with Store.open(folder) as store:
        kind = store.identity().get("kind")
    return Probe(folder) if kind == "probe" else Run(folder)


def explain(run: Run | Path | str, bugs: Sequence[str | float] | str | float = (), **options: Any) -> Run:
    """Explain bugs of a run more thoroughly than the hunt did; returns the run with the explanations.

    `run`: a run or its folder. `bugs`: numbers in the report (3, "3.1") or descriptions; by default every bug without an
    explanation, but none that is folded into another. `options`: as in `bugscope.workflows.explain.explain`, such as `pairs`
    (same-seed pictures of each change) and `budget` (pictures per bug, at most). Raises SpecError, ModelError,
    MissingDependency, StoreError.
    """
    return (run if isinstance(run, Run) else load(run)).explain(bugs, **options)
