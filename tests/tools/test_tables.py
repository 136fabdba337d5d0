"""The tables of options in the docs come from the commands themselves."""

import importlib.util
from pathlib import Path

import pytest

from bugscope.app.cli import app
from bugscope.core.options import OPTIONS

TOOL = Path(__file__).parent.parent.parent / "tools" / "tables.py"
BEFORE = "# Options\n\nText | stays.\n\n<!-- table: {name} -->\nold\n<!-- /table -->\n\nThe end.\n"


@pytest.fixture(scope="module")
def tables():
    spec = importlib.util.spec_from_file_location("tables", TOOL)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def docs(tmp_path):
    (tmp_path / "reference").mkdir()
    (tmp_path / "reference" / "cli.md").write_text("".join(BEFORE.format(name=c.name) for c in app.registered_commands))
    (tmp_path / "config.md").write_text(BEFORE.format(name="config"))
    (tmp_path / "other.md").write_text("no table\n")
    return tmp_path


def rows(text):
    """Cells by the first one."""
    lines = [line.strip("| ").split(" | ") for line in text.splitlines() if line.startswith("| `")]
    return {cells[0].strip("`"): cells[1:] for cells in lines}


def test_tables_are_written_once_and_stay(tables, docs, capsys):
    before = (docs / "config.md").read_text()
    assert tables.main([str(docs), "--check"]) == 1
    said = capsys.readouterr().out
    assert "config.md: " in said and "cli.md: " in said and "other.md" not in said
    assert (docs / "config.md").read_text() == before, "a check writes nothing"
    assert tables.main([str(docs)]) == 0
    assert tables.main([str(docs), "--check"]) == 0
    after = (docs / "config.md").read_text()
    assert after.startswith("# Options\n\nText | stays.\n") and after.endswith("\n\nThe end.\n") and "\nold\n" not in after


def test_every_key_and_every_option_is_there(tables, docs):
    tables.update(docs)
    keys = rows((docs / "config.md").read_text())
    assert list(keys) == list(OPTIONS)
    assert keys["alpha"] == ["number", "`0.05`", "`> 0, < 1`", OPTIONS["alpha"].help]
    for command, part in zip(
        app.registered_commands, (docs / "reference" / "cli.md").read_text().split("# Options")[1:], strict=True
    ):
        found = rows(part)
        offered = [o for o in OPTIONS.values() if command.name in o.commands]
        assert {
            f"--{o.name.removesuffix('s') if o.name.endswith('_args') else o.name}".replace("_", "-") for o in offered
        } <= set(found)
        assert "--json" in found and all(len(cells) == 3 and cells[2] for cells in found.values()), command.name
    assert "| `--stored`, `--no-stored` | flag | `on` | " in (docs / "reference" / "cli.md").read_text()
    assert "[default" not in (docs / "reference" / "cli.md").read_text()


@pytest.mark.parametrize(
    ("command", "option", "cells"),
    [
        ("hunt", "LABELS", ["string", "those that the generator suggests", "label names of the target"]),
        ("hunt", "--target", ["`PROVIDER/MODEL`", "`efficientnet-lite/0`", "model under test"]),
        ("hunt", "--target-arg", ["`KEY=VALUE`", "", "options of the target; may be repeated"]),
        ("resume", "RUN", ["path", "required", "run folder"]),
        ("explain", "--budget", ["integer", "`800`", "pictures for each bug, at most"]),
        ("evaluate", "--limit", ["integer", "`all`", "use this many pictures, drawn at random"]),
        ("replay", "--max-cost", ["`AMOUNT\\|none`", "none", OPTIONS["max_cost"].help]),
        ("transfer", "--target", ["`PROVIDER/MODEL`", "required", "another model to test; may be repeated"]),
    ],
)  # fmt: skip
def test_a_row_says_how_to_write_it_what_holds_without_it_and_what_it_does(tables, command, option, cells):
    text = tables.filled(BEFORE.format(name=command), "a.md")
    assert rows(text)[option] == cells


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("<!-- table: hunnt -->\n<!-- /table -->\n", "a.md: no table is called 'hunnt'"),
        ("<!-- table: hunt -->\ntext\n", "a.md: a table has no end"),
        ("<!-- table: hunt -->\n<!-- table: plan -->\n<!-- /table -->\n", "a.md: a table has no end"),
    ],
)
def test_a_slip_in_a_marker_is_named(tables, tmp_path, capsys, text, message):
    (tmp_path / "a.md").write_text(text)
    assert tables.main([str(tmp_path)]) == 2
    assert message in capsys.readouterr().err
    assert (tmp_path / "a.md").read_text() == text
