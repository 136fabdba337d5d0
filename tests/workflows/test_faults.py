"""The table of faults: what a model does wrong, in which role, and what becomes of the run. docs/faults.md shows it.

Each cell is a hunt from the command line, small enough that a role is asked a few times. `once`: at one picture or question,
whenever it is asked about that, but not in its first answer. `always`: from the first question on.
"""

import io
import threading
from itertools import count
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import bugscope
from bugscope.app.cli import main
from bugscope.core.errors import Declined, Transient
from bugscope.engine.patience import Patience
from bugscope.testing import World
from bugscope.workflows import session

PICTURES = ("generator", "target", "captioner", "judge")
ROLES = (*PICTURES, "editor", "describer")
OPTIONS = ("--budget", "60", "--explain-budget", "24", "--pairs", "4", "--batch-size", "4", "--quiet")

LEFT_OUT = "left out"  # the run is finished, and its report counts the one question without an answer
REFUSED = "refused"  # the run is finished, and its report counts a picture that shows nothing
FINE = "fine"  # finished, nothing is missing
SAME = "the same"  # and it concludes what it does without the fault
STOPPED = "stopped"  # one line that names the role, a report that says why, and a folder that goes on to the same end
INTERRUPTED = "interrupted"  # likewise, as by Ctrl-C
CODES = {LEFT_OUT: 0, REFUSED: 0, FINE: 0, SAME: 0, STOPPED: 2, INTERRUPTED: 130}


def raising(make):
    def wrong(role, answer, inputs, where):
        raise make()

    return wrong


def recursion(role, answer, inputs, where):
    return recursion(role, answer, inputs, where)


def in_its_place(value):
    """One item's answer is `value`: of (role, right answer), or the value itself."""

    def wrong(role, answer, inputs, where):
        found = list(answer())
        for i in where:
            found[i] = value(role, found[i]) if callable(value) else value
        return found

    return wrong


def one_too_few(role, answer, inputs, where):
    return list(answer())[1:]


def yields(role, answer, inputs, where):
    return (item for item in answer())


def without_end(role, answer, inputs, where):
    found = list(answer())
    return (found[i % len(found)] for i in count())


def changes(role, answer, inputs, where):
    """What it was given, in place; then it fails where it would be asked again, in halves."""
    found = answer()
    several = role in PICTURES and len(inputs[0]) > 1
    for given in inputs:
        if isinstance(given, list):
            for item in given:
                image = getattr(item, "content", item)
                if isinstance(image, Image.Image):
                    image.paste((9, 9, 9), (0, 0, *image.size))
                if hasattr(item, "info") and not isinstance(item, Image.Image):
                    item.info["visible"] = 0.0
            given.clear()
    if several:
        raise ValueError("after it changed them")
    return found


def truncated(role, right):
    file = io.BytesIO()
    Image.fromarray(np.random.default_rng(0).integers(0, 255, (64, 64, 3), dtype=np.uint8)).save(file, "PNG")
    return Image.open(io.BytesIO(file.getvalue()[: len(file.getvalue()) // 2]))


def nan(role, right):
    return right * np.nan


def huge(role, right):
    if role == "generator":
        return Image.new("L", (8001, 8000))
    return np.asarray(right, float) * 1e300 if role in ("target", "judge") else "on snow " * 10**6


FAULTS = {
    "an exception": raising(lambda: ValueError("no such layer")),
    "an exception without a text": raising(ValueError),
    "out of memory": raising(lambda: MemoryError()),
    "recursion without end": recursion,
    "sys.exit(0)": raising(lambda: SystemExit(0)),
    "KeyboardInterrupt": raising(KeyboardInterrupt),
    "busy (429, 500, disconnect)": raising(lambda: Transient("try again later")),
    "declined": raising(lambda: Declined("content filter")),
    "NaN": in_its_place(nan),
    "None": in_its_place(None),
    "None for all": lambda *_: None,
    "one answer too few": one_too_few,
    "an empty text": in_its_place(" "),
    "a black picture": in_its_place(lambda role, right: Image.new("RGB", (8, 8))),
    "a truncated picture": in_its_place(truncated),
    "huge": in_its_place(huge),
    "yields": yields,
    "yields without end": without_end,
    "changes what it is given": changes,
    "hangs": lambda *_: threading.Event().wait(60),
}
RAISED = {"once": dict.fromkeys(PICTURES, LEFT_OUT) | {"describer": LEFT_OUT}, "always": dict.fromkeys(ROLES, STOPPED)}
# something else stands in for an editor or a describer that is out of reach; it is set up wrongly if it breaks
ABSENT = {"once": RAISED["once"], "always": dict.fromkeys(PICTURES, STOPPED) | {"editor": LEFT_OUT, "describer": LEFT_OUT}}
EVERYWHERE = {"once": dict.fromkeys(PICTURES, SAME), "always": dict.fromkeys(ROLES, SAME)}
TABLE = {
    "an exception": RAISED,
    "an exception without a text": RAISED,
    "out of memory": ABSENT,
    "recursion without end": RAISED,
    "sys.exit(0)": RAISED,
    "KeyboardInterrupt": {when: dict.fromkeys(ROLES, INTERRUPTED) for when in ("once", "always")},
    "busy (429, 500, disconnect)": ABSENT,
    "declined": ABSENT,
    "NaN": {"once": {"target": LEFT_OUT, "judge": LEFT_OUT}, "always": {"target": STOPPED, "judge": STOPPED}},
    "None": {
        "once": dict.fromkeys(PICTURES, LEFT_OUT),
        "always": dict.fromkeys(ROLES, STOPPED),
    },
    "None for all": RAISED,
    "one answer too few": {
        "once": dict.fromkeys(PICTURES, LEFT_OUT),
        "always": dict.fromkeys((*PICTURES, "editor"), STOPPED),
    },
    "an empty text": {
        "once": {"captioner": LEFT_OUT, "describer": LEFT_OUT},
        "always": {"captioner": STOPPED, "describer": STOPPED},
    },
    "a black picture": {"once": {"generator": REFUSED}, "always": {"generator": STOPPED}},
    "a truncated picture": {"once": {"generator": LEFT_OUT}, "always": {"generator": STOPPED}},
    "huge": {
        "once": {"generator": REFUSED, "target": FINE, "captioner": FINE, "judge": LEFT_OUT},
        "always": {"generator": STOPPED, "target": FINE, "captioner": FINE, "judge": STOPPED, "describer": FINE},
    },
    "yields": EVERYWHERE,
    "yields without end": {
        "once": dict.fromkeys(PICTURES, LEFT_OUT),
        "always": dict.fromkeys((*PICTURES, "editor"), STOPPED) | {"describer": FINE},
    },
    "changes what it is given": EVERYWHERE,
    "hangs": {"once": dict.fromkeys(PICTURES, STOPPED), "always": dict.fromkeys(ROLES, STOPPED)},
}  # fmt: skip
CELLS = [
    (fault, when, role, outcome)
    for fault, rows in TABLE.items()
    for when, row in rows.items()
    for role, outcome in row.items()
    if not (when == "once" and role == "editor")  # it is asked one question
]
FAST = {
    ("an exception", "once", "generator"),
    ("an exception without a text", "once", "captioner"),
    ("sys.exit(0)", "once", "target"),
    ("out of memory", "once", "judge"),
    ("recursion without end", "always", "describer"),
    ("KeyboardInterrupt", "once", "target"),
    ("declined", "always", "target"),
    ("NaN", "once", "target"),
    ("None", "once", "generator"),
    ("None for all", "always", "judge"),
    ("one answer too few", "once", "captioner"),
    ("an empty text", "once", "captioner"),
    ("a black picture", "once", "generator"),
    ("a truncated picture", "once", "generator"),
    ("yields", "always", "describer"),
    ("yields without end", "always", "generator"),
    ("changes what it is given", "always", "captioner"),
    ("hangs", "always", "target"),
}
"""Each fault in one role; the others are in the slow suite."""


class Words:
    """An editor or a describer: each phrase has one other, failures have one thing in common."""

    def __init__(self, role):
        self.id, self.role = f"world/{role}", role

    def __call__(self, *inputs):
        return self.call(*inputs)

    def call(self, label, *given):
        return [["on sand"] for _ in given[0]] if self.role == "editor" else ["on snow"]


def roles():
    made = World(labels=("mug",), planted={"snow": 1.0}, prior=0.15, base=0.0).roles()
    return made | {role: Words(role) for role in ("editor", "describer")}


def identities(role, inputs):
    """What tells the items of a question apart, also when they are asked about again, in another batch."""
    if role not in PICTURES:
        return [repr(inputs)]
    items = inputs[1] if role == "generator" else inputs[0]
    return [i if isinstance(i, int) else np.asarray(getattr(i, "content", i))[15].tobytes() for i in items]


def faulty(fault, when, role, poison):
    """The roles, one of them with a fault. `poison`: what it breaks at; the same in the next session."""
    made = roles()
    real, calls = made[role].call, []

    def call(*inputs):
        calls.append(1)
        found = identities(role, inputs)
        if when == "once" and len(calls) > 1:
            poison.extend(found[: 1 - len(poison)])
        where = range(len(found)) if when == "always" else [i for i, one in enumerate(found) if one in poison]
        if not where:
            return real(*inputs)
        if role not in PICTURES:  # the answer is a list of texts, each of which is wrong
            return FAULTS[fault](role, lambda: real(*inputs), inputs, [0])
        return FAULTS[fault](role, lambda: real(*inputs), inputs, where)

    made[role].call = call
    return made


@pytest.fixture
def hunt(tmp_path, monkeypatch, capsys):
    """(exit code, stderr, report) of a hunt from the command line."""
    loaded = session.load_models
    patient = Patience.__init__
    monkeypatch.setattr(Patience, "__init__", lambda self, sleep=None, before=(): patient(self, lambda seconds: None, before))

    def run(models, *options):
        with monkeypatch.context() as patch, pytest.raises(SystemExit) as end:
            patch.setattr(session, "load_models", lambda settings, given=None: loaded(settings, models))
            main(["hunt", "mug", "--out", str(tmp_path / "r"), *OPTIONS, *options])
        out, err = capsys.readouterr()
        assert "Traceback" not in out + err
        return end.value.code or 0, err, bugscope.load(tmp_path / "r").report

    return run


def concluded(report):
    return {part: report[part] for part in ("bugs", "folded", "rejected", "hypotheses_tested", "undecided", "across")}


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A run without a fault."""
    folder = tmp_path_factory.mktemp("whole") / "r"
    run = bugscope.hunt("mug", folder, budget=60, explain_budget=24, pairs=4, batch_size=4, **roles())
    assert run.bugs and run.report["finished"]
    return run.report


@pytest.mark.parametrize(
    ("fault", "when", "role", "outcome"),
    [pytest.param(*cell, marks=() if cell[:3] in FAST else pytest.mark.slow, id=" ".join(cell[:3])) for cell in CELLS],
)
def test_what_becomes_of_a_run(hunt, whole, fault, when, role, outcome):
    poison = []
    code, err, report = hunt(faulty(fault, when, role, poison), *(("--timeout", "3") if fault == "hangs" else ()))
    assert (code, report["finished"]) == (CODES[outcome], CODES[outcome] == 0), err
    missing = {row["role"]: row["n"] for row in report["no_answer"]}
    turned_down = sum(row["flagged"] for row in report["labels"])
    if code == 0:
        assert err == "" and report["error"] is None
        assert missing == ({role: missing.get(role)} if outcome is LEFT_OUT else {}) and None not in missing.values()
        assert bool(turned_down) == (outcome is REFUSED)
        if when == "once":
            assert sum(missing.values()) + turned_down == (outcome in (LEFT_OUT, REFUSED))
        if outcome is SAME:
            assert concluded(report) == concluded(whole)
        return
    (line,) = err.splitlines()
    assert "bugscope resume" in line
    if outcome is STOPPED:
        assert line.startswith(f"bugscope: {role} world/{role} ") and report["error"] and report["error"] in line
    assert concluded(hunt(roles())[2]) == concluded(whole)


def row(fault):
    """The fault's line in the documentation."""
    cells = []
    for when in ("once", "always"):
        found = TABLE[fault][when]
        by_outcome = {outcome: [role for role in found if found[role] is outcome] for outcome in dict.fromkeys(found.values())}
        alike = len(by_outcome) == 1 and set(ROLES if when == "always" else PICTURES) <= set(found)
        cells.append("; ".join(o if alike else f"{o} ({', '.join(which)})" for o, which in by_outcome.items()))
    return f"| {fault} | {' | '.join(cells)} |"


def test_the_documentation_has_the_table():
    page = (Path(__file__).parents[2] / "docs" / "faults.md").read_text(encoding="utf-8")
    lacking = [row(fault) for fault in TABLE if row(fault) not in page]
    assert not lacking, "\n".join(lacking)
