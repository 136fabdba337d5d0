"""Checks every answer before it is kept. All checks raise ModelError that names the model and what it gave."""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from ..core import scores
from ..core.errors import ModelError, short, told
from ..core.records import Box, Phrase, Refused, Specimen, Truth
from ..media import Medium


def specimens(generator: Any, given: Any, asked: Sequence[Any], medium: Medium[Any]) -> list[Specimen[Any] | Refused]:
    """A generator's answer: one specimen or refusal per prompt. Bare content is wrapped in a specimen; an output of a pipeline
    has it as `images`."""
    given = list(getattr(given, "images", given))
    same_number("generator", generator, given, asked, "pictures")
    return [_specimen(generator, item, medium) for item in given]


def _specimen(generator: Any, given: Any, medium: Medium[Any]) -> Specimen[Any] | Refused:
    if isinstance(given, Refused):
        return given
    made = given if isinstance(given, Specimen) else Specimen(given)
    try:
        content = medium.check(made.content)
    except (TypeError, ValueError) as error:
        raise ModelError(f"generator {generator.id} gave {error}") from error
    return content if isinstance(content, Refused) else Specimen(content, _truth(generator, made.truth), _info(generator, made))


def _truth(generator: Any, truth: Any) -> Truth | None:
    """With plain numbers, and regions as an array."""
    if truth is None:
        return None
    if not isinstance(truth, Truth):
        raise ModelError(f"generator {generator.id} gave a {type(truth).__name__} as truth; expected a Truth or None")
    try:
        boxes = tuple(Box(str(b[0]), *(float(x) for x in b[1:])) for b in truth.boxes)
        regions = None if truth.regions is None else np.asarray(truth.regions)
    except (TypeError, ValueError, IndexError) as error:
        raise ModelError(f"generator {generator.id} gave a truth that cannot be kept: {told(error)}") from error
    if not all(np.isfinite(box[1:]).all() for box in boxes):
        raise ModelError(f"generator {generator.id} gave a box that is not finite: {boxes}")
    if regions is not None and not (np.issubdtype(regions.dtype, np.integer) and regions.ndim):
        raise ModelError(f"generator {generator.id} gave regions of type {regions.dtype}; expected an array of integers")
    return Truth(str(truth.label), tuple(map(str, truth.others)), boxes, regions, str(truth.answer))


def _info(generator: Any, made: Specimen[Any]) -> dict[str, Any]:
    """The specimen's info as the store will give it back, so that a judge sees the same now and when asked again."""
    try:
        text = json.dumps(dict(made.info), ensure_ascii=False, allow_nan=False, default=_number)
        text.encode()
        info: dict[str, Any] = json.loads(text)
    except (TypeError, ValueError) as error:
        raise ModelError(f"generator {generator.id} gave info that JSON cannot hold: {told(error)}") from error
    return info


def _number(value: Any) -> Any:
    if isinstance(value, np.generic | np.ndarray):
        return value.tolist()
    raise TypeError(f"Object of type {type(value).__name__} is not JSON serializable")


def answers(task: Any, target: Any, given: Any, asked: Sequence[Any]) -> list[Any]:
    """What a task made of a target's answers: one for each item, as JSON holds it."""
    found = list(given)
    if len(found) != len(asked):
        raise ModelError(f"task {task.id} made {len(found)} answers of the target {target.id} for {len(asked)} inputs")
    try:
        plain: list[Any] = json.loads(json.dumps(found, ensure_ascii=False, allow_nan=False))
    except (TypeError, ValueError) as error:
        what = f"task {task.id} made an answer of the target {target.id} that JSON cannot hold"
        raise ModelError(f"{what}: {told(error)}") from error
    return plain


def probabilities(judge: Any, given: Any, n: int) -> list[float]:
    """A judge's answer: n numbers in [0, 1]."""
    try:
        values = scores.plain(list(map(scores.plain, given)) if isinstance(given, list | tuple) else given)
    except (TypeError, ValueError, AttributeError) as error:
        what = f"judge {judge.id} returned a {type(given).__name__}"
        raise ModelError(f"{what}; expected {n} probabilities in [0, 1] ({told(error)})") from error
    if values.shape != (n,) or not np.isfinite(values).all() or values.min() < 0 or values.max() > 1:
        brief = np.array2string(values.ravel()[:4], precision=3)
        raise ModelError(f"judge {judge.id} gave shape {values.shape}, {brief}; expected {n} probabilities in [0, 1]")
    return [float(v) for v in values]


def captions(captioner: Any, given: Any, images: Sequence[Any]) -> list[str]:
    """A captioner's answer: one sentence per picture."""
    if isinstance(given, str):
        raise ModelError(f"captioner {captioner.id} gave one str for {len(images)} pictures; expected a list of sentences")
    found = [_sentence(item) for item in given]
    same_number("captioner", captioner, found, images, "sentences")
    for caption in found:
        if not isinstance(caption, str):
            raise ModelError(f"captioner {captioner.id} gave a {type(caption).__name__}; expected a sentence")
        if not caption.strip():
            raise ModelError(f"captioner {captioner.id} gave {caption!r}; expected a sentence")
    return [_writable(caption) for caption in found]


def _sentence(item: Any) -> Any:
    """Of a pipeline's answer for a picture, [{"generated_text": ...}], the text; anything else as it is."""
    inner = item[0] if isinstance(item, list | tuple) and len(item) == 1 else item
    return inner["generated_text"] if isinstance(inner, Mapping) and "generated_text" in inner else item


def descriptions(describer: Any, given: Any) -> list[str]:
    """A describer's answer: any number of texts, none of them blank."""
    if isinstance(given, str) or not all(isinstance(text, str) and text.strip() for text in given):
        raise ModelError(f"describer {describer.id} gave {short(repr(given))}; expected a list of descriptions")
    return [_writable(text) for text in given]


def phrases(generator: Any, given: Any, read: Callable[[str], Phrase | None]) -> tuple[Phrase, ...]:
    """A generator's own vocabulary: phrases, or texts that `read` makes phrases of."""
    listed: list[Any] = list(given) if isinstance(given, Iterable) and not isinstance(given, str) else [None]
    texts = [p.text if isinstance(p, Phrase) else p for p in listed]
    if not all(isinstance(text, str) and text.strip() for text in texts):
        raise ModelError(f"generator {generator.id} gave {short(repr(given))} as its phrases; expected a list of phrases")
    found = [p if isinstance(p, Phrase) else read(_writable(p)) for p in listed]
    return tuple(dict.fromkeys(p for p in found if p is not None))


def alternatives(editor: Any, given: Any, asked: Sequence[str]) -> list[list[str]]:
    """An editor's answer: one list of phrases per phrase."""
    lists = list(given)
    same_number("editor", editor, lists, asked, "lists of phrases")
    for new in lists:
        if isinstance(new, str) or not all(isinstance(text, str) and text.strip() for text in new):
            raise ModelError(f"editor {editor.id} gave {short(repr(new))}; expected a list of phrases")
    return [[_writable(text) for text in new] for new in lists]


def same_number(role: str, model: Any, answers: Sequence[Any], questions: Sequence[Any], what: str) -> None:
    if len(answers) != len(questions):
        raise ModelError(f"{role} {model.id} gave {len(answers)} {what} for {len(questions)} inputs")


def _writable(text: str) -> str:
    """The text without half characters, which a server leaves where it cuts a text and no file can hold."""
    return text.encode("utf-8", "replace").decode("utf-8")
