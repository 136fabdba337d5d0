"""What detectors and segmenters must keep, and what they say in a form that can be compared."""

import numpy as np

from bugscope.core.records import Detection
from bugscope.media.picture import as_rgb
from bugscope.testing import images, modes


def rows(found):
    """Boxes with scores and places of labels, as an array."""
    return np.array([[d.score, *d[2:6]] for d in found]).reshape(-1, 5)


def same(one, other):
    return [d.label for d in one] == [d.label for d in other] and np.allclose(rows(one), rows(other), atol=1e-4)


def check_detector(detector, pictures=None):
    """One list for each picture, whatever the batch; boxes within the picture, the surest first, under labels of its own."""
    pictures = pictures or images()
    assert len(set(detector.labels)) == len(detector.labels) >= 1
    together = detector(pictures)
    assert len(together) == len(pictures) and list(detector([])) == []
    for found in together:
        assert all(isinstance(d, Detection) and d.label in detector.labels for d in found)
        numbers = rows(found)
        assert np.isfinite(numbers).all() and (numbers >= 0).all() and (numbers[:, 1:] <= 1).all()
        assert (numbers[:, 3:] > numbers[:, 1:3]).all() and (np.diff(numbers[:, 0]) <= 0).all() and len(found) <= 100
    assert all(same(detector([p])[0], found) for p, found in zip(pictures, together, strict=True))
    assert all(map(same, detector(pictures[::-1])[::-1], together))
    assert all(map(same, detector(modes()), detector([as_rgb(p) for p in modes()])))


def check_segmenter(segmenter, pictures=None):
    """Maps of places of labels, or instances with masks in their boxes."""
    pictures = pictures or images()
    together = segmenter(pictures)
    assert len(together) == len(pictures) and list(segmenter([])) == []
    for found in together:
        if isinstance(found, list):
            for d in found:
                high, wide = np.nonzero(d.mask)
                assert np.allclose(d[2:4], [wide.min() / d.mask.shape[1], high.min() / d.mask.shape[0]], atol=0.1)
        else:
            assert found.ndim == 2 and found.min() >= -1 and found.max() < len(segmenter.labels)
    for one, other in zip(segmenter(pictures[::-1])[::-1], together, strict=True):
        assert same(one, other) if isinstance(one, list) else np.array_equal(one, other)
