"""A conformance suite for people who write providers: each check asserts what the role's protocol says."""

import pickle
from collections.abc import Sequence
from typing import Any

import numpy as np
from PIL import Image

from ..core.records import Refused, Specimen
from ..media.picture import Picture, as_rgb


def images() -> list[Image.Image]:
    """RGB pictures of odd sizes, each different."""
    rng = np.random.default_rng(0)
    return [
        Image.fromarray(rng.integers(0, 256, (h, w, 3), dtype=np.uint8)).resize((4 * w, 4 * h), Image.Resampling.BICUBIC)
        for h, w in ((56, 56), (8, 24), (160, 5))
    ]


def modes() -> list[Image.Image]:
    """One picture as files come in: grey, see-through, palette, 16 bits, ink, turned by EXIF."""
    picture = images()[0].resize((64, 48))
    grey = picture.convert("L")
    clear = picture.copy()
    clear.putalpha(grey)
    turned = picture.copy()
    turned.getexif()[274] = 6
    deep = Image.fromarray(np.asarray(grey).astype(np.uint16) * 257)
    return [grey, clear, picture.quantize(16), deep, picture.convert("CMYK"), turned]


def check_generator(generator: Any, prompts: Sequence[str], seeds: Sequence[int] | None = None) -> None:
    """Number, order, RGB pictures, the empty batch, and that picture i depends on prompts[i] and seeds[i] alone."""
    seeds = list(range(1, len(prompts) + 1)) if seeds is None else list(seeds)
    together = list(generator(list(prompts), seeds))
    assert len(together) == len(prompts), f"{len(together)} pictures for {len(prompts)} prompts; one a prompt is wanted"
    for made in together:
        assert isinstance(made, Specimen | Refused), f"a {type(made).__name__}; a Picture or Refused is wanted"
        assert isinstance(made, Refused) or made.content.mode == "RGB", f"a picture of mode {made.content.mode}; RGB is wanted"
    assert list(generator([], [])) == [], "no prompts must give no pictures"
    want = [_bytes(made) for made in together]
    turned = [_bytes(made) for made in generator(list(prompts)[::-1], seeds[::-1])]
    assert turned == want[::-1], "in another order the same prompt and seed give another picture"
    alone = [_bytes(made) for prompt, seed in zip(prompts, seeds, strict=True) for made in generator([prompt], [seed])]
    assert alone == want, "a picture depends on its companions in the batch"


def _bytes(made: Picture | Refused) -> bytes:
    return b"" if isinstance(made, Refused) else made.content.tobytes()


def check_classifier(classifier: Any, pictures: Sequence[Image.Image] | None = None) -> None:
    """Labels, shape, finite scores, the empty batch, odd sizes, and that a picture's scores do not depend on its companions."""
    pictures = list(pictures or images())
    labels = list(classifier.labels)
    assert len(set(labels)) == len(labels) >= 2, "at least two label names, all different, are wanted"
    scores = np.asarray(classifier(pictures), dtype=float)
    want = (len(pictures), len(labels))
    assert scores.shape == want, f"scores of shape {scores.shape}; {want} is wanted: pictures, labels"
    assert np.isfinite(scores).all(), "scores that are not finite"
    empty = np.asarray(classifier([])).shape
    assert empty == (0, len(labels)), f"no pictures give scores of shape {empty}; {(0, len(labels))} is wanted"
    _same([np.asarray(classifier([p]), dtype=float)[0] for p in pictures], scores, "alone")
    _same(np.asarray(classifier(pictures[::-1]), dtype=float)[::-1], scores, "in another order")
    _same(classifier(modes()), classifier([as_rgb(p) for p in modes()]), "with pictures that are not RGB")


def check_captioner(captioner: Any, pictures: Sequence[Image.Image] | None = None) -> None:
    """One non-empty sentence a picture, in order, whatever the batch; none for none."""
    pictures = list(pictures or images())
    captions = list(captioner(pictures))
    assert len(captions) == len(pictures), f"{len(captions)} captions for {len(pictures)} pictures; one a picture is wanted"
    assert all(isinstance(c, str) and c.strip() for c in captions), "a caption that is no sentence"
    assert captions == [captioner([p])[0] for p in pictures], "a caption depends on its companions in the batch"
    assert list(captioner(pictures[::-1])) == captions[::-1], "captions are not in the order of the pictures"
    assert list(captioner([])) == [], "no pictures must give no captions"
    plain = list(captioner([as_rgb(p) for p in modes()]))
    assert list(captioner(modes())) == plain, "a picture that is not RGB is seen otherwise than a person sees it"


def check_judge(judge: Any, pictures: Sequence[Picture], labels: Sequence[str]) -> None:
    """One probability a picture, in order, whatever the batch; none for none."""
    values = np.asarray(judge(pictures, labels), dtype=float)
    assert values.shape == (len(pictures),), f"values of shape {values.shape}; {(len(pictures),)} is wanted"
    assert ((values >= 0) & (values <= 1)).all(), "values outside [0, 1]"
    assert len(np.asarray(judge([], []))) == 0, "no pictures must give no values"
    pairs = zip(pictures, labels, strict=True)
    _same([float(np.asarray(judge([p], [label]))[0]) for p, label in pairs], values, "alone")
    _same(np.asarray(judge(pictures[::-1], labels[::-1]), dtype=float)[::-1], values, "in another order")
    odd = modes() if pictures else []
    raw, seen = ([Picture(shown(p), info=pictures[0].info) for p in odd] for shown in (lambda p: p, as_rgb))
    _same(judge(raw, [labels[0]] * len(odd)), judge(seen, [labels[0]] * len(odd)), "with pictures that are not RGB")


def check_editor(editor: Any, label: str, phrases: Sequence[str]) -> None:
    """A list of other phrases for each phrase, in order; none for none."""
    lists = list(editor(label, list(phrases)))
    assert len(lists) == len(phrases), f"{len(lists)} lists for {len(phrases)} phrases; one a phrase is wanted"
    for phrase, new in zip(phrases, lists, strict=True):
        assert not isinstance(new, str), "a text where a list of phrases is wanted"
        assert all(isinstance(text, str) and text.strip() for text in new), "a phrase that says nothing"
        assert phrase not in new, "a phrase in its own place"
    assert list(editor(label, [])) == [], "no phrases must give no lists"


def check_describer(describer: Any, label: str, failures: Sequence[str], successes: Sequence[str]) -> None:
    """Descriptions as texts, each once, also where nothing succeeded."""
    for right in (list(successes), []):
        found = describer(label, list(failures), right)
        assert not isinstance(found, str), "a text where a list of descriptions is wanted"
        assert all(isinstance(text, str) and text.strip() for text in found), "a description that says nothing"
        assert len(set(found)) == len(list(found)), "a description twice"


def check_pickle(model: Any) -> Any:
    """What was loaded by its name can be sent to a worker, which loads it there. Returns the copy."""
    copy = pickle.loads(pickle.dumps(model))
    assert copy.id == model.id, "the copy has another id"
    return copy


def _same(found: Any, wanted: Any, how: str) -> None:
    """Equal up to the rounding of another batch size."""
    close = np.allclose(np.asarray(found, dtype=float), wanted, rtol=1e-3, atol=1e-4)
    assert close, f"asked {how} the answers differ: each should depend on its own picture alone, as `pictures.as_rgb` shows it"
