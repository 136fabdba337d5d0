"""What became of each bug, in sentences; what makes a replay fail."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from ..method.verdicts import MOST

Record = Mapping[str, Any]
WHAT = {"undecided": "undecided bug", "new": "new failure"}


def failing(report: Record, allow: Collection[str] = ()) -> list[str]:
    """Why the replay is no success, a sentence each; empty: exit code 0. `allow`: "undecided", "new"."""
    passing = {"fixed", *(word for word in allow if word == "undecided")}
    said = [b["message"] for b in report["bugs"] if b["verdict"] not in passing]
    if "new" not in allow:
        said += new_sentences(report)
    return said


def new_sentences(report: Record) -> list[str]:
    """What fails now that did not, as far as it is beyond chance."""
    new = report["new_failures"]
    return [row["message"] for row in new["labels"] if row["significant"]] + [b["message"] for b in new["bugs"]]


def new_failures(row: Record) -> str:
    return (
        f"new failures on plain “{row['label']}”: {row['after']} of {row['n']} fail, {row['before']} before; "
        f"{row['only_after']} only now (McNemar, adjusted p = {row['p_adjusted']:.2g})"
    )


def new_bug(b: Record) -> str:
    return f"new bug: {_named(b)}: {_rate(b)}, {b['besides']} {_of(b['baseline'])}; {_of(b['before'])} before"


def message(b: Record, margin: float) -> str:
    """One bug: verdict, rates with n and interval, and what the verdict rests on."""
    base = b["besides"]
    return f"{_named(b)}: {b['verdict']}: {_rate(b)}, {base} {_of(b['baseline'])}; {reason(b, margin)}"


def reason(b: Record, margin: float) -> str:
    """What the verdict of a bug rests on."""
    points = f"{100 * margin:.0f} points"
    sure = f"({50 + 50 * b['rise']['level']:.0f} % sure)"
    then = f"{_of(b['before'])} before"
    if b["before"]["n"] and (b["fresh"]["n"] or b["after"]["n"] != b["n"]):
        then = f"on the stored pictures {_of(b['after'])}, before {_of(b['before'])}"
    if b["verdict"] == "fixed":
        said = f"the rise is {_points(b['rise']['high'])} points at most {sure}, under the margin of {points}; {then}"
    elif b["verdict"] == "worse":
        said = f"more than before on the same pictures: {then} (McNemar, adjusted p = {b['p_worse']:.2g})"
    elif b["verdict"] == "persists":
        said = then
    else:
        less = "fails less than before on the same pictures, but is not shown fixed" if b["improved"] else "not decided"
        low, high = _points(b["rise"]["low"]), _points(b["rise"]["high"])
        said = f"{less}: the rise may be {low} to {high} points, the margin is {points}; {then}; {_advice(b)}"
    if b["easier"]:
        said += "; it fails less on the stored pictures than on fresh ones (trained on them?), so only fresh ones count here"
    return said


def _advice(b: Record) -> str:
    if b["needed"] is None:
        return f"as it looks, more than {MOST} further pictures of each prompt would be needed"
    return f"about {b['needed']} further pictures of each prompt would decide (--fresh {b['fresh_asked'] + b['needed']})"


def summary(counts: Mapping[str, int]) -> str:
    """2 fixed, 1 persists."""
    plural = {"persists": "persist"}
    return ", ".join(f"{n} {verdict if n == 1 else plural.get(verdict, verdict)}" for verdict, n in counts.items() if n)


def outcome(report: Record, allow: Collection[str] = ()) -> str:
    """What the exit code is, and what it says. `allow`: "undecided", "new"."""
    total = len(report["bugs"])
    new = 0 if "new" in allow else len(new_sentences(report))
    unfixed = len(failing(report, allow)) - new
    if not unfixed + new:
        passed = {"undecided": report["counts"]["undecided"], "new": len(new_sentences(report))}
        let = " and ".join(f"{n} {WHAT[word]}{_s(n)}" for word, n in passed.items() if n and word in allow)
        return "Exit code 0: " + (
            f"{let} may pass; nothing else stands against it." if let else "every bug is fixed and nothing new fails."
        )
    said = [f"{unfixed} of {total} bug{_s(total)} {'is' if unfixed == 1 else 'are'} not shown to be fixed"] if unfixed else []
    said += [f"{new} new failure{_s(new)}"] if new else []
    more = next((words for words in (("undecided",), ("new",), ("undecided", "new")) if not failing(report, words)), ())
    hint = f" It would be 0 with {' '.join(f'--allow {word}' for word in more)}." if more else ""
    return f"Exit code 1: {', and '.join(said)}.{hint}"


def basis(report: Record) -> str:
    """Which pictures the verdicts on the bugs rest on."""
    further = f"{report['fresh']} fresh pictures of each prompt, drawn for this replay"
    if not report["stored"]:
        return f"On {further}. The run’s own pictures do not count for the bugs (--no-stored)."
    if report["fresh"]:
        return f"On the run’s stored pictures, the same for both targets, and on {further}."
    return (
        "On the run’s stored pictures, the same for both targets. They prove nothing about a target that was trained "
        "on them; such a one needs fresh pictures alone (--no-stored --fresh 60)."
    )


def warnings(report: Record) -> list[str]:
    """What a reader must know before believing the verdicts."""
    easier, said = [b["id"] for b in report["bugs"] if b["easier"]], []
    if easier:
        said.append(
            f"Bug{_s(len(easier))} {', '.join(easier)}: it fails less on the stored pictures than on fresh ones. "
            "Was it trained on them? Only fresh ones count there for “fixed”."
        )
    if unknown := report["new_failures"]["unknown_labels"]:
        said.append(f"Not looked at, for the target has no such label: {', '.join(unknown)}.")
    if report["unanswered"]:
        said.append(f"{report['unanswered']} pictures got no answer.")
    return said


def lines(report: Record) -> list[str]:
    """For a terminal."""
    total = len(report["bugs"])
    said = [
        f"{total} bug{_s(total)} of {report['before']} put to {report['target']}: {report['summary']} "
        f"({report['pictures']} pictures)"
    ]
    said += [f"  {b['id']:>3}. {b['message']}" for b in report["bugs"]]
    if fresh := new_sentences(report):
        said += [f"  {line}" for line in fresh]
    else:
        said.append(f"No new failures beyond chance: {tally(report['new_failures']['labels'])}.")
    return said + warnings(report)


def tally(rows: Sequence[Record]) -> str:
    """How many pictures outside the bugs only one of the two targets fails."""
    n, before, after = (sum(row[k] + row["others"][k] for row in rows) for k in ("n", "only_before", "only_after"))
    return f"outside the bugs {after} of {n} pictures fail only now, {before} only before"


def _named(b: Record) -> str:
    return b["sentence"] + (f" -> {b['predicted'][0]['label']}" if b["predicted"] else "")


def _rate(b: Record) -> str:
    return f"{_of(b)} fail ({100 * b['level']:.0f} % CI {100 * b['low']:.0f}-{100 * b['high']:.0f} %)"


def _of(r: Record) -> str:
    return f"{r['failures']} of {r['n']}"


def _points(value: float) -> str:
    return f"{100 * value:+.0f}"


def _s(n: int) -> str:
    return "" if n == 1 else "s"
