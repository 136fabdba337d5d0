"""folder/PATH: a collection of real photographs, searched by caption: the same loop with retrieval instead of synthesis.

docs/folder.md says how a collection is laid out, how a prompt is answered, and why the statistics stay honest.
"""

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ...core.errors import ModelError, SpecError, unknown
from ...core.labels import accepted
from ...core.records import Refused
from ...media.picture import Picture
from ..shared.zeroshot import digest
from . import search as searches
from .collection import Collection, Photograph, opened, read, scan
from .labelling import labelled, most_pictures
from .names import Names, Query, aliases
from .search import Search, SentenceNetwork, Sentences, Sights, Words, missing

__all__ = ["Generator", "Judge"]

VERSION = 1
"""Raised whenever the same folder, prompt and seed give another picture."""
SEARCHES = ("captions", "words", "clip")
FEW = 5
"""The fewest pictures that must fit a description: with fewer, nothing could be shown about it."""


class Generator:
    """Real photographs found by their captions: `folder/PATH` with PATH/LABEL/*.jpg, metadata.jsonl, captions.csv or COCO's."""

    needs_loader = True
    example = "folder/photos"

    def __init__(
        self, model: str, *, search: str = "", embedder: str = "", text_model: str = "", matches: int = 50,
        least: float | None = None, captions: str = "", labels: Any = "", side: int = 1024, device: str = "",
        load: Callable[..., Any] | None = None,
    ) -> None:  # fmt: skip
        """`search`: captions (sentence embeddings), words, or clip; "" for the best available. `embedder`: a zero-shot model
        for clip, e.g. open_clip/ViT-B-32:laion2b_s34b_b79k; `text_model`: of sentence-transformers, "" for the packaged one;
        `matches`: how many of the best-fitting pictures answer a description; `least`: the lowest score that fits, None for
        the search's default; `captions`: the file that holds them; `labels`: names to look for if the folder gives none;
        `side`: pixels, longer pictures are made smaller, 0: as they are; `device`: "" for the first available of cuda, mps
        and cpu.
        """
        _check(search, embedder, matches, least, side)
        found = read(scan(model, captions))
        self.skipped = found.skipped
        method = search or _default(found, embedder, text_model)
        if method != "clip" and not found.captioned:
            raise SpecError(
                f"no captions in {model!r} (metadata.jsonl, captions.csv, COCO's captions_*.json, or PICTURE.txt beside a "
                "picture); without them a network searches: embedder=open_clip/ViT-B-32:laion2b_s34b_b79k"
            )
        self.search: Search
        if method == "words":
            self.search = Words(found.items)
        elif method == "captions":
            self.search = Sentences(found.items, SentenceNetwork(text_model, device))
        else:
            self.search = Sights(found.items, found.root, searches.embedder(load, embedder, device), embedder)
        self.root, self.items = found.root, found.items
        self.by_label, looked_for = labelled(found, self.search, labels)
        self.labels: Sequence[str] = tuple(sorted(self.by_label))
        self.suggested: Sequence[str] = most_pictures(found, self.by_label)
        self.names = Names(self.labels)
        self.matches, self.side = matches, side
        self.least = self.search.least if least is None else least
        skipped = sum(self.skipped.values())
        self.id = (
            f"folder/{_shown(found.root.resolve().name)}-v{VERSION}?content={found.digest}&pictures={len(self.items)}"
            + (f"&skipped={skipped}" if skipped else "")
            + f"&search={self.search.id}&least={self.least:g}&matches={matches}&side={side}"
            + (f"&labels={digest(looked_for)}" if looked_for else "")
        )
        self.fitting = lru_cache(maxsize=1024)(self._search)

    def __call__(self, prompts: Sequence[str], seeds: Sequence[int]) -> list[Picture | Refused]:
        """The seed picks one of the pictures that fit the prompt, each with the same probability."""
        return [self._one(prompt, int(seed)) for prompt, seed in zip(prompts, seeds, strict=True)]

    def check(self, texts: Sequence[str]) -> None:
        """Raises SpecError for a prompt that names no label of the collection, or that too few pictures fit."""
        for text in dict.fromkeys(texts):
            query = self._query(text)
            found, least = len(self.fitting(query)), FEW if query.stems else 1
            if found < least:
                raise SpecError(
                    f"{_told(query, found)} in {self.root.name!r}; at least {least} {'is' if least == 1 else 'are'} needed"
                )

    def _query(self, prompt: str) -> Query:
        query = self.names.query(prompt)
        if query is None:
            some = ", ".join(self.labels[:12]) + (f" and {len(self.labels) - 12} more" if len(self.labels) > 12 else "")
            raise SpecError(f"the prompt {prompt!r} names no label of the collection {self.root.name!r}; it has: {some}")
        return query

    def _one(self, prompt: str, seed: int) -> Picture | Refused:
        query = self.names.query(prompt)
        if query is None:
            return Refused("the prompt names no label of the collection")
        fitting = self.fitting(query)
        if not fitting:
            return Refused(_told(query, 0))
        place, score = fitting[seed % len(fitting)]
        item = self.items[place]
        try:
            image = opened(self.root / item.file)
        except ValueError as error:
            return Refused(f"{_shown(item.file)} cannot be read: {error}")
        if self.side and max(image.size) > self.side:
            image.thumbnail((self.side, self.side), Image.Resampling.LANCZOS)
        return Picture(image, info=_info(item, query, score))

    def _search(self, query: Query) -> tuple[tuple[int, float], ...]:
        """(place, score) of the pictures that fit, in an arbitrary order.

        Neutral prompts draw from one half of the collection and described ones from the other, so that no photograph that
        suggested a description confirms it.
        """
        described = bool(query.stems)
        pool = [i for i in self.by_label[query.label] if self.items[i].described == described]
        if not described or not pool:
            fit = [(i, 1.0) for i in pool]
        else:
            scores = self.search.scores(query, pool)
            ranked = sorted(scores[scores >= self.least], reverse=True)
            # ties with the last one taken are taken too
            bar = ranked[min(self.matches, len(ranked)) - 1] if ranked else np.inf
            fit = [(i, float(score)) for i, score in zip(pool, scores, strict=True) if score >= bar]
        return tuple(sorted(fit, key=lambda found: self.items[found[0]].digest))


class Judge:
    """The labels that a `folder/PATH` collection gives its pictures; exact where people gave them (folders, metadata)."""

    example = "folder/photos"

    def __init__(self, model: str, *, captions: str = "") -> None:
        """`captions`: as for the generator."""
        listed = scan(model, captions)
        if not listed.annotated and not listed.texts:
            raise SpecError(
                f"{model!r} names no labels and has no captions; choose a judge that looks at pictures, such as open_clip/..."
            )
        self.exact = listed.annotated
        self.id = f"folder/{_shown(listed.root.resolve().name)}-v{VERSION}?labels={'given' if self.exact else 'captions'}"

    def __call__(self, pictures: Sequence[Picture], labels: Sequence[str]) -> NDArray[np.float32]:
        """1.0 if the collection's label is one that the asked label accepts (`core.labels.accepted`), else 0.0."""
        return np.array([_shows(p, label) for p, label in zip(pictures, labels, strict=True)], dtype=np.float32)


def _shows(picture: Picture, label: str) -> float:
    given = picture.info.get("label")
    if not isinstance(given, str):
        raise ModelError("the judge folder/... knows only pictures of the generator folder/...; this one has no label")
    wanted = frozenset().union(*map(accepted, aliases(label)))
    return float(not wanted.isdisjoint(aliases(given)))


def _info(item: Photograph, query: Query, score: float) -> dict[str, Any]:
    info = {"file": _shown(item.file), "caption": " / ".join(item.captions), "label": item.label or query.label}
    return info | ({"similarity": round(score, 4)} if query.stems else {})


def _shown(file: str) -> str:
    """A file name as text; bytes that are not UTF-8 are replaced, since they cannot be written."""
    return file.encode("utf-8", "replace").decode("utf-8")


def _told(query: Query, n: int) -> str:
    fits = f"fits {query.description!r}" if query.stems else "is kept for the plain label"
    return f"{n or 'no'} picture{'s' if n > 1 else ''} of {query.label!r} {fits if n < 2 else fits.replace('fits', 'fit')}"


def _check(search: str, embedder: str, matches: int, least: float | None, side: int) -> None:
    if search and search not in SEARCHES:
        raise unknown("search", search, SEARCHES)
    if search == "clip" and not embedder:
        raise SpecError("search=clip needs an embedder, e.g. embedder=open_clip/ViT-B-32:laion2b_s34b_b79k")
    if search in ("captions", "words") and embedder:
        raise SpecError(f"search={search} uses no embedder; leave one of the two out")
    if matches < 1:
        raise SpecError(f"folder argument matches is {matches}; it must be at least 1")
    if least is not None and not -1 < least <= 1:
        raise SpecError(f"folder argument least is {least}; it must be over -1 and at most 1")
    if side < 0:
        raise SpecError(f"folder argument side is {side}; it must be at least 0 (0: pictures keep their size)")


def _default(found: Collection, embedder: str, text_model: str) -> str:
    if embedder:
        return "clip"
    return "captions" if text_model or not missing(text_model) else "words"
