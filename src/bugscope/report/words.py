"""Numbers and names, as people read them: the one place where a rate becomes text."""

import io
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.table import Table

from ..core.records import Rate
from .records import Called, Counted, Folding, Named, RateNote, Report

WAITED = 60.0
"""Seconds of waiting for models from which a run says so."""
ROLES = ("target", "generator", "captioner", "judge")
"""Whose ids a report has under their own names."""

# --- counts and rates ---------------------------------------------------------------------------------------------------


def of(k: int, n: int) -> str:
    """ "12 of 40" """
    return f"{k:,} of {n:,}"


def count(r: Rate | Counted) -> str:
    """ "12 of 40" """
    return of(r.k, r.n) if isinstance(r, Rate) else of(r["failures"], r["n"])


def interval(r: Rate | RateNote, dash: str = "–") -> str:
    """ "17–47 %". Plain text has "-" for a dash: it reads well on every screen."""
    low, high = (r.low, r.high) if isinstance(r, Rate) else (r["low"], r["high"])
    return f"{100 * low:.0f}{dash}{100 * high:.0f} %"


def confidence(r: Rate | RateNote) -> str:
    """ "95 % CI 17-47 %" """
    level = r.level if isinstance(r, Rate) else r["level"]
    return f"{percent(level)} CI {interval(r, '-')}"


def failing(r: Rate | RateNote) -> str:
    """ "12 of 40 fail (95 % CI 17-47 %)" """
    return f"{count(r)} fail ({confidence(r)})"


def rate(r: Rate, what: str) -> str:
    """ "12 of 40 wrong, 30 % (95 % CI 17-47 %)" """
    return f"{count(r)} {what}, {percent(r.value)} ({confidence(r)})" if r.n else f"0 of 0 {what}"


def cell(r: Rate | RateNote) -> str:
    """ "12 of 40 (17–47 %)" """
    return f"{count(r)} ({interval(r)})"


def cells(r: Rate) -> tuple[str, str, str]:
    """ "12 of 40", "30.0 %", "17-47 %": three columns of a table."""
    return (count(r), percent(r.value, 1), interval(r, "-")) if r.n else ("0 of 0", "-", "-")


def percent(share: float, digits: int = 0) -> str:
    return f"{100 * share:.{digits}f} %"


def score(value: float | None) -> str:
    """A target's score beside its answer: "73 %"; a score that is no share as it is, "" where the target gave none."""
    if value is None:
        return ""
    return percent(value) if 0 <= value <= 1 else f"{value:.3g}"


def points(difference: float) -> str:
    """Percentage points with their sign: "+12"."""
    return f"{round(100 * difference):+d}"


def margin(share: float) -> str:
    """ "10 points" """
    return f"{100 * share:.0f} points"


def times(e_value: float) -> str:
    """An e-value as people read it: 3.4, 6,350, 2.8 x 10^5."""
    if e_value < 10_000:
        return f"{e_value:.3g}" if e_value < 1_000 else f"{e_value:,.0f}"
    power = len(f"{e_value:.0f}") - 1
    return f"{e_value / 10**power:.1f} × 10^{power}"


def p_value(p: float) -> str:
    return f"{p:.2g}"


# --- names and lists ----------------------------------------------------------------------------------------------------


def number(n: int, what: str) -> str:
    """ "1 bug", "2 bugs" """
    return f"{n:,} {what}{plural(n)}"


def plural(n: int) -> str:
    return "" if n == 1 else "s"


def left_out(n: int, what: str, which: str = "") -> str:
    """How many a page does not show, and where they are."""
    where = "`bugscope report RUN --csv FILE` writes a table of all" if what == "bug" else "report.json lists all"
    left = f"{number(n, f'more {what}')} {which}".rstrip()
    return f"{left} {'is' if n == 1 else 'are'} not shown here, to keep this page under 5 MB; {where}."


def quoted(text: str) -> str:
    return f"“{text}”"


def capital(text: str) -> str:
    """The first letter is a capital one."""
    return text[:1].upper() + text[1:]


def listed(parts: Iterable[str]) -> str:
    """ "a, b and c" """
    *most, last = parts
    return f"{', '.join(most)} and {last}" if most else last


def few(names: Sequence[str], most: int = 8) -> str:
    """ "a, b and 3 more" """
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")


def called(record: Called, arrow: str = "->") -> str:
    """A description and what the target mostly says instead."""
    return record["sentence"] + (f" {arrow} {record['predicted'][0]['label']}" if record["predicted"] else "")


def also(folded: Sequence[Folding], numbered: bool = False) -> str:
    """ "also: on marble in a bright studio, at night": what is folded into a bug; "" where nothing is. `numbered`: with the
    numbers by which people may ask for them."""
    names = [" ".join(b["phrases"]) + (f" (bug {b['id']})" if numbered else "") for b in folded]
    return f"also: {', '.join(names)}" if names else ""


def changed(change: str, phrase: str | None, replacement: str | None) -> str:
    """ "without “red”", "“blue” instead of “red”", "with “blue” added" """
    if change == "drop":
        return f"without {quoted(phrase or '')}"
    new = quoted(replacement or "")
    return f"{new} instead of {quoted(phrase)}" if phrase else f"with {new} added"


def name(report: Named, role: str = "target") -> str:
    """What people call a model of a report; its id where nothing shorter is known. `role`: "target", "judge", ...; of a replay
    "before" too: the run's own target."""
    names, ids = report["names"], _ids(report)
    short = names.get(role) or ids[role]
    old, new = names.get("before") or ids.get("before"), names.get("target") or ids["target"]
    if role in ("before", "target") and old == new and ids["before"] != ids["target"]:
        # a file that was written again keeps its name
        return f"{short} ({'before' if role == 'before' else 'now'})"
    return short


def _ids(report: Mapping[str, Any]) -> dict[str, str]:
    return {**report.get("models", {}), **{role: report[role] for role in ("before", *ROLES) if role in report}}


def shown(table: Table, width: int = 128) -> str:
    """A table as text."""
    file = io.StringIO()
    Console(file=file, width=width, highlight=False, markup=False).print(table)
    return file.getvalue().rstrip("\n")


def cached(report: Report) -> list[str]:
    """How many pictures came from the cache, and why it was not used to the end; a sentence each."""
    return [f"{capital(text)}." for text in (report["cache"]["sentence"], report["cache"]["notice"]) if text]


def interruptions(report: Report) -> list[str]:
    """Why a run is not finished, what got no answer, and how long models were waited for; a sentence each."""
    said = [f"Stopped: {why}." for why in (report["stopped"], report["error"]) if why]
    for x in report["no_answer"]:
        said.append(f"The {x['role']} gave no answer to {number(x['n'], 'question')}: {x['reason']}.")
    if report["waited"] >= WAITED:
        said.append(f"Models were waited for {report['waited'] / 60:,.0f} minutes in all.")
    return said
