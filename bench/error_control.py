"""Does "confirmed" mean what it says? Simulated hunts with known truth, and the coverage of every interval that is shown.

    python bench/error_control.py [--hunts 300] [--only NAME] [--json FILE]

Runs the real confirmation (`bugscope.method.confirm`) on coin tosses instead of pictures: no rendering, no models. A scenario
says which descriptions are true bugs. The scenarios "in rounds" run the whole search (`bugscope.method.search`): designed
exploration, descriptions that depend on what was seen, and tests in between. Each hunt is judged twice: at its end, and at the
first look that confirms anything (for a reader who stops at a convenient moment). The false discovery rate is the mean share of
confirmed descriptions that are not bugs (0 if none is confirmed), with a 95 % interval (Student's t over hunts; Clopper-Pearson
if all shares are 0 or 1). The paper's fixed numbers of pictures with Fisher's test are shown beside it, with Benjamini-Hochberg
and uncorrected.
"""

import argparse
import json
import random
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
from scipy.stats import binom, binomtest
from scipy.stats import t as student

from bugscope import stats
from bugscope.core.options import Config
from bugscope.core.records import Counts, Evidence, Hypothesis, Outcome, Phrase, Sample, Status, Verdict
from bugscope.language import Wording
from bugscope.media import picture
from bugscope.method import confirm, events, inquiry
from bugscope.method.discover import explore
from bugscope.method.plan import Plan
from bugscope.method.search import search
from bugscope.stats.likelihood import log_beta_mixture, log_profile

WORDS = Wording(picture.words)
ALPHA, MARGIN, EXPLORE = 0.05, 0.10, 24


@dataclass(frozen=True)
class Scenario:
    """Failure rates of the descriptions of each label, over its neutral rate `base`."""

    name: str
    base: float
    rates: tuple[float, ...]
    labels: int = 2
    twins: bool = False
    """Descriptions come in pairs with the same prompt, so the two share one evidence."""
    luckiest: bool = False
    """Only the label with the fewest failures in exploration is tested: the worst use one could make of exploration."""

    def true(self, rate: float) -> bool:
        return rate > self.base + MARGIN + 1e-12


def _scenarios() -> list[Scenario]:
    null = [Scenario(f"nothing raises the rate of {p}", p, (p,) * 10) for p in (0.0, 0.02, 0.1, 0.3, 0.6, 0.9)]
    edge = [
        Scenario(f"all at the margin's edge, {p} -> {p + MARGIN:.2f}", p, (p + MARGIN,) * 10) for p in (0.0, 0.05, 0.3, 0.85)
    ]
    return [
        *null,
        *edge,
        Scenario("mixture: 2 of 10 at 0.8, the rest at the edge", 0.05, (0.8, 0.8, *(0.15,) * 8)),
        Scenario("mixture: 3 of 10 at 0.5, the rest harmless", 0.1, (0.5, 0.5, 0.5, *(0.1,) * 7)),
        Scenario("mixture: 5 of 10 at 1.0, the rest at the edge", 0.1, (*(1.0,) * 5, *(0.2,) * 5)),
        Scenario("pairs with the same pictures, all at the edge", 0.05, (0.15,) * 10, twins=True),
        Scenario("pairs with the same pictures, 2 of 10 true", 0.05, (0.8, 0.8, *(0.15,) * 8), twins=True),
        Scenario("only the luckiest of 6 labels, all at the edge", 0.3, (0.4,) * 10, labels=6, luckiest=True),
    ]


def simulate(scenario: Scenario, seed: int) -> dict[str, float]:
    """One hunt: false discovery proportion at its end and at the first look that confirms; the same for fixed numbers."""
    labels = [f"label {i}" for i in range(scenario.labels)]
    rng = random.Random(f"{scenario.name}|{seed}")
    failed = {y: sum(rng.random() < scenario.base for _ in range(EXPLORE)) for y in labels}
    explored = {y: Counts(k, EXPLORE - k) for y, k in failed.items()}
    tested = [min(labels, key=lambda y: failed[y])] if scenario.luckiest else labels
    hypotheses, rates = [], {}
    for y in tested:
        for i, rate in enumerate(scenario.rates):
            words = f"d{i // 2 * 2}" if scenario.twins else f"d{i}"
            split = scenario.twins and i % 2
            phrases = (Phrase(words[:1]), Phrase(words[1:])) if split else (Phrase(f"{words[:1]} {words[1:]}"),)
            hypotheses.append(Hypothesis(y, phrases))
            rates[y, f"{words[:1]} {words[1:]}"] = rate

    def rate(y: str, description: str) -> float:
        return rates[y, description.replace(",", "")] if description else scenario.base

    def measure(samples: Sequence[Sample]) -> list[Outcome]:
        chance = [random.Random(f"{seed}|{s.key}").random() for s in samples]
        wrong = [c < rate(s.prompt.label, s.prompt.description) for s, c in zip(samples, chance, strict=True)]
        return [Outcome(s, Status.FAILURE if w else Status.SUCCESS) for s, w in zip(samples, wrong, strict=True)]

    def share(evidence: Sequence[Evidence], confirmed: Sequence[bool]) -> float:
        false = sum(
            c and not scenario.true(rate(e.hypothesis.label, e.hypothesis.description))
            for e, c in zip(evidence, confirmed, strict=True)
        )
        return false / max(1, sum(confirmed))

    def look(evidence: list[Evidence]) -> None:
        confirmed = [e.verdict is Verdict.CONFIRMED for e in evidence]
        if any(confirmed) and not first:
            first.append(share(evidence, confirmed))

    first: list[float] = []
    test = confirm.Test(alpha=ALPHA, margin=MARGIN, look=4, seed=seed)
    shared: dict[str, Any] = {"measure": measure, "wording": WORDS, "test": test}
    ours = confirm.confirm(
        hypotheses, budget=150 * len(tested), explored=explored, tried=len(scenario.rates) * len(labels), on_round=look,
        **shared,
    )  # fmt: skip
    fixed = confirm.fixed_n(hypotheses, n=20, **shared)
    p = [stats.fisher(e.treated.k, e.treated.n, e.baseline.k, e.baseline.n) for e in fixed]
    confirmed = [e.verdict is Verdict.CONFIRMED for e in ours]
    true = [scenario.true(rate(e.hypothesis.label, e.hypothesis.description)) for e in ours]
    return {
        "end": share(ours, confirmed),
        "first": first[0] if first else 0.0,
        "fixed": share(fixed, [e.verdict is Verdict.CONFIRMED for e in fixed]),
        "naive": share(fixed, [x <= ALPHA for x in p]),
        "tried": len(ours),
        "found": sum(c and t for c, t in zip(confirmed, true, strict=True)),
        "true": sum(true),
    }


# --- in rounds ----------------------------------------------------------------------------------------------------------

CONDITIONS = tuple(
    Phrase(f"near {thing}") for thing in "ants bees cows dogs elks figs gnats hens jays kites larks moths".split()
)
SAYING = replace(WORDS, vocabulary=lambda label: CONDITIONS, checked=True)
PICTURES, EAGER = 150, (0.01,) * len(inquiry.RIPE)
"""Of each label; and chances from which on nearly every suspect is tested."""


@dataclass(frozen=True)
class Rounds:
    """A world of `CONDITIONS`, any number of which may be stated at once.

    `causes`: (conditions, failure rate). What states none of them fails at `others`, the plain label at `base`.
    """

    name: str
    base: float
    others: float
    causes: tuple[tuple[tuple[int, ...], float], ...] = ()
    labels: int = 2
    luckiest: bool = False
    """Only the label with the fewest failures of plain pictures is explored and tested: a lucky baseline."""
    ripe: tuple[float, ...] = inquiry.RIPE
    """A description is tested from these chances on. Where there is little to suspect, hardly any would be; the level must hold
    however many are."""

    def rate(self, stated: frozenset[str]) -> float:
        """Failure rate of pictures that state these conditions."""
        found = [rate for cause, rate in self.causes if {CONDITIONS[i].text for i in cause} <= stated]
        return max([self.others if stated else self.base, *found])

    def true(self, phrases: Sequence[Phrase]) -> bool:
        return self.rate(frozenset(p.text for p in phrases)) > self.base + MARGIN + 1e-12

    def found(self, label: str, confirmed: Sequence[Hypothesis]) -> int:
        """Causes of a label that a confirmed description contains."""
        mine = [set(h.phrases) for h in confirmed if h.label == label]
        return sum(any({CONDITIONS[i] for i in cause} <= phrases for phrases in mine) for cause, _ in self.causes)


def _rounds() -> list[Rounds]:
    def at(p: float) -> str:
        return f"at the edge, {p} -> {p + MARGIN:.2f}"

    true = (((0,), 0.8), ((1, 2), 0.9))
    return [
        *(Rounds(f"in rounds: nothing raises the rate of {p}", p, p, ripe=EAGER) for p in (0.05, 0.3)),
        *(Rounds(f"in rounds: all {at(p)}", p, p + MARGIN, ripe=EAGER) for p in (0.0, 0.05, 0.3, 0.85)),
        Rounds("in rounds: 2 true causes, the rest harmless", 0.05, 0.05, true),
        Rounds("in rounds: 2 true causes, the rest at the edge", 0.05, 0.15, true),
        Rounds("in rounds: 2 true causes, any suspect tested", 0.1, 0.2, true, ripe=EAGER),
        Rounds("in rounds: the luckiest of 6 labels, at the edge", 0.3, 0.4, labels=6, luckiest=True, ripe=EAGER),
        Rounds("in rounds: the luckiest of 6, 2 true causes", 0.2, 0.3, true, labels=6, luckiest=True, ripe=EAGER),
    ]


@dataclass
class Coins:
    """A world that tosses one coin for each picture, and sees nothing on it."""

    scenario: Rounds
    seed: int

    def measure(self, samples: Sequence[Sample]) -> list[Outcome]:
        rates = [self.scenario.rate(frozenset(filter(None, s.prompt.description.split(", ")))) for s in samples]
        wrong = [random.Random(f"{self.seed}|{s.key}").random() < rate for s, rate in zip(samples, rates, strict=True)]
        return [Outcome(s, Status.FAILURE if w else Status.SUCCESS) for s, w in zip(samples, wrong, strict=True)]

    def describe(self, outcomes: Sequence[Outcome]) -> list[str]:
        return [""] * len(outcomes)

    def propose(self, label: str, failures: Sequence[str], successes: Sequence[str]) -> list[str]:
        return []

    def vary(self, label: str, phrases: Sequence[Phrase]) -> list[list[Phrase]]:
        return [[] for _ in phrases]


def hunt(scenario: Rounds, seed: int, tell: Callable[[events.Event], None] = events.silent, **options: Any) -> list[Evidence]:
    """The evidence of a whole search."""
    labels, world = [f"label {i}" for i in range(scenario.labels)], Coins(scenario, seed)
    stated = {"budget": PICTURES * scenario.labels, "explain_budget": 0, "alpha": ALPHA, "margin": MARGIN, "seed": seed}
    plan = Plan.of(labels, Config.of(stated | options))
    if scenario.luckiest:
        plain = explore(labels, plan.explore, seed=seed, measure=world.measure, wording=SAYING)
        failed = Counter(o.sample.prompt.label for o in plain if o.status is Status.FAILURE)
        labels = [min(labels, key=lambda label: failed[label])]
    with patch.object(inquiry, "RIPE", scenario.ripe):
        return search(labels, plan, world, SAYING, tell).evidence


def simulate_rounds(scenario: Rounds, seed: int) -> dict[str, float]:
    """As `simulate`, with descriptions that come from what was seen."""

    def share(evidence: Sequence[Evidence], confirmed: Sequence[bool]) -> float:
        false = sum(c and not scenario.true(e.hypothesis.phrases) for e, c in zip(evidence, confirmed, strict=True))
        return false / max(1, sum(confirmed))

    def look(event: events.Event) -> None:
        if isinstance(event, events.Measured):
            confirmed = [e.verdict is Verdict.CONFIRMED for e in event.evidence]
            if any(confirmed) and not first:
                first.append(share(event.evidence, confirmed))

    first: list[float] = []
    ours, fixed = hunt(scenario, seed, look), hunt(scenario, seed, fixed_n=20)
    confirmed = [e.verdict is Verdict.CONFIRMED for e in ours]
    bugs = [e.hypothesis for e, c in zip(ours, confirmed, strict=True) if c]
    p = [stats.fisher(e.treated.k, e.treated.n, e.baseline.k, e.baseline.n) for e in fixed]
    tested = 1 if scenario.luckiest else scenario.labels
    return {
        "end": share(ours, confirmed),
        "first": first[0] if first else 0.0,
        "fixed": share(fixed, [e.verdict is Verdict.CONFIRMED for e in fixed]),
        "naive": share(fixed, [x <= ALPHA for x in p]),
        "tried": len(ours),
        "found": sum(scenario.found(f"label {i}", bugs) for i in range(scenario.labels)),
        "true": tested * len(scenario.causes),
    }


def run(scenario: Scenario | Rounds, seed: int) -> dict[str, float]:
    return simulate(scenario, seed) if isinstance(scenario, Scenario) else simulate_rounds(scenario, seed)


def mean_with_interval(values: Sequence[float]) -> tuple[float, float, float]:
    x = np.asarray(values)
    if set(x) <= {0.0, 1.0}:
        low, high = binomtest(int(x.sum()), len(x)).proportion_ci(method="exact")
        return float(x.mean()), float(low), float(high)
    half = student.ppf(0.975, len(x) - 1) * x.std(ddof=1) / len(x) ** 0.5
    return float(x.mean()), max(0.0, float(x.mean() - half)), float(x.mean() + half)


# --- coverage -----------------------------------------------------------------------------------------------------------


def exact_coverage(interval: Any, p: float, n: int) -> float:
    """Coverage of an interval for fixed n, summed over all outcomes."""
    found = [interval(k, n) for k in range(n + 1)]
    return sum(float(binom.pmf(k, n, p)) for k, r in enumerate(found) if r.low <= p <= r.high)


def coverage_at_every_look(p: float, runs: int, rng: np.random.Generator) -> tuple[int, int]:
    """Streams of 200 pictures whose time-uniform interval holds p after each of them."""
    k = (rng.random((runs, 200)) < p).cumsum(axis=1)
    n = np.broadcast_to(np.arange(1, 201), k.shape)
    pairs, where = np.unique(np.stack([k.ravel(), n.ravel()]), axis=1, return_inverse=True)
    holds = np.array([(r := stats.uniform(int(i), int(m))).low <= p <= r.high for i, m in pairs.T])
    return int(holds[where].reshape(k.shape).all(axis=1).sum()), runs


def rise_coverage_at_every_look(p: float, q: float, runs: int, rng: np.random.Generator) -> tuple[int, int]:
    """Two streams of 100 and 150 pictures whose `uniform_rise` interval holds p - q at every look."""
    n = np.arange(1, 101)
    m = (3 * n + 1) // 2
    i = (rng.random((runs, 100)) < p).cumsum(axis=1)
    j = (rng.random((runs, 150)) < q).cumsum(axis=1)[:, m - 1]
    edge = min(max(p - q, -1 + 1e-12), 1 - 1e-12)
    ratio = log_beta_mixture(i, n) + log_beta_mixture(j, m) - log_profile(i, n, j, m, edge)
    return int((ratio < np.log(20)).all(axis=1).sum()), runs


def coverage(runs: int) -> list[dict[str, Any]]:
    rng = np.random.default_rng(0)
    rows = []
    for p in (0.0, 0.01, 0.5, 1.0):
        fixed = {f"{name}, n = {n}": exact_coverage(f, p, n) for name, f in (("Clopper-Pearson", stats.clopper_pearson),
                 ("Wilson", stats.wilson)) for n in (10, 20, 40)}  # fmt: skip
        rows += [{"interval": name, "rate": p, "coverage": c, "low": c, "high": c} for name, c in fixed.items()]
        k, n = coverage_at_every_look(p, runs, rng)
        r = stats.clopper_pearson(k, n)
        rows.append({"interval": "time-uniform, 200 looks", "rate": p, "coverage": k / n, "low": r.low, "high": r.high})
        for q in (0.0, 0.5):
            k, n = rise_coverage_at_every_look(p, q, runs, rng)
            r = stats.clopper_pearson(k, n)
            name = f"time-uniform rise over {q}, 100 looks"
            rows.append({"interval": name, "rate": p, "coverage": k / n, "low": r.low, "high": r.high})
    return rows


def narrowest(largest: int = 60) -> float:
    """The smallest width of any interval over all counts up to n = `largest`, and at a million."""
    widths = []
    for f in (stats.wilson, stats.clopper_pearson, stats.uniform):
        widths += [(r := f(k, n)).high - r.low for n in range(largest + 1) for k in range(n + 1)]
        widths += [(r := f(k, 10**6)).high - r.low for k in (0, 1, 500_000, 10**6)]
    widths += [(r := stats.uniform_rise(i, 12, j, 12)).high - r.low for i in range(13) for j in range(13)]
    return min(widths)


def table(scenarios: Sequence[Scenario | Rounds], hunts: int, workers: int) -> list[dict[str, Any]]:
    """Simulates and prints a row for each scenario."""
    print(f"False discovery rate in %, alpha = {100 * ALPHA:.0f} %, {hunts} hunts per scenario (95 % interval)")
    columns = f"{'scenario':<50} {'at the end':>17} {'at the first find':>17} {'tried':>6} {'found':>6}"
    print(f"{columns} | {'Fisher + BH':>11} {'Fisher':>7}")
    rows = []
    with ProcessPoolExecutor(workers) as pool:
        for scenario in scenarios:
            done = list(pool.map(run, [scenario] * hunts, range(hunts), chunksize=10))
            row: dict[str, Any] = {"scenario": scenario.name, "hunts": hunts}
            for name in ("end", "first", "fixed", "naive"):
                row[name] = dict(zip(("rate", "low", "high"), mean_with_interval([h[name] for h in done]), strict=True))
            row |= {name: sum(h[name] for h in done) for name in ("tried", "found", "true")}
            rows.append(row)
            cells = [
                f"{100 * row[n]['rate']:.1f} ({100 * row[n]['low']:.1f}-{100 * row[n]['high']:.1f})" for n in ("end", "first")
            ]
            found = f"{row['found'] / row['true']:.2f}" if row["true"] else "-"
            print(
                f"{scenario.name:<50} {cells[0]:>17} {cells[1]:>17} {row['tried'] / hunts:>6.1f} {found:>6} | "
                f"{100 * row['fixed']['rate']:>11.1f} {100 * row['naive']['rate']:>7.1f}",
                flush=True,
            )
    return rows


def shown(covered: Sequence[dict[str, Any]], runs: int, width: float) -> bool:
    """Prints the coverage of all intervals; returns whether it is as promised."""
    rates = sorted({r["rate"] for r in covered})
    print(f"\nCoverage of 95 % intervals ({runs} streams for the time-uniform ones, exact for the others)")
    print(f"{'interval':<38}" + "".join(f"{f'rate {p}':>11}" for p in rates))
    for name in dict.fromkeys(r["interval"] for r in covered):
        print(f"{name:<38}" + "".join(f"{r['coverage']:>11.4f}" for r in covered if r["interval"] == name))
    promised = [r for r in covered if not r["interval"].startswith("Wilson")]
    nominal = all(r["high"] >= 0.95 for r in promised)
    print(
        f"at or above 95 % wherever it is promised (all but Wilson's): {'yes' if nominal else 'NO'}; smallest width {width:.1e}"
    )
    return nominal and width > 0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--hunts", type=int, default=300, help="simulated hunts per scenario")
    parser.add_argument("--only", default="", metavar="NAME", help="only scenarios whose name contains this, without coverage")
    parser.add_argument("--runs", type=int, default=4000, help="streams for the coverage at every look")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--json", type=Path)
    args = parser.parse_args()
    scenarios = [x for x in (*_scenarios(), *_rounds()) if args.only in x.name]
    if not scenarios:
        parser.error(f"no scenario is called {args.only!r}")
    rows = table(scenarios, args.hunts, args.workers)
    held = all(r[n]["low"] <= ALPHA for r in rows for n in ("end", "first"))
    print(f"{args.hunts * len(rows)} hunts; every rate within alpha up to simulation error: {'yes' if held else 'NO'}")
    found: dict[str, Any] = {"alpha": ALPHA, "margin": MARGIN, "hunts": rows}
    nominal = True
    if not args.only:
        found |= {"coverage": coverage(args.runs), "least_width": narrowest()}
        nominal = shown(found["coverage"], args.runs, found["least_width"])
    if args.json:
        args.json.write_text(json.dumps(found))
    raise SystemExit(0 if held and nominal else 1)


if __name__ == "__main__":
    main()
