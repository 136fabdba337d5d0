"""Zero-shot recognition with a network that embeds pictures and texts in one space (CLIP, SigLIP).

A label is the mean of its normalised text embeddings over a few templates (prompt ensembling; Radford et al. 2021).
"""

import contextlib
import hashlib
import json
import re
from collections.abc import Iterable, Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from PIL.Image import Image

from ...core import label_files
from ...core import labels as names
from ...core.accept import UNSAID, AcceptSets
from ...core.errors import SpecError
from ...language import sentence
from ...media.picture import Picture

TEMPLATES: tuple[str, ...] = ("a photo of a {label}", "a close-up of a {label}", "a picture of a {label} in the distance")
"""The sentences that name a label. `a {label}` becomes "an ear" or "sunglasses" where English needs it."""
NOTHING: tuple[str, ...] = ("a photo", "an empty scene", "a blank picture", "a blurry picture of nothing in particular")
"""What a picture that shows none of the labels may be called: a judge contrasts a label with these too."""
CHUNK = 128
"""Texts embedded at once."""


class Embedder(Protocol):
    """Embeds pictures and texts as L2-normalised float32 rows; a row depends on its own picture or text alone.

    `scale`: what a cosine is multiplied by before the softmax (100 in CLIP). The bias of SigLIP is not needed: it cancels in
    a softmax over labels and in a comparison of two.
    """

    scale: float

    def embed_images(self, images: Sequence[Image]) -> NDArray[np.float32]:
        """Pictures of any mode and size -> [n, d]."""

    def embed_texts(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Sentences -> [m, d]."""


class ZeroShotClassifier:
    """Scores are softmax probabilities [n, labels]. `labels`: a list, or what `core.label_files.read` reads."""

    def __init__(self, embedder: Embedder, labels: Any = "imagenet", templates: Any = None) -> None:
        self.embedder = embedder
        self.labels, spoken = read_labels(labels)
        self.templates = read_templates(templates)
        self.digest = digest(self.labels, spoken, self.templates)
        self.weights = class_embeddings(embedder, spoken, self.templates)

    def __call__(self, images: Sequence[Image]) -> NDArray[np.float32]:
        scores = np.zeros((len(images), len(self.labels)), dtype=np.float32)
        for row, picture in zip(scores, _embedded(self.embedder, images), strict=True):
            logits = self.embedder.scale * (self.weights @ picture)  # row by row, so that its last bits are its own
            exp = np.exp(logits - logits.max())
            row[:] = exp / exp.sum()
        return scores


class ZeroShotJudge:
    """The chance, in a choice of two, that a picture shows its label rather than that label's strongest rival.

    sigma(scale * (s - r)) with the network's own scale. s: the greatest cosine of the picture with the label or a name accepted
    for it (near-synonyms, if the names of `against` are ImageNet's). r: that of the strongest rival. Rivals are the other names
    of `against` and `NOTHING`, so that an empty picture is refused. Over 0.5 the label beats them all, as the answer of a
    zero-shot classifier would.

    `top`: the label need only be among this many best names (it must still beat `NOTHING`). 1 refuses pictures that show the
    label but are hard, and so hides bugs; 5 accepts look-alikes. Neither is exact: judge about a hundred pictures by hand, and
    state how often the verdict at 0.5 was right as `judge_sensitivity` and `judge_specificity`.

    `against` should hold things that a picture of the label does not show. If the label is not among
    them, names that end with the label, or with which the label ends, are of its kind and not rivals ("tiger shark" and
    "shark"); other kinds cannot be recognised ("beagle" and "dog"), so give `against` names as general as the labels.
    """

    def __init__(self, embedder: Embedder, against: Any = "imagenet", templates: Any = None, top: int = 1) -> None:
        if top < 1:
            raise SpecError(f"judge argument top is {top}; it must be at least 1 (the label must be the likeliest of all)")
        self.embedder, self.top = embedder, top
        self.against, spoken = read_labels(against)
        self.sets = AcceptSets.of(UNSAID, self.against)
        self.templates = read_templates(templates)
        self.digest = digest(self.against, spoken, self.templates, NOTHING, top)
        self.weights = class_embeddings(embedder, spoken, self.templates)
        self.nothing = normalised(embedder.embed_texts(NOTHING))
        self._known: dict[str, tuple[NDArray[np.float32], NDArray[np.bool_]]] = {}

    def __call__(self, pictures: Sequence[Picture], labels: Sequence[str]) -> NDArray[np.float32]:
        embedded = _embedded(self.embedder, [p.content for p in pictures])
        found = [self._one(row, label) for row, label in zip(embedded, labels, strict=True)]
        return np.array(found, dtype=np.float32)

    def _one(self, picture: NDArray[np.float32], label: str) -> float:
        own, rivals = self.group(label)
        others = np.sort((self.weights @ picture)[rivals])[::-1][self.top - 1 : self.top]
        rival = max([float((self.nothing @ picture).max()), *map(float, others)])
        margin = self.embedder.scale * (float((own @ picture).max()) - rival)
        return float(1 / (1 + np.exp(-np.clip(margin, -80, 80))))

    def group(self, label: str) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        """Embeddings of what `label` may be called, and which names of `against` are its rivals."""
        if label not in self._known:
            called = self._called(label)
            there = np.array([name.lower() in called for name in self.against])
            kin = np.array([not there.any() and _kin(label, name) for name in self.against])
            listed = {name.lower() for name in self.against}
            new = sorted(name for lower, name in called.items() if lower not in listed)
            own = [self.weights[there], *([class_embeddings(self.embedder, new, self.templates)] if new else [])]
            self._known[label] = np.concatenate(own), ~(there | kin)
        return self._known[label]

    def _called(self, label: str) -> dict[str, str]:
        """The names of `label`, by lower case (most text encoders ignore case); near-synonyms where `against` is ImageNet's."""
        also = {self.against[i] for i in self.sets.names.places(label)} | self.sets.near(label)
        with contextlib.suppress(SpecError):
            also.add(names.resolve(label, names.imagenet()))
        return {name.lower(): name for name in sorted(also - {label})} | {label.lower(): label}


def _kin(label: str, name: str) -> bool:
    """Whether one is a kind of the other, judging by English spelling: its last words are the other's."""
    return f" {name}".lower().endswith(f" {label}".lower()) or f" {label}".lower().endswith(f" {name}".lower())


def class_embeddings(embedder: Embedder, labels: Sequence[str], templates: Sequence[str]) -> NDArray[np.float32]:
    """[labels, d]: the mean over templates of normalised text embeddings, normalised again."""
    texts = [said(label, template) for label in labels for template in templates]
    parts = [embedder.embed_texts(texts[i : i + CHUNK]) for i in range(0, len(texts), CHUNK)]
    rows = normalised(np.concatenate(parts)).reshape(len(labels), len(templates), -1)
    return normalised(rows.mean(axis=1))


def said(label: str, template: str) -> str:
    """`a photo of an ear` for "a photo of a {label}"."""
    whole = re.sub(r"\b[Aa]n? \{label\}", lambda _: sentence(label, ()), template)
    return whole.replace("{label}", label)


def read_labels(given: Any, least: int = 2) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The labels by the names used here, and what a text says of each: the word given, unless that is a WordNet id."""
    words = label_files.read(given, least)
    labels = names.named(words)
    return labels, tuple(ours if names.WORDNET.match(word) else word for ours, word in zip(labels, words, strict=True))


def read_templates(given: Any) -> tuple[str, ...]:
    """A list of templates, or one string with `|` between them; None or "" for `TEMPLATES`. Raises SpecError."""
    if given is None or given == "":
        return TEMPLATES
    parts = given.split("|") if isinstance(given, str) else given
    if not isinstance(parts, Iterable) or not all(isinstance(part, str) for part in parts):
        raise SpecError(f"templates are {given!r}; they should be a list of sentences with {{label}} in each")
    templates = tuple(part.strip() for part in parts)
    for template in templates:
        if "{label}" not in template:
            raise SpecError(f"template {template!r} does not say where the label goes, e.g. 'a photo of a {{label}}'")
    if not templates:
        raise SpecError("no templates; leave them out for the usual ones")
    return templates


def normalised(rows: Any) -> NDArray[np.float32]:
    rows = np.asarray(rows, dtype=np.float32)
    return rows / np.maximum(np.linalg.norm(rows, axis=-1, keepdims=True), np.float32(1e-12))


def digest(*parts: Any) -> str:
    """Twelve characters that tell lists of texts apart, for a model's id."""
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:12]


def _embedded(embedder: Embedder, images: Sequence[Image]) -> NDArray[np.float32]:
    return normalised(embedder.embed_images(images)) if len(images) else np.zeros((0, 0), dtype=np.float32)
