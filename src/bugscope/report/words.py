"""Numbers and names, as people read them."""

import io

from rich.console import Console
from rich.table import Table

from ..core.records import Rate


def said(rate: Rate, what: str) -> str:
    """ "12 of 40 wrong, 30 % (95 % CI 17-47 %)" """
    if not rate.n:
        return f"0 of 0 {what}"
    return f"{rate.k:,} of {rate.n:,} {what}, {100 * rate.value:.0f} % ({_interval(rate)})"


def _interval(rate: Rate) -> str:
    return f"{100 * rate.level:.0f} % CI {100 * rate.low:.0f}-{100 * rate.high:.0f} %"


def shown(table: Table, width: int = 128) -> str:
    """A table as text."""
    file = io.StringIO()
    Console(file=file, width=width, highlight=False, markup=False).print(table)
    return file.getvalue().rstrip("\n")


def plain(text: str) -> str:
    """On one line, without what a terminal would obey."""
    return "".join(c if c.isprintable() else "\ufffd" for c in text)
