"""What counts as right, and what stored answers mean."""

import numpy as np
import pytest

from bugscope import tasks
from bugscope.core.accept import AcceptSets
from bugscope.core.errors import ModelError, SpecError
from bugscope.core.labels import Names, imagenet
from bugscope.core.options import Config
from bugscope.core.records import Box, Prompt, Sample, Status, Truth
from bugscope.tasks.classify import Classify, places, widened, wrong
from support.engines import Role

MUG = Truth("mug")
SAMPLE = Sample(Prompt("a photo of a mug", "mug"), "explore", 0)
ANSWER = [["bowl", 0.6], ["mug", 0.3], ["pot", 0.1]]


# --- what a target must answer --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("labels", "error", "message"),
    [
        (None, SpecError, "no label names"), ((), SpecError, "no label names"), (("mug",), ModelError, "1 label names"),
        (("a", "b", "a"), ModelError, "label 'a' twice"), ("ab", ModelError, "the str 'ab'"),
        (("a", ""), ModelError, "no name for label number 1"),
    ],
)  # fmt: skip
def test_a_classifier_with_no_usable_labels_is_refused(labels, error, message):
    with pytest.raises(error, match=message):
        Classify().labels(Role(None, "test/target", labels))


def test_labels_are_texts_in_the_targets_order():
    assert Classify().labels(Role(None, "t", np.array(["pot", "mug"]))) == ("pot", "mug")
    assert Classify().labels(Role(None, "t", [1, 2])) == ("1", "2")


def test_the_best_five_labels_of_each_picture_are_kept_the_first_of_equals_first():
    labels = tuple("abcdefg")
    rows = [[0, 5, 1, 5, 2, 3, 4], [7, 6, 5, 4, 3, 2, 1]]
    kept = Classify().ask(Role(lambda pictures: np.array(rows), "t", labels), ["x", "y"], [MUG, MUG])
    assert [[label for label, _ in answer] for answer in kept] == [list("bdgfe"), list("abcde")]
    assert kept[0][0] == ["b", 5.0] and all(type(score) is float for answer in kept for _, score in answer)


@pytest.mark.parametrize(
    ("scores", "message"),
    [
        (np.zeros((1, 2)), r"scores of shape \(1, 2\); expected \(2, 2\)"),
        (np.zeros(2), r"scores of shape \(2,\); expected \(2, 2\)"),
        ([[0, np.nan], [0, 1]], "scores that are not finite, e.g. nan"),
    ],
)
def test_scores_of_another_shape_or_not_finite_are_refused(scores, message):
    with pytest.raises(ModelError, match=f"target t gave {message}"):
        Classify().ask(Role(lambda pictures: scores, "t", ("a", "b")), ["x", "y"], [MUG, MUG])


# --- what an answer means -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "failed"),
    [
        ({}, True),
        ({"top_k": 2}, False),
        ({"accept": {"mug": ["bowl"]}}, False),
        ({"accept": {"pot": ["bowl"]}}, True),
        ({"top_k": 3, "accept": {"mug": []}}, False),
    ],
)
def test_the_first_answers_decide_and_what_is_accepted_is_right(options, failed):
    reading = Classify(**options).read(ANSWER, MUG)
    assert reading.wrong is failed
    assert (reading.taken_for, reading.score) == ("bowl", 0.6), "whatever counts as right, it was taken for the first"


def test_near_synonyms_are_accepted_and_claimed_where_the_labels_are_imagenets():
    answer = [["cup", 0.9], ["pot", 0.1]]
    task = Classify().knowing(imagenet(), {})
    reading = task.read(answer, Truth("coffee mug"))
    assert (reading.wrong, reading.forgiven) == (False, True) and reading.claims == task.accepted("cup") >= {
        "cup",
        "coffee mug",
    }
    assert not task.read(answer, Truth("cup")).forgiven, "the label itself needs no forgiving"
    for task in (
        Classify(),
        Classify().knowing(("cup", "coffee mug", "pot"), {}),
        Classify(accept="none").knowing(imagenet(), {}),
    ):
        reading = task.read(answer, Truth("coffee mug"))
        assert (reading.wrong, reading.forgiven, reading.claims) == (True, False, {"cup"})
    assert Classify().marks(ANSWER, MUG) == ()


def test_what_was_stated_is_accepted_and_claimed():
    task = Classify(accept={"mug": ["beaker"]})
    assert task.accepted("mug") == {"mug", "beaker"} and task.accepted("pot") == {"pot"}
    reading = task.read([["beaker", 0.9], ["pot", 0.1]], MUG)
    assert reading[:5] == (False, "beaker", {"beaker", "mug"}, 0.9, True)


@pytest.mark.parametrize(
    ("options", "labels", "said"),
    [
        ({}, ("mug", "pot"), "whose first answer is not the label"),
        ({}, imagenet(), "whose first answer is neither the label nor an accepted near-synonym"),
        ({"accept": {"mug": ["pot"]}}, ("mug", "pot"), "neither the label nor another label that was stated for it"),
        ({"top_k": 3}, ("mug", "pot"), "none of whose first 3 answers is the label"),
        ({"top_k": 3}, imagenet(), "none of whose first 3 answers is the label or an accepted near-synonym"),
    ],
)
def test_a_failure_is_said_by_what_counts_as_right(options, labels, said):
    assert Classify(**options).knowing(labels, {}).failure.endswith(said)


def test_what_another_target_calls_a_label_is_no_forgiveness_and_what_it_accepts_is():
    sets = AcceptSets.of("imagenet", ("Cup", "pot", "coffee mug"))
    called = sets.called(["cup", "mug", "zebra"], {"mug": ["pot"]})
    assert called["cup"] == ({"Cup"}, {"Cup", "coffee mug"})
    assert called["mug"] == ({"pot"}, {"pot"}), "a stated name stands for a label that the target does not know"
    assert "zebra" not in called
    task = Classify(accept="imagenet").knowing(sets.names.names, called)
    readings = [task.read([[name, 1.0]], Truth("cup")) for name in ("Cup", "coffee mug", "pot")]
    assert [(r.wrong, r.forgiven) for r in readings] == [(False, False), (False, True), (True, False)]
    anything = AcceptSets.of({}).called(["cup"], {"cup": ["beaker"]})
    assert anything == {"cup": ({"cup"}, {"cup", "beaker"})}, "a target that takes any label knows every one"


def test_places_of_a_folders_labels_and_what_counts_besides():
    names = ("cup", "pot", "coffee mug")
    found = places(["coffee mug", "mine", "zebra"], Names(names), {"mine": (1,)})
    assert found == {"coffee mug": (2,), "mine": (1,), "zebra": ()}
    assert widened(found, AcceptSets.of({}, names)) == found
    assert widened(found, AcceptSets.of("imagenet", names)) == {**found, "coffee mug": (0, 2)}
    assert widened(found, AcceptSets.of({"pot": ["cup"]}, names)) == {**found, "mine": (0, 1)}


def test_wrong_is_none_of_the_first():
    assert wrong([3, 1, 2], {1}) and not wrong([3, 1, 2], {1}, 2) and wrong([], {1})


# --- what stored answers mean ---------------------------------------------------------------------------------------------


def outcome(made=None, judged=1.0, answer=ANSWER, task=None, faithful=0.5, error=""):
    return tasks.outcome(task or Classify(), SAMPLE, {} if made is None else made, judged, answer, faithful, error)


def test_an_answer_is_a_failure_or_a_success_of_a_faithful_picture_only():
    found = outcome()
    assert (found.status, found.wrong, found.taken_for, found.score) == (Status.FAILURE, True, "bowl", 0.6)
    assert found.claims == {"bowl"} and found.sample == SAMPLE
    assert outcome(task=Classify(top_k=2)).status is Status.SUCCESS
    low = outcome(judged=0.49)
    assert low.status is Status.UNFAITHFUL and low.wrong is True and low.taken_for == "bowl", "its name is kept"
    assert outcome(judged=0.5).status is Status.FAILURE and outcome(judged=0.2, faithful=0.1).status is Status.FAILURE


def test_what_got_no_answer_is_errored_and_what_was_refused_is_refused():
    refused = outcome({"refused": "unsafe"}, judged=None, answer=None)
    assert (refused.status, refused.detail, refused.wrong) == (Status.REFUSED, "unsafe", None)
    for missing in ({"judged": None}, {"answer": None}):
        assert (outcome(**missing).status, outcome(**missing).detail) == (Status.ERROR, "not answered")
    assert outcome(answer=None, error="target: busy").detail == "target: busy"
    assert tasks.outcome(Classify(), SAMPLE, None, 1.0, ANSWER, 0.5).status is Status.ERROR


class Needy(Classify):
    needs = frozenset({"boxes"})

    def read(self, answer, truth):
        assert truth.boxes
        return super().read(answer, truth)


def test_a_picture_without_what_a_task_needs_is_left_out():
    stated = {"label": "mug", "others": ["pot"], "boxes": [["mug", 0.1, 0.2, 0.3, 0.4]], "regions": None, "answer": ""}
    for made in ({}, {"truth": {**stated, "boxes": []}}):
        found = outcome(made, task=Needy())
        assert (found.status, found.detail) == (Status.REFUSED, "the generator does not state its boxes")
    assert outcome({"truth": stated}, task=Needy()).status is Status.FAILURE
    truth = tasks.truth(SAMPLE, {"truth": stated})
    assert truth == Truth("mug", ("pot",), (Box("mug", 0.1, 0.2, 0.3, 0.4),))
    assert tasks.truth(SAMPLE, None) == tasks.truth(SAMPLE, {}) == MUG


def test_a_task_is_loaded_with_the_options_that_it_takes():
    config = Config.of({"top_k": 3, "accept": {"mug": ["cup"]}, "alpha": 0.01})
    task = tasks.load(config)
    assert isinstance(task, Classify) and (task.top_k, task.accept) == (3, {"mug": ["cup"]})
    known = tasks.knowing(config, ("Mug", "CUP"))
    assert (known.top_k, known.accepted("Mug")) == (3, {"Mug", "CUP"}), "in the target's own spelling"
    with pytest.raises(SpecError, match="unknown label of the target in accept 'cup'. Did you mean 'cap'"):
        tasks.knowing(config, ("mug", "cap"))
    with pytest.raises(SpecError, match="unknown task 'clasify'. Did you mean 'classify'"):
        tasks.load(Config.of({"task": "clasify"}))
    with pytest.raises(SpecError, match="task 'classify'"):
        tasks.load(Config.of({"task_args": {"iou": 0.5}}))
