"""Put a run's pictures to use: replay, transfer, evaluate, dataset."""

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ...core.errors import ModelError, StoreError
from ...core.options import MODEL
from .options import (
    CSV,
    DEFAULTS,
    JSON,
    Accepting,
    AcceptingToo,
    CacheAll,
    CacheFolder,
    JUnit,
    Page,
    Quiet,
    RunFolder,
    TargetArgs,
    like,
    number,
    output,
    pairs,
    stating,
)
from .progress import counting, display
from .screen import print_json, say, say_lines, write

if TYPE_CHECKING:
    from ...report.records import ReplayReport, Report


def replay(
    run: RunFolder,
    target: Annotated[str, typer.Option("--target", **stating("model to test", metavar=MODEL))],
    target_arg: TargetArgs = None,
    accept: AcceptingToo = None,
    fresh: Annotated[
        int, typer.Option("--fresh", help="new pictures to generate of each prompt, with the run's own generator")
    ] = 0,
    stored: Annotated[
        bool,
        typer.Option("--stored/--no-stored", help="count the run's stored pictures; not if the target was trained on them"),
    ] = True,
    allow: Annotated[
        list[str] | None,
        typer.Option("--allow", **stating("let 'undecided' bugs or 'new' failures pass; may be repeated", metavar="WHAT")),
    ] = None,
    out: Annotated[Path | None, typer.Option("--out", **stating("folder for the new answers", "RUN/replay"))] = None,
    html: Page = None,
    junit: JUnit = None,
    csv: CSV = None,
    summary: Annotated[
        Path | None,
        output("--summary", "append a summary in Markdown to this file, such as $GITHUB_STEP_SUMMARY"),
    ] = None,
    max_cost: Annotated[Any, like("max_cost")] = DEFAULTS.max_cost,
    cache: CacheFolder = "none",
    cache_all: CacheAll = False,
    quiet: Quiet = False,
    as_json: JSON = False,
) -> None:
    """Check whether bugs are fixed in another target. Exit code 0: all fixed, nothing new fails; 1: not; 2: error."""
    from ...report import table
    from ...workflows.replay import replay as again

    with file_in_any_case(run, junit), display(quiet) as listener:
        found = again(
            run, target, target_args=pairs("--target-arg", target_arg), accept=accept or None, fresh=fresh, stored=stored,
            out=out, max_cost=max_cost, cache=cache, cache_all=cache_all, progress=listener,
        )  # fmt: skip
    allowed = allow or ()
    code = found.exit_code(allowed)
    try:
        page = found.write(allow=allowed)
    except StoreError as error:  # the results are shown in any case
        page = None
        say(f"bugscope: no page: {error}", err=True)
    if as_json:
        print_json(found.report)
    else:
        for line in found.lines():
            say(line)
        if page or html:
            say(f"Page: {html or page}")
    if html is not None:
        write(html, page.read_text(encoding="utf-8") if page else found.page(allowed))
    files(found.report, junit, csv, allowed)
    if summary is not None:
        write(summary, table.markdown(found.report), append=True)
    raise typer.Exit(code)


@contextmanager
def file_in_any_case(run: Path, junit: Path | None) -> Iterator[None]:
    """If a model ends a replay, the file that other programs read says so before the error does."""
    from ...report.junit import ended

    try:
        yield
    except ModelError as error:
        if junit is not None:
            write(junit, ended("replay", str(run), str(error)))
        raise


def files(report: "Report | ReplayReport", junit: Path | None, csv: Path | None, allow: Collection[str] = ()) -> None:
    """The report as other programs read it."""
    from ...report import junit as xml
    from ...report import table

    if junit is not None:
        write(junit, xml.junit(report, allow))
    if csv is not None:
        write(csv, table.csv_table(report))


def transfer(
    run: RunFolder,
    target: Annotated[list[str], typer.Option("--target", **stating("another model to test; may be repeated", metavar=MODEL))],
    target_arg: TargetArgs = None,
    accept: AcceptingToo = None,
    out: Annotated[
        Path | None, typer.Option("--out", **stating("folder for transfer.html and transfer.json", "RUN/transfer"))
    ] = None,
    quiet: Quiet = False,
    as_json: JSON = False,
) -> None:
    """See whether other models have the same bugs. They are shown the run's pictures; no new ones are generated."""
    from ...workflows.transfer import transfer as show_others

    folder = out or run / "transfer"
    with counting(quiet, "asking") as count:
        found = show_others(
            run, target, target_args=pairs("--target-arg", target_arg), accept=accept or None, out=folder, progress=count
        )
    if as_json:
        print_json(found.to_dict())
        return
    say_lines(str(found))
    say(f"Page: {folder / 'transfer.html'}")


def evaluate(
    images: Annotated[
        list[Path],
        typer.Option("--images", help="folder of pictures, one sub-folder per label; may be repeated", metavar="FOLDER"),
    ],
    target: Annotated[str, like("target")] = DEFAULTS.target,
    target_arg: TargetArgs = None,
    reference: Annotated[
        Path | None, typer.Option("--reference", **stating("also measure the distance to the pictures in this folder"))
    ] = None,
    label_map: Annotated[
        Path | None,
        typer.Option("--label-map", **stating("JSON file: folder name -> label name or class number of the target")),
    ] = None,
    subset: Annotated[
        bool, typer.Option("--subset", help="let the target choose among the folder's labels only (for ImageNet-A and -R)")
    ] = False,
    accept: Accepting = None,
    top_k: Annotated[int, like("top_k")] = DEFAULTS.top_k,
    annotations: Annotated[
        Path | None, typer.Option("--annotations", **stating("for detectors: boxes in the form of COCO's instances_*.json"))
    ] = None,
    confidence: Annotated[float, like("confidence")] = DEFAULTS.confidence,
    iou: Annotated[float, like("iou")] = DEFAULTS.iou,
    split: Annotated[str, typer.Option("--split", **stating("use one part of the data set only, such as test", "all"))] = "",
    limit: Annotated[int | None, typer.Option("--limit", **stating("use this many pictures, drawn at random", "all"))] = None,
    seed: Annotated[int, typer.Option("--seed", help="seed of that draw")] = DEFAULTS.seed,
    quiet: Quiet = False,
    as_json: JSON = False,
) -> None:
    """Measure a target on labelled pictures. Reports error rate, confidence, and the distance to other pictures."""
    from ...workflows.evaluate import compare
    from ...workflows.evaluate import evaluate as measure

    with counting(quiet, "evaluating") as count:
        found = [
            measure(
                target, folder, target_args=pairs("--target-arg", target_arg), label_map=label_map, subset=subset,
                accept=accept or {}, top_k=top_k, split=split, reference=reference, limit=limit, seed=seed,
                progress=count, annotations=annotations, confidence=confidence, iou=iou,
            )
            for folder in images
        ]  # fmt: skip
    if as_json:
        print_json([one.to_dict() for one in found])
        return
    for one in found:
        say_lines(str(one))
    if len(found) > 1:
        say_lines(str(compare(found)))


def dataset(
    runs: Annotated[list[Path], typer.Argument(help="run folders")],
    out: Annotated[Path, typer.Option("--out", **stating("new folder for the data set"))],
    format: Annotated[str, typer.Option("--format", help="imagefolder, coco, parquet or webdataset")] = "imagefolder",
    everything: Annotated[
        bool, typer.Option("--all", help="write every picture, with columns that say which are kept and why")
    ] = False,
    explored: Annotated[bool, typer.Option("--explored", help="also keep failures on plain pictures")] = False,
    test: Annotated[float, typer.Option("--split", help="share of pictures that go to the test part")] = 0.2,
    per_bug: Annotated[
        Any,
        typer.Option(
            "--limit-per-bug",
            parser=number,
            help="pictures of each bug, at most; balanced: as many as the median bug has, also for labels; none: no limit",
            metavar="N|none",
        ),
    ] = "balanced",
    license: Annotated[
        str, typer.Option("--license", **stating("licence of the pictures, for the data card", "none stated"))
    ] = "",
    title: Annotated[str, typer.Option("--title", **stating("title of the data card", "made from the target's name"))] = "",
    seed: Annotated[int, typer.Option("--seed", help="seed for balancing and splitting")] = DEFAULTS.seed,
    push: Annotated[
        str, typer.Option("--push", **stating("upload to the Hugging Face Hub under this name, private", metavar="ORG/NAME"))
    ] = "",
    public: Annotated[bool, typer.Option("--public", help="let everyone see what is uploaded")] = False,
    quiet: Quiet = False,
    as_json: JSON = False,
) -> None:
    """Make a data set of what confirmed the bugs. It has training and test parts, a data card and no near-duplicates."""
    from dataclasses import asdict

    from ...workflows import dataset as data

    with counting(quiet, "writing", str(out)) as count:
        found = data.dataset(
            runs, out, format=format, everything=everything, explored=explored, test=test, seed=seed, per_bug=per_bug,
            license=license, title=title, progress=lambda done, all: count(done, all, str(out)),
        )  # fmt: skip
    address = ""
    if push:
        with counting(quiet, "uploading", push):
            address = data.push(out, push, private=not public)
    if as_json:
        print_json(asdict(found) | {"path": str(found.path), "sentence": found.sentence, "pushed": address})
        return
    say(found.sentence)
    for note in found.notes:
        say(f"  {note}")
    say(f"Data set: {address or out}")
