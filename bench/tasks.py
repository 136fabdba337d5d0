"""Are bugs of detectors, of models that answer questions and of new builds found as those of classifiers are?

    python bench/tasks.py [--hunts 10] [--only NAME ...] [--strength 0.9] [--json FILE]

Nothing is rendered: the pictures spell words (`bugscope.testing.World`, `DetectorWorld`); the tasks, the engine and the loop
are the real ones. Each hunt plants two words, drawn at random, that make the target fail in one way on all labels. A bug is
found if a confirmed description of its label has its word; it is named rightly if most of its failures are said to be of the
planted kind. A confirmed description without a planted word is false. `null` cells plant nothing: the target is wrong at a
fixed rate, or is compared with itself. Intervals are 95 % Clopper-Pearson.
"""

import argparse
import json
import random
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import bugscope
from bugscope import stats
from bugscope.testing import NOTHING, PHRASES, DetectorWorld, World

LABELS = ("mug", "pot", "cab")
BUDGET = 600
WIDTHS = (13, 15, 15, 20, 10)
PLANTED = 2
ALONE = ("snow", "sand", "grass", "night", "fog", "indoors")
"""Words that a picture without an object can show."""

Roles = Mapping[str, Any]


@dataclass(frozen=True)
class Cell:
    """A kind of target. `roles(planted)`: a hunt's models and options with these words planted; `said`: what most failures
    should be called, "" where that is any label; `words`: those that may be planted; `labels`: hunted on."""

    name: str
    roles: Callable[[Mapping[str, float]], Roles]
    said: str = ""
    words: Sequence[str] = tuple(PHRASES)
    labels: Sequence[str] = LABELS
    null: bool = False


@dataclass
class Score:
    """Of the hunts of a cell. `n`: planted bugs; `found`, `named`: of those; `confirmed`: descriptions, `false` of them;
    `alarmed`: hunts that confirmed anything false."""

    name: str
    hunts: int = 0
    n: int = 0
    found: int = 0
    named: int = 0
    confirmed: int = 0
    false: int = 0
    alarmed: int = 0


def classifier(planted: Mapping[str, float], base: float = 0.05) -> Roles:
    return World(labels=LABELS, planted=planted, base=base, prior=0.05).roles()


def detector(kind: str, base: float = 0.05) -> Callable[[Mapping[str, float]], Roles]:
    def roles(planted: Mapping[str, float]) -> Roles:
        world = DetectorWorld(labels=LABELS, planted=planted, kinds=dict.fromkeys(planted, kind), base=base, prior=0.05)
        return {**world.roles(), "task": "detect"}

    return roles


def alarming(planted: Mapping[str, float]) -> Roles:
    world = DetectorWorld(labels=LABELS, planted={}, alarms=planted, base=0.05, prior=0.05)
    return {**world.roles(), "task": "detect", "task_args": {"kinds": "false alarm"}}


def blind(planted: Mapping[str, float]) -> Roles:
    """Denies what is there."""
    world = World(labels=LABELS, planted=planted, base=0.05, prior=0.05)

    def answer(pictures: Sequence[Any], questions: Sequence[str]) -> list[str]:
        wrong = world.classify(pictures).argmax(axis=1) == len(LABELS)
        return ["No, there is not." if x else "Yes." for x in wrong]

    return {**world.roles(), "target": answer, "task": "ask"}


def agreeable(planted: Mapping[str, float]) -> Roles:
    """Says yes to what is not there."""
    world = World(labels=LABELS, planted={}, base=0.05, prior=0.05)

    def answer(pictures: Sequence[Any], questions: Sequence[str]) -> list[str]:
        said = []
        for name, words, chance in map(world.read, pictures):
            bias = max([0.05, *(planted.get(word, 0.0) for word in words)])
            said.append("Yes, I see it." if name == NOTHING and chance < bias else "No.")
        return said

    return {**world.roles(), "target": answer, "task": "ask", "task_args": {"absent": True}}


def worse(planted: Mapping[str, float]) -> Roles:
    """A new build that fails on further words; both builds fail in a close-up."""
    old = World(labels=LABELS, planted={"close": 0.9}, base=0.05, prior=0.05)
    new = World(labels=LABELS, planted={"close": 0.9, **planted}, base=0.05, prior=0.05)
    return {**new.roles(), "against": old.roles()["target"]}


def itself(planted: Mapping[str, float]) -> Roles:
    same = World(labels=LABELS, planted={"snow": 0.9}, base=0.1, prior=0.05)
    return {**same.roles(), "against": same.roles()["target"]}


CELLS = (
    Cell("classify", classifier),
    Cell("missed", detector("missed"), "missed"),
    Cell("mislabelled", detector("mislabelled"), "mislabelled as bowl"),
    Cell("misplaced", detector("misplaced"), "misplaced"),
    Cell("doubled", detector("doubled"), "doubled"),
    Cell("false alarm", alarming, "false alarm", ALONE, LABELS[:1]),
    Cell("ask: blind", blind, "answered as no"),
    Cell("ask: says yes", agreeable, "false yes", ALONE, LABELS[:1]),
    Cell("against", worse, "", [word for word in PHRASES if word != "close"]),
    Cell("null: classify", lambda _: classifier({}, 0.2), null=True),
    Cell("null: detect", lambda _: detector("missed", 0.2)({}), null=True),
    Cell("null: against itself", itself, null=True),
)


def hunted(cell: Cell, seed: int, strength: float) -> tuple[dict[str, str], bugscope.Run]:
    """Planted words with their phrases, and the run."""
    words = [] if cell.null else random.Random(seed).sample(list(cell.words), PLANTED)
    with tempfile.TemporaryDirectory() as folder:
        run = bugscope.hunt(
            list(cell.labels), Path(folder) / "run", seed=seed, budget=BUDGET, explain_budget=0,
            **cell.roles(dict.fromkeys(words, strength)),
        )  # fmt: skip
        _ = run.report  # read before the folder is gone
    return {word: PHRASES[word].text for word in words}, run


def scored(cell: Cell, hunts: int, strength: float) -> Score:
    score = Score(cell.name)
    for seed in range(hunts):
        planted, run = hunted(cell, seed, strength)
        bugs = [*run.report["bugs"], *run.report["folded"]]
        false = [b for b in bugs if planted.keys().isdisjoint(_words(b))]
        score.hunts += 1
        score.confirmed += len(bugs)
        score.false += len(false)
        score.alarmed += bool(false)
        for label in cell.labels if planted else ():
            for word in planted:
                ours = [b for b in bugs if b["label"] == label and word in _words(b)]
                score.n += 1
                score.found += bool(ours)
                said = [b["predicted"][0]["label"] for b in ours if b["predicted"]]
                score.named += bool(ours) and (not cell.said or cell.said in said)
    return score


def _words(bug: Mapping[str, Any]) -> set[str]:
    return {word for word, phrase in PHRASES.items() if phrase.text in bug["phrases"]}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--hunts", type=int, default=10)
    parser.add_argument("--strength", type=float, default=0.9)
    parser.add_argument("--only", nargs="+", choices=[cell.name for cell in CELLS])
    parser.add_argument("--json", type=Path)
    args = parser.parse_args()
    scores = []
    heads = ("bugs found", "95 % interval", "named rightly", "false descriptions", "of hunts")
    print(f"{'target':<22}" + "".join(f"{head:>{width}}" for head, width in zip(heads, WIDTHS, strict=True)))
    for cell in CELLS:
        if args.only and cell.name not in args.only:
            continue
        s = scored(cell, args.hunts, args.strength)
        scores.append(s)
        found = f"{s.found} of {s.n}" if s.n else "–"
        rate = stats.clopper_pearson(s.found, s.n)
        interval = f"{100 * rate.low:.0f}–{100 * rate.high:.0f} %" if s.n else "–"
        named = f"{s.named} of {s.found}" if s.n else "–"
        false = f"{s.false} of {s.confirmed}"
        cells = (found, interval, named, false, f"{s.alarmed} of {s.hunts}")
        print(f"{s.name:<22}" + "".join(f"{x:>{width}}" for x, width in zip(cells, WIDTHS, strict=True)), flush=True)
    if args.json:
        args.json.parent.mkdir(parents=True, exist_ok=True)
        args.json.write_text(json.dumps([asdict(s) for s in scores], indent=1))


if __name__ == "__main__":
    main()
