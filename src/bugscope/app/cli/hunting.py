"""Find bugs and look into them: hunt, resume, probe, explain, report."""

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from .options import CSV, JSON, ConfigFile, JUnit, Page, RunFolder, like, stated, stating
from .reuse import files
from .screen import display, print_json, say, show, write


def hunt(
    labels: Annotated[
        list[str] | None,
        typer.Argument(**stating("label names of the target", "those that the generator suggests")),
    ] = None,
    labels_from: Annotated[
        Path | None, typer.Option("--labels-from", **stating("file of label names: .txt, one per line, or .json"))
    ] = None,
    all_labels: Annotated[bool, typer.Option("--all-labels", help="every label that generator and target both know")] = False,
    out: Annotated[
        Path | None,
        typer.Option("--out", **stating("run folder; an unfinished run in it is continued", "runs/DATE-TIME")),
    ] = None,
    config: ConfigFile = None,
    as_json: JSON = False,
    **options: Any,
) -> None:
    """Find the bugs of a target. Explores, describes failures, confirms them on fresh pictures, explains and reports them."""
    from ...core import label_files
    from ...workflows.hunt import hunt as find
    from ...workflows.session import new_folder

    values = stated(options, config)
    listed = values.pop("labels", None)
    if labels_from is not None:
        labels = [*(labels or ()), *label_files.read(str(labels_from), least=1)]
    labels = labels or (None if all_labels else listed)
    folder = out or new_folder("")
    if sys.stderr.isatty() and not as_json:
        say(f"Run folder: {folder} (Ctrl-C is safe; to continue: bugscope resume {folder})", err=True)
    with display(as_json) as listener:
        run = find(labels or None, folder, all_labels=all_labels, config=values, progress=listener)
    show(run, as_json)


def resume(
    run: RunFolder,
    max_cost: Annotated[
        float | None,
        typer.Option("--max-cost", **stating("another limit on what hosted models may cost in all", "the run's own")),
    ] = None,
    as_json: JSON = False,
) -> None:
    """Continue a run that was stopped, with its own options."""
    from ...workflows.hunt import resume as go_on

    with display(as_json) as listener:
        found = go_on(run, progress=listener, max_cost=max_cost)
    show(found, as_json)


def probe(
    prompts: Annotated[list[str], typer.Argument(help="what to draw, such as 'a photo of a teapot at night'")],
    label: Annotated[
        str | None, typer.Option("--label", **stating("label that the pictures show", "the label that the prompt names"))
    ] = None,
    vs: Annotated[
        str | None, typer.Option("--vs", **stating("prompt to compare with", "plain pictures of the label", "PROMPT"))
    ] = None,
    n: Annotated[int, typer.Option("--n", help="pictures of each prompt, and as many to compare with, at most")] = 40,
    out: Annotated[
        Path | None,
        typer.Option("--out", **stating("folder for the pictures; the next probe there reuses them", "runs/probe-DATE-TIME")),
    ] = None,
    config: ConfigFile = None,
    as_json: JSON = False,
    **options: Any,
) -> None:
    """Test a prompt on fresh pictures. Does the target fail more often than on plain pictures, or those of another prompt?"""
    from ...workflows.probe import probe as ask

    values = stated(options, config)
    values.pop("labels", None)
    with display(as_json) as listener:
        found = ask(prompts, label, out, vs=vs, n=n, config=values, progress=listener)
    show(found, as_json)


def explain(
    run: RunFolder,
    bugs: Annotated[
        list[str] | None,
        typer.Argument(**stating("bugs, by number or by description", "those without an explanation")),
    ] = None,
    add: Annotated[
        list[str] | None,
        typer.Option("--add", **stating("phrase to try as well, such as 'on sand'; may be repeated", metavar="PHRASE")),
    ] = None,
    pairs: Annotated[int, like("pairs")] = 24,
    budget: Annotated[int, typer.Option("--budget", help="pictures for each bug, at most")] = 800,
    as_json: JSON = False,
) -> None:
    """Find out why bugs happen. Which phrase is the cause, what is the shortest description, is the context alone enough?"""
    from ...report.folding import because
    from ...workflows import results

    wanted = results.load(run).choose(bugs or ())
    with display(as_json) as listener:
        found = results.explain(run, bugs or (), pairs=pairs, budget=budget, add=add or (), progress=listener)
    if as_json:
        print_json(found.report)
        return
    keys = {bug["key"] for bug in wanted}
    for bug in (x for b in found.bugs for x in (b, *b.also) if x.record["key"] in keys):
        say(f"{bug.number}. {bug}")
        for line in bug.why:
            say(f"   {line}")
        if bug.record["same_as"]:
            say(f"   {because(bug.record, found.report['bugs'])}")
    say(f"Report: {found.path / 'report.html'}")


def report(run: RunFolder, html: Page = None, junit: JUnit = None, csv: CSV = None, as_json: JSON = False) -> None:
    """List a run's bugs. Writes its report.json and report.html again."""
    from ...workflows.results import load

    found = load(run)
    page = found.write_report()
    if html is not None:
        write(html, page.read_text(encoding="utf-8"))
    files(found.report, junit, csv)
    show(found, as_json, html or page)
