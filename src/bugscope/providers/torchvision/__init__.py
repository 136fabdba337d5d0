"""torchvision/NAME[:WEIGHTS]: the networks of torchvision, with its weights or your own, on PyTorch.

Pictures are prepared as the weights' authors did (`weights.transforms()`), and classes take the weights' names.
"""

from .classifier import Classifier
from .detector import Detector
from .segmenter import Segmenter

__all__ = ["Classifier", "Detector", "Segmenter"]
