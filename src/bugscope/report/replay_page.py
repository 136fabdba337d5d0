"""A replay as one HTML file: what became of each bug, with pictures, and new failures."""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from markupsafe import Markup, escape

from .. import media
from ..media import Medium, Preview
from ..store.blobs import regular
from . import replay_words as said
from .folding import by_home, under
from .html import render, thumbnails
from .marks import by_image
from .records import Compared, ReplayedBug, ReplayedExample, ReplayReport

BYTES = 4_950_000
"""Of the whole page at most."""
TEXT = 3_000_000
"""Of that, without pictures: bugs beyond it are in the table only."""
PICTURES = 480
"""On a page, about; the more bugs, the fewer of each."""
FEWEST, MOST = 2, 8
"""Pictures of a strip."""
STRIPS = {
    "failure": "Still wrong",
    "success": "Wrong only now",
    "fresh": "Wrong on fresh pictures",
    "unanswered": "Wrong now, no answer before",
}


@dataclass(frozen=True, slots=True)
class Strip:
    """Pictures of one kind. `total`: how many there are; None where that is not counted. `right`: now called rightly."""

    title: str
    shown: Sequence[ReplayedExample]
    total: int | None
    right: bool = False


def file_name(target: str, name: str = "") -> str:
    """Of the page for a target: readable, safe on every disk, and another one for every other id. `name`: a shorter one."""
    words = re.sub(r"[^A-Za-z0-9.]+", "-", name or target)[:60].strip("-.")
    return f"replay-{words}-{sha256(target.encode('utf-8', 'surrogatepass')).hexdigest()[:8]}.html"


def page(report: ReplayReport, allow: Collection[str] = ()) -> str:
    """The whole page, under 5 MB. `allow`: as for the exit code, whose meaning it tells."""
    medium = media.load(report["medium"])
    bugs = sorted(report["bugs"], key=lambda b: said.ORDER.index(b["verdict"]))
    new, folded = report["new_failures"], report["folded"]
    homes = by_home(folded)
    broken = [row for row in new["labels"] if row["significant"]]
    chance = [row for row in new["labels"] if not row["significant"] and row["examples"]]
    most = min(
        MOST, max(FEWEST, PICTURES // max(1, 2 * (len(bugs) + len(folded) + len(new["bugs"])) + len(broken) + len(chance)))
    )
    # what matters most first: where the smallest thumbnails do not fit either, the last go without
    strips = {
        **{f"label-{i}": [Strip("", row["examples"][:most], None)] for i, row in enumerate(broken)},
        **{f"new-{i}": _strips(b, most) for i, b in enumerate(new["bugs"])},
        **{f"bug-{b['id']}": _strips_of_bug(b, most) for b in (*bugs, *folded)},
        **{f"chance-{i}": [Strip("", row["examples"][:most], None)] for i, row in enumerate(chance)},
    }
    values: dict[str, Any] = {
        "report": report,
        "index": bugs,
        "broken": broken,
        "chance": chance,
        "strips": strips,
        "order": said.ORDER,
        "flags": _flags,
        "under": lambda b: under(b, homes),
        "said": said,
        "outcome": said.outcome(report, allow),
        "alarms": said.alarms(report),
        "trouble": len(said.new_sentences(report)),
    }

    def written(told: Sequence[ReplayedBug], made: Mapping[str, str], fitting: Collection[str]) -> str:
        return render("replay.html", **values, told=told, picture=made.get, fitting=fitting)

    told = bugs
    while len((text := written(told, {}, strips)).encode()) > TEXT and told:
        told = told[: len(told) // 2]
    hidden = {f"bug-{x['id']}" for b in bugs[len(told) :] for x in (b, *under(b, homes))}
    groups = [(id, [x["image"] for s in part for x in s.shown]) for id, part in strips.items() if id not in hidden]
    drawn = by_image((x["image"], x) for part in strips.values() for s in part for x in s.shown)

    def preview(path: str, side: int) -> Preview | None:
        content = _load(path, medium)
        return None if content is None else medium.preview(content, side, drawn.get(path, ()))

    made, fitting = thumbnails(groups, preview, BYTES - len(text.encode()))
    return written(told, made, {id for id, _ in fitting})


def _strips_of_bug(b: ReplayedBug, most: int) -> list[Strip]:
    """With fresh pictures, and what is mended."""
    found = _strips(b, most, b["fresh"]["failures"])
    if mended := b["mended"]:
        found.append(Strip("Mended", mended[:most], b["only_before"], right=True))
    return found


def _strips(b: Compared, most: int, fresh: int = 0) -> list[Strip]:
    """What is wrong now, by what it was before. `fresh`: failures on fresh pictures."""
    kinds: dict[str, list[ReplayedExample]] = {kind: [] for kind in STRIPS}
    for x in b["examples"]:
        kinds["fresh" if x["fresh"] else x["before"]["status"] if x["before"] else "unanswered"].append(x)
    totals = {
        "failure": b["before"]["failures"] - b["only_before"],
        "success": b["only_after"],
        "fresh": fresh,
        "unanswered": None,
    }
    return [Strip(STRIPS[kind], shown[:most], totals[kind]) for kind, shown in kinds.items() if shown]


def _flags(text: str) -> Markup:
    """Escaped, and options of the command line kept on one line."""
    return Markup(re.sub(r"--[a-z-]+( [a-z0-9]+)?", r'<span class="flag">\g<0></span>', str(escape(text))))


def _load(path: str, medium: Medium[Any]) -> Any:
    try:
        return medium.decode(regular(Path(path)))
    except (OSError, ValueError):  # the page says so in its place
        return None
