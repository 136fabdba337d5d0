"""Checks every answer before it is kept. What breaks a contract is an AnswerError that names the model and what it gave.

It is raised where the answer to a batch has a wrong form, and stands in the place of one item's answer where only that is
wrong: a model that has nothing to say of one picture loses no other.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from functools import partial
from itertools import islice
from typing import Any, TypeVar

import numpy as np

from ..core import scores
from ..core.errors import AnswerError, short, told
from ..core.records import Box, Phrase, Refused, Specimen, Truth
from ..core.texts import all_writable, writable
from ..media import Medium

A = TypeVar("A")
LONGEST_SENTENCE = 2000
"""Characters of a caption, a description or a phrase; the rest is cut."""
MOST = 1000
"""Descriptions, or phrases in place of one, that are taken from an answer."""


def specimens(
    generator: Any, given: Any, asked: Sequence[Any], medium: Medium[Any]
) -> list[Specimen[Any] | Refused | AnswerError]:
    """A generator's answer: one specimen or refusal per prompt. Bare content is wrapped in a specimen; an output of a pipeline
    has it as `images`, or first of several."""
    given = given["images"] if isinstance(given, Mapping) and "images" in given else getattr(given, "images", given)
    if isinstance(given, tuple) and given and isinstance(given[0], list):
        given = given[0]
    given = _listed("generator", generator, given, "pictures", len(asked))
    same_number("generator", generator, given, asked, "pictures")
    return [_or_error(partial(_specimen, generator, item, medium)) for item in given]


def _or_error(check: Callable[[], A]) -> A | AnswerError:
    try:
        return check()
    except AnswerError as error:
        return error


def _specimen(generator: Any, given: Any, medium: Medium[Any]) -> Specimen[Any] | Refused:
    if isinstance(given, Refused):
        return Refused(short(str(given.reason)))
    made = given if isinstance(given, Specimen) else Specimen(given)
    try:
        content = medium.check(made.content)
    except (TypeError, ValueError) as error:
        raise AnswerError(f"generator {generator.id} gave {error}") from error
    return content if isinstance(content, Refused) else Specimen(content, _truth(generator, made.truth), _info(generator, made))


def _truth(generator: Any, truth: Any) -> Truth | None:
    """With plain numbers, and regions as an array."""
    if truth is None:
        return None
    if not isinstance(truth, Truth):
        raise AnswerError(f"generator {generator.id} gave a {type(truth).__name__} as truth; expected a Truth or None")
    try:
        boxes = tuple(Box(writable(str(b[0])), *(float(x) for x in b[1:])) for b in truth.boxes)
        regions = None if truth.regions is None else np.asarray(truth.regions)
    except (TypeError, ValueError, IndexError) as error:
        raise AnswerError(f"generator {generator.id} gave a truth that cannot be kept: {told(error)}") from error
    if not all(np.isfinite(box[1:]).all() for box in boxes):
        raise AnswerError(f"generator {generator.id} gave a box that is not finite: {boxes}")
    if regions is not None and not (np.issubdtype(regions.dtype, np.integer) and regions.ndim):
        raise AnswerError(f"generator {generator.id} gave regions of type {regions.dtype}; expected an array of integers")
    label, *others, answer = (writable(str(text)) for text in (truth.label, *truth.others, truth.answer))
    return Truth(label, tuple(others), boxes, regions, answer)


def _info(generator: Any, made: Specimen[Any]) -> dict[str, Any]:
    """The specimen's info as the store will give it back, so that a judge sees the same now and when asked again."""
    try:
        text = json.dumps(dict(made.info), ensure_ascii=False, allow_nan=False, default=_number)
        info: dict[str, Any] = all_writable(json.loads(text))
    except (TypeError, ValueError, RecursionError) as error:
        raise AnswerError(f"generator {generator.id} gave info that JSON cannot hold: {told(error)}") from error
    return info


def _number(value: Any) -> Any:
    if isinstance(value, np.generic | np.ndarray):
        return value.tolist()
    raise TypeError(f"Object of type {type(value).__name__} is not JSON serializable")


def answers(task: Any, target: Any, given: Any, asked: Sequence[Any]) -> list[Any]:
    """What a task made of a target's answers: one for each item, as JSON holds it."""
    found = list(given)
    if len(found) != len(asked):
        made = f"task {task.id} made {len(found)} answers of the target {target.id}"
        raise AnswerError(f"{made} for {len(asked)} inputs", whole=True)
    try:
        plain: list[Any] = all_writable(json.loads(json.dumps(found, ensure_ascii=False, allow_nan=False)), LONGEST_SENTENCE)
    except (TypeError, ValueError, RecursionError) as error:
        what = f"task {task.id} made an answer of the target {target.id} that JSON cannot hold"
        raise AnswerError(f"{what}: {told(error)}") from error
    return plain


def probabilities(judge: Any, given: Any, n: int) -> list[float]:
    """A judge's answer: n numbers in [0, 1]."""
    given = _listed("judge", judge, given, "probabilities", n) if isinstance(given, Iterator) else given
    try:
        values = scores.plain(list(map(scores.plain, given)) if isinstance(given, list | tuple) else given)
    except (TypeError, ValueError, AttributeError) as error:
        what = f"judge {judge.id} returned a {type(given).__name__}"
        raise AnswerError(f"{what}; expected {n} probabilities in [0, 1] ({told(error)})", whole=True) from error
    if values.shape != (n,) or not np.isfinite(values).all() or values.min() < 0 or values.max() > 1:
        brief = np.array2string(values.ravel()[:4], precision=3)
        gave = f"judge {judge.id} gave shape {values.shape}, {brief}"
        raise AnswerError(f"{gave}; expected {n} probabilities in [0, 1]", whole=values.shape != (n,))
    return [float(v) for v in values]


def captions(captioner: Any, given: Any, images: Sequence[Any]) -> list[str | AnswerError]:
    """A captioner's answer: one sentence per picture."""
    if isinstance(given, str):
        given_one = f"captioner {captioner.id} gave one str for {len(images)} pictures"
        raise AnswerError(f"{given_one}; expected a list of sentences", whole=True)
    found = [_sentence(item) for item in _listed("captioner", captioner, given, "sentences", len(images))]
    same_number("captioner", captioner, found, images, "sentences")
    return [_or_error(partial(_caption, captioner, caption)) for caption in found]


def _caption(captioner: Any, given: Any) -> str:
    if not isinstance(given, str):
        raise AnswerError(f"captioner {captioner.id} gave a {type(given).__name__}; expected a sentence")
    if not given.strip():
        raise AnswerError(f"captioner {captioner.id} gave {given!r}; expected a sentence")
    return writable(given, LONGEST_SENTENCE)


def _sentence(item: Any) -> Any:
    """Of a pipeline's answer for a picture, [{"generated_text": ...}], the text; anything else as it is."""
    inner = item[0] if isinstance(item, list | tuple) and len(item) == 1 else item
    return inner["generated_text"] if isinstance(inner, Mapping) and "generated_text" in inner else item


def descriptions(describer: Any, given: Any) -> list[str]:
    """A describer's answer: any number of texts, none of them blank."""
    texts = _texts(given)
    if texts is None:
        raise AnswerError(f"describer {describer.id} gave {short(repr(given))}; expected a list of descriptions")
    return texts


def phrases(generator: Any, given: Any, read: Callable[[str], Phrase | None]) -> tuple[Phrase, ...]:
    """A generator's own vocabulary: phrases, or texts that `read` makes phrases of."""
    listed: list[Any] = list(given) if isinstance(given, Iterable) and not isinstance(given, str) else [None]
    texts = [p.text if isinstance(p, Phrase) else p for p in listed]
    if not all(isinstance(text, str) and text.strip() for text in texts):
        raise AnswerError(f"generator {generator.id} gave {short(repr(given))} as its phrases; expected a list of phrases")
    found = [p if isinstance(p, Phrase) else read(writable(p, LONGEST_SENTENCE)) for p in listed]
    return tuple(dict.fromkeys(p for p in found if p is not None))


def alternatives(editor: Any, given: Any, asked: Sequence[str]) -> list[list[str]]:
    """An editor's answer: one list of phrases per phrase."""
    lists = _listed("editor", editor, given, "lists of phrases", len(asked))
    lists = [list(islice(new, MOST)) if isinstance(new, Iterator) else new for new in lists]
    same_number("editor", editor, lists, asked, "lists of phrases")
    found = [_texts(new) for new in lists]
    for new, texts in zip(lists, found, strict=True):
        if texts is None:
            raise AnswerError(f"editor {editor.id} gave {short(repr(new))}; expected a list of phrases")
    return [texts for texts in found if texts is not None]


def _texts(given: Any) -> list[str] | None:
    """Texts, none of them blank, from a list or from what is made while it is read (a generator function); None for anything
    else. A set and a mapping have no order that means something."""
    if isinstance(given, str | Set | Mapping) or not isinstance(given, Iterable):
        return None
    found = list(islice(given, MOST))  # read once: what yields has nothing left the second time
    if not all(isinstance(text, str) and text.strip() for text in found):
        return None
    return [writable(text, LONGEST_SENTENCE) for text in found]


def _listed(role: str, model: Any, given: Any, what: str, n: int) -> list[Any]:
    """An answer that has one item for each question, in an order. What yields, without end perhaps, is read only as far
    as it takes to see that it gives more than `n`."""
    sequence = hasattr(type(given), "__iter__") or hasattr(type(given), "__getitem__")
    if not sequence or isinstance(given, str | bytes | Mapping | Set):
        raise AnswerError(f"{role} {model.id} gave {short(repr(given))}; expected a list of {n} {what}", whole=True)
    return list(islice(given, n + 1)) if isinstance(given, Iterator) else list(given)


def same_number(role: str, model: Any, answers: Sequence[Any], questions: Sequence[Any], what: str) -> None:
    if len(answers) != len(questions):
        raise AnswerError(f"{role} {model.id} gave {len(answers)} {what} for {len(questions)} inputs", whole=True)
