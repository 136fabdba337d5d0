"""Models in this process."""

import threading

import pytest

from bugscope.engine.local import Local
from bugscope.engine.models import Models
from bugscope.testing import World


@pytest.fixture
def local():
    made = Local()
    made.start(Models(**World().roles()))
    yield made
    made.close()


def here(model):
    return [(model.id, threading.current_thread())]


def test_pictures_are_drawn_in_the_background_and_all_else_is_answered_at_once(local):
    (drawn, background), mine = local.ask("generator", here).result()[0], threading.current_thread()
    assert drawn == "world/generator" and background is not mine
    assert local.ask("generator", here).result() == [(drawn, background)], "one thread, in order"
    for role in ("judge", "target", "captioner"):
        answer = local.ask(role, here)
        assert answer.done() and answer.result() == [(f"world/{role}", mine)]
    assert [local.width(role) for role in ("generator", "judge", "target")] == [2, 1, 1]


def test_an_exception_of_the_generator_waits_for_who_asks_for_the_result(local):
    answer = local.ask("generator", lambda model: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        answer.result()
    with pytest.raises(ZeroDivisionError):
        local.ask("judge", lambda model: 1 / 0)


def test_closing_waits_for_what_is_under_way(local):
    go, done = threading.Event(), []

    def slow(model):
        assert go.wait(30)
        done.append(1)
        return []

    local.ask("generator", slow)
    threading.Timer(0.05, go.set).start()
    local.close()
    assert done == [1]
    local.close()
