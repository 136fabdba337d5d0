"""From captions of failures and successes to hypotheses; no model, no file."""

from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bugscope import language
from bugscope.core.records import Hypothesis, Outcome, Phrase, Sample, Status
from bugscope.method import discover
from support.words import WORDS

LIST = (Phrase("in fog"), Phrase("at night"), Phrase("red", before=True), Phrase("far away"))


def drawn(caption: str, predicted: str, number: int, label: str = "mug") -> tuple[Outcome, str]:
    status = Status.SUCCESS if predicted == label else Status.FAILURE
    return Outcome(Sample(WORDS.neutral(label), "explore", number), status, predicted != label, predicted), caption


class Scribe:
    """A world that describes: captions by sample, and what a describer says."""

    def __init__(self, captions, said=lambda *_: []):
        self.captions, self.propose, self.described = captions, said, []

    def describe(self, outcomes):
        self.described.append(len(outcomes))
        return [self.captions.get(o.sample.key, "") for o in outcomes]


def proposals(drawn: Sequence[tuple[Outcome, str]], **options) -> list[Hypothesis]:
    """`limit` of each label; `said`: the describer; the rest is known to the wording."""
    limit, said = options.pop("limit", 8), options.pop("said", lambda *_: [])
    return discover.propose(
        [o for o, _ in drawn],
        world=Scribe({o.sample.key: c for o, c in drawn}, said),
        wording=replace(WORDS, **options),
        limits={o.sample.prompt.label: limit for o, _ in drawn},
        checklist=LIST,
    )


def texts(hypotheses: Sequence[Hypothesis]) -> list[str]:
    return [f"{h.source}: {language.sentence(h.label, h.phrases)}" for h in hypotheses]


SNOWY = [
    drawn("a photo of a mug on snow at night", "bowl", 0),
    drawn("a photo of a mug on snow", "bowl", 1),
    drawn("a photo of a blue mug on snow", "bowl", 2),
    drawn("a photo of a mug upside down", "cap", 3),
    *(drawn("a photo of a mug on grass", "mug", i) for i in range(4, 10)),
]


def test_exploring_draws_neutral_pictures_of_every_label():
    asked: list[Sample] = []
    discover.explore(["mug", "apple"], 3, seed=5, measure=lambda samples: asked.extend(samples) or [], wording=WORDS)
    assert [(s.prompt.text, s.replicate) for s in asked[2:4]] == [("a photo of a mug", 2), ("a photo of an apple", 0)]
    assert {s.purpose for s in asked} == {"explore"} and {s.run_seed for s in asked} == {5}
    assert len({s.seed for s in asked}) == 6


@given(
    st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3), st.integers(0, 2)), min_size=1, max_size=70), st.integers(1, 30)
)
def test_every_label_has_a_share_and_none_more_than_stated(explored, limit):
    outcomes = [
        Outcome(Sample(WORDS.neutral(f"thing {i}"), "explore", j), status, taken_for="cap")
        for i, (wrong, right, errors) in enumerate(explored)
        for j, status in enumerate([Status.FAILURE] * wrong + [Status.SUCCESS] * right + [Status.ERROR] * (errors + 1))
    ]
    found = discover.shares(outcomes, limit)
    assert list(found) == [f"thing {i}" for i in range(len(explored))]
    # the proof of the level rests on this: nothing that exploration saw gives a label more
    assert all(1 <= n <= limit for n in found.values())
    for n, (wrong, right, _) in zip(found.values(), explored, strict=True):
        assert n == limit if wrong and right else n <= max(1, limit / 2)


def test_failures_gather_by_label_and_what_they_were_taken_for():
    groups = discover.cluster(o for o, _ in SNOWY)
    assert [(key, len(members)) for key, members in groups.items()] == [(("mug", "bowl"), 3), (("mug", "cap"), 1)]


def test_contrasts_first_then_whole_captions_then_the_checklist():
    found = texts(proposals(SNOWY))
    assert found[:3] == ["contrast: a mug on snow", "caption: a mug upside down", "checklist: a mug at night"]
    assert found[3:] == ["checklist: a mug in fog", "checklist: a red mug", "checklist: a mug far away"]


def test_hypotheses_know_the_pictures_that_suggested_them():
    keys = {o.sample.key: i for i, (o, _) in enumerate(SNOWY)}
    by_source = {h.source: [keys[k] for k in h.suggested_by] for h in proposals(SNOWY)}
    assert by_source == {"contrast": [0, 1, 2], "caption": [3], "checklist": []}


def test_a_quarter_at_least_belongs_to_the_checklist():
    places = ["on sand", "on grass", "indoors", "on water", "on marble", "on tiles", "on bricks", "on dirt"]
    drawings = [drawn(f"a photo of a mug {p}", f"thing {p}", i) for i, p in enumerate(places)]
    sources = [h.source for h in proposals(drawings, limit=8)]
    assert sources == ["caption"] * 6 + ["checklist"] * 2


def test_what_failed_before_comes_first_in_the_checklist_and_what_did_no_harm_last():
    drawings = [drawn("a photo of a mug far away", "bowl", 0), *(drawn("a photo of a red mug", "mug", i) for i in range(1, 9))]
    listed = [t for t in texts(proposals(drawings)) if t.startswith("checklist")]
    assert listed == ["checklist: a mug in fog", "checklist: a mug at night", "checklist: a red mug"]
    assert texts(proposals(drawings))[0] == "caption: a mug far away"


def test_the_limit_is_a_label_s_and_labels_keep_their_order():
    found = proposals([drawn("a photo of a mug", "mug", 0), drawn("a photo of a pot", "pot", 1, "pot")], limit=3)
    assert [h.label for h in found] == ["mug"] * 3 + ["pot"] * 3
    assert [h.source for h in found] == ["checklist"] * 6


def test_the_same_phrases_are_tried_once():
    drawings = [drawn("a photo of a mug at night in fog", "bowl", 0), drawn("a photo of a mug in fog at night", "cap", 1)]
    found = proposals(drawings)
    assert len({frozenset(h.phrases) for h in found}) == len(found)
    assert sum(len(h.phrases) == 2 for h in found) == 1


def test_what_the_generator_cannot_show_is_left_out():
    found = texts(proposals(SNOWY, admissible=lambda label, phrase: phrase.text in ("on snow", "in fog")))
    assert found == ["contrast: a mug on snow", "checklist: a mug in fog"]


def test_prompts_that_the_generator_does_not_understand_are_left_out():
    found = proposals(SNOWY, sayable=lambda prompt: "snow" not in prompt.text)
    assert "caption: a mug upside down" in texts(found)
    assert not any("snow" in t for t in texts(found))


def test_a_caption_of_another_object_keeps_its_context_and_gets_the_true_label():
    drawings = [drawn("a bee on a flower", "bee", i, "fly") for i in range(3)]
    assert texts(proposals(drawings, nouns=frozenset({"bee"})))[0] == "contrast: a fly on a flower"


@pytest.mark.parametrize("caption", ["", "nothing to say", "a photo of a mug"])
def test_captions_that_say_nothing_leave_the_checklist(caption):
    assert {h.source for h in proposals([drawn(caption, "bowl", 0), drawn(caption, "bowl", 1)])} == {"checklist"}


def test_unfaithful_and_refused_pictures_suggest_nothing():
    odd = [
        (Outcome(Sample(WORDS.neutral("mug"), "explore", i), status, taken_for="bowl"), "a photo of a mug on snow")
        for i, status in enumerate([Status.UNFAITHFUL, Status.REFUSED, Status.ERROR])
    ]
    assert {h.source for h in proposals(odd)} == {"checklist"}


def test_as_many_successes_as_failures_are_described():
    scribe = Scribe({})
    outcomes = [o for o, _ in [*(drawn("", "bowl", i) for i in range(10)), *(drawn("", "mug", i) for i in range(10, 40))]]
    discover.propose(outcomes, world=scribe, wording=WORDS, limits={o.sample.prompt.label: 3 for o in outcomes})
    assert scribe.described == [20]


def test_what_a_describer_says_becomes_descriptions_of_the_labels_that_fail():
    asked = []

    def said(label, failures, successes):
        asked.append((label, list(failures), list(successes)))
        return ["a red mug in a storm", "blue, seen from below", "unsayable", "mug", ""]

    fine = [drawn("a photo of a pot on grass", "pot", i, "pot") for i in range(4)]
    found = proposals([*SNOWY, *fine], said=said, sayable=lambda prompt: "unsayable" not in prompt.text)
    ((label, failures, successes),) = asked
    assert label == "mug" and failures == [c for _, c in SNOWY[:4]] and successes == [c for _, c in SNOWY[4:]]
    mine = [h for h in found if h.source == "describer"]
    assert [[(p.text, p.before) for p in h.phrases] for h in mine] == [
        [("red", True), ("in a storm", False)],
        [("blue", True), ("seen from below", False)],
    ]
    assert mine[0].suggested_by == tuple(o.sample.key for o, _ in SNOWY[:4])
