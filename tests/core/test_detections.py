"""What detectors answer, in the forms of frameworks."""

from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from bugscope.core.detections import BEYOND, KEPT, MOST, asked, detections
from bugscope.core.errors import AnswerError
from bugscope.core.records import Detection
from support.engines import Role

LABELS = ("cup", "bowl", "wine glass")
SIZE = (200, 100)
BOX = (0.1, 0.2, 0.5, 0.8)
PIXELS = [20.0, 20.0, 100.0, 80.0]
WANTED = [Detection("bowl", 0.9, *BOX), Detection("cup", 0.3, 0.0, 0.0, 1.0, 1.0)]
WHOLE = [0.0, 0.0, 200.0, 100.0]


class Tensor:
    """As PyTorch's: no list, but with an array inside."""

    def __init__(self, values):
        self.values = np.asarray(values)

    def detach(self):
        return self

    def cpu(self):
        return self

    def double(self):
        return Tensor(self.values.astype(float))

    def numpy(self):
        return self.values

    def tolist(self):
        return self.values.tolist()


def ultralytics():
    shares = Tensor([[0.0, 0.0, 1.0, 1.0], BOX])
    boxes = SimpleNamespace(xyxyn=shares, conf=Tensor([0.3, 0.9]), cls=Tensor([0.0, 1.0]))
    return SimpleNamespace(boxes=boxes, names={0: "cup", 1: "bowl"}, masks=None)


FORMS = {
    "our own": WANTED[::-1],
    "torchvision": {"boxes": Tensor([WHOLE, PIXELS]), "scores": Tensor([0.3, 0.9]), "labels": Tensor([0, 1])},
    "transformers, zero-shot": {"boxes": Tensor([WHOLE, PIXELS]), "scores": [0.3, 0.9], "labels": ["cup", "Bowl"]},
    "a pipeline": [
        {"label": "cup", "score": 0.3, "box": {"xmin": 0, "ymin": 0, "xmax": 200, "ymax": 100}},
        {"label": "bowl", "score": 0.9, "box": dict(zip(("xmin", "ymin", "xmax", "ymax"), PIXELS, strict=True))},
    ],
    "a list of boxes": [{"label": 0, "score": 0.3, "box": WHOLE}, {"label": 1, "score": 0.9, "bbox": PIXELS}],
    "fractions": {"boxes": [[0, 0, 1, 1], BOX], "scores": [0.3, 0.9], "labels": [0, 1]},
    "rows": np.array([[*WHOLE, 0.3, 0], [*PIXELS, 0.9, 1]]),
    "ultralytics": ultralytics(),
    "supervision": SimpleNamespace(xyxy=np.array([WHOLE, PIXELS]), confidence=np.array([0.3, 0.9]), class_id=np.array([0, 1])),
}


@pytest.mark.parametrize("form", FORMS)
def test_every_framework_s_form_is_read_the_surest_first(form):
    for found in detections([FORMS[form], FORMS[form]], [SIZE, SIZE], LABELS, "d"):
        assert [(d.label, d.score) for d in found] == [("bowl", 0.9), ("cup", 0.3)]
        assert np.allclose([d[2:6] for d in found], [d[2:6] for d in WANTED])


@pytest.mark.parametrize("form", [name for name in FORMS if name != "rows"])
def test_an_answer_about_one_picture_needs_no_list_around_it(form):
    (found,) = detections(FORMS[form], [SIZE], LABELS, "d")
    assert [d.label for d in found] == ["bowl", "cup"]


@pytest.mark.parametrize("nothing", [[], np.zeros((0, 6)), {"boxes": np.zeros((0, 4)), "scores": [], "labels": []}, ()])
def test_a_picture_may_have_no_detections(nothing):
    assert detections([nothing, nothing], [SIZE, SIZE], LABELS, "d") == [[], []]
    assert detections([], [], LABELS, "d") == []


def one(**changed):
    return [{"boxes": [PIXELS], "scores": [0.5], "labels": [0], **changed}]


WRONG = {
    "pixels where fractions are promised": ([[Detection("cup", 0.5, *PIXELS)]], "box (20, 20, 100, 80) .* look like pixels"),
    "x, y, width, height": (one(boxes=[[120, 60, 50, 30]]), "box (120, 60, 50, 30), whose right .* like x, y, width, height"),
    "pixels of another size": (
        one(boxes=[[300, 300, 600, 500]]),
        "box (300, 300, 600, 500), which is not in its picture of 200",
    ),
    "labels shifted by one": (one(labels=[3]), "label number 3; it has 3 labels, from 0 to 2. If its 0 is the background"),
    "a label of somebody else": (one(labels=["cop"]), "label that is not its own: unknown label 'cop'. Did you mean 'cup'?"),
    "logits": (one(scores=[4.5]), "score of 4.5; expected probabilities from 0 to 1: these look like logits"),
    "a box that is not finite": (one(boxes=[[0, 0, np.nan, 1]]), "box that is not finite: (0, 0, nan, 1)"),
    "a score that is not finite": (one(scores=[np.nan]), "score that is not finite: nan"),
    "boxes before suppression": (
        [{"boxes": np.tile(PIXELS, (25_200, 1)), "scores": np.ones(25_200), "labels": np.zeros(25_200, int)}],
        "25,200 boxes for one picture; expected one for each thing",
    ),
    "parts of different lengths": (one(scores=[0.5, 0.4]), "1 boxes, 2 scores and 1 labels"),
    "no scores": ([{"boxes": [PIXELS], "labels": [0]}], "a mapping with boxes, labels; expected scores"),
    "a text": ("cup", "returned a str; expected for each picture a list"),
    "nothing": (None, "returned None; expected"),
    "two pictures": ([[], []], "gave 2 lists of boxes for 1 pictures"),
    "scores of a classifier": (np.array([[0.1, 0.7, 0.2]]), "gave a ndarray for a picture; expected"),
}


@pytest.mark.parametrize("what", WRONG)
def test_what_is_wrong_is_said_in_one_line_with_its_likely_reason(what):
    given, message = WRONG[what]
    pattern = message.replace("(", r"\(").replace(")", r"\)").replace("?", r"\?")
    with pytest.raises(AnswerError, match=pattern) as error:
        detections(given, [SIZE], LABELS, "detector d")
    assert "\n" not in str(error.value)


def test_a_detector_is_asked_with_a_list_of_its_own():
    pictures = [Image.new("RGB", SIZE)]

    def greedy(shown):
        shown.clear()
        return [WANTED]

    assert asked(Role(greedy, "d", LABELS), pictures, LABELS) == [WANTED]
    assert len(pictures) == 1


@given(
    st.lists(
        st.tuples(
            st.floats(-BEYOND, 1 + BEYOND), st.floats(-BEYOND, 1 + BEYOND), st.floats(0, 1), st.floats(0, 1), st.floats(0, 1)
        ),
        max_size=150,
    )
)
def test_boxes_stay_within_the_picture_sorted_and_few(rows):
    boxes = [(x, y, min(x + w, 1 + BEYOND), min(y + h, 1 + BEYOND)) for x, y, w, h, _ in rows]
    answer = {"boxes": boxes, "scores": [s for *_, s in rows], "labels": [0] * len(rows)}
    (found,) = detections([answer], [SIZE], LABELS, "d")
    assert len(found) <= min(KEPT, len(rows)) <= MOST
    assert all(0 <= d.left < d.right <= 1 and 0 <= d.top < d.bottom <= 1 for d in found)
    assert [d.score for d in found] == sorted((d.score for d in found), reverse=True)
