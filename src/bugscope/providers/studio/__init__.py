"""studio: a small photo studio that draws path-traced pictures on a CPU; generator, judge and captioner of the default.

`studio` takes the fastest variant that works here; `studio/scalar` and `studio/llvm` name one. They differ only
in noise, but always in some bits, so a run stays with the variant it began with.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ...core.errors import ModelError, SpecError, short
from ...core.labels import accepted
from ...core.records import Phrase
from ...media.picture import Picture
from . import objects, prompts, variants
from .captioner import Captioner
from .render import SAMPLES, SIZE
from .scene import allowed
from .truth import truth
from .vocabulary import VALUES
from .workers import TIMEOUT, Pool, cores

__all__ = ["Captioner", "Generator", "Judge"]

VERSION = 2
"""Raised whenever the same prompt and seed give another picture."""

SIDES = (32, 1024)
"""Least and most pixels of the shorter side."""
WIDEST = 4

SUGGESTED = ("pineapple", "school bus", "hourglass", "goblet", "folding chair", "mailbox")
"""The labels of a hunt that names none: well-recognised objects of different kinds."""


class Generator:
    """Prompts and seeds -> pictures, the same for the same prompt and seed in any batch, process or order.

    The truth of each has the label, the box and the mask of everything in it.
    """

    requires = ("mitsuba", "mitsuba_oidn", "manifold3d")
    extra = "studio"
    models = variants.NAMES
    example = "studio"
    repeats = True
    without_effect = ("workers", "timeout")

    def __init__(
        self,
        model: str = "",
        *,
        workers: int = 0,
        samples: int = SAMPLES,
        size: int = SIZE,
        aspect: str = "1:1",
        timeout: float = TIMEOUT,
    ) -> None:
        """`workers`: processes, 0 for one per core; `samples`: paths per pixel where the object is, a third of them elsewhere;
        `size`: pixels of the shorter side; `aspect`: width to height ("4:3"); `timeout`: seconds after which a process that
        draws one picture counts as hanging and is replaced."""
        for name, value, least in (("workers", workers, 0), ("samples", samples, 1), ("timeout", timeout, 1)):
            if value < least:
                raise SpecError(f"studio argument {name} is {value}; it must be at least {least}")
        frame = _frame(size, aspect)
        variant, environment = variants.choose(model)
        self.id = (
            f"studio/{variant}-v{VERSION}"
            + (f"-{samples}spp" if samples != SAMPLES else "")
            + (f"-{frame[0]}x{frame[1]}px" if frame != (SIZE, SIZE) else "")
        )
        self.labels: Sequence[str] = tuple(objects.load_all())
        self.suggested: Sequence[str] = SUGGESTED
        self.pool = Pool(variant, environment, workers or cores(), samples, frame, timeout)

    def __call__(self, prompts_: Sequence[str], seeds: Sequence[int]) -> list[Picture]:
        self.check(prompts_)
        drawn = self.pool.draw([(p, int(s)) for p, s in zip(prompts_, seeds, strict=True)])
        return [Picture(Image.fromarray(d.pixels), truth(d.info["scene"]["label"], d.things, d.regions), d.info) for d in drawn]

    def check(self, texts: Sequence[str]) -> None:
        """Raises SpecError naming the words of a prompt that the studio does not know."""
        for text in dict.fromkeys(texts):
            prompts.parse(text)

    def phrases(self, label: str) -> list[Phrase]:
        """The conditions under which a person could still name the object."""
        model = objects.load_all().get(label)
        return [Phrase(v.phrase, v.before) for v in VALUES if model and allowed(model, v.attribute, v.name)]

    def admissible(self, label: str, phrase: Phrase) -> bool:
        """Whether the studio knows the phrase and a person could still name the object under it."""
        value = prompts.value_of(phrase.text)
        model = objects.load_all().get(label)
        return value is not None and model is not None and allowed(model, value.attribute, value.name)

    def close(self) -> None:
        self.pool.close()


def _frame(size: int, aspect: str) -> tuple[int, int]:
    """Width and height. Raises SpecError."""
    least, most = SIDES
    if not least <= size <= most:
        raise SpecError(f"studio argument size is {size}; it must be from {least} to {most}, the pixels of the shorter side")
    sides = re.fullmatch(r"(\d{1,4}):(\d{1,4})", str(aspect))
    width, height = (int(n) for n in sides.groups()) if sides else (0, 0)
    if not width or not height or max(width, height) > WIDEST * min(width, height):
        bounds = f"from 1:{WIDEST} to {WIDEST}:1"
        raise SpecError(f"studio argument aspect is {short(repr(aspect))}; it must be width:height such as 4:3, {bounds}")
    scale = size / min(width, height)
    return round(width * scale), round(height * scale)


class Judge:
    """Exact for studio pictures: 1 where the label is shown plainly enough for a person to name, else 0.

    The thresholds: the object covers at least `AREA` of the frame (more where the picture is `COARSE`), at least `SHARE` of its
    silhouette is in frame and unhidden, its pixels differ from what is around them by at least `CONTRAST` (RMS, sRGB 0..1), and
    the class allows the view, colour and material (`objects.Traits`). All of it is asked of the finished picture: what a lens
    bends out of the frame and what an overlay hides is not shown.
    """

    AREA, SHARE, CONTRAST = 0.015, 0.5, 0.06
    COARSE: Mapping[tuple[str, str], float] = {
        ("rendition", "pixel art"): 0.06,  # about 16 x 16 cells
        ("rendition", "halftone"): 0.06,
        ("rendition", "thermal"): 0.04,
        ("lens", "frosted"): 0.04,
        ("quality", "low resolution"): 0.06,  # about 14 x 14 pixels
    }
    exact = True

    def __init__(self, model: str = "") -> None:
        if model:
            raise SpecError(f"the studio's judge has no model {model!r}; write 'studio'")
        self.id = "studio/exact-v1"

    def __call__(self, pictures: Sequence[Picture], labels: Sequence[str]) -> NDArray[np.float32]:
        return np.array([self._shows(p.info, label) for p, label in zip(pictures, labels, strict=True)], dtype=np.float32)

    def _shows(self, info: Mapping[str, Any], label: str) -> bool:
        if "view" not in info or "scene" not in info:
            raise ModelError("the studio's judge knows only pictures of the studio; choose another judge for this generator")
        scene, view = info["scene"], info["view"]
        least = max([self.AREA, *(area for (a, name), area in self.COARSE.items() if scene.get(a) == name)])
        return bool(
            scene["label"] in accepted(label)
            and scene["nameable"]
            and view["area"] >= least
            and view["share"] >= self.SHARE
            and view["contrast"] >= self.CONTRAST
        )
