"""Before a hunt: plan, models, doctor."""

import importlib
import json
from typing import Annotated, Any

import typer

from .options import JSON, ROLES, stated
from .screen import console, plain


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
    planning: Any = importlib.import_module("bugscope.workflows.plan")
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
    console(stderr=False).print(table)


def models(as_json: JSON = False) -> None:
    """List the providers, what each can be, and what is missing to use it."""
    registry: Any = importlib.import_module("bugscope.core.registry")
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
        typer.echo(json.dumps(rows))
        return
    out, padding = console(stderr=False), importlib.import_module("rich.padding").Padding
    for role in sorted({registry.role(e.kind) for e in entries}, key=ROLES.index):
        out.print(f"{role}s", style="bold")
        for e in [e for e in entries if registry.role(e.kind) == role]:
            # whole on one line, whatever the width: these are there to be copied
            typer.echo(f"  {plain(e.example)}")
            out.print(padding(plain(e.summary), (0, 0, 0, 6), expand=False))
            if e.missing:
                typer.echo(f"      not yet: {plain(e.missing)}")
        out.print()


def doctor(as_json: JSON = False, **options: Any) -> None:
    """Check this machine: load every model of a hunt and put one picture through them, with timings."""
    values = stated(options, None)
    checks = importlib.import_module("bugscope.workflows.doctor").examine(values)
    if as_json:
        typer.echo(json.dumps([{"check": c.name, "ok": c.ok, "detail": c.detail, "seconds": c.seconds} for c in checks]))
    else:
        for c in checks:
            typer.echo(
                f"{'ok  ' if c.ok else 'FAIL'}  {c.name:<15} {plain(c.detail)}"
                + (f"  ({c.seconds:.2f} s)" if c.seconds else "")
            )
    if not all(c.ok for c in checks):
        raise typer.Exit(1)
