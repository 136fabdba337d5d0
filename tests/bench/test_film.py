"""The scorecard of what is done to pictures."""

import re

import numpy as np
import pytest

from bugscope.providers.studio.render import Renderer, Traced
from bugscope.providers.studio.vocabulary import FILM, VALUES
from support.benches import load

bench = load("film")


class Net:
    """Calls every second picture a teapot, the others a carton."""

    labels = ("carton", "teapot")

    def __call__(self, images):
        return np.eye(2)[np.arange(len(images)) % 2]


@pytest.fixture(scope="module")
def light():
    rng = np.random.default_rng(0)
    shows = np.zeros((96, 96), dtype=bool)
    shows[20:76, 20:76] = True
    radiance = rng.random((32, 32, 3)) * (shows[1::3, 1::3] * 0.8 + 0.1)[..., None]
    made = Traced(radiance, np.ones((32, 32)), shows.astype(np.int32), float(shows.mean()), ("teapot",))
    return [bench.Light("teapot", seed, made) for seed in bench.usual_seeds("teapot", 2, 0)]


def test_seeds_are_those_of_plain_pictures():
    seeds = list(bench.usual_seeds("teapot", 30, 0))
    assert seeds == sorted(set(seeds)) and 30 < seeds[-1] < 60
    assert all(bench.scene("teapot", None, s).camera == "" for s in seeds)


def test_one_row_per_condition_plain_first(light):
    rows = list(bench.measured(light, [Net(), Net()]))
    assert [r.phrase for r in rows] == ["plain", *(v.phrase for v in VALUES if v.attribute in FILM)]
    assert rows[0].n == 2 and rows[0].right == rows[0].carton == (1, 1) and rows[0].added == 0
    assert all(r.n <= 2 and len(r.right) == 2 for r in rows)
    lines = bench.table(rows, ["0", "1"])
    assert len(lines) == len(rows) + 2 and len({line.count("|") for line in lines}) == 1
    assert re.fullmatch(r"\| plain \| 0 \| 2 \| 0\.50 \| 0\.09–0\.91 \| 0\.50 \| 1, 1 \|", lines[2])


def test_a_condition_without_a_faithful_picture_has_no_share():
    assert "| – | – | – |" in bench.table([bench.Row("x", 1.0, 0, (0, 0), (0, 0))], ["0", "1"])[2]


def test_a_sheet_has_a_place_for_every_condition(light):
    sheet = bench.sheet(light)
    rows = -(-(1 + sum(v.attribute in FILM for v in VALUES)) // bench.COLUMNS)
    assert sheet.size == (bench.COLUMNS * bench.SIDE, rows * (bench.SIDE + bench.CAPTION))


@pytest.mark.slow
def test_scenes_are_traced():
    made = bench.traced(["teapot"], 1, 0, Renderer("scalar", size=(32, 32), samples=1))
    assert made[0].traced.radiance.shape == (32, 32, 3) and made[0].traced.regions.any()
