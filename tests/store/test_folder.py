"""The run folder: one writer, any reader, nothing lost."""

import io
import json
import sqlite3
import subprocess
import sys
import zipfile
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from bugscope.core.errors import StoreError
from bugscope.core.records import Prompt, Sample
from bugscope.media import picture
from bugscope.store import ledger, regions
from bugscope.store.folder import Store

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
KEYS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20)


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    with Store.create(tmp_path_factory.mktemp("runs") / "shared", {}) as store:
        yield store


@given(st.dictionaries(KEYS, JSON.filter(lambda v: "\ud800" not in repr(v)), max_size=5))
def test_answers_and_notes_come_back_as_they_went(shared, values):
    try:
        json.dumps(values, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return
    shared.put(("role", "model", k, v) for k, v in values.items())
    assert shared.get("role", "model", list(values)) == values
    shared.note_all("kind", values)
    assert {k: v for k, v in shared.notes("kind").items() if k in values} == values


@given(st.lists(st.tuples(KEYS, KEYS, st.integers(0, 99)), max_size=4, unique=True))
def test_samples_come_back_with_their_keys(shared, drawn):
    samples = [Sample(Prompt(f"a photo of a {label}", label, text), "confirm", i, 3) for label, text, i in drawn]
    shared.put_samples(samples)
    assert {s.key for s in samples} <= {s.key for s in shared.samples()}


def test_many_keys_at_once(shared):
    shared.put(("many", "m", str(i), i) for i in range(2000))
    assert len(shared.get("many", "m", [str(i) for i in range(2500)])) == 2000


def test_a_value_that_json_cannot_hold_changes_nothing(shared):
    with pytest.raises(ValueError, match="Out of range float"):
        shared.put([("r", "m", "good", 1), ("r", "m", "bad", float("nan"))])
    assert shared.get("r", "m", ["good", "bad"]) == {}


def test_images_are_named_by_their_content(tmp_path):
    with Store.create(tmp_path / "r", {}) as store:
        image = Image.new("RGB", (8, 8), "red")
        name = store.keep(image, picture)
        assert store.keep(image.copy(), picture) == name
        assert store.content(name, picture).tobytes() == image.tobytes()
        assert [p.name for p in (store.path / name).parent.iterdir()] == [name.rsplit("/")[-1]]
        (store.path / name).unlink()
        with pytest.raises(StoreError, match="lacks the picture"):
            store.content(name, picture)


def test_a_second_writer_is_refused_and_a_reader_is_not(tmp_path):
    with Store.create(tmp_path / "r", {"seed": 1}) as store:
        store.put([("r", "m", "k", 1)])
        with pytest.raises(StoreError, match="in use by another process"):
            Store.create(tmp_path / "r", {"seed": 1})
        with Store.open(tmp_path / "r") as reader:
            assert reader.get("r", "m", ["k"]) == {"k": 1}
    Store.create(tmp_path / "r", {"seed": 1}).close()


def test_another_run_is_refused_with_the_option_and_both_values(tmp_path):
    identity = {"labels": ["mug"], "options": {"seed": 0, "alpha": 0.05}}
    Store.create(tmp_path / "r", identity).close()
    with pytest.raises(StoreError, match="seed is 0 there, 1 here; choose another --out"):
        Store.create(tmp_path / "r", {**identity, "options": {"seed": 1, "alpha": 0.05}})
    with pytest.raises(StoreError, match=r"labels is \['mug'\] there"):
        Store.create(tmp_path / "r", {**identity, "labels": ["pot"]})
    Store.create(tmp_path / "r", identity).close()


def test_what_a_folder_cannot_keep_is_named_and_nothing_is_written(tmp_path):
    for value in (object(), {1, 2}, float("nan")):
        with pytest.raises(StoreError, match="option labels is .*, which a run folder cannot keep"):
            Store.create(tmp_path / "r", {"options": {"labels": value}})
    assert not (tmp_path / "r").exists()
    Store.create(tmp_path / "r", {"labels": ("a", "b")}, {"labels": ("a", "b")}).close()
    assert (tmp_path / "r" / "config.yaml").read_text() == "labels:\n- a\n- b\n"
    Store.create(tmp_path / "r", {"labels": ["a", "b"]}).close()


def test_a_name_that_no_folder_can_have_is_said(tmp_path):
    for name in ("x" * 300, "a\0b"):
        with pytest.raises(StoreError, match="cannot write the run folder"):
            Store.create(tmp_path / name, {})
        with pytest.raises(StoreError, match=r"cannot read the run folder|holds no run"):
            Store.open(tmp_path / name)


def test_what_a_run_killed_while_it_began_lacks_is_made_good(tmp_path):
    folder = tmp_path / "r"
    Store.create(folder, {"seed": 1}, {"seed": 1}).close()
    (folder / "config.yaml").unlink()
    (folder / "images" / "ab").mkdir(parents=True)
    (folder / "images" / "ab" / "half.tmp").write_bytes(b"half a picture")
    Store.create(folder, {"seed": 1}, {"seed": 1}).close()
    assert (folder / "config.yaml").read_text() == "seed: 1\n"
    assert list(folder.rglob("*.tmp")) == []


def test_a_database_of_something_else_is_left_alone(tmp_path):
    with closing(sqlite3.connect(tmp_path / "run.sqlite")) as db:
        db.execute("create table mine(x)")
    with pytest.raises(StoreError, match="holds no run"):
        Store.create(tmp_path, {})
    with closing(sqlite3.connect(tmp_path / "run.sqlite")) as db:
        assert db.execute("select name from sqlite_master").fetchall() == [("mine",)]


def test_a_picture_outside_the_folder_is_not_read(tmp_path):
    Image.new("RGB", (8, 8)).save(tmp_path / "secret.png")
    with Store.create(tmp_path / "r", {}) as store:
        for name in ("../secret.png", str(tmp_path / "secret.png")):
            with pytest.raises(StoreError, match="outside its folder"):
                store.content(name, picture)


def test_a_damaged_picture_is_said(tmp_path):
    with Store.create(tmp_path / "r", {}) as store:
        name = store.keep(Image.effect_noise((64, 64), 50).convert("RGB"), picture)
        whole = (store.path / name).read_bytes()
        for end in (0, 20, 60, len(whole) // 2):
            (store.path / name).write_bytes(whole[:end])
            with pytest.raises(StoreError, match="lacks the picture"):
                store.content(name, picture)


def test_notes_can_be_taken_back(shared):
    shared.note_all("error", {"a": 1, "b": 2})
    shared.forget("error", ["a", "never"])
    assert shared.notes("error") == {"b": 2}


def test_a_value_damaged_on_disk_is_said(tmp_path):
    with Store.create(tmp_path / "r", {}) as store:
        store.put([("r", "m", "k", 1)])
        store.db.execute("update answers set value='{'")
        with pytest.raises(StoreError, match="a value in it is damaged"):
            store.get("r", "m", ["k"])


def test_folders_that_are_no_run_are_left_alone(tmp_path):
    (tmp_path / "file").write_text("mine")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "thesis.tex").write_text("mine")
    for name, message in (("file", "is a file"), ("full", "holds no run"), ("file/below", "cannot write the run folder")):
        with pytest.raises(StoreError, match=message):
            Store.create(tmp_path / name, {})
    assert sorted(p.name for p in tmp_path.rglob("*")) == ["file", "full", "thesis.tex"]
    with pytest.raises(StoreError, match="holds no run"):
        Store.open(tmp_path / "full")


def test_a_database_that_is_none_is_said(tmp_path):
    (tmp_path / "r").mkdir()
    (tmp_path / "r" / "run.sqlite").write_bytes(b"no database at all" * 100)
    with pytest.raises(StoreError, match="not a readable run"):
        Store.create(tmp_path / "r", {})
    with pytest.raises(StoreError, match="not a readable run"):
        Store.open(tmp_path / "r")


def test_a_later_schema_is_refused(tmp_path):
    with Store.create(tmp_path / "r", {}) as store:
        store.db.execute("pragma user_version=99")
    for opening in (Store.open, lambda path: Store.create(path, {})):
        with pytest.raises(StoreError, match="schema 99"):
            opening(tmp_path / "r")


CHILD = """
import os, sys, itertools
from bugscope.store.folder import Store
store = Store.create(sys.argv[1], {})
for i in itertools.count():
    store.put([("r", "m", f"{i}-{j}", i) for j in range(20)])
    if i == 50:
        os.kill(os.getpid(), 9)
"""


def test_kill_9_loses_no_finished_batch_and_leaves_no_half_one(tmp_path):
    done = subprocess.run([sys.executable, "-c", CHILD, str(tmp_path / "r")], check=False)
    assert done.returncode == -9
    with Store.create(tmp_path / "r", {}) as store:
        found = store.get("r", "m", [f"{i}-{j}" for i in range(51) for j in range(20)])
        assert len(found) == 51 * 20


# --- while others look on -----------------------------------------------------------------------------------------------

WRITER = """
import itertools, sys
from bugscope.store.folder import Store
with Store.create(sys.argv[1], {}) as store:
    for i in itertools.count():
        store.put([("r", "m", f"{i}-{j}", i) for j in range(20)])
        store.write_text("report.json", str(i % 10) * 100_000)
        if i == 3:
            print("on", flush=True)
"""


def test_a_reader_sees_whole_batches_and_whole_files_and_so_does_who_comes_after_kill_9(tmp_path):
    folder = tmp_path / "r"
    keys = [f"{i}-{j}" for i in range(2000) for j in range(20)]
    with subprocess.Popen([sys.executable, "-c", WRITER, str(folder)], stdout=subprocess.PIPE) as writer:
        try:
            assert writer.stdout.readline() == b"on\n"
            with pytest.raises(StoreError, match="in use by another process"):
                Store.create(folder, {})
            seen = []
            with Store.open(folder) as reader:
                for _ in range(20):
                    seen.append(len(reader.get("r", "m", keys[:400])))
                    text = (folder / "report.json").read_text()
                    assert len(text) == 100_000 and set(text) == {text[0]}
        finally:
            writer.kill()
    assert seen == sorted(seen) and all(n % 20 == 0 for n in seen) and seen[0] >= 60
    with Store.create(folder, {}) as store:
        found = store.get("r", "m", keys)
        assert len(found) % 20 == 0 and len(found) >= seen[-1]
        store.put([("r", "m", "after", 1)])


def test_a_reader_cannot_write(tmp_path):
    Store.create(tmp_path / "r", {}).close()
    with Store.open(tmp_path / "r") as reader, pytest.raises(StoreError, match="readonly"):
        reader.note("kind", "id", 1)


@given(st.text(st.characters(exclude_categories=["Cs"])), st.text(st.characters(exclude_categories=["Cs"])))
def test_text_is_replaced_whole_and_leaves_no_crumbs(shared, old, new):
    for text in (old, new):
        shared.write_text("deep/er/file.txt", text)
        assert (shared.path / "deep/er/file.txt").read_bytes() == text.encode()
    assert [f.name for f in (shared.path / "deep/er").iterdir()] == ["file.txt"]


def test_what_cannot_be_written_is_said_and_the_old_stays(tmp_path):
    with Store.create(tmp_path / "r", {}) as store:
        store.write_text("file", "old")
        for name in ("file/below", "images"):
            with pytest.raises(StoreError, match=f"cannot write '.*{name}'"):
                store.write_text(name, "new")
        assert (store.path / "file").read_text() == "old"


# --- damage -------------------------------------------------------------------------------------------------------------


def test_a_full_disk_is_said_and_what_was_there_stays(tmp_path):
    with Store.create(tmp_path / "r", {}) as store:
        store.put([("r", "m", "before", 1)])
        store.db.execute("pragma max_page_count=30")
        with pytest.raises(StoreError, match="cannot write .*run.sqlite.*full"):
            store.put(("r", "m", str(i), "x" * 5000) for i in range(200))
        assert store.get("r", "m", ["before", "0"]) == {"before": 1}
        store.db.execute("pragma max_page_count=3000")
        store.put([("r", "m", "after", 2)])
        assert store.get("r", "m", ["before", "after"]) == {"before": 1, "after": 2}


def test_a_database_damaged_in_the_middle_is_said(tmp_path):
    with Store.create(tmp_path / "r", {}) as store:
        store.put(("r", "m", str(i), "x" * 500) for i in range(50))
    file = tmp_path / "r" / "run.sqlite"
    file.write_bytes(file.read_bytes()[:4096] + b"\xff" * 40_000)
    for use in (lambda: Store.create(tmp_path / "r", {}), lambda: Store.open(tmp_path / "r").get("r", "m", ["1"])):
        with pytest.raises(StoreError, match="run.sqlite.*malformed"):
            use()


def test_a_run_killed_in_its_first_instant_can_be_begun_again(tmp_path):
    (tmp_path / "r").mkdir()
    (tmp_path / "r" / ".lock").touch()
    with Store.create(tmp_path / "r", {"seed": 1}) as store:
        assert store.meta("identity") == {"seed": 1}


def test_a_refused_writer_gives_its_lock_back(tmp_path):
    Store.create(tmp_path / "r", {"seed": 1}).close()
    with pytest.raises(StoreError, match="seed is 1 there, 2 here"):
        Store.create(tmp_path / "r", {"seed": 2})
    with Store.create(tmp_path / "r", {"seed": 1}) as store:
        run = store.meta("run_id")
    with Store.open(tmp_path / "r") as reader:
        assert reader.meta("run_id") == run


@given(st.dictionaries(KEYS, JSON, max_size=4))
def test_a_run_is_gone_on_with_only_under_its_own_identity(tmp_path_factory, identity):
    folder = tmp_path_factory.mktemp("runs") / "r"
    try:
        json.dumps(identity, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return
    Store.create(folder, identity).close()
    Store.create(folder, json.loads(json.dumps(identity))).close()
    with pytest.raises(StoreError, match="holds another run: a key of its own is"):
        Store.create(folder, {**identity, "a key of its own": "new"})


def test_a_run_that_another_process_is_just_making_is_no_strange_folder(tmp_path, monkeypatch):
    real = Path.iterdir

    def meanwhile(path):
        with Store.create(tmp_path / "run", {"labels": ["mug"]}):
            pass
        return real(path)

    (tmp_path / "run").mkdir()
    with monkeypatch.context() as patch:
        patch.setattr(Path, "iterdir", lambda path: (patch.undo(), meanwhile(path))[1])
        with Store.create(tmp_path / "run", {"labels": ["mug"]}) as store:
            assert store.meta("identity") == {"labels": ["mug"]}


def test_what_keeps_an_empty_folder_does_not_make_it_somebody_elses(tmp_path):
    for name in (".gitkeep", ".DS_Store"):
        (tmp_path / name).touch()
    with Store.create(tmp_path, {"labels": ["mug"]}) as store:
        assert store.meta("identity") == {"labels": ["mug"]}


# --- a folder from somebody else ------------------------------------------------------------------------------------------

IDENTITY = {
    "labels": ["mug"], "task_id": "classify", "medium": "picture", "options": {},
    "models": {"generator": "g", "target": "t", "captioner": "c", "judge": "j"},
}  # fmt: skip
GONE = f"images/ab/{'ab' * 32}.png"


@pytest.mark.parametrize(
    ("role", "value", "message"),
    [
        ("generator", '{"image": "../../secret.png", "info": {}}', "image: '../../secret.png': .*outside its folder"),
        ("generator", '{"image": 3, "info": {}}', "image: 3: input should be a valid string"),
        ("generator", '{"info": {}}', "image: field required"),
        ("generator", "[]", "should be a valid dictionary"),
        ("generator", f'{{"image": "{GONE}", "info": {{}}, "truth": {{"label": "mug"}}}}', "truth.others: field required"),
        ("judge", "NaN", "not finite"),
        ("judge", "1e999", "not finite"),
        ("judge", "1.5", "less than or equal to 1"),
        ("judge", '"0.5"', "valid number"),
        ("captioner", "7", "valid string"),
        ("target", "{", "a value in it is damaged"),
        ("target", "[" * 100_000, "a value in it is damaged"),
        ("target", None, "it holds a NoneType, not a text"),
    ],
)  # fmt: skip
def test_an_answer_that_is_none_is_named_with_its_row_and_field(tmp_path, role, value, message):
    with Store.create(tmp_path / "r", {}) as store:
        store.db.execute("insert into answers values(?, 'm', 'k1', ?, null)", (role, value))
        with pytest.raises(StoreError, match=f"cannot read '.*run.sqlite': answers, {role} k1.*{message}") as error:
            store.get(role, "m", ["k1"])
        assert len(str(error.value)) < 1000


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("purpose", "'spying'"),
        ("replicate", "-1"),
        ("replicate", "'two'"),
        ("label", "null"),
        ("prompt", "'another'"),
        ("run_seed", "1"),
    ],
)
def test_a_sample_that_is_none_is_named(tmp_path, column, value):
    with Store.create(tmp_path / "r", {}) as store:
        store.put_samples([Sample(Prompt("a photo of a mug", "mug"), "explore", 0)])
        store.db.execute(f"update samples set {column}={value}")
        with pytest.raises(StoreError, match="samples, [0-9a-f]{64}"):
            list(store.samples())


@pytest.mark.parametrize(
    ("kind", "id", "value", "message"),
    [
        ("evidence", "", "{}", "'' is no id"),
        ("evidence", "child-00000", "{}", "'child-00000' is no id"),
        ("evidence", "00000", "{}", " 00000, [a-z]+: field required"),
        ("refinement", "00000", "[]", "should be a valid dictionary"),
        ("refinement", "00000", '{"verdict": "confirmed"}', "field required"),
    ],
)
def test_a_note_that_is_none_is_named(tmp_path, kind, id, value, message):
    with Store.create(tmp_path / "r", {}) as store:
        store.db.execute("insert into ledger values(?, ?, ?, null)", (kind, id, value))
        with pytest.raises(StoreError, match=f"cannot read '.*run.sqlite': ledger, {kind}.*{message}"):
            ledger.of_bugs(store)


@pytest.mark.parametrize("lost", sorted(IDENTITY))
def test_an_identity_that_lacks_a_part_is_named(tmp_path, lost):
    with Store.create(tmp_path / "r", {k: v for k, v in IDENTITY.items() if k != lost}) as store:
        with pytest.raises(StoreError, match=f"meta, identity, {lost}: field required"):
            store.identity()


def test_options_of_a_run_never_name_a_file(tmp_path):
    """In a config file, `accept` may; a run holds what the file said."""
    (tmp_path / "sets.yaml").write_text("mug: [secret]")
    with Store.create(tmp_path / "r", IDENTITY | {"options": {"accept": str(tmp_path / "sets.yaml")}}) as store:
        with pytest.raises(StoreError, match="option accept is '.*sets.yaml'"):
            store.options()


@pytest.mark.parametrize(
    "sql",
    [
        "create view more as select * from samples",
        "create trigger t after insert on samples begin delete from answers; end",
        "drop table samples; create view samples as with recursive n(i) as (select 1 union select i from n) select * from n",
        "drop table ledger; create table ledger(kind text, id text, value text generated always as (hex(zeroblob(999999))))",
        "drop table ledger; create virtual table ledger using fts5(kind, id, value)",
    ],
)
def test_a_database_with_programs_in_it_is_refused(tmp_path, sql):
    with Store.create(tmp_path / "r", {}) as store:
        store.db.executescript(sql)
    for opening in (Store.open, lambda path: Store.create(path, {})):
        with pytest.raises(StoreError, match="is not one of Bugscope's"):
            opening(tmp_path / "r")


def test_half_characters_in_a_row_are_replaced(tmp_path):
    with Store.create(tmp_path / "r", {}) as store:
        store.db.execute("""insert into answers values('target', 'm', 'k', '["a \\ud83d", "\\ud83d\\ude00"]', null)""")
        assert store.get("target", "m", ["k"]) == {"k": ["a \ufffd", "\U0001f600"]}
        store.put([("target", "m", "l", ["b \ud83d"])])
        assert store.get("target", "m", ["l"]) == {"l": ["b \ufffd"]}


def test_a_reader_that_stops_early_may_outlive_the_store(tmp_path, recwarn):
    with Store.create(tmp_path / "r", {}) as store:
        store.put_samples(Sample(Prompt("a photo of a mug", "mug"), "explore", i) for i in range(3))
        samples = store.samples()
        next(samples)
    samples.close()


def archive(member, content):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as made:
        made.writestr(member, content)
    return file.getvalue()


WRONG = {
    "empty": b"", "cut": b"PK\x03\x04", "array": b"\x93NUMPY\x01\x00", "text": b"no",
    "another member": archive("other.npy", b"x"), "no array": archive("regions.npy", b"junk"),
    "floats": regions.packed(np.zeros((2, 2))), "bomb": archive("regions.npy", bytes(600_000_000)),
}  # fmt: skip


@pytest.mark.parametrize("data", WRONG.values(), ids=WRONG)
def test_regions_that_are_none_are_lost(tmp_path, data):
    with Store.create(tmp_path / "r", {}) as store:
        name = store.blobs.put(data, ".npz")
        with pytest.raises(StoreError, match="lacks the (regions|file)"):
            store.regions({"regions": name})
