"""What `bugscope doctor RUN` looks at in a run folder, and how it mends it."""

import sqlite3
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import yaml

from .. import report
from ..core import yamls
from ..core.errors import StoreError, short
from ..report.seal import sealed
from ..report.words import few, number
from ..store import claims, examine
from ..store.blobs import reason, regular
from ..store.examine import Contents
from ..store.folder import CONFIG, DATABASE, Store
from ..store.mend import Mender
from .progress import Listener, Progress

SHOWN = 3
"""Damaged things of a kind that are named."""
RUNS_BELOW = ("replay", "transfer/answers")
"""Where commands keep runs of their own below a run."""


@dataclass(frozen=True, slots=True)
class Check:
    """What one step found: whether it worked, what to show, and how many seconds it took. Of damage, what it `means`, and its
    `remedy`."""

    name: str
    ok: bool
    detail: str
    seconds: float = 0.0
    means: str = ""
    remedy: str = ""


def checkup(run: Path, progress: Listener | None = None) -> list[Check]:
    """Look at everything in a run folder and change nothing; one `Check` per part, in order. Raises StoreError if it holds no
    run or cannot be read."""
    tell = progress or (lambda now: None)
    _check_is_run(run)
    found = _Checkup(run, tell).checks()
    for below in RUNS_BELOW:
        if (run / below / DATABASE).is_file():
            found += [replace(c, name=f"{below}: {c.name}") for c in _Checkup(run / below, tell, whole=False).checks()]
    tell(Progress("done"))
    return found


def mend(run: Path) -> list[str]:
    """Mend what can be mended; returns what was done, in sentences. Whatever is taken out is kept below the run, in `damaged`.

    Raises StoreError if the folder holds no run, is in use, cannot be written, or cannot be mended.
    """
    _check_is_run(run)
    if (run / DATABASE).exists() and not (run / DATABASE).is_file():
        raise StoreError(f"{str(run / DATABASE)!r} is no file; take it away, and put back the right one")
    done = _mended(run)
    for below in RUNS_BELOW:
        if (run / below / DATABASE).is_file():
            done += [f"{below}: {what}" for what in _mended(run / below, whole=False)]
    return done


def _check_is_run(run: Path) -> None:
    try:
        known = any((run / name).exists() for name in (DATABASE, "images", "report.json"))
    except OSError as error:
        raise StoreError(f"cannot read the run folder {str(run)!r}: {reason(error)}") from error
    if not known:
        raise StoreError(f"{str(run)!r} holds no run (no {DATABASE} in it)")


class _Checkup:
    """`whole`: a run with a config and reports, which a replay's answers lack."""

    def __init__(self, run: Path, tell: Listener, whole: bool = True) -> None:
        self.run, self.tell, self.whole = run, tell, whole
        self.contents: Contents | None = None
        self._made: tuple[str, bool] | None = None

    def checks(self) -> list[Check]:
        steps: list[Callable[[], Check]] = [self.database, self.rows, self.pictures, self.files]
        steps += [self.ledger, self.config, self.report_json, self.report_html] if self.whole else []
        found = []
        for i, step in enumerate(steps):
            name = step.__name__.replace("_", ".") if step.__name__.startswith("report") else step.__name__
            self.tell(Progress("checking", images=i, budget=len(steps), message=f"the {name} of {self.run}"))
            began = time.monotonic()
            check = step()
            found.append(replace(check, name=CONFIG if name == "config" else name, seconds=time.monotonic() - began))
        return found

    # --- the database ---------------------------------------------------------------------------------------------------

    def database(self) -> Check:
        file = self.run / DATABASE
        if not file.is_file():
            return _bad(
                f"{DATABASE} is missing", "Without it the pictures say nothing.", "Put it back, or hunt again in a new folder."
            )
        try:
            with closing(examine.opened(file)) as db:
                wrong = examine.sound(db)
                pages = 0 if wrong else int(db.execute("pragma page_count").fetchone()[0])
            if not wrong:
                with Store.open(self.run):
                    return _good(f"sound, {number(pages, 'page')}")
        except (sqlite3.Error, StoreError) as error:
            wrong = short(str(error))
        return _bad(
            wrong,
            "Answers may be missing, and commands on this run may end in an error.",
            "--mend makes a new database of all rows that can be read; what is lost is asked again when the run goes on.",
        )

    def rows(self) -> Check:
        try:
            found = self.contents = examine.contents(self.run)
        except StoreError as error:
            return _bad(short(str(error)), "Not all rows can be read.", "--mend keeps those that can be.")
        if found.bad:
            return _bad(
                f"{len(found.bad):,} of {found.n:,} damaged: {_listed([why for _, why in found.bad])}",
                "Commands that need them end in an error.",
                "--mend takes them out; they are asked again when the run goes on.",
            )
        orphans = len(found.orphans) if self.whole else 0
        if orphans and found.finished:
            return _bad(
                f"answers about {number(orphans, 'sample')} that nothing asked for",
                "Their pictures are missing in reports.",
                "The same hunt, gone on with, asks for them again and finds the answers.",
            )
        old = f", {found.unsummed:,} without a checksum, by an earlier version" if found.unsummed else ""
        waiting = f", answers about {number(orphans, 'sample')} wait until the hunt goes on" if orphans else ""
        return _good(f"{found.n:,} as they were written{old}{waiting}")

    # --- files ----------------------------------------------------------------------------------------------------------

    def pictures(self) -> Check:
        # without rows, every picture that is there can still be held against its own name
        names = self.contents.blobs if self.contents else examine.strange(self.run, {}).unused
        lost = examine.lost(self.run, names)
        known = self.contents.lost if self.contents else set()
        if fresh := {name: there for name, there in lost.items() if name not in known}:
            parts = [f"{name} ({'damaged' if there else 'missing'})" for name, there in fresh.items()]
            return _bad(
                f"{len(fresh):,} of {len(names):,} damaged or missing: {_listed(parts)}",
                "Pages, data sets and replays leave them out.",
                "--mend takes damaged ones out. A hunt that goes on draws them again, if its generator repeats itself: "
                f"bugscope resume {self.run}",
            )
        gone = f"; {len(lost):,} more are gone for good: they could not be drawn again as they were" if lost else ""
        return _good(f"{len(names) - len(lost):,} as they were drawn{gone}")

    def files(self) -> Check:
        found = examine.strange(self.run, self.contents.blobs if self.contents else {})
        unused = [] if self.contents is None else found.unused
        parts = [
            f"{number(len(names), what)} {means}: {_listed(names)}"
            for names, what, means in (
                (found.foreign, "file", "not of the run, left alone"),
                (unused, "picture", "not of the run: no row names them"),
                (found.crumbs, "half-written file", "which the next command that writes deletes"),
            )
            if names
        ]
        return _good("; ".join(parts) or "nothing that does not belong there")

    # --- what was concluded, and its copies -----------------------------------------------------------------------------

    def ledger(self) -> Check:
        try:
            with Store.open(self.run) as store:
                wrong = claims.unfounded(store)
                n = sum(len(store.notes(kind)) for kind in ("evidence", "refinement", "explanation", "inquiry"))
        except StoreError as error:
            return _unread(error)
        if wrong:
            parts = [f"{kind} {id}: {why}" for (kind, id), why in wrong.items()]
            return _bad(
                f"{len(wrong):,} of {number(n, 'conclusion')} not borne out by the answers: {_listed(parts)}",
                "Reports state numbers that the pictures do not give.",
                "--mend takes them out; a hunt that goes on concludes anew.",
            )
        return _good(f"{number(n, 'conclusion')} borne out by the answers")

    def config(self) -> Check:
        try:
            with Store.open(self.run) as store:
                config, identity = store.meta("config"), store.identity()
        except StoreError as error:
            return _unread(error)
        # runs of earlier versions keep no second copy
        wanted = config if config is not None else {"labels": identity["labels"], "models": identity["models"]}
        try:
            found = yamls.read(regular(self.run / CONFIG).decode("utf-8"))
            stated = yamls.read(yaml.safe_dump(wanted, sort_keys=False, allow_unicode=True))
        except (OSError, ValueError) as error:
            return self._other_config(f"cannot be read: {short(reason(error))}")
        if not isinstance(found, dict):
            return self._other_config("holds no options")
        names = [name for name in {**stated, **(found if config is not None else {})} if found.get(name) != stated.get(name)]
        if names:
            return self._other_config(f"{few([str(name) for name in names], SHOWN)} not as in the database")
        return _good("as in the database")

    def _other_config(self, what: str) -> Check:
        return _bad(what, "It is a copy for people; commands do not read it.", "--mend writes it again.")

    def report_json(self) -> Check:
        try:
            text, finished = self._report()
        except StoreError as error:
            return _unread(error)
        return self._copy("report.json", finished, self._read("report.json") == text)

    def report_html(self) -> Check:
        try:
            text, finished = self._report()
        except StoreError as error:
            return _unread(error)
        page = self._read("report.html")
        return self._copy("report.html", finished, page is not None and sealed(page, text))

    def _report(self) -> tuple[str, bool]:
        """report.json as the data give it, and whether the run is finished."""
        if self._made is None:
            with Store.open(self.run) as store:
                self._made = report.text(report.build(store)), bool(store.meta("finished"))
        return self._made

    def _copy(self, name: str, finished: bool, same: bool) -> Check:
        if same:
            return _good("what the data give")
        if not finished:
            return _good(f"older than the data, as the run is not finished; bugscope report {self.run} writes it again")
        there = (self.run / name).exists()
        what = "not what the data give: damaged, or written by another version" if there else "missing"
        return _bad(what, "The data are not touched by that.", f"bugscope report {self.run} writes it again, as does --mend.")

    def _read(self, name: str) -> str | None:
        try:
            return regular(self.run / name).decode("utf-8")
        except (OSError, ValueError):
            return None


def _mended(run: Path, whole: bool = True) -> list[str]:
    look, after = (_Checkup(run, lambda now: None, whole) for _ in range(2))
    with Mender(run) as mender:
        mender.database()
        if not look.rows().ok and look.contents is None:
            raise StoreError(f"{str(run)!r} cannot be mended: its rows cannot be read")
        assert look.contents is not None
        mender.pictures(examine.lost(run, look.contents.blobs))
        if not whole:
            return mender.done
        with Store.open(run) as store:
            unfounded = claims.unfounded(store)
        mender.conclusions(unfounded)
        bad = [name for name, check in _copies(after) if not check.ok]
        for name in bad:
            mender.take_out(name)
        done = mender.done
    with Store.open(run) as store:
        identity, config = dict(store.identity()), store.meta("config")
    with Store.create(run, identity, config) as store:
        if done:
            report.write(store)
    return done


def _copies(look: _Checkup) -> list[tuple[str, Check]]:
    return [(CONFIG, look.config()), ("report.json", look.report_json()), ("report.html", look.report_html())]


def _good(detail: str) -> Check:
    return Check("", True, detail)


def _bad(detail: str, means: str, remedy: str) -> Check:
    return Check("", False, detail, means=means, remedy=remedy)


def _unread(error: StoreError) -> Check:
    return _bad(
        f"not compared: {short(str(error))}", "Commands that need these rows end in an error.", "--mend, and look again."
    )


def _listed(parts: Sequence[Any]) -> str:
    return "; ".join(map(str, parts[:SHOWN])) + (f"; and {len(parts) - SHOWN:,} more" if len(parts) > SHOWN else "")
