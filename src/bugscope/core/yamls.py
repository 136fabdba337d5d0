"""YAML as people write it in files of options: mappings, lists, texts, numbers and yes or no. Nothing in it can grow or run."""

import json
import os
import re
from collections.abc import Collection
from pathlib import Path
from typing import Any, NoReturn

import yaml

from .errors import SpecError, nearest, short, told
from .texts import writable

FILES = (".yaml", ".yml", ".json")
MOST_CHARACTERS = 4_000_000
"""Of a file; the labels of any model fit."""
DEEPEST = 20
"""Levels of nesting."""
MOST_DIGITS = 100
"""Of a number."""
TEXTS = frozenset({"labels", "accept"})
"""Keys whose values are names: below them `no`, `1` and `2001-01-01` are texts."""
KINDS = {"null", "bool", "int", "float", "str", "seq", "map"}
_TAG = "tag:yaml.org,2002:"
_NUMBER = re.compile(r"[-+]?(?:0|[1-9][0-9]*|(?:0|[1-9][0-9]*)?\.[0-9]+|(?:0|[1-9][0-9]*)\.)(?:[eE][-+]?[0-9]{1,4})?")


def read(text: str, texts: Collection[str] = TEXTS, names: bool = False) -> Any:
    """The value that a YAML text holds. Dates are texts; anchors, aliases and tags of Python are refused.

    `texts`: keys below which every value is a text; `names`: every value and key is. Raises ValueError that says what is wrong
    and where.
    """
    if len(text) > MOST_CHARACTERS:
        raise ValueError(f"{len(text):,} characters; the maximum is {MOST_CHARACTERS:,}")
    try:
        loader = _Loader(text)
        loader.texts, loader.plain = texts, names
        return loader.get_single_data()
    except (yaml.YAMLError, ValueError, LookupError, TypeError, AttributeError, ArithmeticError, RecursionError) as error:
        # PyYAML itself stumbles over some tags, such as !!int on nothing
        raise ValueError(short(str(error)) or told(error)) from error


def value(text: str, names: bool = False) -> Any:
    """What is meant by the text after `key=`: a number, true or false, a list in brackets; anything else is the text itself.

    `names`: it is about labels, and numbers are names too.
    """
    bare = text.strip()
    if bare.startswith("[") and bare.endswith("]"):
        try:
            found = read(bare, names=names)
        except ValueError:
            return text
        return found if isinstance(found, list) and not _nested(found) else text
    if names:
        return text
    if bare.lower() in ("true", "false"):
        return bare.lower() == "true"
    if len(bare) > MOST_DIGITS or not _NUMBER.fullmatch(bare):
        return text
    number = float(bare)
    return int(bare) if bare.lstrip("+-").isdecimal() else number if abs(number) != float("inf") else text


def _nested(found: Any) -> bool:
    """Whether a mapping is in it: a sentence with a colon in it looks like one."""
    return isinstance(found, dict) or isinstance(found, list) and any(map(_nested, found))


class _Loader(yaml.SafeLoader):
    """Keeps count of the depth, and knows only `KINDS`."""

    texts: Collection[str] = ()
    plain = False
    depth = 0

    def compose_node(self, parent: Any, index: Any) -> Any:
        event: Any = self.peek_event()  # type: ignore[no-untyped-call]
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            self.refuse("anchors (&) and aliases (*) are not read; a text that begins so needs quotes", event)
        if self.depth >= DEEPEST:
            self.refuse(f"more than {DEEPEST} levels of nesting", event)
        self.depth += 1
        try:
            node: Any = super().compose_node(parent, index)
        finally:
            self.depth -= 1
        if node.tag.removeprefix(_TAG) not in KINDS:
            self.refuse(f"the tag {node.tag!r} is not read", event)
        return node

    def compose_mapping_node(self, anchor: Any) -> Any:
        node: Any = super().compose_mapping_node(anchor)
        seen = set()
        for key, value in node.value:
            if isinstance(key, yaml.ScalarNode):
                if key.value in seen:
                    self.refuse(f"the key {key.value!r} is there twice", key)
                seen.add(key.value)
                if key.value in self.texts and value.tag != f"{_TAG}null":
                    _as_texts(value)
        return node

    def get_single_node(self) -> Any:
        node = super().get_single_node()
        if self.plain and node is not None:
            _as_texts(node)
        return node

    def refuse(self, what: str, at: Any) -> NoReturn:
        raise yaml.MarkedYAMLError(problem=what, problem_mark=at.start_mark)


def _as_texts(node: yaml.Node) -> None:
    if isinstance(node, yaml.ScalarNode):
        node.tag = f"{_TAG}str"
    elif isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            _as_texts(key)
            _as_texts(value)
    elif isinstance(node, yaml.SequenceNode):
        for part in node.value:
            _as_texts(part)


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in found if tag.removeprefix(_TAG) in KINDS]
    for first, found in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def _whole(loader: yaml.SafeLoader, node: yaml.ScalarNode) -> Any:
    if len(node.value) > MOST_DIGITS:
        raise yaml.MarkedYAMLError(problem=f"a number of {len(node.value):,} digits", problem_mark=node.start_mark)
    # YAML 1.1 reads 1:30 as ninety
    return node.value if ":" in node.value else loader.construct_yaml_int(node)


def _real(loader: yaml.SafeLoader, node: yaml.ScalarNode) -> Any:
    return node.value if ":" in node.value else loader.construct_yaml_float(node)


def _text(loader: yaml.SafeLoader, node: yaml.ScalarNode) -> str:
    return writable(str(loader.construct_scalar(node)), MOST_CHARACTERS)


# YAML 1.1 would have 1e3 a text
_Loader.add_implicit_resolver(f"{_TAG}float", re.compile(r"^[-+]?[0-9]+[eE][-+]?[0-9]{1,4}$"), list("-+0123456789"))
_Loader.add_constructor(f"{_TAG}str", _text)
_Loader.add_constructor(f"{_TAG}int", _whole)
_Loader.add_constructor(f"{_TAG}float", _real)


def mapping(path: Path | str, what: str, expected: str) -> dict[str, Any]:
    """The mapping in a YAML or JSON file of a user's. `what`: the file in words; `expected`: what it should hold, for messages.
    Raises SpecError, with the nearest file where there is none of that name."""
    place = Path(os.path.expanduser(path))
    try:
        text = place.read_text(encoding="utf-8-sig")
        found = json.loads(text) if place.suffix.lower() == ".json" else read(text, names=True)
    except FileNotFoundError as error:
        beside = [p.name for p in place.parent.glob("*") if p.suffix.lower() in FILES]
        near = f" Did you mean {str(Path(path).parent / hint)!r}?" if (hint := nearest(place.name, beside)) else ""
        raise SpecError(f"{what} does not exist.{near}") from error
    except (OSError, ValueError, RecursionError) as error:
        raise SpecError(f"{what} cannot be read: {told(error)}") from error
    if not isinstance(found, dict):
        raise SpecError(f"{what} holds a {type(found).__name__}; {expected}")
    return found
