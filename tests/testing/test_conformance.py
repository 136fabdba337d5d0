"""The checks for whoever writes a provider."""

import io

import numpy as np
import pytest

from bugscope import testing
from bugscope.core.records import Refused, Truth
from bugscope.media import picture
from bugscope.media.picture import Picture, as_rgb
from bugscope.tasks.classify import Classify
from bugscope.testing import World


def test_the_world_conforms():
    roles = World(labels=("mug", "pot")).roles()
    testing.check_generator(roles["generator"], ["a photo of a mug", "a photo of a red pot on snow", "a photo of a mug"])
    pictures = roles["generator"](["a photo of a mug"] * 3, [1, 2, 3])
    testing.check_judge(roles["judge"], pictures, ["mug"] * 3)
    testing.check_classifier(roles["target"], [p.content for p in pictures])
    testing.check_captioner(roles["captioner"], [p.content for p in pictures])


class Reading:
    """A target that looks at a picture's mean, and `fault`."""

    id, labels = "reading", ("dark", "bright")

    def __init__(self, fault: str = "") -> None:
        self.fault = fault

    def __call__(self, images):
        rows = np.array([[1.0, float(np.asarray(as_rgb(i)).mean()) / 128] for i in images]).reshape(-1, 2)
        if self.fault == "batch" and len(images) > 1:
            rows -= rows.mean(axis=0)
        if self.fault == "order":
            rows = rows[::-1]
        if self.fault == "nan":
            rows[:1] = np.nan
        if self.fault == "shape":
            rows = rows[:, :1]
        if self.fault == "empty" and not images:
            raise ValueError("need at least one array")
        return rows


def test_a_good_classifier_passes():
    testing.check_classifier(Reading())


@pytest.mark.parametrize("fault", ["batch", "order", "nan", "shape", "empty"])
def test_a_faulty_classifier_does_not(fault):
    with pytest.raises((AssertionError, ValueError)):
        testing.check_classifier(Reading(fault))


@pytest.mark.parametrize("fault", ["companions", "order", "missing", "moody"])
def test_a_faulty_generator_does_not(fault):
    good, calls = World().generator, [0]

    def generator(prompts, seeds):
        calls[0] += 1
        if fault == "companions":
            seeds = [s + len(seeds) for s in seeds]
        if fault == "moody":
            seeds = [s + calls[0] for s in seeds]
        made = good(prompts, seeds)
        return made[::-1] if fault == "order" else made[1:] if fault == "missing" else made

    testing.check_generator(good, ["a photo of a mug", "a photo of a mug on snow", "a photo of a mug"])
    with pytest.raises((AssertionError, ValueError)):
        testing.check_generator(generator, ["a photo of a mug", "a photo of a mug on snow", "a photo of a mug"])


def test_a_faulty_captioner_or_judge_does_not():
    with pytest.raises(AssertionError):
        testing.check_captioner(lambda images: [f"picture {i}" for i, _ in enumerate(images)])
    pictures = [Picture(i) for i in testing.images()]
    with pytest.raises(AssertionError):
        testing.check_judge(lambda pictures, labels: [2.0] * len(pictures), pictures, ["mug"] * len(pictures))


def test_our_task_and_our_medium_conform():
    truths = [Truth(label) for label in ("dark", "bright", "dark")]
    for task in (Classify(), Classify(top_k=2, accept={"dark": ["bright"]})):
        testing.check_task(task, Reading(), testing.images(), truths)
    testing.check_medium(picture, testing.images())


class Faulty(Classify):
    """Has `fault`."""

    def __init__(self, fault):
        super().__init__()
        self.fault, self.read_before = fault, 0

    def ask(self, target, items, truths):
        answers = super().ask(target, items, truths)
        if self.fault == "short":
            return answers[1:]
        return [object() for _ in items] if self.fault == "heavy" else answers

    def read(self, answer, truth):
        self.read_before += 1
        found = super().read(answer, truth)
        if self.fault == "bare":
            return found.wrong
        if self.fault == "endless":
            return found._replace(score=float("inf"))
        return found._replace(wrong=self.read_before % 2 == 0) if self.fault == "moody" else found

    def accepted(self, label):
        return frozenset({"bright"}) if self.fault == "stranger" else super().accepted(label)

    def marks(self, answer, truth):
        return ["a box"] if self.fault == "scribble" else []


@pytest.mark.parametrize("fault", ["short", "heavy", "bare", "endless", "moody", "stranger", "scribble"])
def test_a_faulty_task_does_not(fault):
    with pytest.raises((AssertionError, TypeError)):
        testing.check_task(Faulty(fault), Reading(), testing.images(), [Truth("dark")] * 3)


def jpeg(content):
    file = io.BytesIO()
    content.save(file, "JPEG", quality=50)
    return file.getvalue()


class Lossy:
    """Pictures, with one function replaced."""

    def __init__(self, **replaced):
        self.__dict__.update(replaced)

    def __getattr__(self, name):
        return getattr(picture, name)


@pytest.mark.parametrize(
    "replaced",
    [
        {"suffix": "png"},
        {"encode": jpeg},
        {"decode": lambda data: picture.sample()},
        {"copy": lambda content: content},
        {"preview": lambda content, side, marks=(): picture.preview(content, 2 * side, marks)},
        {"signature": lambda content: bytes(content.width)},
        {"signature": lambda content: b"1234"},
        {"check": lambda content: Refused("no")},
        {"check": lambda content: content if not isinstance(content, object) else picture.sample()},
    ],
    ids=["suffix", "encode", "decode", "copy", "preview", "length", "short", "refuses", "takes-all"],
)
def test_a_faulty_medium_does_not(replaced):
    with pytest.raises(AssertionError):
        testing.check_medium(Lossy(**replaced), testing.images())
