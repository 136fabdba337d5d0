"""Does Bugscope confirm bugs where there are none? Hunts on a target that is wrong at a fixed rate, whatever it sees.

    python bench/null.py [--runs 20] [--json FILE]

Nothing is rendered: the pictures spell words (`bugscope.testing.World`), and everything else is the real loop with its
defaults. For several failure rates it prints in how many runs anything was confirmed, with a Clopper-Pearson interval, compared
with alpha, and beside it the paper's procedure (a fixed number of pictures per description) without its correction for trying
many.
"""

import argparse
import json
import tempfile
from pathlib import Path

from scipy.stats import binomtest

from bugscope import stats
from bugscope.core.options import Config
from bugscope.core.records import Evidence, Verdict
from bugscope.engine.engine import Engine
from bugscope.engine.models import Models
from bugscope.store.folder import Store
from bugscope.testing import null_world
from bugscope.workflows.hunt import conduct

LABELS = ("mug", "pot", "fly", "cat", "dog", "bus")


def evidence(rate: float, seed: int, **options: int) -> list[Evidence]:
    config = Config.of({"seed": seed, **options})
    with tempfile.TemporaryDirectory() as folder, Store.create(Path(folder) / "run", {"seed": seed}) as store:
        models = Models(**null_world(LABELS, rate).roles())
        return conduct(LABELS, Engine(models, store, config), store, config, lambda now: None).evidence


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=20)
    parser.add_argument("--rates", type=float, nargs="+", default=[0.05, 0.1, 0.3, 0.6])
    parser.add_argument("--json", type=Path)
    args = parser.parse_args()
    alpha = Config().alpha
    rows = []
    print(f"runs of {args.runs} with any confirmed bug, alpha = {alpha}")
    print(f"{'failure rate':>12} {'Bugscope':>9} {'95 % interval':>15} {'naive Fisher':>13} {'descriptions':>13}")
    for rate in args.rates:
        found = naive = tried = 0
        for seed in range(args.runs):
            ours = evidence(rate, seed)
            found += any(e.verdict is Verdict.CONFIRMED for e in ours)
            tried += len(ours)
            fixed = evidence(rate, seed, fixed_n=20, budget=2000)
            p = [stats.fisher(e.treated.k, e.treated.n, e.baseline.k, e.baseline.n) for e in fixed]
            naive += any(value <= alpha for value in p)
        low, high = binomtest(found, args.runs).proportion_ci(method="exact")
        rows.append(
            {"rate": rate, "runs": args.runs, "with_bug": found, "low": low, "high": high, "naive": naive, "tried": tried}
        )
        print(f"{rate:>12} {found:>9} {f'{low:.3f}-{high:.3f}':>15} {naive:>13} {tried:>13}", flush=True)
    total = sum(r["with_bug"] for r in rows)
    runs = args.runs * len(rows)
    held = "yes" if total <= alpha * runs else "NO"
    print(f"in total: {total} of {runs} runs ({total / runs:.3f}); at most alpha = {alpha}: {held}")
    if args.json:
        args.json.write_text(json.dumps({"alpha": alpha, "rows": rows, "with_bug": total, "runs": runs}, indent=1))


if __name__ == "__main__":
    main()
