"""Bugscope's own protocol: one request per batch, JSON both ways, pictures as base64."""

import base64
import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL.Image import Image

from ...core import label_files
from ...core.errors import AnswerError, Declined, ModelError, SpecError, short
from ...core.records import Refused
from ...media.picture import Picture, opened, png, read
from ..shared.answers import quoted
from ..shared.client import PICTURES, Client, Rejected

ABSENT = (404, 405, 501)
"""Statuses that mean the server does not know the path."""
EACH = 16_000_000
"""The most bytes accepted for each item of a batch, where that is more than `PICTURES`."""
LABELS = 4_000_000
"""The most bytes accepted of what a server says about itself, twice what the labels of ImageNet-21k take."""
INFO = 100_000
"""The most characters of what a server says about a picture, which is kept with it."""


class Server:
    """What the roles share: the address, the question `/info`, and one answer for each item."""

    requires = ("httpcore",)
    extra = "openai"
    example = "http/127.0.0.1:8765"

    def __init__(self, model: str, *, key_variable: str = "", key_as: str = "bearer", timeout: float = 60.0) -> None:
        """`model`: HOST[:PORT][/PATH], with `https://` before it for TLS. `key_variable`: the environment variable that holds
        the key, "" for none; `key_as`: "bearer", "basic" (it reads USER:PASSWORD) or the header that takes it.
        `timeout`: seconds for one whole answer.

        Raises SpecError for an invalid address, ModelError if no such server answers.
        """
        self.client = connect(model, key_variable=key_variable, key_as=key_as, timeout=timeout)
        try:
            self.info = self._info()
        finally:  # no connection is held while other models load
            self.client.close()
        self.version = self._version(self.info.get("id"), "/info")
        self.id = named(self.client, id=self.version)

    def close(self) -> None:
        self.client.close()

    def _info(self) -> dict[str, Any]:
        """What the server says about itself; nothing if it does not know the question."""
        try:
            said = self.client.get("/info", limit=LABELS)
        except Rejected as error:
            if error.status in ABSENT:
                return {}
            raise
        if not isinstance(said, dict):
            raise self._wrong("/info", said, "a JSON object")
        return said

    def _version(self, said: Any, path: str) -> str:
        if said is None:
            return ""
        name = str(said)
        if isinstance(said, bool) or not isinstance(said, str | int) or not name.isprintable() or not 0 < len(name) <= 200:
            raise self._wrong(path, said, "a short text as its id")
        return name

    def _answers(self, path: str, body: Mapping[str, Any], field: str, n: int) -> list[Any]:
        """`n` answers, in order, none of them null. Raises MemoryError if the batch is too large for the server."""
        try:
            said = self.client.post(path, body, limit=max(PICTURES, EACH * n))
        except Rejected as error:
            if error.status == 413:
                raise MemoryError(str(error)) from error
            raise
        found = said.get(field) if isinstance(said, dict) else None
        if not isinstance(found, list):
            raise self._wrong(path, said, f'{{"{field}": [...]}}', whole=True)
        if len(found) != n:
            raise self._wrong(path, found, f"{n} {field}, one for each item, not {len(found)}", whole=True)
        version = self._version(said.get("id"), path)
        self.version = self.version or version
        if version not in ("", self.version):
            raise ModelError(f"{self.id} is now {version!r}: answers of two models must not be mixed; start a new run")
        if missing := sum(item is None for item in found):
            raise Declined(f"{self.client.name} has no answer for {missing} of {n} items")
        return found

    def _wrong(self, path: str, said: Any, wanted: str, whole: bool = False) -> AnswerError:
        """`whole`: the answer to a batch has another form, not that for one item of it."""
        return AnswerError(f"{self.client.base_url}{path} answered {quoted(said)}; expected {wanted}", whole)


class Named(Server):
    """A server that knows labels. `least`: how many, at least."""

    least = 2

    def __init__(
        self, model: str, *, labels: Sequence[str] | Mapping[Any, Any] | str | None = None, key_variable: str = "",
        key_as: str = "bearer", timeout: float = 60.0,
    ) -> None:  # fmt: skip
        """`labels`: what `core.label_files.read` reads, if the server does not state them. For the rest see `Server`."""
        super().__init__(model, key_variable=key_variable, key_as=key_as, timeout=timeout)
        self.labels = self._labels(labels)
        # the names are part of the answers
        known = hashlib.sha256(json.dumps(self.labels).encode()).hexdigest()[:8]
        self.id = named(self.client, id=self.version, labels=known)

    def _labels(self, stated: Any) -> tuple[str, ...]:
        """Of the argument, else of the server, in any form that `core.label_files.read` knows; a server names no file."""
        found = self.info.get("labels") if stated is None else stated
        few = "at least two label names" if self.least == 2 else "at least one label name"
        if not found:
            raise SpecError(
                f"{self.client.base_url}/info states no labels; have it answer with them, or pass --target-arg labels=a,b,c"
            )
        if stated is None and isinstance(found, str):
            found = found.split(",")
        try:
            names = label_files.of_model(found)
        except SpecError as error:
            if stated is not None:
                raise
            raise self._wrong("/info", found, f"{few} ({error})") from error
        if "" in names or len(set(names)) < len(names) or len(names) < self.least:
            raise self._wrong("/info", found, f"{few}, all different")
        return names


class Classifier(Named):
    """A classifier behind a server of yours that speaks Bugscope's HTTP protocol."""

    def __call__(self, images: Sequence[Image]) -> NDArray[np.float64]:
        return scores(self, "/classify", images)


def scores(server: Named, path: str, images: Sequence[Image]) -> NDArray[np.float64]:
    """What a server answers to `path`: for each image a number per label [n, labels]."""
    if not images:
        return np.zeros((0, len(server.labels)))
    rows = server._answers(path, {"images": [text(image) for image in images]}, "scores", len(images))
    for row in rows:
        bad = [value for value in row if not _finite(value)] if isinstance(row, list) else [row]
        if bad or len(row) != len(server.labels):
            instead = quoted(bad[0])[:80] if bad else len(row)
            wanted = f"{len(server.labels)} finite numbers per picture, one per label, not {instead}"
            raise server._wrong(path, row, wanted)
    return np.array(rows, dtype=float)


class Captioner(Server):
    """A captioner behind a server of yours that speaks Bugscope's HTTP protocol."""

    def __call__(self, images: Sequence[Image]) -> list[str]:
        if not images:
            return []
        captions = self._answers("/caption", {"images": [text(image) for image in images]}, "captions", len(images))
        for caption in captions:
            if not isinstance(caption, str) or not caption.strip():
                raise self._wrong("/caption", caption, "a sentence for each picture")
        return captions


class Judge(Server):
    """A judge behind a server of yours that speaks Bugscope's HTTP protocol."""

    def __call__(self, pictures: Sequence[Picture], labels: Sequence[str]) -> NDArray[np.float64]:
        if not pictures:
            return np.zeros(0)
        body = {
            "images": [text(picture.content) for picture in pictures],
            "labels": list(labels),
            "infos": [dict(picture.info) for picture in pictures],
        }
        values = self._answers("/judge", body, "probabilities", len(pictures))
        for value in values:
            if not _finite(value) or not 0 <= value <= 1:
                raise self._wrong("/judge", value, "a probability in [0, 1] for each picture")
        return np.array(values, dtype=float)


class Artist(Server):
    """The generator of this protocol."""

    def draw(self, prompts: Sequence[str], seeds: Sequence[int]) -> list[Picture | Refused]:
        body = {"prompts": list(prompts), "seeds": [int(seed) for seed in seeds]}
        return [self._drawn(item) for item in self._answers("/generate", body, "images", len(prompts))]

    def _drawn(self, item: Any) -> Picture | Refused:
        item = item if isinstance(item, dict) else {"": item}
        if isinstance(item.get("refused"), str):
            return Refused(short(item["refused"]) or "refused by the server")
        info = item.get("info") or {}
        if "png" not in item or not isinstance(info, dict):
            raise self._wrong("/generate", item, 'for each prompt {"png": base64, "info": {...}} or {"refused": "why"}')
        if len(json.dumps(info)) > INFO:
            raise self._wrong("/generate", info, f"an info of at most {INFO} characters")
        return Picture(decoded(item["png"], f"{self.client.base_url}/generate"), info=info)


def connect(model: str, **options: Any) -> Client:
    """A client of the server that `model` names: http:// unless it says https://."""
    if not model.strip("/"):
        raise SpecError("http/ names no server: it should read http/HOST:PORT or http/https://HOST/PATH")
    url = model if "://" in model else f"http://{model}"
    try:
        client = Client(f"http/{model.strip('/')}", url, **options)
    except SpecError as error:
        raise SpecError(str(error).replace("base_url", "the server's address", 1)) from None
    client.wanted = "answer of Bugscope's HTTP protocol"
    return client


def named(client: Client, **stated: Any) -> str:
    """The id of a model: its server, and what changes an answer."""
    more = "&".join(f"{name}={value}" for name, value in stated.items() if value not in ("", None))
    return f"http/{client.base_url.removeprefix('http://')}" + (f"?{more}" if more else "")


def decoded(sent: Any, where: str, as_it_is: bool = False) -> Image:
    """The picture in a base64 text, bare or as a data: address, in RGB or with its own values. Raises AnswerError."""
    try:
        data = base64.b64decode(sent.rpartition(",")[2], validate=True)
    except (ValueError, AttributeError, TypeError) as error:
        raise AnswerError(f"{where} sent {quoted(sent)[:80]} as a picture; expected base64") from error
    return read_picture(data, where, as_it_is)


def read_picture(data: bytes, where: str, as_it_is: bool = False) -> Image:
    """The picture in a file that a server sent. Raises AnswerError."""
    try:
        if not as_it_is:
            return read(data)
        with opened(data) as image:
            return image.copy()
    except ValueError as error:
        raise AnswerError(f"{where} sent {short(repr(data[:40]))} as a picture: {short(str(error))}") from error


def text(image: Image) -> str:
    return base64.b64encode(png(image)).decode()


def _finite(value: Any) -> bool:
    try:
        return type(value) in (int, float) and math.isfinite(value)
    except OverflowError:
        return False
