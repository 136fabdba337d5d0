"""onnx/PATH on small graphs that find a red rectangle and say so as each family of exports does."""

import json

import numpy as np
import pytest
from PIL import Image, ImageDraw

from bugscope.core import registry
from bugscope.core.errors import AnswerError, ModelError, SpecError
from bugscope.testing import check_pickle
from support import onnx_detectors, onnx_files
from support.seen import check_detector

onnx = pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")

NAMES = ["Tasse", "buß", "椅子"]
PLACE = np.array([0.2, 0.35, 0.55, 0.8])
EMPTY = Image.new("RGB", (50, 40), "white")


def scene(size, place=PLACE):
    """A red rectangle on white, and where it is, to the pixel."""
    picture = Image.new("RGB", size, "white")
    left, top, right, bottom = np.round(place * np.tile(size, 2)).astype(int).tolist()
    ImageDraw.Draw(picture).rectangle((left, top, right - 1, bottom - 1), fill=(255, 0, 0))
    return picture, np.array([left, top, right, bottom]) / np.tile(size, 2)


SCENES = [scene(size) for size in ((301, 97), (80, 333), (128, 96), (640, 480), (33, 21))]


def load(path, role="Detector", **options):
    return registry.load(role, f"onnx/{path}", {"device": "cpu", "threads": 1} | options)


@pytest.fixture
def make(tmp_path):
    def made(family, **more):
        return onnx_detectors.write(tmp_path, family, **more)

    return made


def off(size, fit="stretch", pixels=1.5):
    """How far off an edge may be: some pixels of the network, and half a pixel of the picture, which resizing blurs."""
    sides = np.array(onnx_detectors.SIDES[::-1])
    drawn = np.array(size) * min(sides / size) if fit == "letterbox" else sides
    return np.tile(pixels / drawn + 0.5 / np.array(size), 2)


def placed(target, label="buß"):
    """Asserts that the rectangle is found in each scene, once, where it is."""
    for picture, want in SCENES:
        (found,) = target([picture])
        best, *others = found
        assert best.label == label and best.score > 0.8 and all(d.score < 0.3 for d in others)
        assert (np.abs(np.array(best[2:6]) - want) <= off(picture.size, target.finder.fit)).all()
    assert not [d for d in target([EMPTY])[0] if d.score > 0.1]


FAMILIES = {
    "yolov8": "yolov8", "yolov8-turned": "yolov8", "yolov8-seg": "yolov8", "yolov5": "yolov5", "yolo-nms": "yolo-nms",
    "yolo-v7": "yolo-nms", "yolo-trt": "yolo-trt", "detr": "detr", "detr-sigmoid": "detr", "rf-detr": "rf-detr",
    "rt-detr": "rt-detr", "torchvision": "torchvision", "ssd": "ssd", "ssd-raw": "ssd-raw", "tensorflow": "tensorflow",
}  # fmt: skip


@pytest.mark.parametrize(("export", "family"), FAMILIES.items())
def test_each_family_is_recognised_and_its_boxes_are_where_things_are(make, export, family):
    target = load(make(export), labels=NAMES)
    assert target.finder.family == family and list(target.labels) == NAMES
    placed(target)
    check_detector(target)
    check_pickle(target)


@pytest.mark.parametrize("export", ["yolov8", "yolo-nms", "detr-sigmoid", "tensorflow"])
def test_what_is_recognised_may_be_stated(make, export):
    target = load(make(export), labels=NAMES, family=FAMILIES[export])
    placed(target)
    assert target.id == load(make(export), labels=NAMES).id


@pytest.mark.parametrize(("export", "fit"), [("yolov8", "stretch"), ("detr", "letterbox"), ("ssd", "letterbox")])
def test_how_a_picture_is_fitted_may_be_stated(make, export, fit):
    target = load(make(export), labels=NAMES, fit=fit)
    placed(target)
    assert target.id != load(make(export), labels=NAMES).id
    said = load(make(export, fit=fit), labels=NAMES)
    assert said.finder.fit == fit


def test_sizes_that_the_file_leaves_open_are_stated_or_in_its_metadata(make):
    path = make("yolov8", size=("height", "width"))
    with pytest.raises(SpecError, match="takes pictures of any size; state the one it was trained at, as in size="):
        load(path, labels=NAMES)
    placed(load(path, labels=NAMES, size="96,128"))
    placed(load(make("yolov8", size=("height", "width"), imgsz="[96, 128]", task="detect"), labels=NAMES))


def test_names_come_from_ultralytics_metadata(make):
    said = {"task": "detect", "stride": "32", "imgsz": "[96, 128]", "names": "{0: 'Tasse', 1: 'buß', 2: '椅子'}"}
    for export in ("yolov8", "yolo-nms", "yolov5"):
        target = load(make(export, **said))
        assert list(target.labels) == NAMES
        placed(target)
    with pytest.raises(ModelError, match="is a network for the task 'obb'; expected 'detect' or 'segment'"):
        load(make("yolov8", **said | {"task": "obb"}))


def test_names_and_values_come_from_a_hugging_face_folder(make, tmp_path):
    names = {"0": "N/A", "1": "Tasse", "2": "buß"}
    (tmp_path / "config.json").write_text(json.dumps({"id2label": names}))
    (tmp_path / "preprocessor_config.json").write_text(
        json.dumps({"size": {"shortest_edge": 800, "longest_edge": 1333}, "image_mean": [0.5] * 3, "image_std": [0.5] * 3,
                    "do_normalize": True})
    )  # fmt: skip
    target = load(make("detr"))
    assert target.labels == ("Tasse", "buß")
    assert target.finder.prepared.mean == (0.5,) * 3
    placed(target, "Tasse")


def test_the_gap_and_the_background_shift_no_label(make):
    assert load(make("yolov8"), labels=["Tasse", "N/A", "椅子"]).labels == ("Tasse", "椅子")
    assert not [d for d in load(make("yolov8"), labels=["Tasse", "N/A", "椅子"])([SCENES[0][0]])[0] if d.score > 0.1]
    for export in ("ssd", "ssd-raw", "torchvision", "tensorflow", "rf-detr"):
        placed(load(make(export), labels=["background", *NAMES]))


@pytest.mark.parametrize(
    ("export", "labels", "says"),
    [
        ("yolov8", ["a", "b"], "has 3 classes, but there are 2 labels; a background without a name is 'background'"),
        ("yolov8", ["a", "b", "c", "d"], "has 3 classes, but there are 4 labels"),
        ("detr-sigmoid", list("abcdef"), "has 3 classes, but there are 6 labels"),
        (
            "rf-detr",
            list("abcd"),
            "the first of them the background, but the first label is 'a': all labels would be shifted by",
        ),
        (
            "ssd-raw",
            list("abcd"),
            "the first label is 'a': all labels would be shifted by one; leave one out, or say 'background'",
        ),
        ("detr", list("abcdef"), "has 4 classes, but there are 6 labels"),
        ("yolov8", None, "has 3 outputs and no names for them; pass the argument labels="),
        ("yolo-nms", None, "has no names for its classes; pass the argument labels="),
        ("yolov8", ["background", "N/A", "none"], "has no labels: its classes are called 'background'"),
    ],
)
def test_labels_that_do_not_fit_are_a_sentence(make, export, labels, says):
    with pytest.raises(SpecError, match=says):
        load(make(export), labels=labels)


@pytest.mark.parametrize(("export", "number"), [("yolo-nms", 7), ("tensorflow", 8)])
def test_a_class_without_a_label_is_a_sentence(make, export, number):
    target = load(make(export, label=7), labels=NAMES)
    with pytest.raises(
        AnswerError, match=rf"gave a box of class {number}, but there are \d classes, .* of them '椅子'; state the"
    ):
        target([SCENES[0][0]])


def test_outputs_that_are_not_known_are_shown(make):
    with pytest.raises(
        SpecError, match=r"known for its outputs, left \[1, 1\], heat \[1, 1, 96, 128\]; state one of .* family=yolov8"
    ):
        load(make("nothing-known"), labels=NAMES)
    with pytest.raises(SpecError, match="unknown family of detectors 'yolo8'. Did you mean 'yolov8'"):
        load(make("yolov8"), labels=NAMES, family="yolo8")
    with pytest.raises(SpecError, match="unknown fit 'leterbox'. Did you mean 'letterbox'"):
        load(make("yolov8"), labels=NAMES, fit="leterbox")
    with pytest.raises(SpecError, match="iou is 7; it should be between 0 and 1"):
        load(make("yolov8"), labels=NAMES, iou=7)
    with pytest.raises(ModelError, match="are not those of the family tensorflow"):
        load(make("yolov8"), labels=NAMES, family="tensorflow")


def spoilt(path, output, value):
    """The network with a number added to all of an output."""
    net = onnx.load(path)
    last = next(node for node in net.graph.node if node.output[0] == output)
    net.graph.initializer.append(onnx.numpy_helper.from_array(np.float32(value), "more"))
    last.op_type = "Add"
    last.input.append("more")
    onnx.save(net, path)
    return path


def test_numbers_that_are_not_finite_are_a_sentence(make):
    with pytest.raises(AnswerError, match="numbers that are not finite: a box of"):
        load(spoilt(make("yolov8"), "output0", np.nan), labels=NAMES)
    with pytest.raises(AnswerError, match="numbers that are not finite"):
        load(spoilt(make("detr"), "pred_boxes", np.inf), labels=NAMES)


def test_scores_that_are_none_are_a_sentence(make):
    with pytest.raises(
        AnswerError, match=r"gives a score of 5.9, where those of the family yolov8 are between 0 and 1; state another"
    ):
        load(spoilt(make("yolov8"), "output0", 5), labels=NAMES)


def test_inputs_that_are_not_known_are_named(tmp_path):
    with pytest.raises(ModelError, match="has the inputs 'image', 'mask'; expected one for pictures"):
        load(onnx_files.write(tmp_path, more="input"), labels=NAMES)


def test_of_overlapping_boxes_one_stays_unless_asked_for(make):
    (found,) = load(make("yolov8"), labels=NAMES, iou=0.99)([SCENES[2][0]])
    assert [d.label for d in found if d.score > 0.5] == ["buß", "buß"]


def test_half_precision_and_many_boxes(make):
    target = load(make("yolov8", kind="float16"), labels=NAMES)
    placed(target)
    crowd = load(spoilt(make("yolov8"), "output0", 0.05), labels=NAMES, iou=1)([EMPTY])[0]
    assert len(crowd) <= 100


# --- segmenters -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("export", "labels"), [("logits", ["background", *NAMES]), ("logits-last", ["background", *NAMES])])
def test_logits_become_places_of_labels(make, export, labels):
    target = load(make(export), "Segmenter", labels=labels)
    check_pickle(target)
    assert list(target.labels) == NAMES
    for picture, want in SCENES:
        region(target([picture])[0], 1, want, picture.size)
    assert (target([EMPTY])[0] == -1).all()


def region(found, label, want, size):
    """Asserts that the pixels of a label, and no others, are where the rectangle is."""
    assert found.shape == onnx_detectors.SIDES and set(np.unique(found)) == {-1, label}
    rows, columns = np.nonzero(found == label)
    high, wide = found.shape
    seen = np.array([columns.min() / wide, rows.min() / high, (columns.max() + 1) / wide, (rows.max() + 1) / high])
    assert (np.abs(seen - want) <= off(size)).all()


def test_a_map_of_classes_and_a_chance_are_read(make):
    for picture, want in SCENES:
        region(load(make("map"), "Segmenter", labels=["unlabeled", *NAMES])([picture])[0], 1, want, picture.size)
        region(load(make("chance"), "Segmenter", labels=["Tasse"])([picture])[0], 0, want, picture.size)
        region(load(make("chance"), "Segmenter", labels=["background", "Tasse"])([picture])[0], 0, want, picture.size)


def test_yolos_instances_have_masks(make):
    target = load(make("yolov8-seg"), "Segmenter", labels=NAMES)
    for picture, want in SCENES:
        (found,) = target([picture])
        (best,) = [d for d in found if d.score > 0.5]
        assert best.label == "buß"
        rows, columns = np.nonzero(best.mask)
        high, wide = best.mask.shape
        seen = np.array([columns.min() / wide, rows.min() / high, (columns.max() + 1) / wide, (rows.max() + 1) / high])
        # the prototypes have a quarter of the network's pixels
        assert (np.abs(seen - want) <= off(picture.size, "letterbox", 6)).all()
        assert best.mask[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1].mean() > 0.9
    assert not target([EMPTY])[0]


def test_a_segmenter_that_does_not_fit_is_a_sentence(make):
    with pytest.raises(SpecError, match="has 4 classes, but there are 3 labels; a background without a name is 'background'"):
        load(make("logits"), "Segmenter", labels=NAMES)
    with pytest.raises(SpecError, match="has no names for its classes"):
        load(make("map"), "Segmenter")
    with pytest.raises(SpecError, match=r"which output has a class for each pixel\? Pass output=NAME, of: left"):
        load(make("nothing-known"), "Segmenter", labels=NAMES, output="lefft")
    with pytest.raises(SpecError, match="which output has a class for each pixel"):
        load(make("detr-sigmoid"), "Segmenter", labels=NAMES)
    target = load(spoilt(make("logits"), "logits", np.nan), "Segmenter", labels=["background", *NAMES])
    with pytest.raises(AnswerError, match="not finite for pixels"):
        target([EMPTY])


# --- taggers ----------------------------------------------------------------------------------------------------------


def test_a_tagger_gives_each_label_a_probability_of_its_own(tmp_path):
    path = onnx_files.write(tmp_path)
    target = load(path, "Tagger", labels="a,b,c,d")
    check_pickle(target)
    logits = load(path, "Classifier", labels="a,b,c,d", softmax=False)([EMPTY, SCENES[0][0]])
    assert np.allclose(target([EMPTY, SCENES[0][0]]), 1 / (1 + np.exp(-logits)), atol=1e-6)
    assert target([]).shape == (0, 4) and target([EMPTY]).dtype == np.float32
    assert np.allclose(load(path, "Tagger", labels="a,b,c,d", sigmoid=False)([EMPTY]), logits[:1])
    assert load(path, "Tagger", labels="a,b,c,d", sigmoid=False).id != target.id
    assert load(onnx_files.write(tmp_path, classes=1), "Tagger", labels=["nude"])([EMPTY]).shape == (1, 1)


def test_a_tagger_without_enough_labels_is_a_sentence(tmp_path):
    path = onnx_files.write(tmp_path)
    with pytest.raises(SpecError, match="has 4 classes, but there are 2 labels"):
        load(path, "Tagger", labels="a,b")
    with pytest.raises(SpecError, match="has 4 outputs and no names"):
        load(path, "Tagger")
