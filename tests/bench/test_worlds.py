"""The worlds that discovery is measured on: what is planted, what captions say of it, what is true."""

import random
import re
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

import bugscope
from bugscope.core.records import Hypothesis, Phrase, Sample, Status
from support.benches import load

worlds = load("worlds")
GENERATORS = ("vocabulary", "harvest", "invented")


def scenes_like_the_held_out_ones(n, rng):
    """The studio's scenes, each value as often as docs/captioner.md had it."""
    table, total, _ = worlds.scores()
    by_name = {(v.attribute, v.name): Phrase(v.phrase, v.before) for v in worlds.vocabulary.VALUES}
    attributes = list(dict.fromkeys(a for a, _ in table))
    for _ in range(n):
        shown = set()
        for attribute in attributes:
            values = [(by_name[a, v], s.scenes) for (a, v), s in table.items() if a == attribute]
            values.append((None, max(0, total - sum(scenes for _, scenes in values))))
            shown.add(rng.choices([v for v, _ in values], [w for _, w in values])[0])
        yield worlds.Scene(frozenset(shown - {None}))


@pytest.mark.slow
def test_the_measured_captioner_leaves_out_and_misstates_as_often_as_the_real_one():
    rng = random.Random(0)
    say = worlds.measured(worlds.studio())
    stated, true, shown = Counter(), Counter(), Counter()
    for scene in scenes_like_the_held_out_ones(10_000, rng):
        said = say.stated(scene, rng)
        stated.update(said)
        true.update(p for p in said if p in scene.shows)
        shown.update(scene.shows)
    table = worlds.scores()[0].values()
    right, wrong = sum(s.true for s in table), sum(s.false for s in table)
    assert true.total() / stated.total() == pytest.approx(right / (right + wrong), abs=0.01), "as the page's table has it"
    # the table rounds, and of a value that is wrong each time it does not say how often
    assert true.total() / stated.total() == pytest.approx(2020 / 2220, abs=0.015), "as docs/captioner.md counted"
    grass, purple, gold = Phrase("on grass"), Phrase("purple", before=True), Phrase("golden", before=True)
    assert true[grass] == stated[grass] and true[grass] / shown[grass] == pytest.approx(0.83, abs=0.03)
    assert true[purple] / stated[purple] == pytest.approx(0.45, abs=0.08)
    assert true[purple] / shown[purple] == pytest.approx(0.14, abs=0.03)
    assert not stated[gold]
    gray = Phrase("gray", before=True)
    assert stated[gray] and not true[gray], "stated, and wrong each time"


def test_the_invented_worlds_captioner_errs_as_the_real_one_does_on_average():
    rng = random.Random(0)
    scenes = worlds.scenes_of("invented")
    say = worlds.measured(scenes)
    shown = [scenes.scene("a photo of a goblet", i) for i in range(4000)]
    said = [(p in s.shows) for s in shown for p in say.stated(s, rng)]
    assert sum(said) / sum(len(s.shows) for s in shown) == pytest.approx(2020 / 4674, abs=0.03)
    assert np.mean(said) == pytest.approx(2020 / 2220, abs=0.06)


def test_other_captioners_say_everything_or_nothing():
    scenes = worlds.studio()
    scene = scenes.scene("a photo of a goblet on grass at night", 5)
    assert set(worlds.perfect(scenes).stated(scene, random.Random(0))) == scene.shows
    assert (
        worlds.perfect(scenes)("goblet", worlds.Scene(frozenset([Phrase("on grass")])), "x") == "a photo of a goblet on grass"
    )
    world = worlds.World(worlds.Setting(captions="useless"), 0)
    assert world.describe(world.measure([Sample(world.wording.neutral("goblet"), "explore", i) for i in range(3)])) == [""] * 3


def test_invented_conditions_are_words_that_bugscope_does_not_know():
    source = Path(bugscope.__file__).parent
    texts = [p.read_text().lower() for p in source.rglob("*") if p.suffix in (".py", ".tsv", ".json", ".yaml")]
    known = {w.strip("'\"") for text in texts for w in re.findall(r"[\w'-]+", text)}
    words = [p.text.split()[-1] for p in worlds.scenes_of("invented").attributes]
    assert len(words) == len(set(words)) == 60 and not known & set(words)


def test_the_invented_generator_accepts_anything_and_settles_contradictions():
    scenes = worlds.scenes_of("invented")
    a, b = Phrase("on linoleum"), Phrase("on travertine")
    seen = Counter(
        frozenset(scenes.scene("a photo of a qux on linoleum on travertine, please", i).shows & {a, b}) for i in range(500)
    )
    assert set(seen) <= {frozenset([a]), frozenset([b]), frozenset()} and min(seen[frozenset([p])] for p in (a, b)) > 150
    plain = [scenes.scene("a photo of a qux", i).shows for i in range(500)]
    assert all({"floor", "lamp", "backdrop"} <= {scenes.attributes[p] for p in shown} for shown in plain)
    assert scenes.wording(vocabulary=False).fair("qux", (a, b))


@pytest.mark.parametrize("generator", GENERATORS)
@pytest.mark.parametrize("plant", ["unlisted", "two", "three", "either"])
def test_what_is_planted_is_rare_plainly_and_brought_out_by_its_own_words(generator, plant):
    world = worlds.World(worlds.Setting(plant, generator=generator), 3)
    assert set(world.planted) == set(worlds.LABELS)
    for label, (trigger,) in world.planted.items():
        assert (len(trigger.conditions),) == worlds.SIZES[plant] and trigger.either == (plant == "either")
        for phrases in trigger.descriptions:
            h = Hypothesis(label, phrases)
            assert world.wording.fair(label, phrases) and world.brings_out(h, trigger)
            rate, plain = world.pair(h)
            assert rate > 0.7 and plain < 0.3
        if plant in ("two", "three"):
            assert not world.brings_out(Hypothesis(label, trigger.conditions[:1]), trigger)
    again = worlds.World(worlds.Setting(plant, base=0.1, captions="perfect", generator=generator), 3)
    assert world.planted == again.planted, "the same whatever else the setting says"


@pytest.mark.slow
def test_many_are_planted_as_real_networks_have_them():
    world = worlds.World(worlds.Setting("many"), 0)
    for label, triggers in world.planted.items():
        assert len(triggers) == len({t.conditions for t in triggers}) == 9
        assert [(len(t.conditions), t.strength) for t in triggers] == list(zip(worlds.SIZES["many"], worlds.MANY, strict=True))
        for trigger in triggers:
            h = Hypothesis(label, trigger.conditions)
            # beside another cause, a description may fail more than its own trigger says
            assert world.brings_out(h, trigger) and world.pair(h)[0] > 0.8 * trigger.strength


def test_listed_and_shared_triggers_are_what_they_say():
    listed, unlisted = (
        [t for ts in worlds.World(worlds.Setting(plant), 0).planted.values() for t in ts] for plant in ("listed", "unlisted")
    )
    checklist = worlds.picture.words.checklist
    assert all(t.conditions[0] in checklist for t in listed) and not any(t.conditions[0] in checklist for t in unlisted)
    assert len(set(worlds.World(worlds.Setting("two", shared=True), 0).planted.values())) == 1
    assert worlds.World(worlds.Setting("none"), 0).planted == {}


def failure_rate(world, prompt, n=3000):
    outcomes = [o for o in world.measure([Sample(prompt, "confirm", i) for i in range(n)]) if o.status.counts]
    assert 0.95 < len(outcomes) / n < 0.99
    return np.mean([o.status is Status.FAILURE for o in outcomes])


@pytest.mark.slow
def test_the_target_fails_at_the_rates_that_the_setting_states():
    world = worlds.World(worlds.Setting("unlisted", (0.3, 0.9), 0.1, crowding=0.2), 0)
    for label, strength in zip(worlds.LABELS[:2], (0.3, 0.9), strict=True):
        own = world.wording.prompt(label, world.planted[label][0].conditions)
        neutral = world.wording.neutral(label)
        assert failure_rate(world, own) == pytest.approx(strength, abs=0.05)
        assert world.pair(Hypothesis(label, world.planted[label][0].conditions))[1] == pytest.approx(
            failure_rate(world, neutral), abs=0.04
        )
    crowded = world.wording.prompt("goblet", [Phrase("in fog"), Phrase("far away")])
    scene = worlds.Scene(frozenset())
    odds = world.chance(crowded, scene) / (1 - world.chance(crowded, scene))
    assert odds == pytest.approx(1.2**2 / 9)


def test_pictures_are_counted_once_and_by_purpose():
    world = worlds.World(worlds.Setting(), 0)
    neutral = world.wording.neutral("goblet")
    samples = [Sample(neutral, "explore", 0), Sample(neutral, "design", 0), Sample(neutral, "design", 1)]
    assert world.measure(samples) == world.measure(samples)
    assert world.drawn() == {"explore": 1, "design": 2}
