"""A run folder -> report.json -> one HTML page. Reads the store; never runs a model."""

from .html import frame, page
from .summary import COLUMNS, build, rows, write

__all__ = ["COLUMNS", "build", "frame", "page", "rows", "write"]
