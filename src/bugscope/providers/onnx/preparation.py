"""How a picture becomes the input of a network."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ...core.errors import SpecError, short, unknown
from ...media.picture import as_rgb

MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
MARGIN = 0.875
"""The part of the shorter side that the centre crop shows, unless stated."""
INTERPOLATIONS = ("nearest", "lanczos", "bilinear", "bicubic", "box", "hamming")  # the index is PIL's number


@dataclass(frozen=True, slots=True)
class Preparation:
    """A picture -> [height, width, channels]: resized, cropped to `size` from the centre, then (value * scale - mean) / std.

    `resize`: the shorter side, or height and width; `mean`, `std`: one number per channel; one channel is grey.
    """

    size: tuple[int, int]
    resize: tuple[int, ...]
    interpolation: str = "bilinear"
    scale: float = 1 / 255
    mean: tuple[float, ...] = MEAN
    std: tuple[float, ...] = STD
    bgr: bool = False

    def __call__(self, image: Image.Image) -> NDArray[np.float32]:
        image = as_rgb(image).convert("L" if len(self.mean) == 1 else "RGB")
        wide, high = (self.resize[0] * side // min(image.size) for side in image.size)
        if len(self.resize) == 2:
            high, wide = self.resize
        image = image.resize((wide, high), Image.Resampling[self.interpolation.upper()])
        height, width = self.size
        left, top = round((image.width - width) / 2), round((image.height - height) / 2)
        # black where the picture is smaller than the crop
        return self.values(image.crop((left, top, left + width, top + height)))

    def values(self, image: Image.Image) -> NDArray[np.float32]:
        """What the network is given for the pixels of a picture in its size."""
        image = image.convert("L" if len(self.mean) == 1 else "RGB")
        pixels = np.asarray(image, np.float32).reshape(image.height, image.width, -1)
        pixels = pixels[..., ::-1] if self.bgr else pixels
        return np.asarray((pixels * self.scale - np.array(self.mean)) / np.array(self.std), np.float32)


def preparation(what: str, said: Mapping[str, Any], fixed: Sequence[int | None], depth: int) -> Preparation:
    """`fixed`: height and width as the input states them; None if it leaves them open."""
    sides = [round(n) for n in _numbers(what, "size", said["size"], (1, 2))] if "size" in said else []
    size = [sides[0], sides[-1]] if sides else [side for side in fixed if side is not None]
    if len(size) < 2:
        raise SpecError(f"{what} takes pictures of any size; state the one it was trained at, as in size=224")
    if any(side not in (None, asked) for side, asked in zip(fixed, size, strict=True)):
        raise SpecError(f"{what} takes pictures of {fixed[0]} x {fixed[1]}, but size says {size[0]} x {size[1]}")
    resize = said.get("resize", "squash" if size[0] != size[1] else round(size[0] / said.get("margin", MARGIN)))
    resize = size if resize == "squash" else [round(n) for n in _numbers(what, "resize", resize, (1, 2))]
    usual = {"mean": MEAN, "std": STD} if depth == 3 else {"mean": 0, "std": 1}
    mean, std = (_numbers(what, key, said.get(key, usual[key]), (1, depth)) for key in ("mean", "std"))
    (scale,) = _numbers(what, "scale", said.get("scale", 1 / 255), (1,))
    for key, numbers in (("size", size), ("resize", resize), ("std", std), ("scale", [scale])):
        if min(numbers) <= 0:
            raise SpecError(f"{what}: {key} is {short(repr(said.get(key)))}; it should be above 0")
    interpolation, channels = (str(said.get(k, usual)) for k, usual in (("interpolation", "bilinear"), ("channels", "rgb")))
    if interpolation not in INTERPOLATIONS:
        raise unknown("interpolation", interpolation, INTERPOLATIONS)
    if channels not in ("rgb", "bgr"):
        raise unknown("order of channels", channels, ("rgb", "bgr"))
    mean, std = (numbers * (depth if len(numbers) == 1 else 1) for numbers in (mean, std))
    return Preparation(
        (size[0], size[1]), tuple(resize), interpolation, scale, tuple(mean), tuple(std), bgr=channels == "bgr"
    )  # fmt: skip


def _numbers(what: str, key: str, value: Any, lengths: Sequence[int]) -> list[float]:
    """A number, several, or text with commas between them."""
    parts = value.split(",") if isinstance(value, str) else value if isinstance(value, list | tuple) else [value]
    try:
        numbers = [float(part) for part in parts]
    except (TypeError, ValueError):
        numbers = []
    if len(numbers) not in lengths or not np.isfinite(numbers).all():
        count = " or ".join(str(n) for n in sorted(set(lengths)))
        raise SpecError(f"{what}: {key} is {short(repr(value))}; expected {count} {'number' if count == '1' else 'numbers'}")
    return numbers
