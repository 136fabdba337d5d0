"""Folders of pictures as people have them, and worse: tables, odd names, links in circles, pipes, files with wrong endings."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
from PIL import Image

from bugscope.media.picture import ENDINGS, UNREAD
from bugscope.providers.folder import collection
from bugscope.workflows.evaluate import evaluate

from ..material import altered, dumped, some, text, value
from ..outcomes import commanded, tried

FOLDERS = (
    "cat",
    "dog",
    "train",
    "test",
    "images",
    "n02123045",
    "0",
    "1",
    "001.Cat",
    ".hidden",
    "cat/inner",
    "train/cat",
    "val/dog",
    "Gl\udcfcck",
)
NAMES = ("1", "a b", "..", "cat.dog", "x" * 250, "\udcff", "é", ".", "-rf", "con", "metadata", "1\n2")
COLUMNS = ("file_name", "label", "text", "image", "split", "y", "place", "img_filename", "label_name", "class", "")


def cats(images: Any) -> Any:
    return np.array([[0.6, 0.4] if np.asarray(i).mean() > 127 else [0.4, 0.6] for i in images])


cats.labels = ["cat", "dog"]  # type: ignore[attr-defined]


def named(rng: Random) -> str:
    return rng.choice(NAMES) if rng.random() < 0.4 else text(rng).replace("/", "_").replace("\0", "")[:60]


def planted(root: Path, rng: Random, png: bytes) -> None:
    places = [root]
    for name in some(rng, FOLDERS, 4):
        places.append(root / name)
        places[-1].mkdir(parents=True, exist_ok=True)
    for _ in range(rng.randrange(1, 8)):
        place, name = rng.choice(places), named(rng) + rng.choice((*ENDINGS[:3], *ENDINGS, *UNREAD, ".PNG", ".txt", ""))
        with suppress(OSError, ValueError):
            match rng.randrange(10):
                case 0:
                    (place / name).symlink_to(rng.choice((root, "..", "/dev/zero", "no", root.parent.parent / "outside")))
                case 1:
                    os.mkfifo(place / name)
                case 2:
                    (place / name).mkdir()
                case 3:
                    (place / name).write_bytes(altered(png, rng))
                case _:
                    (place / name).write_bytes(png)
    if rng.random() < 0.6:
        table(rng.choice(places), rng)


def table(place: Path, rng: Random) -> None:
    kind = rng.choice(
        ("metadata.csv", "metadata.jsonl", "metadata.tsv", "captions.csv", "captions.jsonl", "captions_val.json", "README.md")
    )
    files = [str(p.relative_to(place)) for p in place.rglob("*")][:20] or ["x.png"]

    def row() -> dict[str, Any]:
        return {
            rng.choice(COLUMNS): rng.choice((rng.choice(files), rng.choice(("cat", "dog", "0", 1)), value(rng, 1)))
            for _ in range(3)
        }

    rows = [row() for _ in range(rng.randrange(4))]
    if kind.endswith("jsonl"):
        data = b"\n".join(dumped(rng.choice((r, value(rng))), rng) for r in rows)
    elif kind.endswith(".json"):
        said = {"images": [{"id": 1, "file_name": files[0]}], "annotations": [{"image_id": 1, "caption": text(rng)}]}
        data = dumped(rng.choice((said, {"images": rows, "annotations": rows}, value(rng))), rng)
    elif kind == "README.md":
        names = rng.choice((["cat", "dog"], {"0": "cat"}, value(rng)))
        card = {"dataset_info": {"features": [{"name": "label", "dtype": {"class_label": {"names": names}}}]}}
        data = b"---\n" + dumped(card, rng) + b"\n---\n"
    else:
        mark = rng.choice((",", ";", "\t"))
        head = rng.choice(
            (["file_name", "label"], [rng.choice(COLUMNS) for _ in range(3)], ["img_filename", "y", "place", "split"])
        )
        data = "\n".join([mark.join(head), *(mark.join(map(str, r.values())) for r in rows)]).encode("utf-8", "replace")
    with suppress(OSError):
        (place / kind).write_bytes(altered(data, rng) if rng.random() < 0.2 else data)


@contextmanager
def ready(folder: Path) -> Iterator[Any]:
    Image.linear_gradient("L").resize((8, 8)).convert("RGB").save(folder / "p.png")
    png = (folder / "p.png").read_bytes()

    def example(rng: Random, folder: Path) -> str:
        root = folder / "photos"
        root.mkdir()
        planted(root, rng, png)
        match rng.randrange(4):
            case 0:
                return tried(lambda: collection.read(collection.scan(str(root))))
            case 1:
                mapping = rng.choice(({"cat": "dog"}, {"cat": [0, "dog"]}, {"0": 0}, {text(rng): value(rng, 1)}))
                if rng.random() < 0.5:
                    (folder / "map.json").write_bytes(dumped(rng.choice((mapping, value(rng))), rng))
                    mapping = folder / "map.json"
                return tried(lambda: str(evaluate(cats, root, label_map=mapping)))
            case 2:
                (folder / "mine.py").write_text("from fuzz.targets.trees import cats\n")
                form, out, _ = commanded(
                    "evaluate", "--images", str(root), "--target", "python/fuzz.targets.trees:cats", "--json"
                )
                if form == "exit 0":
                    json.loads(out)
                return form
            case _:
                found = tried(lambda: str(evaluate(cats, root, subset=rng.random() < 0.2, limit=rng.choice((None, 1)))))
                return found

    yield example
