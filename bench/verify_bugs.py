"""Do the bugs of a run hold on pictures that had no part in it?

    python bench/verify_bugs.py RUN [--n 40] [--causes] [--bugs 1 3] [--json FILE]

Draws N fresh faithful pictures of every confirmed description, also of those folded into another bug, and of its label's
neutral prompt (with other seeds than any in the run; nothing is reused), and prints which still fail at least 10 points above
their baseline. `--causes` also checks what their explanations claim: that the minimal description fails so too, that without a
cue it fails at least 10 points less, and how often the context alone is called the wrong label. The exit code is 1 if fewer
than 90 % of the descriptions hold.
"""

import argparse
import json
import tempfile
from pathlib import Path
from typing import Any

import bugscope
from bugscope import stats
from bugscope.core.options import Config
from bugscope.core.records import Phrase, Prompt, Sample, Status
from bugscope.engine.engine import Engine
from bugscope.language import Wording
from bugscope.media import picture
from bugscope.store.folder import Store
from bugscope.workflows.session import load_models

WORDS = Wording(picture.words)

FRESH = 987_654_321
"""Added to the run's seed, which changes every sample's seed."""


def failures(engine: Engine, prompt: Prompt, seed: int, n: int) -> tuple[int, int]:
    """Failures among the first `n` faithful pictures of a prompt (at most 3 n drawn)."""
    counted: list[bool] = []
    drawn = 0
    while len(counted) < n and drawn < 3 * n:
        more = min(n - len(counted), 3 * n - drawn)
        outcomes = engine.measure([Sample(prompt, "explain", drawn + i, seed) for i in range(more)])
        counted += [o.status is Status.FAILURE for o in outcomes if o.status.counts]
        drawn += more
    return sum(counted), len(counted)


def causes(engine: Engine, bug: Any, whole: tuple[int, int], plain: tuple[int, int], seed: int, n: int) -> list[dict[str, Any]]:
    """What a bug's explanation claims, on fresh pictures: (claim, failures of n, against, holds)."""
    record, rows = bug.record, []
    phrases = [Phrase(**p) for p in record["minimal"]["phrases"]]
    if len(phrases) < sum(c["change"] == "drop" for c in record["counterfactuals"]):
        k, m = failures(engine, WORDS.prompt(bug.label, phrases), seed, n)
        claim = f"the cause is “{record['minimal_description']}”"
        rows.append({"claim": claim, "k": k, "n": m, "against": plain, "holds": k / m - plain[0] / plain[1] >= 0.10})
    for c in record["cues"]:
        k, m = failures(engine, Prompt(c["prompt"], bug.label, c["sentence"]), seed, n)
        claim = f"without “{c['phrase']}” it fails less"
        rows.append({"claim": claim, "k": k, "n": m, "against": whole, "holds": whole[0] / whole[1] - k / m >= 0.10})
    if record["spurious"]:
        s = record["spurious"]
        outcomes = engine.measure([Sample(Prompt(s["prompt"], s["wrong"]), "explain", i, seed) for i in range(n)])
        empty = [o for o in outcomes if o.status is Status.UNFAITHFUL]
        k, m = sum(o.wrong is False for o in empty), len(empty)
        claim = f"“{s['prompt'].removeprefix('a photo of ')}” alone, called “{s['wrong']}”"
        rows.append({"claim": claim, "k": k, "n": m, "against": (s["alone"]["times"], s["alone"]["n"]), "holds": None})
    return rows


def show_causes(rows: list[dict[str, Any]]) -> None:
    for row in rows:
        interval = stats.clopper_pearson(row["k"], row["n"])
        against = "{}/{}".format(*row["against"])
        verdict = {True: "holds", False: "does not hold", None: "in the run"}[row["holds"]]
        print(
            f"   {row['claim']:<58} {row['k']}/{row['n']} ({100 * interval.low:.0f}-{100 * interval.high:.0f} %) against "
            f"{against}: {verdict}",
            flush=True,
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path)
    parser.add_argument("--n", type=int, default=40)
    parser.add_argument("--bugs", nargs="+", help="numbers in the report; default: all")
    parser.add_argument("--causes", action="store_true", help="also check what the explanations claim")
    parser.add_argument("--json", type=Path)
    args = parser.parse_args()
    run = bugscope.load(args.run)
    with Store.open(args.run) as store:
        config = Config.of(store.meta("identity")["options"])
        used = {s.seed for s in store.samples()}
    seed = config.seed + FRESH
    models = load_models(config)
    rows = []
    with tempfile.TemporaryDirectory() as folder, Store.create(Path(folder) / "fresh", {"run": str(args.run)}) as store:
        engine = Engine(models, store, config)
        baselines: dict[str, tuple[int, int]] = {}
        print(f"{'bug':<50} {'in the run':>10} {'fresh':>9} {'baseline':>9} {'rise':>6}")
        every = [x for b in run.bugs for x in (b, *b.also)]
        for bug in [b for b in every if args.bugs is None or b.number in args.bugs]:
            if bug.label not in baselines:
                baselines[bug.label] = failures(engine, WORDS.neutral(bug.label), seed, args.n)
            k, n = failures(engine, Prompt(bug.record["prompt"], bug.label, bug.description), seed, args.n)
            kb, nb = baselines[bug.label]
            rise = k / n - kb / nb
            fresh, base = stats.wilson(k, n), stats.wilson(kb, nb)
            rows.append(
                {
                    "bug": bug.sentence, "failures": k, "n": n, "low": fresh.low, "high": fresh.high,
                    "baseline_failures": kb, "baseline_n": nb, "baseline_high": base.high, "rise": rise, "holds": rise >= 0.10,
                }
            )  # fmt: skip
            print(
                f"{bug.sentence:<50} {f'{bug.failures}/{bug.n}':>10} {f'{k}/{n}':>9} {f'{kb}/{nb}':>9} {rise:>+6.2f}",
                flush=True,
            )
            if args.causes and bug.record["explanation"]:
                rows[-1]["causes"] = causes(engine, bug, (k, n), (kb, nb), seed, args.n)
                show_causes(rows[-1]["causes"])
        overlap = used & {s.seed for s in store.samples()}
        drawn = sum(1 for _ in store.samples())
    getattr(models.generator, "close", lambda: None)()
    holding = sum(r["holds"] for r in rows)
    print(f"{holding} of {len(rows)} confirmed descriptions still fail at least 10 points above their baseline")
    print(f"{drawn} fresh pictures; {len(overlap)} share a seed with a picture of the run")
    if args.json:
        args.json.write_text(json.dumps({"rows": rows, "holding": holding, "bugs": len(rows)}, indent=1))
    raise SystemExit(0 if rows and holding >= 0.9 * len(rows) else 1)


if __name__ == "__main__":
    main()
