"""Find bugs and look into them: hunt, resume, probe, explain, report."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ...core.errors import ModelError, StoreError
from ...core.options import OPTIONS
from .options import CSV, JSON, CacheAll, CacheFolder, ConfigFile, JUnit, Page, Quiet, RunFolder, like, number, stated, stating
from .progress import display
from .reuse import files
from .screen import print_json, say, show, write

if TYPE_CHECKING:
    from ...workflows.results import Run


def hunt(
    labels: Annotated[
        list[str] | None,
        typer.Argument(**stating("label names of the target", "those that the generator suggests")),
    ] = None,
    labels_from: Annotated[
        Path | None,
        typer.Option("--labels-from", **stating("file of label names: .txt, .json, .csv or .yaml")),
    ] = None,
    all_labels: Annotated[bool, typer.Option("--all-labels", help="every label that generator and target both know")] = False,
    out: Annotated[
        Path | None,
        typer.Option("--out", **stating("run folder; an unfinished run in it is continued", "runs/DATE-TIME")),
    ] = None,
    config: ConfigFile = None,
    junit: JUnit = None,
    csv: CSV = None,
    quiet: Quiet = False,
    as_json: JSON = False,
    **options: Any,
) -> None:
    """Find the bugs of a target. Explores, describes failures, confirms them on fresh pictures, explains and reports them."""
    from ...core import label_files
    from ...workflows.hunt import hunt as find

    values = stated(options, config)
    listed = values.pop("labels", None)
    if labels_from is not None:
        labels = [*(labels or ()), *label_files.read(str(labels_from), least=1)]
    labels = labels or (None if all_labels else listed)
    with files_in_any_case(junit, csv), display(quiet) as listener:
        run = find(labels or None, out, all_labels=all_labels, config=values, progress=listener)
    show(run, as_json)
    checked(run, junit, csv)


def resume(
    run: RunFolder,
    max_cost: Annotated[
        Any,
        typer.Option(
            "--max-cost",
            parser=number,
            **stating("another limit on what hosted models may cost in all", "the run's own", OPTIONS["max_cost"].metavar),
        ),
    ] = None,
    timeout: Annotated[
        Any,
        typer.Option(
            "--timeout",
            parser=number,
            **stating("another limit on the seconds of one call to a model", "the run's own", OPTIONS["timeout"].metavar),
        ),
    ] = None,
    cache: CacheFolder = "none",
    cache_all: CacheAll = False,
    junit: JUnit = None,
    csv: CSV = None,
    quiet: Quiet = False,
    as_json: JSON = False,
) -> None:
    """Continue a run that was stopped, with its own options."""
    from ...workflows.hunt import resume as go_on

    with files_in_any_case(junit, csv), display(quiet) as listener:
        found = go_on(run, progress=listener, max_cost=max_cost, timeout=timeout, cache=cache, cache_all=cache_all)
    show(found, as_json)
    checked(found, junit, csv)


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
    quiet: Quiet = False,
    as_json: JSON = False,
    **options: Any,
) -> None:
    """Test a prompt on fresh pictures. Does the target fail more often than on plain pictures, or those of another prompt?"""
    from ...workflows.probe import probe as ask

    values = stated(options, config)
    values.pop("labels", None)
    with display(quiet) as listener:
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
    cache: CacheFolder = "none",
    cache_all: CacheAll = False,
    quiet: Quiet = False,
    as_json: JSON = False,
) -> None:
    """Find out why bugs happen. Which phrase is the cause, what is the shortest description, is the context alone enough?"""
    from ...report.folding import because
    from ...workflows import results

    wanted = results.load(run).choose(bugs or ())
    with display(quiet) as listener:
        found = results.explain(
            run, bugs or (), pairs=pairs, budget=budget, add=add or (), cache=cache, cache_all=cache_all, progress=listener
        )
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
    page: Path | None = None
    try:
        page = found.write_report()
    except StoreError as error:  # a folder that can only be read: what it holds is shown in any case
        say(f"bugscope: {error}", err=True)
    show(found, as_json, html or page)
    if html is not None:
        write(html, page.read_text(encoding="utf-8") if page else found.page())
    checked(found, junit, csv)


@contextmanager
def files_in_any_case(junit: Path | None, csv: Path | None) -> Iterator[None]:
    """If a model ends the run, the files that other programs read say so before the error does."""
    from ...workflows.results import load

    try:
        yield
    except ModelError as error:
        if error.run is not None:
            files(load(error.run).report, junit, csv)
        raise


def checked(run: "Run", junit: Path | None, csv: Path | None) -> None:
    """A run as other programs read it. For them the exit code is 1 where plain pictures fail nearly always or a model has ended
    the run: a file without bugs would pass for good news."""
    from ...report import baseline

    files(run.report, junit, csv)
    if (junit or csv) and (run.report["error"] or baseline.fails(run.report["baseline"])):
        raise typer.Exit(1)
