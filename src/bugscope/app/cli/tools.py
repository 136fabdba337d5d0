"""Before a hunt: plan, models, doctor."""

from pathlib import Path
from typing import Annotated, Any

import typer

from ...core.errors import SpecError
from ...core.options import OPTIONS
from .options import DEFAULTS, JSON, Quiet, like, stated, stating
from .progress import display
from .screen import console, print_json, say


def plan(
    rate: Annotated[
        list[float] | None,
        typer.Option("--rate", **stating("failure rate of a description; may be repeated", "0.2 to 1", "RATE")),
    ] = None,
    baseline: Annotated[float, typer.Option("--baseline", help="failure rate of plain pictures of the label")] = 0.05,
    margin: Annotated[float, like("margin")] = DEFAULTS.margin,
    alpha: Annotated[float, like("alpha")] = DEFAULTS.alpha,
    power: Annotated[float, typer.Option("--power", help="chance of confirming a description that is a bug")] = 0.8,
    tried: Annotated[int, typer.Option("--tried", help="descriptions tried in all")] = 78,
    bugs: Annotated[int, typer.Option("--bugs", help="roughly how many of them are bugs")] = 8,
    as_json: JSON = False,
) -> None:
    """Tell how many pictures it takes to confirm a bug. With evidence checked as it arrives, and with a number fixed before."""
    from rich.table import Table

    from ...report.words import margin as points
    from ...report.words import percent
    from ...workflows import plan as planning

    found = planning.plan(
        rate or planning.RATES, baseline=baseline, margin=margin, alpha=alpha, power=power, tried=tried, bugs=bugs
    )
    if as_json:
        print_json(found)
        return
    say(f"Pictures that confirm a description with {percent(power)} power, where plain pictures fail {percent(baseline)}")
    say(f"({tried} descriptions tried, {bugs} of them bugs; false discovery rate {percent(alpha)})")
    say("")
    columns = ("fails", f"adaptive, margin {points(margin)}", "fixed, no margin", "fixed, all tried")
    table = Table(*columns, box=None, pad_edge=False)
    for row in found:
        a, f = row["adaptive"], row["fixed"]
        table.add_row(
            percent(row["rate"]),
            f"{a['enough']} (mean {a['mean']:.0f})" if a["enough"] else planning.too_many(a),
            str(f["enough"]) if f["enough"] else planning.too_many(f),
            str(f["enough"] * tried) if f["enough"] else "-",
        )
    console(stderr=False).print(table)


def models(as_json: JSON = False) -> None:
    """List the providers of models. Tells the roles that each can play, and what is missing to use it."""
    import shutil
    import textwrap

    from ...core import registry

    entries = registry.catalogue()
    if as_json:
        rows = [
            {
                "provider": e.spec,
                "role": registry.role(e.kind),
                "summary": e.summary,
                "models": list(e.models),
                "example": e.example,
                "missing": e.missing,
            }
            for e in entries
        ]
        print_json(rows)
        return
    width = shutil.get_terminal_size().columns
    for role in sorted({registry.role(e.kind) for e in entries}, key=list(OPTIONS).index):
        typer.secho(f"{role}s", bold=True)
        for e in [e for e in entries if registry.role(e.kind) == role]:
            # whole on one line, whatever the width: these are there to be copied
            say(f"  {e.example or e.spec}")
            for line in textwrap.wrap(e.summary, width - 6):
                say(f"      {line}")
            if e.missing:
                say(f"      missing: {e.missing}")
        say("")


def doctor(
    run: Annotated[
        Path | None, typer.Argument(**stating("run folder to look for damage in, instead of at this machine"))
    ] = None,
    mend: Annotated[bool, typer.Option("--mend", help="mend the run folder; what is taken out is kept in RUN/damaged")] = False,
    quiet: Quiet = False,
    as_json: JSON = False,
    **options: Any,
) -> None:
    """Check this machine, or a run. Loads every model of a hunt and asks each once; finds and mends damage to a run."""
    from ...workflows.doctor import doctor as examine

    given = stated(options, None)
    if mend and run is None:
        raise SpecError("--mend needs a run folder: bugscope doctor RUN --mend")
    if run is not None and given:
        raise SpecError(f"of a run folder the doctor needs no models; leave out --{next(iter(given)).replace('_', '-')}")
    with display(quiet) as listener:
        checks = examine(given if run is None else run, listener, mend=mend)
    if as_json:
        extra = ("means", "remedy") if run else ()
        print_json(
            [
                {"check": c.name, "ok": c.ok, "detail": c.detail, "seconds": c.seconds, **{x: getattr(c, x) for x in extra}}
                for c in checks
            ]
        )
    else:
        for c in checks:
            say(f"{'ok  ' if c.ok else 'FAIL'}  {c.name:<15} {c.detail}" + (f"  ({c.seconds:.2f} s)" if c.seconds else ""))
            for line in filter(None, (c.means, c.remedy)):
                say(f"{'':<22}{line}")
        if run is not None and (bad := [c for c in checks if not c.ok]):
            again = "" if mend else f" To mend it: bugscope doctor {run} --mend, then bugscope resume {run}"
            say(f"{len(bad)} of {len(checks)} checks found damage.{again}")
        elif mend and any(c.name == "mended" for c in checks):
            say(f"Mended. What is lost is drawn and asked again by: bugscope resume {run}")
    if not all(c.ok for c in checks):
        raise typer.Exit(1)
