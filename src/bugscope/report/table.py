"""Bugs as a CSV table, and as a short text in GitHub's Markdown for $GITHUB_STEP_SUMMARY."""

import csv
import io
import re
from collections.abc import Mapping, Sequence
from typing import Any

Record = Mapping[str, Any]

FOUND = (
    "id", "parent", "label", "description", "sentence", "prompt", "compared_with", "verdict", "predicted",
    "failures", "n", "rate", "low", "high",
    "baseline_failures", "baseline_n", "baseline_rate", "baseline_low", "baseline_high",
    "rise", "rise_low", "rise_high", "e_value", "minimal_description",
)  # fmt: skip
REPLAYED = (
    *FOUND, "before_failures", "before_n", "after_failures", "after_n", "only_before", "only_after",
    "p_fixed", "p_worse", "p_better", "needed", "message",
)  # fmt: skip
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠", "|", "%")
"""How a text may begin that a spreadsheet would compute."""
UNWRITABLE = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]+")
"""Characters that end a line, steer a terminal, or fit no file."""


def csv_table(report: Record) -> str:
    """One row a bug (of a probe: a prompt), from the report of a hunt, a probe or a replay; rates in [0, 1].

    A text that a spreadsheet would take for a formula gets an apostrophe before it.
    """
    columns = REPLAYED if report["kind"] == "replay" else FOUND
    file = io.StringIO()
    rows = csv.DictWriter(file, columns, lineterminator="\r\n")
    rows.writeheader()
    for bug in report["probed"] if report["kind"] == "probe" else report["bugs"]:
        rows.writerow({name: _cell(value) for name, value in _row(bug).items() if name in columns})
    return file.getvalue()


def _row(bug: Record) -> dict[str, Any]:
    base, rise = bug["baseline"], bug["rise"]
    return {
        **bug,
        "predicted": bug["predicted"][0]["label"] if bug["predicted"] else "",
        **{f"baseline_{k}": base[k] for k in ("failures", "n", "low", "high")},
        "baseline_rate": base["failures"] / base["n"] if base["n"] else None,
        "rise": rise["value"],
        "rise_low": rise["low"],
        "rise_high": rise["high"],
        **{f"{when}_{k}": bug[when][k] for when in ("before", "after") if when in bug for k in ("failures", "n")},
    }


def _cell(value: Any) -> Any:
    if not isinstance(value, str):
        return "" if value is None else value
    # a number is written by us; what is a text may come from a caption or a label
    text = UNWRITABLE.sub(" ", value)
    return f"'{text}" if text.strip().startswith(FORMULA) or value.startswith(FORMULA) else text


# --- Markdown -----------------------------------------------------------------------------------------------------------


def markdown(report: Record) -> str:
    """A heading, the counts and a table of the bugs; names and sentences are untrusted text and escaped."""
    return _replayed(report) if report["kind"] == "replay" else _found(report)


def _found(report: Record) -> str:
    probing = report["kind"] == "probe"
    bugs = report["probed"] if probing else report["bugs"]
    what = f"{len(bugs)} prompt{_s(bugs)} put to" if probing else f"{len(bugs)} confirmed bug{_s(bugs)} of"
    rows = [[b["id"], _called(b), _rate(b), _base(b), b["reason"] if probing else b["minimal_description"] or ""] for b in bugs]
    said = f"{report['hypotheses_tested']} descriptions tried, {report['images_generated']} pictures of {report['generator']}."
    head = ("", "prompt" if probing else "bug", "fails", "compared with", "verdict" if probing else "shortest description")
    return _page(f"Bugscope: {what} {report['target']}", said, head, rows)


def _replayed(report: Record) -> str:
    bugs, new = report["bugs"], report["new_failures"]
    title = f"Bugscope: {len(bugs)} bug{_s(bugs)} of {report['before']} put to {report['target']}"
    rows = [[b["id"], _called(b), MARKS[b["verdict"]] + b["verdict"], _rate(b), _base(b), _of(b["before"])] for b in bugs]
    page = _page(title, f"{report['summary']} ({report['pictures']} pictures).", (*HEAD, "before"), rows)
    broken = [r for r in new["labels"] if r["significant"]]
    if broken:
        rows = [
            [r["label"], f"{r['after']} of {r['n']}", f"{r['before']} of {r['n']}", f"{r['p_adjusted']:.2g}"] for r in broken
        ]
        page += "\n" + _table(("new failures on plain", "fail now", "before", "adjusted p"), rows)
    if new["bugs"]:
        rows = [[_called(b), _rate(b), _base(b), _of(b["before"])] for b in new["bugs"]]
        page += "\n" + _table(("new bug", "fails", "compared with", "before"), rows)
    if not (broken or new["bugs"]):
        page += "\nNo new failures beyond chance.\n"
    if report["unanswered"]:
        page += f"\n{report['unanswered']} pictures got no answer.\n"
    return page


HEAD = ("", "bug", "verdict", "fails", "compared with")
MARKS = {"fixed": "✅ ", "persists": "❌ ", "worse": "❌ ", "undecided": "❔ "}


def _page(title: str, said: str, head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    return f"### {_plain(title)}\n\n{_plain(said)}\n\n" + (_table(head, rows) if rows else "No bug is confirmed.\n")


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *([_plain(cell) for cell in row] for row in rows)]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def _plain(text: str) -> str:
    """Untrusted text so that GitHub's Markdown shows it as it is, on one line: no markup, no links, no mentions."""
    line = " ".join(UNWRITABLE.sub(" ", text).split())
    escaped = re.sub(r"([\\`*_{}\[\]<>#!|~$@:&^=])", r"\\\1", line)
    return re.sub(r"(?i)\bwww\.", r"www\\.", escaped)


def _called(b: Record) -> str:
    return b["sentence"] + (f" → {b['predicted'][0]['label']}" if b["predicted"] else "")


def _of(r: Record) -> str:
    return f"{r['failures']} of {r['n']}"


def _rate(b: Record) -> str:
    return f"{b['failures']} of {b['n']} ({100 * b['low']:.0f}–{100 * b['high']:.0f} %)"


def _base(b: Record) -> str:
    return f"{b['besides']} {b['baseline']['failures']} of {b['baseline']['n']}"


def _s(items: Sequence[Any]) -> str:
    return "" if len(items) == 1 else "s"
