"""`bugscope doctor RUN`: damage to a run folder is found, named and mended, and nothing that can be read is deleted."""

import json
import os
import random
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from tempfile import mkdtemp

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import bugscope
from bugscope.app.cli import main
from bugscope.core.errors import StoreError
from bugscope.store import folder as store_folder
from bugscope.store.folder import Store
from bugscope.workflows.checkup import checkup, mend
from support.benches import load
from support.hostile import OPTIONS, original, roles
from support.runs import copied, without_times
from support.worlds import planted


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs")
    original(folder)
    return folder


@pytest.fixture
def run(runs, tmp_path):
    return copied(bugscope.load(runs / "run"), tmp_path / "run")


def hunt(folder):
    return bugscope.hunt("mug", folder, **OPTIONS, **roles())


def bad(folder):
    return {c.name: c for c in bugscope.doctor(folder) if not c.ok}


def pictures(folder):
    return sorted(folder.glob("images/*/*.png"))


def changed(file, data):
    file.unlink()
    file.write_bytes(data)


def flipped(file, at):
    data = bytearray(file.read_bytes())
    data[at] ^= 4
    changed(file, bytes(data))


def executed(folder, *statements):
    with closing(sqlite3.connect(folder / "run.sqlite")) as db:
        for statement, *values in statements:
            db.execute(statement, values)
        db.commit()


def test_whole_runs_of_every_kind_are_healthy(runs, tmp_path):
    target = roles()["target"]
    target.id = "world/other"
    replayed = copied(bugscope.load(runs / "run"), tmp_path / "run")
    bugscope.replay(replayed, target)
    for folder in (runs / "run", runs / "probe", replayed):
        checks = bugscope.doctor(folder)
        assert all(c.ok for c in checks), checks
    assert any(c.name == "replay: rows" for c in checks)
    stopped = tmp_path / "stopped"
    with pytest.raises(KeyboardInterrupt):
        bugscope.hunt("mug", stopped, **OPTIONS, **planted(labels=("mug",), die_after=9).roles())
    assert bad(stopped) == {}


@pytest.mark.parametrize(
    ("part", "harm"),
    [
        ("pictures", lambda run: flipped(pictures(run)[3], -20)),
        pytest.param("pictures", lambda run: pictures(run)[3].unlink(), marks=pytest.mark.slow),
        pytest.param("pictures", lambda run: changed(pictures(run)[3], b""), marks=pytest.mark.slow),
        pytest.param(
            "rows", lambda run: executed(run, ("update ledger set value=replace(value, '1', '2')",)), marks=pytest.mark.slow
        ),
        pytest.param(
            "rows",
            lambda run: executed(run, ("update answers set key=upper(key) where role='target'",)),
            marks=pytest.mark.slow,
        ),
        ("rows", lambda run: executed(run, ("update samples set description='x' where description<>''",))),
        pytest.param(
            "rows", lambda run: executed(run, ("update meta set value='\"x\"' where name='run_id'",)), marks=pytest.mark.slow
        ),
        ("rows", lambda run: executed(run, ("update meta set value='{}' where name='identity'",))),
        ("database", lambda run: changed(run / "run.sqlite", b"no database" * 9 + (run / "run.sqlite").read_bytes()[99:])),
        pytest.param(
            "database",
            lambda run: changed(run / "run.sqlite", (run / "run.sqlite").read_bytes()[:50_000]),
            marks=pytest.mark.slow,
        ),
        pytest.param("config.yaml", lambda run: (run / "config.yaml").write_text("labels: [pot]\n"), marks=pytest.mark.slow),
        pytest.param("config.yaml", lambda run: (run / "config.yaml").unlink(), marks=pytest.mark.slow),
        pytest.param("report.json", lambda run: flipped(run / "report.json", 700), marks=pytest.mark.slow),
        ("report.html", lambda run: flipped(run / "report.html", 9000)),
        pytest.param("report.html", lambda run: (run / "report.html").unlink(), marks=pytest.mark.slow),
    ],
)
def test_damage_is_found_and_mended_to_the_same_run(run, part, harm):
    whole = without_times(bugscope.load(run).report)
    names = {p.relative_to(run) for p in pictures(run)}
    harm(run)
    damaged = {p.read_bytes() for p in run.rglob("*.png")}
    found = bad(run)
    assert part in found and found[part].detail and found[part].means and found[part].remedy
    checks = bugscope.doctor(run, mend=True)
    assert [c.name for c in checks if not c.ok] in ([], ["pictures"])
    assert damaged <= {p.read_bytes() for p in run.rglob("*.png")}, "a picture was deleted"
    assert without_times(hunt(run).report) == whole
    assert {p.relative_to(run) for p in pictures(run)} == names
    assert bad(run) == {}


def test_a_conclusion_that_the_answers_do_not_bear_out_is_found_taken_out_and_drawn_anew(run):
    whole = without_times(bugscope.load(run).report)
    # with a checksum of its own, as a program or a person might write it
    with Store.create(run, _identity(run)) as store:
        (id, note), *_ = ((i, n) for i, n in store.notes("evidence").items() if n["verdict"] == "confirmed")
        store.note("evidence", id, note | {"treated": note["treated"] | {"failures": note["treated"]["failures"] - 1}})
    found = bad(run)
    assert "ledger" in found and "it says" in found["ledger"].detail
    bugscope.doctor(run, mend=True)
    assert bad(run) == {} and bugscope.load(run).bugs == []
    assert json.loads((run / "damaged" / "rows.jsonl").read_text().splitlines()[0])["id"] == id
    assert without_times(hunt(run).report) == whole


def test_a_claim_about_pictures_that_were_never_drawn_is_found(run):
    executed(run, ("delete from samples where purpose='confirm' and replicate=2",))
    assert "are known" in bad(run)["ledger"].detail


def _identity(folder):
    with Store.open(folder) as store:
        return dict(store.identity())


def test_files_that_do_not_belong_there_are_named_and_left_alone(run):
    (run / "thesis.tex").write_text("mine")
    (run / "images" / "ab").mkdir(exist_ok=True)
    (run / "images" / "ab" / f"{'ab' * 32}.png").write_bytes(b"mine too")
    (files,) = [c for c in bugscope.doctor(run) if c.name == "files"]
    assert files.ok and "thesis.tex" in files.detail and "no row names them" in files.detail
    bugscope.doctor(run, mend=True)
    assert (run / "thesis.tex").read_text() == "mine" and (run / "images" / "ab" / f"{'ab' * 32}.png").exists()


def test_a_run_of_an_earlier_version_opens_and_goes_on(run):
    """Its tables have no checksums."""
    whole = without_times(bugscope.load(run).report)
    old = [sql.replace(store_folder.SUM, "") for sql in store_folder.TABLES]
    with closing(sqlite3.connect(run / "run.sqlite")) as db:
        for name, sql in zip(store_folder.NAMES, old, strict=True):
            columns = {"meta": "name, value", "answers": "role, model, key, value", "ledger": "kind, id, value"}.get(
                name, "key, prompt, label, description, purpose, replicate, run_seed, seed"
            )
            rows = db.execute(f"select {columns} from {name}").fetchall()
            db.execute(f"drop table {name}")
            db.execute(sql)
            db.executemany(f"insert into {name} values({','.join('?' * (columns.count(',') + 1))})", rows)
        db.execute("delete from meta where name in ('config', 'identity, again')")
        db.commit()
    assert without_times(bugscope.load(run).report) == whole
    checks = {c.name: c for c in bugscope.doctor(run)}
    assert all(c.ok for c in checks.values()) and "by an earlier version" in checks["rows"].detail
    assert without_times(hunt(run).report) == whole
    with Store.create(run, _identity(run)) as store:
        store.note("error", "x", {"role": "target", "reason": "new"})
        assert store.db.execute("select sum from ledger where id='x'").fetchone()[0] is not None


def test_what_was_never_a_run_or_is_in_use_cannot_be_checked_or_mended(run, tmp_path):
    (tmp_path / "empty").mkdir()
    with pytest.raises(StoreError, match="holds no run"):
        bugscope.doctor(tmp_path / "empty")
    with Store.create(run, _identity(run)), pytest.raises(StoreError, match="in use by another process"):
        bugscope.doctor(run, mend=True)
    (run / "run.sqlite").unlink()
    assert "missing" in bad(run)["database"].detail
    with pytest.raises(StoreError, match="cannot be mended"):
        bugscope.doctor(run, mend=True)


def test_the_command_says_what_is_damaged_what_it_means_and_what_to_do(run, tmp_path, capsys):
    def said(*arguments):
        with pytest.raises(SystemExit) as stop:
            main(["doctor", "--quiet", *arguments])
        return stop.value.code or 0, *capsys.readouterr()

    code, out, _ = said(str(run))
    assert code == 0 and out.count("ok  ") == 8
    flipped(pictures(run)[0], -20)
    code, out, _ = said(str(run))
    assert code == 1 and f"{pictures(run)[0].name} (damaged)" in out and f"bugscope doctor {run} --mend" in out
    code, out, _ = said(str(run), "--json")
    assert code == 1 and [c["check"] for c in json.loads(out) if not c["ok"]] == ["pictures"]
    code, out, _ = said(str(run), "--mend")
    assert code == 1 and "moved 1 damaged file to damaged/" in out and "missing" in out
    hunt(run)
    assert said(str(run), "--mend")[0] == 0
    for arguments, message in (
        ([str(tmp_path / "nothing")], "holds no run"),
        (["--mend"], "--mend needs a run folder"),
        ([str(run), "--target", "x"], "leave out --target"),
    ):
        code, _, err = said(*arguments)
        assert code == 2 and message in err and err.count("\n") == 1


@pytest.fixture(scope="module")
def noted(tmp_path_factory):
    with Store.create(tmp_path_factory.mktemp("noted") / "r", {}) as store:
        store.note_all("kind", {str(i): {"text": "a mug" * i, "n": i} for i in range(60)})
    return store.path


@settings(max_examples=60)
@given(st.integers(0, 2**32))
def test_no_flipped_bit_of_the_database_gives_another_value(noted, seed):
    rng = random.Random(seed)
    folder = Path(mkdtemp(dir=noted.parent))
    try:
        shutil.copytree(noted, folder, dirs_exist_ok=True)
        data = bytearray((folder / "run.sqlite").read_bytes())
        data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
        (folder / "run.sqlite").write_bytes(data)
        try:
            with Store.open(folder) as store:
                found = store.notes("kind")
        except StoreError as error:
            assert "\n" not in str(error)
            return
        assert all(note == {"text": "a mug" * int(id), "n": int(id)} for id, note in found.items())
    finally:
        shutil.rmtree(folder)


@pytest.mark.slow
def test_no_damage_is_silent_and_none_ends_in_a_traceback():
    damage = load("damage")
    counts = {kind: 3 for kind in damage.KINDS} | {"a bit of a picture": 20, "a bit of run.sqlite": 40}
    found = damage.measure(counts, every=5)
    assert found["all"]["silent"] == found["all"]["tracebacks"] == found["all"]["hangs"] == 0, found
    assert found["all"]["found by doctor"] > 50


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="pipes as on Unix")
@pytest.mark.parametrize("name", ["config.yaml", "report.json", "run.sqlite"])
def test_a_pipe_in_the_place_of_a_file_is_never_waited_for(run, name):
    (run / name).unlink()
    os.mkfifo(run / name)
    assert not all(check.ok for check in checkup(run))
    if name == "run.sqlite":
        with pytest.raises(StoreError, match="run.sqlite' is no file; take it away"):
            mend(run)
    else:
        mend(run)
        assert all(check.ok for check in checkup(run))
