"""`bugscope doctor`: does everything that a hunt needs work on this machine?"""

import platform
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from . import __name__ as package
from . import api, language
from .config import Config
from .errors import BugscopeError
from .types import Picture


@dataclass(frozen=True, slots=True)
class Check:
    name: str
    ok: bool
    detail: str
    seconds: float = 0.0


def examine(options: Mapping[str, Any]) -> list[Check]:
    """Load the models and put one picture through them; stops at the first that fails."""
    metadata = api.versions()
    checks = [Check("python", True, f"{platform.python_version()} on {platform.system()} {platform.machine()}")]
    checks.append(Check("versions", package in metadata, ", ".join(f"{k} {v}" for k, v in metadata.items())))
    try:
        began = time.monotonic()
        models = api.load_models(Config.of(options))
        checks.append(Check("models", True, ", ".join(models.ids().values()), time.monotonic() - began))
    except BugscopeError as error:
        return [*checks, Check("models", False, str(error))]
    try:
        checks += _one_picture(models)
    except BugscopeError as error:
        checks.append(Check("a picture", False, str(error)))
    finally:
        models.close()
    return checks


def _one_picture(models: Any) -> list[Check]:
    label = next(iter(getattr(models.generator, "suggested", ()) or models.classifier.labels))
    prompt = language.neutral(label)
    checks: list[Check] = []

    def timed(name: str, ask: Any, show: Any) -> Any:
        began = time.monotonic()
        answer = ask()
        checks.append(Check(name, True, show(answer), time.monotonic() - began))
        return answer

    made = timed("generator", lambda: models.generator([prompt.text], [0])[0], lambda p: f"drew {prompt.text!r}")
    if not isinstance(made, Picture):
        return [*checks, Check("generator", False, f"refused {prompt.text!r}: {made.reason}")]
    timed("judge", lambda: float(models.judge([made], [label])[0]), lambda p: f"shows {label!r} with probability {p:.2f}")
    scores = timed(
        "classifier",
        lambda: models.classifier([made.image])[0],
        lambda s: f"says {models.classifier.labels[int(s.argmax())]!r}",
    )
    if models.editor is not None:
        timed("editor", lambda: models.editor(label, ["on grass"])[0], lambda new: f"in the place of 'on grass': {list(new)}")
    timed("captioner", lambda: models.captioner([made.image])[0], lambda c: f"says {c!r}")
    return [
        *checks,
        Check(
            "scores",
            len(scores) == len(models.classifier.labels),
            f"{len(scores)} scores for {len(models.classifier.labels)} labels",
        ),
    ]
