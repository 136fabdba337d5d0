"""Label names as people give them: lists, texts, files."""

import json
import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from .errors import SpecError, nearest, told
from .labels import imagenet
from .texts import writable


def read(value: Any, least: int = 2) -> tuple[str, ...]:
    """Label names as people give them; `labels.named` tells what they mean.

    `value`: a list; one text with commas between the names; "imagenet"; a .txt file with one name per line (UTF-8, blank
    lines skipped); a .json file with a list, {index: name}, {name: index}, or a configuration with "id2label". Raises
    SpecError, also for fewer than `least` names.
    """
    if isinstance(value, str):
        return _from_text(value.strip(), least)
    if isinstance(value, Mapping):
        return _from_mapping(value, "labels", least)
    if not isinstance(value, Iterable):
        raise SpecError(f"labels are {value!r}; they should be a list of names")
    return _checked([str(name) for name in value], "the list of labels", least)


def _from_text(text: str, least: int) -> tuple[str, ...]:
    if text.lower() == "imagenet":
        return imagenet()
    path = Path(os.path.expanduser(text))
    if path.suffix.lower() in (".txt", ".json") and "\n" not in text:
        return _from_file(path, least)
    if "," not in text:
        near = f" Did you mean {hint!r}?" if (hint := nearest(text, ["imagenet"])) else ""
        raise SpecError(f"labels {text!r} are neither 'imagenet', names separated by commas, nor a .txt or .json file.{near}")
    return _checked(text.split(","), f"labels {text!r}", least)


def _from_file(path: Path, least: int) -> tuple[str, ...]:
    if not os.path.isfile(path):
        beside = [p.name for p in path.parent.glob("*") if p.suffix in (".txt", ".json")] if os.path.isdir(path.parent) else []
        near = f" Did you mean {str(path.parent / hint)!r}?" if (hint := nearest(path.name, beside)) else ""
        raise SpecError(f"labels: there is no file {str(path)!r}.{near}")
    try:
        text = path.read_text(encoding="utf-8-sig")
        if path.suffix.lower() == ".txt":
            return _checked([line for line in text.splitlines() if line.strip()], f"labels file {str(path)!r}", least)
        found = json.loads(text)
    except (OSError, ValueError, RecursionError) as error:
        raise SpecError(f"labels file {str(path)!r} cannot be read: {told(error)}") from error
    if isinstance(found, list) and all(isinstance(name, str) for name in found):
        return _checked(found, f"labels file {str(path)!r}", least)
    if isinstance(found, dict):
        return _from_mapping(found, f"labels file {str(path)!r}", least)
    raise SpecError(f"labels file {str(path)!r} holds neither a list of names nor {{index: name}}")


def _from_mapping(found: Mapping[Any, Any], what: str, least: int) -> tuple[str, ...]:
    """Names from {7: "cab"}, {"7": "cab"}, {"7": ["n02930766", "cab"]}, {"cab": 7}, or {"id2label": one of these}."""
    if isinstance(inner := found.get("id2label"), Mapping):
        return _from_mapping(inner, what, least)
    turned = all(type(place) is int for place in found.values())
    pairs = [(place, name) if turned else (name, place) for name, place in found.items()]
    try:
        by_place = {int(place): name[0] if isinstance(name, list) and name else name for place, name in pairs}
    except (TypeError, ValueError) as error:
        raise SpecError(f"{what} should be {{index: name}}; {next(iter(found))!r} is not an index") from error
    if absent := sorted(set(range(len(pairs))).difference(by_place)):
        raise SpecError(f"{what} has {len(pairs)} names, but none for class {absent[0]}; classes are counted from 0")
    return _checked([str(by_place[i]) for i in range(len(by_place))], what, least)


def _checked(names: Sequence[str], what: str, least: int) -> tuple[str, ...]:
    names = [writable(name.strip()) for name in names]
    if len(names) < least:
        raise SpecError(f"{what}: {len(names)} names; at least {least} are needed")
    return tuple(names)
