"""The command line. Options come from Config's fields; errors become one line and exit code 2."""

import importlib
import inspect
import json
import re
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

app = typer.Typer(
    name="bugscope",
    help="Find the bugs of a vision model, in words, proven on fresh pictures.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

OPTIONS: Mapping[str, tuple[type, str]] = {
    "classifier": (str, "model under test, provider/model  [efficientnet-lite/0]"),
    "generator": (str, "text-to-image model, provider/model  [studio]"),
    "captioner": (str, "image captioner, provider/model  [studio]"),
    "judge": (str, "does the picture show the label? provider/model  [studio]"),
    "editor": (str, "what a description could say instead, provider/model  [a list of siblings]"),
    "describer": (str, "what failures have in common, provider/model  [contrasts of captions alone]"),
    "budget": (int, "pictures for finding bugs, in all  [600]"),
    "explore": (int, "pictures of the neutral prompt a label  [24]"),
    "hypotheses": (int, "descriptions tried a label, at most  [24]"),
    "explain": (int, "further pictures for explaining the bugs; 0: none  [480]"),
    "pairs": (int, "same-seed pictures of each change that explains a bug  [16]"),
    "alpha": (float, "false discovery rate of the run  [0.05]"),
    "margin": (float, "smallest rise in failure rate worth reporting  [0.1]"),
    "look": (int, "pictures of a description between two looks at its evidence  [4]"),
    "fixed_n": (int, "the paper's procedure: this many pictures a description  [0: adaptive]"),
    "faithful": (float, "judge's probability under which a picture counts for nothing  [0.5]"),
    "judge_sensitivity": (str, "share of pictures showing the label that the judge accepts, 0.95 or 95/100 verdicts  [exact]"),
    "judge_specificity": (str, "share of the others that it rejects; with both, rates are corrected  [exact]"),
    "top_k": (int, "right if an accepted label is among the first k  [1]"),
    "batch_size": (int, "pictures a model call; changes speed, never results  [16]"),
    "max_cost": (float, "what hosted models may cost, in the currency of their prices  [0.0: no cap]"),
    "seed": (int, "seed of the run  [0]"),
}
"""What the command line offers of `Config`; a test keeps the two equal, importing Config would slow down --help."""

ROLES = ("generator", "classifier", "captioner", "judge", "editor", "describer")
JSON = Annotated[bool, typer.Option("--json", help="print one JSON object on stdout and nothing else")]


def _with_options(command: Callable[..., None], names: tuple[str, ...]) -> Callable[..., None]:
    """`command(..., **options)` with its ** spelled out for typer: one option a name, None where not given."""
    signature = inspect.signature(command, eval_str=True)
    kept = [p for p in signature.parameters.values() if p.kind is not p.VAR_KEYWORD]
    for name in names:
        kind, text = OPTIONS[name]
        option = typer.Option(f"--{name.replace('_', '-')}", help=text, show_default=False)
        kept.append(
            inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=Annotated[kind | None, option])
        )
    for role in [r for r in ROLES if r in names]:
        option = typer.Option(f"--{role}-arg", help=f"option of the {role}, key=value; may be repeated", show_default=False)
        kept.append(
            inspect.Parameter(
                f"{role}_arg",
                inspect.Parameter.KEYWORD_ONLY,
                default=None,
                annotation=Annotated[list[str] | None, option],
            )
        )
    command.__signature__ = signature.replace(parameters=kept)  # type: ignore[attr-defined]
    command.__annotations__ = {p.name: p.annotation for p in kept}
    return command


def _stated(options: Mapping[str, Any], config: Path | None) -> dict[str, Any]:
    """What the file and then the command line state; model options merge, everything else replaces."""
    settings: Any = importlib.import_module("bugscope.config").Config
    values: dict[str, Any] = settings.from_file(config) if config else {}
    for name, value in options.items():
        if name.endswith("_arg"):
            values[name + "s"] = {**values.get(name + "s", {}), **_pairs(name, value or [])}
        elif value is not None:
            values[name] = value
    return values


def _pairs(option: str, items: list[str]) -> dict[str, Any]:
    errors: Any = importlib.import_module("bugscope.errors")
    yaml: Any = importlib.import_module("yaml")
    pairs = {}
    for item in items:
        key, equals, value = item.partition("=")
        if not (key and equals):
            raise errors.SpecError(f"--{option.replace('_', '-')} {item!r} should read key=value")
        pairs[key.replace("-", "_")] = yaml.safe_load(value)
    return pairs


def _hunt(
    labels: Annotated[
        list[str] | None,
        typer.Argument(help="label names of the classifier; default: the generator's suggestions", show_default=False),
    ] = None,
    labels_from: Annotated[
        Path | None,
        typer.Option("--labels-from", help="file of label names, .txt (one a line) or .json", show_default=False),
    ] = None,
    all_labels: Annotated[
        bool, typer.Option("--all-labels", help="every label that generator and classifier both know")
    ] = False,
    out: Annotated[
        Path | None,
        typer.Option("--out", help="run folder; an unfinished run in it is continued  [runs/DATE-TIME]", show_default=False),
    ] = None,
    config: Annotated[Path | None, typer.Option("--config", help="YAML file of options", show_default=False)] = None,
    as_json: JSON = False,
    **options: Any,
) -> None:
    """Find the bugs of a classifier: explore, describe, confirm on fresh pictures, report."""
    values = _stated(options, config)
    api: Any = importlib.import_module("bugscope.api")
    stated = values.pop("labels", None)
    if labels_from is not None:
        labels = [*(labels or ()), *importlib.import_module("bugscope.labels").read(str(labels_from), least=1)]
    labels = labels or (None if all_labels else stated)
    folder = out or _new_folder()
    _say_folder(folder, as_json)
    with _display(as_json) as listener:
        run = api.hunt(labels or None, folder, all_labels=all_labels, config=values, progress=listener)
    _show(run, as_json)


def _new_folder() -> Path:
    datetime: Any = importlib.import_module("datetime").datetime
    return Path("runs") / datetime.now().strftime("%Y%m%d-%H%M%S")


def _say_folder(folder: Path, as_json: bool) -> None:
    if sys.stderr.isatty() and not as_json:
        sys.stderr.write(f"Run folder: {folder} (Ctrl-C is safe; go on with: bugscope resume {folder})\n")


app.command("hunt")(_with_options(_hunt, tuple(OPTIONS)))


@app.command()
def resume(
    run: Annotated[Path, typer.Argument(help="run folder")],
    max_cost: Annotated[
        float | None,
        typer.Option("--max-cost", help="another cap on what hosted models cost in all  [the run's]", show_default=False),
    ] = None,
    as_json: JSON = False,
) -> None:
    """Go on with a run that was stopped, under its own options."""
    api: Any = importlib.import_module("bugscope.api")
    with _display(as_json) as listener:
        found = api.resume(run, progress=listener, max_cost=max_cost)
    _show(found, as_json)


def _probe(
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
    """Does a prompt make the classifier fail more than the plain label, or than another prompt? On fresh pictures."""
    values = _stated(options, config)
    values.pop("labels", None)
    api: Any = importlib.import_module("bugscope.api")
    with _display(as_json) as listener:
        found = api.probe(prompts, label, out, vs=vs, n=n, config=values, progress=listener)
    _show(found, as_json)


PROBED = tuple(
    name
    for name in OPTIONS
    if name not in ("budget", "explore", "hypotheses", "explain", "pairs", "fixed_n", "editor", "describer")
)
app.command("probe")(_with_options(_probe, PROBED))


@app.command()
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
    api: Any = importlib.import_module("bugscope.api")
    wanted = api.load(run).choose(bugs or ())
    with _display(as_json) as listener:
        found = api.explain(run, bugs or (), pairs=pairs, budget=budget, add=add or (), progress=listener)
    if as_json:
        _print_json(found)
        return
    keys = {bug["key"] for bug in wanted}
    for bug in (b for b in found.bugs if b.record["key"] in keys):
        typer.echo(f"{bug.number}. {_plain(str(bug))}")
        for line in bug.why:
            typer.echo(f"   {_plain(line)}")
    typer.echo(f"Report: {found.path / 'report.html'}")


@app.command()
def report(
    run: Annotated[Path, typer.Argument(help="run folder")],
    html: Annotated[Path | None, typer.Option("--html", help="write the page here instead of RUN/report.html")] = None,
    as_json: JSON = False,
) -> None:
    """Make report.json and report.html of a run again, and print its bugs."""
    api: Any = importlib.import_module("bugscope.api")
    found = api.load(run)
    page = found.write_report()
    if html is not None:
        try:
            html.write_bytes(page.read_bytes())
        except OSError as error:
            raise importlib.import_module("bugscope.errors").StoreError(
                f"cannot write {str(html)!r}: {error.strerror}"
            ) from error
    _show(found, as_json, html or page)


@app.command()
def plan(
    rate: Annotated[
        list[float] | None,
        typer.Option("--rate", help="failure rate of a description; may be repeated  [0.2 to 1]", show_default=False),
    ] = None,
    baseline: Annotated[float, typer.Option("--baseline", help="failure rate of the plain label")] = 0.05,
    margin: Annotated[float, typer.Option("--margin", help="smallest rise worth reporting")] = 0.10,
    alpha: Annotated[float, typer.Option("--alpha", help="false discovery rate")] = 0.05,
    power: Annotated[float, typer.Option("--power", help="chance of confirming a description that is a bug")] = 0.8,
    tried: Annotated[int, typer.Option("--tried", help="descriptions tried in all")] = 78,
    bugs: Annotated[int, typer.Option("--bugs", help="how many of them are bugs, about")] = 8,
    as_json: JSON = False,
) -> None:
    """How many pictures it takes to confirm a bug: by looking all the time, and with a number fixed beforehand."""
    planning: Any = importlib.import_module("bugscope.planning")
    found = planning.plan(
        rate or planning.RATES, baseline=baseline, margin=margin, alpha=alpha, power=power, tried=tried, bugs=bugs
    )
    if as_json:
        typer.echo(json.dumps(found))
        return
    typer.echo(
        f"Pictures of a description that confirm it with {100 * power:.0f} % power, where the plain label fails "
        f"{100 * baseline:.0f} %\n({tried} descriptions tried, {bugs} of them bugs; false discovery rate {100 * alpha:.0f} %)\n"
    )
    columns = (
        "it fails",
        f"looking all the time, margin {100 * margin:.0f} points",
        "fixed beforehand, no margin",
        "fixed, all tried",
    )
    table: Any = importlib.import_module("rich.table").Table(*columns, box=None, pad_edge=False)
    for row in found:
        a, f = row["adaptive"], row["fixed"]
        table.add_row(
            f"{100 * row['rate']:.0f} %",
            f"{a['enough']} (mean {a['mean']:.0f})" if a["enough"] else planning.too_many(a),
            str(f["enough"]) if f["enough"] else planning.too_many(f),
            str(f["enough"] * tried) if f["enough"] else "-",
        )
    _console(stderr=False).print(table)


@app.command()
def models(as_json: JSON = False) -> None:
    """List the providers, what each can be, and what is missing to use it."""
    registry: Any = importlib.import_module("bugscope.registry")
    entries = registry.catalogue()
    if as_json:
        rows = [
            {
                "provider": e.spec,
                "role": e.role.lower(),
                "summary": e.summary,
                "models": list(e.models),
                "example": e.example,
                "missing": e.missing,
            }
            for e in entries
        ]
        typer.echo(json.dumps(rows))
        return
    console, padding = _console(stderr=False), importlib.import_module("rich.padding").Padding
    for role in dict.fromkeys(e.role for e in sorted(entries, key=lambda e: ROLES.index(e.role.lower()))):
        console.print(f"{role}s", style="bold")
        for e in [e for e in entries if e.role == role]:
            # whole on one line, whatever the width: these are there to be copied
            typer.echo(f"  {_plain(e.example)}")
            console.print(padding(_plain(e.summary), (0, 0, 0, 6), expand=False))
            if e.missing:
                typer.echo(f"      not yet: {_plain(e.missing)}")
        console.print()


def _doctor(as_json: JSON = False, **options: Any) -> None:
    """Check this machine: load every model of a hunt and put one picture through them, with timings."""
    values = _stated(options, None)
    doctor: Any = importlib.import_module("bugscope.doctor")
    checks = doctor.examine(values)
    if as_json:
        typer.echo(json.dumps([{"check": c.name, "ok": c.ok, "detail": c.detail, "seconds": c.seconds} for c in checks]))
    else:
        for c in checks:
            typer.echo(
                f"{'ok  ' if c.ok else 'FAIL'}  {c.name:<15} {_plain(c.detail)}"
                + (f"  ({c.seconds:.2f} s)" if c.seconds else "")
            )
    if not all(c.ok for c in checks):
        raise typer.Exit(1)


app.command("doctor")(_with_options(_doctor, ROLES))


# --- what a person sees -------------------------------------------------------------------------------------------------


def _console(stderr: bool) -> Any:
    return importlib.import_module("rich.console").Console(stderr=stderr, highlight=False, markup=False)


def _display(as_json: bool) -> Any:
    """Live progress on a terminal's stderr; elsewhere nothing."""
    progress: Any = importlib.import_module("bugscope.progress")
    return progress.Live() if sys.stderr.isatty() else progress.Quiet()


def _show(run: Any, as_json: bool, page: Path | None = None) -> None:
    if as_json:
        _print_json(run)
        return
    if run.report["kind"] == "probe":
        for answer in run.answers:
            typer.echo(_plain(str(answer)))
    else:
        _show_bugs(run)
    if r := run.report["usage"]:
        typer.echo(f"Hosted models: {_plain(r['sentence'])}")
    typer.echo(f"Report: {page or run.path / 'report.html'}")


def _show_bugs(run: Any) -> None:
    r = run.report
    count = f"{len(run.bugs)} confirmed bug{'' if len(run.bugs) == 1 else 's'}"
    state = "" if r["finished"] else " (run not finished)"
    if r["stopped"]:
        typer.echo(f"Stopped: {_plain(r['stopped'])}.")
    typer.echo(
        f"{count} of {r['classifier']}{state}: {r['hypotheses_tested']} descriptions tried, "
        f"{r['images_generated']} pictures, {r['seconds'] / 60:.1f} minutes"
    )
    for bug in run.bugs:
        typer.echo(f"  {bug.number:>2}. {_plain(str(bug))}")
        for line in bug.why[:1]:
            typer.echo(f"      {_plain(line)}" + (f" See {bug.record['same_as']}." if bug.record["same_as"] else ""))
    if r["undecided"]:
        near = r["rejected"][0]
        typer.echo(
            f"{r['undecided']} descriptions undecided at the budget, nearest: {_plain(near['sentence'])} "
            f"({near['failures']} of {near['n']} fail, plain {near['baseline']['failures']} of {near['baseline']['n']})"
        )


def _print_json(run: Any) -> None:
    typer.echo(json.dumps(run.report, ensure_ascii=False, allow_nan=False))


def _plain(text: str) -> str:
    """Without control characters: captions and labels are untrusted and must not steer the terminal."""
    return re.sub(r"[\x00-\x1f\x7f-\x9f]", "", text)


def main(arguments: list[str] | None = None) -> None:
    """Entry point. Exit codes: 0 done, 1 a check failed, 2 a user error, 130 stopped by Ctrl-C."""
    errors: Any = importlib.import_module("bugscope.errors")
    try:
        app(arguments)
    except errors.BugscopeError as error:
        sys.stderr.write(f"bugscope: {_plain(str(error))}\n")
        raise SystemExit(2) from None
    except SystemExit as stop:
        if stop.code == 130:  # typer's answer to Ctrl-C
            sys.stderr.write("bugscope: stopped; the same command with the same --out, or 'bugscope resume RUN', goes on\n")
        raise


if __name__ == "__main__":
    main()
