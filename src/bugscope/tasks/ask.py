"""Does a vision-language model answer questions about a picture rightly?"""

import re
from collections.abc import Callable, Sequence
from itertools import islice
from typing import Any

from ..core.accept import UNSAID, Accept
from ..core.errors import AnswerError, SpecError, nearest, short
from ..core.records import Truth
from ..core.texts import writable
from ..language.prompts import article, plural
from .shared.naming import Accepts
from .shared.protocol import Mark, Reading

QUESTIONS = {
    "presence": "Is there {a label} in this picture? Answer yes or no.",
    "count": "How many {plural} are there in this picture? Answer with a number.",
    "colour": "What colour is the {label}? Answer with one word.",
}
"""Questions with a name."""
LONGEST = 500
"""Characters of an answer that are kept."""
YES = re.compile(r"\b(?:yes|yeah|yep|yup|true|correct|indeed|definitely|certainly)\b|\bthere (?:is|are)\b(?! (?:no|not)\b)")
NO = re.compile(
    r"\b(?:no|nope|not|none|false|incorrect|cannot|without|absent)\b|\b(?:is|are|do|does|can|could|was|were)n['’]?t\b|\bcan['’]t\b"
)
NUMBERS = {
    word: number
    for number, words in enumerate(
        ("zero no none nothing", "one single once", "two couple pair both", "three", "four", "five", "six", "seven",
         "eight", "nine", "ten", "eleven", "twelve")
    )
    for word in words.split()
}  # fmt: skip
COLOURS = {
    name: words.split()[0]
    for words in (
        "red crimson scarlet maroon", "blue navy azure", "green olive lime", "yellow", "orange", "purple violet lilac magenta",
        "pink rosy", "brown tan beige", "black", "white cream ivory", "grey gray silver", "gold golden", "turquoise teal cyan",
    )
    for name in words.split()
}  # fmt: skip

Read = Callable[[str], str]
"""From an answer in a model's words to one that can be compared; "" for what cannot be read."""


class Ask(Accepts):
    """A picture is a failure if the answer to `question` is wrong. An answer that cannot be read is neither right nor wrong.

    `question`: "presence" ("Is there a mug in this picture?"), "count", "colour", or a text with {label}, {a label} or
    {plural} in it, to which the label is the right answer unless `answer` says another. `paraphrases`: other wordings, asked
    about the same pictures: a picture also fails if the wording changes the answer. `absent`: pictures do not show the label,
    and "yes" is the failure (Li et al. 2023, "POPE"; Augustin et al. 2025, "DASH").
    """

    role = "Answerer"
    instead = "What goes wrong:"

    def __init__(
        self,
        *,
        accept: Accept = UNSAID,
        question: str = "presence",
        paraphrases: Sequence[str] | str = (),
        answer: str = "",
        absent: bool = False,
    ) -> None:
        super().__init__(accept)
        self.question, self.answer, self.absent = question.strip(), answer.strip(), bool(absent)
        self.form = self.question if self.question in QUESTIONS else "text"
        further = [paraphrases] if isinstance(paraphrases, str) else list(paraphrases)
        self.wordings = tuple(dict.fromkeys(_template(text) for text in [self.question, *further]))
        if self.absent and self.form != "presence":
            raise SpecError(f"argument question of the task is {question!r}; of what a picture does not show, ask 'presence'")
        asked = "&".join(self.wordings)
        self.id = "ask" if asked == QUESTIONS["presence"] else f"ask?{asked}"
        self.needs = frozenset(
            {"boxes"} if self.form == "count" else {"answer"} if self.form == "colour" and not answer else ()
        )

    @property
    def failure(self) -> str:
        asked = self.wordings[0].replace("{", "").replace("}", "")
        wrong = "of which the model says that it does" if self.absent else f"about which “{asked}” is answered wrongly"
        return wrong + (", or not alike in other words" if len(self.wordings) > 1 else "")

    def labels(self, target: Any) -> tuple[str, ...]:
        """None: it takes any."""
        return ()

    def ask(self, target: Any, items: Sequence[Any], truths: Sequence[Truth]) -> list[Any]:
        """The answers to all wordings about each picture, in the model's words. Raises AnswerError."""
        pictures = [item for item in items for _ in self.wordings]
        questions = [_worded(text, truth.label) for truth in truths for text in self.wordings]
        given = target(pictures, list(questions)) if questions else []
        if isinstance(given, str) or not hasattr(type(given), "__iter__"):
            raise AnswerError(f"target {target.id} gave {short(repr(given))}; expected {len(questions)} answers", whole=True)
        found = list(islice(given, len(questions) + 1))
        if len(found) != len(questions):
            raise AnswerError(f"target {target.id} gave {len(found)} answers to {len(questions)} questions", whole=True)
        if (strange := next((x for x in found if not isinstance(x, str)), None)) is not None:
            raise AnswerError(f"target {target.id} answered {short(repr(strange))}; expected a text")
        texts = [writable(text, LONGEST) for text in found]
        each = len(self.wordings)
        return [texts[i : i + each] for i in range(0, len(texts), each)]

    def read(self, answer: Any, truth: Truth) -> Reading:
        read = [self._read(text, truth.label) for text in answer]
        if not read[0]:
            return Reading(None, short(str(answer[0])), kind="not readable")
        right = self._right(truth)
        claims = self.accepted(truth.label) if self.form == "presence" and read[0] == "yes" else frozenset({read[0]})
        if read[0] not in right:
            return Reading(True, "" if self.absent else read[0], claims, kind="false yes" if self.absent else "answered")
        if other := next((text for text in read[1:] if text and text not in right), ""):
            return Reading(True, other, claims, kind="in other words answered")
        return Reading(False, read[0], claims)

    def _right(self, truth: Truth) -> frozenset[str]:
        if self.answer:
            return frozenset({self._read(self.answer, truth.label) or self.answer.lower()})
        if self.form == "presence":
            return frozenset({"no" if self.absent else "yes"})
        if self.form == "count":
            return frozenset({str(sum(box.label == truth.label for box in truth.boxes))})
        if self.form == "colour":
            return frozenset({colour(truth.answer) or truth.answer.lower()})
        return frozenset(name.lower() for name in self.accepted(truth.label))

    def _read(self, text: str, label: str) -> str:
        if self.form == "presence":
            return polarity(text)
        if self.form == "count":
            return number(text)
        if self.form == "colour":
            return colour(text)
        names = [name.lower() for name in self.accepted(label)]
        return next((name for name in names if _names(text, name)), _plain(text))

    def marks(self, answer: Any, truth: Truth) -> Sequence[Mark]:
        return ()


# --- how answers are read -----------------------------------------------------------------------------------------------


def polarity(text: str) -> str:
    """ "yes" or "no": what an answer begins with, else what its first sentence says; "" if it says neither or both."""
    plain = _plain(text)
    first = plain.split(" ")[0].strip(",;:")
    if first in ("yes", "no"):
        return first
    sentence = re.split(r"[.!?]", plain)[0]
    if NO.search(sentence):
        return "no"
    return "yes" if YES.search(sentence) else ""


def number(text: str) -> str:
    """The first number of an answer, in figures; "" if it has none. Words count up to twelve."""
    for word in re.findall(r"[a-z]+|\d+", _plain(text)):
        if word.isdecimal() and len(word) < 10:
            return str(int(word))
        if word in NUMBERS:
            return str(NUMBERS[word])
    # "there is a mug"
    return "1" if re.search(r"\b(?:is|see) an? \w", _plain(text)) else ""


def colour(text: str) -> str:
    """The first colour that an answer names, one word for each shade; "" if it names none."""
    return next((COLOURS[word] for word in re.findall(r"[a-z]+", _plain(text)) if word in COLOURS), "")


def _plain(text: str) -> str:
    return " ".join(text.lower().strip(" \t\n\"'`*.").split())


def _names(text: str, name: str) -> bool:
    forms = "|".join(re.escape(form) for form in (name, plural(name)))
    return bool(re.search(rf"\b(?:{forms})\b", _plain(text)))


# --- questions ----------------------------------------------------------------------------------------------------------


def _template(text: str) -> str:
    """Raises SpecError for a text that asks about no label."""
    plain = text.strip()
    if plain in QUESTIONS:
        return QUESTIONS[plain]
    if not re.search(r"[ ?{]", plain):
        near = nearest(plain, QUESTIONS)
        hint = f" Did you mean {near!r}?" if near else ""
        raise SpecError(f"question {text!r} is none that is known ({', '.join(QUESTIONS)}) and no text of a question.{hint}")
    return plain


def _worded(template: str, label: str) -> str:
    named = {"{label}": label, "{a label}": f"{article(label)} {label}", "{plural}": plural(label)}
    return re.sub(r"\{(?:a label|label|plural)\}", lambda m: named[m[0]], template)
