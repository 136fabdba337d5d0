"""Text from outside, as it is kept: what files can hold, and not without end."""

from typing import Any

LONGEST = 10_000
"""Characters of a text that a model gives; the rest is cut."""


def writable(text: str, longest: int = LONGEST) -> str:
    """The text without half characters, which a server leaves where it cuts a text and no file can hold, and with at most
    `longest` characters. Two halves that stand together are the whole character that they mean."""
    cut = text if len(text) <= longest else text[: longest - 3] + "..."
    return cut if cut.isascii() else cut.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def all_writable(value: Any, longest: int = LONGEST) -> Any:
    """A value as JSON has it, with every text in it `writable`."""
    if isinstance(value, str):
        return writable(value, longest)
    if isinstance(value, list | tuple):
        return [all_writable(part, longest) for part in value]
    if isinstance(value, dict):
        return {
            writable(key, longest) if isinstance(key, str) else key: all_writable(part, longest) for key, part in value.items()
        }
    return value
