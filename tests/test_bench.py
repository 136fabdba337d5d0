"""The benchmarks that claims rest on: their triggers, and that they see what is wrong."""

import importlib.util
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageFilter

BENCH = Path(__file__).parent.parent / "bench"


def load(name):
    spec = importlib.util.spec_from_file_location(f"bench_{name}", BENCH / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


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
        "red frame": planted._with_frame(plain),
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
