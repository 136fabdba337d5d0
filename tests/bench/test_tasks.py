"""The scorecard of tasks, on a hunt of each kind."""

import pytest

from support.benches import load

tasks = load("tasks")


@pytest.mark.parametrize("name", ["misplaced", "false alarm", "against"])
def test_planted_bugs_are_found_and_named(name):
    (cell,) = [cell for cell in tasks.CELLS if cell.name == name]
    score = tasks.scored(cell, 1, 0.95)
    assert score.n == 2 * len(cell.labels) and score.found >= 1 and score.named == score.found and score.false == 0


def test_nothing_is_planted_in_a_null_cell():
    assert all(not tasks.hunted(cell, 0, 0.9)[0] for cell in tasks.CELLS if cell.null and "detect" in cell.name)
