"""What a sticker says: any words, so they are taken out of a prompt before the rest of it is read."""

import re
from collections.abc import Sequence
from functools import cache

from ...core.errors import SpecError
from ...core.labels import imagenet
from . import objects

LONGEST = 24
"""Characters that fit on a sticker."""
_STICKER = re.compile(
    r"(?P<laid>\bwith\s+(?:an?\s+|the\s+)?|(?:^|\bof\s+)(?:an?\s+|the\s+)?)"
    r"\bsticker\s+(?:(?:that|which)\s+)?(?:says?|saying|reads?|reading)\s+",
    re.IGNORECASE,
)
_QUOTED = re.compile(r"""(?:"([^"]*)"|“([^”]*)”|'([^']*)'(?!\w))""")
_PRINTABLE = re.compile(r"[ -~\u00a1-\u00ff\u2019]+")
"""The characters of Pillow's own font."""


def taken_out(text: str) -> tuple[str, list[str], bool]:
    """The prompt without its stickers, what they say, and whether one of them is what the picture is of ("a photo of a sticker
    that says iPod").

    A sticker says what follows in quotes, or else the longest name of an object, known to ImageNet or to the studio, that
    follows, or else one word. Raises SpecError if that is nothing, too long or not printable.
    """
    said: list[str] = []
    alone = False
    while match := _STICKER.search(text):
        words, end = _words(text, match.end())
        _check(words, text)
        said.append(words)
        alone = alone or not match["laid"].lower().startswith("with")
        text = f"{text[: match.start()]}, {text[end:]}"  # what was apart stays apart
    if re.search(r"\bstickers?\b", text, re.IGNORECASE):
        raise SpecError(f"what does the sticker say in the prompt {text!r}? Write 'with a sticker that says iPod'")
    return text, said, alone


def _words(text: str, start: int) -> tuple[str, int]:
    """What stands on the sticker, and where the rest of the prompt begins."""
    if quoted := _QUOTED.match(text, start):
        return " ".join(next(g for g in quoted.groups() if g is not None).split()), quoted.end()
    rest = text[start:]
    for name in _names():
        if re.match(re.escape(name) + r"(?![\w-])", rest, re.IGNORECASE):
            return name, start + len(name)
    word = re.match(r"[^\s,;:]*[^\s,;:.!?]", rest)
    return (word[0], start + word.end()) if word else ("", start)


@cache
def _names() -> Sequence[str]:
    """Longest first."""
    own = [name for model in objects.load_all().values() for name in (model.name, *model.synonyms)]
    return sorted({*imagenet(), *own}, key=lambda name: (-len(name), name))


def _check(words: str, text: str) -> None:
    if not words:
        raise SpecError(f"the sticker in the prompt {text!r} says nothing; write 'with a sticker that says iPod'")
    if len(words) > LONGEST:
        raise SpecError(f"a sticker cannot say {words!r}: these are {len(words)} characters, and {LONGEST} fit on it")
    if not _PRINTABLE.fullmatch(words):
        strange = "".join(dict.fromkeys(c for c in words if not _PRINTABLE.fullmatch(c)))
        raise SpecError(f"a sticker cannot say {words!r}: the studio's font has no {strange!r}; it has Latin letters")
