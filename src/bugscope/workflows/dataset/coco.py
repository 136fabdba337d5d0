"""Pictures with boxes and masks: an image folder whose parts also have an annotations.json as COCO's data sets do, and boxes in
the table in the form of the Hugging Face Hub's object detection data sets."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...core.records import Truth
from .formats import ImageFolder, line, row
from .items import RunPicture
from .names import Class


class Coco(ImageFolder):
    """An image folder, PART/annotations.json (Lin et al. 2014, "Microsoft COCO"; masks as uncompressed run lengths), and a
    column `objects` with `bbox` (x, y, width, height in pixels) and `categories`."""

    def __init__(self, root: Path, classes: Mapping[str, Class], parts: Iterable[str]) -> None:
        listed = list(parts)
        super().__init__(root, classes, listed)
        self.images: dict[str, list[dict[str, Any]]] = {part: [] for part in listed}
        self.annotations: dict[str, list[dict[str, Any]]] = {part: [] for part in listed}
        # the labels hunted on first, by class number, then whatever stands beside them
        self.categories = {c.name: c.index for c in sorted(classes.values(), key=lambda c: c.index)}

    def __call__(self, number: int, item: RunPicture) -> None:
        c, truth = self.classes[item.label], item.source.truth(item)
        width, height = item.source.size(item)
        name = f"{c.folder}/{number:06d}.png"
        (self.root / item.part / name).write_bytes(item.source.file(item))
        self.images[item.part].append({"id": number, "file_name": name, "width": width, "height": height})
        boxes = [self._box(truth, i, width, height) for i in range(len(truth.boxes))]
        names = [self._category(box.label) for box in truth.boxes]
        for i, (box, category) in enumerate(zip(boxes, names, strict=True)):
            self._annotate(item.part, number, box, category, self._mask(truth, i))
        listed = {"bbox": boxes, "categories": [box.label for box in truth.boxes]}
        self.tables[item.part].write(line({"file_name": name, **row(item, c), "objects": listed}) + "\n")

    def close(self) -> None:
        super().close()
        categories = [{"id": number, "name": name} for name, number in self.categories.items()]
        for part, images in self.images.items():
            found = {"images": images, "annotations": self.annotations[part], "categories": categories}
            (self.root / part / "annotations.json").write_text(line(found) + "\n", encoding="utf-8", newline="\n")

    def _category(self, label: str) -> int:
        return self.categories.setdefault(label, len(self.categories))

    @staticmethod
    def _box(truth: Truth, i: int, width: int, height: int) -> list[float]:
        _, left, top, right, bottom = truth.boxes[i]
        sides = (left * width, top * height, (right - left) * width, (bottom - top) * height)
        return [round(float(x), 2) for x in sides]

    @staticmethod
    def _mask(truth: Truth, i: int) -> NDArray[np.bool_] | None:
        """What shows box i (`core.records.Truth`)."""
        return None if truth.regions is None else np.asarray(truth.regions == i + 1)

    def _annotate(self, part: str, image: int, box: list[float], category: int, mask: NDArray[np.bool_] | None) -> None:
        area = box[2] * box[3] if mask is None else int(mask.sum())
        found: dict[str, Any] = {"id": sum(map(len, self.annotations.values())) + 1, "image_id": image, "category_id": category}
        found |= {"bbox": box, "area": area, "iscrowd": 0}
        self.annotations[part].append(found | ({} if mask is None else {"segmentation": run_lengths(mask)}))


def run_lengths(mask: NDArray[np.bool_]) -> dict[str, list[int]]:
    """COCO's uncompressed RLE: numbers of pixels that are out and in by turns, column by column; `size`: height, width."""
    flat = mask.T.ravel()
    ends = np.flatnonzero(np.diff(flat.astype(np.int8))) + 1
    edges = [0, *ends.tolist(), len(flat)]
    counts = [b - a for a, b in zip(edges, edges[1:], strict=False)]
    return {"counts": [0, *counts] if len(flat) and flat[0] else counts, "size": list(mask.shape)}
