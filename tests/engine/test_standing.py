"""A role that does not answer is given up, in stated time and with its reason; one that fails now and then is not."""

import pytest

from bugscope.core.errors import AnswerError, Declined, ModelError, Transient
from bugscope.engine import patience as patience_module
from bugscope.engine.patience import Failed, Patience, Unasked
from bugscope.engine.standing import BROKEN, DECLINED, FIRST_WAIT, LATER_WAIT, RECENT, Standing, Unanswered, roughly

MANY = list(range(400))


def raising(error, wanted=lambda item: True):
    """A model that raises for batches with an item that is `wanted`."""

    def call(items):
        if any(map(wanted, items)):
            raise error
        return items

    return call


def asked(patience, call, items=MANY, size=8, counts=lambda item: True):
    """Batch by batch, as an engine asks; what was answered before the role was given up, and why it was."""
    found = []
    try:
        for i in range(0, len(items), size):
            found += patience.ask("judge j", call, items[i : i + size], counts)
        patience.settle()
    except Unanswered as error:
        return [a for a in found if not isinstance(a, Failed)], str(error)
    return [a for a in found if not isinstance(a, Failed)], None


# --- never an answer -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("after", [None, 0.5, 20.0, 3600.0, float("inf")])
def test_who_never_answers_is_waited_for_ten_minutes_at_most(after):
    waits = []
    got, why = asked(Patience(waits.append), raising(Transient("the server is down", after)))
    assert got == [] and sum(waits) <= FIRST_WAIT
    assert "the server is down" in why and why.startswith("judge j ")
    assert "has not answered once" in why or "failed at" in why


def test_tries_that_take_long_and_fail_count_as_waiting(monkeypatch):
    now = [0.0]
    monkeypatch.setattr(patience_module.time, "monotonic", lambda: now[0])

    def slow(items):
        now[0] += 60
        raise Transient("timed out")

    calls = []
    got, why = asked(Patience(lambda s: None), lambda items: calls.append(1) or slow(items))
    assert got == [] and len(calls) <= 11
    assert why.startswith("judge j has not answered once after 10 min of trying and waiting: timed out")


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (ValueError("no such layer"), "judge j raised ValueError: no such layer"),
        (RuntimeError(), "judge j raised RuntimeError"),
        (AnswerError("judge j gave nan"), "judge j gave nan"),
        (SystemExit(0), "judge j raised sys.exit(0)"),
    ],
)
def test_a_model_that_is_set_up_wrongly_is_told_of_at_once(error, said):
    calls = []
    with pytest.raises(Unanswered) as raised:
        Patience(pytest.fail).ask("judge j", lambda items: calls.append(1) or raising(error)(items), MANY[:16])
    assert str(raised.value) == said and len(calls) <= 8


def test_an_answer_of_a_wrong_form_is_not_asked_for_in_halves():
    calls = []
    with pytest.raises(Unanswered, match="gave 1 for 16"):
        Patience().ask("judge j", lambda i: calls.append(1) or raising(AnswerError("gave 1 for 16", whole=True))(i), MANY[:16])
    assert len(calls) == 1


def test_a_run_in_which_a_role_answered_nothing_does_not_end_well_however_small_it_was():
    for error in (Declined("content filter"), Transient("busy"), MemoryError()):
        patience = Patience(lambda s: None)
        got, why = asked(patience, raising(error), MANY[:2])
        assert got == [] and why.startswith("judge j answered none of 2 questions: ")
        patience.settle(optional=["judge j"])
    assert asked(Patience(), raising(ValueError("no")), MANY[:2]) == ([], "judge j raised ValueError: no")
    assert asked(Patience(), raising(ValueError("no"), lambda item: item == 0), MANY[:2]) == ([1], None)


# --- no more answers -------------------------------------------------------------------------------------------------------


def test_an_outage_ends_the_run_in_bounded_time_and_loses_nothing():
    waits = []
    got, why = asked(Patience(waits.append), raising(Transient("gone"), lambda item: item >= 100))
    assert got == MANY[:100] and why == f"judge j failed at {RECENT // 2 + 1} of its last {RECENT} questions: gone"
    assert sum(waits) <= LATER_WAIT
    waits.clear()
    got, why = asked(Patience(waits.append), raising(Transient("quota", 3600.0), lambda item: item >= 100))
    assert got == MANY[:96] and 0 < sum(waits) <= LATER_WAIT
    assert "stopped answering, and did not begin again after 1 h" in why and why.endswith("quota")


@pytest.mark.parametrize(
    "error", [Transient("busy", 0.0), MemoryError(), ValueError("no"), AnswerError("empty"), SystemExit(1)]
)
def test_more_than_half_of_the_last_fifty_failing_ends_the_run_and_less_does_not(error):
    got, why = asked(Patience(lambda s: None), raising(error, lambda item: item % 5 in (1, 2, 3)))
    assert f"of its last {RECENT} questions" in why and got
    got, why = asked(Patience(lambda s: None), raising(error, lambda item: item % 5 in (1, 2)))
    assert why is None and len(got) == 240


def test_answers_that_break_the_contract_one_by_one_count_as_failures():
    def blank(items):
        return [AnswerError("blank") if item % 4 else item for item in items]

    got, why = asked(Patience(), blank)
    assert "of its last 50 questions: blank" in why and set(got) <= set(range(0, 400, 4)) and got


def test_a_filter_may_decline_one_label_but_not_most_of_all():
    declined = raising(Declined("not that"), lambda item: 50 <= item < 150)
    assert asked(Patience(pytest.fail), declined) == ([*range(50), *range(150, 400)], None)
    got, why = asked(Patience(pytest.fail), raising(Declined("not that"), lambda item: item % 5))
    assert why == f"judge j declined {4 * DECLINED // 5} of its last {DECLINED} questions: not that"


def test_total_waiting_is_bounded(monkeypatch):
    monkeypatch.setattr(patience_module, "MOST_WAITING", 1000.0)
    waits, odd = [], set()

    def limited(items):
        if (first := items[0]) not in odd:
            odd.add(first)
            raise Transient("too many requests", 100.0)
        return items

    patience = Patience(waits.append)
    got, why = asked(patience, limited)
    assert sum(waits) <= 1000 and got == MANY[: 8 * len(waits)]
    assert why == "judge j keeps the run waiting, for 17 min in all: too many requests"


# --- another day -----------------------------------------------------------------------------------------------------------


def test_what_failed_in_an_earlier_session_says_nothing_new():
    broken = raising(ValueError("that picture"), lambda item: item < 60)
    assert asked(Patience(before=["judge j"]), broken, MANY[:60], counts=lambda item: False) == ([], None)
    got, why = asked(Patience(before=["judge j"]), broken, counts=lambda item: item >= 60)
    assert why is None and got == MANY[60:]
    got, why = asked(Patience(before=["judge j"]), broken)
    assert "failed at" in why
    # but who has never answered at all has not answered now either
    got, why = asked(Patience(), raising(Declined("no")), MANY[:20], counts=lambda item: False)
    assert why == "judge j answered none of 20 questions: no"


def test_a_session_may_end_on_a_few_failures_of_who_answered_before():
    last = raising(ValueError("that picture"))
    assert asked(Patience(before=["judge j"]), last, MANY[: BROKEN - 1]) == ([], None)
    assert asked(Patience(before=["judge j"]), last, MANY[:BROKEN])[1] is not None


# --- details ---------------------------------------------------------------------------------------------------------------


def test_one_item_that_breaks_a_model_loses_no_other():
    for error in (ValueError("boom"), ValueError(), SystemExit(0), MemoryError("boom"), RecursionError()):
        found = Patience().ask("judge j", raising(error, lambda item: item == 5), MANY[:8])
        assert [i for i, answer in enumerate(found) if isinstance(answer, Failed)] == [5]
        assert [a for a in found if not isinstance(a, Failed)] == [0, 1, 2, 3, 4, 6, 7]
    assert found[5].reason == "RecursionError"
    assert Patience().ask("j", raising(SystemExit(3), lambda i: i == 1), [0, 1])[1] == Failed("sys.exit(3)")


@pytest.mark.parametrize("error", [KeyboardInterrupt, GeneratorExit])
def test_what_ends_the_run_is_no_failure_of_a_model(error):
    with pytest.raises(error):
        Patience().ask("judge j", raising(error()), MANY[:4])


def test_errors_of_ours_stop_the_run():
    with pytest.raises(ModelError, match="the key is refused"):
        Patience().ask("judge j", raising(ModelError("the key is refused"), lambda item: item == 3), MANY[:4])


def test_what_is_not_asked_any_more_is_told_from_what_failed():
    patience = Patience()
    assert patience.ask("judge j", list, MANY[:RECENT]) == MANY[:RECENT]
    found = patience.ask("judge j", raising(ValueError("no"), lambda item: item >= 16), MANY[:64])
    assert found[:16] == MANY[:16]
    # the last straw is asked again as well
    assert [type(a) for a in found[16:]] == [Failed] * 25 + [Unasked] * 23
    with pytest.raises(Unanswered, match="failed at 26 of its last 50"):
        patience.ask("judge j", list, [0])


def test_a_role_that_was_asked_nothing_is_in_good_standing():
    Standing("judge j").settle()
    Standing("judge j").check()


@pytest.mark.parametrize(("seconds", "text"), [(0.2, "1 s"), (40, "40 s"), (540, "9 min"), (7500, "2 h 5 min")])
def test_times_are_said_roughly(seconds, text):
    assert roughly(seconds) == text


def test_long_waits_are_told():
    told, waits = [], []
    patience = Patience(waits.append)
    patience.tell = told.append
    asked(patience, raising(Transient("busy")), [1])
    assert len(waits) == 4 and len(told) == 1, "the fourth comes after ten seconds"
    assert told[0].startswith("waiting ") and told[0].endswith("without an answer: busy")
    told.clear()
    other = Patience(waits.append)
    other.tell = told.append
    asked(other, raising(Transient("busy", 90.0)), [1])
    assert len(told) == 4 and "for the judge j: busy" in told[0] and "min without an answer: busy" in told[-1]
