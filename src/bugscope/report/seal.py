"""A checksum at the end of a page, by which damage to the page is found. It also covers the report that the page shows."""

from hashlib import sha256

BEGIN, END = "<!-- sha256 ", " -->\n"


def seal(page: str, report: str) -> str:
    """The page with its checksum. `report`: report.json, as text."""
    return f"{page}{BEGIN}{_digest(page, report)}{END}"


def sealed(page: str, report: str) -> bool:
    """Whether a page ends with the checksum of itself and this report."""
    body, _, end = page.rpartition(BEGIN)
    return end == f"{_digest(body, report)}{END}"


def _digest(page: str, report: str) -> str:
    return sha256(f"{len(report)} {report}{page}".encode()).hexdigest()
