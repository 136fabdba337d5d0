"""What a transfer found: models x bugs, as numbers, text, JSON and one HTML page."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from rich.table import Table
from rich.text import Text

from .. import stats
from ..core.errors import StoreError
from ..core.records import Estimate, Rate
from ..core.texts import writable
from ..store.album import Shot
from ..store.ledger import estimate, finite
from .accept import sentence
from .baseline import lines
from .frames import pandas
from .html import frame, render
from .plain import for_terminal as plain
from .records import AcceptRecord, BaselineRecord
from .words import count, interval, listed, number, rate, shown

LEVEL = 0.95
SETS = {
    "plain": "plain pictures",
    "chance": "plain pictures that fool the run’s target",
    "bugs": "pictures of its bugs that fool it",
    "all": "all pictures that fool it",
}
"""What every model is shown, whatever the bug; "chance" are the failures on plain pictures."""
MARKS = {-1: "fails less", 1: "fails more"}


@dataclass(frozen=True, slots=True)
class BugRow:
    """A bug and its pictures. `verdict`: all that its verdict rests on, right or wrong; `later`: of the same prompt, generated
    after it was confirmed (to explain it); `plain`: what it is compared with; `own`: the rate in the report; `same_as`: the id
    of the bug into which it is folded, because they have one cause."""

    id: str
    label: str
    sentence: str
    prompt: str
    compared_with: str
    verdict: tuple[Shot, ...]
    later: tuple[Shot, ...]
    plain: tuple[Shot, ...]
    own: Rate
    same_as: str | None = None


@dataclass(frozen=True, slots=True)
class Cell:
    """One model on one bug. p-values are exact; `*_adjusted`: Holm's correction over all cells of other models.

    `tests` are on the `later` pictures where there are any, else on those of the verdict, which were selected because the run's
    own target fails on them. `p_rise`: fails more than on plain pictures (Fisher, one-sided); `p_differs`: fails more
    or less than the run's own on the same pictures (McNemar).
    """

    rate: Rate
    later: Rate
    baseline: Rate
    carried: Rate
    """Of the failures of the run's own target behind the verdict, those that this model gets wrong too."""
    tests: str
    rise: Estimate
    p_rise: float
    only_own: int
    only_this: int
    difference: Estimate
    p_differs: float
    p_rise_adjusted: float = float("nan")
    p_differs_adjusted: float = float("nan")

    @classmethod
    def of(cls, row: BugRow, wrong: Mapping[str, bool]) -> "Cell":
        """`wrong`: what a model gets wrong, by picture, as far as it answered."""

        def failing(part: Sequence[Shot]) -> Rate:
            return stats.clopper_pearson(sum(wrong[x.key] for x in part), len(part), LEVEL)

        verdict, later, neutral = ([x for x in part if x.key in wrong] for part in (row.verdict, row.later, row.plain))
        fooled = [x for x in verdict if x.wrong]
        tested = later or verdict
        rate, baseline = failing(tested), failing(neutral)
        pairs = [(x.wrong, wrong[x.key]) for x in tested]
        only_own, only_this = pairs.count((True, False)), pairs.count((False, True))
        return cls(
            rate=failing(verdict),
            later=failing(later),
            baseline=baseline,
            carried=failing(fooled),
            tests="later" if later else "verdict",
            rise=stats.newcombe(rate.k, rate.n, baseline.k, baseline.n, LEVEL),
            p_rise=stats.fisher(rate.k, rate.n, baseline.k, baseline.n) if rate.n and baseline.n else 1.0,
            only_own=only_own,
            only_this=only_this,
            difference=stats.paired_difference(only_own, only_this, len(pairs), LEVEL),
            p_differs=stats.mcnemar(only_own, only_this),
        )

    def to_dict(self) -> dict[str, Any]:
        """The adjusted p-values are null for the run's own target: it is not tested against itself."""
        return {
            **_rate(self.rate),
            "later": _rate(self.later),
            "baseline": _rate(self.baseline),
            "carried": _rate(self.carried),
            "rise": estimate(self.rise),
            "difference": estimate(self.difference),
            "tests": self.tests,
            "p_rise": self.p_rise,
            "only_own": self.only_own,
            "only_this": self.only_this,
            "p_differs": self.p_differs,
            "p_rise_adjusted": finite(self.p_rise_adjusted),
            "p_differs_adjusted": finite(self.p_differs_adjusted),
        }


@dataclass(frozen=True, slots=True)
class Column:
    """One model. `cells` by bug id (None: it does not know the label), `baselines` by label, `sets` by name (`SETS`), `wrong`
    by the key of a picture, as far as it answered. `baseline`: whether its plain pictures fail nearly always; None where there
    are none. `name`: what people call it."""

    model: str
    own: bool
    cells: Mapping[str, Cell | None]
    baselines: Mapping[str, Rate]
    sets: Mapping[str, Rate]
    wrong: Mapping[str, bool]
    unanswered: int
    name: str = ""
    baseline: BaselineRecord | None = None
    accept: AcceptRecord | None = None
    """What counted as right; None for the run's own target, whose report says it."""

    @property
    def adversarial(self) -> Rate:
        """On all pictures of the run that fool its own target."""
        return self.sets["all"]

    def given(self, name: str) -> bool:
        """Is this rate 1 by construction?"""
        return self.own and name != "plain"


@dataclass(frozen=True, slots=True)
class Transfer:
    """Failure rates of several models on the pictures of one run. The first column is the run's own target; `bugs`: each
    confirmed description, those that are folded into another last."""

    run: Path
    columns: tuple[Column, ...]
    bugs: tuple[BugRow, ...]
    alpha: float
    notes: tuple[str, ...]
    shown: tuple[Shot, ...] = ()
    """The pictures, as `pictures()` lists them."""

    @property
    def models(self) -> tuple[str, ...]:
        """Their ids."""
        return tuple(c.model for c in self.columns)

    @property
    def distinct(self) -> tuple[BugRow, ...]:
        """Each cause once: what is counted."""
        return tuple(b for b in self.bugs if not b.same_as)

    def called(self, column: Column) -> str:
        """What people call a model; its id where two have the same name, or none is known."""
        alone = [c.name for c in self.columns].count(column.name) == 1
        return plain(column.name if column.name and alone else column.model)

    def cell(self, model: str, bug: str) -> Cell | None:
        """None where the model does not know the bug's label. Raises KeyError for names that are not there."""
        return {c.model: c for c in self.columns}[model].cells[bug]

    def pictures(self) -> list[dict[str, Any]]:
        """Each picture that shows its label: what it is (as in `run.samples()`), and `wrong`: by model id, whether the model
        errs; None where it gave no answer."""
        return [
            {
                "label": x.sample.prompt.label,
                "description": x.sample.prompt.description,
                "prompt": x.sample.prompt.text,
                "purpose": x.sample.purpose,
                "replicate": x.sample.replicate,
                "seed": x.sample.seed,
                "image": x.image,
                "wrong": {c.model: c.wrong.get(x.key) for c in self.columns},
            }
            for x in self.shown
        ]

    def tested(self) -> "Transfer":
        """With p-values adjusted over all cells of the other models, each kind of test a family of its own."""
        places = [(i, id) for i, c in enumerate(self.columns) if not c.own for id, cell in c.cells.items() if cell]
        cells: list[Cell] = [c for i, id in places if (c := self.columns[i].cells[id]) is not None]
        rises, differs = (stats.holm([getattr(c, name) for c in cells]) for name in ("p_rise", "p_differs"))
        new: list[dict[str, Cell | None]] = [dict(c.cells) for c in self.columns]
        for (i, id), cell, a, b in zip(places, cells, rises, differs, strict=True):
            new[i][id] = replace(cell, p_rise_adjusted=float(a), p_differs_adjusted=float(b))
        return replace(self, columns=tuple(replace(c, cells=n) for c, n in zip(self.columns, new, strict=True)))

    # --- in words -----------------------------------------------------------------------------------------------------

    def has(self, cell: Cell) -> bool:
        """Does this model fail on the bug's prompt more than on plain pictures?"""
        return bool(cell.p_rise_adjusted <= self.alpha)

    def differs(self, cell: Cell) -> int:
        """-1 or 1 where it fails less or more than the run's own target on the same pictures, 0 where that is not shown."""
        return int(np.sign(cell.only_this - cell.only_own)) if cell.p_differs_adjusted <= self.alpha else 0

    def alarms(self) -> list[str]:
        """Models whose plain pictures fail nearly always, and the likely reason of each: what else is said of them means
        little."""
        found = [(self.called(c), lines(c.baseline)) for c in self.columns if c.baseline]
        return [f"{name}: {plain(' '.join(said))}" for name, said in found if said]

    def sentences(self) -> list[str]:
        """A summary of each other model, then what is to be known of it."""
        return [*(self._sentence(c) for c in self.columns if not c.own), *map(plain, self.notes)]

    def _sentence(self, c: Column) -> str:
        fooled, what = (c.sets["bugs"], "pictures of the bugs") if self.bugs else (c.sets["all"], "pictures")
        said = f"{self.called(c)}: {rate(fooled, what + ' that fool the run’s target fool it too')}"
        if self.bugs and c.sets["chance"].n:
            said += f"; of plain pictures that fool the run’s target, {count(c.sets['chance'])}"
        if cells := [cell for b in self.distinct if (cell := c.cells[b.id])]:
            said += f"; it shares {sum(map(self.has, cells))} of {number(len(cells), 'bug')}"
            less, more = (sum(self.differs(cell) == sign for cell in cells) for sign in (-1, 1))
            said += f", fails less on {less}" if less else ""
            said += f", more on {more}" if more else ""
        return said + "." + (f" {plain(sentence(c.accept))}" if c.accept else "")

    def caveats(self) -> list[str]:
        """What the numbers mean; the same for every transfer, as far as it applies."""
        own = self.called(self.columns[0])
        lines = [
            f"These pictures were chosen because they fool {own}, so {own} fails on all of them by construction; that says "
            "nothing about how hard the prompts are. How many of them fool another model is a fair figure."
        ]
        if self.bugs:
            lines += [
                f"A rate counts all pictures behind the verdict, right or wrong. A bug is listed because {own} failed on just "
                "these pictures: its own rate is too high on average and so, to a lesser degree, is the rate of a model that "
                "fails on the same pictures.",
                "“Carried over” takes the pictures that fooled the run’s target as given: selecting the bug by them does "
                "not flatter it.",
                f"The tests (shared, fails less, fails more: Holm’s correction over all cells, level {self.alpha:g}) use the "
                "pictures generated after the verdict where there are any (later, ↻); otherwise those of the verdict, on which "
                "“fails less” comes too easily.",
            ]
        if len(self.distinct) < len(self.bugs):
            lines.append("A description with the same cause as another bug is tested by itself and not counted as a bug.")
        return lines

    # --- out ----------------------------------------------------------------------------------------------------------

    def to_dict(self) -> dict[str, Any]:
        """Plain values, as transfer.json has them; rates in [0, 1], counts are pictures."""
        return {
            "run": str(self.run),
            "alpha": self.alpha,
            "models": [
                {
                    "model": c.model,
                    "name": c.name,
                    "own": c.own,
                    "unanswered": c.unanswered,
                    "accept": c.accept,
                    "adversarial": _rate(c.adversarial) | ({"by_construction": True} if c.own else {}),
                    "sets": {name: _rate(r) | {"by_construction": c.given(name)} for name, r in c.sets.items()},
                    "baseline": c.baseline,
                    "baselines": [{"label": label, **_rate(r)} for label, r in c.baselines.items()],
                    "bugs": [
                        {"id": id, **cell.to_dict(), "shares": self.has(cell), "differs": self.differs(cell)}
                        if cell
                        else {"id": id, "n": None}
                        for id, cell in c.cells.items()
                    ],
                }
                for c in self.columns
            ],
            "bugs": [
                {
                    "id": b.id,
                    "label": b.label,
                    "sentence": b.sentence,
                    "prompt": b.prompt,
                    "same_as": b.same_as,
                    "compared_with": b.compared_with,
                    "verdict_pictures": len(b.verdict),
                    "later_pictures": len(b.later),
                    "reported": _rate(b.own),
                }
                for b in self.bugs
            ],
            "sentences": self.sentences(),
            "notes": list(self.notes),
            "caveats": self.caveats(),
        }

    def to_frame(self) -> Any:
        """One row per bug and model as a pandas DataFrame; rows without a bug are on whole sets of pictures (`SETS`)."""
        rows = [row for c in self.columns for row in (*(self._row(b, c) for b in self.bugs), *_set_rows(c))]
        return pandas("transfer.to_frame()").DataFrame(rows)

    def _row(self, b: BugRow, c: Column) -> dict[str, Any]:
        made: dict[str, Any] = {"model": c.model, "own": c.own, "bug": b.id, "sentence": b.sentence, "label": b.label}
        if cell := c.cells[b.id]:
            made |= {**_rate(cell.rate), "shares": self.has(cell), "differs": self.differs(cell)}
            for name, part in (("later", cell.later), ("baseline", cell.baseline), ("carried", cell.carried)):
                made |= {f"{name}_failures": part.k, f"{name}_n": part.n}
            made |= {k: getattr(cell, k) for k in ("tests", "p_rise_adjusted", "p_differs_adjusted")}
        return made

    def table(self) -> Table:
        """Rows: sets of pictures, then bugs, with the plain label's rate in each cell; columns: models."""
        made = Table("pictures", title_justify="left", show_lines=True)
        for c in self.columns:
            made.add_column(Text(self.called(c) + (" (the run’s target)" if c.own else "")))
        for name, text in SETS.items():
            made.add_row(Text(text), *(Text(_short(c.sets[name], c.given(name))) for c in self.columns))
        if self.bugs:
            made.add_section()
        for b in self.bugs:
            same = f" (the same cause as bug {b.same_as})" if b.same_as else ""
            made.add_row(Text(f"{b.id}. {plain(b.sentence)}{same}"), *(Text(self._cell(b, c)) for c in self.columns))
        return made

    def _cell(self, bug: BugRow, column: Column) -> str:
        cell = column.cells[bug.id]
        if cell is None:
            return "-"
        lines = [_short(bug.own if column.own else cell.rate), f"plain {count(cell.baseline)}"]
        if cell.later.n:
            lines.append(f"later {count(cell.later)}")
        if not column.own:
            lines += [f"carried over {count(cell.carried)}", *self.marks(cell)]
        return "\n".join(lines)

    def marks(self, cell: Cell) -> list[str]:
        """ "shared", "fails less", "fails more", as far as the tests go."""
        differs = self.differs(cell)
        return [*(["shared"] if self.has(cell) else []), *([MARKS[differs]] if differs else [])]

    def __str__(self) -> str:
        return "\n".join([*self.alarms(), shown(self.table()), *self.sentences(), *self.caveats()])

    def page(self) -> str:
        """One HTML file that opens from disk: no script, no outside address."""
        labels = sorted({label for c in self.columns for label in c.baselines})
        ids = listed(f"{self.called(c)}: {plain(c.model)}" for c in self.columns)
        return render("transfer.html", t=self, sets=SETS, plain=plain, labels=labels, ids=ids)

    def _repr_html_(self) -> str:
        return frame(self.page(), height=520)

    def write(self, folder: Path | str) -> Path:
        """transfer.json and transfer.html in `folder`; returns the page's path. Raises StoreError."""
        path = Path(folder)
        try:
            path.mkdir(parents=True, exist_ok=True)
            text = json.dumps(self.to_dict(), ensure_ascii=False, indent=1, allow_nan=False)
            (path / "transfer.json").write_text(writable(text, len(text)), encoding="utf-8")
            (path / "transfer.html").write_text(self.page(), encoding="utf-8")
        except OSError as error:
            raise StoreError(f"cannot write {str(folder)!r}: {error.strerror or error}") from error
        return path / "transfer.html"


def _set_rows(c: Column) -> list[dict[str, Any]]:
    return [{"model": c.model, "own": c.own, "bug": None, "sentence": SETS[k], **_rate(r)} for k, r in c.sets.items()]


def _rate(r: Rate) -> dict[str, Any]:
    """As JSON has it; the rate of nothing is null."""
    return {"failures": r.k, "n": r.n, "rate": r.value if r.n else None, "low": r.low, "high": r.high}


def _short(r: Rate, given: bool = False) -> str:
    return f"{count(r)}, {'by construction' if given else interval(r, '-')}" if r.n else "no pictures"
