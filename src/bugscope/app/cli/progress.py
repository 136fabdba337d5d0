"""What a person sees while it works: a live display on a terminal, elsewhere a plain line now and then. All of it on stderr."""

import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, TextIO

from .screen import console

if TYPE_CHECKING:
    from ...workflows.progress import Listener, Progress, Stage

WIDE = 112
"""Columns of a terminal that has room for a bar beside the counts."""
EVERY = 30.0
"""Seconds between two lines of a log: a job that hangs is noticed soon, and one of hours stays readable."""
LABELS = 6
"""Labels that are named at the start of a hunt, at most."""
STAGES: Mapping["Stage", str] = {
    "loading": "loading models",
    "exploring": "exploring",
    "confirming": "confirming",
    "refining": "refining",
    "explaining": "explaining",
    "replaying": "replaying",
    "asking": "asking",
    "evaluating": "evaluating",
    "writing": "writing",
    "uploading": "uploading",
    "checking": "checking",
    "done": "done",
}
NAMED = ("asking", "evaluating", "writing", "uploading", "checking")
"""Stages that are about what the message names, and count anew for each."""
STEPS = ("writing", "checking")
"""Stages that count steps, not pictures."""


class Quiet:
    """Shows nothing."""

    def __enter__(self) -> "Listener":
        return lambda now: None

    def __exit__(self, *_: object) -> None:
        return None


class Live:
    """Pictures, failures, descriptions tried, bugs, rate and time left; each new bug on a line of its own."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        from rich import progress

        screen = console(stderr=True)
        bar = [progress.BarColumn(bar_width=None)] if screen.width >= WIDE else []
        label, counts = (progress.TextColumn(text, markup=False) for text in ("{task.description}", "{task.fields[counts]}"))
        self.bar = progress.Progress(label, *bar, counts, console=screen, transient=True, expand=True)
        self.task = self.bar.add_task(STAGES["loading"].capitalize(), total=None, counts="")
        self.pace = Pace(clock)
        self.bugs = 0
        self.warned = self.waiting = self.notice = ""

    def __enter__(self) -> "Listener":
        self.bar.start()
        return self.tell

    def __exit__(self, *_: object) -> None:
        with suppress(OSError, ValueError):
            self.bar.stop()

    def tell(self, now: "Progress") -> None:
        """Show a snapshot. A terminal that is gone ends no work."""
        with suppress(OSError, ValueError):
            self._tell(now)

    def _tell(self, now: "Progress") -> None:
        from ...report.plain import for_terminal
        from ...report.words import capital, number

        self.pace.see(now)
        counts = [f"{now.images}/{now.budget} {_unit(now)}"] if now.budget else []
        counts += [f"{now.cached} from the cache"] if now.cached else []
        counts += [f"{now.failures} failures"] if now.stage not in ("loading", *NAMED) else []
        counts += [f"{now.hypotheses} tried", number(now.bugs, "bug")] if now.hypotheses else []
        counts += [f"cost {now.cost:.2f}"] if now.cost else []
        rate, left = self.pace.rate(now), self.pace.left(now)
        counts += [f"{rate:.1f}/s"] if rate else []
        counts += ["waiting" if now.waiting else f"{_clock(left)} left"] if left or now.waiting else []
        total = now.budget if now.budget and now.stage != "loading" else None
        head = capital(for_terminal(_heading(now)))
        self.bar.update(self.task, description=head, completed=now.images, total=total, counts=", ".join(counts))
        lines = [capital(line) for line in _begin(now)]
        lines += [f"  bug {now.bugs}: {now.message}"] if _fresh(now, self.bugs) else []
        lines += [f"  {now.warning}"] if now.warning not in ("", self.warned) else []
        lines += [f"  {now.waiting}"] if now.waiting and not self.waiting else []
        lines += [f"  {now.notice}"] if now.notice not in ("", self.notice) else []
        for line in lines:
            self.bar.console.print(for_terminal(line), markup=False)
        self.bugs, self.warned, self.waiting, self.notice = now.bugs, now.warning, now.waiting, now.notice


class Lines:
    """For a log: a line at the start, every half minute, at each change of stage and for each new bug.

    The half minutes come from a thread, also while one answer of a model takes longer than that. `out`: by default stderr.
    """

    def __init__(self, out: TextIO | None = None, every: float = EVERY, clock: Callable[[], float] = time.monotonic) -> None:
        self.out, self.every, self.clock = out or sys.stderr, every, clock
        self.pace = Pace(clock)
        self.began = clock()
        self.now: Progress | None = None
        self._lock, self._stopped = threading.Lock(), threading.Event()
        self._timer = threading.Thread(target=self._run, name="bugscope-progress", daemon=True)

    def __enter__(self) -> "Listener":
        self.began = self.clock()
        self._timer.start()
        return self.tell

    def __exit__(self, *_: object) -> None:
        self._stopped.set()
        # not for ever: a pipe that nobody reads must not keep the command from ending
        self._timer.join(1)

    def tell(self, now: "Progress") -> None:
        """Take a snapshot, and write what is new in it."""
        with self._lock:
            self.pace.see(now)
            before, self.now = self.now, now
            lines = _begin(now)
            if before is None or _heading(now) != _heading(before):
                lines.append(self._status(now))
            if _fresh(now, before.bugs if before else 0):
                lines.append(f"bug {now.bugs}: {now.message}")
            if now.warning not in ("", before.warning if before else ""):
                lines.append(now.warning)
            if now.waiting and not (before and before.waiting):
                lines.append(now.waiting)
            if now.notice not in ("", before.notice if before else ""):
                lines.append(now.notice)
            self._write(lines)

    def beat(self) -> None:
        """Write where it stands."""
        with self._lock:
            if self.now is not None:
                self._write([self._status(self.now)])

    def _run(self) -> None:
        while not self._stopped.wait(self.every - (self.clock() - self.began) % self.every):
            self.beat()

    def _status(self, now: "Progress") -> str:
        """ "exploring: 148 of 1,080 pictures, about 9 min left" """
        from ...report.words import number, of

        counts = [f"{of(now.images, now.budget)} {_unit(now)}"] if now.budget and now.stage != "loading" else []
        counts += [f"{now.cached:,} from the cache"] if now.cached else []
        counts += [number(now.bugs, "bug")] if now.hypotheses else []
        counts += [f"cost {now.cost:.2f}"] if now.cost else []
        left = self.pace.left(now)
        counts += [now.waiting or f"about {_roughly(left)} left"] if left or now.waiting else []
        return _heading(now) + (f": {', '.join(counts)}" if counts else "")

    def _write(self, lines: list[str]) -> None:
        from ...report.plain import for_terminal

        if not lines or self._stopped.is_set():
            return
        minutes, seconds = divmod(int(self.clock() - self.began), 60)
        stamp = f"[{minutes // 60:02d}:{minutes % 60:02d}:{seconds:02d}]"
        encoding = getattr(self.out, "encoding", None) or "utf-8"
        text = "".join(f"{stamp} {for_terminal(line)}\n" for line in lines)
        try:
            # what the stream's code page lacks is escaped
            self.out.write(text.encode(encoding, "backslashreplace").decode(encoding))
            self.out.flush()
        except (OSError, ValueError):
            # whoever read it is gone; that must not end the work
            self._stopped.set()


class Pace:
    """How fast it goes, and so how long the rest may take. What an earlier session answered took no time in this one, and what
    came from a cache hardly any."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self.clock = clock
        self.what: str | None = None
        self.began, self.before = 0.0, 0

    def see(self, now: "Progress") -> None:
        """Begin to count where the work begins, or other work."""
        what = _heading(now) if now.stage in NAMED else ""
        if now.stage != "loading" and what != self.what:
            self.what, self.began, self.before = what, self.clock(), _generated(now)

    def rate(self, now: "Progress") -> float:
        """Pictures per second; 0 where it cannot be told yet."""
        if self.what is None:
            return 0.0
        seconds, done = self.clock() - self.began, _generated(now) - self.before
        return done / seconds if seconds > 1 and done > 0 else 0.0

    def left(self, now: "Progress") -> float:
        """Seconds; 0 where nothing is left or it cannot be told yet."""
        rate = self.rate(now)
        return max(0, now.budget - now.images) / rate if rate and now.stage != "done" else 0.0


def _generated(now: "Progress") -> int:
    return now.images - now.recalled - now.cached


def _heading(now: "Progress") -> str:
    """ "exploring", "evaluating photos" """
    return f"{STAGES[now.stage]} {now.message}" if now.stage in NAMED else STAGES[now.stage]


def _unit(now: "Progress") -> str:
    return "steps" if now.stage in STEPS else "pictures"


def _fresh(now: "Progress", before: int) -> bool:
    """Whether it tells of a bug that was not there before."""
    return now.bugs > before and bool(now.message)


def _begin(now: "Progress") -> list[str]:
    """What is known when a hunt begins: its folder, its labels and its pictures."""
    from ...report.words import few, number

    if (plan := now.planned) is None:
        return []
    return [
        f"run folder: {plan.folder} (Ctrl-C is safe; to continue: bugscope resume {plan.folder})",
        f"{number(len(plan.labels), 'label')} ({few(plan.labels, LABELS)}); "
        f"budget {number(plan.budget, 'picture')}{' (auto)' if plan.auto else ''}, explain budget {plan.explain_budget:,}; "
        f"about {number(plan.pictures, 'picture')} in all",
    ]


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes}:{rest:02d}"


def _roughly(seconds: float) -> str:
    """ "40 s", "9 min", "2 h 5 min" """
    if seconds < 60:
        return f"{max(1, round(seconds))} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


def display(quiet: bool) -> Live | Lines | Quiet:
    """A live display where stderr is a terminal, else lines; nothing if it is to be `quiet`."""
    return Quiet() if quiet else Live() if sys.stderr.isatty() else Lines()


@contextmanager
def counting(quiet: bool, stage: "Stage", first: str = "") -> Iterator[Callable[[int, int, str], None]]:
    """Steps done of all, and what they are about. `first`: what it begins with; "": models are loaded before."""
    from ...workflows.progress import Progress

    with display(quiet) as listener:
        listener(Progress(stage, message=first) if first else Progress("loading"))
        yield lambda done, all, what: listener(Progress(stage, images=done, budget=all, message=what))
        listener(Progress("done"))
