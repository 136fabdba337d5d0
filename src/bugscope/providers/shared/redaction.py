"""Strikes a key out of what a server says."""

import base64
import json
import re
from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

DEEPEST = 100
"""Levels of lists and objects in an answer."""


def secrets(key: str) -> list[str]:
    """The forms of a key to strike out; none for a short or plain one ("x", "EMPTY"), which servers without keys are given."""
    if len(key) < 8 or len(set(key)) < 4:
        return []
    # a server may show the key as it was sent, as JSON or an address writes it, or the password alone
    password = key.partition(":")[2]
    parts = [password] if len(password) >= 8 and len(set(password)) >= 4 else []
    forms = [key, basic(key), key.replace("/", "\\/"), json.dumps(key)[1:-1], quote(key), quote(key, safe=""), *parts]
    return list(dict.fromkeys(forms))


def basic(key: str) -> str:
    """USER:PASSWORD as a header has it."""
    return base64.b64encode(key.encode()).decode()


def strike(data: Any, secrets: Sequence[str], depth: int = DEEPEST) -> Any:
    """A text or JSON value with every secret struck out. Raises ValueError for one that is nested too deep."""
    if isinstance(data, str):
        for secret in secrets:
            data = data.replace(secret, "***")
        return data
    if isinstance(data, list | dict) and not depth:
        raise ValueError(f"it is nested deeper than {DEEPEST} levels")
    if isinstance(data, list):
        return [strike(part, secrets, depth - 1) for part in data]
    if isinstance(data, dict):
        return {strike(name, secrets): strike(part, secrets, depth - 1) for name, part in data.items()}
    return data


def mask(key: str, text: str) -> str:
    """The text of an error without the words that show some of the key."""
    parts = {key[i : i + 4] for i in range(len(key) - 3)} if secrets(key) else set()
    # "proj" is in many keys and gives nothing away
    parts = {part for part in parts if not (part.isalpha() and part.islower())} or parts
    return re.sub(r"[\w*.…-]+", lambda word: "***" if any(part in word[0] for part in parts) else word[0], text)
