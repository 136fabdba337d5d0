"""Detectors, segmenters, taggers and models that answer questions, behind a server of one's own."""

import numpy as np
import pytest
from PIL import Image

from bugscope.core import registry
from bugscope.core.errors import AnswerError, SpecError
from bugscope.testing import check_answerer, check_detector, check_pickle, check_segmenter, check_tagger, images
from support.fake_server import b64, running
from support.picture_servers import THING, Own


@pytest.fixture
def app():
    with running() as server:
        yield Own(server)


@pytest.fixture
def load(app):
    made = []

    def load(role, **options):
        made.append(registry.load(role, f"http/{app.address}", options))
        return made[-1]

    yield load
    for model in made:
        model.close()


def test_each_role_fits_its_contract(load):
    for role, check in (
        ("Detector", check_detector),
        ("Segmenter", check_segmenter),
        ("Tagger", check_tagger),
        ("Answerer", check_answerer),
    ):
        model = load(role)
        check(model)
        check_pickle(model)
    assert [d.label for d in load("Detector")(images()[:1])[0]] == ["mug"]


def test_a_segmenter_may_give_instances(app, load):
    mask = np.zeros((6, 8), dtype=np.uint8)
    mask[2:4, 1:5] = 255
    app.said = {"/segment": {"segmentations": [{"instances": [{**THING, "mask": b64(Image.fromarray(mask))}]}]}}
    (found,) = load("Segmenter")([Image.new("RGB", (8, 6))])
    assert found[0].label == "mug" and (found[0].mask == (mask > 0)).all()


@pytest.mark.parametrize(
    ("role", "said", "message"),
    [
        ("Detector", {"detections": [{"mug": 1}]}, "expected for each picture a list of"),
        ("Detector", {"detections": [[{**THING, "label": "cup"}]]}, "unknown label 'cup'"),
        ("Detector", {"detections": [[{**THING, "box": [5, 6, 1, 2]}]]}, "these look like x, y, width, height"),
        ("Detector", {"boxes": []}, '{"detections": '),
        ("Segmenter", {"segmentations": [{"png": "?"}]}, "expected base64"),
        ("Segmenter", {"segmentations": [{"png": b64(Image.new("RGB", (4, 4)))}]}, "expected one grey value"),
        ("Segmenter", {"segmentations": [{"instances": [THING]}]}, "without a mask"),
        ("Segmenter", {"segmentations": [[]]}, "expected for each picture"),
        ("Tagger", {"scores": [[1, 2]]}, "3 finite numbers per picture"),
        ("Answerer", {"answers": [7]}, "expected a text for each question"),
    ],
)
def test_wrong_answers_are_told_in_a_sentence(app, load, role, said, message):
    path = {"Detector": "/detect", "Segmenter": "/segment", "Tagger": "/tag", "Answerer": "/answer"}[role]
    app.said = {path: said}
    model = load(role)
    asked = [[Image.new("RGB", (8, 6))], *([["Is there a mug?"]] if role == "Answerer" else [])]
    with pytest.raises(AnswerError) as error:
        model(*asked)
    assert message in str(error.value) and "\n" not in str(error.value)


def test_a_detector_may_know_one_label(app, load):
    app.labels = ["face"]
    assert load("Detector").labels == ("face",)
    with pytest.raises(AnswerError, match="at least two label names"):
        load("Classifier")
    with pytest.raises(SpecError, match="takes no|unknown argument"):
        load("Answerer", labels="a,b")
