"""hf/MODEL on tiny detectors, segmenters and taggers of random weights, saved and loaded as real ones are."""

import json
import shutil

import numpy as np
import pytest
from PIL import Image

from bugscope.core import registry
from bugscope.core.errors import AnswerError, SpecError
from bugscope.testing import check_pickle, images
from support.hf_models import LABELS, load
from support.seen import check_detector, check_segmenter, rows

pytestmark = [pytest.mark.slow]

TOLD = {"labels": ["mug", "armchair", "traffic light"]}


@pytest.fixture(scope="module")
def detectors(tiny):
    from support import tiny_detectors  # noqa: PLC0415 - it needs torch

    return tiny_detectors


@pytest.fixture(scope="module")
def made(detectors, tmp_path_factory):
    """The folder of a tiny checkpoint by its family, made when first asked for."""
    known = {}

    def folder(name):
        if name not in known:
            known[name] = getattr(detectors, f"tiny_{name}")(tmp_path_factory.mktemp(name))
        return known[name]

    return folder


def odd():
    return images()[0].resize((150, 90))


# --- detectors --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("family", "options"), [("detr", {}), ("rt_detr", {}), ("yolos", {}), ("owlv2", TOLD), ("grounding_dino", TOLD)]
)
def test_a_detector_fits_its_role(made, family, options):
    target = load("Detector", made(family), **options)
    assert target.labels == tuple(options.get("labels", ("mug", "bus", "chair")))
    check_detector(target)
    check_pickle(target)
    assert target([odd()])[0]


@pytest.mark.parametrize(("family", "cls"), [("detr", "Detr"), ("rt_detr", "RTDetr"), ("yolos", "Yolos")])
def test_its_boxes_are_those_of_transformers(tiny, made, family, cls):
    """The gap "N/A" among its classes is no label, and shifts none."""
    processor = tiny.t.AutoImageProcessor.from_pretrained(made(family), backend="pil")
    net = getattr(tiny.t, f"{cls}ForObjectDetection").from_pretrained(made(family))
    with tiny.torch.inference_mode():
        given = net(**processor(odd(), return_tensors="pt"))
    (want,) = processor.post_process_object_detection(given, threshold=0.01, target_sizes=[(90, 150)])
    names = [net.config.id2label[i] for i in want["labels"].tolist()]
    assert set(names) - {"mug"}
    scores = want["scores"].numpy()
    boxes = (want["boxes"].numpy() / [150, 90, 150, 90]).clip(0, 1)
    keep = [i for i in np.argsort(-scores, kind="stable") if names[i] != "N/A" and (boxes[i, 2:] > boxes[i, :2]).all()]
    found = load("Detector", made(family))([odd()])[0]
    assert [d.label for d in found] == [names[i] for i in keep]
    assert np.allclose(rows(found), np.column_stack([scores, boxes])[keep], atol=1e-5)


def test_owl_sees_a_picture_as_a_part_of_a_square(tiny, made):
    processor, net = (
        getattr(tiny.t, cls).from_pretrained(made("owlv2")) for cls in ("Owlv2Processor", "Owlv2ForObjectDetection")
    )
    processor.image_processor = tiny.t.AutoImageProcessor.from_pretrained(made("owlv2"), backend="pil")
    texts = ["a photo of a mug", "a photo of an armchair"]
    with tiny.torch.inference_mode():
        given = net(**processor(text=[texts], images=odd(), return_tensors="pt", padding="max_length", max_length=16))
    (want,) = processor.post_process_grounded_object_detection(given, threshold=0.01, target_sizes=[(90, 150)])
    found = load("Detector", made("owlv2"), labels=["mug", "armchair"])([odd()])[0]
    boxes = (want["boxes"].numpy() / [150, 90, 150, 90]).clip(0, 1)
    scores = want["scores"].numpy()
    keep = [i for i in np.argsort(-scores, kind="stable") if (boxes[i, 2:] > boxes[i, :2]).all()]
    assert found and np.allclose(rows(found), np.column_stack([scores, boxes])[keep], atol=1e-4)
    assert [d.label for d in found] == [["mug", "armchair"][i] for i in want["labels"][keep].tolist()]


def test_grounding_dino_scores_a_label_by_the_mean_of_its_tokens(tiny, made):
    folder = made("grounding_dino")
    processor = tiny.t.AutoProcessor.from_pretrained(folder)
    processor.image_processor = tiny.t.AutoImageProcessor.from_pretrained(folder, backend="pil")
    net = tiny.t.GroundingDinoForObjectDetection.from_pretrained(folder)
    inputs = processor(text="mug. armchair.", images=odd(), return_tensors="pt")
    assert processor.tokenizer.convert_ids_to_tokens(inputs["input_ids"][0]) == [
        "[CLS]",
        "mug",
        ".",
        "arm",
        "##chair",
        ".",
        "[SEP]",
    ]
    with tiny.torch.inference_mode():
        chances = net(**inputs).logits[0].sigmoid().numpy()
    labels = np.stack([chances[:, 1], chances[:, 3:5].mean(axis=1)], axis=1)
    found = load("Detector", folder, labels=["mug", "armchair"])([odd()])[0]
    assert {round(d.score, 4) for d in found} <= {round(float(s), 4) for s in labels.max(axis=1)}
    best = found[0]
    assert np.isclose(labels.max(), best.score, atol=1e-4)
    assert best.label == ["mug", "armchair"][np.unravel_index(labels.argmax(), labels.shape)[1]]


def test_labels_that_do_not_fit_into_one_text_are_asked_for_in_several(made):
    names = [*(f"mug {word}" for word in ("bus", "red", "arm", "st.", "light")), "bus", "chair", "red chair", "armchair", "mug"]
    target = load("Detector", made("grounding_dino"), labels=names)
    assert target.asker.parts > 1 and list(target.labels) == names
    check_detector(target)
    with pytest.raises(SpecError, match=r"cannot be told the label 'mug mug.*': it has 31 tokens of 22"):
        load("Detector", made("grounding_dino"), labels=["bus", " ".join(["mug"] * 30)])


def test_labels_of_a_detector(made):
    assert load("Detector", made("detr"), labels=["cup", "none", "a", "b"]).labels == ("cup", "a", "b")
    with pytest.raises(SpecError, match="has 4 classes, but there are 3 labels; a background without a name is 'background'"):
        load("Detector", made("detr"), labels="cup,a,b")
    with pytest.raises(SpecError, match="finds whatever it is told to; say what, as in labels=bus,chair"):
        load("Detector", made("owlv2"))
    assert load("Detector", made("owlv2"), labels=["bus"]).labels == ("bus",)


def test_what_changes_an_answer_changes_the_id(made):
    owl = [load("Detector", made("owlv2"), **o).id for o in (TOLD, TOLD | {"template": "one {label}"}, {"labels": ["mug"]})]
    detr = [load("Detector", made("detr"), **o).id for o in ({}, {"labels": "a,b,c,d"}, {"dtype": "bfloat16"})]
    assert len({*owl, *detr}) == 6
    assert "dtype=float32" in detr[0]


def test_a_checkpoint_of_another_task_says_which_it_fits(made, folders):
    with pytest.raises(
        SpecError, match=r"cannot be the target of the task detect: it is a ViTFor.*fits as target of the task cl"
    ):
        load("Detector", folders("vit"))
    with pytest.raises(
        SpecError, match=r"of the task classify: it is a DetrFor.*\(object detector\), which fits as .*task detect$"
    ):
        load("Classifier", made("detr"))
    with pytest.raises(SpecError, match=r"cannot be the target of the task segment: it is a Detr"):
        load("Segmenter", made("detr"))
    with pytest.raises(SpecError, match="is a DetrForObjectDetection, which takes no argument template"):
        load("Detector", made("detr"), template="a {label}")


def test_numbers_that_are_not_finite_are_a_sentence(tiny, made, tmp_path):
    shutil.copytree(made("detr"), tmp_path / "copy")
    net = tiny.t.DetrForObjectDetection.from_pretrained(tmp_path / "copy")
    net.bbox_predictor.layers[-1].bias.data[:] = np.nan
    net.save_pretrained(tmp_path / "copy")
    with pytest.raises(AnswerError, match="numbers that are not finite: a box of .nan"):
        load("Detector", tmp_path / "copy")([odd()])


# --- segmenters -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("family", "instances"),
    [
        ("segformer", None),
        ("mask2former", False),
        ("mask2former", True),
        ("maskformer", None),
        ("maskformer", True),
        ("oneformer", None),
        ("oneformer", True),
    ],
)
def test_a_segmenter_fits_its_role(made, family, instances):
    target = load("Segmenter", made(family), instances=instances)
    assert target.labels == ("mug", "bus", "chair")
    check_segmenter(target)
    check_pickle(target)
    (found,) = target([odd()])
    assert isinstance(found, list) is bool(instances)
    assert instances or found.shape == (90, 150)
    assert not instances or all(d.mask.shape == (90, 150) for d in found)


def test_its_map_is_that_of_transformers(tiny, made):
    processor = tiny.t.AutoImageProcessor.from_pretrained(made("segformer"), backend="pil")
    net = tiny.t.SegformerForSemanticSegmentation.from_pretrained(made("segformer"))
    with tiny.torch.inference_mode():
        given = net(**processor(odd(), return_tensors="pt"))
    (want,) = processor.post_process_semantic_segmentation(given, target_sizes=[(90, 150)])
    (found,) = load("Segmenter", made("segformer"))([odd()])
    assert len(np.unique(want)) > 1
    assert np.array_equal(found, np.array([0, -1, 1, 2])[want.numpy()])


def test_a_large_picture_gets_a_smaller_map(made):
    (found,) = load("Segmenter", made("segformer"))([Image.effect_noise((1500, 900), 50)])
    assert found.shape == (307, 512)


def test_instances_are_told_apart_if_the_name_says_so_or_asked_for(made, tmp_path):
    shutil.copytree(made("mask2former"), tmp_path / "tiny-coco-instance")
    assert load("Segmenter", tmp_path / "tiny-coco-instance").instances
    assert not load("Segmenter", made("mask2former")).instances
    ids = {load("Segmenter", made("mask2former"), instances=i).id for i in (False, True)}
    assert len(ids) == 2
    with pytest.raises(SpecError, match="is a SegformerForSemanticSegmentation, which tells no instances apart"):
        load("Segmenter", made("segformer"), instances=True)


# --- taggers ----------------------------------------------------------------------------------------------------------


def test_a_tagger_gives_each_label_a_probability_of_its_own(tiny, folders, tmp_path):
    shutil.copytree(folders("vit"), tmp_path / "copy")
    with pytest.raises(SpecError, match="its problem_type is None, not 'multi_label_classification'; .* multi_label=true"):
        load("Tagger", tmp_path / "copy")
    asked = load("Tagger", tmp_path / "copy", multi_label=True)(images())
    config = tmp_path / "copy" / "config.json"
    config.write_text(json.dumps(json.loads(config.read_text()) | {"problem_type": "multi_label_classification"}))
    target = load("Tagger", tmp_path / "copy")
    check_pickle(target)
    found = target(images())
    assert list(target.labels) == LABELS and found.shape == (3, 4) and np.array_equal(found, asked)
    inputs = tiny.t.AutoImageProcessor.from_pretrained(folders("vit"), backend="pil")(images()[0], return_tensors="pt")
    with tiny.torch.inference_mode():
        want = tiny.t.ViTForImageClassification.from_pretrained(folders("vit"))(**inputs).logits.sigmoid().numpy()
    assert np.allclose(found[:1], want, atol=1e-5)
    assert target([]).shape == (0, 4)


# --- exports ----------------------------------------------------------------------------------------------------------


@pytest.mark.filterwarnings("ignore")  # of the exporter
def test_an_export_by_pytorch_says_what_transformers_says(tiny, made, tmp_path):
    """The layout that Optimum writes, from the real network and exporter, on a picture that needs no resizing."""
    pytest.importorskip("onnx")
    pytest.importorskip("onnxruntime")
    net = tiny.t.DetrForObjectDetection.from_pretrained(made("detr")).eval()
    processor = tiny.t.AutoImageProcessor.from_pretrained(made("detr"), backend="pil")

    class Plain(tiny.torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.net = net

        def forward(self, pixel_values):
            found = self.net(pixel_values=pixel_values)
            return found.logits, found.pred_boxes

    shutil.copy(made("detr") / "preprocessor_config.json", tmp_path)
    config = (made("detr") / "config.json").read_text().replace("N/A", "cup")
    (tmp_path / "config.json").write_text(config)
    how = {"input_names": ["pixel_values"], "output_names": ["logits", "pred_boxes"], "opset_version": 17, "dynamo": False}
    tiny.torch.onnx.export(Plain().eval(), tiny.torch.zeros(1, 3, 64, 96), str(tmp_path / "model.onnx"), **how)
    target = registry.load("Detector", f"onnx/{tmp_path}/model.onnx", {"device": "cpu", "threads": 1})
    assert target.finder.family == "detr" and target.labels == ("mug", "cup", "bus", "chair")
    picture = images()[0].resize((96, 64))
    with tiny.torch.inference_mode():
        given = net(**processor(picture, return_tensors="pt", do_resize=False))
    (want,) = processor.post_process_object_detection(given, threshold=0.01)
    # scores of a random network are nearly equal: their order may differ
    (found,) = target([picture])
    told = zip(want["labels"].tolist(), want["scores"].tolist(), want["boxes"].numpy().clip(0, 1), strict=True)
    for label, score, box in told:
        mine = [d for d in found if d.label == target.labels[label]]
        assert np.abs(rows(mine) - [score, *box]).max(axis=1).min() < 1e-3
    assert len(found) == len(want["labels"]) > 3
