"""Models of hf/ as the tests load them, and what they are shown."""

from bugscope.core import registry
from bugscope.media.picture import Picture
from bugscope.testing import images

LABELS = ["mug", "bus", "snow", "night"]


def load(role, folder, **options):
    return registry.load(role, f"hf/{folder}", {"device": "cpu"} | options)


def shown():
    return [Picture(image) for image in images()]
