"""Names that cover several classes: of detection data sets (a COCO "cup" is a coffee mug), in terms of ImageNet's classes.

The facts, with their sources, are in wider.tsv.
"""

from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from functools import cache, lru_cache
from importlib import resources

from .errors import SpecError, unknown
from .labels import Names, imagenet, meaning, resolve


@cache
def table() -> tuple[tuple[tuple[str, ...], frozenset[str]], ...]:
    """(names in lower case, ImageNet classes that they cover), first the 80 categories of COCO in their order."""
    text = resources.files(__package__).joinpath("wider.tsv").read_text(encoding="utf-8")
    rows = (line.split("\t") for line in text.splitlines() if line and not line.startswith("#"))
    return tuple((tuple(names.split("; ")), frozenset(_classes(covered))) for names, covered in rows)


def _classes(covered: str) -> list[str]:
    found: list[str] = []
    for part in filter(None, covered.split("; ")):
        first, _, last = part.partition("-")
        found += imagenet()[int(first) : int(last) + 1] if first.isdecimal() else [part]
    return found


@cache
def coco() -> tuple[str, ...]:
    """The 80 categories of COCO, in their order."""
    return tuple(names[0] for names, _ in table())


@cache
def _covered() -> dict[str, frozenset[str]]:
    """Name in lower case -> what it covers: classes, in their own spelling, and its other names."""
    return {name: classes | frozenset(names) for names, classes in table() for name in names}


@lru_cache(maxsize=65536)
def covers(name: str, label: str) -> bool:
    """Whether everything that is `label` may rightly be called `name`: the same thing, or a wider kind of thing."""
    known = _covered().get(_plain(name), frozenset())
    return meaning(label) in known or _plain(label) in known or meaning(name) == meaning(label)


def covering(label: str, names: Names) -> tuple[str, ...]:
    """The target's labels that are right for `label`: those of its own name, and wider ones unless they are ImageNet's."""
    own = {names.names[i] for i in names.places(label)}
    return tuple(name for name in names.names if name in own or (not names.are_imagenets and covers(name, label)))


def meant(text: str, known: Sequence[str], drawn: Collection[str], right: Callable[[str], Collection[str]]) -> list[str]:
    """The labels that a person means by `text`, as a generator calls them that draws only `drawn` (or, if that is empty,
    anything), for a target that knows `known`.

    `right(label)`: what is right for a label. One that the target calls by another name stays as it is drawn, and a name that
    covers several ("bus") means all of them. Raises SpecError that names the value and the nearest label.
    """
    try:
        own = resolve(text, known)
    except SpecError:
        label = resolve(text, drawn) if _resolves(text, drawn) else ""
        if label and not set(right(label)).isdisjoint(known):
            return [label]
        raise
    if not drawn or own in drawn:
        return [own]
    if found := [label for label in drawn if own in right(label)]:
        return found
    raise unknown("label of the generator", own, drawn)


def _resolves(text: str, known: Collection[str]) -> bool:
    with suppress(SpecError):
        return bool(resolve(text, known))
    return False


def _plain(name: str) -> str:
    return " ".join(name.replace("_", " ").split()).lower()
