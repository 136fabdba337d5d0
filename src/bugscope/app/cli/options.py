"""Options of the commands, from the one table in `core.options`; what was typed becomes values here."""

import inspect
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperCommand

from ...core import yamls
from ...core.accept import Accept
from ...core.errors import SpecError
from ...core.options import OPTIONS, PAIR, Config, Option

DEFAULT = "  [default: "
REPEATED = "; may be repeated"
DEFAULTS = Config()


def stating(help: str, default: str = "", metavar: str | None = None) -> dict[str, Any]:
    """Arguments of `typer.Option` and `typer.Argument`. `default`: in words, where the value alone does not say it."""
    return {"help": help + (f"{DEFAULT}{default}]" if default else ""), "show_default": False, "metavar": metavar}


def like(name: str) -> Any:
    """An option of the table, in a command that has a default of its own."""
    known = OPTIONS[name]
    return typer.Option(_flag(name), help=known.help, metavar=known.metavar or None, parser=number if known.word else None)


def number(text: str) -> float | str:
    """A number where the text is one; else the text, which may be a word such as "auto"."""
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text


FILE = "FILE"


def file(text: str) -> Path | None:
    """A file to write; None for the empty text of a variable that is not set."""
    return Path(text) if text else None


JSON = Annotated[bool, typer.Option("--json", help="print one JSON object on stdout and nothing else there")]
CacheFolder = Annotated[str, typer.Option("--cache", **stating(OPTIONS["cache"].help, "none", OPTIONS["cache"].metavar))]
CacheAll = Annotated[bool, typer.Option("--cache-all", **stating(OPTIONS["cache_all"].help, OPTIONS["cache_all"].unset))]
Quiet = Annotated[bool, typer.Option("--quiet", help="show no progress on stderr, only errors")]
RunFolder = Annotated[Path, typer.Argument(help="run folder")]
ConfigFile = Annotated[Path | None, typer.Option("--config", **stating("YAML file of options; the command line overrides it"))]
TargetArgs = Annotated[
    list[str] | None, typer.Option("--target-arg", **stating(OPTIONS["target_args"].help + REPEATED, metavar=PAIR))
]
_ACCEPT = OPTIONS["accept"]
Accepting = Annotated[
    list[str] | None,
    typer.Option("--accept", **stating(_ACCEPT.help + REPEATED, _ACCEPT.shown_default, _ACCEPT.metavar)),
]
AcceptingToo = Annotated[
    list[str] | None,
    typer.Option(
        "--accept",
        **stating(
            "what counts as right, if not as in the run; a file adds names for the run's labels" + REPEATED,
            "as in the run",
            _ACCEPT.metavar,
        ),
    ),
]


def output(name: str, help: str) -> Any:
    """An option that names a file to write."""
    return typer.Option(name, parser=file, **stating(help, metavar=FILE))


Page = Annotated[Path | None, output("--html", "also write the page to this file")]
JUnit = Annotated[Path | None, output("--junit", "write the bugs to this file as JUnit XML")]
CSV = Annotated[Path | None, output("--csv", "write the bugs to this file as CSV, one row per bug")]


class Caching(TyperCommand):
    """A command whose `--cache` may stand alone. The word after it is its folder if it looks like one, and else a label."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        end = args.index("--") if "--" in args else len(args)
        for i in range(end):
            if args[i] == "--cache" and not (i + 1 < end and _folder_like(args[i + 1])):
                args = [*args[:i], "--cache=auto", *args[i + 1 :]]
        return super().parse_args(ctx, args)


def _folder_like(word: str) -> bool:
    """A path with a separator in it, a word that the option knows, or a cache in this folder."""
    named = any(mark in word for mark in {os.sep, os.altsep or os.sep, "/"})
    if named or word in ("auto", "none", ".", "..", "~", ""):
        return True
    try:
        return Path(word, "bugscope-cache.json").is_file()
    except (OSError, ValueError):  # no file can have this name
        return False


def with_options(command: Callable[..., None], name: str) -> Callable[..., None]:
    """`command(..., **options)` with the options of the command `name` spelled out for typer; None where one is not given."""
    signature = inspect.signature(command, eval_str=True)
    own = [p.replace(kind=p.KEYWORD_ONLY) for p in signature.parameters.values() if p.kind is not p.VAR_KEYWORD]
    offered = [_parameter(known) for known in OPTIONS.values() if name in known.commands]
    kept = sorted(
        [*own, *offered], key=lambda p: p.name in ("quiet", "as_json")
    )  # how to print comes last, as in every command
    command.__signature__ = signature.replace(parameters=kept)  # type: ignore[attr-defined]
    command.__annotations__ = {p.name: p.annotation for p in kept}
    return command


def _parameter(known: Option) -> inspect.Parameter:
    metavar = known.metavar or None
    name, kind = known.name, known.kind
    if name.endswith("_args"):
        option = typer.Option(_flag(name[:-1]), **stating(known.help + REPEATED, metavar=metavar))
        name, kind = name[:-1], list[str]
    elif kind is Accept:
        option, kind = typer.Option(_flag(name), **stating(known.help + REPEATED, known.shown_default, metavar)), list[str]
    else:
        option = typer.Option(
            _flag(name), parser=number if known.word else None, **stating(known.help, known.shown_default, metavar)
        )
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=Annotated[kind | None, option])


def _flag(name: str) -> str:
    return f"--{name.replace('_', '-')}"


def stated(options: Mapping[str, Any], config: Path | None) -> dict[str, Any]:
    """What the file and then the command line state; options of models are merged, everything else replaces."""
    values: dict[str, Any] = Config.from_file(config) if config else {}
    for name, value in options.items():
        if name.endswith("_arg"):
            if given := pairs(_flag(name), value):
                known = values.get(f"{name}s")
                values[f"{name}s"] = {**(known if isinstance(known, Mapping) else {}), **given}
        elif value is not None and value != []:
            values[name] = value
    return values


def pairs(flag: str, items: Sequence[str] | None) -> dict[str, Any]:
    """Numbers, true or false, and lists in brackets; any other value is a text, and labels are names. Raises SpecError."""
    found = {}
    for item in items or ():
        key, equals, value = item.partition("=")
        if not (key and equals):
            raise SpecError(f"{flag} {item!r} should read {PAIR}")
        name = key.replace("-", "_")
        found[name] = yamls.value(value, names=name in yamls.TEXTS)
    return found
