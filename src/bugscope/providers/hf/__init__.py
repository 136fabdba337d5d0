"""hf/OWNER/NAME of the Hugging Face hub, or hf/FOLDER: what transformers knows, as a target of any task, captioner or judge.

Weights are read from safetensors files only, since a pickle can run code; code that comes with a checkpoint is not run.
"""

from .answerer import Answerer
from .captioner import Captioner
from .classifier import Classifier
from .detector import Detector
from .judge import Judge
from .segmenter import Segmenter
from .tagger import Tagger

__all__ = ["Answerer", "Captioner", "Classifier", "Detector", "Judge", "Segmenter", "Tagger"]
