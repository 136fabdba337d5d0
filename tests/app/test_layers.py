"""How the package is put together: what is ours is imported by name, so that types and import contracts see it."""

from pathlib import Path

import bugscope

SOURCE = Path(bugscope.__file__).parent


def test_no_module_of_ours_is_imported_as_text():
    found = [str(p.relative_to(SOURCE)) for p in SOURCE.rglob("*.py") if 'import_module("bugscope' in p.read_text("utf-8")]
    assert not found


def test_the_command_line_imports_everything_by_name():
    assert not [p.name for p in (SOURCE / "app").rglob("*.py") if "import_module" in p.read_text("utf-8")]
