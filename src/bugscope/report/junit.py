"""Bugs as a JUnit XML file, which GitHub, GitLab, Jenkins and others read: one test case per bug, which names what else has
its cause.

Kept to what the common schemas share: properties stand with the suite, a case has at most a failure or is skipped.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime
from typing import Literal, NamedTuple
from xml.etree import ElementTree as ET

from ..stats import nearly_always
from ..store.ledger import read_rate
from .baseline import lines
from .folding import by_home, under
from .plain import for_xml
from .records import AnyReport, BaselineRecord, BugRecord, Compared, NewFailure, ReplayReport, Report
from .replay_words import let_pass
from .words import also, called, count, failing, interruptions, name

Result = Literal["passed", "failure", "error", "skipped"]
STATED = ("target", "before", "generator", "judge", "run", "run_id", "alpha", "margin", "seed", "fresh")
"""Keys of a report that are properties of the suite."""


def junit(report: AnyReport, allow: Collection[str] = ()) -> str:
    """The file's text, from the report of a hunt, a probe or a replay.

    Plain pictures come first, a case for each label and one for all together: it fails where they fail nearly always, and is
    skipped where they are too few to say it. A run that a model has ended is an error. A hunt's confirmed bugs fail; that there
    are none passes only if the run is finished and plain pictures were measured. Each prompt of a probe is a case. In a replay,
    bugs that are not fixed fail, and so do new failures; what `allow` lets pass, as in `Replay.exit_code`, is skipped.
    """
    cases = _replayed(report, allow) if report["kind"] == "replay" else _found(report)
    values: Mapping[str, object] = report
    stated = {key: values[key] for key in STATED if key in values}
    seconds = report.get("seconds") or 0
    return _file(f"{report['kind']} {name(report)}", cases, str(report["created"])[:19], seconds, stated)


def ended(kind: str, run: str, message: str) -> str:
    """The file's text where a model has ended a replay (`kind`) of a run: there is nothing to tell but that it is an error."""
    case = TestCase(kind, "the run ends", "error", "model", message, ())
    return _file(f"{kind} of {run}", [case], datetime.now(UTC).isoformat(timespec="seconds")[:19], 0, {"run": run})


def _file(title: str, cases: Sequence["TestCase"], created: str, seconds: float, stated: Mapping[str, object]) -> str:
    failures, errors, skipped = (sum(case.result == wanted for case in cases) for wanted in ("failure", "error", "skipped"))
    root = ET.Element("testsuites")
    suite = ET.SubElement(
        root,
        "testsuite",
        name=for_xml(f"bugscope {title}"),
        id="0",
        package="bugscope",
        hostname="localhost",
        timestamp=created,
        tests=str(len(cases)),
        failures=str(failures),
        errors=str(errors),
        skipped=str(skipped),
        time=f"{seconds:.3f}",
    )
    properties = ET.SubElement(suite, "properties")
    for key, value in stated.items():
        ET.SubElement(properties, "property", name=key, value=for_xml(str(value)))
    for case in cases:
        _add(suite, case)
    ET.SubElement(suite, "system-out").text = for_xml("\n".join(case.message for case in cases))
    ET.SubElement(suite, "system-err")
    ET.indent(root)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{ET.tostring(root, encoding="unicode")}\n'


class TestCase(NamedTuple):
    """`kind`: what kind of failure, in one word."""

    label: str
    name: str
    result: Result
    kind: str
    message: str
    details: Sequence[str]


def _add(suite: ET.Element, case: TestCase) -> None:
    # readers take a dot for the border of a package
    place = for_xml(f"bugscope.{case.label.replace('.', '_')}")
    element = ET.SubElement(suite, "testcase", name=for_xml(case.name), classname=place, time="0")
    if case.result in ("failure", "error"):
        failure = ET.SubElement(element, case.result, message=for_xml(case.message), type=case.kind)
        failure.text = for_xml("\n".join([case.message, *case.details]))
    elif case.result == "skipped":
        ET.SubElement(element, "skipped", message=for_xml(case.message))


def _plain(report: AnyReport, before: BaselineRecord | None = None) -> list[TestCase]:
    """Whether plain pictures fail nearly always: of all labels together, then label by label.

    `before`: those of a replayed run's own target. What failed there as well is skipped.
    """
    base = report["baseline"]
    if not base["labels"]:  # a probe may compare with other prompts alone
        return []
    known = {row["label"] for row in before["labels"] if row["verdict"] == "failing"} if before else set()
    old = before is not None and before["verdict"] == "all"
    message = " ".join(lines(base)) or f"plain pictures: {failing(base['pooled'])}"
    cases = [TestCase(report["kind"], "plain pictures", _result(base["verdict"], old), "plain", message, ())]
    for row in base["labels"]:
        told = [f"says: {x['label']}" for x in row["predicted"]]
        result = _result(row["verdict"], row["label"] in known)
        cases.append(TestCase(row["label"], f"plain pictures: {row['label']}", result, "plain", row["message"], told))
    return cases


def _result(verdict: str, known: bool) -> Result:
    if verdict in ("all", "failing"):
        return "skipped" if known else "failure"
    return "skipped" if verdict in ("unknown", "few") else "passed"


def _found(report: Report) -> list[TestCase]:
    cases, homes = _plain(report), by_home(report["folded"])
    if report["error"]:
        cases.insert(0, TestCase(report["kind"], "the run ends", "error", "model", report["error"], interruptions(report)[1:]))
    for b in report["probed"] if report["kind"] == "probe" else report["bugs"]:
        no_room = nearly_always(read_rate(b["baseline"]))
        result: Result = "failure" if b["verdict"] == "confirmed" else "skipped" if no_room or not b["n"] else "passed"
        why = b["explanation"]["sentences"] if b["explanation"] else []
        same = under(b, homes)
        rates = _rates(b) + (f"; {b['reason']}" if no_room else "")
        message = "; ".join([rates, also(same)] if same else [rates])
        details = [*_details(b, b["minimal_description"], why), *(f"also: {_rates(other)}" for other in same)]
        cases.append(TestCase(b["label"], b["sentence"], result, "bug", message, details))
    if report["kind"] == "hunt" and not report["bugs"]:
        tried = f"no bug is confirmed: {report['hypotheses_tested']} descriptions tried"
        silent = not report["finished"] or report["baseline"]["verdict"] in ("all", "unknown")
        nothing: Result = "skipped" if silent else "passed"
        cases.append(TestCase("hunt", "no bug is confirmed", nothing, "", tried, ()))
    return cases


def _rates(b: BugRecord) -> str:
    return f"{called(b)}: {failing(b)}, {b['besides']} {count(b['baseline'])}"


def _replayed(report: ReplayReport, allow: Collection[str]) -> list[TestCase]:
    cases, homes = _plain(report, report["baseline_before"]), by_home(report["folded"])
    for b in report["bugs"]:
        result: Result = "passed" if b["verdict"] == "fixed" else "skipped" if let_pass(b, allow) else "failure"
        others = [f"also: {other['message']}" for other in under(b, homes)]
        details = [*_details(b, b["minimal_description"]), *others]
        cases.append(TestCase(b["label"], b["sentence"], result, b["verdict"], b["message"], details))
    bad: Result = "skipped" if "new" in allow else "failure"
    for row in report["new_failures"]["labels"]:
        result = bad if row["significant"] else "passed"
        name = f"new failures: {row['label']}"
        cases.append(TestCase(row["label"], name, result, "new", row["message"], _pictures(row)))
    for new in report["new_failures"]["bugs"]:
        cases.append(TestCase(new["label"], f"new bug: {new['sentence']}", bad, "new", new["message"], _details(new)))
    return cases


def _details(b: BugRecord | Compared, minimal: str | None = None, why: Sequence[str] = ()) -> list[str]:
    said = [f"prompt: {b['prompt']}", f"compared with: {b['compared_with']}"]
    said += [f"minimal description: {minimal}"] if minimal else []
    return [*said, *why, *_pictures(b)]


def _pictures(record: BugRecord | Compared | NewFailure) -> list[str]:
    return [f"{x['image']}: {x['predicted']}" for x in record["examples"] if x["image"]]
