"""The target of the default: tensors only from its file, the same scores as PyTorch."""

import collections
import io
import os
import pickle
import pickletools
import struct
from collections import deque

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageDraw

from bugscope.core.errors import ModelError, SpecError
from bugscope.core.labels import imagenet
from bugscope.providers.efficientnet_lite import SIZES, Classifier, checkpoint, network, prepare, weights
from bugscope.testing import check_classifier


class Run:
    """Pickles to a call of anything."""

    def __init__(self, call, *arguments):
        self.call, self.arguments = call, arguments

    def __reduce__(self):
        return self.call, self.arguments


HOSTILE = [
    Run(os.system, "touch owned"),
    Run(eval, "1"),
    Run(getattr, "", "join"),
    {"a": Run(exec, "")},
    Run(bytearray, 9),
    np.float64(1),
]


@pytest.mark.parametrize("place", range(5))
@pytest.mark.parametrize("hostile", HOSTILE, ids=["system", "eval", "getattr", "nested", "bytearray", "numpy"])
def test_anything_but_tensors_is_an_error_and_runs_nothing(place, hostile, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    parts = [checkpoint.MAGIC, checkpoint.PROTOCOL, {}, collections.OrderedDict(), []]
    parts[place] = hostile
    file = io.BytesIO(b"".join(pickle.dumps(p, protocol=2) for p in parts))
    with pytest.raises(ModelError, match="only tensors are admitted"):
        checkpoint.load(file, "file")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("call", [b"r\xff\xff\xff\x7f", b"p2000000000\n", b"p-1\n"])
def test_a_small_pickle_cannot_ask_for_gigabytes(call):
    with pytest.raises(ModelError, match="keeps something at place"):
        checkpoint.load(io.BytesIO(b"\x80\x02]" + call + b"."), "file")


@pytest.mark.parametrize("name", ["a" * 9000, "b\n" * 4000])
def test_what_a_pickle_asks_for_is_said_in_a_sentence(name):
    with pytest.raises(ModelError, match="only tensors are admitted") as error:
        checkpoint.load(io.BytesIO(pickle.dumps(name, protocol=2)[:-1] + b"\x8c\x01x\x93."), "file")
    assert len(str(error.value)) < 1000 and "\n" not in str(error.value)


@pytest.mark.parametrize("state", [{"a": 3}, [1], "text", {"a": [1.0]}])
def test_a_file_of_other_things_is_an_error(state):
    parts = [checkpoint.MAGIC, checkpoint.PROTOCOL, {}, state, []]
    file = io.BytesIO(b"".join(pickle.dumps(p, protocol=2) for p in parts))
    with pytest.raises(ModelError, match="not a tensor"):
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


def test_a_pickle_cannot_change_our_functions():
    """Opcode b sets attributes of the object before it: here the docstring of what rebuilds a tensor."""
    before = checkpoint.rebuild.__doc__
    state = b"\x80\x02ctorch._utils\n_rebuild_tensor_v2\nN}(X\x07\x00\x00\x00__doc__X\x05\x00\x00\x00ownedu\x86b0}."
    head = b"".join(pickle.dumps(p, protocol=2) for p in (checkpoint.MAGIC, checkpoint.PROTOCOL, {}))
    assert checkpoint.load(io.BytesIO(head + state + pickle.dumps([], protocol=2)), "file") == {}
    assert checkpoint.rebuild.__doc__ == before


@pytest.mark.parametrize("machine", [{"little_endian": False}, 3], ids=["big", "number"])
def test_another_byte_order_is_an_error(machine):
    parts = [checkpoint.MAGIC, checkpoint.PROTOCOL, machine, {}, []]
    with pytest.raises(ModelError, match="little-endian"):
        checkpoint.load(io.BytesIO(b"".join(pickle.dumps(p, protocol=2) for p in parts)), "file")


@pytest.fixture(scope="module")
def real():
    """The five pickles of the installed checkpoint, and what follows them."""
    data = weights("0").read_bytes()
    file, ends = io.BytesIO(data), [0]
    for _ in range(5):
        deque(pickletools.genops(file), maxlen=0)
        ends.append(file.tell())
    return [data[a:b] for a, b in zip(ends, ends[1:], strict=False)], data[ends[-1] :]


@pytest.mark.parametrize("place", range(5))
def test_a_real_file_with_one_hostile_pickle_is_an_error_and_runs_nothing(real, place, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    pickles, storages = real
    hostile = pickle.dumps({"weight": [Run(os.system, "touch owned")]}, protocol=2)
    with pytest.raises(ModelError, match="only tensors are admitted"):
        checkpoint.load(io.BytesIO(b"".join([*pickles[:place], hostile, *pickles[place + 1 :], storages])), "file")
    assert list(tmp_path.iterdir()) == []


def body(value):
    return pickle.dumps(value, protocol=2)[2:-1]


def tensor(key="0", offset=0, shape=(4,), strides=(1,), size=4, kind="FloatStorage"):
    """The opcodes that PyTorch writes for a tensor."""
    name = b"(" + body("storage") + b"ctorch\n" + kind.encode() + b"\n" + body(key) + body("cpu") + body(size) + b"NtQ"
    return b"ctorch._utils\n_rebuild_tensor_v2\n(" + name + body(offset) + body(shape) + body(strides) + b"NNtR"


def written(tensors, storages):
    """A file with `tensors` (name -> opcodes) and `storages` (key -> numbers)."""
    items = b"".join(body(name) + code for name, code in tensors.items())
    state = b"\x80\x02ccollections\nOrderedDict\n)R(" + items + b"u."
    pickles = [pickle.dumps(checkpoint.MAGIC, 2), pickle.dumps(checkpoint.PROTOCOL, 2), pickle.dumps({}, 2)]
    pickles += [state, pickle.dumps(list(storages), 2)]
    return io.BytesIO(b"".join([*pickles, *(struct.pack("<q", len(n)) + n.tobytes() for n in storages.values())]))


@given(
    st.dictionaries(
        st.text(st.characters(exclude_categories=["Cs"]), max_size=9),
        st.tuples(st.lists(st.integers(0, 4), max_size=3), st.sampled_from(sorted(checkpoint.STORAGES))),
        max_size=4,
    )
)
def test_what_is_written_is_read(wanted):
    rng = np.random.default_rng(0)
    arrays, tensors, storages = {}, {}, {}
    for i, (name, (shape, kind)) in enumerate(wanted.items()):
        a = arrays[name] = rng.integers(0, 2, shape).astype(checkpoint.STORAGES[kind])
        storages[f"s{i}"] = a.ravel()
        strides = tuple(int(np.prod(shape[d + 1 :])) for d in range(len(shape)))
        tensors[name] = tensor(f"s{i}", 0, tuple(shape), strides, a.size, kind)
    found = checkpoint.load(written(tensors, storages), "file")
    assert found.keys() == arrays.keys()
    for name, a in arrays.items():
        assert found[name].shape == a.shape and found[name].dtype == a.dtype and (found[name] == a).all()


NUMBERS = {"0": np.arange(4, dtype="<f4")}


def test_two_tensors_may_share_a_storage():
    both = {"a": tensor(), "b": tensor(offset=1, shape=(2, 1), strides=(2, 1))}
    found = checkpoint.load(written(both, NUMBERS), "file")
    assert found["a"].tolist() == [0, 1, 2, 3]
    assert found["b"].tolist() == [[1], [3]]


def test_a_tensor_may_be_stored_by_columns():
    found = checkpoint.load(written({"w": tensor(shape=(2, 2), strides=(1, 2))}, NUMBERS), "file")
    assert found["w"].tolist() == [[0, 2], [1, 3]]


def test_a_storage_that_lies_about_its_size_takes_no_memory():
    file = written({"w": tensor(size=2**60)}, NUMBERS).getvalue()
    begins = len(file) - NUMBERS["0"].nbytes - 8
    with pytest.raises(ModelError, match="cut short"):
        checkpoint.load(io.BytesIO(file[:begins] + struct.pack("<q", 2**60) + file[begins + 8 :]), "file")


@pytest.mark.parametrize(
    ("code", "storages", "message"),
    [
        (tensor(shape=(5,)), NUMBERS, "w reaches beyond its storage of 4 numbers"),
        (tensor(offset=4), NUMBERS, "w reaches beyond"),
        (tensor(offset=3, shape=(2,)), NUMBERS, "w reaches beyond"),
        (tensor(shape=(2, 2), strides=(3, 1)), NUMBERS, "w reaches beyond"),
        (tensor(offset=-1, shape=(1,)), NUMBERS, "w has shape"),
        (tensor(shape=(2**33,), strides=(0,)), NUMBERS, "w reaches beyond"),
        (tensor(strides=(-1,)), NUMBERS, "w has shape"),
        (tensor(shape=(2, 2)), NUMBERS, "w has shape"),
        (tensor(size=5), NUMBERS, "cut short or its storage '0' has a wrong size"),
        (tensor(size=-1), NUMBERS, "not a tensor storage"),
        (tensor(size="4"), NUMBERS, "not a tensor storage"),
        (tensor(key="1"), NUMBERS, "storage '0' that no tensor uses"),
        (tensor(), {}, "lacks storage '0'"),
        (tensor(kind="QuantStorage"), NUMBERS, "asks for torch.QuantStorage"),
        (tensor(shape="ab"), NUMBERS, "not a PyTorch checkpoint of tensors"),
    ],
)
def test_a_tensor_that_does_not_fit_its_file_is_an_error(code, storages, message):
    with pytest.raises(ModelError, match=message):
        checkpoint.load(written({"w": code}, storages), "file")


PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.binary(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=6,
)


@given(st.integers(3, 4), PLAIN.filter(lambda v: v not in ({}, [], "", b"")), st.binary(max_size=40))
def test_whatever_plain_data_the_file_holds_the_error_is_ours(place, value, rest):
    parts = [checkpoint.MAGIC, checkpoint.PROTOCOL, {}, {}, []]
    parts[place] = value
    file = io.BytesIO(b"".join(pickle.dumps(p, protocol=2) for p in parts) + rest)
    with pytest.raises(ModelError):
        checkpoint.load(file, "file")


@pytest.mark.parametrize("change", ["magic", "protocol"])
def test_a_wrong_beginning_of_a_real_file_is_an_error(real, change):
    pickles, storages = real
    place = ["magic", "protocol"].index(change)
    with pytest.raises(ModelError, match="does not begin" if change == "magic" else "protocol 1000, expected 1001"):
        checkpoint.load(io.BytesIO(b"".join([*pickles[:place], pickle.dumps(1000), *pickles[place + 1 :], storages])), "file")


def test_an_absent_file_is_an_error(tmp_path):
    with pytest.raises(ModelError, match="cannot read the checkpoint .*No such file"):
        checkpoint.read(tmp_path / "none.pth")


def test_weights_of_another_network_are_an_error():
    with pytest.raises(ModelError, match="not an EfficientNet-Lite: it lacks"):
        network.build({"fc.weight": np.zeros((2, 2))}, 224)


def test_it_fits_its_role():
    target = Classifier("0", threads=1)
    check_classifier(target)
    assert target.labels == imagenet()
    assert np.allclose(target([_drawing()]).sum(1), 1, atol=1e-5)
    assert Classifier().id == "efficientnet-lite/0"


def test_unknown_models_are_named():
    with pytest.raises(SpecError, match="unknown EfficientNet-Lite model '3'.*Known: 0, 1, 2"):
        Classifier("3")


@pytest.mark.parametrize("size", [(224, 224), (10, 700), (700, 10), (1, 1), (1, 100_000)])
def test_any_size_is_cropped_to_the_network(size):
    pixels = prepare(Image.new("RGB", size, (127, 255, 0)), 224)
    assert pixels.shape == (3, 224, 224)
    assert pixels.mean((1, 2)).tolist() == pytest.approx([0, 1, -127 / 128], abs=1e-3)


def test_batches_change_no_bit():
    target = Classifier("0", threads=1)
    noise = np.random.default_rng(1).integers(0, 256, (2, 224, 224, 3), dtype=np.uint8)
    images = [_drawing(), *map(Image.fromarray, noise)]
    scores = target(images)
    assert scores.dtype == np.float32 and target([]).shape == (0, 1000)
    assert np.array_equal(target(images[::-1])[::-1], scores)
    assert np.array_equal(np.concatenate([target([i]) for i in images]), scores)


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
