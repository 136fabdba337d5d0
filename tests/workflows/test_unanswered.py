"""Runs whose models do not answer, or not for one picture: they stop and say why, or go on, and lose nothing."""

import json
from xml.etree import ElementTree as ET

import numpy as np
import pytest

import bugscope
from bugscope.app.cli import main
from bugscope.core.errors import Declined, Transient
from bugscope.core.records import Refused
from bugscope.engine.patience import Patience
from bugscope.engine.standing import Unanswered
from bugscope.report.junit import junit
from bugscope.store.folder import Store
from bugscope.testing import World
from bugscope.workflows.progress import Progress
from bugscope.workflows.replay import replay

OPTIONS = {"budget": 120, "explain_budget": 40, "batch_size": 8}
ROLES = ("generator", "target", "captioner", "judge")


@pytest.fixture(autouse=True)
def waits(monkeypatch):
    """Seconds that would have been waited."""
    found: list[float] = []
    made = Patience.__init__

    def quick(self, sleep=None, before=()):
        made(self, sleep or found.append, before)

    monkeypatch.setattr(Patience, "__init__", quick)
    return found


def world():
    return World(labels=("mug", "pot"), planted={"snow": 0.95}, prior=0.1)


def roles(**changed):
    """A world's roles; `changed`: functions in their place, under their names."""
    made = world().roles()
    for role, call in changed.items():
        made[role].call = call
    return made


def raising(error):
    def call(*inputs):
        raise error

    return call


def hunt(folder, **changed):
    return bugscope.hunt(["mug", "pot"], folder, **OPTIONS, **roles(**changed))


def concluded(report):
    return {part: report[part] for part in ("bugs", "folded", "rejected", "hypotheses_tested", "undecided", "across")}


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A run in which every model answers."""
    return bugscope.hunt(["mug", "pot"], tmp_path_factory.mktemp("runs") / "whole", **OPTIONS, **world().roles()).report


# --- a role that never answers -----------------------------------------------------------------------------------------------


SILENT = [
    (Transient("the server is down"), "the server is down", ROLES),
    (Transient("come back in an hour", 3600.0), "come back in an hour", ("judge",)),
    (MemoryError("out of memory"), "MemoryError: out of memory", ("target",)),
    (Declined("content filter"), "content filter", ROLES),
    (ValueError("no such layer"), "ValueError: no such layer", ("captioner",)),
    (SystemExit(0), "raised sys.exit(0)", ("generator", "target")),
]


@pytest.mark.parametrize(("error", "reason", "role"), [(e, why, role) for e, why, roles in SILENT for role in roles])
def test_a_role_that_never_answers_ends_the_run_and_it_goes_on_once_it_does(tmp_path, waits, whole, error, reason, role):
    with pytest.raises(Unanswered) as raised:
        hunt(tmp_path / "r", **{role: raising(error)})
    said = str(raised.value)
    assert said.startswith(f"{role} world/{role} ") and reason in said and "\n" not in said
    assert said.endswith(f"all answers so far are kept. To go on: bugscope resume {tmp_path / 'r'}")
    assert raised.value.run == tmp_path / "r" and sum(waits) <= 600
    half = bugscope.load(tmp_path / "r")
    assert not half.report["finished"] and reason in half.report["error"] and not half.report["stopped"]
    assert f"Stopped: {role} world/{role} " in (half.path / "report.html").read_text()
    suite = ET.fromstring(junit(half.report).encode())[0]
    assert suite.get("errors") == "1" and reason in suite.find("testcase/error").get("message")
    assert not any(case.get("name") == "no bug is confirmed" and not len(case) for case in suite.iter("testcase"))
    drawn = half.report["images_generated"]
    # the same again, while it is still down
    with pytest.raises(Unanswered):
        hunt(tmp_path / "r", **{role: raising(error)})
    assert bugscope.load(tmp_path / "r").report["images_generated"] >= drawn
    done = hunt(tmp_path / "r").report
    assert done["finished"] and done["error"] is None and done["no_answer"] == []
    assert concluded(done) == concluded(whole)


def test_a_generator_that_refuses_every_picture_of_every_label_is_given_up_and_one_prompt_is_not(tmp_path, whole):
    def refusing(wanted):
        return lambda prompts, seeds: [
            Refused("content filter") if wanted(p) else made
            for p, made in zip(prompts, world().generator(prompts, seeds), strict=True)
        ]

    with pytest.raises(
        Unanswered, match="generator world/generator has not made one of .* whatever the prompt: content filter"
    ):
        hunt(tmp_path / "all", generator=refusing(lambda prompt: True))
    assert concluded(hunt(tmp_path / "all").report) == concluded(whole), "refusals are asked for again"
    for part in ("pot", " at night"):
        run = hunt(tmp_path / part, generator=refusing(lambda prompt, part=part: part in prompt))
        assert run.report["finished"] and sum(row["flagged"] for row in run.report["labels"]) > 0


def test_a_small_probe_in_which_nothing_was_measured_is_an_error(tmp_path):
    prompt = "a photo of a mug on snow"
    for name, changed in (
        ("declined", {"target": raising(Declined("no"))}),
        ("refused", {"generator": lambda prompts, seeds: [Refused("no")] * len(prompts)}),
    ):
        with pytest.raises(Unanswered, match=f"To go on: run the same probe again with --out {tmp_path / name}"):
            bugscope.probe(prompt, "mug", tmp_path / name, n=4, **roles(**changed))
        assert not bugscope.load(tmp_path / name).report["finished"]
        assert bugscope.probe(prompt, "mug", tmp_path / name, n=4, **roles()).report["finished"]


def test_a_target_that_never_answers_is_no_replay(tmp_path, monkeypatch, capsys):
    run = hunt(tmp_path / "r")
    silent = roles(target=raising(Declined("wrong key")))["target"]
    silent.id = "world/silent"
    with pytest.raises(Unanswered, match="target world/silent .*: wrong key; .* To go on: replay again"):
        replay(run, silent)
    with pytest.raises(Unanswered, match="target world/silent .*: wrong key; .* To go on: transfer again"):
        bugscope.transfer(run, [silent])
    monkeypatch.setattr("bugscope.core.registry.load", lambda kind, spec, options=None: silent)
    with pytest.raises(SystemExit) as stop:
        main(["replay", str(run.path), "--target", "any", "--quiet", "--junit", str(tmp_path / "bugs.xml")])
    (line,) = capsys.readouterr().err.splitlines()
    suite = ET.parse(tmp_path / "bugs.xml").getroot()[0]
    assert stop.value.code == 2 and suite.get("errors") == suite.get("tests") == "1"
    assert suite.find("testcase/error").get("message") in line and "wrong key" in line


def test_a_listener_hears_whom_it_waits_for(tmp_path, waits):
    heard: list[Progress] = []
    with pytest.raises(Unanswered):
        bugscope.hunt(
            ["mug"], tmp_path / "r", progress=heard.append, **OPTIONS, **roles(generator=raising(Transient("busy", 30.0)))
        )
    told = [now.waiting for now in heard if now.waiting]
    assert told and told[0] == f"waiting {round(waits[0])} s for the generator world/generator: busy"
    assert bugscope.load(tmp_path / "r").report["waited"] == pytest.approx(sum(waits), abs=0.1)
    assert "Models were waited for" in (tmp_path / "r" / "report.html").read_text()


# --- one picture that a model cannot answer for -----------------------------------------------------------------------------


def picky(role, error, poison):
    """The role's answers, but for one picture that it breaks at."""
    call = world().roles()[role].call

    def key(item):
        return item if isinstance(item, int) else np.asarray(getattr(item, "content", item))[15].tobytes()

    def answer(*inputs):
        found = {key(item) for item in (inputs[1] if role == "generator" else inputs[0])}
        poison.extend(sorted(found)[: 1 - len(poison)])
        if poison[0] not in found:
            return call(*inputs)
        if isinstance(error, BaseException):
            raise error
        made = list(call(*inputs))
        where = [key(item) for item in (inputs[1] if role == "generator" else inputs[0])].index(poison[0])
        return [error if i == where else a for i, a in enumerate(made)]

    return answer


WRONG = [*((role, wrong) for role in ROLES for wrong in (ValueError("boom"), "unusable")), ("target", SystemExit(0)),
         ("generator", MemoryError()), ("captioner", ValueError())]  # fmt: skip


@pytest.mark.parametrize(("role", "wrong"), WRONG)
def test_one_picture_without_an_answer_ends_no_run(tmp_path, role, wrong):
    unusable = {"generator": "no picture", "target": [float("nan")] * 3, "captioner": " ", "judge": float("nan")}[role]
    poison: list[object] = []
    for _ in range(2):  # also where it fails again when the run goes on
        run = hunt(tmp_path / "r", **{role: picky(role, unusable if wrong == "unusable" else wrong, poison)})
        assert run.report["finished"] and run.report["error"] is None
        (missing,) = run.report["no_answer"]
        assert (missing["role"], missing["n"]) == (role, 1) and missing["reason"]
        assert sum(row["errored"] for row in run.report["labels"]) == (role != "captioner")
        assert f"The {role} gave no answer to 1 question: " in (run.path / "report.html").read_text()
    done = hunt(tmp_path / "r")
    assert done.report["finished"] and done.report["no_answer"] == []


# --- words -----------------------------------------------------------------------------------------------------------------


class Yielding:
    id = "test/yielding"

    def __init__(self, *texts):
        self.texts, self.asked = texts, 0

    def __call__(self, label, failures, successes):
        self.asked += 1
        yield from self.texts


def test_a_describer_that_yields_is_heard(tmp_path):
    describer = Yielding("on snow", "at night")
    bugscope.hunt(["mug", "pot"], tmp_path / "r", **OPTIONS, **roles(), describer=describer)
    with Store.open(tmp_path / "r") as store:
        kept = [json.loads(value) for (value,) in store.db.execute("select value from answers where role='describer'")]
    assert describer.asked and kept == [["on snow", "at night"]] * len(kept) and kept


def test_a_describer_that_never_has_an_answer_is_not_dropped_without_a_word(tmp_path):
    for name, texts in (("blank", [" "]), ("raising", None)):
        describer = Yielding(*(texts or ()))
        if texts is None:
            describer.__class__ = type("Raising", (Yielding,), {"__call__": raising(RuntimeError("no key"))})
        with pytest.raises(Unanswered, match="describer test/yielding (gave|raised|answered none)"):
            bugscope.hunt(["mug", "pot"], tmp_path / name, **OPTIONS, **roles(), describer=describer)
        report = bugscope.load(tmp_path / name).report
        assert not report["finished"] and report["error"]
