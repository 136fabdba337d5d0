"""Pages as one HTML file that opens from disk: thumbnails inside, no script, no outside address. And the page of a report."""

import base64
import html
from collections.abc import Callable, Collection, Mapping, Sequence
from functools import cache
from importlib import resources
from typing import Any

import jinja2

from .. import media
from ..media import Preview
from ..store.blobs import Lost
from ..store.folder import Store
from . import accept, words
from .baseline import lines
from .folding import because, by_home, under
from .marks import by_image
from .plain import for_html
from .records import BugRecord, Example, Report

BYTES = 4_950_000
"""Of the whole page at most."""
LIMIT = 4_500_000
"""Of that, pictures; over it the thumbnails get smaller."""
TEXT = 2_500_000
"""Of that, what is not a picture; over it the lists are cut shorter."""
MOST: Mapping[str, int] = {"bugs": 240, "rows": 2000, "names": 60, "notes": 20}
"""Bugs told in full; rows of a table; labels in a row; notices. What is left out is counted, and report.json has it."""
SIZES = (176, 128, 96, 64)
"""Sides of thumbnails in pixels, the first that fits."""


def page(report: Report, store: Store) -> str:
    """The whole page of a hunt or a probe."""
    every = report["probed"] if report["kind"] == "probe" else report["bugs"]
    homes, by_id = by_home(report["folded"]), {b["id"]: b for b in report["bugs"]}
    values: dict[str, Any] = {
        "report": report,
        "every": every,
        "failing": {x["label"] for x in report["baseline"]["labels"] if x["verdict"] == "failing"},
        "under": lambda b: under(b, homes),
        "because": lambda b: because(b, [by_id[b["same_as"]]]),
    }

    def written(made: Mapping[str, str], shown: Collection[str], stripped: Collection[str]) -> str:
        places = {b["id"] for b in bugs}
        pictures = {"picture": made.get, "shown": shown, "stripped": stripped}
        return render("report.html", **values, **pictures, detailed=told, most=most, places=places)

    # as much as fits, however many bugs and labels there are and however long their names
    most = MOST
    while True:
        told = every[: most["bugs"]]
        bugs = [*told, *(x for b in told for x in under(b, homes))]
        ids = {b["id"] for b in bugs}
        size = len(written({}, ids, ids).encode())
        if size <= TEXT or not any(most.values()):
            break
        most = {what: n // 2 for what, n in most.items()}
    # what matters most first: where even the smallest thumbnails do not fit, the last bugs go without their strips
    groups = [*((b["id"], _examples(b)) for b in bugs), *((b["id"], _strip(b)) for b in bugs if b["explanation"])]
    medium, drawn = media.load(report["medium"]), by_image((x["image"], x) for b in bugs for x in _pictures(b))

    def preview(name: str, side: int) -> Preview | None:
        try:
            return medium.preview(store.content(name, medium), side, drawn.get(name, ()))
        except Lost:  # the page says so in its place
            return None

    made, fitting = thumbnails(groups, preview, min(LIMIT, BYTES - size))
    shown, stripped = ({id for id, _ in part} for part in (fitting[: len(bugs)], fitting[len(bugs) :]))
    return written(made, shown, stripped)


Group = tuple[str, Sequence[str]]
"""A bug's id, and pictures that are shown together."""
Look = Callable[[str, int], Preview | None]
"""(name of a picture, side in pixels) -> its preview."""


def thumbnails(groups: Sequence[Group], preview: Look, limit: int) -> tuple[dict[str, str], list[Group]]:
    """Thumbnails by name as data URLs, and the leading groups whose thumbnails stay within `limit` bytes together, at the
    largest of `SIZES` at which all do, else at the smallest. A picture shown twice counts twice. `preview(name, side)`: None
    where there is no picture; it then has no thumbnail."""
    made: dict[str, str] = {}
    fitting = list(groups)
    for side in SIZES:
        made, fitting = _fitting(groups, preview, side, limit)
        if len(fitting) == len(groups):
            break
    return made, fitting


def _fitting(groups: Sequence[Group], preview: Look, side: int, limit: int) -> tuple[dict[str, str], list[Group]]:
    tried: dict[str, str] = {}
    size = 0
    for i, (_, names) in enumerate(groups):
        for name in names:
            if name not in tried:
                small = preview(name, side)
                tried[name] = "" if small is None else _thumbnail(small)
            size += len(tried[name])
        if size > limit:
            groups = groups[:i]
            break
    return {name: url for name, url in tried.items() if url}, list(groups)


def _examples(bug: BugRecord) -> list[str]:
    return [x["image"] for x in _beside(bug) if x["image"]]


def _strip(bug: BugRecord) -> list[str]:
    return [x["image"] for x in _in_strip(bug) if x["image"]]


def _beside(bug: BugRecord) -> list[Example]:
    return [*bug["examples"], *bug["successes"], *(bug["spurious"]["examples"] if bug["spurious"] else ())]


def _in_strip(bug: BugRecord) -> list[Example]:
    strip = bug["explanation"]["strip"] if bug["explanation"] else []
    return [x for row in strip for x in row["pictures"]]


def _pictures(bug: BugRecord) -> list[Example]:
    return [*_beside(bug), *_in_strip(bug)]


def _thumbnail(preview: Preview) -> str:
    return f"data:{preview.type};base64,{base64.b64encode(preview.data).decode()}"


def render(page: str, **values: Any) -> str:
    """A page of this folder. Names and sentences are untrusted text: jinja2 escapes every one."""
    return for_html(_template(page).render(**values))


@cache
def _template(name: str) -> jinja2.Template:
    """It may include "head.html" and "style.css", import "parts.html", and use `words`; what writes a rate is a filter too."""

    def source(name: str) -> str | None:
        file = resources.files(__package__).joinpath(name)
        return file.read_text(encoding="utf-8") if file.is_file() else None

    environment = jinja2.Environment(
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        loader=jinja2.FunctionLoader(source),
    )
    environment.globals |= {"words": words, "accepting": accept.sentence}
    said = (
        lines,
        words.capital,
        words.count,
        words.interval,
        words.margin,
        words.p_value,
        words.percent,
        words.points,
        words.score,
        words.times,
    )
    environment.filters |= {f.__name__: f for f in said}
    return environment.get_template(name)


def frame(page: str, height: int = 640) -> str:
    """A whole page inside a notebook's, where it can neither run scripts nor reach the notebook."""
    return f'<iframe srcdoc="{html.escape(page)}" style="width:100%;height:{height}px;border:1px solid #8888" sandbox></iframe>'
