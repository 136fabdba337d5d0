"""The scorecard of discovery: are bugs found that nobody listed, are the reported ones true, and what do they cost?

    python bench/discovery.py [--cells done] [--only NAME ...] [--arms ours ...] [--hunts 17] [--workers 2] [--json FILE]

Six labels, each with a bug of its own (`many`: nine), on scenes instead of pictures (`bench/worlds.py`): nothing is rendered,
and a hunt takes seconds. A cell is one kind of world at one budget. `--cells done` has those with a bar, which our method must
reach, or the exit code is 1; `--cells all` adds many bugs at once, weak bugs, other base rates, better and worse captions,
other generators, and one trigger on all labels. The methods meet the same worlds:

- ours: the hunt as it is.
- today: the method before, with captions of plain failures and a checklist (`bench/checklist_method.py`).
- random: ours, but its pictures state conditions at random, as many as ours would at most.
- paper: half of the budget for plain pictures, whole captions of their failures as descriptions, 20 pictures of each and of
  the plain prompt, Fisher's test, Benjamini-Hochberg.
- oracle: is told one true description of each bug, confirms only these, and stops at once (our test at the same level, one
  picture between looks). Wald's bound says what no test can go below.

A bug is found if a confirmed description of its label brings its trigger out in at least half of its pictures more than the
plain prompt. A reported description is true if its failure rate is over the plain rate by more than the margin. Both are read
off the world, not off pictures. Intervals are 95 % and exact: Clopper-Pearson; for the pictures a bug, those spent over that
interval of the bugs; for the median, order statistics. (They take the bugs of a hunt as independent, although these share a
budget.)

"Fixed n" is what descriptions would cost at an equal claim (`bench/equal_claim.py`): the same margin, the level of
Benjamini-Hochberg over as many descriptions, and the number of pictures with which as large a share of the true ones is
confirmed. It is chosen with hindsight, from the true rates. "On everything": where nobody knows what to suspect, so that all
descriptions as long as the planted ones are tried. "On what ours tested": if somebody had known these. Confirming pictures are
all but the designed ones.
"""

import argparse
import json
import math
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass, replace
from itertools import zip_longest
from pathlib import Path
from typing import Any, NamedTuple
from unittest import mock

import numpy as np
from scipy.stats import binom

import checklist_method
import equal_claim
from bugscope import stats
from bugscope.core.options import Config
from bugscope.core.records import Estimate, Evidence, Hypothesis, Rate, Status, Verdict
from bugscope.method import inquiry
from bugscope.method.confirm import Found, confirm, fixed_n
from bugscope.method.discover import explore
from bugscope.method.events import Event, Measured
from bugscope.method.plan import Plan, stated_test
from bugscope.method.search import search
from bugscope.method.suspects import Beliefs, Bools, Floats
from worlds import LABELS, Setting, Trigger, World

HUNTS = 17
"""Hunts of a cell: 102 bugs, enough for an interval of some ten points."""
BUDGET, STRENGTH = 600, 0.9
"""Of a cell that says nothing else."""
SEED = 1000
"""Seed of a cell's first hunt."""
PAPER = 20
"""Pictures of each description in the paper's procedure."""
ENDLESS = 400
"""Pictures that the oracle may take for each bug."""
DEFAULTS = Config()


# --- cells --------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Cell:
    """A kind of world, the pictures of a hunt, and the share of bugs that ours must find; None: it is only shown."""

    setting: Setting
    budget: int = BUDGET
    bar: float | None = None

    @property
    def name(self) -> str:
        s, usual = self.setting, Setting()
        said = {
            f"{self.budget:,} pictures": self.budget != BUDGET,
            f"strength {' and '.join(map(str, s.strengths))}": s.strengths != usual.strengths,
            f"base {s.base}": s.base != usual.base,
            f"crowding {s.crowding}": s.crowding != usual.crowding,
            f"{s.captions} captions": s.captions != usual.captions,
            {"harvest": "no vocabulary", "invented": "invented words"}.get(s.generator, ""): s.generator != usual.generator,
            "on all labels": s.shared,
        }
        return ", ".join([s.plant, *(text for text, unusual in said.items() if unusual)])


def _cell(plant: str, bar: float | None = None, budget: int = BUDGET, strength: float = STRENGTH, **setting: Any) -> Cell:
    return Cell(Setting(plant, **{"strengths": (strength,), **setting}), budget, bar)


DONE = (
    _cell("listed", 0.95),
    _cell("unlisted", 0.95),
    _cell("two", 0.75),
    _cell("either", 0.95),
    _cell("two", 0.95, 3000),
    _cell("three", 0.7, 3000),
    _cell("unlisted", 0.7, 300),
    _cell("unlisted", 0.8, strength=0.6),
    _cell("two", 0.4, strength=0.6),
    _cell("unlisted", 0.85, base=0.15),
    _cell("two", 0.5, base=0.15),
    _cell("unlisted", 0.7, generator="harvest"),
    _cell("none"),
)
"""Where the bar of a cell without bugs is alpha."""
MORE = (
    _cell("many", crowding=0.15),
    _cell("many", budget=3000, crowding=0.15),
    _cell("three"),
    _cell("unlisted", strength=0.3),
    _cell("unlisted", budget=3000, strength=0.3),
    _cell("unlisted", strengths=(0.3, 0.6, 0.9)),
    _cell("unlisted", base=0.02),
    _cell("unlisted", base=0.3),
    _cell("two", base=0.3),
    _cell("unlisted", crowding=0.1),
    _cell("unlisted", crowding=0.25),
    _cell("two", crowding=0.25),
    _cell("unlisted", captions="perfect"),
    _cell("unlisted", captions="useless"),
    _cell("two", captions="useless"),
    _cell("listed", generator="harvest"),
    _cell("two", generator="harvest"),
    _cell("unlisted", captions="perfect", generator="harvest"),
    _cell("unlisted", captions="useless", generator="harvest"),
    _cell("unlisted", generator="invented"),
    _cell("two", generator="invented"),
    _cell("unlisted", budget=3000, generator="invented"),
    _cell("unlisted", captions="perfect", generator="invented"),
    _cell("unlisted", shared=True),
    _cell("two", shared=True),
    _cell("none", base=0.15),
    _cell("none", base=0.3),
    _cell("none", crowding=0.25),
    _cell("none", generator="invented"),
)
CELLS = {"done": DONE, "all": (*DONE, *MORE)}


# --- methods ------------------------------------------------------------------------------------------------------------


def ours(world: World, config: Config, log: Found) -> list[Evidence]:
    def tell(event: Event) -> None:
        if isinstance(event, Measured):
            log(list(event.evidence))

    return search(LABELS, Plan.of(LABELS, config), world, world.wording, tell).evidence


def at_random(world: World, config: Config, log: Found) -> list[Evidence]:
    with mock.patch.object(inquiry, "design", random_design):
        return ours(world, config, log)


def random_design(
    beliefs: Beliefs, n: int, most: int, apart: Bools, known: Sequence[Bools], lot: Sequence[Floats]
) -> list[Bools]:
    """In place of `design`: conditions in the order of the lots, as many as may be. Like it, it shows no known cause."""
    made = []
    for order in map(np.argsort, lot[:n]):
        chosen = np.zeros(len(apart), dtype=bool)
        for j in order:
            also = chosen.copy()
            also[j] = True
            if also.sum() <= most and not apart[j][chosen].any() and all((cause & ~also).any() for cause in known):
                chosen = also
        made.append(chosen)
    return [chosen for chosen in made if chosen.any()]


def today(world: World, config: Config, log: Found) -> list[Evidence]:
    return checklist_method.search(LABELS, config.budget, stated_test(config), world, world.wording, log)


def paper(world: World, config: Config, log: Found) -> list[Evidence]:
    test, plain = stated_test(config), config.budget // 2 // len(LABELS)
    outcomes = explore(LABELS, plain, seed=test.seed, measure=world.measure, wording=world.wording)
    failures = [o for o in outcomes if o.status is Status.FAILURE]
    descriptions: dict[str, dict[Hypothesis, None]] = {label: {} for label in LABELS}
    for o, caption in zip(failures, world.describe(failures), strict=True):
        label = o.sample.prompt.label
        phrases = tuple(p for p in world.wording.phrases(caption, label) if world.wording.admissible(label, p))
        if phrases and world.wording.sayable(world.wording.prompt(label, phrases)):
            descriptions[label][Hypothesis(label, phrases)] = None
    turns = [h for group in zip_longest(*descriptions.values()) for h in group if h is not None]
    room = (config.budget - plain * len(LABELS)) // PAPER - len(LABELS)
    return fixed_n(turns[:room], measure=world.measure, wording=world.wording, test=test, n=PAPER)


def oracle(world: World, config: Config, log: Found) -> list[Evidence]:
    told = [Hypothesis(label, t.descriptions[0]) for label, triggers in world.planted.items() for t in triggers]
    test = replace(stated_test(config), look=1)
    return confirm(
        told, measure=world.measure, wording=world.wording, test=test, budget=ENDLESS * len(told), enough=0, on_round=log
    )


ARMS: Mapping[str, Callable[[World, Config, Found], list[Evidence]]] = {
    "ours": ours, "today": today, "random": at_random, "paper": paper, "oracle": oracle,
}  # fmt: skip


# --- one hunt -----------------------------------------------------------------------------------------------------------


class Spent(NamedTuple):
    """Pictures: all, and without the designed ones."""

    all: int = 0
    confirming: int = 0


class Log:
    """What was drawn when each description was first confirmed."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.at: dict[Hypothesis, Spent] = {}

    def spent(self) -> Spent:
        drawn = self.world.drawn()
        return Spent(drawn.total(), drawn.total() - drawn["design"])

    def __call__(self, evidence: Sequence[Evidence]) -> None:
        new = [e.hypothesis for e in evidence if e.verdict is Verdict.CONFIRMED and e.hypothesis not in self.at]
        if new:
            self.at |= dict.fromkeys(new, self.spent())


class Bug(NamedTuple):
    """A planted bug; `at`: what was drawn when it was found, None if it was not, and then `why`."""

    label: str
    trigger: str
    at: Spent | None
    why: str = ""


class Claim(NamedTuple):
    """A true description that was tested: its failure rate, the plain one, whether it was confirmed, and the pictures of both
    prompts that were drawn for that."""

    label: str
    rate: float
    plain: float
    confirmed: bool
    drawn: int


@dataclass(frozen=True)
class Hunt:
    """What came of one hunt. `tested`: descriptions; `labels`: those that had any; `candidates`: see `World`."""

    bugs: list[Bug]
    reported: int
    true: int
    tested: int
    labels: int
    candidates: int
    claims: list[Claim]
    spent: Spent
    seconds: float

    @property
    def finds(self) -> list[Spent]:
        return [b.at for b in self.bugs if b.at is not None]

    @property
    def labels_found(self) -> set[str]:
        return {b.label for b in self.bugs if b.at is not None}

    @property
    def last(self) -> Spent:
        """What was drawn when the last of its bugs was found."""
        return max(self.finds, default=Spent())


def hunt(cell: Cell, arm: str, number: int) -> Hunt:
    world = World(cell.setting, number)
    config = Config.of({"seed": SEED + number, "explain_budget": 0, "budget": cell.budget})
    log, began = Log(world), time.perf_counter()
    evidence = ARMS[arm](world, config, log) if world.planted or arm != "oracle" else []
    seconds, spent = time.perf_counter() - began, log.spent()
    log(evidence)
    reported = [e.hypothesis for e in evidence if e.verdict is Verdict.CONFIRMED]
    claims = [_claim(world, e) for e in evidence if e.verdict is Verdict.CONFIRMED or arm in ("ours", "oracle")]
    true = [c for c in claims if c.rate - c.plain > config.margin]
    return Hunt(
        [_bug(world, label, t, reported, evidence, log) for label, triggers in world.planted.items() for t in triggers],
        len(reported),
        sum(c.confirmed for c in true),
        len(evidence),
        len({e.hypothesis.label for e in evidence}),
        world.candidates,
        true,
        spent,
        seconds,
    )


def _claim(world: World, e: Evidence) -> Claim:
    rates = world.pair(e.hypothesis)
    return Claim(e.hypothesis.label, *rates, e.verdict is Verdict.CONFIRMED, e.drawn + e.baseline_drawn)


def _bug(
    world: World, label: str, trigger: Trigger, reported: Sequence[Hypothesis], evidence: Sequence[Evidence], log: Log
) -> Bug:
    found = [log.at[h] for h in reported if h.label == label and world.brings_out(h, trigger)]
    if found:
        return Bug(label, str(trigger), min(found))
    return Bug(label, str(trigger), None, why_missed(world, label, trigger, evidence))


def why_missed(world: World, label: str, trigger: Trigger, evidence: Sequence[Evidence]) -> str:
    """How far a bug came: was it ever shown, was a description of it tested, what did its pictures say?"""
    near = [e for e in evidence if e.hypothesis.label == label and world.brings_out(e.hypothesis, trigger)]
    if near:
        best = max(near, key=lambda e: e.e_value)
        rates = f"{best.treated.k} of {best.treated.n}, plain {best.baseline.k} of {best.baseline.n}"
        return f"not confirmed: {best.hypothesis.description}: {rates}: {best.verdict.name.lower()}"
    seen = [o for o in world.seen.values() if o.sample.prompt.label == label and o.sample.purpose in ("explore", "design")]
    shown = [o for o in seen if o.status.counts and trigger.fires(world.scene(o.sample))]
    wrong = sum(o.status is Status.FAILURE for o in shown)
    return f"not tested: shown in {len(shown)} pictures, of which {wrong} failed" if shown else "never shown"


# --- measures -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Measures:
    """What one method made of a cell. `false_hunts`: hunts that report anything that is not true. `per_bug`: pictures spent."""

    recall: Rate
    true: Rate
    false_hunts: Rate
    per_bug: Estimate
    first: Estimate
    tested: float
    seconds: float
    missed: dict[str, int]


def measures(hunts: Sequence[Hunt]) -> Measures:
    bugs = [b for h in hunts for b in h.bugs]
    recall = stats.clopper_pearson(sum(b.at is not None for b in bugs), len(bugs))
    reported, true = sum(h.reported for h in hunts), sum(h.true for h in hunts)
    pictures = sum(h.spent.all for h in hunts)
    fewest, most = (_over(pictures, recall.n * share) for share in (recall.high, recall.low))
    return Measures(
        recall,
        stats.clopper_pearson(true, reported),
        stats.clopper_pearson(sum(h.true < h.reported for h in hunts), len(hunts)),
        Estimate(_over(pictures, recall.k), fewest, most, recall.level),
        median([min((spent.all for spent in h.finds), default=math.inf) for h in hunts]),
        float(np.mean([h.tested for h in hunts])),
        float(np.mean([h.seconds for h in hunts])),
        dict(Counter(b.why.partition(":")[0] for b in bugs if b.why)),
    )


def _over(a: float, b: float) -> float:
    return a / b if b > 0 else math.inf


def median(values: Sequence[float], level: float = 0.95) -> Estimate:
    """With an exact interval of order statistics, whatever the distribution; infinite values are large ones."""
    ordered, n = sorted(values), len(values)
    # the rank-th value is above the median only if fewer than `rank` are below it
    rank = int(binom.ppf((1 - level) / 2, n, 0.5))
    low, high = (ordered[rank - 1], ordered[n - rank]) if rank else (0.0, math.inf)
    middle = ordered[(n - 1) // 2], ordered[n // 2]
    return Estimate(sum(middle) / 2, low, high, level)


@dataclass(frozen=True)
class Compared:
    """Pictures for each bug that ours found: ours, the oracle's, a lower bound, and a fixed number's at an equal claim.

    `to_last`: ours until the last bug of each hunt was found. `n`: the fixed number on what ours tested; None: none is large
    enough. `fixed`: confirming pictures for each bug with it. `n_all`, `fixed_all`: the same on everything.
    """

    spent: Spent
    to_last: Spent
    designed: float
    oracle: float | None
    bound: float | None
    n: int | None
    fixed: float | None
    n_all: int | None
    fixed_all: float | None


def compared(mine: Sequence[Hunt], ideal: Sequence[Hunt], alpha: float, margin: float) -> Compared | None:
    """`ideal`: the oracle's hunts in the same worlds, or none. None if ours found nothing."""
    found = sum(len(h.finds) for h in mine)
    if not found:
        return None
    spent, last = _per([h.spent for h in mine], found), _per([h.last for h in mine], found)
    same = [c for m, i in zip(mine, ideal, strict=bool(ideal)) for c in i.claims if c.label in m.labels_found]
    bounds = [equal_claim.wald(round(c.rate, 2), round(c.plain, 2), margin, alpha) for c in same]
    n, n_all = equal_n(mine, alpha, margin), _n_on_all(mine, ideal, alpha, margin)
    return Compared(
        spent,
        last,
        spent.all - spent.confirming,
        float(np.mean([c.drawn for c in same])) if same else None,
        float(np.mean(bounds)) if bounds else None,
        n,
        n * sum(h.tested + h.labels for h in mine) / found if n else None,
        n_all,
        n_all * sum(h.candidates + len(h.bugs) for h in mine) / found if n_all else None,
    )


def _per(spent: Sequence[Spent], found: int) -> Spent:
    return Spent(*(sum(column) / found for column in zip(*spent, strict=True)))


def equal_n(hunts: Sequence[Hunt], alpha: float, margin: float) -> int | None:
    """Pictures of each description and of each label's plain prompt with which the descriptions that these hunts tested would
    be confirmed as often. Two digits of a rate are enough. A recall of 1 is out of reach for any number, so the share is
    pulled towards 1/2 by one claim."""
    claims = [c for h in hunts for c in h.claims]
    return _n(claims, sum(c.confirmed for c in claims), sum(h.tested for h in hunts), alpha, margin)


def _n_on_all(mine: Sequence[Hunt], ideal: Sequence[Hunt], alpha: float, margin: float) -> int | None:
    """The same on every candidate; the bugs' rates are those that the oracle was told."""
    claims = [c for h in ideal for c in h.claims]
    return _n(claims, sum(len(h.finds) for h in mine), sum(h.candidates for h in mine), alpha, margin)


def _n(claims: Sequence[Claim], confirmed: int, tested: int, alpha: float, margin: float) -> int | None:
    if not claims or not confirmed:
        return None
    level = float(f"{alpha * confirmed / tested:.2g}")
    pairs = [(round(c.rate, 2), round(c.plain, 2)) for c in claims]
    return equal_claim.fixed_n(pairs, margin, level, (confirmed + 0.5) / (len(claims) + 1))


# --- the table ----------------------------------------------------------------------------------------------------------

HEAD = (f"{'':<10}{'bugs found':>22}{'reported and true':>24}{'false reports in':>22}{'pictures a bug':>20}"
        f"{'first bug after':>20}{'tested':>8}{'s':>6}")  # fmt: skip


def show(cell: Cell, table: Mapping[str, Measures], against: Compared | None) -> None:
    bar = "" if (least := bar_of(cell)) is None else f"   bar: {least} {'held' if held(cell, table) else 'MISSED'}"
    print(f"\n{cell.name}{bar}")
    for arm, m in table.items():
        shares = f"{_share(m.recall):>22}{_share(m.true):>24}{_share(m.false_hunts, ' hunts'):>22}"
        per_bug, first = (_number(m.per_bug), _number(m.first)) if m.recall.n else ("-", "-")
        numbers = f"{per_bug:>20}{first:>20}"
        print(f"{arm:<10}{shares}{numbers}{m.tested:>8.1f}{m.seconds:>6.1f}", flush=True)
    if "ours" in table and table["ours"].missed:
        print("  missed: " + ", ".join(f"{n} {why}" for why, n in table["ours"].missed.items()))
    for line in _ratios(against) if against else ():
        print(f"  {line}", flush=True)


def _ratios(c: Compared) -> Iterator[str]:
    yield (f"pictures a bug: {c.spent.all:.0f}, confirming {c.spent.confirming:.0f}; to the last find {c.to_last.all:.0f}, "
           f"confirming {c.to_last.confirming:.0f}")  # fmt: skip
    if c.oracle and c.bound:
        spent, confirming, to_last, confirming_to_last = (f"{x / c.oracle:.1f}" for x in (*c.spent, *c.to_last))
        yield (f"times the oracle's {c.oracle:.1f}: {spent}, confirming {confirming}; to the last find {to_last}, "
               f"confirming {confirming_to_last} (Wald's bound: {c.bound:.1f} pictures)")  # fmt: skip
    if c.n_all and c.fixed_all:
        yield (f"fixed n at an equal claim, on everything: n = {c.n_all}, {c.fixed_all:,.0f} pictures a bug, "
               f"{c.fixed_all / c.spent.all:.1f} times ours")  # fmt: skip
    if c.n and c.fixed:
        ratios = f"{c.fixed / c.spent.confirming:.2f} of ours, {c.fixed / c.to_last.confirming:.2f} of ours to the last find"
        whole = f"{(c.fixed + c.designed) / c.spent.all:.2f} of ours"
        yield (f"on what ours tested: n = {c.n}, {c.fixed:.0f} confirming pictures a bug, {ratios}; "
               f"with the designed ones {whole}")  # fmt: skip
    else:
        yield f"on what ours tested: more than {equal_claim.LARGEST} pictures of each description"


def _share(r: Rate, unit: str = "") -> str:
    return f"{r.k}/{r.n}{unit} ({100 * r.low:.0f}-{100 * r.high:.0f} %)" if r.n else "-"


def _number(e: Estimate) -> str:
    """With its interval."""
    value, low, high = ("never" if math.isinf(x) else f"{x:.0f}" for x in (e.value, e.low, e.high))
    return "never" if low == "never" else f"{value} ({low}-{high})"


def bar_of(cell: Cell) -> float | None:
    """The share of bugs to be found; in worlds without bugs, the share of hunts that may report anything false."""
    return DEFAULTS.alpha if cell.setting.plant == "none" else cell.bar


def held(cell: Cell, table: Mapping[str, Measures]) -> bool:
    """Whether ours reaches the bar of a cell. Where there are no bugs: whether it is within alpha, up to simulation error."""
    bar = bar_of(cell)
    if bar is None or "ours" not in table:
        return True
    mine = table["ours"]
    return mine.false_hunts.low <= bar if cell.setting.plant == "none" else mine.recall.value >= bar


def plain(value: Any) -> Any:
    """What JSON can say: numbers that are not finite are null."""
    if isinstance(value, Mapping):
        return {key: plain(v) for key, v in value.items()}
    if isinstance(value, list | tuple):
        return [plain(v) for v in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


# --- the run ------------------------------------------------------------------------------------------------------------


def run(cell: Cell, arms: Sequence[str], hunts: int, pool: ProcessPoolExecutor | None = None) -> dict[str, Any]:
    """One cell: shown, and as a row."""
    arms = [arm for arm in arms if arm != "oracle" or cell.setting.plant != "none"]
    jobs = [(cell, arm, i) for arm in arms for i in range(hunts)]
    made: Iterable[Hunt] = (pool.map if pool else map)(hunt, *zip(*jobs, strict=True))
    done: dict[str, list[Hunt]] = {arm: [] for arm in arms}
    for (_, arm, _), one in zip(jobs, made, strict=True):
        done[arm].append(one)
    table = {arm: measures(of_arm) for arm, of_arm in done.items()}
    against = compared(done["ours"], done.get("oracle", ()), DEFAULTS.alpha, DEFAULTS.margin) if "ours" in done else None
    show(cell, table, against)
    return {
        "cell": cell.name, "setting": asdict(cell.setting), "budget": cell.budget, "bar": bar_of(cell),
        "held": held(cell, table), "arms": {arm: asdict(m) for arm, m in table.items()},
        "compared": against and asdict(against), "hunts": {arm: [asdict(h) for h in hs] for arm, hs in done.items()},
    }  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cells", choices=CELLS, default="done")
    parser.add_argument("--only", nargs="+", default=[""], metavar="NAME", help="cells whose name begins with one of these")
    parser.add_argument("--arms", nargs="+", choices=ARMS, default=list(ARMS))
    parser.add_argument("--hunts", type=int, default=HUNTS, help="hunts of a cell; each has six labels")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--json", type=Path)
    args = parser.parse_args()
    cells = [cell for cell in CELLS[args.cells] if cell.name.startswith(tuple(args.only))]
    print(f"{args.hunts} hunts a cell on {len(LABELS)} labels (95 % intervals); {BUDGET} pictures, strength {STRENGTH}, base "
          f"{Setting().base}, captions as measured unless said\n{HEAD}")  # fmt: skip
    rows = []
    with ProcessPoolExecutor(args.workers) as pool:
        for cell in cells:
            rows.append(run(cell, args.arms, args.hunts, pool))
            if args.json:
                kept = {"alpha": DEFAULTS.alpha, "margin": DEFAULTS.margin, "hunts": args.hunts, "cells": rows}
                args.json.write_text(json.dumps(plain(kept), indent=1, allow_nan=False))
    missed = [row["cell"] for row in rows if not row["held"]]
    print(f"\n{len(rows)} cells; every bar is held: {'NO: ' + '; '.join(missed) if missed else 'yes'}")
    raise SystemExit(1 if missed else 0)


if __name__ == "__main__":
    main()
