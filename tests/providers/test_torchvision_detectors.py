"""torchvision/NAME for detection and segmentation, on random weights that the tests save."""

from pathlib import Path
from urllib.parse import urlparse

import numpy as np
import pytest

from bugscope.core import registry
from bugscope.core.errors import AnswerError, ModelError, SpecError
from bugscope.testing import check_pickle, images
from support.seen import check_detector, check_segmenter, rows

pytestmark = pytest.mark.slow

NAMES = ["Tasse", "buß", "椅子"]
WITH = ["__background__", *NAMES]


@pytest.fixture(scope="module")
def models(torch):
    return pytest.importorskip("torchvision").models


@pytest.fixture(scope="module")
def network(torch, models):
    """A network of random weights, whose scores differ."""

    def made(name, classes=4, **options):
        torch.manual_seed(0)
        net = models.get_model(name, weights=None, weights_backbone=None, num_classes=classes, **options)
        for key, value in net.named_parameters():
            if value.ndim > 1 and any(part in key for part in ("cls_", "classif", "bbox_reg", "mask_fcn_logits")):
                torch.nn.init.normal_(value, std=1.0 if "_classifier" in key else 0.3 if "mobilenet" in name else 0.05)
        return net.eval()

    return made


@pytest.fixture(scope="module")
def checkpoint(torch, network, tmp_path_factory):
    known = {}

    def path(name, classes=4):
        if (name, classes) not in known:
            known[name, classes] = tmp_path_factory.mktemp("own") / "best.pth"
            torch.save(network(name, classes).state_dict(), known[name, classes])
        return known[name, classes]

    return path


@pytest.fixture
def kept(torch, models, network, tmp_path, monkeypatch):
    """Random weights where torchvision keeps what it has downloaded, as its frozen batch norms have them."""

    def made(name, weights, **options):
        monkeypatch.setenv("TORCH_HOME", str(tmp_path))
        monkeypatch.setattr("urllib.request.urlopen", None)  # nothing is to be fetched
        member = models.get_model_weights(name)[weights]
        file = tmp_path / "hub" / "checkpoints" / Path(urlparse(member.url).path).name
        file.parent.mkdir(parents=True, exist_ok=True)
        state = network(name, len(member.meta["categories"]), **options).state_dict()
        frozen = name.startswith(("fasterrcnn", "maskrcnn", "fcos", "retina")) and "_v2" not in name
        torch.save({k: v for k, v in state.items() if not (frozen and k.endswith("num_batches_tracked"))}, file)
        return member

    return made


def load(name, role="Detector", **options):
    return registry.load(role, f"torchvision/{name}", {"device": "cpu"} | options)


def shown():
    """A square and a wide picture, small enough for the slow networks."""
    return [images()[0], images()[1].resize((150, 90))]


FAST = "fasterrcnn_mobilenet_v3_large_320_fpn"


@pytest.mark.parametrize("name", [FAST, "ssdlite320_mobilenet_v3_large"])
def test_own_weights_fit_the_role(checkpoint, name):
    target = load(name, checkpoint=str(checkpoint(name)), labels=NAMES)
    assert list(target.labels) == NAMES
    check_detector(target, shown())
    check_pickle(target)


@pytest.mark.parametrize(
    "name",
    ["ssd300_vgg16", "retinanet_resnet50_fpn", "fcos_resnet50_fpn", "fasterrcnn_resnet50_fpn_v2", "maskrcnn_resnet50_fpn"],
)
def test_every_family_reads_its_own_weights(checkpoint, name):
    labels = WITH if name.startswith(("retina", "fcos")) else NAMES
    target = load(name, checkpoint=str(checkpoint(name)), labels=labels)
    assert list(target.labels) == NAMES
    assert {d.label for d in target(shown()[:1])[0]} <= set(NAMES)


@pytest.mark.parametrize("name", ["fasterrcnn_resnet50_fpn", "ssdlite320_mobilenet_v3_large"])
def test_the_networks_are_those_that_torchvision_builds(torch, models, kept, name):
    """With its frozen batch norms, its names, and without its threshold for scores; the background and gaps shift no label."""
    member = kept(name, "COCO_V1")
    net = models.get_model(name, weights=member, **({} if "ssd" in name else {"box_score_thresh": 0.01})).eval()
    if "ssd" in name:
        net.score_thresh = 0.01
    picture = shown()[1]
    with torch.inference_mode():
        want = net([member.transforms()(picture)])[0]
    names = [member.meta["categories"][i] for i in want["labels"].tolist()]
    boxes = (want["boxes"].numpy() / (picture.size * 2)).clip(0, 1)
    scores = want["scores"].numpy()
    keep = [i for i, n in enumerate(names) if n not in ("N/A", "__background__") and (boxes[i, 2:] > boxes[i, :2]).all()][:100]
    target = load(f"{name}:COCO_V1")
    assert target.labels[0] == "person" and len(target.labels) == 80 and "N/A" not in target.labels
    (found,) = target([picture])
    assert len(found) > 3
    assert np.allclose(rows(found), np.column_stack([scores, boxes])[keep], atol=1e-3)
    assert [d.label for d in found][:3] == [names[i] for i in keep][:3]


def test_labels_that_do_not_fit_are_a_sentence(checkpoint):
    given = {"checkpoint": str(checkpoint(FAST))}
    assert load(FAST, **given, labels=WITH).labels == load(FAST, **given, labels=NAMES).labels
    with pytest.raises(
        SpecError, match="has 4 classes, the first of them the background, but the first label is 'a': all labels"
    ):
        load(FAST, **given, labels="a,b,c,d")
    with pytest.raises(SpecError, match="has 4 classes, the first of them the background, but there are 6 labels"):
        load(FAST, **given, labels="a,b,c,d,e,f")
    with pytest.raises(SpecError, match="has 4 outputs and no names for them"):
        load(FAST, **given)


def test_names_and_weights_that_do_not_fit_are_a_sentence(checkpoint):
    with pytest.raises(
        SpecError, match="unknown torchvision detector 'fasterrcn_resnet50_fpn'. Did you mean 'fasterrcnn_resnet50_fpn"
    ):
        load("fasterrcn_resnet50_fpn")
    with pytest.raises(SpecError, match="unknown torchvision detector 'resnet50'"):
        load("resnet50")
    with pytest.raises(SpecError, match="unknown torchvision segmenter 'fasterrcnn_resnet50_fpn'"):
        load("fasterrcnn_resnet50_fpn", "Segmenter")
    with pytest.raises(ModelError, match="not those of torchvision's ssdlite320_mobilenet_v3_large: there is no 'head.class"):
        load("ssdlite320_mobilenet_v3_large", checkpoint=str(checkpoint(FAST)), labels=NAMES)


def test_what_changes_an_answer_changes_the_id(checkpoint):
    given = {"checkpoint": str(checkpoint(FAST)), "labels": NAMES}
    ids = {load(FAST, **given | o).id for o in ({}, {"labels": ["a", "b", "c"]}, {"dtype": "bfloat16"})}
    assert len(ids) == 3 and "dtype=float32" in load(FAST, **given).id


def test_numbers_that_are_not_finite_are_a_sentence(torch, network, tmp_path):
    state = network("lraspp_mobilenet_v3_large").state_dict()
    state["classifier.high_classifier.bias"][:] = torch.nan
    torch.save(state, tmp_path / "nan.pth")
    target = load("lraspp_mobilenet_v3_large", "Segmenter", checkpoint=str(tmp_path / "nan.pth"), labels=WITH)
    with pytest.raises(AnswerError, match="not finite"):
        target(shown()[1:])


# --- segmenters -------------------------------------------------------------------------------------------------------


def test_a_segmenter_gives_places_of_labels(torch, network, models, checkpoint):
    name = "lraspp_mobilenet_v3_large"
    target = load(name, "Segmenter", checkpoint=str(checkpoint(name)), labels=WITH)
    assert list(target.labels) == NAMES
    check_segmenter(target, shown()[1:])
    check_pickle(target)
    transform = models.get_model_weights(name).DEFAULT.transforms()
    with torch.inference_mode():
        want = network(name)(transform(shown()[1])[None])["out"][0].argmax(0).numpy()
    (found,) = target(shown()[1:])
    assert len(np.unique(want)) > 1 and np.array_equal(found, want - 1)
    with pytest.raises(SpecError, match="has 4 classes, but there are 3 labels; a background without a name is 'background'"):
        load(name, "Segmenter", checkpoint=str(checkpoint(name)), labels=NAMES)


def test_torchvisions_own_weights_have_side_outputs(kept):
    kept("fcn_resnet50", "COCO_WITH_VOC_LABELS_V1", aux_loss=True)
    target = load("fcn_resnet50", "Segmenter")
    assert target.labels[0] == "aeroplane" and len(target.labels) == 20
    (found,) = target([images()[0].resize((60, 40))])
    assert found.min() >= -1 and found.max() < 20


def test_mask_rcnn_tells_instances_apart(checkpoint):
    name = "maskrcnn_resnet50_fpn"
    target = load(name, "Segmenter", checkpoint=str(checkpoint(name)), labels=NAMES)
    (found,) = target(shown()[1:])
    assert found and all(d.mask.shape == (90, 150) and d.label in NAMES and d.score >= 0.05 for d in found)
