"""Bugs as a CSV table, and as a short text in GitHub's Markdown for $GITHUB_STEP_SUMMARY."""

import csv
import io
from collections.abc import Sequence
from typing import Any

from .accept import sentence
from .baseline import lines
from .folding import by_home, under
from .plain import for_csv, for_markdown
from .records import AnyReport, BugRecord, Compared, ReplayedBug, ReplayReport, Report
from .replay_words import alarms, also, heading
from .words import also as others
from .words import called, cell, count, name, number, of, p_value

FOUND = (
    "id", "parent", "label", "description", "sentence", "prompt", "compared_with", "verdict", "predicted",
    "failures", "n", "rate", "low", "high",
    "baseline_failures", "baseline_n", "baseline_rate", "baseline_low", "baseline_high",
    "rise", "rise_low", "rise_high", "e_value", "minimal_description", "also",
)  # fmt: skip
REPLAYED = (
    *FOUND, "before_failures", "before_n", "after_failures", "after_n", "only_before", "only_after",
    "p_fixed", "p_worse", "p_better", "needed", "message",
)  # fmt: skip


def csv_table(report: AnyReport) -> str:
    """One row per bug (of a probe: per prompt), from the report of a hunt, a probe or a replay; rates in [0, 1]. `also`: the
    other descriptions with its cause.

    A text that a spreadsheet would take for a formula gets an apostrophe before it.
    """
    columns: Sequence[str]
    if report["kind"] == "replay":
        mended = by_home(report["folded"])
        columns, found = REPLAYED, [_replayed_row(bug, under(bug, mended)) for bug in report["bugs"]]
    else:
        bugs = report["probed"] if report["kind"] == "probe" else report["bugs"]
        homes = by_home(report["folded"])
        columns, found = FOUND, [_row(bug, under(bug, homes)) for bug in bugs]
    file = io.StringIO()
    rows = csv.DictWriter(file, columns, lineterminator="\r\n")
    rows.writeheader()
    for row in found:
        rows.writerow({column: _value(value) for column, value in row.items() if column in columns})
    return file.getvalue()


def _row(bug: BugRecord | ReplayedBug, same: Sequence[BugRecord] | Sequence[ReplayedBug]) -> dict[str, Any]:
    base, rise = bug["baseline"], bug["rise"]
    return {
        **bug,
        "predicted": bug["predicted"][0]["label"] if bug["predicted"] else "",
        "baseline_failures": base["failures"],
        "baseline_n": base["n"],
        "baseline_low": base["low"],
        "baseline_high": base["high"],
        "baseline_rate": base["failures"] / base["n"] if base["n"] else None,
        "rise": rise["value"],
        "rise_low": rise["low"],
        "rise_high": rise["high"],
        "also": "; ".join(other["sentence"] for other in same),
    }


def _replayed_row(bug: ReplayedBug, same: Sequence[ReplayedBug]) -> dict[str, Any]:
    before, after = bug["before"], bug["after"]
    sides = {"before_failures": before["failures"], "before_n": before["n"]}
    return {**_row(bug, same), **sides, "after_failures": after["failures"], "after_n": after["n"]}


def _value(value: Any) -> Any:
    # a number is written by us; what is a text may come from a caption or a label
    return for_csv(value) if isinstance(value, str) else "" if value is None else value


# --- Markdown -----------------------------------------------------------------------------------------------------------


def markdown(report: AnyReport) -> str:
    """A heading, the counts and a table of the bugs; names and sentences are untrusted text and escaped."""
    return _replayed(report) if report["kind"] == "replay" else _found(report)


def _found(report: Report) -> str:
    probing = report["kind"] == "probe"
    bugs, homes = report["probed"] if probing else report["bugs"], by_home(report["folded"])
    what = f"{number(len(bugs), 'prompt')} tested on" if probing else f"{number(len(bugs), 'confirmed bug')} of"
    rows = [
        [b["id"], _joined(called(b, "→"), others(under(b, homes))), cell(b), _base(b),
         b["reason"] if probing else b["minimal_description"] or ""]
        for b in bugs
    ]  # fmt: skip
    tried = f"{report['hypotheses_tested']} descriptions tried on {report['images_generated']} pictures"
    head = ("", "prompt" if probing else "bug", "fails", "compared with", "verdict" if probing else "shortest description")
    against = f" {report['against']['sentence']}." if report["against"] else ""
    said = f"{tried} from {name(report, 'generator')}.{_accept(report)}{against}"
    return _page(f"Bugscope: {what} {name(report)}", said, head, rows, lines(report["baseline"]))


def _replayed(report: ReplayReport) -> str:
    bugs, new, homes = report["bugs"], report["new_failures"], by_home(report["folded"])
    rows = [
        [b["id"], _joined(called(b, "→"), also(under(b, homes))), MARKS[b["verdict"]] + b["verdict"], cell(b),
         _base(b), count(b["before"])]
        for b in bugs
    ]  # fmt: skip
    said = f"{report['summary']} ({report['pictures']} pictures).{_accept(report)}"
    page = _page(f"Bugscope: {heading(report)}", said, (*HEAD, "before"), rows, alarms(report))
    broken = [r for r in new["labels"] if r["significant"]]
    if broken:
        rows = [[r["label"], of(r["after"], r["n"]), of(r["before"], r["n"]), p_value(r["p_adjusted"])] for r in broken]
        page += "\n" + table(("new failures on plain", "fail now", "before", "adjusted p"), rows)
    if new["bugs"]:
        rows = [[called(b, "→"), cell(b), _base(b), count(b["before"])] for b in new["bugs"]]
        page += "\n" + table(("new bug", "fails", "compared with", "before"), rows)
    if not (broken or new["bugs"]):
        page += "\nNo new failures beyond chance.\n"
    if report["unanswered"]:
        page += f"\n{number(report['unanswered'], 'picture')} got no answer.\n"
    return page


HEAD = ("", "bug", "verdict", "fails", "compared with")
MARKS = {"fixed": "✅ ", "persists": "❌ ", "worse": "❌ ", "undecided": "❔ "}


def _page(title: str, said: str, head: Sequence[str], rows: Sequence[Sequence[str]], alarms: Sequence[str]) -> str:
    found = table(head, rows) if rows else "No bug is confirmed.\n"
    first = f"**{for_markdown(alarms[0])}** {for_markdown(' '.join(alarms[1:]))}\n\n" if alarms else ""
    return f"{first}### {for_markdown(title)}\n\n{for_markdown(said)}\n\n{found}"


def table(head: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    """Of untrusted texts and of numbers."""
    return raw_table(head, [[for_markdown(str(cell)) for cell in row] for row in rows])


def raw_table(head: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    """Of cells that are Markdown already."""
    return "".join(f"| {' | '.join(str(cell) for cell in line)} |\n" for line in (head, ["---"] * len(head), *rows))


def _accept(report: AnyReport) -> str:
    return f" {sentence(report['accept'])}" if report["accept"] else ""


def _joined(bug: str, also: str) -> str:
    return f"{bug}; {also}" if also else bug


def _base(b: BugRecord | Compared) -> str:
    return f"{b['besides']} {count(b['baseline'])}"
