"""A conformance suite for people who write providers, tasks or media: each check asserts what the protocol requires."""

import json
import math
import pickle
from collections.abc import Sequence
from typing import Any

import numpy as np
from PIL import Image

from ..core import detections, scores, segmentations
from ..core.errors import ModelError
from ..core.records import Refused, Specimen, Truth
from ..media import Medium
from ..media.picture import Picture, as_rgb, opened
from ..tasks import Mark, Reading, Task


def images() -> list[Image.Image]:
    """RGB pictures of odd sizes, each different."""
    rng = np.random.default_rng(0)
    return [
        Image.fromarray(rng.integers(0, 256, (h, w, 3), dtype=np.uint8)).resize((4 * w, 4 * h), Image.Resampling.BICUBIC)
        for h, w in ((56, 56), (8, 24), (160, 5))
    ]


def modes() -> list[Image.Image]:
    """One picture in the modes that files have: grey, see-through, palette, 16 bits, CMYK, turned by EXIF."""
    picture = images()[0].resize((64, 48))
    grey = picture.convert("L")
    clear = picture.copy()
    clear.putalpha(grey)
    turned = picture.copy()
    turned.getexif()[274] = 6
    deep = Image.fromarray(np.asarray(grey).astype(np.uint16) * 257)
    return [grey, clear, picture.quantize(16), deep, picture.convert("CMYK"), turned]


def check_generator(generator: Any, prompts: Sequence[str], seeds: Sequence[int] | None = None) -> None:
    """Number, order, RGB pictures, the empty batch, and that picture i depends only on prompts[i] and seeds[i]."""
    seeds = list(range(1, len(prompts) + 1)) if seeds is None else list(seeds)
    together = list(generator(list(prompts), seeds))
    assert len(together) == len(prompts), f"{len(together)} pictures for {len(prompts)} prompts; expected one per prompt"
    for made in together:
        assert isinstance(made, Specimen | Refused), f"a {type(made).__name__}; expected a Picture or Refused"
        assert isinstance(made, Refused) or made.content.mode == "RGB", f"a picture of mode {made.content.mode}; expected RGB"
    assert list(generator([], [])) == [], "no prompts must give no pictures"
    want = [_bytes(made) for made in together]
    turned = [_bytes(made) for made in generator(list(prompts)[::-1], seeds[::-1])]
    assert turned == want[::-1], "the same prompt and seed give another picture in another order"
    alone = [_bytes(made) for prompt, seed in zip(prompts, seeds, strict=True) for made in generator([prompt], [seed])]
    assert alone == want, "a picture depends on the others in its batch"


def _bytes(made: Picture | Refused) -> bytes:
    return b"" if isinstance(made, Refused) else made.content.tobytes()


def check_classifier(classifier: Any, pictures: Sequence[Image.Image] | None = None) -> None:
    """Labels, shape, finite scores, the empty batch, odd sizes, and that a picture's scores do not depend on the others."""
    pictures = list(pictures or images())
    labels = list(classifier.labels)
    assert len(set(labels)) == len(labels) >= 2, "expected at least two label names, all different"

    def asked(shown: Sequence[Image.Image]) -> Any:
        """As a hunt reads them: in every form in which frameworks give scores."""
        try:
            return scores.asked(classifier, shown, labels, "the classifier")
        except ModelError as error:
            raise AssertionError(str(error)) from error

    found = asked(pictures)
    asked([])
    _same([asked([p])[0] for p in pictures], found, "alone")
    _same(asked(pictures[::-1])[::-1], found, "in another order")
    _same(asked(modes()), asked([as_rgb(p) for p in modes()]), "with pictures that are not RGB")


def check_detector(detector: Any, pictures: Sequence[Image.Image] | None = None) -> None:
    """Labels, one list of detections per picture within its sides, the empty batch, odd sizes, and that what is seen in a
    picture does not depend on the others."""
    pictures = list(pictures or images())
    labels = list(detector.labels)
    assert len(set(labels)) == len(labels) >= 1, "expected label names that are all different"

    def asked(shown: Sequence[Image.Image]) -> Any:
        try:
            return detections.asked(detector, shown, labels, "the detector")
        except ModelError as error:
            raise AssertionError(str(error)) from error

    found = asked(pictures)
    assert asked([]) == [], "no pictures must give no lists"
    _same_boxes([asked([p])[0] for p in pictures], found, "alone")
    _same_boxes(asked(pictures[::-1])[::-1], found, "in another order")
    _same_boxes(asked(modes()), asked([as_rgb(p) for p in modes()]), "with pictures that are not RGB")


def _same_boxes(found: Any, wanted: Any, how: str) -> None:
    said = f"asked {how} the detections differ: each should depend only on its own picture, as `picture.as_rgb` shows it"
    assert [len(a) for a in found] == [len(b) for b in wanted], said
    for one, other in zip(found, wanted, strict=True):
        assert [d.label for d in one] == [d.label for d in other], said
        _same([d[1:6] for d in one], [d[1:6] for d in other], how)


def check_segmenter(segmenter: Any, pictures: Sequence[Image.Image] | None = None) -> None:
    """Labels, one segmentation per picture, the empty batch, odd sizes, and that a picture's does not depend on the others."""
    pictures = list(pictures or images())
    labels = list(segmenter.labels)
    assert len(set(labels)) == len(labels) >= 1, "expected label names that are all different"

    def asked(shown: Sequence[Image.Image]) -> Any:
        try:
            return segmentations.asked(segmenter, shown, labels, "the segmenter")
        except ModelError as error:
            raise AssertionError(str(error)) from error

    found = asked(pictures)
    assert asked([]) == [], "no pictures must give no segmentations"
    for how, again in (("alone", [asked([p])[0] for p in pictures]), ("in another order", asked(pictures[::-1])[::-1])):
        for one, other in zip(again, found, strict=True):
            assert [r.label for r in one] == [r.label for r in other], f"asked {how} the segmentations differ"
            alike = [(a.mask == b.mask).mean() for a, b in zip(one, other, strict=True)]
            assert min(alike, default=1.0) > 0.99, f"asked {how} the segmentations differ"


def check_tagger(tagger: Any, pictures: Sequence[Image.Image] | None = None) -> None:
    """As `check_classifier`, and that scores are probabilities."""
    check_classifier(tagger, pictures)
    found = scores.asked(tagger, list(pictures or images()), list(tagger.labels), "the tagger")
    assert 0 <= found.min() and found.max() <= 1, f"a score of {found.max():.3g}; expected probabilities from 0 to 1"


def check_answerer(answerer: Any, pictures: Sequence[Image.Image] | None = None) -> None:
    """One answer per question, in order, whatever the batch; none for no questions."""
    pictures = list(pictures or images())
    questions = [f"Is there a {thing} in this picture? Answer yes or no." for thing in ("cup", "dog", "tree")][: len(pictures)]
    answers = list(answerer(list(pictures), list(questions)))
    assert len(answers) == len(questions), f"{len(answers)} answers to {len(questions)} questions; expected one for each"
    assert all(isinstance(a, str) for a in answers), "an answer is not text"
    assert list(answerer([], [])) == [], "no questions must give no answers"
    alone = [list(answerer([p], [q]))[0] for p, q in zip(pictures, questions, strict=True)]
    assert alone == answers, "an answer depends on the other questions in its batch"


def check_captioner(captioner: Any, pictures: Sequence[Image.Image] | None = None) -> None:
    """One non-empty sentence per picture, in order, whatever the batch; none for no pictures."""
    pictures = list(pictures or images())
    captions = list(captioner(pictures))
    assert len(captions) == len(pictures), f"{len(captions)} captions for {len(pictures)} pictures; expected one per picture"
    assert all(isinstance(c, str) and c.strip() for c in captions), "a caption is empty or not text"
    assert captions == [captioner([p])[0] for p in pictures], "a caption depends on the other pictures in its batch"
    assert list(captioner(pictures[::-1])) == captions[::-1], "captions are not in the order of the pictures"
    assert list(captioner([])) == [], "no pictures must give no captions"
    plain = list(captioner([as_rgb(p) for p in modes()]))
    assert list(captioner(modes())) == plain, "a picture that is not RGB is not seen as a person sees it"


def check_judge(judge: Any, pictures: Sequence[Picture], labels: Sequence[str]) -> None:
    """One probability per picture, in order, whatever the batch; none for no pictures."""
    values = np.asarray(judge(pictures, labels), dtype=float)
    assert values.shape == (len(pictures),), f"values of shape {values.shape}; expected {(len(pictures),)}"
    assert ((values >= 0) & (values <= 1)).all(), "some values are outside [0, 1]"
    assert len(np.asarray(judge([], []))) == 0, "no pictures must give no values"
    pairs = zip(pictures, labels, strict=True)
    _same([float(np.asarray(judge([p], [label]))[0]) for p, label in pairs], values, "alone")
    _same(np.asarray(judge(pictures[::-1], labels[::-1]), dtype=float)[::-1], values, "in another order")
    odd = modes() if pictures else []
    raw, seen = ([Picture(shown(p), info=pictures[0].info) for p in odd] for shown in (lambda p: p, as_rgb))
    _same(judge(raw, [labels[0]] * len(odd)), judge(seen, [labels[0]] * len(odd)), "with pictures that are not RGB")


def check_editor(editor: Any, label: str, phrases: Sequence[str]) -> None:
    """A list of other phrases for each phrase, in order; none for no phrases."""
    lists = list(editor(label, list(phrases)))
    assert len(lists) == len(phrases), f"{len(lists)} lists for {len(phrases)} phrases; expected one per phrase"
    for phrase, new in zip(phrases, lists, strict=True):
        assert not isinstance(new, str), "got a text; expected a list of phrases"
        assert all(isinstance(text, str) and text.strip() for text in new), "a phrase is empty or not text"
        assert phrase not in new, "a phrase is offered in place of itself"
    assert list(editor(label, [])) == [], "no phrases must give no lists"


def check_describer(describer: Any, label: str, failures: Sequence[str], successes: Sequence[str]) -> None:
    """Descriptions as texts, each once, even without successes."""
    for right in (list(successes), []):
        found = describer(label, list(failures), right)
        assert not isinstance(found, str), "got a text; expected a list of descriptions"
        assert all(isinstance(text, str) and text.strip() for text in found), "a description is empty or not text"
        assert len(set(found)) == len(list(found)), "a description appears twice"


def check_pickle(model: Any) -> Any:
    """A model loaded by its name can be sent to a worker, which loads it there. Returns the copy."""
    copy = pickle.loads(pickle.dumps(model))
    assert copy.id == model.id, "the copy has another id"
    return copy


def _same(found: Any, wanted: Any, how: str) -> None:
    """Asserts that answers are equal up to the rounding of another batch size."""
    close = np.allclose(np.asarray(found, dtype=float), wanted, rtol=1e-3, atol=1e-4)
    assert close, f"asked {how} the answers differ: each should depend only on its own picture, as `picture.as_rgb` shows it"


def check_task(task: Task[Any], target: Any, items: Sequence[Any], truths: Sequence[Truth]) -> None:
    """That the answers of `target` to `items` can be kept as JSON, and that they are read in one way."""
    assert task.id and task.role and task.failure, "expected an id, a role, and words for what a failure is"
    known = task.labels(target)
    assert len(set(known)) == len(known), "expected label names that are all different"
    answers = list(task.ask(target, items, truths))
    assert len(answers) == len(items), f"{len(answers)} answers to {len(items)} items; expected one per item"
    assert list(task.ask(target, [], [])) == [], "no items must give no answers"
    for answer, truth in zip(json.loads(json.dumps(answers, allow_nan=False)), truths, strict=True):
        reading = task.read(answer, truth)
        assert isinstance(reading, Reading), f"read gave a {type(reading).__name__}; expected a Reading"
        assert reading.score is None or math.isfinite(reading.score), f"a score of {reading.score}; expected a finite one"
        assert task.read(answer, truth) == reading, "the same answer is read in two ways"
        assert truth.label in task.accepted(truth.label), f"{truth.label!r} is not accepted for itself"
        assert all(isinstance(mark, Mark) for mark in task.marks(answer, truth)), "expected marks"


def check_medium(medium: Medium[Any], contents: Sequence[Any] = ()) -> None:
    """That content is kept without loss, shown small enough, compared by signatures of one length, and checked."""
    shown = [medium.sample(), *contents]
    assert medium.name and medium.suffix.startswith(".") and medium.words.opening, "expected a name, a suffix and an opening"
    for content in shown:
        kept = medium.check(content)
        assert not isinstance(kept, Refused), f"a sample is refused: {kept}"
        data = medium.encode(kept)
        assert medium.encode(medium.decode(data)) == data, "content is not the same after it was kept"
        copy = medium.copy(kept)
        assert copy is not kept and medium.encode(copy) == data, "expected a copy"
        preview = medium.preview(kept, 64)
        assert preview.type.startswith("image/"), f"a preview of type {preview.type!r}; expected a picture"
        with opened(preview.data) as picture:
            assert max(picture.size) <= 64, f"a preview of size {picture.size}; expected at most 64 x 64"
        assert medium.signature(kept) == medium.signature(medium.decode(data)), "the same content has two signatures"
    lengths = {len(medium.signature(content)) for content in shown}
    assert len(lengths) == 1 and min(lengths) >= 8, f"signatures of {lengths} bytes; expected one length, of at least 8"
    _raises(TypeError, medium.check, object())
    _raises(ValueError, medium.decode, b"damaged")


def _raises(kind: type[Exception], call: Any, value: Any) -> None:
    try:
        call(value)
    except kind:
        return
    raise AssertionError(f"{value!r} was taken; expected {kind.__name__}")
