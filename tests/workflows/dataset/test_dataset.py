"""Data sets of what runs found: what is kept and why, the files, the card, and what is refused."""

import importlib
import json
import os
import re
import sqlite3
import subprocess
import sys
import tarfile
from collections import Counter
from hashlib import sha256
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
import yaml

import bugscope
from bugscope import media, report
from bugscope.core import registry
from bugscope.core.errors import MissingDependency, SpecError, StoreError
from bugscope.media import picture
from bugscope.report.plain import for_markdown
from bugscope.store.folder import Store
from bugscope.testing import World, null_world
from bugscope.workflows import dataset
from bugscope.workflows.dataset import alike
from support.runs import trying
from support.worlds import ABOVE, RED, SNOW


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    world = World(labels=("mug", "pot"), planted={"snow": 0.95, "above": 0.9}, prior=0.05, spurious={"snow": 0.9})
    with trying([SNOW], [ABOVE], [RED, SNOW]):
        return bugscope.hunt(("mug", "pot"), tmp_path_factory.mktemp("runs") / "run", budget=400, **world.roles())


@pytest.fixture(scope="module")
def other(tmp_path_factory):
    """The same label on another run's seeds."""
    world = World(labels=("mug",), planted={"snow": 0.95}, prior=0.05)
    return bugscope.hunt(
        "mug", tmp_path_factory.mktemp("runs") / "other", budget=200, explain_budget=0, seed=7, **world.roles()
    )


def rows(folder):
    """(part, values, bytes) of every picture of an image folder."""
    found = []
    for table in sorted(Path(folder).glob("*/metadata.jsonl")):
        for line in table.read_text(encoding="utf-8").splitlines():
            values = json.loads(line)
            found.append((table.parent.name, values, (table.parent / values["file_name"]).read_bytes()))
    return found


def front(folder):
    return yaml.safe_load((folder / "README.md").read_text(encoding="utf-8").split("---\n")[1])


def files(folder):
    return {str(p.relative_to(folder)): sha256(p.read_bytes()).hexdigest() for p in sorted(folder.rglob("*")) if p.is_file()}


# --- what is kept -----------------------------------------------------------------------------------------------------------


def test_only_failures_on_prompts_of_confirmed_bugs_are_kept(run, tmp_path):
    made = dataset.dataset(run, tmp_path / "set", per_bug="none")
    bugs = {(b["label"], b["prompt"]): b["id"] for b in (*run.report["bugs"], *run.report["folded"])}
    known = {(i.label, i.prompt, i.purpose, i.seed): i for i in run.samples().itertuples()}
    found = rows(tmp_path / "set")
    assert len(found) == made.pictures == made.kept == made.train + made.test > 40
    for _, values, data in found:
        sample = known[values["label_name"], values["prompt"], values["purpose"], values["seed"]]
        assert sample.status == "failure" == values["reason"] and values["kept"] is True
        assert values["bug"] == bugs[values["label_name"], values["prompt"]]
        assert (values["predicted"], values["score"]) == (sample.predicted, sample.score)
        assert data == (run.path / sample.image).read_bytes()
        assert values["file_name"].startswith(values["label_name"] + "/")
        assert values["run"] == run.report["run_id"]
    # and all of them, but for near-duplicates
    failures = [i for i in known.values() if i.status == "failure" and (i.label, i.prompt) in bugs]
    assert len(failures) == made.kept + made.counts.get("near-duplicate", 0)


def test_everything_says_of_each_picture_why_it_is_kept_or_not(run, tmp_path):
    made = dataset.dataset(run, tmp_path / "all", everything=True, per_bug=5)
    frame = run.samples()
    drawn = frame[frame.image.notna()]
    found = rows(tmp_path / "all")
    assert made.pictures == len(found) == len(drawn)
    reasons = Counter(values["reason"] for _, values, _ in found)
    assert reasons == Counter({k: n for k, n in made.counts.items() if k != "refused"})
    for status in ("success", "unfaithful"):
        assert reasons[status] == (drawn.status == status).sum() > 0
    assert reasons["failure"] == made.kept and reasons["over the limit"] > 0 and reasons["unconfirmed"] > 0
    assert all(values["kept"] == (values["reason"] == "failure") for _, values, _ in found)
    # the same pictures are kept as without the others
    alone = dataset.dataset(run, tmp_path / "kept", per_bug=5)
    kept = {(v["prompt"], v["purpose"], v["seed"]) for _, v, _ in found if v["kept"]}
    assert kept == {(v["prompt"], v["purpose"], v["seed"]) for _, v, _ in rows(tmp_path / "kept")}
    assert alone.counts == made.counts


def test_what_is_exported_evaluates_again(tmp_path):
    """Labels that no folder can be called, "T-shirt/top" beside "t-shirt top": the tables have their names."""
    names = ("T-shirt/top", "Pepper,_bell___healthy", "t-shirt top", "jack-o'-lantern")
    world = World(labels=("mug", "pot", "cat", "fly"), planted={"snow": 0.95, "above": 0.9}, prior=0.05)
    with trying([SNOW], [ABOVE]):
        run = bugscope.hunt(("mug", "pot"), tmp_path / "run", budget=300, explain_budget=0, **world.roles())
    made = dataset.dataset([run.path], tmp_path / "bugs", everything=True)
    assert made
    called = dict(zip(world.labels, names, strict=True))
    for table in (tmp_path / "bugs").glob("*/metadata.jsonl"):
        text = table.read_text(encoding="utf-8")
        for ours, theirs in called.items():
            text = text.replace(f'"label_name": "{ours}"', f'"label_name": {json.dumps(theirs)}')
        table.write_text(text, encoding="utf-8")
    target = registry.Wrapped(world.classify, (*names, "bowl")[: len(world.roles()["target"].labels)])
    found = bugscope.evaluate(target, tmp_path / "bugs")
    assert {c.label for c in found.classes} == set(names[:2]) and not found.unknown and not found.unlabelled
    assert {c.right for c in found.classes} == {(name,) for name in names[:2]}


def test_failures_of_exploration_are_kept_when_asked_for(run, tmp_path):
    made = dataset.dataset(run, tmp_path / "set", explored=True, per_bug="none")
    extra = [values for _, values, _ in rows(tmp_path / "set") if not values["bug"]]
    frame = run.samples()
    wanted = frame[(frame.purpose == "explore") & (frame.status == "failure")]
    assert 0 < len(extra) <= len(wanted)
    assert {v["purpose"] for v in extra} == {"explore"} and {v["description"] for v in extra} == {""}
    assert made.kept == dataset.dataset(run, tmp_path / "less", per_bug="none").kept + len(extra)


def test_no_bug_and_no_label_outweighs_the_middle_one(run, tmp_path):
    loose = dataset.dataset(run, tmp_path / "loose", per_bug="none")
    made = dataset.dataset(run, tmp_path / "set")
    assert loose.limit is None and made.kept < loose.kept
    homes = {b["id"]: b["same_as"] or b["id"] for b in (*run.report["bugs"], *run.report["folded"])}
    of_bug = Counter(homes[values["bug"]] for _, values, _ in rows(tmp_path / "loose"))
    assert made.limit == sorted(of_bug.values())[(len(of_bug) - 1) // 2]
    kept = Counter(homes[v["bug"]] for _, v, _ in rows(tmp_path / "set"))
    assert max(kept.values()) <= made.limit
    assert len(set(made.labels.values())) == 1, "of two labels each has as many as the smaller"
    strict = dataset.dataset(run, tmp_path / "strict", per_bug=3)
    assert set(Counter(homes[v["bug"]] for _, v, _ in rows(tmp_path / "strict")).values()) == {3} and strict.limit == 3


def test_near_duplicates_within_and_across_runs_are_left_out(run, other, tmp_path):
    from_all = dataset.dataset([run, other], tmp_path / "set", per_bug="none")
    found = rows(tmp_path / "set")
    assert {values["run"] for _, values, _ in found} == {run.report["run_id"], other.report["run_id"]}
    images = {}
    with Store.open(run.path) as a, Store.open(other.path) as b:
        for store in (a, b):
            images |= {sha256((store.path / r["image"]).read_bytes()).digest(): store.content(r["image"], picture)
                       for r in report.rows(store) if r["image"]}  # fmt: skip
    signs = [picture.signature(images[sha256(data).digest()]) for _, _, data in found]
    hashes, thumbs = alike.signatures(len(signs), signs.__getitem__)
    for (h, s), (g, t) in combinations(zip(hashes, thumbs, strict=True), 2):
        near = (int(h) ^ int(g)).bit_count() <= 4 and np.abs(s.astype(int) - t).mean() <= 6
        assert not near
    one = dataset.dataset(run, tmp_path / "one", per_bug="none")
    two = dataset.dataset(other, tmp_path / "two", per_bug="none")
    assert from_all.kept <= one.kept + two.kept


def test_a_picture_found_again_by_another_run_is_kept_once(tmp_path):
    world = World(planted={"snow": 0.95})
    first = bugscope.hunt("mug", tmp_path / "a", budget=120, explain_budget=0, **world.roles())
    again = bugscope.hunt("mug", tmp_path / "b", budget=160, explain_budget=0, **world.roles())
    one = dataset.dataset(again, tmp_path / "one", per_bug="none", test=0)
    both = dataset.dataset([again, first], tmp_path / "both", per_bug="none", test=0)
    assert both.kept >= one.kept and both.counts["near-duplicate"] > one.counts.get("near-duplicate", 0)
    pictures = Counter(data for _, _, data in rows(tmp_path / "both"))
    assert max(pictures.values()) == 1
    assert Counter(v["run"] for _, v, _ in rows(tmp_path / "both"))[again.report["run_id"]] == one.kept


@pytest.mark.parametrize("everything", [False, True])
def test_neither_a_seed_nor_a_picture_is_in_both_parts(run, tmp_path, everything):
    made = dataset.dataset(run, tmp_path / "set", everything=everything, per_bug="none", test=0.3)
    seeds, pictures, labels = ({"train": set(), "test": set()} for _ in range(3))
    for part, values, data in rows(tmp_path / "set"):
        seeds[part].add(values["seed"])
        pictures[part].add(data)
        labels[part].add(values["label_name"])
    for seen in (seeds, pictures):
        assert seen["train"] and seen["test"] and not seen["train"] & seen["test"]
    assert labels["train"] == labels["test"] >= {"mug", "pot"}
    assert 0.15 < made.test / made.pictures < 0.45
    if everything:  # there are pairs of one seed, else this test says nothing
        assert len(seeds["train"]) < made.train


def test_the_same_options_give_the_same_files_and_another_seed_others(run, tmp_path):
    for name, seed in (("a", 0), ("b", 0), ("c", 1)):
        dataset.dataset(run, tmp_path / name, seed=seed)
    assert files(tmp_path / "a") == files(tmp_path / "b") != files(tmp_path / "c")


def test_a_run_that_goes_on_does_not_move_pictures_that_were_there(run, tmp_path):
    lots = [item.draw(3) for item in _items(run)]
    assert len(set(lots)) == len(lots) and lots == [item.draw(3) for item in _items(run)]
    assert lots != [item.draw(4) for item in _items(run)]


def _items(run):
    with Store.open(run.path) as store:
        return dataset.items(dataset.Source(store, report.build(store), {}, media.load("picture")), False)


# --- what is written --------------------------------------------------------------------------------------------------------


def test_each_part_has_a_folder_for_each_label_so_that_class_numbers_agree(run, tmp_path):
    # one picture of each bug: some label has a part without pictures, or none is in the test part
    made = dataset.dataset(run, tmp_path / "set", per_bug=1, test=0.3)
    for part in {part for part, _, _ in rows(tmp_path / "set")}:
        folders = sorted(p.name for p in (tmp_path / "set" / part).iterdir() if p.is_dir())
        assert folders == sorted(made.labels)
    for _, values, _ in rows(tmp_path / "set"):
        assert values["label"] == sorted(made.labels).index(values["file_name"].split("/")[0])


def test_imagenet_labels_have_their_ids_and_a_classifiers_own_numbers(tmp_path):
    world = World(labels=("teapot", "thing"), planted={"snow": 0.95, "above": 0.9})
    run = bugscope.hunt(("teapot", "thing"), tmp_path / "run", budget=300, explain_budget=0, **world.roles())
    dataset.dataset(run, tmp_path / "set", classes=["nothing", "thing", "teapot"], license="cc0-1.0", title="My pots")
    by_label = {v["label_name"]: v for _, v, _ in rows(tmp_path / "set")}
    numbers = {n: (v["wordnet_id"], v["imagenet_index"], v["class_index"]) for n, v in by_label.items()}
    assert numbers == {"teapot": ("n04398044", 849, 2), "thing": ("", -1, 1)}
    assert front(tmp_path / "set")["license"] == "cc0-1.0" and front(tmp_path / "set")["pretty_name"] == "My pots"


def test_a_runs_own_class_numbers_are_known_and_those_of_runs_that_differ_are_not(run, other, tmp_path):
    def numbers(runs, name, **options):
        dataset.dataset(runs, tmp_path / name, **options)
        return {v["label_name"]: v["class_index"] for _, v, _ in rows(tmp_path / name)}

    with Store.open(run.path) as store:
        answers = store.meta("classes")
    assert {"mug", "pot"} < set(answers)
    assert numbers(run, "one") == {"mug": answers.index("mug"), "pot": answers.index("pot")}
    assert set(numbers([run, other], "two").values()) == {-1}
    assert numbers([run, other], "given", classes=["pot", "mug"]) == {"mug": 1, "pot": 0}
    # a run of a version that did not note them
    older = sqlite3.connect(run.path / "run.sqlite")
    with older:
        older.execute("delete from meta where name='classes'")
    try:
        assert set(numbers(run, "old").values()) == {-1}
    finally:
        with older:
            older.execute("insert into meta values('classes', ?, null)", (json.dumps(answers),))
        older.close()


def test_a_tar_is_webdataset_and_in_an_order_of_its_own(run, tmp_path):
    made = dataset.dataset(run, tmp_path / "set", format="webdataset")
    names, labels, count = set(), [], 0
    for part in ("train", "test"):
        with tarfile.open(tmp_path / "set" / "data" / f"{part}-00000.tar") as tar:
            members = tar.getmembers()
            for png, cls, values in zip(members[::3], members[1::3], members[2::3], strict=True):
                key = png.name.removesuffix(".png")
                assert (cls.name, values.name) == (f"{key}.cls", f"{key}.json") and key not in names
                names.add(key)
                said = json.loads(tar.extractfile(values).read())
                assert int(tar.extractfile(cls).read()) == said["label"]
                assert tar.extractfile(png).read().startswith(b"\x89PNG")
                labels.append(said["label_name"])
                count += 1
    assert count == made.pictures and labels != sorted(labels)


def test_large_sets_are_parted_into_files(run, tmp_path, monkeypatch):
    monkeypatch.setattr("bugscope.workflows.dataset.formats.SHARD", 20_000)
    made = dataset.dataset(run, tmp_path / "set", format="webdataset", per_bug="none")
    tars = sorted((tmp_path / "set" / "data").glob("train-*.tar"))
    assert len(tars) > 1 and tars[-1].name == f"train-{len(tars) - 1:05d}.tar"
    total = 0
    for path in (tmp_path / "set" / "data").glob("*.tar"):
        with tarfile.open(path) as tar:
            total += len(tar.getnames()) // 3
    assert total == made.pictures


def test_the_card_says_what_the_report_says(run, tmp_path):
    made = dataset.dataset(run, tmp_path / "set")
    text = (tmp_path / "set" / "README.md").read_text(encoding="utf-8")
    head = front(tmp_path / "set")
    assert head["license"] == "unknown" and "None is stated" in text
    assert head["size_categories"] == ["n<1K"] and "bugscope" in head["tags"]
    assert head["configs"][0]["data_files"] == [{"split": p, "path": f"{p}/**"} for p in ("train", "test")]
    for bug in (*run.report["bugs"], *run.report["folded"]):
        base = bug["baseline"]
        interval = f"{100 * bug['low']:.0f}–{100 * bug['high']:.0f} %"
        assert f"| {bug['sentence']} | bowl | {bug['failures']} of {bug['n']} | {interval} |" in text
        assert f"| {base['failures']} of {base['n']} |" in text
    for model in ("world/generator", "world/target", "world/judge"):
        assert f"`{model}`" in text
    assert "arxiv.org/abs/2208.08831" in text and "0 by choice" in text
    assert f"| train | {made.train} | {made.train} |" in text
    # no path of this machine
    assert str(run.path) not in text and str(tmp_path) not in text


def test_a_limit_is_for_a_cause_and_its_descriptions_keep_their_numbers(run, tmp_path):
    assert run.report["folded"]
    made = dataset.dataset(run, tmp_path / "set", per_bug=12)
    assert made.bugs == len(run.bugs)
    found = Counter(values["bug"] for _, values, _ in rows(tmp_path / "set"))
    text = (tmp_path / "set" / "README.md").read_text(encoding="utf-8")
    for folded in run.report["folded"]:
        home = next(b for b in run.report["bugs"] if b["id"] == folded["same_as"])
        assert found[home["id"]] > 0 < found[folded["id"]] and found[home["id"]] + found[folded["id"]] == 12
        assert re.search(rf"\| {folded['id']} \| {folded['sentence']} \|.*\| {folded['same_as']} \|\n", text)


def test_the_sentence_counts(run, tmp_path):
    made = dataset.dataset(run, tmp_path / "set")
    assert made.sentence.startswith(
        f"{made.pictures} pictures ({made.train} train, {made.test} test) of {made.bugs} bugs and 2 labels; left out: "
    )
    assert f"{made.counts['over the limit']} over the limit of their bug or label" in made.sentence
    everything = dataset.dataset(run, tmp_path / "all", everything=True)
    assert f"{everything.kept} of them kept failures" in everything.sentence


def test_progress_reaches_its_total(run, tmp_path):
    seen = []
    made = dataset.dataset(run, tmp_path / "set", progress=lambda done, total: seen.append((done, total)))
    assert seen[-1][0] == seen[-1][1] and len(seen) > made.pictures
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)


def test_pictures_are_in_memory_one_at_a_time(run, tmp_path, monkeypatch):
    held = []
    read = dataset.Source.file

    def counted(self, item):
        data = read(self, item)
        held.append(len(data))
        return data

    monkeypatch.setattr(dataset.Source, "file", counted)
    written = []
    write = Path.write_bytes
    monkeypatch.setattr(Path, "write_bytes", lambda self, data: (written.append(len(held)), write(self, data))[1])
    made = dataset.dataset(run, tmp_path / "set")
    # all are looked at, to leave lost ones out; then each is written before the next is read
    assert [n - written[0] for n in written] == list(range(made.pictures))


# --- untrusted text ---------------------------------------------------------------------------------------------------------

NASTY = (
    "../../etc/passwd",
    "a/b\\c",
    "Jay",
    "jay",
    "test tube",
    "train",
    "CON",
    "..",
    "<script>alert(1)</script>|`x`",
    "猫 🐈",
)


def test_label_names_never_become_paths(tmp_path):
    world = World(labels=NASTY, planted={"snow": 1.0}, base=0.0, prior=0.0)
    run = bugscope.hunt(
        NASTY, tmp_path / "run", budget=900, explore=4, hypotheses=17, explain_budget=0, alpha=0.5, **world.roles()
    )
    assert len({bug.label for bug in run.bugs}) > 6, "the world has bugs of most labels"
    out = tmp_path / "sets" / "set"
    made = dataset.dataset(run, out, per_bug="none")
    assert [p.name for p in out.parent.iterdir()] == ["set"]
    assert sorted(p.name for p in tmp_path.iterdir()) == ["run", "sets"]
    found = rows(out)
    assert len(found) == made.pictures
    folders = {}
    for _, values, _ in found:
        folder, name = values["file_name"].split("/")
        folders.setdefault(values["label_name"], set()).add(folder)
        assert re.fullmatch(r"[\w~-]+", folder) and re.fullmatch(r"\d{6}\.png", name)
    assert all(len(seen) == 1 for seen in folders.values())
    assert len({next(iter(seen)).casefold() for seen in folders.values()}) == len(folders)
    text = (out / "README.md").read_text(encoding="utf-8")
    assert "<script>" not in text.split("---\n")[2]
    names = front(out)["configs"][0]["features"][1]["dtype"]["class_label"]["names"]
    assert {names[str(values["label"])]: values["label_name"] for _, values, _ in found} == {n: n for n in made.labels}


@pytest.mark.parametrize(
    "text", ["| a | `b` |", "[x](http://y)", "# head\n\n<b>", "a\x1b[31mred\u202e", "$x$ www.a.b", "![i](j)"]
)
def test_text_in_the_card_shows_itself_and_nothing_else(text):
    shown = for_markdown(text)
    assert "\n" not in shown and "\x1b" not in shown and "\u202e" not in shown
    for mark in "|`[]()<>#!$:":
        assert not re.search(r"(?<!\\)" + re.escape(mark), shown)
    assert "www." not in shown


# --- what is refused --------------------------------------------------------------------------------------------------------


def test_a_folder_that_holds_something_is_refused_and_an_empty_one_taken(run, tmp_path):
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine.txt").write_text("mine")
    (tmp_path / "file").write_text("mine")
    (tmp_path / "empty").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "empty")
    for taken in ("full", "file", "link"):
        with pytest.raises(SpecError, match=f"{taken}.*exists and is not an empty folder"):
            dataset.dataset(run, tmp_path / taken)
    assert (tmp_path / "full" / "mine.txt").read_text() == "mine" == (tmp_path / "file").read_text()
    assert dataset.dataset(run, tmp_path / "empty").pictures == len(rows(tmp_path / "empty"))


def test_what_fails_half_way_leaves_nothing(run, tmp_path, monkeypatch):
    write, left = Path.write_bytes, [5]

    def full(self, data):
        left[0] -= 1
        if left[0] < 0:
            raise OSError(28, "No space left on device")
        return write(self, data)

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(StoreError, match="set': No space left"):
        dataset.dataset(run, tmp_path / "set")
    assert list(tmp_path.iterdir()) == []

    def stop(self, data):
        raise KeyboardInterrupt

    monkeypatch.setattr(Path, "write_bytes", stop)
    with pytest.raises(KeyboardInterrupt):
        dataset.dataset(run, tmp_path / "set")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="root may write anywhere")
def test_a_place_that_cannot_be_written_is_named(run, tmp_path):
    (tmp_path / "shut").mkdir(mode=0o500)
    with pytest.raises(StoreError, match="shut.*Permission denied"):
        dataset.dataset(run, tmp_path / "shut" / "set")


def test_a_place_below_a_file_is_named(run, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="cannot write the data set .*file/set"):
        dataset.dataset(run, tmp_path / "file" / "set")


def test_a_run_without_confirmed_bugs_says_so_and_can_be_written_whole(run, tmp_path):
    none = bugscope.hunt("mug", tmp_path / "none", budget=80, explain_budget=0, **null_world().roles())
    with pytest.raises(SpecError, match="none' has no confirmed bugs.*--all"):
        dataset.dataset(none, tmp_path / "set")
    assert not (tmp_path / "set").exists()
    made = dataset.dataset(none, tmp_path / "all", everything=True)
    assert made.pictures == none.report["images_generated"] > 50 and made.kept == made.bugs == 0 and made.limit is None
    assert "no confirmed bug" in (tmp_path / "all" / "README.md").read_text()
    # beside a run with bugs it is only told
    mixed = dataset.dataset([run, none], tmp_path / "mixed")
    assert mixed.runs == 2 and none.report["run_id"] in mixed.notes[0]


@pytest.mark.slow
def test_runs_of_several_classifiers_go_together_and_the_card_says_so(run, tmp_path):
    roles = World(labels=("mug",), planted={"red": 0.95}).roles()
    roles["target"].id = "world/another"
    second = bugscope.hunt("mug", tmp_path / "second", budget=200, explain_budget=0, **roles)
    made = dataset.dataset([run.path, str(second.path)], tmp_path / "set")
    assert {v["target"] for _, v, _ in rows(tmp_path / "set")} == {"world/target", "world/another"}
    assert any("2 targets" in note for note in made.notes)
    assert "`world/target` and `world/another`" in (tmp_path / "set" / "README.md").read_text()


def test_a_probe_is_a_run_too(tmp_path):
    world = World(planted={"snow": 0.95})
    probe = bugscope.probe("a photo of a mug on snow", out=tmp_path / "probe", **world.roles())
    assert probe.answers[0].confirmed
    made = dataset.dataset(probe, tmp_path / "set", per_bug="none")
    assert made.bugs == 1 and made.kept + made.counts.get("near-duplicate", 0) == probe.answers[0].failures


@pytest.mark.parametrize("left", [None, b"", b"\x89PNG", "flipped"])
def test_a_lost_picture_is_left_out_and_said(tmp_path, left):
    run = bugscope.hunt("mug", tmp_path / "run", budget=200, explain_budget=0, **World(planted={"snow": 0.95}).roles())
    whole = dataset.dataset(run, tmp_path / "whole", per_bug="none")
    file = run.path / run.report["bugs"][0]["examples"][0]["image"]
    if left is None:
        file.unlink()
    else:
        data = file.read_bytes()
        file.write_bytes(data[:60] + bytes([data[60] ^ 1]) + data[61:] if left == "flipped" else left)
    made = dataset.dataset(run, tmp_path / "set", per_bug="none")
    assert made.counts["lost"] == 1 and made.kept >= whole.kept - 1
    assert made.notes[0].startswith("1 picture left out: the files are missing or damaged; `bugscope resume`")
    assert "left out: their files are missing or damaged" in (tmp_path / "set" / "README.md").read_text()
    for each in run.path.glob("images/*/*.png"):
        each.unlink()
    with pytest.raises(SpecError, match="no failures with a picture"):
        dataset.dataset(run, tmp_path / "none")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["run", "set", "whole"]


def test_a_run_that_names_a_picture_outside_its_folder_is_refused(tmp_path):
    run = bugscope.hunt("mug", tmp_path / "run", budget=200, explain_budget=0, **World(planted={"snow": 0.95}).roles())
    example = run.report["bugs"][0]["examples"][0]["image"]
    db = sqlite3.connect(run.path / "run.sqlite")
    db.execute("update answers set value=replace(value, ?, '../secret.png') where role='generator'", (example,))
    db.commit()
    db.close()
    (tmp_path / "secret.png").write_bytes(b"secret")
    with pytest.raises(StoreError, match="outside its folder"):
        dataset.dataset(run.path, tmp_path / "set")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"format": "imagefolders"}, "unknown format 'imagefolders'. Did you mean 'imagefolder'"),
        ({"test": 1.0}, "option test (--split) is 1.0"),
        ({"test": -0.1}, "option test (--split) is -0.1"),
        ({"test": float("nan")}, "option test (--split) is nan"),
        ({"per_bug": 0}, "(--limit-per-bug) is 0; it must be a number of pictures, at least 1, or balanced or none"),
        ({"per_bug": "all"}, "option per_bug (--limit-per-bug) is 'all'; it must be a number"),
        ({"seed": -1}, "option seed is -1; it must be a whole number, at least 0"),
    ],
)
def test_a_bad_option_is_named(run, tmp_path, options, words):
    with pytest.raises(SpecError, match=re.escape(words)):
        dataset.dataset(run, tmp_path / "set", **options)
    assert not (tmp_path / "set").exists()


def test_no_run_one_twice_or_none_there(run, tmp_path):
    with pytest.raises(SpecError, match="no run"):
        dataset.dataset([], tmp_path / "set")
    with pytest.raises(SpecError, match="are the same run"):
        dataset.dataset([run, run.path], tmp_path / "set")
    with pytest.raises(StoreError, match="holds no run"):
        dataset.dataset(tmp_path, tmp_path / "set")


def test_an_absent_package_is_named_with_its_command_before_any_work(run, tmp_path, monkeypatch):
    load = importlib.import_module

    def absent(name, *rest):
        if name.split(".")[0] in ("pyarrow", "huggingface_hub"):
            raise ImportError(name)
        return load(name, *rest)

    monkeypatch.setattr(importlib, "import_module", absent)
    monkeypatch.setattr(dataset, "sources", lambda *_: pytest.fail("worked"))
    with pytest.raises(MissingDependency, match=re.escape("pip install 'bugscope[dataset]'")):
        dataset.dataset(run, tmp_path / "set", format="parquet")
    (tmp_path / "README.md").write_text("")
    with pytest.raises(MissingDependency, match=re.escape("pip install 'bugscope[dataset]'")):
        dataset.push(tmp_path, "me/mine")


def test_importing_it_imports_nothing_optional():
    optional = "{'pyarrow', 'huggingface_hub', 'datasets', 'torch'}"
    code = f"import sys, bugscope.workflows.dataset; print(sorted({optional} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip() == "[]"
