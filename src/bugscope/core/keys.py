"""Keys stay in the environment: what is written into a run names the variable that holds one, never the key itself."""

import os
import re
from collections.abc import Iterator, Mapping
from typing import Any

from .errors import SpecError, short

EXAMPLE = "OPENAI_API_KEY"
_NAME = re.compile(r"[A-Z]{1,20}\d{0,3}(_[A-Z]{1,20}\d{0,3})+|[A-Z]{0,20}(KEY|TOKEN|SECRET)")
"""Names of variables that need not be set. Keys have small letters, or digits between letters, or no words at all."""
_WORDS = re.compile(r"[A-Za-z]{1,20}\d{0,2}([-_][A-Za-z]{1,20}\d{0,2})*")
_LOGIN = re.compile(r"(//|^http/)[^/?#\s]*@")
"""A user and a password in an address, also where a spec leaves its scheme out."""
_QUERY = re.compile(
    r"(?i)(?<=[?&;])((?:[\w.-]*[_.-])?(?:api|access|auth)?(?:key|token|secret|signature|password|passwd|pwd|auth|sig|credential)s?)"
    r"=[^&#;\s]+"
)


def variable(name: Any) -> str:
    """The name of the environment variable that holds a key, "" for none. Raises SpecError, which does not repeat what may be
    the key itself, unless a variable of that name is set or the name can be nothing else."""
    if name in ("", None):
        return ""
    known = isinstance(name, str) and "\0" not in name and name in os.environ
    holding = [variable for variable, value in os.environ.items() if value == name]
    if known or (not holding and isinstance(name, str) and _NAME.fullmatch(name)):
        return str(name)
    raise SpecError(
        f"key_variable should be the name of the environment variable that holds the key, as in {(*holding, EXAMPLE)[0]}; no "
        "variable is named like what was given, which is not shown because it may be the key itself"
    )


def header(name: str, words: tuple[str, ...] = ()) -> str:
    """The name of the header that takes a key, or one of `words`. Raises SpecError, which does not repeat what may be a key."""
    if name in words or (isinstance(name, str) and _WORDS.fullmatch(name)):
        return name
    known = ", ".join((*words, "or the name of a header, as in x-api-key"))
    raise SpecError(f"key_as should be {known}; what was given is not shown, as it may be the key itself")


def hidden(text: str) -> str:
    """The text without users, passwords and keys in the addresses that it contains."""
    return _QUERY.sub(r"\1=***", _LOGIN.sub(r"\1***@", text))


def check(what: str, spec: str, options: Mapping[str, Any]) -> None:
    """Raises SpecError, which repeats no key, for a model's name or option that would keep one in a run's files."""
    variable(options.get("key_variable", ""))
    for name, text in (("name", spec), *_texts(options)):
        if hidden(text) != text:
            raise SpecError(
                f"the {name} of the {what}, {short(hidden(text))!r}, would keep a key in the run's files: it should be without "
                "user, password or query, and key_variable the name of the environment variable that holds the key"
            )


def _texts(options: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for name, value in options.items():
        for text in value if isinstance(value, list | tuple) else (value,):
            if isinstance(text, str):
                yield f"option {name}", text
