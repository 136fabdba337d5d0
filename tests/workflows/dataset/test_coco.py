"""Data sets with boxes and masks."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

import bugscope
from bugscope.core.records import Box, Truth
from bugscope.media.picture import Picture
from bugscope.testing import DetectorWorld, World, detecting
from bugscope.workflows import dataset
from bugscope.workflows.dataset.coco import run_lengths


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """Pictures with regions, and something beside each object."""
    world = DetectorWorld(labels=("mug", "pot"), planted={"snow": 0.95}, prior=0.0)
    roles = world.roles()
    plain = roles["generator"].call

    def draw(prompts, seeds):
        return [marked(made) for made in plain(prompts, seeds)]

    roles["generator"].call = draw
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(detecting, "_place", lambda chance: (3 / 16, 2 / 16, 9 / 16, 6 / 16))
        return bugscope.hunt(
            ("mug", "pot"), tmp_path_factory.mktemp("coco") / "run", budget=300, explain_budget=0, task="detect", **roles
        )


def marked(made):
    regions = np.zeros((16, 16), dtype=np.uint8)
    if not made.truth.boxes:
        return made
    (own,) = made.truth.boxes
    regions[2:6, 3:9], regions[8:10, 1:4] = 1, 2
    boxes = (Box(own.label, 3 / 16, 2 / 16, 9 / 16, 6 / 16), Box("lamp", 1 / 16, 8 / 16, 4 / 16, 10 / 16))
    return Picture(made.content, Truth(own.label, ("lamp",), boxes, regions), made.info)


def test_annotations_say_where_everything_is_in_the_form_of_coco(run, tmp_path):
    made = dataset.dataset(run, tmp_path / "set", format="coco")
    for part, count in (("train", made.train), ("test", made.test)):
        found = json.loads((tmp_path / "set" / part / "annotations.json").read_text())
        names = {c["id"]: c["name"] for c in found["categories"]}
        assert sorted(names.values()) == ["lamp", "mug", "pot"] and len(found["images"]) == count
        assert len({a["id"] for a in found["annotations"]}) == len(found["annotations"]) == 2 * count
        files = {image["id"]: image["file_name"] for image in found["images"]}
        assert all((tmp_path / "set" / part / name).is_file() for name in files.values())
        own = [a for a in found["annotations"] if names[a["category_id"]] != "lamp"]
        assert all(a["bbox"] == [3, 2, 6, 4] and a["area"] == 24 and a["iscrowd"] == 0 for a in own)
        assert all(files[a["image_id"]].startswith(names[a["category_id"]]) for a in own)
        assert own[0]["segmentation"]["size"] == [16, 16] and sum(own[0]["segmentation"]["counts"]) == 256
        table = [json.loads(line) for line in (tmp_path / "set" / part / "metadata.jsonl").read_text().splitlines()]
        assert all(row["objects"]["bbox"][0] == [3, 2, 6, 4] and row["objects"]["categories"][1] == "lamp" for row in table)
    assert "CocoDetection" in (tmp_path / "set" / "README.md").read_text()


def test_pictures_of_which_nothing_is_known_have_no_annotations(tmp_path):
    world = World(labels=("mug",), planted={"snow": 0.95}, prior=0.0)
    found = bugscope.hunt("mug", tmp_path / "run", budget=200, explain_budget=0, **world.roles())
    dataset.dataset(found, tmp_path / "set", format="coco", test=0)
    annotations = json.loads((tmp_path / "set" / "train" / "annotations.json").read_text())
    assert annotations["images"] and annotations["annotations"] == []


@given(arrays(bool, st.tuples(st.integers(1, 8), st.integers(1, 8))))
def test_run_lengths_give_the_mask_back(mask):
    told = run_lengths(mask)
    bits = [bool(i % 2) for i, count in enumerate(told["counts"]) for _ in range(count)]
    assert (np.array(bits).reshape(mask.shape, order="F") == mask).all() and told["size"] == list(mask.shape)
    assert all(count > 0 for count in told["counts"][1:])


@pytest.mark.slow
def test_hugging_faces_library_reads_pictures_with_their_boxes(run, tmp_path, monkeypatch):
    datasets = pytest.importorskip("datasets")
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    made = dataset.dataset(run, tmp_path / "set", format="coco")
    found = datasets.load_dataset(str(tmp_path / "set"), cache_dir=str(tmp_path / "cache"))
    assert len(found["train"]) == made.train and len(found["test"]) == made.test
    row = found["train"][0]
    assert row["image"].size == (16, 16) and row["objects"]["bbox"][0] == [3, 2, 6, 4]
    assert row["objects"]["categories"] == [row["label_name"], "lamp"]
