"""The layouts: folders of pictures, Parquet, WebDataset. Each writes one picture after the other."""

import importlib
import io
import json
import tarfile
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Protocol

from ...core.errors import MissingDependency
from .items import RunPicture
from .names import Class

SHARD = 256 << 20
"""Bytes of pictures in a file of many, about."""
ROWS = 64
"""Pictures of a Parquet row group: what is in memory at once."""
PARTS = ("train", "test")
COLUMNS: Mapping[str, str] = {
    "label_name": "string", "wordnet_id": "string", "imagenet_index": "int64", "class_index": "int64", "predicted": "string",
    "score": "float64", "prompt": "string", "description": "string", "bug": "string", "purpose": "string", "seed": "int64",
    "run": "string", "generator": "string", "target": "string", "caption": "string", "kept": "bool", "reason": "string",
}  # fmt: skip
"""Beside the picture and its `label` (a class number)."""
UNKNOWN: Mapping[str, Any] = {"string": "", "int64": -1, "float64": -1.0}
"""Readers of JSON guess a column's type from its first rows, and stop at a later one where those were null."""


class Writer(Protocol):
    """Writes below `root`: call it for each picture in turn, then `close`."""

    suffix: str

    def __init__(self, root: Path, classes: Mapping[str, Class], parts: Iterable[str]) -> None: ...

    def __call__(self, number: int, item: RunPicture) -> None: ...

    def close(self) -> None: ...


def row(item: RunPicture, c: Class) -> dict[str, Any]:
    """Values of `label` and COLUMNS."""
    values = (
        c.name, c.wordnet_id, c.imagenet_index, c.class_index, item.predicted, item.score, item.prompt, item.description,
        item.bug, item.purpose, item.seed, item.source.run, item.source.generator, item.source.target,
        item.caption, item.kept, item.reason,
    )  # fmt: skip
    known = zip(COLUMNS.items(), values, strict=True)
    return {"label": c.index, **{name: UNKNOWN[kind] if value is None else value for (name, kind), value in known}}


def features(classes: Mapping[str, Class]) -> dict[str, Any]:
    """Of `datasets`, as its Parquet files carry them."""
    names = [c.name for c in sorted(classes.values(), key=lambda c: c.index)]
    columns = {name: {"dtype": kind, "_type": "Value"} for name, kind in COLUMNS.items()}
    return {"image": {"_type": "Image"}, "label": {"names": names, "_type": "ClassLabel"}, **columns}


def card_features(classes: Mapping[str, Class]) -> list[dict[str, Any]]:
    """The same as the front matter of a card has them."""
    names = {str(c.index): c.name for c in sorted(classes.values(), key=lambda c: c.index)}
    columns = [{"name": name, "dtype": kind} for name, kind in COLUMNS.items()]
    return [{"name": "image", "dtype": "image"}, {"name": "label", "dtype": {"class_label": {"names": names}}}, *columns]


class ImageFolder:
    """PART/LABEL/NUMBER.png and PART/metadata.jsonl. Each part has a folder for each label, so that class numbers agree."""

    suffix = "**"

    def __init__(self, root: Path, classes: Mapping[str, Class], parts: Iterable[str]) -> None:
        self.root, self.classes = root, classes
        self.tables: dict[str, io.TextIOWrapper] = {}
        for part in parts:
            for c in classes.values():
                (root / part / c.folder).mkdir(parents=True)
            self.tables[part] = (root / part / "metadata.jsonl").open("w", encoding="utf-8", newline="\n")

    def __call__(self, number: int, item: RunPicture) -> None:
        c = self.classes[item.label]
        name = f"{c.folder}/{number:06d}.png"
        (self.root / item.part / name).write_bytes(item.source.file(item))
        self.tables[item.part].write(line({"file_name": name, **row(item, c)}) + "\n")

    def close(self) -> None:
        for table in self.tables.values():
            table.close()


class Parquet:
    """data/PART-00000.parquet, which `datasets` reads as pictures and class labels."""

    suffix = "parquet"

    def __init__(self, root: Path, classes: Mapping[str, Class], parts: Iterable[str]) -> None:
        self.pa: Any = arrow()
        self.pq: Any = importlib.import_module("pyarrow.parquet")
        self.root, self.classes = root / "data", classes
        self.root.mkdir()
        kinds = {"string": self.pa.string(), "int64": self.pa.int64(), "float64": self.pa.float64(), "bool": self.pa.bool_()}
        image = self.pa.struct([("bytes", self.pa.binary()), ("path", self.pa.string())])
        fields = [("image", image), ("label", self.pa.int64()), *((name, kinds[kind]) for name, kind in COLUMNS.items())]
        told = json.dumps({"info": {"features": features(classes)}})
        self.schema = self.pa.schema(fields, metadata={"huggingface": told})
        self.rows: dict[str, list[dict[str, Any]]] = {part: [] for part in parts}
        self.open: dict[str, Any] = {}
        self.sizes = dict.fromkeys(self.rows, 0)
        self.shards = dict.fromkeys(self.rows, 0)

    def __call__(self, number: int, item: RunPicture) -> None:
        c, data, part = self.classes[item.label], item.source.file(item), item.part
        self.rows[part].append({"image": {"bytes": data, "path": f"{c.folder}-{number:06d}.png"}, **row(item, c)})
        self.sizes[part] += len(data)
        if len(self.rows[part]) >= ROWS or self.sizes[part] >= SHARD:
            self._write(part)

    def _write(self, part: str) -> None:
        if part not in self.open:
            name = f"{part}-{self.shards[part]:05d}.parquet"
            self.shards[part] += 1
            self.open[part] = self.pq.ParquetWriter(self.root / name, self.schema)
        self.open[part].write_table(self.pa.Table.from_pylist(self.rows[part], schema=self.schema))
        self.rows[part].clear()
        if self.sizes[part] >= SHARD:
            self.open.pop(part).close()
            self.sizes[part] = 0

    def close(self) -> None:
        for part, rows in self.rows.items():
            if rows:
                self._write(part)
        for file in self.open.values():
            file.close()


class WebDataset:
    """data/PART-00000.tar of NUMBER.png, NUMBER.cls (the class number) and NUMBER.json, in random order."""

    suffix = "tar"

    def __init__(self, root: Path, classes: Mapping[str, Class], parts: Iterable[str]) -> None:
        self.root, self.classes = root / "data", classes
        self.root.mkdir()
        self.open: dict[str, tarfile.TarFile] = {}
        self.shards = dict.fromkeys(parts, 0)

    def __call__(self, number: int, item: RunPicture) -> None:
        values, part = row(item, self.classes[item.label]), item.part
        files = {"png": item.source.file(item), "cls": str(values["label"]).encode(), "json": line(values).encode()}
        if part not in self.open:
            self.open[part] = tarfile.open(self.root / f"{part}-{self.shards[part]:05d}.tar", "w", format=tarfile.USTAR_FORMAT)
            self.shards[part] += 1
        for kind, data in files.items():
            head = tarfile.TarInfo(f"{number:06d}.{kind}")
            head.size = len(data)
            self.open[part].addfile(head, io.BytesIO(data))
        if self.open[part].offset >= SHARD:
            self.open.pop(part).close()

    def close(self) -> None:
        for file in self.open.values():
            file.close()


def ordered(items: Iterable[RunPicture], format: str, seed: int) -> Iterator[tuple[int, RunPicture]]:
    """Numbered pictures in the order in which they are written."""
    listed = list(items)
    return enumerate(sorted(listed, key=lambda i: i.draw(seed)) if format == "webdataset" else listed)


def arrow() -> Any:
    try:
        return importlib.import_module("pyarrow")
    except ImportError as error:
        raise MissingDependency("the format parquet needs pyarrow: pip install 'bugscope[dataset]'") from error


def line(values: Mapping[str, Any]) -> str:
    """JSON on one line."""
    return json.dumps(values, ensure_ascii=False, allow_nan=False)
