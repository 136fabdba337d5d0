"""Other models on a run's pictures: only they are asked, once, and the numbers are those of the pictures."""

import json
import random
import re
import sys
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from scipy.stats import beta

import bugscope
from bugscope.app.cli import main
from bugscope.core import label_files
from bugscope.core.errors import BugscopeError, Declined, SpecError, StoreError
from bugscope.core.labels import imagenet, wordnet_ids
from bugscope.core.records import Rate
from bugscope.engine.models import Recorded
from bugscope.report.transfer import SETS, BugRow, Cell, Column, Transfer
from bugscope.stats import holm
from bugscope.store.folder import Store
from bugscope.testing import World
from bugscope.workflows.transfer import transfer
from support.reports import chance
from support.runs import copied, trying
from support.worlds import ABOVE, RED, SNOW

LABELS = ("cab", "goblet")
PLANTED = {"snow": 0.95, "above": 0.9}


def world(**changes):
    return World(**{"labels": LABELS, "planted": PLANTED, "prior": 0.05, **changes})


class Model:
    """A target of the world under names of its own; counts the pictures that it sees."""

    def __init__(self, id, names=(*LABELS, "bowl"), decline=0.0, **changes):
        self.id, self.labels, self.world, self.decline, self.seen = id, names, world(**changes), decline, 0

    def __call__(self, images):
        if any(chance(i) < self.decline for i in images):
            raise Declined("no answer")
        self.seen += len(images)
        return self.world.classify(images)


def twin(id="twin", **options):
    """Wrong on just the pictures that the run's own is wrong on."""
    return Model(id, **options)


def better(id="better", **options):
    return Model(id, planted={"above": 0.9}, **options)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    w = world()
    run = bugscope.hunt(LABELS, tmp_path_factory.mktemp("runs") / "run", budget=400, **w.roles())
    assert len(run.bugs) >= 3
    return w, run


@pytest.fixture
def run(made):
    return made[1]


def tried(run, numbers):
    """The confirmed descriptions of these numbers, folded ones too."""
    known = {x.number: x for b in run.bugs for x in (b, *b.also)}
    assert set(known) == set(numbers)
    return [known[number] for number in numbers]


def interval(k, n):
    low = beta.ppf(0.025, k, n - k + 1) if k else 0.0
    high = beta.ppf(0.975, k + 1, n - k) if k < n else 1.0
    return pytest.approx((low, high), abs=1e-6)


def frame_of(run, purpose, label, prompt):
    frame = run.samples()
    mine = frame[(frame.purpose == purpose) & (frame.label == label) & (frame.prompt == prompt)]
    return mine[mine.status.isin(["failure", "success"])]


def test_a_run_in_a_folder_whose_name_is_not_utf_8_is_written_down(made, tmp_path):
    w, run = made
    folder = tmp_path / "Gl\udcfcck"
    try:
        copied(run, folder)
    except (OSError, UnicodeEncodeError):
        pytest.skip("no such names here")
    page = bugscope.transfer(folder, [w.roles()["target"]]).write(tmp_path / "out")
    assert "Gl\ufffdck" in page.with_suffix(".json").read_text(encoding="utf-8")


def test_a_twin_shares_every_bug_and_a_better_model_lacks_those_on_snow(made):
    w, run = made
    calls = w.calls
    with Store.open(run.path) as store:
        before = {role: store.db.execute("select count(*) from answers where role=?", (role,)).fetchone() for role in ROLES}
    found = transfer(run, [twin(), better()])
    assert found.models == ("world/target", "twin", "better")
    snowy = 0
    for bug in run.bugs:
        own, same, other = (found.cell(m, bug.number) for m in found.models)
        assert same.rate == own.rate and (own.rate.k, own.rate.n) == (bug.failures, bug.n)
        assert (same.carried.k, same.carried.n) == (bug.failures, bug.failures)
        assert same.only_own == same.only_this == 0 and same.p_differs == 1.0
        assert found.has(same) and found.differs(same) == 0
        assert (own.baseline.k, own.baseline.n) == (bug.baseline_failures, bug.baseline_n) or "." in bug.number
        # without the snow nothing is left of the bug
        if "snow" in bug.sentence and "above" not in bug.sentence:
            snowy += 1
            assert other.rate.k < own.rate.k and other.carried.k < 0.4 * other.carried.n
            assert not found.has(other)
        assert found.has(other) == ("above" in bug.sentence)
    assert snowy
    columns = {c.model: c for c in found.columns}
    fooled = int((run.samples().status == "failure").sum())
    assert columns["twin"].adversarial.k == columns["twin"].adversarial.n <= fooled
    assert 0 < columns["better"].adversarial.k < columns["better"].adversarial.n
    # nothing was drawn, judged or captioned
    with Store.open(run.path) as store:
        after = {role: store.db.execute("select count(*) from answers where role=?", (role,)).fetchone() for role in ROLES}
    assert after == before and w.calls == calls


ROLES = ("generator", "judge", "captioner")


def test_sets_of_pictures_are_what_they_are_called(run):
    found = transfer(run, [twin(), better()])
    frame = run.samples()
    frame = frame[frame.status.isin(["failure", "success"])].drop_duplicates(["label", "image"])
    plain = frame[frame.prompt.isin([f"a photo of a {label}" for label in LABELS]) & frame.purpose.isin(["explore", "confirm"])]
    assert not any("." in b.number for b in run.bugs), "sharper descriptions have pictures of another purpose"
    every = [x for b in run.bugs for x in (b, *b.also)]
    shown = frame.prompt.isin([b.record["prompt"] for b in every]) & frame.purpose.isin(["confirm", "explain"])
    bugs = frame[shown & (frame.status == "failure")]
    counts = {"plain": len(plain), "chance": (plain.status == "failure").sum(), "bugs": len(bugs)}
    counts["all"] = (frame.status == "failure").sum()
    own, same, other = found.columns
    for name in SETS:
        assert own.sets[name].n == same.sets[name].n == other.sets[name].n == counts[name] > 0
        assert own.given(name) == (name != "plain") and not same.given(name)
        assert (other.sets[name].low, other.sets[name].high) == interval(other.sets[name].k, other.sets[name].n)
    assert own.sets["plain"].k == counts["chance"]
    assert all(own.sets[name].value == 1.0 for name in SETS if name != "plain")
    # what the bugs induce carries over to the model that has one of them, and not all of it
    assert 0 < other.sets["bugs"].k < other.sets["bugs"].n
    text = str(found)
    assert f"{counts['bugs']:,} of {counts['bugs']:,}, by construction" in text


def test_every_picture_says_who_errs_on_it(run):
    found = transfer(run, [twin(), better()])
    rows = found.pictures()
    frame = run.samples()
    shown = frame[frame.status.isin(["failure", "success"])]
    key = ["label", "prompt", "purpose", "replicate", "seed", "image"]
    assert sorted(tuple(r[k] for k in key) for r in rows) == sorted(shown[key].itertuples(index=False, name=None))
    for row in rows:
        assert set(row["wrong"]) == {"world/target", "twin", "better"}
        assert row["wrong"]["twin"] == row["wrong"]["world/target"]
    assert sum(r["wrong"]["world/target"] for r in rows) == (shown.status == "failure").sum()
    quiet = transfer(run, [Model("m", decline=0.5)])
    assert None in [r["wrong"]["m"] for r in quiet.pictures()]


def test_intervals_are_clopper_pearsons_and_the_reports_own_is_the_reports(run):
    found = transfer(run, better("intervals", base=0.2))
    for bug in run.bugs:
        cell = found.cell("intervals", bug.number)
        for r in (cell.rate, cell.baseline, cell.carried, cell.later):
            assert (r.low, r.high) == interval(r.k, r.n) or r.n == 0
    for row, bug in zip(found.bugs, tried(run, [row.id for row in found.bugs]), strict=True):
        assert row.own == Rate(bug.failures, bug.n, bug.low, bug.high, 0.95)


def test_all_pictures_of_a_bugs_prompt_are_shown_right_ones_too(run):
    found = transfer(run, twin())
    for row, bug in zip(found.bugs, tried(run, [row.id for row in found.bugs]), strict=True):
        purpose = "refine" if "." in bug.number else "confirm"
        mine = frame_of(run, purpose, bug.label, bug.record["prompt"])
        assert {x.image for x in row.verdict} <= set(mine.image)
        assert (len(row.verdict), sum(x.wrong for x in row.verdict)) == (bug.n, bug.failures)
        assert {x.image for x in row.later} <= set(frame_of(run, "explain", bug.label, bug.record["prompt"]).image)
        assert not {x.image for x in row.later} & {x.image for x in row.verdict}
    later = [row for row in found.bugs if row.later]
    assert later, "the hunt explains its bugs on the same prompt, with other seeds"
    for row in found.bugs:
        assert found.cell("twin", row.id).tests == ("later" if row.later else "verdict")


def test_asking_again_costs_nothing_and_a_new_model_is_asked_of_each_picture_once(run):
    first, second = twin("kept"), twin("kept")
    found = transfer(run, [first])
    shown = run.samples().status.isin(["failure", "success"]).sum()
    assert first.seen == shown
    assert transfer(run.path, second).to_dict() == found.to_dict()
    assert second.seen == 0
    # the run is what it was
    assert bugscope.load(run.path).report == run.report


@pytest.mark.slow
def test_a_run_that_can_only_be_read_is_shown_to_others_all_the_same(run, tmp_path, monkeypatch):
    monkeypatch.setattr("os.access", lambda path, mode: False)
    before = (run.path / "run.sqlite").read_bytes()
    model = twin("from afar")
    first = transfer(run, model, out=tmp_path / "t")
    seen = model.seen
    assert (run.path / "run.sqlite").read_bytes() == before and (tmp_path / "t" / "transfer.html").is_file()
    assert transfer(run, model, out=tmp_path / "t").to_dict() == first.to_dict() and model.seen == seen
    monkeypatch.undo()
    wanted = {c.model: c for c in transfer(run, twin("from afar")).columns}
    assert {c.model: c for c in first.columns} == wanted


def test_an_interrupted_transfer_goes_on(run):
    class Dying(Model):
        def __call__(self, images):
            if self.seen > 100:
                raise KeyboardInterrupt
            return super().__call__(images)

    first = Dying("dying")
    with pytest.raises(KeyboardInterrupt):
        transfer(run, first)
    second = twin("dying")
    transfer(run, second)
    assert second.seen == run.samples().status.isin(["failure", "success"]).sum() - first.seen > 0


@pytest.mark.parametrize(
    "names",
    [
        ("taxi", "Goblet", "bowl"),
        (f"{wordnet_ids()['cab']} taxi", wordnet_ids()["goblet"], "bowl"),
        ("cab, hack, taxi, taxicab", "goblet", "a_bowl"),
        ("taxicab", "goblet", "mixing bowl"),
    ],
)
def test_other_names_for_the_same_labels(run, names):
    id = f"names/{names[0]}"
    found = transfer(run, twin(id, names=names))
    for bug in run.bugs:
        assert found.cell(id, bug.number).rate == found.cell("world/target", bug.number).rate
    with Store.open(run.path) as store:
        kept = {json.loads(v)[0][0] for (v,) in store.db.execute("select value from answers where model=?", (id,))}
    assert kept <= {*label_files.of_model(names)}, "in the model's own words, but where it names ImageNet's classes whole"


def test_a_label_that_a_model_does_not_know_is_a_dash_and_a_sentence(run):
    half = transfer(run, twin("half", names=("cab", "chalice", "bowl")))
    for bug in run.bugs:
        assert (half.cell("half", bug.number) is None) == (bug.label == "goblet")
    assert any("half does not know 'goblet'" in line for line in half.sentences())
    json.dumps(half.to_dict(), allow_nan=False)
    assert "does not know goblet" in half.page() and "│ -" in str(half)
    frame = run.samples()
    cabs = frame[(frame.status == "failure") & (frame.label == "cab")].image
    assert half.columns[1].adversarial.n == cabs.nunique() < half.columns[0].adversarial.n
    told = transfer(run, twin("told", names=("cab", "chalice", "bowl")), accept={"goblet": ["chalice"]})
    assert told.columns[1].adversarial.k == told.columns[1].adversarial.n == told.columns[0].adversarial.n
    with pytest.raises(SpecError, match=r"knows none of the run's labels \(cab, goblet\).*accept"):
        transfer(run, twin("none", names=("a", "b", "c")))
    with pytest.raises(SpecError, match="unknown label of the run in accept 'gobblet'.*'goblet'"):
        transfer(run, twin("accept"), accept={"gobblet": ["bowl"]})


class Wide(Model):
    """Knows all of ImageNet's labels besides those of the world."""

    def __init__(self, id, names):
        super().__init__(id, names=(*names, *(name for name in imagenet() if name not in names)))

    def __call__(self, images):
        return np.pad(super().__call__(images), ((0, 0), (0, len(self.labels) - 3)))


@pytest.mark.slow
def test_near_synonyms_count_by_each_models_own_labels(run):
    # what the world calls a goblet is red wine here, and the other way round
    names = ("cab", "red wine", "goblet")
    found = transfer(run, [twin("own-labels", names=names), Wide("imagenets", names)])
    world, own, wide = (c.baselines["goblet"] for c in found.columns)
    assert own.k == world.n - world.k > 0 == wide.k
    assert [c.accept and c.accept["set"] for c in found.columns] == [None, "none", "imagenet"]
    assert found.to_dict()["models"][2]["accept"]["forgiven"] > own.k
    for shown in (found.page(), str(found)):
        assert "right only thanks to it" in " ".join(shown.split()) and "Only the label itself is right." in shown
    assert transfer(run, Wide("imagenets", names), accept="none").columns[1].baselines["goblet"] == own


def test_what_counts_as_right_can_be_widened(run):
    found = transfer(run, twin("wide"), accept={"cab": ["bowl"], "goblet": ["bowl"]})
    assert all(c.rate.k == 0 for c in found.columns[1].cells.values())


def test_a_picture_without_an_answer_does_not_count_and_is_said(run):
    found = transfer(run, twin("shy", decline=0.1))
    column = found.columns[1]
    assert column.unanswered > 0
    assert any(f"gave no answer for {column.unanswered} of" in line for line in found.sentences())
    assert sum(c.rate.n for c in column.cells.values()) < sum(c.rate.n for c in found.columns[0].cells.values())


def test_two_models_need_two_ids_and_the_runs_own_is_said_to_be_so(run):
    with pytest.raises(SpecError, match="two targets are called 'twin'"):
        transfer(run, [twin(), better("twin")])
    found = transfer(run, [twin(), Model("world/target", base=1.0)])
    assert found.models == ("world/target", "twin")
    assert any("is the run's own target" in line for line in found.sentences())
    with pytest.raises(SpecError, match="no target to transfer to"):
        transfer(run, [])


@pytest.mark.parametrize(
    ("target", "message"),
    [
        ("efficientnet-lit/0", "unknown target provider 'efficientnet-lit'.*Did you mean 'efficientnet-lite'"),
        (("efficientnet-lite/0", {"thread": 1}), "unknown argument.*'thread'"),
        (3, "neither 'provider/model' nor a callable"),
    ],
)
def test_bad_classifiers_are_named(run, target, message):
    with pytest.raises(BugscopeError, match=message):
        transfer(run, [target])


def test_what_is_no_run_is_said(tmp_path):
    with pytest.raises(BugscopeError, match="holds no run"):
        transfer(tmp_path / "none", [twin()])


def test_the_runs_models_are_never_asked():
    with pytest.raises(StoreError, match="the run has no answer from studio"):
        Recorded("studio")(["a photo"], [1])


def test_a_probes_prompts_are_rows_confirmed_or_not(tmp_path):
    roles = world().roles()
    prompts = ["a photo of a cab on snow", "a photo of a cab on sand"]
    bugscope.probe(prompts, out=tmp_path / "p", n=24, **roles)
    found = transfer(tmp_path / "p", [better()])
    assert [b.prompt for b in found.bugs] == prompts
    snow = found.cell("better", found.bugs[0].id)
    assert snow.rate.n and snow.baseline.n and not found.has(snow)
    versus = bugscope.probe(prompts[0], vs=prompts[1], out=tmp_path / "v", n=24, **roles)
    found = transfer(versus, [twin()])
    assert found.bugs[0].compared_with == prompts[1] and found.cell("twin", found.bugs[0].id).baseline.n
    assert "Plain pictures of each label" not in found.page()


def test_a_run_without_bugs_still_has_its_adversarial_pictures(tmp_path):
    run = bugscope.hunt("mug", tmp_path / "r", budget=60, explain_budget=0, **World(planted={}, base=0.3, prior=0.0).roles())
    assert not run.bugs
    model = Model("m", names=("mug", "bowl"), labels=("mug",), planted={}, base=0.1, prior=0.0)
    found = transfer(run, model)
    assert 0 < found.columns[1].adversarial.k < found.columns[1].adversarial.n
    assert found.sentences() and found.page() and str(found)


def test_numbers_text_and_page_agree_and_are_safe(run, tmp_path):
    seen = []
    evil = "<script>alert(1)</script>\x1b[31m"
    found = transfer(run, [better(), twin(evil)], out=tmp_path / "out", progress=lambda *now: seen.append(now))
    kept = json.loads((tmp_path / "out" / "transfer.json").read_text())
    assert kept == json.loads(json.dumps(found.to_dict()))
    assert seen[-1] == (seen[-1][1], seen[-1][1], evil)
    page = (tmp_path / "out" / "transfer.html").read_text()
    assert not re.search(r"<script|https?://|src=|\x1b", page) and "&lt;script" in page
    assert "\x1b" not in str(found)
    own, other, _ = kept["models"]
    assert own["own"] and own["adversarial"]["by_construction"] and "by construction" in page
    frame = found.to_frame()
    every = tried(run, [row.id for row in found.bugs])
    assert len(frame) == 3 * (len(every) + len(SETS))
    for bug, row in zip(every, other["bugs"], strict=True):
        line = frame[(frame.model == "better") & (frame.bug == bug.number)].iloc[0]
        assert (line.failures, line.n, line.shares) == (row["failures"], row["n"], row["shares"])
        assert f"{row['failures']} of {row['n']} · " in page
    assert "shared" in page and "sandbox" in found._repr_html_()


def test_a_cause_is_counted_once_and_each_of_its_descriptions_is_tested(tmp_path):
    small = {"labels": ("mug", "pot"), "base": 0.03}
    with trying([SNOW], [ABOVE], [RED, SNOW]):
        run = bugscope.hunt(small["labels"], tmp_path / "run", budget=300, **world(**small).roles())
    found = transfer(run, twin(names=("mug", "pot", "bowl"), **small))
    folded = {x.number: (home.number, x) for home in run.bugs for x in home.also}
    assert folded and [b.id for b in found.distinct] == [b.number for b in run.bugs]
    assert {b.id: b.same_as for b in found.bugs[len(run.bugs) :]} == {number: home for number, (home, _) in folded.items()}
    for number, (home, x) in folded.items():
        assert found.cell("twin", number).rate.k == x.failures
        assert f"{number}. {x.sentence} (the same cause as bug {home})" in " ".join(str(found).split())
        assert f"<small>the same cause as bug {home}</small>" in found.page()
    assert f"of {len(run.bugs)} bugs" in found.sentences()[0]
    assert f"share the {len(run.bugs)} bugs of" in found.page() and "not counted as a bug" in found.caveats()[-1]


# --- what the statistics say ------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Seen:
    """What `Cell` asks of a picture."""

    key: int
    wrong: bool


def simulated(rng, p, both, later):
    """A prompt that the run's own fails at rate p, kept only where it failed 9 of 10 times; another model of the same rate,
    which has the same answer as the own on a share `both` of pictures."""
    while True:
        first = [rng.random() < p for _ in range(10)]
        if sum(first) >= 9:
            break
    own = first + [rng.random() < p for _ in range(later)]
    other = {i: o if rng.random() < both else rng.random() < p for i, o in enumerate(own)}
    shown = tuple(Seen(i, o) for i, o in enumerate(own))
    row = BugRow("1", "x", "x", "x", "x", shown[:10], shown[10:], (), Rate(0, 0, 0, 1, 0.95))
    return Cell.of(row, other)


@pytest.mark.slow
def test_being_chosen_flatters_the_rate_but_neither_what_carries_over_nor_tests_on_later_pictures():
    rng = random.Random(0)
    p, both = 0.7, 0.5
    without = [simulated(rng, p, both, 0) for _ in range(400)]
    with_later = [simulated(rng, p, both, 24) for _ in range(400)]
    # the other model's rate is p, yet on the chosen pictures it looks worse ...
    assert np.mean([c.rate.value for c in without]) > p + 0.05
    # ... what carries over is both + (1 - both) p, chosen or not
    assert np.mean([c.carried.value for c in without]) == pytest.approx(both + (1 - both) * p, abs=0.02)
    # "fails less" is false for all of them: on the verdict's pictures it looks so, on later ones it does not
    tilt = [np.mean([c.only_own - c.only_this for c in cells]) / n for cells, n in ((without, 10), (with_later, 24))]
    assert tilt[0] > 0.05 > abs(tilt[1]) + 0.02
    assert np.mean([c.p_differs <= 0.05 for c in with_later]) <= 0.05 + 0.03


@pytest.mark.slow
def test_tests_are_adjusted_over_all_cells_of_the_other_models(run):
    found = transfer(run, [better(), twin(), better("noisy", base=0.3)])
    cells = [c for column in found.columns[1:] for c in column.cells.values()]
    for name in ("p_rise", "p_differs"):
        adjusted = [getattr(c, f"{name}_adjusted") for c in cells]
        assert adjusted == pytest.approx(list(holm([getattr(c, name) for c in cells])))
    assert all(np.isnan(c.p_rise_adjusted) for c in found.columns[0].cells.values())
    # sorted by the own p-value, the least is multiplied by the number of all
    least = min(cells, key=lambda c: c.p_rise)
    assert least.p_rise_adjusted == pytest.approx(len(cells) * least.p_rise)


def test_less_and_more_are_the_right_way_round():
    shown = tuple(Seen(i, i < 10) for i in range(20))
    row = BugRow("1", "x", "x", "x", "x", shown, (), shown[10:], Rate(10, 20, 0, 1, 0.95))
    columns = [
        Column(name, name == "own", {"1": Cell.of(row, wrong)}, {}, {name: Rate(1, 1, 0, 1, 0.95) for name in SETS}, wrong, 0)
        for name, wrong in (
            ("own", {x.key: x.wrong for x in shown}),
            ("less", {x.key: False for x in shown}),
            ("more", {x.key: True for x in shown}),
        )
    ]
    found = Transfer(Path("r"), tuple(columns), (row,), 0.05, ()).tested()
    less, more = (found.cell(name, "1") for name in ("less", "more"))
    assert (found.differs(less), found.differs(more)) == (-1, 1)
    assert (found.marks(less), found.marks(more)) == (["fails less"], ["fails more"])
    assert (less.difference.value, more.difference.value) == (-0.5, 0.5)
    assert "fails less on 1" in found.sentences()[0] and "more on 1" in found.sentences()[1]


def test_a_picture_that_helped_the_verdict_is_not_counted_as_later(tmp_path):
    """A collection has only so many pictures: what explains a bug shows some that confirmed it."""
    roles = world(labels=("mug",), planted={"snow": 1.0}, base=0.0, prior=0.0).roles()
    draw = roles["generator"].call
    roles["generator"].call = lambda prompts, seeds: draw(prompts, [s % 13 for s in seeds])
    run = bugscope.hunt("mug", tmp_path / "r", budget=200, **roles)
    assert run.bugs
    frame, found = run.samples(), transfer(run, Model("m", names=("mug", "bowl"), labels=("mug",)))
    overlapping = 0
    for row, bug in zip(found.bugs, tried(run, [row.id for row in found.bugs]), strict=True):
        mine = frame[(frame.prompt == bug.record["prompt"]) & (frame.purpose == "explain") & (frame.status == "failure")]
        overlapping += len(set(mine.image) & {x.image for x in row.verdict})
        assert not {x.image for x in row.later} & {x.image for x in row.verdict}
    assert overlapping


# --- the command line ---------------------------------------------------------------------------------------------------


def test_transfer_and_evaluate_on_the_command_line(tmp_path, monkeypatch, capsys):
    module = ModuleType("my_models")
    world = World(planted={"snow": 0.95}, prior=0.05)
    roles = world.roles()
    module.classify = lambda images: roles["target"](images)
    module.classify.labels = roles["target"].labels
    monkeypatch.setitem(sys.modules, "my_models", module)
    run = bugscope.hunt("mug", tmp_path / "run", budget=160, explain_budget=0, **roles)
    assert run.bugs

    def said(*arguments):
        with pytest.raises(SystemExit) as stop:
            main([str(a) for a in arguments])
        captured = capsys.readouterr()
        return stop.value.code, captured.out, captured.err

    code, out, _ = said("transfer", run.path, "--target", "python/my_models:classify")
    assert code == 0 and "python/my_models:classify" in out
    assert (run.path / "transfer" / "transfer.html").exists() and str(run.path / "transfer" / "transfer.html") in out
    code, out, _ = said("transfer", run.path, "--target", "python/my_models:classify", "--json")
    assert code == 0 and json.loads(out)
    code, _, err = said("transfer", run.path, "--target", "efficientnet-lit/0")
    assert code == 2 and "Did you mean 'efficientnet-lite'" in err

    folder = tmp_path / "photos"
    for i, row in enumerate(run.samples().head(12).itertuples()):
        (folder / "mug").mkdir(parents=True, exist_ok=True)
        (folder / "mug" / f"{i}.png").write_bytes((run.path / row.image).read_bytes())
    code, out, _ = said("evaluate", "--images", folder, "--images", folder, "--target", "python/my_models:classify")
    assert code == 0 and out.count("python/my_models:classify on") >= 2
    code, out, _ = said("evaluate", "--images", folder, "--target", "python/my_models:classify", "--json")
    assert code == 0 and json.loads(out)[0]["n"] == 12
    code, _, err = said("evaluate", "--images", tmp_path / "none")
    assert code == 2 and "none" in err


def test_a_model_that_is_wired_up_wrongly_is_named_first(run):
    """Its label names are in another order than its outputs."""
    found = transfer(run, [Model("wrong", names=("goblet", "cab", "bowl")), twin()])
    (alarm,) = found.alarms()
    assert alarm.startswith("wrong: Plain pictures fail nearly always, over all 2 labels: ") and "(cab -> goblet, " in alarm
    assert str(found).splitlines()[0] == alarm
    page = found.page()
    assert page.count('class="alarm"') == 1 and page.index('class="alarm"') < page.index("<h1>")
    bases = {m["model"]: m["baseline"] for m in found.to_dict()["models"]}
    assert [bases[name]["verdict"] for name in ("world/target", "wrong", "twin")] == ["fine", "all", "fine"]
    assert transfer(run, [twin(), better()]).alarms() == []
