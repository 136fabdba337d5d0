"""onnx/PATH: a network in an ONNX file, as a target of any task, run with ONNX Runtime; no PyTorch.

How pictures are prepared and what the classes are called is taken from the first of these that says it: the arguments; the
file's metadata (`metadata_props`) under the arguments' names, as JSON, Python literals or plain text; `config.json` and
`preprocessor_config.json` beside the file or above a folder such as `onnx/`, as Hugging Face and timm write them; a file of
names beside the model, such as `labels.txt`; the usual values for ImageNet. ONNX's own metadata for images
(`Image.BitmapPixelFormat`, `Image.NominalPixelRange`) and those of Ultralytics (`names`, `imgsz`, `task`) are understood.
"""

from .classifier import Classifier
from .detector import Detector
from .preparation import Preparation
from .segmenter import Segmenter
from .tagger import Tagger

__all__ = ["Classifier", "Detector", "Preparation", "Segmenter", "Tagger"]
