"""Boxes and masks, against brute force."""

import numpy as np
import pytest

from bugscope.core.records import Box
from bugscope.providers.studio import prompts
from bugscope.providers.studio.render import Renderer
from bugscope.providers.studio.scene import resolve
from bugscope.providers.studio.truth import truth
from support.benches import load

bench = load("truth")


@pytest.fixture(scope="module")
def renderer():
    return Renderer("scalar", size=(96, 72), samples=1)


@pytest.mark.parametrize("text", ["three teapots on grass next to a bucket", "a mailbox among balls partly hidden by leaves"])
def test_every_thing_has_its_box_and_its_mask(renderer, text):
    found = bench.compared(resolve(prompts.parse(text), 4), renderer)
    assert len(found) >= 3
    assert all(c.box > 0.98 and c.mask > 0.98 for c in found)


@pytest.mark.slow
def test_boxes_and_masks_of_random_scenes(renderer):
    found = [c for scene in bench.scenes(40, 1) for c in bench.compared(scene, renderer)]
    assert len(found) > 60
    assert sum(c.box >= 0.98 and c.mask >= 0.98 for c in found) >= 0.98 * len(found)


def test_what_is_not_seen_has_no_box():
    regions = np.zeros((4, 8), np.int32)
    regions[1:3, 2:4] = 3
    regions[3, 7] = 1
    made = truth("mug", ["mug", "cup", "pot"], regions)
    assert made.boxes == (Box("mug", 7 / 8, 3 / 4, 1.0, 1.0), Box("pot", 2 / 8, 1 / 4, 4 / 8, 3 / 4))
    assert made.others == ("pot",) and made.label == "mug"
    assert np.array_equal(made.regions > 0, regions > 0) and made.regions[1, 2] == 2 and made.regions[3, 7] == 1


def test_an_empty_scene_has_no_things(renderer):
    traced = renderer.trace(resolve(prompts.parse("a photo of grass at night"), 1))
    assert traced.things == () and not traced.regions.any()
    assert truth("", (), traced.regions).boxes == ()
