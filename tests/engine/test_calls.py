"""Calls in threads of their own: limits, exceptions, and what is asked to stop meanwhile."""

import signal
import threading
import time

import numpy as np
import pytest

from bugscope.core.errors import Interrupted
from bugscope.engine.calls import Calls, Overdue, Stopped
from support.engines import SAMPLES, engine_of


@pytest.fixture
def calls():
    made = Calls(60)
    yield made
    made.abandon()


def test_each_role_has_one_thread_and_the_settings_of_whoever_asks(calls):
    def here():
        return threading.current_thread(), np.geterr()["divide"]

    with np.errstate(divide="raise"):
        first = calls("target", "target t", here)
    assert first[1] == "raise" and first[0] is not threading.current_thread()
    assert calls("target", "target t", here)[0] is first[0] is not calls("judge", "judge j", here)[0]
    assert Calls(None)("target", "target t", here)[0] is threading.current_thread()


@pytest.mark.parametrize("error", [ValueError("x"), TimeoutError("x"), SystemExit(0), KeyboardInterrupt()])
def test_what_a_model_raises_is_raised(calls, error):
    def call():
        raise error

    with pytest.raises(type(error)) as raised:
        calls("target", "target t", call)
    assert raised.value is error and calls.stopped is None


def test_a_call_that_takes_too_long_is_left_behind(calls):
    calls.most, go = 0.05, threading.Event()
    before = Calls.left_behind
    with pytest.raises(Overdue):
        calls("target", "target t", lambda: go.wait(60))
    assert Calls.left_behind == before + 1
    go.set()


def test_abandoning_ends_every_wait(calls):
    began, go, found = threading.Event(), threading.Event(), []

    def wait():
        try:
            calls("generator", "generator g", lambda: began.set() or go.wait(60))
        except Stopped as stopped:
            found.append(stopped)

    waiting = threading.Thread(target=wait)
    waiting.start()
    assert began.wait(30)
    calls.abandon()
    waiting.join(30)
    assert found
    with pytest.raises(Stopped):
        calls("generator", "generator g", lambda: 1)
    go.set()


@pytest.fixture
def interrupting():
    """SIGALRM in the place of a key: call what it gives to press it."""

    def with_error(error):
        def handler(number, frame):
            raise error

        signal.signal(signal.SIGALRM, handler)
        return lambda: signal.pthread_kill(threading.main_thread().ident, signal.SIGALRM)

    before = signal.getsignal(signal.SIGALRM)
    yield with_error
    signal.signal(signal.SIGALRM, before)


@pytest.mark.skipif(not hasattr(signal, "pthread_kill"), reason="signals as on Unix")
def test_an_answer_that_is_under_way_is_kept_before_a_run_stops(tmp_path, interrupting):
    stop = KeyboardInterrupt()
    press = interrupting(stop)

    def slow(images):
        press()
        time.sleep(0.2)
        return np.tile([0.9, 0.1], (len(images), 1))

    engine = engine_of(tmp_path / "r", target=slow)
    with pytest.raises(KeyboardInterrupt) as raised:
        engine.measure(SAMPLES)
    assert raised.value is stop
    assert len(engine.store.get("target", "test/target", [s.key for s in SAMPLES])) == 4
    engine.close()


@pytest.mark.skipif(not hasattr(signal, "pthread_kill"), reason="signals as on Unix")
def test_what_hangs_is_given_up_once_the_grace_is_over(calls, interrupting):
    go = threading.Event()
    press = interrupting(Interrupted(grace=0.1))
    told = []
    calls.tell = told.append
    with pytest.raises(Interrupted):
        calls("target", "target t", lambda: press() or go.wait(60))
    assert told == ["stopping as soon as the target t has answered what it was asked; Ctrl-C once more stops at once"]
    with pytest.raises(Interrupted):
        calls("judge", "judge j", lambda: 1)
    go.set()
