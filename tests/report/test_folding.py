"""What has one cause stands together in a report, and is called the same for ever."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bugscope.report.folding import arranged, because, by_home, cause, under

WORDS = ("snow", "night", "red", "above")


def record(key, phrases, cause=None, parent=None, rise=0.5, label="mug", low=0.0, high=1.0):
    """As much of a bug as is asked for here."""
    return {
        "key": key, "label": label, "phrases": list(phrases), "cause": list(cause or phrases), "parent": parent,
        "description": ", ".join(phrases), "risk_difference": rise, "failures": 8, "n": 10, "low": low, "high": high,
        "level": 0.95,
    }  # fmt: skip


def hunted(bugs, found=()):
    """The causes as the hunt found them: each description itself, but for those in `found`."""
    return {b["key"]: b["phrases"] for b in bugs if not b["parent"]} | dict(found)


@st.composite
def several(draw):
    found = []
    for i in range(draw(st.integers(1, 8))):
        phrases = draw(st.lists(st.sampled_from(WORDS), min_size=1, unique=True))
        label, parent = draw(st.sampled_from(("mug", "pot"))), None
        if (tops := [b["key"] for b in found if not b["parent"] and b["label"] == label]) and draw(st.booleans()):
            parent = draw(st.sampled_from(tops))
        cause = draw(st.lists(st.sampled_from(phrases), min_size=1, unique=True))
        rise, low = draw(st.sampled_from((0.3, 0.5, 0.7))), draw(st.sampled_from((0.0, 0.5)))
        found.append(record(f"{i}", phrases, cause, parent, rise, label, low, low + 0.4))
    return found


def numbers(bugs, folded):
    return {b["key"]: b["id"] for b in (*bugs, *folded)}


@given(several())
def test_every_confirmed_description_is_there_once_with_a_number_of_its_own(bugs):
    own, folded = arranged(bugs, hunted(bugs))
    assert sorted(b["key"] for b in (*own, *folded)) == sorted(b["key"] for b in bugs)
    ids = numbers(own, folded)
    assert len(set(ids.values())) == len(bugs)
    labels = {b["id"]: b["label"] for b in own}
    for b in own:
        assert b["same_as"] is None and b["also"] == [x["id"] for x in under(b, by_home(folded))]
        assert all(x["label"] == b["label"] for x in under(b, by_home(folded)))
    for b in folded:
        assert b["also"] == [] and labels[b["same_as"]] == b["label"]
    for b, before in ((b, next(x for x in bugs if x["key"] == b["key"])) for b in (*own, *folded)):
        # "3.1" is a sharper description of "3"
        assert b["parent"] == (b["id"].rpartition(".")[0] or None)
        assert b["parent"] == (ids[before["parent"]] if before["parent"] else None)


@given(several(), st.data())
def test_what_is_explained_later_changes_no_number(bugs, data):
    before = numbers(*arranged(bugs, hunted(bugs)))
    later = [b | {"cause": data.draw(st.lists(st.sampled_from(b["phrases"]), min_size=1, unique=True))} for b in bugs]
    assert numbers(*arranged(later, hunted(bugs))) == before


@given(several(), st.randoms(use_true_random=False))
@pytest.mark.slow
def test_the_order_in_which_bugs_come_does_not_matter(bugs, chance):
    bugs = [b | {"risk_difference": 0.1 + i / 100} for i, b in enumerate(bugs)]  # no two rank alike
    shuffled = list(bugs)
    chance.shuffle(shuffled)
    assert arranged(shuffled, hunted(bugs)) == arranged(bugs, hunted(bugs))


@given(several())
def test_a_probe_folds_nothing(bugs):
    own, folded = arranged(bugs, hunted(bugs), apart=True)
    assert folded == [] and len(own) == len(bugs) and all(b["also"] == [] and b["same_as"] is None for b in own)


def test_bugs_of_their_own_are_numbered_first_by_effect():
    bugs = [
        record("a", ("marble", "studio"), ("studio",), rise=0.9),
        record("b", ("studio",), rise=0.6),
        record("c", ("above",), rise=0.8),
        record("c1", ("above", "red"), parent="c", rise=0.2),
        record("d", ("red", "studio"), rise=0.7),
    ]
    own, folded = arranged(bugs, hunted(bugs, [("a", ["studio"])]))
    assert [(b["key"], b["id"], b["also"]) for b in own] == [("c", "1", []), ("c1", "1.1", []), ("b", "2", ["3", "4"])]
    assert [(b["key"], b["id"], b["same_as"]) for b in folded] == [("a", "3", "2"), ("d", "4", "2")]
    assert because(folded[0], own) == "The same cause as bug 2."
    assert because(folded[1], own) == "It contains the cause of bug 2, “studio”, and is not shown to fail more often."


def test_a_child_stays_with_what_its_parent_is_folded_into():
    bugs = [
        record("a", ("studio",), rise=0.9, low=0.1, high=0.4),
        record("b", ("above",), rise=0.8),
        record("c", ("studio", "red"), rise=0.7, low=0.3, high=0.7),
        record("c1", ("studio", "red", "night"), parent="c", low=0.8, high=0.99),
    ]
    own, folded = arranged(bugs, hunted(bugs))
    assert [b["id"] for b in own] == ["1", "3.1", "2"] and [b["id"] for b in folded] == ["3"]


def test_a_later_explanation_puts_bugs_together_and_takes_them_apart():
    bugs = [record("a", ("studio",)), record("b", ("red", "night")), record("c", ("red", "studio"))]
    own, folded = arranged(bugs, hunted(bugs))
    assert [b["key"] for b in own] == ["b", "a"] and [b["key"] for b in folded] == ["c"]
    apart = [bugs[0], bugs[1] | {"cause": ["red"]}, bugs[2] | {"cause": ["red"]}]
    now, under_it = arranged(apart, hunted(bugs))
    assert numbers(now, under_it) == numbers(own, folded)
    assert {b["key"]: b["same_as"] for b in under_it} in ({"c": "1"}, {"b": "3"})


# --- the cause ----------------------------------------------------------------------------------------------------------


def phrases(*texts):
    return [{"text": text, "before": False} for text in texts]


@pytest.mark.parametrize(
    ("kept", "verdict", "decided", "expected"),
    [
        (("snow",), "confirmed", True, ["snow"]),
        (("snow",), "confirmed", False, ["red", "snow"]),
        (("snow",), "undecided", True, ["red", "snow"]),
        (("red", "snow"), "futile", True, ["red", "snow"]),
        (("sand",), "confirmed", True, ["red", "snow"]),
    ],
)
def test_the_cause_is_the_minimal_description_where_it_is_decided_and_confirmed(kept, verdict, decided, expected):
    note = {"minimal": {"phrases": phrases(*kept), "decided": decided, "trials": [
        {"phrases": phrases("red"), "verdict": "futile"}, {"phrases": phrases(*kept), "verdict": verdict},
    ]}}  # fmt: skip
    assert cause({"phrases": phrases("red", "snow")}, note) == expected


def test_the_cause_of_what_is_not_explained_is_all_of_it():
    assert cause({"phrases": phrases("red", "snow")}, None) == ["red", "snow"]
