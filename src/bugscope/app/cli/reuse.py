"""What bugs are good for: replay, transfer, evaluate, dataset."""

import importlib
import json
from collections.abc import Callable
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

from .options import JSON, pairs
from .screen import display, plain, print_json, write

Options = Annotated[
    list[str] | None,
    typer.Option("--target-arg", help="option of the target, key=value; may be repeated", show_default=False),
]


def replay(
    run: Annotated[Path, typer.Argument(help="run folder")],
    target: Annotated[str, typer.Option("--target", help="model to try, provider/model", show_default=False)],
    target_arg: Options = None,
    fresh: Annotated[int, typer.Option("--fresh", help="further pictures of each prompt, by the run's generator")] = 0,
    stored: Annotated[
        bool, typer.Option("--stored/--no-stored", help="whether the run's own pictures count; not if it was trained on them")
    ] = True,
    allow: Annotated[
        list[str] | None,
        typer.Option("--allow", help="'undecided' bugs or 'new' failures that may pass; may be repeated", show_default=False),
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", help="folder that keeps the new answers  [RUN/replay]", show_default=False)
    ] = None,
    html: Annotated[Path | None, typer.Option("--html", help="write the page here too", show_default=False)] = None,
    junit: Annotated[Path | None, typer.Option("--junit", help="write JUnit XML here", show_default=False)] = None,
    csv: Annotated[Path | None, typer.Option("--csv", help="write a row a bug here", show_default=False)] = None,
    summary: Annotated[
        Path | None, typer.Option("--summary", help="append Markdown here, as to $GITHUB_STEP_SUMMARY", show_default=False)
    ] = None,
    max_cost: Annotated[float, typer.Option("--max-cost", help="what hosted models may cost; 0: no cap")] = 0.0,
    as_json: JSON = False,
) -> None:
    """Are a run's bugs fixed in another target? Exit code 0: all fixed; 1: not all, or something new fails; 2: error."""
    module: Any = importlib.import_module("bugscope.workflows.replay")
    errors: Any = importlib.import_module("bugscope.core.errors")
    with display(as_json) as listener:
        found = module.replay(
            run, target, target_args=pairs("target_arg", target_arg or []), fresh=fresh, stored=stored,
            out=out, max_cost=max_cost, progress=listener,
        )  # fmt: skip
    code = found.exit_code(allow or ())
    try:
        page = found.write(allow=allow or ())
    except errors.StoreError as error:  # the results are told in any case
        page = None
        typer.echo(f"bugscope: no page: {plain(str(error))}", err=True)
    if html is not None:
        write(html, page.read_text(encoding="utf-8") if page else found.page(allow or ()))
        page = html
    files(found.report, junit, csv, allow or ())
    if summary is not None:
        write(summary, importlib.import_module("bugscope.report.table").markdown(found.report), append=True)
    if as_json:
        print_json(found)
    else:
        for line in found.lines():
            typer.echo(plain(line))
        if page is not None:
            typer.echo(f"Page: {page}")
    raise typer.Exit(code)


def files(report: Any, junit: Path | None, csv: Path | None, allow: Any = ()) -> None:
    """The report as other programs read it."""
    if junit is not None:
        write(junit, importlib.import_module("bugscope.report.junit").junit(report, allow))
    if csv is not None:
        write(csv, importlib.import_module("bugscope.report.table").csv_table(report))


def transfer(
    run: Annotated[Path, typer.Argument(help="run folder")],
    target: Annotated[
        list[str], typer.Option("--target", help="another model, provider/model; may be repeated", show_default=False)
    ],
    target_arg: Options = None,
    out: Annotated[
        Path | None, typer.Option("--out", help="folder for transfer.html and .json  [RUN/transfer]", show_default=False)
    ] = None,
    as_json: JSON = False,
) -> None:
    """Do other models have the same bugs? The run's pictures are shown to them; nothing is drawn again."""
    module: Any = importlib.import_module("bugscope.workflows.transfer")
    folder = out or run / "transfer"
    options = pairs("target_arg", target_arg or [])
    with counting(as_json) as count:
        found = module.transfer(run, target, target_args=options, out=folder, progress=count)
    if as_json:
        typer.echo(json.dumps(found.to_dict(), ensure_ascii=False, allow_nan=False))
        return
    typer.echo(str(found))
    typer.echo(f"Page: {folder / 'transfer.html'}")


def evaluate(
    images: Annotated[list[Path], typer.Option("--images", help="folder of pictures, a sub-folder a label; may be repeated")],
    target: Annotated[str, typer.Option("--target", help="model under test, provider/model")] = "efficientnet-lite/0",
    target_arg: Options = None,
    reference: Annotated[
        Path | None, typer.Option("--reference", help="folder to measure the distance to", show_default=False)
    ] = None,
    label_map: Annotated[
        Path | None, typer.Option("--label-map", help="JSON file: folder -> name or class number", show_default=False)
    ] = None,
    subset: Annotated[bool, typer.Option("--subset", help="choose among the folder's labels alone (ImageNet-A, -R)")] = False,
    synonyms: Annotated[bool, typer.Option("--synonyms", help="near-synonyms count as right, as in a hunt")] = False,
    top_k: Annotated[int, typer.Option("--top-k", help="right if a right label is among the first k")] = 1,
    split: Annotated[str, typer.Option("--split", help="one part of the data set, such as test", show_default=False)] = "",
    limit: Annotated[int, typer.Option("--limit", help="so many pictures, drawn at random; 0: all")] = 0,
    seed: Annotated[int, typer.Option("--seed", help="of that draw")] = 0,
    as_json: JSON = False,
) -> None:
    """How often does a target err on a folder of labelled pictures, how sure is it, how far are they from others?"""
    module: Any = importlib.import_module("bugscope.workflows.evaluate")
    with counting(as_json) as count:
        found = [
            module.evaluate(
                target, folder, target_args=pairs("target_arg", target_arg or []),
                label_map=str(label_map) if label_map else None, subset=subset, synonyms=synonyms, top_k=top_k, split=split,
                reference=reference, limit=limit or None, seed=seed, progress=count,
            )
            for folder in images
        ]  # fmt: skip
    if as_json:
        typer.echo(json.dumps([e.to_dict() for e in found], ensure_ascii=False, allow_nan=False))
        return
    for evaluation in found:
        typer.echo(str(evaluation))
    if len(found) > 1:
        typer.echo(str(module.compare(found)))


def dataset(
    runs: Annotated[list[Path], typer.Argument(help="run folders")],
    out: Annotated[Path, typer.Option("--out", help="new folder for the data set", show_default=False)],
    format: Annotated[str, typer.Option("--format", help="imagefolder, parquet or webdataset")] = "imagefolder",
    everything: Annotated[
        bool, typer.Option("--all", help="all pictures, with columns that say which are kept and why")
    ] = False,
    explored: Annotated[bool, typer.Option("--explored", help="failures on the plain label too")] = False,
    test: Annotated[float, typer.Option("--split", help="share of the test part")] = 0.2,
    per_bug: Annotated[
        int | None,
        typer.Option("--limit-per-bug", help="pictures of a bug, at most; 0: no limit  [balanced]", show_default=False),
    ] = None,
    license: Annotated[str, typer.Option("--license", help="licence of the pictures, as the card says it")] = "",
    title: Annotated[str, typer.Option("--title", help="title of the card", show_default=False)] = "",
    seed: Annotated[int, typer.Option("--seed", help="of balancing and splitting")] = 0,
    push: Annotated[str, typer.Option("--push", help="ORG/NAME on the Hugging Face Hub, private", show_default=False)] = "",
    public: Annotated[bool, typer.Option("--public", help="push it for everyone to see")] = False,
    as_json: JSON = False,
) -> None:
    """Make a data set of the pictures that confirmed the bugs of runs: training and test part, a card, no near-duplicates."""
    module: Any = importlib.import_module("bugscope.workflows.dataset")
    with counting(as_json) as count:
        found = module.export(
            runs, out, format=format, everything=everything, explored=explored, test=test, seed=seed, per_bug=per_bug,
            license=license, title=title, progress=lambda done, all: count(done, all, str(out)),
        )  # fmt: skip
    address = module.push(out, push, private=not public) if push else ""
    if as_json:
        values: Any = importlib.import_module("dataclasses").asdict(found)
        typer.echo(
            json.dumps(values | {"path": str(found.path), "sentence": found.sentence, "pushed": address}, ensure_ascii=False)
        )
        return
    typer.echo(plain(found.sentence))
    for note in found.notes:
        typer.echo(f"  {plain(note)}")
    typer.echo(f"Data set: {plain(address or str(out))}")


@contextmanager
def counting(as_json: bool) -> Any:
    """Pictures done of all, on a terminal's stderr."""
    with display(as_json) as listener:
        now: Any = importlib.import_module("bugscope.workflows.progress").Progress

        def tell(done: int, all: int, name: str) -> None:
            listener(now("exploring", images=done, budget=all, message=name))

        count: Callable[[int, int, str], None] = tell
        yield count
