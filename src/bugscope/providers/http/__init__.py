"""http/ADDRESS: a server of the user's own, in any role (docs/http-protocol.md). What it says is data, never run."""

from .generator import Generator
from .protocol import Captioner, Classifier, Judge
from .seeing import Answerer, Detector, Segmenter, Tagger

__all__ = ["Answerer", "Captioner", "Classifier", "Detector", "Generator", "Judge", "Segmenter", "Tagger"]
