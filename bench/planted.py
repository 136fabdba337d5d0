"""Are known bugs found, and are the reported bugs true? Targets with planted bugs, on rendered pictures.

    python bench/planted.py [--pool DIR] [--fresh 200] [--fresh-others 60] [--fixed 20 30] [--json FILE]

How many bugs of which kind are found, and at what cost, is measured on scenes (`bench/discovery.py`). This adds what scenes
leave out: triggers that see pixels, the real captioner and judge, and a real network, whose own bugs are found too and must be
true. Each target is the real one (EfficientNet-Lite0) with a bug wrapped around it: where a trigger fires, the answer is turned
into a wrong one with a probability of 0.3, 0.6 or 1.0 (a coin made of the picture's bytes). A trigger sees only pixels. It is
planted on the labels for which it is rare in plain pictures and common under the phrase that shows it, if most pictures of that
phrase still show the label. Besides these there are null targets, which are wrong at one rate whatever they see.

Two methods run on the same pictures and seeds: Bugscope's defaults, and the paper's procedure on the descriptions that those
tested (a fixed number of pictures each, Fisher's test, Benjamini-Hochberg).

A reported bug is true if the target fails at least a margin more often under it than plainly, as shown by the trigger itself
(its share of the description's pictures) or else by fresh pictures. A planted bug is found if a true reported bug of its label
makes the trigger fire in at least half of its pictures more than plainly. Pictures are kept in a pool, so only the first run
renders.
"""

import argparse
import hashlib
import json
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import platformdirs
from PIL import Image, ImageDraw

from bugscope import stats
from bugscope.core import registry
from bugscope.core.errors import SpecError
from bugscope.core.labels import accepted
from bugscope.core.options import Config
from bugscope.core.records import Evidence, Hypothesis, Outcome, Phrase, Prompt, Sample, Status, Verdict
from bugscope.language import Wording
from bugscope.media import picture
from bugscope.media.picture import Picture
from bugscope.method.confirm import fixed_n
from bugscope.method.plan import Plan, settled
from bugscope.method.search import search
from bugscope.store.folder import Store

WORDS = Wording(picture.words)

LABELS = ("hourglass", "folding chair", "school bus")
STRENGTHS = (0.3, 0.6, 1.0)
NULLS = (0.05, 0.2)
FRAME = Phrase("in a red frame")
FRAMED = 0.15
"""Share of the pictures that get a red frame unasked, in the hunts for that trigger."""
VERSION = "planted-v2"
FRESH_SEED = 987_654_321
NULL = "none (null)"


# --- triggers: pixels in, yes or no out ---------------------------------------------------------------------------------


def measure_pixels(image: Image.Image) -> dict[str, float]:
    """What triggers look at: shares of pixels, and brightness in 0..1. `apart`: unlike every pixel near the ends of its row."""
    rgb = np.asarray(image.convert("RGB"), float) / 255
    hue, saturation, value = np.moveaxis(np.asarray(image.convert("HSV"), float) / 255, -1, 0)
    hue = hue * 360
    grey = np.asarray(image.convert("L"), float) / 255
    height, width = grey.shape
    rim = np.ones_like(grey, dtype=bool)
    rim[height // 7 : -height // 7, width // 7 : -width // 7] = False
    frame = np.ones_like(grey, dtype=bool)
    frame[6:-6, 6:-6] = False
    middle = (slice(height // 4, -height // 4), slice(width // 4, -width // 4))
    edges = np.abs(4 * grey[1:-1, 1:-1] - grey[:-2, 1:-1] - grey[2:, 1:-1] - grey[1:-1, :-2] - grey[1:-1, 2:])
    sides = np.concatenate([rgb[:, :28:2], rgb[:, -28::2]], axis=1)
    unlike = np.abs(rgb[:, :, None] - sides[:, None]).max(axis=-1).min(axis=-1)
    return {
        "light": float(grey.mean()),
        "spread": float(grey.std()),
        "saturation": float(saturation.mean()),
        "green": float(((hue > 60) & (hue < 160) & (saturation > 0.25) & (value > 0.12))[rim].mean()),
        "blue": float(((hue > 190) & (hue < 265) & (saturation > 0.35) & (value > 0.12))[middle].mean()),
        "sharp": float(np.quantile(edges, 0.98)),
        "apart": float((unlike > 0.12).mean()),
        "frame": float((((hue < 14) | (hue > 346)) & (saturation > 0.6) & (value > 0.4))[frame].mean()),
    }


@dataclass(frozen=True)
class Trigger:
    name: str
    phrases: tuple[str, ...]
    """Phrases that should make it fire."""
    fires: Callable[[dict[str, float]], bool]


TRIGGERS = (
    Trigger("darkness", ("at night", "in a dark room"), lambda x: x["light"] < 0.45),
    Trigger("green background", ("on grass",), lambda x: x["green"] > 0.5),
    Trigger("blue object", ("blue",), lambda x: x["blue"] > 0.2),
    Trigger("blur", ("out of focus", "with motion blur"), lambda x: x["sharp"] < 0.085),
    Trigger("small object", ("far away",), lambda x: x["apart"] < 0.07 and x["light"] < 0.68),
    Trigger("red frame", (FRAME.text,), lambda x: x["frame"] > 0.5),
    Trigger("fog-like low contrast", ("in fog",), lambda x: x["light"] > 0.68 and x["spread"] < 0.1),
    Trigger("dark and colourful", ("in a dark room",), lambda x: x["light"] < 0.45 and x["saturation"] > 0.3),
)


# --- the pool -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class View:
    """What is known of a picture: measures of its pixels, the real target's answer, the judge's, and a coin."""

    pixels: dict[str, float]
    predicted: str
    shows: bool
    coin: str


class Pool:
    """Pictures by prompt and seed, rendered once; with a red frame where `framed` says so."""

    def __init__(self, folder: Path) -> None:
        self.generator = registry.load("Generator", "studio", {})
        self.target = registry.load("Classifier", "efficientnet-lite/0", {})
        self.captioner = registry.load("Captioner", "studio", {})
        self.judge = registry.load("Judge", "studio", {})
        self.store = Store.create(folder, {"generator": self.generator.id})
        self.views: dict[tuple[str, bool], View] = {}
        self.rendered = 0

    def close(self) -> None:
        self.generator.close()
        self.store.close()

    def look(self, samples: Sequence[Sample], frames: bool) -> list[View]:
        keys = [(_key(s), frames and _framed(s)) for s in samples]
        missing = list(dict.fromkeys(k for k in keys if k not in self.views))
        owner = {k: s for k, s in zip(keys, samples, strict=True)}
        for at in range(0, len(missing), 32):
            self._view(missing[at : at + 32], owner)
        return [self.views[k] for k in keys]

    def _view(self, missing: Sequence[tuple[str, bool]], owner: dict[tuple[str, bool], Sample]) -> None:
        names = {k: f"{k[0]}{'|framed' if k[1] else ''}" for k in missing}
        known = self.store.get("view", VERSION, list(names.values()))
        for k in missing:
            if names[k] in known:
                self.views[k] = View(**known[names[k]])
        left = [k for k in missing if names[k] not in known]
        if not left:
            return
        pictures = self._pictures([owner[k] for k in left])
        images = [with_frame(p.content) if k[1] else p.content for k, p in zip(left, pictures, strict=True)]
        top = np.asarray(self.target(images)).argmax(axis=1)
        shows = np.asarray(self.judge(pictures, [owner[k].prompt.label for k in left])) >= 0.5
        for k, image, best, ok in zip(left, images, top, shows, strict=True):
            coin = hashlib.sha256(image.tobytes()).hexdigest()
            self.views[k] = View(measure_pixels(image), self.target.labels[best], bool(ok), coin)
        self.store.put(("view", VERSION, names[k], asdict(self.views[k])) for k in left)

    def _pictures(self, samples: Sequence[Sample]) -> list[Picture]:
        model = self.generator.id
        keys = [_key(s) for s in samples]
        known = self.store.get("generator", model, keys)
        todo = {k: s for k, s in zip(keys, samples, strict=True) if k not in known}
        if todo:
            made = self.generator([_unframed(s) for s in todo.values()], [s.seed for s in todo.values()])
            self.rendered += len(todo)
            self.store.put(
                ("generator", model, k, {"image": self.store.keep(p.content, picture), "info": dict(p.info)})
                for k, p in zip(todo, made, strict=True)
            )
            known = self.store.get("generator", model, keys)
            print(f"\r{self.rendered} pictures rendered", end="", file=sys.stderr, flush=True)
        return [Picture(self.store.content(known[k]["image"], picture), info=known[k]["info"]) for k in keys]

    def captions(self, samples: Sequence[Sample], frames: bool) -> list[str]:
        """What the captioner says about a picture. Here it knows one more phrase, which it also reads from the pixels."""
        keys = [f"{_key(s)}{'|framed' if frames and _framed(s) else ''}" for s in samples]
        known = self.store.get("captioner", self.captioner.id, keys)
        todo = {k: s for k, s in zip(keys, samples, strict=True) if k not in known}
        if todo:
            pictures = self._pictures(list(todo.values()))
            said = self.captioner(
                [with_frame(p.content) if "|" in k else p.content for k, p in zip(todo, pictures, strict=True)]
            )
            self.store.put(("captioner", self.captioner.id, k, c) for k, c in zip(todo, said, strict=True))
            known = self.store.get("captioner", self.captioner.id, keys)
        seen = self.look(samples, frames)
        return [
            f"{known[k]} {FRAME.text}" if frames and v.pixels["frame"] > 0.5 else known[k]
            for k, v in zip(keys, seen, strict=True)
        ]


def _key(s: Sample) -> str:
    return hashlib.sha256(f"{_unframed(s)}|{s.seed}".encode()).hexdigest()


def _unframed(s: Sample) -> str:
    return s.prompt.text.replace(f" {FRAME.text}", "")


def _framed(s: Sample) -> bool:
    chance = int(hashlib.sha256(f"{s.key}|frame".encode()).hexdigest()[:8], 16) / 16**8
    return FRAME.text in s.prompt.text or chance < FRAMED


def with_frame(image: Image.Image) -> Image.Image:
    framed = image.copy()
    ImageDraw.Draw(framed).rectangle((0, 0, image.width - 1, image.height - 1), outline=(205, 24, 30), width=12)
    return framed


# --- targets --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Planted:
    """A target with a bug on some labels or, without a trigger, one that is wrong at the rate `strength`."""

    trigger: Trigger | None
    strength: float
    labels: tuple[str, ...] = ()

    @property
    def frames(self) -> bool:
        return self.trigger is not None and FRAME.text in self.trigger.phrases

    def fires(self, label: str, view: View) -> bool:
        return self.trigger is not None and label in self.labels and self.trigger.fires(view.pixels)

    def chance(self, label: str, view: View) -> float:
        """The probability of a wrong answer, over the coin."""
        natural = float(view.predicted not in accepted(label))
        if self.trigger is None:
            return self.strength
        return max(natural, self.strength) if self.fires(label, view) else natural

    def fails(self, label: str, view: View) -> bool:
        name = self.trigger.name if self.trigger else "null"
        coin = int(hashlib.sha256(f"{view.coin}|{name}|{self.strength}".encode()).hexdigest()[:12], 16) / 16**12
        return coin < self.chance(label, view)


class Bench:
    """One planted target on the pool. It answers the method's questions."""

    def __init__(self, pool: Pool, target: Planted, config: Config) -> None:
        self.pool, self.target, self.config = pool, target, config
        self.asked: dict[str, str] = {}
        """Key of every picture -> its purpose."""
        generator = pool.generator
        self.plan = Plan.of(LABELS, config)
        self.wording = replace(
            WORDS,
            nouns=frozenset({*generator.labels, *pool.target.labels}),
            admissible=lambda label, p: (target.frames and p == FRAME) or generator.admissible(label, p),
            sayable=self._sayable,
            checked=True,
            vocabulary=cache(lambda label: tuple(generator.phrases(label))),
        )

    def _sayable(self, prompt: Prompt) -> bool:
        try:
            self.pool.generator.check([prompt.text.replace(f" {FRAME.text}", "") if self.target.frames else prompt.text])
        except SpecError:
            return False
        return True

    def measure(self, samples: Sequence[Sample]) -> list[Outcome]:
        self.asked |= {s.key: s.purpose for s in samples}
        outcomes = []
        for s, v in zip(samples, self.pool.look(samples, self.target.frames), strict=True):
            wrong = self.target.fails(s.prompt.label, v)
            status = (Status.FAILURE if wrong else Status.SUCCESS) if v.shows else Status.UNFAITHFUL
            natural = v.predicted not in accepted(s.prompt.label)
            name = v.predicted if natural == wrong else "tick" if wrong else s.prompt.label
            outcomes.append(Outcome(s, status, wrong, name, accepted(name)))
        return outcomes

    def describe(self, outcomes: Sequence[Outcome]) -> list[str]:
        return self.pool.captions([o.sample for o in outcomes], self.target.frames)

    def propose(self, label: str, failures: Sequence[str], successes: Sequence[str]) -> list[str]:
        return []

    def vary(self, label: str, phrases: Sequence[Phrase]) -> list[tuple[Phrase, ...]]:
        return [self.wording.siblings(p) for p in phrases]

    # --- methods: each gives (evidence, pictures) ---

    def methods(self, fixed: Sequence[int]) -> Iterator[tuple[str, list[Evidence], int]]:
        ours = search(LABELS, self.plan, self, self.wording).evidence
        yield "ours", ours, len(self.asked)
        suggested = {key: purpose for key, purpose in self.asked.items() if purpose in ("explore", "design")}
        for n in fixed:
            self.asked = dict(suggested)
            tried = [e.hypothesis for e in ours]
            evidence = fixed_n(tried, n=n, measure=self.measure, wording=self.wording, test=self.plan.test)
            yield f"fixed n = {n}", evidence, len(self.asked)

    # --- truth ---

    def share(self, prompt: Prompt, n: int, what: Callable[[str, View], float], purpose: str = "explain") -> float:
        """Mean of `what` over the first n faithful pictures of a prompt that were not used in the hunt."""
        seed = self.config.seed + FRESH_SEED if purpose == "explain" else self.config.seed
        found: list[float] = []
        drawn = 0
        while len(found) < n and drawn < 3 * n:
            samples = [Sample(prompt, purpose, i, seed) for i in range(drawn, drawn + n - len(found))]  # type: ignore[arg-type]
            drawn += len(samples)
            found += [what(prompt.label, v) for v in self.pool.look(samples, self.target.frames) if v.shows]
        return float(np.mean(found)) if found else 0.0

    def brings_out(self, h: Hypothesis, drawn: int) -> float:
        """How much more often the trigger fires under the description than plainly."""
        prompt = WORDS.prompt(h.label, h.phrases)
        under = self.share(prompt, drawn, self.target.fires, "confirm")
        return under - self.share(WORDS.neutral(h.label), 48, self.target.fires, "confirm")

    def true(self, h: Hypothesis, drawn: int, fresh: int) -> bool:
        if self.target.trigger is None:
            return False
        if self.brings_out(h, drawn) * self.target.strength >= 1.5 * self.config.margin:
            return True
        prompt = WORDS.prompt(h.label, h.phrases)
        rate, plain = (self.share(p, fresh, self.target.chance) for p in (prompt, WORDS.neutral(h.label)))
        return rate - plain >= self.config.margin


# --- the run ------------------------------------------------------------------------------------------------------------


def where_planted(pool: Pool, config: Config) -> tuple[list[tuple[Trigger, tuple[str, ...]]], list[dict[str, Any]]]:
    """The labels on which each trigger is rare plainly (< 0.1) and common (>= 0.8) under its first phrase, half of whose
    pictures at least show the label to the judge."""
    chosen, rows = [], []
    for trigger in TRIGGERS:
        labels = []
        for label in LABELS:
            bench = Bench(pool, Planted(trigger, 1.0, (label,)), config)
            phrase = WORDS.piece(trigger.phrases[0])
            assert phrase is not None
            plain = bench.share(WORDS.neutral(label), 48, bench.target.fires, "confirm")
            under = bench.share(WORDS.prompt(label, (phrase,)), 16, bench.target.fires, "confirm")
            least = FRAMED + 0.1 if bench.target.frames else 0.1
            samples = [Sample(WORDS.prompt(label, (phrase,)), "confirm", i, config.seed) for i in range(20)]
            shows = float(np.mean([v.shows for v in pool.look(samples, bench.target.frames)]))
            planted = plain < least and under >= 0.8 and shows >= 0.5
            labels += [label] * planted
            rows.append(
                {
                    "trigger": trigger.name,
                    "label": label,
                    "phrase": phrase.text,
                    "plain": plain,
                    "under": under,
                    "shows": shows,
                    "planted": planted,
                }
            )
        chosen.append((trigger, tuple(labels)))
    return chosen, rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pool", type=Path, default=Path(platformdirs.user_cache_dir("bugscope")) / "planted")
    parser.add_argument("--strengths", type=float, nargs="+", default=list(STRENGTHS))
    parser.add_argument("--triggers", nargs="+", default=[t.name for t in TRIGGERS])
    parser.add_argument(
        "--fixed", type=int, nargs="*", default=[20, 30], help="pictures per description in the paper's procedure"
    )
    parser.add_argument(
        "--fresh", type=int, default=200, help="pictures that decide whether our bug is true, if the trigger does not"
    )
    parser.add_argument("--fresh-others", type=int, default=60, help="the same for the other methods")
    parser.add_argument("--json", type=Path)
    args = parser.parse_args()
    config = settled(LABELS, Config.of({"explain_budget": 0}))
    pool = Pool(args.pool)
    try:
        run(pool, config, args)
    finally:
        pool.close()


def run(pool: Pool, config: Config, args: argparse.Namespace) -> None:
    chosen, planted_rows = where_planted(pool, config)
    print(f"Planted on {', '.join(LABELS)}; budget {config.budget} pictures per hunt\n")
    print(f"{'trigger':<24}{'label':<16}{'phrase':<18}{'plainly':>10}{'under it':>10}{'faithful':>10}  planted")
    for r in planted_rows:
        planted = "yes" if r["planted"] else "no"
        shares = "".join(f"{r[name]:>10.2f}" for name in ("plain", "under", "shows"))
        print(f"{r['trigger']:<24}{r['label']:<16}{r['phrase']:<18}{shares}  {planted}")
    triggers = [(t, labels) for t, labels in chosen if labels and t.name in args.triggers]
    targets = [Planted(t, s, labels) for t, labels in triggers for s in args.strengths]
    targets += [Planted(None, rate) for rate in NULLS]
    rows: list[dict[str, Any]] = []
    for target in targets:
        bench = Bench(pool, target, config)
        for method, evidence, pictures in bench.methods(args.fixed):
            fresh = args.fresh if method == "ours" else args.fresh_others
            rows.append({"method": method, "pictures": pictures, **judge(bench, evidence, fresh)})
            r = rows[-1]
            missed = "; ".join(f"{m['label']}: {m['why']}" for m in r["missed"]) or "none"
            print(
                f"\r{r['trigger']} {r['strength']} {method}: {r['found']} of {r['planted']} planted, "
                f"{r['true']} of {r['reported']} reported true, {pictures} pictures; missed: {missed}",
                file=sys.stderr,
                flush=True,
            )
    table(rows, args)
    if args.json:
        args.json.write_text(json.dumps({"planted": planted_rows, "rows": rows}, indent=1))


def judge(bench: Bench, evidence: Sequence[Evidence], fresh: int) -> dict[str, Any]:
    """What a method reported, compared with the truth."""
    target = bench.target
    found = [(e.hypothesis, e.treated.n) for e in evidence if e.verdict is Verdict.CONFIRMED]
    bugs = [(h, bench.true(h, n, fresh), target.trigger is not None and bench.brings_out(h, n) >= 0.5) for h, n in found]
    hit = {h.label for h, true, induced in bugs if true and induced}
    return {
        "trigger": target.trigger.name if target.trigger else NULL,
        "strength": target.strength,
        "planted": len(target.labels),
        "found": len(hit & set(target.labels)),
        "tried": len(evidence),
        "reported": len(bugs),
        "true": sum(true for _, true, _ in bugs),
        "bugs": [{"label": h.label, "description": h.description, "true": true} for h, true, _ in bugs],
        "missed": [{"label": y, "why": why_missed(bench, y, evidence)} for y in target.labels if y not in hit],
    }


def why_missed(bench: Bench, label: str, evidence: Sequence[Evidence]) -> str:
    """What became of the description that makes the trigger fire most."""
    assert bench.target.trigger is not None
    of_label = [e for e in evidence if e.hypothesis.label == label]
    near = [e for e in of_label if any(p.text in bench.target.trigger.phrases for p in e.hypothesis.phrases)]
    if not near:
        return "not suspected"
    best = max(near, key=lambda e: e.e_value)
    treated, plain = best.treated, best.baseline
    what = f"{treated.k}/{treated.n} vs {plain.k}/{plain.n}, {best.verdict.name.lower()}"
    return f"{best.hypothesis.description}: {what}"


def table(rows: Sequence[dict[str, Any]], args: argparse.Namespace) -> None:
    def cell(k: int, n: int) -> str:
        if not n:
            return "-"
        r = stats.clopper_pearson(k, n)
        return f"{k}/{n} ({100 * r.low:.0f}-{100 * r.high:.0f} %)"

    methods = list(dict.fromkeys(r["method"] for r in rows))
    nulls = [r for r in rows if r["trigger"] == NULL]
    print(f"\n{'method':<24}" + "".join(f"{f'recall, strength {s}':>22}" for s in args.strengths)
          + f"{'true of reported':>24}{'null: reported':>16}{'pictures':>10}{'a true bug':>12}")  # fmt: skip
    per: dict[str, float] = {}
    for method in methods:
        mine = [r for r in rows if r["method"] == method and r not in nulls]
        recalls = []
        for s in args.strengths:
            at = [r for r in mine if r["strength"] == s]
            recalls.append(cell(sum(r["found"] for r in at), sum(r["planted"] for r in at)))
        true, all_reported = sum(r["true"] for r in mine), sum(r["reported"] for r in mine)
        pictures = sum(r["pictures"] for r in mine)
        per[method] = pictures / true if true else float("inf")
        null = sum(r["reported"] for r in nulls if r["method"] == method)
        print(f"{method:<24}" + "".join(f"{c:>22}" for c in recalls)
              + f"{cell(true, all_reported):>24}{null:>16}{pictures:>10}{per[method]:>12.0f}")  # fmt: skip
    for method in methods:
        if method.startswith("fixed"):
            print(f"pictures for each true bug, {method} over ours: {per[method] / per['ours']:.1f}")
    print(f"\nours by trigger: {'':<8}" + "".join(f"{f'strength {s}':>14}" for s in args.strengths))
    for trigger in dict.fromkeys(r["trigger"] for r in rows if r not in nulls):
        cells = [
            next((r for r in rows if (r["trigger"], r["strength"], r["method"]) == (trigger, s, "ours")), None)
            for s in args.strengths
        ]
        shown = [f"{c['found']}/{c['planted']}" if c else "-" for c in cells]
        print(f"{trigger:<24}" + "".join(f"{text:>14}" for text in shown))


if __name__ == "__main__":
    main()
