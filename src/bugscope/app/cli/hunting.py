"""Find bugs and look into them: hunt, resume, probe, explain, report."""

import importlib
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from .options import JSON, stated
from .reuse import files
from .screen import display, plain, print_json, show, write


def hunt(
    labels: Annotated[
        list[str] | None,
        typer.Argument(help="label names of the target; default: the generator's suggestions", show_default=False),
    ] = None,
    labels_from: Annotated[
        Path | None,
        typer.Option("--labels-from", help="file of label names, .txt (one a line) or .json", show_default=False),
    ] = None,
    all_labels: Annotated[bool, typer.Option("--all-labels", help="every label that generator and target both know")] = False,
    out: Annotated[
        Path | None,
        typer.Option("--out", help="run folder; an unfinished run in it is continued  [runs/DATE-TIME]", show_default=False),
    ] = None,
    config: Annotated[Path | None, typer.Option("--config", help="YAML file of options", show_default=False)] = None,
    as_json: JSON = False,
    **options: Any,
) -> None:
    """Find the bugs of a target: explore, describe, confirm on fresh pictures, report."""
    values = stated(options, config)
    api: Any = importlib.import_module("bugscope.workflows.session")
    listed = values.pop("labels", None)
    if labels_from is not None:
        labels = [*(labels or ()), *importlib.import_module("bugscope.core.label_files").read(str(labels_from), least=1)]
    labels = labels or (None if all_labels else listed)
    folder = out or _new_folder()
    _say_folder(folder, as_json)
    with display(as_json) as listener:
        run = api.hunt(labels or None, folder, all_labels=all_labels, config=values, progress=listener)
    show(run, as_json)


def _new_folder() -> Path:
    datetime: Any = importlib.import_module("datetime").datetime
    return Path("runs") / datetime.now().strftime("%Y%m%d-%H%M%S")


def _say_folder(folder: Path, as_json: bool) -> None:
    if sys.stderr.isatty() and not as_json:
        sys.stderr.write(f"Run folder: {folder} (Ctrl-C is safe; go on with: bugscope resume {folder})\n")


def resume(
    run: Annotated[Path, typer.Argument(help="run folder")],
    max_cost: Annotated[
        float | None,
        typer.Option("--max-cost", help="another cap on what hosted models cost in all  [the run's]", show_default=False),
    ] = None,
    as_json: JSON = False,
) -> None:
    """Go on with a run that was stopped, under its own options."""
    api: Any = importlib.import_module("bugscope.workflows.session")
    with display(as_json) as listener:
        found = api.resume(run, progress=listener, max_cost=max_cost)
    show(found, as_json)


def probe(
    prompts: Annotated[list[str], typer.Argument(help="what to draw, e.g. 'a photo of a teapot at night'")],
    label: Annotated[
        str | None,
        typer.Option("--label", help="what the pictures show  [the label that the prompt names]", show_default=False),
    ] = None,
    vs: Annotated[
        str | None, typer.Option("--vs", help="another prompt to compare with  [the plain label]", show_default=False)
    ] = None,
    n: Annotated[int, typer.Option("--n", help="pictures a prompt, and as many to compare with, at most")] = 40,
    out: Annotated[
        Path | None,
        typer.Option("--out", help="folder that keeps the pictures, to ask again  [runs/probe-DATE-TIME]", show_default=False),
    ] = None,
    config: Annotated[Path | None, typer.Option("--config", help="YAML file of options", show_default=False)] = None,
    as_json: JSON = False,
    **options: Any,
) -> None:
    """Does a prompt make the target fail more than the plain label, or than another prompt? On fresh pictures."""
    values = stated(options, config)
    values.pop("labels", None)
    api: Any = importlib.import_module("bugscope.workflows.session")
    with display(as_json) as listener:
        found = api.probe(prompts, label, out, vs=vs, n=n, config=values, progress=listener)
    show(found, as_json)


def explain(
    run: Annotated[Path, typer.Argument(help="run folder")],
    bugs: Annotated[
        list[str] | None,
        typer.Argument(
            help="numbers or descriptions of bugs in its report; default: those without an explanation", show_default=False
        ),
    ] = None,
    add: Annotated[
        list[str] | None,
        typer.Option("--add", help="a phrase to try too, such as 'on sand'; may be repeated", show_default=False),
    ] = None,
    pairs: Annotated[int, typer.Option("--pairs", help="same-seed pictures of each change")] = 24,
    budget: Annotated[int, typer.Option("--budget", help="pictures a bug, at most")] = 800,
    as_json: JSON = False,
) -> None:
    """Why does a bug happen? One change at a time on the same seeds, the shortest description, the context alone."""
    api: Any = importlib.import_module("bugscope.workflows.session")
    wanted = api.load(run).choose(bugs or ())
    with display(as_json) as listener:
        found = api.explain(run, bugs or (), pairs=pairs, budget=budget, add=add or (), progress=listener)
    if as_json:
        print_json(found)
        return
    keys = {bug["key"] for bug in wanted}
    for bug in (b for b in found.bugs if b.record["key"] in keys):
        typer.echo(f"{bug.number}. {plain(str(bug))}")
        for line in bug.why:
            typer.echo(f"   {plain(line)}")
    typer.echo(f"Report: {found.path / 'report.html'}")


def report(
    run: Annotated[Path, typer.Argument(help="run folder")],
    html: Annotated[Path | None, typer.Option("--html", help="write the page here too", show_default=False)] = None,
    junit: Annotated[Path | None, typer.Option("--junit", help="write JUnit XML here", show_default=False)] = None,
    csv: Annotated[Path | None, typer.Option("--csv", help="write a row a bug here", show_default=False)] = None,
    as_json: JSON = False,
) -> None:
    """Make report.json and report.html of a run again, and print its bugs."""
    api: Any = importlib.import_module("bugscope.workflows.session")
    found = api.load(run)
    page = found.write_report()
    if html is not None:
        write(html, page.read_text(encoding="utf-8"))
    files(found.report, junit, csv)
    show(found, as_json, html or page)
