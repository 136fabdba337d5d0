"""What a detector of COCO's classes finds on the studio's plain pictures.

    python bench/detector.py [--target yolo/v3-tiny] [--n 10] [--labels A B ...] [--iou 0.5] [--json FILE]

One row for each object of the studio that COCO has a class for: how many of its faithful pictures have a box of that class
that overlaps the object's own by at least this intersection over union (IoU), at two confidences, and the median IoU of the
surest such box.
"""

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from bugscope import stats
from bugscope.core import registry
from bugscope.core.records import Detection, Truth
from bugscope.language import Wording
from bugscope.media import picture
from bugscope.providers.shared.boxes import overlaps
from bugscope.providers.studio import Generator, Judge, objects

WORDS = Wording(picture.words)
CONFIDENCES = (0.1, 0.25)
SPELLINGS = {
    "airplane": "aeroplane", "couch": "sofa", "dining table": "diningtable", "motorcycle": "motorbike",
    "potted plant": "pottedplant", "tv": "tvmonitor",
}  # fmt: skip
"""COCO's names that Darknet's coco.names spells in another way."""


def called(coco: str, known: Sequence[str]) -> str:
    """The detector's name of a class of COCO, "" if it has none."""
    return next((name for name in (coco, SPELLINGS.get(coco, coco)) if name in known), "")


def surest(seen: Sequence[Detection], truth: Truth, name: str, iou: float) -> tuple[float, float]:
    """Score of the surest box of `name` that lies on the thing itself, and its IoU with it; zeros if there is none."""
    own = np.array([box[1:] for box in truth.boxes if box.label == truth.label]).reshape(-1, 4)
    if not len(own):
        return 0.0, 0.0
    fits = [(d.score, float(overlaps(np.array(d[2:6]), own).max())) for d in seen if d.label == name]
    return max(((score, fit) for score, fit in fits if fit >= iou), default=(0.0, 0.0))


def row(label: str, name: str, n: int, generator: Any, detector: Any, iou: float) -> dict[str, Any]:
    made = generator([WORDS.neutral(label).text] * n, [7_000_000 + i for i in range(n)])
    faithful = [p for p, q in zip(made, Judge()(made, [label] * n), strict=True) if q > 0.5]
    best = [surest(seen, p.truth, name, iou) for p, seen in zip(faithful, detector([p.content for p in faithful]), strict=True)]
    hits = {str(c): sum(score >= c for score, _ in best) for c in CONFIDENCES}
    fits = [fit for score, fit in best if score]
    return {"label": label, "class": name, "n": len(faithful), "hits": hits, "iou": float(np.median(fits)) if fits else None}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--target", default="yolo/v3-tiny")
    parser.add_argument("--n", type=int, default=10, help="pictures of each object")
    parser.add_argument("--labels", nargs="*", help="objects of the studio; all by default")
    parser.add_argument("--iou", type=float, default=0.5)
    parser.add_argument("--json", type=Path)
    args = parser.parse_args()
    detector = registry.load("Detector", args.target)
    names = {m.name: called(m.coco, detector.labels) for m in objects.load_all().values() if m.coco}
    asked = [label for label in args.labels or names if names.get(label)]
    generator = Generator()
    rows = []
    low, high = map(str, CONFIDENCES)
    print(f"{'object':<20} {'class':<14} {'n':>3} {'>= ' + low:>7} {'>= ' + high:>7} {'interval':>11} {'IoU':>5}")
    for label in asked:
        made = row(label, names[label], args.n, generator, detector, args.iou)
        rate = stats.wilson(made["hits"][high], made["n"])
        fit = "-" if made["iou"] is None else f"{made['iou']:.2f}"
        numbers = f"{made['n']:>3} {made['hits'][low]:>7} {made['hits'][high]:>7} {rate.low:>6.2f}-{rate.high:.2f} {fit:>5}"
        print(f"{label:<20} {made['class']:<14} {numbers}", flush=True)
        rows.append(made | {"low": rate.low, "high": rate.high})
    generator.close()
    for confidence in (low, high):
        hits, n = sum(r["hits"][confidence] for r in rows), sum(r["n"] for r in rows)
        print(f"confidence {confidence}: {hits} of {n} pictures (classes: {len({r['class'] for r in rows})})")
    if args.json:
        args.json.write_text(json.dumps({"target": detector.id, "iou": args.iou, "rows": rows}, indent=1))


if __name__ == "__main__":
    main()
