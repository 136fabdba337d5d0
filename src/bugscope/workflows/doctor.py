"""`bugscope doctor`: does everything that a hunt needs work on this machine? Each model is loaded and asked once, and timed.
`bugscope doctor RUN`: is a run folder whole?"""

import platform
import time
from collections.abc import Callable, Mapping
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

from .. import media, tasks
from ..core import registry
from ..core.errors import BugscopeError, told
from ..core.records import Phrase, Specimen, Truth
from ..engine import contracts
from ..language import Wording
from . import checkup, session
from .checkup import Check
from .progress import Listener, Progress
from .results import Run


def doctor(what: Mapping[str, Any] | Run | Path | str, progress: Listener | None = None, *, mend: bool = False) -> list[Check]:
    """Check this machine, or a run folder; one `Check` per step, in order.

    `what`: the fields of `Config`, to load every model and have it answer once (a model that fails is a check that is not `ok`,
    and the others are still tried); or a run or its folder, to look for damage in it. `mend`: mend the folder first, as far as
    it can be; what is taken out is kept in RUN/damaged. `progress` as in `hunt`. Raises StoreError for a folder that holds no
    run, or cannot be read or mended.
    """
    if isinstance(what, Mapping):
        return _machine(what, progress)
    run = what.path if isinstance(what, Run) else Path(what)
    done = checkup.mend(run) if mend else []
    return [*(Check("mended", True, text) for text in done), *checkup.checkup(run, progress)]


def _machine(options: Mapping[str, Any], progress: Listener | None) -> list[Check]:
    tell = progress or (lambda now: None)
    found = session.versions()
    checks = [Check("python", True, f"{platform.python_version()} on {platform.system()} {platform.machine()}")]
    checks.append(Check("versions", "bugscope" in found, ", ".join(f"{k} {v}" for k, v in found.items())))
    try:
        settings = session.settings(None, options)
        task = tasks.load(settings)
    except BugscopeError as error:
        return [*checks, Check("options", False, str(error))]
    models: dict[str, Any] = {}
    named = {
        role: kind for role, kind in session.roles(task).items() if getattr(settings, role) or role not in session.OPTIONAL
    }
    steps = _steps(tell, 2 * len(named))
    for role, kind in named.items():
        steps(f"that the {role} loads")
        spec, arguments = getattr(settings, role), getattr(settings, f"{role}_args")
        check, models[role] = _timed(f"load {role}", partial(registry.load, kind, spec, arguments), _id)
        checks.append(check)
    try:
        loaded = {role: model for role, model in models.items() if model is not None}
        if "target" in loaded:
            check, knowing = _timed("labels", lambda: tasks.knowing(settings, task.labels(loaded["target"])), lambda made: "")
            checks += [] if check.ok else [check]
            task = knowing or task
        checks += _asked(loaded, task, steps)
        tell(Progress("done"))
        return checks
    finally:
        for model in models.values():
            getattr(model, "close", lambda: None)()


def _steps(tell: Listener, all: int) -> Callable[[str], None]:
    """Tells what is checked next, and how many steps came before."""
    done = count()
    return lambda what: tell(Progress("checking", images=next(done), budget=all, message=what))


def _asked(models: Mapping[str, Any], task: tasks.Task[Any], steps: Callable[[str], None]) -> list[Check]:
    """One answer of each model, in the order in which a picture passes through a hunt."""
    checks: list[Check] = []

    def ask(role: str, call: Callable[[Any], Any], show: Callable[[Any], str]) -> Any:
        if role not in models:
            return None
        steps(f"that the {role} answers")
        check, answer = _timed(role, lambda: call(models[role]), show)
        checks.append(check)
        return answer

    generator, target = models.get("generator"), models.get("target")
    label = _label(task, generator, target)
    medium = media.of(generator)
    words = Wording(medium.words)
    prompt = words.neutral(label).text
    made = ask(
        "generator",
        lambda g: contracts.specimens(g, g([prompt], [0]), [prompt], medium)[0],
        lambda p: f"drew {prompt!r}" + _why(p),
    )
    # if the generator made no picture, the others are shown a sample
    picture = made if isinstance(made, Specimen) else Specimen(medium.sample(), info={"visible": 1.0})
    ask(
        "judge",
        lambda j: contracts.probabilities(j, j([picture], [label]), 1)[0],
        lambda p: f"shows {label!r} with probability {p:.2f}",
    )
    truth = picture.truth or Truth(label)
    ask(
        "target",
        lambda t: tasks.read(task, task.ask(t, [picture.content], [truth])[0], truth),
        lambda read: f"says {(read.taken_for or read.kind or 'nothing')!r}" + _known(task, models),
    )
    ask("captioner", lambda c: contracts.captions(c, c([picture.content]), [picture])[0], lambda c: f"says {c!r}")
    ask("editor", lambda e: list(e(label, ["on grass"])[0]), lambda new: f"instead of 'on grass': {new}")
    told_apart = [[words.prompt(label, (Phrase(text),)).text] * 2 for text in ("at night", "on grass")]
    ask("describer", lambda d: list(d(label, *told_apart)), lambda said: f"says {said}")
    return checks


def _label(task: tasks.Task[Any], generator: Any, target: Any) -> str:
    """One that the generator suggests and the target knows, if there is any."""
    suggested, known = list(getattr(generator, "suggested", ())), getattr(target, "labels", ())
    both = (name for name in [*suggested, *getattr(generator, "labels", ())] if not task.accepted(name).isdisjoint(known))
    return next(both, next(iter(suggested or known), "mug"))


def _timed(name: str, call: Callable[[], Any], show: Callable[[Any], str]) -> tuple[Check, Any]:
    began = time.monotonic()
    try:
        answer = call()
        return Check(name, True, show(answer), time.monotonic() - began), answer
    except BugscopeError as error:
        return Check(name, False, str(error), time.monotonic() - began), None
    except (Exception, SystemExit) as error:  # noqa: BLE001 - a model may raise anything, and saying so is what a doctor is for
        return Check(name, False, told(error), time.monotonic() - began), None


def _id(model: Any) -> str:
    return str(model.id)


def _why(made: Any) -> str:
    return "" if isinstance(made, Specimen) else f", but refused to show it: {made.reason}"


def _known(task: tasks.Task[Any], models: Mapping[str, Any]) -> str:
    return f" ({len(task.labels(models['target']))} labels)"
