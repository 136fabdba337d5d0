"""Phrases -> prompts and sentences."""

import re
from collections.abc import Sequence
from functools import lru_cache

from ..core.records import Phrase, Prompt
from .vocabulary import Vocabulary
from .words import IRREGULAR, NUMBERS, PLURAL_ONLY, UNCHANGED


def prompt(label: str, phrases: Sequence[Phrase], words: Vocabulary) -> Prompt:
    """`a photo of a red teapot on grass` for the label "teapot" and the phrases "red" (before) and "on grass"."""
    return Prompt(f"{words.opening} {sentence(label, phrases)}", label, ", ".join(p.text for p in phrases))


def sentence(label: str, phrases: Sequence[Phrase]) -> str:
    """`a red teapot on grass`; `two teapots` if a phrase is a count."""
    before = [p.text for p in phrases if p.before]
    after = [p.text for p in phrases if not p.before]
    before.sort(key=lambda text: not _counts(text))
    if before and _counts(before[0]):
        return " ".join([*before, plural(label), *after])
    noun = " ".join([*before, label])
    several = label.lower().split()[-1:] and label.lower().split()[-1] in PLURAL_ONLY
    return " ".join([noun if several else f"{article(noun)} {noun}", *after])


def _counts(text: str) -> bool:
    first = text.lower().split()[:1]
    return bool(first) and (first[0] in NUMBERS or first[0].isdecimal() and first[0] != "1" or text.lower().endswith(" of"))


def article(noun: str) -> str:
    """ "a" or "an", by the sound that the spelling suggests."""
    word = noun.lower().lstrip("'\"")
    if re.match(r"(uni(?!n)|use|usu|eur|ewe|one\b|once|ufo|uk|u-)", word):
        return "a"
    return "an" if word[:1] in tuple("aeiou") or re.match(r"(hour|honest|heir)", word) else "a"


@lru_cache(maxsize=4096)
def plural(noun: str) -> str:
    """`school buses`, `computer mice`, `bottles of wine`: by the common rules of English."""
    thing, of, whole = noun.partition(" of ")
    if thing and of:
        return f"{plural(thing)}{of}{whole}"
    head, space, last = noun.rpartition(" ")
    word = last.lower()
    if word in UNCHANGED:
        made = last
    elif word in IRREGULAR:
        made = IRREGULAR[word]
    elif re.search(r"(lea|wol|shel|hal|loa|thie)f$", word):
        made = last[:-1] + "ves"
    elif re.search(r"(kni|wi|li)fe$", word):
        made = last[:-2] + "ves"
    elif re.search(r"[^aeiou]y$", word):
        made = last[:-1] + "ies"
    elif re.search(r"(s|x|z|ch|sh)$", word):
        made = last + "es"
    else:
        made = last + "s"
    return f"{head}{space}{made}"
