"""Keep the tables of options in the docs equal to what the commands offer.

    python tools/tables.py            # write them again
    python tools/tables.py --check    # exit code 1 and the names of files that are not current

A table stands between `<!-- table: NAME -->` and `<!-- /table -->`, each on a line of its own. NAME is a command
(`cache-ls` for `cache ls`) or `config` for the keys of a config file.
"""

import argparse
import inspect
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, get_args

import typer.models

from bugscope.app.cli import app
from bugscope.app.cli.options import DEFAULT
from bugscope.core.options import OPTIONS, said

DOCS = Path(__file__).parent.parent / "docs"
OPENING = re.compile(r"^<!-- table: *([\w-]*) *-->$", re.MULTILINE)
TABLE = re.compile(r"^(<!-- table: *([\w-]+) *-->)\n(?:(?!<!-- table:).)*?^(<!-- /table -->)$", re.MULTILINE | re.DOTALL)
KINDS = {int: "integer", float: "number", str: "string", Path: "path", bool: "flag"}


def update(docs: Path, check: bool = False) -> list[Path]:
    """The Markdown files below `docs` whose tables are not current, written again unless `check`.

    Raises ValueError for a table that nobody knows, or that has no end.
    """
    stale = []
    for file in sorted(docs.rglob("*.md")):
        text = file.read_text(encoding="utf-8")
        current = filled(text, str(file))
        if current != text:
            stale.append(file)
            if not check:
                file.write_text(current, encoding="utf-8", newline="\n")
    return stale


def filled(text: str, name: str) -> str:
    """`text` with its tables made anew. `name`: of the file, for messages."""
    commands = {str(command.name): command.callback for command in app.registered_commands}
    for group in app.registered_groups:
        inner = group.typer_instance.registered_commands if group.typer_instance else ()
        commands |= {f"{group.name}-{command.name}": command.callback for command in inner}
    openings, whole = OPENING.findall(text), TABLE.findall(text)
    for opening in openings:
        if opening != "config" and opening not in commands:
            raise ValueError(f"{name}: no table is called {opening!r}; there are config, {', '.join(commands)}")
    if len(openings) != len(whole):
        raise ValueError(f"{name}: a table has no end; it should be a line <!-- /table -->")

    def table(found: re.Match[str]) -> str:
        made = config() if found[2] == "config" else options(commands[found[2]])
        return f"{found[1]}\n\n{made}\n\n{found[3]}"

    return TABLE.sub(table, text)


def config() -> str:
    """Every key of a config file."""
    rows = [(_code(o.name), o.type, _words(o.shown_default), _code(o.bounds), o.help) for o in OPTIONS.values()]
    return _table(("Key", "Type", "Default", "Bounds", "Meaning"), rows)


def options(command: Any) -> str:
    """Arguments and options of a command, in the order of its help."""
    parameters = inspect.signature(command, eval_str=True).parameters.values()
    return _table(("Option", "Type", "Default", "Meaning"), [_row(p) for p in parameters])


def _row(parameter: inspect.Parameter) -> tuple[str, str, str, str]:
    kind, *about = get_args(parameter.annotation)
    info = next(x for x in about if isinstance(x, typer.models.ParameterInfo))
    help, _, default = (info.help or "").partition(DEFAULT)
    return _names(parameter, info), _type(kind, info), _default(parameter, default.removesuffix("]")), help


def _names(parameter: inspect.Parameter, info: Any) -> str:
    """`--stored`, `--no-stored`; an argument in capitals."""
    if isinstance(info, typer.models.ArgumentInfo):
        return _code(parameter.name.upper())
    # in an annotation the first name stands in the place of a default
    return ", ".join(_code(name) for names in (info.default, *(info.param_decls or ())) for name in names.split("/"))


def _type(kind: Any, info: Any) -> str:
    """What is written after the option: its placeholder if it has one. `X | None` and `list[X]` are X."""
    while inner := [arg for arg in get_args(kind) if arg is not type(None)]:
        kind = inner[0]
    return _code(info.metavar) if info.metavar else KINDS[kind]


def _default(parameter: inspect.Parameter, words: str) -> str:
    """`words`: as the help says it."""
    value = parameter.default
    if words:
        return _words(words)
    if value is parameter.empty:
        return "required"
    if value is None or value is False or value == "":
        return ""
    return _words("on" if value is True else said(value))


def _words(default: str) -> str:
    """Words as they are, a value as code."""
    return default if " " in default or default == "none" else _code(default)


def _code(text: str) -> str:
    return f"`{text}`" if text else ""


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    escaped = [[cell.replace("|", "\\|") for cell in row] for row in rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in [head, ["---"] * len(head), *escaped])


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Keep the tables of options in the docs equal to what the commands offer.")
    parser.add_argument("docs", type=Path, nargs="?", default=DOCS, help="folder of Markdown files")
    parser.add_argument("--check", action="store_true", help="write nothing; exit code 1 if a table is not current")
    given = parser.parse_args(arguments)
    try:
        stale = update(given.docs, given.check)
    except ValueError as error:
        print(error, file=sys.stderr)
        return 2
    for file in stale:
        print(f"{file}: {'tables are not current; run: python tools/tables.py' if given.check else 'written'}")
    return int(given.check and bool(stale))


if __name__ == "__main__":
    raise SystemExit(main())
