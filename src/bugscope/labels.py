"""What labels are called: the ImageNet-1k names, their synonyms, and which of them name the same thing.

Facts from WordNet 3.0 (names and lemmas of the ILSVRC 2012 synsets), in data/imagenet.tsv.
"""

from collections.abc import Collection, Mapping
from functools import cache
from importlib import resources

from .errors import unknown

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
        # the part stands for the whole: one is hardly ever in a picture without the other
        ("computer keyboard", "space bar"),
        ("table lamp", "lampshade"),
        ("goblet", "red wine"),
        ("cup", "espresso"),
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
def _by_synonym() -> Mapping[str, str]:
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
    synonym = _by_synonym().get(wanted)
    if synonym is not None and synonym in known:
        return synonym
    raise unknown("label", text, known)
