"""Pages as one HTML file that opens from disk: thumbnails inside, no script, no outside address. And the page of a report."""

import base64
import html
from collections.abc import Callable, Sequence
from functools import cache
from importlib import resources
from typing import Any

import jinja2

from .. import media
from ..media import Medium, Preview
from ..store.folder import Store
from . import words
from .plain import for_html
from .records import BugRecord, Example, Report

LIMIT = 4_500_000
"""Bytes of pictures at most; over it the thumbnails get smaller, so that the page stays under 5 MB."""
SIZES = (176, 128, 96, 64)
"""Sides of thumbnails in pixels, the first that fits."""


def page(report: Report, store: Store) -> str:
    """The whole page of a hunt or a probe."""
    bugs = [*report["bugs"], *report["probed"]]
    # what matters most first: where even the smallest thumbnails do not fit, the last bugs go without their strips
    groups = [*((b["id"], _examples(b)) for b in bugs), *((b["id"], _strip(b)) for b in bugs if b["explanation"])]
    medium = media.load(report["medium"])
    made, fitting = thumbnails(groups, lambda name: store.content(name, medium), medium, LIMIT)
    shown, stripped = ({id for id, _ in part} for part in (fitting[: len(bugs)], fitting[len(bugs) :]))
    return render("report.html", report=report, picture=made.__getitem__, shown=shown, stripped=stripped)


Group = tuple[str, Sequence[str]]
"""A bug's id, and pictures that are shown together."""


def thumbnails(
    groups: Sequence[Group], load: Callable[[str], Any], medium: Medium[Any], limit: int
) -> tuple[dict[str, str], list[Group]]:
    """Thumbnails by name as data URLs, and the leading groups whose thumbnails stay within `limit` bytes together, at the
    largest of `SIZES` at which all do, else at the smallest. A picture shown twice counts twice. `load`: None where there is no
    picture; it then has no thumbnail."""
    made: dict[str, str] = {}
    fitting = list(groups)
    for side in SIZES:
        made, fitting = _fitting(groups, load, medium, side, limit)
        if len(fitting) == len(groups):
            break
    return made, fitting


def _fitting(
    groups: Sequence[Group], load: Callable[[str], Any], medium: Medium[Any], side: int, limit: int
) -> tuple[dict[str, str], list[Group]]:
    tried: dict[str, str] = {}
    size = 0
    for i, (_, names) in enumerate(groups):
        for name in names:
            if name not in tried:
                content = load(name)
                tried[name] = "" if content is None else _thumbnail(medium.preview(content, side))
            size += len(tried[name])
        if size > limit:
            groups = groups[:i]
            break
    return {name: url for name, url in tried.items() if url}, list(groups)


def _examples(bug: BugRecord) -> list[str]:
    shown: list[Example] = [*bug["examples"], *bug["successes"], *(bug["spurious"]["examples"] if bug["spurious"] else ())]
    return [x["image"] for x in shown if x["image"]]


def _strip(bug: BugRecord) -> list[str]:
    strip = bug["explanation"]["strip"] if bug["explanation"] else []
    return [x["image"] for row in strip for x in row["pictures"] if x["image"]]


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
    environment.globals["words"] = words
    said = (words.capital, words.count, words.interval, words.margin, words.p_value, words.percent, words.points, words.times)
    environment.filters |= {f.__name__: f for f in said}
    return environment.get_template(name)


def frame(page: str, height: int = 640) -> str:
    """A whole page inside a notebook's, where it can neither run scripts nor reach the notebook."""
    return f'<iframe srcdoc="{html.escape(page)}" style="width:100%;height:{height}px;border:1px solid #8888" sandbox></iframe>'
