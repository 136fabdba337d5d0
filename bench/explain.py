"""Does `bugscope.explain` name the phrase that makes a target fail, and no other?

    python bench/explain.py [--cases 100] [--rendered 0] [--pairs 16] [--pool DIR] [--json FILE]

A case is a description of three or more phrases whose cause is known: one phrase (the trigger), two that are needed together,
or none (a description that was a false alarm). Three methods get the same number of pictures for each edit:

- ours: `explain` with a hunt's defaults: drops (and swaps) on the same seeds, exact McNemar with Holm over all of them; then
  the smallest description that fresh pictures confirm.
- by hand, as in the paper: each phrase is dropped once, on pictures with seeds of their own. A fall of over 20 points makes it
  a cue, and the cues are the minimal description.
- uncorrected: the same drops on the same seeds as ours, p <= 0.05 each; the cues are the minimal description.

If a method finds no cue, its minimal description is the whole. The table shows in how many cases the minimal description is
the truth, in how many an untouched phrase is called a cue, in how many every cause is called a cue (95 % Clopper-Pearson
intervals), and the pictures per case.

Simulated: the pictures spell words (`bugscope.testing.World`); nothing is rendered. `--rendered N` adds N cases on pictures of
the studio: triggers that see pixels (`bench/planted.py`), and a target that is right except where its trigger fires, so that
nothing else can be the cause. The pictures are kept in the pool of that bench, so only the first run renders.
"""

import argparse
import hashlib
import json
import random
import sys
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass, replace
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import platformdirs
from PIL import Image

from bugscope import stats
from bugscope.core.explanation import Explanation
from bugscope.core.options import Config
from bugscope.core.records import Hypothesis, Outcome, Phrase, Prompt, Purpose, Rate, Sample, Status
from bugscope.language import Wording
from bugscope.media import picture
from bugscope.media.picture import Picture
from bugscope.method.explain import explain
from bugscope.method.plan import stated_test
from bugscope.method.world import Budgeted, Measure
from bugscope.testing import PHRASES, World
from planted import LABELS, TRIGGERS, Pool, Trigger

WORDS = Wording(picture.words)

DEFAULTS = Config()
SWAPS = 1
"""Replacements of each phrase, as in a hunt."""
BUDGET = 2000
"""Pictures: more than any case needs."""
FALL = 0.2
"""The fall that makes a phrase a cue by hand."""
OURS, BY_HAND, UNCORRECTED = "ours", "by hand", "uncorrected"
NAMED = 0.9
"""The goal: the share of single-trigger cases in which the trigger is the minimal description."""


# --- cases and answers --------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Case:
    """A description, and which of its phrases cause the failures together; none if it was a false alarm."""

    label: str
    phrases: tuple[Phrase, ...]
    causes: frozenset[Phrase]
    seed: int

    @property
    def minimal(self) -> frozenset[Phrase]:
        """What should be named; for a false alarm nothing smaller is right."""
        return self.causes or frozenset(self.phrases)


@dataclass(frozen=True)
class Answer:
    """What a method says about a case. `decided`: the pictures sufficed for a decision. `why`: what it rests on."""

    minimal: frozenset[Phrase]
    cues: frozenset[Phrase]
    pictures: int
    decided: bool = True
    why: str = ""


def answers(case: Case, measure: Measure, *, pairs: int, swaps: int, wording: Wording = WORDS) -> dict[str, Answer]:
    """What each method says, by its name."""
    budgeted = Budgeted(measure, BUDGET)
    explanation = explain(
        Hypothesis(case.label, case.phrases),
        "",
        measure=budgeted,
        wording=wording,
        test=replace(stated_test(DEFAULTS), seed=case.seed),
        pairs=pairs,
        swaps=swaps,
    )
    assert explanation is not None, f"{BUDGET} pictures do not pay for {case}"
    return {
        OURS: ours(explanation, BUDGET - budgeted.left),
        BY_HAND: by_hand(case, measure, pairs),
        UNCORRECTED: uncorrected(explanation, DEFAULTS.alpha),
    }


def ours(e: Explanation, pictures: int) -> Answer:
    cues = frozenset(c.edit.phrase for c in e.counterfactuals if c.is_cue and c.edit.phrase)
    return Answer(frozenset(e.minimal.phrases), cues, pictures, e.minimal.decided, reasons(e))


def reasons(e: Explanation) -> str:
    """Every drop and every smaller description tried, in numbers."""
    drops = [
        f"{c.edit}: {c.before.k}->{c.after.k} of {c.before.n}, p {c.p_value:.2g}, Holm {c.adjusted:.2g}"
        for c in e.counterfactuals
        if c.edit.op == "drop"
    ]
    trials = [
        f"[{t.hypothesis.description}] {t.treated.k}/{t.treated.n} vs {t.baseline.k}/{t.baseline.n}, e {t.e_value:.3g}, "
        f"{t.verdict.name.lower()}"
        for t in e.minimal.trials
    ]
    return "; ".join([*drops, *trials])


def uncorrected(e: Explanation, alpha: float) -> Answer:
    """Each drop by itself, on the same pictures as ours."""
    drops = [c for c in e.counterfactuals if c.edit.op == "drop"]
    cues = [c.edit.phrase for c in drops if c.edit.phrase and c.p_value <= alpha and c.effect.value < 0]
    return without_test(e.hypothesis.phrases, cues, e.pairs * (1 + len(drops)))


def by_hand(case: Case, measure: Measure, pairs: int) -> Answer:
    """The paper's practice: seeds of their own for each description, and a difference that looks large."""
    edits = [e for e in WORDS.edits(case.phrases, limit=0) if e.phrase]
    before, *after = [_rate(measure, case, phrases, pairs) for phrases in (case.phrases, *(e.phrases for e in edits))]
    # a difference of exactly the bar does not count, whatever the rounding
    cues = [e.phrase for e, rate in zip(edits, after, strict=True) if e.phrase and before - rate > FALL + 1e-9]
    return without_test(case.phrases, cues, pairs * (1 + len(edits)))


def without_test(phrases: Sequence[Phrase], cues: Sequence[Phrase], pictures: int) -> Answer:
    """The cues are the minimal description; if there are none, it is the whole."""
    return Answer(frozenset(cues or phrases), frozenset(cues), pictures)


def _rate(measure: Measure, case: Case, phrases: Sequence[Phrase], n: int) -> float:
    counted = [o for o in measure(_samples(WORDS.prompt(case.label, phrases), n, case.seed)) if o.status.counts]
    return sum(o.status is Status.FAILURE for o in counted) / max(1, len(counted))


def _samples(prompt: Prompt, n: int, seed: int, purpose: Purpose = "confirm") -> list[Sample]:
    """Samples of the purpose "confirm", whose seeds depend on the prompt's words."""
    return [Sample(prompt, purpose, i, seed) for i in range(n)]


def judged(case: Case, answer: Answer) -> dict[str, bool]:
    """An answer compared with the truth. `admitted`: wrong, but the method itself says that it could not decide."""
    exact = answer.minimal == case.minimal
    return {
        "exact": exact,
        "admitted": not exact and not answer.decided,
        "false_cue": bool(answer.cues - case.causes),
        "cue": bool(case.causes) and answer.cues >= case.causes,
    }


# --- simulated ----------------------------------------------------------------------------------------------------------

EXCLUSIVE = (("snow", "sand", "grass", "indoors"), ("red", "blue"), ("night",), ("fog",), ("close",), ("above",))
"""The world's words; a description has at most one of each group."""
IN_THE_WORLD = replace(WORDS, admissible=lambda label, phrase: phrase in PHRASES.values())


@dataclass
class Causes(World):
    """A world where `causes` make the target fail, all of them together, at rate `strength`; nothing else does."""

    causes: tuple[str, ...] = ()
    strength: float = 1.0
    fated: bool = False
    """Whether a picture with the causes fails depends only on its seed."""

    def __post_init__(self) -> None:
        self.planted = {"all causes": self.strength}

    def draw(self, prompt: str, seed: int) -> Picture:
        drawn = super().draw(prompt, seed)
        if not self.fated:
            return drawn
        pixels = np.array(drawn.content)
        pixels[15] = np.frombuffer(hashlib.sha256(str(seed).encode()).digest() * 2, np.uint8)[:48].reshape(16, 3)
        return Picture(Image.fromarray(pixels), info=drawn.info)

    def read(self, image: Image.Image) -> tuple[int, list[str], float]:
        name, words, chance = super().read(image)
        return name, ["all causes"] * bool(self.causes and set(self.causes) <= set(words)), chance

    def measure(self, samples: Sequence[Sample]) -> list[Outcome]:
        pictures = [self.draw(s.prompt.text, s.seed) for s in samples]
        wrong = self.classify([p.content for p in pictures]).argmax(axis=1) == len(self.labels)
        return [Outcome(s, Status.FAILURE if w else Status.SUCCESS) for s, w in zip(samples, wrong, strict=True)]


@dataclass(frozen=True)
class Scenario:
    """Descriptions with `phrases` phrases, of which `causes` act together; `base`, `prior`: see `World`."""

    phrases: int
    causes: int = 1
    strength: float = 1.0
    base: float = 0.05
    prior: float = 0.12
    fated: bool = False

    @property
    def kind(self) -> str:
        return ("no cause", "one trigger", "two together")[self.causes]

    @property
    def name(self) -> str:
        strength = f"{self.strength}, " if self.causes else ""
        return f"{self.kind}, {strength}base {self.base}, prior {self.prior}{', one fate a seed' * self.fated}"


def scenarios() -> list[Scenario]:
    sizes = (3, 4, 5)
    single = [Scenario(n, 1, s, prior=p) for p in (0.12, 0.0) for s in (1.0, 0.6) for n in sizes]
    fated = [Scenario(n, 1, 0.6, fated=True) for n in sizes]
    both = [Scenario(n, 2, s) for s in (1.0, 0.6) for n in sizes]
    none = [Scenario(n, 0, base=b) for b in (0.05, 0.3) for n in sizes]
    return [*single, *fated, *both, *none]


def simulated_case(scenario: Scenario, seed: int) -> tuple[Case, Causes]:
    """Random words in a random order, and a world in which some of them are the cause."""
    rng = random.Random(f"{scenario}|{seed}")
    words = [rng.choice(group) for group in rng.sample(EXCLUSIVE, scenario.phrases)]
    causes = rng.sample(words, scenario.causes)
    world = Causes(
        base=scenario.base,
        prior=scenario.prior,
        causes=tuple(causes),
        strength=scenario.strength,
        fated=scenario.fated,
    )
    return Case("mug", tuple(PHRASES[w] for w in words), frozenset(PHRASES[w] for w in causes), seed), world


def simulate(scenario: Scenario, seed: int, pairs: int) -> tuple[Case, dict[str, Answer]]:
    case, world = simulated_case(scenario, seed)
    return case, answers(case, world.measure, pairs=pairs, swaps=SWAPS, wording=IN_THE_WORLD)


# --- rendered -----------------------------------------------------------------------------------------------------------

SHOWN_BY: Mapping[str, Phrase] = {
    "darkness": Phrase("at night"),
    "green background": Phrase("on grass"),
    "blue object": Phrase("blue", before=True),
    "blur": Phrase("out of focus"),
    "small object": Phrase("far away"),
    "fog-like low contrast": Phrase("in fog"),
}
"""The phrase that makes a trigger fire, by its name."""
DISTRACTORS = (
    Phrase("seen from ground level"),
    Phrase("upside down"),
    Phrase("in front of buildings"),
    Phrase("two", before=True),
    Phrase("partly hidden by a post"),
    Phrase("wooden", before=True),
)
"""No two are of the same kind, and none is of the kind of a phrase that makes a trigger fire."""
OF_A_LABEL = 3
"""Distractors per label. Three make three pairs, so pictures of a trigger with one of them serve two descriptions."""
MEASURED = 12
"""Pictures that measure how often a trigger fires under a prompt."""
RISE, HARMLESS = 0.5, 0.1
"""How much more often than plainly it fires: at least RISE under its phrase and the whole, at most HARMLESS under the rest."""


class Studio:
    """Real pictures, and targets that are right except where a trigger fires."""

    def __init__(self, pool: Pool, seed: int) -> None:
        self.pool, self.seed = pool, seed
        self.rows: list[dict[str, Any]] = []
        """Every description considered, with how often the trigger fires."""

    def measure(self, case: Case, trigger: Trigger, strength: float) -> Measure:
        """The coin depends on the picture's bytes and on the case, so cases that share pictures have independent luck."""

        def fails(coin: str) -> bool:
            salted = hashlib.sha256(f"{coin}|{case.label}|{trigger.name}|{case.phrases}".encode()).hexdigest()
            return int(salted[:12], 16) / 16**12 < strength

        def ask(samples: Sequence[Sample]) -> list[Outcome]:
            outcomes = []
            for s, v in zip(samples, self.pool.look(samples, frames=False), strict=True):
                wrong = trigger.fires(v.pixels) and fails(v.coin)
                status = (Status.FAILURE if wrong else Status.SUCCESS) if v.shows else Status.UNFAITHFUL
                name = "tick" if wrong else s.prompt.label
                outcomes.append(Outcome(s, status, wrong, name, frozenset({name})))
            return outcomes

        return ask

    def fires(self, trigger: Trigger, label: str, phrases: Sequence[Phrase]) -> tuple[float, float]:
        """(share of the faithful pictures in which the trigger fires, share of faithful pictures)."""
        views = self.pool.look(_samples(WORDS.prompt(label, phrases), MEASURED, self.seed), frames=False)
        shown = [trigger.fires(v.pixels) for v in views if v.shows]
        return float(np.mean(shown)) if shown else 0.0, len(shown) / len(views)

    def cases(self) -> Iterator[tuple[Case, Trigger, float]]:
        """Descriptions that a trigger really explains, label by label, each with a random strength."""
        rng = random.Random(self.seed)
        for label in LABELS:
            usable = [p for p in DISTRACTORS if self.pool.generator.admissible(label, p)]
            pairs = list(combinations(rng.sample(usable, OF_A_LABEL), 2))
            triggers = [t for t in TRIGGERS if t.name in SHOWN_BY and self.pool.generator.admissible(label, SHOWN_BY[t.name])]
            for trigger in triggers:
                for pair in pairs:
                    words = [SHOWN_BY[trigger.name], *pair]
                    rng.shuffle(words)
                    strength = rng.choice((0.6, 1.0))
                    if self._explained(trigger, label, pair):
                        yield Case(label, tuple(words), frozenset([SHOWN_BY[trigger.name]]), self.seed), trigger, strength

    def _explained(self, trigger: Trigger, label: str, pair: Sequence[Phrase]) -> bool:
        """Does the phrase make the trigger fire, alone and in the description, while the rest of the description does not?"""
        plain, _ = self.fires(trigger, label, ())
        phrase = SHOWN_BY[trigger.name]
        row: dict[str, Any] = {"label": label, "trigger": trigger.name, "with": [p.text for p in pair], "plain": plain}
        self.rows.append(row)
        # the cheap questions first: the phrases' pictures are shared
        for name, phrases in (("phrase", [phrase]), *((p.text, [p]) for p in pair), ("rest", pair), ("whole", [phrase, *pair])):
            row[name], shows = self.fires(trigger, label, phrases)
            rises = row[name] - plain
            if shows < 0.5 or (rises < RISE if phrase in phrases else rises > HARMLESS):
                row["left out"] = f"{name}: {rises:+.2f} over plain, {shows:.0%} faithful"
                return False
        return True


def rendered(studio: Studio, n: int, pairs: int) -> Iterator[tuple[str, Case, dict[str, Answer]]]:
    """(strength, case, answers) of the first n cases. Drops only: what `explain` does when the budget is short."""
    for i, (case, trigger, strength) in zip(range(n), studio.cases(), strict=False):
        found = answers(case, studio.measure(case, trigger, strength), pairs=pairs, swaps=0)
        right = judged(case, found[OURS])
        print(
            f"\r{i + 1}: {trigger.name} {strength}, {_told(case)}: {'exact' if right['exact'] else 'MISSED'}"
            f"{', FALSE CUE' * right['false_cue']}; {studio.pool.rendered} pictures rendered",
            file=sys.stderr,
            flush=True,
        )
        yield f"rendered, {strength}", case, found


# --- the tables ---------------------------------------------------------------------------------------------------------


def _told(case: Case) -> str:
    return f"{case.label}: {', '.join(p.text for p in case.phrases)}"


def row(name: str, kind: str, phrases: int, found: Sequence[tuple[Case, Mapping[str, Answer]]]) -> dict[str, Any]:
    """Shares over the cases of one scenario, by method, and every case that our method got wrong."""
    methods = {m: _shares([(case, by[m]) for case, by in found]) for m in (OURS, BY_HAND, UNCORRECTED)}
    wrong = [(case, by[OURS]) for case, by in found if _is_wrong(judged(case, by[OURS]))]
    return {"scenario": name, "kind": kind, "phrases": phrases, "cases": len(found), "methods": methods,
            "wrong": [_miss(case, answer) for case, answer in wrong]}  # fmt: skip


def _is_wrong(right: Mapping[str, bool]) -> bool:
    return right["false_cue"] or not right["exact"]


def _shares(found: Sequence[tuple[Case, Answer]]) -> dict[str, Any]:
    verdicts = [judged(case, answer) for case, answer in found]
    shares = {
        name: asdict(stats.clopper_pearson(sum(v[name] for v in verdicts), len(verdicts)))
        for name in ("exact", "admitted", "false_cue", "cue")
    }
    return {**shares, "pictures": float(np.mean([answer.pictures for _, answer in found]))}


def _miss(case: Case, answer: Answer) -> dict[str, Any]:
    def texts(phrases: frozenset[Phrase]) -> list[str]:
        return sorted(p.text for p in phrases)

    return {"case": _told(case), "seed": case.seed, "causes": texts(case.causes), "minimal": texts(answer.minimal),
            "cues": texts(answer.cues), "why": answer.why}  # fmt: skip


HEAD = (f"{'scenario':<58}{'phrases':>7}{'cases':>6}  {'method':<12}{'exactly named':>18}{'untouched a cue':>18}"
        f"{'causes are cues':>18}{'pictures':>9}")  # fmt: skip


def show(row: Mapping[str, Any]) -> None:
    """Three lines of the table, one per method."""
    for i, (method, m) in enumerate(row["methods"].items()):
        lead = f"{row['scenario']:<58}{row['phrases']:>7}{row['cases']:>6}" if i == 0 else " " * 71
        cells = "".join(f"{_share(m[name]):>18}" for name in ("exact", "false_cue"))
        cue = "-" if row["kind"] == "no cause" else _share(m["cue"])
        print(f"{lead}  {method:<12}{cells}{cue:>18}{m['pictures']:>9.0f}", flush=True)


def _share(rate: Mapping[str, Any]) -> str:
    """In %, with the interval."""
    if not rate["n"]:
        return "-"
    return f"{100 * rate['k'] / rate['n']:.0f} ({100 * rate['low']:.0f}-{100 * rate['high']:.0f})"


def targets(rows: Sequence[Mapping[str, Any]], alpha: float) -> dict[str, bool]:
    """Does our method name single triggers often enough, and are its false cues within alpha, up to simulation error?"""
    held = {}
    for kind in dict.fromkeys(r["kind"] for r in rows):
        mine = [r["methods"][OURS] for r in rows if r["kind"] == kind]
        exact, admitted, false_cue = (_pooled(mine, name) for name in ("exact", "admitted", "false_cue"))
        if kind in ("one trigger", "rendered"):
            worst = min(100 * m["exact"]["k"] / m["exact"]["n"] for m in mine)
            named = f"{kind}: named in {NAMED:.0%} of cases: {_share(asdict(exact))}, {worst:.0f} in the worst row"
            open_ = f"{admitted.k} of the {exact.n - exact.k} others are marked as undecided"
            held[f"{named}; {open_}"] = exact.value >= NAMED
        within = false_cue.low <= alpha and all(m["false_cue"]["low"] <= alpha for m in mine)
        held[f"{kind}: an untouched phrase a cue in at most {alpha:.0%}: {_share(asdict(false_cue))}"] = within
    return held


def _pooled(shares: Sequence[Mapping[str, Any]], name: str) -> Rate:
    return stats.clopper_pearson(sum(s[name]["k"] for s in shares), sum(s[name]["n"] for s in shares))


# --- the run ------------------------------------------------------------------------------------------------------------


def run_simulated(cases: int, pairs: int, workers: int) -> list[dict[str, Any]]:
    rows = []
    with ProcessPoolExecutor(workers) as executor:
        for s in scenarios():
            found = list(executor.map(simulate, [s] * cases, range(cases), [pairs] * cases, chunksize=5))
            rows.append(row(s.name, s.kind, s.phrases, found))
            show(rows[-1])
    return rows


def run_rendered(pool: Pool, n: int, pairs: int, seed: int) -> tuple[list[dict[str, Any]], Studio]:
    studio = Studio(pool, seed)
    by_strength: dict[str, list[tuple[Case, dict[str, Answer]]]] = {}
    for name, case, found in rendered(studio, n, pairs):
        by_strength.setdefault(name, []).append((case, found))
    rows = [row(name, "rendered", 3, found) for name, found in sorted(by_strength.items())]
    for r in rows:
        show(r)
    return rows, studio


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", type=int, default=100, help="simulated cases per scenario; 0: none")
    parser.add_argument("--rendered", type=int, default=0, help="cases on rendered pictures")
    parser.add_argument("--pairs", type=int, default=DEFAULTS.pairs, help="pictures per edit")
    parser.add_argument("--pool", type=Path, default=Path(platformdirs.user_cache_dir("bugscope")) / "planted")
    parser.add_argument("--seed", type=int, default=0, help="seed of the rendered cases")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--json", type=Path)
    args = parser.parse_args()
    print(f"In % of cases (95 % interval); {args.pairs} pictures per edit, alpha = {DEFAULTS.alpha:.0%}\n{HEAD}")
    rows = run_simulated(args.cases, args.pairs, args.workers) if args.cases else []
    kept: dict[str, Any] = {"alpha": DEFAULTS.alpha, "pairs": args.pairs}
    if args.rendered:
        pool = Pool(args.pool)
        try:
            more, studio = run_rendered(pool, args.rendered, args.pairs, args.seed)
        finally:
            pool.close()
        rows += more
        kept |= {"considered": studio.rows, "pictures_rendered": pool.rendered}
        left_out = [r for r in studio.rows if "left out" in r]
        print(f"\n{len(studio.rows)} rendered descriptions considered, {len(left_out)} of them not usable as cases; "
              f"{pool.rendered} pictures rendered")  # fmt: skip
        for r in left_out:
            print(f"  {r['label']}, {r['trigger']}, with {' and '.join(r['with'])}: {r['left out']}")
    held = targets(rows, DEFAULTS.alpha)
    print("\n" + "\n".join(f"{target}: {'yes' if ok else 'NO'}" for target, ok in held.items()))
    if args.json:
        args.json.write_text(json.dumps({**kept, "rows": rows, "targets": held}, indent=1))
    raise SystemExit(0 if all(held.values()) else 1)


if __name__ == "__main__":
    main()
