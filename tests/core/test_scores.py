"""Scores in the forms in which frameworks give them."""

from collections import namedtuple
from types import SimpleNamespace

import numpy as np
import pytest

from bugscope.core.errors import Declined, ModelError, Transient
from bugscope.core.scores import MASKED, asked, scores

LABELS = ("cat", "dog", "cup")
ROWS = np.array([[0.7, 0.2, 0.1], [0.1, 0.3, 0.6]])


class Tensor:
    """As PyTorch's: no array of it can be made before it is detached, on the CPU, and of a type that NumPy has."""

    def __init__(self, rows, ready=()):
        self.rows, self.ready = rows, {*ready}

    def detach(self):
        return Tensor(self.rows, self.ready | {"detached"})

    def cpu(self):
        return Tensor(self.rows, self.ready | {"here"})

    def double(self):
        return Tensor(self.rows, self.ready | {"double"})

    def numpy(self):
        assert self.ready == {"detached", "here", "double"}
        return np.asarray(self.rows)

    @property
    def shape(self):
        return np.shape(self.rows)

    def __array__(self, dtype=None, copy=None):
        raise RuntimeError("Can't call numpy() on Tensor that requires grad.")


def listed(row):
    return [{"label": label, "score": float(score)} for label, score in zip(LABELS, row, strict=True)]


@pytest.mark.parametrize(
    "given",
    [
        ROWS,
        ROWS.tolist(),
        list(ROWS),
        Tensor(ROWS),
        [Tensor(row) for row in ROWS],
        SimpleNamespace(logits=ROWS),
        SimpleNamespace(loss=None, logits=Tensor(ROWS)),
        {"logits": ROWS},
        namedtuple("Output", "logits aux")(ROWS, None),
        (Tensor(ROWS), Tensor(ROWS)),
        {"output_0": ROWS},
        [ROWS],
        [np.array(["cat", "cup"]), ROWS],
        [listed(row) for row in ROWS],
        [listed(row)[::-1] for row in ROWS],
        [dict(zip(LABELS, row, strict=True)) for row in ROWS],
    ],
    ids=lambda given: type(given).__name__,
)
def test_what_frameworks_return_is_read(given):
    assert np.allclose(scores(given, 2, LABELS, "target t"), ROWS)


@pytest.mark.parametrize(
    "given",
    [
        ROWS[:, :, None, None],
        ROWS[None],
        [ROWS[:1], ROWS[1:]],
        {"dog": ROWS[:, 1], "cup": ROWS[:, 2], "cat": ROWS[:, 0]},
        {"dog": [0.2, 0.3], "cup": [0.1, 0.6], "cat": [0.7, 0.1]},
    ],
    ids=["of a convolution", "an axis before", "batches of one", "columns", "lists"],
)
def test_axes_of_length_one_and_the_order_of_named_columns_change_nothing(given):
    assert np.array_equal(scores(given, 2, LABELS, "t"), ROWS)


def test_columns_of_a_data_frame_are_taken_by_their_names():
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(ROWS, columns=list(LABELS))
    assert np.array_equal(scores(frame[["cup", "cat", "dog"]], 2, LABELS, "t"), ROWS)
    assert np.array_equal(scores(pandas.DataFrame(ROWS), 2, LABELS, "t"), ROWS)


@pytest.mark.parametrize(
    "given",
    [ROWS[0], {"cat": 0.7, "dog": 0.2, "cup": 0.1}, [{"label": k, "score": v} for k, v in zip(LABELS, ROWS[0], strict=True)]],
)
def test_the_answer_for_one_picture_may_lack_the_axis_of_pictures(given):
    assert np.array_equal(scores(given, 1, LABELS, "t"), ROWS[:1])


def test_labels_that_a_listing_leaves_out_have_no_score():
    given = [[{"label": "cup", "score": 0.9}], {"label": "dog", "score": 0.8}]
    assert scores(given, 2, LABELS, "target t").tolist() == [[0, 0, 0.9], [0, 0.8, 0]]


def test_a_class_that_is_ruled_out_is_the_least_likely():
    with np.errstate(divide="ignore"):
        found = scores(np.log(np.eye(3)[:2]), 2, LABELS, "target t")
    assert found.argmax(1).tolist() == [0, 1] and found.min() == MASKED and np.isfinite(found).all()


WANTED = r"expected scores of shape \(2, 3\): a row for each picture, a column for each label"


@pytest.mark.parametrize(
    ("given", "says"),
    [
        (["cat", "dog"], "returned a list of str; " + WANTED),
        (None, "returned None; " + WANTED),
        ("cat", "returned a str; " + WANTED),
        ({"cat": 1}, "returned a dict; " + WANTED),
        (SimpleNamespace(output=ROWS), "returned a SimpleNamespace; " + WANTED),
        ([{"label": "cow", "score": 1}] * 2, "gave a score for a label that is not its own: unknown label 'cow'"),
        ([[1, 2], [3]], "returned a list of list; " + WANTED),
        (ROWS[0], r"gave scores of shape \(3,\); expected \(2, 3\): pictures, labels"),
        (np.full((2, 3), np.nan), "gave scores that are not finite, e.g. nan"),
        (np.full((2, 3), np.inf), "gave scores that are not finite, e.g. inf"),
        (np.full((2, 3), -np.inf), "gave scores that are not finite, e.g. -inf"),
    ],
    ids=str,
)
def test_what_holds_no_scores_is_named_with_what_was_wanted(given, says):
    with pytest.raises(ModelError, match="target t " + says):
        scores(given, 2, LABELS, "target t")


def test_a_function_of_one_picture_is_told_apart():
    def predict(image):
        return image.convert("RGB")

    predict.id = "mine"
    with pytest.raises(ModelError, match="target mine raised AttributeError.*called with a list of pictures, not with one"):
        asked(predict, [1, 2], LABELS)


@pytest.mark.parametrize("error", [Transient("later"), Declined("never"), MemoryError(), ZeroDivisionError("its own")])
def test_what_the_target_raises_is_its_own(error):
    def predict(images):
        raise error

    predict.id = "mine"
    with pytest.raises(type(error)):
        asked(predict, [1], LABELS)
