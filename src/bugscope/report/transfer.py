"""What a transfer found: models x bugs, as numbers, text, JSON and one HTML page."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from rich.table import Table
from rich.text import Text

from .. import stats
from ..core.errors import StoreError
from ..core.records import Estimate, Rate
from ..store.ledger import finite
from .frames import pandas
from .html import frame, template
from .words import plain, said, shown

LEVEL = 0.95
SETS = {
    "plain": "plain pictures",
    "chance": "plain pictures that fool the run’s own",
    "bugs": "pictures of its bugs that fool it",
    "all": "all pictures that fool it",
}
"""What every model is shown, whatever the bug; "chance" are the failures that plain pictures give at random."""


@dataclass(frozen=True, slots=True)
class BugRow:
    """A bug and the pictures that stand for it. `verdict`: all that its verdict rests on, right or wrong; `later`: of the same
    prompt, drawn after it was confirmed (to explain it); `plain`: what it is compared with; `own`: the rate in the report."""

    id: str
    label: str
    sentence: str
    prompt: str
    compared_with: str
    verdict: tuple[Any, ...]
    later: tuple[Any, ...]
    plain: tuple[Any, ...]
    own: Rate


@dataclass(frozen=True, slots=True)
class Cell:
    """One model on one bug. p-values: exact; `*_adjusted`: Holm over all cells of other models.

    `tests` are on the `later` pictures where there are any, else on those of the verdict, which were chosen because the run's
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

        def failing(part: Sequence[Any]) -> Rate:
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
        values = {
            k: v for k, v in asdict(self).items() if k not in ("rate", "later", "baseline", "carried", "rise", "difference")
        }
        return {
            **rate(self.rate),
            "later": rate(self.later),
            "baseline": rate(self.baseline),
            "carried": rate(self.carried),
            "rise": finite(asdict(self.rise)),
            "difference": finite(asdict(self.difference)),
            **{k: finite({k: v})[k] if isinstance(v, float) else v for k, v in values.items()},
        }


@dataclass(frozen=True, slots=True)
class Column:
    """One model. `cells` by bug id (None: it does not know the label), `baselines` by label, `sets` by name (`SETS`), `wrong`
    by the key of a picture, as far as it answered."""

    model: str
    own: bool
    cells: Mapping[str, Cell | None]
    baselines: Mapping[str, Rate]
    sets: Mapping[str, Rate]
    wrong: Mapping[str, bool]
    unanswered: int

    @property
    def adversarial(self) -> Rate:
        """On all pictures of the run that fool its own target."""
        return self.sets["all"]

    def given(self, name: str) -> bool:
        """Is this rate 1 by construction?"""
        return self.own and name != "plain"


@dataclass(frozen=True, slots=True)
class Transfer:
    """Failure rates of several models on the pictures of one run. The first column is the run's own target."""

    run: Path
    columns: tuple[Column, ...]
    bugs: tuple[BugRow, ...]
    alpha: float
    notes: tuple[str, ...]
    shown: tuple[Any, ...] = ()
    """The pictures, as `pictures()` lists them."""

    @property
    def models(self) -> tuple[str, ...]:
        return tuple(c.model for c in self.columns)

    def cell(self, model: str, bug: str) -> Cell | None:
        """None where the model does not know the bug's label. Raises KeyError for names that are not there."""
        return {c.model: c for c in self.columns}[model].cells[bug]

    def pictures(self) -> list[dict[str, Any]]:
        """Each picture that shows its label: what it is (as in `run.samples()`), and `wrong`: by model, whether it errs, None
        where it gave no answer."""
        return [
            {
                **{k: getattr(x.sample.prompt, k) for k in ("label", "description")},
                "prompt": x.sample.prompt.text,
                **{k: getattr(x.sample, k) for k in ("purpose", "replicate", "seed")},
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

    def sentences(self) -> list[str]:
        """A summary of each other model, then what is to be known of it."""
        lines = []
        for c in self.columns:
            if c.own:
                continue
            cells = [cell for cell in c.cells.values() if cell]
            fooled, what = (c.sets["bugs"], "pictures of the bugs") if self.bugs else (c.sets["all"], "pictures")
            found = f"{plain(c.model)}: {said(fooled, what + ' that fool the run’s target fool it too')}"
            if self.bugs and c.sets["chance"].n:
                found += f", of plain pictures that fool it {c.sets['chance'].k:,} of {c.sets['chance'].n:,}"
            if cells:
                found += f"; it shares {sum(map(self.has, cells))} of {len(cells)} bugs"
                less, more = (sum(self.differs(cell) == sign for cell in cells) for sign in (-1, 1))
                found += f", fails less on {less}" if less else ""
                found += f", more on {more}" if more else ""
            lines.append(found + ".")
        return [*lines, *map(plain, self.notes)]

    def caveats(self) -> list[str]:
        """What the numbers mean; the same for every transfer, as far as it applies."""
        own = plain(self.columns[0].model)
        lines = [
            f"Pictures that fool {own} were chosen for that: 100 % for it by construction, and no measure of how hard such "
            "prompts are. How many fool another model is a fair figure.",
        ]
        if self.bugs:
            lines += [
                f"A rate is on all pictures behind the verdict, right or wrong. The bug is on the list because {own} failed on "
                "just these: its own rate is shown too high on average, and so, less, is that of a model that fails on the "
                "same pictures.",
                "“Carried over” takes the pictures that fooled the run’s target as given: choosing the bug by them does "
                "not flatter it.",
                f"Tests (shared, fails less, fails more: Holm over all cells, level {self.alpha:g}) use the pictures drawn "
                "after the verdict where there are any (later, ↻); else those of the verdict, where “fails less” comes too "
                "easily.",
            ]
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
                    "own": c.own,
                    "unanswered": c.unanswered,
                    "adversarial": rate(c.adversarial) | ({"by_construction": True} if c.own else {}),
                    "sets": {name: rate(r) | {"by_construction": c.given(name)} for name, r in c.sets.items()},
                    "baselines": [{"label": label, **rate(r)} for label, r in c.baselines.items()],
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
                {k: getattr(b, k) for k in ("id", "label", "sentence", "prompt", "compared_with")}
                | {"verdict_pictures": len(b.verdict), "later_pictures": len(b.later), "reported": rate(b.own)}
                for b in self.bugs
            ],
            "sentences": self.sentences(),
            "notes": list(self.notes),
            "caveats": self.caveats(),
        }

    def to_frame(self) -> Any:
        """One row a bug and model as a pandas DataFrame; rows without an id are on whole sets of pictures (`SETS`)."""
        rows = []
        for c in self.columns:
            for b in self.bugs:
                cell = c.cells[b.id]
                made = {"model": c.model, "own": c.own, "bug": b.id, "sentence": b.sentence, "label": b.label}
                if cell:
                    made |= {**rate(cell.rate), "shares": self.has(cell), "differs": self.differs(cell)}
                    for name in ("later", "baseline", "carried"):
                        part: Rate = getattr(cell, name)
                        made |= {f"{name}_failures": part.k, f"{name}_n": part.n}
                    made |= {k: getattr(cell, k) for k in ("tests", "p_rise_adjusted", "p_differs_adjusted")}
                rows.append(made)
            rows += [
                {"model": c.model, "own": c.own, "bug": None, "sentence": SETS[name], **rate(r)} for name, r in c.sets.items()
            ]
        return pandas("transfer.to_frame()").DataFrame(rows)

    def table(self) -> Table:
        """Rows: sets of pictures, then bugs, with the plain label's rate in each cell; columns: models."""
        made = Table("pictures", title_justify="left", show_lines=True)
        for c in self.columns:
            made.add_column(Text(plain(c.model) + (" (the run’s own)" if c.own else "")))
        for name, text in SETS.items():
            made.add_row(Text(text), *(Text(_short(c.sets[name], c.given(name))) for c in self.columns))
        if self.bugs:
            made.add_section()
        for b in self.bugs:
            made.add_row(Text(f"{b.id}. {plain(b.sentence)}"), *(Text(self._cell(b, c)) for c in self.columns))
        return made

    def _cell(self, bug: BugRow, column: Column) -> str:
        cell = column.cells[bug.id]
        if cell is None:
            return "-"
        lines = [_short(bug.own if column.own else cell.rate), f"plain {cell.baseline.k} of {cell.baseline.n}"]
        if cell.later.n:
            lines.append(f"later {cell.later.k} of {cell.later.n}")
        if not column.own:
            lines.append(f"carried over {cell.carried.k} of {cell.carried.n}")
            lines += [mark for mark in self.marks(cell)]
        return "\n".join(lines)

    def marks(self, cell: Cell) -> list[str]:
        """ "shared", "fails less", "fails more", as far as the tests go."""
        return [*(["shared"] if self.has(cell) else []), *{-1: ["fails less"], 1: ["fails more"]}.get(self.differs(cell), [])]

    def __str__(self) -> str:
        return "\n".join([shown(self.table()), *self.sentences(), *self.caveats()])

    def page(self) -> str:
        """One HTML file that opens from disk: no script, no outside address. Names are untrusted text: jinja2 escapes them."""
        return template("transfer.html").render(
            t=self, sets=SETS, plain=plain, labels=sorted({label for c in self.columns for label in c.baselines})
        )

    def _repr_html_(self) -> str:
        return frame(self.page(), height=520)

    def write(self, folder: Path | str) -> Path:
        """transfer.json and transfer.html in `folder`; returns the page's path. Raises StoreError."""
        path = Path(folder)
        try:
            path.mkdir(parents=True, exist_ok=True)
            text = json.dumps(self.to_dict(), ensure_ascii=False, indent=1, allow_nan=False)
            (path / "transfer.json").write_text(text, encoding="utf-8")
            (path / "transfer.html").write_text(self.page(), encoding="utf-8")
        except OSError as error:
            raise StoreError(f"cannot write {str(folder)!r}: {error.strerror or error}") from error
        return path / "transfer.html"


def rate(r: Rate) -> dict[str, Any]:
    """As JSON has it; the rate of nothing is null."""
    return {"failures": r.k, "n": r.n, "rate": r.value if r.n else None, "low": r.low, "high": r.high}


def _short(r: Rate, given: bool = False) -> str:
    if not r.n:
        return "no pictures"
    return f"{r.k:,} of {r.n:,}, " + ("by construction" if given else f"{100 * r.low:.0f}-{100 * r.high:.0f} %")
