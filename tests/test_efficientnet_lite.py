"""The classifier of the default: tensors only from its file, the same scores as PyTorch."""

import collections
import io
import os
import pickle
import struct

import numpy as np
import pytest
from PIL import Image, ImageDraw

from bugscope.errors import ModelError, SpecError
from bugscope.labels import imagenet
from bugscope.providers.efficientnet_lite import SIZES, Classifier, checkpoint, network, prepare, weights
from bugscope.testing import check_classifier


class Run:
    """Pickles to a call of anything."""

    def __init__(self, call, *arguments):
        self.call, self.arguments = call, arguments

    def __reduce__(self):
        return self.call, self.arguments


HOSTILE = [Run(os.system, "touch owned"), Run(eval, "1"), Run(getattr, "", "join"), {"a": Run(exec, "")}, Run(bytearray, 9)]


@pytest.mark.parametrize("place", range(5))
@pytest.mark.parametrize("hostile", HOSTILE, ids=["system", "eval", "getattr", "nested", "bytearray"])
def test_anything_but_tensors_is_an_error_and_runs_nothing(place, hostile, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    parts = [checkpoint.MAGIC, checkpoint.PROTOCOL, {}, collections.OrderedDict(), []]
    parts[place] = hostile
    file = io.BytesIO(b"".join(pickle.dumps(p, protocol=2) for p in parts))
    with pytest.raises(ModelError, match="only tensors are admitted"):
        checkpoint.load(file, "file")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("state", [{"a": 3}, [1], "text", {"a": [1.0]}])
def test_a_file_of_other_things_is_an_error(state):
    parts = [checkpoint.MAGIC, checkpoint.PROTOCOL, {}, state, []]
    file = io.BytesIO(b"".join(pickle.dumps(p, protocol=2) for p in parts))
    with pytest.raises(ModelError, match="no tensor"):
        checkpoint.load(file, "file")


@pytest.mark.parametrize("data", [b"", b"PK\x03\x04", b"\x80\x02.", pickle.dumps(5, protocol=2), bytes(range(64))])
def test_no_checkpoint_at_all_is_an_error(data):
    with pytest.raises(ModelError):
        checkpoint.load(io.BytesIO(data), "file")


@pytest.mark.parametrize("kept", [0.2, 0.7, 0.999])
def test_a_file_cut_short_is_an_error(kept):
    data = weights("0").read_bytes()
    with pytest.raises(ModelError):
        checkpoint.load(io.BytesIO(data[: int(len(data) * kept)]), "file")


def test_a_tensor_that_reaches_beyond_its_storage_is_an_error():
    storage = checkpoint._Storage("0", np.dtype("<f4"), 4)
    numbers = np.arange(4, dtype="<f4")
    for offset, shape, strides in ((0, (5,), (1,)), (3, (2,), (1,)), (0, (2, 2), (3, 1)), (0, (2,), (-1,)), (-1, (1,), (1,))):
        with pytest.raises(ModelError, match="reaches beyond|has shape"):
            checkpoint._view(checkpoint._Tensor(storage, offset, shape, strides), numbers, "t")
    view = checkpoint._view(checkpoint._Tensor(storage, 0, (2, 2), (1, 2)), numbers, "t")
    assert view.tolist() == [[0, 2], [1, 3]]


def test_a_storage_that_lies_about_its_size_takes_no_memory():
    file = io.BytesIO(struct.pack("<q", 2**60))
    with pytest.raises(ModelError, match="cut short"):
        checkpoint._storages(file, ["0"], {"0": checkpoint._Storage("0", np.dtype("<f4"), 2**60)}, "file")


def test_weights_of_another_network_are_an_error():
    with pytest.raises(ModelError, match="no EfficientNet-Lite: it lacks"):
        network.build({"fc.weight": np.zeros((2, 2))}, 224)


def test_it_fits_its_role():
    classifier = Classifier("0", threads=1)
    check_classifier(classifier)
    assert classifier.labels == imagenet()
    assert np.allclose(classifier([_drawing()]).sum(1), 1, atol=1e-5)
    assert Classifier().id == "efficientnet-lite/0"


def test_unknown_models_are_named():
    with pytest.raises(SpecError, match="unknown EfficientNet-Lite model '3'.*Known: 0, 1, 2"):
        Classifier("3")


@pytest.mark.parametrize("size", [(224, 224), (10, 700), (700, 10), (1, 1)])
def test_any_size_is_cropped_to_the_network(size):
    pixels = prepare(Image.new("RGB", size, (127, 255, 0)), 224)
    assert pixels.shape == (3, 224, 224)
    assert pixels.mean((1, 2)).tolist() == pytest.approx([0, 1, -127 / 128], abs=1e-3)


def _drawing():
    image = Image.new("RGB", (320, 240), "skyblue")
    ImageDraw.Draw(image).ellipse((80, 40, 240, 200), fill="orange", outline="black", width=4)
    return image


@pytest.mark.slow
@pytest.mark.parametrize("model", SIZES)
def test_logits_are_those_of_pytorch(model):
    torch = pytest.importorskip("torch")
    reference = pytest.importorskip("efficientnet_lite_pytorch").EfficientNet.from_name(f"efficientnet-lite{model}")
    reference.load_state_dict(torch.load(weights(model), weights_only=True))
    reference.eval()
    rng = np.random.default_rng(0)
    images = [_drawing(), *(Image.fromarray(rng.integers(0, 256, (300, 260, 3), dtype=np.uint8)) for _ in range(3))]
    with torch.no_grad():
        want = reference(torch.tensor(np.stack([prepare(i, SIZES[model]) for i in images]))).numpy()
    got = Classifier(model).logits(images)
    assert np.abs(got - want).max() < 1e-3
