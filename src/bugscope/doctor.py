"""`bugscope doctor`: does all that a hunt needs work on this machine? Each model is loaded and asked once, with times."""

import platform
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, get_args

import numpy as np

from . import __name__ as package
from . import api, language, registry
from .config import Config
from .engine import check_labels
from .errors import BugscopeError, told
from .testing import images
from .types import Picture


@dataclass(frozen=True, slots=True)
class Check:
    name: str
    ok: bool
    detail: str
    seconds: float = 0.0


def examine(options: Mapping[str, Any]) -> list[Check]:
    """Load every model and have it answer once. One that fails does not keep the others from being tried."""
    found = api.versions()
    checks = [Check("python", True, f"{platform.python_version()} on {platform.system()} {platform.machine()}")]
    checks.append(Check("versions", package in found, ", ".join(f"{k} {v}" for k, v in found.items())))
    try:
        settings = Config.of(options)
    except BugscopeError as error:
        return [*checks, Check("options", False, str(error))]
    models: dict[str, Any] = {}
    for kind in get_args(registry.Role):
        role = kind.lower()
        spec = getattr(settings, role)
        if spec:
            arguments = getattr(settings, f"{role}_args")
            check, models[role] = _timed(f"load {role}", partial(registry.load, kind, spec, arguments), _id)
            checks.append(check)
    try:
        return [*checks, *_asked({role: model for role, model in models.items() if model is not None})]
    finally:
        for model in models.values():
            getattr(model, "close", lambda: None)()


def _asked(models: Mapping[str, Any]) -> list[Check]:
    """One answer of each model, along the way of a picture through a hunt."""
    checks: list[Check] = []

    def ask(role: str, call: Callable[[Any], Any], show: Callable[[Any], str]) -> Any:
        if role not in models:
            return None
        check, answer = _timed(role, lambda: call(models[role]), show)
        checks.append(check)
        return answer

    generator, classifier = models.get("generator"), models.get("classifier")
    label = next(iter(getattr(generator, "suggested", ()) or getattr(classifier, "labels", ())), "mug")
    prompt = language.neutral(label).text
    made = ask("generator", lambda g: g([prompt], [0])[0], lambda p: f"drew {prompt!r}" + _why(p))
    # without a picture of its own, the others are shown another
    picture = made if isinstance(made, Picture) else Picture(images()[0], {"visible": 1.0})
    ask("judge", lambda j: float(j([picture], [label])[0]), lambda p: f"shows {label!r} with probability {p:.2f}")
    ask("classifier", lambda c: _best(c, picture), lambda best: f"says {best[0]!r} ({best[1]} labels)")
    ask("captioner", lambda c: c([picture.image])[0], lambda c: f"says {c!r}")
    ask("editor", lambda e: list(e(label, ["on grass"])[0]), lambda new: f"in the place of 'on grass': {new}")
    told_apart = ([f"a photo of a {label} at night"] * 2, [f"a photo of a {label} on grass"] * 2)
    ask("describer", lambda d: list(d(label, *told_apart)), lambda said: f"says {said}")
    return checks


def _timed(name: str, call: Callable[[], Any], show: Callable[[Any], str]) -> tuple[Check, Any]:
    began = time.monotonic()
    try:
        answer = call()
        return Check(name, True, show(answer), time.monotonic() - began), answer
    except BugscopeError as error:
        return Check(name, False, str(error), time.monotonic() - began), None
    except Exception as error:  # noqa: BLE001 - a model may raise anything, and saying so is what a doctor is for
        return Check(name, False, told(error), time.monotonic() - began), None


def _id(model: Any) -> str:
    return str(model.id)


def _why(made: Any) -> str:
    return "" if isinstance(made, Picture) else f", but refused to show it: {made.reason}"


def _best(classifier: Any, picture: Picture) -> tuple[str, int]:
    labels = check_labels(classifier)
    scores = np.asarray(classifier([picture.image]))
    if scores.shape != (1, len(labels)):
        raise BugscopeError(f"scores of shape {scores.shape} for {len(labels)} labels; expected (1, {len(labels)})")
    return labels[int(scores[0].argmax())], len(labels)
