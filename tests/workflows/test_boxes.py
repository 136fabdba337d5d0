"""Detectors on folders with annotated boxes."""

import json

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from bugscope.app.cli import app
from bugscope.core.errors import SpecError
from bugscope.core.records import Box, Detection
from bugscope.workflows import annotated
from bugscope.workflows.evaluate import evaluate
from support.engines import Role

LABELS = ("cup", "bowl", "wine glass")


def annotations(tmp_path, rows, **changed):
    """`rows`: (image, category, bbox) or with iscrowd. Two pictures of 40 x 20 pixels, dark and light."""
    for i, tone in enumerate((60, 180), 1):
        pixels = np.full((20, 40, 3), tone, dtype=np.uint8)
        pixels[0, 0] = 0
        Image.fromarray(pixels).save(tmp_path / f"{i}.png")
    found = {
        "images": [{"id": i, "file_name": f"{i}.png", "width": 40, "height": 20} for i in (1, 2)],
        "annotations": [
            {"id": i, "image_id": row[0], "category_id": row[1], "bbox": row[2], "iscrowd": int(len(row) > 3)}
            for i, row in enumerate(rows)
        ],
        "categories": [{"id": 7, "name": "goblet"}, {"id": 9, "name": "bowl"}, {"id": 11, "name": "giraffe"}],
    }
    file = tmp_path / "boxes.json"
    file.write_text(json.dumps(found | changed))
    return file


ROWS = [(1, 7, [4, 2, 16, 12]), (1, 9, [24, 2, 12, 12]), (2, 7, [4, 2, 16, 12]), (2, 11, [0, 0, 5, 5])]


def detector(pictures):
    """Sees every goblet, and no bowl; in the light picture the goblet as a cup."""
    dark = [np.asarray(p).mean() < 100 for p in pictures]
    return [[Detection("wine glass" if d else "cup", 0.9, 0.1, 0.1, 0.5, 0.7)] for d in dark]


def test_each_label_of_a_picture_counts_once_and_what_goes_wrong_is_said(tmp_path):
    made = evaluate(Role(detector, "test/detector", LABELS), tmp_path, annotations=annotations(tmp_path, ROWS))
    assert [(c.label, c.error.k, c.error.n, c.taken_for) for c in made.classes] == [
        ("bowl", 1, 1, (("missed", 1),)), ("goblet", 1, 2, (("mislabelled as cup", 1),)),
    ]  # fmt: skip
    assert made.error.k == 2 and made.error.n == 3 and made.found == 2 and made.unknown == {"giraffe": 1}
    assert "mislabelled as cup" in str(made)


def test_a_label_with_a_crowd_in_the_picture_does_not_count(tmp_path):
    rows = [*ROWS, (1, 9, [0, 0, 40, 20], "crowd")]
    made = evaluate(Role(detector, "test/detector", LABELS), tmp_path, annotations=annotations(tmp_path, rows))
    assert [c.label for c in made.classes] == ["goblet"]


def test_boxes_are_fractions_cut_at_the_border(tmp_path):
    first, second = annotated.read(annotations(tmp_path, [(1, 7, [-4, 2, 16, 30])]), tmp_path)
    assert first.boxes == (Box("goblet", 0.0, 0.1, 0.3, 1.0),) and second.boxes == ()


@pytest.mark.parametrize(
    ("rows", "changed", "message"),
    [
        ([(3, 7, [0, 0, 1, 1])], {}, "an annotation of image 3, which is not among its images"),
        ([(1, 8, [0, 0, 1, 1])], {}, "an annotation of category 8, which is not among its categories"),
        ([(1, 7, [0, 0, -1, 1])], {}, r"the bbox \[0, 0, -1, 1\]; expected x, y, width, height"),
        ([(1, 7, [50, 0, 5, 5])], {}, "which lies outside it"),
        ([(1, 7, "all")], {}, 'the bbox "all"'),
        ([], {"images": "none"}, "has no list of images; expected the form of COCO's"),
        ([], {"images": [{"id": 1, "file_name": "9.png"}]}, "names no picture below .*; its first is '9.png'"),
        ([], {"categories": [{"name": "goblet"}]}, "without a whole number as id"),
        (
            [(1, 7, [0, 0, 1, 1])],
            {"images": [{"id": 1, "file_name": "1.png"}]},
            "does not state the width and height of image 1",
        ),
    ],
)
def test_files_that_cannot_be_meant_are_refused(tmp_path, rows, changed, message):
    with pytest.raises(SpecError, match=message):
        annotated.read(annotations(tmp_path, rows, **changed), tmp_path)


def test_a_file_that_is_not_there_is_told_with_the_nearest_one(tmp_path):
    annotations(tmp_path, ROWS)
    with pytest.raises(SpecError, match=r"does not exist. Did you mean '.*boxes.json'"):
        annotated.read(tmp_path / "box.json", tmp_path)
    (tmp_path / "boxes.json").write_text("[")
    with pytest.raises(SpecError, match="cannot be read"):
        annotated.read(tmp_path / "boxes.json", tmp_path)


def test_a_detector_that_knows_none_of_the_labels_is_told_so(tmp_path):
    with pytest.raises(SpecError, match="knows none of the 3 labels"):
        evaluate(Role(detector, "test/detector", ("dog",)), tmp_path, annotations=annotations(tmp_path, ROWS))


def test_the_command_takes_an_annotations_file(tmp_path, monkeypatch):
    (tmp_path / "sees_glasses.py").write_text(
        "def see(pictures):\n"
        "    return [[{'label': 'wine glass', 'score': 0.9, 'box': [0.1, 0.1, 0.5, 0.7]}] for _ in pictures]\n"
        "see.labels = ['wine glass', 'bowl']\n"
    )
    monkeypatch.chdir(tmp_path)
    file = annotations(tmp_path, ROWS)
    done = CliRunner().invoke(
        app,
        ["evaluate", "--target", "python/sees_glasses:see", "--images", str(tmp_path), "--annotations", str(file), "--json"],
    )
    assert done.exit_code == 0, done.output
    (found,) = json.loads(done.stdout)
    assert {c["label"]: c["wrong"] for c in found["classes"]} == {"bowl": 1, "goblet": 0}
