"""Captions -> phrases. Text in, text out."""

import re
from collections.abc import Collection, Iterable, Sequence
from functools import lru_cache

from ..core.records import Phrase
from .edits import kind
from .prompts import article, plural
from .vocabulary import Kind, Vocabulary
from .words import (
    ADJECTIVES,
    ADVERBS,
    ARTICLES,
    COPULAS,
    GROUPS,
    IDLE,
    NUMBERS,
    OPENERS,
    PAIRS,
    PARTICIPLES,
    PLACES,
    PREPOSITIONS,
    PRONOUNS,
    SHADES,
    TRANSITIVE,
    WAITING,
)

LONGEST_CAPTION, LONGEST_PHRASE, MOST_PHRASES = 60, 10, 12  # words, words, phrases

Name = tuple[str, ...]
QUALITIES = ADJECTIVES - NUMBERS
_ADJECTIVES = frozenset((word,) for word in QUALITIES)


def phrases(caption: str, label: str, vocabulary: Vocabulary, nouns: Collection[str] = ()) -> list[Phrase]:
    """The conditions that a caption states, without the object that it names.

    Lead-ins are removed ("a photo of"; "a grainy photo of" becomes "in a grainy photo"). The first noun phrase loses its noun
    (the label, else the longest of `nouns`, else its last word) and keeps its adjectives and counts; the rest is cut before
    prepositions and participles. So a caption that names the wrong object ("a bee on a flower" for a fly) keeps its context.
    A piece that names the label again is left out. Never raises; what cannot be read gives no phrase.
    """
    rest, media = _without_lead_in(caption[:2000], vocabulary)
    words = _words(rest)[:LONGEST_CAPTION]
    own = _forms(label)
    before, tail = _head(words, own, _known(frozenset(nouns)))
    found = [*before, *_tail(tail, own, vocabulary), *media]
    clean = [p for p in found if not _names(p.text, label) or _of_looks(p, vocabulary)]
    return list(dict.fromkeys(clean))[:MOST_PHRASES]


def piece(text: str, vocabulary: Vocabulary) -> Phrase | None:
    """One phrase as a person writes it: `red` goes before the noun, `on sand` after it. None if the text is empty."""
    text = " ".join(text.lower().split())
    read = phrases(f"{vocabulary.opening} a {text} thing", "thing", vocabulary)
    return next((p for p in read if p.text == text and p.before), Phrase(text)) if text else None


def described(text: str, label: str, vocabulary: Vocabulary, nouns: Collection[str] = ()) -> list[Phrase]:
    """The phrases of a description, with the label in it, one or several, or without ("two mugs at night"; "red, at night")."""
    if _mentions(_words(text), _forms(label)):
        return phrases(text, label, vocabulary, nouns)
    read = [piece(part, vocabulary) for part in text.split(",")]
    return [p for p in dict.fromkeys(read) if p is not None and len(p.text.split()) <= LONGEST_PHRASE][:MOST_PHRASES]


def named(text: str, names: Iterable[str]) -> str | None:
    """The longest of `names` (or its plural) that the text mentions, the first mentioned of equals; None if there is none.

    A name that is an adjective too ("orange") is none in front of another name.
    """
    words = _words(text)
    # of names that differ only in case ("Cardigan" the dog, "cardigan" the garment), the one spelled as in the text
    listed = sorted(names, key=lambda name: name in text)
    forms = {form: name for name in listed for form in _forms(name)}
    spans = ((size, -i, tuple(words[i : i + size])) for i in range(len(words)) for size in range(1, len(words) - i + 1))
    mentions = [span for span in spans if span[2] in forms]
    starts = {-i for _, i, _ in mentions}
    best = max((m for m in mentions if not _describes(words, -m[1], m[2], starts)), default=None)
    return forms[best[2]] if best else None


def _describes(words: Sequence[str], start: int, name: Name, names: Collection[int]) -> bool:
    """Whether a name is an adjective here: one of the names begins at `names` after it, with only adjectives between."""
    if name not in _ADJECTIVES:
        return False
    after = start + 1
    while after < len(words) and after not in names:
        joins = words[after] in ("and", ",") and {*words[after + 1 : after + 2]} <= QUALITIES
        if not joins and words[after] not in QUALITIES:
            return False
        after += 1
    return after in names


def _of_looks(phrase: Phrase, vocabulary: Vocabulary) -> bool:
    """Whether a phrase only says how a thing looks or what is written on it, and so names none: "an orange orange", "covered in
    leopard spots", "with a sticker that says piggy bank"."""
    plain = phrase.before and {*phrase.text.split()} <= ADJECTIVES | {"and"}
    return plain or kind(phrase, vocabulary) is Kind.MATERIAL or "that says" in phrase.text


def _names(text: str, label: str) -> bool:
    """Whether the text names the label, as whole words."""
    return re.search(rf"(?<!\w){re.escape(label.lower())}(?!\w)", text) is not None


def _without_lead_in(text: str, vocabulary: Vocabulary) -> tuple[str, list[Phrase]]:
    """The caption proper, and what its lead-in says about the picture."""
    media: list[Phrase] = []
    for _ in range(3):
        match = vocabulary.lead_in.match(text) if vocabulary.lead_in else None
        if not match or set(match[1].lower().split()) & (PREPOSITIONS | PARTICIPLES | TRANSITIVE | ARTICLES):
            break
        text = text[match.end() :]
        said = match[1].lower()
        adjectives = " ".join((vocabulary.idle.sub(" ", said) if vocabulary.idle else said).split())
        if adjectives:
            kind = match[2].lower()
            kind = vocabulary.names.get(kind, kind)
            media.append(Phrase(f"in {article(adjectives)} {adjectives} {kind}"))
    return re.sub(r"^\W*(?:there|here|this|it)\s+(?:is|are)\s+", "", text, flags=re.IGNORECASE), media


def _words(text: str) -> list[str]:
    """Lower-case words; every mark that ends a clause becomes a comma."""
    marked = re.sub(r"[;.:()]", ",", text.lower().replace("’", "'"))
    return [w for w in (w if w == "," else w.strip("'-_") for w in re.findall(r"[\w'-]+|,", marked)) if w]


@lru_cache(maxsize=4096)
def _forms(name: str) -> frozenset[Name]:
    """The name as words, singular and plural."""
    return frozenset({tuple(_words(name)), tuple(_words(plural(name))), tuple(_words(f"{name}s"))} - {()})


@lru_cache(maxsize=8)
def _known(nouns: frozenset[str]) -> frozenset[Name]:
    return frozenset().union(*map(_forms, nouns))


def _head(words: Sequence[str], label: frozenset[Name], nouns: frozenset[Name]) -> tuple[list[Phrase], Sequence[str]]:
    """Phrases of the first noun phrase, and the words after it."""
    start = int(words[:1] != [] and words[0] in ARTICLES)
    counted: list[Phrase] = []
    if words[start + 1 : start + 2] == ["of"] and words[start] in PAIRS | GROUPS:
        group = words[start]
        counted = [Phrase("two" if group in PAIRS else f"{article(group)} {group} of", before=True)]
        start += 2
    span = _noun(words, start, label, nouns)
    if span is None:
        return counted, words[start:]
    first, last, known = span
    before, after = _qualities(words[start:first], known)
    return counted + before, [*after, *words[last:]]


def _noun(words: Sequence[str], start: int, label: frozenset[Name], nouns: frozenset[Name]) -> tuple[int, int, bool] | None:
    """Where the noun of the first noun phrase is: its first word, one past its last, and whether it is a known name."""
    mentions = _mentions(words, label) if label & _ADJECTIVES else ()
    for first in range(start, len(words)):
        if first > start and words[first - 1] in PREPOSITIONS | TRANSITIVE | ARTICLES:
            break
        sizes = [len(name) for name in label if tuple(words[first : first + len(name)]) == name]
        if sizes and not _describes(words, first, tuple(words[first : first + max(sizes)]), mentions):
            return first, first + max(sizes), True
    end = start
    while end < len(words) and not (end > start and words[end] in OPENERS | COPULAS):
        if words[end] == "," and not all(w in ADJECTIVES for w in words[start:end]):
            break
        end += 1
    for size in range(end - start, 0, -1):
        if tuple(words[end - size : end]) in nouns:
            return end - size, end, True
    return (end - 1, end, False) if end > start else None


def _qualities(words: Sequence[str], known: bool) -> tuple[list[Phrase], list[str]]:
    """Adjectives and counts before a noun, and words there that read better after it ("an upside down teapot")."""
    after: list[str] = []
    groups: list[list[str]] = []
    joined = False
    for word in words:
        if word in (*ARTICLES, ","):
            joined = False
        elif word == "and":
            joined = bool(groups)
        elif word in ("upside", "down"):
            after.append(word)
        elif not known and not _adjective(word):
            joined = False
        elif joined:
            groups[-1] += ["and", word]
            joined = False
        elif groups and groups[-1][-1] in SHADES:
            groups[-1].append(word)
        else:
            groups.append([word])
    return [Phrase(" ".join(g), before=True) for g in groups], after if after == ["upside", "down"] else []


def _adjective(word: str) -> bool:
    return word in ADJECTIVES or bool(re.search(r".{3}(ed|ful|less|ish|-shaped)$", word))


def _tail(words: Sequence[str], label: frozenset[Name], vocabulary: Vocabulary) -> list[Phrase]:
    """The words after the noun, cut into phrases."""
    found: list[Phrase] = []
    for piece in _pieces(words):
        body = list(piece)
        while body and body[0] in IDLE:
            body.pop(0)
        stated = piece[0] in COPULAS and all(_adjective(w) or w == "and" for w in body)
        phrase = Phrase(" ".join(body), before=stated)
        if _empty(body) or len(body) > LONGEST_PHRASE:
            continue
        if stated or _of_looks(phrase, vocabulary) or not _mentions(body, label):
            found.append(phrase)
    return found


def _empty(words: Sequence[str]) -> bool:
    """Nothing, or words that lead nowhere: "with the", "behind it"."""
    if not words or words[-1] in PRONOUNS:
        return True
    if words[-1] in PLACES and "from" in words or words[-1] in ("indoors", "outdoors") or "close" in words:
        return False
    return all(w in WAITING | ADVERBS for w in words)


def _pieces(words: Sequence[str]) -> list[list[str]]:
    pieces: list[list[str]] = []
    # whatever is between the noun and the first opener belongs to the noun ("a water tower tank on grass")
    current: list[str] | None = None
    for i, word in enumerate(words):
        if word == ",":
            current = []
            pieces.append(current)
            continue
        if _opens(words, i, current):
            current = []
            pieces.append(current)
        if current is not None:
            current.append(word)
    return [p for p in pieces if p]


def _opens(words: Sequence[str], i: int, current: list[str] | None) -> bool:
    """Whether a phrase begins at word i."""
    word, previous = words[i], words[i - 1] if i else ""
    if word in ("and", "while"):
        return i + 1 < len(words) and words[i + 1] in OPENERS | COPULAS | IDLE
    if word in COPULAS:
        return current is None
    if word not in OPENERS:
        return False
    if current and current[0] == "with" and " ".join(words[i : i + 3]) in ("in the background", "in the foreground"):
        return False
    if word == "from" and previous in ("far", "away"):
        return False
    if previous in PLACES and i > 1 and words[i - 2] == "from":
        return True
    if current and all(w in IDLE for w in current):
        return False
    return previous not in WAITING and not (previous in ("lit", "close", "far") and word in ADVERBS)


def _mentions(words: Sequence[str], label: frozenset[Name]) -> list[int]:
    """Where the words mention the label."""
    return [i for i in range(len(words)) if any(tuple(words[i : i + len(name)]) == name for name in label)]
