"""The check of links in Markdown: what it finds dead, and what it leaves alone."""

import importlib.util
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def tool():
    spec = importlib.util.spec_from_file_location("links", ROOT / "tools" / "links.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def dead(tool, tmp_path, capsys):
    """Write pages, check them: the dead links as they are printed."""

    def check(**texts):
        for name, text in texts.items():
            page = tmp_path / f"{name.replace('__', '/')}.md"
            page.parent.mkdir(parents=True, exist_ok=True)
            page.write_text(text, encoding="utf-8")
        code = tool.main(tmp_path)
        *lines, last = capsys.readouterr().out.splitlines()
        assert code == (1 if lines else 0) and last.endswith(f", {len(lines)} dead")
        return lines

    return check


def test_a_dead_file_is_named_with_its_place(dead):
    assert dead(README="one\n\nsee [it](docs/gone.md)") == ["README.md:3: docs/gone.md: no such file"]


def test_a_dead_heading_is_named(dead):
    assert dead(README="[a](docs/b.md#not-there) [b](#nor-here)", docs__b="# There") == [
        "README.md:1: docs/b.md#not-there: no heading #not-there in docs/b.md",
        "README.md:1: #nor-here: no heading #nor-here in README.md",
    ]


def test_links_that_hold(dead):
    page = "[f](docs/b.md) [h](docs/b.md#what-it-is) [d](docs) ![p](docs/b.md 'title') [s](#top)\n\n[r]: docs/b.md\n# Top"
    assert dead(README=page, docs__b="## What it is\n[up](../README.md#top) [root](/README.md)") == []


def test_html_and_definitions_are_links_too(dead):
    lines = dead(README='<img alt="" src="no.png">\n\n[ref]: nor.md\n')
    assert lines == ["README.md:1: no.png: no such file", "README.md:3: nor.md: no such file"]


@pytest.mark.parametrize(
    "text",
    [
        "[w](https://example.org/gone.md) [m](mailto:a@example.org)",
        "```python\nx = [a](b.md)\n```",
        "~~~\n[a](b.md)\n```\n[a](b.md)\n~~~",
        "write `[a](b.md)` or ``[`a`](b.md)``",
        "<!-- [a](b.md)\n[a](b.md) -->",
    ],
)
def test_code_comments_and_other_sites_are_left_alone(dead, text):
    assert dead(README=text) == []


def test_what_follows_code_is_read_again(dead):
    assert dead(README="```\n[a](b.md)\n```\n[c](d.md)") == ["README.md:4: d.md: no such file"]


def test_a_link_may_not_leave_the_repository(dead):
    assert dead(README="[a](../secret.md)") == ["README.md:1: ../secret.md: outside the repository"]


@pytest.mark.parametrize(
    ("heading", "name"),
    [
        ("What it does", "what-it-does"),
        ("Hosted models: patience, money, keys", "hosted-models-patience-money-keys"),
        ("How many pictures: `bugscope plan`", "how-many-pictures-bugscope-plan"),
        ("The paper's third experiment", "the-papers-third-experiment"),
        ("A & B", "a--b"),
        ("[Linked](there.md) too", "linked-too"),
        ("Étagère_2", "étagère_2"),
    ],
)
def test_headings_are_named_as_github_does(tool, heading, name):
    assert tool.slug(heading) == name


def test_a_heading_that_comes_again_is_numbered(tool):
    page = "# A\n## A\n## A\n## B {#own}\n<a id='mark'></a>\n```\n# code\n```"
    assert tool.anchors(page) == {"a", "a-1", "a-2", "b", "own", "mark"}


def test_hidden_and_built_folders_are_not_read(dead):
    bad = "[a](b.md)"
    pages = {"README": "fine", ".venv__x": bad, "build__x": bad, ".github__x": bad}
    assert dead(**pages) == [".github/x.md:1: b.md: no such file"]


def test_the_links_of_this_repository_hold(tool, capsys):
    assert tool.main(ROOT) == 0, capsys.readouterr().out
