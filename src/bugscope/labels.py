"""What labels are called: the ImageNet-1k names, their synonyms, and which of them name the same thing.

Facts from WordNet 3.0 (names and lemmas of the ILSVRC 2012 synsets), in data/imagenet.tsv.
"""

import json
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

from .errors import SpecError, nearest, told, unknown

SAME_THING: tuple[frozenset[str], ...] = tuple(
    frozenset(group)
    for group in (
        # one object, two names
        ("coffee mug", "cup"),
        ("notebook", "laptop"),
        ("tub", "bathtub"),
        ("ear", "corn"),
        ("monitor", "screen", "desktop computer"),
        ("screen", "television"),
        ("wall clock", "analog clock"),
        ("barbell", "dumbbell"),
        ("rule", "slide rule"),
        ("computer keyboard", "typewriter keyboard"),
        ("projectile", "missile"),
        ("sunglass", "sunglasses"),
        ("maillot", "maillot tank suit"),
        ("beer bottle", "pop bottle", "water bottle"),
        ("pitcher", "water jug"),
        ("mushroom", "agaric", "bolete"),
        ("cassette player", "tape player"),
        ("tabby", "tiger cat"),
        ("Eskimo dog", "Siberian husky"),
        ("tusker", "African elephant"),
        ("tusker", "Indian elephant"),
        ("assault rifle", "rifle"),
        ("harvester", "thresher"),
        ("combination lock", "padlock"),
        ("cliff", "promontory"),
        # they differ in size alone, which a picture does not show
        ("toy poodle", "miniature poodle"),
        ("miniature schnauzer", "standard schnauzer"),
        # the part stands for the whole: one is hardly ever in a picture without the other
        ("computer keyboard", "space bar"),
        ("table lamp", "lampshade"),
        ("goblet", "red wine"),
        ("cup", "espresso"),
        ("soup bowl", "consomme"),
    )
)
"""Groups of ImageNet labels that a person would accept for one another. Two labels belong together only if the same
picture may carry either; look-alikes (bagel and pretzel, volleyball and soccer ball) do not."""


@cache
def _table() -> tuple[tuple[str, str, tuple[str, ...]], ...]:
    """(WordNet id, name, lemmas) of the 1,000 classes, in the usual order."""
    text = resources.files("bugscope").joinpath("data/imagenet.tsv").read_text(encoding="utf-8")
    rows = (line.split("\t") for line in text.splitlines() if line and not line.startswith("#"))
    return tuple((wordnet, name, tuple(lemmas.split("; "))) for wordnet, name, lemmas in rows)


@cache
def imagenet() -> tuple[str, ...]:
    """The 1,000 ImageNet-1k label names; index = class number."""
    return tuple(name for _, name, _ in _table())


@cache
def wordnet_ids() -> Mapping[str, str]:
    return {name: wordnet for wordnet, name, _ in _table()}


@cache
def synonyms() -> Mapping[str, str]:
    """Lower-case lemma -> label, where the lemma names one class only."""
    seen: dict[str, set[str]] = {}
    for _, name, lemmas in _table():
        for lemma in lemmas:
            seen.setdefault(lemma.lower(), set()).add(name)
    return {lemma: names.pop() for lemma, names in seen.items() if len(names) == 1}


def accepted(label: str, also: Collection[str] = ()) -> frozenset[str]:
    """The labels that count as right for `label`: itself, its near-synonyms, and `also`."""
    return frozenset({label, *also}).union(*(group for group in SAME_THING if label in group))


def resolve(text: str, known: Collection[str]) -> str:
    """The label of `known` that a user means: exact, any case, or an ImageNet synonym ("taxi" is "cab").

    Raises SpecError that names the value and the nearest label.
    """
    for exact in (text, text.strip()):  # before any other case of it: "Cardigan" is a dog, "cardigan" a garment
        if exact in known:
            return exact
    wanted = text.strip().lower()
    by_case = {name.lower(): name for name in known}
    if wanted in by_case:
        return by_case[wanted]
    synonym = synonyms().get(wanted)
    if synonym is not None and synonym in known:
        return synonym
    raise unknown("label", text, known)


# --- what others call the classes -------------------------------------------------------------------------------------

ALIKE = 0.9
"""The part of 1,000 names that must share a word with the class of their place before a list is taken for ImageNet-1k."""
WORDNET = re.compile(r"n\d{8}\b")
UNNAMED = re.compile(r"(?:LABEL_(\d+))?")
"""What a checkpoint calls a class that nobody named."""


def named(names: Sequence[str]) -> tuple[str, ...]:
    """What a checkpoint calls its classes -> the names used here; as many, in the same order, all different, none empty.

    - 1,000 names in the usual ImageNet order, whatever the spelling ("tench, Tinca tinca", "great_white_shark", "rooster"), or
      1,000 that nobody named ("LABEL_7", ""): the ImageNet names. So too after a "background" class.
    - Any other list: a WordNet id ("n01440764", "n01440764 tench") or all lemmas of a class ("tench, Tinca tinca") becomes the
      ImageNet name, the rest stays as it is. A nameless class is "class 7"; a second "crane" is "crane (2)".
    """
    given = [str(name).strip() for name in names]
    if len(given) == 1001 and _words(given[0]) == ["background"]:
        return distinct((given[0], *named(given[1:])))
    if len(given) == 1000 and (_unnamed(given) or _alike(given) >= ALIKE):
        return imagenet()
    ids = {wordnet: name for wordnet, name, _ in _table()}
    lemmas = {", ".join(lemmas): name for _, name, lemmas in _table() if len(lemmas) > 1}
    known = [ids.get(name[:9]) if WORDNET.match(name) else lemmas.get(name) for name in given]
    return distinct(ours or name or f"class {i}" for i, (ours, name) in enumerate(zip(known, given, strict=True)))


def distinct(names: Iterable[str]) -> tuple[str, ...]:
    """The second "crane" is "crane (2)", the third "crane (3)": answers are told apart by their names."""
    given = tuple(names)
    made: dict[str, None] = {}
    for name in given:
        count = 2
        new = name
        while new in made or (new != name and new in given):
            new, count = f"{name} ({count})", count + 1
        made[new] = None
    return tuple(made)


def read(value: Any, least: int = 2) -> tuple[str, ...]:
    """Label names as people give them; what they mean is for `named` to say.

    A list; one text with commas between the names; "imagenet"; a .txt file of one name a line (UTF-8, blank lines skipped); a
    .json file: a list, {index: name}, {name: index}, or a configuration with "id2label". Raises SpecError, also for
    fewer than `least` names.
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
    path = Path(text).expanduser()
    if path.suffix.lower() in (".txt", ".json") and "\n" not in text:
        return _from_file(path, least)
    if "," not in text:
        near = f" Did you mean {hint!r}?" if (hint := nearest(text, ["imagenet"])) else ""
        raise SpecError(f"labels {text!r} are neither 'imagenet', names with commas between, nor a .txt or .json file.{near}")
    return _checked(text.split(","), f"labels {text!r}", least)


def _from_file(path: Path, least: int) -> tuple[str, ...]:
    if not path.is_file():
        beside = [p.name for p in path.parent.glob("*") if p.suffix in (".txt", ".json")] if path.parent.is_dir() else []
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
    raise SpecError(f"labels file {str(path)!r} has neither a list of names nor {{index: name}}")


def _from_mapping(found: Mapping[Any, Any], what: str, least: int) -> tuple[str, ...]:
    """{7: "cab"}, {"7": "cab"}, {"7": ["n02930766", "cab"]}, {"cab": 7}, {"id2label": one of these}."""
    if isinstance(inner := found.get("id2label"), Mapping):
        return _from_mapping(inner, what, least)
    turned = all(type(place) is int for place in found.values())
    pairs = [(place, name) if turned else (name, place) for name, place in found.items()]
    try:
        by_place = {int(place): name[0] if isinstance(name, list) and name else name for place, name in pairs}
    except (TypeError, ValueError) as error:
        raise SpecError(f"{what} should be {{index: name}}; {next(iter(found))!r} is no index") from error
    if absent := sorted(set(range(len(pairs))).difference(by_place)):
        raise SpecError(f"{what} has {len(pairs)} names, but none for class {absent[0]}; they are counted from 0")
    return _checked([str(by_place[i]) for i in range(len(by_place))], what, least)


def _checked(names: Sequence[str], what: str, least: int) -> tuple[str, ...]:
    names = [name.strip() for name in names]
    if len(names) < least:
        raise SpecError(f"{what}: {len(names)} names; at least {least} are needed")
    return tuple(names)


def _words(text: str) -> list[str]:
    """Lower-case words; "_" and "-" part them as a space does."""
    return re.findall(r"[^\W_]+", text.lower())


def _unnamed(names: Sequence[str]) -> bool:
    """Does each name tell its place at most?"""
    found = [UNNAMED.fullmatch(name) for name in names]
    return all(m and (m[1] is None or int(m[1]) == i) for i, m in enumerate(found))


def _alike(names: Sequence[str]) -> float:
    """The part of 1,000 names that share a word with the class of their place."""
    rows = zip(names, _table(), strict=True)
    hits = (not set(_words(name)).isdisjoint([wordnet, *_words(" ".join(lemmas))]) for name, (wordnet, _, lemmas) in rows)
    return sum(hits) / len(names)
