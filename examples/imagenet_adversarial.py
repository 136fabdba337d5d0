"""The third experiment of Wiles, Albuquerque and Gowal (2022), from start to finish with Bugscope's built-in models: hunt for
bugs of one network over every label that the studio draws, make an adversarial data set of its failures, and see whether other
networks fail on it.

    pip install '.[studio]' && python examples/imagenet_adversarial.py

It takes about an hour on two cores. Run it again with the same --out to continue where it stopped. It writes OUT/hunt (the run
and its report), OUT/set (the data set), OUT/transfer (the page) and OUT/table.json.
"""

import argparse
import json
import random
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

import bugscope
from bugscope.app.cli.options import number
from bugscope.app.cli.progress import display
from bugscope.core.records import Rate
from bugscope.stats import clopper_pearson

EASY = 0.1
"""A label is easy if no network gets a larger share of the hunt's plain pictures wrong."""

Picture = Mapping[str, Any]


def main() -> None:
    parser = argparse.ArgumentParser(description="Does an adversarial data set made for one network fool others?")
    parser.add_argument("--out", type=Path, default=Path("runs/adversarial"))
    parser.add_argument("--target", default="efficientnet-lite/0", help="the network to hunt")
    parser.add_argument(
        "--others", nargs="+", default=["efficientnet-lite/1", "efficientnet-lite/2"], help="the networks to fool"
    )
    parser.add_argument("--labels", nargs="+", default=None, help="label names; default: all")
    parser.add_argument("--budget", type=number, default="auto", help="pictures for finding bugs; auto: as the labels need")
    parser.add_argument("--explain-budget", type=int, default=0, help="further pictures for explaining the bugs; 0: none")
    parser.add_argument("--fresh", type=int, default=8, help="fresh pictures of each bug and each of its labels")
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()

    with display(quiet=False) as tell:
        run = bugscope.hunt(
            args.labels, args.out / "hunt", all_labels=not args.labels, target=args.target, budget=args.budget,
            explain_budget=args.explain_budget, seed=args.seed, progress=tell,
        )  # fmt: skip
    hunted = run.report
    print(
        f"{len(run.bugs)} bugs of {hunted['target']} on {len(hunted['labels'])} labels: {hunted['hypotheses_tested']} "
        f"descriptions, {hunted['images_generated']} pictures, {hunted['seconds'] / 60:.1f} minutes"
    )
    folder = args.out / "set"
    if not folder.exists():
        print(bugscope.dataset(run, folder, seed=args.seed).sentence)
    found = bugscope.transfer(run, args.others, out=args.out / "transfer")
    print("\n".join(found.sentences()))
    replays = {}
    for spec in (args.target, *args.others):
        with display(quiet=False) as tell:
            made = bugscope.replay(run, spec, fresh=args.fresh, progress=tell)
        replays[made.report["target"]] = made
        print(f"replay on {made.report['target']}: {made.report['summary']}; exit code {made.exit_code()}; {made.write()}")

    rows = experiment(found, replays, members(folder), args.seed)
    Console(width=140).print(table(rows, found.models))
    text = json.dumps(
        [{"pictures": name, **{m: asdict(r) for m, r in rates.items()}} for name, rates in rows.items()], indent=1
    )
    (args.out / "table.json").write_text(text)


def members(folder: Path) -> set[tuple[str, int]]:
    """(prompt, seed) of each picture of a data set."""
    lines = [line for part in sorted(folder.glob("*/metadata.jsonl")) for line in part.read_text("utf-8").splitlines()]
    return {(row["prompt"], row["seed"]) for row in map(json.loads, lines)}


def experiment(found: Any, replays: Mapping[str, Any], kept: set[tuple[str, int]], seed: int) -> dict[str, dict[str, Rate]]:
    """Failure rates of each network, by what it is shown. `found`: the transfer; `replays`: by network."""
    own, everything = found.models[0], found.pictures()
    plain = {x["image"]: x for x in everything if not x["description"] and x["purpose"] in ("explore", "confirm")}.values()
    easy = {
        label
        for label in {x["label"] for x in plain}
        if all(rate([x for x in plain if x["label"] == label], model).value <= EASY for model in found.models)
    }
    rows = {}
    for name, good in (("", lambda label: True), (f", {len(easy)} easy labels", lambda label: label in easy)):
        chance = [x for x in plain if x["wrong"][own] and good(x["label"])]
        made = [x for x in everything if (x["prompt"], x["seed"]) in kept and good(x["label"])]
        few = random.Random(seed).sample(made, min(len(made), len(chance)))
        rows[f"plain, fresh{name}"] = {m: fresh(replays[m], good, baseline=True) for m in found.models}
        rows[f"the bugs, fresh{name}"] = {m: fresh(replays[m], good) for m in found.models}
        for what, shown in (("failures on plain pictures", chance), ("as many of the set", few), ("the adversarial set", made)):
            rows[f"{what}{name}"] = {m: rate(shown, m) for m in found.models}
    return rows


def rate(shown: Iterable[Picture], model: str) -> Rate:
    answers = [x["wrong"][model] for x in shown if x["wrong"][model] is not None]
    return clopper_pearson(sum(answers), len(answers))


def fresh(replayed: Any, good: Callable[[str], bool], baseline: bool = False) -> Rate:
    """On pictures that no network has seen before: of the bugs' prompts, or of the plain labels they are compared with."""
    bugs = [b for b in (*replayed.report["bugs"], *replayed.report["folded"]) if good(b["label"])]
    if baseline:
        counts = list({b["compared_with"]: b["fresh"]["baseline"] for b in bugs}.values())
    else:
        counts = list({b["prompt"]: b["fresh"] for b in bugs}.values())
    return clopper_pearson(sum(c["failures"] for c in counts), sum(c["n"] for c in counts))


def table(rows: Mapping[str, Mapping[str, Rate]], models: Iterable[str]) -> Table:
    made = Table("pictures", *models, title="Share that a network gets wrong (95 % intervals)", title_justify="left")
    for name, rates in rows.items():
        made.add_row(name, *(said(r) for r in rates.values()), end_section=name.startswith("the adversarial set"))
    return made


def said(r: Rate) -> str:
    return f"{100 * r.value:.0f} % ({r.k} of {r.n}, {100 * r.low:.0f}-{100 * r.high:.0f})" if r.n else "no pictures"


if __name__ == "__main__":
    try:
        main()
    except bugscope.BugscopeError as error:
        raise SystemExit(f"error: {error}") from error
