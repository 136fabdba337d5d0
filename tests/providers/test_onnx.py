"""onnx/PATH on small graphs that the tests build: the score of a class is a sum over the picture's mean colour."""

import json
import os
import shutil
from functools import partial

import numpy as np
import pytest
from PIL import Image

from bugscope.core import registry
from bugscope.core.errors import ModelError, SpecError
from bugscope.core.labels import accepted, imagenet
from bugscope.providers.onnx import Preparation
from bugscope.testing import check_classifier, check_pickle, images
from support import onnx_files
from support.onnx_files import weights

onnx = pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")

RED, GREY = Image.new("RGB", (40, 30), (255, 0, 51)), Image.new("L", (30, 40), 128)
MEAN, STD = np.array([0.485, 0.456, 0.406]), np.array([0.229, 0.224, 0.225])
NAMES = ["Katze", "Hündin", "鳥", "żółw"]


@pytest.fixture
def make(tmp_path):
    """Writes a network and gives its path."""
    return partial(onnx_files.write, tmp_path)


def load(path, **options):
    return registry.load("Classifier", f"onnx/{path}", {"device": "cpu", "threads": 1} | options)


def softmax(logits):
    e = np.exp(logits - logits.max())
    return e / e.sum()


def expected(colour, classes=4, mean=MEAN, std=STD, scale=1 / 255):
    """Probabilities of a picture of one colour."""
    return softmax((np.array(colour) * scale - mean) / std @ weights(classes))


@pytest.mark.parametrize(
    ("shape", "kind"),
    [
        (("n", 3, 32, 32), "float"),
        ((1, 3, 32, 32), "float"),
        ((4, 3, 32, 32), "float"),
        ((-1, 32, 48, 3), "float"),
        (("n", 3, "height", "width"), "float"),
        (("n", "channels", "height", "width"), "float"),
        ((2, 32, 32, 3), "uint8"),
        (("n", 3, 32, 32), "float16"),
        (("n", 3, 32, 32), "double"),
        (("n", 1, 28, 28), "float"),
    ],
    ids=lambda value: str(value),
)
def test_every_layout_batch_and_type_is_answered(make, shape, kind):
    size = {} if isinstance(shape[2], int) else {"size": 32}
    target = load(make(shape=shape, kind=kind), labels=NAMES, **size)
    check_classifier(target)
    check_pickle(target)
    assert list(target.labels) == NAMES
    scores = target([RED, GREY, *images(), *images()])
    assert scores.dtype == np.float32
    assert np.allclose(scores.sum(axis=1), 1, atol=1e-4)
    assert len({row.tobytes() for row in scores}) > 4


def test_a_picture_is_normalised_as_for_imagenet(make):
    want = [expected((255, 0, 51)), expected((128, 128, 128))]
    assert np.allclose(load(make(), labels=NAMES)([RED, GREY]), want, atol=1e-5)
    assert np.allclose(load(make(shape=(3, 32, 32, 3)), labels=NAMES)([RED, GREY]), want, atol=1e-5)


def test_a_uint8_input_gets_the_values_as_they_are(make):
    path = make(kind="uint8")
    assert np.allclose(load(path, labels=NAMES)([RED]), [expected((255, 0, 51), mean=0, std=1, scale=1)], atol=1e-5)
    with pytest.raises(SpecError, match=r"as they are \(uint8\), so no 'mean'"):
        load(path, labels=NAMES, mean=0.5)


def test_grey_is_between_nought_and_one(make):
    got = load(make(shape=("n", 1, 28, 28)), labels=NAMES)([GREY])[0]
    assert np.allclose(got, softmax(np.array([128 / 255]) @ weights(4, 1)), atol=1e-5)


@pytest.mark.parametrize(
    ("options", "wanted"),
    [
        ({"mean": 0.5, "std": 0.25}, {"mean": 0.5, "std": 0.25}),
        (
            {"mean": "127,128,129", "std": [127, 127.5, 128], "scale": 1},
            {"mean": np.array([127, 128, 129]), "std": np.array([127, 127.5, 128]), "scale": 1},
        ),
        ({"scale": 1 / 128}, {"scale": 1 / 128}),
    ],
)  # fmt: skip
def test_values_are_prepared_as_asked_or_as_the_file_says(make, options, wanted):
    want = [expected((255, 0, 51), **wanted)]
    assert np.allclose(load(make(), labels=NAMES, **options)([RED]), want, atol=1e-5)
    said = {key: value if isinstance(value, str) else json.dumps(value) for key, value in options.items()}
    assert np.allclose(load(make(labels="a,b,c,d", **said))([RED]), want, atol=1e-5)


def test_channels_can_be_turned(make):
    assert np.allclose(load(make(), labels=NAMES, channels="bgr")([RED]), [expected((51, 0, 255))], atol=1e-5)
    assert np.allclose(load(make(channels="bgr"), labels=NAMES)([RED]), [expected((51, 0, 255))], atol=1e-5)


def test_an_argument_goes_before_what_the_file_says(make):
    target = load(make(labels="a,b,c,d", mean="0", std="1"), labels=NAMES, mean=0.5)
    assert list(target.labels) == NAMES
    assert np.allclose(target([RED]), [expected((255, 0, 51), mean=0.5, std=1)], atol=1e-5)


def ramp(width, height):
    """Red tells the column, green the row."""
    x, y = np.meshgrid(np.arange(width), np.arange(height))
    return Image.fromarray(np.stack([x, y, np.zeros_like(x)], axis=2).astype(np.uint8))


PLAIN = {"interpolation": "nearest", "scale": 1.0, "mean": (0.0,) * 3, "std": (1.0,) * 3}


def test_the_middle_is_seen_as_large_as_the_preparation_says():
    crop = Preparation((20, 10), (40,), **PLAIN)(ramp(80, 40))
    assert crop.shape == (20, 10, 3)
    assert crop[0, 0].tolist() == [35, 10, 0]
    assert crop[-1, -1].tolist() == [44, 29, 0]
    small = Preparation((10, 10), (20,), **PLAIN)(ramp(80, 40))  # half as large before the crop
    assert np.allclose(small[0, 0, :2], [31, 11], atol=1)
    squashed = Preparation((10, 10), (10, 10), **PLAIN)(ramp(80, 40))
    assert np.allclose(squashed[0, 0, :2], [4, 2], atol=1)
    assert np.allclose(squashed[-1, -1, :2], [76, 38], atol=1)
    black = Preparation((60, 60), (40, 80), **PLAIN)(ramp(80, 40))
    assert black[:10].max() == black[50:].max() == 0


def prepared(path, **options):
    p = load(path, labels=NAMES, **options).scorer.prepared
    return p.size, p.resize


def test_size_and_crop_follow_from_the_file_or_the_arguments(make):
    fixed, free = make(shape=("n", 3, 224, 224)), make("free.onnx", shape=("n", 3, "h", "w"))
    assert prepared(fixed) == ((224, 224), (256,))
    assert prepared(fixed, resize=232) == ((224, 224), (232,))
    assert prepared(fixed, resize="squash") == ((224, 224), (224, 224))
    assert prepared(make("wide.onnx", shape=(1, 32, 64, 3))) == ((32, 64), (32, 64))
    assert prepared(free, size=299) == ((299, 299), (342,))
    assert prepared(free, size="64,96", resize=[70, 100]) == ((64, 96), (70, 100))
    assert prepared(make("said.onnx", shape=("n", 3, "h", "w"), size="[64, 64]", resize="squash")) == ((64, 64), (64, 64))


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({}, "takes pictures of any size; state the one .* size=224"),
        ({"size": "big"}, "size is 'big'; expected 1 or 2 numbers"),
        ({"size": [1, 2, 3]}, "size is .*; expected 1 or 2 numbers"),
        ({"size": -1}, "size is -1; it should be above 0"),
        ({"size": 32, "resize": "crop"}, "resize is 'crop'"),
        ({"size": 32, "mean": [0.5, 0.5]}, "mean is .*; expected 1 or 3 numbers"),
        ({"size": 32, "mean": float("nan")}, "mean is nan"),
        ({"size": 32, "std": 0}, "std is 0; it should be above 0"),
        ({"size": 32, "scale": "a lot"}, "scale is 'a lot'; expected 1 number"),
        ({"size": 32, "interpolation": "bicubik"}, "unknown interpolation 'bicubik'. Did you mean 'bicubic'"),
        ({"size": 32, "channels": "grb"}, "unknown order of channels 'grb'"),
        ({"size": 32, "device": "gpu"}, "unknown device of ONNX Runtime 'gpu'"),
        ({"size": 32, "output": "score"}, "unknown output of .* 'score'. Did you mean 'scores'"),
        ({"sise": 32}, "unknown argument .* 'sise'. Did you mean 'size'"),
    ],
)
def test_an_argument_without_a_meaning_is_a_sentence(make, options, says):
    path = make(shape=("n", 3, "h", "w"))
    with pytest.raises(SpecError, match=says):
        load(path, labels=NAMES, **options)


def test_a_size_that_the_network_does_not_take_is_refused(make):
    with pytest.raises(SpecError, match="takes pictures of 32 x 32, but size says 64 x 64"):
        load(make(), labels=NAMES, size=64)


def test_without_cuda_it_is_said(make):
    runtime = pytest.importorskip("onnxruntime")
    if "CUDAExecutionProvider" in runtime.get_available_providers():
        pytest.skip("CUDA is here")
    with pytest.raises(SpecError, match="'cuda:1': this ONNX Runtime has no CUDA; pip install onnxruntime-gpu"):
        load(make(), labels=NAMES, device="cuda:1")
    assert len(load(make(), labels=NAMES, device="")([RED])) == 1


# --- names


@pytest.mark.parametrize(
    "said",
    [
        {"labels": json.dumps(NAMES)},
        {"labels": json.dumps(dict(enumerate(NAMES)))},
        {"labels": "Katze, Hündin, 鳥, żółw"},
        {"labels": "Katze\nHündin\n鳥\nżółw"},
        {"names": str(dict(enumerate(NAMES)))},
        {"names": str(NAMES), "author": "nobody", "stride": "1"},
    ],
)
def test_the_file_names_its_classes(make, said):
    assert list(load(make(**said)).labels) == NAMES


def test_names_in_the_file_are_data_only(make, tmp_path, monkeypatch):
    """They are neither run nor taken for a path."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "secret.txt").write_text("a\nb\nc\nd\n")
    with pytest.raises(SpecError):
        load(make(names="__import__('pathlib').Path('ran').touch()"))
    assert not (tmp_path / "ran").exists()
    with pytest.raises(SpecError):
        load(make(labels="secret.txt"))
    with pytest.raises(SpecError):
        load(make(labels="[" * 10_000))


def test_ultralytics_metadata_is_understood(make):
    names = str(dict(enumerate(NAMES)))
    path = make(shape=("n", 3, "h", "w"), softmax=True, names=names, imgsz="[64, 64]", task="classify", batch="1")
    target = load(path)
    assert (target.scorer.prepared.size, target.scorer.prepared.resize) == ((64, 64), (64,))
    assert np.allclose(target([RED]), [expected((255, 0, 51), mean=0, std=1)], atol=1e-5)
    with pytest.raises(ModelError, match="a network for the task 'detect'; expected 'classify'"):
        load(make(task="detect", names=names))


def test_hugging_face_exports_are_understood(make, tmp_path):
    path = make(shape=("batch_size", "num_channels", "height", "width"))
    (tmp_path / "config.json").write_text(json.dumps({"id2label": dict(enumerate(NAMES))}), encoding="utf-8")
    config = {
        "do_resize": True,
        "size": {"shortest_edge": 48},
        "do_center_crop": True,
        "crop_size": {"height": 32, "width": 32},
    }
    config |= {"do_rescale": True, "rescale_factor": 1 / 255, "do_normalize": True, "image_mean": [0.5] * 3, "resample": 3}
    (tmp_path / "preprocessor_config.json").write_text(json.dumps(config | {"image_std": [0.5, 0.5, 0.25]}))
    target = load(path)
    assert list(target.labels) == NAMES
    p = target.scorer.prepared
    assert (p.size, p.resize, p.interpolation) == ((32, 32), (48,), "bicubic")
    want = expected((255, 0, 51), mean=0.5, std=np.array([0.5, 0.5, 0.25]))
    assert np.allclose(target([RED]), [want], atol=1e-5)
    larger = load(path, size=64).scorer.prepared
    assert (larger.size, larger.resize) == ((64, 64), (73,))
    (tmp_path / "preprocessor_config.json").write_text("{")
    with pytest.raises(ModelError, match="cannot read '.*preprocessor_config.json'"):
        load(path)


def test_a_thousand_outputs_without_names_are_imagenet(make):
    path = make(classes=1000)
    target = load(path)
    assert target.labels == imagenet()
    assert np.allclose(target([RED]), [expected((255, 0, 51), 1000)], atol=1e-6)


def test_the_background_of_1001_outputs_is_left_out(make):
    for options in ({}, {"labels": "imagenet"}):
        target = load(make(classes=1001), **options)
        assert target.labels == imagenet()
        check_classifier(target, [RED, GREY])
        assert np.allclose(target([RED]), [expected((255, 0, 51), 1001)[1:]], atol=1e-6)
    named = load(make(classes=1001), labels=["background", *imagenet()])
    assert named.labels == ("background", *imagenet())


def test_what_is_accepted_applies_to_its_own_names(make):
    """The checkpoint says "notebook, notebook computer"; a laptop that it calls so is right."""
    lemmas = ["notebook, notebook computer", "laptop, laptop computer", "tub, vat", "n02808440 bathtub"]
    target = load(make(labels=json.dumps(lemmas)))
    assert list(target.labels) == ["notebook", "laptop", "tub", "bathtub"]
    assert target.labels[0] in accepted("laptop")


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({}, "has 4 outputs and no names for them; pass labels="),
        ({"labels": "a,b,c"}, "has 4 outputs, but there are 3 labels"),
        ({"labels": "imagenet"}, "has 4 outputs, but there are 1000 labels"),
        ({"labels": "no.txt"}, "there is no file 'no.txt'"),
    ],
)
def test_names_that_do_not_fit_are_a_sentence(make, options, says):
    with pytest.raises(SpecError, match=says):
        load(make(), **options)


def test_names_beside_the_file_that_do_not_fit_say_where_they_are_from(make, tmp_path):
    (tmp_path / "config.json").write_text(json.dumps({"id2label": {"0": "a", "1": "b"}}))
    with pytest.raises(SpecError, match="has 4 outputs, but there are 2 labels, by its metadata or config.json"):
        load(make())
    assert list(load(make(), labels=NAMES).labels) == NAMES


# --- outputs


def test_probabilities_are_left_as_they_are(make):
    want = [expected((255, 0, 51))]
    path = make(softmax=True)
    assert np.allclose(load(path, labels=NAMES)([RED]), want, atol=1e-5)
    assert np.allclose(load(path, labels=NAMES, softmax=True)([RED]), [softmax(want[0])], atol=1e-5)
    logits = (np.array([1, 0, 0.2]) - MEAN) / STD @ weights(4)
    assert np.allclose(load(make(), labels=NAMES, softmax=False)([RED]), [logits], atol=1e-5)
    assert np.allclose(load(make(softmax=False), labels=NAMES)([RED]), want, atol=1e-5)


def test_scores_may_have_sides_of_one(make):
    target = load(make(tail=(-1, 4, 1, 1)), labels=NAMES)
    check_classifier(target)
    assert np.allclose(target([RED]), [expected((255, 0, 51))], atol=1e-5)


def test_of_several_outputs_the_scores_are_found_or_asked_for(make):
    assert np.allclose(load(make(more="label"), labels=NAMES)([RED]), [expected((255, 0, 51))], atol=1e-5)
    path = make(more="features")
    with pytest.raises(SpecError, match="which output has the scores.*output=NAME, of: features .*, scores"):
        load(path, labels=NAMES)
    assert np.allclose(load(path, labels=NAMES, output="scores")([RED]), [expected((255, 0, 51))], atol=1e-5)
    with pytest.raises(SpecError, match="which output has the scores"):
        load(make(more="label"), labels=NAMES, output="label")


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"shape": ("n", 3, 32)}, r"input of shape \['n', 3, 32\]; expected \[n, 3, height, width\]"),
        ({"shape": ("n", 4, 32, 32)}, "no side is 3 or 1"),
        ({"kind": "int64"}, r"takes a tensor\(int64\); expected one of"),
        ({"more": "input"}, r"has 2 inputs \('image', 'mask'\)"),
        ({"tail": (-1, 2, 2)}, r"output of shape \(1, 2, 2\); expected \(1, classes\)"),
        ({"tail": (-1,)}, r"output of shape \(4,\)"),
    ],
)
def test_a_network_that_is_no_classifier_of_pictures_is_a_sentence(make, options, says):
    with pytest.raises(ModelError, match=says):
        load(make(**options), labels=NAMES)


def test_a_file_that_is_absent_or_broken_is_a_sentence(make, tmp_path):
    make("resnet.onnx")
    with pytest.raises(SpecError, match="no such file. Did you mean '.*resnet.onnx'"):
        load(tmp_path / "resnet5.onnx")
    with pytest.raises(SpecError, match="no such file"):
        load(tmp_path / "nowhere" / "model.onnx")
    (tmp_path / "broken.onnx").write_bytes(b"not a network")
    with pytest.raises(ModelError, match="ONNX Runtime cannot load '.*broken.onnx'"):
        load(tmp_path / "broken.onnx")


def test_without_room_a_batch_is_given_up(make, monkeypatch):
    target = load(make(), labels=NAMES)

    class Full:
        def run(self, *_):
            raise RuntimeError("[ONNXRuntimeError] : 6 : Failed to allocate memory for requested buffer of size 1")

    monkeypatch.setattr(target.scorer.network, "session", Full())
    with pytest.raises(MemoryError, match="Failed to allocate"):
        target([RED])


# --- its id


def test_the_id_tells_what_changes_an_answer(make, tmp_path):
    path = make()
    ids = [load(path, labels=NAMES, **more).id for more in ({}, {"mean": 0.5}, {"resize": "squash"}, {"softmax": False})]
    ids += [load(path, labels="a,b,c,d").id, load(make(softmax=True), labels=NAMES).id]
    assert len(set(ids)) == len(ids)
    assert load(make(), labels=NAMES, threads=2).id == ids[0]


def test_the_id_tells_of_weights_outside_the_file(make, tmp_path):
    path = make(classes=1000)
    onnx.save_model(onnx.load(path), path, save_as_external_data=True, location="kept beside.bin", size_threshold=0)
    first = load(path)
    data = bytearray((tmp_path / "kept beside.bin").read_bytes())
    data[:4000] = bytes(4000)
    (tmp_path / "kept beside.bin").write_bytes(data)
    second = load(path)
    assert first.id != second.id
    assert not np.allclose(first([RED]), second([RED]))


def test_a_file_of_the_working_directory_is_found(make, tmp_path, monkeypatch):
    make("mein modell.onnx")
    shutil.copy(tmp_path / "mein modell.onnx", tmp_path / "über.onnx")
    monkeypatch.chdir(tmp_path)
    assert len(registry.load("Classifier", "onnx/mein modell.onnx", {"labels": NAMES})([RED])) == 1
    assert len(registry.load("Classifier", "onnx/über.onnx", {"labels": NAMES})([RED])) == 1
    monkeypatch.setenv("HOME", os.fspath(tmp_path))
    assert len(registry.load("Classifier", "onnx/~/über.onnx", {"labels": NAMES})([RED])) == 1


# --- against the processors of transformers


PROCESSORS = {
    "ViTImageProcessor": {}, "DeiTImageProcessor": {}, "ConvNextImageProcessor": {"size": {"shortest_edge": 224}},
    "MobileNetV2ImageProcessor": {}, "MobileViTImageProcessor": {}, "EfficientNetImageProcessor": {"rescale_offset": True},
    "LevitImageProcessor": {}, "BitImageProcessor": {}, "PoolFormerImageProcessor": {}, "BeitImageProcessor": {},
}  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("name", PROCESSORS)
def test_pictures_are_prepared_as_transformers_does(make, tmp_path, name):
    transformers = pytest.importorskip("transformers")
    pytest.importorskip("torchvision")
    processor = getattr(transformers, name)(**PROCESSORS[name])
    processor.save_pretrained(tmp_path)
    prepare = load(make(shape=("n", 3, "h", "w")), labels=NAMES).scorer.prepared
    # where an odd number of pixels is cropped, transformers begins at the half rounded down, torchvision to the even one
    picture = images()[0].resize((512, 384), Image.Resampling.BICUBIC)
    want = processor(picture, return_tensors="np")["pixel_values"][0].transpose(1, 2, 0)
    assert prepare(picture).shape == want.shape
    # roundings, at most; half a pixel further they would differ by a tenth
    assert np.abs(prepare(picture) - want).mean() < 0.01 * np.abs(want).mean()


# --- what exporters write


@pytest.mark.parametrize(
    ("values", "scale", "mean", "std"),
    [
        ("NominalRange_0_255", 1, 0, 1),
        ("Normalized_0_1", 1 / 255, 0, 1),
        ("Normalized_1_1", 1 / 255, 0.5, 0.5),
        ("NominalRange_16_235", 219 / 255, -16, 1),
    ],
)
def test_onnxs_own_metadata_for_images_are_read(make, values, scale, mean, std):
    said = {"Image.BitmapPixelFormat": "Bgr8", "Image.NominalPixelRange": values, "Image.ColorSpaceGamma": "SRGB"}
    p = load(make(**said), labels=NAMES).scorer.prepared
    assert (p.bgr, p.scale, p.mean, p.std) == (True, scale, (mean,) * 3, (std,) * 3)
    assert load(make(**said), labels=NAMES, channels="rgb").scorer.prepared.bgr is False


@pytest.mark.parametrize(
    ("said", "says"),
    [
        ({"Image.BitmapPixelFormat": "Bgra8"}, "Did you mean 'Bgr8'"),
        ({"Image.NominalPixelRange": "NominalRange_0_256"}, "Did you mean 'NominalRange_0_255'"),
    ],
)
def test_image_metadata_that_mean_nothing_are_named(make, said, says):
    with pytest.raises(SpecError, match=says):
        load(make(**said), labels=NAMES)


@pytest.mark.parametrize("name", ["labels.txt", "model.txt", "classes.txt", "class_names.txt", "labels.json"])
def test_names_in_a_file_beside_the_model_are_found(make, tmp_path, name):
    text = json.dumps(NAMES) if name.endswith("json") else "\n".join(f"{i} {name}" for i, name in enumerate(NAMES))
    (tmp_path / name).write_text(text, encoding="utf-8")
    assert list(load(make()).labels) == NAMES
    assert list(load(make(labels="a,b,c,d")).labels) == list("abcd")
    with pytest.raises(SpecError, match=f"has 3 outputs, but there are 4 labels, by {name} beside it"):
        load(make(classes=3))


@pytest.mark.parametrize("where", ["onnx", "onnx/fp16", "int8"])
def test_the_configuration_of_a_repository_is_above_its_onnx_folder(make, tmp_path, where):
    (tmp_path / where).mkdir(parents=True)
    shutil.move(make(classes=1000), tmp_path / where / "model.onnx")
    names = {str(i): f"bird {i}" for i in range(1000)}
    (tmp_path / "config.json").write_text(json.dumps({"id2label": names}))
    (tmp_path / "preprocessor_config.json").write_text(
        json.dumps({"size": {"height": 32, "width": 32}, "do_normalize": True, "image_mean": [0.5] * 3, "image_std": [0.5] * 3})
    )
    target = load(tmp_path / where / "model.onnx")
    assert target.labels[:2] == ("bird 0", "bird 1")
    assert (target.scorer.prepared.mean, target.scorer.prepared.resize) == ((0.5,) * 3, (32, 32))


def test_a_folder_that_is_no_form_of_a_repository_is_not_left(make, tmp_path):
    (tmp_path / "mine").mkdir()
    shutil.move(make(), tmp_path / "mine" / "model.onnx")
    (tmp_path / "config.json").write_text(json.dumps({"id2label": dict(enumerate(NAMES))}))
    with pytest.raises(SpecError, match="no names for them"):
        load(tmp_path / "mine" / "model.onnx")


def test_timms_configuration_is_understood(make, tmp_path):
    cfg = {"input_size": [3, 32, 32], "crop_pct": 0.8, "interpolation": "bicubic", "mean": [0.5] * 3, "std": [0.25] * 3}
    (tmp_path / "config.json").write_text(json.dumps({"label_names": NAMES, "pretrained_cfg": cfg}), encoding="utf-8")
    target = load(make())
    assert list(target.labels) == NAMES
    p = target.scorer.prepared
    assert (p.size, p.resize, p.interpolation, p.mean, p.std) == ((32, 32), (40,), "bicubic", (0.5,) * 3, (0.25,) * 3)


@pytest.mark.parametrize("order", ["nchw", "nhwc"])
@pytest.mark.parametrize("sides", [("a", "b", "e"), ("height", "width", "channels"), (-1, -1, -1)])
def test_a_layout_that_the_file_leaves_open_is_found(make, order, sides):
    named = sides if order == "nhwc" else (sides[2], *sides[:2])
    path = make(shape=("n", 32, 32, 3) if order == "nhwc" else ("n", 3, 32, 32))
    net = onnx.load(path)
    for axis, name in zip(net.graph.input[0].type.tensor_type.shape.dim, ("n", *named), strict=True):
        axis.Clear()
        if isinstance(name, str):
            axis.dim_param = name
    onnx.save(net, path)
    assert np.allclose(load(path, labels=NAMES, size=32)([RED]), [expected((255, 0, 51))], atol=1e-5)
    assert np.allclose(load(path, labels=NAMES, size=32, layout=order)([RED]), [expected((255, 0, 51))], atol=1e-5)
    with pytest.raises(SpecError, match="unknown layout 'nwhc'. Did you mean 'nhwc'"):
        load(path, labels=NAMES, size=32, layout="nwhc")


def sigmoid(path):
    """The network with each score between 0 and 1."""
    net = onnx.load(path)
    result = net.graph.node[-1].input[0]
    net.graph.node.insert(len(net.graph.node) - 1, onnx.helper.make_node("Sigmoid", [result], ["each"]))
    net.graph.node[-1].input[0] = "each"
    onnx.save(net, path)
    return path


@pytest.mark.parametrize("activated", [False, True])
def test_one_output_is_the_probability_of_the_second_of_two_labels(make, activated):
    path = make(classes=1)
    target = load(sigmoid(path) if activated else path, labels="no,yes")
    assert target.labels == ("no", "yes")
    check_classifier(target, [RED, GREY])
    logit = (np.array((255, 0, 51)) / 255 - MEAN) / STD @ weights(1)
    second = 1 / (1 + np.exp(-logit[0]))
    assert np.allclose(target([RED]), [[1 - second, second]], atol=1e-5)
    with pytest.raises(SpecError, match=r"the number of labels is 1; pass labels='not a+ \.\.\. a+,a+ ") as error:
        load(path, labels=["a" * 9000])
    assert len(str(error.value)) < 2000
    with pytest.raises(SpecError, match=r"the number of labels is 1; pass labels='not yes,yes'"):
        load(path, labels=["yes"])
    with pytest.raises(SpecError, match=r"has 1 outputs and no names for them; pass labels=NOT,IT"):
        load(path)


def test_one_output_may_lack_an_axis_of_its_own(make):
    with_axis, without = load(make(classes=1), labels="no,yes"), load(make("flat.onnx", classes=1, tail=[-1]), labels="no,yes")
    assert np.array_equal(with_axis([RED, GREY]), without([RED, GREY]))


def test_what_a_network_makes_of_infinite_numbers_is_no_score_and_no_warning(make, monkeypatch):
    monkeypatch.setattr(onnx_files, "weights", lambda classes, depth: np.float32([[np.inf] * classes, *[[0] * classes] * 2]))
    target = load(make(), labels=NAMES, softmax=True)
    assert np.isnan(target([RED])).all()


def test_sigmoids_of_many_labels_are_left_as_they_are(make):
    target = load(sigmoid(make()), labels=NAMES)
    logits = (np.array((255, 0, 51)) / 255 - MEAN) / STD @ weights(4)
    assert not target.softmax and np.allclose(target([RED]), [1 / (1 + np.exp(-logits))], atol=1e-5)


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 102530333\n", "a pointer of Git LFS.*git lfs pull"),
        (b"<!DOCTYPE html>\n<html>404", "is a web page, not a file of weights"),
        (b"", "is empty"),
    ],
)
def test_what_stands_in_the_place_of_a_file_is_named(tmp_path, data, says):
    (tmp_path / "model.onnx").write_bytes(data)
    with pytest.raises(ModelError, match=says):
        load(tmp_path / "model.onnx")


def test_a_file_that_is_too_new_says_so_whole(make):
    path = make()
    net = onnx.load(path)
    net.ir_version = 99
    onnx.save(net, path)
    with pytest.raises(ModelError, match="Unsupported model IR version: 99.*; update onnxruntime"):
        load(path)
