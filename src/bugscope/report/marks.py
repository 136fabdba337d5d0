"""What a task draws on pictures, on its way into report.json and back onto a page."""

from collections.abc import Iterable, Sequence

from ..core.records import Box
from ..tasks import Mark
from .records import Marked, MarkNote


def noted(marks: Sequence[Mark]) -> Marked:
    """To be part of an example's record; nothing where nothing is drawn."""
    notes = [_note(mark) for mark in marks]
    return {"marks": notes} if notes else {}


def _note(mark: Mark) -> MarkNote:
    box = (mark.box.label, mark.box.left, mark.box.top, mark.box.right, mark.box.bottom)
    note: MarkNote = {"box": box, "text": mark.text, "true": mark.true}
    return {**note, "mask": mark.mask} if mark.mask else note


def by_image(examples: Iterable[tuple[str | None, Marked]]) -> dict[str, list[Mark]]:
    """The marks of each picture, from pairs of its name and its record."""
    return {
        image: [Mark(Box(*m["box"]), m["text"], m["true"], m.get("mask", "")) for m in record["marks"]]
        for image, record in examples
        if image and "marks" in record
    }
