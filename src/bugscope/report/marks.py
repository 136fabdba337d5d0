"""What a task draws on pictures, on its way into report.json and back onto a page."""

from collections.abc import Iterable, Sequence

from ..core.records import Box
from ..tasks import Mark
from .records import Marked, MarkNote


def noted(marks: Sequence[Mark]) -> Marked:
    """To be part of an example's record; nothing where nothing is drawn."""
    notes: list[MarkNote] = [
        {"box": (m.box.label, m.box.left, m.box.top, m.box.right, m.box.bottom), "text": m.text, "true": m.true} for m in marks
    ]
    return {"marks": notes} if notes else {}


def by_image(examples: Iterable[tuple[str | None, Marked]]) -> dict[str, list[Mark]]:
    """The marks of each picture, from pairs of its name and its record."""
    return {
        image: [Mark(Box(*m["box"]), m["text"], m["true"]) for m in record["marks"]]
        for image, record in examples
        if image and "marks" in record
    }
