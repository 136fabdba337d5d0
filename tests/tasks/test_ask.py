"""What answers in a model's own words mean."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bugscope import tasks
from bugscope.core.errors import AnswerError, SpecError
from bugscope.core.options import Config
from bugscope.core.records import Box, Prompt, Sample, Status, Truth
from bugscope.tasks.ask import Ask, colour, number, polarity
from bugscope.testing import conformance

MUG = Truth("coffee mug", (), (Box("coffee mug", 0, 0, 1, 1), Box("coffee mug", 0, 0, 1, 1), Box("vase", 0, 0, 1, 1)))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Yes.", "yes"), ("yes, there is a mug on the table", "yes"), ("No", "no"), ("No, there isn't.", "no"),
        ("There is a mug.", "yes"), ("There is no mug in this picture.", "no"), ("I can't see one. Yes, really.", "no"),
        ("**Yes**", "yes"), ("It is definitely a mug", "yes"), ("There are none", "no"), ("I do not see any mug.", "no"),
        ("A mug.", ""), ("", ""), ("Perhaps", ""), ("True", "yes"), ("The picture doesn’t show one", "no"),
    ],
)  # fmt: skip
def test_yes_and_no_are_read_in_many_words(text, said):
    assert polarity(text) == said


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("3", "3"), ("There are three mugs.", "3"), ("Two.", "2"), ("There is a mug.", "1"), ("None", "0"), ("no mugs", "0"),
        ("I see 12 of them", "12"), ("many", ""), ("", ""), ("a couple", "2"), ("007", "7"),
    ],
)  # fmt: skip
def test_numbers_are_read_as_figures_or_words(text, said):
    assert number(text) == said


@pytest.mark.parametrize(("text", "said"), [("It is Gray.", "grey"), ("dark navy", "blue"), ("a mug", ""), ("golden", "gold")])
def test_colours_are_read_by_their_common_names(text, said):
    assert colour(text) == said


@given(st.text(max_size=60))
def test_any_answer_can_be_read(text):
    assert polarity(text) in ("yes", "no", "")
    assert number(text) == "" or number(text).isdecimal()
    assert isinstance(colour(text), str)
    for question in ("presence", "count", "colour", "What is this?"):
        Ask(question=question, answer="red" if question == "colour" else "").read([text], MUG)


def test_the_right_answer_depends_on_the_question():
    assert not Ask().read(["Yes"], MUG).wrong and Ask().read(["No"], MUG).wrong
    assert Ask(absent=True).read(["Yes"], MUG).kind == "false yes" and not Ask(absent=True).read(["No"], MUG).wrong
    assert not Ask(question="count").read(["two"], MUG).wrong and Ask(question="count").read(["3"], MUG).taken_for == "3"
    red = Truth("mug", answer="crimson")
    assert not Ask(question="colour").read(["Red!"], red).wrong and Ask(question="colour").read(["blue"], red).wrong
    what = Ask(question="What object is this?")
    assert not what.read(["This is a coffee mug."], MUG).wrong and what.read(["A teapot"], MUG).taken_for == "a teapot"
    assert not Ask(question="Is the {label} alive?", answer="no").read(["no"], MUG).wrong


def test_what_cannot_be_read_is_neither_right_nor_wrong():
    assert Ask().read(["Perhaps"], MUG).wrong is None
    sample = Sample(Prompt("a photo of a mug", "mug"), "explore", 0)
    outcome = tasks.outcome(Ask(), sample, {"image": "x"}, 1.0, ["Perhaps"], 0.5)
    assert outcome.status is Status.EXCLUDED and not outcome.status.counts and outcome.taken_for == "Perhaps"


def test_other_wordings_must_give_the_same_answer():
    made = Ask(paraphrases=["Can you see {a label} here?", "Are there {plural} in this image?"])
    assert not made.read(["Yes", "yes", "Yes."], MUG).wrong
    assert made.read(["Yes", "no", "yes"], MUG).kind == "in other words answered"
    assert made.read(["No", "yes", "yes"], MUG).kind == "answered"
    assert not made.read(["Yes", "perhaps", "yes"], MUG).wrong
    assert made.id != Ask().id == "ask"


def test_each_wording_is_asked_about_each_picture():
    asked = []

    def model(pictures, questions):
        asked.extend(zip(pictures, questions, strict=True))
        return [f"Yes, {question}" for question in questions]

    model.id = "test/model"
    made = Ask(paraphrases="Are there {plural}?")
    answers = made.ask(model, ["x", "y"], [MUG, Truth("iron")])
    assert [q for _, q in asked] == [
        "Is there a coffee mug in this picture? Answer yes or no.", "Are there coffee mugs?",
        "Is there an iron in this picture? Answer yes or no.", "Are there irons?",
    ]  # fmt: skip
    assert [p for p, _ in asked] == ["x", "x", "y", "y"] and [len(a) for a in answers] == [2, 2]
    conformance.check_task(made, model, ["x", "y"], [MUG, MUG])


@pytest.mark.parametrize(
    ("given", "message"), [(["Yes", "No"], "2 answers to 1 questions"), ([1], "answered 1"), ("Yes", "'Yes'")]
)
def test_other_answers_are_refused(given, message):
    def model(pictures, questions):
        return given

    model.id = "test/model"
    with pytest.raises(AnswerError, match=message):
        Ask().ask(model, ["x"], [MUG])


def test_questions_that_make_no_sense_are_refused():
    with pytest.raises(SpecError, match="question 'presense' is none that is known .* Did you mean 'presence'"):
        Ask(question="presense")
    with pytest.raises(SpecError, match="of what a picture does not show, ask 'presence'"):
        Ask(question="count", absent=True)
    assert "answered wrongly" in tasks.load(Config(task="ask")).failure
