"""Bugs as a JUnit XML file, which GitHub, GitLab, Jenkins and others read: one test case a bug.

Kept to what the common schemas share: properties stand with the suite, a case has at most a failure or is skipped.
"""

import re
from collections.abc import Collection, Mapping, Sequence
from typing import Any, NamedTuple
from xml.etree import ElementTree as ET

Record = Mapping[str, Any]
FORBIDDEN = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters that XML 1.0 cannot hold, or that its readers should not meet."""


def junit(report: Record, allow: Collection[str] = ()) -> str:
    """The file's text, from the report of a hunt, a probe or a replay.

    A hunt's confirmed bugs fail (without any, one case passes, since readers take an empty suite for a broken one). Of a
    probe each prompt is a case. Of a replay: bugs that are not fixed fail, and so do new failures; what `allow` lets pass, as
    in `Replay.exit_code`, is skipped.
    """
    cases = _replayed(report, allow) if report["kind"] == "replay" else _found(report)
    failures, skipped = (sum(case.result == wanted for case in cases) for wanted in ("failure", "skipped"))
    seconds = f"{report.get('seconds') or 0:.3f}"
    root = ET.Element("testsuites")
    suite = ET.SubElement(
        root,
        "testsuite",
        name=_clean(f"bugscope {report['kind']} {report['target']}"),
        id="0",
        package="bugscope",
        hostname="localhost",
        timestamp=str(report["created"])[:19],
        tests=str(len(cases)),
        failures=str(failures),
        errors="0",
        skipped=str(skipped),
        time=seconds,
    )
    properties = ET.SubElement(suite, "properties")
    for name in ("target", "before", "generator", "judge", "run", "run_id", "alpha", "margin", "seed", "fresh"):
        if name in report:
            ET.SubElement(properties, "property", name=name, value=_clean(str(report[name])))
    for case in cases:
        # readers take a dot for the border of a package
        place = _clean(f"bugscope.{case.label.replace('.', '_')}")
        element = ET.SubElement(suite, "testcase", name=_clean(case.name), classname=place, time="0")
        if case.result == "failure":
            failure = ET.SubElement(element, "failure", message=_clean(case.message), type=case.kind)
            failure.text = _clean("\n".join([case.message, *case.details]))
        elif case.result == "skipped":
            ET.SubElement(element, "skipped", message=_clean(case.message))
    ET.SubElement(suite, "system-out").text = _clean("\n".join(case.message for case in cases))
    ET.SubElement(suite, "system-err")
    ET.indent(root)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{ET.tostring(root, encoding="unicode")}\n'


class Case(NamedTuple):
    """`result`: passed, failure or skipped. `kind`: what kind of failure, in one word."""

    label: str
    name: str
    result: str
    kind: str
    message: str
    details: Sequence[str]


def _found(report: Record) -> list[Case]:
    cases = []
    for b in report["probed"] if report["kind"] == "probe" else report["bugs"]:
        result = "failure" if b["verdict"] == "confirmed" else "passed"
        cases.append(Case(b["label"], b["sentence"], result, "bug", _rates(b), _details(b)))
    tried = f"no bug is confirmed: {report['hypotheses_tested']} descriptions tried"
    return cases or [Case("hunt", "no bug is confirmed", "passed", "", tried, ())]


def _replayed(report: Record, allow: Collection[str]) -> list[Case]:
    cases = []
    for b in report["bugs"]:
        let_pass = b["verdict"] == "undecided" and "undecided" in allow
        result = "passed" if b["verdict"] == "fixed" else "skipped" if let_pass else "failure"
        cases.append(Case(b["label"], b["sentence"], result, b["verdict"], b["message"], _details(b)))
    bad = "skipped" if "new" in allow else "failure"
    for row in report["new_failures"]["labels"]:
        result = bad if row["significant"] else "passed"
        cases.append(Case(row["label"], f"new failures: {row['label']}", result, "new", row["message"], _pictures(row)))
    for b in report["new_failures"]["bugs"]:
        cases.append(Case(b["label"], f"new bug: {b['sentence']}", bad, "new", b["message"], _details(b)))
    return cases


def _rates(b: Record) -> str:
    called = f" -> {b['predicted'][0]['label']}" if b["predicted"] else ""
    base = b["baseline"]
    return (
        f"{b['sentence']}{called}: {b['failures']} of {b['n']} fail "
        f"({100 * b['level']:.0f} % CI {100 * b['low']:.0f}-{100 * b['high']:.0f} %), "
        f"{b['besides']} {base['failures']} of {base['n']}"
    )


def _details(b: Record) -> list[str]:
    said = [f"prompt: {b['prompt']}", f"compared with: {b['compared_with']}"]
    if b.get("minimal_description"):
        said.append(f"minimal description: {b['minimal_description']}")
    if explanation := b.get("explanation"):
        said += explanation["sentences"]
    return said + _pictures(b)


def _pictures(record: Record) -> list[str]:
    return [f"{x['image']}: {x['predicted']}" for x in record["examples"] if x["image"]]


def _clean(text: str) -> str:
    # a reader would make a line feed of a carriage return, but not where it stands in an attribute
    return FORBIDDEN.sub("", re.sub("\r\n?", "\n", text))
