"""Label names in prompts, captions and folder names. Text in, text out."""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from ...core import labels
from ...core.errors import SpecError
from ...language import plural
from ...language.words import ARTICLES, COPULAS, OPENERS, PRONOUNS

WORD = re.compile(r"[^\W_]+|,")
WORDNET = re.compile(r"n\d{8}(?!\d)")
LEAD_IN = re.compile(r"^\W*(?:(?:an?|the)\s+)?(?:photo|photograph|picture|image|shot)s?\s+of\s+", re.IGNORECASE)
SILENT = (
    ARTICLES
    | COPULAS
    | PRONOUNS
    | frozenset(
        "on in at with by of to for and from into onto during as while , photo photograph picture image shot seen viewed "
        "taken shown photographed sitting standing lying laying placed resting located very partly partially mostly".split()
    )
)
"""Words of a description that a caption need not contain: "seen from above" asks for "above"."""


def words(text: str) -> list[str]:
    """Lower-case words and commas; "snow-covered" is two words."""
    return WORD.findall(unicodedata.normalize("NFC", text).lower())


@lru_cache(maxsize=100_000)
def stem(word: str) -> str:
    """The stem of an English word: "snowy", "snowing" and "snow" share one. Deliberately rough."""
    for ending, instead in (("ies", "y"), ("ing", ""), ("ed", ""), ("es", ""), ("s", ""), ("ly", "")):
        short = word.removesuffix(ending) + instead
        if word.endswith(ending) and not word.endswith("ss") and _is_word(short):
            word = short
            break
    for ending in ("y", "e"):
        if word.endswith(ending) and _is_word(word[:-1]):
            word = word[:-1]
            break
    return word[:-1] if len(word) > 3 and word[-1] == word[-2] else word


def _is_word(stem: str) -> bool:
    return len(stem) > 2 and re.search("[aeiouy]", stem) is not None


@dataclass(frozen=True, slots=True)
class Query:
    """A prompt as it is searched for: its label, the whole in words, and the stems of what else it says (none: neutral)."""

    label: str
    text: str
    description: str
    stems: tuple[str, ...]


class Names:
    """Finds label names, in the singular or plural, in prompts and captions."""

    def __init__(self, names: Iterable[str]) -> None:
        self.forms: dict[tuple[str, ...], list[str]] = {}
        for name in names:
            for form in {name, plural(name), f"{name}s"}:
                self.forms.setdefault(tuple(words(form)), []).append(name)
        self.forms.pop((), None)
        self.longest = max(map(len, self.forms), default=0)
        self.first = frozenset(form[0] for form in self.forms)

    def at(self, found: Sequence[str], i: int, text: str) -> tuple[int, str] | None:
        """The longest name that begins at word i: its number of words, and the name."""
        if found[i] not in self.first:
            return None
        for size in range(min(self.longest, len(found) - i), 0, -1):
            if written := self.forms.get(tuple(found[i : i + size])):
                # a name before the plural of another ("sunglasses"); of names that differ only in case ("Cardigan" the
                # dog, "cardigan" the garment) the one written that way
                own = [name for name in written if tuple(words(name)) == tuple(found[i : i + size])] or written
                return size, next((name for name in own if name in text), own[0])
        return None

    def all(self, text: str) -> list[str]:
        """Every name that a caption mentions; names inside a longer one are ignored."""
        found, named, i = words(text), [], 0
        while i < len(found):
            hit = self.at(found, i, text)
            named += [hit[1]] if hit else []
            i += hit[0] if hit else 1
        return list(dict.fromkeys(named))

    def query(self, prompt: str) -> Query | None:
        """What a prompt asks for; None if it names no label.

        If the first noun phrase with a label has several, the last is meant ("a desk lamp", "an orange and blue mug");
        labels after it belong to the description ("a mug next to a dog").
        """
        text = LEAD_IN.sub("", prompt)
        found = words(text)
        best: tuple[int, int, str] | None = None
        for i in range(len(found)):
            if best and i >= best[1] and _ends(found, i):
                break
            hit = self.at(found, i, text)
            # the noun is the name that ends later: "a red wolf spider" is not a red wolf
            if hit and (best is None or i + hit[0] > best[1]):
                best = (i, i + hit[0], hit[1])
        if best is None:
            return None
        start, end, label = best
        before = [word for word in found[:start] if word not in ARTICLES]
        rest = [*before, *found[end:]]
        said = [word for word in rest if word not in SILENT]
        stems = tuple(dict.fromkeys(stem(word) for word in said))
        return Query(label, f"a photo of {text.strip()}", " ".join(rest).replace(" ,", ","), stems)


def _ends(found: Sequence[str], i: int) -> bool:
    """Whether a noun phrase ends before word i."""
    word = found[i]
    return word in OPENERS | COPULAS | ARTICLES or word in (",", "of") or found[i : i + 1] == ["and"] and _article(found, i + 1)


def _article(found: Sequence[str], i: int) -> bool:
    return i < len(found) and found[i] in ARTICLES


# --- names of labels ----------------------------------------------------------------------------------------------------


def of_folder(name: str) -> str:
    """The label that a folder is named after: a WordNet id is its ImageNet class, "school_bus" is "school bus"."""
    name = unicodedata.normalize("NFC", name).strip()
    by_id = _by_wordnet_id().get(name[:9]) if WORDNET.match(name) else None
    return by_id or " ".join(name.replace("_", " ").split())


@lru_cache(maxsize=4096)
def aliases(label: str) -> frozenset[str]:
    """The label, and the ImageNet class that goes by its name: a folder "taxi" has pictures for "taxi" and for "cab"."""
    try:
        return frozenset({label, labels.resolve(label, labels.imagenet())})
    except SpecError:
        return frozenset({label})


@lru_cache(maxsize=1)
def _by_wordnet_id() -> dict[str, str]:
    return {wordnet: name for name, wordnet in labels.wordnet_ids().items()}
