"""What a checkpoint is, the roles it fits, and its network on a device, with the processor that prepares its inputs."""

import contextlib
import hashlib
import importlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

from PIL.Image import Image

from ...core.errors import MissingDependency, ModelError, SpecError, told
from ...media.picture import as_rgb
from ..shared.device import Device

T = TypeVar("T")
SAMPLED = 1024
"""The most values of a tensor in a fingerprint: training changes nearly all, and a whole tensor can take gigabytes."""

EXTRAS = ("torchvision", "num2words", "sentencepiece", "timm", "accelerate")
"""Packages that transformers needs for some families (torchvision: for those that also take videos)."""


CLASSIFY, DETECT, SEGMENT, TAG = (f"target of the task {task}" for task in ("classify", "detect", "segment", "tag"))
"""Roles of a target; "captioner" and "judge" are the others."""


@dataclass(frozen=True, slots=True)
class Kind:
    """What transformers loads with one of its automatic classes. `table`: its names, by `model_type`, in transformers. `words`:
    whether it reads texts besides pictures."""

    what: str
    auto: str
    table: str
    roles: tuple[str, ...]
    words: bool = True


ZERO_SHOT = Kind(
    "zero-shot image classifier", "AutoModelForZeroShotImageClassification",
    "MODEL_FOR_ZERO_SHOT_IMAGE_CLASSIFICATION_MAPPING_NAMES", (CLASSIFY, "judge"),
)  # fmt: skip
CLASSES = Kind(
    "image classifier", "AutoModelForImageClassification", "MODEL_FOR_IMAGE_CLASSIFICATION_MAPPING_NAMES", (CLASSIFY, TAG),
    words=False,
)  # fmt: skip
TEXT = Kind(
    "image-to-text model", "AutoModelForImageTextToText", "MODEL_FOR_IMAGE_TEXT_TO_TEXT_MAPPING_NAMES", ("captioner", "judge")
)
ANSWERS = Kind(
    "visual question answerer", "AutoModelForVisualQuestionAnswering",
    "MODEL_FOR_VISUAL_QUESTION_ANSWERING_MAPPING_NAMES", ("judge",),
)  # fmt: skip
OBJECTS = Kind(
    "object detector", "AutoModelForObjectDetection", "MODEL_FOR_OBJECT_DETECTION_MAPPING_NAMES", (DETECT,), words=False
)
GROUNDED = Kind(
    "zero-shot object detector", "AutoModelForZeroShotObjectDetection",
    "MODEL_FOR_ZERO_SHOT_OBJECT_DETECTION_MAPPING_NAMES", (DETECT,),
)  # fmt: skip
REGIONS = Kind(
    "semantic segmenter", "AutoModelForSemanticSegmentation", "MODEL_FOR_SEMANTIC_SEGMENTATION_MAPPING_NAMES", (SEGMENT,),
    words=False,
)  # fmt: skip
MASKS = Kind(
    "segmenter by masks", "AutoModelForUniversalSegmentation", "MODEL_FOR_UNIVERSAL_SEGMENTATION_MAPPING_NAMES", (SEGMENT,),
    words=False,
)  # fmt: skip
KINDS = (ZERO_SHOT, CLASSES, TEXT, ANSWERS, OBJECTS, GROUNDED, REGIONS, MASKS)
TOLD = ("oneformer",)
"""Families of segmenters that read which task they are to do."""


class Network:
    """A checkpoint in a role: `kind`, `config`, `net` on its `device`, `processor` and, where it has one, `tokenizer`.

    `dtype` "": on cuda bfloat16 if the checkpoint is stored so (float16 would overflow), else float16; elsewhere float32.
    Raises SpecError for a checkpoint of another role, ModelError for one that cannot be read.
    """

    def __init__(self, model: str, role: str, device: str, dtype: str, revision: str) -> None:
        self.name, self.hub = f"hf/{model}", {"trust_remote_code": False} | ({"revision": revision} if revision else {})
        self.device = Device(device, dtype)
        self.lib: Any = importlib.import_module("transformers")
        with quiet(self.lib), self._readable(model):
            self.config: Any = self.lib.AutoConfig.from_pretrained(model, **self.hub)
        self.architecture, self.kind = self._kind(role)
        if not dtype and self.device.dtype_name == "float16" and "bfloat16" in str(getattr(self.config, "dtype", "")):
            self.device = Device(self.device.name, "bfloat16")
        with quiet(self.lib), self._readable(model):
            self.processor: Any = self._processor(model)
            self.net: Any = self._net(model)
        self.tokenizer: Any = getattr(self.processor, "tokenizer", None)
        self.id = f"{self.name}?" + (f"revision={revision}&" if revision else "")
        self.id += f"dtype={self.device.dtype_name}&weights={self._fingerprint()}"
        self.net = self.net.to(self.device.name).eval()

    @contextlib.contextmanager
    def _readable(self, model: str) -> Iterator[None]:
        try:
            yield
        except ImportError as error:
            absent = next((name for name in EXTRAS if name in str(error).lower()), "")
            command = f" (pip install {absent})" if absent else ""
            raise MissingDependency(f"{self.name} needs one more package{command}: {told(error)}") from error
        except (OSError, ValueError) as error:
            message = (
                f"cannot read {model!r} (folder or hub id; safetensors, never a pickle nor code of its own): {told(error)}"
            )
            raise ModelError(message) from error

    def _kind(self, role: str) -> tuple[str, Kind]:
        """Its class and kind, as the checkpoint states them; by its family if it states no class."""
        auto: Any = importlib.import_module("transformers.models.auto.modeling_auto")
        tables = [(kind, getattr(auto, kind.table)) for kind in KINDS]
        for stated in self.config.architectures or []:
            kind = next((kind for kind, table in tables if stated in _flat(table.values())), None)
            break
        else:
            family = self.config.model_type
            kind = next((kind for kind, table in tables if family in table), None)
            stated = _flat([auto.__dict__[kind.table][family]])[0] if kind else f"{family} network"
        if kind is None:
            raise SpecError(f"{self.name} is a {stated}, which fits no role; {'s, '.join(k.what for k in KINDS)}s do")
        if role not in kind.roles:
            raise SpecError(
                f"{self.name} cannot be the {role}: it is a {stated} ({kind.what}), which fits as {' or '.join(kind.roles)}"
            )
        return stated, kind

    def _processor(self, model: str) -> Any:
        """PIL prepares the pictures, with torchvision or without, so that an answer does not depend on what is installed."""
        pictures = partial(self.lib.AutoImageProcessor.from_pretrained, model, backend="pil", **self.hub)
        if not self.kind.words and self.config.model_type not in TOLD:
            return pictures()
        processor = self.lib.AutoProcessor.from_pretrained(model, **self.hub)
        if not hasattr(processor, "image_processor"):  # a joined encoder and decoder, without a processor of its own
            return _Joined(pictures(), self.lib.AutoTokenizer.from_pretrained(model, **self.hub))
        processor.image_processor = pictures()
        return processor

    def _net(self, model: str) -> Any:
        net, info = getattr(self.lib, self.kind.auto).from_pretrained(
            model, dtype=self.device.dtype, use_safetensors=True, output_loading_info=True, **self.hub
        )
        if absent := sorted([*info["missing_keys"], *map(str, info["mismatched_keys"])]):
            raise ModelError(
                f"{self.name} has no weights for {len(absent)} parts of {type(net).__name__}, e.g. {absent[0]!r}: they have"
                " another layout (some need their own code, and have a copy for transformers under another name)"
            )
        return net

    @property
    def pictures(self) -> Any:
        """The processor's part for pictures, which also makes boxes and masks of what the network gives."""
        return getattr(self.processor, "image_processor", self.processor)

    def _fingerprint(self) -> str:
        """A hash of weights and preprocessing: a folder may be rewritten under the same name."""
        made = hashlib.sha256(json.dumps(self.pictures.to_dict(), sort_keys=True, default=str).encode())
        for name, value in self.net.state_dict().items():
            flat = value.detach().reshape(-1)
            made.update(f"{name}{tuple(value.shape)}".encode())
            made.update(flat[:: max(1, len(flat) // SAMPLED)].double().numpy().tobytes())
        return made.hexdigest()[:12]

    # --- asking -----------------------------------------------------------------------------------------------------------

    def inputs(self, image: Image | None, text: str = "", **options: Any) -> dict[str, Any]:
        """What the processor makes of one picture (of any mode) and one text."""
        given: dict[str, Any] = {"images": [as_rgb(image)]} if image is not None else {}
        given |= {"text": [text]} if text else {}
        return dict(self.processor(**given, return_tensors="pt", **options))

    def each(
        self, items: Sequence[T], prepare: Callable[[T], Mapping[str, Any]], ask: Callable[..., Sequence[Any]]
    ) -> list[Any]:
        """`ask(**tensors)` of all items, one answer per item. Raises MemoryError.

        Items are prepared one by one and asked together if their tensors have one shape. So nothing is ever padded, and no
        answer can depend on how a family treats padding.
        """
        with quiet(self.lib):
            return [answer for batch in self.device.batches(items) for answer in self._each(list(map(prepare, batch)), ask)]

    def _each(self, made: Sequence[Mapping[str, Any]], ask: Callable[..., Sequence[Any]]) -> list[Any]:
        groups: dict[Any, list[int]] = {}
        for i, one in enumerate(made):
            groups.setdefault(tuple((name, tuple(value.shape)) for name, value in sorted(one.items())), []).append(i)
        found: dict[int, Any] = {}
        for places in groups.values():
            answers = self.device.run(partial(self._ask, [made[i] for i in places], ask))
            found |= zip(places, answers, strict=True)
        return [found[i] for i in range(len(made))]

    def _ask(self, given: Sequence[Mapping[str, Any]], ask: Callable[..., Sequence[Any]]) -> Sequence[Any]:
        joined = {name: self.device.torch.cat([one[name] for one in given]) for name in given[0]}
        return ask(**{name: self._placed(value) for name, value in joined.items()})

    def _placed(self, value: Any) -> Any:
        return value.to(self.device.name, self.device.dtype if value.is_floating_point() else None)


class _Joined:
    """An image processor and a tokenizer in place of one processor."""

    def __init__(self, image_processor: Any, tokenizer: Any) -> None:
        self.image_processor, self.tokenizer = image_processor, tokenizer

    def __call__(self, images: Any, text: Any = None, **options: Any) -> dict[str, Any]:
        texts = dict(self.tokenizer(text, **options)) if text else {}
        return dict(self.image_processor(images, return_tensors=options["return_tensors"])) | texts


@contextlib.contextmanager
def quiet(lib: Any) -> Iterator[None]:
    """No progress bars and no warnings from transformers; both are restored afterwards."""
    log = lib.utils.logging
    level, bars = log.get_verbosity(), log.is_progress_bar_enabled()
    log.set_verbosity_error()
    log.disable_progress_bar()
    try:
        yield
    finally:
        log.set_verbosity(level)
        if bars:
            log.enable_progress_bar()


def _flat(names: Any) -> list[str]:
    """The names in one list; some families have several."""
    return [name for value in names for name in ([value] if isinstance(value, str) else value)]


def class_names(config: Any) -> Sequence[str]:
    """The checkpoint's names of its classes; () if it has none."""
    names = [str(config.id2label.get(i, f"LABEL_{i}")) for i in range(config.num_labels)]
    unnamed = len(names) != 1000 and all(name == f"LABEL_{i}" for i, name in enumerate(names))
    return () if unnamed else names
