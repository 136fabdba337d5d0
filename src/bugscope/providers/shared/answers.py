"""JSON that a server sends, read within bounds, and how messages quote it."""

import json
import reprlib
from typing import Any

from ...core.errors import short
from .redaction import secrets, strike

PARTS = 1_000_000
"""The most lists, objects, commas and colons of an answer: a megabyte of empty lists takes thirty of memory."""


class Half(ValueError):
    """The text ends before the JSON does."""


def read(body: bytes, key: str = "") -> Any:
    """The JSON value, with the key struck out. Raises Half, or ValueError that says what is wrong."""
    if sum(map(body.count, (b",", b"[", b"{", b":"))) > PARTS:
        raise ValueError(f"it has more than {PARTS} parts")
    text = body.decode("utf-8", "replace").strip()
    try:
        return strike(json.loads(text), secrets(key))
    except json.JSONDecodeError as error:
        if not text or error.msg.startswith("Unterminated") or (text[0] in "{[" and error.pos >= len(text) - 8):
            raise Half("half an answer") from None
        raise ValueError("it is no JSON") from None
    except RecursionError:
        raise ValueError("it is nested too deep") from None


_shown = reprlib.Repr()
_shown.maxlevel, _shown.maxdict, _shown.maxlist, _shown.maxtuple = 6, 20, 20, 20
_shown.maxstring = _shown.maxother = _shown.maxlong = 400


def quoted(value: Any) -> str:
    """A value as messages show it, however large it is."""
    return short(_shown.repr(value))
