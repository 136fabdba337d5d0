"""The scorecard of discovery: small cells from end to end, and that it counts what it says."""

import itertools
import json
import math

import numpy as np
import pytest

from bugscope.core.records import Phrase, Sample, Status
from support.benches import load

discovery = load("discovery")
worlds = load("worlds")
checklist = load("checklist_method")
SMALL = discovery.Cell(worlds.Setting("unlisted", (1.0,), 0.02), budget=300)


@pytest.fixture(scope="module")
def hunts():
    return {arm: [discovery.hunt(SMALL, arm, i) for i in range(2)] for arm in discovery.ARMS}


def test_a_small_cell_runs_from_end_to_end(capsys):
    row = discovery.run(SMALL, ["ours", "oracle"], 1)
    assert row["cell"] == "unlisted, 300 pictures, strength 1.0, base 0.02" and row["held"]
    out = capsys.readouterr().out
    assert (
        row["cell"] in out
        and "ours " in out
        and "times the oracle's" in out
        and "fixed n at an equal claim, on everything: n = " in out
    )
    assert "on what ours tested: n = " in out
    json.dumps(discovery.plain(row), allow_nan=False)


def test_the_oracle_beats_everything(hunts):
    by_arm = {arm: discovery.measures(of_arm) for arm, of_arm in hunts.items()}
    best = by_arm["oracle"]
    assert best.recall.k == best.recall.n == 12 and best.true.k == best.true.n == 12
    for arm, m in by_arm.items():
        assert m.recall.value <= 1 and (arm == "oracle" or m.per_bug.value > best.per_bug.value)
        assert m.first.value >= best.first.value
    against = discovery.compared(hunts["ours"], hunts["oracle"], 0.05, 0.1)
    assert against.bound < against.oracle < against.to_last.confirming <= against.spent.confirming < against.spent.all


def test_every_method_keeps_to_its_budget_and_reports_the_truth(hunts):
    for arm, of_arm in hunts.items():
        for h in of_arm:
            assert h.spent.confirming <= h.spent.all and (arm == "oracle" or h.spent.all <= SMALL.budget), arm
            assert h.true == h.reported and len(h.finds) <= h.true, arm
            assert all(b.why if b.at is None else b.at.all <= h.spent.all for b in h.bugs), arm
    assert all(h.spent.confirming == h.spent.all for arm in ("today", "paper", "oracle") for h in hunts[arm])
    assert sum(len(h.finds) for h in hunts["ours"]) > sum(len(h.finds) for h in hunts["today"])


def test_hunts_are_the_same_each_time_and_methods_meet_the_same_bugs(hunts):
    again = discovery.hunt(SMALL, "ours", 1)
    assert (again.bugs, again.spent) == (hunts["ours"][1].bugs, hunts["ours"][1].spent)
    assert len({tuple(b.trigger for b in of_arm[0].bugs) for of_arm in hunts.values()}) == 1
    assert [b.trigger for b in hunts["ours"][0].bugs] != [b.trigger for b in hunts["ours"][1].bugs]


def test_where_nothing_is_planted_there_is_nothing_to_find():
    cell = discovery.Cell(worlds.Setting("none"), budget=300)
    table = {"ours": discovery.measures([discovery.hunt(cell, "ours", 0)])}
    assert table["ours"].recall.n == 0 and discovery.bar_of(cell) == 0.05 and discovery.held(cell, table)
    wrong = hunt_of([], reported=1, true=0)
    assert not discovery.held(cell, {"ours": discovery.measures([wrong] * 3)})
    assert discovery.compared([wrong], [], 0.05, 0.1) is None


def hunt_of(found_at, missed=0, **changed):
    bugs = [discovery.Bug("a", "x", discovery.Spent(at, at // 2)) for at in found_at]
    bugs += [discovery.Bug("a", "x", None, "never shown")] * missed
    n = len(found_at)
    given = {
        "reported": n,
        "true": n,
        "tested": n,
        "labels": 1,
        "candidates": 50,
        "claims": [],
        "spent": discovery.Spent(600, 200),
        "seconds": 1.0,
    }
    return discovery.Hunt(bugs=bugs, **{**given, **changed})


def test_measures_are_over_all_bugs_with_exact_intervals():
    m = discovery.measures([hunt_of([100, 300], missed=1), hunt_of([50], missed=2, reported=2)])
    assert (m.recall.k, m.recall.n, m.true.k, m.true.n, m.false_hunts.k, m.false_hunts.n) == (3, 6, 3, 4, 1, 2)
    assert m.recall.low == pytest.approx(0.118, abs=1e-3) and m.recall.high == pytest.approx(0.882, abs=1e-3)
    assert m.per_bug.value == 400 and m.per_bug.low == pytest.approx(1200 / (6 * m.recall.high))
    assert m.first.value == 75 and m.missed == {"never shown": 3}
    assert math.isinf(discovery.measures([hunt_of([], missed=2)]).per_bug.value)


def test_the_interval_of_a_median_covers_it_as_often_as_it_says():
    rng = np.random.default_rng(0)
    found = [discovery.median(rng.exponential(size=17).tolist()) for _ in range(2000)]
    covered = np.mean([e.low <= math.log(2) <= e.high for e in found])
    assert 0.94 < covered < 0.98
    assert discovery.median([3.0, 1.0, math.inf]).value == 3.0 and math.isinf(discovery.median([1.0, 2.0]).high)


def test_pictures_are_compared_for_the_bugs_that_were_found():
    def claim(label, drawn):
        return discovery.Claim(label, 0.9, 0.05, True, drawn)

    mine = hunt_of([100], claims=[claim("a", 40)], tested=2, labels=2)
    told = hunt_of([20], claims=[claim("a", 20), claim("b", 500)])
    c = discovery.compared([mine], [told], 0.05, 0.1)
    assert (c.spent.all, c.to_last.all, c.oracle, c.designed) == (600, 100, 20, 400)
    assert c.fixed == 4 * c.n and 0 < c.bound < 20
    assert c.fixed_all == 51 * c.n_all and c.n_all > c.n, "the more is tried, the more each needs"
    assert discovery.compared([mine], [], 0.05, 0.1).fixed_all is None


def test_candidates_are_all_descriptions_as_long_as_the_planted_ones():
    one, two = (worlds.World(worlds.Setting(plant), 0) for plant in ("unlisted", "two"))
    wording, attributes = two.wording, two.scenes.attributes
    conditions = {label: wording.vocabulary(label) for label in worlds.LABELS}
    assert one.candidates == sum(map(len, conditions.values()))
    pairs = [(a, b) for ps in conditions.values() for a, b in itertools.combinations(ps, 2) if attributes[a] != attributes[b]]
    assert two.candidates == len(pairs)
    assert worlds.World(worlds.Setting("none"), 0).candidates == 0


def test_random_designs_are_dense_and_never_contradict_themselves():
    apart = np.zeros((6, 6), dtype=bool)
    apart[0, 1] = apart[1, 0] = True
    known = np.array([0, 0, 1, 1, 0, 0], dtype=bool)
    lots = [np.random.default_rng(i).random(6) for i in range(50)]
    made = discovery.random_design(None, 50, 4, apart, [known], lots)
    assert all(x.sum() == 4 and not (x[0] and x[1]) and not (x[2] and x[3]) for x in made)
    assert len({tuple(x) for x in made}) > 3
    assert [x.sum() for x in discovery.random_design(None, 2, 2, apart, [], lots)] == [2, 2]


def test_yesterdays_method_tries_what_failures_show_and_then_its_checklist():
    world = worlds.World(worlds.Setting("none", captions="perfect"), 0)
    night, quiet = (Sample(world.wording.prompt("goblet", [Phrase(p)]), "explore", 0) for p in ("at night", "on carpet"))
    outcomes = [*world.measure([night, quiet])]
    outcomes = [discovery.replace(o, status=s) for o, s in zip(outcomes, (Status.FAILURE, Status.SUCCESS), strict=True)]
    made = checklist.propose(outcomes, world=world, wording=world.wording, limits={"goblet": 8})
    assert Phrase("at night") in made[0].phrases and len(made) == 8
    assert {h.phrases[0] for h in made[1:]} <= set(world.wording.words.checklist)
    test = discovery.stated_test(discovery.DEFAULTS)
    assert checklist.affordable(worlds.LABELS, 600, test) == 13 and checklist.affordable(worlds.LABELS, 3000, test) == 24
    assert checklist.shares(outcomes, 8) == {"goblet": 8} and checklist.shares(outcomes[:1], 8) == {"goblet": 4}


def test_cells_have_names_of_their_own_and_bars_where_the_issue_sets_them():
    names = [cell.name for cell in discovery.CELLS["all"]]
    assert len(names) == len(set(names)) and set(names) > {cell.name for cell in discovery.CELLS["done"]}
    assert {c.name: discovery.bar_of(c) for c in discovery.DONE}["two, 3,000 pictures"] == 0.95
    assert all(discovery.bar_of(c) is not None for c in discovery.DONE)
