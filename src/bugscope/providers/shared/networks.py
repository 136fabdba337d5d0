"""PyTorch classifiers: reading the user's own weights, naming the classes, and asking the network."""

import argparse
import hashlib
import importlib
import json
import pickle
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL.Image import Image

from ...core.errors import ModelError, SpecError, nearest, told
from ...core.labels import named
from ...media.picture import as_rgb
from .device import Device
from .files import genuine


def read_weights(path: str) -> Any:
    """The state dict in a .safetensors file, or in a file of `torch.save`, from which only tensors are admitted.

    It is also found inside {"state_dict": ...}, {"model": ...} and the like (the averaged one of timm's training first), and
    under the prefixes "module." (DistributedDataParallel), "_orig_mod." (torch.compile), "model.". Raises SpecError or
    ModelError.
    """
    file = Path(path).expanduser()
    if not file.is_file():
        near = nearest(file.name, [p.name for p in file.parent.glob("*")] if file.parent.is_dir() else [])
        raise SpecError(f"checkpoint {path!r} is not a file." + (f" Did you mean {str(file.parent / near)!r}?" if near else ""))
    genuine(file)
    found = _tensors(file)
    for key in ("state_dict_ema", "model_ema", "state_dict", "model_state_dict", "model"):
        if isinstance(found, dict) and isinstance(found.get(key), dict):
            found = found[key]
            break
    torch: Any = importlib.import_module("torch")
    if not isinstance(found, dict) or not found or not all(torch.is_tensor(v) for v in found.values()):
        has = f"a dict of {', '.join(map(str, list(found)[:5]))}" if isinstance(found, dict) else f"a {type(found).__name__}"
        raise ModelError(f"checkpoint {path!r} should hold a state dict (names with their tensors), but holds {has}")
    for prefix in ("_orig_mod.", "module.", "_orig_mod.", "model."):
        if all(name.startswith(prefix) for name in found):
            found = {name.removeprefix(prefix): value for name, value in found.items()}
    return found


def _tensors(file: Path) -> Any:
    torch: Any = importlib.import_module("torch")
    try:
        if file.suffix == ".safetensors":
            return importlib.import_module("safetensors.torch").load_file(file)
        with torch.serialization.safe_globals([argparse.Namespace]):  # timm's training keeps its arguments beside the weights
            return torch.load(file, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        raise ModelError(
            f"checkpoint {str(file)!r} was not written by torch.save, or holds more than tensors (a whole model?), which could "
            "run code; save model.state_dict()"
        ) from error
    except Exception as error:
        raise ModelError(f"cannot read the checkpoint {str(file)!r}: {told(error)}") from error


def fill(net: Any, what: str, state: Any) -> Any:
    """`net` with these weights, ready to answer. Raises ModelError if they belong to another network."""
    try:
        net.load_state_dict(state)
    except RuntimeError as error:
        raise ModelError(f"the weights are not those of {what}: {told(error)}") from error
    return net.eval()


def misfit(what: str, state: Any, wanted: str) -> ModelError:
    near = nearest(wanted, state) or next(iter(state))
    return ModelError(f"the weights are not those of {what}: there is no {wanted!r} among them; the nearest is {near!r}")


def named_classes(what: str, outputs: int, names: Sequence[str]) -> tuple[str, ...]:
    """The labels of `outputs` classes that are called `names`. Raises SpecError if these are missing, too few or too many."""
    if not names:
        more = " ('imagenet' if they are those of ImageNet-1k)" if outputs == 1000 else ""
        raise SpecError(f"{what} has {outputs} outputs and no names for them; pass the argument labels=a,b,c or a file{more}")
    if len(names) != outputs:
        raise SpecError(f"{what} has {outputs} classes, but there are {len(names)} labels")
    return named(names)


def fingerprint(net: Any, *more: Any) -> str:
    """A hash of the weights and whatever else changes an answer: a file may be rewritten under the same name."""
    torch: Any = importlib.import_module("torch")
    made = hashlib.sha256(json.dumps([more, list(net.state_dict())], default=str).encode())
    for value in net.state_dict().values():
        made.update(value.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy())
    return made.hexdigest()[:12]


class Scorer:
    """Asks a network that takes normalised pictures and gives one logit per class. `apart`: each class stands by itself."""

    def __init__(self, device: Device, net: Any, transform: Callable[[Image], Any], apart: bool = False) -> None:
        self.device, self.transform, self.apart = device, transform, apart
        self.net = net.to(device.name, device.dtype)

    def __call__(self, images: Sequence[Image], classes: int) -> NDArray[np.float32]:
        """Probabilities [n, classes], by a softmax or a sigmoid. Raises MemoryError."""
        rows = self.device.each(images, self._ask)
        return np.array(rows, dtype=np.float32).reshape(len(images), classes)

    def _ask(self, images: Sequence[Image]) -> Sequence[Any]:
        pixels = self.device.torch.stack([self.transform(as_rgb(image)) for image in images])
        logits = self.net(pixels.to(self.device.name, self.device.dtype)).float()
        return list((logits.sigmoid() if self.apart else logits.softmax(dim=1)).cpu().numpy())
