"""What a segmenter's answer means."""

import numpy as np
import pytest
from PIL import Image

import bugscope
from bugscope.core.errors import AnswerError, ModelError
from bugscope.core.records import Box, Detection, Truth
from bugscope.core.stencils import unpacked
from bugscope.tasks.segment import Segment
from bugscope.testing import DetectorWorld, conformance
from support.engines import Role

LABELS = ("background", "cup", "bowl", "wine glass")
REGIONS = np.zeros((40, 60), dtype=np.uint8)
REGIONS[10:30, 10:30] = 1
REGIONS[5:15, 40:50] = 2
BOX = Box("goblet", 10 / 60, 10 / 40, 30 / 60, 30 / 40)
TRUE = Truth("goblet", ("banana",), (BOX, Box("banana", 40 / 60, 5 / 40, 50 / 60, 15 / 40)), REGIONS)
KNOWN = Truth("goblet", ("banana",), TRUE.boxes)  # as it is when an answer is read
PICTURE = Image.new("RGB", (60, 40))


def answered(given, truth=TRUE, **options):
    made = Segment(**options).knowing(LABELS, {})
    (answer,) = made.ask(Role(lambda pictures: given, "test/segmenter", LABELS), [PICTURE], [truth])
    return made.read(answer, KNOWN), made.marks(answer, KNOWN)


def semantic(number, rows=slice(10, 30), columns=slice(10, 30), shape=(40, 60)):
    made = np.zeros(shape, dtype=int)
    made[rows, columns] = number
    return made


@pytest.mark.parametrize(
    ("given", "kind"),
    [
        (semantic(3), ""),
        (semantic(3, slice(20, 60), slice(20, 60), (80, 120)), ""),  # of twice the size
        (semantic(3, columns=slice(10, 24)), ""),
        (semantic(3, columns=slice(10, 18)), "in part"),
        (semantic(3, slice(0, 5)), "missed"),
        (semantic(1), "mislabelled"),
        (semantic(0), "missed"),
        (np.eye(4)[semantic(3)].transpose(2, 0, 1), ""),  # scores of labels
    ],
)
def test_the_pixels_of_the_label_must_be_found(given, kind):
    reading, _ = answered([given])
    assert (reading.kind, reading.wrong) == (kind, bool(kind))
    assert reading.taken_for == ("cup" if kind == "mislabelled" else "" if kind else "goblet")


def instance(label, score, rows, columns):
    mask = np.zeros((40, 60), dtype=bool)
    mask[rows, columns] = True
    return Detection(label, score, 0.1, 0.1, 0.9, 0.9, mask)


def test_each_instance_must_be_found_by_one_mask():
    own = instance("wine glass", 0.9, slice(10, 30), slice(10, 30))
    halves = [
        instance("wine glass", 0.9, slice(10, 30), slice(10, 20)),
        instance("wine glass", 0.9, slice(10, 30), slice(20, 30)),
    ]
    assert not answered([[own]])[0].wrong
    assert answered([[instance("wine glass", 0.1, slice(10, 30), slice(10, 30))]])[0].kind == "missed"
    assert answered([halves], iou=0.6)[0].kind == "in part"
    assert answered([[instance("cup", 0.9, slice(10, 30), slice(10, 30))]])[0][:2] == (True, "cup")
    assert answered([[]])[0].kind == "missed"


def test_a_page_draws_where_the_label_is_and_is_seen():
    _, marks = answered([semantic(3, columns=slice(10, 18))])
    assert [(m.box.label, m.true) for m in marks] == [("goblet", True), ("wine glass", False)]
    assert marks[1].box[1:] == (round(10 / 60, 4), 0.25, 0.3, 0.75)
    true, found = (unpacked(m.mask, 60, 40) for m in marks)
    assert (true & (REGIONS == 1)).sum() > 0.95 * (true | (REGIONS == 1)).sum()
    assert not found[:, 20:].any()
    assert found[15:25, 11:17].all()


def test_a_run_of_an_earlier_release_has_boxes_in_the_place_of_masks():
    made = Segment().knowing(LABELS, {})
    (answer,) = made.ask(Role(lambda _: [semantic(3)], "test/segmenter", LABELS), [PICTURE], [TRUE])
    del answer["masks"]
    assert [(m.box.label, m.mask) for m in made.marks(answer, KNOWN)] == [("goblet", ""), ("wine glass", "")]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ([np.full((40, 60), 0.5)], "label numbers that are not whole, e.g. 0.5"),
        ([np.zeros((40, 60, 3))], r"segmentation of shape \(40, 60, 3\) for 4 labels"),
        ([np.full((40, 60), np.nan)], "not finite"),
        ([[Detection("cup", 0.5, 0, 0, 1, 1)]], "instance of 'cup' without a mask; to judge boxes, use --task detect"),
        ([], "gave 0 segmentations for 1 pictures"),
        (None, "returned a NoneType"),
    ],
)
def test_other_answers_are_refused(given, message):
    with pytest.raises(AnswerError, match=message):
        answered(given)


def test_it_fits_the_protocol():
    target = Role(lambda pictures: [semantic(3)] * len(pictures), "test/segmenter", LABELS)
    conformance.check_task(Segment().knowing(LABELS, {}), target, [PICTURE, PICTURE], [TRUE, TRUE])


def test_a_generator_that_states_boxes_but_no_pixels_is_refused(tmp_path):
    """Every picture would count as missed."""
    target = Role(lambda pictures: [semantic(0)] * len(pictures), "test/segmenter", ("background", "mug", "pot", "bowl"))
    roles = {**DetectorWorld(labels=("mug", "pot"), planted={}).roles(), "target": target, "task": "segment"}
    with pytest.raises(ModelError, match="task segment needs the regions of what a picture shows"):
        bugscope.hunt("mug", tmp_path / "run", budget=60, **roles)
