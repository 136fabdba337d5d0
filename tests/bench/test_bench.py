"""The benchmarks that claims rest on: their triggers, and that they see what is wrong."""

import numpy as np
import pytest
from PIL import Image, ImageFilter

from bugscope.core.errors import SpecError
from bugscope.core.options import Config
from bugscope.core.records import Outcome, Phrase, Prompt, Sample, Status
from support.benches import load

NIGHT, GRASS, BLUE = Phrase("at night"), Phrase("on grass"), Phrase("blue", before=True)
DARK = (NIGHT, Phrase("in a dark room"))


@pytest.fixture(scope="module")
def planted():
    return load("planted")


def scene(background=(150, 140, 130), thing=(60, 60, 70), side=90):
    """A square thing with a striped face on a plain background."""
    pixels = np.full((224, 224, 3), background, np.uint8)
    low, high = 112 - side // 2, 112 + side // 2
    pixels[low:high, low:high] = thing
    pixels[low:high:6, low:high] = np.minimum(np.array(thing, int) + 60, 255)
    return Image.fromarray(pixels)


def fired(planted, image):
    x = planted.measure_pixels(image)
    return {t.name for t in planted.TRIGGERS if t.fires(x)}


def test_every_trigger_answers_to_its_own_picture_only(planted):
    plain = scene()
    assert fired(planted, plain) == set()
    shown = {
        "darkness": scene((70, 70, 70), (30, 30, 30)),
        "green background": scene((110, 190, 80)),
        "blue object": scene(thing=(40, 60, 190)),
        "blur": plain.filter(ImageFilter.GaussianBlur(5)),
        "small object": scene(side=24),
        "red frame": planted.with_frame(plain),
        "fog-like low contrast": scene((200, 200, 205), (185, 185, 190), side=150),
        "dark and colourful": scene((110, 60, 20), (60, 30, 10)),
    }
    assert set(shown) == {t.name for t in planted.TRIGGERS}
    for name, image in shown.items():
        found = fired(planted, image)
        assert name in found, name
        assert found - {name} <= {"darkness", "blur"}, name


def test_a_planted_bug_strikes_at_its_strength_and_only_on_its_labels(planted):
    dark = next(t for t in planted.TRIGGERS if t.name == "darkness")
    bug = planted.Planted(dark, 0.6, ("mug",))
    views = [planted.View({"light": 0.1}, "mug", True, f"{i:064x}") for i in range(2000)]
    struck = [bug.fails("mug", v) for v in views]
    assert 0.55 < np.mean(struck) < 0.65
    assert struck == [bug.fails("mug", v) for v in views]
    assert not any(bug.fails("mug", planted.View({"light": 0.9}, "mug", True, v.coin)) for v in views)
    elsewhere = [planted.View({"light": 0.1}, "pot", True, v.coin) for v in views]
    assert not any(bug.fails("pot", v) for v in elsewhere)
    null = planted.Planted(None, 0.2)
    assert 0.17 < np.mean([null.fails("mug", v) for v in views]) < 0.23


class Drawn:
    """Stands in for the pool: nothing is rendered. Pictures are dark where the prompt says so, and else everyday ones."""

    class generator:
        labels = ("hourglass",)

        @staticmethod
        def phrases(label):
            return [*DARK, GRASS, BLUE, Phrase("seen from above"), Phrase("in heavy rain"), Phrase("far away")]

        @staticmethod
        def admissible(label, phrase):
            return phrase in Drawn.generator.phrases(label)

        @staticmethod
        def check(texts):
            if any(sum(p.text in text for p in DARK) > 1 for text in texts):
                raise SpecError("two lights")

    class target:
        labels = ("hourglass", "tick")

    def __init__(self, view):
        self.view = view

    def look(self, samples, frames):
        return [self.seen(s) for s in samples]

    def seen(self, s):
        dark = any(p.text in s.prompt.text for p in DARK)
        pixels = {"light": 0.2 if dark else 0.6, "green": 0, "blue": 0, "sharp": 1, "apart": 1, "spread": 1, "saturation": 0}
        return self.view(pixels, s.prompt.label, True, s.key)

    def captions(self, samples, frames):
        return [s.prompt.text for s in samples]


def test_a_hunt_on_drawn_pictures_finds_what_was_planted_and_pays_for_it(planted):
    dark = next(t for t in planted.TRIGGERS if t.name == "darkness")
    config = planted.settled(planted.LABELS, Config.of({"explain_budget": 0}))
    bench = planted.Bench(Drawn(planted.View), planted.Planted(dark, 1.0, ("hourglass",)), config)
    methods = {name: (planted.judge(bench, evidence, 20), pictures) for name, evidence, pictures in bench.methods([10])}
    for found, _ in methods.values():
        assert (found["found"], found["planted"], found["missed"]) == (1, 1, [])
        assert found["true"] == found["reported"] > 0
        assert all(b["label"] == "hourglass" for b in found["bugs"])
        assert all(any(dark in b["description"] for dark in ("at night", "in a dark room")) for b in found["bugs"])
    (ours, spent), (fixed, together) = methods["ours"], methods["fixed n = 10"]
    assert spent <= config.budget and fixed["tried"] == ours["tried"]
    suggested = sum(purpose in ("explore", "design") for purpose in bench.asked.values())
    assert together == suggested + 10 * (ours["tried"] + 1), "ten pictures of each description and of the plain label"


@pytest.mark.slow
def test_simulated_hunts_tell_true_from_false_discoveries():
    bench = load("error_control")
    mixture = bench.Scenario("mixture", 0.05, (0.9, 0.9, 0.05, 0.05))
    found = bench.simulate(mixture, seed=0)
    assert found["true"] == found["found"] == 4 and found["end"] == 0
    mean, low, high = bench.mean_with_interval([0.0] * 150)
    assert mean == low == 0 and 0.02 < high < 0.03
    mean, low, high = bench.mean_with_interval([0.0, 0.5, 1.0, 0.5])
    assert low < mean == 0.5 < high
    assert bench.exact_coverage(bench.stats.clopper_pearson, 0.5, 10) > 0.95
    assert 0 < bench.narrowest(3) < 1e-2


# --- bench/explain.py ----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def explaining():
    return load("explain")


def fails_on(*words):
    """A question to a world where pictures of a prompt fail if it has all of `words`."""

    def measure(samples):
        return [Outcome(s, Status.FAILURE if all(w in s.prompt.text for w in words) else Status.SUCCESS) for s in samples]

    return measure


def test_each_method_of_explaining_is_asked_and_counted_alike(explaining):
    case = explaining.Case("mug", (BLUE, GRASS, NIGHT), frozenset([GRASS]), seed=0)
    found = explaining.answers(case, fails_on("grass"), pairs=16, swaps=0)
    assert {name: (a.minimal, a.cues, a.decided) for name, a in found.items()} == dict.fromkeys(
        (explaining.OURS, explaining.BY_HAND, explaining.UNCORRECTED), (frozenset([GRASS]), frozenset([GRASS]), True)
    )
    assert found[explaining.BY_HAND].pictures == found[explaining.UNCORRECTED].pictures == 16 * 4
    assert found[explaining.OURS].pictures > 16 * 4, "confirming the smaller description takes pictures of its own"
    assert "without “on grass”: 16->0 of 16" in found[explaining.OURS].why


def test_seeds_are_shared_by_our_edits_and_by_none_made_by_hand(explaining):
    seeds = {}

    def measure(samples):
        for s in samples:
            seeds.setdefault(s.purpose, {}).setdefault(s.prompt.text, []).append(s.seed)
        return fails_on("grass")(samples)

    explaining.answers(explaining.Case("mug", (BLUE, GRASS, NIGHT), frozenset([GRASS]), 0), measure, pairs=8, swaps=0)
    assert [set(x) for x in seeds["explain"].values()] == [set(seeds["explain"]["a photo of a blue mug on grass at night"])] * 4
    by_hand = [seed for of_prompt in seeds["confirm"].values() for seed in of_prompt]
    assert len(by_hand) == len(set(by_hand)) == 8 * 4


def test_a_fall_of_twenty_points_is_a_cue_by_hand_only_if_it_is_more(explaining):
    def measure(samples):  # the whole fails 10 of 20; without "blue" 6, without "on grass" 5, without "at night" 10
        rates = {"on grass, at night": 6, "blue, at night": 5}
        worst = [rates.get(s.prompt.description, 10) for s in samples]
        return [Outcome(s, Status.FAILURE if s.replicate < k else Status.SUCCESS) for s, k in zip(samples, worst, strict=True)]

    case = explaining.Case("mug", (BLUE, GRASS, NIGHT), frozenset(), seed=0)
    assert explaining.by_hand(case, measure, 20).cues == {GRASS}


def test_answers_are_judged_against_what_was_planted(explaining):
    whole = frozenset([BLUE, GRASS, NIGHT])
    one = explaining.Case("mug", (BLUE, GRASS, NIGHT), frozenset([GRASS]), 0)
    none = explaining.Case("mug", (BLUE, GRASS, NIGHT), frozenset(), 0)

    def verdict(case, minimal, cues=(), decided=True):
        found = explaining.judged(case, explaining.Answer(frozenset(minimal), frozenset(cues), 64, decided))
        return {name for name, holds in found.items() if holds}

    assert verdict(one, [GRASS], [GRASS]) == {"exact", "cue"}
    assert verdict(one, [GRASS, BLUE], [GRASS, BLUE]) == {"false_cue", "cue"}
    assert verdict(one, whole, decided=False) == {"admitted"}
    assert verdict(none, whole) == {"exact"}
    assert verdict(none, [NIGHT], [NIGHT]) == {"false_cue"}
    assert explaining.without_test((BLUE, GRASS), [], 9).minimal == {BLUE, GRASS}


def test_simulated_descriptions_do_not_contradict_themselves(explaining):
    words = {phrase: word for word, phrase in explaining.PHRASES.items()}
    for scenario in explaining.scenarios():
        for seed in range(5):
            case, world = explaining.simulated_case(scenario, seed)
            assert (case, world) == explaining.simulated_case(scenario, seed)
            said = {words[p] for p in case.phrases}
            assert len(said) == len(case.phrases) == scenario.phrases
            assert all(len(said & set(group)) <= 1 for group in explaining.EXCLUSIVE)
            assert {words[p] for p in case.causes} == set(world.causes) and len(world.causes) == scenario.causes


def test_causes_make_the_classifier_fail_together_only(explaining):
    def failures(world, text, n=400):
        prompt = Prompt(text, "mug")
        return [o.status is Status.FAILURE for o in world.measure([Sample(prompt, "explain", i) for i in range(n)])]

    world = explaining.Causes(base=0.0, prior=0.0, causes=("night", "blue"), strength=0.6)
    assert 0.5 < np.mean(failures(world, "a photo of a blue mug at night")) < 0.7
    assert not any(failures(world, "a photo of a blue mug") + failures(world, "a photo of a mug at night"))
    assert not any(failures(explaining.Causes(base=0.0, prior=0.0), "a photo of a blue mug at night"))
    fated = explaining.Causes(base=0.0, prior=0.0, causes=("night",), strength=0.6, fated=True)
    alone = failures(fated, "a photo of a mug at night")
    assert alone == failures(fated, "a photo of a blue mug at night") and 0.5 < np.mean(alone) < 0.7
    luck = explaining.Causes(base=0.0, prior=0.0, causes=("night",), strength=0.6)
    assert failures(luck, "a photo of a mug at night") != failures(luck, "a photo of a blue mug at night")


def test_a_row_counts_its_cases_and_targets_see_what_is_missed(explaining):
    scenario = explaining.Scenario(3, strength=1.0, prior=0.0)
    found = [explaining.simulate(scenario, seed, 8) for seed in range(3)]
    good = explaining.row(scenario.name, scenario.kind, 3, found)
    assert good["cases"] == 3 and good["methods"][explaining.OURS]["exact"]["k"] == 3 and good["wrong"] == []
    assert good["methods"][explaining.BY_HAND]["pictures"] == 8 * 4
    assert all(explaining.targets([good], 0.05).values())
    case = explaining.Case("mug", (BLUE, GRASS, NIGHT), frozenset([GRASS]), 7)
    bad = explaining.Answer(frozenset([BLUE]), frozenset([BLUE]), 64, decided=False, why="because")
    wrong = explaining.row("x", "rendered", 3, [(case, dict.fromkeys(good["methods"], bad))] * 9)
    assert [w["why"] for w in wrong["wrong"]] == ["because"] * 9 and wrong["wrong"][0]["causes"] == ["on grass"]
    held = explaining.targets([good, wrong], 0.05)
    assert [ok for target, ok in held.items() if target.startswith("rendered")] == [False, False]
    assert any("9 of the 9 others are marked as undecided" in target for target in held)


class FakePool:
    """Pictures that are dark where "at night" is said, but for the label where it does nothing, and upside down."""

    rendered = 0
    generator = type("", (), {"admissible": staticmethod(lambda label, phrase: True)})

    def __init__(self, view, unmoved):
        self.view, self.unmoved = view, unmoved

    def look(self, samples, frames):
        return [self.seen(s) for s in samples]

    def seen(self, s):
        dark = "upside down" in s.prompt.text or "at night" in s.prompt.text and s.prompt.label != self.unmoved
        pixels = {"light": 0.2 if dark else 0.6, "green": 0, "blue": 0, "sharp": 1, "apart": 1, "spread": 1, "saturation": 0}
        return self.view(pixels, "tick", True, f"{s.seed}{s.prompt.text}")


def test_rendered_cases_are_those_that_their_trigger_explains(explaining, planted):
    studio = explaining.Studio(FakePool(planted.View, unmoved=explaining.LABELS[0]), seed=0)
    cases = list(studio.cases())
    assert cases and len(studio.rows) > len(cases)
    for case, trigger, strength in cases:
        assert trigger.name == "darkness" and case.causes == {NIGHT} and NIGHT in case.phrases and len(case.phrases) == 3
        assert case.label != explaining.LABELS[0] and Phrase("upside down") not in case.phrases
        assert strength in (0.6, 1.0)
    assert {r["trigger"] for r in studio.rows if "left out" not in r} == {"darkness"}
    case, trigger, _ = cases[0]
    night, plain = Prompt(f"a photo of a {case.label} at night", case.label), Prompt(f"a photo of a {case.label}", case.label)

    def rate(prompt, strength):
        measure = studio.measure(case, trigger, strength)
        return np.mean([o.status is Status.FAILURE for o in measure([Sample(prompt, "explain", i) for i in range(400)])])

    assert rate(night, 1.0) == 1 and 0.5 < rate(night, 0.6) < 0.7
    assert rate(plain, 1.0) == 0, "what the real target makes of a picture does not matter"
