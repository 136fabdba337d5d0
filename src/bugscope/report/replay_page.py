"""A replay as one HTML file: what became of each bug, with pictures; what fails now that did not."""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from markupsafe import Markup, escape

from .. import media
from ..media import Medium
from . import replay_words as words
from .html import template, thumbnails

Record = Mapping[str, Any]

BYTES = 4_950_000
"""Of the whole page at most."""
TEXT = 3_000_000
"""Of that, without pictures: bugs beyond it are in the table only."""
PICTURES = 480
"""On a page, about; the more bugs, the fewer of each."""
FEWEST, MOST = 2, 8
"""Pictures of a strip."""
ORDER = ("worse", "persists", "undecided", "fixed")
"""Verdicts as a reader wants them: what is to be done first."""
STRIPS = {
    "failure": "Still wrong",
    "success": "Wrong only now",
    "fresh": "Wrong on fresh pictures",
    "unanswered": "Wrong now, no answer before",
}
UNWRITABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")
"""Characters that HTML or UTF-8 cannot have."""


@dataclass(frozen=True, slots=True)
class Strip:
    """Pictures of one kind. `total`: how many there are; None where that is not counted. `right`: called rightly now."""

    title: str
    shown: Sequence[Record]
    total: int | None
    right: bool = False


def file_name(target: str) -> str:
    """Of the page for a target: readable, safe on every disk, and another one for every other id."""
    name = re.sub(r"[^A-Za-z0-9.]+", "-", target)[:60].strip("-.")
    return f"replay-{name}-{sha256(target.encode('utf-8', 'surrogatepass')).hexdigest()[:8]}.html"


def page(report: Record, allow: Collection[str] = ()) -> str:
    """The whole page, under 5 MB. Names and sentences are untrusted text: jinja2 escapes every one."""
    medium = media.load(report["medium"])
    bugs = sorted(report["bugs"], key=lambda b: ORDER.index(b["verdict"]))
    new = report["new_failures"]
    broken = [row for row in new["labels"] if row["significant"]]
    chance = [row for row in new["labels"] if not row["significant"] and row["examples"]]
    most = min(MOST, max(FEWEST, PICTURES // max(1, 2 * (len(bugs) + len(new["bugs"])) + len(broken) + len(chance))))
    # what matters most first: where the smallest thumbnails do not fit either, the last go without
    strips = {
        **{f"label-{i}": [Strip("", row["examples"][:most], None)] for i, row in enumerate(broken)},
        **{f"new-{i}": _strips(b, most) for i, b in enumerate(new["bugs"])},
        **{f"bug-{b['id']}": _strips(b, most) for b in bugs},
        **{f"chance-{i}": [Strip("", row["examples"][:most], None)] for i, row in enumerate(chance)},
    }
    values: dict[str, Any] = {
        "report": report,
        "index": bugs,
        "broken": broken,
        "chance": chance,
        "strips": strips,
        "order": ORDER,
        "flags": _flags,
        "words": words,
        "outcome": words.outcome(report, allow),
        "trouble": len(words.new_sentences(report)),
    }

    def render(told: Sequence[Record], made: Mapping[str, str], fitting: Collection[str]) -> str:
        text = template("replay.html").render(**values, told=told, picture=made.get, fitting=fitting)
        return UNWRITABLE.sub(" ", text)

    told = bugs
    while len((text := render(told, {}, strips)).encode()) > TEXT and told:
        told = told[: len(told) // 2]
    hidden = {f"bug-{b['id']}" for b in bugs[len(told) :]}
    groups = [(id, [x["image"] for s in part for x in s.shown]) for id, part in strips.items() if id not in hidden]
    made, fitting = thumbnails(groups, lambda path: _load(path, medium), medium, BYTES - len(text.encode()))
    return render(told, made, {id for id, _ in fitting})


def _strips(b: Record, most: int) -> list[Strip]:
    """Of a bug, what is wrong now by what it was before, then what is mended."""
    kinds: dict[str, list[Record]] = {kind: [] for kind in STRIPS}
    for x in b["examples"]:
        kinds["fresh" if x["fresh"] else x["before"]["status"] if x["before"] else "unanswered"].append(x)
    totals = {
        "failure": b["before"]["failures"] - b["only_before"],
        "success": b["only_after"],
        "fresh": b["fresh"]["failures"] if "fresh" in b else 0,
        "unanswered": None,
    }
    found = [Strip(STRIPS[kind], shown[:most], totals[kind]) for kind, shown in kinds.items() if shown]
    if mended := b.get("mended"):
        found.append(Strip("Mended", mended[:most], b["only_before"], right=True))
    return found


def _flags(text: str) -> Markup:
    """Escaped, and options of the command line kept on one line."""
    return Markup(re.sub(r"--[a-z-]+( [a-z0-9]+)?", r'<span class="flag">\g<0></span>', str(escape(text))))


def _load(path: str, medium: Medium[Any]) -> Any:
    try:
        return medium.decode(Path(path).read_bytes())
    except (OSError, ValueError):  # the page says so in its place
        return None
