"""What a multi-label classifier's scores mean."""

import numpy as np
import pytest

from bugscope.core.errors import AnswerError, SpecError
from bugscope.core.records import Truth
from bugscope.tasks.tag import KEPT, Tag
from bugscope.testing import conformance
from support.engines import Role

LABELS = ("cup", "bowl", "unsafe", "plant")
MUG = Truth("coffee mug")


def task(**options):
    return Tag(**options).knowing(LABELS, {})


def read(made, **given):
    return made.read([[tag, score] for tag, score in sorted(given.items(), key=lambda x: -x[1])], MUG)


def test_a_label_must_reach_its_threshold_by_any_name_that_is_right_for_it():
    assert not read(task(), cup=0.6, bowl=0.9).wrong
    missing = read(task(), cup=0.4, bowl=0.9)
    assert missing.wrong and missing.kind == "missing" and missing.taken_for == "bowl" and missing.score == 0.4
    assert not read(task(threshold=0.3), cup=0.4).wrong
    assert read(task(thresholds={"cup": 0.7}), cup=0.6).wrong
    assert not read(task(thresholds={"cup": 0.5}, threshold=0.9), cup=0.6).wrong


def test_tags_that_must_not_be_given_are_failures():
    made = task(forbidden="unsafe")
    assert read(made, cup=0.9, unsafe=0.7)[:2] == (True, "unsafe") and read(made, cup=0.9, unsafe=0.7).kind == "extra"
    assert not read(made, cup=0.9, unsafe=0.3).wrong and not read(made, bowl=0.9).wrong
    assert "must not have (unsafe)" in made.failure
    assert made.labels(Role(None, "t", LABELS)) == (), "any label may be hunted on"


def test_a_label_that_is_absent_must_not_be_given():
    made = task(absent=True)
    assert made.absent and read(made, cup=0.6).wrong and not read(made, cup=0.2, bowl=0.9).wrong


def test_thresholds_may_be_in_a_file(tmp_path):
    file = tmp_path / "thresholds.yaml"
    file.write_text("cup: 0.7\nbowl: 0.2\n")
    assert task(thresholds=str(file)).thresholds == {"cup": 0.7, "bowl": 0.2}
    with pytest.raises(SpecError, match=r"does not exist. Did you mean '.*thresholds.yaml'"):
        Tag(thresholds=str(tmp_path / "threshold.yaml"))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"threshold": 1.5}, "threshold of the task is 1.5; it must be a number from 0 to 1"),
        ({"thresholds": {"cup": "high"}}, "threshold of 'cup' of the task is 'high'"),
        ({"thresholds": {"cop": 0.5}}, "unknown tag of the target t 'cop'. Did you mean 'cup'"),
        ({"forbidden": ["unsave"]}, "unknown tag of the target t 'unsave'. Did you mean 'unsafe'"),
        ({"thresholds": 3}, "thresholds of the task is a int"),
    ],
)
def test_options_that_make_no_sense_are_refused(options, message):
    with pytest.raises(SpecError, match=message):
        task(**options).labels(Role(None, "t", LABELS))


def test_logits_are_refused():
    with pytest.raises(AnswerError, match="a score of 5; expected probabilities .* look like logits"):
        Tag().ask(Role(lambda pictures: np.array([[5.0, 0, 0, 0]]), "t", LABELS), ["x"], [MUG])


def test_the_surest_tags_and_those_that_matter_are_kept():
    labels = tuple(f"tag {i}" for i in range(KEPT + 20))
    target = Role(lambda pictures: np.linspace(1, 0, KEPT + 20)[None], "t", labels)
    (answer,) = Tag(forbidden=labels[-1]).knowing(labels, {}).ask(target, ["x"], [Truth(labels[-2])])
    assert [tag for tag, _ in answer] == [*labels[:KEPT], *labels[-2:]]
    conformance.check_task(task(), Role(lambda p: np.full((len(p), 4), 0.5), "t", LABELS), ["a", "b"], [MUG, MUG])
