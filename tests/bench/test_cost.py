"""What Bugscope itself costs grows in proportion to the pictures: calls of functions are counted, which no machine changes."""

import cProfile
import pstats

import pytest

from support.benches import load

cost = load("cost")


def calls(step, size, folder):
    profile = cProfile.Profile()
    profile.runcall(cost.STEPS[step], size, folder)
    return pstats.Stats(profile).total_calls


def test_the_toy_world_has_bugs_in_proportion_and_is_read_as_it_was_drawn(tmp_path):
    run = cost.hunt(600, tmp_path)
    assert len(run.report["labels"]) == 6 and len(run.bugs) >= 4
    world = cost.Crowd(labels=cost.LABELS, prior=0.0)
    made = world.draw("a photo of a gadget0999 on snow", 5)
    number, words, chance = world.read(made.content)
    assert (number, words) == (999, ["snow"]) and 0 <= chance < 1
    assert made.content.size == (8, 8)
    assert world.read(world.draw("a photo on snow", 5).content)[0] == cost.CLASSES
    row = {"step": "hunt", "size": 600, "cpu_s": 3.0, "peak_mb": 100.0}
    twice = {"step": "hunt", "size": 1200, "cpu_s": 12.0, "peak_mb": 100.0}
    table = cost.table([row, twice], {600: cost.sizes_of(tmp_path)})
    assert "3 s, 5 ms each (1x), 100 MB" in table and "12 s, 10 ms each (2x)" in table
    assert f"| bugs | {len(run.report['bugs']) + len(run.report['folded'])} |" in table


@pytest.mark.slow
@pytest.mark.parametrize("step", ["hunt", "again", "report", "dataset", "dataset --all", "replay", "transfer"])
def test_four_times_the_pictures_take_about_four_times_the_work(step, tmp_path_factory):
    small, large = 500, 2000
    work = {}
    for size in (small, large):
        folder = tmp_path_factory.mktemp(f"cost{size}")
        if step != "hunt":
            cost.hunt(size, folder)
        work[size] = calls(step, size, folder)
    # what a command does once makes it less
    assert work[large] < 1.4 * large / small * work[small]
