"""The house: rooms, no circles, short functions, tests that use public names only. Layers are `lint-imports`' affair."""

import ast
import re
from pathlib import Path

import grimp
import pytest

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "src" / "bugscope"
SOURCES = sorted(PACKAGE.rglob("*.py"))
THEIRS = {"_asdict", "_fields", "_replace", "_repr_html_", "_exit", "_getframe", "_Pickler", "_PRETRAINED"}
"""Names of the standard library, of notebooks and of open_clip."""
TESTS = sorted((ROOT / "tests").rglob("*.py"))


def tree(path):
    return ast.parse(path.read_text(encoding="utf-8"))


def test_every_entry_at_the_top_is_a_room():
    rooms = {p.name for p in PACKAGE.iterdir() if p.name != "__pycache__"} - {"__init__.py", "py.typed"}
    assert rooms == {
        "app", "core", "engine", "language", "media", "method", "providers", "report", "stats", "store", "tasks", "testing",
        "workflows",
    }  # fmt: skip


def test_no_module_imports_itself_through_others():
    """Imports for type checkers and those inside functions count."""
    graph = grimp.build_graph("bugscope", exclude_type_checking_imports=False, cache_dir=None)
    for module in sorted(graph.modules):
        for imported in graph.find_modules_directly_imported_by(module):
            chain = graph.find_shortest_chain(importer=imported, imported=module)
            assert chain is None, " -> ".join([module, *chain])


def test_our_own_modules_are_imported_by_statements():
    """So that types, layers and circles are seen; only the registry loads by name."""
    found = [str(p) for p in SOURCES if re.search(r"import_module\(\s*f?[\"']bugscope", p.read_text(encoding="utf-8"))]
    assert not found


def test_files_are_opened_as_pictures_in_one_place():
    """There is the list of formats, and the limit on pixels."""
    found = [str(p.relative_to(PACKAGE)) for p in SOURCES if "Image.open(" in p.read_text(encoding="utf-8")]
    assert found == ["media/picture.py"]


def test_functions_fit_on_a_screen():
    long = {
        f"{path.relative_to(PACKAGE)}:{node.name}": node.end_lineno - node.lineno + 1
        for path in SOURCES
        for node in ast.walk(tree(path))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.end_lineno - node.lineno >= 60
    }
    assert not long


@pytest.mark.parametrize("path", TESTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_tests_share_through_support_and_reach_for_nothing_private(path):
    for node in ast.walk(tree(path)):
        names = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
        names += [a.name for a in node.names] if isinstance(node, ast.Import | ast.ImportFrom) else []
        for name in names:
            last = name.rpartition(".")[2]
            assert not last.startswith("test_"), f"{path.name} imports {name}"
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("bugscope"):
                assert not any(part.startswith("_") for part in name.split(".")), f"{path.name} imports {name}"
        if isinstance(node, ast.Attribute) and re.match(r"_[^_]", node.attr) and node.attr not in THEIRS:
            assert isinstance(node.value, ast.Name) and node.value.id in ("self", "cls"), ast.unparse(node)
