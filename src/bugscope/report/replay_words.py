"""What became of each bug, in sentences; what makes a replay fail."""

from collections.abc import Collection, Mapping, Sequence

from ..method.verdicts import MOST
from . import accept
from .baseline import lines as baseline_lines
from .records import Compared, NewBug, NewFailure, ReplayedBug, ReplayReport
from .words import called, count, failing, margin, name, number, of, p_value, plural, points

ORDER = ("worse", "persists", "undecided", "fixed")
"""Verdicts, the worst first: what is to be done first."""
WHAT = {"undecided": "undecided bug", "new": "new failure"}


def not_passed(report: ReplayReport, allow: Collection[str] = ()) -> list[str]:
    """Why the replay does not succeed, one sentence each; empty: exit code 0. `allow`: "undecided", "new"."""
    said = [*broken(report), *unfixed(report, allow)]
    if "new" not in allow:
        said += new_sentences(report)
    return said


def broken(report: ReplayReport) -> list[str]:
    """Plain pictures that fail nearly always and did not under the run's own target. Nothing lets them pass."""
    now, before = report["baseline"], report["baseline_before"]
    if now["verdict"] == "all" and before["verdict"] != "all":
        return [" ".join(baseline_lines(now))]
    known = {row["label"] for row in before["labels"] if row["verdict"] == "failing"}
    return [row["message"] for row in now["labels"] if row["verdict"] == "failing" and row["label"] not in known]


def unfixed(report: ReplayReport, allow: Collection[str] = ()) -> list[str]:
    """Bugs that are not shown to be fixed. Those above a baseline that fails nearly always are not let pass either."""
    return [b["message"] for b in report["bugs"] if b["verdict"] != "fixed" and not let_pass(b, allow)]


def let_pass(b: ReplayedBug, allow: Collection[str]) -> bool:
    return b["verdict"] == "undecided" and "undecided" in allow and not b["plain_fails"]


def new_sentences(report: ReplayReport) -> list[str]:
    """New failures, as far as they are beyond chance."""
    new = report["new_failures"]
    return [row["message"] for row in new["labels"] if row["significant"]] + [b["message"] for b in new["bugs"]]


# --- one bug ------------------------------------------------------------------------------------------------------------


def new_failures(row: NewFailure) -> str:
    return (
        f"new failures on plain “{row['label']}”: {of(row['after'], row['n'])} fail, {row['before']} before; "
        f"{row['only_after']} only now (McNemar, adjusted p = {p_value(row['p_adjusted'])})"
    )


def new_bug(b: NewBug) -> str:
    return f"new bug: {_rates(b, called(b))}; {count(b['before'])} before"


def message(b: ReplayedBug, least: float, folded: Sequence[ReplayedBug] = ()) -> str:
    """One bug: verdict, rates with n and interval, what the verdict rests on, and what is `folded` into it. `least`: the
    margin."""
    verdict = b["verdict"] if b["verdict"] == b["own"] else f"{b['verdict']}, by itself {b['own']}"
    said = f"{_rates(b, called(b) + ': ' + verdict)}; {reason(b, least)}"
    return f"{said}; {also(folded)}" if folded else said


def also(folded: Sequence[ReplayedBug]) -> str:
    """What is folded into a bug, each with its own verdict and rate; "" where nothing is."""
    parts = []
    for b in folded:
        said = f"{b['own']}: {failing(b)}" + (f", {_advice(b)}" if b["own"] == "undecided" else "")
        parts.append(f"{' '.join(b['phrases'])} ({said})")
    return f"also: {', '.join(parts)}" if parts else ""


def _rates(b: Compared, what: str) -> str:
    return f"{what}: {failing(b)}, {b['besides']} {count(b['baseline'])}"


def reason(b: ReplayedBug, least: float) -> str:
    """What the verdict on a description rests on."""
    then = f"{count(b['before'])} before"
    if b["before"]["n"] and (b["fresh"]["n"] or b["after"]["n"] != b["n"]):
        then = f"on the stored pictures {count(b['after'])}, before {count(b['before'])}"
    rise = b["rise"]
    if b["own"] == "fixed":
        sure = f"({50 + 50 * rise['level']:.0f} % sure)"
        said = f"the rise is at most {points(rise['high'])} points {sure}, below the margin of {margin(least)}; {then}"
    elif b["own"] == "worse":
        said = f"more than before on the same pictures: {then} (McNemar, adjusted p = {p_value(b['p_worse'])})"
    elif b["own"] == "persists":
        said = then
    elif b["plain_fails"]:
        said = (
            f"not decided: {b['besides']} fails nearly always, so no rise over the margin of {margin(least)} is possible, and "
            f"its absence does not show a fix; {then}"
        )
    else:
        less = (
            "it fails less than before on the same pictures, but is not shown to be fixed" if b["improved"] else "not decided"
        )
        said = (
            f"{less}: the rise may be {points(rise['low'])} to {points(rise['high'])} points, the margin is {margin(least)}; "
            f"{then}; {_advice(b)}"
        )
    if b["easier"]:
        said += (
            "; it fails less on the stored pictures than on fresh ones (was it trained on them?), so only fresh ones count here"
        )
    return said


def _advice(b: ReplayedBug) -> str:
    if b["needed"] is None:
        return f"at the rates seen so far, it would take more than {MOST} further pictures of each prompt"
    return f"about {b['needed']} further pictures of each prompt would decide (--fresh {b['fresh_asked'] + b['needed']})"


# --- a whole replay -----------------------------------------------------------------------------------------------------


def summary(counts: Mapping[str, int]) -> str:
    """2 fixed, 1 persists."""
    many = {"persists": "persist"}
    return ", ".join(f"{n} {verdict if n == 1 else many.get(verdict, verdict)}" for verdict, n in counts.items() if n)


def outcome(report: ReplayReport, allow: Collection[str] = ()) -> str:
    """What the exit code is, and what it says. `allow`: "undecided", "new"."""
    total = len(report["bugs"])
    new = 0 if "new" in allow else len(new_sentences(report))
    bad, plain = len(unfixed(report, allow)), broken(report)
    if not (bad or new or plain):
        passed = {"undecided": report["counts"]["undecided"], "new": len(new_sentences(report))}
        let = " and ".join(number(n, WHAT[word]) for word, n in passed.items() if n and word in allow)
        return "Exit code 0: " + (
            f"{let} allowed to pass; everything else is fixed." if let else "every bug is fixed and nothing new fails."
        )
    said = ["plain pictures fail nearly always now"] if plain else []
    said += [f"{bad} of {number(total, 'bug')} {'is' if bad == 1 else 'are'} not shown to be fixed"] if bad else []
    said += [number(new, "new failure")] if new else []
    more = next((words for words in (("undecided",), ("new",), ("undecided", "new")) if not not_passed(report, words)), ())
    hint = f" It would be 0 with {' '.join(f'--allow {word}' for word in more)}." if more else ""
    return f"Exit code 1: {', and '.join(said)}.{hint}"


def basis(report: ReplayReport) -> str:
    """Which pictures the verdicts on the bugs rest on."""
    further = f"{report['fresh']} fresh pictures of each prompt, generated for this replay"
    if not report["stored"]:
        return f"The verdicts rest on {further}. The run’s own pictures do not count for the bugs (--no-stored)."
    if report["fresh"]:
        return f"The verdicts rest on the run’s stored pictures, the same for both targets, and on {further}."
    return (
        "The verdicts rest on the run’s stored pictures, the same for both targets. They prove nothing about a target that was "
        "trained on them; replay such a target on fresh pictures alone (--no-stored --fresh 60)."
    )


def warnings(report: ReplayReport) -> list[str]:
    """What a reader must know before believing the verdicts."""
    easier, said = [b["id"] for b in (*report["bugs"], *report["folded"]) if b["easier"]], []
    if easier:
        said.append(
            f"Bug{plural(len(easier))} {', '.join(easier)}: the target fails less on the stored pictures than on fresh ones. "
            "Was it trained on them? Only fresh ones count for “fixed” there."
        )
    if unknown := report["new_failures"]["unknown_labels"]:
        said.append(f"Not checked, because the target has no such label: {', '.join(unknown)}.")
    if report["unanswered"]:
        said.append(f"{number(report['unanswered'], 'picture')} got no answer.")
    return said


def alarms(report: ReplayReport) -> list[str]:
    """What plain pictures say where they fail nearly always, and whether they did before."""
    said = baseline_lines(report["baseline"])
    return [*said[:-1], f"{said[-1]} So they did under the run’s own target."] if said and not broken(report) else said


def heading(report: ReplayReport) -> str:
    """ "3 bugs of v1.onnx tested on v2.onnx" """
    return f"{number(len(report['bugs']), 'bug')} of {name(report, 'before')} tested on {name(report)}"


def lines(report: ReplayReport) -> list[str]:
    """For a terminal."""
    said = [*alarms(report), f"{heading(report)}: {report['summary']} ({report['pictures']} pictures)"]
    said += [f"  {b['id']:>3}. {b['message']}" for b in report["bugs"]]
    if fresh := new_sentences(report):
        said += [f"  {line}" for line in fresh]
    else:
        said.append(f"No new failures beyond chance: {tally(report['new_failures']['labels'])}.")
    said += [accept.sentence(report["accept"])] if report["accept"] else []
    return said + warnings(report)


def tally(rows: Sequence[NewFailure]) -> str:
    """How many pictures outside the bugs only one of the two targets fails."""
    n, before, after = (
        sum(part[key] for row in rows for part in (row, row["others"])) for key in ("n", "only_before", "only_after")
    )
    return f"outside the bugs, {of(after, n)} pictures fail only now and {before} only before"
