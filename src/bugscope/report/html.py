"""The report as one HTML file that opens from disk: thumbnails inside, no script, no outside address."""

import base64
from collections.abc import Mapping, Sequence
from functools import cache
from importlib import resources
from io import BytesIO
from typing import Any

import jinja2
from PIL import Image

from .. import language
from ..store import Store

LIMIT = 4_500_000
"""Bytes of pictures at most; over it the thumbnails get smaller, so that the page stays under 5 MB."""
SIZES = ((176, 82), (128, 75), (96, 65), (64, 55))
"""(side in pixels, JPEG quality), the first that fits."""


def page(report: Mapping[str, Any], store: Store) -> str:
    """The whole page. Names and sentences are untrusted text: jinja2 escapes every one."""
    bugs = [*report["bugs"], *report["probed"]]
    # what matters most first: where even the smallest thumbnails do not fit, the last bugs go without their strips
    groups = [*((b["id"], _examples(b)) for b in bugs), *((b["id"], _strip(b)) for b in bugs if b["explanation"])]
    thumbnails: dict[str, str] = {}
    for side, quality in SIZES:
        thumbnails, fitting = _thumbnails(groups, store, side, quality)
        if len(fitting) == len(groups):
            break
    shown, stripped = ({id for id, _ in part} for part in (fitting[: len(bugs)], fitting[len(bugs) :]))
    return _template().render(report=report, picture=thumbnails.__getitem__, shown=shown, stripped=stripped)


Group = tuple[str, Sequence[str]]
"""A bug's id, and pictures that are shown together."""


def _thumbnails(groups: Sequence[Group], store: Store, side: int, quality: int) -> tuple[dict[str, str], list[Group]]:
    """Thumbnails by name, of as many groups as stay within `LIMIT`; a picture shown twice counts twice."""
    made: dict[str, str] = {}
    size = 0
    for i, (_, names) in enumerate(groups):
        for name in names:
            made[name] = made.get(name) or _thumbnail(store.image(name), side, quality)
            size += len(made[name])
        if size > LIMIT:
            return made, list(groups[:i])
    return made, list(groups)


def _examples(bug: Mapping[str, Any]) -> list[str]:
    shown = [*bug["examples"], *bug["successes"], *(bug["spurious"]["examples"] if bug["spurious"] else ())]
    return [x["image"] for x in shown if x["image"]]


def _strip(bug: Mapping[str, Any]) -> list[str]:
    return [x["image"] for row in bug["explanation"]["strip"] for x in row["pictures"] if x["image"]]


def _thumbnail(image: Image.Image, side: int, quality: int) -> str:
    small = image.copy()
    small.thumbnail((side, side), Image.Resampling.LANCZOS)
    buffer = BytesIO()
    small.save(buffer, "JPEG", quality=quality, optimize=True)
    return "data:image/jpeg;base64," + base64.b64encode(buffer.getvalue()).decode()


@cache
def _template() -> jinja2.Template:
    environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.filters |= {"percent": percent, "times": times, "besides": language.besides}
    source = resources.files("bugscope.report").joinpath("report.html").read_text(encoding="utf-8")
    return environment.from_string(source)


def percent(rate: float) -> str:
    return f"{100 * rate:.0f} %"


def times(e_value: float) -> str:
    """An e-value as people read it: 340, 2.8 x 10^5."""
    if e_value < 10_000:
        return f"{e_value:.3g}"
    power = len(f"{e_value:.0f}") - 1
    return f"{e_value / 10**power:.1f} × 10^{power}"
