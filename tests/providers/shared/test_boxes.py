"""Boxes between a picture and a detector's canvas, suppression, and the records that come of them."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageDraw

from bugscope.core.errors import AnswerError
from bugscope.providers.shared.boxes import corners, detections, letterbox, overlaps, stretched, suppressed

SIDES = st.integers(1, 400)


@given(SIDES, SIDES, st.integers(8, 96), st.integers(8, 96))
def test_the_whole_picture_lies_on_its_canvas(width, height, high, wide):
    picture = Image.new("L", (width, height), 255)
    for fit in (letterbox, stretched):
        canvas, undo = fit(picture, (high, wide))
        assert canvas.size == (wide, high) and canvas.mode == "RGB"
        rows, columns = np.nonzero(np.asarray(canvas)[..., 0] == 255)
        seen = [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]
        assert np.allclose(undo(np.array([seen])), [[0, 0, 1, 1]])


@pytest.mark.parametrize("size", [(301, 97), (64, 333), (123, 123)])
def test_a_box_on_the_canvas_is_where_it_is_in_the_picture(size):
    picture = Image.new("RGB", size, "white")
    planted = np.array([0.2, 0.4, 0.5, 0.9])
    ImageDraw.Draw(picture).rectangle((planted * np.tile(size, 2)).tolist(), fill="red")
    for fit in (letterbox, stretched):
        canvas, undo = fit(picture, 640)
        values = np.asarray(canvas, dtype=int)
        rows, columns = np.nonzero(values[..., 0] - values[..., 1] > 128)
        found = undo(np.array([[columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]]))[0]
        assert np.allclose(found, planted, atol=1.5 / min(size))


def test_the_room_around_a_picture_is_grey():
    canvas, _ = letterbox(Image.new("RGB", (10, 20), "red"), 40, fill=127)
    assert canvas.getpixel((0, 0)) == (127,) * 3 and canvas.getpixel((20, 20)) == (255, 0, 0)


def test_middles_and_sizes_become_corners():
    assert corners(np.array([[5, 6, 2, 4]])).tolist() == [[4, 4, 6, 8]]


def test_overlap_is_intersection_over_union():
    boxes = np.array([[0, 0, 2, 2], [1, 0, 3, 2], [2, 2, 3, 3], [1, 1, 1, 1]])
    assert np.allclose(overlaps(boxes[0], boxes), [1, 1 / 3, 0, 0])
    assert overlaps(boxes[3], boxes[3:]).tolist() == [0]


def test_of_one_class_the_best_of_overlapping_boxes_stays():
    boxes = np.array([[0, 0, 10, 10], [1, 0, 11, 10], [0, 0, 10, 10], [50, 50, 60, 60], [0, 0, 10, 4]])
    scores, classes = np.array([0.6, 0.9, 0.5, 0.7, 0.3]), np.array([1, 1, 2, 1, 1])
    assert suppressed(boxes, scores, classes, 0.5).tolist() == [1, 3, 2, 4]
    assert suppressed(boxes, scores, classes, 0.95).tolist() == [1, 3, 0, 2, 4]
    assert suppressed(boxes, scores, classes, 0.5, most=2).tolist() == [1, 3]
    assert suppressed(boxes[:0], scores[:0], classes[:0], 0.5).tolist() == []


@given(st.data())
def test_what_stays_does_not_overlap_and_what_goes_does(data):
    n = data.draw(st.integers(0, 30))
    rng = np.random.default_rng(data.draw(st.integers(0, 1000)))
    start = rng.random((n, 2))
    boxes, scores, classes = np.hstack([start, start + rng.random((n, 2))]), rng.random(n), rng.integers(0, 3, n)
    kept = suppressed(boxes, scores, classes, 0.4)
    for i in range(n):
        rivals = [k for k in kept if k != i and classes[k] == classes[i] and scores[k] >= scores[i]]
        beaten = (overlaps(boxes[i], boxes[rivals]) > 0.4).any() if rivals else False
        assert beaten == (i not in kept)


def test_detections_are_cut_at_the_edges_and_the_surest_come_first():
    boxes = np.array([[-0.5, 0.1, 0.5, 1.5], [0.2, 0.2, 0.4, 0.4], [1.1, 0, 1.2, 1], [0, 0, 1, 1], [0, 0, 1, 1]])
    found = detections("d", ["a", "b"], boxes, np.array([0.5, 0.9, 0.9, 0.001, 0.9]), np.array([0, 1, 1, 1, -1]))
    assert [(d.label, d.score, d[2:6]) for d in found] == [("b", 0.9, (0.2, 0.2, 0.4, 0.4)), ("a", 0.5, (0, 0.1, 0.5, 1))]
    assert all(isinstance(number, float) for d in found for number in d[1:6])
    assert detections("d", ["a"], np.zeros((0, 4)), np.zeros(0), np.zeros(0, int)) == []


def test_of_thousands_a_hundred_are_kept():
    n = 5000
    found = detections("d", ["a"], np.tile([0.0, 0, 1, 1], (n, 1)), np.linspace(0.1, 1, n), np.zeros(n, int))
    assert len(found) == 100 and found[0].score == 1


def test_numbers_that_are_not_finite_are_a_sentence():
    box = np.array([[0, 0, 1, 1]])
    with pytest.raises(AnswerError, match=r"the net gave numbers that are not finite: a box of \[0.0, 0.0, 1.0, 1.0\] .* nan"):
        detections("the net", ["a"], box, np.array([np.nan]), np.array([0]))
    with pytest.raises(AnswerError, match="not finite"):
        detections("the net", ["a"], box + np.inf, np.array([0.5]), np.array([0]))
