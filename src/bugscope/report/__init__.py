"""Every form in which results leave: report.json, pages, JUnit, CSV, Markdown, text. Reads the store; never runs a model."""

from .html import frame, page
from .summary import COLUMNS, build, rows, text, write

__all__ = ["COLUMNS", "build", "frame", "page", "rows", "text", "write"]
