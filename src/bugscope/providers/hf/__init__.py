"""hf/OWNER/NAME of the Hugging Face hub, or hf/FOLDER: what transformers knows, as a target, captioner or judge.

Weights are read from safetensors files only, since a pickle can run code; code that comes with a checkpoint is not run.
"""

from .captioner import Captioner
from .classifier import Classifier
from .judge import Judge

__all__ = ["Captioner", "Classifier", "Judge"]
