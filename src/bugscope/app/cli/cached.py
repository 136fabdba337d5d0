"""The cache of pictures: cache ls, cache prune."""

import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .options import JSON, stating
from .screen import console, print_json, say, with_json

if TYPE_CHECKING:
    from ...store.cache import Kept
    from ...workflows.cache import Contents

Folder = Annotated[Path | None, typer.Argument(**stating("folder of the cache", "in your cache folder", "[FOLDER]"))]

app = typer.Typer(
    help="List or prune the pictures that runs share with --cache.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


def ls(folder: Folder = None, as_json: JSON = False) -> None:
    """List the generators in the cache. Tells how many pictures it has of each, their size, and when they were last used."""
    from rich.table import Table

    from ...report.plain import for_terminal
    from ...report.words import number
    from ...workflows import cache

    found = cache.contents(folder)
    if as_json:
        print_json(_record(found))
        return
    if not found.pictures:
        say(f"no pictures are cached in {found.folder}")
        return
    table, now = Table("generator", "key", "pictures", "size", "oldest", "last used", box=None, pad_edge=False), time.time()
    for kept in found.generators:
        oldest, last = (cache.shown_age(now - when) for when in _span(kept))
        counts = (f"{len(kept.items):,}", cache.shown_size(kept.size), oldest, last)
        table.add_row(for_terminal(kept.id or "unknown"), kept.key[:8], *counts)
    console(stderr=False).print(table)
    say(f"{number(found.pictures, 'picture')}, {cache.shown_size(found.size)} in {found.folder}")


def prune(
    folder: Folder = None,
    older_than: Annotated[
        str,
        typer.Option("--older-than", **stating("delete what was not used for so long, such as 30d or 12h", metavar="AGE")),
    ] = "",
    max_size: Annotated[
        str,
        typer.Option(
            "--max-size",
            **stating("delete what was not used for the longest time, until this much is left, such as 10GB", metavar="SIZE"),
        ),
    ] = "",
    generator: Annotated[
        str, typer.Option("--generator", **stating("delete only pictures of this one, by its id or key", metavar="NAME"))
    ] = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="delete nothing, say only what would be")] = False,
    as_json: JSON = False,
) -> None:
    """Delete pictures from the cache. Needs at least one condition, and touches nothing that is not a cache's own."""
    from ...report.words import number
    from ...workflows import cache

    done = cache.prune(folder, older_than=older_than, max_size=max_size, generator=generator, dry_run=dry_run)
    if as_json:
        print_json({"dry_run": dry_run, "deleted": _record(done.deleted), "left": _record(done.left)})
        return
    for kept in done.deleted.generators:
        say(f"  {kept.id or kept.key}: {number(len(kept.items), 'picture')}, {cache.shown_size(kept.size)}")
    gone, left = done.deleted, done.left
    say(
        f"{number(gone.pictures, 'picture')} ({cache.shown_size(gone.size)}) {'would be' if dry_run else 'were'} deleted in "
        f"{gone.folder}; {left.pictures:,} ({cache.shown_size(left.size)}) stay"
    )


app.command("ls")(with_json(ls))
app.command("prune")(with_json(prune))


def _record(found: "Contents") -> dict[str, Any]:
    return {
        "folder": str(found.folder),
        "pictures": found.pictures,
        "bytes": found.size,
        "generators": [_generator(kept) for kept in found.generators],
    }


def _generator(kept: "Kept") -> dict[str, Any]:
    oldest, last = (datetime.fromtimestamp(when, UTC).isoformat(timespec="seconds") for when in _span(kept))
    about = {"generator": kept.id, "key": kept.key, "pictures": len(kept.items), "bytes": kept.size}
    return about | {"oldest": oldest, "last_used": last}


def _span(kept: "Kept") -> tuple[float, float]:
    """When the oldest was made, and one was used last."""
    return min((item.made for item in kept.items), default=0.0), max((item.used for item in kept.items), default=0.0)
