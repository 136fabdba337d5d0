"""Tables for pandas, where it is installed."""

import importlib
from typing import Any

from ..core.errors import MissingDependency


def pandas(what: str) -> Any:
    """The library, or MissingDependency that says what needs it."""
    try:
        return importlib.import_module("pandas")
    except ImportError as error:
        raise MissingDependency(f"{what} needs pandas: pip install 'bugscope[pandas]'") from error
