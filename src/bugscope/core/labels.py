"""What labels are called: the ImageNet-1k names, their synonyms, and which of them name the same thing.

The facts, in imagenet.tsv, are from WordNet 3.0 (names and lemmas of the ILSVRC 2012 synsets).
"""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import cache, cached_property, lru_cache
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
        ("tabby", "tiger cat"),
        ("Eskimo dog", "Siberian husky"),
        ("tusker", "African elephant"),
        ("tusker", "Indian elephant"),
        ("assault rifle", "rifle"),
        ("harvester", "thresher"),
        ("combination lock", "padlock"),
        ("cliff", "promontory"),
        # they differ only in size, which a picture does not show
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
def table() -> tuple[tuple[str, str, tuple[str, ...]], ...]:
    """(WordNet id, name, lemmas) of the 1,000 classes, in the usual order."""
    text = resources.files(__package__).joinpath("imagenet.tsv").read_text(encoding="utf-8")
    rows = (line.split("\t") for line in text.splitlines() if line and not line.startswith("#"))
    return tuple((wordnet, name, tuple(lemmas.split("; "))) for wordnet, name, lemmas in rows)


@cache
def imagenet() -> tuple[str, ...]:
    """The 1,000 ImageNet-1k label names; index = class number."""
    return tuple(name for _, name, _ in table())


@cache
def wordnet_ids() -> Mapping[str, str]:
    return {name: wordnet for wordnet, name, _ in table()}


@cache
def synonyms() -> Mapping[str, str]:
    """Lower-case lemma -> label, for lemmas that name only one class."""
    seen: dict[str, set[str]] = {}
    for _, name, lemmas in table():
        for lemma in lemmas:
            seen.setdefault(lemma.lower(), set()).add(name)
    return {lemma: names.pop() for lemma, names in seen.items() if len(names) == 1}


def accepted(label: str, also: Collection[str] = ()) -> frozenset[str]:
    """The ImageNet labels that a person would accept for `label`: itself, its near-synonyms, and `also`. For which targets that
    counts, `core.accept` decides."""
    return frozenset({label, *also}).union(*(group for group in SAME_THING if label in group))


def resolve(text: str, known: Collection[str]) -> str:
    """The label of `known` that a user means: exact, any case, an ImageNet synonym ("taxi" is "cab"), a WordNet id, or all
    lemmas of a class ("laptop, laptop computer").

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
    (ours,) = named([text])
    if text.strip() and ours in known:
        return ours
    raise unknown("label", text, known)


# --- what others call the classes -------------------------------------------------------------------------------------

ALIKE = 0.9
"""Share of 1,000 names that must have a word in common with the class at their index for a list to pass as ImageNet-1k."""
WORDNET = re.compile(r"n\d{8}\b")
UNNAMED = re.compile(r"(?:LABEL_(\d+))?")
"""What a checkpoint calls a class without a name."""


def named(names: Sequence[str]) -> tuple[str, ...]:
    """What a checkpoint calls its classes -> the names used here: as many, in the same order, all different, none empty.

    - 1,000 names in the usual ImageNet order, however spelled ("tench, Tinca tinca", "great_white_shark", "rooster"), or 1,000
      classes without names ("LABEL_7", ""): the ImageNet names. The same goes for 1,000 after a "background" class.
    - Any other list: a WordNet id ("n01440764", "n01440764 tench") or all lemmas of a class ("tench, Tinca tinca") becomes the
      ImageNet name, and the rest stays as it is. A class without a name is "class 7"; a second "crane" is "crane (2)".
    """
    given = [str(name).strip() for name in names]
    if len(given) == 1001 and _words(given[0]) == ["background"]:
        return distinct((given[0], *named(given[1:])))
    if len(given) == 1000 and (_unnamed(given) or _alike(given) >= ALIKE):
        return imagenet()
    ids = {wordnet: name for wordnet, name, _ in table()}
    lemmas = {", ".join(lemmas): name for _, name, lemmas in table() if len(lemmas) > 1}
    known = [ids.get(name[:9]) if WORDNET.match(name) else lemmas.get(name) for name in given]
    return distinct(ours or name or f"class {i}" for i, (ours, name) in enumerate(zip(known, given, strict=True)))


def distinct(names: Iterable[str]) -> tuple[str, ...]:
    """The names made unique, since they identify answers: the second "crane" is "crane (2)", the third "crane (3)"."""
    given = tuple(names)
    made: dict[str, None] = {}
    for name in given:
        count = 2
        new = name
        while new in made or (new != name and new in given):
            new, count = f"{name} ({count})", count + 1
        made[new] = None
    return tuple(made)


def _words(text: str) -> list[str]:
    """Lower-case words; "_" and "-" separate them as a space does."""
    return re.findall(r"[^\W_]+", text.lower())


def _unnamed(names: Sequence[str]) -> bool:
    """Whether each name tells at most its own index."""
    found = [UNNAMED.fullmatch(name) for name in names]
    return all(m and (m[1] is None or int(m[1]) == i) for i, m in enumerate(found))


def _alike(names: Sequence[str]) -> float:
    """Share of 1,000 names that have a word in common with the class at their index."""
    rows = zip(names, table(), strict=True)
    hits = (not set(_words(name)).isdisjoint([wordnet, *_words(" ".join(lemmas))]) for name, (wordnet, _, lemmas) in rows)
    return sum(hits) / len(names)


# --- what a target's labels mean ------------------------------------------------------------------------------------


LEAST, SHARE = 50, 0.75
"""Labels are ImageNet's if they name this many of its classes, and these are this share of all labels. A fine-tuned subset
passes, even in CLIP's words, which name four classes in five as WordNet does. Of COCO's 80 names one in four is a class of
ImageNet, of those of the 37 Oxford pets one in two."""


class Names:
    """What a target's labels mean, whatever it calls them: WordNet ids, synonyms, "tench, Tinca tinca"."""

    def __init__(self, names: Sequence[str]) -> None:
        self.names = tuple(names)
        self.meanings = tuple(meaning(name) for name in named(self.names))
        self._places = {name: i for i, name in enumerate(self.names)}
        self._meant: dict[str, list[int]] = {}
        for i, means in enumerate(self.meanings):
            self._meant.setdefault(means, []).append(i)
        self._plain: dict[str, list[int]] = {}
        for i, name in enumerate(self.names):
            self._plain.setdefault(_letters(name), []).append(i)

    @cached_property
    def are_imagenets(self) -> bool:
        """Whether these are ImageNet's labels or a large part of them, in any spelling that is understood here."""
        known = set(self.meanings) & set(wordnet_ids())
        return len(known) >= max(LEAST, SHARE * len(self.names))

    def meaning(self, name: str) -> str:
        """The ImageNet class that a name means, one of the target's or another, else the name in lower case."""
        return self.meanings[self._places[name]] if name in self._places else meaning(name)

    def places(self, name: str) -> tuple[int, ...]:
        """Indices of the target's labels for the class of this name: that very name, else all of its meaning, else the one with
        the same letters and digits, as where a folder is named after it ("T-shirt_top" is "T-shirt/top"); () if none."""
        for exact in (name, name.strip(), " ".join(name.replace("_", " ").split())):
            if exact in self._places:
                return (self._places[exact],)
        if meant := self._meant.get(meaning(name)):
            return tuple(meant)
        alike = self._plain.get(_letters(name), ()) if len(_letters(name)) > 2 else ()
        return tuple(alike) if len(alike) == 1 else ()


def _letters(name: str) -> str:
    return re.sub(r"[\W_]", "", name).casefold()


@lru_cache(maxsize=65536)
def meaning(name: str) -> str:
    """The ImageNet class that a name, a synonym or a WordNet id means, else the name in lower case; "_" reads as a space."""
    if WORDNET.match(name.strip()) and (known := _by_wordnet_id().get(name.strip()[:9])):
        return known
    plain = " ".join(name.replace("_", " ").split())
    if plain in wordnet_ids():
        return plain
    lower = plain.lower()
    return _by_lower_case().get(lower) or synonyms().get(lower) or lower


@cache
def _by_wordnet_id() -> dict[str, str]:
    return {wordnet: name for name, wordnet in wordnet_ids().items()}


@cache
def _by_lower_case() -> dict[str, str]:
    return {name.lower(): name for name in imagenet()}
