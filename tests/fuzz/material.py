"""What hostile input is made of: texts, values, and changes to bytes and to JSON. All chance comes from the `Random` given."""

import json
from collections.abc import Sequence
from random import Random
from typing import Any

TEXTS = (
    "", " ", "\t", "x", "mug", "mug, pot", "imagenet", "none", "no", "0", "1", "-1", "007", "٣", "1e999", "nan", "inf",
    "0x10", "1_0",
    "9" * 400, "2001-01-01", "1:30", "null", "true", "~", "*x", "&a b", "!!python/object/apply:os.system [id]", "{", "}",
    "[", "]", "[]",
    "{}", "[a, b]", "{a: b}", "a: b", "'", '"', "`", "\\", "/", ".", "..", "../x", "../../outside/secret.txt", "/etc/passwd",
    "/dev/zero", "C:\\x", "file:///etc/passwd", "http://127.0.0.1:9/", "python/os:system", "folder/../..", "images/../../x.png",
    "\x00", "a\x00b", "\x1b]0;title\x07", "\x1b[31m", "\r", "a\nb", "a\r\nb", "\x85", "\u2028", "\u202eabc\u202c", "\u200b",
    "\ufeff", "\udcff",
    "\ud83d", "👍🏽", "e\u0301", "é", "ﬁ", "İ", "ß", "<script>alert(1)</script>", "]]>", "<!--", "-->", "&amp;", "{{7*7}}",
    "{% x %}",
    "%s%n", "{0}", "$(id)", "`id`", "=1+1", "@SUM(A1)", "+1", "-1+1", "|x|", "# x", "[x](javascript:x)", "a,b", "a;b",
    "a\tb", "#", "---",
    "a photo of a mug", "a photo of", "mug on snow", "on snow", "at night", "(((((", "a" * 3000, "ab " * 2000,
    "\u0300" * 500, "CON", "nul.txt",
    "-", "--", "--json", "-h",
)  # fmt: skip
"""Texts on which programs stumble: empty, of other kinds, paths, markup, escapes, halves of characters, endless."""

NUMBERS = (0, 1, -1, 2, 3, 255, 256, 2**31, 2**63, -(2**63), 2**64, 10**30, 10**400, 0.5, -0.0, 1e-320, 1e308)


def text(rng: Random) -> str:
    """One of `TEXTS`, two of them together, or a few characters of any kind."""
    match rng.randrange(6):
        case 0 | 1 | 2:
            return rng.choice(TEXTS)
        case 3:
            return rng.choice(TEXTS) + rng.choice(("", " ", ",", "\n", ":", "/")) + rng.choice(TEXTS)
        case 4:
            return "".join(chr(rng.randrange(32, 127)) for _ in range(rng.randrange(12)))
        case _:
            kinds = ((0, 0x80), (0x80, 0x800), (0x2000, 0x2100), (0xD800, 0xE000), (0x1F300, 0x1F700))
            return "".join(chr(rng.randrange(*rng.choice(kinds))) for _ in range(rng.randrange(8)))


def value(rng: Random, depth: int = 3) -> Any:
    """Anything that JSON or YAML may hold, numbers that are none included."""
    match rng.randrange(9 if depth else 6):
        case 0 | 1 | 2:
            return text(rng)
        case 3:
            return rng.choice((None, True, False))
        case 4:
            return rng.choice(NUMBERS)
        case 5:
            return rng.choice((float("nan"), float("inf"), rng.randrange(-5, 50), rng.random()))
        case 6:
            return [value(rng, depth - 1) for _ in range(rng.randrange(4))]
        case 7:
            return {text(rng): value(rng, depth - 1) for _ in range(rng.randrange(4))}
        case _:
            return [value(rng, 0)] * rng.choice((2, 50))


def altered(data: bytes, rng: Random) -> bytes:
    """The bytes with a few of them changed, doubled, put in or taken out."""
    made = bytearray(data)
    for _ in range(rng.choice((1, 1, 2, 4, 16))):
        at = rng.randrange(len(made) + 1)
        length = rng.choice((1, 1, 2, 4, 64))
        match rng.randrange(7):
            case 0 if made:
                made[at % len(made)] ^= 1 << rng.randrange(8)
            case 1:
                made[at : at + length] = bytes(rng.randrange(256) for _ in range(length))
            case 2:
                del made[at : at + length]
            case 3:
                made[at:at] = made[at : at + length] * rng.choice((1, 3, 50))
            case 4:
                made[at : at + 4] = rng.choice((b"\xff\xff\xff\xff", b"\x7f\xff\xff\xff", b"\0\0\0\0", b"\xff\xff\xff\x7f"))
            case 5:
                del made[at:]
            case _:
                made[at:at] = rng.choice(TEXTS).encode("utf-8", "surrogatepass")[:100]
    return bytes(made)


def altered_json(whole: Any, rng: Random) -> Any:
    """A copy with one value in it changed, doubled or taken out."""
    whole = json.loads(json.dumps(whole))
    places: list[tuple[Any, Any]] = []

    def walk(part: Any) -> None:
        for key in part if isinstance(part, dict) else range(len(part)) if isinstance(part, list) else ():
            places.append((part, key))
            walk(part[key])

    walk(whole)
    if not places or rng.random() < 0.05:
        return value(rng)
    part, key = rng.choice(places)
    match rng.randrange(6):
        case 0:
            del part[key]
        case 1 if isinstance(part[key], list):
            part[key] = part[key] * rng.choice((2, 100))
        case 2 if isinstance(part, dict):
            part[text(rng)] = part.pop(key)
        case _:
            part[key] = value(rng)
    return whole


def dumped(given: Any, rng: Random) -> bytes:
    """As JSON: with halves of characters as servers write them, or as no UTF-8, now and then with some bytes changed."""
    plain = json.dumps(given, ensure_ascii=rng.random() < 0.7).encode("utf-8", "surrogatepass")
    return altered(plain, rng) if rng.random() < 0.2 else plain


def some(rng: Random, of: Sequence[Any], most: int) -> list[Any]:
    return [rng.choice(of) for _ in range(rng.randrange(most + 1))]
